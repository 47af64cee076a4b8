"""A SQLite store with a small company, and a way past it to its file."""

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from tests.support import records

from daybook.domain.ids import CompanyId
from daybook.storage.sqlite.store import SqliteStore


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "books.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(path, f"sqlite:///{path}")
    yield store
    store.close()


@pytest.fixture
def books(store: SqliteStore) -> CompanyId:
    return records.found(store, 1, records.chart())


@pytest.fixture
def file(store: SqliteStore, path: Path) -> Iterator[apsw.Connection]:
    """The file as any program opens it: no settings, no fence but the schema's own."""
    connection = apsw.Connection(str(path))
    connection.set_busy_timeout(10_000)
    yield connection
    connection.close()
