"""One server process: listening, and stopping in good order.

A signal to stop goes through these steps: `/readyz` says 503 at once; after the drain delay no
connection is accepted and idle ones are closed; requests under way are answered, for as long as
the drain time-out allows; operations and messages under way are finished; then the store
finishes what it took and is closed. A second signal ends the delay, a third the waiting.
"""

import asyncio
import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import ceil
from types import FrameType

import uvicorn

from daybook.app.ledger import Ledger
from daybook.protocols.kit.plugin import Listener
from daybook.server.application import Application
from daybook.server.banner import banner
from daybook.server.bootstrap import Assembly, assemble
from daybook.server.certificate import Certificate
from daybook.server.config import Address, Config
from daybook.server.connection import Connection
from daybook.server.limits import (
    BACKLOG,
    COLLECTOR_THRESHOLDS,
    CONNECTIONS_MAX,
    FILES_WANTED,
    SWITCH_INTERVAL_S,
)
from daybook.server.observe import Logger
from daybook.server.peers import Inbox, ServerPeers


@dataclass(frozen=True, slots=True)
class Bound:
    """The sockets a server listens on."""

    http: list[socket.socket] = field(default_factory=list)
    sql: list[socket.socket] = field(default_factory=list)

    def close(self) -> None:
        """Close this process's hold of them."""
        for each in (*self.http, *self.sql):
            each.close()


@dataclass(frozen=True, slots=True)
class Seat:
    """The place of a process among those of a server that runs several."""

    place: int
    inboxes: Sequence[Inbox]
    parent: socket.socket
    """Ends, as nothing more is to be read from it, when whoever started the process is gone."""


def serve_here(
    config: Config,
    ledger: Ledger,
    log: Logger,
    bound: Bound,
    announce: Callable[[str], None],
    seat: Seat | None = None,
) -> int:
    """Run a server in this process until it is told to stop, and close the books.

    `announce` gets the greeting once it listens. Answers with the process's exit code.
    """
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_run(config, ledger, log, bound, announce, seat))
    except (OSError, ValueError) as error:
        return failed(str(error))
    finally:
        ledger.store.close()
    return 0


def write_greeting(greeting: str, began: float) -> None:
    """Tell people that the server is ready; `began` is when it was started, in seconds."""
    sys.stdout.write(f"{greeting}Ready in {time.perf_counter() - began:.2f} s.\n")
    sys.stdout.flush()


def failed(message: str) -> int:
    """Say why the server cannot run; answers with the exit code."""
    sys.stderr.write(f"daybook: {message}\n")
    return 1


async def _run(
    config: Config,
    ledger: Ledger,
    log: Logger,
    bound: Bound,
    announce: Callable[[str], None],
    seat: Seat | None,
) -> None:
    loop = asyncio.get_running_loop()
    peers = None if seat is None else ServerPeers(seat.place, seat.inboxes)
    assembly = assemble(config, ledger, log, loop, peers)
    certificate = _certificate(config)
    settings = server_config(config, assembly.application, certificate)
    server = _Server(settings, assembly, config.drain_delay)
    listening = _Listening(assembly, bound.sql)
    if seat is None and sys.platform != "win32":
        loop.add_signal_handler(signal.SIGHUP, _renew, certificate, listening, log)
    ready = asyncio.create_task(_ready(server, config, ledger, assembly, bound, announce))
    rest = asyncio.create_task(_rest(server, assembly, listening))
    if seat is not None:
        loop.add_reader(seat.parent.fileno(), _orphaned, seat.parent)
    assembly.background.start()
    try:
        await server.serve(sockets=bound.http)
    finally:
        ready.cancel()
        try:
            await rest  # raises what it met
        finally:
            await listening.close()
            await asyncio.to_thread(assembly.background.close)
            assembly.runtime.close()
            gc.unfreeze()


class _Listening:
    """The wires with a port of their own. Callers of that port wait until they are loaded."""

    def __init__(self, assembly: Assembly, sockets: Sequence[socket.socket]) -> None:
        self._makers = assembly.listening
        self._sockets = sockets
        self._listeners: list[Listener] = []
        self._accepting: list[asyncio.Server] = []
        for each in sockets:
            each.listen(BACKLOG)

    async def start(self) -> None:
        """Load them and accept who waits. Raises OSError and ValueError."""
        loop = asyncio.get_running_loop()
        for make in self._makers:
            listener = await asyncio.to_thread(make)
            self._listeners.append(listener)
            for each in self._sockets:
                self._accepting.append(
                    await loop.create_server(listener.connection, sock=each, backlog=BACKLOG)
                )

    def renew_certificates(self) -> None:
        """Read certificates again, for the next connections. Raises OSError and ValueError."""
        for listener in self._listeners:
            listener.renew_certificate()

    async def close(self) -> None:
        """Accept nobody any more, and let statements under way end."""
        for each in self._accepting:
            each.close()
        for listener in self._listeners:
            await listener.close()


async def _rest(server: uvicorn.Server, assembly: Assembly, listening: _Listening) -> None:
    """Once the server answers: load what takes long, and settle the memory start-up has left."""
    while not server.started:
        if server.should_exit:
            return
        await asyncio.sleep(0.001)
    try:
        await listening.start()
        await asyncio.to_thread(assembly.load)
    except BaseException:
        server.should_exit = True
        raise
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)


class _Server(uvicorn.Server):
    """uvicorn's server, with the way of stopping that the module's text describes."""

    def __init__(self, config: uvicorn.Config, assembly: Assembly, drain_delay: float) -> None:
        super().__init__(config)
        self._lifecycle = assembly.lifecycle
        self._drain_delay = drain_delay
        self._loop = asyncio.get_running_loop()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal to stop has come."""
        if self.should_exit:
            self.force_exit = True
        elif self._lifecycle.draining or not self._drain_delay:
            self._lifecycle.draining = True
            self._stop()
        else:
            self._lifecycle.draining = True
            self._loop.call_soon_threadsafe(self._loop.call_later, self._drain_delay, self._stop)

    def _stop(self) -> None:
        self._lifecycle.closed = True
        self.should_exit = True


def _orphaned(parent: socket.socket) -> None:
    """Stop as if told to: whoever started this process, and would have told it, is gone."""
    asyncio.get_running_loop().remove_reader(parent.fileno())
    os.kill(os.getpid(), signal.SIGTERM)


def _certificate(config: Config) -> Certificate | None:
    """The certificate for HTTPS. Raises OSError and ValueError."""
    return None if config.certificate is None else Certificate(config.certificate, config.key)


def _renew(certificate: Certificate | None, listening: _Listening, log: Logger) -> None:
    """SIGHUP: read the certificates again. One that cannot be used leaves the old one in place."""
    try:
        if certificate is not None:
            certificate.renew()
        listening.renew_certificates()
    except (OSError, ValueError) as error:
        log.error("certificate", renewed=False, error=str(error))
    else:
        log.info("certificate", renewed=True)


def server_config(
    config: Config, application: Application, certificate: Certificate | None = None
) -> uvicorn.Config:
    """How uvicorn is to run an application: it hands it to `Connection` as it is."""
    made = uvicorn.Config(
        application.take,
        http=Connection,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=True,
        backlog=BACKLOG,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=ceil(config.keep_alive_timeout),
        timeout_graceful_shutdown=ceil(config.drain_timeout),
    )
    made.load()
    made.ssl = None if certificate is None else certificate.context
    return made


async def _ready(
    server: uvicorn.Server,
    config: Config,
    ledger: Ledger,
    assembly: Assembly,
    bound: Bound,
    announce: Callable[[str], None],
) -> None:
    """Once the server listens: say so."""
    while not server.started:
        await asyncio.sleep(0.001)
    host, port = bound.http[0].getsockname()[:2]
    sql = Address(*bound.sql[0].getsockname()[:2]) if bound.sql else None
    announce(banner(config, ledger, assembly.plugins, Address(host, port), sql))
    _raise_file_limit()
    sys.setswitchinterval(SWITCH_INTERVAL_S)


def _raise_file_limit() -> None:
    if sys.platform == "win32":
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(FILES_WANTED, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """A faster loop where it is installed: it answers half as many requests again."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop
