"""Do the books agree with themselves? Every key fact is checked by two independent routes.

- the log: numbered without a gap, each hash covers the one before, the head stands at its end;
- the bodies of events against the tables, and the tables against the log: nothing missing;
- each entry: debits equal credits in its own and in the home currency, what its lines refer to
  exists, its ids and times make sense;
- totals by account and counters against sums over the entries, and what the engine itself checks;
- operations: numbered without a gap, each with an end that goes with its status, and where it
  succeeded with the event that it says it made.

What is wrong is reported as values; books are read in batches, so memory does not grow with them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from typing import Final, TypeVar

from daybook.app import bodies, stored_commands
from daybook.app.operations import OPERATION_BYTES_MAX, Operation, OperationStatus
from daybook.app.ports import Head, Reader, Store
from daybook.domain import chain, currencies
from daybook.domain.events import (
    ACCOUNT,
    COMPANY,
    CONTACT,
    ENTRY,
    Event,
    EventKind,
    dimension_entity,
    entity_of,
)
from daybook.domain.ids import CompanyId, EntryId
from daybook.domain.limits import LINES_MIN, PAGE_ROWS_MAX
from daybook.domain.model import JournalEntry, Record
from daybook.domain.query import Always, Compare, Field, Keyset, OneOf, Op, Query, Sort
from daybook.domain.values import value

T = TypeVar("T")

FINDINGS_MAX: Final = 1_000
"""Findings that are reported before the rest is left unread: one cause makes many."""

BATCH: Final = PAGE_ROWS_MAX
"""Events looked at together: as many as one query may name entries."""


class Check(StrEnum):
    """What was looked at."""

    CHAIN = "chain"
    """An event does not fit the chain of hashes, or a number is missing."""
    HEAD = "head"
    """The head of the log is not where the log ends."""
    BODY = "body"
    """An event's body cannot be read, is not in its one form, or is of another record."""
    TABLES = "tables"
    """A record in the tables is not as its last event says, or one of them is missing."""
    BALANCE = "balance"
    """Debits and credits differ."""
    REFERENCE = "reference"
    """A line refers to something that is not there."""
    ENTRY = "entry"
    """An entry breaks another rule that every kept entry obeys."""
    OPERATION = "operation"
    """An operation says of itself what cannot be, or what the log does not say."""
    TOTALS = "totals"
    """Kept sums or counts are not those of the entries."""


@value
class Finding:
    """One thing that is wrong. `seq` is an event's number, `record_id` of what `entity` names."""

    check: Check
    message: str
    seq: int | None = None
    entity: str | None = None
    record_id: int | None = None

    def __str__(self) -> str:
        where = [f"event {self.seq}"] if self.seq is not None else []
        if self.entity is not None:
            where.append(f"{self.entity} {self.record_id}")
        return f"{self.check}: {', '.join(where)}{': ' if where else ''}{self.message}"


@value
class Audit:
    """What was looked at and what is wrong.

    `complete` is False if there were so many findings that the rest was not looked at. `hash` is
    that of the last event: whoever noted an earlier one can tell that nothing before it changed.
    """

    events: int
    entries: int
    hash: bytes
    findings: tuple[Finding, ...]
    complete: bool


def _no_progress(_done: int, _all: int) -> None:
    """For callers that do not watch."""


def audit(
    store: Store,
    company_id: CompanyId,
    progress: Callable[[int, int], None] = _no_progress,
) -> Audit:
    """Look at everything in one company's books. `progress` gets events read and their number."""
    with store.read(company_id) as reader:
        head = reader.head()
        auditor = _Auditor(reader, head)
        for findings in auditor.steps():
            auditor.findings.extend(findings)
            progress(min(auditor.seq, head.seq), head.seq)
            if len(auditor.findings) >= FINDINGS_MAX:
                break
        complete = len(auditor.findings) < FINDINGS_MAX
    if complete:
        auditor.findings.extend(_totals(store, company_id))
    return Audit(
        auditor.seq,
        auditor.entries,
        head.hash,
        tuple(auditor.findings[:FINDINGS_MAX]),
        complete,
    )


QUICK_EVENTS: Final = 500
"""Events at the end of a log that a quick check reads: a few milliseconds."""


def quick_check(reader: Reader) -> tuple[Finding, ...]:
    """Look at what costs next to nothing: the end of the log, its head, the sum of all accounts."""
    head = reader.head()
    auditor = _Auditor(reader, head)
    first = max(head.seq - QUICK_EVENTS, 0)
    before = reader.event(first) if first else None
    if before is not None:
        auditor.seq, auditor.hash, auditor.at = before.seq, before.hash, before.at
    findings = [
        finding
        for event in reader.events(first, QUICK_EVENTS)
        for finding in auditor.chained(event)
    ]
    if (auditor.seq, auditor.hash) != (head.seq, head.hash):
        findings.append(Finding(Check.HEAD, f"the log does not end at event {head.seq}"))
    findings.extend(auditor.trial_faults())
    return tuple(findings)


def _totals(store: Store, company_id: CompanyId) -> Iterator[Finding]:
    """What the store finds of its own sums; damaged bodies, findings already, can hinder it."""
    try:
        for text in store.totals_mismatches(company_id):
            yield Finding(Check.TOTALS, text)
    except Exception as fault:  # bytes that no release wrote can fail in any way
        yield Finding(Check.TOTALS, f"kept sums cannot be compared: {fault}")


def _readable(read: Callable[[], T]) -> T | None:
    """What is read, or None where its body is damaged: its event is a finding of its own."""
    try:
        return read()
    except Exception:  # bytes that no release wrote can fail in any way
        return None


@dataclass(slots=True)
class _Auditor:
    """Reads the log once, in order, and everything else beside it."""

    reader: Reader
    head: Head
    findings: list[Finding] = field(default_factory=list)
    seq: int = 0
    hash: bytes = chain.GENESIS
    at: int = 0
    reference_seq: int = 0
    entries: int = 0
    """Entries whose last event was met."""
    deleted: int = 0
    totals: dict[int, list[int]] = field(default_factory=dict)
    """Debits and credits by account, of entries that count."""
    present: set[tuple[str, int]] = field(default_factory=set)
    """What lines refer to and is known to be there."""
    records: set[tuple[str, int]] = field(default_factory=set)
    """Reference records whose last event was met."""

    def steps(self) -> Iterator[Iterable[Finding]]:
        """Findings, a batch of events at a time, and at the end those of the whole."""
        while self.seq < self.head.seq:
            events = self.reader.events(self.seq, min(BATCH, self.head.seq - self.seq))
            if not events:
                yield [self._missing(self.seq + 1)]
                break
            yield self._batch(events)
        yield self._ends()
        yield from self._operations()

    def _operations(self) -> Iterator[list[Finding]]:
        """Findings about operations, a batch of them at a time."""
        sort, number = (Sort(Field.NUMBER),), 0
        while True:
            later = Compare(Field.NUMBER, Op.GT, number)
            query = Query(later, sort, Keyset(BATCH), OPERATION_BYTES_MAX)
            page = self.reader.operations(query)
            findings = []
            for operation in page:
                number += 1
                if operation.number != number:
                    findings.append(Finding(Check.OPERATION, f"operation {number} is missing"))
                    number = operation.number
                findings.extend(
                    Finding(Check.OPERATION, f"operation {number}, {operation.id}: {message}")
                    for message in self._operation_faults(operation)
                )
            if not page:
                return
            yield findings

    def _operation_faults(self, operation: Operation) -> Iterator[str]:
        pending = operation.status is OperationStatus.PENDING
        succeeded = operation.status is OperationStatus.SUCCESS
        if (operation.completed_at is None) != pending:
            yield f"{operation.status} does not go with the time of its end"
        if (operation.affected is not None) != succeeded:
            yield f"{operation.status} does not go with the record it changed"
        if operation.refusals and operation.status is not OperationStatus.FAILED:
            yield f"{operation.status} does not go with its refusals"
        try:
            stored_commands.decode(operation.command)
        except ValueError as fault:
            yield f"its command cannot be read: {fault}"
        affected = operation.affected
        if affected is None or affected.event_seq is None:
            return
        event = self.reader.event(affected.event_seq)
        told = None if event is None else (event.entity, event.record_id, event.version)
        if told != (affected.entity, affected.record_id, affected.version):
            yield f"the log does not have the event {affected.event_seq} that it made"

    @staticmethod
    def _missing(seq: int) -> Finding:
        return Finding(Check.CHAIN, "there is no event of this number, nor any later one", seq)

    def _batch(self, events: Sequence[Event]) -> list[Finding]:
        findings: list[Finding] = []
        kept = self._kept(events)
        for event in events:
            findings.extend(self.chained(event))
            try:
                record = bodies.decode(event.entity, event.body)
            except Exception as fault:  # bytes that no release wrote can fail in any way
                message = f"the body cannot be read: {fault}"
                findings.append(Finding(Check.BODY, message, event.seq))
                continue
            findings.extend(_body_faults(event, record))
            if isinstance(record, JournalEntry):
                findings.extend(self._entry_event(event, record, kept.get(record.id)))
            else:
                findings.extend(self._reference_event(event, record))
        return findings

    def _kept(self, events: Sequence[Event]) -> dict[int, JournalEntry]:
        """The entries that events are about, as the tables have them, by one query."""
        ids = sorted({event.record_id for event in events if event.entity == ENTRY})
        if not ids:
            return {}
        query = Query(OneOf(Field.ID, tuple(ids)), page=Keyset(PAGE_ROWS_MAX))
        try:
            return {entry.id: entry for entry in self.reader.entries(query)}
        except Exception:  # one of them is damaged: take those that are not
            found = [_readable(partial(self.reader.entry, EntryId(id))) for id in ids]
            return {entry.id: entry for entry in found if entry is not None}

    def chained(self, event: Event) -> Iterator[Finding]:
        """Whether an event continues the log; it then is what the next one has to continue."""
        broken = chain.verify((event,), self.hash, self.seq)
        if broken is not None:
            if event.seq != self.seq + 1:
                message = f"follows event {self.seq}: events between them are missing"
            elif event.previous_hash != self.hash:
                message = "does not continue the chain of the event before it"
            else:
                message = "the hash is not that of what the event holds: it was altered"
            yield Finding(Check.CHAIN, message, event.seq)
        if event.at < self.at:
            yield Finding(Check.CHAIN, "is older than the event before it", event.seq)
        # Go on from what is kept, so that one altered event is one finding.
        self.seq, self.hash, self.at = event.seq, event.hash, event.at
        if event.entity != ENTRY:
            self.reference_seq = event.seq

    def _entry_event(
        self, event: Event, record: JournalEntry, kept: JournalEntry | None
    ) -> Iterator[Finding]:
        """Compare with the tables once the event is the entry's last, and check the entry."""
        if kept is None or kept.version < record.version:
            message = f"the tables do not have version {record.version} of it"
            yield Finding(Check.TABLES, message, event.seq, ENTRY, record.id)
            return
        if kept.version > record.version:
            return
        self.entries += 1
        self.deleted += kept.deleted_at is not None
        if kept != record:
            message = "the tables have it otherwise than its last event"
            yield Finding(Check.TABLES, message, event.seq, ENTRY, record.id)
        for check, message in self._entry_faults(kept):
            yield Finding(check, message, event.seq, ENTRY, kept.id)

    def _entry_faults(self, entry: JournalEntry) -> Iterator[tuple[Check, str]]:
        yield from _balance_faults(entry)
        yield from _shape_faults(entry)
        for line in entry.lines:
            if entry.counts:
                sums = self.totals.setdefault(line.account_id, [0, 0])
                sums[line.signed_home < 0] += line.home_amount
            referred: list[tuple[str, int]] = [(ACCOUNT, line.account_id)]
            if line.contact_id is not None:
                referred.append((CONTACT, line.contact_id))
            referred.extend((dimension_entity(axis), id) for axis, id in line.dimensions)
            for key in referred:
                if not self._is_present(key):
                    yield Check.REFERENCE, f"line {line.id}: there is no {key[0]} {key[1]}"

    def _is_present(self, key: tuple[str, int]) -> bool:
        if key not in self.present:
            if _readable(partial(self.reader.reference, *key)) is None:
                return False
            self.present.add(key)
        return True

    def _reference_event(self, event: Event, record: Record) -> Iterator[Finding]:
        def read() -> Record | None:
            if event.entity == COMPANY:
                return self.reader.company
            return self.reader.reference(event.entity, event.record_id)

        kept = _readable(read)
        if kept is None or kept.version < record.version:
            message = f"the tables do not have version {record.version} of it"
            yield Finding(Check.TABLES, message, event.seq, event.entity, event.record_id)
            return
        if kept.version > record.version:
            return
        self.records.add((event.entity, event.record_id))
        if kept != record:
            message = "the tables have it otherwise than its last event"
            yield Finding(Check.TABLES, message, event.seq, event.entity, event.record_id)

    def _ends(self) -> Iterator[Finding]:
        """What can be said when the whole log has been read."""
        head = self.head
        at_end = (self.seq, self.hash, self.at, self.reference_seq)
        if at_end != (head.seq, head.hash, head.modified_at, head.reference_seq):
            message = f"says the log ends at event {head.seq}; it ends otherwise, at {self.seq}"
            yield Finding(Check.HEAD, message)
        count = self.reader.count_entries(Always())
        if count != self.entries:
            message = f"the tables have {count} entries, the log {self.entries}"
            yield Finding(Check.TABLES, message)
        deleted = self.reader.count_entries(Compare(Field.DELETED, Op.EQ, True))
        if (head.entries_live, head.entries_deleted) != (count - deleted, deleted):
            message = (
                f"the head counts {head.entries_live} entries and {head.entries_deleted} deleted"
                f" ones; there are {count - deleted} and {deleted}"
            )
            yield Finding(Check.TOTALS, message)
        if deleted != self.deleted:
            message = f"the tables have {deleted} deleted entries, the log {self.deleted}"
            yield Finding(Check.TABLES, message)
        yield from self._entity_counts()
        yield from self.trial_faults()
        yield from self._total_faults()

    def _entity_counts(self) -> Iterator[Finding]:
        counts: dict[str, int] = {}
        for entity, _ in self.records:
            counts[entity] = counts.get(entity, 0) + 1
        counts.pop(COMPANY, None)
        for entity in {*counts, ACCOUNT, CONTACT}:
            there = self.reader.count_references(entity, Always())
            if there != counts.get(entity, 0):
                message = (
                    f"the tables have {there} records of {entity}, the log {counts.get(entity, 0)}"
                )
                yield Finding(Check.TABLES, message)

    def trial_faults(self) -> Iterator[Finding]:
        """Whether the debits of all accounts equal their credits."""
        kept = self.reader.account_totals()
        debits = sum(total.debit for total in kept)
        credits = sum(total.credit for total in kept)
        if debits != credits:
            message = f"all accounts together have debits of {debits} and credits of {credits}"
            yield Finding(Check.BALANCE, f"{message}, in minor units of the home currency")

    def _total_faults(self) -> Iterator[Finding]:
        kept = {total.id: [total.debit, total.credit] for total in self.reader.account_totals()}
        nothing = [0, 0]
        for account_id in sorted(kept.keys() | self.totals.keys()):
            there, wanted = kept.get(account_id, nothing), self.totals.get(account_id, nothing)
            if there != wanted:
                message = (
                    f"debit and credit are kept as {there[0]} and {there[1]};"
                    f" the entries make {wanted[0]} and {wanted[1]}"
                )
                yield Finding(Check.TOTALS, message, None, ACCOUNT, account_id)


def _body_faults(event: Event, record: Record) -> Iterator[Finding]:
    if bodies.encode(record) != event.body:
        yield Finding(Check.BODY, "the body is not in its canonical form", event.seq)
    said = (event.entity, event.record_id, event.version)
    if (entity_of(record), record.id, record.version) != said:
        yield Finding(Check.BODY, "the body is of another record or version", event.seq)
    if (event.kind is EventKind.CREATED) != (event.version == 0):
        yield Finding(Check.BODY, f"{event.kind} does not go with its version", event.seq)
    if record.modified_at != event.at:
        yield Finding(Check.BODY, "the record and the event have different times", event.seq)


def _balance_faults(entry: JournalEntry) -> Iterator[tuple[Check, str]]:
    for currency, difference in (
        (entry.currency, sum(line.signed for line in entry.lines)),
        ("the home currency", sum(line.signed_home for line in entry.lines)),
    ):
        if difference:
            text = f"debits less credits are {difference} minor units of {currency}"
            yield Check.BALANCE, text


def _shape_faults(entry: JournalEntry) -> Iterator[tuple[Check, str]]:
    if len(entry.lines) < LINES_MIN:
        yield Check.ENTRY, f"it has {len(entry.lines)} lines, {LINES_MIN} at least"
    ids = [line.id for line in entry.sequence]
    if len(set(ids)) != len(ids) or any(not 0 <= id < entry.next_line_id for id in ids):
        yield Check.ENTRY, "the numbers of its lines are repeated or above the next one"
    if any(line.amount < 0 or line.home_amount < 0 for line in entry.lines):
        yield Check.ENTRY, "it has a negative amount"
    if not currencies.is_currency(entry.currency):
        yield Check.ENTRY, f"there is no currency {entry.currency}"
    if not entry.created_at <= entry.modified_at:
        yield Check.ENTRY, "it was changed before it was made"
