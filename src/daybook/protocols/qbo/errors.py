"""Everything this wire's callers can be told is wrong: codes, texts and HTTP states in one place.

Three sources meet here:

- what the wire finds itself while reading a body (`unknown_member`, `required`, …);
- what the ledger refuses: `_RULES` words every `RefusalCode`, and `fault_of` picks from a list of
  refusals those of the first stage that fails, since the original checks in stages and ends with
  the first that finds something;
- what the gateway in front of the original says (401, 403, 429), in its own lower-case shape.

Texts that were seen in recorded answers of the original are given letter by letter, with its
spelling mistakes. Every error also carries a plain sentence that names the member and the value,
for the diagnosis header and the log.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

from daybook.domain.currencies import exponent
from daybook.domain.events import ACCOUNT, CONTACT, dimension_entity
from daybook.domain.ids import Timestamp
from daybook.domain.model import CLASS, DEPARTMENT, PROJECT
from daybook.domain.money import amount_text
from daybook.domain.refusals import Refusal, RefusalCode
from daybook.protocols.kit import json
from daybook.protocols.qbo.limits import ERRORS_MAX

VALIDATION: Final = "ValidationFault"
SYSTEM: Final = "SystemFault"

MESSAGES: Final[Mapping[str, str]] = {
    "500": "Unsupported Operation",
    "600": "Duplicate Request ID",
    "610": "Object Not Found",
    "630": "Duplicate Object",
    "900": "Parent cannot be child",
    "1040": "Batch size exceeds allowed limit",
    "2000": "Unsupported object",
    "2010": "Request has invalid or unsupported property",
    "2020": "Required param missing, need to supply the required value for the API",
    "2030": "Invalid ID",
    "2040": "Invalid String",
    "2050": "String length is either shorter or longer than supported by specification",
    "2060": "Invalid Date Format",
    "2070": "Invalid Date",
    "2080": "Invalid Number",
    "2110": "Invalid Decimal",
    "2120": "Invalid Type",
    "2130": "Invalid Request Id",
    "2140": "Invalid Amount",
    "2170": "Invalid Enumeration",
    "2210": "Invalid Email Address format",
    "2220": "Invalid Currency",
    "2230": "Invalid Boolean",
    "2260": "MissingPostingType",
    "2270": "MissingTaxApplicableOn",
    "2280": "MissingTaxAmount",
    "2290": "NegativeAmount",
    "2500": "Invalid Reference Id",
    "4000": "Error parsing query",
    "4001": "Invalid query",
    "4002": "Error processing query",
    "5010": "Stale Object Error",
    "5020": "Permission Denied Error",
    "5030": "Feature Not Supported Error",
    "6000": "A business validation error has occurred while processing your request",
    "6010": "Account type and account subtype do not match",
    "6080": "No name supplied",
    "6140": "Duplicate Document Number Error",
    "6170": "Tax detail is not allowed when GlobalTaxCalculation is NotApplicable",
    "6180": "Nested deeper than five levels",
    "6190": "Invalid Company Status",
    "6210": "Account Period Closed, Cannot Update Through Services API",
    "6240": "Duplicate Name Exists Error",
    "6430": "Invalid account type",
    "10000": "An application error has occurred while processing your request",
}
"""The text of `Message` for every code used here."""

MADE_INACTIVE: Final = (
    "Something you're trying to use has been made inactive. Check the fields with accounts,"
    " customers, items, vendors or employees."
)
DELETED_BY_ANOTHER: Final = "Another user has deleted this transaction."


class Stage(IntEnum):
    """When the original checks what; the first stage that finds something ends the request."""

    ACCESS = 0
    SYNTAX = 1
    SHAPE = 2
    """The shape of values, and members that must be there: reported together."""
    STATE = 4
    REFERENCES = 5
    BUSINESS = 6
    BALANCE = 7


@dataclass(frozen=True, slots=True)
class Error:
    """One item of a fault.

    `element` None leaves the member out; `plain` is for people; `text` is what the gateway says
    in place of the code's own message.
    """

    code: str
    detail: str
    element: str | None = ""
    plain: str = ""
    text: str = ""

    @property
    def message(self) -> str:
        """The text of the code."""
        return self.text or MESSAGES.get(self.code, "")


class QboFault(Exception):
    """A refusal in this wire's words: what the caller is told instead of an answer.

    `at` is set on a fault that was remembered under a request id: it is the moment the envelope
    shows, so that the answer repeats byte by byte. A fault that says nothing about the request
    itself (`passing`: overload, failure) is never remembered. `gateway` faults are written in the
    lower-case shape outside of batches.
    """

    def __init__(
        self,
        errors: Sequence[Error],
        *,
        status: int = 400,
        type: str = VALIDATION,
        gateway: bool = False,
        passing: bool = False,
        at: Timestamp | None = None,
    ) -> None:
        super().__init__("; ".join(error.plain or error.detail for error in errors[:3]))
        self.errors = tuple(errors[:ERRORS_MAX])
        self.status = status
        self.type = type
        self.gateway = gateway
        self.passing = passing
        self.at = at
        self.wait_seconds: int | None = None
        """After how long it makes sense to try again, where that is known."""

    @property
    def diagnosis(self) -> str:
        """What is wrong, in plain words: the first findings, and how many more there are."""
        shown = "; ".join(error.plain or error.detail for error in self.errors[:5])
        more = len(self.errors) - 5
        return shown if more <= 0 else f"{shown}; and {more} more"

    @property
    def shows_time(self) -> bool:
        """Whether the envelope has a `time`: faults about an id in the path have none."""
        return self.errors[0].code != "2030"

    def as_json(self) -> dict[str, Any]:
        """The member `Fault`, as in answers and in the items of a batch."""
        return {"Error": [_error_json(error) for error in self.errors], "type": self.type}

    def to_bytes(self, at: Timestamp) -> bytes:
        """The fault as it is remembered under a request id."""
        return json.encode(
            {
                "at": at,
                "status": self.status,
                "type": self.type,
                "errors": [[e.code, e.detail, e.element, e.plain] for e in self.errors],
            }
        )

    @classmethod
    def from_bytes(cls, remembered: bytes) -> "QboFault":
        """The fault that `to_bytes` wrote."""
        values = json.decode(remembered)
        return cls(
            [Error(*each) for each in values["errors"]],
            status=values["status"],
            type=values["type"],
            at=Timestamp(values["at"]),
        )


def _error_json(error: Error) -> dict[str, str]:
    members = {"Message": error.message, "Detail": error.detail, "code": error.code}
    if error.element is not None:
        members["element"] = error.element
    return members


# What the wire finds itself


def unknown_member(shape: str, name: str, known: Iterable[str]) -> QboFault:
    """A member that the entity does not have."""
    names = sorted(known)
    listed = ", ".join(f'"{each}"' for each in names)
    detail = (
        f'Property Name:Unrecognized field "{name}" (class com.intuit.schema.finance.v3.{shape}),'
        f" not marked as ignorable ({len(names)} known properties: {listed})\n"
        " specified is unsupported or invalid"
    )
    plain = f"{shape} has no member {name!r}"
    return QboFault([Error("2010", detail, None, plain)])


def unreadable(plain: str) -> QboFault:
    """A body that is not JSON, or a member whose value is of the wrong kind."""
    detail = (
        "Property Name:failed to parse json object; a property specified is unsupported or invalid"
    )
    return QboFault([Error("2010", detail, None, plain)])


def unsupported(detail: str, plain: str = "") -> QboFault:
    """An operation, an address or a format that is not offered."""
    return QboFault([Error("500", detail, None, plain or detail)])


def no_such_address(path: str, method: str = "this method", instead: str = "") -> QboFault:
    """A path, or a method on a path, behind which there is nothing. `instead`: what to do."""
    detail = f"Operation Could not find resource for relative : {path} of full path: URL is not"
    plain = f"nothing answers at {path} with {method}" + (f"; {instead}" if instead else "")
    return unsupported(f"{detail} supported.", plain)


def operation_unsupported(operation: str, entity: str) -> QboFault:
    """An operation that the entity does not have."""
    plain = f"{entity} has no operation {operation}"
    return unsupported(f"Operation {operation} is not supported.", plain)


def required(name: str, path: str = "") -> Error:
    """A member that must be there."""
    detail = f"Required parameter {name} is missing in the request"
    return Error("2020", detail, name, f"{path or name} is required and missing")


def too_long(name: str, length: int, length_max: int, path: str = "") -> Error:
    """A text of more characters than its member takes."""
    detail = (
        "String length specified does not match the supported length."
        f" Min:0 Max:{length_max} supported. Supplied length:{length}"
    )
    plain = f"{path or name} has {length} characters, {length_max} at most"
    return Error("2050", detail, name, plain)


def invalid(code: str, name: str, value: object, why: str, path: str = "") -> Error:
    """A value that a member cannot have; `why` completes "<member> <value> …"."""
    shown = _shown(value)
    if code == "2030":
        detail = f"Id should be a valid number. Supplied value:{shown}"
    else:
        detail = f"{MESSAGES[code]} : {shown}"
    return Error(code, detail, name, f"{path or name}: {shown!r} {why}")


def unknown_reference(word: str, value: object, path: str) -> Error:
    """A reference that leads to no record. `word` is the original's name of the list."""
    shown = _shown(value)
    detail = f"Invalid Reference Id : {word} element id {shown} not found"
    plain = f"{path}: there is no record {shown} in {word.lower()} of this company"
    return Error("2500", detail, "Reference Id", plain)


def business(text: str, plain: str = "") -> Error:
    """A rule of the books, in the words of the original's own form."""
    detail = f"Business Validation Error: {text}"
    return Error("6000", detail, "", plain or text)


def not_found(plain: str, tail: str = MADE_INACTIVE) -> QboFault:
    """A record that is not there, or not any more."""
    return QboFault([Error("610", f"Object Not Found : {tail}", "", plain)])


def _shown(value: object, length_max: int = 100) -> str:
    text = str(value)
    return text if len(text) <= length_max else text[:length_max] + "…"


# What the gateway says


def unauthenticated(detail: str | None, plain: str) -> QboFault:
    """No bearer token, or one that is not believed. `detail` is the original's text, if any."""
    message = "message=AuthenticationFailed; errorCode=003200; statusCode=401"
    return _gateway(401, "3200", "AUTHENTICATION", message, detail, plain)


def forbidden(plain: str) -> QboFault:
    """A token that does not open these books, or not for this."""
    message = "message=AuthorizationFailed; errorCode=003100; statusCode=403"
    return _gateway(403, "3100", "SERVICE", message, None, plain)


def throttled(plain: str, wait_seconds: int | None = None) -> QboFault:
    """Too much at once; nothing was done. `wait_seconds` is after how long to try again."""
    message = "message=ThrottleExceeded; errorCode=003001; statusCode=429"
    detail = "The request limit was reached.  Try again later"
    fault = _gateway(429, "3001", "SERVICE", message, detail, plain)
    fault.wait_seconds = wait_seconds
    return fault


def failure(status: int, detail: str, plain: str) -> QboFault:
    """A failure on this side, or a state that has nothing to do with the request."""
    error = Error("10000", f"System Failure Error: {detail}", "", plain)
    return QboFault([error], status=status, type=SYSTEM, passing=True)


def _gateway(
    status: int, code: str, type: str, message: str, detail: str | None, plain: str
) -> QboFault:
    error = Error(code, detail or "", None, plain, message)
    return QboFault([error], status=status, type=type, gateway=True, passing=True)


def gateway_json(fault: QboFault, milliseconds: int) -> dict[str, Any]:
    """A gateway fault in its own envelope; `milliseconds` since 1970."""
    errors = [
        {
            "message": error.message,
            "detail": error.detail or None,
            "code": error.code,
            "element": None,
        }
        for error in fault.errors
    ]
    return {
        "warnings": None,
        "intuitObject": None,
        "fault": {"error": errors, "type": fault.type},
        "report": None,
        "queryResponse": None,
        "batchItemResponse": [],
        "attachableResponse": [],
        "syncErrorResponse": None,
        "requestId": None,
        "time": milliseconds,
        "status": None,
        "cdcresponse": [],
    }


# What the ledger refuses


@dataclass(frozen=True, slots=True)
class Situation:
    """What a refusal's wording depends on besides the refusal.

    `entity` is the entity's name on this wire; `country` the company's; `editor` whoever changed
    the record last, for the stale object text.
    """

    entity: str
    country: str = "US"
    editor: str = "another user"


_Word = Callable[[Refusal, Situation], Error]

_PATHS: Final[Mapping[str, str]] = {
    "id": "Id",
    "version": "SyncToken",
    "posting_date": "TxnDate",
    "doc_number": "DocNumber",
    "memo": "PrivateNote",
    "currency": "CurrencyRef",
    "rate": "ExchangeRate",
    "lines": "Line",
    "amount": "Amount",
    "account": "JournalEntryLineDetail.AccountRef",
    "contact": "JournalEntryLineDetail.Entity",
    "description": "Description",
    "name": "Name",
    "code": "AcctNum",
    "parent": "ParentRef",
    "kind": "AccountType",
}
_LISTS: Final[Mapping[str, tuple[str, str]]] = {
    ACCOUNT: ("Accounts", "AccountRef"),
    CONTACT: ("Names", "Entity"),
    dimension_entity(CLASS): ("Klasses", "ClassRef"),
    dimension_entity(DEPARTMENT): ("Departments", "DepartmentRef"),
    dimension_entity(PROJECT): ("Projects", "ProjectRef"),
}
"""The original's names of the lists, and the members that refer to them."""


def list_word(entity: str) -> str:
    """The original's name of the list that a ledger entity is."""
    return _LISTS.get(entity, ("Names", ""))[0]


def _element(refusal: Refusal) -> str:
    return _PATHS.get(refusal.field or "", refusal.field or "").rpartition(".")[2]


def _plain(refusal: Refusal) -> str:
    path = _PATHS.get(refusal.field or "", refusal.field or "")
    if refusal.line is not None:
        path = f"Line[{refusal.line}].{path}"
    return f"{path}: {refusal.message}" if path else refusal.message


def _as(code: str, detail: str, element: str = "") -> _Word:
    return lambda refusal, situation: Error(code, detail, element, _plain(refusal))


def _business(text: str) -> _Word:
    return lambda refusal, situation: business(text, _plain(refusal))


def _business_plain(refusal: Refusal, situation: Situation) -> Error:
    return business(refusal.message, _plain(refusal))


def _missing(refusal: Refusal, situation: Situation) -> Error:
    if refusal.field == "name" and situation.entity in ("Customer", "Vendor", "Employee"):
        return Error("6080", "No name supplied", "DisplayName", _plain(refusal))
    name = _element(refusal)
    return Error("2020", required(name).detail, name, _plain(refusal))


def _not_found(refusal: Refusal, situation: Situation) -> Error:
    tail = DELETED_BY_ANOTHER if situation.entity == "JournalEntry" else MADE_INACTIVE
    return Error("610", f"Object Not Found : {tail}", "", _plain(refusal))


def _stale(refusal: Refusal, situation: Situation) -> Error:
    editor = situation.editor
    detail = (
        f"Stale Object Error : You and {editor} were working on this at the same time."
        f" {editor} finished before you did, so your work was not saved."
    )
    return Error("5010", detail, "", _plain(refusal))


def _limit(refusal: Refusal, situation: Situation) -> Error:
    if refusal.values.get("reason") == "depth":
        return Error("6180", MESSAGES["6180"], "ParentRef", _plain(refusal))
    return business(refusal.message, _plain(refusal))


def _unknown_reference(refusal: Refusal, situation: Situation) -> Error:
    word = list_word(str(refusal.values["entity"]))
    return unknown_reference(word, refusal.values["ref"], _reference_path(refusal))


def _ambiguous(refusal: Refusal, situation: Situation) -> Error:
    detail = f"Invalid Reference Id : {refusal.message}"
    return Error("2500", detail, "Reference Id", _plain(refusal))


def _inactive(refusal: Refusal, situation: Situation) -> Error:
    detail = f"Invalid Reference Id : {MADE_INACTIVE}"
    plain = f"{_reference_path(refusal)}: {refusal.message}"
    return Error("2500", detail, "Reference Id", plain)


def _reference_path(refusal: Refusal) -> str:
    if refusal.field == "parent":
        return "ParentRef"
    member = _LISTS.get(str(refusal.values["entity"]), ("", "reference"))[1]
    return f"Line[{refusal.line}].JournalEntryLineDetail.{member}"


def _contact_kind(refusal: Refusal, situation: Situation) -> Error:
    detail = f"Invalid Reference Id : Names element id {refusal.values['id']} not found"
    return Error("2500", detail, "Reference Id", _plain(refusal))


def _contact_required(refusal: Refusal, situation: Situation) -> Error:
    if refusal.values["kind"] == "customer":
        account, name = "Accounts Receivable", "a customer"
    else:
        account = "Accounts Payable"
        name = "a vendor" if situation.country == "US" else "a supplier"
    text = f"When you use {account}, you must choose {name} in the Name field."
    return business(text, _plain(refusal))


def _currency_mismatch(refusal: Refusal, situation: Situation) -> Error:
    if refusal.line is None:
        text = "You must turn on multicurrency to use foreign currencies."
        return business(text, _plain(refusal))
    return business(refusal.message, _plain(refusal))


def _unbalanced(refusal: Refusal, situation: Situation) -> Error:
    values = refusal.values
    currency = str(values["currency"])
    debits, credits = int(values["debits"]), int(values["credits"])
    decimals = exponent(currency)
    plain = (
        f"Line: debits are {amount_text(debits, decimals)} {currency},"
        f" credits {amount_text(credits, decimals)}, a difference of"
        f" {amount_text(abs(debits - credits), decimals)}"
    )
    return business("Please balance debits and credits.", plain)


def _duplicate_number(refusal: Refusal, situation: Situation) -> Error:
    values = refusal.values
    detail = (
        "Duplicate Document Number Error : You must specify a different number. This number has"
        f" already been used. DocNumber={values['doc_number']} is assigned to"
        f" TxnType=Journal Entry with TxnId={values['holder']}"
    )
    return Error("6140", detail, "", _plain(refusal))


def _duplicate_name(refusal: Refusal, situation: Situation) -> Error:
    names = situation.entity in ("Customer", "Vendor", "Employee")
    tail = (
        "Another customer, vendor or employee is already using this name."
        " Please use a different name."
        if names
        else "null"
    )
    return Error("6240", f"The name supplied already exists. : {tail}", "", _plain(refusal))


_INVALID_BY_REASON: Final[Mapping[str, str]] = {
    "negative": "2290",
    "range": "2140",
    "non_posting": "6430",
    "characters": "2040",
    "loop": "900",
}
_INVALID_BY_FIELD: Final[Mapping[str, str]] = {
    "currency": "2220",
    "home_currency": "2220",
    "rate": "2110",
    "id": "630",
    "time_zone": "2170",
    "fiscal_year_start": "2170",
}


def _invalid(refusal: Refusal, situation: Situation) -> Error:
    reason = str(refusal.values.get("reason", ""))
    if reason == "length":
        length, length_max = int(refusal.values["length"]), int(refusal.values["max"])
        name = _element(refusal)
        return Error("2050", too_long(name, length, length_max).detail, name, _plain(refusal))
    if reason == "kind":
        return business("A record and its parent are of one type.", _plain(refusal))
    code = _INVALID_BY_REASON.get(reason) or _INVALID_BY_FIELD.get(refusal.field or "", "2120")
    return Error(code, f"{MESSAGES[code]} : {refusal.message}", _element(refusal), _plain(refusal))


_CLOSED: Final = (
    "The account period has closed and the account books cannot be updated through through the"
    " QBO Services API. Please use the QBO website to make these changes."
)
_LAPSED: Final = "The subscription period has ended or canceled or there was a billing problem"

_RULES: Final[Mapping[RefusalCode, tuple[Stage, _Word]]] = {
    RefusalCode.UNAUTHENTICATED: (Stage.ACCESS, _as("3200", "AuthenticationFailed")),
    RefusalCode.MALFORMED: (Stage.SYNTAX, _as("2010", "Request cannot be read")),
    RefusalCode.NOT_FOUND: (Stage.STATE, _not_found),
    RefusalCode.FORBIDDEN: (Stage.ACCESS, _as("3100", "AuthorizationFailed")),
    RefusalCode.UNSUPPORTED: (Stage.SYNTAX, _as("500", "Operation is not supported.")),
    RefusalCode.LIMIT_EXCEEDED: (Stage.BUSINESS, _limit),
    RefusalCode.IDEMPOTENCY_MISMATCH: (Stage.SYNTAX, _as("600", "Duplicate Request ID")),
    RefusalCode.COMPANY_INACTIVE: (Stage.ACCESS, _as("6190", _LAPSED)),
    RefusalCode.STALE_VERSION: (Stage.STATE, _stale),
    RefusalCode.ENTRY_DELETED: (Stage.STATE, _not_found),
    RefusalCode.WRONG_STATUS: (Stage.STATE, _not_found),
    RefusalCode.NOT_ORIGIN: (Stage.STATE, _as("5020", "Permission Denied Error")),
    RefusalCode.REQUIRED_MISSING: (Stage.SHAPE, _missing),
    RefusalCode.INVALID_VALUE: (Stage.SHAPE, _invalid),
    RefusalCode.REFERENCE_NOT_FOUND: (Stage.REFERENCES, _unknown_reference),
    RefusalCode.REFERENCE_INACTIVE: (Stage.REFERENCES, _inactive),
    RefusalCode.REFERENCE_AMBIGUOUS: (Stage.REFERENCES, _ambiguous),
    RefusalCode.CONTACT_REQUIRED: (Stage.BUSINESS, _contact_required),
    RefusalCode.CONTACT_KIND_WRONG: (Stage.REFERENCES, _contact_kind),
    RefusalCode.CURRENCY_MISMATCH: (Stage.BUSINESS, _currency_mismatch),
    RefusalCode.RATE_REQUIRED: (Stage.SHAPE, _missing),
    RefusalCode.TOO_FEW_LINES: (
        Stage.BUSINESS,
        _business("Fill out at least two detail lines to continue."),
    ),
    RefusalCode.UNBALANCED: (Stage.BALANCE, _unbalanced),
    RefusalCode.PERIOD_CLOSED: (Stage.BUSINESS, _as("6210", _CLOSED)),
    RefusalCode.DUPLICATE_DOC_NUMBER: (Stage.BUSINESS, _duplicate_number),
    RefusalCode.DUPLICATE_NAME: (Stage.BUSINESS, _duplicate_name),
    RefusalCode.IN_USE: (Stage.BUSINESS, _business_plain),
    RefusalCode.OVERLOADED: (Stage.ACCESS, _as("3001", "ThrottleExceeded")),
    RefusalCode.DEADLINE_EXCEEDED: (Stage.ACCESS, _as("10000", "the request timed out")),
    RefusalCode.OUTCOME_UNKNOWN: (Stage.ACCESS, _as("10000", "the outcome is not known")),
    RefusalCode.STORAGE_READ_ONLY: (Stage.ACCESS, _as("10000", "no writes are taken")),
}
"""Stage and words of every reason the ledger has."""

_WHOLE: Final[Mapping[RefusalCode, Callable[[str], QboFault]]] = {
    RefusalCode.UNAUTHENTICATED: lambda plain: unauthenticated(None, plain),
    RefusalCode.FORBIDDEN: forbidden,
    RefusalCode.OVERLOADED: throttled,
    RefusalCode.DEADLINE_EXCEEDED: lambda plain: failure(
        504, "the request waited too long and was not carried out", plain
    ),
    RefusalCode.OUTCOME_UNKNOWN: lambda plain: failure(
        503, "it is not known whether the request was carried out; repeat it", plain
    ),
    RefusalCode.STORAGE_READ_ONLY: lambda plain: failure(
        503, "the books take no changes at the moment", plain
    ),
}
"""Reasons that are no item of a list of errors but an answer of their own."""


def stage_of(refusal: Refusal) -> Stage:
    """When the original would find what the ledger refuses."""
    if refusal.values.get("reason") in ("non_posting", "kind", "loop"):
        return Stage.BUSINESS
    return _RULES[refusal.code][0]


def _causes(refusals: tuple[Refusal, ...]) -> list[Refusal]:
    """Refusals without those that only follow: a currency the company has not fits no account."""
    foreign = RefusalCode.CURRENCY_MISMATCH
    if not any(each.code is foreign and each.line is None for each in refusals):
        return list(refusals)
    return [each for each in refusals if each.code is not foreign or each.line is None]


def fault_of(
    refusals: Iterable[Refusal],
    situation: Situation,
    found: Iterable[tuple[Stage, Error]] = (),
) -> QboFault:
    """The fault for what the ledger refuses, and for what the wire has found beside it."""
    staged: list[tuple[Stage, Error]] = list(found)
    for refusal in _causes(tuple(refusals)):
        if refusal.code in _WHOLE:
            return _WHOLE[refusal.code](_plain(refusal))
        staged.append((stage_of(refusal), _RULES[refusal.code][1](refusal, situation)))
    first = min(stage for stage, _ in staged)
    errors = [error for stage, error in staged if stage is first]
    if first >= Stage.BUSINESS:
        errors = list({(error.code, error.detail): error for error in errors}.values())
    return QboFault(errors)
