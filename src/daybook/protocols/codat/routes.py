"""Which handler an address has. Words match in any case, names in braces stand for ids."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from daybook.app.access import Scope
from daybook.protocols.codat.calls import Call
from daybook.protocols.codat.views import Views
from daybook.protocols.kit.plugin import Response

Handler = Callable[[Call], Response]
"""Answers a call, on a pool thread unless the route is quick."""
Waiting = Callable[[Call], Awaitable[Response]]
"""Answers a call, on the loop."""

SEGMENTS_MAX: Final = 16
"""Segments of a path that are looked at; the longest address has eight."""


@dataclass(frozen=True, slots=True)
class Route:
    """A verb and a pattern. `open` ones need no key; `quick` ones are answered on the loop, since
    they read a few rows and a thread would cost more.

    `scopes` are what a key has to allow for it, `changes` says that it changes the company itself,
    and `shown_once` names the member of its answer that is a secret: these count for answers that
    are kept for an Idempotency-Key.
    """

    method: str
    pattern: str
    handler: Handler | None = None
    waiting: Waiting | None = None
    open: bool = False
    quick: bool = False
    scopes: frozenset[Scope] = frozenset({Scope.WRITE})
    changes: bool = False
    shown_once: str = ""

    def judge(self, call: Call, views: Views) -> None:
        """Raise the error for a caller to whom no kept answer may be shown: `CodatError`.

        Handlers judge by themselves, and more closely.
        """
        for scope in self.scopes:
            call.require(scope)
        company_id = call.names.get("companyId")
        if company_id is None:
            return
        if self.changes:
            views.changeable(call.principal, company_id)
        else:
            views.books(call.principal, views.company(call.principal, company_id))


@dataclass(frozen=True, slots=True)
class Found:
    """A route and what its names stand for, or with `route` None the verbs an address has."""

    route: Route | None
    names: Mapping[str, str]
    methods: tuple[str, ...] = ()


class Routes:
    """Finds routes. Of several that match, the first listed counts."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._by_length: dict[int, list[tuple[tuple[str, ...], Route]]] = {}
        for route in routes:
            pattern = tuple(route.pattern.strip("/").split("/"))
            self._by_length.setdefault(len(pattern), []).append((pattern, route))

    def find(self, method: str, segments: Sequence[str]) -> Found | None:
        """The route of a verb and a path, or None for an address that there is not."""
        methods: list[str] = []
        for pattern, route in self._by_length.get(len(segments), ()):
            names = _names(pattern, segments)
            if names is None:
                continue
            if route.method == method:
                return Found(route, names)
            methods.append(route.method)
        return Found(None, {}, tuple(sorted(set(methods)))) if methods else None


def _names(pattern: Sequence[str], segments: Sequence[str]) -> dict[str, str] | None:
    names: dict[str, str] = {}
    for word, segment in zip(pattern, segments, strict=True):
        if word.startswith("{"):
            if not segment:
                return None
            names[word[1:-1]] = segment
        elif word.lower() != segment.lower():
            return None
    return names
