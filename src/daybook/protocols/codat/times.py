"""Moments and dates as this wire writes and reads them.

>>> utc(Timestamp(1_770_138_847_512_345))
'2026-02-03T17:14:07.512345Z'
>>> seconds(Timestamp(1_770_138_847_512_345))
'2026-02-03T17:14:07Z'
>>> day(date(2026, 2, 3))
'2026-02-03T00:00:00'
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from daybook.domain.ids import Timestamp

SECOND: Final = 1_000_000
"""Microseconds."""
DAY: Final = 86_400 * SECOND

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ORDINAL: Final = date(1970, 1, 1).toordinal()

_LITERAL: Final = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
    r"(?:[Tt ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.(?P<fraction>\d{1,9}))?)?"
    r"(?P<offset>[Zz]|[+-]\d\d:?\d\d)?)?",
    re.ASCII,
)


def utc(moment: Timestamp) -> str:
    """A moment in UTC with as many fractional digits as it has."""
    at = _EPOCH + timedelta(microseconds=moment)
    text = at.isoformat()[:19]
    fraction = f"{at.microsecond:06}".rstrip("0")
    return f"{text}.{fraction}Z" if fraction else f"{text}Z"


def milliseconds(moment: Timestamp) -> str:
    """A moment in UTC, cut to milliseconds, as events have it."""
    at = _EPOCH + timedelta(microseconds=moment)
    return f"{at.isoformat()[:19]}.{at.microsecond // 1_000:03}Z"


def seconds(moment: Timestamp) -> str:
    """A moment in UTC, cut to seconds."""
    return (_EPOCH + timedelta(seconds=moment // SECOND)).isoformat()[:19] + "Z"


def day(on: date) -> str:
    """A calendar date, without a zone."""
    return f"{on.isoformat()}T00:00:00"


def local_day(moment: Timestamp, zone: str) -> date:
    """The calendar date of a moment in a time zone."""
    return (_EPOCH + timedelta(microseconds=moment)).astimezone(_zone(zone)).date()


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def start_of_day(on: date, zone: str) -> Timestamp:
    """The moment at which a date begins in a time zone."""
    if on.year < 2:  # a zone may put the moment before the first year
        return Timestamp((on.toordinal() - _EPOCH_ORDINAL) * DAY)
    begun = datetime(on.year, on.month, on.day, tzinfo=_zone(zone)).astimezone(UTC) - _EPOCH
    return Timestamp(begun // timedelta(microseconds=1))


def read(text: str) -> Timestamp | None:
    """A moment as callers write it, or None: a date, or a date and time with or without offset.

    What has no offset counts as UTC. Digits below a microsecond are dropped.
    """
    found = _LITERAL.fullmatch(text.strip())
    if found is None:
        return None
    try:
        on = date(int(found["year"]), int(found["month"]), int(found["day"]))
    except ValueError:
        return None
    hour, minute, second = (int(found[each] or 0) for each in ("hour", "minute", "second"))
    if hour > 23 or minute > 59 or second > 59:
        return None
    offset = _offset(found["offset"])
    if offset is None:
        return None
    whole = (on.toordinal() - _EPOCH_ORDINAL) * 86_400 + hour * 3_600 + minute * 60 + second
    micros = int((found["fraction"] or "")[:6].ljust(6, "0"))
    return Timestamp((whole - offset) * SECOND + micros)


def read_day(text: str) -> date | None:
    """The calendar date that a text names, whatever its time of day and offset, or None."""
    if read(text) is None:
        return None
    return date.fromisoformat(text.strip()[:10])


def _offset(text: str | None) -> int | None:
    """Seconds east of UTC; None for an offset that no clock has."""
    if text is None or text in "Zz":
        return 0
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 23 or minutes > 59:
        return None
    seconds = hours * 3_600 + minutes * 60
    return -seconds if text[0] == "-" else seconds


def date_of(days: int) -> date | None:
    """The date that is a number of days from 1970-01-01, or None outside the calendar."""
    ordinal = days + _EPOCH_ORDINAL
    return date.fromordinal(ordinal) if 1 <= ordinal <= date.max.toordinal() else None
