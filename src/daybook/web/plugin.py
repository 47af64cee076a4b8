"""What the server finds: the pages at `/app`, and the way of a request through them.

    static file, or: route -> session -> company and scope -> proof of origin -> handler on a
    thread

Whoever is not signed in is sent to the sign-in page and comes back from there. A company that is
not the visitor's to open is not found, like one that does not exist.
"""

import pkgutil
import secrets
from collections.abc import Awaitable, Iterable
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import Final

from daybook.app.access import Scope
from daybook.app.ledger import refusal_of
from daybook.app.ports import Overloaded, StoreFailure
from daybook.app.sessions import COOKIE
from daybook.protocols.kit import http
from daybook.protocols.kit.plugin import (
    Limits,
    Operation,
    Plugin,
    Problem,
    Request,
    Response,
    Services,
)
from daybook.web import pages, security, static_files
from daybook.web.addresses import PREFIX
from daybook.web.forms import read_form
from daybook.web.limits import BODY_BYTES_MAX
from daybook.web.pages.sign_in import interrupted
from daybook.web.routing import Later, Match, Route, Routes
from daybook.web.site import site_of
from daybook.web.visit import Visit

_PROBLEMS: Final = {
    Problem.TOO_LARGE: (413, "Too large", f"A form may have {BODY_BYTES_MAX:,} bytes."),
    Problem.BAD_ENCODING: (415, "Not readable", "The content encoding cannot be undone."),
    Problem.TIMEOUT: (408, "Too slow", "The form did not arrive in time. Please send it again."),
    Problem.INTERNAL: (500, "A fault of ours", "Nothing you did. It has been logged."),
    Problem.SHUTTING_DOWN: (503, "Stopping", "The server is stopping. Please try again."),
    Problem.OVERLOADED: (503, "Very busy", "Nothing was done. Please try again in a moment."),
}
_SCOPES: Final = {
    Scope.READ: "see these books",
    Scope.WRITE: "change these books",
    Scope.APPROVE: "approve entries",
    Scope.ADMIN: "administer this company",
}


def create(services: Services) -> Plugin:
    """The pages over a server's services."""
    return WebPlugin(services)


def all_routes() -> Iterable[Route]:
    """The routes of every module of `pages`."""
    for module in sorted(pkgutil.iter_modules(pages.__path__), key=lambda found: found.name):
        yield from import_module(f"{pages.__name__}.{module.name}").ROUTES


def _operation(route: Route) -> Operation:
    """A route as it is listed. Who sees a company at all may read it."""
    scopes = None if route.scope is None else frozenset({Scope.READ, route.scope})
    return Operation(route.name, route.method, route.pattern, scopes)


class WebPlugin:
    """The pages, mounted like a wire."""

    name: Final = "web"
    prefixes: Final = (PREFIX,)
    limits: Final = Limits(BODY_BYTES_MAX)

    def __init__(self, services: Services) -> None:
        routes = tuple(all_routes())
        self._routes = Routes(routes)
        self.operations = tuple(_operation(route) for route in routes)
        self._site = site_of(services, self._routes.addresses)
        self._runtime = services.runtime

    def handle(self, request: Request) -> Response | Awaitable[Response]:
        """The answer to a request."""
        if request.path.startswith(static_files.STATIC):
            found = static_files.answer(request.path, request.query)
            return Visit(self._site, request).not_found() if found is None else found
        return self._aside(request)

    async def _aside(self, request: Request) -> Response:
        try:
            answer = await self._runtime.in_thread(partial(self._answer, request))
            if isinstance(answer, Later):
                found = await answer.work()
                answer = await self._runtime.in_thread(partial(answer.finish, found))
            return answer
        except Overloaded:
            return self.refuse(request, Problem.OVERLOADED)
        except StoreFailure as failure:
            text = refusal_of(failure).refusals[0].message  # raises again what is a fault
            said = f"It could not be kept: {text}. What there is can still be read."
            return Visit(self._site, request).problem(503, "Not possible now", said)

    def refuse(self, request: Request, problem: Problem) -> Response:
        """The page where the server could not hand a request over, or had a fault."""
        status, title, text = _PROBLEMS[problem]
        return Visit(self._site, request).problem(status, title, text)

    def operation(self, request: Request) -> str:
        """The route's name, for metrics."""
        if request.path.startswith(static_files.STATIC):
            return "other"
        found = self._routes.find(request.method, request.path)
        return found.route.name if isinstance(found, Match) else "other"

    def _answer(self, request: Request) -> Response | Later:
        visit = Visit(self._site, request)
        cookies = security.cookies(request.headers)
        secret = cookies.get(COOKIE, "")
        session = self._site.sessions.find(secret) if secret else None
        visit = replace(visit, session=session)
        found = self._routes.find(request.method, request.path)
        if not isinstance(found, Match):
            return _no_route(visit, found)
        try:
            query = http.query_map(request.query)
            form = read_form(request) if request.method == "POST" else {}
        except http.TooManyParameters as fault:
            return visit.problem(400, "Too many fields", f"The request has {fault}.")
        token = cookies.get(security.SIGN_IN_COOKIE) or secrets.token_urlsafe(24)
        visit = replace(visit, parts=found.parts, query=query, form=form, sign_in_token=token)
        if session is None and not found.route.public:
            if request.method == "POST":
                return interrupted(visit, keeps=found.route.kept)
            return _to_sign_in(visit)
        if request.method == "POST" and not _is_ours(visit, cookies):
            text = "This form was not sent from a page of yours, or the page is too old. Please"
            return visit.problem(403, "Not accepted", f"{text} open the page again and repeat it.")
        if found.route.about_company:
            return self._in_company(visit, found.route)
        return found.route.handler(visit)

    def _in_company(self, visit: Visit, route: Route) -> Response | Later:
        """Open the company that an address names, and hand the visit over."""
        site, session = visit.site, visit.session
        assert session is not None
        assert route.scope is not None
        company_id = site.ledger.store.directory.by_slug(visit.parts["company"])
        principal = None if company_id is None else session.within(company_id)
        books = None
        if company_id is not None and principal is not None:
            books = site.ledger.books(company_id, principal)
        if books is None or not books.may(Scope.READ):
            return visit.not_found()
        with books.read() as reader:
            company = reader.company
        visit = replace(visit, books=books, company=company, section=route.section)
        if not books.may(route.scope):
            text = f"Your role does not let you {_SCOPES[route.scope]}. An owner can change that."
            return visit.problem(403, "Not allowed", text)
        return route.handler(visit)


def _no_route(visit: Visit, methods: tuple[str, ...]) -> Response:
    if methods:
        return visit.problem(405, "Not that way", f"This address takes {', '.join(methods)}.")
    return visit.not_found()


def _to_sign_in(visit: Visit) -> Response:
    """The sign-in page, from which a page that was asked for is returned to."""
    request = visit.request
    asked = request.path + (f"?{request.query}" if request.query else "")
    if request.path.rstrip("/") == PREFIX:
        asked = ""
    return visit.redirect(visit.address("sign-in", next=asked))


def _is_ours(visit: Visit, cookies: dict[str, str]) -> bool:
    """Whether a form or a script's request was made by a page of ours for this visitor."""
    if security.is_foreign(visit.request):
        return False
    expected = visit.csrf_token
    if visit.session is None:
        expected = cookies.get(security.SIGN_IN_COOKIE, "")
    given = visit.form.get(security.CSRF_FIELD) or visit.request.headers.get(
        security.CSRF_HEADER, ""
    )
    return security.same_token(given, expected)
