"""The Codat list of 100 of 1,000,000 entries, and pushes over HTTP.

Lists: newest change first, and by a query of three clauses; each with the plan that SQLite chose
for its rows. The count that every list answers with is kept until the books change, so a list is
measured twice: as a client that pages sees it, and with a write in between. Pushes: accepted over
connections that wait for their answers, then completed to the last one.
"""

import itertools
import json
import sqlite3
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import quote
from urllib.request import Request, urlopen

from bench import books, load, servers
from bench.report import Report
from daybook.domain.query import Field, Query, Sort
from daybook.protocols.codat import compiling, entries
from daybook.protocols.codat.query import parse
from daybook.storage.kit.sql import ENTRIES as COLUMNS
from daybook.storage.kit.sql import SQLITE, Compiler

ENTRIES = 1_000_000
SECONDS = 5.0
COMPANY = "/companies/c0c4ef53-e70c-45d5-9af4-27aa486347d7"
PUSH = f"{COMPANY}/connections/5c9c8f2a-8c0e-4c55-9d3a-2f0f4f3c7a10/push/journalEntries"
QUERY = "postedOn>=2025-06-01&&postedOn<2025-07-01&&metadata.isDeleted!=true"
LISTS = (
    ("list of 100, newest change first", "", "-modifiedDate"),
    ("list of 100 by a query of three clauses", QUERY, "-modifiedDate"),
)
_ENTRY = {
    "postedOn": "2026-02-03T00:00:00",
    "journalLines": [
        {"netAmount": 12.5, "accountRef": {"id": "44"}},
        {"netAmount": -12.5, "accountRef": {"id": "139"}},
    ],
}


def run(report: Report) -> None:
    """Lists and their plans, then pushes."""
    store = books.new_store("codat.db")
    opened = books.demo_books(store)
    rate = books.fill(opened, ENTRIES)
    report.add(f"{ENTRIES:,} entries of four lines made through the ledger", f"{rate:,.0f}/s")
    opened.ledger.store.close()
    with servers.daybook(store) as ours:
        for name, query, order in LISTS:
            target = (
                f"{COMPANY}/data/journalEntries?page=1&pageSize=100&orderBy={order}"
                f"&query={quote(query, safe='')}"
            )
            plan = _plan(store, query, order)
            one = _request("GET", target)
            pages = load.run(ours.port, partial(itertools.repeat, one), 1, SECONDS)
            report.add(name, str(pages), plan)
            report.add(f"{name}, after a write", f"{_after_write(ours.port, target):.1f} ms")
        _pushes(report, ours.port)


def _plan(store: str, query: str, order: str) -> str:
    """What SQLite says of the statement for a page's rows."""
    item = entries.shown_here(compiling.compiled(parse(query), entries.PROPERTIES))
    sort = compiling.ordered(order, entries.PROPERTIES, (Sort(Field.ID),))
    asked = Query(item, sort)
    compiler = Compiler(SQLITE, COLUMNS)
    condition, parameters = compiler.condition(asked.filter)
    statement = (
        f"EXPLAIN QUERY PLAN SELECT e.event_seq FROM entry e WHERE e.company_id = 1 AND {condition}"
        f" ORDER BY {compiler.order(asked.sort)} LIMIT 100"
    )
    connection = sqlite3.connect(Path(store.removeprefix("sqlite:///")))
    try:
        rows = connection.execute(statement, parameters).fetchall()
    finally:
        connection.close()
    return "; ".join(str(row[3]) for row in rows)


def _request(method: str, target: str, body: bytes = b"") -> bytes:
    """A request as a Codat client sends it."""
    return load.request(method, target, body).replace(b"Bearer demo", b"Basic ZGVtbw==", 1)


def _ask(port: int, method: str, target: str, body: bytes | None = None) -> bytes:
    headers = {"Authorization": "Basic ZGVtbw==", "Content-Type": "application/json"}
    url = f"http://127.0.0.1:{port}{target}"
    with urlopen(Request(url, body, headers, method=method), timeout=60) as answer:
        found: bytes = answer.read()
        return found


def _after_write(port: int, target: str) -> float:
    """Milliseconds of a list whose count is not known: the median of five."""
    taken = []
    for _ in range(5):
        _ask(port, "POST", PUSH, json.dumps(_ENTRY).encode())
        _wait(port)
        began = time.perf_counter()
        _ask(port, "GET", target)
        taken.append((time.perf_counter() - began) * 1_000)
    return sorted(taken)[2]


def _wait(port: int) -> None:
    """Until no push is pending."""
    while json.loads(_ask(port, "GET", f"{COMPANY}/push?query=status%3DPending"))["totalResults"]:
        time.sleep(0.01)


def _pushes(report: Report, port: int) -> None:
    body = json.dumps(_ENTRY).encode()

    def requests() -> Iterator[bytes]:
        return itertools.repeat(_request("POST", PUSH, body))

    began = time.perf_counter()
    accepted = load.run(port, requests, 32, SECONDS)
    _wait(port)
    seconds = time.perf_counter() - began
    total = json.loads(_ask(port, "GET", f"{COMPANY}/push?query=status%3DSuccess"))["totalResults"]
    report.add("pushes accepted over HTTP, 32 connections", str(accepted))
    report.add("pushes accepted and completed", f"{total / seconds:,.0f}/s", f"{total:,} in all")
