"""Starts and stops the servers that are measured, as processes of their own."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REALM = "9130355202028466"
"""The realm of the demo company, whose books the benchmarks use."""


@dataclass(frozen=True)
class Server:
    """A running server: its port, its process and how long it took to answer, in seconds."""

    port: int
    process: subprocess.Popen[bytes]
    ready_after: float

    def memory_mib(self) -> float:
        """Memory of the process and those it started, in MiB; what they share counts once."""
        total = 0
        for pid in self._pids():
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
            line = next(line for line in rollup.splitlines() if line.startswith("Pss:"))
            total += int(line.split()[1])
        return total / 1024

    def cpu_seconds(self) -> float:
        """Processor time of the process and those it started: what noise around changes least."""
        total = 0
        for pid in self._pids():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")

    def _pids(self) -> list[int]:
        own = self.process.pid
        children = Path(f"/proc/{own}/task/{own}/children").read_text().split()
        return [own, *map(int, children)]


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running(command: list[str], port: int, ready: str) -> Iterator[Server]:
    """A server started by a command, ready once an address of it answers."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ})
    try:
        deadline = started + 60
        while True:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}", timeout=5):
                    break
            except OSError:
                if time.perf_counter() > deadline or process.poll() is not None:
                    raise RuntimeError(f"{command} does not answer") from None
                time.sleep(0.01)
        yield Server(port, process, time.perf_counter() - started)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


@contextmanager
def daybook(store: str, *, demo: bool = True, more: Sequence[str] = ()) -> Iterator[Server]:
    """A Daybook server on a store, with more flags."""
    port = free_port()
    command = [sys.executable, "-m", "daybook", "serve", "--store", store]
    command += ["--http", f"127.0.0.1:{port}", "--sql", "off", "--log-level", "warning"]
    with running([*command, *(["--demo"] if demo else []), *more], port, "/readyz") as server:
        yield server


@contextmanager
def floor(path: Path) -> Iterator[Server]:
    """The floor server on a new database."""
    port = free_port()
    command = [sys.executable, "-m", "bench.floor", str(port), str(path)]
    with running(command, port, "/read") as server:
        yield server
