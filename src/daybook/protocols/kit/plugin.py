"""What a wire is to the server: some paths, and answers in its own shape.

A wire that speaks HTTP lives in a folder of `daybook.protocols` whose `plugin` module has a
function `create(services) -> Plugin`. The server finds it, reads bodies within the wire's bounds,
and asks it for answers; also for those the wire did not come to give itself (too large, broken
encoding, a fault of ours), since every caller expects errors in the shape its original has.

Nothing here does I/O: a request is a value, a response is a value.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import field
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar

from daybook.app.access import Authenticator, Guard, Logins, Nobody, Scope, SignIn, Unguarded
from daybook.app.activity import Activities, ActivityLog
from daybook.app.ledger import Acceptance, Books, Context, Ledger, Outcome
from daybook.app.operations import Submission
from daybook.app.ports import Clock, Reader
from daybook.app.sessions import NoSessions, Sessions
from daybook.domain.commands import Command
from daybook.domain.values import value
from daybook.protocols.kit.exhibits import Exhibits, NoExhibits
from daybook.protocols.kit.throttle import Throttle

T = TypeVar("T")

REQUESTS_PER_DAY_SETTING: Final = "requests_per_day"
"""The member of `Services.settings` that limits a client's requests, for wires that know one."""


@value
class Request:
    """An HTTP request, read whole.

    `path` is percent-decoded, `query` is not (the part after `?`, as sent). Header names are
    lower case; of a repeated header the last one counts. `body` has its content encoding undone.
    `id` is unique per request and goes into logs and the response; `origin` is scheme and
    authority by which the caller reached us, such as `http://127.0.0.1:8080`; `peer` is the
    address at the other end of the connection, empty where there is none.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    id: str
    origin: str
    peer: str = ""


@value
class Response:
    """An HTTP response. `Content-Length` and `Date` are the server's to add."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    diagnosis: str | None = None
    """What went wrong in plain words, for the `daybook-diagnosis` header and the log."""


@value
class Reading:
    """An answer that takes a quick look into the books, on the event loop: none that searches.

    The server carries it out along with others that come at the same time: `find` looks up what
    `show` makes an answer of, both with one snapshot, which is opened from now on. Where another
    of them fails they may be called again, so what has effects is to wait until it is awaited.
    """

    books: Books
    find: Callable[[Reader], Any]
    show: Callable[[Any, Reader], "Response | Awaitable[Response]"]

    def now(self) -> "Response | Awaitable[Response]":
        """The answer by itself, from a snapshot of its own."""
        with self.books.read() as reader:
            return self.show(self.find(reader), reader)


Answer = Response | Reading | Awaitable[Response]
"""What a wire answers with: at once, from the books, or once something has happened."""


async def response_of(answer: Answer) -> Response:
    """The response that an answer comes to, by itself."""
    if isinstance(answer, Reading):
        answer = answer.now()
    return answer if isinstance(answer, Response) else await answer


class Problem(StrEnum):
    """What can be wrong with a request before a wire sees it, or after a fault of ours."""

    TOO_LARGE = "too-large"
    BAD_ENCODING = "bad-encoding"
    """An unknown content encoding, or one that cannot be undone."""
    TIMEOUT = "timeout"
    """The body did not arrive in time."""
    INTERNAL = "internal"
    """A fault of the program or the machine."""
    SHUTTING_DOWN = "shutting-down"
    OVERLOADED = "overloaded"
    """The server holds as many bodies as it may; nothing was done."""


@value
class Limits:
    """Bounds on what a wire reads, applied before any parsing.

    `body_bytes_max` bounds the body as sent and again after its encoding is undone.
    """

    body_bytes_max: int


@value
class Operation:
    """Something that can be asked for at an address: what metrics, documents and proofs go by.

    `name` is what `Plugin.operation` answers for it; several addresses of the same thing may share
    one. `path` has names in braces where ids stand. `scopes` are what a credential must allow;
    None says that no credential is wanted.
    """

    name: str
    method: str
    path: str
    scopes: frozenset[Scope] | None
    summary: str = ""


class Runtime(Protocol):
    """How a wire's coroutines reach the synchronous ledger."""

    def execute(self, books: Books, command: Command, context: Context) -> Awaitable[Outcome]:
        """Carry out a command through the group commit, without holding a thread."""

    def submit_operation(
        self, books: Books, command: Command, context: Context, submission: Submission
    ) -> Awaitable[Acceptance]:
        """Keep a command for the worker, without holding a thread."""

    def in_thread(self, work: Callable[[], T]) -> Awaitable[T]:
        """Run something that may take long (a scan, a report) on a pool thread."""


Hear = Callable[[bytes], None]
"""Takes what another process has told, on the event loop."""


class Peers(Protocol):
    """The other processes of the same server, where it runs several.

    For what a request in one may mean for another and no book holds. What is told may get lost.
    """

    def tell(self, subject: str, message: bytes) -> None:
        """Tell all others something, without waiting. On any thread."""

    def hear(self, subject: str, hearer: Hear) -> None:
        """Register who takes what others tell of a subject, such as `wire.matter`."""


class Alone:
    """The `Peers` of a server of one process."""

    def tell(self, subject: str, message: bytes) -> None:
        """Nobody is there."""

    def hear(self, subject: str, hearer: Hear) -> None:
        """Nobody is there."""


class Meter(Protocol):
    """Where a wire that answers by itself tells what it does, for metrics.

    Requests over HTTP are counted by the server; a wire with a port of its own counts here.
    """

    def count(self, wire: str, operation: str, status: int | str, seconds: float) -> None:
        """Something was answered. `operation` and `status` are of closed sets. On the loop."""

    def show(
        self, name: str, meaning: str, value: Callable[[], float], *, counter: bool = False
    ) -> None:
        """Ask for a value at each scrape; `counter` says that it only grows."""


class Unmetered:
    """A `Meter` that keeps nothing."""

    def count(self, wire: str, operation: str, status: int | str, seconds: float) -> None:
        """Nothing."""

    def show(
        self, name: str, meaning: str, value: Callable[[], float], *, counter: bool = False
    ) -> None:
        """Nothing."""


@value
class Services:
    """What the server hands to every wire. `demo` says whether demo credentials are in force."""

    ledger: Ledger
    authenticator: Authenticator
    runtime: Runtime
    clock: Clock
    demo: bool = False
    settings: Mapping[str, str] = field(default_factory=dict)
    sign_in: SignIn = field(default_factory=Nobody)
    logins: Logins | None = None
    """Users with passwords, for wires that sign people in themselves."""
    guard: Guard = field(default_factory=Unguarded)
    """Asked by those wires before they judge a password."""
    activities: Activities = field(default_factory=ActivityLog)
    """The recent requests of all wires, for whoever shows them."""
    sessions: Sessions = field(default_factory=NoSessions)
    """People who have signed in with a browser."""
    peers: Peers = field(default_factory=Alone)
    titles: Mapping[str, str] = field(default_factory=dict)
    """What people call the wires, by name."""
    exhibits: Exhibits = field(default_factory=NoExhibits)
    """How an entry looks over each of them."""
    throttle: Throttle = field(default_factory=Throttle)
    """How many requests clients and companies may make; no limit by default."""
    meter: Meter = field(default_factory=Unmetered)


class Plugin(Protocol):
    """A wire that speaks HTTP.

    It may also have a function `openapi() -> dict`, the OpenAPI document of what it serves, and a
    method `admit(request) -> Response | None`, asked with the head of a request,
    the body still empty, before a body is waited for or its encoding undone: a response ends the
    request there. Without one every body within the bounds is read. A body that has come together
    with its head is handed over at once, so `handle` has to judge by itself too.
    """

    @property
    def name(self) -> str:
        """The wire's name, as in its folder, in logs and in metrics."""

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Paths it answers: itself and all below; the longest prefix of all wires wins."""

    @property
    def limits(self) -> Limits:
        """Its bounds."""

    def handle(self, request: Request) -> Answer:
        """The answer to a request. Must not raise for anything a caller sends.

        A `Response` where nothing has to be waited for, and a `Reading` where it is read quickly,
        save a task of the event loop.
        """

    @property
    def operations(self) -> Sequence[Operation]:
        """All that can be asked of it, a row for each method and address.

        It answers nothing else but with an error and with the files of its pages, and its metrics
        name nothing else but `other`.
        """

    def refuse(self, request: Request, problem: Problem) -> Response:
        """The answer in the wire's shape where the server could not hand the request over."""

    def operation(self, request: Request) -> str:
        """The name of what is asked, one of `operations` or `other`, for metrics: never an id."""


class Listener(Protocol):
    """A wire that listens on a port of its own.

    It lives in a folder of `daybook.protocols` whose `listener` module has a function
    `create(services) -> Listener`.
    """

    @property
    def name(self) -> str:
        """The wire's name, as in its folder."""

    def connection(self) -> asyncio.Protocol:
        """What speaks on a connection that was just accepted."""

    def renew_certificate(self) -> None:
        """Read the certificate for encryption again. Raises OSError and ValueError."""

    async def close(self) -> None:
        """Let statements under way end, then every connection."""
