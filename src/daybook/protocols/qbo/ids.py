"""Ids on this wire: decimal digits as text, and nothing else.

    >>> text(96), parse("96"), parse("007"), parse("1.5")
    ('96', 96, None, None)

Every record's id is its number in the ledger. Clients convert ids with `int()`, so letters are
never emitted; the one exception are the pseudo tax codes of United States companies.
"""

from typing import Final

from daybook.protocols.qbo.limits import ID_DIGITS_MAX

_LARGEST: Final = 2**63 - 1


def text(number: int) -> str:
    """An id as callers see it."""
    return str(number)


def parse(value: object) -> int | None:
    """The number of an id that a caller wrote, or None for what cannot be one.

    Taken are the digits that `text` writes, and a JSON number of the same value; signs, blanks,
    leading zeros and digits of other scripts are not.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return value if 0 <= value <= _LARGEST else None
    if not isinstance(value, str) or not 0 < len(value) <= ID_DIGITS_MAX:
        return None
    if not (value.isascii() and value.isdigit()) or (value[0] == "0" and value != "0"):
        return None
    number = int(value)
    return number if number <= _LARGEST else None
