"""A closed-loop HTTP client: each connection sends its next request when the last is answered.

It speaks just enough HTTP/1.1 for servers that answer with Content-Length, so that the client
costs less than what it measures.
"""

import asyncio
import itertools
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_OK = b"HTTP/1.1 200"
MADE_PER_SECOND = 12_000
"""Requests made beforehand for each second: more than durable entries can be posted in one."""


@dataclass(frozen=True)
class Load:
    """What one load did. Times in seconds; `failures` counts answers other than 200."""

    connections: int
    requests: int
    seconds: float
    p50: float
    p99: float
    failures: int
    last: bytes
    cpu_us: float | None = None
    """Processor time of the server for each request, in microseconds, where it is known."""

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    def __str__(self) -> str:
        failed = f", {self.failures} FAILED: {self.last[-300:]!r}" if self.failures else ""
        cpu = "" if self.cpu_us is None else f", {self.cpu_us:.0f} µs of processor time each"
        return (
            f"{self.rate:,.0f}/s (p50 {self.p50 * 1e3:.1f} ms, p99 {self.p99 * 1e3:.1f} ms{cpu})"
            f"{failed}"
        )


class _Connection(asyncio.Protocol):
    def __init__(self, load: "_Run") -> None:
        self._load = load
        self._buffer = b""
        self._needed = 0
        self._sent = 0.0
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._send()

    def _send(self) -> None:
        assert self._transport is not None
        request = self._load.next()
        if request is None:
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if not self._needed:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            found = _LENGTH.search(self._buffer, 0, end)
            self._needed = end + 4 + (int(found[1]) if found else 0)
        if len(self._buffer) >= self._needed:
            self._load.answered(self._buffer, time.perf_counter() - self._sent)
            self._buffer, self._needed = b"", 0
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.closed()


class _Run:
    def __init__(self, requests: Iterator[bytes], seconds: float, connections: int) -> None:
        self._requests = requests
        self._until = time.perf_counter() + seconds
        self._open = connections
        self.latencies: list[float] = []
        self.failures = 0
        self.last = b""
        self.done = asyncio.get_running_loop().create_future()

    def next(self) -> bytes | None:
        if time.perf_counter() >= self._until:
            return None
        return next(self._requests, None)

    def answered(self, answer: bytes, latency: float) -> None:
        self.latencies.append(latency)
        if not answer.startswith(_OK):
            self.failures += 1
            self.last = answer

    def closed(self) -> None:
        self._open -= 1
        if not self._open and not self.done.done():
            self.done.set_result(None)


def run(
    port: int,
    requests: Callable[[], Iterator[bytes]],
    connections: int,
    seconds: float,
    cpu_seconds: Callable[[], float] | None = None,
) -> Load:
    """Send requests over some connections for some seconds, after a short warm-up.

    As many requests as a second may take are made beforehand, so that making them takes nothing
    from the server meanwhile. `cpu_seconds` tells how much processor time the server has used.
    """

    async def measure(duration: float) -> Load:
        source = requests()
        made = list(itertools.islice(source, int(MADE_PER_SECOND * duration)))
        used = cpu_seconds() if cpu_seconds else 0.0
        started = time.perf_counter()
        load = _Run(itertools.chain(made, source), duration, connections)
        loop = asyncio.get_running_loop()
        for _ in range(connections):
            await loop.create_connection(lambda: _Connection(load), "127.0.0.1", port)
        await load.done
        elapsed = time.perf_counter() - started
        ordered = sorted(load.latencies) or [0.0]
        return Load(
            connections,
            len(load.latencies),
            elapsed,
            ordered[len(ordered) // 2],
            ordered[len(ordered) * 99 // 100],
            load.failures,
            load.last,
            (cpu_seconds() - used) * 1e6 / max(len(load.latencies), 1) if cpu_seconds else None,
        )

    uvloop.run(measure(min(1.0, seconds / 4)))
    return uvloop.run(measure(seconds))


def request(method: str, target: str, body: bytes = b"", token: str = "demo") -> bytes:
    """The bytes of a request as a QuickBooks client sends it."""
    head = (
        f"{method} {target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Accept: application/json\r\n"
    )
    if method == "POST":
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body
