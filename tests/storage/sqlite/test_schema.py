"""Migrations: applied once, in order, all or none; other people's files are left alone."""

from pathlib import Path

import apsw
import pytest
from tests.support import records

from daybook.app.ports import StoreFailure
from daybook.domain.ids import CompanyId
from daybook.storage.sqlite import schema
from daybook.storage.sqlite.connection import Role, connect
from daybook.storage.sqlite.store import SqliteStore


def test_migrations_are_numbered_without_gaps() -> None:
    assert sorted(schema.MIGRATIONS) == list(range(1, schema.VERSION + 1))


def test_opening_again_changes_nothing(path: Path) -> None:
    SqliteStore(path, "sqlite:///x").close()
    before = path.read_bytes()
    SqliteStore(path, "sqlite:///x").close()
    assert path.read_bytes() == before


def test_a_store_of_a_later_version_is_refused(path: Path) -> None:
    SqliteStore(path, "sqlite:///x").close()
    file = apsw.Connection(str(path))
    file.execute("INSERT INTO schema_version VALUES (?)", (schema.VERSION + 1,))
    file.close()
    with pytest.raises(StoreFailure, match="version"):
        SqliteStore(path, "sqlite:///x")


def test_somebody_elses_database_is_left_alone(path: Path) -> None:
    file = apsw.Connection(str(path))
    file.execute("CREATE TABLE photos (name)")
    file.close()
    with pytest.raises(StoreFailure, match="not a Daybook store"):
        SqliteStore(path, "sqlite:///x")


def test_a_migration_that_fails_leaves_the_version_before(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SqliteStore(path, "sqlite:///x").close()
    later = {**schema.MIGRATIONS, schema.VERSION + 1: "CREATE TABLE one (a); CREATE TABLE one (a);"}
    monkeypatch.setattr(schema, "MIGRATIONS", later)
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    with pytest.raises(StoreFailure):
        SqliteStore(path, "sqlite:///x")
    monkeypatch.undo()
    SqliteStore(path, "sqlite:///x").close()


def test_an_older_store_is_brought_up_to_date(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SqliteStore(path, "sqlite:///x")
    records.found(store, 1)
    store.close()
    later = {**schema.MIGRATIONS, schema.VERSION + 1: "CREATE TABLE one (a);"}
    monkeypatch.setattr(schema, "MIGRATIONS", later)
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    connection = connect(path, Role.WRITER)
    with pytest.raises(StoreFailure, match="too old"):
        schema.check(connection)
    connection.close()
    store = SqliteStore(path, "sqlite:///x")
    with store.snapshot() as snapshot:
        assert snapshot.execute("SELECT count(*) FROM one").get == 0
    assert store.directory.company_ids() == [CompanyId(1)]
    store.close()


def _take_back(file: apsw.Connection, version: int) -> None:
    """Make a store look as an earlier version left it: without what came after."""
    early = apsw.Connection("")
    for number in range(1, version + 1):
        early.execute(schema.MIGRATIONS[number])
    file.execute("PRAGMA foreign_keys = OFF")
    there = "SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY type"
    was = set(early.execute(there))
    virtual = "SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL %'"
    for (name,) in set(file.execute(virtual)) - set(early.execute(virtual)):
        file.execute(f"DROP TABLE {name}")  # and with it the tables it is kept in
    for kind, name in set(file.execute(there)) - was:
        file.execute(f"DROP {kind} IF EXISTS {name}")
    for kind, name in was:
        if kind == "table":
            columns = f"SELECT name FROM pragma_table_info('{name}')"
            for (column,) in set(file.execute(columns)) - set(early.execute(columns)):
                file.execute(f"ALTER TABLE {name} DROP COLUMN {column}")
    file.execute("DELETE FROM schema_version WHERE version > ?", (version,))


def test_entries_of_the_first_version_say_where_they_came_from(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that was made before that had a column of its own."""
    store = SqliteStore(path, "sqlite:///x")
    company_id = records.found(store, 1, records.chart())
    records.keep(store, company_id, records.created(records.RICH))
    before = store.table_fingerprints(company_id)
    store.close()
    file = apsw.Connection(str(path))
    _take_back(file, 1)
    file.close()
    store = SqliteStore(path, "sqlite:///x")
    assert store.table_fingerprints(company_id) == before
    with store.snapshot() as snapshot:
        protocol = snapshot.execute("SELECT origin_protocol FROM entry").get
    assert protocol == records.RICH.origin.protocol
    store.close()


def test_consumers_of_an_earlier_version_have_an_owner_and_no_credential(path: Path) -> None:
    """They stood in the annex; what they may hear is asked of a credential, which was not kept."""
    SqliteStore(path, "sqlite:///x").close()
    file = apsw.Connection(str(path))
    _take_back(file, 5)
    file.execute(
        "INSERT INTO consumer (id, wire, url, event_types, secret, subjects, labels, headers,"
        " annex, disabled, created_at) VALUES ('c', 'wire', 'https://x', '[\"made\"]', x'',"
        " '[]', '[]', '[]', CAST('app' AS BLOB), 0, 1)"
    )
    file.close()
    store = SqliteStore(path, "sqlite:///x")
    [consumer] = store.directory.consumers("wire", "app")
    assert (consumer.owner, consumer.annex) == ("app", b"")
    assert store.directory.wanted_events("wire") == {"made"}
    assert store.directory.remove_consumer("c")
    assert store.directory.wanted_events("wire") == frozenset()
    store.close()


def test_plans_do_not_hang_on_what_is_in_the_tables(store: SqliteStore) -> None:
    """The figures the planner goes by name every index of an entry and its lines."""
    with store.snapshot() as connection:
        told = {index for (index,) in connection.execute("SELECT idx FROM sqlite_stat1")}
        there = {
            name
            for (name,) in connection.execute(
                "SELECT name FROM sqlite_schema WHERE type = 'index'"
                " AND tbl_name IN ('entry', 'line', 'line_dimension', 'reference')"
            )
        }
    assert there <= told
