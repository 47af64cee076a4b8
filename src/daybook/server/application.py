"""The HTTP application: finds the wire a request is for and has it answered.

A request passes here in this order; the first thing that is wrong decides the answer, and every
answer below a wire's prefix has that wire's shape:

    find the wire by the longest prefix -> its own `admit`, if it has one -> body within the wire's
    bounds and the server's, and in time -> undo its encoding -> the wire's `handle` -> answer ->
    count and log

A body that has come whole together with its head, and has no encoding, goes to `handle` at once.

The requests that come in one turn of the event loop are taken together. First all heads are read,
by their connections; then every wire is asked; what is read quickly is read together (`reads`) and
answered. Only what has to wait, for a body, a commit or a thread, gets a task of its own.

There is no framework, since one costs more than everything done here. There is one path for all
wires and few steps on it; bodies are waited for only where a request says that it has one. The
`Host` header decides nothing: clients that were redirected send foreign ones.
"""

import asyncio
import itertools
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from daybook.app.activity import (
    ERROR_STATUS_MIN,
    Activity,
    ActivityLog,
    begin,
    end,
    scrubbed,
)
from daybook.domain.ids import Timestamp
from daybook.protocols.kit.http import BadEncoding, BodyTooLarge, inflate
from daybook.protocols.kit.plugin import (
    Answer,
    Plugin,
    Problem,
    Reading,
    Request,
    Response,
    response_of,
)
from daybook.server.connection import Exchange
from daybook.server.limits import (
    BODIES_BYTES_MAX,
    DIAGNOSIS_LENGTH_MAX,
    INFLATED_INLINE_BYTES_MAX,
    LOGGED_PATH_LENGTH_MAX,
)
from daybook.server.observe import Logger, Metrics, without_credentials
from daybook.server.proxies import Proxies
from daybook.server.reads import FAULTS, Reads

Pages = Callable[[Request], Response | Awaitable[Response]]
"""Answers what belongs to no wire."""


class _Disconnected(Exception):
    """The caller went away before its body was complete."""


class Router:
    """Finds the wire a path belongs to."""

    def __init__(self, plugins: Iterable[Plugin]) -> None:
        """Raises ValueError where two wires claim the same prefix."""
        owners: dict[str, Plugin] = {}
        for plugin in plugins:
            for prefix in plugin.prefixes:
                if prefix in owners:
                    names = f"{owners[prefix].name} and {plugin.name}"
                    raise ValueError(f"two wires answer {prefix}: {names}")
                owners[prefix] = plugin
        self._by_segment: dict[str, list[tuple[str, str, Plugin]]] = {}
        for prefix in sorted(owners, key=len, reverse=True):
            segment = prefix.split("/", 2)[1]
            found = self._by_segment.setdefault(segment, [])
            found.append((prefix, prefix + "/", owners[prefix]))

    def find(self, path: str) -> Plugin | None:
        """The wire with the longest prefix of a path, or None."""
        segments = path.split("/", 2)
        if len(segments) > 1:
            for prefix, below, plugin in self._by_segment.get(segments[1], ()):
                if path == prefix or path.startswith(below):
                    return plugin
        return None


@dataclass(slots=True)
class Lifecycle:
    """Where the server is in its life; changed by whoever stops it."""

    draining: bool = False
    """It is going to stop: load balancers should send no more."""
    closed: bool = False
    """It takes no more requests; those under way are finished."""


class _NoRoom(Exception):
    """The server holds as many bodies as it may."""


class _Hold:
    """What one request holds of the bytes that all bodies may take."""

    __slots__ = ("_room", "_taken")

    def __init__(self, room: list[int]) -> None:
        """`room` has one member, the bytes that are left."""
        self._room = room
        self._taken = 0

    def take(self, size: int) -> None:
        """Take bytes, or give them back if negative. Raises `_NoRoom`."""
        if size > self._room[0]:
            raise _NoRoom
        self._room[0] -= size
        self._taken += size

    def end(self) -> None:
        """Give back everything."""
        self.take(-self._taken)


class _Call:
    """A request under way."""

    __slots__ = ("exchange", "plugin", "request", "started", "trace")

    def __init__(
        self, exchange: Exchange, plugin: Plugin | None, request: Request, started: float
    ) -> None:
        self.exchange = exchange
        self.plugin = plugin
        self.request = request
        self.started = started
        self.trace = begin()


class Application:
    """The application. Made once for each server process, on its event loop."""

    def __init__(
        self,
        router: Router,
        pages: Pages,
        metrics: Metrics,
        log: Logger,
        *,
        body_timeout: float,
        origin: str | None = None,
        lifecycle: Lifecycle | None = None,
        bodies_bytes_max: int = BODIES_BYTES_MAX,
        activity: ActivityLog | None = None,
        proxies: Proxies | None = None,
    ) -> None:
        """`body_timeout` is in seconds; `origin` is taken from the socket where it is None.

        `proxies` are believed about callers, where there are any.
        """
        self._activity = activity or ActivityLog()
        self._proxies = proxies
        self._room = [bodies_bytes_max]
        self._find = router.find
        self._pages = pages
        self._metrics = metrics
        self._log = log
        self._body_timeout = body_timeout
        self._origin = origin
        self._taken: list[Exchange] = []
        self._reads = Reads()
        self._awake = False
        self._lifecycle = lifecycle or Lifecycle()
        self._logs_requests = log.is_enabled_for(logging.INFO)
        self._counter = itertools.count(1)
        self._process = secrets.token_hex(8)
        self._second = 0
        self._id_begins = ""

    def take(self, exchange: Exchange) -> None:
        """Answer a request, along with those that come in the same turn of the event loop."""
        self._taken.append(exchange)
        self._wake()

    def _wake(self) -> None:
        if not self._awake:
            self._awake = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _turn(self) -> None:
        """Ask what was taken, then read what is read quickly."""
        self._awake = False
        taken, self._taken = self._taken, []
        for exchange in taken:
            try:
                self._ask(exchange)
            except FAULTS as error:  # which would take the others along
                self._log.error("fault", path=without_credentials(exchange.path), exc_info=error)
                exchange.fail()
        end()
        if self._reads.turn():
            self._wake()

    def _ask(self, exchange: Exchange) -> None:
        """Begin to answer a request."""
        started = time.perf_counter()
        plugin = self._find(exchange.path)
        body = b"" if plugin is None else _at_hand(exchange, plugin.limits.body_bytes_max)
        call = _Call(exchange, plugin, self._request(exchange, body or b""), started)
        self._metrics.in_flight += 1
        try:
            if plugin is None:
                answer: Answer = self._pages(call.request)
            elif body is None:
                answer = self._answer_to_body(call, plugin)
            else:
                answer = self._handle(plugin, call.request)
        except FAULTS as error:
            self._settle(call, error)
        else:
            self._settle(call, answer)

    def _request(self, exchange: Exchange, body: bytes) -> Request:
        """A request as its caller made it, who may be behind a proxy."""
        method = exchange.method
        request = Request(
            "GET" if method == "HEAD" else method,
            exchange.path,
            exchange.query,
            exchange.headers,
            body,
            self._new_id(),
            self._origin or exchange.origin,
            exchange.peer,
        )
        proxies = self._proxies
        if proxies is None or not proxies.are(request.peer):
            return request
        origin = self._origin or proxies.origin(request.origin, request.headers)
        return replace(request, peer=proxies.peer(request.peer, request.headers), origin=origin)

    def _handle(self, plugin: Plugin, request: Request) -> Answer:
        """The answer of a wire; where the server stops, its own in that wire's shape."""
        if self._lifecycle.closed:
            return plugin.refuse(request, Problem.SHUTTING_DOWN)
        return plugin.handle(request)

    def _settle(self, call: _Call, answer: Answer | BaseException) -> None:
        """Send an answer that is there, and see to it that any other comes. Raises nothing."""
        try:
            if isinstance(answer, BaseException):
                answer = self._fault(call, answer)
            if isinstance(answer, Response):
                if not self._sent(call, answer):
                    call.exchange.run(self._send(call, answer))
            elif isinstance(answer, Reading):
                self._reads.add(answer, partial(self._settle, call))
            else:
                call.exchange.run(self._wait(call, answer))
        except Exception as error:
            self._give_up(call, error)

    async def _wait(self, call: _Call, answer: Awaitable[Response]) -> None:
        """Send an answer once it has come."""
        try:
            response = await answer
        except _Disconnected:
            self._metrics.in_flight -= 1
            return
        except Exception as error:
            self._settle(call, error)
            return
        except BaseException as error:  # a server that stops waits no longer
            self._give_up(call, error)
            return
        await self._send(call, response)

    async def _send(self, call: _Call, response: Response) -> None:
        """Send a response, as soon as its caller has room for it."""
        try:
            while not self._sent(call, response):
                await call.exchange.drain()
        except BaseException as error:
            self._give_up(call, error)

    def _sent(self, call: _Call, response: Response) -> bool:
        """Send a response and note it; False where its caller has no room for it."""
        headers = _headers(response, call.request.id)
        if not call.exchange.respond(response.status, headers, response.body):
            return False
        self._record(call, response)
        self._metrics.in_flight -= 1
        return True

    def _fault(self, call: _Call, error: BaseException) -> Response:
        """The answer to a fault of ours. Raises it where there is no wire to answer."""
        if call.plugin is None:
            raise error
        self._log.error("fault", id=call.request.id, wire=call.plugin.name, exc_info=error)
        return call.plugin.refuse(call.request, Problem.INTERNAL)

    def _give_up(self, call: _Call, error: BaseException) -> None:
        """End a request that there is no answer to."""
        self._metrics.in_flight -= 1
        name = _PAGES if call.plugin is None else call.plugin.name
        self._log.error("fault", id=call.request.id, wire=name, exc_info=error)
        call.exchange.fail()

    async def _answer_to_body(self, call: _Call, plugin: Plugin) -> Response:
        """The answer of a wire where the body is still to be read."""
        hold = _Hold(self._room)
        try:
            body = await self._body(call, plugin, hold)
            if isinstance(body, Problem):
                if body is Problem.TIMEOUT:
                    call.exchange.keep_alive = False
                return plugin.refuse(call.request, body)
            if isinstance(body, Response):
                return body
            return await response_of(self._handle(plugin, replace(call.request, body=body)))
        finally:
            hold.end()

    async def _body(self, call: _Call, plugin: Plugin, hold: _Hold) -> bytes | Problem | Response:
        """The body with its encoding undone, or what is wrong with it, or the wire's refusal.

        A body that is not wanted or is declared too large is not waited for: what arrives of it is
        dropped, and the caller has its answer at once.
        """
        request = call.request
        admit: Callable[[Request], Response | None] | None = getattr(plugin, "admit", None)
        refusal = None if admit is None else admit(request)
        if refusal is not None:
            return refusal
        bytes_max = plugin.limits.body_bytes_max
        declared = request.headers.get("content-length")
        if declared is not None and (len(declared) > _DIGITS_MAX or int(declared) > bytes_max):
            return Problem.TOO_LARGE
        try:
            async with asyncio.timeout(self._body_timeout):
                body = await _read(call.exchange, bytes_max, hold)
            encoding = request.headers.get("content-encoding")
            return await _inflated(body, encoding, bytes_max, hold) if encoding else body
        except BodyTooLarge:
            return Problem.TOO_LARGE
        except BadEncoding:
            return Problem.BAD_ENCODING
        except TimeoutError:
            return Problem.TIMEOUT
        except _NoRoom:
            return Problem.OVERLOADED

    def _record(self, call: _Call, response: Response) -> None:
        """Count and log a request, and keep it for those who look at what was asked of late."""
        seconds = time.perf_counter() - call.started
        plugin, request, trace = call.plugin, call.request, call.trace
        name = _PAGES if plugin is None else plugin.name
        operation = "page" if plugin is None else plugin.operation(request)
        self._metrics.count(name, operation, response.status, seconds)
        if trace.company_id is not None and name != _OWN:
            failed = response.status >= ERROR_STATUS_MIN or response.diagnosis is not None
            self._activity.note(
                trace.company_id,
                Activity(
                    Timestamp(time.time_ns() // 1_000),
                    name,
                    operation,
                    request.method,
                    without_credentials(request.path)[:LOGGED_PATH_LENGTH_MAX],
                    response.status,
                    round(seconds * 1_000_000),
                    request.id,
                    scrubbed(response.body) if failed else "",
                    without_credentials(response.diagnosis or ""),
                    trace.client,
                    trace.user,
                ),
            )
        if self._logs_requests:
            more = {}
            if response.diagnosis is not None:
                more["diagnosis"] = without_credentials(response.diagnosis)
            self._log.info(
                "request",
                id=request.id,
                wire=name,
                operation=operation,
                method=request.method,
                path=without_credentials(request.path)[:LOGGED_PATH_LENGTH_MAX],
                status=response.status,
                ms=round(seconds * 1_000, 3),
                **more,
            )

    def _new_id(self) -> str:
        """32 hexadecimal digits: the second, this process, and a counter."""
        second = int(time.time())
        if second != self._second:
            self._second, self._id_begins = second, f"{second:08x}{self._process}"
        return f"{self._id_begins}{next(self._counter) & 0xFFFF_FFFF:08x}"


_PAGES: Final = "server"
_OWN: Final = "web"
"""The interface that people look at activity with: its own requests would bury what they seek."""
_DIGITS_MAX: Final = 15
"""Digits of a Content-Length that are looked at: no bound on a body has as many."""
_BODILESS: Final = (204, 304)
_CONTROLS: Final = dict.fromkeys((*range(32), 127), " ")


def _at_hand(exchange: Exchange, bytes_max: int) -> bytes | None:
    """The body if there is nothing to do for it, b"" where there is none; else None."""
    headers = exchange.headers
    declared = headers.get("content-length")
    if declared == "0" or (declared is None and "transfer-encoding" not in headers):
        return b""
    if headers.get("content-encoding"):
        return None
    body = exchange.whole_body()
    return None if body is None or len(body) > bytes_max else body


async def _inflated(body: bytes, encoding: str, bytes_max: int, hold: _Hold) -> bytes:
    """A body with its encoding undone, off the event loop if it is large."""
    if len(body) <= INFLATED_INLINE_BYTES_MAX:
        try:
            inflated = inflate(body, encoding, min(bytes_max, INFLATED_INLINE_BYTES_MAX))
        except BodyTooLarge:
            if bytes_max <= INFLATED_INLINE_BYTES_MAX:
                raise
        else:
            hold.take(len(inflated) - len(body))
            return inflated
    hold.take(bytes_max)  # how large it will be is not known before
    loop = asyncio.get_running_loop()
    inflated = await loop.run_in_executor(None, inflate, body, encoding, bytes_max)
    hold.take(len(inflated) - len(body) - bytes_max)
    return inflated


async def _read(exchange: Exchange, bytes_max: int, hold: _Hold) -> bytes:
    """A body, which may still be on its way."""
    parts: list[bytes] = []
    size = 0
    while True:
        part = await exchange.part()
        if part is None:
            raise _Disconnected
        size += len(part)
        if size > bytes_max:
            raise BodyTooLarge
        hold.take(len(part))
        parts.append(part)
        if not exchange.more_body:
            return b"".join(parts)


def _headers(response: Response, request_id: str) -> list[tuple[str, str]]:
    """What stands in the head of a response beside what the connection adds."""
    headers = [("request-id", request_id)]
    if response.status not in _BODILESS:
        headers.append(("content-length", str(len(response.body))))
    headers.extend(response.headers)
    if response.diagnosis is not None:
        diagnosis = without_credentials(response.diagnosis)[:DIAGNOSIS_LENGTH_MAX]
        diagnosis = diagnosis.translate(_CONTROLS)
        shown = diagnosis.encode("ascii", "backslashreplace").decode("ascii")
        headers.append(("daybook-diagnosis", shown))
    return headers
