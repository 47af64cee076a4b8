"""The addresses of pages, by name.

addresses.make("entry", {"company": "shop", "entry": 80}, {})     # /app/c/shop/journal/80
"""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

PREFIX: Final = "/app"
APPLICATIONS: Final = f"{PREFIX}/applications"
"""Where people see the applications they have let in; the page that asks them names it."""

COMPANY_PREFIX: Final = f"{PREFIX}/c/{{company}}"
"""What addresses about one company begin with."""


class Addresses:
    """Makes addresses from the patterns of routes."""

    def __init__(self, patterns: Mapping[str, str]) -> None:
        self._patterns = patterns

    def has(self, name: str) -> bool:
        """Whether there is a route of this name."""
        return name in self._patterns

    def pattern(self, name: str) -> str:
        """The pattern of a route. Raises KeyError for a name that is not there."""
        return self._patterns[name]

    def make(
        self, name: str, parts: Mapping[str, object], query: Mapping[str, object | None]
    ) -> str:
        """The address of a route, with `parts` in place of its braces; absent or empty members of
        `query` are left out. Raises KeyError for a name or part that is not there.
        """
        made = "/".join(
            quote(str(parts[segment[1:-1]]), safe="") if segment.startswith("{") else segment
            for segment in self._patterns[name].split("/")
        )
        kept = {key: str(given) for key, given in query.items() if given not in (None, "", False)}
        return f"{made}?{urlencode(kept)}" if kept else made
