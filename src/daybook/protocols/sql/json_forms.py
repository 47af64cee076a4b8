"""Rows and aggregates as JSON: written out before the types of a statement are looked at.

A row becomes the names of its columns with their values between them, an aggregate the text of
its members with what PostgreSQL writes around them. What a value looks like is told by its type,
so that each is marked here and written later (`shown`).
"""

import json
from collections.abc import Callable, Sequence
from typing import Final

from sqlglot import exp

from daybook.protocols.sql import errors
from daybook.protocols.sql.rules import CALLED
from daybook.protocols.sql.shown import call
from daybook.protocols.sql.trees import NO_LABEL, cte_of, name_of, sources_of

MEMBER: Final = "json_member"
"""Marks a value that stands in JSON, and is never null as a text."""
KEY: Final = "json_key"
"""Marks the name of a value in JSON."""
JSON: Final = "json_made"
JSONB: Final = "jsonb_made"
"""Mark texts that are JSON."""
BINARY: Final = "binary"
"""Says of a value that it stands in `jsonb`, which has some values in another form than `json`."""

Columns = Callable[[exp.Expr], list[str]]
"""The names of the columns of a source, none where they are not known."""


def write_json(tree: exp.Expr, columns: Columns) -> None:
    """Write out what makes JSON of rows. Raises `SqlFault` for what has no exact form."""
    for node in reversed(list(tree.find_all(exp.Func))):
        name = node.name.lower() if isinstance(node, exp.Anonymous) else ""
        if name in ("row_to_json", "to_json") and len(node.expressions) == 1:
            row = _row(node.expressions[0], columns, ":", ",", ordered=False)
            if row is not None:
                node.replace(_made(JSON, row, name))
            elif name == "row_to_json":
                raise errors.unsupported("row_to_json takes a row of a source in FROM here")
        elif isinstance(node, exp.JSONObject):
            _constructed(node)
        elif isinstance(node, exp.JSONArrayAgg):
            _aggregate(node, [node.this], "json_agg", columns)
        elif name == "jsonb_agg":
            _aggregate(node, node.expressions, name, columns)
        elif isinstance(node, exp.JSONObjectAgg):
            _object(node)
        elif isinstance(node, exp.JSONBObjectAgg):
            raise errors.unsupported("jsonb_object_agg is not supported; json_object_agg is")


def _constructed(node: exp.JSONObject) -> None:
    """JSON_OBJECT of names and values, which is written like `json_build_object`."""
    plain = all(isinstance(each, exp.JSONKeyValue) for each in node.expressions)
    if not plain or any(node.args.get(name) for name in node.args if name != "expressions"):
        raise errors.unsupported("json_object takes names and values here, as in 'name': value")
    given = [part.copy() for each in node.expressions for part in (each.this, each.expression)]
    made = call("json_build_object", *given)
    made.meta[CALLED] = "json_object"
    node.replace(made)


def _made(mark: str, text: exp.Expr, called: str) -> exp.Expr:
    made = call(mark, text)
    made.meta[CALLED] = called
    return made


def _aggregate(node: exp.Expr, given: Sequence[exp.Expr], called: str, columns: Columns) -> None:
    if len(given) != 1:
        raise errors.unsupported(f"{called} takes one argument")
    value, order = _parted(given[0], called)
    binary = called == "jsonb_agg"
    separators = (": ", ", ") if binary else (":", ",")
    member = _row(value, columns, *separators, ordered=binary)
    separator = ", " if binary or member is None else ", \n "
    if member is None:
        member = call(MEMBER, value.copy())
        member.meta[BINARY] = binary
    _put(node, member, order, separator, "[]", called)


def _object(node: exp.JSONObjectAgg) -> None:
    called = "json_object_agg"
    if name_of(node) != called:
        raise errors.unsupported(f"{name_of(node)} is not supported; {called} is")
    if len(node.expressions) != 2:
        raise errors.unsupported(f"{called} takes a name and a value here")
    key = node.expressions[0]
    value, order = _parted(node.expressions[1], called)
    if isinstance(key, exp.Distinct):
        raise errors.unsupported(f"DISTINCT in {called} is not supported")
    member = call(MEMBER, value.copy())
    parts = call("concat", call(KEY, key.copy()), exp.Literal.string(" : "), member)
    _put(node, parts, order, ", ", "{}", called)


def _parted(value: exp.Expr, called: str) -> tuple[exp.Expr, list[exp.Expr]]:
    """What is collected, and by what it is sorted."""
    order: list[exp.Expr] = []
    if isinstance(value, exp.Order):
        value, order = value.this, value.expressions
    if isinstance(value, exp.Distinct):
        raise errors.unsupported(f"DISTINCT in {called} is not supported")
    return value, order


def _put(
    node: exp.Expr,
    member: exp.Expr,
    order: Sequence[exp.Expr],
    separator: str,
    around: str,
    called: str,
) -> None:
    """Put the members of a group in place of an aggregate, with its FILTER and OVER."""
    if order:
        member = exp.Order(this=member, expressions=[each.copy() for each in order])
    joined = exp.GroupConcat(this=member, separator=exp.Literal.string(separator))
    top = node
    while isinstance(top.parent, exp.Filter | exp.Window) and top.parent.this is top:
        top = top.parent
    space = " " if around == "{}" else ""
    closing = exp.Literal.string(space + around[1])
    whole = exp.DPipe(this=exp.Literal.string(around[0] + space), expression=exp.Paren())
    text = exp.DPipe(this=whole, expression=closing)
    made = _made(JSONB if called == "jsonb_agg" else JSON, text, called)
    if top is node:
        top.replace(made)
        whole.expression.set("this", joined)
    else:
        node.replace(joined)
        top.replace(made)
        whole.expression.set("this", top)


def _row(
    value: exp.Expr, columns: Columns, colon: str, comma: str, ordered: bool
) -> exp.Expr | None:
    """A row as JSON in text, or None where a value is none."""
    source = _source(value, columns)
    if source is None:
        return None
    name = source.alias_or_name
    known = columns(source)
    if not known and isinstance(source, exp.Table) and not source.db and cte_of(source) is None:
        raise errors.no_table(source.name)
    if not known or NO_LABEL in known:
        raise errors.unsupported(f"the columns of {name[:60]} are not known here; name them")
    if ordered:  # as `jsonb` keeps them
        known = sorted(known, key=lambda each: (len(each.encode()), each.encode()))
    parts: list[exp.Expr] = []
    for at, column in enumerate(known):
        label = json.dumps(column, ensure_ascii=False) + colon
        parts.append(exp.Literal.string((comma if at else "{") + label))
        quoted = exp.Identifier(this=column, quoted=True)
        table = exp.Identifier(this=name, quoted=True)
        member = call(MEMBER, exp.Column(this=quoted, table=table))
        member.meta[BINARY] = ordered
        parts.append(member)
    parts.append(exp.Literal.string("}"))
    return call("concat", *parts)


def _source(value: exp.Expr, columns: Columns) -> exp.Expr | None:
    """The source that a name stands for a row of, as a column of that name would go before it."""
    while isinstance(value, exp.Paren):
        value = value.this
    select = value.find_ancestor(exp.Select)
    if not isinstance(value, exp.Column) or select is None:
        return None
    sources = list(sources_of(select))
    name = value.table if value.is_star else value.name
    if not value.is_star:
        listed = {each.lower() for source in sources for each in columns(source)}
        if value.table or name.lower() in listed:
            return None
    found = next((each for each in sources if each.alias_or_name.lower() == name.lower()), None)
    if found is None or not _has_rows(found):
        return None
    if _may_be_left_out(found, select):
        raise errors.unsupported(
            "a row that an outer join may leave out is not written as JSON here; name its columns,"
            " as in json_build_object"
        )
    return found


def _has_rows(source: exp.Expr) -> bool:
    """Whether a name of a source means its rows: that of a function's means their one value."""
    named = isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier)
    return named or isinstance(source, exp.Subquery | exp.Values)


def _may_be_left_out(source: exp.Expr, select: exp.Select) -> bool:
    for join in select.args.get("joins") or ():
        side = str(join.args.get("side") or "").upper()
        if side in ("RIGHT", "FULL") or (side == "LEFT" and join.this is source):
            return True
    return False
