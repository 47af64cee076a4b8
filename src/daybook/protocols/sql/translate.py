"""Single expressions in the analytical engine's words, meaning what PostgreSQL means by them."""

import re
from decimal import Decimal
from typing import Any, Final

from sqlglot import exp

from daybook.protocols.sql import errors
from daybook.protocols.sql.catalog_functions import FUNCTIONS
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.limits import CURSOR_ROWS_MAX
from daybook.protocols.sql.literals import NUMBER_DIGITS_MAX, natural
from daybook.protocols.sql.macros import QUOTIENT_SCALE, TEXT_SCALE
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.rules import CALLED, WHOLE
from daybook.protocols.sql.trees import is_table_name, name_of

DIGITS_MAX: Final = 38
"""Digits of an exact number in the engine."""

_ENGINE_TYPES: Final = {
    pg.BOOL: "BOOLEAN",
    pg.INT2: "SMALLINT",
    pg.INT4: "INTEGER",
    pg.INT8: "BIGINT",
    pg.OID: "UINTEGER",
    pg.FLOAT4: "FLOAT",
    pg.FLOAT8: "DOUBLE",
    pg.NUMERIC: f"DECIMAL({DIGITS_MAX},{TEXT_SCALE})",
    pg.DATE: "DATE",
    pg.TIMESTAMP: "TIMESTAMP",
    pg.TIMESTAMPTZ: "TIMESTAMPTZ",
    pg.TIME: "TIME",
    pg.INTERVAL: "INTERVAL",
    pg.UUID_: "UUID",
    pg.BYTEA: "BLOB",
    pg.REGCLASS: "BIGINT",
}


NUMBERS: Final = frozenset((pg.INT2, pg.INT4, pg.INT8, pg.NUMERIC, pg.FLOAT4, pg.FLOAT8))


def engine_type(oid: int) -> str:
    """The engine's name of a type."""
    element = pg.ARRAYS.get(oid)
    if element is not None:
        return engine_type(element) + "[]"
    return _ENGINE_TYPES.get(oid, "VARCHAR")


def wider(left: int | None, right: int | None) -> int | None:
    """The type of an operation on two numbers, or None."""
    if left not in NUMBERS or right not in NUMBERS:
        return left if right is None and left not in NUMBERS else None
    for kind in (pg.FLOAT8, pg.FLOAT4, pg.NUMERIC, pg.INT8, pg.INT4):
        if kind in (left, right):
            return pg.FLOAT8 if kind == pg.FLOAT4 else kind
    return pg.INT2


def widest(kinds: list[int | None]) -> int | None:
    """The type that values of several types come to, or None."""
    known = [kind for kind in kinds if kind is not None]
    if not known:
        return None
    found: int | None = known[0]
    for kind in known[1:]:
        found = found if found == kind else wider(found, kind)
    return found


def typed(text: str, oid: int) -> exp.Expr:
    """A literal of a type for the engine."""
    if oid == pg.NUMERIC:
        number = exp.Literal.number(_fitting(text))
        return exp.Paren(this=number) if text.startswith("-") else number
    if oid == pg.BOOL:
        return exp.Boolean(this=text == "t")
    if oid == pg.BYTEA:
        return exp.Anonymous(this="unhex", expressions=[exp.Literal.string(text[2:])])
    kind = exp.DataType.build(engine_type(oid), "duckdb")
    return exp.Cast(this=exp.Literal.string(text), to=kind)


def array_literal(text: str, oid: int) -> exp.Expr:
    """An array literal for the engine."""
    items = pg.array_items(text)
    name = engine_type(oid)
    if oid == pg.ARRAY_OF[pg.NUMERIC]:
        decimals = max((len((item or "").partition(".")[2]) for item in items), default=0)
        name = f"DECIMAL({DIGITS_MAX},{min(decimals, DIGITS_MAX)})[]"
    members = [exp.Null() if item is None else exp.Literal.string(item) for item in items]
    return exp.Cast(this=exp.Array(expressions=members), to=exp.DataType.build(name, "duckdb"))


_MOMENTS: Final = frozenset((pg.TIMESTAMP, pg.TIMESTAMPTZ))
_EXACT: Final = "pg_exact"


def _fraction(node: exp.Expr) -> tuple[exp.Expr, exp.Expr | None]:
    """What is divided, and by what, where an expression is a quotient already."""
    while isinstance(node, exp.Paren):
        node = node.this
    if isinstance(node, exp.Anonymous) and node.name == _EXACT:
        return node.expressions[0].copy(), node.expressions[1].copy()
    if isinstance(node, exp.Nullif):
        above, below = _fraction(node.this)
        zero = node.expression
        if below is not None and isinstance(zero, exp.Literal) and zero.this == "0":
            return exp.Nullif(this=above, expression=zero.copy()), below
    return node.copy(), None


def _product(left: exp.Expr, right: exp.Expr | None) -> exp.Expr:
    if right is None:
        return left
    return exp.Paren(this=exp.Mul(this=exp.Paren(this=left), expression=exp.Paren(this=right)))


def quotient(left: exp.Expr, right: exp.Expr) -> exp.Expr:
    """An exact quotient. Of quotients, it is one of products: nothing is rounded in between."""
    (above, divisor), (below, other) = _fraction(left), _fraction(right)
    if other is not None:
        other = exp.Anonymous(this="pg_nonzero", expressions=[other])
    return exp.Anonymous(
        this=_EXACT, expressions=[_product(above, other), _product(below, divisor)]
    )


def whole_quotient(node: exp.IntDiv) -> exp.Expr:
    """`div`: without the remainder the division is exact."""
    left, right = node.this, node.expression
    rest = exp.Mod(this=exp.Paren(this=left.copy()), expression=exp.Paren(this=right.copy()))
    above = exp.Paren(this=exp.Sub(this=exp.Paren(this=left.copy()), expression=rest))
    return exp.Trunc(this=exp.Anonymous(this=_EXACT, expressions=[above, right.copy()]))


def divide_plainly(having: exp.Having) -> None:
    """Have quotients in HAVING made by a macro without lambdas: the engine takes their names for
    columns that are not grouped by. So are those of the rest that may have to match them.
    """
    select = having.parent
    if not isinstance(select, exp.Select):
        return
    wanted = set(_quotients(having, select))
    for node in [each for each in _quotients(select, select) if each in wanted] if wanted else ():
        node.set("this", "pg_plain_exact")


def _quotients(part: exp.Expr, select: exp.Select) -> list[exp.Expr]:
    """The quotients in a part of a SELECT, but for those in aggregates and subqueries."""
    return [
        node
        for node in part.find_all(exp.Anonymous)
        if node.name == _EXACT and node.find_ancestor(exp.AggFunc, exp.Select) is select
    ]


def regular(node: exp.Expr, flags: str) -> exp.Expr:
    """A match of a regular expression, where a dot is any character, as in PostgreSQL."""
    return exp.Anonymous(
        this="regexp_matches",
        expressions=[node.this.copy(), node.expression.copy(), exp.Literal.string(flags)],
    )


def plain_number(node: exp.Literal) -> exp.Expr | None:
    """A number without an exponent: with one it is exact in PostgreSQL, and not in the engine."""
    text = str(node.this)
    if "e" not in text.lower():
        _fitting(text)
        return None
    if len(text) > NUMBER_DIGITS_MAX:
        raise SqlFault(errors.OUT_OF_RANGE, f"the number {text[:60]} is out of range")
    plain = _fitting(format(Decimal(text), "f"))
    made = exp.Literal.number(plain)
    whole = "." not in plain and len(plain) <= DIGITS_MAX
    return decimal(made, len(plain), 0) if whole else made


def _fitting(text: str) -> str:
    """A number that the engine holds exactly: with more digits and a point it is a double there."""
    if "." in text and sum(sign.isdigit() for sign in text) > DIGITS_MAX:
        raise SqlFault(errors.OUT_OF_RANGE, f"the number {text[:60]} is out of range")
    return text


_DOUBLE_DIGITS: Final = {pg.FLOAT8: 15, pg.FLOAT4: 6}
"""Digits of floating point numbers that PostgreSQL makes exact ones of."""


def digits_given(kind: exp.Expr) -> tuple[int, int] | None:
    """The digits that numeric(p, s) names, as the engine has them, and those behind the point."""
    given = [natural(each.name) for each in kind.expressions]
    if not given:
        return None
    width, scale = given[0], given[1] if len(given) > 1 else 0
    if width is None or scale is None or scale > min(width, DIGITS_MAX):
        raise errors.unsupported(f"numeric has up to {DIGITS_MAX} digits here")
    return min(width, DIGITS_MAX), scale


def exact_cast(node: exp.Cast, kind: int | None) -> exp.Expr | None:
    """A cast to numeric of a value of a type, or None where the engine's own does it."""
    given = digits_given(node.to)
    inner: exp.Expr = node.this.copy()
    digits = _DOUBLE_DIGITS.get(kind or 0)
    if digits is not None:
        rounded = given is not None or isinstance(node.parent, exp.Round)
        name = "pg_double_text" if rounded else "pg_double_decimals"
        text = exp.Anonymous(this=name, expressions=[inner, exp.Literal.number(digits)])
        inner = decimal(text, DIGITS_MAX, QUOTIENT_SCALE)
    elif given is None and kind in WHOLE:
        return decimal(inner, _WHOLE_DIGITS, 0)  # no wider than it has to be
    elif given is None:
        shown = exp.Cast(this=inner, to=exp.DataType.build("VARCHAR", "duckdb"))
        text = exp.Anonymous(this="pg_decimals", expressions=[shown])
        return decimal(text, DIGITS_MAX, TEXT_SCALE)
    elif kind != pg.NUMERIC:
        return decimal(inner, *given)
    elif given[0] < DIGITS_MAX:
        return None
    if given is None:
        return inner
    # said by a function, as no other cast to so many digits may round
    kept = exp.Round(this=inner, decimals=exp.Literal.number(given[1]))
    return decimal(kept, *given)


def decimal(inner: exp.Expr, width: int, scale: int) -> exp.Expr:
    """A cast to an exact number of so many digits, `scale` of them behind the point."""
    return exp.Cast(this=inner, to=exp.DataType.build(f"DECIMAL({width},{scale})", "duckdb"))


_WHOLE_DIGITS: Final = 19
"""Digits of a bigint."""


def bounded(node: exp.Expr) -> exp.Expr | None:
    """Functions that make much text of little, within bounds."""
    match node:
        case exp.Repeat():
            return exp.Anonymous(
                this="pg_repeat", expressions=[node.this.copy(), node.args["times"].copy()]
            )
        case exp.Pad():
            made = node.copy()
            size = made.expression
            size.replace(exp.Anonymous(this="pg_padded", expressions=[size.copy()]))
            return made
        case exp.Replace():
            parts = (node.this, node.expression, node.args.get("replacement"))
            if any(part is None for part in parts):
                return None
            return exp.Anonymous(
                this="pg_replace", expressions=[part.copy() for part in parts if part is not None]
            )
        case exp.Chr():
            return exp.Anonymous(this="pg_chr", expressions=[node.expressions[0].copy()])
    return None


def check_series(node: exp.GenerateSeries) -> None:
    """Raises `SqlFault` for a long series among columns: the engine makes it whole, at once."""
    ends = [node.args.get(name) for name in ("start", "end")]
    first, last = (natural(end.this) if isinstance(end, exp.Literal) else None for end in ends)
    if first is not None and last is not None and last - first > CURSOR_ROWS_MAX:
        hint = "in FROM a series may be of any length"
        raise SqlFault(errors.LIMIT, f"a series of more than {CURSOR_ROWS_MAX}", hint=hint)


def finite(node: exp.Expr) -> exp.Expr | None:
    """Functions that PostgreSQL refuses where their result is no number."""
    match node:
        case exp.Sqrt():
            return exp.Anonymous(this="pg_sqrt", expressions=[node.this.copy()])
        case exp.Exp():
            return exp.Anonymous(this="pg_finite", expressions=[node.copy()])
        case exp.Ln():
            made = exp.Anonymous(this="pg_log_of", expressions=[node.this.copy()])
            return exp.Ln(this=made)
        case exp.Log() if node.args.get("expression") is None:
            made = exp.Anonymous(this="pg_log_of", expressions=[node.this.copy()])
            return exp.Anonymous(this="log10", expressions=[made])
        case exp.Pow():
            return exp.Anonymous(
                this="pg_power", expressions=[node.this.copy(), node.expression.copy()]
            )
    return None


def is_average(node: exp.Expr) -> bool:
    """Whether FILTER or OVER belongs to an average."""
    inner = node.this
    while isinstance(inner, (exp.Filter, exp.Window)):
        inner = inner.this
    outer = node.parent
    if isinstance(outer, (exp.Filter, exp.Window)) and outer.this is node:
        return False
    return isinstance(inner, exp.Avg)


def average(node: exp.Expr) -> exp.Expr:
    """An average as exact quotient of sum and count, each with the same FILTER and OVER."""
    total, count = node.copy(), node.copy()
    inner = total if isinstance(total, exp.Avg) else total.find(exp.Avg)
    other = count if isinstance(count, exp.Avg) else count.find(exp.Avg)
    assert inner is not None
    assert other is not None
    sum_, number = exp.Sum(this=inner.this.copy()), exp.Count(this=other.this.copy())
    total = _put(total, inner, sum_)
    count = _put(count, other, number)
    divisor = exp.Nullif(this=count, expression=exp.Literal.number(0))
    return exp.Anonymous(this=_EXACT, expressions=[total, divisor])


def _put(tree: exp.Expr, old: exp.Expr, new: exp.Expr) -> exp.Expr:
    if tree is old:
        return new
    old.replace(new)
    return tree


_PARTS: Final = frozenset(
    [
        "century",
        "day",
        "decade",
        "dow",
        "doy",
        "epoch",
        "hour",
        "isodow",
        "isoyear",
        "microseconds",
        "millennium",
        "milliseconds",
        "minute",
        "month",
        "quarter",
        "second",
        "week",
        "year",
        "dayofweek",
        "dayofyear",
        "dayofweekiso",
        "weekiso",
    ]
)


def extract(node: exp.Extract, kind: int | None) -> exp.Expr:
    """A part of a date, as a number that is exact. `kind` is the type of what it is a part of."""
    part = node.this.name.lower()
    if part not in _PARTS:
        raise errors.unsupported(f"extract({part[:40]} …) is not supported")
    source = node.expression.copy()
    if part == "milliseconds":
        return exp.Anonymous(this="pg_milliseconds", expressions=[source])
    if part == "second":
        return exp.Anonymous(this="pg_seconds", expressions=[source])
    if part == "epoch":
        name = "pg_epoch_moment" if kind in _MOMENTS else "pg_epoch"
        name = "pg_epoch_date" if kind == pg.DATE else name
        return exp.Anonymous(this=name, expressions=[source])
    return exp.Cast(
        this=exp.Extract(this=exp.Var(this=part), expression=source),
        to=exp.DataType.build("DECIMAL(18,0)", "duckdb"),
    )


def date_part(part: exp.Expr, source: exp.Expr) -> exp.Expr:
    """What `extract` gives, as a double precision number."""
    if not (isinstance(part, exp.Literal) and part.is_string):
        raise errors.unsupported("the first argument of date_part is a literal here")
    made = exp.Extract(this=exp.Var(this=part.name.upper()), expression=source.copy())
    cast = exp.Cast(this=made, to=exp.DataType.build("DOUBLE", "duckdb"))
    cast.meta[CALLED] = "date_part"
    return cast


def truncated(node: exp.TimestampTrunc | exp.DateTrunc, kind: int | None) -> exp.Expr:
    """The beginning of a month or the like, a moment with a zone where it is one of a date."""
    name = "pg_trunc_moment" if kind in _MOMENTS else "pg_date_trunc"
    name = "pg_trunc_date" if kind == pg.DATE else name
    if name == "pg_date_trunc" and node.this.find(exp.AggFunc, exp.Window) is not None:
        raise errors.unsupported(
            "the type of what date_trunc takes cannot be told; cast it, as in x::date"
        )
    unit = exp.Literal.string(str(node.args["unit"].name).lower())
    return exp.Anonymous(this=name, expressions=[unit, node.this.copy()])


def substring(node: exp.Substring) -> exp.Expr:
    """Part of a text, counted as PostgreSQL counts below 1."""
    start = node.args.get("start") or exp.Literal.number(1)
    length = node.args.get("length")
    if isinstance(start, exp.Literal) and start.is_string:
        raise errors.unsupported("substring with a pattern is not supported")
    if length is None:
        return exp.Anonymous(this="pg_substr_from", expressions=[node.this.copy(), start.copy()])
    return exp.Anonymous(
        this="pg_substr", expressions=[node.this.copy(), start.copy(), length.copy()]
    )


def anonymous(node: exp.Anonymous) -> exp.Expr | None:
    """A function under the name it has in the engine, or None where that is its own."""
    name = str(node.name).lower()
    if name == "_pg_expandarray":
        inner = exp.Anonymous(
            this="pgf__pg_expandarray", expressions=[each.copy() for each in node.expressions]
        )
        return exp.Anonymous(this="unnest", expressions=[inner])
    if name in _RENAMED:
        return exp.Anonymous(
            this=_RENAMED[name], expressions=[each.copy() for each in node.expressions]
        )
    if name in FUNCTIONS:
        return exp.Anonymous(
            this=f"pgf_{name}", expressions=[each.copy() for each in node.expressions]
        )
    return None


_OPERATORS: Final[dict[str, tuple[type[exp.Expr], bool]]] = {
    "~": (exp.RegexpLike, False),
    "!~": (exp.RegexpLike, True),
    "=": (exp.EQ, False),
    "<>": (exp.EQ, True),
    "~~": (exp.Like, False),
    "!~~": (exp.Like, True),
    "~*": (exp.RegexpILike, False),
    "!~*": (exp.RegexpILike, True),
}


def operator(node: exp.Operator) -> exp.Expr:
    """OPERATOR(schema.sign) as the sign itself."""
    name = str(node.args.get("operator") or "").rpartition(".")[2].strip()
    known = _OPERATORS.get(name)
    if known is None:
        raise errors.unsupported(f"the operator {name[:20]} is not supported")
    kind, negated = known
    if kind is exp.RegexpLike and is_table_name(node.this):
        kind = exp.RegexpILike
    made = kind(this=node.this.copy(), expression=node.expression.copy())
    return exp.Not(this=exp.Paren(this=made)) if negated else exp.Paren(this=made)


def every_item(node: exp.Expr) -> exp.Expr | None:
    """The array of ALL (array), which the parser takes for a function; else None."""
    if not isinstance(node, exp.Anonymous) or node.name.lower() != "all":
        return None
    found: list[exp.Expr] = node.expressions
    return found[0] if len(found) == 1 else None


def items_of(node: exp.Expr) -> exp.Expr | None:
    """The array that is compared with by ANY or ALL; None where it is a query, or neither."""
    items = node.this if isinstance(node, exp.Any) else every_item(node)
    while isinstance(items, exp.Paren):
        items = items.this
    return None if isinstance(items, exp.Query) else items


def compared_with_items(node: exp.Binary) -> exp.Expr | None:
    """A comparison with what is in an array, which is null where there is no array."""
    items = items_of(node.expression)
    if items is None:
        return None
    made: exp.Expr = node.copy()
    if isinstance(node, exp.NEQ) and every_item(node.expression) is not None:
        equal = exp.EQ(this=node.this.copy(), expression=exp.Any(this=exp.Paren(this=items.copy())))
        made = exp.Paren(this=exp.Not(this=exp.Paren(this=equal)))
    written_out = items.this if isinstance(items, exp.Cast) else items
    if isinstance(written_out, exp.Array):
        return made
    none = exp.Is(this=exp.Paren(this=items.copy()), expression=exp.Null())
    return exp.Case(ifs=[exp.If(this=none, true=exp.Null())], default=made)


_FUNCTION_COLUMNS: Final = frozenset(
    ("typinput", "typoutput", "typreceive", "typsend", "typmodin", "typmodout", "typanalyze")
)


def proc_number(node: exp.EQ) -> exp.Expr | None:
    """A join of pg_proc with a column that holds a function: by name, as it is kept here."""
    for number, function in ((node.this, node.expression), (node.expression, node.this)):
        if not (isinstance(number, exp.Column) and isinstance(function, exp.Column)):
            return None
        if number.name.lower() == "oid" and function.name.lower() in _FUNCTION_COLUMNS:
            named = number.copy()
            named.set("this", exp.Identifier(this="proname", quoted=True))
            return exp.EQ(this=named, expression=function.copy())
    return None


_FORMAT_SIGN: Final = re.compile(r"%(.?)", re.DOTALL)


def formatted(node: exp.Format) -> exp.Expr:
    """`format` with a literal of %s, %I and %L, written out."""
    if not (isinstance(node.this, exp.Literal) and node.this.is_string):
        raise errors.unsupported("the first argument of format is a literal here")
    values = list(node.expressions)
    parts: list[exp.Expr] = []
    at = 0
    text = str(node.this.this)
    for found in _FORMAT_SIGN.finditer(text):
        parts.append(exp.Literal.string(text[at : found.start()]))
        at = found.end()
        if found[1] == "%":
            parts.append(exp.Literal.string("%"))
        elif found[1] not in ("s", "I", "L"):
            raise errors.unsupported("format takes %s, %I and %L here")
        elif not values:
            raise SqlFault(errors.BAD_PARAMETER, "too few arguments for format()")
        else:
            parts.append(_formatted(values.pop(0), found[1]))
    parts.append(exp.Literal.string(text[at:]))
    return exp.Anonymous(this="concat", expressions=parts)


def _formatted(value: exp.Expr, sign: str) -> exp.Expr:
    """A value of `format` for %s, %I or %L."""
    made = exp.Anonymous(this="pg_shown", expressions=[value.copy()])
    for name in {"I": ("pg_name", "pgf_quote_ident"), "L": ("pgf_quote_nullable",)}.get(sign, ()):
        made = exp.Anonymous(this=name, expressions=[made])
    return made


def in_order(node: exp.Expr) -> exp.Expr | None:
    """DISTINCT in an aggregate that keeps an order: PostgreSQL sorts to find what is distinct."""
    if len(node.this.expressions) != 1:
        return None
    made = node.copy()
    value = node.this.expressions[0].copy()
    made.set("this", exp.Order(this=made.this, expressions=[exp.Ordered(this=value)]))
    return made


def within_group(node: exp.WithinGroup) -> exp.Expr | None:
    """A percentile, which is a double in PostgreSQL; None for others."""
    inner = node.this
    if not isinstance(inner, exp.PercentileCont):
        return None
    made = node.copy()
    ordered = made.find(exp.Ordered)
    if ordered is not None:
        ordered.this.replace(
            exp.Cast(this=ordered.this.copy(), to=exp.DataType.build("DOUBLE", "duckdb"))
        )
    return made


_RENAMED: Final = {
    "json_build_object": "json_object",
    "octet_length": "strlen",
    "every": "bool_and",
    "clock_timestamp": "now",
    "statement_timestamp": "now",
    "transaction_timestamp": "now",
}


_NOTHING: Final = {
    "pg_partition_ancestors": "NULL::BIGINT AS a, NULL::BIGINT AS b",
    "pg_get_keywords": "NULL::VARCHAR AS word, NULL::VARCHAR AS catcode, NULL::VARCHAR AS catdesc",
}
"""Functions of catalogs in FROM that have no rows here, with their columns."""

_SERIES: Final = re.compile(r"generate_series|unnest|explode|generate_subscripts", re.IGNORECASE)


def function_source(source: exp.Table) -> None:
    """A function in FROM: its one column is called as its alias."""
    inner = source.this
    if not isinstance(inner, exp.Func):
        raise errors.unsupported("this source in FROM is not supported")
    name = name_of(inner)
    if name in _NOTHING:
        nothing = exp.Var(this=f"SELECT {_NOTHING[name]} WHERE false")
        source.replace(exp.Subquery(this=nothing, alias=source.args.get("alias")))
        return
    if not (
        isinstance(inner, (exp.GenerateSeries, exp.ExplodingGenerateSeries))
        or _SERIES.fullmatch(name)
    ):
        raise errors.unsupported(f"{name[:60]} in FROM is not supported")
    source.set("db", None)
    alias: Any = source.args.get("alias")
    if alias is not None and alias.this is not None and not alias.columns:
        alias.set("columns", [exp.Identifier(this=alias.name, quoted=True)])
