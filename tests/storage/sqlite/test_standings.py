"""What the writer knows between its transactions counts only while nobody else writes."""

from pathlib import Path

import apsw
import pytest
from tests.support import records

from daybook.app.ports import Tx
from daybook.domain.events import ENTRY
from daybook.domain.ids import CompanyId
from daybook.storage.sqlite import standings, totals, writer
from daybook.storage.sqlite.reader import HeadRow
from daybook.storage.sqlite.standings import Standing, Standings
from daybook.storage.sqlite.store import SqliteStore


@pytest.fixture(autouse=True)
def untidy(monkeypatch: pytest.MonkeyPatch) -> None:
    """No chores in between: they would write, too."""
    monkeypatch.setattr(writer, "IDLE_AFTER_S", 600)


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[CompanyId]:
    """Companies whose row was read in order to write."""
    noted: list[CompanyId] = []
    original = HeadRow.read

    def reading(connection: apsw.Connection, company_id: CompanyId) -> HeadRow:
        noted.append(company_id)
        return original(connection, company_id)

    monkeypatch.setattr(HeadRow, "read", staticmethod(reading))
    return noted


def next_id(store: SqliteStore, books: CompanyId) -> int:
    return store.write(books, lambda tx: tx.next_id(ENTRY))


def test_the_row_is_read_once_while_nobody_else_writes(
    store: SqliteStore, books: CompanyId, read: list[CompanyId]
) -> None:
    for number in range(1, 6):
        records.keep(store, books, records.created(records.entry(number)))
        assert next_id(store, books) == number + 1
    assert len(read) <= 1


def test_what_another_process_wrote_is_seen(
    store: SqliteStore, books: CompanyId, tmp_path: Path, read: list[CompanyId]
) -> None:
    with_another = SqliteStore(tmp_path / "books.db", "sqlite:///beside")
    for number in (1, 3, 5):
        records.keep(store, books, records.created(records.entry(number)))
        records.keep(with_another, books, records.created(records.entry(number + 1)))
    assert len(read) >= 5
    assert next_id(store, books) == 7
    with_another.close()


def test_ids_that_another_process_set_aside_are_not_given(
    store: SqliteStore, books: CompanyId, tmp_path: Path
) -> None:
    """No event tells of them: the log stands where it stood."""
    assert next_id(store, books) == 1
    beside = SqliteStore(tmp_path / "books.db", "sqlite:///beside")
    assert beside.write(books, lambda tx: tx.reserve_ids(ENTRY, 5)) == 1
    beside.close()
    assert next_id(store, books) == 6


def test_what_was_undone_is_forgotten(store: SqliteStore, books: CompanyId) -> None:
    def failing(tx: Tx) -> None:
        records.log(tx, books, records.created(records.entry(tx.next_id(ENTRY))))
        assert tx.reserve_ids(ENTRY, 10) == 2
        raise ValueError

    assert next_id(store, books) == 1
    with pytest.raises(ValueError):
        store.write(books, failing)
    assert next_id(store, books) == 1
    records.keep(store, books, records.created(records.entry(1)))
    assert list(store.totals_mismatches(books)) == []


def row(seq: int, totals_seq: int = 3) -> HeadRow:
    return HeadRow(seq, b"", 0, 0, totals_seq, [0] * 6)


def test_sums_count_where_they_go_with_the_row(
    store: SqliteStore, books: CompanyId, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, days = Standings(), {("2026-01-01", 7): [1, 0, 1]}
    for stored, counts in ((row(9), True), (row(10), False), (row(9, 4), False)):
        monkeypatch.setattr(HeadRow, "read", staticmethod(lambda *_, found=stored: found))
        with store.snapshot() as connection:
            kept.keep(books, Standing(row(9), {ENTRY: 5}, days))
            alone = kept.take(connection, books, alone=True)
            assert (alone.next_ids, alone.days) == ({ENTRY: 5}, days)
            kept.keep(books, Standing(row(9), {ENTRY: 5}, days))
            found = kept.take(connection, books, alone=False)
            assert found.row is stored
            assert found.next_ids == {}
            assert found.days == (days if counts else None)
            assert kept.take(connection, books, alone=True).days is None


def test_many_sums_or_companies_are_not_kept(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(totals, "TAIL_SUMS_MAX", 2)
    monkeypatch.setattr(standings, "STANDINGS_MAX", 2)
    monkeypatch.setattr(HeadRow, "read", staticmethod(lambda *_: row(0, 0)))
    kept = Standings()
    for number in range(1, 5):
        days = {("2026-01-01", account): [1, 0, 1] for account in range(number)}
        kept.keep(CompanyId(number), Standing(row(9), {}, days))
    with store.snapshot() as connection:
        found = [kept.take(connection, CompanyId(number), alone=True) for number in range(1, 5)]
    assert [each.row.seq for each in found] == [0, 0, 9, 9]
    assert all(each.days is None for each in found)
