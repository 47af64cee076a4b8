"""The chart of accounts with balances, and each account as a register with a chart."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Final

from daybook.app.access import Scope
from daybook.app.account_reports import (
    MonthlyBalance,
    Place,
    month_ends,
    monthly_balances,
    register_page,
)
from daybook.app.ports import Reader
from daybook.app.report_tables import account_table, contact_names
from daybook.app.reports import all_accounts, trial_balance
from daybook.domain.events import ACCOUNT
from daybook.domain.ids import AccountId, EntryId
from daybook.domain.limits import RECORD_ID_MAX
from daybook.domain.model import Account, Classification
from daybook.domain.query import fold
from daybook.domain.values import value
from daybook.protocols.kit import json
from daybook.protocols.kit.plugin import Response
from daybook.web import formats
from daybook.web.addresses import COMPANY_PREFIX
from daybook.web.files import file, format_of
from daybook.web.formats import plain_money, read_day, today
from daybook.web.limits import ACCOUNTS_MAX, CHART_MONTHS, FILTER_TEXT_LENGTH_MAX, REGISTER_ROWS
from daybook.web.periods import AskedPeriod, read_period
from daybook.web.rendering import Format
from daybook.web.routing import Route
from daybook.web.visit import Visit


@value
class Row:
    """An account in the chart. `depth` is how many accounts it is below."""

    account: Account
    depth: int
    balance: int


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
        found = [account for account in all_accounts(reader) if _is_called(account, text)]
    more = len(found) > ACCOUNTS_MAX
    groups = list(_groups(found[:ACCOUNTS_MAX], balances))
    return visit.page(
        "accounts.html", title="Accounts", groups=groups, text=text, day=day, more=more
    )


def _is_called(account: Account, text: str) -> bool:
    wanted = fold(text)
    return wanted in fold(account.full_name) or fold(account.code or "").startswith(wanted)


def _groups(found: Iterable[Account], balances: Mapping[AccountId, int]) -> Iterator[Group]:
    by_class: dict[Classification | None, list[Account]] = {}
    for account in found:
        by_class.setdefault(account.kind.classification, []).append(account)
    for classification, title in _TITLES.items():
        rows = tuple(
            Row(account, account.full_name.count(":"), balances.get(account.id, 0))
            for account in sorted(by_class.get(classification, ()), key=_by_name)
        )
        if rows:
            yield Group(title, rows)


def _by_name(account: Account) -> tuple[list[str], int]:
    return fold(account.full_name).split(":"), account.id


def account(visit: Visit) -> Response:
    """The register of an account, newest first."""
    first, last = (read_day(visit.query.get(name, "")) for name in ("from", "to"))
    with visit.opened.read() as reader:
        found = _account(visit, reader)
        if found is None:
            return visit.not_found()
        place = _place(visit, found)
        page = register_page(reader, found.id, REGISTER_ROWS, place, last, first)
        names = contact_names(reader, page.lines)
        end = last or _latest(visit, reader, found.id)
        months = monthly_balances(reader, found.id, month_ends(end, CHART_MONTHS))
    sealed = None
    if page.next is not None:
        key = (page.next.posting_date.isoformat(), page.next.entry_id)
        sealed = visit.site.seal.seal(visit.home.id, _seal_of(found), key)
    return visit.page(
        "account.html",
        title=found.full_name,
        account=found,
        lines=page.lines,
        names=names,
        months=months,
        chart=_chart(visit, months),
        first=first,
        last=last,
        next=sealed,
        is_first=place is None,
        formats=Format,
    )


def _latest(visit: Visit, reader: Reader, account_id: AccountId) -> date:
    """The day an account was last posted to, today at the latest: where its chart ends."""
    day = today(visit.now(), visit.home.time_zone)
    lines = register_page(reader, account_id, 1, None, day).lines
    return lines[0].posting_date if lines else day


def account_file(visit: Visit) -> Response:
    """An account over a period as a file."""
    wanted = format_of(visit)
    with visit.opened.read() as reader:
        found = _account(visit, reader)
        if found is None or wanted is None:
            return visit.not_found()
        asked = _period(visit)
        table = account_table(reader, found, asked.first, asked.last)
    return file(visit, table, wanted)


def _period(visit: Visit) -> AskedPeriod:
    company = visit.home
    day = today(visit.now(), company.time_zone)
    return read_period(visit.query, day, company.fiscal_year_start, "year-to-date")


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


def _chart(visit: Visit, months: list[MonthlyBalance]) -> str:
    """What our script draws: amounts as text, so that none is rounded on its way."""
    currency = visit.home.home_currency
    return json.encode(
        {
            "label": f"Balance, {currency}",
            "labels": [formats.day(each.day) for each in months],
            "values": [plain_money(each.balance, currency) for each in months],
        }
    ).decode()


_ACCOUNT: Final = f"{COMPANY_PREFIX}/accounts/{{account}}"

ROUTES: Final = (
    Route("accounts", "GET", f"{COMPANY_PREFIX}/accounts", accounts, Scope.READ, "accounts"),
    Route("account", "GET", _ACCOUNT, account, Scope.READ, "accounts"),
    Route("account-file", "GET", f"{_ACCOUNT}/{{format}}", account_file, Scope.READ, "accounts"),
)
