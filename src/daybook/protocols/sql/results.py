"""Results: columns, rows of text, and what carries them out.

A plan is a statement made ready: the types of its parameters, its columns, and how it is run. Rows
come in batches as tuples of text or None; `encoding` makes bytes of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlglot import exp

from daybook.protocols.sql.limits import LINES_AT_ONCE
from daybook.protocols.sql.pgwire import messages
from daybook.protocols.sql.statements import Statement

Row = tuple[str | None, ...]


class Rows(Protocol):
    """Rows that are still to come."""

    @property
    def blocking(self) -> bool:
        """Whether `fetch` takes long enough to belong on another thread."""

    def fetch(self, limit: int) -> list[Row]:
        """The next rows, at most `limit`; none at the end."""

    def close(self) -> None:
        """Nobody wants the rest."""


class Lengthy(Exception):
    """A quick plan that would take long with the values it was given: it belongs on a thread."""


class ListRows:
    """Rows that are there already; many of them are encoded on another thread."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows
        self._at = 0
        self.blocking = len(rows) > LINES_AT_ONCE

    def fetch(self, limit: int) -> list[Row]:
        """The next rows."""
        found = list(self._rows[self._at : self._at + limit])
        self._at += len(found)
        return found

    def close(self) -> None:
        """Forget them."""
        self._rows = ()


@dataclass(slots=True)
class Result:
    """What came of a statement: rows, or a command's tag alone.

    With rows, `tag` is completed by their number, as in `SELECT 3`.
    """

    tag: str
    rows: Rows | None = None
    counted: bool = True
    """Whether the number of rows is part of the tag."""
    copy: str | None = None
    """The format, where the rows go out as COPY data: text, csv or binary."""
    options: dict[str, str] = field(default_factory=dict)


Run = Callable[[Any, Sequence[str | None]], "Result"]
"""Runs a plan in a session with the values of its parameters."""


@dataclass(slots=True)
class Plan:
    """A statement made ready. `columns` is None where it returns no rows."""

    run: Run
    parameters: list[int] = field(default_factory=list)
    columns: list[messages.Field] | None = None
    cached: bool = True
    ends_block: bool = False
    """Whether it may run in a failed transaction: it ends or rewinds it."""
    writes: bool = False
    copy_columns: list[messages.Field] | None = None
    """The columns of the rows, where they go out as COPY data."""
    quick: bool = False
    """Whether it takes so little that it need not go to another thread; then it may raise
    `Lengthy` where `Session.hurried` says that it was not sent to one."""
    path: str = "session"
    """Where it goes, for metrics: lookup, scan, write, or session."""


class Planner(Protocol):
    """Makes plans, for statements that hold others: cursors, COPY, INSERT … SELECT."""

    def make(self, session: Any, statement: Statement, declared: Sequence[int]) -> Plan:
        """The plan of a statement. Raises `SqlFault`."""

    def query(
        self, session: Any, tree: exp.Expr, declared: Sequence[int], *, fast_path: bool = True
    ) -> Plan:
        """The plan of a query; without `fast_path` by the copy. Raises `SqlFault`."""
