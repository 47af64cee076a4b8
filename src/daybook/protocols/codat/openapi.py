"""The OpenAPI document of this wire: see `daybook.protocols.kit.openapi`."""

from collections.abc import Sequence
from typing import Final

from daybook.protocols.codat.events import EVENT_TYPES
from daybook.protocols.codat.limits import (
    MONTHS_MAX,
    PAGE_MAX,
    PAGE_SIZE,
    PAGE_SIZE_MAX,
    QUERY_LENGTH_MAX,
    TIMEOUT_MINUTES_MAX,
)
from daybook.protocols.codat.schemas import SCHEMAS, page
from daybook.protocols.kit import openapi as kit
from daybook.protocols.kit.openapi import (
    BOOLEAN,
    TEXT,
    UUID,
    About,
    Described,
    Schema,
    content,
    listing,
    parameter,
    record,
    ref,
    words,
)
from daybook.protocols.kit.plugin import Operation


def _count(most: int, default: int) -> Schema:
    return {"type": "integer", "minimum": 1, "maximum": most, "default": default}


_MONTHS: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": MONTHS_MAX}
_PAGED: Final = (
    parameter("page", _count(PAGE_MAX, 1)),
    parameter("pageSize", _count(PAGE_SIZE_MAX, PAGE_SIZE)),
    parameter("query", {"type": "string", "maxLength": QUERY_LENGTH_MAX}),
    parameter("orderBy", TEXT),
)
_PERIODS: Final = (
    parameter("periodLength", _MONTHS, "Months of a period.", required=True),
    parameter("periodsToCompare", _MONTHS, required=True),
    parameter("startMonth", TEXT, "A day of the last month."),
)
_PUSHED: Final = (
    parameter("timeoutInMinutes", _count(TIMEOUT_MINUTES_MAX, 1)),
    parameter("allowSyncOnPushComplete", BOOLEAN),
)
_KEY: Final = (parameter("Idempotency-Key", UUID, "Answered once under it.", place="header"),)
_SYNC: Final = record({"syncSettings": listing(ref("SyncSetting"))})
_SYNC_SHOWN: Final = record(
    {"settings": listing(ref("SyncSetting")), "overridesDefaults": BOOLEAN},
    {"companyId": TEXT, "clientId": TEXT},
)
_NAMED: Final = record(
    {"name": TEXT}, {"description": TEXT, "tags": {"type": "object", "additionalProperties": TEXT}}
)
_CHANGED: Final = record({}, _NAMED["properties"])
_HTML: Final = content(TEXT, "text/html; charset=utf-8")
_FORM: Final = record({}, {"books": TEXT, "key": TEXT, "currency": TEXT, "country": TEXT})
_CONSUMER: Final = record(
    {
        "url": {"type": "string", "pattern": "^https?://[a-z]+$"},
        "eventTypes": {"type": "array", "minItems": 1, "items": words(sorted(EVENT_TYPES))},
    },
    {"companyTags": listing(TEXT), "disabled": BOOLEAN},
)


def _read(schema: Schema, *parameters: Schema) -> Described:
    return Described(parameters, None, {200: content(schema)})


def _listed(name: str) -> Described:
    return _read(page(ref(name)), *_PAGED)


def _sent(body: Schema, answer: Schema, *parameters: Schema, status: int = 200) -> Described:
    return Described(parameters, content(body), {status: content(answer)})


_NO_BODY: Final[Schema] = {}
_GONE: Final = Described((), None, {204: _NO_BODY})
_COMPANY: Final = "/companies/{companyId}"
_CONNECTION: Final = f"{_COMPANY}/connections/{{connectionId}}"
_DATA: Final = f"{_COMPANY}/data"
_DELETED: Final = _read(ref("PushOperation"), *_PUSHED)
_OPTION: Final = _read(ref("PushOption"))
_SETTINGS: Final = Described((), content(_SYNC), {204: _NO_BODY})
_QUEUED: Final = _read(ref("Dataset"), parameter("connectionId", UUID))

_DESCRIBED: Final[dict[tuple[str, str], Described]] = {
    ("GET", "/companies"): _read(page(ref("Company")), *_PAGED, parameter("tags", TEXT)),
    ("POST", "/companies"): _sent(_NAMED, ref("Company"), *_KEY),
    ("GET", _COMPANY): _read(ref("Company")),
    ("PUT", _COMPANY): _sent(_NAMED, ref("Company")),
    ("PATCH", _COMPANY): _sent(_CHANGED, ref("Company"), *_KEY),
    ("DELETE", _COMPANY): _GONE,
    ("GET", f"{_COMPANY}/start"): Described((), None, {200: _HTML}),
    ("PUT", f"{_COMPANY}/products/{{product}}"): _GONE,
    ("DELETE", f"{_COMPANY}/products/{{product}}"): _GONE,
    ("GET", f"{_COMPANY}/syncSettings"): _read(_SYNC_SHOWN),
    ("POST", f"{_COMPANY}/syncSettings"): _SETTINGS,
    ("GET", f"{_COMPANY}/connections"): _listed("Connection"),
    ("POST", f"{_COMPANY}/connections"): _sent(
        record({"platformKey": TEXT}), ref("Connection"), *_KEY
    ),
    ("GET", _CONNECTION): _read(ref("Connection")),
    ("PATCH", _CONNECTION): _sent(record({"status": TEXT}), ref("Connection"), *_KEY),
    ("DELETE", _CONNECTION): Described((), None, {200: _NO_BODY}),
    ("PUT", f"{_CONNECTION}/authorization"): _sent(
        {"type": "object", "additionalProperties": TEXT}, ref("Connection")
    ),
    ("GET", f"{_CONNECTION}/start"): Described((), None, {200: _HTML}),
    ("POST", f"{_CONNECTION}/start"): Described(
        (),
        {**content(_FORM), **content(_FORM, "application/x-www-form-urlencoded")},
        {200: {**content(ref("Connection")), **_HTML}},
    ),
    ("POST", f"{_DATA}/all"): _GONE,
    ("POST", f"{_DATA}/queue/{{dataType}}"): Described(
        _QUEUED.parameters, None, {**_QUEUED.answers, 204: _NO_BODY}
    ),
    ("POST", f"{_DATA}/info"): _QUEUED,
    ("GET", f"{_COMPANY}/dataStatus"): _read(
        {"type": "object", "additionalProperties": record({"dataType": TEXT})}
    ),
    ("GET", f"{_DATA}/history"): _listed("Dataset"),
    ("GET", f"{_DATA}/history/{{datasetId}}"): _read(ref("Dataset")),
    ("GET", f"{_COMPANY}/sync/{{datasetId}}/validation"): _read(
        record({"errors": listing({}), "warnings": listing({})})
    ),
    ("GET", f"{_DATA}/journalEntries"): _listed("JournalEntry"),
    ("GET", f"{_DATA}/journalEntries/{{recordId}}"): _read(ref("JournalEntry")),
    ("GET", f"{_DATA}/accounts"): _listed("Account"),
    ("GET", f"{_DATA}/accounts/{{recordId}}"): _read(ref("Account")),
    ("GET", f"{_DATA}/journals"): _read(page({}), *_PAGED),
    ("GET", f"{_DATA}/journals/{{recordId}}"): Described(),
    ("GET", f"{_DATA}/trackingCategories"): _listed("TrackingCategory"),
    ("GET", f"{_DATA}/trackingCategories/{{recordId}}"): _read(ref("TrackingCategory")),
    ("GET", f"{_DATA}/customers"): _listed("Customer"),
    ("GET", f"{_DATA}/customers/{{recordId}}"): _read(ref("Customer")),
    ("GET", f"{_DATA}/suppliers"): _listed("Supplier"),
    ("GET", f"{_DATA}/suppliers/{{recordId}}"): _read(ref("Supplier")),
    ("GET", f"{_DATA}/info"): _read(ref("CompanyInfo")),
    ("GET", f"{_DATA}/financials/profitAndLoss"): _read(ref("Statement"), *_PERIODS),
    ("GET", f"{_DATA}/financials/balanceSheet"): _read(ref("Statement"), *_PERIODS),
    ("GET", f"{_DATA}/{{dataType}}"): Described(),
    ("GET", f"{_DATA}/{{dataType}}/{{recordId}}"): Described(),
    ("GET", f"{_COMPANY}/push"): _listed("PushOperation"),
    ("GET", f"{_COMPANY}/push/{{pushOperationKey}}"): _read(ref("PushOperation")),
    ("GET", f"{_CONNECTION}/options/{{dataType}}"): _OPTION,
    ("GET", f"{_CONNECTION}/dataTypes/{{dataType}}/options/POST"): _OPTION,
    ("POST", f"{_CONNECTION}/push/{{dataType}}"): _sent(
        ref("NewJournalEntry"), ref("PushOperation"), *_PUSHED, *_KEY
    ),
    ("DELETE", f"{_CONNECTION}/push/{{dataType}}/{{recordId}}"): _DELETED,
    ("DELETE", f"{_CONNECTION}/delete/{{dataType}}/{{recordId}}"): _DELETED,
    ("GET", "/integrations"): _listed("Integration"),
    ("GET", "/integrations/{platformKey}"): _read(ref("Integration")),
    ("GET", "/integrations/{platformKey}/branding"): _read(record({"sourceId": UUID})),
    ("GET", "/profile"): _read(ref("Profile")),
    ("PUT", "/profile"): _sent(ref("Profile"), ref("Profile")),
    ("GET", "/profile/syncSettings"): _read(_SYNC_SHOWN),
    ("POST", "/profile/syncSettings"): _SETTINGS,
    ("GET", "/apiKeys"): _read(record({"results": listing(ref("ApiKey"))})),
    ("POST", "/apiKeys"): _sent(record({}, {"name": TEXT}), ref("ApiKey"), *_KEY, status=201),
    ("DELETE", "/apiKeys/{apiKeyId}"): _GONE,
    ("GET", "/webhooks"): _read(record({"results": listing(ref("Webhook"))})),
    ("POST", "/webhooks"): _sent(_CONSUMER, ref("Webhook"), *_KEY, status=201),
    ("POST", "/webhooks/integrationKeys/zapier"): Described(),
    ("DELETE", "/webhooks/{webhookId}"): _GONE,
}

_IDS: Final = ("companyId", "connectionId", "datasetId", "pushOperationKey", "apiKeyId")
_STATUSES: Final = (400, 401, 402, 403, 404, 405, 408, 409, 413, 415, 422, 429, 500, 503)
_ABOUT: Final = About(
    "Codat",
    "Companies, their connections, and journal entries read at once and written by push. Every"
    " address answers below /codat as well.",
    {"type": "http", "scheme": "basic", "description": "The API key, and no password."},
    {
        **dict.fromkeys((*_IDS, "webhookId"), UUID),
        **dict.fromkeys(("recordId", "dataType", "platformKey", "product"), TEXT),
    },
    dict.fromkeys(_STATUSES, content(ref("ErrorMessage"))),
    SCHEMAS,
)


def document(operations: Sequence[Operation]) -> Schema:
    """The document of the operations that are served."""
    return kit.document(
        _ABOUT, operations, lambda operation: _DESCRIBED[operation.method, operation.path]
    )
