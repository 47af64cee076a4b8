"""Reports of accounts line by line: exact against a recomputation from the entries alone."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.shop import carry_out, credit, debit, post, shop

from daybook.app import account_reports
from daybook.app.account_reports import (
    AccountLine,
    Place,
    account_ledger,
    account_lines,
    account_span,
    general_ledger,
    month_ends,
    monthly_balances,
    register_page,
)
from daybook.app.ledger import Books
from daybook.app.ports import Reader
from daybook.app.report_tables import RowKind, Table, account_table
from daybook.app.reports import posting_span, trial_balance
from daybook.domain.commands import Command, CreateEntry, DeleteEntry, EntryContent
from daybook.domain.events import ACCOUNT
from daybook.domain.ids import AccountId, EntryId
from daybook.domain.model import Account, JournalEntry, Status
from daybook.domain.query import Compare, Field, Keyset, Op, Query

NAMES = ("Bank", "Sales", "Costs:Rent", "Retained", "Costs:Other")
Posted = list[tuple[date, list[tuple[int, list[str]]], Status, bool]]

DAYS = st.dates(date(2024, 11, 1), date(2026, 2, 28))
POSTED = st.lists(
    st.tuples(
        DAYS,
        st.lists(st.tuples(st.integers(0, 10**6), st.permutations(NAMES)), min_size=1, max_size=3),
        st.sampled_from((Status.POSTED, Status.POSTED, Status.POSTED, Status.PENDING)),
        st.booleans(),
    ),
    max_size=14,
)


def filled(
    posted: list[tuple[date, list[tuple[int, list[str]]], Status, bool]], month: int
) -> Books:
    """Books with entries, some waiting, some deleted."""
    books = shop(fiscal_year_start=month)
    commands: list[Command] = []
    for number, (day, moves, status, deleted) in enumerate(posted, start=1):
        lines = tuple(
            line
            for amount, names in moves
            for line in (debit(names[0], amount), credit(names[1], amount))
        )
        content = EntryContent(lines, day, f"N-{number}")
        commands.append(CreateEntry(content, status, entry_id=EntryId(number)))
        if deleted:
            commands.append(DeleteEntry(EntryId(number), None))
    if commands:
        carry_out(books, commands)
    return books


def accounts_of(reader: Reader) -> dict[str, Account]:
    found = reader.references(ACCOUNT, Query())
    return {each.full_name: each for each in found if isinstance(each, Account)}


def entries_of(reader: Reader) -> list[JournalEntry]:
    """Those that count, in the order of a register, sorted here."""
    found = [entry for entry in reader.entries(Query(page=Keyset(1_000))) if entry.counts]
    return sorted(found, key=lambda entry: (entry.posting_date, entry.id))


def moved(entries: list[JournalEntry], account: Account, first: date, last: date) -> int:
    """Debits less credits of an account between two days, both included."""
    return sum(
        line.signed_home
        for entry in entries
        for line in entry.lines
        if line.account_id == account.id and first <= entry.posting_date <= last
    )


@given(POSTED, DAYS, st.integers(0, 400), st.integers(1, 12))
def test_the_general_ledger_is_what_the_entries_add_up_to(
    posted: Posted,
    first: date,
    length: int,
    month: int,
) -> None:
    books, last = filled(posted, month), first + timedelta(days=length)
    year = date(first.year if first.month >= month else first.year - 1, month, 1)
    with books.read() as reader:
        entries, accounts = entries_of(reader), accounts_of(reader)
        ledger = general_ledger(reader, first, last)
        rows = {row.name: row for row in ledger.accounts}
        for name, account in accounts.items():
            began = moved(entries, account, date.min, first - timedelta(days=1))
            earlier = moved(entries, account, date.min, year - timedelta(days=1))
            if not account.kind.is_balance_sheet:
                began -= earlier
            if name == "Retained":
                began += sum(
                    moved(entries, each, date.min, year - timedelta(days=1))
                    for each in accounts.values()
                    if not each.kind.is_balance_sheet
                )
            change = moved(entries, account, first, last)
            row = rows.get(name)
            if row is None:
                assert (began, change) == (0, 0)
                continue
            assert (row.opening, row.closing) == (began, began + change)
            lines = list(account_lines(reader, account.id, first, last, row.opening))
            assert sum(line.debit for line in lines) == row.debit
            assert sum(line.credit for line in lines) == row.credit
            assert (lines[-1].balance if lines else row.opening) == row.closing
            assert [line.posting_date for line in lines] == sorted(
                line.posting_date for line in lines
            )
    assert sum(row.opening for row in ledger.accounts) == 0
    assert sum(row.closing for row in ledger.accounts) == 0


@given(POSTED, st.integers(1, 4), st.none() | DAYS, st.sampled_from(NAMES))
def test_a_register_is_the_same_in_pages_of_any_size(
    posted: Posted,
    limit: int,
    last: date | None,
    name: str,
) -> None:
    books = filled(posted, 1)
    with books.read() as reader:
        account = accounts_of(reader)[name]
        expected, balance = [], 0
        for entry in entries_of(reader):
            for line in entry.lines:
                if line.account_id == account.id and (last is None or entry.posting_date <= last):
                    balance += line.signed_home
                    expected.append((entry.id, line.signed_home, balance))
        shown: list[AccountLine] = []
        page = register_page(reader, account.id, limit, None, last)
        shown.extend(page.lines)
        while page.next is not None:
            page = register_page(reader, account.id, limit, page.next, last)
            assert page.lines
            shown.extend(page.lines)
    assert [(line.entry_id, line.debit - line.credit, line.balance) for line in shown] == expected[
        ::-1
    ]


TODAY = date(2026, 2, 14)


def year_start(day: date, month: int) -> date:
    """The first day of the fiscal year a day is in, counted here."""
    return date(day.year if day.month >= month else day.year - 1, month, 1)


def began(
    entries: list[JournalEntry], accounts: dict[str, Account], name: str, first: date, year: date
) -> int:
    """What an account begins a day with, where fiscal years before `year` are closed."""
    account, end = accounts[name], year - timedelta(days=1)
    found = moved(entries, account, date.min, first - timedelta(days=1))
    if not account.kind.is_balance_sheet:
        found -= moved(entries, account, date.min, end)
    if name == "Retained":
        others = [each for each in accounts.values() if not each.kind.is_balance_sheet]
        found += sum(moved(entries, each, date.min, end) for each in others)
    return found


@given(
    POSTED,
    st.none() | DAYS,
    st.none() | DAYS,
    st.integers(1, 12),
    st.sampled_from((*NAMES, "Costs")),
    st.integers(1, 4),
)
def test_page_file_and_entries_of_an_account_agree(
    posted: Posted,
    first: date | None,
    last: date | None,
    month: int,
    name: str,
    limit: int,
) -> None:
    """Over any days: the sums, the lines in pages and those in the file, against the entries."""
    if first is not None and last is not None:
        first, last = sorted((first, last))
    books = filled(posted, month)
    with books.read() as reader:
        entries, accounts = entries_of(reader), accounts_of(reader)
        account, days = accounts[name], posting_span(reader)
        span = account_span(reader.company, account, first, last, today=TODAY, posted=days)
        ledger = account_ledger(reader, account, span)
        table = account_table(reader, account, span)
        balances = {row.name: row.debit - row.credit for row in trial_balance(reader, last).rows}
        opening = ledger.own.opening
        page = register_page(reader, account.id, limit, None, span.last, span.first, opening)
        shown = list(page.lines)
        while page.next is not None:
            page = register_page(
                reader, account.id, limit, page.next, span.last, span.first, opening
            )
            shown.extend(page.lines)
    year = year_start(span.last if first is None else first, month)
    opened = began(entries, accounts, name, span.first, year)
    change = moved(entries, account, span.first, span.last)
    assert (opening, ledger.own.closing) == (opened, opened + change)
    if first is None and last is not None:
        assert ledger.own.closing == balances.get(name, 0)
    assert (shown[0].balance if shown else opened) == opened + change
    assert sum(line.debit - line.credit for line in shown) == change
    assert isinstance(table, Table)
    in_file = [(row.entry_id, *row.cells[-3:]) for row in table.rows if row.entry_id is not None]
    assert in_file[::-1] == [
        (line.entry_id, line.debit or None, line.credit or None, line.balance) for line in shown
    ]
    closing = next(row for row in table.rows if row.kind is RowKind.SUBTOTAL)
    assert closing.cells[-1] == ledger.own.closing
    below = [each for each in accounts if each.startswith(f"{name}:")]
    total = sum(
        began(entries, accounts, each, span.first, year)
        + moved(entries, accounts[each], span.first, span.last)
        for each in (name, *below)
    )
    assert ledger.total.closing == total
    if ledger.below:
        assert table.rows[-1].cells[-1] == total


@given(POSTED, st.booleans(), st.integers(1, 12))
def test_without_days_all_that_carries_over_is_shown_and_a_fiscal_year_of_the_rest(
    posted: Posted, has_last: bool, month: int
) -> None:
    books, last = filled(posted, month), TODAY if has_last else None
    with books.read() as reader:
        entries, accounts = entries_of(reader), accounts_of(reader)
        days = posting_span(reader)

        def span(name: str) -> tuple[date, date]:
            found = account_span(
                reader.company, accounts[name], None, last, today=TODAY, posted=days
            )
            return found.first, found.last

        bank, sales = span("Bank"), span("Sales")
    dated = [each.posting_date for each in entries if last is None or each.posting_date <= last]
    assert all(bank[0] <= day <= bank[1] for day in dated)
    newest = TODAY if last else min([TODAY, *(day for day in dated[-1:])])
    assert sales[0] == year_start(newest, month)
    assert sales[0] <= newest <= sales[1]


def test_an_account_is_shown_with_those_below_it() -> None:
    books = shop()
    post(books, debit("Costs:Rent", 70), credit("Bank", 70), day=date(2026, 2, 1))
    post(books, debit("Costs:Other", 5), credit("Bank", 5), day=date(2026, 3, 1))
    with books.read() as reader:
        costs = accounts_of(reader)["Costs"]
        days = posting_span(reader)
        span = account_span(reader.company, costs, None, None, today=date(2026, 5, 1), posted=days)
        ledger = account_ledger(reader, costs, span)
        months = monthly_balances(reader, costs, month_ends(date(2026, 3, 31), 2))
    assert [(row.name, row.closing) for row in ledger.below] == [
        ("Costs:Other", 5),
        ("Costs:Rent", 70),
    ]
    assert (ledger.own.closing, ledger.total.closing) == (0, 75)
    assert [each.balance for each in months] == [70, 75]


def test_balances_at_the_ends_of_months_begin_anew_with_the_fiscal_year() -> None:
    books = shop(fiscal_year_start=4)
    post(books, debit("Bank", 500), credit("Sales", 500), day=date(2026, 3, 31))
    post(books, debit("Bank", 20), credit("Sales", 20), day=date(2026, 4, 5))
    with books.read() as reader:
        accounts, days = accounts_of(reader), month_ends(date(2026, 4, 30), 2)
        sales = monthly_balances(reader, accounts["Sales"], days)
        kept = monthly_balances(reader, accounts["Retained"], days)
    assert [(each.balance, each.movement) for each in sales] == [(-500, -500), (-20, -20)]
    assert [each.balance for each in kept] == [0, -500]


def test_a_page_that_ends_for_its_bytes_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    books = shop()
    for _ in range(3):
        post(books, debit("Bank", 5), credit("Sales", 5))
    monkeypatch.setattr(account_reports, "PAGE_BYTES_MAX", 1)
    with books.read() as reader:
        bank = accounts_of(reader)["Bank"].id
        page = register_page(reader, bank, 10)
        assert [line.balance for line in page.lines] == [15]
        assert page.next == Place(date(2026, 3, 14), page.lines[0].entry_id)
        page = register_page(reader, bank, 10, page.next)
        assert [line.balance for line in page.lines] == [10]


def test_profit_without_an_account_for_it_has_a_row_of_its_own() -> None:
    books = shop()
    post(books, debit("Bank", 500), credit("Sales", 500), day=date(2024, 7, 1))
    with books.read() as reader:
        kept = accounts_of(reader)["Retained"]
        assert isinstance(kept, Account)
        ledger = general_ledger(reader, date(2025, 1, 1), date(2025, 12, 31))
        shown = [(row.name, row.opening) for row in ledger.accounts]
        assert shown == [("Bank", 500), ("Retained", -500)]
        early = general_ledger(reader, date.min, date.max)
        assert [(row.name, row.closing) for row in early.accounts] == [
            ("Bank", 500),
            ("Sales", -500),
        ]


def test_balances_at_the_ends_of_months() -> None:
    books = shop()
    post(books, debit("Bank", 500), credit("Sales", 500), day=date(2026, 1, 31))
    post(books, debit("Costs", 20), credit("Bank", 20), day=date(2026, 3, 5))
    days = month_ends(date(2026, 3, 14), 3)
    assert days == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 14)]
    with books.read() as reader:
        found = monthly_balances(reader, accounts_of(reader)["Bank"], days)
    assert [(each.balance, each.movement) for each in found] == [(500, 500), (500, 0), (480, -20)]
    assert month_ends(date(1, 2, 3), 5) == [date(1, 1, 31), date(1, 2, 3)]


def test_an_account_that_does_not_exist_has_an_empty_register() -> None:
    books = shop()
    with books.read() as reader:
        assert not reader.references(ACCOUNT, Query(Compare(Field.ID, Op.EQ, 9_999)))
        page = register_page(reader, AccountId(9_999), 10)
    assert (page.lines, page.next) == ((), None)
