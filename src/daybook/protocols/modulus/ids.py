"""Journal ids: the entry's own number.

>>> parse("03400"), parse(3400)
(3400, 3400)
>>> parse("12.5"), parse("-1"), parse("+5"), parse(0), parse("9" * 40)
(None, None, None, None, None)
"""

from typing import Final

from daybook.domain.ids import EntryId
from daybook.protocols.modulus.limits import ID_DIGITS_MAX

_LARGEST: Final = 2**63 - 1
_LARGEST_DIGITS: Final = len(str(_LARGEST))


def parse(value: object) -> EntryId | None:
    """The number of a journal id, or None for what is no whole number above 0.

    Taken are ASCII digits, leading zeros among them, and a JSON integer. A number that no entry
    can have is none either: callers cannot tell it from one that no entry has.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, str) and len(value) <= ID_DIGITS_MAX:
        if not (value.isascii() and value.isdigit()):
            return None
        digits = value.lstrip("0")
        if not 0 < len(digits) <= _LARGEST_DIGITS:
            return None
        number = int(digits)
    else:
        return None
    return EntryId(number) if 0 < number <= _LARGEST else None
