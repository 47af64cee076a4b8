"""The rules of journal entries.

An entry that is kept has at least two posting lines in one currency whose debits equal their
credits, in the entry's currency and in the home currency; every account, contact and dimension
exists in the company; receivable lines name a customer and payable lines a vendor; its date is in
an open period. Each check yields refusals; all that can be established are reported together.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo

from daybook.domain import currencies, limits
from daybook.domain.commands import (
    UNSET,
    CreateEntry,
    DeleteEntry,
    DocNumberPolicy,
    EntryContent,
    Guard,
    LineDraft,
    MoveEntry,
    NoChange,
    NoteDraft,
    PatchEntry,
    ReplaceEntry,
)
from daybook.domain.decision import Accepted, Decision, Rejected, Unchanged
from daybook.domain.events import ACCOUNT, CONTACT, Change, EventKind, dimension_entity
from daybook.domain.facts import Facts
from daybook.domain.ids import ById, ByName, DimensionId, EntryId, LineId, Ref, Timestamp
from daybook.domain.model import (
    Account,
    AccountKind,
    Annex,
    Company,
    Contact,
    ContactKind,
    Dimension,
    JournalEntry,
    Line,
    Note,
    Origin,
    Reference,
    Side,
    Status,
)
from daybook.domain.rates import ONE, home_amounts, normal_rate
from daybook.domain.refusals import Refusal, RefusalCode, Values, in_order

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_CONTACT_NEEDED: Final = {
    AccountKind.RECEIVABLE: ContactKind.CUSTOMER,
    AccountKind.PAYABLE: ContactKind.VENDOR,
}
_MOVES: Final = frozenset(
    {
        (Status.PENDING, Status.REVIEW),
        (Status.REVIEW, Status.PENDING),
        (Status.PENDING, Status.POSTED),
        (Status.REVIEW, Status.POSTED),
    }
)


def today(company: Company, now: Timestamp) -> date:
    """The calendar date in the company's time zone."""
    moment = _EPOCH + timedelta(microseconds=now)
    return moment.astimezone(ZoneInfo(company.time_zone)).date()


def resulting_content(
    command: CreateEntry | ReplaceEntry | PatchEntry, entry: JournalEntry | None
) -> EntryContent:
    """The whole content an entry has after a command: for a patch, laid over what it has."""
    if not isinstance(command, PatchEntry):
        return command.content
    assert entry is not None
    revalued = command.currency is not UNSET or command.rate is not UNSET
    currency = entry.currency if command.currency is UNSET else command.currency
    if command.rate is not UNSET:
        rate = command.rate
    else:
        rate = entry.rate if currency == entry.currency else None
    return EntryContent(
        lines=_drafts_of(entry, revalued) if command.lines is UNSET else command.lines,
        posting_date=(
            entry.posting_date if command.posting_date is UNSET else command.posting_date
        ),
        doc_number=entry.doc_number if command.doc_number is UNSET else command.doc_number,
        memo=entry.memo if command.memo is UNSET else command.memo,
        currency=currency,
        rate=rate,
        fallback_rate=command.fallback_rate,
        adjustment=entry.adjustment if command.adjustment is UNSET else command.adjustment,
        annex=entry.annex if command.annex is UNSET else command.annex,
    )


def _drafts_of(entry: JournalEntry, revalued: bool) -> tuple[LineDraft | NoteDraft, ...]:
    """The lines of an entry as its author would bring them again."""
    return tuple(
        NoteDraft(line.description, line.annex, line.id)
        if isinstance(line, Note)
        else LineDraft(
            side=line.side,
            amount=line.amount,
            account=ById(line.account_id),
            contact=None if line.contact_id is None else ById(line.contact_id),
            dimensions=tuple((axis, ById(id)) for axis, id in line.dimensions),
            description=line.description,
            tax=line.tax,
            billing=line.billing,
            annex=line.annex,
            id=line.id,
            home_amount=None if revalued or entry.rate is None else line.home_amount,
        )
        for line in entry.sequence
    )


def create(command: CreateEntry, facts: Facts, now: Timestamp) -> Decision:
    """Make an entry: see `Composer` for what may be refused."""
    content = command.content
    number = content.doc_number
    if number is None and command.doc_numbers is DocNumberPolicy.ASSIGN:
        number = str(facts.highest_doc_number + 1)
    entry_id = EntryId(facts.next_id) if command.entry_id is None else command.entry_id
    composer = Composer(content, facts, None)
    posting_date = content.posting_date or today(facts.company, now)
    refusals = [*composer.refusals, *closed_faults(facts.company, posting_date)]
    if number != content.doc_number:
        refusals.extend(text_faults(number, limits.DOC_NUMBER_LENGTH_MAX, "doc_number"))
    if not 0 < entry_id <= limits.RECORD_ID_MAX:
        message = f"an id is a number from 1 to {limits.RECORD_ID_MAX}"
        refusals.append(Refusal(RefusalCode.INVALID_VALUE, message, "id"))
    if facts.entry is not None:
        message = f"entry {entry_id} exists"
        refusals.append(Refusal(RefusalCode.INVALID_VALUE, message, "id"))
    refusals.extend(_duplicate_number(facts, None, command.doc_numbers))
    if refusals:
        return Rejected(in_order(refusals))
    entry = JournalEntry(
        id=entry_id,
        posting_date=posting_date,
        currency=composer.currency,
        lines=composer.lines,
        origin=Origin(facts.actor.client, facts.actor.protocol),
        status=command.status,
        doc_number=number,
        memo=content.memo,
        rate=composer.rate,
        adjustment=content.adjustment,
        notes=composer.notes,
        next_line_id=composer.next_line_id,
        created_at=now,
        modified_at=now,
        annex=content.annex,
    )
    return Accepted((Change(EventKind.CREATED, None, entry),))


def revise(command: ReplaceEntry | PatchEntry, facts: Facts, now: Timestamp) -> Decision:
    """Give an entry another content, keeping its id, status, origin and first time."""
    entry = facts.entry
    state = list(state_faults(entry, command.entry_id, command.expected_version, command.guard))
    if entry is None or entry.deleted_at is not None:
        return Rejected(in_order(state))
    content = facts.content
    assert content is not None
    composer = Composer(content, facts, entry)
    posting_date = content.posting_date or entry.posting_date
    number = content.doc_number
    if number is None and command.doc_numbers is DocNumberPolicy.ASSIGN:
        number = str(facts.highest_doc_number + 1)
    refusals = [
        *state,
        *composer.refusals,
        *(
            text_faults(number, limits.DOC_NUMBER_LENGTH_MAX, "doc_number")
            if number != content.doc_number
            else ()
        ),
        *closed_faults(facts.company, entry.posting_date, posting_date),
    ]
    refusals.extend(_duplicate_number(facts, entry.id, command.doc_numbers))
    if refusals:
        return Rejected(in_order(refusals))
    revised = replace(
        entry,
        posting_date=posting_date,
        currency=composer.currency,
        lines=composer.lines,
        doc_number=number,
        memo=content.memo,
        rate=composer.rate,
        adjustment=content.adjustment,
        notes=composer.notes,
        next_line_id=composer.next_line_id,
        annex=content.annex,
    )
    if revised == entry and command.no_change is NoChange.KEEP_VERSION:
        return Unchanged(entry)
    revised = replace(revised, version=entry.version + 1, modified_at=now)
    return Accepted((Change(EventKind.REVISED, entry, revised),))


def delete(command: DeleteEntry, facts: Facts, now: Timestamp) -> Decision:
    """Turn an entry into a tombstone that keeps its last content."""
    entry = facts.entry
    refusals = list(state_faults(entry, command.entry_id, command.expected_version, command.guard))
    if entry is not None and entry.deleted_at is None:
        refusals.extend(closed_faults(facts.company, entry.posting_date))
        if command.second_person:
            refusals.extend(_own_entry(facts, "delete"))
    if refusals:
        return Rejected(in_order(refusals))
    assert entry is not None
    tombstone = replace(entry, version=entry.version + 1, deleted_at=now, modified_at=now)
    return Accepted((Change(EventKind.DELETED, entry, tombstone),))


def move(command: MoveEntry, facts: Facts, now: Timestamp) -> Decision:
    """Move an entry between pending and review, or from either to posted.

    Posting asks for a second person where the company says so: refused as `FORBIDDEN`.
    """
    entry = facts.entry
    refusals = list(state_faults(entry, command.entry_id, command.expected_version, command.guard))
    if entry is not None and entry.deleted_at is None:
        if entry.status is command.status and not refusals:
            return Unchanged(entry)
        if entry.status is not command.status and (entry.status, command.status) not in _MOVES:
            message = f"an entry cannot go from {entry.status} to {command.status}"
            refusals.append(
                Refusal(
                    RefusalCode.WRONG_STATUS, message, "status", values={"status": entry.status}
                )
            )
        refusals.extend(closed_faults(facts.company, entry.posting_date))
        posting = command.status is Status.POSTED is not entry.status
        if posting and facts.company.four_eyes:
            refusals.extend(_own_entry(facts, "approve"))
    if refusals:
        return Rejected(in_order(refusals))
    assert entry is not None
    moved = replace(entry, version=entry.version + 1, status=command.status, modified_at=now)
    return Accepted((Change(EventKind.MOVED, entry, moved),))


def _own_entry(facts: Facts, deed: str) -> Iterator[Refusal]:
    """Whether the one who posts or deletes an entry is somebody else than those who wrote it.

    People are told apart by user name; an application that wrote the entry is nobody's second
    pair of eyes, and whoever gives no name cannot be one.
    """
    values: Values = {"reason": "four_eyes", "deed": deed}
    user = facts.actor.user
    if user is None:
        message = f"somebody known by name has to {deed}"
        yield Refusal(RefusalCode.FORBIDDEN, message, "status", values=values)
    elif any(author.user == user for author in facts.authors):
        message = f"{user} wrote the entry; somebody else has to {deed} it"
        yield Refusal(RefusalCode.FORBIDDEN, message, "status", values=values)


def state_faults(
    entry: JournalEntry | None, entry_id: EntryId, expected_version: int | None, guard: Guard
) -> Iterator[Refusal]:
    """Whether the entry is there, as the caller last saw it, and the caller's to change.

    Wires whose original judges this before the body ask here first; the command asks again.
    """
    if entry is None:
        message = f"no entry {entry_id}"
        yield Refusal(RefusalCode.NOT_FOUND, message, "id", values={"id": entry_id})
        return
    if entry.deleted_at is not None:
        message = f"entry {entry_id} is deleted"
        yield Refusal(RefusalCode.ENTRY_DELETED, message, "id", values={"id": entry_id})
        return
    if expected_version is not None and expected_version != entry.version:
        yield stale(expected_version, entry.version)
    if guard.statuses is not None and entry.status not in guard.statuses:
        message = f"the entry is {entry.status}"
        values: Values = {"status": entry.status.value}
        yield Refusal(RefusalCode.WRONG_STATUS, message, "status", values=values)
    if guard.origin_client not in (None, entry.origin.client):
        yield Refusal(RefusalCode.NOT_ORIGIN, "another application made the entry", "origin")
    elif guard.origin_protocol not in (None, entry.origin.protocol):
        yield Refusal(RefusalCode.NOT_ORIGIN, "the entry came through another wire", "origin")


def stale(expected: int, current: int) -> Refusal:
    """The refusal for a version that is not the current one."""
    message = f"version {expected} was given, the record is at {current}"
    values: Values = {"expected": expected, "current": current}
    return Refusal(RefusalCode.STALE_VERSION, message, "version", values=values)


def closed_faults(company: Company, *dates: date) -> Iterator[Refusal]:
    """A refusal if the books are closed through one of these dates."""
    through = company.books_closed_through
    if through is not None and min(dates) <= through:
        message = f"the books are closed through {through}"
        values: Values = {"through": through.isoformat(), "date": min(dates).isoformat()}
        yield Refusal(RefusalCode.PERIOD_CLOSED, message, "posting_date", values=values)


def _duplicate_number(
    facts: Facts, own: EntryId | None, policy: DocNumberPolicy
) -> Iterator[Refusal]:
    """Whether another entry has the document number; `own` is that of an entry that is revised."""
    holder = facts.doc_number_holder
    refused = policy is DocNumberPolicy.REFUSE_DUPLICATE or (
        policy is DocNumberPolicy.COMPANY and facts.company.doc_number_unique
    )
    if refused and holder is not None and holder != own:
        assert facts.content is not None
        number = facts.content.doc_number or ""
        message = f"document number {number} is taken by entry {holder}"
        values: Values = {"doc_number": number, "holder": holder}
        yield Refusal(RefusalCode.DUPLICATE_DOC_NUMBER, message, "doc_number", values=values)


def text_faults(
    text: str | None, length_max: int, field: str, line: int | None = None
) -> Iterable[Refusal]:
    """Refusals for a text of more characters than its field has, or with some that no store keeps.

    PostgreSQL keeps no NUL, and a lone surrogate is no character at all.
    """
    if text is None or (len(text) <= length_max and text.isascii() and "\0" not in text):
        return ()
    return _text_faults(text, length_max, field, line)


def _text_faults(text: str, length_max: int, field: str, line: int | None) -> Iterator[Refusal]:
    if "\0" in text or not _is_encodable(text):
        message = f"{field} has a NUL or half of a surrogate pair"
        values: Values = {"reason": "characters"}
        yield Refusal(RefusalCode.INVALID_VALUE, message, field, line, values)
    if len(text) > length_max:
        message = f"{field} has {len(text)} characters, {length_max} at most"
        values = {"length": len(text), "max": length_max, "reason": "length"}
        yield Refusal(RefusalCode.INVALID_VALUE, message, field, line, values)


def _is_encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def annex_too_large(annex: Annex, line: int | None = None) -> Iterator[Refusal]:
    """A refusal for more than the core keeps of what it does not understand."""
    size = _annex_bytes(annex)
    if size > limits.ANNEX_BYTES_MAX:
        message = f"additional members take {size} bytes, {limits.ANNEX_BYTES_MAX} at most"
        values: Values = {"size": size, "max": limits.ANNEX_BYTES_MAX}
        yield Refusal(RefusalCode.LIMIT_EXCEEDED, message, "annex", line, values)


def _annex_bytes(annex: Annex) -> int:
    return sum(len(text.encode()) for _, text in annex)


def _marks_too_long(draft: LineDraft, line: int) -> Iterator[Refusal]:
    """Refusals for texts of a line's marks, which nobody here can judge otherwise."""
    for field, mark in (("tax", draft.tax), ("billing", draft.billing)):
        for member in fields(mark) if mark is not None else ():
            text = getattr(mark, member.name)
            if isinstance(text, str):
                yield from text_faults(text, limits.MARK_LENGTH_MAX, field, line)


def resolve(
    found: Sequence[Reference], entity: str, ref: Ref, field: str, line: int | None
) -> Reference | Refusal:
    """The one record a reference means, or the refusal that says why there is none."""
    if len(found) == 1:
        return found[0]
    text = _ref_text(ref)
    values: Values = {"entity": entity, "ref": text}
    noun = entity.partition(":")[0]
    if not found:
        message = f"no {noun} {text}"
        return Refusal(RefusalCode.REFERENCE_NOT_FOUND, message, field, line, values)
    message = f"{noun} {text} stands for several records"
    return Refusal(RefusalCode.REFERENCE_AMBIGUOUS, message, field, line, values)


def _ref_text(ref: Ref) -> str:
    match ref:
        case ById(id):
            return str(id)
        case ByName(name):
            return name
        case _:
            return ref.code


def inactive(entity: str, ref: Ref, field: str, line: int | None) -> Refusal:
    """The refusal for a record that has been made inactive."""
    text = _ref_text(ref)
    message = f"{entity.partition(':')[0]} {text} is inactive"
    values: Values = {"entity": entity, "ref": text}
    return Refusal(RefusalCode.REFERENCE_INACTIVE, message, field, line, values)


class Composer:
    """Builds the lines of an entry from drafts, and collects what is wrong with the content.

    `lines`, `notes`, `currency`, `rate` and `next_line_id` are of use only if `refusals` is
    empty. Lines with an id the entry already has keep it; the others get the next ones.
    """

    def __init__(self, content: EntryContent, facts: Facts, entry: JournalEntry | None) -> None:
        self._content = content
        self._facts = facts
        self._known = {line.id: line for line in entry.lines} if entry else {}
        self._known_notes = {note.id for note in entry.notes} if entry else frozenset()
        self.next_line_id = entry.next_line_id if entry else 0
        self.refusals: list[Refusal] = []
        self.lines: tuple[Line, ...] = ()
        self.notes: tuple[Note, ...] = ()
        self.currency = content.currency or facts.company.home_currency
        self.rate: Decimal | None = None
        if len(content.lines) > limits.LINES_MAX:
            message = f"{len(content.lines)} lines, {limits.LINES_MAX} at most"
            values: Values = {"count": len(content.lines), "max": limits.LINES_MAX}
            self.refusals.append(
                Refusal(RefusalCode.LIMIT_EXCEEDED, message, "lines", values=values)
            )
            return
        self._compose_head()
        self._compose_lines()
        self._balance()

    def _compose_head(self) -> None:
        content, company = self._content, self._facts.company
        refuse = self.refusals.extend
        refuse(text_faults(content.doc_number, limits.DOC_NUMBER_LENGTH_MAX, "doc_number"))
        refuse(text_faults(content.memo, limits.MEMO_LENGTH_MAX, "memo"))
        if content.annex:
            refuse(annex_too_large(content.annex))
        if self.currency == company.home_currency:
            if content.rate is not None and content.rate != ONE:
                message = "the rate of the home currency is 1"
                refuse([Refusal(RefusalCode.INVALID_VALUE, message, "rate")])
            return
        if not currencies.is_currency(self.currency):
            message = f"no currency {self.currency}"
            refuse([Refusal(RefusalCode.INVALID_VALUE, message, "currency")])
        elif not company.multicurrency:
            message = f"the company keeps books in {company.home_currency} alone"
            refuse([self._currency_mismatch(message)])
        rate = content.rate or self._facts.rate or content.fallback_rate
        if rate is None:
            message = f"no rate for {self.currency} was given or is stored"
            refuse([Refusal(RefusalCode.RATE_REQUIRED, message, "rate")])
            return
        try:
            self.rate = normal_rate(rate)
        except ValueError as fault:
            refuse([Refusal(RefusalCode.INVALID_VALUE, f"the rate is {fault}", "rate")])

    def _currency_mismatch(self, message: str, line: int | None = None) -> Refusal:
        values: Values = {"currency": self.currency}
        return Refusal(RefusalCode.CURRENCY_MISMATCH, message, "currency", line, values)

    def _compose_lines(self) -> None:
        lines: list[Line] = []
        notes: list[Note] = []
        used: set[LineId] = set()
        annexes = _annex_bytes(self._content.annex)
        for at, draft in enumerate(self._content.lines):
            if draft.description is not None:
                self.refusals.extend(
                    text_faults(draft.description, limits.MEMO_LENGTH_MAX, "description", at)
                )
            if draft.annex:
                self.refusals.extend(annex_too_large(draft.annex, at))
                annexes += _annex_bytes(draft.annex)
            if isinstance(draft, NoteDraft):
                note_id = self._line_id(draft.id, used)
                notes.append(Note(note_id, at, draft.description, draft.annex))
            else:
                line = self._line(draft, at, used)
                if line is not None:
                    lines.append(line)
        self.lines, self.notes = tuple(lines), tuple(notes)
        if annexes > limits.ENTRY_ANNEX_BYTES_MAX:
            size_max = limits.ENTRY_ANNEX_BYTES_MAX
            message = f"additional members take {annexes} bytes in all, {size_max} at most"
            values: Values = {"size": annexes, "max": size_max}
            self.refusals.append(
                Refusal(RefusalCode.LIMIT_EXCEEDED, message, "annex", values=values)
            )
        posting = len(self._content.lines) - len(notes)
        if posting < limits.LINES_MIN:
            noun = "line" if posting == 1 else "lines"
            message = f"{posting} posting {noun}, {limits.LINES_MIN} at least"
            self.refusals.append(Refusal(RefusalCode.TOO_FEW_LINES, message, "lines"))

    def _line_id(self, wanted: LineId | None, used: set[LineId]) -> LineId:
        if (
            wanted is not None
            and wanted not in used
            and (wanted in self._known or wanted in self._known_notes)
        ):
            line_id = wanted
        else:
            line_id = LineId(self.next_line_id)
            self.next_line_id += 1
        used.add(line_id)
        return line_id

    def _line(self, draft: LineDraft, at: int, used: set[LineId]) -> Line | None:
        """A line, or None after refusing it."""
        before = self._known.get(draft.id) if draft.id is not None else None
        count = len(self.refusals)
        if not 0 <= draft.amount <= limits.AMOUNT_MAX:
            reason = "negative" if draft.amount < 0 else "range"
            most = currencies.said(limits.AMOUNT_MAX, self.currency)
            given = currencies.said(draft.amount, self.currency)
            message = f"amount {given} is not within 0 and {most}"
            self.refusals.append(
                Refusal(RefusalCode.INVALID_VALUE, message, "amount", at, {"reason": reason})
            )
        if draft.tax is not None or draft.billing is not None:
            self.refusals.extend(_marks_too_long(draft, at))
        account = self._account(draft.account, at, before)
        contact = self._contact(draft, at, before)
        if account is not None:
            self._check_contact(account, contact, draft, at)
        dimensions = self._dimensions(draft, at, before) if draft.dimensions else ()
        if len(self.refusals) > count:
            return None
        assert account is not None
        return Line(
            id=self._line_id(draft.id, used),
            side=draft.side,
            amount=draft.amount,
            home_amount=draft.amount,
            account_id=account.id,
            contact_id=None if contact is None else contact.id,
            dimensions=dimensions,
            description=draft.description,
            tax=draft.tax,
            billing=draft.billing,
            annex=draft.annex,
        )

    def _account(self, ref: Ref, at: int, before: Line | None) -> Account | None:
        found = resolve(self._facts.found[ACCOUNT, ref], ACCOUNT, ref, "account", at)
        if isinstance(found, Refusal):
            self.refusals.append(found)
            return None
        assert isinstance(found, Account)
        if not found.active and (before is None or before.account_id != found.id):
            self.refusals.append(inactive(ACCOUNT, ref, "account", at))
        if found.kind is AccountKind.NON_POSTING:
            message = f"account {found.full_name} cannot be posted to"
            values: Values = {"reason": "non_posting"}
            self.refusals.append(Refusal(RefusalCode.INVALID_VALUE, message, "account", at, values))
        own = found.currency or self._facts.company.home_currency
        if found.kind.single_currency and own != self.currency:
            message = f"account {found.full_name} takes {own} alone"
            self.refusals.append(self._currency_mismatch(message, at))
        return found

    def _contact(self, draft: LineDraft, at: int, before: Line | None) -> Contact | None:
        ref = draft.contact
        if ref is None:
            return None
        found = resolve(self._facts.found[CONTACT, ref], CONTACT, ref, "contact", at)
        if isinstance(found, Refusal):
            self.refusals.append(found)
            return None
        assert isinstance(found, Contact)
        if not found.active and (before is None or before.contact_id != found.id):
            self.refusals.append(inactive(CONTACT, ref, "contact", at))
        if draft.contact_kind is not None and draft.contact_kind is not found.kind:
            message = f"contact {found.full_name} is a {found.kind}, not a {draft.contact_kind}"
            values: Values = {
                "kind": found.kind.value,
                "given": draft.contact_kind.value,
                "id": found.id,
            }
            self.refusals.append(
                Refusal(RefusalCode.CONTACT_KIND_WRONG, message, "contact", at, values)
            )
        return found

    def _check_contact(
        self, account: Account, contact: Contact | None, draft: LineDraft, at: int
    ) -> None:
        needed = _CONTACT_NEEDED.get(account.kind)
        if needed is None or (contact is not None and contact.kind is needed):
            return
        if contact is None and draft.contact is not None:
            return  # already refused: the reference leads nowhere
        message = f"account {account.full_name} needs a {needed} on its lines"
        values: Values = {"kind": needed.value, "account_kind": account.kind.value}
        self.refusals.append(Refusal(RefusalCode.CONTACT_REQUIRED, message, "contact", at, values))

    def _dimensions(
        self, draft: LineDraft, at: int, before: Line | None
    ) -> tuple[tuple[str, DimensionId], ...]:
        if len(draft.dimensions) > limits.DIMENSIONS_PER_LINE_MAX:
            message = f"a line has at most {limits.DIMENSIONS_PER_LINE_MAX} dimensions"
            self.refusals.append(Refusal(RefusalCode.LIMIT_EXCEEDED, message, "dimensions", at))
            return ()
        chosen: dict[str, DimensionId] = {}
        had = dict(before.dimensions) if before else {}
        for axis, ref in draft.dimensions:
            entity = dimension_entity(axis)
            found = resolve(self._facts.found[entity, ref], entity, ref, "dimension", at)
            if isinstance(found, Refusal):
                self.refusals.append(found)
                continue
            assert isinstance(found, Dimension)
            if not found.active and had.get(axis) != found.id:
                self.refusals.append(inactive(entity, ref, "dimension", at))
            if axis in chosen:
                message = f"a line has one value on axis {axis}"
                values: Values = {"reason": "repeated", "axis": axis}
                self.refusals.append(
                    Refusal(RefusalCode.INVALID_VALUE, message, "dimension", at, values)
                )
            chosen[axis] = found.id
        return tuple(sorted(chosen.items()))

    def _balance(self) -> None:
        """Check both balances; needs the amounts alone, so it is judged beside other faults."""
        debits = credits = 0
        for draft in self._content.lines:
            if isinstance(draft, LineDraft):
                if draft.side is Side.DEBIT:
                    debits += draft.amount
                else:
                    credits += draft.amount
        if debits != credits:
            self.refusals.append(self._unbalanced(debits, credits, self.currency))
        elif not self.refusals and self.rate is not None:
            self._convert([line for line in self._content.lines if isinstance(line, LineDraft)])

    def _convert(self, drafts: Sequence[LineDraft]) -> None:
        home = self._facts.company.home_currency
        given = [draft.home_amount for draft in drafts if draft.home_amount is not None]
        if given and len(given) == len(drafts):
            debits = sum(d.home_amount or 0 for d in drafts if d.side is Side.DEBIT)
            credits = sum(d.home_amount or 0 for d in drafts if d.side is Side.CREDIT)
            if debits != credits:
                self.refusals.append(self._unbalanced(debits, credits, home))
                return
            amounts = given
        elif given:
            message = "home amounts are given for all lines or for none"
            self.refusals.append(Refusal(RefusalCode.REQUIRED_MISSING, message, "home_amount"))
            return
        else:
            assert self.rate is not None
            signed = [line.signed for line in self.lines]
            exponents = currencies.exponent(self.currency), currencies.exponent(home)
            amounts = [abs(amount) for amount in home_amounts(signed, self.rate, *exponents)]
        if not all(0 <= amount <= limits.AMOUNT_MAX for amount in amounts):
            most = currencies.said(limits.AMOUNT_MAX, home)
            message = f"a home amount is not within 0 and {most}"
            values: Values = {"reason": "range"}
            self.refusals.append(
                Refusal(RefusalCode.INVALID_VALUE, message, "home_amount", values=values)
            )
            return
        self.lines = tuple(
            replace(line, home_amount=amount)
            for line, amount in zip(self.lines, amounts, strict=True)
        )

    @staticmethod
    def _unbalanced(debits: int, credits: int, currency: str) -> Refusal:
        said = [currencies.said(each, currency) for each in (debits, credits)]
        apart = currencies.said(abs(debits - credits), currency)
        message = f"debits are {said[0]}, credits {said[1]}, a difference of {apart}"
        values: Values = {"debits": debits, "credits": credits, "currency": currency}
        return Refusal(RefusalCode.UNBALANCED, message, "lines", values=values)
