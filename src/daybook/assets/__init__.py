"""What browsers are served that others made: scripts and styles, from here and no other host.

`make install` collects the files with npm (`assets/collect.py`), and the wheel carries them. Where
they are missing, as after an installation without npm, pages do without: ask `address` first.

    address("htmx.js")   # '/assets/htmx.js?v=5d2f…', or None
    found = asset("htmx.js")
"""

from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Final

from daybook.domain.values import value

PREFIX: Final = "/assets/"
"""Where the server answers with them."""

_TYPES: Final = {
    "chart.js": "text/javascript; charset=utf-8",
    "graphiql.css": "text/css; charset=utf-8",
    "graphiql.js": "text/javascript; charset=utf-8",
    "htmx.js": "text/javascript; charset=utf-8",
    "react-dom.js": "text/javascript; charset=utf-8",
    "react.js": "text/javascript; charset=utf-8",
}
"""All that may be asked for: a path of a request never reaches the file system."""

_FONTS: Final = frozenset({"DejaVuSans.ttf", "DejaVuSans-Bold.ttf"})
"""Collected with them, for what is printed."""


@value
class Asset:
    """A file for browsers; `version` changes with its content."""

    body: bytes
    media_type: str
    version: str


@lru_cache(maxsize=len(_TYPES))
def asset(name: str) -> Asset | None:
    """The file of a name, or None where there is none or it was not collected."""
    media_type = _TYPES.get(name)
    if media_type is None:
        return None
    try:
        body = files(__package__).joinpath("collected", name).read_bytes()
    except FileNotFoundError:
        return None
    return Asset(body, media_type, sha256(body).hexdigest()[:16])


def address(name: str) -> str | None:
    """The path a page names to have a file, good for ever since it changes with the content."""
    found = asset(name)
    return None if found is None else f"{PREFIX}{name}?v={found.version}"


def font_path(name: str) -> Path | None:
    """Where a font for printing is, or None where it was not collected."""
    if name not in _FONTS:
        return None
    path = Path(str(files(__package__).joinpath("collected", name)))
    return path if path.exists() else None
