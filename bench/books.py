"""Books of a given size, made through the ledger with every rule on, kept for the whole run."""

import random
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

from bench.servers import REALM
from daybook.app.access import OPERATOR
from daybook.app.ledger import Books, Context, Ledger, Streamed
from daybook.app.seed import seed_demo
from daybook.domain.commands import Command, CreateEntry, EntryContent, LineDraft
from daybook.domain.events import ACCOUNT, Actor
from daybook.domain.ids import ById
from daybook.domain.model import Account, AccountKind, Side
from daybook.domain.query import Keyset, Query
from daybook.storage import open_store

DAYS = 730
ACTOR = Actor("bench", "bench")
_FOLDER = tempfile.TemporaryDirectory(prefix="daybook-bench-", dir=".")


def new_store(name: str) -> str:
    """The address of a store that does not exist yet, on the disk the benchmark runs on."""
    return f"sqlite:///{Path(_FOLDER.name).resolve().relative_to(Path.cwd()) / name}"


def demo_books(url: str) -> Books:
    """The demo company's books in a store, seeded if the store is new."""
    ledger = Ledger(open_store(url))
    if not ledger.store.directory.company_ids():
        seed_demo(ledger)
    company_id = ledger.store.directory.by_realm(REALM)
    assert company_id is not None
    books = ledger.books(company_id, OPERATOR)
    assert books is not None
    return books


def accounts(books: Books) -> list[int]:
    """Accounts that take any line."""
    with books.read() as reader:
        found = reader.references(ACCOUNT, Query(page=Keyset(1_000)))
    plain = (AccountKind.EXPENSE, AccountKind.INCOME, AccountKind.BANK, AccountKind.FIXED_ASSET)
    return [each.id for each in found if isinstance(each, Account) and each.kind in plain]


def commands(count: int, lines: int, choices: list[int], seed: int = 7) -> Iterator[Command]:
    """Entries of `lines` lines on random accounts and days, balanced two by two."""
    chance = random.Random(seed)
    start = date(2024, 1, 1)
    refs = [ById(choice) for choice in choices]
    for number in range(count):
        drafts: list[LineDraft] = []
        for _ in range(lines // 2):
            amount = chance.randrange(1, 1_000_000)
            debit, credit = chance.choice(refs), chance.choice(refs)
            drafts.append(LineDraft(Side.DEBIT, amount, debit, description="Debit side"))
            drafts.append(LineDraft(Side.CREDIT, amount, credit, description="Credit side"))
        day = start + timedelta(days=chance.randrange(DAYS))
        yield CreateEntry(EntryContent(tuple(drafts), day, f"B-{number}", "made for a benchmark"))


def fill(books: Books, count: int, lines: int = 4) -> float:
    """Add entries in transactions of 10,000; answers how many a second."""
    choices = accounts(books)
    started = time.perf_counter()
    for first in range(0, count, 10_000):
        size = min(10_000, count - first)
        streamed = books.execute_stream(
            lambda first=first, size=size: commands(size, lines, choices, seed=first),  # type: ignore[misc]
            Context(ACTOR),
        )
        assert isinstance(streamed, Streamed), streamed
        assert not streamed.refused, streamed.refused[:3]
    return count / (time.perf_counter() - started)


def wait_until_searchable(opened: Books) -> float:
    """Seconds until the index behind the search has all entries: it follows the writer."""
    from daybook.storage.sqlite import search

    started = time.perf_counter()
    while True:
        with opened.ledger.store.snapshot() as connection:  # type: ignore[attr-defined]
            if not search.behind(connection):
                return time.perf_counter() - started
        time.sleep(0.2)
