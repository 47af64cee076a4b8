"""INSERT, UPDATE and DELETE as commands of the core.

Nothing of a caller's statement reaches a store: values are read here, every entry becomes one
command, and all of a statement are carried out together or not at all.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from sqlglot import exp

from daybook.domain.commands import Command, DeleteEntry, LineDraft, NoteDraft, PatchEntry
from daybook.domain.events import CONTACT, dimension_entity
from daybook.domain.ids import ById
from daybook.domain.model import CLASS, JournalEntry, Note
from daybook.protocols.sql import conditions, drafts, errors, ids, literals
from daybook.protocols.sql.conditions import Constant, Other, Parameters, Term
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.pgwire import messages
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.results import ListRows, Plan, Result
from daybook.protocols.sql.simple import field_of
from daybook.protocols.sql.tables import ENTRIES, HEADER_COLUMNS, LINES, TABLES, Column, Table

if TYPE_CHECKING:
    from daybook.protocols.sql.session import Session

Values = Sequence[str | None]


@dataclass(slots=True)
class Target:
    """What a statement writes to: a table of the books, or a temporary one."""

    table: Table | None
    temp: str | None
    alias: str


def plan(session: "Session", tree: exp.Expr, declared: Sequence[int]) -> Plan:
    """The plan of a statement that writes. Raises `SqlFault`."""
    if tree.args.get("with_") is not None and not isinstance(tree, exp.Insert):
        raise errors.unsupported("WITH is supported before SELECT alone")
    if isinstance(tree, exp.Insert):
        return _plan_insert(session, tree, declared)
    if isinstance(tree, exp.Update):
        return _plan_update(session, tree, declared)
    if isinstance(tree, exp.Delete):
        return _plan_delete(session, tree, declared)
    raise errors.unsupported("this statement is not supported")


def _target(node: exp.Expr | None, database: str) -> Target:
    if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
        raise SqlFault(errors.SYNTAX, "a table is wanted")
    name, schema = node.name, node.db.lower()
    if schema not in ("", "public"):
        raise errors.no_table(f"{node.db}.{name}")
    if node.catalog and node.catalog.lower() != database:
        raise errors.unsupported("cross-database references are not implemented")
    if name.lower().endswith("#temp"):
        return Target(None, name, node.alias_or_name)
    table = TABLES.get(name.lower())
    if table is None:
        raise errors.no_table(name)
    if not table.writable:
        raise errors.unsupported(f"{table.name} is read-only here")
    return Target(table, None, node.alias_or_name)


# RETURNING


def _returning(
    tree: exp.Expr, table: Table, scale: int
) -> tuple[tuple[str, ...], list[messages.Field]] | None:
    node = tree.args.get("returning")
    if node is None:
        return None
    names, fields = [], []
    for item in node.expressions:
        inner = item.this if isinstance(item, exp.Alias) else item
        if item.is_star:
            found: list[tuple[str, str | None]] = [(each.name, None) for each in table.columns]
        elif isinstance(inner, exp.Column):
            if inner.name.lower() not in table.by_name:
                raise errors.no_column(inner.name, table.name)
            found = [(inner.name, item.alias if isinstance(item, exp.Alias) else None)]
        else:
            raise errors.unsupported("RETURNING takes columns here")
        for name, label in found:
            names.append(name.lower())
            fields.append(field_of(table, name, label, scale))
    return tuple(names), fields


# INSERT


def _plan_insert(session: "Session", tree: exp.Insert, declared: Sequence[int]) -> Plan:
    schema = tree.this
    names: list[str] | None = None
    if isinstance(schema, exp.Schema):
        names = [item.name for item in schema.expressions]
        schema = schema.this
    if tree.args.get("conflict") is not None:
        raise errors.unsupported("ON CONFLICT is not supported")
    target = _target(schema, session.database)
    if target.table is not None and names is None:
        names = [column.name for column in target.table.columns]
    source = tree.expression
    if names is None or source is None:
        raise SqlFault(errors.SYNTAX, "the columns of the INSERT are wanted")
    kinds = _kinds(target.table, names)
    parameters = Parameters(declared)
    rows = _constants(source, kinds, parameters)
    if rows is not None:
        types = parameters.types()

        def given(_: "Session", values: Values) -> list[list[str | None]]:
            return [[None if c is None else c.value(values) for c in row] for row in rows]

        fetch: Callable[[Session, Values], list[list[str | None]]] = given
        _check_width(rows, names)
    else:
        types, fetch = _queried(session, source, names, declared)
    if target.temp is not None:
        return _plan_temp_insert(target.temp, names, types, fetch)
    table = target.table
    assert table is not None
    columns = drafts.targets(table, names)
    returning = _returning(tree, table, session.scale)
    emptied = _temps_of(source)

    def run(session: "Session", values: Values) -> Result:
        return _insert(session, table, columns, fetch(session, values), returning, emptied)

    return Plan(
        run,
        types,
        None if returning is None else returning[1],
        not emptied,
        writes=True,
        path="write",
    )


def _kinds(table: Table | None, names: Sequence[str]) -> list[int]:
    if table is None:
        return [pg.TEXT] * len(names)
    found = []
    for name in names:
        plain = name.partition("#")[0].lower()
        column = table.by_name.get(plain) or LINES.by_name.get(plain)
        found.append(pg.TEXT if column is None else column.oid)
    return found


def _constants(
    source: exp.Expr, kinds: Sequence[int], parameters: Parameters
) -> list[list[Constant | None]] | None:
    """The rows of VALUES where all are constants; a DEFAULT is None. Else None."""
    if not isinstance(source, exp.Values) or source.args.get("alias") is not None:
        return None
    rows = []
    for item in source.expressions:
        cells = item.expressions if isinstance(item, exp.Tuple) else [item]
        row: list[Constant | None] = []
        for at, cell in enumerate(cells):
            if isinstance(cell, (exp.Column, exp.Var)) and cell.name.upper() == "DEFAULT":
                row.append(None)
                continue
            found = conditions.constant(cell, parameters, kinds[at] if at < len(kinds) else pg.TEXT)
            if found is None:
                return None
            row.append(found)
        rows.append(row)
    return rows


def _check_width(rows: Sequence[Sequence[Any]], names: Sequence[str]) -> None:
    for row in rows:
        if len(row) > len(names):
            raise SqlFault(errors.SYNTAX, "INSERT has more expressions than target columns")
        if len(row) < len(names):
            raise SqlFault(errors.SYNTAX, "INSERT has more target columns than expressions")


def _queried(
    session: "Session", source: exp.Expr, names: Sequence[str], declared: Sequence[int]
) -> tuple[list[int], Callable[["Session", Values], list[list[str | None]]]]:
    inner = session.planner.query(session, source.copy(), declared)
    assert inner.columns is not None
    _check_width([inner.columns], names)

    def fetch(session: "Session", values: Values) -> list[list[str | None]]:
        result = inner.run(session, values)
        assert isinstance(result, Result)
        assert result.rows is not None
        found: list[list[str | None]] = []
        while batch := result.rows.fetch(1_000):
            found.extend(list(row) for row in batch)
            if len(found) > session.staged_max:
                raise SqlFault(errors.LIMIT, f"more than {session.staged_max} rows at once")
        return found

    return inner.parameters, fetch


def _temps_of(source: exp.Expr) -> list[str]:
    """The #TEMP tables that a successful INSERT … SELECT empties."""
    return [
        table.name for table in source.find_all(exp.Table) if table.name.lower().endswith("#temp")
    ]


def _plan_temp_insert(
    name: str,
    names: Sequence[str],
    types: list[int],
    fetch: Callable[["Session", Values], list[list[str | None]]],
) -> Plan:
    parent = TABLES.get(name.lower().removesuffix("#temp"))
    if parent is None or not parent.writable:
        raise errors.no_table(name)
    for column in names:
        known = column.lower() in parent.by_name or column.lower() in LINES.by_name
        if not known:
            raise errors.no_column(column, name)

    def run(session: "Session", values: Values) -> Result:
        rows = fetch(session, values)
        session.need_write()
        session.temps.add(name, names, rows)
        return Result(f"INSERT 0 {len(rows)}")

    return Plan(run, types, None, cached=False, writes=True, path="write")


def _insert(
    session: "Session",
    table: Table,
    columns: Sequence[drafts.Target],
    rows: Sequence[Sequence[str | None]],
    returning: tuple[tuple[str, ...], list[messages.Field]] | None,
    emptied: Sequence[str],
) -> Result:
    session.need_write()
    if returning is not None:
        session.need_read()
    rows = [_with_temp_aggregate(session, columns, row) for row in rows]
    made, ignored = drafts.entries(table, columns, rows, session.online)
    for name in ignored:
        session.notice("01000", f'the value given for column "{name}" is ignored')
    if not made:
        return _outcome(table, [], returning, session, "INSERT 0")
    second = session.clock_second() if session.in_block else None
    with session.snapshot() as reader:
        drafter = drafts.Drafter(reader)
        commands = [drafter.command(draft, second) for draft in made]
    _check_guids(session, commands)
    entries = session.write(commands)
    session.inserted(entries)
    for name in emptied:
        session.temps.drop(name)
    return _outcome(table, entries, returning, session, "INSERT 0")


def _with_temp_aggregate(
    session: "Session", columns: Sequence[drafts.Target], row: Sequence[str | None]
) -> Sequence[str | None]:
    """A LineAggregate that names a #TEMP table stands for that table's rows."""
    found = list(row)
    for at, column in enumerate(columns):
        value = row[at]
        if column.kind == "aggregate" and value and value.strip().lower().endswith("#temp"):
            found[at] = session.temps.as_aggregate(value.strip())
    return found


def _check_guids(session: "Session", commands: Iterable[Command]) -> None:
    guids = []
    for command in commands:
        content = getattr(command, "content", None)
        text = None if content is None else dict(content.annex).get(ids.WIRE)
        guid = None if text is None else literals.json_member(text, "guid")
        if guid is not None:
            guids.append(guid)
    taken = session.taken_guid(guids)
    if taken is not None:
        raise SqlFault(
            errors.UNIQUE,
            f'ExternalGUID "{taken[:100]}" is used',
            status=3100,
            column="ExternalGUID",
        )


def _outcome(
    table: Table,
    entries: Sequence[JournalEntry],
    returning: tuple[tuple[str, ...], list[messages.Field]] | None,
    session: "Session",
    tag: str,
    count: int | None = None,
    lines: Callable[[JournalEntry, int], bool] | None = None,
) -> Result:
    if count is None:
        count = len(entries) if table is ENTRIES else sum(len(each.lines) for each in entries)
    if returning is None:
        return Result(f"{tag} {count}")
    rows = session.rendered(table, entries, returning[0], lines)
    return Result(f"{tag} {count}", ListRows(rows), counted=False)


# UPDATE and DELETE


def _names_version(terms: Sequence[Term]) -> bool:
    return any(term.column.kind == "edit" for term in terms)


_KEY_HINT: Final = "give the ID of the rows: WHERE ID = '...'"


def _keyed_terms(tree: exp.Expr, table: Table, alias: str, parameters: Parameters) -> list[Term]:
    try:
        found = conditions.terms_of(tree.args.get("where"), table, alias, parameters)
    except Other:
        found = []
    if not any(term.column.name == "ID" and term.operator in ("=", "in") for term in found):
        raise errors.unsupported(f"{table.name} is changed by ID alone", _KEY_HINT)
    return found


def _plan_delete(session: "Session", tree: exp.Delete, declared: Sequence[int]) -> Plan:
    target = _target(tree.this, session.database)
    parameters = Parameters(declared)
    if tree.args.get("using"):
        raise errors.unsupported("DELETE … USING is not supported")
    if target.temp is not None:
        return _plan_temp_delete(target.temp, tree)
    table = target.table
    assert table is not None
    if table is LINES:
        raise errors.unsupported(errors.ONLY_WHOLE)
    terms = _keyed_terms(tree, table, target.alias, parameters)
    returning = _returning(tree, table, session.scale)

    def run(session: "Session", values: Values) -> Result:
        session.need_write()
        if returning is not None:
            session.need_read()
        found = session.matching(table, conditions.bind(terms, values))
        if not found:
            return _outcome(table, [], returning, session, "DELETE")
        seen = _names_version(terms)
        commands = [DeleteEntry(entry.id, entry.version if seen else None) for entry in found]
        session.write(commands)
        return _outcome(table, found, returning, session, "DELETE")

    return Plan(
        run,
        parameters.types(),
        None if returning is None else returning[1],
        writes=True,
        path="write",
    )


def _plan_temp_delete(name: str, tree: exp.Delete) -> Plan:
    if tree.args.get("where") is not None:
        raise errors.unsupported("DELETE of all rows of a #TEMP table is supported alone")

    def run(session: "Session", _: Values) -> Result:
        return Result(f"DELETE {session.temps.drop(name)}")

    return Plan(run, [], None, cached=False)


def _plan_update(session: "Session", tree: exp.Update, declared: Sequence[int]) -> Plan:
    if session.online:
        raise errors.unsupported(errors.ONLINE_UPDATE)
    target = _target(tree.this, session.database)
    table = target.table
    if table is None or tree.args.get("from_") is not None:
        raise errors.unsupported("this form of UPDATE is not supported")
    parameters = Parameters(declared)
    settings: dict[str, Constant | None] = {}
    for item in tree.expressions:
        column = _set_column(item, table)
        value = conditions.constant(item.expression, parameters, column.oid)
        default = isinstance(item.expression, (exp.Column, exp.Var)) and (
            item.expression.name.upper() == "DEFAULT"
        )
        if value is None and not default:
            raise errors.unsupported("UPDATE sets columns to values here")
        if column.name in settings:
            message = f'multiple assignments to same column "{column.name}"'
            raise SqlFault(errors.SYNTAX, message)
        settings[column.name] = value
    terms = _keyed_terms(tree, table, target.alias, parameters)
    returning = _returning(tree, table, session.scale)

    def run(session: "Session", values: Values) -> Result:
        session.need_write()
        if returning is not None:
            session.need_read()
        given = {
            name: None if value is None else value.value(values) for name, value in settings.items()
        }
        return _update(session, table, given, conditions.bind(terms, values), returning)

    return Plan(
        run,
        parameters.types(),
        None if returning is None else returning[1],
        writes=True,
        path="write",
    )


_LINE_SETTABLE: Final = frozenset(
    (
        "LineMemo",
        "LineEntityName",
        "LineEntityId",
        "LineClass",
        "LineClassId",
        "LineBillableStatus",
        "LineTaxItem",
        "LineTaxItemId",
    )
)


def _set_column(item: exp.Expr, table: Table) -> Column:
    if not isinstance(item, exp.EQ) or not isinstance(item.this, exp.Column):
        raise errors.unsupported("this form of SET is not supported")
    name = item.this.name
    column = table.by_name.get(name.lower())
    if "#" in name or (table is ENTRIES and name.lower() in LINES.by_name and column is None):
        raise errors.unsupported(errors.ONLY_WHOLE)
    if column is None:
        raise errors.no_column(name, table.name)
    if column.kind == "aggregate":
        raise errors.unsupported(errors.ONLY_WHOLE)
    if column.kind == "line" and column.name not in _LINE_SETTABLE:
        raise errors.unsupported(errors.LINE_ALONE)
    if column.kind not in ("header", "line", "edit"):
        raise SqlFault(
            errors.GENERATED,
            f'column "{column.name}" is read-only',
            column=column.name,
            table=table.name,
        )
    return column


def _update(
    session: "Session",
    table: Table,
    given: dict[str, str | None],
    bound: Sequence[conditions.Bound],
    returning: tuple[tuple[str, ...], list[messages.Field]] | None,
) -> Result:
    matched = session.matching_lines(bound) if table is LINES else {}
    found = (
        session.matching(table, bound)
        if table is ENTRIES
        else [entry for entry, _ in matched.values()]
    )
    if not found:
        return _outcome(table, [], returning, session, "UPDATE", 0)
    stale = given.pop("EditSequence", None)
    exact = stale is not None or any(each.column.kind == "edit" for each in bound)
    for entry in found:
        current = ids.edit_sequence(entry.version, ids.created_second(entry))
        if stale is not None and stale != current:
            message = f'The provided edit sequence "{stale[:60]}" is out-of-date.'
            raise SqlFault(errors.STALE, message, status=3200)
    with session.snapshot() as reader:
        drafter = drafts.Drafter(reader)
        commands = [
            _patch(entry, given, matched.get(entry.id, (entry, frozenset()))[1], drafter, exact)
            for entry in found
        ]
    entries = session.write(commands)
    count = len(entries)
    lines: Callable[[JournalEntry, int], bool] | None = None
    if table is LINES:
        count = sum(len(chosen) for _, chosen in matched.values())
        lines = lambda entry, line: line in matched[entry.id][1]  # noqa: E731
    return _outcome(table, entries, returning, session, "UPDATE", count, lines)


def _patch(
    entry: JournalEntry,
    given: dict[str, str | None],
    lines: frozenset[int],
    drafter: drafts.Drafter,
    exact: bool,
) -> PatchEntry:
    """The change of one entry. The last writer wins where nothing says or implies a version."""
    whole = exact or bool(lines) or "ExternalGUID" in given
    patch = PatchEntry(entry.id, entry.version if whole else None)
    readers: dict[str, Callable[[str | None], dict[str, Any]]] = {
        "ReferenceNumber": lambda text: {"doc_number": text},
        "Memo": lambda text: {"memo": text},
        "Date": lambda text: {"posting_date": literals.read_date(text) if text else None},
        "IsAdjustment": lambda text: {
            "adjustment": bool(text) and literals.read_boolean(text or "")
        },
        "CurrencyName": lambda text: {"currency": text or None},
        "ExchangeRate": lambda text: {"rate": drafts.rate(text)},
        "ExternalGUID": lambda text: {"annex": _with_guid(entry, text or None)},
    }
    for name, text in given.items():
        if name in readers:
            patch = replace(patch, **readers[name](text))
    changes = {name: text for name, text in given.items() if name.lower() not in HEADER_COLUMNS}
    if changes and lines:
        made = tuple(_line_draft(entry, line, lines, changes, drafter) for line in entry.sequence)
        patch = replace(patch, lines=made)
    return patch


def _with_guid(entry: JournalEntry, guid: str | None) -> tuple[tuple[str, str], ...]:
    kept = dict(entry.annex)
    second = ids.created_second(entry) if ids.WIRE in kept else None
    text = ids.annex_text(second, guid)
    others = [pair for pair in entry.annex if pair[0] != ids.WIRE]
    return tuple(sorted([*others, *([] if text is None else [(ids.WIRE, text)])]))


def _line_draft(
    entry: JournalEntry,
    line: Any,
    chosen: frozenset[int],
    changes: dict[str, str | None],
    drafter: drafts.Drafter,
) -> LineDraft | NoteDraft:
    if isinstance(line, Note):
        return NoteDraft(line.description, line.annex, line.id)
    dimensions: dict[str, Any] = {axis: ById(number) for axis, number in line.dimensions}
    draft = LineDraft(
        side=line.side,
        amount=line.amount,
        account=ById(line.account_id),
        contact=None if line.contact_id is None else ById(line.contact_id),
        description=line.description,
        tax=line.tax,
        billing=line.billing,
        annex=line.annex,
        id=line.id,
        home_amount=None if entry.rate is None else line.home_amount,
    )
    if line.id in chosen:
        if "LineMemo" in changes:
            draft = replace(draft, description=changes["LineMemo"])
        if "LineEntityName" in changes or "LineEntityId" in changes:
            contact = drafter.ref(changes, "LineEntityName", "LineEntityId", CONTACT)
            draft = replace(draft, contact=contact)
        if "LineClass" in changes or "LineClassId" in changes:
            ref = drafter.ref(changes, "LineClass", "LineClassId", dimension_entity(CLASS))
            dimensions.pop(CLASS, None)
            if ref is not None:
                dimensions[CLASS] = ref
        if "LineBillableStatus" in changes:
            draft = replace(draft, billing=drafts.billing(changes["LineBillableStatus"]))
        if "LineTaxItem" in changes or "LineTaxItemId" in changes:
            draft = replace(draft, tax=drafter.tax(changes))
    return replace(draft, dimensions=tuple(sorted(dimensions.items())))
