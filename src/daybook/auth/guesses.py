"""Bounds on guessing passwords: failures counted by name and by address.

An attempt counts as failed from its beginning until it has succeeded, so that many at the same
moment are counted as well. The counts are in the memory of one process: a restart forgets them,
which helps nobody who has to wait minutes. Names are kept as digests, so that long ones take no
more room, and nothing is kept after its window.
"""

from collections import OrderedDict
from hashlib import sha256
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
        self._failures: OrderedDict[bytes, tuple[int, Timestamp]] = OrderedDict()
        """By digest, in the order their windows began."""

    def begin(self, name: str, peer: str) -> int:
        """Count an attempt; answers with 0, or in how many seconds another one is looked at.

        A name or address that is empty does not count.
        """
        now, peer = self._clock(), place_of(peer)
        bounds = (("name", name, OF_NAME_MAX), ("peer", peer, OF_PEER_MAX))
        keys = [(_key(kind, text), most) for kind, text, most in bounds if text]
        with self._lock:
            self._forget_ended(now)
            waits = [self._wait(key, most, now) for key, most in keys]
            if not any(waits):
                for key, _ in keys:
                    self._count(key, now)
        return max(waits, default=0)

    def succeed(self, name: str, peer: str) -> None:
        """Forget the failures with a name, and the one attempt from an address."""
        peer = place_of(peer)
        with self._lock:
            self._failures.pop(_key("name", name), None)
            key = _key("peer", peer)
            count, since = self._failures.get(key, (0, Timestamp(0)))
            if count > 0:
                self._failures[key] = (count - 1, since)

    def _forget_ended(self, now: Timestamp) -> None:
        while self._failures:
            _, since = next(iter(self._failures.values()))
            if now - since < WINDOW_SECONDS * _SECOND:
                return
            self._failures.popitem(last=False)

    def _wait(self, key: bytes, most: int, now: Timestamp) -> int:
        count, since = self._failures.get(key, (0, now))
        left = WINDOW_SECONDS - (now - since) // _SECOND
        return max(left, 1) if count >= most and left > 0 else 0

    def _count(self, key: bytes, now: Timestamp) -> None:
        count, since = self._failures.get(key, (0, now))
        self._failures[key] = (count + 1, since)
        if len(self._failures) > REMEMBERED_MAX:
            self._failures.popitem(last=False)


def _key(kind: str, text: str) -> bytes:
    return sha256(f"{kind} {text}".encode("utf-8", "surrogatepass")).digest()
