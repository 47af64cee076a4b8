"""Amounts: every text either becomes exactly its minor units or is refused, quickly."""

import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.domain.limits import AMOUNT_MAX
from daybook.domain.money import (
    AmountError,
    AmountFault,
    Rounding,
    amount_decimal,
    amount_text,
    minor_units,
    parse_amount,
)

EXPONENTS = st.integers(0, 4)
MINOR = st.integers(-AMOUNT_MAX, AMOUNT_MAX)


@given(MINOR, EXPONENTS)
def test_text_and_back(minor: int, exponent: int) -> None:
    assert parse_amount(amount_text(minor, exponent), exponent) == minor


@given(MINOR, EXPONENTS)
def test_decimal_and_back(minor: int, exponent: int) -> None:
    assert minor_units(amount_decimal(minor, exponent), exponent) == minor


@given(st.decimals(-(10**9), 10**9, places=6), EXPONENTS)
def test_half_up_is_within_half_a_unit(value: Decimal, exponent: int) -> None:
    minor = parse_amount(format(value, "f"), exponent, Rounding.HALF_UP)
    error = abs(amount_decimal(minor, exponent) - value).scaleb(exponent)
    assert error <= Decimal("0.5")
    if error == Decimal("0.5"):
        assert abs(amount_decimal(minor, exponent)) > abs(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "+1",
        ".5",
        "1.",
        "1e3",
        "NaN",
        "Infinity",
        "0x1",
        "1_000",
        "１",
        "--1",
        "1,000",
    ],
)
def test_only_plain_decimals(text: str) -> None:
    with pytest.raises(AmountError) as caught:
        parse_amount(text, 2)
    assert caught.value.fault is AmountFault.SYNTAX


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("1.005", AmountFault.PRECISION),
        ("1" * 16, AmountFault.DIGITS),
        ("0.1234567891", AmountFault.DIGITS),
        ("99999999999999", AmountFault.RANGE),
        ("9" * 1_000_000, AmountFault.DIGITS),
    ],
)
def test_bounds(text: str, fault: AmountFault) -> None:
    with pytest.raises(AmountError) as caught:
        parse_amount(text, 2)
    assert caught.value.fault is fault


def test_trailing_zeros_are_not_precision() -> None:
    assert parse_amount("1.5000", 2) == 150


@pytest.mark.parametrize("text", ["1e1000000", "-1e999999", "1e-1000000", "NaN", "Infinity"])
def test_hostile_decimals_are_refused_at_once(text: str) -> None:
    started = time.perf_counter()
    with pytest.raises(AmountError):
        minor_units(Decimal(text), 2)
    assert time.perf_counter() - started < 1


def test_an_exponent_within_bounds_is_a_number() -> None:
    assert minor_units(Decimal("1.5e3"), 2) == 150_000


def test_zero_has_no_side() -> None:
    assert minor_units(Decimal("-0.00"), 2) == 0
    assert minor_units(Decimal("0e-999999"), 2) == 0
