"""What became of an entry: each version beside the one before it, and who made it through what."""

from collections.abc import Iterator
from typing import Final

from daybook.app import bodies
from daybook.app.ports import Reader
from daybook.domain.events import ENTRY, Event, EventKind
from daybook.domain.ids import EntryId
from daybook.domain.model import JournalEntry, Line, Note, Side
from daybook.domain.values import value
from daybook.web.formats import day, money, status
from daybook.web.limits import VERSIONS_SHOWN_MAX
from daybook.web.names import Names, axis_title, names_of


@value
class Difference:
    """What differs in one place; an empty text where there was, or is, nothing."""

    place: str
    before: str
    after: str


@value
class Version:
    """A version of an entry, how it came to be, and how it differs from the one before."""

    event: Event
    entry: JournalEntry
    differences: tuple[Difference, ...]

    @property
    def deed(self) -> str:
        """What was done, in a word."""
        if self.event.kind is EventKind.MOVED:
            return _MOVES[self.entry.status.value]
        return _DEEDS[self.event.kind]


_DEEDS: Final = {
    EventKind.CREATED: "Made",
    EventKind.REVISED: "Changed",
    EventKind.DELETED: "Deleted",
}
_MOVES: Final = {"posted": "Approved", "review": "Sent for review", "pending": "Returned"}


def versions(reader: Reader, entry_id: EntryId) -> tuple[list[Version], int]:
    """The latest versions of an entry, newest first, `VERSIONS_SHOWN_MAX` at most; and how many
    there are in all.
    """
    events = reader.history(ENTRY, entry_id)
    shown = events[-VERSIONS_SHOWN_MAX - 1 :]
    entries = [_entry(event) for event in shown]
    names = names_of(reader, entries)
    found = []
    before: JournalEntry | None = None if len(shown) == len(events) else entries[0]
    start = 0 if before is None else 1
    for event, entry in zip(shown[start:], entries[start:], strict=True):
        differences = () if before is None else tuple(differences_of(before, entry, names))
        found.append(Version(event, entry, differences))
        before = entry
    found.reverse()
    return found, len(events)


def latest(reader: Reader, entry_id: EntryId) -> Version:
    """The last thing that was done to an entry, without how it differs."""
    event = reader.history(ENTRY, entry_id)[-1]
    return Version(event, _entry(event), ())


def _entry(event: Event) -> JournalEntry:
    entry = bodies.decode(event.entity, event.body)
    assert isinstance(entry, JournalEntry)
    return entry


def differences_of(before: JournalEntry, after: JournalEntry, names: Names) -> Iterator[Difference]:
    """Where two versions of an entry say something else."""
    for place, old, new in (
        ("Date", day(before.posting_date), day(after.posting_date)),
        ("Number", before.doc_number or "", after.doc_number or ""),
        ("Memo", before.memo or "", after.memo or ""),
        ("Currency", before.currency, after.currency),
        ("Rate", _rate(before), _rate(after)),
        ("Status", status(before.status), status(after.status)),
        ("Adjustment", _yes(before.adjustment), _yes(after.adjustment)),
        ("Deleted", _yes(before.deleted_at is not None), _yes(after.deleted_at is not None)),
    ):
        if old != new:
            yield Difference(place, old, new)
    old_lines = {line.id: line for line in before.sequence}
    new_lines = {line.id: line for line in after.sequence}
    for line_id in sorted({*old_lines, *new_lines}):
        old_line, new_line = old_lines.get(line_id), new_lines.get(line_id)
        old = "" if old_line is None else line_text(old_line, before.currency, names)
        new = "" if new_line is None else line_text(new_line, after.currency, names)
        if old != new:
            yield Difference(f"Line {line_id + 1}", old, new)
    if before.annex != after.annex:
        yield Difference("Kept for an interface", "", "changed")


def line_text(line: Line | Note, currency: str, names: Names) -> str:
    """A line in one text, such as `Debit 45.00 USD Rent, for May`."""
    if isinstance(line, Note):
        return line.description or ""
    side = "Debit" if line.side is Side.DEBIT else "Credit"
    parts = [
        f"{side} {money(line.amount, currency)} {currency} {names.account_name(line.account_id)}"
    ]
    if line.contact_id is not None:
        parts.append(names.contact_name(line.contact_id))
    for axis, dimension_id in line.dimensions:
        parts.append(f"{axis_title(axis)} {names.dimension_name(axis, dimension_id)}")
    if line.description:
        parts.append(line.description)
    if line.tax is not None:
        parts.append("tax " + "/".join(filter(None, (line.tax.code_id, line.tax.rate_id))))
    return ", ".join(parts)


def _rate(entry: JournalEntry) -> str:
    return "" if entry.rate is None else format(entry.rate, "f")


def _yes(flag: bool) -> str:
    return "yes" if flag else "no"
