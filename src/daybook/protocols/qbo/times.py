"""Moments as this wire writes them: in the company's time zone, with a numeric offset.

>>> seconds(Timestamp(1_770_138_847_512_345), zone("America/Los_Angeles"))
'2026-02-03T09:14:07-08:00'
>>> milliseconds(Timestamp(1_770_138_847_512_345), zone("America/Los_Angeles"))
'2026-02-03T09:14:07.512-08:00'
"""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from daybook.domain.ids import Timestamp

SECONDS_KEPT: Final = 1_024
"""Seconds whose text is kept, of some 100 bytes each: those of a page, and the present one."""

_TO_SECONDS: Final = len("2026-02-03T09:14:07")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name. The company's was checked when it was set."""
    return ZoneInfo(name)


def local(moment: Timestamp, where: ZoneInfo) -> datetime:
    """A moment as date and time of a zone."""
    return (_EPOCH + timedelta(microseconds=moment)).astimezone(where)


def seconds(moment: Timestamp, where: ZoneInfo) -> str:
    """Cut to seconds, as `MetaData` has it."""
    return _second(moment // 1_000_000, where)


def milliseconds(moment: Timestamp, where: ZoneInfo) -> str:
    """Cut to milliseconds, as the envelope's `time` has it."""
    second, below = divmod(moment, 1_000_000)
    text = _second(second, where)
    return f"{text[:_TO_SECONDS]}.{below // 1_000:03d}{text[_TO_SECONDS:]}"


@lru_cache(maxsize=SECONDS_KEPT)
def _second(number: int, where: ZoneInfo) -> str:
    """A second since 1970. Answers show the present one again and again."""
    return datetime.fromtimestamp(number, where).isoformat()


def today(moment: Timestamp, where: ZoneInfo) -> date:
    """The calendar date of a zone at a moment."""
    return local(moment, where).date()
