"""The endpoints of writes: create and delete by push, the list of operations, the options."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from daybook.app.access import Scope
from daybook.app.ledger import Answered, Books, Context, Idempotency, Refused
from daybook.app.operations import Submission, Submitted
from daybook.app.ports import IdempotencyKey
from daybook.domain.commands import Command
from daybook.domain.events import Actor
from daybook.domain.limits import PAGE_ROWS_MAX
from daybook.domain.query import And, Field, Offset, OneOf, Query
from daybook.protocols.codat import compiling, drafts, errors, ids, options, push
from daybook.protocols.codat.calls import Call, answer
from daybook.protocols.codat.entries import JOURNAL_ENTRIES, WIRE
from daybook.protocols.codat.limits import TIMEOUT_MINUTES_MAX
from daybook.protocols.codat.pages import integer
from daybook.protocols.codat.platforms import PLATFORMS, data_type
from daybook.protocols.codat.query import parse
from daybook.protocols.codat.reading import Reading
from daybook.protocols.codat.views import LINKED, Connection, View
from daybook.protocols.kit.plugin import Response, Runtime

_BOOLEANS: Final = {"true": True, "false": False, "": True}


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a write goes."""

    view: View
    connection: Connection
    books: Books


class Writing:
    """Answers writes and what is asked of them."""

    def __init__(self, runtime: Runtime, reading: Reading) -> None:
        self._runtime = runtime
        self._reading = reading

    async def create(self, call: Call) -> Response:
        """`POST /companies/{companyId}/connections/{connectionId}/push/{dataType}`."""
        target = self._target(call)
        body = call.body("JournalEntry")
        with target.books.read() as reader:
            draft = drafts.read_entry(body, reader)
        faults = [[each.item, each.message] for each in draft.faults]
        command: Command = push.REFUSED_ALWAYS if faults else draft.command
        submitted = await self._submit(call, target, command, push.CREATE, faults=faults)
        shown = push.operation_json(submitted.operation, accepted=True)
        shown["data"] = echo(body)
        return answer(shown)

    async def delete(self, call: Call) -> Response:
        """`DELETE .../push/{dataType}/{recordId}`, and the same with `delete` for `push`."""
        target = self._target(call)
        wanted = call.names["recordId"]
        command = push.deletion(ids.number(wanted))
        submitted = await self._submit(
            call, target, command, push.DELETE, record=errors.short(wanted)
        )
        return answer(push.operation_json(submitted.operation, accepted=True))

    def _target(self, call: Call) -> _Target:
        """Where a write goes. Raises `CodatError` where nothing can be written there."""
        view, books = self._reading.find(call)
        connection = view.connection(call.names["connectionId"])
        self._journal_entries(call, connection)
        call.require(Scope.WRITE)
        if connection.status != LINKED or books is None:
            raise errors.bad_request(
                f"Data connection {connection.id} is not linked: nothing can be written to it."
            )
        return _Target(view, connection, books)

    def _journal_entries(self, call: Call, connection: Connection) -> None:
        wanted = data_type(call.names["dataType"])
        if wanted != JOURNAL_ENTRIES:
            name = PLATFORMS[connection.platform].name
            raise errors.unsupported_type(wanted or call.names["dataType"], name)

    async def _submit(
        self, call: Call, target: _Target, command: Command, kind: str, **kept: Any
    ) -> Submitted:
        timeout = _timeout(call.parameters)
        principal = call.principal
        actor = Actor(principal.client, WIRE, principal.user, call.request.id)
        sent = call.request.headers.get("idempotency-key", "") if kind == push.CREATE else ""
        key = ids.uuid(sent.strip())
        idempotency = None
        if key is not None:
            idempotency = Idempotency(IdempotencyKey(WIRE, principal.client, key))
            kept["digest"] = sha256(call.request.body).hexdigest()
        silent = not _sync_on_complete(call.parameters)
        submission = Submission(
            topic=JOURNAL_ENTRIES,
            channel=target.connection.id,
            kind=kind,
            annex=push.annex(target.view.id, silent=silent or None, **kept),
            timeout_seconds=None if timeout is None else timeout * 60,
        )
        context = Context(actor, idempotency)
        outcome = await self._runtime.submit_operation(target.books, command, context, submission)
        match outcome:
            case Refused(refusals):
                raise errors.of_refusal(refusals[0])
            case Answered():
                raise errors.CodatError(422, _OTHER_BODY)
        if outcome.replayed:
            first = push.kept_of(outcome.operation)
            if first.get("digest") != kept["digest"]:
                raise errors.CodatError(422, _OTHER_BODY, can_be_retried="False")
        return outcome

    # Operations

    def operations(self, call: Call) -> Response:
        """`GET /companies/{companyId}/push`."""
        view, books = self._reading.find(call)
        call.require(Scope.READ)
        page = call.page()
        tree = parse(page.query)
        order = compiling.ordered(page.order, push.PROPERTIES, push.ORDER)
        asked = compiling.compiled(tree, push.PROPERTIES)
        if books is None:
            return answer(page.envelope([], 0))
        found = And((OneOf(Field.CHANNEL, view.channels), asked))
        with books.read() as reader:
            total = reader.count_operations(found)
            end = min(page.start + page.size, total)
            rows = [
                push.operation_json(operation)
                for start in range(page.start, end, PAGE_ROWS_MAX)
                for operation in reader.operations(
                    Query(found, order, Offset(start, min(PAGE_ROWS_MAX, end - start)))
                )
            ]
        return answer(page.envelope(rows, total))

    def operation(self, call: Call) -> Response:
        """`GET /companies/{companyId}/push/{pushOperationKey}`."""
        view, books = self._reading.find(call)
        call.require(Scope.READ)
        wanted = call.names["pushOperationKey"]
        key = ids.uuid(wanted)
        found = None if books is None or key is None else books.operation(key)
        if found is None or found.channel not in view.channels:
            raise errors.not_found(f"No push operation was found with key {errors.short(wanted)}")
        return answer(push.operation_json(found))

    def option(self, call: Call) -> Response:
        """`GET /companies/{companyId}/connections/{connectionId}/options/{dataType}`."""
        view, books = self._reading.find(call)
        call.require(Scope.READ)
        self._journal_entries(call, view.connection(call.names["connectionId"]))
        if books is None:
            raise errors.CodatError(409, "The data set has not been requested.")
        with books.read() as reader:
            return answer(options.journal_entry(reader.company))


_OTHER_BODY: Final = "The Idempotency-Key was used before, for another request."


def echo(body: dict[str, Any]) -> dict[str, Any]:
    """A body as the answer to a create repeats it: without nulls, which clients refuse."""
    return {name: _without_nulls(value) for name, value in body.items() if value is not None}


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return echo(value)
    if isinstance(value, list):
        return [_without_nulls(each) for each in value if each is not None]
    return value


def _timeout(parameters: Mapping[str, str]) -> int | None:
    minutes = integer(parameters, "timeoutInMinutes")
    if minutes is not None and not 1 <= minutes <= TIMEOUT_MINUTES_MAX:
        text = f"The value of timeoutInMinutes must be between 1 and {TIMEOUT_MINUTES_MAX}."
        raise errors.bad_request(text)
    return minutes


def _sync_on_complete(parameters: Mapping[str, str]) -> bool:
    text = parameters.get("allowsynconpushcomplete", "").strip().lower()
    if text not in _BOOLEANS:
        raise errors.bad_request("The value of allowSyncOnPushComplete must be true or false.")
    return _BOOLEANS[text]
