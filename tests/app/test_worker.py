"""Operations from submission to their end, with a clock of the test's own."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, TypeVar, cast

import pytest
from tests.support.clock import TestClock
from tests.support.shop import ACTOR, credit, debit, post, shop
from tests.support.stores import Mail

from daybook.app.access import Principal, Scope
from daybook.app.audit import Check, audit
from daybook.app.hooks import Happened
from daybook.app.ledger import (
    Answered,
    Books,
    Committed,
    Context,
    Idempotency,
    Refused,
    Repetition,
)
from daybook.app.operations import (
    HELD,
    OPERATION_BYTES_MAX,
    TIMEOUT_SECONDS_MAX,
    Affected,
    Conclusion,
    Operation,
    OperationStatus,
    Submission,
    Submitted,
)
from daybook.app.outbox import Consumer, Message
from daybook.app.ports import (
    IdempotencyKey,
    LimitPassed,
    Mailbox,
    Overloaded,
    Reader,
    ReadOnly,
    Store,
    Tx,
    Work,
)
from daybook.app.worker import OperationWorker
from daybook.domain.commands import Command, CreateEntry, DeleteEntry, EntryContent, ReplaceEntry
from daybook.domain.ids import CompanyId, EntryId, Timestamp
from daybook.domain.limits import TOTAL_MAX
from daybook.domain.model import JournalEntry
from daybook.domain.query import Query
from daybook.domain.refusals import RefusalCode
from daybook.storage import open_store

T = TypeVar("T")

SECOND = 1_000_000
DAY = date(2026, 3, 14)


@pytest.fixture(params=["memory://", "sqlite"])
def books(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Books]:
    url = request.param if "://" in request.param else f"sqlite:///{tmp_path}/books.db"
    store = open_store(url)
    yield shop(store)
    store.close()


def clock(books: Books) -> TestClock:
    found = books.ledger.clock
    assert isinstance(found, TestClock)
    return found


def sale(amount: int = 5) -> CreateEntry:
    return CreateEntry(EntryContent((debit("Bank", amount), credit("Sales", amount)), DAY))


UNBALANCED = CreateEntry(EntryContent((debit("Bank", 5), credit("Sales", 4)), DAY))


def submit(
    books: Books, command: Command, context: Context | None = None, **members: object
) -> Operation:
    submission = Submission(**members)  # type: ignore[arg-type]
    accepted = books.submit_operation(command, context or Context(ACTOR), submission)
    assert isinstance(accepted, Submitted), accepted
    return accepted.operation


def work_off(books: Books) -> int:
    return OperationWorker(books.ledger).run_once()


def now(books: Books, operation: Operation) -> Operation:
    found = books.operation(operation.id)
    assert found is not None
    return found


def test_an_operation_waits_and_then_succeeds(books: Books) -> None:
    operation = submit(books, sale(), topic="things", channel="c", kind="make", annex=b"x")
    assert (operation.status, operation.number) == (OperationStatus.PENDING, 1)
    with books.read() as reader:
        assert reader.head().entries_live == 0
    assert work_off(books) == 1
    ended = now(books, operation)
    with books.read() as reader:
        event = reader.events(reader.head().seq - 1, 1)[0]
        entry = reader.entry(EntryId(1))
    assert entry is not None
    assert ended == replace(
        operation,
        status=OperationStatus.SUCCESS,
        completed_at=event.at,
        affected=Affected("entry", entry.id, 0, event.seq),
    )
    assert (event.actor, ended.annex, ended.topic) == (ACTOR, b"x", "things")
    assert work_off(books) == 0


def test_a_refused_operation_tells_why_and_leaves_the_books(books: Books) -> None:
    operation = submit(books, UNBALANCED)
    with books.read() as reader:
        before = reader.head()
    assert work_off(books) == 1
    ended = now(books, operation)
    outcome = books.execute(UNBALANCED, Context(ACTOR))
    assert isinstance(outcome, Refused)
    assert (ended.status, ended.refusals) == (OperationStatus.FAILED, outcome.refusals)
    assert (ended.affected, ended.completed_at is None) == (None, False)
    with books.read() as reader:
        assert reader.head() == before


def test_operations_of_a_company_are_carried_out_in_their_order(books: Books) -> None:
    made = submit(books, sale())
    gone = submit(books, DeleteEntry(EntryId(1), None))
    again = submit(books, DeleteEntry(EntryId(1), None))
    assert work_off(books) == 3
    assert now(books, made).status is OperationStatus.SUCCESS
    assert now(books, gone).affected == Affected(
        "entry",
        1,
        1,
        now(books, gone).affected.event_seq,  # type: ignore[union-attr]
    )
    assert now(books, again).status is OperationStatus.FAILED
    assert [each.code for each in now(books, again).refusals] == [RefusalCode.ENTRY_DELETED]


def test_more_than_a_batch_is_worked_off_in_order(books: Books) -> None:
    for amount in range(1, 601):
        submit(books, sale(amount))
    assert work_off(books) == 600
    with books.read() as reader:
        totals = [reader.entry(EntryId(number)) for number in (1, 300, 600)]
    assert [entry.total for entry in totals if entry is not None] == [1, 300, 600]


def test_an_operation_times_out_and_is_never_applied(books: Books) -> None:
    held = submit(books, sale(), timeout_seconds=60, due_at=HELD)
    late = submit(books, sale(), timeout_seconds=60)
    clock(books).now = held.requested_at + 59 * SECOND
    assert work_off(books) == 1
    assert now(books, late).status is OperationStatus.SUCCESS
    clock(books).now = held.requested_at + 60 * SECOND
    assert work_off(books) == 1
    ended = now(books, held)
    assert ended.status is OperationStatus.TIMED_OUT
    assert ended.completed_at is not None
    assert books.release_operation(held.id) == ended
    assert work_off(books) == 0
    with books.read() as reader:
        assert reader.head().entries_live == 1


def test_one_that_expired_before_anybody_looked_is_not_applied(books: Books) -> None:
    operation = submit(books, sale(), timeout_seconds=1)
    clock(books).now += 10 * SECOND
    assert work_off(books) == 1
    assert now(books, operation).status is OperationStatus.TIMED_OUT


def test_a_held_operation_waits_for_its_release_and_holds_nobody_up(books: Books) -> None:
    held = submit(books, sale(1), due_at=HELD)
    later = submit(books, sale(2), due_at=Timestamp(clock(books).now + 5 * SECOND))
    other = submit(books, sale(3))
    assert work_off(books) == 1
    assert now(books, other).status is OperationStatus.SUCCESS
    clock(books).now += 5 * SECOND
    assert work_off(books) == 1
    assert now(books, later).status is OperationStatus.SUCCESS
    released = books.release_operation(held.id)
    assert released is not None
    assert released.status is OperationStatus.PENDING
    assert work_off(books) == 1
    assert now(books, held).status is OperationStatus.SUCCESS
    assert books.release_operation("nobody") is None


def test_a_clock_that_goes_back_makes_no_end_before_the_beginning(books: Books) -> None:
    operation = submit(books, UNBALANCED)
    clock(books).now -= 3_600 * SECOND
    assert work_off(books) == 0  # not due by this clock
    clock(books).now += 3_600 * SECOND
    assert work_off(books) == 1
    ended = now(books, operation)
    assert ended.completed_at is not None
    assert ended.completed_at >= operation.requested_at


# Acceptance


def keyed(key: str, repetition: Repetition = Repetition.REFUSE_OTHER) -> Context:
    return Context(ACTOR, Idempotency(IdempotencyKey("tests", "", key), repetition))


def test_a_repeated_key_answers_with_the_same_operation(books: Books) -> None:
    first = submit(books, sale(), keyed("k"))
    again = books.submit_operation(sale(), keyed("k"), Submission())
    assert again == Submitted(first, replayed=True)
    work_off(books)
    again = books.submit_operation(sale(), keyed("k"), Submission())
    assert again == Submitted(now(books, first), replayed=True)
    assert submit(books, sale(), keyed("other")).number == 2


@pytest.mark.parametrize(
    ("command", "submission"),
    [(sale(6), Submission()), (sale(), Submission(channel="x")), (sale(), Submission(kind="x"))],
)
def test_a_key_with_another_command_is_refused(
    books: Books, command: Command, submission: Submission
) -> None:
    first = submit(books, sale(), keyed("k"))
    refused = books.submit_operation(command, keyed("k"), submission)
    assert isinstance(refused, Refused)
    assert [each.code for each in refused.refusals] == [RefusalCode.IDEMPOTENCY_MISMATCH]
    kept = books.submit_operation(command, keyed("k", Repetition.ANSWER_FIRST), submission)
    assert kept == Submitted(first, replayed=True)


def test_keys_of_operations_and_of_commands_do_not_mix(books: Books) -> None:
    submit(books, sale(), keyed("operation"))
    outcome = books.execute(sale(), keyed("operation"))
    assert isinstance(outcome, Refused)
    assert outcome.refusals[0].code is RefusalCode.IDEMPOTENCY_MISMATCH
    assert isinstance(books.execute(sale(), keyed("command")), Committed)
    refused = books.submit_operation(sale(), keyed("command"), Submission())
    assert isinstance(refused, Refused)
    assert refused.refusals[0].code is RefusalCode.IDEMPOTENCY_MISMATCH
    answer = books.remember(IdempotencyKey("tests", "", "answer"), b"no")
    assert answer == Answered(b"no")
    assert books.submit_operation(sale(), keyed("answer"), Submission()) == Answered(b"no")


def test_an_id_can_be_given_and_is_used_once(books: Books) -> None:
    name = "0c5f8a4e-0000-4000-8000-000000000001"
    assert submit(books, sale(), id=name).id == name
    refused = books.submit_operation(sale(), Context(ACTOR), Submission(id=name))
    assert isinstance(refused, Refused)
    assert [(each.code, each.field) for each in refused.refusals] == [
        (RefusalCode.INVALID_VALUE, "id")
    ]


def test_a_submission_has_its_bounds(books: Books) -> None:
    for submission, code in (
        (Submission(timeout_seconds=0), RefusalCode.INVALID_VALUE),
        (Submission(timeout_seconds=-1), RefusalCode.INVALID_VALUE),
        (Submission(timeout_seconds=TIMEOUT_SECONDS_MAX + 1), RefusalCode.INVALID_VALUE),
        (Submission(annex=bytes(OPERATION_BYTES_MAX)), RefusalCode.LIMIT_EXCEEDED),
    ):
        refused = books.submit_operation(sale(), Context(ACTOR), submission)
        assert isinstance(refused, Refused)
        assert [each.code for each in refused.refusals] == [code]
    assert submit(books, sale(), timeout_seconds=TIMEOUT_SECONDS_MAX).number == 1
    assert work_off(books) == 1


def test_a_caller_who_may_not_write_may_not_submit(books: Books) -> None:
    reader = Principal("app", None, frozenset({Scope.READ}))
    theirs = books.ledger.books(books.company_id, reader)
    assert theirs is not None
    for refused in (
        theirs.submit_operation(sale(), Context(ACTOR), Submission()),
        theirs.submit_operation_soon(sale(), Context(ACTOR), Submission(), 1, Mail()),
    ):
        assert isinstance(refused, Refused)
        assert refused.refusals[0].code is RefusalCode.FORBIDDEN


def test_a_submission_can_be_answered_by_mail(books: Books) -> None:
    mail = Mail()
    assert books.submit_operation_soon(sale(), Context(ACTOR), Submission(), "t", mail) is None
    accepted = mail.take(1)["t"]
    assert isinstance(accepted, Submitted)
    assert now(books, accepted.operation) == accepted.operation


# What wires add


def test_a_wire_concludes_and_tells(books: Books) -> None:
    hooks, store = books.ledger.hooks, books.ledger.store
    store.directory.put_consumer(
        Consumer("c", "tests", "https://example.com", frozenset({"ended", "changed"}))
    )
    seen: list[Happened] = []

    def conclude(reader: Reader, operation: Operation) -> Conclusion:
        live = reader.head().entries_live
        return Conclusion(200, f"{live} live", ("look",), b"new")

    def publish(reader: Reader, happened: Happened) -> list[Message]:
        seen.append(happened)
        kind = "changed" if happened.operation is None else "ended"
        return [Message("tests", f"m-{len(seen)}", kind, b"{}")]

    hooks.conclude("tests", conclude)
    hooks.publish("tests", publish)
    made, failed = submit(books, sale()), submit(books, UNBALANCED)
    assert seen == []
    assert work_off(books) == 2
    ended = now(books, made)
    assert (ended.result_code, ended.message, ended.warnings) == (200, "1 live", ("look",))
    assert ended.annex == b"new"
    assert [happened.operation for happened in seen] == [ended, now(books, failed)]
    assert [len(happened.events) for happened in seen] == [1, 0]
    post(books, debit("Bank", 1), credit("Sales", 1))
    assert (seen[2].operation, len(seen[2].events)) == (None, 1)
    told = [(each.message.event_type, each.message.id) for each in store.directory.deliveries()]
    assert told == [("ended", "m-1"), ("ended", "m-2"), ("changed", "m-3")]


def test_a_repeated_or_empty_command_is_not_told(books: Books) -> None:
    seen: list[Happened] = []

    def publish(reader: Reader, happened: Happened) -> list[Message]:
        seen.append(happened)
        return []

    books.ledger.hooks.publish("tests", publish)
    for _ in range(2):
        assert isinstance(books.execute(sale(), keyed("k")), Committed)
    books.execute(UNBALANCED, Context(ACTOR))
    assert len(seen) == 1


def test_a_hook_that_fails_ends_the_operation_without_it(
    books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    def conclude(reader: Reader, operation: Operation) -> Conclusion:
        raise RuntimeError("a fault on purpose")

    books.ledger.hooks.conclude("tests", conclude)
    operation = submit(books, sale())
    assert work_off(books) == 1
    ended = now(books, operation)
    assert (ended.status, ended.refusals) == (OperationStatus.FAILED, ())
    with books.read() as reader:
        assert reader.head().entries_live == 0
    assert "a fault on purpose" in caplog.text


def test_a_hook_that_fails_once_is_asked_about_the_failure(books: Books) -> None:
    def conclude(reader: Reader, operation: Operation) -> Conclusion:
        if operation.status is OperationStatus.SUCCESS:
            raise RuntimeError("a fault on purpose")
        return Conclusion(500)

    books.ledger.hooks.conclude("tests", conclude)
    operation, other = submit(books, sale()), submit(books, UNBALANCED)
    assert work_off(books) == 2
    assert now(books, operation).result_code == now(books, other).result_code == 500
    assert now(books, operation).status is OperationStatus.FAILED


def test_a_total_beyond_its_bound_fails_one_operation_alone(books: Books) -> None:
    store = books.ledger.store
    refusing = Refusing(store, lambda: LimitPassed(f"a total would pass {TOTAL_MAX}"))
    ledger = replace(books.ledger, store=cast(Store, refusing))
    first, second = submit(books, sale(1)), submit(books, sale(2))
    OperationWorker(ledger).run_once()
    assert now(books, first).status is OperationStatus.FAILED
    assert [each.code for each in now(books, first).refusals] == [RefusalCode.LIMIT_EXCEEDED]
    assert now(books, second).status is OperationStatus.SUCCESS


def test_a_store_that_is_busy_is_asked_again(books: Books) -> None:
    refusing = Refusing(books.ledger.store, lambda: Overloaded("busy"))
    ledger = replace(books.ledger, store=cast(Store, refusing))
    operation = submit(books, sale())
    worker = OperationWorker(ledger)
    assert worker.run_once() == 0
    assert now(books, operation).status is OperationStatus.PENDING
    assert worker.run_once() == 1
    assert worker.ended[OperationStatus.SUCCESS] == 1


class Refusing:
    """A store whose first unit of work by mail fails."""

    def __init__(self, store: Store, failure: Callable[[], Exception]) -> None:
        self._store = store
        self._failure: Callable[[], Exception] | None = failure

    def write_soon(
        self,
        company_id: CompanyId,
        work: Work[T],
        ticket: object,
        mailbox: Mailbox,
        deadline: float | None = None,
    ) -> None:
        failure, self._failure = self._failure, None
        if failure is not None:
            mailbox.deliver([(ticket, failure())])
            return
        self._store.write_soon(company_id, work, ticket, mailbox, deadline)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)


# The thread


def test_a_worker_of_its_own_notices_what_is_submitted(books: Books) -> None:
    ended = threading.Event()

    def publish(reader: Reader, happened: Happened) -> list[Message]:
        ended.set()
        return []

    books.ledger.hooks.publish("tests", publish)
    books.ledger.hooks.wake()
    worker = OperationWorker(books.ledger)
    worker.start()
    try:
        operation = submit(books, sale())
        assert ended.wait(20)
    finally:
        worker.close()
    assert now(books, operation).status is OperationStatus.SUCCESS


def test_what_was_pending_at_the_start_is_worked_off(books: Books) -> None:
    operation = submit(books, sale())
    worker = OperationWorker(books.ledger)
    worker.start()
    while now(books, operation).status is OperationStatus.PENDING:
        threading.Event().wait(0.005)
    worker.close()


# The audit


def test_an_audit_finds_nothing_wrong_with_operations(books: Books) -> None:
    for command in (sale(), UNBALANCED, DeleteEntry(EntryId(1), None)):
        submit(books, command)
    work_off(books)
    submit(books, sale())
    assert audit(books.ledger.store, books.company_id).findings == ()


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"affected": Affected("entry", 1, 0, 999)}, "the log does not have the event 999"),
        ({"affected": Affected("entry", 2, 0, 1)}, "the log does not have the event 1"),
        ({"affected": None}, "success does not go with the record it changed"),
        ({"status": OperationStatus.FAILED}, "failed does not go with the record it changed"),
    ],
)
def test_an_audit_finds_an_operation_that_the_log_does_not_know(
    books: Books, members: dict[str, object], message: str
) -> None:
    operation = submit(books, sale())
    lie: dict[str, object] = {
        "status": OperationStatus.SUCCESS,
        "completed_at": operation.requested_at,
        "affected": Affected("entry", 1, 0, 1),
        **members,
    }

    def work(tx: Tx) -> None:
        tx.end_operation(replace(operation, **lie))  # type: ignore[arg-type]

    books.ledger.store.write(books.company_id, work)
    findings = audit(books.ledger.store, books.company_id).findings
    assert {finding.check for finding in findings} == {Check.OPERATION}
    assert message in str(findings[0])


def test_a_success_without_a_change_names_the_record(books: Books) -> None:
    """A command that asks for what is there already makes no event."""
    entry = post(books, debit("Bank", 5), credit("Sales", 5))
    content = EntryContent((debit("Bank", 5), credit("Sales", 5)), DAY)
    with_ids = replace(
        content,
        lines=tuple(
            replace(draft, id=line.id)
            for draft, line in zip(content.lines, entry.lines, strict=True)
        ),
    )
    assert isinstance(entry, JournalEntry)
    operation = submit(books, ReplaceEntry(entry.id, 0, with_ids))
    work_off(books)
    assert now(books, operation).affected == Affected("entry", entry.id, 0, None)
    with books.read() as reader:
        assert len(reader.operations(Query())) == 1


def test_a_fault_does_not_end_the_worker(
    books: Books, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first look fails in a way nobody foresaw; the operation is worked off all the same."""
    monkeypatch.setattr("daybook.app.worker.POLL_SECONDS", 0.01)
    operation = submit(books, sale())
    worker = OperationWorker(books.ledger)
    work, failed = worker.run_once, threading.Event()

    def once(stop: threading.Event | None = None) -> int:
        if not failed.is_set():
            failed.set()
            raise MemoryError("no memory for the moment")
        return work(stop)

    monkeypatch.setattr(worker, "run_once", once)
    worker.start()
    try:
        ends = time.monotonic() + 20
        while now(books, operation).status is OperationStatus.PENDING:
            assert time.monotonic() < ends
            time.sleep(0.01)
    finally:
        worker.close()
    assert now(books, operation).status is OperationStatus.SUCCESS
    assert "operations wait after a fault" in caplog.text


def test_what_a_broken_round_has_handed_over_is_counted_in_it(books: Books) -> None:
    """A later round once took its letters for its own, and left those it had itself."""
    other = shop(books.ledger.store, slug="other")
    operations = [submit(books, sale()), submit(other, sale())]

    class Breaking:
        """A store of which one company cannot be read the first time."""

        def __init__(self) -> None:
            self.broken = False

        def read(self, company_id: CompanyId) -> Any:
            if company_id == other.company_id and not self.broken:
                self.broken = True
                raise ReadOnly("for the moment")
            return books.ledger.store.read(company_id)

        def __getattr__(self, name: str) -> Any:
            return getattr(books.ledger.store, name)

    worker = OperationWorker(replace(books.ledger, store=cast(Store, Breaking())))
    with pytest.raises(ReadOnly):
        worker.run_once()
    assert worker._letters.empty()
    assert now(books, operations[0]).status is OperationStatus.SUCCESS
    assert worker.run_once() == 1
    assert worker._letters.empty()
    found = other.operation(operations[1].id)
    assert found is not None
    assert found.status is OperationStatus.SUCCESS


def test_a_key_counts_as_long_as_its_caller_says(books: Books) -> None:
    def once(command: Command) -> Operation:
        key = Idempotency(IdempotencyKey("tests", "", "k"), lifetime_us=60 * SECOND)
        return submit(books, command, Context(ACTOR, key))

    first = once(sale())
    clock(books).now += 59 * SECOND
    assert once(sale()).id == first.id
    clock(books).now += 61 * SECOND
    second = once(sale(6))
    assert second.id != first.id
    assert once(sale(6)).id == second.id
