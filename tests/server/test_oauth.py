"""OAuth over HTTP: shapes, statuses and errors as its clients know them."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast
from urllib.parse import urlencode

import pytest

from daybook.app import credentials
from daybook.app.credentials import REFRESH, NewToken
from daybook.app.founding import NewCompany, found
from daybook.app.ledger import Ledger, system_clock
from daybook.app.ports import Client
from daybook.auth.consent import PATHS
from daybook.domain.events import Actor
from daybook.protocols.kit.plugin import (
    Plugin,
    Problem,
    Reading,
    Request,
    Response,
    Runtime,
    Services,
)
from daybook.server import oauth
from daybook.storage import open_store

T = TypeVar("T")
ORIGIN = "http://127.0.0.1:8080"
TOKEN = "/oauth2/v1/tokens/bearer"
REVOKE = "/v2/oauth2/tokens/revoke"


class AtOnce:
    """A runtime that does things when it is asked."""

    def in_thread(self, work: Callable[[], T]) -> Awaitable[T]:
        async def done() -> T:
            return work()

        return done()


@pytest.fixture
def ledger() -> Ledger:
    made = Ledger(open_store("memory://"))
    found(made, NewCompany("Demo", "demo", "GBP"), Actor("test", "test"))
    secret = credentials.digest("secret")
    made.store.directory.put_client(Client("app", "App", secret, system_clock()))
    return made


@pytest.fixture
def plugin(ledger: Ledger) -> Plugin:
    runtime = cast("Runtime", AtOnce())
    authenticator = cast("Any", None)
    return oauth.create(Services(ledger, authenticator, runtime, ledger.clock, demo=True))


def basic(client_id: str = "demo", secret: str = "demo") -> dict[str, str]:
    sealed = base64.b64encode(f"{client_id}:{secret}".encode()).decode()
    return {"authorization": f"Basic {sealed}"}


def ask(
    plugin: Plugin,
    method: str,
    path: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> Response:
    request = Request(method, path, "", headers or {}, body, "6" * 32, ORIGIN)
    answer = plugin.handle(request)
    assert not isinstance(answer, Reading)
    if isinstance(answer, Response):
        return answer
    return asyncio.run(_wait(answer))


async def _wait(answer: Awaitable[Response]) -> Response:
    return await answer


def form(plugin: Plugin, path: str, headers: dict[str, str], **fields: str) -> Response:
    return ask(plugin, "POST", path, urlencode(fields).encode(), headers)


def refreshed(plugin: Plugin, text: str, headers: dict[str, str]) -> Response:
    return form(plugin, TOKEN, headers, grant_type="refresh_token", refresh_token=text)


@pytest.mark.parametrize("slash", ["", "/"])
@pytest.mark.parametrize("name", ["openid_configuration", "openid_sandbox_configuration"])
def test_discovery_is_json_that_points_back(plugin: Plugin, name: str, slash: str) -> None:
    response = ask(plugin, "GET", f"/.well-known/{name}{slash}", headers={"accept": "*/*"})
    assert response.status == 200
    assert dict(response.headers)["content-type"].startswith("application/json")
    assert json.loads(response.body)["token_endpoint"] == ORIGIN + TOKEN


@pytest.mark.parametrize("how", ["basic", "post"])
def test_the_demo_gets_new_tokens_for_ever(plugin: Plugin, how: str) -> None:
    for _ in range(3):
        if how == "basic":
            response = refreshed(plugin, "demo", basic())
        else:
            response = form(
                plugin, TOKEN, {}, grant_type="refresh_token", refresh_token="demo",
                client_id="demo", client_secret="demo",
            )  # fmt: skip
        assert response.status == 200
        answer = json.loads(response.body)
        assert answer.pop("access_token") == "demo"
        assert answer == {
            "token_type": "bearer",
            "expires_in": 3_600,
            "refresh_token": "demo",
            "x_refresh_token_expires_in": 8_726_400,
        }
        headers = dict(response.headers)
        assert headers["cache-control"] == "no-store"
        assert headers["intuit_tid"] == "1-66666666-" + "6" * 24


def test_the_hard_expiry_is_told_to_those_who_ask(plugin: Plugin) -> None:
    wanted = {"x-include-refresh-token-hard-expires-in": "true"}
    answer = json.loads(refreshed(plugin, "demo", {**basic(), **wanted}).body)
    assert answer["x_refresh_token_hard_expires_in"] == 8_726_400


def test_tokens_of_a_registered_client_are_refreshed_and_revoked(
    plugin: Plugin, ledger: Ledger
) -> None:
    directory = ledger.store.directory
    text = credentials.issue(directory, ledger.clock, NewToken("app", kind=REFRESH)).text
    response = refreshed(plugin, text, basic("app", "secret"))
    assert response.status == 200
    access = json.loads(response.body)["access_token"]
    body = json.dumps({"token": access}).encode()
    response = ask(plugin, "POST", REVOKE, body, basic("app", "secret"))
    assert (response.status, response.body) == (200, b"")
    assert refreshed(plugin, text, basic("app", "secret")).status == 400


@pytest.mark.parametrize(
    ("fields", "status", "error", "words"),
    [
        ({"grant_type": "refresh_token", "refresh_token": "x"}, 400, "invalid_grant", "invalid"),
        ({"grant_type": "refresh_token", "refresh_token": "ü"}, 400, "invalid_grant", "invalid"),
        ({"grant_type": "refresh_token", "refresh_token": "demo2"}, 400, "invalid_grant", ""),
        ({"grant_type": "refresh_token"}, 400, "invalid_request", "refresh_token is missing"),
        ({"refresh_token": "demo"}, 400, "invalid_request", "grant_type is missing"),
        ({"grant_type": "authorization_code", "code": "x"}, 400, "invalid_request", "redirect_uri"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", "not password"),
    ],
)
def test_what_is_wrong_with_a_grant_is_said(
    plugin: Plugin, fields: dict[str, str], status: int, error: str, words: str
) -> None:
    response = form(plugin, TOKEN, basic(), **fields)
    answer = json.loads(response.body)
    assert (response.status, answer["error"]) == (status, error)
    assert words in answer["error_description"]
    assert response.diagnosis == answer["error_description"]


@pytest.mark.parametrize("path", [TOKEN, REVOKE])
@pytest.mark.parametrize(
    "headers",
    [{}, basic("demo", "wrong"), basic("nobody", "demo"), {"authorization": "Basic !"}],
    ids=["none", "secret", "client", "garbage"],
)
def test_unknown_clients_are_refused(plugin: Plugin, path: str, headers: dict[str, str]) -> None:
    response = form(plugin, path, headers, grant_type="refresh_token", refresh_token="demo")
    assert response.status == 401
    assert json.loads(response.body)["error"] == "invalid_client"
    assert dict(response.headers)["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize("body", [b"token=nobody", b'{"token": "nobody"}', b"", b'{"token": 7}'])
def test_an_unknown_token_cannot_be_revoked(plugin: Plugin, body: bytes) -> None:
    assert ask(plugin, "POST", REVOKE, body, basic()).status == 400


@pytest.mark.parametrize("body", [b'{"token": ', b"{" * 100, b"&".join([b"a=b"] * 2_000), b"{}"])
def test_broken_bodies_are_refused(plugin: Plugin, body: bytes) -> None:
    response = ask(plugin, "POST", TOKEN, body, basic())
    assert response.status == 400
    assert json.loads(response.body)["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", TOKEN, 405),
        ("PUT", REVOKE, 405),
        ("POST", "/.well-known/openid_configuration", 405),
        ("GET", TOKEN + "/more", 404),
        ("GET", "/op/v1/jwks/more", 404),
        ("GET", "/connect", 404),
        ("GET", "/connect/sign-in", 405),
        ("DELETE", "/connect/oauth2", 405),
    ],
)
def test_other_methods_and_paths(plugin: Plugin, method: str, path: str, status: int) -> None:
    assert ask(plugin, method, path, headers=basic()).status == status


def test_every_problem_has_an_answer(plugin: Plugin) -> None:
    request = Request("POST", TOKEN, "", {}, b"", "6" * 32, ORIGIN)
    for problem in Problem:
        response = plugin.refuse(request, problem)
        assert response.status >= 400
        assert json.loads(response.body)["error_description"]


def test_operations_are_a_closed_set(plugin: Plugin) -> None:
    names = {
        plugin.operation(Request("GET", path, "", {}, b"", "", ORIGIN))
        for path in (*plugin.prefixes, *PATHS, TOKEN + "/", "/anything/else")
    }
    pages = {"authorize", "sign-in", "sign-out"}
    assert names == {"discovery", "token", "revoke", "userinfo", "jwks", "other", *pages}
