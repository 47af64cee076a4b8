"""The wire's entrance: paths, methods, and the order in which a request is judged.

    /api/bk/v1/{operation}       journals, with a token
    /api/cmn/Authenticate        a token for an application
    /api/cmn/AuthenticateToken   a token for a person

Path and method come first, then the token, then the rest. Every answer has the same envelope.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from daybook.app.access import Scope
from daybook.app.ports import Overloaded
from daybook.protocols.kit.http import TooManyParameters, content_type, query_map
from daybook.protocols.kit.openapi import Schema
from daybook.protocols.kit.plugin import (
    Limits,
    Operation,
    Plugin,
    Problem,
    Request,
    Response,
    Services,
)
from daybook.protocols.modulus import openapi
from daybook.protocols.modulus.authentication import Authentication
from daybook.protocols.modulus.errors import (
    MESSAGES,
    Code,
    ModulusFault,
    bare,
    overloaded,
    refused,
)
from daybook.protocols.modulus.journals import Call, Journals
from daybook.protocols.modulus.limits import BODY_BYTES_MAX
from daybook.protocols.modulus.render import WIRE

BOOKKEEPING: Final = "/api/bk/v1/"
COMMON: Final = "/api/cmn/"

_READS: Final = frozenset({Scope.READ})
_WRITES: Final = frozenset({Scope.READ, Scope.WRITE})

OPERATIONS: Final = tuple(
    Operation(path.rpartition("/")[2], method, path, scopes, what)
    for path, method, scopes, what in (
        (BOOKKEEPING + "CreateJournal", "POST", _WRITES, "Make a journal, pending"),
        (BOOKKEEPING + "UpdateJournal", "PUT", _WRITES, "Change a journal that waits"),
        (BOOKKEEPING + "DeleteJournal", "DELETE", _WRITES, "Delete a journal that waits"),
        (BOOKKEEPING + "GetJournal", "GET", _READS, "Show a journal"),
        (BOOKKEEPING + "ListJournals", "GET", _READS, "List the application's journals"),
        (COMMON + "Authenticate", "POST", None, "Get a token for an application"),
        (COMMON + "AuthenticateToken", "POST", None, "Get a token for a person"),
    )
)
"""Everything this wire answers."""

METHODS: Final[Mapping[str, str]] = {each.path: each.method for each in OPERATIONS}
"""The method of each address; names are taken in exactly this case."""

_WITH_BODY: Final = ("POST", "PUT")
_JSON: Final = ("", "application/json", "text/json")


def create(services: Services) -> Plugin:
    """The wire, for the server."""
    return ModulusPlugin(services)


class ModulusPlugin:
    """Modulus bookkeeping API v1 over HTTP. See `Plugin`."""

    name = WIRE
    prefixes = ("/api/bk", "/api/cmn")
    limits = Limits(BODY_BYTES_MAX)
    operations = OPERATIONS

    def __init__(self, services: Services) -> None:
        self._authentication = Authentication(services)
        self._throttle = services.throttle
        journals = Journals(services)
        self._authentications: dict[str, Callable[[Request], Awaitable[Response]]] = {
            COMMON + "Authenticate": self._authentication.authenticate,
            COMMON + "AuthenticateToken": self._authentication.authenticate_person,
        }
        self._operations: dict[str, Callable[[Call], Response | Awaitable[Response]]] = {
            BOOKKEEPING + "CreateJournal": journals.create,
            BOOKKEEPING + "UpdateJournal": journals.update,
            BOOKKEEPING + "DeleteJournal": journals.delete,
            BOOKKEEPING + "GetJournal": journals.get,
            BOOKKEEPING + "ListJournals": journals.list,
        }

    def admit(self, request: Request) -> Response | None:
        """The refusal of an address that is none, or of a caller who is not believed."""
        try:
            self._admitted(request)
        except ModulusFault as fault:
            return fault.response()
        return None

    def handle(self, request: Request) -> Response | Awaitable[Response]:
        """The answer to a request."""
        try:
            answer = self._begun(request)
        except ModulusFault as fault:
            return fault.response()
        return answer if isinstance(answer, Response) else _finished(answer)

    def _admitted(self, request: Request) -> Call | None:
        """The call that the head of a request is; None if it asks for a token."""
        method = METHODS.get(request.path)
        if method is None:
            plain = "there is no such operation; names are taken in their exact case"
            raise bare(404, "There is no such operation.", plain)
        if request.method != method:
            allow = "GET, HEAD" if method == "GET" else method
            plain = f"this operation is asked for with {method}"
            raise bare(405, "The method is not allowed.", plain, (("allow", allow),))
        if request.path in self._authentications:
            return None
        try:
            parameters = query_map(request.query)
        except TooManyParameters as error:
            raise refused(Code.DETAILS_MISSING, str(error)) from None
        books = self._authentication.books(request, parameters)
        return Call(request, books, parameters)

    def _begun(self, request: Request) -> Response | Awaitable[Response]:
        call = self._admitted(request)
        if call is None:
            return self._authentications[request.path](request)
        books = call.books
        wait = self._throttle.wait(self.name, books.principal.client, books.company_id)
        if wait:
            raise overloaded("too many requests of this application or company", wait)
        if request.method in _WITH_BODY and content_type(request.headers)[0] not in _JSON:
            plain = "the body has to be JSON, with Content-Type application/json"
            raise bare(415, "The media type is not supported.", plain)
        return self._operations[request.path](call)

    def refuse(self, request: Request, problem: Problem) -> Response:
        """The answer where the server could not hand the request over."""
        status, plain = _PROBLEMS[problem]
        if problem is Problem.INTERNAL and request.path.startswith(BOOKKEEPING):
            return refused(Code.INTERNAL, plain).response()
        message = MESSAGES[Code.INTERNAL] if status == 500 else f"{plain.capitalize()}."
        return bare(status, message, plain).response()

    def openapi(self) -> Schema:
        """The OpenAPI document of what is served here."""
        return openapi.document(self.operations)

    def operation(self, request: Request) -> str:
        """What is asked, such as `DeleteJournal`."""
        return request.path.rpartition("/")[2] if request.path in METHODS else "other"


async def _finished(answer: Awaitable[Response]) -> Response:
    try:
        return await answer
    except ModulusFault as fault:
        return fault.response()
    except Overloaded as overload:
        return overloaded(str(overload), 1).response()


_PROBLEMS: Final[Mapping[Problem, tuple[int, str]]] = {
    Problem.TOO_LARGE: (413, f"the body is larger than {BODY_BYTES_MAX} bytes"),
    Problem.BAD_ENCODING: (
        415,
        "the content encoding is unknown or the body does not agree with it",
    ),
    Problem.TIMEOUT: (408, "the body did not arrive in time"),
    Problem.INTERNAL: (500, "a fault of this server; see the log under this request's id"),
    Problem.SHUTTING_DOWN: (503, "the server is shutting down; try again"),
    Problem.OVERLOADED: (503, "too many large bodies are under way; try again"),
}
