"""Backup and restore: what is checked before a store is touched, and what comes back with it."""

from pathlib import Path

import pytest
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
    assert "what it holds is lost" in shop.fails("restore", "copy.db")
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


@pytest.fixture
def copying(shop: Terminal, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """A shop with a token, whose copies are real."""
    monkeypatch.setattr(shop, "copies", True)
    shop.ok("token", "create", "--client", "billing")
    shop.ok("backup", "copy.db")
    return shop


def states(terminal: Terminal) -> list[str]:
    return [row.split()[-1] for row in terminal.ok("token", "list").splitlines()[1:]]


def test_tokens_that_a_restore_brings_back_are_told(copying: Terminal) -> None:
    copying.ok("token", "revoke", "1")
    copying.ok("restore", "copy.db", "--replace")
    assert "warning: 1 token of the backup will be believed, 1 of them anew" in copying.err
    assert states(copying) == ["valid"]
    copying.ok("restore", "copy.db", "--store", "sqlite:///other.db")
    assert "warning: 1 token of the backup will be believed, even if" in copying.err


def test_tokens_of_a_backup_may_be_revoked_with_it(copying: Terminal) -> None:
    out = copying.ok("restore", "copy.db", "--replace", "--revoke-tokens")
    assert out.endswith("1 token is revoked.\n")
    assert "warning" not in copying.err
    assert states(copying) == ["revoked"]


def test_a_store_that_is_broken_can_be_replaced(copying: Terminal) -> None:
    (copying.folder / "daybook.db").write_text("not a database\n" * 100)
    copying.ok("restore", "copy.db", "--replace")
    assert states(copying) == ["valid"]


def test_a_file_has_a_name(shop: Terminal) -> None:
    assert shop.run("backup", "") == 2
    assert "a file name is needed" in shop.err
