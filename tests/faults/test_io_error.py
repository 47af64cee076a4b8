"""Failing and full disks: the store fails closed, and nothing it acknowledged is lost."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import apsw
import pytest
from tests.faults.vfs import Disk, Fault, disk_full, io_error
from tests.support import records
from tests.support.stores import Mail

from daybook.app.ports import OutcomeUnknown, ReadOnly, StoreFailure, Work
from daybook.domain.events import Event
from daybook.domain.ids import CompanyId
from daybook.storage.sqlite import connection as settings
from daybook.storage.sqlite import writer
from daybook.storage.sqlite.store import SqliteStore

COMPANY = CompanyId(1)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with Disk(tmp_path) as disk:
        yield disk


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "books.db"


@pytest.fixture
def store(disk: Disk, path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(path, "sqlite:///books.db", vfs=disk.name)
    records.found(store, 1, records.chart())
    yield store
    disk.fault = _none
    store.close()


def _none(operation: str, name: str) -> apsw.Error | None:
    return None


def _always(what: str, suffix: str, failure: apsw.Error) -> Fault:
    """Every `what` on a file whose name ends so fails."""
    return lambda operation, name: failure if operation == what and name.endswith(suffix) else None


def _post(store: SqliteStore, number: int, memo: str = "") -> list[Event]:
    made = replace(records.entry(number), memo=memo)
    return records.keep(store, COMPANY, records.created(made))


def _posting(number: int) -> Work[list[Event]]:
    return lambda tx: records.log(tx, COMPANY, records.created(records.entry(number)))


def _wait_until_read_only(store: SqliteStore) -> None:
    """The log is copied back after the answer, by the writer's own thread."""
    until = time.monotonic() + 30
    while store.describe()["writes"] == "taken" and time.monotonic() < until:
        time.sleep(0.005)


def _compare(path: Path, acknowledged: list[Event]) -> None:
    """Opened anew, on a disk that works: what was acknowledged is there and all agrees."""
    store = SqliteStore(path, "sqlite:///books.db")
    with store.read(COMPANY) as reader:
        found = {event.seq: event.hash for event in reader.events(0, 10**6)}
    for event in acknowledged:
        assert found.get(event.seq) == event.hash
    assert list(store.totals_mismatches(COMPANY)) == []
    _post(store, 100_000)
    store.close()


def test_after_a_failed_sync_no_write_is_taken(store: SqliteStore, disk: Disk, path: Path) -> None:
    """What a later sync says means nothing: the system may have dropped the pages."""
    acknowledged = _post(store, 1)
    disk.fault = _always("sync", "-wal", io_error())
    with pytest.raises(OutcomeUnknown):
        _post(store, 2)
    disk.fault = _none
    with pytest.raises(ReadOnly):
        _post(store, 3)
    with store.read(COMPANY) as reader:
        assert reader.entry(acknowledged[0].record_id) is not None  # type: ignore[arg-type]
        assert reader.entry(records.entry(3).id) is None
    assert "failed" in store.describe()["writes"]
    store.close()
    _compare(path, acknowledged)


def test_after_a_failed_write_no_write_is_taken(store: SqliteStore, disk: Disk, path: Path) -> None:
    acknowledged = _post(store, 1)
    disk.fault = _always("write", "-wal", io_error())
    with pytest.raises(OutcomeUnknown):
        _post(store, 2)
    disk.fault = _none
    with pytest.raises(ReadOnly):
        _post(store, 3)
    store.close()
    _compare(path, acknowledged)


def test_a_whole_group_fails_together(store: SqliteStore, disk: Disk, path: Path) -> None:
    mail = Mail()
    disk.fault = _always("sync", "-wal", io_error())
    for number in range(1, 6):
        store.write_soon(COMPANY, _posting(number), number, mail)
    results = mail.take(5).values()
    assert all(isinstance(result, (OutcomeUnknown, ReadOnly)) for result in results)
    store.close()
    _compare(path, [])


def test_a_full_disk_refuses_and_recovers(store: SqliteStore, disk: Disk, path: Path) -> None:
    """Nothing is wrong with what a full disk holds: once there is room, writing goes on."""
    acknowledged = _post(store, 1)
    disk.fault = _always("write", "-wal", disk_full())
    for number in (2, 3):
        with pytest.raises(OutcomeUnknown):
            _post(store, number)
    disk.fault = _none
    acknowledged += _post(store, 2)
    store.close()
    _compare(path, acknowledged)


def test_a_full_disk_in_the_middle_of_an_import(
    disk: Disk, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a small page cache pages are written before the commit, so the work itself fails."""
    monkeypatch.setattr(settings, "WRITER_CACHE_KIB", 64)
    store = SqliteStore(path, "sqlite:///books.db", vfs=disk.name)
    records.found(store, 1, records.chart())
    acknowledged = _post(store, 1)
    disk.fault = _always("write", "-wal", disk_full())
    changes = [records.created(records.entry(number)) for number in range(2, 3_000)]
    with pytest.raises(ReadOnly, match="nothing was done"):
        records.keep(store, COMPANY, *changes)
    disk.fault = _none
    with store.read(COMPANY) as reader:
        assert reader.head().entries_live == 1
    acknowledged += records.keep(store, COMPANY, *changes)
    store.close()
    _compare(path, acknowledged)


@pytest.mark.parametrize("operation", ["write", "sync"])
def test_a_failing_checkpoint_loses_nothing(
    store: SqliteStore,
    disk: Disk,
    path: Path,
    operation: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The answer was given before, and stands; later writes are refused."""
    monkeypatch.setattr(writer, "CHECKPOINT_PAGES", 1)
    disk.fault = _always(operation, ".db", io_error())
    acknowledged = _post(store, 1)
    _wait_until_read_only(store)
    with pytest.raises(ReadOnly):
        _post(store, 2)
    disk.fault = _none
    store.close()
    _compare(path, acknowledged)


def test_a_store_that_cannot_be_made_says_so(disk: Disk, path: Path) -> None:
    disk.fault = _always("write", ".db", io_error())
    with pytest.raises(StoreFailure, match="SQLite"):
        SqliteStore(path, "sqlite:///books.db", vfs=disk.name)


@pytest.mark.parametrize("at", range(1, 40, 3))
def test_one_failure_anywhere_fails_closed(
    store: SqliteStore, disk: Disk, path: Path, at: int
) -> None:
    """The n-th write or sync fails once; whatever was acknowledged before or after is kept."""
    begin = disk.operations
    failed: list[str] = []

    def once(operation: str, name: str) -> apsw.Error | None:
        if disk.operations == begin + at and not failed:
            failed.append(operation)
            return io_error()
        return None

    disk.fault = once
    acknowledged: list[Event] = []
    try:
        for number in range(1, 40):
            acknowledged += _post(store, number, memo="m" * 2_000)
    except (OutcomeUnknown, ReadOnly):
        with pytest.raises(ReadOnly):
            _post(store, 100)
    assert failed
    store.close()
    _compare(path, acknowledged)
