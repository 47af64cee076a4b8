"""Results: columns, rows of text, and what carries them out.

A plan is a statement made ready: the types of its parameters, its columns, and how it is run. Rows
come in batches as tuples of text or None; encoding them for the wire is one function for all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from struct import Struct
from typing import Any, Final, Protocol

from sqlglot import exp

from daybook.protocols.sql.limits import LINES_AT_ONCE
from daybook.protocols.sql.pgwire import messages
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.statements import Statement

Row = tuple[str | None, ...]
_INT32 = Struct("!i")
_HEAD = Struct("!cih")
_NULL: Final = b"\xff\xff\xff\xff"


class Rows(Protocol):
    """Rows that are still to come."""

    @property
    def blocking(self) -> bool:
        """Whether `fetch` takes long enough to belong on another thread."""

    def fetch(self, limit: int) -> list[Row]:
        """The next rows, at most `limit`; none at the end."""

    def close(self) -> None:
        """Nobody wants the rest."""


class Lengthy(Exception):
    """A quick plan that would take long with the values it was given: it belongs on a thread."""


class ListRows:
    """Rows that are there already; many of them are encoded on another thread."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._at = 0
        self.blocking = len(rows) > LINES_AT_ONCE

    def fetch(self, limit: int) -> list[Row]:
        """The next rows."""
        found = list(self._rows[self._at : self._at + limit])
        self._at += len(found)
        return found

    def close(self) -> None:
        """Forget them."""
        self._rows = ()


@dataclass(slots=True)
class Result:
    """What came of a statement: rows, or a command's tag alone.

    With rows, `tag` is completed by their number, as in `SELECT 3`.
    """

    tag: str
    rows: Rows | None = None
    counted: bool = True
    """Whether the number of rows is part of the tag."""
    copy: str | None = None
    """The format, where the rows go out as COPY data: text, csv or binary."""
    options: dict[str, str] = field(default_factory=dict)


Run = Callable[[Any, Sequence[str | None]], "Result"]
"""Runs a plan in a session with the values of its parameters."""


@dataclass(slots=True)
class Plan:
    """A statement made ready. `columns` is None where it returns no rows."""

    run: Run
    parameters: list[int] = field(default_factory=list)
    columns: list[messages.Field] | None = None
    cached: bool = True
    ends_block: bool = False
    """Whether it may run in a failed transaction: it ends or rewinds it."""
    writes: bool = False
    copy_columns: list[messages.Field] | None = None
    """The columns of the rows, where they go out as COPY data."""
    quick: bool = False
    """Whether it takes so little that it need not go to another thread; then it may raise
    `Lengthy` where `Session.hurried` says that it was not sent to one."""
    path: str = "session"
    """Where it goes, for metrics: lookup, scan, write, or session."""


class Planner(Protocol):
    """Makes plans, for statements that hold others: cursors, COPY, INSERT … SELECT."""

    def make(self, session: Any, statement: Statement, declared: Sequence[int]) -> Plan:
        """The plan of a statement. Raises `SqlFault`."""

    def query(
        self, session: Any, tree: exp.Expr, declared: Sequence[int], *, fast_path: bool = True
    ) -> Plan:
        """The plan of a query; without `fast_path` by the copy. Raises `SqlFault`."""


def encode_rows(
    rows: Sequence[Row], columns: Sequence[messages.Field], formats: Sequence[int]
) -> bytes:
    """DataRow messages. Works column by column, which costs a third of going value by value."""
    if not columns:
        return messages.message(b"D", b"\0\0") * len(rows)
    encoded = []
    for at, (column, form) in enumerate(zip(columns, formats, strict=True)):
        pack = _INT32.pack
        if form:
            oid, convert = column.oid, pg.to_binary
            values = [None if row[at] is None else convert(oid, row[at]) for row in rows]  # type: ignore[arg-type]
        else:
            values = [None if row[at] is None else row[at].encode() for row in rows]  # type: ignore[union-attr]
        encoded.append([_NULL if value is None else pack(len(value)) + value for value in values])
    count, head = len(columns), _HEAD.pack
    parts = []
    for body in map(b"".join, zip(*encoded, strict=True)):
        parts.append(head(b"D", len(body) + 6, count))
        parts.append(body)
    return b"".join(parts)


BINARY_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
BINARY_END: Final = b"\xff\xff"


def encode_copy(
    rows: Sequence[Row],
    columns: Sequence[messages.Field],
    form: str,
    options: dict[str, str],
    head: bytes = b"",
) -> bytes:
    """Rows as COPY data: one CopyData message for each. `head` goes into the first of them."""
    if form == "binary":
        found = [_binary_row(row, columns) for row in rows]
        if head:
            found[:1] = [head + each for each in found[:1]] or [head]
        return b"".join(map(messages.copy_data, found))
    if form == "csv":
        return b"".join(messages.copy_data(csv_line(row, options)) for row in rows)
    separator = options.get("delimiter", "\t")
    null = options.get("null", "\\N")
    return b"".join(
        messages.copy_data(
            (
                separator.join(
                    null if value is None else _escaped(value, separator) for value in row
                )
                + "\n"
            ).encode()
        )
        for row in rows
    )


def _binary_row(row: Row, columns: Sequence[messages.Field]) -> bytes:
    parts = [Struct("!h").pack(len(row))]
    for value, column in zip(row, columns, strict=True):
        if value is None:
            parts.append(_NULL)
        else:
            data = pg.to_binary(column.oid, value)
            parts.append(_INT32.pack(len(data)) + data)
    return b"".join(parts)


_ESCAPES: Final = str.maketrans(
    {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f", "\v": "\\v"}
)


def _escaped(value: str, separator: str) -> str:
    text = value.translate(_ESCAPES)
    return text if separator == "\t" else text.replace(separator, "\\" + separator)


def csv_line(row: Row, options: dict[str, str]) -> bytes:
    """A line of CSV; a value is quoted where it has to be."""
    separator, quote = options.get("delimiter", ","), options.get("quote", '"')
    null = options.get("null", "")
    fields = []
    for value in row:
        if value is None:
            fields.append(null)
        elif (
            value == null
            or any(char in value for char in (separator, quote, "\n", "\r"))
            or value == "\\."
        ):
            fields.append(quote + value.replace(quote, quote * 2) + quote)
        else:
            fields.append(value)
    return (separator.join(fields) + "\n").encode()
