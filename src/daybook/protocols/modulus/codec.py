"""A request's body becomes the content of an entry; what is wrong with it becomes one fault.

The body is judged against a snapshot of the books, in the published order of checks, and the first
failure decides. The command that is made of it is judged once more by the ledger, inside the
transaction, so that nothing that changed in between can slip past.

An entry of a journal names its account by code and has a debit and a credit in the company's
currency, one of them above 0, and perhaps the same in another currency. Where all entries of a
journal name the same foreign currency, the ledger's entry is in that currency; where only some do,
or an account takes the company's currency alone, it is in the company's, and the foreign amounts
are kept beside the lines.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from daybook.app.ports import Reader
from daybook.domain import currencies, limits
from daybook.domain.commands import LineDraft
from daybook.domain.entries import closed_faults
from daybook.domain.events import ACCOUNT, dimension_entity, list_entity
from daybook.domain.ids import ById, Ref
from daybook.domain.model import (
    CLASS,
    Account,
    AccountKind,
    Annex,
    Classification,
    Company,
    Dimension,
    ListItem,
    ListKind,
    Reference,
    Side,
)
from daybook.domain.money import AmountError, minor_units, parse_amount
from daybook.domain.query import Field, Keyset, OneOf, Query, fold, sort_key
from daybook.protocols.kit import json
from daybook.protocols.modulus.errors import Code, fault_of, refused
from daybook.protocols.modulus.limits import YEAR_MAX, YEAR_MIN
from daybook.protocols.modulus.render import BOOK, WIRE

_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII).fullmatch
_WITH_COST_CENTERS: Final = (Classification.REVENUE, Classification.EXPENSE)


@dataclass(frozen=True, slots=True)
class Amounts:
    """The lines of an entry, and the currency and rate they are in; None is the company's."""

    lines: tuple[LineDraft, ...]
    currency: str | None
    rate: Decimal | None


@dataclass(frozen=True, slots=True)
class _Foreign:
    """A foreign amount in minor units, on the side of its line."""

    currency: str
    amount: int


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of a journal, read. `amount` is in minor units of the company's currency."""

    side: Side
    amount: int
    account: Account
    cost_center: int | None
    notes: str | None
    foreign: _Foreign | None


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body; raises 1232 for anything else."""
    if not body.strip():
        raise refused(Code.DETAILS_MISSING, "the body is empty")
    try:
        value = json.decode(body)
    except json.JsonError as error:
        raise refused(Code.DETAILS_MISSING, f"the body is not JSON: {error}") from None
    if not isinstance(value, dict) or not value:
        raise refused(Code.DETAILS_MISSING, "the body is no JSON object with members")
    return value


def read_date(value: object) -> date:
    """A calendar day; raises 1233 where there is none and 1234 for what is no day."""
    if value is None or value == "":
        raise refused(Code.DATE_MISSING, "date is missing")
    if isinstance(value, str) and _DAY(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    raise refused(Code.DATE_FORMAT, "date is no day of the calendar, written 2020-01-10")


def check_period(company: Company, day: date) -> None:
    """Raises 1225 or 1226 where the day's fiscal period takes no journals."""
    if not YEAR_MIN <= day.year <= YEAR_MAX:
        plain = f"fiscal years from {YEAR_MIN} to {YEAR_MAX} are opened, not {day.year}"
        raise refused(Code.YEAR_NOT_OPENED, plain)
    closed = tuple(closed_faults(company, day))
    if closed:
        raise fault_of(closed)


def check_book(value: object) -> None:
    """Raises 1232 for a financial book that the company does not have."""
    if value not in (None, "", BOOK, str(BOOK)) or value is True:
        raise refused(Code.DETAILS_MISSING, f"financial_book_id: the one book is {BOOK}")


def read_text(body: Mapping[str, Any], name: str) -> str | None:
    """A text, None where it is absent or empty; a whole number is taken as its digits."""
    value = body.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return _digits(value)
    if value is not None and not isinstance(value, str):
        raise refused(Code.DETAILS_MISSING, f"{name} is no text")
    return value or None


def _digits(value: int) -> str | None:
    """A JSON number as text; None for one that is longer than any text here."""
    return str(value) if abs(value) < 10**limits.DOC_NUMBER_LENGTH_MAX else None


def read_entries(value: object, reader: Reader) -> Amounts:
    """The lines of `journal_entries`; raises the code of the first thing that is wrong."""
    if not isinstance(value, list):
        raise refused(Code.ENTRIES_MISSING, "journal_entries is no array")
    if len(value) < limits.LINES_MIN:
        plain = f"journal_entries has {len(value)} members, {limits.LINES_MIN} at least"
        raise refused(Code.ENTRIES_MISSING, plain)
    if len(value) > limits.LINES_MAX:
        plain = f"journal_entries has {len(value)} members, {limits.LINES_MAX} at most"
        raise refused(Code.DETAILS_MISSING, plain)
    known = _Known(value, reader)
    entries = [_Reading(item, at, known).entry() for at, item in enumerate(value)]
    _check_totals(entries, known.company)
    return _amounts(entries, known.company)


class _Known:
    """What the entries of a journal refer to, read in as few reads as the bounds allow."""

    def __init__(self, items: Sequence[object], reader: Reader) -> None:
        self.company = reader.company
        bodies = [item for item in items if isinstance(item, dict)]
        given = {_code(item) or "" for item in bodies}
        codes = {fold(code) for code in given if 0 < len(code) <= limits.CODE_LENGTH_MAX}
        self.accounts: dict[str, list[Account]] = {}
        for record in _records(reader, ACCOUNT, Field.CODE, sorted(codes)):
            assert isinstance(record, Account)
            self.accounts.setdefault(fold(record.code or ""), []).append(record)
        ids = sorted(record.id for found in self.accounts.values() for record in found)
        children = _records(reader, ACCOUNT, Field.PARENT, ids)
        self.parents = {
            child.parent_id for child in children if isinstance(child, Account) and child.active
        }
        self.cost_centers = self._numbered(
            reader, dimension_entity(CLASS), bodies, "cost_center_id"
        )
        self.currencies = self._numbered(
            reader, list_entity(ListKind.CURRENCY), bodies, "foreign_currency_id"
        )

    @staticmethod
    def _numbered(
        reader: Reader, entity: str, bodies: Sequence[Mapping[str, Any]], member: str
    ) -> dict[int, Reference]:
        wanted = {number for item in bodies if type(number := item.get(member)) is int}
        return {record.id: record for record in _records(reader, entity, Field.ID, sorted(wanted))}

    def account(self, code: str, at: int) -> Account:
        """The active leaf with a code. Raises 1239."""
        found = self.accounts.get(fold(code), [])
        active = [account for account in found if account.active]
        if not found:
            plain = f"no account has the code {code[:40]!r}"
        elif len(active) != 1:
            plain = f"account {code[:40]!r} is " + ("ambiguous" if active else "disabled")
        elif active[0].id in self.parents:
            plain = f"account {code[:40]!r} has accounts below it and takes no entries"
        elif active[0].kind is AccountKind.NON_POSTING:
            plain = f"account {code[:40]!r} takes no entries"
        elif active[0].kind in (AccountKind.RECEIVABLE, AccountKind.PAYABLE):
            plain = f"account {code[:40]!r} needs a customer or vendor, which no journal can name"
        else:
            return active[0]
        raise refused(Code.ACCOUNT_INVALID, plain, at)


def _records(
    reader: Reader, entity: str, field: Field, values: Sequence[int | str]
) -> Iterator[Reference]:
    """The records of which a field has one of some values, a page for each read."""
    for start in range(0, len(values), limits.FILTER_LIST_MAX):
        wanted = OneOf(field, tuple(values[start : start + limits.FILTER_LIST_MAX]))
        after: tuple[Any, ...] | None = None
        while True:
            page = Keyset(limits.PAGE_ROWS_MAX, after)
            found = reader.references(entity, Query(wanted, page=page))
            yield from found
            if len(found) < limits.PAGE_ROWS_MAX:
                break
            after = sort_key(found[-1], ())


def _code(item: Mapping[str, Any]) -> str | None:
    """The account code of an entry as text, None for what is absent, "" for what cannot be one."""
    value = item.get("account_code")
    if isinstance(value, int) and not isinstance(value, bool):
        return (_digits(value) or "") if value >= 0 else ""
    if value is None or isinstance(value, str):
        return value
    return ""


class _Reading:
    """Reads one entry of a journal, in the order of checks."""

    def __init__(self, item: object, at: int, known: _Known) -> None:
        if not isinstance(item, dict):
            raise refused(Code.ACCOUNT_MISSING, "an entry is no JSON object", at)
        self._item: Mapping[str, Any] = item
        self._at = at
        self._known = known

    def entry(self) -> _Entry:
        """The entry, or the fault of the first thing that is wrong with it."""
        item, at = self._item, self._at
        if item.get("account_code") in (None, ""):
            raise refused(Code.ACCOUNT_MISSING, "account_code is missing", at)
        account = self._known.account(_code(item) or "", at)
        cost_center = self._cost_center(account)
        currency = self._currency()
        side, amount = self._sided("base_currency", self._known.company.home_currency)
        foreign = None if currency is None else self._foreign(currency, side)
        notes = read_text(item, "journal_entry_notes")
        return _Entry(side, amount, account, cost_center, notes, foreign)

    def _cost_center(self, account: Account) -> int | None:
        value = self._item.get("cost_center_id")
        if value is None or value == "":
            return None
        found = self._known.cost_centers.get(value) if type(value) is int else None
        if not isinstance(found, Dimension) or not found.active:
            plain = "cost_center_id: there is no such cost center, or it is disabled"
        elif account.kind.classification not in _WITH_COST_CENTERS:
            plain = f"cost_center_id: account {account.code!r} is neither revenue nor expense"
        else:
            return found.id
        raise refused(Code.DETAILS_MISSING, plain, self._at)

    def _currency(self) -> str | None:
        """The foreign currency, by whichever of its two names; None where there is none."""
        given = self._item.get("foreign_currency")
        number = self._item.get("foreign_currency_id")
        named = {self._currency_code(value) for value in (given, number) if value not in (None, "")}
        if len(named) > 1:
            plain = "foreign_currency and foreign_currency_id are different currencies"
            raise refused(Code.CURRENCY_INVALID, plain, self._at)
        if not named:
            if not all(_is_nothing(self._item.get(name)) for name in _FOREIGN_AMOUNTS):
                plain = "a foreign amount without a foreign currency"
                raise refused(Code.CURRENCY_INVALID, plain, self._at)
            return None
        (currency,) = named
        company = self._known.company
        if currency != company.home_currency and not company.multicurrency:
            plain = f"the company keeps books in {company.home_currency} alone"
            raise refused(Code.CURRENCY_INVALID, plain, self._at)
        return currency

    def _currency_code(self, value: object) -> str:
        """The code that a currency's code or number stands for."""
        code = value.strip().upper() if isinstance(value, str) else None
        if type(value) is int:
            found = self._known.currencies.get(value)
            code = found.name if isinstance(found, ListItem) and found.active else None
        if code is None or not currencies.is_currency(code):
            raise refused(Code.CURRENCY_INVALID, "there is no such foreign currency", self._at)
        return code

    def _foreign(self, currency: str, side: Side) -> _Foreign:
        foreign_side, amount = self._sided("foreign_currency", currency)
        if foreign_side is not side:
            plain = "the foreign amount is on another side than the base amount"
            raise refused(Code.UNBALANCED, plain, self._at)
        return _Foreign(currency, amount)

    def _sided(self, prefix: str, currency: str) -> tuple[Side, int]:
        """The side on which an amount above 0 stands, and that amount, in minor units."""
        exponent = currencies.exponent(currency)
        debit = self._amount(f"{prefix}_debit_amount", exponent)
        credit = self._amount(f"{prefix}_credit_amount", exponent)
        if debit < 0 or credit < 0 or (debit > 0) == (credit > 0):
            plain = f"{prefix}: one of debit and credit has to be above 0, the other 0"
            raise refused(Code.AMOUNTS, plain, self._at)
        return (Side.DEBIT, debit) if debit else (Side.CREDIT, credit)

    def _amount(self, name: str, exponent: int) -> int:
        value = self._item.get(name)
        try:
            if value is None or value == "":
                return 0
            if isinstance(value, str):
                return parse_amount(value.strip(), exponent)
            if isinstance(value, int | Decimal) and not isinstance(value, bool):
                return minor_units(value, exponent)
        except AmountError as error:
            raise refused(Code.AMOUNTS, f"{name}: {error}", self._at) from None
        raise refused(Code.AMOUNTS, f"{name} is no number", self._at)


_FOREIGN_AMOUNTS: Final = ("foreign_currency_debit_amount", "foreign_currency_credit_amount")


def _is_nothing(value: object) -> bool:
    """Whether an amount is absent or zero, as a number or as text."""
    if isinstance(value, str):
        return not value.strip(" 0.")
    return value is None or value == 0


def _check_totals(entries: Sequence[_Entry], company: Company) -> None:
    """Raises 1227 where debits and credits differ, in the company's currency or another."""
    totals: dict[tuple[str, str], int] = {}
    for entry in entries:
        sign = 1 if entry.side is Side.DEBIT else -1
        base = ("base", company.home_currency)
        totals[base] = totals.get(base, 0) + sign * entry.amount
        if entry.foreign is not None:
            foreign = ("foreign", entry.foreign.currency)
            totals[foreign] = totals.get(foreign, 0) + sign * entry.foreign.amount
    for (kind, currency), total in totals.items():
        if total:
            plain = f"{kind} debits less credits are {currencies.said(total, currency)}"
            raise refused(Code.UNBALANCED, plain)


def _amounts(entries: Sequence[_Entry], company: Company) -> Amounts:
    currency = _common_currency(entries, company)
    if currency is None:
        return Amounts(tuple(_line(entry) for entry in entries), None, None)
    base = sum(entry.amount for entry in entries)
    foreign = sum(entry.foreign.amount for entry in entries if entry.foreign is not None)
    shift = currencies.exponent(currency) - currencies.exponent(company.home_currency)
    rate = (Decimal(base) / Decimal(foreign)).scaleb(shift)
    rounded = round(rate, limits.RATE_DECIMALS_MAX)
    return Amounts(tuple(_foreign_line(entry) for entry in entries), currency, rounded)


def _common_currency(entries: Sequence[_Entry], company: Company) -> str | None:
    """The one foreign currency that the ledger's entry can be in, or None."""
    named = {None if entry.foreign is None else entry.foreign.currency for entry in entries}
    currency = named.pop()
    if named or currency in (None, company.home_currency):
        return None
    for entry in entries:
        own = entry.account.currency or company.home_currency
        if entry.account.kind.single_currency and own != currency:
            return None
    return currency


def _line(entry: _Entry) -> LineDraft:
    annex: Annex = ()
    if entry.foreign is not None:
        kept = {"currency": entry.foreign.currency, "amount": entry.foreign.amount}
        annex = ((WIRE, json.encode(kept).decode()),)
    return LineDraft(
        entry.side,
        entry.amount,
        ById(entry.account.id),
        dimensions=_dimensions(entry),
        description=entry.notes,
        annex=annex,
    )


def _foreign_line(entry: _Entry) -> LineDraft:
    assert entry.foreign is not None
    return LineDraft(
        entry.side,
        entry.foreign.amount,
        ById(entry.account.id),
        dimensions=_dimensions(entry),
        description=entry.notes,
        home_amount=entry.amount,
    )


def _dimensions(entry: _Entry) -> tuple[tuple[str, Ref], ...]:
    return () if entry.cost_center is None else ((CLASS, ById(entry.cost_center)),)
