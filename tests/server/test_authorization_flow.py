"""Both intuit-oauth clients, unmodified, through the whole authorization code flow: a person in a
real browser signs in, looks at what is asked for, and allows or denies it.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from intuitlib.client import AuthClient
from intuitlib.enums import Scopes
from intuitlib.exceptions import AuthClientError
from intuitlib.utils import validate_id_token
from playwright.sync_api import Browser, Page, expect
from tests.support.browser import visit
from tests.support.server import REALM, RunningServer, start

CLIENTS = Path(__file__).parents[1] / "clients" / "node"
INSTALL = "the Node clients are not installed: make test-clients"
ISSUER = "https://oauth.platform.intuit.com/op/v1"
"""What the Node client insists on."""


class Callback:
    """An application's address to which people are sent back."""

    def __init__(self) -> None:
        self.came: Queue[str] = Queue()
        came = self.came

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/callback"):
                    came.put(self.path)
                self.send_response(200 if self.path.startswith("/callback") else 204)
                self.send_header("content-type", "text/html")
                self.end_headers()
                self.wfile.write(b"<!doctype html><title>Back</title><p>You are back.")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://localhost:{self._server.server_port}"
        self.address = f"{self.origin}/callback"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def callback() -> Iterator[Callback]:
    listening = Callback()
    yield listening
    listening.close()


@pytest.fixture(scope="module")
def issuing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    running = start(tmp_path_factory.mktemp("issuing"), "--issuer", ISSUER)
    yield running
    assert running.stop() == 0, running.log.read_text()


def sign_in(page: Page) -> None:
    expect(page).to_have_title("Sign in · Daybook")
    page.get_by_label("User").fill("demo")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Sign in").click()


def driven(
    browser: Browser, server: RunningServer, callback: Callback, address: str, button: str
) -> str:
    """Where a person comes back to who signs in at an address and presses a button."""
    with visit(browser, server.url, expected=(callback.origin,)) as page:
        page.goto(address)
        sign_in(page)
        expect(page.get_by_role("heading")).to_have_text("Let demo in?")
        expect(page.get_by_text("Daybook Demo Ltd")).to_be_visible()
        expect(page.get_by_text("Second Demo Ltd")).to_have_count(0)
        page.get_by_role("button", name=button).click()
        expect(page.get_by_text("You are back.")).to_be_visible()
    return callback.origin + callback.came.get(timeout=20)


def client(server: RunningServer, callback: Callback) -> AuthClient:
    found = f"{server.url}/.well-known/openid_configuration"
    return AuthClient("demo", "demo", callback.address, found)


SCOPES = [Scopes.ACCOUNTING, Scopes.OPENID, Scopes.PROFILE, Scopes.EMAIL]


def read(server: RunningServer, token: str) -> int:
    url = f"{server.url}/v3/company/{REALM}/journalentry/96"
    headers = {"authorization": f"Bearer {token}", "accept": "application/json"}
    return requests.get(url, headers=headers, timeout=20).status_code


@pytest.mark.clients
def test_the_python_client(browser: Browser, server: RunningServer, callback: Callback) -> None:
    auth = client(server, callback)
    address = auth.get_authorization_url(SCOPES, "a state")
    back = parse_qs(urlsplit(driven(browser, server, callback, address, "Allow")).query)
    assert (back["state"], back["realmId"]) == (["a state"], [REALM])
    auth.get_bearer_token(back["code"][0], realm_id=back["realmId"][0])
    assert (auth.expires_in, auth.x_refresh_token_expires_in) == (3_600, 8_726_400)
    assert validate_id_token(auth.id_token, "demo", auth.issuer_uri, auth.jwks_uri)
    assert not validate_id_token(auth.id_token, "demo2", auth.issuer_uri, auth.jwks_uri)
    told = auth.get_user_info().json()
    assert (told["email"], told["givenName"]) == ("demo@example.com", "Demo")
    first = auth.access_token
    assert read(server, first) == 200
    auth.refresh()
    assert auth.access_token != first
    assert read(server, auth.access_token) == 200
    assert auth.revoke()
    assert read(server, first) == read(server, auth.access_token) == 401
    with pytest.raises(AuthClientError):
        auth.refresh()


@pytest.mark.clients
def test_somebody_who_denies(browser: Browser, server: RunningServer, callback: Callback) -> None:
    auth = client(server, callback)
    address = auth.get_authorization_url(SCOPES, "a state")
    back = parse_qs(urlsplit(driven(browser, server, callback, address, "Deny")).query)
    assert back["error"] == ["access_denied"]
    assert back["state"] == ["a state"]
    assert "code" not in back


@pytest.mark.clients
def test_a_wrong_password_and_then_the_right_one(
    browser: Browser, server: RunningServer, callback: Callback
) -> None:
    address = client(server, callback).get_authorization_url(SCOPES)
    with visit(browser, server.url, expected=("status of 403",)) as page:
        page.goto(address)
        page.get_by_label("User").fill("demo")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("alert")).to_contain_text("The name or the password is wrong.")
        sign_in(page)
        expect(page.get_by_role("button", name="Allow")).to_be_visible()
        page.get_by_role("button", name="Sign in as somebody else").click()
        expect(page).to_have_title("Sign in · Daybook")
        page.goto(address)
        expect(page).to_have_title("Sign in · Daybook")


@pytest.mark.clients
def test_an_address_of_somebody_else(
    browser: Browser, server: RunningServer, callback: Callback
) -> None:
    address = client(server, callback).get_authorization_url(SCOPES)
    with visit(browser, server.url, expected=("status of 400",)) as page:
        page.goto(address.replace("localhost", "evil.example"))
        expect(page.get_by_role("alert")).to_contain_text("letter for letter")


@pytest.mark.clients
def test_the_node_client(browser: Browser, issuing: RunningServer, callback: Callback) -> None:
    node = shutil.which("node")
    if node is None or not (CLIENTS / "node_modules" / "intuit-oauth").is_dir():
        if os.environ.get("DAYBOOK_TEST_CLIENTS") == "required":
            pytest.fail(INSTALL)
        pytest.skip(INSTALL)
    with subprocess.Popen(
        [node, "oauth.js", issuing.url, REALM, callback.address],
        cwd=CLIENTS,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address, process.communicate()[1]
        back = driven(browser, issuing, callback, address, "Allow")
        output, errors = process.communicate(back + "\n", timeout=60)
    assert process.returncode == 0, errors
    shown: dict[str, Any] = json.loads(output)
    assert shown["first"] == {"type": "bearer", "lives": 3_600, "realm": REALM}
    assert shown["identity"] is True
    assert shown["person"]["email"] == "demo@example.com"
    assert shown["called"] == shown["calledAgain"] == "SomeJENumber13"
    assert (shown["refreshed"], shown["revoked"], shown["afterwards"]) == (True, 200, 401)
