"""Reports that show what accounts are made of: entries, line by line, with running balances.

    general_ledger     each account over a period: what it began with, moved by and ended at
    account_span       the days an account is shown over, where some of them were not asked for
    account_ledger     an account over a span, and those below it
    account_lines      the lines of an account over a period, oldest first
    register_page      a page of an account's lines, newest first
    monthly_balances   what an account amounted to at the ends of months

Amounts are whole minor units of the home currency, balances debits less credits. Only entries that
count (posted, not deleted) are shown. The general ledger begins as the books of its first day's
fiscal year do: income and expense accounts with what was posted in that year, earlier profit in
retained earnings; so its opening balances add up to nothing, and its closing balances too.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from daybook.app.periods import named
from daybook.app.ports import Reader
from daybook.app.reports import (
    all_accounts,
    fiscal_year_start,
    remembered_balances,
    retained_earnings_account,
)
from daybook.domain.ids import AccountId, ContactId, EntryId
from daybook.domain.limits import PAGE_ROWS_MAX
from daybook.domain.model import (
    Account,
    Classification,
    Company,
    JournalEntry,
    Line,
    Side,
    Status,
)
from daybook.domain.query import And, Compare, Field, Filter, Keyset, Op, Query, Sort, fold
from daybook.domain.values import value

PAGE_BYTES_MAX: Final = 8 * 1024 * 1024
"""Bodies of entries read at once: some large ones, or as many ordinary ones as a page has."""


@value
class AccountLine:
    """A line on an account, with what the account amounts to after it.

    `debit` and `credit` are its home amount in the column it belongs to, the other one 0.
    """

    entry_id: EntryId
    posting_date: date
    doc_number: str | None
    memo: str | None
    description: str | None
    contact_id: ContactId | None
    debit: int
    credit: int
    balance: int


@value
class LedgerAccount:
    """An account over a period. `closing` is `opening` and debits less credits.

    `account` is None for profit carried to retained earnings in books without such an account.
    """

    account: Account | None
    name: str
    opening: int
    debit: int
    credit: int

    @property
    def closing(self) -> int:
        """What the account amounts to at the end of the period."""
        return self.opening + self.debit - self.credit


@value
class GeneralLedger:
    """Accounts that began with something or were moved, by class and then by name."""

    first: date
    last: date
    currency: str
    accounts: tuple[LedgerAccount, ...]


@value
class Span:
    """The days that an account is shown over, `first` and `last` included.

    Income and expense accounts count from `year_start`, the first day of a fiscal year; retained
    earnings hold the profit of all before it.
    """

    first: date
    last: date
    year_start: date


@value
class AccountLedger:
    """An account over a span, and those below it, which began with something or were moved.

    `carried` is the profit of earlier fiscal years (as debits less credits) in what `own` began
    with.
    """

    span: Span
    own: LedgerAccount
    below: tuple[LedgerAccount, ...]
    carried: int

    @property
    def total(self) -> LedgerAccount:
        """The account with all those below it."""
        all_ = (self.own, *self.below)
        return LedgerAccount(
            self.own.account,
            self.own.name,
            sum(each.opening for each in all_),
            sum(each.debit for each in all_),
            sum(each.credit for each in all_),
        )


@value
class Place:
    """Where a page of a register ended: the entry shown last."""

    posting_date: date
    entry_id: EntryId


@value
class RegisterPage:
    """Lines of an account, newest first. `next` is where to go on, None at the end."""

    lines: tuple[AccountLine, ...]
    next: Place | None


@value
class MonthlyBalance:
    """What an account amounted to at the end of a day, and moved by since the day before it
    in the list.
    """

    day: date
    balance: int
    movement: int


_CLASSES: Final = tuple(Classification)
_OLDEST: Final = (Sort(Field.POSTING_DATE),)
_NEWEST: Final = (Sort(Field.POSTING_DATE, descending=True),)
_COUNTS: Final = (
    Compare(Field.STATUS, Op.EQ, Status.POSTED.value),
    Compare(Field.DELETED, Op.EQ, False),
)


def general_ledger(reader: Reader, first: date, last: date) -> GeneralLedger:
    """Every account from one day to another, both included. Costs in proportion to accounts."""
    accounts = {account.id: account for account in all_accounts(reader)}
    span = Span(first, last, fiscal_year_start(reader.company, first))
    rows, carried = _ledger(reader, accounts, span)
    found = [each for each in rows.values() if _is_shown(each)]
    if carried and retained_earnings_account(accounts.values()) is None:
        found.append(LedgerAccount(None, "Retained Earnings", carried, 0, 0))
    found.sort(key=_place)
    return GeneralLedger(first, last, reader.company.home_currency, tuple(found))


def account_span(
    company: Company,
    account: Account,
    first: date | None,
    last: date | None,
    *,
    today: date,
    posted: tuple[date, date] | None,
) -> Span:
    """The days to show an account over; None stands for a day that was not asked for.

    `posted` are the first and the last day of the books (`posting_span`). Without a first day what
    carries over is shown from the beginning, and what does not from its fiscal year's: that of the
    last day, or else the latest one that something was posted in, today's at the latest.
    """
    earliest, latest = posted or (today, today)
    carries = account.kind.is_balance_sheet
    if last is not None:
        end = last
    elif carries or first is not None:
        end = max(today, latest, first or today)
    else:
        end = named("year", min(today, latest), company.fiscal_year_start)[1]
    if first is not None:
        return Span(first, end, fiscal_year_start(company, first))
    year_start = fiscal_year_start(company, end)
    return Span(min(earliest, end) if carries else year_start, end, year_start)


def account_ledger(reader: Reader, account: Account, span: Span) -> AccountLedger:
    """What an account and those below it began with, were moved by and ended at."""
    accounts = {each.id: each for each in all_accounts(reader)}
    rows, carried = _ledger(reader, accounts, span)
    home = retained_earnings_account(accounts.values())
    nothing = LedgerAccount(account, account.full_name, 0, 0, 0)
    below = [
        rows[account_id]
        for account_id in _below(accounts.values(), account.id)
        if account_id in rows and _is_shown(rows[account_id])
    ]
    return AccountLedger(
        span,
        rows.get(account.id, nothing),
        tuple(sorted(below, key=_place)),
        carried if home is not None and home.id == account.id else 0,
    )


def _ledger(
    reader: Reader, accounts: Mapping[AccountId, Account], span: Span
) -> tuple[dict[AccountId, LedgerAccount], int]:
    """Accounts that anything was ever posted or carried to, and the profit that was carried."""
    before = _sides(reader, _day_before(span.first))
    after = _sides(reader, span.last) if span.first <= span.last else before
    opening = {account_id: debit - credit for account_id, (debit, credit) in before.items()}
    carried = 0
    for account_id, (debit, credit) in _sides(reader, _day_before(span.year_start)).items():
        if not accounts[account_id].kind.is_balance_sheet:
            opening[account_id] = opening.get(account_id, 0) - (debit - credit)
            carried += debit - credit
    home = retained_earnings_account(accounts.values())
    if home is not None:
        opening[home.id] = opening.get(home.id, 0) + carried
    found = {}
    for account_id in opening.keys() | after.keys():
        debit, credit = after.get(account_id, (0, 0))
        debit_before, credit_before = before.get(account_id, (0, 0))
        account = accounts[account_id]
        moved = (debit - debit_before, credit - credit_before)
        began = opening.get(account_id, 0)
        found[account_id] = LedgerAccount(account, account.full_name, began, *moved)
    return found, carried


def _is_shown(row: LedgerAccount) -> bool:
    return bool(row.opening or row.debit or row.credit)


def _below(accounts: Iterable[Account], account_id: AccountId) -> set[AccountId]:
    """The accounts that are below one, however deep."""
    children: dict[AccountId | None, list[AccountId]] = {}
    for account in accounts:
        children.setdefault(account.parent_id, []).append(account.id)
    found: set[AccountId] = set()
    waiting = [account_id]
    while waiting:  # each account is below one other: ends when all of them have been met
        below = children.pop(waiting.pop(), [])
        found.update(below)
        waiting.extend(below)
    return found


def account_lines(
    reader: Reader, account_id: AccountId, first: date, last: date, opening: int
) -> Iterator[AccountLine]:
    """The lines of an account from one day to another, oldest first, holding a page at a time."""
    balance = opening
    dates = (
        Compare(Field.POSTING_DATE, Op.GE, first),
        Compare(Field.POSTING_DATE, Op.LE, last),
    )
    for entry in _entries(reader, (_on(account_id), *_COUNTS, *dates)):
        for line in entry.lines:
            if line.account_id == account_id:
                balance += line.signed_home
                yield _account_line(entry, line, balance)


def register_page(
    reader: Reader,
    account_id: AccountId,
    limit: int,
    after: Place | None = None,
    last: date | None = None,
    first: date | None = None,
    opening: int | None = None,
) -> RegisterPage:
    """Up to `limit` entries of an account, dated from `first` up to `last`, newest first.

    The balances go on from `opening`, what the account began `first` with; without it they are
    those of all that was ever posted to the account. Besides the page, the entries of one day are
    read where a page begins within it.
    """
    wanted: list[Filter] = [_on(account_id), *_COUNTS]
    if last is not None:
        wanted.append(Compare(Field.POSTING_DATE, Op.LE, last))
    if first is not None:
        wanted.append(Compare(Field.POSTING_DATE, Op.GE, first))
    start = None if after is None else (after.posting_date.isoformat(), after.entry_id)
    query = Query(And(tuple(wanted)), _NEWEST, Keyset(limit + 1, start), PAGE_BYTES_MAX)
    entries = reader.entries(query)
    if after is not None:
        balance = _balance_before(reader, account_id, after)
    elif last is not None:
        balance = _balance_at(reader, account_id, last)
    else:
        balance = reader.account_total(account_id).balance
    if opening is not None and first is not None:
        balance += opening - _balance_at(reader, account_id, _day_before(first))
    more = len(entries) > limit or (bool(entries) and _is_cut(reader, query, entries))
    lines = []
    for entry in entries[:limit]:
        for line in reversed(entry.lines):
            if line.account_id == account_id:
                lines.append(_account_line(entry, line, balance))
                balance -= line.signed_home
    end = entries[:limit][-1] if more else None
    return RegisterPage(tuple(lines), None if end is None else Place(end.posting_date, end.id))


def monthly_balances(
    reader: Reader, account: Account, days: Sequence[date]
) -> list[MonthlyBalance]:
    """What an account and those below it amounted to at the end of each day, which rise.

    Income and expenses begin anew with each fiscal year, and earlier profit is in retained
    earnings. The first day's movement is all that came before.
    """
    accounts = {each.id: each for each in all_accounts(reader)}
    wanted = {account.id, *_below(accounts.values(), account.id)}
    home = retained_earnings_account(accounts.values())
    balances_at = remembered_balances(reader)
    found: list[MonthlyBalance] = []
    before = 0
    for day in days:
        posted = sum(balances_at(day).get(each, 0) for each in wanted)
        end = _day_before(fiscal_year_start(reader.company, day))
        earlier: Mapping[AccountId, int] = {} if end is None else balances_at(end)
        balance = posted
        if not account.kind.is_balance_sheet:
            balance -= sum(earlier.get(each, 0) for each in wanted)
        elif home is not None and home.id in wanted:
            balance += sum(
                each for id, each in earlier.items() if not accounts[id].kind.is_balance_sheet
            )
        found.append(MonthlyBalance(day, balance, posted - before))
        before = posted
    return found


def month_ends(last: date, count: int) -> list[date]:
    """The last days of `count` months, the newest being the month that `last` is in; `last`
    itself stands for that month's end.
    """
    ends = [last]
    while len(ends) < count:
        first = ends[-1].replace(day=1)
        if first == date.min:
            break
        ends.append(first - timedelta(days=1))
    return ends[::-1]


def _is_cut(reader: Reader, query: Query, entries: Sequence[JournalEntry]) -> bool:
    """Whether a page that is not full ended for its bytes: whether anything follows it."""
    last = entries[-1]
    page = Keyset(1, (last.posting_date.isoformat(), last.id))
    return bool(reader.entries(Query(query.filter, query.sort, page)))


def _entries(reader: Reader, wanted: tuple[Filter, ...]) -> Iterator[JournalEntry]:
    after = None
    while True:
        page = Keyset(PAGE_ROWS_MAX, after)
        entries = reader.entries(Query(And(wanted), _OLDEST, page, PAGE_BYTES_MAX))
        if not entries:
            return
        yield from entries
        after = (entries[-1].posting_date.isoformat(), entries[-1].id)


def _balance_before(reader: Reader, account_id: AccountId, place: Place) -> int:
    """What an account amounted to before an entry, in the order of a register."""
    balance = _balance_at(reader, account_id, _day_before(place.posting_date))
    wanted = (
        _on(account_id),
        *_COUNTS,
        Compare(Field.POSTING_DATE, Op.EQ, place.posting_date),
        Compare(Field.ID, Op.LT, place.entry_id),
    )
    for entry in _entries(reader, wanted):
        balance += sum(line.signed_home for line in entry.lines if line.account_id == account_id)
    return balance


def _balance_at(reader: Reader, account_id: AccountId, day: date | None) -> int:
    if day is None:
        return 0
    totals = reader.account_totals(day)
    return next((total.balance for total in totals if total.id == account_id), 0)


def _sides(reader: Reader, day: date | None) -> dict[AccountId, tuple[int, int]]:
    """Debits and credits by account at the end of a day; nothing before the first of all."""
    if day is None:
        return {}
    totals = reader.account_totals(day)
    return {AccountId(total.id): (total.debit, total.credit) for total in totals}


def _day_before(day: date) -> date | None:
    return None if day == date.min else day - timedelta(days=1)


def _on(account_id: AccountId) -> Filter:
    return Compare(Field.LINE_ACCOUNT, Op.EQ, account_id)


def _account_line(entry: JournalEntry, line: Line, balance: int) -> AccountLine:
    is_debit = line.side is Side.DEBIT
    return AccountLine(
        entry.id,
        entry.posting_date,
        entry.doc_number,
        entry.memo,
        line.description,
        line.contact_id,
        line.home_amount if is_debit else 0,
        0 if is_debit else line.home_amount,
        balance,
    )


def _place(row: LedgerAccount) -> tuple[int, str, int]:
    found = Classification.EQUITY if row.account is None else row.account.kind.classification
    place = len(_CLASSES) if found is None else _CLASSES.index(found)
    return place, fold(row.name), 0 if row.account is None else row.account.id
