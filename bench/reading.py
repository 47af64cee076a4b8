"""Reads of one entry, and pages of a query, with 100,000 entries of four lines stored."""

import itertools
import tempfile
import urllib.parse
from pathlib import Path

from bench import books, load, servers
from bench.report import Report
from daybook.domain.query import Field, Offset, Query, Sort

ENTRIES = 100_000
SECONDS = 5.0


def run(report: Report) -> None:
    """Reads by id beside a bare ASGI answer of the same size; pages of 100 and 1,000."""
    store = books.new_store("reading.db")
    opened = books.demo_books(store)
    with opened.read() as reader:
        first = reader.entries(Query(sort=(Sort(Field.ID, True),), page=Offset(0, 1)))[0].id + 1
    rate = books.fill(opened, ENTRIES)
    report.add("entries of four lines made through the ledger", f"{rate:,.0f}/s")
    books.wait_until_searchable(opened)  # or the reads would be measured beside its filling
    opened.ledger.store.close()
    company = f"/v3/company/{servers.REALM}"
    with (
        tempfile.TemporaryDirectory(dir=".") as folder,
        servers.floor(Path(folder) / "floor.db") as floor,
        servers.daybook(store) as ours,
    ):
        _read_by_id(report, floor, ours, first, 1)
        for rows in (100, 1_000):
            statement = (
                f"select * from JournalEntry where TxnDate >= '2024-06-01' "
                f"startposition 1 maxresults {rows}"
            )
            target = f"{company}/query?query={urllib.parse.quote(statement)}"
            pages = load.run(
                ours.port,
                lambda target=target: itertools.repeat(load.request("GET", target)),  # type: ignore[misc]
                1,
                SECONDS,
            )
            report.add(f"query page of {rows} four-line entries", str(pages))
    with (
        tempfile.TemporaryDirectory(dir=".") as folder,
        servers.floor(Path(folder) / "floor.db") as floor,
        servers.daybook(store, more=("--workers", "2")) as ours,
    ):
        _read_by_id(report, floor, ours, first, 2)


def _read_by_id(
    report: Report, floor: servers.Server, ours: servers.Server, first: int, workers: int
) -> None:
    """Entries all over the store, one a request, beside a bare answer."""
    company = f"/v3/company/{servers.REALM}"
    ids = [first + step * 7 % ENTRIES for step in range(20_000)]
    wanted = [load.request("GET", f"{company}/journalentry/{id}") for id in ids]
    nothing = [load.request("GET", "/read")]
    bare, by_id = (
        load.run(
            server.port,
            lambda asked=asked: itertools.cycle(asked),  # type: ignore[misc]
            32,
            SECONDS,
            server.cpu_seconds,
        )
        for server, asked in ((floor, nothing), (ours, wanted))
    )
    report.add(
        f"entries read by id, {workers} processes",
        str(by_id),
        f"{by_id.rate / bare.rate:.2f} of bare {bare}",
    )
