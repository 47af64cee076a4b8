"""The requests of the guide, sent as they stand there, one after the other."""

import json
import re
import shlex
from pathlib import Path

from tests.support.server import RawResponse, RunningServer

from daybook.app.access import OPERATOR
from daybook.app.ledger import Committed, Context, Ledger
from daybook.domain.commands import MoveEntry
from daybook.domain.events import Actor
from daybook.domain.ids import EntryId
from daybook.domain.model import Status
from daybook.storage import open_store

GUIDE = Path(__file__).parents[3] / "docs/guides/modulus.md"


def commands() -> list[list[str]]:
    blocks = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(), flags=re.DOTALL)
    words = [word for block in blocks for word in shlex.split(block, comments=True)]
    starts = [at for at, word in enumerate(words) if word == "curl"]
    return [words[start:end] for start, end in zip(starts, [*starts[1:], len(words)], strict=True)]


def send(server: RunningServer, command: list[str]) -> RawResponse:
    """What curl sends for a command line with the few options the guide uses."""
    headers, data, method, target = [], [], "", ""
    words = iter(command[1:])
    for word in words:
        if word == "-H":
            headers.append(next(words))
        elif word == "-d":
            data.append(next(words))
        elif word == "-X":
            method = next(words)
        elif word.startswith("http://127.0.0.1:8080"):
            target = word.removeprefix("http://127.0.0.1:8080")
    body = "&".join(data).encode()
    method = method or ("POST" if body else "GET")
    if body:
        headers.append(f"Content-Length: {len(body)}")
        if not any(header.startswith("Content-Type") for header in headers):
            headers.append("Content-Type: application/x-www-form-urlencoded")
    head = "\r\n".join([f"{method} {target} HTTP/1.1", "Host: 127.0.0.1:8080", *headers, "", ""])
    return server.exchange(head.encode() + body)


def approve(store_url: str, number: int) -> None:
    """What the guide does at the command line."""
    store = open_store(store_url)
    company_id = store.directory.by_slug("demo")
    assert company_id is not None
    books = Ledger(store).books(company_id, OPERATOR)
    assert books is not None
    command = MoveEntry(EntryId(number), None, Status.POSTED)
    outcome = books.execute(command, Context(Actor("operator", "cli", "ada")))
    store.close()
    assert isinstance(outcome, Committed)


def test_the_guide_from_top_to_bottom(fresh_server: RunningServer) -> None:
    token, create, quickbooks, update, get, delete = commands()
    assert len(json.loads(send(fresh_server, token).body)["object"]["token"]) == 32
    made = json.loads(send(fresh_server, create).body)
    assert made["object"]["created_journal_id"] == 90935
    assert json.loads(send(fresh_server, create).body)["object"] == {"error_code": 1228}
    assert b"Object Not Found" in send(fresh_server, quickbooks).body
    assert send(fresh_server, update).status == 200
    shown = json.loads(send(fresh_server, get).body)["object"]
    assert (shown["status"], shown["reference_number"]) == ("pending", "RENT-1")
    assert send(fresh_server, delete).status == 200
    approve(fresh_server.store, 90935)
    posted = send(fresh_server, quickbooks)
    assert json.loads(posted.body)["JournalEntry"]["DocNumber"] == "RENT-1"
    assert json.loads(send(fresh_server, update).body)["object"] == {"error_code": 1229}
