"""Journal entries as clients write them: what is taken, kept, refused, in which order."""

from decimal import Decimal
from typing import Any

import pytest
from tests.support.qbo import (
    BERLIN,
    BRIDGE,
    CHECKING,
    CONSULTING,
    CUSTOMER,
    EMPLOYEE,
    NON_POSTING,
    NORTH_EAST,
    OLD,
    PAYABLE,
    RECEIVABLE,
    SALES,
    VENDOR,
    Wire,
    line,
    two_lines,
)

from daybook.domain.commands import CreateEntry, EntryContent, LineDraft
from daybook.domain.ids import ById
from daybook.domain.model import BillMark, Line, Side, Status


@pytest.fixture
def wire() -> Wire:
    return Wire()


def entity(kind: str, contact: int) -> dict[str, Any]:
    """The name of a line."""
    return {"Entity": {"Type": kind, "EntityRef": {"value": str(contact)}}}


def read_back(wire: Wire, entry: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = wire.get(f"journalentry/{entry['Id']}").json["JournalEntry"]
    assert shown == entry
    return shown


# Creating


def test_create_answers_with_the_whole_entry(wire: Wire) -> None:
    """Members, their order and their values are those of the original's own sample."""
    body = {
        "TxnDate": "2026-02-03",
        "DocNumber": "ACC-118",
        "PrivateNote": "February accrual",
        "Line": [
            {
                **line("Debit", 840.25, ClassRef={"value": "2"}, DepartmentRef={"value": "1"}),
                "Description": "Consulting accrued",
                "ProjectRef": {"value": str(BRIDGE)},
            },
            {
                **line("Credit", 840.25, PAYABLE, **entity("Vendor", VENDOR)),
                "Description": "Consulting accrued",
            },
        ],
    }
    entry = wire.create("JournalEntry", body)
    times = entry.pop("MetaData")
    assert times["CreateTime"] == times["LastUpdatedTime"]
    assert times["CreateTime"].endswith("-07:00")
    assert list(entry) == [
        "Adjustment",
        "TotalAmt",
        "domain",
        "sparse",
        "Id",
        "SyncToken",
        "DocNumber",
        "TxnDate",
        "CurrencyRef",
        "PrivateNote",
        "Line",
        "TxnTaxDetail",
    ]
    assert entry == {
        "Adjustment": False,
        "TotalAmt": 0,
        "domain": "QBO",
        "sparse": False,
        "Id": "1",
        "SyncToken": "0",
        "DocNumber": "ACC-118",
        "TxnDate": "2026-02-03",
        "CurrencyRef": {"value": "USD", "name": "United States Dollar"},
        "PrivateNote": "February accrual",
        "Line": [
            {
                "Id": "0",
                "Description": "Consulting accrued",
                "Amount": Decimal("840.25"),
                "DetailType": "JournalEntryLineDetail",
                "JournalEntryLineDetail": {
                    "PostingType": "Debit",
                    "AccountRef": {"value": str(CONSULTING), "name": "Consulting"},
                    "ClassRef": {"value": str(NORTH_EAST), "name": "North:East"},
                    "DepartmentRef": {"value": str(BERLIN), "name": "Berlin"},
                },
                "ProjectRef": {"value": str(BRIDGE), "name": "Bridge"},
            },
            {
                "Id": "1",
                "Description": "Consulting accrued",
                "Amount": Decimal("840.25"),
                "DetailType": "JournalEntryLineDetail",
                "JournalEntryLineDetail": {
                    "PostingType": "Credit",
                    "Entity": {
                        "Type": "Vendor",
                        "EntityRef": {"value": str(VENDOR), "name": "Hale Advisors"},
                    },
                    "AccountRef": {"value": str(PAYABLE), "name": "Accounts Payable (A/P)"},
                },
            },
        ],
        "TxnTaxDetail": {},
    }


def test_many_lines_keep_their_order_and_numbers(wire: Wire) -> None:
    lines = [line("Debit", amount) for amount in range(1, 100)]
    lines.append(line("Credit", sum(range(1, 100)), CHECKING))
    entry = wire.create("JournalEntry", {"Line": lines})
    assert [each["Id"] for each in entry["Line"]] == [str(at) for at in range(100)]
    assert [each["Amount"] for each in entry["Line"][:99]] == list(range(1, 100))


def test_dates_default_to_the_companys_today(wire: Wire) -> None:
    body = two_lines()
    body["TxnDate"] = ""
    shown = wire.create("JournalEntry", body)
    assert shown["TxnDate"] == shown["MetaData"]["CreateTime"][:10]


def test_noise_of_clients_is_taken(wire: Wire) -> None:
    """What client libraries send without meaning it, all at once."""
    noisy: dict[str, Any] = {
        "Id": None,
        "SyncToken": 0,
        "sparse": False,
        "domain": "QBO",
        "Adjustment": False,
        "TxnDate": "",
        "DocNumber": "",
        "PrivateNote": "",
        "TotalAmt": 0,
        "HomeTotalAmt": 0,
        "ExchangeRate": 1,
        "LinkedTxn": [],
        "CustomField": [],
        "AttachableRef": [],
        "Tag": [],
        "TxnTaxDetail": None,
        "DepartmentRef": {"value": "", "name": ""},
        "MetaData": {"CreateTime": ""},
        "Line": [
            {
                "Id": "0",
                "LineNum": 0,
                "Description": None,
                "Amount": "6500.00",
                "DetailType": "JournalEntryLineDetail",
                "LinkedTxn": [],
                "CustomField": [],
                "JournalEntryLineDetail": {
                    "PostingType": side,
                    "TaxApplicableOn": "Sales",
                    "TaxAmount": 0,
                    "Entity": {"Type": "", "EntityRef": None},
                    "AccountRef": {"value": account, "name": "", "type": ""},
                    "ClassRef": {},
                    "DepartmentRef": {"value": None},
                },
            }
            for side, account in (("debit", "5"), ("Credit", 1))
        ],
    }
    entry = wire.create("JournalEntry", noisy)
    assert [each["Id"] for each in entry["Line"]] == ["0", "1"]
    assert [each["Amount"] for each in entry["Line"]] == [6500, 6500]
    assert "DocNumber" not in entry
    assert set(entry["Line"][0]["JournalEntryLineDetail"]) == {"PostingType", "AccountRef"}


def test_the_name_in_a_reference_does_not_count(wire: Wire) -> None:
    lines = [
        line("Debit", 1, AccountRef={"value": "5", "name": "Checking"}),
        line("Credit", 1, CHECKING),
    ]
    entry = wire.create("JournalEntry", {"Line": lines})
    assert entry["Line"][0]["JournalEntryLineDetail"]["AccountRef"]["name"] == "Consulting"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("100", "100.00"),
        ("0.1", "0.10"),
        ("17.990", "17.99"),
        ("1e2", "100.00"),
        ("0.005", "0.01"),
        ("2.674999", None),
        ("2.67499", "2.67"),
        ("9999999999.99", "9999999999.99"),
        ("10000000000", None),
        ("0", "0"),
    ],
)
def test_amounts_are_exact(wire: Wire, sent: str, shown: str | None) -> None:
    """Rounded half up to the currency's decimals, shown with them, and zero as 0."""
    body = two_lines(0)
    text = str(body).replace("'", '"').replace('"Amount": 0', f'"Amount": {sent}')
    answer = wire.post("journalentry", text.encode())
    if shown is None:
        assert answer.status == 400
        assert set(answer.codes) <= {"2110", "2140"}
        return
    assert f'"Amount":{shown},'.encode() in answer.response.body


def test_lines_without_postings_keep_their_place(wire: Wire) -> None:
    """They take an id, have no account, and do not count for the two lines an entry needs."""
    note = {
        "Description": "see the contract",
        "DetailType": "DescriptionOnly",
        "Amount": 5,
        "DescriptionLineDetail": {"ServiceDate": "2026-01-01"},
    }
    body = two_lines()
    body["Line"].insert(1, note)
    entry = wire.create("JournalEntry", body)
    assert entry["Line"][1] == {
        "Id": "1",
        "Description": "see the contract",
        "DetailType": "DescriptionOnly",
        "DescriptionLineDetail": {"ServiceDate": "2026-01-01"},
    }
    read_back(wire, entry)
    again = wire.create("JournalEntry", {**entry, "PrivateNote": "x"})
    assert again["Line"] == entry["Line"]

    answer = wire.post("journalentry", {"Line": [line("Debit", 0), note]})
    assert answer.codes == ["6000"]


def test_a_project_of_the_header_goes_to_the_lines(wire: Wire) -> None:
    entry = wire.create("JournalEntry", two_lines(ProjectRef={"value": "1"}))
    assert [each["ProjectRef"]["name"] for each in entry["Line"]] == ["Bridge", "Bridge"]


def test_what_a_company_does_not_track_is_dropped(wire: Wire) -> None:
    off = {"AccountingInfoPrefs": {"ClassTrackingPerTxnLine": False, "TrackDepartments": False}}
    wire.create("Preferences", {"Id": "1", "SyncToken": "0", "sparse": True, **off})
    body = {
        "Line": [
            line("Debit", 1, ClassRef={"value": "1"}, DepartmentRef={"value": "1"}),
            line("Credit", 1, CHECKING),
        ]
    }
    detail = wire.create("JournalEntry", body)["Line"][0]["JournalEntryLineDetail"]
    assert set(detail) == {"PostingType", "AccountRef"}


def test_the_kind_of_a_name_is_found_from_its_id(wire: Wire) -> None:
    lines = [
        line("Debit", 1, RECEIVABLE, Entity={"EntityRef": {"value": str(CUSTOMER)}}),
        line("Credit", 1, SALES, Entity={"EntityRef": {"value": str(EMPLOYEE)}}),
    ]
    shown = wire.create("JournalEntry", {"Line": lines})["Line"]
    kinds = [each["JournalEntryLineDetail"]["Entity"]["Type"] for each in shown]
    assert kinds == ["Customer", "Employee"]


# Document numbers


def test_document_numbers(wire: Wire) -> None:
    """Absent stays absent; on request the next one; duplicates as the company has it set."""
    assert "DocNumber" not in wire.create("JournalEntry", two_lines())
    auto = "include=allowautodocnum"
    assert wire.create("JournalEntry", two_lines(), auto)["DocNumber"] == "1"
    wire.create("JournalEntry", two_lines(DocNumber="41"))
    wire.create("JournalEntry", two_lines(DocNumber="41"))
    assert wire.create("JournalEntry", two_lines(), auto)["DocNumber"] == "42"
    assert wire.create("JournalEntry", two_lines(DocNumber="B-7"), auto)["DocNumber"] == "B-7"

    wire.configure(doc_number_unique=True)
    answer = wire.post("journalentry", two_lines(DocNumber="b-7"))
    assert answer.codes == ["6140"]
    assert answer.errors[0]["Detail"] == (
        "Duplicate Document Number Error : You must specify a different number. This number has"
        " already been used. DocNumber=b-7 is assigned to TxnType=Journal Entry with TxnId=6"
    )
    entry = wire.create(
        "JournalEntry", two_lines(DocNumber="b-7"), "include=allowduplicatedocnum,other"
    )
    own = {"Id": entry["Id"], "SyncToken": "0", "sparse": True, "DocNumber": "b-7"}
    assert wire.create("JournalEntry", own)["SyncToken"] == "0"


def test_long_numbers_of_other_origin_are_cut(wire: Wire) -> None:
    drafts = (
        LineDraft(Side.DEBIT, 100, ById(CONSULTING)),
        LineDraft(Side.CREDIT, 100, ById(CHECKING)),
    )
    wire.execute(CreateEntry(EntryContent(drafts, doc_number="N" * 40)))
    assert wire.get("journalentry/1").json["JournalEntry"]["DocNumber"] == "N" * 21


# Updating


def test_full_update_replaces_everything(wire: Wire) -> None:
    entry = wire.create(
        "JournalEntry", two_lines(DocNumber="A", PrivateNote="note", Adjustment=True)
    )
    body = {"Id": entry["Id"], "SyncToken": "0", **two_lines(10)}
    del body["TxnDate"]
    changed = wire.create("JournalEntry", body, "operation=update")
    assert changed["SyncToken"] == "1"
    assert changed["Adjustment"] is False
    assert "DocNumber" not in changed
    assert "PrivateNote" not in changed
    assert changed["TxnDate"] == entry["TxnDate"]
    assert changed["MetaData"]["CreateTime"] == entry["MetaData"]["CreateTime"]
    assert changed["MetaData"]["LastUpdatedTime"] > entry["MetaData"]["LastUpdatedTime"]
    assert [each["Id"] for each in changed["Line"]] == ["2", "3"]
    read_back(wire, changed)


def test_sparse_update_without_lines(wire: Wire) -> None:
    """As client libraries send it: with empty lines and empty texts they did not mean."""
    entry = wire.create("JournalEntry", two_lines(DocNumber="A", PrivateNote="note"))
    body = {
        "Id": entry["Id"],
        "SyncToken": 0,
        "sparse": True,
        "DocNumber": "B",
        "PrivateNote": "",
        "TxnDate": "",
        "Line": [],
    }
    changed = wire.create("JournalEntry", body)
    unchanged = {**entry, "DocNumber": "B", "SyncToken": "1", "MetaData": changed["MetaData"]}
    assert changed == unchanged
    cleared = {"Id": entry["Id"], "SyncToken": "1", "sparse": True, "PrivateNote": None}
    assert "PrivateNote" not in wire.create("JournalEntry", cleared)


def test_sparse_update_with_lines(wire: Wire) -> None:
    """Known lines keep their ids, new ones get the next, lines not mentioned go."""
    entry = wire.create(
        "JournalEntry",
        {"Line": [line("Debit", 5), line("Debit", 7), line("Credit", 12, CHECKING)]},
    )
    lines = [
        {**entry["Line"][1], "Amount": 20},
        line("Debit", 1, SALES),
        {**line("Credit", 21, CHECKING), "Id": "2"},
    ]
    body = {"Id": entry["Id"], "SyncToken": "0", "sparse": True, "Line": lines}
    changed = wire.create("JournalEntry", body)
    shown = [(each["Id"], each["Amount"]) for each in changed["Line"]]
    assert shown == [("1", 20), ("3", 1), ("2", 21)]


def test_an_update_that_changes_nothing_keeps_the_version(wire: Wire) -> None:
    entry = wire.create("JournalEntry", two_lines(DocNumber="A"))
    assert wire.create("JournalEntry", entry) == entry
    assert wire.create("JournalEntry", {**entry, "sparse": True}) == entry
    assert read_back(wire, entry)["SyncToken"] == "0"


def test_what_this_wire_does_not_show_survives_its_updates(wire: Wire) -> None:
    """Tracking values, billing marks and other wires' members of a line that is sent again."""
    drafts = (
        LineDraft(
            Side.DEBIT,
            100,
            ById(CONSULTING),
            billing=BillMark("NOT_BILLABLE"),
            annex=(("other", "{}"),),
        ),
        LineDraft(Side.CREDIT, 100, ById(CHECKING)),
    )
    wire.execute(CreateEntry(EntryContent(drafts, annex=(("other", "[1]"),))))
    shown = wire.get("journalentry/1").json["JournalEntry"]
    assert shown["Line"][0]["JournalEntryLineDetail"]["BillableStatus"] == "NotBillable"
    wire.create("JournalEntry", {**shown, "PrivateNote": "changed"})
    with wire.books.read() as reader:
        entry = reader.entry(1)  # type: ignore[arg-type]
    assert entry is not None
    assert entry.memo == "changed"
    assert entry.annex == (("other", "[1]"),)
    first = entry.lines[0]
    assert isinstance(first, Line)
    assert first.billing == BillMark("NOT_BILLABLE")
    assert first.annex == (("other", "{}"),)


def test_versions_are_checked(wire: Wire) -> None:
    entry = wire.create("JournalEntry", two_lines())
    body = {"Id": entry["Id"], "sparse": True, "DocNumber": "B"}
    wire.create("JournalEntry", {**body, "SyncToken": "0"})
    for token in ("0", "2"):
        answer = wire.post("journalentry", {**body, "SyncToken": token, "DocNumber": "C"})
        assert answer.codes == ["5010"]
        assert answer.errors[0]["Detail"] == (
            "Stale Object Error : You and ada were working on this at the same time."
            " ada finished before you did, so your work was not saved."
        )
    assert wire.post("journalentry", body).codes == ["2020"]
    assert wire.post("journalentry", {**body, "SyncToken": "x"}).codes == ["2080"]


def test_entries_that_are_not_there(wire: Wire) -> None:
    body = {"Id": "99", "SyncToken": "0", **two_lines()}
    answer = wire.post("journalentry", body)
    assert answer.codes == ["610"]
    tail = "Another user has deleted this transaction."
    assert answer.errors[0]["Detail"] == f"Object Not Found : {tail}"
    assert wire.post("journalentry", two_lines(), "operation=update").codes == ["2020", "2020"]


def test_entries_that_wait_do_not_exist_here(wire: Wire) -> None:
    drafts = (
        LineDraft(Side.DEBIT, 100, ById(CONSULTING)),
        LineDraft(Side.CREDIT, 100, ById(CHECKING)),
    )
    wire.execute(CreateEntry(EntryContent(drafts), status=Status.PENDING))
    body = {"Id": "1", "SyncToken": "0", **two_lines()}
    assert wire.get("journalentry/1").codes == ["610"]
    assert wire.post("journalentry", body).codes == ["610"]
    assert wire.post("journalentry", body, "operation=delete").codes == ["610"]


# Deleting


def test_delete(wire: Wire) -> None:
    """Anything but Id and SyncToken is ignored; a token that is too high is let pass."""
    for token in ("0", "1", 7):
        entry = wire.create("JournalEntry", two_lines())
        body = {**entry, "SyncToken": token, "Unknown": 1}
        answer = wire.post("journalentry", body, "operation=Delete")
        gone = {"domain": "QBO", "status": "Deleted", "Id": entry["Id"]}
        assert answer.json["JournalEntry"] == gone
        again = wire.post("journalentry", body, "operation=delete")
        assert again.codes == ["610"]
        read = wire.get(f"journalentry/{entry['Id']}")
        assert read.codes == ["610"]
        assert read.status == 400
        assert read.errors[0]["Detail"] == (
            "Object Not Found : Something you're trying to use has been made inactive. Check the"
            " fields with accounts, customers, items, vendors or employees."
        )


def test_delete_with_a_stale_token(wire: Wire) -> None:
    entry = wire.create("JournalEntry", two_lines())
    wire.create("JournalEntry", {**entry, "DocNumber": "B"})
    body = {"Id": entry["Id"], "SyncToken": "0"}
    assert wire.post("journalentry", body, "operation=delete").codes == ["5010"]
    assert wire.post("journalentry", {"Id": "1"}, "operation=delete").codes == ["2020"]
    assert wire.post("journalentry", {"SyncToken": "1"}, "operation=delete").codes == ["2020"]


def test_void_is_not_offered(wire: Wire) -> None:
    answer = wire.post("journalentry", {"Id": "1", "SyncToken": "0"}, "operation=void")
    assert answer.codes == ["500"]
    assert answer.errors[0]["Message"] == "Unsupported Operation"
    assert answer.errors[0]["Detail"] == "Operation void is not supported."


# What is refused


def without(member: str, of: str = "line") -> dict[str, Any]:
    """A body whose first line lacks a member."""
    body = two_lines()
    first = body["Line"][0]
    del (first if of == "line" else first["JournalEntryLineDetail"])[member]
    return body


REFUSED: list[tuple[str, dict[str, Any], list[str], str]] = [
    ("one line", {"Line": [line("Debit", 1)]}, ["6000"], "two detail lines"),
    (
        "unbalanced",
        {"Line": [line("Debit", 1), line("Credit", 2, CHECKING)]},
        ["6000"],
        "Please balance debits and credits.",
    ),
    (
        "accounts missing",
        {"Line": [line("Debit", 1, AccountRef={}), line("Credit", 1, AccountRef={"value": ""})]},
        ["2020", "2020"],
        "Required parameter AccountRef is missing in the request",
    ),
    (
        "unknown account",
        {"Line": [line("Debit", 1, 999), line("Credit", 1, CHECKING)]},
        ["2500"],
        "Invalid Reference Id : Accounts element id 999 not found",
    ),
    (
        "account that is no number",
        {"Line": [line("Debit", 1, AccountRef={"value": "abc"}), line("Credit", 1, CHECKING)]},
        ["2500"],
        "Accounts element id abc not found",
    ),
    (
        "inactive account",
        {"Line": [line("Debit", 1, OLD), line("Credit", 1, CHECKING)]},
        ["2500"],
        "has been made inactive",
    ),
    (
        "inactive customer",
        {"Line": [line("Debit", 1, **entity("Customer", 4)), line("Credit", 1, CHECKING)]},
        ["2500"],
        "has been made inactive",
    ),
    (
        "unknown class and location",
        {
            "Line": [
                line("Debit", 1, ClassRef={"value": "77"}, DepartmentRef={"value": "78"}),
                line("Credit", 1, CHECKING),
            ]
        },
        ["2500", "2500"],
        "Klasses element id 77 not found",
    ),
    (
        "vendor said to be a customer",
        {"Line": [line("Debit", 1, **entity("Customer", VENDOR)), line("Credit", 1, CHECKING)]},
        ["2500"],
        "Names element id 2 not found",
    ),
    (
        "receivable without customer",
        {"Line": [line("Debit", 1, RECEIVABLE), line("Credit", 1, CHECKING)]},
        ["6000"],
        "Business Validation Error: When you use Accounts Receivable, you must choose a customer"
        " in the Name field.",
    ),
    (
        "payable without vendor",
        {"Line": [line("Debit", 1), line("Credit", 1, PAYABLE, **entity("Customer", CUSTOMER))]},
        ["6000"],
        "When you use Accounts Payable, you must choose a vendor in the Name field.",
    ),
    (
        "account that takes no postings",
        {"Line": [line("Debit", 1, NON_POSTING), line("Credit", 1, CHECKING)]},
        ["6430"],
        "",
    ),
    (
        "long number, beside a missing account",
        {
            "DocNumber": "N" * 45,
            "Line": [line("Debit", 1, AccountRef={}), line("Credit", 1, CHECKING)],
        },
        ["2050", "2020"],
        "String length specified does not match the supported length. Min:0 Max:21 supported."
        " Supplied length:45",
    ),
    ("long note", two_lines(PrivateNote="n" * 4001), ["2050"], "Supplied length:4001"),
    ("no lines", {"TxnDate": "2026-01-01"}, ["2020"], "parameter Line is missing"),
    ("empty lines", {"Line": []}, ["2020"], "parameter Line is missing"),
    ("amount missing", without("Amount"), ["2020"], "parameter Amount is missing"),
    ("kind missing", without("DetailType"), ["2020"], "parameter DetailType is missing"),
    ("detail missing", without("JournalEntryLineDetail"), ["2020"], "JournalEntryLineDetail"),
    ("side missing", without("PostingType", "detail"), ["2260"], ""),
    (
        "wrong side",
        {"Line": [line("Left", 1), line("Credit", 1)]},
        ["2170"],
        "Invalid Enumeration : Left",
    ),
    (
        "wrong kind of line",
        {"Line": [{**line("Debit", 1), "DetailType": "SalesItemLineDetail"}, line("Credit", 1)]},
        ["2170"],
        "SalesItemLineDetail",
    ),
    ("negative amount", two_lines(-5), ["2290", "2290"], ""),
    ("amount that is no number", two_lines("6,500"), ["2080", "2080"], ""),
    ("amount too large", two_lines(12345678901), ["2140", "2140"], ""),
    ("amount too precise", two_lines("1.123456"), ["2110", "2110"], ""),
    ("date in another form", two_lines() | {"TxnDate": "03/02/2026"}, ["2060"], "03/02/2026"),
    ("date that does not exist", two_lines() | {"TxnDate": "2026-02-30"}, ["2070"], ""),
    ("wrong boolean", two_lines(Adjustment="yes"), ["2230"], "yes"),
    (
        "billable status sent empty",
        {"Line": [line("Debit", 1, BillableStatus=""), line("Credit", 1)]},
        ["2170"],
        "",
    ),
    (
        "currency not the company's",
        {
            "Line": [line("Debit", 1), line("Credit", 1, SALES)],
            "CurrencyRef": {"value": "EUR"},
        },
        ["6000"],
        "turn on multicurrency",
    ),
    ("no currency", two_lines(CurrencyRef={"value": "XYZ"}), ["2220"], ""),
    (
        "too many lines",
        {"Line": [line("Debit", 1)] * 10_001},
        ["6000"],
        "at most 10000 lines",
    ),
    ("id that is none", {"Id": "1.5", "SyncToken": "0", **two_lines()}, ["2030"], "value:1.5"),
]


@pytest.mark.parametrize(
    ("body", "codes", "detail"),
    [each[1:] for each in REFUSED],
    ids=[each[0] for each in REFUSED],
)
def test_refused(wire: Wire, body: dict[str, Any], codes: list[str], detail: str) -> None:
    """Code and text of each fault; always HTTP 400, always with a plain diagnosis."""
    answer = wire.post("journalentry", body)
    assert answer.status == 400
    assert answer.codes == codes
    assert detail in answer.errors[0]["Detail"]
    assert answer.json["Fault"]["type"] == "ValidationFault"
    assert answer.response.diagnosis
    assert wire.get("journalentry/1").codes == ["610"]


UNREADABLE: list[tuple[str, bytes, str]] = [
    ("wrapped", b'{"JournalEntry":{"Line":[]}}', 'Unrecognized field "JournalEntry"'),
    ("unknown member", b'{"BadJson":1}', 'Unrecognized field "BadJson" (class com.intuit'),
    ("unknown member of a line", b'{"Line":[{"Amout":1}]}', 'Unrecognized field "Amout"'),
    ("no object", b"[]", "failed to parse json object"),
    ("no JSON", b"{", "failed to parse json object"),
    ("nothing", b"", "failed to parse json object"),
    ("lines not an array", b'{"Line":{}}', "failed to parse json object"),
    ("line not an object", b'{"Line":[1]}', "failed to parse json object"),
    ("bare reference", b'{"CurrencyRef":"USD"}', "failed to parse json object"),
    ("text that is an object", b'{"DocNumber":{}}', "failed to parse json object"),
    ("NaN", b'{"ExchangeRate":NaN}', "failed to parse json object"),
    (
        "the placeholders of the manual's own sample",
        b'{"Id":"value","SyncToken":"value","MetaData":"value","CustomField":"value",'
        b'"AttachableRef":{"value":"123"}}',
        "failed to parse json object",
    ),
]


@pytest.mark.parametrize(
    ("body", "detail"), [each[1:] for each in UNREADABLE], ids=[each[0] for each in UNREADABLE]
)
def test_unreadable(wire: Wire, body: bytes, detail: str) -> None:
    answer = wire.post("journalentry", body)
    assert answer.status == 400
    assert answer.codes == ["2010"]
    assert answer.errors[0]["Message"] == "Request has invalid or unsupported property"
    assert answer.errors[0]["Detail"].startswith("Property Name:")
    assert detail in answer.errors[0]["Detail"]
    assert "element" not in answer.errors[0]


def test_diagnoses_name_the_member_and_the_value(wire: Wire) -> None:
    body = {"Line": [line("Debit", 1), line("Credit", 2.5, 999)]}
    said = wire.post("journalentry", body).response.diagnosis
    assert said == (
        "Line[1].JournalEntryLineDetail.AccountRef: there is no record 999 in accounts of this"
        " company"
    )
    unbalanced = {"Line": [line("Debit", 1), line("Credit", 2.5, CHECKING)]}
    said = wire.post("journalentry", unbalanced).response.diagnosis
    assert said == "Line: debits are 1.00 USD, credits 2.50, a difference of 1.50"


def test_closed_periods(wire: Wire) -> None:
    """Neither made, moved, changed nor deleted on the last closed day or before."""
    entry = wire.create("JournalEntry", two_lines())
    close = {"AccountingInfoPrefs": {"BookCloseDate": "2026-02-03"}}
    wire.create("Preferences", {"Id": "1", "SyncToken": "0", "sparse": True, **close})
    open_ = two_lines() | {"TxnDate": "2026-02-04"}
    later = wire.create("JournalEntry", open_)
    back = {"Id": later["Id"], "SyncToken": "0", "sparse": True, "TxnDate": "2026-02-03"}
    for body, query in (
        (two_lines(), ""),
        ({**entry, "TxnDate": "2026-02-04"}, ""),
        (back, ""),
        (entry, "operation=delete"),
    ):
        answer = wire.post("journalentry", body, query)
        assert answer.codes == ["6210"]
        assert "through through" in answer.errors[0]["Detail"]


# Currencies and tax


def test_foreign_currencies() -> None:
    wire = Wire(multicurrency=True, home_currency="GBP")
    rate = {"SourceCurrencyCode": "EUR", "Rate": 0.85, "AsOfDate": "2026-02-01"}
    wire.create("ExchangeRate", rate)
    euro = {"CurrencyRef": {"value": "EUR"}}
    lines = [line("Debit", 100), line("Credit", 100, SALES)]
    body = {"TxnDate": "2026-02-03", "Line": lines, **euro}
    entry = wire.create("JournalEntry", body)
    assert entry["CurrencyRef"] == {"value": "EUR", "name": "Euro"}
    assert entry["ExchangeRate"] == Decimal("0.85")
    assert entry["HomeTotalAmt"] == 0
    assert wire.create("JournalEntry", {**body, "ExchangeRate": "0.9"})["ExchangeRate"] == Decimal(
        "0.9"
    )
    early = wire.create("JournalEntry", {**body, "TxnDate": "2026-01-01"})
    assert early["ExchangeRate"] == 1
    home = wire.create("JournalEntry", {"Line": lines})
    assert home["ExchangeRate"] == 1
    assert home["CurrencyRef"]["value"] == "GBP"
    sparse = {"Id": entry["Id"], "SyncToken": "0", "sparse": True, "ExchangeRate": 0.5}
    assert wire.create("JournalEntry", sparse)["ExchangeRate"] == Decimal("0.5")
    bank = {**body, "Line": [line("Debit", 1, CHECKING), line("Credit", 1, SALES)]}
    assert wire.post("journalentry", bank).codes == ["6000"]
    assert wire.post("journalentry", {**body, "ExchangeRate": 0}).codes == ["2110"]


def test_amounts_have_the_decimals_of_their_currency() -> None:
    wire = Wire(multicurrency=True)
    lines = [line("Debit", 100.4), line("Credit", 100.4, SALES)]
    yen = wire.create("JournalEntry", {"Line": lines, "CurrencyRef": {"value": "JPY"}})
    assert [each["Amount"] for each in yen["Line"]] == [100, 100]
    again = {"Id": yen["Id"], "SyncToken": "0", "sparse": True, "Line": yen["Line"]}
    assert wire.create("JournalEntry", again)["SyncToken"] == "0"


TAX = {
    "TotalTax": 2.5,
    "TaxLine": [
        {
            "Amount": 2.5,
            "DetailType": "TaxLineDetail",
            "TaxLineDetail": {
                "TaxRateRef": {"value": "3"},
                "PercentBased": True,
                "TaxPercent": 10,
                "NetAmountTaxable": 25,
            },
        }
    ],
}


def taxed_lines(**detail: Any) -> list[dict[str, Any]]:
    return [line("Debit", 25, **detail), line("Credit", 25, CHECKING)]


def test_tax_is_kept_where_a_company_has_it() -> None:
    wire = Wire(country="GB", sales_tax=True)
    code = {"TaxCodeRef": {"value": "5"}, "TaxApplicableOn": "Purchase", "TaxAmount": 0}
    body = {
        "Line": taxed_lines(**code),
        "TxnTaxDetail": TAX,
        "GlobalTaxCalculation": "TaxExcluded",
    }
    entry = wire.create("JournalEntry", body)
    assert entry["TxnTaxDetail"]["TotalTax"] == Decimal("2.5")
    assert entry["TxnTaxDetail"]["TaxLine"][0]["TaxLineDetail"]["TaxPercent"] == 10
    assert entry["GlobalTaxCalculation"] == "TaxExcluded"
    detail = entry["Line"][0]["JournalEntryLineDetail"]
    assert detail["TaxCodeRef"] == {"value": "5"}
    assert detail["TaxApplicableOn"] == "Purchase"
    assert detail["TaxAmount"] == 0
    read_back(wire, entry)
    changed = wire.create(
        "JournalEntry", {"Id": "1", "SyncToken": "0", "sparse": True, "PrivateNote": "x"}
    )
    assert changed["TxnTaxDetail"] == entry["TxnTaxDetail"]


def test_tax_detail_is_ignored_elsewhere(wire: Wire) -> None:
    body = {"Line": taxed_lines(), "TxnTaxDetail": TAX, "GlobalTaxCalculation": "NotApplicable"}
    entry = wire.create("JournalEntry", body)
    assert entry["TxnTaxDetail"] == {}
    assert "GlobalTaxCalculation" not in entry


def test_tax_rules_come_after_references() -> None:
    """They are rules of the books: what is wrong with references is said first, alone."""
    wire = Wire(country="GB", sales_tax=True)
    lines = taxed_lines(TaxCodeRef={"value": "5"})
    assert wire.post("journalentry", {"Line": lines}).codes == ["2270", "2280"]
    body = {"Line": taxed_lines(), "TxnTaxDetail": TAX, "GlobalTaxCalculation": "NotApplicable"}
    assert wire.post("journalentry", body).codes == ["6170"]
    lines[1] = line("Credit", 25, 999)
    assert wire.post("journalentry", {"Line": lines}).codes == ["2500"]
    assert wire.get("journalentry/1").codes == ["610"]


def test_suppliers_outside_the_united_states() -> None:
    wire = Wire(country="GB")
    body = {"Line": [line("Debit", 1), line("Credit", 1, PAYABLE)]}
    assert "choose a supplier" in wire.post("journalentry", body).errors[0]["Detail"]


def test_members_of_single_countries_are_shown_again() -> None:
    wire = Wire(country="FR", multicurrency=True)
    extra = {
        "TransactionLocationType": "WithinFrance",
        "TaxFormType": "F",
        "JournalCodeRef": {"value": "2"},
        "HomeCurrencyAdjustment": True,
    }
    lines = [line("Debit", 1, JournalCodeRef={"value": "3"}), line("Credit", 1, CHECKING)]
    entry = wire.create("JournalEntry", {"Line": lines, **extra})
    assert {name: entry[name] for name in extra} == extra
    detail = entry["Line"][0]["JournalEntryLineDetail"]
    assert detail["JournalCodeRef"] == {"value": "3"}
    assert wire.create("JournalEntry", entry) == entry


@pytest.mark.parametrize("member", ["TaxCodeRef", "TaxRateRef", "JournalCodeRef"])
def test_ids_that_are_kept_as_text_have_a_bound(wire: Wire, member: str) -> None:
    long = "x" * 51
    answer = wire.post("journalentry", {"Line": taxed_lines(**{member: {"value": long}})})
    assert answer.codes == ["2050"]
    assert answer.errors[0]["element"] == member
    wire.create("JournalEntry", {"Line": taxed_lines(**{member: {"value": long[1:]}})})
