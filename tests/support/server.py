"""A server as a process of its own, and HTTP spoken over a bare socket."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import requests

ROOT = Path(__file__).parents[2]
START_SECONDS_MAX = 30
"""Longest wait for a server to be ready: a second, on a machine that does nothing else."""

REALM = "9130355202028466"
REALM_2 = "9130353722279406"


@dataclass(frozen=True)
class RawResponse:
    """A response as it came over the socket; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def parse(cls, data: bytes) -> "RawResponse":
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.split(": ", 1) for line in lines)
        return cls(int(first.split(" ")[1]), {name.lower(): value for name, value in pairs}, body)


def exchange(host: str, port: int, request: bytes, *, timeout: float = 20) -> RawResponse:
    """Send bytes, read one response (by its length, else to the end), close the connection."""
    with socket.create_connection((host, port), timeout=timeout) as connection:
        connection.sendall(request)
        return read_response(connection)


def read_response(connection: socket.socket) -> RawResponse:
    """Read one response; of a pipelined second one, nothing must have come yet."""
    data = b""
    while True:
        _, separator, body = data.partition(b"\r\n\r\n")
        if separator:
            response = RawResponse.parse(data)
            length = response.headers.get("content-length")
            if length is not None and len(body) >= int(length):
                return response
        piece = connection.recv(65_536)
        if not piece:
            return RawResponse.parse(data)
        data += piece


@dataclass
class RunningServer:
    """`daybook serve` as a process."""

    process: subprocess.Popen[str]
    host: str
    port: int
    greeting: str
    """What it printed before it was ready."""
    log: Path
    store: str
    realm: str = REALM
    token: str = "demo"

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def exchange(self, request: bytes, *, timeout: float = 20) -> RawResponse:
        """See the function of the same name."""
        return exchange(self.host, self.port, request, timeout=timeout)

    def stop(self) -> int:
        """Ask it to stop, as a supervisor would; answers with its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=30)
        finally:
            self.process.kill()
            if self.process.stdout is not None:
                self.process.stdout.close()
        return code


def signed_in(url: str, name: str = "demo") -> requests.Session:
    """A visitor of the web pages, signed in as a user of the demo."""
    visitor = requests.Session()
    address = f"{url}/app/sign-in"
    token = re.search(r'name="csrf" value="([^"]+)"', visitor.get(address, timeout=20).text)
    assert token is not None
    form = {"csrf": token[1], "name": name, "password": name}
    headers = {"Origin": url}
    answer = visitor.post(address, form, headers=headers, timeout=20, allow_redirects=False)
    assert answer.status_code == 303, answer.text
    return visitor


def command(*arguments: str) -> list[str]:
    """`daybook` with arguments, by this interpreter."""
    return [sys.executable, "-m", "daybook", *arguments]


def variables(**more: str) -> dict[str, str]:
    """The environment without settings of ours, and the tree's own package first."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DAYBOOK_")}
    return {**kept, "PYTHONPATH": str(ROOT / "src"), **more}


def start(
    folder: Path,
    *arguments: str,
    store: str | None = None,
    address: str = "http://127.0.0.1:",
    **settings: str,
) -> RunningServer:
    """Start a demo server on a free port of its own; returns once it is ready.

    `address` is how its own begins, up to the port.
    """
    store = store or f"sqlite:///{folder / 'books.db'}"
    log = folder / "server.log"
    with log.open("a") as stderr:
        process = subprocess.Popen(
            command(
                "serve",
                "--demo",
                "--store",
                store,
                "--http",
                "127.0.0.1:0",
                "--sql",
                "off",
                *arguments,
            ),
            cwd=folder,
            env=variables(**settings),
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    assert process.stdout is not None
    greeting, ends = "", time.monotonic() + START_SECONDS_MAX
    while "Ready in" not in greeting:
        line = process.stdout.readline()
        greeting += line
        if not line or time.monotonic() > ends:
            process.kill()
            process.wait()
            process.stdout.close()
            raise AssertionError(f"the server did not start:\n{greeting}{log.read_text()}")
    _, _, rest = greeting.partition(address)
    digits = rest.partition("/")[0]
    return RunningServer(process, "127.0.0.1", int(digits), greeting, log, store)
