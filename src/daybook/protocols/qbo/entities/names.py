"""Customers, vendors and employees: one sequence of ids, one set of display names.

The ledger keeps kind, display name, currency, parent and whether the record is active. Persons'
names, addresses, telephone numbers and the like are kept in the annex and shown again.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from daybook.app.ports import Reader as BooksReader
from daybook.domain import currencies
from daybook.domain.commands import ContactContent
from daybook.domain.events import CONTACT
from daybook.domain.ids import ContactId
from daybook.domain.model import Contact, ContactKind
from daybook.protocols.qbo import errors, stored
from daybook.protocols.qbo.entities.base import (
    Draft,
    ListEntity,
    address,
    balances_below,
    base_members,
    each,
    email,
    full_name,
    kept_reference,
    own_name,
    phone,
    web,
)
from daybook.protocols.qbo.errors import Error, Stage
from daybook.protocols.qbo.limits import DISPLAY_NAME_LENGTH_MAX, NAME_LENGTH_MAX
from daybook.protocols.qbo.render import Json, amount, currency_ref
from daybook.protocols.qbo.shapes import (
    COMMON,
    Members,
    Reader,
    Shape,
    boolean,
    choice,
    day,
    ignored,
    ignored_array,
    ignored_object,
    number,
    reference,
    text,
)

_NAME_PARTS: Final = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")

_PERSON: Final[Mapping[str, Reader]] = {
    "Organization": boolean,
    "Title": text(16),
    "GivenName": text(NAME_LENGTH_MAX),
    "MiddleName": text(NAME_LENGTH_MAX),
    "FamilyName": text(NAME_LENGTH_MAX),
    "Suffix": text(16),
    "FullyQualifiedName": ignored,
    "CompanyName": text(NAME_LENGTH_MAX),
    "DisplayName": text(DISPLAY_NAME_LENGTH_MAX, ":\t\n"),
    "PrintOnCheckName": text(110),
    "UserId": ignored,
    "Active": boolean,
    "PrimaryPhone": phone,
    "AlternatePhone": phone,
    "Mobile": phone,
    "Fax": phone,
    "PrimaryEmailAddr": email,
    "WebAddr": web,
    "OtherContactInfo": ignored_array,
    "DefaultTaxCodeRef": kept_reference,
    "V4IDPseudonym": ignored,
    "NameAndId": ignored,
    "IntuitId": ignored,
    "ClientEntityId": ignored,
    "Source": ignored,
}
_CUSTOMER: Final[Mapping[str, Reader]] = {
    "Taxable": boolean,
    "BillAddr": address,
    "ShipAddr": address,
    "OtherAddr": ignored_array,
    "ContactName": text(NAME_LENGTH_MAX),
    "AltContactName": text(NAME_LENGTH_MAX),
    "Notes": text(2_000),
    "Job": boolean,
    "BillWithParent": boolean,
    "RootCustomerRef": reference,
    "ParentRef": reference,
    "Level": ignored,
    "CustomerTypeRef": kept_reference,
    "SalesTermRef": kept_reference,
    "SalesRepRef": kept_reference,
    "PaymentMethodRef": kept_reference,
    "PriceLevelRef": kept_reference,
    "Balance": number,
    "OpenBalanceDate": day,
    "BalanceWithJobs": number,
    "CreditLimit": number,
    "AcctNum": text(NAME_LENGTH_MAX),
    "CurrencyRef": reference,
    "OverDueBalance": number,
    "TotalRevenue": number,
    "TotalExpense": number,
    "PreferredDeliveryMethod": choice("Print", "Email", "None"),
    "ResaleNum": text(16),
    "JobInfo": ignored_object,
    "TaxExemptionReasonId": text(16),
    "IsProject": boolean,
    "BusinessNumber": text(10),
    "GSTIN": text(15),
    "GSTRegistrationType": text(15),
    "PrimaryTaxIdentifier": text(20),
    "SecondaryTaxIdentifier": text(20),
    "TaxRegime": text(30),
    "ARAccountRef": kept_reference,
    "CustomerEx": ignored_object,
}
_VENDOR: Final[Mapping[str, Reader]] = {
    "BillAddr": address,
    "ShipAddr": address,
    "OtherAddr": ignored_array,
    "ContactName": text(NAME_LENGTH_MAX),
    "AltContactName": text(NAME_LENGTH_MAX),
    "Notes": text(2_000),
    "TaxCountry": text(30),
    "TaxIdentifier": text(20),
    "TaxIdEffectiveDate": day,
    "BusinessNumber": text(10),
    "ParentRef": reference,
    "VendorTypeRef": kept_reference,
    "TermRef": kept_reference,
    "PrefillAccountRef": kept_reference,
    "Balance": number,
    "OpenBalanceDate": day,
    "BillRate": number,
    "CostRate": number,
    "CreditLimit": number,
    "AcctNum": text(NAME_LENGTH_MAX),
    "Vendor1099": boolean,
    "T4AEligible": boolean,
    "T5018Eligible": boolean,
    "CurrencyRef": reference,
    "VendorEx": ignored_object,
    "TaxReportingBasis": text(30),
    "APAccountRef": kept_reference,
    "HasTPAR": boolean,
    "GSTIN": text(15),
    "GSTRegistrationType": text(15),
    "VendorPaymentBankDetail": ignored_object,
}
_EMPLOYEE: Final[Mapping[str, Reader]] = {
    "EmployeeType": text(30),
    "EmployeeNumber": text(NAME_LENGTH_MAX),
    "SSN": text(100),
    "PrimaryAddr": address,
    "OtherAddr": ignored_array,
    "BillableTime": boolean,
    "BillRate": number,
    "CostRate": number,
    "HourlyCostRate": number,
    "BirthDate": day,
    "Gender": text(6),
    "HiredDate": day,
    "ReleasedDate": day,
    "UseTimeEntry": text(30),
    "EmployeeEx": ignored_object,
}

_CORE: Final = frozenset({"DisplayName", "Active", "ParentRef", "CurrencyRef", "Job", *COMMON})
_UNKEPT: Final = frozenset(
    {
        "FullyQualifiedName",
        "RootCustomerRef",
        "Balance",
        "BalanceWithJobs",
        "OverDueBalance",
        "TotalRevenue",
        "TotalExpense",
    }
)
"""Members that the core keeps, or that are worked out; all others go to the annex."""

_DEFAULTS: Final[Mapping[str, object]] = {
    "BillWithParent": False,
    "PreferredDeliveryMethod": "Print",
    "IsProject": False,
    "Vendor1099": False,
    "BillableTime": False,
}
"""Values that are shown where nothing is kept."""

_MASKED: Final = frozenset({"SSN", "TaxIdentifier"})
"""Numbers of which only the last characters are shown."""


def _members_of(contact: Contact) -> Members:
    members = {
        **stored.load(contact.annex),
        "DisplayName": contact.name,
        "Active": contact.active,
        "CurrencyRef": contact.currency,
    }
    if contact.parent_id is not None:
        members |= {"ParentRef": str(contact.parent_id), "Job": True}
    return members


def _content(kind: ContactKind, draft: Draft) -> ContactContent:
    current = draft.current if isinstance(draft.current, Contact) else None
    annex = current.annex if current is not None else ()
    name = _display_name(kind, draft)
    return ContactContent(
        kind=kind,
        name=name,
        currency=_currency(draft, current),
        parent=draft.parent("Job", "Names") if kind is ContactKind.CUSTOMER else None,
        active=draft.active(),
        annex=stored.dump(annex, _kept(draft, name, stored.load(annex))),
    )


def _kept(draft: Draft, display_name: str, before: Json) -> Json:
    """What goes to the annex: what differs from what is shown anyway.

    So sending back what was read changes nothing. A number that is shown masked and comes back
    masked is the number that was there.
    """
    derived = {"PrintOnCheckName": display_name, "Taxable": draft.reader.company.sales_tax}
    kept: Json = {}
    for name, value in draft.members.items():
        if name in _CORE or name in _UNKEPT or value == _DEFAULTS.get(name):
            continue
        if name in derived and name not in before and value == derived[name]:
            continue
        if name in _MASKED and name in before and value == _masked(before[name]):
            value = before[name]
        kept[name] = value
    return kept


def _display_name(kind: ContactKind, draft: Draft) -> str:
    """The display name, or one put together from the parts of a person's name."""
    if kind is ContactKind.EMPLOYEE and not (draft.get("GivenName") or draft.get("FamilyName")):
        draft.findings.require("GivenName")
        return ""
    if draft.get("DisplayName") is not None:
        return draft.name("DisplayName")
    parts = [draft.get(part) for part in _NAME_PARTS]
    name = " ".join(part.strip() for part in parts if part and part.strip())
    name = name or draft.get("CompanyName") or ""
    for character in ":\t\n":
        name = name.replace(character, " ")
    if not name.strip():
        plain = "DisplayName is missing, and there is no part of a name to make it from"
        draft.findings.add(Error("6080", "No name supplied", "DisplayName", plain))
    return name


def _currency(draft: Draft, current: Contact | None) -> str | None:
    currency: str | None = draft.get("CurrencyRef")
    company = draft.reader.company
    if currency is None:
        return None if current is None else current.currency
    if not currencies.is_currency(currency):
        draft.findings.invalid("2220", "CurrencyRef", currency, "is no currency of ISO 4217")
        return None
    if currency == company.home_currency and (current is None or current.currency is None):
        return None
    if currency != company.home_currency and not company.multicurrency:
        text_ = "You must turn on multicurrency to use foreign currencies."
        plain = f"CurrencyRef: the company keeps its books in {company.home_currency} alone"
        draft.findings.add_later(Stage.BUSINESS, errors.business(text_, plain))
    return currency


def _balances(ids: Sequence[int], reader: BooksReader) -> dict[int, int]:
    totals = reader.contact_totals([ContactId(id) for id in ids])
    return {total.id: total.balance for total in totals}


def _render_customers(contacts: Sequence[Contact], reader: BooksReader) -> list[Json]:
    own, whole = balances_below(CONTACT, contacts, reader, lambda ids: _balances(ids, reader))
    return [_customer(each, reader, own[each.id], whole[each.id]) for each in contacts]


def _customer(contact: Contact, reader: BooksReader, balance: int, with_jobs: int) -> Json:
    company = reader.company
    exponent = currencies.exponent(company.home_currency)
    kept = stored.load(contact.annex)
    shown = _person(contact, kept)
    shown["Taxable"] = kept.get("Taxable", company.sales_tax)
    _add(shown, kept, "BillAddr", "ShipAddr", "ContactName", "AltContactName", "Notes")
    shown["Job"] = contact.parent_id is not None
    shown["BillWithParent"] = _or_default(kept, "BillWithParent")
    if contact.parent_id is not None:
        shown["ParentRef"] = {"value": str(contact.parent_id)}
        shown["Level"] = _level(contact, reader)
    _add(shown, kept, "CustomerTypeRef", "SalesTermRef", "SalesRepRef", "PaymentMethodRef")
    _add(shown, kept, "PriceLevelRef")
    shown["Balance"] = amount(balance, exponent)
    _add(shown, kept, "OpenBalanceDate")
    shown["BalanceWithJobs"] = amount(with_jobs, exponent)
    _add(shown, kept, "CreditLimit", "AcctNum")
    shown["CurrencyRef"] = currency_ref(contact.currency or company.home_currency)
    shown["PreferredDeliveryMethod"] = _or_default(kept, "PreferredDeliveryMethod")
    _add(shown, kept, "ResaleNum", "TaxExemptionReasonId")
    shown["IsProject"] = _or_default(kept, "IsProject")
    _add(shown, kept, "BusinessNumber", "GSTIN", "GSTRegistrationType", "PrimaryTaxIdentifier")
    _add(shown, kept, "SecondaryTaxIdentifier", "TaxRegime", "ARAccountRef")
    return {**shown, **base_members(contact, reader)}


def _render_vendors(contacts: Sequence[Contact], reader: BooksReader) -> list[Json]:
    owed = _balances([contact.id for contact in contacts], reader)
    return [_vendor(contact, reader, -owed[contact.id]) for contact in contacts]


def _vendor(contact: Contact, reader: BooksReader, balance: int) -> Json:
    company = reader.company
    exponent = currencies.exponent(company.home_currency)
    kept = stored.load(contact.annex)
    shown = _person(contact, kept)
    _add(shown, kept, "BillAddr", "ShipAddr", "ContactName", "AltContactName", "Notes")
    _add(shown, kept, "TaxCountry")
    if "TaxIdentifier" in kept:
        shown["TaxIdentifier"] = _masked(kept["TaxIdentifier"])
    _add(shown, kept, "TaxIdEffectiveDate", "BusinessNumber", "VendorTypeRef", "TermRef")
    _add(shown, kept, "PrefillAccountRef")
    shown["Balance"] = amount(balance, exponent)
    _add(shown, kept, "OpenBalanceDate", "BillRate", "CostRate", "CreditLimit", "AcctNum")
    shown["Vendor1099"] = _or_default(kept, "Vendor1099")
    _add(shown, kept, "T4AEligible", "T5018Eligible")
    shown["CurrencyRef"] = currency_ref(contact.currency or company.home_currency)
    _add(shown, kept, "TaxReportingBasis", "APAccountRef", "HasTPAR", "GSTIN")
    _add(shown, kept, "GSTRegistrationType")
    return {**shown, **base_members(contact, reader)}


def _render_employee(contact: Contact, reader: BooksReader) -> Json:
    kept = stored.load(contact.annex)
    shown = _person(contact, kept)
    _add(shown, kept, "EmployeeType", "EmployeeNumber")
    if "SSN" in kept:
        shown["SSN"] = _masked(kept["SSN"])
    _add(shown, kept, "PrimaryAddr")
    shown["BillableTime"] = _or_default(kept, "BillableTime")
    _add(shown, kept, "BillRate", "CostRate", "HourlyCostRate", "BirthDate", "Gender")
    _add(shown, kept, "HiredDate", "ReleasedDate", "UseTimeEntry")
    return {**shown, **base_members(contact, reader)}


def _person(contact: Contact, kept: Json) -> Json:
    """The members all three have, in order."""
    shown: Json = {}
    _add(shown, kept, "Organization", *_NAME_PARTS)
    if contact.kind is ContactKind.CUSTOMER:
        shown["FullyQualifiedName"] = full_name(contact)
    _add(shown, kept, "CompanyName")
    shown["DisplayName"] = own_name(contact)
    shown["PrintOnCheckName"] = kept.get("PrintOnCheckName", contact.name)
    shown["Active"] = contact.active
    _add(shown, kept, "PrimaryPhone", "AlternatePhone", "Mobile", "Fax", "PrimaryEmailAddr")
    _add(shown, kept, "WebAddr", "DefaultTaxCodeRef")
    return shown


def _add(shown: Json, kept: Json, *names: str) -> None:
    for name in names:
        if name in kept:
            shown[name] = kept[name]


def _or_default(kept: Json, name: str) -> object:
    return kept.get(name, _DEFAULTS[name])


def _masked(number_: str) -> str:
    """A tax or social security number with all but its last four characters hidden."""
    return "X" * (len(number_) - 4) + number_[-4:] if len(number_) > 4 else "X" * len(number_)


def _level(contact: Contact, reader: BooksReader) -> int:
    """How many customers stand above one."""
    level = 0
    above: object = contact
    while isinstance(above, Contact) and above.parent_id is not None:
        level += 1
        above = reader.reference(CONTACT, above.parent_id)
    return level


CUSTOMERS: Final = ListEntity(
    "Customer",
    CONTACT,
    Shape("Customer", {**COMMON, **_PERSON, **_CUSTOMER}),
    _members_of,
    lambda draft: _content(ContactKind.CUSTOMER, draft),
    _render_customers,
    ContactKind.CUSTOMER,
)
VENDORS: Final = ListEntity(
    "Vendor",
    CONTACT,
    Shape("Vendor", {**COMMON, **_PERSON, **_VENDOR}),
    _members_of,
    lambda draft: _content(ContactKind.VENDOR, draft),
    _render_vendors,
    ContactKind.VENDOR,
)
EMPLOYEES: Final = ListEntity(
    "Employee",
    CONTACT,
    Shape("Employee", {**COMMON, **_PERSON, **_EMPLOYEE}),
    _members_of,
    lambda draft: _content(ContactKind.EMPLOYEE, draft),
    each(_render_employee),
    ContactKind.EMPLOYEE,
)
