"""Names and credentials, also when another process changes them."""

from pathlib import Path

import apsw
import pytest
from tests.support import records

from daybook.app.ports import Client, Token, TokensOf, Tx
from daybook.domain.ids import CompanyId, Timestamp
from daybook.storage.sqlite import directory
from daybook.storage.sqlite.store import SqliteStore

TOKEN = Token(b"h" * 32, "access", "app", frozenset(), frozenset({"read"}), Timestamp(1))


def test_a_name_that_cannot_be_stored_is_nobodys(store: SqliteStore, books: CompanyId) -> None:
    assert store.directory.by_slug("\ud800") is None
    assert store.directory.by_realm("9" * 10_000) is None


def test_credentials_of_another_process_count(
    store: SqliteStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Soon, at the latest: each request asks, so the answer is kept for a moment."""
    monkeypatch.setattr(directory, "VERSION_KEPT_S", 0)
    beside = SqliteStore(path, "sqlite:///beside")
    version = store.directory.credentials_version()
    kept = beside.directory.put_token(TOKEN)
    assert store.directory.credentials_version() > version
    assert store.directory.token(TOKEN.hash) == kept
    version = store.directory.credentials_version()
    beside.directory.put_client(Client("app", "App", b"s" * 32, Timestamp(1)))
    assert store.directory.credentials_version() > version
    beside.close()


def test_credentials_of_this_process_count_at_once(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "VERSION_KEPT_S", 600)
    version = store.directory.credentials_version()
    store.directory.put_token(TOKEN)
    assert store.directory.credentials_version() > version


@pytest.mark.parametrize(
    ("of", "index"),
    [
        (TokensOf(client="app"), "token_by_client"),
        (TokensOf(user="ada"), "token_by_user"),
        (TokensOf(label="grant 1"), "token_by_label"),
        (TokensOf(hash=b"h" * 16), "sqlite_autoindex_token_1"),
        (TokensOf(derived=True), "token_with_parent"),
    ],
)
def test_tokens_of_somebody_are_found_without_a_look_at_the_others(
    store: SqliteStore, file: apsw.Connection, of: TokensOf, index: str
) -> None:
    statement, values = directory.tokens_statement(of)
    plan = [row[-1] for row in file.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert f"INDEX {index}" in plan[0], plan


def test_a_commit_of_books_is_no_change_of_credentials(
    store: SqliteStore, books: CompanyId
) -> None:
    version = store.directory.credentials_version()
    records.keep(store, books, records.created(records.entry(1)))
    assert store.directory.credentials_version() == version


def test_a_founding_in_a_group_with_others(store: SqliteStore, books: CompanyId) -> None:
    """What it raises undoes the company and its number."""

    def fail(company_id: CompanyId, tx: Tx) -> None:
        records.log(tx, company_id, records.created(records.company(company_id)))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.found_company(records.names_of(records.company(2)), fail)
    assert records.found(store, 2) == 2
