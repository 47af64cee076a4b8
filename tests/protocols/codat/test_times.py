"""Moments and dates, as they are written and read."""

from datetime import date

import pytest

from daybook.domain.ids import Timestamp
from daybook.protocols.codat import times

MOMENT = Timestamp(1_770_138_847_512_345)


def test_written_forms() -> None:
    assert times.utc(MOMENT) == "2026-02-03T17:14:07.512345Z"
    assert times.utc(Timestamp(MOMENT - 345)) == "2026-02-03T17:14:07.512Z"
    assert times.seconds(MOMENT) == "2026-02-03T17:14:07Z"
    assert times.milliseconds(MOMENT) == "2026-02-03T17:14:07.512Z"
    assert times.day(date(2026, 2, 3)) == "2026-02-03T00:00:00"
    assert times.local_day(MOMENT, "Asia/Tokyo") == date(2026, 2, 4)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-01", 0),
        ("1970-01-02T00:00:00", 86_400),
        (" 1970-01-01T01:00:00Z ", 3_600),
        ("1970-01-01t01:00:00z", 3_600),
        ("1970-01-01 01:00", 3_600),
        ("1970-01-01T00:00:00-05:00", 18_000),
        ("1970-01-01T00:00:00+0530", -19_800),
        ("1970-01-01T00:00:00.5Z", 0.5),
        ("1970-01-01T00:00:00.0000019Z", 0.000001),
        ("0001-01-01", -62_135_596_800),
    ],
)
def test_what_is_read(text: str, seconds: float) -> None:
    assert times.read(text) == round(seconds * 1_000_000)


@pytest.mark.parametrize(
    "text",
    [
        *("", "8484", "x", "2026-02-30", "2026-13-01", "26-01-01", "2026-1-1", "0000-01-01"),
        *("2026-01-01T25:00:00", "2026-01-01T00:60", "2026-01-01T00:00:61", "2026-01-01T"),
        *("2026-01-01T00:00:00+24:00", "2026-01-01Z", "2026-01-01T00:00:00.Z", "٢٠٢٦-01-01"),
    ],
)
def test_what_is_not_a_moment(text: str) -> None:
    assert times.read(text) is None
    assert times.read_day(text) is None


def test_a_day_is_the_one_that_is_written() -> None:
    assert times.read_day("2026-02-03T23:00:00-05:00") == date(2026, 2, 3)


def test_days_begin_when_they_do_in_their_zone() -> None:
    assert times.start_of_day(date(1970, 1, 2), "UTC") == times.DAY
    assert times.start_of_day(date(2026, 7, 1), "Europe/London") == times.read(
        "2026-06-30T23:00:00Z"
    )
    assert times.start_of_day(date.min, "Asia/Tokyo") == times.read("0001-01-01")
    assert times.date_of(0) == date(1970, 1, 1)
    assert times.date_of(10**9) is None
