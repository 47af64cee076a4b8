"""The endpoints of writes: create and delete by push, the list of operations, the options."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from daybook.app.access import Scope
from daybook.app.ledger import (
    Acceptance,
    Answered,
    Books,
    Context,
    Idempotency,
    Refused,
    Repetition,
)
from daybook.app.operations import OPERATION_BYTES_MAX, Submission
from daybook.app.ports import IdempotencyKey
from daybook.domain.commands import Command
from daybook.domain.events import Actor
from daybook.domain.limits import PAGE_ROWS_MAX
from daybook.domain.query import And, Field, Offset, OneOf, Query
from daybook.protocols.codat import compiling, drafts, errors, ids, options, push
from daybook.protocols.codat.calls import Call, answer
from daybook.protocols.codat.entries import JOURNAL_ENTRIES, WIRE
from daybook.protocols.codat.idempotency import digest
from daybook.protocols.codat.limits import (
    IDEMPOTENCY_KEPT_SECONDS,
    INLINE_BODY_BYTES_MAX,
    TIMEOUT_MINUTES_MAX,
)
from daybook.protocols.codat.pages import integer
from daybook.protocols.codat.platforms import PLATFORMS, data_type
from daybook.protocols.codat.query import parse
from daybook.protocols.codat.reading import Reading, in_time
from daybook.protocols.codat.views import LINKED, Connection, View, place_of
from daybook.protocols.kit.plugin import Response, Runtime

_BOOLEANS: Final = {"true": True, "false": False, "": True}


@dataclass(frozen=True, slots=True)
class _Target:
    """Where a write goes."""

    view: View
    connection: Connection
    books: Books


@dataclass(frozen=True, slots=True)
class _Asked:
    """A write that is ready to be submitted. `digest` is that of the request where it has a key,
    `body` what the answer repeats.
    """

    submitted: tuple[Command, Context, Submission]
    digest: str | None
    body: dict[str, Any] | None

    def answer(self, outcome: Acceptance) -> Response:
        """What its caller is told. Raises `CodatError`."""
        match outcome:
            case Refused(refusals):
                raise errors.of_refusal(refusals[0])
            case Answered():
                raise errors.CodatError(422, _OTHER_BODY)
        if outcome.replayed and push.kept_of(outcome.operation).get("digest") != self.digest:
            raise errors.CodatError(422, _OTHER_BODY, can_be_retried="False")
        shown = push.operation_json(outcome.operation, accepted=True)
        if self.body is not None:
            shown["data"] = echo(self.body)
        return answer(shown)


def _asked(
    call: Call,
    target: _Target,
    command: Command,
    kind: str,
    *,
    body: dict[str, Any] | None = None,
    **kept: Any,
) -> _Asked:
    """A write as it is submitted; `kept` stands in the operation's annex. Raises `CodatError`."""
    timeout = _timeout(call.parameters)
    principal = call.principal
    actor = Actor(principal.client, WIRE, principal.user, call.request.id)
    sent = call.request.headers.get("idempotency-key", "") if kind == push.CREATE else ""
    key = ids.uuid(sent.strip())
    idempotency, common = None, None
    if key is not None:
        # What a body comes to may differ when it is sent again: an account may be there by then. So
        # the first answer is wanted whatever is asked, and the request itself is compared.
        idempotency = Idempotency(
            IdempotencyKey(WIRE, place_of(principal), key),
            Repetition.ANSWER_FIRST,
            IDEMPOTENCY_KEPT_SECONDS * 1_000_000,
        )
        common = digest(call)
    silent = not _sync_on_complete(call.parameters)
    annex = push.annex(target.view.id, silent=silent or None, digest=common, **kept)
    submission = Submission(
        topic=JOURNAL_ENTRIES,
        channel=target.connection.id,
        kind=kind,
        annex=annex,
        timeout_seconds=None if timeout is None else timeout * 60,
    )
    return _Asked((command, Context(actor, idempotency), submission), common, body)


class Writing:
    """Answers writes and what is asked of them."""

    def __init__(self, runtime: Runtime, reading: Reading) -> None:
        self._runtime = runtime
        self._reading = reading

    async def create(self, call: Call) -> Response:
        """`POST /companies/{companyId}/connections/{connectionId}/push/{dataType}`."""
        target = self._target(call)
        if len(call.request.body) <= INLINE_BODY_BYTES_MAX:
            asked = self._read(call, target)
            outcome = await self._runtime.submit_operation(target.books, *asked.submitted)
            return asked.answer(outcome)

        def work() -> Response:
            asked = self._read(call, target)
            return asked.answer(target.books.submit_operation(*asked.submitted))

        return await self._runtime.in_thread(work)

    def _read(self, call: Call, target: _Target) -> _Asked:
        """The body of a create."""
        body = call.body("JournalEntry")
        with target.books.read() as reader:
            draft = drafts.read_entry(body, reader)
        faults = [[each.item, each.message] for each in draft.faults]
        command: Command = push.REFUSED_ALWAYS if faults else draft.command
        return _asked(call, target, command, push.CREATE, faults=faults, body=body)

    async def delete(self, call: Call) -> Response:
        """`DELETE .../push/{dataType}/{recordId}`, and the same with `delete` for `push`."""
        target = self._target(call)
        wanted = call.names["recordId"]
        command = push.deletion(ids.number(wanted))
        asked = _asked(call, target, command, push.DELETE, record=errors.short(wanted))
        outcome = await self._runtime.submit_operation(target.books, *asked.submitted)
        return asked.answer(outcome)

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
        with in_time(books) as reader:
            total = reader.count_operations(found)
            rows: list[dict[str, Any]] = []
            # a page may hold thousands, each with a body of megabytes: not all of them at once
            while len(rows) < min(page.size, total - page.start):
                some = Offset(page.start + len(rows), min(PAGE_ROWS_MAX, page.size - len(rows)))
                query = Query(found, order, some, OPERATION_BYTES_MAX)
                rows.extend(map(push.operation_json, reader.operations(query)))
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
