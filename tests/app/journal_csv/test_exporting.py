"""What an export writes, an import reads back as it was."""

import csv
import io
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.shop import ACTOR, carry_out, credit, debit, post, shop

from daybook.app.journal_csv import (
    ExportOptions,
    ImportOptions,
    Source,
    export_journal,
    import_journal,
    selection,
)
from daybook.app.journal_csv.exporting import COLUMNS
from daybook.app.journal_csv.limits import EXPORT_PAGE_ENTRIES
from daybook.app.ledger import Books
from daybook.domain.commands import (
    CreateEntry,
    DeleteEntry,
    EntryContent,
    LineDraft,
    NoteDraft,
)
from daybook.domain.ids import ByName, EntryId, Timestamp
from daybook.domain.model import (
    CLASS,
    DEPARTMENT,
    PROJECT,
    TRACKING_PREFIX,
    JournalEntry,
    Side,
    Status,
)
from daybook.domain.query import Query


def export(books: Books, options: ExportOptions | None = None) -> str:
    out = io.StringIO(newline="")
    with books.read() as reader:
        export_journal(reader, out, options or ExportOptions())
    return out.getvalue()


def take(books: Books, text: str, status: Status = Status.POSTED) -> None:
    data = text.encode()
    source = Source(lambda: io.BytesIO(data), len(data))
    report = import_journal(books, source, ImportOptions(status=status), ACTOR)
    assert report.faults == ()


def said(books: Books) -> list[JournalEntry]:
    """The entries without what a file cannot say: numbers and times."""
    with books.read() as reader:
        found = reader.entries(Query())
    found.sort(key=lambda entry: (entry.posting_date, entry.id))
    return [
        replace(entry, id=EntryId(at), created_at=Timestamp(0), modified_at=Timestamp(0))
        for at, entry in enumerate(found)
    ]


# What no import keeps: a carriage return inside UTF-8 text is kept, a lone surrogate is none.
texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=20
)
numbers = texts.filter(lambda text: bool(text) and text == text.strip())
tags = st.sampled_from(
    [
        (),
        ((CLASS, ByName("Retail")),),
        (
            (CLASS, ByName("Trade")),
            (DEPARTMENT, ByName("Leeds")),
            (PROJECT, ByName("Bridge")),
            (TRACKING_PREFIX + "Region", ByName("North; East")),
            (TRACKING_PREFIX + "a=b", ByName("x\\y")),
        ),
    ]
)


@st.composite
def entry_contents(draw: st.DrawFn) -> EntryContent:
    currency = draw(st.sampled_from([None, "GBP", "JPY", "KWD"]))
    foreign = currency not in (None, "GBP")
    accounts = ["Sales", "Rent", "Costs:Other"] if foreign else ["Bank", "Sales", "Costs:Rent"]
    lines: list[LineDraft | NoteDraft] = []
    balance = 0
    for _ in range(draw(st.integers(1, 4))):
        side = draw(st.sampled_from(Side))
        amount = draw(st.integers(0, 10**10))
        balance += amount if side is Side.DEBIT else -amount
        account = ByName(draw(st.sampled_from(accounts)))
        description = draw(st.none() | texts)
        lines.append(LineDraft(side, amount, account, None, None, draw(tags), description))
    side = Side.CREDIT if balance >= 0 else Side.DEBIT
    account = ByName("Creditors") if not foreign else ByName("Sales")
    contact = None if foreign else ByName("Vera")
    lines.append(LineDraft(side, abs(balance), account, contact))
    for description in draw(st.lists(texts, max_size=2)):
        lines.insert(draw(st.integers(0, len(lines))), NoteDraft(description))
    return EntryContent(
        tuple(lines),
        draw(st.dates(date(2020, 1, 1), date(2030, 12, 31))),
        draw(st.none() | numbers),
        draw(st.none() | texts),
        currency,
        Decimal(draw(st.integers(1, 10**5))).scaleb(-4) if foreign else None,
        None,
        draw(st.booleans()),
    )


@given(st.lists(entry_contents(), max_size=6))
def test_an_import_reads_an_export_back(contents: list[EntryContent]) -> None:
    first, second = shop(), shop()
    if contents:
        carry_out(first, [CreateEntry(content) for content in contents])
    text = export(first)
    take(second, text)
    assert said(first) == said(second)
    assert _without_entry(export(second)) == _without_entry(text)


def _without_entry(text: str) -> list[list[str]]:
    return [row[1:] for row in csv.reader(io.StringIO(text, newline=""))]


def test_what_is_written() -> None:
    books = shop()
    post(books, debit("Costs:Rent", 123450), credit("Bank", 123450), number="A-1")
    assert export(books).splitlines() == [
        ",".join(column.value for column in COLUMNS),
        "1,A-1,2026-03-14,,Costs:Rent,1234.50,,,,,,,,GBP,,",
        "1,A-1,2026-03-14,,Bank,,1234.50,,,,,,,GBP,,",
    ]


def test_only_what_was_asked_for_is_written() -> None:
    books = shop()
    lines = (debit("Costs:Rent", 100), credit("Bank", 100))
    for day in (1, 2, 3, 4):
        post(books, *lines, day=date(2026, 1, day), number=str(day))
    post(books, *lines, day=date(2026, 1, 2), number="pending", status=Status.PENDING)
    gone = post(books, *lines, day=date(2026, 1, 2), number="gone")
    carry_out(books, [DeleteEntry(gone.id, None)])

    def numbers_of(options: ExportOptions) -> list[str]:
        rows = csv.DictReader(io.StringIO(export(books, options), newline=""))
        return sorted({row["Journal No."] for row in rows})

    assert numbers_of(ExportOptions()) == ["1", "2", "3", "4"]
    assert numbers_of(ExportOptions(date(2026, 1, 2), date(2026, 1, 3))) == ["2", "3"]
    assert numbers_of(ExportOptions(status=Status.PENDING)) == ["pending"]


@pytest.mark.parametrize(
    "count", [EXPORT_PAGE_ENTRIES - 1, EXPORT_PAGE_ENTRIES, 2 * EXPORT_PAGE_ENTRIES]
)
def test_every_entry_is_written_once(count: int) -> None:
    books = shop()
    content = EntryContent((debit("Costs:Rent", 1), credit("Bank", 1)), date(2026, 1, 1))
    carry_out(
        books,
        [
            CreateEntry(replace(content, posting_date=date(2026, 1, 1 + at % 7)))
            for at in range(count)
        ],
    )
    seen: list[int] = []
    out = io.StringIO(newline="")
    with books.read() as reader:
        assert reader.count_entries(selection(ExportOptions())) == count
        assert export_journal(reader, out, ExportOptions(), seen.append) == count
    rows = list(csv.DictReader(io.StringIO(out.getvalue(), newline="")))
    assert len(rows) == 2 * count
    assert len({row["Entry"] for row in rows}) == count
    days = [row["Journal Date"] for row in rows]
    assert days == sorted(days)
    assert seen[-1] == count
