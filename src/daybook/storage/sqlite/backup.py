"""Copies of a store that is in use, and stores from copies.

A copy is made page by page from one snapshot, while others read and write. It becomes a file of
its own, without a log beside it, is checked in full, and only then gets its name: a file with the
name asked for is a whole and sound copy.

    backup(path, Path("books-2026-03-05.db"), report)
    restore(Path("books-2026-03-05.db"), path, report)
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path
from typing import Final

import apsw

from daybook.app.ports import StoreCorrupt, StoreFailure
from daybook.storage.sqlite import schema
from daybook.storage.sqlite.connection import Role, check_version, connect, failure_of

Progress = Callable[[int, int], None]
"""Told how many pages are done, of how many."""

PAGES_A_STEP: Final = 2_560
"""Pages copied between two reports: ten megabytes."""


class Existing(Enum):
    """What to do with a file that has the name asked for."""

    REFUSE = "refuse"
    REPLACE = "replace"


def lock_path(path: Path) -> Path:
    """The file whose lock says that a server runs on a store."""
    return path.with_name(path.name + ".lock")


def take_lock(path: Path) -> int:
    """Lock a store for a server, or for what cannot go on beside one; answers with the file.

    Holds until the file is closed or the process ends. Raises `StoreFailure` where it is held.
    """
    lock = os.open(lock_path(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise StoreFailure(f"a server runs on {path}") from error
    return lock


def backup(
    source: Path, target: Path, progress: Progress, existing: Existing = Existing.REFUSE
) -> None:
    """Copy a store, in use or not, to one file. Raises `StoreFailure`; then there is no copy."""
    check_version()
    _refuse(source, target, existing)
    if not target.parent.is_dir():
        raise StoreFailure(f"there is no folder {target.parent}")
    with _failures(source), _connection(source, Role.READER) as connection:
        schema.check(connection)
        with _failures(target):
            _copy(connection, target, progress)


def restore(
    copy: Path, target: Path, progress: Progress, existing: Existing = Existing.REFUSE
) -> None:
    """Make a store of a copy. No other process may have the store open.

    Raises `StoreFailure` where the copy is damaged or of another version, where a server runs on
    the target, or where it exists and is not to be replaced; then the target is as it was.
    """
    check_version()
    _refuse(copy, target, existing)
    with _failures(copy), _connection(copy, Role.READER) as connection:
        # Before anything is made at the target: a copy that is none leaves nothing there.
        schema.check(connection)
        _check(connection)
        with _failures(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            lock = take_lock(target)
            try:
                _copy(connection, target, progress)
            finally:
                os.close(lock)


def _refuse(source: Path, target: Path, existing: Existing) -> None:
    if not source.is_file():
        raise StoreFailure(f"there is no file {source}")
    if target.exists():
        if existing is Existing.REFUSE:
            raise StoreFailure(f"there is a file {target} already")
        if target.samefile(source):
            raise StoreFailure("a copy cannot take the place of what it is a copy of")


@contextmanager
def _failures(path: Path) -> Iterator[None]:
    """What goes wrong with a file, told with its name."""
    try:
        yield
    except apsw.Error as error:
        raise failure_of(error, path) from error
    except OSError as error:
        raise StoreFailure(f"{path}: {error.strerror or error}") from error


@contextmanager
def _connection(path: Path, role: Role) -> Iterator[apsw.Connection]:
    connection = connect(path, role)
    try:
        yield connection
    finally:
        connection.close()


def _copy(source: apsw.Connection, target: Path, progress: Progress) -> None:
    """Copy into a file beside the target, check it, and give it the target's name."""
    partial = target.with_name(target.name + ".partial")
    _remove(partial)
    try:
        with _connection(partial, Role.WRITER) as connection:
            # A transaction keeps the snapshot, or each write of others would begin it all anew.
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM schema_version").fetchall()
            with connection.backup("main", source, "main") as copying:
                while not copying.done:
                    copying.step(PAGES_A_STEP)
                    progress(copying.page_count - copying.remaining, copying.page_count)
            source.execute("ROLLBACK")
            # Without a log of its own the copy is one file, wherever it is taken.
            connection.pragma("journal_mode", "delete")
            schema.check(connection)
            _check(connection)
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        _replace(partial, target)
    except BaseException:
        _remove(partial)
        raise


def _check(connection: apsw.Connection) -> None:
    for (finding,) in connection.execute("PRAGMA integrity_check(1)"):
        if finding != "ok":
            raise StoreCorrupt(f"the file is damaged: {finding}")
    for row in connection.execute("PRAGMA foreign_key_check"):
        raise StoreCorrupt(f"the file is damaged: a row of {row[0]} belongs to nothing")


def _replace(partial: Path, target: Path) -> None:
    """Put the copy in the target's place. A log left beside it must not be taken for the copy's."""
    if target.exists():
        with suppress(apsw.Error, StoreFailure), _connection(target, Role.WRITER):
            pass  # whoever closes a database last copies its log back and removes it
        for suffix in ("-wal", "-shm", "-journal"):
            target.with_name(target.name + suffix).unlink(missing_ok=True)
    partial.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
