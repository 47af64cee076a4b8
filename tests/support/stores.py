"""Helpers of the suites that every storage engine passes."""

from collections.abc import Callable, Sequence
from datetime import date
from queue import SimpleQueue
from typing import Final

import pytest
from tests.support.clock import START
from tests.support.records import created, entry, log

from daybook.app.ports import IdempotencyKey, Reader, Remembered, Store, Tx
from daybook.domain.events import ENTRY, Change
from daybook.domain.ids import CompanyId
from daybook.domain.query import Compare, Field, Not, Op

KEY: Final = IdempotencyKey("test", "app", "k-1")
LIVE: Final = Not(Compare(Field.DELETED, Op.EQ, True))
"""Entries that are not tombstones."""


class Mail:
    """A mailbox that keeps what it gets."""

    def __init__(self) -> None:
        self._letters: SimpleQueue[tuple[object, object]] = SimpleQueue()

    def deliver(self, letters: Sequence[tuple[object, object]]) -> None:
        for letter in letters:
            self._letters.put(letter)

    def take(self, count: int) -> dict[object, object]:
        """The next letters, by ticket; waits for them."""
        return dict(self._letters.get(timeout=30) for _ in range(count))

    @property
    def empty(self) -> bool:
        return self._letters.empty()


class Oops(Exception):
    """What a unit of work raises in tests."""


def totals(reader: Reader, as_of: date | None = None) -> dict[int, int]:
    """Balances by account."""
    return {total.id: total.balance for total in reader.account_totals(as_of)}


def balances(store: Store, company_id: CompanyId, as_of: date | None = None) -> dict[int, int]:
    """Balances by account, in a snapshot of their own."""
    with store.read(company_id) as reader:
        return totals(reader, as_of)


def write_failing(store: Store, company_id: CompanyId, *changes: Change) -> None:
    """Append changes and remember something, then raise: nothing of it may stay."""

    def work(tx: Tx) -> None:
        log(tx, company_id, *changes)
        tx.remember(KEY, Remembered(START))
        raise Oops

    with pytest.raises(Oops):
        store.write(company_id, work)


def append_next(company_id: CompanyId) -> Callable[[Tx], int]:
    """Work that makes one more entry and answers with its id; may be run again."""

    def work(tx: Tx) -> int:
        entry_id = tx.next_id(ENTRY)
        log(tx, company_id, created(entry(entry_id)))
        return entry_id

    return work
