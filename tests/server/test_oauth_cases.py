"""The ways of OAuth that go wrong elsewhere, each by name, against the whole server in memory."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar

import pytest
from tests.support.oauth import (
    ACCOUNTING,
    AUTHORIZE,
    BACK,
    CHALLENGE,
    HASH,
    PASSWORD,
    REVOKE,
    SECOND,
    TOKEN,
    USERINFO,
    VERIFIER,
    World,
    answer,
    error,
    header,
    returned,
)

from daybook.app import credentials
from daybook.app.access import Principal, Rejection, Scope
from daybook.app.administration import Fault
from daybook.app.ports import TokenTable, User
from daybook.app.roles import Role
from daybook.app.sessions import COOKIE
from daybook.domain.ids import CompanyId, Timestamp

CASES: Final[dict[str, Callable[[World], None]]] = {}
DAY: Final = 86_400 * SECOND
T = TypeVar("T")


def case(name: str) -> Callable[[Callable[[World], None]], Callable[[World], None]]:
    def keep(work: Callable[[World], None]) -> Callable[[World], None]:
        assert name not in CASES
        CASES[name] = work
        return work

    return keep


@pytest.mark.parametrize("name", CASES)
def test_case(name: str) -> None:
    CASES[name](World())


def shown(world: World, **changes: str | None) -> str:
    """What a person is shown who is sent nowhere."""
    response = world.visit(**changes)
    assert response.status == 400
    assert "location" not in dict(response.headers)
    assert response.diagnosis
    return response.body.decode()


def sent(world: World, **changes: str | None) -> str:
    """The error with which a person is sent back, without being asked anything."""
    told = returned(world.visit(**changes))
    assert "code" not in told
    assert told.get("state") == "a state/=&"
    return told["error"]


# Getting in


@case("the whole way: sign in, allow, tokens, books")
def _(world: World) -> None:
    world.sign_in()
    told = returned(world.consent())
    assert told["state"] == "a state/=&"
    assert told["realmId"] == world.realms[0]
    assert len(told["code"]) <= 512
    tokens = answer(world.exchange(told["code"]))
    assert tokens["token_type"] == "bearer"
    assert (tokens["expires_in"], tokens["x_refresh_token_expires_in"]) == (3_600, 8_726_400)
    principal = world.believed(tokens["access_token"])
    scopes = frozenset({Scope.READ, Scope.WRITE, Scope.APPROVE})
    assert principal == Principal("app", frozenset({CompanyId(1)}), scopes, "ada")


@case("the secret in the form")
def _(world: World) -> None:
    response = world.exchange(world.code(), "", client_id="app", client_secret="secret")
    assert answer(response)["access_token"]


@case("who is signed in is not asked again")
def _(world: World) -> None:
    world.sign_in()
    assert b"Let An" in world.visit().body
    assert b"password" not in world.visit().body


@case("a wrong password lets nobody in")
def _(world: World) -> None:
    page = world.visit()
    response = world.submit(page, "/connect/sign-in", name="ada", password="wrong")
    assert response.status == 403
    assert b"name or the password is wrong" in response.body
    assert COOKIE not in world.cookies


@case("guessing passwords ends")
def _(world: World) -> None:
    for _ in range(10):
        page = world.visit()
        world.submit(page, "/connect/sign-in", name="ada", password="wrong")
    response = world.submit(world.visit(), "/connect/sign-in", name="ada", password="wrong")
    assert response.status == 429
    assert header(response, "retry-after") == "900"


@case("a sign-in form of another browser")
def _(world: World) -> None:
    page = world.visit()
    world.cookies.clear()
    fields = {"name": "ada", "password": "correct horse"}
    assert world.submit(page, "/connect/sign-in", **fields).status == 403
    assert COOKIE not in world.cookies


@case("a consent without the token of its form")
def _(world: World) -> None:
    world.sign_in()
    fields = {"decision": "allow", "company": world.realms[0]}
    for token in ("", "0" * 64, "ü"):
        assert world.submit(world.visit(), AUTHORIZE, token=token, **fields).status == 403


@case("a consent sent from another site")
def _(world: World) -> None:
    world.sign_in()
    response = world.ask("POST", AUTHORIZE, b"decision=allow", {"sec-fetch-site": "cross-site"})
    assert response.status == 403


@case("a consent of somebody who has signed out")
def _(world: World) -> None:
    world.sign_in()
    page = world.visit()
    world.submit(page, "/connect/sign-out")
    response = world.submit(page, AUTHORIZE, decision="allow", company=world.realms[0])
    assert response.status == 200
    assert b'name="password"' in response.body


@case("denied")
def _(world: World) -> None:
    world.sign_in()
    told = returned(world.submit(world.visit(), AUTHORIZE, decision="deny"))
    assert (told["error"], told["state"]) == ("access_denied", "a state/=&")
    assert "code" not in told


@case("neither allowed nor denied is denied")
def _(world: World) -> None:
    world.sign_in()
    assert returned(world.submit(world.visit(), AUTHORIZE))["error"] == "access_denied"


@case("no state, none sent back")
def _(world: World) -> None:
    world.sign_in()
    assert "state" not in returned(world.consent(state=None))


@case("a page says what is asked for, and escapes it")
def _(world: World) -> None:
    world.sign_in()
    page = world.visit(scope=f"{ACCOUNTING} openid").body.decode()
    assert "An &lt;app&gt; &amp; more" in page
    assert "app.example" in page
    assert "See the books" in page
    assert "Know you again" in page
    assert "e-mail" not in page


@case("pages may not be framed, cached or scripted")
def _(world: World) -> None:
    policy = header(world.visit(), "content-security-policy")
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "form-action 'self' https://app.example" in policy
    assert header(world.visit(), "x-frame-options") == "DENY"
    assert header(world.visit(), "cache-control") == "no-store"
    assert b"<script" not in world.visit().body


@case("cookies are for this server's pages alone")
def _(world: World) -> None:
    cookie = header(world.visit(), "set-cookie")
    for attribute in ("HttpOnly", "SameSite=Lax", "Path=/connect"):
        assert attribute in cookie


# Addresses to be sent back to


@case("an unknown application is sent nowhere")
def _(world: World) -> None:
    assert "not known" in shown(world, client_id="nobody")


@case("no application is sent nowhere")
def _(world: World) -> None:
    assert "not known" in shown(world, client_id=None)


@case("an application that was withdrawn")
def _(world: World) -> None:
    client = world.directory.client("app")
    assert client is not None
    world.directory.put_client(replace(client, revoked_at=world.clock()))
    shown(world)


@case("an address that was not registered")
def _(world: World) -> None:
    assert "letter for letter" in shown(world, redirect_uri="https://evil.example/")


@case("no address")
def _(world: World) -> None:
    shown(world, redirect_uri=None)


def _address(name: str, redirect: str) -> None:
    @case(f"an address that is nearly right: {name}")
    def _(world: World) -> None:
        shown(world, redirect_uri=redirect)


for _name, _redirect in {
    "a path more": "https://app.example/back/more?of=app",
    "a query more": BACK + "&x=1",
    "without its query": "https://app.example/back",
    "a fragment": BACK + "#x",
    "another case of the path": "https://app.example/BACK?of=app",
    "another case of the host": "https://APP.example/back?of=app",
    "its default port": "https://app.example:443/back?of=app",
    "http": "http://app.example/back?of=app",
    "a host behind it": "https://app.example.evil.example/back?of=app",
    "credentials before another host": "https://app.example@evil.example/back?of=app",
    "a backslash": "https://app.example\\@evil.example/back?of=app",
    "dots in the path": "https://app.example/x/../back?of=app",
    "another port on the machine itself": "http://localhost:8001/back",
    "another name of the machine itself": "http://127.0.0.1:8000/back",
    "a script": "javascript:alert(1)",
    "a line end": BACK + "\r\nset-cookie: a=b",
    "that of another application": "https://other.example/",
}.items():
    _address(_name, _redirect)


@case("the address twice")
def _(world: World) -> None:
    query = world.query() + "&redirect_uri=https%3A%2F%2Fevil.example"
    response = world.ask("GET", AUTHORIZE, query=query)
    assert response.status == 400


@case("an address changed in the form")
def _(world: World) -> None:
    world.sign_in()
    query = world.query(redirect_uri="https://evil.example/")
    fields = {"decision": "allow", "company": world.realms[0], "query": query}
    assert world.submit(world.visit(), AUTHORIZE, **fields).status == 400


@case("signing in leads nowhere else")
def _(world: World) -> None:
    page = world.visit()
    fields = {"name": "ada", "password": "correct horse"}
    response = world.submit(page, "/connect/sign-in", **fields)
    assert header(response, "location").startswith("/connect/oauth2?")
    query = "//evil.example/?" + world.query()
    response = world.submit(page, "/connect/sign-in", query=query, **fields)
    assert "location" not in dict(response.headers)


# What is asked for


@case("another response type")
def _(world: World) -> None:
    assert sent(world, response_type="token") == "unsupported_response_type"


@case("no response type")
def _(world: World) -> None:
    assert sent(world, response_type=None) == "invalid_request"


@case("an unknown scope")
def _(world: World) -> None:
    assert sent(world, scope=f"{ACCOUNTING} admin") == "invalid_scope"


@case("no scope")
def _(world: World) -> None:
    assert sent(world, scope=" ") == "invalid_scope"


@case("a parameter twice")
def _(world: World) -> None:
    response = world.ask("GET", AUTHORIZE, query=world.query() + "&scope=openid")
    assert returned(response)["error"] == "invalid_request"


@case("a request object")
def _(world: World) -> None:
    assert sent(world, request="eyJ") == "request_not_supported"
    assert sent(world, request_uri="https://evil.example") == "request_uri_not_supported"


@case("a state beyond its bound is not sent back")
def _(world: World) -> None:
    told = returned(world.visit(state="x" * 3_000))
    assert told["error"] == "invalid_request"
    assert "state" not in told


@case("a challenge sent plain")
def _(world: World) -> None:
    assert sent(world, code_challenge=VERIFIER, code_challenge_method="plain") == "invalid_request"
    assert sent(world, code_challenge=VERIFIER) == "invalid_request"


@case("a method without a challenge, or one that is none")
def _(world: World) -> None:
    for challenge in (None, "", "short", "x" * 44, "ü" * 43):
        changes = {"code_challenge": challenge, "code_challenge_method": "S256"}
        assert sent(world, **changes) == "invalid_request"


# Codes


@case("a code comes twice: all it made is withdrawn")
def _(world: World) -> None:
    code = world.code()
    tokens = answer(world.exchange(code))
    assert error(world.exchange(code)) == "invalid_grant"
    assert world.believed(tokens["access_token"]) is Rejection.REVOKED
    assert error(world.refresh(tokens["refresh_token"])) == "invalid_grant"


@case("a code comes twice hours later, with refreshed tokens")
def _(world: World) -> None:
    code = world.code()
    tokens = answer(world.exchange(code))
    world.clock.now += 3_600 * 5 * SECOND
    again = answer(world.refresh(tokens["refresh_token"]))
    assert error(world.exchange(code)) == "invalid_grant"
    assert world.believed(again["access_token"]) is Rejection.REVOKED


@case("a code comes too late")
def _(world: World) -> None:
    code = world.code()
    world.clock.now += 300 * SECOND
    assert error(world.exchange(code)) == "invalid_grant"


@case("a code in its last second")
def _(world: World) -> None:
    code = world.code()
    world.clock.now += 299 * SECOND
    assert answer(world.exchange(code))["access_token"]


@case("a code for another application, and then for its own")
def _(world: World) -> None:
    code = world.code()
    assert error(world.exchange(code, "other:secret")) == "invalid_grant"
    assert answer(world.exchange(code))["access_token"]


@case("a code with another address")
def _(world: World) -> None:
    code = world.code()
    response = world.exchange(code, redirect_uri="http://localhost:8000/back")
    assert error(response) == "invalid_grant"


@case("a code without its address")
def _(world: World) -> None:
    assert error(world.exchange(world.code(), redirect_uri="")) == "invalid_request"


@case("a code that nobody made")
def _(world: World) -> None:
    for text in ("x", "dbc_" + "A" * 43, "ü", "x" * 5_000):
        assert error(world.exchange(text)) == "invalid_grant"


@case("a challenge and its verifier")
def _(world: World) -> None:
    code = world.code(code_challenge=CHALLENGE, code_challenge_method="S256")
    assert answer(world.exchange(code, code_verifier=VERIFIER))["access_token"]


@case("a challenge without a verifier, or with another")
def _(world: World) -> None:
    code = world.code(code_challenge=CHALLENGE, code_challenge_method="S256")
    for verifier in ("", "w" * 43, CHALLENGE, "v" * 42, "v" * 200, "ü" * 43):
        assert error(world.exchange(code, code_verifier=verifier)) == "invalid_grant"


@case("a verifier where there was no challenge")
def _(world: World) -> None:
    assert error(world.exchange(world.code(), code_verifier=VERIFIER)) == "invalid_grant"


@case("a code of somebody who was withdrawn meanwhile")
def _(world: World) -> None:
    code = world.code()
    user = world.directory.user("ada")
    assert user is not None
    world.directory.put_user(replace(user, revoked_at=world.clock()))
    assert error(world.exchange(code)) == "invalid_grant"


@case("a code of somebody whose role was taken meanwhile")
def _(world: World) -> None:
    code = world.code()
    world.directory.put_user(User("ada", HASH, Timestamp(0), roles=()))
    assert error(world.exchange(code)) == "invalid_grant"


@case("a code used as an access token, and as a refresh token")
def _(world: World) -> None:
    code = world.code()
    assert world.believed(code) is Rejection.UNKNOWN
    assert error(world.refresh(code)) == "invalid_grant"


@case("a code outlives a restart")
def _(world: World) -> None:
    code = world.code()
    world.restart("22" * 32)
    assert answer(world.exchange(code))["id_token"]


# Applications and their secrets


@case("a wrong secret")
def _(world: World) -> None:
    response = world.exchange(world.code(), "app:wrong")
    assert error(response, 401) == "invalid_client"
    assert header(response, "www-authenticate").startswith("Basic")


@case("no secret")
def _(world: World) -> None:
    for fields in ({}, {"client_id": "app"}, {"client_id": "app", "client_secret": ""}):
        assert error(world.exchange("x", "", **fields), 401) == "invalid_client"


@case("another kind of grant")
def _(world: World) -> None:
    for kind in ("password", "client_credentials", "implicit"):
        response = world.post(TOKEN, grant_type=kind, username="ada", password="correct horse")
        assert error(response) == "unsupported_grant_type"


# Companies and rights


@case("a company that is another's")
def _(world: World) -> None:
    world.sign_in("bob")
    page = world.visit()
    assert b"no company" in page.body
    response = world.submit(page, AUTHORIZE, decision="allow", company=world.realms[0])
    assert response.status == 403


@case("a company that does not exist, and none")
def _(world: World) -> None:
    world.sign_in()
    for realm in ("1", "", "x"):
        assert world.consent(realm).status == 403


@case("an application for one company is not let into another")
def _(world: World) -> None:
    client = world.directory.client("app")
    assert client is not None
    world.directory.put_client(replace(client, company_ids=frozenset({CompanyId(2)})))
    world.sign_in()
    assert world.consent(world.realms[0]).status == 403
    assert "code" in returned(world.consent(world.realms[1]))


@case("an application gets no more than the person may do")
def _(world: World) -> None:
    world.sign_in()
    code = returned(world.consent(world.realms[1]))["code"]
    principal = world.believed(answer(world.exchange(code))["access_token"])
    assert isinstance(principal, Principal)
    assert principal.scopes == frozenset({Scope.READ})
    assert principal.company_ids == frozenset({CompanyId(2)})


@case("an application gets no more than it may be given")
def _(world: World) -> None:
    client = world.directory.client("app")
    assert client is not None
    world.directory.put_client(replace(client, scopes=frozenset({"read"})))
    principal = world.believed(world.tokens()["access_token"])
    assert isinstance(principal, Principal)
    assert principal.scopes == frozenset({Scope.READ})


@case("who asks about the person alone opens no books")
def _(world: World) -> None:
    world.sign_in(scope="openid")
    told = returned(world.submit(world.visit(scope="openid"), AUTHORIZE, decision="allow"))
    assert "realmId" not in told
    principal = world.believed(answer(world.exchange(told["code"]))["access_token"])
    assert isinstance(principal, Principal)
    assert not principal.may_open(CompanyId(1))
    assert principal.scopes == frozenset()


@case("who asks about books alone learns nothing of the person")
def _(world: World) -> None:
    tokens = world.tokens(scope=ACCOUNTING)
    assert "id_token" not in tokens
    assert error(world.userinfo(tokens["access_token"]), 403) == "insufficient_scope"


# Refreshing and revoking


@case("a refreshed token allows the same")
def _(world: World) -> None:
    tokens = world.tokens()
    again = answer(world.refresh(tokens["refresh_token"]))
    assert again["access_token"] != tokens["access_token"]
    assert world.believed(again["access_token"]) == world.believed(tokens["access_token"])
    assert "id_token" not in again
    assert answer(world.userinfo(again["access_token"]))["email"] == "ada@example.com"


@case("a refresh token that comes again after its successor was used ends everything")
def _(world: World) -> None:
    first = world.tokens()["refresh_token"]
    world.clock.now += DAY
    second = answer(world.refresh(first))
    assert second["refresh_token"] != first
    third = answer(world.refresh(second["refresh_token"]))
    assert error(world.refresh(first)) == "invalid_grant"
    assert world.believed(third["access_token"]) is Rejection.REVOKED
    assert error(world.refresh(third["refresh_token"])) == "invalid_grant"


@case("a refresh token of another application")
def _(world: World) -> None:
    tokens = world.tokens()
    assert error(world.refresh(tokens["refresh_token"], "other:secret")) == "invalid_grant"
    assert answer(world.refresh(tokens["refresh_token"]))["access_token"]


@case("a refresh token beyond its 101 days")
def _(world: World) -> None:
    tokens = world.tokens()
    world.clock.now += 101 * DAY
    assert error(world.refresh(tokens["refresh_token"])) == "invalid_grant"


@case("a refresh gives no more than the person may do by then")
def _(world: World) -> None:
    tokens = world.tokens()
    world.directory.put_user(User("ada", HASH, Timestamp(0), roles=((CompanyId(1), "viewer"),)))
    principal = world.believed(answer(world.refresh(tokens["refresh_token"]))["access_token"])
    assert isinstance(principal, Principal)
    assert principal.scopes == frozenset({Scope.READ})


@case("a refresh for somebody who was withdrawn")
def _(world: World) -> None:
    tokens = world.tokens()
    user = world.directory.user("ada")
    assert user is not None
    world.directory.put_user(replace(user, revoked_at=world.clock()))
    assert error(world.refresh(tokens["refresh_token"])) == "invalid_grant"


@case("an access token sent for a refresh")
def _(world: World) -> None:
    assert error(world.refresh(world.tokens()["access_token"])) == "invalid_grant"


@case("a refresh token opens no books")
def _(world: World) -> None:
    assert world.believed(world.tokens()["refresh_token"]) is Rejection.UNKNOWN


@case("an access token ends after an hour")
def _(world: World) -> None:
    tokens = world.tokens()
    world.clock.now += 3_600 * SECOND
    assert world.believed(tokens["access_token"]) is Rejection.EXPIRED
    assert error(world.userinfo(tokens["access_token"]), 401) == "invalid_token"


@case("revoking either token ends both")
def _(world: World) -> None:
    for kind in ("access_token", "refresh_token"):
        tokens = world.tokens()
        assert world.post(REVOKE, token=tokens[kind]).status == 200
        assert world.believed(tokens["access_token"]) is Rejection.REVOKED
        assert error(world.refresh(tokens["refresh_token"])) == "invalid_grant"


@case("another application cannot revoke")
def _(world: World) -> None:
    tokens = world.tokens()
    assert world.post(REVOKE, "other:secret", token=tokens["access_token"]).status == 400
    assert isinstance(world.believed(tokens["access_token"]), Principal)


@case("revoking needs the secret")
def _(world: World) -> None:
    tokens = world.tokens()
    response = world.post(REVOKE, "", token=tokens["access_token"])
    assert error(response, 401) == "invalid_client"


# Who somebody is


@case("userinfo tells what was allowed")
def _(world: World) -> None:
    told = answer(world.userinfo(world.tokens()["access_token"]))
    assert set(told) == {"sub", "email", "emailVerified", "givenName"}
    less = answer(world.userinfo(world.tokens(scope="openid " + ACCOUNTING)["access_token"]))
    assert less == {"sub": told["sub"]}


@case("userinfo without a token, with a broken one, with that of a refresh")
def _(world: World) -> None:
    assert error(world.ask("GET", USERINFO), 401) == "invalid_token"
    for text in ("", "x", "ü", "x" * 5_000, world.tokens()["refresh_token"]):
        response = world.userinfo(text)
        assert error(response, 401) == "invalid_token"
        assert header(response, "www-authenticate").startswith("Bearer")


def test_there_are_sixty_cases_and_more() -> None:
    assert len(CASES) >= 60


@case("a code that is exchanged in the instant of a password reset")
def _(world: World) -> None:
    """The reset is done when the code has been looked at and its tokens are not made yet."""
    code = world.code()
    change, administration = world.directory.change_tokens, world.operator()

    def meanwhile(work: Callable[[TokenTable], T]) -> T:
        world.directory.change_tokens = change  # type: ignore[method-assign]
        world.clock.now += 1
        reset = administration.set_password("ada", PASSWORD * 2)
        assert not isinstance(reset, Fault), reset
        return change(work)

    world.directory.change_tokens = meanwhile  # type: ignore[method-assign]
    assert error(world.exchange(code)) == "invalid_grant"
    assert all(token.revoked_at is not None for token in world.directory.tokens())


@case("a refresh in the instant in which a role is taken")
def _(world: World) -> None:
    tokens = answer(world.exchange(world.code()))
    change, administration = world.directory.change_tokens, world.operator()

    def meanwhile(work: Callable[[TokenTable], T]) -> T:
        world.directory.change_tokens = change  # type: ignore[method-assign]
        changed = administration.set_role("ada", CompanyId(1), Role.VIEWER)
        assert not isinstance(changed, Fault), changed
        return change(work)

    world.directory.change_tokens = meanwhile  # type: ignore[method-assign]
    fresh = answer(world.refresh(tokens["refresh_token"]))
    kept = world.directory.token(credentials.digest(fresh["access_token"]))
    assert kept is not None
    assert kept.scopes & set(Scope) == {"read"}
