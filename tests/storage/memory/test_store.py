"""The memory store's own: its address, and that it serves on the caller's thread."""

import threading

import pytest
from tests.support.records import account, chart, created, entry, found, keep, revision
from tests.support.stores import Mail

from daybook.app.ports import StoreFailure
from daybook.domain.events import ACCOUNT
from daybook.domain.ids import ById
from daybook.storage import open_store


@pytest.mark.parametrize("url", ["memory:", "memory://", "memory:///"])
def test_every_opening_is_a_store_of_its_own(url: str) -> None:
    first, second = open_store(url), open_store(url)
    found(first)
    assert second.directory.company_ids() == []
    assert first.url == "memory://"


def test_an_address_that_names_a_place_is_refused() -> None:
    with pytest.raises(StoreFailure, match="nothing can follow"):
        open_store("memory:///books.db")


def test_results_are_delivered_before_write_soon_returns() -> None:
    store = open_store("memory://")
    books = found(store)
    mail = Mail()
    store.write_soon(books, lambda tx: threading.get_ident(), "t", mail)
    assert mail.take(1) == {"t": threading.get_ident()}


def test_a_change_of_what_is_kept_otherwise_is_refused() -> None:
    """A revision of a record that has moved on, and a record that is there already."""
    store = open_store("memory://")
    books = found(store, 1, chart())
    keep(store, books, revision(account(2), account(2, name="Rates")))
    for change in (revision(account(2), account(2, name="Lost")), created(account(2))):
        with pytest.raises(StoreFailure):
            keep(store, books, change)
    with store.read(books) as reader:
        assert len(reader.history(ACCOUNT, 2)) == 2
    keep(store, books, created(entry(1)))
    assert store.write(books, lambda tx: len(tx.find(ACCOUNT, ById(2)))) == 1
