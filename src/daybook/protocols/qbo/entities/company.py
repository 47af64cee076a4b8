"""The company as `CompanyInfo`, and its settings as `Preferences`.

Both are views of one record, the ledger's company, so they share one version: an update of either
counts up the SyncToken of both. What the core knows (name, closing date, unique document numbers,
sales tax, start of the fiscal year) is kept there; all other members are kept in the annex and
shown again. Currency, country and time zone cannot be changed here.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from daybook.domain.model import Company
from daybook.protocols.qbo import errors, stored
from daybook.protocols.qbo.entities.base import address, email, phone, web
from daybook.protocols.qbo.identity import UPDATE, identify
from daybook.protocols.qbo.render import Json, metadata
from daybook.protocols.qbo.shapes import (
    COMMON,
    Findings,
    Members,
    Reader,
    Shape,
    as_sent,
    choice,
    day,
    ignored,
    ignored_array,
    read,
    text,
)

RECORD_ID: Final = "1"
"""The id both views have."""

MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_WARN_DUPLICATE: Final = "WarnDuplicateJournalNumber"
_FIRST_OTHER: Final = "SalesFormsPrefs.DefaultCustomerMessage"

_INFO_KEPT: Final[Mapping[str, Reader]] = {
    "LegalName": text(1_024),
    "CompanyAddr": address,
    "LegalAddr": address,
    "CustomerCommunicationAddr": address,
    "PrimaryPhone": phone,
    "Email": email,
    "CustomerCommunicationEmailAddr": email,
    "WebAddr": web,
    "CompanyStartDate": day,
    "EmployerId": text(30),
}
INFO: Final = Shape(
    "CompanyInfo",
    {
        **COMMON,
        **_INFO_KEPT,
        "CompanyName": text(1_024),
        "FiscalYearStartMonth": choice(*MONTHS),
        "TaxYearStartMonth": ignored,
        "Country": ignored,
        "SupportedLanguages": ignored,
        "DefaultTimeZone": ignored,
        "CompanyFileName": ignored,
        "FlavorStratum": ignored,
        "SampleFile": ignored,
        "QBVersion": ignored,
        "CompanyEmailAddr": email,
        "NameValue": ignored_array,
    },
)
"""Members of the company record."""

SECTIONS: Final = (
    "AccountingInfoPrefs",
    "AdvancedInventoryPrefs",
    "ProductAndServicesPrefs",
    "SalesFormsPrefs",
    "EmailMessagesPrefs",
    "PrintDocumentPrefs",
    "VendorAndPurchasesPrefs",
    "TimeTrackingPrefs",
    "TaxPrefs",
    "FinanceChargesPrefs",
    "CurrencyPrefs",
    "ReportPrefs",
    "OtherPrefs",
)
PREFERENCES: Final = Shape("Preferences", {**COMMON, **dict.fromkeys(SECTIONS, as_sent)})
"""Members of the settings; each is a section of members of its own."""


def info_json(company: Company) -> Json:
    """The company record."""
    kept = stored.load(company.annex).get("CompanyInfo", {})
    shown: Json = {"CompanyName": company.name, "LegalName": kept.get("LegalName", company.name)}
    for name in _INFO_KEPT:
        if name in kept:
            shown[name] = kept[name]
    shown["CompanyStartDate"] = kept.get("CompanyStartDate") or _founded(company)
    shown["FiscalYearStartMonth"] = MONTHS[company.fiscal_year_start - 1]
    shown["Country"] = company.country
    shown["SupportedLanguages"] = "en"
    shown["DefaultTimeZone"] = company.time_zone
    shown["NameValue"] = [{"Name": "SubscriptionStatus", "Value": "SUBSCRIBED"}]
    return {**shown, **_base(company)}


def _founded(company: Company) -> str:
    created: str = metadata(company.created_at, company.created_at, company)["CreateTime"]
    return created[:10]


def _base(company: Company) -> Json:
    return {
        "domain": "QBO",
        "sparse": False,
        "Id": RECORD_ID,
        "SyncToken": str(company.version),
        "MetaData": metadata(company.created_at, company.modified_at, company),
    }


def preferences_json(company: Company) -> Json:
    """The settings: defaults, over them what is stored, over that what the core knows."""
    kept: dict[str, Any] = stored.load(company.annex).get("Preferences", {})
    sections: dict[str, Json] = {}
    for name in SECTIONS:
        section = {**_DEFAULTS.get(name, {}), **kept.get(name, {})}
        if section:
            sections[name] = section
    accounting = sections["AccountingInfoPrefs"]
    accounting["FirstMonthOfFiscalYear"] = MONTHS[company.fiscal_year_start - 1]
    if company.books_closed_through is not None:
        accounting["BookCloseDate"] = company.books_closed_through.isoformat()
    sections["TaxPrefs"]["UsingSalesTax"] = company.sales_tax
    sections["CurrencyPrefs"] = {
        "MultiCurrencyEnabled": company.multicurrency,
        "HomeCurrency": {"value": company.home_currency},
    }
    pairs = [
        pair
        for pair in sections["OtherPrefs"].get("NameValue", [])
        if pair.get("Name") != _WARN_DUPLICATE
    ]
    unique = "true" if company.doc_number_unique else "false"
    pairs.append({"Name": _WARN_DUPLICATE, "Value": unique})
    sections["OtherPrefs"]["NameValue"] = pairs
    return {**sections, **_base(company)}


_EMAIL_TEXT: Final = {
    "Subject": "A document from us",
    "Message": "Please find the document attached to this message.",
}
_DEFAULTS: Final[Mapping[str, Json]] = {
    "AccountingInfoPrefs": {
        "UseAccountNumbers": True,
        "TaxYearMonth": "January",
        "ClassTrackingPerTxn": False,
        "ClassTrackingPerTxnLine": True,
        "TrackDepartments": True,
        "DepartmentTerminology": "Location",
        "CustomerTerminology": "Customers",
    },
    "ProductAndServicesPrefs": {
        "ForSales": True,
        "ForPurchase": True,
        "QuantityWithPriceAndRate": True,
        "QuantityOnHand": False,
    },
    "SalesFormsPrefs": {
        "CustomField": [],
        "CustomTxnNumbers": True,
        "AllowDeposit": False,
        "AllowDiscount": False,
        "AllowEstimates": False,
        "AllowServiceDate": False,
        "AllowShipping": False,
        "DefaultCustomerMessage": "",
    },
    "EmailMessagesPrefs": {
        "InvoiceMessage": _EMAIL_TEXT,
        "EstimateMessage": _EMAIL_TEXT,
        "SalesReceiptMessage": _EMAIL_TEXT,
        "StatementMessage": _EMAIL_TEXT,
    },
    "VendorAndPurchasesPrefs": {
        "TrackingByCustomer": True,
        "BillableExpenseTracking": False,
        "POCustomField": [],
    },
    "TimeTrackingPrefs": {
        "UseServices": False,
        "BillCustomers": False,
        "ShowBillRateToAll": False,
        "WorkWeekStartDate": "Monday",
        "MarkTimeEntriesBillable": False,
    },
    "TaxPrefs": {"UsingSalesTax": False, "PartnerTaxEnabled": False},
    "ReportPrefs": {"ReportBasis": "Accrual", "CalcAgingReportFromTxnDate": False},
    "OtherPrefs": {"NameValue": [{"Name": _FIRST_OTHER, "Value": ""}]},
}
"""What the settings show where nothing else was set: a company that keeps entries alone."""


def changed_info(body: Any, company: Company) -> tuple[Company, int]:
    """The company after an update of its record, and the version seen. Raises `QboFault`."""
    findings = Findings()
    members = read(INFO, body, findings)
    version = identify(UPDATE, {"Id": RECORD_ID, **body}, findings).version
    sparse = members.get("sparse") is True
    annex = stored.load(company.annex)
    before: Json = annex.get("CompanyInfo", {})
    kept: Json = dict(before) if sparse else {}
    derived = {"LegalName": company.name, "CompanyStartDate": _founded(company)}
    for name in _INFO_KEPT:
        value = _plain(members.get(name))
        if name in members and (name in before or value != derived.get(name)):
            kept[name] = value
    company_name = members.get("CompanyName")
    if company_name is None and not (sparse and "CompanyName" not in members):
        findings.require("CompanyName")
    findings.conclude()
    assert version is not None
    month = members.get("FiscalYearStartMonth")
    annex["CompanyInfo"] = {key: each for key, each in kept.items() if each is not None} or None
    changed = replace(
        company,
        name=company_name or company.name,
        fiscal_year_start=(company.fiscal_year_start if month is None else MONTHS.index(month) + 1),
        annex=stored.dump(company.annex, annex),
    )
    return changed, version


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def changed_preferences(body: Any, company: Company) -> tuple[Company, int]:
    """The company after an update of its settings, and the version seen. Raises `QboFault`.

    A section that is sent replaces that section, member by member if the update is sparse; a
    section that is not sent stays, or goes back to the defaults if the update is full.
    """
    findings = Findings()
    members = read(PREFERENCES, body, findings)
    version = identify(UPDATE, {"Id": RECORD_ID, **body}, findings).version
    sparse = members.get("sparse") is True
    annex = stored.load(company.annex)
    before: Json = annex.get("Preferences", {})
    kept: Json = {}
    for name in SECTIONS:
        section = members.get(name)
        if sparse:
            section = {**before.get(name, {}), **(section or {})}
        kept[name] = section
    accounting = members.get("AccountingInfoPrefs") or {}
    changed = _with_core(company, members, accounting, sparse, findings)
    findings.conclude()
    assert version is not None
    kept.pop("CurrencyPrefs", None)
    sections = {name: _worth_keeping(name, section) for name, section in kept.items() if section}
    annex["Preferences"] = {name: each for name, each in sections.items() if each} or None
    return replace(changed, annex=stored.dump(company.annex, annex)), version


_IN_CORE: Final = frozenset({"FirstMonthOfFiscalYear", "BookCloseDate", "UsingSalesTax"})


def _worth_keeping(name: str, section: Json) -> Json:
    """The members of a section that neither the core keeps nor the defaults have anyway."""
    defaults = _DEFAULTS.get(name, {})
    if "NameValue" in section:
        pairs = [pair for pair in section["NameValue"] or [] if pair["Name"] != _WARN_DUPLICATE]
        section = {**section, "NameValue": pairs}
    return {
        member: value
        for member, value in section.items()
        if member not in _IN_CORE and value is not None and value != defaults.get(member)
    }


def _with_core(
    company: Company, members: Members, accounting: Json, sparse: bool, findings: Findings
) -> Company:
    """The company with the settings that the core keeps."""
    findings.where = "AccountingInfoPrefs."
    closed = company.books_closed_through
    if "BookCloseDate" in accounting or not sparse:
        value = accounting.get("BookCloseDate")
        closed = day(value, "BookCloseDate", findings) if value else None
    start = company.fiscal_year_start
    month = accounting.get("FirstMonthOfFiscalYear")
    if month:
        chosen = choice(*MONTHS)(month, "FirstMonthOfFiscalYear", findings)
        start = start if chosen is None else MONTHS.index(chosen) + 1
    findings.where = ""
    tax = (members.get("TaxPrefs") or {}).get("UsingSalesTax")
    return replace(
        company,
        books_closed_through=closed,
        fiscal_year_start=start,
        sales_tax=company.sales_tax if tax is None else _is_true(tax),
        doc_number_unique=_warns(company, members, findings),
    )


def _warns(company: Company, members: Members, findings: Findings) -> bool:
    """Whether duplicate numbers are refused, from the pairs of `OtherPrefs`."""
    pairs = (members.get("OtherPrefs") or {}).get("NameValue") or []
    if not isinstance(pairs, list) or not all(_is_pair(pair) for pair in pairs):
        raise errors.unreadable("OtherPrefs.NameValue is not an array of names and values")
    for pair in pairs:
        if pair.get("Name") == _WARN_DUPLICATE:
            return _is_true(pair.get("Value"))
    return company.doc_number_unique


def _is_pair(value: Any) -> bool:
    return isinstance(value, dict) and "Name" in value


def _is_true(value: Any) -> bool:
    return value is True or str(value).lower() == "true"
