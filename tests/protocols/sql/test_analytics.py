"""The copy: kept on disk, followed from where it was, made anew where it is another log's."""

from decimal import Decimal
from pathlib import Path

import pytest
from tests.support.engines import SLOW
from tests.support.sql import Sql

from daybook.domain.commands import CreateEntry, EntryContent, LineDraft
from daybook.domain.ids import ById
from daybook.domain.model import Side
from daybook.protocols.sql import analytics
from daybook.protocols.sql.analytics import Copies
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
    for events, size in ((7, 10**6), (10**6, 2_000), (10**6, 1)):
        monkeypatch.setattr(analytics, "REFRESH_EVENTS", events)
        monkeypatch.setattr(analytics, "REFRESH_BYTES", size)
        sql.copies = Copies()
        fresh = sql.connect()
        assert [sql.rows(query, session=fresh) for query in TABLES] == followed
        fresh.close()
