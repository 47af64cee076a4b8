"""Bounds on guessing passwords: failures counted by name and network, by network, and by name.

    of a name from one network     a person mistypes a few times; a list of passwords is longer
    from one network               whoever tries one password with many names
    of a name from everywhere      whoever tries one name from many networks

The last bound would let strangers lock somebody out, so it is far above the others and does not
hold for networks from which that name has signed in of late (see `places`). What remains to a
stranger is the network they share with somebody, and what remains to a spread guesser is
`OF_NAME_MAX` guesses in a window.

An attempt counts as failed from its beginning until it has succeeded, so that many at the same
moment are counted as well. The counts are in memory, and the processes of one server tell one
another of attempts: a restart forgets them, which helps nobody who has to wait minutes. Names are
kept as digests, so that long ones take no more room, and nothing is kept after its window.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from threading import Lock
from typing import Final

from daybook.app.networks import network_of
from daybook.app.ports import Clock
from daybook.domain.ids import Timestamp
from daybook.protocols.kit.plugin import Alone, Peers

WINDOW_SECONDS: Final = 15 * 60
"""Seconds after the first of some failures when they count no more."""

OF_PAIR_MAX: Final = 10
"""Failures with one name from one network: a person mistypes a few times; a list of likely
passwords is longer."""

OF_PLACE_MAX: Final = 50
"""Failures from one network, behind which a whole office may sit."""

OF_NAME_MAX: Final = 100
"""Failures with one name from all networks, after which only those count from which that name has
signed in: ten networks that have each had their fill, and ten thousand guesses a day at most."""

REMEMBERED_MAX: Final = 50_000
"""Names, networks and pairs of them whose failures are remembered, some 15 MiB; beyond it the
oldest is forgotten. To push one out takes failures from hundreds of networks in a window."""

_PAIR, _PLACE, _NAME = range(3)
_BOUNDS: Final = {_PAIR: OF_PAIR_MAX, _PLACE: OF_PLACE_MAX, _NAME: OF_NAME_MAX}

_KEY_BYTES: Final = 32
_SECOND: Final = 1_000_000


def nobody_known(name: str, peer: str) -> bool:
    """A network that nobody has signed in from."""
    return False


class Guesses:
    """The failures of late at one door. Used on any thread."""

    def __init__(
        self,
        clock: Clock,
        knows: Callable[[str, str], bool] = nobody_known,
        peers: Peers | None = None,
        door: str = "door",
    ) -> None:
        """`knows` says whether a name has signed in from an address; `door` is what the processes
        of one server call this among one another.
        """
        self._clock = clock
        self._knows = knows
        self._lock = Lock()
        self._failures: OrderedDict[bytes, tuple[int, Timestamp]] = OrderedDict()
        """By what is counted, in the order their windows began."""
        self._peers = peers or Alone()
        self._began, self._succeeded = f"{door}.attempt", f"{door}.success"
        self._peers.hear(self._began, lambda message: self._count_all(_parted(message)))
        self._peers.hear(self._succeeded, lambda message: self._forget(_parted(message)))

    def begin(self, name: str, peer: str) -> int:
        """Count an attempt; answers with 0, or in how many seconds another one is looked at.

        A name or address that is empty does not count.
        """
        keys = _keys(name, peer)
        wait = self._begin(keys, keys)
        if wait and self._knows(name, peer):
            wait = self._begin([key for key in keys if key[0] != _NAME], keys)
        if not wait:
            self._peers.tell(self._began, b"".join(keys))
        return wait

    def succeed(self, name: str, peer: str) -> None:
        """Forget the failures with a name from a network, and elsewhere the one attempt."""
        keys = _keys(name, peer)
        self._forget(keys)
        self._peers.tell(self._succeeded, b"".join(keys))

    def _begin(self, looked_at: Sequence[bytes], counted: Sequence[bytes]) -> int:
        """Count an attempt unless something has reached its bound; answers as `begin` does."""
        with self._lock:
            now = self._clock()
            self._forget_ended(now)
            wait = max((self._wait(key, now) for key in looked_at), default=0)
            if not wait:
                self._count(counted, now)
        return wait

    def _count_all(self, keys: Iterable[bytes]) -> None:
        with self._lock:
            now = self._clock()
            self._forget_ended(now)
            self._count(keys, now)

    def _forget(self, keys: Iterable[bytes]) -> None:
        with self._lock:
            for key in keys:
                count, since = self._failures.get(key, (0, Timestamp(0)))
                if key[0] == _PAIR:
                    self._failures.pop(key, None)
                elif count > 0:
                    self._failures[key] = (count - 1, since)

    def _forget_ended(self, now: Timestamp) -> None:
        while self._failures:
            _, since = next(iter(self._failures.values()))
            if now - since < WINDOW_SECONDS * _SECOND:
                return
            self._failures.popitem(last=False)

    def _wait(self, key: bytes, now: Timestamp) -> int:
        count, since = self._failures.get(key, (0, now))
        left = WINDOW_SECONDS - (now - since) // _SECOND
        return max(left, 1) if count >= _BOUNDS[key[0]] and left > 0 else 0

    def _count(self, keys: Iterable[bytes], now: Timestamp) -> None:
        for key in keys:
            count, since = self._failures.get(key, (0, now))
            self._failures[key] = (count + 1, since)
        while len(self._failures) > REMEMBERED_MAX:
            self._failures.popitem(last=False)


def _keys(name: str, peer: str) -> list[bytes]:
    """What is counted of an attempt: each the kind and a digest, all of one length."""
    place = network_of(peer)
    found = []
    if name and place:
        found.append(_key(_PAIR, f"{place} {name}"))
    if place:
        found.append(_key(_PLACE, place))
    if name:
        found.append(_key(_NAME, name))
    return found


def _key(kind: int, text: str) -> bytes:
    digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
    return bytes([kind]) + digest[: _KEY_BYTES - 1]


def _parted(message: bytes) -> list[bytes]:
    """The keys of a message of another process."""
    starts = range(0, len(message), _KEY_BYTES)
    return [message[start : start + _KEY_BYTES] for start in starts]
