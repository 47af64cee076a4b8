"""Records as this wire shows them: plain dicts, members in the original's order.

Amounts are Decimals with the currency's number of decimals, so that they are written as number
literals; what is absent is left out. Names of accounts, contacts and dimensions are those of the
moment, looked up through the reader.
"""

from decimal import Decimal
from functools import lru_cache
from json.encoder import encode_basestring as _quote
from typing import Any, Final

from daybook.app.ports import Reader
from daybook.domain import currencies
from daybook.domain.events import ACCOUNT, CONTACT, dimension_entity
from daybook.domain.ids import Timestamp
from daybook.domain.model import (
    CLASS,
    DEPARTMENT,
    PROJECT,
    Account,
    Company,
    Contact,
    ContactKind,
    Dimension,
    JournalEntry,
    Line,
    Note,
    Side,
    TaxMark,
)
from daybook.domain.money import amount_text
from daybook.protocols.kit import json
from daybook.protocols.qbo import stored, times
from daybook.protocols.qbo.limits import DOC_NUMBER_LENGTH_MAX

Json = dict[str, Any]

REFERENCES_KEPT: Final = 20_000
"""References to accounts and names whose text is kept: some 5 MB."""

DELETED_SUFFIX: Final = " (deleted)"
"""Stands behind the names of inactive records; it is shown and not stored."""

_CLASSES: Final = dimension_entity(CLASS)
_DEPARTMENTS: Final = dimension_entity(DEPARTMENT)
_PROJECTS: Final = dimension_entity(PROJECT)
_NAME_TYPES: Final = {
    ContactKind.CUSTOMER: "Customer",
    ContactKind.VENDOR: "Vendor",
    ContactKind.EMPLOYEE: "Employee",
    ContactKind.OTHER: "Other",
}
_BILLABLE: Final = {
    "billable": "Billable",
    "notbillable": "NotBillable",
    "hasbeenbilled": "HasBeenBilled",
    "billed": "HasBeenBilled",
}


def amount(minor: int, exponent: int) -> Decimal | int:
    """An amount of minor units; zero has no decimals, as recorded."""
    return Decimal(minor).scaleb(-exponent) if minor else 0


def shown_name(name: str, active: bool) -> str:
    """A name as callers see it."""
    return name if active else name + DELETED_SUFFIX


def metadata(created_at: Timestamp, modified_at: Timestamp, company: Company) -> Json:
    """The member `MetaData`."""
    where = times.zone(company.time_zone)
    created = times.seconds(created_at, where)
    updated = created if modified_at == created_at else times.seconds(modified_at, where)
    return {"CreateTime": created, "LastUpdatedTime": updated}


def currency_ref(code: str) -> Json:
    """A reference to a currency."""
    name = currencies.name(code) if currencies.is_currency(code) else code
    return {"value": code, "name": name}


@lru_cache(maxsize=REFERENCES_KEPT)
def _reference(record_id: int, name: str, active: bool) -> str:
    """A reference as JSON text. The same few accounts and names come again and again."""
    return f'{{"value":"{record_id}","name":{_quote(shown_name(name, active))}}}'


def dimension_ref(reader: Reader, entity: str, dimension_id: int) -> Json:
    """A reference to a class, a location or a project."""
    value = reader.reference(entity, dimension_id)
    if not isinstance(value, Dimension):
        return {"value": str(dimension_id)}
    return {"value": str(dimension_id), "name": shown_name(value.full_name, value.active)}


def entry_whole(entry: JournalEntry, reader: Reader) -> json.Raw:
    """The same as `entry_json`, as JSON text: for answers that show all of an entry.

    Most entries have nothing but what every entry has, and are put together as text at once.
    """
    company = reader.company
    if entry.annex or company.multicurrency:
        return json.Raw(json.encode(entry_json(entry, reader)))
    moments = metadata(entry.created_at, entry.modified_at, company)
    number, memo = "", ""
    if entry.doc_number is not None:
        number = f'"DocNumber":{_quote(entry.doc_number[:DOC_NUMBER_LENGTH_MAX])},'
    if entry.memo is not None:
        memo = f'"PrivateNote":{_quote(entry.memo)},'
    text = (
        f'{{"Adjustment":{"true" if entry.adjustment else "false"},"TotalAmt":0,"domain":"QBO",'
        f'"sparse":false,"Id":"{entry.id}","SyncToken":"{entry.version}",'
        f'"MetaData":{{"CreateTime":"{moments["CreateTime"]}",'
        f'"LastUpdatedTime":"{moments["LastUpdatedTime"]}"}},{number}'
        f'"TxnDate":"{entry.posting_date.isoformat()}",'
        f'"CurrencyRef":{_currency_text(entry.currency)},{memo}'
        f'"Line":{_lines(entry, reader)},"TxnTaxDetail":{{}}}}'
    )
    return json.Raw(text.encode())


@lru_cache(maxsize=256)
def _currency_text(code: str) -> str:
    """A reference to a currency as JSON text."""
    return json.encode(currency_ref(code)).decode()


def _lines(entry: JournalEntry, reader: Reader) -> str:
    """The lines as a JSON array."""
    exponent = currencies.exponent(entry.currency)
    if not entry.notes:
        texts = [_line(line, exponent, reader) for line in entry.lines]
    else:
        texts = [
            _note(line) if isinstance(line, Note) else _line(line, exponent, reader)
            for line in entry.sequence
        ]
    return f"[{','.join(texts)}]"


def entry_json(entry: JournalEntry, reader: Reader) -> Json:
    """An entry that is not deleted, whole."""
    company = reader.company
    kept = stored.load(entry.annex) if entry.annex else {}
    shown: Json = {"Adjustment": entry.adjustment}
    if kept:
        for name in (
            "HomeCurrencyAdjustment",
            "EnteredInHomeCurrency",
            "GlobalTaxCalculation",
            "JournalCodeRef",
            "TaxRateRef",
        ):
            if name in kept:
                shown[name] = kept[name]
    shown["TotalAmt"] = 0
    if company.multicurrency:
        shown["HomeTotalAmt"] = 0
    shown["domain"] = "QBO"
    shown["sparse"] = False
    shown["Id"] = str(entry.id)
    shown["SyncToken"] = str(entry.version)
    shown["MetaData"] = metadata(entry.created_at, entry.modified_at, company)
    if entry.doc_number is not None:
        shown["DocNumber"] = entry.doc_number[:DOC_NUMBER_LENGTH_MAX]
    shown["TxnDate"] = entry.posting_date.isoformat()
    shown["CurrencyRef"] = currency_ref(entry.currency)
    if company.multicurrency:
        shown["ExchangeRate"] = 1 if entry.rate is None else entry.rate
    if entry.memo is not None:
        shown["PrivateNote"] = entry.memo
    shown["Line"] = json.Raw(_lines(entry, reader).encode())
    shown["TxnTaxDetail"] = kept.get("TxnTaxDetail", {})
    for name in ("TaxFormType", "TaxFormNum", "TransactionLocationType"):
        if name in kept:
            shown[name] = kept[name]
    return shown


def _note(note: Note) -> str:
    shown: Json = {"Id": str(note.id)}
    if note.description is not None:
        shown["Description"] = note.description
    shown["DetailType"] = "DescriptionOnly"
    kept = stored.load(note.annex) if note.annex else {}
    shown["DescriptionLineDetail"] = kept.get("DescriptionLineDetail", {})
    return json.encode(shown).decode()


def _line(line: Line, exponent: int, reader: Reader) -> str:
    """A line as JSON text, put together here because a page has thousands of them."""
    account = reader.reference(ACCOUNT, line.account_id)
    if isinstance(account, Account):
        account_text = _reference(line.account_id, account.full_name, account.active)
    else:
        account_text = f'{{"value":"{line.account_id}"}}'
    entity = "" if line.contact_id is None else f'"Entity":{_entity(reader, line.contact_id)},'
    side = "Debit" if line.side is Side.DEBIT else "Credit"
    described = "" if line.description is None else f'"Description":{_quote(line.description)},'
    number = amount_text(line.amount, exponent) if line.amount else "0"
    more, project = "", ""
    if line.dimensions or line.tax or line.billing or line.annex:
        detail, project = _more(line, exponent, reader)
        if detail:
            more = "," + json.encode(detail).decode()[1:-1]
    return (
        f'{{"Id":"{line.id}",{described}"Amount":{number},"DetailType":"JournalEntryLineDetail",'
        f'"JournalEntryLineDetail":{{"PostingType":"{side}",{entity}"AccountRef":{account_text}'
        f"{more}}}{project}}}"
    )


def _more(line: Line, exponent: int, reader: Reader) -> tuple[Json, str]:
    """The members of a line's detail that most lines lack, and the project behind it."""
    detail: Json = {}
    project = ""
    for axis, dimension_id in line.dimensions:
        if axis == CLASS:
            detail["ClassRef"] = dimension_ref(reader, _CLASSES, dimension_id)
        elif axis == DEPARTMENT:
            detail["DepartmentRef"] = dimension_ref(reader, _DEPARTMENTS, dimension_id)
        elif axis == PROJECT:
            shown = json.encode(dimension_ref(reader, _PROJECTS, dimension_id)).decode()
            project = f',"ProjectRef":{shown}'
    if line.tax is not None:
        _add_tax(detail, line.tax, exponent)
    if line.billing is not None:
        status = line.billing.status.replace("_", "").replace(" ", "").lower()
        if status in _BILLABLE:
            detail["BillableStatus"] = _BILLABLE[status]
    if line.annex:
        kept = stored.load(line.annex)
        if "JournalCodeRef" in kept:
            detail["JournalCodeRef"] = kept["JournalCodeRef"]
    return detail, project


def _entity(reader: Reader, contact_id: int) -> str:
    contact = reader.reference(CONTACT, contact_id)
    if not isinstance(contact, Contact):
        return f'{{"EntityRef":{{"value":"{contact_id}"}}}}'
    reference = _reference(contact_id, contact.name, contact.active)
    return f'{{"Type":"{_NAME_TYPES[contact.kind]}","EntityRef":{reference}}}'


def _add_tax(detail: Json, tax: TaxMark, exponent: int) -> None:
    if tax.code_id is not None:
        detail["TaxCodeRef"] = {"value": tax.code_id}
    if tax.rate_id is not None:
        detail["TaxRateRef"] = {"value": tax.rate_id}
    if tax.applies_to is not None:
        detail["TaxApplicableOn"] = tax.applies_to
    if tax.amount is not None:
        detail["TaxAmount"] = amount(tax.amount, exponent)
    if tax.inclusive_amount is not None:
        detail["TaxInclusiveAmt"] = amount(tax.inclusive_amount, exponent)


def deleted_json(entry: JournalEntry) -> Json:
    """What the answer to a delete says of the entry: exactly these members."""
    return {"domain": "QBO", "status": "Deleted", "Id": str(entry.id)}


def tombstone_json(entry: JournalEntry, company: Company) -> Json:
    """A deleted entry in a feed of changes."""
    where = times.zone(company.time_zone)
    updated = times.seconds(entry.modified_at, where)
    return {**deleted_json(entry), "MetaData": {"LastUpdatedTime": updated}}


def envelope(name: str, value: object, at: Timestamp, company: Company) -> bytes:
    """A whole answer: one member and the time."""
    moment = times.milliseconds(at, times.zone(company.time_zone))
    return b'{"%b":%b,"time":"%b"}' % (name.encode(), json.encode(value), moment.encode())
