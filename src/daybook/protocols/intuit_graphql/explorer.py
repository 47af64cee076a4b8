"""The page to explore with, for browsers: GraphiQL, or a smaller page of our own.

GraphiQL comes with the package (`daybook.assets`). Where it was not collected, the other page takes
its place: a query, its variables, the answer, and the schema beside it. Nothing is loaded from
elsewhere either way, no script stands in a page, and the token that is typed in stays there.
"""

from functools import lru_cache
from importlib.resources import files
from typing import Final

from daybook.assets import address
from daybook.protocols.kit.plugin import Response

BASE: Final = "/2020-04/graphql"

_SCRIPT: Final = "text/javascript; charset=utf-8"
_STYLE: Final = "text/css; charset=utf-8"
_TYPES: Final = {
    "explorer.css": _STYLE,
    "explorer.js": _SCRIPT,
    "page.css": _STYLE,
    "page.js": _SCRIPT,
    "start.js": _SCRIPT,
}
_COLLECTED: Final = ("graphiql.css", "graphiql.js", "react.js", "react-dom.js")
"""What GraphiQL needs of what others made."""

_SCROLL_LOCK: Final = "'sha256-Y/huXlwoYkVyQlxwSVcCi1RCDGDCSVBzDt0hYP9qlTc='"
"""The one style that GraphiQL puts into the page while it runs: nothing scrolls behind a dialog.
Its text depends on the width of the page's own scroll bar, which the page does not have."""

_SECURITY: Final = (
    (
        "Content-Security-Policy",
        # Fonts and pictures stand in GraphiQL's style sheet itself.
        f"default-src 'none'; script-src 'self'; style-src 'self' {_SCROLL_LOCK};"
        " font-src data:; img-src data:; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
)


@lru_cache(maxsize=8)
def _text(name: str) -> str:
    return files(__package__).joinpath("explorer_page", name).read_text("utf-8")


def _template() -> str:
    """The page without a token: GraphiQL where all of it is here."""
    text = _text("graphiql.html")
    for name in _COLLECTED:
        found = address(name)
        if found is None:
            return _text("explorer.html")
        text = text.replace(f"{{{name}}}", found)
    return text


def page(*, demo: bool) -> Response:
    """The page; with the demo's token filled in where that is in force."""
    text = _template().replace("{token}", "demo" if demo else "")
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("Vary", "Accept"),
        *_SECURITY,
    )
    return Response(200, text.encode(), headers)


def asset(path: str) -> Response | None:
    """A script or style of the pages' own, or None for any other path."""
    name = path.removeprefix(f"{BASE}/")
    if name == path or name not in _TYPES:
        return None
    headers = (("Content-Type", _TYPES[name]), ("Cache-Control", "no-cache"), *_SECURITY)
    return Response(200, _text(name).encode(), headers)
