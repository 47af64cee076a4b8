"""Listening, and stopping in good order.

A signal to stop goes through these steps: `/readyz` says 503 at once; after the drain delay no
connection is accepted and idle ones are closed; requests under way are answered, for as long as
the drain time-out allows; then the store finishes what it took and is closed. A second signal
ends the delay, a third the waiting.
"""

import asyncio
import contextlib
import errno
import gc
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Final

from daybook.app.ledger import Ledger
from daybook.app.ports import StoreFailure
from daybook.server.application import Lifecycle
from daybook.server.banner import banner
from daybook.server.bootstrap import Assembly, assemble, open_books
from daybook.server.config import Address, Config
from daybook.server.connection import Shared
from daybook.server.limits import (
    COLLECTOR_THRESHOLDS,
    FILES_WANTED,
)
from daybook.server.listener import Listener
from daybook.server.observe import Logger, configure_log
from daybook.server.secret import server_key

_NOT_HERE: Final = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def serve(config: Config) -> int:
    """Run a server until it is told to stop. Answers with the process's exit code."""
    began = time.perf_counter()
    log = configure_log(config.log_level, config.log_format)
    try:
        sockets = listen(config.http)
    except OSError as error:
        return _failed(f"cannot listen on {config.http}: {error.strerror or error}")
    try:
        key = server_key(config.secret_file)
        ledger = open_books(config)
    except (StoreFailure, OSError, ValueError) as error:
        _close(sockets)
        return _failed(str(error))
    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            _raise_file_limit()
            runner.run(_run(config, ledger, key, log, sockets, began))
    except OSError as error:
        return _failed(str(error))
    finally:
        _close(sockets)
        ledger.store.close()
    return 0


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


async def _run(
    config: Config,
    ledger: Ledger,
    key: bytes,
    log: Logger,
    sockets: list[socket.socket],
    began: float,
) -> None:
    loop = asyncio.get_running_loop()
    assembly = assemble(config, ledger, key, log, loop)
    shared = Shared(
        assembly.application,
        loop,
        body_timeout=config.body_timeout,
        keep_alive_timeout=config.keep_alive_timeout,
        origin=config.origin,
    )
    listener = Listener(shared, sockets)
    told = _told_to_stop(assembly.lifecycle, loop)
    await listener.start()
    _announce(config, ledger, assembly, sockets, began)
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR_THRESHOLDS)
    await _stopped(told, config, assembly.lifecycle, listener)
    assembly.runtime.close()


def _told_to_stop(lifecycle: Lifecycle, loop: asyncio.AbstractEventLoop) -> asyncio.Semaphore:
    """Rises by one for each signal to stop; the first one starts the draining at once."""
    told = asyncio.Semaphore(0)

    def tell() -> None:
        lifecycle.draining = True
        told.release()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, tell)
    return told


async def _stopped(
    told: asyncio.Semaphore, config: Config, lifecycle: Lifecycle, listener: Listener
) -> None:
    """Wait for a signal, then stop; see the module's text."""
    await told.acquire()
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(told.acquire(), config.drain_delay)
    lifecycle.closed = True
    stopping = asyncio.create_task(listener.stop(config.drain_timeout))
    impatient = asyncio.create_task(told.acquire())
    await asyncio.wait((stopping, impatient), return_when=asyncio.FIRST_COMPLETED)
    impatient.cancel()
    if not stopping.done():
        stopping.cancel()
        await listener.stop(0)


def _announce(
    config: Config,
    ledger: Ledger,
    assembly: Assembly,
    sockets: list[socket.socket],
    began: float,
) -> None:
    host, port = sockets[0].getsockname()[:2]
    lines = banner(config, ledger, assembly.plugins, Address(host, port))
    sys.stdout.write(f"{lines}Ready in {time.perf_counter() - began:.2f} s.\n")
    sys.stdout.flush()


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


def _close(sockets: list[socket.socket]) -> None:
    for listener in sockets:
        listener.close()


def _failed(message: str) -> int:
    sys.stderr.write(f"daybook: {message}\n")
    return 1
