"""Attempts at delivering: where they may go, what they send, and that they end in time."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from daybook.server import delivering
from daybook.server.delivering import Reach, Undelivered, addresses, is_public, post

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


@contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[tuple[int, list[bytes]]]:
    """A port on which each connection's request is read and then handed over."""
    requests: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    data = b""
                    while b"\r\n\r\n" not in data or not data.endswith(b"}"):
                        data += connection.recv(65_536)
                    requests.append(data)
                    answer(connection)

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1], requests
        server.shutdown(socket.SHUT_RDWR)


def test_a_post_carries_body_and_headers_as_they_are() -> None:
    with listening(lambda connection: connection.sendall(OK)) as (port, requests):
        url = f"http://127.0.0.1:{port}/hook?a=b%20c#part"
        post(url, b'{"a":"\xc3\xa4"}', {"x-sign": "v1,abc", "content-type": "x/y"}, Reach.ANYWHERE)
    head, _, body = requests[0].partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    assert first == "POST /hook?a=b%20c HTTP/1.1"
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    assert headers["host"] == f"127.0.0.1:{port}"
    assert (headers["x-sign"], headers["content-type"]) == ("v1,abc", "x/y")
    assert (headers["content-length"], body) == ("10", b'{"a":"\xc3\xa4"}')


@pytest.mark.parametrize("status", [199, 301, 302, 307, 400, 404, 500])
def test_every_other_status_is_a_failure_and_nothing_is_followed(status: int) -> None:
    answer = f"HTTP/1.1 {status} X\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    if status == 199:
        answer = answer.replace("199", "299").replace("299", "600")
    with listening(lambda connection: connection.sendall(answer.encode())) as (port, requests):
        with pytest.raises(Undelivered, match="answered with status"):
            post(f"http://127.0.0.1:{port}/", b"{}", {}, Reach.ANYWHERE)
        assert len(requests) == 1


@pytest.mark.parametrize("answer", [b"", b"not HTTP\r\n\r\n", b"HTTP/1.1 200"])
def test_an_answer_that_is_none_is_a_failure(answer: bytes) -> None:
    with listening(lambda connection: connection.sendall(answer)) as (port, _):
        if answer.endswith(b"200"):
            post(f"http://127.0.0.1:{port}/", b"{}", {}, Reach.ANYWHERE)
        else:
            with pytest.raises(Undelivered):
                post(f"http://127.0.0.1:{port}/", b"{}", {}, Reach.ANYWHERE)


def test_one_that_answers_byte_by_byte_is_left_in_time() -> None:
    def trickle(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        try:
            for _ in range(100):
                connection.sendall(b"x")
                time.sleep(0.05)
        except OSError:
            pass

    with listening(trickle) as (port, _):
        began = time.monotonic()
        with pytest.raises(Undelivered, match=r"no answer within 0\.4 s"):
            post(f"http://127.0.0.1:{port}/", b"{}", {}, Reach.ANYWHERE, timeout=0.4)
        assert time.monotonic() - began < 3


def test_one_that_never_ends_its_handshake_is_left_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(Undelivered):
            post(f"https://127.0.0.1:{port}/", b"{}", {}, Reach.ANYWHERE, timeout=0.3)


def test_nobody_there_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(Undelivered, match="ConnectionRefusedError"):
        post(f"http://127.0.0.1:{port}/", b"{}", {}, Reach.ANYWHERE)
    with pytest.raises(Undelivered, match="is not known"):
        post("http://nobody.invalid/", b"{}", {}, Reach.ANYWHERE)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "[::1]",
        "10.1.2.3",
        "169.254.169.254",
        "0.0.0.0",
        "[::ffff:7f00:1]",
    ],
)
def test_this_machine_and_private_networks_are_out_of_reach(host: str) -> None:
    with pytest.raises(Undelivered, match="not a public address"):
        post(f"http://{host}:1/", b"{}", {}, Reach.PUBLIC)


@pytest.mark.parametrize("spelling", ["2130706433", "0x7f.1", "127.1", "0177.0.0.1", "127.0.0.1."])
def test_other_spellings_of_an_address_lead_nowhere_else(spelling: str) -> None:
    with pytest.raises(Undelivered, match=r"not a public address|is not known"):
        post(f"http://{spelling}:1/", b"{}", {}, Reach.PUBLIC)


def test_a_name_with_public_and_private_addresses_leads_to_the_public_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = ["10.0.0.1", "93.184.216.34", "::1", "1.1.1.1", "8.8.8.8", "9.9.9.9"]
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, 80)) for each in known]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    assert addresses("example.com", 80, Reach.PUBLIC) == ["93.184.216.34", "1.1.1.1", "8.8.8.8"]
    assert addresses("example.com", 80, Reach.ANYWHERE) == ["10.0.0.1", "93.184.216.34", "::1"]


def test_a_name_that_takes_long_to_look_up_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    answered, began = threading.Event(), time.monotonic()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: answered.wait(20))
    with pytest.raises(Undelivered, match=r"was not found within 0\.05 s"):
        post("http://slow.example/", b"{}", {}, Reach.PUBLIC, timeout=0.05)
    assert time.monotonic() - began < 15
    monkeypatch.setattr(delivering, "_lookups", threading.BoundedSemaphore(1))
    for expected in ("was not found", "too many names"):
        with pytest.raises(Undelivered, match=expected):
            addresses("slow.example", 80, Reach.PUBLIC, timeout=0.05)
    answered.set()


def test_a_name_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was judged is what is connected to: a name that changes its mind changes nothing."""
    asked: list[object] = []
    reached: list[object] = []

    def look_up(host: object, *_: object, **__: object) -> list[object]:
        asked.append(host)
        address = "93.184.216.34" if len(asked) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))]

    def connect(address: tuple[str, int], timeout: object) -> socket.socket:
        reached.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(Undelivered):
        post("http://rebound.example/", b"{}", {}, Reach.PUBLIC)
    assert (asked, reached) == (["rebound.example"], [("93.184.216.34", 80)])


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("::ffff:93.184.216.34", True),
        ("64:ff9b::5db8:d822", True),
        ("2002:5db8:d822::", True),
        ("127.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("192.0.2.1", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("0.0.0.0", False),
        ("::", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("2002:a00:1::", False),
        ("2001:0:1::1", False),
        ("192.0.0.192", False),
        ("168.63.129.16", False),
        ("192.88.99.1", False),
        ("fec0::1", False),
        ("3fff::1", False),
    ],
)
def test_addresses_are_judged_under_every_reading(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize("url", ["ftp://example.com/", "http://a@example.com/", "http://x/\r\ny"])
def test_an_address_of_another_kind_is_not_tried(url: str) -> None:
    with pytest.raises(Undelivered, match="the address has"):
        post(url, b"{}", {}, Reach.ANYWHERE)


def test_a_header_cannot_bring_another(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(lambda connection: connection.sendall(OK)) as (port, requests):
        with pytest.raises(Undelivered):
            post(f"http://127.0.0.1:{port}/", b"{}", {"x": "a\r\ny: b"}, Reach.ANYWHERE)
        assert requests == []
    assert delivering.ATTEMPT_SECONDS == 15
