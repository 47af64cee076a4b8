"""Audits find what is wrong: each fault is made on purpose, past the ledger."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from tests.support.engines import Engine, engine_schemes
from tests.support.shop import carry_out, credit, debit, post, shop

from daybook.app import audit as module
from daybook.app import bodies
from daybook.app.audit import Audit, Check, Finding, audit, quick_check
from daybook.app.ledger import Books
from daybook.app.ports import Head, Reader, Store, Total
from daybook.domain.commands import DeleteEntry, PatchEntry
from daybook.domain.events import Event
from daybook.domain.ids import AccountId, CompanyId, ContactId, LineId, Timestamp
from daybook.domain.model import JournalEntry
from daybook.storage import open_store


class Tampered:
    """A store some of whose answers are altered on the way out, by name of the method."""

    def __init__(self, store: Store, changes: dict[str, Callable[[Any], Any]]) -> None:
        self._store = store
        self._changes = changes
        self.directory = store.directory

    def read(
        self, company_id: CompanyId, deadline: float | None = None
    ) -> AbstractContextManager[Reader]:
        assert deadline is None
        return self._read(company_id)

    @contextmanager
    def _read(self, company_id: CompanyId) -> Iterator[Any]:
        with self._store.read(company_id) as reader:
            yield _TamperedReader(reader, self._changes)

    def totals_mismatches(self, company_id: CompanyId) -> Iterator[str]:
        return (
            iter(self._changes["totals_mismatches"](None))
            if ("totals_mismatches" in self._changes)
            else self._store.totals_mismatches(company_id)
        )


class _TamperedReader:
    def __init__(self, reader: Reader, changes: dict[str, Callable[[Any], Any]]) -> None:
        self._reader = reader
        self._changes = changes

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._reader, name)
        change = self._changes.get(name)
        if change is None:
            return found
        return lambda *arguments: change(found(*arguments))


@pytest.fixture
def books() -> Books:
    books = shop()
    first = post(books, debit("Costs:Rent", 100), credit("Bank", 100))
    second = post(books, debit("Bank", 50), credit("Sales", 50))
    carry_out(books, [PatchEntry(first.id, 0, memo="changed"), DeleteEntry(second.id, 0)])
    post(books, debit("Bank", 70), credit("Sales", 70), day=date(2026, 4, 1))
    return books


def examine(books: Books, **changes: Callable[[Any], Any]) -> Audit:
    return audit(Tampered(books.ledger.store, changes), books.company_id)  # type: ignore[arg-type]


def found(books: Books, **changes: Callable[[Any], Any]) -> set[Check]:
    return {finding.check for finding in examine(books, **changes).findings}


@pytest.mark.parametrize("scheme", engine_schemes())
def test_books_that_are_in_order(scheme: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    store = open_store(Engine.of(scheme, tmp_path_factory.mktemp(scheme)).url)
    books = shop(store)
    entry = post(books, debit("Costs:Rent", 100), credit("Bank", 100))
    carry_out(books, [DeleteEntry(entry.id, 0)])
    seen: list[tuple[int, int]] = []
    result = audit(store, books.company_id, lambda done, all: seen.append((done, all)))
    assert result.findings == ()
    assert result.complete
    assert result.entries == 1
    assert seen[-1] == (result.events, result.events)
    with books.read() as reader:
        assert quick_check(reader) == ()
        assert result.hash == reader.head().hash
    store.close()


def altered(seq: int, **members: object) -> Callable[[list[Event]], list[Event]]:
    def change(events: list[Event]) -> list[Event]:
        return [replace(event, **members) if event.seq == seq else event for event in events]  # type: ignore[arg-type]

    return change


def last_event(books: Books) -> Event:
    with books.read() as reader:
        event = reader.event(reader.head().seq)
    assert event is not None
    return event


def test_an_altered_event_is_one_finding_in_the_chain(books: Books) -> None:
    event = last_event(books)
    findings = examine(books, events=altered(event.seq, at=event.at + 1)).findings
    chain = [finding for finding in findings if finding.check is Check.CHAIN]
    assert [finding.seq for finding in chain] == [event.seq]
    assert "altered" in chain[0].message


def test_a_missing_event_shows(books: Books) -> None:
    with books.read() as reader:
        head = reader.head()

    def without(seq: int) -> Callable[[list[Event]], list[Event]]:
        return lambda events: [event for event in events if event.seq != seq]

    middle = examine(books, events=without(head.seq - 2)).findings
    assert any("missing" in finding.message for finding in middle)
    assert {Check.CHAIN, Check.HEAD} <= found(books, events=without(head.seq))


def test_a_head_that_stands_elsewhere_shows(books: Books) -> None:
    def moved(head: Head) -> Head:
        return replace(head, hash=bytes(32))

    assert found(books, head=moved) == {Check.HEAD}


@pytest.mark.parametrize(
    "alter",
    [
        lambda body: body.replace(b'"amount":70', b'"amount": 70'),
        lambda body: body.replace(b'"id":3', b'"id":4'),
        lambda body: b"{}",
        lambda body: b"not json",
    ],
)
def test_a_body_that_is_none_shows(books: Books, alter: Callable[[bytes], bytes]) -> None:
    event = last_event(books)
    assert Check.BODY in found(books, events=altered(event.seq, body=alter(event.body)))


def tables(change: Callable[[JournalEntry], JournalEntry | None]) -> Callable[[Any], Any]:
    def changed(entries: list[JournalEntry]) -> list[JournalEntry]:
        kept = (change(entry) if entry.id == 3 else entry for entry in entries)
        return [entry for entry in kept if entry is not None]

    return changed


@pytest.mark.parametrize(
    ("change", "check"),
    [
        (lambda entry: None, Check.TABLES),
        (lambda entry: replace(entry, memo="other"), Check.TABLES),
        (lambda entry: replace(entry, version=7), Check.TABLES),
        (lambda entry: replace(entry, lines=entry.lines[:1]), Check.ENTRY),
        (
            lambda entry: replace(
                entry, lines=(replace(entry.lines[0], amount=71), *entry.lines[1:])
            ),
            Check.BALANCE,
        ),
        (
            lambda entry: replace(
                entry, lines=(replace(entry.lines[0], home_amount=71), *entry.lines[1:])
            ),
            Check.BALANCE,
        ),
        (
            lambda entry: replace(
                entry, lines=(replace(entry.lines[0], account_id=AccountId(99)), entry.lines[1])
            ),
            Check.REFERENCE,
        ),
        (
            lambda entry: replace(
                entry, lines=(replace(entry.lines[0], contact_id=ContactId(99)), entry.lines[1])
            ),
            Check.REFERENCE,
        ),
        (
            lambda entry: replace(
                entry, lines=(replace(entry.lines[0], id=LineId(1)), entry.lines[1])
            ),
            Check.ENTRY,
        ),
        (lambda entry: replace(entry, currency="XXX"), Check.ENTRY),
        (lambda entry: replace(entry, created_at=Timestamp(entry.modified_at + 1)), Check.ENTRY),
    ],
)
def test_an_entry_that_is_wrong_in_the_tables_shows(
    books: Books, change: Callable[[JournalEntry], JournalEntry | None], check: Check
) -> None:
    assert check in found(books, entries=tables(change))


def test_a_reference_record_that_is_wrong_in_the_tables_shows(books: Books) -> None:
    def renamed(record: Any) -> Any:
        return replace(record, name="other") if record is not None and record.id == 1 else record

    assert found(books, reference=renamed) == {Check.TABLES}
    assert Check.TABLES in found(books, reference=lambda record: None)
    assert Check.TABLES in found(books, count_references=lambda count: count + 1)


def test_counts_that_are_wrong_show(books: Books) -> None:
    assert Check.TABLES in found(books, count_entries=lambda count: count + 1)

    def miscounted(head: Head) -> Head:
        return replace(head, entries_live=head.entries_live + 1)

    assert found(books, head=miscounted) == {Check.TOTALS}


def test_totals_that_are_wrong_show(books: Books) -> None:
    def more(totals: list[Total]) -> list[Total]:
        return [replace(totals[0], debit=totals[0].debit + 1), *totals[1:]]

    assert found(books, account_totals=more) == {Check.TOTALS, Check.BALANCE}
    assert found(books, totals_mismatches=lambda _: ["something"]) == {Check.TOTALS}
    with Tampered(books.ledger.store, {"account_totals": more}).read(books.company_id) as reader:
        assert [finding.check for finding in quick_check(reader)] == [Check.BALANCE]


def test_a_quick_check_looks_at_the_end_of_the_log(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUICK_EVENTS", 3)
    event = last_event(books)
    for seq, checks in ((event.seq, [Check.CHAIN]), (event.seq - 5, [])):
        changes = {"events": altered(seq, at=event.at + 9)}
        with Tampered(books.ledger.store, changes).read(books.company_id) as reader:
            assert [finding.check for finding in quick_check(reader)] == checks


def test_findings_are_bounded(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FINDINGS_MAX", 3)
    result = examine(books, events=lambda events: [replace(each, hash=b"") for each in events])
    assert len(result.findings) == 3
    assert not result.complete


def test_batches_do_not_change_what_is_found(books: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = examine(books)
    monkeypatch.setattr(module, "BATCH", 2)
    assert examine(books) == whole


def test_findings_read_well() -> None:
    finding = Finding(Check.CHAIN, "is broken", 7, "entry", 3)
    assert str(finding) == "chain: event 7, entry 3: is broken"
    assert str(Finding(Check.HEAD, "is elsewhere")) == "head: is elsewhere"


def test_every_body_is_canonical(books: Books) -> None:
    with books.read() as reader:
        for event in reader.events(0, 100):
            assert bodies.encode(bodies.decode(event.entity, event.body)) == event.body
