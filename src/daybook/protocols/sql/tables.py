"""The tables and their columns: names, types, what may be written.

One description serves everything: `SELECT *`, catalogs, checks of INSERT and UPDATE, and the
expressions by which the analytical copy has each column.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from daybook.domain import currencies
from daybook.domain.model import Company
from daybook.protocols.sql.pgwire import types as pg

RATE_PRECISION: Final = 20
RATE_SCALE: Final = 10
"""Digits of a rate: as many as the core keeps, so that none is rounded away."""
AMOUNT_PRECISION: Final = 20
FOREIGN_SCALE: Final = 3
"""Decimals of amounts in books with several currencies: as many as any currency has."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column: `kind` is how it is written (`header`, `line`, `aggregate`, `computed`, `key`)."""

    name: str
    oid: int
    kind: str
    description: str
    read_only: bool = False
    hidden: bool = False

    @property
    def is_amount(self) -> bool:
        """Whether it holds an amount in the currency's decimals."""
        return self.oid == pg.NUMERIC and self.name not in ("ExchangeRate",)


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its columns in the order of `SELECT *`, by lower-case name in `by_name`."""

    name: str
    columns: tuple[Column, ...]
    description: str
    writable: bool
    by_name: Mapping[str, Column]
    foreign: tuple[tuple[str, str, str], ...] = ()
    """Column, table and column it refers to."""


def _table(
    name: str,
    description: str,
    columns: tuple[Column, ...],
    writable: bool = False,
    foreign: tuple[tuple[str, str, str], ...] = (),
) -> Table:
    by_name = {column.name.lower(): column for column in columns}
    return Table(name, columns, description, writable, by_name, foreign)


def _key(description: str) -> Column:
    return Column("ID", pg.TEXT, "key", description, read_only=True)


_ENTRY_REFERENCE = Column("ReferenceNumber", pg.TEXT, "header", "The transaction reference number.")
_TXN_NUMBER = Column(
    "TxnNumber",
    pg.TEXT,
    "computed",
    "The transaction number. An identifying number for the transaction, but different from the"
    " QuickBooks generated ID.",
    read_only=True,
)
_DATE = Column("Date", pg.DATE, "header", "The transaction date.")
_EDIT = Column(
    "EditSequence",
    pg.TEXT,
    "edit",
    "An identifier for this copy of the object, used for versioning.",
)
_MODIFIED = Column("TimeModified", pg.TIMESTAMP, "ignored", "When the entry was last modified.")
_CREATED = Column("TimeCreated", pg.TIMESTAMP, "ignored", "When the entry was created.")
_MORE_HEADER = (
    Column("IsAdjustment", pg.BOOL, "header", "Whether this is an adjusting entry."),
    Column("CurrencyName", pg.TEXT, "header", "The currency of the entry."),
    Column("ExchangeRate", pg.NUMERIC, "header", "Home units for one unit of the currency."),
    Column("ExternalGUID", pg.TEXT, "header", "The caller's own unique key."),
    Column("Memo", pg.TEXT, "header", "A note on the whole entry."),
)

ENTRIES: Final = _table(
    "JournalEntries",
    "Query, add, update, and delete journal entries.",
    (
        _key("The unique identifier for the JournalEntry."),
        _ENTRY_REFERENCE,
        _TXN_NUMBER,
        _DATE,
        Column("CreditLineCount", pg.INT4, "count", "Number of credit lines."),
        Column("DebitLineCount", pg.INT4, "count", "Number of debit lines."),
        Column(
            "LineAggregate",
            pg.TEXT,
            "aggregate",
            "An aggregate of the credit and debit lines, for adding an entry with its lines.",
        ),
        _EDIT,
        _MODIFIED,
        _CREATED,
        *_MORE_HEADER,
    ),
    writable=True,
)

_LINE_COLUMNS = (
    Column("LineId", pg.TEXT, "line_key", "The identifier of the line.", read_only=True),
    Column("LineType", pg.TEXT, "line", "Credit or Debit."),
    Column("LineAccount", pg.TEXT, "line", "The full name of the account."),
    Column("LineAccountId", pg.TEXT, "line", "The identifier of the account."),
    Column("LineAmount", pg.NUMERIC, "line", "The amount; the side is in LineType."),
    Column("LineMemo", pg.TEXT, "line", "A memo on the line."),
    Column("LineEntityName", pg.TEXT, "line", "The customer, vendor, employee or other name."),
    Column("LineEntityId", pg.TEXT, "line", "The identifier of the entity."),
    Column("LineClass", pg.TEXT, "line", "The full name of the class."),
    Column("LineClassId", pg.TEXT, "line", "The identifier of the class."),
    Column("LineTaxItem", pg.TEXT, "line", "The name of the sales-tax item."),
    Column("LineTaxItemId", pg.TEXT, "line", "The identifier of the sales-tax item."),
    Column("LineBillableStatus", pg.TEXT, "line", "Empty, Billable, NotBillable, HasBeenBilled."),
)
_PLACE_COLUMNS = (
    Column("LineDepartment", pg.TEXT, "line", "The full name of the department."),
    Column("LineDepartmentId", pg.TEXT, "line", "The identifier of the department."),
    Column("LineProject", pg.TEXT, "line", "The full name of the project."),
    Column("LineProjectId", pg.TEXT, "line", "The identifier of the project."),
)

LINES: Final = _table(
    "JournalEntryLines",
    "Query and add the lines of journal entries.",
    (
        _key("The unique identifier of the line: entry and line."),
        Column(
            "JournalEntryID",
            pg.TEXT,
            "entry_key",
            "The entry the line belongs to.",
            read_only=True,
        ),
        _ENTRY_REFERENCE,
        _TXN_NUMBER,
        _DATE,
        *_LINE_COLUMNS,
        Column("LineNumber", pg.INT4, "computed", "The position in the entry.", read_only=True),
        Column("LineDebit", pg.NUMERIC, "computed", "The amount of a debit.", read_only=True),
        Column("LineCredit", pg.NUMERIC, "computed", "The amount of a credit.", read_only=True),
        _EDIT,
        _MODIFIED,
        _CREATED,
        *_MORE_HEADER,
        *_PLACE_COLUMNS,
    ),
    writable=True,
    foreign=(("JournalEntryID", "JournalEntries", "ID"),),
)

LINE_COLUMNS: Final = {column.name.lower(): column for column in (*_LINE_COLUMNS, *_PLACE_COLUMNS)}
"""Columns of a line, by lower-case name: those of aggregates, of `#n` and of Line* conditions."""

HEADER_COLUMNS: Final = {
    column.name.lower(): column for column in LINES.columns if column.kind == "header"
}
"""Columns of an entry that a caller may set."""

PSEUDO_COLUMNS: Final = tuple(
    Column(name, pg.TEXT, "pseudo", description, hidden=True)
    for name, description in (
        ("StartTxnDate", "Earliest transaction date to search for."),
        ("EndTxnDate", "Latest transaction date to search for."),
        ("StartModifiedDate", "Earliest modified date to search for."),
        ("EndModifiedDate", "Latest modified date to search for."),
    )
)
PSEUDO_NAMES: Final = frozenset(column.name.lower() for column in PSEUDO_COLUMNS)


def _text(name: str, description: str) -> Column:
    return Column(name, pg.TEXT, "computed", description, read_only=True)


def _active() -> Column:
    return Column("IsActive", pg.BOOL, "computed", "Whether it may be used.", read_only=True)


def _names(name: str, description: str) -> Table:
    return _table(
        name, description, (_key("The identifier."), _text("Name", "The full name."), _active())
    )


def _tree(name: str, description: str) -> Table:
    columns = (
        _key("The identifier."),
        _text("Name", "The name."),
        _text("FullName", "The name with those above it."),
        _active(),
    )
    return _table(name, description, columns)


LISTS: Final = (
    _table(
        "Accounts",
        "The chart of accounts.",
        (
            _key("The identifier of the account."),
            _text("Name", "The name of the account."),
            _text("FullName", "The name with those above it."),
            _text("ParentId", "The account above."),
            _text("Type", "The kind of account."),
            _text("CurrencyName", "The currency of the account."),
            _active(),
            Column(
                "Balance",
                pg.NUMERIC,
                "computed",
                "Debits less credits, in home currency.",
                read_only=True,
            ),
        ),
    ),
    _table(
        "Entities",
        "Customers, vendors, employees and other names.",
        (
            _key("The identifier."),
            _text("Name", "The full name."),
            _text("Type", "Customer, Vendor, Employee or OtherName."),
            _active(),
        ),
    ),
    _names("Customers", "Customers."),
    _names("Vendors", "Vendors."),
    _names("Employees", "Employees."),
    _tree("Class", "Classes."),
    _tree("Departments", "Departments."),
)
TABLES: Final = {table.name.lower(): table for table in (ENTRIES, LINES, *LISTS)}
"""Every table of the books, by lower-case name."""


def amount_scale(company: Company) -> int:
    """Decimals of amount columns in a company's books."""
    home = currencies.exponent(company.home_currency)
    return max(home, FOREIGN_SCALE) if company.multicurrency else home


def modifier(column: Column, scale: int) -> int:
    """The type modifier of a column."""
    if column.oid != pg.NUMERIC:
        return -1
    if column.is_amount:
        return pg.numeric_modifier(AMOUNT_PRECISION, scale)
    return pg.numeric_modifier(RATE_PRECISION, RATE_SCALE)
