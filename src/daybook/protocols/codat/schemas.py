"""What this wire's records look like, in JSON Schema: the names of its OpenAPI document."""

from typing import Any, Final

from daybook.protocols.codat.entries import RECORD_TYPES
from daybook.protocols.codat.views import LINKED, PENDING, UNLINKED
from daybook.protocols.kit.openapi import (
    ANYTHING,
    BOOLEAN,
    INTEGER,
    NUMBER,
    TEXT,
    UUID,
    Schema,
    listing,
    record,
    ref,
    words,
)

_OBJECT: Final[Schema] = {"type": "object"}
_MAYBE: Final[Schema] = {"type": ["string", "null"]}
_REFERENCE: Final = record({"id": TEXT}, {"name": TEXT, "dataType": TEXT})
_DATES: Final[dict[str, Schema]] = {
    "modifiedDate": TEXT,
    "sourceModifiedDate": TEXT,
    "metadata": record({"isDeleted": BOOLEAN}),
}
_CONNECTION: Final = record(
    {
        "id": UUID,
        "integrationId": UUID,
        "integrationKey": TEXT,
        "sourceId": UUID,
        "sourceType": TEXT,
        "platformName": TEXT,
        "linkUrl": TEXT,
        "status": words((LINKED, PENDING, UNLINKED)),
        "created": TEXT,
    },
    {"lastSync": TEXT},
)
_COMPANY: Final = record(
    {
        "id": UUID,
        "name": TEXT,
        "platform": TEXT,
        "redirect": TEXT,
        "dataConnections": listing(ref("Connection")),
        "created": TEXT,
        "products": listing(TEXT),
        "tags": _OBJECT,
    },
    {"description": TEXT, "lastSync": TEXT, "createdByUserName": TEXT},
)
_ENTRY_LINE: Final = record(
    {
        "description": TEXT,
        "netAmount": NUMBER,
        "currency": TEXT,
        "accountRef": _REFERENCE,
        "tracking": record({"recordRefs": listing(_REFERENCE)}),
    },
    {"transactionAmount": NUMBER, "transactionCurrency": TEXT, "contactRef": _REFERENCE},
)
_ENTRY: Final = record(
    {
        "id": TEXT,
        "postedOn": TEXT,
        "createdOn": TEXT,
        "journalLines": listing(_ENTRY_LINE),
        "recordRef": record({"id": TEXT, "dataType": words(RECORD_TYPES)}),
        **_DATES,
    },
    {"description": TEXT},
)
_NEW_ENTRY: Final = record(
    {
        "postedOn": TEXT,
        "journalLines": listing(
            record(
                {"netAmount": NUMBER, "accountRef": record({}, {"id": TEXT, "name": TEXT})},
                {"description": _MAYBE, "currency": _MAYBE, "contactRef": _REFERENCE},
            )
        ),
    },
    {"description": _MAYBE, "createdOn": _MAYBE},
)
_ACCOUNT: Final = record(
    {
        "id": TEXT,
        "name": TEXT,
        "fullyQualifiedCategory": TEXT,
        "fullyQualifiedName": TEXT,
        "currency": TEXT,
        "currentBalance": NUMBER,
        "type": words(("Asset", "Liability", "Equity", "Income", "Expense", "Unknown")),
        "status": words(("Active", "Archived")),
        "isBankAccount": BOOLEAN,
        **_DATES,
    },
    {"nominalCode": TEXT, "description": TEXT},
)
_TRACKING: Final = record(
    {"id": TEXT, "name": TEXT, "status": TEXT, "hasChildren": BOOLEAN, **_DATES},
    {"parentId": TEXT, "subCategories": listing(ref("TrackingCategory"))},
)
_CONTACT: Final[dict[str, Schema]] = {"id": TEXT, "status": TEXT, **_DATES}
_DATASET: Final = record(
    {
        "id": UUID,
        "companyId": UUID,
        "connectionId": UUID,
        "dataType": TEXT,
        "status": TEXT,
        "requested": TEXT,
        "progress": INTEGER,
        "isCompleted": BOOLEAN,
        "isErrored": BOOLEAN,
    },
    {"completed": TEXT, "errorMessage": TEXT},
)
_OPERATION: Final = record(
    {
        "changes": listing(record({"type": TEXT, "recordRef": _OBJECT})),
        "dataType": TEXT,
        "companyId": UUID,
        "pushOperationKey": UUID,
        "dataConnectionKey": UUID,
        "requestedOnUtc": TEXT,
        "timeoutInMinutes": INTEGER,
        "timeoutInSeconds": INTEGER,
        "status": words(("Pending", "Success", "Failed", "TimedOut")),
        "statusCode": INTEGER,
    },
    {"completedOnUtc": TEXT, "errorMessage": TEXT, "validation": _OBJECT, "data": ANYTHING},
)
_SETTING: Final = record(
    {"dataType": TEXT},
    {
        "fetchOnFirstLink": BOOLEAN,
        "syncSchedule": INTEGER,
        "syncOrder": INTEGER,
        "syncFromUtc": TEXT,
        "syncFromWindow": INTEGER,
        "monthsToSync": INTEGER,
        "isLocked": BOOLEAN,
    },
)
_WEBHOOK: Final[dict[str, Schema]] = {
    "id": UUID,
    "url": TEXT,
    "disabled": BOOLEAN,
    "eventTypes": listing(TEXT),
    "companyTags": listing(TEXT),
}
_KEY: Final = record({"id": UUID, "createdDate": TEXT}, {"apiKey": TEXT, "name": TEXT})
"""The key itself is not in what a repeated Idempotency-Key is answered with."""
_PROFILE: Final = record(
    {"name": TEXT, "redirectUrl": TEXT},
    {"logoUrl": TEXT, "iconUrl": TEXT, "alertAuthHeader": TEXT, "whiteListUrls": listing(TEXT)},
)
_ERROR: Final = record(
    {
        "statusCode": INTEGER,
        "service": TEXT,
        "error": TEXT,
        "correlationId": TEXT,
        "canBeRetried": words(("True", "False", "Unknown")),
        "detailedErrorCode": INTEGER,
    },
    {"validation": _OBJECT},
)
_LINK: Final = record({"href": TEXT})
_STATEMENT: Final = record(
    {"currency": TEXT, "reports": listing(_OBJECT)},
    {"reportBasis": TEXT, "mostRecentAvailableMonth": TEXT, "earliestAvailableMonth": TEXT},
)

SCHEMAS: Final[dict[str, Schema]] = {
    "Account": _ACCOUNT,
    "ApiKey": _KEY,
    "Company": _COMPANY,
    "CompanyInfo": record({"companyName": TEXT, "baseCurrency": TEXT, "createdDate": TEXT}),
    "Connection": _CONNECTION,
    "Customer": record({**_CONTACT, "customerName": TEXT}, {"defaultCurrency": TEXT}),
    "Dataset": _DATASET,
    "ErrorMessage": _ERROR,
    "Integration": record({"key": TEXT, "name": TEXT, "enabled": BOOLEAN, "integrationId": UUID}),
    "JournalEntry": _ENTRY,
    "Links": record({"current": _LINK, "self": _LINK}, {"next": _LINK, "previous": _LINK}),
    "NewJournalEntry": _NEW_ENTRY,
    "Profile": _PROFILE,
    "PushOperation": _OPERATION,
    "PushOption": record({"type": TEXT, "displayName": TEXT, "required": BOOLEAN}),
    "Statement": _STATEMENT,
    "Supplier": record({**_CONTACT, "supplierName": TEXT}, {"defaultCurrency": TEXT}),
    "SyncSetting": _SETTING,
    "TrackingCategory": _TRACKING,
    "Webhook": record(_WEBHOOK, {"secret": TEXT}),
}
"""Every schema by the name it has in the document."""


def page(item: Schema) -> Schema:
    """A page of a list."""
    figures: dict[str, Any] = dict.fromkeys(("pageNumber", "pageSize", "totalResults"), INTEGER)
    return record({"results": listing(item), **figures, "_links": ref("Links")})
