"""The server as a process: starting, refusing to start, and stopping in good order."""

import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
import requests
from tests.support.server import ROOT, RunningServer, command, exchange, start, variables

GET = b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def failed(folder: Path, *arguments: str, **settings: str) -> tuple[int, str]:
    """Exit code and standard error of a server that does not start."""
    done = subprocess.run(
        command("serve", "--sql", "off", *arguments),
        cwd=folder,
        env=variables(**settings),
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stdout == ""
    return done.returncode, done.stderr


def test_a_demo_server_says_where_it_answers_and_with_what(server: RunningServer) -> None:
    assert requests.get(server.url + "/readyz", timeout=20).status_code == 200
    assert requests.get(server.url + "/healthz", timeout=20).status_code == 200
    assert f"{server.url}/v3/company/9130355202028466" in server.greeting
    assert "Bearer demo2" in server.greeting
    for path in ("/app", "/.well-known/openid_configuration", "/admin/v1"):
        assert f" {server.url}{path} " in server.greeting
    assert re.search(r"Daybook Demo Ltd +[1-9][0-9]+ entries; the credential", server.greeting)
    assert "Not in this version: " not in server.greeting, "all are here"
    assert "SQL" not in server.greeting, "it is off here"


def test_the_greeting_says_where_sql_answers(tmp_path: Path) -> None:
    running = start(tmp_path, "--sql", "127.0.0.1:0", store="memory://")
    found = re.search(r"postgresql://demo2:demo2@127.0.0.1:([0-9]+)/demo2", running.greeting)
    assert found is not None
    with socket.create_connection(("127.0.0.1", int(found[1])), timeout=10):
        pass
    assert running.stop() == 0


def test_every_path_of_the_greeting_answers(server: RunningServer) -> None:
    found = re.findall(r"http://\S+", server.greeting)
    assert len(found) >= 3
    for address in found:
        assert requests.get(address, timeout=20).status_code < 500
    for path in ("/", "/metrics"):
        assert requests.get(server.url + path, timeout=20).status_code == 200


def test_it_is_ready_soon(tmp_path: Path) -> None:
    """Well under a second on a machine at rest, with its demo books to be filled; 10 in a crowd."""
    began = time.monotonic()
    running = start(tmp_path)
    assert time.monotonic() - began < 10
    assert running.stop() == 0
    log = running.log.read_text()
    assert "Traceback" not in log


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_a_signal_stops_it_with_code_0(tmp_path: Path, number: signal.Signals) -> None:
    running = start(tmp_path, store="memory://")
    with socket.create_connection((running.host, running.port), timeout=10) as idle:
        running.process.send_signal(number)
        assert idle.recv(100) == b"", "an idle connection is closed"
        assert running.process.wait(timeout=10) == 0
    running.stop()


def test_books_are_there_again_after_a_restart(tmp_path: Path) -> None:
    assert start(tmp_path).stop() == 0
    running = start(tmp_path)
    path = b"/v3/company/9130355202028466"
    assert exchange(running.host, running.port, GET % path).status in (400, 401)
    assert running.stop() == 0
    files = {path.name for path in tmp_path.iterdir()}
    assert "books.db-wal" not in files, "closing brings the journal into the file"


def test_a_drain_delay_lets_load_balancers_see_it(tmp_path: Path) -> None:
    running = start(tmp_path, "--drain-delay", "1.5", store="memory://")
    running.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert exchange(running.host, running.port, GET % b"/readyz").status == 503
    assert exchange(running.host, running.port, GET % b"/healthz").status == 200
    assert running.process.wait(timeout=10) == 0
    running.stop()


def test_a_second_signal_ends_the_delay(tmp_path: Path) -> None:
    running = start(tmp_path, "--drain-delay", "60", store="memory://")
    running.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(timeout=10) == 0
    running.stop()


def test_a_taken_port_is_one_clear_line(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        code, error = failed(tmp_path, "--http", address, "--store", "memory://")
    assert code == 1
    assert error == f"daybook: cannot listen on {address}: Address already in use\n"


def test_an_unknown_host_is_one_clear_line(tmp_path: Path) -> None:
    code, error = failed(tmp_path, "--http", "no-such-host.invalid:80", "--store", "memory://")
    assert code == 1
    assert error.startswith("daybook: cannot listen on no-such-host.invalid:80")
    assert error.count("\n") == 1


def test_a_second_server_on_the_same_books_is_refused(fresh_server: RunningServer) -> None:
    folder = fresh_server.log.parent
    code, error = failed(folder, "--store", fresh_server.store, "--http", "127.0.0.1:0")
    assert code == 1
    assert error.startswith("daybook: ")
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("--http", "nonsense"),
        ("--workers", "65"),
        ("--demo", "--http", "0.0.0.0:0"),
        ("--no-such-flag",),
    ],
)
def test_wrong_usage_is_code_2(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    code, error = failed(tmp_path, *arguments)
    assert code == 2
    assert error.count("Traceback") == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("store", ["nonsense", "oracle://x", "sqlite:////dev/null/books.db"])
def test_a_store_that_cannot_be_opened_is_code_1(tmp_path: Path, store: str) -> None:
    code, error = failed(tmp_path, "--store", store, "--http", "127.0.0.1:0")
    assert code == 1
    assert error.startswith("daybook: ")
    assert error.count("\n") == 1


def test_a_key_file_without_a_key_is_code_1(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("nonsense")
    code, error = failed(
        tmp_path, "--store", "memory://", "--http", "127.0.0.1:0", "--secret-file", "key"
    )
    assert code == 1
    assert "Traceback" not in error


def test_other_books_are_not_turned_into_a_demo(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'books.db'}"
    for words in (["init"], ["company", "create", "--slug", "mine", "--currency", "EUR", "Mine"]):
        subprocess.run(
            command(*words, "--store", store),
            env=variables(),
            capture_output=True,
            timeout=30,
            check=True,
        )
    code, error = failed(tmp_path, "--demo", "--store", store, "--http", "127.0.0.1:0")
    assert code == 1
    assert "not the demo's" in error


def test_credentials_of_the_demo_are_unknown_without_the_switch(tmp_path: Path) -> None:
    running = start(tmp_path)
    assert running.stop() == 0
    plain = start(tmp_path, "--no-demo", store=running.store)
    url = f"{plain.url}/v3/company/{plain.realm}/companyinfo/{plain.realm}"
    headers = {"authorization": "Bearer demo", "accept": "application/json"}
    assert requests.get(url, headers=headers, timeout=20).status_code == 401
    form = {"grant_type": "refresh_token", "refresh_token": "demo"}
    answer = requests.post(
        f"{plain.url}/oauth2/v1/tokens/bearer", data=form, auth=("demo", "demo"), timeout=20
    )
    assert answer.status_code == 401
    assert plain.stop() == 0


FOREIGN = """
from daybook.protocols.kit.plugin import Limits, Operation, Response

class Foreign:
    name, prefixes, limits = "foreign", ("/foreign",), Limits(10)
    operations = (Operation("show", "GET", "/foreign", None),)
    def __init__(self, services):
        self.companies = services.ledger.store.directory.company_ids()
    def handle(self, request):
        return Response(200, b"%d companies" % len(self.companies))
    def refuse(self, request, problem):
        return Response(400, problem.value.encode())
    def operation(self, request):
        return "show"

create = Foreign
"""


def test_a_wire_of_another_package_is_found_and_mounted(tmp_path: Path) -> None:
    packages = tmp_path / "packages"
    described = packages / "foreign_wire-1.0.dist-info"
    described.mkdir(parents=True)
    (packages / "foreign_wire.py").write_text(FOREIGN)
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: foreign-wire\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text("[daybook.protocols]\nforeign = foreign_wire\n")
    path = f"{ROOT / 'src'}:{packages}"
    running = start(tmp_path, store="memory://", PYTHONPATH=path)
    assert exchange(running.host, running.port, GET % b"/foreign").body == b"2 companies"
    assert "foreign" in running.greeting
    assert running.stop() == 0


def test_a_store_that_was_not_there_is_made_and_told(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path / 'boks.db'}"
    running = start(tmp_path, "--no-demo", store=store)
    assert f"--currency CODE --store {store}" in running.greeting
    assert running.stop() == 0
    assert f"made a new, empty store at {store}" in running.log.read_text()
    running.log.write_text("")
    assert start(tmp_path, "--no-demo", store=store).stop() == 0
    assert "made a new" not in running.log.read_text()


def test_what_a_store_is_not_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "journal.csv").write_text("Journal No.,Date\n" * 100)
    code, error = failed(tmp_path, "--store", "sqlite:///journal.csv", "--http", "127.0.0.1:0")
    assert (code, error) == (1, "daybook: journal.csv is not a SQLite database\n")
