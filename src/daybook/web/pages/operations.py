"""Operations that wait or have ended, and messages to programs elsewhere; what came to nothing is
handed in or sent again from here.
"""

from dataclasses import replace
from typing import Final

from daybook.app import stored_commands
from daybook.app.access import Scope
from daybook.app.ledger import Context, Refused
from daybook.app.operations import (
    OPERATION_BYTES_MAX,
    Operation,
    OperationStatus,
    Submitted,
    once_more,
)
from daybook.app.outbox import Delivery, DeliveryState, revived
from daybook.app.ports import Reader
from daybook.domain.commands import CreateEntry
from daybook.domain.model import NEVER
from daybook.domain.query import ALWAYS, Compare, Field, Filter, Keyset, Op, Query, Sort
from daybook.protocols.kit.plugin import Response
from daybook.web.addresses import COMPANY_PREFIX
from daybook.web.limits import DELIVERIES_SHOWN, OPERATIONS_SHOWN
from daybook.web.numbers import read_number
from daybook.web.routing import Route
from daybook.web.visit import Visit


def operations(visit: Visit) -> Response:
    """Operations, the latest first, and the latest messages."""
    status = visit.query.get("status", "")
    wanted: Filter = ALWAYS
    if status in set(OperationStatus):
        wanted = Compare(Field.STATUS, Op.EQ, status)
    before = read_number(visit.query.get("before", ""))
    with visit.opened.read() as reader:
        found = _page(reader, wanted, before, OPERATIONS_SHOWN)
        last = found[-1].number if found else None
        more = last if last is not None and _page(reader, wanted, last, 1) else None
    return visit.page(
        "operations.html",
        title="Operations",
        operations=found,
        entry_of=_entry_of,
        chosen=status,
        statuses=OperationStatus,
        undone=() if visit.home.four_eyes else UNDONE,
        more=more,
        is_first=before is None,
    )


def _page(reader: Reader, wanted: Filter, before: int | None, rows: int) -> list[Operation]:
    """The latest operations, before one of a number: fewer where their commands are large."""
    sort = (Sort(Field.NUMBER, descending=True),)
    page = Keyset(rows, None if before is None else (before, ""))
    return reader.operations(Query(wanted, sort, page, OPERATION_BYTES_MAX))


def hand_in_again(visit: Visit) -> Response:
    """Hand in once more what came to nothing, as a new operation of the same program.

    Only once, however often and late it is asked for: the new operation can be handed in again in
    its turn. With four eyes nothing is, since it would be posted at once.
    """
    found = visit.opened.operation(visit.form.get("id", ""))
    if found is None:
        return visit.not_found()
    back = visit.address("operations", status=visit.form.get("status", ""))
    if found.status not in UNDONE:
        return visit.redirect(back, f"Operation {found.number} is {found.status.value}.", "bad")
    if visit.home.four_eyes:
        return visit.redirect(back, _FOUR_EYES, "bad")
    command = stored_commands.decode(found.command)
    if isinstance(command, CreateEntry) and not command.content.lines:
        return visit.redirect(back, _UNREADABLE, "bad")
    actor = replace(visit.context().actor, client=found.actor.client, protocol=found.actor.protocol)
    submission = once_more(found)
    accepted = visit.opened.submit_operation(command, Context(actor), submission)
    if isinstance(accepted, Refused):
        made = visit.opened.operation(submission.id or "")
        if made is None:
            return visit.redirect(back, accepted.refusals[0].message, "bad")
        text = f"Operation {found.number} was handed in again already, as operation {made.number}."
        return visit.redirect(back, text)
    assert isinstance(accepted, Submitted)  # without a key there is no answer to repeat
    text = f"Operation {found.number} is handed in again, as operation {accepted.operation.number}."
    return visit.redirect(back, text)


def _entry_of(operation: Operation) -> int | None:
    """The entry an operation made or changed, or None."""
    affected = operation.affected
    return None if affected is None or affected.entity != "entry" else affected.record_id


def messages(visit: Visit) -> Response:
    """Messages about these books, the latest first."""
    state = visit.query.get("state", "")
    wanted = DeliveryState(state) if state in set(DeliveryState) else None
    before = read_number(visit.query.get("before", ""))
    directory = visit.site.ledger.store.directory
    found = directory.company_deliveries(visit.home.id, wanted, before, DELIVERIES_SHOWN + 1)
    shown = found[:DELIVERIES_SHOWN]
    ids = {each.consumer_id for each in shown}
    consumers = {each: directory.consumer(each) for each in ids}
    return visit.page(
        "messages.html",
        title="Messages",
        deliveries=shown,
        consumers=consumers,
        state=state,
        states=DeliveryState,
        never=NEVER,
        more=shown[-1].number if len(found) > DELIVERIES_SHOWN else None,
        is_first=before is None,
    )


def retry(visit: Visit) -> Response:
    """Send a message again that was given up, and whoever it is for if they were disabled."""
    number = read_number(visit.form.get("number", ""))
    directory = visit.site.ledger.store.directory
    found: Delivery | None = None if number is None else directory.delivery(number)
    if found is None or found.company_id != visit.home.id:
        return visit.not_found()
    back = visit.address("messages", state=visit.form.get("state", ""))
    if found.state is not DeliveryState.DEAD:
        return visit.redirect(back, f"Message {number} is not given up any more.", "bad")
    consumer = directory.consumer(found.consumer_id)
    enabled = None
    if consumer is not None and consumer.disabled:
        enabled = replace(consumer, disabled=False, failing_since=None)
    directory.settle_delivery(revived(found, visit.now()), enabled)
    visit.site.ledger.hooks.wake()
    return visit.redirect(back, f"Message {number} will be sent again now.")


UNDONE: Final = (OperationStatus.FAILED, OperationStatus.TIMED_OUT)
"""How operations end that have changed nothing."""

_FOUR_EYES: Final = "With four eyes, the program has to hand it in again itself."
_UNREADABLE: Final = "It could not be read as an entry: the program has to send it anew, mended."
_OPERATIONS: Final = f"{COMPANY_PREFIX}/operations"

ROUTES: Final = (
    Route("operations", "GET", _OPERATIONS, operations, Scope.READ, "operations"),
    Route(
        "operation-again", "POST", f"{_OPERATIONS}/again", hand_in_again, Scope.WRITE, "operations"
    ),
    Route("messages", "GET", f"{_OPERATIONS}/messages", messages, Scope.READ, "operations"),
    Route("message-retry", "POST", f"{_OPERATIONS}/retry", retry, Scope.WRITE, "operations"),
)
