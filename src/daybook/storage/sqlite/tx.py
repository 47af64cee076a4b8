"""A unit of work's view of one company: it reads its own writes, and writes in bulk.

Rows are gathered and written a few hundred at a time, one prepared statement for each table:
that is what makes an import fast, and a group commit of many small commands cost little more
than one. What a command usually asks (an entry by its id, the next id, an idempotency key,
reference records) is answered without writing the gathered rows first; whatever else reads goes
through `_settle`, which writes them.

One `SqliteTx` serves all units of a transaction that are about the same company.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Final

import apsw

from daybook.app.operations import Operation, OperationStatus
from daybook.app.outbox import Message
from daybook.app.ports import IdempotencyKey, Remembered, StoreCorrupt, StoreFailure
from daybook.domain.events import ACCOUNT, ENTRY, RATE, Actor, Change, Event, EventKind
from daybook.domain.ids import ById, ByName, CompanyId, EntryId, Ref, Timestamp
from daybook.domain.model import (
    AccountKind,
    Company,
    ExchangeRate,
    JournalEntry,
    Line,
    Reference,
    Side,
)
from daybook.domain.query import fold
from daybook.storage.sqlite import totals
from daybook.storage.sqlite.operations import (
    ADD_OPERATION,
    END_OPERATION,
    ended_row,
    operation_row,
)
from daybook.storage.sqlite.reader import (
    STATES,
    SqliteReader,
    can_be_number,
    decode_reference,
)
from daybook.storage.sqlite.references import ReferenceCache, ReferenceCaches
from daybook.storage.sqlite.rows import (
    DIMENSION_COLUMNS,
    ENTRY_COLUMNS,
    LINE_COLUMNS,
    REFERENCE_COLUMNS,
    Row,
    dimension_rows,
    entry_row,
    line_rows,
    reference_row,
)
from daybook.storage.sqlite.standings import Standing

GATHERED_MAX: Final = 512
"""Events whose rows are gathered before they are written: some 500 KB. More saves nothing."""

GATHERED_LINES_MAX: Final = 20_000
"""Lines gathered before they are written: two of the largest entries."""

_STATE_AT: Final = {state: at for at, state in enumerate(STATES)}

# OR ROLLBACK: where a row is refused the transaction is over (the first migration says why).
_ADD_EVENT: Final = (
    "INSERT OR ROLLBACK INTO event (company_id, seq, kind, entity, record_id, version, at,"
    " client, protocol, user, request_id, previous_seq, previous_hash, hash, body)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ADD_ENTRY: Final = (
    f"INSERT OR ROLLBACK INTO entry ({ENTRY_COLUMNS}, sealed)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)"
)
_REVISE_ENTRY: Final = (
    "UPDATE OR ROLLBACK entry SET version = ?, status = ?, deleted_at = ?, posting_date = ?,"
    " doc_number = ?, memo = ?, currency = ?, total = ?, adjustment = ?, origin_client = ?,"
    " origin_protocol = ?, created_at = ?, modified_at = ?, event_seq = ?"
    " WHERE company_id = ? AND id = ?"
)
_UNSEAL: Final = "UPDATE OR ROLLBACK entry SET sealed = 0 WHERE company_id = ? AND id = ?"
_SEAL: Final = "UPDATE OR ROLLBACK entry SET sealed = 1 WHERE company_id = ? AND id = ?"
_SEAL_RANGE: Final = (
    "UPDATE OR ROLLBACK entry SET sealed = 1 WHERE company_id = ? AND id BETWEEN ? AND ?"
)
_DROP_LINES: Final = "DELETE FROM line WHERE company_id = ? AND entry_id = ?"
_DROP_DIMENSIONS: Final = "DELETE FROM line_dimension WHERE company_id = ? AND entry_id = ?"
_ADD_LINE: Final = (
    f"INSERT OR ROLLBACK INTO line ({LINE_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ADD_DIMENSION: Final = (
    f"INSERT OR ROLLBACK INTO line_dimension ({DIMENSION_COLUMNS}) VALUES (?, ?, ?, ?, ?)"
)
_PUT_REFERENCE: Final = (
    f"INSERT OR REPLACE INTO reference ({REFERENCE_COLUMNS})"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_PUT_COMPANY: Final = "UPDATE company SET event_seq = ? WHERE id = ?"
_PUT_HEAD: Final = (
    "UPDATE head SET seq = ?, hash = ?, modified_at = ?, reference_seq = ?, totals_seq = ?,"
    " live_pending = ?, live_review = ?, live_posted = ?, deleted_pending = ?,"
    " deleted_review = ?, deleted_posted = ? WHERE company_id = ?"
)
_REMEMBER: Final = (
    "INSERT INTO idempotency (company_id, protocol, scope, key, at, digest, first_seq, last_seq,"
    " answer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_FORGET: Final = (
    "DELETE FROM idempotency WHERE company_id = ? AND protocol = ? AND scope = ? AND key = ?"
)
_RESERVED: Final = "SELECT last FROM reserved_id WHERE company_id = ? AND entity = ?"
_RESERVE: Final = (
    "INSERT INTO reserved_id (company_id, entity, last) VALUES (?, ?, ?)"
    " ON CONFLICT (company_id, entity) DO UPDATE SET last = excluded.last"
)
_FIND: Final = (
    "SELECT r.active, v.body FROM reference r JOIN event v ON v.company_id = r.company_id"
    " AND v.seq = r.event_seq WHERE r.company_id = ? AND r.entity = ? AND {key} = ?"
    " ORDER BY r.active DESC, r.id LIMIT 2"
)
_FIND_FULL_NAME: Final = _FIND.format(key="lower(r.full_name)")
_FIND_NAME: Final = _FIND.format(key="lower(r.name)")
_FIND_CODE: Final = _FIND.format(key="lower(r.code)")
_CHILDREN: Final = (
    "SELECT v.body FROM reference r JOIN event v ON v.company_id = r.company_id"
    " AND v.seq = r.event_seq WHERE r.company_id = ? AND r.entity = ? AND r.parent_id = ?"
    " ORDER BY r.id"
)
_HOLDER: Final = (
    "SELECT min(id) FROM entry WHERE company_id = ? AND lower(doc_number) = ?"
    " AND deleted_at IS NULL"
)
_HIGHEST_NUMBER: Final = (
    "SELECT ltrim(doc_number, '0') FROM entry WHERE company_id = ? AND deleted_at IS NULL"
    " AND doc_number <> '' AND doc_number NOT GLOB '*[^0-9]*' AND instr(doc_number, char(0)) = 0"
    " ORDER BY length(ltrim(doc_number, '0')) DESC, ltrim(doc_number, '0') DESC LIMIT 1"
)
_RATE: Final = (
    "SELECT v.body FROM reference r JOIN event v ON v.company_id = r.company_id"
    " AND v.seq = r.event_seq WHERE r.company_id = ? AND r.entity = ? AND lower(r.name) = ?"
    " AND r.as_of <= ? ORDER BY r.as_of DESC, r.id DESC LIMIT 1"
)
_POSTED_TO: Final = (
    "SELECT 1 FROM line l JOIN entry e ON e.company_id = l.company_id AND e.id = l.entry_id"
    " WHERE l.company_id = ? AND l.account_id = ? AND e.deleted_at IS NULL LIMIT 1"
)
_AUTHORS: Final = (
    "WITH RECURSIVE walk (seq, previous_seq) AS ("
    " SELECT v.seq, v.previous_seq FROM event v WHERE v.company_id = ?1 AND v.seq = ?2"
    " UNION ALL SELECT v.seq, v.previous_seq FROM walk"
    " JOIN event v ON v.company_id = ?1 AND v.seq = walk.previous_seq)"
    " SELECT DISTINCT v.client, v.protocol, v.user FROM walk"
    " JOIN event v ON v.company_id = ?1 AND v.seq = walk.seq"
    f" WHERE v.kind IN ('{EventKind.CREATED.value}', '{EventKind.REVISED.value}')"
    " ORDER BY 1, 2, 3"
)
_LAST_OPERATION: Final = (
    "SELECT number, requested_at FROM operation WHERE company_id = ? ORDER BY number DESC LIMIT 1"
)
_OPEN_ITEMS: Final = (AccountKind.RECEIVABLE, AccountKind.PAYABLE)


Publish = Callable[[Sequence[Message], CompanyId | None, Timestamp], None]
"""Keeps deliveries of messages that tell of a company's books."""


class Writes:
    """Counts what a transaction writes, over all companies: whether a unit wrote anything."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class SqliteTx(SqliteReader):
    """Reads and writes one company's books inside the writer's transaction."""

    __slots__ = (
        "_accounts",
        "_changed_references",
        "_contacts",
        "_days",
        "_days_after",
        "_dimensions",
        "_ended",
        "_entries",
        "_events",
        "_lines",
        "_make_way",
        "_new",
        "_new_ids",
        "_new_operations",
        "_next_ids",
        "_operations",
        "_publish",
        "_relined",
        "_remembered",
        "_renewed",
        "_revised",
        "_writes",
        "written",
    )

    def __init__(
        self,
        connection: apsw.Connection,
        company_id: CompanyId,
        caches: ReferenceCaches,
        writes: Writes,
        publish: Publish,
        standing: Standing,
        make_way: Callable[[], None],
    ) -> None:
        super().__init__(connection, company_id, caches, standing.row)
        self._publish = publish
        self._make_way = make_way
        self._operations: dict[str, Operation] = {}
        self._new_operations: list[Operation] = []
        self._ended: list[Operation] = []
        self._writes = writes
        self.written = False
        """Whether anything was appended or remembered."""
        self._changed_references = False
        self._entries: dict[EntryId, tuple[JournalEntry, int]] = {}
        self._events: list[Row] = []
        self._new: list[Row] = []
        self._new_ids: list[EntryId] = []
        self._revised: list[Row] = []
        self._relined: list[tuple[int, int]] = []
        self._lines: list[Row] = []
        self._dimensions: list[Row] = []
        self._remembered: dict[IdempotencyKey, Remembered] = {}
        self._renewed: set[IdempotencyKey] = set()
        self._next_ids = standing.next_ids
        self._accounts: dict[int, totals.Sums] = {}
        self._contacts: dict[int, totals.Sums] = {}
        row, days = standing.row, standing.days
        self._days: totals.Periods = {} if days is None else days
        self._days_after = row.seq if days is None else row.totals_seq

    def _cache(self) -> ReferenceCache:
        if self._changed_references and self._private is not None and self._private.is_full:
            self._private = ReferenceCache(self._row.reference_seq)
        return super()._cache()

    # What is read without writing the gathered rows first.

    def entry(self, entry_id: EntryId) -> JournalEntry | None:
        """An entry, tombstones included, or None."""
        gathered = self._entries.get(entry_id)
        return gathered[0] if gathered is not None else super().entry(entry_id)

    def recall(self, key: IdempotencyKey) -> Remembered | None:
        """What is kept under an idempotency key, or None."""
        return self._remembered.get(key) or super().recall(key)

    def operation(self, operation_id: str) -> Operation | None:
        """An operation by its id, or None."""
        return self._operations.get(operation_id) or super().operation(operation_id)

    def next_id(self, entity: str) -> int:
        """The id the next record of an entity gets; nothing is deleted, so the highest and 1."""
        next_id = self._next_ids.get(entity)
        if next_id is None:
            self._write_gathered()
            where: tuple[int | str, ...] = (self._company_id,)
            statement = "SELECT max(id) FROM entry WHERE company_id = ?"
            if entity != ENTRY:
                where = (self._company_id, entity)
                statement = "SELECT max(id) FROM reference WHERE company_id = ? AND entity = ?"
            row = self._connection.execute(statement, where).fetchone()
            assert row is not None
            reserved = self._connection.execute(_RESERVED, (self._company_id, entity)).fetchone()
            highest = max(row[0] or 0, 0 if reserved is None else reserved[0])
            next_id = self._next_ids[entity] = highest + 1
        return next_id

    def reserve_ids(self, entity: str, count: int) -> int:
        """Set aside ids that nobody else is given; answers with the first."""
        first = self.next_id(entity)
        last = first + count - 1
        self._connection.execute(_RESERVE, (self._company_id, entity, last))
        self._next_ids[entity] = last + 1
        self._writes.count += 1
        self.written = True
        return first

    def find(self, entity: str, ref: Ref) -> Sequence[Reference]:
        """The records a reference may mean, at most two."""
        key = (entity, ref)
        records = None if self._private is None else self._private.found.get(key)
        if records is None:
            found = self._cache().found
            records = found.get(key)
            if records is None:
                records = found[key] = self._find(entity, ref)
        return records

    def children(self, entity: str, record_id: int) -> Sequence[Reference]:
        """The records directly below one."""
        children = self._cache().children
        key = (entity, record_id)
        records = children.get(key)
        if records is None:
            where = (self._company_id, entity, record_id)
            rows = self._connection.execute(_CHILDREN, where) if can_be_number(record_id) else ()
            records = children[key] = [decode_reference(entity, body) for (body,) in rows]
        return records

    def rate(self, currency: str, on: date) -> Decimal | None:
        """The exchange rate in force on a day, or None."""
        rates = self._cache().rates
        key = (currency, on)
        if key not in rates:
            where = (self._company_id, RATE, fold(currency), on.isoformat())
            row = self._connection.execute(_RATE, where).fetchone()
            record = None if row is None else decode_reference(RATE, row[0])
            rates[key] = record.rate if isinstance(record, ExchangeRate) else None
        return rates[key]

    # What needs the gathered rows in their tables.

    def doc_number_holder(self, doc_number: str) -> EntryId | None:
        """The lowest-numbered live entry with this document number, or None."""
        self._settle()
        try:
            row = self._connection.execute(_HOLDER, (self._company_id, fold(doc_number))).fetchone()
        except UnicodeEncodeError:  # half of a surrogate pair: nothing has that number
            return None
        assert row is not None
        holder: EntryId | None = row[0]
        return holder

    def highest_doc_number(self) -> int:
        """The highest document number among live entries that is digits only, or 0."""
        self._settle()
        row = self._connection.execute(_HIGHEST_NUMBER, (self._company_id,)).fetchone()
        return 0 if row is None else int(row[0] or 0)

    def authors(self, entity: str, record_id: int) -> Sequence[Actor]:
        """On whose behalf a record was made and revised: each once, request ids left out."""
        self._settle()
        latest = self._latest_event(entity, record_id)
        if latest is None:
            return []
        rows = self._connection.execute(_AUTHORS, (self._company_id, latest))
        return [Actor(client, protocol, user) for client, protocol, user in rows]

    def is_posted_to(self, account_id: int) -> bool:
        """Whether a live entry has a line on the account."""
        self._settle()
        if not can_be_number(account_id):
            return False
        row = self._connection.execute(_POSTED_TO, (self._company_id, account_id)).fetchone()
        return row is not None

    # Writing.

    def append(self, event: Event, change: Change) -> None:
        """Keep an event and bring tables, counters, totals and the head up to it."""
        row = self._row
        if event.seq != row.seq + 1 or event.previous_hash != row.hash:
            raise StoreFailure(f"event {event.seq} does not follow event {row.seq}")
        self._writes.count += 1
        self.written = True
        self._make_room()
        after = change.after
        if isinstance(after, JournalEntry):
            self._append_entry(event, change.before, after)
        else:
            self._append_reference(event, after)
        row.seq = event.seq
        row.hash = event.hash
        row.modified_at = event.at

    def remember(self, key: IdempotencyKey, remembered: Remembered) -> None:
        """Keep something under an idempotency key that is not yet used."""
        if self._remembered.setdefault(key, remembered) is not remembered:
            raise StoreFailure(f"the key {key.key!r} is used already")
        self._writes.count += 1
        self.written = True

    def renew(self, key: IdempotencyKey, remembered: Remembered) -> None:
        """Keep something under an idempotency key in place of what it stood for."""
        self._remembered.pop(key, None)
        self._renewed.add(key)
        self.remember(key, remembered)

    def add_operation(self, operation: Operation) -> Operation:
        """Keep a new operation; answers with its number and time set."""
        if self.operation(operation.id) is not None:
            raise StoreFailure(f"the id {operation.id} of an operation is used already")
        number, requested_at = self._last_operation()
        numbered = replace(
            operation,
            number=number + 1,
            requested_at=Timestamp(max(operation.requested_at, requested_at)),
        )
        self._writes.count += 1
        self.written = True
        self._operations[operation.id] = numbered
        self._new_operations.append(numbered)
        return numbered

    def end_operation(self, operation: Operation) -> None:
        """Replace a pending operation by what has become of it."""
        kept = self.operation(operation.id)
        if kept is None or kept.status is not OperationStatus.PENDING:
            raise StoreFailure(f"operation {operation.id} is not pending")
        self._writes.count += 1
        self.written = True
        self._operations[operation.id] = operation
        self._ended.append(operation)

    def publish(self, messages: Sequence[Message], at: Timestamp) -> None:
        """Keep a delivery of each message for each consumer that wants it."""
        self._publish(messages, self._company_id, at)

    def _last_operation(self) -> tuple[int, int]:
        """Number and time of the latest operation, zeros if there is none."""
        if self._new_operations:
            latest = self._new_operations[-1]
            return latest.number, latest.requested_at
        row = self._connection.execute(_LAST_OPERATION, (self._company_id,)).fetchone()
        return (0, 0) if row is None else (row[0], row[1])

    def _write_operations(self) -> None:
        if self._new_operations:
            rows = [operation_row(operation) for operation in self._new_operations]
            self._connection.executemany(ADD_OPERATION, rows)
            self._new_operations.clear()
        if self._ended:
            rows = [ended_row(operation) for operation in self._ended]
            self._connection.executemany(END_OPERATION, rows)
            self._ended.clear()
        self._operations.clear()

    def _append_entry(self, event: Event, before: object, after: JournalEntry) -> None:
        if before is not None:
            self._append_revision(event, before, after)
            return
        entry_id = after.id
        if entry_id in self._entries:
            self._settle()
        self._entries[entry_id] = (after, event.seq)
        self._gather_event(event, None)
        self._gather_lines(after)
        self._new.append(entry_row(self._company_id, after, event.seq))
        self._new_ids.append(entry_id)
        self._row.counts[_STATE_AT[after.deleted_at is not None, after.status]] += 1
        if after.counts:
            self._sum(after, 1)
        self._use_id(ENTRY, entry_id)

    def _append_revision(self, event: Event, before: object, after: JournalEntry) -> None:
        assert isinstance(before, JournalEntry)
        entry_id = after.id
        if entry_id in self._entries:
            self._settle()
        previous_seq = self._latest_event(ENTRY, entry_id)
        if previous_seq is None:
            raise StoreCorrupt(f"entry {entry_id} is revised but does not exist")
        self._entries[entry_id] = (after, event.seq)
        self._gather_event(event, previous_seq)
        if after.lines != before.lines:
            self._relined.append((self._company_id, entry_id))
            self._gather_lines(after)
        self._revised.append(entry_row(self._company_id, after, event.seq))
        counts = self._row.counts
        counts[_STATE_AT[before.deleted_at is not None, before.status]] -= 1
        counts[_STATE_AT[after.deleted_at is not None, after.status]] += 1
        if before.counts:
            self._sum(before, -1)
        if after.counts:
            self._sum(after, 1)

    def _make_room(self) -> None:
        """Keep what is gathered within its bounds; called between events."""
        if len(self._events) >= GATHERED_MAX or len(self._lines) >= GATHERED_LINES_MAX:
            self._make_way()
            self._write_gathered()
        if len(self._days) >= totals.LAZY_SUMS_MAX:
            self.write_periods()

    def _use_id(self, entity: str, record_id: int) -> None:
        next_id = self._next_ids.get(entity)
        if next_id is not None and record_id >= next_id:
            self._next_ids[entity] = record_id + 1

    def _gather_event(self, event: Event, previous_seq: int | None) -> None:
        actor = event.actor
        self._events.append(
            (
                self._company_id,
                event.seq,
                event.kind,
                event.entity,
                event.record_id,
                event.version,
                event.at,
                actor.client,
                actor.protocol,
                actor.user,
                actor.request_id,
                previous_seq,
                event.previous_hash,
                event.hash,
                event.body,
            )
        )

    def _gather_lines(self, entry: JournalEntry) -> None:
        self._lines.extend(line_rows(self._company_id, entry))
        self._dimensions.extend(dimension_rows(self._company_id, entry))

    def _sum(self, entry: JournalEntry, sign: int) -> None:
        lines = entry.lines
        day = entry.posting_date.isoformat()
        totals.add_lines(self._days, self._accounts, day, lines, sign)
        for line in lines:
            if line.contact_id is not None:
                self._sum_contact(line.contact_id, line, sign)

    def _sum_contact(self, contact_id: int, line: Line, sign: int) -> None:
        account = self.reference(ACCOUNT, line.account_id)
        if getattr(account, "kind", None) in _OPEN_ITEMS:
            sums = self._contacts.setdefault(contact_id, [0, 0, 0])
            sums[line.side is not Side.DEBIT] += sign * line.home_amount
            sums[2] += sign

    def _append_reference(self, event: Event, after: Company | Reference) -> None:
        """Reference records are few, so their rows are written at once."""
        entity = event.entity
        self._gather_event(event, self._latest_event(entity, after.id))
        self._write_gathered()
        if isinstance(after, Company):  # its names are for good, and in the directory already
            self._connection.execute(_PUT_COMPANY, (event.seq, self._company_id))
        else:
            self._connection.execute(
                _PUT_REFERENCE, reference_row(self._company_id, entity, after, event.seq)
            )
            self._use_id(entity, after.id)
        self._row.reference_seq = event.seq
        self._private = ReferenceCache(event.seq)
        self._changed_references = True

    def _find(self, entity: str, ref: Ref) -> Sequence[Reference]:
        try:
            return self._find_encodable(entity, ref)
        except UnicodeEncodeError:  # half of a surrogate pair: nothing is called that
            return ()

    def _find_encodable(self, entity: str, ref: Ref) -> Sequence[Reference]:
        if isinstance(ref, ById):
            record = self.reference(entity, ref.id)
            return () if record is None else (record,)
        if isinstance(ref, ByName):
            name = fold(ref.name)
            return self._found(_FIND_FULL_NAME, entity, name) or self._found(
                _FIND_NAME, entity, name
            )
        return self._found(_FIND_CODE, entity, fold(ref.code))

    def _found(self, statement: str, entity: str, key: str) -> Sequence[Reference]:
        """Active records come first, and hide inactive ones."""
        rows = self._connection.execute(statement, (self._company_id, entity, key))
        found: list[tuple[int, bytes]] = list(rows)
        return tuple(
            decode_reference(entity, body) for active, body in found if active == found[0][0]
        )

    def _latest_event(self, entity: str, record_id: int) -> int | None:
        if entity == ENTRY and record_id in self._entries:
            return self._entries[EntryId(record_id)][1]
        return super()._latest_event(entity, record_id)

    def _settle(self) -> None:
        """Write what was gathered, so that statements see it."""
        self._write_operations()
        self._write_gathered()
        self._write_totals()

    def _write_gathered(self) -> None:
        """Events, entries, lines and tags; then the seals, which check the entries."""
        if not self._events:
            return
        try:
            for statement, rows in (
                (_ADD_EVENT, self._events),
                (_ADD_ENTRY, self._new),
                (_REVISE_ENTRY, self._revised),
                (_UNSEAL, self._relined),
                (_DROP_DIMENSIONS, self._relined),
                (_DROP_LINES, self._relined),
                (_ADD_LINE, self._lines),
                (_ADD_DIMENSION, self._dimensions),
                (_SEAL, self._relined),
            ):
                if rows:
                    self._connection.executemany(statement, rows)
            self._seal_new()
        except BaseException:
            # The transaction is over, or half of this is in it: the unit must not go on with it.
            self.end()
            raise
        for gathered in (self._events, self._new, self._revised, self._relined, self._lines):
            gathered.clear()
        self._dimensions.clear()
        self._new_ids.clear()
        self._entries.clear()

    def _seal_new(self) -> None:
        """Ids mostly follow one another, and then one statement seals them all."""
        ids = self._new_ids
        if not ids:
            return
        first, last = min(ids), max(ids)
        if last - first + 1 == len(ids):
            self._connection.execute(_SEAL_RANGE, (self._company_id, first, last))
        else:
            self._connection.executemany(_SEAL, [(self._company_id, id) for id in ids])

    def _write_totals(self) -> None:
        if not self._accounts:
            return
        connection, company_id = self._connection, self._company_id
        totals.write_kept(connection, company_id, "account_total", self._accounts)
        totals.write_kept(connection, company_id, "contact_total", self._contacts)
        self._accounts = {}
        self._contacts = {}

    @property
    def has_tail(self) -> bool:
        """Whether `period_total` is behind the log."""
        return self._row.totals_seq < self._row.seq

    def write_periods(self) -> None:
        """Bring `period_total` up to the last event."""
        self._settle()
        row = self._row
        if row.totals_seq < self._days_after:
            earlier = totals.tail(
                self._connection, self._company_id, row.totals_seq, self._days_after
            )
            totals.merge(self._days, earlier)
        totals.write_periods(self._connection, self._company_id, self._days)
        self._days = {}
        self._days_after = row.totals_seq = row.seq

    def finish(self) -> None:
        """Write everything that is left; called once, before the transaction is committed."""
        self._settle()
        if self._remembered:
            self._write_remembered()
        row = self._row
        if row.seq - row.totals_seq >= totals.LAZY_EVENTS:
            self.write_periods()
        self._connection.execute(
            _PUT_HEAD,
            (
                row.seq,
                row.hash,
                row.modified_at,
                row.reference_seq,
                row.totals_seq,
                *row.counts,
                self._company_id,
            ),
        )

    def _write_remembered(self) -> None:
        if self._renewed:
            self._connection.executemany(
                _FORGET,
                [(self._company_id, key.protocol, key.scope, key.key) for key in self._renewed],
            )
        self._connection.executemany(
            _REMEMBER,
            [
                (
                    self._company_id,
                    key.protocol,
                    key.scope,
                    key.key,
                    remembered.at,
                    remembered.digest,
                    remembered.first_seq,
                    remembered.last_seq,
                    remembered.answer,
                )
                for key, remembered in self._remembered.items()
            ],
        )

    def committed(self) -> None:
        """Called once the transaction is durable: what it knows may be made use of by others."""
        if self._changed_references and self._private is not None:
            self._caches.publish(self._company_id, self._private)

    def standing(self) -> Standing:
        """Where the company stands, once the transaction is durable; this view is not used then."""
        row = self._row
        days = self._days if self._days_after == row.totals_seq else None
        return Standing(row, self._next_ids, days)
