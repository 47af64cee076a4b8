"""What the server says about itself: log lines and metrics.

Log lines go to standard error through structlog, one for each request. They hold what was asked
for and how it ended, never query strings, bodies or credentials.

Metrics are plain integers in dictionaries, since a labelled counter of the client library costs
more than the whole of routing; the library is loaded and filled only when somebody scrapes.
"""

import asyncio
import logging
import re
import select
import sys
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any, Final, TextIO

import msgspec

# For tracebacks that are never asked for here, structlog loads a library where it finds it, which
# takes longer than loading structlog: it is not to be found.
if "rich" in sys.modules:
    import structlog
else:
    sys.modules["rich"] = None  # type: ignore[assignment]
    try:
        import structlog
    finally:
        del sys.modules["rich"]

BUCKETS: Final = (
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
)
"""Upper bounds of the latency histogram, in seconds: a read takes a fraction of the first, a
group commit falls in the next four, a report in the rest."""

Logger = structlog.typing.FilteringBoundLogger

FLUSH_SECONDS: Final = 0.1
"""Longest time a request's log line waits to be written."""

_LEVELS: Final = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def configure_log(level: str, layout: str, stream: TextIO | None = None) -> Logger:
    """Set up logging for the process.

    `level` and `layout` are the settings `log-level` and `log-format`; lines go to `stream`, by
    default standard error. Warnings of libraries and faults inside interfaces come through the same
    door.
    """
    stream = stream or sys.stderr
    terminal = stream.isatty()
    if layout == "auto":
        layout = "console" if terminal else "json"
    processors: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if layout == "json":
        processors += [structlog.processors.format_exc_info, _render_json]
    else:
        # a plain traceback: prettier ones show local variables, credentials among them
        plain = structlog.dev.plain_traceback
        processors.append(structlog.dev.ConsoleRenderer(colors=terminal, exception_formatter=plain))
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[level]),
        logger_factory=lambda *_: LineWriter(stream),
        cache_logger_on_first_use=True,
    )
    log: Logger = structlog.get_logger().bind()
    for name in ("uvicorn.error", "daybook"):
        library = logging.getLogger(name)
        library.handlers = [_Forward(log)]
        library.propagate = False
        library.setLevel(logging.WARNING)
    return log


_encode: Final = msgspec.json.Encoder(enc_hook=repr).encode


def _render_json(_: object, __: str, event: MutableMapping[str, Any]) -> str:
    return _encode(event).decode()


class LineWriter:
    """Writes log lines; those of requests together, a few times a second.

    A system call for every line costs more than making it. Lines that nobody has to see at once
    therefore wait up to `FLUSH_SECONDS` where an event loop runs; a warning takes them along.
    May be used on any thread.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lines: list[str] = []
        self._lock = threading.Lock()

    def info(self, line: str) -> None:
        """Write a line soon."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.warning(line)
            return
        with self._lock:
            self._lines.append(line)
            first = len(self._lines) == 1
        if first:
            loop.call_later(FLUSH_SECONDS, self.flush)

    def warning(self, line: str) -> None:
        """Write a line now, behind those that wait."""
        with self._lock:
            self._lines.append(line)
        self.flush()

    debug = info
    error = critical = exception = warning

    def flush(self) -> None:
        """Write what waits."""
        with self._lock:
            lines, self._lines = self._lines, []
            for text in _pieces(lines):
                self._stream.write(text)
                self._stream.flush()


def _pieces(lines: list[str]) -> Iterator[str]:
    """Lines together, but no more than a pipe takes whole from one of several writers."""
    piece: list[str] = []
    size = 0
    for line in lines:
        length = len(line.encode(errors="replace")) + 1
        if piece and size + length > select.PIPE_BUF:
            yield "".join(piece)
            piece, size = [], 0
        piece.append(line + "\n")
        size += length
    if piece:
        yield "".join(piece)


class _Forward(logging.Handler):
    """Hands records of the standard library's logging on."""

    def __init__(self, log: Logger) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record at its own level."""
        self._log.log(record.levelno, record.getMessage(), exc_info=record.exc_info)


_CREDENTIAL: Final = re.compile(
    r"((?:token|secret|password|apikey|api_key|key)(?:=|%3d))[^&;?#/\s\"']*", re.IGNORECASE
)


def without_credentials(text: str) -> str:
    """A text from a request, such as a path, with the values of `token=…` and the like left out.

    Query strings are never logged. But a caller may put a token in the path by mistake: an encoded
    question mark, or `;` or `&` in its place, makes a query string part of the path.

    >>> without_credentials("/api/DeleteThing?token=6eee&id=3")
    '/api/DeleteThing?token=…&id=3'
    """
    if "=" not in text and "%3" not in text:
        return text
    return _CREDENTIAL.sub(r"\1…", text)


class Metrics:
    """Counts of requests. Changed on the event loop alone."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.requests: dict[tuple[str, str, int | str], int] = {}
        self._latency: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}
        self._shown: list[tuple[str, str, Callable[[], float], bool]] = []
        self._shared: set[str] = set()

    def show(
        self,
        name: str,
        meaning: str,
        value: Callable[[], float],
        *,
        counter: bool = False,
        shared: bool = False,
    ) -> None:
        """Ask for a value at each scrape.

        `counter` says that it only grows, `shared` that all processes of a server have the same.
        """
        self._shown.append((name, meaning, value, counter))
        if shared:
            self._shared.add(name)

    def count(self, wire: str, operation: str, status: int | str, seconds: float) -> None:
        """Count an answered request; `status` is what the wire calls it."""
        key = (wire, operation, status)
        self.requests[key] = self.requests.get(key, 0) + 1
        latency = self._latency.get(wire)
        if latency is None:
            latency = self._latency[wire] = [0] * (len(BUCKETS) + 1)
            self._seconds[wire] = 0.0
        latency[bisect_left(BUCKETS, seconds)] += 1
        self._seconds[wire] += seconds

    def exposition(self) -> bytes:
        """All metrics in the Prometheus text format."""
        # Loading the library takes longer than anything else at start, and few ever scrape.
        from prometheus_client import generate_latest

        return generate_latest(self._registry())

    def figures(self) -> bytes:
        """All metrics for another process to show along with its own."""
        return _encode_families(
            [
                (
                    family.name,
                    family.documentation,
                    family.type,
                    [(sample.name, sample.labels, sample.value) for sample in family.samples],
                )
                for family in self._registry().collect()
            ]
        )

    def exposition_of_all(self, figures: Mapping[int, bytes], own: int) -> bytes:
        """The metrics of several processes, each under its number as the label `worker`.

        `figures` are those of each process by its number, `own` the number of this one. What is
        the same for all is shown once.
        """
        from prometheus_client import Metric, generate_latest

        merged: dict[str, Any] = {}
        for number in sorted(figures):
            for name, meaning, kind, samples in _decode_families(figures[number]):
                shared = name in self._shared
                if shared and number != own:
                    continue
                family = merged.setdefault(name, Metric(name, meaning, kind))
                more = {} if shared else {"worker": str(number)}
                for sample, labels, value in samples:
                    family.add_sample(sample, {**more, **labels}, value)
        return generate_latest(_Merged(list(merged.values())))

    def _registry(self) -> Any:
        from prometheus_client import CollectorRegistry, ProcessCollector

        registry = CollectorRegistry()
        registry.register(_Snapshot(self))
        ProcessCollector(registry=registry)
        return registry


_Families = list[tuple[str, str, str, list[tuple[str, dict[str, str], float]]]]
"""Of each family of metrics: name, meaning, kind, and samples of name, labels and value."""

_encode_families: Final = msgspec.msgpack.Encoder().encode
_decode_families: Final = msgspec.msgpack.Decoder(_Families).decode


class _Merged:
    """A registry of families that are made already."""

    def __init__(self, families: list[Any]) -> None:
        self._families = families

    def collect(self) -> list[Any]:
        """The metric families."""
        return self._families


class _Snapshot:
    """The collector that shows `Metrics` to the client library."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Any]:
        """The metric families."""
        from prometheus_client.core import (
            CounterMetricFamily,
            GaugeMetricFamily,
            HistogramMetricFamily,
        )

        metrics = self._metrics
        requests = CounterMetricFamily(
            "daybook_requests", "Requests answered.", labels=("wire", "operation", "status")
        )
        for (wire, operation, status), count in metrics.requests.items():
            requests.add_metric((wire, operation, str(status)), count)
        yield requests
        latency = HistogramMetricFamily(
            "daybook_request_seconds", "From the head of a request to its answer.", labels=("wire",)
        )
        for wire, counts in metrics._latency.items():
            total, buckets = 0, []
            for bound, count in zip((*BUCKETS, float("inf")), counts, strict=True):
                total += count
                buckets.append(("+Inf" if bound == float("inf") else repr(bound), total))
            latency.add_metric((wire,), buckets, metrics._seconds[wire])
        yield latency
        yield GaugeMetricFamily(
            "daybook_requests_in_flight", "Requests being answered.", value=metrics.in_flight
        )
        for name, meaning, value, counter in metrics._shown:
            family = CounterMetricFamily if counter else GaugeMetricFamily
            yield family(name, meaning, value=value())
