"""A table on paper: A4, a head on every page, amounts in columns, sums ruled as accountants do.

Drawn straight onto the page, a row at a time, so that a hundred thousand rows need no more memory
than their file. A text that is too wide for its column is cut and ends in dots.
"""

import io
from datetime import date
from typing import TYPE_CHECKING, Final

from daybook.app.report_tables import Cell, CellKind, RowKind, Table, TableRow
from daybook.domain.money import amount_text
from daybook.web.rendering import fonts

if TYPE_CHECKING:
    from reportlab.pdfgen.canvas import Canvas

MARGIN: Final = 40.0
ROW_HEIGHT: Final = 13.0
FONT_SIZE: Final = 8.0
HEAD_HEIGHT: Final = 62.0
INDENT: Final = 10.0
GAP: Final = 6.0
"""Points, of which an inch has 72: borders, rows, letters, the head of a page, levels, columns."""

_WEIGHTS: Final = {
    CellKind.TEXT: 3.0,
    CellKind.CODE: 1.0,
    CellKind.DATE: 1.2,
    CellKind.AMOUNT: 2.0,
}
"""How columns share the width of a page."""

PORTRAIT_COLUMNS_MAX: Final = 5
"""Columns that have room on an upright page."""


def render(table: Table) -> bytes:
    """The pages of a table."""
    # The library takes as long to load as a small server takes to start, and few ever ask for it.
    from reportlab.lib.pagesizes import A4, landscape
    from reportlab.pdfgen.canvas import Canvas

    fonts.glyphs()
    out = io.BytesIO()
    upright = len(table.columns) <= PORTRAIT_COLUMNS_MAX
    size = A4 if upright else landscape(A4)
    canvas = Canvas(out, pagesize=size, pageCompression=1)
    canvas.setTitle(_plain(f"{table.title} {table.scope}"))
    canvas.setAuthor(_plain(table.company))
    page = _Page(canvas, size, table)
    for row in table.rows:
        page.add(row)
    page.end()
    canvas.save()
    return out.getvalue()


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


class _Page:
    """Where on which page the next row goes."""

    def __init__(self, canvas: "Canvas", size: tuple[float, float], table: Table) -> None:
        self._canvas = canvas
        self._table = table
        self._width, self._height = size
        weights = [_WEIGHTS[column.kind] for column in table.columns]
        room = self._width - 2 * MARGIN
        edges = [MARGIN]
        for weight in weights:
            edges.append(edges[-1] + room * weight / sum(weights))
        self._edges = edges
        self._number = 0
        self._begin()

    def add(self, row: TableRow) -> None:
        """Draw a row, on a new page where this one is full."""
        if self._top < MARGIN + 2 * ROW_HEIGHT:
            self.end()
            self._begin()
        bold = row.kind is not RowKind.LINE
        font = fonts.BOLD if bold else fonts.REGULAR
        for at, cell in enumerate(row.cells):
            if cell is not None and cell != "":
                depth = row.depth if at == self._table.name_column else 0
                left = self._edges[at] + INDENT * depth
                wide = row.kind is RowKind.HEADING
                right = self._edges[-1] if wide else self._edges[at + 1]
                self._cell(cell, left, right, font)
        if row.kind in (RowKind.SUBTOTAL, RowKind.TOTAL):
            self._rules(row)
        self._top -= ROW_HEIGHT

    def end(self) -> None:
        """Finish a page."""
        self._text(f"Page {self._number}", self._width - MARGIN - 60, 25.0, 60.0, fonts.REGULAR)
        self._canvas.showPage()

    def _begin(self) -> None:
        self._number += 1
        table, top = self._table, self._height - MARGIN
        room = self._width - 2 * MARGIN
        self._text(table.title, MARGIN, top - 10, room, fonts.BOLD, 13.0)
        said = f"{table.company}, {table.scope}, in {table.currency}"
        self._text(said, MARGIN, top - 25, room, fonts.REGULAR, 9.0)
        self._top = top - HEAD_HEIGHT + ROW_HEIGHT
        for at, column in enumerate(table.columns):
            left, right = self._edges[at], self._edges[at + 1]
            if column.kind is CellKind.AMOUNT:
                self._right(column.title, left, right, fonts.BOLD)
            else:
                self._text(column.title, left, self._top, right - left - GAP, fonts.BOLD)
        self._canvas.setLineWidth(0.8)
        self._canvas.line(MARGIN, self._top - 4, self._width - MARGIN, self._top - 4)
        self._top -= ROW_HEIGHT + 3

    def _cell(self, cell: Cell, left: float, right: float, font: str) -> None:
        if isinstance(cell, int):
            self._right(amount_text(cell, self._table.exponent), left, right, font)
        else:
            text = cell.isoformat() if isinstance(cell, date) else str(cell)
            self._text(text, left, self._top, right - left - GAP, font)

    def _rules(self, row: TableRow) -> None:
        """A line above sums, a double one below the last of all."""
        for at, cell in enumerate(row.cells):
            if isinstance(cell, int):
                left, right = self._edges[at] + GAP, self._edges[at + 1]
                self._canvas.setLineWidth(0.5)
                self._canvas.line(left, self._top + 9, right, self._top + 9)
                if row.kind is RowKind.TOTAL:
                    for below in (3.0, 4.5):
                        self._canvas.line(left, self._top - below, right, self._top - below)

    def _right(self, text: str, left: float, right: float, font: str) -> None:
        """A text that ends at the right edge; an amount is never cut, whatever its column."""
        width = self._canvas.stringWidth(text, font, FONT_SIZE)
        self._canvas.setFont(font, FONT_SIZE)
        self._canvas.drawString(right - width, self._top, text)

    def _text(
        self, text: str, left: float, top: float, room: float, font: str, size: float = FONT_SIZE
    ) -> None:
        at = left
        for piece, name in fonts.runs(text[:500], font):
            width = self._canvas.stringWidth(piece, name, size)
            self._canvas.setFont(name, size)
            if at + width > left + room:
                self._cut(piece, at, top, left + room, name, font, size)
                return
            self._canvas.drawString(at, top, piece)
            at += width

    def _cut(
        self, piece: str, at: float, top: float, end: float, name: str, font: str, size: float
    ) -> None:
        """As much of a piece as there is room for, and dots."""
        dots = self._canvas.stringWidth("...", font, size)
        while piece and at + self._canvas.stringWidth(piece, name, size) + dots > end:
            piece = piece[:-1]
        self._canvas.drawString(at, top, piece)
        at += self._canvas.stringWidth(piece, name, size)
        self._canvas.setFont(font, size)
        self._canvas.drawString(at, top, "...")
