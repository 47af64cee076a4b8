"""The HTTP application: finds the wire a request is for and has it answered.

A request passes here in this order; the first thing that is wrong decides the answer, and every
answer below a wire's prefix has that wire's shape:

    find the wire by the longest prefix -> its own `admit`, if it has one -> body within the wire's
    bounds and the server's, and in time -> undo its encoding -> the wire's `handle` -> answer ->
    count and log

A body that has come whole together with its head, and has no encoding, goes to `handle` at once.

It is a bare ASGI application, since a framework costs more than everything done here. There is
one path for all wires and few steps on it; bodies are waited for only where a request says that
it has one. The `Host` header decides nothing: clients that were redirected send foreign ones.
"""

import asyncio
import itertools
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, replace
from typing import Any, Final

from daybook.app.activity import (
    ERROR_STATUS_MIN,
    Activity,
    ActivityLog,
    Trace,
    begin,
    scrubbed,
)
from daybook.domain.ids import Timestamp
from daybook.protocols.kit.http import BadEncoding, BodyTooLarge, inflate
from daybook.protocols.kit.plugin import Plugin, Problem, Request, Response
from daybook.server.connection import EXCHANGE, Exchange, respond, whole_body
from daybook.server.limits import (
    BODIES_BYTES_MAX,
    DIAGNOSIS_LENGTH_MAX,
    INFLATED_INLINE_BYTES_MAX,
    LOGGED_PATH_LENGTH_MAX,
)
from daybook.server.observe import Logger, Metrics, without_credentials
from daybook.server.proxies import Proxies

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

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


class Application:
    """The ASGI application. Made once for each server process, on its event loop."""

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
        self._origins: dict[tuple[object, ...], str] = {}
        self._lifecycle = lifecycle or Lifecycle()
        self._logs_requests = log.is_enabled_for(logging.INFO)
        self._counter = itertools.count(1)
        self._process = secrets.token_hex(8)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        started = time.perf_counter()
        # Taken out, since it holds the scope in turn: what holds itself stays until it is searched
        # for, which cost more than anything else that is done here.
        exchange: Exchange | None = scope.pop(EXCHANGE, None)
        plugin = self._find(scope["path"])
        self._metrics.in_flight += 1
        trace = begin()
        try:
            headers = {
                name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]
            }
            body: bytes | None = b""
            if plugin is not None:
                body = _at_hand(exchange, headers, plugin.limits.body_bytes_max)
            method = scope["method"]
            request = Request(
                "GET" if method == "HEAD" else method,
                scope["path"],
                scope["query_string"].decode("utf-8", "replace"),
                headers,
                b"" if body is None else body,
                self._new_id(),
                self._origin or self._origin_of(scope),
                client[0] if (client := scope.get("client")) else "",
            )
            if self._proxies is not None and self._proxies.are(request.peer):
                request = self._behind(self._proxies, request)
            close = False
            if plugin is None:
                page = self._pages(request)
                response = page if isinstance(page, Response) else await page
            elif body is None:
                response, close = await self._answer_to_body(plugin, request, receive)
            else:
                response = await self._answer(plugin, request)
            texts = _headers(response, request.id)
            if exchange is None or not respond(
                exchange, response.status, texts, response.body, close=close
            ):
                await send(_start(response.status, texts, _CLOSE if close else ()))
                await send({"type": "http.response.body", "body": response.body})
        except _Disconnected:
            return
        finally:
            self._metrics.in_flight -= 1
        self._record(plugin, request, response, time.perf_counter() - started, trace)

    async def _answer(self, plugin: Plugin, request: Request) -> Response:
        """The answer of a wire, or of the server itself in that wire's shape."""
        try:
            if self._lifecycle.closed:
                return plugin.refuse(request, Problem.SHUTTING_DOWN)
            answer = plugin.handle(request)
            return answer if isinstance(answer, Response) else await answer
        except Exception:
            return self._fault(plugin, request)

    async def _answer_to_body(
        self, plugin: Plugin, request: Request, receive: Receive
    ) -> tuple[Response, bool]:
        """The same where the body is still to be read; and whether the connection ends with it."""
        hold = _Hold(self._room)
        try:
            body = await self._body(plugin, request, receive, hold)
            if isinstance(body, Problem):
                return plugin.refuse(request, body), body is Problem.TIMEOUT
            if isinstance(body, Response):
                return body, False
            return await self._answer(plugin, replace(request, body=body)), False
        except _Disconnected:
            raise
        except Exception:
            return self._fault(plugin, request), False
        finally:
            hold.end()

    def _fault(self, plugin: Plugin, request: Request) -> Response:
        """The answer where a fault of ours is being handled."""
        self._log.exception("fault", id=request.id, wire=plugin.name)
        return plugin.refuse(request, Problem.INTERNAL)

    async def _body(
        self, plugin: Plugin, request: Request, receive: Receive, hold: _Hold
    ) -> bytes | Problem | Response:
        """The body with its encoding undone, or what is wrong with it, or the wire's refusal.

        A body that is not wanted or is declared too large is not waited for: what arrives of it is
        dropped, and the caller has its answer at once.
        """
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
                body = await _read(receive, bytes_max, hold)
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

    def _record(
        self,
        plugin: Plugin | None,
        request: Request,
        response: Response,
        seconds: float,
        trace: Trace,
    ) -> None:
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

    def _behind(self, proxies: Proxies, request: Request) -> Request:
        """A request as its caller made it who is behind a proxy."""
        origin = self._origin or proxies.origin(request.origin, request.headers)
        return replace(request, peer=proxies.peer(request.peer, request.headers), origin=origin)

    def _new_id(self) -> str:
        """32 hexadecimal digits: the second, this process, and a counter."""
        count = next(self._counter) & 0xFFFF_FFFF
        return f"{int(time.time()):08x}{self._process}{count:08x}"

    def _origin_of(self, scope: Scope) -> str:
        server = scope["server"] or ("localhost", None)
        known = self._origins.get(server)
        if known is None:
            host, port = server
            host = f"[{host}]" if ":" in host else host
            known = f"{scope['scheme']}://{host}" + (f":{port}" if port else "")
            self._origins[server] = known
        return known


_PAGES: Final = "server"
_OWN: Final = "web"
"""The interface that people look at activity with: its own requests would bury what they seek."""
_CLOSE: Final = ((b"connection", b"close"),)
_DIGITS_MAX: Final = 15
"""Digits of a Content-Length that are looked at: no bound on a body has as many."""
_BODILESS: Final = (204, 304)
_CONTROLS: Final = dict.fromkeys((*range(32), 127), " ")


def _at_hand(exchange: Exchange | None, headers: Mapping[str, str], bytes_max: int) -> bytes | None:
    """The body if there is nothing to do for it, b"" where there is none; else None."""
    declared = headers.get("content-length")
    if declared == "0" or (declared is None and "transfer-encoding" not in headers):
        return b""
    if exchange is None or headers.get("content-encoding"):
        return None
    body = whole_body(exchange)
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


async def _read(receive: Receive, bytes_max: int, hold: _Hold) -> bytes:
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        whole: bytes = message.get("body", b"")
        if len(whole) > bytes_max:
            raise BodyTooLarge
        hold.take(len(whole))
        return whole
    parts, size = [], 0
    while message["type"] == "http.request":
        part = message.get("body", b"")
        parts.append(part)
        size += len(part)
        if size > bytes_max:
            raise BodyTooLarge
        hold.take(len(part))
        if not message.get("more_body", False):
            return b"".join(parts)
        message = await receive()
    raise _Disconnected


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


def _start(
    status: int, headers: list[tuple[str, str]], more: tuple[tuple[bytes, bytes], ...]
) -> dict[str, Any]:
    """The head of a response as a message of ASGI."""
    encoded = [
        (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
        for name, value in headers
    ]
    return {"type": "http.response.start", "status": status, "headers": [*encoded, *more]}
