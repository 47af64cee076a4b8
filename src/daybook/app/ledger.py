"""The one door to the books.

Every wire, the web UI, the command line and the importer go through `Ledger`, and nothing else
writes. A command passes here in this order, inside one transaction of the store:

    idempotency look-up -> facts -> decide -> events (numbered, stamped, chained) -> append
    -> idempotency record

    ledger = Ledger(open_store("sqlite:///books.db"))
    books = ledger.books(company_id, OPERATOR)
    match books.execute(CreateEntry(content), Context(actor)):
        case Committed(records=(entry,)): ...
        case Refused(refusals): ...

Refusals are values. An exception from here is a fault of the program or the machine.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import field, replace
from enum import Enum
from hashlib import sha256
from typing import Final
from uuid import uuid4

from daybook.app import activity, bodies, stored_commands
from daybook.app.access import OPERATOR, Principal, Scope, scope_for
from daybook.app.event_log import EventLog
from daybook.app.facts import FactReader
from daybook.app.hooks import Happened, Hooks
from daybook.app.operations import (
    OPERATION_BYTES_MAX,
    TIMEOUT_SECONDS_MAX,
    Affected,
    Operation,
    OperationStatus,
    Submission,
    Submitted,
    is_due,
)
from daybook.app.ports import (
    Clock,
    CompanyNames,
    DeadlinePassed,
    Head,
    IdempotencyKey,
    LimitPassed,
    Mailbox,
    NameTaken,
    OutcomeUnknown,
    Overloaded,
    Reader,
    ReadOnly,
    Remembered,
    Store,
    StoreFailure,
    Tx,
)
from daybook.domain import chain
from daybook.domain.commands import Command, EntryCommand
from daybook.domain.decide import Accepted, Rejected, Unchanged, decide
from daybook.domain.events import ENTRY, Actor, Change, Event, EventKind, entity_of
from daybook.domain.ids import CompanyId, Timestamp
from daybook.domain.limits import COMMANDS_PER_TRANSACTION_MAX, STREAM_REFUSALS_MAX
from daybook.domain.model import Company, Record
from daybook.domain.references import company_faults
from daybook.domain.refusals import Refusal, RefusalCode
from daybook.domain.values import value


def system_clock() -> Timestamp:
    """The machine's clock, in microseconds since 1970 UTC."""
    return Timestamp(time.time_ns() // 1_000)


class Repetition(Enum):
    """What a repeated idempotency key gets when the command differs from the first one."""

    REFUSE_OTHER = "refuse-other"
    """A refusal, `IDEMPOTENCY_MISMATCH`."""
    ANSWER_FIRST = "answer-first"
    """The first answer, whatever is asked now."""


@value
class Idempotency:
    """The caller's wish that a command be carried out once, however often it is sent.

    `lifetime_us` is how long the key of a submission stands for it, in microseconds; afterwards it
    is new. None: as long as the store keeps keys (`limits.IDEMPOTENCY_KEPT_DAYS`).
    """

    key: IdempotencyKey
    repetition: Repetition = Repetition.REFUSE_OTHER
    lifetime_us: int | None = None


@value
class Context:
    """What accompanies a command.

    `deadline` is a `time.monotonic()` time; a command still waiting then is dropped. With
    `dry_run` everything is checked and nothing kept. `show` makes of what was committed whatever
    the caller wants to see of it, reading the books as of that very moment; it comes back as
    `Committed.shown`. If it raises, nothing is kept.
    """

    actor: Actor
    idempotency: Idempotency | None = None
    deadline: float | None = None
    dry_run: bool = False
    show: "Callable[[Reader, Committed], object] | None" = None


@value
class Committed:
    """Carried out and durable (or, with `dry_run`, what would have been).

    `records` holds each command's record as it now is, in order; `events` what was logged: none
    for a command that changed nothing. `replayed` marks the answer to a repeated key: the records
    are then as they were after the first time. `shown` is what `Context.show` made of it.
    """

    records: tuple[Record, ...]
    events: tuple[Event, ...] = ()
    replayed: bool = False
    shown: object = None


@value
class Refused:
    """Not carried out; nothing has changed. In order of precedence, never empty.

    `index` is the position of the refused command among those of `execute_all`.
    """

    refusals: tuple[Refusal, ...]
    index: int = 0


@value
class Answered:
    """A repeated key whose first answer a wire asked to have remembered, in its own bytes."""

    answer: bytes


Outcome = Committed | Refused | Answered
Acceptance = Submitted | Refused | Answered
"""What becomes of a command that is to be carried out later."""


class Keeping(Enum):
    """What to keep of a stream of commands when some of them are refused."""

    ALL_OR_NOTHING = "all-or-nothing"
    THE_OTHERS = "the-others"


@value
class Streamed:
    """How a stream of commands went.

    `carried_out` counts the accepted ones (kept or not, see `Keeping`); `refused` pairs the
    index of each refused one with its refusals, at most `STREAM_REFUSALS_MAX` of them, after
    which the rest was not looked at.
    """

    carried_out: int
    refused: tuple[tuple[int, tuple[Refusal, ...]], ...]


_FAILURES: Final[tuple[tuple[type[StoreFailure], RefusalCode, str], ...]] = (
    (Overloaded, RefusalCode.OVERLOADED, "too many commands are waiting"),
    (DeadlinePassed, RefusalCode.DEADLINE_EXCEEDED, "the deadline passed while waiting"),
    (OutcomeUnknown, RefusalCode.OUTCOME_UNKNOWN, "the store failed while committing"),
    (ReadOnly, RefusalCode.STORAGE_READ_ONLY, "the store takes no writes until restarted"),
    (LimitPassed, RefusalCode.LIMIT_EXCEEDED, "a total would pass its bound"),
)


def refusal_of(failure: StoreFailure) -> Refused:
    """A store's failure as the refusal its caller gets. Raises it again if it is a fault."""
    for kind, code, message in _FAILURES:
        if isinstance(failure, kind):
            return Refused((Refusal(code, message),))
    raise failure


@value
class Ledger:
    """The books of all companies in a store."""

    store: Store
    clock: Clock = field(default=system_clock)
    hooks: Hooks = field(default_factory=Hooks, compare=False)

    def books(self, company_id: CompanyId, principal: Principal) -> "Books | None":
        """One company's books for one caller, or None if they are not its to open.

        None is also the answer for a company that does not exist: callers cannot tell.
        """
        if not principal.may_open(company_id) or self.store.directory.names(company_id) is None:
            return None
        activity.opened(company_id, principal.client, principal.user)
        return Books(self, company_id, principal.within(company_id))

    def settled_at(self) -> Timestamp:
        """Now, or a little earlier: every change stamped before it is seen by a snapshot opened
        from now on.

        A change gets its time before it is durable, so a caller that asks what has changed "since
        the time of the last answer" would miss one that was under way at that time.
        """
        now = self.clock()
        since = self.store.writing_since()
        return now if since is None else min(now, since)

    def found(
        self, company: Company, actor: Actor, commands: Sequence[Command] = ()
    ) -> Company | Refused:
        """Start a company's books, and carry out its first commands; all of it or nothing.

        Its id, version and times are set here. Refused as the first of the commands that is, and
        as `DUPLICATE_NAME` if slug, realm or Codat id are taken, and as `INVALID_VALUE`
        for a currency or time zone that does not exist.
        """
        faults = company_faults(company)
        if faults:
            return Refused(faults)

        def work(company_id: CompanyId, tx: Tx) -> Company:
            now = self.clock()
            founded = replace(company, id=company_id, version=0, created_at=now, modified_at=now)
            log = EventLog(tx, company_id, Head(0, chain.GENESIS, Timestamp(0), 0, 0, 0), now)
            log.append(Change(EventKind.CREATED, None, founded), actor)
            outcome = Books(self, company_id, OPERATOR)._carry_out(tx, commands, actor)
            if isinstance(outcome, Refused):
                raise _Undo(outcome)
            return founded

        names = CompanyNames(company.slug, company.realm, company.codat_id)
        try:
            return self.store.found_company(names, work)
        except NameTaken as taken:
            return Refused((Refusal(RefusalCode.DUPLICATE_NAME, str(taken)),))
        except _Undo as undo:
            if isinstance(undo.outcome, Refused):
                return undo.outcome
            raise


@value
class Books:
    """One company's books, opened for one caller. Made by `Ledger.books`."""

    ledger: Ledger
    company_id: CompanyId
    principal: Principal

    def read(self, deadline: float | None = None) -> AbstractContextManager[Reader]:
        """A snapshot that sees everything acknowledged before it was opened.

        Searches end with `DeadlinePassed` at `deadline`, a `time.monotonic()` time. Raises
        PermissionError where the caller may not read; wires ask `may` first.
        """
        if not self.may(Scope.READ):
            raise PermissionError("the credential does not allow reading")
        return self.ledger.store.read(self.company_id, deadline)

    def may(self, scope: Scope) -> bool:
        """Whether the caller's credential allows something."""
        return scope in self.principal.scopes

    def execute(self, command: Command, context: Context) -> Outcome:
        """Carry out a command and wait until it is durable."""
        return self.execute_all((command,), context)

    def execute_all(self, commands: Sequence[Command], context: Context) -> Outcome:
        """Carry out commands in order, all or none, each seeing those before it."""
        refused = self._not_allowed(commands)
        if refused is not None:
            return refused
        try:
            return self._write(self._work(commands, context), context)
        except _Undo as undo:
            return undo.outcome
        except StoreFailure as failure:
            return refusal_of(failure)

    def execute_stream(
        self,
        commands: Callable[[], Iterable[Command]],
        context: Context,
        keeping: Keeping = Keeping.ALL_OR_NOTHING,
    ) -> Streamed | Refused:
        """Carry out a long run of commands as one transaction, holding on to none of them.

        `commands` is called once for each attempt and yields them. Every command is judged, also
        after a refused one, so that all refusals can be reported together. With a refusal among
        them nothing is kept, unless `keeping` says that the others are. Idempotency keys are not
        looked at. Refused as a whole where the caller may not write.
        """
        refused = self._not_allowed(())
        if refused is None and not self.may(Scope.WRITE):
            refused = Refused(
                (Refusal(RefusalCode.FORBIDDEN, "the credential does not allow write"),)
            )
        if refused is not None:
            return refused

        def work(tx: Tx) -> Streamed:
            streamed = self._stream(tx, commands(), context.actor)
            if context.dry_run or (streamed.refused and keeping is Keeping.ALL_OR_NOTHING):
                raise _Discarded(streamed)
            return streamed

        try:
            return self.ledger.store.write(self.company_id, work, context.deadline)
        except _Discarded as discarded:
            return discarded.streamed
        except StoreFailure as failure:
            return refusal_of(failure)

    def _stream(self, tx: Tx, commands: Iterable[Command], actor: Actor) -> Streamed:
        head = tx.head()
        now = Timestamp(max(self.ledger.clock(), head.modified_at + 1))
        log = EventLog(tx, self.company_id, head, now)
        carried_out, refused = 0, []
        facts = FactReader(tx)
        for index, command in enumerate(commands):
            match decide(command, facts.read(command, actor, now), now):
                case Accepted(changes):
                    for change in changes:
                        log.append(change, actor)
                    if not isinstance(command, EntryCommand):
                        facts.forget()
                    carried_out += 1
                case Unchanged():
                    carried_out += 1
                case Rejected(refusals):
                    refused.append((index, refusals))
                    if len(refused) == STREAM_REFUSALS_MAX:
                        break
        return Streamed(carried_out, tuple(refused))

    def execute_soon(
        self, command: Command, context: Context, ticket: object, mailbox: Mailbox
    ) -> Refused | None:
        """Carry out a command without waiting; the `Outcome` goes to the mailbox once durable.

        The mailbox may also get a `StoreFailure` (see `refusal_of`) or another exception, which
        is a fault. A refusal returned here at once is final, and nothing follows it.
        """
        refused = self._not_allowed((command,))
        if refused is not None:
            return refused
        work = self._work((command,), context)
        try:
            self.ledger.store.write_soon(self.company_id, work, ticket, mailbox, context.deadline)
        except StoreFailure as failure:
            return refusal_of(failure)
        return None

    def submit_operation(
        self, command: Command, context: Context, submission: Submission
    ) -> Acceptance:
        """Keep a command that the worker is to carry out, and wait until it is durable.

        The command is not judged now: what the ledger has against it is told by the operation's
        end. Refused at once are a caller who may not do such a thing, a key used before for
        another command (`IDEMPOTENCY_MISMATCH`), an id used before or a time-out that is none
        (`INVALID_VALUE`), what is larger than `OPERATION_BYTES_MAX` (`LIMIT_EXCEEDED`), and a
        store that takes nothing. A repeated key answers with the operation as it now is.
        `Context.dry_run` and `show` have no meaning here.
        """
        work = self._submission(command, context, submission)
        if isinstance(work, Refused):
            return work
        try:
            acceptance = self.ledger.store.write(self.company_id, work, context.deadline)
        except StoreFailure as failure:
            return refusal_of(failure)
        self.ledger.hooks.wake()
        return acceptance

    def submit_operation_soon(
        self,
        command: Command,
        context: Context,
        submission: Submission,
        ticket: object,
        mailbox: Mailbox,
    ) -> Refused | None:
        """`submit_operation` without waiting; the `Acceptance` goes to the mailbox once durable.

        As with `execute_soon`, a refusal returned here at once is final. Whoever opens the
        mailbox may call `Hooks.wake`, so that the worker need not come and look by itself.
        """
        work = self._submission(command, context, submission)
        if isinstance(work, Refused):
            return work
        try:
            self.ledger.store.write_soon(self.company_id, work, ticket, mailbox, context.deadline)
        except StoreFailure as failure:
            return refusal_of(failure)
        return None

    def operation(self, operation_id: str) -> Operation | None:
        """An operation by its id, or None. Lists of them: `read().operations(query)`."""
        with self.read() as reader:
            return reader.operation(operation_id)

    def release_operation(self, operation_id: str) -> Operation | None:
        """Let an operation that was held begin. Answers with it as it now is, None if unknown.

        Nothing changes where it is not pending any more. Raises `StoreFailure`.
        """

        def work(tx: Tx) -> Operation | None:
            operation = tx.operation(operation_id)
            if operation is None or operation.status is not OperationStatus.PENDING:
                return operation
            released = replace(operation, due_at=operation.requested_at)
            tx.end_operation(released)
            return released

        released = self.ledger.store.write(self.company_id, work)
        self.ledger.hooks.wake()
        return released

    def end_operation(
        self,
        tx: Tx,
        operation_id: str,
        refusals: tuple[Refusal, ...] | None = None,
        *,
        silently: bool = False,
    ) -> Operation | None:
        """Bring a pending operation that is due to its end, inside a unit of work.

        For the worker. Times out what has waited too long, else carries the command out, or fails
        it with `refusals` where those are given (none of them: a fault of the program).
        `silently` asks no hooks. Answers with the operation as it then is: still pending where it
        is not due, None where there is none.
        """
        operation = tx.operation(operation_id)
        now = self.ledger.clock()
        if operation is None or not is_due(operation, now):
            return operation
        now = Timestamp(max(now, operation.requested_at))
        expires_at = operation.expires_at
        events: tuple[Event, ...] = ()
        if expires_at is not None and now >= expires_at:
            ended = replace(operation, status=OperationStatus.TIMED_OUT, completed_at=now)
        elif refusals is not None:
            ended = _failed(operation, refusals, now)
        else:
            command = stored_commands.decode(operation.command)
            outcome = self._carry_out(tx, (command,), operation.actor)
            events = outcome.events if isinstance(outcome, Committed) else ()
            ended = _ended(operation, outcome, now)
        if not silently:
            ended = self._concluded(tx, ended)
        tx.end_operation(ended)
        if not silently:
            self._publish(tx, Happened(events, ended), now)
        return ended

    def _concluded(self, tx: Tx, ended: Operation) -> Operation:
        concluder = self.ledger.hooks.concluders.get(ended.actor.protocol)
        if concluder is None:
            return ended
        said = concluder(tx, ended)
        return replace(
            ended,
            result_code=said.result_code,
            message=said.message,
            warnings=said.warnings,
            annex=ended.annex if said.annex is None else said.annex,
        )

    def _submission(
        self, command: Command, context: Context, submission: Submission
    ) -> Callable[[Tx], Acceptance] | Refused:
        refused = self._not_allowed((command,))
        if refused is not None:
            return refused
        stored = stored_commands.encode(command)
        faults = _submission_faults(submission, stored)
        if faults:
            return Refused(faults)
        operation_id = submission.id or str(uuid4())
        idempotency = context.idempotency
        digest = sha256(
            b"\n".join(
                text.encode(errors="surrogatepass")
                for text in (submission.topic, submission.channel, submission.kind)
            )
            + b"\n"
            + stored
        ).digest()

        def work(tx: Tx) -> Acceptance:
            now = self.ledger.clock()
            kept = None if idempotency is None else tx.recall(idempotency.key)
            first = None if idempotency is None or _is_over(kept, idempotency, now) else kept
            if first is not None:
                assert idempotency is not None
                compared = idempotency.repetition is Repetition.REFUSE_OTHER
                return _repeat_submission(tx, first, digest if compared else b"")
            if submission.id is not None and tx.operation(operation_id) is not None:
                message = "an operation has this id"
                return Refused((Refusal(RefusalCode.INVALID_VALUE, message, "id"),))
            operation = tx.add_operation(
                Operation(
                    self.company_id,
                    0,
                    operation_id,
                    context.actor,
                    submission.topic,
                    submission.channel,
                    submission.kind,
                    stored,
                    now,
                    now if submission.due_at is None else submission.due_at,
                    submission.timeout_seconds,
                    submission.annex,
                )
            )
            if idempotency is not None:
                answer = _OPERATION + operation_id.encode()
                keep = tx.remember if kept is None else tx.renew
                keep(idempotency.key, Remembered(now, digest, answer=answer))
            return Submitted(operation)

        return work

    def _publish(self, tx: Tx, happened: Happened, at: Timestamp) -> None:
        for publisher in self.ledger.hooks.publishers.values():
            messages = publisher(tx, happened)
            if messages:
                tx.publish(messages, at)

    def reserve_entry_ids(self, count: int) -> int | Refused:
        """Set aside entry ids for entries that a caller is told of before they are kept.

        Answers with the first. Those that are not used in the end are given to nobody.
        """
        refused = self._not_allowed(())
        if refused is None and not self.may(Scope.WRITE):
            refused = Refused(
                (Refusal(RefusalCode.FORBIDDEN, "the credential does not allow write"),)
            )
        if refused is not None:
            return refused
        try:
            return self.ledger.store.write(self.company_id, lambda tx: tx.reserve_ids(ENTRY, count))
        except StoreFailure as failure:
            return refusal_of(failure)

    def remember(self, key: IdempotencyKey, answer: bytes) -> Outcome:
        """Keep a refusal under an idempotency key, in the wire's own bytes.

        Answers with what the key stands for now: `Answered` with these bytes or those of whoever
        came first, or `Committed` if the key meanwhile stands for something carried out. Refused
        where the caller may not write.
        """
        if not self.may(Scope.WRITE):
            message = "the credential does not allow write"
            return Refused((Refusal(RefusalCode.FORBIDDEN, message),))

        def work(tx: Tx) -> Outcome:
            first = tx.recall(key)
            if first is None:
                tx.remember(key, Remembered(self.ledger.clock(), answer=answer))
                return Answered(answer)
            return _repeat(tx, first)

        try:
            return self.ledger.store.write(self.company_id, work)
        except StoreFailure as failure:
            return refusal_of(failure)

    def recall(self, key: IdempotencyKey) -> Outcome | None:
        """What an idempotency key stands for, or None if it is new.

        Raises PermissionError where the caller may not read.
        """
        with self.read() as reader:
            first = reader.recall(key)
            return None if first is None else _repeat(reader, first)

    def _not_allowed(self, commands: Sequence[Command]) -> Refused | None:
        if len(commands) > COMMANDS_PER_TRANSACTION_MAX:
            message = f"more than {COMMANDS_PER_TRANSACTION_MAX} commands at once"
            return Refused((Refusal(RefusalCode.LIMIT_EXCEEDED, message),))
        for index, command in enumerate(commands):
            scope = scope_for(command)
            if not self.may(scope):
                message = f"the credential does not allow {scope.value}"
                return Refused((Refusal(RefusalCode.FORBIDDEN, message),), index)
        return None

    def _write(self, work: Callable[[Tx], Outcome], context: Context) -> Outcome:
        store = self.ledger.store
        if context.dry_run:
            try:
                store.write(self.company_id, _undone(work), context.deadline)
            except _DryRun as dry:
                return dry.outcome
            raise AssertionError("a dry run always ends by being undone")
        return store.write(self.company_id, work, context.deadline)

    def _work(self, commands: Sequence[Command], context: Context) -> Callable[[Tx], Outcome]:
        idempotency = context.idempotency
        digest = b""
        if idempotency and idempotency.repetition is Repetition.REFUSE_OTHER:
            digest = sha256(repr(tuple(commands)).encode()).digest()

        def work(tx: Tx) -> Outcome:
            first = None if idempotency is None else tx.recall(idempotency.key)
            if first is not None:
                outcome = _repeat(tx, first, digest)
            else:
                outcome = self._carry_out(tx, commands, context.actor)
                if isinstance(outcome, Committed) and idempotency is not None:
                    tx.remember(idempotency.key, self._to_remember(outcome, digest))
            if isinstance(outcome, Committed) and outcome.events and first is None:
                self._publish(tx, Happened(outcome.events), outcome.events[-1].at)
            if isinstance(outcome, Committed) and context.show is not None:
                shown = context.show(tx, outcome)
                return Committed(outcome.records, outcome.events, outcome.replayed, shown)
            return outcome

        return work

    def _to_remember(self, outcome: Committed, digest: bytes) -> Remembered:
        """Numbers of events where they tell everything; else each command's record as well.

        They do not where a command changed nothing, or more than the record it names.
        """
        now, events = self.ledger.clock(), outcome.events
        first_seq, last_seq = (events[0].seq, events[-1].seq) if events else (None, None)
        if len(events) == len(outcome.records) == 1:
            return Remembered(now, digest, first_seq, last_seq)
        records = b"\n".join(
            b"%b %b" % (entity_of(record).encode(), bodies.encode(record))
            for record in outcome.records
        )
        return Remembered(now, digest, first_seq, last_seq, _RECORDS + records)

    def _carry_out(self, tx: Tx, commands: Sequence[Command], actor: Actor) -> Outcome:
        head = tx.head()
        now = Timestamp(max(self.ledger.clock(), head.modified_at + 1))
        log = EventLog(tx, self.company_id, head, now)
        records: list[Record] = []
        events: list[Event] = []
        facts = FactReader(tx)
        for index, command in enumerate(commands):
            match decide(command, facts.read(command, actor, now), now):
                case Accepted(changes):
                    events.extend(log.append(change, actor) for change in changes)
                    records.append(changes[0].after)
                    if not isinstance(command, EntryCommand):
                        facts.forget()
                case Unchanged(record):
                    records.append(record)
                case Rejected(refusals) if events:
                    raise _Undo(Refused(refusals, index))
                case Rejected(refusals):
                    return Refused(refusals, index)
        return Committed(tuple(records), tuple(events))


_RECORDS: Final = b"records\n"
"""What an answer begins with that holds the records of commands, one a line."""


_OPERATION: Final = b"operation\n"
"""What an answer begins with that names the operation a key was given with."""


def _submission_faults(submission: Submission, stored: bytes) -> tuple[Refusal, ...]:
    """What is wrong with a submission, whatever the books say."""
    faults = []
    if len(stored) + len(submission.annex) > OPERATION_BYTES_MAX:
        message = f"an operation has more than {OPERATION_BYTES_MAX} bytes"
        faults.append(Refusal(RefusalCode.LIMIT_EXCEEDED, message))
    timeout = submission.timeout_seconds
    if timeout is not None and not 1 <= timeout <= TIMEOUT_SECONDS_MAX:
        message = f"a time-out is 1 to {TIMEOUT_SECONDS_MAX} seconds"
        faults.append(Refusal(RefusalCode.INVALID_VALUE, message, "timeout_seconds"))
    return tuple(faults)


def _ended(operation: Operation, outcome: Outcome, now: Timestamp) -> Operation:
    """An operation after the ledger has said its word."""
    if isinstance(outcome, Refused):
        return _failed(operation, outcome.refusals, now)
    assert isinstance(outcome, Committed)
    record, events = outcome.records[0], outcome.events
    return replace(
        operation,
        status=OperationStatus.SUCCESS,
        completed_at=Timestamp(max(now, events[0].at)) if events else now,
        affected=Affected(
            entity_of(record), record.id, record.version, events[0].seq if events else None
        ),
    )


def _failed(operation: Operation, refusals: tuple[Refusal, ...], now: Timestamp) -> Operation:
    return replace(operation, status=OperationStatus.FAILED, completed_at=now, refusals=refusals)


def _is_over(kept: Remembered | None, idempotency: Idempotency, now: Timestamp) -> bool:
    """Whether what a key stood for does not count any more."""
    lifetime_us = idempotency.lifetime_us
    return kept is not None and lifetime_us is not None and now - kept.at > lifetime_us


def _repeat_submission(reader: Reader, first: Remembered, digest: bytes) -> Acceptance:
    """What a key given with a submission stands for, `digest` empty where any will do."""
    if first.answer is not None and first.answer.startswith(_OPERATION):
        operation = reader.operation(first.answer[len(_OPERATION) :].decode())
        if operation is not None and digest in (b"", first.digest):
            return Submitted(operation, replayed=True)
    elif first.answer is not None and not first.answer.startswith(_RECORDS):
        return Answered(first.answer)
    message = "the key was used before, for another command"
    return Refused((Refusal(RefusalCode.IDEMPOTENCY_MISMATCH, message),))


class _Ended(Exception):
    """Ends a transaction without keeping anything, and carries the outcome out of it."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__()
        self.outcome = outcome


class _Discarded(Exception):
    """A stream that is not kept, and how it went."""

    def __init__(self, streamed: Streamed) -> None:
        super().__init__()
        self.streamed = streamed


class _DryRun(_Ended):
    """The outcome of a dry run."""


class _Undo(_Ended):
    """A refusal after some commands of the same transaction had been carried out."""


def _undone(work: Callable[[Tx], Outcome]) -> Callable[[Tx], Outcome]:
    def run(tx: Tx) -> Outcome:
        try:
            outcome = work(tx)
        except _Undo as undo:
            outcome = undo.outcome
        raise _DryRun(outcome)

    return run


def _repeat(reader: Reader, first: Remembered, digest: bytes = b"") -> Outcome:
    """The outcome a key stands for, rendered from the log as it was the first time."""
    deferred = first.answer is not None and first.answer.startswith(_OPERATION)
    if deferred or (digest and first.digest and digest != first.digest):
        message = "the key was used before, for another command"
        return Refused((Refusal(RefusalCode.IDEMPOTENCY_MISMATCH, message),))
    if first.answer is not None and not first.answer.startswith(_RECORDS):
        return Answered(first.answer)
    events: tuple[Event, ...] = ()
    if first.first_seq is not None and first.last_seq is not None:
        count = first.last_seq - first.first_seq + 1
        events = tuple(reader.events(first.first_seq - 1, count))
    if first.answer is None:
        kept = [(event.entity, event.body) for event in events]
    else:
        lines = first.answer[len(_RECORDS) :].split(b"\n")
        kept = [(line.partition(b" ")[0].decode(), line.partition(b" ")[2]) for line in lines]
    records = tuple(bodies.decode(entity, body) for entity, body in kept)
    return Committed(records, events, replayed=True)
