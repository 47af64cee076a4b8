"""A list over GraphQL: 100 entries of four lines with the fields of the published document.

Beside graphql-core alone, strawberry and ariadne, over the same rows of the same store, in one run
(see `graphql_rivals`), end to end over HTTP with one connection.
"""

import itertools
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from bench import books, load, servers
from bench.report import Report

ENTRIES = 5_000
SECONDS = 5.0
ROUNDS = 2
"""Each way is measured so often, in turns, and its best figure counts: the machine may be busy."""

FIELDS = """
  nodes {
    id __typename metadata { entityVersion } memo referenceNumber transactionDate
    entryLines {
      entryLineType sequence description amount account { id name } billable billableAmount
      payee { ... on Customer { id displayName } ... on Vendor { id displayName } __typename }
      project { id name customer { id displayName } description }
      class { id name }
      markup { account { id name } amount percent }
      tax { taxAmount taxable taxGroup { id name code description status
        saleRates { taxRate { id name description status startDate endDate } }
        purchaseRates { taxRate { id name description status startDate endDate } } } }
    }
  }
  pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
"""
DOCUMENT = "{ company { journalEntries(first: 100, orderBy: [%s]) {" + FIELDS + "} } }"
RIVALS = ("graphql-core", "strawberry", "ariadne")


@contextmanager
def rival(way: str, store: str) -> Iterator[int]:
    """A server that answers in another way, and its port."""
    port = servers.free_port()
    command = [sys.executable, "-m", "bench.graphql_rivals", str(port), way, store]
    with servers.running(command, port, "/") as server:
        yield server.port


def run(report: Report) -> None:
    """The four ways in turns."""
    store = books.new_store("graphql.db")
    opened = books.demo_books(store)
    books.fill(opened, ENTRIES)
    opened.ledger.store.close()
    figures: dict[str, load.Load] = {}
    for _ in range(ROUNDS):
        with servers.daybook(store) as ours:
            _keep(figures, "daybook", ours.port, "/2020-04/graphql", "ID_DESC")
        for way in RIVALS:
            with rival(way, store) as port:
                order = '"ID_DESC"' if way == "strawberry" else "ID_DESC"
                _keep(figures, way, port, "/", order)
    ours_p50 = figures["daybook"].p50
    best = min(figures[way].p50 for way in RIVALS)
    report.add(
        "GraphQL list of 100 four-line entries",
        str(figures["daybook"]),
        f"{best / ours_p50:.1f} times as fast as the best of the others",
    )
    for way in RIVALS:
        report.add(f"the same by {way}", str(figures[way]), f"{figures[way].p50 / ours_p50:.1f}")


def _keep(figures: dict[str, load.Load], way: str, port: int, path: str, order: str) -> None:
    body = json.dumps({"query": DOCUMENT % order}).encode()
    request = load.request("POST", path, body)
    found = load.run(port, lambda: itertools.repeat(request), 1, SECONDS)
    assert not found.failures, found
    if way not in figures or found.p50 < figures[way].p50:
        figures[way] = found


if __name__ == "__main__":
    started = time.perf_counter()
    run(Report())
    print(f"{time.perf_counter() - started:.0f} s")
