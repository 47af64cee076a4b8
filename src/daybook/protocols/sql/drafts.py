"""Rows of INSERT to entries of the core: grouping, numbered columns, aggregates, values."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from daybook.app.ports import Reader
from daybook.domain import currencies
from daybook.domain.commands import CreateEntry, EntryContent, LineDraft
from daybook.domain.events import ACCOUNT, CONTACT, dimension_entity, list_entity
from daybook.domain.ids import ById, ByName, Ref
from daybook.domain.limits import LINES_MAX
from daybook.domain.model import CLASS, DEPARTMENT, PROJECT, BillMark, ListKind, Side, TaxMark
from daybook.domain.query import Compare, Field, Offset, Op, Query
from daybook.protocols.sql import aggregate, errors, ids, literals
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.tables import HEADER_COLUMNS, LINE_COLUMNS, Column, Table

Values = Mapping[str, str | None]
"""Canonical column name to text."""

_NUMBERED = re.compile(r"(line\w*?)#([0-9]*)", re.IGNORECASE)
STATUSES: Final = {
    name.lower(): name for name in ("Empty", "Billable", "NotBillable", "HasBeenBilled")
}


@dataclass(slots=True)
class Draft:
    """An entry to be made: header values, and lines as rows of an aggregate."""

    header: dict[str, str | None]
    lines: list[aggregate.Row] = field(default_factory=list)
    counts: dict[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Target:
    """A column of an INSERT: what it is called and, of a line's column, of which line."""

    name: str
    kind: str
    line: int = 0


def targets(table: Table, names: Sequence[str]) -> list[Target]:
    """The columns of an INSERT. Raises `SqlFault` for those that are not there, or twice."""
    found: list[Target] = []
    for name in names:
        found.append(_target(table, name))
    seen: set[tuple[str, int]] = set()
    for target in found:
        if (target.name, target.line) in seen:
            raise SqlFault(
                errors.DUPLICATE_COLUMN,
                f'column "{target.name}" specified more than once',
                column=target.name,
            )
        seen.add((target.name, target.line))
    return found


def _target(table: Table, name: str) -> Target:
    numbered = _NUMBERED.fullmatch(name)
    if numbered is not None:
        column = LINE_COLUMNS.get(numbered[1].lower())
        number = literals.natural(numbered[2] or "1")
        if column is None or number is None:
            raise errors.no_column(name, table.name)
        return Target(column.name, "line", number)
    own = table.by_name.get(name.lower())
    if own is None:
        line = LINE_COLUMNS.get(name.lower())
        if line is None:
            raise errors.no_column(name, table.name)
        return Target(line.name, "line", 1)
    return Target(own.name, "read_only" if own.read_only else own.kind)


def entries(
    table: Table, columns: Sequence[Target], rows: Sequence[Sequence[str | None]], online: bool
) -> tuple[list[Draft], list[str]]:
    """The entries that rows of values stand for, and the names of columns that were ignored."""
    ignored: dict[str, None] = {}
    for row in rows:
        for column, value in zip(columns, row, strict=True):
            if value is None:
                continue
            if column.kind == "read_only":
                raise SqlFault(
                    errors.GENERATED,
                    f'column "{column.name}" is read-only',
                    column=column.name,
                    table=table.name,
                )
            if column.kind in ("edit", "ignored"):
                ignored[column.name] = None
    numbered = any(column.line for column in columns)
    whole = table.name == "JournalEntries" or any(c.kind == "line" and c.line for c in columns)
    if whole:
        made = [_whole_entry(columns, row, numbered, online) for row in rows]
    else:
        made = _grouped(columns, rows)
    return made, list(ignored)


def _whole_entry(
    columns: Sequence[Target], row: Sequence[str | None], numbered: bool, online: bool
) -> Draft:
    draft = Draft({})
    lines: dict[int, aggregate.Row] = {}
    text: str | None = None
    for column, value in zip(columns, row, strict=True):
        if column.kind == "header":
            draft.header[column.name] = value
        elif column.kind == "count":
            draft.counts[column.name] = value
        elif column.kind == "aggregate":
            text = value
        elif column.kind == "line" and value is not None:
            lines.setdefault(column.line or 1, {})[column.name] = value
    if text is not None and numbered and lines:
        raise SqlFault(errors.SYNTAX, "LineAggregate and Line columns cannot be given together")
    if text is not None:
        draft.lines = aggregate.read(text, online)
    else:
        draft.lines = [lines[number] for number in sorted(lines)]
    return draft


def _grouped(columns: Sequence[Target], rows: Sequence[Sequence[str | None]]) -> list[Draft]:
    """Rows with equal header values are one entry, in order of first appearance."""
    groups: dict[tuple[str | None, ...], Draft] = {}
    for row in rows:
        header = {
            column.name: value
            for column, value in zip(columns, row, strict=True)
            if column.kind == "header"
        }
        draft = groups.setdefault(tuple(header.values()), Draft(header))
        draft.lines.append(
            {
                column.name: value
                for column, value in zip(columns, row, strict=True)
                if column.kind == "line" and value is not None
            }
        )
    return list(groups.values())


class Drafter:
    """Makes contents of drafts, looking up names as of one snapshot."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._home = reader.company.home_currency

    def command(self, draft: Draft, second: int | None = None) -> CreateEntry:
        """The command that makes an entry. Raises `SqlFault`."""
        header = draft.header
        currency = header.get("CurrencyName") or None
        exponent = self.exponent(currency or self._home)
        if len(draft.lines) > LINES_MAX:
            raise SqlFault(errors.LIMIT, f"an entry has {LINES_MAX} lines at most")
        lines = tuple(self.line(row, exponent) for row in draft.lines)
        _need_both_sides(lines)
        _check_counts(draft, lines)
        guid = header.get("ExternalGUID") or None
        text = ids.annex_text(second, guid)
        date = header.get("Date")
        return CreateEntry(
            EntryContent(
                lines=lines,
                posting_date=None if not date else literals.read_date(date),
                doc_number=header.get("ReferenceNumber"),
                memo=header.get("Memo"),
                currency=currency,
                rate=rate(header.get("ExchangeRate")),
                adjustment=_flag(header.get("IsAdjustment")),
                annex=() if text is None else ((ids.WIRE, text),),
            )
        )

    def exponent(self, currency: str) -> int:
        """Decimals of a currency."""
        if not currencies.is_currency(currency):
            message = f'There is an invalid reference to QuickBooks object "{currency[:60]}".'
            raise SqlFault(errors.FOREIGN_KEY, message, status=3140, column="CurrencyName")
        return currencies.exponent(currency)

    def line(self, row: aggregate.Row, exponent: int) -> LineDraft:
        """A line from its row of columns."""
        for name in ("LineType", "LineAmount"):
            if name not in row:
                raise _missing(name)
        account = self.ref(row, "LineAccount", "LineAccountId", ACCOUNT)
        if account is None:
            raise _missing("LineAccount")
        dimensions = []
        for axis, name in (
            (CLASS, "LineClass"),
            (DEPARTMENT, "LineDepartment"),
            (PROJECT, "LineProject"),
        ):
            ref = self.ref(row, name, f"{name}Id", dimension_entity(axis))
            if ref is not None:
                dimensions.append((axis, ref))
        return LineDraft(
            side=side(row["LineType"]),
            amount=literals.read_amount(row["LineAmount"], exponent),
            account=account,
            contact=self.ref(row, "LineEntityName", "LineEntityId", CONTACT),
            dimensions=tuple(dimensions),
            description=row.get("LineMemo"),
            tax=self.tax(row),
            billing=billing(row.get("LineBillableStatus")),
        )

    def ref(self, row: Values, name: str, id_name: str, entity: str) -> Ref | None:
        """The record that a pair of name and identifier stands for."""
        given, key = row.get(name), row.get(id_name)
        if key:
            number = ids.parse_list_id(key)
            record = None if number is None else self._reader.reference(entity, number)
            exact = record is not None and (
                "-" not in key or ids.list_id(record.id, record.created_at) == key
            )
            if not exact or record is None:
                raise invalid_reference(key, id_name)
            names = {getattr(record, "full_name", None), getattr(record, "name", None)}
            if given and given.casefold() not in {each.casefold() for each in names if each}:
                raise SqlFault(
                    errors.FOREIGN_KEY,
                    f"{name} and {id_name} stand for different records",
                    status=3140,
                    column=id_name,
                )
            return ById(record.id)
        return ByName(given) if given else None

    def tax(self, row: Values) -> TaxMark | None:
        """The sales-tax item of a line."""
        name, key = row.get("LineTaxItem"), row.get("LineTaxItemId")
        entity = list_entity(ListKind.TAX_CODE)
        if key:
            ref = self.ref(row, "LineTaxItem", "LineTaxItemId", entity)
            assert isinstance(ref, ById)
            return TaxMark(code_id=str(ref.id))
        if not name:
            return None
        where = Compare(Field.NAME, Op.EQ, name)
        found = self._reader.references(entity, Query(where, page=Offset(0, 2)))
        if len(found) != 1:
            raise invalid_reference(name, "LineTaxItem")
        return TaxMark(code_id=str(found[0].id))


def side(text: str) -> Side:
    """Which side a LineType says."""
    word = text.strip().lower()
    if word not in ("credit", "debit"):
        raise SqlFault(
            errors.BAD_PARAMETER,
            f"LineType is Credit or Debit, not {text[:60]}",
            status=3210,
            column="LineType",
        )
    return Side.CREDIT if word == "credit" else Side.DEBIT


def billing(text: str | None) -> BillMark | None:
    """What a LineBillableStatus says."""
    if not text:
        return None
    known = STATUSES.get(text.strip().lower())
    if known is None:
        raise SqlFault(
            errors.BAD_PARAMETER,
            f"{text[:60]} is no LineBillableStatus",
            status=3210,
            column="LineBillableStatus",
        )
    return None if known == "Empty" else BillMark(known)


def rate(text: str | None) -> Decimal | None:
    """An exchange rate."""
    if not text:
        return None
    number = Decimal(literals.canonical(1700, text))
    if number <= 0:
        raise SqlFault(errors.OUT_OF_RANGE, "ExchangeRate is above 0", column="ExchangeRate")
    return number


def _flag(text: str | None) -> bool:
    return bool(text) and literals.read_boolean(text or "")


def _missing(name: str) -> SqlFault:
    message = f"a line has no {name}"
    return SqlFault(errors.NOT_NULL, message, status=3150, column=name, table="JournalEntryLines")


def invalid_reference(name: str, column: str) -> SqlFault:
    """A name or identifier that stands for nothing."""
    message = f'There is an invalid reference to QuickBooks object "{name[:100]}".'
    return SqlFault(errors.FOREIGN_KEY, message, status=3140, column=column)


def _need_both_sides(lines: Sequence[LineDraft]) -> None:
    sides = {line.side for line in lines}
    if len(sides) == 2:
        return
    if len(lines) == 1:
        raise SqlFault(
            errors.CHECK,
            "one line alone cannot balance: " + errors.NEEDS_BOTH,
            status=3180,
            hint="give all lines of the entry in one statement: LineAggregate, several VALUES"
            " rows, numbered columns, or JournalEntryLines#TEMP",
        )
    raise SqlFault(errors.NOT_NULL, errors.NEEDS_BOTH, status=3150)


def _check_counts(draft: Draft, lines: Sequence[LineDraft]) -> None:
    for name, wanted in (("CreditLineCount", Side.CREDIT), ("DebitLineCount", Side.DEBIT)):
        given = draft.counts.get(name)
        if given is None:
            continue
        found = sum(line.side is wanted for line in lines)
        if int(literals.canonical(23, given)) != found:
            message = f"{name} says {given}, the entry has {found}"
            raise SqlFault(errors.CHECK, message, column=name)


def settable(column: Column) -> bool:
    """Whether UPDATE of an entry may set a column."""
    return column.name.lower() in HEADER_COLUMNS
