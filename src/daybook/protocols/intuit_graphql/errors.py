"""What this wire says when something is wrong: stable codes, and where in the request it is.

`extensions.code` is three letters, a dash and four digits; the block from 9000 is this server's
own. A `Fault` is raised where a field or an argument is refused and becomes one entry of `errors`
for each of its findings; a `RequestFault` refuses a request before anything is carried out.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from graphql import GraphQLError, Node

from daybook.domain.refusals import Refusal, RefusalCode

Path = tuple[str | int, ...]


class Code(Enum):
    """The codes, each with the word that says the same (`innerCode`)."""

    PARSE_FAILED = ("VAL-0100", "GRAPHQL_PARSE_FAILED")
    VALIDATION_FAILED = ("VAL-0100", "GRAPHQL_VALIDATION_FAILED")
    BAD_USER_INPUT = ("VAL-0100", "BAD_USER_INPUT")
    OPERATION_RESOLUTION_FAILED = ("VAL-0100", "OPERATION_RESOLUTION_FAILED")
    BAD_REQUEST = ("VAL-0100", "BAD_REQUEST")
    NO_SCOPE = ("AHZ-0010", None)
    NOT_BALANCED = ("VAL-9001", "NOT_BALANCED")
    LINES_REQUIRED = ("VAL-9002", "LINES_REQUIRED")
    INVALID_AMOUNT = ("VAL-9003", "INVALID_AMOUNT")
    INVALID_REFERENCE = ("VAL-9004", "INVALID_REFERENCE")
    INACTIVE_REFERENCE = ("VAL-9005", "INACTIVE_REFERENCE")
    STALE_ENTITY_VERSION = ("VAL-9006", "STALE_ENTITY_VERSION")
    NOT_FOUND = ("VAL-9007", "NOT_FOUND")
    PERIOD_CLOSED = ("VAL-9008", "PERIOD_CLOSED")
    CONFLICTING_FIELDS = ("VAL-9009", "CONFLICTING_FIELDS")
    INVALID_CURSOR = ("VAL-9010", "INVALID_CURSOR")
    INVALID_PAGE_SIZE = ("VAL-9011", "INVALID_PAGE_SIZE")
    MALFORMED_ID = ("VAL-9012", "MALFORMED_ID")
    INVALID_SEQUENCE = ("VAL-9013", "INVALID_SEQUENCE")
    ENTRY_LOCKED = ("VAL-9014", "ENTRY_LOCKED")
    INVALID_VALUE = ("VAL-9015", "INVALID_VALUE")
    QUERY_TOO_COMPLEX = ("VAL-9020", "QUERY_TOO_COMPLEX")
    UNAVAILABLE = ("SYS-9001", None)
    UNEXPECTED = ("OTH-9000", None)


_CLASSIFICATIONS: Final = {
    "VAL": "VALIDATION_ERROR",
    "AHZ": "AUTHORIZATION",
    "SYS": "SYSTEM_ERROR",
    "OTH": "OTHER",
}


def extensions(code: Code, **more: Any) -> dict[str, Any]:
    """The `extensions` of an error."""
    number, inner = code.value
    shown: dict[str, Any] = {"code": number}
    if inner is not None:
        shown["innerCode"] = inner
    return {**shown, **more, "classification": _CLASSIFICATIONS[number[:3]]}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `argument` is its place in the field's arguments."""

    code: Code
    message: str
    argument: Path = ()
    values: Mapping[str, Any] = field(default_factory=dict)


class Fault(Exception):
    """A field that is refused, for one reason or several."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(findings[0].message)
        self.findings = tuple(findings)


def fault(code: Code, message: str, argument: Path = (), **values: Any) -> Fault:
    """A fault with one finding."""
    return Fault([Finding(code, message, argument, values)])


class RequestFault(Exception):
    """A request that is refused as a whole. `errors` are as they are shown."""

    def __init__(self, errors: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(str(errors[0]["message"]))
        self.errors = list(errors)


def request_fault(
    code: Code, message: str, nodes: Collection[Node] | None = None, **more: Any
) -> RequestFault:
    """A request fault with one error."""
    shown = GraphQLError(message, nodes, extensions=extensions(code, **more))
    return RequestFault([dict(shown.formatted)])


def refused(code: Code, message: str, errors: Sequence[GraphQLError]) -> RequestFault:
    """A request fault for what the GraphQL library found.

    With `message` it stands before everything, and the library's own words in `innerMessage`.
    """
    shown = []
    for error in errors:
        plain: dict[str, Any] = {"message": message or error.message}
        if error.locations:
            plain["locations"] = [location.formatted for location in error.locations]
        plain["extensions"] = extensions(code, innerMessage=error.message)
        shown.append(plain)
    return RequestFault(shown)


def field_errors(error: GraphQLError) -> list[dict[str, Any]]:
    """How a field's error is shown: once for each finding of a fault."""
    original = error.original_error
    plain: dict[str, Any] = {
        "locations": [location.formatted for location in error.locations or ()]
    }
    if error.path is not None:
        plain["path"] = error.path
    if not isinstance(original, Fault):
        # An argument whose variable came out null where it may not.
        bad = extensions(Code.BAD_USER_INPUT, innerMessage=error.message)
        return [{"message": error.message, **plain, "extensions": bad}]
    shown = []
    for finding in original.findings:
        more = dict(finding.values)
        if finding.argument:
            more["argumentPath"] = list(finding.argument)
        shown.append(
            {"message": finding.message, **plain, "extensions": extensions(finding.code, **more)}
        )
    return shown


CODES: Final[Mapping[RefusalCode, Code]] = {
    RefusalCode.UNAUTHENTICATED: Code.NO_SCOPE,
    RefusalCode.MALFORMED: Code.INVALID_VALUE,
    RefusalCode.NOT_FOUND: Code.NOT_FOUND,
    RefusalCode.FORBIDDEN: Code.NO_SCOPE,
    RefusalCode.UNSUPPORTED: Code.ENTRY_LOCKED,
    RefusalCode.LIMIT_EXCEEDED: Code.INVALID_VALUE,
    RefusalCode.IDEMPOTENCY_MISMATCH: Code.ENTRY_LOCKED,
    RefusalCode.COMPANY_INACTIVE: Code.ENTRY_LOCKED,
    RefusalCode.STALE_VERSION: Code.STALE_ENTITY_VERSION,
    RefusalCode.ENTRY_DELETED: Code.NOT_FOUND,
    RefusalCode.WRONG_STATUS: Code.NOT_FOUND,
    RefusalCode.NOT_ORIGIN: Code.ENTRY_LOCKED,
    RefusalCode.REQUIRED_MISSING: Code.LINES_REQUIRED,
    RefusalCode.INVALID_VALUE: Code.INVALID_VALUE,
    RefusalCode.REFERENCE_NOT_FOUND: Code.INVALID_REFERENCE,
    RefusalCode.REFERENCE_INACTIVE: Code.INACTIVE_REFERENCE,
    RefusalCode.REFERENCE_AMBIGUOUS: Code.INVALID_REFERENCE,
    RefusalCode.CONTACT_REQUIRED: Code.ENTRY_LOCKED,
    RefusalCode.CONTACT_KIND_WRONG: Code.INVALID_REFERENCE,
    RefusalCode.CURRENCY_MISMATCH: Code.ENTRY_LOCKED,
    RefusalCode.RATE_REQUIRED: Code.ENTRY_LOCKED,
    RefusalCode.TOO_FEW_LINES: Code.LINES_REQUIRED,
    RefusalCode.UNBALANCED: Code.NOT_BALANCED,
    RefusalCode.PERIOD_CLOSED: Code.PERIOD_CLOSED,
    RefusalCode.DUPLICATE_DOC_NUMBER: Code.ENTRY_LOCKED,
    RefusalCode.DUPLICATE_NAME: Code.ENTRY_LOCKED,
    RefusalCode.IN_USE: Code.ENTRY_LOCKED,
    RefusalCode.OVERLOADED: Code.UNAVAILABLE,
    RefusalCode.DEADLINE_EXCEEDED: Code.UNAVAILABLE,
    RefusalCode.OUTCOME_UNKNOWN: Code.UNAVAILABLE,
    RefusalCode.STORAGE_READ_ONLY: Code.UNAVAILABLE,
}
"""What each refusal of the ledger is called here; every one has an entry."""

_FIELDS: Final = {
    "posting_date": "transactionDate",
    "doc_number": "referenceNumber",
    "memo": "memo",
    "lines": "entryLines",
    "account": "account",
    "contact": "payee",
    "description": "description",
    "amount": "amount",
    "currency": "currency",
    "rate": "currency",
    "version": "metadata",
    "id": "id",
}
"""The ledger's words for members, and this wire's."""


def finding_of(refusal: Refusal, argument: str | None, origins: Sequence[int] = ()) -> Finding:
    """A refusal of the ledger in this wire's words.

    `argument` is the field's argument that holds the entry, None where there is no such thing;
    `origins` says which line of the input each line of the command came from.
    """
    code = CODES[refusal.code]
    path: list[str | int] = [] if argument is None else [argument]
    if argument is not None and refusal.line is not None:
        path += ["entryLines", origins[refusal.line] if origins else refusal.line]
    if argument is not None and refusal.field in _FIELDS:
        path.append(_FIELDS[refusal.field])
    if code is Code.INVALID_VALUE and refusal.field == "amount":
        code = Code.INVALID_AMOUNT
    values: dict[str, Any] = {}
    if refusal.code is RefusalCode.STALE_VERSION:
        values["currentEntityVersion"] = str(refusal.values["current"])
    return Finding(code, _worded(refusal), tuple(path) if len(path) > 1 else (), values)


def _worded(refusal: Refusal) -> str:
    """Why, for a person. The ledger's sentences say it, but for sums, which it has in units."""
    if refusal.code is RefusalCode.ENTRY_DELETED or refusal.code is RefusalCode.WRONG_STATUS:
        return "There is no such journal entry."
    return f"{refusal.message[:1].upper()}{refusal.message[1:]}."
