"""The authorization server without a network: people with forms, applications with secrets."""

import asyncio
import base64
import html
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, TypeVar, cast
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.support.clock import TestClock

from daybook.app import credentials, passwords
from daybook.app.access import OPERATOR, Principal, Rejection
from daybook.app.administration import Administration
from daybook.app.founding import NewCompany, found
from daybook.app.ledger import Ledger
from daybook.app.ports import Client, Store, User
from daybook.app.sessions import COOKIE
from daybook.auth.people import People
from daybook.auth.sessions import StoreSessions
from daybook.auth.sign_in import StoreSignIn
from daybook.auth.tokens import StoreAuthenticator
from daybook.domain.events import Actor
from daybook.domain.ids import CompanyId
from daybook.protocols.kit import cursor
from daybook.protocols.kit.plugin import Plugin, Reading, Request, Response, Runtime, Services
from daybook.server import oauth
from daybook.storage import open_store

T = TypeVar("T")

ORIGIN = "http://127.0.0.1:8080"
AUTHORIZE = "/connect/oauth2"
TOKEN = "/oauth2/v1/tokens/bearer"
REVOKE = "/v2/oauth2/tokens/revoke"
USERINFO = "/v1/openid_connect/userinfo"
JWKS = "/op/v1/jwks"

BACK = "https://app.example/back?of=app"
ACCOUNTING = "com.intuit.quickbooks.accounting"
PASSWORD = "correct horse"
HASH = passwords.hashed(PASSWORD)
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
SECOND = 1_000_000


class AtOnce:
    """A runtime that does things when it is asked."""

    def in_thread(self, work: Callable[[], T]) -> Awaitable[T]:
        async def done() -> T:
            return work()

        return done()


@dataclass
class World:
    """A server with two companies, two applications and two people; and one browser.

    Ada owns the first company and may see the second; Bob has no company. `app` may be let into
    both, `other` is a stranger to it.
    """

    clock: TestClock = field(default_factory=TestClock)
    cookies: dict[str, str] = field(default_factory=dict)
    demo: bool = False
    store: Store | None = None

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.store or open_store("memory://"), self.clock)
        self.directory = self.ledger.store.directory
        for slug in ("demo", "demo2") if self.demo else ("mill", "shop"):
            made = found(self.ledger, NewCompany(slug.title(), slug, "GBP"), Actor("t", "t"))
            assert not hasattr(made, "refusals")
        every = frozenset({"read", "write", "approve", "admin"})
        app = Client("app", "An <app> & more", credentials.digest("secret"), self.clock())
        app = replace(app, scopes=every, redirects=(BACK, "http://localhost:8000/back"))
        other = replace(app, id="other", name="Other", redirects=("https://other.example/",))
        self.directory.put_client(app)
        self.directory.put_client(other)
        roles = ((CompanyId(1), "owner"), (CompanyId(2), "viewer"))
        profile = (("email", "ada@example.com"), ("given_name", "Ada"))
        self.directory.put_user(User("ada", HASH, self.clock(), roles=roles, profile=profile))
        self.directory.put_user(User("bob", HASH, self.clock(), roles=((CompanyId(9), "owner"),)))
        self.restart()

    def restart(self, key: str = "11" * 32) -> None:
        """Start the server anew on the same store."""
        sign_in = StoreSignIn(self.directory)
        people = People(self.directory)
        self.plugin: Plugin = oauth.create(
            Services(
                self.ledger,
                cast("Any", None),
                cast("Runtime", AtOnce()),
                self.clock,
                demo=self.demo,
                settings={cursor.KEY_SETTING: key},
                sessions=StoreSessions(self.directory, self.clock, people, sign_in),
            )
        )

    @property
    def realms(self) -> list[str]:
        """The realm numbers of the companies."""
        names = [self.directory.names(each) for each in self.directory.company_ids()]
        return [each.realm for each in names if each is not None]

    def ask(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        headers: dict[str, str] | None = None,
        query: str = "",
    ) -> Response:
        """A request and its answer; cookies are kept as a browser keeps them."""
        given = dict(headers or {})
        if path.startswith("/connect"):
            given["cookie"] = "; ".join(f"{name}={text}" for name, text in self.cookies.items())
        request = Request(method, path, query, given, body, "6" * 32, ORIGIN, "192.0.2.1")
        answer = self.plugin.handle(request)
        assert not isinstance(answer, Reading)
        response = answer if isinstance(answer, Response) else asyncio.run(_wait(answer))
        for name, text in response.headers:
            if name == "set-cookie":
                cookie, _, _ = text.partition(";")
                key, _, value = cookie.partition("=")
                self.cookies[key] = value
        return response

    # In the browser

    def query(self, **changes: str | None) -> str:
        """What `app` sends people with, with changes; None leaves a parameter out."""
        usual: dict[str, str | None] = {
            "client_id": "app",
            "response_type": "code",
            "scope": f"{ACCOUNTING} openid profile email",
            "redirect_uri": BACK,
            "state": "a state/=&",
            "nonce": "n-1",
        }
        return urlencode({k: v for k, v in {**usual, **changes}.items() if v is not None})

    def visit(self, **changes: str | None) -> Response:
        """The page that `app` sends people to."""
        return self.ask("GET", AUTHORIZE, query=self.query(**changes))

    def submit(self, page: Response, action: str, **fields: str) -> Response:
        """Fill in the form of a page and send it."""
        text = page.body.decode()
        form = next(f for f in re.findall(r"<form.*?</form>", text, re.S) if action in f)
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="(.*?)"', form))
        values = {name: html.unescape(value) for name, value in hidden.items()}
        return self.ask("POST", action, urlencode({**values, **fields}).encode())

    def sign_in(self, name: str = "ada", password: str = PASSWORD, **changes: str | None) -> None:
        """Sign somebody in on the way to `app`."""
        page = self.visit(**changes)
        answer = self.submit(page, "/connect/sign-in", name=name, password=password)
        assert answer.status == 303, answer.body

    def consent(self, realm: str | None = None, **changes: str | None) -> Response:
        """The answer to a person who allows it, for the first company unless another is named."""
        page = self.visit(**changes)
        assert page.status == 200, page
        company = self.realms[0] if realm is None else realm
        return self.submit(page, AUTHORIZE, decision="allow", company=company)

    def code(self, **changes: str | None) -> str:
        """A code that somebody has just allowed."""
        if not self.cookies.get(COOKIE):
            self.sign_in("ada", PASSWORD, **changes)
        return returned(self.consent(**changes))["code"]

    def operator(self) -> Administration:
        """Who administers everything."""
        return Administration(self.directory, self.clock, OPERATOR)

    # The application

    def post(self, path: str, secret: str = "app:secret", **fields: str) -> Response:
        """A form that an application sends with its secret."""
        sealed = base64.b64encode(secret.encode()).decode()
        headers = {"authorization": f"Basic {sealed}"} if secret else {}
        return self.ask("POST", path, urlencode(fields).encode(), headers)

    def exchange(self, code: str, secret: str = "app:secret", **changes: str) -> Response:
        """Tokens for a code, or not."""
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK}
        return self.post(TOKEN, secret, **{**fields, **changes})

    def tokens(self, **changes: str | None) -> dict[str, Any]:
        """Tokens that `app` has just got."""
        return answer(self.exchange(self.code(**changes)))

    def refresh(self, text: str, secret: str = "app:secret") -> Response:
        """New tokens for a refresh token, or not."""
        return self.post(TOKEN, secret, grant_type="refresh_token", refresh_token=text)

    def believed(self, access: str) -> Principal | Rejection:
        """What the interfaces say to an access token."""
        return StoreAuthenticator(self.directory, self.clock).authenticate(access)

    def userinfo(self, access: str) -> Response:
        """What the server tells about whoever let the application in."""
        return self.ask("GET", USERINFO, headers={"authorization": f"Bearer {access}"})


async def _wait(awaited: Awaitable[Response]) -> Response:
    return await awaited


def answer(response: Response) -> dict[str, Any]:
    """The body of an answer that is fine."""
    assert response.status == 200, (response.status, response.body)
    told: dict[str, Any] = json.loads(response.body)
    return told


def header(response: Response, name: str) -> str:
    """A header of a response."""
    return dict(response.headers)[name]


def returned(response: Response, to: str = BACK) -> dict[str, str]:
    """The parameters with which somebody is sent back to an application."""
    assert response.status == 302, (response.status, response.body)
    location = header(response, "location")
    assert location.startswith(to), location
    pairs = parse_qs(urlsplit(location).query, strict_parsing=True)
    assert all(len(values) == 1 for values in pairs.values())
    return {name: values[0] for name, values in pairs.items()}


def error(response: Response, status: int = 400) -> str:
    """The error code of a refusal of the token endpoints."""
    assert response.status == status, (response.status, response.body)
    told: str = json.loads(response.body)["error"]
    return told
