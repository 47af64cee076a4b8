"""Addresses, several stores on one file, servers, closing."""

import subprocess
import sys
from pathlib import Path

import apsw
import pytest
from tests.support import records

from daybook.app.ports import ReadOnly, StoreCorrupt, StoreFailure, UnknownCompany
from daybook.domain.ids import ByName, CompanyId, EntryId
from daybook.domain.model import Account
from daybook.storage import engines, open_store
from daybook.storage.sqlite.store import READERS_KEPT, SqliteStore, path_of


def test_engines_are_found_by_scheme() -> None:
    assert engines()["sqlite"] == "sqlite"


@pytest.mark.parametrize("url", ["nothing://x", "sqlite", "", "kit://x"])
def test_an_address_of_no_engine_is_refused(url: str) -> None:
    with pytest.raises(StoreFailure, match="no storage engine"):
        open_store(url)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///books.db", "books.db"),
        ("sqlite:///var/books.db", "var/books.db"),
        ("sqlite:////srv/books.db", "/srv/books.db"),
    ],
)
def test_three_slashes_are_relative_four_absolute(url: str, path: str) -> None:
    assert path_of(url) == Path(path)


@pytest.mark.parametrize("url", ["sqlite:", "sqlite://books.db", "sqlite:///"])
def test_an_address_without_a_file_is_refused(url: str) -> None:
    with pytest.raises(StoreFailure, match="address"):
        open_store(url)


def test_folders_are_made(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/a/b/books.db")
    store.close()
    assert (tmp_path / "a/b/books.db").exists()


def test_a_file_that_is_no_database_is_refused(path: Path) -> None:
    path.write_bytes(b"not a database " * 100)
    with pytest.raises(StoreCorrupt):
        open_store(f"sqlite:///{path}")


def test_damage_that_is_met_while_reading_is_named(
    store: SqliteStore, books: CompanyId, path: Path
) -> None:
    records.keep(store, books, *(records.created(records.entry(id)) for id in range(1, 400)))
    with store.snapshot() as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'event'").get
    assert isinstance(page, int)
    store.close()
    content = bytearray(path.read_bytes())
    content[4096 * (page - 1) : 4096 * page] = bytes(4096)
    path.write_bytes(content)
    damaged = open_store(f"sqlite:///{path}")
    with pytest.raises(StoreCorrupt), damaged.read(books) as reader:
        reader.history("entry", 1)
    damaged.close()


def test_two_stores_on_one_file_agree(store: SqliteStore, books: CompanyId, path: Path) -> None:
    """A command beside a server: each sees what the other did, also what it had cached."""
    beside = SqliteStore(path, "sqlite:///beside")
    bank = records.account(records.BANK)
    assert store.write(books, lambda tx: tx.find("account", ByName("Account 1")))
    renamed = records.account(records.BANK, name="Main bank")
    records.keep(beside, books, records.revision(bank, renamed))
    records.keep(store, books, records.created(records.entry(1)))
    records.keep(beside, books, records.created(records.entry(2)))
    for one in (store, beside):
        assert one.write(books, lambda tx: tx.find("account", ByName("Account 1"))) == ()
        [found] = one.write(books, lambda tx: tx.find("account", ByName("main BANK")))
        assert isinstance(found, Account)
        assert found.version == 1
        with one.read(books) as reader:
            assert reader.head().entries_live == 2
            assert reader.reference("account", records.BANK) == found
            assert reader.account_totals(records.DAY) == reader.account_totals()
        assert list(one.totals_mismatches(books)) == []
    beside.close()


def test_a_company_of_another_process_is_found(store: SqliteStore, path: Path) -> None:
    with pytest.raises(UnknownCompany):
        store.read(CompanyId(1))
    beside = SqliteStore(path, "sqlite:///beside")
    company_id = records.found(beside, 1)
    beside.close()
    with store.read(company_id) as reader:
        assert reader.company.slug == "slug-1"


def test_one_server_at_a_time(store: SqliteStore, path: Path) -> None:
    store.claim_server()
    beside = SqliteStore(path, "sqlite:///beside")
    with pytest.raises(StoreFailure, match="server"):
        beside.claim_server()
    store.close()
    beside.claim_server()
    beside.close()


def test_the_claim_of_a_dead_server_is_gone(store: SqliteStore, path: Path) -> None:
    code = (
        "import os; from pathlib import Path; from daybook.storage.sqlite.store import *;"
        f"SqliteStore(Path({str(path)!r}), '').claim_server(); os._exit(9)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 9
    store.claim_server()


def test_a_reader_is_over_when_its_block_ends(store: SqliteStore, books: CompanyId) -> None:
    """Its connection already serves somebody else."""
    with store.read(books) as reader:
        pass
    with pytest.raises(AttributeError):
        reader.entry(EntryId(1))


def test_a_connection_whose_snapshot_does_not_end_is_not_lent_again(
    store: SqliteStore, books: CompanyId
) -> None:
    connection = store.borrow()
    left_open = connection.execute("SELECT seq FROM head")
    assert left_open.fetchone() is not None
    store.give_back(connection)
    again = store.borrow()
    assert again is not connection
    store.give_back(again)
    assert store.borrow() is again


def test_more_readers_than_are_kept(store: SqliteStore, books: CompanyId) -> None:
    blocks = [store.read(books) for _ in range(READERS_KEPT + 3)]
    readers = [block.__enter__() for block in blocks]
    assert {reader.head().seq for reader in readers} == {8}
    for block in blocks:
        block.__exit__(None, None, None)
    with store.read(books) as reader:
        assert reader.head().seq == 8


def test_after_closing_nothing_is_taken(store: SqliteStore, books: CompanyId) -> None:
    store.close()
    store.close()
    with pytest.raises(ReadOnly):
        records.keep(store, books, records.created(records.entry(1)))
    with pytest.raises(StoreFailure), store.read(books):
        pass


def test_closing_leaves_one_file_and_its_lock(
    store: SqliteStore, books: CompanyId, path: Path
) -> None:
    records.keep(store, books, records.created(records.entry(1)))
    store.close()
    assert sorted(each.name for each in path.parent.iterdir()) == ["books.db", "books.db.lock"]


def test_settings_are_told(store: SqliteStore, path: Path) -> None:
    told = store.describe()
    assert told["version"] == apsw.sqlite_lib_version()
    assert told["journal_mode"] == "wal"
    assert told["synchronous"] == "FULL"
    assert told["file"] == str(path)
    assert told["writes"] == "taken"
