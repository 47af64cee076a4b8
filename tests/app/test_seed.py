"""The demo companies: what the interfaces' samples name is there, the same every time."""

import json
from datetime import UTC, date, datetime

import pytest
from tests.support.engines import Engine, engine_schemes

from daybook.app.access import OPERATOR
from daybook.app.audit import audit
from daybook.app.ledger import Books, Ledger
from daybook.app.ports import Store
from daybook.app.seed import seed_demo
from daybook.domain.events import ACCOUNT, CONTACT, dimension_entity
from daybook.domain.ids import CompanyId, EntryId
from daybook.domain.model import (
    DEPARTMENT,
    PROJECT,
    Account,
    AccountKind,
    Contact,
    ContactKind,
    Dimension,
    JournalEntry,
    Origin,
    Side,
    Status,
    annex_of,
)
from daybook.domain.query import Compare, Field, Keyset, Op, Query
from daybook.storage import open_store


@pytest.fixture(scope="module")
def store() -> Store:
    store = open_store("memory://")
    seed_demo(Ledger(store))
    return store


@pytest.fixture(scope="module")
def books(store: Store) -> Books:
    company_id = store.directory.by_slug("demo")
    assert company_id is not None
    books = Ledger(store).books(company_id, OPERATOR)
    assert books is not None
    return books


def entry(books: Books, number: int) -> JournalEntry:
    with books.read() as reader:
        found = reader.entry(EntryId(number))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("slug", "realm", "codat_id"),
    [
        ("demo", "9130355202028466", "c0c4ef53-e70c-45d5-9af4-27aa486347d7"),
        ("demo2", "9130353722279406", "0b7f7d53-6a52-4f0c-9a4c-6c3f0a5d9e21"),
    ],
)
def test_companies_are_found_by_every_name(
    store: Store, slug: str, realm: str, codat_id: str
) -> None:
    directory = store.directory
    company_id = directory.by_slug(slug)
    assert company_id is not None
    assert directory.by_realm(realm) == directory.by_codat_id(codat_id) == company_id
    with store.read(company_id) as reader:
        company = reader.company
    assert (company.home_currency, company.time_zone) == ("GBP", "Europe/London")
    assert not any((company.multicurrency, company.sales_tax, company.doc_number_unique))
    assert company.books_closed_through is None
    assert not company.strict_realm


def test_the_connection_is_linked(books: Books) -> None:
    with books.read() as reader:
        annex = annex_of(reader.company.annex, "codat")
    assert annex is not None
    connection = json.loads(annex)["connection"]
    assert connection["id"] == "5c9c8f2a-8c0e-4c55-9d3a-2f0f4f3c7a10"
    assert connection["integration"] == "qhyg"


@pytest.mark.parametrize(
    ("number", "name", "kind"),
    [
        (13, "Inventory Asset", AccountKind.OTHER_CURRENT_ASSET),
        (26, "Sales of Product Income", AccountKind.INCOME),
        (31, "Business licences", AccountKind.EXPENSE),
        (35, "Depreciation", AccountKind.OTHER_EXPENSE),
        (44, "Meals", AccountKind.EXPENSE),
        (70, "Debtors", AccountKind.RECEIVABLE),
        (139, "Barclays", AccountKind.BANK),
        (4, "Retained Earnings", AccountKind.EQUITY),
        (74, "Note Payable - Bank of Anycity", AccountKind.LONG_TERM_LIABILITY),
        (1, "Checking", AccountKind.BANK),
    ],
)
def test_accounts(books: Books, number: int, name: str, kind: AccountKind) -> None:
    with books.read() as reader:
        account = reader.reference(ACCOUNT, number)
    assert isinstance(account, Account)
    assert (account.full_name, account.kind) == (name, kind)


def test_every_account_has_a_code(books: Books) -> None:
    with books.read() as reader:
        accounts = reader.references(ACCOUNT, Query(page=Keyset(1000)))
    codes = [account.code for account in accounts if isinstance(account, Account)]
    assert None not in codes
    assert len(set(codes)) == len(codes) == len(accounts)


@pytest.mark.parametrize(
    ("number", "name"),
    [(9, "New project - demo"), (13, "New project - demo3"), (34, "Tanmay B"), (35, "Ata Bi Pro")],
)
def test_customers(books: Books, number: int, name: str) -> None:
    with books.read() as reader:
        contact = reader.reference(CONTACT, number)
    assert isinstance(contact, Contact)
    assert (contact.name, contact.kind) == (name, ContactKind.CUSTOMER)


def test_the_project_and_the_department(books: Books) -> None:
    with books.read() as reader:
        project = reader.reference(dimension_entity(PROJECT), 28392628)
        department = reader.reference(dimension_entity(DEPARTMENT), 1)
    assert isinstance(project, Dimension)
    assert (project.name, project.contact_id) == ("Ata Bi Pro", 34)
    assert project.description == "Test project for Transactions"
    assert department is not None


def test_the_entry_that_samples_read(books: Books) -> None:
    read = entry(books, 96)
    assert (read.doc_number, read.posting_date) == ("SomeJENumber13", date(2021, 9, 22))
    assert (read.version, read.memo) == (0, None)
    first, second = read.lines
    assert (first.side, first.amount, first.account_id) == (Side.DEBIT, 4500, 35)
    assert (first.contact_id, first.description) == (13, "test debit")
    assert (second.side, second.amount, second.account_id) == (Side.CREDIT, 4500, 44)
    assert (second.contact_id, second.description) == (9, "test credit")


def test_the_entries_that_samples_change_and_delete(books: Books) -> None:
    for number in (80, 82):
        found = entry(books, number)
        assert (found.version, found.status, found.deleted_at) == (0, Status.POSTED, None)
    assert entry(books, 82).memo == "add test memo"


def test_the_entry_that_was_a_payment(books: Books) -> None:
    found = entry(books, 8484)
    made = datetime(2023, 3, 15, 11, 13, 27, tzinfo=UTC)
    assert found.created_at == found.modified_at == int(made.timestamp()) * 1_000_000
    assert (found.posting_date, found.currency) == (date(2023, 3, 15), "GBP")
    first, second = found.lines
    assert (first.side, first.amount, first.account_id) == (Side.CREDIT, 2230, 139)
    assert (second.side, second.amount, second.account_id) == (Side.DEBIT, 2230, 70)
    assert second.contact_id == 34
    assert first.dimensions == second.dimensions == ((DEPARTMENT, 1),)
    annex = annex_of(found.annex, "codat")
    assert annex is not None
    assert json.loads(annex) == {
        "modifiedDate": "2023-03-15T11:14:37Z",
        "recordRef": {"dataType": "payments"},
    }


def test_the_entry_with_a_given_number_and_second(books: Books) -> None:
    found = entry(books, 0x16336)
    assert f"{found.id:X}-{found.created_at // 1_000_000}" == "16336-1450196662"


def test_the_entry_that_waits_for_approval(books: Books) -> None:
    found = entry(books, 3400)
    assert found.status is Status.PENDING
    assert found.origin == Origin("demo", "modulus")


def test_a_year_of_ordinary_entries(books: Books) -> None:
    with books.read() as reader:
        since = Query(Compare(Field.POSTING_DATE, Op.GE, date(2025, 1, 1)), page=Keyset(1000))
        ordinary = reader.entries(since)
    assert len(ordinary) > 200
    assert {entry.posting_date.month for entry in ordinary} == set(range(1, 13))


@pytest.mark.parametrize("number", ["11", "12345"])
def test_numbers_that_samples_write_are_free(books: Books, number: str) -> None:
    with books.read() as reader:
        assert reader.count_entries(Compare(Field.DOC_NUMBER, Op.EQ, number)) == 0


@pytest.mark.parametrize("scheme", engine_schemes())
def test_the_demo_is_the_same_everywhere(
    store: Store, scheme: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = open_store(Engine.of(scheme, tmp_path_factory.mktemp(scheme)).url)
    for company_id in seed_demo(Ledger(other)):
        findings = audit(other, company_id)
        assert findings.findings == ()
        assert findings == audit(store, company_id)
    other.close()


def test_the_chain_of_the_demo_does_not_change(store: Store) -> None:
    """Whoever noted these hashes can rely on them: a change of the demo is a change of them."""
    hashes = [audit(store, CompanyId(number)).hash.hex()[:16] for number in (1, 2)]
    assert hashes == ["970a8261bd4e3cc8", "7198a53a9c0e1516"]


def test_the_companies_have_different_books(store: Store) -> None:
    found = []
    for number in (1, 2):
        with store.read(CompanyId(number)) as reader:
            found.append([reader.entry(EntryId(each)) for each in (80, 82, 96)])
    assert all(one != other for one, other in zip(*found, strict=True))


def test_it_is_made_once(store: Store) -> None:
    with pytest.raises(ValueError, match="slug"):
        seed_demo(Ledger(store))
