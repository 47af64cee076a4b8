"""Expressions that the analytical engine means otherwise, in its words.

By the types of what is in them: quotients of exact numbers, casts, parts of dates, comparisons of
rows and arrays, values as text.
"""

from typing import Final

from sqlglot import exp

from daybook.protocols.sql import errors, json_forms, literals
from daybook.protocols.sql.catalog import CATALOG_OIDS, TABLE_OIDS
from daybook.protocols.sql.comparing import compared
from daybook.protocols.sql.digits import UNIFIED, Sized, kept_decimals
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.functions import (
    FORMATTING,
    format_expression,
)
from daybook.protocols.sql.limits import WRITTEN_MAX
from daybook.protocols.sql.number_formats import number_text
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.rounding import bucket, check_places
from daybook.protocols.sql.rules import (
    PASSED_TYPES,
    REG_TYPES,
    WHOLE,
)
from daybook.protocols.sql.shown import (
    as_json,
    as_key,
    as_member,
    as_object,
    as_text,
    check_shape,
    depth,
    joined,
    put_out,
    text_as_json,
)
from daybook.protocols.sql.sizes import check_size, too_large
from daybook.protocols.sql.tables import TABLES
from daybook.protocols.sql.translate import (
    DIGITS_MAX,
    NUMBERS,
    anonymous,
    array_literal,
    average,
    bounded,
    check_series,
    compared_with_items,
    decimal,
    divide_plainly,
    engine_type,
    exact_cast,
    extract,
    finite,
    formatted,
    in_order,
    is_average,
    operator,
    plain_number,
    proc_number,
    quotient,
    regular,
    substring,
    truncated,
    typed,
    whole_quotient,
    within_group,
)
from daybook.protocols.sql.trees import (
    cast_oid,
    is_table_name,
    name_of,
)

_BIGINT: Final = (19, 0)
"""Digits of the largest whole number, and no decimals."""
_FLOATS: Final = frozenset((pg.FLOAT8, pg.FLOAT4))
_READ_HERE: Final = frozenset(
    (*WHOLE, *_FLOATS, *(pg.DATE, pg.TIMESTAMP, pg.BOOL, pg.BYTEA, pg.INTERVAL))
)
"""Types whose literals are read before the engine sees them."""
_LENGTH_KINDS: Final = frozenset((pg.TEXT, pg.VARCHAR, pg.BPCHAR))


class Meant(Sized):
    """Writes the expressions of one statement."""

    def _expressions(self, tree: exp.Expr) -> None:
        nodes, written = list(tree.walk()), 0
        for node in nodes:
            self._kind(node)
            self._digits(node)
        for node in reversed(nodes):
            replacement = self._expression(node)
            if replacement is not None and replacement is not node:
                written += sum(1 for _ in replacement.walk())
                if written > WRITTEN_MAX:
                    raise too_large()
                kind, size = self._kinds[id(node)], self._sizes[id(node)]
                node.replace(replacement)
                self._kinds[id(replacement)], self._sizes[id(replacement)] = kind, size
        for having in tree.find_all(exp.Having):
            divide_plainly(having)
        check_size(tree)

    def _expression(self, node: exp.Expr) -> exp.Expr | None:
        match node:
            case exp.Div():
                return self._division(node)
            case exp.IntDiv() if self._kind(node) == pg.NUMERIC:
                return whole_quotient(node)
            case exp.Avg() | exp.Filter() | exp.Window() if self._kind(node) in _FLOATS:
                return None
            case exp.Avg():
                return None if isinstance(node.parent, (exp.Filter, exp.Window)) else average(node)
            case exp.Filter() | exp.Window() if is_average(node):
                return average(node)
            case exp.Like() | exp.ILike() if not isinstance(node.parent, exp.Escape):
                if isinstance(node.expression, (exp.Any, exp.All)):
                    raise errors.unsupported("LIKE ANY is not supported")
                return exp.Paren(
                    this=exp.Escape(this=node.copy(), expression=exp.Literal.string("\\"))
                )
            case exp.RegexpLike() if is_table_name(node.this):
                # names of tables match without regard to case, also where psql looks for them
                return regular(node, "si")
            case exp.RegexpLike():
                return regular(node, "s")
            case exp.RegexpILike():
                return regular(node, "si")
            case exp.Binary() | exp.In() if (other := compared(node)) is not None:
                return other
            case exp.Binary() if (made := compared_with_items(node)) is not None:
                return made
            case exp.EQ() if (numbers := proc_number(node)) is not None:
                return numbers
            case exp.EQ() if is_table_name(node.this) and isinstance(node.expression, exp.Literal):
                table = TABLES.get(str(node.expression.this).lower())
                if table is not None:
                    return exp.EQ(this=node.this.copy(), expression=exp.Literal.string(table.name))
            case exp.Cast():
                return self._cast(node)
            case exp.Extract():
                return extract(node, self._kind(node.expression))
            case exp.TimestampTrunc() | exp.DateTrunc():
                return truncated(node, self._kind(node.this))
            case exp.Substring():
                return substring(node)
            case exp.Sub() if self._kind(node) == pg.INT4 and self._kind(node.this) == pg.DATE:
                return exp.Paren(
                    this=exp.Cast(this=exp.Paren(this=node.copy()), to=exp.DataType.build("INT"))
                )
            case exp.Sum():
                return self._sum(node)
            case exp.Anonymous() if isinstance(node.parent, exp.Table):
                return None
            case exp.Anonymous() if node.name.lower() in FORMATTING:
                return self._formatted(node)
            case exp.Anonymous():
                return self._json(node) or anonymous(node)
        return self._function(node)

    def _formatted(self, node: exp.Anonymous) -> exp.Expr:
        """What a format makes of a day or a number, or of a text."""
        kind = self._kind(node.expressions[0]) if node.expressions else None
        if node.name.lower() == "to_char" and kind in NUMBERS and len(node.expressions) == 2:
            assert kind is not None
            value, given = node.expressions
            return number_text(value.copy(), given, kind, self._digits(value)[1])
        return format_expression(node, kind)

    def _json(self, node: exp.Anonymous) -> exp.Expr | None:
        kinds = [self._kind(each) for each in node.expressions]
        name = node.name.lower()
        if node.meta.get(json_forms.BINARY) and kinds[0] in (*_FLOATS, pg.JSON):
            raise errors.unsupported("jsonb_agg of values of this type is not supported; cast them")
        match name:
            case "to_json" if len(kinds) == 1:
                return as_json(node.expressions[0].copy(), kinds[0])
            case "json_build_object":
                return as_object(node.expressions, kinds)
            case json_forms.MEMBER:
                return as_member(node.expressions[0].copy(), kinds[0])
            case json_forms.KEY:
                return as_key(node.expressions[0].copy(), kinds[0])
            case json_forms.JSON | json_forms.JSONB:
                return text_as_json(node.expressions[0].copy())
        return None

    def _put_out(self, node: exp.Expr) -> exp.Expr | None:
        """What makes one text of values."""
        made = node.copy()
        match node:
            case exp.DPipe():
                for name in ("this", "expression"):
                    kind = self._kind(node.args[name])
                    if kind not in pg.ARRAYS and kind != pg.BOOL:
                        made.set(name, put_out(made.args[name], kind))
                return made
            case exp.Concat() | exp.ConcatWs():
                kinds = [self._kind(each) for each in node.expressions]
                made.set("expressions", list(map(put_out, made.expressions, kinds)))
                return made
        return None

    def _function(self, node: exp.Expr) -> exp.Expr | None:
        """Functions and operators that have another name, or bounds, in the engine."""
        match node:
            case exp.CurrentUser() | exp.SessionUser():
                return exp.Anonymous(this="pgf_current_user")
            case exp.CurrentSchema():
                return exp.Anonymous(this="pgf_current_schema")
            case exp.CurrentCatalog() | exp.CurrentDatabase():
                return exp.Anonymous(this="pgf_current_database")
            case exp.CurrentVersion():
                return exp.Anonymous(this="pgf_version")
            case exp.CurrentDate():
                return exp.Anonymous(this="today")
            case exp.Hex():
                return exp.Anonymous(this="pg_hex", expressions=[node.this.copy()])
            case exp.DPipe() | exp.Concat() | exp.ConcatWs():
                return self._put_out(node)
            case exp.Array():
                check_shape(node)
            case exp.ArrayToString():
                return joined(node, self._kind(node.this))
            case exp.StrPosition():
                return exp.Cast(this=node.copy(), to=exp.DataType.build("INT"))
            case exp.Format():
                return formatted(node)
            case exp.ArrayAgg() | exp.GroupConcat() if isinstance(node.this, exp.Distinct):
                return in_order(node)
            case exp.Collate():
                inner: exp.Expr = node.this.copy()
                return inner
            case exp.Operator():
                return operator(node)
            case exp.PercentileCont() if isinstance(node.parent, exp.WithinGroup):
                return None
            case exp.WithinGroup():
                return within_group(node)
            case exp.HexString() | exp.BitString():
                raise errors.unsupported("bit strings are not supported")
            case exp.Literal() if not node.is_string:
                return plain_number(node)
            case exp.Repeat() | exp.Pad() | exp.Replace() | exp.Chr():
                return bounded(node)
            case exp.Sign() if self._kind(node) == pg.NUMERIC:
                return decimal(node.copy(), 1, 0)
            case exp.Mul():
                return self._product(node)
            case exp.Nullif() if self._kind(node) == pg.NUMERIC and self._kind(node.this) in WHOLE:
                made = node.copy()
                made.set("this", decimal(made.this, *_BIGINT))
                return made
            case exp.Sqrt() | exp.Ln() | exp.Log() | exp.Exp() | exp.Pow():
                return finite(node)
            case exp.Round() | exp.Trunc() | exp.Floor() | exp.Ceil() | exp.Sign():
                return self._rounded(node)
            case exp.GenerateSeries():
                return self._series(node)
            case exp.WidthBucket():
                return self._bucket(node)
            case exp.ArraySize() if node.args.get("expression") is not None:
                return exp.Anonymous(this="len", expressions=[node.this.copy()])
            case exp.Dot():
                return None
        return None

    def _product(self, node: exp.Mul) -> exp.Expr | None:
        """A product of two narrow numbers, which the engine keeps as narrow as they are."""
        if id(node) not in self._products:
            return None
        made = node.copy()
        made.set("this", decimal(made.this, DIGITS_MAX, self._digits(node.this)[1]))
        return made

    def _series(self, node: exp.GenerateSeries) -> exp.Expr | None:
        """A series; one of days is of moments with a zone."""
        if not isinstance(node.parent, exp.Table):
            check_series(node)
        if pg.DATE not in (self._kind(node.args["start"]), self._kind(node.args["end"])):
            return None
        made = node.copy()
        for name in ("start", "end"):
            moment = exp.DataType.build("TIMESTAMPTZ", "duckdb")
            made.set(name, exp.Cast(this=made.args[name], to=moment))
        return made

    def _division(self, node: exp.Div) -> exp.Expr:
        left, right = node.this, node.expression
        kinds = self._kind(left), self._kind(right)
        both = [left.copy(), right.copy()]
        if pg.FLOAT8 in kinds or pg.FLOAT4 in kinds:
            double = exp.DataType.build("DOUBLE", "duckdb")
            parts = [exp.Cast(this=part, to=double.copy()) for part in both]
            return exp.Anonymous(this="pg_double_div", expressions=parts)
        if kinds[0] in WHOLE and kinds[1] in WHOLE:
            width = exp.DataType.build("BIGINT" if pg.INT8 in kinds else "INT")
            whole = [exp.Cast(this=part, to=width.copy()) for part in both]
            return exp.Anonymous(this="pg_whole", expressions=whole)
        if all(kind in NUMBERS for kind in kinds):
            return quotient(*both)
        if any(part.find(exp.AggFunc, exp.Window) is not None for part in both):
            raise errors.unsupported(
                "the types of this division cannot be told; cast its parts, as in x::numeric"
            )
        return exp.Anonymous(this="pg_div", expressions=both)

    def _rounded(self, node: exp.Expr) -> exp.Expr | None:
        """A number rounded as PostgreSQL does, with the decimals it was rounded to."""
        inner = self._kind(node.this)
        if inner in _FLOATS and node.args.get("decimals") is not None:
            name = name_of(node) if isinstance(node, exp.Func) else ""
            message = f"function {name}(double precision, integer) does not exist"
            raise SqlFault(errors.NO_FUNCTION, message)
        if isinstance(node, exp.Round | exp.Trunc):
            check_places(node, [inner, self._kind(node.args.get("decimals"))])
        if inner in _FLOATS and isinstance(node, exp.Round):
            return exp.Anonymous(
                this="round_even", expressions=[node.this.copy(), exp.Literal.number(0)]
            )
        if inner in WHOLE and self._kind(node) == pg.FLOAT8:
            whole = node if isinstance(node, exp.Sign) else node.this
            return exp.Cast(this=whole.copy(), to=exp.DataType.build("DOUBLE", "duckdb"))
        if self._kind(node) != pg.NUMERIC or kept_decimals(node) is None:
            return None
        whole, scale = self._digits(node)
        made: exp.Expr = node.copy()
        if isinstance(node, exp.Floor | exp.Ceil) and self._digits(node.this)[1] == 0:
            made = node.this.copy()  # of a whole number the engine's are floating point
        return decimal(made, min(whole + scale, DIGITS_MAX), scale)

    def _bucket(self, node: exp.WidthBucket) -> exp.Expr:
        given = [node.args.get(name) for name in ("this", "min_value", "max_value", "num_buckets")]
        known = [each for each in given[:3] if each is not None]
        scale = max(self._digits(each)[1] for each in known)
        return bucket(node, [self._kind(each) for each in given], scale)

    def _sum(self, node: exp.Sum) -> exp.Expr | None:
        inner = self._kind(node.this)
        if inner not in (pg.INT2, pg.INT4) or isinstance(node.parent, (exp.Filter, exp.Window)):
            return None
        return exp.Cast(this=node.copy(), to=exp.DataType.build("BIGINT"))

    def _cast(self, node: exp.Cast) -> exp.Expr | None:
        if UNIFIED in node.meta:
            return None
        name = node.to.sql("postgres").lower()
        if name in REG_TYPES:
            return self._reg_cast(node, name)
        if name in PASSED_TYPES:
            return exp.Cast(
                this=node.this.copy(), to=exp.DataType.build(PASSED_TYPES[name], "duckdb")
            )
        oid = cast_oid(node)
        if oid is None:
            raise SqlFault("42704", f'type "{name[:60]}" does not exist')
        inner = node.this
        if isinstance(inner, exp.Literal) and inner.is_string and oid not in pg.ARRAYS:
            if oid == pg.NUMERIC and not node.to.expressions:
                return typed(literals.canonical(oid, inner.this), oid)
            if oid in _READ_HERE:
                return typed(literals.canonical(oid, inner.this), oid)
        if oid in pg.ARRAYS and isinstance(inner, exp.Literal) and inner.is_string:
            made = array_literal(literals.canonical(oid, inner.this), oid)
            digits = oid == pg.ARRAY_OF[pg.NUMERIC] and node.to.expressions[0].expressions
            return exp.Cast(this=made, to=node.to.copy()) if digits else made
        if oid == pg.ARRAY_OF[pg.NUMERIC] and not node.to.expressions[0].expressions:
            members = inner.expressions if isinstance(inner, exp.Array) else ()
            kinds = {self._kind(each) for each in members} - WHOLE
            if kinds == {pg.NUMERIC} or self._kind(inner) == oid:
                return exp.Paren(this=inner.copy())
            return exp.Cast(this=inner.copy(), to=exp.DataType.build(engine_type(oid), "duckdb"))
        if oid == pg.BYTEA and not isinstance(inner, exp.Parameter):
            if self._kind(inner) == pg.BYTEA:
                return exp.Paren(this=inner.copy())
            return exp.Anonymous(this="pg_bytes", expressions=[inner.copy()])
        if oid == pg.NUMERIC:
            kind = self._kind(inner)
            if kind == pg.NUMERIC and not node.to.expressions:
                return exp.Paren(this=inner.copy())
            return exact_cast(node, kind)
        if oid in _LENGTH_KINDS:
            return self._text_cast(node, oid)
        return None

    def _text_cast(self, node: exp.Cast, oid: int) -> exp.Expr | None:
        if oid == pg.BPCHAR and node.to.expressions:
            raise errors.unsupported("CHAR(n) is not supported; VARCHAR(n) is")
        if isinstance(node.this, exp.Array) and depth(node.this) > 1:
            raise errors.unsupported("an array of arrays is not shown as text here")
        made = as_text(node.this.copy(), self._kind(node.this))
        if not node.to.expressions:
            return made
        whole = made or exp.Cast(this=node.this.copy(), to=exp.DataType.build("VARCHAR", "duckdb"))
        return exp.Left(this=whole, expression=node.to.expressions[0].this.copy())

    def _reg_cast(self, node: exp.Cast, name: str) -> exp.Expr:
        inner = node.this
        if isinstance(inner, exp.Literal) and inner.is_string:
            if name == "regclass":
                if literals.natural(inner.this) is not None:
                    return exp.Literal.number(inner.this)
                plain = inner.this.rpartition(".")[2].strip('"').lower()
                found = TABLE_OIDS.get(plain, CATALOG_OIDS.get(plain))
                if found is None:
                    raise errors.no_table(inner.this)
                return exp.Literal.number(found)
            return exp.Anonymous(this="pgf_to_regtype", expressions=[inner.copy()])
        if name == "regclass" and self._kind(inner) == pg.TEXT:
            return exp.Anonymous(this="pgf_to_regclass", expressions=[inner.copy()])
        if isinstance(node.parent, exp.Cast) or isinstance(inner, exp.Parameter):
            if isinstance(inner, exp.Parameter):
                return exp.Anonymous(this=f"pgf_to_{name}", expressions=[inner.copy()])
            if cast_oid(node.parent) in (pg.TEXT, pg.VARCHAR, pg.NAME):
                return exp.Anonymous(this=f"pgf_{name}_name", expressions=[inner.copy()])
            return exp.Paren(this=inner.copy())
        return exp.Anonymous(this=f"pgf_{name}_name", expressions=[inner.copy()])
