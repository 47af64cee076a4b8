"""Administration over HTTP: shapes, statuses, and who is let in."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pytest
from tests.support.oauth import AtOnce, World

from daybook.app import credentials
from daybook.app.access import Scope
from daybook.app.credentials import NewToken
from daybook.app.ports import TokenTable, User
from daybook.auth.tokens import StoreAuthenticator
from daybook.domain.ids import CompanyId
from daybook.protocols.kit.plugin import Plugin, Problem, Request, Response, Runtime, Services
from daybook.server import administration

PASSWORD = "correct horse"


class Office:
    """A server, and an administrator with a token."""

    def __init__(
        self,
        *companies: int,
        scopes: frozenset[Scope] = frozenset(Scope),
        world: World | None = None,
    ) -> None:
        self.world = world or World()
        wanted = NewToken("office", company_ids=frozenset(map(CompanyId, companies)), scopes=scopes)
        self.token = credentials.issue(self.world.directory, self.world.clock, wanted).text
        self.plugin: Plugin = administration.create(
            Services(
                self.world.ledger,
                StoreAuthenticator(self.world.directory, self.world.clock),
                cast("Runtime", AtOnce()),
                self.world.clock,
            )
        )

    def ask(self, method: str, path: str, body: Any = None, **more: Any) -> tuple[int, Any]:
        """The status and the body of an answer."""
        headers = {"authorization": f"Bearer {more.get('token', self.token)}"}
        sent = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        path, _, query = path.partition("?")
        request = Request(method, f"/admin/v1/{path}", query, headers, sent, "6" * 32, "http://x")
        answer = self.plugin.handle(request)
        response = answer if isinstance(answer, Response) else asyncio.run(_wait(answer))
        assert (response.status >= 400) == (response.diagnosis is not None)
        return response.status, json.loads(response.body) if response.body else None


async def _wait(awaited: Any) -> Response:
    found: Response = await awaited
    return found


@pytest.fixture
def office() -> Office:
    return Office()


def test_people(office: Office) -> None:
    wanted = {
        "name": "eve",
        "password": PASSWORD,
        "roles": {"mill": "owner", "*": "viewer"},
        "profile": {"email": "eve@example.com"},
    }
    status, eve = office.ask("POST", "users", wanted)
    assert status == 201
    assert eve == {
        "name": "eve",
        "roles": {"mill": "owner", "*": "viewer"},
        "scopes": {},
        "profile": {"email": "eve@example.com"},
        "made": "2026-09-21T14:13:20Z",
        "withdrawn": None,
    }
    assert office.ask("POST", "users", wanted)[0] == 409
    assert office.ask("GET", "users/eve") == (200, eve)
    assert office.ask("PUT", "users/eve/roles/shop", {"role": "approver"})[1]["roles"] == {
        "*": "viewer",
        "mill": "owner",
        "shop": "approver",
    }
    assert office.ask("DELETE", "users/eve/roles/*") == (204, None)
    assert office.ask("PUT", "users/eve/password", {"password": PASSWORD * 2}) == (204, None)
    assert office.ask("PUT", "users/eve/password", {"password": "x"})[0] == 400
    assert office.ask("DELETE", "users/eve") == (204, None)
    assert office.ask("GET", "users/eve")[1]["withdrawn"] is not None
    assert office.ask("GET", "users/nobody")[0] == 404


def test_applications(office: Office) -> None:
    wanted = {"id": "billing", "companies": ["mill"], "redirects": ["https://b.example/"]}
    status, made = office.ask("POST", "clients", wanted)
    assert status == 201
    assert made["secret"]
    shown = office.ask("GET", "clients/billing")[1]
    assert shown["companies"] == ["mill"]
    assert shown["scopes"] == ["approve", "read", "write"]
    assert shown["redirects"] == ["https://b.example/"]
    assert "secret" not in shown
    assert office.ask("POST", "clients/billing/secret")[1]["secret"] != made["secret"]
    assert office.ask("DELETE", "clients/billing") == (204, None)
    assert office.ask("DELETE", "clients/nobody")[0] == 404


def test_tokens(office: Office) -> None:
    wanted = {"client": "job", "companies": ["*"], "scopes": ["read"], "expires_in_days": 7}
    status, made = office.ask("POST", "tokens", wanted)
    assert status == 201
    listed = office.ask("GET", "tokens")[1]["results"][-1]
    assert listed["number"] == made["number"]
    assert (listed["client"], listed["companies"], listed["scopes"]) == ("job", ["*"], ["read"])
    assert (listed["state"], listed["expires"]) == ("valid", "2026-09-28T14:13:20Z")
    assert made["token"] not in json.dumps(listed)
    assert office.ask("GET", "users", token=made["token"])[0] == 403
    assert office.ask("DELETE", f"tokens/{made['number']}")[1] == {"withdrawn": [made["number"]]}
    assert office.ask("GET", "users", token=made["token"])[0] == 401
    for number in ("99", "x", "-1", "9" * 100):
        assert office.ask("DELETE", f"tokens/{number}")[0] == 404


def test_a_token_made_with_that_of_a_person_is_theirs_and_ends_with_them(office: Office) -> None:
    directory, clock = office.world.directory, office.world.clock
    mine = credentials.issue(directory, clock, NewToken("web", user="ada")).text
    wanted = {"client": "job", "companies": ["mill"], "scopes": ["read", "admin"]}
    made = office.ask("POST", "tokens", wanted, token=mine)[1]
    again = office.ask("POST", "tokens", wanted, token=made["token"])[1]
    nobodys = office.ask("POST", "tokens", {**wanted, "client": "other"})[1]
    kept = [directory.token(credentials.digest(each["token"])) for each in (made, again, nobodys)]
    assert [each and each.user for each in kept] == ["ada", "ada", None]
    clock.now += 1
    assert office.ask("PUT", "users/ada/password", {"password": PASSWORD * 2})[0] == 204
    states = [
        office.ask("GET", "tokens", token=each["token"])[0] for each in (made, again, nobodys)
    ]
    assert states == [401, 401, 200]


def test_sessions(office: Office) -> None:
    world = office.world
    world.sign_in()
    world.cookies.clear()
    world.sign_in("bob")
    listed = office.ask("GET", "sessions")[1]["results"]
    assert sorted(each["user"] for each in listed) == ["ada", "bob"]
    mine = next(each["id"] for each in listed if each["user"] == "ada")
    assert office.ask("DELETE", f"sessions/{mine}") == (204, None)
    assert office.ask("DELETE", f"sessions/{mine}")[0] == 404
    assert office.ask("DELETE", "users/bob/sessions") == (200, {"ended": 1})
    assert office.ask("GET", "sessions")[1]["results"] == []


def test_the_trail(office: Office) -> None:
    office.world.sign_in()
    office.ask("POST", "tokens", {"client": "job", "companies": ["mill"]})
    status, told = office.ask("GET", "trail?limit=3")
    assert status == 200
    assert [(each["what"], each["subject"]) for each in told["results"]] == [
        ("company-made", "mill"),
        ("company-made", "shop"),
        ("signed-in", "ada"),
    ]
    assert told["after"] == "3"
    (record,) = office.ask("GET", "trail?after=3")[1]["results"]
    assert (record["what"], record["companies"], record["client"]) == (
        "token-made",
        ["mill"],
        "office",
    )


def test_lists_come_in_pages(office: Office) -> None:
    for at in range(5):
        office.ask("POST", "tokens", {"client": f"job{at}", "companies": ["*"]})
    seen, after = [], ""
    while True:
        page = office.ask("GET", f"tokens?limit=2&after={after}")[1]
        seen += [each["number"] for each in page["results"]]
        after = page["after"]
        if after is None:
            break
    assert seen == [1, 2, 3, 4, 5, 6]
    for limit in ("0", "1001", "x", "-1"):
        assert office.ask("GET", f"tokens?limit={limit}")[0] == 400


def test_other_companies_of_an_application_are_not_told() -> None:
    office = Office(1)
    every = office.world.directory.client("app")
    assert every is not None
    opened = frozenset({CompanyId(1), CompanyId(2)})
    office.world.directory.put_client(replace(every, company_ids=opened))
    assert office.ask("GET", "clients/app")[1]["companies"] == ["mill"]


def test_people_without_a_role_are_shown_by_their_scopes(office: Office) -> None:
    directory, clock = office.world.directory, office.world.clock
    scopes = frozenset({"approve", "read"})
    directory.put_user(User("eve", "", clock(), frozenset({CompanyId(1)}), scopes))
    directory.put_user(User("all", "", clock(), frozenset(), scopes))
    eve = office.ask("GET", "users/eve")[1]
    assert (eve["roles"], eve["scopes"]) == ({}, {"mill": ["approve", "read"]})
    assert office.ask("GET", "users/all")[1]["scopes"] == {"*": ["approve", "read"]}


def test_an_administrator_of_one_company() -> None:
    office = Office(1)
    assert [each["name"] for each in office.ask("GET", "users")[1]["results"]] == ["ada"]
    assert office.ask("GET", "users/ada")[1]["roles"] == {"mill": "owner"}
    assert office.ask("GET", "users/bob")[0] == 404
    assert office.ask("DELETE", "users/ada")[0] == 403
    assert office.ask("DELETE", "users/bob/roles/mill")[0] == 404, "nobody there is known of"
    assert office.ask("GET", "clients")[1]["results"] == []
    wanted = {"client": "job", "companies": ["shop"]}
    assert office.ask("POST", "tokens", wanted) == (400, {"error": "there is no such company"})
    assert office.ask("POST", "tokens", {**wanted, "companies": ["*"]})[0] == 403
    assert office.ask("POST", "tokens", {**wanted, "companies": ["mill"]})[0] == 201
    office.world.sign_in()
    told = [each["what"] for each in office.ask("GET", "trail")[1]["results"]]
    assert told == ["company-made", "token-made"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "users", b"{"),
        ("POST", "users", []),
        ("POST", "users", {"name": "eve"}),
        ("POST", "users", {"name": "eve", "password": PASSWORD, "roles": {}}),
        ("POST", "users", {"name": "eve", "password": PASSWORD, "roles": {"x": "owner"}}),
        ("POST", "users", {"name": "eve", "password": PASSWORD, "roles": {"mill": "king"}}),
        ("POST", "users", {"name": 7, "password": PASSWORD, "roles": {"mill": "owner"}}),
        ("POST", "users", {"name": "eve", "surname": "x"}),
        ("PUT", "users/ada/roles/mill", {"role": None}),
        ("PUT", "users/ada/roles/nowhere", {"role": "viewer"}),
        ("POST", "clients", {"id": "x"}),
        ("POST", "clients", {"id": "x", "companies": []}),
        ("POST", "clients", {"id": "x", "companies": ["mill"], "scopes": ["fly"]}),
        ("POST", "clients", {"id": "x", "companies": ["mill"], "redirects": ["x"]}),
        ("POST", "tokens", {"client": "", "companies": ["mill"]}),
        ("POST", "tokens", {"client": "x", "companies": ["mill"], "expires_in_days": 0}),
        ("POST", "tokens", {"client": "x", "companies": ["mill"], "expires_in_days": True}),
        ("POST", "tokens", {"client": "x", "companies": "mill"}),
    ],
)
def test_what_is_wrong_is_said(office: Office, method: str, path: str, body: Any) -> None:
    before = office.world.directory.credentials_version()
    status, told = office.ask(method, path, body)
    assert (status, set(told)) == (400, {"error"})
    assert office.world.directory.credentials_version() == before


def test_who_is_let_in(office: Office) -> None:
    for token in ("", "x", "x" * 5_000):
        assert office.ask("GET", "users", token=token)[0] == 401
    reader = Office(scopes=frozenset({Scope.READ, Scope.WRITE, Scope.APPROVE}))
    assert reader.ask("GET", "users")[0] == 403


def test_a_token_that_is_withdrawn_while_it_asks_for_another_gets_none(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    directory, clock = office.world.directory, office.world.clock
    change = directory.change_tokens

    def meanwhile(work: Callable[[TokenTable], object]) -> object:
        monkeypatch.setattr(directory, "change_tokens", change)
        credentials.revoke(directory, clock, credentials.digest(office.token))
        return change(work)

    monkeypatch.setattr(directory, "change_tokens", meanwhile)
    status, told = office.ask("POST", "tokens", {"client": "job", "companies": ["mill"]})
    assert (status, told) == (403, {"error": "what you sign in with has ended meanwhile"})
    assert all(token.revoked_at is not None for token in directory.tokens())


def test_paths_and_methods(office: Office) -> None:
    for path in ("", "x", "users/a/b", "users/a/roles", "tokens/1/2"):
        assert office.ask("GET", path)[0] == 404
    for method, path in (("DELETE", "users"), ("GET", "tokens/1"), ("PATCH", "users/ada")):
        assert office.ask(method, path)[0] == 405


def test_every_problem_has_an_answer(office: Office) -> None:
    request = Request("POST", "/admin/v1/users", "", {}, b"", "6" * 32, "http://x")
    for problem in Problem:
        response = office.plugin.refuse(request, problem)
        assert response.status >= 400
        assert json.loads(response.body)["error"]
    assert office.plugin.operation(request) == "users"
    assert office.plugin.operation(Request("GET", "/admin/v1", "", {}, b"", "", "")) == "other"
