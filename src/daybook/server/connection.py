"""HTTP/1.1 connections: what real clients send, and bounds on what anyone may send.

uvicorn's protocol class on llhttp does the work. Added here is what it leaves open:

- A request line with raw blanks or bytes beyond ASCII in its query, which some clients of
  accounting interfaces send, is taken as if they had been percent-encoded.
- An offer to change to another protocol, as Java's client makes with every request, is hidden
  from the parser, which would take the request's body for the other protocol.
- A head is bounded in bytes and in time; so is the time before a connection's first request.
- Head and body of a response leave in one system call, the dearest thing about a small answer.
- A body that has come whole and an answer that is there whole go past the steps of ASGI, which are
  made for streams (`whole_body`, `respond`); the application finds the exchange in its scope.
"""

import asyncio
import re
from collections.abc import Iterable
from typing import Any, Final, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)
from uvicorn.server import ServerState

from daybook.server.limits import HEAD_BYTES_MAX, HEAD_SECONDS_MAX

EXCHANGE: Final = "daybook.exchange"
"""The member of an ASGI scope that holds the exchange, for `whole_body` and `respond`."""

Exchange = RequestResponseCycle
"""A request and its response, as uvicorn keeps them."""

_UPGRADE: Final = re.compile(rb"\r\nupgrade:", re.IGNORECASE)
_SAFE: Final = frozenset(range(0x21, 0x7F))
_ESCAPED: Final = [bytes((code,)) if code in _SAFE else b"%%%02X" % code for code in range(256)]


class _WholeResponses:
    """A transport that holds a response's head until what follows it is written."""

    __slots__ = ("_head", "_transport", "get_extra_info", "is_closing")

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head = b""
        self.is_closing = transport.is_closing
        self.get_extra_info = transport.get_extra_info

    def write(self, data: bytes) -> None:
        """Send data, behind a head if one is held; or hold it, if it is a head."""
        if self._head:
            data = self._head + data
            self._head = b""
        elif data[:9] == b"HTTP/1.1 " and data[9:12] != b"100":
            self._head = data
            return
        if data:
            self._transport.write(data)

    def write_response(self, data: bytes) -> None:
        """Send a response that is whole."""
        self._transport.write(data)

    def close(self) -> None:
        """Send what is held, and close once it is sent."""
        self.write(b"")
        self._transport.close()


class Connection(HttpToolsProtocol):
    """One connection of a caller."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._between = True
        """Nothing of a next request has come yet, or not its whole first line."""
        self._in_head = False
        self._head_bytes = 0
        self._first_line = b""
        self._head_timer: asyncio.TimerHandle | None = None
        self._idle_since: float | None = None
        """When the last response was complete, if nothing has come since."""
        self._idle_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self.transport = cast("asyncio.Transport", _WholeResponses(transport))
        self._head_timer = self.loop.call_later(HEAD_SECONDS_MAX, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the timers."""
        self._stop_head_timer()
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come, in whatever pieces."""
        self._idle_since = None
        if self._between:
            data = self._with_clean_first_line(data)
            if not data:
                return
            if b"pgrade" in data or b"PGRADE" in data:
                data = _without_upgrade(data)
        super().data_received(data)
        if self._in_head:
            self._bound_head(len(data))

    def on_message_begin(self) -> None:
        """A request's first byte has come."""
        self._between = False
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """A request's head is complete."""
        self._in_head = False
        self._head_bytes = 0
        if self._head_timer is not None:
            self._stop_head_timer()
        super().on_headers_complete()
        self.scope[EXCHANGE] = self.cycle  # type: ignore[typeddict-unknown-key]

    def on_message_complete(self) -> None:
        """A request is complete."""
        self._between = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """A response is complete; one to a HEAD request never had a body.

        In place of what uvicorn does, which starts a timer for each response.
        """
        self.transport.write(b"")
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self._idle_timer is None:
            self._look_again_in(self.timeout_keep_alive)

    def _look_again_in(self, seconds: float) -> None:
        self._idle_timer = self.loop.call_later(seconds, self._close_if_idle)

    def _close_if_idle(self) -> None:
        """Close the connection if it has waited too long for a next request."""
        self._idle_timer = None
        if self._idle_since is None:  # a request has come; the next response starts the timer
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._look_again_in(left)
        else:
            self.timeout_keep_alive_handler()

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
                self._start_head_timer()
                return b""
        if end < 0:
            return self._refuse_line()
        line = data[:end]
        if line.count(b" ") > 2 or not line.isascii():
            method, _, rest = line.partition(b" ")
            target, _, version = rest.rpartition(b" ")
            line = b" ".join((method, _escaped(target), version))
            data = line + data[end:]
        # The parser of addresses gives up beyond 16 bits, with an answer that says nothing.
        return data if len(line) <= HEAD_BYTES_MAX else self._refuse_line()

    def _refuse_line(self) -> bytes:
        """Refuse a first line that is too long; nothing is left of what has come."""
        self._refuse_head(
            431,
            b"The first line of the request is too long: 64 KiB at most. What is longer, such as a"
            b" query, goes into the body of a POST.\n",
        )
        return b""

    def _bound_head(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > HEAD_BYTES_MAX:
            self._refuse_head(431, b"The head of the request is too large.\n")
        else:
            self._start_head_timer()

    def _start_head_timer(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS_MAX, self._head_is_late)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        self._head_timer = None
        if self._in_head or self._first_line:
            self._refuse_head(408, b"The head of the request did not arrive in time.\n")
        elif not self.transport.is_closing():
            self.transport.close()

    def _refuse_head(self, status: int, text: bytes) -> None:
        """Answer without a wire: which one the request is for is not known yet."""
        if self.transport.is_closing():
            return
        # A pipelined request must not be answered before those ahead of it.
        if self.cycle is None or self.cycle.response_complete:
            head = b"content-type: text/plain\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
            self.transport.write(STATUS_LINE[status] + head % len(text) + text)
        self.transport.close()


def whole_body(exchange: Exchange) -> bytes | None:
    """The body of a request if all of it has come already, else None."""
    return None if exchange.more_body or exchange.disconnected else bytes(exchange.body)


def respond(
    exchange: Exchange, status: int, headers: Iterable[tuple[str, str]], body: bytes, *, close: bool
) -> bool:
    """Send a whole response; False where it has to go the usual way, because the caller is slow.

    Line ends inside a header would end it early; such a header goes the usual way, which refuses
    it. `close` ends the connection after the response.
    """
    if exchange.response_started or exchange.flow.write_paused:
        return False
    if exchange.disconnected:
        return True
    lines = [f"{name}: {value}" for name, value in headers]
    text = "\r\n".join(lines)
    if text.count("\n") != len(lines) - 1 or text.count("\r") != len(lines) - 1:
        return False
    if close:
        exchange.keep_alive = False
    dated = b"".join([b"%b: %b\r\n" % header for header in exchange.default_headers])
    ending = b"\r\n\r\n" if exchange.keep_alive else b"\r\nconnection: close\r\n\r\n"
    if exchange.scope["method"] == "HEAD":
        body = b""
    transport = cast("_WholeResponses", exchange.transport)
    transport.write_response(
        b"".join((STATUS_LINE[status], dated, text.encode("latin-1", "replace"), ending, body))
    )
    exchange.response_started = exchange.response_complete = True
    exchange.waiting_for_100_continue = False
    exchange.message_event.set()
    if not exchange.keep_alive:
        transport.close()
    exchange.on_response()
    return True


def _without_upgrade(data: bytes) -> bytes:
    """A request whose offer of another protocol has another name, for nobody to take up."""
    head, blank, body = data.partition(b"\r\n\r\n")
    return _UPGRADE.sub(b"\r\nupgrade-offered:", head) + blank + body


def _escaped(target: bytes) -> bytes:
    return b"".join([_ESCAPED[code] for code in target])
