"""What keeps a page from being used against its reader: headers, cookies, proof of origin.

A browser is told to load nothing from elsewhere, run nothing inline, and be framed by nobody. A
form is believed if it brings the token of the visitor's own session, which another site cannot
read; before signing in the token stands in a cookie of its own. As a second guard, what browsers
themselves say of where a request came from must not name another site.
"""

import hmac
from collections.abc import Mapping
from typing import Final

from daybook.app.sessions import COOKIE, COOKIE_PATHS
from daybook.protocols.kit.plugin import Request
from daybook.web.addresses import PREFIX

CSRF_FIELD: Final = "csrf"
CSRF_HEADER: Final = "x-csrf-token"

SIGN_IN_COOKIE: Final = "daybook_sign_in"
"""The token of the sign-in form, for those who have no session yet."""
FLASH_COOKIE: Final = "daybook_flash"

COOKIE_LENGTH_MAX: Final = 4_096
"""Characters of a cookie that is looked at: what browsers keep at most."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

HEADERS: Final = (
    ("content-security-policy", POLICY),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"),
)
"""Headers of every answer of the pages."""


def is_secure(request: Request) -> bool:
    """Whether the visitor came over TLS."""
    return request.origin.startswith("https:")


def cookie(request: Request, name: str, text: str, seconds: int | None = None) -> tuple[str, str]:
    """The header that sets a cookie: sent back to us alone, never shown to scripts.

    `seconds` is its life, None until the browser is closed, 0 to forget it.
    """
    return _cookie(request, name, text, PREFIX, seconds)


def session_cookies(
    request: Request, secret: str, seconds: int | None = None
) -> tuple[tuple[str, str], ...]:
    """The headers that set the cookie of a session wherever it counts; see `cookie`."""
    return tuple(_cookie(request, COOKIE, secret, path, seconds) for path in COOKIE_PATHS)


def _cookie(
    request: Request, name: str, text: str, path: str, seconds: int | None
) -> tuple[str, str]:
    parts = [f"{name}={text}", f"Path={path}", "HttpOnly", "SameSite=Lax"]
    if seconds is not None:
        parts.append(f"Max-Age={seconds}")
    if is_secure(request):
        parts.append("Secure")
    return ("set-cookie", "; ".join(parts))


def cookies(headers: Mapping[str, str]) -> dict[str, str]:
    """The cookies of a request; of those that are too long, none."""
    found: dict[str, str] = {}
    for piece in headers.get("cookie", "").split(";"):
        name, equals, text = piece.strip().partition("=")
        if equals and len(text) <= COOKIE_LENGTH_MAX:
            found.setdefault(name, text)
    return found


def is_foreign(request: Request) -> bool:
    """Whether the browser says that a request was made by a page of another site."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        return True
    origin, host = request.headers.get("origin"), request.headers.get("host")
    if origin is None:
        return False
    said, ours = authority(origin), authority(request.origin)
    return not said or said not in (host, ours)


def authority(origin: str) -> str:
    """What stands behind the scheme of an origin or address. Empty for `null`."""
    return origin.partition("://")[2]


def same_token(given: str, expected: str) -> bool:
    """Whether two tokens are equal, told in constant time; an empty one equals none."""
    return bool(expected) and hmac.compare_digest(given.encode(), expected.encode())
