"""A snapshot of one company's books.

Every statement names the company, and no method takes one. A page costs two statements: the keys
of its rows, which come from an index where there is one for the order, then the bodies of their
events in one sweep. Records are decoded from bodies, never put together from columns.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import apsw

from daybook.app import bodies
from daybook.app.operations import Operation
from daybook.app.ports import (
    Head,
    IdempotencyKey,
    LoggedBody,
    Remembered,
    StoreCorrupt,
    Total,
    UnknownCompany,
)
from daybook.domain.events import COMPANY, ENTRY, Actor, Event, EventKind
from daybook.domain.ids import AccountId, CompanyId, ContactId, EntryId, Timestamp
from daybook.domain.model import Company, JournalEntry, Origin, Reference, Status
from daybook.domain.query import (
    Always,
    And,
    AnyLine,
    Field,
    Filter,
    Not,
    Or,
    Query,
    matches,
)
from daybook.storage.kit.sql import (
    ENTRIES,
    OPERATIONS,
    REFERENCES,
    SQLITE,
    Compiler,
    Parameter,
)
from daybook.storage.sqlite import search, totals
from daybook.storage.sqlite.operations import OPERATION, OPERATIONS_BY_NUMBER, operation_of
from daybook.storage.sqlite.references import ReferenceCache, ReferenceCaches

PAGE_LEAD_MAX: Final = 5_000
"""Lines whose entries are looked up and sorted for one page: some 10 ms."""

COUNT_LEAD_MAX: Final = 100_000
"""The same for a count, which otherwise looks at every entry."""

_ENTRIES: Final = Compiler(SQLITE, ENTRIES)
_REFERENCES: Final = Compiler(SQLITE, REFERENCES)
_OPERATIONS: Final = Compiler(SQLITE, OPERATIONS)

STATES: Final = tuple((deleted, status) for deleted in (False, True) for status in Status)
"""What entries are counted by, in the order of the columns of `head`."""

_STAND_INS: Final = tuple(
    JournalEntry(
        id=EntryId(0),
        posting_date=date.min,
        currency="",
        lines=(),
        origin=Origin("", ""),
        status=status,
        deleted_at=Timestamp(0) if deleted else None,
    )
    for deleted, status in STATES
)
"""An entry in each state, to ask a filter about."""

_HEAD_COLUMNS: Final = (
    "h.seq, h.hash, h.modified_at, h.reference_seq, h.totals_seq, h.live_pending, h.live_review,"
    " h.live_posted, h.deleted_pending, h.deleted_review, h.deleted_posted"
)
HEAD: Final = f"SELECT {_HEAD_COLUMNS} FROM head h WHERE h.company_id = ?"
_ENTRY: Final = (
    "SELECT v.body FROM entry e JOIN event v ON v.company_id = e.company_id"
    " AND v.seq = e.event_seq WHERE e.company_id = ? AND e.id = ?"
)
_LINE_AFTER: Final = (
    "SELECT 1 FROM line l WHERE l.company_id = ? AND l.entry_id = ? LIMIT 1 OFFSET ?"
)
_REFERENCE: Final = (
    "SELECT v.body FROM reference r JOIN event v ON v.company_id = r.company_id"
    " AND v.seq = r.event_seq WHERE r.company_id = ? AND r.entity = ? AND r.id = ?"
)
_REFERENCES_BY_ID: Final = (
    "SELECT r.id, v.body FROM json_each(?) j CROSS JOIN reference r JOIN event v"
    " ON v.company_id = r.company_id AND v.seq = r.event_seq"
    " WHERE r.company_id = ? AND r.entity = ? AND r.id = j.value"
)
_COMPANY: Final = (
    "SELECT v.body FROM company c JOIN event v ON v.company_id = c.id AND v.seq = c.event_seq"
    " WHERE c.id = ?"
)
_BODIES: Final = (
    "SELECT v.seq, v.body FROM json_each(?) j CROSS JOIN event v"
    " WHERE v.company_id = ? AND v.seq = j.value"
)
_EVENT_COLUMNS: Final = (
    "v.seq, v.kind, v.entity, v.record_id, v.version, v.at, v.client, v.protocol, v.user,"
    " v.request_id, v.body, v.previous_hash, v.hash"
)
_EVENTS: Final = (
    f"SELECT {_EVENT_COLUMNS} FROM event v WHERE v.company_id = ? AND v.seq > ?"
    " ORDER BY v.seq LIMIT ?"
)
_LOGGED_BODIES: Final = (
    "SELECT v.seq, v.entity, v.record_id, v.version, v.body FROM event v"
    " WHERE v.company_id = ? AND v.seq > ? ORDER BY v.seq LIMIT ?"
)
_HISTORY: Final = (
    "WITH RECURSIVE walk (seq, previous_seq) AS ("
    " SELECT v.seq, v.previous_seq FROM event v WHERE v.company_id = ?1 AND v.seq = ?2"
    " UNION ALL SELECT v.seq, v.previous_seq FROM walk"
    " JOIN event v ON v.company_id = ?1 AND v.seq = walk.previous_seq)"
    f" SELECT {_EVENT_COLUMNS} FROM walk JOIN event v ON v.company_id = ?1 AND v.seq = walk.seq"
    " ORDER BY v.seq"
)
_OPERATION_BY_ID: Final = f"{OPERATION} WHERE o.company_id = ? AND o.id = ?"
_DUE: Final = (
    f"{OPERATION} WHERE o.company_id = ? AND o.completed_at IS NULL AND (o.due_at <= ?"
    " OR o.requested_at + o.timeout_seconds * 1000000 <= ?) ORDER BY o.number LIMIT ?"
)
_RECALL: Final = (
    "SELECT at, digest, first_seq, last_seq, answer FROM idempotency"
    " WHERE company_id = ? AND protocol = ? AND scope = ? AND key = ?"
)


class _Unread:
    """The type of `_UNREAD`."""


_UNREAD: Final = _Unread()
"""Stands for a record that was not asked for yet; None is one that does not exist."""


def can_be_number(number: int) -> bool:
    """Whether a record can have this number: SQLite's integers end at 64 bits."""
    return 0 <= number < 2**63


@dataclass(slots=True)
class HeadRow:
    """The row of `head`, which a transaction brings up to date as it goes."""

    seq: int
    hash: bytes
    modified_at: int
    reference_seq: int
    totals_seq: int
    counts: list[int]

    @staticmethod
    def read(connection: apsw.Connection, company_id: CompanyId) -> "HeadRow":
        """The row as it is stored. Raises `UnknownCompany`."""
        row = None
        if can_be_number(company_id):
            row = connection.execute(HEAD, (company_id,)).fetchone()
        if row is None:
            raise UnknownCompany(f"there is no company {company_id}")
        return HeadRow.of(row)

    @staticmethod
    def of(row: Sequence[Any]) -> "HeadRow":
        """The row from its columns."""
        seq, digest, modified_at, reference_seq, totals_seq, *counts = row
        return HeadRow(seq, digest, modified_at, reference_seq, totals_seq, counts)

    def head(self) -> Head:
        """The same as the port says it."""
        pending, review, posted, *deleted = self.counts
        return Head(
            self.seq,
            self.hash,
            Timestamp(self.modified_at),
            self.reference_seq,
            pending + review + posted,
            sum(deleted),
        )


class SqliteReader:
    """Reads one company's books over a connection that has a transaction open."""

    __slots__ = ("_caches", "_company_id", "_connection", "_private", "_row")

    def __init__(
        self,
        connection: apsw.Connection,
        company_id: CompanyId,
        caches: ReferenceCaches,
        row: HeadRow,
    ) -> None:
        self._connection = connection
        self._company_id = company_id
        self._caches = caches
        self._row = row
        self._private: ReferenceCache | None = None

    def end(self) -> None:
        """Called when the snapshot ends: whoever still holds the reader must not use it."""
        del self._connection

    def _settle(self) -> None:
        """Make what was written visible to statements; a reader has written nothing."""

    def _cache(self) -> ReferenceCache:
        if self._private is None or self._private.is_full:
            self._private = self._caches.at(self._company_id, self._row.reference_seq)
        return self._private

    @property
    def company(self) -> Company:
        """The company, with its settings."""
        cache = self._private
        if cache is not None and cache.company is not None:
            return cache.company
        cache = self._cache()
        if cache.company is None:
            row = self._connection.execute(_COMPANY, (self._company_id,)).fetchone()
            if row is None:
                raise StoreCorrupt(f"company {self._company_id} has no record")
            record = bodies.decode(COMPANY, row[0])
            assert isinstance(record, Company)
            cache.company = record
        return cache.company

    def head(self) -> Head:
        """Where the log stands in this snapshot."""
        return self._row.head()

    def entry(self, entry_id: EntryId) -> JournalEntry | None:
        """An entry, tombstones included, or None."""
        if not can_be_number(entry_id):
            return None
        row = self._connection.execute(_ENTRY, (self._company_id, entry_id)).fetchone()
        return None if row is None else bodies.decode_entry(row[0])

    def has_more_lines(self, entry_id: EntryId, than: int) -> bool:
        """Whether an entry has more than so many lines."""
        if not can_be_number(entry_id):
            return False
        self._settle()
        where = (self._company_id, entry_id, than)
        return self._connection.execute(_LINE_AFTER, where).fetchone() is not None

    def entries(self, query: Query) -> list[JournalEntry]:
        """A page of entries, in two statements."""
        self._settle()
        table, keys = self._led(query.filter, PAGE_LEAD_MAX)
        seqs = self._page(table, "e.event_seq", "e.company_id = ?", keys, _ENTRIES, query)
        return [bodies.decode_entry(body) for body in self._bodies(seqs, query.bytes_max)]

    def count_entries(self, filter: Filter) -> int:
        """How many entries satisfy a filter: from the head's counters where they can tell."""
        if _asks_state_alone(filter):
            counts = self._row.counts
            return sum(
                count
                for count, entry in zip(counts, _STAND_INS, strict=True)
                if matches(filter, entry)
            )
        self._settle()
        table, keys = self._led(filter, COUNT_LEAD_MAX)
        return self._count(table, "e.company_id = ?", keys, _ENTRIES, filter)

    def reference(self, entity: str, record_id: int) -> Reference | None:
        """A reference record by entity name and id, or None."""
        key = (entity, record_id)
        if self._private is not None:  # a page asks thousands of times: only a miss looks further
            known = self._private.records.get(key, _UNREAD)
            if not isinstance(known, _Unread):
                return known
        cache = self._cache()
        if key in cache.records:  # nothing is ever taken out of a cache
            return cache.records[key]
        record: Reference | None = None
        if can_be_number(record_id):
            row = self._connection.execute(_REFERENCE, (self._company_id, *key)).fetchone()
            record = None if row is None else _reference(entity, row[0])
        cache.records[key] = record
        return record

    def references_by_id(self, entity: str, ids: Collection[int]) -> dict[int, Reference]:
        """The records of one entity with some ids, by id: one statement for those not cached."""
        cache = self._cache()
        kept, missing = cache.records, []
        found: dict[int, Reference] = {}
        for record_id in ids:
            if (entity, record_id) not in kept:
                missing.append(record_id)
            elif (record := kept[entity, record_id]) is not None:
                found[record_id] = record
        wanted = json.dumps([record_id for record_id in missing if can_be_number(record_id)])
        rows: dict[int, bytes] = {}
        if missing:
            rows = dict(
                self._connection.execute(_REFERENCES_BY_ID, (wanted, self._company_id, entity))
            )
        for record_id in missing:
            body = rows.get(record_id)
            record = None if body is None else _reference(entity, body)
            kept[entity, record_id] = record
            if record is not None:
                found[record_id] = record
        return found

    def references(self, entity: str, query: Query) -> list[Reference]:
        """A page of reference records of one entity, in two statements."""
        where, keys = "r.company_id = ? AND r.entity = ?", (self._company_id, entity)
        seqs = self._page("reference r", "r.event_seq", where, keys, _REFERENCES, query)
        return [_reference(entity, body) for body in self._bodies(seqs, query.bytes_max)]

    def count_references(self, entity: str, filter: Filter) -> int:
        """How many reference records of an entity satisfy a filter."""
        where, keys = "r.company_id = ? AND r.entity = ?", (self._company_id, entity)
        return self._count("reference r", where, keys, _REFERENCES, filter)

    def account_totals(self, as_of: date | None = None) -> list[Total]:
        """Totals by account; see `totals`."""
        self._settle()
        if as_of is None:
            return totals.account_totals(self._connection, self._company_id)
        row = self._row
        return totals.account_totals_as_of(
            self._connection, self._company_id, as_of, row.totals_seq, row.seq
        )

    def account_total(self, account_id: AccountId) -> Total:
        """The total of one account over all entries."""
        self._settle()
        return totals.kept_total(self._connection, self._company_id, "account_total", account_id)

    def contact_total(self, contact_id: ContactId) -> Total:
        """The total of one contact over its lines on receivable and payable accounts."""
        self._settle()
        return totals.kept_total(self._connection, self._company_id, "contact_total", contact_id)

    def contact_totals(self, contact_ids: Sequence[ContactId]) -> list[Total]:
        """The totals of some contacts, in one statement."""
        self._settle()
        return totals.contact_totals(self._connection, self._company_id, contact_ids)

    def event(self, seq: int) -> Event | None:
        """An event by its number, or None."""
        found = self.events(seq - 1, 1) if seq > 0 else []
        return found[0] if found and found[0].seq == seq else None

    def events(self, after: int, limit: int) -> list[Event]:
        """Events numbered above `after`, in order."""
        self._settle()
        if after >= self._row.seq:
            return []
        rows = self._connection.execute(_EVENTS, (self._company_id, max(after, 0), limit))
        return [_event(self._company_id, row) for row in rows]

    def logged_bodies(self, after: int, limit: int, bytes_max: int) -> list[LoggedBody]:
        """The bodies of events numbered above `after`, in order, within both bounds."""
        self._settle()
        if after >= self._row.seq:
            return []
        found: list[LoggedBody] = []
        left = bytes_max
        keys = (self._company_id, max(after, 0), limit)
        for row in self._connection.execute(_LOGGED_BODIES, keys):
            left -= len(row[4])
            if left < 0 and found:
                break
            found.append(LoggedBody(*row))
        return found

    def history(self, entity: str, record_id: int) -> list[Event]:
        """All events of one record, in order: a walk back from its latest."""
        self._settle()
        latest = self._latest_event(entity, record_id)
        if latest is None:
            return []
        rows = self._connection.execute(_HISTORY, (self._company_id, latest))
        return [_event(self._company_id, row) for row in rows]

    def recall(self, key: IdempotencyKey) -> Remembered | None:
        """What is kept under an idempotency key, or None."""
        where = (self._company_id, key.protocol, key.scope, key.key)
        row = self._connection.execute(_RECALL, where).fetchone()
        return None if row is None else Remembered(*row)

    def operation(self, operation_id: str) -> Operation | None:
        """An operation by its id, or None."""
        where = (self._company_id, operation_id)
        try:
            row = self._connection.execute(_OPERATION_BY_ID, where).fetchone()
        except UnicodeEncodeError:
            return None  # a lone surrogate, which no stored id has
        return None if row is None else operation_of(self._company_id, row)

    def operations(self, query: Query) -> list[Operation]:
        """A page of operations: their numbers, then one by one what is kept with them."""
        self._settle()
        condition, parameters = _OPERATIONS.condition(query.filter)
        (after, after_parameters), (limit, limit_parameters) = _OPERATIONS.page(
            query.page, query.sort
        )
        rows = self._connection.execute(
            f"SELECT o.number FROM operation o WHERE o.company_id = ? AND {condition} AND {after}"
            f" ORDER BY {_OPERATIONS.order(query.sort)} {limit}",
            (self._company_id, *parameters, *after_parameters, *limit_parameters),
        )
        numbers = json.dumps([number for (number,) in rows])
        found: list[Operation] = []
        left = query.bytes_max
        for row in self._connection.execute(OPERATIONS_BY_NUMBER, (numbers, self._company_id)):
            operation = operation_of(self._company_id, row)
            if left is not None:
                left -= operation.size
                if left < 0 and found:
                    break
            found.append(operation)
        return found

    def count_operations(self, filter: Filter) -> int:
        """How many operations satisfy a filter."""
        self._settle()
        return self._count(
            "operation o", "o.company_id = ?", (self._company_id,), _OPERATIONS, filter
        )

    def due_operations(self, now: Timestamp, limit: int) -> list[Operation]:
        """Pending operations to be begun or timed out at a time, in order."""
        self._settle()
        rows = self._connection.execute(_DUE, (self._company_id, now, now, limit))
        return [operation_of(self._company_id, row) for row in rows]

    def _latest_event(self, entity: str, record_id: int) -> int | None:
        """The number of a record's latest event, or None if there is no such record."""
        if not can_be_number(record_id):
            return None
        where: tuple[int | str, ...] = (self._company_id, record_id)
        if entity == ENTRY:
            statement = "SELECT event_seq FROM entry WHERE company_id = ? AND id = ?"
        elif entity == COMPANY:
            statement = "SELECT event_seq FROM company WHERE id = ? AND id = ?"
        else:
            where = (*where, entity)
            statement = (
                "SELECT event_seq FROM reference WHERE company_id = ? AND id = ? AND entity = ?"
            )
        row = self._connection.execute(statement, where).fetchone()
        return None if row is None else row[0]

    def _led(self, filter: Filter, most: int) -> tuple[str, list[Parameter]]:
        """What to read entries from, and the parameters up to the company's.

        SQLite cannot know how many lines an account has; a look at the index can. Where at most
        `most` lines or texts can satisfy a filter, their entries lead; otherwise an order does,
        or none.
        """
        is_rare = search.rarity(self._connection, self._company_id)
        leads = search.leads(_ENTRIES, filter, self._company_id, is_rare)
        ids = search.gathered(self._connection, leads, most)
        if ids is None:
            return "entry e", [self._company_id]
        return "json_each(?) k CROSS JOIN entry e ON e.id = k.value", [ids, self._company_id]

    def _page(
        self,
        table: str,
        key: str,
        where: str,
        keys: Sequence[Parameter],
        compiler: Compiler,
        query: Query,
    ) -> list[int]:
        """The numbers of the events that hold a page's records, in the order of the page."""
        condition, parameters = compiler.condition(query.filter)
        (after, after_parameters), (limit, limit_parameters) = compiler.page(query.page, query.sort)
        statement = (
            f"SELECT {key} FROM {table} WHERE {where} AND {condition} AND {after}"
            f" ORDER BY {compiler.order(query.sort)} {limit}"
        )
        rows = self._connection.execute(
            statement,
            (*keys, *parameters, *after_parameters, *limit_parameters),
        )
        return [seq for (seq,) in rows]

    def _bodies(self, seqs: Sequence[int], bytes_max: int | None) -> list[bytes]:
        """The bodies of events, in the order asked for; none is read beyond `bytes_max`."""
        if not seqs:
            return []
        rows = self._connection.execute(_BODIES, (json.dumps(seqs), self._company_id))
        if bytes_max is not None:
            return list(_within(bytes_max, rows, seqs))
        found: dict[int, bytes] = dict(rows)
        return [found[seq] for seq in seqs]

    def _count(
        self,
        table: str,
        where: str,
        keys: Sequence[Parameter],
        compiler: Compiler,
        filter: Filter,
    ) -> int:
        condition, parameters = compiler.condition(filter)
        statement = f"SELECT count(*) FROM {table} WHERE {where} AND {condition}"
        where_parameters = (*keys, *parameters)
        row = self._connection.execute(statement, where_parameters).fetchone()
        assert row is not None
        count: int = row[0]
        return count


def _within(
    bytes_max: int, rows: Iterable[tuple[int, bytes]], seqs: Sequence[int]
) -> Iterator[bytes]:
    """Bodies until they are more than a bound. The list leads the join, so rows have its order."""
    left = bytes_max
    for (seq, body), wanted in zip(rows, seqs, strict=True):
        assert seq == wanted, "rows come in the order of the list that leads"
        left -= len(body)
        if left < 0 and seq != seqs[0]:
            return
        yield body


def decode_reference(entity: str, body: bytes) -> Reference:
    """A reference record from the body of its event."""
    record = bodies.decode(entity, body)
    assert not isinstance(record, (Company, JournalEntry))
    return record


_reference = decode_reference


def _event(company_id: CompanyId, row: tuple[Any, ...]) -> Event:
    seq, kind, entity, record_id, version, at, client, protocol, user, request_id = row[:10]
    return Event(
        company_id,
        seq,
        EventKind(kind),
        entity,
        record_id,
        version,
        at,
        Actor(client, protocol, user, request_id),
        *row[10:],
    )


def _asks_state_alone(filter: Filter) -> bool:
    """Whether nothing but status and deletion decides whether an entry satisfies a filter."""
    match filter:
        case Always():
            return True
        case And(items) | Or(items):
            return all(map(_asks_state_alone, items))
        case Not(inner):
            return _asks_state_alone(inner)
        case AnyLine():
            return False
        case _:
            return filter.field in (Field.STATUS, Field.DELETED)
