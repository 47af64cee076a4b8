"""The QuickBooks wire in process: books in memory, requests as values, no sockets.

wire = Wire()
answer = wire.post("journalentry", two_lines())
assert answer.json["JournalEntry"]["SyncToken"] == "0"
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, TypeVar, cast

from tests.support.clock import TestClock

from daybook.app.access import ALL_SCOPES, OPERATOR, Principal, Rejection, Scope
from daybook.app.credentials import digest
from daybook.app.ledger import (
    Acceptance,
    Books,
    Committed,
    Context,
    Ledger,
    Outcome,
    Refused,
)
from daybook.app.operations import Submission
from daybook.domain.commands import (
    AccountContent,
    ChangeCompany,
    Command,
    ContactContent,
    CreateReference,
    DimensionContent,
)
from daybook.domain.events import Actor
from daybook.domain.ids import ById, CompanyId
from daybook.domain.model import (
    CLASS,
    DEPARTMENT,
    PROJECT,
    AccountKind,
    Company,
    ContactKind,
    Record,
)
from daybook.protocols.kit import json as exact
from daybook.protocols.kit import plugin as kit
from daybook.protocols.kit.plugin import Request, Response, Services
from daybook.protocols.qbo.plugin import QboPlugin
from daybook.storage import open_store

T = TypeVar("T")

REALM = "9130357766900001"
TOKEN = "secret"
ACTOR = Actor("tests", "test")

CHECKING, RECEIVABLE, PAYABLE, SALES, CONSULTING, OLD, NON_POSTING = range(1, 8)
"""Accounts of the company: `OLD` is inactive."""
CUSTOMER, VENDOR, EMPLOYEE, FORMER = range(1, 5)
"""Contacts: `FORMER` is an inactive customer."""
NORTH, NORTH_EAST = 1, 2
"""Classes: the second below the first."""
BERLIN = 1
"""The one location."""
BRIDGE = 1
"""The one project."""


class InlineRuntime:
    """Carries out everything at once on the calling thread, and counts what may take long."""

    def __init__(self) -> None:
        self.aside = 0

    async def execute(self, books: Books, command: Command, context: Context) -> Outcome:
        return books.execute(command, context)

    async def submit_operation(
        self, books: Books, command: Command, context: Context, submission: Submission
    ) -> Acceptance:
        return books.submit_operation(command, context, submission)

    async def in_thread(self, work: Callable[[], T]) -> T:
        self.aside += 1
        return work()


class Tokens:
    """Believes the tokens it was given."""

    def __init__(self) -> None:
        self.known: dict[str, Principal | Rejection] = {}

    def authenticate(self, token: str) -> Principal | Rejection:
        return self.known.get(token, Rejection.UNKNOWN)

    def holder(self, token_hash: bytes) -> Principal | Rejection:
        by_hash = {digest(token): found for token, found in self.known.items()}
        return by_hash.get(token_hash, Rejection.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, and its body read as JSON with exact numbers."""

    response: Response

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def json(self) -> Any:
        return json.loads(self.response.body, parse_float=Decimal)

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.response.headers)

    @property
    def errors(self) -> list[dict[str, str]]:
        """The items of the fault."""
        return cast("list[dict[str, str]]", self.json["Fault"]["Error"])

    @property
    def codes(self) -> list[str]:
        """The codes of the fault."""
        return [error["code"] for error in self.errors]


class Wire:
    """The plug-in over a company with a small chart."""

    def __init__(self, **settings: Any) -> None:
        self.clock = TestClock(step=1_000_000)
        self.ledger = Ledger(open_store("memory://"), self.clock)
        self.company_id = self.found(REALM, **settings)
        self.tokens = Tokens()
        self.tokens.known[TOKEN] = self.principal()
        self.runtime = InlineRuntime()
        self.plugin = QboPlugin(Services(self.ledger, self.tokens, self.runtime, self.clock))
        self._requests = 0
        self._fill()

    def found(self, realm: str, **settings: Any) -> CompanyId:
        """Found a company; `settings` are members of `Company`."""
        company = Company(CompanyId(0), f"books-{realm}", "Books", realm, f"codat-{realm}", "USD")
        known: dict[str, Any] = {"time_zone": "America/Los_Angeles", **settings}
        founded = self.ledger.found(replace(company, **known), ACTOR)
        assert isinstance(founded, Company), founded
        return founded.id

    def principal(
        self, scopes: frozenset[Scope] = ALL_SCOPES, company: CompanyId | None = None
    ) -> Principal:
        """A caller of these books."""
        return Principal("app", frozenset({company or self.company_id}), scopes, "ada")

    @property
    def books(self) -> Books:
        """The company's books, for the operator."""
        books = self.ledger.books(self.company_id, OPERATOR)
        assert books is not None
        return books

    def execute(self, command: Command) -> Record:
        """Carry out a command that must be accepted."""
        outcome = self.books.execute(command, Context(ACTOR))
        assert isinstance(outcome, Committed), cast(Refused, outcome)
        return outcome.records[0]

    def configure(self, **settings: Any) -> None:
        """Change members of the company."""
        with self.books.read() as reader:
            company = reader.company
        self.execute(ChangeCompany(None, replace(company, **settings)))

    def _fill(self) -> None:
        for name, kind in (
            ("Checking", AccountKind.BANK),
            ("Accounts Receivable (A/R)", AccountKind.RECEIVABLE),
            ("Accounts Payable (A/P)", AccountKind.PAYABLE),
            ("Sales", AccountKind.INCOME),
            ("Consulting", AccountKind.EXPENSE),
            ("Old", AccountKind.EXPENSE),
            ("Orders", AccountKind.NON_POSTING),
        ):
            content = AccountContent(name, kind, active=name != "Old")
            self.execute(CreateReference(content))
        for name, contact_kind in (
            ("Ada Lovelace", ContactKind.CUSTOMER),
            ("Hale Advisors", ContactKind.VENDOR),
            ("Emil Berg", ContactKind.EMPLOYEE),
            ("Gone Ltd", ContactKind.CUSTOMER),
        ):
            contact = ContactContent(contact_kind, name, active=name != "Gone Ltd")
            self.execute(CreateReference(contact))
        self.execute(CreateReference(DimensionContent(CLASS, "North")))
        self.execute(CreateReference(DimensionContent(CLASS, "East", parent=ById(NORTH))))
        self.execute(CreateReference(DimensionContent(DEPARTMENT, "Berlin")))
        self.execute(CreateReference(DimensionContent(PROJECT, "Bridge")))

    def send(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        query: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request as it is; the token is added unless headers are given."""
        self._requests += 1
        request = Request(
            method,
            path,
            query,
            {"authorization": f"Bearer {TOKEN}"} if headers is None else headers,
            body,
            f"{self._requests:032x}",
            "http://127.0.0.1:8080",
        )
        return Answer(finished(self.plugin.handle(request)))

    def get(self, path: str, query: str = "") -> Answer:
        """GET something below the realm."""
        return self.send("GET", f"/v3/company/{REALM}/{path}", query=query)

    def post(self, path: str, body: object, query: str = "") -> Answer:
        """POST something below the realm; what is not bytes is sent as JSON."""
        sent = body if isinstance(body, bytes) else exact.encode(body)
        return self.send("POST", f"/v3/company/{REALM}/{path}", sent, query)

    def create(self, entity: str, body: object, query: str = "") -> dict[str, Any]:
        """POST something that must be accepted, and give back the entity."""
        answer = self.post(entity.lower(), body, query)
        assert answer.status == 200, answer.json
        return cast("dict[str, Any]", answer.json[entity])


def finished(answer: kit.Answer) -> Response:
    """What an answer comes to that never has to wait, as with `InlineRuntime`."""
    coroutine = kit.response_of(answer)
    try:
        coroutine.send(None)
    except StopIteration as done:
        response: Response = done.value
        return response
    raise AssertionError("nothing waits in process")


def line(
    side: str,
    amount: object,
    account: int = CONSULTING,
    **detail: Any,
) -> dict[str, Any]:
    """A posting line."""
    return {
        "Amount": amount,
        "DetailType": "JournalEntryLineDetail",
        "JournalEntryLineDetail": {
            "PostingType": side,
            "AccountRef": {"value": str(account)},
            **detail,
        },
    }


def two_lines(amount: object = 840.25, **members: Any) -> dict[str, Any]:
    """A balanced entry: consulting from the checking account."""
    lines = [line("Debit", amount), line("Credit", amount, CHECKING)]
    return {"TxnDate": "2026-02-03", "Line": lines, **members}
