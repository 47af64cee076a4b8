"""What is told of writes: a publisher for the transactions in which operations end."""

from collections.abc import Sequence
from typing import Any

from daybook.app.hooks import Happened
from daybook.app.operations import Operation, OperationStatus
from daybook.app.outbox import Message
from daybook.app.ports import Directory, Reader
from daybook.protocols.codat import events, push, times
from daybook.protocols.codat.entries import JOURNAL_ENTRIES, WIRE
from daybook.protocols.codat.views import View, Views

_STATUSES = {
    OperationStatus.SUCCESS: "Success",
    OperationStatus.FAILED: "Failed",
    OperationStatus.TIMED_OUT: "TimedOut",
}


class Publishing:
    """Says what consumers of this wire are to hear of the end of an operation."""

    def __init__(self, directory: Directory, views: Views) -> None:
        self._directory = directory
        self._views = views

    def publish(self, reader: Reader, happened: Happened) -> Sequence[Message]:
        """See `hooks.Publisher`."""
        del reader
        operation = happened.operation
        if operation is None or operation.actor.protocol != WIRE:
            return ()
        if operation.completed_at is None:
            return ()
        success = operation.status is OperationStatus.SUCCESS
        written = f"{operation.topic}.{events.SUCCESSFUL if success else events.UNSUCCESSFUL}"
        kept = push.kept_of(operation)
        read = success and not kept.get("silent")
        wanted = self._directory.wanted_events(WIRE)
        if written not in wanted and not (read and events.READ_COMPLETED in wanted):
            return ()
        view = self._views.find(kept.get("company", ""))
        if view is None:  # the company has been deleted meanwhile
            return ()
        at = operation.completed_at
        messages = [events.message(written, _payload(view, operation), view, at)]
        if read:
            touched = (JOURNAL_ENTRIES, "chartOfAccounts")
            messages.append(
                events.read_completed(view, operation.channel, touched, at, initial=False)
            )
        return messages


def _payload(view: View, operation: Operation) -> dict[str, Any]:
    assert operation.completed_at is not None
    payload: dict[str, Any] = {
        "id": operation.id,
        "type": operation.kind,
        "referenceCompany": events.reference(view),
        "connectionId": operation.channel,
        "requestedOnDate": times.milliseconds(operation.requested_at),
        "completedOnDate": times.milliseconds(operation.completed_at),
        "status": _STATUSES[operation.status],
    }
    if operation.status is OperationStatus.SUCCESS and operation.affected is not None:
        payload["record"] = {"id": str(operation.affected.record_id)}
    return payload
