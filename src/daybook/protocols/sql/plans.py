"""From a statement to its plan: the store, the copy, a command, or a word about the session."""

import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from daybook.protocols.sql import errors, simple, statements, utility, writes
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.results import Plan, Result
from daybook.protocols.sql.rewrite import Rewriter
from daybook.protocols.sql.statements import Statement

if TYPE_CHECKING:
    from daybook.protocols.sql.session import Session

_QUERIES: Final = frozenset(("select", "with", "values", "table"))
_WRITES: Final = frozenset(("insert", "update", "delete"))
_REFUSED: Final = frozenset(
    [
        "create",
        "alter",
        "drop",
        "truncate",
        "grant",
        "revoke",
        "comment",
        "do",
        "listen",
        "notify",
        "vacuum",
        "analyze",
        "cluster",
        "reindex",
        "refresh",
        "security",
        "import",
        "merge",
        "lock",
        "prepare",
        "load",
        "attach",
        "detach",
        "install",
        "pragma",
        "use",
        "export",
        "checkpoint",
        "reassign",
        "replace",
        "describe",
        "summarize",
        "pivot",
    ]
)


_CHANGING: Final = frozenset(("create", "alter", "drop", "truncate", "grant", "revoke", "comment"))
"""Those of them that a read-only transaction is what stands in the way of, as in PostgreSQL."""


_LOG = logging.getLogger("daybook.sql")


def make(session: "Session", statement: Statement, declared: Sequence[int]) -> Plan:
    """The plan of a statement. Raises `SqlFault`. May take milliseconds."""
    try:
        return _make(session, statement, declared)
    except (AttributeError, LookupError, TypeError, ValueError, RuntimeError):
        # A tree of a shape that nobody has thought of: a fault of ours, but no reason to hang up.
        _LOG.exception("a statement could not be planned")
        raise errors.unsupported("the statement is not supported") from None


def _make(session: "Session", statement: Statement, declared: Sequence[int]) -> Plan:
    word = statement.keyword
    if word in _QUERIES:
        return query(session, statements.parse(statement), declared)
    if word == "update" and any(token.text == "(" for token in statement.tokens[2:3]):
        raise errors.unsupported("UPDATE of columns from a query is not supported")
    if word in _WRITES:
        return writes.plan(session, statements.parse(statement), declared)
    known: Callable[[Session, Statement, Sequence[int]], Plan] | None = utility.PLANS.get(word)
    if known is not None:
        return known(session, statement, declared)
    if word in _CHANGING and session.read_only:
        message = f"cannot execute {word.upper()} in a read-only transaction"
        raise SqlFault(errors.READ_ONLY, message)
    if word in _REFUSED:
        raise errors.unsupported(f"{word.upper()} is not supported")
    raise SqlFault(errors.SYNTAX, f'syntax error at or near "{word[:60]}"')


def query(
    session: "Session", tree: exp.Expr, declared: Sequence[int], *, fast_path: bool = True
) -> Plan:
    """The plan of a query: by the store where that is simple and wanted, else by the copy."""
    session.need_read()
    setting = utility.config(tree)
    if setting is not None:
        return setting
    if isinstance(tree, exp.Select) and tree.args.get("into") is not None:
        raise errors.unsupported("SELECT INTO is not supported")
    if not session.staging and session.fast_path and fast_path:
        found = simple.plan(tree, declared, session.scale)
        if found is not None:
            return found
    session.settle_stage()
    engine = session.engine
    temps = session.temp_columns()
    rewritten = Rewriter(
        tree, declared, engine.copy.scale, engine.staged, temps, engine.copy.company.slug
    ).run()
    for name in rewritten.temps:
        engine.set_table(name, *session.temp_rows(name))
    described = engine.describe(rewritten)

    def run(session: "Session", values: Sequence[str | None]) -> Result:
        session.need_read()  # the plan may be another session's
        session.settle_stage()
        for name in rewritten.temps:
            session.engine.set_table(name, *session.temp_rows(name))
        return Result("SELECT", session.engine.run(described, values))

    cached = not rewritten.temps and not engine.staged
    return Plan(run, rewritten.parameters, described.columns, cached, path="scan")


class _Planner:
    """See `Planner`."""

    def make(self, session: "Session", statement: Statement, declared: Sequence[int]) -> Plan:
        """The plan of a statement."""
        return make(session, statement, declared)

    def query(
        self,
        session: "Session",
        tree: exp.Expr,
        declared: Sequence[int],
        *,
        fast_path: bool = True,
    ) -> Plan:
        """The plan of a query."""
        return query(session, tree, declared, fast_path=fast_path)


PLANNER: Final = _Planner()
"""Makes plans for sessions."""
