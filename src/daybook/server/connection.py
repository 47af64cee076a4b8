"""HTTP/1.1 connections: what real clients send, and bounds on what anyone may send.

uvicorn's protocol class on llhttp reads heads and bodies and stops in good order. What it makes of
a request is made for streams and for any application. Here it is an `Exchange`, which the
application takes as soon as its head is there; a response is always whole, and leaves in one system
call, the dearest thing about a small answer. Responses leave in the order of their requests.

Added is what uvicorn leaves open:

- A request line with raw blanks or bytes beyond ASCII in its query, which some clients of
  accounting interfaces send, is taken as if they had been percent-encoded.
- An offer to change to another protocol, as Java's client makes with every request, is hidden
  from the parser, which would take the request's body for the other protocol.
- A head is bounded in bytes and in time; so is the time before a connection's first request, and
  what comes in the place of a body and is none, such as trailers, which nobody reads.
- What cannot be read is refused once the requests ahead of it have been answered.
"""

import asyncio
import re
from collections import deque
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final, cast
from urllib.parse import unquote

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from daybook.server.limits import HEAD_BYTES_MAX, HEAD_SECONDS_MAX

_PLAIN: Final = ("content-type", "text/plain; charset=utf-8")
_UPGRADE: Final = re.compile(rb"\r\nupgrade:", re.IGNORECASE)
_SAFE: Final = frozenset(range(0x21, 0x7F))
_ESCAPED: Final = [bytes((code,)) if code in _SAFE else b"%%%02X" % code for code in range(256)]


class Exchange:
    """A request and its response. `headers` have names in lower case; the last of a name counts."""

    __slots__ = (
        "_arrived",
        "_awaited",
        "_body",
        "_connection",
        "disconnected",
        "headers",
        "keep_alive",
        "method",
        "more_body",
        "path",
        "query",
        "response_complete",
    )

    def __init__(
        self,
        connection: "Connection",
        method: str,
        path: str,
        query: str,
        headers: dict[str, str],
        *,
        keep_alive: bool,
    ) -> None:
        """`path` is percent-decoded, `query` is as it was sent."""
        self._connection = connection
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.keep_alive = keep_alive
        """Whether the connection is to stay open after the response."""
        self.more_body = True
        """More of the body may come."""
        self.disconnected = False
        self.response_complete = False
        self._body = bytearray()
        self._arrived: asyncio.Event | None = None
        """Set once there is something new for whoever waits for a part of the body."""
        self._awaited = "expect" in headers and headers["expect"].lower() == "100-continue"
        """The caller sends no body before it is told to."""

    @property
    def origin(self) -> str:
        """Scheme and authority of the socket that the request came to."""
        return self._connection.origin

    @property
    def peer(self) -> str:
        """The address at the other end, empty where there is none."""
        return self._connection.peer

    def whole_body(self) -> bytes | None:
        """The body if all of it has come already, else None."""
        return None if self.more_body or self.disconnected else bytes(self._body)

    async def part(self) -> bytes | None:
        """What of the body has come since the last part, once there is something or it ends.

        None if the caller has gone away.
        """
        connection = self._connection
        if self._awaited and not connection.transport.is_closing():
            connection.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._awaited = False
        while self.more_body and not self._body and not self.disconnected:
            connection.flow.resume_reading()
            self._arrived = asyncio.Event()
            await self._arrived.wait()
        if self.disconnected:
            return None
        part, self._body = bytes(self._body), bytearray()
        return part

    def add(self, data: bytes) -> int:
        """Take more of the body; answers with how many bytes wait to be read."""
        self._body += data
        self._notify()
        return len(self._body)

    def complete(self) -> None:
        """The body is whole."""
        self.more_body = False
        self._notify()

    def lose(self) -> None:
        """The caller has gone away."""
        self.disconnected = True
        self._notify()

    def _notify(self) -> None:
        if self._arrived is not None:
            self._arrived.set()

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Run what answers the request as a task, which a stopping server waits for."""
        tasks = self._connection.tasks
        task = self._connection.loop.create_task(work)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    def respond(self, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> bool:
        """Send the response; False where it has to wait (see `drain`), as the caller is slow.

        Raises ValueError for a line end inside a header, which would end it early.
        """
        connection = self._connection
        if connection.flow.write_paused:
            return False
        lines = [f"{name}: {value}\r\n" for name, value in headers]
        head = "".join(lines)
        if head.count("\n") != len(lines) or head.count("\r") != len(lines):
            raise ValueError("a header of a response has a line end in it")
        if connection.transport.is_closing():
            return True
        connection.transport.write(
            b"".join(
                (
                    STATUS_LINE[status],
                    connection.first_headers(),
                    head.encode("latin-1", "replace"),
                    b"\r\n" if self.keep_alive else b"connection: close\r\n\r\n",
                    b"" if self.method == "HEAD" else body,
                )
            )
        )
        self.response_complete = True
        connection.responded(self)
        return True

    async def drain(self) -> None:
        """Wait until the caller has taken enough of what was sent, or has gone away."""
        await self._connection.flow.drain()

    def refuse(self, status: int, text: bytes) -> None:
        """Answer without a wire, and end the connection."""
        self.keep_alive = False
        length = ("content-length", str(len(text)))
        if not self.respond(status, (_PLAIN, length), text):
            self._connection.transport.close()

    def fail(self) -> None:
        """End the connection because of a fault; with an answer if there was none."""
        if self.response_complete:
            self._connection.transport.close()
        else:
            self.refuse(500, b"Internal Server Error")


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
        self._take = cast("Callable[[Exchange], None]", self.app)
        """Has the application answer a request, in this turn of the event loop or later."""
        self.origin = ""
        """Scheme and authority of the socket that requests come to."""
        self.peer = ""
        """The address at the other end, empty where there is none."""
        self._dated: list[tuple[bytes, bytes]] = []
        self._first_headers = b""
        self._headers: dict[str, str] = {}
        self._exchange: Exchange | None = None
        """The latest one."""
        self._waiting: deque[Exchange] = deque()
        """Those that were sent before the responses ahead of them were complete."""
        self._between = True
        """Nothing of a next request has come yet, or not its whole first line."""
        self._in_head = False
        self._head_bytes = 0
        self._heard = False
        """A part of a body, or the end of a request, was in what has come last."""
        self._unheard_bytes = 0
        """Bytes that have come within a body since and were no part of it."""
        self._refusal = b""
        """The answer to what cannot be read, once those ahead of it are out; nothing is read."""
        self._first_line = b""
        self._head_timer: asyncio.TimerHandle | None = None
        self._idle_since: float | None = None
        """When the last response was complete, if nothing has come since."""
        self._idle_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        host, port = self.server or ("localhost", None)
        host = f"[{host}]" if ":" in host else host
        self.origin = f"{self.scheme}://{host}" + (f":{port}" if port else "")
        self.peer = self.client[0] if self.client else ""
        self._head_timer = self.loop.call_later(HEAD_SECONDS_MAX, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of the timers and of what was under way."""
        self._stop_head_timer()
        if self._idle_timer is not None:
            self._idle_timer.cancel()
        if self._exchange is not None:
            self._exchange.lose()
            self._exchange = None
        self._waiting.clear()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Close the connection, after the response to what is under way."""
        if self._exchange is None or self._exchange.response_complete:
            self.transport.close()
        else:
            self._exchange.keep_alive = False

    def data_received(self, data: bytes) -> None:
        """Take what has come, in whatever pieces."""
        if self._refusal:
            return
        if self._between:
            data = self._with_clean_first_line(data)
            if not data:
                return
            if b"pgrade" in data or b"PGRADE" in data:
                data = _without_upgrade(data)
        self._heard = False
        super().data_received(data)
        if self._refusal:
            return
        if self._in_head:
            # Where it begins in what has come, nobody says: behind others it is looked at later.
            self._bound_head(0 if self._heard else len(data))
        elif not self._between:
            self._bound_body(len(data))

    def on_message_begin(self) -> None:
        """A request's first byte has come."""
        self._idle_since = None
        self._between = False
        self._in_head = True
        self._unheard_bytes = 0
        self.url = b""
        self._headers = {}

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header has come; those behind a body come too late to be listened to."""
        if self._in_head:
            self._headers[name.lower().decode("latin-1")] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """A request's head is complete."""
        self._in_head = False
        self._head_bytes = 0
        if self._head_timer is not None:
            self._stop_head_timer()
        parser = self.parser
        url = httptools.parse_url(self.url)
        path = url.path.decode("ascii")
        exchange = Exchange(
            self,
            parser.get_method().decode("ascii"),
            unquote(path) if "%" in path else path,
            (url.query or b"").decode("utf-8", "replace"),
            self._headers,
            keep_alive=parser.get_http_version() != "1.0" and parser.should_keep_alive(),
        )
        before, self._exchange = self._exchange, exchange
        if before is None or before.response_complete:
            self._begin(exchange)
        else:
            self.flow.pause_reading()
            self._waiting.append(exchange)

    def on_body(self, body: bytes) -> None:
        """A part of a request's body has come."""
        exchange = self._exchange
        assert exchange is not None, "a body is part of a request"
        self._heard = True
        if not exchange.response_complete and exchange.add(body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()

    def on_message_complete(self) -> None:
        """A request is complete."""
        self._between = self._heard = True
        assert self._exchange is not None, "a request has a head"
        self._exchange.complete()

    def _should_upgrade(self) -> bool:
        """No other protocol is spoken here."""
        return False

    def _begin(self, exchange: Exchange) -> None:
        """Have a request answered; everything ahead of it has been."""
        limit = self.limit_concurrency
        if limit is not None and (len(self.connections) >= limit or len(self.tasks) >= limit):
            self.logger.warning("Exceeded concurrency limit.")
            self.loop.call_soon(exchange.refuse, 503, b"Service Unavailable")
        else:
            self._take(exchange)

    def first_headers(self) -> bytes:
        """The headers that every response begins with, such as its date."""
        headers = self.server_state.default_headers  # another list each second
        if headers is not self._dated:
            self._dated = headers
            self._first_headers = b"".join([b"%b: %b\r\n" % each for each in headers])
        return self._first_headers

    def responded(self, exchange: Exchange) -> None:
        """A response is complete."""
        self.server_state.total_requests += 1
        if not exchange.keep_alive:
            self.transport.close()
        if self.transport.is_closing():
            return
        if self._waiting:
            self._begin(self._waiting.popleft())
            return
        if self._refusal:
            self._refuse(self._refusal)
            return
        self.flow.resume_reading()
        if self._in_head or self._first_line:
            self._start_head_timer()
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
                self._idle_since = None
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

    def _bound_body(self, size: int) -> None:
        """Bound what comes instead of a body: signs of chunks, and trailers."""
        self._unheard_bytes = 0 if self._heard else self._unheard_bytes + size
        if self._unheard_bytes > HEAD_BYTES_MAX:
            self._refuse_head(431, b"What follows the body of the request is too large.\n")

    def _is_free(self) -> bool:
        """Whether every request was answered."""
        return self._exchange is None or self._exchange.response_complete

    def _start_head_timer(self) -> None:
        """Give a head its time, which begins once it is waited for."""
        if self._head_timer is None and self._is_free():
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
        head = b"content-type: text/plain\r\ncontent-length: %d\r\nconnection: close\r\n\r\n"
        self._refuse(STATUS_LINE[status] + head % len(text) + text)

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser cannot read."""
        text = msg.encode("ascii")
        head = b"content-type: text/plain; charset=utf-8\r\ncontent-length: %d\r\n"
        more = head % len(text) + b"connection: close\r\n\r\n"
        self._refuse(STATUS_LINE[400] + self.first_headers() + more + text)

    def _unsupported_upgrade_warning(self) -> None:
        """That a caller offers another protocol is no news."""

    def _refuse(self, response: bytes) -> None:
        """End the connection with a response, behind those to requests that came whole."""
        self._refusal = response
        self._stop_head_timer()
        if self.transport.is_closing():
            return
        latest = self._exchange
        waits = latest is not None and not latest.response_complete and not latest.more_body
        if latest is not None and latest.more_body and self._waiting:
            self._waiting.pop()  # it is what cannot be read; those ahead of it can be answered
            waits = True
        if waits:
            self.flow.pause_reading()
        else:
            self.transport.write(response)
            self.transport.close()


def _without_upgrade(data: bytes) -> bytes:
    """A request whose offer of another protocol has another name, for nobody to take up."""
    head, blank, body = data.partition(b"\r\n\r\n")
    return _UPGRADE.sub(b"\r\nupgrade-offered:", head) + blank + body


def _escaped(target: bytes) -> bytes:
    return b"".join([_ESCAPED[code] for code in target])
