"""Dates, amounts and other values as people and spreadsheets write them.

Nothing is guessed: `03/04/2026` has no meaning until it is known whether days or months come
first, and a comma is a thousands separator only where three digits follow it.

    >>> parse_date("03/04/2026", DateOrder.DAY_FIRST)
    datetime.date(2026, 4, 3)
    >>> plain_amount("(1,234.50)", DecimalMark.POINT)
    '-1234.50'
"""

import re
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from typing import Final

from daybook.app.journal_csv.limits import AMOUNT_CHARACTERS_MAX


class DateOrder(StrEnum):
    """In which order a date is written. A year of four digits in front always means itself."""

    YEAR_FIRST = "ymd"
    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


class DecimalMark(StrEnum):
    """What parts the decimals of an amount from the rest."""

    POINT = "point"
    COMMA = "comma"


_YEAR_FIRST: Final = re.compile(
    r"([0-9]{4})([-/. ]?)([0-9]{2})\2([0-9]{2})|([0-9]{4})[-/. ]([0-9]{1,2})[-/. ]([0-9]{1,2})",
    re.ASCII,
).fullmatch
_YEAR_LAST: Final = re.compile(
    r"([0-9]{1,2})([-/. ])([0-9]{1,2})\2([0-9]{4}|[0-9]{2})", re.ASCII
).fullmatch

_CENTURY: Final = 2000
"""Years of two digits are of this century: journals of the last one are not imported any more."""


def parse_date(text: str, order: DateOrder) -> date:
    """A date from text. Raises ValueError with the reason."""
    found = _YEAR_FIRST(text)
    if found is not None:
        year, month, day = found.group(1, 3, 4) if found[1] else found.group(5, 6, 7)
        return _date(int(year), int(month), int(day))
    found = _YEAR_LAST(text)
    if found is None or order is DateOrder.YEAR_FIRST:
        raise ValueError("not a date as in 2026-01-31")
    first, second, in_year = int(found[1]), int(found[3]), int(found[4])
    if len(found[4]) == 2:
        in_year += _CENTURY
    if order is DateOrder.DAY_FIRST:
        return _date(in_year, second, first)
    return _date(in_year, first, second)


def _date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise ValueError(f"no such day: year {year}, month {month}, day {day}") from None


def is_year_first(text: str) -> bool:
    """Whether a date says its order by itself."""
    return _YEAR_FIRST(text) is not None


class AmbiguousDates(ValueError):
    """Dates from which the order of day and month cannot be told."""


def detect_order(texts: Iterable[str]) -> DateOrder:
    """The one order in which all these dates can be read.

    Raises `AmbiguousDates` if days and months could be either, or contradict each other. Texts
    that are no dates at all are passed over: they are reported when they are read.
    """
    first_day: str | None = None  # a text whose first number can only be a day
    second_day: str | None = None
    either: str | None = None
    for text in texts:
        found = _YEAR_LAST(text)
        if found is None:
            continue
        first, second = int(found[1]), int(found[3])
        if first > 12 >= second:
            first_day = text
        elif second > 12 >= first:
            second_day = text
        elif first != second:
            either = text
    if first_day and second_day:
        raise AmbiguousDates(f"{first_day} has the day first, {second_day} the month")
    if first_day:
        return DateOrder.DAY_FIRST
    if second_day:
        return DateOrder.MONTH_FIRST
    if either:
        raise AmbiguousDates(f"{either} may have the day or the month first")
    # Nothing left to tell apart: no such dates, or only ones like 05/05/2026.
    return DateOrder.DAY_FIRST


class UnclearMark(ValueError):
    """An amount that depends on what the decimal mark is."""


_BLANKS: Final = " '\u2019\u00a0\u202f"


def _amount_pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    """A sign or parentheses, a currency sign, grouped or plain digits, decimals."""
    group = re.escape(thousands) + _BLANKS
    number = (
        rf"(?P<whole>[0-9]{{1,3}}(?P<gap>[{group}])[0-9]{{3}}(?:(?P=gap)[0-9]{{3}})*"
        rf"|[0-9]{{1,2}}(?:{re.escape(thousands)}[0-9]{{2}})+{re.escape(thousands)}[0-9]{{3}}"
        rf"|[0-9]*)(?:{re.escape(decimal)}(?P<decimals>[0-9]+))?"
    )
    return re.compile(
        rf"(?P<open>\()?(?P<sign>[-+\u2212]?)\s?[$\u00a3\u20ac\u00a5\u20b9]?\s?(?P<sign2>[-\u2212]?)"
        rf"{number}\s?[$\u00a3\u20ac\u00a5\u20b9]?(?P<trailing>-?)(?(open)\))",
        re.ASCII,
    )


_AMOUNTS: Final = {
    DecimalMark.POINT: _amount_pattern(".", ","),
    DecimalMark.COMMA: _amount_pattern(",", "."),
}


def plain_amount(text: str, mark: DecimalMark) -> str:
    """An amount as the ledger's own grammar writes it: `-1234.50`. Raises ValueError.

    Parentheses, a minus before or after and a currency sign are understood; thousands may be
    grouped with the other mark, blanks or apostrophes, in threes or as in 12,34,567.
    """
    found = _AMOUNTS[mark].fullmatch(text) if len(text) <= AMOUNT_CHARACTERS_MAX else None
    if found is None or not (found["whole"] or found["decimals"]):
        other = DecimalMark.COMMA if mark is DecimalMark.POINT else DecimalMark.POINT
        if _AMOUNTS[other].fullmatch(text):
            message = f"not an amount with a decimal {mark}; is the decimal mark a {other}?"
            raise UnclearMark(message)
        raise ValueError(f"not an amount with a decimal {mark}")
    signs = (found["open"], found["sign"] not in ("", "+"), found["sign2"], found["trailing"])
    negative = [sign for sign in signs if sign]
    if len(negative) > 1:
        raise ValueError("more than one sign")
    whole = re.sub("[^0-9]", "", found["whole"]) or "0"
    decimals = f".{found['decimals']}" if found["decimals"] else ""
    return ("-" if negative else "") + whole + decimals


def is_grouped_only(text: str) -> bool:
    """Whether an amount has one separator and three digits after it: thousands, or decimals."""
    return re.fullmatch(r"[^0-9]*[0-9]{1,3}[.,][0-9]{3}[^0-9]*", text, re.ASCII) is not None


_TRUE: Final = frozenset({"yes", "true", "y", "t", "1", "x"})
_FALSE: Final = frozenset({"", "no", "false", "n", "f", "0"})


def parse_flag(text: str) -> bool:
    """Yes or no, as spreadsheets write it. Raises ValueError."""
    folded = text.strip().casefold()
    if folded in _TRUE:
        return True
    if folded in _FALSE:
        return False
    raise ValueError("neither yes nor no")


_ESCAPED: Final = re.compile(r"\\(.)|([;=])", re.DOTALL)


def parse_tracking(text: str) -> tuple[tuple[str, str], ...]:
    r"""Pairs of category and value from `Region=North; Campaign=Spring`. Raises ValueError.

    A backslash takes the meaning off a `;`, `=` or backslash that is part of a name.
    """
    pairs: list[tuple[str, str]] = []
    parts = [""]
    at = 0
    for found in [*_ESCAPED.finditer(text), None]:
        parts[-1] += text[at : found.start() if found else len(text)]
        if found is not None and found[1] is not None:
            parts[-1] += found[1]
        elif found is not None and found[2] == "=":
            parts.append("")
        else:
            names = [part.strip() for part in parts]
            if len(names) == 2 and all(names):
                pairs.append((names[0], names[1]))
            elif any(names):
                raise ValueError("not as in Region=North; Campaign=Spring")
            parts = [""]
        at = found.end() if found else at
    return tuple(pairs)


def tracking_text(pairs: Iterable[tuple[str, str]]) -> str:
    """Pairs of category and value as `parse_tracking` reads them."""
    return "; ".join(f"{_escape(category)}={_escape(value)}" for category, value in pairs)


def _escape(text: str) -> str:
    return re.sub(r"([\\;=])", r"\\\1", text)
