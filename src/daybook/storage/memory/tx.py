"""A unit of work's view of one company: reads, writes, undo.

Writes go straight into the company's tables, at a moment that no reader knows of until it is
committed, and are noted so that they can be taken back. What the tables' guards of other engines
refuse is refused here too: an event out of order, an entry that does not balance, a total beyond
its bound. After such a refusal the transaction can only be undone.
"""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar

from daybook.app.operations import Operation, OperationStatus
from daybook.app.outbox import Message
from daybook.app.ports import IdempotencyKey, LimitPassed, Remembered, StoreFailure
from daybook.domain.events import ENTRY, RATE, Actor, Change, Event, EventKind, entity_of
from daybook.domain.ids import AccountId, ByCode, ById, EntryId, Ref, Timestamp
from daybook.domain.limits import LINES_MIN, TOTAL_MAX
from daybook.domain.model import ExchangeRate, JournalEntry, Record, Reference
from daybook.domain.query import Field
from daybook.storage.memory import lookup
from daybook.storage.memory.books import Books, Sums
from daybook.storage.memory.figures import Tally
from daybook.storage.memory.outbox import check_messages
from daybook.storage.memory.reader import Snapshot
from daybook.storage.memory.versions import Versions

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Transaction(Snapshot):
    """Implements `ports.Tx`. Made under the store's lock, and ended by `commit` or `undo`."""

    __slots__ = ("_ended", "_moved", "_over", "_put", "_refused", "_submitted", "messages")

    def __init__(self, books: Books) -> None:
        super().__init__(books)
        self._moment = books.moment + 1
        self._put: list[tuple[Versions[Any, Any], Hashable]] = []
        self._moved: list[tuple[Record | None, Record]] = []
        self._submitted: list[Operation] = []
        self._ended: list[Operation] = []
        self.messages: list[tuple[Sequence[Message], Timestamp]] = []
        """What is to be delivered once this is committed."""
        self._refused: Exception | None = None
        self._over = False

    def append(self, event: Event, change: Change) -> None:
        """Keep an event and bring records, totals and the head up to it.

        Raises `StoreFailure` for an event that does not follow the log or an entry that does not
        balance, `LimitPassed` for a total beyond `TOTAL_MAX`; either ends the transaction.
        """
        self._check_open()
        try:
            kept = self._record(event.entity, event.record_id)
            self._check_event(event, change, kept)
            if isinstance(change.after, JournalEntry):
                _check_balance(change.after)
            self._keep(event, kept, change.after)
        except Exception as refused:
            self._refused = refused
            raise

    def remember(self, key: IdempotencyKey, remembered: Remembered) -> None:
        """Keep something under an idempotency key. Raises `StoreFailure` if it is used."""
        self._check_open()
        if self.recall(key) is not None:
            self._refused = StoreFailure(f"the idempotency key {key.key!r} is used")
            raise self._refused
        self._write(self._books.remembered, key, remembered)

    def renew(self, key: IdempotencyKey, remembered: Remembered) -> None:
        """Keep something under an idempotency key in place of what it stood for."""
        self._check_open()
        self._write(self._books.remembered, key, remembered)

    def add_operation(self, operation: Operation) -> Operation:
        """Keep a new operation; answers with its number and time set."""
        self._check_open()
        books = self._books
        if operation.id in books.operation_numbers:
            self._refused = StoreFailure(f"the id {operation.id} of an operation is used already")
            raise self._refused
        number = len(books.operation_numbers) + 1
        latest = books.operations.at(number - 1, self._moment)
        earliest = Timestamp(0) if latest is None else latest.requested_at
        numbered = replace(
            operation, number=number, requested_at=max(operation.requested_at, earliest)
        )
        books.operation_numbers[operation.id] = number
        books.pending[number] = None
        self._submitted.append(numbered)
        self._write(books.operations, number, numbered)
        return numbered

    def end_operation(self, operation: Operation) -> None:
        """Replace a pending operation by what has become of it."""
        self._check_open()
        kept = self.operation(operation.id)
        if kept is None or kept.status is not OperationStatus.PENDING:
            self._refused = StoreFailure(f"operation {operation.id} is not pending")
            raise self._refused
        self._write(self._books.operations, operation.number, operation)
        if operation.status is not OperationStatus.PENDING:
            del self._books.pending[operation.number]
            self._ended.append(operation)

    def publish(self, messages: Sequence[Message], at: Timestamp) -> None:
        """Have messages delivered once this is committed."""
        self._check_open()
        check_messages(messages)
        self.messages.append((messages, at))

    def next_id(self, entity: str) -> int:
        """The id the next record of an entity gets: one above the highest ever used."""
        return (self._books.highest_ids.at(entity, self._moment) or 0) + 1

    def reserve_ids(self, entity: str, count: int) -> int:
        """Set aside ids that nobody else is given; answers with the first."""
        self._check_open()
        first = self.next_id(entity)
        self._write(self._books.highest_ids, entity, first + count - 1)
        return first

    def find(self, entity: str, ref: Ref) -> Sequence[Reference]:
        """The records a reference may mean, at most two; active ones hide inactive ones."""
        match ref:
            case ById(record_id):
                record = self.reference(entity, record_id)
                return [] if record is None else [record]
            case ByCode(code):
                candidates = self._found(lookup.text_key(entity, Field.CODE, code), entity)
                return _active_first(candidates)[:2]
            case _:
                key = lookup.text_key(entity, Field.FULL_NAME, ref.name)
                candidates = self._found(key, entity)
                if not candidates:
                    key = lookup.text_key(entity, Field.NAME, ref.name)
                    candidates = self._found(key, entity)
                return _active_first(candidates)[:2]

    def children(self, entity: str, record_id: int) -> Sequence[Reference]:
        """The records directly below one, by id."""
        return self._found(lookup.parent_key(entity, record_id), entity)

    def doc_number_holder(self, doc_number: str) -> EntryId | None:
        """The lowest-numbered live entry with this document number (ASCII case apart), or None."""
        ids = self._books.lookup.ids(lookup.doc_number_key(doc_number))
        return EntryId(ids[0]) if ids else None

    def highest_doc_number(self) -> int:
        """The highest document number among live entries that is digits only, or 0."""
        return self._books.lookup.highest_number()

    def rate(self, currency: str, on: date) -> Decimal | None:
        """The exchange rate in force on a day: the latest `as_of` not after it, or None."""
        found = self._found(lookup.rate_key(currency), RATE)
        rates = [each for each in found if isinstance(each, ExchangeRate) and each.as_of <= on]
        return max(rates, key=lambda each: (each.as_of, each.id)).rate if rates else None

    def authors(self, entity: str, record_id: int) -> Sequence[Actor]:
        """On whose behalf a record was made and revised: each once, request ids left out."""
        return sorted(
            {
                replace(event.actor, request_id=None)
                for event in self.history(entity, record_id)
                if event.kind in (EventKind.CREATED, EventKind.REVISED)
            },
            key=lambda actor: (actor.client, actor.protocol, actor.user or ""),
        )

    def is_posted_to(self, account_id: AccountId) -> bool:
        """Whether a live entry has a line on the account."""
        return self._books.lookup.has(lookup.account_key(account_id))

    def commit(self) -> None:
        """Let readers see what was written. Raises what was refused, if anything was."""
        self._check_open()
        self._over = True
        self._books.moment = self._moment

    def undo(self) -> None:
        """Take back everything that was written, the latest first."""
        self._over = True
        books = self._books
        for before, after in reversed(self._moved):
            books.lookup.move(after, before)
            books.histories[entity_of(after), after.id].pop()
            books.log.pop()
        for table, key in reversed(self._put):
            table.undo(key)
        for operation in self._ended:
            books.pending[operation.number] = None
        for operation in self._submitted:
            books.pending.pop(operation.number, None)
            del books.operation_numbers[operation.id]

    def _check_open(self) -> None:
        if self._refused is not None:
            raise self._refused
        if self._over:
            raise StoreFailure("the transaction is over")

    def _check_event(self, event: Event, change: Change, kept: Record | None) -> None:
        head, after = self.head(), change.after
        follows = event.seq == head.seq + 1 and event.previous_hash == head.hash
        if not follows or event.company_id != self._books.company_id:
            raise StoreFailure(f"event {event.seq} does not follow event {head.seq} of this log")
        if (event.entity, event.record_id) != (entity_of(after), after.id):
            raise StoreFailure(f"event {event.seq} is not of the record it comes with")
        before = change.before
        if (kept is None) != (before is None) or (kept and before and kept != before):
            raise StoreFailure(f"event {event.seq} changes a record that is kept otherwise")

    def _keep(self, event: Event, kept: Record | None, after: Record) -> None:
        books = self._books
        books.log.append(event)
        books.histories.setdefault((event.entity, event.record_id), []).append(event.seq)
        books.lookup.move(kept, after)
        self._moved.append((kept, after))
        self._write(books.records.setdefault(event.entity, Versions()), event.record_id, after)
        if event.record_id >= self.next_id(event.entity):
            self._write(books.highest_ids, event.entity, event.record_id)
        self._write_head(event, kept, after)
        if isinstance(after, JournalEntry):
            assert kept is None or isinstance(kept, JournalEntry)
            self._write_sums(kept, after)

    def _write_head(self, event: Event, kept: Record | None, after: Record) -> None:
        head = self.head()
        live, deleted = head.entries_live, head.entries_deleted
        for entry, sign in ((kept, -1), (after, 1)):
            if isinstance(entry, JournalEntry):
                live += sign * (entry.deleted_at is None)
                deleted += sign * (entry.deleted_at is not None)
        head = replace(
            head,
            seq=event.seq,
            hash=event.hash,
            modified_at=event.at,
            reference_seq=head.reference_seq if event.entity == ENTRY else event.seq,
            entries_live=live,
            entries_deleted=deleted,
        )
        self._write(self._books.heads, self._books.company_id, head)

    def _write_sums(self, kept: JournalEntry | None, after: JournalEntry) -> None:
        tally = Tally(self._kind_of)
        if kept is not None:
            tally.add([kept], -1)
        tally.add([after])
        for table, changes in (
            (self._books.account_sums, tally.accounts),
            (self._books.contact_sums, tally.contacts),
        ):
            for record_id, (debit, credit, lines) in changes.items():
                old = table.at(record_id, self._moment) or Sums()
                new = Sums(old.debit + debit, old.credit + credit, old.lines + lines)
                if max(new.debit, new.credit) > TOTAL_MAX:
                    raise LimitPassed(f"a total would pass {TOTAL_MAX}")
                self._write(table, record_id, new)

    def _write(self, table: Versions[K, V], key: K, value: V) -> None:
        if table.put(key, self._moment, value):
            self._put.append((table, key))

    def _found(self, key: lookup.Key, entity: str) -> list[Reference]:
        found = (self.reference(entity, record_id) for record_id in self._books.lookup.ids(key))
        return [record for record in found if record is not None]


def _check_balance(entry: JournalEntry) -> None:
    lines = entry.lines
    if (
        len(lines) < LINES_MIN
        or sum(line.signed for line in lines) != 0
        or sum(line.signed_home for line in lines) != 0
    ):
        raise StoreFailure(
            f"debits and credits of entry {entry.id} differ, or it has fewer than two lines"
        )


def _active_first(records: list[Reference]) -> list[Reference]:
    active = [record for record in records if getattr(record, "active", True)]
    return active or records
