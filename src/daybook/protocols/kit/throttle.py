"""How many requests a client may make, for a company or in all, in some seconds.

A rate is a bucket that holds `count` requests and fills evenly within `seconds`: a pause is given
back, a burst is served up to the count. Each interface counts by itself, as each original does, and
says in its own shape that there were too many. Counts are in the memory of one process.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from enum import StrEnum
from math import ceil
from typing import Final

from daybook.domain.values import value

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


class Throttle:
    """The requests of late. Used on the server's loop alone."""

    def __init__(
        self, rates: Sequence[Rate] = (), now: Callable[[], float] = time.monotonic
    ) -> None:
        """`now` is in seconds, from any moment on."""
        self._rates = tuple(rates)
        self._now = now
        self._buckets: OrderedDict[tuple[Rate, Hashable], tuple[float, float]] = OrderedDict()

    def wait(self, wire: str, client: str, company: Hashable = None) -> int:
        """Count a request; 0, or the seconds after which there is room for another one.

        A request that has to wait counts for no rate. Without a company only clients are counted.
        """
        if not self._rates:
            return 0
        now, left = self._now(), []
        for rate in self._rates:
            key = _key(rate, wire, client, company)
            if key is None:
                continue
            tokens, since = self._buckets.get((rate, key), (float(rate.count), now))
            tokens = min(tokens + (now - since) * rate.count / rate.seconds, rate.count)
            if tokens < 1:
                return max(ceil((1 - tokens) * rate.seconds / rate.count), 1)
            left.append(((rate, key), tokens - 1))
        for bucket, tokens in left:
            self._buckets[bucket] = (tokens, now)
            self._buckets.move_to_end(bucket)
        while len(self._buckets) > BUCKETS_MAX:
            self._buckets.popitem(last=False)
        return 0


def _key(rate: Rate, wire: str, client: str, company: Hashable) -> Hashable | None:
    match rate.per:
        case Per.CLIENT:
            return wire, client
        case Per.COMPANY:
            return None if company is None else (wire, company)
        case Per.PAIR:
            return None if company is None else (wire, client, company)
