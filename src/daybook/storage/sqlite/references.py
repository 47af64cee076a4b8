"""Reference records kept decoded in memory, with a bound.

Writers resolve the same few accounts all day. What was read of a company's reference records
stays valid while the head's `reference_seq` stays, whichever process wrote: a `ReferenceCache`
belongs to one such number and is dropped for the next. A transaction that changes reference
records works on a cache of its own, which becomes the shared one once it is committed.
"""

import threading
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Final

from daybook.domain.ids import CompanyId, Ref
from daybook.domain.model import Company, Reference

CACHED_MAX: Final = 50_000
"""Answers kept over all companies, of some hundred bytes each: 20 MB at most."""


class ReferenceCache:
    """What was read of one company's reference records as of one `reference_seq`.

    Filled by whoever reads; entries are added, never changed, so threads may share it.
    """

    __slots__ = ("children", "company", "found", "rates", "records", "reference_seq")

    def __init__(self, reference_seq: int) -> None:
        self.reference_seq = reference_seq
        self.company: Company | None = None
        self.records: dict[tuple[str, int], Reference | None] = {}
        self.found: dict[tuple[str, Ref], Sequence[Reference]] = {}
        self.children: dict[tuple[str, int], Sequence[Reference]] = {}
        self.rates: dict[tuple[str, date], Decimal | None] = {}

    def __len__(self) -> int:
        return len(self.records) + len(self.found) + len(self.children) + len(self.rates)


class ReferenceCaches:
    """The shared caches of a store, one for each company in use."""

    def __init__(self) -> None:
        self._caches: dict[CompanyId, ReferenceCache] = {}
        self._lock = threading.Lock()

    def at(self, company_id: CompanyId, reference_seq: int) -> ReferenceCache:
        """The cache for a company at a `reference_seq`; a reader of an old one gets its own."""
        cache = self._caches.get(company_id)
        if cache is not None and cache.reference_seq == reference_seq:
            return cache
        fresh = ReferenceCache(reference_seq)
        if cache is None or cache.reference_seq < reference_seq:
            self.publish(company_id, fresh)
        return fresh

    def publish(self, company_id: CompanyId, cache: ReferenceCache) -> None:
        """Share a cache whose `reference_seq` is committed."""
        with self._lock:
            current = self._caches.pop(company_id, None)
            if current is not None and current.reference_seq > cache.reference_seq:
                cache = current
            self._caches[company_id] = cache
            self._shrink()

    def tidy(self) -> None:
        """Keep to the bound; called now and then by the writer."""
        with self._lock:
            self._shrink()

    def _shrink(self) -> None:
        while self._caches and sum(map(len, self._caches.values())) > CACHED_MAX:
            del self._caches[next(iter(self._caches))]
