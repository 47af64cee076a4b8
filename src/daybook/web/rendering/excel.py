"""A table as an Excel workbook: amounts are numbers one can go on computing with.

Excel computes with fifteen digits, so an amount with more of them is written as text: a total of
hundreds of billions that is wrong in its last digit would be worse than one that cannot be added.
"""

import io
from datetime import date
from typing import TYPE_CHECKING, Final

from daybook.app.report_tables import Cell, RowKind, Table, TableRow
from daybook.domain.money import amount_decimal, amount_text
from daybook.web.rendering.csv import LEVEL

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

NUMBER_MAX: Final = 10**15 - 1
"""Largest number of minor units that Excel's fifteen digits hold exactly."""

HEAD_ROWS: Final = 4
"""Rows above the first one of the table: what it is, of whom, of when, titles of columns."""

_WIDTHS: Final = {"text": 32, "code": 10, "date": 12, "amount": 24}
"""In letters; the head of an amount names two days."""


def render(table: Table) -> bytes:
    """A workbook of one sheet."""
    # The library takes as long to load as a small server takes to start, and few ever ask for it.
    import xlsxwriter

    out = io.BytesIO()
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        book.set_properties({"title": f"{table.title} {table.scope}", "company": table.company})
        sheet = book.add_worksheet(table.title[:31].translate(_NOT_IN_NAMES))
        strong = book.add_format({"bold": True})
        sheet.write_string(0, 0, f"{table.company}: {table.title}", strong)
        sheet.write_string(1, 0, f"{table.scope}, in {table.currency}")
        title = book.add_format({"bold": True, "bottom": 1})
        if table.is_tree:
            sheet.set_column(0, 0, len(LEVEL) + 1)
            sheet.write_string(HEAD_ROWS - 1, 0, LEVEL, title)
        for at, column in enumerate(table.columns, start=int(table.is_tree)):
            sheet.set_column(at, at, _WIDTHS[column.kind.value])
            sheet.write_string(HEAD_ROWS - 1, at, column.title, title)
        sheet.freeze_panes(HEAD_ROWS, 0)
        digits = "0" * table.exponent
        number = f"#,##0.{digits}" if digits else "#,##0"
        formats = {
            kind: (
                book.add_format(look),
                book.add_format({**look, "num_format": number, "align": "right"}),
                book.add_format({**look, "num_format": "yyyy-mm-dd", "align": "left"}),
            )
            for kind, look in _LOOKS.items()
        }
        for at, row in enumerate(table.rows, start=HEAD_ROWS):
            _write(sheet, at, row, table, formats[row.kind])
    return out.getvalue()


_NOT_IN_NAMES: Final = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
_LOOKS: Final[dict[RowKind, dict[str, object]]] = {
    RowKind.HEADING: {"bold": True},
    RowKind.LINE: {},
    RowKind.SUBTOTAL: {"bold": True, "top": 1},
    RowKind.TOTAL: {"bold": True, "top": 1, "bottom": 6},
}


def _write(
    sheet: "Worksheet", at: int, row: TableRow, table: Table, formats: "tuple[Format, ...]"
) -> None:
    text, number, day = formats
    exponent, first = table.exponent, int(table.is_tree)
    if table.is_tree:
        sheet.write_number(at, 0, row.depth, text)
    for column, cell in enumerate(row.cells, start=first):
        match cell:
            case None | "":
                sheet.write_blank(at, column, None, text)
            case date():
                sheet.write_datetime(at, column, cell, day)
            case int() if abs(cell) <= NUMBER_MAX:
                # written digit by digit: the library makes text of a decimal, Excel reads that
                sheet.write_number(at, column, amount_decimal(cell, exponent), number)
            case int():
                sheet.write_string(at, column, amount_text(cell, exponent), number)
            case str():
                indent = "   " * row.depth if column == first + table.name_column else ""
                sheet.write_string(at, column, indent + _storable(cell), text)


def _storable(text: Cell) -> str:
    """A text as a cell can hold it: Excel's own bound is 32,767 characters, ours is far below."""
    assert isinstance(text, str)
    kept = "".join(letter for letter in text if letter >= " " or letter in "\t\n")
    return kept.encode("utf-8", "replace").decode()
