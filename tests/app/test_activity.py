"""Activity: bounded, newest first, by company, and without credentials."""

from dataclasses import replace
from typing import Any

import pytest
from tests.support.shop import shop

from daybook.app import activity
from daybook.app.access import OPERATOR
from daybook.app.activity import (
    Activity,
    ActivityLog,
    Asked,
    Look,
    begin,
    scrubbed,
    together,
)
from daybook.domain.ids import CompanyId, Timestamp

ONE, OTHER = CompanyId(1), CompanyId(2)


def request(number: int, status: int = 200, interface: str = "qbo") -> Activity:
    return Activity(Timestamp(number), interface, "read", "GET", "/v3", status, 5, f"r{number}")


def latest(log: ActivityLog, company_id: CompanyId, limit: int = 9, **asked: Any) -> list[int]:
    """When the requests were answered that are found."""
    return [each.at for each in log.look_here(company_id, Asked(limit, **asked)).found]


def test_the_latest_come_first_and_only_those_chosen() -> None:
    log = ActivityLog()
    for number in range(5):
        log.note(ONE, request(number, 200 if number % 2 else 404))
    log.note(OTHER, request(9))
    assert latest(log, ONE, 3) == [4, 3, 2]
    assert latest(log, ONE, failed=True) == [4, 2, 0]
    log.note(ONE, request(7, interface="codat"))
    assert latest(log, ONE, interface="codat") == [7]
    assert log.look_here(ONE, Asked(9)).counts == (("codat", 1, 0), ("qbo", 5, 3))
    assert log.look_here(CompanyId(3), Asked(9)) == Look((), ())


def test_what_processes_keep_is_shown_as_one() -> None:
    logs = ActivityLog(), ActivityLog()
    for number in range(6):
        log = logs[number % 2]
        log.note(ONE, request(number, 500 if number == 3 else 200, "qbo" if number < 4 else "sql"))
    look = together([log.look_here(ONE, Asked(9)) for log in logs], 4)
    assert [each.at for each in look.found] == [5, 4, 3, 2]
    assert look.counts == (("qbo", 4, 1), ("sql", 2, 0))


def test_a_state_is_a_failure_where_an_error_says_so() -> None:
    assert not replace(request(1), status="00000").failed
    assert replace(request(1), status="42P01", error="no such table").failed


def test_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity, "KEPT_MAX", 2)
    monkeypatch.setattr(activity, "COMPANIES_MAX", 2)
    log = ActivityLog()
    for number in range(4):
        log.note(ONE, request(number))
    assert latest(log, ONE) == [3, 2]
    log.note(OTHER, request(5))
    log.note(ONE, request(6))
    log.note(CompanyId(3), request(7))
    assert latest(log, OTHER) == []
    assert latest(log, ONE) != []


def test_the_door_says_whose_books_a_request_is_about() -> None:
    books = shop()
    assert books.ledger.books(CompanyId(99), OPERATOR) is None
    assert begin().company_id is None
    trace = begin()
    books.ledger.books(books.company_id, OPERATOR)
    assert (trace.company_id, trace.client, trace.user) == (books.company_id, "operator", None)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (b'{"error": "no token=6eee77aa here"}', '{"error": "no token=\u2026 here"}'),
        (b'{"access_token": "abcdefgh", "x": 1}', '{"access_token": "\u2026", "x": 1}'),
        (b"Authorization: Bearer abcdefgh", "Authorization: Bearer \u2026"),
        (
            b"<Fault>Debits &amp; credits differ</Fault>",
            "<Fault>Debits &amp; credits differ</Fault>",
        ),
        (b"\xff" * 5, "\ufffd" * 5),
        (b"x" * 10_000, "x" * activity.ERROR_CHARACTERS_MAX),
    ],
)
def test_what_an_error_said_is_shortened_and_scrubbed(said: bytes, kept: str) -> None:
    assert scrubbed(said) == kept
