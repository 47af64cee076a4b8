"""Types: their numbers, and values between text form and binary form.

Inside the interface every value is text in PostgreSQL's form, or None. Clients may send and ask
for binary; it is translated here, one value at a time, without a float where there was none.
"""

import itertools
import json
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from struct import Struct, error, pack
from typing import Final
from uuid import UUID

from daybook.protocols.sql.limits import ARRAY_ITEMS_MAX

BOOL, BYTEA, CHAR, NAME, INT8, INT2, INT4 = 16, 17, 18, 19, 20, 21, 23
REGPROC, TEXT, OID, JSON, FLOAT4, FLOAT8, UNKNOWN = 24, 25, 26, 114, 700, 701, 705
BPCHAR, VARCHAR, DATE, TIME, TIMESTAMP, TIMESTAMPTZ = 1042, 1043, 1082, 1083, 1114, 1184
INTERVAL, NUMERIC, REGCLASS, REGTYPE, UUID_, VOID, RECORD = 1186, 1700, 2205, 2206, 2950, 2278, 2249
INT2VECTOR, OIDVECTOR, JSONB = 22, 30, 3802

ARRAYS: Final[dict[int, int]] = {
    1000: BOOL,
    1001: BYTEA,
    1002: CHAR,
    1003: NAME,
    1005: INT2,
    1007: INT4,
    1009: TEXT,
    1014: BPCHAR,
    1015: VARCHAR,
    1016: INT8,
    1021: FLOAT4,
    1022: FLOAT8,
    1028: OID,
    1115: TIMESTAMP,
    1182: DATE,
    1183: TIME,
    1185: TIMESTAMPTZ,
    1187: INTERVAL,
    1231: NUMERIC,
    2951: UUID_,
    199: JSON,
}
"""Array types and what they hold."""
ARRAY_OF: Final = {element: array for array, element in ARRAYS.items()}

SIZES: Final = {
    BOOL: 1,
    INT2: 2,
    INT4: 4,
    INT8: 8,
    FLOAT4: 4,
    FLOAT8: 8,
    DATE: 4,
    TIME: 8,
    TIMESTAMP: 8,
    TIMESTAMPTZ: 8,
    INTERVAL: 16,
    OID: 4,
    UUID_: 16,
    NAME: 64,
    CHAR: 1,
    REGPROC: 4,
    REGCLASS: 4,
    REGTYPE: 4,
    VOID: 4,
}
"""Bytes of types of fixed size; -1 for the others."""

BEFORE_CHRIST: Final = " BC"
"""What follows a day or moment before the year 1."""
_EPOCH: Final = date(2000, 1, 1)
_MOMENT: Final = datetime(2000, 1, 1)
_INT2, _INT4, _INT8, _UINT4 = Struct("!h"), Struct("!i"), Struct("!q"), Struct("!I")
_FLOAT4, _FLOAT8, _INTERVAL = Struct("!f"), Struct("!d"), Struct("!qii")
_NUMERIC = Struct("!hHHH")
_SECOND: Final = 1_000_000
_DAY: Final = 86_400 * _SECOND
_CYCLE_DAYS: Final = 146_097
_STAMP = re.compile(
    r"(\d{4,7})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?([+-]\d\d)?(?::?\d\d)?"
)
_PARTS = re.compile(r"([+-]?\d+) (year|mon|day)s?|([+-]?)(\d+):(\d\d):(\d\d)(?:\.(\d{1,6}))?")


class BadValue(ValueError):
    """A value that cannot be read as its type."""


def numeric_modifier(precision: int, scale: int) -> int:
    """The type modifier of numeric(precision, scale)."""
    return ((precision << 16) | scale) + 4


def _pack_numeric(text: str) -> bytes:
    if text in ("NaN", "nan"):
        return _NUMERIC.pack(0, 0, 0xC000, 0)
    if "e" in text or "E" in text:
        text = format(Decimal(text), "f")
    whole, _, decimals = (text[1:] if text[:1] in ("+", "-") else text).partition(".")
    if not (whole + decimals).isdecimal() or not text.isascii():
        raise BadValue(text)
    scale = len(decimals)
    number, weight = int(whole + decimals + "000"[: -scale % 4]), -scale // 4
    groups: list[int] = []
    while number:
        number, group = divmod(number, 10_000)
        if group or groups:
            groups.append(group)
        else:
            weight += 1  # zeros at the end are not written
    if not groups:
        return _NUMERIC.pack(0, 0, 0, scale)
    groups.reverse()
    sign, count = 0x4000 if text[0] == "-" else 0, len(groups)
    return pack(f"!hhHH{count}h", count, weight + count - 1, sign, scale, *groups)


def _unpack_numeric(data: bytes) -> str:
    count, weight, sign, scale = Struct("!HhHH").unpack_from(data)
    if sign not in (0, 0x4000):
        raise BadValue("NaN and infinity are not amounts")
    groups = Struct(f"!{count}h").unpack_from(data, 8)
    if weight > 64 or scale > 1_000 or any(not 0 <= group < 10_000 for group in groups):
        raise BadValue("numeric")
    value = {weight - at: group for at, group in enumerate(groups)}
    whole = "".join(f"{value.get(at, 0):04d}" for at in range(max(weight, 0), -1, -1))
    places = -(-scale // 4)
    decimals = "".join(f"{value.get(-at, 0):04d}" for at in range(1, places + 1))[:scale]
    text = (whole.lstrip("0") or "0") + (f".{decimals}" if scale else "")
    return f"-{text}" if sign and text.strip("0.") else text


def _microseconds(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:  # of a year beyond 9999, or before 1, or none
        return _far_microseconds(text)
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    since = moment - _MOMENT
    return (since.days * 86_400 + since.seconds) * _SECOND + since.microseconds


def _far_microseconds(text: str) -> int:
    plain = text.removesuffix(BEFORE_CHRIST)
    found = _STAMP.fullmatch(plain if " " in plain else f"{plain} 00:00:00")
    if found is None:
        raise BadValue(text)
    year, month, day, hour, minute, second = (int(found[at]) for at in range(1, 7))
    if plain != text:
        year = 1 - year  # there was none called 0
    cycles, year = divmod(year - 2000, 400)  # after which the calendar comes again
    days = date(2000 + year, month, day).toordinal() - _EPOCH.toordinal() + cycles * _CYCLE_DAYS
    whole = ((days * 24 + hour) * 60 + minute) * 60 + second
    if found[8]:
        whole -= int(found[8]) * 3_600
    return whole * _SECOND + int((found[7] or "0").ljust(6, "0"))


def _stamp(data: bytes) -> str:
    value = _INT8.unpack(data)[0]
    if value in (2**63 - 1, -(2**63)):
        return "infinity" if value > 0 else "-infinity"
    return str(_MOMENT + timedelta(microseconds=value))


def _pack_interval(text: str) -> bytes:
    months = days = micros = 0
    for found in _PARTS.finditer(text):
        if found[2] == "day":
            days += int(found[1])
        elif found[2]:
            months += int(found[1]) * (12 if found[2] == "year" else 1)
        else:
            seconds = (int(found[4]) * 60 + int(found[5])) * 60 + int(found[6])
            part = seconds * _SECOND + int((found[7] or "").ljust(6, "0"))
            micros += -part if found[3] == "-" else part
    return _INTERVAL.pack(micros, days, months)


def _unpack_interval(data: bytes) -> str:
    micros, days, months = _INTERVAL.unpack(data)
    sign = "-" if micros < 0 else ""
    seconds, micros = divmod(abs(micros), _SECOND)
    clock = f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{micros:06}"
    return f"{months} mons {days} days {clock}"


def _pack_time(text: str) -> bytes:
    return _INT8.pack(_microseconds(f"2000-01-01 {text}"))


def _bytea(text: str) -> bytes:
    if text.startswith("\\x"):
        return bytes.fromhex(text[2:])
    return text.encode()


def _float(text: str) -> float:
    return float(text)


_PACK: Final[dict[int, Callable[[str], bytes]]] = {
    BOOL: lambda text: b"\1" if text == "t" else b"\0",
    INT2: lambda text: _INT2.pack(int(text)),
    INT4: lambda text: _INT4.pack(int(text)),
    INT8: lambda text: _INT8.pack(int(text)),
    OID: lambda text: _UINT4.pack(int(text)),
    FLOAT4: lambda text: _FLOAT4.pack(_float(text)),
    FLOAT8: lambda text: _FLOAT8.pack(_float(text)),
    NUMERIC: _pack_numeric,
    DATE: lambda text: _INT4.pack(_microseconds(text) // _DAY),
    TIME: _pack_time,
    TIMESTAMP: lambda text: _INT8.pack(_microseconds(text)),
    TIMESTAMPTZ: lambda text: _INT8.pack(_microseconds(text)),
    INTERVAL: _pack_interval,
    UUID_: lambda text: UUID(text).bytes,
    BYTEA: _bytea,
    JSONB: lambda text: b"\1" + text.encode(),
}
_UNPACK: Final[dict[int, Callable[[bytes], str]]] = {
    BOOL: lambda data: ("f", "t")[data != b"\0"],
    INT2: lambda data: str(_INT2.unpack(data)[0]),
    INT4: lambda data: str(_INT4.unpack(data)[0]),
    INT8: lambda data: str(_INT8.unpack(data)[0]),
    OID: lambda data: str(_UINT4.unpack(data)[0]),
    FLOAT4: lambda data: repr(_FLOAT4.unpack(data)[0]),
    FLOAT8: lambda data: repr(_FLOAT8.unpack(data)[0]),
    NUMERIC: _unpack_numeric,
    DATE: lambda data: str(_EPOCH + timedelta(days=_INT4.unpack(data)[0])),
    TIME: lambda data: _stamp(data).partition(" ")[2],
    TIMESTAMP: _stamp,
    TIMESTAMPTZ: lambda data: _stamp(data) + "+00",
    INTERVAL: _unpack_interval,
    UUID_: lambda data: str(UUID(bytes=data)),
    BYTEA: lambda data: "\\x" + data.hex(),
    JSONB: lambda data: data[1:].decode(),
}


def binary_of(oid: int) -> Callable[[str], bytes]:
    """What makes the binary form of a type's values. Without one of its own it is their text."""
    element = ARRAYS.get(oid)
    if element is not None or oid in (INT2VECTOR, OIDVECTOR):
        member = element or (INT2 if oid == INT2VECTOR else OID)
        return lambda text: _pack_array(member, text, oid)
    return _PACK.get(oid, str.encode)


def to_binary(oid: int, text: str) -> bytes:
    """A value in binary form."""
    return binary_of(oid)(text)


def from_binary(oid: int, data: bytes) -> str:
    """A value from binary form, as text. Raises `BadValue`."""
    try:
        element = ARRAYS.get(oid)
        if element is not None:
            return array_text(_unpack_array(element, data))
        unpack = _UNPACK.get(oid)
        return data.decode() if unpack is None else unpack(data)
    except (error, ValueError, OverflowError, UnicodeDecodeError, IndexError) as fault:
        raise BadValue(f"incorrect binary data format for type {oid}") from fault


def _pack_array(element: int, text: str, oid: int) -> bytes:
    vector = oid in (INT2VECTOR, OIDVECTOR)
    sizes, values = ([], vector_items(text)) if vector else _dimensions(text)
    sizes = sizes or [len(values)]
    has_null = any(value is None for value in values)
    if not values:
        return Struct("!iiI").pack(0, 0, element)
    parts = [Struct("!iiI").pack(len(sizes), has_null, element)]
    parts += [Struct("!ii").pack(size, not vector) for size in sizes]
    for value in values:
        if value is None:
            parts.append(b"\xff\xff\xff\xff")
        else:
            data = to_binary(element, value)
            parts.append(_INT4.pack(len(data)) + data)
    return b"".join(parts)


_SIGNS: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}]|[^{},"]+', re.DOTALL)


def _dimensions(text: str) -> tuple[list[int], list[str | None]]:
    """The sizes of an array of arrays, none of a plain one, and the members of all of them."""
    if not text.startswith("{{"):
        return [], array_items(text)
    depth, opened, members = 0, list[int](), []
    for sign in _SIGNS.findall(text):
        if sign == "{":
            opened += [0] * (depth == len(opened))
            opened[depth] += 1
        elif sign != "}":
            members.append(sign)
        depth += {"{": 1, "}": -1}.get(sign, 0)
    counts = [*opened, len(members)]
    sizes = [after // before for before, after in itertools.pairwise(counts)]
    return sizes, array_items("{" + ",".join(members) + "}")


def vector_items(text: str) -> list[str | None]:
    """The members of an int2vector or oidvector."""
    return list(text.split())


def _unpack_array(element: int, data: bytes) -> list[str | None]:
    dimensions, _, _ = Struct("!iiI").unpack_from(data)
    if not dimensions:
        return []
    if dimensions != 1:
        raise BadValue("arrays of one dimension are taken")
    count, at = _INT4.unpack_from(data, 12)[0], 20
    if count > ARRAY_ITEMS_MAX:
        raise BadValue(f"an array has {ARRAY_ITEMS_MAX} members at most")
    found: list[str | None] = []
    for _ in range(count):
        size = _INT4.unpack_from(data, at)[0]
        at += 4
        if size < 0:
            found.append(None)
            continue
        part = data[at : at + size]
        if len(part) != size:
            raise BadValue("array")
        found.append(from_binary(element, part))
        at += size
    return found


_PLAIN = re.compile(r'[^\s{}",\\]+')


def array_text(values: Sequence[str | None]) -> str:
    """An array in text form."""
    return "{" + ",".join(map(_member_text, values)) + "}"


def _member_text(value: str | None) -> str:
    if value is None:
        return "NULL"
    if _PLAIN.fullmatch(value) and value.upper() != "NULL":
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


_ITEM = re.compile(r'\s*(?:"((?:[^"\\]|\\.)*)"|([^,{}"]*))\s*(,|$)', re.DOTALL)


def array_items(text: str) -> list[str | None]:
    """The members of an array of one dimension from its text form. Raises `BadValue`."""
    text = text.strip()
    if not (text.startswith("{") and text.endswith("}")):
        raise BadValue(f'malformed array literal: "{text[:60]}"')
    inner = text[1:-1]
    if not inner.strip():
        return []
    found: list[str | None] = []
    at = 0
    while at <= len(inner):
        item = _ITEM.match(inner, at)
        if item is None:
            raise BadValue(f'malformed array literal: "{text[:60]}"')
        if item[1] is not None:
            found.append(re.sub(r"\\(.)", r"\1", item[1], flags=re.DOTALL))
        else:
            found.append(None if item[2].strip().upper() == "NULL" else item[2].strip())
        if len(found) > ARRAY_ITEMS_MAX:
            raise BadValue(f"an array has {ARRAY_ITEMS_MAX} members at most")
        at = item.end()
        if item[3] != ",":
            break
    return found


def array_of_json(text: str, element: int) -> str:
    """An array in text form from a JSON array, as the analytical engine writes one."""
    return _array_text(json.loads(text, parse_float=str), element)


def _array_text(values: Sequence[object], element: int) -> str:
    parts = [
        _array_text(value, element)
        if isinstance(value, list)
        else _member_text(_json_text(value, element))
        for value in values
    ]
    return "{" + ",".join(parts) + "}"


_ENGINE_BC: Final = " (BC)"
"""How the analytical engine marks a year before 1, behind the day."""


def _json_text(value: object, element: int) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, dict):
        return json.dumps(value)
    text = str(value)
    if element in (DATE, TIMESTAMP, TIMESTAMPTZ) and _ENGINE_BC in text:
        return text.replace(_ENGINE_BC, "") + BEFORE_CHRIST
    return text.removesuffix(".0") if element in (FLOAT4, FLOAT8) else text
