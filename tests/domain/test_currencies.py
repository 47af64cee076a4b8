"""The table of currencies: codes, decimals, names."""

import pytest

from daybook.domain import currencies

CODES = sorted(currencies._NAMES)


@pytest.mark.parametrize(
    ("code", "exponent", "name"),
    [
        ("USD", 2, "United States Dollar"),
        ("GBP", 2, "British Pound Sterling"),
        ("EUR", 2, "Euro"),
        ("JPY", 0, "Japanese Yen"),
        ("KRW", 0, "South Korean Won"),
        ("ISK", 0, None),
        ("KWD", 3, "Kuwaiti Dinar"),
        ("BHD", 3, "Bahraini Dinar"),
        ("CHF", 2, "Swiss Franc"),
    ],
)
def test_well_known_currencies(code: str, exponent: int, name: str | None) -> None:
    assert currencies.is_currency(code)
    assert currencies.exponent(code) == exponent
    if name is not None:
        assert currencies.name(code) == name


@pytest.mark.parametrize("code", ["", "usd", "US", "USDX", "XYZ", "XXX", "XAU", "DEM", "ＵＳＤ"])
def test_what_is_none(code: str) -> None:
    assert not currencies.is_currency(code)


def test_the_table_is_whole() -> None:
    """Every code is three capitals with a name of its own; every exception to two decimals is
    a currency."""
    assert 145 <= len(CODES) <= 160
    for code in CODES:
        assert len(code) == 3
        assert code.isascii()
        assert code.isupper()
        assert currencies.name(code).strip() == currencies.name(code) != ""
        assert currencies.exponent(code) in (0, 2, 3)
    assert len({currencies.name(code) for code in CODES}) == len(CODES)
    assert (currencies._NO_DECIMALS | currencies._THREE_DECIMALS).issubset(CODES)
    assert not currencies._NO_DECIMALS & currencies._THREE_DECIMALS


@pytest.mark.parametrize(
    ("minor", "code", "said"),
    [
        (950, "GBP", "9.50 GBP"),
        (-5, "USD", "-0.05 USD"),
        (950, "JPY", "950 JPY"),
        (1, "KWD", "0.001 KWD"),
        (950, "XYZ", "950 smallest units of XYZ"),
    ],
)
def test_amounts_are_said_in_their_currency(minor: int, code: str, said: str) -> None:
    assert currencies.said(minor, code) == said
