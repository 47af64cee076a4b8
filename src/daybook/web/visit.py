"""One request, with what is known about it: the session, the company, the fields of its form.

Handlers take a `Visit` and answer by its `page`, `redirect` and `problem`.
"""

from collections.abc import Mapping
from dataclasses import field
from functools import partial
from typing import Final

from daybook.app.access import Scope
from daybook.app.ledger import Books, Context
from daybook.app.sessions import WEB, Session
from daybook.domain.events import Actor
from daybook.domain.ids import Timestamp
from daybook.domain.model import Company, Status
from daybook.domain.values import value
from daybook.protocols.kit import json
from daybook.protocols.kit.plugin import Request, Response
from daybook.web import formats, security
from daybook.web.limits import FLASH_LENGTH_MAX
from daybook.web.navigation import SECTIONS
from daybook.web.site import NO_COMPANY, Site

HTML: Final = ("content-type", "text/html; charset=utf-8")
NO_STORE: Final = ("cache-control", "no-store")
_FLASH: Final = b"flash"
_REFUSED: Final = 400


@value
class Visit:
    """A request and what is known about it.

    `parts` are what the braces of the route's pattern took. `session` is None for those who have
    not signed in; `books` and `company` are None where the address is about no company.
    `sign_in_token` stands for the session's token where there is no session.
    """

    site: Site
    request: Request
    parts: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    session: Session | None = None
    books: Books | None = None
    company: Company | None = None
    section: str = ""
    sign_in_token: str = ""

    @property
    def opened(self) -> Books:
        """The company's books, on addresses of companies."""
        assert self.books is not None
        return self.books

    @property
    def home(self) -> Company:
        """The company, on addresses of companies."""
        assert self.company is not None
        return self.company

    @property
    def user(self) -> str:
        """The visitor's name."""
        assert self.session is not None
        return self.session.user

    @property
    def csrf_token(self) -> str:
        """What forms on the page bring along."""
        return self.sign_in_token if self.session is None else self.session.csrf_token

    def may(self, scope: Scope) -> bool:
        """Whether the visitor is allowed something in the company."""
        return self.books is not None and self.books.may(scope)

    def context(self) -> Context:
        """What accompanies a command that the visitor gives."""
        principal = self.opened.principal
        return Context(Actor(principal.client, WEB, principal.user, self.request.id))

    def posting(self, wanted: Status) -> Status:
        """The status of a new entry: where four eyes are asked for, review rather than posted."""
        waits = wanted is Status.POSTED and self.home.four_eyes
        return Status.REVIEW if waits else wanted

    def now(self) -> Timestamp:
        """The time."""
        return self.site.clock()

    def address(self, route: str, /, **parts: object) -> str:
        """The address of a route. Members that are no parts of its pattern become its query; the
        company is this one where none is given.
        """
        pattern = self.site.addresses.pattern(route)
        names = {piece[1:-1] for piece in pattern.split("/") if piece.startswith("{")}
        if "company" in names and "company" not in parts:
            parts["company"] = self.home.slug
        query = {name: given for name, given in parts.items() if name not in names}
        return self.site.addresses.make(route, parts, query)

    def page(
        self,
        template: str,
        /,
        *,
        status: int = 200,
        headers: tuple[tuple[str, str], ...] = (),
        diagnosis: str | None = None,
        **more: object,
    ) -> Response:
        """A page made from a template, which sees `visit`, `url` and what else it is given.

        Where it is a refusal and no `diagnosis` is given, that is the first fault it shows.
        """
        flash = self._flash()
        text = self.site.templates.get_template(template).render(
            visit=self,
            url=self.address,
            sections=self._sections(),
            flash=flash,
            has_route=self.site.addresses.has,
            money_home=self._money_home,
            moment_here=self._moment_here,
            **more,
        )
        if flash is not None:
            headers = (*headers, security.cookie(self.request, security.FLASH_COOKIE, "", 0))
        head = (HTML, NO_STORE, *security.HEADERS, *headers)
        if diagnosis is None and status >= _REFUSED:
            diagnosis = _first_fault(more)
        return Response(status, text.encode(), head, diagnosis)

    def redirect(self, address: str, flash: str | None = None, kind: str = "good") -> Response:
        """Send the browser to another page, and tell the visitor something there.

        `kind` is `good` or `bad`.
        """
        head: tuple[tuple[str, str], ...] = (("location", address), NO_STORE, *security.HEADERS)
        if flash is not None:
            told = [kind, flash[:FLASH_LENGTH_MAX]]
            sealed = self.site.seal.seal(NO_COMPANY, _FLASH, told)
            head = (*head, security.cookie(self.request, security.FLASH_COOKIE, sealed, 60))
        return Response(303, b"", head)

    def problem(self, status: int, title: str, text: str) -> Response:
        """A page that says what is wrong, with the number under which the log has it."""
        return self.page("problem.html", status=status, diagnosis=text, title=title, text=text)

    def not_found(self) -> Response:
        """The page for what is not there, or not to be seen by this visitor."""
        text = "There is nothing at this address, or it is not for you to see."
        return self.problem(404, "Not found", text)

    def _flash(self) -> tuple[str, str] | None:
        sealed = security.cookies(self.request.headers).get(security.FLASH_COOKIE)
        if not sealed:
            return None
        told = self.site.seal.open(NO_COMPANY, _FLASH, sealed)
        return None if told is None else (str(told[0]), str(told[1]))

    def _sections(self) -> list[tuple[str, str, bool]]:
        """Title and address of each section the visitor may see, and whether it is this one."""
        if self.company is None:
            return []
        return [
            (section.title, self.address(section.route), section.route == self.section)
            for section in SECTIONS
            if self.site.addresses.has(section.route) and self.may(section.scope)
        ]

    @property
    def _money_home(self) -> "partial[str]":
        currency = "USD" if self.company is None else self.company.home_currency
        return partial(formats.money, currency=currency)

    @property
    def _moment_here(self) -> "partial[str]":
        zone = "UTC" if self.company is None else self.company.time_zone
        return partial(formats.moment, time_zone=zone)


def _first_fault(shown: Mapping[str, object]) -> str:
    """What a page says of why something was not done."""
    fault, faults = shown.get("fault"), shown.get("faults")
    if isinstance(fault, str) and fault:
        return fault
    if isinstance(faults, Mapping) and faults:
        field, text = next(iter(faults.items()))
        return f"{field}: {text}" if field else str(text)
    return "somebody else has changed this meanwhile"


def json_answer(value: object, status: int = 200) -> Response:
    """An answer for our own scripts."""
    kind = ("content-type", "application/json")
    return Response(status, json.encode(value), (kind, NO_STORE, *security.HEADERS))
