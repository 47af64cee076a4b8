"""Tables as files: CSV for programs, Excel for people who go on computing, PDF for paper.

    render(table, Format.EXCEL)    # bytes

Amounts are exact in all of them. What a caller wrote can never become a formula.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from daybook.app.report_tables import Table
from daybook.web.rendering import csv, excel, pdf


class Format(StrEnum):
    """A kind of file; the value is what its name ends in."""

    CSV = "csv"
    EXCEL = "xlsx"
    PDF = "pdf"


MEDIA_TYPES: Final[Mapping[Format, str]] = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.EXCEL: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.PDF: "application/pdf",
}
"""What a browser is told a file is."""

_RENDERERS: Final[Mapping[Format, Callable[[Table], bytes]]] = {
    Format.CSV: csv.render,
    Format.EXCEL: excel.render,
    Format.PDF: pdf.render,
}


def render(table: Table, wanted: Format) -> bytes:
    """A table as a file. Takes seconds for the longest: not for an event loop."""
    return _RENDERERS[wanted](table)


def file_name(table: Table, wanted: Format) -> str:
    """A name for the file, of letters that every system takes."""
    words = "".join(
        letter if letter.isascii() and letter.isalnum() else " "
        for letter in f"{table.title} {table.scope}".lower()
    ).split()
    return f"{'-'.join(words)}.{wanted.value}"
