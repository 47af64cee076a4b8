"""Sums over lines in two steps: by days and numbers of accounts first, then by what was asked for.

    SELECT date_trunc('month', Date), LineAccount, sum(LineAmount), count(*) ... GROUP BY 1, 2

Grouping millions of lines by a moment and a name costs the engine three times what grouping them
by a date and a number does, and what is left then is little. Only where the result is the same
whatever is added up first: plain sums of exact numbers, counts, least and greatest.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import sqlglot
from sqlglot import exp

from daybook.protocols.sql import sources
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.tables import LINES

_KEYS: Final = {
    "date": "date",
    "linetype": "debit",
    **{f"line{name}{suffix}": name for name in sources.FEW_NAMES for suffix in ("", "id")},
}
"""Columns of lines that have few different values, and what they are made of."""

_CLAUSES: Final = frozenset(
    ("expressions", "from_", "where", "group", "having", "order", "limit", "offset")
)
_AGGREGATES: Final = (exp.Sum, exp.Count, exp.Min, exp.Max)
_OTHERS: Final = (
    *(exp.Window, exp.Filter, exp.Distinct, exp.WithinGroup, exp.Query),
    *(exp.Rollup, exp.Cube, exp.GroupingSets),
)
"""What has a SELECT summed in one step, wherever it stands in it."""
_SUMS: Final = "grouped"
"""The name of the first step within the second."""

Kind = Callable[[exp.Expr], int | None]
"""The type of an expression, where it is known."""


def in_two_steps(select: exp.Select, source: exp.Table, kind: Kind, staged: bool) -> bool:
    """Have a SELECT of lines alone sum in two steps; whether it is one that can."""
    if not _is_plain(select, source):
        return False
    after = [select.args.get(name) for name in ("group", "having", "order")]
    parts = [*select.expressions, *(part for part in after if part is not None)]
    aggregates = [found for part in parts for found in part.find_all(exp.AggFunc)]
    keys = _keys(parts, {item.alias.lower() for item in select.expressions if item.alias})
    where = select.args.get("where")
    within = [*aggregates, *([] if where is None else [where])]
    names = {column.name.lower() for part in within for column in part.find_all(exp.Column)}
    if not keys or not aggregates or not names <= LINES.by_name.keys():
        return False
    if not all(_adds_up(each, kind) for each in aggregates):
        return False
    alias = exp.TableAlias(this=exp.Identifier(this=source.alias_or_name, quoted=True))
    made = sorted({_KEYS[name] for name in keys})
    lines = sources.Raw(this=sources.lines_text(_listed(names), staged, made))
    lined = exp.Subquery(this=lines, alias=alias.copy())
    first = _first_step(aggregates, made, where, lined)
    sums = [f"_sum{at}" for at in range(len(aggregates))]
    second = sqlglot.parse_one(sources.named_text(_listed(keys), sums, _SUMS), read="duckdb")
    grouped = second.find(exp.From)
    assert grouped is not None
    grouped.set("this", exp.Subquery(this=first, alias=exp.TableAlias(this=exp.to_identifier("l"))))
    for name, each in zip(sums, aggregates, strict=True):
        each.replace(_again(each, name, alias))
    select.set("where", None)
    source.replace(exp.Subquery(this=second, alias=alias.copy()))
    return True


def _is_plain(select: exp.Select, source: exp.Table) -> bool:
    """Whether a SELECT has nothing but lines, conditions, groups and what is made of them."""
    group = select.args.get("group")
    alias = source.args.get("alias")
    own = ("", source.alias_or_name.lower())
    if any(value for name, value in select.args.items() if name not in _CLAUSES):
        return False
    if group is None or any(value for name, value in group.args.items() if name != "expressions"):
        return False
    if source.args.get("joins") or (alias is not None and alias.columns):
        return False
    for node in select.walk():
        if node is select:
            continue
        if isinstance(node, _OTHERS):
            return False
        if isinstance(node, exp.Column) and node.table.lower() not in own:
            return False
        if isinstance(node, exp.Star) and not isinstance(node.parent, exp.Count):
            return False
        if isinstance(node, exp.Anonymous) and not node.name.lower().startswith("pg_"):
            return False
    return True


def _keys(parts: Sequence[exp.Expr], aliases: set[str]) -> set[str]:
    """The columns that results are told by; none where one has too many different values."""
    found = set()
    for column in _outside(parts):
        name = column.name.lower()
        if name in _KEYS:
            found.add(name)
        elif name in LINES.by_name or name.startswith("_") or name not in aliases:
            return set()
    return found


def _outside(parts: Sequence[exp.Expr]) -> Iterator[exp.Column]:
    for part in parts:
        for column in part.find_all(exp.Column):
            if column.find_ancestor(exp.AggFunc) is None:
                yield column


def _listed(names: set[str]) -> list[str]:
    return [column.name for column in LINES.columns if column.name.lower() in names]


def _adds_up(node: exp.AggFunc, kind: Kind) -> bool:
    if type(node) not in _AGGREGATES or node.args.get("expressions"):
        return False
    if node.find_ancestor(exp.AggFunc) is not None:
        return False
    return not isinstance(node, exp.Sum) or kind(node.this) == pg.NUMERIC


def _first_step(
    aggregates: Sequence[exp.AggFunc],
    keys: Sequence[str],
    where: exp.Expr | None,
    lines: exp.Subquery,
) -> exp.Select:
    columns = [exp.column(exp.Identifier(this=f"_{key}", quoted=True)) for key in keys]
    named: list[exp.Expr] = [
        exp.alias_(column, key) for column, key in zip(columns, keys, strict=True)
    ]
    named += [exp.alias_(each.copy(), f"_sum{at}") for at, each in enumerate(aggregates)]
    first = exp.Select(
        expressions=named,
        from_=exp.From(this=lines),
        group=exp.Group(expressions=[column.copy() for column in columns]),
    )
    if where is not None:
        first.set("where", where.copy())
    return first


def _again(node: exp.AggFunc, name: str, alias: exp.TableAlias) -> exp.Expr:
    """What takes an aggregate's place: the same of the first step's, and the sum of its counts."""
    column = exp.column(exp.Identifier(this=name, quoted=True), table=alias.this.copy())
    if not isinstance(node, exp.Count):
        return type(node)(this=column)
    return exp.Cast(this=exp.Sum(this=column), to=exp.DataType.build("BIGINT"))
