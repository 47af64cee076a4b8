"""The chart of accounts with balances, and each account as a register with a chart."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import date
from typing import Final

from daybook.app.access import Scope
from daybook.app.account_reports import (
    AccountLedger,
    AccountLine,
    MonthlyBalance,
    Place,
    Span,
    account_ledger,
    account_span,
    month_ends,
    monthly_balances,
    register_page,
)
from daybook.app.periods import named
from daybook.app.ports import Reader
from daybook.app.report_tables import account_table, contact_names
from daybook.app.reports import all_accounts, posting_span, trial_balance
from daybook.domain.events import ACCOUNT
from daybook.domain.ids import AccountId, ContactId, EntryId
from daybook.domain.limits import RECORD_ID_MAX
from daybook.domain.model import Account, Classification
from daybook.domain.query import fold
from daybook.domain.values import value
from daybook.protocols.kit import json
from daybook.protocols.kit.plugin import Response
from daybook.web import formats
from daybook.web.addresses import COMPANY_PREFIX
from daybook.web.files import file, format_of, no_period
from daybook.web.formats import plain_money, today
from daybook.web.limits import ACCOUNTS_MAX, CHART_MONTHS, FILTER_TEXT_LENGTH_MAX, REGISTER_ROWS
from daybook.web.periods import AskedDays, OtherYear, read_days, year_of
from daybook.web.rendering import Format
from daybook.web.routing import Route
from daybook.web.visit import Visit


@value
class Row:
    """An account in the chart. `depth` is how many accounts it is below; `balance` is its own and
    that of all accounts below it, and `is_sum` says that there are such.
    """

    account: Account
    depth: int
    balance: int
    is_sum: bool


@value
class Group:
    """The accounts of a class, as trees, by code and name."""

    title: str
    rows: tuple[Row, ...]


_TITLES: Final[Mapping[Classification | None, str]] = {
    Classification.ASSET: "Assets",
    Classification.LIABILITY: "Liabilities",
    Classification.EQUITY: "Equity",
    Classification.REVENUE: "Income",
    Classification.EXPENSE: "Expenses",
    None: "Not posted to",
}


def accounts(visit: Visit) -> Response:
    """The chart with today's balances."""
    text = visit.query.get("text", "").strip()[:FILTER_TEXT_LENGTH_MAX]
    day = today(visit.now(), visit.home.time_zone)
    with visit.opened.read() as reader:
        balances = {
            row.account.id: row.debit - row.credit
            for row in trial_balance(reader, day).rows
            if row.account is not None
        }
        every = list(all_accounts(reader))
    _add_to_parents(every, balances)
    found = [account for account in every if _is_called(account, text)]
    more = len(found) > ACCOUNTS_MAX
    parents = {account.parent_id for account in every}
    groups = list(_groups(found[:ACCOUNTS_MAX], balances, parents))
    return visit.page(
        "accounts.html", title="Accounts", groups=groups, text=text, day=day, more=more
    )


def _is_called(account: Account, text: str) -> bool:
    wanted = fold(text)
    return wanted in fold(account.full_name) or fold(account.code or "").startswith(wanted)


def _add_to_parents(every: Iterable[Account], balances: dict[AccountId, int]) -> None:
    """Add what each account came to to all accounts above it."""
    above = {account.id: account.parent_id for account in every}
    for account_id, balance in list(balances.items()):
        parent = above[account_id]
        while parent is not None:  # accounts are at most a few deep, and none is above itself
            balances[parent] = balances.get(parent, 0) + balance
            parent = above[parent]


def _groups(
    found: Iterable[Account],
    balances: Mapping[AccountId, int],
    parents: AbstractSet[AccountId | None],
) -> Iterator[Group]:
    by_class: dict[Classification | None, list[Account]] = {}
    for account in found:
        by_class.setdefault(account.kind.classification, []).append(account)
    for classification, title in _TITLES.items():
        rows = tuple(
            Row(
                account,
                account.full_name.count(":"),
                balances.get(account.id, 0),
                account.id in parents,
            )
            for account in sorted(by_class.get(classification, ()), key=_by_name)
        )
        if rows:
            yield Group(title, rows)


def _by_name(account: Account) -> tuple[list[str], int]:
    return fold(account.full_name).split(":"), account.id


def account(visit: Visit) -> Response:
    """The register of an account, newest first, and what those below it came to."""
    asked = read_days(visit.query)
    with visit.opened.read() as reader:
        found = _account(visit, reader)
        if found is None:
            return visit.not_found()
        shown = None if asked.faults else _shown(visit, reader, found, asked)
    return visit.page(
        "account.html",
        title=found.full_name,
        account=found,
        asked=asked,
        shown=shown,
        sums_max=ACCOUNTS_MAX,
        formats=Format,
    )


@value
class Shown:
    """What the page of an account shows. `older` is the cursor of the next page.

    `elsewhere` is a fiscal year with lines, where none of the days shown has any.
    """

    ledger: AccountLedger
    lines: tuple[AccountLine, ...]
    names: Mapping[ContactId, str]
    months: list[MonthlyBalance]
    chart: str
    older: str | None
    is_first: bool
    elsewhere: OtherYear | None


def _shown(visit: Visit, reader: Reader, found: Account, asked: AskedDays) -> Shown:
    posted = posting_span(reader)
    span = _span(visit, found, asked, posted)
    ledger = account_ledger(reader, found, span)
    place = _place(visit, found)
    opening = ledger.own.opening
    page = register_page(reader, found.id, REGISTER_ROWS, place, span.last, span.first, opening)
    older = None
    if page.next is not None:
        key = (page.next.posting_date.isoformat(), page.next.entry_id)
        older = visit.site.seal.seal(visit.home.id, _seal_of(found), key)
    end = min(
        asked.last or _today(visit), named("month", posted[1] if posted else _today(visit), 1)[1]
    )
    months = monthly_balances(reader, found, month_ends(end, CHART_MONTHS))
    elsewhere = None
    if not page.lines and not ledger.below:
        latest = register_page(reader, found.id, 1).lines
        if latest:
            elsewhere = year_of(latest[0].posting_date, visit.home.fiscal_year_start)
    return Shown(
        ledger,
        page.lines,
        contact_names(reader, page.lines),
        months,
        _chart(visit, found, months),
        older,
        place is None,
        elsewhere,
    )


def account_file(visit: Visit) -> Response:
    """What an account's page shows as a file, all lines of it."""
    wanted, asked = format_of(visit), read_days(visit.query)
    with visit.opened.read() as reader:
        found = _account(visit, reader)
        if found is None or wanted is None:
            return visit.not_found()
        if asked.faults:
            return no_period(visit, asked.faults)
        span = _span(visit, found, asked, posting_span(reader))
        table = account_table(reader, found, span)
    return file(visit, table, wanted)


def _span(visit: Visit, found: Account, asked: AskedDays, posted: tuple[date, date] | None) -> Span:
    day = _today(visit)
    return account_span(visit.home, found, asked.first, asked.last, today=day, posted=posted)


def _today(visit: Visit) -> date:
    return today(visit.now(), visit.home.time_zone)


def _account(visit: Visit, reader: Reader) -> Account | None:
    text = visit.parts["account"]
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(RECORD_ID_MAX))):
        return None
    found = reader.reference(ACCOUNT, int(text))
    return found if isinstance(found, Account) else None


def _seal_of(found: Account) -> bytes:
    return b"account %d" % found.id


def _place(visit: Visit, found: Account) -> Place | None:
    """Where the page before this one ended; None at the first, or for a cursor of other pages."""
    cursor = visit.query.get("after", "")
    key = visit.site.seal.open(visit.home.id, _seal_of(found), cursor) if cursor else None
    if key is None:
        return None
    day, entry_id = key
    return Place(date.fromisoformat(str(day)), EntryId(int(str(entry_id))))


def _chart(visit: Visit, found: Account, months: list[MonthlyBalance]) -> str:
    """What our script draws: amounts as text, so that none is rounded on its way.

    On the side where the account's balance belongs, so that more income or debt goes upward.
    """
    currency = visit.home.home_currency
    is_credit = found.kind.classification in _CREDIT_SIDE
    sign, side = (-1, "credit") if is_credit else (1, "debit")
    return json.encode(
        {
            "label": f"{side.title()} balance, {currency}",
            "labels": [formats.day(each.day) for each in months],
            "values": [plain_money(sign * each.balance, currency) for each in months],
        }
    ).decode()


_CREDIT_SIDE: Final = (
    Classification.LIABILITY,
    Classification.EQUITY,
    Classification.REVENUE,
)
"""Classes whose balances are credits."""

_ACCOUNT: Final = f"{COMPANY_PREFIX}/accounts/{{account}}"

ROUTES: Final = (
    Route("accounts", "GET", f"{COMPANY_PREFIX}/accounts", accounts, Scope.READ, "accounts"),
    Route("account", "GET", _ACCOUNT, account, Scope.READ, "accounts"),
    Route("account-file", "GET", f"{_ACCOUNT}/{{format}}", account_file, Scope.READ, "accounts"),
)
