"""Backup and restore: what is checked before a store is touched."""

from pathlib import Path

from tests.cli.conftest import Terminal

URL = "sqlite:///daybook.db"


def test_a_store_is_backed_up(shop: Terminal) -> None:
    assert "is backed up in copy.db" in shop.ok("backup", "copy.db")
    assert shop.copied == [(URL, Path("copy.db"))]


def test_a_backup_is_a_new_file(shop: Terminal) -> None:
    (shop.folder / "copy.db").touch()
    assert "a backup is a new file" in shop.fails("backup", "copy.db")
    assert shop.copied == []


def test_what_a_backup_fails_of_is_told(shop: Terminal) -> None:
    assert shop.fails("backup", "full.db") == "the disk is full"


def test_a_store_is_not_given_up_unasked(shop: Terminal) -> None:
    (shop.folder / "copy.db").touch()
    assert "--replace gives it up" in shop.fails("restore", "copy.db")
    assert shop.copied == []
    shop.ok("restore", "copy.db", "--replace")
    assert shop.copied == [(Path("copy.db"), URL, True)]


def test_a_store_is_restored_where_there_is_none(terminal: Terminal) -> None:
    (terminal.folder / "copy.db").touch()
    assert "is restored from copy.db" in terminal.ok("restore", "copy.db")
    assert "there is no file none.db" in terminal.fails("restore", "none.db")


def test_what_is_no_file_is_not_replaced(terminal: Terminal) -> None:
    (terminal.folder / "copy.db").touch()
    (terminal.folder / "daybook.db").mkdir()
    assert terminal.fails("restore", "copy.db", "--replace") == "daybook.db is no file"
