"""Numbers in addresses and forms."""

from typing import Final

DIGITS_MAX: Final = 18
"""Digits that are looked at: all that 64 bits hold."""


def read_number(text: str) -> int | None:
    """A number from 0 on, in ASCII digits; None for anything else."""
    plain = text.isascii() and text.isdigit() and len(text) <= DIGITS_MAX
    return int(text) if plain else None
