"""Bounds on guessing passwords: failures counted by name and network, by network, and by name.

    of a name from one network     a person mistypes a few times; a list of passwords is longer
    from one network               whoever tries one password with many names
    from a block of networks       one customer of IPv6 has up to 65,536 networks
    of a name from everywhere      whoever tries one name from many networks

The last two bounds would let strangers lock somebody out, so they are far above the others and do
not hold for networks from which that name has signed in of late (see `places`). What remains to a
stranger is the network they share with somebody, and what remains to a spread guesser is
`OF_NAME_MAX` guesses in a window.

Each is remembered for itself, and names that somebody has apart from those that nobody has: who
makes up names pushes none out that there is. Both wait alike, since it would tell which is which.

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

from daybook.app.networks import block_of, network_of
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

OF_BLOCK_MAX: Final = 200
"""Failures from one block of IPv6 networks: four that have each had their fill. A telephone company
may have more customers in one, so it does not hold where the name has signed in."""

OF_NAME_MAX: Final = 100
"""Failures with one name from all networks, after which only those count from which that name has
signed in: ten networks that have each had their fill, and ten thousand guesses a day at most."""

REMEMBERED_MAX: Final = 20_000
"""Names, networks, blocks and pairs whose failures are remembered, of each as many, some 6 MiB;
beyond it the oldest of its kind is forgotten. To push a network out takes a hundred blocks."""

_PAIR, _PLACE, _NAME, _STRANGER, _BLOCK = range(5)
"""What is counted; a stranger is a name that nobody has."""
_BOUNDS: Final = (OF_PAIR_MAX, OF_PLACE_MAX, OF_NAME_MAX, OF_NAME_MAX, OF_BLOCK_MAX)
_HOLD_FOR_ALL: Final = (_PAIR, _PLACE)
"""What holds for those too who have signed in from where they are."""

_KEY_BYTES: Final = 32
_SECOND: Final = 1_000_000


def nobody_known(name: str, peer: str) -> bool:
    """A network that nobody has signed in from."""
    return False


def nobody(name: str) -> bool:
    """A name that nobody has."""
    return False


_Failures = OrderedDict[bytes, tuple[int, Timestamp]]
"""How many there were of each key, and since when."""


class Guesses:
    """The failures of late at one door. Used on any thread."""

    def __init__(
        self,
        clock: Clock,
        knows: Callable[[str, str], bool] = nobody_known,
        peers: Peers | None = None,
        door: str = "door",
        is_somebody: Callable[[str], bool] = nobody,
    ) -> None:
        """`knows` says whether a name has signed in from an address, `is_somebody` whether there is
        anybody of a name; `door` is what the processes of one server call this among one another.
        """
        self._clock = clock
        self._knows = knows
        self._is_somebody = is_somebody
        self._lock = Lock()
        self._failures = tuple(_Failures() for _ in _BOUNDS)
        """By what is counted, each in the order their windows began."""
        self._peers = peers or Alone()
        self._began, self._succeeded = f"{door}.attempt", f"{door}.success"
        self._peers.hear(self._began, lambda message: self._count_all(_parted(message)))
        self._peers.hear(self._succeeded, lambda message: self._forget(_parted(message)))

    def begin(self, name: str, peer: str) -> int:
        """Count an attempt; answers with 0, or in how many seconds another one is looked at.

        A name or address that is empty does not count.
        """
        keys = self._keys(name, peer)
        wait = self._begin(keys, keys)
        if wait and self._knows(name, peer):
            wait = self._begin([key for key in keys if key[0] in _HOLD_FOR_ALL], keys)
        if not wait:
            self._peers.tell(self._began, b"".join(keys))
        return wait

    def succeed(self, name: str, peer: str) -> None:
        """Forget the failures with a name from a network, and elsewhere the one attempt."""
        keys = self._keys(name, peer)
        self._forget(keys)
        self._peers.tell(self._succeeded, b"".join(keys))

    def _keys(self, name: str, peer: str) -> list[bytes]:
        """What is counted of an attempt: each the kind and a digest, all of one length."""
        place, block = network_of(peer), block_of(peer)
        found = []
        if name and place:
            found.append(_key(_PAIR, f"{place} {name}"))
        if place:
            found.append(_key(_PLACE, place))
        if block:
            found.append(_key(_BLOCK, block))
        if name:
            found.append(_key(_NAME if self._is_somebody(name) else _STRANGER, name))
        return found

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
                failures = self._failures[key[0]]
                count, since = failures.get(key, (0, Timestamp(0)))
                if key[0] == _PAIR:
                    failures.pop(key, None)
                elif count > 0:
                    failures[key] = (count - 1, since)

    def _forget_ended(self, now: Timestamp) -> None:
        for failures in self._failures:
            while failures:
                _, since = next(iter(failures.values()))
                if now - since < WINDOW_SECONDS * _SECOND:
                    break
                failures.popitem(last=False)

    def _wait(self, key: bytes, now: Timestamp) -> int:
        count, since = self._failures[key[0]].get(key, (0, now))
        left = WINDOW_SECONDS - (now - since) // _SECOND
        return max(left, 1) if count >= _BOUNDS[key[0]] and left > 0 else 0

    def _count(self, keys: Iterable[bytes], now: Timestamp) -> None:
        for key in keys:
            failures = self._failures[key[0]]
            count, since = failures.get(key, (0, now))
            failures[key] = (count + 1, since)
            if len(failures) > REMEMBERED_MAX:
                failures.popitem(last=False)


def _key(kind: int, text: str) -> bytes:
    digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
    return bytes([kind]) + digest[: _KEY_BYTES - 1]


def _parted(message: bytes) -> list[bytes]:
    """The keys of a message of another process."""
    starts = range(0, len(message), _KEY_BYTES)
    return [message[start : start + _KEY_BYTES] for start in starts]
