"""Kept figures against what the entries and events say, and fingerprints of the tables."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple
from hashlib import sha256

from daybook.domain.events import ACCOUNT, COMPANY, CONTACT, ENTRY, dimension_entity
from daybook.domain.model import Account, AccountKind, JournalEntry, Record
from daybook.domain.query import Field, field_value
from daybook.storage.memory.books import Books, Sums
from daybook.storage.memory.figures import Tally, settled
from daybook.storage.memory.versions import Versions

Row = Sequence[object]


def mismatches(books: Books) -> Iterator[str]:
    """What does not agree, one text each; nothing if all is well."""
    moment = books.moment
    head = books.head(moment)
    entries = _entries(books, moment)
    live = sum(entry.deleted_at is None for entry in entries)
    for name, kept, counted in (
        ("live entries", head.entries_live, live),
        ("deleted entries", head.entries_deleted, len(entries) - live),
    ):
        if kept != counted:
            yield f"{name}: {kept} kept, {counted} counted"
    for entry in entries:
        yield from _strays(books, entry, moment)

    def kind_of(account_id: int) -> AccountKind:
        account = books.record(ACCOUNT, account_id, moment)
        return account.kind if isinstance(account, Account) else AccountKind.NON_POSTING

    tally = Tally(kind_of)
    tally.add(entries)
    yield from _different("account", books.account_sums, settled(tally.accounts), moment)
    yield from _different("contact", books.contact_sums, settled(tally.contacts), moment)


def _strays(books: Books, entry: JournalEntry, moment: int) -> Iterator[str]:
    """What an entry's lines name and is not there."""
    for line in entry.lines:
        named: list[tuple[str, int]] = [(ACCOUNT, line.account_id)]
        if line.contact_id is not None:
            named.append((CONTACT, line.contact_id))
        named.extend((dimension_entity(axis), id) for axis, id in line.dimensions)
        for entity, record_id in named:
            if books.record(entity, record_id, moment) is None:
                yield f"entry {entry.id}, line {line.id}: no {entity} {record_id}"


def _different(
    noun: str, kept: Versions[int, Sums], summed: dict[int, Sums], moment: int
) -> Iterator[str]:
    told = dict(kept.all_at(moment))
    for record_id in sorted(told.keys() | summed.keys()):
        one, other = told.get(record_id, Sums()), summed.get(record_id, Sums())
        if one != other:
            yield f"{noun} {record_id}: {astuple(one)} kept, {astuple(other)} summed"


def fingerprints(books: Books) -> dict[str, str]:
    """SHA-256 of the rows of each table, in the order of their keys."""
    moment = books.moment
    entries = _entries(books, moment)
    head = books.head(moment)
    return {
        "account_total": _digest(_sums(books.account_sums, moment)),
        "contact_total": _digest(_sums(books.contact_sums, moment)),
        "entry": _digest(_entry_row(books, entry) for entry in entries),
        "head": _digest([(head.seq, head.hash.hex(), head.modified_at, head.reference_seq)]),
        "line": _digest(row for entry in entries for row in _line_rows(entry)),
        "line_dimension": _digest(
            (entry.id, line.id, axis, dimension_id)
            for entry in entries
            for line in sorted(entry.lines, key=lambda line: line.id)
            for axis, dimension_id in line.dimensions
        ),
        "reference": _digest(
            _reference_row(books, entity, record)
            for entity in sorted(books.records)
            for _, record in _table(books, entity, moment)
            if entity not in (COMPANY, ENTRY)
        ),
    }


def _table(books: Books, entity: str, moment: int) -> list[tuple[int, Record]]:
    """The records of an entity, by id."""
    records = books.all_records(entity, moment)
    return sorted(((record.id, record) for record in records), key=lambda pair: pair[0])


def _entries(books: Books, moment: int) -> list[JournalEntry]:
    table = _table(books, ENTRY, moment)
    return [record for _, record in table if isinstance(record, JournalEntry)]


def _sums(table: Versions[int, Sums], moment: int) -> Iterator[Row]:
    for record_id, sums in sorted(table.all_at(moment), key=lambda pair: pair[0]):
        if sums.lines:
            yield record_id, sums.debit, sums.credit, sums.lines


def _entry_row(books: Books, entry: JournalEntry) -> Row:
    return (
        entry.id,
        entry.version,
        entry.status.value,
        entry.deleted_at,
        entry.posting_date.isoformat(),
        entry.doc_number,
        entry.memo,
        entry.currency,
        entry.total,
        entry.adjustment,
        entry.origin.client,
        entry.origin.protocol,
        entry.created_at,
        entry.modified_at,
        books.histories[ENTRY, entry.id][-1],
    )


def _line_rows(entry: JournalEntry) -> Iterator[Row]:
    for line in sorted(entry.lines, key=lambda line: line.id):
        yield (
            entry.id,
            line.id,
            line.account_id,
            line.contact_id,
            line.side.value,
            line.amount,
            line.home_amount,
            line.description,
        )


_REFERENCE_FIELDS = (
    Field.VERSION,
    Field.NAME,
    Field.FULL_NAME,
    Field.CODE,
    Field.KIND,
    Field.SUBTYPE,
    Field.DESCRIPTION,
    Field.CURRENCY,
    Field.PARENT,
    Field.AS_OF,
    Field.ACTIVE,
    Field.CREATED_AT,
    Field.MODIFIED_AT,
)


def _reference_row(books: Books, entity: str, record: Record) -> Row:
    values = (field_value(record, field) for field in _REFERENCE_FIELDS)
    return (entity, record.id, *values, books.histories[entity, record.id][-1])


def _digest(rows: Iterable[Row]) -> str:
    """The rows as lines of canonical JSON, hashed; dates as ISO text."""
    digest = sha256()
    for row in rows:
        digest.update(json.dumps(row, default=str, separators=(",", ":")).encode())
        digest.update(b"\n")
    return digest.hexdigest()
