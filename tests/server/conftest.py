"""A server in a thread of the test's process, with a wire that shows what it was handed."""

import asyncio
import io
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import msgspec
import pytest
import uvicorn
from tests.support.server import RawResponse, exchange
from uvicorn.server import ServerState

from daybook.protocols.kit.plugin import Limits, Operation, Problem, Request, Response
from daybook.server.application import Application, Lifecycle, Router
from daybook.server.config import read_config
from daybook.server.connection import Connection
from daybook.server.observe import Metrics, configure_log
from daybook.server.process import server_config
from daybook.server.run import listen

BODY_BYTES_MAX = 100_000
BODY_SECONDS = 0.6
BODIES_BYTES_MAX = 250_000


class Mirror:
    """A wire that answers with what it was asked; some paths misbehave on purpose."""

    name = "mirror"
    prefixes = ("/mirror", "/mirror/deep/inside")
    limits = Limits(BODY_BYTES_MAX)
    operations: tuple[Operation, ...] = ()

    def __init__(self) -> None:
        self.release = threading.Event()
        self.entered = threading.Event()

    def admit(self, request: Request) -> Response | None:
        assert request.body == b""
        if request.path == "/mirror/shut/fault":
            raise RuntimeError("a fault on purpose")
        if request.path.startswith("/mirror/shut"):
            return Response(401, b"not admitted")
        return None

    def handle(self, request: Request) -> Response | Awaitable[Response]:
        if request.path == "/mirror/fault":
            raise RuntimeError("a fault on purpose")
        if request.path == "/mirror/wait":
            return self._wait()
        if request.path == "/mirror/broken":
            return Response(200, b"", (("x-broken", "a\r\nset-cookie: x"),))
        if request.path == "/mirror/diagnosis":
            return Response(400, b"", (), "line 1\r\nset-cookie: x £")
        seen = {
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "headers": dict(request.headers),
            "length": len(request.body),
            "body": request.body[:200].decode("latin-1"),
            "id": request.id,
            "origin": request.origin,
            "peer": request.peer,
        }
        return Response(200, msgspec.json.encode(seen), (("content-type", "application/json"),))

    def refuse(self, request: Request, problem: Problem) -> Response:
        return Response(400, problem.value.encode(), (("x-wire", "mirror"),), f"it is {problem}")

    def operation(self, request: Request) -> str:
        return "show"

    async def _wait(self) -> Response:
        self.entered.set()
        while not self.release.is_set():
            await asyncio.sleep(0.01)
        return Response(200, b"waited")


class Other(Mirror):
    """A second wire, whose prefixes begin like those of the first."""

    name = "other"
    prefixes = ("/mirrors", "/mirror/deep")

    def handle(self, request: Request) -> Response:
        return Response(200, b"other")


def plain_page(request: Request) -> Response:
    """What answers for no wire, here: its path."""
    if request.path == "/fault":
        raise RuntimeError("a fault on purpose")
    return Response(404, request.path.encode())


@dataclass
class ThreadServer:
    """The server under test and what can be seen of it from outside."""

    port: int
    mirror: Mirror
    metrics: Metrics
    lifecycle: Lifecycle
    log: io.StringIO
    server: uvicorn.Server
    thread: threading.Thread = field(repr=False)

    def exchange(self, request: bytes | str, *, timeout: float = 20) -> RawResponse:
        data = request.encode() if isinstance(request, str) else request
        return exchange("127.0.0.1", self.port, data, timeout=timeout)

    def seen(self, request: bytes | str) -> dict[str, object]:
        """What the mirror was handed."""
        response = self.exchange(request)
        assert response.status == 200, response
        found: dict[str, object] = msgspec.json.decode(response.body)
        return found


class Pipe(asyncio.Transport):
    """A connection's transport without a network: what was sent over it, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []
        self.closed = False
        self.paused = False
        self.pauses = 0
        """How often nothing more was to be read for a while."""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        assert not self.closed
        self.sent.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        self.paused = True
        self.pauses += 1

    def resume_reading(self) -> None:
        self.paused = False


class Caller:
    """A connection to the wires in this process; used on a running event loop."""

    def __init__(self, application: Application | None = None) -> None:
        """`application` is one that others call too, in place of one with the test's wires."""
        self.mirror, self.metrics, self.log = Mirror(), Metrics(), io.StringIO()
        if application is None:
            application = application_of(self.mirror, self.metrics, Lifecycle(), self.log)
        config = server_config(read_config({}, {"http": "127.0.0.1:0"}), application)
        self.pipe = Pipe()
        self.connection = Connection(config, ServerState(), {})
        self.connection.connection_made(self.pipe)

    @property
    def sent(self) -> list[bytes]:
        """What was sent, in order."""
        return self.pipe.sent

    async def answered(self, count: int) -> None:
        """Wait until so many answers were sent."""
        while len(self.sent) < count:
            await asyncio.sleep(0.005)

    def hang_up(self) -> None:
        """Let go of the connection, and of its timers."""
        self.connection.connection_lost(None)

    async def until(self, condition: Callable[[], bool], *, seconds: float = 0) -> None:
        """Let the event loop turn until something is the case; a hundred turns, or so long."""
        ends = time.monotonic() + seconds
        turns = 0
        while not condition():
            turns += 1
            assert turns < 100 or time.monotonic() < ends, "it did not come to pass"
            await asyncio.sleep(0)


def application_of(
    mirror: Mirror, metrics: Metrics, lifecycle: Lifecycle, log: io.StringIO
) -> Application:
    """The application over the test's wires."""
    return Application(
        Router([mirror, Other()]),
        plain_page,
        metrics,
        configure_log("info", "json", log),
        body_timeout=BODY_SECONDS,
        lifecycle=lifecycle,
        bodies_bytes_max=BODIES_BYTES_MAX,
    )


@pytest.fixture
def thread_server() -> Iterator[ThreadServer]:
    """A server that is stopped in good order afterwards."""
    config = read_config({}, {"http": "127.0.0.1:0", "log-level": "info"})
    listeners = listen(config.http)
    mirror, metrics, lifecycle, log = Mirror(), Metrics(), Lifecycle(), io.StringIO()
    application = application_of(mirror, metrics, lifecycle, log)
    server = uvicorn.Server(server_config(config, application))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=listeners)))
    thread.start()
    while not server.started:
        time.sleep(0.005)
    port = listeners[0].getsockname()[1]
    yield ThreadServer(port, mirror, metrics, lifecycle, log, server, thread)
    mirror.release.set()
    server.should_exit = True
    thread.join(timeout=20)
    assert not thread.is_alive()
