"""How results come back to the loop: together, to whoever still waits, refusals as values."""

import asyncio
import threading
from collections.abc import Iterator, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from daybook.app import activity
from daybook.app.hooks import Hooks
from daybook.app.ledger import Books, Committed, Context, Refused
from daybook.app.operations import Submission
from daybook.app.ports import DeadlinePassed, Overloaded, StoreCorrupt
from daybook.domain.commands import Command
from daybook.domain.events import Actor
from daybook.domain.ids import CompanyId
from daybook.domain.refusals import Refusal, RefusalCode
from daybook.protocols.kit import runtime as module
from daybook.protocols.kit.runtime import AsyncRuntime

COMMAND = cast("Command", None)
CONTEXT = Context(Actor("test", "test"))
DONE = Committed(())


class Queue:
    """Stands for the books: keeps commands until the test answers them from another thread."""

    def __init__(self, refusal: Refused | None = None) -> None:
        self.refusal = refusal
        self.waiting: list[tuple[object, Any]] = []
        self.hooks = Hooks()

    def execute_soon(self, command: object, context: object, ticket: object, mailbox: Any) -> Any:
        if self.refusal is None:
            self.waiting.append((ticket, mailbox))
        return self.refusal

    def submit_operation_soon(
        self,
        command: object,
        context: object,
        submission: object,
        ticket: object,
        mailbox: Any,
    ) -> Any:
        return self.execute_soon(command, context, ticket, mailbox)

    @property
    def ledger(self) -> Any:
        return SimpleNamespace(hooks=self.hooks)

    def answer(self, results: Sequence[object]) -> None:
        mailbox = self.waiting[0][1]
        tickets = [ticket for ticket, _ in self.waiting]
        letters = list(zip(tickets, results, strict=True))
        writer = threading.Thread(target=mailbox.deliver, args=(letters,))
        writer.start()
        writer.join()


def books(queue: Queue) -> Books:
    return cast("Books", queue)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


def test_results_of_a_commit_come_back_together(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        runtime, queue = AsyncRuntime(loop), Queue()
        futures = [runtime.execute(books(queue), COMMAND, CONTEXT) for _ in range(4)]
        fault = StoreCorrupt("broken")
        queue.answer([DONE, DeadlinePassed(), fault, ValueError("bug")])
        assert await futures[0] is DONE
        refused = await futures[1]
        assert isinstance(refused, Refused)
        assert refused.refusals[0].code is RefusalCode.DEADLINE_EXCEEDED
        with pytest.raises(StoreCorrupt):
            await futures[2]
        with pytest.raises(ValueError, match="bug"):
            await futures[3]
        assert (runtime.commits, runtime.commands) == (1, 4)
        runtime.close()

    loop.run_until_complete(main())


def test_the_worker_is_woken_once_an_operation_is_durable(
    loop: asyncio.AbstractEventLoop,
) -> None:
    async def main() -> None:
        runtime, queue, woken = AsyncRuntime(loop), Queue(), asyncio.Event()
        queue.hooks.on_work(woken.set)
        future = runtime.submit_operation(books(queue), COMMAND, CONTEXT, Submission())
        await asyncio.sleep(0)
        assert not woken.is_set()
        queue.answer([DONE])
        assert await future is cast("object", DONE)
        await asyncio.wait_for(woken.wait(), 5)
        refusal = Refused((Refusal(RefusalCode.OVERLOADED, "too many"),))
        refusing = books(Queue(refusal))
        refused = await runtime.submit_operation(refusing, COMMAND, CONTEXT, Submission())
        assert refused is refusal
        runtime.close()

    loop.run_until_complete(main())


def test_a_refusal_at_once_needs_no_delivery(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        runtime = AsyncRuntime(loop)
        refusal = Refused((Refusal(RefusalCode.OVERLOADED, "too many"),))
        assert await runtime.execute(books(Queue(refusal)), COMMAND, CONTEXT) is refusal
        runtime.close()

    loop.run_until_complete(main())


def test_callers_who_left_do_not_disturb_the_others(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        runtime, queue = AsyncRuntime(loop), Queue()
        gone = runtime.execute(books(queue), COMMAND, CONTEXT)
        stays = runtime.execute(books(queue), COMMAND, CONTEXT)
        cast("asyncio.Future[object]", gone).cancel()
        queue.answer([DONE, DONE])
        assert await stays is DONE
        runtime.close()

    loop.run_until_complete(main())


def test_results_after_the_end_are_dropped() -> None:
    loop, queue = asyncio.new_event_loop(), Queue()

    async def main() -> AsyncRuntime:
        runtime = AsyncRuntime(loop)
        runtime.execute(books(queue), COMMAND, CONTEXT)
        return runtime

    runtime = loop.run_until_complete(main())
    runtime.close()
    loop.close()
    queue.answer([DONE])
    assert runtime.commits == 0


def test_scans_run_on_threads_and_are_bounded(
    loop: asyncio.AbstractEventLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SCANS_WAITING_MAX", 3)

    async def main() -> None:
        runtime, go = AsyncRuntime(loop, threads=1), threading.Event()

        def scan() -> int:
            go.wait(10)
            return threading.get_ident()

        scans = [runtime.in_thread(scan) for _ in range(3)]
        with pytest.raises(Overloaded):
            runtime.in_thread(scan)
        assert runtime.scans == 3
        go.set()
        threads = {await scan for scan in scans}
        assert threading.get_ident() not in threads
        assert len(threads) == 1
        await asyncio.sleep(0)
        assert runtime.scans == 0
        assert await runtime.in_thread(lambda: 7) == 7
        runtime.close()

    loop.run_until_complete(main())


def test_what_a_scan_raises_is_raised_to_its_caller(loop: asyncio.AbstractEventLoop) -> None:
    async def main() -> None:
        runtime = AsyncRuntime(loop)
        with pytest.raises(ZeroDivisionError):
            await runtime.in_thread(lambda: 1 // 0)
        runtime.close()

    loop.run_until_complete(main())


def test_a_thread_tells_whose_books_the_request_is_about(loop: asyncio.AbstractEventLoop) -> None:
    runtime = AsyncRuntime(loop)

    async def asked() -> activity.Trace:
        trace = activity.begin()
        await runtime.in_thread(lambda: activity.opened(CompanyId(7), "app", "ada"))
        return trace

    trace = loop.run_until_complete(asked())
    assert (trace.company_id, trace.client, trace.user) == (7, "app", "ada")
    runtime.close()
