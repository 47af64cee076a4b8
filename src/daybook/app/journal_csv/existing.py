"""Which entries of a file the books have already: those with the same number and posting date.

A file that is imported twice doubles the journal, and nothing in the ledger's rules forbids it:
document numbers may repeat. So an import looks, a window of entries at a time and in one snapshot
from before it began, and the caller decides what to do about what it finds.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from daybook.app.journal_csv.faults import Unreadable
from daybook.app.journal_csv.limits import WINDOW_ENTRIES, WINDOW_ROWS
from daybook.app.journal_csv.reading import Group
from daybook.app.ports import Reader
from daybook.domain.query import (
    And,
    Compare,
    Field,
    Keyset,
    OneOf,
    Op,
    Query,
    Sort,
    fold,
    sort_key,
)
from daybook.domain.values import value

_ORDER = (Sort(Field.ID),)


@value
class _Mark:
    """What tells an entry from others: its document number, case apart, and its posting date."""

    number: str
    day: date


@dataclass(frozen=True, slots=True)
class Judged:
    """An entry of a file, and whether the books had one like it when the import began."""

    group: Group
    exists: bool


class Existing:
    """Looks for entries in a snapshot, which must outlive it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._has_entries = reader.head().entries_live > 0

    def judge(self, groups: Iterable[Group]) -> Iterator[Judged]:
        """Every entry of a file, in order. Raises what `groups` raises, after what came before.

        One without a document number or with faults is like no other.
        """
        if not self._has_entries:
            for group in groups:
                yield Judged(group, exists=False)
            return
        window: list[Group] = []
        rows = 0
        ended: Unreadable | None = None
        try:
            for group in groups:
                window.append(group)
                rows += len(group.rows)
                if len(window) == WINDOW_ENTRIES or rows >= WINDOW_ROWS:
                    yield from self._window(window)
                    window, rows = [], 0
        except Unreadable as unreadable:
            ended = unreadable
        yield from self._window(window)
        if ended is not None:
            raise ended

    def _window(self, groups: list[Group]) -> Iterator[Judged]:
        marks = [_mark(group) for group in groups]
        found = self._found({mark for mark in marks if mark is not None})
        for group, mark in zip(groups, marks, strict=True):
            yield Judged(group, exists=mark in found)

    def _found(self, wanted: set[_Mark]) -> set[_Mark | None]:
        """Those marks that a live entry has."""
        found: set[_Mark | None] = set()
        if not wanted:
            return found
        alike = And(
            (
                OneOf(Field.DOC_NUMBER, tuple(sorted({mark.number for mark in wanted}))),
                OneOf(Field.POSTING_DATE, tuple(sorted({mark.day for mark in wanted}))),
                Compare(Field.DELETED, Op.EQ, False),
            )
        )
        after = None
        while len(found) < len(wanted):
            page = self._reader.entries(Query(alike, _ORDER, Keyset(WINDOW_ENTRIES, after)))
            marks = (_Mark(fold(each.doc_number or ""), each.posting_date) for each in page)
            found.update(mark for mark in marks if mark in wanted)
            if len(page) < WINDOW_ENTRIES:
                break
            after = sort_key(page[-1], _ORDER)
        return found


def _mark(group: Group) -> _Mark | None:
    content = group.content
    if content is None or content.doc_number is None or content.posting_date is None:
        return None
    return _Mark(fold(content.doc_number), content.posting_date)
