"""Journal entries as this wire shows them, and what of them can be searched.

Debits are positive, credits negative. Net amounts are in home currency; an entry in another one
shows its own amounts beside them. Of an entry that stands for another record (a payment, an
invoice) that record names the contact, so its lines do not.
"""

from typing import Any, Final

from daybook.app.ports import Reader
from daybook.domain import currencies
from daybook.domain.events import ACCOUNT, CONTACT
from daybook.domain.model import (
    Account,
    Company,
    Contact,
    ContactKind,
    JournalEntry,
    Line,
    annex_of,
)
from daybook.domain.query import And, Field, Filter, Like, Not, Or, Sort
from daybook.protocols.codat import amounts, ids, times
from daybook.protocols.codat.properties import (
    DELETED,
    POSTED,
    DayIn,
    IdIn,
    LocalDayIn,
    MomentIn,
    Nowhere,
    OneOfThese,
    Properties,
    Property,
    TextIn,
    Type,
    flag,
)
from daybook.protocols.kit import json

WIRE: Final = "codat"
"""The name of this wire: in annexes, in the origin of entries, in documents and consumers."""

JOURNAL_ENTRIES: Final = "journalEntries"

RECORD_TYPES: Final = (
    "bankTransactions",
    "billCreditNotes",
    "billPayments",
    "bills",
    "creditNotes",
    "directCosts",
    "directIncomes",
    "invoices",
    JOURNAL_ENTRIES,
    "payments",
    "transfers",
)
"""What an entry may stand for."""

Json = dict[str, Any]


def _stands_for(record_type: str) -> Filter:
    """Entries of a record type: it is kept with those that are not plain journal entries."""
    if record_type != JOURNAL_ENTRIES:
        return Like(Field.ANNEX, ("", f'"dataType":"{record_type}"', ""), WIRE)
    others = (each for each in RECORD_TYPES if each != JOURNAL_ENTRIES)
    return Not(Or(tuple(_stands_for(each) for each in others)))


PROPERTIES: Final = Properties(
    "JournalEntry",
    (
        Property("id", Type.TEXT, IdIn(), Field.ID),
        Property("description", Type.TEXT, TextIn(Field.MEMO), Field.MEMO),
        Property("postedOn", Type.DATE, DayIn(Field.POSTING_DATE), Field.POSTING_DATE),
        Property("createdOn", Type.DATE, LocalDayIn(Field.CREATED_AT), Field.CREATED_AT),
        Property("updatedOn", Type.DATE, Nowhere()),
        Property("journalRef.id", Type.TEXT, Nowhere()),
        Property("journalRef.name", Type.TEXT, Nowhere()),
        Property("recordRef.id", Type.TEXT, IdIn(), Field.ID),
        Property(
            "recordRef.dataType",
            Type.TEXT,
            OneOfThese([(each, _stands_for(each)) for each in RECORD_TYPES]),
        ),
        Property("modifiedDate", Type.DATE, MomentIn(Field.MODIFIED_AT), Field.MODIFIED_AT),
        Property("sourceModifiedDate", Type.DATE, MomentIn(Field.MODIFIED_AT), Field.MODIFIED_AT),
        flag("metadata.isDeleted", DELETED, Field.DELETED),
        Property("supplementalData.content.", Type.TEXT, Nowhere()),
    ),
)
"""What can be searched by. Paths through the lines, an array, are refused as the original does."""

ORDER: Final = (Sort(Field.ID),)
"""The order where the caller names none: that of the numbers."""


def shown_here(item: Filter) -> Filter:
    """The entries of a filter that this wire shows: those that are posted."""
    return And((POSTED, item))


def record_type(entry: JournalEntry) -> str:
    """What an entry stands for."""
    kept = _kept(entry)
    found = kept.get("recordRef", {}).get("dataType", JOURNAL_ENTRIES)
    return found if found in RECORD_TYPES else JOURNAL_ENTRIES


def entry_json(entry: JournalEntry, reader: Reader) -> Json:
    """An entry, deleted or not, whole."""
    company = reader.company
    shown: Json = {"id": str(entry.id)}
    if entry.memo is not None:
        shown["description"] = entry.memo
    shown["postedOn"] = times.day(entry.posting_date)
    shown["createdOn"] = times.day(times.local_day(entry.created_at, company.time_zone))
    stands_for = record_type(entry)
    plain = stands_for == JOURNAL_ENTRIES
    shown["journalLines"] = [
        _line_json(line, entry, company, reader, plain=plain) for line in entry.lines
    ]
    modified = times.seconds(entry.modified_at)
    shown["modifiedDate"] = max(modified, _kept(entry).get("modifiedDate", modified))
    shown["sourceModifiedDate"] = modified
    shown["recordRef"] = {"id": str(entry.id), "dataType": stands_for}
    shown["metadata"] = {"isDeleted": entry.deleted_at is not None}
    return shown


def _kept(entry: JournalEntry) -> Json:
    text = annex_of(entry.annex, WIRE) if entry.annex else None
    kept: Json = {} if text is None else json.decode(text.encode())
    return kept


def _line_json(
    line: Line, entry: JournalEntry, company: Company, reader: Reader, *, plain: bool
) -> Json:
    home = company.home_currency
    shown: Json = {
        "description": line.description or "",
        "netAmount": amounts.shown(line.signed_home, currencies.exponent(home)),
        "currency": home,
    }
    if entry.currency != home:
        exponent = currencies.exponent(entry.currency)
        shown["transactionAmount"] = amounts.shown(line.signed, exponent)
        shown["transactionCurrency"] = entry.currency
    account = reader.reference(ACCOUNT, line.account_id)
    shown["accountRef"] = {"id": str(line.account_id)}
    if isinstance(account, Account):
        shown["accountRef"]["name"] = account.name
    marks = (ids.tracking_id(axis, number) for axis, number in line.dimensions)
    shown["tracking"] = {
        "recordRefs": [
            {"id": mark, "dataType": "trackingCategories"} for mark in marks if mark is not None
        ]
    }
    if plain and line.contact_id is not None:
        contact = _contact_json(line.contact_id, reader)
        if contact is not None:
            shown["contactRef"] = contact
    return shown


def _contact_json(contact_id: int, reader: Reader) -> Json | None:
    """A customer or supplier; employees and others have no place here."""
    contact = reader.reference(CONTACT, contact_id)
    if not isinstance(contact, Contact) or contact.kind not in _CONTACTS:
        return None
    return {"id": str(contact_id), "dataType": _CONTACTS[contact.kind]}


_CONTACTS: Final = {ContactKind.CUSTOMER: "customers", ContactKind.VENDOR: "suppliers"}
