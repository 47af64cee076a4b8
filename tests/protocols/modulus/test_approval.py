"""Who may approve: the right to it, and a second person where the company asks for one."""

import pytest
from tests.support.modulus import APP, Wire, rent

from daybook.app.access import Principal, Scope
from daybook.app.ledger import Committed, Context, Outcome, Refused
from daybook.domain.commands import MoveEntry
from daybook.domain.events import Actor
from daybook.domain.ids import EntryId
from daybook.domain.model import Status
from daybook.domain.refusals import RefusalCode


def move(wire: Wire, journal_id: int, status: Status, *scopes: Scope) -> Outcome:
    principal = Principal("web", frozenset({wire.company_id}), frozenset(scopes), "eve")
    books = wire.ledger.books(wire.company_id, principal)
    assert books is not None
    return books.execute(
        MoveEntry(EntryId(journal_id), None, status), Context(Actor("web", "web", "eve"))
    )


@pytest.mark.parametrize(
    ("before", "after", "scope"),
    [
        (Status.PENDING, Status.REVIEW, Scope.WRITE),
        (Status.REVIEW, Status.PENDING, Scope.APPROVE),
        (Status.PENDING, Status.POSTED, Scope.APPROVE),
        (Status.REVIEW, Status.POSTED, Scope.APPROVE),
    ],
)
def test_the_right_a_move_needs(before: Status, after: Status, scope: Scope) -> None:
    wire = Wire()
    journal_id = wire.create(rent())
    if before is Status.REVIEW:
        wire.move(journal_id, Status.REVIEW)
    refused = move(wire, journal_id, after, *(set(Scope) - {scope}))
    assert isinstance(refused, Refused)
    assert refused.refusals[0].code is RefusalCode.FORBIDDEN
    outcome = move(wire, journal_id, after, scope)
    assert isinstance(outcome, Committed)
    (event,) = outcome.events
    assert (event.actor.user, event.actor.client, event.actor.protocol) == ("eve", "web", "web")
    assert event.at == wire.entry(journal_id).modified_at


def approved_by(wire: Wire, journal_id: int, user: str | None) -> str | None:
    """Approve on behalf of a user; answers with why not."""
    outcome = wire.attempt(MoveEntry(EntryId(journal_id), None, Status.POSTED), user)
    if isinstance(outcome, Refused):
        (refusal,) = outcome.refusals
        assert refusal.code is RefusalCode.FORBIDDEN
        assert refusal.values == {"reason": "four_eyes", "deed": "approve"}
        return refusal.message
    return None


def test_the_author_may_not_approve_where_four_eyes_are_asked_for() -> None:
    wire = Wire(four_eyes=True)
    wire.allow(APP, user="ada")
    journal_id = wire.create(rent())
    assert "ada wrote" in (approved_by(wire, journal_id, "ada") or "")
    assert "by name" in (approved_by(wire, journal_id, None) or "")
    assert wire.entry(journal_id).status is Status.PENDING
    assert approved_by(wire, journal_id, "eve") is None
    assert wire.entry(journal_id).status is Status.POSTED


def test_whoever_changed_an_entry_is_an_author_too() -> None:
    wire = Wire(four_eyes=True)
    wire.allow(APP, user="ada")
    journal_id = wire.create(rent())
    wire.allow(APP, user="bob")
    body = {"journal_id": journal_id, "journal_entries": rent()["journal_entries"]}
    assert wire.call("UpdateJournal", body).status == 200
    for author in ("ada", "bob"):
        assert author in (approved_by(wire, journal_id, author) or "")
    assert approved_by(wire, journal_id, "eve") is None


def test_handing_in_and_giving_back_make_nobody_an_author() -> None:
    wire = Wire(four_eyes=True)
    journal_id = wire.create(rent())
    for status in (Status.REVIEW, Status.PENDING, Status.REVIEW):
        outcome = wire.attempt(MoveEntry(EntryId(journal_id), None, status), "eve")
        assert isinstance(outcome, Committed)
    assert approved_by(wire, journal_id, "eve") is None


def test_what_an_application_wrote_any_person_with_the_right_approves() -> None:
    wire = Wire(four_eyes=True)
    assert approved_by(wire, wire.create(rent()), "ada") is None


def test_without_the_setting_one_person_is_enough() -> None:
    wire = Wire()
    wire.allow(APP, user="ada")
    assert approved_by(wire, wire.create(rent()), "ada") is None
    assert approved_by(wire, wire.create(rent()), None) is None
