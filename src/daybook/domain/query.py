"""One read model: a filter, a sort order, a page.

Every query language of every wire compiles to this, and every store compiles from it. The
functions here (`matches`, `sort_key`, `select`) are the naive evaluation over records in memory:
slow, plain, and the oracle the stores are tested against.

Meaning, the same in every store:

- Logic is two-valued. A comparison with an absent value is false, whatever the operator, and
  `Not` of it true; `IsNull` asks for absence.
- Text compares without regard to the case of ASCII letters (`fold`), by code point otherwise;
  `Exact` alone minds it.
- A field of a line holds if it holds for any line. `AnyLine` asks for one line that satisfies
  a whole filter.
- Sorting puts absent values first when ascending; the id is always the last key, so that pages
  are stable.

    select(entries, Query(Compare(Field.POSTING_DATE, Op.GE, date(2026, 1, 1)),
                          sort=(Sort(Field.DOC_NUMBER),), page=Offset(0, 100)))
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Any, Final, Protocol, TypeVar

from daybook.domain.model import (
    Account,
    Contact,
    Dimension,
    ExchangeRate,
    JournalEntry,
    Line,
    ListItem,
    annex_of,
)
from daybook.domain.values import value


class Field(StrEnum):
    """What can be asked of an entry, a reference record or an operation. Closed on purpose."""

    ID = "id"
    ID_TEXT = "id_text"
    """The id of an entry or reference record as decimal text: for what is contained in it."""
    VERSION = "version"
    CREATED_AT = "created_at"
    MODIFIED_AT = "modified_at"
    # entries
    DOC_NUMBER = "doc_number"
    POSTING_DATE = "posting_date"
    MEMO = "memo"
    STATUS = "status"
    DELETED = "deleted"
    CURRENCY = "currency"
    TOTAL = "total"
    ADJUSTMENT = "adjustment"
    ORIGIN_CLIENT = "origin_client"
    ORIGIN_PROTOCOL = "origin_protocol"
    ANNEX = "annex"
    """What a wire keeps beside an entry, the wire named by `axis`: for `Like` and `IsNull` alone,
    at the cost of reading each entry that nothing else rules out."""
    # lines of entries
    LINE_ACCOUNT = "line.account"
    LINE_CONTACT = "line.contact"
    LINE_DIMENSION = "line.dimension"
    LINE_DESCRIPTION = "line.description"
    LINE_AMOUNT = "line.amount"
    LINE_SIDE = "line.side"
    # reference records
    NAME = "name"
    FULL_NAME = "full_name"
    CODE = "code"
    KIND = "kind"
    SUBTYPE = "subtype"
    DESCRIPTION = "description"
    PARENT = "parent"
    ACTIVE = "active"
    AS_OF = "as_of"
    # operations; their id is text
    NUMBER = "number"
    TOPIC = "topic"
    CHANNEL = "channel"
    REQUESTED_AT = "requested_at"
    COMPLETED_AT = "completed_at"
    RESULT_CODE = "result_code"
    MESSAGE = "message"


class Op(StrEnum):
    """Comparisons."""

    EQ = "="
    NE = "!="
    LT = "<"
    LE = "<="
    GT = ">"
    GE = ">="


Value = int | str | bool | date
"""Amounts in minor units, times in microseconds, ids as integers, dates as dates."""


@value
class Always:
    """Everything."""


@value
class And:
    """All of them; of none, everything."""

    items: "tuple[Filter, ...]"


@value
class Or:
    """Any of them; of none, nothing."""

    items: "tuple[Filter, ...]"


@value
class Not:
    """The others."""

    item: "Filter"


@value
class Compare:
    """A field against a value. `axis` is needed for `LINE_DIMENSION`, whose value is an id."""

    field: Field
    op: Op
    value: Value
    axis: str | None = None


@value
class OneOf:
    """A field equal to any of some values."""

    field: Field
    values: tuple[Value, ...]
    axis: str | None = None


@value
class Like:
    """A field that consists, as text, of `parts` with any run of characters between them.

    A date is the text `2026-02-03`; numbers and flags are no texts.

    `("abc", "")` starts with abc, `("", "abc", "")` contains it, `("abc",)` equals it.
    """

    field: Field
    parts: tuple[str, ...]
    axis: str | None = None


@value
class Exact:
    """A text equal to any of some, the case of letters included; numbers and days are no texts."""

    field: Field
    texts: tuple[str, ...]
    axis: str | None = None


@value
class IsNull:
    """A field that has no value."""

    field: Field
    axis: str | None = None


@value
class AnyLine:
    """Entries of which one line satisfies a whole filter (of line fields alone)."""

    item: "Filter"


Leaf = Compare | OneOf | Like | Exact | IsNull
Filter = Always | And | Or | Not | Leaf | AnyLine

ALWAYS: Final = Always()


@value
class Sort:
    """One key of an order."""

    field: Field
    descending: bool = False


@value
class Keyset:
    """The rows after one whose sort key (`sort_key`) is `after`; from the start if None."""

    limit: int
    after: tuple[Any, ...] | None = None


@value
class Offset:
    """The rows from the `start`-th on, counted from 0."""

    start: int
    limit: int


@value
class Query:
    """What to find, in which order, and which page of it.

    With `bytes_max` a store ends the page before the record that would bring the records' bodies
    above it; a first record always comes. A keyset page goes on after the last one that came.
    """

    filter: Filter = ALWAYS
    sort: tuple[Sort, ...] = ()
    page: Keyset | Offset = Keyset(100)
    bytes_max: int | None = None


ENTRY_SORTS: Final = frozenset(
    {
        Field.ID,
        Field.VERSION,
        Field.DOC_NUMBER,
        Field.POSTING_DATE,
        Field.MEMO,
        Field.CREATED_AT,
        Field.MODIFIED_AT,
        Field.STATUS,
        Field.DELETED,
        Field.TOTAL,
        Field.CURRENCY,
    }
)
"""Fields entries can be sorted by. A field of a line has many values and no order."""

REFERENCE_SORTS: Final = frozenset(
    {
        Field.ID,
        Field.VERSION,
        Field.CREATED_AT,
        Field.MODIFIED_AT,
        Field.NAME,
        Field.FULL_NAME,
        Field.CODE,
        Field.KIND,
        Field.SUBTYPE,
        Field.ACTIVE,
        Field.AS_OF,
    }
)
"""Fields reference records can be sorted by."""

OPERATION_SORTS: Final = frozenset(
    {
        Field.ID,
        Field.NUMBER,
        Field.STATUS,
        Field.TOPIC,
        Field.CHANNEL,
        Field.REQUESTED_AT,
        Field.COMPLETED_AT,
        Field.RESULT_CODE,
        Field.MESSAGE,
    }
)
"""Fields operations can be sorted by."""


class Row(Protocol):
    """What can be found: a record of the model, or an operation."""

    @property
    def id(self) -> Any:
        """What tells it from others of its sort: a number or a text."""


R = TypeVar("R", bound=Row)

_FOLD: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def fold(text: str) -> str:
    """Text with ASCII capitals made small: what text comparisons look at.

    Every SQL engine can do exactly this with an index; Unicode case folding differs between
    them and between their versions.
    """
    return text.translate(_FOLD)


def _entry_value(entry: JournalEntry, field: Field) -> Value | None:
    if field is Field.DELETED:
        return entry.deleted_at is not None
    if field is Field.STATUS:
        return entry.status.value
    if field is Field.ORIGIN_PROTOCOL:
        return entry.origin.protocol
    if field is Field.ID_TEXT:
        return str(entry.id)
    if field is Field.ORIGIN_CLIENT:
        return entry.origin.client
    return getattr(entry, field.value)  # type: ignore[no-any-return]


def _line_value(line: Line, field: Field, axis: str | None) -> Value | None:
    match field:
        case Field.LINE_ACCOUNT:
            return line.account_id
        case Field.LINE_CONTACT:
            return line.contact_id
        case Field.LINE_DIMENSION:
            return next((id for name, id in line.dimensions if name == axis), None)
        case Field.LINE_DESCRIPTION:
            return line.description
        case Field.LINE_AMOUNT:
            return line.amount
        case Field.LINE_SIDE:
            return line.side.value
    raise ValueError(f"not a field of a line: {field}")


def _reference_value(record: Row, field: Field) -> Value | None:
    match record, field:
        case (_, Field.ID | Field.VERSION | Field.CREATED_AT | Field.MODIFIED_AT):
            return getattr(record, field.value)  # type: ignore[no-any-return]
        case (_, Field.ID_TEXT):
            return str(record.id)
        case (Account() | Contact(), Field.KIND):
            return record.kind.value
        case (Account() | Contact() | Dimension(), Field.PARENT):
            return record.parent_id
        case (ListItem(), Field.FULL_NAME):
            return record.name
        case (ExchangeRate(), Field.NAME | Field.FULL_NAME):
            return record.currency
        case (ExchangeRate(), Field.ACTIVE):
            return True
    return getattr(record, field.value, None)


def is_line_field(field: Field) -> bool:
    """Whether a field belongs to the lines of an entry."""
    return field.value.startswith("line.")


def _compare(left: Value | None, op: Op, right: Value) -> bool:
    if left is None:
        return False
    if isinstance(left, str) and isinstance(right, str):
        left, right = fold(left), fold(right)
    return _OPERATORS[op](left, right)


_OPERATORS: Final[Mapping[Op, Callable[[Any, Any], bool]]] = {
    Op.EQ: lambda a, b: a == b,
    Op.NE: lambda a, b: a != b,
    Op.LT: lambda a, b: a < b,
    Op.LE: lambda a, b: a <= b,
    Op.GT: lambda a, b: a > b,
    Op.GE: lambda a, b: a >= b,
}


def like(text: str | None, parts: tuple[str, ...]) -> bool:
    """Whether a text consists of parts with anything between them, ASCII case apart."""
    if text is None:
        return False
    folded, pieces = fold(text), [fold(part) for part in parts]
    if len(pieces) == 1:
        return folded == pieces[0]
    first, *middle, last = pieces
    if len(folded) < len(first) + len(last):
        return False
    if not (folded.startswith(first) and folded.endswith(last)):
        return False
    at, end = len(first), len(folded) - len(last)
    for piece in middle:
        found = folded.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


def matches(item: Filter, record: Row, line: Line | None = None) -> bool:
    """Whether a record satisfies a filter. `line` is set inside `AnyLine`."""
    match item:
        case Always():
            return True
        case And(items):
            return all(matches(each, record, line) for each in items)
        case Or(items):
            return any(matches(each, record, line) for each in items)
        case Not(inner):
            return not matches(inner, record, line)
        case AnyLine(inner):
            assert isinstance(record, JournalEntry)
            return any(matches(inner, record, each) for each in record.lines)
        case _:
            return any(_holds(item, value) for value in _values(item, record, line))


def _values(leaf: Leaf, record: Row, line: Line | None) -> Iterator[Value | None]:
    axis = leaf.axis
    if isinstance(record, JournalEntry) and leaf.field is Field.ANNEX:
        yield None if axis is None else annex_of(record.annex, axis)
    elif not isinstance(record, JournalEntry):
        yield _reference_value(record, leaf.field)
    elif not is_line_field(leaf.field):
        yield _entry_value(record, leaf.field)
    elif line is not None:
        yield _line_value(line, leaf.field, axis)
    else:
        for each in record.lines:
            yield _line_value(each, leaf.field, axis)


def _holds(leaf: Leaf, value: Value | None) -> bool:
    match leaf:
        case Compare(_, op, right):
            return _compare(value, op, right)
        case OneOf(_, rights):
            return any(_compare(value, Op.EQ, right) for right in rights)
        case Like(_, parts):
            if isinstance(value, date):
                value = value.isoformat()
            return like(value if isinstance(value, str) else None, parts)
        case Exact(_, texts):
            return isinstance(value, str) and value in texts
        case IsNull():
            return value is None


def field_value(record: Row, field: Field) -> Value | None:
    """The value of a field that is not of a line."""
    if isinstance(record, JournalEntry):
        return _entry_value(record, field)
    return _reference_value(record, field)


def sort_key(record: Row, sort: tuple[Sort, ...]) -> tuple[Any, ...]:
    """The values an order looks at, the id last: what a keyset page continues after.

    Text is folded, dates are ISO text, booleans 0 or 1, so that the key is JSON.
    """
    key: list[Any] = []
    for each in sort:
        value = field_value(record, each.field)
        if isinstance(value, str):
            value = fold(value)
        elif isinstance(value, bool):
            value = int(value)
        elif isinstance(value, date):
            value = value.isoformat()
        key.append(value)
    key.append(record.id)
    return tuple(key)


def _orderable(key: tuple[Any, ...], sort: tuple[Sort, ...]) -> "_Ordered":
    descending = (*(each.descending for each in sort), bool(sort and sort[-1].descending))
    return _Ordered(key, descending)


class _Ordered:
    """A sort key that compares as the order says: absent first, some keys descending."""

    __slots__ = ("descending", "key")

    def __init__(self, key: tuple[Any, ...], descending: tuple[bool, ...]) -> None:
        self.key = key
        self.descending = descending

    def __lt__(self, other: "_Ordered") -> bool:
        for left, right, down in zip(self.key, other.key, self.descending, strict=True):
            if left == right:
                continue
            if left is None or right is None:
                return (left is None) != down
            return bool(left > right) if down else bool(left < right)
        return False


def precedes(left: tuple[Any, ...], right: tuple[Any, ...], sort: tuple[Sort, ...]) -> bool:
    """Whether a row with one sort key (see `sort_key`) stands before a row with another."""
    return _orderable(left, sort) < _orderable(right, sort)


def select(records: Iterable[R], query: Query) -> list[R]:
    """The rows a query asks for, by filtering, sorting and cutting in memory.

    `bytes_max` is left to the store: only it knows what a body is.
    """
    found = [record for record in records if matches(query.filter, record)]
    found.sort(key=lambda record: _orderable(sort_key(record, query.sort), query.sort))
    match query.page:
        case Offset(start, limit):
            return found[start : start + limit]
        case Keyset(limit, after):
            if after is None:
                return found[:limit]
            last = _orderable(after, query.sort)
            later = (
                record
                for record in found
                if last < _orderable(sort_key(record, query.sort), query.sort)
            )
            return [record for record, _ in zip(later, range(limit), strict=False)]


def size(item: Filter) -> tuple[int, int, int]:
    """Nodes, depth and members of lists of a filter, to be bounded. Does not recurse."""
    nodes, deepest, members, waiting = 0, 0, 0, [(item, 1)]
    while waiting:
        node, depth = waiting.pop()
        nodes, deepest = nodes + 1, max(deepest, depth)
        match node:
            case And(items) | Or(items):
                waiting.extend((each, depth + 1) for each in items)
            case Not(inner) | AnyLine(inner):
                waiting.append((inner, depth + 1))
            case OneOf(_, values) | Exact(_, values):
                members += len(values)
    return nodes, deepest, members
