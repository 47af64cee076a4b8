"""Addresses to which people who let an application in are sent back."""

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

REDIRECT_LENGTH_MAX: Final = 1_000
"""Characters of such an address."""

REDIRECTS_MAX: Final = 25
"""Addresses of one application: as many as the original takes."""

_PRINTABLE: Final = re.compile(r"[\x21\x23-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]+").fullmatch
"""What addresses are written with: ASCII without blanks, quotes, backslashes and angle brackets."""

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def redirect_fault(redirect: str) -> str | None:
    """What is wrong with an address people are to be sent back to, or None.

    Only https, or http to this machine itself, as at the original; no fragment, no credentials.
    """
    parts = _split(redirect)
    if parts is None or not parts.hostname:
        return f"an absolute address of up to {REDIRECT_LENGTH_MAX} plain characters is wanted"
    if "@" in parts.netloc:
        return "the address holds credentials"
    if "#" in redirect:
        return "the address has a fragment"
    if parts.scheme == "https" or is_loopback(redirect):
        return None
    return "https is wanted, or http to localhost"


def is_loopback(redirect: str) -> bool:
    """Whether an address is one of the browser's own machine, over http."""
    parts = _split(redirect)
    return parts is not None and parts.scheme == "http" and parts.hostname in _LOOPBACK


def _split(redirect: str) -> SplitResult | None:
    if len(redirect) > REDIRECT_LENGTH_MAX or _PRINTABLE(redirect) is None:
        return None
    try:
        parts = urlsplit(redirect)
        _ = parts.port
    except ValueError:
        return None
    return parts
