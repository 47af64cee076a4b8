"""Cursors of SQL: DECLARE, FETCH and MOVE over rows that are still being made."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.limits import BATCH_ROWS, CURSOR_ROWS_MAX
from daybook.protocols.sql.pgwire import messages
from daybook.protocols.sql.results import Row, Rows


@dataclass(slots=True)
class Cursor:
    """An open cursor. Where it may go back (`scroll`), the rows that have passed are kept."""

    name: str
    columns: Sequence[messages.Field]
    rows: Rows
    hold: bool
    scroll: bool
    binary: bool
    passed: list[Row] = field(default_factory=list)
    at: int = 0
    """The number of the row it stands on, from 1; 0 before the first, one above behind the last."""

    def streamed(self, count: int | None) -> "Streamed":
        """The next rows (None: all), made as they are sent; where it does not go back."""
        return Streamed(self.rows, count)

    def move(self, direction: str, count: int | None) -> list[Row]:
        """Rows in a direction; None takes all. Raises `SqlFault` where it cannot go back."""
        if not self.scroll:
            if direction != "forward":
                hint = "declare it with SCROLL option to enable backward scan"
                raise SqlFault("55000", "cursor can only scan forward", hint=hint)
            return self._next(count)
        if direction == "forward":
            return self._forward(count)
        if direction == "backward":
            return self._backward(count)
        return self._go_to(direction, count or 0)

    def _forward(self, count: int | None) -> list[Row]:
        start = self.at
        self._reach(None if count is None else start + count)
        found = self.passed[start : None if count is None else start + count]
        whole = count is not None and len(found) == count
        self.at = start + len(found) if whole else len(self.passed) + 1
        return found

    def _backward(self, count: int | None) -> list[Row]:
        start = self.at
        last = 0 if count is None else max(0, start - count)
        found = [self.passed[number - 1] for number in range(start - 1, last - 1, -1) if number]
        self.at = last
        return found

    def _go_to(self, direction: str, count: int) -> list[Row]:
        self._reach(None)
        total = len(self.passed)
        targets = {"first": 1, "last": total, "relative": self.at + count}
        target = targets.get(direction, count if count >= 0 else total + 1 + count)
        self.at = max(0, min(target, total + 1))
        return [self.passed[target - 1]] if 0 < target <= total else []

    def _next(self, count: int | None) -> list[Row]:
        """Pass rows by; of many only their number matters."""
        found: list[Row] = []
        rows = self.streamed(count)
        while batch := rows.fetch(BATCH_ROWS):
            found.extend([()] * len(batch))
        return found

    def _reach(self, wanted: int | None) -> None:
        while wanted is None or len(self.passed) < wanted:
            batch = self.rows.fetch(BATCH_ROWS)
            if not batch:
                return
            self.passed.extend(batch)
            if len(self.passed) > CURSOR_ROWS_MAX:
                message = f"a cursor that may go back keeps {CURSOR_ROWS_MAX} rows at most"
                raise SqlFault("53200", message, hint="declare it with NO SCROLL")


class Streamed:
    """The next rows of a cursor, as many as are wanted. The cursor stays open."""

    blocking = True

    def __init__(self, rows: Rows, count: int | None) -> None:
        self._rows = rows
        self._left = count

    def fetch(self, limit: int) -> list[Row]:
        """The next rows."""
        if self._left is None:
            return self._rows.fetch(limit)
        found: list[Row] = []
        while self._left and len(found) < limit:
            batch = self._rows.fetch(min(limit - len(found), self._left))
            if not batch:
                self._left = 0
            self._left -= len(batch)
            found.extend(batch)
        return found

    def close(self) -> None:
        """The cursor keeps what is left."""
