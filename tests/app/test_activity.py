"""Activity: bounded, newest first, by company, and without credentials."""

import pytest
from tests.support.shop import shop

from daybook.app import activity
from daybook.app.access import OPERATOR
from daybook.app.activity import Activity, ActivityLog, begin, scrubbed
from daybook.domain.ids import CompanyId, Timestamp

ONE, OTHER = CompanyId(1), CompanyId(2)


def request(number: int, status: int = 200, interface: str = "qbo") -> Activity:
    return Activity(Timestamp(number), interface, "read", "GET", "/v3", status, 5, f"r{number}")


def everything(_: Activity) -> bool:
    return True


def test_the_latest_come_first_and_only_those_chosen() -> None:
    log = ActivityLog()
    for number in range(5):
        log.note(ONE, request(number, 200 if number % 2 else 404))
    log.note(OTHER, request(9))
    assert [each.at for each in log.recent(ONE, everything, 3)] == [4, 3, 2]
    assert [each.at for each in log.recent(ONE, lambda each: each.failed, 9)] == [4, 2, 0]
    assert log.counts(ONE) == [("qbo", 5, 3)]
    assert log.recent(CompanyId(3), everything, 9) == []


def test_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity, "KEPT_MAX", 2)
    monkeypatch.setattr(activity, "COMPANIES_MAX", 2)
    log = ActivityLog()
    for number in range(4):
        log.note(ONE, request(number))
    assert [each.at for each in log.recent(ONE, everything, 9)] == [3, 2]
    log.note(OTHER, request(5))
    log.note(ONE, request(6))
    log.note(CompanyId(3), request(7))
    assert log.recent(OTHER, everything, 9) == []
    assert log.recent(ONE, everything, 9) != []


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
