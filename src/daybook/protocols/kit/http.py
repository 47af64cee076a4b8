"""What every wire reads out of HTTP headers and query strings: text in, values out.

Nothing here raises for what a caller may send, except where a bound is passed or an encoding
cannot be undone.
"""

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

PARAMETERS_MAX: Final = 1_000
"""Parameters of one query string or form. Real callers send fewer than twenty."""

BEARER_LENGTH_MAX: Final = 4_096
"""Characters of a bearer token, the longest any of the originals issues."""


GZIP_MEMBERS_MAX: Final = 256
"""Members of one gzip body: what follows each is copied, so that a body of empty ones would take
time by the square of its length. Senders write one; block compressors one for every 64 KiB."""


class TooManyParameters(ValueError):
    """A query string or form has more than `PARAMETERS_MAX` parameters."""


class BadEncoding(ValueError):
    """A body's content encoding is unknown, or cannot be undone."""


class BodyTooLarge(ValueError):
    """A body is larger than its bound once its encoding is undone."""


def query_pairs(query: str) -> list[tuple[str, str]]:
    """The parameters of a query string or form, in order, percent-decoded.

    Tolerant as the originals are: empty pieces (`&&`, a trailing `&`) are skipped, `+` and a raw
    blank both mean a blank, a name without `=` has the value "". Bytes that are not UTF-8 become
    the replacement character. Raises `TooManyParameters`.
    """
    if query.count("&") >= PARAMETERS_MAX:
        raise TooManyParameters(f"more than {PARAMETERS_MAX} parameters")
    pairs = []
    for piece in query.split("&"):
        if piece:
            if "+" in piece:
                piece = piece.replace("+", " ")
            name, _, value = piece.partition("=")
            if "%" in piece:
                name, value = unquote(name), unquote(value)
            pairs.append((name, value))
    return pairs


def query_map(query: str) -> dict[str, str]:
    """The parameters by name; of a repeated name the last one counts. See `query_pairs`."""
    return dict(query_pairs(query)) if query else {}


def form_map(body: bytes) -> dict[str, str]:
    """The fields of an `application/x-www-form-urlencoded` body. See `query_pairs`."""
    return query_map(body.decode("utf-8", "replace"))


def content_type(headers: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """The media type of a body in lower case ("" if none was named), and its parameters.

    >>> content_type({"content-type": 'Application/JSON; charset="UTF-8"'})
    ('application/json', {'charset': 'UTF-8'})
    """
    essence, _, rest = headers.get("content-type", "").partition(";")
    parameters = {}
    for piece in rest.split(";") if rest else ():
        name, equals, value = piece.partition("=")
        if equals:
            parameters[name.strip().lower()] = value.strip().strip('"')
    return essence.strip().lower(), parameters


def accepts(headers: Mapping[str, str], media_type: str) -> bool:
    """Whether the Accept header names a media type outright, with whatever weight but zero."""
    for piece in headers.get("accept", "").lower().split(","):
        essence, _, rest = piece.partition(";")
        if essence.strip() == media_type:
            return rest.replace(" ", "").rstrip("0").rstrip(".") not in ("q=", "q=0")
    return False


def bearer(headers: Mapping[str, str]) -> str | None:
    """The token of a Bearer authorization header, or None if there is no such header.

    The scheme's case does not matter. A scheme without a token gives "".
    """
    authorization = headers.get("authorization")
    if authorization is None:
        return None
    scheme, _, token = authorization.strip().partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def basic(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """Name and password of a Basic authorization header, or None if there is no readable one."""
    scheme, _, sealed = headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(sealed.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    name, colon, password = text.partition(":")
    return (name, password) if colon else None


def inflate(body: bytes, encoding: str, bytes_max: int) -> bytes:
    """A body with its content encoding undone; an empty body stays empty, whatever is said of it.

    Takes `gzip` (also of several members) and `deflate` (with or without its zlib wrapper), once.
    Never builds more than one byte above the bound, so that a small bomb stays small. Raises
    `BodyTooLarge` and `BadEncoding`.
    """
    name = encoding.strip().lower()
    if not body or name in ("", "identity"):
        return body
    if name in ("gzip", "x-gzip"):
        return _inflate(body, 16 + zlib.MAX_WBITS, bytes_max)
    if name != "deflate":
        raise BadEncoding(f"unknown content encoding {name}")
    # Some senders leave out the zlib wrapper: its first byte says 8 in the lower half, and the
    # first two are a multiple of 31.
    wrapped = body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
    return _inflate(body, zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS, bytes_max)


def _inflate(body: bytes, window: int, bytes_max: int) -> bytes:
    parts: list[bytes] = []
    left = bytes_max + 1
    while body:
        if len(parts) == GZIP_MEMBERS_MAX:
            raise BadEncoding(f"the body has more than {GZIP_MEMBERS_MAX} members")
        inflater = zlib.decompressobj(window)
        try:
            part = inflater.decompress(body, left)
        except zlib.error:
            raise BadEncoding("the body is not what its content encoding says") from None
        parts.append(part)
        left -= len(part)
        if left <= 0:
            raise BodyTooLarge(f"more than {bytes_max} bytes")
        if not inflater.eof:
            raise BadEncoding("the encoded body ends early")
        body = inflater.unused_data
        if window < 16 and body:
            raise BadEncoding("something follows the encoded body")
    return b"".join(parts)
