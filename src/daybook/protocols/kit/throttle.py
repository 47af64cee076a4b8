"""How many requests a client may make, for a company or in all, in some seconds.

A rate is a bucket that holds `count` requests and fills evenly within `seconds`: a pause is given
back, a burst is served up to the count. Each interface counts by itself, as each original does, and
says in its own shape that there were too many. Counts are in memory; several processes of one
server tell one another of requests, so that what is set holds for all of them together.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from enum import StrEnum
from math import ceil
from typing import Final

from daybook.domain.values import value
from daybook.protocols.kit import json

COUNT_MAX: Final = 1_000_000
SECONDS_MAX: Final = 86_400
"""Largest rate that can be set: what is meant to be more is no limit."""

BUCKETS_MAX: Final = 20_000
"""Clients and companies whose requests are counted; beyond it the least recent is forgotten."""

_RATE: Final = re.compile(r"(client|company|pair)=([0-9]{1,7})/([0-9]{1,5})", re.ASCII).fullmatch


class Per(StrEnum):
    """What requests are counted by."""

    CLIENT = "client"
    COMPANY = "company"
    PAIR = "pair"
    """A client's requests for one company."""


@value
class Rate:
    """At most `count` requests in `seconds`."""

    per: Per
    count: int
    seconds: int


def rates_of(text: str) -> tuple[Rate, ...]:
    """The rates of a setting such as `company=500/60,pair=10/1`; none for `off` or nothing.

    Raises ValueError with a sentence for what is none.
    """
    if text.strip().lower() in ("", "off"):
        return ()
    rates = []
    for piece in text.replace(" ", "").split(","):
        found = _RATE(piece)
        if found is None or not 0 < int(found[2]) <= COUNT_MAX or not int(found[3]) > 0:
            raise ValueError("client, company or pair =COUNT/SECONDS is wanted, parted by commas")
        if int(found[3]) > SECONDS_MAX:
            raise ValueError(f"a rate is counted over {SECONDS_MAX} seconds at most")
        rates.append(Rate(Per(found[1]), int(found[2]), int(found[3])))
    return tuple(rates)


_Left = list[tuple[tuple[Rate, Hashable], float]]


class Throttle:
    """The requests of late. Used on the server's loop alone."""

    def __init__(
        self,
        rates: Sequence[Rate] = (),
        now: Callable[[], float] = time.monotonic,
        tell: Callable[[bytes], None] | None = None,
    ) -> None:
        """`now` is in seconds, from any moment on; `tell` tells other processes of a request."""
        self._rates = tuple(rates)
        self._tell = tell
        self._now = now
        self._buckets: OrderedDict[tuple[Rate, Hashable], tuple[float, float]] = OrderedDict()

    @property
    def counts_companies(self) -> bool:
        """Whether it matters which company a request is about."""
        return any(rate.per is not Per.CLIENT for rate in self._rates)

    def wait(self, wire: str, client: str, company: str | int | None = None) -> int:
        """Count a request; 0, or the seconds after which there is room for another one.

        A request that has to wait counts for no rate. Without a company only clients are counted.
        """
        if not self._rates:
            return 0
        now = self._now()
        left = self._left(wire, client, company, now)
        for (rate, _), tokens in left:
            if tokens < 1:
                return max(ceil((1 - tokens) * rate.seconds / rate.count), 1)
        self._take(left, now)
        if self._tell is not None:
            self._tell(json.encode([wire, client, company]))
        return 0

    def hear(self, message: bytes) -> None:
        """Count a request that another process has let pass."""
        wire, client, company = json.decode(message)
        now = self._now()
        self._take(self._left(wire, client, company, now), now)

    def _left(self, wire: str, client: str, company: str | int | None, now: float) -> _Left:
        """The buckets of a request, and how many more there is room for in each."""
        left = []
        for rate in self._rates:
            key = _key(rate, wire, client, company)
            if key is None:
                continue
            tokens, since = self._buckets.get((rate, key), (float(rate.count), now))
            tokens += (now - since) * rate.count / rate.seconds
            left.append(((rate, key), min(tokens, float(rate.count))))
        return left

    def _take(self, left: _Left, now: float) -> None:
        """Take a request out of its buckets."""
        for bucket, tokens in left:
            self._buckets[bucket] = (max(tokens - 1, 0.0), now)
            self._buckets.move_to_end(bucket)
        while len(self._buckets) > BUCKETS_MAX:
            self._buckets.popitem(last=False)


def _key(rate: Rate, wire: str, client: str, company: Hashable) -> Hashable | None:
    match rate.per:
        case Per.CLIENT:
            return wire, client
        case Per.COMPANY:
            return None if company is None else (wire, company)
        case Per.PAIR:
            return None if company is None else (wire, client, company)
