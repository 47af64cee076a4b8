"""Killed workers: each operation is applied exactly once, or the books are untouched.

The victim is a process of its own that submits operations, prints the id of each it was told is
kept, and works them off. It kills itself at a given step of a given operation, or is killed at a
random moment; then the books are looked at, and the next victim goes on with them. A failure
names the seed, and `DAYBOOK_TEST_SEED=<seed>` begins with it.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

import pytest
from tests.support.engines import SEED, SLOW
from tests.support.shop import ACTOR, CHART, PEOPLE, carry_out, credit, debit

from daybook.app.access import OPERATOR
from daybook.app.audit import audit
from daybook.app.founding import NewCompany, found
from daybook.app.hooks import Happened
from daybook.app.ledger import Books, Context, Ledger
from daybook.app.operations import (
    Conclusion,
    Operation,
    OperationStatus,
    Submission,
    Submitted,
)
from daybook.app.outbox import Consumer, Message
from daybook.app.ports import Reader
from daybook.app.worker import OperationWorker
from daybook.domain.commands import Command, CreateEntry, CreateReference, DeleteEntry, EntryContent
from daybook.domain.ids import CompanyId, EntryId
from daybook.domain.query import Keyset, Query
from daybook.storage import open_store

KILLS: Final = 200 if SLOW else 12
ROOT: Final = Path(__file__).parents[2]
COMPANY: Final = CompanyId(1)
OPERATIONS: Final = 40
"""Operations that a victim submits, if it lives so long."""
STEPS: Final = ("accepted", "begun", "changed", "ended", "committed", "any")
"""Where a victim ends: after an answer, before a unit, inside it twice, after its commit."""


class Fuse:
    """Kills the process when a step is reached for the n-th time."""

    def __init__(self, step: str, number: int) -> None:
        self._step = step
        self._left = number
        self._lock = threading.Lock()

    def reached(self, step: str) -> None:
        with self._lock:
            if step == self._step:
                self._left -= 1
                if self._left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)


class Worker(OperationWorker):
    """A worker that passes by the fuse."""

    def __init__(self, ledger: Ledger, fuse: Fuse) -> None:
        super().__init__(ledger)
        self._fuse = fuse

    def _hand_over(self, books: Books, operation_id: str, verdict: object) -> None:
        self._fuse.reached("begun")
        super()._hand_over(books, operation_id, None)

    def deliver(self, letters: Sequence[tuple[object, object]]) -> None:
        for _ in letters:
            self._fuse.reached("committed")
        super().deliver(letters)


def victim(path: str, step: str, number: int) -> None:
    """What the killed process does."""
    books = opened(path)
    fuse = Fuse(step, number)

    def conclude(reader: Reader, operation: Operation) -> Conclusion:
        fuse.reached("changed")
        return Conclusion(result_code=200)

    def publish(reader: Reader, happened: Happened) -> list[Message]:
        if happened.operation is None:
            return []
        fuse.reached("ended")
        return [Message(ACTOR.protocol, happened.operation.id, "ended", b"{}")]

    books.ledger.hooks.conclude(ACTOR.protocol, conclude)
    books.ledger.hooks.publish(ACTOR.protocol, publish)
    worker = Worker(books.ledger, fuse)
    worker.start()
    for index in range(OPERATIONS):
        submission = Submission(kind=str(index))
        accepted = books.submit_operation(command(index), Context(ACTOR), submission)
        assert isinstance(accepted, Submitted)
        os.write(1, f"{accepted.operation.id}\n".encode())
        fuse.reached("accepted")
    while books.ledger.store.directory.count_pending():
        time.sleep(0.005)
    os.write(1, b"done\n")
    time.sleep(60)


def command(index: int) -> Command:
    """An entry, every fifth time one that is refused, every seventh time a deletion."""
    if index % 7 == 6:
        return DeleteEntry(EntryId(index // 7 + 1), None)
    amount = index + 1
    lines = (debit("Bank", amount), credit("Sales", amount + (index % 5 == 4)))
    return CreateEntry(EntryContent(lines, date(2026, 3, 14)))


def opened(path: str) -> Books:
    """The books of the victims, made by the first."""
    ledger = Ledger(open_store(f"sqlite:///{path}"))
    fresh = not ledger.store.directory.company_ids()
    if fresh:
        found(ledger, NewCompany("Shop", "shop", "GBP", chart="none"), ACTOR)
        consumer = Consumer("c", ACTOR.protocol, "https://example.com", frozenset({"ended"}))
        ledger.store.directory.put_consumer(consumer)
    books = ledger.books(COMPANY, OPERATOR)
    assert books is not None
    if fresh:
        carry_out(books, [CreateReference(content) for content in (*CHART, *PEOPLE)])
    return books


def kill(path: Path, step: str, chance: random.Random) -> set[str]:
    """Run a victim to its end; answers with the operations it said are kept."""
    number = chance.randint(1, OPERATIONS)
    code = f"from {__name__} import victim; victim({str(path)!r}, {step!r}, {number})"
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
    )
    assert process.stdout is not None
    with process, process.stdout:
        if step == "any":
            first = process.stdout.readline()
            time.sleep(chance.uniform(0, 0.1))
            process.send_signal(signal.SIGKILL)
            lines = [first, *process.stdout.readlines()]
        else:
            lines = []
            for line in process.stdout:
                lines.append(line)
                if line == b"done\n":  # the step was not reached so often
                    process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    return {line.decode().strip() for line in lines if line.endswith(b"\n")} - {"done"}


def every_operation(reader: Reader) -> list[Operation]:
    return reader.operations(Query(page=Keyset(100_000)))


def check(books: Books) -> Counter[str]:
    """Compare operations with what the log and the outbox say; answers with them by status."""
    store = books.ledger.store
    with books.read() as reader:
        operations = every_operation(reader)
        events = {event.seq for event in reader.events(0, 10**6) if event.entity == "entry"}
    changed = [
        each.affected.event_seq
        for each in operations
        if each.affected is not None and each.affected.event_seq is not None
    ]
    assert sorted(events) == sorted(changed), "an operation was applied twice, or by halves"
    ended = {each.id for each in operations if each.status is not OperationStatus.PENDING}
    told = [each.message.id for each in store.directory.deliveries(limit=10**6)]
    assert sorted(told) == sorted(ended)
    assert all(each.result_code == 200 for each in operations if each.id in ended)
    assert audit(store, COMPANY).findings == ()
    return Counter(each.status.value for each in operations)


@pytest.mark.timeout(1_800 if SLOW else 300)
def test_killed_workers_apply_each_operation_exactly_once(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    chance = random.Random(SEED)
    acknowledged: set[str] = set()
    for number in range(KILLS):
        acknowledged |= kill(path, STEPS[number % len(STEPS)], chance)
        if number % 10 and number < KILLS - 1 and SLOW:
            continue  # looking at everything each time would take longer than the killing
        books = opened(str(path))
        with books.read() as reader:
            kept = {each.id for each in every_operation(reader)}
        assert acknowledged <= kept, f"kill {number}, seed {SEED}: operations are lost"
        check(books)
        books.ledger.store.close()
    books = opened(str(path))
    books.ledger.hooks.conclude(ACTOR.protocol, lambda reader, ended: Conclusion(result_code=200))
    books.ledger.hooks.publish(ACTOR.protocol, told_of)
    OperationWorker(books.ledger).run_once()
    statuses = check(books)
    assert statuses["pending"] == 0
    assert statuses["success"] > KILLS
    assert statuses["failed"] > 0
    books.ledger.store.close()


def told_of(reader: Reader, happened: Happened) -> list[Message]:
    assert happened.operation is not None
    return [Message(ACTOR.protocol, happened.operation.id, "ended", b"{}")]
