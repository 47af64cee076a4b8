"""HTTP/1.1 connections: bytes in, requests out, responses back, on llhttp's parser.

What a connection waits for is one of these, each with a time until which it waits:

    HEAD  the first request, the rest of a head      IDLE  the next request
    BODY  the rest of a body                         WORK  an answer of the wire (no limit here)
    SEND  the caller to take what was sent to it

A request is answered when its body is complete, or as soon as its body is known to be too large;
what still comes of such a body is dropped, so that callers who send everything before they read
get their answer. Requests that come while one is being answered wait in line and the socket is
not read further, so answers keep their order and memory is bounded by what was read at once.

Clients of the original interfaces send things that parsers refuse, and these are mended first:

- raw blanks or bytes beyond ASCII in the query are taken as if they had been percent-encoded;
- an offer to change to another protocol, as Java's client makes with every request, is hidden
  from the parser, which would take the request's body for the other protocol.
"""

import asyncio
import re
import time
from collections import deque
from collections.abc import Awaitable
from enum import Enum
from http import HTTPStatus
from typing import Final, cast
from urllib.parse import unquote

import httptools

from daybook.protocols.kit.plugin import Plugin, Problem, Request, Response
from daybook.server.application import Application, Arrival
from daybook.server.limits import (
    CONNECTIONS_MAX,
    DIAGNOSIS_LENGTH_MAX,
    HEAD_BYTES_MAX,
    HEAD_SECONDS_MAX,
    SEND_SECONDS_MAX,
)

_UPGRADE: Final = re.compile(rb"\r\nupgrade:", re.IGNORECASE)
_SAFE: Final = frozenset(range(0x21, 0x7F))
_ESCAPED: Final = [bytes((code,)) if code in _SAFE else b"%%%02X" % code for code in range(256)]
_STATUS_LINES: Final = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n" for status in HTTPStatus
}
_BODILESS: Final = (204, 304)
_CONTROLS: Final = dict.fromkeys((*range(32), 127), " ")
_DIGITS_MAX: Final = 15
"""Digits of a Content-Length that are looked at: no bound on a body has as many."""

_JOINED_BYTES_MAX: Final = 64 * 1024
"""Bodies above this are handed to the system beside their head rather than copied behind it."""

_NEVER: Final = float("inf")


class Waiting(Enum):
    """What a connection waits for; see the module's text."""

    HEAD = "head"
    BODY = "body"
    WORK = "work"
    SEND = "send"
    IDLE = "idle"


class Shared:
    """What all connections of a server have in common."""

    def __init__(
        self,
        application: Application,
        loop: asyncio.AbstractEventLoop,
        *,
        body_timeout: float,
        keep_alive_timeout: float,
        origin: str | None = None,
    ) -> None:
        """Times are in seconds; `origin` None is taken from each connection's own socket."""
        self.application = application
        self.loop = loop
        self.body_timeout = body_timeout
        self.keep_alive_timeout = keep_alive_timeout
        self.origin = origin
        self.connections: set[Connection] = set()
        self.tasks: set[asyncio.Task[None]] = set()
        self.date = ""
        """The Date header's value; brought up to date by whoever accepts connections."""


class Connection(asyncio.Protocol):
    """One connection of a caller."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._application = shared.application
        self._parser = httptools.HttpRequestParser(self)
        # What follows a request that was the last on its connection is dropped, not an error.
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._transport: asyncio.Transport
        self._origin = shared.origin or ""
        self.waiting = Waiting.HEAD
        self.deadline = shared.loop.time() + HEAD_SECONDS_MAX
        """The loop's time until which it waits."""
        # the request that is being read
        self._between = True
        self._in_head = False
        self._head_bytes = 0
        self._first_line = b""
        self._url = b""
        self._headers: dict[str, str] = {}
        self._arrival: Arrival | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self._size_max = 0
        # those that are complete
        self._line: deque[Arrival] = deque()
        self._busy = False
        self._last = False
        self._send_paused = False

    # Called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A caller has connected."""
        self._transport = cast("asyncio.Transport", transport)
        connections = self._shared.connections
        connections.add(self)
        if not self._origin:
            self._origin = _origin_of(transport)
        if len(connections) > CONNECTIONS_MAX:
            self._refuse(503, "Too many connections are open.\n")

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone; what is being done for it is finished all the same."""
        self._shared.connections.discard(self)
        self._line.clear()
        self._last = True

    def eof_received(self) -> bool:
        """The caller sends no more; it may still read what it asked for."""
        self._last = True
        return self._busy or bool(self._line)

    def pause_writing(self) -> None:
        """The caller does not take what is sent to it."""
        self._send_paused = True
        self._transport.pause_reading()
        self._wait(Waiting.SEND, SEND_SECONDS_MAX)

    def resume_writing(self) -> None:
        """The caller has caught up."""
        self._send_paused = False
        self._transport.resume_reading()
        self._go_on()

    def data_received(self, data: bytes) -> None:
        """Take what has come, in whatever pieces."""
        if self._last:
            return
        if self._between:
            data = self._with_clean_first_line(data)
            if b"pgrade" in data or b"PGRADE" in data:
                data = _without_upgrade(data)
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._refuse(400, "This is not HTTP/1.1.\n")
            return
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self._refuse(431, "The head of the request is too large.\n")
                return
        self._go_on()

    # Called by the parser

    def on_message_begin(self) -> None:
        """A request's first byte has come."""
        self._between = False
        self._in_head = True
        self._url = b""
        self._headers = {}
        self.waiting = Waiting.IDLE

    def on_url(self, url: bytes) -> None:
        """A piece of the request's target has come."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header has come; of a repeated one the last counts."""
        self._headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """A head is complete: find its wire, and say what body is taken."""
        began = time.perf_counter()
        self._in_head = False
        self._head_bytes = 0
        parser, headers = self._parser, self._headers
        url = httptools.parse_url(self._url)
        path = (url.path or b"/").decode("latin-1")
        if "%" in path:
            path = unquote(path)
        plugin = self._application.find(path)
        self._arrival = arrival = Arrival(
            plugin,
            parser.get_method().decode("latin-1"),
            path,
            url.query.decode("latin-1") if url.query else "",
            headers,
            self._origin,
            began,
            parser.get_http_version() == "1.1" and parser.should_keep_alive(),
        )
        if plugin is not None and ("content-length" in headers or "transfer-encoding" in headers):
            self._begin_body(arrival, plugin, headers)

    def on_body(self, body: bytes) -> None:
        """A piece of the body has come."""
        arrival = self._arrival
        if arrival is None or arrival.plugin is None:
            return
        self._size += len(body)
        if self._size > self._size_max:
            self._give_up_body(arrival, Problem.TOO_LARGE)
        else:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        """A request is complete."""
        self._between = True
        arrival, parts = self._arrival, self._parts
        if arrival is not None:
            if parts:
                arrival.body = parts[0] if len(parts) == 1 else b"".join(parts)
                self._parts = []
            self._arrival = None
            self._line.append(arrival)

    # Reading

    def _begin_body(self, arrival: Arrival, plugin: Plugin, headers: dict[str, str]) -> None:
        self._size = 0
        self._size_max = plugin.limits.body_bytes_max
        declared = headers.get("content-length", "")
        if len(declared) > _DIGITS_MAX or (declared and int(declared) > self._size_max):
            self._give_up_body(arrival, Problem.TOO_LARGE)
        elif headers.get("expect", "").lower() == "100-continue":
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _give_up_body(self, arrival: Arrival, problem: Problem) -> None:
        """Answer without the body; what comes of it is dropped."""
        arrival.problem = problem
        self._arrival = None
        self._parts = []
        self._line.append(arrival)

    def _with_clean_first_line(self, data: bytes) -> bytes:
        """What has come of the next request, its first line fit for the parser.

        Empty while that line is incomplete; it is kept until the rest has come.
        """
        end = data.find(b"\n")
        if self._first_line or end < 0:
            data = self._first_line + data
            self._first_line = b""
            end = data.find(b"\n")
            if end < 0 and len(data) <= HEAD_BYTES_MAX:
                self._first_line = data
                return b""
        line = data[:end]
        if line.count(b" ") <= 2 and line.isascii():
            return data
        method, _, rest = line.partition(b" ")
        target, _, version = rest.rpartition(b" ")
        return b" ".join((method, _escaped(target), version)) + data[end:]

    # Answering

    def _go_on(self) -> None:
        """Answer what is in line, as far as that goes without waiting; then wait."""
        line = self._line
        while line and not self._busy and not self._send_paused:
            arrival = line.popleft()
            request = self._application.request(arrival)
            answer = self._application.answer(arrival, request)
            if isinstance(answer, Response):
                self._send(arrival, request, answer)
            else:
                self._busy = True
                task = self._shared.loop.create_task(self._later(arrival, request, answer))
                self._shared.tasks.add(task)
                task.add_done_callback(self._shared.tasks.discard)
        self._wait_for_more()

    async def _later(self, arrival: Arrival, request: Request, answer: Awaitable[Response]) -> None:
        response = await answer
        self._busy = False
        self._send(arrival, request, response)
        self._go_on()

    def _wait_for_more(self) -> None:
        if self._last and not self._busy:
            return
        if self._busy:
            if self._line:
                self._transport.pause_reading()
            self._wait(Waiting.WORK, _NEVER)
        elif self._send_paused:
            return
        elif not self._between or self._first_line:
            if self._in_head or self._first_line:
                if self.waiting is not Waiting.HEAD:
                    self._wait(Waiting.HEAD, HEAD_SECONDS_MAX)
            elif self.waiting is not Waiting.BODY:
                self._wait(Waiting.BODY, self._shared.body_timeout)
        else:
            self._transport.resume_reading()
            self._wait(Waiting.IDLE, self._shared.keep_alive_timeout)

    def _wait(self, what: Waiting, seconds: float) -> None:
        self.waiting = what
        self.deadline = self._shared.loop.time() + seconds

    def _send(self, arrival: Arrival, request: Request, response: Response) -> None:
        transport = self._transport
        bodiless = arrival.method == "HEAD" or response.status in _BODILESS
        body = b"" if bodiless else response.body
        keep_alive = arrival.keep_alive and not (self._last and not self._line)
        if not transport.is_closing():
            head = self._head(response, request.id, keep_alive)
            if len(body) > _JOINED_BYTES_MAX:
                transport.writelines((head, body))
            else:
                transport.write(head + body)
            if not keep_alive:
                self._close()
        self._application.record(arrival, request, response)

    def _head(self, response: Response, request_id: str, keep_alive: bool) -> bytes:
        more = "".join([f"{name}: {value}\r\n" for name, value in response.headers])
        if more.count("\r") != len(response.headers) or more.count("\n") != len(response.headers):
            more = "".join(
                [f"{name}: {_on_one_line(value)}\r\n" for name, value in response.headers]
            )
        if response.diagnosis is not None:
            more += f"daybook-diagnosis: {_on_one_line(response.diagnosis)}\r\n"
        if response.status not in _BODILESS:
            more += f"content-length: {len(response.body)}\r\n"
        if not keep_alive:
            more += "connection: close\r\n"
        status = _STATUS_LINES.get(response.status) or f"HTTP/1.1 {response.status} \r\n"
        text = f"{status}date: {self._shared.date}\r\nrequest-id: {request_id}\r\n{more}\r\n"
        return text.encode("latin-1", "replace")

    # Ending

    def expire(self) -> None:
        """What it waited for has not come in time."""
        if self.waiting is Waiting.HEAD and (self._in_head or self._first_line):
            self._refuse(408, "The head of the request did not arrive in time.\n")
        elif self.waiting is Waiting.BODY and self._arrival is not None:
            self._arrival.keep_alive = False
            self._give_up_body(self._arrival, Problem.TIMEOUT)
            self._go_on()
        elif self.waiting is Waiting.SEND:
            self._transport.abort()
        else:
            self._close()

    def finish(self) -> None:
        """Take no more requests; close as soon as those that were taken are answered."""
        if self._busy or self._line:
            self._last = True
        else:
            self._close()

    def abort(self) -> None:
        """Close at once, whatever is under way."""
        self._transport.abort()

    def _close(self) -> None:
        self._last = True
        self._line.clear()
        self._transport.close()
        self._wait(Waiting.SEND, SEND_SECONDS_MAX)

    def _refuse(self, status: int, text: str) -> None:
        """Answer what is no request, behind the answers to those before it, and close.

        Which wire it was meant for is not known.
        """
        if self._busy or self._line:
            self._last = True
            self._go_on()
            return
        if not self._transport.is_closing():
            response = Response(status, text.encode(), (("content-type", "text/plain"),))
            self._transport.write(self._head(response, "none", keep_alive=False) + response.body)
        self._close()


def _origin_of(transport: asyncio.BaseTransport) -> str:
    name = transport.get_extra_info("sockname")
    scheme = "https" if transport.get_extra_info("sslcontext") else "http"
    if not isinstance(name, tuple):
        return f"{scheme}://localhost"
    host = f"[{name[0]}]" if ":" in name[0] else name[0]
    return f"{scheme}://{host}:{name[1]}"


def _on_one_line(diagnosis: str) -> str:
    text = diagnosis[:DIAGNOSIS_LENGTH_MAX].translate(_CONTROLS)
    return text.encode("ascii", "backslashreplace").decode()


def _without_upgrade(data: bytes) -> bytes:
    """A request whose offer of another protocol has another name, for nobody to take up."""
    head, blank, body = data.partition(b"\r\n\r\n")
    return _UPGRADE.sub(b"\r\nupgrade-offered:", head) + blank + body


def _escaped(target: bytes) -> bytes:
    return b"".join([_ESCAPED[code] for code in target])
