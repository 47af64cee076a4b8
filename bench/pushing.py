"""Operations accepted and completed a second, without an interface in between.

Accepted: one program keeps submissions in the writer's queue; each is durable when it is counted.
Completed: the worker alone, from a backlog. Both: as in a server, the worker beside submissions,
until the last operation has ended. The floor of an operation is two writes, so the figure for
both together stands beside half of what the same commands cost when they are executed at once.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence

from bench import books
from bench.report import Report
from daybook.app.ledger import Books, Context
from daybook.app.operations import Submission, Submitted
from daybook.app.worker import OperationWorker
from daybook.domain.commands import Command

OPERATIONS = 20_000
WAITING_MAX = 512
"""Submissions in the queue: half of what it holds."""
_CONTEXT = Context(books.ACTOR)
_SUBMISSION = Submission("things", "wire-1", "make", b'{"from":"bench"}')


class Submitter:
    """Keeps the queue filled, as so many callers that wait for their answers would."""

    def __init__(self, commands: Iterator[Command], send: Callable[[Command, "Submitter"], None]):
        self._commands = commands
        self._send = send
        self._room = threading.Semaphore(WAITING_MAX)
        self._answered = 0
        self._all = threading.Event()

    def deliver(self, letters: Sequence[tuple[object, object]]) -> None:
        """Take answers of the writer."""
        for _, result in letters:
            assert not isinstance(result, BaseException), result
            self._room.release()
        self._answered += len(letters)
        if self._answered == OPERATIONS:
            self._all.set()

    def run(self) -> float:
        """Send every command; answers with the seconds until the last one was durable."""
        began = time.perf_counter()
        for command in self._commands:
            self._room.acquire()
            self._send(command, self)
        assert self._all.wait(600)
        return time.perf_counter() - began


def _submitter(opened: Books, seed: int) -> Submitter:
    def send(command: Command, mailbox: Submitter) -> None:
        refused = opened.submit_operation_soon(command, _CONTEXT, _SUBMISSION, None, mailbox)
        assert refused is None, refused

    return Submitter(_commands(opened, seed), send)


def _commands(opened: Books, seed: int) -> Iterator[Command]:
    return books.commands(OPERATIONS, 2, books.accounts(opened), seed)


def run(report: Report) -> None:
    """One store for all three."""
    opened = books.demo_books(books.new_store("pushing.db"))

    def execute(command: Command, mailbox: Submitter) -> None:
        assert opened.execute_soon(command, _CONTEXT, None, mailbox) is None

    took = Submitter(_commands(opened, 1), execute).run()
    at_once = OPERATIONS / took
    report.add("commands executed at once", f"{at_once:,.0f}/s")
    report.add("operations accepted", f"{OPERATIONS / _submitter(opened, 2).run():,.0f}/s")
    worker = OperationWorker(opened.ledger)
    began = time.perf_counter()
    assert worker.run_once() == OPERATIONS
    took = time.perf_counter() - began
    report.add("operations completed", f"{OPERATIONS / took:,.0f}/s")
    worker.start()
    began = time.perf_counter()
    _submitter(opened, 3).run()
    while opened.ledger.store.directory.count_pending():
        time.sleep(0.001)
    took = time.perf_counter() - began
    beside = f"{OPERATIONS / took / at_once:.2f} of commands at once; two writes each"
    report.add("operations accepted and completed", f"{OPERATIONS / took:,.0f}/s", beside)
    worker.wake()
    _report_latency(opened, report)
    worker.close()
    opened.ledger.store.close()


def _report_latency(opened: Books, report: Report) -> None:
    """From acceptance to the end, one operation at a time."""
    waits = []
    for command in books.commands(200, 2, books.accounts(opened), 4):
        accepted = opened.submit_operation(command, _CONTEXT, _SUBMISSION)
        assert isinstance(accepted, Submitted)
        began = time.perf_counter()
        while (now := opened.operation(accepted.operation.id)) is None or not now.completed_at:
            time.sleep(0.0005)
        waits.append(time.perf_counter() - began)
    waits.sort()
    report.add("from acceptance to the end, median", f"{waits[len(waits) // 2] * 1e3:.1f} ms")
