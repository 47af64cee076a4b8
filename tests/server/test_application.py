"""What the server does with requests of every kind, seen over a socket."""

import gzip
import json
import socket
import time
import zlib
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.server.conftest import BODY_BYTES_MAX, Mirror, Other, ThreadServer
from tests.support.server import read_response

from daybook.server.application import Router

GET = "GET /mirror/a?b=c HTTP/1.1\r\nHost: x\r\n\r\n"


def post(body: bytes, *headers: str, path: str = "/mirror/a") -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def test_a_request_is_handed_over_as_it_was_sent(thread_server: ThreadServer) -> None:
    seen = thread_server.seen(
        "GET /mirror/%C3%A4?a=%20b+c&&d& HTTP/1.1\r\nHost: x\r\nX-Twice: 1\r\nx-twice: 2\r\n\r\n"
    )
    assert seen["path"] == "/mirror/ä"
    assert seen["query"] == "a=%20b+c&&d&"
    assert seen["headers"] == {"host": "x", "x-twice": "2"}
    assert seen["origin"] == f"http://127.0.0.1:{thread_server.port}"
    assert seen["peer"] == "127.0.0.1"


def test_responses_carry_the_request_id_and_a_length(thread_server: ThreadServer) -> None:
    response = thread_server.exchange(GET)
    body = json.loads(response.body)
    assert response.headers["request-id"] == body["id"]
    assert len(body["id"]) == 32
    assert int(response.headers["content-length"]) == len(response.body)
    assert "date" in response.headers
    assert "server" not in response.headers
    assert thread_server.seen(GET)["id"] != body["id"]


@pytest.mark.parametrize(
    "target",
    [
        "http://elsewhere.example/mirror/a?b=c",
        "http://127.0.0.1:1/mirror/a?b=c",
        "/mirror/a?b=c",
    ],
)
@pytest.mark.parametrize("host", ["elsewhere.example", "127.0.0.1", ""])
def test_neither_host_nor_absolute_form_matters(
    thread_server: ThreadServer, target: str, host: str
) -> None:
    seen = thread_server.seen(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n")
    assert (seen["path"], seen["query"]) == ("/mirror/a", "b=c")
    assert seen["origin"] == f"http://127.0.0.1:{thread_server.port}"


def test_raw_blanks_and_letters_in_a_query_are_taken_as_encoded(
    thread_server: ThreadServer,
) -> None:
    """Also when the request line comes in pieces, which must not be mistaken for lines."""
    request = "GET /mirror/q?query=select * from Café where a = 'b'& HTTP/1.1\r\n"
    request += "User-Agent: one two three\r\n\r\n"
    encoded = "query=select%20*%20from%20Caf%C3%A9%20where%20a%20=%20'b'&"
    assert thread_server.seen(request)["query"] == encoded
    data = request.encode()
    with socket.create_connection(("127.0.0.1", thread_server.port), timeout=20) as connection:
        for start in range(0, len(data), 7):
            connection.sendall(data[start : start + 7])
            time.sleep(0.002)
        seen = json.loads(read_response(connection).body)
    assert seen["query"] == encoded
    assert seen["headers"]["user-agent"] == "one two three"


def test_the_longest_prefix_wins_and_case_counts(thread_server: ThreadServer) -> None:
    def answer(path: str) -> bytes:
        return thread_server.exchange(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").body

    assert answer("/mirror/deep") == b"other"
    assert answer("/mirror/deep/x") == b"other"
    assert answer("/mirrors") == b"other"
    assert b'"mirror' not in answer("/mirrors/x")
    assert json.loads(answer("/mirror/deep/inside/x"))["path"] == "/mirror/deep/inside/x"
    assert json.loads(answer("/mirror/deeper"))["path"] == "/mirror/deeper"
    assert answer("/mirro") == b"/mirro"
    assert answer("/Mirror/a") == b"/Mirror/a"
    assert answer("/") == b"/"


@given(st.text(alphabet="/adeimorsp", max_size=24).map(lambda text: "/" + text))
def test_routing_is_what_trying_every_prefix_finds(path: str) -> None:
    wires = [Mirror(), Other()]
    matching = [
        (len(prefix), wire.name)
        for wire in wires
        for prefix in wire.prefixes
        if path == prefix or path.startswith(prefix + "/")
    ]
    found = Router(wires).find(path)
    assert (found.name if found else None) == (max(matching)[1] if matching else None)


def test_two_wires_cannot_claim_one_prefix() -> None:
    with pytest.raises(ValueError, match="mirror and mirror"):
        Router([Mirror(), Mirror()])


def test_head_is_get_without_the_body(thread_server: ThreadServer) -> None:
    with socket.create_connection(("127.0.0.1", thread_server.port), timeout=20) as connection:
        connection.sendall(GET.replace("GET", "HEAD").encode())
        time.sleep(0.2)
        connection.sendall(GET.encode())
        data = b""
        while data.count(b"HTTP/1.1 200") < 2 or not data.endswith(b"}"):
            data += connection.recv(65_536)
    head, rest = data.split(b"\r\n\r\n", 1)
    assert b"content-length: " in head
    assert rest.startswith(b"HTTP/1.1 200"), "the body of the first must not have been sent"


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("gzip", gzip.compress),
        ("GZIP", lambda body: gzip.compress(body[:10]) + gzip.compress(body[10:])),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body)[2:-4]),
        ("identity", lambda body: body),
    ],
)
def test_encodings_are_undone(thread_server: ThreadServer, encoding: str, encode: Any) -> None:
    body = b'{"Line": []}' * 50
    seen = thread_server.seen(post(encode(body), f"Content-Encoding: {encoding}"))
    assert seen["length"] == len(body)
    assert str(seen["body"]).encode() == body[:200]


def test_an_encoding_without_a_body_is_ignored(thread_server: ThreadServer) -> None:
    request = GET.replace("Host: x", "Host: x\r\nContent-Encoding: gzip")
    assert thread_server.seen(request)["length"] == 0
    assert thread_server.seen(post(b"", "Content-Encoding: gzip"))["length"] == 0


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"not gzip", "gzip"),
        (gzip.compress(b"x" * 5_000, mtime=0)[:-9], "gzip"),
        (zlib.compress(b"x") + b"more", "deflate"),
        (b"x", "br"),
        (b"x", "gzip, gzip"),
    ],
)
def test_what_cannot_be_undone_is_refused_in_the_wires_shape(
    thread_server: ThreadServer, body: bytes, encoding: str
) -> None:
    response = thread_server.exchange(post(body, f"Content-Encoding: {encoding}"))
    assert (response.status, response.body) == (400, b"bad-encoding")
    assert response.headers["x-wire"] == "mirror"
    assert response.headers["daybook-diagnosis"] == "it is bad-encoding"


def test_a_bomb_is_refused_before_it_is_built(thread_server: ThreadServer) -> None:
    bomb = gzip.compress(b"\0" * 60_000_000, mtime=0)
    assert len(bomb) < BODY_BYTES_MAX
    started = time.monotonic()
    response = thread_server.exchange(post(bomb, "Content-Encoding: gzip"))
    assert response.body == b"too-large"
    assert time.monotonic() - started < 1


def test_bodies_up_to_the_bound_are_taken(thread_server: ThreadServer) -> None:
    assert thread_server.seen(post(b"x" * BODY_BYTES_MAX))["length"] == BODY_BYTES_MAX


def test_a_declared_length_is_refused_before_the_body_comes(thread_server: ThreadServer) -> None:
    head = (
        "POST /mirror/a HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\nExpect: 100-continue\r\n\r\n"
    )
    for length in (BODY_BYTES_MAX + 1, 10**14, 10**18):
        response = thread_server.exchange(head.format(length))
        assert response.body == b"too-large"


def test_a_connection_survives_a_body_that_was_refused(thread_server: ThreadServer) -> None:
    """Clients send the whole body before they read; what follows must be answered still."""
    with socket.create_connection(("127.0.0.1", thread_server.port), timeout=20) as connection:
        connection.sendall(post(b"x" * (BODY_BYTES_MAX * 3)))
        assert read_response(connection).body == b"too-large"
        connection.sendall(GET.encode())
        assert read_response(connection).status == 200


def chunked(*chunks: bytes) -> bytes:
    head = b"POST /mirror/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in (*chunks, b""))


def test_chunked_bodies_are_counted_while_they_come(thread_server: ThreadServer) -> None:
    assert thread_server.seen(chunked(b"ab", b"c" * 70_000, b"d"))["length"] == 70_003
    assert thread_server.exchange(chunked(b"x" * 60_000, b"y" * 60_000)).body == b"too-large"


def test_a_body_that_does_not_come_is_given_up(thread_server: ThreadServer) -> None:
    started = time.monotonic()
    response = thread_server.exchange(post(b"x" * 10)[:-5])
    assert response.body == b"timeout"
    assert response.headers["connection"] == "close"
    assert 0.5 < time.monotonic() - started < 10


def test_expect_continue_is_answered(thread_server: ThreadServer) -> None:
    with socket.create_connection(("127.0.0.1", thread_server.port), timeout=20) as connection:
        request = post(b"abc", "Expect: 100-continue")
        connection.sendall(request[:-3])
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(request[-3:])
        assert json.loads(read_response(connection).body)["body"] == "abc"


def test_an_offer_of_another_protocol_is_passed_over(thread_server: ThreadServer) -> None:
    """Java's client offers HTTP/2 with every request, also with bodies."""
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAAAA")
    assert thread_server.seen(post(b"abc", *offer))["body"] == "abc"
    get = GET.replace("Host: x", "\r\n".join(("Host: x", *offer)))
    assert thread_server.seen(get)["query"] == "b=c"


def test_pipelined_requests_are_answered_in_order(thread_server: ThreadServer) -> None:
    with socket.create_connection(("127.0.0.1", thread_server.port), timeout=20) as connection:
        connection.sendall(post(b"one") + post(b"two") + post(b"three"))
        data = b""
        while data.count(b'"body"') < 3:
            data += connection.recv(65_536)
    assert data.index(b'"one"') < data.index(b'"two"') < data.index(b'"three"')


def test_a_fault_is_answered_in_the_wires_shape_and_logged(thread_server: ThreadServer) -> None:
    response = thread_server.exchange("GET /mirror/fault HTTP/1.1\r\nHost: x\r\n\r\n")
    assert response.body == b"internal"
    assert "a fault on purpose" not in str(response)
    fault = json.loads(thread_server.log.getvalue().splitlines()[0])
    assert fault["event"] == "fault"
    assert fault["id"] == response.headers["request-id"]
    assert "a fault on purpose" in fault["exception"]


def test_a_diagnosis_cannot_break_out_of_its_header(thread_server: ThreadServer) -> None:
    response = thread_server.exchange("GET /mirror/diagnosis HTTP/1.1\r\nHost: x\r\n\r\n")
    assert response.headers["daybook-diagnosis"] == r"line 1  set-cookie: x \xa3"
    assert "set-cookie" not in response.headers


def test_a_closed_server_refuses_in_the_wires_shape(thread_server: ThreadServer) -> None:
    thread_server.lifecycle.closed = True
    assert thread_server.exchange(GET).body == b"shutting-down"


def test_requests_under_way_are_finished_when_the_server_stops(
    thread_server: ThreadServer,
) -> None:
    with socket.create_connection(("127.0.0.1", thread_server.port), timeout=20) as connection:
        connection.sendall(b"GET /mirror/wait HTTP/1.1\r\nHost: x\r\n\r\n")
        assert thread_server.mirror.entered.wait(10)
        thread_server.server.should_exit = True
        time.sleep(0.3)
        with pytest.raises(OSError):
            socket.create_connection(("127.0.0.1", thread_server.port), timeout=5)
        thread_server.mirror.release.set()
        response = read_response(connection)
    assert response.body == b"waited"
    assert response.headers["connection"] == "close"


def test_callers_who_hang_up_leave_nothing_behind(thread_server: ThreadServer) -> None:
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", thread_server.port), timeout=20) as connection:
            connection.sendall(post(b"x" * 10)[:-5])
    thread_server.seen(GET)
    ends = time.monotonic() + 10
    while thread_server.metrics.in_flight and time.monotonic() < ends:
        time.sleep(0.02)
    assert thread_server.metrics.in_flight == 0


def test_requests_are_counted_and_logged_without_what_is_private(
    thread_server: ThreadServer,
) -> None:
    secret = "s3cr3t"
    thread_server.exchange(
        f"GET /mirror/a?token={secret} HTTP/1.1\r\nAuthorization: Bearer {secret}\r\n\r\n"
    )
    thread_server.exchange(post(secret.encode()))
    thread_server.exchange("GET /nowhere HTTP/1.1\r\nHost: x\r\n\r\n")
    ends = time.monotonic() + 10
    while thread_server.log.getvalue().count("\n") < 3 and time.monotonic() < ends:
        time.sleep(0.02)
    lines = [json.loads(line) for line in thread_server.log.getvalue().splitlines()]
    assert [(line["wire"], line["method"], line["status"]) for line in lines] == [
        ("mirror", "GET", 200),
        ("mirror", "POST", 200),
        ("server", "GET", 404),
    ]
    assert secret not in thread_server.log.getvalue()
    assert thread_server.metrics.requests == {
        ("mirror", "show", 200): 2,
        ("server", "page", 404): 1,
    }


def test_who_is_not_admitted_is_told_before_the_body_comes(thread_server: ThreadServer) -> None:
    """Neither waited for nor inflated, however large it says it is."""
    for length, more in ((50_000, ""), (10**9, ""), (50_000, "Content-Encoding: gzip\r\n")):
        head = f"POST /mirror/shut HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n{more}\r\n"
        response = thread_server.exchange(head)
        assert (response.status, response.body) == (401, b"not admitted")
    whole = post(b"not gzip", "Content-Encoding: gzip", path="/mirror/shut")
    assert thread_server.exchange(whole).status == 401


def test_a_connection_survives_a_body_that_was_not_wanted(thread_server: ThreadServer) -> None:
    with socket.create_connection(("127.0.0.1", thread_server.port), timeout=20) as connection:
        connection.sendall(post(b"x" * 90_000, path="/mirror/shut")[:-1])
        assert read_response(connection).status == 401
        connection.sendall(b"x" + GET.encode())
        assert read_response(connection).status == 200


def test_a_fault_while_admitting_is_answered_in_the_wires_shape(
    thread_server: ThreadServer,
) -> None:
    request = post(b"x", "Content-Encoding: gzip", path="/mirror/shut/fault")
    assert thread_server.exchange(request).body == b"internal"


def test_all_bodies_together_have_a_bound(thread_server: ThreadServer) -> None:
    """What is held while bodies are waited for is given back, whatever becomes of them."""
    body = b"x" * BODY_BYTES_MAX
    for _ in range(2):
        with ExitStack() as stack:
            waiting = [
                stack.enter_context(
                    socket.create_connection(("127.0.0.1", thread_server.port), timeout=20)
                )
                for _ in range(2)
            ]
            for connection in waiting:
                connection.sendall(post(body)[:-1])
            time.sleep(0.2)
            assert thread_server.exchange(post(body)[:-1]).body == b"overloaded"
            packed = post(gzip.compress(body[:60_000]), "Content-Encoding: gzip")
            assert thread_server.exchange(packed).body == b"overloaded"
            assert thread_server.seen(GET)["length"] == 0
            assert thread_server.seen(post(b"small"))["length"] == 5
            waiting[0].sendall(b"x")
            assert read_response(waiting[0]).status == 200
            assert read_response(waiting[1]).body == b"timeout"
        assert thread_server.seen(packed)["length"] == 60_000
