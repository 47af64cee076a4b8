"""What a statement is answered where it cannot be carried out: SQLSTATE, message, detail.

Refusals of the core become faults by one table, `_STATES`, which is total over the taxonomy.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from daybook.app.ledger import Refused
from daybook.domain.refusals import Refusal, RefusalCode

SYNTAX: Final = "42601"
UNSUPPORTED: Final = "0A000"
NO_TABLE: Final = "42P01"
NO_COLUMN: Final = "42703"
NO_FUNCTION: Final = "42883"
BAD_TEXT: Final = "22P02"
BAD_BINARY: Final = "22P03"
BAD_DATE: Final = "22007"
OUT_OF_RANGE: Final = "22003"
BAD_PARAMETER: Final = "22023"
NOT_NULL: Final = "23502"
FOREIGN_KEY: Final = "23503"
UNIQUE: Final = "23505"
CHECK: Final = "23514"
GENERATED: Final = "428C9"
PROTOCOL: Final = "08P01"
CANCELLED: Final = "57014"
MEMORY: Final = "53200"
TOO_COMPLEX: Final = "54001"
LIMIT: Final = "54000"
TOO_OFTEN: Final = "53400"
FAILED_BLOCK: Final = "25P02"
FORBIDDEN: Final = "42501"
STALE: Final = "40001"
DUPLICATE_COLUMN: Final = "42701"
NO_CURSOR: Final = "34000"
NO_STATEMENT: Final = "26000"
INTERNAL: Final = "XX000"
READ_ONLY: Final = "25006"

ONLY_WHOLE: Final = (
    "Journal Entry Lines can be created with a new Journal Entry, they cannot be added or removed"
    " from an existing Journal Entry."
)
LINE_ALONE: Final = (
    "It is not possible to change a journal line item one at a time and thus end up with an"
    " unbalanced transaction."
)
ONLINE_UPDATE: Final = "The QuickBooks Online API does not support updates."
NEEDS_BOTH: Final = "at least one Credit and one Debit Line must be added"


@dataclass(frozen=True, slots=True)
class Notice:
    """A remark that accompanies an answer."""

    code: str
    message: str
    severity: str = "WARNING"


class SqlFault(Exception):
    """A statement that is refused. `status` is the code QuickBooks has for it."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        detail: str | None = None,
        hint: str | None = None,
        position: int | None = None,
        table: str | None = None,
        column: str | None = None,
        fatal: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.detail = detail if status is None else f"qb_status_code={status}"
        if status is not None and detail:
            self.detail = f"{detail} qb_status_code={status}"
        self.hint = hint
        self.position = position
        self.table = table
        self.column = column
        self.fatal = fatal

    def members(self) -> list[tuple[str, str]]:
        """The members of an ErrorResponse."""
        severity = "FATAL" if self.fatal else "ERROR"
        found = [("S", severity), ("V", severity), ("C", self.code), ("M", self.message)]
        for letter, value in (
            ("D", self.detail),
            ("H", self.hint),
            ("P", self.position),
            ("t", self.table),
            ("c", self.column),
        ):
            if value is not None:
                found.append((letter, str(value)))
        return found


def unsupported(message: str, hint: str | None = None) -> SqlFault:
    """Something that is understood and not offered."""
    return SqlFault(UNSUPPORTED, message, hint=hint)


def no_column(name: str, table: str | None = None) -> SqlFault:
    """A column that is not there."""
    return SqlFault(NO_COLUMN, f'column "{name}" does not exist', column=name, table=table)


def no_table(name: str) -> SqlFault:
    """A table that is not there."""
    return SqlFault(NO_TABLE, f'relation "{name}" does not exist', table=name)


def refused(outcome: Refused) -> SqlFault:
    """A refusal of the core, in this interface's words."""
    first = outcome.refusals[0]
    if first.code is RefusalCode.INVALID_VALUE:
        return _invalid(first)
    state, status = _STATES[first.code]
    worded = _WORDS.get(first.code)
    message = first.message if worded is None else worded(first)
    return SqlFault(state, message, status=status, detail=None if worded is None else first.message)


def _invalid(refusal: Refusal) -> SqlFault:
    reason = refusal.values.get("reason")
    if reason == "length":
        return SqlFault("22001", refusal.message, status=3070)
    if refusal.field in ("amount", "rate", "home_amount"):
        return SqlFault(OUT_OF_RANGE, refusal.message, status=3040)
    if refusal.field == "posting_date":
        return SqlFault(BAD_DATE, refusal.message, status=3020)
    return SqlFault(BAD_PARAMETER, refusal.message, status=3210)


def _reference(refusal: Refusal) -> str:
    name = refusal.values.get("ref", "")
    return f'There is an invalid reference to QuickBooks object "{name}" in the JournalEntry.'


def _saving(refusal: Refusal) -> str:
    return (
        "There was an error when saving a Journal Entry. QuickBooks error message: "
        f"{_CAUSES[refusal.code]}"
    )


_CAUSES: Final = {
    RefusalCode.UNBALANCED: "The transaction is not in balance. Make sure the amounts on the"
    " detail area equal the amount on the header.",
    RefusalCode.CONTACT_REQUIRED: "You must select a Customer or Vendor for this transaction when"
    " using Accounts Receivable or Accounts Payable.",
    RefusalCode.CONTACT_KIND_WRONG: "The name is not of the kind that the account needs.",
}
_WORDS: Final[dict[RefusalCode, Callable[[Refusal], str]]] = {
    RefusalCode.UNBALANCED: _saving,
    RefusalCode.CONTACT_REQUIRED: _saving,
    RefusalCode.CONTACT_KIND_WRONG: _saving,
    RefusalCode.REFERENCE_NOT_FOUND: _reference,
    RefusalCode.REFERENCE_INACTIVE: _reference,
    RefusalCode.REFERENCE_AMBIGUOUS: _reference,
}

_STATES: Final[dict[RefusalCode, tuple[str, int | None]]] = {
    RefusalCode.UNAUTHENTICATED: ("28P01", None),
    RefusalCode.MALFORMED: (BAD_TEXT, None),
    # it was there when the statement looked for it: whoever repeats it finds UPDATE 0
    RefusalCode.NOT_FOUND: (STALE, 500),
    RefusalCode.FORBIDDEN: (FORBIDDEN, 3260),
    RefusalCode.UNSUPPORTED: (UNSUPPORTED, 3250),
    RefusalCode.LIMIT_EXCEEDED: (LIMIT, None),
    RefusalCode.IDEMPOTENCY_MISMATCH: (UNIQUE, 3100),
    RefusalCode.COMPANY_INACTIVE: ("55000", None),
    RefusalCode.STALE_VERSION: (STALE, 3200),
    RefusalCode.ENTRY_DELETED: (STALE, 500),
    RefusalCode.WRONG_STATUS: ("55000", None),
    RefusalCode.NOT_ORIGIN: (FORBIDDEN, 3260),
    RefusalCode.REQUIRED_MISSING: (NOT_NULL, 3150),
    RefusalCode.INVALID_VALUE: (BAD_PARAMETER, 3210),
    RefusalCode.REFERENCE_NOT_FOUND: (FOREIGN_KEY, 3140),
    RefusalCode.REFERENCE_INACTIVE: (FOREIGN_KEY, 3140),
    RefusalCode.REFERENCE_AMBIGUOUS: (FOREIGN_KEY, 3140),
    RefusalCode.CONTACT_REQUIRED: (CHECK, 3180),
    RefusalCode.CONTACT_KIND_WRONG: (CHECK, 3180),
    RefusalCode.CURRENCY_MISMATCH: (CHECK, 3180),
    RefusalCode.RATE_REQUIRED: (NOT_NULL, 3150),
    RefusalCode.TOO_FEW_LINES: (NOT_NULL, 3150),
    RefusalCode.UNBALANCED: (CHECK, 3180),
    RefusalCode.PERIOD_CLOSED: ("55000", 3171),
    RefusalCode.DUPLICATE_DOC_NUMBER: (UNIQUE, 3100),
    RefusalCode.DUPLICATE_NAME: (UNIQUE, 3100),
    RefusalCode.IN_USE: ("2BP01", None),
    RefusalCode.OVERLOADED: ("55P03", 3175),
    RefusalCode.DEADLINE_EXCEEDED: (CANCELLED, None),
    RefusalCode.OUTCOME_UNKNOWN: ("40003", None),
    RefusalCode.STORAGE_READ_ONLY: (READ_ONLY, None),
}
