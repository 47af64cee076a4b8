"""Queries and orders over objects as they are shown: records the wire keeps or puts together.

`dataConnections.` looks into an array: a clause holds if any element satisfies it, a negated one
if none does. All else goes through objects alone.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from daybook.domain.query import fold
from daybook.protocols.codat import times
from daybook.protocols.codat.compiling import checked, split_order
from daybook.protocols.codat.properties import Properties, Type
from daybook.protocols.codat.query import Both, Clause, Either, Tree

Shown = Mapping[str, Any]
"""An object as it is shown."""

_NUMBER_LENGTH_MAX: Final = 40
_PIECES: Final = re.compile(r"[0-9]{1,30}|[^0-9]+")


def matches(tree: Tree | None, properties: Properties, shown: Shown) -> bool:
    """Whether an object satisfies a query that `check` has passed."""
    match tree:
        case None:
            return True
        case Both(terms):
            return all(matches(term, properties, shown) for term in terms)
        case Either(terms):
            return any(matches(term, properties, shown) for term in terms)
        case Clause(_, op, value):
            found = checked(tree, properties)
            held = any(
                _compares(found.type, op.removeprefix("!"), each, value)
                for each in _values(shown, found.path)
            )
            return held != op.startswith("!")


def check(tree: Tree | None, properties: Properties) -> None:
    """Raise `CodatError` for a query that objects cannot be held against."""
    match tree:
        case Both(terms) | Either(terms):
            for term in terms:
                check(term, properties)
        case Clause():
            checked(tree, properties)


def ordered(
    items: Iterable[Shown], text: str, properties: Properties, default: str
) -> Sequence[Shown]:
    """Objects in the order that an `orderBy` asks for; absent values first, ties by id."""
    path, descending = split_order(text) or split_order(default) or ("id", False)
    found = properties.find(path)

    def key(shown: Shown) -> tuple[Any, ...]:
        if found.path == "id":
            return natural(shown)
        value = next(iter(_values(shown, found.path)), None)
        return (value is not None, _sortable(found.type, value), natural(shown))

    return sorted(items, key=key, reverse=descending)


def natural(shown: Shown) -> tuple[tuple[bool, int, str], ...]:
    """The key by which records are ordered where nothing else tells them apart: the id, numbers
    in it by their size.
    """
    text = str(shown.get("id", shown.get("key", "")))
    # other scripts have digits too, and signs that count as such and that `int` cannot read
    return tuple(
        (number := piece.isascii() and piece.isdigit(), int(piece) if number else 0, fold(piece))
        for piece in _PIECES.findall(text)
    )


def _values(shown: Shown, path: str) -> list[Any]:
    """The values at a path: none or one, and any number where it goes through an array."""
    found: list[Any] = [shown]
    for name in path.split("."):
        inner: list[Any] = []
        for each in found:
            value = each.get(name) if isinstance(each, Mapping) else None
            inner.extend(value if isinstance(value, list) else [value])
        found = [each for each in inner if each is not None]
    return found


def _compares(type: Type, op: str, left: Any, right: str) -> bool:
    if type is Type.TEXT:
        own, other = fold(str(left)), fold(right)
        return other in own if op == "~" else own == other
    if type is Type.BOOL:
        return str(left).lower() == right.lower()
    own_value, other_value = _sortable(type, left), _sortable(type, right)
    if own_value is None or other_value is None:
        return False
    match op:
        case "=":
            return bool(own_value == other_value)
        case ">":
            return bool(own_value > other_value)
        case "<":
            return bool(own_value < other_value)
        case ">=":
            return bool(own_value >= other_value)
    return bool(own_value <= other_value)


def _sortable(type: Type, value: Any) -> Any:
    """A value in the form in which it compares; None for a text that cannot be read as such."""
    match type:
        case Type.DATE:
            return None if value is None else times.read(str(value))
        case Type.NUMBER:
            return _number(value)
        case Type.BOOL:
            return bool(value)
        case _:
            return fold(str(value or ""))


def _number(value: Any) -> Decimal | None:
    if value is None or len(str(value)) > _NUMBER_LENGTH_MAX:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
