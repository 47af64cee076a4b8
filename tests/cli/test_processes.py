"""Commands as processes of their own: beside a server, and into a pipe whose reader leaves."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.support.server import RunningServer, command, variables

Daybook = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def daybook(tmp_path: Path) -> Daybook:
    def run(*arguments: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            command(*arguments),
            input=stdin,
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env=variables(),
            timeout=60,
            check=False,
        )

    return run


def test_commands_work_beside_a_server(fresh_server: RunningServer, daybook: Daybook) -> None:
    """A token made and entries imported meanwhile are there for the server's next answer."""
    store = ("--store", fresh_server.store)
    made = daybook("token", "create", "--client", "tests", "--company", "demo", *store)
    assert made.returncode == 0, made.stderr
    token = made.stdout.strip()
    journal = "Journal No.,Date,Account,Amount\nCLI-1,2026-03-01,Meals,5\nCLI-1,,Barclays,-5\n"
    imported = daybook("import", "-", "--company", "demo", *store, stdin=journal)
    assert imported.returncode == 0, imported.stderr
    query = quote("select * from JournalEntry where DocNumber = 'CLI-1'")
    path = f"/v3/company/{fresh_server.realm}/query?query={query}"
    request = (
        f"GET {path} HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n"
        f"Authorization: Bearer {token}\r\n\r\n"
    )
    answer = fresh_server.exchange(request.encode())
    assert answer.status == 200, answer.body
    (entry,) = json.loads(answer.body)["QueryResponse"]["JournalEntry"]
    assert [line["Amount"] for line in entry["Line"]] == [5.0, 5.0]
    for check in ("verify", "doctor"):
        assert daybook(check, *store).returncode == 0
    copied = daybook("backup", "copy.db", *store)
    assert copied.returncode == 0, copied.stderr
    assert daybook("verify", "--store", "sqlite:///copy.db").returncode == 0
    refused = daybook("restore", "copy.db", "--replace", *store)
    assert refused.returncode == 1
    assert "a server runs" in refused.stderr


def test_a_reader_that_leaves_is_no_fault(daybook: Daybook, tmp_path: Path) -> None:
    daybook("init")
    daybook("company", "create", "Mill", "--currency", "GBP")
    rows = "".join(f"{at},2026-01-31,Rent,5\n{at},,Bank,-5\n" for at in range(3_000))
    taken = daybook("import", "-", stdin=f"Journal No.,Date,Account,Amount\n{rows}")
    assert taken.stdout == "3000 entries with 6000 lines imported\n"
    export = subprocess.Popen(
        command("export", "-"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=tmp_path,
        env=variables(),
    )
    assert export.stdout is not None
    assert export.stdout.readline().startswith("Entry,")
    export.stdout.close()
    assert export.stderr is not None
    assert export.stderr.read() == ""
    export.stderr.close()
    assert export.wait(timeout=60) == 1
