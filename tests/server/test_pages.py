"""The server's own pages."""

import json
from typing import Any, cast

import pytest
from tests.server.conftest import Mirror

from daybook.app.ports import Store
from daybook.protocols.kit.plugin import Plugin, Request, Response
from daybook.server.asgi import Lifecycle
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


class QuickBooks(Mirror):
    name = "qbo"


@pytest.fixture
def lifecycle() -> Lifecycle:
    return Lifecycle()


@pytest.fixture
def books() -> Books:
    return Books()


@pytest.fixture
def pages(lifecycle: Lifecycle, books: Books) -> ServerPages:
    plugins = cast("list[Plugin]", [Mirror(), QuickBooks()])
    return ServerPages(cast("Store", books), Metrics(), lifecycle, plugins)


def ask(pages: ServerPages, path: str, method: str = "GET") -> Response:
    return pages(Request(method, path, "", {}, b"", "id", "http://x"))


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


def test_the_first_page_names_what_is_there_and_nothing_else(pages: ServerPages) -> None:
    response = ask(pages, "/")
    page = response.body.decode()
    assert "QuickBooks Online v3" in page
    assert "/mirror" in page
    for absent in ("Codat", "Modulus", "five", "Not in this version"):
        assert absent not in page
    assert "default-src 'none'" in dict(response.headers)["content-security-policy"]


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
