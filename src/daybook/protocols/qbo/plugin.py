"""The wire's entrance: who is asking, for which books, and what.

    /v3/company/{realm}/{resource}[/{id}]

The token is believed first, then the realm is looked up; a realm that does not exist and one that
the token does not open give the same answer. Single records are read along with other requests;
what can be neither answered at once nor read quickly is a coroutine: all writes, and all reads that
may take long.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from daybook.app.access import Principal, Rejection, Scope
from daybook.app.ledger import Books
from daybook.app.ports import Overloaded, Reader
from daybook.domain.ids import EntryId
from daybook.domain.model import JournalEntry, Status
from daybook.protocols.kit import json
from daybook.protocols.kit.http import TooManyParameters, content_type, query_map
from daybook.protocols.kit.openapi import Schema
from daybook.protocols.kit.plugin import (
    Answer,
    Limits,
    Plugin,
    Problem,
    Reading,
    Request,
    Response,
    Services,
)
from daybook.protocols.qbo import answers, batch, cdc, entities, errors, ids, openapi, query, routes
from daybook.protocols.qbo.entities import rates, tax
from daybook.protocols.qbo.errors import Error, QboFault
from daybook.protocols.qbo.identity import SAVE
from daybook.protocols.qbo.limits import (
    ASIDE_BYTES_MIN,
    ASIDE_LINES_MIN,
    BODY_BYTES_MAX,
    REQUEST_ID_LENGTH_MAX,
)
from daybook.protocols.qbo.operations import JOURNAL_ENTRY, NAMES, TAX_SERVICE, Applied, Operations
from daybook.protocols.qbo.render import entry_whole
from daybook.protocols.qbo.times import today, zone

_UNKNOWN_ZONE: Final = "UTC"
"""The zone of times in answers that are not about any books."""


def create(services: Services) -> Plugin:
    """The wire, for the server."""
    return QboPlugin(services)


@dataclass(slots=True)
class _Call:
    """A request whose caller is known: books, the path below the realm, query parameters."""

    request: Request
    books: Books
    resource: str
    rest: list[str]
    parameters: dict[str, str]

    @property
    def time_zone(self) -> str:
        """The zone of times in answers."""
        if not self.books.may(Scope.READ):
            return _UNKNOWN_ZONE
        with self.books.read() as reader:
            return reader.company.time_zone


def _nothing(_: Reader) -> None:
    """What is found beforehand where showing is all there is to do."""


class QboPlugin:
    """QuickBooks Online v3 over HTTP. See `Plugin`."""

    name = "qbo"
    prefixes = ("/v3",)
    limits = Limits(BODY_BYTES_MAX)
    operations = routes.OPERATIONS

    def __init__(self, services: Services) -> None:
        self._services = services
        self._clock = services.clock
        self._directory = services.ledger.store.directory
        self._operations = Operations(services)
        handlers: dict[str, Callable[[_Call], Answer]] = {
            "get journalentry": self._read_entry,
            "get companyinfo": lambda call: self._read_company(call, "CompanyInfo"),
            "get preferences": lambda call: self._read_company(call, "Preferences"),
            "get exchangerate": self._read_rate,
            "get query": self._query,
            "get cdc": self._cdc,
            **dict.fromkeys((f"get {name}" for name in entities.BY_NAME), self._read_record),
            **dict.fromkeys((f"post {name}" for name in NAMES), self._save),
            "post taxservice": self._save_tax_code,
            "post query": self._query,
            "post batch": self._batch,
        }
        self._handlers = {
            (operation.method, operation.name.partition(" ")[2]): (
                handlers[name],
                name,
                tuple(sorted(operation.scopes or ())),
            )
            for name, operation in routes.BY_NAME.items()
        }

    def admit(self, request: Request) -> Response | None:
        """The refusal of a caller who is not believed, or may not see these books."""
        try:
            self._call(request)
        except QboFault as fault:
            return answers.fault(request, fault, self._clock(), _UNKNOWN_ZONE)
        return None

    def handle(self, request: Request) -> Answer:
        """The answer to a request."""
        call: _Call | None = None
        try:
            call = self._call(request)
            self._throttle(call)
            found = self._handlers.get((request.method, call.resource))
            if found is None:
                raise errors.no_such_address(request.path, request.method)
            handler, _, scopes = found
            for needed in scopes:
                if not call.books.may(needed):
                    raise errors.forbidden(f"the token does not allow {needed.value}")
            answer = handler(call)
        except QboFault as fault:
            time_zone = _UNKNOWN_ZONE if call is None else call.time_zone
            return answers.fault(request, fault, self._clock(), time_zone)
        if isinstance(answer, Response | Reading):
            return answer
        return self._finish(call, answer)

    async def _finish(self, call: _Call, answer: Awaitable[Response]) -> Response:
        try:
            return await answer
        except QboFault as fault:
            refused = fault
        except Overloaded as overload:
            refused = errors.throttled(str(overload))
        return answers.fault(call.request, refused, self._clock(), call.time_zone)

    def _throttle(self, call: _Call) -> None:
        """Count a request. Raises the fault where it is one too many."""
        books = call.books
        wait = self._services.throttle.wait(self.name, books.principal.client, books.company_id)
        if wait:
            raise errors.throttled(f"too many requests; there is room again in {wait} s", wait)

    def refuse(self, request: Request, problem: Problem) -> Response:
        """The answer where the server could not hand the request over."""
        return answers.fault(request, _PROBLEMS[problem](), self._clock(), _UNKNOWN_ZONE)

    def openapi(self) -> Schema:
        """The OpenAPI document of what is served here."""
        return openapi.document(self.operations)

    def operation(self, request: Request) -> str:
        """What is asked, such as `post journalentry`."""
        parts = request.path.split("/", 5)
        resource = parts[4].lower() if len(parts) > 4 else ""
        found = self._handlers.get((request.method, resource))
        return "other" if found is None else found[1]

    # Who, and for which books

    def _call(self, request: Request) -> _Call:
        principal = self._principal(request)
        parts = request.path.split("/")
        if len(parts) < 5 or parts[2] != "company":
            raise errors.no_such_address(request.path)
        books = self._books(parts[3], principal)
        try:
            parameters = query_map(request.query)
        except TooManyParameters as fault:
            raise errors.unreadable(str(fault)) from None
        rest = [part for part in parts[5:] if part]
        return _Call(request, books, parts[4].lower(), rest, parameters)

    def _principal(self, request: Request) -> Principal:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            plain = "the Authorization header is missing or does not say Bearer"
            raise errors.unauthenticated(None, plain)
        found = self._services.authenticator.authenticate(token.strip())
        if isinstance(found, Rejection):
            raise errors.unauthenticated(*_REJECTIONS[found])
        return found

    def _books(self, realm: str, principal: Principal) -> Books:
        company_id = self._directory.by_realm(realm) if ids.parse(realm) is not None else None
        books = None if company_id is None else self._services.ledger.books(company_id, principal)
        if books is None:
            raise errors.forbidden(f"the token does not open realm {realm[:40]!r}")
        return books

    # Reading

    def _reading(
        self,
        call: _Call,
        show: Callable[[Any, Reader], Response | Awaitable[Response]],
        find: Callable[[Reader], Any] = _nothing,
    ) -> Reading:
        """What is read quickly, along with other requests; `show` may raise faults."""

        def shown(found: Any, reader: Reader) -> Response | Awaitable[Response]:
            try:
                return show(found, reader)
            except QboFault as fault:
                time_zone = reader.company.time_zone
                return answers.fault(call.request, fault, self._clock(), time_zone)

        return Reading(call.books, find, shown)

    def _read_entry(self, call: _Call) -> Reading:
        entry_id = EntryId(_path_id(call))

        def find(reader: Reader) -> JournalEntry | None:
            return reader.entry(entry_id)

        def show(entry: JournalEntry | None, reader: Reader) -> Response | Awaitable[Response]:
            if entry is None or len(entry.lines) < ASIDE_LINES_MIN:
                return self._show_entry(call, entry_id, entry, reader)
            return self._finish(call, self._read_entry_aside(call, entry_id))

        return self._reading(call, show, find)

    async def _read_entry_aside(self, call: _Call, entry_id: EntryId) -> Response:
        """Read a large entry on a thread."""

        def work() -> Response:
            with call.books.read() as reader:
                return self._show_entry(call, entry_id, reader.entry(entry_id), reader)

        return await self._services.runtime.in_thread(work)

    def _show_entry(
        self, call: _Call, entry_id: EntryId, entry: JournalEntry | None, reader: Reader
    ) -> Response:
        if entry is None or entry.deleted_at is not None or entry.status is not Status.POSTED:
            raise errors.not_found(f"there is no journal entry {entry_id}")
        shown = entry_whole(entry, reader)
        return answers.entity(call.request, JOURNAL_ENTRY, shown, self._clock(), reader.company)

    def _read_record(self, call: _Call) -> Reading:
        entity = entities.BY_NAME[call.resource]

        def show(_: None, reader: Reader) -> Response:
            company = reader.company
            shown = None
            if entity is tax.CODES and len(call.rest) == 1:
                shown = tax.pseudo_codes(company).get(call.rest[0].upper())
            if shown is None:
                number = _path_id(call)
                record = entity.find(reader, number)
                if record is None:
                    raise errors.not_found(f"there is no {entity.name} {number}")
                shown = entity.show(record, reader)
            return answers.entity(call.request, entity.name, shown, self._clock(), company)

        return self._reading(call, show)

    def _read_company(self, call: _Call, name: str) -> Response:
        with call.books.read() as reader:
            company = reader.company
        if call.rest and call.rest not in (["1"], [company.realm]):
            raise errors.not_found(f"there is no {name} {call.rest[0][:40]!r}")
        shown = entities.company_json(name, company)
        return answers.entity(call.request, name, shown, self._clock(), company)

    def _read_rate(self, call: _Call) -> Response:
        now = self._clock()
        parameters = {name.lower(): value for name, value in call.parameters.items()}
        with call.books.read() as reader:
            company = reader.company
            shown = rates.find(parameters, reader, today(now, zone(company.time_zone)))
        return answers.entity(call.request, "ExchangeRate", shown, now, company)

    async def _query(self, call: _Call) -> Response:
        """A statement, in the parameter `query` or as the body."""
        statement = call.parameters.get("query", "")
        if call.request.method == "POST":
            statement = _text(call.request.body)
        now = self._services.ledger.settled_at()

        def work() -> Response:
            with query.in_time(call.books) as reader:
                found = query.run(statement, reader, now)
                company = reader.company
            return answers.entity(call.request, "QueryResponse", found, now, company)

        return await self._services.runtime.in_thread(work)

    async def _cdc(self, call: _Call) -> Response:
        """What has changed since a moment."""
        now = self._services.ledger.settled_at()

        def work() -> Response:
            with call.books.read() as reader:
                found = cdc.run(
                    call.parameters.get("entities", ""),
                    call.parameters.get("changedSince", ""),
                    reader,
                )
                company = reader.company
            return answers.entity(call.request, "CDCResponse", found, now, company)

        return await self._services.runtime.in_thread(work)

    # Writing

    async def _save(self, call: _Call) -> Response:
        key = _request_key(call)
        operation = call.parameters.get("operation", SAVE).lower()
        if call.rest and call.resource != "companyinfo":
            raise errors.no_such_address(call.request.path)
        include = include_words(call.parameters.get("include", ""))
        plain = call.resource == "journalentry" and operation == SAVE and not include
        aside = _is_large(call.request)

        def decode() -> Any:
            command = None
            if plain:
                _refuse_xml(call.request)
                command = self._operations.plain_entry(call.books, call.request.body)
            return _body(call.request) if command is None else command

        body = await self._services.runtime.in_thread(decode) if aside else decode()
        applied = await self._operations.apply(
            call.books,
            NAMES[call.resource],
            operation,
            body,
            include,
            key=key,
            request_id=call.request.id,
            aside=aside,
        )
        return self._show(call.request, applied)

    @staticmethod
    def _show(request: Request, applied: Applied) -> Response:
        """The answer to a write: the tax service alone has no envelope."""
        if applied.entity == TAX_SERVICE:
            return answers.bare(request, applied.body)
        return answers.entity(request, applied.entity, applied.body, applied.at, applied.company)

    async def _save_tax_code(self, call: _Call) -> Response:
        if [part.lower() for part in call.rest] != ["taxcode"]:
            raise errors.no_such_address(call.request.path)
        applied = await self._operations.apply(
            call.books,
            TAX_SERVICE,
            SAVE,
            await self._read_body(call.request),
            key=_request_key(call),
            request_id=call.request.id,
        )
        return self._show(call.request, applied)

    async def _batch(self, call: _Call) -> Response:
        """Several operations and queries in one request."""
        now = self._services.ledger.settled_at()
        found = await batch.handle(
            await self._read_body(call.request),
            call.books,
            self._operations,
            self._services,
            key=_request_key(call),
            request_id=call.request.id,
        )
        with call.books.read() as reader:
            company = reader.company
        answer = answers.entity(call.request, "BatchItemResponse", found.items, now, company)
        return replace(answer, diagnosis=found.diagnosis)

    async def _read_body(self, request: Request) -> Any:
        """The JSON value of a body, a large one read on another thread."""
        if _is_large(request):
            return await self._services.runtime.in_thread(lambda: _body(request))
        return _body(request)


def include_words(value: str) -> frozenset[str]:
    """The words of a comma list, in lower case."""
    return frozenset(word.strip().lower() for word in value.split(",") if word.strip())


def _path_id(call: _Call) -> int:
    """The id in the path."""
    if len(call.rest) != 1:
        listed = call.request.method == "GET" and not call.rest
        instead = f"GET names one record; select * from {call.resource} by /query lists them"
        raise errors.no_such_address(call.request.path, instead=instead if listed else "")
    number = ids.parse(call.rest[0])
    if number is None:
        why = "is not a number of a record"
        raise QboFault([errors.invalid("2030", "Id", call.rest[0], why)])
    return number


def _request_key(call: _Call) -> str | None:
    """The request id under which the answer is to be remembered."""
    key = call.parameters.get("requestid")
    if key is None:
        return None
    if len(key) > REQUEST_ID_LENGTH_MAX or not key.strip():
        plain = f"requestid has {len(key)} characters, 1 to {REQUEST_ID_LENGTH_MAX} are taken"
        raise QboFault([Error("2130", f"Invalid Request Id : {key[:100]}", "requestid", plain)])
    return key


def _is_large(request: Request) -> bool:
    """Whether reading the body takes too long for the event loop."""
    return len(request.body) > ASIDE_BYTES_MIN


def _refuse_xml(request: Request) -> None:
    """Raise the fault for a body in XML."""
    media_type, _ = content_type(request.headers)
    if "xml" in media_type or request.body.lstrip()[:1] == b"<":
        plain = "XML bodies are not taken here; send JSON with Content-Type application/json"
        raise errors.unsupported("Operation with an XML body is not supported.", plain)


def _body(request: Request) -> Any:
    """The JSON value of a body."""
    body = request.body
    _refuse_xml(request)
    try:
        return json.decode(body)
    except json.NotTaken as fault:
        raise errors.unreadable(f"the body is not taken: {fault}") from None
    except json.JsonError as fault:
        _text(body)
        raise errors.unreadable(f"the body is not JSON: {fault}") from None


def _text(body: bytes) -> str:
    """A body as text."""
    try:
        return body.decode()
    except UnicodeDecodeError:
        plain = "the body is not UTF-8"
        raise errors.unsupported("Operation with a body that is not UTF-8.", plain) from None


_REJECTIONS: Final[dict[Rejection, tuple[str | None, str]]] = {
    Rejection.MISSING: (None, "there is no bearer token"),
    Rejection.MALFORMED: (
        "Malformed bearer token: too short or too long",
        "the bearer token has not the form of one",
    ),
    Rejection.UNKNOWN: (None, "the bearer token is not known here"),
    Rejection.EXPIRED: ("Token expired", "the bearer token has expired; refresh it"),
    Rejection.REVOKED: ("Token revoked", "the bearer token was revoked"),
}


def _too_large() -> QboFault:
    plain = f"the body is larger than {BODY_BYTES_MAX} bytes"
    return QboFault([errors.business("The request is too large.", plain)], status=413)


_PROBLEMS: Final[dict[Problem, Callable[[], QboFault]]] = {
    Problem.TOO_LARGE: _too_large,
    Problem.BAD_ENCODING: lambda: errors.unsupported(
        "Operation with this Content-Encoding is not supported.",
        "the content encoding is unknown or the body does not agree with it",
    ),
    Problem.TIMEOUT: lambda: errors.failure(
        408, "the request did not arrive in time", "the body did not arrive in time"
    ),
    Problem.INTERNAL: lambda: errors.failure(
        500, "an unexpected fault; see the log under this request's id", "a fault of this server"
    ),
    Problem.SHUTTING_DOWN: lambda: errors.failure(
        503, "the server is shutting down", "the server is shutting down; try again"
    ),
    Problem.OVERLOADED: lambda: errors.throttled("too many large bodies are under way; try again"),
}
