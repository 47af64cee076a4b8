"""Clauses become filters of the store.

Rules that decide more than they seem to: a literal that cannot be read as the property's type
makes its clause false (`!=`: true), and is no error; so does an absent value. Hence the documented
sample, which holds dates against a number of an entry, is answered.
"""

from typing import Final

from daybook.domain.ids import Timestamp
from daybook.domain.query import (
    ALWAYS,
    And,
    Compare,
    Field,
    Filter,
    Like,
    Not,
    Op,
    Or,
    Sort,
    fold,
)
from daybook.protocols.codat import ids, times
from daybook.protocols.codat.errors import bad_request, short, unresolved
from daybook.protocols.codat.properties import (
    DayIn,
    IdIn,
    LocalDayIn,
    MomentIn,
    Nowhere,
    NumberIn,
    OneOfThese,
    Properties,
    Property,
    TextIn,
    Type,
)
from daybook.protocols.codat.query import Both, Clause, Either, Tree

NEVER: Final = Or(())
"""Nothing."""

OPERATORS: Final = {
    Type.TEXT: ("=", "!=", "~", "!~"),
    Type.NUMBER: ("=", "!=", ">", "<", ">=", "<="),
    Type.DATE: ("=", "!=", ">", "<", ">=", "<="),
    Type.BOOL: ("=", "!="),
}
_ORDERS: Final = {">": Op.GT, "<": Op.LT, ">=": Op.GE, "<=": Op.LE}
_INTEGER_DIGITS_MAX: Final = 15


def compiled(tree: Tree | None, properties: Properties, zone: str = "UTC") -> Filter:
    """A query as a filter. `zone` is the company's. Raises `CodatError`."""
    match tree:
        case None:
            return ALWAYS
        case Both(terms):
            return And(tuple(compiled(term, properties, zone) for term in terms))
        case Either(terms):
            return Or(tuple(compiled(term, properties, zone) for term in terms))
        case Clause():
            found = checked(tree, properties)
            assert found.source is not None, "only what the store searches is compiled"
            positive, negated = _positive(tree.op)
            item = _holds(found, positive, tree.value, zone)
            return Not(item) if negated else item


def checked(clause: Clause, properties: Properties) -> Property:
    """The property of a clause, which must know the operator. Raises `CodatError`."""
    found = properties.find(clause.path)
    if clause.op not in OPERATORS[found.type]:
        text = (
            f"Error parsing query - Operator {clause.op} is not supported for property"
            f" {short(clause.path)} on {properties.type_name}"
        )
        raise bad_request(text)
    return found


def _positive(op: str) -> tuple[str, bool]:
    """An operator without its negation, and whether it had one."""
    return {"!=": ("=", True), "!~": ("~", True)}.get(op, (op, False))


def _holds(found: Property, op: str, value: str, zone: str) -> Filter:
    """The filter of an operator other than `!=` and `!~`."""
    match found.source:
        case TextIn(field):
            return Like(field, ("", value, "")) if op == "~" else Compare(field, Op.EQ, value)
        case IdIn():
            if op == "~":
                return Like(Field.ID_TEXT, ("", value, "")) if value else ALWAYS
            number = ids.number(value)
            return NEVER if number is None else Compare(Field.ID, Op.EQ, number)
        case OneOfThese(values):
            return _among(tuple(values), op, value)
        case NumberIn(field, instead):
            return _number(field, dict(instead), op, value)
        case DayIn(field):
            return _day(field, op, value)
        case LocalDayIn(field):
            return _local_day(field, op, value, zone)
        case MomentIn(field):
            moment = times.read(value)
            if moment is None:
                return NEVER
            return Compare(field, _ORDERS.get(op, Op.EQ), moment)
        case _:
            return NEVER


def _among(values: tuple[tuple[str, Filter], ...], op: str, value: str) -> Filter:
    wanted = fold(value)
    chosen = [
        item
        for shown, item in values
        if (wanted in fold(shown) if op == "~" else wanted == fold(shown))
    ]
    if len(chosen) == len(values):
        return ALWAYS
    return chosen[0] if len(chosen) == 1 else Or(tuple(chosen))


def _number(field: Field, instead: dict[int, Filter], op: str, value: str) -> Filter:
    text = value.removeprefix("-")
    if not (text.isascii() and text.isdigit() and len(text) <= _INTEGER_DIGITS_MAX):
        return NEVER
    wanted = int(value)
    order = _ORDERS.get(op, Op.EQ)
    others = [item for number, item in instead.items() if _compares(number, order, wanted)]
    return Or((Compare(field, order, wanted), *others))


def _compares(left: int, op: Op, right: int) -> bool:
    return {
        Op.EQ: left == right,
        Op.GT: left > right,
        Op.LT: left < right,
        Op.GE: left >= right,
        Op.LE: left <= right,
    }[op]


def _day(field: Field, op: str, value: str) -> Filter:
    """A date against a moment: the dates whose midnight compares so."""
    moment = times.read(value)
    if moment is None:
        return NEVER
    days, rest = divmod(moment, times.DAY)
    if op == "=":
        on = None if rest else times.date_of(days)
        return NEVER if on is None else Compare(field, Op.EQ, on)
    # midnight > moment: a later day; midnight >= moment: this day if it is one, else a later one
    bound = days + 1 if op in (">", "<=") or rest else days
    on = times.date_of(bound)
    later = op in (">", ">=")
    if on is None:  # before or after the calendar
        return ALWAYS if (bound < 0) == later else NEVER
    return Compare(field, Op.GE if later else Op.LT, on)


def _local_day(field: Field, op: str, value: str, zone: str) -> Filter:
    """The same for the local day of a moment: a range of moments."""
    moment = times.read(value)
    if moment is None:
        return NEVER
    days, rest = divmod(moment, times.DAY)

    def start(day: int) -> Timestamp | None:
        on = times.date_of(day)
        return None if on is None else times.start_of_day(on, zone)

    if op == "=":
        first, after = start(days), start(days + 1)
        if rest or first is None or after is None:
            return NEVER
        return And((Compare(field, Op.GE, first), Compare(field, Op.LT, after)))
    bound = days + 1 if op in (">", "<=") or rest else days
    at, later = start(bound), op in (">", ">=")
    if at is None:
        return ALWAYS if (bound < 0) == later else NEVER
    return Compare(field, Op.GE if later else Op.LT, at)


def ordered(text: str, properties: Properties, default: tuple[Sort, ...]) -> tuple[Sort, ...]:
    """The order that an `orderBy` asks for. Raises `CodatError`."""
    named = split_order(text)
    if named is None:
        return default
    path, descending = named
    found = properties.find(path)
    if found.sort is not None:
        return (Sort(found.sort, descending),)
    if isinstance(found.source, Nowhere):  # nothing to tell records apart by: the id does
        return (Sort(Field.ID, descending),)
    raise unresolved(path, properties.type_name)


def split_order(text: str) -> tuple[str, bool] | None:
    """Path and direction of an `orderBy`; None where it is blank."""
    wanted = text.strip()
    if not wanted:
        return None
    descending = wanted.startswith("-")
    return wanted.removeprefix("-").strip(), descending
