"""Comparisons of rows and with arrays, as comparisons of what is in them.

The engine compares rows as values, where a null is equal to a null and greater than all else; in
PostgreSQL it is not known what it is. An array whose members are aggregates is a query of its own
to the engine, in which `count(*)` counts nothing of what is asked about.
"""

from collections.abc import Sequence
from functools import reduce
from typing import Final

from sqlglot import exp

from daybook.protocols.sql import errors
from daybook.protocols.sql.limits import WRITTEN_MAX
from daybook.protocols.sql.sizes import too_large
from daybook.protocols.sql.translate import every_item, items_of

_STRICT: Final = {exp.LTE: exp.LT, exp.GTE: exp.GT, exp.LT: exp.LT, exp.GT: exp.GT}


def compared(node: exp.Expr) -> exp.Expr | None:
    """A comparison of rows, or with an array, in other words; None where it stays as it is."""
    if isinstance(node, exp.In):
        return _in_rows(node)
    if not isinstance(node, exp.Binary):
        return None
    if isinstance(node.this, exp.Tuple) and isinstance(node.expression, exp.Tuple):
        return _rows(type(node), node.this, node.expression)
    return _with_items(node)


def _paren(node: exp.Expr) -> exp.Expr:
    return exp.Paren(this=node)


def _all(terms: Sequence[exp.Expr]) -> exp.Expr:
    return reduce(lambda left, right: exp.And(this=left, expression=right), terms)


def _any(terms: Sequence[exp.Expr]) -> exp.Expr:
    return reduce(lambda left, right: exp.Or(this=left, expression=right), terms)


def _pair(kind: type[exp.Expr], left: exp.Expr, right: exp.Expr) -> exp.Expr:
    return kind(this=_paren(left.copy()), expression=_paren(right.copy()))


def _rows(kind: type[exp.Expr], left: exp.Tuple, right: exp.Tuple) -> exp.Expr | None:
    pairs = list(zip(left.expressions, right.expressions, strict=False))
    if not pairs or len(left.expressions) != len(right.expressions):
        return None
    if kind is exp.EQ:
        return _paren(_all([_pair(kind, *pair) for pair in pairs]))
    if kind is exp.NEQ:
        return _paren(_any([_pair(kind, *pair) for pair in pairs]))
    if kind not in _STRICT:
        return None
    made = _pair(kind, *pairs[-1])
    for pair in reversed(pairs[:-1]):
        equal = exp.And(this=_pair(exp.EQ, *pair), expression=_paren(made))
        made = exp.Or(this=_pair(_STRICT[kind], *pair), expression=_paren(equal))
    return _paren(made)


def _check_copies(copied: exp.Expr, times: int) -> None:
    """Raises `SqlFault` where something would be copied too often."""
    if times > 1 and sum(1 for _ in copied.walk()) * times > WRITTEN_MAX:
        raise too_large()


def _in_rows(node: exp.In) -> exp.Expr | None:
    """A row that is looked for among rows, which are listed."""
    listed = node.expressions
    if not isinstance(node.this, exp.Tuple) or not listed:
        return None
    _check_copies(node.this, len(listed))
    found = [
        _rows(exp.EQ, node.this, each) if isinstance(each, exp.Tuple) else None for each in listed
    ]
    terms = [each for each in found if each is not None]
    return _paren(_any(terms)) if len(terms) == len(listed) else None


def _with_items(node: exp.Binary) -> exp.Expr | None:
    """A comparison with each member of an array that is made of aggregates."""
    items = items_of(node.expression)
    if items is None or items.find(exp.AggFunc, exp.Window) is None:
        return None
    array = items.this if isinstance(items, exp.Cast) else items
    if not isinstance(array, exp.Array):
        if all(found.find(exp.Column) for found in items.find_all(exp.AggFunc)):
            return None
        raise errors.unsupported("an array of aggregates without columns is not compared with")
    _check_copies(node.this, len(array.expressions))
    members = [each.copy() for each in array.expressions]
    if isinstance(items, exp.Cast):
        kind = items.to.expressions[0]
        members = [exp.Cast(this=each, to=kind.copy()) for each in members]
    terms = [_pair(type(node), node.this, each) for each in members]
    return _paren(_all(terms) if every_item(node.expression) is not None else _any(terms))
