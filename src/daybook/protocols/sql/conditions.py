"""WHERE clauses that are comparisons of columns with values, joined by AND.

The form in which the store can be asked, and the only one in which entries are changed or
deleted. Values are bound when the statement is run; a comparison is evaluated exactly here, on
rendered rows, whatever the store's own look-up has found.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlglot import exp

from daybook.protocols.sql import literals, sources
from daybook.protocols.sql.errors import SqlFault, no_column
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.render import comparable
from daybook.protocols.sql.tables import PSEUDO_NAMES, Column, Table

Values = Sequence[str | None]


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that a statement holds: text, or the number of a parameter from 1 on."""

    text: str | None = None
    parameter: int = 0

    def value(self, values: Values) -> str | None:
        """The text of the value."""
        return values[self.parameter - 1] if self.parameter else self.text


@dataclass(frozen=True, slots=True)
class Term:
    """A column compared with one value, or with several by IN."""

    column: Column
    operator: str
    constants: tuple[Constant, ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """A term with its values: canonical text, and as what compares."""

    column: Column
    operator: str
    texts: tuple[str | None, ...]
    keys: tuple[Any, ...]

    def holds(self, text: str | None) -> bool:
        """Whether a row's value satisfies the term; NULL satisfies none."""
        if text is None:
            return False
        key = comparable(self.column.oid, text)
        test = _TESTS[self.operator]
        return any(each is not None and test(key, each) for each in self.keys)


_TESTS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": lambda a, b: bool(a == b),
    "in": lambda a, b: bool(a == b),
    "<": lambda a, b: bool(a < b),
    "<=": lambda a, b: bool(a <= b),
    ">": lambda a, b: bool(a > b),
    ">=": lambda a, b: bool(a >= b),
}
_OPERATORS: Final[dict[type[exp.Expr], str]] = {
    exp.EQ: "=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_MIRRORED: Final = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


class Other(Exception):
    """The clause is of another form."""


class Parameters:
    """Types of parameters: what the caller declared, else what the place asks for."""

    def __init__(self, declared: Sequence[int]) -> None:
        self._declared = list(declared)
        self._found: dict[int, int] = {}

    def take(self, node: exp.Parameter, oid: int) -> int:
        """Note where a parameter stands; answers with its number."""
        try:
            number = int(node.name)
        except ValueError:
            raise SqlFault("42601", f'syntax error at or near "@{node.name}"') from None
        if not 0 < number <= 65_535:
            raise SqlFault("42P02", f"there is no parameter ${number}")
        self._found.setdefault(number, oid)
        return number

    def types(self) -> list[int]:
        """The types, in order."""
        count = max([len(self._declared), *self._found])
        return [
            (self._declared[at] if at < len(self._declared) else 0)
            or self._found.get(at + 1)
            or pg.TEXT
            for at in range(count)
        ]


def constant(node: exp.Expr, parameters: Parameters, oid: int) -> Constant | None:
    """The value an expression stands for, or None where it is not a constant."""
    while isinstance(node, exp.Paren):
        node = node.this
    match node:
        case exp.Literal():
            return Constant(node.this)
        case exp.Boolean():
            return Constant("t" if node.this else "f")
        case exp.Null():
            return Constant(None)
        case exp.Neg(this=exp.Literal(is_string=False) as inner):
            return Constant(f"-{inner.this}")
        case exp.Parameter():
            return Constant(parameter=parameters.take(node, oid))
        case exp.Cast():
            kind = sources.type_oid(node.to)
            if kind is None or kind in pg.ARRAYS or node.to.expressions:
                return None
            inner_constant = constant(node.this, parameters, kind)
            if inner_constant is None or inner_constant.parameter or inner_constant.text is None:
                return inner_constant
            return Constant(literals.canonical(kind, inner_constant.text))
    return None


def terms_of(
    where: exp.Expr | None, table: Table, alias: str, parameters: Parameters
) -> list[Term]:
    """The terms of a clause. Raises `Other` where it is of another form."""
    return [
        _term(each, table, alias, parameters)
        for each in sources.terms(None if where is None else where.this)
    ]


def _term(node: exp.Expr, table: Table, alias: str, parameters: Parameters) -> Term:
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.In):
        if node.args.get("query") is not None or node.args.get("unnest") is not None:
            raise Other
        column = _column(node.this, table, alias)
        found = [constant(each, parameters, column.oid) for each in node.expressions]
        if any(each is None for each in found):
            raise Other
        return Term(column, "in", tuple(each for each in found if each is not None))
    operator = _OPERATORS.get(type(node))
    if operator is None:
        raise Other
    left, right = node.this, node.expression
    if not isinstance(left, exp.Column):
        left, right, operator = right, left, _MIRRORED[operator]
    column = _column(left, table, alias)
    value = constant(right, parameters, column.oid)
    if value is None:
        raise Other
    return Term(column, operator, (value,))


def _column(node: exp.Expr, table: Table, alias: str) -> Column:
    if not isinstance(node, exp.Column):
        raise Other
    if node.table and node.table.lower() not in (alias.lower(), table.name.lower()):
        raise Other
    name = node.name.lower()
    if name in PSEUDO_NAMES:
        raise Other
    column = table.by_name.get(name)
    if column is None:
        if name.startswith("line"):
            raise Other
        raise no_column(node.name, table.name)
    return column


def bind(terms: Sequence[Term], values: Values) -> list[Bound]:
    """The terms with their values. Raises `SqlFault` for a value that is none of the type."""
    bound = []
    for term in terms:
        texts = []
        for each in term.constants:
            text = each.value(values)
            texts.append(None if text is None else literals.canonical(term.column.oid, text))
        keys = tuple(None if text is None else comparable(term.column.oid, text) for text in texts)
        bound.append(Bound(term.column, term.operator, tuple(texts), keys))
    return bound


def day(text: str) -> date:
    """A canonical date."""
    return date.fromisoformat(text)


def micros(text: str) -> int:
    """A canonical timestamp as microseconds since 1970."""
    return literals.microseconds(datetime.fromisoformat(text))
