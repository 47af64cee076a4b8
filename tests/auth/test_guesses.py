"""Guessing is bounded by name and by address, and the bound's memory is bounded too."""

import pytest
from tests.auth.conftest import SECOND, HandClock

from daybook.auth import guesses
from daybook.auth.guesses import OF_NAME_MAX, OF_PEER_MAX, WINDOW_SECONDS, Guesses, place_of


def test_a_name_is_shut_after_some_failures_wherever_they_come_from(clock: HandClock) -> None:
    failures = Guesses(clock)
    for at in range(OF_NAME_MAX):
        assert failures.begin("ada", f"peer {at}") == 0
    clock.now += 60 * SECOND
    assert failures.begin("ada", "another") == WINDOW_SECONDS - 60
    assert failures.begin("bob", "another") == 0
    clock.now += (WINDOW_SECONDS - 60) * SECOND
    assert failures.begin("ada", "another") == 0


def test_an_address_is_shut_after_some_failures_with_whatever_names(clock: HandClock) -> None:
    failures = Guesses(clock)
    for at in range(OF_PEER_MAX):
        assert failures.begin(f"name {at}", "peer") == 0
    assert failures.begin("ada", "peer") == WINDOW_SECONDS
    assert failures.begin("ada", "another") == 0


def test_success_forgets_the_name_but_not_the_other_failures_of_the_address(
    clock: HandClock,
) -> None:
    failures = Guesses(clock)
    for at in range(OF_PEER_MAX - 1):
        failures.begin(f"name {at}", "peer")
    for _ in range(3 * OF_NAME_MAX):
        assert failures.begin("ada", "peer") == 0
        failures.succeed("ada", "peer")
    failures.begin("eve", "peer")
    assert failures.begin("ada", "peer") > 0


def test_what_is_refused_does_not_count(clock: HandClock) -> None:
    failures = Guesses(clock)
    for _ in range(OF_NAME_MAX):
        failures.begin("ada", "peer")
    for _ in range(2 * OF_PEER_MAX):
        assert failures.begin("ada", "peer") > 0
    assert failures.begin("bob", "peer") == 0


def test_memory_is_bounded(clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "REMEMBERED_MAX", 20)
    failures = Guesses(clock)
    for at in range(100):
        failures.begin(f"name {at}", "")
    assert len(failures._failures) == 20


def test_a_long_name_takes_no_more_room_than_a_short_one(clock: HandClock) -> None:
    failures = Guesses(clock)
    for name in ("x" * 1_000_000, "\ud800"):
        failures.begin(name, "peer")
        assert all(len(key) == 32 for key in failures._failures)


def test_what_ended_is_forgotten(clock: HandClock) -> None:
    failures = Guesses(clock)
    for at in range(30):
        failures.begin(f"name {at}", f"peer {at}")
    clock.now += (WINDOW_SECONDS - 1) * SECOND
    failures.begin("ada", "")
    clock.now += SECOND
    failures.begin("bob", "")
    assert len(failures._failures) == 2


def test_addresses_of_one_network_count_together(clock: HandClock) -> None:
    failures = Guesses(clock)
    for number in range(OF_PEER_MAX):
        assert failures.begin(f"a{number}", f"2001:db8:0:1::{number:x}") == 0
    assert failures.begin("ann", "2001:db8:0:1:ffff::1") > 0
    assert failures.begin("ann", "2001:db8:0:2::1") == 0
    assert place_of("::ffff:192.0.2.1") == place_of("192.0.2.1") == "192.0.2.1"
    assert place_of("somewhere") == "somewhere"
