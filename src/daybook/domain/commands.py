"""What callers ask of the books. Commands hold values only; `decide` judges them.

A content is the whole of what a caller may set on a record. `Create…` and `Replace…` carry one;
`PatchEntry` carries some of it, with `UNSET` for what stays. `expected_version` is the version
the caller last saw: if the record has moved on, the command is refused as `STALE_VERSION`; None
means "whatever it is now", and the wire decides whether its callers may say that.
"""

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Final, Literal

from daybook.domain.ids import ContactId, EntryId, LineId, Ref
from daybook.domain.model import (
    AccountKind,
    Annex,
    BillMark,
    Company,
    ContactKind,
    ListKind,
    Side,
    Status,
    TaxMark,
)
from daybook.domain.values import value


class Unset(Enum):
    """The type of `UNSET`: a member that a patch leaves alone."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET
UnsetType = Literal[Unset.UNSET]


@value
class LineDraft:
    """A line as a caller brings it.

    `id` names a line the entry already has and is kept if it is known; otherwise the line is new.
    `home_amount` is given only by wires that compute it themselves; it is then checked, not
    recomputed. `contact_kind`, where given, must be the contact's.
    """

    side: Side
    amount: int
    account: Ref
    contact: Ref | None = None
    contact_kind: ContactKind | None = None
    dimensions: tuple[tuple[str, Ref], ...] = ()
    description: str | None = None
    tax: TaxMark | None = None
    billing: BillMark | None = None
    annex: Annex = ()
    id: LineId | None = None
    home_amount: int | None = None


@value
class NoteDraft:
    """A line of text as a caller brings it."""

    description: str | None = None
    annex: Annex = ()
    id: LineId | None = None


@value
class EntryContent:
    """Everything a caller may set on an entry.

    `posting_date` None is today in the company's time zone; `currency` None is the home currency;
    `rate` None is the stored rate of the date, else `fallback_rate`. `lines` holds lines and notes
    in order.
    """

    lines: tuple[LineDraft | NoteDraft, ...]
    posting_date: date | None = None
    doc_number: str | None = None
    memo: str | None = None
    currency: str | None = None
    rate: Decimal | None = None
    fallback_rate: Decimal | None = None
    adjustment: bool = False
    annex: Annex = ()


class DocNumberPolicy(Enum):
    """What to do about document numbers on one command."""

    COMPANY = "company"
    """Refuse a duplicate if the company's setting says so."""
    ALLOW_DUPLICATE = "allow-duplicate"
    """Let a duplicate pass whatever the setting says."""
    REFUSE_DUPLICATE = "refuse-duplicate"
    """Refuse a duplicate whatever the setting says."""
    ASSIGN = "assign"
    """Where no number is given, take the highest numeric one plus one."""


@value
class CreateEntry:
    """Make an entry. `entry_id` is set only when history is brought in (demo, restore)."""

    content: EntryContent
    status: Status = Status.POSTED
    doc_numbers: DocNumberPolicy = DocNumberPolicy.COMPANY
    entry_id: EntryId | None = None


class NoChange(Enum):
    """Whether a revision that changes nothing still counts up the version."""

    KEEP_VERSION = "keep-version"
    COUNT_VERSION = "count-version"


@value
class Guard:
    """What must hold of an entry besides its version, or the command is refused.

    `statuses`: the entry's status must be one of them (`WRONG_STATUS`). `origin_client`: the
    application that made it must be this one, and `origin_protocol`: it must have come through
    this wire (`NOT_ORIGIN`).
    """

    statuses: frozenset[Status] | None = None
    origin_client: str | None = None
    origin_protocol: str | None = None

    def __repr__(self) -> str:
        """The same text for equal guards, whose statuses have no order: commands are known by it
        where a key is repeated, after a restart as well.
        """
        statuses = None if self.statuses is None else sorted(self.statuses)
        return f"Guard({statuses!r}, {self.origin_client!r}, {self.origin_protocol!r})"


NO_GUARD: Final = Guard()


@value
class ReplaceEntry:
    """Give an entry a new content. Lines with a known id keep it; the others are new."""

    entry_id: EntryId
    expected_version: int | None
    content: EntryContent
    doc_numbers: DocNumberPolicy = DocNumberPolicy.COMPANY
    no_change: NoChange = NoChange.KEEP_VERSION
    guard: Guard = NO_GUARD


@value
class PatchEntry:
    """Change some members of an entry; `UNSET` members stay. `lines` replaces all lines.

    `fallback_rate` is as in `EntryContent`, for an entry that changes to another currency.
    """

    entry_id: EntryId
    expected_version: int | None
    lines: tuple[LineDraft | NoteDraft, ...] | UnsetType = UNSET
    posting_date: date | UnsetType | None = UNSET
    doc_number: str | UnsetType | None = UNSET
    memo: str | UnsetType | None = UNSET
    currency: str | UnsetType | None = UNSET
    rate: Decimal | UnsetType | None = UNSET
    fallback_rate: Decimal | None = None
    adjustment: bool | UnsetType = UNSET
    annex: Annex | UnsetType = UNSET
    doc_numbers: DocNumberPolicy = DocNumberPolicy.COMPANY
    no_change: NoChange = NoChange.KEEP_VERSION
    guard: Guard = NO_GUARD


@value
class DeleteEntry:
    """Turn an entry into a tombstone.

    With `second_person` it takes somebody known by name who wrote none of it, and the right to
    approve in place of that to write (`FORBIDDEN`).
    """

    entry_id: EntryId
    expected_version: int | None
    guard: Guard = NO_GUARD
    second_person: bool = False


@value
class MoveEntry:
    """Move an entry to another status: pending and review either way, either to posted."""

    entry_id: EntryId
    expected_version: int | None
    status: Status
    guard: Guard = NO_GUARD


EntryCommand = CreateEntry | ReplaceEntry | PatchEntry | DeleteEntry | MoveEntry


@value
class AccountContent:
    """Everything a caller may set on an account. `currency` cannot change later."""

    name: str
    kind: AccountKind
    subtype: str | None = None
    code: str | None = None
    description: str | None = None
    currency: str | None = None
    parent: Ref | None = None
    active: bool = True
    annex: Annex = ()


@value
class ContactContent:
    """Everything a caller may set on a contact. `kind` and `currency` cannot change later."""

    kind: ContactKind
    name: str
    currency: str | None = None
    parent: Ref | None = None
    active: bool = True
    annex: Annex = ()


@value
class DimensionContent:
    """Everything a caller may set on a dimension value. `axis` cannot change later."""

    axis: str
    name: str
    description: str | None = None
    parent: Ref | None = None
    contact_id: ContactId | None = None
    active: bool = True
    annex: Annex = ()


@value
class ListItemContent:
    """Everything a caller may set on a list item. `list` cannot change later."""

    list: ListKind
    name: str
    description: str | None = None
    active: bool = True
    annex: Annex = ()


ReferenceContent = AccountContent | ContactContent | DimensionContent | ListItemContent


@value
class CreateReference:
    """Make an account, contact, dimension value or list item.

    `record_id` is set only when a chart with given numbers is brought in.
    """

    content: ReferenceContent
    record_id: int | None = None


@value
class ReplaceReference:
    """Give an account, contact, dimension value or list item a new content."""

    record_id: int
    expected_version: int | None
    content: ReferenceContent


@value
class SetExchangeRate:
    """Record the rate of a currency on a day, in home units for one unit of it."""

    currency: str
    as_of: date
    rate: Decimal


@value
class ChangeCompany:
    """Replace a company's settings. Id, public names, home currency and times are not taken."""

    expected_version: int | None
    company: Company


Command = EntryCommand | CreateReference | ReplaceReference | SetExchangeRate | ChangeCompany
