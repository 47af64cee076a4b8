"""Which period a form asks for: a name, or days that somebody has changed."""

from datetime import date

import pytest

from daybook.web.periods import CUSTOM, AskedPeriod, read_period

TODAY = date(2026, 11, 21)


def asked(**query: str) -> AskedPeriod:
    return read_period(query, TODAY, 1, "year-to-date")


def test_a_name_counts_where_the_days_are_those_that_were_shown() -> None:
    shown = asked().shown
    assert shown == "2026-01-01 2026-11-21"
    again = asked(period="last-year", **{"from": "2026-01-01", "to": "2026-11-21"}, shown=shown)
    assert (again.name, again.first, again.last) == (
        "last-year",
        date(2025, 1, 1),
        date(2025, 12, 31),
    )


@pytest.mark.parametrize("name", ["year-to-date", "last-year", "custom"])
def test_days_that_were_changed_count_whatever_is_chosen(name: str) -> None:
    days = {"from": "2025-02-01", "to": "2025-03-31"}
    found = asked(period=name, **days, shown="2026-01-01 2026-11-21")
    assert (found.name, found.first, found.last) == (CUSTOM, date(2025, 2, 1), date(2025, 3, 31))


def test_one_day_that_was_changed_counts() -> None:
    found = asked(period="year-to-date", to="2025-12-31", shown="2026-01-01 2026-11-21")
    assert (found.name, found.last) == (CUSTOM, date(2025, 12, 31))


def test_an_address_without_what_was_shown_goes_by_its_name() -> None:
    found = asked(period="last-year", **{"from": "2026-01-01", "to": "2026-11-21"})
    assert found.name == "last-year"


def test_nonsense_in_place_of_what_was_shown_does_no_harm() -> None:
    found = asked(period="last-year", to="2026-11-21", shown="x y z")
    assert (found.name, found.last) == (CUSTOM, date(2026, 11, 21))
