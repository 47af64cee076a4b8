"""How a program asks this interface for an entry: a statement, and the rows it gets."""

from collections.abc import Sequence
from typing import Final

from daybook.domain.model import JournalEntry
from daybook.protocols.kit.exhibits import Exhibit
from daybook.protocols.sql import ids, statements
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.results import Row
from daybook.protocols.sql.session import Session

_COLUMNS: Final = (
    "LineNumber",
    "LineType",
    "LineAccount",
    "LineAmount",
    "LineEntityName",
    "LineMemo",
)

ROWS_MAX: Final = 50
"""Rows that are shown: one for each line, and nobody reads more of them here."""


def exhibit(session: Session, entry: JournalEntry) -> Exhibit:
    """Select the lines of an entry. Closes nothing: the session is the caller's."""
    text = (
        f"SELECT {', '.join(_COLUMNS)}\n"
        "  FROM JournalEntryLines\n"
        f" WHERE JournalEntryID = '{ids.entry_id(entry)}'\n"
        " ORDER BY LineNumber"
        f" LIMIT {ROWS_MAX};"
    )
    try:
        return Exhibit(ids.WIRE, text, _table(_rows(session, text)))
    except SqlFault as fault:
        return Exhibit(ids.WIRE, text, f"ERROR: {fault}")


def _rows(session: Session, text: str) -> list[Row]:
    found: list[Row] = []
    for statement in statements.split(text):
        result = session.planner.make(session, statement, ()).run(session, ())
        while result.rows is not None and (batch := result.rows.fetch(ROWS_MAX)):
            found.extend(batch)
    return found


def _table(rows: Sequence[Row]) -> str:
    """Rows as terminals show them."""
    texts = [_COLUMNS, *(tuple("" if cell is None else str(cell) for cell in row) for row in rows)]
    widths = [max(len(row[at]) for row in texts) for at in range(len(_COLUMNS))]
    lines = [
        " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in texts
    ]
    rule = "-+-".join("-" * width for width in widths)
    count = f"({len(rows)} row{'' if len(rows) == 1 else 's'})"
    return "\n".join([lines[0], rule, *lines[1:], count])
