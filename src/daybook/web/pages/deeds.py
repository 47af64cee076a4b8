"""What is done to an entry by a button: deleted, restored, sent for review, returned, approved."""

from typing import Final

from daybook.app.access import Scope
from daybook.app.ledger import Committed, Outcome, Refused
from daybook.domain.commands import CreateEntry, DeleteEntry, Guard, MoveEntry
from daybook.domain.events import ENTRY
from daybook.domain.ids import EntryId
from daybook.domain.model import JournalEntry, Status
from daybook.domain.query import And, Compare, Field, Keyset, Op, Query, Sort
from daybook.domain.refusals import RefusalCode
from daybook.protocols.kit.plugin import Response
from daybook.web.addresses import COMPANY_PREFIX
from daybook.web.entry_form import content_of
from daybook.web.formats import read_number
from daybook.web.history import latest
from daybook.web.limits import QUEUE_ROWS_MAX
from daybook.web.names import names_of
from daybook.web.pages.entry import WAITING, entry_id_of, is_own, is_settled
from daybook.web.pages.journal import row_of
from daybook.web.routing import Route
from daybook.web.visit import Visit
from daybook.web.wording import wording


def confirm_deletion(visit: Visit) -> Response:
    """The page that says what deleting an entry means, before it is done."""
    entry = _entry_of(visit)
    if entry is None:
        return visit.not_found()
    if entry.deleted_at is not None:
        return visit.redirect(visit.address("entry", entry=entry.id), "It is deleted already.")
    if is_settled(visit, entry):
        return visit.redirect(visit.address("entry", entry=entry.id), _SETTLED, "bad")
    return _confirmation(visit, entry, "delete")


def confirm_posted(visit: Visit) -> Response:
    """The same page, for an entry that takes a second person to be deleted."""
    entry = _entry_of(visit)
    if entry is None:
        return visit.not_found()
    if not is_settled(visit, entry):
        return visit.redirect(visit.address("entry", entry=entry.id), _UNSETTLED, "bad")
    return _confirmation(visit, entry, "delete-posted")


def _confirmation(visit: Visit, entry: JournalEntry, route: str) -> Response:
    with visit.opened.read() as reader:
        names = names_of(reader, [entry])
    title = f"Delete entry {entry.id}"
    return visit.page("delete.html", title=title, entry=entry, names=names, route=route)


def delete(visit: Visit) -> Response:
    """Delete the version of an entry that the visitor saw."""
    entry = _entry_of(visit)
    if entry is None:
        return visit.not_found()
    if is_settled(visit, entry):
        return visit.redirect(visit.address("entry", entry=entry.id), _SETTLED, "bad")
    guard = Guard(statuses=WAITING) if visit.home.four_eyes else Guard()
    command = DeleteEntry(entry.id, _version(visit), guard)
    outcome = visit.opened.execute(command, visit.context())
    return _answer(visit, outcome, entry.id, f"Entry {entry.id} is deleted.")


def delete_posted(visit: Visit) -> Response:
    """Delete what somebody else has written, where a posted entry takes a second person."""
    entry = _entry_of(visit)
    if entry is None:
        return visit.not_found()
    if not is_settled(visit, entry):
        return visit.redirect(visit.address("entry", entry=entry.id), _UNSETTLED, "bad")
    command = DeleteEntry(entry.id, _version(visit), second_person=True)
    outcome = visit.opened.execute(command, visit.context())
    return _answer(visit, outcome, entry.id, f"Entry {entry.id} is deleted.")


_SETTLED: Final = (
    "Here a posted entry is deleted by somebody who may approve and has not written it. Ask one of"
    " them, or reverse it."
)
_UNSETTLED: Final = "It takes no second person to delete this entry."


def restore(visit: Visit) -> Response:
    """Make a new entry that says what a deleted one said."""
    entry = _entry_of(visit)
    if entry is None:
        return visit.not_found()
    if entry.deleted_at is None:
        return visit.redirect(visit.address("entry", entry=entry.id), "It is not deleted.", "bad")
    command = CreateEntry(content_of(entry), visit.posting(entry.status))
    outcome = visit.opened.execute(command, visit.context())
    if isinstance(outcome, Committed):
        made = outcome.records[0]
        text = f"Entry {made.id} is a new entry with what entry {entry.id} said."
        return visit.redirect(visit.address("entry", entry=made.id), text)
    return _answer(visit, outcome, entry.id, "")


def submit(visit: Visit) -> Response:
    """Send an entry for review."""
    return _move(visit, Status.REVIEW, "is sent for review")


def give_back(visit: Visit) -> Response:
    """Return an entry from review to its author."""
    return _move(visit, Status.PENDING, "is returned to its author")


def approve(visit: Visit) -> Response:
    """Post an entry that waits."""
    return _move(visit, Status.POSTED, "is approved and posted")


def approvals(visit: Visit) -> Response:
    """The entries that wait, those in review first, the oldest date on top."""
    # one comparison: stores keep an index of the few that are not posted
    waits = Compare(Field.STATUS, Op.NE, Status.POSTED.value)
    live = Compare(Field.DELETED, Op.EQ, False)
    sort = (Sort(Field.STATUS, descending=True), Sort(Field.POSTING_DATE))
    with visit.opened.read() as reader:
        query = Query(And((live, waits)), sort, Keyset(QUEUE_ROWS_MAX + 1))
        found = reader.entries(query)
        entries = found[:QUEUE_ROWS_MAX]
        names = names_of(reader, entries)
        events = {entry.id: reader.history(ENTRY, entry.id) for entry in entries}
    return visit.page(
        "approvals.html",
        title="Approvals",
        rows=[row_of(entry, names) for entry in entries],
        made={entry.id: events[entry.id][0].actor for entry in entries},
        own_ids={entry.id for entry in entries if is_own(visit, events[entry.id])},
        more=len(found) > QUEUE_ROWS_MAX,
    )


def _entry_of(visit: Visit) -> JournalEntry | None:
    entry_id = entry_id_of(visit)
    if entry_id is None:
        return None
    with visit.opened.read() as reader:
        return reader.entry(entry_id)


def _version(visit: Visit) -> int:
    """The version that the visitor saw; without one, none that an entry can have."""
    number = read_number(visit.form.get("version", ""))
    return -1 if number is None else number


def _move(visit: Visit, status: Status, done: str) -> Response:
    entry_id = entry_id_of(visit)
    if entry_id is None:
        return visit.not_found()
    command = MoveEntry(entry_id, _version(visit), status)
    outcome = visit.opened.execute(command, visit.context())
    return _answer(visit, outcome, entry_id, f"Entry {entry_id} {done}.")


def _answer(visit: Visit, outcome: Outcome, entry_id: EntryId, done: str) -> Response:
    """Back to where the button stood: the queue, or the entry."""
    back = visit.address("entry", entry=entry_id)
    if visit.form.get("back") == "approvals":
        back = visit.address("approvals")
    if isinstance(outcome, Refused):
        if outcome.refusals[0].code is RefusalCode.NOT_FOUND:
            return visit.not_found()
        text = wording(outcome.refusals[0], visit.home.home_currency)
        if outcome.refusals[0].code is RefusalCode.STALE_VERSION:
            text = _meanwhile(visit, entry_id) or text
        return visit.redirect(back, f"Entry {entry_id}: {text}", "bad")
    return visit.redirect(back, done)


def _meanwhile(visit: Visit, entry_id: EntryId) -> str:
    """What became of an entry since the visitor saw it; empty where nothing did."""
    with visit.opened.read() as reader:
        last = latest(reader, entry_id)
    if last.event.version <= _version(visit) or not last.event.version:
        return ""
    actor = last.event.actor
    return f"{last.deed} by {actor.user or actor.client} since you opened this page."


_ENTRY: Final = f"{COMPANY_PREFIX}/journal/{{entry}}"
_DELETE_POSTED: Final = f"{_ENTRY}/delete-posted"

ROUTES: Final = (
    Route("delete", "GET", f"{_ENTRY}/delete", confirm_deletion, Scope.WRITE, "journal"),
    Route("delete", "POST", f"{_ENTRY}/delete", delete, Scope.WRITE, "journal"),
    Route("delete-posted", "GET", _DELETE_POSTED, confirm_posted, Scope.APPROVE, "journal"),
    Route("delete-posted", "POST", _DELETE_POSTED, delete_posted, Scope.APPROVE, "journal"),
    Route("restore", "POST", f"{_ENTRY}/restore", restore, Scope.WRITE, "journal"),
    Route("submit", "POST", f"{_ENTRY}/submit", submit, Scope.WRITE, "journal"),
    Route("return", "POST", f"{_ENTRY}/return", give_back, Scope.APPROVE, "journal"),
    Route("approve", "POST", f"{_ENTRY}/approve", approve, Scope.APPROVE, "journal"),
    Route("approvals", "GET", f"{COMPANY_PREFIX}/approvals", approvals, Scope.READ, "approvals"),
)
