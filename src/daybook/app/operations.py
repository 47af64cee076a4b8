"""Operations: commands that are accepted now and carried out soon after.

Some interfaces answer a write with a receipt: the caller learns later, by asking or by a message,
what came of it. Such a command is kept in the company's books as an `Operation`, answered, and
carried out by the worker (`app/worker.py`), in the order of acceptance within a company:

    PENDING ──> SUCCESS     carried out; in the same transaction as what it changed
        ├─────> FAILED      refused, with the ledger's refusals; the books are untouched
        └─────> TIMED_OUT   waited longer than its caller allowed; never carried out afterwards

An end state is final. Since it is written in the transaction that changes the books, an operation
is applied exactly once or not at all, wherever the program is stopped.

The words `topic`, `channel` and `kind` and the bytes `annex` are the wire's own; nothing here
reads them.
"""

import json
from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid5

from daybook.domain.events import Actor
from daybook.domain.ids import CompanyId, Timestamp
from daybook.domain.refusals import Refusal, RefusalCode
from daybook.domain.values import value

TIMEOUT_SECONDS_MAX: Final = 2**31 - 1
"""The longest an operation may be allowed to wait, 68 years: what is meant to be longer is a
mistake in the unit."""

OPERATION_BYTES_MAX: Final = 32 * 1024 * 1024
"""Bytes of a command as it is kept, and of its annex, together: a body of 8 MiB, the most that
interfaces take, with each member spelt out, and beside it the body itself."""

HELD: Final = Timestamp(2**62)
"""The `due_at` of an operation that waits until it is released (`Books.release_operation`)."""

_ONCE_MORE: Final = UUID("0b7f9f5e-52a5-4a0e-9a3c-0d6d1c3f7e11")
"""The name space of the ids of operations that were handed in again."""


class OperationStatus(StrEnum):
    """How far an operation has come."""

    PENDING = "pending"
    SUCCESS = "success"
    FAILED = "failed"
    TIMED_OUT = "timed_out"


@value
class Submission:
    """What a wire says of an operation beside its command.

    `topic`, `channel` and `kind` are its own words: what sort of record it is about, by which
    way it came, what is done; the first two can be searched by. `timeout_seconds` is how long it
    may wait, None for ever. `due_at` is the time before which it is not begun (None: at once;
    `HELD`: until released). `id` is a lower-case UUID, drawn at random where it is None.
    """

    topic: str = ""
    channel: str = ""
    kind: str = ""
    annex: bytes = b""
    timeout_seconds: int | None = None
    due_at: Timestamp | None = None
    id: str | None = None


@value
class Affected:
    """The record an operation made or changed, and the event that tells of it.

    `event_seq` is None where the command changed nothing, the record being as asked already.
    """

    entity: str
    record_id: int
    version: int
    event_seq: int | None


@value
class Operation:
    """A command that was accepted, and what has come of it.

    `number` counts a company's operations from 1: the order in which they are carried out, and
    in which `requested_at` never falls. `command` is the canonical form of `stored_commands`.
    `refusals` are those of a FAILED one, in order of precedence; a FAILED one without any met a
    fault of the program. `result_code`, `message` and `warnings` are what the wire's `Concluder`
    added.
    """

    company_id: CompanyId
    number: int
    id: str
    actor: Actor
    topic: str
    channel: str
    kind: str
    command: bytes
    requested_at: Timestamp
    due_at: Timestamp
    timeout_seconds: int | None = None
    annex: bytes = b""
    status: OperationStatus = OperationStatus.PENDING
    completed_at: Timestamp | None = None
    affected: Affected | None = None
    refusals: tuple[Refusal, ...] = ()
    result_code: int | None = None
    message: str | None = None
    warnings: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        """Bytes of its command and annex, by which pages of operations are bounded."""
        return len(self.command) + len(self.annex)

    @property
    def expires_at(self) -> Timestamp | None:
        """When a pending operation times out, or None."""
        if self.timeout_seconds is None:
            return None
        return Timestamp(self.requested_at + self.timeout_seconds * 1_000_000)


@value
class Submitted:
    """Accepted and durable. `replayed` marks the answer to a repeated idempotency key: the
    operation is then as it is now.
    """

    operation: Operation
    replayed: bool = False


@value
class Conclusion:
    """What a wire adds to an operation at its end. `annex` None keeps the operation's."""

    result_code: int | None = None
    message: str | None = None
    warnings: tuple[str, ...] = ()
    annex: bytes | None = None


def once_more(operation: Operation) -> Submission:
    """What to hand an operation in with another time: all that was said of it but its end.

    The id follows from its own, so that it is handed in again once for ever.
    """
    return Submission(
        operation.topic,
        operation.channel,
        operation.kind,
        operation.annex,
        operation.timeout_seconds,
        id=str(uuid5(_ONCE_MORE, operation.id)),
    )


def is_due(operation: Operation, now: Timestamp) -> bool:
    """Whether a pending operation is to be begun or timed out at a time."""
    if operation.status is not OperationStatus.PENDING:
        return False
    expires_at = operation.expires_at
    return operation.due_at <= now or (expires_at is not None and expires_at <= now)


def encode_outcome(operation: Operation) -> bytes:
    """What came of an operation (record, refusals, warnings) as canonical JSON."""
    affected = operation.affected
    outcome: dict[str, object] = {}
    if affected is not None:
        outcome["affected"] = [
            affected.entity,
            affected.record_id,
            affected.version,
            affected.event_seq,
        ]
    if operation.refusals:
        outcome["refusals"] = [
            [each.code.value, each.message, each.field, each.line, dict(each.values)]
            for each in operation.refusals
        ]
    if operation.warnings:
        outcome["warnings"] = list(operation.warnings)
    return json.dumps(outcome, sort_keys=True, separators=(",", ":")).encode()


def decode_outcome(
    outcome: bytes,
) -> tuple[Affected | None, tuple[Refusal, ...], tuple[str, ...]]:
    """The record, refusals and warnings that `encode_outcome` wrote."""
    members: dict[str, Any] = json.loads(outcome)
    affected = members.get("affected")
    refusals = tuple(
        Refusal(RefusalCode(code), message, field, line, values)
        for code, message, field, line, values in members.get("refusals", ())
    )
    return (
        None if affected is None else Affected(*affected),
        refusals,
        tuple(members.get("warnings", ())),
    )
