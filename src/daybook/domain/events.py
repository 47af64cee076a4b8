"""What happened: the log that everything else can be rebuilt from.

`decide` answers with changes (a record before and after). The ledger numbers them, stamps who
and when, chains their hashes and keeps them as events, in the same transaction as the tables.
The body of an event is the whole record after the change, so that replay, change feeds, audits
and "show me the first answer again" need no joins.
"""

from enum import StrEnum

from daybook.domain.ids import CompanyId, Timestamp
from daybook.domain.model import (
    Account,
    Company,
    Contact,
    Dimension,
    ExchangeRate,
    JournalEntry,
    ListItem,
    ListKind,
    Record,
)
from daybook.domain.values import value


class EventKind(StrEnum):
    """What happened to a record."""

    CREATED = "created"
    REVISED = "revised"
    MOVED = "moved"
    """An entry went to another status."""
    DELETED = "deleted"
    """An entry became a tombstone."""


@value
class Change:
    """A record before (None if it is new) and after."""

    kind: EventKind
    before: Record | None
    after: Record


ENTRY = "entry"
COMPANY = "company"
ACCOUNT = "account"
CONTACT = "contact"
RATE = "rate"


def dimension_entity(axis: str) -> str:
    """The entity name of the dimension values of an axis."""
    return f"dimension:{axis}"


def list_entity(kind: ListKind) -> str:
    """The entity name of the items of a list."""
    return f"list:{kind.value}"


def entity_of(record: Record) -> str:
    """What a record is, as stored with its events; ids are unique within an entity."""
    match record:
        case JournalEntry():
            return ENTRY
        case Account():
            return ACCOUNT
        case Contact():
            return CONTACT
        case Dimension():
            return dimension_entity(record.axis)
        case ListItem():
            return list_entity(record.list)
        case ExchangeRate():
            return RATE
        case Company():
            return COMPANY


@value
class Actor:
    """On whose behalf a command came: a user, if one is known, an application and a wire."""

    client: str
    protocol: str
    user: str | None = None
    request_id: str | None = None


@value
class Event:
    """One entry of a company's log.

    `seq` counts from 1 without a gap. `body` is the canonical JSON of the record after the
    change. `hash` is SHA-256 over `previous_hash` and everything else (see `chain`).
    """

    company_id: CompanyId
    seq: int
    kind: EventKind
    entity: str
    record_id: int
    version: int
    at: Timestamp
    actor: Actor
    body: bytes
    previous_hash: bytes
    hash: bytes
