"""Power cuts: whatever was acknowledged is there afterwards, and the books agree.

Each round works on a store over a disk that loses power at some write or sync, takes what such a
disk may be left with, opens that, and compares: every acknowledged event, the chain, the totals,
the fence; then it goes on writing. A failure names the seed, and
`DAYBOOK_TEST_SEED=<seed>` begins with it.
"""

import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from threading import Event as Gate

import apsw
import pytest
from tests.faults.vfs import Disk
from tests.support import records
from tests.support.engines import SEED, SLOW
from tests.support.stores import Mail

from daybook.app.ports import IdempotencyKey, Remembered, StoreFailure, Tx, Work
from daybook.domain import chain
from daybook.domain.events import Change, Event
from daybook.domain.ids import CompanyId, EntryId, Timestamp
from daybook.domain.model import AccountKind, JournalEntry, Status
from daybook.storage.sqlite import totals, writer
from daybook.storage.sqlite.store import SqliteStore

CUTS = 2_000 if SLOW else 200
CUTS_A_TEST = CUTS // 10
OPERATIONS_MAX = 800
"""Operations among which the power is cut; sixty steps take about so many."""


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chores that a busy server has now and then happen all the time, and never by the clock."""
    monkeypatch.setattr(writer, "CHECKPOINT_PAGES", 30)
    monkeypatch.setattr(writer, "TIDY_AFTER_COMMITS", 3)
    monkeypatch.setattr(writer, "IDLE_AFTER_S", 600)
    monkeypatch.setattr(totals, "LAZY_EVENTS", 7)


class Round:
    """One store at work until the power fails, and what it acknowledged."""

    def __init__(self, seed: int, store: SqliteStore) -> None:
        self.random = random.Random(seed)
        self.store = store
        self.acknowledged: list[Event] = []
        self.remembered: list[IdempotencyKey] = []
        self.company_id = CompanyId(1)

    def work(self, steps: int) -> None:
        """Write until something fails."""
        if not self.store.directory.company_ids():
            self.company_id = records.found(self.store, 1, records.chart())
        for step in range(steps):
            kind = self.random.choice((self._one, self._one, self._group, self._import))
            kind(step)

    def _one(self, step: int) -> None:
        key = IdempotencyKey("test", "", f"{self.random.getrandbits(64)}")
        change = self._change_of(self.random.randrange(10**9))

        def work(tx: Tx) -> list[Event]:
            events = list(change(tx))
            tx.remember(key, Remembered(Timestamp(step), first_seq=events[0].seq))
            return events

        self.acknowledged.extend(self.store.write(self.company_id, work))
        self.remembered.append(key)

    def _group(self, step: int) -> None:
        """Several units in one commit: the first keeps the writer until all are queued."""
        mail, gate = Mail(), Gate()
        self.store.write_soon(self.company_id, lambda tx: gate.wait(), None, mail)
        count = self.random.randrange(2, 6)
        for number in range(count):
            change = self._change_of(self.random.randrange(10**9))
            self.store.write_soon(self.company_id, _listed(change), number, mail)
        gate.set()
        for ticket, result in mail.take(count + 1).items():
            if isinstance(result, Exception):
                raise result
            if ticket is not None:
                assert isinstance(result, list)
                self.acknowledged.extend(result)

    def _import(self, step: int) -> None:
        seeds = [self.random.randrange(10**9) for _ in range(self.random.randrange(2, 40))]

        def work(tx: Tx) -> list[Event]:
            return [event for seed in seeds for event in self._change_of(seed)(tx)]

        self.acknowledged.extend(self.store.write(self.company_id, work))

    def _change_of(self, seed: int) -> "Work[Iterator[Event]]":
        """A new entry, a revision, a tombstone, another status, a new account."""

        def change(tx: Tx) -> Iterator[Event]:
            yield from records.log(tx, self.company_id, _change(tx, random.Random(seed)))

        return change


def _listed(change: "Work[Iterator[Event]]") -> Work[list[Event]]:
    return lambda tx: list(change(tx))


def _change(tx: Tx, chance: random.Random) -> Change:
    next_id = tx.next_id("entry")
    old = tx.entry(EntryId(chance.randrange(1, next_id))) if next_id > 1 else None
    kind = chance.randrange(10)
    if old is not None and old.deleted_at is None and kind < 4:
        if kind == 0:
            return records.deletion(old)
        if kind == 1:
            return records.move(old, chance.choice(list(Status)))
        return records.revision(old, replace(_entry(old.id, chance), status=old.status))
    if kind == 4:
        account_id = tx.next_id("account")
        return records.created(records.account(account_id, AccountKind.EXPENSE))
    return records.created(_entry(next_id, chance))


def _entry(number: int, chance: random.Random) -> JournalEntry:
    amount = chance.randrange(1, 10**6)
    day = date(2026, 1, 1) + timedelta(days=chance.randrange(400))
    made = records.entry(number, records.transfer(amount), day)
    return replace(made, memo="m" * chance.randrange(3_000))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with a company, so that most rounds begin with work."""
    path = tmp_path_factory.mktemp("template") / "books.db"
    store = SqliteStore(path, "sqlite:///template")
    records.found(store, 1, records.chart())
    store.close()
    return path


def _round(seed: int, folder: Path, template: Path) -> None:
    before, after = folder / "before", folder / "after"
    before.mkdir(parents=True)
    after.mkdir()
    chance = random.Random(seed)
    if chance.random() < 0.9:
        shutil.copy(template, before / "books.db")
    with Disk(before, seed) as disk:
        disk.cut_at = chance.randrange(1, OPERATIONS_MAX)
        acknowledged = _work_until_cut(seed, disk, before / "books.db")
        disk.survivors(after)
    _compare(after / "books.db", acknowledged)
    shutil.rmtree(folder)


def _work_until_cut(seed: int, disk: Disk, path: Path) -> Round | None:
    try:
        store = SqliteStore(path, "sqlite:///before", vfs=disk.name)
    except StoreFailure:
        assert disk.is_off
        return None
    round = Round(seed, store)
    try:
        round.work(steps=60)
    except StoreFailure:
        assert disk.is_off
    store.close()
    return round


def _compare(path: Path, round: Round | None) -> None:
    store = SqliteStore(path, "sqlite:///after")
    try:
        with store.snapshot() as connection:
            assert connection.execute("PRAGMA integrity_check").get == "ok"
        for company_id in store.directory.company_ids():
            with store.read(company_id) as reader:
                events = reader.events(0, 10**6)
                assert chain.verify(events) is None
                if round is not None:
                    count = len(round.acknowledged)
                    found = {event.seq: event.hash for event in events}
                    lost = [
                        event.seq
                        for event in round.acknowledged
                        if found.get(event.seq) != event.hash
                    ]
                    assert not lost, f"{len(lost)} of {count} acknowledged events are lost"
                    assert all(reader.recall(key) is not None for key in round.remembered)
            assert list(store.totals_mismatches(company_id)) == []
        if round is not None and round.acknowledged:
            assert store.directory.company_ids() == [round.company_id]
            again = Round(10**9, store)
            again.work(steps=2)
            assert list(store.totals_mismatches(again.company_id)) == []
    finally:
        store.close()


@pytest.mark.parametrize("part", range(10))
def test_what_was_acknowledged_survives_a_power_cut(
    part: int, tmp_path: Path, template: Path
) -> None:
    for number in range(CUTS_A_TEST):
        seed = SEED + part * CUTS_A_TEST + number
        try:
            _round(seed, tmp_path / str(seed), template)
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise


def test_the_disk_forgets_what_was_not_synced(tmp_path: Path) -> None:
    """The model itself: without syncs, SQLite on it does lose what it committed."""
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    after.mkdir()
    with Disk(before, SEED) as disk:
        connection = apsw.Connection(str(before / "books.db"), vfs=disk.name)
        connection.pragma("journal_mode", "wal")
        connection.execute("CREATE TABLE kept (number)")
        connection.pragma("wal_checkpoint")
        connection.pragma("synchronous", "OFF")
        for number in range(20):
            connection.execute("INSERT INTO kept VALUES (?)", (number,))
        disk.survivors(after)
        connection.close()
    found = apsw.Connection(str(after / "books.db")).execute("SELECT count(*) FROM kept").get
    assert isinstance(found, int)
    assert found < 20
