"""What entries refer to, as this wire shows it, and what of it can be searched."""

from datetime import date
from typing import Any, Final

from daybook.domain import currencies
from daybook.domain.model import (
    Account,
    AccountKind,
    Classification,
    Company,
    Contact,
    ContactKind,
    Dimension,
)
from daybook.domain.query import Compare, Field, Op
from daybook.protocols.codat import amounts, ids, times
from daybook.protocols.codat.properties import (
    IdIn,
    MomentIn,
    Nowhere,
    OneOfThese,
    Properties,
    Property,
    TextIn,
    Type,
)
from daybook.protocols.codat.views import View

Json = dict[str, Any]

_TYPES: Final = {
    Classification.ASSET: "Asset",
    Classification.LIABILITY: "Liability",
    Classification.EQUITY: "Equity",
    Classification.REVENUE: "Income",
    Classification.EXPENSE: "Expense",
}
_KINDS: Final = {
    AccountKind.BANK: "Bank",
    AccountKind.RECEIVABLE: "Accounts Receivable",
    AccountKind.OTHER_CURRENT_ASSET: "Other Current Asset",
    AccountKind.FIXED_ASSET: "Fixed Asset",
    AccountKind.OTHER_ASSET: "Other Asset",
    AccountKind.PAYABLE: "Accounts Payable",
    AccountKind.CREDIT_CARD: "Credit Card",
    AccountKind.OTHER_CURRENT_LIABILITY: "Other Current Liability",
    AccountKind.LONG_TERM_LIABILITY: "Long Term Liability",
    AccountKind.EQUITY: "Equity",
    AccountKind.INCOME: "Income",
    AccountKind.OTHER_INCOME: "Other Income",
    AccountKind.COST_OF_SALES: "Cost of Goods Sold",
    AccountKind.EXPENSE: "Expense",
    AccountKind.OTHER_EXPENSE: "Other Expense",
    AccountKind.NON_POSTING: "Non-Posting",
}
"""Types of accounts of the platform that is emulated, as categories are made of them."""

_DEBIT_NORMAL: Final = (Classification.ASSET, Classification.EXPENSE)


def _texts(*paths: str) -> tuple[Property, ...]:
    return tuple(Property(path, Type.TEXT) for path in paths)


_DATES: Final = (
    Property("modifiedDate", Type.DATE),
    Property("sourceModifiedDate", Type.DATE),
    Property("metadata.isDeleted", Type.BOOL),
)

ACCOUNT_PROPERTIES: Final = Properties(
    "Account",
    (
        *_texts("id", "nominalCode", "name", "description", "fullyQualifiedCategory"),
        *_texts("fullyQualifiedName", "currency", "type", "status"),
        Property("currentBalance", Type.NUMBER),
        Property("isBankAccount", Type.BOOL),
        *_DATES,
    ),
)
JOURNAL_PROPERTIES: Final = Properties(
    "Journal",
    (
        *_texts("id", "journalCode", "name", "type", "parentId", "status"),
        Property("hasChildren", Type.BOOL),
        Property("createdOn", Type.DATE),
        *_DATES,
    ),
)
TRACKING_PROPERTIES: Final = Properties(
    "TrackingCategory",
    (
        *_texts("id", "name", "status", "parentId"),
        Property("hasChildren", Type.BOOL),
        *_DATES,
    ),
)


def _contact_properties(type_name: str, name: str) -> Properties:
    active = [("Active", Compare(Field.ACTIVE, Op.EQ, True))]
    archived = [("Archived", Compare(Field.ACTIVE, Op.EQ, False))]
    return Properties(
        type_name,
        (
            Property("id", Type.TEXT, IdIn(), Field.ID),
            Property(name, Type.TEXT, TextIn(Field.NAME), Field.NAME),
            Property("contactName", Type.TEXT, Nowhere()),
            Property("emailAddress", Type.TEXT, Nowhere()),
            Property("defaultCurrency", Type.TEXT, TextIn(Field.CURRENCY)),
            Property("status", Type.TEXT, OneOfThese([*active, *archived]), Field.ACTIVE),
            Property("modifiedDate", Type.DATE, MomentIn(Field.MODIFIED_AT), Field.MODIFIED_AT),
            Property(
                "sourceModifiedDate", Type.DATE, MomentIn(Field.MODIFIED_AT), Field.MODIFIED_AT
            ),
            Property("metadata.isDeleted", Type.BOOL, Nowhere()),
        ),
    )


_CONTACT_NAMES: Final = {
    ContactKind.CUSTOMER: ("Customer", "customerName"),
    ContactKind.VENDOR: ("Supplier", "supplierName"),
}
CONTACT_PROPERTIES: Final = {
    kind: _contact_properties(*names) for kind, names in _CONTACT_NAMES.items()
}


def _dates(modified_at: Any) -> Json:
    moment = times.seconds(modified_at)
    return {
        "modifiedDate": moment,
        "sourceModifiedDate": moment,
        "metadata": {"isDeleted": False},
    }


def _status(active: bool) -> str:
    return "Active" if active else "Archived"


def account_json(account: Account, balance: int, company: Company) -> Json:
    """An account; `balance` is debits less credits in minor units of the home currency."""
    classification = account.kind.classification
    kind = "Unknown" if classification is None else _TYPES[classification]
    category = f"{kind}.{_KINDS[account.kind]}"
    if account.subtype:
        category += f".{account.subtype}"
    natural = balance if classification in _DEBIT_NORMAL else -balance
    shown: Json = {"id": str(account.id)}
    if account.code is not None:
        shown["nominalCode"] = account.code
    shown["name"] = account.name
    if account.description is not None:
        shown["description"] = account.description
    shown["fullyQualifiedCategory"] = category
    shown["fullyQualifiedName"] = f"{category}.{account.name}"
    shown["currency"] = account.currency or company.home_currency
    exponent = currencies.exponent(company.home_currency)
    shown["currentBalance"] = amounts.shown(natural, exponent)
    shown["type"] = kind
    shown["status"] = _status(account.active)
    shown["isBankAccount"] = account.kind is AccountKind.BANK
    shown["validDatatypeLinks"] = []
    return {**shown, **_dates(account.modified_at)}


def tracking_json(value: Dimension, parent: str, *, has_children: bool) -> Json:
    """A class or department. `parent` is the category all of its axis are below."""
    own = ids.tracking_id(value.axis, value.id)
    above = None if value.parent_id is None else ids.tracking_id(value.axis, value.parent_id)
    return {
        "id": own,
        "name": value.name,
        "status": _status(value.active),
        "parentId": above or parent,
        "hasChildren": has_children,
        **_dates(value.modified_at),
    }


def parent_json(parent: str, company: Company) -> Json:
    """The category that all values of an axis are below."""
    return {
        "id": parent,
        "name": parent.capitalize(),
        "status": "Active",
        "hasChildren": True,
        **_dates(company.created_at),
    }


def contact_json(contact: Contact) -> Json:
    """A customer or supplier."""
    _, name = _CONTACT_NAMES[contact.kind]
    shown: Json = {"id": str(contact.id), name: contact.name}
    if contact.currency is not None:
        shown["defaultCurrency"] = contact.currency
    shown["status"] = _status(contact.active)
    return {**shown, **_dates(contact.modified_at)}


def info_json(view: View, company: Company, year_start: date) -> Json:
    """A company's own details."""
    shown: Json = {
        "companyName": company.name,
        "accountingPlatformRef": company.realm,
        "companyLegalName": company.name,
        "addresses": [],
        "phoneNumbers": [],
        "webLinks": [],
    }
    if company.books_closed_through is not None:
        shown["ledgerLockDate"] = times.day(company.books_closed_through)
    shown["financialYearStartDate"] = times.day(year_start)
    shown["baseCurrency"] = company.home_currency
    shown["sourceUrls"] = {}
    shown["createdDate"] = times.seconds(view.created)
    return shown
