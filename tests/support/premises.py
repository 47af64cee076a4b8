"""Two companies in one server, all interfaces in process: what proofs of isolation are made on.

    with Premises() as house:
        answer = house.ask(house.ours, "GET", f"/v3/company/{house.ours.realm}/account/1001")

Every text of a company's books has the company's own word in it, so that a word of the other in an
answer is a leak. Records of each kind have numbers of their own, in either company, so that a
number of another kind, or of the other company, is never one of ours by chance.
"""

import asyncio
import base64
import json
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from io import StringIO
from typing import Any, Final, Self, cast
from urllib.parse import quote

from tests.support.clock import TestClock

from daybook.app import credentials, passwords
from daybook.app.access import ALL_SCOPES, OPERATOR, Principal, Scope
from daybook.app.credentials import ACCESS, NewToken, digest
from daybook.app.ledger import Books, Committed, Context, Ledger
from daybook.app.ports import Client, User
from daybook.app.scram import scram_verifier
from daybook.domain.commands import (
    AccountContent,
    Command,
    ContactContent,
    CreateEntry,
    CreateReference,
    DeleteEntry,
    DimensionContent,
    EntryContent,
    LineDraft,
    ListItemContent,
    ReferenceContent,
)
from daybook.domain.events import Actor
from daybook.domain.ids import ById, CompanyId, ContactId, EntryId
from daybook.domain.model import (
    CLASS,
    DEPARTMENT,
    PROJECT,
    AccountKind,
    Company,
    ContactKind,
    ListKind,
    Side,
)
from daybook.protocols.kit.plugin import Operation, Plugin
from daybook.server.bootstrap import Assembly, assemble
from daybook.server.config import read_config
from daybook.server.connection import Connection, Exchange
from daybook.server.observe import configure_log
from daybook.server.pages import ServerPages
from daybook.storage import open_store

SEEDER = Actor("operator", "seed")
_NO_CONNECTION: Final = cast("Connection", None)
PER_KIND = 2
"""Records of each kind in each company."""

UNKNOWN = "00000000-0000-4000-8000-000000000000"
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True)
class Answer:
    """A response as a caller has it; names of headers are lower case. Cookies are one a line."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


@dataclass
class Tenant:
    """A company, who may ask for it, and what it has: numbers by kind, made-up ids by name."""

    word: str
    id: CompanyId
    slug: str
    realm: str
    codat_id: str
    token: str
    key: str
    numbers: dict[str, list[int]]
    names: dict[str, str] = field(default_factory=dict)

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.token}"}

    @property
    def basic(self) -> dict[str, str]:
        return {"authorization": basic(self.key)}


def basic(key: str) -> str:
    """The header of an API key."""
    return f"Basic {base64.b64encode(key.encode()).decode()}"


class _Asked(Exchange):
    """A request without a connection, and its answer."""

    def __init__(
        self, method: str, path: str, query: str, headers: dict[str, str], body: bytes, peer: str
    ) -> None:
        super().__init__(_NO_CONNECTION, method, path, query, headers, keep_alive=True)
        self.answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._peer = peer
        self.add(body)
        self.complete()

    @property
    def origin(self) -> str:
        return "http://127.0.0.1:8080"

    @property
    def peer(self) -> str:
        return self._peer

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        self._task = asyncio.get_running_loop().create_task(work)

    def respond(self, status: int, headers: Iterable[tuple[str, str]], body: bytes) -> bool:
        shown = list(headers)
        lower = {name.lower(): value for name, value in shown}
        cookies = [value for name, value in shown if name.lower() == "set-cookie"]
        if cookies:
            lower["set-cookie"] = "\n".join(cookies)
        self.answered.set_result(Answer(status, lower, body))
        self.response_complete = True
        return True


class Premises:
    """The server with its two companies. A context manager: the event loop is its own."""

    def __init__(self, store: str = "memory://", level: str = "info", **settings: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.clock = TestClock(step=1_000_000)
        self.ledger = Ledger(open_store(store), self.clock)
        self.log = StringIO()
        config = read_config({}, {"store": store, "sql": "127.0.0.1:0", **settings})
        log = configure_log(level, "json", self.log)
        self.assembly: Assembly = assemble(config, self.ledger, log, self.loop)
        self.listeners = [make() for make in self.assembly.listening]
        self.directory = self.ledger.store.directory
        self.ours = self._tenant("quokka", 0)
        self.theirs = self._tenant("wombat", 100)
        for tenant in (self.ours, self.theirs):
            self._by_wires(tenant)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for listener in self.listeners:
            self.loop.run_until_complete(listener.close())
        self.assembly.runtime.close()
        self.loop.close()
        self.ledger.store.close()

    # What there is

    @property
    def plugins(self) -> tuple[Plugin, ...]:
        return self.assembly.plugins

    def plugin(self, name: str) -> Plugin:
        return next(each for each in self.plugins if each.name == name)

    def operations(self) -> list[tuple[str, Operation]]:
        """Everything HTTP can be asked for, by wire; the server's own pages are `server`."""
        pages: ServerPages = self.assembly.pages
        found = [(each.name, row) for each in self.plugins for row in each.operations]
        return [*found, *(("server", row) for row in pages.operations)]

    # Asking

    def ask(
        self,
        method: str,
        path: str,
        *,
        query: str = "",
        body: object = None,
        headers: Mapping[str, str] | None = None,
        peer: str = "192.0.2.7",
    ) -> Answer:
        """Send a request through the whole application; what is not bytes is sent as JSON."""
        sent = {"host": "books.example", **(headers or {})}
        content = b""
        if body is not None:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent.setdefault("content-type", "application/json")
            sent["content-length"] = str(len(content))
        return self.loop.run_until_complete(self._ask(method, path, query, content, sent, peer))

    async def _ask(
        self,
        method: str,
        path: str,
        query: str,
        body: bytes,
        headers: Mapping[str, str],
        peer: str,
    ) -> Answer:
        exchange = _Asked(method, path, query, dict(headers), body, peer)
        self.assembly.application.take(exchange)
        return await exchange.answered

    def work(self) -> None:
        """Let the worker carry out what is pending."""
        while self.assembly.background.worker.run_once():
            pass

    # Credentials

    def token(
        self,
        client: str,
        *companies: CompanyId,
        scopes: frozenset[Scope] = ALL_SCOPES,
        lifetime_us: int | None = None,
    ) -> str:
        """A token that opens companies."""
        wanted = NewToken(client, ACCESS, frozenset(companies), scopes, lifetime_us=lifetime_us)
        return credentials.issue(self.directory, self.clock, wanted).text

    # Filling

    def books(self, company_id: CompanyId) -> Books:
        books = self.ledger.books(company_id, OPERATOR)
        assert books is not None
        return books

    def _tenant(self, word: str, shift: int) -> Tenant:
        realm = f"91303{55000000000 + shift}"
        codat_id = f"{word.encode().hex()[:8]}-2222-4333-8444-5555555555{shift:02}"[:36]
        company = Company(
            CompanyId(0),
            word,
            f"{word} Limited",
            realm,
            codat_id,
            "GBP",
            "Europe/London",
            "GB",
            multicurrency=True,
            sales_tax=True,
        )
        founded = self.ledger.found(company, SEEDER)
        assert isinstance(founded, Company), founded
        tenant = Tenant(
            word,
            founded.id,
            word,
            realm,
            codat_id,
            self.token("shared-app", founded.id),
            self.token(f"codat-{word}", founded.id),
            {},
        )
        commands = list(_records(word, shift, tenant.numbers))
        self._execute(tenant, commands)
        for number in tenant.numbers["deleted"]:
            self._execute(tenant, [DeleteEntry(EntryId(number), None)])
        scopes = frozenset(scope.value for scope in ALL_SCOPES)
        opened = frozenset({founded.id})
        client = Client(word, word, digest(f"{word}-secret"), self.clock(), None, opened, scopes)
        self.directory.put_client(client)
        user = User(
            word,
            passwords.hashed(PASSWORD),
            self.clock(),
            opened,
            scopes,
            verifier=scram_verifier(PASSWORD),
        )
        self.directory.put_user(user)
        return tenant

    def _execute(self, tenant: Tenant, commands: list[Command]) -> None:
        outcome = self.books(tenant.id).execute_all(commands, Context(SEEDER))
        assert isinstance(outcome, Committed), outcome

    def _by_wires(self, tenant: Tenant) -> None:
        """What only the interfaces can make: their own records."""
        word, company = tenant.word, f"/companies/{tenant.codat_id}"
        names = tenant.names
        made = self._made("POST", "/companies", {"name": f"{word} Second"}, tenant.basic)
        names["made company"] = made["id"]
        linked = f"/companies/{made['id']}/connections"
        made = self._made("POST", linked, {"platformKey": "qhyg"}, tenant.basic)
        names["made connection"] = made["id"]
        listed = self.ask("GET", f"{company}/connections", headers=tenant.basic).json
        names["connection"] = listed["results"][0]["id"]
        waiting = {"platformKey": "qhyg"}
        made = self._made("POST", f"{company}/connections", waiting, tenant.basic)
        names["waiting connection"] = made["id"]
        consumer = {"url": f"https://{word}.example/hook", "eventTypes": ["company.created"]}
        names["webhook"] = self._made("POST", "/webhooks", consumer, tenant.basic)["id"]
        names["api key"] = self._made("POST", "/apiKeys", {"name": word}, tenant.basic)["id"]
        made = self._made("POST", f"{company}/data/queue/accounts", None, tenant.basic)
        names["dataset"] = made["id"]
        push = f"{company}/connections/{names['connection']}/push/journalEntries"
        account = tenant.numbers["account"][0]
        lines = [{"netAmount": each, "accountRef": {"id": str(account)}} for each in (5, -5)]
        body = {"description": word, "postedOn": "2026-02-03", "journalLines": lines}
        names["push"] = self._made("POST", push, body, tenant.basic)["pushOperationKey"]
        self.work()
        codes = (f"{word}-0", f"{word}-1")
        journal = {
            "date": "2026-02-03",
            "journal_notes": word,
            "journal_entries": [
                {"account_code": codes[0], "base_currency_debit_amount": 5},
                {"account_code": codes[1], "base_currency_credit_amount": 5},
            ],
        }
        tenant.numbers["journal"] = []
        for _ in range(PER_KIND if tenant.word == "quokka" else 2 * PER_KIND):
            query = f"token={tenant.token}"
            answer = self.ask("POST", "/api/bk/v1/CreateJournal", query=query, body=journal)
            assert answer.status == 200, answer.text
            tenant.numbers["journal"].append(answer.json["object"]["created_journal_id"])

    def _made(
        self, method: str, path: str, body: object, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        answer = self.ask(method, path, body=body, headers=headers)
        assert answer.status in (200, 201), answer.text
        made: dict[str, Any] = answer.json
        return made

    # SQL

    def principal(self, tenant: Tenant) -> Principal:
        return Principal(tenant.word, frozenset({tenant.id}), ALL_SCOPES, tenant.word)


def _records(word: str, shift: int, numbers: dict[str, list[int]]) -> list[Command]:
    """The records of a company, and their numbers by kind."""
    found: list[Command] = []

    def add(kind: str, first: int, content: ReferenceContent) -> None:
        number = first + shift + len(numbers.setdefault(kind, []))
        numbers[kind].append(number)
        found.append(CreateReference(content, number))

    for at in range(PER_KIND):
        name = f"{word} {at}"
        note = f"{word} note"
        kind = (AccountKind.BANK, AccountKind.EXPENSE)[at]
        add("account", 11_000, AccountContent(name, kind, code=f"{word}-{at}", description=note))
        add("customer", 12_000, ContactContent(ContactKind.CUSTOMER, f"{name} customer"))
        add("vendor", 13_000, ContactContent(ContactKind.VENDOR, f"{name} vendor"))
        add("employee", 14_000, ContactContent(ContactKind.EMPLOYEE, f"{name} employee"))
        add("class", 15_000, DimensionContent(CLASS, name, note))
        add("department", 16_000, DimensionContent(DEPARTMENT, name, note))
        customer = ContactId(numbers["customer"][0])
        add("project", 17_000, DimensionContent(PROJECT, name, note, contact_id=customer))
        for list_kind, first in _LISTS.items():
            code = _CODES[(shift > 0) * PER_KIND + at]
            item = code if list_kind is ListKind.CURRENCY else name
            add(list_kind.value, first, ListItemContent(list_kind, item, note))
    for made, lowest in (("entry", 31_000), ("deleted", 32_000)):
        # far apart, since new entries are given the next numbers
        numbers[made] = [lowest + 1_000 * shift + at for at in range(PER_KIND)]
        found += [_entry(word, number, numbers) for number in numbers[made]]
    return found


_LISTS = {kind: 18_000 + 1_000 * at for at, kind in enumerate(ListKind)}
_CODES = ("EUR", "SEK", "NOK", "DKK")


def _entry(word: str, number: int, numbers: Mapping[str, list[int]]) -> CreateEntry:
    dimensions = tuple(
        (axis, ById(numbers[kind][0]))
        for axis, kind in ((CLASS, "class"), (DEPARTMENT, "department"), (PROJECT, "project"))
    )
    lines = (
        LineDraft(
            Side.DEBIT,
            500,
            ById(numbers["account"][1]),
            ById(numbers["customer"][0]),
            dimensions=dimensions,
            description=f"{word} line",
        ),
        LineDraft(Side.CREDIT, 500, ById(numbers["account"][0])),
    )
    content = EntryContent(lines, None, f"{word}-{number}", f"{word} memo")
    return CreateEntry(content, entry_id=EntryId(number))


def path_of(operation: Operation, **names: str) -> str:
    """An operation's path with its names filled in."""
    path = operation.path
    for name, value in names.items():
        path = path.replace(f"{{{name}}}", quote(value, safe=""))
    return path
