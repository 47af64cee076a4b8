"""Values go to binary form and back unchanged; what is broken is refused, never another value."""

import contextlib
from datetime import date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.protocols.sql.pgwire import types as pg

VALUES = {
    pg.BOOL: st.sampled_from(["t", "f"]),
    pg.INT2: st.integers(-(2**15), 2**15 - 1).map(str),
    pg.INT4: st.integers(-(2**31), 2**31 - 1).map(str),
    pg.INT8: st.integers(-(2**63), 2**63 - 1).map(str),
    pg.NUMERIC: st.decimals(
        allow_nan=False, allow_infinity=False, places=4, min_value=-(10**18), max_value=10**18
    ).map(lambda value: format(value + 0, "f")),
    pg.DATE: st.dates(date(1000, 1, 1)).map(str),
    pg.TIMESTAMP: st.datetimes(datetime(1000, 1, 1)).map(str),
    pg.TEXT: st.text(st.characters(exclude_categories=["Cs"])),
    pg.UUID_: st.uuids().map(str),
    pg.BYTEA: st.binary().map(lambda data: "\\x" + data.hex()),
}


@pytest.mark.parametrize("oid", VALUES)
def test_binary_and_back(oid: int) -> None:
    @given(VALUES[oid])
    def check(text: str) -> None:
        back = pg.from_binary(oid, pg.to_binary(oid, text))
        if oid == pg.NUMERIC:
            assert (Decimal(back), len(back.partition(".")[2])) == (Decimal(text), 4)
        else:
            assert back == text

    check()


@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"])), max_size=8))
def test_arrays_and_back(values: list[str | None]) -> None:
    text = pg.array_text(values)
    assert pg.array_items(text) == values
    assert pg.from_binary(1009, pg.to_binary(1009, text)) == text


@given(st.sampled_from([*VALUES, *pg.ARRAYS]), st.binary(max_size=40))
def test_any_bytes_are_a_value_or_refused(oid: int, data: bytes) -> None:
    with contextlib.suppress(pg.BadValue):
        pg.from_binary(oid, data)


@pytest.mark.parametrize("text", ["{", "a", "{a", '{"a}', "{a,{b}}"])
def test_broken_arrays(text: str) -> None:
    with pytest.raises(pg.BadValue):
        pg.array_items(text)


@pytest.mark.parametrize(
    ("oid", "text", "data"),
    [
        (pg.DATE, "0001-12-31 BC", "fff4dbf8"),
        (pg.DATE, "0001-01-01", "fff4dbf9"),
        (pg.DATE, "4714-11-24 BC", "ffda97a7"),
        (pg.TIMESTAMP, "0001-12-31 23:59:58.5 BC", "ff1fe2ffc5857ca0"),
        (pg.TIMESTAMPTZ, "0001-12-31 00:00:00+00 BC", "ff1fe2eba7c50000"),
        (1182, '{"0001-12-31 BC"}', "00000001000000000000043a000000010000000100000004fff4dbf8"),
    ],
)
def test_days_before_the_year_1(oid: int, text: str, data: str) -> None:
    """The bytes are what a PostgreSQL 18 sends."""
    assert pg.to_binary(oid, text) == bytes.fromhex(data)
