"""One attempt at delivering a message: a POST that cannot be led astray.

Addresses come from users, so what they lead to is not trusted (server-side request forgery). The
name is looked up once, each address it stands for is judged, and the connection goes to that very
address, so that a second look-up cannot answer otherwise. Nothing is followed: no redirect, no
proxy of the environment. Of the answer only the status is read. However slowly the other side
answers, the attempt ends after `ATTEMPT_SECONDS`.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from enum import Enum
from queue import Empty, SimpleQueue
from typing import Any, Final
from urllib.parse import urlsplit

from daybook.app.outbox import url_fault

ATTEMPT_SECONDS: Final = 15.0
"""How long an attempt may take in all; what receivers of signed webhooks are commonly given."""

ADDRESSES_TRIED_MAX: Final = 3
"""Addresses of one name that are tried, one after the other."""

LOOKUPS_MAX: Final = 64
"""Names being looked up at a time, those that nobody waits for any more included."""

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")
"""Addresses that stand for those of the older protocol, in their last 32 bits (RFC 6052)."""

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class Reach(Enum):
    """Where deliveries may go."""

    PUBLIC = "public"
    ANYWHERE = "anywhere"
    """Also to this machine, private networks and other addresses that are not public."""


_UNICAST6: Final = ipaddress.IPv6Network("2000::/3")
"""All of IPv6 that is given out for the public network."""

_NOT_PUBLIC: Final = tuple(
    ipaddress.ip_network(text)
    for text in (
        "192.0.0.0/24",  # protocol assignments; metadata of one cloud
        "192.88.99.0/24",  # relays that are no more
        "168.63.129.16/32",  # the platform's own address in another cloud
        "3fff::/20",  # documentation
    )
)
"""What the tables of some Python releases call global, and is not for a webhook."""


class Undelivered(Exception):
    """Why an attempt failed, in words for people."""


def is_public(text: str) -> bool:
    """Whether an IP address belongs to the public network, under every reading of it."""
    address: IPAddress = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            address = inner
        elif address.teredo is not None:
            return False
    if any(address in network for network in _NOT_PUBLIC if network.version == address.version):
        return False
    if isinstance(address, ipaddress.IPv6Address) and address not in _UNICAST6:
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


_lookups: Final = threading.BoundedSemaphore(LOOKUPS_MAX)


def _looked_up(host: str, port: int, timeout: float) -> list[Any]:
    """What a name stands for. Raises OSError, UnicodeError, and TimeoutError when it takes long.

    The system's resolver cannot be stopped, so it is left behind on a thread of its own.
    """
    results: SimpleQueue[Any] = SimpleQueue()
    lookups = _lookups

    def work() -> None:
        try:
            results.put(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except Exception as error:
            results.put(error)
        finally:
            lookups.release()

    if not lookups.acquire(blocking=False):
        raise TimeoutError("too many names are being looked up")
    threading.Thread(target=work, name="lookup", daemon=True).start()
    try:
        found = results.get(timeout=timeout)
    except Empty:
        raise TimeoutError(f"the name {host} was not found within {timeout:g} s") from None
    if isinstance(found, Exception):
        raise found
    return list(found)


def addresses(host: str, port: int, reach: Reach, timeout: float = ATTEMPT_SECONDS) -> list[str]:
    """The addresses a name stands for, those allowed. Raises `Undelivered` if there are none."""
    try:
        found = _looked_up(host, port, timeout)
    except TimeoutError as error:
        raise Undelivered(str(error)) from error
    except (OSError, UnicodeError) as error:
        raise Undelivered(f"the name {host} is not known") from error
    known = list(dict.fromkeys(str(name[0]) for *_, name in found))
    allowed = [each for each in known if reach is Reach.ANYWHERE or is_public(each)]
    if not allowed:
        raise Undelivered(f"{host} is not a public address, and this server sends to no other")
    return allowed[:ADDRESSES_TRIED_MAX]


def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    reach: Reach,
    timeout: float = ATTEMPT_SECONDS,
) -> None:
    """Post a body; returns once the other side has answered with a status from 200 to 299.

    Raises `Undelivered` for everything else.
    """
    fault = url_fault(url)
    if fault is not None:
        raise Undelivered(f"the address has {fault}")
    parts = urlsplit(url)
    assert parts.hostname is not None
    secure = parts.scheme.lower() == "https"
    port = parts.port or (443 if secure else 80)
    ends = time.monotonic() + timeout
    allowed = addresses(parts.hostname, port, reach, timeout)
    left = max(ends - time.monotonic(), 0.001)
    connection = _Pinned(parts.hostname, port, allowed, secure, left)
    watch = threading.Timer(left, connection.abort)
    watch.daemon = True
    watch.start()
    try:
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection.request("POST", target, body, dict(headers))
        status = connection.getresponse().status
        if connection.aborted:  # what came before looks like the whole answer
            raise TimeoutError
    except (OSError, http.client.HTTPException, ValueError) as error:
        if connection.aborted:
            raise Undelivered(f"no answer within {timeout:g} s") from error
        raise Undelivered(f"{type(error).__name__}: {error}") from error
    finally:
        watch.cancel()
        connection.close()
    if not 200 <= status <= 299:
        raise Undelivered(f"answered with status {status}")


class _Pinned(http.client.HTTPConnection):
    """A connection to given addresses under a host's name."""

    def __init__(
        self, host: str, port: int, addresses: Sequence[str], secure: bool, timeout: float
    ) -> None:
        super().__init__(host, port, timeout=timeout)
        self.default_port = 443 if secure else 80
        self._addresses = addresses
        self._secure = secure
        self.aborted = False

    def connect(self) -> None:
        """Connect to the first address that answers, with TLS where it is asked for."""
        failure: OSError | None = None
        for address in self._addresses:
            if self.aborted:
                break
            try:
                self.sock = socket.create_connection((address, self.port), self.timeout)
            except OSError as error:
                failure = error
            else:
                break
        else:
            raise failure or OSError("no address")
        if self._secure and self.sock is not None:
            context = ssl.create_default_context()
            # The handshake comes after, so that `abort` reaches the socket it waits on.
            self.sock = context.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            self.sock.do_handshake()
        if self.aborted:
            self.abort()
            raise TimeoutError

    def abort(self) -> None:
        """End whatever it waits for. Called on another thread."""
        self.aborted = True
        taken = self.sock
        if taken is not None:
            with suppress(OSError):
                taken.shutdown(socket.SHUT_RDWR)
