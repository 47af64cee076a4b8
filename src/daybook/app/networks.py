"""What callers' addresses count as where something is counted by where it comes from."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

NETWORK_BITS: Final = 64
"""Bits of an IPv6 address that name a network: the smallest that is given to a household."""

BLOCK_BITS: Final = 48
"""Bits that name the largest block given to one customer: 65,536 such networks."""


def network_of(peer: str) -> str:
    """What an address counts as: of IPv6 the network, since one machine has all its addresses."""
    address = _address(peer)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), NETWORK_BITS), strict=False))
    return peer if address is None else str(address)


def block_of(peer: str) -> str:
    """The block of IPv6 networks that an address may share with one customer alone; else empty."""
    address = _address(peer)
    if isinstance(address, IPv6Address):
        return str(IPv6Network((int(address), BLOCK_BITS), strict=False))
    return ""


def _address(peer: str) -> IPv4Address | IPv6Address | None:
    """An address as it counts, None for what is none; of IPv4 in IPv6 that of IPv4."""
    try:
        address = ip_address(peer)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
