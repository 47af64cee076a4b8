"""What statements can ask of each entity: its properties, and which of them filter and sort.

A property the store has a column for is a `Field`; the others are looked up in the object as it is
shown, by the same path the caller writes. The original answers a property it knows but does not
search by with another message than one it does not know; hence `known`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from daybook.domain.events import RATE
from daybook.domain.query import Field
from daybook.protocols.qbo import entities
from daybook.protocols.qbo.codec import JOURNAL_ENTRY
from daybook.protocols.qbo.entities import company, rates
from daybook.protocols.qbo.entities.base import ListEntity


class Type(Enum):
    """How values of a property are written and compared."""

    ID = "id"
    TEXT = "text"
    NAME = "name"
    """A text that is shown with a suffix while its record is inactive."""
    DATE = "date"
    MOMENT = "datetime"
    BOOLEAN = "boolean"
    NUMBER = "number"
    REFERENCE = "reference"
    ACCOUNT_TYPE = "account type"


@dataclass(frozen=True, slots=True)
class Property:
    """A property that filters, and sorts unless `sorts` is false."""

    path: str
    type: Type
    field: Field | None = None
    sorts: bool = True


@dataclass(frozen=True, slots=True)
class Searched:
    """An entity as statements see it.

    `core` is the ledger's entity, None for the company's own two records. `known` are the names
    of all members, by their lower-case form. `order` is the property rows are sorted by unless
    the statement says otherwise.
    """

    name: str
    core: str | None
    properties: Mapping[str, Property]
    known: Mapping[str, str]
    order: str | None = None
    list: ListEntity | None = None
    hides_inactive: bool = field(default=False)


ID: Final = Property("Id", Type.ID, Field.ID)
CREATED: Final = Property("MetaData.CreateTime", Type.MOMENT, Field.CREATED_AT)
UPDATED: Final = Property("MetaData.LastUpdatedTime", Type.MOMENT, Field.MODIFIED_AT)
ACTIVE: Final = Property("Active", Type.BOOLEAN, Field.ACTIVE, sorts=False)
_COMMON: Final = (ID, CREATED, UPDATED)
_NAME: Final = Property("Name", Type.NAME, Field.NAME)
_FULL_NAME: Final = Property("FullyQualifiedName", Type.NAME, Field.FULL_NAME)
_DISPLAY_NAME: Final = Property("DisplayName", Type.NAME, Field.NAME)
_PARENT: Final = Property("ParentRef", Type.REFERENCE, Field.PARENT, sorts=False)


def _flag(path: str) -> Property:
    return Property(path, Type.BOOLEAN, sorts=False)


_PERSON: Final = (
    *_COMMON,
    ACTIVE,
    _DISPLAY_NAME,
    *(
        Property(path, Type.TEXT)
        for path in ("GivenName", "MiddleName", "FamilyName", "Suffix", "PrintOnCheckName")
    ),
)
_COMPANY_NAME: Final = Property("CompanyName", Type.TEXT)
_BALANCE: Final = Property("Balance", Type.NUMBER)

_LISTS: Final[Mapping[str, tuple[Property, ...]]] = {
    "Account": (
        *_COMMON,
        _NAME,
        _FULL_NAME,
        ACTIVE,
        _flag("SubAccount"),
        Property("Classification", Type.TEXT, sorts=False),
        Property("AccountType", Type.ACCOUNT_TYPE, Field.KIND, sorts=False),
        Property("AccountSubType", Type.TEXT, sorts=False),
        Property("CurrentBalance", Type.NUMBER),
        Property("CurrentBalanceWithSubAccounts", Type.NUMBER),
        _PARENT,
        Property("Description", Type.TEXT),
    ),
    "Customer": (
        *_PERSON,
        _FULL_NAME,
        _COMPANY_NAME,
        _BALANCE,
        _flag("Taxable"),
        _flag("Job"),
        _PARENT,
    ),
    "Vendor": (*_PERSON, _COMPANY_NAME, _BALANCE, _flag("Vendor1099")),
    "Employee": _PERSON,
    "Class": (*_COMMON, _NAME, _FULL_NAME, ACTIVE, _flag("SubClass"), _PARENT),
    "Department": (*_COMMON, _NAME, _FULL_NAME, ACTIVE, _flag("SubDepartment"), _PARENT),
    "Term": (*_COMMON, _NAME, ACTIVE),
    "CompanyCurrency": (*_COMMON, Property("Code", Type.TEXT, Field.NAME), ACTIVE),
    "TaxAgency": (*_COMMON, _DISPLAY_NAME, ACTIVE),
    "TaxRate": (*_COMMON, _NAME, ACTIVE),
    "TaxCode": (*_COMMON, _NAME, ACTIVE),
}

_METADATA: Final = ("MetaData.CreateTime", "MetaData.LastUpdatedTime")
_SHOWN: Final = ("FullyQualifiedName", "Classification", "Balance", "BalanceWithJobs", "Level")
"""Members that are shown and never sent, so that no shape of a request has them."""


def _by_path(properties: tuple[Property, ...]) -> dict[str, Property]:
    found = {each.path.lower(): each for each in properties}
    for each in properties:
        if each.type is Type.REFERENCE:
            found[f"{each.path.lower()}.value"] = each
    return found


def _names(members: Mapping[str, object], *more: str) -> dict[str, str]:
    return {name.lower(): name for name in (*members, *_METADATA, *more)}


def _searched_list(entity: ListEntity) -> Searched:
    properties = _LISTS[entity.name]
    paths = {each.path for each in properties}
    order = next(
        path for path in ("FullyQualifiedName", "DisplayName", "Name", "Code") if path in paths
    )
    return Searched(
        entity.name,
        entity.core,
        _by_path(properties),
        _names(entity.shape.members, *paths, *_SHOWN),
        order,
        entity,
        hides_inactive=True,
    )


ENTRIES: Final = Searched(
    "JournalEntry",
    "entry",
    _by_path(
        (
            *_COMMON,
            Property("DocNumber", Type.TEXT, Field.DOC_NUMBER),
            Property("TxnDate", Type.DATE, Field.POSTING_DATE),
        )
    ),
    {**_names(JOURNAL_ENTRY.members), "line.*": "Line"},
)

_SEARCHED: Final = (
    ENTRIES,
    *(_searched_list(each) for each in entities.LISTS),
    Searched(
        "ExchangeRate",
        RATE,
        _by_path(
            (
                Property("SourceCurrencyCode", Type.TEXT, Field.NAME),
                Property("AsOfDate", Type.DATE, Field.AS_OF),
                UPDATED,
            )
        ),
        _names(rates.SHAPE.members),
        "SourceCurrencyCode",
    ),
    Searched(
        "CompanyInfo",
        None,
        _by_path((Property("Id", Type.ID), Property("CompanyName", Type.TEXT), CREATED, UPDATED)),
        _names(company.INFO.members),
    ),
    Searched(
        "Preferences",
        None,
        _by_path((Property("Id", Type.ID), CREATED, UPDATED)),
        _names(company.PREFERENCES.members),
    ),
)
SEARCHED: Final[Mapping[str, Searched]] = {each.name.lower(): each for each in _SEARCHED}
"""Entities that statements can name, by name in lower case."""

EMPTY: Final = frozenset({"item", "journalcode"})
"""Lists of the original that these books do not have: there is never a row in them."""
