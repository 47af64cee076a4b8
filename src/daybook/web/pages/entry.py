"""One entry: its lines, what became of it, and what may be done with it."""

from collections.abc import Sequence
from functools import partial
from typing import Any, Final

from daybook.app.access import Scope
from daybook.app.ports import Reader
from daybook.domain.events import ENTRY, Event, EventKind
from daybook.domain.ids import EntryId
from daybook.domain.model import JournalEntry, Side, Status
from daybook.protocols.kit.exhibits import Exhibit
from daybook.protocols.kit.plugin import Response
from daybook.web.addresses import COMPANY_PREFIX
from daybook.web.formats import read_number
from daybook.web.history import versions
from daybook.web.names import names_of
from daybook.web.routing import Later, Route
from daybook.web.visit import Visit

WAITING: Final = frozenset({Status.PENDING, Status.REVIEW})
"""The statuses in which an entry counts in no balance yet."""


def entry_id_of(visit: Visit) -> EntryId | None:
    """The number of the entry that the address names, or None where it is no number."""
    number = read_number(visit.parts["entry"])
    return None if number is None else EntryId(number)


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
        head = _head(visit, reader, entry)
    home_totals = {
        side: sum(line.home_amount for line in entry.lines if line.side is side) for side in Side
    }
    return visit.page(
        "entry.html",
        title=f"Entry {entry.id}",
        names=names,
        home_total=home_totals[Side.DEBIT],
        tab="entry",
        **head,
    )


def history(visit: Visit) -> Response:
    """The versions of an entry."""
    entry_id = entry_id_of(visit)
    if entry_id is None:
        return visit.not_found()
    with visit.opened.read() as reader:
        entry = reader.entry(entry_id)
        if entry is None:
            return visit.not_found()
        found, count = versions(reader, entry_id)
        head = _head(visit, reader, entry)
    return visit.page(
        "history.html",
        title=f"History of entry {entry.id}",
        versions=found,
        count=count,
        tab="history",
        **head,
    )


def exhibits(visit: Visit) -> Response | Later:
    """How an entry looks over each interface."""
    entry_id = entry_id_of(visit)
    if entry_id is None:
        return visit.not_found()
    with visit.opened.read() as reader:
        entry = reader.entry(entry_id)
        if entry is None:
            return visit.not_found()
        head = _head(visit, reader, entry)

    def finish(found: Sequence[Exhibit]) -> Response:
        return visit.page(
            "exhibits.html",
            title=f"Entry {entry.id} over the interfaces",
            exhibits=found,
            tab="exhibits",
            **head,
        )

    show = visit.site.services.exhibits.show
    return Later(partial(show, visit.opened, entry, visit.request.origin), finish)


def is_settled(visit: Visit, entry: JournalEntry) -> bool:
    """Whether a change would count without a second pair of eyes where the company wants them."""
    return visit.home.four_eyes and entry.status is Status.POSTED and entry.deleted_at is None


def _head(visit: Visit, reader: Reader, entry: JournalEntry) -> dict[str, Any]:
    """What the head of every page about an entry knows."""
    events = reader.history(ENTRY, entry.id)
    return {
        "entry": entry,
        "maker": events[0].actor,
        "own": is_own(visit, events),
        "settled": is_settled(visit, entry),
    }


def is_own(visit: Visit, events: Sequence[Event]) -> bool:
    """Whether the visitor wrote an entry that it takes somebody else to approve or delete.

    `events` are those of the entry.
    """
    if not visit.home.four_eyes:
        return False
    wrote = (EventKind.CREATED, EventKind.REVISED)
    return any(event.actor.user == visit.user for event in events if event.kind in wrote)


_ENTRY: Final = f"{COMPANY_PREFIX}/journal/{{entry}}"

ROUTES: Final = (
    Route("entry", "GET", _ENTRY, show, Scope.READ, "journal"),
    Route("exhibits", "GET", f"{_ENTRY}/interfaces", exhibits, Scope.READ, "journal"),
    Route("history", "GET", f"{_ENTRY}/history", history, Scope.READ, "journal"),
)
