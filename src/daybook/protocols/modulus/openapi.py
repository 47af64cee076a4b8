"""The OpenAPI document of this wire: see `daybook.protocols.kit.openapi`."""

from collections.abc import Sequence
from typing import Final

from daybook.protocols.kit import openapi as kit
from daybook.protocols.kit.openapi import (
    DAY,
    INTEGER,
    NUMBER,
    TEXT,
    About,
    Described,
    Schema,
    content,
    listing,
    or_null,
    parameter,
    record,
    ref,
    words,
)
from daybook.protocols.kit.plugin import Operation
from daybook.protocols.modulus.errors import Code
from daybook.protocols.modulus.limits import PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX
from daybook.protocols.modulus.render import STATUSES

_AMOUNT: Final[Schema] = {"anyOf": [NUMBER, TEXT, {"type": "null"}]}
_CODE: Final[Schema] = {"type": ["string", "integer"]}
_OPTIONAL_TEXT: Final[Schema] = {"type": ["string", "null"]}
_LINE: Final = record(
    {
        "account_code": _OPTIONAL_TEXT,
        "cost_center_id": or_null(INTEGER),
        "journal_entry_notes": _OPTIONAL_TEXT,
        "base_currency_debit_amount": NUMBER,
        "base_currency_credit_amount": NUMBER,
        "foreign_currency": _OPTIONAL_TEXT,
        "foreign_currency_debit_amount": or_null(NUMBER),
        "foreign_currency_credit_amount": or_null(NUMBER),
    }
)
_NEW_LINE: Final = record(
    {"account_code": _CODE},
    {
        "cost_center_id": or_null(INTEGER),
        "journal_entry_notes": _OPTIONAL_TEXT,
        "base_currency_debit_amount": _AMOUNT,
        "base_currency_credit_amount": _AMOUNT,
        "foreign_currency": _OPTIONAL_TEXT,
        "foreign_currency_id": or_null(INTEGER),
        "foreign_currency_debit_amount": _AMOUNT,
        "foreign_currency_credit_amount": _AMOUNT,
    },
)
_HEAD: Final[dict[str, Schema]] = {
    "journal_id": INTEGER,
    "status": words(STATUSES.values()),
    "date": DAY,
    "financial_book_id": INTEGER,
    "reference_number": _OPTIONAL_TEXT,
    "journal_notes": _OPTIONAL_TEXT,
    "created_date_time": TEXT,
    "updated_date_time": _OPTIONAL_TEXT,
}
_ENTRIES: Final[Schema] = {"type": "array", "items": ref("NewJournalEntry"), "minItems": 2}
_GIVEN: Final[dict[str, Schema]] = {
    "reference_number": _OPTIONAL_TEXT,
    "journal_notes": _OPTIONAL_TEXT,
    "financial_book_id": or_null(INTEGER),
}
_SCHEMAS: Final[dict[str, Schema]] = {
    "JournalEntry": _LINE,
    "NewJournalEntry": _NEW_LINE,
    "JournalHead": record(_HEAD),
    "Journal": record({**_HEAD, "journal_entries": listing(ref("JournalEntry"))}),
    "NewJournal": record({"date": DAY, "journal_entries": _ENTRIES}, _GIVEN),
    "ChangedJournal": record(
        {"journal_id": INTEGER, "journal_entries": _ENTRIES}, {"date": DAY, **_GIVEN}
    ),
    "Failure": record(
        {
            "result": {"const": False},
            "title": TEXT,
            "message": TEXT,
            "object": or_null(
                record(
                    {"error_code": {"enum": [code.value for code in Code]}},
                    {"entry_index": INTEGER},
                )
            ),
        }
    ),
}


def _done(what: Schema) -> dict[int, Schema]:
    """A result in its envelope."""
    envelope = {"result": {"const": True}, "title": TEXT, "message": TEXT, "object": what}
    return {200: content(record(envelope))}


def _when(word: str) -> Schema:
    return record({f"{word}_journal_id": INTEGER, f"{word}_date_time": TEXT})


_TOKEN: Final = parameter("token", TEXT, "The token, where it is not sent as a Bearer header.")
_ID: Final = parameter("journal_id", INTEGER, required=True)
_LISTED: Final = record(
    {
        "journals": listing(ref("JournalHead")),
        "page": INTEGER,
        "page_size": INTEGER,
        "total_count": INTEGER,
    }
)
_PAGE_SIZE: Final[Schema] = {
    "type": "integer",
    "minimum": 1,
    "maximum": PAGE_SIZE_MAX,
    "default": PAGE_SIZE_DEFAULT,
}
_APPLICATION: Final = record({"app": TEXT, "secret": TEXT}, {"account": TEXT})
_PERSON: Final = record({"username": TEXT, "password": TEXT})
_FORM: Final = "application/x-www-form-urlencoded"

_DESCRIBED: Final[dict[str, Described]] = {
    "CreateJournal": Described(
        (_TOKEN,),
        content(ref("NewJournal")),
        _done(record({"created_journal_id": INTEGER, "created_date_time": TEXT})),
    ),
    "UpdateJournal": Described(
        (_TOKEN,),
        content(ref("ChangedJournal")),
        _done(record({"updated_journal_id": INTEGER, "updated_date_time": TEXT})),
    ),
    "DeleteJournal": Described((_TOKEN, _ID), None, _done(_when("deleted"))),
    "GetJournal": Described((_TOKEN, _ID), None, _done(ref("Journal"))),
    "ListJournals": Described(
        (
            _TOKEN,
            parameter("page", {"type": "integer", "minimum": 1, "default": 1}),
            parameter("page_size", _PAGE_SIZE),
            parameter("from_date", DAY),
            parameter("to_date", DAY),
            parameter("status", words(STATUSES.values())),
            parameter("reference_number", TEXT),
        ),
        None,
        _done(_LISTED),
    ),
    "Authenticate": Described(
        (),
        {**content(_APPLICATION), **content(_APPLICATION, _FORM)},
        _done(record({"token": TEXT, "app_id": TEXT, "ip": TEXT})),
    ),
    "AuthenticateToken": Described(
        (), {**content(_PERSON), **content(_PERSON, _FORM)}, _done(TEXT)
    ),
}

_STATUSES: Final = (400, 401, 404, 405, 408, 413, 415, 429, 500, 503)
_ABOUT: Final = About(
    "Modulus bookkeeping API v1",
    "Journals that wait for approval, over the same books as every other interface. Every answer"
    " has one envelope; errors carry a code.",
    {"type": "http", "scheme": "bearer"},
    {},
    dict.fromkeys(_STATUSES, content(ref("Failure"))),
    _SCHEMAS,
)


def document(operations: Sequence[Operation]) -> Schema:
    """The document of the operations that are served."""
    return kit.document(_ABOUT, operations, lambda operation: _DESCRIBED[operation.name])
