"""The whole table of outcomes: who asks, in what state the journal is, and for what."""

import pytest
from tests.support.modulus import APP, FOREIGN, OTHER_APP, Wire, credit, debit, rent

from daybook.domain.commands import CreateEntry, DeleteEntry, EntryContent, LineDraft
from daybook.domain.ids import ByCode, EntryId
from daybook.domain.model import JournalEntry, Side, Status

UPDATE, DELETE, GET = "UpdateJournal", "DeleteJournal", "GetJournal"
STATES = ("pending", "review", "returned", "approved", "deleted", "unknown")

OWN: dict[str, dict[str, int | None]] = {
    UPDATE: {
        "pending": None,
        "review": None,
        "returned": None,
        "approved": 1229,
        "deleted": 1237,
        "unknown": 1237,
    },
    GET: {
        "pending": None,
        "review": None,
        "returned": None,
        "approved": None,
        "deleted": 1237,
        "unknown": 1237,
    },
}
OWN[DELETE] = OWN[UPDATE]
OTHERS: dict[str, int | None] = {
    "pending": 1230,
    "review": 1230,
    "returned": 1230,
    "approved": 1230,
    "deleted": 1237,
    "unknown": 1237,
}
TABLE = [
    (token, state, operation, expected[state])
    for token in (APP, OTHER_APP, FOREIGN)
    for operation in (UPDATE, DELETE, GET)
    for state, expected in (
        (
            state,
            OWN[operation]
            if token == APP
            else OTHERS
            if token == OTHER_APP
            else dict.fromkeys(STATES, 1237),
        )
        for state in STATES
    )
]


def journal_in(wire: Wire, state: str) -> int:
    """The id of a journal of `APP` that is in a state."""
    if state == "unknown":
        return 3_434_453_456
    journal_id = wire.create(rent())
    if state == "review":
        wire.move(journal_id, Status.REVIEW)
    elif state == "returned":
        wire.move(journal_id, Status.REVIEW, Status.PENDING)
    elif state == "approved":
        wire.move(journal_id, Status.POSTED)
    elif state == "deleted":
        wire.execute(DeleteEntry(EntryId(journal_id), None))
    return journal_id


@pytest.mark.parametrize(("token", "state", "operation", "code"), TABLE)
def test_every_outcome(token: str, state: str, operation: str, code: int | None) -> None:
    wire = Wire()
    journal_id = journal_in(wire, state)
    if operation == UPDATE:
        body = {
            "journal_id": journal_id,
            "journal_entries": [debit("5100", 5), credit("1010", 5)],
        }
        answer = wire.call(operation, body, token)
    else:
        answer = wire.call(operation, token=token, journal_id=journal_id)
    assert answer.code == code, answer.response.diagnosis
    assert answer.status == (200 if code is None else 400)
    if state == "unknown":
        return
    entry = wire.entry(journal_id)
    changed = code is None and token == APP
    assert (entry.deleted_at is not None) == (
        state == "deleted" or (changed and operation == DELETE)
    )
    assert (entry.total == 500) == (changed and operation == UPDATE)
    status = {"review": Status.REVIEW, "approved": Status.POSTED}.get(state, Status.PENDING)
    assert entry.status is status


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("token", [OTHER_APP, FOREIGN])
def test_a_body_that_is_wrong_tells_others_no_more(token: str, state: str) -> None:
    """Existence, ownership and status come before everything about the body."""
    wire = Wire()
    journal_id = journal_in(wire, state)
    answer = wire.call("UpdateJournal", {"journal_id": journal_id, "date": "x"}, token)
    assert answer.code == (1237 if token == FOREIGN else OTHERS[state])


def test_what_came_through_another_interface_or_from_a_person_is_not_the_applications() -> None:
    """The same client id does not make it the same: it has to have come through this wire."""
    wire = Wire()
    lines = (
        LineDraft(Side.DEBIT, 100, ByCode("5100")),
        LineDraft(Side.CREDIT, 100, ByCode("1010")),
    )
    wire.allow("operator")
    for status in Status:
        entry = wire.execute(CreateEntry(EntryContent(lines), status))
        assert isinstance(entry, JournalEntry)
        assert wire.call(DELETE, token="operator", journal_id=entry.id).code == 1230
        assert wire.call(GET, token="operator", journal_id=entry.id).code == 1230
    assert wire.call("ListJournals", token="operator").object["total_count"] == 0


def test_a_second_delete_is_no_success() -> None:
    wire = Wire()
    journal_id = wire.create(rent())
    assert wire.call(DELETE, journal_id=journal_id).status == 200
    assert wire.call(DELETE, journal_id=journal_id).code == 1237


def test_ids_are_never_used_again() -> None:
    wire = Wire()
    first = wire.create(rent())
    wire.call(DELETE, journal_id=first)
    assert wire.create(rent()) == first + 1


def test_an_update_leaves_the_status_as_it_is() -> None:
    wire = Wire()
    journal_id = wire.create(rent())
    wire.move(journal_id, Status.REVIEW)
    body = {"journal_id": journal_id, "journal_entries": rent()["journal_entries"]}
    assert wire.call(UPDATE, body).status == 200
    assert wire.get(journal_id)["status"] == "review"
