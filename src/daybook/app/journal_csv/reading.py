"""Rows of a journal file become contents of entries, one entry at a time.

Rows that follow one another and have the same `Entry` (or, where there is no such column, the
same `Journal No.`) are one entry; a row that leaves it blank goes on with the entry before, and
an empty row ends one. Nothing is held on to but the entry being read and bounded tables of texts
seen before, since a journal repeats the same few dates, accounts and amounts.
"""

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import Final, Generic, TypeVar

from daybook.app.journal_csv.cells import (
    DateOrder,
    DecimalMark,
    UnclearMark,
    is_grouped_only,
    parse_date,
    parse_flag,
    parse_tracking,
    plain_amount,
)
from daybook.app.journal_csv.columns import Column, Header
from daybook.app.journal_csv.encodings import undecodable
from daybook.app.journal_csv.faults import Fault, Unreadable
from daybook.app.journal_csv.limits import ENTRY_FAULTS_MAX, LINE_CHARACTERS_MAX, SEEN_MAX
from daybook.domain import currencies
from daybook.domain.commands import EntryContent, LineDraft, NoteDraft
from daybook.domain.ids import ByCode, ByName, Ref
from daybook.domain.limits import LINES_MAX
from daybook.domain.model import CLASS, DEPARTMENT, PROJECT, TRACKING_PREFIX, ContactKind, Side
from daybook.domain.money import AmountError, AmountFault, parse_amount
from daybook.domain.rates import parse_rate

T = TypeVar("T")


class _Seen(dict[str, T], Generic[T]):
    """What texts mean, worked out once each; bounded by starting anew when full."""

    __slots__ = ("_make",)

    def __init__(self, make: Callable[[str], T]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, text: str) -> T:
        value = self._make(text)
        if len(self) >= SEEN_MAX:
            self.clear()
        self[text] = value
        return value


@dataclass(slots=True)
class Group:
    """One entry as read: its content, or None with the faults that prevent it.

    `rows` and `lines` are the cells and the line of the file of each row; rows and lines (or
    notes) of the content match one to one.
    """

    content: EntryContent | None
    faults: list[Fault]
    rows: list[list[str]]
    lines: list[int]


@dataclass(frozen=True, slots=True)
class Reading:
    """How a file is to be understood. `account` tells what an account cell refers to.

    `decimal` None is a point, and then a lone `1,234` is refused where the currency has three
    decimals and it could be either.
    """

    header: Header
    order: DateOrder
    decimal: DecimalMark | None
    home_currency: str
    account: Callable[[str], Ref] = ByName
    account_code: Callable[[str], Ref] = ByCode


def bounded_lines(readline: Callable[[int], str]) -> Iterator[str]:
    """The lines of a file, none longer than `LINE_CHARACTERS_MAX`. Raises `Unreadable`."""
    number = 0
    while line := readline(LINE_CHARACTERS_MAX):
        number += 1
        if len(line) == LINE_CHARACTERS_MAX:
            message = f"the line has more than {LINE_CHARACTERS_MAX} characters"
            raise Unreadable(Fault(number, None, message))
        yield line


def rows_of(lines: Iterable[str], header: Header) -> "Iterator[tuple[int, list[str]]]":
    """The rows after the header, each with the line it begins on. Raises `Unreadable`."""
    reader = csv.reader(lines, delimiter=header.delimiter, strict=True)
    try:
        while reader.line_num < header.line:
            next(reader)
        before = reader.line_num
        for row in reader:
            yield before + 1, row
            before = reader.line_num
    except csv.Error as error:
        raise Unreadable(Fault(reader.line_num, None, f"not CSV: {error}")) from None
    except UnicodeError as error:
        message = undecodable(error)
        fault = Fault(reader.line_num + 1, None, message, option="encoding")
        raise Unreadable(fault) from None


_HEAD: Final = (
    Column.NUMBER,
    Column.DATE,
    Column.MEMO,
    Column.CURRENCY,
    Column.RATE,
    Column.ADJUSTMENT,
)
"""Columns that belong to the entry: its further rows repeat them or leave them blank."""

_CONTACT_KINDS: Final = {
    "customer": ContactKind.CUSTOMER,
    "vendor": ContactKind.VENDOR,
    "supplier": ContactKind.VENDOR,
    "employee": ContactKind.EMPLOYEE,
}


class _Draft:
    """An entry while its rows are read."""

    __slots__ = (
        "adjustment",
        "amounts",
        "count",
        "currency",
        "date",
        "faults",
        "head",
        "key",
        "lines",
        "memo",
        "number",
        "parts",
        "rate",
        "rows",
    )

    def __init__(self, key: str, head: tuple[str, ...], amounts: "_Seen[int]") -> None:
        self.key = key
        self.head = head
        self.amounts = amounts
        self.count = 0
        self.rows: list[list[str]] = []
        self.lines: list[int] = []
        self.parts: list[LineDraft | NoteDraft] = []
        self.faults: list[Fault] = []
        self.number: str | None = None
        self.date: date | None = None
        self.memo: str | None = None
        self.currency: str | None = None
        self.rate: Decimal | None = None
        self.adjustment = False


class JournalReader:
    """Reads the groups of one file. Holds only what a `Reading` says and the texts seen."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._header = reading.header
        at = reading.header.at
        self._width = len(reading.header.names)
        # A row gets one blank cell at its end, which stands for all columns the file has not.
        places = [at.get(column, self._width) for column in Column]
        (
            self._entry,
            self._number,
            self._date,
            self._memo,
            self._account,
            self._code,
            self._debit,
            self._credit,
            self._amount,
            self._description,
            self._name,
            self._location,
            self._class,
            self._project,
            self._tracking,
            self._currency,
            self._rate,
            self._adjustment,
        ) = places
        self._key = self._entry if Column.ENTRY in at else self._number
        self._head = itemgetter(*(at.get(column, self._width) for column in _HEAD))
        self._no_head = ("",) * len(_HEAD)
        axes = (Column.LOCATION, Column.CLASS, Column.PROJECT, Column.TRACKING)
        self._axes = itemgetter(*(at.get(column, self._width) for column in axes))
        self._has_axes = any(column in at for column in axes)
        name = (reading.header.name(Column.NAME) or "").casefold()
        self._contact_kind = _CONTACT_KINDS.get(name)
        self._mark = reading.decimal or DecimalMark.POINT
        self._amounts: dict[int, _Seen[int]] = {}
        self._home_amounts = self._amounts_with(currencies.exponent(reading.home_currency))
        self._dates: _Seen[date] = _Seen(lambda text: parse_date(text.strip(), reading.order))
        self._accounts: _Seen[Ref | None] = _Seen(_unless_blank(reading.account))
        self._codes: _Seen[Ref | None] = _Seen(_unless_blank(reading.account_code))
        self._contacts: _Seen[Ref | None] = _Seen(_unless_blank(ByName))
        self._dimensions: dict[tuple[str, ...], tuple[tuple[str, Ref], ...]] = {}

    def groups(self, lines: Iterable[str]) -> Iterator[Group]:
        """The entries of a file, in order. Raises `Unreadable` where it cannot be read on."""
        key_at, width = self._key, self._width
        draft: _Draft | None = None
        for at, row in rows_of(lines, self._header):
            if len(row) != width:
                if len(row) > width and any(row[width:]):
                    message = f"the row has {len(row)} cells, the header {width}"
                    raise Unreadable(Fault(at, None, message))
                row[width:] = [""] * (width - len(row))
            row.append("")
            key = row[key_at].strip()
            if not key and not any(map(str.strip, row)):
                if draft is not None:
                    yield self._finish(draft)
                draft = None
                continue
            if draft is None or (key and key != draft.key):
                if draft is not None:
                    yield self._finish(draft)
                draft = self._begin(key, row, at)
            elif (head := self._head(row)) != draft.head and head != self._no_head:
                self._compare_head(draft, head, at)
            draft.count += 1
            if draft.count <= LINES_MAX:
                draft.lines.append(at)
                draft.rows.append(row)
                self._read_row(draft, row, at)
        if draft is not None:
            yield self._finish(draft)

    def _finish(self, draft: _Draft) -> Group:
        if draft.count > LINES_MAX:
            message = f"the entry has {draft.count} rows, {LINES_MAX} at most"
            draft.faults.append(Fault(draft.lines[0], None, message))
        if draft.faults:
            faults = draft.faults[:ENTRY_FAULTS_MAX]
            return Group(None, faults, draft.rows, draft.lines)
        content = EntryContent(
            tuple(draft.parts),
            draft.date,
            draft.number,
            draft.memo,
            draft.currency,
            draft.rate,
            None,
            draft.adjustment,
        )
        return Group(content, draft.faults, draft.rows, draft.lines)

    def _fault(self, draft: _Draft, at: int, column: Column, value: str, reason: object) -> None:
        name = self._header.name(column) or column.value
        option = "decimal" if isinstance(reason, UnclearMark) else None
        draft.faults.append(Fault(at, name, str(reason), value, option))

    def _begin(self, key: str, row: list[str], at: int) -> _Draft:
        """The entry whose first row this is, with everything that belongs to the whole of it."""
        draft = _Draft(key, self._head(row), self._home_amounts)
        draft.number = row[self._number].strip() or None
        draft.memo = row[self._memo] or None
        text = row[self._date]
        try:
            draft.date = self._dates[text]
        except ValueError as reason:
            message = "a date is needed" if not text.strip() else reason
            self._fault(draft, at, Column.DATE, text, message)
        text = row[self._currency].strip().upper()
        if text and text != self._reading.home_currency:
            if currencies.is_currency(text):
                draft.currency = text
                draft.amounts = self._amounts_with(currencies.exponent(text))
            else:
                self._fault(draft, at, Column.CURRENCY, text, "not a currency code of ISO 4217")
        text = row[self._rate].strip()
        if text:
            plain = text.replace(",", ".") if self._mark is DecimalMark.COMMA else text
            try:
                draft.rate = parse_rate(plain)
            except ValueError as reason:
                self._fault(draft, at, Column.RATE, text, reason)
        text = row[self._adjustment]
        if text:
            try:
                draft.adjustment = parse_flag(text)
            except ValueError as reason:
                self._fault(draft, at, Column.ADJUSTMENT, text, reason)
        return draft

    def _compare_head(self, draft: _Draft, head: tuple[str, ...], at: int) -> None:
        for column, first, cell in zip(_HEAD, draft.head, head, strict=True):
            if cell.strip() and cell.strip() != first.strip():
                message = f"differs from {first!r} in the first row of the entry"
                self._fault(draft, at, column, cell, message)

    def _read_row(self, draft: _Draft, row: list[str], at: int) -> None:
        code, name = row[self._code], row[self._account]
        account = self._codes[code] if code else None
        if account is None and name:
            account = self._accounts[name]
        if account is None:
            self._read_note(draft, row, at)
            return
        debit, credit = row[self._debit], row[self._credit]
        try:
            if debit and not credit:
                amount = draft.amounts[debit]
            elif credit and not debit:
                amount = -draft.amounts[credit]
            else:
                amount, credit = self._either(draft, row)
        except ValueError:
            self._amount_faults(draft, row, at)
            return
        name = row[self._name]
        side = Side.CREDIT if amount < 0 or (not amount and credit) else Side.DEBIT
        draft.parts.append(
            LineDraft(
                side,
                amount if amount >= 0 else -amount,
                account,
                self._contacts[name] if name else None,
                self._contact_kind if name else None,
                self._tags(draft, row, at) if self._has_axes else (),
                row[self._description] or None,
            )
        )

    def _read_note(self, draft: _Draft, row: list[str], at: int) -> None:
        """A row without an account: text alone, or a fault."""
        if any(row[place].strip() for place in (self._debit, self._credit, self._amount)):
            column = Column.ACCOUNT if Column.ACCOUNT in self._header.at else Column.ACCOUNT_CODE
            self._fault(draft, at, column, "", "an account is needed")
        draft.parts.append(NoteDraft(row[self._description] or None))

    def _either(self, draft: _Draft, row: list[str]) -> tuple[int, str]:
        """The signed amount of a row that does not simply have one of two cells filled.

        With it the credit cell, if it was that which was taken.
        """
        debit, credit, amount = (
            row[place].strip() for place in (self._debit, self._credit, self._amount)
        )
        if amount:
            return draft.amounts[amount], ""
        if not debit and not credit:
            raise ValueError("an amount is needed")
        debits = draft.amounts[debit] if debit else 0
        credits = draft.amounts[credit] if credit else 0
        if debits and credits:
            raise ValueError("a debit and a credit in one row")
        return debits - credits, "" if debit and not credits else credit

    def _amount_faults(self, draft: _Draft, row: list[str], at: int) -> None:
        """Says which of the amount cells are wrong, and why."""
        count = len(draft.faults)
        for column, place in (
            (Column.DEBIT, self._debit),
            (Column.CREDIT, self._credit),
            (Column.AMOUNT, self._amount),
        ):
            text = row[place].strip()
            try:
                draft.amounts[text or "0"]
            except ValueError as reason:
                self._fault(draft, at, column, text, reason)
        if len(draft.faults) > count:
            return
        if row[self._debit].strip() and row[self._credit].strip():
            value = f"{row[self._debit]} / {row[self._credit]}"
            self._fault(draft, at, Column.CREDIT, value, "a debit and a credit in one row")
            return
        column = Column.AMOUNT if Column.AMOUNT in self._header.at else Column.DEBIT
        self._fault(draft, at, column, "", "an amount is needed")

    def _amounts_with(self, exponent: int) -> "_Seen[int]":
        """Minor units by text, for currencies with so many decimals."""
        if exponent not in self._amounts:

            def minor_units(text: str) -> int:
                return self._minor_units(text.strip(), exponent)

            self._amounts[exponent] = _Seen(minor_units)
        return self._amounts[exponent]

    def _minor_units(self, text: str, exponent: int) -> int:
        if text == "-":
            return 0  # how spreadsheets print a zero in accounting format
        if self._mark is DecimalMark.POINT:
            try:
                return parse_amount(text, exponent)
            except AmountError as error:
                if error.fault is not AmountFault.SYNTAX:
                    raise
        if self._reading.decimal is None and exponent == 3 and is_grouped_only(text):
            raise UnclearMark("thousands or decimals? say what the decimal mark is")
        return parse_amount(plain_amount(text, self._mark), exponent)

    def _tags(self, draft: _Draft, row: list[str], at: int) -> tuple[tuple[str, Ref], ...]:
        cells = self._axes(row)
        tags = self._dimensions.get(cells)
        if tags is None:
            location, class_, project, tracking = (cell.strip() for cell in cells)
            named = [(DEPARTMENT, location), (CLASS, class_), (PROJECT, project)]
            try:
                named += [
                    (TRACKING_PREFIX + category, value)
                    for category, value in parse_tracking(tracking)
                ]
            except ValueError as reason:
                self._fault(draft, at, Column.TRACKING, tracking, reason)
                return ()
            tags = tuple((axis, ByName(name)) for axis, name in named if name)
            if len(self._dimensions) >= SEEN_MAX:
                self._dimensions.clear()
            self._dimensions[cells] = tags
        return tags


def _unless_blank(refer: Callable[[str], Ref]) -> Callable[[str], Ref | None]:
    """What a cell refers to, None for one of blanks alone."""

    def reference(text: str) -> Ref | None:
        name = text.strip()
        return refer(name) if name else None

    return reference
