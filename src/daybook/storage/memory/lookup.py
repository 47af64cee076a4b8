"""Which records have a name, a code, a parent or a number now.

Only writers ask this, about the newest state, so nothing older is kept. A change moves a record
from the keys it had to those it has; undoing it moves it back.
"""

import re
from bisect import bisect_left, insort
from collections.abc import Hashable
from typing import Final

from daybook.domain.events import entity_of
from daybook.domain.model import Company, ExchangeRate, JournalEntry, Record
from daybook.domain.query import Field, field_value, fold

_is_number: Final = re.compile("[0-9]+", re.ASCII).fullmatch
_TEXTS: Final = (Field.FULL_NAME, Field.NAME, Field.CODE)

Key = tuple[Hashable, ...]


def text_key(entity: str, field: Field, text: str) -> Key:
    """The key of the reference records whose name, full name or code is a text, case apart."""
    return (entity, field, fold(text))


def parent_key(entity: str, record_id: int) -> Key:
    """The key of the reference records directly below one."""
    return (entity, Field.PARENT, record_id)


def rate_key(currency: str) -> Key:
    """The key of the exchange rates of a currency."""
    return ("rate", currency)


def doc_number_key(doc_number: str) -> Key:
    """The key of the live entries with a document number, case apart."""
    return (Field.DOC_NUMBER, fold(doc_number))


def account_key(account_id: int) -> Key:
    """The key of the live entries with a line on an account."""
    return (Field.LINE_ACCOUNT, account_id)


def _keys(record: Record | None) -> frozenset[Key]:
    """Every key a record is found under; tombstones are found under none."""
    keys: set[Key] = set()
    match record:
        case None | Company():
            pass
        case JournalEntry():
            if record.deleted_at is None:
                keys.update(account_key(line.account_id) for line in record.lines)
                if record.doc_number is not None:
                    keys.add(doc_number_key(record.doc_number))
        case _:
            entity = entity_of(record)
            for field in _TEXTS:
                text = field_value(record, field)
                if isinstance(text, str):
                    keys.add(text_key(entity, field, text))
            parent = field_value(record, Field.PARENT)
            if isinstance(parent, int):
                keys.add(parent_key(entity, parent))
            if isinstance(record, ExchangeRate):
                keys.add(rate_key(record.currency))
    return frozenset(keys)


def _number(record: Record | None) -> int | None:
    """The document number of a live entry as a number, if it is digits only."""
    if isinstance(record, JournalEntry) and record.deleted_at is None:
        number = record.doc_number
        if number is not None and _is_number(number):
            return int(number)
    return None


class Lookup:
    """Ids of records by key, and the numeric document numbers in order."""

    __slots__ = ("_ids", "_numbers")

    def __init__(self) -> None:
        self._ids: dict[Key, set[int]] = {}
        self._numbers: list[int] = []

    def ids(self, key: Key) -> list[int]:
        """The records found under a key, by id."""
        return sorted(self._ids.get(key, ()))

    def has(self, key: Key) -> bool:
        """Whether any record is found under a key."""
        return key in self._ids

    def highest_number(self) -> int:
        """The highest numeric document number, or 0."""
        return self._numbers[-1] if self._numbers else 0

    def move(self, before: Record | None, after: Record | None) -> None:
        """A record is now as in `after`, and was as in `before`."""
        record = after or before
        assert record is not None
        old, new = _keys(before), _keys(after)
        for key in old - new:
            ids = self._ids[key]
            ids.remove(record.id)
            if not ids:
                del self._ids[key]
        for key in new - old:
            self._ids.setdefault(key, set()).add(record.id)
        old_number, new_number = _number(before), _number(after)
        if old_number != new_number:
            if old_number is not None:
                del self._numbers[bisect_left(self._numbers, old_number)]
            if new_number is not None:
                insort(self._numbers, new_number)
