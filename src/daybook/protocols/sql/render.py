"""Entries as rows: the text of each column, for answers that come straight from the store."""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from daybook.app.ports import Reader
from daybook.domain import currencies
from daybook.domain.events import ACCOUNT, CONTACT, dimension_entity, list_entity
from daybook.domain.model import (
    CLASS,
    DEPARTMENT,
    PROJECT,
    JournalEntry,
    Line,
    ListKind,
    Reference,
    Side,
)
from daybook.domain.money import amount_text
from daybook.protocols.sql import aggregate, ids, literals
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.tables import RATE_SCALE, Table, amount_scale

Value = str | None
_TAX_CODES: Final = list_entity(ListKind.TAX_CODE)


class Renderer:
    """Makes rows of entries as of one snapshot. References are looked up once each."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._found: dict[tuple[str, int], Reference | None] = {}
        self._scale = amount_scale(reader.company)

    def entry_row(self, entry: JournalEntry, columns: Sequence[str]) -> tuple[Value, ...]:
        """The columns of an entry, by lower-case name."""
        return tuple(self.entry_value(entry, column) for column in columns)

    def line_rows(self, entry: JournalEntry, columns: Sequence[str]) -> list[tuple[Value, ...]]:
        """The columns of each line of an entry."""
        return [
            tuple(self.line_value(entry, line, number, column) for column in columns)
            for number, line in enumerate(entry.lines, start=1)
        ]

    def entry_value(self, entry: JournalEntry, column: str) -> Value:
        """One column of an entry."""
        if column == "lineaggregate":
            return aggregate.write(self.aggregate_rows(entry))
        return _ENTRY[column](entry)

    def aggregate_rows(self, entry: JournalEntry) -> list[dict[str, Value]]:
        """The lines of an entry as an aggregate holds them."""
        return [
            {
                name: self.line_value(entry, line, number, name.lower())
                for name in aggregate.CANONICAL_ORDER
            }
            for number, line in enumerate(entry.lines, start=1)
        ]

    def line_value(self, entry: JournalEntry, line: Line, number: int, column: str) -> Value:
        """One column of a line; `number` counts from 1."""
        second = ids.created_second(entry)
        match column:
            case "id":
                return f"{ids.entry_id(entry)}|{ids.line_id(line.id, second)}"
            case "journalentryid":
                return ids.entry_id(entry)
            case "lineid":
                return ids.line_id(line.id, second)
            case "linetype":
                return "Debit" if line.side is Side.DEBIT else "Credit"
            case "lineamount":
                return self._amount(entry, line)
            case "linedebit":
                return self._amount(entry, line) if line.side is Side.DEBIT else None
            case "linecredit":
                return self._amount(entry, line) if line.side is Side.CREDIT else None
            case "linenumber":
                return str(number)
            case "linememo":
                return line.description
            case "linebillablestatus":
                return None if line.billing is None else line.billing.status
        named = _NAMED.get(column.removesuffix("id") if column != "id" else column)
        if named is None:
            return self.entry_value(entry, column)
        return self._named(line, named, column.endswith("id"))

    def _amount(self, entry: JournalEntry, line: Line) -> str:
        exponent = currencies.exponent(entry.currency)
        return amount_text(line.amount * 10 ** (self._scale - exponent), self._scale)

    def _named(self, line: Line, named: tuple[str, str], as_id: bool) -> Value:
        entity, axis = named
        number: int | None
        if entity == ACCOUNT:
            number = line.account_id
        elif entity == CONTACT:
            number = line.contact_id
        elif entity == _TAX_CODES:
            code = None if line.tax is None else line.tax.code_id
            number = None if code is None else literals.natural(code)
            if number is None:
                return code if as_id else None
        else:
            number = next((each for name, each in line.dimensions if name == axis), None)
        if number is None:
            return None
        record: Any = self._reference(entity, number)
        if record is None:
            return str(number) if as_id and entity == _TAX_CODES else None
        if as_id:
            return ids.list_id(record.id, record.created_at)
        return str(getattr(record, "full_name", None) or record.name)

    def _reference(self, entity: str, number: int) -> Reference | None:
        key = entity, number
        if key not in self._found:
            self._found[key] = self._reader.reference(entity, number)
        return self._found[key]


_NAMED: Final = {
    "lineaccount": (ACCOUNT, ""),
    "lineentityname": (CONTACT, ""),
    "lineentity": (CONTACT, ""),
    "linetaxitem": (_TAX_CODES, ""),
    "lineclass": (dimension_entity(CLASS), CLASS),
    "linedepartment": (dimension_entity(DEPARTMENT), DEPARTMENT),
    "lineproject": (dimension_entity(PROJECT), PROJECT),
}


def _rate(entry: JournalEntry) -> Value:
    return None if entry.rate is None else f"{entry.rate:.{RATE_SCALE}f}"


def _count(side: Side) -> Callable[[JournalEntry], Value]:
    return lambda entry: str(sum(line.side is side for line in entry.lines))


_ENTRY: Final[dict[str, Callable[[JournalEntry], Value]]] = {
    "id": ids.entry_id,
    "referencenumber": lambda entry: entry.doc_number,
    "txnnumber": lambda entry: str(entry.id),
    "date": lambda entry: entry.posting_date.isoformat(),
    "creditlinecount": _count(Side.CREDIT),
    "debitlinecount": _count(Side.DEBIT),
    "editsequence": lambda entry: ids.edit_sequence(entry.version, ids.created_second(entry)),
    "timemodified": lambda entry: literals.moment_text(entry.modified_at),
    "timecreated": lambda entry: literals.moment_text(entry.created_at),
    "isadjustment": lambda entry: "t" if entry.adjustment else "f",
    "currencyname": lambda entry: entry.currency,
    "exchangerate": _rate,
    "externalguid": ids.guid,
    "memo": lambda entry: entry.memo,
}


def comparable(oid: int, text: str) -> Any:
    """A value in a form in which `<` means what it means in SQL."""
    if oid in (pg.INT4, pg.INT8):
        return int(text)
    if oid == pg.NUMERIC:
        return Decimal(text)
    if oid == pg.TIMESTAMP:
        return literals.microseconds(literals.read_moment(text))
    return text


def rows_of(
    renderer: Renderer, table: Table, entry: JournalEntry, columns: Sequence[str]
) -> list[tuple[Value, ...]]:
    """The rows that an entry has in a table."""
    if table.name == "JournalEntries":
        return [renderer.entry_row(entry, columns)]
    return renderer.line_rows(entry, columns)
