"""A query in PostgreSQL's language as a query for the analytical engine, or a refusal.

Works on the syntax tree, by lists of what is allowed: kinds of nodes, functions, tables. What the
two languages mean differently is written out (division, averages, patterns, casts), so that the
engine either answers as PostgreSQL would or the statement is refused; a table becomes a subquery
of exactly the columns that the statement names.
"""

from collections.abc import Sequence
from typing import Final

from sqlglot import exp
from sqlglot.errors import ErrorLevel

from daybook.protocols.sql import errors, literals, sources
from daybook.protocols.sql.catalog_functions import FUNCTIONS, roles_text
from daybook.protocols.sql.catalog_tables import DEFINITIONS, SCHEMAS, system_columns
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.functions import (
    ALLOWED_CLASSES,
    ALLOWED_NAMES,
)
from daybook.protocols.sql.grouping import in_two_steps
from daybook.protocols.sql.json_forms import write_json
from daybook.protocols.sql.limits import COLUMNS_MAX
from daybook.protocols.sql.meant import Meant
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.query import Query
from daybook.protocols.sql.rules import (
    COMPARISONS,
    ENTRY_KEYS,
    REFUSED,
    ROOTS,
    VECTORS,
)
from daybook.protocols.sql.tables import LINES, PSEUDO_NAMES, Table
from daybook.protocols.sql.translate import (
    array_literal,
    date_part,
    engine_type,
    every_item,
    function_source,
    items_of,
    typed,
    widest,
)
from daybook.protocols.sql.trees import (
    NO_LABEL,
    cast_oid,
    check_limit,
    choices,
    cte_of,
    first_select,
    has_using,
    is_cte,
    is_first,
    label_of,
    leaves,
    name_of,
    name_values,
    named_type,
    sources_of,
    value_names,
)

_CALLER: Final = frozenset(("user", "current_role"))
"""Words without parentheses that mean the user, as `current_user` does."""


_REFUSED_NAMES: Final[dict[type[exp.Expr], str]] = {
    exp.SimilarTo: "SIMILAR TO",
    exp.SessionParameter: "@@",
    exp.Placeholder: "?",
}
"""What callers write that is refused, where its class is called otherwise."""


def _with_name(name: str) -> str:
    """What a WITH query is called in the engine: as no table there is."""
    return f"with {name.lower()}"


def _name_apart(source: exp.Table) -> None:
    """Let a name mean a WITH query and nothing that the engine has by that name."""
    name = source.name
    source.set("this", exp.Identifier(this=_with_name(name), quoted=True))
    if source.args.get("alias") is None:
        source.set("alias", exp.TableAlias(this=exp.Identifier(this=name, quoted=True)))


class Rewriter(Meant):
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
        super().__init__(declared, scale)
        self._database = database
        self._tree = tree
        self._staged = staged
        self._temps = temps or {}
        self._used_temps: set[str] = set()
        self._expanded: set[int] = set()
        self._stars_known = False
        self._uses_books = False
        self._used: list[int] = []

    def run(self) -> Query:
        """The query. Raises `SqlFault`."""
        try:
            return self._run()
        except RecursionError:
            raise SqlFault(errors.TOO_COMPLEX, "the statement is nested too deeply") from None

    def _run(self) -> Query:
        tree = self._tree
        if not isinstance(tree, ROOTS):
            raise errors.unsupported("this statement is not supported")
        tree = self._plain(tree)
        self._check(tree)
        self._check_widths(tree)
        self._expand_stars(tree)
        write_json(tree, self._columns_of)
        labels = self._labels(tree)
        origins = self._origins(tree)
        self._infer_parameters(tree)
        self._conditions(tree)
        self._join_by_number(tree)
        self._order(tree)
        self._unify(tree)
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
            self._stars(tree),
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
        for column in list(tree.find_all(exp.Column)):
            if not column.table and not column.this.quoted and column.name.lower() in _CALLER:
                column.replace(exp.CurrentUser())
                continue
            schema = column.db.lower()
            if schema in ("pg_catalog", "public", "information_schema"):
                column.set("db", None)
                column.set("catalog", None)
        for call in list(tree.find_all(exp.Anonymous)):
            if call.name.lower() == "format" and call.expressions:  # where a schema stood before it
                first, *others = call.expressions
                call.replace(exp.Format(this=first, expressions=others))
            if call.name.lower() == "date_part" and len(call.expressions) == 2:
                call.replace(date_part(*call.expressions))
        for cast in tree.find_all(exp.Cast):
            name = cast.to.sql("postgres")
            if name.lower().startswith("pg_catalog."):
                cast.set("to", named_type(name[len("pg_catalog.") :]))
        for bracket in tree.find_all(exp.Bracket):
            # these are counted from 0, arrays from 1; the parser has taken 1 off already
            if isinstance(bracket.this, exp.Column) and bracket.this.name.lower() in VECTORS:
                plus = exp.Add(this=bracket.expressions[0].copy(), expression=exp.Literal.number(1))
                bracket.set("expressions", [exp.Paren(this=plus)])
        return tree

    def _expand_stars(self, tree: exp.Expr) -> None:
        """Write out `*` where the columns are known of all that it stands for."""
        for select in list(tree.find_all(exp.Select)):
            self._expand(select)

    def _expand(self, select: exp.Select) -> None:
        if id(select) in self._expanded:
            return
        self._expanded.add(id(select))
        listed: list[exp.Expr] = []
        tables = [(source, self._columns_of(source)) for source in sources_of(select)]
        for item in select.expressions:
            name = item.table if isinstance(item, exp.Column) else ""
            meant = [
                (source, columns)
                for source, columns in tables
                if not name or source.alias_or_name.lower() == name.lower()
            ]
            plain = item.is_star and not item.args.get("except_") and meant
            if not plain or not all(columns for _, columns in meant) or has_using(select):
                listed.append(item)
                continue
            for source, columns in meant:
                quoted = exp.Identifier(this=source.alias_or_name, quoted=True)
                listed.extend(
                    exp.Alias(
                        this=exp.Column(
                            this=exp.Identifier(this=column, quoted=True), table=quoted.copy()
                        ),
                        alias=exp.Identifier(this=column, quoted=True),
                    )
                    for column in columns
                )
        select.set("expressions", listed)

    def _check_widths(self, tree: exp.Expr) -> None:
        """Raises `SqlFault` for a query of too many columns: each `*` may double those before."""
        known: dict[int, int] = {}

        def shown(select: exp.Select) -> int:
            if id(select) in known:
                return known[id(select)]
            known[id(select)] = 1  # of a query that reads itself
            count = 0
            for item in select.expressions:
                name = item.table.lower() if isinstance(item, exp.Column) else ""
                meant = [
                    source
                    for source in (sources_of(select) if item.is_star else ())
                    if not name or source.alias_or_name.lower() == name
                ]
                count += sum(map(width, meant)) if item.is_star else 1
            if count > COLUMNS_MAX:
                message = f"target lists can have at most {COLUMNS_MAX} entries"
                raise SqlFault("54011", message)
            known[id(select)] = count
            return count

        def width(source: exp.Expr) -> int:
            cte = cte_of(source) if isinstance(source, exp.Table) else None
            inner = source if cte is None else cte.this
            first = first_select(inner.this if isinstance(inner, exp.Lateral) else inner)
            if first is not None:
                return shown(first)
            return len(self._columns_of(source)) or 1

        for select in tree.find_all(exp.Select):
            shown(select)

    def _columns_of(self, source: exp.Expr) -> list[str]:
        """The columns that `*` shows of a source, or none where they are not known here."""
        table = self._table(source)
        if table is not None:
            return [column.name for column in table.columns]
        cte = cte_of(source) if isinstance(source, exp.Table) else None
        if cte is not None or isinstance(source, exp.Subquery):
            return self._names_of(source if cte is None else cte, source.alias_or_name)
        if isinstance(source, exp.Values) and source.alias:
            given = [column.name for column in source.args["alias"].columns]
            return given + list(value_names(source))[len(given) :]
        if not isinstance(source, exp.Table):
            return []
        schema, name = self._catalog(source)
        return [column for column, _ in DEFINITIONS.get(schema, {}).get(name, ())]

    def _names_of(self, query: exp.Expr, name: str) -> list[str]:
        """The columns of a query in FROM, where each has a name of its own."""
        names = self._names_shown(query) if name else []
        apart = {each.lower() for each in names} - {NO_LABEL}
        return names if len(apart) == len(names) else []

    def _names_shown(self, query: exp.Expr) -> list[str]:
        """The columns of a query in FROM, or none where they are not known here."""
        first = first_select(query.this)
        if first is None:
            return []
        self._expand(first)
        if any(item.is_star for item in first.expressions):
            return []
        alias = query.args.get("alias")
        given = [] if alias is None else [column.name for column in alias.columns]
        found = [item.alias or label_of(item) or NO_LABEL for item in first.expressions]
        return given + found[len(given) :]

    def _behind_star(self, select: exp.Select) -> tuple[exp.Expr, list[str]] | None:
        """The one query that a SELECT shows all columns of and nothing else, and their names."""
        only = list(sources_of(select))
        if len(only) != 1 or [item.is_star for item in select.expressions] != [True]:
            return None
        cte = cte_of(only[0]) if isinstance(only[0], exp.Table) else None
        query: exp.Expr = only[0] if cte is None else cte
        names = self._names_shown(query) if isinstance(query, exp.Subquery | exp.CTE) else []
        return (query.this, names) if names else None

    def _check(self, tree: exp.Expr) -> None:
        for node in tree.walk():
            if isinstance(node, exp.Lock):
                node.pop()
                continue
            if isinstance(node, exp.Lateral):
                if not isinstance(node.this, (exp.Subquery, exp.Unnest)):
                    raise errors.unsupported("LATERAL takes a subquery here")
                continue
            if isinstance(node, exp.LimitOptions):
                check_limit(node)
            if isinstance(node, REFUSED):
                name = _REFUSED_NAMES.get(type(node), type(node).__name__.upper())
                raise errors.unsupported(f"{name} is not supported here")
            if isinstance(node, exp.Func) and not isinstance(node, (exp.And, exp.Or, exp.Xor)):
                self._check_function(node)

    def _check_function(self, node: exp.Func) -> None:
        if isinstance(node, exp.Anonymous):
            name = node.name.lower()
            if name in ALLOWED_NAMES or name in FUNCTIONS or every_item(node) is not None:
                return
        elif isinstance(node, ALLOWED_CLASSES):
            return
        else:
            name = name_of(node)
        raise SqlFault(errors.NO_FUNCTION, f"function {name} does not exist")

    # Labels of columns, as PostgreSQL gives them

    def _labels(self, tree: exp.Expr) -> list[str | None]:
        for select in list(tree.find_all(exp.Select)):
            top = is_first(select, tree)
            for at, item in enumerate(select.expressions):
                if isinstance(item, exp.Alias) or item.is_star:
                    continue
                label = label_of(item)
                if label is None and not top:
                    continue
                alias = exp.Alias(
                    this=item.copy(), alias=exp.Identifier(this=label or NO_LABEL, quoted=True)
                )
                select.expressions[at] = alias
                alias.parent, alias.arg_key, alias.index = select, "expressions", at
        name_values(tree)
        first = first_select(tree)
        if isinstance(tree, exp.Values):
            return list(value_names(tree))
        if first is None:
            return []
        behind = self._behind_star(first)
        if behind is not None:
            return list(behind[1])
        return [None if item.is_star else item.alias_or_name for item in first.expressions]

    def _origins(self, tree: exp.Expr) -> list[tuple[Table, int] | int | None]:
        first = first_select(tree)
        if first is None or not isinstance(tree, exp.Select):
            return self._told(tree)
        behind = self._behind_star(first)
        if behind is not None:
            self._stars_known = True
            return [
                widest([self._kind(each) for each in leaves(behind[0], at)])
                for at in range(len(behind[1]))
            ]
        found: list[tuple[Table, int] | int | None] = []
        for item in first.expressions:
            inner = item.this if isinstance(item, exp.Alias) else item
            origin = self._origin(inner, first) if isinstance(inner, exp.Column) else None
            found.append(None if item.is_star else origin or self._kind(inner))
        return found

    def _told(self, tree: exp.Expr) -> list[tuple[Table, int] | int | None]:
        """The types of the columns of a set operation, or of VALUES."""
        first = first_select(tree)
        names = list(value_names(tree)) if isinstance(tree, exp.Values) else []
        width = len(names if first is None else first.expressions)
        return [widest([self._kind(each) for each in leaves(tree, at)]) for at in range(width)]

    def _stars(self, tree: exp.Expr) -> list[int]:
        first = first_select(tree)
        listed = [] if first is None or self._stars_known else first.expressions
        return [at for at, item in enumerate(listed) if item.is_star]

    def _origin(self, column: exp.Column, select: exp.Select) -> tuple[Table, int] | int | None:
        for source in sources_of(select):
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

    # Parameters

    def parameters(self) -> list[int]:
        """The types of the parameters, in order."""
        count = max([len(self._declared), *self._types])
        found = []
        for at in range(1, count + 1):
            declared = self._declared[at - 1] if at <= len(self._declared) else 0
            found.append(declared or self._types.get(at) or pg.TEXT)
        return found

    def _infer_parameters(self, tree: exp.Expr) -> None:
        for node in tree.find_all(exp.Parameter):
            number = self._number(node)
            if self._types.get(number) is None:
                found = self._context(node)
                if found is not None:
                    self._types[number] = found
            self._types.setdefault(number, 0)
        self._kinds.clear()
        self._shown.clear()

    def _context(self, node: exp.Expr) -> int | None:
        """The type that a place wants of a value."""
        parent = node.parent
        match parent:
            case exp.Cast():
                return cast_oid(parent)
            case exp.Paren():
                return self._context(parent)
            case exp.Limit() | exp.Offset() | exp.Fetch():
                return pg.INT8
            case exp.Round() | exp.Trunc() if parent.args.get("decimals") is node:
                return pg.INT4
            case exp.WidthBucket() if parent.args.get("num_buckets") is node:
                return pg.INT4
            case exp.Between():
                return self._beside(node, [parent.this, parent.args["low"], parent.args["high"]])
            case exp.In():
                return self._beside(node, [parent.this, *parent.expressions])
            case exp.Nullif():
                return self._beside(node, [parent.this, parent.expression])
            case exp.Any() | exp.All():
                return self._array_kind(parent.parent)
            case exp.Anonymous() if every_item(parent) is not None:
                return self._array_kind(parent.parent)
            case exp.Like() | exp.ILike() | exp.DPipe() | exp.RegexpLike():
                return pg.TEXT
            case exp.Binary():
                other = parent.expression if parent.this is node else parent.this
                return self._kind(other)
            case exp.If() if isinstance(parent.parent, exp.Case) and parent.args["true"] is node:
                return self._beside(node, choices(parent.parent))
        return None if parent is None else self._beside(node, choices(parent))

    def _beside(self, node: exp.Expr, values: Sequence[exp.Expr]) -> int | None:
        """The type of the values that an expression stands with."""
        return widest([self._kind(each) for each in values if each is not node])

    def _array_kind(self, comparison: exp.Expr | None) -> int:
        """The type of the array in a comparison by ANY or ALL."""
        other = None if comparison is None else comparison.this
        return pg.ARRAY_OF.get(self._kind(other) or pg.TEXT, 1009)

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
            sources.take_pseudo_columns(select, list(sources_of(select)), self._table)
        for column in tree.find_all(exp.Column):
            if column.name.lower() in PSEUDO_NAMES:
                message = f'column "{column.name}" may stand in WHERE alone, compared by ='
                raise SqlFault(errors.NO_COLUMN, message, column=column.name)
        for node in list(tree.find_all(*COMPARISONS)):
            self._type_literal(node.this, node.expression)
            self._type_literal(node.expression, node.this)
            items = items_of(node.expression)
            if isinstance(items, exp.Literal) and items.is_string:
                kind = self._array_kind(node)
                items.replace(array_literal(literals.canonical(kind, items.this), kind))
        for between in list(tree.find_all(exp.Between)):
            self._type_literal(between.this, between.args["low"])
            self._type_literal(between.this, between.args["high"])
        for listed in list(tree.find_all(exp.In)):
            for item in listed.expressions:
                self._type_literal(listed.this, item)

    def _type_literal(self, column: exp.Expr, item: exp.Expr) -> None:
        while isinstance(item, exp.Paren):
            item = item.this
        if not (isinstance(item, exp.Literal) and item.is_string):
            return
        kind = self._kind(column)
        if kind is None or kind in (pg.TEXT, pg.VARCHAR, pg.NAME, pg.CHAR):
            return
        item.replace(typed(literals.canonical(kind, item.this), kind))

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
        for source in () if select is None else sources_of(select):
            if source.alias_or_name.lower() == column.table.lower():
                table = self._table(source)
                wanted = ENTRY_KEYS.get("" if table is None else table.name)
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
        found = list(sources_of(tree))
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

    # Tables

    def _tables(self, tree: exp.Expr) -> None:
        names = {column.name.lower() for column in tree.find_all(exp.Column)}
        starred = {
            star.find_ancestor(exp.Select)
            for star in tree.find_all(exp.Star)
            if not isinstance(star.parent, exp.Count)
        }
        whole = any(select is not None for select in starred)
        found = [(source, is_cte(source)) for source in tree.find_all(exp.Table)]
        for source, _ in found:
            self._check_database(source)
        done = self._sum_early(tree)
        for cte in tree.find_all(exp.CTE):
            alias = cte.args["alias"]
            alias.set("this", exp.Identifier(this=_with_name(alias.name), quoted=True))
        for source, with_query in found:
            if with_query:
                _name_apart(source)
            elif id(source) not in done:
                self._source(source, names, whole)

    def _check_database(self, source: exp.Table) -> None:
        other = source.catalog and source.catalog.lower() != self._database
        if other and isinstance(source.this, exp.Identifier):
            raise errors.unsupported("cross-database references are not implemented")

    def _sum_early(self, tree: exp.Expr) -> set[int]:
        """Have sums over lines made in two steps where they can; the tables that is done for."""
        done = set()
        for select in list(tree.find_all(exp.Select)):
            only = list(sources_of(select))
            if len(only) != 1 or self._table(only[0]) is not LINES:
                continue
            source = only[0]
            assert isinstance(source, exp.Table), "what has a table's name is one"
            if in_two_steps(select, source, self._kind, self._staged):
                self._uses_books = True
                done.add(id(source))
        return done

    def _source(self, source: exp.Table, names: set[str], whole: bool) -> None:
        if not isinstance(source.this, exp.Identifier):
            function_source(source)
            return
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
            stored = f'{SCHEMAS[schema]}."{table}"'
            return f"SELECT {listed} FROM {roles_text(table, stored)}"
        if source.db.lower() in ("pg_catalog", "information_schema"):
            raise errors.unsupported(f"the catalog {source.db}.{source.name} is not kept here")
        shown = f"{source.db}.{source.name}" if source.db else source.name
        raise errors.no_table(shown)
