"""Compiled filters, orders and pages against the naive evaluation in `domain.query`.

Books of odd records are kept twice: in a SQLite store and in a list. Whatever hypothesis asks of
them, both must answer the same, in the same order. Texts are made of few characters, among them
all that SQL gives a meaning to, so that they often match.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import records
from tests.support.engines import SLOW

from daybook.app.ports import Reader
from daybook.domain.events import ACCOUNT, RATE
from daybook.domain.ids import (
    AccountId,
    ContactId,
    DimensionId,
    EntryId,
    LineId,
    Timestamp,
)
from daybook.domain.model import (
    Account,
    AccountKind,
    ExchangeRate,
    JournalEntry,
    Line,
    Origin,
    Reference,
    Side,
    Status,
)
from daybook.domain.query import (
    ALWAYS,
    ENTRY_SORTS,
    REFERENCE_SORTS,
    Always,
    And,
    AnyLine,
    Compare,
    Exact,
    Field,
    Filter,
    IsNull,
    Keyset,
    Like,
    Not,
    Offset,
    OneOf,
    Op,
    Or,
    Query,
    Sort,
    Value,
    is_line_field,
    like,
    matches,
    select,
    sort_key,
)
from daybook.storage.kit.sql import ENTRIES, REFERENCES, SQLITE, Compiler
from daybook.storage.sqlite import connection, reader
from daybook.storage.sqlite.connection import Role
from daybook.storage.sqlite.store import SqliteStore

EXAMPLES = 10_000 if SLOW else 400

LETTERS = "aAbBzZ%_*[]?!\\'\"\0 éÉß\ud7ff\ue000\U0010ffff"
"""Few, so that texts match; with every wildcard, both cases, and the edges of Unicode."""

texts = st.text(st.sampled_from(LETTERS), max_size=5)
asked_texts = texts | st.text(st.sampled_from(LETTERS + "\ud800\udfff"), max_size=3)
numbers = st.integers(-2, 12) | st.sampled_from([2**63 - 1, 2**63, -(2**63), -(2**63) - 1, 10**30])
days = st.dates(date(2026, 1, 1), date(2026, 1, 9))

INTEGER_FIELDS = {
    Field.ID,
    Field.VERSION,
    Field.CREATED_AT,
    Field.MODIFIED_AT,
    Field.TOTAL,
    Field.LINE_ACCOUNT,
    Field.LINE_CONTACT,
    Field.LINE_DIMENSION,
    Field.LINE_AMOUNT,
    Field.PARENT,
}
FLAGS = {Field.DELETED, Field.ADJUSTMENT, Field.ACTIVE}
DATES = {Field.POSTING_DATE, Field.AS_OF}
ENTRY_FIELDS = [field for field in Field if field in ENTRIES.fields]
LINE_FIELDS = [field for field in Field if is_line_field(field)]
REFERENCE_FIELDS = [field for field in Field if field in REFERENCES.fields]
AXES = st.sampled_from(["CLASS", "class", "DEPARTMENT"])


def _some_text(chance: random.Random) -> str | None:
    if chance.random() < 0.25:
        return None
    return "".join(chance.choice(LETTERS) for _ in range(chance.randrange(5)))


def _an_entry(number: int, chance: random.Random) -> JournalEntry:
    lines = []
    for at in range(chance.randrange(1, 3)):
        amount = chance.randrange(6)
        for side in Side:
            tags = {axis: DimensionId(chance.randrange(3)) for axis in ("CLASS", "DEPARTMENT")}
            kept = tuple(pair for pair in sorted(tags.items()) if chance.random() < 0.5)
            lines.append(
                Line(
                    LineId(2 * at + (side is Side.CREDIT)),
                    side,
                    amount,
                    amount,
                    AccountId(chance.randrange(1, 5)),
                    ContactId(chance.randrange(1, 3)) if chance.random() < 0.4 else None,
                    kept,
                    _some_text(chance),
                )
            )
    return JournalEntry(
        id=EntryId(number),
        posting_date=date(2026, 1, 1) + timedelta(days=chance.randrange(6)),
        currency=chance.choice(["GBP", "EUR"]),
        lines=tuple(lines),
        origin=Origin(chance.choice(["app", "App", "b%"]), "test"),
        version=chance.randrange(3),
        status=chance.choice(list(Status)),
        doc_number=_some_text(chance),
        memo=_some_text(chance),
        adjustment=chance.random() < 0.5,
        deleted_at=Timestamp(5) if chance.random() < 0.3 else None,
        created_at=Timestamp(chance.randrange(5)),
        modified_at=Timestamp(chance.randrange(5)),
    )


def _an_account(number: int, chance: random.Random) -> Account:
    name = _some_text(chance) or "a"
    return Account(
        AccountId(number),
        name,
        f"{_some_text(chance) or ''}:{name}",
        chance.choice([AccountKind.BANK, AccountKind.EXPENSE, AccountKind.RECEIVABLE]),
        _some_text(chance),
        _some_text(chance),
        _some_text(chance),
        chance.choice([None, "GBP", "eur"]),
        AccountId(chance.randrange(4)) if chance.random() < 0.5 else None,
        chance.random() < 0.7,
        chance.randrange(3),
        Timestamp(chance.randrange(3)),
        Timestamp(chance.randrange(3)),
    )


class Kept:
    """The same records in a store and in lists."""

    def __init__(self, path: Path) -> None:
        chance = random.Random(7)
        self.entries = [_an_entry(number, chance) for number in range(1, 80)]
        self.references: dict[str, list[Reference]] = {
            ACCOUNT: [_an_account(number, chance) for number in range(1, 40)],
            RATE: [
                ExchangeRate(
                    number,
                    chance.choice(["EUR", "usd"]),
                    date(2026, 1, chance.randrange(1, 9)),
                    Decimal(number),
                )
                for number in range(1, 12)
            ],
        }
        self.store = SqliteStore(path, "sqlite:///compiled")
        all_records = [*self.references[ACCOUNT], *self.references[RATE], *self.entries]
        self.company_id = records.found(
            self.store, 1, tuple(records.created(record) for record in all_records)
        )

    def read(self) -> Any:
        return self.store.read(self.company_id)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    kept = Kept(tmp_path_factory.mktemp("compiled") / "books.db")
    yield kept
    kept.store.close()


def _values(field: Field) -> st.SearchStrategy[Value]:
    if field in INTEGER_FIELDS:
        return numbers
    if field in FLAGS:
        return st.booleans() | st.integers(0, 2)
    if field in DATES:
        return days
    if field is Field.STATUS:
        return st.sampled_from(["posted", "POSTED", "pending", "x"])
    if field is Field.LINE_SIDE:
        return st.sampled_from(["D", "d", "C", "e"])
    if field is Field.KIND:
        return st.sampled_from(["bank", "Bank", "expense", "x"])
    if field is Field.CURRENCY:
        return st.sampled_from(["GBP", "gbp", "EUR", "USD", ""])
    return asked_texts


@st.composite
def leaves(draw: st.DrawFn, fields: list[Field]) -> Filter:
    """A condition on one field; now and then a value of another type, equal to nothing."""
    field = draw(st.sampled_from(fields))
    axis = draw(AXES) if field is Field.LINE_DIMENSION else None
    match draw(
        st.sampled_from(["compare", "compare", "one-of", "like", "like", "exact", "null", "odd"])
    ):
        case "compare":
            return Compare(field, draw(st.sampled_from(list(Op))), draw(_values(field)), axis)
        case "one-of":
            return OneOf(field, tuple(draw(st.lists(_values(field), max_size=4))), axis)
        case "like":
            parts = draw(st.lists(asked_texts, min_size=1, max_size=4))
            return Like(field, tuple(parts))
        case "exact":
            asked = st.lists(_values(field).map(str), max_size=4)
            return Exact(field, tuple(draw(asked)), axis)
        case "null":
            return IsNull(field, axis)
        case _:
            op = draw(st.sampled_from([Op.EQ, Op.NE]))
            return Compare(field, op, draw(numbers | asked_texts | days), axis)


def filters(fields: list[Field], inside: list[Field] | None = None) -> st.SearchStrategy[Filter]:
    """Filters over some fields; `inside` are those that may stand in `AnyLine`."""
    base: st.SearchStrategy[Filter] = leaves(fields) | leaves(fields) | st.just(ALWAYS)
    if inside is not None:
        base |= st.builds(AnyLine, filters(inside))

    def more(items: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
        several = st.lists(items, min_size=1, max_size=3).map(tuple) | st.just(())
        return st.builds(And, several) | st.builds(Or, several) | st.builds(Not, items)

    return st.recursive(base, more, max_leaves=6)


entry_filters = filters(ENTRY_FIELDS + LINE_FIELDS, inside=LINE_FIELDS)
reference_filters = filters(REFERENCE_FIELDS)


@st.composite
def pages(draw: st.DrawFn, found: list[Any], sort: tuple[Sort, ...]) -> Keyset | Offset:
    if draw(st.booleans()):
        return Offset(draw(st.integers(0, 60)), draw(st.integers(0, 40)))
    last = draw(st.none() | st.sampled_from(found))
    after = None if last is None else tuple(json.loads(json.dumps(sort_key(last, sort))))
    return Keyset(draw(st.integers(0, 40)), after)


def _sorts(fields: frozenset[Field]) -> st.SearchStrategy[tuple[Sort, ...]]:
    sort = st.builds(Sort, st.sampled_from(sorted(fields)), st.booleans())
    return st.lists(sort, max_size=3).map(tuple)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.data())
def test_entries_are_found_sorted_and_paged_alike(kept: Kept, data: st.DataObject) -> None:
    item, sort = data.draw(entry_filters), data.draw(_sorts(ENTRY_SORTS))
    expected = [entry for entry in kept.entries if matches(item, entry)]
    page = data.draw(pages(kept.entries, sort))
    query = Query(item, sort, page)
    with kept.read() as books:
        found = books.entries(query)
        assert [entry.id for entry in found] == [entry.id for entry in select(expected, query)]
        assert books.count_entries(item) == len(expected)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.data())
def test_reference_records_are_found_sorted_and_paged_alike(
    kept: Kept, data: st.DataObject
) -> None:
    entity = data.draw(st.sampled_from([ACCOUNT, RATE]))
    item, sort = data.draw(reference_filters), data.draw(_sorts(REFERENCE_SORTS))
    expected = [record for record in kept.references[entity] if matches(item, record)]
    query = Query(item, sort, data.draw(pages(kept.references[entity], sort)))
    with kept.read() as books:
        found = books.references(entity, query)
        assert [record.id for record in found] == [record.id for record in select(expected, query)]
        assert books.count_references(entity, item) == len(expected)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.data())
def test_lines_that_lead_change_nothing(kept: Kept, data: st.DataObject) -> None:
    """Whether few lines lead to their entries or an order does, the answer is the same."""
    led = [Field.LINE_ACCOUNT, Field.LINE_CONTACT, Field.LINE_DIMENSION]
    item = And((data.draw(leaves(led)), data.draw(filters(LINE_FIELDS, inside=LINE_FIELDS))))
    query = Query(item, data.draw(_sorts(ENTRY_SORTS)), Offset(0, 1_000))
    expected = [entry.id for entry in select(kept.entries, query)]
    with kept.read() as books, pytest.MonkeyPatch.context() as patch:
        for most in (0, 10, 1_000):
            patch.setattr(reader, "PAGE_LEAD_MAX", most)
            patch.setattr(reader, "COUNT_LEAD_MAX", most)
            assert [entry.id for entry in books.entries(query)] == expected
            assert books.count_entries(item) == len(expected)


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[apsw.Connection]:
    path = tmp_path_factory.mktemp("texts") / "texts.db"
    database = connection.connect(path, Role.WRITER)
    yield database
    database.close()


@settings(max_examples=EXAMPLES * 2, deadline=None)
@given(
    text=st.none() | st.text("aA%_!\0é", max_size=5),
    parts=st.lists(st.text("aA%_!\0é\ud800", max_size=2), min_size=1, max_size=4),
)
def test_like_is_what_it_says(
    database: apsw.Connection, text: str | None, parts: list[str]
) -> None:
    """Over one text that was never near a table."""
    condition, parameters = Compiler(SQLITE, ENTRIES).condition(Like(Field.MEMO, tuple(parts)))
    statement = f"SELECT ({condition}) IS TRUE FROM (SELECT ? AS memo) e"
    # the text comes last in the statement
    [(found,)] = database.execute(statement, (*parameters, text)).fetchall()
    assert bool(found) == like(text, tuple(parts))


@settings(max_examples=EXAMPLES, deadline=None)
@given(
    text=st.text("aB\0\ud7ff\ue000\U0010ffff", max_size=3),
    op=st.sampled_from(list(Op)),
    other=st.text("Ab\0\ud7ff\ud800\udfff\ue000\U0010ffff", max_size=3),
)
def test_texts_compare_by_code_point_but_for_the_case_of_ascii(
    database: apsw.Connection, text: str, op: Op, other: str
) -> None:
    item = Compare(Field.MEMO, op, other)
    condition, parameters = Compiler(SQLITE, ENTRIES).condition(item)
    statement = f"SELECT ({condition}) IS TRUE FROM (SELECT ? AS memo) e"
    [(found,)] = database.execute(statement, (*parameters, text)).fetchall()
    assert bool(found) == matches(item, replace(records.entry(1), memo=text))


def _nested(depth: int) -> Filter:
    item: Filter = Compare(Field.ID, Op.GT, 3)
    for _ in range(depth):
        item = Not(And((item, ALWAYS)))
    return item


@pytest.mark.parametrize(
    "item",
    [
        Or(tuple(Compare(Field.ID, Op.EQ, number) for number in range(1_000))),
        And(tuple(Not(Compare(Field.ID, Op.EQ, number)) for number in range(1_000))),
        Or(tuple(Compare(Field.LINE_ACCOUNT, Op.EQ, number) for number in range(250))),
        OneOf(Field.ID, tuple(range(1_000))),
        _nested(48),
        Like(Field.MEMO, tuple("a" for _ in range(1_000))),
        Like(Field.MEMO, ("é" * 1_000, "%" * 1_000, "")),
        Like(Field.MEMO, ("x" * 1_000_000, "")),
    ],
    ids=[
        "alternatives",
        "conditions",
        "lines",
        "list",
        "nesting",
        "parts",
        "long parts",
        "very long part",
    ],
)
def test_filters_as_large_as_limits_allow(kept: Kept, item: Filter) -> None:
    expected = [entry.id for entry in kept.entries if matches(item, entry)]
    with kept.read() as books:
        found = books.entries(Query(item, page=Offset(0, 1_000)))
        assert [entry.id for entry in found] == expected
        assert books.count_entries(item) == len(expected)


@pytest.mark.parametrize(
    ("item", "failure"),
    [
        (Compare(Field.NAME, Op.EQ, "x"), ValueError),
        (Compare(Field.POSTING_DATE, Op.LT, "2026-01-01"), TypeError),
        (Compare(Field.MEMO, Op.GE, 1), TypeError),
    ],
)
def test_what_has_no_meaning_is_refused(kept: Kept, item: Filter, failure: type[Exception]) -> None:
    with kept.read() as books, pytest.raises(failure):
        books.count_entries(item)


def test_reference_records_have_no_lines(kept: Kept) -> None:
    with kept.read() as books, pytest.raises(ValueError, match="lines"):
        books.count_references(ACCOUNT, AnyLine(ALWAYS))


def test_a_page_key_of_another_order_is_refused(kept: Kept) -> None:
    with kept.read() as books, pytest.raises(ValueError, match="key"):
        books.entries(Query(sort=(Sort(Field.TOTAL),), page=Keyset(1, (1,))))


def test_values_are_bound_never_written() -> None:
    """No text of a caller gets into the statement."""
    for item in (
        Compare(Field.MEMO, Op.EQ, "'; DROP"),
        OneOf(Field.MEMO, ("'; DROP",)),
        Like(Field.MEMO, ("'; DROP", "'; DROP", "")),
        Compare(Field.LINE_DIMENSION, Op.EQ, 1, "'; DROP"),
        AnyLine(IsNull(Field.LINE_DIMENSION, "'; DROP")),
    ):
        assert "DROP" not in Compiler(SQLITE, ENTRIES).condition(item)[0]


def test_counts_by_state_alone_come_from_counters(kept: Kept) -> None:
    """However status and deletion are combined, and without looking at an entry."""
    states: list[Filter] = [
        Compare(Field.DELETED, Op.EQ, False),
        Not(Compare(Field.DELETED, Op.EQ, True)),
        And((Compare(Field.DELETED, Op.NE, True), Compare(Field.STATUS, Op.EQ, "Posted"))),
        Or((Like(Field.STATUS, ("p", "")), Compare(Field.DELETED, Op.EQ, True))),
        Always(),
    ]
    with kept.read() as books:
        for item in states:
            expected = sum(matches(item, entry) for entry in kept.entries)
            assert _count_without_tables(books, item) == expected


def _count_without_tables(books: Reader, item: Filter) -> int:
    books.head()
    statements: list[str] = []
    database: apsw.Connection = books._connection  # type: ignore[attr-defined]

    def note(cursor: apsw.Cursor, statement: str, parameters: object) -> bool:
        statements.append(statement)
        return True

    database.set_exec_trace(note)
    count = books.count_entries(item)
    database.set_exec_trace(None)
    assert statements == []
    return count
