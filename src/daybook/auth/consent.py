"""The pages on which people let an application in: sign in, choose a company, allow or deny.

    GET  /connect/oauth2      who is asked for what; a sign-in form where nobody is signed in
    POST /connect/oauth2      allowed or denied: back to the application
    POST /connect/sign-in     name and password
    POST /connect/sign-out    somebody else wants to sign in

What the application asked for travels as the query it came with, in a hidden field, and is read
and judged anew by each step; nothing that a form says of it is believed. Forms carry the session's
token, before there is one a random token that stands in a cookie as well. Pages run no script and
may not be framed.

Whoever has signed in to the pages of the program has signed in here, and the other way round: it is
one session, and still nobody is let in without the button that says so.
"""

import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

from daybook.app.access import Scope
from daybook.app.credentials import NO_COMPANY
from daybook.app.ledger import Ledger
from daybook.app.sessions import (
    COOKIE,
    COOKIE_PATHS,
    SESSION_SECONDS,
    Denial,
    Entered,
    Session,
    Sessions,
)
from daybook.app.trail import By, Happening, Trail, What
from daybook.auth.applications import Applications
from daybook.auth.codes import Codes, TooManyCodes
from daybook.auth.scopes import PLAIN
from daybook.auth.wishes import Returned, Unanswerable, Wish, read_wish, sent_back
from daybook.domain.ids import CompanyId
from daybook.domain.values import value
from daybook.protocols.kit import http
from daybook.protocols.kit.plugin import Request, Response

AUTHORIZE: Final = "/connect/oauth2"
SIGN_IN: Final = "/connect/sign-in"
SIGN_OUT: Final = "/connect/sign-out"
PATHS: Final[Mapping[str, tuple[str, ...]]] = {
    AUTHORIZE: ("GET", "POST"),
    SIGN_IN: ("POST",),
    SIGN_OUT: ("POST",),
}
"""The pages, and the methods they take."""

COMPANIES_SHOWN_MAX: Final = 200
"""Companies to choose from on one page; their names are read one by one."""

QUERY_LENGTH_MAX: Final = 16_384
"""Characters of the query an application sends people with: every part at its own bound."""

FORM_COOKIE: Final = "daybook_connect_form"

_FORM_BYTES: Final = 24
_ENDED: Final = "This page is too old. Go back to the application and begin again."


@value
class Look:
    """Addresses of what the pages of the whole program look by, and of one they lead to."""

    styles: tuple[str, ...]
    icon: str
    applications: str
    """Where people see whom they have let in, and withdraw it."""


@value
class _Choice:
    """A company that somebody may let an application into."""

    id: CompanyId
    realm: str
    name: str


class ConsentPages:
    """The pages of a server. Called on pool threads."""

    def __init__(
        self,
        ledger: Ledger,
        sessions: Sessions,
        applications: Applications,
        codes: Codes,
        look: Look,
    ) -> None:
        self._ledger = ledger
        self._sessions = sessions
        self._applications = applications
        self._codes = codes
        self._trail = Trail(ledger.store.directory, ledger.clock)
        loader = PackageLoader("daybook.auth")
        self._templates = Environment(loader=loader, autoescape=True, undefined=StrictUndefined)
        self._templates.globals["look"] = look

    def handle(self, request: Request) -> Response:
        """The answer to a request for one of `PATHS`, by a method it takes."""
        path = request.path.rstrip("/")
        if len(request.query) > QUERY_LENGTH_MAX:
            return self._problem(request, "The address that brought you here is too long.")
        cookies = _cookies(request)
        session = self._sessions.find(cookies.get(COOKIE, ""))
        if request.method == "GET":
            return self._asked(request, cookies, session, request.query)
        try:
            form = http.form_map(request.body)
        except http.TooManyParameters:
            return self._problem(request, "The form has too many fields.")
        if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return self._problem(request, "The form was sent from another site.", 403)
        query = form.get("query", "")
        if path == SIGN_IN:
            return self._sign_in(request, cookies, form, query)
        if session is None:
            return self._asked(request, cookies, None, query)
        if not hmac.compare_digest(form.get("token", "").encode(), session.csrf_token.encode()):
            return self._problem(request, _ENDED, 403)
        if path == SIGN_OUT:
            self._sessions.sign_out(cookies.get(COOKIE, ""))
            shown = self._asked(request, cookies, None, query)
            gone = _session_cookies(request, "", "; Max-Age=0")
            return replace(shown, headers=(*shown.headers, *gone))
        return self._decided(request, session, form, query)

    def unavailable(self, request: Request, cause: str) -> Response:
        """The page where the store could not keep what it has to."""
        return self._problem(request, f"It could not be kept: {cause}. Please try later.", 503)

    # Steps

    def _asked(
        self, request: Request, cookies: Mapping[str, str], session: Session | None, query: str
    ) -> Response:
        """The page on which somebody is asked, or is to sign in first."""
        wish = self._wish(request, query)
        if isinstance(wish, Response):
            return wish
        if session is None:
            return self._sign_in_page(request, cookies, wish, query)
        choices = self._choices(wish, session) if wish.is_about_books else []
        return self._page(
            request,
            "consent.html",
            wish,
            query=query,
            token=session.csrf_token,
            user=session.user,
            host=urlsplit(wish.redirect).netloc,
            scopes=[PLAIN[scope] for scope in wish.scopes],
            choices=choices,
            lacking=wish.is_about_books and not choices,
        )

    def _sign_in(
        self, request: Request, cookies: Mapping[str, str], form: Mapping[str, str], query: str
    ) -> Response:
        wish = self._wish(request, query)
        if isinstance(wish, Response):
            return wish
        expected = cookies.get(FORM_COOKIE, "")
        if not expected or not hmac.compare_digest(
            form.get("token", "").encode(), expected.encode()
        ):
            message = "The page was too old, or your browser keeps no cookies. Try once more."
            return self._sign_in_page(request, {}, wish, query, message, 403)
        name, password = form.get("name", "").strip(), form.get("password", "")
        entered = self._sessions.sign_in(name, password, request.peer)
        if not isinstance(entered, Entered):
            throttled = entered.reason is Denial.THROTTLED
            more = (("retry-after", str(entered.retry_seconds)),) if throttled else ()
            status = 429 if throttled else 403
            return self._sign_in_page(request, cookies, wish, query, entered.message, status, more)
        headers = (
            ("location", f"{AUTHORIZE}?{_one_line(query)}"),
            ("cache-control", "no-store"),
            *_session_cookies(request, entered.secret),
        )
        return Response(303, b"", headers)

    def _decided(
        self, request: Request, session: Session, form: Mapping[str, str], query: str
    ) -> Response:
        """Back to the application: with a code, or with an error."""
        wish = self._wish(request, query)
        if isinstance(wish, Response):
            return wish
        if form.get("decision") != "allow":
            return _back(wish, "access_denied", "the person has denied it")
        company_id, realm, scopes = NO_COMPANY, "", frozenset[Scope]()
        if wish.is_about_books:
            wanted = form.get("company", "")
            choice = next((c for c in self._choices(wish, session) if c.realm == wanted), None)
            if choice is None:
                return self._problem(request, "Choose a company that is yours to open.", 403)
            company_id, realm = choice.id, choice.realm
            scopes = self._scopes(wish, session, company_id)
        try:
            code = self._codes.make(wish, session.user, session.signed_in_at, company_id, scopes)
        except TooManyCodes:
            return _back(wish, "temporarily_unavailable", "too many codes are under way")
        by = By(wish.application.id, session.user, request.peer)
        opened = frozenset({company_id}) - {NO_COMPANY}
        note = " ".join(wish.scopes)
        self._trail.note(Happening(What.LET_IN, wish.application.id, by, opened, note))
        pairs = [("code", code), *([("realmId", realm)] if realm else [])]
        return _redirect(sent_back(wish.redirect, pairs, wish.state))

    # Parts

    def _wish(self, request: Request, query: str) -> Wish | Response:
        """What is asked for; or the answer to what cannot be."""
        if len(query) > QUERY_LENGTH_MAX:
            return self._problem(request, "The form is longer than any of ours.")
        try:
            wish = read_wish(http.query_pairs(query), self._applications)
        except http.TooManyParameters:
            return self._problem(request, "The application asks with too many parameters.")
        if isinstance(wish, Unanswerable):
            return self._problem(request, wish.message)
        if isinstance(wish, Returned):
            return _redirect(wish.address, f"{wish.error}: {wish.message}")
        return wish

    def _scopes(self, wish: Wish, session: Session, company_id: CompanyId) -> frozenset[Scope]:
        """What the application gets: no more than it and the person may do, and no rule."""
        person = session.within(company_id)
        allowed = frozenset() if person is None else person.scopes
        return (allowed & wish.application.scopes) - {Scope.ADMIN}

    def _choices(self, wish: Wish, session: Session) -> list[_Choice]:
        """The companies that somebody may let an application into, by name."""
        store = self._ledger.store
        found = []
        for company_id in store.directory.company_ids():
            opened = wish.application.company_ids
            if opened is not None and company_id not in opened:
                continue
            names = store.directory.names(company_id)
            if names is None or not self._scopes(wish, session, company_id):
                continue
            with store.read(company_id) as reader:
                found.append(_Choice(company_id, names.realm, reader.company.name))
            if len(found) == COMPANIES_SHOWN_MAX:
                break
        return sorted(found, key=lambda choice: (choice.name.casefold(), choice.realm))

    def _sign_in_page(
        self,
        request: Request,
        cookies: Mapping[str, str],
        wish: Wish,
        query: str,
        message: str = "",
        status: int = 200,
        more: Sequence[tuple[str, str]] = (),
    ) -> Response:
        token = cookies.get(FORM_COOKIE, "")
        if len(token) != len(secrets.token_urlsafe(_FORM_BYTES)) or not token.isascii():
            token = secrets.token_urlsafe(_FORM_BYTES)
        life = f"; Max-Age={SESSION_SECONDS}"
        cookie = _cookie(request, FORM_COOKIE, token, "/connect", life)
        return self._page(
            request,
            "sign_in.html",
            wish,
            status,
            (cookie, *more),
            query=query,
            token=token,
            message=message,
        )

    def _problem(self, request: Request, message: str, status: int = 400) -> Response:
        """A page that says what is wrong, and sends nobody anywhere."""
        return self._page(request, "problem.html", None, status, message=message)

    def _page(
        self,
        request: Request,
        template: str,
        wish: Wish | None,
        status: int = 200,
        more: Sequence[tuple[str, str]] = (),
        **values: object,
    ) -> Response:
        if wish is not None:
            values = {"application": wish.application.name, **values}
        text = self._templates.get_template(template).render(request_id=request.id, **values)
        message = values.get("message")
        diagnosis = message if status >= 400 and isinstance(message, str) else None
        return Response(status, text.encode(), (*_page_headers(wish), *more), diagnosis)


def _back(wish: Wish, error: str, message: str) -> Response:
    return _redirect(Returned(wish.redirect, wish.state, error, message).address, message)


def _redirect(address: str, diagnosis: str | None = None) -> Response:
    headers = (
        ("location", address),
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
    )
    return Response(302, b"", headers, diagnosis)


def _page_headers(wish: Wish | None) -> list[tuple[str, str]]:
    """Browsers hold forms to `form-action` when they are redirected too, so that it names where
    the application is.
    """
    target = ""
    if wish is not None:
        parts = urlsplit(wish.redirect)
        target = f" {parts.scheme}://{parts.netloc}"
    policy = (
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none';"
        " frame-ancestors 'none';"
        f" form-action 'self'{target}"
    )
    return [
        ("content-type", "text/html; charset=utf-8"),
        ("content-security-policy", policy),
        ("x-frame-options", "DENY"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
    ]


def _cookies(request: Request) -> dict[str, str]:
    """The cookies of a request; of a repeated one the first counts, which is the nearest."""
    found: dict[str, str] = {}
    for piece in request.headers.get("cookie", "").split(";"):
        name, _, text = piece.strip().partition("=")
        found.setdefault(name, text)
    return found


def _cookie(request: Request, name: str, text: str, path: str, life: str = "") -> tuple[str, str]:
    secure = "; Secure" if request.origin.startswith("https:") else ""
    attributes = f"Path={path}{life}; HttpOnly; SameSite=Lax{secure}"
    return "set-cookie", f"{name}={text}; {attributes}"


def _session_cookies(request: Request, secret: str, life: str = "") -> list[tuple[str, str]]:
    """The session's cookie for these pages and for the others: one session serves both."""
    return [_cookie(request, COOKIE, secret, path, life) for path in COOKIE_PATHS]


def _one_line(query: str) -> str:
    """A query as it may stand in a header: what an address cannot hold is left out."""
    return "".join(char for char in query if "\x21" <= char <= "\x7e")
