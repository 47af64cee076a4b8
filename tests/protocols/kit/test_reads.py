"""Reads of one turn share a snapshot, which is never older than any of them."""

import asyncio
import gc
import weakref
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support import records

from daybook.app.access import OPERATOR, Principal
from daybook.app.ledger import Books, Ledger
from daybook.app.ports import Reader
from daybook.domain.ids import CompanyId
from daybook.protocols.kit import reads as module
from daybook.protocols.kit.reads import Reads
from daybook.storage import open_store


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


def run(scenario: Callable[[Reads], Coroutine[Any, Any, None]]) -> None:
    async def main() -> None:
        await scenario(Reads(asyncio.get_running_loop()))

    asyncio.run(main())


def test_reads_of_one_turn_share_a_snapshot(ledger: Ledger) -> None:
    async def scenario(reads: Reads) -> None:
        those = [reads.read(opened(ledger), lambda reader: reader) for _ in range(3)]
        other = reads.read(opened(ledger, 2), lambda reader: reader.company.id)
        first, second, third = [await each for each in those]
        assert first is second is third
        assert await other == 2
        assert await reads.read(opened(ledger), lambda reader: reader) is not first

    run(scenario)


def test_a_read_sees_what_was_kept_before_it_was_asked_for(ledger: Ledger) -> None:
    """Also where another read of its turn was asked for earlier."""

    async def scenario(reads: Reads) -> None:
        seen = []
        for number in range(1, 5):
            earlier = reads.read(opened(ledger), live)
            add(ledger, number)
            seen.append(await reads.read(opened(ledger), live))
            assert number - 1 <= await earlier <= number
        assert seen == [1, 2, 3, 4]

    run(scenario)


def test_a_read_that_fails_takes_no_other_along(ledger: Ledger) -> None:
    def fail(reader: Reader) -> int:
        raise ValueError("a fault on purpose")

    async def scenario(reads: Reads) -> None:
        works = (fail, live, fail, live)
        those = [reads.read(opened(ledger), work) for work in works]
        found = await asyncio.gather(*those, return_exceptions=True)
        assert [str(each) for each in found] == ["a fault on purpose", "0"] * 2

    run(scenario)


def test_a_store_that_cannot_be_read_fails_each_read(tmp_path: Path) -> None:
    async def scenario(reads: Reads) -> None:
        ledger = Ledger(open_store(f"sqlite:///{tmp_path}/books.db"))
        records.found(ledger.store)
        books = opened(ledger)
        ledger.store.close()
        those = [reads.read(books, live) for _ in range(3)]
        for each in those:
            with pytest.raises(Exception, match="closed"):
                await each

    run(scenario)


def test_whoever_may_not_read_is_told_at_once(ledger: Ledger) -> None:
    async def scenario(reads: Reads) -> None:
        allowed = reads.read(opened(ledger), live)
        with pytest.raises(PermissionError):
            await reads.read(opened(ledger, principal=Principal("app", None, frozenset())), live)
        assert await allowed == 0

    run(scenario)


def test_what_nobody_waits_for_is_not_read(ledger: Ledger) -> None:
    def refuse(reader: Reader) -> int:
        raise AssertionError("it was read")

    async def scenario(reads: Reads) -> None:
        gone = asyncio.ensure_future(reads.read(opened(ledger), refuse))
        stays = reads.read(opened(ledger), live)
        gone.cancel()
        assert await stays == 0

    run(scenario)


def test_a_long_row_of_reads_lets_others_have_their_turn(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here after each read; the companies take turns too."""
    ticks = iter(range(1_000))
    monkeypatch.setattr(module, "perf_counter", lambda: float(next(ticks)))
    order: list[object] = []

    async def scenario(reads: Reads) -> None:
        loop = asyncio.get_running_loop()

        def note(reader: Reader) -> None:
            order.append(int(reader.company.id))
            loop.call_soon(order.append, "other")

        asked = (1, 1, 2)
        await asyncio.gather(*[reads.read(opened(ledger, company), note) for company in asked])

    monkeypatch.setattr(module, "TURN_SECONDS_MAX", 1.5)
    run(scenario)
    assert order[:5] == [1, "other", 2, "other", 1]


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

    async def ask(reads: Reads) -> None:
        with pytest.raises(Fault):
            await reads.read(opened(ledger), fail)

    async def scenario(reads: Reads) -> None:
        await ask(reads)
        await asyncio.sleep(0)
        assert faults[0]() is None

    gc.disable()
    try:
        run(scenario)
    finally:
        gc.enable()


def test_a_read_that_ends_an_iteration_is_a_fault_and_no_endless_wait(ledger: Ledger) -> None:
    def ended(reader: Reader) -> object:
        raise StopIteration

    async def asked() -> None:
        await asyncio.wait_for(Reads(asyncio.get_running_loop()).read(opened(ledger), ended), 20)

    with pytest.raises(RuntimeError):
        asyncio.run(asked())
