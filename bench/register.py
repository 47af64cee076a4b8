"""The first page of the register of a large journal: as it is, and with every filter.

Server time of one page with its references, the median of nine; entries are those of a year's
business with words, amounts and dates at random.
"""

import random
import time
from collections.abc import Iterator
from datetime import date, timedelta

from bench import books
from bench.report import Report
from daybook.app.ledger import Books, Context, Streamed
from daybook.domain.commands import Command, CreateEntry, EntryContent, LineDraft
from daybook.domain.ids import ById
from daybook.domain.model import Side, Status
from daybook.domain.query import (
    ALWAYS,
    And,
    AnyLine,
    Compare,
    Field,
    Filter,
    Keyset,
    Like,
    Op,
    Or,
    Query,
    Sort,
)

ENTRIES = 1_000_000
PAGE = 50
NEWEST = (Sort(Field.POSTING_DATE, True),)
LIVE = Compare(Field.DELETED, Op.EQ, False)


def commands(count: int, choices: list[int], words: list[str], seed: int) -> Iterator[Command]:
    """Two-line entries; one in ten thousand waits to be approved."""
    chance = random.Random(seed)
    start = date(2023, 1, 1)
    refs = [ById(choice) for choice in choices]
    for number in range(seed, seed + count):
        amount = chance.randrange(1, 10_000_000)
        said = f"{chance.choice(words)} {chance.choice(words)}"
        drafts = (
            LineDraft(Side.DEBIT, amount, chance.choice(refs), description=said),
            LineDraft(Side.CREDIT, amount, chance.choice(refs), description="Bank transfer"),
        )
        day = start + timedelta(days=chance.randrange(1_000))
        status = Status.PENDING if number % 10_000 == 7 else Status.POSTED
        content = EntryContent(drafts, day, f"REG-{number}", f"Invoice {said}")
        yield CreateEntry(content, status=status)


def vocabulary() -> list[str]:
    """Five thousand words of four to nine letters."""
    chance = random.Random(3)
    letters = "abcdefghijklmnopqrstuvwxyz"
    return ["".join(chance.choices(letters, k=chance.randrange(4, 10))) for _ in range(5_000)]


def contains(text: str) -> Filter:
    """What the register's search box asks for."""
    fields = (Field.MEMO, Field.DOC_NUMBER, Field.LINE_DESCRIPTION)
    ways: list[Filter] = [Like(field, ("", text, "")) for field in fields]
    if text.isdigit():
        ways.append(Compare(Field.ID, Op.EQ, int(text)))
    return Or(tuple(ways))


def filters(words: list[str], account: int) -> Iterator[tuple[str, Filter]]:
    """Every filter of the register, those that find much and those that find little."""
    yield "no filter", ALWAYS
    month = (date(2024, 3, 1), date(2024, 3, 31))
    bounds = (Compare(Field.POSTING_DATE, op, day) for op, day in zip((Op.GE, Op.LE), month))  # noqa: B905
    yield "a month", And(tuple(bounds))
    yield "an account", Compare(Field.LINE_ACCOUNT, Op.EQ, account)
    yield "a contact without entries", Compare(Field.LINE_CONTACT, Op.EQ, 9)
    yield "waiting entries", Compare(Field.STATUS, Op.EQ, Status.PENDING.value)
    yield "an amount", Compare(Field.LINE_AMOUNT, Op.EQ, 123_456)
    between = (Compare(Field.LINE_AMOUNT, Op.GE, 5_000), Compare(Field.LINE_AMOUNT, Op.LE, 9_000))
    yield "amounts between", AnyLine(And(between))
    yield "text that all entries have", contains("invoice")
    yield "text of 400 entries", contains(words[7])
    yield "text of one entry", contains("REG-734512")
    yield "a number that is part of others", contains("734512")
    yield "text of no entry, of common parts", contains("invoice bank transfer")
    yield "text of two letters", contains("zq")
    yield "text and account", And((contains(words[9]), Compare(Field.LINE_ACCOUNT, Op.EQ, account)))


def fill(opened: Books, words: list[str]) -> None:
    """A million entries, and the index behind the search."""
    choices = books.accounts(opened)
    for first in range(0, ENTRIES, 10_000):
        streamed = opened.execute_stream(
            lambda first=first: commands(10_000, choices, words, first),  # type: ignore[misc]
            Context(books.ACTOR),
        )
        assert isinstance(streamed, Streamed), streamed
        assert not streamed.refused, streamed.refused[:3]


def run(report: Report) -> None:
    """One store; each filter by itself."""
    opened, words = books.demo_books(books.new_store("register.db")), vocabulary()
    fill(opened, words)
    report.add(
        "search index filled after the import in", f"{books.wait_until_searchable(opened):.0f} s"
    )
    for what, item in filters(words, books.accounts(opened)[3]):
        times = []
        for _ in range(9):
            started = time.perf_counter()
            with opened.read() as reader:
                found = reader.entries(Query(And((LIVE, item)), NEWEST, Keyset(PAGE)))
            times.append(time.perf_counter() - started)
        took = sorted(times)[4]
        report.add(f"register, {what}", f"{took * 1e3:.1f} ms", f"{len(found)} entries shown")
    opened.ledger.store.close()
