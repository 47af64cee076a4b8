"""The Modulus wire in process: books in memory, requests as values, no sockets.

wire = Wire()
made = wire.create(rent())
assert made["created_journal_id"] == 1
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, cast
from urllib.parse import urlencode

from tests.support.clock import TestClock
from tests.support.qbo import InlineRuntime, Tokens, finished

from daybook.app import passwords
from daybook.app.access import ALL_SCOPES, OPERATOR, Principal, Scope
from daybook.app.credentials import digest
from daybook.app.ledger import Books, Committed, Context, Ledger, Outcome
from daybook.app.ports import Client, Store, User
from daybook.auth.guard import StoreGuard
from daybook.auth.sign_in import StoreSignIn
from daybook.domain.commands import (
    AccountContent,
    ChangeCompany,
    Command,
    CreateReference,
    DimensionContent,
    ListItemContent,
    MoveEntry,
)
from daybook.domain.events import Actor
from daybook.domain.ids import ByName, CompanyId, EntryId
from daybook.domain.model import (
    CLASS,
    AccountKind,
    Company,
    JournalEntry,
    ListKind,
    Record,
    Status,
)
from daybook.protocols.kit import json as exact
from daybook.protocols.kit.plugin import Request, Response, Services
from daybook.protocols.modulus.plugin import ModulusPlugin
from daybook.storage import open_store

OPERATOR_ACTOR = Actor("operator", "test")
APP, OTHER_APP = "app", "other"
"""Tokens of two applications of the company, each spelled like its application."""
FOREIGN = "foreign"
"""The token of an application of another company."""
PEER = "192.0.2.7"

CHART = (
    AccountContent("Checking", AccountKind.BANK, code="1010"),
    AccountContent("Euro Bank", AccountKind.BANK, code="1020", currency="EUR"),
    AccountContent("Debtors", AccountKind.RECEIVABLE, code="1100"),
    AccountContent("Stock", AccountKind.OTHER_CURRENT_ASSET, code="1200"),
    AccountContent("Sales", AccountKind.INCOME, code="4000"),
    AccountContent("Premises", AccountKind.EXPENSE, code="5000"),
    AccountContent("Rent", AccountKind.EXPENSE, code="5100", parent=ByName("Premises")),
    AccountContent("Old", AccountKind.EXPENSE, code="5900", active=False),
    AccountContent("Orders", AccountKind.NON_POSTING, code="9000"),
)
RETAIL, CLOSED_SHOP = 1, 2
"""Cost centers; the second is disabled."""
EURO, GONE_CURRENCY = 1, 2
"""Numbers of currencies; the second is disabled."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A response, and its envelope read with exact numbers."""

    response: Response

    @property
    def status(self) -> int:
        return self.response.status

    @property
    def json(self) -> dict[str, Any]:
        return cast("dict[str, Any]", json.loads(self.response.body, parse_float=Decimal))

    @property
    def object(self) -> Any:
        return self.json["object"]

    @property
    def code(self) -> int | None:
        """The error code; None for a success or a failure without one."""
        found = self.object
        if isinstance(found, dict) and not self.json["result"]:
            return cast("int", found["error_code"])
        return None

    @property
    def headers(self) -> dict[str, str]:
        return dict(self.response.headers)


class Wire:
    """The plug-in over a company with a small chart, and another company beside it."""

    def __init__(self, store: Store | None = None, **settings: Any) -> None:
        self.clock = TestClock(step=1_000_000)
        self.ledger = Ledger(store or open_store("memory://"), self.clock)
        self.company_id = self.found("shop", **settings)
        self.other_id = self.found("other-shop")
        self.tokens = Tokens()
        self.allow(APP)
        self.allow(OTHER_APP)
        self.allow(FOREIGN, company=self.other_id)
        self.runtime = InlineRuntime()
        self.plugin = ModulusPlugin(
            Services(
                self.ledger,
                self.tokens,
                self.runtime,
                self.clock,
                sign_in=StoreSignIn(self.ledger.store.directory),
                guard=StoreGuard(self.ledger.store.directory, self.clock),
            )
        )
        self._requests = 0
        for company_id in (self.company_id, self.other_id):
            self._fill(company_id)

    def found(self, slug: str, **settings: Any) -> CompanyId:
        """Found a company; `settings` are members of `Company`."""
        company = Company(CompanyId(0), slug, "Books", f"9{len(slug)}", f"c-{slug}", "GBP")
        founded = self.ledger.found(
            replace(company, **{"time_zone": "Europe/London", **settings}), OPERATOR_ACTOR
        )
        assert isinstance(founded, Company), founded
        return founded.id

    def allow(
        self,
        word: str,
        scopes: frozenset[Scope] = ALL_SCOPES,
        company: CompanyId | None = None,
        user: str | None = None,
    ) -> None:
        """Let a token stand for the application of the same name."""
        opened = frozenset({company or self.company_id})
        self.tokens.known[word] = Principal(word, opened, scopes, user)

    def client(self, name: str, secret: str, *companies: CompanyId, **members: Any) -> None:
        """Keep an application."""
        scopes = frozenset(scope.value for scope in ALL_SCOPES)
        client = Client(name, name, digest(secret), self.clock(), None, frozenset(companies))
        self.ledger.store.directory.put_client(replace(client, **{"scopes": scopes, **members}))

    def user(self, name: str, password: str, *companies: CompanyId) -> None:
        """Keep a user."""
        scopes = frozenset(scope.value for scope in ALL_SCOPES)
        kept = passwords.hashed(password)
        self.ledger.store.directory.put_user(
            User(name, kept, self.clock(), frozenset(companies), scopes)
        )

    def books(self, company_id: CompanyId | None = None) -> Books:
        """Books, for the operator."""
        books = self.ledger.books(company_id or self.company_id, OPERATOR)
        assert books is not None
        return books

    def attempt(self, command: Command, user: str | None = None) -> Outcome:
        """Have the operator, or a user, do something."""
        return self.books().execute(command, Context(replace(OPERATOR_ACTOR, user=user)))

    def execute(self, command: Command, company_id: CompanyId | None = None) -> Record:
        """Carry out a command that must be accepted."""
        outcome = self.books(company_id).execute(command, Context(OPERATOR_ACTOR))
        assert isinstance(outcome, Committed), outcome
        return outcome.records[0]

    def move(self, journal_id: int, *statuses: Status) -> None:
        """Take a journal through statuses."""
        for status in statuses:
            self.execute(MoveEntry(EntryId(journal_id), None, status))

    def configure(self, **settings: Any) -> None:
        """Change members of the company."""
        with self.books().read() as reader:
            company = reader.company
        self.execute(ChangeCompany(None, replace(company, **settings)))

    def entry(self, journal_id: int) -> JournalEntry:
        """The entry behind a journal."""
        with self.books().read() as reader:
            entry = reader.entry(EntryId(journal_id))
        assert entry is not None
        return entry

    def _fill(self, company_id: CompanyId) -> None:
        for account in CHART:
            self.execute(CreateReference(account), company_id)
        for name in ("Retail", "Closed Shop"):
            center = DimensionContent(CLASS, name, active=name == "Retail")
            self.execute(CreateReference(center), company_id)
        for code in ("EUR", "SEK"):
            currency = ListItemContent(ListKind.CURRENCY, code, active=code == "EUR")
            self.execute(CreateReference(currency), company_id)

    def send(
        self,
        method: str,
        path: str,
        query: str = "",
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        peer: str = PEER,
    ) -> Answer:
        """Send a request as it is."""
        self._requests += 1
        request = Request(
            method,
            path,
            query,
            headers or {},
            body,
            f"{self._requests:032x}",
            "http://127.0.0.1:8080",
            peer,
        )
        answer = self.plugin.handle(request)
        if not isinstance(answer, Response):
            answer = finished(answer)
        return Answer(answer)

    def call(
        self, operation: str, body: object = None, token: str | None = APP, **parameters: object
    ) -> Answer:
        """Call an operation; `body` is sent as JSON unless it is bytes."""
        methods = {"CreateJournal": "POST", "UpdateJournal": "PUT", "DeleteJournal": "DELETE"}
        given = parameters if token is None else {"token": token, **parameters}
        sent = body if isinstance(body, bytes) else b"" if body is None else exact.encode(body)
        method = methods.get(operation, "GET")
        return self.send(method, f"/api/bk/v1/{operation}", urlencode(given), sent)

    def create(self, body: Mapping[str, Any], token: str = APP) -> int:
        """Make a journal that must be accepted; its id."""
        answer = self.call("CreateJournal", body, token)
        assert answer.status == 200, (answer.json, answer.response.diagnosis)
        return cast("int", answer.object["created_journal_id"])

    def get(self, journal_id: int, token: str = APP) -> dict[str, Any]:
        """A journal that must be there."""
        answer = self.call("GetJournal", token=token, journal_id=journal_id)
        assert answer.status == 200, answer.json
        return cast("dict[str, Any]", answer.object)


def debit(code: object, amount: object, **members: Any) -> dict[str, Any]:
    """An entry with a debit."""
    return {
        "account_code": code,
        "base_currency_debit_amount": amount,
        "base_currency_credit_amount": 0,
        **members,
    }


def credit(code: object, amount: object, **members: Any) -> dict[str, Any]:
    """An entry with a credit."""
    return {
        "account_code": code,
        "base_currency_debit_amount": 0,
        "base_currency_credit_amount": amount,
        **members,
    }


def rent(**members: Any) -> dict[str, Any]:
    """A journal: the rent, from the bank."""
    entries = [debit("5100", 1200, cost_center_id=RETAIL), credit("1010", 1200)]
    return {"date": "2026-01-14", "journal_entries": entries, **members}
