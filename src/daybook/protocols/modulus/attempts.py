"""How often somebody may be wrong about a secret: by name, by address, and by both.

A limit by both alone would be no limit for whoever tries one password with ten thousand names, or
one name from ten thousand addresses. Only what has failed counts. An attempt under way may still
fail, so no more of them are judged at a time than may fail; the next ones wait for the verdict,
and go on if it was a success: honest programs that sign in all at once are not refused.

Several processes of one server tell one another of verdicts, so that a guesser has no more tries
in all; only those that are under way at the same moment are counted by each alone.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from daybook.app.ports import Clock
from daybook.domain.ids import Timestamp
from daybook.protocols.kit import json
from daybook.protocols.kit.plugin import Alone, Peers
from daybook.protocols.modulus.errors import overloaded
from daybook.protocols.modulus.limits import (
    FAILED_ADDRESS_MAX,
    FAILED_ATTEMPTS_MAX,
    FAILED_KEPT_MAX,
    FAILED_NAME_MAX,
    FAILED_WINDOW_SECONDS,
    WAITING_ATTEMPTS_MAX,
)

_WINDOW_US: Final = FAILED_WINDOW_SECONDS * 1_000_000
_FAILED: Final = "modulus.failure"
_PROVED: Final = "modulus.success"
"""Subjects of what processes tell one another: a name and an address."""

_Key = tuple[str, str, str]
"""What is counted, and the name and address of it."""


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


def _keys(name: str, peer: str) -> Sequence[tuple[_Key, int]]:
    """What is counted of an attempt, that of name and address first, and how often it may fail."""
    return (
        (("both", name, peer), FAILED_ATTEMPTS_MAX),
        (("name", name, ""), FAILED_NAME_MAX),
        (("address", "", peer), FAILED_ADDRESS_MAX),
    )


class Attempts:
    """Counts the failed attempts of a minute. Used on the server's loop alone."""

    def __init__(self, clock: Clock, peers: Peers | None = None) -> None:
        self._clock = clock
        self._peers = peers or Alone()
        self._peers.hear(_FAILED, self._heard_of_failure)
        self._peers.hear(_PROVED, self._heard_of_success)
        self._counts: OrderedDict[_Key, _Count] = OrderedDict()
        self._waiting = 0

    @asynccontextmanager
    async def one(self, name: str, peer: str) -> AsyncIterator[Attempt]:
        """Make an attempt; its verdict is set inside. Raises 429 for one too many."""
        keys = _keys(name, peer)
        while (blocked := self._blocked(keys)) is not None:
            await self._wait(blocked)
        counts = [(key, self._count(key)) for key, _ in keys]
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
        for key, _ in _keys(name, peer):
            self._conclude(key, self._count(key), Attempt(failed=True))

    def _heard_of_success(self, message: bytes) -> None:
        """Forget what has failed before it succeeded at another process."""
        name, peer = json.decode(message)
        count = self._counts.get(_keys(name, peer)[0][0])
        if count is not None:
            count.failures = 0

    def _blocked(self, keys: Sequence[tuple[_Key, int]]) -> _Count | None:
        """The count an attempt has to wait for. Raises 429 where waiting is of no use."""
        for key, most in keys:
            count = self._counts.get(key)
            if count is None:
                continue
            now = self._clock()
            if now - count.since >= _WINDOW_US:
                count.since, count.failures = now, 0
            if count.failures >= most:
                left = FAILED_WINDOW_SECONDS - (now - count.since) // 1_000_000
                raise overloaded("too many failed attempts of this name or address", left)
            if count.failures + count.under_way >= most:
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
        count = self._counts.get(key)
        if count is None:
            count = self._counts[key] = _Count(self._clock())
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
        if self._counts.get(key) is not count:
            return  # forgotten meanwhile
        if not count.failures and not count.under_way:
            del self._counts[key]
        elif attempt.failed:
            self._counts.move_to_end(key)
        if len(self._counts) > FAILED_KEPT_MAX:
            self._counts.popitem(last=False)
