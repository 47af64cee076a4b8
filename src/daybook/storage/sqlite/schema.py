"""Migrations: numbered SQL files, applied once each, in order, forward only.

A file `0002_what.sql` in `migrations` brings a store from version 1 to version 2, in one
transaction with the note that it was done.
"""

from importlib.resources import files
from typing import Final

import apsw

from daybook.app.ports import StoreFailure


def _migrations() -> dict[int, str]:
    folder = files(__package__).joinpath("migrations")
    return {
        int(file.name.partition("_")[0]): file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    }


MIGRATIONS: Final = _migrations()
VERSION: Final = max(MIGRATIONS)
"""The version this program reads and writes."""


def version_of(connection: apsw.Connection) -> int:
    """The schema version of a database: 0 if it is empty.

    Raises `StoreFailure` for a database that is somebody else's.
    """
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema")}
    if "schema_version" in tables:
        version = connection.execute("SELECT max(version) FROM schema_version").get
        assert isinstance(version, int)
        return version
    if tables:
        raise StoreFailure(f"{connection.filename} is a database, but not a Daybook store")
    return 0


def check(connection: apsw.Connection) -> None:
    """Raises `StoreFailure` unless the database has exactly the version of this program."""
    version = version_of(connection)
    if not version:
        raise StoreFailure(f"{connection.filename} is empty, not a Daybook store")
    if version > VERSION:
        raise StoreFailure(f"the store has version {version}, this program knows {VERSION}")
    if version < VERSION:
        raise StoreFailure(f"the store has version {version}, too old for {VERSION}")


def migrate(connection: apsw.Connection) -> None:
    """Bring a database up to the version of this program. Raises `StoreFailure`."""
    if version_of(connection) == VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for number in range(version_of(connection) + 1, VERSION + 1):
            connection.execute(MIGRATIONS[number])
            connection.execute("INSERT INTO schema_version (version) VALUES (?)", (number,))
        check(connection)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
