"""The cache of reference records: bounded, and never ahead of what is committed."""

import pytest
from tests.support import records
from tests.support.stores import Oops

from daybook.app.ports import Tx
from daybook.domain.ids import ByName, CompanyId
from daybook.storage.sqlite import references
from daybook.storage.sqlite.references import ReferenceCache, ReferenceCaches
from daybook.storage.sqlite.store import SqliteStore

ONE, OTHER = CompanyId(1), CompanyId(2)


def _filled(seq: int, size: int) -> ReferenceCache:
    cache = ReferenceCache(seq)
    cache.records = {("account", number): None for number in range(size)}
    return cache


def test_a_cache_is_shared_until_something_changes() -> None:
    caches = ReferenceCaches()
    cache = caches.at(ONE, 5)
    assert caches.at(ONE, 5) is cache
    later = caches.at(ONE, 6)
    assert later is not cache
    assert caches.at(ONE, 6) is later


def test_an_old_snapshot_gets_a_cache_of_its_own() -> None:
    """And does not put the newer one out."""
    caches = ReferenceCaches()
    newer = caches.at(ONE, 6)
    assert caches.at(ONE, 5).reference_seq == 5
    assert caches.at(ONE, 6) is newer
    caches.publish(ONE, _filled(5, 1))
    assert caches.at(ONE, 6) is newer


def test_what_was_made_first_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "CACHED_MAX", 10)
    caches = ReferenceCaches()
    first, second = _filled(1, 6), _filled(1, 6)
    caches.publish(ONE, first)
    caches.publish(OTHER, second)
    assert caches.at(OTHER, 1) is second
    assert caches.at(ONE, 1) is not first


@pytest.mark.parametrize("bound", ["CACHED_MAX", "COMPANY_CACHED_MAX"])
def test_what_is_kept_is_bounded(
    store: SqliteStore, books: CompanyId, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    """Also where nothing but absent records is asked for."""
    monkeypatch.setattr(references, bound, 20)
    monkeypatch.setattr(references, "CHECKED_EVERY", 1)
    for start in range(1_000, 1_200, 10):
        with store.read(books) as reader:
            for number in range(start, start + 10):
                assert reader.reference("account", number) is None
    assert 0 < store.caches.size <= 30


def test_a_transaction_keeps_to_the_bound_too(
    store: SqliteStore, books: CompanyId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it shares a cache or, having changed a record, has one of its own."""
    monkeypatch.setattr(references, "COMPANY_CACHED_MAX", 20)

    def work(tx: Tx) -> None:
        for number in range(100):
            assert tx.find("account", ByName(f"Nobody {number}")) == ()
            if number == 50:
                records.log(tx, books, records.created(records.account(60)))
            assert len(tx._cache()) <= 21  # type: ignore[attr-defined]
        assert tx.reference("account", 60) is not None

    store.write(books, work)


def test_what_was_undone_is_not_remembered(store: SqliteStore, books: CompanyId) -> None:
    """The same event number can stand for another change afterwards."""

    def rename(tx: Tx, name: str) -> None:
        before = records.account(records.BANK)
        records.log(tx, books, records.revision(before, records.account(records.BANK, name=name)))
        assert len(tx.find("account", ByName(name))) == 1

    def fail(tx: Tx) -> None:
        rename(tx, "Undone")
        raise Oops

    with pytest.raises(Oops):
        store.write(books, fail)
    store.write(books, lambda tx: rename(tx, "Kept"))
    assert store.write(books, lambda tx: tx.find("account", ByName("Undone"))) == ()
    [found] = store.write(books, lambda tx: tx.find("account", ByName("Kept")))
    with store.read(books) as reader:
        assert reader.reference("account", records.BANK) == found
