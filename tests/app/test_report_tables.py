"""Reports as tables: periods beside one another, and rows that lead to what they are made of."""

from datetime import date

import pytest
from tests.support.shop import carry_out, credit, debit, post, shop

from daybook.app import report_tables
from daybook.app.account_reports import Span
from daybook.app.ledger import Books
from daybook.app.report_tables import (
    RowKind,
    Table,
    TooManyRows,
    account_table,
    balance_sheet_table,
    general_ledger_table,
    profit_and_loss_table,
    trial_balance_table,
)
from daybook.domain.commands import CreateEntry, EntryContent, LineDraft
from daybook.domain.events import ACCOUNT
from daybook.domain.ids import AccountId, ByName
from daybook.domain.model import Account, JournalEntry, Side

LAST_YEAR = (date(2025, 1, 1), date(2025, 12, 31))
THIS_YEAR = (date(2026, 1, 1), date(2026, 12, 31))


@pytest.fixture
def books() -> Books:
    books = shop()
    post(books, debit("Bank", 500), credit("Sales", 500), day=date(2025, 5, 5))
    post(books, debit("Bank", 700), credit("Sales", 700), day=date(2026, 5, 5), number="S-1")
    post(books, debit("Costs:Rent", 120), credit("Bank", 120), day=date(2026, 6, 1))
    return books


def shown(table: Table) -> list[tuple[object, ...]]:
    return [row.cells for row in table.rows]


def test_the_trial_balance(books: Books) -> None:
    with books.read() as reader:
        table = trial_balance_table(reader, date(2026, 12, 31))
    assert shown(table) == [
        ("1000", "Bank", 1_080, None),
        ("3200", "Retained", None, 500),
        ("4000", "Sales", None, 700),
        ("6100", "Costs:Rent", 120, None),
        ("", "Total", 1_200, 1_200),
    ]
    assert table.scope == "as of 2026-12-31"
    assert table.rows[0].account_id is not None
    assert table.rows[-1].kind is RowKind.TOTAL


def test_profit_and_loss_of_two_years(books: Books) -> None:
    with books.read() as reader:
        table = profit_and_loss_table(reader, (THIS_YEAR, LAST_YEAR))
    assert [column.title for column in table.columns] == [
        "Code",
        "Account",
        "2026-01-01 to 2026-12-31",
        "2025-01-01 to 2025-12-31",
    ]
    assert shown(table) == [
        ("", "Income", None, None),
        ("4000", "Sales", 700, 500),
        ("", "Total income", 700, 500),
        ("", "Expenses", None, None),
        ("6000", "Costs", 120, 0),
        ("6100", "Rent", 120, 0),
        ("", "Total expenses", 120, 0),
        ("", "Net profit", 580, 500),
    ]
    assert [row.depth for row in table.rows] == [0, 1, 0, 0, 1, 2, 0, 0]


def test_the_balance_sheet_of_two_days(books: Books) -> None:
    with books.read() as reader:
        table = balance_sheet_table(reader, (THIS_YEAR[1], LAST_YEAR[1]))
    assert shown(table) == [
        ("", "Assets", None, None),
        ("1000", "Bank", 1_080, 500),
        ("", "Total assets", 1_080, 500),
        ("", "Liabilities", None, None),
        ("", "Total liabilities", 0, 0),
        ("", "Equity", None, None),
        ("3200", "Retained", 500, 0),
        ("", "Net Income", 580, 500),
        ("", "Total equity", 1_080, 500),
        ("", "Total liabilities and equity", 1_080, 500),
    ]


def test_the_general_ledger_and_an_account_of_it(books: Books) -> None:
    content = EntryContent(
        (
            LineDraft(Side.DEBIT, 9, ByName("Debtors"), ByName("Ada"), description="Loan"),
            LineDraft(Side.CREDIT, 9, ByName("Bank")),
        ),
        date(2026, 7, 1),
        memo="To Ada",
    )
    (entry,) = carry_out(books, [CreateEntry(content)])
    assert isinstance(entry, JournalEntry)
    with books.read() as reader:
        table = general_ledger_table(reader, *THIS_YEAR)
        bank = reader.reference(ACCOUNT, entry.lines[1].account_id)
        assert isinstance(bank, Account)
        alone = account_table(reader, bank, Span(*THIS_YEAR, THIS_YEAR[0]))
    assert isinstance(table, Table)
    assert isinstance(alone, Table)
    assert shown(table)[:6] == [
        (None, "1000 Bank", None, None, None, None, None, None),
        (None, None, None, None, "Opening balance", None, None, 500),
        (date(2026, 5, 5), "S-1", "2", "", "", 700, None, 1_200),
        (date(2026, 6, 1), "", "3", "", "", None, 120, 1_080),
        (date(2026, 7, 1), "", "4", "", "To Ada", None, 9, 1_071),
        (None, None, None, None, "Closing balance", 700, 129, 1_071),
    ]
    assert (date(2026, 7, 1), "", "4", "Ada", "Loan", 9, None, 9) in shown(table)
    assert shown(table)[-1] == (None, "Total", None, None, None, 829, 829, 0)
    assert table.rows[-1].kind is RowKind.TOTAL
    assert table.rows[4].entry_id == entry.id
    assert shown(alone) == shown(table)[:6]
    assert alone.title == "Bank"


def test_an_account_that_nothing_was_posted_to(books: Books) -> None:
    with books.read() as reader:
        found = reader.reference(ACCOUNT, AccountId(3))
        assert isinstance(found, Account)
        table = account_table(reader, found, Span(*THIS_YEAR, THIS_YEAR[0]))
    assert isinstance(table, Table)
    assert len(table.rows) == 3


def test_a_report_that_is_too_long_says_so(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_tables, "ROWS_MAX", 5)
    with books.read() as reader:
        assert general_ledger_table(reader, *THIS_YEAR) == TooManyRows(5)
        found = reader.reference(ACCOUNT, AccountId(1))
        assert isinstance(found, Account)
        assert isinstance(account_table(reader, found, Span(*THIS_YEAR, THIS_YEAR[0])), Table)
