"""Entries as this wire shows them: journals, with members in the order of its documentation."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from daybook.app.ports import Reader
from daybook.domain import currencies
from daybook.domain.events import ACCOUNT
from daybook.domain.ids import AccountId, Timestamp
from daybook.domain.limits import FILTER_LIST_MAX
from daybook.domain.model import CLASS, Account, Company, JournalEntry, Line, Side, Status, annex_of
from daybook.domain.money import amount_decimal
from daybook.domain.query import Field, Keyset, OneOf, Query
from daybook.protocols.kit import json

WIRE: Final = "modulus"
"""The name of this wire in events, origins and annexes."""

BOOK: Final = 1
"""The id of a company's one book."""

STATUSES: Final[Mapping[Status, str]] = {
    Status.PENDING: "pending",
    Status.REVIEW: "review",
    Status.POSTED: "approved",
}

Json = dict[str, object]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def local_time(moment: Timestamp, company: Company) -> str:
    """A moment in the company's time zone, cut to seconds and without naming the zone."""
    there = (_EPOCH + timedelta(microseconds=moment)).astimezone(ZoneInfo(company.time_zone))
    return there.strftime("%Y-%m-%d %H:%M:%S")


def journal_head(entry: JournalEntry, company: Company) -> Json:
    """A journal without its entries."""
    return {
        "journal_id": entry.id,
        "status": STATUSES[entry.status],
        "date": entry.posting_date.isoformat(),
        "financial_book_id": BOOK,
        "reference_number": entry.doc_number,
        "journal_notes": entry.memo,
        "created_date_time": local_time(entry.created_at, company),
        "updated_date_time": local_time(entry.modified_at, company) if entry.version else None,
    }


def journal(entry: JournalEntry, reader: Reader) -> Json:
    """A journal with its entries."""
    company = reader.company
    codes = _account_codes(entry, reader)
    entries = [_entry(line, entry, company, codes) for line in entry.lines]
    return {**journal_head(entry, company), "journal_entries": entries}


def _account_codes(entry: JournalEntry, reader: Reader) -> dict[AccountId, str | None]:
    """The codes of the entry's accounts, a thousand for each read."""
    ids = sorted({line.account_id for line in entry.lines})
    codes: dict[AccountId, str | None] = {}
    for start in range(0, len(ids), FILTER_LIST_MAX):
        wanted = OneOf(Field.ID, tuple(ids[start : start + FILTER_LIST_MAX]))
        for account in reader.references(ACCOUNT, Query(wanted, page=Keyset(FILTER_LIST_MAX))):
            assert isinstance(account, Account)
            codes[account.id] = account.code
    return codes


def _entry(
    line: Line, entry: JournalEntry, company: Company, codes: Mapping[AccountId, str | None]
) -> Json:
    currency, amount = _foreign(line, entry, company)
    home = currencies.exponent(company.home_currency)
    nothing = amount_decimal(0, home)
    value = amount_decimal(line.home_amount, home)
    debit = line.side is Side.DEBIT
    zero = None if amount is None else amount * 0
    return {
        "account_code": codes.get(line.account_id),
        "cost_center_id": dict(line.dimensions).get(CLASS),
        "journal_entry_notes": line.description,
        "base_currency_debit_amount": value if debit else nothing,
        "base_currency_credit_amount": nothing if debit else value,
        "foreign_currency": currency,
        "foreign_currency_debit_amount": amount if debit else zero,
        "foreign_currency_credit_amount": zero if debit else amount,
    }


def _foreign(
    line: Line, entry: JournalEntry, company: Company
) -> tuple[str | None, Decimal | None]:
    """The foreign currency of a line and its amount in it."""
    if entry.currency != company.home_currency:
        return entry.currency, amount_decimal(line.amount, currencies.exponent(entry.currency))
    kept = annex_of(line.annex, WIRE)
    if kept is None:
        return None, None
    foreign = json.decode(kept.encode())
    currency, amount = foreign["currency"], foreign["amount"]
    return currency, amount_decimal(amount, currencies.exponent(currency))
