"""A snapshot of one company's books: everything as it was at one moment.

Queries are answered by `query.select` over all records, which is slow and plainly right.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import date
from itertools import accumulate, islice
from time import monotonic
from typing import TypeVar

from daybook.app import bodies
from daybook.app.operations import Operation, is_due
from daybook.app.ports import (
    DeadlinePassed,
    Head,
    IdempotencyKey,
    LoggedBody,
    Remembered,
    StoreFailure,
    Total,
)
from daybook.domain.events import ACCOUNT, COMPANY, ENTRY, Event
from daybook.domain.ids import AccountId, ContactId, EntryId, Timestamp
from daybook.domain.model import Account, AccountKind, Company, JournalEntry, Record, Reference
from daybook.domain.query import Filter, Query, matches, select
from daybook.storage.memory.books import Books, Sums
from daybook.storage.memory.figures import Tally, settled
from daybook.storage.memory.versions import Versions

R = TypeVar("R", bound=Record | Operation)
T = TypeVar("T")


class Snapshot:
    """Implements `ports.Reader`; stays valid for good, and on any thread."""

    __slots__ = ("_books", "_deadline", "_moment")

    def __init__(self, books: Books, deadline: float | None = None) -> None:
        self._books = books
        self._moment = books.moment
        self._deadline = deadline

    @property
    def company(self) -> Company:
        """The company, with its settings. Raises `StoreFailure` before it is kept."""
        company = self._record(COMPANY, self._books.company_id)
        if company is None:
            raise StoreFailure("the company has not been appended yet")
        assert isinstance(company, Company)
        return company

    def head(self) -> Head:
        """Where the log stands in this snapshot."""
        return self._books.head(self._moment)

    def entry(self, entry_id: EntryId) -> JournalEntry | None:
        """An entry, tombstones included, or None."""
        entry = self._record(ENTRY, entry_id)
        assert entry is None or isinstance(entry, JournalEntry)
        return entry

    def has_more_lines(self, entry_id: EntryId, than: int) -> bool:
        """Whether an entry has more than so many lines."""
        entry = self.entry(entry_id)
        return entry is not None and len(entry.lines) > than

    def entries(self, query: Query) -> list[JournalEntry]:
        """A page of entries, tombstones included unless the filter excludes them."""
        found = select(self._in_time(self._entries()), query)
        return _within(query.bytes_max, found, _body_size)

    def count_entries(self, filter: Filter) -> int:
        """How many entries satisfy a filter, exactly."""
        return sum(matches(filter, entry) for entry in self._in_time(self._entries()))

    def reference(self, entity: str, record_id: int) -> Reference | None:
        """A reference record by entity name and id, or None."""
        record = self._record(entity, record_id)
        return None if isinstance(record, JournalEntry | Company) else record

    def references_by_id(self, entity: str, ids: Collection[int]) -> dict[int, Reference]:
        """The records of one entity with some ids, by id."""
        found = ((record_id, self.reference(entity, record_id)) for record_id in ids)
        return {record_id: record for record_id, record in found if record is not None}

    def references(self, entity: str, query: Query) -> list[Reference]:
        """A page of reference records of one entity."""
        found = select(self._in_time(self._references(entity)), query)
        return _within(query.bytes_max, found, _body_size)

    def count_references(self, entity: str, filter: Filter) -> int:
        """How many reference records of an entity satisfy a filter, exactly."""
        records = self._in_time(self._references(entity))
        return sum(matches(filter, record) for record in records)

    def account_totals(self, as_of: date | None = None) -> list[Total]:
        """Totals by account, of entries dated up to `as_of` (inclusive; None: all).

        As of a date they are summed anew, at a cost in proportion to the entries.
        """
        if as_of is None:
            kept = self._books.account_sums.all_at(self._moment)
            return [sums.total(id) for id, sums in sorted(kept, key=_first) if sums.lines]
        tally = Tally(self._kind_of)
        tally.add(entry for entry in self._entries() if entry.posting_date <= as_of)
        return [sums.total(id) for id, sums in settled(tally.accounts).items()]

    def account_total(self, account_id: AccountId) -> Total:
        """The total of one account over all entries."""
        return self._total(self._books.account_sums, account_id)

    def contact_total(self, contact_id: ContactId) -> Total:
        """The total of one contact over its lines on receivable and payable accounts."""
        return self._total(self._books.contact_sums, contact_id)

    def contact_totals(self, contact_ids: Sequence[ContactId]) -> list[Total]:
        """The totals of some contacts, in the order of the ids."""
        return [self.contact_total(contact_id) for contact_id in contact_ids]

    def event(self, seq: int) -> Event | None:
        """An event by its number, or None."""
        return self._books.log[seq - 1] if 1 <= seq <= self.head().seq else None

    def events(self, after: int, limit: int) -> list[Event]:
        """Events numbered above `after`, in order."""
        start = max(after, 0)
        return self._books.log[start : min(start + max(limit, 0), self.head().seq)]

    def logged_bodies(self, after: int, limit: int, bytes_max: int) -> list[LoggedBody]:
        """The bodies of events numbered above `after`, in order, within both bounds."""
        found: list[LoggedBody] = []
        left = bytes_max
        for event in self.events(after, limit):
            left -= len(event.body)
            if left < 0 and found:
                break
            found.append(
                LoggedBody(event.seq, event.entity, event.record_id, event.version, event.body)
            )
        return found

    def history(self, entity: str, record_id: int) -> list[Event]:
        """All events of one record, in order."""
        last = self.head().seq
        numbers = list(self._books.histories.get((entity, record_id), ()))
        return [self._books.log[seq - 1] for seq in numbers if seq <= last]

    def recall(self, key: IdempotencyKey) -> Remembered | None:
        """What is kept under an idempotency key, or None."""
        return self._books.remembered.at(key, self._moment)

    def operation(self, operation_id: str) -> Operation | None:
        """An operation by its id, or None."""
        number = self._books.operation_numbers.get(operation_id)
        return None if number is None else self._books.operations.at(number, self._moment)

    def operations(self, query: Query) -> list[Operation]:
        """A page of operations."""
        found = select(self._in_time(self._operations()), query)
        return _within(query.bytes_max, found, _operation_size)

    def count_operations(self, filter: Filter) -> int:
        """How many operations satisfy a filter, exactly."""
        return sum(matches(filter, each) for each in self._in_time(self._operations()))

    def due_operations(self, now: Timestamp, limit: int) -> list[Operation]:
        """Pending operations to be begun or timed out at a time, in order."""
        numbers = sorted(self._books.pending)
        found = (self._books.operations.at(number, self._moment) for number in numbers)
        return list(islice((each for each in found if each and is_due(each, now)), limit))

    def _in_time(self, records: Iterable[R]) -> Iterator[R]:
        """Records that are looked at one by one, until the deadline."""
        for record in records:
            if self._deadline is not None and monotonic() > self._deadline:
                raise DeadlinePassed("the deadline passed while the books were searched")
            yield record

    def _operations(self) -> list[Operation]:
        return [operation for _, operation in self._books.operations.all_at(self._moment)]

    def _record(self, entity: str, record_id: int) -> Record | None:
        return self._books.record(entity, record_id, self._moment)

    def _entries(self) -> list[JournalEntry]:
        records = self._books.all_records(ENTRY, self._moment)
        return [record for record in records if isinstance(record, JournalEntry)]

    def _references(self, entity: str) -> list[Reference]:
        records = self._books.all_records(entity, self._moment)
        return [record for record in records if not isinstance(record, JournalEntry | Company)]

    def _kind_of(self, account_id: int) -> AccountKind:
        account = self._record(ACCOUNT, account_id)
        if not isinstance(account, Account):
            raise StoreFailure(f"a line is on account {account_id}, which does not exist")
        return account.kind

    def _total(self, table: Versions[int, Sums], record_id: int) -> Total:
        return (table.at(record_id, self._moment) or Sums()).total(record_id)


def _body_size(record: Record) -> int:
    return len(bodies.encode(record))


def _operation_size(operation: Operation) -> int:
    return operation.size


def _within(bytes_max: int | None, found: list[T], size: Callable[[T], int]) -> list[T]:
    """What was found until it is more than a bound."""
    if bytes_max is None:
        return found
    sizes = accumulate(map(size, found))
    return found[: max(sum(1 for size in sizes if size <= bytes_max), 1)]


def _first(pair: tuple[int, Sums]) -> int:
    return pair[0]
