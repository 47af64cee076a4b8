"""Everything this wire's callers can be told is wrong: codes, texts, HTTP states, and one envelope.

    {"result": false, "title": "Bad Request", "message": "…", "object": {"error_code": 1237}}

An answer carries one code. What is judged first decides, in the order of `Check`; `fault_of` picks
by it from what the ledger refuses. A plain sentence that names the member and the value goes into
the diagnosis header and the log.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from daybook.domain.refusals import Refusal, RefusalCode
from daybook.protocols.kit import json
from daybook.protocols.kit.plugin import Response


class Code(IntEnum):
    """The published codes. 1238 is not among them; 1299 is this server's, for its own failures."""

    YEAR_NOT_OPENED = 1225
    PERIOD_CLOSED = 1226
    UNBALANCED = 1227
    NUMBER_USED = 1228
    WRONG_STATUS = 1229
    NOT_YOUR_JOURNAL = 1230
    AMOUNTS = 1231
    DETAILS_MISSING = 1232
    DATE_MISSING = 1233
    DATE_FORMAT = 1234
    ENTRIES_MISSING = 1235
    ID_MISSING = 1236
    ID_INVALID = 1237
    ACCOUNT_INVALID = 1239
    CURRENCY_INVALID = 1240
    ACCOUNT_MISSING = 1241
    INTERNAL = 1299


MESSAGES: Final[Mapping[Code, str]] = {
    Code.YEAR_NOT_OPENED: "Could not create new fiscal year.",
    Code.PERIOD_CLOSED: "Fiscal period is closed.",
    Code.UNBALANCED: "Debit amount must be equal to credit amount.",
    Code.NUMBER_USED: "Journal number is previously used.",
    Code.WRONG_STATUS: "Action not allowed while journal not in review or pending status.",
    Code.NOT_YOUR_JOURNAL: "Journal is not allowed for your app.",
    Code.AMOUNTS: "Debit and credit amounts must be greater than zero.",
    Code.DETAILS_MISSING: "Missing journal details parameter.",
    Code.DATE_MISSING: "Missing journal date parameter.",
    Code.DATE_FORMAT: "Incorrect date parameter format.",
    Code.ENTRIES_MISSING: "Missing journal entries parameter.",
    Code.ID_MISSING: "Missing journal ID parameter.",
    Code.ID_INVALID: "Invalid journal ID parameter.",
    Code.ACCOUNT_INVALID: "Invalid account code for journal entry.",
    Code.CURRENCY_INVALID: "Invalid currency for journal entry.",
    Code.ACCOUNT_MISSING: "Missing account code for journal entry.",
    Code.INTERNAL: "Internal server error.",
}

TITLES: Final[Mapping[int, str]] = {
    200: "Success",
    400: "Bad Request",
    401: "Unauthorized",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}

_HEADERS: Final = (
    ("content-type", "application/json; charset=utf-8"),
    ("cache-control", "no-store"),
    ("referrer-policy", "no-referrer"),
    ("x-content-type-options", "nosniff"),
)
"""Of every answer: the address that was asked holds a token, so nobody may keep or pass it on."""


@dataclass(eq=False)
class ModulusFault(Exception):
    """What is answered instead of a result.

    Without a `code` the object is null. `entry_index` counts the journal's entries from 0.
    """

    status: int
    message: str
    plain: str
    code: Code | None = None
    entry_index: int | None = None
    headers: tuple[tuple[str, str], ...] = ()

    def response(self) -> Response:
        """The fault in its envelope."""
        details: dict[str, object] | None = None
        if self.code is not None:
            details = {"error_code": self.code.value}
            if self.entry_index is not None:
                details["entry_index"] = self.entry_index
        return _enveloped(self.status, self.message, details, self.headers, self.plain)


def success(message: str, result: object) -> Response:
    """A result in its envelope."""
    return _enveloped(200, message, result, (), None)


def _enveloped(
    status: int,
    message: str,
    contents: object,
    headers: tuple[tuple[str, str], ...],
    diagnosis: str | None,
) -> Response:
    envelope = {
        "result": status == 200,
        "title": TITLES[status],
        "message": message,
        "object": contents,
    }
    return Response(status, json.encode(envelope), _HEADERS + headers, diagnosis)


def refused(code: Code, plain: str, entry_index: int | None = None) -> ModulusFault:
    """The fault of a code: 400, whatever is wrong, but for failures of this server."""
    status = 500 if code is Code.INTERNAL else 400
    return ModulusFault(status, MESSAGES[code], plain, code, entry_index)


def bare(
    status: int, message: str, plain: str, headers: tuple[tuple[str, str], ...] = ()
) -> ModulusFault:
    """A fault without a code."""
    return ModulusFault(status, message, plain, headers=headers)


def unauthorized(plain: str) -> ModulusFault:
    """A token, secret or password that is missing or not believed."""
    return bare(401, "Authentication failed.", plain)


def overloaded(plain: str, seconds: int) -> ModulusFault:
    """Too many requests, or attempts, at a time."""
    return bare(429, "Too many requests.", plain, (("retry-after", str(seconds)),))


def unavailable(plain: str) -> ModulusFault:
    """A token that cannot be kept, so that there is none."""
    return bare(503, "The service is not available.", plain)


class Check(IntEnum):
    """What is judged when, of what the ledger can refuse."""

    ACCESS = 2
    EXISTENCE = 5
    OWNERSHIP = 6
    STATUS = 7
    PERIOD = 9
    ENTRIES = 10
    ENTRY = 11
    TOTALS = 12
    NUMBER = 13
    TEXTS = 14
    SERVER = 15


_RULES: Final[Mapping[RefusalCode, tuple[Check, Code]]] = {
    RefusalCode.UNAUTHENTICATED: (Check.ACCESS, Code.NOT_YOUR_JOURNAL),
    RefusalCode.MALFORMED: (Check.TEXTS, Code.DETAILS_MISSING),
    RefusalCode.NOT_FOUND: (Check.EXISTENCE, Code.ID_INVALID),
    RefusalCode.FORBIDDEN: (Check.ACCESS, Code.NOT_YOUR_JOURNAL),
    RefusalCode.UNSUPPORTED: (Check.TEXTS, Code.DETAILS_MISSING),
    RefusalCode.LIMIT_EXCEEDED: (Check.TEXTS, Code.DETAILS_MISSING),
    RefusalCode.IDEMPOTENCY_MISMATCH: (Check.NUMBER, Code.NUMBER_USED),
    RefusalCode.COMPANY_INACTIVE: (Check.PERIOD, Code.PERIOD_CLOSED),
    RefusalCode.STALE_VERSION: (Check.STATUS, Code.WRONG_STATUS),
    RefusalCode.ENTRY_DELETED: (Check.EXISTENCE, Code.ID_INVALID),
    RefusalCode.WRONG_STATUS: (Check.STATUS, Code.WRONG_STATUS),
    RefusalCode.NOT_ORIGIN: (Check.OWNERSHIP, Code.NOT_YOUR_JOURNAL),
    RefusalCode.REQUIRED_MISSING: (Check.TEXTS, Code.DETAILS_MISSING),
    RefusalCode.INVALID_VALUE: (Check.TEXTS, Code.DETAILS_MISSING),
    RefusalCode.REFERENCE_NOT_FOUND: (Check.ENTRY, Code.DETAILS_MISSING),
    RefusalCode.REFERENCE_INACTIVE: (Check.ENTRY, Code.DETAILS_MISSING),
    RefusalCode.REFERENCE_AMBIGUOUS: (Check.ENTRY, Code.DETAILS_MISSING),
    RefusalCode.CONTACT_REQUIRED: (Check.ENTRY, Code.ACCOUNT_INVALID),
    RefusalCode.CONTACT_KIND_WRONG: (Check.ENTRY, Code.ACCOUNT_INVALID),
    RefusalCode.CURRENCY_MISMATCH: (Check.ENTRY, Code.CURRENCY_INVALID),
    RefusalCode.RATE_REQUIRED: (Check.ENTRY, Code.CURRENCY_INVALID),
    RefusalCode.TOO_FEW_LINES: (Check.ENTRIES, Code.ENTRIES_MISSING),
    RefusalCode.UNBALANCED: (Check.TOTALS, Code.UNBALANCED),
    RefusalCode.PERIOD_CLOSED: (Check.PERIOD, Code.PERIOD_CLOSED),
    RefusalCode.DUPLICATE_DOC_NUMBER: (Check.NUMBER, Code.NUMBER_USED),
    RefusalCode.DUPLICATE_NAME: (Check.TEXTS, Code.DETAILS_MISSING),
    RefusalCode.IN_USE: (Check.TEXTS, Code.DETAILS_MISSING),
    RefusalCode.OVERLOADED: (Check.SERVER, Code.INTERNAL),
    RefusalCode.DEADLINE_EXCEEDED: (Check.SERVER, Code.INTERNAL),
    RefusalCode.OUTCOME_UNKNOWN: (Check.SERVER, Code.INTERNAL),
    RefusalCode.STORAGE_READ_ONLY: (Check.SERVER, Code.INTERNAL),
}

_BY_FIELD: Final[Mapping[str, Code]] = {
    "account": Code.ACCOUNT_INVALID,
    "amount": Code.AMOUNTS,
    "home_amount": Code.AMOUNTS,
    "currency": Code.CURRENCY_INVALID,
    "rate": Code.CURRENCY_INVALID,
}
"""The code of a value or reference that is wrong, by the member it is wrong in."""

_REFERENCES: Final = frozenset(
    {
        RefusalCode.INVALID_VALUE,
        RefusalCode.REFERENCE_NOT_FOUND,
        RefusalCode.REFERENCE_INACTIVE,
        RefusalCode.REFERENCE_AMBIGUOUS,
    }
)


def fault_of(refusals: Iterable[Refusal]) -> ModulusFault:
    """The one fault that stands for what the ledger refused: what is judged first."""
    judged = [(*_rule(refusal), refusal) for refusal in refusals]
    _, code, refusal = min(judged, key=lambda each: (each[0], each[2].line or 0))
    if refusal.code is RefusalCode.OVERLOADED:
        return overloaded(refusal.message, 1)
    if refusal.code is RefusalCode.UNAUTHENTICATED:
        return unauthorized(refusal.message)
    return refused(code, refusal.message, refusal.line)


def _rule(refusal: Refusal) -> tuple[Check, Code]:
    code = _BY_FIELD.get(refusal.field or "")
    if refusal.code in _REFERENCES and code is not None:
        return Check.ENTRY, code
    return _RULES[refusal.code]
