"""The HTTP application: finds the wire a request is for and has it answered.

A request passes here in this order; the first thing that is wrong decides the answer, and every
answer below a wire's prefix has that wire's shape:

    find the wire by the longest prefix -> body within the wire's bounds and in time -> undo its
    encoding -> the wire's own `handle` -> answer -> count and log

Nothing here does I/O: `connection` brings heads and bodies and takes responses away. A wire that
answers at once is answered at once, without a task of the event loop in between.
"""

import itertools
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Final

from daybook.protocols.kit.http import BadEncoding, BodyTooLarge, inflate
from daybook.protocols.kit.plugin import Plugin, Problem, Request, Response
from daybook.server.limits import LOGGED_PATH_LENGTH_MAX
from daybook.server.observe import Logger, Metrics

Pages = Callable[[Request], Response]
"""Answers what belongs to no wire."""


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


@dataclass(slots=True)
class Arrival:
    """A request as a connection brings it, its body complete or given up.

    `plugin` is the wire it is for, if any; `problem` says what is wrong with its body. `began` is
    the `time.perf_counter()` of its head.
    """

    plugin: Plugin | None
    method: str
    path: str
    query: str
    headers: dict[str, str]
    origin: str
    began: float
    keep_alive: bool
    body: bytes = b""
    problem: Problem | None = None


class Application:
    """Answers requests. Made once for each server process."""

    def __init__(
        self,
        router: Router,
        pages: Pages,
        metrics: Metrics,
        log: Logger,
        lifecycle: Lifecycle | None = None,
    ) -> None:
        self.find = router.find
        self._pages = pages
        self._metrics = metrics
        self._log = log
        self._lifecycle = lifecycle or Lifecycle()
        self._logs_requests = log.is_enabled_for(logging.INFO)
        self._counter = itertools.count(1)
        self._process = secrets.token_hex(8)

    def request(self, arrival: Arrival) -> Request:
        """An arrival as wires see it: with an id, without the encoding of its body.

        A HEAD request is a GET whose answer's body is left out by the connection. Where the
        encoding cannot be undone, the arrival has a problem afterwards.
        """
        body = arrival.body
        encoding = arrival.headers.get("content-encoding") if body else None
        if encoding is not None and arrival.plugin is not None:
            try:
                body = inflate(body, encoding, arrival.plugin.limits.body_bytes_max)
            except BodyTooLarge:
                arrival.problem, body = Problem.TOO_LARGE, b""
            except BadEncoding:
                arrival.problem, body = Problem.BAD_ENCODING, b""
        return Request(
            "GET" if arrival.method == "HEAD" else arrival.method,
            arrival.path,
            arrival.query,
            arrival.headers,
            body,
            self._new_id(),
            arrival.origin,
        )

    def answer(self, arrival: Arrival, request: Request) -> Response | Awaitable[Response]:
        """The answer of a wire, or of the server itself in that wire's shape. Never raises."""
        plugin = arrival.plugin
        self._metrics.in_flight += 1
        if plugin is None:
            return self._pages(request)
        try:
            if arrival.problem is not None:
                return plugin.refuse(request, arrival.problem)
            if self._lifecycle.closed:
                return plugin.refuse(request, Problem.SHUTTING_DOWN)
            answer = plugin.handle(request)
        except Exception:
            return self._fault(plugin, request)
        return answer if isinstance(answer, Response) else self._wait(plugin, request, answer)

    def record(self, arrival: Arrival, request: Request, response: Response) -> None:
        """Count and log an answer. Called once for each that was asked for."""
        seconds = time.perf_counter() - arrival.began
        plugin = arrival.plugin
        name = _PAGES if plugin is None else plugin.name
        operation = "page" if plugin is None else plugin.operation(request)
        self._metrics.in_flight -= 1
        self._metrics.count(name, operation, response.status, seconds)
        if self._logs_requests:
            more = {} if response.diagnosis is None else {"diagnosis": response.diagnosis}
            self._log.info(
                "request",
                id=request.id,
                wire=name,
                operation=operation,
                method=arrival.method,
                path=request.path[:LOGGED_PATH_LENGTH_MAX],
                status=response.status,
                ms=round(seconds * 1_000, 3),
                **more,
            )

    async def _wait(
        self, plugin: Plugin, request: Request, answer: Awaitable[Response]
    ) -> Response:
        try:
            return await answer
        except Exception:
            return self._fault(plugin, request)

    def _fault(self, plugin: Plugin, request: Request) -> Response:
        """The answer to a fault of ours, which is in the log and not in the answer."""
        self._log.exception("fault", id=request.id, wire=plugin.name)
        return plugin.refuse(request, Problem.INTERNAL)

    def _new_id(self) -> str:
        """32 hexadecimal digits: the second, this process, and a counter."""
        count = next(self._counter) & 0xFFFF_FFFF
        return f"{int(time.time()):08x}{self._process}{count:08x}"


_PAGES: Final = "server"
