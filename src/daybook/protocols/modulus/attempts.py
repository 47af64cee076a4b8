"""How often somebody may be wrong about a secret: by name, by address, and by both.

Of IPv6 the network counts as the address, and the block that one customer may have counts as well.

A limit by both alone would be no limit for whoever tries one password with ten thousand names, or
one name from ten thousand addresses. That by name is far above the others and does not hold where
the name has proved itself of late, so that strangers lock nobody out; nor does that by block. Each
is remembered for itself, and names that somebody has apart from others: made-up ones push none out.

Only what has failed counts. An attempt under way may still fail, so no more of them are judged at a
time than may fail; the next ones wait for the verdict, and go on if it was a success: honest
programs that sign in all at once are not refused.

Several processes of one server tell one another of verdicts, so that a guesser has no more tries
in all; only those that are under way at the same moment are counted by each alone.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from daybook.app.access import Guard, Unguarded
from daybook.app.networks import block_of, network_of
from daybook.app.ports import Clock
from daybook.domain.ids import Timestamp
from daybook.protocols.kit import json
from daybook.protocols.kit.plugin import Alone, Peers
from daybook.protocols.modulus.errors import overloaded
from daybook.protocols.modulus.limits import (
    FAILED_ADDRESS_MAX,
    FAILED_ATTEMPTS_MAX,
    FAILED_BLOCK_MAX,
    FAILED_KEPT_MAX,
    FAILED_NAME_MAX,
    FAILED_NAME_WINDOW_SECONDS,
    FAILED_WINDOW_SECONDS,
    WAITING_ATTEMPTS_MAX,
)

_FAILED: Final = "modulus.failure"
_PROVED: Final = "modulus.success"
"""Subjects of what processes tell one another: a name and an address."""

_Key = tuple[str, str, str]
"""What is counted, and the name and network of it."""

_BOTH, _NAME, _STRANGER, _NETWORK, _BLOCK = "both", "name", "stranger", "network", "block"
_BOUNDS: Final = {
    _BOTH: (FAILED_ATTEMPTS_MAX, FAILED_WINDOW_SECONDS),
    _NAME: (FAILED_NAME_MAX, FAILED_NAME_WINDOW_SECONDS),
    _STRANGER: (FAILED_NAME_MAX, FAILED_NAME_WINDOW_SECONDS),
    _NETWORK: (FAILED_ADDRESS_MAX, FAILED_WINDOW_SECONDS),
    _BLOCK: (FAILED_BLOCK_MAX, FAILED_WINDOW_SECONDS),
}
"""How often what is counted may fail, and in how many seconds. A stranger is a name nobody has."""

_HOLD_FOR_ALL: Final = (_BOTH, _NETWORK)
"""What holds for those too who have proved themselves from where they are."""


@dataclass(slots=True)
class Attempt:
    """An attempt under way. `failed` is its verdict, a failure until it is said to be none."""

    failed: bool = True


@dataclass(slots=True)
class _Count:
    """What is known of a key: failures since a time, and attempts under way."""

    since: Timestamp
    failures: int = 0
    under_way: int = 0
    waiting: list[asyncio.Future[None]] = field(default_factory=list)


def _nobody(name: str) -> bool:
    """A name that nobody has."""
    return False


class Attempts:
    """Counts the failed attempts of a minute. Used on the server's loop alone."""

    def __init__(
        self,
        clock: Clock,
        peers: Peers | None = None,
        guard: Guard | None = None,
        is_somebody: Callable[[str], bool] = _nobody,
    ) -> None:
        """`guard` says from where a name has proved itself, `is_somebody` whether there is anybody
        of a name.
        """
        self._clock = clock
        self._guard = guard or Unguarded()
        self._peers = peers or Alone()
        self._peers.hear(_FAILED, self._heard_of_failure)
        self._peers.hear(_PROVED, self._heard_of_success)
        self._is_somebody = is_somebody
        self._counts: dict[str, OrderedDict[_Key, _Count]] = {
            kind: OrderedDict() for kind in _BOUNDS
        }
        self._waiting = 0

    @asynccontextmanager
    async def one(self, name: str, peer: str) -> AsyncIterator[Attempt]:
        """Make an attempt; its verdict is set inside. Raises 429 for one too many."""
        keys = self._keys(name, peer)
        while (blocked := self._blocked(keys, name, peer)) is not None:
            await self._wait(blocked)
        counts = [(key, self._count(key)) for key in keys]
        attempt = Attempt()
        try:
            yield attempt
            if not attempt.failed:  # who has proved who they are may be wrong as often as before
                counts[0][1].failures = 0
            self._peers.tell(_FAILED if attempt.failed else _PROVED, json.encode([name, peer]))
        except BaseException:
            attempt.failed = False  # it was not judged: refused for want of a thread, or given up
            raise
        finally:
            for key, count in counts:
                self._conclude(key, count, attempt)

    def _heard_of_failure(self, message: bytes) -> None:
        """Count what has failed at another process."""
        name, peer = json.decode(message)
        for key in self._keys(name, peer):
            self._conclude(key, self._count(key), Attempt(failed=True))

    def _heard_of_success(self, message: bytes) -> None:
        """Forget what has failed before it succeeded at another process."""
        name, peer = json.decode(message)
        key = self._keys(name, peer)[0]
        count = self._counts[key[0]].get(key)
        if count is not None:
            count.failures = 0

    def _keys(self, name: str, peer: str) -> Sequence[_Key]:
        """What is counted of an attempt, that of name and network first."""
        network, block = network_of(peer), block_of(peer)
        kind = _NAME if self._is_somebody(name) else _STRANGER
        keys = ((_BOTH, name, network), (kind, name, ""), (_NETWORK, "", network))
        return (*keys, (_BLOCK, "", block)) if block else keys

    def _blocked(self, keys: Sequence[_Key], name: str, peer: str) -> _Count | None:
        """The count an attempt has to wait for. Raises 429 where waiting is of no use."""
        for key in keys:
            count = self._counts[key[0]].get(key)
            if count is None:
                continue
            most, window = _BOUNDS[key[0]]
            now = self._clock()
            if now - count.since >= window * 1_000_000:
                count.since, count.failures = now, 0
            if count.failures + count.under_way < most:
                continue
            if key[0] not in _HOLD_FOR_ALL and self._guard.knows(name, peer):
                continue
            if count.failures >= most:
                left = window - (now - count.since) // 1_000_000
                raise overloaded("too many failed attempts of this name or address", left)
            return count
        return None

    async def _wait(self, count: _Count) -> None:
        """Until an attempt of a count has its verdict. Raises 429 where too many wait."""
        if self._waiting >= WAITING_ATTEMPTS_MAX:
            raise overloaded("too many attempts are waiting", 1)
        verdict: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        count.waiting.append(verdict)
        self._waiting += 1
        try:
            await verdict
        finally:
            self._waiting -= 1

    def _count(self, key: _Key) -> _Count:
        """What is known of a key, with one attempt more."""
        counts = self._counts[key[0]]
        count = counts.get(key)
        if count is None:
            count = counts[key] = _Count(self._clock())
        count.under_way += 1
        return count

    def _conclude(self, key: _Key, count: _Count, attempt: Attempt) -> None:
        """Note a verdict, let those look again that waited for it, and forget what says nothing."""
        count.under_way -= 1
        count.failures += attempt.failed
        waiting, count.waiting = count.waiting, []
        for verdict in waiting:
            if not verdict.done():
                verdict.set_result(None)
        counts = self._counts[key[0]]
        if counts.get(key) is not count:
            return  # forgotten meanwhile
        if not count.failures and not count.under_way:
            del counts[key]
        elif attempt.failed:
            counts.move_to_end(key)
        if len(counts) > FAILED_KEPT_MAX:
            counts.popitem(last=False)
