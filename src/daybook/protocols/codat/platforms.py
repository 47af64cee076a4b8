"""The accounting platforms that connections show themselves as, and what they offer.

Ids, options and deletes here are those of QuickBooks Online, so no other platform is claimed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from daybook.protocols.codat import errors
from daybook.protocols.codat.properties import Properties, Property, Type


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform by its key of four letters."""

    key: str
    name: str
    integration_id: str
    source_id: str


_ALL: Final = (
    Platform(
        "qhyg",
        "QuickBooks Online",
        "6b113e06-e818-45d7-977b-8e6bb3d01269",
        "56e6575a-3f1f-4918-b009-f7535555f0d6",
    ),
    Platform(
        "ndsk",
        "QuickBooks Online Sandbox",
        "3a4a1a5d-9f0c-5a39-8f58-5a5b6a6f0f2c",
        "ed6a37a3-9d25-5d4c-8a55-2c2e1c1b7a10",
    ),
)
PLATFORMS: Final[Mapping[str, Platform]] = {each.key: each for each in _ALL}

SOURCE_TYPE: Final = "Accounting"

_READ: Final = ("Get",)
FEATURES: Final[Mapping[str, tuple[str, ...]]] = {
    "balanceSheet": _READ,
    "chartOfAccounts": _READ,
    "company": _READ,
    "customers": _READ,
    "journalEntries": ("Get", "Post", "Delete"),
    "journals": _READ,
    "profitAndLoss": _READ,
    "suppliers": _READ,
    "trackingCategories": _READ,
}
"""What can be done with which type of data. The list by which clients learn that deletes exist."""

DATA_TYPES: Final = frozenset(
    [
        "accountTransactions",
        "balanceSheet",
        "bankAccounts",
        "bankTransactions",
        "billCreditNotes",
        "billPayments",
        "bills",
        "cashFlowStatement",
        "chartOfAccounts",
        "company",
        "creditNotes",
        "customers",
        "directCosts",
        "directIncomes",
        "invoices",
        "itemReceipts",
        "items",
        "journalEntries",
        "journals",
        "paymentMethods",
        "payments",
        "profitAndLoss",
        "purchaseOrders",
        "salesOrders",
        "suppliers",
        "taxRates",
        "trackingCategories",
        "transfers",
        "banking-accountBalances",
        "banking-accounts",
        "banking-transactionCategories",
        "banking-transactions",
        "commerce-companyInfo",
        "commerce-customers",
        "commerce-disputes",
        "commerce-locations",
        "commerce-orders",
        "commerce-paymentMethods",
        "commerce-payments",
        "commerce-productCategories",
        "commerce-products",
        "commerce-taxComponents",
        "commerce-transactions",
    ]
)
"""Every type there is, offered or not: a closed list that typed clients hold answers against."""

_BY_NAME: Final = {each.lower(): each for each in DATA_TYPES}
_PATHS: Final = {"accounts": "chartOfAccounts", "info": "company"}
"""Types whose word in paths is another than their own."""

PROPERTIES: Final = Properties(
    "Integration",
    tuple(
        Property(path, kind)
        for path, kind in (
            ("key", Type.TEXT),
            ("logoUrl", Type.TEXT),
            ("name", Type.TEXT),
            ("enabled", Type.BOOL),
            ("sourceId", Type.TEXT),
            ("sourceType", Type.TEXT),
            ("integrationId", Type.TEXT),
            ("isOfflineConnector", Type.BOOL),
            ("isBeta", Type.BOOL),
            ("dataProvidedBy", Type.TEXT),
        )
    ),
)


def data_type(word: str) -> str | None:
    """The data type that a word in a path names, in whatever case, or None."""
    folded = word.lower()
    return _PATHS.get(folded) or _BY_NAME.get(folded)


def platform(key: str) -> Platform:
    """A platform by its key. Raises `CodatError`."""
    found = PLATFORMS.get(key.lower())
    if found is None:
        raise errors.not_found(f"No integration was found with key {errors.short(key)}")
    return found


def integration_json(found: Platform, root: str) -> dict[str, Any]:
    """A platform as clients see it; `root` is the address they reached us by."""
    return {
        "key": found.key,
        "logoUrl": f"{root}/integrations/{found.key}/branding",
        "name": found.name,
        "enabled": True,
        "sourceId": found.source_id,
        "sourceType": SOURCE_TYPE,
        "integrationId": found.integration_id,
        "isOfflineConnector": False,
        "isBeta": False,
        "dataProvidedBy": "",
        "datatypeFeatures": [
            {
                # declared under the one name and required under the other
                "datatype": name,
                "dataType": name,
                "supportedFeatures": [
                    {"featureType": feature, "featureState": "Release"} for feature in features
                ],
            }
            for name, features in FEATURES.items()
        ],
    }


def branding_json(found: Platform, root: str) -> dict[str, Any]:
    """Pictures of a platform: there are none here, so each leads to the interface's root."""
    image = {"image": {"src": root, "alt": found.name}}
    return {
        "logo": {"full": image, "square": image},
        "button": {"default": image, "hover": image},
        "sourceId": found.source_id,
    }
