"""Moments as callers write them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.domain.ids import Timestamp
from daybook.protocols.qbo import times
from daybook.protocols.qbo.literals import moment_of

ZONE = "America/Los_Angeles"


def utc(text: str) -> Timestamp:
    """Microseconds of a moment written in UTC."""
    since = datetime.fromisoformat(f"{text}+00:00") - datetime(1970, 1, 1, tzinfo=UTC)
    return Timestamp(since // timedelta(microseconds=1))


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("2026-02-03", "2026-02-03T08:00:00"),
        ("2026-07-03", "2026-07-03T07:00:00"),
        ("2026-02-03T09:14:07", "2026-02-03T17:14:07"),
        ("2026-02-03-08:00", "2026-02-03T08:00:00"),
        ("2026-02-03Z", "2026-02-03T00:00:00"),
        ("2026-02-03 09:14:07", "2026-02-03T17:14:07"),
        ("2026-02-03T09:14", "2026-02-03T17:14:00"),
        (" 2026-02-03T09:14:07Z ", "2026-02-03T09:14:07"),
        ("2026-02-03t09:14:07z", "2026-02-03T09:14:07"),
        ("2026-02-03T09:14:07 Z", "2026-02-03T09:14:07"),
        ("2026-02-03T09:14:07-08:00", "2026-02-03T17:14:07"),
        ("2026-02-03T09:14:07-0800", "2026-02-03T17:14:07"),
        ("2026-02-03T09:14:07-08", "2026-02-03T17:14:07"),
        ("2026-02-03T09:14:07+05:30", "2026-02-03T03:44:07"),
        ("2026-02-03T09:14:07 +05:30", "2026-02-03T03:44:07"),
        ("2026-02-03T09:14:07 05:30", "2026-02-03T03:44:07"),
        ("2026-02-03T09:14:07 0530", "2026-02-03T03:44:07"),
        ("2026-02-03T09:14:07.512 01:00", "2026-02-03T08:14:07.512"),
        ("2026-02-03T09:14:07.5-08:00", "2026-02-03T17:14:07.5"),
        ("2026-02-03T09:14:07.123456789Z", "2026-02-03T09:14:07.123456"),
        ("1969-12-31T23:59:59.5Z", "1969-12-31T23:59:59.5"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59"),
    ],
)
def test_moments(text: str, meaning: str) -> None:
    assert moment_of(text, ZONE) == utc(meaning)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026",
        "20260203",
        "2026-02-03 0800",
        "2026-2-3",
        "2026-02-30",
        "2026-W05-2",
        "2026-02-03T",
        "2026-02-03T9:14",
        "2026-02-03T09:14:07junk",
        "2026-02-03T09:14:0708:00",
        "2026-02-03T24:00:00",
        "2026-02-03T09:14:60",
        "2026-02-03T09:14:07+24:00",
        "9999-12-31T23:59:59-08:00",
        "٢٠٢٦-02-03",
    ],
)
def test_what_is_no_moment(text: str) -> None:
    assert moment_of(text, ZONE) is None


@given(st.text(alphabet="0123456789-:TZ. +", max_size=40) | st.text())
def test_any_text_is_a_moment_or_none(text: str) -> None:
    moment = moment_of(text, ZONE)
    assert (
        moment is None or utc("0001-01-01T00:00:00") <= moment < utc("9999-12-31T23:59:59") + 10**6
    )


@given(st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)))
def test_times_that_are_shown_are_read_back(when: datetime) -> None:
    """Also with the `+` of the offset turned into a blank, in zones on both sides of Greenwich."""
    moment = Timestamp((when - datetime(1970, 1, 1)) // timedelta(microseconds=1))
    for name in (ZONE, "Europe/Berlin", "Asia/Kolkata"):
        where = times.zone(name)
        for shown in (times.seconds(moment, where), times.seconds(moment, where).replace("+", " ")):
            assert moment_of(shown, ZONE) == moment // 10**6 * 10**6
