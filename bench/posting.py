"""Durable entries a second through POST, beside the floor, at 1, 32 and 128 connections.

With one server process, as it is by default, and with two.
"""

import itertools
import os
import random
import tempfile
from collections.abc import Iterator
from pathlib import Path

import msgspec

from bench import books, load, servers
from bench.report import Report

SECONDS = 5.0


def requests(choices: list[int]) -> Iterator[bytes]:
    """Two-line entries on random accounts, each with an idempotency key of its own."""
    chance, run = random.Random(os.urandom(8)), os.urandom(4).hex()
    for number in itertools.count():
        amount = round(chance.randrange(1, 10**6) / 100, 2)
        lines = [
            {
                "Description": f"line {number}",
                "Amount": amount,
                "DetailType": "JournalEntryLineDetail",
                "JournalEntryLineDetail": {
                    "PostingType": side,
                    "AccountRef": {"value": str(chance.choice(choices))},
                },
            }
            for side in ("Debit", "Credit")
        ]
        day = f"2025-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}"
        body = {"TxnDate": day, "DocNumber": f"{run}{number}", "Line": lines}
        target = f"/v3/company/{servers.REALM}/journalentry?requestid={run}{number}&minorversion=75"
        yield load.request("POST", target, msgspec.json.encode(body))


def run(report: Report) -> None:
    """Both servers at each number of connections, one after the other."""
    for workers in (1, 2):
        store = books.new_store(f"posting-{workers}.db")
        opened = books.demo_books(store)
        choices = books.accounts(opened)
        opened.ledger.store.close()
        with (
            tempfile.TemporaryDirectory(dir=".") as folder,
            servers.floor(Path(folder) / "floor.db") as floor,
            servers.daybook(store, more=("--workers", str(workers))) as ours,
        ):
            _post(report, choices, floor, ours, workers)


def _post(
    report: Report,
    choices: list[int],
    floor: servers.Server,
    ours: servers.Server,
    workers: int,
) -> None:
    for connections in (1, 32, 128):
        least, posted = (
            load.run(
                server.port, lambda: requests(choices), connections, SECONDS, server.cpu_seconds
            )
            for server in (floor, ours)
        )
        report.add(
            f"durable entries posted, {connections} connections, {workers} processes",
            str(posted),
            f"{posted.rate / least.rate:.2f} of the floor's {least}",
        )
    report.add(f"memory after posting, {workers} processes", f"{ours.memory_mib():.0f} MiB")
