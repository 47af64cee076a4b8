"""Signing in and out."""

from dataclasses import replace
from typing import Final

from daybook.app.sessions import COOKIE, Denial, NotEntered
from daybook.protocols.kit.plugin import Request, Response
from daybook.web import security
from daybook.web.addresses import PREFIX
from daybook.web.kept import AUTHOR_FIELD, BUTTON_FIELD, SHOW, seal, unsealed
from daybook.web.routing import Route
from daybook.web.visit import Visit

_FORM_SECONDS: Final = 3_600
"""Life of the sign-in form's token: whoever leaves the page open longer gets a new one."""


def form(visit: Visit) -> Response:
    """The sign-in page; whoever has signed in already goes on."""
    if visit.session is not None:
        return visit.redirect(_next(visit.query.get("next", "")) or visit.address("home"))
    return _page(visit, 200, "", visit.query.get("next", ""), "")


def sign_in(visit: Visit) -> Response:
    """Begin a session and go where the visitor was going."""
    name = visit.form.get("name", "")
    wanted = visit.form.get("next", "")
    sealed = visit.form.get("kept", "")
    entered = visit.site.sessions.sign_in(name, visit.form.get("password", ""), visit.request.peer)
    if isinstance(entered, NotEntered):
        throttled = entered.reason is Denial.THROTTLED
        later = (("retry-after", str(entered.retry_seconds)),) if throttled else ()
        return _page(visit, 429 if throttled else 403, name, wanted, entered.message, later, sealed)
    response = _onward(replace(visit, session=entered.session), wanted, sealed)
    request = visit.request
    head = (
        *response.headers,
        *security.session_cookies(request, entered.secret),
        security.cookie(request, security.SIGN_IN_COOKIE, "", 0),
    )
    return replace(response, headers=head)


def _onward(visit: Visit, wanted: str, sealed: str) -> Response:
    """Where the visitor was going; whoever was interrupted at a form gets back what they typed."""
    kept = unsealed(visit, sealed) if sealed else None
    if kept is None:
        return visit.redirect(_next(wanted) or visit.address("home"))
    if kept.author != visit.user:
        text = f"{kept.author} typed the form that was sent. It was let go."
        return visit.redirect(visit.address("home"), text, "bad")
    return visit.page(
        "kept.html", title="What you typed is kept", kept=kept, button=BUTTON_FIELD, show=SHOW
    )


def interrupted(visit: Visit, *, keeps: bool) -> Response:
    """The way to the sign-in from a form that was sent without a session, back to it afterwards.

    What was typed is carried along where the form `keeps` it.
    """
    sealed = seal(visit) if keeps else ""
    if sealed:
        author = visit.form[AUTHOR_FIELD]
        return _page(visit, 403, author, visit.request.path, _KEPT, sealed=sealed)
    return visit.redirect(visit.address("sign-in", next=_came_from(visit.request)), _ENDED, "bad")


def _came_from(request: Request) -> str:
    """The page of ours that a form was sent from, as far as the browser tells it."""
    authority, slash, rest = security.authority(request.headers.get("referer", "")).partition("/")
    if authority not in (request.headers.get("host"), security.authority(request.origin)):
        return ""
    return _next(slash + rest)


_ENDED: Final = "Your session had ended, so nothing was done. Please sign in again."
_KEPT: Final = "Your session had ended. Sign in again: what you typed is kept."


def sign_out(visit: Visit) -> Response:
    """End the session."""
    secret = security.cookies(visit.request.headers).get(COOKIE, "")
    visit.site.sessions.sign_out(secret, visit.request.peer)
    response = visit.redirect(visit.address("sign-in"), "You have signed out.")
    head = (*response.headers, *security.session_cookies(visit.request, "", 0))
    return Response(303, b"", head)


def _page(
    visit: Visit,
    status: int,
    name: str,
    wanted: str,
    fault: str,
    more: tuple[tuple[str, str], ...] = (),
    sealed: str = "",
) -> Response:
    token = security.cookie(
        visit.request, security.SIGN_IN_COOKIE, visit.sign_in_token, _FORM_SECONDS
    )
    return visit.page(
        "sign_in.html",
        status=status,
        headers=(token, *more),
        title="Sign in",
        name=name,
        next=_next(wanted),
        fault=fault,
        kept=sealed,
    )


def _next(wanted: str) -> str:
    """Where to go on, if that is an address of ours: nobody is sent elsewhere from here."""
    plain = wanted.isascii() and wanted.isprintable() and "\\" not in wanted
    return wanted if plain and wanted.startswith(f"{PREFIX}/") else ""


ROUTES: Final = (
    Route("sign-in", "GET", f"{PREFIX}/sign-in", form, public=True),
    Route("sign-in", "POST", f"{PREFIX}/sign-in", sign_in, public=True),
    Route("sign-out", "POST", f"{PREFIX}/sign-out", sign_out),
)
