"""What the trail of access tells of sign-ins: each that begins something, and failures by number.

A program that connects anew for every query signs in all day: of one name from one address at one
wire that is one session for the trail while it goes on, told once in `SESSION_SECONDS`. Strangers
choose how often they fail; so of all failures `FAILED_MAX` in a window are told one by one, and of
the others how many they were, with the next that is told. Each process counts by itself.

Nobody is turned away because the trail cannot be kept, since reading goes on where a store takes no
writes: the log has what the trail lacks.
"""

import logging
from collections import OrderedDict
from threading import Lock
from typing import Final

from daybook.app.ports import Clock, StoreFailure
from daybook.app.trail import By, Happening, Trail, What
from daybook.domain.ids import Timestamp

SESSION_SECONDS: Final = 3_600
"""Seconds in which further sign-ins of a name from an address are the same session's."""

SESSIONS_MAX: Final = 10_000
"""Sessions that are remembered; beyond it the oldest is forgotten, and told once more."""

FAILED_MAX: Final = 1_000
"""Failures told one by one in a window: twenty networks that have each had their fill."""

WINDOW_SECONDS: Final = 15 * 60
"""Seconds of such a window: that of the bounds on guessing."""

UNKNOWN_NAME: Final = "(nobody)"
"""What stands in the trail for a name that nobody has: it may be a password in the wrong field."""

_SECOND: Final = 1_000_000
_log: Final = logging.getLogger(__name__)


class SignIns:
    """Tells a trail of sign-ins. Used on any thread; writes."""

    def __init__(self, trail: Trail, clock: Clock) -> None:
        self._trail = trail
        self._clock = clock
        self._lock = Lock()
        self._sessions: OrderedDict[tuple[str, str, str], Timestamp] = OrderedDict()
        """By wire, name and address, in the order they were told."""
        self._since = Timestamp(0)
        self._failed = 0

    def entered(self, name: str, by: By) -> None:
        """Somebody has signed in, perhaps as before."""
        key, now = (by.client, name, by.peer), self._clock()
        with self._lock:
            while self._sessions:
                oldest, told_at = next(iter(self._sessions.items()))
                if now - told_at < SESSION_SECONDS * _SECOND and (
                    len(self._sessions) < SESSIONS_MAX
                ):
                    break
                del self._sessions[oldest]
            if key in self._sessions:
                return
            self._sessions[key] = now
        if not self._is_kept(Happening(What.SIGNED_IN, name, by)):
            with self._lock:
                self._sessions.pop(key, None)  # the next one is told again

    def began(self, name: str, by: By) -> None:
        """Somebody has begun a session that has a record of its own."""
        self._is_kept(Happening(What.SIGNED_IN, name, by))

    def failed(self, name: str | None, by: By) -> None:
        """A password was wrong; `name` is None where nobody is called so."""
        with self._lock:
            now, left_out = self._clock(), 0
            if now - self._since >= WINDOW_SECONDS * _SECOND:
                left_out = max(self._failed - FAILED_MAX, 0)
                self._since, self._failed = now, 0
            self._failed += 1
            if self._failed > FAILED_MAX:
                return
        note = f"{left_out} more before it" if left_out else ""
        subject = UNKNOWN_NAME if name is None else name
        self._is_kept(Happening(What.SIGN_IN_FAILED, subject, by, note=note))

    def _is_kept(self, happening: Happening) -> bool:
        """Keep what has happened in the trail, or tell the log; whether the trail has it."""
        try:
            self._trail.note(happening)
        except StoreFailure as failure:
            what, subject, by = happening.what.value, happening.subject, happening.by
            text = "the trail of access lacks %s of %r over %s from %s: %s"
            _log.warning(text, what, subject, by.client, by.peer, failure)
            return False
        return True
