"""Exact JSON: what is read, what is refused, and how soon."""

import json as standard
import time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.protocols.kit import json
from daybook.protocols.kit.json import DEPTH_MAX, JsonError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10.10", Decimal("10.10")),
        ("0.1", Decimal("0.1")),
        ("123456789012345.678901234", Decimal("123456789012345.678901234")),
        ("1e2", Decimal("1e2")),
        ("-0.0", Decimal("-0.0")),
        ("7", 7),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ('{"a": 1, "b": {}, "a": 2}', {"a": 2, "b": {}}),
        ('"\\ud83d\\ude00 \\u00e4"', "😀 ä"),
        (r'"\\u0000"', r"\u0000"),
        ("\ufeff[true, null]", [True, None]),
    ],
)
def test_values_are_read_exactly(text: str, value: object) -> None:
    found = json.decode(text.encode())
    assert found == value
    assert type(found) is type(value)
    if isinstance(found, Decimal) and isinstance(value, Decimal):
        assert found.as_tuple() == value.as_tuple()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "ends early"),
        (b'{"a": ', "ends early"),
        (b"{} {}", "trailing characters"),
        (b"[1,]", "trailing comma"),
        (b"NaN", "invalid character"),
        (b"-Infinity", "invalid"),
        (b"01", "invalid number"),
        (b'"\xff"', "not valid UTF-8"),
        (b'"\xed\xa0\x80"', "not valid UTF-8"),
        (b'"\\ud800"', "ends early"),
        (b'"\\ud800\\u0041"', "surrogate"),
        (b'"a\nb"', "invalid character"),
        (b'"a\\u0000b"', "NUL"),
        (rb'"\\\u0000"', "NUL"),
        (b"1e1000000", "out of range"),
        (b"1e-1000000", "out of range"),
        (b"0e1000000", "out of range"),
        (b"1e99999999999999999999999", "out of range"),
        (b"1." + b"0" * 100, "more than 64 characters"),
        (b"9" * 5_000, "out of range"),
    ],
)
def test_what_is_refused_says_why(body: bytes, reason: str) -> None:
    with pytest.raises(JsonError, match=reason):
        json.decode(body)


def test_the_place_of_a_mistake_is_named() -> None:
    with pytest.raises(JsonError) as caught:
        json.decode(b'{"a": 1, "b": ?}')
    assert caught.value.position == 14
    assert "byte 14" in str(caught.value)


def nested(depth: int) -> bytes:
    return b"[" * depth + b"]" * depth


def test_nesting_is_bounded_exactly() -> None:
    json.decode(nested(DEPTH_MAX))
    json.decode(b"[%b,%b]" % (nested(DEPTH_MAX - 1), nested(DEPTH_MAX - 1)))
    with pytest.raises(JsonError, match="nested deeper"):
        json.decode(nested(DEPTH_MAX + 1))
    objects = b'{"a":' * (DEPTH_MAX + 1) + b"1" + b"}" * (DEPTH_MAX + 1)
    with pytest.raises(JsonError, match="nested deeper"):
        json.decode(objects)


def test_brackets_in_texts_are_not_nesting() -> None:
    text = "[" * 200 + '\\"{' * 200
    assert json.decode(standard.dumps([text, {"[": "]]"}]).encode()) == [text, {"[": "]]"}]
    many = [{"Line": [{"Amount": 1}]} for _ in range(500)]
    assert json.decode(standard.dumps(many).encode()) == many


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        nested(4_000_000),
        b'{"a":' * 1_000_000,
        b"[{" * 2_000_000,
        b"[]" * 4_000_000,
        b"]" * 8_000_000,
        b"[" * 64 + b"[]," * 2_600_000,
        b'"\\' * 4_000_000,
        b"[" * 65 + b'"\\\\' * 2_000_000,
        b"9" * 8_000_000,
        b"[" + b"1e9," * 2_000_000,
        b"\\u0000" * 1_300_000,
        b"\\" * 8_000_000 + b"\\u0000",
    ],
    ids=range(13),
)
def test_hostile_bodies_end_early(body: bytes) -> None:
    """Bodies at the size that wires take. The slowest takes a few hundredths of a second."""
    started = time.perf_counter()
    with pytest.raises(JsonError):
        json.decode(body)
    assert time.perf_counter() - started < 4


@given(st.binary(max_size=200))
def test_random_bytes_raise_nothing_else(body: bytes) -> None:
    try:
        value = json.decode(body)
    except JsonError:
        return
    assert json.decode(json.encode(value)) == value


@given(
    st.lists(
        st.sampled_from(
            [b'"', b"\\", b"\\u00", b"00", b"d800", b"null", b"\xc3", b"\xa4", b"\x00", b"9" * 20]
            + [bytes((code,)) for code in b"[]{},:1e-. "]
        ),
        max_size=150,
    ).map(b"".join)
)
def test_random_json_like_bytes_raise_nothing_else(body: bytes) -> None:
    try:
        value = json.decode(body)
    except JsonError:
        return
    assert json.decode(json.encode(value)) == value


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
numbers = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**20), max_value=10**20, places=4
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@given(values)
def test_what_is_written_is_read_again(value: Any) -> None:
    assert json.decode(json.encode(value)) == value


@given(values)
def test_it_agrees_with_the_standard_library(value: Any) -> None:
    body = json.encode(value)
    assert json.decode(body) == standard.loads(body, parse_float=Decimal)


def test_decimals_are_written_as_number_literals() -> None:
    assert json.encode({"Amount": Decimal("100.00")}) == b'{"Amount":100.00}'


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"Line": [{"Amount": 1e1000000}]}', "a number is out of range"),
        (b'{"a": [1.' + b"0" * 100 + b"]}", "a number has more than 64 characters"),
        (b'["\\u0000"]', "a text contains the NUL character"),
        (nested(DEPTH_MAX + 1), "nested deeper than 64 levels"),
    ],
)
def test_json_that_is_not_taken_is_told_from_what_is_none(body: bytes, reason: str) -> None:
    with pytest.raises(json.NotTaken) as caught:
        json.decode(body)
    assert str(caught.value) == reason
    with pytest.raises(JsonError) as other:
        json.decode(b"{")
    assert not isinstance(other.value, json.NotTaken)
