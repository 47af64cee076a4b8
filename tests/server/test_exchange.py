"""Requests and responses on a connection: their order, flow control, and what may go wrong."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from tests.server.conftest import Caller

from daybook.server.limits import HEAD_BYTES_MAX

GET = b"GET /mirror/a HTTP/1.1\r\nHost: x\r\n\r\n"
WAIT = GET.replace(b"/a", b"/wait")
FAULT = (
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 21\r\n"
    b"connection: close\r\n\r\nInternal Server Error"
)


def post(body: bytes, path: bytes = b"/mirror/a") -> bytes:
    head = b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"
    return head % (path, len(body)) + body


def on_a_connection(scenario: Callable[[Caller], Awaitable[None]]) -> None:
    """Run a scenario; afterwards nothing of it may be left."""

    async def main() -> None:
        caller = Caller()
        await scenario(caller)
        caller.mirror.release.set()
        await caller.until(lambda: not caller.metrics.in_flight, seconds=20)
        caller.hang_up()
        await caller.until(lambda: not caller.connection.tasks)

    asyncio.run(main())


def test_pipelined_requests_wait_for_those_ahead_of_them() -> None:
    async def scenario(caller: Caller) -> None:
        head = GET.replace(b"GET", b"HEAD")
        caller.connection.data_received(GET + WAIT + GET + head + post(b"one") + post(b"two"))
        await caller.until(caller.mirror.entered.is_set)
        assert len(caller.sent) == 1
        assert caller.pipe.paused
        caller.mirror.release.set()
        await asyncio.wait_for(caller.answered(6), 20)
        ends = [b'"GET"', b"waited", b'"GET"', b"\r\n\r\n", b'"body":"one"', b'"body":"two"']
        for sent, end in zip(caller.sent, ends, strict=True):
            assert sent.startswith(b"HTTP/1.1 200")
            assert end in sent[-300:] or end in sent
        assert caller.sent[3].endswith(b"\r\n\r\n")
        assert not caller.pipe.paused
        caller.connection.data_received(GET)
        await asyncio.wait_for(caller.answered(7), 20)

    on_a_connection(scenario)


def test_nothing_is_answered_behind_a_last_response() -> None:
    async def scenario(caller: Caller) -> None:
        last = GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        caller.connection.data_received(GET + last + GET)
        await caller.until(lambda: caller.pipe.closed)
        assert len(caller.sent) == 2
        assert b"\r\nconnection: close\r\n" in caller.sent[1]

    on_a_connection(scenario)


def test_a_body_in_pieces_is_held_up_while_nobody_reads_it() -> None:
    async def scenario(caller: Caller) -> None:
        request = post(b"x" * 90_000)
        caller.connection.data_received(request[:200])
        caller.connection.data_received(request[200:80_000])
        assert caller.pipe.paused
        await caller.until(lambda: not caller.pipe.paused)
        caller.connection.data_received(request[80_000:])
        await asyncio.wait_for(caller.answered(1), 20)
        assert b'"length":90000' in caller.sent[0]
        assert caller.pipe.pauses == 1

    on_a_connection(scenario)


def test_a_body_in_chunks_is_read() -> None:
    async def scenario(caller: Caller) -> None:
        request = post(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
        for piece in (request, b"3\r\nabc\r\n", b"2\r\n", b"de\r\n0\r\n", b"\r\n"):
            assert not caller.sent
            caller.connection.data_received(piece)
            await asyncio.sleep(0)
        await asyncio.wait_for(caller.answered(1), 20)
        assert b'"body":"abcde"' in caller.sent[0]

    on_a_connection(scenario)


def test_each_response_has_the_date_of_its_time() -> None:
    async def scenario(caller: Caller) -> None:
        for count, day in enumerate((b"Sat", b"Sun", b"Sun", b"Mon"), 1):
            if day not in dict(caller.connection.server_state.default_headers).values():
                caller.connection.server_state.default_headers = [(b"date", day)]
            caller.connection.data_received(GET)
            await asyncio.wait_for(caller.answered(count), 20)
            assert caller.sent[-1].startswith(b"HTTP/1.1 200 OK\r\ndate: " + day + b"\r\n")

    on_a_connection(scenario)


def test_a_response_waits_for_a_caller_who_is_slow() -> None:
    async def scenario(caller: Caller) -> None:
        caller.connection.pause_writing()
        caller.connection.data_received(GET)
        for _ in range(10):
            await asyncio.sleep(0)
        assert not caller.sent
        caller.connection.resume_writing()
        await asyncio.wait_for(caller.answered(1), 20)
        assert b'"path":"/mirror/a"' in b"".join(caller.sent)

    on_a_connection(scenario)


@pytest.mark.parametrize("request_bytes", [WAIT, post(b"abc", b"/mirror/wait")])
def test_a_caller_who_hangs_up_is_sent_nothing_and_counted(request_bytes: bytes) -> None:
    async def scenario(caller: Caller) -> None:
        caller.connection.data_received(request_bytes)
        await caller.until(caller.mirror.entered.is_set)
        caller.hang_up()
        caller.mirror.release.set()
        await caller.until(lambda: not caller.metrics.in_flight, seconds=20)
        assert not caller.sent
        assert caller.metrics.requests == {("mirror", "show", 200): 1}

    on_a_connection(scenario)


def test_a_caller_who_hangs_up_before_being_asked_about_is_sent_nothing() -> None:
    async def scenario(caller: Caller) -> None:
        caller.connection.data_received(GET)
        caller.hang_up()
        await caller.until(lambda: bool(caller.metrics.requests))
        assert not caller.sent

    on_a_connection(scenario)


def test_a_caller_who_hangs_up_amid_a_body_is_not_counted() -> None:
    async def scenario(caller: Caller) -> None:
        caller.connection.data_received(post(b"abc")[:-1])
        await caller.until(lambda: bool(caller.metrics.in_flight))
        caller.hang_up()
        await caller.until(lambda: not caller.metrics.in_flight)
        assert not caller.sent
        assert not caller.metrics.requests

    on_a_connection(scenario)


def test_one_connection_too_many_is_refused() -> None:
    async def scenario(caller: Caller) -> None:
        caller.connection.limit_concurrency = 1
        caller.connection.data_received(GET)
        await asyncio.wait_for(caller.answered(1), 20)
        assert b"".join(caller.sent) == (
            b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\n"
            b"content-length: 19\r\nconnection: close\r\n\r\nService Unavailable"
        )
        assert caller.pipe.closed
        assert not caller.metrics.requests

    on_a_connection(scenario)


@pytest.mark.parametrize("path", [b"/fault", b"/mirror/broken"], ids=["page", "header"])
def test_a_fault_that_no_wire_answers_ends_the_connection(path: bytes) -> None:
    async def scenario(caller: Caller) -> None:
        caller.connection.data_received(GET.replace(b"/mirror/a", path))
        await asyncio.wait_for(caller.answered(1), 20)
        assert b"".join(caller.sent) == b"HTTP/1.1 500 Internal Server Error\r\n" + FAULT
        assert caller.pipe.closed
        assert not caller.metrics.requests
        assert '"level":"error"' in caller.log.getvalue()

    on_a_connection(scenario)


@pytest.mark.parametrize("request_bytes", [WAIT, post(b"abc")[:-1]], ids=["answer", "body"])
def test_what_is_given_up_when_the_server_stops_is_answered(request_bytes: bytes) -> None:
    async def scenario(caller: Caller) -> None:
        caller.connection.data_received(request_bytes)
        await caller.until(lambda: bool(caller.metrics.in_flight))
        await asyncio.sleep(0)
        caller.connection.shutdown()
        assert not caller.pipe.closed
        for task in caller.connection.tasks:
            task.cancel()
        await caller.until(lambda: caller.pipe.closed)
        assert b"".join(caller.sent) == b"HTTP/1.1 500 Internal Server Error\r\n" + FAULT

    on_a_connection(scenario)


def test_a_stopping_server_closes_who_has_nothing_under_way() -> None:
    async def scenario(caller: Caller) -> None:
        caller.connection.data_received(GET)
        await asyncio.wait_for(caller.answered(1), 20)
        caller.connection.shutdown()
        assert caller.pipe.closed

    on_a_connection(scenario)


def test_the_last_response_of_a_stopping_server_says_so() -> None:
    async def scenario(caller: Caller) -> None:
        caller.connection.data_received(WAIT)
        await caller.until(caller.mirror.entered.is_set)
        caller.connection.shutdown()
        caller.mirror.release.set()
        await caller.until(lambda: caller.pipe.closed, seconds=20)
        assert b"\r\nconnection: close\r\n" in caller.sent[0]
        assert caller.sent[0].endswith(b"waited")

    on_a_connection(scenario)


CHUNKED = post(b"").replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
GARBAGE = b"GARBAGE\x00\r\n\r\n"
UNREADABLE = (
    b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n"
    b"content-length: 30\r\nconnection: close\r\n\r\nInvalid HTTP request received."
)


@pytest.mark.parametrize("pieces", [1, 3])
def test_headers_behind_a_body_are_not_listened_to(pieces: int) -> None:
    async def scenario(caller: Caller) -> None:
        request = CHUNKED + b"3\r\nabc\r\n0\r\nX-Late: yes\r\nContent-Encoding: gzip\r\n\r\n"
        size = -(-len(request) // pieces)
        for at in range(0, len(request), size):
            caller.connection.data_received(request[at : at + size])
            await asyncio.sleep(0)
        await asyncio.wait_for(caller.answered(1), 20)
        assert b'"body":"abc"' in caller.sent[0]
        assert b"x-late" not in caller.sent[0]

    on_a_connection(scenario)


@pytest.mark.parametrize("trailer", [b"xN: y\r\n", b"y" * 64], ids=["many", "long"])
def test_what_follows_a_body_is_bounded(trailer: bytes) -> None:
    async def scenario(caller: Caller) -> None:
        caller.connection.data_received(CHUNKED + b"3\r\nabc\r\n0\r\nX: ")
        sent = 0
        while not caller.pipe.closed:
            caller.connection.data_received(trailer * 100)
            await asyncio.sleep(0)
            sent += len(trailer) * 100
            assert sent < 2 * HEAD_BYTES_MAX
        assert caller.sent[0].startswith(b"HTTP/1.1 431 ")

    on_a_connection(scenario)


def test_a_long_body_in_small_chunks_is_no_trailer() -> None:
    async def scenario(caller: Caller) -> None:
        caller.connection.data_received(CHUNKED)
        chunk = b"10;note=" + b"x" * 600 + b"\r\n" + b"y" * 16 + b"\r\n"
        for _ in range(2 * HEAD_BYTES_MAX // 600):
            caller.connection.data_received(chunk)
            await asyncio.sleep(0)
        caller.connection.data_received(b"0\r\n\r\n")
        await asyncio.wait_for(caller.answered(1), 20)
        assert caller.sent[0].startswith(b"HTTP/1.1 200")

    on_a_connection(scenario)


def test_many_requests_in_one_piece_are_no_long_head() -> None:
    async def scenario(caller: Caller) -> None:
        count = 2 * HEAD_BYTES_MAX // len(GET)
        caller.connection.data_received(GET * count + GET[:-2])
        caller.connection.data_received(GET[-2:])
        await asyncio.wait_for(caller.answered(count + 1), 20)
        assert not caller.pipe.closed
        assert all(sent.startswith(b"HTTP/1.1 200") for sent in caller.sent)

    on_a_connection(scenario)


@pytest.mark.parametrize("ahead", [WAIT, WAIT + GET + post(b"abc")], ids=["one", "three"])
@pytest.mark.parametrize("broken", [GARBAGE, CHUNKED + b"nonsense\r\n"], ids=["head", "body"])
def test_what_cannot_be_read_is_refused_behind_those_ahead(ahead: bytes, broken: bytes) -> None:
    async def scenario(caller: Caller) -> None:
        count = ahead.count(b" HTTP/1.1\r\n")
        caller.connection.data_received(ahead + broken)
        await caller.until(caller.mirror.entered.is_set)
        assert not caller.sent
        caller.connection.data_received(GET)
        caller.mirror.release.set()
        await caller.until(lambda: caller.pipe.closed, seconds=20)
        assert len(caller.sent) == count + 1
        assert all(sent.startswith(b"HTTP/1.1 200") for sent in caller.sent[:-1])
        assert caller.sent[-1] == UNREADABLE

    on_a_connection(scenario)


@pytest.mark.parametrize("broken", [GARBAGE, CHUNKED + b"nonsense\r\n"], ids=["head", "body"])
def test_what_cannot_be_read_is_refused_at_once_where_nothing_is_ahead(broken: bytes) -> None:
    async def scenario(caller: Caller) -> None:
        caller.connection.data_received(broken)
        assert caller.pipe.closed
        for _ in range(5):
            await asyncio.sleep(0)
        assert caller.sent == [UNREADABLE]

    on_a_connection(scenario)


REFUSED = b"POST /mirror/shut HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n"


@pytest.mark.parametrize("request_bytes", [GET, REFUSED], ids=["answered", "refused"])
def test_what_is_no_request_keeps_no_connection_open(request_bytes: bytes) -> None:
    async def scenario(caller: Caller) -> None:
        caller.connection.data_received(request_bytes)
        await asyncio.wait_for(caller.answered(1), 20)
        since = caller.connection._idle_since
        assert since is not None
        caller.connection.data_received(b"\r\n")
        assert caller.connection._idle_since == since
        caller.connection._idle_since = since - 1_000
        caller.connection._close_if_idle()
        assert caller.pipe.closed

    on_a_connection(scenario)


def test_a_head_is_not_late_while_others_are_answered() -> None:
    async def scenario(caller: Caller) -> None:
        caller.connection.data_received(WAIT + GET[:20])
        await caller.until(caller.mirror.entered.is_set)
        assert caller.connection._head_timer is None
        caller.mirror.release.set()
        await asyncio.wait_for(caller.answered(1), 20)
        assert caller.connection._head_timer is not None
        caller.connection.data_received(GET[20:])
        await asyncio.wait_for(caller.answered(2), 20)
        assert caller.connection._head_timer is None

    on_a_connection(scenario)
