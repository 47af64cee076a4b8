"""Procedures: CALL name(p => v), or EXEC name @p = v as the original driver has it."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from daybook.domain.commands import CreateEntry, EntryContent, LineDraft
from daybook.domain.ids import ById
from daybook.domain.query import And, Compare, Field, Filter, Keyset, Op, Query, sort_key
from daybook.protocols.sql import errors, ids, literals
from daybook.protocols.sql.catalog_shown import PROCEDURES
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.limits import PAGE_ROWS, PARAMETERS_MAX
from daybook.protocols.sql.lookup import by_ids
from daybook.protocols.sql.pgwire import messages
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.results import ListRows, Plan, Result, Row
from daybook.protocols.sql.statements import Statement, Token

if TYPE_CHECKING:
    from daybook.protocols.sql.session import Session

Arguments = dict[str, str | None]


def plan(session: "Session", statement: Statement, declared: Sequence[int]) -> Plan:
    """The plan of a call. Raises `SqlFault`."""
    tokens = list(statement.tokens[1:])
    if not tokens or tokens[0].kind not in ("word", "quoted"):
        raise SqlFault(errors.SYNTAX, "syntax error: a procedure is wanted")
    name = tokens.pop(0).text
    while len(tokens) > 1 and tokens[0].text == ".":
        name = tokens[1].text
        del tokens[:2]
    known = _RUNS.get(name.lower())
    if known is None:
        if statement.keyword == "execute" and name.lower() in session.prepared:
            raise errors.unsupported("EXECUTE of a prepared statement is not supported")
        raise SqlFault(errors.NO_FUNCTION, f"procedure {name[:100]} does not exist")
    canonical, run = known
    parameters = next(each for proc, _, each in PROCEDURES if proc == canonical)
    given = _arguments(tokens, [each for each, _ in parameters])
    count = max([0, *(number for _, number in given.values())])

    def go(session: "Session", values: Sequence[str | None]) -> Result:
        arguments = {
            key: values[number - 1] if number else text for key, (text, number) in given.items()
        }
        for parameter, required in parameters:
            if required and not arguments.get(parameter):
                message = f"the parameter {parameter} of {canonical} is wanted"
                raise SqlFault(errors.BAD_PARAMETER, message)
        return Result("CALL", ListRows(run(session, arguments)), counted=False)

    types = [(declared[at] if at < len(declared) else 0) or pg.TEXT for at in range(count)]
    return Plan(go, types, [messages.Field("Id", pg.TEXT)], cached=False, writes=True, path="write")


def _arguments(tokens: Sequence[Token], names: Sequence[str]) -> dict[str, tuple[str | None, int]]:
    """Arguments by name: a text, or the number of a parameter."""
    plain = [token for token in tokens if token.text not in ("(", ")", "@")]
    parts: list[list[Token]] = [[]]
    for token in plain:
        if token.kind == "op" and token.text == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    found: dict[str, tuple[str | None, int]] = {}
    for at, part in enumerate(each for each in parts if each):
        if len(part) >= 3 and part[1].text in ("=", "=>", ":="):
            name = next((each for each in names if each.lower() == part[0].text.lower()), None)
            values = part[2:]
        else:
            name = names[at] if at < len(names) else None
            values = part
        if name is None or len(values) != 1:
            raise SqlFault(errors.SYNTAX, f'syntax error at or near "{part[0].text[:60]}"')
        token = values[0]
        if token.kind == "param":
            number = literals.natural(token.text[1:])
            if number is None or not 0 < number <= PARAMETERS_MAX:
                raise SqlFault("42P02", f"there is no parameter {token.text[:20]}")
            found[name] = (None, number)
        else:
            found[name] = (None if token.word == "null" else token.text, 0)
    return found


def _reverse(session: "Session", arguments: Arguments) -> list[Row]:
    session.need_write()
    session.need_read()
    text = arguments.get("Date")
    with session.books.read() as reader:
        entry = next(by_ids(reader, [arguments["Id"] or ""]), None)
    if entry is None:
        raise SqlFault("02000", f'there is no entry "{(arguments["Id"] or "")[:60]}"', status=500)
    lines = tuple(
        LineDraft(
            side=line.side.opposite,
            amount=line.amount,
            account=ById(line.account_id),
            contact=None if line.contact_id is None else ById(line.contact_id),
            dimensions=tuple((axis, ById(number)) for axis, number in line.dimensions),
            description=line.description,
            tax=line.tax,
            home_amount=None if entry.rate is None else line.home_amount,
        )
        for line in entry.lines
    )
    content = EntryContent(
        lines=lines,
        posting_date=literals.read_date(text) if text else None,
        doc_number=entry.doc_number,
        memo=entry.memo,
        currency=entry.currency,
        rate=entry.rate,
        adjustment=entry.adjustment,
    )
    if session.in_block:
        kept = ids.annex_text(session.clock_second(), None)
        content = replace(content, annex=((ids.WIRE, kept or ""),))
    made = session.write([CreateEntry(content)])
    session.inserted(made)
    return [(ids.entry_id(each),) for each in made]


def _deleted(session: "Session", arguments: Arguments) -> list[Row]:
    session.need_read()
    where: list[Filter] = [Compare(Field.DELETED, Op.EQ, True)]
    for name, operator, last in (
        ("StartModifiedDate", Op.GE, False),
        ("EndModifiedDate", Op.LE, True),
    ):
        text = arguments.get(name)
        if text:
            moment = literals.microseconds(literals.read_moment(text, last))
            where.append(Compare(Field.MODIFIED_AT, operator, moment))
    rows: list[Row] = []
    after = None
    with session.books.read() as reader:
        while True:
            page = reader.entries(Query(And(tuple(where)), page=Keyset(PAGE_ROWS, after)))
            rows.extend((ids.entry_id(entry),) for entry in page)
            if len(page) < PAGE_ROWS or len(rows) >= session.staged_max:
                return rows
            after = sort_key(page[-1], ())


_RUNS: Final[dict[str, tuple[str, Callable[["Session", Arguments], list[Row]]]]] = {
    "reversejournalentry": ("ReverseJournalEntry", _reverse),
    "getdeleted": ("GetDeleted", _deleted),
}
