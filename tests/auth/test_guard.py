"""The doors of a store tell names that somebody has from those that are made up."""

from collections.abc import Callable

import pytest
from tests.auth.conftest import HandClock

from daybook.app.access import Nobody
from daybook.app.ports import Directory, User
from daybook.app.sessions import Entered
from daybook.auth import guesses
from daybook.auth.guard import StoreGuard
from daybook.auth.guesses import OF_NAME_MAX
from daybook.auth.people import People
from daybook.auth.sessions import StoreSessions

Begin = Callable[[str, str], int]


def of_guard(directory: Directory, clock: HandClock) -> Begin:
    return StoreGuard(directory, clock).begin


def of_sessions(directory: Directory, clock: HandClock) -> Begin:
    sessions = StoreSessions(directory, clock, People(directory), Nobody())

    def begin(name: str, peer: str) -> int:
        entered = sessions.sign_in(name, "wrong", peer)
        assert not isinstance(entered, Entered)
        return entered.retry_seconds

    return begin


@pytest.mark.parametrize("door", [of_guard, of_sessions])
def test_made_up_names_make_nobody_guessable_again(
    door: Callable[[Directory, HandClock], Begin],
    directory: Directory,
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guesses, "REMEMBERED_MAX", 20)
    directory.put_user(User("ada", "", clock()))
    begin = door(directory, clock)
    for at in range(OF_NAME_MAX):
        assert begin("ada", f"198.51.100.{at}") == 0
    for at in range(100):
        begin(f"made up {at}", f"203.0.113.{at}")
    assert begin("ada", "192.0.2.1") > 0
