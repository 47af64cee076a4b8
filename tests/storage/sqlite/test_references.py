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


def test_the_longest_unused_company_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(references, "CACHED_MAX", 10)
    caches = ReferenceCaches()
    first, second = _filled(1, 6), _filled(1, 6)
    caches.publish(ONE, first)
    caches.publish(OTHER, second)
    assert caches.at(OTHER, 1) is second
    assert caches.at(ONE, 1) is not first


def test_one_company_alone_keeps_to_the_bound(
    store: SqliteStore, books: CompanyId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where nothing but absent records is asked for."""
    monkeypatch.setattr(references, "CACHED_MAX", 20)
    for start in range(1_000, 1_200, 10):
        with store.read(books) as reader:
            for number in range(start, start + 10):
                assert reader.reference("account", number) is None
    assert store.caches.size <= 20 + 10


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
