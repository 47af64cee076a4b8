"""How coroutines reach the synchronous ledger: the runtime of a server.

A write waits in the store's queue without holding a thread. Its result comes back through the
mailbox, which wakes the event loop once for each group commit, however many commands it held;
a wake-up costs more than all the rest of the delivery.

Reads that may take long run on a few threads. Their number is small because the interpreter runs
one at a time anyway; what waits for them is bounded, so that a burst is refused, not piled up.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Final, TypeVar, cast

from daybook.app.ledger import Acceptance, Books, Context, Outcome, refusal_of
from daybook.app.operations import Submission
from daybook.app.ports import Overloaded, StoreFailure
from daybook.domain.commands import Command

T = TypeVar("T")

THREADS: Final = 4
"""Scans at a time: enough that a long report does not hold up short queries."""

SCANS_WAITING_MAX: Final = 256
"""Scans that run or wait for a thread before more are refused."""


class AsyncRuntime:
    """The `Runtime` of `plugin`, bound to one event loop. Its methods are called on that loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, threads: int = THREADS) -> None:
        self._loop = loop
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="daybook-scan")
        self._scans = 0
        self.commits = 0
        """Group commits whose results have come back."""
        self.commands = 0
        """Commands whose results have come back."""

    def execute(self, books: Books, command: Command, context: Context) -> Awaitable[Outcome]:
        """Carry out a command through the group commit. See `Runtime`.

        A caller that stops waiting does not stop the command.
        """
        future: asyncio.Future[Outcome] = self._loop.create_future()
        refused = books.execute_soon(command, context, future, self)
        if refused is not None:
            future.set_result(refused)
        return future

    def submit_operation(
        self, books: Books, command: Command, context: Context, submission: Submission
    ) -> Awaitable[Acceptance]:
        """Keep a command for the worker through the group commit. See `Runtime`."""
        future: asyncio.Future[Acceptance] = self._loop.create_future()
        refused = books.submit_operation_soon(command, context, submission, future, self)
        if refused is not None:
            future.set_result(refused)
            return future
        hooks = books.ledger.hooks
        future.add_done_callback(lambda _: hooks.wake())
        return future

    def in_thread(self, work: Callable[[], T]) -> Awaitable[T]:
        """Run something that may take long on a pool thread, in the context of its caller: what it
        finds out there about the request under way (`app.activity`) is known here.

        Raises `Overloaded` when `SCANS_WAITING_MAX` of them run or wait already.
        """
        if self._scans >= SCANS_WAITING_MAX:
            raise Overloaded("too many scans are waiting for a thread")
        self._scans += 1
        future = self._loop.run_in_executor(self._pool, copy_context().run, work)
        future.add_done_callback(self._scan_done)
        return future

    @property
    def scans(self) -> int:
        """How many scans run or wait for a thread."""
        return self._scans

    def deliver(self, letters: Sequence[tuple[object, object]]) -> None:
        """Take the results of one group commit. Called from the store's writer thread."""
        # A loop that is closed has nobody left who waits for the letters.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hand_out, letters)

    def close(self) -> None:
        """Let the threads go, once what they do is done."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _scan_done(self, _: object) -> None:
        self._scans -= 1

    def _hand_out(self, letters: Sequence[tuple[object, object]]) -> None:
        self.commits += 1
        self.commands += len(letters)
        for ticket, result in letters:
            future = cast("asyncio.Future[Outcome]", ticket)
            if future.done():  # its caller went away
                continue
            if isinstance(result, StoreFailure):
                try:
                    future.set_result(refusal_of(result))
                except StoreFailure as fault:
                    future.set_exception(fault)
            elif isinstance(result, BaseException):
                future.set_exception(result)
            else:
                future.set_result(cast("Outcome", result))
