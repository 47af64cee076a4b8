"""Values as text and as JSON, in the form that PostgreSQL gives them.

The engine has forms of its own for days before the year 1, intervals, arrays and floating point
numbers; which is meant is told by the type of the value.
"""

from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from daybook.protocols.sql import errors
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.translate import NUMBERS
from daybook.protocols.sql.trees import is_null

_TEXTS: Final = frozenset((pg.TEXT, pg.VARCHAR, pg.BPCHAR, pg.NAME))
_MACROS: Final = {
    pg.DATE: "pg_day_text",
    pg.TIMESTAMP: "pg_day_text",
    pg.TIMESTAMPTZ: "pg_day_text",
    pg.INTERVAL: "pg_interval_text",
    pg.FLOAT8: "pg_double_shown",
    pg.FLOAT4: "pg_real_shown",
}
_SWITCH: Final = "pg_switch_text"
"""What functions make of a boolean, where a cast to text makes a word of it."""


def call(name: str, *given: exp.Expr) -> exp.Expr:
    """A call of one of the engine's functions or macros."""
    return exp.Anonymous(this=name, expressions=list(given))


def _plain(value: exp.Expr) -> exp.Expr:
    return exp.Cast(this=value, to=exp.DataType.build("VARCHAR", "duckdb"))


def as_text(value: exp.Expr, kind: int | None) -> exp.Expr | None:
    """A value cast to text; None where the engine's own cast does it."""
    if kind in pg.ARRAYS:
        return call("pg_array_text", _items_as_text(value, pg.ARRAYS[kind]))
    name = _MACROS.get(kind or 0)
    return None if name is None else call(name, value)


def put_out(value: exp.Expr, kind: int | None) -> exp.Expr:
    """A value as functions such as `concat` write it."""
    if kind == pg.BOOL:
        return call(_SWITCH, value)
    return as_text(value, kind) or value


def _items_as_text(value: exp.Expr, kind: int) -> exp.Expr:
    """An array with each member in text form."""
    name = _SWITCH if kind == pg.BOOL else _MACROS.get(kind)
    if name is None:
        return value
    item = exp.to_identifier("item")
    made = exp.Lambda(this=call(name, exp.column(item)), expressions=[item])
    return call("list_transform", value, made)


def depth(node: exp.Expr) -> int:
    """The dimensions of an array that is written out."""
    if not isinstance(node, exp.Array):
        return 0
    return 1 + max(map(depth, node.expressions), default=0)


def check_shape(node: exp.Array) -> None:
    """Raises `SqlFault` for arrays of different sizes within one, which the engine has."""
    shapes = {
        (depth(each), len(each.expressions) if isinstance(each, exp.Array) else 0)
        for each in node.expressions
    }
    if len(shapes) > 1 and depth(node) > 1:
        raise SqlFault(
            "2202E",
            "multidimensional arrays must have array expressions with matching dimensions",
        )


def joined(node: exp.ArrayToString, kind: int | None) -> exp.Expr | None:
    """`array_to_string` of an array whose members have a text form of their own."""
    made = node.copy()
    if kind not in pg.ARRAYS:
        return None
    made.set("this", _items_as_text(made.this, pg.ARRAYS[kind]))
    return made


def as_member(value: exp.Expr, kind: int | None) -> exp.Expr:
    """A value within JSON, in text: never null. Raises `SqlFault` where its form is not known."""
    if is_null(value):
        return exp.Literal.string("null")
    if kind in _FLOATS:
        sign = call("pg_json_float", value)
        made = call("concat", sign, call(_MACROS[kind], value.copy()), sign.copy())
        nothing = exp.Is(this=exp.Paren(this=value.copy()), expression=exp.Null())
        return exp.Case(ifs=[exp.If(this=nothing, true=exp.Literal.string("null"))], default=made)
    if kind in NUMBERS or kind in _JSONS:
        made = _plain(value)
    elif kind == pg.BOOL or kind in _TEXTS or (isinstance(value, exp.Literal) and value.is_string):
        made = _plain(call("to_json", value))
    elif kind in (pg.DATE, pg.INTERVAL):
        made = _plain(call("to_json", call(_MACROS[kind], value)))
    elif kind in (pg.TIMESTAMP, pg.TIMESTAMPTZ):
        text = call("pg_day_text", value)
        made = call("replace", text, exp.Literal.string(" "), exp.Literal.string("T"))
        if kind == pg.TIMESTAMPTZ:  # which are all in UTC
            made = exp.DPipe(this=made, expression=exp.Literal.string(":00"))
        made = _plain(call("to_json", made))
    elif not kind:  # also of a parameter, which nothing around it tells the type of
        return call("pg_json", value)
    elif kind in pg.ARRAYS and pg.ARRAYS[kind] in _IN_ARRAYS:
        made = _plain(call("to_json", value))
    else:
        raise errors.unsupported("values of this type are not written as JSON here; cast them")
    return exp.Coalesce(this=made, expressions=[exp.Literal.string("null")])


_FLOATS: Final = (pg.FLOAT4, pg.FLOAT8)
_JSONS: Final = (pg.JSON, pg.JSONB)
_IN_ARRAYS: Final = frozenset((*_TEXTS, pg.BOOL, pg.INT2, pg.INT4, pg.INT8))
"""Types whose arrays the engine writes as PostgreSQL does."""


def as_key(value: exp.Expr, kind: int | None) -> exp.Expr:
    """The name of a value within JSON, in text."""
    given = call("pg_json_key", value)
    if kind in NUMBERS or kind == pg.BOOL:
        return _plain(call("to_json", _plain(given)))
    literal = isinstance(value, exp.Literal) and value.is_string
    if kind in _TEXTS or literal or kind in (pg.DATE, pg.TIMESTAMP, pg.TIMESTAMPTZ):
        return as_member(given, pg.TEXT if literal else kind)
    if not kind:
        return call("pg_json_name", given)
    raise errors.unsupported("a name in JSON is a text here; cast it, as in x::text")


def as_json(value: exp.Expr, kind: int | None) -> exp.Expr:
    """`to_json`."""
    nothing = exp.Is(this=exp.Paren(this=value.copy()), expression=exp.Null())
    made = text_as_json(as_member(value, kind))
    return exp.Case(ifs=[exp.If(this=nothing, true=exp.Null())], default=made)


def as_object(given: Sequence[exp.Expr], kinds: Sequence[int | None]) -> exp.Expr:
    """`json_build_object`, with spaces around colons."""
    if len(given) % 2:
        raise SqlFault(errors.BAD_PARAMETER, "argument list must have even number of elements")
    parts: list[exp.Expr] = [exp.Literal.string("{")]
    for at in range(0, len(given), 2):
        separator = exp.Literal.string(", " if at else "")
        name, value = given[at].copy(), given[at + 1].copy()
        parts += [separator, as_key(name, kinds[at]), exp.Literal.string(" : ")]
        parts.append(as_member(value, kinds[at + 1]))
    parts.append(exp.Literal.string("}"))
    return text_as_json(call("concat", *parts))


def text_as_json(text: exp.Expr) -> exp.Expr:
    """A text that is JSON, as the engine's type."""
    return exp.Cast(this=text, to=exp.DataType.build("JSON", "duckdb"))
