"""Creates and deletes by push: what is taken, what becomes of it, and what is told."""

import math
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import pytest
from tests.support.codat import (
    CHECKING,
    COMPANY,
    CONSULTING,
    CUSTOMER,
    OLD,
    RECEIVABLE,
    SUPPLIER,
    UNKNOWN,
    Wire,
    line,
    two_lines,
)
from tests.support.qbo import InlineRuntime

from daybook.app.access import Scope
from daybook.domain.commands import CreateEntry, EntryContent, LineDraft
from daybook.domain.ids import ById, EntryId
from daybook.domain.model import Side, Status
from daybook.protocols.codat import writing
from daybook.protocols.kit import json
from daybook.storage.memory import reader


def ended(wire: Wire, body: object) -> dict[str, Any]:
    """A create, and what has become of it."""
    accepted = wire.push(body)
    assert accepted.status == 200, accepted.json
    assert wire.work() == 1
    return wire.operation(accepted.json)


def test_a_create_is_accepted_then_done() -> None:
    wire = Wire()
    body = two_lines(description="Fees")
    accepted = wire.push(body, "timeoutInMinutes=5")
    shown = accepted.json
    assert accepted.status == 200
    assert shown["changes"] == [{"type": "Created", "recordRef": {"dataType": "journalEntries"}}]
    assert (shown["status"], shown["statusCode"]) == ("Pending", 202)
    assert (shown["timeoutInMinutes"], shown["timeoutInSeconds"]) == (5, 300)
    assert shown["data"]["description"] == "Fees"
    assert wire.entries() == []

    wire.work()
    done = wire.operation(shown)
    assert list(done) == [
        *("changes", "dataType", "companyId", "pushOperationKey", "dataConnectionKey"),
        *("requestedOnUtc", "completedOnUtc", "timeoutInMinutes", "timeoutInSeconds", "status"),
        *("validation", "statusCode"),
    ]
    assert (done["status"], done["statusCode"]) == ("Success", 200)
    assert done["validation"] == {"errors": [], "warnings": []}
    assert done["requestedOnUtc"] == shown["requestedOnUtc"] < done["completedOnUtc"]
    [made] = wire.entries()
    assert done["changes"] == [
        {"type": "Created", "recordRef": {"id": made, "dataType": "journalEntries"}}
    ]
    entry = wire.get(f"/data/journalEntries/{made}").json
    assert entry["description"] == "Fees"
    assert [each["netAmount"] for each in entry["journalLines"]] == [
        body["journalLines"][0]["netAmount"],
        body["journalLines"][1]["netAmount"],
    ]


def test_everything_a_line_says_is_kept() -> None:
    wire = Wire()
    marks = [
        {"id": "CLASS_2", "dataType": "trackingCategories"},
        {"id": "DEPARTMENT_1", "dataType": "trackingCategories"},
    ]
    body = {
        "postedOn": "2026-02-03T08:00:00-05:00",
        "journalLines": [
            line(5, RECEIVABLE, contactRef={"id": "1", "dataType": "customers"}, currency="GBP"),
            line(-5, CONSULTING, description="a", tracking={"recordRefs": marks}),
        ],
    }
    made = wire.create(body)
    entry = wire.get(f"/data/journalEntries/{made}").json
    assert entry["postedOn"] == "2026-02-03T00:00:00"
    first, second = entry["journalLines"]
    assert first == {
        "description": "",
        "netAmount": 5,
        "currency": "GBP",
        "accountRef": {"id": "2", "name": "Debtors"},
        "tracking": {"recordRefs": []},
        "contactRef": {"id": str(CUSTOMER), "dataType": "customers"},
    }
    assert second["tracking"] == {"recordRefs": marks}
    assert second["description"] == "a"


def test_what_a_read_shows_can_be_sent_back() -> None:
    wire = Wire()
    made = wire.create(two_lines())
    entry = wire.get(f"/data/journalEntries/{made}").json
    copied = wire.create({**entry, "supplementalData": None, "updatedOn": None})
    assert copied != made
    shown = wire.get(f"/data/journalEntries/{copied}").json
    assert shown["journalLines"] == entry["journalLines"]


@pytest.mark.parametrize(
    ("body", "item", "words"),
    [
        ({"journalLines": two_lines()["journalLines"]}, "PostedOn", "must be provided"),
        (two_lines(journalLines=[]), "JournalLines", "at least 2 lines"),
        (two_lines(journalLines=None), "JournalLines", "at least 2 lines"),
        (two_lines(journalLines=[line(0)]), "JournalLines", "at least 2 lines"),
        (
            two_lines(journalLines=[line(1), line(-2, CHECKING)]),
            "JournalLines.NetAmount",
            "must be 0",
        ),
        (
            two_lines(journalLines=[line(1, 999), line(-1, CHECKING)]),
            "JournalLines.AccountRef.Id",
            "line 1",
        ),
        (
            two_lines(journalLines=[line(1, OLD), line(-1, CHECKING)]),
            "JournalLines.AccountRef.Id",
            "line 1",
        ),
        (
            two_lines(journalLines=[{"netAmount": 1}, line(-1, CHECKING)]),
            "JournalLines.AccountRef.Id",
            "must be provided",
        ),
        (
            two_lines(journalLines=[line(1, accountRef={"id": "x"}), line(-1, CHECKING)]),
            "JournalLines.AccountRef.Id",
            "does not match",
        ),
        (
            two_lines(journalLines=[{"accountRef": {"id": "1"}}, line(-1)]),
            "JournalLines.NetAmount",
            "must be provided",
        ),
        (
            two_lines(journalLines=[line(1.001), line(-1.001, CHECKING)]),
            "JournalLines.NetAmount",
            "more than 2 decimals",
        ),
        (
            two_lines(journalLines=[line(10**27), line(-(10**27), CHECKING)]),
            "JournalLines.NetAmount",
            "larger than",
        ),
        (
            two_lines(journalLines=[line(1, currency="EUR"), line(-1, CHECKING)]),
            "JournalLines.Currency",
            "same currency",
        ),
        (
            two_lines(journalLines=[line(1, currency="EUR"), line(-1, CHECKING, currency="EUR")]),
            "JournalLines.Currency",
            "",
        ),
        (
            two_lines(journalLines=[line(1, currency="QQQ"), line(-1, CHECKING)]),
            "JournalLines.Currency",
            "QQQ",
        ),
        (
            two_lines(journalLines=[line(1, description="x" * 4001), line(-1, CHECKING)]),
            "JournalLines.Description",
            "4000",
        ),
        (two_lines(description="x" * 4001), "Description", "4000"),
        (
            two_lines(journalLines=[line(1, RECEIVABLE), line(-1, CHECKING)]),
            "JournalLines.ContactRef.Id",
            "",
        ),
        (
            two_lines(
                journalLines=[
                    line(1, RECEIVABLE, contactRef={"id": "2", "dataType": "customers"}),
                    line(-1, CHECKING),
                ]
            ),
            "JournalLines.ContactRef.Id",
            "",
        ),
        (
            two_lines(journalLines=[line(1, contactRef={"id": "x"}), line(-1, CHECKING)]),
            "JournalLines.ContactRef.Id",
            "does not match",
        ),
        (
            two_lines(
                journalLines=[
                    line(1, contactRef={"id": "1", "dataType": "employees"}),
                    line(-1, CHECKING),
                ]
            ),
            "JournalLines.ContactRef.DataType",
            "customers or suppliers",
        ),
    ],
)
def test_what_is_wrong_with_the_content_is_told_by_the_operation(
    body: dict[str, Any], item: str, words: str
) -> None:
    wire = Wire()
    done = ended(wire, body)
    assert (done["status"], done["statusCode"]) == ("Failed", 400)
    errors = done["validation"]["errors"]
    assert errors[0]["itemId"] == item, errors
    assert words in errors[0]["message"]
    assert {each["validatorName"] for each in errors} == {"JournalEntry"}
    assert done["errorMessage"] == errors[0]["message"]
    assert done["changes"] == [{"type": "Created", "recordRef": {"dataType": "journalEntries"}}]
    assert wire.entries() == []


@pytest.mark.parametrize(
    ("marks", "item"),
    [
        ([{"id": "CLASS_9", "dataType": "trackingCategories"}], "RecordRefs.Id"),
        ([{"id": "PROJECT_1", "dataType": "trackingCategories"}], "RecordRefs.Id"),
        ([{"dataType": "trackingCategories"}], "RecordRefs.Id"),
        ([{"id": "CLASS_1", "dataType": "customers"}], "RecordRefs.DataType"),
        ([{"id": "CLASS_1"}], "RecordRefs.DataType"),
        (
            [
                {"id": "CLASS_1", "dataType": "trackingCategories"},
                {"id": "CLASS_2", "dataType": "trackingCategories"},
            ],
            "RecordRefs.Id",
        ),
    ],
)
def test_tracking_that_is_refused(marks: list[dict[str, str]], item: str) -> None:
    lines = [line(1, tracking={"recordRefs": marks}), line(-1, CHECKING)]
    done = ended(Wire(), two_lines(journalLines=lines))
    assert done["status"] == "Failed"
    assert done["validation"]["errors"][0]["itemId"] == item


def test_closed_books_refuse() -> None:
    wire = Wire()
    made = wire.create(two_lines())
    wire.configure(books_closed_through=date(2026, 12, 31))
    done = ended(wire, two_lines())
    assert done["validation"]["errors"][0]["itemId"] == "PostedOn"
    gone = wire.delete(made)
    wire.work()
    assert wire.operation(gone.json)["statusCode"] == 400


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"  ", b"[]", b'"text"', b"null", b"{", b"\xff", b"7"),
        *({"postedOn": 5}, {"journalLines": {}}, {"journalLines": ["x"]}, {"description": []}),
        two_lines(postedOn="yesterday"),
        two_lines(postedOn="2026-02-30"),
        two_lines(journalLines=[line("1")]),
        two_lines(journalLines=[line(True)]),
        two_lines(journalLines=[line(1, accountRef="1")]),
        two_lines(journalLines=[line(1, tracking=[])]),
        two_lines(journalLines=[line(1, tracking={"recordRefs": {}})]),
        two_lines(journalLines=[line(1, tracking={"recordRefs": ["CLASS_1"]})]),
        two_lines(journalLines=[line(1)] * 10_001),
    ],
)
def test_bodies_of_the_wrong_shape_are_refused_at_once(body: object) -> None:
    wire = Wire()
    answer = wire.push(body)
    assert answer.status == 400
    assert answer.json["statusCode"] == 400
    assert wire.get("/push").json["results"] == []


@pytest.mark.parametrize("word", ["push", "delete", "Delete"])
def test_a_delete_has_two_addresses(word: str) -> None:
    wire = Wire()
    made = wire.create(two_lines())
    accepted = wire.delete(made, word)
    record = {"id": made, "dataType": "journalEntries"}
    assert accepted.status == 200
    assert accepted.json["changes"] == [{"type": "Deleted", "recordRef": record}]
    assert (accepted.json["status"], accepted.json["statusCode"]) == ("Pending", 202)
    assert "data" not in accepted.json
    wire.work()
    assert wire.operation(accepted.json)["status"] == "Success"
    assert wire.entries("metadata.isDeleted!=true") == []
    assert wire.get(f"/data/journalEntries/{made}").json["metadata"] == {"isDeleted": True}


@pytest.mark.parametrize("entry_id", ["77", "0", "x", "-1", "1.5", "9" * 30, "CLASS_1", "%20"])
def test_a_delete_of_nothing_fails_afterwards(entry_id: str) -> None:
    wire = Wire()
    accepted = wire.delete(entry_id)
    assert accepted.status == 200
    wire.work()
    done = wire.operation(accepted.json)
    assert (done["status"], done["statusCode"]) == ("Failed", 404)
    assert entry_id in done["errorMessage"]
    assert done["changes"][0]["recordRef"]["id"] == entry_id


def test_a_second_delete_fails() -> None:
    wire = Wire()
    made = wire.create(two_lines())
    first, second = wire.delete(made), wire.delete(made)
    assert wire.work() == 2
    assert wire.operation(first.json)["status"] == "Success"
    done = wire.operation(second.json)
    assert (done["status"], done["statusCode"]) == ("Failed", 404)
    assert "already" in done["errorMessage"]


def test_an_entry_that_waits_for_approval_does_not_exist() -> None:
    wire = Wire()
    drafts = (
        LineDraft(Side.DEBIT, 5, ById(CONSULTING)),
        LineDraft(Side.CREDIT, 5, ById(CHECKING)),
    )
    wire.execute(CreateEntry(EntryContent(drafts), Status.PENDING, entry_id=EntryId(9)))
    assert wire.get("/data/journalEntries/9").status == 404
    accepted = wire.delete(9)
    wire.work()
    assert wire.operation(accepted.json)["statusCode"] == 404


def test_a_linked_record_is_named_as_a_warning() -> None:
    wire = Wire()
    drafts = (
        LineDraft(Side.DEBIT, 5, ById(CONSULTING)),
        LineDraft(Side.CREDIT, 5, ById(CHECKING)),
    )
    annex = (("codat", '{"recordRef":{"dataType":"invoices"}}'),)
    wire.execute(CreateEntry(EntryContent(drafts, annex=annex), entry_id=EntryId(9)))
    accepted = wire.delete(9)
    wire.work()
    [warning] = wire.operation(accepted.json)["validation"]["warnings"]
    assert warning["itemId"] == "9"
    assert "invoices" in warning["message"]
    assert wire.operation(accepted.json)["validation"]["errors"] == []


def test_a_push_that_waits_too_long_is_never_carried_out() -> None:
    wire = Wire()
    accepted = wire.push(two_lines(), "timeoutInMinutes=1")
    wire.clock.now += 61 * 1_000_000
    wire.work()
    done = wire.operation(accepted.json)
    assert (done["status"], done["statusCode"]) == ("TimedOut", 408)
    assert done["errorMessage"]
    wire.work()
    assert wire.entries() == []


@pytest.mark.parametrize(
    "query",
    [
        *("timeoutInMinutes=0", "timeoutInMinutes=-1", "timeoutInMinutes=x"),
        *("timeoutInMinutes=99999999999", "allowSyncOnPushComplete=maybe"),
    ],
)
def test_parameters_that_are_refused(query: str) -> None:
    assert Wire().push(two_lines(), query).status == 400


def test_nothing_is_written_without_a_linked_connection() -> None:
    wire = Wire()
    connection = wire.connection
    made = wire.create(two_lines())
    path = f"/companies/{COMPANY}/connections/{connection}"
    assert wire.send("PATCH", path, {"status": "Unlinked"}).status == 200
    answer = wire.push(two_lines())
    assert (answer.status, answer.json["canBeRetried"]) == (400, "False")
    assert wire.get(f"/data/journalEntries/{made}").status == 200
    other = f"/companies/{COMPANY}/connections/{UNKNOWN}/push/journalEntries"
    answer = wire.send("POST", other, two_lines())
    assert (answer.status, answer.json["error"]) == (404, f"Data connection {UNKNOWN} not found")


@pytest.mark.parametrize("data_type", ["invoices", "accounts", "nonsense", "bills"])
def test_other_types_are_not_offered(data_type: str) -> None:
    wire = Wire()
    path = f"/companies/{COMPANY}/connections/{wire.connection}"
    for answer in (
        wire.send("POST", f"{path}/push/{data_type}", {}),
        wire.send("DELETE", f"{path}/push/{data_type}/1"),
        wire.send("GET", f"{path}/options/{data_type}"),
    ):
        assert answer.status == 404
        assert "not supported by platform(s) QuickBooks Online" in answer.json["error"]


def test_a_key_that_may_not_write() -> None:
    wire = Wire()
    made = wire.create(two_lines())
    wire.allow(Scope.READ)
    assert wire.push(two_lines()).status == 403
    assert wire.delete(made).status == 403
    assert wire.get("/push").status == 200


def test_the_list_of_operations_is_searched() -> None:
    wire = Wire()
    made = wire.create(two_lines())
    failed = wire.push(two_lines(journalLines=[]))
    wire.delete(made)
    wire.work()
    wire.push(two_lines())

    def found(query: str, order: str = "") -> list[str]:
        answer = wire.get("/push", f"query={quote(query)}&orderBy={order}")
        assert answer.status == 200, answer.json
        return [each["status"] for each in answer.json["results"]]

    assert found("") == ["Pending", "Success", "Failed", "Success"]
    assert found("", "requestedOnUtc") == ["Success", "Failed", "Success", "Pending"]
    assert found("status=success&&dataType=journalEntries") == ["Success", "Success"]
    assert found("status!=Success") == ["Pending", "Failed"]
    assert found("statusCode=202") == ["Pending"]
    assert found("statusCode>=202") == ["Pending", "Failed"]
    assert found("statusCode!=x") == ["Pending", "Success", "Failed", "Success"]
    assert found("errorMessage~at least 2") == ["Failed"]
    assert found(f"pushOperationKey={failed.json['pushOperationKey']}") == ["Failed"]
    assert found(f"dataConnectionKey={wire.connection}&&completedOnUtc>2020-01-01") == [
        *("Success", "Failed", "Success"),
    ]
    assert found("requestedOnUtc<2020-01-01") == []
    answer = wire.get("/push", "query=changes.type%3DCreated")
    assert "Could not resolve property changes.type on PushOperation" in answer.json["error"]
    page = wire.get("/push", "page=2&pageSize=3").json
    assert (len(page["results"]), page["totalResults"]) == (1, 4)


@pytest.mark.parametrize("key", [UNKNOWN, "x", UNKNOWN.upper()])
def test_an_unknown_operation(key: str) -> None:
    answer = Wire().get(f"/push/{key}")
    assert answer.status == 404


def test_the_options_of_a_create() -> None:
    wire = Wire()
    path = f"/connections/{wire.connection}"
    shown = wire.get(f"{path}/options/journalEntries").json
    assert shown["properties"]["postedOn"]["required"]
    assert shown["properties"]["journalLines"]["properties"]["netAmount"]["type"] == "Number"
    assert wire.get(f"{path}/dataTypes/journalEntries/options/POST").json == shown


def test_amounts_stay_exact() -> None:
    """A figure that a double cannot hold, in and out."""
    wire = Wire()
    amount = b"9999999999999.99"
    body = json.encode(two_lines()).replace(b"22.3", amount)
    made = wire.create(body)
    raw = wire.get(f"/data/journalEntries/{made}").response.body
    assert b'"netAmount":9999999999999.99' in raw
    assert b'"netAmount":-9999999999999.99' in raw


def test_foreign_amounts_stand_beside_those_of_the_home_currency() -> None:
    wire = Wire(multicurrency=True)
    drafts = (
        LineDraft(Side.DEBIT, 1_000, ById(CONSULTING)),
        LineDraft(Side.CREDIT, 1_000, ById(CONSULTING)),
    )
    content = EntryContent(drafts, currency="USD", rate=Decimal("0.8"))
    wire.execute(CreateEntry(content, entry_id=EntryId(9)))
    first = wire.get("/data/journalEntries/9").json["journalLines"][0]
    assert (first["netAmount"], first["currency"]) == (8, "GBP")
    assert (first["transactionAmount"], first["transactionCurrency"]) == (10, "USD")


def test_suppliers_are_named_too() -> None:
    wire = Wire()
    made = wire.create(
        two_lines(journalLines=[line(1, contactRef={"id": str(SUPPLIER)}), line(-1, CHECKING)])
    )
    shown = wire.get(f"/data/journalEntries/{made}").json["journalLines"][0]
    assert shown["contactRef"] == {"id": str(SUPPLIER), "dataType": "suppliers"}


def test_a_large_body_is_read_where_nobody_waits() -> None:
    wire = Wire()
    runtime = wire.plugin._runtime
    assert isinstance(runtime, InlineRuntime)
    for size, aside in ((2, 0), (400, 1)):
        lines = [line(amount) for amount in (1, -1) * (size // 2)]
        path = f"/companies/{COMPANY}/connections/{wire.connection}/push/journalEntries"
        before = runtime.aside
        accepted = wire.send("POST", path, two_lines(journalLines=lines))
        assert runtime.aside - before == aside
        assert accepted.json["status"] == "Pending"
        assert len(accepted.json["data"]["journalLines"]) == size
        before = runtime.aside
        assert wire.operation(accepted.json)["status"] == "Pending"
        assert runtime.aside - before == 1, "its command is read with it, however large"
        wire.work()
        assert wire.operation(accepted.json)["status"] == "Success"


def test_a_line_names_only_so_many_tracking_categories() -> None:
    wire = Wire()
    marks = [{"id": f"CLASS_{number}", "dataType": "trackingCategories"} for number in range(101)]
    body = two_lines(journalLines=[line(1, tracking={"recordRefs": marks}), line(-1)])
    refused = wire.push(body)
    [error] = refused.json["validation"]["errors"]
    assert (refused.status, error["itemId"]) == (400, "recordRefs")
    body["journalLines"][0]["tracking"]["recordRefs"].pop()
    assert wire.push(body).status == 200


def test_a_list_of_operations_is_read_in_bounded_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire()
    keys = [wire.push(two_lines(amount)).json["pushOperationKey"] for amount in range(1, 6)]
    monkeypatch.setattr(writing, "OPERATION_BYTES_MAX", 1)
    for parameters, expected in (
        ("pageSize=100", keys[::-1]),
        ("pageSize=2&page=2", [keys[2], keys[1]]),
        ("pageSize=2&page=3", keys[:1]),
        ("pageSize=2&page=4", []),
    ):
        shown = wire.send("GET", f"/companies/{COMPANY}/push", query=parameters).json
        assert [each["pushOperationKey"] for each in shown["results"]] == expected
        assert shown["totalResults"] == 5


def test_a_search_of_operations_is_broken_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock is that of the store alone: time passes while it searches."""
    wire = Wire()
    wire.create(two_lines())
    monkeypatch.setattr(reader, "monotonic", lambda: 0.0)
    assert wire.get("/push").json["totalResults"] == 1
    monkeypatch.setattr(reader, "monotonic", lambda: math.inf)
    refused = wire.get("/push", "query=errorMessage~no")
    assert refused.status == 400
    assert refused.json["error"] == (
        "Error processing request - The query searches for more than 10 seconds; narrow it down."
    )
