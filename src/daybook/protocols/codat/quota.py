"""The headers that say how many requests a client has left today, and the refusal when none is.

Clients are counted by their place (`views.place_of`): those of one name that open other books may
be strangers, and must not use up each other's requests.

There is no limit unless the server is given one; the headers are there all the same, as clients
read them unasked.
"""

from typing import Final

from daybook.domain.ids import Timestamp
from daybook.protocols.codat import times
from daybook.protocols.codat.errors import CodatError
from daybook.protocols.kit.plugin import Alone, Peers

UNLIMITED: Final = 1_000_000
"""The number shown where there is no limit; it never gets less."""

CLIENTS_COUNTED_MAX: Final = 10_000
"""Clients that are counted; beyond that, counting starts anew."""

_COUNTED: Final = "codat.counted"


class Quota:
    """Counts the requests of clients, by days in UTC. Used on the server's loop alone.

    Several processes tell one another what they count; what is lost on the way, or was told
    before a process began, is a client's gain.
    """

    def __init__(self, per_day: int | None, peers: Peers | None = None) -> None:
        self._per_day = per_day
        self._peers = peers or Alone()
        self._peers.hear(_COUNTED, self._heard)
        self._day = -1
        self._counts: dict[str, int] = {}

    def count(self, place: str, now: Timestamp) -> bool:
        """Count a request; whether it was the last. Raises `CodatError` for one too many."""
        if self._per_day is None:
            return False
        day = now // times.DAY
        counted = self._counted(place, day)
        if counted >= self._per_day:
            self.take((resets_at(now) - now) // times.SECOND + 1)
        self._counts[place] = counted + 1
        self._peers.tell(_COUNTED, b"%d %b" % (day, place.encode()))
        return counted + 1 == self._per_day

    @staticmethod
    def take(wait_seconds: int) -> None:
        """Raise `CodatError` for a request that has to wait."""
        if wait_seconds:
            headers = (("Retry-After", str(wait_seconds)),)
            text = "You have made too many requests in a given amount of time; please retry later."
            raise CodatError(429, text, can_be_retried="True", headers=headers)

    def _counted(self, place: str, day: int) -> int:
        """How many requests of a client are counted on a day, which becomes the day counted."""
        if day != self._day or len(self._counts) >= CLIENTS_COUNTED_MAX:
            self._day, self._counts = day, {}
        return self._counts.get(place, 0)

    def _heard(self, message: bytes) -> None:
        day, _, place = message.decode().partition(" ")
        if int(day) >= self._day:
            self._counts[place] = self._counted(place, int(day)) + 1

    def headers(self, place: str | None, now: Timestamp) -> tuple[tuple[str, str], ...]:
        """The headers of every answer; `place` is None where the caller is not known."""
        limit = UNLIMITED if self._per_day is None else self._per_day
        today = now // times.DAY == self._day
        used = self._counts.get(place or "", 0) if today else 0
        return (
            ("X-Rate-Limit-Limit", str(limit)),
            ("X-Rate-Limit-Remaining", str(max(limit - used, 0))),
            ("X-Rate-Limit-Reset", times.seconds(resets_at(now))),
        )


def resets_at(now: Timestamp) -> Timestamp:
    """When counting begins anew: at the next midnight in UTC."""
    return Timestamp((now // times.DAY + 1) * times.DAY)
