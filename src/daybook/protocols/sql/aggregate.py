"""LineAggregate: the lines of an entry as XML or JSON, to rows of column and text, and back.

    <JournalEntryLines><Row><LineType>Credit</LineType>...</Row>...</JournalEntryLines>

A document type is refused before anything else is looked at, and depth and size are bounded while
reading, so that no document costs more than its length.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final
from xml.parsers import expat
from xml.sax.saxutils import escape

from daybook.domain.limits import LINES_MAX
from daybook.protocols.sql import errors
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.limits import AGGREGATE_DEPTH_MAX, AGGREGATE_LENGTH_MAX
from daybook.protocols.sql.tables import LINE_COLUMNS

ROOT: Final = "journalentrylines"
Row = dict[str, str]
"""Canonical column name to text; what is not given is absent."""

_TRIMMED: Final = frozenset(
    name
    for name in LINE_COLUMNS
    if name.endswith("id") or name in ("linetype", "lineamount", "linebillablestatus")
)
_ONLINE: Final = {
    "amount": "LineAmount",
    "description": "LineMemo",
    "journalentrylinedetail_postingtype": "LineType",
    "journalentrylinedetail_accountref": "LineAccountId",
    "journalentrylinedetail_accountref_value": "LineAccountId",
    "journalentrylinedetail_entity_entityref": "LineEntityId",
    "journalentrylinedetail_classref": "LineClassId",
    "journalentrylinedetail_departmentref": "LineDepartmentId",
    "journalentrylinedetail_billablestatus": "LineBillableStatus",
}
_ONLINE_IGNORED: Final = frozenset(
    ("id", "linenum", "detailtype", "journalentrylinedetail_entity_type")
)
_ONLINE_DEPTH_MAX: Final = 6


def read(text: str, online: bool = False) -> list[Row]:
    """The lines of an aggregate, in order. Raises `SqlFault`."""
    if len(text) > AGGREGATE_LENGTH_MAX:
        message = f"LineAggregate has {len(text)} characters, {AGGREGATE_LENGTH_MAX} at most"
        raise SqlFault(errors.LIMIT, message, column="LineAggregate")
    first = text.lstrip()[:1]
    if first in ("[", "{"):
        rows = _read_json(text)
    elif online and text.lstrip()[:5].lower() == "<line":
        rows = _OnlineReader().run(text)
    else:
        rows = _Reader().run(text)
    if not rows:
        raise SqlFault(errors.NOT_NULL, errors.NEEDS_BOTH, status=3150, column="LineAggregate")
    return rows


def column_name(name: str) -> str:
    """The canonical name of a line's column. Raises `SqlFault`."""
    column = LINE_COLUMNS.get(name.partition("#")[0].lower())
    if column is None or column.read_only:
        raise errors.no_column(name, "JournalEntryLines")
    return column.name


def _keep(row: Row, name: str, text: str) -> None:
    if name in row:
        raise SqlFault(
            errors.DUPLICATE_COLUMN, f'column "{name}" specified more than once', column=name
        )
    trimmed = text.strip()
    if trimmed:
        row[name] = trimmed if name.lower() in _TRIMMED else text


def _too_many() -> SqlFault:
    return SqlFault(errors.LIMIT, f"an entry has {LINES_MAX} lines at most")


def _deep() -> SqlFault:
    return SqlFault(errors.BAD_PARAMETER, "LineAggregate is nested deeper than a column of a row")


class _Reader:
    """Rows of the form of the table's name, `Row`, column."""

    depth_max = AGGREGATE_DEPTH_MAX

    def __init__(self) -> None:
        self._parser = expat.ParserCreate("UTF-8")
        self._parser.buffer_text = True
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self.path: list[str] = []
        self.rows: list[Row] = []
        self._given: set[str] = set()
        self._pieces: list[str] = []

    def run(self, text: str) -> list[Row]:
        """The rows of a document."""
        document = text.strip()
        if "\0" in document or not document:
            raise SqlFault("2200M", "LineAggregate is not well-formed XML", column="LineAggregate")
        try:
            self._parser.Parse(document.encode("utf-8", "surrogatepass"), True)
        except expat.ExpatError as fault:
            where = f"line {fault.lineno}, column {fault.offset}"
            message = (
                f"LineAggregate is not well-formed XML: {expat.ErrorString(fault.code)}, {where}"
            )
            raise SqlFault("2200M", message, column="LineAggregate") from None
        return self.rows

    def _doctype(self, *_: object) -> None:
        message = "a document type is not taken in LineAggregate"
        raise SqlFault(errors.BAD_PARAMETER, message, column="LineAggregate")

    def _start(self, name: str, _: Mapping[str, str]) -> None:
        name = name.rpartition(":")[2]
        if len(self.path) >= self.depth_max:
            raise _deep()
        self.path.append(name.lower())
        self._pieces.clear()
        self.opened(name)

    def opened(self, name: str) -> None:
        """An element has begun."""
        if len(self.path) == 1 and name.lower() != ROOT:
            message = f"the root of LineAggregate is JournalEntryLines, not {name[:100]}"
            raise SqlFault(errors.BAD_PARAMETER, message, column="LineAggregate")
        if len(self.path) == 2:
            if name.lower() != "row":
                message = f"a child of JournalEntryLines is Row, not {name[:100]}"
                raise SqlFault(errors.BAD_PARAMETER, message, column="LineAggregate")
            self.begin_row()
        if len(self.path) == 3:
            self.give(column_name(name))

    def begin_row(self) -> None:
        """A line has begun."""
        if len(self.rows) == LINES_MAX:
            raise _too_many()
        self.rows.append({})
        self._given.clear()

    def give(self, name: str) -> None:
        """A column is given; a second time is a mistake even where it is empty."""
        if name in self._given:
            _keep({name: ""}, name, "")
        self._given.add(name)

    def _text(self, text: str) -> None:
        if len(self.path) <= 2 and text.strip():
            message = "LineAggregate has text outside of its columns"
            raise SqlFault(errors.BAD_PARAMETER, message, column="LineAggregate")
        self._pieces.append(text)

    def _end(self, name: str) -> None:
        self.closed(name.rpartition(":")[2], "".join(self._pieces))
        self._pieces.clear()
        self.path.pop()

    def closed(self, name: str, text: str) -> None:
        """An element has ended."""
        if len(self.path) == 3:
            _keep(self.rows[-1], column_name(name), text)


class _OnlineReader(_Reader):
    """The form of QuickBooks Online: a bare sequence of `Line`."""

    depth_max = _ONLINE_DEPTH_MAX

    def run(self, text: str) -> list[Row]:
        """The rows of a sequence, which has no root of its own."""
        return super().run(f"<JournalEntryLines>{text}</JournalEntryLines>")

    def opened(self, name: str) -> None:
        """An element has begun."""
        if len(self.path) == 2:
            if name.lower() != "line":
                message = f"an online LineAggregate consists of Line, not {name[:100]}"
                raise SqlFault(errors.BAD_PARAMETER, message, column="LineAggregate")
            self.begin_row()

    def closed(self, name: str, text: str) -> None:
        """An element has ended."""
        if len(self.path) < 3 or not text.strip():
            return
        path = "_".join(self.path[2:])
        if path in _ONLINE_IGNORED:
            return
        column = _ONLINE.get(path)
        if column is None:
            raise errors.no_column(path, "JournalEntryLines")
        _keep(self.rows[-1], column, text)


def _read_json(text: str) -> list[Row]:
    try:
        value: Any = json.loads(text, parse_float=str, parse_int=str, parse_constant=_no_number)
    except (ValueError, RecursionError) as fault:
        message = f"LineAggregate is not well-formed JSON: {str(fault)[:200]}"
        raise SqlFault(errors.BAD_TEXT, message, column="LineAggregate") from None
    if isinstance(value, dict):
        named = {name.lower(): rows for name, rows in value.items()}
        value = named.get(ROOT)
    if not isinstance(value, list):
        message = "a JSON LineAggregate is a list of lines"
        raise SqlFault(errors.BAD_PARAMETER, message, column="LineAggregate")
    if len(value) > LINES_MAX:
        raise _too_many()
    return [_json_row(each) for each in value]


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is not a number")


def _json_row(value: object) -> Row:
    if not isinstance(value, dict):
        raise SqlFault(errors.BAD_PARAMETER, "a line of a JSON LineAggregate is an object")
    row: Row = {}
    for key, member in value.items():
        name = column_name(key)
        if member is None:
            continue
        if isinstance(member, (dict, list)):
            raise _deep()
        text = str(member).lower() if isinstance(member, bool) else str(member)
        if name == "LineAmount" and "e" in text.lower():
            text = format(Decimal(text), "f") if len(text) < 20 else text
        _keep(row, name, text)
    return row


CANONICAL_ORDER: Final = (
    "LineType",
    "LineAccount",
    "LineAccountId",
    "LineAmount",
    *(
        column.name
        for column in LINE_COLUMNS.values()
        if not column.read_only
        and column.name not in ("LineType", "LineAccount", "LineAccountId", "LineAmount")
    ),
)
"""Columns in the order of the canonical form."""


def write(rows: Iterable[Mapping[str, str | None]]) -> str:
    """Lines in canonical form."""
    parts: Sequence[str] = [_row_text(row) for row in rows]
    return f"<JournalEntryLines>{''.join(parts)}</JournalEntryLines>"


def _row_text(row: Mapping[str, str | None]) -> str:
    fields = []
    for name in CANONICAL_ORDER:
        value = row.get(name)
        if value is not None:
            fields.append(f"<{name}>{escape(value)}</{name}>")
    return f"<Row>{''.join(fields)}</Row>"
