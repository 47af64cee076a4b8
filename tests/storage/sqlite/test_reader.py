"""How reads are carried out: which indexes lead, and how many statements there are."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

import apsw
import pytest
from tests.support import records

from daybook.app.ports import Reader, Tx
from daybook.domain.ids import CompanyId, DimensionId, EntryId
from daybook.domain.query import (
    ALWAYS,
    And,
    AnyLine,
    Compare,
    Field,
    Filter,
    Keyset,
    Like,
    Offset,
    OneOf,
    Op,
    Query,
    Sort,
)
from daybook.storage.sqlite import reader as reader_module
from daybook.storage.sqlite.store import SqliteStore

LIVE = And((Compare(Field.DELETED, Op.EQ, False), Compare(Field.STATUS, Op.EQ, "posted")))
DAYS = And(
    (
        Compare(Field.POSTING_DATE, Op.GE, date(2026, 1, 1)),
        Compare(Field.POSTING_DATE, Op.LE, date(2026, 1, 31)),
    )
)
ON_RENT = Compare(Field.LINE_ACCOUNT, Op.EQ, records.RENT)
TAGGED = Compare(Field.LINE_DIMENSION, Op.EQ, 3, "CLASS")
OF_ADA = OneOf(Field.LINE_CONTACT, (records.ADA,))


@contextmanager
def traced(reader: Reader) -> Iterator[list[str]]:
    """The statements run meanwhile, parameters filled in."""
    database: apsw.Connection = reader._connection  # type: ignore[attr-defined]
    statements: list[str] = []

    def note(cursor: apsw.Cursor, statement: str, parameters: object) -> bool:
        statements.append(cursor.expanded_sql)
        return True

    database.set_exec_trace(note)
    yield statements
    database.set_exec_trace(None)


def plans(reader: Reader, read: Callable[[Reader], object]) -> str:
    """How SQLite carries out the statements of a read."""
    with traced(reader) as statements:
        read(reader)
    database: apsw.Connection = reader._connection  # type: ignore[attr-defined]
    return "\n".join(
        detail
        for statement in statements
        for *_, detail in database.execute(f"EXPLAIN QUERY PLAN {statement}")
    )


@pytest.fixture
def filled(store: SqliteStore, books: CompanyId) -> CompanyId:
    """Books with some hundred entries: one in ten has a tag, one in seven a contact."""

    def work(tx: Tx) -> None:
        records.log(tx, books, records.created(records.dimension("CLASS", 3)))
        for number in range(1, 301):
            debit, credit = records.transfer(number)
            if number % 10 == 0:
                debit = replace(debit, dimensions=(("CLASS", DimensionId(3)),))
            if number % 7 == 0:
                credit = records.line(
                    1, credit.side, number, records.RECEIVABLE, contact_id=records.ADA
                )
            entry = records.entry(number, (debit, credit), doc_number=f"N-{number}")
            records.log(tx, books, records.created(entry))

    store.write(books, work)
    return books


@pytest.mark.parametrize(
    ("item", "sort", "expected", "sorted_apart"),
    [
        (LIVE, (), "e USING PRIMARY KEY (company_id=?)", False),
        (Compare(Field.ID, Op.GT, 5), (), "e USING PRIMARY KEY (company_id=? AND id>?)", False),
        (LIVE, (Sort(Field.POSTING_DATE, True),), "e USING COVERING INDEX entry_by_date", False),
        (LIVE, (Sort(Field.MODIFIED_AT),), "e USING INDEX entry_by_modification", False),
        (LIVE, (Sort(Field.CREATED_AT, True),), "e USING INDEX entry_by_creation", False),
        (LIVE, (Sort(Field.DOC_NUMBER),), "e USING INDEX entry_by_doc_number", False),
        (
            DAYS,
            (Sort(Field.POSTING_DATE),),
            "entry_by_date (company_id=? AND posting_date>?",
            False,
        ),
        (DAYS, (), "entry_by_date (company_id=? AND posting_date>?", True),
        (
            And((LIVE, DAYS)),
            (Sort(Field.MODIFIED_AT, True),),
            "e USING COVERING INDEX entry_by_date (company_id=? AND posting_date>?",
            True,
        ),
        (
            Compare(Field.MODIFIED_AT, Op.GE, 5),
            (Sort(Field.MODIFIED_AT),),
            "entry_by_modification (company_id=? AND modified_at>?)",
            False,
        ),
        (
            And((LIVE, Compare(Field.DOC_NUMBER, Op.EQ, "N-7"))),
            (),
            "entry_by_doc_number (company_id=? AND <expr>=?)",
            True,
        ),
        (
            Like(Field.DOC_NUMBER, ("N-1", "")),
            (),
            "entry_by_doc_number (company_id=? AND <expr>>? AND <expr><?)",
            True,
        ),
        (And((LIVE, ON_RENT)), (), "USING COVERING INDEX line_by_account", True),
        (And((LIVE, OF_ADA)), (), "USING COVERING INDEX line_by_contact", True),
        (And((LIVE, TAGGED)), (), "USING COVERING INDEX line_dimension_by_value", True),
        (AnyLine(And((ON_RENT, ALWAYS))), (), "USING COVERING INDEX line_by_account", True),
    ],
)
def test_pages_come_from_an_index(
    store: SqliteStore,
    filled: CompanyId,
    item: Filter,
    sort: tuple[Sort, ...],
    expected: str,
    sorted_apart: bool,
) -> None:
    """Not one reads all entries; those that sort apart sort few."""
    with store.read(filled) as reader:
        plan = plans(reader, lambda reader: reader.entries(Query(item, sort, Keyset(10))))
    assert expected in plan
    assert "SCAN e" not in plan
    if not sorted_apart:
        assert "TEMP B-TREE" not in plan


@pytest.mark.parametrize(
    ("find", "expected"),
    [
        (lambda tx: tx.doc_number_holder("n-5"), "entry_by_doc_number"),
        (lambda tx: tx.highest_doc_number(), "INDEX entry_by_number"),
        (lambda tx: tx.is_posted_to(1), "line_by_account"),
        (lambda tx: tx.next_id("entry"), "e"),
        (lambda tx: tx.children("account", 1), "reference_by_parent"),
    ],
)
def test_what_writers_ask_comes_from_an_index(
    store: SqliteStore, filled: CompanyId, find: Callable[[Tx], object], expected: str
) -> None:
    def work(tx: Tx) -> str:
        return plans(tx, find)  # type: ignore[arg-type]

    plan = store.write(filled, work)
    assert expected in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan


def _ids(entries: Sequence[object]) -> list[int]:
    return [entry.id for entry in entries]  # type: ignore[attr-defined]


def test_a_page_costs_as_many_statements_whatever_its_length(
    store: SqliteStore, filled: CompanyId
) -> None:
    counts = set()
    with store.read(filled) as reader:
        for limit in (1, 10, 300):
            with traced(reader) as statements:
                found = reader.entries(Query(LIVE, page=Offset(0, limit)))
            assert _ids(found) == list(range(1, limit + 1))
            counts.add(len(statements))
    assert counts == {2}


def test_few_lines_lead_many_do_not(
    store: SqliteStore, filled: CompanyId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An account with many lines is not gone through for one page."""
    query = Query(And((LIVE, ON_RENT)), (Sort(Field.POSTING_DATE),), Keyset(5))
    with store.read(filled) as reader:
        few = plans(reader, lambda reader: reader.entries(query))
        monkeypatch.setattr(reader_module, "PAGE_LEAD_MAX", 100)
        many = plans(reader, lambda reader: reader.entries(query))
    assert "SCAN k" in few
    assert "SCAN k" not in many
    assert "entry_by_date" in many


def test_one_entry_is_one_statement(store: SqliteStore, filled: CompanyId) -> None:
    """With the head, which tells whether what is known of the company still stands."""
    with store.read(filled) as reader:
        company, head = reader.company, reader.head()
    with store.read(filled) as reader, traced(reader) as statements:
        assert reader.entry(EntryId(5)) is not None
        assert reader.company is company
        assert reader.head() == head
    assert len(statements) == 1
    with store.read(filled) as reader:
        assert reader.entry(EntryId(10_000)) is None
        assert reader.head() == head


def test_reference_records_are_decoded_once(store: SqliteStore, books: CompanyId) -> None:
    """What one snapshot read, the next has, as long as no reference record changes."""
    with store.read(books) as reader:
        first = (reader.company, reader.reference("account", 1))
    records.keep(store, books, records.created(records.entry(1)))
    with store.read(books) as reader:
        again = (reader.company, reader.reference("account", 1))
    assert again[0] is first[0]
    assert again[1] is first[1]
    renamed = records.account(1, name="New")
    records.keep(store, books, records.revision(records.account(1), renamed))
    with store.read(books) as reader:
        changed = reader.reference("account", 1)
        assert changed is not None
        assert changed.version == 1


def test_a_history_is_a_walk_and_not_a_search(store: SqliteStore, filled: CompanyId) -> None:
    entry = records.entry(5, doc_number="N-5", lines=records.transfer(5))
    records.keep(store, filled, records.revision(entry, replace(entry, memo="one")))
    with store.read(filled) as reader:
        plan = plans(reader, lambda reader: reader.history("entry", 5))
        assert [event.version for event in reader.history("entry", 5)] == [0, 1]
        assert reader.history("entry", 999) == []
        assert [event.entity for event in reader.history("company", filled)] == ["company"]
    assert "SCAN v" not in plan
