"""Reports over the books: what accounts amount to.

A trial balance costs in proportion to accounts, not to entries, as of any day: the store keeps
totals by account and adds up those of periods. Amounts are whole minor units of the home currency.
"""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from enum import Enum
from typing import Final

from daybook.app.ports import Reader
from daybook.domain.events import ACCOUNT
from daybook.domain.ids import AccountId
from daybook.domain.limits import PAGE_ROWS_MAX
from daybook.domain.model import Account, AccountKind, Classification, Company
from daybook.domain.query import Field as QueryField
from daybook.domain.query import Keyset, Query, Sort, fold, sort_key
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


def _row(account: Account | None, name: str, balance: int) -> TrialBalanceRow:
    return TrialBalanceRow(account, name, max(balance, 0), max(-balance, 0))


_CLASSES: Final = tuple(Classification)


def _place(row: TrialBalanceRow) -> tuple[int, str, int]:
    kind = AccountKind.EQUITY if row.account is None else row.account.kind
    found = kind.classification
    place = len(_CLASSES) if found is None else _CLASSES.index(found)
    return place, fold(row.name), 0 if row.account is None else row.account.id
