"""Reads of what entries refer to, and of the statements made of them."""

import math
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from tests.support.codat import CHECKING, CONSULTING, SALES, Wire, line, two_lines
from tests.support.qbo import InlineRuntime

from daybook.domain.commands import AccountContent, CreateReference
from daybook.domain.model import AccountKind
from daybook.protocols.codat import matching, reading
from daybook.protocols.codat.companies import COMPANY_PROPERTIES
from daybook.protocols.codat.limits import INLINE_LINES_MAX, MONTHS_MAX
from daybook.storage.memory import reader


def found(wire: Wire, path: str, query: str, order: str = "") -> list[str]:
    answer = wire.get(path, f"query={quote(query)}&orderBy={order}")
    assert answer.status == 200, answer.json
    return [each["id"] for each in answer.json["results"]]


def test_accounts_are_shown_and_searched() -> None:
    wire = Wire()
    wire.create(two_lines())
    shown = wire.get("/data/accounts/1").json
    assert shown["fullyQualifiedCategory"] == "Asset.Bank"
    assert shown["fullyQualifiedName"] == "Asset.Bank.Checking"
    assert (shown["type"], shown["status"], shown["isBankAccount"]) == ("Asset", "Active", True)
    assert (shown["currentBalance"], shown["currency"]) == (Decimal("-22.3"), "GBP")
    assert wire.get("/data/accounts").json["results"][0] == shown
    path = "/data/accounts"
    assert found(wire, path, "type=expense&&status!=Archived") == [str(CONSULTING)]
    assert found(wire, path, "currentBalance<0||name~SALE") == [str(CHECKING), str(SALES)]
    assert found(wire, path, "isBankAccount=true") == [str(CHECKING)]
    assert found(wire, path, "", "-name") == ["3", "5", "2", "4", "1"]
    assert found(wire, path, "", "currentBalance")[0] == str(CHECKING)
    assert found(wire, path, "nominalCode~zzz||currentBalance>x") == []


def test_ids_are_ordered_by_their_numbers() -> None:
    wire = Wire()
    for at in range(6, 13):
        wire.execute(CreateReference(AccountContent(f"A{at}", AccountKind.EXPENSE)))
    assert found(wire, "/data/accounts", "") == [str(at) for at in range(1, 13)]


def test_ids_may_hold_what_only_looks_like_a_digit() -> None:
    shown = [{"id": "a²"}, {"id": "a10"}, {"id": "a9"}, {"id": "a\u0663"}]
    ordered = [each["id"] for each in matching.ordered(shown, "", COMPANY_PROPERTIES, "id")]
    assert ordered.index("a9") + 1 == ordered.index("a10")
    assert sorted(ordered) == sorted(each["id"] for each in shown)


def test_a_long_entry_is_read_where_nobody_waits() -> None:
    wire = Wire()
    runtime = wire.plugin._runtime
    assert isinstance(runtime, InlineRuntime)
    lines = [line(amount) for amount in (1, -1) * (INLINE_LINES_MAX // 2)]
    short = wire.create(two_lines(journalLines=lines))
    long = wire.create(two_lines(journalLines=[*lines, line(1), line(-1)]))
    for entry_id, aside in ((short, 0), (long, 1)):
        before = runtime.aside
        shown = wire.get(f"/data/journalEntries/{entry_id}").json
        assert len(shown["journalLines"]) == len(lines) + 2 * aside
        assert runtime.aside - before == aside


def test_balances_are_positive_the_way_the_account_grows() -> None:
    wire = Wire()
    wire.create(two_lines(journalLines=[line(5, CHECKING), line(-5, SALES)]))
    assert wire.get(f"/data/accounts/{SALES}").json["currentBalance"] == 5
    assert wire.get(f"/data/accounts/{CHECKING}").json["currentBalance"] == 5


def test_tracking_categories_as_a_list_and_as_trees() -> None:
    wire = Wire()
    assert found(wire, "/data/trackingCategories", "") == [
        *("CLASS_1", "CLASS_2", "CLASSES", "DEPARTMENT_1", "DEPARTMENTS"),
    ]
    assert found(wire, "/data/trackingCategories", "parentId=CLASS_1") == ["CLASS_2"]
    assert found(wire, "/data/trackingCategories", "hasChildren=true&&name~North") == ["CLASS_1"]
    tree = wire.get("/data/trackingCategories/CLASSES").json
    [north] = tree["subCategories"]
    assert (north["id"], north["parentId"], north["hasChildren"]) == ("CLASS_1", "CLASSES", True)
    [east] = north["subCategories"]
    assert (east["id"], east["parentId"], east["subCategories"]) == ("CLASS_2", "CLASS_1", [])
    assert wire.get("/data/trackingCategories/CLASS_2").json == east


def test_contacts_are_shown_and_searched() -> None:
    wire = Wire()
    assert found(wire, "/data/customers", "") == ["1"]
    assert found(wire, "/data/suppliers", "supplierName=hale advisors") == ["2"]
    assert found(wire, "/data/customers", "customerName=Ada Lovelace&&status=Active") == ["1"]
    assert found(wire, "/data/customers", "status=Archived") == []
    assert found(wire, "/data/customers", "metadata.isDeleted!=true&&emailAddress!=x") == ["1"]
    shown = wire.get("/data/suppliers/2").json
    assert shown["supplierName"] == "Hale Advisors"
    answer = wire.get("/data/customers", "query=supplierName%3Dx")
    assert "Could not resolve property supplierName on Customer" in answer.json["error"]


def test_there_are_no_journals() -> None:
    wire = Wire()
    assert wire.get("/data/journals", "query=name%3Dx").json["results"] == []
    assert "on Journal" in wire.get("/data/journals", "query=x%3Dx").json["error"]


def test_the_company_s_own_details() -> None:
    wire = Wire(books_closed_through=date(2025, 12, 31), fiscal_year_start=4)
    shown = wire.get("/data/info").json
    assert shown["baseCurrency"] == "GBP"
    assert shown["ledgerLockDate"] == "2025-12-31T00:00:00"
    assert shown["financialYearStartDate"] == "2026-04-01T00:00:00"


def statement(wire: Wire, name: str, query: str) -> Any:
    answer = wire.get(f"/data/financials/{name}", query)
    assert answer.status == 200, answer.json
    return answer.json


def test_statements_by_months() -> None:
    wire = Wire()
    for day, amount in (("2026-01-10", 100), ("2026-02-10", 250), ("2026-04-01", 7)):
        sale = [line(amount, CHECKING), line(-amount, SALES)]
        wire.create({"postedOn": day, "journalLines": sale})
    wire.create(two_lines(40, postedOn="2026-02-11"))
    asked = "periodLength=1&periodsToCompare=3&startMonth=2026-02-28T00:00:00Z"
    shown = statement(wire, "profitAndLoss", asked)
    assert (shown["currency"], shown["reportBasis"]) == ("GBP", "Accrual")
    assert shown["earliestAvailableMonth"] == "2026-01-01T00:00:00"
    assert shown["mostRecentAvailableMonth"] == "2026-04-01T00:00:00"
    newest, before, first = shown["reports"]
    assert newest["fromDate"] == "2026-02-01T00:00:00"
    assert newest["toDate"] == "2026-02-28T00:00:00"
    assert [each["netProfit"] for each in (newest, before, first)] == [210, 100, 0]
    assert newest["income"]["items"] == [
        {"name": "Sales", "value": 250, "accountId": str(SALES), "items": []}
    ]
    assert newest["expenses"]["value"] == 40
    assert newest["otherIncome"] == {"name": "Other Income", "value": 0, "items": []}

    sheet = statement(wire, "balanceSheet", "periodLength=2&periodsToCompare=1")["reports"][0]
    assert sheet["date"] == "2026-04-30T00:00:00"
    assert sheet["netAssets"] == sheet["assets"]["value"] == sheet["equity"]["value"] == 317


@pytest.mark.parametrize(
    "query",
    [
        *("", "periodLength=1", "periodsToCompare=1", "periodLength=0&periodsToCompare=1"),
        *("periodLength=x&periodsToCompare=1", "periodLength=1&periodsToCompare=1&startMonth=x"),
        f"periodLength={MONTHS_MAX}&periodsToCompare=2",
    ],
)
@pytest.mark.parametrize("name", ["profitAndLoss", "balanceSheet"])
def test_statements_that_are_refused(name: str, query: str) -> None:
    assert Wire().get(f"/data/financials/{name}", query).status == 400


def test_statements_of_empty_books() -> None:
    shown = statement(Wire(), "balanceSheet", "periodLength=1&periodsToCompare=1")
    assert shown["reports"][0]["netAssets"] == 0
    assert "mostRecentAvailableMonth" not in shown


def test_other_statements_are_not_offered() -> None:
    wire = Wire()
    answer = wire.get("/data/financials/cashFlowStatement", "periodLength=1&periodsToCompare=1")
    assert answer.status == 404


def test_a_query_that_searches_for_too_long_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is that of the store alone: time passes while it searches."""
    wire = Wire()
    wire.create(two_lines(description="Rent"))
    path, query = "/data/journalEntries", "query=description~ent"
    monkeypatch.setattr(reader, "monotonic", lambda: 0.0)
    assert wire.get(path, query).json["totalResults"] == 1
    monkeypatch.setattr(reader, "monotonic", lambda: math.inf)
    refused = wire.get(path, "query=description~re")
    assert refused.status == 400
    assert refused.json["error"] == (
        "Error processing request - The query searches for more than 10 seconds; narrow it down."
    )
    assert refused.json["canBeRetried"] == "False"


def test_a_page_has_a_bound_on_lines_and_is_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire()
    made = [wire.create(two_lines(amount)) for amount in range(1, 6)]
    monkeypatch.setattr(reading, "PAGE_BYTES_MAX", 1)
    monkeypatch.setattr(reading, "PAGE_LINES_MAX", 8)
    path = "/data/journalEntries"
    found = wire.get(path, "pageSize=4&orderBy=-id").json
    assert [each["id"] for each in found["results"]] == [str(each) for each in made[:0:-1]]
    assert found["totalResults"] == 5
    refused = wire.get(path, "pageSize=5")
    assert refused.status == 400
    assert refused.json["error"] == (
        "The entries of the page have more than 8 lines; ask for fewer by pageSize."
    )
