"""Connections to the database file, all with the same settings.

What the settings are for:

- WAL and `synchronous=FULL`: a commit is on disk before it is answered, readers never wait.
  `fullfsync` makes macOS's disks empty their caches too; elsewhere it is what a sync does anyway.
- Foreign keys on: an unsealed entry cannot be committed (see the first migration).
- `trusted_schema` off, DEFENSIVE on, no double-quoted strings: a file from elsewhere cannot run
  anything through its schema, and a misspelt column is an error instead of a text.
- No memory map: an I/O error is an error code, not a signal that ends the process.
- Bounded page caches: memory does not grow with the file.
"""

import json
from enum import Enum
from pathlib import Path
from typing import Final

import apsw

from daybook.app.ports import StoreCorrupt, StoreFailure
from daybook.domain.query import like

VERSION_MIN: Final = (3, 51, 3)
"""Oldest SQLite taken: before it, a reset of the write-ahead log could corrupt a database."""

WRITER_CACHE_KIB: Final = 32 * 1024
READER_CACHE_KIB: Final = 4 * 1024
"""Page caches. A writer touches the right edges of a dozen trees, a reader one page of rows."""

WAIT_FOR_LOCK_MS: Final = 10_000
"""How long a write waits for another process, such as an import beside the server."""

WAL_SIZE_KEPT: Final = 128 * 1024 * 1024
"""Bytes the write-ahead log is cut back to after a large import."""


class Role(Enum):
    """What a connection is for."""

    WRITER = "writer"
    READER = "reader"


def check_version() -> None:
    """Raises `StoreFailure` where the SQLite library is too old to be trusted."""
    version = tuple(int(part) for part in apsw.sqlite_lib_version().split("."))
    if version < VERSION_MIN:
        wanted = ".".join(map(str, VERSION_MIN))
        raise StoreFailure(f"SQLite {apsw.sqlite_lib_version()} is older than {wanted}")


def connect(path: Path, role: Role, vfs: str | None = None) -> apsw.Connection:
    """A connection to a database file, with every setting in force.

    A writer makes the file if it is not there. `vfs` names the layer below SQLite, the system's
    own if None. Raises `apsw.Error`.
    """
    flags = apsw.SQLITE_OPEN_READWRITE
    if role is Role.WRITER:
        flags |= apsw.SQLITE_OPEN_CREATE
    connection = apsw.Connection(str(path), flags=flags, vfs=vfs)
    try:
        _configure(connection, role)
    except BaseException:
        connection.close()
        raise
    return connection


def _configure(connection: apsw.Connection, role: Role) -> None:
    connection.set_busy_timeout(WAIT_FOR_LOCK_MS)
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
    connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_FKEY, 1)
    # Without this, most statements are planned anew each time they run, in case the values bound
    # to them call for another plan: that took longer than a look-up by key itself.
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
    connection.pragma("mmap_size", 0)
    connection.pragma("synchronous", "FULL")
    connection.pragma("fullfsync", True)
    connection.pragma("checkpoint_fullfsync", True)
    cache = WRITER_CACHE_KIB if role is Role.WRITER else READER_CACHE_KIB
    connection.pragma("cache_size", -cache)
    if role is Role.WRITER:
        if connection.pragma("journal_mode", "wal") != "wal":
            raise StoreFailure("the file system does not allow a write-ahead log")
        connection.pragma("journal_size_limit", WAL_SIZE_KEPT)
        # The writer copies the log back by itself, after answering (see `writer`).
        connection.pragma("wal_autocheckpoint", 0)
    else:
        connection.pragma("query_only", True)
        connection.pragma("wal_autocheckpoint", 0)
    connection.create_scalar_function("text_like", _text_like, 2, deterministic=True)


def _text_like(*arguments: object) -> int:
    """`query.like` for the texts that SQLite's own LIKE reads only up to a NUL."""
    text, parts = arguments
    assert isinstance(text, str)
    assert isinstance(parts, str)
    return int(like(text, tuple(json.loads(parts))))


def failure_of(error: apsw.Error, path: Path) -> StoreFailure:
    """A SQLite error outside a write as the failure callers know; `path` is the file it is of."""
    if isinstance(error, apsw.NotADBError):
        return StoreCorrupt(f"{path} is not a SQLite database")
    if isinstance(error, apsw.CorruptError):
        return StoreCorrupt(f"the database file {path} is damaged: {error}")
    return StoreFailure(f"{path}: SQLite: {error}")
