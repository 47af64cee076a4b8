"""The GraphQL wire in process, over the demo books in memory: requests as values, no sockets.

wire = GraphqlWire()
answer = wire.post("{ company { companyName } }")
assert answer.data["company"]["companyName"] == "Daybook Demo Ltd"
"""

import json
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast
from urllib.parse import urlencode

from tests.support.qbo import InlineRuntime, Tokens, finished

from daybook.app.access import ALL_SCOPES, OPERATOR, Principal, Scope
from daybook.app.ledger import Books, Committed, Context, Ledger
from daybook.app.ports import Store
from daybook.app.seed import seed_demo
from daybook.domain.commands import Command
from daybook.domain.events import Actor
from daybook.domain.ids import CompanyId
from daybook.domain.model import Record
from daybook.protocols.intuit_graphql import ids
from daybook.protocols.intuit_graphql.documents import Documents
from daybook.protocols.intuit_graphql.execution import by_library, coerce, plan_of
from daybook.protocols.intuit_graphql.ids import Kind
from daybook.protocols.intuit_graphql.plugin import PATH, GraphqlPlugin
from daybook.protocols.intuit_graphql.roots import Call
from daybook.protocols.intuit_graphql.scene import Scene
from daybook.protocols.intuit_graphql.schema import schema
from daybook.protocols.kit.cursor import CursorSeal
from daybook.protocols.kit.plugin import Request, Response, Services
from daybook.storage import open_store

REALM = "9130355202028466"
OTHER_REALM = "9130353722279406"
TOKEN = "secret"
ACTOR = Actor("tests", "test")
JSON = "application/json"
GRAPHQL = "application/graphql-response+json"


@dataclass(frozen=True, slots=True)
class GraphqlAnswer:
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
        return {name.lower(): value for name, value in self.response.headers}

    @property
    def data(self) -> dict[str, Any]:
        """The data of an answer without errors."""
        assert self.status == 200, self.response.body
        assert "errors" not in self.json, self.response.body
        return cast("dict[str, Any]", self.json["data"])

    @property
    def errors(self) -> list[dict[str, Any]]:
        return cast("list[dict[str, Any]]", self.json["errors"])

    @property
    def codes(self) -> list[str]:
        """The codes of the errors."""
        return [error["extensions"]["code"] for error in self.errors]


class GraphqlWire:
    """The plug-in over the demo companies, whose first one the token opens."""

    def __init__(
        self, *, store: Store | None = None, settings: Mapping[str, str] | None = None
    ) -> None:
        self.ledger = Ledger(store or open_store("memory://"))
        if not self.ledger.store.directory.company_ids():
            seed_demo(self.ledger)
        self.company_id = self.company(REALM)
        self.tokens = Tokens()
        self.tokens.known[TOKEN] = self.principal()
        services = Services(
            self.ledger, self.tokens, InlineRuntime(), self.ledger.clock, settings=settings or {}
        )
        self.plugin = GraphqlPlugin(services)
        self._requests = 0

    def company(self, realm: str) -> CompanyId:
        found = self.ledger.store.directory.by_realm(realm)
        assert found is not None
        return found

    def principal(self, scopes: frozenset[Scope] = ALL_SCOPES, *companies: CompanyId) -> Principal:
        return Principal("app", frozenset(companies or {self.company_id}), scopes, "ada")

    @property
    def books(self) -> Books:
        """The first company's books, for the operator."""
        books = self.ledger.books(self.company_id, OPERATOR)
        assert books is not None
        return books

    def execute(self, command: Command) -> Record:
        """Carry out a command that must be accepted."""
        outcome = self.books.execute(command, Context(ACTOR))
        assert isinstance(outcome, Committed), outcome
        return outcome.records[0]

    def send(
        self,
        method: str,
        body: bytes = b"",
        query: str = "",
        headers: dict[str, str] | None = None,
        path: str = PATH,
        token: str | None = TOKEN,
    ) -> GraphqlAnswer:
        """Send a request as it is."""
        self._requests += 1
        sent = {} if token is None else {"authorization": f"Bearer {token}"}
        sent |= headers or {}
        request = Request(
            method, path, query, sent, body, f"{self._requests:032x}", "http://127.0.0.1:8080"
        )
        answer = self.plugin.handle(request)
        if not isinstance(answer, Response):
            answer = finished(answer)
        return GraphqlAnswer(answer)

    def post(
        self,
        text: object,
        variables: object = None,
        operation: object = None,
        accept: str = JSON,
        token: str = TOKEN,
    ) -> GraphqlAnswer:
        """POST a document."""
        body = {"query": text, "variables": variables, "operationName": operation}
        headers = {"content-type": JSON, "accept": accept}
        return self.send("POST", json.dumps(body).encode(), headers=headers, token=token)

    def get(self, text: str, variables: object = None, **more: str) -> GraphqlAnswer:
        """GET a document."""
        members = {"query": text, **more}
        if variables is not None:
            members["variables"] = json.dumps(variables)
        return self.send("GET", query=urlencode(members), headers={"accept": JSON})


class BothWays:
    """Answers a query by its plan and by the GraphQL library, on one snapshot."""

    def __init__(self, wire: GraphqlWire) -> None:
        self._wire = wire
        self._documents = Documents(schema())
        self._seal = CursorSeal(b"a key that both ways share")

    def __call__(self, text: str, variables: dict[str, Any] | None = None) -> tuple[bytes, bytes]:
        """Both answers. Raises `RequestFault` where the request is refused as a whole."""
        operation = self._documents.read(text).operation(None)
        coerced = coerce(operation, variables or {}, schema())
        plan = plan_of(operation, coerced, schema())
        assert plan is not None, "a query without introspection has a plan"
        books = self._wire.books
        with self._wire.ledger.store.read(books.company_id) as reader:
            calls = [
                Call(
                    books,
                    Scene(reader.company, lambda: nullcontext(reader)),
                    self._seal,
                    time.monotonic() + 60,
                    "0" * 32,
                )
                for _ in range(2)
            ]
            by_plan = plan.run(calls[0], coerced)
            return by_plan, by_library(operation, variables or {}, calls[1], schema())


def entry_id(number: int, realm: str = REALM) -> str:
    return ids.text(realm, Kind.TRANSACTION, number)


def account_id(number: int, realm: str = REALM) -> str:
    return ids.text(realm, Kind.ACCOUNT, number)


def line(side: str, amount: object, account: int, **more: Any) -> dict[str, Any]:
    """A line of an input."""
    return {
        "entryLineType": side,
        "amount": amount,
        "account": {"id": account_id(account)},
        **more,
    }


def two_lines(amount: object = "12.50", **members: Any) -> dict[str, Any]:
    """The input of a balanced entry: meals from the bank."""
    lines = [line("DEBIT", amount, 44), line("CREDIT", amount, 139)]
    return {"transactionDate": "2026-02-03", "entryLines": lines, **members}
