"""A query in PostgreSQL's language as a query for the analytical engine, or a refusal.

Works on the syntax tree, by lists of what is allowed: kinds of nodes, functions, tables. What the
two languages mean differently is written out (division, averages, patterns, casts), so that the
engine either answers as PostgreSQL would or the statement is refused; a table becomes a subquery
of exactly the columns that the statement names.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import ErrorLevel

from daybook.protocols.sql import errors, literals, sources
from daybook.protocols.sql.catalog import (
    CATALOG_OIDS,
    DEFINITIONS,
    FUNCTIONS,
    SCHEMAS,
    TABLE_OIDS,
    system_columns,
)
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.functions import (
    ALLOWED_CLASSES,
    ALLOWED_NAMES,
    FORMATTING,
    format_expression,
)
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.tables import PSEUDO_NAMES, TABLES, Table

_ROOTS: Final = (exp.Select, exp.SetOperation, exp.Values, exp.Subquery)
_REFUSED: Final = (
    exp.DDL,
    exp.DML,
    exp.Command,
    exp.Into,
    exp.Placeholder,
    exp.SessionParameter,
    exp.Pivot,
    exp.TableSample,
    exp.Hint,
    exp.Lateral,
)
_ENGINE_TYPES: Final = {
    pg.BOOL: "BOOLEAN",
    pg.INT2: "SMALLINT",
    pg.INT4: "INTEGER",
    pg.INT8: "BIGINT",
    pg.OID: "BIGINT",
    pg.FLOAT4: "FLOAT",
    pg.FLOAT8: "DOUBLE",
    pg.NUMERIC: "DECIMAL(38,12)",
    pg.DATE: "DATE",
    pg.TIMESTAMP: "TIMESTAMP",
    pg.TIMESTAMPTZ: "TIMESTAMPTZ",
    pg.TIME: "TIME",
    pg.INTERVAL: "INTERVAL",
    pg.UUID_: "UUID",
    pg.BYTEA: "BLOB",
    pg.REGCLASS: "BIGINT",
}
_NUMBERS: Final = frozenset((pg.INT2, pg.INT4, pg.INT8, pg.NUMERIC, pg.FLOAT4, pg.FLOAT8))
_WHOLE: Final = frozenset((pg.INT2, pg.INT4, pg.INT8))
_COMPARISONS: Final = (
    exp.EQ,
    exp.NEQ,
    exp.GT,
    exp.GTE,
    exp.LT,
    exp.LTE,
    exp.NullSafeEQ,
    exp.NullSafeNEQ,
)
_REG_TYPES: Final = {"regclass": "regclass", "regtype": "regtype"}
_PASSED_TYPES: Final = {
    "oid": "BIGINT",
    "name": "VARCHAR",
    '"char"': "VARCHAR",
    "char": "VARCHAR",
    "cstring": "VARCHAR",
    "regproc": "VARCHAR",
    "int2vector": "SMALLINT[]",
    "xid": "INTEGER",
    "regnamespace": "VARCHAR",
    "regrole": "VARCHAR",
    "information_schema.sql_identifier": "VARCHAR",
}


def engine_type(oid: int) -> str:
    """The engine's name of a type."""
    element = pg.ARRAYS.get(oid)
    if element is not None:
        return engine_type(element) + "[]"
    return _ENGINE_TYPES.get(oid, "VARCHAR")


@dataclass(slots=True)
class Query:
    """A query for the engine. `columns` are labels where they are known, else None."""

    sql: str
    parameters: list[int]
    uses_books: bool
    labels: list[str | None] = field(default_factory=list)
    temps: tuple[str, ...] = ()
    origins: list[tuple[Table, int] | int | None] = field(default_factory=list)
    """For each output column, the column of a table it is, or a type, where it is one."""
    used: list[int] = field(default_factory=list)
    """Which parameters the text names as $1, $2 and so on, in that order."""


class Rewriter:
    """Rewrites one statement. `declared` are types of parameters that the caller named."""

    def __init__(
        self,
        tree: exp.Expr,
        declared: Sequence[int],
        scale: int,
        staged: bool = False,
        temps: dict[str, list[str]] | None = None,
        database: str = "",
    ) -> None:
        self._database = database
        self._tree = tree
        self._declared = list(declared)
        self._types: dict[int, int] = {}
        self._scale = scale
        self._staged = staged
        self._temps = temps or {}
        self._used_temps: set[str] = set()
        self._uses_books = False
        self._kinds: dict[int, int | None] = {}
        self._used: list[int] = []

    def run(self) -> Query:
        """The query. Raises `SqlFault`."""
        try:
            return self._run()
        except RecursionError:
            raise SqlFault(errors.TOO_COMPLEX, "the statement is nested too deeply") from None

    def _run(self) -> Query:
        tree = self._tree
        if not isinstance(tree, _ROOTS):
            raise errors.unsupported("this statement is not supported")
        tree = self._plain(tree)
        self._check(tree)
        self._expand_stars(tree)
        labels = self._labels(tree)
        origins = self._origins(tree)
        self._infer_parameters(tree)
        self._conditions(tree)
        self._join_by_number(tree)
        self._order(tree)
        self._expressions(tree)
        self._tables(tree)
        tree = self._replace_parameters(tree)
        sql = tree.sql("duckdb", identify=True, unsupported_level=ErrorLevel.IGNORE)
        return Query(
            sql,
            self.parameters(),
            self._uses_books,
            labels,
            tuple(sorted(self._used_temps)),
            origins,
            self._used,
        )

    # What may be there at all

    def _plain(self, tree: exp.Expr) -> exp.Expr:
        """Without the schema in front of functions."""
        for dot in list(tree.find_all(exp.Dot)):
            schema = dot.this
            if isinstance(schema, exp.Identifier) and isinstance(dot.expression, exp.Func):
                if schema.name.lower() not in ("pg_catalog", "public", "information_schema"):
                    raise SqlFault("3F000", f'schema "{schema.name}" does not exist')
                dot.replace(dot.expression)
        for column in tree.find_all(exp.Column):
            schema = column.db.lower()
            if schema in ("pg_catalog", "public", "information_schema"):
                column.set("db", None)
                column.set("catalog", None)
        for cast in tree.find_all(exp.Cast):
            name = cast.to.sql("postgres")
            if name.lower().startswith("pg_catalog."):
                cast.set("to", _named_type(name[len("pg_catalog.") :]))
        for bracket in tree.find_all(exp.Bracket):
            # these are counted from 0, arrays from 1; the parser has taken 1 off already
            if isinstance(bracket.this, exp.Column) and bracket.this.name.lower() in _VECTORS:
                plus = exp.Add(this=bracket.expressions[0].copy(), expression=exp.Literal.number(1))
                bracket.set("expressions", [exp.Paren(this=plus)])
        return tree

    def _expand_stars(self, tree: exp.Expr) -> None:
        """Write out `*` where all it stands for are tables of the books."""
        for select in list(tree.find_all(exp.Select)):
            listed: list[exp.Expr] = []
            tables = [(source, self._table(source)) for source in _sources(select)]
            for item in select.expressions:
                name = item.table if isinstance(item, exp.Column) else ""
                meant = [
                    (source, table)
                    for source, table in tables
                    if not name or source.alias_or_name.lower() == name.lower()
                ]
                plain = item.is_star and not item.args.get("except_") and meant
                if not plain or any(table is None for _, table in meant) or _has_using(select):
                    listed.append(item)
                    continue
                for source, table in meant:
                    assert table is not None
                    quoted = exp.Identifier(this=source.alias_or_name, quoted=True)
                    listed.extend(
                        exp.Column(
                            this=exp.Identifier(this=column.name, quoted=True), table=quoted.copy()
                        )
                        for column in table.columns
                    )
            select.set("expressions", listed)

    def _check(self, tree: exp.Expr) -> None:
        for node in tree.walk():
            if isinstance(node, exp.Lock):
                node.pop()
                continue
            if isinstance(node, exp.Lateral):
                if not isinstance(node.this, (exp.Subquery, exp.Unnest)):
                    raise errors.unsupported("LATERAL takes a subquery here")
                continue
            if isinstance(node, _REFUSED):
                raise errors.unsupported(f"{type(node).__name__.upper()} is not supported here")
            if isinstance(node, exp.Func) and not isinstance(node, (exp.And, exp.Or, exp.Xor)):
                self._check_function(node)

    def _check_function(self, node: exp.Func) -> None:
        if isinstance(node, exp.Anonymous):
            name = node.name.lower()
            if name in ALLOWED_NAMES or name in FUNCTIONS:
                return
        elif isinstance(node, ALLOWED_CLASSES):
            return
        else:
            name = node.sql_name().lower()
        raise SqlFault(errors.NO_FUNCTION, f"function {name} does not exist")

    # Labels of columns, as PostgreSQL gives them

    def _labels(self, tree: exp.Expr) -> list[str | None]:
        for select in list(tree.find_all(exp.Select)):
            top = _is_first(select, tree)
            for at, item in enumerate(select.expressions):
                if isinstance(item, exp.Alias) or item.is_star:
                    continue
                label = label_of(item)
                if label is None and not top:
                    continue
                alias = exp.Alias(
                    this=item.copy(), alias=exp.Identifier(this=label or "?column?", quoted=True)
                )
                select.expressions[at] = alias
                alias.parent, alias.arg_key, alias.index = select, "expressions", at
        first = _first_select(tree)
        if first is None:
            return []
        return [None if item.is_star else item.alias_or_name for item in first.expressions]

    def _origins(self, tree: exp.Expr) -> list[tuple[Table, int] | int | None]:
        first = _first_select(tree)
        if first is None or not isinstance(tree, exp.Select):
            return []
        found: list[tuple[Table, int] | int | None] = []
        for item in first.expressions:
            inner = item.this if isinstance(item, exp.Alias) else item
            if item.is_star:
                found.extend(self._star(first))
            elif isinstance(inner, exp.Column):
                found.append(self._origin(inner, first))
            else:
                kind = self._kind(inner)
                found.append(
                    kind
                    if kind in (pg.INT4, pg.INT8, pg.NUMERIC) and isinstance(inner, (exp.Sum,))
                    else None
                )
        return found

    def _star(self, select: exp.Select) -> Iterator[tuple[Table, int] | int | None]:
        sources_ = list(_sources(select))
        table = self._table(sources_[0]) if len(sources_) == 1 else None
        if table is not None:
            yield from ((table, at) for at in range(1, len(table.columns) + 1))

    def _origin(self, column: exp.Column, select: exp.Select) -> tuple[Table, int] | int | None:
        for source in _sources(select):
            if column.table and source.alias_or_name.lower() != column.table.lower():
                continue
            table = self._table(source)
            if table is not None:
                names = [each.name.lower() for each in table.columns]
                if column.name.lower() in names:
                    return table, names.index(column.name.lower()) + 1
            elif isinstance(source, exp.Table):
                schema, name = self._catalog(source)
                for known, kind in DEFINITIONS.get(schema, {}).get(name, ()):
                    if known.lower() == column.name.lower():
                        return sources.WIRE_TYPES.get(kind)
                if column.name.lower() == "tableoid":
                    return pg.OID
        return None

    def _table(self, source: exp.Expr) -> Table | None:
        if not isinstance(source, exp.Table) or not isinstance(source.this, exp.Identifier):
            return None
        if source.db and source.db.lower() != "public":
            return None
        if _is_cte(source):
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

    # Types, as far as they can be known without the engine

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
            case exp.Paren() | exp.Alias() | exp.Neg() | exp.Abs() | exp.Max() | exp.Min():
                return self._kind(node.this)
            case exp.Filter() | exp.Window() | exp.Distinct():
                return self._kind(node.this if node.this else node.expressions[0])
            case exp.Literal():
                if node.is_string:
                    return None
                text = node.this
                if "." in text or "e" in text.lower():
                    return pg.NUMERIC
                return (
                    pg.INT4 if int(text) < 2**31 else pg.INT8 if int(text) < 2**63 else pg.NUMERIC
                )
            case exp.Column():
                return self._column_kind(node)
            case exp.Cast():
                return _cast_oid(node)
            case exp.Parameter():
                return self._parameter_kind(node)
            case exp.Count() | exp.RowNumber() | exp.Rank() | exp.DenseRank():
                return pg.INT8
            case exp.Sum():
                inner = self._kind(node.this)
                if inner in (pg.INT2, pg.INT4):
                    return pg.INT8
                return pg.NUMERIC if inner in (pg.INT8, pg.NUMERIC) else inner
            case exp.Avg():
                inner = self._kind(node.this)
                return pg.NUMERIC if inner in (*_WHOLE, pg.NUMERIC) else inner
            case exp.Sub() if self._kind(node.this) == self._kind(node.expression) == pg.DATE:
                return pg.INT4
            case exp.Add() | exp.Sub() if pg.DATE in (
                self._kind(node.this),
                self._kind(node.expression),
            ):
                other = {self._kind(node.this), self._kind(node.expression)} - {pg.DATE}
                return pg.DATE if other & set(_WHOLE) else pg.TIMESTAMP
            case exp.Add() | exp.Sub() | exp.Mul() | exp.Div() | exp.Mod():
                return _wider(self._kind(node.this), self._kind(node.expression))
            case exp.Coalesce():
                return _widest([self._kind(each) for each in (node.this, *node.expressions)])
            case exp.Greatest() | exp.Least():
                return _widest([self._kind(each) for each in (node.this, *node.expressions)])
            case exp.Case():
                values = [each.args["true"] for each in node.args["ifs"]]
                if node.args.get("default") is not None:
                    values.append(node.args["default"])
                return _widest([self._kind(each) for each in values if not _is_null(each)])
            case exp.Round() | exp.Nullif():
                inner = self._kind(node.this)
                return pg.NUMERIC if inner in _WHOLE and isinstance(node, exp.Round) else inner
            case exp.Extract():
                return pg.NUMERIC
            case exp.CurrentDate():
                return pg.DATE
            case exp.CurrentTimestamp():
                return pg.TIMESTAMPTZ
            case exp.Subquery() if isinstance(node.this, exp.Select):
                return self._kind(node.this.expressions[0])
            case exp.Boolean() | exp.Predicate() | exp.Connector() | exp.Not():
                return pg.BOOL
        return None

    def _column_kind(self, column: exp.Column) -> int | None:
        select = column.find_ancestor(exp.Select)
        while select is not None:
            for source in _sources(select):
                if column.table and source.alias_or_name.lower() != column.table.lower():
                    continue
                found = self._source_kind(source, column.name)
                if found is not None:
                    return found
            select = select.find_ancestor(exp.Select)
        return None

    def _source_kind(self, source: exp.Expr, name: str) -> int | None:
        table = self._table(source)
        if table is not None:
            column = table.by_name.get(name.lower())
            return None if column is None else column.oid
        inner: exp.Expr | None = None
        if isinstance(source, exp.Subquery):
            inner = source.this
        elif isinstance(source, exp.Lateral):
            inner = source.this.this
        elif isinstance(source, exp.Table):
            cte = _cte(source)
            if cte is None:
                origin = self._catalog(source)
                for known, kind in DEFINITIONS.get(origin[0], {}).get(origin[1], ()):
                    if known == name.lower():
                        return sources.WIRE_TYPES.get(kind, sources.PLAIN_TYPES.get(kind))
                return None
            inner = cte.this
            listed = cte.args["alias"].columns if cte.args.get("alias") else []
            if listed:
                names = [each.name.lower() for each in listed]
                first = _first_select(inner) if inner is not None else None
                if name.lower() in names and first is not None:
                    at = names.index(name.lower())
                    if at < len(first.expressions):
                        return self._kind(first.expressions[at])
                return None
        first = _first_select(inner) if inner is not None else None
        if first is None:
            return None
        for item in first.expressions:
            if item.is_star:
                for each in _sources(first):
                    found = self._source_kind(each, name)
                    if found is not None:
                        return found
            elif item.alias_or_name.lower() == name.lower():
                return self._kind(item)
        return None

    # Parameters

    def parameters(self) -> list[int]:
        """The types of the parameters, in order."""
        count = max([len(self._declared), *self._types])
        found = []
        for at in range(1, count + 1):
            declared = self._declared[at - 1] if at <= len(self._declared) else 0
            found.append(declared or self._types.get(at) or pg.TEXT)
        return found

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

    def _infer_parameters(self, tree: exp.Expr) -> None:
        for node in tree.find_all(exp.Parameter):
            number = self._number(node)
            if self._types.get(number) is None:
                found = self._context(node)
                if found is not None:
                    self._types[number] = found
            self._types.setdefault(number, 0)
        self._kinds.clear()

    def _context(self, node: exp.Expr) -> int | None:
        """The type that a place wants of a value."""
        parent = node.parent
        match parent:
            case exp.Cast():
                return _cast_oid(parent)
            case exp.Paren():
                return self._context(parent)
            case exp.Limit() | exp.Offset() | exp.Fetch():
                return pg.INT8
            case exp.Between() | exp.In():
                return self._kind(parent.this)
            case exp.Any() | exp.All():
                outer = parent.parent
                other = None if outer is None else outer.this
                return pg.ARRAY_OF.get(self._kind(other) or pg.TEXT, 1009)
            case exp.Like() | exp.ILike() | exp.DPipe() | exp.RegexpLike():
                return pg.TEXT
            case exp.Binary():
                other = parent.expression if parent.this is node else parent.this
                return self._kind(other)
            case exp.Coalesce():
                return self._kind(parent.this)
        return None

    def _replace_parameters(self, tree: exp.Expr) -> exp.Expr:
        kinds = self.parameters()

        def one(node: exp.Expr) -> exp.Expr:
            if not isinstance(node, exp.Parameter):
                return node
            number = self._number(node)
            if number not in self._used:
                self._used.append(number)
            place = exp.Parameter(this=exp.Literal.number(self._used.index(number) + 1))
            kind = exp.DataType.build(engine_type(kinds[number - 1]), "duckdb")
            return exp.Cast(this=place, to=kind)

        return tree.transform(one)

    # Conditions: pseudo-columns, Line* on entries, literals compared with columns

    def _conditions(self, tree: exp.Expr) -> None:
        for select in list(tree.find_all(exp.Select)):
            sources.take_pseudo_columns(select, list(_sources(select)), self._table)
        for column in tree.find_all(exp.Column):
            if column.name.lower() in PSEUDO_NAMES:
                message = f'column "{column.name}" may stand in WHERE alone, compared by ='
                raise SqlFault(errors.NO_COLUMN, message, column=column.name)
        for node in list(tree.find_all(*_COMPARISONS)):
            self._type_literal(node.this, node.expression)
            self._type_literal(node.expression, node.this)
        for between in list(tree.find_all(exp.Between)):
            self._type_literal(between.this, between.args["low"])
            self._type_literal(between.this, between.args["high"])
        for listed in list(tree.find_all(exp.In)):
            for item in listed.expressions:
                self._type_literal(listed.this, item)

    def _type_literal(self, typed: exp.Expr, item: exp.Expr) -> None:
        if not (isinstance(item, exp.Literal) and item.is_string):
            return
        kind = self._kind(typed)
        if kind is None or kind in (pg.TEXT, pg.VARCHAR, pg.NAME, pg.CHAR):
            return
        item.replace(_typed(literals.canonical(kind, item.this), kind))

    def _join_by_number(self, tree: exp.Expr) -> None:
        """Join entries and lines by number, not by the IDs that are made of it."""
        if any(not isinstance(star.parent, exp.Count) for star in tree.find_all(exp.Star)):
            return
        for node in list(tree.find_all(exp.EQ)):
            sides = [self._key_source(side) for side in (node.this, node.expression)]
            if None not in sides:
                for side in (node.this, node.expression):
                    side.set("this", exp.Identifier(this="_entry", quoted=True))

    def _key_source(self, column: exp.Expr) -> Table | None:
        """The table of which a column is the ID of an entry, or None."""
        if not isinstance(column, exp.Column) or not column.table:
            return None
        select = column.find_ancestor(exp.Select)
        for source in () if select is None else _sources(select):
            if source.alias_or_name.lower() == column.table.lower():
                table = self._table(source)
                wanted = _ENTRY_KEYS.get("" if table is None else table.name)
                return table if column.name.lower() == wanted else None
        return None

    def _order(self, tree: exp.Expr) -> None:
        """Pages of one table without an order go by number, so that they are stable."""
        if not isinstance(tree, exp.Select) or tree.args.get("order") is not None:
            return
        if not (tree.args.get("limit") or tree.args.get("offset")):
            return
        if any(tree.args.get(name) for name in ("group", "having", "distinct", "joins", "windows")):
            return
        found = list(_sources(tree))
        table = self._table(found[0]) if len(found) == 1 else None
        if table is None or not table.writable or tree.find(exp.AggFunc, exp.Window) is not None:
            return
        names = ["_entry"] if table.name == "JournalEntries" else ["_entry", "_number"]
        alias = exp.Identifier(this=found[0].alias_or_name, quoted=True)
        tree.set(
            "order",
            exp.Order(
                expressions=[
                    exp.Ordered(
                        this=exp.Column(
                            this=exp.Identifier(this=name, quoted=True), table=alias.copy()
                        )
                    )
                    for name in names
                ]
            ),
        )

    # Expressions that the engine means otherwise

    def _expressions(self, tree: exp.Expr) -> None:
        for node in reversed(list(tree.walk())):
            replacement = self._expression(node)
            if replacement is not None and replacement is not node:
                kind = self._kinds.get(id(node))
                node.replace(replacement)
                if kind is not None:
                    self._kinds[id(replacement)] = kind

    def _expression(self, node: exp.Expr) -> exp.Expr | None:
        match node:
            case exp.Div():
                return self._division(node)
            case exp.Avg():
                return None if isinstance(node.parent, (exp.Filter, exp.Window)) else _average(node)
            case exp.Filter() | exp.Window() if _is_average(node):
                return _average(node)
            case exp.Like() | exp.ILike() if not isinstance(node.parent, exp.Escape):
                if isinstance(node.expression, (exp.Any, exp.All)):
                    raise errors.unsupported("LIKE ANY is not supported")
                return exp.Paren(
                    this=exp.Escape(this=node.copy(), expression=exp.Literal.string("\\"))
                )
            case exp.RegexpLike() if _is_table_name(node.this):
                # names of tables match without regard to case, also where psql looks for them
                return exp.RegexpILike(this=node.this.copy(), expression=node.expression.copy())
            case exp.EQ() if _is_table_name(node.this) and isinstance(node.expression, exp.Literal):
                table = TABLES.get(str(node.expression.this).lower())
                if table is not None:
                    return exp.EQ(this=node.this.copy(), expression=exp.Literal.string(table.name))
            case exp.Cast():
                return self._cast(node)
            case exp.Extract():
                return _extract(node)
            case exp.TimestampTrunc() | exp.DateTrunc():
                unit = str(node.args["unit"].name).lower()
                return exp.Anonymous(
                    this="pg_date_trunc", expressions=[exp.Literal.string(unit), node.this.copy()]
                )
            case exp.Substring():
                return _substring(node)
            case exp.Sub() if self._kind(node) == pg.INT4 and self._kind(node.this) == pg.DATE:
                return exp.Paren(
                    this=exp.Cast(this=exp.Paren(this=node.copy()), to=exp.DataType.build("INT"))
                )
            case exp.Sum():
                return self._sum(node)
            case exp.Anonymous() if node.name.lower() in FORMATTING:
                return format_expression(node, self._kind(node.expressions[0]))
            case exp.Anonymous():
                return _anonymous(node)
            case exp.CurrentUser() | exp.SessionUser():
                return exp.Anonymous(this="pgf_current_user")
            case exp.CurrentSchema():
                return exp.Anonymous(this="pgf_current_schema")
            case exp.CurrentCatalog() | exp.CurrentDatabase():
                return exp.Anonymous(this="pgf_current_database")
            case exp.CurrentVersion():
                return exp.Anonymous(this="pgf_version")
            case exp.Collate():
                inner: exp.Expr = node.this.copy()
                return inner
            case exp.Operator():
                return _operator(node)
            case exp.PercentileCont() if isinstance(node.parent, exp.WithinGroup):
                return None
            case exp.WithinGroup():
                return _within_group(node)
            case exp.ArraySize() if node.args.get("expression") is not None:
                return exp.Anonymous(this="len", expressions=[node.this.copy()])
            case exp.Dot():
                return None
        return None

    def _division(self, node: exp.Div) -> exp.Expr:
        left, right = node.this, node.expression
        kinds = self._kind(left), self._kind(right)
        both = [left.copy(), right.copy()]
        if pg.FLOAT8 in kinds or pg.FLOAT4 in kinds:
            return exp.Anonymous(this="pg_div", expressions=both)
        if kinds[0] in _WHOLE and kinds[1] in _WHOLE:
            parts: list[exp.Expr] = []
            for part, kind in zip(both, kinds, strict=True):
                name = "INT" if kind != pg.INT8 else "BIGINT"
                parts.append(exp.Cast(this=part, to=exp.DataType.build(name)))
            return exp.Anonymous(this="pg_div", expressions=parts)
        if all(kind in _NUMBERS for kind in kinds):
            return exp.Anonymous(this="pg_exact", expressions=both)
        if any(part.find(exp.AggFunc, exp.Window) is not None for part in both):
            raise errors.unsupported(
                "the types of this division cannot be told; cast its parts, as in x::numeric"
            )
        return exp.Anonymous(this="pg_div", expressions=both)

    def _sum(self, node: exp.Sum) -> exp.Expr | None:
        inner = self._kind(node.this)
        if inner not in (pg.INT2, pg.INT4) or isinstance(node.parent, (exp.Filter, exp.Window)):
            return None
        return exp.Cast(this=node.copy(), to=exp.DataType.build("BIGINT"))

    def _cast(self, node: exp.Cast) -> exp.Expr | None:
        name = node.to.sql("postgres").lower()
        if name in _REG_TYPES:
            return self._reg_cast(node, name)
        if name in _PASSED_TYPES:
            return exp.Cast(
                this=node.this.copy(), to=exp.DataType.build(_PASSED_TYPES[name], "duckdb")
            )
        oid = _cast_oid(node)
        if oid is None:
            raise SqlFault("42704", f'type "{name[:60]}" does not exist')
        inner = node.this
        if isinstance(inner, exp.Literal) and inner.is_string and oid not in pg.ARRAYS:
            if oid == pg.NUMERIC and not node.to.expressions:
                return _typed(literals.canonical(oid, inner.this), oid)
            if oid in (pg.DATE, pg.TIMESTAMP, pg.BOOL, pg.INT4, pg.INT8):
                return _typed(literals.canonical(oid, inner.this), oid)
        if oid in pg.ARRAYS and isinstance(inner, exp.Literal) and inner.is_string:
            return _array_literal(literals.canonical(oid, inner.this), oid)
        if oid == pg.NUMERIC and not node.to.expressions:
            kind = self._kind(inner)
            if kind == pg.NUMERIC:
                return exp.Paren(this=inner.copy())
            width = "DECIMAL(38,0)" if kind in _WHOLE else "DECIMAL(38,12)"
            return exp.Cast(this=inner.copy(), to=exp.DataType.build(width, "duckdb"))
        if oid == pg.TEXT and self._kind(inner) == pg.FLOAT8:
            raise errors.unsupported("a double precision number is not shown as text here")
        return None

    def _reg_cast(self, node: exp.Cast, name: str) -> exp.Expr:
        inner = node.this
        if isinstance(inner, exp.Literal) and inner.is_string:
            if name == "regclass":
                plain = inner.this.rpartition(".")[2].strip('"').lower()
                found = TABLE_OIDS.get(plain, CATALOG_OIDS.get(plain))
                if found is None:
                    raise errors.no_table(inner.this)
                return exp.Literal.number(found)
            return exp.Anonymous(this="pgf_to_regtype", expressions=[inner.copy()])
        if isinstance(node.parent, exp.Cast) or isinstance(inner, exp.Parameter):
            if isinstance(inner, exp.Parameter):
                return exp.Anonymous(this=f"pgf_to_{name}", expressions=[inner.copy()])
            if _cast_oid(node.parent) in (pg.TEXT, pg.VARCHAR, pg.NAME):
                return exp.Anonymous(this=f"pgf_{name}_name", expressions=[inner.copy()])
            return exp.Paren(this=inner.copy())
        return exp.Anonymous(this=f"pgf_{name}_name", expressions=[inner.copy()])

    # Tables

    def _tables(self, tree: exp.Expr) -> None:
        names = {column.name.lower() for column in tree.find_all(exp.Column)}
        starred = {
            star.find_ancestor(exp.Select)
            for star in tree.find_all(exp.Star)
            if not isinstance(star.parent, exp.Count)
        }
        whole = any(select is not None for select in starred)
        for source in list(tree.find_all(exp.Table)):
            self._source(source, names, whole)

    def _source(self, source: exp.Table, names: set[str], whole: bool) -> None:
        if not isinstance(source.this, exp.Identifier):
            _function_source(source)
            return
        if _is_cte(source):
            return
        if source.catalog and source.catalog.lower() != self._database:
            raise errors.unsupported("cross-database references are not implemented")
        table = self._table(source)
        alias = source.args.get("alias")
        if table is not None:
            self._uses_books = True
            text = sources.select_text(table, names, whole, self._scale, self._staged)
        else:
            text = self._other_source(source)
        if alias is None:
            shown = table.name if table is not None else source.name
            alias = exp.TableAlias(this=exp.Identifier(this=shown, quoted=True))
        joins = source.args.get("joins")
        replacement = exp.Subquery(this=sources.Raw(this=text), alias=alias.copy())
        if joins:
            replacement.set("joins", joins)
        source.replace(replacement)

    def _other_source(self, source: exp.Table) -> str:
        name = source.name.lower()
        if name.endswith("#temp"):
            if name not in self._temps:
                raise errors.no_table(source.name)
            self._used_temps.add(name)
            return f'SELECT * FROM "{name}"'
        schema, table = self._catalog(source)
        if table and table in DEFINITIONS[schema]:
            columns = [*DEFINITIONS[schema][table], *system_columns(schema, table)]
            listed = ", ".join(f'"{column}"' for column, _ in columns)
            if table == "sys_identity":
                self._used_temps.add("sys_identity_rows")
                return "SELECT * FROM sys_identity_rows"
            return f'SELECT {listed} FROM {SCHEMAS[schema]}."{table}"'
        if source.db.lower() in ("pg_catalog", "information_schema"):
            raise errors.unsupported(f"the catalog {source.db}.{source.name} is not kept here")
        shown = f"{source.db}.{source.name}" if source.db else source.name
        raise errors.no_table(shown)


def _is_table_name(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and node.name.lower() in (
        "relname",
        "tablename",
        "table_name",
    )


def _named_type(name: str) -> exp.Expr:
    made = sqlglot.parse_one(f"CAST(x AS {name})", read="postgres")
    assert isinstance(made, exp.Cast)
    return made.to


def _has_using(select: exp.Select) -> bool:
    return any(
        join.args.get("using") or join.args.get("method") for join in select.args.get("joins") or ()
    )


def label_of(node: exp.Expr) -> str | None:
    """The name PostgreSQL gives to an unnamed column, or None where it has none."""
    match node:
        case exp.Column():
            name = node.name
            for table in TABLES.values():
                column = table.by_name.get(name.lower())
                if column is not None:
                    return column.name
            return name.lower() if not node.this.quoted else name
        case exp.Paren() | exp.Filter() | exp.Window() | exp.WithinGroup() | exp.Bracket():
            return label_of(node.this)
        case exp.Cast():
            inner = label_of(node.this)
            if inner is not None:
                return inner
            oid = _cast_oid(node)
            return sources.TYPE_LABELS.get(oid or 0)
        case exp.Case():
            return "case"
        case exp.Boolean():
            return "bool"
        case exp.Exists():
            return "exists"
        case exp.Array():
            return "array"
        case exp.Subquery() if isinstance(node.this, exp.Select):
            first = node.this.expressions[0]
            return first.alias if isinstance(first, exp.Alias) else label_of(first)
        case exp.Anonymous():
            return str(node.name).lower()
        case exp.Dot():
            return node.name
        case exp.Connector() | exp.Predicate() | exp.Binary():
            return None
        case exp.Func():
            return sources.FUNCTION_LABELS.get(type(node), node.sql_name().lower())
    return None


def _is_first(select: exp.Select, tree: exp.Expr) -> bool:
    return _first_select(tree) is select


def _first_select(tree: exp.Expr) -> exp.Select | None:
    while isinstance(tree, (exp.SetOperation, exp.Subquery)):
        tree = tree.this
    return tree if isinstance(tree, exp.Select) else None


def _sources(select: exp.Select) -> Iterator[exp.Expr]:
    start = select.args.get("from_")
    if start is not None:
        yield start.this
        yield from (join.this for join in start.this.args.get("joins") or ())
    for join in select.args.get("joins") or ():
        yield join.this
        yield from (each.this for each in join.this.args.get("joins") or ())
    yield from select.args.get("laterals") or ()


def _cte(source: exp.Table) -> exp.CTE | None:
    if source.db:
        return None
    name = source.name.lower()
    node: exp.Expr | None = source
    while node is not None:
        with_ = node.args.get("with_")
        if with_ is not None:
            for cte in with_.expressions:
                if cte.alias.lower() == name:
                    return cte if isinstance(cte, exp.CTE) else None
        node = node.parent
    return None


def _is_cte(source: exp.Table) -> bool:
    return _cte(source) is not None


def _cast_oid(node: exp.Expr | None) -> int | None:
    if not isinstance(node, exp.Cast):
        return None
    return sources.type_oid(node.to)


def _is_null(node: exp.Expr) -> bool:
    return isinstance(node, exp.Null)


def _wider(left: int | None, right: int | None) -> int | None:
    if left not in _NUMBERS or right not in _NUMBERS:
        return left if right is None and left not in _NUMBERS else None
    for kind in (pg.FLOAT8, pg.FLOAT4, pg.NUMERIC, pg.INT8, pg.INT4):
        if kind in (left, right):
            return pg.FLOAT8 if kind == pg.FLOAT4 else kind
    return pg.INT4


def _widest(kinds: list[int | None]) -> int | None:
    known = [kind for kind in kinds if kind is not None]
    if not known:
        return None
    found: int | None = known[0]
    for kind in known[1:]:
        found = found if found == kind else _wider(found, kind)
    return found


def _typed(text: str, oid: int) -> exp.Expr:
    """A literal of a type for the engine."""
    if oid == pg.NUMERIC:
        return (
            exp.Paren(this=exp.Literal.number(text))
            if text.startswith("-")
            else (exp.Literal.number(text))
        )
    if oid == pg.BOOL:
        return exp.Boolean(this=text == "t")
    kind = exp.DataType.build(engine_type(oid), "duckdb")
    return exp.Cast(this=exp.Literal.string(text), to=kind)


def _array_literal(text: str, oid: int) -> exp.Expr:
    items = [
        exp.Null() if item is None else exp.Literal.string(item) for item in pg.array_items(text)
    ]
    kind = exp.DataType.build(engine_type(oid), "duckdb")
    return exp.Cast(this=exp.Array(expressions=items), to=kind)


def _is_average(node: exp.Expr) -> bool:
    inner = node.this
    while isinstance(inner, (exp.Filter, exp.Window)):
        inner = inner.this
    outer = node.parent
    if isinstance(outer, (exp.Filter, exp.Window)) and outer.this is node:
        return False
    return isinstance(inner, exp.Avg)


def _average(node: exp.Expr) -> exp.Expr:
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
    return exp.Anonymous(this="pg_exact", expressions=[total, divisor])


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


def _extract(node: exp.Extract) -> exp.Expr:
    part = node.this.name.lower()
    if part not in _PARTS:
        raise errors.unsupported(f"extract({part[:40]} …) is not supported")
    source = node.expression.copy()
    if part in ("second", "epoch"):
        name = "pg_seconds" if part == "second" else "pg_epoch"
        return exp.Anonymous(this=name, expressions=[source])
    return exp.Cast(
        this=exp.Extract(this=exp.Var(this=part), expression=source),
        to=exp.DataType.build("DECIMAL(18,0)", "duckdb"),
    )


def _substring(node: exp.Substring) -> exp.Expr:
    start = node.args.get("start") or exp.Literal.number(1)
    length = node.args.get("length")
    if isinstance(start, exp.Literal) and start.is_string:
        raise errors.unsupported("substring with a pattern is not supported")
    if length is None:
        return exp.Anonymous(this="pg_substr_from", expressions=[node.this.copy(), start.copy()])
    return exp.Anonymous(
        this="pg_substr", expressions=[node.this.copy(), start.copy(), length.copy()]
    )


def _anonymous(node: exp.Anonymous) -> exp.Expr | None:
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


def _operator(node: exp.Operator) -> exp.Expr:
    name = str(node.args.get("operator") or "").rpartition(".")[2].strip()
    known = _OPERATORS.get(name)
    if known is None:
        raise errors.unsupported(f"the operator {name[:20]} is not supported")
    kind, negated = known
    if kind is exp.RegexpLike and _is_table_name(node.this):
        kind = exp.RegexpILike
    made = kind(this=node.this.copy(), expression=node.expression.copy())
    return exp.Not(this=exp.Paren(this=made)) if negated else exp.Paren(this=made)


def _within_group(node: exp.WithinGroup) -> exp.Expr | None:
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


_RENAMED: Final = {"json_build_object": "json_object"}
_VECTORS: Final = frozenset(("indkey", "indoption", "indclass", "indcollation", "proargtypes"))
_ENTRY_KEYS: Final = {"JournalEntries": "id", "JournalEntryLines": "journalentryid"}

_SERIES: Final = re.compile(r"generate_series|unnest|generate_subscripts", re.IGNORECASE)


def _function_source(source: exp.Table) -> None:
    """A function in FROM: its one column is called as its alias."""
    inner = source.this
    name = inner.name.lower() if isinstance(inner, exp.Anonymous) else inner.sql_name().lower()
    if not (
        isinstance(inner, (exp.GenerateSeries, exp.ExplodingGenerateSeries))
        or _SERIES.fullmatch(name)
    ):
        raise errors.unsupported(f"{name[:60]} in FROM is not supported")
    source.set("db", None)
    alias: Any = source.args.get("alias")
    if alias is not None and alias.this is not None and not alias.columns:
        alias.set("columns", [exp.Identifier(this=alias.name, quoted=True)])
