"""The server's own pages."""

import json
from typing import Any, cast

import pytest

from daybook import assets
from daybook.app.ports import Store
from daybook.assets import Asset
from daybook.protocols.kit.plugin import Request, Response
from daybook.server.application import Lifecycle
from daybook.server.observe import Metrics
from daybook.server.pages import ServerPages


class Directory:
    fails = False

    def credentials_version(self) -> int:
        if self.fails:
            raise OSError("the disk is gone")
        return 0


class Books:
    def __init__(self) -> None:
        self.directory = Directory()


@pytest.fixture
def lifecycle() -> Lifecycle:
    return Lifecycle()


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def pages(lifecycle: Lifecycle, books: Books) -> ServerPages:
    return ServerPages(cast("Store", books), Metrics(), lifecycle, [])


def ask(pages: ServerPages, path: str, method: str = "GET") -> Response:
    response = pages(Request(method, path, "", {}, b"", "id", "http://x"))
    assert isinstance(response, Response)
    return response


def test_alive_and_ready(pages: ServerPages, lifecycle: Lifecycle, books: Books) -> None:
    assert ask(pages, "/healthz").status == 200
    assert ask(pages, "/readyz").status == 200
    books.directory.fails = True
    response = ask(pages, "/readyz")
    assert response.status == 503
    assert b"disk" not in response.body
    books.directory.fails = False
    lifecycle.draining = True
    assert ask(pages, "/readyz").status == 503
    assert ask(pages, "/healthz").status == 200


def test_metrics_are_prometheus_text(pages: ServerPages) -> None:
    response = ask(pages, "/metrics")
    assert dict(response.headers)["content-type"].startswith("text/plain; version=0.0.4")
    assert b"daybook_requests_in_flight 0.0" in response.body


def test_the_first_page_leads_to_the_web_pages(pages: ServerPages) -> None:
    response = ask(pages, "/")
    assert response.status == 303
    assert dict(response.headers)["location"] == "/app"


@pytest.mark.parametrize("path", ["/nowhere", "/documents", "/openapi/qbo.json", "/app", "/READYZ"])
def test_other_paths_are_a_plain_404(pages: ServerPages, path: str) -> None:
    response = ask(pages, path)
    body: dict[str, Any] = json.loads(response.body)
    assert (response.status, body) == (404, {"error": "not found", "path": path})


def test_other_methods(pages: ServerPages) -> None:
    assert ask(pages, "/readyz", "POST").status == 405
    for path in ("/readyz", "/", "*"):
        response = ask(pages, path, "OPTIONS")
        assert (response.status, response.headers) == (204, (("allow", "GET, HEAD, OPTIONS"),))
    assert ask(pages, "/nowhere", "OPTIONS").status == 404


def test_files_for_browsers_are_kept_by_them(
    pages: ServerPages, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Asset(b"let it = 1", "text/javascript; charset=utf-8", "0123456789abcdef")
    monkeypatch.setattr("daybook.server.pages.asset", {"htmx.js": held}.get)
    versioned = Request("GET", f"{assets.PREFIX}htmx.js", "v=0123456789abcdef", {}, b"", "id", "")
    response = pages(versioned)
    assert isinstance(response, Response)
    assert (response.status, response.body) == (200, held.body)
    assert ("cache-control", "public, max-age=31536000, immutable") in response.headers
    assert ("x-content-type-options", "nosniff") in response.headers
    assert ("cache-control", "no-store") in ask(pages, "/assets/htmx.js").headers
    assert ask(pages, "/assets/htmx.js", "POST").status == 405
    assert ask(pages, "/assets/other.js").status == 404
