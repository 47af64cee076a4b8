"""The proof that the log is the books: rebuild them from events elsewhere and compare.

    differences = replay(source, company_id, target)

Companies are numbered by the store, and the numbers are part of what the events' hashes cover;
so the target begins empty, and the companies before the wanted one are founded there too.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from daybook.app import bodies
from daybook.app.ports import CompanyNames, Reader, Store, Tx
from daybook.domain.events import COMPANY, ENTRY, Change, Event, EventKind
from daybook.domain.ids import CompanyId, EntryId
from daybook.domain.model import Company, Record
from daybook.domain.values import value

EVENTS_PER_TRANSACTION: Final = 2_000
"""Events appended as one: enough that committing costs little, few enough to show progress."""

ATTEMPTS_MAX: Final = 10
"""Times the comparison is begun anew because the books were written to in between."""


@value
class Difference:
    """A table that is not the same in the books and in what the events rebuild."""

    table: str
    kept: str | None
    """Digest of the table as it is, None if there is no such table."""
    rebuilt: str | None

    def __str__(self) -> str:
        return (
            f"table {self.table}: the books have {_short(self.kept)},"
            f" the events rebuild {_short(self.rebuilt)}"
        )


def _short(digest: str | None) -> str:
    return "nothing" if digest is None else digest[:12]


class ReplayFailed(Exception):
    """The events cannot be rebuilt from: the message says at which one and why."""


def _no_progress(_done: int, _all: int) -> None:
    """For callers that do not watch."""


def replay(
    source: Store,
    company_id: CompanyId,
    target: Store,
    progress: Callable[[int, int], None] = _no_progress,
) -> tuple[Difference, ...]:
    """Rebuild a company in an empty store and name the tables that differ.

    `progress` gets the events appended and their number. Raises `ReplayFailed`.
    """
    if target.directory.company_ids():
        raise ReplayFailed("the store to rebuild in is not empty")
    for other in source.directory.company_ids():
        _found(source, other, target)
        if other == company_id:
            break
    done = 1
    for _ in range(ATTEMPTS_MAX):
        done = _catch_up(source, company_id, target, done, progress)
        kept = source.table_fingerprints(company_id)
        with source.read(company_id) as reader:
            if reader.head().seq == done:
                break
    else:
        raise ReplayFailed("the books were written to all the time; repeat when it is quieter")
    rebuilt = target.table_fingerprints(company_id)
    return tuple(
        Difference(table, kept.get(table), rebuilt.get(table))
        for table in sorted(kept.keys() | rebuilt.keys())
        if kept.get(table) != rebuilt.get(table)
    )


def _catch_up(
    source: Store,
    company_id: CompanyId,
    target: Store,
    done: int,
    progress: Callable[[int, int], None],
) -> int:
    """Append what happened after event `done`; answers with the last event there is."""
    with source.read(company_id) as reader:
        last = reader.head().seq
        for events in _batches(reader, done, last):
            try:
                target.write(company_id, _appending(events))
            except Exception as fault:
                numbers = f"events {events[0].seq} to {events[-1].seq}"
                raise ReplayFailed(f"{numbers}: {fault}") from fault
            progress(events[-1].seq, last)
    return last


def _found(source: Store, company_id: CompanyId, target: Store) -> None:
    """Found a company with its first event."""
    with source.read(company_id) as reader:
        first = reader.event(1)
    if first is None or first.entity != COMPANY or first.kind is not EventKind.CREATED:
        raise ReplayFailed(f"the log of company {company_id} does not begin with its founding")
    company = bodies.decode(COMPANY, first.body)
    assert isinstance(company, Company)

    def work(founded_id: CompanyId, tx: Tx) -> None:
        if founded_id != company_id:
            raise ReplayFailed(f"company {company_id} became company {founded_id}")
        tx.append(first, Change(EventKind.CREATED, None, company))

    names = CompanyNames(company.slug, company.realm, company.codat_id)
    target.found_company(names, work)


def _batches(reader: Reader, after: int, last: int) -> Iterator[Sequence[Event]]:
    """The events after one, up to another, in order."""
    while after < last:
        events = reader.events(after, min(EVENTS_PER_TRANSACTION, last - after))
        if not events:
            raise ReplayFailed(f"the log ends after event {after}, its head says {last}")
        yield events
        after = events[-1].seq


def _appending(events: Sequence[Event]) -> Callable[[Tx], None]:
    def work(tx: Tx) -> None:
        for event in events:
            after = bodies.decode(event.entity, event.body)
            tx.append(event, Change(event.kind, _before(tx, event), after))

    return work


def _before(tx: Tx, event: Event) -> Record | None:
    if event.kind is EventKind.CREATED:
        return None
    if event.entity == ENTRY:
        return tx.entry(EntryId(event.record_id))
    if event.entity == COMPANY:
        return tx.company
    return tx.reference(event.entity, event.record_id)
