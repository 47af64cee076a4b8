"""Periods: named ones, and those before them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.app.periods import NAMED, Period, named, previous, shifted, year_before

TODAY = date(2026, 2, 14)


@pytest.mark.parametrize(
    ("name", "month", "first", "last"),
    [
        ("year-to-date", 1, date(2026, 1, 1), TODAY),
        ("year-to-date", 4, date(2025, 4, 1), TODAY),
        ("month", 1, date(2026, 2, 1), date(2026, 2, 28)),
        ("last-month", 1, date(2026, 1, 1), date(2026, 1, 31)),
        ("quarter", 1, date(2026, 1, 1), date(2026, 3, 31)),
        ("quarter", 3, date(2025, 12, 1), date(2026, 2, 28)),
        ("year", 4, date(2025, 4, 1), date(2026, 3, 31)),
        ("last-year", 4, date(2024, 4, 1), date(2025, 3, 31)),
    ],
)
def test_named_periods(name: str, month: int, first: date, last: date) -> None:
    assert named(name, TODAY, month) == (first, last)


@pytest.mark.parametrize(
    ("period", "before", "year"),
    [
        (
            (date(2026, 1, 1), date(2026, 3, 31)),
            (date(2025, 10, 1), date(2025, 12, 31)),
            (date(2025, 1, 1), date(2025, 3, 31)),
        ),
        (
            (date(2024, 2, 1), date(2024, 2, 29)),
            (date(2024, 1, 1), date(2024, 1, 31)),
            (date(2023, 2, 1), date(2023, 2, 28)),
        ),
        (
            (date(2025, 2, 1), date(2025, 2, 28)),
            (date(2025, 1, 1), date(2025, 1, 31)),
            (date(2024, 2, 1), date(2024, 2, 29)),
        ),
        (
            (date(2026, 1, 1), date(2026, 2, 14)),
            (date(2025, 11, 17), date(2025, 12, 31)),
            (date(2025, 1, 1), date(2025, 2, 14)),
        ),
    ],
)
def test_periods_before(period: Period, before: Period, year: Period) -> None:
    assert previous(period) == before
    assert year_before(period) == year


@given(st.dates(), st.dates())
def test_the_period_before_ends_where_it_begins(one: date, other: date) -> None:
    first, last = min(one, other), max(one, other)
    before = previous((first, last))
    assert before[0] <= before[1]
    if first > date.min:
        assert before[1] == first - timedelta(days=1)


@given(st.dates(), st.integers(1, 12), st.sampled_from(sorted(NAMED)))
def test_every_day_has_every_period(day: date, month: int, name: str) -> None:
    first, last = named(name, day, month)
    assert first <= last
    assert shifted(first, 0) == first
