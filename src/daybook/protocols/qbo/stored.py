"""Members that only this wire understands, kept beside a record as JSON text.

The core keeps them in the record's annex under this wire's name and never looks inside. Dates are
kept as text; numbers keep their digits.
"""

from datetime import date
from functools import lru_cache
from typing import Any, Final

from daybook.domain.model import Annex, annex_of, with_annex
from daybook.protocols.kit import json
from daybook.protocols.qbo import errors
from daybook.protocols.qbo.errors import QboFault
from daybook.protocols.qbo.limits import STORED_BYTES_MAX

WIRE: Final = "qbo"
"""The name of this wire: in annexes, in the origin of entries, in idempotency keys."""

KEPT_MAX: Final = 4_096
KEPT_LENGTH_MAX: Final = 1_024
"""Texts whose members are kept once they were read, and characters of one: together some 20 MB.
What comes again and again is short."""


def load(annex: Annex) -> dict[str, Any]:
    """The members kept in an annex; empty if there are none. The caller owns the dict."""
    text = annex_of(annex, WIRE) if annex else None
    if text is None:
        return {}
    return dict(_parse_once(text) if len(text) <= KEPT_LENGTH_MAX else _parse(text))


def _parse(text: str) -> dict[str, Any]:
    members: dict[str, Any] = json.decode(text.encode())
    return members


_parse_once: Final = lru_cache(maxsize=KEPT_MAX)(_parse)


def dump(annex: Annex, members: dict[str, Any]) -> Annex:
    """The annex with this wire's members replaced; those that are None are left out.

    Raises `QboFault` where they are more than a record keeps.
    """
    kept = {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in sorted(members.items())
        if value is not None
    }
    if not kept:
        return with_annex(annex, WIRE, None) if annex else annex
    text = json.encode(kept)
    if len(text) > STORED_BYTES_MAX:
        plain = f"additional members take {len(text)} bytes, {STORED_BYTES_MAX} at most"
        raise QboFault([errors.business("The record is too large.", plain)])
    return with_annex(annex, WIRE, text.decode())
