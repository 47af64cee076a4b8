"""What the books consist of.

    Company ─┬─ Account          where amounts are posted (a tree)
             ├─ Contact          customers, vendors, employees, others
             ├─ Dimension        classes, departments, projects, tracking categories (trees)
             ├─ ListItem         currencies, tax agencies, rates and codes, terms
             ├─ ExchangeRate     home units for one foreign unit, by day
             └─ JournalEntry ─── Line (debit or credit of an account), Note (text alone)

Every record is frozen and carries a `version`, 0 at first and one more for each revision that
changes something, and the times of its first and latest change. Amounts are whole minor units
(cents) of the entry's currency; a side (debit or credit) says their sign. Times are microseconds
since 1970 in UTC, dates are calendar dates of the company.

`annex` holds what one wire alone understands, by wire name, as JSON text the core never reads.

Equality is by value, so `before == after` tells whether a revision changes anything.
"""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from daybook.domain.ids import (
    AccountId,
    CompanyId,
    ContactId,
    DimensionId,
    EntryId,
    LineId,
    Timestamp,
)
from daybook.domain.values import value

NEVER: Final = Timestamp(0)
"""The time of a record that has not been kept yet."""

Annex = tuple[tuple[str, str], ...]
"""Pairs of wire name and JSON text, sorted by name."""


class Side(StrEnum):
    """Which column of the journal an amount stands in."""

    DEBIT = "D"
    CREDIT = "C"

    @property
    def opposite(self) -> "Side":
        """The other column."""
        return Side.CREDIT if self is Side.DEBIT else Side.DEBIT


class Status(StrEnum):
    """How far an entry has come. Only posted entries count in balances."""

    PENDING = "pending"
    REVIEW = "review"
    POSTED = "posted"


class Classification(StrEnum):
    """The five classes of accounts."""

    ASSET = "asset"
    LIABILITY = "liability"
    EQUITY = "equity"
    REVENUE = "revenue"
    EXPENSE = "expense"


class AccountKind(StrEnum):
    """What an account is for; decides its class and which contact its lines need."""

    BANK = "bank"
    RECEIVABLE = "receivable"
    OTHER_CURRENT_ASSET = "other_current_asset"
    FIXED_ASSET = "fixed_asset"
    OTHER_ASSET = "other_asset"
    PAYABLE = "payable"
    CREDIT_CARD = "credit_card"
    OTHER_CURRENT_LIABILITY = "other_current_liability"
    LONG_TERM_LIABILITY = "long_term_liability"
    EQUITY = "equity"
    INCOME = "income"
    OTHER_INCOME = "other_income"
    COST_OF_SALES = "cost_of_sales"
    EXPENSE = "expense"
    OTHER_EXPENSE = "other_expense"
    NON_POSTING = "non_posting"

    @property
    def classification(self) -> Classification | None:
        """The class of the account; None for a non-posting one."""
        return _CLASSIFICATIONS.get(self)

    @property
    def is_balance_sheet(self) -> bool:
        """Whether balances carry over from one fiscal year to the next."""
        return self.classification in (
            Classification.ASSET,
            Classification.LIABILITY,
            Classification.EQUITY,
        )

    @property
    def single_currency(self) -> bool:
        """Whether lines must be in the account's own currency: money and open items."""
        return self in _SINGLE_CURRENCY


_CLASSIFICATIONS = {
    AccountKind.BANK: Classification.ASSET,
    AccountKind.RECEIVABLE: Classification.ASSET,
    AccountKind.OTHER_CURRENT_ASSET: Classification.ASSET,
    AccountKind.FIXED_ASSET: Classification.ASSET,
    AccountKind.OTHER_ASSET: Classification.ASSET,
    AccountKind.PAYABLE: Classification.LIABILITY,
    AccountKind.CREDIT_CARD: Classification.LIABILITY,
    AccountKind.OTHER_CURRENT_LIABILITY: Classification.LIABILITY,
    AccountKind.LONG_TERM_LIABILITY: Classification.LIABILITY,
    AccountKind.EQUITY: Classification.EQUITY,
    AccountKind.INCOME: Classification.REVENUE,
    AccountKind.OTHER_INCOME: Classification.REVENUE,
    AccountKind.COST_OF_SALES: Classification.EXPENSE,
    AccountKind.EXPENSE: Classification.EXPENSE,
    AccountKind.OTHER_EXPENSE: Classification.EXPENSE,
}
_SINGLE_CURRENCY = frozenset(
    {
        AccountKind.BANK,
        AccountKind.CREDIT_CARD,
        AccountKind.RECEIVABLE,
        AccountKind.PAYABLE,
    }
)


class ContactKind(StrEnum):
    """Whom the company deals with, and as what."""

    CUSTOMER = "customer"
    VENDOR = "vendor"
    EMPLOYEE = "employee"
    OTHER = "other"


class ListKind(StrEnum):
    """Short lists that wires show and entries refer to by code."""

    CURRENCY = "currency"
    TAX_AGENCY = "tax_agency"
    TAX_RATE = "tax_rate"
    TAX_CODE = "tax_code"
    TERM = "term"


CLASS = "CLASS"
DEPARTMENT = "DEPARTMENT"
PROJECT = "PROJECT"
TRACKING_PREFIX = "TRACKING:"
"""Axes of dimensions. A tracking category is an axis of its own, `TRACKING:<category>`."""


class CompanyStatus(StrEnum):
    """Whether a company's books may be written."""

    ACTIVE = "active"
    INACTIVE = "inactive"


@value
class Company:
    """A set of books and its settings.

    `realm`, `codat_id` and `slug` are the names by which wires address it. `books_closed_through`
    is the last closed day: entries dated on it or before it can be neither made nor changed nor
    deleted. `fiscal_year_start` is a month, 1 to 12. With `four_eyes`, whoever made or changed an
    entry that waits may not be the one who posts it.
    """

    id: CompanyId
    slug: str
    name: str
    realm: str
    codat_id: str
    home_currency: str
    time_zone: str = "UTC"
    country: str = "US"
    multicurrency: bool = False
    sales_tax: bool = False
    strict_realm: bool = True
    doc_number_unique: bool = False
    four_eyes: bool = False
    books_closed_through: date | None = None
    fiscal_year_start: int = 1
    status: CompanyStatus = CompanyStatus.ACTIVE
    version: int = 0
    created_at: Timestamp = NEVER
    modified_at: Timestamp = NEVER
    annex: Annex = ()


@value
class Account:
    """A place amounts are posted to. `full_name` is `Parent:Child`; `subtype` is free text."""

    id: AccountId
    name: str
    full_name: str
    kind: AccountKind
    subtype: str | None = None
    code: str | None = None
    description: str | None = None
    currency: str | None = None
    parent_id: AccountId | None = None
    active: bool = True
    version: int = 0
    created_at: Timestamp = NEVER
    modified_at: Timestamp = NEVER
    annex: Annex = ()


@value
class Contact:
    """A customer, vendor, employee or other party. `name` is unique across the kinds."""

    id: ContactId
    kind: ContactKind
    name: str
    full_name: str
    currency: str | None = None
    parent_id: ContactId | None = None
    active: bool = True
    version: int = 0
    created_at: Timestamp = NEVER
    modified_at: Timestamp = NEVER
    annex: Annex = ()


@value
class Dimension:
    """A value a line can be tagged with, on one axis. Ids are counted per axis.

    `contact_id` is the customer of a project, None elsewhere.
    """

    axis: str
    id: DimensionId
    name: str
    full_name: str
    description: str | None = None
    parent_id: DimensionId | None = None
    contact_id: ContactId | None = None
    active: bool = True
    version: int = 0
    created_at: Timestamp = NEVER
    modified_at: Timestamp = NEVER
    annex: Annex = ()


@value
class ListItem:
    """A member of a short list; ids are counted per list. A currency's `name` is its code."""

    list: ListKind
    id: int
    name: str
    description: str | None = None
    active: bool = True
    version: int = 0
    created_at: Timestamp = NEVER
    modified_at: Timestamp = NEVER
    annex: Annex = ()


@value
class ExchangeRate:
    """Home units for one unit of `currency`, from `as_of` on until a later one."""

    id: int
    currency: str
    as_of: date
    rate: Decimal
    version: int = 0
    created_at: Timestamp = NEVER
    modified_at: Timestamp = NEVER


@value
class TaxMark:
    """The tax a line names. `amount` is in minor units of the entry's currency, not posted.

    `rate_id` or `code_id` name a `ListItem`; `applies_to` is free text such as `Sales`.
    """

    code_id: str | None = None
    rate_id: str | None = None
    applies_to: str | None = None
    amount: int | None = None
    inclusive_amount: int | None = None


@value
class BillMark:
    """Whether a line is to be charged on to a customer, and at what markup.

    `markup_percent` is a decimal as text; `billed_entry` names what charged it.
    """

    status: str
    markup_percent: str | None = None


@value
class Line:
    """A debit or credit of one account.

    `amount` is at least 0, in minor units of the entry's currency; `home_amount` the same in the
    company's home currency. `dimensions` are pairs of axis and id, sorted by axis.
    """

    id: LineId
    side: Side
    amount: int
    home_amount: int
    account_id: AccountId
    contact_id: ContactId | None = None
    dimensions: tuple[tuple[str, DimensionId], ...] = ()
    description: str | None = None
    tax: TaxMark | None = None
    billing: BillMark | None = None
    annex: Annex = ()

    @property
    def signed(self) -> int:
        """The amount, positive for a debit, in minor units of the entry's currency."""
        return self.amount if self.side is Side.DEBIT else -self.amount

    @property
    def signed_home(self) -> int:
        """The home amount, positive for a debit, in minor units of the home currency."""
        return self.home_amount if self.side is Side.DEBIT else -self.home_amount


@value
class Note:
    """A line of text between the lines of an entry: no account, no amount.

    It takes its id from the same counter as lines. `position` is its place, from 0, among lines
    and notes together; the lines fill the other places in their order.
    """

    id: LineId
    position: int
    description: str | None = None
    annex: Annex = ()


@value
class Origin:
    """Who made a record first: the application's client id, and the wire it came through."""

    client: str
    protocol: str


@value
class JournalEntry:
    """Lines whose debits equal their credits, on one date, in one currency.

    `rate` is home units for one unit of `currency`; None means 1 (an entry in home currency).
    `next_line_id` is the id the next new line gets. A tombstone (`deleted_at` set) keeps its last
    content but counts for nothing.
    """

    id: EntryId
    posting_date: date
    currency: str
    lines: tuple[Line, ...]
    origin: Origin
    version: int = 0
    status: Status = Status.POSTED
    doc_number: str | None = None
    memo: str | None = None
    rate: Decimal | None = None
    adjustment: bool = False
    notes: tuple[Note, ...] = ()
    next_line_id: int = 0
    deleted_at: Timestamp | None = None
    created_at: Timestamp = NEVER
    modified_at: Timestamp = NEVER
    annex: Annex = ()

    @property
    def counts(self) -> bool:
        """Whether the entry takes part in balances: posted and not deleted."""
        return self.status is Status.POSTED and self.deleted_at is None

    @property
    def total(self) -> int:
        """Sum of the debits, in minor units of the entry's currency."""
        return sum(line.amount for line in self.lines if line.side is Side.DEBIT)

    @property
    def sequence(self) -> "tuple[Line | Note, ...]":
        """Lines and notes in the order they were entered."""
        if not self.notes:
            return self.lines
        merged: list[Line | Note] = list(self.lines)
        for note in sorted(self.notes, key=lambda note: note.position):
            merged.insert(note.position, note)
        return tuple(merged)


Reference = Account | Contact | Dimension | ListItem | ExchangeRate
"""Records that entries refer to."""

Record = Company | JournalEntry | Account | Contact | Dimension | ListItem | ExchangeRate
"""Anything that has a version and is written through the ledger."""


def annex_of(annex: Annex, wire: str) -> str | None:
    """The JSON text that `wire` keeps in an annex, or None."""
    for name, text in annex:
        if name == wire:
            return text
    return None


def with_annex(annex: Annex, wire: str, text: str | None) -> Annex:
    """The annex with the text of `wire` replaced, or removed where `text` is None."""
    others = tuple(pair for pair in annex if pair[0] != wire)
    return others if text is None else tuple(sorted((*others, (wire, text))))
