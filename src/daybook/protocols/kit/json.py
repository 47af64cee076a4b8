"""Exact JSON: numbers never pass through binary floating point, and hostile text ends early.

`decode` turns bytes into plain values. An integer literal becomes `int`, any other number
`Decimal` with the digits that were written; objects become `dict` (of repeated names the last one
counts), arrays `list`. What a ledger has no use for is refused: NaN and Infinity, nesting deeper
than `DEPTH_MAX`, numbers longer than `NUMBER_LENGTH_MAX`, lone surrogates, bytes that are not
UTF-8, and NUL characters, which PostgreSQL cannot keep.

`encode` writes the same values back, a `Decimal` as a number literal.

    >>> decode(b'{"Amount": 10.10}')
    {'Amount': Decimal('10.10')}

The depth is checked before anything is parsed. Counting brackets costs less than a microsecond
and settles the matter for ordinary bodies; only one with more than `DEPTH_MAX` brackets in all
has its strings taken out and its brackets matched, in C-speed passes over the bytes.
"""

import re
from decimal import Decimal
from typing import Any, Final

import msgspec

DEPTH_MAX: Final = 64
"""Levels of nesting. No wire's documents have more than ten."""

NUMBER_LENGTH_MAX: Final = 64
"""Characters of a number that is not an integer: an amount has 15 digits before the point and a
rate 20 in all. Integers are bounded by the interpreter's own limit of 4,300 digits."""

MAGNITUDE_MAX: Final = 64
"""Largest power of ten of a number's first digit, either way: `int(Decimal("1e1000000"))` keeps a
processor busy for twenty seconds, so such a value never comes into being."""

_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_ONE_KIND: Final = bytes.maketrans(b"{}", b"[]")
_TOO_DEEP: Final = b"[" * (DEPTH_MAX + 1)
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_WHERE: Final = re.compile(r"^(?:JSON is malformed: )?(.*?)(?: \(byte (\d+)\))?$", re.DOTALL)
_PLAINER: Final = {"Input data was truncated": "the text ends early"}
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class JsonError(ValueError):
    """What was sent is not JSON, or not such as a wire takes.

    `reason` says why in plain words, `position` is the index of the offending byte if known.
    """

    def __init__(self, reason: str, position: int | None = None) -> None:
        super().__init__(reason if position is None else f"{reason} (byte {position})")
        self.reason = reason
        self.position = position


class NotTaken(JsonError):
    """JSON, but such as no wire takes: a number out of bounds, a NUL, too deep a nesting."""


def _number(literal: str) -> Decimal:
    if len(literal) > NUMBER_LENGTH_MAX:
        raise NotTaken(f"a number has more than {NUMBER_LENGTH_MAX} characters")
    try:
        number = Decimal(literal)
    except ArithmeticError:
        raise NotTaken("a number is out of range") from None
    if not -MAGNITUDE_MAX <= number.adjusted() <= MAGNITUDE_MAX:
        raise NotTaken("a number is out of range")
    return number


Raw = msgspec.Raw
"""JSON text that `encode` takes as it is: for what was put together as text."""

_decode: Final = msgspec.json.Decoder(float_hook=_number).decode
_encode: Final = msgspec.json.Encoder(decimal_format="number").encode


def decode(body: bytes) -> Any:
    """The value that a JSON text in UTF-8 stands for; a byte order mark is ignored.

    Raises `JsonError`, and nothing else, for any bytes whatever.
    """
    if body.startswith(_BYTE_ORDER_MARK):
        body = body[len(_BYTE_ORDER_MARK) :]
    if body.count(b"[") + body.count(b"{") > DEPTH_MAX and _is_too_deep(body):
        raise NotTaken(f"nested deeper than {DEPTH_MAX} levels")
    if b"\\u0000" in body and _NUL.search(body):
        raise NotTaken("a text contains the NUL character")
    try:
        return _decode(body)
    except JsonError:
        raise
    except msgspec.DecodeError as error:
        if isinstance(error.__cause__, JsonError):  # what `_number` raised, with a path put to it
            raise error.__cause__ from None
        found = _WHERE.match(str(error))
        assert found is not None, "the pattern matches any text"
        reason = _PLAINER.get(found[1], found[1])
        raise JsonError(reason, None if found[2] is None else int(found[2])) from None
    except UnicodeDecodeError:
        raise JsonError("a text is not valid UTF-8") from None
    except RecursionError:
        raise NotTaken(f"nested deeper than {DEPTH_MAX} levels") from None


def encode(value: object) -> bytes:
    """A value as JSON in UTF-8, without white space.

    Takes None, booleans, texts, integers, finite Decimals, and dicts and lists of them.
    """
    return _encode(value)


def _is_too_deep(body: bytes) -> bool:
    """Whether brackets outside strings nest deeper than `DEPTH_MAX`.

    Every pass takes out the innermost pairs, so the passes needed are the depth. A text whose
    brackets do not match may be passed on: the parser refuses it, at the latest where the
    interpreter's recursion limit stops it.
    """
    unescaped = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    outside = b"".join(unescaped.split(b'"')[::2])
    brackets = outside.translate(_ONE_KIND, _NOT_BRACKETS)
    for _ in range(DEPTH_MAX):
        if _TOO_DEEP in brackets:
            return True
        fewer = brackets.replace(b"[]", b"")
        if len(fewer) == len(brackets):
            return False
        brackets = fewer
    return bool(brackets)
