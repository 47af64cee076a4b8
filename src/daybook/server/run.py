"""Listening, and stopping in good order.

A signal to stop goes through these steps: `/readyz` says 503 at once; after the drain delay no
connection is accepted and idle ones are closed; requests under way are answered, for as long as
the drain time-out allows; operations and messages under way are finished; then the store
finishes what it took and is closed. A second signal ends the delay, a third the waiting.
"""

import asyncio
import errno
import gc
import signal
import socket
import sys
import time
from collections.abc import Callable
from math import ceil
from types import FrameType
from typing import Final

import uvicorn

from daybook.app.ledger import Ledger
from daybook.app.ports import StoreFailure
from daybook.cli.kit import file_of, is_empty
from daybook.server.asgi import Application
from daybook.server.banner import banner
from daybook.server.bootstrap import Assembly, assemble, open_books
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
from daybook.server.observe import Logger, configure_log

_NOT_HERE: Final = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def serve(config: Config) -> int:
    """Run a server until it is told to stop. Answers with the process's exit code."""
    began = time.perf_counter()
    log = configure_log(config.log_level, config.log_format)
    bound: dict[str, list[socket.socket]] = {"http": [], "sql": []}
    for name, address in (("http", config.http), ("sql", config.sql)):
        try:
            bound[name] = [] if address is None else listen(address)
        except OSError as error:
            _close(bound["http"])
            return _failed(f"cannot listen on {address}: {error.strerror or error}")
    made_new = _is_new(config)
    try:
        ledger = open_books(config)
    except (StoreFailure, OSError, ValueError) as error:
        _close([*bound["http"], *bound["sql"]])
        return _failed(str(error))
    if made_new:
        log.warning(
            f"made a new, empty store at {config.store}; if there should be one, the"
            " address is mistaken"
        )
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_run(config, ledger, log, bound, began))
    except (OSError, ValueError) as error:
        return _failed(str(error))
    finally:
        _close([*bound["http"], *bound["sql"]])
        ledger.store.close()
    return 0


def _is_new(config: Config) -> bool:
    """Whether the store is still to be made, and not as a demo's.

    A server makes it, so that a first start needs nothing else, but not without a word: it may be
    a slip in the address.
    """
    file = None if config.demo else file_of(config.store)
    return file is not None and (not file.exists() or is_empty(file))


def listen(address: Address) -> list[socket.socket]:
    """Sockets bound to every address a host stands for, not yet accepting. Raises OSError."""
    found = socket.getaddrinfo(
        address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )
    bound: list[socket.socket] = []
    failure: OSError | None = None
    for family, _, _, _, name in dict.fromkeys(found):
        if bound and address.port == 0:
            break
        try:
            bound.append(_bind(family, name))
        except OSError as error:
            failure = error
            if error.errno not in _NOT_HERE:
                _close(bound)
                raise
    if not bound:
        raise failure or OSError(errno.EADDRNOTAVAIL, "no such address")
    return bound


def _bind(family: int, name: tuple[object, ...]) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there it would let two servers share a port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, name[0] != "::")
        bound.bind(name)
    except OSError:
        bound.close()
        raise
    return bound


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


async def _run(
    config: Config,
    ledger: Ledger,
    log: Logger,
    bound: dict[str, list[socket.socket]],
    began: float,
) -> None:
    loop = asyncio.get_running_loop()
    assembly = assemble(config, ledger, log, loop)
    certificate = _certificate(config)
    settings = server_config(config, assembly.application, certificate)
    server = _Server(settings, assembly, config.drain_delay)
    if sys.platform != "win32":
        loop.add_signal_handler(signal.SIGHUP, _renew, certificate, assembly, log)
    accepting = [
        await loop.create_server(listener.connection, sock=each, backlog=BACKLOG)
        for listener in assembly.listeners
        for each in bound["sql"]
    ]
    ready = asyncio.create_task(_announce(server, config, ledger, assembly, bound, began))
    assembly.background.start()
    try:
        await server.serve(sockets=bound["http"])
    finally:
        ready.cancel()
        for each in accepting:
            each.close()
        for listener in assembly.listeners:
            await listener.close()
        await asyncio.to_thread(assembly.background.close)
        assembly.runtime.close()
        gc.unfreeze()


def _certificate(config: Config) -> Certificate | None:
    """The certificate for HTTPS. Raises OSError and ValueError."""
    return None if config.certificate is None else Certificate(config.certificate, config.key)


def _renew(certificate: Certificate | None, assembly: Assembly, log: Logger) -> None:
    """SIGHUP: read the certificates again. One that cannot be used leaves the old one in place."""
    try:
        if certificate is not None:
            certificate.renew()
        for listener in assembly.listeners:
            listener.renew_certificate()
    except (OSError, ValueError) as error:
        log.error("certificate", renewed=False, error=str(error))
    else:
        log.info("certificate", renewed=True)


def server_config(
    config: Config, application: Application, certificate: Certificate | None = None
) -> uvicorn.Config:
    """How uvicorn is to run an application."""
    made = uvicorn.Config(
        application,
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


async def _announce(
    server: uvicorn.Server,
    config: Config,
    ledger: Ledger,
    assembly: Assembly,
    bound: dict[str, list[socket.socket]],
    began: float,
) -> None:
    """Once the server listens: say so, and settle the memory that start-up has left."""
    while not server.started:
        await asyncio.sleep(0.001)
    host, port = bound["http"][0].getsockname()[:2]
    sql = Address(*bound["sql"][0].getsockname()[:2]) if bound["sql"] else None
    lines = banner(config, ledger, assembly.plugins, Address(host, port), sql)
    sys.stdout.write(f"{lines}Ready in {time.perf_counter() - began:.2f} s.\n")
    sys.stdout.flush()
    _raise_file_limit()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
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


def _close(listeners: list[socket.socket]) -> None:
    for listener in listeners:
        listener.close()


def _failed(message: str) -> int:
    sys.stderr.write(f"daybook: {message}\n")
    return 1
