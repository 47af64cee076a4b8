"""Operations as rows."""

from typing import Any, Final

from daybook.app.operations import Operation, OperationStatus, decode_outcome, encode_outcome
from daybook.domain.events import Actor
from daybook.domain.ids import CompanyId
from daybook.storage.sqlite.rows import Row

OPERATION: Final = (
    "SELECT o.number, o.id, o.status, o.topic, o.channel, o.kind, o.client, o.protocol, o.user,"
    " o.request_id, o.requested_at, o.due_at, o.timeout_seconds, o.completed_at, o.result_code,"
    " o.message, o.command, o.annex, o.outcome FROM operation o"
)
OPERATIONS_BY_NUMBER: Final = (
    OPERATION.replace("FROM operation o", "FROM json_each(?) j CROSS JOIN operation o")
    + " WHERE o.company_id = ? AND o.number = j.value"
)
ADD_OPERATION: Final = (
    "INSERT INTO operation (company_id, number, id, status, topic, channel, kind, client,"
    " protocol, user, request_id, requested_at, due_at, timeout_seconds, completed_at,"
    " result_code, message, command, annex, outcome)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
END_OPERATION: Final = (
    "UPDATE OR ROLLBACK operation SET status = ?, due_at = ?, completed_at = ?, result_code = ?,"
    " message = ?, annex = ?, outcome = ? WHERE company_id = ? AND number = ?"
)


def operation_row(operation: Operation) -> Row:
    """The row of a new operation, as `ADD_OPERATION` takes it."""
    actor = operation.actor
    return (
        operation.company_id,
        operation.number,
        operation.id,
        operation.status.value,
        operation.topic,
        operation.channel,
        operation.kind,
        actor.client,
        actor.protocol,
        actor.user,
        actor.request_id,
        operation.requested_at,
        operation.due_at,
        operation.timeout_seconds,
        operation.completed_at,
        operation.result_code,
        operation.message,
        operation.command,
        operation.annex,
        encode_outcome(operation),
    )


def ended_row(operation: Operation) -> Row:
    """What `END_OPERATION` takes."""
    return (
        operation.status.value,
        operation.due_at,
        operation.completed_at,
        operation.result_code,
        operation.message,
        operation.annex,
        encode_outcome(operation),
        operation.company_id,
        operation.number,
    )


def operation_of(company_id: CompanyId, row: tuple[Any, ...]) -> Operation:
    """The operation of a row of `OPERATION`."""
    number, id, status, topic, channel, kind, *actor = row[:10]
    requested_at, due_at, timeout_seconds, completed_at, code, message, command, annex, outcome = (
        row[10:]
    )
    affected, refusals, warnings = decode_outcome(outcome)
    return Operation(
        company_id,
        number,
        id,
        Actor(*actor),
        topic,
        channel,
        kind,
        command,
        requested_at,
        due_at,
        timeout_seconds,
        annex,
        OperationStatus(status),
        completed_at,
        affected,
        refusals,
        code,
        message,
        warnings,
    )
