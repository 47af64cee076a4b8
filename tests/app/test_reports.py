"""Trial balances: columns that agree, fiscal years that start anew."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.shop import carry_out, credit, debit, post, shop

from daybook.app.ledger import Books
from daybook.app.reports import (
    BalanceSheet,
    Carrying,
    IncomeStatement,
    Section,
    StatementLine,
    TrialBalance,
    balance_sheet,
    balance_sheets,
    fiscal_year_start,
    income_statement,
    income_statements,
    month_periods,
    posting_span,
    trial_balance,
)
from daybook.domain.commands import (
    AccountContent,
    Command,
    CreateEntry,
    CreateReference,
    DeleteEntry,
    EntryContent,
    ReplaceReference,
)
from daybook.domain.ids import EntryId
from daybook.domain.model import AccountKind, Status
from daybook.domain.query import Compare, Field, Op, Query


def shown(balance: TrialBalance) -> dict[str, int]:
    return {row.name: row.debit - row.credit for row in balance.rows}


def test_balances_stand_in_their_columns_by_class_and_name() -> None:
    books = shop()
    post(books, debit("Bank", 500), credit("Sales", 500))
    post(books, debit("Costs:Rent", 120), credit("Bank", 120))
    post(books, debit("Costs:Other", 5), credit("Costs:Other", 5))
    post(books, debit("Bank", 99), credit("Sales", 99), status=Status.PENDING)
    with books.read() as reader:
        balance = trial_balance(reader)
    rows = [(row.name, row.debit, row.credit) for row in balance.rows]
    assert rows == [("Bank", 380, 0), ("Sales", 0, 500), ("Costs:Rent", 120, 0)]
    assert balance.debit == balance.credit == 500
    assert (balance.currency, balance.as_of) == ("GBP", None)


def test_earlier_profit_is_carried_to_retained_earnings() -> None:
    books = shop()
    post(books, debit("Bank", 500), credit("Sales", 500), day=date(2024, 7, 1))
    post(books, debit("Bank", 300), credit("Sales", 300), day=date(2025, 7, 1))
    with books.read() as reader:
        assert shown(trial_balance(reader, date(2024, 12, 31))) == {"Bank": 500, "Sales": -500}
        assert shown(trial_balance(reader, date(2025, 1, 1))) == {"Bank": 500, "Retained": -500}
        later = trial_balance(reader, date(2025, 12, 31))
        assert shown(later) == {"Bank": 800, "Retained": -500, "Sales": -300}
        posted = trial_balance(reader, date(2025, 12, 31), Carrying.AS_POSTED)
        assert shown(posted) == {"Bank": 800, "Sales": -800}
        assert shown(trial_balance(reader)) == {"Bank": 800, "Sales": -800}


@pytest.mark.parametrize(
    ("month", "day", "start"),
    [
        (1, date(2026, 1, 1), date(2026, 1, 1)),
        (4, date(2026, 3, 31), date(2025, 4, 1)),
        (4, date(2026, 4, 1), date(2026, 4, 1)),
        (12, date(2026, 11, 30), date(2025, 12, 1)),
    ],
)
def test_fiscal_years_start_in_their_month(month: int, day: date, start: date) -> None:
    books = shop(fiscal_year_start=month)
    with books.read() as reader:
        assert fiscal_year_start(reader.company, day) == start


@given(
    st.lists(
        st.tuples(
            st.dates(date(2023, 1, 1), date(2027, 12, 31)),
            st.integers(1, 10**6),
            st.permutations(["Bank", "Sales", "Costs:Rent", "Retained"]),
        ),
        max_size=12,
    ),
    st.dates(date(2022, 1, 1), date(2028, 12, 31)),
    st.integers(1, 12),
    st.sampled_from(Carrying),
)
def test_columns_always_agree(
    posted: list[tuple[date, int, list[str]]], as_of: date, month: int, carrying: Carrying
) -> None:
    books = shop(fiscal_year_start=month)
    if posted:
        carry_out(
            books,
            [
                CreateEntry(
                    EntryContent((debit(names[0], amount), credit(names[1], amount)), day),
                    entry_id=EntryId(number),
                )
                for number, (day, amount, names) in enumerate(posted, start=1)
            ],
        )
    with books.read() as reader:
        balance = trial_balance(reader, as_of, carrying)
    assert balance.debit == balance.credit
    # The balance sheet side of it is what was posted, whatever is carried.
    bank = sum(
        amount * ((names[0] == "Bank") - (names[1] == "Bank"))
        for day, amount, names in posted
        if day <= as_of
    )
    assert shown(balance).get("Bank", 0) == bank


Tree = tuple[str, int, list["Tree"]]


def tree(section: Section) -> list[Tree]:
    """Names, values and items of a section's lines."""

    def shown(line: StatementLine) -> Tree:
        return line.name, line.value, [shown(item) for item in line.items]

    return [shown(line) for line in section.lines]


def test_a_statement_shows_accounts_as_a_tree_with_the_usual_signs() -> None:
    books = shop()
    post(books, debit("Bank", 500), credit("Sales", 500))
    post(books, debit("Costs:Rent", 120), credit("Bank", 120))
    post(books, debit("Costs", 7), credit("Bank", 7))
    post(books, debit("Bank", 99), credit("Sales", 99), status=Status.PENDING)
    with books.read() as reader:
        statement = income_statement(reader, date(2026, 3, 1), date(2026, 3, 31))
        assert tree(statement.income) == [("Sales", 500, [])]
        assert tree(statement.expenses) == [("Costs", 127, [("Rent", 120, [])])]
        assert statement.cost_of_sales == Section(0, ())
        assert (statement.gross_profit, statement.operating_profit) == (500, 373)
        assert (statement.net_other_income, statement.net_profit) == (0, 373)
        assert statement.currency == "GBP"
        sheet = balance_sheet(reader, date(2026, 3, 31))
    assert tree(sheet.assets) == [("Bank", 373, [])]
    assert sheet.liabilities == Section(0, ())
    assert tree(sheet.equity) == [("Net Income", 373, [])]
    assert sheet.net_assets == 373


def test_a_period_holds_its_first_and_last_day_and_nothing_else() -> None:
    books = shop()
    for amount, day in ((1, 28), (10, 1), (100, 31)):
        month = 2 if day == 28 else 3
        post(books, debit("Bank", amount), credit("Sales", amount), day=date(2026, month, day))
    post(books, debit("Bank", 1_000), credit("Sales", 1_000), day=date(2026, 4, 1))
    with books.read() as reader:
        march = income_statement(reader, date(2026, 3, 1), date(2026, 3, 31))
        always = income_statement(reader, date.min, date.max)
        never = income_statement(reader, date(2026, 3, 2), date(2026, 3, 1))
    assert (march.net_profit, always.net_profit, never.net_profit) == (110, 1_111, 0)


def test_equity_holds_earlier_profit_in_the_account_for_it_or_a_line_of_its_own() -> None:
    books = shop()
    post(books, debit("Bank", 500), credit("Sales", 500), day=date(2024, 7, 1))
    post(books, debit("Costs", 300), credit("Bank", 300), day=date(2025, 7, 1))
    with books.read() as reader:
        sheet = balance_sheet(reader, date(2025, 12, 31))
    assert tree(sheet.equity) == [("Retained", 500, []), ("Net Income", -300, [])]
    assert sheet.equity.lines[0].account is not None
    plain = bare_shop()
    post(plain, debit("Till", 500), credit("Takings", 500), day=date(2024, 7, 1))
    with plain.read() as reader:
        sheet = balance_sheet(reader, date(2025, 12, 31))
    assert tree(sheet.equity) == [("Retained Earnings", 500, [])]
    assert sheet.equity.lines[0].account is None


def bare_shop() -> Books:
    """Books without an account for retained earnings."""
    books = shop()
    with books.read() as reader:
        (kept,) = reader.references(
            "account", Query(Compare(Field.SUBTYPE, Op.EQ, "RetainedEarnings"))
        )
    content = AccountContent("Retained", AccountKind.EQUITY, code="3200")
    made = (
        AccountContent("Till", AccountKind.BANK),
        AccountContent("Takings", AccountKind.INCOME),
    )
    carry_out(
        books,
        [ReplaceReference(kept.id, None, content), *(CreateReference(each) for each in made)],
    )
    return books


def test_periods_of_months_go_back_from_the_newest() -> None:
    assert month_periods(date(2026, 3, 14), 1, 2) == [
        (date(2026, 3, 1), date(2026, 3, 31)),
        (date(2026, 2, 1), date(2026, 2, 28)),
    ]
    assert month_periods(date(2026, 1, 1), 3, 1) == [(date(2025, 11, 1), date(2026, 1, 31))]
    assert month_periods(date(9999, 12, 5), 1, 1) == [(date(9999, 12, 1), date.max)]
    assert month_periods(date(1, 2, 1), 1, 5) == [
        (date(1, 2, 1), date(1, 2, 28)),
        (date(1, 1, 1), date(1, 1, 31)),
    ]


def test_the_span_of_postings_counts_what_is_posted_and_live() -> None:
    books = shop()
    with books.read() as reader:
        assert posting_span(reader) is None
    gone = post(books, debit("Bank", 1), credit("Sales", 1), day=date(2020, 1, 1))
    carry_out(books, [DeleteEntry(gone.id, None)])
    post(books, debit("Bank", 1), credit("Sales", 1), day=date(2031, 1, 1), status=Status.REVIEW)
    for day in (date(2025, 5, 1), date(2024, 2, 29), date(2026, 1, 1)):
        post(books, debit("Bank", 1), credit("Sales", 1), day=day)
    with books.read() as reader:
        assert posting_span(reader) == (date(2024, 2, 29), date(2026, 1, 1))


KINDS = {
    "Bank": "assets",
    "Debtors": "assets",
    "Creditors": "liabilities",
    "Retained": "equity",
    "Sales": "income",
    "Costs": "expenses",
    "Costs:Rent": "expenses",
    "Costs:Other": "expenses",
    "Purchases": "cost_of_sales",
    "Interest": "other_income",
    "Fines": "other_expenses",
}


@given(
    st.lists(
        st.tuples(
            st.dates(date(2023, 1, 1), date(2027, 12, 31)),
            st.integers(1, 10**6),
            st.permutations([name for name in KINDS if name not in ("Debtors", "Creditors")]),
            st.booleans(),
        ),
        max_size=12,
    ),
    st.dates(date(2022, 6, 1), date(2028, 6, 1)),
    st.integers(1, 12),
    st.integers(1, 12),
)
def test_statements_are_what_the_entries_say(
    posted: list[tuple[date, int, list[str], bool]], day: date, length: int, start: int
) -> None:
    """Every section against sums over the entries themselves; columns of months together."""
    books = shop(fiscal_year_start=start)
    kinds = {
        "Purchases": AccountKind.COST_OF_SALES,
        "Interest": AccountKind.OTHER_INCOME,
        "Fines": AccountKind.OTHER_EXPENSE,
    }
    commands: list[Command] = [
        CreateReference(AccountContent(name, kind)) for name, kind in kinds.items()
    ]
    commands += [
        CreateEntry(
            EntryContent((debit(names[0], amount), credit(names[1], amount)), on),
            Status.POSTED if counts else Status.PENDING,
        )
        for on, amount, names, counts in posted
    ]
    carry_out(books, commands)
    periods = month_periods(day, length, 3)
    with books.read() as reader:
        statements = income_statements(reader, periods)
        sheets = balance_sheets(reader, [last for _, last in periods])
    for (first, last), statement, sheet in zip(periods, statements, sheets, strict=True):
        check_statement(posted, first, last, statement)
        check_sheet(posted, last, sheet)


Posted = list[tuple[date, int, list[str], bool]]


def summed(posted: Posted, first: date, last: date, section: str) -> int:
    """Debits less credits of the accounts of a section."""
    return sum(
        amount * ((KINDS[names[0]] == section) - (KINDS[names[1]] == section))
        for day, amount, names, counts in posted
        if counts and first <= day <= last
    )


def check_statement(posted: Posted, first: date, last: date, statement: IncomeStatement) -> None:
    profit = 0
    for section in ("income", "cost_of_sales", "expenses", "other_income", "other_expenses"):
        debits = summed(posted, first, last, section)
        found = getattr(statement, section)
        assert found.value == (-debits if "income" in section else debits)
        assert found.value == sum(line.value for line in found.lines)
        profit -= debits
    assert statement.net_profit == profit


def check_sheet(posted: Posted, last: date, sheet: BalanceSheet) -> None:
    assert sheet.assets.value == summed(posted, date.min, last, "assets")
    assert sheet.liabilities.value == -summed(posted, date.min, last, "liabilities")
    assert sheet.assets.value == sheet.liabilities.value + sheet.equity.value
    assert sheet.net_assets == sheet.equity.value
    assert sheet.equity.value == sum(line.value for line in sheet.equity.lines)
