"""Reads of one turn share a snapshot, which is never older than any of them."""

import asyncio
import gc
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support import records

from daybook.app.access import OPERATOR, Principal
from daybook.app.ledger import Books, Ledger
from daybook.app.ports import Reader
from daybook.domain.ids import CompanyId
from daybook.protocols.kit.plugin import Answer, Reading, Response
from daybook.server import reads as module
from daybook.server.reads import GROUP_MAX, Reads
from daybook.storage import open_store


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that have passed: none but those that a test lets pass."""
    seconds = [0.0]
    monkeypatch.setattr(module, "perf_counter", lambda: seconds[0])
    monkeypatch.setattr(module, "TURN_SECONDS_MAX", 1)
    return seconds


@pytest.fixture(params=["memory", "sqlite"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    url = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/books.db"
    ledger = Ledger(open_store(url))
    for number in (1, 2):
        records.found(ledger.store, number, records.chart())
    yield ledger
    ledger.store.close()


def opened(ledger: Ledger, company_id: int = 1, principal: Principal = OPERATOR) -> Books:
    books = ledger.books(CompanyId(company_id), principal)
    assert books is not None
    return books


def add(ledger: Ledger, number: int, company_id: int = 1) -> None:
    records.keep(ledger.store, CompanyId(company_id), records.created(records.entry(number)))


def live(reader: Reader) -> int:
    return reader.head().entries_live


class Asker:
    """Whoever has something read, and what came of it in order."""

    def __init__(self) -> None:
        self.reads = Reads()
        self.answers: list[Answer | BaseException] = []

    def ask(
        self,
        books: Books,
        find: Callable[[Reader], Any],
        show: Callable[[Any, Reader], Response] = lambda found, _: Response(found),
    ) -> None:
        self.reads.add(Reading(books, find, show), self.answers.append)

    def found(self) -> list[Any]:
        """What was found, or the words of what went wrong."""
        assert not self.reads.turn()
        return [each.status if isinstance(each, Response) else str(each) for each in self.answers]


def fail(reader: Reader) -> int:
    raise ValueError("a fault on purpose")


def refuse(found: object, reader: Reader) -> Response:
    raise ValueError("it cannot be shown")


def test_reads_of_one_turn_share_a_snapshot(ledger: Ledger) -> None:
    """Also those that are too many for one group."""
    asker = Asker()
    for _ in range(2 * GROUP_MAX + 1):
        asker.ask(opened(ledger), lambda reader: reader)
    asker.ask(opened(ledger, 2), lambda reader: reader.company.id)
    *those, other = asker.found()
    assert len(those) == 2 * GROUP_MAX + 1
    assert len({id(reader) for reader in those}) == 1
    assert other == 2
    asker.ask(opened(ledger), lambda reader: reader)
    assert asker.found()[-1] is not those[0]


def test_all_of_a_group_are_found_before_one_is_shown_and_shown_before_one_is_told(
    ledger: Ledger,
) -> None:
    order: list[str] = []
    reads = Reads()

    def show(found: None, reader: Reader) -> Response:
        order.append("shown")
        return Response(200)

    for _ in range(2):
        reading = Reading(opened(ledger), lambda _: order.append("found"), show)
        reads.add(reading, lambda _: order.append("told"))
    reads.turn()
    assert order == ["found", "found", "shown", "shown", "told", "told"]


def test_a_read_sees_what_was_kept_before_it_was_asked_for(ledger: Ledger) -> None:
    """Also where another read of its turn was asked for earlier."""
    asker = Asker()
    for number in range(1, 5):
        asker.ask(opened(ledger), live)
        add(ledger, number)
        asker.ask(opened(ledger), live)
        assert asker.found()[-2:] == [number, number]


def test_a_read_that_fails_takes_no_other_along(ledger: Ledger) -> None:
    asker = Asker()
    asker.ask(opened(ledger), fail)
    asker.ask(opened(ledger), live)
    asker.ask(opened(ledger), live, refuse)
    asker.ask(opened(ledger), live)
    assert asker.found() == ["a fault on purpose", 0, "it cannot be shown", 0]


def test_a_read_that_fails_is_no_matter_to_other_groups(ledger: Ledger) -> None:
    asker = Asker()
    for number in range(3 * GROUP_MAX):
        asker.ask(opened(ledger), fail if number == GROUP_MAX else live)
    asker.ask(opened(ledger, 2), live)
    found = asker.found()
    assert sorted(map(str, found)) == ["0"] * (3 * GROUP_MAX) + ["a fault on purpose"]


def test_a_store_that_cannot_be_read_fails_each_read(tmp_path: Path) -> None:
    ledger = Ledger(open_store(f"sqlite:///{tmp_path}/books.db"))
    records.found(ledger.store)
    books = opened(ledger)
    ledger.store.close()
    asker = Asker()
    for _ in range(3):
        asker.ask(books, live)
    found = asker.found()
    assert len(found) == 3
    assert all("closed" in each for each in found)


def test_whoever_may_not_read_is_told_at_once(ledger: Ledger) -> None:
    asker = Asker()
    asker.ask(opened(ledger), live)
    asker.ask(opened(ledger, principal=Principal("app", None, frozenset())), live)
    assert isinstance(asker.answers[0], PermissionError)
    assert asker.found()[1:] == [0]


def test_a_long_row_of_reads_lets_others_have_their_turn(
    ledger: Ledger, clock: list[float]
) -> None:
    """However few there are of a group: what was found is shown. The companies take turns too."""

    def find(reader: Reader) -> int:
        clock[0] += 0.6
        return int(reader.company.id)

    asker = Asker()
    for company in (1, 1, 1, 2, 1):
        asker.ask(opened(ledger, company), find)
    turns = []
    while asker.reads.turn():
        turns.append(len(asker.answers))
    assert turns == [2, 4]
    assert asker.found() == [1, 1, 2, 1, 1]


def test_a_slow_answer_lets_others_have_their_turn(ledger: Ledger, clock: list[float]) -> None:
    def show(found: int, reader: Reader) -> Response:
        clock[0] += 0.1
        return Response(found)

    asker = Asker()
    for _ in range(3 * GROUP_MAX):
        asker.ask(opened(ledger), live, show)
    assert asker.reads.turn()
    assert len(asker.answers) == GROUP_MAX
    clock[0] += 1
    assert asker.reads.turn()
    assert len(asker.answers) == 2 * GROUP_MAX
    assert asker.found() == [0] * 3 * GROUP_MAX


def test_a_failed_read_leaves_nothing_for_the_garbage_collector(ledger: Ledger) -> None:
    class Fault(Exception):
        pass

    faults: list[weakref.ref[Fault]] = []

    def fail(reader: Reader) -> None:
        fault = Fault()
        faults.append(weakref.ref(fault))
        try:
            raise fault
        finally:
            del fault

    gc.disable()
    try:
        asker = Asker()
        asker.ask(opened(ledger), fail)
        asker.found()
        asker.answers.clear()
        assert faults
        assert not any(fault() for fault in faults)
    finally:
        gc.enable()


def numbers(number: int) -> Callable[[Reader], int]:
    """Finds a number."""
    return lambda _: number


@pytest.mark.parametrize("kind", [ValueError, asyncio.CancelledError, GeneratorExit])
def test_what_was_shown_before_a_fault_is_not_shown_again(
    ledger: Ledger, kind: type[BaseException]
) -> None:
    asker, shown = Asker(), []

    def show(found: int, reader: Reader) -> Response:
        shown.append(found)
        if found == 2:
            raise kind("a fault on purpose")
        return Response(found)

    for number in range(1, 5):
        asker.ask(opened(ledger), numbers(number), show)
    assert asker.found() == [1, "a fault on purpose", 3, 4]
    assert shown == [1, 2, 2, 3, 4]
