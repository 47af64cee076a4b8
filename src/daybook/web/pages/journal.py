"""The journal: all entries, filtered and paged."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from time import monotonic
from typing import Final

from daybook.app.access import Scope
from daybook.app.ports import DeadlinePassed, Reader
from daybook.domain.events import ACCOUNT, CONTACT, dimension_entity
from daybook.domain.model import CLASS, DEPARTMENT, PROJECT, JournalEntry, Side
from daybook.domain.values import value
from daybook.protocols.kit.plugin import Response
from daybook.web import finding
from daybook.web.addresses import COMPANY_PREFIX
from daybook.web.limits import SEARCH_SECONDS_MAX
from daybook.web.names import Names, names_of
from daybook.web.register import Asked, Page, read_asked, read_page
from daybook.web.routing import Route
from daybook.web.visit import Visit, json_answer

_ACCOUNTS_NAMED_MAX: Final = 2
"""Accounts of each side that a row names; the others are counted."""

_NO_PAGE: Final = Page((), None, None)


@value
class Row:
    """An entry as a row of the register."""

    entry: JournalEntry
    text: str
    debited: str
    credited: str
    contact: str


def journal(visit: Visit) -> Response:
    """A page of the register."""
    with visit.opened.read() as reader:
        asked = read_asked(reader, visit.query)
    try:
        with _in_time(visit) as reader:
            page = read_page(reader, asked, visit.site.seal, visit.home.id, visit.query)
            names = names_of(reader, page.entries)
            entries_live = reader.head().entries_live
    except DeadlinePassed:
        return _shown(visit, asked, too_long=True)
    rows = [row_of(entry, names) for entry in page.entries]
    return _shown(visit, asked, page, rows, entries_live)


def _in_time(visit: Visit) -> AbstractContextManager[Reader]:
    """A reader whose searches end with `DeadlinePassed` where nobody waits for them any more."""
    return visit.opened.read(monotonic() + SEARCH_SECONDS_MAX)


def _shown(
    visit: Visit,
    asked: Asked,
    page: Page = _NO_PAGE,
    rows: Sequence[Row] = (),
    entries_live: int = 0,
    *,
    too_long: bool = False,
) -> Response:
    """The page of the register; where the search took `too_long`, its filter to be narrowed."""
    kept = {name: text for name, text in asked.given.items() if text}
    kept["deleted"] = "on" if asked.deleted else ""
    kept["order"] = "" if asked.newest_first else "oldest"
    return visit.page(
        "journal.html",
        status=503 if too_long else 200,
        diagnosis=f"the search took more than {SEARCH_SECONDS_MAX} seconds" if too_long else None,
        title="Journal",
        asked=asked,
        page=page,
        rows=rows,
        totals=_totals(page.entries),
        kept=kept,
        entries_live=entries_live,
        too_long=too_long,
    )


def find(visit: Visit) -> Response:
    """What a field may go on to, for our own script."""
    entity = _ENTITIES.get(visit.parts["kind"])
    if entity is None and visit.parts["kind"].startswith("axis:"):
        entity = dimension_entity(visit.parts["kind"].removeprefix("axis:"))
    if entity is None:
        return visit.not_found()
    try:
        with _in_time(visit) as reader:
            return json_answer(_suggestions(reader, entity, visit.query.get("q", "")))
    except DeadlinePassed:
        return visit.problem(503, "Takes too long", "This search takes too long. Type more of it.")


_ENTITIES: Final = {
    "account": ACCOUNT,
    "contact": CONTACT,
    "class": dimension_entity(CLASS),
    "department": dimension_entity(DEPARTMENT),
    "project": dimension_entity(PROJECT),
}


def _suggestions(reader: Reader, entity: str, text: str) -> list[dict[str, str]]:
    return [
        {"name": found.name, "hint": found.hint} for found in finding.suggest(reader, entity, text)
    ]


def row_of(entry: JournalEntry, names: Names) -> Row:
    """An entry as a row of a list."""
    text = entry.memo or next((line.description for line in entry.lines if line.description), "")
    contacts = {line.contact_id: None for line in entry.lines if line.contact_id is not None}
    return Row(
        entry,
        text or "",
        _accounts(entry, Side.DEBIT, names),
        _accounts(entry, Side.CREDIT, names),
        _few([names.contact_name(contact_id) for contact_id in contacts]),
    )


def _accounts(entry: JournalEntry, side: Side, names: Names) -> str:
    ids = {line.account_id: None for line in entry.lines if line.side is side}
    return _few([names.account_name(account_id) for account_id in ids])


def _few(texts: list[str]) -> str:
    shown = ", ".join(texts[:_ACCOUNTS_NAMED_MAX])
    more = len(texts) - _ACCOUNTS_NAMED_MAX
    return f"{shown} and {more} more" if more > 0 else shown


def _totals(entries: tuple[JournalEntry, ...]) -> list[tuple[str, int]]:
    """The sum of the entries that are not deleted, by currency."""
    sums: dict[str, int] = {}
    for entry in entries:
        if entry.deleted_at is None:
            sums[entry.currency] = sums.get(entry.currency, 0) + entry.total
    return sorted(sums.items())


ROUTES: Final = (
    Route("journal", "GET", f"{COMPANY_PREFIX}/journal", journal, Scope.READ, "journal"),
    Route("find", "GET", f"{COMPANY_PREFIX}/find/{{kind}}", find, Scope.READ),
)
