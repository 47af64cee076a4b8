"""Several operations in one request, carried out in order, each for itself.

An item that fails says so in its place; the others go on. Items see what those before them did.
With a request id, each item is repeated for itself under that id and its own.
"""

from dataclasses import dataclass
from typing import Any, Final

from daybook.app.access import Scope
from daybook.app.ledger import Books
from daybook.app.ports import Overloaded
from daybook.protocols.kit.plugin import Services
from daybook.protocols.qbo import errors, query
from daybook.protocols.qbo.errors import Error, QboFault
from daybook.protocols.qbo.limits import BATCH_LINES_MAX, PAGE_BYTES_MAX
from daybook.protocols.qbo.operations import NAMES, Operations
from daybook.protocols.qbo.render import Json

ITEMS_MAX: Final = 30
"""Items of a batch, the original's bound."""

BATCH_ID_LENGTH_MAX: Final = 50
"""Characters of a `bId`."""

TOLD_MAX: Final = 5
"""Items whose faults the diagnosis tells; it says how many more there are."""

_KNOWN: Final = frozenset({"bId", "operation", "optionsData", "Query"})
_UNSUPPORTED: Final = frozenset({"CDCQuery", "ReportQuery"})


@dataclass(frozen=True, slots=True)
class Answered:
    """The content of `BatchItemResponse`, and what went wrong in plain words, if anything did."""

    items: list[Json]
    diagnosis: str | None


async def handle(
    body: Any,
    books: Books,
    operations: Operations,
    services: Services,
    *,
    key: str | None,
    request_id: str | None,
) -> Answered:
    """The answers to the items. Raises `QboFault` for an envelope it cannot read."""
    items = _items(body)
    seen: set[str] = set()
    answered: list[Json] = []
    told: list[str] = []
    page_bytes_max = PAGE_BYTES_MAX // max(sum("Query" in item for item in items), 1)
    for at, item in enumerate(items):
        batch_id = item.get("bId")
        try:
            shown = await _item(
                item, books, operations, services, key, request_id, seen, page_bytes_max
            )
        except QboFault as fault:
            refused: QboFault | None = fault
        except Overloaded as overload:
            refused = errors.throttled(str(overload))
        else:
            refused = None
        if refused is not None:
            shown = {"Fault": refused.as_json()}
            name = f"bId {batch_id}" if _is_batch_id(batch_id) else f"item {at}"
            told.append(f"{name}: {refused.diagnosis}")
        if _is_batch_id(batch_id):
            shown["bId"] = str(batch_id)
        answered.append(shown)
    return Answered(answered, _diagnosis(told))


def _diagnosis(told: list[str]) -> str | None:
    """The first items that failed, as one line."""
    if not told:
        return None
    more = len(told) - TOLD_MAX
    first = " | ".join(told[:TOLD_MAX])
    return first if more <= 0 else f"{first} | and {more} more items"


def _items(body: Any) -> list[Json]:
    if not isinstance(body, dict):
        raise errors.unreadable("the body is not a JSON object")
    for name in body:
        if name != "BatchItemRequest":
            raise errors.unknown_member("IntuitBatchRequest", name, ["BatchItemRequest"])
    items = body.get("BatchItemRequest")
    if items is None:
        raise QboFault([errors.required("BatchItemRequest")])
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise errors.unreadable("BatchItemRequest is not an array of objects")
    if len(items) > ITEMS_MAX:
        plain = f"BatchItemRequest has {len(items)} items, {ITEMS_MAX} at most"
        detail = f"Batch size exceeds allowed limit : maximum {ITEMS_MAX}, found {len(items)}"
        raise QboFault([Error("1040", detail, "", plain)])
    lines = sum(_lines(item) for item in items)
    if lines > BATCH_LINES_MAX:
        plain = f"the items have {lines} lines, {BATCH_LINES_MAX} at most"
        raise QboFault([errors.business(f"A batch has at most {BATCH_LINES_MAX} lines.", plain)])
    return items


def _lines(item: Json) -> int:
    """How many lines the objects of an item have."""
    found = (value.get("Line") for value in item.values() if isinstance(value, dict))
    return sum(len(lines) for lines in found if isinstance(lines, list))


async def _item(
    item: Json,
    books: Books,
    operations: Operations,
    services: Services,
    key: str | None,
    request_id: str | None,
    seen: set[str],
    page_bytes_max: int,
) -> Json:
    batch_id = item.get("bId")
    if batch_id is None or batch_id == "":
        raise QboFault([errors.required("bId")])
    if not _is_batch_id(batch_id):
        raise errors.unreadable(f"bId is not a text of up to {BATCH_ID_LENGTH_MAX} characters")
    if str(batch_id) in seen:
        plain = f"bId: {str(batch_id)!r} is the bId of an earlier item"
        raise QboFault([Error("2030", f"Invalid ID : bId {batch_id} is used twice", "bId", plain)])
    seen.add(str(batch_id))
    operation = _operation(item)
    if "Query" in item or operation == "query":
        return await _query(item, books, services, page_bytes_max)
    entity = _entity(item)
    if not books.may(Scope.WRITE):
        raise errors.forbidden("the token does not allow write")
    options = item.get("optionsData") or ""
    applied = await operations.apply(
        books,
        NAMES[entity.lower()],
        operation,
        item[entity],
        frozenset(word.strip().lower() for word in str(options).split(",") if word.strip()),
        key=None if key is None else f"{key}\n{batch_id}",
        request_id=request_id,
        aside=True,  # thirty items that are refused would not wait for anything else
    )
    return {applied.entity: applied.body}


def _is_batch_id(value: Any) -> bool:
    """Whether an item's `bId` is one: a text, or a number in its place."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return False
    return len(str(value)) <= BATCH_ID_LENGTH_MAX


def _operation(item: Json) -> str:
    operation = item.get("operation")
    if operation is None:
        return ""
    if not isinstance(operation, str):
        raise errors.unreadable("operation is not a text")
    return operation.lower()


def _entity(item: Json) -> str:
    """The member that holds the object: the one that is no word of the envelope."""
    members = [name for name in item if name not in _KNOWN]
    if len(members) != 1:
        plain = f"an item has one object or one Query, this one has {len(members)}"
        raise errors.unreadable(plain)
    name = members[0]
    if name in _UNSUPPORTED or name.lower() not in NAMES:
        raise errors.operation_unsupported(item.get("operation") or "create", name[:100])
    return name


async def _query(item: Json, books: Books, services: Services, bytes_max: int) -> Json:
    statement = item.get("Query")
    if not isinstance(statement, str):
        raise QboFault([errors.required("Query")])
    if not books.may(Scope.READ):
        raise errors.forbidden("the token does not allow read")

    def work() -> Json:
        with query.in_time(books) as reader:
            return query.run(statement, reader, services.clock(), bytes_max)

    return {"QueryResponse": await services.runtime.in_thread(work)}
