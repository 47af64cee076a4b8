"""Bounds on guessing passwords: failures counted by name and by address.

An attempt counts as failed from its beginning until it has succeeded, so that many at the same
moment are counted as well. The counts are in the memory of one process: a restart forgets them,
which helps nobody who has to wait minutes.
"""

from collections import OrderedDict
from ipaddress import IPv4Address, IPv6Network, ip_address
from threading import Lock
from typing import Final

from daybook.app.ports import Clock
from daybook.domain.ids import Timestamp

WINDOW_SECONDS: Final = 15 * 60
"""Seconds after the first of some failures when they count no more."""

OF_NAME_MAX: Final = 10
"""Failures with one name: a person mistypes a few times; a list of likely passwords is longer."""

OF_PEER_MAX: Final = 50
"""Failures from one address, behind which a whole office may sit."""

NETWORK_BITS: Final = 64
"""Bits of an IPv6 address that name a network: the smallest that is given to a household."""

REMEMBERED_MAX: Final = 10_000
"""Names and addresses whose failures are remembered; beyond it the oldest is forgotten."""

_SECOND: Final = 1_000_000


def place_of(peer: str) -> str:
    """What an address counts as: of IPv6 the network, since one machine has all its addresses."""
    try:
        address = ip_address(peer)
    except ValueError:
        return peer
    if isinstance(address, IPv4Address):
        return peer
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), NETWORK_BITS), strict=False))


class Guesses:
    """The failures of late. Used on any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._failures: OrderedDict[tuple[str, str], tuple[int, Timestamp]] = OrderedDict()

    def begin(self, name: str, peer: str) -> int:
        """Count an attempt; answers with 0, or in how many seconds another one is looked at."""
        now, peer = self._clock(), place_of(peer)
        bounds = (("name", name, OF_NAME_MAX), ("peer", peer, OF_PEER_MAX))
        with self._lock:
            waits = [self._wait(kind, text, most, now) for kind, text, most in bounds if text]
            if not any(waits):
                for kind, text, _ in bounds:
                    if text:
                        self._count((kind, text), now)
        return max(waits, default=0)

    def succeed(self, name: str, peer: str) -> None:
        """Forget the failures with a name, and the one attempt from an address."""
        peer = place_of(peer)
        with self._lock:
            self._failures.pop(("name", name), None)
            count, since = self._failures.get(("peer", peer), (0, Timestamp(0)))
            if count > 0:
                self._failures["peer", peer] = (count - 1, since)

    def _wait(self, kind: str, text: str, most: int, now: Timestamp) -> int:
        count, since = self._failures.get((kind, text), (0, now))
        left = WINDOW_SECONDS - (now - since) // _SECOND
        return max(left, 1) if count >= most and left > 0 else 0

    def _count(self, key: tuple[str, str], now: Timestamp) -> None:
        count, since = self._failures.get(key, (0, now))
        if now - since >= WINDOW_SECONDS * _SECOND:
            count, since = 0, now
        self._failures[key] = (count + 1, since)
        if not count:
            self._failures.move_to_end(key)
            if len(self._failures) > REMEMBERED_MAX:
                self._failures.popitem(last=False)
