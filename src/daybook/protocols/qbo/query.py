"""Statements carried out: from a `Statement` to a search in the ledger, and to the rows shown.

Conditions and orders on what the store has columns for go to the store, page and all. What only
the shown object has (a given name, a balance) is judged row by row over what the store finds,
read in pages, with no more rows held than the answer needs.

A moment without a fraction stands for its whole second, as records show their times: a caller who
sends back a `LastUpdatedTime` it was given finds just what it expects. A moment with a fraction,
such as the `time` of an earlier answer, is compared to the microsecond, so that whoever asks for
what has changed since then misses nothing.

An answer is bounded in rows and in bytes: like one of the most rows, it says how many there are.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import islice
from time import monotonic
from typing import Any, Final

from daybook.app.ledger import Books
from daybook.app.ports import DeadlinePassed, Reader
from daybook.domain.ids import Timestamp
from daybook.domain.limits import FILTER_NODES_MAX
from daybook.domain.model import JournalEntry, Reference, Status
from daybook.domain.query import (
    ALWAYS,
    And,
    Compare,
    Field,
    Filter,
    IsNull,
    Keyset,
    Like,
    Not,
    Offset,
    OneOf,
    Op,
    Or,
    Query,
    Sort,
    fold,
    like,
    sort_key,
)
from daybook.protocols.kit import json
from daybook.protocols.qbo import entities
from daybook.protocols.qbo.entities import tax
from daybook.protocols.qbo.errors import Error, QboFault
from daybook.protocols.qbo.limits import (
    DOC_NUMBER_LENGTH_MAX,
    ID_DIGITS_MAX,
    PAGE_BYTES_MAX,
    SEARCH_SECONDS_MAX,
)
from daybook.protocols.qbo.literals import SECOND, Literals
from daybook.protocols.qbo.properties import (
    EMPTY,
    ENTRIES,
    SEARCHED,
    Property,
    Searched,
    Type,
)
from daybook.protocols.qbo.render import Json, entry_json, entry_whole
from daybook.protocols.qbo.statement import (
    Condition,
    Order,
    Statement,
    invalid,
    parse,
)

ROWS_DEFAULT: Final = 100
ROWS_MAX: Final = 1_000
"""Rows of one answer: what a statement gets that asks for none, and the most it gets."""

START_MAX: Final = 10**9
"""Largest start position; what asks for more asks for an empty page."""

MOMENTS_MAX: Final = FILTER_NODES_MAX // 5
"""Moments that one statement compares with: each takes up to four nodes of a filter."""

_EQUALITY_ALONE: Final = frozenset({Type.ID, Type.REFERENCE, Type.BOOLEAN})
_LIKE: Final = frozenset({Type.TEXT, Type.NAME, Type.DATE, Type.MOMENT, Type.ACCOUNT_TYPE})
"""Types whose values have no order, and types whose values are texts as they are shown."""

_POSTED: Final = (
    Compare(Field.DELETED, Op.EQ, False),
    Compare(Field.STATUS, Op.EQ, Status.POSTED.value),
)
"""Entries this wire shows: those that count."""

Row = JournalEntry | Reference
_Judge = Callable[[Json], bool]


@contextmanager
def in_time(books: Books) -> Iterator[Reader]:
    """A reader for one statement. Raises `QboFault` (4002) where it searches for too long."""
    try:
        with books.read(monotonic() + SEARCH_SECONDS_MAX) as reader:
            yield reader
    except DeadlinePassed:
        raise _too_long() from None


def run(text: str, reader: Reader, now: Timestamp, bytes_max: int = PAGE_BYTES_MAX) -> Json:
    """The content of `QueryResponse` for a statement, its rows of up to `bytes_max` bytes; a first
    row always comes. Raises `QboFault` (4000, 4001, 4002).
    """
    statement = parse(text)
    name = statement.entity.lower()
    if name in EMPTY:
        return {"totalCount": 0} if statement.counting else {}
    searched = SEARCHED.get(name)
    if searched is None:
        raise invalid(f"invalid context declaration: {statement.entity}")
    search = _Search(statement, searched, reader, now, bytes_max)
    if statement.counting:
        return {"totalCount": search.count()}
    rows = search.rows()
    if not rows:
        return {}
    return {
        searched.name: rows,
        "startPosition": search.start + 1,
        "maxResults": len(rows),
    }


class _Search:
    """One statement against one snapshot of the books."""

    def __init__(
        self,
        statement: Statement,
        searched: Searched,
        reader: Reader,
        now: Timestamp,
        bytes_max: int,
    ) -> None:
        self._bytes_max = bytes_max
        self._ends_at = monotonic() + SEARCH_SECONDS_MAX
        self._searched = searched
        self._reader = reader
        self._literals = Literals(reader, now)
        self._judges: list[_Judge] = []
        self._pseudo: list[Json] = []
        if searched.list is tax.CODES:
            self._pseudo = [*tax.pseudo_codes(reader.company).values()]
        self._all_judged = searched.core is None or bool(self._pseudo)
        names_active = any(each.path.lower() == "active" for each in statement.conditions)
        self._all_shown_active = searched.hides_inactive and not names_active
        self._moments = 0
        filters: list[Filter] = [*_POSTED] if searched is ENTRIES else []
        if searched.list is not None and searched.list.kind is not None:
            filters.append(Compare(Field.KIND, Op.EQ, searched.list.kind.value))
        if self._all_shown_active:
            filters.append(Compare(Field.ACTIVE, Op.EQ, True))
        for condition in statement.conditions:
            found = self._condition(condition)
            if found is not None:
                filters.append(found)
        self._filter: Filter = And(tuple(filters)) if filters else ALWAYS
        self._orders = [self._order(order) for order in statement.orders]
        if self._pseudo and not self._orders:
            self._orders = [(searched.properties["name"], False)]
        self._paths = [self._projection(path) for path in statement.paths]
        self.start = self._position(statement.start)
        self.limit = self._limit(statement.limit)

    # What the statement means

    def _property(self, path: str) -> Property:
        found = self._searched.properties.get(path.lower())
        if found is not None:
            return found
        if path.lower() in self._searched.known or path.lower().startswith("line."):
            raise invalid(f"property '{path}' is not queryable")
        raise invalid(f"Property {path} not found for Entity {self._searched.name}")

    def _condition(self, condition: Condition) -> Filter | None:
        """A filter for the store, or None after adding a judge of shown objects."""
        searched = self._property(condition.path)
        _check_operator(searched, condition)
        field = searched.field
        if self._all_judged:
            field = None
        elif searched.type is Type.NAME and not self._all_shown_active:
            field = None  # inactive records are shown, and found, with a suffix
        elif searched.type is Type.ACCOUNT_TYPE and condition.op is not Op.EQ:
            field = None  # the order of the names is not that of what is stored
        elif condition.op is None and searched.type is Type.MOMENT:
            field = None  # the store keeps them as numbers, patterns are for texts
        if field is None:
            self._judges.append(self._judge(searched, condition))
            return None
        return self._filter_of(searched, field, condition)

    def _filter_of(self, searched: Property, field: Field, condition: Condition) -> Filter:
        if condition.op is None and searched.type is Type.DATE:  # the pattern is no date itself
            return Like(field, tuple(condition.values[0].text.split("%")))
        values = [self._literals.value(searched, token) for token in condition.values]
        if condition.op is None:
            return Like(field, tuple(condition.values[0].text.split("%")))
        if searched.type is Type.MOMENT:
            self._moments += len(values)
            if self._moments > MOMENTS_MAX:
                raise _unable(f"the statement has more than {MOMENTS_MAX} dates with times")
            return Or(tuple(_moment(field, condition.op, value) for value in values))
        if None in values:  # a blank between quotes stands for no value
            if condition.op is not Op.EQ:
                return Not(ALWAYS)
            present = tuple(value for value in values if value is not None)
            return Or((IsNull(field), OneOf(field, present)))
        if condition.op is Op.EQ:
            found: Filter = OneOf(field, tuple(values))
        else:
            found = Compare(field, condition.op, values[0])
        return _of_cut_numbers(found, condition.op, values) if field is Field.DOC_NUMBER else found

    def _judge(self, searched: Property, condition: Condition) -> _Judge:
        op = condition.op
        if op is None:
            parts = tuple(condition.values[0].text.split("%"))
            return lambda shown: like(_member(searched, shown), parts)
        values = [self._literals.shown(searched, token) for token in condition.values]
        return lambda shown: any(_holds(_shown_value(searched, shown), op, each) for each in values)

    def _order(self, order: Order) -> tuple[Property, bool]:
        found = self._property(order.path)
        if not found.sorts:
            raise invalid(f"property '{order.path}' is not sortable")
        return found, order.descending

    def _projection(self, path: str) -> str:
        known = self._searched.known.get(path.lower())
        if known is None and "." in path:
            known = self._searched.known.get(path.partition(".")[0].lower())
        if known is None:
            raise invalid(f"Property {path} not found for Entity {self._searched.name}")
        return known

    @staticmethod
    def _position(start: int | None) -> int:
        if start is not None and start < 0:
            raise invalid(f"value {start} is too small. Min allowed value is 1")
        return min(max(start or 1, 1) - 1, START_MAX)

    @staticmethod
    def _limit(limit: int | None) -> int:
        if limit is None:
            return ROWS_DEFAULT
        if limit < 1:
            raise invalid(f"value {limit} is too small. Min allowed value is 1")
        return min(limit, ROWS_MAX)

    # The search

    def count(self) -> int:
        """How many rows there are."""
        core = self._searched.core
        if core is None or self._all_judged or self._judges:
            return sum(1 for _ in self._judged(()))
        if self._searched is ENTRIES:
            return self._reader.count_entries(self._filter)
        return self._reader.count_references(core, self._filter)

    def rows(self) -> list[json.Raw]:
        """The objects of the page, with the members the statement lists."""
        shown: list[json.Raw] = []
        left = self._bytes_max
        for row in self._rows():
            text = row if isinstance(row, json.Raw) else json.Raw(json.encode(row))
            left -= len(text)
            if left < 0 and shown:
                break
            shown.append(text)
        return shown

    def _rows(self) -> Iterable[Json | json.Raw]:
        """The objects of the page, made one by one as they are asked for."""
        sorts = self._sorts()
        end = self.start + self.limit
        if sorts is None:
            found = heapq.nsmallest(end, self._judged(()), key=self._sort_key)
            return map(self._projected, found[self.start :])
        if self._all_judged or self._judges:
            return map(self._projected, islice(self._judged(sorts), self.start, end))
        page = self._find(sorts, Offset(self.start, self.limit))
        if self._searched is ENTRIES and not self._paths:
            entries_found = [row for row in page if isinstance(row, JournalEntry)]
            return (entry_whole(row, self._reader) for row in entries_found)
        return map(self._projected, self._show(page))

    def _sorts(self) -> tuple[Sort, ...] | None:
        """The order for the store; None if it is by something the store does not have."""
        if self._pseudo:
            return None
        if not self._orders:
            if self._searched is ENTRIES:
                return (Sort(Field.POSTING_DATE, descending=True),)
            order = self._searched.properties[(self._searched.order or "id").lower()]
            return (Sort(order.field),) if order.field is not None else ()
        sorts = []
        for searched, descending in self._orders:
            if searched.field is None or (
                searched.type is Type.NAME and not self._all_shown_active
            ):
                return None
            sorts.append(Sort(searched.field, descending))
        return tuple(sorts)

    def _find(self, sorts: tuple[Sort, ...], page: Keyset | Offset) -> list[Row]:
        query = Query(self._filter, sorts, page, self._bytes_max)
        core = self._searched.core
        assert core is not None
        if self._searched is ENTRIES:
            return [*self._reader.entries(query)]
        return [*self._reader.references(core, query)]

    def _judged(self, sorts: tuple[Sort, ...]) -> Iterator[Json]:
        """Every object that satisfies the statement, in an order that the store has."""
        if self._searched.core is None:
            shown = entities.company_json(self._searched.name, self._reader.company)
            if all(judge(shown) for judge in self._judges):
                yield shown
            return
        for shown in self._pseudo:
            active = {"Active": True, **shown}
            if all(judge(active) for judge in self._judges):
                yield shown
        after: tuple[Any, ...] | None = None
        while page := self._find(sorts, Keyset(ROWS_MAX, after)):
            for shown in self._show(page):
                if all(judge(shown) for judge in self._judges):
                    yield shown
            if monotonic() > self._ends_at:
                raise _too_long()
            after = sort_key(page[-1], sorts)

    def _show(self, rows: Sequence[Row]) -> list[Json]:
        if self._searched is ENTRIES:
            return [entry_json(row, self._reader) for row in rows if isinstance(row, JournalEntry)]
        records = [row for row in rows if not isinstance(row, JournalEntry)]
        return entities.references_json(records, self._reader)

    def _sort_key(self, shown: Json) -> tuple[Any, ...]:
        """Keys that Python can compare: absent values first, some directions turned round."""
        return tuple(
            _Directed(_comparable(searched, shown), descending)
            for searched, descending in self._orders
        )

    def _projected(self, shown: Json) -> Json:
        """A row with the members the statement lists, or whole."""
        if not self._paths:
            return shown
        row: Json = {}
        for path in self._paths:
            name, _, inner = path.partition(".")
            if name not in shown:
                continue
            if inner:
                row.setdefault(name, {})[inner] = shown[name].get(inner)
            else:
                row[name] = shown[name]
        row["domain"] = "QBO"
        row["sparse"] = True
        return row


@dataclass(frozen=True, slots=True)
class _Directed:
    """A key that compares the other way round where the order descends."""

    key: tuple[int, Any]
    descending: bool

    def __lt__(self, other: "_Directed") -> bool:
        return other.key < self.key if self.descending else self.key < other.key


def _comparable(searched: Property, shown: Json) -> tuple[int, Any]:
    value = _shown_value(searched, shown)
    if value is None:
        return (0, 0)
    # filled up with zeros, ids compare as the numbers they are
    return (1, value.zfill(ID_DIGITS_MAX) if searched.type is Type.ID else value)


def _check_operator(searched: Property, condition: Condition) -> None:
    """Refuse an operator that makes no sense of the property's values."""
    if condition.op is not Op.EQ and searched.type in _EQUALITY_ALONE:
        raise invalid(f"property '{searched.path}' can be compared with = and IN alone")
    if condition.op is None and searched.type not in _LIKE:
        raise invalid(f"property '{searched.path}' cannot be compared with LIKE")


def _unable(why: str) -> QboFault:
    """A statement that is in order and cannot be carried out."""
    return QboFault([Error("4002", f"QueryProcessingError: {why}", None, why)])


def _too_long() -> QboFault:
    return _unable(f"the search took more than {SEARCH_SECONDS_MAX} seconds")


def _of_cut_numbers(found: Filter, op: Op, values: list[Any]) -> Filter:
    """A filter of document numbers for whoever sees long ones cut.

    Other interfaces take longer numbers than this one shows. A value of just the shown length
    equals all numbers that start with it; a longer value can only mean a whole number.
    """
    cut: tuple[Filter, ...] = tuple(
        Like(Field.DOC_NUMBER, (value, ""))
        for value in values
        if len(value) == DOC_NUMBER_LENGTH_MAX
    )
    if not cut or op in (Op.LT, Op.GE):
        return found
    return And((found, Not(Or(cut)))) if op is Op.GT else Or((found, *cut))


def _member(searched: Property, shown: Json) -> Any:
    """The value of a property in a shown object, or None."""
    value: Any = shown
    for name in searched.path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _shown_value(searched: Property, shown: Json) -> Any:
    """The value of a property in a shown object, in the form in which it compares."""
    value = _member(searched, shown)
    if value is None:
        return None
    match searched.type:
        case Type.REFERENCE:
            return value["value"]
        case Type.MOMENT:
            return datetime.fromisoformat(value)
        case Type.NUMBER:
            return Decimal(value)
        case Type.BOOLEAN | Type.DATE | Type.ID:
            return value
    return fold(value)


def _holds(value: Any, op: Op, wanted: Any) -> bool:
    if value is None or wanted is None:
        return value is None and wanted is None and op is Op.EQ
    match op:
        case Op.EQ:
            return bool(value == wanted)
        case Op.LT:
            return bool(value < wanted)
        case Op.LE:
            return bool(value <= wanted)
        case Op.GT:
            return bool(value > wanted)
    return bool(value >= wanted)


def _moment(field: Field, op: Op, value: Any) -> Filter:
    """A stored moment, in microseconds, compared with a second or with a microsecond of one."""
    if value is None:
        return IsNull(field) if op is Op.EQ else Not(ALWAYS)
    end = value + (1 if value % SECOND else SECOND)
    match op:
        case Op.GE:
            return Compare(field, Op.GE, value)
        case Op.LT:
            return Compare(field, Op.LT, value)
        case Op.GT:
            return Compare(field, Op.GE, end)
        case Op.LE:
            return Compare(field, Op.LT, end)
    return And((Compare(field, Op.GE, value), Compare(field, Op.LT, end)))
