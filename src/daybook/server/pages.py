"""What answers where no wire does: health, metrics, documentation, the way to the pages, a 404."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from daybook.app.ports import Store
from daybook.assets import PREFIX, asset
from daybook.protocols.kit import json
from daybook.protocols.kit.plugin import Operation, Plugin, Request, Response
from daybook.server.application import Lifecycle
from daybook.server.documents import Documentation
from daybook.server.observe import Metrics, without_credentials
from daybook.server.peers import ServerPeers

FIGURES_WAIT_S: Final = 1.0
"""Seconds the other processes have to tell their figures; one that is being started is left out."""

_FIGURES: Final = "server.figures"
_TEXT: Final = ("content-type", "text/plain; charset=utf-8")
_JSON: Final = ("content-type", "application/json")
_METRICS: Final = ("content-type", "text/plain; version=0.0.4; charset=utf-8")
_NO_STORE: Final = ("cache-control", "no-store")
_STRAY: Final = (_JSON, _NO_STORE, ("referrer-policy", "no-referrer"))
"""Headers of an answer to a stray request, whose address may hold a credential."""
_FOR_EVER: Final = ("cache-control", "public, max-age=31536000, immutable")
"""For what is asked for by an address that changes with the content."""
_NO_SNIFFING: Final = ("x-content-type-options", "nosniff")
_ALLOW: Final = ("allow", "GET, HEAD, OPTIONS")


class ServerPages:
    """The server's own pages."""

    def __init__(
        self,
        store: Store,
        metrics: Metrics,
        lifecycle: Lifecycle,
        plugins: Sequence[Plugin],
        peers: ServerPeers | None = None,
    ) -> None:
        """`peers` are the other processes of the server, whose figures are shown as well."""
        self._store = store
        self._metrics = metrics
        self._peers = peers
        if peers is not None:
            peers.answer(_FIGURES, lambda _: metrics.figures())
        self._lifecycle = lifecycle
        self._pages: dict[str, Callable[[], Response | Awaitable[Response]]] = {
            "/": lambda: Response(303, b"", (("location", "/app"), _NO_STORE)),
            "/healthz": lambda: Response(200, b"alive\n", (_TEXT, _NO_STORE)),
            "/readyz": self._ready,
            "/metrics": self._figures,
            **Documentation(plugins).pages,
        }

    @property
    def operations(self) -> Sequence[Operation]:
        """All that is answered; none of it wants a credential."""
        return [Operation("page", "GET", path, None) for path in self._pages]

    def __call__(self, request: Request) -> Response | Awaitable[Response]:
        """The answer to a request for no wire."""
        page = self._pages.get(request.path) or _asset_page(request)
        if request.method == "OPTIONS" and (page is not None or request.path == "*"):
            return Response(204, b"", (_ALLOW,))
        if page is None:
            path = without_credentials(request.path)
            body = json.encode({"error": "not found", "path": path})
            return Response(404, body, _STRAY, "no interface answers at this path")
        if request.method != "GET":
            body = json.encode({"error": "method not allowed", "method": request.method})
            return Response(405, body, (*_STRAY, _ALLOW), "this page can only be read")
        return page()

    def _figures(self) -> Response | Awaitable[Response]:
        if self._peers is not None:
            return self._figures_of_all(self._peers)
        return Response(200, self._metrics.exposition(), (_METRICS, _NO_STORE))

    async def _figures_of_all(self, peers: ServerPeers) -> Response:
        figures = {
            **await peers.ask(_FIGURES, FIGURES_WAIT_S),
            peers.place: self._metrics.figures(),
        }
        body = self._metrics.exposition_of_all(figures, peers.place)
        return Response(200, body, (_METRICS, _NO_STORE))

    def _ready(self) -> Response:
        """Ready while requests are wanted and the store answers."""
        if self._lifecycle.draining:
            return Response(503, b"stopping\n", (_TEXT, _NO_STORE))
        try:
            self._store.directory.credentials_version()
        except Exception as error:
            return Response(503, b"the store does not answer\n", (_TEXT, _NO_STORE), repr(error))
        return Response(200, b"ready\n", (_TEXT, _NO_STORE))


def _asset_page(request: Request) -> Callable[[], Response] | None:
    """What answers with a file for browsers, or None where a request asks for something else."""
    path = request.path
    found = asset(path.removeprefix(PREFIX)) if path.startswith(PREFIX) else None
    if found is None:
        return None
    lasting = _FOR_EVER if request.query == f"v={found.version}" else _NO_STORE
    headers = (("content-type", found.media_type), lasting, _NO_SNIFFING)
    return lambda: Response(200, found.body, headers)
