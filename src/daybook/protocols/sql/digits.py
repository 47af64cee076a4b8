"""How many digits the exact numbers of a statement may have, before and behind the point.

The engine's numbers have 38 digits. Where values of several types stand for one another, as in
`coalesce` or UNION, it brings them to one type; if that would want more digits, it takes them from
behind the point and says nothing. So they are brought to a type here that has all that are behind
it, and a value that has too many before it is refused.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from sqlglot import exp

from daybook.protocols.sql import literals
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.kinds import Kinds
from daybook.protocols.sql.macros import QUOTIENT_SCALE, TEXT_SCALE
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.rules import COMPARISONS, WHOLE
from daybook.protocols.sql.tables import AMOUNT_PRECISION, RATE_PRECISION, RATE_SCALE, Column
from daybook.protocols.sql.translate import DIGITS_MAX, digits_given, items_of, typed
from daybook.protocols.sql.trees import (
    choices,
    first_select,
    is_null,
    leaves,
    merged_names,
    reads_itself,
    value_names,
)

Digits = tuple[int, int]
"""Digits before the point and behind it."""

UNIFIED: Final = "unified"
"""Marks a cast that no caller wrote: it must not round."""
_WHOLE_DIGITS: Final = {pg.INT2: (5, 0), pg.INT4: (10, 0), pg.INT8: (19, 0)}
_QUOTIENT: Final = (DIGITS_MAX - QUOTIENT_SCALE, QUOTIENT_SCALE)
"""Those of a quotient, and of what is not known better: few values have more behind the point."""
_READ: Final = (DIGITS_MAX - TEXT_SCALE, TEXT_SCALE)
"""Those of a number that is read from text."""
_SECONDS: Final = (18, 6)
_NARROW: Final = 18
"""Digits of the numbers that the engine multiplies as whole numbers of the machine."""
_PLENTY: Final = 6
"""Decimals of a product that leave as many digits before the point as amounts have."""
_EXACT: Final = WHOLE | {pg.NUMERIC}


class Sized(Kinds):
    """Digits within one statement. Amounts have `scale` decimals."""

    def __init__(self, declared: Sequence[int], scale: int) -> None:
        super().__init__(declared)
        self._scale = scale
        self._sizes: dict[int, Digits] = {}
        self._replaced: list[exp.Expr] = []
        self._products: set[int] = set()
        """Products of numbers that the engine would keep as narrow as those are."""

    def _digits(self, node: exp.Expr) -> Digits:
        """The digits of an exact number, or of the members of an array of such: at least those
        that the engine gives it. Where it is not told which, enough for those of quotients.
        """
        known = self._sizes.get(id(node))
        if known is None:
            self._sizes[id(node)] = (0, 0)  # of a query that reads itself, while it is looked at
            whole, scale = self._digits_of(node)
            scale = min(scale, DIGITS_MAX)
            known = self._sizes[id(node)] = min(whole, DIGITS_MAX - scale), scale
        return known

    def _digits_of(self, node: exp.Expr) -> Digits:
        match node:
            case exp.Paren() | exp.Alias() | exp.Neg() | exp.Abs() | exp.Max() | exp.Min():
                return self._digits(node.this)
            case exp.Filter() | exp.Window() | exp.Nullif() | exp.AnyValue() | exp.ArrayAgg():
                return self._digits(node.this)
            case exp.FirstValue() | exp.LastValue() | exp.NthValue() | exp.Order():
                return self._digits(node.this)
            case exp.Distinct() if node.expressions:
                return self._digits(node.expressions[0])
            case exp.Literal() if node.is_string:
                return _READ
            case exp.Literal():
                whole, _, decimals = _plain(node).partition(".")
                return max(len(whole), 1), len(decimals)
            case exp.Column():
                return self._column_digits(node)
            case exp.Cast():
                return self._cast_digits(node)
            case exp.Subquery():
                return self._common(leaves(node.this, 0))
            case exp.Parameter() if self._kind(node) in _ARRAYS:
                return _READ
            case exp.IntDiv():
                return DIGITS_MAX, 0
        values = _alike(node)
        if values:
            return self._common(values)
        if self._kind(node) == pg.NUMERIC:
            return self._computed_digits(node)
        return _WHOLE_DIGITS.get(self._kind(node) or 0, _QUOTIENT)

    def _computed_digits(self, node: exp.Expr) -> Digits:
        """Those of what functions and operators make of exact numbers."""
        match node:
            case exp.Sum():
                return DIGITS_MAX, self._digits(node.this)[1]
            case exp.Add() | exp.Sub():
                whole, scale = self._common([node.this, node.expression])
                return whole + 1, scale
            case exp.Mul():
                left, right = self._digits(node.this), self._digits(node.expression)
                if self._is_narrow(node):
                    self._products.add(id(node))
                    return DIGITS_MAX, left[1] + right[1]
                return left[0] + right[0], left[1] + right[1]
            case exp.Round() | exp.Trunc() if (kept := kept_decimals(node)) is not None:
                return self._digits(node.this)[0] + 1, kept
            case exp.Floor() | exp.Ceil():
                return self._digits(node.this)[0] + 1, 0
            case exp.Round() | exp.Trunc():
                return self._digits(node.this)
            case exp.Sign():
                return 1, 0
            case exp.Extract():
                return _SECONDS
            case exp.Lag() | exp.Lead():
                return self._digits(node.this)
            case exp.Parameter():
                return _READ
        return _QUOTIENT

    def _is_narrow(self, node: exp.Mul) -> bool:
        """Whether a product may need more digits than the engine gives it: 18 where both sides
        have no more. With a constant or a whole number that is enough for any amount, unless many
        of them are behind the point.
        """
        sides = [node.this, node.expression]
        kinds = [self._kind(side) for side in sides]
        sizes = [self._digits(side) for side in sides]
        if not {pg.NUMERIC} <= {*kinds} <= _EXACT:
            return False
        scale = sizes[0][1] + sizes[1][1]
        if max(map(sum, sizes)) > AMOUNT_PRECISION or sum(map(sum, sizes)) <= _NARROW:
            return False
        constants = [isinstance(side.unnest(), exp.Literal) for side in sides]
        return all(constants) or scale > _PLENTY or not (any(constants) or {*kinds} & WHOLE)

    def _cast_digits(self, node: exp.Cast) -> Digits:
        of_members = node.to.expressions if node.is_type("array") else ()
        kind = of_members[0] if of_members else node.to
        given = digits_given(kind)
        if given is not None:
            return given[0] - given[1], given[1]
        inner = self._kind(node.this)
        if inner in (pg.NUMERIC, pg.ARRAY_OF[pg.NUMERIC]):
            return self._digits(node.this)
        if inner in (pg.FLOAT8, pg.FLOAT4):
            return _QUOTIENT
        return _WHOLE_DIGITS.get(self._kind(node) or 0) or _WHOLE_DIGITS.get(inner or 0, _READ)

    def _column_digits(self, column: exp.Column) -> Digits:
        meant = self._meaning(column)
        if isinstance(meant, list):
            return self._common(meant)
        if isinstance(meant, Column) and meant.oid == pg.NUMERIC:
            if meant.is_amount:
                return AMOUNT_PRECISION - self._scale, self._scale
            return RATE_PRECISION - RATE_SCALE, RATE_SCALE
        return _WHOLE_DIGITS.get(self._kind(column) or 0, _QUOTIENT)

    def _common(self, values: Sequence[exp.Expr]) -> Digits:
        """Digits that are enough for each of some values."""
        found = [self._digits(each) for each in values if not is_null(each)]
        scale = max((scale for _, scale in found), default=0)
        return min(max((whole for whole, _ in found), default=0), DIGITS_MAX - scale), scale

    # Where values stand for one another

    def _unify(self, tree: exp.Expr) -> None:
        """Cast what the engine would bring to a type with too few decimals to one with enough."""
        for node in reversed(list(tree.walk())):
            again = isinstance(node.parent, exp.CTE) and reads_itself(node.parent)
            for at, values in enumerate(_groups(node)):
                if again:
                    self._check_first(node.parent, values, at)
                self._unify_values(values, again or isinstance(node, exp.Lag | exp.Lead))
            if isinstance(node, exp.Select):
                for name in sorted(merged_names(node)):
                    merged = self._merged(node, name)
                    self._unify_values(merged if isinstance(merged, list) else [], False)
        for known in (self._kinds, self._shown, self._sizes, self._products):
            known.clear()

    def _check_first(self, cte: exp.Expr | None, values: Sequence[exp.Expr], at: int) -> None:
        """What a query that reads itself begins with has the type of all that it finds."""
        kinds = [self._kind(each) for each in values]
        if kinds and kinds[0] in WHOLE and pg.NUMERIC in kinds:
            raise SqlFault(
                "42804",
                f'recursive query "{"" if cte is None else cte.alias}" column {at + 1} has type'
                f" {literals.TYPE_NAMES[kinds[0] or 0]} in non-recursive term but type numeric"
                " overall",
            )

    def _unify_values(self, values: Sequence[exp.Expr], first: bool) -> None:
        """`first`: whether the engine has all of them be of the type of the first."""
        known = [each for each in values if not is_null(each)]
        kinds = {self._kind(each) for each in known if not _is_text(each)}
        if not kinds <= _EXACT | _ARRAYS or not kinds & {pg.NUMERIC, pg.ARRAY_OF[pg.NUMERIC]}:
            return
        for at, each in enumerate(known):
            if _is_text(each):
                known[at] = typed(literals.canonical(pg.NUMERIC, each.name), pg.NUMERIC)
                each.replace(known[at])
                self._replaced.append(each)
        sizes = [self._digits(each) for each in known]
        scale = max(scale for _, scale in sizes)
        fits = max(whole for whole, _ in sizes) + scale <= DIGITS_MAX
        if fits and not (first and len(set(sizes)) > 1):
            return
        for each in known:
            array = "[]" if self._kind(each) in _ARRAYS else ""
            wide = exp.DataType.build(f"DECIMAL({DIGITS_MAX},{scale}){array}", "duckdb")
            cast = exp.Cast(to=wide)
            cast.meta[UNIFIED] = True
            each.replace(cast)
            cast.set("this", each)
        self._shown.clear()  # of what it was before the casts


_ARRAYS: Final = frozenset(pg.ARRAY_OF[kind] for kind in _EXACT)


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and bool(node.is_string)


def _plain(node: exp.Literal) -> str:
    """A number without an exponent."""
    text = str(node.this)
    return text if "e" not in text.lower() else literals.canonical(pg.NUMERIC, text)


def kept_decimals(node: exp.Expr) -> int | None:
    """How many decimals ROUND or TRUNC keeps, where that is written."""
    given = node.args.get("decimals")
    if given is None:
        return 0
    kept = literals.natural(given.name) if isinstance(given, exp.Literal) else None
    return kept if kept is not None and kept <= DIGITS_MAX else None


def _alike(node: exp.Expr) -> list[exp.Expr]:
    """The values of which an expression has one, those of an array, or the sides of a remainder."""
    match node:
        case exp.Array():
            return list(node.expressions)
        case exp.Mod() | exp.IntDiv():
            return [node.this, node.expression]
    return choices(node)


def _groups(node: exp.Expr) -> Iterator[Sequence[exp.Expr]]:
    """The values that the engine brings to one type, where it may lose some of them by it.

    Those of a plain comparison are not among them: it compares what is there.
    """
    match node:
        case exp.SetOperation() if not isinstance(node.parent, exp.SetOperation):
            first = first_select(node)
            for at in range(0 if first is None else len(first.expressions)):
                yield leaves(node, at)
        case exp.Values():
            for at in range(len(list(value_names(node)))):
                yield leaves(node, at)
        case exp.In():
            query = node.args.get("query")
            items = [query] if query is not None else node.expressions
            if query is not None or isinstance(node.this, exp.Tuple) or _is_values(items):
                yield from _compared(node.this, items)
        case exp.Binary() if isinstance(node, COMPARISONS):
            array = items_of(node.expression)
            if array is not None:
                yield [node.this, array]
            elif isinstance(node.expression, exp.Any | exp.All):
                yield from _compared(node.this, [node.expression.this])
            elif isinstance(node.this, exp.Tuple):
                yield from _compared(node.this, [node.expression])
        case _:
            yield _alike(node)


def _is_values(items: Sequence[exp.Expr]) -> bool:
    return any(isinstance(item, exp.Values) for item in items)


def _compared(left: exp.Expr, items: Sequence[exp.Expr]) -> Iterator[Sequence[exp.Expr]]:
    """What is compared with a value, or with each of several in parentheses."""
    for at, each in enumerate(left.expressions if isinstance(left, exp.Tuple) else [left]):
        found = [each]
        for item in items:
            if isinstance(item, exp.Tuple):
                found += item.expressions[at : at + 1]
            else:
                found += leaves(item, at)
        yield found
