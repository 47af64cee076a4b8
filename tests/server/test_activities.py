"""The recent requests of all processes; several ends in one process stand for them."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest

from daybook.app.activity import Activity, ActivityLog, Asked, Look
from daybook.domain.ids import CompanyId, Timestamp
from daybook.server.activities import ActivitiesOfAll
from daybook.server.peers import Inbox, ServerPeers, inboxes

SHOP, OTHER = CompanyId(1), CompanyId(2)
REQUEST = Activity(Timestamp(0), "qbo", "read", "GET", "/v3", 404, 5, "r", "Not found", user="ada")


@pytest.fixture
def three() -> Iterator[list[Inbox]]:
    found = inboxes(3)
    yield found
    for pair in found:
        for end in pair:
            end.close()


def processes(three: list[Inbox]) -> list[ActivitiesOfAll]:
    return [ActivitiesOfAll(ActivityLog(), ServerPeers(place, three)) for place in range(3)]


def look(three: list[Inbox], asked: Asked, error: str = "") -> Look:
    """What the first of three processes shows, each of which has answered four requests."""

    async def main() -> Look:
        all_of_them = processes(three)
        for number in range(12):
            status: int | str = 200 if number % 4 else "42601"
            noted = replace(REQUEST, at=Timestamp(number), status=status, error=error)
            all_of_them[number % 3].note(SHOP, noted)
        all_of_them[1].note(OTHER, REQUEST)
        return await all_of_them[0].look(SHOP, asked)

    return asyncio.run(main())


def test_requests_that_any_process_answered_are_shown(three: list[Inbox]) -> None:
    shown = look(three, Asked(7))
    assert [each.at for each in shown.found] == [11, 10, 9, 8, 7, 6, 5]
    assert shown.found[3] == replace(REQUEST, at=Timestamp(8), status="42601", error="")
    assert shown.counts == (("qbo", 12, 0),)


def test_the_others_are_asked_for_what_is_wanted(three: list[Inbox]) -> None:
    assert look(three, Asked(100, "sql"), "no") == Look((), (("qbo", 12, 12),))
    assert len(look(three, Asked(100, "qbo", failed=True), "no").found) == 12


def test_as_many_are_told_as_a_message_holds(three: list[Inbox]) -> None:
    shown = look(three, Asked(100), "x" * 60_000)
    assert [each.at for each in shown.found] == [11, 10, 9, 8, 7, 6, 3, 0]
    assert shown.counts == (("qbo", 12, 12),)
