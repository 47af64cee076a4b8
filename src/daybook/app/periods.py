"""Periods that people report by: months, quarters, fiscal years, and the ones before them.

    named("year", date(2026, 3, 14), 4)               # 2025-04-01 to 2026-03-31
    previous((date(2026, 1, 1), date(2026, 3, 31)))   # 2025-10-01 to 2025-12-31

Whole months go back by as many months, other periods by as many days.
"""

from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Final

Period = tuple[date, date]
"""The first and the last day."""


def _year_start(day: date, start_month: int) -> date:
    return date(max(day.year - (day.month < start_month), 1), start_month, 1)


def _month(day: date, _: int) -> Period:
    return day.replace(day=1), _month_end(day)


def _last_month(day: date, _: int) -> Period:
    end = day.replace(day=1) - timedelta(days=1)
    return end.replace(day=1), end


def _quarter(day: date, start_month: int) -> Period:
    behind = (day.month - start_month) % 3
    first = shifted(day.replace(day=1), -behind)
    return first, _month_end(shifted(first, 2))


def _year(day: date, start_month: int) -> Period:
    first = _year_start(day, start_month)
    return first, _month_end(shifted(first, 11))


def _last_year(day: date, start_month: int) -> Period:
    first = shifted(_year_start(day, start_month), -12)
    return first, _month_end(shifted(first, 11))


def _year_to_date(day: date, start_month: int) -> Period:
    return _year_start(day, start_month), day


NAMED: Final[Mapping[str, tuple[str, Callable[[date, int], Period]]]] = {
    "year-to-date": ("This fiscal year to date", _year_to_date),
    "month": ("This month", _month),
    "last-month": ("Last month", _last_month),
    "quarter": ("This quarter", _quarter),
    "year": ("This fiscal year", _year),
    "last-year": ("Last fiscal year", _last_year),
}
"""Periods by name, with what people call them."""


def named(name: str, today: date, fiscal_year_start: int) -> Period:
    """The period of a name in `NAMED` that a day is in, or before it."""
    return NAMED[name][1](max(today, date(2, 12, 31)), fiscal_year_start)


def previous(period: Period) -> Period:
    """The period of the same length right before one; cut off at the first day there is."""
    first, last = period
    if first == date.min:
        return date.min, date.min
    end = first - timedelta(days=1)
    if first.day == 1 and last == _month_end(last) and first <= last:
        months = (last.year - first.year) * 12 + last.month - first.month + 1
        return shifted(first, -months), end
    days = max((last - first).days, 0)
    return date.fromordinal(max(end.toordinal() - days, 1)), end


def year_before(period: Period) -> Period:
    """The same days of the year before; the end of a month stays one."""
    first, last = period
    earlier = shifted(last, -12)
    return shifted(first, -12), _month_end(earlier) if last == _month_end(last) else earlier


def shifted(day: date, months: int) -> date:
    """A day so many months later, the last of its month where that has fewer; never before year 1
    or beyond the last year there is.
    """
    counted = day.year * 12 + day.month - 1 + months
    counted = min(max(counted, 12), date.max.year * 12 + 11)
    year, month = divmod(counted, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])
