"""Of each person so many codes are kept, and nobody is in another's way."""

import threading
from pathlib import Path

import pytest
from tests.auth.conftest import HandClock

from daybook.app.access import Scope
from daybook.app.ledger import system_clock
from daybook.app.ports import Directory
from daybook.auth.applications import Application
from daybook.auth.codes import CODES_OF_ONE_MAX, KIND, WIRE, Codes
from daybook.auth.wishes import Wish
from daybook.domain.ids import CompanyId, Timestamp
from daybook.storage import open_store

APP = Application("app", "App", ("https://app.example/",), frozenset(Scope), None)
WISH = Wish(APP, "https://app.example/", ("com.intuit.quickbooks.accounting",), None)
READ = frozenset({Scope.READ})


def code(codes: Codes, user: str) -> str:
    return codes.make(WISH, user, Timestamp(1), CompanyId(1), READ)


def test_the_oldest_code_of_a_person_makes_room_and_others_keep_theirs(
    directory: Directory, clock: HandClock
) -> None:
    codes = Codes(directory, clock)
    others = code(codes, "bob")
    made = []
    for _ in range(CODES_OF_ONE_MAX + 2):
        clock.now += 1
        made.append(code(codes, "ada"))
    assert [codes.find(text) is None for text in made] == [True] * 2 + [False] * CODES_OF_ONE_MAX
    assert codes.find(others) is not None
    assert directory.count_documents(WIRE, KIND) == CODES_OF_ONE_MAX + 1


def test_codes_that_were_forgotten_are_no_hindrance(directory: Directory, clock: HandClock) -> None:
    codes = Codes(directory, clock)
    for _ in range(CODES_OF_ONE_MAX):
        code(codes, "ada")
    clock.now += 86_400_000_000
    assert codes.find(code(codes, "ada")) is not None
    assert directory.count_documents(WIRE, KIND) == 1


@pytest.mark.parametrize("url", ["memory://", "sqlite"])
def test_codes_made_at_once_are_all_kept(url: str, tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/books.db" if url == "sqlite" else url)
    codes = Codes(store.directory, system_clock)
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.append(code(codes, "ada"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(made) == 4
    assert all(codes.find(text) is not None for text in made)
    store.close()
