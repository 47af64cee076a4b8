"""Finding entries in the store by what a statement says of them, through the best index."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from daybook.app.ports import Reader
from daybook.domain.ids import EntryId
from daybook.domain.model import JournalEntry, Status
from daybook.domain.query import And, Compare, Field, Filter, Keyset, Op, Query, sort_key
from daybook.protocols.sql import ids, literals
from daybook.protocols.sql.conditions import Bound, day, micros
from daybook.protocols.sql.limits import PAGE_ROWS

VISIBLE: Final[tuple[Filter, ...]] = (
    Compare(Field.DELETED, Op.EQ, False),
    Compare(Field.STATUS, Op.EQ, Status.POSTED.value),
)
"""Entries that this interface shows: those that count."""


def candidates(reader: Reader, bound: Sequence[Bound]) -> Iterator[JournalEntry]:
    """Entries among which all that satisfy the terms are, by number. Uses the best index."""
    for each in bound:
        if _names_ids(each):
            yield from by_ids(reader, [text for text in each.texts if text is not None])
            return
        if _names_numbers(each):
            yield from _by_numbers(reader, numbers_of([each]))
            return
    conditions: list[Filter] = list(VISIBLE)
    for each in bound:
        made = _FILTERS.get(each.column.name.lower())
        if made is not None and len(each.texts) == 1:
            if each.texts[0] is None:
                return
            conditions.append(made(_OPS[each.operator], each.texts[0]))
    yield from _pages(reader, And(tuple(conditions)))


def _names_ids(each: Bound) -> bool:
    key = each.column.kind in ("key", "entry_key")
    return each.operator in ("=", "in") and key and each.column.name in ("ID", "JournalEntryID")


def _names_numbers(each: Bound) -> bool:
    return each.operator in ("=", "in") and each.column.name == "TxnNumber"


def numbers_of(bound: Sequence[Bound]) -> list[EntryId]:
    """The numbers of the entries that the first term with a unique key names, in order."""
    for each in bound:
        if _names_ids(each):
            parsed = [ids.parse(text) for text in each.texts if text is not None]
            return sorted({found[0] for found in parsed if found is not None})
        if _names_numbers(each):
            numbers = {literals.natural(text) for text in each.texts if text is not None}
            return sorted(EntryId(number) for number in numbers if number is not None)
    return []


def by_ids(reader: Reader, texts: Sequence[str]) -> Iterator[JournalEntry]:
    """Visible entries by their IDs, in the order of their numbers."""
    wanted: dict[EntryId, set[str]] = {}
    for text in texts:
        parsed = ids.parse(text)
        if parsed is not None:
            wanted.setdefault(parsed[0], set()).add(text)
    for number in sorted(wanted):
        entry = reader.entry(number)
        if entry is not None and entry.counts and ids.entry_id(entry) in wanted[number]:
            yield entry


def _by_numbers(reader: Reader, numbers: Sequence[EntryId]) -> Iterator[JournalEntry]:
    for number in numbers:
        entry = reader.entry(number)
        if entry is not None and entry.counts:
            yield entry


_OPS: Final = {"=": Op.EQ, "in": Op.EQ, "<": Op.LT, "<=": Op.LE, ">": Op.GT, ">=": Op.GE}
_FILTERS: Final[dict[str, Callable[[Op, str], Filter]]] = {
    "referencenumber": lambda op, text: (
        Compare(Field.DOC_NUMBER, op, text) if op is Op.EQ else And(())
    ),
    "date": lambda op, text: Compare(Field.POSTING_DATE, op, day(text)),
    "timemodified": lambda op, text: Compare(Field.MODIFIED_AT, op, micros(text)),
}


def _pages(reader: Reader, where: Filter) -> Iterator[JournalEntry]:
    after = None
    while True:
        page = reader.entries(Query(where, page=Keyset(PAGE_ROWS, after)))
        yield from page
        if len(page) < PAGE_ROWS:
            return
        after = sort_key(page[-1], ())
