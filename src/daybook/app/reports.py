"""Reports over the books: what accounts amount to.

    trial_balance       every account's balance at the end of a day
    income_statement    what was earned and spent from one day to another (profit and loss)
    balance_sheet       what is owned and owed at the end of a day

All of them cost in proportion to accounts, not to entries, as of any day: the store keeps totals
by account and adds up those of periods. Amounts are whole minor units of the home currency.

Statements show accounts as the tree they are, by name, those that amount to nothing left out. An
amount has the sign that is usual in its section: income, expenses, assets, liabilities and equity
are positive where they are what their names say.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, timedelta
from enum import Enum
from typing import Final

from daybook.app.ports import Reader
from daybook.domain.events import ACCOUNT
from daybook.domain.ids import AccountId
from daybook.domain.limits import PAGE_ROWS_MAX
from daybook.domain.model import Account, AccountKind, Classification, Company, Status
from daybook.domain.query import And, Compare, Keyset, Op, Query, Sort, fold, sort_key
from daybook.domain.query import Field as QueryField
from daybook.domain.values import value

RETAINED_EARNINGS: Final = "RetainedEarnings"
"""The subtype of the account that earlier years' profit is carried to."""


class Carrying(Enum):
    """What becomes of the profit of earlier fiscal years."""

    TO_RETAINED_EARNINGS = "to-retained-earnings"
    """Income and expense accounts start each year at nothing; their earlier balances are added
    to retained earnings, as accountants and accounting programs show it."""
    AS_POSTED = "as-posted"
    """Every account shows all that was ever posted to it."""


@value
class TrialBalanceRow:
    """An account and its balance, in the column it belongs to; the other column is 0.

    `account` is None for profit carried to retained earnings in books without such an account.
    """

    account: Account | None
    name: str
    debit: int
    credit: int


@value
class TrialBalance:
    """Accounts whose balance is not nothing, by class and then by name; the columns are equal.

    `as_of` is the last day that counts, None for all; `currency` the home currency.
    """

    as_of: date | None
    currency: str
    rows: tuple[TrialBalanceRow, ...]

    @property
    def debit(self) -> int:
        """Sum of the debit column, in minor units."""
        return sum(row.debit for row in self.rows)

    @property
    def credit(self) -> int:
        """Sum of the credit column, in minor units."""
        return sum(row.credit for row in self.rows)


def fiscal_year_start(company: Company, day: date) -> date:
    """The first day of the fiscal year that a day is in."""
    year = day.year if day.month >= company.fiscal_year_start else day.year - 1
    return date(max(year, date.min.year), company.fiscal_year_start, 1)


def trial_balance(
    reader: Reader,
    as_of: date | None = None,
    carrying: Carrying = Carrying.TO_RETAINED_EARNINGS,
) -> TrialBalance:
    """The balances of all accounts at the end of a day.

    Without a day there is no fiscal year to start anew in, and accounts show all that was posted.
    """
    balances = {AccountId(total.id): total.balance for total in reader.account_totals(as_of)}
    accounts = {account.id: account for account in all_accounts(reader)}
    carried = 0
    if as_of is not None and carrying is Carrying.TO_RETAINED_EARNINGS:
        carried = _close_earlier_years(reader, as_of, balances, accounts)
    rows = [
        _row(accounts[account_id], accounts[account_id].full_name, balance)
        for account_id, balance in balances.items()
        if balance
    ]
    if carried:
        rows.append(_row(None, "Retained Earnings", carried))
    rows.sort(key=_place)
    return TrialBalance(as_of, reader.company.home_currency, tuple(rows))


def _close_earlier_years(
    reader: Reader,
    as_of: date,
    balances: dict[AccountId, int],
    accounts: Mapping[AccountId, Account],
) -> int:
    """Carry the profit of years before that of `as_of`; answers with what found no account."""
    start = fiscal_year_start(reader.company, as_of)
    if start == date.min:
        return 0
    carried = 0
    for total in reader.account_totals(start - timedelta(days=1)):
        account_id = AccountId(total.id)
        if not accounts[account_id].kind.is_balance_sheet:
            balances[account_id] -= total.balance
            carried += total.balance
    home = retained_earnings_account(accounts.values())
    if home is None:
        return carried
    balances[home.id] = balances.get(home.id, 0) + carried
    return 0


def retained_earnings_account(accounts: Iterable[Account]) -> Account | None:
    """The account that earlier profit is carried to: the oldest of that subtype."""
    found = [
        account
        for account in accounts
        if account.kind is AccountKind.EQUITY and account.subtype == RETAINED_EARNINGS
    ]
    return min(found, key=lambda account: account.id, default=None)


def all_accounts(reader: Reader) -> Iterable[Account]:
    """Every account of the company, active or not, in order of its id."""
    after = None
    while True:
        query = Query(sort=(Sort(QueryField.ID),), page=Keyset(PAGE_ROWS_MAX, after))
        page = reader.references(ACCOUNT, query)
        for record in page:
            assert isinstance(record, Account)
            yield record
        if len(page) < PAGE_ROWS_MAX:
            return
        after = sort_key(page[-1], query.sort)


@value
class StatementLine:
    """An account in a statement, and those below it.

    `value` is its own amount and that of all `items`, in minor units. `account` is None for a
    line that no account stands for: profit that has not been carried to one.
    """

    name: str
    value: int
    account: Account | None = None
    items: tuple["StatementLine", ...] = ()


@value
class Section:
    """Lines that belong together, and their sum in minor units."""

    value: int
    lines: tuple[StatementLine, ...]


@value
class IncomeStatement:
    """What was earned and spent from `first` to `last`, both days included."""

    first: date
    last: date
    currency: str
    income: Section
    cost_of_sales: Section
    expenses: Section
    other_income: Section
    other_expenses: Section

    @property
    def gross_profit(self) -> int:
        """Income less the cost of sales."""
        return self.income.value - self.cost_of_sales.value

    @property
    def operating_profit(self) -> int:
        """Gross profit less expenses."""
        return self.gross_profit - self.expenses.value

    @property
    def net_other_income(self) -> int:
        """Other income less other expenses."""
        return self.other_income.value - self.other_expenses.value

    @property
    def net_profit(self) -> int:
        """What is left of everything."""
        return self.operating_profit + self.net_other_income


@value
class BalanceSheet:
    """What is owned and owed at the end of a day: assets = liabilities + equity.

    Equity holds the profit of the fiscal year up to the day as a line of its own, and that of
    earlier years in the account that `retained_earnings_account` finds, or else in another line.
    """

    as_of: date
    currency: str
    assets: Section
    liabilities: Section
    equity: Section

    @property
    def net_assets(self) -> int:
        """Assets less liabilities, which is equity."""
        return self.assets.value - self.liabilities.value


def income_statement(reader: Reader, first: date, last: date) -> IncomeStatement:
    """Profit and loss from one day to another, both included; nothing if `last` comes first."""
    return income_statements(reader, ((first, last),))[0]


def income_statements(
    reader: Reader, periods: Sequence[tuple[date, date]]
) -> list[IncomeStatement]:
    """The income statement of each period; adjoining ones share the totals between them."""
    accounts = {account.id: account for account in all_accounts(reader)}
    currency = reader.company.home_currency
    balances_at = remembered_balances(reader)
    found = []
    for first, last in periods:
        moved = dict(balances_at(last)) if first <= last else {}
        if moved and first > date.min:
            for account_id, balance in balances_at(first - timedelta(days=1)).items():
                moved[account_id] -= balance
        sections = [_section(accounts, moved, kind, sign) for kind, sign in _INCOME_SECTIONS]
        found.append(IncomeStatement(first, last, currency, *sections))
    return found


def balance_sheet(reader: Reader, as_of: date) -> BalanceSheet:
    """The balance sheet at the end of a day."""
    return balance_sheets(reader, (as_of,))[0]


def balance_sheets(reader: Reader, days: Sequence[date]) -> list[BalanceSheet]:
    """The balance sheet at the end of each day."""
    accounts = {account.id: account for account in all_accounts(reader)}
    balances_at = remembered_balances(reader)
    return [_balance_sheet(reader.company, accounts, balances_at, day) for day in days]


def month_periods(last_month: date, months: int, count: int) -> list[tuple[date, date]]:
    """First and last days of `count` periods of so many months, the newest first.

    The newest ends with the month that `last_month` is in. Those before year 1 are left out.
    """
    assert months > 0
    periods: list[tuple[date, date]] = []
    end = last_month.year * 12 + last_month.month
    while len(periods) < count and end - months >= 12:
        periods.append((_first_day(end - months), _day_before(end)))
        end -= months
    return periods


def posting_span(reader: Reader) -> tuple[date, date] | None:
    """The first and the last day that a posted entry has, or None where there is none."""
    ends: list[date] = []
    for descending in (False, True):
        sort = (Sort(QueryField.POSTING_DATE, descending),)
        found = reader.entries(Query(And(_POSTED), sort, Keyset(1)))
        ends.extend(entry.posting_date for entry in found)
    return (ends[0], ends[1]) if ends else None


def is_posted_in(reader: Reader, first: date, last: date) -> bool:
    """Whether any posted entry is dated from one day to another, both included."""
    days = (
        Compare(QueryField.POSTING_DATE, Op.GE, first),
        Compare(QueryField.POSTING_DATE, Op.LE, last),
    )
    sort = (Sort(QueryField.POSTING_DATE),)
    return bool(reader.entries(Query(And((*_POSTED, *days)), sort, Keyset(1))))


_POSTED: Final = (
    Compare(QueryField.STATUS, Op.EQ, Status.POSTED.value),
    Compare(QueryField.DELETED, Op.EQ, False),
)
NET_INCOME: Final = "Net Income"
"""The line of a balance sheet that shows the profit of the fiscal year."""

_INCOME_SECTIONS: Final = (
    (AccountKind.INCOME, -1),
    (AccountKind.COST_OF_SALES, 1),
    (AccountKind.EXPENSE, 1),
    (AccountKind.OTHER_INCOME, -1),
    (AccountKind.OTHER_EXPENSE, 1),
)
"""The sections of an income statement, and the sign that debits have in them."""

Balances = Mapping[AccountId, int]
"""Debits less credits of each account, in minor units."""


def remembered_balances(reader: Reader) -> Callable[[date], Balances]:
    """Balances at the end of a day, read once for each day."""
    found: dict[date, Balances] = {}

    def at(day: date) -> Balances:
        if day not in found:
            totals = reader.account_totals(day)
            found[day] = {AccountId(total.id): total.balance for total in totals}
        return found[day]

    return at


def _balance_sheet(
    company: Company,
    accounts: Mapping[AccountId, Account],
    balances_at: Callable[[date], Balances],
    day: date,
) -> BalanceSheet:
    balances = dict(balances_at(day))
    start = fiscal_year_start(company, day)
    earlier: Balances = {} if start == date.min else balances_at(start - timedelta(days=1))
    carried = _profit(accounts, earlier)
    profit = _profit(accounts, balances) - carried
    home = retained_earnings_account(accounts.values())
    extra = []
    if home is not None:
        balances[home.id] = balances.get(home.id, 0) - carried
    elif carried:
        extra.append(StatementLine("Retained Earnings", carried))
    if profit:
        extra.append(StatementLine(NET_INCOME, profit))
    equity = _section(accounts, balances, Classification.EQUITY, -1)
    return BalanceSheet(
        day,
        company.home_currency,
        _section(accounts, balances, Classification.ASSET, 1),
        _section(accounts, balances, Classification.LIABILITY, -1),
        Section(equity.value + sum(line.value for line in extra), (*equity.lines, *extra)),
    )


def _profit(accounts: Mapping[AccountId, Account], balances: Balances) -> int:
    """What income exceeds expenses by."""
    return -sum(
        balance
        for account_id, balance in balances.items()
        if not accounts[account_id].kind.is_balance_sheet
    )


def _section(
    accounts: Mapping[AccountId, Account],
    balances: Balances,
    part: AccountKind | Classification,
    sign: int,
) -> Section:
    """The accounts of a kind or class as trees. `sign` is what debits are multiplied by."""
    below: dict[AccountId | None, list[Account]] = {}
    for account in accounts.values():
        # A parent is of its children's kind, and so in the same section.
        if account.kind is part or account.kind.classification is part:
            below.setdefault(account.parent_id, []).append(account)

    def lines(parent_id: AccountId | None) -> tuple[StatementLine, ...]:
        found = []
        for account in below.get(parent_id, ()):
            items = lines(account.id)
            own = sign * balances.get(account.id, 0)
            if own or items:
                value = own + sum(item.value for item in items)
                found.append(StatementLine(account.name, value, account, items))
        return tuple(sorted(found, key=_by_name))

    top = lines(None)
    return Section(sum(line.value for line in top), top)


def _by_name(line: StatementLine) -> tuple[str, int]:
    return fold(line.name), 0 if line.account is None else line.account.id


def _first_day(months: int) -> date:
    """The first day of a month, counted from January of year 0."""
    return date(months // 12, months % 12 + 1, 1)


def _day_before(months: int) -> date:
    """The last day of the month before one, counted likewise."""
    if months // 12 > date.max.year:
        return date.max
    return _first_day(months) - timedelta(days=1)


def _row(account: Account | None, name: str, balance: int) -> TrialBalanceRow:
    return TrialBalanceRow(account, name, max(balance, 0), max(-balance, 0))


_CLASSES: Final = tuple(Classification)


def _place(row: TrialBalanceRow) -> tuple[int, str, int]:
    kind = AccountKind.EQUITY if row.account is None else row.account.kind
    found = kind.classification
    place = len(_CLASSES) if found is None else _CLASSES.index(found)
    return place, fold(row.name), 0 if row.account is None else row.account.id
