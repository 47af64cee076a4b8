"""What each address of this wire is for, and what a key must allow for it.

Kept apart from the routes, since those name handlers: this is what documents and proofs read.
"""

from collections.abc import Mapping
from typing import Final

from daybook.app.access import Scope

READ: Final = frozenset({Scope.READ})
WRITE: Final = frozenset({Scope.WRITE})
ADMIN: Final = frozenset({Scope.ADMIN})
OPEN: Final = None
"""Pages a person reaches by a link: they ask for what they need in a form."""

_COMPANY: Final = "/companies/{companyId}"
_CONNECTION: Final = f"{_COMPANY}/connections/{{connectionId}}"
_DATA: Final = f"{_COMPANY}/data"

Described = tuple[str, str, frozenset[Scope] | None, str]
"""Method, pattern, scopes, summary."""

_COMPANIES: Final[tuple[Described, ...]] = (
    ("GET", "/companies", READ, "List companies"),
    ("POST", "/companies", WRITE, "Create a company"),
    ("GET", _COMPANY, READ, "Read a company"),
    ("PUT", _COMPANY, WRITE, "Replace a company"),
    ("PATCH", _COMPANY, WRITE, "Update a company"),
    ("DELETE", _COMPANY, WRITE, "Delete a company; its books stay"),
    ("GET", f"{_COMPANY}/start", OPEN, "The page that links a company"),
    ("PUT", f"{_COMPANY}/products/{{product}}", WRITE, "Enable a product"),
    ("DELETE", f"{_COMPANY}/products/{{product}}", WRITE, "Disable a product"),
    ("GET", f"{_COMPANY}/syncSettings", READ, "Read a company's settings of syncing"),
    ("POST", f"{_COMPANY}/syncSettings", WRITE, "Set a company's settings of syncing"),
    ("GET", f"{_COMPANY}/connections", READ, "List connections"),
    ("POST", f"{_COMPANY}/connections", WRITE, "Create a connection"),
    ("GET", _CONNECTION, READ, "Read a connection"),
    ("PATCH", _CONNECTION, WRITE, "Unlink a connection"),
    ("DELETE", _CONNECTION, WRITE, "Delete a connection"),
    ("PUT", f"{_CONNECTION}/authorization", WRITE, "Give a connection its platform's credentials"),
    ("GET", f"{_CONNECTION}/start", OPEN, "The page that links a connection"),
    ("POST", f"{_CONNECTION}/start", OPEN, "Link a connection, by the form of its page"),
)
_REFRESHES: Final[tuple[Described, ...]] = (
    ("POST", f"{_DATA}/all", WRITE, "Refresh every type of data"),
    ("POST", f"{_DATA}/queue/{{dataType}}", WRITE, "Refresh one type of data"),
    ("POST", f"{_DATA}/info", WRITE, "Refresh the company's own details"),
    ("GET", f"{_COMPANY}/dataStatus", READ, "Say when each type of data was refreshed"),
    ("GET", f"{_DATA}/history", READ, "List refreshes"),
    ("GET", f"{_DATA}/history/{{datasetId}}", READ, "Read a refresh"),
    ("GET", f"{_COMPANY}/sync/{{datasetId}}/validation", READ, "Read what a refresh has found"),
)
_READS: Final[tuple[Described, ...]] = (
    ("GET", f"{_DATA}/journalEntries", READ, "List journal entries"),
    ("GET", f"{_DATA}/journalEntries/{{recordId}}", READ, "Read a journal entry"),
    ("GET", f"{_DATA}/accounts", READ, "List accounts"),
    ("GET", f"{_DATA}/accounts/{{recordId}}", READ, "Read an account"),
    ("GET", f"{_DATA}/journals", READ, "List journals"),
    ("GET", f"{_DATA}/journals/{{recordId}}", READ, "Read a journal"),
    ("GET", f"{_DATA}/trackingCategories", READ, "List tracking categories"),
    ("GET", f"{_DATA}/trackingCategories/{{recordId}}", READ, "Read a tracking category"),
    ("GET", f"{_DATA}/customers", READ, "List customers"),
    ("GET", f"{_DATA}/customers/{{recordId}}", READ, "Read a customer"),
    ("GET", f"{_DATA}/suppliers", READ, "List suppliers"),
    ("GET", f"{_DATA}/suppliers/{{recordId}}", READ, "Read a supplier"),
    ("GET", f"{_DATA}/info", READ, "Read the company's own details"),
    ("GET", f"{_DATA}/financials/profitAndLoss", READ, "Read profit and loss"),
    ("GET", f"{_DATA}/financials/balanceSheet", READ, "Read the balance sheet"),
    ("GET", f"{_DATA}/{{dataType}}", READ, "Say that a type of data is not offered"),
    ("GET", f"{_DATA}/{{dataType}}/{{recordId}}", READ, "Say that a type of data is not offered"),
)
_PUSHES: Final[tuple[Described, ...]] = (
    ("GET", f"{_COMPANY}/push", READ, "List push operations"),
    ("GET", f"{_COMPANY}/push/{{pushOperationKey}}", READ, "Read a push operation"),
    ("GET", f"{_CONNECTION}/options/{{dataType}}", READ, "Describe what a push takes"),
    ("GET", f"{_CONNECTION}/dataTypes/{{dataType}}/options/POST", READ, "Describe a push"),
    ("POST", f"{_CONNECTION}/push/{{dataType}}", WRITE, "Create a record"),
    ("DELETE", f"{_CONNECTION}/push/{{dataType}}/{{recordId}}", WRITE, "Delete a record"),
    ("DELETE", f"{_CONNECTION}/delete/{{dataType}}/{{recordId}}", WRITE, "Delete a record"),
)
_CLIENTS: Final[tuple[Described, ...]] = (
    ("GET", "/integrations", READ, "List platforms"),
    ("GET", "/integrations/{platformKey}", READ, "Read a platform"),
    ("GET", "/integrations/{platformKey}/branding", READ, "Read a platform's pictures"),
    ("GET", "/profile", READ, "Read the client's profile"),
    ("PUT", "/profile", ADMIN, "Set the client's profile"),
    ("GET", "/profile/syncSettings", READ, "Read the client's settings of syncing"),
    ("POST", "/profile/syncSettings", WRITE, "Set the client's settings of syncing"),
    ("GET", "/apiKeys", ADMIN, "List API keys"),
    ("POST", "/apiKeys", ADMIN, "Create an API key"),
    ("DELETE", "/apiKeys/{apiKeyId}", ADMIN, "Delete an API key"),
    ("GET", "/webhooks", READ, "List webhook consumers"),
    ("POST", "/webhooks", READ | WRITE, "Create a webhook consumer"),
    ("POST", "/webhooks/integrationKeys/zapier", ADMIN, "Say that this is not offered"),
    ("DELETE", "/webhooks/{webhookId}", WRITE, "Delete a webhook consumer"),
)

DESCRIBED: Final[Mapping[tuple[str, str], Described]] = {
    (each[0], each[1]): each for each in (*_COMPANIES, *_REFRESHES, *_READS, *_PUSHES, *_CLIENTS)
}
"""Every address by method and pattern."""
