"""What the ledger refuses, said to the person who typed it.

`wording` is total: every code has its sentence. What matters for a form is said at the field it is
about; `field_of` gives that field's name.
"""

from collections.abc import Callable, Mapping
from typing import Final

from daybook.domain.refusals import Refusal, RefusalCode
from daybook.web.formats import day, money, read_day

_NOUNS: Final = {"account": "account", "contact": "contact"}


def _noun(refusal: Refusal) -> str:
    return _NOUNS.get(str(refusal.values.get("entity", "")).partition(":")[0], "value")


def _unbalanced(refusal: Refusal, currency: str) -> str:
    debits, credits = refusal.values.get("debits"), refusal.values.get("credits")
    if not (isinstance(debits, int) and isinstance(credits, int)):
        return "Debits and credits differ."
    apart = money(abs(debits - credits), currency)
    return (
        f"Debits are {money(debits, currency)} and credits {money(credits, currency)}:"
        f" {apart} {currency} apart."
    )


def _closed(refusal: Refusal, currency: str) -> str:
    through = read_day(str(refusal.values.get("through", "")))
    return f"The books are closed through {day(through)}." if through else "The books are closed."


def _invalid(refusal: Refusal, currency: str) -> str:
    return f"This cannot be taken: {refusal.message}."


def _forbidden(refusal: Refusal, currency: str) -> str:
    if refusal.values.get("reason") == "four_eyes":
        deed = refusal.values.get("deed")
        return f"You made or changed this entry, so somebody else has to {deed} it."
    return "Your role does not allow this."


_SAID: Final[Mapping[RefusalCode, str | Callable[[Refusal, str], str]]] = {
    RefusalCode.UNAUTHENTICATED: "Please sign in again.",
    RefusalCode.MALFORMED: _invalid,
    RefusalCode.NOT_FOUND: "There is no such entry.",
    RefusalCode.FORBIDDEN: _forbidden,
    RefusalCode.UNSUPPORTED: "This is not offered.",
    RefusalCode.LIMIT_EXCEEDED: _invalid,
    RefusalCode.IDEMPOTENCY_MISMATCH: "This form was sent before, with other content.",
    RefusalCode.COMPANY_INACTIVE: "These books are inactive and take no changes.",
    RefusalCode.STALE_VERSION: "Somebody has changed this entry since you opened it.",
    RefusalCode.ENTRY_DELETED: "This entry has been deleted.",
    RefusalCode.WRONG_STATUS: "The entry's status has changed and does not allow this.",
    RefusalCode.NOT_ORIGIN: "Another application made this entry.",
    RefusalCode.REQUIRED_MISSING: "This is needed.",
    RefusalCode.INVALID_VALUE: _invalid,
    RefusalCode.REFERENCE_NOT_FOUND: lambda refusal, _: f"No {_noun(refusal)} is called that.",
    RefusalCode.REFERENCE_INACTIVE: lambda refusal, _: (
        f"This {_noun(refusal)} is inactive and takes no new lines."
    ),
    RefusalCode.REFERENCE_AMBIGUOUS: lambda refusal, _: (
        f"Several of that name: give the {_noun(refusal)}'s full name or code."
    ),
    RefusalCode.CONTACT_REQUIRED: (
        "This account needs a contact: a customer for receivables, a vendor for payables."
    ),
    RefusalCode.CONTACT_KIND_WRONG: ("Receivables need a customer here, and payables a vendor."),
    RefusalCode.CURRENCY_MISMATCH: lambda refusal, _: (
        f"The currency does not fit: {refusal.message}."
    ),
    RefusalCode.RATE_REQUIRED: "No rate is kept for this day: give one.",
    RefusalCode.TOO_FEW_LINES: "An entry has at least two lines with an account and an amount.",
    RefusalCode.UNBALANCED: _unbalanced,
    RefusalCode.PERIOD_CLOSED: _closed,
    RefusalCode.DUPLICATE_DOC_NUMBER: lambda refusal, _: (
        f"Entry {refusal.values.get('holder')} has this number already."
    ),
    RefusalCode.DUPLICATE_NAME: "This name is taken.",
    RefusalCode.IN_USE: "Others depend on this, so it cannot change that way.",
    RefusalCode.OVERLOADED: "The server is very busy. Nothing was done; please try again.",
    RefusalCode.DEADLINE_EXCEEDED: "This took too long. Nothing was done; please try again.",
    RefusalCode.OUTCOME_UNKNOWN: (
        "It is not known whether this was kept. Look at the journal before you repeat it."
    ),
    RefusalCode.STORAGE_READ_ONLY: "The books take no changes until the server is restarted.",
}


def wording(refusal: Refusal, currency: str) -> str:
    """A refusal as a sentence. `currency` is that of the amounts it may name."""
    said = _SAID[refusal.code]
    return said if isinstance(said, str) else said(refusal, currency)


_FIELDS: Final = {
    "posting_date": "date",
    "doc_number": "number",
    "memo": "memo",
    "currency": "currency",
    "rate": "rate",
}
_LINE_FIELDS: Final = {
    "account": "account",
    "contact": "contact",
    "description": "description",
    "amount": "debit",
}


def field_of(refusal: Refusal, rows: tuple[int, ...]) -> str | None:
    """The form's field that a refusal is about, or None where it is about the whole.

    `rows` are the form's rows that the command's lines were made from.
    """
    if refusal.line is None:
        return _FIELDS.get(refusal.field or "")
    if refusal.line >= len(rows):
        return None
    row = rows[refusal.line]
    return f"{_LINE_FIELDS.get(refusal.field or '', 'account')}.{row}"
