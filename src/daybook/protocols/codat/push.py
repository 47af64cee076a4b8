"""Writes: accepted at once as push operations, carried out by the worker, asked for afterwards.

    accept    body ──> command ──> Operation, kept      answered 200, `Pending`, statusCode 202
    conclude  the ledger's word on it ──> status code, message, validation, kept with the operation
    show      Operation ──> JSON

What is wrong with the shape of a body is refused at once. What is wrong with its content is told by
the operation's end: by the ledger's refusals, or by faults that only this wire knows of. For those
the kept command is one that the ledger always refuses (an entry without lines), and the faults
stand in the operation's annex.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from daybook.app.operations import Conclusion, Operation, OperationStatus
from daybook.app.ports import Reader
from daybook.domain.commands import CreateEntry, DeleteEntry, EntryContent, Guard
from daybook.domain.ids import EntryId
from daybook.domain.model import Status
from daybook.domain.query import Compare, Field, Op, Sort
from daybook.domain.refusals import Refusal, RefusalCode
from daybook.protocols.codat import errors, times
from daybook.protocols.codat.entries import JOURNAL_ENTRIES, record_type
from daybook.protocols.codat.limits import ERRORS_MAX, VALIDATION_BYTES_MAX
from daybook.protocols.codat.properties import (
    MomentIn,
    NumberIn,
    OneOfThese,
    Properties,
    Property,
    TextIn,
    Type,
)
from daybook.protocols.kit import json

CREATE: Final = "Create"
DELETE: Final = "Delete"
"""Kinds of operations, in the words of events."""

_CHANGES: Final = {CREATE: "Created", DELETE: "Deleted"}
_STATUSES: Final = {
    OperationStatus.PENDING: "Pending",
    OperationStatus.SUCCESS: "Success",
    OperationStatus.FAILED: "Failed",
    OperationStatus.TIMED_OUT: "TimedOut",
}

ACCEPTED: Final = 202
"""The status code of an operation that is pending. HTTP's own is 200."""
TIMED_OUT: Final = 408

POSTED_ONLY: Final = Guard(statuses=frozenset({Status.POSTED}))
"""Entries that wait for approval do not exist on this wire."""

NOWHERE: Final = EntryId(0)
"""An id no entry has, for one that cannot be the number of any."""

REFUSED_ALWAYS: Final = CreateEntry(EntryContent(()))
"""What is kept of a body whose faults the ledger does not know of."""

VALIDATOR: Final = "JournalEntry"


def _with_status(status: OperationStatus) -> Compare:
    return Compare(Field.STATUS, Op.EQ, status.value)


PROPERTIES: Final = Properties(
    "PushOperation",
    (
        Property("pushOperationKey", Type.TEXT, TextIn(Field.ID), Field.ID),
        Property("dataConnectionKey", Type.TEXT, TextIn(Field.CHANNEL), Field.CHANNEL),
        Property("dataType", Type.TEXT, TextIn(Field.TOPIC), Field.TOPIC),
        Property(
            "status",
            Type.TEXT,
            OneOfThese([(shown, _with_status(status)) for status, shown in _STATUSES.items()]),
            Field.STATUS,
        ),
        Property(
            "statusCode",
            Type.NUMBER,
            NumberIn(Field.RESULT_CODE, {ACCEPTED: _with_status(OperationStatus.PENDING)}),
            Field.RESULT_CODE,
        ),
        Property("errorMessage", Type.TEXT, TextIn(Field.MESSAGE), Field.MESSAGE),
        Property("requestedOnUtc", Type.DATE, MomentIn(Field.REQUESTED_AT), Field.REQUESTED_AT),
        Property("completedOnUtc", Type.DATE, MomentIn(Field.COMPLETED_AT), Field.COMPLETED_AT),
    ),
)
ORDER: Final = (Sort(Field.NUMBER, descending=True),)
"""Newest first, where the caller names no order."""


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a validation: what is wrong, where, and who says so."""

    item: str
    message: str

    def shown(self) -> dict[str, str]:
        """As JSON."""
        return {"itemId": self.item, "message": self.message, "validatorName": VALIDATOR}


def annex(company_id: str, **members: Any) -> bytes:
    """What is kept with an operation: the company it was asked of, and `members`."""
    kept = {name: value for name, value in members.items() if value not in (None, [], "")}
    return json.encode({"company": company_id, **kept})


def kept_of(operation: Operation) -> dict[str, Any]:
    """What `annex` has kept."""
    kept: dict[str, Any] = json.decode(operation.annex) if operation.annex else {}
    return kept


def deletion(number: int | None) -> DeleteEntry:
    """The command that deletes an entry, whatever its version; None: one that is not there."""
    return DeleteEntry(NOWHERE if number is None else EntryId(number), None, POSTED_ONLY)


# The end of an operation


def conclude(reader: Reader, operation: Operation) -> Conclusion:
    """What this wire adds to the end of its operations. See `hooks.Concluder`."""
    match operation.status:
        case OperationStatus.SUCCESS:
            warning = _linked(reader, operation)
            warnings = () if warning is None else (warning,)
            return Conclusion(200, None, warnings)
        case OperationStatus.TIMED_OUT:
            return Conclusion(TIMED_OUT, "The push operation timed out before it was carried out.")
        case _:
            code, items = _failure(operation)
            kept = kept_of(operation)
            kept["errors"] = _bounded([each.shown() for each in items])
            message = items[0].message
            return Conclusion(code, message, annex=json.encode(kept))


def _linked(reader: Reader, operation: Operation) -> str | None:
    """A warning where what was deleted stood for another record."""
    if operation.kind != DELETE or operation.affected is None:
        return None
    entry = reader.entry(EntryId(operation.affected.record_id))
    if entry is None:
        return None
    stood_for = record_type(entry)
    if stood_for == JOURNAL_ENTRIES:
        return None
    return (
        f"Journal entry {entry.id} was the entry of record {entry.id} of type {stood_for}: that"
        " record is gone with it, and what was applied to it is no longer applied."
    )


def _failure(operation: Operation) -> tuple[int, list[Item]]:
    """Status code and reasons of an operation that failed; there is always a reason."""
    own = kept_of(operation).get("faults", [])
    if own and operation.kind == CREATE:
        return 400, [Item(item, message) for item, message in own]
    if not operation.refusals:
        return 500, [Item("", "Failed to push because of a fault of the server.")]
    first = operation.refusals[0]
    record = kept_of(operation).get("record", "")
    if operation.kind == DELETE and errors.status_of(first) == 404:
        gone = first.code is RefusalCode.ENTRY_DELETED
        why = "has been deleted already" if gone else "does not exist"
        text = f"Failed to delete JournalEntry as the entry with ID {record} {why}."
        return 404, [Item("Id", text)]
    return errors.status_of(first), [
        item_of(refusal, operation.kind) for refusal in operation.refusals[:ERRORS_MAX]
    ]


_PLACES: Final = {
    RefusalCode.TOO_FEW_LINES: "JournalLines",
    RefusalCode.UNBALANCED: "JournalLines.NetAmount",
    RefusalCode.PERIOD_CLOSED: "PostedOn",
    RefusalCode.CURRENCY_MISMATCH: "JournalLines.Currency",
    RefusalCode.RATE_REQUIRED: "JournalLines.Currency",
    RefusalCode.CONTACT_REQUIRED: "JournalLines.ContactRef.Id",
    RefusalCode.CONTACT_KIND_WRONG: "JournalLines.ContactRef.DataType",
}
_FIELDS: Final = {
    "account": "JournalLines.AccountRef.Id",
    "contact": "JournalLines.ContactRef.Id",
    "dimensions": "RecordRefs.Id",
    "description": "JournalLines.Description",
    "memo": "Description",
    "amount": "JournalLines.NetAmount",
    "posting_date": "PostedOn",
    "currency": "JournalLines.Currency",
    "lines": "JournalLines",
}
_REASONS: Final = {
    RefusalCode.TOO_FEW_LINES: "JournalLines must contain at least 2 lines",
    RefusalCode.UNBALANCED: "the sum of net amounts must be 0",
    RefusalCode.PERIOD_CLOSED: "the books are closed through PostedOn",
}


def item_of(refusal: Refusal, kind: str) -> Item:
    """A refusal of the ledger as an item of a validation."""
    verb = "delete" if kind == DELETE else "push"
    field = refusal.field or ""
    place = _PLACES.get(refusal.code) or _FIELDS.get(field.partition("[")[0], "JournalEntry")
    if kind == DELETE:
        place = "Id"
    reason = _REASONS.get(refusal.code)
    if reason is None:
        at = "" if refusal.line is None else f" of line {refusal.line + 1}"
        reason = f"{place}{at} is not accepted: {refusal.message}"
    return Item(place, f"Failed to {verb} JournalEntry as {reason}.")


def _bounded(items: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """As many items as are kept with an operation, the first in any case."""
    kept: list[dict[str, str]] = []
    size = 0
    for item in items[:ERRORS_MAX]:
        size += len(json.encode(item))
        if kept and size > VALIDATION_BYTES_MAX:
            break
        kept.append(item)
    return kept


# Shown


def operation_json(operation: Operation, *, accepted: bool = False) -> dict[str, Any]:
    """An operation. With `accepted`, as it was shown when it was accepted."""
    kept = kept_of(operation)
    status = OperationStatus.PENDING if accepted else operation.status
    record: dict[str, str] = {}
    if operation.kind == DELETE:
        record["id"] = kept.get("record", "")
    elif status is OperationStatus.SUCCESS and operation.affected is not None:
        record["id"] = str(operation.affected.record_id)
    record["dataType"] = operation.topic
    timeout = operation.timeout_seconds or 0
    shown: dict[str, Any] = {
        "changes": [{"type": _CHANGES.get(operation.kind, "Unknown"), "recordRef": record}],
        "dataType": operation.topic,
        "companyId": kept.get("company", ""),
        "pushOperationKey": operation.id,
        "dataConnectionKey": operation.channel,
        "requestedOnUtc": times.utc(operation.requested_at),
    }
    if status is not OperationStatus.PENDING and operation.completed_at is not None:
        shown["completedOnUtc"] = times.utc(operation.completed_at)
    shown["timeoutInMinutes"] = timeout // 60
    shown["timeoutInSeconds"] = timeout
    shown["status"] = _STATUSES[status]
    if status is OperationStatus.PENDING:
        shown["statusCode"] = ACCEPTED
        return shown
    if operation.message is not None and status is not OperationStatus.SUCCESS:
        shown["errorMessage"] = operation.message
    warnings = [Item(kept.get("record", ""), each).shown() for each in operation.warnings]
    faults = kept.get("errors", []) if status is OperationStatus.FAILED else []
    shown["validation"] = {"errors": faults, "warnings": warnings}
    shown["statusCode"] = operation.result_code or 500
    return shown
