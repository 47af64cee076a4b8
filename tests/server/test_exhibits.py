"""An entry over each interface, asked in process under a pass that opens little, and not long."""

import asyncio
from dataclasses import dataclass

import pytest
import requests
from tests.support.qbo import Tokens
from tests.support.server import RunningServer

from daybook.app.access import ALL_SCOPES, OPERATOR, Principal, Rejection, Scope
from daybook.app.ledger import Books, Ledger
from daybook.app.seed import seed_demo
from daybook.domain.ids import CompanyId, EntryId
from daybook.domain.model import JournalEntry
from daybook.protocols.kit.exhibits import Exhibit, NoExhibits
from daybook.protocols.kit.plugin import Limits, Request, Response
from daybook.server.exhibits import ANSWER_LENGTH_MAX, InterfaceExhibits, Passes
from daybook.storage import open_store


@dataclass
class Spy:
    """A wire called like one of ours, which shows what it was handed."""

    name: str
    passes: Passes
    believed: Principal | Rejection = Rejection.UNKNOWN
    body: bytes = b'{"ok":true}'
    request: Request | None = None

    prefixes = ("/spy",)
    limits = Limits(0)

    async def handle(self, request: Request) -> Response:
        self.request = request
        token = request.headers["authorization"].partition(" ")[2]
        self.believed = self.passes.authenticate(token)
        body = self.body.replace(b"TOKEN", token.encode())
        return Response(200, body, (("content-type", "application/json"),))


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    ledger = Ledger(open_store("memory://"))
    seed_demo(ledger)
    return ledger


def opened(ledger: Ledger, principal: Principal = OPERATOR) -> tuple[Books, JournalEntry]:
    books = ledger.books(CompanyId(1), principal)
    assert books is not None
    with ledger.store.read(CompanyId(1)) as reader:
        entry = reader.entry(EntryId(3400))
    assert entry is not None
    return books, entry


def shown(spy: Spy, books: Books, entry: JournalEntry) -> list[Exhibit]:
    exhibits = InterfaceExhibits(spy.passes)
    exhibits.over([spy])  # type: ignore[list-item]
    return list(asyncio.run(exhibits.show(books, entry, "http://books.test")))


def test_a_pass_reads_one_company_and_ends_with_the_request(ledger: Ledger) -> None:
    spy = Spy("qbo", Passes(Tokens()))
    person = Principal("web", frozenset({CompanyId(1)}), ALL_SCOPES, "ada")
    (exhibit,) = shown(spy, *opened(ledger, person))
    assert spy.believed == Principal(
        "web", frozenset({CompanyId(1)}), frozenset({Scope.READ}), "ada"
    )
    assert spy.request is not None
    token = spy.request.headers["authorization"].partition(" ")[2]
    assert spy.passes.authenticate(token) is Rejection.UNKNOWN
    assert "YOUR-TOKEN" in exhibit.request
    assert token not in exhibit.request + exhibit.answer


def test_an_answer_that_repeats_its_credential_is_shown_without(ledger: Ledger) -> None:
    spy = Spy("qbo", Passes(Tokens()), body=b'{"token":"TOKEN"}')
    (exhibit,) = shown(spy, *opened(ledger))
    assert '"token": "…"' in exhibit.answer


def test_a_long_answer_is_cut(ledger: Ledger) -> None:
    spy = Spy("qbo", Passes(Tokens()), body=b'{"x":"' + b"y" * 2 * ANSWER_LENGTH_MAX + b'"}')
    (exhibit,) = shown(spy, *opened(ledger))
    assert len(exhibit.answer) < ANSWER_LENGTH_MAX + 200


def test_what_only_its_maker_may_see_is_asked_as_its_maker(ledger: Ledger) -> None:
    spy = Spy("modulus", Passes(Tokens()))
    books, entry = opened(ledger)
    shown(spy, books, entry)
    assert isinstance(spy.believed, Principal)
    assert spy.believed.client == entry.origin.client


def test_nothing_is_shown_to_who_may_not_read(ledger: Ledger) -> None:
    nobody = Principal("web", frozenset({CompanyId(1)}), frozenset(), "ada")
    assert shown(Spy("qbo", Passes(Tokens())), *opened(ledger, nobody)) == []


def test_wires_that_cannot_show_an_entry_are_left_out(ledger: Ledger) -> None:
    assert shown(Spy("oauth", Passes(Tokens())), *opened(ledger)) == []
    assert list(asyncio.run(NoExhibits().show(*opened(ledger), "http://x"))) == []


def test_the_demo_shows_its_entry_over_every_interface(server: RunningServer) -> None:
    """By HTTP alone, as a person with an old browser; the SQL port is off here."""
    visitor = requests.Session()
    form = visitor.get(f"{server.url}/app/sign-in", timeout=20).text
    token = form.partition('name="csrf" value="')[2].partition('"')[0]
    fields = {"csrf": token, "name": "demo", "password": "demo"}
    assert visitor.post(f"{server.url}/app/sign-in", fields, timeout=20).status_code == 200
    page = visitor.get(f"{server.url}/app/c/demo/journal/3400/interfaces", timeout=20)
    assert page.status_code == 200
    for title in ("QuickBooks", "GraphQL", "Codat", "Modulus"):
        assert f">{title}</h2>" in page.text
    assert "January rent" in page.text, "the application that made it sees it while it waits"
    assert page.text.count("HTTP 5") == 0
