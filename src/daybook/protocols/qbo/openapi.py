"""The OpenAPI document of this wire: see `daybook.protocols.kit.openapi`.

What bodies may hold is read off the shapes that judge them. The readers of a shape are functions
that close over their bounds, so that what they take need not be said a second time.
"""

from collections.abc import Sequence
from inspect import getclosurevars
from typing import Any, Final

from daybook.protocols.kit import openapi as kit
from daybook.protocols.kit.openapi import (
    ANYTHING,
    BOOLEAN,
    DAY,
    INTEGER,
    NUMBER,
    TEXT,
    About,
    Described,
    Schema,
    content,
    listing,
    parameter,
    record,
    ref,
)
from daybook.protocols.kit.plugin import Operation
from daybook.protocols.qbo import codec, entities, shapes
from daybook.protocols.qbo.entities import base, company, rates, tax
from daybook.protocols.qbo.limits import REQUEST_ID_LENGTH_MAX
from daybook.protocols.qbo.operations import JOURNAL_ENTRY
from daybook.protocols.qbo.shapes import Shape

_OBJECT: Final[Schema] = {"type": "object"}
_ARRAY: Final[Schema] = {"type": "array"}
_PLAIN: Final[Schema] = {"type": ["string", "number", "boolean", "null"]}

_READERS: Final[dict[Any, Schema]] = {
    shapes.scalar: TEXT,
    shapes.boolean: BOOLEAN,
    shapes.number: NUMBER,
    shapes.amount: NUMBER,
    shapes.day: DAY,
    shapes.reference: ref("Reference"),
    shapes.record_id: TEXT,
    shapes.as_sent: _OBJECT,
    shapes.ignored: _PLAIN,
    shapes.ignored_object: _OBJECT,
    shapes.ignored_array: _ARRAY,
    base.kept_reference: ref("Reference"),
}
"""What readers without bounds of their own take."""


def schema_of(reader: Any) -> Schema:
    """What a reader of a member takes."""
    known = _READERS.get(reader)
    if known is not None:
        return known
    held = getclosurevars(reader).nonlocals
    if "shape" in held:
        return shape_schema(held["shape"])
    if "item" in held:
        return listing(schema_of(held["item"]))
    if "check" in held:
        return schema_of(held["check"])
    if "choices" in held:
        return {"type": "string", "enum": list(held["choices"])}
    if "forbidden" in held:
        return {"type": "string", "maxLength": held["length_max"]}
    if "length_max" in held:
        return ref("Reference")
    return ANYTHING


def shape_schema(shape: Shape) -> Schema:
    """An object of a shape as it is taken; a member that is not listed is refused."""
    members = {name: schema_of(reader) for name, reader in shape.members.items()}
    return {"type": "object", "properties": members, "additionalProperties": False}


_MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
_BASE: Final[dict[str, Schema]] = {
    "domain": TEXT,
    "sparse": BOOLEAN,
    "Id": TEXT,
}
_RECORD: Final[dict[str, Schema]] = {
    **_BASE,
    "SyncToken": TEXT,
    "MetaData": record({"CreateTime": _MOMENT, "LastUpdatedTime": _MOMENT}),
}


def _shown(name: str, members: dict[str, Schema]) -> Schema:
    required = _BASE if name == "TaxCode" else _RECORD
    return record(required, {**_RECORD, **members})


_LINE_DETAIL: Final = record(
    {"PostingType": {"enum": ["Debit", "Credit"]}, "AccountRef": ref("Reference")},
    {
        "Entity": record({"EntityRef": ref("Reference")}, {"Type": TEXT}),
        "ClassRef": ref("Reference"),
        "DepartmentRef": ref("Reference"),
        "TaxCodeRef": ref("Reference"),
        "TaxApplicableOn": TEXT,
        "TaxAmount": NUMBER,
        "BillableStatus": TEXT,
    },
)
_ENTRY_SHOWN: Final = _shown(
    JOURNAL_ENTRY,
    {
        "Adjustment": BOOLEAN,
        "TotalAmt": NUMBER,
        "DocNumber": TEXT,
        "TxnDate": DAY,
        "CurrencyRef": ref("Reference"),
        "ExchangeRate": NUMBER,
        "PrivateNote": TEXT,
        "Line": listing(
            record(
                {"Id": TEXT, "DetailType": TEXT},
                {
                    "Description": TEXT,
                    "Amount": NUMBER,
                    "JournalEntryLineDetail": _LINE_DETAIL,
                    "ProjectRef": ref("Reference"),
                },
            )
        ),
        "TxnTaxDetail": _OBJECT,
    },
)
_NEW_DETAIL: Final = shape_schema(codec.DETAIL)
_NEW_DETAIL["properties"]["Entity"] = record({"EntityRef": ref("Reference")}, {"Type": TEXT})
_NEW_LINE: Final = {
    **shape_schema(codec.LINE),
    "properties": {
        **shape_schema(codec.LINE)["properties"],
        codec.POSTING: _NEW_DETAIL,
    },
}
_ENTRY: Final = shape_schema(codec.JOURNAL_ENTRY)
_ENTRY["properties"]["Line"] = listing(_NEW_LINE)

_FAULT: Final = record(
    {
        "Error": listing(
            record({"Message": TEXT, "code": TEXT}, {"Detail": TEXT, "element": TEXT})
        ),
        "type": TEXT,
    }
)
_GATEWAY: Final = record({"fault": record({"error": listing(_OBJECT), "type": TEXT})})

_SCHEMAS: Final[dict[str, Schema]] = {
    "Reference": {
        "type": "object",
        "properties": {"value": TEXT, "name": TEXT, "type": TEXT},
        "additionalProperties": False,
    },
    JOURNAL_ENTRY: _ENTRY_SHOWN,
    f"New{JOURNAL_ENTRY}": _ENTRY,
    **{each.name: _shown(each.name, {}) for each in entities.LISTS},
    **{f"New{each.name}": shape_schema(each.shape) for each in entities.LISTS},
    "CompanyInfo": _shown("CompanyInfo", {"CompanyName": TEXT}),
    "NewCompanyInfo": shape_schema(company.INFO),
    "Preferences": _shown("Preferences", {}),
    "NewPreferences": shape_schema(company.PREFERENCES),
    "ExchangeRate": record(
        {"SourceCurrencyCode": TEXT, "TargetCurrencyCode": TEXT, "Rate": NUMBER},
        {"AsOfDate": DAY},
    ),
    "NewExchangeRate": shape_schema(rates.SHAPE),
    "NewTaxService": shape_schema(tax.SERVICE),
    "Fault": {"anyOf": [record({"Fault": _FAULT}), _GATEWAY]},
}

_FOUND: Final = record({}, {"startPosition": INTEGER, "maxResults": INTEGER, "totalCount": INTEGER})
_ITEMS: Final = listing(record({"bId": TEXT}, {"Fault": _FAULT, "QueryResponse": _FOUND}))
_KEY: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": REQUEST_ID_LENGTH_MAX}
_REQUEST_ID: Final = parameter("requestid", _KEY, "Answered once and for all under this key.")
_DO: Final = parameter("operation", {"enum": ["create", "update", "delete"]})
_INCLUDE: Final = parameter("include", TEXT, "Words such as `allowduplicatedocnum`.")
_MINOR: Final = parameter("minorversion", INTEGER, "Taken, and without effect.")


def _answer(name: str, schema: Schema) -> dict[int, Schema]:
    return {200: content(record({name: schema, "time": _MOMENT}))}


def _deleted(schema: Schema) -> Schema:
    gone = record({"domain": TEXT, "status": {"const": "Deleted"}, "Id": TEXT})
    return {"anyOf": [schema, gone]}


_BATCH: Final = record(
    {
        "BatchItemRequest": {
            "type": "array",
            "maxItems": 30,
            "items": record({"bId": TEXT}, {"operation": TEXT, "Query": TEXT, "optionsData": TEXT}),
        }
    }
)
_STATEMENT: Final = {**content(TEXT, "application/text"), **content(TEXT, "text/plain")}
_OWN: Final[dict[str, Described]] = {
    "get exchangerate": Described(
        (
            parameter("sourcecurrencycode", TEXT, required=True),
            parameter("asofdate", DAY),
        ),
        None,
        _answer("ExchangeRate", ref("ExchangeRate")),
    ),
    "get query": Described(
        (parameter("query", TEXT, "select * from Account where …", required=True), _MINOR),
        None,
        _answer("QueryResponse", _FOUND),
    ),
    "post query": Described((_MINOR,), _STATEMENT, _answer("QueryResponse", _FOUND)),
    "get cdc": Described(
        (
            parameter("entities", TEXT, "Names of entities, with commas.", required=True),
            parameter("changedSince", TEXT, "A day or a moment.", required=True),
        ),
        None,
        _answer("CDCResponse", listing(_OBJECT)),
    ),
    "post batch": Described(
        (_REQUEST_ID, _MINOR), content(_BATCH), _answer("BatchItemResponse", _ITEMS)
    ),
    "post taxservice": Described(
        (_REQUEST_ID,),
        content(ref("NewTaxService")),
        {200: content(record({"TaxCode": TEXT, "TaxCodeId": TEXT, "TaxRateDetails": _ARRAY}))},
    ),
}
_NAMES: Final = {
    name.lower(): name for name in _SCHEMAS if f"New{name}" in _SCHEMAS and name != "TaxService"
}


def _describe(operation: Operation) -> Described:
    own = _OWN.get(operation.name)
    if own is not None:
        return own
    method, _, resource = operation.name.partition(" ")
    name = _NAMES[resource]
    if method == "get":
        return Described((_MINOR,), None, _answer(name, ref(name)))
    shown = _deleted(ref(name)) if name == JOURNAL_ENTRY else ref(name)
    parameters = (_DO, _INCLUDE, _REQUEST_ID, _MINOR)
    return Described(parameters, content(ref(f"New{name}")), _answer(name, shown))


_STATUSES: Final = (400, 401, 403, 404, 408, 413, 415, 429, 500, 503)
_ABOUT: Final = About(
    "QuickBooks Online v3",
    "Journal entries, the chart of accounts and what entries refer to, as the accounting API of"
    " QuickBooks Online has them. Amounts are JSON numbers, exact to the last decimal.",
    {"type": "http", "scheme": "bearer"},
    {"realmId": TEXT, "id": TEXT},
    dict.fromkeys(_STATUSES, content(ref("Fault"))),
    _SCHEMAS,
)


def document(operations: Sequence[Operation]) -> Schema:
    """The document of the operations that are served."""
    return kit.document(_ABOUT, operations, _describe)
