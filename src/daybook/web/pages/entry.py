"""One entry: its lines, and what it refers to."""

from typing import Final

from daybook.app.access import Scope
from daybook.domain.ids import EntryId
from daybook.domain.limits import RECORD_ID_MAX
from daybook.protocols.kit.plugin import Response
from daybook.web.addresses import COMPANY_PREFIX
from daybook.web.names import names_of
from daybook.web.routing import Route
from daybook.web.visit import Visit


def entry_id_of(visit: Visit) -> EntryId | None:
    """The number of the entry that the address names, or None where it is no number."""
    text = visit.parts["entry"]
    if not (text.isascii() and text.isdigit() and len(text) <= len(str(RECORD_ID_MAX))):
        return None
    return EntryId(int(text))


def show(visit: Visit) -> Response:
    """The page of an entry."""
    entry_id = entry_id_of(visit)
    if entry_id is None:
        return visit.not_found()
    with visit.opened.read() as reader:
        entry = reader.entry(entry_id)
        if entry is None:
            return visit.not_found()
        names = names_of(reader, [entry])
    return visit.page("entry.html", title=f"Entry {entry.id}", entry=entry, names=names)


ROUTES: Final = (
    Route("entry", "GET", f"{COMPANY_PREFIX}/journal/{{entry}}", show, Scope.READ, "journal"),
)
