"""Reports as files to keep."""

from collections.abc import Mapping

from daybook.app.report_tables import Table, TooManyRows
from daybook.protocols.kit.plugin import Response
from daybook.web import security
from daybook.web.limits import PDF_ROWS_MAX
from daybook.web.rendering import MEDIA_TYPES, Format, file_name, render
from daybook.web.visit import NO_STORE, Visit


def format_of(visit: Visit) -> Format | None:
    """The format that the address names, or None."""
    text = visit.parts["format"]
    return Format(text) if text in set(Format) else None


def file(visit: Visit, table: Table | TooManyRows, wanted: Format) -> Response:
    """A report as a file, or the page that says it is too long for one."""
    if isinstance(table, TooManyRows):
        text = f"A file may have {table.limit:,} rows. Ask for a shorter period."
        return visit.problem(413, "Too long", text)
    if wanted is Format.PDF and len(table.rows) > PDF_ROWS_MAX:
        text = f"A PDF may have {PDF_ROWS_MAX:,} rows. Ask for a shorter period, or for Excel."
        return visit.problem(413, "Too long", text)
    headers = (
        ("content-type", MEDIA_TYPES[wanted]),
        ("content-disposition", f'attachment; filename="{file_name(table, wanted)}"'),
    )
    return Response(200, render(table, wanted), (*headers, NO_STORE, *security.HEADERS))


def no_period(visit: Visit, faults: Mapping[str, str]) -> Response:
    """The page in place of a file whose days cannot be read."""
    return visit.problem(400, "No such days", next(iter(faults.values())))
