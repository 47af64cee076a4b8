"""How often somebody may be wrong: by name, by address and by both, also all at once."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import pytest
from tests.support.clock import TestClock
from tests.support.peers import joined

from daybook.app.access import Unguarded
from daybook.protocols.modulus import attempts as module
from daybook.protocols.modulus.attempts import Attempts
from daybook.protocols.modulus.errors import ModulusFault
from daybook.protocols.modulus.limits import (
    FAILED_ADDRESS_MAX,
    FAILED_ATTEMPTS_MAX,
    FAILED_BLOCK_MAX,
    FAILED_NAME_MAX,
    FAILED_NAME_WINDOW_SECONDS,
    FAILED_WINDOW_SECONDS,
)


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def attempts(clock: TestClock) -> Attempts:
    return Attempts(clock)


async def attempt(attempts: Attempts, name: str, peer: str, *, right: bool = False) -> bool:
    """Whether an attempt is judged at all. The verdict takes a turn of the loop."""
    with suppress(ModulusFault):
        async with attempts.one(name, peer) as one:
            await asyncio.sleep(0)
            one.failed = not right
        return True
    return False


def remembered(attempts: Attempts) -> int:
    """How much is counted."""
    return sum(map(len, attempts._counts.values()))


def judged(*tried: Coroutine[Any, Any, bool]) -> int:
    """How many of some attempts, made at once, are judged."""

    async def together() -> int:
        return sum(await asyncio.gather(*tried))

    return asyncio.run(together())


def test_one_name_from_one_address(attempts: Attempts, clock: TestClock) -> None:
    tried = [attempt(attempts, "ada", "here") for _ in range(2 * FAILED_ATTEMPTS_MAX)]
    assert judged(*tried) == FAILED_ATTEMPTS_MAX, "guesses made at once are no more than others"
    assert judged(attempt(attempts, "ada", "here", right=True)) == 0
    assert judged(attempt(attempts, "ada", "there", right=True)) == 1
    clock.now += FAILED_WINDOW_SECONDS * 1_000_000
    assert judged(attempt(attempts, "ada", "here", right=True)) == 1


def test_many_names_from_one_address(attempts: Attempts) -> None:
    tried = [attempt(attempts, f"name{number}", "here") for number in range(200)]
    assert judged(*tried) == FAILED_ADDRESS_MAX
    assert judged(attempt(attempts, "ada", "there")) == 1


def test_one_name_from_many_addresses(attempts: Attempts) -> None:
    tried = [attempt(attempts, "ada", f"address{number}") for number in range(200)]
    assert judged(*tried) == FAILED_NAME_MAX
    assert judged(attempt(attempts, "bob", "address1")) == 1


class _Home(Unguarded):
    """Knows where ada is at home."""

    def __init__(self, address: str = "home") -> None:
        self._address = address

    def knows(self, name: str, peer: str) -> bool:
        return (name, peer) == ("ada", self._address)


def test_a_name_guessed_from_everywhere_is_open_to_addresses_it_has_come_from(
    clock: TestClock,
) -> None:
    attempts = Attempts(clock, guard=_Home())
    tried = [attempt(attempts, "ada", f"address{number}") for number in range(200)]
    assert judged(*tried) == FAILED_NAME_MAX
    assert judged(attempt(attempts, "ada", "home", right=True)) == 1
    clock.now += FAILED_WINDOW_SECONDS * 1_000_000
    assert judged(attempt(attempts, "ada", "elsewhere", right=True)) == 0
    clock.now += FAILED_NAME_WINDOW_SECONDS * 1_000_000
    assert judged(attempt(attempts, "ada", "elsewhere", right=True)) == 1


def test_addresses_of_one_network_count_together(attempts: Attempts) -> None:
    tried = [attempt(attempts, "ada", f"2001:db8::{number:x}") for number in range(20)]
    assert judged(*tried) == FAILED_ATTEMPTS_MAX


def test_networks_of_one_customer_count_together_too(clock: TestClock) -> None:
    attempts = Attempts(clock, guard=_Home("2001:db8:1:ffff::1"))
    number = FAILED_BLOCK_MAX + 50
    tried = [attempt(attempts, f"{each}", f"2001:db8:1:{each:x}::1") for each in range(number)]
    assert judged(*tried) == FAILED_BLOCK_MAX
    assert judged(attempt(attempts, "bob", "2001:db8:1:ffff::1")) == 0
    assert judged(attempt(attempts, "ada", "2001:db8:1:ffff::1", right=True)) == 1
    assert judged(attempt(attempts, "bob", "2001:db8:2::1")) == 1


def test_what_is_made_up_pushes_out_no_name_that_somebody_has(
    clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FAILED_KEPT_MAX", 9)
    attempts = Attempts(clock, is_somebody=lambda name: name == "ada")
    for name in ("ada", "nobody"):
        tried = [attempt(attempts, name, f"{name}{number}") for number in range(200)]
        assert judged(*tried) == FAILED_NAME_MAX, "who is nobody waits alike"
    assert judged(*(attempt(attempts, f"x{number}", f"x{number}") for number in range(50))) == 50
    assert judged(attempt(attempts, "ada", "elsewhere")) == 0


def test_honest_programs_that_sign_in_all_at_once(attempts: Attempts) -> None:
    tried = [attempt(attempts, "app", "here", right=True) for _ in range(200)]
    assert judged(*tried) == 200
    assert remembered(attempts) == 0, "and nothing is remembered of them"


def test_a_success_forgets_its_own_failures_and_not_those_of_the_address(
    attempts: Attempts,
) -> None:
    rounds = FAILED_ADDRESS_MAX // (FAILED_ATTEMPTS_MAX - 1)
    for _ in range(rounds):
        for _ in range(FAILED_ATTEMPTS_MAX - 1):
            assert judged(attempt(attempts, "ada", "here"))
        assert judged(attempt(attempts, "ada", "here", right=True))
    left = FAILED_ADDRESS_MAX - rounds * (FAILED_ATTEMPTS_MAX - 1)
    assert judged(*(attempt(attempts, f"{number}", "here") for number in range(20))) == left


def test_what_was_not_judged_does_not_count(attempts: Attempts) -> None:
    async def broken() -> None:
        async with attempts.one("ada", "here"):
            raise LookupError

    for _ in range(2 * FAILED_ATTEMPTS_MAX):
        with pytest.raises(LookupError):
            asyncio.run(broken())
    assert remembered(attempts) == 0


def test_what_is_remembered_is_bounded(attempts: Attempts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FAILED_KEPT_MAX", 9)
    for number in range(FAILED_ATTEMPTS_MAX):
        assert judged(attempt(attempts, "ada", "here"))
        assert judged(attempt(attempts, f"{number}", f"{number}"))
    assert remembered(attempts) <= 3 * 9, "names, addresses and pairs of them"
    assert not judged(attempt(attempts, "ada", "here")), "what failed last is kept"


def test_only_so_many_wait(attempts: Attempts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING_ATTEMPTS_MAX", 3)
    tried = [attempt(attempts, "app", "here", right=True) for _ in range(20)]
    assert judged(*tried) == FAILED_ATTEMPTS_MAX + 3


def test_processes_count_together(clock: TestClock) -> None:
    here, there = joined()
    first, second = Attempts(clock, here), Attempts(clock, there)
    for _ in range(FAILED_ATTEMPTS_MAX - 1):
        assert judged(attempt(first, "ada", "here")) == 1
    assert judged(attempt(second, "ada", "here", right=True)) == 1, "one try was left"
    for at in range(FAILED_ATTEMPTS_MAX):
        assert judged(attempt((first, second)[at % 2], "ada", "here")) == 1, "a success begins anew"
    assert judged(attempt(first, "ada", "here")) == judged(attempt(second, "ada", "here")) == 0
