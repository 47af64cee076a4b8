"""Moments in the company's zone, with a numeric offset on either side of a change of clocks."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.domain.ids import Timestamp
from daybook.protocols.qbo import times

WINTER = Timestamp(1_770_138_847_512_999)
SUMMER = Timestamp(1_784_138_847_000_001)


@pytest.mark.parametrize(
    ("moment", "zone", "seconds", "milliseconds"),
    [
        (WINTER, "UTC", "2026-02-03T17:14:07+00:00", "2026-02-03T17:14:07.512+00:00"),
        (
            WINTER,
            "America/Los_Angeles",
            "2026-02-03T09:14:07-08:00",
            "2026-02-03T09:14:07.512-08:00",
        ),
        (
            SUMMER,
            "America/Los_Angeles",
            "2026-07-15T11:07:27-07:00",
            "2026-07-15T11:07:27.000-07:00",
        ),
        (WINTER, "Asia/Kolkata", "2026-02-03T22:44:07+05:30", "2026-02-03T22:44:07.512+05:30"),
    ],
)
def test_moments(moment: Timestamp, zone: str, seconds: str, milliseconds: str) -> None:
    assert times.seconds(moment, times.zone(zone)) == seconds
    assert times.milliseconds(moment, times.zone(zone)) == milliseconds


def test_the_day_is_that_of_the_zone() -> None:
    assert times.today(WINTER, times.zone("UTC")) == date(2026, 2, 3)
    assert times.today(WINTER, times.zone("Pacific/Kiritimati")) == date(2026, 2, 4)


@given(
    st.integers(-(10**15), 4 * 10**15).map(Timestamp),
    st.sampled_from(["UTC", "America/Los_Angeles", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_texts_are_those_of_the_standard_library(moment: Timestamp, name: str) -> None:
    where = times.zone(name)
    shown = times.local(moment, where)
    assert times.seconds(moment, where) == shown.replace(microsecond=0).isoformat()
    assert times.milliseconds(moment, where) == shown.isoformat(timespec="milliseconds")
