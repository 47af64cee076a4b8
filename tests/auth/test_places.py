"""Where people have come from is known again for a while, and says nothing to who reads it."""

import pytest
from tests.auth.conftest import SECOND, HandClock

from daybook.app.ports import Directory
from daybook.auth.places import KIND, PLACE_SECONDS, PLACES_MAX, RENEW_SECONDS, WIRE, Places


@pytest.fixture
def places(directory: Directory, clock: HandClock) -> Places:
    return Places(directory, clock)


def test_who_came_from_a_network_is_known_there(places: Places) -> None:
    places.note("ada", "2001:db8:0:1::1")
    assert places.knows("ada", "2001:db8:0:1::2")
    assert not places.knows("ada", "2001:db8:0:2::1")
    assert not places.knows("bob", "2001:db8:0:1::1")


def test_the_latest_are_kept(places: Places, clock: HandClock) -> None:
    for at in range(PLACES_MAX + 1):
        places.note("ada", f"peer {at}")
    assert not places.knows("ada", "peer 0")
    assert all(places.knows("ada", f"peer {at}") for at in range(1, PLACES_MAX + 1))


def test_a_network_is_forgotten_unless_they_come_again(places: Places, clock: HandClock) -> None:
    places.note("ada", "home")
    places.note("ada", "hotel")
    clock.now += (PLACE_SECONDS - 1) * SECOND
    places.note("ada", "home")
    clock.now += SECOND
    assert places.knows("ada", "home")
    assert not places.knows("ada", "hotel")


def test_it_is_written_once_a_day(places: Places, directory: Directory, clock: HandClock) -> None:
    def version() -> int:
        (document,) = directory.documents(WIRE, KIND)
        return document.version

    places.note("ada", "home")
    before = version()
    clock.now += (RENEW_SECONDS - 1) * SECOND
    places.note("ada", "home")
    assert version() == before
    clock.now += SECOND
    places.note("ada", "home")
    assert version() > before


def test_no_name_and_no_address_is_kept(places: Places, directory: Directory) -> None:
    places.note("ada", "192.0.2.1")
    places.note("bob", "192.0.2.1")
    first, second = directory.documents(WIRE, KIND)
    for each in (first, second):
        assert "ada" not in each.key
        assert b"192.0.2.1" not in each.body
    assert first.body != second.body
