"""Statements about the session: settings, transactions, cursors, COPY out, procedures."""

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from daybook.protocols.sql import copying, errors, procedures, statements
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.literals import read_boolean
from daybook.protocols.sql.pgwire import messages
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.results import ListRows, Plan, Result
from daybook.protocols.sql.statements import Statement, Token

if TYPE_CHECKING:
    from daybook.protocols.sql.session import Session

Values = Sequence[str | None]
Make = Callable[["Session", Statement, Sequence[int]], Plan]


def _text_field(name: str) -> messages.Field:
    return messages.Field(name, pg.TEXT)


def _tag(tag: str, do: Callable[["Session"], object], *, ends_block: bool = False) -> Plan:
    def run(session: "Session", _: Values) -> Result:
        done = do(session)
        return Result(done if isinstance(done, str) else tag)

    return Plan(run, ends_block=ends_block, cached=False)


def _words(statement: Statement) -> list[str]:
    return [token.word or token.text for token in statement.tokens]


def _syntax(token: Token | None) -> SqlFault:
    near = "end of input" if token is None else f'or near "{token.text[:60]}"'
    return SqlFault(errors.SYNTAX, f"syntax error at {near}")


# Transactions

_MODES: Final = frozenset(
    [
        "transaction",
        "work",
        "isolation",
        "level",
        "read",
        "only",
        "write",
        "committed",
        "uncommitted",
        "repeatable",
        "serializable",
        "deferrable",
        "not",
        ",",
        "and",
        "no",
        "chain",
    ]
)


def _begin(_: "Session", statement: Statement, __: Sequence[int]) -> Plan:
    words = _words(statement)[1:]
    for word, token in zip(words, statement.tokens[1:], strict=True):
        if word not in _MODES:
            raise _syntax(token)
    read_only = "only" in words
    return _tag(
        "START TRANSACTION" if statement.keyword == "start" else "BEGIN",
        lambda session: session.begin(read_only),
    )


def _commit(_: "Session", statement: Statement, __: Sequence[int]) -> Plan:
    if "prepared" in _words(statement):
        raise errors.unsupported("two-phase commit is not supported")

    def run(session: "Session", _: Values) -> Result:
        return Result(session.commit())

    return Plan(run, ends_block=True, cached=False, writes=True, path="write")


def _rollback(_: "Session", statement: Statement, __: Sequence[int]) -> Plan:
    words = _words(statement)
    if "prepared" in words:
        raise errors.unsupported("two-phase commit is not supported")
    if "to" in words:
        name = _last_name(statement)
        return _tag("ROLLBACK", lambda session: session.rollback_to(name), ends_block=True)
    return _tag("ROLLBACK", lambda session: session.rollback(), ends_block=True)


def _last_name(statement: Statement) -> str:
    token = statement.tokens[-1]
    if token.kind not in ("word", "quoted"):
        raise _syntax(token)
    return token.word or token.text


def _savepoint(_: "Session", statement: Statement, __: Sequence[int]) -> Plan:
    name = _last_name(statement)
    return _tag("SAVEPOINT", lambda session: session.savepoint(name))


def _release(_: "Session", statement: Statement, __: Sequence[int]) -> Plan:
    name = _last_name(statement)
    return _tag("RELEASE", lambda session: session.release(name))


# Settings


def _set(_: "Session", statement: Statement, __: Sequence[int]) -> Plan:
    tokens = list(statement.tokens[1:])
    local = bool(tokens) and tokens[0].word == "local"
    if tokens and tokens[0].word in ("session", "local"):
        if len(tokens) > 1 and tokens[1].word in ("characteristics", "authorization"):
            return _tag("SET", lambda _: None)
        tokens.pop(0)
    if not tokens:
        raise _syntax(None)
    first = tokens[0].word
    if first in ("transaction", "constraints"):
        read_only = "only" in [token.word for token in tokens]
        return _tag("SET", lambda session: session.set_read_only(read_only))
    if first in ("role", "authorization"):
        return _tag("SET", lambda _: None)
    if first == "time" and len(tokens) > 1 and tokens[1].word == "zone":
        name, values = "timezone", tokens[2:]
    else:
        name, at = _setting_name(tokens)
        if at >= len(tokens) or (tokens[at].text not in ("=",) and tokens[at].word != "to"):
            raise _syntax(tokens[at] if at < len(tokens) else None)
        values = tokens[at + 1 :]
    if not values:
        raise _syntax(None)
    text = "".join(", " if token.text == "," else token.text for token in values)
    if len(values) == 1 and values[0].word in ("default", "local"):
        return _changed(local, lambda session: session.reset(name, local))
    return _changed(local, lambda session: session.set(name, text, local))


def _changed(local: bool, change: Callable[["Session"], None]) -> Plan:
    def do(session: "Session") -> None:
        if local and not session.in_block:
            session.notice("25P01", "SET LOCAL can only be used in transaction blocks")
        session.settle(lambda: change(session))

    return _tag("SET", do)


def _setting_name(tokens: Sequence[Token]) -> tuple[str, int]:
    name, at = tokens[0].text, 1
    while at + 1 < len(tokens) and tokens[at].text == ".":
        name += "." + tokens[at + 1].text
        at += 2
    return name.lower(), at


def _reset(_: "Session", statement: Statement, __: Sequence[int]) -> Plan:
    if len(statement.tokens) < 2:
        raise _syntax(None)
    name, _at = _setting_name(statement.tokens[1:])
    if name == "all":
        return _tag("RESET", lambda session: session.reset_all())
    return _tag("RESET", lambda session: session.reset(name))


_LEVELS: Final = {
    "transaction isolation level": "transaction_isolation",
    "time zone": "timezone",
    "session authorization": "session_authorization",
}


def _show(session: "Session", statement: Statement, _: Sequence[int]) -> Plan:
    words = _words(statement)[1:]
    if not words:
        raise _syntax(None)
    name = _LEVELS.get(" ".join(words)) or "".join(words)
    if name == "all":
        columns = [_text_field(each) for each in ("name", "setting", "description")]

        def run_all(session: "Session", _: Values) -> Result:
            rows = [(key, value, "") for key, value in sorted(session.settings.items())]
            return Result("SHOW", ListRows(rows), counted=False)

        return Plan(run_all, columns=columns)
    shown = session.shown_name(name)

    def run(session: "Session", _: Values) -> Result:
        return Result("SHOW", ListRows([(session.show(name),)]), counted=False)

    return Plan(run, columns=[_text_field(shown)], cached=False)


def _discard(_: "Session", statement: Statement, __: Sequence[int]) -> Plan:
    word = _words(statement)[-1]
    if word not in ("all", "plans", "sequences", "temp", "temporary"):
        raise _syntax(statement.tokens[-1])
    return _tag(f"DISCARD {word.upper()}", lambda session: session.discard(word))


def _unlisten(_: "Session", __: Statement, ___: Sequence[int]) -> Plan:
    """Nobody listens: pools say so before a connection goes to its next user."""
    return _tag("UNLISTEN", lambda _: None)


def _deallocate(_: "Session", statement: Statement, __: Sequence[int]) -> Plan:
    tokens = [token for token in statement.tokens[1:] if token.word != "prepare"]
    if len(tokens) != 1:
        raise _syntax(tokens[-1] if tokens else None)
    if tokens[0].word == "all":
        return _tag("DEALLOCATE ALL", lambda session: session.prepared.clear())
    name = tokens[0].word or tokens[0].text
    return _tag("DEALLOCATE", lambda session: session.deallocate(name))


def config(tree: exp.Expr) -> Plan | None:
    """The plan of `SELECT set_config('name', 'value', false)`, or None for other queries.

    Beside it, `current_setting` may stand; tools ask it FROM pg_settings WHERE name = 'name' too,
    which is one row as well.
    """
    if not isinstance(tree, exp.Select) or not any(map(_is_config, tree.expressions)):
        return None
    source = tree.args.get("from_")
    if source is not None and source.this.name.lower() != "pg_settings":
        raise errors.unsupported("set_config stands alone here")
    changes = [_change(item) for item in tree.expressions]
    labels = [item.alias_or_name or _called(item).name.lower() for item in tree.expressions]

    def run(session: "Session", _: Values) -> Result:
        def change() -> list[str | None]:
            row: list[str | None] = []
            for name, text, local in changes:
                if text is not None:
                    session.set(name, text, local)
                row.append(session.show(name))
            return row

        return Result("SELECT", ListRows([tuple(session.settle(change))]))

    return Plan(run, columns=[_text_field(label) for label in labels], cached=False)


_CONFIG: Final = "set_config"


def _is_config(item: exp.Expr) -> bool:
    return _called(item).name.lower() == _CONFIG


def _called(item: exp.Expr) -> exp.Expr:
    inner = item.this if isinstance(item, exp.Alias) else item
    found: exp.Expr = inner.expression if isinstance(inner, exp.Dot) else inner
    return found


def _change(item: exp.Expr) -> tuple[str, str | None, bool]:
    """The setting that an item of the list names, what it is set to, if it is, and how long."""
    call = _called(item)
    given = [each.this for each in call.expressions[:2] if isinstance(each, exp.Literal)]
    known = isinstance(call, exp.Anonymous) and len(given) == (2 if _is_config(item) else 1)
    if not known or call.name.lower() not in (_CONFIG, "current_setting"):
        raise errors.unsupported("set_config takes literals and stands alone here")
    if not _is_config(item):
        return str(given[0]), None, False
    match call.expressions[2:]:
        case [exp.Boolean(this=local)]:
            return str(given[0]), str(given[1]), bool(local)
        case [exp.Literal(is_string=True, this=text)]:
            return str(given[0]), str(given[1]), read_boolean(text)
    raise errors.unsupported("set_config takes whether its setting is local as true or false")


# Cursors

_DECLARE = re.compile(
    r"""\s*declare\s+("[^"]+"|[A-Za-z_]\w*)\s+((?:binary|asensitive|insensitive|no|scroll|\s)*)
    cursor\s*((?:with|without|hold|\s)*)for\s+(.*)""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)


def _declare(session: "Session", statement: Statement, declared: Sequence[int]) -> Plan:
    found = _DECLARE.fullmatch(statement.text)
    if found is None:
        raise _syntax(None)
    name = found[1][1:-1] if found[1].startswith('"') else found[1].lower()
    hold = "hold" in found[3].lower() and "without" not in found[3].lower()
    scroll = "scroll" in found[2].lower() and "no" not in found[2].lower().split()
    inner = statements.split(found[4])
    if len(inner) != 1 or inner[0].keyword not in ("select", "with", "values", "table"):
        raise _syntax(None)
    plan = session.planner.make(session, inner[0], declared)
    binary = "binary" in found[2].lower()

    def run(session: "Session", values: Values) -> Result:
        session.declare(name, plan, values, hold=hold, scroll=scroll, binary=binary)
        return Result("DECLARE CURSOR")

    return Plan(run, plan.parameters, None, cached=False, path=plan.path)


_DIRECTIONS: Final = frozenset(
    ("next", "prior", "first", "last", "absolute", "relative", "forward", "backward", "all")
)


def _fetch(session: "Session", statement: Statement, _: Sequence[int]) -> Plan:
    moving = statement.keyword == "move"
    name, direction, count = _direction(statement)
    cursor = session.cursor(name)

    def run(session: "Session", _: Values) -> Result:
        cursor = session.cursor(name)
        if not moving and direction == "forward" and not cursor.scroll:
            return Result("FETCH", cursor.streamed(count))
        rows = cursor.move(direction, count)
        if moving:
            return Result(f"MOVE {len(rows)}")
        return Result("FETCH", ListRows(rows))

    return Plan(run, columns=None if moving else list(cursor.columns), cached=False)


def _direction(statement: Statement) -> tuple[str, str, int | None]:
    """Cursor, direction and count (None: all) of FETCH and MOVE."""
    tokens = list(statement.tokens[1:])
    if not tokens:
        raise _syntax(None)
    last = tokens.pop()
    name = last.word or last.text
    words = [token.word or token.text for token in tokens if token.word not in ("from", "in")]
    direction, count = "forward", 1
    if words and words[0] in _DIRECTIONS:
        direction = words.pop(0)
    text = "".join(words)
    if direction == "all" or text == "all":
        return name, "backward" if direction == "backward" else "forward", None
    if text:
        if not re.fullmatch(r"-?[0-9]{1,10}", text):
            raise _syntax(tokens[-1])
        count = int(text)
    if direction == "next":
        direction = "forward"
    elif direction == "prior":
        direction = "backward"
    if direction in ("forward", "backward") and count < 0:
        direction = "backward" if direction == "forward" else "forward"
        count = -count
    return name, direction, count


def _close(session: "Session", statement: Statement, _: Sequence[int]) -> Plan:
    name = _last_name(statement)
    if name == "all" and statement.tokens[-1].kind == "word":
        return _tag("CLOSE CURSOR ALL", lambda session: session.close_cursors())
    return _tag("CLOSE CURSOR", lambda session: session.close_cursor(name))


# COPY out, EXPLAIN

_COPY = re.compile(
    r"\s*copy\s+(?:\((.*)\)|([^()]+?)\s*(\([^()]*\))?)\s+to\s+stdout\b\s*(.*)",
    re.IGNORECASE | re.DOTALL,
)


def _copy(session: "Session", statement: Statement, declared: Sequence[int]) -> Plan:
    found = _COPY.fullmatch(statement.text)
    if found is None:
        raise errors.unsupported("COPY … TO STDOUT alone is supported")
    text = found[1]
    if text is None:
        columns = found[3][1:-1] if found[3] else "*"
        text = f"SELECT {columns} FROM {found[2]}"
    inner = statements.split(text)
    if len(inner) != 1 or inner[0].keyword not in ("select", "with", "values", "table"):
        raise errors.unsupported("COPY takes a query here")
    plan = session.planner.make(session, inner[0], declared)
    form, options = copying.options_of(found[4])

    def run(session: "Session", values: Values) -> Result:
        made = plan.run(session, values)
        assert isinstance(made, Result)
        return Result("COPY", made.rows, copy=form, options=options)

    made = Plan(run, plan.parameters, None, cached=False, path=plan.path)
    made.copy_columns = plan.columns
    return made


_EXPLAINED: Final = frozenset(("select", "with", "values", "table", "insert", "update", "delete"))
_EXPLAIN = re.compile(
    r"\s*explain\s*(\([^()]*\)|(?:analyze|verbose|\s)*)\s*(.*)", re.IGNORECASE | re.DOTALL
)


def _explain(session: "Session", statement: Statement, declared: Sequence[int]) -> Plan:
    found = _EXPLAIN.fullmatch(statement.text)
    inner = statements.split(found[2]) if found is not None else []
    if len(inner) != 1 or inner[0].keyword not in _EXPLAINED:
        raise _syntax(None)
    plan = session.planner.make(session, inner[0], declared)
    way = "Look-up in the store" if plan.path == "lookup" else "Scan of the analytical copy"
    text = way if plan.columns is not None and not plan.writes else "Command to the ledger"

    def run(_: "Session", __: Values) -> Result:
        return Result("EXPLAIN", ListRows([(text,)]), counted=False)

    return Plan(run, plan.parameters, [_text_field("QUERY PLAN")], cached=False)


def _call(session: "Session", statement: Statement, declared: Sequence[int]) -> Plan:
    return procedures.plan(session, statement, declared)


PLANS: Final[dict[str, Make]] = {
    "begin": _begin,
    "start": _begin,
    "commit": _commit,
    "end": _commit,
    "rollback": _rollback,
    "abort": _rollback,
    "savepoint": _savepoint,
    "release": _release,
    "set": _set,
    "reset": _reset,
    "show": _show,
    "discard": _discard,
    "unlisten": _unlisten,
    "deallocate": _deallocate,
    "declare": _declare,
    "fetch": _fetch,
    "move": _fetch,
    "close": _close,
    "copy": _copy,
    "explain": _explain,
    "call": _call,
    "exec": _call,
    "execute": _call,
}
"""What plans each statement, by its first word."""
