"""Looking around in a syntax tree: what is selected, from where, and under which name."""

from collections.abc import Iterator
from typing import Final

import sqlglot
from sqlglot import exp

from daybook.protocols.sql import errors, sources
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.rules import CALLED, WRITTEN
from daybook.protocols.sql.tables import TABLES


def name_of(call: exp.Func) -> str:
    """The name that a function was called by."""
    if isinstance(call, exp.Anonymous):
        return str(call.name).lower()
    return str(call.meta.get(WRITTEN) or call.sql_name()).lower()


def is_table_name(node: exp.Expr) -> bool:
    """Whether an expression is a catalog column that holds names of tables."""
    return isinstance(node, exp.Column) and node.name.lower() in (
        "relname",
        "tablename",
        "table_name",
    )


def named_type(name: str) -> exp.Expr:
    """A type from its name."""
    made = sqlglot.parse_one(f"CAST(x AS {name})", read="postgres")
    assert isinstance(made, exp.Cast)
    return made.to


def has_using(select: exp.Select) -> bool:
    """Whether a join is by USING or NATURAL, where `*` shows a column once."""
    return any(
        join.args.get("using") or join.args.get("method") for join in select.args.get("joins") or ()
    )


def label_of(node: exp.Expr) -> str | None:
    """The name PostgreSQL gives to an unnamed column, or None where it has none."""
    return _label(node)[0]


NO_LABEL: Final = "?column?"
_Label = tuple[str | None, bool]
"""A name, and whether it is one that a cast or a CASE around it keeps."""


def _label(node: exp.Expr) -> _Label:
    match node:
        case exp.Column():
            return _column_label(node), True
        case exp.Paren() | exp.Filter() | exp.Window() | exp.WithinGroup() | exp.Bracket():
            return _label(node.this)
        case exp.Collate():
            return _label(node.this)
        case exp.Cast() if CALLED in node.meta:  # what the parser makes of a call
            return node.meta[CALLED], True
        case exp.Cast():
            kept = _label(node.this)
            return kept if kept[1] else (sources.TYPE_LABELS.get(cast_oid(node) or 0), False)
        case exp.Case():
            default = node.args.get("default")
            kept = (None, False) if default is None else _label(default)
            return kept if kept[1] else ("case", False)
        case exp.Boolean():
            return "bool", False
        case exp.Subquery() if (first := first_select(node)) is not None:
            item = first.expressions[0]
            return item.alias if isinstance(item, exp.Alias) else _label(item)[0] or NO_LABEL, True
    called = _call_label(node)
    return called, called is not None


def _column_label(node: exp.Column) -> str:
    name = node.name
    for table in TABLES.values():
        column = table.by_name.get(name.lower())
        if column is not None:
            return column.name
    return name.lower() if not node.this.quoted else name


def _call_label(node: exp.Expr) -> str | None:
    match node:
        case exp.Exists():
            return "exists"
        case exp.Array():
            return "array"
        case exp.Tuple():
            return "row"
        case _ if CALLED in node.meta:
            return str(node.meta[CALLED])
        case exp.Anonymous():
            return str(node.name).lower()
        case exp.Dot():
            return node.name
        case exp.Trim():
            return {"LEADING": "ltrim", "TRAILING": "rtrim"}.get(
                str(node.args.get("position") or "").upper(), "btrim"
            )
        case exp.Pad():
            return "lpad" if node.args.get("is_left") else "rpad"
        case exp.Connector() | exp.Predicate() | exp.Binary() | exp.Not():
            return None
        case exp.Func():
            return sources.FUNCTION_LABELS.get(type(node), name_of(node))
    return None


def is_first(select: exp.Select, tree: exp.Expr) -> bool:
    """Whether a SELECT is the one whose columns the statement shows."""
    return first_select(tree) is select


def merged_names(select: exp.Select) -> set[str]:
    """The columns that joins by USING make one of."""
    joins = select.args.get("joins") or ()
    return {name.name.lower() for join in joins for name in join.args.get("using") or ()}


def value_names(values: exp.Values) -> Iterator[str]:
    """What the columns of VALUES are called."""
    rows = values.expressions
    width = len(rows[0].expressions) if rows and isinstance(rows[0], exp.Tuple) else 1
    yield from (f"column{at}" for at in range(1, width + 1))


def name_values(tree: exp.Expr) -> None:
    """Name the columns of VALUES in FROM that a query does not name itself."""
    for values in tree.find_all(exp.Values):
        holder: exp.Expr | None = values
        if values.args.get("alias") is None and isinstance(values.parent, exp.Subquery):
            holder = values.parent
        alias = None if holder is None else holder.args.get("alias")
        if isinstance(alias, exp.TableAlias) and not alias.columns:
            names = [exp.Identifier(this=name, quoted=True) for name in value_names(values)]
            alias.set("columns", names)


def first_select(tree: exp.Expr) -> exp.Select | None:
    """The SELECT that names the columns of a query, or None."""
    while isinstance(tree, (exp.SetOperation, exp.Subquery)):
        tree = tree.this
    return tree if isinstance(tree, exp.Select) else None


def leaves(query: exp.Expr | None, at: int) -> list[exp.Expr]:
    """What a column of a query shows: of a set operation in each SELECT, of VALUES in each row.

    None at all where a `*` stands before it.
    """
    waiting, found, seen = [query], list[exp.Expr](), set[int]()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, exp.Subquery):
            waiting.append(each.this)
        elif isinstance(each, exp.SetOperation):
            waiting += (each.expression, each.this)
        elif isinstance(each, exp.Values):
            rows = [row.expressions or [row] for row in each.expressions]
            found += [row[at] for row in rows if at < len(row)]
        elif isinstance(each, exp.Select):
            if any(item.is_star for item in each.expressions[: at + 1]):
                waiting.append(_all_of(each))
            elif at < len(each.expressions):
                found.append(each.expressions[at].unalias())
    return found


def _all_of(select: exp.Select) -> exp.Expr | None:
    """The one query that a SELECT shows all columns of, or None."""
    only = list(sources_of(select))
    if len(select.expressions) != 1 or len(only) != 1:
        return None
    cte = cte_of(only[0]) if isinstance(only[0], exp.Table) else None
    inner: exp.Expr | None = only[0] if cte is None else cte.this
    return inner if isinstance(inner, exp.Query | exp.Values) else None


def sources_of(select: exp.Select) -> Iterator[exp.Expr]:
    """What a SELECT reads from: tables, subqueries, laterals."""
    start = select.args.get("from_")
    if start is not None:
        yield start.this
        yield from (join.this for join in start.this.args.get("joins") or ())
    for join in select.args.get("joins") or ():
        yield join.this
        yield from (each.this for each in join.this.args.get("joins") or ())
    yield from select.args.get("laterals") or ()


def cte_of(source: exp.Table) -> exp.CTE | None:
    """The WITH query that a table name stands for, or None.

    A query of a WITH sees those before it; itself and later ones only where that is RECURSIVE.
    """
    if source.db:
        return None
    name = source.name.lower()
    node: exp.Expr | None = source
    inside: exp.Expr | None = None
    while node is not None:
        with_ = node.args.get("with_")
        if with_ is not None:
            for cte in with_.expressions:
                if cte is inside and not with_.args.get("recursive"):
                    break
                if cte.alias.lower() == name:
                    return cte if isinstance(cte, exp.CTE) else None
        if isinstance(node, exp.CTE):
            inside = node
        node = node.parent
    return None


def is_cte(source: exp.Table) -> bool:
    """Whether a table name stands for a WITH query."""
    return cte_of(source) is not None


def choices(node: exp.Expr) -> list[exp.Expr]:
    """The values of which an expression has one; none where it is no choice."""
    match node:
        case exp.Coalesce() | exp.Greatest() | exp.Least():
            return [node.this, *node.expressions]
        case exp.Case():
            default = node.args.get("default")
            values = [each.args["true"] for each in node.args["ifs"]]
            return values if default is None else [*values, default]
        case exp.Lag() | exp.Lead() if node.args.get("default") is not None:
            return [node.this, node.args["default"]]
    return []


def reads_itself(node: exp.Expr | None) -> bool:
    """Whether a node is a WITH query that reads what it has found so far."""
    return isinstance(node, exp.CTE) and any(
        cte_of(source) is node for source in node.this.find_all(exp.Table)
    )


def cast_oid(node: exp.Expr | None) -> int | None:
    """The type that a cast names, or None."""
    if not isinstance(node, exp.Cast):
        return None
    return sources.type_oid(node.to)


def is_null(node: exp.Expr) -> bool:
    """Whether an expression is NULL."""
    return isinstance(node, exp.Null)


def check_limit(options: exp.LimitOptions) -> None:
    """Raises `SqlFault` for a limit that is more than a number of rows."""
    if options.args.get("percent"):
        raise SqlFault(errors.SYNTAX, 'syntax error at or near "PERCENT"')
    if options.args.get("with_ties"):
        raise errors.unsupported("WITH TIES is not supported")
