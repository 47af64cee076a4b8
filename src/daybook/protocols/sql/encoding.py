"""Rows of text as the bytes of messages: DataRow, and the three forms of COPY.

All of it goes column by column: what a column has in common (its type, that nothing in it wants an
escape, that few values come again and again) is found out once for a batch, not for each value.
That is most of what a row costs on its way out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from struct import Struct
from typing import Final

from daybook.protocols.sql.pgwire import messages
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.results import Row

Values = Sequence[str | None]
"""The values of a column."""

BINARY_HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
BINARY_END: Final = b"\xff\xff"

_INT16: Final = Struct("!h")
_INT32: Final = Struct("!i")
_ROW_HEAD: Final = Struct("!cih")
_COPY_HEAD: Final = Struct("!ci")
_NULL: Final = b"\xff\xff\xff\xff"
_OFTEN: Final = 4
"""How often values have to come on average for each to be encoded only once."""


def encode_rows(
    rows: Sequence[Row], columns: Sequence[messages.Field], formats: Sequence[int]
) -> bytes:
    """DataRow messages."""
    if not columns:
        return messages.message(b"D", b"\0\0") * len(rows)
    count, head = len(columns), _ROW_HEAD.pack
    parts = []
    for body in _bodies(rows, columns, formats):
        parts.append(head(b"D", len(body) + 6, count))
        parts.append(body)
    return b"".join(parts)


def encode_copy(
    rows: Sequence[Row],
    columns: Sequence[messages.Field],
    form: str,
    options: Mapping[str, str],
    head: bytes = b"",
) -> bytes:
    """Rows as COPY data: one CopyData message for each. `head` goes into the first of them."""
    if form == "binary":
        count = _INT16.pack(len(columns))
        found = [count + body for body in _bodies(rows, columns, [1] * len(columns))]
        if head:
            found[:1] = [head + each for each in found[:1]] or [head]
        return b"".join(map(messages.copy_data, found))
    pack, parts = _COPY_HEAD.pack, []
    for line in _csv_lines(rows, options) if form == "csv" else _text_lines(rows, options):
        data = line.encode()
        parts.append(pack(b"d", len(data) + 5))
        parts.append(data)
        parts.append(b"\n")
    return b"".join(parts)


def _bodies(
    rows: Sequence[Row], columns: Sequence[messages.Field], formats: Sequence[int]
) -> Iterable[bytes]:
    """The values of each row, each with its length before it."""
    if not columns:
        return [b""] * len(rows)
    cells = [
        _cells(values, pg.binary_of(column.oid) if form else str.encode)
        for values, column, form in zip(zip(*rows, strict=True), columns, formats, strict=False)
    ]
    return map(b"".join, zip(*cells, strict=True))


def _cells(values: Values, convert: Callable[[str], bytes]) -> list[bytes]:
    distinct = set(values)
    if len(distinct) * _OFTEN <= len(values):
        known = dict(zip(distinct, _each(distinct, convert), strict=True))
        return [known[value] for value in values]
    return _each(values, convert)


def _each(values: Iterable[str | None], convert: Callable[[str], bytes]) -> list[bytes]:
    pack = _INT32.pack
    encoded = [None if value is None else convert(value) for value in values]
    return [_NULL if data is None else pack(len(data)) + data for data in encoded]


_ESCAPES: Final = {
    "\\": "\\\\",
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\b": "\\b",
    "\f": "\\f",
    "\v": "\\v",
}
_ESCAPE_TABLE: Final = str.maketrans(_ESCAPES)


def _text_lines(rows: Sequence[Row], options: Mapping[str, str]) -> Iterable[str]:
    separator, null = options.get("delimiter", "\t"), options.get("null", "\\N")
    special = (*_ESCAPES, separator)

    def shown(values: Values) -> Values:
        if not _holds(values, special):
            return values
        return [None if value is None else _escaped(value, separator) for value in values]

    return _joined(rows, shown, separator, null)


def _csv_lines(rows: Sequence[Row], options: Mapping[str, str]) -> Iterable[str]:
    """Lines of CSV; a value is quoted where it has to be."""
    separator, quote = options.get("delimiter", ","), options.get("quote", '"')
    null = options.get("null", "")
    special = (separator, quote, "\n", "\r")

    def shown(values: Values) -> Values:
        if not _holds(values, special) and null not in values and "\\." not in values:
            return values
        return [
            quote + value.replace(quote, quote * 2) + quote
            if value is not None
            and (value in (null, "\\.") or any(sign in value for sign in special))
            else value
            for value in values
        ]

    return _joined(rows, shown, separator, null)


def _joined(
    rows: Sequence[Row], shown: Callable[[Values], Values], separator: str, null: str
) -> Iterable[str]:
    """Lines without their ends, of values as they are shown."""
    if not rows or not rows[0]:
        return [""] * len(rows)
    columns = []
    for values in zip(*rows, strict=True):
        written = shown(values)
        if None in written:
            columns.append([null if value is None else value for value in written])
        else:
            columns.append(written)  # type: ignore[arg-type]
    return map(separator.join, zip(*columns, strict=True))


def _holds(values: Values, special: Iterable[str]) -> bool:
    """Whether any of some characters is in any of the values."""
    whole = "".join(filter(None, values))
    return any(sign in whole for sign in special)


def _escaped(value: str, separator: str) -> str:
    text = value.translate(_ESCAPE_TABLE)
    return text if separator == "\t" else text.replace(separator, "\\" + separator)
