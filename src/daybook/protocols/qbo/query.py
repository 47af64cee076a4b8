"""Statements carried out: from a `Statement` to a search in the ledger, and to the rows shown.

Conditions and orders on what the store has columns for go to the store, page and all. What only
the shown object has (a given name, a balance) is judged row by row over what the store finds,
read in pages, with no more rows held than the answer needs.

A moment compares as it is shown, cut to seconds, so that a caller who sends back a
`LastUpdatedTime` it was given finds just what it expects.
"""

import heapq
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

from daybook.app.ports import Reader
from daybook.domain.ids import Timestamp
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
from daybook.protocols.qbo import entities, ids, times
from daybook.protocols.qbo.entities.accounts import TYPES
from daybook.protocols.qbo.properties import (
    EMPTY,
    ENTRIES,
    SEARCHED,
    Property,
    Searched,
    Type,
)
from daybook.protocols.qbo.render import Json, entry_json
from daybook.protocols.qbo.statement import (
    Condition,
    Kind,
    Order,
    Statement,
    Token,
    invalid,
    parse,
)

ROWS_DEFAULT: Final = 100
ROWS_MAX: Final = 1_000
"""Rows of one answer: what a statement gets that asks for none, and the most it gets."""

START_MAX: Final = 10**9
"""Largest start position; what asks for more asks for an empty page."""

_SECOND: Final = 1_000_000
_KINDS: Final = {name.lower(): kind.value for name, kind in TYPES.items()}
_POSTED: Final = (
    Compare(Field.DELETED, Op.EQ, False),
    Compare(Field.STATUS, Op.EQ, Status.POSTED.value),
)
"""Entries this wire shows: those that count."""

Row = JournalEntry | Reference
_Judge = Callable[[Json], bool]


def run(text: str, reader: Reader, now: Timestamp) -> Json:
    """The content of `QueryResponse` for a statement. Raises `QboFault` (4000, 4001)."""
    statement = parse(text)
    name = statement.entity.lower()
    if name in EMPTY:
        return {"totalCount": 0} if statement.counting else {}
    searched = SEARCHED.get(name)
    if searched is None:
        raise invalid(f"invalid context declaration: {statement.entity}")
    search = _Search(statement, searched, reader, now)
    if statement.counting:
        return {"totalCount": search.count()}
    rows = search.rows()
    if not rows:
        return {}
    return {
        searched.name: [search.projected(row) for row in rows],
        "startPosition": search.start + 1,
        "maxResults": len(rows),
    }


class _Search:
    """One statement against one snapshot of the books."""

    def __init__(
        self, statement: Statement, searched: Searched, reader: Reader, now: Timestamp
    ) -> None:
        self._searched = searched
        self._reader = reader
        self._literals = _Literals(reader, now)
        self._judges: list[_Judge] = []
        names_active = any(each.path.lower() == "active" for each in statement.conditions)
        self._all_shown_active = searched.hides_inactive and not names_active
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
        if searched.type is Type.ID and condition.op is not Op.EQ:
            raise invalid("property 'Id' can be compared with = and IN alone")
        field = searched.field
        if self._searched.core is None:
            field = None
        elif searched.type is Type.NAME and not self._all_shown_active:
            field = None  # inactive records are shown, and found, with a suffix
        elif searched.type is Type.ACCOUNT_TYPE and condition.op is not Op.EQ:
            field = None  # the order of the names is not that of what is stored
        if field is None:
            self._judges.append(self._judge(searched, condition))
            return None
        return self._filter_of(searched, field, condition)

    def _filter_of(self, searched: Property, field: Field, condition: Condition) -> Filter:
        values = [self._literals.value(searched, token) for token in condition.values]
        if condition.op is None:
            return Like(field, tuple(condition.values[0].text.split("%")))
        if searched.type is Type.MOMENT:
            return Or(tuple(_moment(field, condition.op, value) for value in values))
        if None in values:  # a blank between quotes stands for no value
            if condition.op is not Op.EQ:
                return Not(ALWAYS)
            present = tuple(value for value in values if value is not None)
            return Or((IsNull(field), OneOf(field, present)))
        if condition.op is Op.EQ:
            return OneOf(field, tuple(values))
        return Compare(field, condition.op, values[0])

    def _judge(self, searched: Property, condition: Condition) -> _Judge:
        values = [self._literals.shown(searched, token) for token in condition.values]
        op = condition.op

        def judge(shown: Json) -> bool:
            value = _shown_value(searched, shown)
            if op is None:
                parts = tuple(condition.values[0].text.split("%"))
                return like(value if isinstance(value, str) else None, parts)
            return any(_holds(value, op, each) for each in values)

        return judge

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
        if core is None or self._judges:
            return sum(1 for _ in self._judged())
        if self._searched is ENTRIES:
            return self._reader.count_entries(self._filter)
        return self._reader.count_references(core, self._filter)

    def rows(self) -> list[Json]:
        """The objects of the page."""
        sorts = self._sorts()
        if self._searched.core is None or self._judges or sorts is None:
            end = self.start + self.limit
            found = heapq.nsmallest(end, self._judged(), key=self._sort_key)
            return found[self.start :]
        page = Offset(self.start, self.limit)
        return [self._show(row) for row in self._find(Query(self._filter, sorts, page))]

    def _sorts(self) -> tuple[Sort, ...] | None:
        """The order for the store; None if it is by something the store does not have."""
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

    def _find(self, query: Query) -> list[Row]:
        core = self._searched.core
        assert core is not None
        if self._searched is ENTRIES:
            return [*self._reader.entries(query)]
        return [*self._reader.references(core, query)]

    def _judged(self) -> Iterator[Json]:
        """Every object that satisfies the statement, in the store's order."""
        if self._searched.core is None:
            shown = entities.company_json(self._searched.name, self._reader.company)
            if all(judge(shown) for judge in self._judges):
                yield shown
            return
        sorts = () if self._orders else self._sorts() or ()
        after: tuple[Any, ...] | None = None
        while True:
            page = self._find(Query(self._filter, sorts, Keyset(ROWS_MAX, after)))
            for row in page:
                shown = self._show(row)
                if all(judge(shown) for judge in self._judges):
                    yield shown
            if len(page) < ROWS_MAX:
                return
            after = sort_key(page[-1], sorts)

    def _show(self, row: Row) -> Json:
        if isinstance(row, JournalEntry):
            return entry_json(row, self._reader)
        return entities.reference_json(row, self._reader)

    def _sort_key(self, shown: Json) -> tuple[Any, ...]:
        """Keys that Python can compare: absent values first, some directions turned round."""
        return tuple(
            _Directed(_comparable(_shown_value(searched, shown)), descending)
            for searched, descending in self._orders
        )

    def projected(self, shown: Json) -> Json:
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


def _comparable(value: Any) -> tuple[int, Any]:
    return (0, 0) if value is None else (1, value)


def _shown_value(searched: Property, shown: Json) -> Any:
    """The value of a property in a shown object, in the form in which it compares."""
    value: Any = shown
    for name in searched.path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
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
    """A stored moment, in microseconds, compared as it is shown: cut to seconds."""
    if value is None:
        return IsNull(field) if op is Op.EQ else Not(ALWAYS)
    floor = value // _SECOND * _SECOND
    ceiling = -(-value // _SECOND) * _SECOND
    match op:
        case Op.GE:
            return Compare(field, Op.GE, ceiling)
        case Op.LT:
            return Compare(field, Op.LT, ceiling)
        case Op.GT:
            return Compare(field, Op.GE, floor + _SECOND)
        case Op.LE:
            return Compare(field, Op.LT, floor + _SECOND)
    if floor != value:
        return Not(ALWAYS)
    return And((Compare(field, Op.GE, value), Compare(field, Op.LT, value + _SECOND)))


_MOMENT: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?) ?(Z|[+ -]?\d\d:?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
_BOOLEANS: Final = {"true": True, "false": False}


def moment_of(text: str, time_zone: str) -> Timestamp | None:
    """A moment as callers write it, or None: a date, with or without time and offset.

    Without an offset it is in the company's zone. The `+` of an offset may have become a blank
    on its way through an address.
    """
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        return None
    day, clock, offset = match.groups()
    offset = (offset or "").strip().upper().replace(":", "")
    if offset and offset[0].isdigit():
        offset = f"+{offset}"
    fraction = ""
    if clock and "." in clock:
        clock, _, fraction = clock.partition(".")
    try:
        moment = datetime.fromisoformat(f"{day}T{clock or '00:00'}{offset}")
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=times.zone(time_zone))
    try:
        seconds = int(moment.astimezone(UTC).timestamp())
    except (OverflowError, ValueError):
        return None
    return Timestamp(seconds * _SECOND + int(fraction[:6].ljust(6, "0")))


class _Literals:
    """The values of a statement, in the form in which the store or a shown object has them."""

    def __init__(self, reader: Reader, now: Timestamp) -> None:
        self._zone = reader.company.time_zone
        self._now = now

    def value(self, searched: Property, token: Token) -> Any:
        """A value for the store; None stands for no value at all."""
        if token.kind is Kind.STRING and token.text == " ":
            return None
        match searched.type:
            case Type.ID | Type.REFERENCE:
                number = ids.parse(token.text)
                if number is None:
                    raise self._wrong(searched, token, "a valid number")
                return number
            case Type.DATE:
                return self._day(searched, token)
            case Type.MOMENT:
                return self._moment(searched, token)
            case Type.BOOLEAN:
                return self._boolean(searched, token)
            case Type.ACCOUNT_TYPE:
                return _KINDS.get(token.text.lower(), "")
        return token.text

    def shown(self, searched: Property, token: Token) -> Any:
        """A value to be held against shown objects."""
        if token.kind is Kind.STRING and token.text == " ":
            return None
        match searched.type:
            case Type.BOOLEAN:
                return self._boolean(searched, token)
            case Type.NUMBER:
                return self._number(searched, token)
            case Type.MOMENT:
                return datetime.fromtimestamp(self._moment(searched, token) // _SECOND, UTC)
            case Type.DATE:
                return self._day(searched, token).isoformat()
            case Type.ID | Type.REFERENCE:
                return token.text
        return fold(token.text)

    def _day(self, searched: Property, token: Token) -> date:
        if token.word == "current_date":
            return times.today(self._now, times.zone(self._zone))
        try:
            return date.fromisoformat(token.text[:10])
        except ValueError:
            raise self._wrong(searched, token, "a date such as 2026-02-03") from None

    def _moment(self, searched: Property, token: Token) -> Timestamp:
        text = token.text
        if token.word == "current_date":
            text = self._day(searched, token).isoformat()
        moment = moment_of(text, self._zone)
        if moment is None:
            raise self._wrong(searched, token, "a date or a date with a time")
        return moment

    def _boolean(self, searched: Property, token: Token) -> bool:
        found = _BOOLEANS.get(token.text.lower())
        if found is None:
            raise self._wrong(searched, token, "true or false")
        return found

    def _number(self, searched: Property, token: Token) -> Decimal:
        if re.fullmatch(r"-?\d{1,20}(\.\d{1,10})?", token.text, re.ASCII) is None:
            raise self._wrong(searched, token, "a number")
        return Decimal(token.text)

    @staticmethod
    def _wrong(searched: Property, token: Token, wanted: str) -> Exception:
        shown = token.text if len(token.text) <= 100 else token.text[:100] + "…"
        return invalid(f"value '{shown}' for property {searched.path} is not {wanted}")
