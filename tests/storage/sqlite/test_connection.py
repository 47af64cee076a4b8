"""Settings of every connection, and the versions that are taken."""

from pathlib import Path

import apsw
import pytest

from daybook.app.ports import StoreCorrupt, StoreFailure
from daybook.storage.sqlite.connection import Role, check_version, connect, failure_of


@pytest.mark.parametrize("role", list(Role))
def test_every_connection_has_the_settings(path: Path, role: Role) -> None:
    connect(path, Role.WRITER).close()
    connection = connect(path, role)
    found = {
        name: connection.pragma(name)
        for name in ("synchronous", "foreign_keys", "trusted_schema", "wal_autocheckpoint")
    }
    assert found == {
        "synchronous": 2,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "wal_autocheckpoint": 0,
    }
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("mmap_size") in (0, None)
    assert connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, -1) == 1
    assert connection.config(apsw.SQLITE_DBCONFIG_DQS_DML, -1) == 0
    assert connection.config(apsw.SQLITE_DBCONFIG_DQS_DDL, -1) == 0
    connection.close()


def test_a_reader_cannot_write(path: Path) -> None:
    writer = connect(path, Role.WRITER)
    writer.execute("CREATE TABLE kept (number)")
    reader = connect(path, Role.READER)
    with pytest.raises(apsw.ReadOnlyError):
        reader.execute("INSERT INTO kept VALUES (1)")
    reader.close()
    writer.close()


def test_a_reader_makes_no_file(path: Path) -> None:
    with pytest.raises(apsw.CantOpenError):
        connect(path, Role.READER)
    assert not path.exists()


def test_a_misspelt_column_is_no_text(path: Path) -> None:
    connection = connect(path, Role.WRITER)
    with pytest.raises(apsw.SQLError):
        connection.execute('SELECT "no such column"')
    connection.close()


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.9.99"])
def test_an_old_library_is_refused(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: version)
    with pytest.raises(StoreFailure, match=r"3\.51\.3"):
        check_version()


@pytest.mark.parametrize("version", ["3.51.3", "3.54.1", "4.0.0"])
def test_a_newer_library_is_taken(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apsw, "sqlite_lib_version", lambda: version)
    check_version()


def test_damage_is_told_from_other_failures() -> None:
    path = Path("books.db")
    assert isinstance(failure_of(apsw.CorruptError("x"), path), StoreCorrupt)
    assert isinstance(failure_of(apsw.NotADBError("x"), path), StoreCorrupt)
    assert not isinstance(failure_of(apsw.BusyError("x"), path), StoreCorrupt)
    for error in (apsw.CorruptError("x"), apsw.NotADBError("x"), apsw.BusyError("x")):
        assert "books.db" in str(failure_of(error, path))
