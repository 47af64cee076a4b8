"""Pages of lists: what the arguments ask for, the rows, and where they lie in the list.

A page is fetched by the sort key of a row (`domain.query.Keyset`), so page 10,000 costs what page 1
does and rows that come or go elsewhere move nothing. Cursors are sealed; taken are also those of
the original, plain offsets (`simple-cursor4`). Whether there is more on either side is found out
exactly, and only when it is asked for.
"""

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from daybook.domain.ids import CompanyId
from daybook.domain.limits import OFFSET_MAX
from daybook.domain.model import JournalEntry, Reference
from daybook.domain.query import Filter, Keyset, Offset, Query, Sort, precedes, sort_key
from daybook.protocols.intuit_graphql.errors import Code, fault
from daybook.protocols.intuit_graphql.limits import (
    CURSOR_LENGTH_MAX,
    PAGE_BYTES_MAX,
    PAGE_ROWS_DEFAULT,
    PAGE_ROWS_MAX,
)
from daybook.protocols.kit.cursor import CursorSeal

Row = JournalEntry | Reference
Key = tuple[Any, ...]
Fetch = Callable[[Query], Sequence[Row]]

_PLAIN: Final = re.compile(r"simple-cursor([0-9]{1,10})", re.ASCII).fullmatch
_NAMES: Final = ("first", "after", "last", "before")


@dataclass(frozen=True, slots=True)
class Search:
    """A list: its name and company, filter and order, and how to read it."""

    name: str
    company_id: CompanyId
    filter: Filter
    sort: tuple[Sort, ...]
    fetch: Fetch
    count: Callable[[Filter], int]

    @property
    def reverse(self) -> tuple[Sort, ...]:
        """The order read backwards."""
        return tuple(Sort(each.field, not each.descending) for each in self.sort)

    @property
    def digest(self) -> bytes:
        """What cursors are bound to besides the company: the list and its order."""
        order = ",".join(f"{each.field}{'-' if each.descending else '+'}" for each in self.sort)
        return f"{self.name}:{order}".encode()

    def rows(self, limit: int, after: Key | None = None, *, backwards: bool = False) -> list[Row]:
        """Rows after a key, in the order or against it."""
        sort = self.reverse if backwards else self.sort
        page = Keyset(limit, after)
        return list(self.fetch(Query(self.filter, sort, page, PAGE_BYTES_MAX)))

    def key(self, row: Row) -> Key:
        """The sort key of a row."""
        return sort_key(row, self.sort)

    def at(self, offset: int) -> Row | None:
        """The row with an offset, or None past the end."""
        found = self.fetch(Query(self.filter, self.sort, Offset(min(offset, OFFSET_MAX), 1)))
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which page: the first or last so many rows between two cursors."""

    size: int
    backwards: bool = False
    after: str | None = None
    before: str | None = None


def wanted(arguments: Mapping[str, Any]) -> Wanted:
    """The page that the arguments of a list ask for. Raises `Fault`."""
    direct = {name: arguments[name] for name in _NAMES if arguments.get(name) is not None}
    grouped = arguments.get("pagination") or {}
    grouped = {name: grouped[name] for name in _NAMES if grouped.get(name) is not None}
    if direct and grouped:
        raise fault(
            Code.CONFLICTING_FIELDS, "The page is asked for both directly and by pagination."
        )
    given = direct or grouped
    if "first" in given and "last" in given:
        raise fault(Code.CONFLICTING_FIELDS, "first and last cannot be used together.")
    backwards = "last" in given
    size = given.get("last" if backwards else "first", PAGE_ROWS_DEFAULT)
    if not 0 <= size <= PAGE_ROWS_MAX:
        raise fault(Code.INVALID_PAGE_SIZE, f"A page has 0 to {PAGE_ROWS_MAX:,} rows, not {size}.")
    return Wanted(size, backwards, given.get("after"), given.get("before"))


@dataclass(frozen=True, slots=True)
class Edge:
    """A row and its place."""

    row: Row
    page: "Page"

    @property
    def cursor(self) -> str:
        """The row's cursor."""
        return self.page.cursor_of(self.row)


class _End:
    """The place after the last row, where an offset leads that is too large."""


_END: Final = _End()
_Bound = Key | _End | None


class Page:
    """A page that has been read. Must be asked while its snapshot is open."""

    def __init__(self, search: Search, wanted: Wanted, seal: CursorSeal) -> None:
        """Raises `Fault` for a cursor that is not one of this list."""
        self._search = search
        self._seal = seal
        self._wanted = wanted
        self._after = self._bound(wanted.after)
        self._before = self._bound(wanted.before)
        self._more: bool | None = None
        self.rows: list[Row] = self._read()

    def _bound(self, cursor: str | None) -> _Bound:
        if cursor is None:
            return None
        search = self._search
        key = self._seal.open(search.company_id, search.digest, cursor)
        if isinstance(key, list):
            return tuple(key)
        offset = _offset_of(cursor)
        if offset is None:
            raise fault(Code.INVALID_CURSOR, "The cursor is not one of this list in this order.")
        row = search.at(offset)
        return _END if row is None else search.key(row)

    def _read(self) -> list[Row]:
        """The rows; notes on the way if there is another in the direction of reading."""
        search, size = self._search, self._wanted.size
        start, stop = self._after, self._before
        if self._wanted.backwards:
            start, stop = stop, start
        if start is _END:
            if not self._wanted.backwards:
                return []
            start = None
        assert not isinstance(start, _End)
        found = search.rows(size + 1, start, backwards=self._wanted.backwards)
        if stop is not None and (stop is not _END or self._wanted.backwards):
            kept = [] if isinstance(stop, _End) else self._short_of(found, stop)
            if len(kept) < len(found):
                self._more = True
            found = kept
        if len(found) > size:
            self._more = True
        found = found[:size]
        return found[::-1] if self._wanted.backwards else found

    def _short_of(self, found: list[Row], stop: Key) -> list[Row]:
        search = self._search
        sort = search.reverse if self._wanted.backwards else search.sort
        return [row for row in found if precedes(search.key(row), stop, sort)]

    def _is_beyond(self, bound: _Bound, *, backwards: bool) -> bool:
        """Whether there is a row on the far side of where reading began."""
        if bound is None or (bound is _END and backwards):
            return False
        search = self._search
        if self.rows:
            edge = self.rows[-1 if backwards else 0]
            return bool(search.rows(1, search.key(edge), backwards=not backwards))
        ends = search.rows(1, None, backwards=backwards)
        if not ends or bound is _END:
            return bool(ends)
        assert isinstance(bound, tuple)
        key = search.key(ends[0])
        return (
            not precedes(key, bound, search.sort)
            if backwards
            else (not precedes(bound, key, search.sort))
        )

    def _has_more(self) -> bool:
        """Whether there is a row after the last one that was read, in the direction of reading.

        A page may have fewer rows than there are because they would be too large together.
        """
        if self._more is None:
            backwards = self._wanted.backwards
            self._more = bool(self.rows) and bool(
                self._search.rows(
                    1, self._search.key(self.rows[0 if backwards else -1]), backwards=backwards
                )
            )
        return self._more

    def has_next(self) -> bool:
        """Whether there is a row after the page."""
        if not self._wanted.backwards:
            return self._has_more()
        return self._is_beyond(self._before, backwards=True)

    def has_previous(self) -> bool:
        """Whether there is a row before the page."""
        if self._wanted.backwards:
            return self._has_more()
        return self._is_beyond(self._after, backwards=False)

    def total_count(self) -> int:
        """How many rows the list has."""
        return self._search.count(self._search.filter)

    @property
    def edges(self) -> list[Edge]:
        """The rows with their places."""
        return [Edge(row, self) for row in self.rows]

    def cursor_of(self, row: Row) -> str:
        """The cursor of a row."""
        search = self._search
        return self._seal.seal(search.company_id, search.digest, list(search.key(row)))

    def cursor_at(self, index: int) -> str | None:
        """The cursor of the first (0) or last (-1) row, or None on an empty page."""
        return self.cursor_of(self.rows[index]) if self.rows else None


def _offset_of(cursor: str) -> int | None:
    """The offset in a cursor of the original, or None if it is not one."""
    if len(cursor) > CURSOR_LENGTH_MAX:
        return None
    try:
        plain = base64.b64decode(cursor + "=" * (-len(cursor) % 4), validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    found = _PLAIN(plain)
    return None if found is None else int(found[1])
