"""How amounts, days and moments are written for people.

    >>> money(-123456, "GBP")
    '−1,234.56'
    >>> day(date(2026, 2, 3))
    '3 Feb 2026'

Months are words, so that nobody reads a February third as a March second. Amounts have their
currency's decimals and a true minus, so that columns line up.
"""

import re
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from daybook.domain import currencies
from daybook.domain.ids import Timestamp
from daybook.domain.limits import RECORD_ID_MAX
from daybook.domain.model import Status
from daybook.domain.money import AmountError, AmountFault, amount_text, parse_amount

_STATUSES: Final = {
    Status.PENDING: "Draft",
    Status.REVIEW: "In review",
    Status.POSTED: "Posted",
}
_MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_MICROSECONDS: Final = 1_000_000
_AMOUNT: Final = re.compile(
    r"(-?)\s*([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,3}(?:\s[0-9]{3})+|[0-9]*)(?:\.([0-9]*))?"
).fullmatch


@lru_cache(maxsize=64)
def zone(name: str) -> ZoneInfo:
    """A company's time zone."""
    return ZoneInfo(name)


def money(minor: int, currency: str) -> str:
    """An amount with its currency's decimals and thousands apart."""
    whole, point, decimals = amount_text(abs(minor), currencies.exponent(currency)).partition(".")
    return ("−" if minor < 0 else "") + f"{int(whole):,}{point}{decimals}"


def plain_money(minor: int, currency: str) -> str:
    """An amount as it stands in a field: no thousands apart, so that it can be read back."""
    return amount_text(minor, currencies.exponent(currency))


def read_money(text: str, currency: str) -> int:
    """Minor units of an amount as people write it: `1,234.50` or `1 234.50`.

    Raises `AmountError`. Commas or blanks part thousands and are taken where they do; `1,5` is
    refused rather than taken for fifteen, and so are decimals that the currency does not have, be
    they zeros: many who write `1.000` mean a thousand.
    """
    found = _AMOUNT(text.strip().replace("−", "-"))
    if found is None:
        raise AmountError(AmountFault.SYNTAX)
    sign, whole, decimals = found.groups("")
    exponent = currencies.exponent(currency)
    if len(decimals) > exponent:
        raise AmountError(AmountFault.PRECISION)
    if not whole and not decimals:
        raise AmountError(AmountFault.SYNTAX)
    digits = "".join(whole.replace(",", " ").split()) or "0"
    return parse_amount(sign + digits + (f".{decimals}" if decimals else ""), exponent)


def day(given: date) -> str:
    """A calendar date."""
    return f"{given.day} {_MONTHS[given.month - 1]} {given.year:04d}"


def local(moment: Timestamp, time_zone: str) -> datetime:
    """A moment in a company's time zone."""
    seconds, micros = divmod(moment, _MICROSECONDS)
    return (
        datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros).astimezone(zone(time_zone))
    )


def moment(given: Timestamp, time_zone: str) -> str:
    """A moment in a company's time zone, to the second, the zone's short name behind it."""
    there = local(given, time_zone)
    return f"{day(there.date())}, {there:%H:%M:%S} {there.tzname()}"


def today(now: Timestamp, time_zone: str) -> date:
    """The company's calendar date at a moment."""
    return local(now, time_zone).date()


def status(given: Status) -> str:
    """An entry's status, as people call it everywhere in the pages."""
    return _STATUSES[given]


def read_number(text: str) -> int | None:
    """A record's number or version as an address or a hidden field has it; None for no such."""
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(RECORD_ID_MAX))):
        return None
    return int(text)


def read_day(text: str) -> date | None:
    """A date as a date field sends it, `2026-02-03`; None for anything else."""
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
