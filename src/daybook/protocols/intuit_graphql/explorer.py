"""The page to explore with: a query, its variables, the answer, and the schema beside it.

Our own, and small: nothing is loaded from elsewhere, the page runs no inline script, and the token
that is typed in stays in the page.
"""

from functools import lru_cache
from importlib.resources import files
from typing import Final

from daybook.protocols.kit.plugin import Response

BASE: Final = "/2020-04/graphql"

_TYPES: Final = {
    "explorer.js": "text/javascript; charset=utf-8",
    "explorer.css": "text/css; charset=utf-8",
}
_SECURITY: Final = (
    (
        "Content-Security-Policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
)


@lru_cache(maxsize=8)
def _text(name: str) -> str:
    return files(__package__).joinpath("explorer_page", name).read_text("utf-8")


def page(*, demo: bool) -> Response:
    """The page; with the demo's token filled in where that is in force."""
    text = _text("explorer.html").replace("{token}", "demo" if demo else "")
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("Vary", "Accept"),
        *_SECURITY,
    )
    return Response(200, text.encode(), headers)


def asset(path: str) -> Response | None:
    """The page's script or style, or None for any other path."""
    name = path.removeprefix(f"{BASE}/")
    if name == path or name not in _TYPES:
        return None
    headers = (("Content-Type", _TYPES[name]), ("Cache-Control", "no-cache"), *_SECURITY)
    return Response(200, _text(name).encode(), headers)
