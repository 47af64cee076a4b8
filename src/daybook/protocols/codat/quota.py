"""The headers that say how many requests a client has left today, and the refusal when none is.

There is no limit unless the server is given one; the headers are there all the same, as clients
read them unasked.
"""

from typing import Final

from daybook.domain.ids import Timestamp
from daybook.protocols.codat import times
from daybook.protocols.codat.errors import CodatError

UNLIMITED: Final = 1_000_000
"""The number shown where there is no limit; it never gets less."""

CLIENTS_COUNTED_MAX: Final = 10_000
"""Clients that are counted; beyond that, counting starts anew."""


class Quota:
    """Counts the requests of clients, by days in UTC. Used on the server's loop alone."""

    def __init__(self, per_day: int | None) -> None:
        self._per_day = per_day
        self._day = -1
        self._counts: dict[str, int] = {}

    def count(self, client: str, now: Timestamp) -> None:
        """Count a request. Raises `CodatError` where it is one too many."""
        if self._per_day is None:
            return
        day = now // times.DAY
        if day != self._day or len(self._counts) >= CLIENTS_COUNTED_MAX:
            self._day, self._counts = day, {}
        counted = self._counts.get(client, 0)
        if counted >= self._per_day:
            wait = self._reset(now) - now
            self.take(wait // times.SECOND + 1)
        self._counts[client] = counted + 1

    @staticmethod
    def take(wait_seconds: int) -> None:
        """Raise `CodatError` for a request that has to wait."""
        if wait_seconds:
            headers = (("Retry-After", str(wait_seconds)),)
            text = "You have made too many requests in a given amount of time; please retry later."
            raise CodatError(429, text, can_be_retried="True", headers=headers)

    def headers(self, client: str | None, now: Timestamp) -> tuple[tuple[str, str], ...]:
        """The headers of every answer; `client` is None where the caller is not known."""
        limit = UNLIMITED if self._per_day is None else self._per_day
        today = now // times.DAY == self._day
        used = self._counts.get(client or "", 0) if today else 0
        return (
            ("X-Rate-Limit-Limit", str(limit)),
            ("X-Rate-Limit-Remaining", str(max(limit - used, 0))),
            ("X-Rate-Limit-Reset", times.seconds(self._reset(now))),
        )

    @staticmethod
    def _reset(now: Timestamp) -> Timestamp:
        return Timestamp((now // times.DAY + 1) * times.DAY)
