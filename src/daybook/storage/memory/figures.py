"""Figures that follow from entries: what an entry adds to the totals of accounts and contacts.

Used twice: one entry at a time when totals are kept up, and over all entries where they are told
as of a date or checked.
"""

from collections.abc import Callable, Iterable

from daybook.domain.model import AccountKind, JournalEntry, Side
from daybook.storage.memory.books import Sums

KindOf = Callable[[int], AccountKind]
"""The kind of an account, by its id."""

_OPEN_ITEMS = frozenset({AccountKind.RECEIVABLE, AccountKind.PAYABLE})


class Tally:
    """Sums under way, by account and by contact."""

    __slots__ = ("_kind_of", "accounts", "contacts")

    def __init__(self, kind_of: KindOf) -> None:
        self._kind_of = kind_of
        self.accounts: dict[int, list[int]] = {}
        self.contacts: dict[int, list[int]] = {}

    def add(self, entries: Iterable[JournalEntry], sign: int = 1) -> None:
        """Add the lines of those entries that count, or take them away (-1)."""
        for entry in entries:
            if not entry.counts:
                continue
            for line in entry.lines:
                _add(self.accounts, line.account_id, line.side, line.home_amount, sign)
                if line.contact_id is not None and self._kind_of(line.account_id) in _OPEN_ITEMS:
                    _add(self.contacts, line.contact_id, line.side, line.home_amount, sign)


def _add(table: dict[int, list[int]], key: int, side: Side, amount: int, sign: int) -> None:
    sums = table.setdefault(key, [0, 0, 0])
    sums[side is Side.CREDIT] += sign * amount
    sums[2] += sign


def settled(table: dict[int, list[int]]) -> dict[int, Sums]:
    """Finished sums of those that any line counts for, by id."""
    return {key: Sums(*sums) for key, sums in sorted(table.items()) if sums[2]}
