"""Amounts between minor units and the numbers of JSON, exactly.

>>> shown(-2230, 2)
Decimal('-22.3')
>>> minor_units(Decimal("22.3"), 2)
2230
"""

from decimal import Decimal
from typing import Any, Final

from daybook.domain.limits import AMOUNT_MAX

_MAGNITUDE_MAX: Final = 28
"""Digits of an amount before the point that are looked at, as the original reads them."""


def _power(exponent: int) -> int:
    power: int = 10**exponent
    return power


class AmountError(ValueError):
    """A number that cannot be an amount of its currency; the text says why."""


def shown(minor: int, exponent: int) -> Decimal | int:
    """An amount as a number without superfluous zeros."""
    whole, rest = divmod(abs(minor), _power(exponent))
    if not rest:
        return whole if minor >= 0 else -whole
    digits = f"{whole}.{rest:0{exponent}}".rstrip("0")
    return Decimal(digits if minor >= 0 else "-" + digits)


def minor_units(number: Any, exponent: int) -> int:
    """The minor units of a JSON number. Raises `AmountError`."""
    amount = Decimal(number)
    if amount and amount.adjusted() >= _MAGNITUDE_MAX:
        raise AmountError("is larger than an amount may be")
    sign, digits, power = amount.as_tuple()
    assert isinstance(power, int), "JSON has no infinities"
    minor = int("".join(map(str, digits)))
    shift = power + exponent
    # not by Decimal's own arithmetic, which would round what has more than 28 digits
    if shift < 0:
        minor, rest = divmod(minor, _power(-shift))
        if rest:
            raise AmountError(f"has more than {exponent} decimals")
    else:
        minor *= _power(shift)
    if sign:
        minor = -minor
    if abs(minor) > AMOUNT_MAX:
        raise AmountError("is larger than an amount may be")
    return minor
