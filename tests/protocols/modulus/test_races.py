"""Two at the same moment: what happens exactly once, over a store that is shared by threads."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from tests.support.modulus import OPERATOR_ACTOR, Wire, rent

from daybook.app.ledger import Committed, Context, Outcome, Refused
from daybook.domain.commands import Command, DeleteEntry, Guard, MoveEntry
from daybook.domain.events import EventKind
from daybook.domain.ids import EntryId
from daybook.domain.model import Status
from daybook.domain.refusals import RefusalCode
from daybook.protocols.modulus.journals import WAITING
from daybook.storage import open_store

ROUNDS = 12
THREADS = 4


@pytest.fixture
def wire(tmp_path: Path) -> Iterator[Wire]:
    store = open_store(f"sqlite:///{tmp_path / 'books.db'}")
    yield Wire(store)
    store.close()


def at_once(works: list[Callable[[], int | None]]) -> list[int | None]:
    """The results of works that begin at the same moment."""
    barrier = Barrier(len(works))

    def run(work: Callable[[], int | None]) -> int | None:
        barrier.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def approve(wire: Wire, journal_id: int) -> Callable[[], int | None]:
    """Approves; answers with the code of the refusal, None if it went well."""

    def work() -> int | None:
        command: Command = MoveEntry(EntryId(journal_id), None, Status.POSTED, Guard(WAITING))
        outcome: Outcome = wire.books().execute(command, Context(OPERATOR_ACTOR))
        if isinstance(outcome, Refused):
            return outcome.refusals[0].code
        assert isinstance(outcome, Committed)
        return None

    return work


def delete(wire: Wire, journal_id: int) -> Callable[[], int | None]:
    return lambda: wire.call("DeleteJournal", journal_id=journal_id).code


def kinds(wire: Wire, journal_id: int) -> list[EventKind]:
    with wire.books().read() as reader:
        return [event.kind for event in reader.history("entry", journal_id)]


def test_two_approvals_post_once(wire: Wire) -> None:
    for round in range(ROUNDS):
        journal_id = wire.create(rent())
        results = at_once([approve(wire, journal_id)] * THREADS)
        assert results.count(None) == 1
        assert results.count(RefusalCode.WRONG_STATUS) == THREADS - 1
        assert kinds(wire, journal_id) == [EventKind.CREATED, EventKind.MOVED]
        with wire.books().read() as reader:
            assert {total.debit + total.credit for total in reader.account_totals()} == {
                120_000 * (round + 1)
            }


def test_deleting_while_approval_is_under_way_ends_in_one_of_the_two(wire: Wire) -> None:
    posted = 0
    for _ in range(ROUNDS):
        journal_id = wire.create(rent())
        deleted, approved = at_once([delete(wire, journal_id), approve(wire, journal_id)])
        assert (deleted, approved) in ((None, RefusalCode.ENTRY_DELETED), (1229, None))
        entry = wire.entry(journal_id)
        assert (entry.deleted_at is None) == (entry.status is Status.POSTED) == (approved is None)
        posted += approved is None
    with wire.books().read() as reader:
        assert sum(total.debit for total in reader.account_totals()) == 120_000 * posted


def test_two_deletes_succeed_once(wire: Wire) -> None:
    for _ in range(ROUNDS):
        journal_id = wire.create(rent())
        results = at_once([delete(wire, journal_id)] * THREADS)
        assert sorted(results, key=str) == [1237] * (THREADS - 1) + [None]


def test_an_update_and_an_approval_leave_a_whole_journal(wire: Wire) -> None:
    """Either the update is too late, or the approval posts the new entries."""
    for _ in range(ROUNDS):
        journal_id = wire.create(rent())
        lines = rent()["journal_entries"]
        for line in lines:
            for side in ("debit", "credit"):
                line[f"base_currency_{side}_amount"] *= 2
        body = {"journal_id": journal_id, "journal_entries": lines}

        def update(body: object = body) -> int | None:
            return wire.call("UpdateJournal", body).code

        updated, approved = at_once([update, approve(wire, journal_id)])
        assert approved is None
        assert updated in (None, 1229)
        entry = wire.entry(journal_id)
        assert entry.status is Status.POSTED
        assert entry.total == (240_000 if updated is None else 120_000)


def test_two_journals_with_one_reference_number(wire: Wire) -> None:
    for round in range(ROUNDS):
        body = rent(reference_number=f"R-{round}")

        def create(body: object = body) -> int | None:
            return wire.call("CreateJournal", body).code

        assert sorted(at_once([create] * THREADS), key=str) == [1228] * (THREADS - 1) + [None]


def test_moving_needs_an_entry_that_is_there(wire: Wire) -> None:
    outcome = wire.attempt(MoveEntry(EntryId(5), None, Status.POSTED))
    assert isinstance(outcome, Refused)
    journal_id = wire.create(rent())
    wire.execute(DeleteEntry(EntryId(journal_id), None))
    outcome = wire.attempt(MoveEntry(EntryId(journal_id), None, Status.POSTED))
    assert isinstance(outcome, Refused)
    assert outcome.refusals[0].code is RefusalCode.ENTRY_DELETED
