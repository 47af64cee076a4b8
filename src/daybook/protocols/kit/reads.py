"""Quick reads that come together, from one snapshot.

What the event loop is asked in one turn is read behind one another in the next: a snapshot is
opened once for all of a company's reads, and the same steps right after one another take a third
less than in between other work, since the processor has them at hand.

Each read sees every write that was answered before it was asked for, since the snapshot is opened
afterwards. One that fails takes no other along.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any, Final, TypeVar

from daybook.app.access import Scope
from daybook.app.ledger import Books
from daybook.app.ports import Reader
from daybook.domain.ids import CompanyId

T = TypeVar("T")

TURN_SECONDS_MAX: Final = 0.002
"""Seconds of reading after which the event loop turns to others: some sixty entries."""

_Wanted = tuple[Books, Callable[[Reader], Any], "asyncio.Future[Any]"]


class Reads:
    """The quick reads of an event loop, used on it alone."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: dict[CompanyId, deque[_Wanted]] = {}

    def read(self, books: Books, work: Callable[[Reader], T]) -> Awaitable[T]:
        """What `work` makes of a snapshot that is opened from now on.

        It holds the event loop, so it is not to search. Raises PermissionError where the caller
        may not read; wires ask `may` first.
        """
        if not books.may(Scope.READ):  # a snapshot may be opened for another caller
            raise PermissionError("the credential does not allow reading")
        if not self._waiting:
            self._loop.call_soon(self._turn)
        future: asyncio.Future[T] = self._loop.create_future()
        those = self._waiting.get(books.company_id)
        if those is None:
            those = self._waiting[books.company_id] = deque()
        those.append((books, work, future))
        return future

    def _turn(self) -> None:
        """Read what waits, one company after the other, until it is the others' turn."""
        until = perf_counter() + TURN_SECONDS_MAX
        try:
            while self._waiting and perf_counter() < until:
                company_id = next(iter(self._waiting))
                those = self._waiting.pop(company_id)
                try:
                    _read(those, until)
                finally:
                    if those:
                        self._waiting[company_id] = those
        finally:
            if self._waiting:
                self._loop.call_soon(self._turn)


def _read(those: deque[_Wanted], until: float) -> None:
    """Read what waits of one company, the first at least; one that fails is the last for now."""
    books, work, future = those.popleft()
    try:
        with books.read() as reader:
            while True:
                if not future.done():  # or else its caller has gone away
                    future.set_result(work(reader))
                if not those or perf_counter() >= until:
                    return
                _, work, future = those.popleft()
    except Exception as error:
        if future.done():
            raise
        if isinstance(error, StopIteration):  # which a future does not take
            error = RuntimeError("a read ended an iteration that is not there")
        future.set_exception(error)
    finally:
        del work, future  # the error holds this frame: it would hold itself
