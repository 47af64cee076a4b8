"""Home amounts balance, whatever the lines and the rate, and stay near the exact products."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.domain.rates import home_amounts, normal_rate, parse_rate

RATES = st.decimals(
    Decimal("0.0000000001"), Decimal("9999999999"), places=10, allow_nan=False
).filter(lambda rate: rate > 0)
AMOUNTS = st.lists(st.integers(-(10**12), 10**12), min_size=1, max_size=30)


@given(AMOUNTS, RATES, st.integers(0, 3), st.integers(0, 3))
def test_home_amounts_balance(
    amounts: list[int], rate: Decimal, exponent: int, home_exponent: int
) -> None:
    """The sum is zero, every line is within one unit of its exact product, signs stay."""
    signed = [*amounts, -sum(amounts)]
    home = home_amounts(signed, rate, exponent, home_exponent)
    assert sum(home) == 0
    for amount, converted in zip(signed, home, strict=True):
        exact = Decimal(amount) * rate * Decimal(10) ** (home_exponent - exponent)
        assert abs(converted - exact) <= 1
        assert converted == 0 or (converted > 0) == (amount > 0)


@given(AMOUNTS)
def test_rate_one_changes_nothing(amounts: list[int]) -> None:
    signed = [*amounts, -sum(amounts)]
    assert home_amounts(signed, Decimal(1), 2, 2) == signed


def test_residue_goes_to_the_largest_error_first() -> None:
    # 3 x 0.335 = 1.005: each 33.5 rounds to 34 (half to even), 100.5 to 100; 2 units too many
    assert home_amounts([100, 100, 100, -300], Decimal("0.335"), 2, 2) == [33, 33, 34, -100]


@given(RATES)
def test_equal_rates_are_written_alike(rate: Decimal) -> None:
    assert normal_rate(rate) == rate
    assert parse_rate(format(rate, "f")) == normal_rate(rate)
    assert str(normal_rate(rate)) == str(normal_rate(rate.quantize(Decimal("1e-10"))))


@pytest.mark.parametrize(
    "text", ["0", "0.0000000000", "-1", "1e5", "NaN", "12345678901", "1.12345678901", ""]
)
def test_rates_out_of_bounds(text: str) -> None:
    with pytest.raises(ValueError):
        parse_rate(text)


@pytest.mark.parametrize("text", ["0", "-1", "NaN", "Infinity", "1e10", "1e-11", "1e1000000"])
def test_rates_out_of_bounds_as_numbers(text: str) -> None:
    with pytest.raises(ValueError):
        normal_rate(Decimal(text))
