"""The types of expressions, as far as they can be known without asking the engine.

Parameters get the type of the place they stand in; whether a division is one of whole numbers is
told by the types of both sides.
"""

from collections.abc import Sequence
from typing import Final

from sqlglot import exp

from daybook.protocols.sql import errors, literals, sources
from daybook.protocols.sql.catalog_tables import DEFINITIONS
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.json_forms import JSON, JSONB
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.rules import WHOLE
from daybook.protocols.sql.tables import TABLES, Column, Table
from daybook.protocols.sql.translate import every_item, wider, widest
from daybook.protocols.sql.trees import (
    cast_oid,
    choices,
    cte_of,
    first_select,
    is_cte,
    is_null,
    leaves,
    merged_names,
    sources_of,
)

_DOUBLES: Final = (
    *(exp.Sqrt, exp.Cbrt, exp.Ln, exp.Log, exp.Exp, exp.Pow),
    *(exp.Sin, exp.Cos, exp.Tan, exp.Cot, exp.Pi, exp.Degrees, exp.Radians),
    *(exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop),
    *(exp.Corr, exp.CovarPop, exp.CovarSamp, exp.RegrSlope, exp.RegrIntercept, exp.RegrR2),
    *(exp.PercentileCont, exp.PercentRank, exp.CumeDist),
)
_DOUBLE_NAMES: Final = frozenset(("cume_dist", "degrees", "percent_rank", "pi", "radians"))
"""What is double precision, whatever it is made of."""
_DAYS: Final = frozenset((pg.DATE, pg.TIMESTAMP, pg.TIMESTAMPTZ))

Meaning = Column | int | list[exp.Expr]
"""What a column of a query stands for: a table's, one of a type, or what these come to."""

_NAMED: Final = {
    "to_char": pg.TEXT,
    "to_json": pg.JSON,
    "json_build_object": pg.JSON,
    JSON: pg.JSON,
    JSONB: pg.JSONB,
}
"""The types of what functions make, by name."""
_COUNTING: Final = frozenset(("octet_length", "strpos", "cardinality", "ascii"))


class Kinds:
    """Types within one statement. `declared` are types of parameters that the caller named."""

    def __init__(self, declared: Sequence[int]) -> None:
        self._declared = list(declared)
        self._types: dict[int, int] = {}
        self._kinds: dict[int, int | None] = {}
        self._shown: dict[tuple[int, str], Meaning | None] = {}
        """What columns of queries are, each found once: queries of queries read them many times."""

    def _kind(self, node: exp.Expr | None) -> int | None:
        """The type of an expression, or None."""
        if node is None:
            return None
        known = self._kinds.get(id(node), -1)
        if known != -1:
            return known
        self._kinds[id(node)] = None
        found = self._kind_of(node)
        self._kinds[id(node)] = found
        return found

    def _kind_of(self, node: exp.Expr) -> int | None:
        match node:
            case exp.Paren() | exp.Alias() | exp.Neg() | exp.Abs():
                return self._kind(node.this)
            case exp.Max() | exp.Min():
                inner = self._kind(node.this)
                return pg.TEXT if inner == pg.VARCHAR else inner
            case exp.Filter() | exp.Window() | exp.Order():
                return self._kind(node.this)
            case exp.Distinct() if node.expressions:
                return self._kind(node.expressions[0])
            case exp.Literal():
                if node.is_string:
                    return None
                text = node.this
                if "." in text or "e" in text.lower():
                    return pg.NUMERIC
                number = literals.natural(text)
                if number is None:
                    return pg.NUMERIC
                return pg.INT4 if number < 2**31 else pg.INT8
            case exp.Column():
                return self._column_kind(node)
            case exp.Cast():
                return cast_oid(node)
            case exp.Parameter():
                return self._parameter_kind(node)
        return self._computed_kind(node)

    def _computed_kind(self, node: exp.Expr) -> int | None:
        """The type of what functions and operators make."""
        values = choices(node)
        if values:
            return widest([self._kind(each) for each in values if not is_null(each)])
        match node:
            case exp.Count() | exp.RowNumber() | exp.Rank() | exp.DenseRank():
                return pg.INT8
            case exp.Sum():
                inner = self._kind(node.this)
                if inner in (pg.INT2, pg.INT4):
                    return pg.INT8
                return pg.NUMERIC if inner in (pg.INT8, pg.NUMERIC) else inner
            case exp.Avg():
                inner = self._kind(node.this)
                return pg.NUMERIC if inner in (*WHOLE, pg.NUMERIC) else inner
            case exp.FirstValue() | exp.LastValue() | exp.NthValue() | exp.AnyValue():
                return self._kind(node.this)
            case exp.Nullif():
                kind, other = self._kind(node.this), self._kind(node.expression)
                # what is compared is of one type, but for whole numbers of two sizes
                return kind if kind in WHOLE and other in WHOLE else widest([kind, other])
            case exp.ArrayAgg():
                return pg.ARRAY_OF.get(self._kind(node.this) or 0)
            case exp.Lag() | exp.Lead():
                return self._kind(node.this)
            case exp.Array() if node.expressions:
                kinds = [self._member_kind(each) for each in node.expressions if not is_null(each)]
                return pg.ARRAY_OF.get(widest(kinds) or 0)
        return self._operation_kind(node)

    def _member_kind(self, node: exp.Expr) -> int | None:
        """The type of a member of an array, where text is text if nothing else tells its type."""
        text = isinstance(node, exp.Literal) and node.is_string
        return pg.TEXT if text else self._kind(node)

    def _operation_kind(self, node: exp.Expr) -> int | None:
        """The type of what is computed of numbers and days."""
        match node:
            case exp.Sub() if self._kind(node.this) == self._kind(node.expression) == pg.DATE:
                return pg.INT4
            case exp.Sub() if {self._kind(node.this), self._kind(node.expression)} <= _DAYS:
                return pg.INTERVAL
            case exp.Add() | exp.Sub() if pg.DATE in (
                self._kind(node.this),
                self._kind(node.expression),
            ):
                other = {self._kind(node.this), self._kind(node.expression)} - {pg.DATE}
                return pg.DATE if other & set(WHOLE) else pg.TIMESTAMP
            case exp.Add() | exp.Sub() | exp.Mul() | exp.Div() | exp.Mod():
                return wider(self._kind(node.this), self._kind(node.expression))
            case exp.IntDiv():
                both = {self._kind(node.this), self._kind(node.expression)}
                return pg.NUMERIC if both <= WHOLE | {pg.NUMERIC} else None
            case exp.Round() | exp.Trunc() if node.args.get("decimals") is not None:
                inner = self._kind(node.this)
                return pg.NUMERIC if inner in WHOLE else inner
            case exp.Round() | exp.Floor() | exp.Ceil() | exp.Sign() | exp.Trunc():
                inner = self._kind(node.this)
                return inner if inner in (None, pg.NUMERIC) else pg.FLOAT8
            case exp.Extract():
                return pg.NUMERIC
            case exp.WithinGroup() if isinstance(node.this, exp.PercentileCont):
                return None if isinstance(node.this.this, exp.Array) else pg.FLOAT8
            case exp.WithinGroup():
                return self._kind(node.expression.expressions[0])
            case exp.Ordered():
                return self._kind(node.this)
            case exp.Anonymous() if node.name.lower() in _DOUBLE_NAMES:
                return pg.FLOAT8
        if isinstance(node, _DOUBLES):
            return pg.FLOAT8
        return self._other_kind(node)

    def _other_kind(self, node: exp.Expr) -> int | None:
        match node:
            case exp.TimestampTrunc() | exp.DateTrunc():
                inner = self._kind(node.this)
                return pg.TIMESTAMPTZ if inner == pg.DATE else inner
            case exp.CurrentDate():
                return pg.DATE
            case exp.CurrentTimestamp():
                return pg.TIMESTAMPTZ
            case exp.Subquery() if isinstance(node.this, exp.Query):
                return widest([self._kind(each) for each in leaves(node.this, 0)])
            case exp.Any() | exp.All():
                return pg.ARRAYS.get(self._kind(node.this) or 0)
            case exp.Anonymous() if (items := every_item(node)) is not None:
                return pg.ARRAYS.get(self._kind(items) or 0)
            case exp.Anonymous() if node.name == "pg_exact":
                return pg.NUMERIC
            case exp.Anonymous() if node.name == "pg_div":
                return widest([self._kind(each) for each in node.expressions])
            case exp.Format():
                return pg.TEXT
            case exp.Length() | exp.StrPosition() | exp.Ntile() | exp.Unicode() | exp.BitLength():
                return pg.INT4
            case exp.ArraySize() | exp.WidthBucket():
                return pg.INT4
            case exp.Anonymous() if node.name.lower() in _COUNTING:
                return pg.INT4
            case exp.Anonymous() if node.name.lower() in _NAMED:
                return _NAMED[node.name.lower()]
            case exp.CurrentUser() | exp.SessionUser() | exp.CurrentSchema():
                return pg.NAME
            case exp.CurrentDatabase() | exp.CurrentCatalog():
                return pg.NAME
            case exp.GenerateSeries():
                ends = widest([self._kind(node.args["start"]), self._kind(node.args["end"])])
                return pg.TIMESTAMPTZ if ends == pg.DATE else ends
            case exp.Boolean() | exp.Predicate() | exp.Connector() | exp.Not():
                return pg.BOOL
        return None

    def _column_kind(self, column: exp.Column) -> int | None:
        meant = self._meaning(column)
        if isinstance(meant, Column):
            return meant.oid
        if isinstance(meant, list):
            return widest([self._kind(each) for each in meant])
        return meant

    def _meaning(self, column: exp.Column) -> Meaning | None:
        """What a column stands for, or None where that cannot be told."""
        select = column.find_ancestor(exp.Select)
        while select is not None:
            if not column.table and column.name.lower() in merged_names(select):
                return self._merged(select, column.name)
            for source in sources_of(select):
                if column.table and source.alias_or_name.lower() != column.table.lower():
                    continue
                found = self._source_meaning(source, column.name)
                if found is not None:
                    return found
            select = select.find_ancestor(exp.Select)
        return None

    def _merged(self, select: exp.Select, name: str) -> Meaning | None:
        """What a column is that a join by USING makes of those of several sources."""
        told = [self._source_meaning(source, name) for source in sources_of(select)]
        found = [meant for meant in told if meant is not None]
        listed = [each for meant in found if isinstance(meant, list) for each in meant]
        return listed if all(isinstance(meant, list) for meant in found) else found[0]

    def _source_meaning(self, source: exp.Expr, name: str) -> Meaning | None:
        table = self._table(source)
        if table is not None:
            return table.by_name.get(name.lower())
        inner: exp.Expr | None = None
        alias = source.args.get("alias")
        if isinstance(source, (exp.Subquery, exp.Values)):
            inner = source.this if isinstance(source, exp.Subquery) else source
        elif isinstance(source, exp.Lateral):
            inner = source.this.this
        elif isinstance(source, exp.Table) and isinstance(source.this, exp.GenerateSeries):
            named = alias.columns if isinstance(alias, exp.TableAlias) else []
            known = named[0].name if named else source.alias_or_name or "generate_series"
            return self._kind(source.this) if known.lower() == name.lower() else None
        elif isinstance(source, exp.Table):
            cte = cte_of(source)
            if cte is None:
                origin = self._catalog(source)
                for known, kind in DEFINITIONS.get(origin[0], {}).get(origin[1], ()):
                    if known == name.lower():
                        return sources.WIRE_TYPES.get(kind, sources.PLAIN_TYPES.get(kind))
                return None
            inner, alias = cte.this, cte.args.get("alias")
        listed = alias.columns if isinstance(alias, exp.TableAlias) else []
        if listed:
            names = [each.name.lower() for each in listed]
            return leaves(inner, names.index(name.lower())) if name.lower() in names else None
        first = first_select(inner) if inner is not None else None
        if first is None:
            return None
        asked = id(first), name.lower()
        if asked not in self._shown:
            self._shown[asked] = None  # where a query reads itself, while it is looked at
            self._shown[asked] = self._shown_as(first, inner, name)
        return self._shown[asked]

    def _shown_as(self, first: exp.Select, query: exp.Expr | None, name: str) -> Meaning | None:
        """What a query shows under a name, `first` being the SELECT that names its columns."""
        for at, item in enumerate(first.expressions):
            if item.is_star:
                for each in sources_of(first):
                    found = self._source_meaning(each, name)
                    if found is not None:
                        return found
            elif item.alias_or_name.lower() == name.lower():
                return leaves(query, at)
        return None

    def _table(self, source: exp.Expr) -> Table | None:
        if not isinstance(source, exp.Table) or not isinstance(source.this, exp.Identifier):
            return None
        if source.db and source.db.lower() != "public":
            return None
        if is_cte(source):
            return None
        return TABLES.get(source.name.lower())

    def _catalog(self, source: exp.Table) -> tuple[str, str]:
        name, schema = source.name.lower(), source.db.lower()
        if schema in ("pg_catalog", "information_schema"):
            return schema, name
        if not schema or schema == "public":
            if name in DEFINITIONS["sys"]:
                return "sys", name
            if not schema and name in DEFINITIONS["pg_catalog"]:
                return "pg_catalog", name
        return "", ""

    def _number(self, node: exp.Parameter) -> int:
        try:
            number = int(node.name)
        except ValueError:
            raise SqlFault(errors.SYNTAX, f'syntax error at or near "@{node.name}"') from None
        if not 0 < number <= 65_535:
            raise SqlFault("42P02", f"there is no parameter ${number}")
        return number

    def _parameter_kind(self, node: exp.Parameter) -> int | None:
        number = self._number(node)
        if number <= len(self._declared) and self._declared[number - 1]:
            return self._declared[number - 1]
        return self._types.get(number)
