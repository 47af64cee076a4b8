"""Reports as tables: columns, rows and what each row is about, for pages and files alike.

    table = balance_sheet_table(reader, (date(2026, 3, 31), date(2025, 3, 31)))
    excel.render(table)          # see `daybook.web.rendering`

A cell is a text, a date, an amount in whole minor units of the table's currency, or None for an
empty one; its column says which. A row of an account or an entry names it, so that a page can lead
to what the figure is made of.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from enum import StrEnum
from itertools import chain, islice
from typing import Final

from daybook.app.account_reports import (
    AccountLedger,
    AccountLine,
    LedgerAccount,
    Span,
    account_ledger,
    account_lines,
    general_ledger,
)
from daybook.app.ports import Reader
from daybook.app.reports import (
    Section,
    StatementLine,
    balance_sheets,
    income_statements,
    trial_balance,
)
from daybook.domain import currencies
from daybook.domain.events import CONTACT
from daybook.domain.ids import AccountId, ContactId
from daybook.domain.model import Account
from daybook.domain.query import fold
from daybook.domain.values import value

ROWS_MAX: Final = 100_000
"""Rows of one table: what a spreadsheet still opens at once, and some seconds of rendering."""

NAMES_READ: Final = 1_000
"""Lines whose contacts are read together."""


class CellKind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    CODE = "code"
    """A short text: a number that people give to something."""
    DATE = "date"
    AMOUNT = "amount"


class RowKind(StrEnum):
    """How a row stands out."""

    HEADING = "heading"
    LINE = "line"
    SUBTOTAL = "subtotal"
    TOTAL = "total"


Cell = str | date | int | None


@value
class Column:
    """A column and what it holds. `days` are those it is about, which its title names too."""

    title: str
    kind: CellKind = CellKind.TEXT
    days: tuple[date, ...] = ()


@value
class TableRow:
    """A row: as many cells as there are columns.

    `depth` is how far it is set in. `account_id` and `entry_id` name what it is about. `group` says
    it too where a heading does for people, as many cells as the table has `groups`.
    """

    cells: tuple[Cell, ...]
    kind: RowKind = RowKind.LINE
    depth: int = 0
    account_id: int | None = None
    entry_id: int | None = None
    group: tuple[Cell, ...] = ()


@value
class Table:
    """A report, ready to be shown. `scope` says of which day or period it is; `is_tree`, that the
    depth of its rows says something. `groups` are columns for programs, in place of headings: every
    row says for itself what people read above it.
    """

    title: str
    company: str
    scope: str
    currency: str
    columns: tuple[Column, ...]
    rows: tuple[TableRow, ...]
    is_tree: bool = False
    groups: tuple[Column, ...] = ()

    @property
    def name_column(self) -> int:
        """Which column says what a row is about, and is set in."""
        return next(at for at, each in enumerate(self.columns) if each.kind is CellKind.TEXT)

    @property
    def exponent(self) -> int:
        """Decimals of its amounts."""
        return currencies.exponent(self.currency)


@value
class TooManyRows:
    """A report that is longer than a table may be: a shorter period has fewer rows."""

    limit: int


Period = tuple[date, date]
_AMOUNT: Final = CellKind.AMOUNT


def trial_balance_table(reader: Reader, as_of: date) -> Table:
    """All accounts with a balance at the end of a day."""
    balance = trial_balance(reader, as_of)
    rows = [
        TableRow(
            (_code(row.account), row.name, row.debit or None, row.credit or None),
            account_id=None if row.account is None else row.account.id,
        )
        for row in balance.rows
    ]
    rows.append(TableRow(("", "Total", balance.debit, balance.credit), RowKind.TOTAL))
    columns = (
        Column("Code", CellKind.CODE),
        Column("Account"),
        Column("Debit", CellKind.AMOUNT),
        Column("Credit", CellKind.AMOUNT),
    )
    return _table(reader, "Trial balance", _as_of(as_of), columns, rows)


def profit_and_loss_table(reader: Reader, periods: Sequence[Period]) -> Table:
    """What was earned and spent, a column for each period."""
    found = income_statements(reader, periods)
    rows = list(_section_rows("Income", [each.income for each in found]))
    if any(each.cost_of_sales.lines for each in found):
        rows += _section_rows("Cost of sales", [each.cost_of_sales for each in found])
        rows.append(_sum("Gross profit", [each.gross_profit for each in found]))
    rows += _section_rows("Expenses", [each.expenses for each in found])
    if any(each.other_income.lines or each.other_expenses.lines for each in found):
        rows.append(_sum("Operating profit", [each.operating_profit for each in found]))
        rows += _section_rows("Other income", [each.other_income for each in found])
        rows += _section_rows("Other expenses", [each.other_expenses for each in found])
    rows.append(_sum("Net profit", [each.net_profit for each in found], RowKind.TOTAL))
    columns = _statement_columns(Column(_period(*each), _AMOUNT, each) for each in periods)
    return _table(reader, "Profit and loss", _period(*periods[0]), columns, rows, is_tree=True)


def balance_sheet_table(reader: Reader, days: Sequence[date]) -> Table:
    """What is owned and owed, a column for each day."""
    found = balance_sheets(reader, days)
    rows = list(_section_rows("Assets", [each.assets for each in found]))
    rows += _section_rows("Liabilities", [each.liabilities for each in found])
    rows += _section_rows("Equity", [each.equity for each in found])
    sides = [each.liabilities.value + each.equity.value for each in found]
    rows.append(_sum("Total liabilities and equity", sides, RowKind.TOTAL))
    columns = _statement_columns(Column(day.isoformat(), _AMOUNT, (day,)) for day in days)
    return _table(reader, "Balance sheet", _as_of(days[0]), columns, rows, is_tree=True)


def general_ledger_table(reader: Reader, first: date, last: date) -> Table | TooManyRows:
    """Every account over a period with all its lines."""
    ledger = general_ledger(reader, first, last)
    rows = list(islice(_ledger_rows(reader, first, last, ledger.accounts), ROWS_MAX))
    if len(rows) == ROWS_MAX:
        return TooManyRows(ROWS_MAX)
    moved = [(each.debit, each.credit, each.closing) for each in ledger.accounts]
    sums = tuple(map(sum, zip(*moved, strict=True))) or (0, 0, 0)
    rows.append(TableRow((None, "Total", None, None, None, *sums), RowKind.TOTAL))
    return _line_table(reader, "General ledger", _period(first, last), rows)


def account_table(reader: Reader, account: Account, span: Span) -> Table | TooManyRows:
    """One account over a span with all its lines, and what those below it came to."""
    ledger = account_ledger(reader, account, span)
    every = (_ledger_rows(reader, span.first, span.last, (ledger.own,)), _below_rows(ledger))
    rows = list(islice(chain(*every), ROWS_MAX + 1))
    if len(rows) > ROWS_MAX:
        return TooManyRows(ROWS_MAX)
    return _line_table(reader, account.full_name, _period(span.first, span.last), rows)


def _below_rows(ledger: AccountLedger) -> Iterator[TableRow]:
    """What each account below one came to, and the sum with its own."""
    blank: tuple[Cell, ...] = (None, None)
    for each in ledger.below:
        assert each.account is not None
        name = " ".join(filter(None, (_code(each.account), each.name)))
        cells = (None, name, *blank, "Sub-account", each.debit, each.credit, each.closing)
        yield TableRow(cells, account_id=each.account.id, group=_group(each))
    if ledger.below:
        total = ledger.total
        sums = (total.debit, total.credit, total.closing)
        yield TableRow((None, "Total with sub-accounts", *blank, None, *sums), RowKind.TOTAL)


_LINE_COLUMNS: Final = (
    Column("Date", CellKind.DATE),
    Column("Number"),
    Column("Entry", CellKind.CODE),
    Column("Contact"),
    Column("Description"),
    Column("Debit", CellKind.AMOUNT),
    Column("Credit", CellKind.AMOUNT),
    Column("Balance", CellKind.AMOUNT),
)


_LINE_GROUPS: Final = (Column("Code", CellKind.CODE), Column("Account"))


def _line_table(reader: Reader, title: str, scope: str, rows: Sequence[TableRow]) -> Table:
    made = _table(reader, title, scope, _LINE_COLUMNS, rows)
    return replace(made, groups=_LINE_GROUPS)


def _group(row: LedgerAccount) -> tuple[Cell, ...]:
    return _code(row.account), row.name


def _ledger_rows(
    reader: Reader, first: date, last: date, accounts: Iterable[LedgerAccount]
) -> Iterator[TableRow]:
    for each in accounts:
        account_id = None if each.account is None else each.account.id
        blank: tuple[Cell, ...] = (None, None, None, None)
        name = " ".join(filter(None, (_code(each.account), each.name)))
        heading, group = (None, name, *blank, None, None), _group(each)
        yield TableRow(heading, RowKind.HEADING, 0, account_id, group=group)
        yield TableRow((*blank, "Opening balance", None, None, each.opening), group=group)
        if each.account is not None:
            lines = account_lines(reader, each.account.id, first, last, each.opening)
            yield from _line_rows(reader, lines, each.account.id, group)
        closing = ("Closing balance", each.debit, each.credit, each.closing)
        yield TableRow((*blank, *closing), RowKind.SUBTOTAL, group=group)


def _line_rows(
    reader: Reader,
    lines: Iterator[AccountLine],
    account_id: AccountId,
    group: tuple[Cell, ...],
) -> Iterator[TableRow]:
    while chunk := list(islice(lines, NAMES_READ)):
        names = contact_names(reader, chunk)
        for line in chunk:
            cells = (
                line.posting_date,
                line.doc_number or "",
                str(line.entry_id),
                "" if line.contact_id is None else names.get(line.contact_id, ""),
                line.description or line.memo or "",
                line.debit or None,
                line.credit or None,
                line.balance,
            )
            yield TableRow(cells, account_id=account_id, entry_id=line.entry_id, group=group)


def contact_names(reader: Reader, lines: Iterable[AccountLine]) -> Mapping[ContactId, str]:
    """The names of the contacts of some lines, in one read."""
    ids = {line.contact_id for line in lines if line.contact_id is not None}
    records = reader.references_by_id(CONTACT, ids)
    return {ContactId(id): getattr(record, "full_name", "") for id, record in records.items()}


def _section_rows(title: str, sections: Sequence[Section]) -> Iterator[TableRow]:
    """A heading, the lines of all periods beside one another, and their sum."""
    nothing = (None,) * len(sections)
    yield TableRow(("", title, *nothing), RowKind.HEADING)
    yield from _compared([section.lines for section in sections], 1)
    values = tuple(section.value for section in sections)
    yield TableRow(("", f"Total {title[0].lower()}{title[1:]}", *values), RowKind.SUBTOTAL)


def _compared(periods: Sequence[Sequence[StatementLine]], depth: int) -> Iterator[TableRow]:
    """Lines about the same account, one row: 0 where a period does not have it."""
    keys: dict[tuple[str, int | None], list[StatementLine | None]] = {}
    codes: dict[int, str] = {}
    for at, lines in enumerate(periods):
        for line in lines:
            key = (line.name, None if line.account is None else line.account.id)
            keys.setdefault(key, [None] * len(periods))[at] = line
            if line.account is not None:
                codes[line.account.id] = _code(line.account)
    for (name, account_id), found in sorted(keys.items(), key=_by_name):
        values = tuple(0 if line is None else line.value for line in found)
        code = "" if account_id is None else codes[account_id]
        yield TableRow((code, name, *values), RowKind.LINE, depth, account_id)
        below = [() if line is None else line.items for line in found]
        yield from _compared(below, depth + 1)


def _by_name(
    pair: tuple[tuple[str, int | None], list[StatementLine | None]],
) -> tuple[bool, str, int]:
    (name, account_id), _ = pair
    return account_id is None, fold(name), account_id or 0


def _sum(title: str, values: Sequence[int], kind: RowKind = RowKind.SUBTOTAL) -> TableRow:
    return TableRow(("", title, *values), kind)


def _statement_columns(amounts: Iterable[Column]) -> tuple[Column, ...]:
    return (Column("Code", CellKind.CODE), Column("Account"), *amounts)


def _table(
    reader: Reader,
    title: str,
    scope: str,
    columns: Sequence[Column],
    rows: Sequence[TableRow],
    *,
    is_tree: bool = False,
) -> Table:
    name, currency = reader.company.name, reader.company.home_currency
    return Table(title, name, scope, currency, tuple(columns), tuple(rows), is_tree)


def _code(account: Account | None) -> str:
    return "" if account is None or account.code is None else account.code


def _as_of(day: date) -> str:
    return f"as of {day.isoformat()}"


def _period(first: date, last: date) -> str:
    return f"{first.isoformat()} to {last.isoformat()}"
