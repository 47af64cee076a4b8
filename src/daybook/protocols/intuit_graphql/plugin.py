"""The wire's entrance: who is asking, for which company, and in which form the answer goes.

    POST or GET /2020-04/graphql    (and /graphql)

What concerns the request as a whole (token, media types, methods, sizes) is answered in the shape
of the original's gateway; everything about the document in that of GraphQL: HTTP 400 where nothing
was carried out, 200 where something was. Operations run on a thread of their own, each against one
snapshot of the books.
"""

import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from typing import Any, Final

from daybook.app.access import Principal, Rejection
from daybook.app.ledger import Books
from daybook.app.ports import Overloaded, StoreFailure
from daybook.protocols.intuit_graphql import explorer, ids, negotiation, outline
from daybook.protocols.intuit_graphql.documents import Documents, Operation
from daybook.protocols.intuit_graphql.errors import Code, RequestFault, request_fault
from daybook.protocols.intuit_graphql.execution import carry_out
from daybook.protocols.intuit_graphql.limits import BODY_BYTES_MAX, EXECUTION_SECONDS
from daybook.protocols.intuit_graphql.negotiation import Asked
from daybook.protocols.intuit_graphql.roots import Call
from daybook.protocols.intuit_graphql.scene import Scene
from daybook.protocols.intuit_graphql.schema import schema
from daybook.protocols.kit import json
from daybook.protocols.kit.cursor import KEY_SETTING, CursorSeal
from daybook.protocols.kit.http import content_type
from daybook.protocols.kit.plugin import Plugin, Problem, Request, Response, Services

PATH: Final = "/2020-04/graphql"
ALIAS: Final = "/graphql"

_METHODS: Final = "GET, POST, OPTIONS"
_HEADERS: Final = (("Cache-Control", "no-store"), ("Vary", "Accept, Accept-Encoding"))


def create(services: Services) -> Plugin:
    """The wire, for the server."""
    return GraphqlPlugin(services)


class GatewayFault(Exception):
    """A request that is refused before anything looks at what it asks for."""

    def __init__(self, status: int, code: str, detail: str, *headers: tuple[str, str]) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.headers = headers


class GraphqlPlugin:
    """Intuit's GraphQL interface over HTTP. See `Plugin`."""

    name = outline.NAME
    prefixes = outline.PREFIXES
    limits = outline.LIMITS
    operations = outline.OPERATIONS

    def __init__(self, services: Services) -> None:
        self._services = services
        self._directory = services.ledger.store.directory
        self._schema = schema()
        self._documents = Documents(self._schema)
        key = services.settings.get(KEY_SETTING)
        self._seal = CursorSeal(bytes.fromhex(key) if key else secrets.token_bytes(32))
        settings = services.settings
        self._introspects = settings.get("graphql-introspection", "on") == "on"
        self._explores = settings.get("graphql-explorer", "on") == "on"
        self._hides_side = settings.get("graphql-null-line-type", "off") == "on"

    def admit(self, request: Request) -> Response | None:
        """The refusal of a caller who is not believed, or whose request cannot be one."""
        if request.method != "POST" or request.path not in self.prefixes:
            return None
        try:
            self._judge_head(request)
        except GatewayFault as fault:
            return _gateway(request, fault)
        return None

    def handle(self, request: Request) -> Response | Awaitable[Response]:
        """The answer to a request."""
        try:
            if request.path not in self.prefixes:
                asset = explorer.asset(request.path) if self._explores else None
                if asset is not None and request.method == "GET":
                    return asset
                raise GatewayFault(404, "NotFound", "Nothing answers at this address.")
            return self._handle(request)
        except GatewayFault as fault:
            return _gateway(request, fault)

    def _handle(self, request: Request) -> Response | Awaitable[Response]:
        if request.method == "OPTIONS":
            return Response(204, b"", (("Allow", _METHODS), _trace_id(request)))
        if request.method not in ("GET", "POST"):
            message = f"{request.method[:20]} is not offered; use POST, or GET for queries."
            raise GatewayFault(405, "MethodNotAllowed", message, ("Allow", _METHODS))
        accept = request.headers.get("accept")
        browses = request.method == "GET" and "query=" not in request.query
        if self._explores and browses and negotiation.wants_page(accept):
            return explorer.page(demo=self._services.demo)
        books, media_type = self._judge_head(request)
        client = books.principal.client
        wait = self._services.throttle.wait("intuit_graphql", client, books.company_id)
        if wait:
            message = "The request limit was reached. Try again later."
            raise GatewayFault(429, "ThrottleExceeded", message, ("Retry-After", str(wait)))
        return self._answer(request, books, media_type)

    def _judge_head(self, request: Request) -> tuple[Books, str]:
        """The books a request is for and the media type of its answer, by its head alone."""
        media_type = negotiation.response_type(request.headers.get("accept"))
        if media_type is None:
            message = f"Answers are {negotiation.GRAPHQL} or {negotiation.JSON}."
            raise GatewayFault(406, "NotAcceptable", message)
        if request.method == "POST" and content_type(request.headers)[0] != negotiation.JSON:
            message = f"The body has to be {negotiation.JSON}, and its Content-Type has to say so."
            raise GatewayFault(415, "UnsupportedMediaType", message)
        return self._books(request, self._principal(request)), media_type

    async def _answer(self, request: Request, books: Books, media_type: str) -> Response:
        """Carry out what is asked, on a thread: reading a document may take long too."""
        status, diagnosis = 200, None
        try:
            body = await self._services.runtime.in_thread(lambda: self._carry_out(request, books))
        except RequestFault as fault:
            status, body = 400, json.encode({"errors": fault.errors})
            diagnosis = str(fault)
        except GatewayFault as fault:
            return _gateway(request, fault)
        except Overloaded as overload:
            message = f"Too much is asked at the moment: {overload}."
            retry = ("Retry-After", "1")
            return _gateway(request, GatewayFault(503, "ServiceUnavailable", message, retry))
        except StoreFailure as failure:
            message = f"The books cannot be reached: {failure}."
            return _gateway(request, GatewayFault(503, "ServiceUnavailable", message))
        shown = ("Content-Type", f"{media_type}; charset=utf-8")
        return Response(status, body, (shown, *_HEADERS, _trace_id(request)), diagnosis)

    def _carry_out(self, request: Request, books: Books) -> bytes:
        """The answer to what a request asks for. Raises `RequestFault` and `GatewayFault`."""
        asked = _asked(request)
        operation = self._documents.read(asked.text).operation(asked.operation_name)
        if operation.changes and request.method == "GET":
            message = "A mutation has to be sent by POST."
            raise GatewayFault(405, "MethodNotAllowed", message, ("Allow", "POST"))
        if operation.introspects and not self._introspects:
            raise request_fault(Code.VALIDATION_FAILED, "Introspection is switched off.")
        return self._run(operation, asked, books, request.id)

    def _run(self, operation: Operation, asked: Asked, books: Books, request_id: str) -> bytes:
        deadline = time.monotonic() + EXECUTION_SECONDS
        store = self._services.ledger.store

        def carried_out(open: Callable[[], Any], company: Any) -> bytes:
            scene = Scene(company, open, hides_side=self._hides_side)
            call = Call(books, scene, self._seal, deadline, request_id)
            return carry_out(operation, asked.variables, call, self._schema)

        # The store is asked directly, since every field judges by itself what the token allows.
        # Queries end in time, even within a search; what a change has done is always shown.
        until = None if operation.changes else deadline
        with store.read(books.company_id, until) as reader:
            company = reader.company
            if not operation.changes:
                return carried_out(lambda: nullcontext(reader), company)
        return carried_out(lambda: store.read(books.company_id), company)

    # Who, and for which company

    def _principal(self, request: Request) -> Principal:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise _unauthenticated("There is no bearer token.")
        found = self._services.authenticator.authenticate(token.strip())
        if isinstance(found, Rejection):
            raise _unauthenticated(_REJECTIONS[found])
        return found

    def _books(self, request: Request, principal: Principal) -> Books:
        """The books the token opens: the header may say which, where it opens several."""
        realm = request.headers.get("intuit-realm-id")
        if realm is not None:
            known = realm if ids.number_of(realm) is not None else ""
            company_id = self._directory.by_realm(known) if known else None
        else:
            opened = principal.company_ids
            company_id = next(iter(opened)) if opened is not None and len(opened) == 1 else None
        books = None
        if company_id is not None:
            books = self._services.ledger.books(company_id, principal)
        if books is None:
            detail = "The access token does not open this company."
            if realm is None:
                detail = "The access token opens several companies; name one in intuit-realm-id."
            raise GatewayFault(403, "AuthorizationFailed", detail)
        return books

    def refuse(self, request: Request, problem: Problem) -> Response:
        """The answer where the server could not hand the request over."""
        return _gateway(request, _PROBLEMS[problem]())

    def operation(self, request: Request) -> str:
        """What is asked: the method, as the document is not read for this."""
        known = request.method in ("GET", "POST") and request.path in self.prefixes
        return f"{request.method.lower()} graphql" if known else "other"


def _asked(request: Request) -> Asked:
    if request.method == "GET":
        return negotiation.from_query(request.query)
    return negotiation.from_body(request.body)


def _trace_id(request: Request) -> tuple[str, str]:
    """The header `intuit_tid`, made from the request's own id."""
    own = request.id
    return ("intuit_tid", f"1-{own[:8]}-{own[8:32]}")


def _gateway(request: Request, fault: GatewayFault) -> Response:
    """An error about the request as a whole."""
    body = {
        "code": fault.code,
        "type": "INPUT" if fault.status < 500 else "SYSTEM",
        "message": None,
        "detail": str(fault),
        "moreInfo": None,
    }
    headers = (("Content-Type", negotiation.JSON), *_HEADERS, _trace_id(request), *fault.headers)
    return Response(fault.status, json.encode(body), headers, str(fault))


def _unauthenticated(detail: str) -> GatewayFault:
    return GatewayFault(401, "AuthenticationFailed", detail, ("WWW-Authenticate", "Bearer"))


_REJECTIONS: Final[dict[Rejection, str]] = {
    Rejection.MISSING: "There is no bearer token.",
    Rejection.MALFORMED: "Malformed bearer token: too short or too long",
    Rejection.UNKNOWN: "The bearer token is not known here.",
    Rejection.EXPIRED: "Token expired",
    Rejection.REVOKED: "Token revoked",
}
_PROBLEMS: Final[dict[Problem, Callable[[], GatewayFault]]] = {
    Problem.TOO_LARGE: lambda: GatewayFault(
        413, "RequestTooLarge", f"The body is larger than {BODY_BYTES_MAX:,} bytes."
    ),
    Problem.BAD_ENCODING: lambda: GatewayFault(
        415,
        "UnsupportedMediaType",
        "The content encoding is unknown, or the body does not agree with it.",
    ),
    Problem.TIMEOUT: lambda: GatewayFault(
        408, "RequestTimeout", "The body did not arrive in time."
    ),
    Problem.INTERNAL: lambda: GatewayFault(500, "InternalError", "A fault of this server."),
    Problem.SHUTTING_DOWN: lambda: GatewayFault(
        503, "ServiceUnavailable", "The server is stopping.", ("Retry-After", "1")
    ),
    Problem.OVERLOADED: lambda: GatewayFault(
        503, "ServiceUnavailable", "Too many large bodies are under way.", ("Retry-After", "1")
    ),
}
