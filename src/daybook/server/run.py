"""The command `serve`: sockets and books are opened, then one process serves, or several."""

import errno
import socket
import sys
import time
from typing import Final

from daybook.app.ports import StoreFailure
from daybook.cli.kit import file_of, is_empty
from daybook.server.bootstrap import open_books
from daybook.server.config import Address, Config
from daybook.server.observe import configure_log
from daybook.server.process import Bound, failed, serve_here, write_greeting

_NOT_HERE: Final = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def serve(config: Config) -> int:
    """Run a server until it is told to stop. Answers with the process's exit code."""
    began = time.perf_counter()
    log = configure_log(config.log_level, config.log_format)
    bound = Bound()
    for sockets, address in ((bound.http, config.http), (bound.sql, config.sql)):
        try:
            sockets.extend([] if address is None else listen(address))
        except OSError as error:
            bound.close()
            return failed(f"cannot listen on {address}: {error.strerror or error}")
    made_new = _is_new(config)
    try:
        ledger = open_books(config)
    except (StoreFailure, OSError, ValueError) as error:
        bound.close()
        return failed(str(error))
    if made_new:
        log.warning(
            f"made a new, empty store at {config.store}; if there should be one, the"
            " address is mistaken"
        )
    if config.workers > 1:
        from daybook.server import workers

        return workers.serve(config, ledger, log, bound, began)

    def announce(greeting: str) -> None:
        write_greeting(greeting, began)

    try:
        return serve_here(config, ledger, log, bound, announce)
    finally:
        bound.close()


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


def _close(listeners: list[socket.socket]) -> None:
    for listener in listeners:
        listener.close()
