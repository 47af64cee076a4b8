"""Batches of rows as bytes: the same as going value by value, whatever a batch holds."""

from collections.abc import Sequence
from struct import pack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.protocols.sql.encoding import BINARY_HEADER, encode_copy, encode_rows
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.pgwire.messages import Field, copy_data, message
from daybook.protocols.sql.results import Row

AWKWARD = ["", "\\N", "\\.", "a\\b", "tab\there", "line\nend\r", "\b\f\v", 'q"q', "a,b;c|d", "é€😀"]
TEXTS = st.none() | st.sampled_from([*AWKWARD, "plain", "x" * 300]) | st.text("ab", max_size=3)
AMOUNTS = st.none() | st.decimals(
    min_value=-(10**15), max_value=10**15, places=2, allow_nan=False
).map(lambda amount: format(amount, "f"))
KINDS = {
    pg.TEXT: TEXTS,
    pg.NUMERIC: AMOUNTS,
    pg.INT4: st.none() | st.integers(-(2**31), 2**31 - 1).map(str),
    pg.DATE: st.none() | st.dates().map(str),
    pg.TIMESTAMP: st.none() | st.datetimes().map(str),
}


@st.composite
def batches(draw: st.DrawFn) -> tuple[list[Row], list[Field], list[int]]:
    """Rows, some of them many times over, their columns and formats."""
    oids = draw(st.lists(st.sampled_from(list(KINDS)), max_size=4))
    row = st.tuples(*[KINDS[oid] for oid in oids])
    rows = draw(st.lists(row, max_size=5)) * draw(st.sampled_from([1, 1, 9]))
    formats = draw(st.lists(st.integers(0, 1), min_size=len(oids), max_size=len(oids)))
    return rows, [Field("c", oid) for oid in oids], formats


def sized(row: Row, columns: Sequence[Field], formats: Sequence[int]) -> bytes:
    found = pack("!h", len(row))
    for value, column, form in zip(row, columns, formats, strict=True):
        if value is None:
            found += pack("!i", -1)
            continue
        data = pg.to_binary(column.oid, value) if form else value.encode()
        found += pack("!i", len(data)) + data
    return found


@given(batches())
def test_rows(batch: tuple[list[Row], list[Field], list[int]]) -> None:
    rows, columns, formats = batch
    expected = b"".join(message(b"D", sized(row, columns, formats)) for row in rows)
    assert encode_rows(rows, columns, formats) == expected


@given(batches())
def test_binary_copies(batch: tuple[list[Row], list[Field], list[int]]) -> None:
    rows, columns, _ = batch
    lines = [sized(row, columns, [1] * len(columns)) for row in rows]
    expected = b"".join(map(copy_data, lines))
    assert encode_copy(rows, columns, "binary", {}) == expected
    lines = [BINARY_HEADER + b"".join(lines[:1]), *lines[1:]]
    expected = b"".join(map(copy_data, lines))
    assert encode_copy(rows, columns, "binary", {}, BINARY_HEADER) == expected


ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


@given(batches(), st.sampled_from(["\t", ",", "|"]), st.sampled_from(["\\N", "", "null"]))
def test_copies_as_text(
    batch: tuple[list[Row], list[Field], list[int]], separator: str, null: str
) -> None:
    def shown(value: str | None) -> str:
        if value is None:
            return null
        signs = {**ESCAPES, "\v": "\\v"}
        if separator != "\t":
            signs[separator] = "\\" + separator
        return "".join(signs.get(sign, sign) for sign in value)

    rows, columns, _ = batch
    lines = [separator.join(map(shown, row)) + "\n" for row in rows]
    expected = b"".join(copy_data(line.encode()) for line in lines)
    options = {"delimiter": separator, "null": null}
    assert encode_copy(rows, columns, "text", options) == expected
    if (separator, null) == ("\t", "\\N"):
        assert encode_copy(rows, columns, "text", {}) == expected


@given(batches(), st.sampled_from([",", ";", "\t"]), st.sampled_from(["", "null", "a"]))
def test_copies_as_csv(
    batch: tuple[list[Row], list[Field], list[int]], separator: str, null: str
) -> None:
    def shown(value: str | None) -> str:
        if value is None:
            return null
        if value in (null, "\\.") or set(value) & {separator, '"', "\n", "\r"}:
            return '"' + value.replace('"', '""') + '"'
        return value

    rows, columns, _ = batch
    lines = [separator.join(map(shown, row)) + "\n" for row in rows]
    expected = b"".join(copy_data(line.encode()) for line in lines)
    options = {"delimiter": separator, "null": null}
    assert encode_copy(rows, columns, "csv", options) == expected


@pytest.mark.parametrize(
    ("text", "groups", "weight", "sign", "scale"),
    [
        ("0.00", [], 0, 0, 2),
        ("-0.0", [], 0, 0, 1),
        ("-1.5", [1, 5000], 0, 0x4000, 1),
        ("10000", [1], 1, 0, 0),
        ("0.00005", [5000], -2, 0, 5),
        ("+12345678.9012", [1234, 5678, 9012], 1, 0, 4),
        ("100000000.10", [1, 0, 0, 1000], 2, 0, 2),
        ("1e3", [1000], 0, 0, 0),
        (".5", [5000], -1, 0, 1),
    ],
)
def test_numbers_in_binary(
    text: str, groups: list[int], weight: int, sign: int, scale: int
) -> None:
    """PostgreSQL's base 10,000, without groups of zeros at either end."""
    head = pack("!hhHH", len(groups), weight, sign, scale)
    assert pg.to_binary(pg.NUMERIC, text) == head + pack(f"!{len(groups)}h", *groups)


@pytest.mark.parametrize("text", ["", "-", "1.2.3", "--1", "abc", "Infinity", "١"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(pg.BadValue):
        pg.to_binary(pg.NUMERIC, text)


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("2000-01-01 00:00:00", 0),
        ("2000-01-01 00:00:01.5", 1_500_000),
        ("1999-12-31 23:59:59.999999", -1),
        ("2000-01-01 02:00:00+02", 0),
        ("10000-01-01 00:00:00", 252_455_616_000_000_000),
    ],
)
def test_moments_in_binary(text: str, micros: int) -> None:
    assert pg.to_binary(pg.TIMESTAMPTZ, text) == pack("!q", micros)


@pytest.mark.parametrize(("text", "days"), [("1999-12-31", -1), ("10000-03-01", 2_922_000)])
def test_days_in_binary(text: str, days: int) -> None:
    assert pg.to_binary(pg.DATE, text) == pack("!i", days)
