"""Totals as of any day, however far the kept day totals are behind the log."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support import records

from daybook.app.ports import Total, Tx
from daybook.domain.ids import CompanyId, EntryId
from daybook.domain.model import JournalEntry, Side, Status
from daybook.storage.sqlite import totals, writer
from daybook.storage.sqlite.store import SqliteStore

FIRST = date(2024, 12, 28)
days = st.integers(0, 450).map(lambda number: FIRST + timedelta(days=number))
amounts = st.integers(0, 10**6)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("new"), days, amounts),
        st.tuples(st.just("revise"), days, amounts),
        st.tuples(st.just("delete"), days, amounts),
        st.tuples(st.sampled_from(list(Status)), days, amounts),
    ),
    max_size=30,
)


def _summed(entries: list[JournalEntry], as_of: date) -> list[Total]:
    """Totals by going through all lines."""
    sums: dict[int, list[int]] = {}
    for entry in entries:
        if entry.counts and entry.posting_date <= as_of:
            for line in entry.lines:
                pair = sums.setdefault(line.account_id, [0, 0])
                pair[line.side is Side.CREDIT] += line.home_amount
    return [Total(id, *pair) for id, pair in sorted(sums.items())]


@settings(max_examples=60, deadline=None)
@given(steps, st.lists(days, min_size=1, max_size=5), st.sampled_from([1, 3, 1_000]))
def test_totals_as_of_any_day(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[str, date, int]],
    asked: list[date],
    lazy: int,
) -> None:
    path = tmp_path_factory.mktemp("totals") / "books.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(totals, "LAZY_EVENTS", lazy)
        patch.setattr(writer, "IDLE_AFTER_S", 600)
        store = SqliteStore(path, "sqlite:///totals")
        books = records.found(store, 1, records.chart())
        entries: list[JournalEntry] = []
        for step in steps:
            _take(store, books, entries, *step)
        with store.read(books) as reader:
            for day in (*asked, date.max, date.min):
                assert reader.account_totals(day) == _summed(entries, day)
            assert reader.account_totals() == _summed(entries, date.max)
        assert list(store.totals_mismatches(books)) == []
        store.close()


def _take(
    store: SqliteStore,
    books: CompanyId,
    entries: list[JournalEntry],
    step: str,
    day: date,
    amount: int,
) -> None:
    accounts = (1 + amount % 3, 4 + amount % 2)
    lines = records.transfer(amount, *accounts)
    if step == "new" or not entries:
        entry = records.entry(len(entries) + 1, lines, day)
        records.keep(store, books, records.created(entry))
        entries.append(entry)
        return
    at = amount % len(entries)
    before = entries[at]
    if before.deleted_at is not None:
        return
    if step == "delete":
        change = records.deletion(before)
    elif step == "revise":
        change = records.revision(before, replace(before, lines=lines, posting_date=day))
    else:
        change = records.move(before, Status(step))
    records.keep(store, books, change)
    assert isinstance(change.after, JournalEntry)
    entries[at] = change.after


def test_a_long_transaction_brings_its_days_up_itself(
    store: SqliteStore, books: CompanyId, file: apsw.Connection
) -> None:
    """Nobody has to read a million events again after an import."""

    def work(tx: Tx) -> None:
        for number in range(1, totals.LAZY_EVENTS + 10):
            day = FIRST + timedelta(days=number % 500)
            entry = records.entry(number, records.transfer(number), day)
            records.log(tx, books, records.created(entry))

    store.write(books, work)
    assert file.execute("SELECT seq - totals_seq FROM head").get == 0
    assert list(store.totals_mismatches(books)) == []


def test_the_cost_of_a_day_does_not_grow_with_the_entries(
    store: SqliteStore, books: CompanyId
) -> None:
    """Rows read: years, the months of one, the days of one, for each account; and no event."""

    def work(tx: Tx) -> None:
        for number in range(1, 2_001):
            day = FIRST + timedelta(days=number % 400)
            records.log(tx, books, records.created(records.entry(number, day=day)))

    store.write(books, work)
    with store.read(books) as reader:
        statements: list[str] = []
        database: apsw.Connection = reader._connection  # type: ignore[attr-defined]

        def note(cursor: apsw.Cursor, statement: str, parameters: object) -> bool:
            statements.append(cursor.expanded_sql)
            return True

        database.set_exec_trace(note)
        [_, rent] = reader.account_totals(date(2025, 6, 15))
        database.set_exec_trace(None)
        plans = [
            detail
            for statement in statements
            for *_, detail in database.execute(f"EXPLAIN QUERY PLAN {statement}")
        ]
    assert rent.debit == 100 * sum(
        FIRST + timedelta(days=number % 400) <= date(2025, 6, 15) for number in range(1, 2_001)
    )
    assert not any("SCAN" in plan and "period_total" in plan for plan in plans)
    assert sum("period_total USING PRIMARY KEY" in plan for plan in plans) == 3


def test_lines_of_an_entry_that_is_gone_count_for_nothing(
    store: SqliteStore, books: CompanyId
) -> None:
    """An account is left out when no counting line is on it, and kept for one of zero."""
    entry = records.entry(1, records.transfer(0))
    records.keep(store, books, records.created(entry))
    for day in (None, records.DAY):
        with store.read(books) as reader:
            assert [total.id for total in reader.account_totals(day)] == [1, 2]
    records.keep(store, books, records.deletion(entry))
    for day in (None, records.DAY):
        with store.read(books) as reader:
            assert reader.account_totals(day) == []


def test_another_process_may_bring_the_days_up(
    store: SqliteStore, books: CompanyId, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that was opened before another one did so adds nothing twice."""
    monkeypatch.setattr(writer, "IDLE_AFTER_S", 600)
    records.keep(store, books, records.created(records.entry(1)))
    beside = SqliteStore(tmp_path / "books.db", "sqlite:///beside")
    monkeypatch.setattr(totals, "LAZY_EVENTS", 1)
    records.keep(beside, books, records.created(records.entry(2)))
    monkeypatch.setattr(totals, "LAZY_EVENTS", 1_000)
    records.keep(store, books, records.created(records.entry(3)))
    for one in (store, beside):
        with one.read(books) as reader:
            assert reader.entry(EntryId(3)) is not None
            assert reader.account_totals(records.DAY) == reader.account_totals()
        assert list(one.totals_mismatches(books)) == []
    beside.close()


def test_the_writer_does_not_read_again_what_it_wrote(
    store: SqliteStore, books: CompanyId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only after something else came between, such as a unit that failed after it had written."""
    monkeypatch.setattr(writer, "IDLE_AFTER_S", 600)
    records.keep(store, books, records.created(records.entry(1)))
    monkeypatch.setattr(totals, "LAZY_EVENTS", 3)
    read: list[int] = []
    tail = totals.tail

    def noted(
        connection: apsw.Connection, company_id: CompanyId, after: int, last: int
    ) -> totals.Periods:
        read.append(last)
        return tail(connection, company_id, after, last)

    def failing(tx: Tx) -> None:
        records.log(tx, books, records.created(records.entry(40)))
        raise ValueError

    monkeypatch.setattr(totals, "tail", noted)
    for number in range(2, 12):
        records.keep(store, books, records.created(records.entry(number)))
    assert read == []
    monkeypatch.setattr(totals, "LAZY_EVENTS", 1_000)
    records.keep(store, books, records.created(records.entry(12)))
    with pytest.raises(ValueError):
        store.write(books, failing)
    monkeypatch.setattr(totals, "LAZY_EVENTS", 3)
    for number in range(13, 22):
        records.keep(store, books, records.created(records.entry(number)))
    assert len(read) == 1
    assert list(store.totals_mismatches(books)) == []
