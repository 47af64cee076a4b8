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
"""Answers kept over all companies, of some hundred bytes each: 20 MB."""

COMPANY_CACHED_MAX: Final = 20_000
"""Answers kept for one company before they are thrown away and gathered anew."""

CHECKED_EVERY: Final = 1_000
"""Snapshots between two looks at the bound over all companies."""


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

    @property
    def is_full(self) -> bool:
        """Whether it is time to begin a new one."""
        return len(self) >= COMPANY_CACHED_MAX

    def __len__(self) -> int:
        return len(self.records) + len(self.found) + len(self.children) + len(self.rates)


class ReferenceCaches:
    """The shared caches of a store, one for each company in use."""

    def __init__(self) -> None:
        self._caches: dict[CompanyId, ReferenceCache] = {}
        self._lock = threading.Lock()
        self._asked = 0

    @property
    def size(self) -> int:
        """How many answers are kept."""
        return sum(map(len, self._caches.values()))

    def at(self, company_id: CompanyId, reference_seq: int) -> ReferenceCache:
        """The cache for a company at a `reference_seq`; a reader of an old one gets its own."""
        self._asked += 1
        if self._asked % CHECKED_EVERY == 0:
            with self._lock:
                self._shrink()
        cache = self._caches.get(company_id)
        if cache is not None and cache.reference_seq == reference_seq and not cache.is_full:
            return cache
        fresh = ReferenceCache(reference_seq)
        if cache is None or cache.reference_seq <= reference_seq:
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

    def _shrink(self) -> None:
        """Those that were made first go first; whoever uses one of them may go on with it."""
        while self._caches and self.size > CACHED_MAX:
            del self._caches[next(iter(self._caches))]
