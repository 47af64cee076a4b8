"""python-quickbooks and intuit-oauth, unmodified but for the base address, keep books here."""

import datetime
import decimal
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from intuitlib.client import AuthClient
from intuitlib.exceptions import AuthClientError
from quickbooks import QuickBooks
from quickbooks.batch import batch_create, batch_delete, batch_update
from quickbooks.cdc import change_data_capture
from quickbooks.exceptions import (
    AuthorizationException,
    ObjectNotFoundException,
    QuickbooksException,
    UnsupportedException,
    ValidationException,
)
from quickbooks.objects.account import Account
from quickbooks.objects.base import EmailAddress, PhoneNumber, Ref
from quickbooks.objects.company_info import CompanyInfo
from quickbooks.objects.customer import Customer
from quickbooks.objects.department import Department
from quickbooks.objects.detailline import DescriptionOnlyLine
from quickbooks.objects.employee import Employee
from quickbooks.objects.exchangerate import ExchangeRate
from quickbooks.objects.journalentry import (
    Entity,
    JournalEntry,
    JournalEntryLine,
    JournalEntryLineDetail,
)
from quickbooks.objects.preferences import Preferences
from quickbooks.objects.taxagency import TaxAgency
from quickbooks.objects.taxcode import TaxCode
from quickbooks.objects.taxrate import TaxRate
from quickbooks.objects.term import Term
from quickbooks.objects.trackingclass import Class
from quickbooks.objects.vendor import Vendor
from tests.support.server import RunningServer, command, start, variables

DEPRECIATION, MEALS, DEBTORS, BARCLAYS = "35", "44", "70", "139"
TANMAY = "34"


def connected(server: RunningServer, **options: Any) -> Any:
    """A client of the demo company, its tokens fetched through the discovery document."""
    auth = AuthClient(
        client_id="demo",
        client_secret="demo",
        redirect_uri="http://localhost/callback",
        environment=f"{server.url}/.well-known/openid_sandbox_configuration/",
    )
    client = QuickBooks(
        auth_client=auth,
        refresh_token="demo",
        company_id=server.realm,
        minorversion=75,
        **options,
    )
    client.api_url_v3 = client.sandbox_api_url_v3 = f"{server.url}/v3"
    return client


@pytest.fixture(autouse=True)
def plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """The client's OAuth library refuses plain HTTP unless told, on any address."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.fixture
def qb(server: RunningServer) -> Iterator[Any]:
    client = connected(server)
    yield client
    client.session.close()
    client.auth_client.close()


def line(side: str, account: str, amount: float, **more: Any) -> Any:
    made = JournalEntryLine()
    made.Amount = amount
    made.Description = more.get("description")
    made.JournalEntryLineDetail = detail = JournalEntryLineDetail()
    detail.PostingType = side
    detail.AccountRef = reference(account)
    if "customer" in more:
        detail.Entity = Entity()
        detail.Entity.Type = "Customer"
        detail.Entity.EntityRef = reference(more["customer"])
    return made


def reference(value: str) -> Any:
    made = Ref()
    made.value = value
    return made


def entry(amount: float = 45.5, number: str | None = None) -> Any:
    made = JournalEntry()
    made.DocNumber = number or uuid.uuid4().hex[:20]
    made.TxnDate = "2026-02-03"
    made.PrivateNote = "made by a client"
    made.Line = [line("Debit", DEPRECIATION, amount), line("Credit", MEALS, amount)]
    return made


def test_an_entry_is_posted_and_read_back(qb: Any) -> None:
    posted = entry(45.5).save(qb=qb)
    read = JournalEntry.get(posted.Id, qb=qb)
    assert (read.SyncToken, read.TxnDate, read.PrivateNote) == (
        "0",
        "2026-02-03",
        "made by a client",
    )
    assert [each.Amount for each in read.Line] == [45.5, 45.5]
    sides = [each.JournalEntryLineDetail.PostingType for each in read.Line]
    assert sides == ["Debit", "Credit"]
    assert read.Line[0].JournalEntryLineDetail.AccountRef.name == "Depreciation"
    assert read.CurrencyRef.value == "GBP"


def test_lines_of_every_kind_come_back(qb: Any) -> None:
    made = entry()
    note = DescriptionOnlyLine()
    note.Description = "only words"
    made.Line = [
        line("Debit", DEBTORS, 0.1, customer=TANMAY, description='say "so"\n'),
        note,
        line("Credit", BARCLAYS, 0.1),
    ]
    read = JournalEntry.get(made.save(qb=qb).Id, qb=qb)
    assert [each.Id for each in read.Line] == ["0", "1", "2"]
    assert read.Line[0].Description == 'say "so"\n'
    assert read.Line[0].JournalEntryLineDetail.Entity.EntityRef.name == "Tanmay B"
    assert (read.Line[1].DetailType, read.Line[1].Description) == ("DescriptionOnly", "only words")


def test_amounts_are_exact_with_decimals(server: RunningServer) -> None:
    client = connected(server, use_decimal=True)
    amount = decimal.Decimal("12345678.91")
    made = entry()
    made.Line = [line("Debit", DEPRECIATION, amount), line("Credit", MEALS, amount)]  # type: ignore[arg-type]
    read = JournalEntry.get(made.save(qb=client).Id, qb=client)
    assert [each.Amount for each in read.Line] == [amount, amount]


def test_a_read_entry_is_changed_and_saved(qb: Any) -> None:
    read = JournalEntry.get(entry().save(qb=qb).Id, qb=qb)
    read.PrivateNote = "changed"
    read.Line = [*read.Line, line("Debit", MEALS, 5), line("Credit", DEPRECIATION, 5)]
    saved = read.save(qb=qb)
    assert (saved.SyncToken, saved.PrivateNote) == ("1", "changed")
    assert [each.Id for each in saved.Line] == ["0", "1", "2", "3"]


def test_a_sparse_update_leaves_the_rest_alone(qb: Any) -> None:
    before = JournalEntry.get(entry().save(qb=qb).Id, qb=qb)
    change = JournalEntry()
    change.Id, change.SyncToken, change.sparse = before.Id, before.SyncToken, True
    change.PrivateNote = "only this"
    del change.Line
    after = JournalEntry.from_json(
        qb.update_object("JournalEntry", change.to_json())["JournalEntry"]
    )
    assert (after.PrivateNote, after.DocNumber) == ("only this", before.DocNumber)
    assert [each.Amount for each in after.Line] == [45.5, 45.5]


def test_a_stale_token_loses(qb: Any) -> None:
    first = JournalEntry.get(entry().save(qb=qb).Id, qb=qb)
    second = JournalEntry.get(first.Id, qb=qb)
    first.PrivateNote = "first"
    first.save(qb=qb)
    second.PrivateNote = "second"
    with pytest.raises(QuickbooksException) as caught:
        second.save(qb=qb)
    assert caught.value.error_code == 5010
    assert JournalEntry.get(first.Id, qb=qb).PrivateNote == "first"


def test_a_request_id_posts_once(qb: Any) -> None:
    number, key = uuid.uuid4().hex[:20], uuid.uuid4().hex
    first = entry(number=number).save(qb=qb, request_id=key)
    again = entry(number=number).save(qb=qb, request_id=key)
    assert (first.Id, first.MetaData) == (again.Id, again.MetaData)
    assert JournalEntry.count(f"DocNumber = '{number}'", qb=qb) == 1


def test_a_deleted_entry_is_gone(qb: Any) -> None:
    saved = JournalEntry.get(entry().save(qb=qb).Id, qb=qb)
    answer = saved.delete(qb=qb)
    assert answer["JournalEntry"] == {"domain": "QBO", "status": "Deleted", "Id": saved.Id}
    for attempt in (lambda: JournalEntry.get(saved.Id, qb=qb), lambda: saved.delete(qb=qb)):
        with pytest.raises(ObjectNotFoundException) as caught:
            attempt()
        assert caught.value.error_code == 610
    assert JournalEntry.choose([saved.Id], qb=qb) == []


@pytest.mark.parametrize(
    ("change", "code", "kind"),
    [
        (lambda e: setattr(e.Line[0], "Amount", 45.49), 6000, QuickbooksException),
        (lambda e: e.Line.pop(), 6000, QuickbooksException),
        (
            lambda e: setattr(e.Line[0].JournalEntryLineDetail.AccountRef, "value", "98765"),
            2500,
            ValidationException,
        ),
        (
            lambda e: setattr(e.Line[0].JournalEntryLineDetail, "AccountRef", None),
            2020,
            ValidationException,
        ),
        (lambda e: e.Line.append(line("Debit", DEBTORS, 0)), 6000, QuickbooksException),
        (lambda e: setattr(e, "DocNumber", "x" * 22), 2050, ValidationException),
        (lambda e: setattr(e, "BadMember", 1), 2010, ValidationException),
        (lambda e: setattr(e, "TxnDate", "2026-02-30"), 2070, ValidationException),
        (lambda e: setattr(e, "Id", "99999999"), 610, ObjectNotFoundException),
    ],
)
def test_what_is_wrong_comes_as_the_clients_own_exception(
    qb: Any, change: Any, code: int, kind: type[Exception]
) -> None:
    made = entry()
    change(made)
    made.SyncToken = "0"
    with pytest.raises(kind) as caught:
        made.save(qb=qb)
    assert caught.value.error_code == code  # type: ignore[attr-defined]
    assert JournalEntry.count(f"DocNumber = '{made.DocNumber}'", qb=qb) == 0


def test_what_is_not_offered_says_so(qb: Any) -> None:
    with pytest.raises(UnsupportedException):
        qb.get_report("ProfitAndLoss")
    with pytest.raises(UnsupportedException):
        qb.create_object("Invoice", "{}")


def test_another_realm_is_not_opened(qb: Any) -> None:
    qb.company_id = "9130353722279406"
    with pytest.raises(QuickbooksException) as caught:
        JournalEntry.get("96", qb=qb)
    assert "003100" in str(caught.value)


def test_an_unknown_token_is_refused(qb: Any) -> None:
    qb.session.token = {"access_token": "nobody's", "token_type": "bearer"}
    with pytest.raises(AuthorizationException):
        JournalEntry.get("96", qb=qb)


def test_queries(qb: Any) -> None:
    run = uuid.uuid4().hex[:8]
    names = [f"{run} O'Neil", rf"{run} back\slash", f"{run} 50%", f"{run} _"]
    for name in names:
        entry(number=name).save(qb=qb)
    found = JournalEntry.filter(DocNumber=names[0], qb=qb)
    assert [each.DocNumber for each in found] == [names[0]]
    chosen = JournalEntry.choose([names[0], names[2]], field="DocNumber", qb=qb)
    assert sorted(each.DocNumber for each in chosen) == sorted([names[0], names[2]])
    liked = JournalEntry.where(f"DocNumber LIKE '{run}%'", order_by="DocNumber DESC", qb=qb)
    assert [each.DocNumber for each in liked] == sorted(names, key=str.lower, reverse=True)
    assert JournalEntry.count(f"DocNumber LIKE '{run}%'", qb=qb) == 4
    slashed = JournalEntry.where(rf"DocNumber = '{run} back\\slash'", qb=qb)
    assert [each.DocNumber for each in slashed] == [names[1]]
    pages = [
        JournalEntry.where(
            f"DocNumber LIKE '{run}%'",
            order_by="DocNumber",
            start_position=start,
            max_results=3,
            qb=qb,
        )
        for start in (1, 4, 7)
    ]
    assert [[each.DocNumber for each in page] for page in pages] == [
        sorted(names, key=str.lower)[:3],
        sorted(names, key=str.lower)[3:],
        [],
    ]
    assert len(JournalEntry.all(qb=qb)) == 100
    dated = JournalEntry.where("TxnDate = '2021-09-22'", qb=qb)
    assert [each.Id for each in dated] == ["96"]
    with pytest.raises(ValidationException) as caught:
        JournalEntry.where("PrivateNote = 'x'", qb=qb)
    assert caught.value.error_code == 4001
    with pytest.raises(ValidationException) as caught:
        JournalEntry.where("DocNumber = 'x' OR DocNumber = 'y'", qb=qb)
    assert caught.value.error_code == 4000


def test_batches(qb: Any) -> None:
    made = batch_create([entry() for _ in range(35)], qb=qb)
    assert (len(made.successes), made.faults) == (35, [])
    for each in made.successes:
        each.PrivateNote = "in a batch"
    made.successes[3].SyncToken = "7"
    changed = batch_update(made.successes, qb=qb)
    assert (len(changed.successes), len(changed.faults)) == (34, 1)
    assert changed.faults[0].Error[0].code == "5010"
    gone = batch_delete(changed.successes, qb=qb)
    assert (len(gone.successes), gone.faults) == (34, [])


def test_changes_are_followed(qb: Any) -> None:
    since = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=1)
    kept = entry().save(qb=qb)
    gone = JournalEntry.get(entry().save(qb=qb).Id, qb=qb)
    gone.delete(qb=qb)
    changes = change_data_capture([JournalEntry, Vendor], since.isoformat(), qb=qb)
    seen = {each.Id: getattr(each, "status", None) for each in changes.JournalEntry}
    assert (seen[kept.Id], seen[gone.Id]) == (None, "Deleted")
    assert not hasattr(changes, "Vendor")


def test_lists_are_kept(qb: Any) -> None:
    run = uuid.uuid4().hex[:8]
    account = Account()
    account.Name, account.AccountType = f"Parking {run}", "Expense"
    account.AccountSubType = "Travel"
    account = account.save(qb=qb)
    assert (account.Classification, account.FullyQualifiedName) == ("Expense", f"Parking {run}")
    child = Account()
    child.Name, child.AccountType, child.SubAccount = "Meters", "Expense", True
    child.ParentRef = reference(account.Id)
    assert child.save(qb=qb).FullyQualifiedName == f"Parking {run}:Meters"

    customer = Customer()
    customer.GivenName, customer.FamilyName = "Ada", f"Byron {run}"
    customer.PrimaryEmailAddr = EmailAddress()
    customer.PrimaryEmailAddr.Address = "ada@example.com"
    customer.PrimaryPhone = PhoneNumber()
    customer.PrimaryPhone.FreeFormNumber = "020 7946 0000"
    customer = Customer.get(customer.save(qb=qb).Id, qb=qb)
    assert customer.DisplayName == f"Ada Byron {run}"
    assert customer.PrimaryEmailAddr.Address == "ada@example.com"
    customer.Active = False
    assert customer.save(qb=qb).DisplayName == f"Ada Byron {run} (deleted)"
    assert Customer.filter(DisplayName=f"Ada Byron {run}", qb=qb) == []

    for kind in (Vendor, Employee):
        person = kind()
        person.GivenName, person.FamilyName = kind.__name__, run
        person.DisplayName = f"{kind.__name__} {run}"
        saved = person.save(qb=qb)
        assert [each.Id for each in kind.filter(DisplayName=saved.DisplayName, qb=qb)] == [saved.Id]
    for tag in (Class, Department):
        named = tag()
        named.Name = f"{tag.__name__} {run}"
        assert named.save(qb=qb).FullyQualifiedName == named.Name
    term = Term()
    term.Name, term.DueDays = f"Net {run}", 14
    assert Term.get(term.save(qb=qb).Id, qb=qb).DueDays == 14
    agency = TaxAgency()
    agency.DisplayName = f"Agency {run}"
    assert agency.save(qb=qb).Id


def test_a_taken_name_is_refused(qb: Any) -> None:
    account = Account()
    account.Name, account.AccountType = "depreciation", "Expense"
    with pytest.raises(QuickbooksException) as caught:
        account.save(qb=qb)
    assert caught.value.error_code == 6240


def test_the_company_and_its_lists_are_read(qb: Any) -> None:
    assert CompanyInfo.all(qb=qb)[0].Country == "GB"
    assert CompanyInfo.get(1, qb=qb).CompanyName
    preferences = Preferences.get(qb=qb)
    assert preferences.CurrencyPrefs.MultiCurrencyEnabled is False
    for kind in (TaxCode, TaxRate, TaxAgency, Term, Class, Department, Employee, Vendor):
        assert isinstance(kind.all(qb=qb), list)
    with pytest.raises(QuickbooksException):
        ExchangeRate.filter(Nonsense="x", qb=qb)


def test_tokens_are_refreshed_and_revoked(server: RunningServer) -> None:
    client = connected(server)
    auth = client.auth_client
    auth.refresh()
    fresh = auth.access_token
    assert fresh
    client.session.token = {"access_token": fresh, "token_type": "bearer"}
    assert JournalEntry.get("96", qb=client).DocNumber == "SomeJENumber13"
    assert auth.revoke(token=fresh) is True
    assert JournalEntry.get("96", qb=client).DocNumber == "SomeJENumber13", "the demo's word stays"
    client.session.token = {"access_token": "nobody's", "token_type": "bearer"}
    with pytest.raises(AuthorizationException):
        JournalEntry.get("96", qb=client)
    with pytest.raises(AuthClientError) as caught:
        auth.refresh(refresh_token="nobody's")
    assert caught.value.status_code == 400


@pytest.fixture
def own_books(tmp_path: Path) -> Iterator[tuple[RunningServer, dict[str, str]]]:
    """A server on books that are nobody's demo, and what `token create --refresh` printed."""
    store = f"sqlite:///{tmp_path / 'own.db'}"

    def run(*arguments: str) -> str:
        done = subprocess.run(
            command(*arguments, "--store", store),
            cwd=tmp_path,
            env=variables(),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout

    run("init")
    run("company", "create", "Mill Road", "--currency", "GBP")
    printed = run("token", "create", "--client", "billing", "--refresh")
    made = {line[:14].strip(): line[15:] for line in printed.splitlines()}
    running = start(tmp_path, "--no-demo", store=store)
    yield running, made
    assert running.stop() == 0, running.log.read_text()


def test_books_of_ones_own_are_opened_with_credentials_of_ones_own(
    own_books: tuple[RunningServer, dict[str, str]],
) -> None:
    server, made = own_books
    auth = AuthClient(
        client_id=made["client id"],
        client_secret=made["client secret"],
        redirect_uri="http://localhost/callback",
        environment=f"{server.url}/.well-known/openid_sandbox_configuration/",
    )
    client = QuickBooks(
        auth_client=auth, refresh_token=made["refresh token"], company_id=made["realm"]
    )
    client.api_url_v3 = client.sandbox_api_url_v3 = f"{server.url}/v3"
    assert auth.access_token not in ("", made["access token"])
    assert CompanyInfo.get(1, qb=client).CompanyName == "Mill Road"
    auth.refresh()
    with_access = AuthClient(
        client_id=made["client id"],
        client_secret=made["client secret"],
        redirect_uri="http://localhost/callback",
        access_token=made["access token"],
        environment=f"{server.url}/.well-known/openid_sandbox_configuration/",
    )
    assert with_access.revoke(token=made["refresh token"]) is True
    with pytest.raises(AuthClientError):
        auth.refresh()
    with pytest.raises(AuthorizationException):
        CompanyInfo.get(1, qb=client)
    for opened in (client.session, client.auth_client, with_access):
        opened.close()
