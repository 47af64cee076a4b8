"""The tables as the analytical engine has them: a subquery of the columns a statement names.

Also what stands in WHERE and is no column of its table: pseudo-columns, and conditions on lines
where entries are asked for.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import Final

from sqlglot import exp

from daybook.protocols.sql import errors, literals
from daybook.protocols.sql.aggregate import CANONICAL_ORDER
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.tables import (
    AMOUNT_PRECISION,
    ENTRIES,
    LINE_COLUMNS,
    LINES,
    PSEUDO_NAMES,
    Table,
)

Raw: Final = exp.Var
"""A node whose text is written as it is."""

WIRE_TYPES: Final = {
    "o": pg.OID,
    "n": pg.NAME,
    "c": pg.CHAR,
    "v": pg.INT2VECTOR,
    "r": pg.REGPROC,
}
PLAIN_TYPES: Final = {
    "t": pg.TEXT,
    "b": pg.BOOL,
    "i": pg.INT4,
    "l": pg.INT8,
    "s": pg.INT2,
    "f": pg.FLOAT4,
    "d": pg.FLOAT8,
    "z": pg.TIMESTAMPTZ,
    "a": 1009,
    "p": 1028,
    "h": 1005,
    "w": 1028,
}

TYPE_LABELS: Final = {
    pg.TEXT: "text",
    pg.VARCHAR: "varchar",
    pg.INT4: "int4",
    pg.INT8: "int8",
    pg.INT2: "int2",
    pg.NUMERIC: "numeric",
    pg.DATE: "date",
    pg.TIMESTAMP: "timestamp",
    pg.BOOL: "bool",
    pg.TIMESTAMPTZ: "timestamptz",
    pg.FLOAT8: "float8",
    pg.FLOAT4: "float4",
    pg.INTERVAL: "interval",
    pg.TIME: "time",
    pg.UUID_: "uuid",
    pg.OID: "oid",
    pg.NAME: "name",
    pg.BPCHAR: "bpchar",
    pg.BYTEA: "bytea",
}
FUNCTION_LABELS: Final[dict[type, str]] = {
    exp.TimestampTrunc: "date_trunc",
    exp.DateTrunc: "date_trunc",
    exp.Extract: "extract",
    exp.CurrentDatabase: "current_database",
    exp.CurrentVersion: "version",
    exp.CurrentTimestamp: "current_timestamp",
    exp.GroupConcat: "string_agg",
    exp.TimeToStr: "to_char",
    exp.ToChar: "to_char",
    exp.StrToDate: "to_date",
    exp.StrToTime: "to_timestamp",
    exp.LogicalAnd: "bool_and",
    exp.LogicalOr: "bool_or",
    exp.Ceil: "ceil",
    exp.StrPosition: "position",
    exp.Hex: "to_hex",
    exp.Explode: "unnest",
    exp.ExplodingGenerateSeries: "generate_series",
    exp.TimestampFromParts: "make_timestamp",
    exp.Pow: "power",
    exp.Length: "length",
    exp.GenerateSeries: "generate_series",
    exp.CurrentUser: "current_user",
    exp.CurrentCatalog: "current_catalog",
    exp.SessionUser: "session_user",
    exp.Stddev: "stddev",
    exp.Variance: "variance",
    exp.ArrayAgg: "array_agg",
    exp.PercentileCont: "percentile_cont",
    exp.PercentileDisc: "percentile_disc",
}

_DATA_TYPES: Final = {
    "TEXT": pg.TEXT,
    "VARCHAR": pg.VARCHAR,
    "CHAR": pg.BPCHAR,
    "BPCHAR": pg.BPCHAR,
    "NAME": pg.NAME,
    "INT": pg.INT4,
    "BIGINT": pg.INT8,
    "SMALLINT": pg.INT2,
    "UINT": pg.OID,
    "DECIMAL": pg.NUMERIC,
    "DOUBLE": pg.FLOAT8,
    "FLOAT": pg.FLOAT4,
    "DATE": pg.DATE,
    "TIMESTAMP": pg.TIMESTAMP,
    "TIMESTAMPTZ": pg.TIMESTAMPTZ,
    "TIMESTAMPNTZ": pg.TIMESTAMP,
    "TIME": pg.TIME,
    "BOOLEAN": pg.BOOL,
    "INTERVAL": pg.INTERVAL,
    "UUID": pg.UUID_,
    "VARBINARY": pg.BYTEA,
    "BIGDECIMAL": pg.NUMERIC,
}


def type_oid(kind: exp.Expr) -> int | None:
    """The type that a cast names, or None where it is not one of those known here."""
    if isinstance(kind, exp.ObjectIdentifier):
        return pg.OID if str(kind.this).upper() == "OID" else None
    if not isinstance(kind, exp.DataType) or not hasattr(kind.this, "value"):
        return None
    name = str(kind.this.value).upper()
    if name == "ARRAY":
        inner = type_oid(kind.expressions[0]) if kind.expressions else None
        return None if inner is None else pg.ARRAY_OF.get(inner)
    if name == "USERDEFINED":
        return {"oid": pg.OID, "name": pg.NAME, "bool": pg.BOOL}.get(
            str(kind.args.get("kind")).lower()
        )
    return _DATA_TYPES.get(name)


_HEADER: Final = {
    "timemodified": "modified",
    "timecreated": "created",
    "isadjustment": "adjustment",
    "currencyname": "currency",
    "exchangerate": "rate",
    "externalguid": "guid",
    "memo": "memo",
}
_ENTRY: Final = {
    "id": "format('{:X}-{}', e.id, e.second)",
    "referencenumber": "e.doc",
    "txnnumber": "CAST(e.id AS VARCHAR)",
    "date": "e.date",
    "creditlinecount": "e.credits",
    "debitlinecount": "e.debits",
    "editsequence": "CAST(e.second + e.version AS VARCHAR)",
    **{name: f"e.{column}" for name, column in _HEADER.items()},
    "_entry": "e.id",
}
FEW_NAMES: Final = ("account", "class", "department", "project")
"""What lines name of which books have some dozens, where there may be thousands of customers."""
_AXES: Final = {"class": "CLASS", "department": "DEPARTMENT", "project": "PROJECT"}


def _joined(alias: str, entity: str, column: str) -> str:
    return (
        f" LEFT JOIN main.reference {alias}"
        f" ON {alias}.entity = '{entity}' AND {alias}.id = {column}"
    )


# Every line has an account, and this join is twice as fast when it need not look for those without.
_ACCOUNT: Final = _joined("a", "account", "l.account").replace(" LEFT JOIN", " JOIN")
_CONTACT: Final = _joined("c", "contact", "l.contact")
_NUMBERED: Final = "CASE WHEN regexp_full_match(l.tax, '[0-9]{1,19}') THEN l.tax END"
"""Plain digits alone: the engine would take `1.5` for 2."""
_TAX: Final = _joined("t", "list:tax_code", f"TRY_CAST({_NUMBERED} AS BIGINT)")
_LINE: Final[dict[str, tuple[str, str]]] = {
    "id": ("format('{:X}-{}|{:X}-{}', l.entry, l.second, l.line + 1, l.second)", ""),
    "journalentryid": ("format('{:X}-{}', l.entry, l.second)", ""),
    "referencenumber": ("l.doc", ""),
    "txnnumber": ("CAST(l.entry AS VARCHAR)", ""),
    "date": ("l.date", ""),
    "lineid": ("format('{:X}-{}', l.line + 1, l.second)", ""),
    "linetype": ("CASE WHEN l.debit THEN 'Debit' ELSE 'Credit' END", ""),
    "lineaccount": ("a.full_name", _ACCOUNT),
    "lineaccountid": ("a.key", _ACCOUNT),
    "lineamount": ("l.amount", ""),
    "linememo": ("l.memo", ""),
    "lineentityname": ("c.full_name", _CONTACT),
    "lineentityid": ("c.key", _CONTACT),
    "linetaxitem": ("t.name", _TAX),
    "linetaxitemid": ("coalesce(t.key, l.tax)", _TAX),
    "linebillablestatus": ("l.billing", ""),
    "linenumber": ("l.number", ""),
    "linedebit": ("l.debited", ""),
    "linecredit": ("l.credited", ""),
    "editsequence": ("CAST(l.second + l.version AS VARCHAR)", ""),
    **{
        name: (f"e.{column}", " JOIN {entry} e ON e.id = l.entry")
        for name, column in _HEADER.items()
    },
    **{
        f"line{axis}{suffix}": (
            f"{axis[0]}x.{column}",
            _joined(f"{axis[0]}x", f"dimension:{name}", f"l.{axis}"),
        )
        for axis, name in _AXES.items()
        for suffix, column in (("", "full_name"), ("id", "key"))
    },
    "_entry": ("l.entry", ""),
    "_number": ("l.number", ""),
}

ACCOUNT_TYPES: Final = {
    "bank": "Bank",
    "receivable": "AccountsReceivable",
    "other_current_asset": "OtherCurrentAsset",
    "fixed_asset": "FixedAsset",
    "other_asset": "OtherAsset",
    "payable": "AccountsPayable",
    "credit_card": "CreditCard",
    "other_current_liability": "OtherCurrentLiability",
    "long_term_liability": "LongTermLiability",
    "equity": "Equity",
    "income": "Income",
    "other_income": "OtherIncome",
    "cost_of_sales": "CostOfGoodsSold",
    "expense": "Expense",
    "other_expense": "OtherExpense",
    "non_posting": "NonPosting",
}
ENTITY_TYPES: Final = {
    "customer": "Customer",
    "vendor": "Vendor",
    "employee": "Employee",
    "other": "OtherName",
}


def _case(column: str, values: dict[str, str]) -> str:
    parts = " ".join(f"WHEN '{key}' THEN '{value}'" for key, value in values.items())
    return f"CASE {column} {parts} END"


_LIST: Final = {
    "id": "r.key",
    "name": "r.name",
    "fullname": "r.full_name",
    "isactive": "r.active",
    "currencyname": "r.currency",
    "parentid": "(SELECT p.key FROM main.reference p WHERE p.entity = r.entity"
    " AND p.id = r.parent_id)",
}
_LIST_SOURCES: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "Accounts": ("r.entity = 'account'", {"type": _case("r.kind", ACCOUNT_TYPES)}),
    "Entities": (
        "r.entity = 'contact'",
        {"type": _case("r.kind", ENTITY_TYPES), "name": "r.full_name"},
    ),
    "Customers": ("r.entity = 'contact' AND r.kind = 'customer'", {"name": "r.full_name"}),
    "Vendors": ("r.entity = 'contact' AND r.kind = 'vendor'", {"name": "r.full_name"}),
    "Employees": ("r.entity = 'contact' AND r.kind = 'employee'", {"name": "r.full_name"}),
    "Class": ("r.entity = 'dimension:CLASS'", {}),
    "Departments": ("r.entity = 'dimension:DEPARTMENT'", {}),
}


def _relation(name: str, staged: bool) -> str:
    """A table of the copy, with what the session's open transaction has staged laid over it.

    Named with its schema, so that no WITH query of a caller can stand in its place.
    """
    if not staged:
        return f"main.{name}"
    key = "id" if name == "entry" else "entry"
    return (
        f"(SELECT * FROM main.{name} WHERE {key} NOT IN (SELECT id FROM temp.staged_gone)"
        f" UNION ALL SELECT * FROM temp.staged_{name})"
    )


def select_text(table: Table, names: set[str], whole: bool, scale: int, staged: bool) -> str:
    """The subquery that stands for a table where a statement names some of its columns."""
    wanted = [column.name for column in table.columns if whole or column.name.lower() in names]
    hidden = [str(name) for name in ("_entry", "_number") if name in names]
    if table is ENTRIES:
        expressions = {
            **_ENTRY,
            "lineaggregate": _aggregate_text(scale, staged) if "LineAggregate" in wanted else "",
        }
        listed = _listed(wanted + [name for name in hidden if name == "_entry"], expressions)
        return f"SELECT {listed or '1 AS _one'} FROM {_relation('entry', staged)} e"
    if table is LINES:
        return lines_text([*wanted, *hidden], staged)
    where, own = _LIST_SOURCES[table.name]
    balance = (
        "CAST(coalesce((SELECT sum(CASE WHEN l.debit THEN l.home ELSE -l.home END) FROM"
        f" {_relation('line', staged)} l WHERE l.account = r.id), 0)"
        f" AS DECIMAL({AMOUNT_PRECISION},{scale}))"
    )
    listed = _listed(wanted, {**_LIST, "balance": balance, **own})
    return f"SELECT {listed or '1 AS _one'} FROM main.reference r WHERE {where}"


def _listed(wanted: Sequence[str], expressions: dict[str, str]) -> str:
    return ", ".join(f'{expressions[name.lower()]} AS "{name}"' for name in wanted)


def lines_text(wanted: Sequence[str], staged: bool, own: Sequence[str] = ()) -> str:
    """A SELECT of columns of lines, and of some as the copy has them, with a dash before them."""
    joins: dict[str, None] = {}
    for name in wanted:
        join = _LINE[name.lower()][1]
        if join:
            joins[join.replace("{entry}", _relation("entry", staged))] = None
    listed = ", ".join(
        each
        for each in (
            _listed(wanted, {name: expression for name, (expression, _) in _LINE.items()}),
            *(f'l.{name} AS "_{name}"' for name in own),
        )
        if each
    )
    return f"SELECT {listed or '1 AS _one'} FROM {_relation('line', staged)} l{''.join(joins)}"


def named_text(wanted: Sequence[str], sums: Sequence[str], relation: str) -> str:
    """A SELECT of columns of lines that were grouped by what those are made of, with their sums."""
    joins = dict.fromkeys(_LINE[name.lower()][1] for name in wanted)
    listed = _listed(wanted, {name: expression for name, (expression, _) in _LINE.items()})
    summed = "".join(f', l."{name}"' for name in sums)
    return f"SELECT {listed}{summed} FROM {relation} l{''.join(joins)}"


def _aggregate_text(scale: int, staged: bool) -> str:
    """The canonical LineAggregate of an entry, made where it is asked for."""
    escaped = "replace(replace(replace({}, '&', '&amp;'), '<', '&lt;'), '>', '&gt;')"
    parts = []
    for name in CANONICAL_ORDER:
        value = f'CAST(x."{name}" AS VARCHAR)'
        shown = value if name == "LineAmount" else escaped.format(value)
        parts.append(f"coalesce('<{name}>' || {shown} || '</{name}>', '')")
    inner = lines_text([*CANONICAL_ORDER, "_entry", "_number"], staged)
    return (
        "(SELECT '<JournalEntryLines>' || string_agg('<Row>' || "
        + " || ".join(parts)
        + f" || '</Row>', '' ORDER BY x._number) || '</JournalEntryLines>' FROM ({inner}) x"
        " WHERE x._entry = e.id)"
    )


# Conditions that are no columns

_TXN: Final = {"starttxndate": exp.GTE, "endtxndate": exp.LTE}
_MODIFIED: Final = {"startmodifieddate": exp.GTE, "endmodifieddate": exp.LTE}
_LINE_OPERATORS: Final = (
    exp.EQ,
    exp.NEQ,
    exp.LT,
    exp.GT,
    exp.LTE,
    exp.GTE,
    exp.In,
    exp.Like,
    exp.Between,
    exp.Is,
    exp.ILike,
    exp.Escape,
)
TableOf = Callable[[exp.Expr], Table | None]


def terms(where: exp.Expr | None) -> list[exp.Expr]:
    """The terms of the top-level AND of a condition."""
    found: list[exp.Expr] = []
    waiting = [] if where is None else [where]
    while waiting:
        node = waiting.pop()
        if isinstance(node, exp.Paren) and isinstance(node.this, (exp.And, exp.Paren)):
            waiting.append(node.this)
        elif isinstance(node, exp.And):
            waiting.extend((node.expression, node.this))
        else:
            found.append(node)
    return found


def take_pseudo_columns(select: exp.Select, sources: Sequence[exp.Expr], table_of: TableOf) -> None:
    """Replace pseudo-columns and Line* conditions of one SELECT by what they mean."""
    where = select.args.get("where")
    if where is None:
        return
    found = terms(where.this)
    for source in sources:
        table = table_of(source)
        if table is ENTRIES or table is LINES:
            assert isinstance(source, exp.Table)
            assert table is not None
            alone = len(sources) == 1
            found = _without_pseudo(found, source, alone)
            if table is ENTRIES:
                found = _without_lines(found, source, alone)
    misplaced = [
        column
        for term in found
        for column in term.find_all(exp.Column)
        if column.name.lower() in PSEUDO_NAMES and column.find_ancestor(exp.Select) is select
    ]
    if misplaced:
        raise errors.unsupported(
            f"{misplaced[0].name} is compared with = to a value, as a term of its own"
        )
    if found:
        select.set("where", exp.Where(this=exp.and_(*found, copy=False)))
    else:
        select.set("where", None)


def _belongs(column: exp.Expr, source: exp.Table, alone: bool) -> bool:
    if not isinstance(column, exp.Column):
        return False
    if column.table:
        return column.table.lower() == source.alias_or_name.lower()
    return alone


def _column(source: exp.Table, name: str) -> exp.Column:
    return exp.column(
        exp.Identifier(this=name, quoted=True),
        table=exp.Identifier(this=source.alias_or_name, quoted=True),
    )


def _pseudo(term: exp.Expr, source: exp.Table, alone: bool) -> tuple[str, exp.Expr] | None:
    if not isinstance(term, exp.EQ):
        return None
    for column, value in ((term.this, term.expression), (term.expression, term.this)):
        if _belongs(column, source, alone) and column.name.lower() in PSEUDO_NAMES:
            plain = value
            while isinstance(plain, (exp.Cast, exp.Paren)):
                plain = plain.this
            if not isinstance(plain, (exp.Literal, exp.Parameter, exp.Null)):
                raise errors.unsupported(f"{column.name} is compared with a value alone")
            return column.name.lower(), plain
    return None


def _without_pseudo(found: list[exp.Expr], source: exp.Table, alone: bool) -> list[exp.Expr]:
    kept, pseudo = [], {}
    for term in found:
        pair = _pseudo(term, source, alone)
        if pair is None:
            kept.append(term)
        else:
            pseudo[pair[0]] = pair[1]
    day_given = any(
        isinstance(term, exp.EQ)
        and any(
            _belongs(side, source, alone) and side.name.lower() == "date"
            for side in (term.this, term.expression)
        )
        for term in kept
    )
    for names, column, kind in ((_TXN, "Date", pg.DATE), (_MODIFIED, "TimeModified", pg.TIMESTAMP)):
        if names is _TXN and day_given:
            continue
        bounds: list[Bound | None] = []
        for name, operator in names.items():
            value = pseudo.get(name)
            if value is None or isinstance(value, exp.Null):
                bounds.append(None)
                continue
            bound = _bound(value, kind, operator is exp.LTE)
            bounds.append(bound)
            kept.append(_limit(operator, _column(source, column), bound))
        kept.extend(_range_check(bounds))
    return kept


Bound = tuple[date | datetime | None, exp.Expr]


def _bound(value: exp.Expr, kind: int, last: bool) -> Bound:
    name = "DATE" if kind == pg.DATE else "TIMESTAMP"
    target = exp.DataType.build(name)
    if isinstance(value, exp.Parameter):
        return None, exp.Cast(this=value.copy(), to=target)
    text = value.this
    moment: date | datetime
    moment = literals.read_date(text) if kind == pg.DATE else literals.read_moment(text, last)
    return moment, exp.Cast(this=exp.Literal.string(str(moment)), to=target)


def _limit(operator: type[exp.Binary], column: exp.Column, bound: Bound) -> exp.Expr:
    made = operator(this=column, expression=bound[1].copy())
    if bound[0] is not None:
        return made
    return exp.Paren(
        this=exp.Or(this=exp.Is(this=bound[1].copy(), expression=exp.Null()), expression=made)
    )


REVERSED: Final = "Invalid date range: From date is greater than To date"


def _range_check(bounds: Sequence[Bound | None]) -> Iterator[exp.Expr]:
    start, end = bounds
    if start is None or end is None:
        return
    if start[0] is not None and end[0] is not None:
        if str(start[0]) > str(end[0]):
            raise SqlFault(errors.BAD_PARAMETER, REVERSED, status=3030)
        return
    yield exp.Anonymous(this="pg_range", expressions=[start[1].copy(), end[1].copy()])


def _without_lines(found: list[exp.Expr], source: exp.Table, alone: bool) -> list[exp.Expr]:
    """Conditions on lines: the entry qualifies if one line satisfies all of them together."""
    kept, about_lines = [], []
    for term in found:
        columns = [
            column
            for column in term.find_all(exp.Column)
            if _belongs(column, source, alone)
            and column.name.lower() in LINE_COLUMNS
            and column.name.lower() not in ENTRIES.by_name
            and column.find_ancestor(exp.Select) is source.find_ancestor(exp.Select)
        ]
        if not columns:
            kept.append(term)
            continue
        plain = term.this if isinstance(term, exp.Not) else term
        if isinstance(plain, exp.Paren):
            plain = plain.this
        negated = isinstance(term, exp.Not) and not isinstance(
            plain, (exp.Is, exp.In, exp.Like, exp.ILike, exp.Between, exp.Escape)
        )
        if not isinstance(plain, _LINE_OPERATORS) or negated or plain.find(exp.Or, exp.Subquery):
            raise errors.unsupported(
                "conditions on lines of JournalEntries are comparisons joined by AND"
            )
        for column in columns:
            column.set("table", exp.Identifier(this="_line", quoted=True))
        about_lines.append(term)
    if about_lines:
        about_lines.append(
            exp.EQ(this=exp.column("_entry", table="_line"), expression=_column(source, "_entry"))
        )
        inner = exp.Select(
            expressions=[exp.Literal.number(1)],
            from_=exp.From(
                this=exp.Table(
                    this=exp.Identifier(this="JournalEntryLines", quoted=True),
                    alias=exp.TableAlias(this=exp.Identifier(this="_line", quoted=True)),
                )
            ),
            where=exp.Where(this=exp.and_(*about_lines, copy=False)),
        )
        kept.append(exp.Exists(this=inner))
    return kept
