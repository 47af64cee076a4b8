"""Why a command is not carried out: one taxonomy, one order of precedence.

`RefusalCode` lists the reasons in the order in which they count. When several apply, a caller
that can show one sees the first; `decide` returns every refusal it can establish, in this order,
so that wires which list many errors may do so, and a wire whose original prescribes another order
picks from the same list by its own table.

A refusal is a value, returned and never raised: it is the caller's mistake, not ours.
"""

from collections.abc import Iterable, Mapping
from dataclasses import field as member
from enum import IntEnum
from typing import Final

from daybook.domain.values import value


class RefusalCode(IntEnum):
    """The reasons, in order of precedence. The numbers are stable and appear in logs."""

    UNAUTHENTICATED = 10
    """The caller did not say who it is, or was not believed."""
    MALFORMED = 20
    """The request cannot be read."""
    NOT_FOUND = 30
    """No such record. Also the answer for a record of another company."""
    FORBIDDEN = 40
    """The caller is known but may not do this."""
    UNSUPPORTED = 50
    """The request is understood and not offered."""
    LIMIT_EXCEEDED = 60
    """Larger than a bound of `limits`."""
    IDEMPOTENCY_MISMATCH = 70
    """The key was used before, for another command."""
    COMPANY_INACTIVE = 80
    """The company's books may not be written."""
    STALE_VERSION = 90
    """The record has moved on since the caller read it."""
    ENTRY_DELETED = 100
    """The entry is a tombstone."""
    WRONG_STATUS = 110
    """The entry's status does not allow this."""
    NOT_ORIGIN = 111
    """Another application made the entry."""
    REQUIRED_MISSING = 120
    """A member that must be there is not."""
    INVALID_VALUE = 130
    """A member has a value it cannot have."""
    REFERENCE_NOT_FOUND = 140
    """A referred record does not exist in the company."""
    REFERENCE_INACTIVE = 141
    """A referred record has been made inactive."""
    REFERENCE_AMBIGUOUS = 142
    """A name or code stands for several records."""
    CONTACT_REQUIRED = 150
    """A receivable line has no customer, or a payable line no vendor."""
    CONTACT_KIND_WRONG = 151
    """The contact is not of the kind that was said or is needed."""
    CURRENCY_MISMATCH = 160
    """The currency is not one the company or the account takes."""
    RATE_REQUIRED = 161
    """A foreign currency without a rate."""
    TOO_FEW_LINES = 170
    """Fewer than two posting lines."""
    UNBALANCED = 180
    """Debits and credits differ."""
    PERIOD_CLOSED = 190
    """The books are closed through the entry's date."""
    DUPLICATE_DOC_NUMBER = 200
    """The document number is taken."""
    DUPLICATE_NAME = 201
    """The name or code of a record is taken."""
    IN_USE = 202
    """The record cannot change this way while others depend on it."""

    OVERLOADED = 900
    """Too much work is waiting; nothing was done, try again later."""
    DEADLINE_EXCEEDED = 901
    """The time the caller allowed passed before the work began; nothing was done."""
    OUTCOME_UNKNOWN = 902
    """The store failed while committing; repeat with the same idempotency key."""
    STORAGE_READ_ONLY = 903
    """The store has stopped taking writes after a fault and wants a restart."""


Values = Mapping[str, int | str]


@value
class Refusal:
    """One reason, and where it applies.

    `field` is the member in the ledger's own words (`doc_number`, `account`); `line` the index
    of the line or note in the command, from 0, where it concerns one. `values` holds what a wire
    needs to word it: counts, ids, the two sums of an unbalanced entry in minor units.
    """

    code: RefusalCode
    message: str
    field: str | None = None
    line: int | None = None
    values: Values = member(default_factory=dict, hash=False)


def in_order(refusals: Iterable[Refusal]) -> tuple[Refusal, ...]:
    """Refusals by precedence; those of one code keep the order they were found in."""
    return tuple(sorted(refusals, key=lambda refusal: refusal.code))


UNKNOWN_OUTCOME: Final = frozenset({RefusalCode.OUTCOME_UNKNOWN})
"""Codes after which the caller cannot know whether the command was carried out."""

RETRYABLE: Final = frozenset(
    {
        RefusalCode.OVERLOADED,
        RefusalCode.DEADLINE_EXCEEDED,
        RefusalCode.OUTCOME_UNKNOWN,
        RefusalCode.STORAGE_READ_ONLY,
    }
)
"""Codes that say nothing about the command itself: the same one may succeed later."""
