"""A clock that tests own."""

from daybook.domain.ids import Timestamp

START = Timestamp(1_790_000_000_000_000)
"""A moment on 2026-09-21."""


class TestClock:
    """Stands still unless `step` says by how many microseconds it moves on when read.

    Tests set `now` as they like, also back.
    """

    __test__ = False  # not a test, whatever its name says

    def __init__(self, now: int = START, step: int = 0) -> None:
        self.now = now
        self.step = step

    def __call__(self) -> Timestamp:
        now = self.now
        self.now += self.step
        return Timestamp(now)
