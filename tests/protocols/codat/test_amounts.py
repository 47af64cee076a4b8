"""Amounts, exactly, both ways."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.domain.limits import AMOUNT_MAX
from daybook.protocols.codat.amounts import AmountError, minor_units, shown
from daybook.protocols.kit import json


@pytest.mark.parametrize(
    ("minor", "exponent", "text"),
    [
        (-2_230, 2, b"-22.3"),
        (2_230, 2, b"22.3"),
        (5, 2, b"0.05"),
        (-5, 2, b"-0.05"),
        (0, 2, b"0"),
        (100, 2, b"1"),
        (100, 0, b"100"),
        (1_001, 3, b"1.001"),
        (-AMOUNT_MAX, 2, b"-9999999999999.99"),
    ],
)
def test_what_is_shown(minor: int, exponent: int, text: bytes) -> None:
    assert json.encode(shown(minor, exponent)) == text


@given(st.integers(-AMOUNT_MAX, AMOUNT_MAX), st.integers(0, 4))
def test_what_is_shown_is_read_back(minor: int, exponent: int) -> None:
    assert minor_units(json.decode(json.encode(shown(minor, exponent))), exponent) == minor


@pytest.mark.parametrize(
    "number",
    [
        *(Decimal("0.001"), Decimal("1.0000000000000000000000000000000000001"), 10**15),
        *(Decimal("1e40"), Decimal("-1e27"), Decimal("1e-40")),
    ],
)
def test_what_is_no_amount(number: int | Decimal) -> None:
    with pytest.raises(AmountError):
        minor_units(number, 2)


def test_superfluous_zeros_are_no_decimals() -> None:
    assert minor_units(Decimal("1.50000000000000000000000000000000000"), 2) == 150
    assert minor_units(Decimal("15e1"), 2) == 15_000
