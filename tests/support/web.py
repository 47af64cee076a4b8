"""The pages in process: books in memory, requests as values, a visitor who keeps cookies.

site = Pages()
ada = site.visitor("ada")                     # signed in
answer = ada.get("/app/c/shop/journal")
answer = ada.submit("/app/c/shop/journal/new", {...})     # with the token of the session
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from html import unescape
from typing import Any
from urllib.parse import urlencode

from tests.support.clock import TestClock
from tests.support.qbo import InlineRuntime, Tokens

from daybook.app.access import OPERATOR, Nobody, Principal
from daybook.app.ledger import Books, Committed, Context, Ledger
from daybook.app.ports import Store, User
from daybook.app.roles import Role
from daybook.auth.people import People
from daybook.auth.sessions import StoreSessions
from daybook.domain.commands import (
    AccountContent,
    ChangeCompany,
    Command,
    ContactContent,
    CreateEntry,
    CreateReference,
    DimensionContent,
    EntryContent,
    LineDraft,
)
from daybook.domain.events import Actor
from daybook.domain.ids import ById, CompanyId
from daybook.domain.model import (
    CLASS,
    AccountKind,
    Company,
    ContactKind,
    JournalEntry,
    Record,
    Side,
    Status,
)
from daybook.protocols.kit.plugin import Request, Response, Services
from daybook.server.interfaces import TITLES
from daybook.storage import open_store
from daybook.web.plugin import WebPlugin

ORIGIN = "http://books.test"
PASSWORD = "correct horse"
PEOPLE = {
    "olga": Role.OWNER,
    "ada": Role.ACCOUNTANT,
    "ben": Role.ACCOUNTANT,
    "paul": Role.APPROVER,
    "vera": Role.VIEWER,
}
"""Who may do what in the first company; nobody may open the second, but `otto` its owner."""
CHECKING, RECEIVABLE, SALES, RENT, OLD = range(1, 6)
"""Accounts: `OLD` is inactive."""
CUSTOMER = 1
ACTOR = Actor("tests", "test", "olga")


@dataclass(frozen=True)
class Answer:
    """A response, and its body as text."""

    response: Response

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def text(self) -> str:
        return self.response.body.decode()

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.response.headers)

    @property
    def location(self) -> str:
        return self.headers["location"]

    def has(self, text: str) -> bool:
        """Whether a text can be read on the page, blanks aside."""
        plain = unescape(re.sub(r"<[^>]*>", " ", self.text))
        return " ".join(text.split()) in " ".join(plain.split())

    def field(self, name: str) -> str:
        """The value of the first input of a name."""
        found = re.search(rf'<input[^>]*name="{re.escape(name)}"[^>]*>', self.text)
        assert found is not None, f"no field {name}"
        value = re.search(r'value="([^"]*)"', found[0])
        return unescape(value[1]) if value else ""


class Visitor:
    """A browser's part: keeps cookies, follows nothing, sends the token it was given."""

    def __init__(self, plugin: WebPlugin, origin: str = ORIGIN) -> None:
        self._plugin = plugin
        self._origin = origin
        self.cookies: dict[str, str] = {}
        self.token = ""

    def send(
        self, method: str, address: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """A request as a browser would make it, with these headers besides."""
        path, _, query = address.partition("?")
        kept = "; ".join(f"{name}={text}" for name, text in self.cookies.items())
        sent = {"host": self._origin.partition("://")[2], **({"cookie": kept} if kept else {})}
        sent.update(headers or {})
        request = Request(method, path, query, sent, body, "id-1", self._origin, "192.0.2.1")
        response = self._plugin.handle(request)
        if not isinstance(response, Response):

            async def awaited() -> Response:
                assert not isinstance(response, Response)
                return await response

            response = asyncio.run(awaited())
        for name, text in response.headers:
            if name == "set-cookie":
                self._keep(text)
        return Answer(response)

    def get(self, address: str, **headers: str) -> Answer:
        """Open a page."""
        return self.send("GET", address, headers=headers)

    def submit(self, address: str, fields: Mapping[str, Any] | None = None) -> Answer:
        """Send a form of the session."""
        form = {"csrf": self.token, **(fields or {})}
        return self.send("POST", address, urlencode(form).encode())

    def sign_in(self, name: str, password: str = PASSWORD) -> Answer:
        """Sign in as people do, by the form."""
        self.token = self.get("/app/sign-in").field("csrf")
        answer = self.submit("/app/sign-in", {"name": name, "password": password})
        if answer.status == 303:
            self.token = self.get("/app/companies").field("csrf")
        return answer

    def _keep(self, text: str) -> None:
        pair, *attributes = text.split("; ")
        name, _, kept = pair.partition("=")
        if "Max-Age=0" in attributes:
            self.cookies.pop(name, None)
        else:
            self.cookies[name] = kept


class OnePassword(Nobody):
    """Believes whoever knows the one password: hashing it takes long on purpose."""

    def person(self, name: str, password: str) -> Principal | None:
        return Principal(name, None, frozenset()) if password == PASSWORD else None


class Pages:
    """The plug-in over two companies, and people who may open them."""

    def __init__(self, store: Store | None = None, **settings: Any) -> None:
        self.clock = TestClock(step=1_000_000)
        self.ledger = Ledger(store or open_store("memory://"), self.clock)
        self.company_id = self.found("shop", **settings)
        self.other_id = self.found("other")
        directory = self.ledger.store.directory
        for name, role in PEOPLE.items():
            roles = ((self.company_id, role.value),)
            directory.put_user(User(name, "", self.clock(), roles=roles))
        otto = ((self.other_id, Role.OWNER.value),)
        directory.put_user(User("otto", "", self.clock(), roles=otto))
        people = People(directory, None)
        sessions = StoreSessions(directory, self.clock, people, OnePassword())
        self.services = Services(
            self.ledger,
            Tokens(),
            InlineRuntime(),
            self.clock,
            sessions=sessions,
            titles=TITLES,
        )
        self.plugin = WebPlugin(self.services)
        self._fill()

    def found(self, slug: str, **settings: Any) -> CompanyId:
        """Found a company; `settings` are members of `Company`."""
        company = Company(CompanyId(0), slug, slug.title(), f"realm-{slug}", f"codat-{slug}", "USD")
        known: dict[str, Any] = {"time_zone": "America/Los_Angeles", **settings}
        founded = self.ledger.found(replace(company, **known), ACTOR)
        assert isinstance(founded, Company), founded
        return founded.id

    def visitor(self, name: str | None = None, origin: str = ORIGIN) -> Visitor:
        """A browser, signed in where a name is given."""
        made = Visitor(self.plugin, origin)
        if name is not None:
            assert made.sign_in(name).status == 303
        return made

    @property
    def books(self) -> Books:
        """The first company's books, for the operator."""
        books = self.ledger.books(self.company_id, OPERATOR)
        assert books is not None
        return books

    def execute(self, command: Command, actor: Actor = ACTOR) -> Record:
        """Carry out a command that must be accepted."""
        outcome = self.books.execute(command, Context(actor))
        assert isinstance(outcome, Committed), outcome
        return outcome.records[0]

    def configure(self, **settings: Any) -> None:
        """Change members of the company."""
        with self.books.read() as reader:
            company = reader.company
        self.execute(ChangeCompany(None, replace(company, **settings)))

    def post(
        self,
        amount: int = 1_000,
        *,
        status: Status = Status.POSTED,
        description: str | None = None,
        actor: Actor = ACTOR,
        **members: Any,
    ) -> JournalEntry:
        """Post rent paid from the bank; `members` are those of `EntryContent`."""
        lines = (
            LineDraft(Side.DEBIT, amount, ById(RENT), description=description),
            LineDraft(Side.CREDIT, amount, ById(CHECKING)),
        )
        content = EntryContent(**{"lines": lines, **members})
        entry = self.execute(CreateEntry(content, status), actor)
        assert isinstance(entry, JournalEntry)
        return entry

    def entry(self, entry_id: int) -> JournalEntry:
        """An entry as it now is."""
        with self.books.read() as reader:
            entry = reader.entry(entry_id)  # type: ignore[arg-type]
        assert entry is not None
        return entry

    def _fill(self) -> None:
        for name, kind in (
            ("Checking", AccountKind.BANK),
            ("Accounts Receivable", AccountKind.RECEIVABLE),
            ("Sales", AccountKind.INCOME),
            ("Rent", AccountKind.EXPENSE),
            ("Old", AccountKind.EXPENSE),
        ):
            code = f"{kind.value[:1].upper()}{len(name)}"
            self.execute(
                CreateReference(AccountContent(name, kind, code=code, active=name != "Old"))
            )
        self.execute(CreateReference(ContactContent(ContactKind.CUSTOMER, "Ada Lovelace")))
        self.execute(CreateReference(DimensionContent(CLASS, "North")))
