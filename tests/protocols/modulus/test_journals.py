"""What the operations answer, and what they leave in the books."""

import json
from decimal import Decimal
from typing import Any

import pytest
from tests.support.modulus import APP, OTHER_APP, RETAIL, Wire, credit, debit, rent

from daybook.domain.commands import MoveEntry
from daybook.domain.ids import EntryId
from daybook.domain.model import Origin, Side, Status
from daybook.protocols.modulus.limits import INLINE_LINES_MAX


def test_a_new_journal_waits() -> None:
    wire = Wire()
    answer = wire.call("CreateJournal", rent(reference_number="INV-7", journal_notes="Rent"))
    assert answer.json == {
        "result": True,
        "title": "Success",
        "message": "New journal created successfully.",
        "object": {
            "created_journal_id": 1,
            "created_date_time": answer.object["created_date_time"],
        },
    }
    entry = wire.entry(1)
    assert (entry.status, entry.origin) == (Status.PENDING, Origin(APP, "modulus"))
    assert (entry.doc_number, entry.memo, entry.posting_date.isoformat()) == (
        "INV-7",
        "Rent",
        "2026-01-14",
    )
    assert [(line.side, line.amount) for line in entry.lines] == [
        (Side.DEBIT, 120_000),
        (Side.CREDIT, 120_000),
    ]
    assert entry.lines[0].dimensions == (("CLASS", RETAIL),)


def test_times_are_those_of_the_company() -> None:
    """21:46 in London, summer time, is 20:46 in universal time."""
    wire = Wire()
    wire.clock.now, wire.clock.step = 1_790_023_567_000_000, 0
    wire.allow(APP)
    answer = wire.call("CreateJournal", rent())
    assert answer.object["created_date_time"] == "2026-09-21 21:46:07"
    zone = Wire(time_zone="Asia/Tokyo")
    zone.clock.now, zone.clock.step = 1_790_023_567_000_000, 0
    made = zone.call("CreateJournal", rent())
    assert made.object["created_date_time"] == "2026-09-22 05:46:07"


def test_a_journal_as_it_is_read() -> None:
    wire = Wire()
    journal_id = wire.create(rent(reference_number="INV-7", journal_notes="January rent"))
    answer = wire.call("GetJournal", journal_id=journal_id)
    assert answer.json["message"] == "Journal retrieved successfully."
    shown = answer.object
    made = shown.pop("created_date_time")
    assert len(made) == len("2021-01-14 20:39:57")
    nothing: dict[str, Any] = {
        "foreign_currency": None,
        "foreign_currency_debit_amount": None,
        "foreign_currency_credit_amount": None,
    }
    assert shown == {
        "journal_id": journal_id,
        "status": "pending",
        "date": "2026-01-14",
        "financial_book_id": 1,
        "reference_number": "INV-7",
        "journal_notes": "January rent",
        "updated_date_time": None,
        "journal_entries": [
            {
                "account_code": "5100",
                "cost_center_id": RETAIL,
                "journal_entry_notes": None,
                "base_currency_debit_amount": Decimal(1200),
                "base_currency_credit_amount": Decimal(0),
                **nothing,
            },
            {
                "account_code": "1010",
                "cost_center_id": None,
                "journal_entry_notes": None,
                "base_currency_debit_amount": Decimal(0),
                "base_currency_credit_amount": Decimal(1200),
                **nothing,
            },
        ],
    }
    assert b'"base_currency_debit_amount":1200.00,' in answer.response.body


def test_an_update_replaces_the_entries_and_keeps_what_it_does_not_name() -> None:
    wire = Wire()
    journal_id = wire.create(rent(reference_number="INV-7", journal_notes="January rent"))
    entries = [debit("5100", 7, journal_entry_notes="x"), credit("1010", 7)]
    body: dict[str, Any] = {"journal_id": journal_id, "journal_entries": entries}
    answer = wire.call("UpdateJournal", body)
    assert answer.json == {
        "result": True,
        "title": "Success",
        "message": "Journal updated successfully.",
        "object": {
            "updated_journal_id": journal_id,
            "updated_date_time": answer.object["updated_date_time"],
        },
    }
    shown = wire.get(journal_id)
    assert (shown["reference_number"], shown["journal_notes"]) == ("INV-7", "January rent")
    assert shown["updated_date_time"] == answer.object["updated_date_time"]
    assert shown["journal_entries"][0]["journal_entry_notes"] == "x"
    assert shown["journal_entries"][0]["cost_center_id"] is None
    wire.call("UpdateJournal", {**body, "reference_number": "", "journal_notes": None})
    shown = wire.get(journal_id)
    assert (shown["reference_number"], shown["journal_notes"]) == (None, None)


def test_a_long_journal_is_read_where_nobody_waits() -> None:
    wire = Wire()
    long = [debit("5100", 1) for _ in range(INLINE_LINES_MAX)]
    entries = [*long, credit("1010", INLINE_LINES_MAX)]
    journal_id = wire.create(rent(journal_entries=entries))
    short = [debit("5100", 7), credit("1010", 7)]
    for name, sent in (
        ("GetJournal", {"journal_id": journal_id}),
        ("UpdateJournal", {"body": {"journal_id": journal_id, "journal_entries": short}}),
    ):
        before = wire.runtime.aside
        assert wire.call(name, **sent).status == 200
        assert wire.runtime.aside - before == 1, name


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("2026-01-14", None),
        (None, None),
        ("", None),
        ("2026-01-15", 1234),
        ("soon", 1234),
        (5, 1234),
    ],
)
def test_the_date_stays(value: object, code: int | None) -> None:
    wire = Wire()
    entries = rent()["journal_entries"]
    body = {"journal_id": wire.create(rent()), "date": value, "journal_entries": entries}
    assert wire.call("UpdateJournal", body).code == code


def test_an_update_has_to_bring_entries() -> None:
    wire = Wire()
    journal_id = wire.create(rent())
    assert wire.call("UpdateJournal", {"journal_id": journal_id}).code == 1235
    assert wire.call("UpdateJournal", {"journal_id": str(journal_id)}).code == 1235


def test_a_journal_changes_from_a_foreign_currency_to_the_companys_and_back() -> None:
    wire = Wire(multicurrency=True)
    euros = [
        debit("5100", 8, foreign_currency="EUR", foreign_currency_debit_amount=10),
        credit("1200", 8, foreign_currency="EUR", foreign_currency_credit_amount=10),
    ]
    journal_id = wire.create(rent())
    for entries, currency in ((euros, "EUR"), (rent()["journal_entries"], "GBP"), (euros, "EUR")):
        body = {"journal_id": journal_id, "journal_entries": entries}
        assert wire.call("UpdateJournal", body).status == 200
        assert wire.entry(journal_id).currency == currency


def test_a_reference_number_is_used_once_unless_the_application_may() -> None:
    wire = Wire()
    journal_id = wire.create(rent(reference_number="INV-7"))
    assert wire.call("CreateJournal", rent(reference_number="inv-7"), OTHER_APP).code == 1228
    wire.client(OTHER_APP, "s", wire.company_id, options=frozenset({"repeats-numbers"}))
    wire.create(rent(reference_number="INV-7"), OTHER_APP)
    wire.call("DeleteJournal", journal_id=journal_id)
    assert wire.call("CreateJournal", rent(reference_number="INV-7")).code == 1228
    wire.create(rent(reference_number="INV-8"))


def test_an_application_may_be_given_that_its_journals_need_no_approval() -> None:
    wire = Wire()
    wire.client(APP, "s", wire.company_id, options=frozenset({"posts-at-once"}))
    journal_id = wire.create(rent())
    assert wire.get(journal_id)["status"] == "approved"
    assert wire.call("DeleteJournal", journal_id=journal_id).code == 1229
    wire.configure(four_eyes=True)
    assert wire.get(wire.create(rent()))["status"] == "pending"


def test_statuses_as_they_are_shown() -> None:
    wire = Wire()
    journal_id = wire.create(rent())
    for status, shown in (
        (Status.REVIEW, "review"),
        (Status.PENDING, "pending"),
        (Status.POSTED, "approved"),
    ):
        wire.execute(MoveEntry(EntryId(journal_id), None, status))
        assert wire.get(journal_id)["status"] == shown


# Lists


@pytest.fixture(scope="module")
def full() -> Wire:
    wire = Wire()
    for day in range(1, 8):
        wire.create({**rent(reference_number=f"N-{day}"), "date": f"2026-02-0{day}"})
    wire.create(rent(), OTHER_APP)
    wire.move(2, Status.REVIEW)
    wire.move(3, Status.POSTED)
    wire.call("DeleteJournal", journal_id=4)
    return wire


def listed(wire: Wire, **parameters: Any) -> list[int]:
    answer = wire.call("ListJournals", **parameters)
    assert answer.status == 200, answer.json
    return [journal["journal_id"] for journal in answer.object["journals"]]


def test_a_list_shows_the_applications_own_journals(full: Wire) -> None:
    answer = full.call("ListJournals")
    assert answer.json["message"] == "Journals retrieved successfully."
    found = answer.object
    assert [journal["journal_id"] for journal in found["journals"]] == [1, 2, 3, 5, 6, 7]
    assert (found["page"], found["page_size"], found["total_count"]) == (1, 50, 6)
    assert "journal_entries" not in found["journals"][0]
    whole = full.get(1)
    del whole["journal_entries"]
    assert found["journals"][0] == whole
    assert listed(full, token=OTHER_APP) == [8]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"status": "pending"}, [1, 5, 6, 7]),
        ({"status": "review"}, [2]),
        ({"status": "approved"}, [3]),
        ({"status": ""}, [1, 2, 3, 5, 6, 7]),
        ({"from_date": "2026-02-05"}, [5, 6, 7]),
        ({"to_date": "2026-02-02"}, [1, 2]),
        ({"from_date": "2026-02-02", "to_date": "2026-02-05"}, [2, 3, 5]),
        ({"reference_number": "N-6"}, [6]),
        ({"reference_number": "n-6"}, []),
        ({"reference_number": "N-4"}, []),
        ({"page_size": 2}, [1, 2]),
        ({"page_size": 2, "page": 3}, [6, 7]),
        ({"page_size": 2, "page": 4}, []),
        ({"page": 900_000}, []),
    ],
)
def test_what_a_list_is_asked_for(
    full: Wire, parameters: dict[str, Any], expected: list[int]
) -> None:
    assert listed(full, **parameters) == expected


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"status": "posted"}, 1232),
        ({"status": "Pending"}, 1232),
        ({"from_date": "1 March"}, 1234),
        ({"to_date": "2026-02-30"}, 1234),
        ({"page": 0}, 1232),
        ({"page": -1}, 1232),
        ({"page": "x"}, 1232),
        ({"page": 10**30}, 1232),
        ({"page": 999_999_999}, 1232),
        ({"page_size": 0}, 1232),
        ({"page_size": 501}, 1232),
        ({"page_size": "1.5"}, 1232),
    ],
)
def test_what_a_list_cannot_be_asked_for(full: Wire, parameters: dict[str, Any], code: int) -> None:
    assert full.call("ListJournals", **parameters).code == code


def test_an_application_whose_name_differs_in_case_is_another() -> None:
    wire = Wire()
    wire.allow("APP")
    journal_id = wire.create(rent())
    assert listed(wire, token="APP") == []
    assert wire.call("ListJournals", token="APP").object["total_count"] == 0
    assert wire.call("GetJournal", token="APP", journal_id=journal_id).code == 1230


def test_the_order_of_members_is_that_of_the_documentation() -> None:
    wire = Wire()
    body = wire.call("DeleteJournal", journal_id=wire.create(rent())).response.body
    assert list(json.loads(body)) == ["result", "title", "message", "object"]
    assert list(json.loads(body)["object"]) == ["deleted_journal_id", "deleted_date_time"]
