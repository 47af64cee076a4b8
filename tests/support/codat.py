"""The Codat wire in process: books in memory, requests as values, no sockets.

wire = Wire()
answer = wire.push(two_lines())
wire.work()                     # the worker carries out what is pending
assert wire.operation(answer.json)["status"] == "Success"
"""

import base64
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, cast
from urllib.parse import quote

from tests.support.clock import TestClock
from tests.support.qbo import ACTOR, Answer, InlineRuntime, Tokens, finished

from daybook.app import credentials
from daybook.app.access import ALL_SCOPES, OPERATOR, Principal, Scope
from daybook.app.ledger import Books, Committed, Context, Ledger
from daybook.app.ports import Token
from daybook.app.worker import OperationWorker
from daybook.domain.commands import (
    AccountContent,
    ChangeCompany,
    Command,
    ContactContent,
    CreateReference,
    DimensionContent,
)
from daybook.domain.ids import ById, CompanyId, Timestamp
from daybook.domain.model import CLASS, DEPARTMENT, AccountKind, Company, ContactKind, Record
from daybook.protocols.codat.plugin import CodatPlugin
from daybook.protocols.kit import json as exact
from daybook.protocols.kit.plugin import Request, Response, Services
from daybook.protocols.kit.throttle import Throttle
from daybook.storage import open_store

KEY = "secret"
OTHER_KEY = "other"
COMPANY = "11111111-2222-4333-8444-555555555555"
OTHER = "99999999-2222-4333-8444-555555555555"
UNKNOWN = "00000000-0000-4000-8000-000000000000"

CHECKING, RECEIVABLE, SALES, CONSULTING, OLD = range(1, 6)
"""Accounts of the company: `OLD` is inactive."""
CUSTOMER, SUPPLIER = 1, 2
NORTH, EAST = 1, 2
"""Classes: the second below the first."""
BERLIN = 1
"""The one department."""


class Wire:
    """The plug-in over a company with a small chart."""

    def __init__(
        self,
        settings: Mapping[str, str] | None = None,
        throttle: Throttle | None = None,
        **members: Any,
    ) -> None:
        self.clock = TestClock(step=1_000_000)
        self.ledger = Ledger(open_store("memory://"), self.clock)
        self.company_id = self.found(COMPANY, "1", **members)
        self.tokens = Tokens()
        self.tokens.known[KEY] = Principal("app", frozenset({self.company_id}), ALL_SCOPES, "ada")
        services = Services(
            self.ledger,
            self.tokens,
            InlineRuntime(),
            self.clock,
            settings=settings or {},
            throttle=throttle or Throttle(),
        )
        self.plugin = CodatPlugin(services)
        self.worker = OperationWorker(self.ledger)
        self._requests = 0
        self._fill()

    def found(self, codat_id: str, realm: str, **members: Any) -> CompanyId:
        """Found a company; `members` are those of `Company`."""
        company = Company(CompanyId(0), f"books-{realm}", "Books", realm, codat_id, "GBP")
        founded = self.ledger.found(replace(company, **members), ACTOR)
        assert isinstance(founded, Company), founded
        return founded.id

    def add_other(self) -> None:
        """A second company, with a key of its own."""
        other = self.found(OTHER, "2")
        self.tokens.known[OTHER_KEY] = Principal("rival", frozenset({other}), ALL_SCOPES)

    def keep_key(self, expires_at: int | None = None) -> Token:
        """Keep the key in the store, as one that others can be made with."""
        believed = self.tokens.known[KEY]
        assert isinstance(believed, Principal)
        token = Token(
            credentials.digest(KEY),
            credentials.ACCESS,
            believed.client,
            believed.company_ids or frozenset(),
            frozenset(believed.scopes),
            self.clock(),
            user=believed.user,
            expires_at=None if expires_at is None else Timestamp(expires_at),
        )
        return self.ledger.store.directory.put_token(token)

    def allow(self, *scopes: Scope) -> None:
        """Narrow what the key allows."""
        self.tokens.known[KEY] = Principal(
            "app", frozenset({self.company_id}), frozenset(scopes), "ada"
        )

    @property
    def books(self) -> Books:
        """The company's books, for the operator."""
        books = self.ledger.books(self.company_id, OPERATOR)
        assert books is not None
        return books

    def execute(self, command: Command) -> Record:
        """Carry out a command that must be accepted."""
        outcome = self.books.execute(command, Context(ACTOR))
        assert isinstance(outcome, Committed), outcome
        return outcome.records[0]

    def configure(self, **members: Any) -> None:
        """Change members of the company."""
        with self.books.read() as reader:
            company = reader.company
        self.execute(ChangeCompany(None, replace(company, **members)))

    def _fill(self) -> None:
        for name, kind in (
            ("Checking", AccountKind.BANK),
            ("Debtors", AccountKind.RECEIVABLE),
            ("Sales", AccountKind.INCOME),
            ("Consulting", AccountKind.EXPENSE),
            ("Old", AccountKind.EXPENSE),
        ):
            content = AccountContent(name, kind, code=f"{kind}"[:3], active=name != "Old")
            self.execute(CreateReference(content))
        for name, contact_kind in (
            ("Ada Lovelace", ContactKind.CUSTOMER),
            ("Hale Advisors", ContactKind.VENDOR),
        ):
            self.execute(CreateReference(ContactContent(contact_kind, name)))
        self.execute(CreateReference(DimensionContent(CLASS, "North")))
        self.execute(CreateReference(DimensionContent(CLASS, "East", parent=ById(NORTH))))
        self.execute(CreateReference(DimensionContent(DEPARTMENT, "Berlin")))

    def work(self) -> int:
        """Let the worker carry out what is pending; how many it were."""
        return self.worker.run_once()

    def send(
        self,
        method: str,
        path: str,
        body: object = b"",
        query: str = "",
        headers: Mapping[str, str] | None = None,
        key: str | None = KEY,
    ) -> Answer:
        """Send a request; what is not bytes is sent as JSON."""
        self._requests += 1
        sent = {} if key is None else {"authorization": basic(key)}
        request = Request(
            method,
            path,
            query,
            {**sent, **(headers or {})},
            body if isinstance(body, bytes) else exact.encode(body),
            f"{self._requests:032x}",
            "http://127.0.0.1:8080",
        )
        answer = self.plugin.handle(request)
        if not isinstance(answer, Response):
            answer = finished(answer)
        return Answer(answer)

    def get(self, path: str, query: str = "") -> Answer:
        """GET something below the company."""
        return self.send("GET", f"/companies/{COMPANY}{path}", query=query)

    @property
    def connection(self) -> str:
        """The id of the company's first connection."""
        found = self.get("/connections").json["results"][0]["id"]
        return cast("str", found)

    def push(
        self, body: object, query: str = "", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Create an entry by push."""
        path = f"/companies/{COMPANY}/connections/{self.connection}/push/journalEntries"
        return self.send("POST", path, body, query, headers)

    def delete(self, entry_id: object, word: str = "push", query: str = "") -> Answer:
        """Delete an entry by push."""
        path = (
            f"/companies/{COMPANY}/connections/{self.connection}/{word}/journalEntries/{entry_id}"
        )
        return self.send("DELETE", path, query=query)

    def operation(self, accepted: Mapping[str, Any]) -> dict[str, Any]:
        """What has become of a push operation."""
        answer = self.get(f"/push/{accepted['pushOperationKey']}")
        assert answer.status == 200, answer.json
        return cast("dict[str, Any]", answer.json)

    def create(self, body: object) -> str:
        """Create an entry that must be accepted; answers with its id."""
        accepted = self.push(body)
        assert accepted.status == 200, accepted.json
        self.work()
        done = self.operation(accepted.json)
        assert done["status"] == "Success", done
        return cast("str", done["changes"][0]["recordRef"]["id"])

    def entries(self, query: str = "", order: str = "") -> list[str]:
        """The ids of entries that a query finds."""
        asked = f"query={quote(query)}&orderBy={quote(order)}"
        answer = self.get("/data/journalEntries", asked)
        assert answer.status == 200, answer.json
        return [each["id"] for each in answer.json["results"]]


def basic(key: str) -> str:
    """The header of an API key."""
    return f"Basic {base64.b64encode(key.encode()).decode()}"


def line(amount: object, account: int = CONSULTING, **members: Any) -> dict[str, Any]:
    """A line; a debit is positive."""
    return {"netAmount": amount, "accountRef": {"id": str(account)}, **members}


def two_lines(amount: float = 22.3, **members: Any) -> dict[str, Any]:
    """A balanced entry: consulting from the checking account."""
    debit = Decimal(str(amount))
    return {
        "postedOn": "2026-02-03T00:00:00",
        "journalLines": [line(debit), line(-debit, CHECKING)],
        **members,
    }
