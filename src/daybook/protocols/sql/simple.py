"""Simple SELECTs, answered by the store: one table, comparisons joined by AND, maybe a LIMIT.

A look-up by ID, by reference number or over a few days costs a few index reads here; the copy
would look at every row. What this form does not cover goes to the copy; both give the same rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from daybook.app.ports import Reader
from daybook.protocols.sql import literals
from daybook.protocols.sql.catalog import TABLE_OIDS
from daybook.protocols.sql.conditions import (
    Bound,
    Constant,
    Other,
    Parameters,
    Term,
    bind,
    constant,
    terms_of,
)
from daybook.protocols.sql.limits import LINES_AT_ONCE, LOOKED_UP_AT_ONCE, LOOKED_UP_MAX
from daybook.protocols.sql.lookup import candidates, numbers_of
from daybook.protocols.sql.pgwire import messages
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.render import Renderer, rows_of
from daybook.protocols.sql.results import Lengthy, ListRows, Plan, Result, Row
from daybook.protocols.sql.tables import ENTRIES, LINES, TABLES, Table, modifier
from daybook.protocols.sql.trees import check_limit

if TYPE_CHECKING:
    from daybook.protocols.sql.session import Session

_KEYS: Final = frozenset(("id", "journalentryid", "txnnumber", "referencenumber"))
_UNIQUE: Final = frozenset(("id", "journalentryid", "txnnumber"))
_RANGES: Final = frozenset(("date", "timemodified"))
LIMIT_MAX: Final = 1_000
"""Largest LIMIT of a range that the store answers; more rows are read faster from the copy."""


@dataclass(frozen=True, slots=True)
class Look:
    """A simple SELECT: which columns of which table, under which conditions."""

    table: Table
    columns: tuple[str, ...]
    terms: tuple[Term, ...]
    limit: Constant | None
    offset: Constant | None
    keyed: bool


def plan(tree: exp.Expr, declared: Sequence[int], scale: int) -> Plan | None:
    """The plan of a simple SELECT, or None where the statement is not one."""
    if not isinstance(tree, exp.Select):
        return None
    parameters = Parameters(declared)
    original = tree.copy()
    try:
        look, fields = _look(tree, parameters, scale)
    except Other:
        return None

    def run(session: "Session", values: Sequence[str | None]) -> Result:
        session.need_read()  # the plan may be another session's
        bound = bind(look.terms, values)
        limit, offset = _count(look.limit, values), _count(look.offset, values) or 0
        with session.books.read() as reader:
            if session.hurried and _is_long(reader, bound):
                raise Lengthy
            rows = _rows(reader, look, bound, limit, offset)
        if rows is not None:
            return Result("SELECT", ListRows(rows))
        # a reference that thousands of entries share: those are streamed from the copy
        scan = session.planner.query(session, original.copy(), parameters.types(), fast_path=False)
        return scan.run(session, values)

    return Plan(run, parameters.types(), fields, quick=_is_quick(look), path="lookup")


def _is_long(reader: Reader, bound: Sequence[Bound]) -> bool:
    """Whether the entries that are looked up have more lines than are read where others wait."""
    numbers = numbers_of(bound)
    each = LINES_AT_ONCE // max(len(numbers), 1)
    return any(reader.has_more_lines(number, each) for number in numbers)


def _is_quick(look: Look) -> bool:
    """Whether a look-up touches so few entries that it may hold up the event loop."""
    return any(
        term.operator in ("=", "in")
        and term.column.name.lower() in _UNIQUE
        and len(term.constants) <= LOOKED_UP_AT_ONCE
        and not (look.table is LINES and term.column.name == "ID")
        for term in look.terms
    )


_CLAUSES: Final = frozenset(("expressions", "from_", "where", "limit", "offset", "kind", "hint"))


def _look(
    tree: exp.Select, parameters: Parameters, scale: int
) -> tuple[Look, list[messages.Field]]:
    if any(value for name, value in tree.args.items() if name not in _CLAUSES):
        raise Other
    start = tree.args.get("from_")
    source = None if start is None else start.this
    if not isinstance(source, exp.Table) or not isinstance(source.this, exp.Identifier):
        raise Other
    if source.db.lower() not in ("", "public") or source.catalog or source.args.get("joins"):
        raise Other
    table = TABLES.get(source.name.lower())
    if table is not ENTRIES and table is not LINES:
        raise Other
    assert table is not None
    alias = source.alias_or_name
    terms = terms_of(tree.args.get("where"), table, alias, parameters)
    names = {term.column.name.lower() for term in terms}
    keyed = any(
        term.operator in ("=", "in")
        and term.column.name.lower() in _KEYS
        and not (table is LINES and term.column.name == "ID")
        for term in terms
    )
    limit = _clause(tree, "limit", parameters)
    offset = _clause(tree, "offset", parameters)
    ranged = limit is not None and not limit.parameter and int(limit.text or 0) <= LIMIT_MAX
    if not keyed and not (ranged and names <= _RANGES):
        raise Other
    columns, fields = _columns(tree, table, alias, scale)
    return Look(table, columns, tuple(terms), limit, offset, keyed), fields


def _clause(tree: exp.Select, name: str, parameters: Parameters) -> Constant | None:
    node = tree.args.get(name)
    if node is None:
        return None
    if isinstance(node.args.get("limit_options"), exp.LimitOptions):
        check_limit(node.args["limit_options"])
    inner = node.args.get("expression") or node.args.get("count")
    if not isinstance(node, (exp.Limit, exp.Offset, exp.Fetch)) or inner is None:
        raise Other
    found = constant(inner, parameters, pg.INT8)
    if found is None or (not found.parameter and literals.natural(found.text or "") is None):
        raise Other
    return found


def _count(clause: Constant | None, values: Sequence[str | None]) -> int | None:
    text = None if clause is None else clause.value(values)
    return None if text is None else max(0, int(literals.canonical(pg.INT8, text)))


def _columns(
    tree: exp.Select, table: Table, alias: str, scale: int
) -> tuple[tuple[str, ...], list[messages.Field]]:
    found: list[tuple[str, str]] = []
    for item in tree.expressions:
        inner = item.this if isinstance(item, exp.Alias) else item
        if isinstance(inner, exp.Star) or (isinstance(inner, exp.Column) and inner.is_star):
            if isinstance(inner, exp.Star) and any(inner.args.values()):
                raise Other
            if isinstance(inner, exp.Column) and inner.table.lower() != alias.lower():
                raise Other
            found.extend((column.name.lower(), column.name) for column in table.columns)
            continue
        if not isinstance(inner, exp.Column) or inner.table.lower() not in ("", alias.lower()):
            raise Other
        column = table.by_name.get(inner.name.lower())
        if column is None:
            raise Other
        label = item.alias if isinstance(item, exp.Alias) else column.name
        found.append((inner.name.lower(), label))
    return tuple(name for name, _ in found), [
        field_of(table, name, label, scale) for name, label in found
    ]


def field_of(table: Table, name: str, label: str | None, scale: int) -> messages.Field:
    """A column of a table as RowDescription tells it."""
    column = table.by_name[name.lower()]
    return messages.Field(
        label or column.name,
        column.oid,
        pg.SIZES.get(column.oid, -1),
        modifier(column, scale),
        TABLE_OIDS[table.name.lower()],
        table.columns.index(column) + 1,
    )


def _rows(
    reader: Reader, look: Look, bound: Sequence[Bound], limit: int | None, offset: int
) -> list[Row] | None:
    """The rows, or None where more entries have to be read than a look-up may."""
    renderer = Renderer(reader)
    found: list[Row] = []
    wanted = None if limit is None else offset + limit
    tested = tuple(each.column.name.lower() for each in bound)
    for number, entry in enumerate(candidates(reader, bound)):
        if number == LOOKED_UP_MAX and not (wanted is not None and wanted <= LIMIT_MAX):
            return None
        tests = rows_of(renderer, look.table, entry, tested)
        holding = [
            all(each.holds(value) for each, value in zip(bound, row, strict=True)) for row in tests
        ]
        if any(holding):
            rows = rows_of(renderer, look.table, entry, look.columns)
            found.extend(row for row, holds in zip(rows, holding, strict=True) if holds)
        if wanted is not None and len(found) >= wanted:
            break
    return found[offset : wanted if wanted is not None else None]
