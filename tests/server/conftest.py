"""A server in a thread of the test's process, with a wire that shows what it was handed."""

import asyncio
import contextlib
import io
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import msgspec
import pytest
import uvloop
from tests.support.server import RawResponse, exchange

from daybook.protocols.kit.plugin import Limits, Problem, Request, Response
from daybook.server import listener as listener_module
from daybook.server.application import Application, Lifecycle, Router
from daybook.server.config import Address
from daybook.server.connection import Shared
from daybook.server.listener import Listener
from daybook.server.observe import Metrics, configure_log
from daybook.server.run import listen

BODY_BYTES_MAX = 100_000
BODY_SECONDS = 0.6
IDLE_SECONDS = 1.0
LARGE = 8_000_000
"""Bytes of an answer that no socket's buffers take at once."""


class Mirror:
    """A wire that answers with what it was asked; some paths misbehave on purpose."""

    name = "mirror"
    prefixes = ("/mirror", "/mirror/deep/inside")
    limits = Limits(BODY_BYTES_MAX)

    def __init__(self) -> None:
        self.handled = 0
        self.release = threading.Event()
        self.entered = threading.Event()

    def handle(self, request: Request) -> Response | Awaitable[Response]:
        if request.path == "/mirror/fault":
            raise RuntimeError("a fault on purpose")
        self.handled += 1
        if request.path == "/mirror/wait":
            return self._wait()
        if request.path == "/mirror/large":
            return Response(200, bytes(LARGE))
        if request.path == "/mirror/injects":
            return Response(200, b"", (("x-a", "b\r\nset-cookie: c"), ("x-d", "é")))
        if request.path == "/mirror/nothing":
            return Response(204, b"ignored")
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
    return Response(404, request.path.encode())


@dataclass
class ThreadServer:
    """The server under test and what can be seen of it from outside."""

    port: int
    mirror: Mirror
    metrics: Metrics
    lifecycle: Lifecycle
    log: io.StringIO
    stop: Callable[[], object]
    """Ask it to stop in good order; does not wait."""

    def exchange(self, request: bytes | str, *, timeout: float = 20) -> RawResponse:
        data = request.encode() if isinstance(request, str) else request
        return exchange("127.0.0.1", self.port, data, timeout=timeout)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def seen(self, request: bytes | str) -> dict[str, object]:
        """What the mirror was handed."""
        response = self.exchange(request)
        assert response.status == 200, response
        found: dict[str, object] = msgspec.json.decode(response.body)
        return found


@pytest.fixture
def thread_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ThreadServer]:
    """A server that is stopped in good order afterwards, and looks at its clock often."""
    monkeypatch.setattr(listener_module, "SWEEP_SECONDS", 0.02)
    sockets = listen(Address("127.0.0.1", 0))
    mirror, metrics, lifecycle, log = Mirror(), Metrics(), Lifecycle(), io.StringIO()
    application = Application(
        Router([mirror, Other()]),
        plain_page,
        metrics,
        configure_log("info", "json", log),
        lifecycle,
    )
    started = threading.Event()
    stop: list[Callable[[], object]] = []

    async def main() -> None:
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        stop.append(lambda: loop.call_soon_threadsafe(stopping.set))
        shared = Shared(
            application, loop, body_timeout=BODY_SECONDS, keep_alive_timeout=IDLE_SECONDS
        )
        listener = Listener(shared, sockets)
        await listener.start()
        started.set()
        await stopping.wait()
        await listener.stop(10)

    thread = threading.Thread(target=lambda: uvloop.run(main()))
    thread.start()
    assert started.wait(10)
    port = sockets[0].getsockname()[1]
    yield ThreadServer(port, mirror, metrics, lifecycle, log, stop[0])
    mirror.release.set()
    with contextlib.suppress(RuntimeError):  # a test has stopped it already
        stop[0]()
    thread.join(timeout=20)
    assert not thread.is_alive()
