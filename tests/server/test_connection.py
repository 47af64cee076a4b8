"""Bounds of a connection in bytes and time, when it is closed, and that cuts do not matter."""

import asyncio
import contextlib
import io
import socket
import time
from itertools import pairwise
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.conftest import IDLE_SECONDS, LARGE, Mirror, Other, ThreadServer, plain_page
from tests.support.server import RawResponse, read_response

from daybook.server import connection as module
from daybook.server.application import Application, Router
from daybook.server.connection import Connection, Shared
from daybook.server.limits import HEAD_BYTES_MAX
from daybook.server.observe import Metrics, configure_log

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


def all_of(connection: socket.socket) -> bytes:
    """What comes until the server closes the connection."""
    data = b""
    while piece := connection.recv(1_000_000):
        data += piece
    return data


def test_an_idle_connection_is_closed_in_time(thread_server: ThreadServer) -> None:
    with thread_server.connect() as connection:
        connection.sendall(GET)
        assert read_response(connection).status == 200
        started = time.monotonic()
        assert connection.recv(100) == b""
        assert IDLE_SECONDS * 0.8 < time.monotonic() - started < 10


def test_a_caller_that_stops_sending_still_gets_every_answer(thread_server: ThreadServer) -> None:
    with thread_server.connect() as connection:
        connection.sendall(GET.replace(b"/a", b"/wait") + GET * 2)
        connection.shutdown(socket.SHUT_WR)
        assert thread_server.mirror.entered.wait(10)
        time.sleep(0.1)
        thread_server.mirror.release.set()
        assert all_of(connection).count(b"HTTP/1.1 200 OK") == 3


def test_what_follows_the_last_request_is_not_carried_out(thread_server: ThreadServer) -> None:
    last = GET.replace(b"Host: x", b"Connection: close")
    with thread_server.connect() as connection:
        connection.sendall(GET + last + GET + GET)
        assert all_of(connection).count(b"HTTP/1.1 ") == 2
    assert thread_server.mirror.handled == 2


def test_good_requests_before_garbage_are_answered(thread_server: ThreadServer) -> None:
    with thread_server.connect() as connection:
        connection.sendall(GET + GET + b"garbage\r\n\r\n")
        data = all_of(connection)
    assert data.count(b"HTTP/1.1 200") == 2
    assert b"HTTP/1.1 400" not in data


def test_requests_wait_in_line_without_being_carried_out(thread_server: ThreadServer) -> None:
    with thread_server.connect() as connection:
        connection.sendall(GET.replace(b"/a", b"/wait"))
        assert thread_server.mirror.entered.wait(10)
        connection.sendall(GET * 50)
        time.sleep(0.2)
        assert thread_server.mirror.handled == 1
        thread_server.mirror.release.set()
        connection.shutdown(socket.SHUT_WR)
        assert all_of(connection).count(b"HTTP/1.1 200") == 51


def test_a_caller_that_does_not_read_is_not_answered_further(
    thread_server: ThreadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SEND_SECONDS_MAX", 0.5)
    with thread_server.connect() as connection:
        connection.sendall(GET.replace(b"/a", b"/large") * 20)
        time.sleep(0.3)
        assert thread_server.mirror.handled <= 2
        time.sleep(1)
        with contextlib.suppress(ConnectionError):
            assert len(all_of(connection)) < 2 * LARGE
    assert thread_server.mirror.handled <= 2


def test_a_caller_that_reads_slowly_gets_everything(thread_server: ThreadServer) -> None:
    with thread_server.connect() as connection:
        connection.sendall(GET.replace(b"/a", b"/large") * 3)
        connection.shutdown(socket.SHUT_WR)
        time.sleep(0.2)
        data = all_of(connection)
    assert data.count(b"HTTP/1.1 200") == 3
    assert data.count(b"\0") == 3 * LARGE


def test_too_many_connections_are_refused(
    thread_server: ThreadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CONNECTIONS_MAX", 2)
    with thread_server.connect() as first, thread_server.connect() as second:
        for connection in (first, second):
            connection.sendall(GET)
            assert read_response(connection).status == 200
        with thread_server.connect() as third:
            assert read_response(third).status == 503
        first.sendall(GET)
        assert read_response(first).status == 200


def test_a_refused_body_that_goes_on_dripping_is_cut_off(thread_server: ThreadServer) -> None:
    head = b"POST /mirror/a HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n"
    with thread_server.connect() as connection:
        connection.sendall(head)
        assert read_response(connection).body == b"too-large"
        started = time.monotonic()
        with contextlib.suppress(OSError):
            while time.monotonic() - started < 10:
                connection.sendall(b"x")
                time.sleep(0.02)
        assert time.monotonic() - started < 5


def test_a_wire_cannot_break_out_of_its_headers(thread_server: ThreadServer) -> None:
    response = thread_server.exchange(GET.replace(b"/a", b"/injects"))
    assert response.headers["x-a"] == "b  set-cookie: c"
    assert "set-cookie" not in response.headers


def test_an_answer_without_content_has_none(thread_server: ThreadServer) -> None:
    with thread_server.connect() as connection:
        connection.sendall(GET.replace(b"/a", b"/nothing") + GET)
        connection.shutdown(socket.SHUT_WR)
        data = all_of(connection)
    first, second = data.split(b"\r\n\r\n")[:2]
    assert b"content-length" not in first
    assert second.startswith(b"HTTP/1.1 200")


class Wire:
    """A transport that keeps what is written to it."""

    def __init__(self) -> None:
        self.sent = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.sent += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        """Pieces come whatever the connection wants."""

    def resume_reading(self) -> None:
        """The same."""

    def get_extra_info(self, name: str) -> object:
        return ("127.0.0.1", 80) if name == "sockname" else None


class StillLoop:
    """As much of an event loop as a connection needs that answers at once."""

    def time(self) -> float:
        return 0.0


APPLICATION = Application(
    Router([Mirror(), Other()]),
    plain_page,
    Metrics(),
    configure_log("error", "json", io.StringIO()),
)
LOOP = cast("asyncio.AbstractEventLoop", StillLoop())
SHARED = Shared(APPLICATION, LOOP, body_timeout=1, keep_alive_timeout=1)


def spoken(pieces: list[bytes]) -> tuple[bytes, bool]:
    """What a connection answers to a stream that comes in these pieces, and whether it ends."""
    wire, connection = Wire(), Connection(SHARED)
    connection.connection_made(cast("asyncio.Transport", wire))
    for piece in pieces:
        connection.data_received(piece)
    connection.connection_lost(None)
    return wire.sent, wire.closed


STREAM = (
    b"GET /mirror/a?query=select * from X HTTP/1.1\r\nUser-Agent: a b c d\r\n\r\n"
    b"POST /mirror/b HTTP/1.1\r\nContent-Length: 26\r\n\r\nGET /x y z HTTP/1.1\r\n\r\nab\n"
    b"POST /mirror/c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    b"\r\nHEAD /nowhere HTTP/1.1\r\n\r\n"
    b"GET /mirrors HTTP/1.1\r\nConnection: close\r\n\r\n"
)


def answers(sent: bytes) -> list[RawResponse]:
    """The responses in a stream, without what differs from one to the next."""
    found = []
    while sent:
        response = RawResponse.parse(sent)
        length = int(response.headers["content-length"])
        head = sent.index(b"\r\n\r\n") + 4
        body = b"" if response.status == 404 else sent[head : head + length]
        sent = sent[head + len(body) :]
        request_id = response.headers.pop("request-id")
        found.append(
            RawResponse(response.status, response.headers, body.replace(request_id.encode(), b""))
        )
    return found


WHOLE = answers(spoken([bytes((code,)) for code in STREAM])[0])


def test_a_stream_that_comes_byte_by_byte_is_understood() -> None:
    assert [response.status for response in WHOLE] == [200, 200, 200, 404, 200]
    assert b"query=select%20*%20from%20X" in WHOLE[0].body
    assert b"GET /x y z HTTP/1.1" in WHOLE[1].body
    assert b'"body":"hello"' in WHOLE[2].body


@given(st.lists(st.integers(1, len(STREAM) - 1), max_size=8))
def test_where_a_stream_is_cut_does_not_matter(cuts: list[int]) -> None:
    """But for a request line in need of mending behind another request in the same piece."""
    edges = sorted({0, *cuts, len(STREAM)})
    sent, closed = spoken([STREAM[start:end] for start, end in pairwise(edges)])
    assert answers(sent) == WHOLE
    assert closed


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_random_bytes_are_refused_or_waited_for(pieces: list[bytes]) -> None:
    sent, closed = spoken(pieces)
    assert closed == bool(sent)
    assert sent == b"" or sent.startswith(b"HTTP/1.1 ")


LINES = ["Transfer-Encoding: chunked", "Upgrade: h2c", "Connection: close", "Content-Length: 5"]
PIECES = [
    "GET ",
    "POST ",
    "/mirror/a",
    " HTTP/1.1",
    "\r\n",
    "\r\n\r\n",
    "5\r\n",
    "abcde",
    "0\r\n\r\n",
]
ODDITIES = ["Expect: 100-continue", "%", "?", "\xff", " ", "\n", ":", "-1"]
words = st.sampled_from([*LINES, *PIECES, *ODDITIES]).map(lambda word: word.encode("latin-1"))


@given(st.lists(st.lists(words, max_size=12).map(b"".join), max_size=6))
def test_nonsense_that_looks_like_requests_raises_nothing(pieces: list[bytes]) -> None:
    sent, _ = spoken(pieces)
    assert sent == b"" or sent.startswith(b"HTTP/1.1 ")
