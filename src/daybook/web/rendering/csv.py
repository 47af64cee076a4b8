"""A table as CSV: UTF-8 with its mark, so that spreadsheets read names right; one head row.

Spreadsheets take a cell that begins with `=`, `+`, `-` or `@` for a formula, and a memo can be
written by anybody. Such texts get an apostrophe in front, which spreadsheets take for "this is
text". Amounts and dates are made here and stay as they are.
"""

import csv
import io
from datetime import date
from typing import Final

from daybook.app.report_tables import Cell, CellKind, Column, RowKind, Table
from daybook.domain.money import amount_text

LEVEL: Final = "Level"
"""The column of depths: 0 for headings and sums, 1 for accounts, 2 for those below."""

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def render(table: Table) -> bytes:
    """The rows under the titles of the columns; of a tree, each row's depth before it.

    Where rows say for themselves what they are of, headings are left out: programs would have to
    remember them.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    level = [LEVEL] if table.is_tree else []
    columns = (*table.groups, *table.columns)
    writer.writerow([*level, *(guarded(column.title) for column in columns)])
    for row in table.rows:
        if table.groups and row.kind is RowKind.HEADING:
            continue
        group = row.group or (None,) * len(table.groups)
        cells = (
            _text(cell, column, table.exponent)
            for cell, column in zip((*group, *row.cells), columns, strict=True)
        )
        writer.writerow([str(row.depth), *cells] if table.is_tree else cells)
    return out.getvalue().encode("utf-8-sig", "replace")


def guarded(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return "'" + text if text.lstrip(" \n").startswith(_FORMULA) else text


def _text(cell: Cell, column: Column, exponent: int) -> str:
    if cell is None:
        return ""
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, int):
        assert column.kind is CellKind.AMOUNT
        return amount_text(cell, exponent)
    return guarded(cell)
