"""Proxies that are believed about who a request comes from.

Behind a proxy every connection comes from the proxy's address. What it says of the caller stands in
headers that anybody can send, so they count only where the connection comes from a network that
was named (`--trusted-proxy`). Of `X-Forwarded-For` the last address that is no such proxy is the
caller's: what stands before it was written by whoever the caller is.
"""

import ipaddress
import re
from collections.abc import Mapping, Sequence
from typing import Final

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

HOPS_MAX: Final = 20
"""Addresses of `X-Forwarded-For` that are looked at, from its end."""

_HOST: Final = re.compile(
    r"[A-Za-z0-9.-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?"
)


def networks_of(text: str) -> tuple[Network, ...]:
    """The networks of a setting: addresses or networks, parted by commas. Raises ValueError."""
    return tuple(ipaddress.ip_network(piece.strip()) for piece in text.split(",") if piece.strip())


class Proxies:
    """The proxies of a server."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = tuple(networks)

    def are(self, peer: str) -> bool:
        """Whether an address is one of theirs."""
        try:
            address = ipaddress.ip_address(peer.partition("%")[0])
        except ValueError:
            return False
        mapped = getattr(address, "ipv4_mapped", None)
        return any((mapped or address) in network for network in self._networks)

    def peer(self, peer: str, headers: Mapping[str, str]) -> str:
        """The caller's address behind a proxy at `peer`."""
        for hop in reversed(headers.get("x-forwarded-for", "").split(",")[-HOPS_MAX:]):
            text = hop.strip()
            try:
                ipaddress.ip_address(text)
            except ValueError:
                return peer
            if not self.are(text):
                return text
            peer = text
        return peer

    @staticmethod
    def origin(origin: str, headers: Mapping[str, str]) -> str:
        """Scheme and authority by which the caller reached the proxy, as far as it says."""
        scheme, _, authority = origin.partition("://")
        said = headers.get("x-forwarded-proto", "").strip().lower()
        host = headers.get("x-forwarded-host", "").strip()
        if said in ("http", "https"):
            scheme = said
        if _HOST.fullmatch(host):
            authority = host
        return f"{scheme}://{authority}"
