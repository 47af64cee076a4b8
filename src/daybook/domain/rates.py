"""Exchange rates, and home amounts that balance.

A rate is home units for one foreign unit. Converting each line and rounding it does not balance;
so each line is rounded half to even, and what is left over (always fewer minor units than there
are lines) goes, one unit each, to the lines whose rounding erred most in that direction, ties by
position. Deterministic: the same lines and rate give the same home amounts everywhere.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from daybook.domain.limits import RATE_DECIMALS_MAX, RATE_INTEGER_DIGITS_MAX

ONE: Final = Decimal(1)

_RATE: Final = re.compile(
    rf"[0-9]{{1,{RATE_INTEGER_DIGITS_MAX}}}(?:\.[0-9]{{1,{RATE_DECIMALS_MAX}}})?", re.ASCII
).fullmatch


def parse_rate(text: str) -> Decimal:
    """A rate from text. Raises ValueError unless it is a plain decimal above 0 within bounds."""
    if _RATE(text) is None:
        raise ValueError("not a plain decimal number with up to 10 digits and 10 decimals")
    return normal_rate(Decimal(text))


def normal_rate(value: Decimal) -> Decimal:
    """A rate without trailing zeros, so that equal rates are written alike.

    Raises ValueError unless it is above 0 and within bounds.
    """
    if not value.is_finite() or value <= 0:
        raise ValueError("not above 0")
    if value.adjusted() >= RATE_INTEGER_DIGITS_MAX or value.adjusted() < -RATE_DECIMALS_MAX:
        raise ValueError("not within 10 digits and 10 decimals")
    plain = value.normalize()
    exponent = plain.as_tuple().exponent
    assert isinstance(exponent, int)
    if -exponent > RATE_DECIMALS_MAX:
        raise ValueError("more than 10 decimals")
    return plain if exponent <= 0 else plain.quantize(ONE)


def home_amounts(
    signed: Sequence[int], rate: Decimal, exponent: int, home_exponent: int
) -> list[int]:
    """Home amounts for the signed amounts of an entry's lines, in order, signs alike.

    `signed` are minor units of a currency with `exponent` decimals and sum to zero; the result
    are minor units of the home currency and sum to zero too.
    """
    sign, digits, power = rate.as_tuple()
    assert not sign
    assert isinstance(power, int)
    shift = power + home_exponent - exponent
    factor = int("".join(map(str, digits))) * 10 ** max(shift, 0)
    divisor = 10 ** max(-shift, 0)
    rounded: list[int] = []
    errors: list[int] = []
    for amount in signed:
        exact = amount * factor
        nearest, remainder = divmod(exact, divisor)
        if 2 * remainder > divisor or (2 * remainder == divisor and nearest & 1):
            nearest += 1
        rounded.append(nearest)
        errors.append(nearest * divisor - exact)
    residue = sum(rounded)
    if residue:
        step = 1 if residue > 0 else -1
        by_error = sorted(range(len(rounded)), key=lambda at: (-step * errors[at], at))
        for at in by_error[: abs(residue)]:
            rounded[at] -= step
    return rounded
