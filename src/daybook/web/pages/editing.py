"""Making and changing entries by a form, and telling what is wrong at its fields."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from daybook.app.access import Scope
from daybook.app.ledger import (
    Committed,
    Context,
    Idempotency,
    Outcome,
    Refused,
    Repetition,
)
from daybook.app.ports import IdempotencyKey, Reader
from daybook.app.sessions import WEB
from daybook.domain import currencies
from daybook.domain.commands import CreateEntry, Guard, ReplaceEntry
from daybook.domain.ids import EntryId
from daybook.domain.model import JournalEntry, Status
from daybook.domain.money import AmountError
from daybook.domain.refusals import RefusalCode
from daybook.domain.values import value
from daybook.protocols.kit.plugin import Response
from daybook.web import entry_form
from daybook.web.addresses import COMPANY_PREFIX
from daybook.web.entry_form import Content, EntryForm, Faults, Row
from daybook.web.formats import money, read_money, read_number, today
from daybook.web.history import Difference, Version, versions
from daybook.web.kept import BUTTON_FIELD, SHOW
from daybook.web.names import names_of
from daybook.web.pages.entry import WAITING, entry_id_of, is_settled
from daybook.web.routing import Route
from daybook.web.visit import Visit
from daybook.web.wording import field_of, wording

_ROWS_MORE: Final = 5
"""Rows that "more lines" adds where no script runs."""

_STATUSES: Final = {"post": Status.POSTED, "review": Status.REVIEW, "draft": Status.PENDING}
"""What the buttons of the form make of a new entry."""

_SETTLED: Final = (
    "Here somebody else approves what counts, so a posted entry is not changed: reverse it, and"
    " enter it anew."
)


@value
class Conflict:
    """What somebody else has done to an entry while it was being edited."""

    versions: tuple[Version, ...]
    differences: tuple[Difference, ...]
    """How the form differs from the entry as it now is: theirs before, yours after."""
    theirs: Mapping[str, str]
    """What the entry now has in each field of the form that has something else."""


def new(visit: Visit) -> Response:
    """The form of a new entry: empty, or like another one, or its reversal."""
    now = today(visit.now(), visit.home.time_zone)
    with visit.opened.read() as reader:
        form = entry_form.blank(now, visit.home.home_currency)
        for name, turned in (("like", False), ("reverse", True)):
            found = _entry(reader, visit.query.get(name, ""))
            if found is not None:
                given = entry_form.form_of(found, names_of(reader, [found]))
                memo = f"Reversal of entry {found.id}" if turned else None
                form = entry_form.copied(given, now, memo, turned=turned)
        return _page(visit, reader, form, None)


def edit(visit: Visit) -> Response:
    """The form of an entry that is there."""
    with visit.opened.read() as reader:
        entry = _entry(reader, visit.parts["entry"])
        if entry is None:
            return visit.not_found()
        if entry.deleted_at is not None:
            return visit.redirect(
                visit.address("entry", entry=entry.id), "A deleted entry cannot be changed.", "bad"
            )
        if is_settled(visit, entry):
            return visit.redirect(visit.address("entry", entry=entry.id), _SETTLED, "bad")
        if len(entry.sequence) > entry_form.rows_max(entry_form.axes_of(reader, entry)):
            text = f"This entry has {len(entry.sequence):,} lines, too many for a form."
            return visit.redirect(visit.address("entry", entry=entry.id), text, "bad")
        form = entry_form.form_of(entry, names_of(reader, [entry]))
        return _page(visit, reader, form, entry)


def create(visit: Visit) -> Response:
    """Make an entry of the form that was sent."""
    return _take(visit, None)


def revise(visit: Visit) -> Response:
    """Give an entry the content of the form that was sent."""
    entry_id = entry_id_of(visit)
    return visit.not_found() if entry_id is None else _take(visit, entry_id)


def _take(visit: Visit, entry_id: EntryId | None) -> Response:
    with visit.opened.read() as reader:
        entry = None if entry_id is None else reader.entry(entry_id)
        if entry_id is not None and entry is None:
            return visit.not_found()
        if entry is not None and is_settled(visit, entry):
            return visit.redirect(visit.address("entry", entry=entry.id), _SETTLED, "bad")
        form = entry_form.typed(
            visit.form, entry_form.axes_of(reader, entry), visit.home.home_currency
        )
        if visit.form.get(BUTTON_FIELD) == SHOW:
            return _page(visit, reader, form, entry)
        if visit.form.get(BUTTON_FIELD) == "rows":
            return _page(visit, reader, form.with_rows(len(form.rows) + _ROWS_MORE), entry)
        base = entry if entry is None or str(entry.version) == form.version else None
        content = entry_form.read(reader, form, base or _seen(reader, entry_id, form))
        if not isinstance(content, Content):
            return _page(visit, reader, form, entry, content)
    outcome = _carry_out(visit, form, entry_id, content)
    if isinstance(outcome, Committed):
        made = outcome.records[0]
        assert isinstance(made, JournalEntry)
        return visit.redirect(visit.address("entry", entry=made.id), _done(made, entry))
    assert isinstance(outcome, Refused)
    with visit.opened.read() as reader:
        if entry_id is not None and outcome.refusals[0].code is RefusalCode.STALE_VERSION:
            return _conflict(visit, reader, form, entry_id, content)
        if outcome.refusals[0].code is RefusalCode.IDEMPOTENCY_MISMATCH:
            return _sent_before(visit, reader, form, content)
        return _page(visit, reader, form, entry, _faults(outcome, form, content))


def _sent_before(visit: Visit, reader: Reader, form: EntryForm, content: Content) -> Response:
    """The form again, to be sent as another entry: it has made one already, of other content."""
    first = _carry_out(visit, form, None, content, Repetition.ANSWER_FIRST)
    made = f"entry {first.records[0].id}" if isinstance(first, Committed) else "an entry"
    told = f"This form was sent before, and made {made}. Send it again to make another one of it."
    anew = replace(form, key=entry_form.new_key())
    return _page(visit, reader, anew, None, {"": told}, status=409)


def _carry_out(
    visit: Visit,
    form: EntryForm,
    entry_id: EntryId | None,
    content: Content,
    repetition: Repetition = Repetition.REFUSE_OTHER,
) -> Outcome:
    if entry_id is None:
        status = _STATUSES.get(visit.form.get(BUTTON_FIELD, ""), Status.POSTED)
        context = _once(visit, form.key, repetition)
        return visit.opened.execute(CreateEntry(content.content, visit.posting(status)), context)
    guard = Guard(statuses=WAITING) if visit.home.four_eyes else Guard()
    command = ReplaceEntry(entry_id, _version(form), content.content, guard=guard)
    return visit.opened.execute(command, visit.context())


def _version(form: EntryForm) -> int:
    """The version that a form was opened on; none that an entry can have where it says no such."""
    number = read_number(form.version)
    return -1 if number is None else number


def _once(visit: Visit, key: str, repetition: Repetition) -> Context:
    """The context of a form that may come twice, by an impatient click or out of the history."""
    context = visit.context()
    if not key:
        return context
    scope = IdempotencyKey(WEB, visit.user, key)
    return replace(context, idempotency=Idempotency(scope, repetition))


def _done(made: JournalEntry, before: JournalEntry | None) -> str:
    if before is not None:
        changed = made.version != before.version
        return f"Entry {made.id} is changed." if changed else "Nothing was changed."
    done = {
        Status.POSTED: "posted",
        Status.REVIEW: "sent for review",
        Status.PENDING: "kept as a draft",
    }
    return f"Entry {made.id} is {done[made.status]}."


def _faults(outcome: Refused, form: EntryForm, content: Content) -> Faults:
    """What the ledger refused, by field; the first of a field counts."""
    faults: dict[str, str] = {}
    for refusal in outcome.refusals:
        field = field_of(refusal, content.rows) or ""
        text = wording(refusal, form.currency)
        if field not in faults:
            faults[field] = text
        elif not field and text not in faults[""]:
            faults[""] += f" {text}"
    return faults


def _seen(reader: Reader, entry_id: EntryId | None, form: EntryForm) -> JournalEntry | None:
    """The version that a form was opened on, where the entry has moved on since."""
    if entry_id is None:
        return None
    found, _ = versions(reader, entry_id)
    return next((each.entry for each in found if str(each.entry.version) == form.version), None)


def _conflict(
    visit: Visit, reader: Reader, form: EntryForm, entry_id: EntryId, content: Content
) -> Response:
    """The form again with what the other person did, to be sent anew over it or let go."""
    entry = reader.entry(entry_id)
    assert entry is not None
    found, _ = versions(reader, entry_id)
    opened = _version(form)
    theirs = tuple(each for each in found if opened >= 0 and each.event.version > opened)
    theirs_form = entry_form.form_of(entry, names_of(reader, [entry]))
    mine = tuple(_apart(theirs_form, form))
    shown = replace(form, version=str(entry.version))
    conflict = Conflict(theirs, mine, _fields_apart(theirs_form, form))
    return _page(visit, reader, shown, entry, {}, conflict, status=409)


def _apart(theirs: EntryForm, mine: EntryForm) -> list[Difference]:
    found = [
        Difference(place, old, new)
        for place, old, new in (
            ("Date", theirs.date, mine.date),
            ("Number", theirs.number, mine.number),
            ("Memo", theirs.memo, mine.memo),
            ("Currency", theirs.currency, mine.currency),
            ("Rate", theirs.rate, mine.rate),
        )
        if old != new
    ]
    for at in range(max(len(theirs.rows), len(mine.rows))):
        old, new = (_row_text(form, at) for form in (theirs, mine))
        if old != new:
            found.append(Difference(f"Line {at + 1}", old, new))
    return found


def _fields_apart(theirs: EntryForm, mine: EntryForm) -> dict[str, str]:
    """The fields of the form in which the two differ, with what is theirs in each."""
    texts = [
        (name, getattr(theirs, name), getattr(mine, name))
        for name in ("date", "number", "memo", "currency", "rate")
    ]
    for at, row in enumerate(mine.rows):
        old = theirs.rows[at] if at < len(theirs.rows) else Row()
        texts += [
            (f"{name}.{at}", getattr(old, name), getattr(row, name))
            for name in ("account", "contact", "description")
        ]
        texts += [
            (f"{name}.{at}", _amount(theirs, getattr(old, name)), _amount(mine, getattr(row, name)))
            for name in ("debit", "credit")
        ]
        axes = {axis for axis, _ in (*old.dimensions, *row.dimensions)}
        texts += [(f"axis.{at}.{axis}", old.dimension(axis), row.dimension(axis)) for axis in axes]
    return {name: old for name, old, new in texts if old != new}


def _row_text(form: EntryForm, at: int) -> str:
    if at >= len(form.rows):
        return ""
    row = form.rows[at]
    debit = f"debit {_amount(form, row.debit)}" if row.debit else ""
    credit = f"credit {_amount(form, row.credit)}" if row.credit else ""
    texts = (row.account, debit, credit, row.contact, *(text for _, text in row.dimensions))
    return ", ".join(filter(None, (*texts, row.description)))


def _amount(form: EntryForm, text: str) -> str:
    """An amount as pages show it, however it was typed; what is none as it is."""
    try:
        return money(read_money(text, form.currency), form.currency)
    except (AmountError, KeyError):
        return text


def _entry(reader: Reader, text: str) -> JournalEntry | None:
    number = read_number(text)
    return None if number is None else reader.entry(EntryId(number))


def _page(
    visit: Visit,
    reader: Reader,
    form: EntryForm,
    entry: JournalEntry | None,
    faults: Faults | None = None,
    conflict: Conflict | None = None,
    status: int | None = None,
) -> Response:
    axes = entry_form.axes_of(reader, entry)
    home = visit.home
    return visit.page(
        "entry_form.html",
        status=status or (422 if faults else 200),
        title="New entry" if entry is None else f"Change entry {entry.id}",
        form=form,
        entry=entry,
        axes=axes,
        rows_max=entry_form.rows_max(axes),
        faults=faults or {},
        conflict=conflict,
        exponent=currencies.exponent(form.currency) if currencies.is_currency(form.currency) else 2,
        foreign=home.multicurrency or form.currency != home.home_currency,
    )


_JOURNAL: Final = f"{COMPANY_PREFIX}/journal"

ROUTES: Final = (
    Route("new", "GET", f"{_JOURNAL}/new", new, Scope.WRITE, "journal"),
    Route("new", "POST", f"{_JOURNAL}/new", create, Scope.WRITE, "journal", kept=True),
    Route("edit", "GET", f"{_JOURNAL}/{{entry}}/edit", edit, Scope.WRITE, "journal"),
    Route("edit", "POST", f"{_JOURNAL}/{{entry}}/edit", revise, Scope.WRITE, "journal", kept=True),
)
