"""How figures and days are written, and read back."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.domain.ids import Timestamp
from daybook.domain.limits import AMOUNT_MAX
from daybook.domain.money import AmountError
from daybook.web.formats import day, moment, money, read_day, read_money


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (0, "GBP", "0.00"),
        (123_456_789, "GBP", "1,234,567.89"),
        (-5, "USD", "−0.05"),
        (1_234, "JPY", "1,234"),
        (1_234_567, "KWD", "1,234.567"),
    ],
)
def test_money_is_written_with_the_decimals_of_its_currency(
    minor: int, currency: str, text: str
) -> None:
    assert money(minor, currency) == text


@given(st.integers(-AMOUNT_MAX, AMOUNT_MAX), st.sampled_from(["GBP", "JPY", "KWD"]))
def test_what_is_written_can_be_read(minor: int, currency: str) -> None:
    assert read_money(money(minor, currency), currency) == minor


@pytest.mark.parametrize(
    "text",
    [
        *("1,5", "1,50.00", "12,34,567", "1.2.3", "", "x", "1e3", "٣", "1,", ".", "-"),
        *("1.000", "12.500", "1.230", "1 2.5", "1 23", "1  234", "1 234,567", "1 234 56", "1. 5"),
    ],
)
def test_what_could_mean_two_things_is_refused(text: str) -> None:
    with pytest.raises(AmountError):
        read_money(text, "GBP")


def test_amounts_as_people_type_them() -> None:
    assert read_money(" 1 234.5 ", "GBP") == 123_450
    assert read_money(".5", "GBP") == 50
    assert read_money("−2", "GBP") == -200


def test_decimals_are_those_of_the_currency() -> None:
    assert read_money("1.000", "KWD") == 1_000
    assert read_money("1,000", "JPY") == read_money("1 000", "JPY") == 1_000
    assert read_money("1\u202f234\u00a0567.5", "GBP") == 123_456_750
    with pytest.raises(AmountError, match="decimals"):
        read_money("1.0", "JPY")


def test_days_and_moments_cannot_be_misread() -> None:
    assert day(date(2026, 2, 3)) == "3 Feb 2026"
    winter = Timestamp(1_768_478_400_000_000)
    assert moment(winter, "Europe/London") == "15 Jan 2026, 12:00:00 GMT"
    assert moment(winter, "America/Los_Angeles") == "15 Jan 2026, 04:00:00 PST"
    assert read_day("2026-02-03") == date(2026, 2, 3)
    assert read_day("2026-02-30") is read_day("20260203") is read_day("yesterday") is None
