"""What callers' addresses count as where something is counted by where it comes from."""

from ipaddress import IPv4Address, IPv6Network, ip_address
from typing import Final

NETWORK_BITS: Final = 64
"""Bits of an IPv6 address that name a network: the smallest that is given to a household."""


def network_of(peer: str) -> str:
    """What an address counts as: of IPv6 the network, since one machine has all its addresses."""
    try:
        address = ip_address(peer)
    except ValueError:
        return peer
    if isinstance(address, IPv4Address):
        return peer
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), NETWORK_BITS), strict=False))
