"""Addresses and what answers them.

    Route("entry", "GET", "/app/c/{company}/journal/{entry}", show, Scope.READ)

A part in braces takes one segment of a path. Routes below `/app/c/{company}` are about a company:
the visitor must be signed in, may open it, and has the route's scope before the handler runs.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from daybook.app.access import Scope
from daybook.domain.values import value
from daybook.protocols.kit.plugin import Response
from daybook.web.addresses import COMPANY_PREFIX, Addresses
from daybook.web.visit import Visit


@value
class Later:
    """An answer for which something has to be awaited.

    `work` is called on the event loop, and `finish` makes the answer of what comes of it, on a
    pool thread again.
    """

    work: Callable[[], Awaitable[Any]]
    finish: Callable[[Any], Response]


Handler = Callable[[Visit], Response | Later]
"""Answers a visit. Runs on a pool thread, so it may read and write the books directly."""


@value
class Route:
    """An address and its handler.

    `scope` is what the visitor must be allowed in the company, None where the address is about no
    company. `section` names the section that is marked in the navigation. `public` pages are shown
    to people who have not signed in. What was typed into a form that is `kept` is carried through
    the sign-in where the session has ended.
    """

    name: str
    method: str
    pattern: str
    handler: Handler
    scope: Scope | None = None
    section: str = ""
    public: bool = False
    kept: bool = False

    @property
    def about_company(self) -> bool:
        """Whether the address names a company."""
        return self.pattern.startswith(COMPANY_PREFIX)


@value
class Match:
    """A route and what the braces of its pattern took."""

    route: Route
    parts: Mapping[str, str]


class Routes:
    """All addresses of the pages."""

    def __init__(self, routes: Iterable[Route]) -> None:
        """Raises ValueError where a name or an address is given twice, or a scope is missing."""
        self._by_shape: dict[int, list[tuple[list[str], Route]]] = {}
        self._patterns: dict[str, str] = {}
        seen: set[tuple[str, str]] = set()
        for route in routes:
            if (route.method, route.pattern) in seen or (
                self._patterns.setdefault(route.name, route.pattern) != route.pattern
            ):
                raise ValueError(f"given twice: {route.name}, {route.method} {route.pattern}")
            if route.about_company != (route.scope is not None):
                raise ValueError(f"a scope belongs to addresses of companies: {route.name}")
            seen.add((route.method, route.pattern))
            segments = route.pattern.split("/")
            self._by_shape.setdefault(len(segments), []).append((segments, route))
        for same in self._by_shape.values():
            # plain segments before braces: `journal/new` is not an entry called new
            same.sort(key=lambda found: [segment.startswith("{") for segment in found[0]])

    @property
    def addresses(self) -> Addresses:
        """The addresses by name."""
        return Addresses(self._patterns)

    def find(self, method: str, path: str) -> Match | tuple[str, ...]:
        """What answers a request; else the methods that the address takes, none if there is no
        such address.
        """
        segments = path.rstrip("/").split("/")
        methods: list[str] = []
        for pattern, route in self._by_shape.get(len(segments), ()):
            parts = _parts(pattern, segments)
            if parts is None:
                continue
            if route.method == method:
                return Match(route, parts)
            methods.append(route.method)
        return tuple(methods)


def _parts(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    parts: dict[str, str] = {}
    for wanted, segment in zip(pattern, segments, strict=True):
        if wanted.startswith("{"):
            if not segment:
                return None
            parts[wanted[1:-1]] = segment
        elif wanted != segment:
            return None
    return parts
