"""Guessing is bounded by name, by network and by both, and the bounds' memory is bounded too."""

import pytest
from tests.auth.conftest import SECOND, HandClock
from tests.support.peers import joined

from daybook.auth import guesses
from daybook.auth.guesses import (
    OF_BLOCK_MAX,
    OF_NAME_MAX,
    OF_PAIR_MAX,
    OF_PLACE_MAX,
    WINDOW_SECONDS,
    Guesses,
)


def remembered(failures: Guesses) -> list[bytes]:
    """Everything that is counted."""
    return [key for counts in failures._failures for key in counts]


def test_a_name_is_shut_where_it_has_failed_and_nowhere_else(clock: HandClock) -> None:
    failures = Guesses(clock)
    for _ in range(OF_PAIR_MAX):
        assert failures.begin("ada", "here") == 0
    clock.now += 60 * SECOND
    assert failures.begin("ada", "here") == WINDOW_SECONDS - 60
    assert failures.begin("bob", "here") == 0
    assert failures.begin("ada", "there") == 0, "a stranger's failures are in nobody's way"
    clock.now += (WINDOW_SECONDS - 60) * SECOND
    assert failures.begin("ada", "here") == 0


def test_a_name_that_is_guessed_from_everywhere_is_open_to_networks_it_has_come_from(
    clock: HandClock,
) -> None:
    failures = Guesses(clock, lambda name, peer: (name, peer) == ("ada", "home"))
    for at in range(OF_NAME_MAX):
        assert failures.begin("ada", f"peer {at}") == 0
    assert failures.begin("ada", "another") == WINDOW_SECONDS
    for _ in range(3 * OF_NAME_MAX):
        assert failures.begin("ada", "home") == 0
        failures.succeed("ada", "home")
    assert failures.begin("ada", "another") > 0, "that they come and go opens it to nobody else"
    for _ in range(OF_PAIR_MAX):
        assert failures.begin("ada", "home") == 0
    assert failures.begin("ada", "home") > 0, "the other bounds hold for them too"


def test_an_address_is_shut_after_some_failures_with_whatever_names(clock: HandClock) -> None:
    failures = Guesses(clock)
    for at in range(OF_PLACE_MAX):
        assert failures.begin(f"name {at}", "peer") == 0
    assert failures.begin("ada", "peer") == WINDOW_SECONDS
    assert failures.begin("ada", "another") == 0


def test_success_forgets_the_name_but_not_the_other_failures_of_the_address(
    clock: HandClock,
) -> None:
    failures = Guesses(clock)
    for at in range(OF_PLACE_MAX - 1):
        failures.begin(f"name {at}", "peer")
    for _ in range(3 * OF_PAIR_MAX):
        assert failures.begin("ada", "peer") == 0
        failures.succeed("ada", "peer")
    failures.begin("eve", "peer")
    assert failures.begin("ada", "peer") > 0


def test_what_is_refused_does_not_count(clock: HandClock) -> None:
    failures = Guesses(clock)
    for _ in range(OF_PAIR_MAX):
        failures.begin("ada", "peer")
    for _ in range(2 * OF_PLACE_MAX):
        assert failures.begin("ada", "peer") > 0
    assert failures.begin("bob", "peer") == 0


def test_memory_is_bounded(clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guesses, "REMEMBERED_MAX", 20)
    failures = Guesses(clock)
    for at in range(100):
        failures.begin(f"name {at}", f"198.51.100.{at}")
    assert len(remembered(failures)) == 3 * 20, "names, networks and pairs of them"


def test_a_long_name_takes_no_more_room_than_a_short_one(clock: HandClock) -> None:
    failures = Guesses(clock)
    for name in ("x" * 1_000_000, "\ud800"):
        failures.begin(name, "peer")
        assert all(len(key) == 32 for key in remembered(failures))


def test_what_ended_is_forgotten(clock: HandClock) -> None:
    failures = Guesses(clock)
    for at in range(30):
        failures.begin(f"name {at}", f"peer {at}")
    clock.now += (WINDOW_SECONDS - 1) * SECOND
    failures.begin("ada", "")
    clock.now += SECOND
    failures.begin("bob", "")
    assert len(remembered(failures)) == 2


def test_addresses_of_one_network_count_together(clock: HandClock) -> None:
    failures = Guesses(clock)
    for number in range(OF_PLACE_MAX):
        assert failures.begin(f"a{number}", f"2001:db8:0:1::{number:x}") == 0
    assert failures.begin("ann", "2001:db8:0:1:ffff::1") > 0
    assert failures.begin("ann", "2001:db8:0:2::1") == 0


def test_networks_of_one_customer_count_together_too(clock: HandClock) -> None:
    failures = Guesses(clock, lambda name, peer: (name, peer) == ("ada", "2001:db8:1:ffff::1"))
    for number in range(OF_BLOCK_MAX):
        assert failures.begin(f"a{number}", f"2001:db8:1:{number:x}::1") == 0
    assert failures.begin("ann", "2001:db8:1:eeee::1") == WINDOW_SECONDS
    assert failures.begin("ada", "2001:db8:1:ffff::1") == 0, "who has come in from there goes on"
    assert failures.begin("ann", "2001:db8:2::1") == 0
    for number in range(OF_BLOCK_MAX + 1):
        assert failures.begin(f"b{number}", f"198.51.100.{number}") == 0, "IPv4 has no such blocks"


def test_what_is_made_up_pushes_out_no_name_that_somebody_has(
    clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "REMEMBERED_MAX", 20)
    failures = Guesses(clock, is_somebody=lambda name: name == "ada")
    for at in range(OF_NAME_MAX):
        assert failures.begin("ada", f"peer {at}") == 0
    for at in range(200):
        assert failures.begin(f"made up {at}", f"other peer {at}") == 0
    assert failures.begin("ada", "another") == WINDOW_SECONDS


def test_a_name_that_nobody_has_waits_like_one_that_somebody_has(clock: HandClock) -> None:
    """Otherwise failing a hundred times would tell which names there are."""
    failures = Guesses(clock, is_somebody=lambda name: name == "ada")
    for name in ("ada", "nobody"):
        for at in range(OF_NAME_MAX):
            assert failures.begin(name, f"{name}'s peer {at}") == 0
        assert failures.begin(name, "another") == WINDOW_SECONDS


def test_processes_count_together(clock: HandClock) -> None:
    here, there = joined()
    first, second = Guesses(clock, peers=here), Guesses(clock, peers=there)
    for at in range(OF_PAIR_MAX):
        assert (first, second)[at % 2].begin("ada \ud800", "peer") == 0
    assert first.begin("ada \ud800", "peer") == second.begin("ada \ud800", "peer") > 0
    assert second.begin("bob", "peer") == 0
    for _ in range(OF_PAIR_MAX - 1):
        second.begin("bob", "peer")
    second.succeed("bob", "peer")
    assert first.begin("bob", "peer") == second.begin("bob", "peer") == 0, "a success is told too"


def test_doors_count_apart(clock: HandClock) -> None:
    here, there = joined()
    first, second = Guesses(clock, peers=here, door="a"), Guesses(clock, peers=there, door="b")
    for _ in range(OF_PAIR_MAX):
        first.begin("ada", "peer")
    assert second.begin("ada", "peer") == 0
