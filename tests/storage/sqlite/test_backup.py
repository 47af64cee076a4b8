"""Copies of a store in use, and stores from copies."""

import shutil
import threading
from pathlib import Path

import apsw
import pytest
from tests.support import records

from daybook.app.documents import Document
from daybook.app.operations import Operation
from daybook.app.outbox import Consumer, Message
from daybook.app.ports import StoreCorrupt, StoreFailure
from daybook.domain import chain
from daybook.domain.events import Actor
from daybook.domain.ids import CompanyId, Timestamp
from daybook.storage.sqlite import backup as backup_module
from daybook.storage.sqlite.backup import Existing, backup, restore
from daybook.storage.sqlite.store import SqliteStore


def quiet(done: int, total: int) -> None:
    """Nobody looks at the progress."""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return tmp_path / "copy.db"


def _seq(path: Path, books: CompanyId) -> int:
    """Open a store, check all of it, and answer with how far its log goes."""
    store = SqliteStore(path, "sqlite:///x")
    with store.read(books) as reader:
        events = reader.events(0, 10**6)
    assert chain.verify(events) is None
    assert list(store.totals_mismatches(books)) == []
    store.close()
    return len(events)


def _posted(store: SqliteStore, books: CompanyId, first: int, last: int) -> None:
    changes = (records.created(records.entry(number)) for number in range(first, last + 1))
    records.keep(store, books, *changes)


def test_a_copy_holds_what_the_store_held(
    store: SqliteStore, books: CompanyId, path: Path, copy: Path
) -> None:
    _posted(store, books, 1, 5)
    backup(path, copy, quiet)
    _posted(store, books, 6, 7)
    assert sorted(each.name for each in copy.parent.iterdir() if "copy" in each.name) == ["copy.db"]
    assert _seq(copy, books) == 13


def test_a_copy_of_a_store_that_is_written_to_is_of_one_moment(
    store: SqliteStore,
    books: CompanyId,
    path: Path,
    copy: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One page at a time, with an entry committed between any two, and it still comes to an end."""
    monkeypatch.setattr(backup_module, "PAGES_A_STEP", 1)
    _posted(store, books, 1, 200)
    moments: list[int] = []

    def progress(done: int, total: int) -> None:
        moments.append(len(moments) + 201)
        _posted(store, books, moments[-1], moments[-1])

    backup(path, copy, progress)
    assert len(moments) > 20
    assert _seq(copy, books) == 208
    with store.read(books) as reader:
        assert reader.head().entries_live == 200 + len(moments)


def test_progress_is_told_to_the_end(
    store: SqliteStore,
    books: CompanyId,
    path: Path,
    copy: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backup_module, "PAGES_A_STEP", 10)
    told: list[tuple[int, int]] = []
    backup(path, copy, lambda done, total: told.append((done, total)))
    assert len(told) > 3
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1]


def test_a_file_is_replaced_only_if_that_is_asked_for(
    store: SqliteStore, books: CompanyId, path: Path, copy: Path
) -> None:
    copy.write_text("precious")
    with pytest.raises(StoreFailure, match="already"):
        backup(path, copy, quiet)
    assert copy.read_text() == "precious"
    backup(path, copy, quiet, Existing.REPLACE)
    assert _seq(copy, books) == 8
    with pytest.raises(StoreFailure, match="already"):
        restore(copy, path, quiet)


def test_a_store_comes_back_from_a_copy(
    store: SqliteStore, books: CompanyId, path: Path, copy: Path, tmp_path: Path
) -> None:
    _posted(store, books, 1, 5)
    backup(path, copy, quiet)
    elsewhere = tmp_path / "new" / "books.db"
    restore(copy, elsewhere, quiet)
    assert _seq(elsewhere, books) == 13
    restored = SqliteStore(elsewhere, "sqlite:///x")
    assert restored.table_fingerprints(books) == store.table_fingerprints(books)
    restored.close()


def test_what_a_replaced_store_had_in_its_log_does_not_come_back(
    store: SqliteStore, books: CompanyId, path: Path, copy: Path, tmp_path: Path
) -> None:
    """As after a crash: the write-ahead log of the old store still lies beside it."""
    backup(path, copy, quiet)
    _posted(store, books, 1, 5)
    crashed = tmp_path / "crashed.db"
    for suffix in ("", "-wal"):
        shutil.copy(path.with_name(path.name + suffix), f"{crashed}{suffix}")
    restore(copy, crashed, quiet, Existing.REPLACE)
    assert _seq(crashed, books) == 8


def test_a_store_with_a_server_is_not_replaced(
    store: SqliteStore, books: CompanyId, path: Path, copy: Path
) -> None:
    store.claim_server()
    backup(path, copy, quiet)
    with pytest.raises(StoreFailure, match="server"):
        restore(copy, path, quiet, Existing.REPLACE)
    assert list(store.totals_mismatches(books)) == []


def test_a_damaged_copy_is_refused(
    store: SqliteStore, books: CompanyId, path: Path, copy: Path, tmp_path: Path
) -> None:
    """And what it was to replace stays."""
    _posted(store, books, 1, 300)
    backup(path, copy, quiet)
    content = bytearray(copy.read_bytes())
    for page in range(10, len(content) // 4096, 7):
        content[4096 * page + 100 : 4096 * page + 140] = bytes(40)
    copy.write_bytes(content)
    target = tmp_path / "target.db"
    shutil.copy(path, target)
    before = target.read_bytes()
    with pytest.raises(StoreCorrupt):
        restore(copy, target, quiet, Existing.REPLACE)
    assert target.read_bytes() == before
    assert not list(tmp_path.glob("*.partial*"))


def test_an_entry_that_was_never_sealed_is_damage(
    store: SqliteStore, books: CompanyId, path: Path, copy: Path, file: apsw.Connection
) -> None:
    """Written by a program that switched the foreign keys off."""
    _posted(store, books, 1, 1)
    file.pragma("foreign_keys", False)
    file.execute("UPDATE entry SET sealed = 0")
    with pytest.raises(StoreCorrupt, match="entry"):
        backup(path, copy, quiet)
    assert not copy.exists()


@pytest.mark.parametrize("content", [None, b"", b"not a database " * 500])
def test_what_is_no_store_is_refused(tmp_path: Path, copy: Path, content: bytes | None) -> None:
    if content is not None:
        copy.write_bytes(content)
    with pytest.raises(StoreFailure):
        restore(copy, tmp_path / "target.db", quiet)
    assert not (tmp_path / "target.db").exists()


def test_a_copy_does_not_replace_its_own_source(
    store: SqliteStore, books: CompanyId, path: Path
) -> None:
    with pytest.raises(StoreFailure, match="copy"):
        backup(path, path, quiet, Existing.REPLACE)
    assert list(store.totals_mismatches(books)) == []


def test_a_copy_that_is_given_up_leaves_nothing(
    store: SqliteStore, books: CompanyId, path: Path, copy: Path
) -> None:
    def give_up(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup(path, copy, give_up)
    assert sorted(each.name for each in path.parent.iterdir() if "copy" in each.name) == []


def test_writers_do_not_wait_for_a_copy(
    store: SqliteStore,
    books: CompanyId,
    path: Path,
    copy: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backup_module, "PAGES_A_STEP", 5)
    going, written = threading.Event(), threading.Event()

    def progress(done: int, total: int) -> None:
        going.set()
        assert written.wait(30)

    copying = threading.Thread(target=backup, args=(path, copy, progress))
    copying.start()
    assert going.wait(30)
    _posted(store, books, 1, 1)
    written.set()
    copying.join(30)
    assert _seq(copy, books) == 8


def test_what_is_no_copy_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "journal.csv").write_text("Journal No.,Date\n" * 100)
    (tmp_path / "empty.db").touch()
    before = sorted(tmp_path.iterdir())
    for name, wrong in (
        ("journal.csv", "journal.csv is not a SQLite database"),
        ("empty.db", "empty.db is empty, not a Daybook store"),
    ):
        with pytest.raises(StoreFailure, match=wrong):
            restore(tmp_path / name, tmp_path / "folder" / "new.db", quiet)
    assert sorted(tmp_path.iterdir()) == before


def test_a_copy_needs_a_folder(path: Path, store: SqliteStore, tmp_path: Path) -> None:
    with pytest.raises(StoreFailure, match=f"there is no folder {tmp_path}/none"):
        backup(path, tmp_path / "none" / "copy.db", quiet)


def test_a_copy_holds_operations_documents_and_messages(
    store: SqliteStore, books: CompanyId, path: Path, copy: Path, tmp_path: Path
) -> None:
    actor, at = Actor("app", "test"), Timestamp(1)
    pending = Operation(books, 0, "id", actor, "", "", "", b"{}", at, at)
    kept = store.write(books, lambda tx: tx.add_operation(pending))
    consumer = Consumer("c", "wire", "https://example.com", frozenset({"made"}), b"secret")
    store.directory.put_consumer(consumer)
    store.directory.publish([Message("wire", "m", "made", b"{}")], at)
    document = store.directory.put_document(Document("wire", "k", "a", b"body"), 0)
    backup(path, copy, quiet)
    again = tmp_path / "again.db"
    restore(copy, again, quiet)
    opened = SqliteStore(again, "sqlite:///again.db")
    with opened.read(books) as reader:
        assert reader.operation("id") == kept
    assert opened.directory.deliveries() == store.directory.deliveries() != []
    assert opened.directory.consumers() == [consumer]
    assert opened.directory.document("wire", "k", "a") == document
    opened.close()
