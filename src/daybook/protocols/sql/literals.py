"""Values as callers write them, read as what a column holds.

Every function takes text in any of the accepted forms and raises `SqlFault` with the code that
the form of the mistake has.
"""

import json
import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Final

from daybook.domain.money import AmountError, AmountFault, parse_amount
from daybook.protocols.sql import errors
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.pgwire import types as pg

_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})", re.ASCII)
_MONTH_FIRST = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})", re.ASCII)
_CLOCK = re.compile(
    r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.([0-9]{1,9}))?)?\s*(AM|PM)?"
    r"\s*(Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)?",
    re.ASCII | re.IGNORECASE,
)
_ZONE = re.compile(r"Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?", re.ASCII | re.IGNORECASE)
"""What may follow a date where there is no time: drivers send the zone they are in."""
_TRUE: Final = frozenset(("t", "true", "y", "yes", "on", "1"))
_FALSE: Final = frozenset(("f", "false", "n", "no", "off", "0"))
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = timedelta(days=1) - timedelta(microseconds=1)
LITERAL_SHOWN_MAX: Final = 100
"""Characters of a literal repeated in a message."""


def _bad_date(text: str, kind: str) -> SqlFault:
    shown = text[:LITERAL_SHOWN_MAX]
    return SqlFault(
        errors.BAD_DATE, f'invalid input syntax for type {kind}: "{shown}"', status=3020
    )


def _split(text: str, kind: str) -> tuple[date, str]:
    text = text.strip()
    for form, order in ((_ISO_DATE, (1, 2, 3)), (_MONTH_FIRST, (3, 1, 2))):
        found = form.match(text)
        if found is None:
            continue
        rest = text[found.end() :]
        if rest and rest[0] not in " Tt":
            break
        try:
            year, month, day = (int(found[at]) for at in order)
            return date(year, month, day), rest[1:].strip()
        except ValueError:
            if form is _MONTH_FIRST:
                break  # the day first, most likely
            shown = text[:LITERAL_SHOWN_MAX]
            message = f'date/time field value out of range: "{shown}"'
            raise SqlFault("22008", message, status=3020) from None
    raise _bad_date(text, kind)


def read_date(text: str) -> date:
    """A date; of a date with a time, the time is dropped."""
    day, rest = _split(text, "date")
    if rest and _CLOCK.fullmatch(rest) is None and _ZONE.fullmatch(rest) is None:
        raise _bad_date(text, "date")
    return day


def read_moment(text: str, last: bool = False, zoned: bool = True) -> datetime:
    """A moment in UTC, without a zone. A date alone is its first instant, with `last` its last.

    What is not `zoned` is of no zone: one that is named with it means nothing.
    """
    day, rest = _split(text, "timestamp")
    midnight = datetime(day.year, day.month, day.day)
    if not rest:
        return midnight + _LAST if last else midnight
    found = _CLOCK.fullmatch(rest)
    if found is None:
        raise _bad_date(text, "timestamp")
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    half = (found[5] or "").upper()
    if half:
        if not 1 <= hour <= 12:
            raise _bad_date(text, "timestamp")
        hour = hour % 12 + (12 if half == "PM" else 0)
    micros = int((found[4] or "")[:6].ljust(6, "0"))
    try:
        moment = midnight.replace(hour=hour, minute=minute, second=second, microsecond=micros)
        offset = _offset(found[6])
        return moment - offset if zoned else moment
    except (ValueError, OverflowError):
        raise _bad_date(text, "timestamp") from None


def _offset(text: str | None) -> timedelta:
    if not text or text.upper() in ("Z", "UTC"):
        return timedelta()
    digits = text[1:].replace(":", "").ljust(4, "0")
    span = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(span if text[0] == "+" else -span).utcoffset(None)


def microseconds(moment: datetime) -> int:
    """A moment without a zone as microseconds since 1970."""
    return (moment.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


def moment_text(micros: int) -> str:
    """A moment as PostgreSQL writes it."""
    return clean_stamp(str((_EPOCH + timedelta(microseconds=micros)).replace(tzinfo=None)))


def clean_stamp(text: str) -> str:
    """A moment without zeros at the end of its fraction."""
    return text.rstrip("0").rstrip(".") if "." in text else text


_PART = r"([+-]?[0-9]{1,9}(?:\.[0-9]{1,9})?)"
_ISO_INTERVAL = re.compile(
    rf"P(?=.)(?:{_PART}Y)?(?:{_PART}M)?(?:{_PART}W)?(?:{_PART}D)?"
    rf"(?:T(?:{_PART}H)?(?:{_PART}M)?(?:{_PART}S)?)?",
    re.ASCII,
)
_TIME = r"([+-]?)([0-9]{1,7}):([0-9]{2})(?::([0-9]{2}(?:\.[0-9]{1,6})?))?"
_ISO_PLAIN = re.compile(rf"P([0-9]{{1,6}})-([0-9]{{1,2}})-([0-9]{{1,2}})(?:T{_TIME})?", re.ASCII)
_STANDARD = re.compile(
    rf"(?:([+-]?)([0-9]{{1,6}})-([0-9]{{1,2}}))?\s*(?:([+-]?[0-9]{{1,9}})\s+{_TIME})?", re.ASCII
)
"""Years and months, days and a time, or both, as the SQL standard has them."""
_DAY_SECONDS: Final = 86_400


def read_interval(text: str) -> str:
    """An interval as the engine reads it; of forms that it reads itself, the text as it is.

    As in PostgreSQL a part of a year is months, one of a month is days of 30, others are time.
    """
    plain = text.strip()
    found = _ISO_INTERVAL.fullmatch(plain)
    if found is not None:
        years, months, weeks, days, hours, minutes, seconds = (
            Decimal(found[at] or 0) for at in range(1, 8)
        )
        all_months = int(years) * 12 + round((years - int(years)) * 12) + int(months)
        all_days = weeks * 7 + days + (months - int(months)) * 30
        return _interval(all_months, all_days, (hours * 60 + minutes) * 60 + seconds)
    found = _ISO_PLAIN.fullmatch(plain)
    if found is not None:
        seconds = _clock_seconds(found[4], found[5], found[6], found[7])
        return _interval(int(found[1]) * 12 + int(found[2]), Decimal(found[3]), seconds)
    found = _STANDARD.fullmatch(plain)
    if found is not None and plain:
        months = Decimal((found[1] or "") + str(int(found[2] or 0) * 12 + int(found[3] or 0)))
        seconds = _clock_seconds(found[5], found[6], found[7], found[8])
        return _interval(int(months), Decimal(found[4] or 0), seconds)
    return text


def _clock_seconds(sign: str | None, *parts: str | None) -> Decimal:
    hours, minutes, seconds = (Decimal(part or 0) for part in parts)
    total = (hours * 60 + minutes) * 60 + seconds
    return -total if sign == "-" else total


def _interval(months: int, days: Decimal, seconds: Decimal) -> str:
    micros = int((seconds + (days - int(days)) * _DAY_SECONDS) * 1_000_000)
    return f"{months} months {int(days)} days {micros} microseconds"


def read_boolean(text: str) -> bool:
    """A boolean."""
    word = text.strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    message = f'invalid input syntax for type boolean: "{text[:LITERAL_SHOWN_MAX]}"'
    raise SqlFault(errors.BAD_TEXT, message, status=3010)


_ESCAPE = re.compile(rb"\\(\\|[0-3][0-7]{2})?")


def read_bytes(text: str) -> bytes:
    r"""Bytes, in hexadecimal form behind \x or as text with octal escapes."""
    if not text.startswith("\\x"):
        return _ESCAPE.sub(_escaped, text.encode())
    try:
        return bytes.fromhex(text[2:])
    except ValueError:
        shown = text[:LITERAL_SHOWN_MAX]
        raise SqlFault(errors.BAD_PARAMETER, f'invalid hexadecimal data: "{shown}"') from None


def _escaped(found: re.Match[bytes]) -> bytes:
    if found[1] is None:
        raise SqlFault(errors.BAD_TEXT, "invalid input syntax for type bytea")
    return b"\\" if found[1] == b"\\" else bytes([int(found[1], 8)])


def read_amount(text: str, exponent: int, column: str = "LineAmount") -> int:
    """Minor units of an amount that is not negative."""
    plain = text.strip()
    if plain.startswith("+"):
        plain = plain[1:]
    try:
        minor = parse_amount(plain, exponent)
    except AmountError as error:
        shown = text[:LITERAL_SHOWN_MAX]
        if error.fault is AmountFault.SYNTAX:
            message = f'invalid input syntax for type numeric: "{shown}"'
            raise SqlFault(errors.BAD_TEXT, message, status=3040, column=column) from None
        message = f"the amount {shown} cannot be taken: {error.fault.value}"
        raise SqlFault(errors.OUT_OF_RANGE, message, status=3040, column=column) from None
    if minor < 0:
        raise SqlFault(
            errors.OUT_OF_RANGE,
            f"{column} is negative; the side of a line is in LineType, never in the sign",
            status=3040,
            column=column,
        )
    return minor


_NUMBER = re.compile(
    r"\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?\s*", re.ASCII
)
_WHOLE = re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII)
_RANGES: Final = {pg.INT2: 2**15, pg.INT4: 2**31, pg.INT8: 2**63, pg.OID: 2**32}
TYPE_NAMES: Final = {
    pg.INT2: "smallint",
    pg.INT4: "integer",
    pg.INT8: "bigint",
    pg.OID: "oid",
    pg.NUMERIC: "numeric",
    pg.FLOAT4: "real",
    pg.FLOAT8: "double precision",
    pg.UUID_: "uuid",
}
NUMBER_DIGITS_MAX: Final = 60
"""Digits of a number that is compared: more than any value the engine holds."""
_NATURAL = re.compile(r"[0-9]{1,19}")
"""Digits of the largest bigint; `str.isdigit` takes what `int` does not, such as `²`."""


def natural(text: str) -> int | None:
    """A whole number as plain digits, where it is one that a bigint holds."""
    number = int(text) if _NATURAL.fullmatch(text) else _RANGES[pg.INT8]
    return number if number < _RANGES[pg.INT8] else None


def canonical(oid: int, text: str) -> str:
    """A value of a type as the engines read it. Raises `SqlFault` where it is none."""
    if oid in (pg.TEXT, pg.VARCHAR, pg.BPCHAR, pg.NAME, pg.UNKNOWN, pg.CHAR):
        if "\0" in text:
            message = 'invalid byte sequence for encoding "UTF8": 0x00'
            raise SqlFault("22021", message)
        return text
    if oid == pg.DATE:
        return read_date(text).isoformat()
    if oid in (pg.TIMESTAMP, pg.TIMESTAMPTZ):
        return str(read_moment(text, zoned=oid == pg.TIMESTAMPTZ))
    if oid == pg.BYTEA:
        return "\\x" + read_bytes(text).hex()
    if oid == pg.BOOL:
        return "t" if read_boolean(text) else "f"
    if oid == pg.INTERVAL:
        return read_interval(text)
    if oid in _RANGES:
        whole = _WHOLE.fullmatch(text) is not None
        if whole and len(text) <= NUMBER_DIGITS_MAX:
            bound = _RANGES[oid]
            if -bound <= int(text) < bound:
                return str(int(text))
        if whole:
            message = (
                f'value "{text[:LITERAL_SHOWN_MAX]}" is out of range for type {TYPE_NAMES[oid]}'
            )
            raise SqlFault(errors.OUT_OF_RANGE, message)
    elif oid == pg.NUMERIC:
        if _NUMBER.fullmatch(text) and len(text) <= NUMBER_DIGITS_MAX:
            return format(Decimal(text.strip()), "f")
    elif oid in (pg.FLOAT4, pg.FLOAT8):
        if _NUMBER.fullmatch(text) or text.strip().lower() in ("nan", "infinity", "-infinity"):
            return text.strip()
    elif oid in pg.ARRAYS:
        try:
            items = pg.array_items(text)
        except pg.BadValue as fault:
            raise SqlFault(errors.BAD_TEXT, str(fault)) from None
        element = pg.ARRAYS[oid]
        return pg.array_text([None if each is None else canonical(element, each) for each in items])
    else:
        return text
    name = TYPE_NAMES.get(oid, "text")
    message = f'invalid input syntax for type {name}: "{text[:LITERAL_SHOWN_MAX]}"'
    raise SqlFault(errors.BAD_TEXT, message)


def json_member(text: str, name: str) -> str | None:
    """A text member of a JSON object."""
    found = json.loads(text).get(name)
    return found if isinstance(found, str) else None
