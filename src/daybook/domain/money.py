"""Amounts: text to whole minor units and back, never through floating point.

    >>> parse_amount("1234.5", 2)
    123450
    >>> amount_text(123450, 2)
    '1234.50'

The grammar is checked, and bounded, before any number is built: `Decimal` accepts NaN, exponents
of a million digits, full-width digits and underscores.
"""

import re
from decimal import Decimal
from enum import StrEnum
from typing import Final

from daybook.domain.limits import AMOUNT_DECIMALS_MAX, AMOUNT_DIGITS_MAX, AMOUNT_MAX


class AmountFault(StrEnum):
    """What can be wrong with an amount."""

    SYNTAX = "not a plain decimal number"
    DIGITS = "more digits than an amount can have"
    PRECISION = "more decimals than the currency has"
    RANGE = "larger than an amount can be"


class AmountError(ValueError):
    """An amount that cannot be taken, and why."""

    def __init__(self, fault: AmountFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


class Rounding(StrEnum):
    """What to do with decimals the currency does not have."""

    REFUSE = "refuse"
    HALF_UP = "half-up"
    """Away from zero from the half on, as invoices are rounded."""


_PLAIN: Final = re.compile(r"(-?)([0-9]+)(?:\.([0-9]+))?", re.ASCII).fullmatch
_SCALES: Final = tuple(10**power for power in range(AMOUNT_DECIMALS_MAX + 1))


def parse_amount(text: str, exponent: int, rounding: Rounding = Rounding.REFUSE) -> int:
    """Minor units of an amount in text, with `exponent` decimals.

    Raises `AmountError`; accepts an optional minus, ASCII digits and one point, nothing else.
    """
    if len(text) > AMOUNT_DIGITS_MAX + AMOUNT_DECIMALS_MAX + 2:
        raise AmountError(AmountFault.DIGITS if _PLAIN(text) else AmountFault.SYNTAX)
    match = _PLAIN(text)
    if match is None:
        raise AmountError(AmountFault.SYNTAX)
    sign, whole, decimals = match.groups("")
    if len(whole) > AMOUNT_DIGITS_MAX or len(decimals) > AMOUNT_DECIMALS_MAX:
        raise AmountError(AmountFault.DIGITS)
    kept, dropped = decimals[:exponent], decimals[exponent:]
    minor: int = int(whole + kept) * _SCALES[exponent - len(kept)]
    if dropped.strip("0"):
        if rounding is Rounding.REFUSE:
            raise AmountError(AmountFault.PRECISION)
        minor += dropped[0] >= "5"
    if minor > AMOUNT_MAX:
        raise AmountError(AmountFault.RANGE)
    return -minor if sign else minor


def minor_units(value: Decimal | int, exponent: int, rounding: Rounding = Rounding.REFUSE) -> int:
    """Minor units of a number that a decoder has already built. Raises `AmountError`.

    An exponent in the literal is fine as long as the digits written out stay within bounds.
    """
    if isinstance(value, int):
        if abs(value) > AMOUNT_MAX:
            raise AmountError(AmountFault.RANGE)
        return parse_amount(str(value), exponent, rounding)
    if not value.is_finite():
        raise AmountError(AmountFault.SYNTAX)
    if value and not -AMOUNT_DECIMALS_MAX - 1 <= value.adjusted() < AMOUNT_DIGITS_MAX:
        raise AmountError(AmountFault.DIGITS)
    if not value:
        return 0
    if -value.as_tuple().exponent > 40:  # type: ignore[operator]
        raise AmountError(AmountFault.DIGITS)
    return parse_amount(format(value, "f"), exponent, rounding)


def amount_decimal(minor: int, exponent: int) -> Decimal:
    """An amount as an exact decimal with the currency's number of decimals."""
    return Decimal(minor).scaleb(-exponent)


def amount_text(minor: int, exponent: int) -> str:
    """An amount as text with the currency's number of decimals."""
    digits = str(minor)
    if not exponent:
        return digits
    if minor < 0 or len(digits) <= exponent:  # a sign, or zeros in front: few amounts have either
        digits = str(abs(minor)).rjust(exponent + 1, "0")
        return f"{'-' if minor < 0 else ''}{digits[:-exponent]}.{digits[-exponent:]}"
    return f"{digits[:-exponent]}.{digits[-exponent:]}"
