"""What answers where no wire does: health, metrics, documentation, a first page, a plain 404."""

import html
from collections.abc import Callable, Sequence
from typing import Final

from daybook import __version__
from daybook.app.ports import Store
from daybook.protocols.kit import json
from daybook.protocols.kit.plugin import Operation, Plugin, Request, Response
from daybook.server.asgi import Lifecycle
from daybook.server.documents import Documentation
from daybook.server.interfaces import Interface, present
from daybook.server.observe import Metrics, without_credentials

_TEXT: Final = ("content-type", "text/plain; charset=utf-8")
_JSON: Final = ("content-type", "application/json")
_METRICS: Final = ("content-type", "text/plain; version=0.0.4; charset=utf-8")
_NO_STORE: Final = ("cache-control", "no-store")
_STRAY: Final = (_JSON, _NO_STORE, ("referrer-policy", "no-referrer"))
"""Headers of an answer to a stray request, whose address may hold a credential."""
_HTML: Final = (
    ("content-type", "text/html; charset=utf-8"),
    (
        "content-security-policy",
        "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
)
_ALLOW: Final = ("allow", "GET, HEAD, OPTIONS")


class ServerPages:
    """The server's own pages."""

    def __init__(
        self, store: Store, metrics: Metrics, lifecycle: Lifecycle, plugins: Sequence[Plugin]
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._lifecycle = lifecycle
        self._first_page = _first_page(present(plugins)).encode()
        self._pages: dict[str, Callable[[], Response]] = {
            "/": lambda: Response(200, self._first_page, _HTML),
            "/healthz": lambda: Response(200, b"alive\n", (_TEXT, _NO_STORE)),
            "/readyz": self._ready,
            "/metrics": lambda: Response(200, metrics.exposition(), (_METRICS, _NO_STORE)),
            **Documentation(plugins).pages,
        }

    @property
    def operations(self) -> Sequence[Operation]:
        """All that is answered; none of it wants a credential."""
        return [Operation("page", "GET", path, None) for path in self._pages]

    def __call__(self, request: Request) -> Response:
        """The answer to a request for no wire."""
        page = self._pages.get(request.path)
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

    def _ready(self) -> Response:
        """Ready while requests are wanted and the store answers."""
        if self._lifecycle.draining:
            return Response(503, b"stopping\n", (_TEXT, _NO_STORE))
        try:
            self._store.directory.credentials_version()
        except Exception as error:
            return Response(503, b"the store does not answer\n", (_TEXT, _NO_STORE), repr(error))
        return Response(200, b"ready\n", (_TEXT, _NO_STORE))


def _first_page(here: Sequence[Interface]) -> str:
    rows = "".join(
        f"<tr><td>{html.escape(interface.title)}</td>"
        f"<td><code>{html.escape(interface.path)}</code></td></tr>"
        for interface in here
    )
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Daybook</title>
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif }}
body {{ margin: 3rem auto; max-width: 45rem; padding: 0 1rem }}
td {{ padding: .2rem 2rem .2rem 0 }}
</style>
<h1>Daybook</h1>
<p>One double-entry journal that speaks existing accounting interfaces. Version {__version__}.</p>
<table>
<tr><th align="left">Interface</th><th align="left">Path</th></tr>
{rows}
</table>
<p>What each of them takes and gives: <a href="/docs">documentation</a>. Operations:
<code>/healthz</code>, <code>/readyz</code>, <code>/metrics</code>.</p>
</html>
"""
