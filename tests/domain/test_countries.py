"""The table of countries."""

import pytest

from daybook.domain import countries


@pytest.mark.parametrize("code", ["GB", "US", "DE", "JP", "ZW", "AX"])
def test_countries(code: str) -> None:
    assert countries.is_country(code)


@pytest.mark.parametrize("code", ["", "UK", "XX", "EU", "gb", "GBR", "ZZ"])
def test_others(code: str) -> None:
    assert not countries.is_country(code)


def test_the_table_is_whole() -> None:
    assert len(countries._CODES) == 249
