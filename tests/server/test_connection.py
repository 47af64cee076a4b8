"""Bounds on the head of a request, and when connections are closed."""

import asyncio
import contextlib
import gc
import socket
import time
from collections.abc import Callable
from typing import Any, cast

import pytest
from tests.server.conftest import Caller, ThreadServer
from tests.support.server import read_response

from daybook.server import connection as module
from daybook.server.limits import HEAD_BYTES_MAX, HEAD_SECONDS_MAX

GET = b"GET /mirror/a HTTP/1.1\r\nHost: x\r\n\r\n"


def test_a_large_head_is_taken_up_to_its_bound(thread_server: ThreadServer) -> None:
    target = b"/mirror/a?" + b"x" * (HEAD_BYTES_MAX - 1_000)
    request = GET.replace(b"/mirror/a", target)
    assert len(str(thread_server.seen(request)["query"])) == HEAD_BYTES_MAX - 1_000


@pytest.mark.parametrize(
    "head",
    [
        b"GET /mirror/a?" + b"x" * (4 * HEAD_BYTES_MAX),
        b"GET /mirror/a HTTP/1.1\r\nX: " + b"x" * (4 * HEAD_BYTES_MAX),
        b"GET /mirror/a HTTP/1.1\r\n" + b"X: y\r\n" * HEAD_BYTES_MAX,
    ],
    ids=["line", "header", "headers"],
)
def test_a_head_without_end_is_refused(thread_server: ThreadServer, head: bytes) -> None:
    with socket.create_connection(("127.0.0.1", thread_server.port), timeout=20) as connection:
        try:
            connection.sendall(head)
            response = read_response(connection)
        except ConnectionError:  # it was closed on us while we were still sending
            return
    assert response.status == 431


@pytest.mark.parametrize("sent", [b"", b"GET /mir", b"GET /mirror/a HTTP/1.1\r\nHost: x\r\n"])
def test_a_slow_head_is_given_up(
    thread_server: ThreadServer, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(module, "HEAD_SECONDS_MAX", 0.3)
    with socket.create_connection(("127.0.0.1", thread_server.port), timeout=20) as connection:
        connection.sendall(sent)
        started = time.monotonic()
        answer = connection.recv(65_536)
        assert 0.2 < time.monotonic() - started < 10
    assert answer.startswith(b"HTTP/1.1 408") if sent else answer == b""


def test_dripping_bytes_does_not_prolong_a_head(
    thread_server: ThreadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEAD_SECONDS_MAX", 0.3)
    with socket.create_connection(("127.0.0.1", thread_server.port), timeout=20) as connection:
        connection.sendall(b"GET /mirror/a HTTP/1.1\r\n")
        started = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - started < 10:
                connection.sendall(b"X: y\r\n")
                time.sleep(0.02)
        assert time.monotonic() - started < 5


def test_a_request_under_way_is_not_cut_off_by_the_heads_timer(
    thread_server: ThreadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HEAD_SECONDS_MAX", 0.2)
    with socket.create_connection(("127.0.0.1", thread_server.port), timeout=20) as connection:
        connection.sendall(GET.replace(b"/a", b"/wait"))
        assert thread_server.mirror.entered.wait(10)
        time.sleep(0.4)
        thread_server.mirror.release.set()
        assert read_response(connection).body == b"waited"
        time.sleep(0.4)
        connection.sendall(GET)
        assert read_response(connection).status == 200


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"NONSENSE\r\n\r\n",
        b"GET /mirror/a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET /mirror/a HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET /mirror/a HTTP/1.1\r\nTransfer-Encoding: x\r\nContent-Length: 2\r\n\r\nab",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500 + b"\n",
    ],
    ids=["line", "two-lengths", "negative", "framing", "tls"],
)
def test_what_is_not_http_is_refused_and_the_connection_closed(
    thread_server: ThreadServer, request_bytes: bytes
) -> None:
    response = thread_server.exchange(request_bytes)
    assert response.status == 400
    assert response.headers["connection"] == "close"


def test_old_clients_are_answered_and_their_connection_closed(thread_server: ThreadServer) -> None:
    response = thread_server.exchange(b"GET /mirror/a HTTP/1.0\r\n\r\n")
    assert response.status == 200
    assert response.headers["connection"] == "close"


@pytest.mark.parametrize("filler", [b"x", b" ", b"\xc3\xa9"], ids=["plain", "blank", "accent"])
@pytest.mark.parametrize("size", [HEAD_BYTES_MAX, 3 * HEAD_BYTES_MAX])
def test_a_long_first_line_is_refused_in_words(
    thread_server: ThreadServer, filler: bytes, size: int
) -> None:
    target = b"/mirror/a?" + filler * (size // len(filler))
    response = thread_server.exchange(GET.replace(b"/mirror/a", target))
    assert response.status == 431
    assert b"64 KiB at most" in response.body
    assert response.headers["connection"] == "close"


def test_a_line_that_grows_beyond_its_bound_by_escaping_is_refused(
    thread_server: ThreadServer,
) -> None:
    target = b"/mirror/a?q=" + b" x" * (HEAD_BYTES_MAX // 4)
    assert thread_server.exchange(GET.replace(b"/mirror/a", target)).status == 431


def test_a_request_leaves_nothing_for_the_garbage_collector(thread_server: ThreadServer) -> None:
    """What the server keeps of a request is gone without a search for what holds itself."""
    gc.collect()
    gc.disable()
    try:
        with socket.create_connection(("127.0.0.1", thread_server.port), timeout=20) as connection:
            for _ in range(10):
                connection.sendall(GET)
                assert read_response(connection).status == 200
            exchanges = [each for each in gc.get_objects() if isinstance(each, module.Exchange)]
    finally:
        gc.enable()
    assert len(exchanges) <= 2  # a connection remembers its last one, which may be on its way out


class Timers:
    """An event loop's time and timers in the test's hand; the rest is the loop's own."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.due: list[tuple[float, Callable[[], None]]] = []

    def time(self) -> float:
        return self.now

    def call_later(self, seconds: float, callback: Callable[[], None]) -> asyncio.TimerHandle:
        self.due.append((self.now + seconds, callback))
        return asyncio.TimerHandle(self.now + seconds, callback, (), asyncio.get_running_loop())

    def pass_seconds(self, seconds: float) -> None:
        self.now += seconds
        due = [callback for when, callback in self.due if when <= self.now]
        self.due = [timer for timer in self.due if timer[0] > self.now]
        for callback in due:
            callback()

    def __getattr__(self, name: str) -> Any:
        return getattr(asyncio.get_running_loop(), name)


def one_with_timers() -> tuple[Caller, Timers]:
    """A connection that stays open for ten seconds between requests."""
    caller, timers = Caller(), Timers()
    caller.connection.timeout_keep_alive = 10
    caller.connection.loop = cast("asyncio.AbstractEventLoop", timers)
    return caller, timers


def test_a_connection_is_closed_some_time_after_its_last_response() -> None:
    async def scenario() -> None:
        caller, timers = one_with_timers()
        for count in range(1, 4):  # used every six seconds
            caller.connection.data_received(GET)
            await asyncio.wait_for(caller.answered(count), 20)
            assert len(timers.due) == 1  # however many responses
            timers.pass_seconds(6)
        assert not caller.pipe.closed
        timers.pass_seconds(3.9)
        assert not caller.pipe.closed
        timers.pass_seconds(0.2)
        assert caller.pipe.closed
        caller.hang_up()

    asyncio.run(scenario())


def test_a_connection_with_a_request_under_way_stays_open() -> None:
    async def scenario() -> None:
        caller, timers = one_with_timers()
        caller.connection.data_received(GET)
        await caller.until(lambda: len(caller.sent) == 1)
        caller.connection.data_received(GET.replace(b"/a", b"/wait"))
        timers.pass_seconds(60)
        assert not caller.pipe.closed
        caller.mirror.release.set()
        await asyncio.wait_for(caller.answered(2), 20)
        timers.pass_seconds(10)
        assert caller.pipe.closed
        caller.hang_up()

    asyncio.run(scenario())


def test_half_a_first_line_keeps_a_connection_open() -> None:
    """Until its head is late: that is another timer's matter."""

    async def scenario() -> None:
        caller, timers = one_with_timers()
        caller.connection.data_received(GET)
        await caller.until(lambda: len(caller.sent) == 1)
        caller.connection.data_received(b"GET /mir")
        timers.pass_seconds(11)
        assert not caller.pipe.closed
        timers.pass_seconds(HEAD_SECONDS_MAX)
        assert caller.pipe.closed
        assert caller.sent[-1].startswith(b"HTTP/1.1 408")
        caller.hang_up()

    asyncio.run(scenario())
