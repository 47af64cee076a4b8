"""codat-platform, codat-lending and codat-accounting for Python, unmodified but for the address.

Their models are strict: an answer of another status, with an unknown value or with a null where
none may be makes them raise. That they do not is most of what is shown here.
"""

import time
from base64 import b64encode
from decimal import Decimal
from typing import Any

import codat_lending
import codat_platform
import codataccounting
import pytest
import requests
from codat_lending.models import shared as lending
from codat_platform.models import errors as platform_errors
from codat_platform.models import shared as platform
from codataccounting.models import operations as accounting_operations
from codataccounting.models import shared as accounting
from tests.support.server import RunningServer

from daybook.app import credentials
from daybook.app.credentials import NewToken
from daybook.app.ledger import system_clock
from daybook.storage import open_store

COMPANY = "c0c4ef53-e70c-45d5-9af4-27aa486347d7"
CONNECTION = "5c9c8f2a-8c0e-4c55-9d3a-2f0f4f3c7a10"
KEY = "Basic ZGVtbw=="
HERE = {"company_id": COMPANY}


@pytest.fixture(scope="module")
def platform_client(server: RunningServer) -> Any:
    """With an address that ends in a slash, as people write them: it then asks for two."""
    security = platform.Security(auth_header=KEY)
    return codat_platform.CodatPlatform(security=security, server_url=f"{server.url}/")


@pytest.fixture(scope="module")
def lending_client(server: RunningServer) -> Any:
    security = lending.Security(auth_header=KEY)
    return codat_lending.CodatLending(security=security, server_url=server.url)


@pytest.fixture(scope="module")
def accounting_client(server: RunningServer) -> Any:
    security = accounting.Security(auth_header=KEY)
    return codataccounting.CodatAccounting(security=security, server_url=f"{server.url}/codat")


def ended(client: Any, key: str) -> Any:
    """A push operation, once it is not pending any more."""
    for _ in range(200):
        operation = client.push_data.get_operation(request={**HERE, "push_operation_key": key})
        if operation.status.value != "Pending":
            return operation
        time.sleep(0.05)
    raise AssertionError("the operation is still pending")


def test_a_company_is_made_linked_and_removed(platform_client: Any) -> None:
    client = platform_client
    made = client.companies.create(request={"name": "Anvil Works (UK)", "tags": {"region": "uk"}})
    assert made.name == "Anvil Works UK"
    here = {"company_id": made.id}
    update = {**here, "company_update_request": {"description": "smiths"}}
    assert client.companies.update(request=update).description == "smiths"
    assert client.companies.get(request=here).tags == {"region": "uk"}
    listed = client.companies.list(request={"query": "name~anvil", "tags": "region=uk && x!=y"})
    assert made.id in [each.id for each in listed.results]

    wanted = {**here, "request_body": {"platform_key": "qhyg"}}
    connection = client.connections.create(request=wanted)
    assert connection.status.value == "PendingAuth"
    pending = client.companies.list(request={"query": "dataConnections.status=PendingAuth"})
    assert made.id in [each.id for each in pending.results]
    linked = requests.post(connection.link_url, json={"books": "new"}, timeout=10)
    assert linked.status_code == 200, linked.text
    this = {**here, "connection_id": connection.id}
    assert client.connections.get(request=this).status.value == "Linked"
    assert client.refresh_data.get(request=here).journal_entries is not None
    unlink = {**this, "update_connection_status": {"status": "Unlinked"}}
    assert client.connections.unlink(request=unlink).status.value == "Unlinked"
    client.connections.delete(request=this)
    assert client.connections.list(request=here).results == []
    replaced = {**here, "company_request_body": {"name": "Anvil"}}
    assert client.companies.replace(request=replaced).description is None
    client.companies.delete(request=here)
    with pytest.raises(platform_errors.ErrorMessage, match="No company was found"):
        client.companies.get(request=here)


def test_data_is_refreshed(platform_client: Any) -> None:
    client = platform_client
    client.refresh_data.all(request=HERE)
    queued = client.refresh_data.by_data_type(request={**HERE, "data_type": "journalEntries"})
    assert queued.status.value == "Queued"
    done = client.refresh_data.get_pull_operation(request={**HERE, "dataset_id": queued.id})
    assert (done.status.value, done.is_completed, done.progress) == ("Complete", True, 100)
    status = client.refresh_data.get(request=HERE)
    assert status.journal_entries.current_status.value == "Complete"
    asked = {**HERE, "query": "dataType=journalEntries&&status=Complete", "page_size": 5}
    history = client.refresh_data.list_pull_operations(request=asked)
    assert {each.data_type for each in history.results} == {"journalEntries"}
    client.read_data.get_validation_results(request={**HERE, "dataset_id": queued.id})


def test_platforms_profile_keys_and_webhooks(platform_client: Any, server: RunningServer) -> None:
    client = platform_client
    found = client.integrations.list(request={"query": "key=qhyg"}).results
    assert [each.name for each in found] == ["QuickBooks Online"]
    assert client.integrations.get(request={"platform_key": "qhyg"}).enabled
    assert client.integrations.get_branding(request={"platform_key": "qhyg"}).logo is not None
    assert client.settings.get_profile().redirect_url
    profile = {"name": "Demo", "redirect_url": "https://example.com/{companyId}"}
    assert client.settings.update_profile(request=profile).name == "Demo"
    assert client.settings.get_sync_settings().settings
    assert client.companies.get_company_sync_settings(request=HERE).company_id == COMPANY

    with pytest.raises(platform_errors.ErrorMessage, match="This key makes no others"):
        client.settings.create_api_key(request={"name": "nightly"})
    lasting = platform.Security(auth_header=basic(lasting_key(server)))
    client = codat_platform.CodatPlatform(security=lasting, server_url=server.url)
    made = client.settings.create_api_key(request={"name": "nightly"})
    security = platform.Security(auth_header=basic(made.api_key))
    other = codat_platform.CodatPlatform(security=security, server_url=server.url)
    assert other.companies.get(request=HERE).id == COMPANY
    assert made.id in [each.id for each in client.settings.list_api_keys().results]
    # this client expects a body with status 204, which cannot have one
    with pytest.raises(platform_errors.ResponseValidationError):
        client.settings.delete_api_key(request={"api_key_id": made.id})
    with pytest.raises(platform_errors.ErrorMessage, match="Unauthorized"):
        other.companies.get(request=HERE)

    types = ["journalEntries.write.successful", "read.completed"]
    hook = client.webhooks.create_consumer(
        request={"url": "https://example.com/hook", "event_types": types}
    )
    assert hook.event_types == types
    assert hook.id in [each.id for each in client.webhooks.list_consumers().results]
    client.webhooks.delete_consumer(request={"webhook_id": hook.id})
    assert hook.id not in [each.id for each in client.webhooks.list_consumers().results]


def lasting_key(server: RunningServer) -> str:
    """A key to the demo company, as `daybook token create` makes them."""
    store = open_store(server.store)
    try:
        company = store.directory.by_slug("demo")
        assert company is not None
        wanted = NewToken("lender", company_ids=frozenset({company}))
        return credentials.issue(store.directory, system_clock, wanted).text
    finally:
        store.close()


def basic(key: str) -> str:
    return f"Basic {b64encode(key.encode()).decode()}"


def test_entries_are_made_found_and_deleted(platform_client: Any, accounting_client: Any) -> None:
    entries, operations = accounting_client.journal_entries, accounting_operations
    asked = operations.GetCreateJournalEntriesModelRequest(COMPANY, CONNECTION)
    assert entries.get_create_model(asked).push_option.required
    lines = [
        accounting.JournalLine(Decimal(amount), accounting.AccountRef(id=account))
        for amount, account in (("22.30", "44"), ("-22.30", "139"))
    ]
    body = accounting.JournalEntry(journal_lines=lines, posted_on="2026-02-03T00:00:00")
    accepted = entries.create(
        operations.CreateJournalEntryRequest(COMPANY, CONNECTION, body, timeout_in_minutes=5)
    ).create_journal_entry_response
    assert (accepted.status.value, accepted.status_code) == ("Pending", 202)
    assert accepted.timeout_in_minutes == 5
    done = ended(platform_client, accepted.push_operation_key)
    assert (done.status.value, done.status_code) == ("Success", 200)
    made = done.changes[0].record_ref.id

    entry = entries.get(operations.GetJournalEntryRequest(COMPANY, made)).journal_entry
    assert [each.net_amount for each in entry.journal_lines] == [Decimal("22.3"), Decimal("-22.3")]
    assert entry.posted_on == "2026-02-03T00:00:00"
    query = f"{{id={made}||recordRef.dataType~8484}}&&metadata.isDeleted!=true"
    listed = operations.ListJournalEntriesRequest(COMPANY, order_by="-createdOn", query=query)
    assert [each.id for each in entries.list(listed).journal_entries.results] == [made]

    gone = entries.delete(operations.DeleteJournalEntryRequest(COMPANY, CONNECTION, made))
    done = ended(platform_client, gone.push_operation_summary.push_operation_key)
    assert done.status.value == "Success"
    assert entries.list(listed).journal_entries.results == []
    again = entries.get(operations.GetJournalEntryRequest(COMPANY, made)).journal_entry
    assert again.metadata.is_deleted
    asked = {**HERE, "query": f"status=Success&&pushOperationKey={accepted.push_operation_key}"}
    assert len(platform_client.push_data.list_operations(request=asked).results) == 1
    options = {**HERE, "connection_id": CONNECTION, "data_type": "journalEntries"}
    assert platform_client.push_data.get_model_options(request=options).properties


def test_a_refused_entry_is_told_of(platform_client: Any, accounting_client: Any) -> None:
    lines = [
        accounting.JournalLine(Decimal(amount), accounting.AccountRef(id=account))
        for amount, account in (("22.30", "44"), ("-22.29", "139"))
    ]
    body = accounting.JournalEntry(journal_lines=lines, posted_on="2026-02-03T00:00:00")
    accepted = accounting_client.journal_entries.create(
        accounting_operations.CreateJournalEntryRequest(COMPANY, CONNECTION, body)
    ).create_journal_entry_response
    done = ended(platform_client, accepted.push_operation_key)
    assert (done.status.value, done.status_code) == ("Failed", 400)
    assert done.validation.errors[0].item_id == "JournalLines.NetAmount"


def test_other_reads_of_accounting(accounting_client: Any) -> None:
    client, operations = accounting_client, accounting_operations
    accounts = client.accounts.list(
        operations.ListAccountsRequest(COMPANY, query="isBankAccount=true")
    )
    assert "Barclays" in [each.name for each in accounts.accounts.results]
    account = client.accounts.get(operations.GetAccountRequest("139", COMPANY)).account
    assert account.type.value == "Asset"
    tracking = client.tracking_categories.list(operations.ListTrackingCategoriesRequest(COMPANY))
    assert "DEPARTMENT_1" in [each.id for each in tracking.tracking_categories.results]
    tree = client.tracking_categories.get(
        operations.GetTrackingCategoryRequest(COMPANY, "DEPARTMENTS")
    ).tracking_category_tree
    below = [each.id for each in tree.sub_categories]
    assert {"DEPARTMENT_1", "DEPARTMENT_2"} <= set(below)
    customers = client.customers.list(
        operations.ListCustomersRequest(COMPANY, query="customerName=Tanmay B")
    )
    assert [each.id for each in customers.customers.results] == ["34"]
    suppliers = client.suppliers.list(operations.ListSuppliersRequest(COMPANY)).suppliers
    assert "Harbour Lettings" in [each.supplier_name for each in suppliers.results]
    assert client.journals.list(operations.ListJournalsRequest(COMPANY)).journals.results == []
    assert client.company_info.get(operations.GetCompanyInfoRequest(COMPANY)).status_code == 200
    refreshed = client.company_info.refresh(operations.RefreshCompanyInfoRequest(COMPANY))
    assert refreshed.status_code == 200
    sheet = client.reports.get_balance_sheet(
        operations.GetBalanceSheetRequest(COMPANY, 1, 1)
    ).balance_sheet
    assert sheet.reports[0].net_assets


def test_reads_of_lending(lending_client: Any) -> None:
    client = lending_client
    periods = {**HERE, "period_length": 12, "periods_to_compare": 2}
    profit = client.financial_statements.profit_and_loss.get(request=periods)
    assert len(profit.reports) == 2
    newest = profit.reports[0]
    assert newest.gross_profit == newest.income.value - newest.cost_of_sales.value
    sheet = client.financial_statements.balance_sheet.get(request=periods).reports[0]
    assert sheet.net_assets == sheet.assets.value - sheet.liabilities.value == sheet.equity.value
    assert client.financial_statements.accounts.list(request=HERE).results
    found = client.transactions.journal_entries.list(request={**HERE, "query": "id=96"}).results
    assert [each.id for each in found] == ["96"]
    assert client.transactions.journals.list(request=HERE).results == []
    assert client.company_info.get_accounting_profile(request=HERE).base_currency == "GBP"
    customer = {**HERE, "customer_id": "34"}
    assert client.accounts_receivable.customers.get(request=customer).customer_name == "Tanmay B"
    assert client.accounts_payable.suppliers.list(request=HERE).results
    client.manage_data.refresh.all_data_types(request=HERE)
    assert client.manage_data.get_status(request=HERE).journal_entries is not None
    client.loan_writeback.create_operations.list(request=HERE)


def test_errors_are_read_by_the_clients(platform_client: Any, server: RunningServer) -> None:
    asked = {**HERE, "query": "nothing=1"}
    with pytest.raises(platform_errors.ErrorMessage, match="Could not resolve property nothing"):
        platform_client.push_data.list_operations(request=asked)
    stranger = codat_platform.CodatPlatform(
        security=platform.Security(auth_header=basic("wrong")), server_url=server.url
    )
    with pytest.raises(platform_errors.ErrorMessage, match="Unauthorized"):
        stranger.companies.list(request={})
