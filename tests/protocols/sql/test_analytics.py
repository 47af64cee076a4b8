"""The copy: kept on disk, followed from where it was, made anew where it is another log's."""

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from tests.support.engines import SLOW
from tests.support.sql import Sql

from daybook.domain.commands import CreateEntry, EntryContent, LineDraft
from daybook.domain.ids import ById
from daybook.domain.model import Side
from daybook.protocols.sql import analytics, statements
from daybook.protocols.sql.analytics import Copies
from daybook.protocols.sql.engine import LOST_TEXT
from daybook.protocols.sql.errors import SqlFault

ONLY = "SELECT count(*) FROM JournalEntries WHERE ReferenceNumber LIKE 'only%'"
COUNT = "SELECT count(*), sum(LineAmount) FROM JournalEntryLines"
TABLES = [
    f"SELECT * FROM {name} ORDER BY ID"
    for name in ("JournalEntries", "JournalEntryLines", "Accounts", "Entities", "Class")
]


def on_disk(sql: Sql, folder: Path) -> None:
    sql.copies = Copies(folder)
    sql.session = sql.connect()


def test_a_copy_on_disk_is_taken_up_again(sql: Sql, tmp_path: Path) -> None:
    expected = sql.rows(COUNT)
    on_disk(sql, tmp_path)
    assert sql.rows(COUNT) == expected
    sql.session.close()
    sql.copies.close()
    (path,) = tmp_path.glob("*.duckdb")
    before = path.stat().st_ino
    on_disk(sql, tmp_path)
    sql.make("later", "1")
    assert sql.rows(COUNT) == sql.rows(COUNT, session=Sql.connect(sql)) != expected
    assert path.stat().st_ino == before
    sql.session.close()
    sql.copies.close()


def test_a_copy_of_another_log_is_made_anew(sql: Sql, tmp_path: Path) -> None:
    sql.make("only here", "7")
    on_disk(sql, tmp_path)
    assert sql.value(ONLY) == "1"
    sql.session.close()
    sql.copies.close()
    other = Sql()
    other.make("elsewhere", "8")
    on_disk(other, tmp_path)
    assert other.rows(ONLY) == [("0",)]
    other.session.close()
    other.copies.close()


def test_a_file_that_is_no_copy_is_made_anew(sql: Sql, tmp_path: Path) -> None:
    (tmp_path / "demo-9130355202028466.duckdb").write_bytes(b"not a database" * 100)
    on_disk(sql, tmp_path)
    assert sql.value("SELECT count(*) > 0 FROM JournalEntries") == "t"


def test_renames_are_followed(sql: Sql) -> None:
    from daybook.domain.commands import AccountContent, ReplaceReference
    from daybook.domain.model import AccountKind

    assert sql.value("SELECT count(*) FROM JournalEntryLines WHERE LineAccount = 'Meals'") != "0"
    sql.execute(ReplaceReference(44, None, AccountContent("Dinners", AccountKind.EXPENSE)))
    assert sql.value("SELECT count(*) FROM JournalEntryLines WHERE LineAccount = 'Meals'") == "0"
    assert sql.value("SELECT Name FROM Accounts WHERE FullName = 'Dinners'") == "Dinners"


def test_a_statement_that_is_not_wanted_stops_waiting(sql: Sql) -> None:
    copy = sql.session.engine.copy
    with pytest.raises(SqlFault) as caught:
        copy.refresh(sql.books, lambda: True)
    assert caught.value.code == "57014"
    copy.refresh(sql.books)
    copy.refresh(sql.books, lambda: True)


CENTS = 1_000_000 if SLOW else 6_000
LINES = 1_000


def test_the_sum_of_very_many_cents_is_the_ledgers_own_total(sql: Sql) -> None:
    keys = {str(name): str(key) for name, key in sql.rows("SELECT FullName, ID FROM Accounts")}
    expense, bank = (
        int(keys[name].partition("-")[0], 16) - 2**31 for name in ("Meals", "Checking")
    )
    before = sql.value("SELECT Balance FROM Accounts WHERE FullName = 'Meals'") or "0"
    cent = LineDraft(Side.DEBIT, 1, ById(expense), description="a cent")
    whole = LineDraft(Side.CREDIT, LINES, ById(bank))
    entry = CreateEntry(EntryContent((cent,) * LINES + (whole,), doc_number="cents"))
    for _ in range(CENTS // LINES):
        sql.execute(entry)
    total = Decimal(CENTS) / 100
    query = "SELECT sum(LineDebit) FROM JournalEntryLines WHERE ReferenceNumber = 'cents'"
    assert sql.value(query) == f"{total:.2f}"
    assert sql.value(query.replace("LineDebit", "LineCredit")) == f"{total:.2f}"
    after = sql.value("SELECT Balance FROM Accounts WHERE FullName = 'Meals'")
    with sql.books.read() as reader:
        kept = reader.account_total(expense).balance  # type: ignore[arg-type]
    assert Decimal(after or 0) == Decimal(before) + total == Decimal(kept) / 100


def test_a_copy_is_made_in_pages_of_the_log(sql: Sql, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut by events and by bytes, with entries that are revised and deleted in later pages."""
    whole = [sql.rows(query) for query in TABLES]
    kept, gone = sql.make("pages", "3"), sql.make("gone", "4")
    sql.run(f"UPDATE JournalEntries SET Memo = 'revised' WHERE ID = '{kept}'")
    sql.run(f"DELETE FROM JournalEntries WHERE ID = '{gone}'")
    followed = [sql.rows(query) for query in TABLES]
    assert followed != whole
    for events, size in ((40, 10**6), (10**6, 20_000)):
        monkeypatch.setattr(analytics, "REFRESH_EVENTS", events)
        monkeypatch.setattr(analytics, "REFRESH_BYTES", size)
        sql.copies = Copies()
        fresh = sql.connect()
        assert [sql.rows(query, session=fresh) for query in TABLES] == followed
        fresh.close()


class Broken:
    """A cursor of an engine that has failed for good."""

    def __init__(self, fault: type[duckdb.Error]) -> None:
        self._fault = fault

    def execute(self, *_: object) -> None:
        raise self._fault("FATAL Error: the database has been invalidated")

    def close(self) -> None:
        raise self._fault("FATAL Error: the database has been invalidated")


@pytest.mark.parametrize("fault", [duckdb.FatalException, duckdb.InternalException])
def test_a_copy_whose_engine_fails_is_made_anew(
    sql: Sql, monkeypatch: pytest.MonkeyPatch, fault: type[duckdb.Error]
) -> None:
    expected, other = sql.rows(COUNT), sql.connect()
    assert sql.rows(COUNT, session=other) == expected
    lost = sql.session.engine.copy
    monkeypatch.setattr(lost, "plain_cursor", lambda: Broken(fault))
    query = COUNT + " WHERE LineAmount <> 7"
    broken = sql.connect()
    with pytest.raises(SqlFault) as caught:
        sql.rows(query, session=broken)
    assert (caught.value.code, caught.value.message) == ("XX000", LOST_TEXT)
    for session in (broken, other, sql.session):
        assert sql.rows(COUNT, session=session) == expected
        assert session.engine.copy is not lost
    assert len(sql.copies) == 1


def test_a_copy_that_fails_while_it_follows_is_made_anew(
    sql: Sql, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    on_disk(sql, tmp_path)
    expected = sql.rows(COUNT)
    lost = sql.session.engine.copy

    def fail(*_: object) -> None:
        raise duckdb.FatalException("FATAL Error: failed to commit")

    monkeypatch.setattr(lost, "_take", fail)
    sql.make("after", "3")
    assert sql.fault(COUNT).message == LOST_TEXT
    assert lost.path is not None
    assert not lost.path.exists()
    assert sql.rows(COUNT) != expected
    sql.session.close()
    sql.copies.close()
    on_disk(sql, tmp_path)  # as another process would
    assert sql.rows(COUNT) != expected
    (kept,) = tmp_path.glob("*.duckdb")
    assert kept == lost.path, "under the name that is looked for, and no other is left"
    sql.session.close()
    sql.copies.close()


def test_what_a_transaction_has_staged_outlives_a_lost_copy(sql: Sql) -> None:
    staged = "SELECT count(*), count(DISTINCT ID) FROM JournalEntries WHERE Memo = 'staged'"
    sql.run("BEGIN")
    entry = sql.make("staged")
    sql.run(f"UPDATE JournalEntries SET Memo = 'staged' WHERE ID = '{entry}'")
    assert sql.rows(staged) == [("1", "1")]
    sql.copies.lose(sql.session.engine.copy)
    assert sql.rows(staged) == [("1", "1")]
    sql.run("ROLLBACK")
    assert sql.rows(staged) == [("0", "0")]


def test_rows_of_a_lost_copy_end_and_leave_its_cursor_behind(sql: Sql) -> None:
    plan = sql.session.planner.make(
        sql.session, statements.split("SELECT ID FROM JournalEntryLines")[0], ()
    )
    rows = plan.run(sql.session, ()).rows
    assert rows is not None
    assert len(rows.fetch(2)) == 2
    sql.copies.lose(sql.session.engine.copy)
    assert sql.rows(COUNT) != []
    with pytest.raises(SqlFault, match=LOST_TEXT):
        rows.fetch(10**6)
    sql.make("newer")
    assert sql.rows(COUNT) == sql.rows(COUNT, session=sql.connect())
