"""The books as a journal file: what an export writes, an import reads back as it was.

Entries stand in order of date, then of their numbers, each with a column `Entry` that holds it
together. Text stays as it is, amounts have the decimals of their currency and no separators, dates
are `2026-01-31`. What the file cannot say is not in it: entry ids as ids, versions, deleted
entries, tax marks and what one wire alone understands.
"""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final, TextIO

from daybook.app.journal_csv.cells import tracking_text
from daybook.app.journal_csv.columns import Column
from daybook.app.journal_csv.limits import EXPORT_PAGE_ENTRIES
from daybook.app.ports import Reader
from daybook.domain import currencies
from daybook.domain.events import ACCOUNT, CONTACT, dimension_entity
from daybook.domain.model import (
    CLASS,
    DEPARTMENT,
    PROJECT,
    TRACKING_PREFIX,
    Account,
    Contact,
    Dimension,
    JournalEntry,
    Line,
    Note,
    Side,
    Status,
)
from daybook.domain.money import amount_text
from daybook.domain.query import (
    And,
    Compare,
    Field,
    Filter,
    Keyset,
    Op,
    Query,
    Sort,
    sort_key,
)

COLUMNS: Final = (
    Column.ENTRY,
    Column.NUMBER,
    Column.DATE,
    Column.MEMO,
    Column.ACCOUNT,
    Column.DEBIT,
    Column.CREDIT,
    Column.DESCRIPTION,
    Column.NAME,
    Column.LOCATION,
    Column.CLASS,
    Column.PROJECT,
    Column.TRACKING,
    Column.CURRENCY,
    Column.RATE,
    Column.ADJUSTMENT,
)

_ORDER: Final = (Sort(Field.POSTING_DATE),)


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What to write: entries of one status, dated from `start` to `end` (both inclusive)."""

    start: date | None = None
    end: date | None = None
    status: Status = Status.POSTED


def _no_progress(_done: int) -> None:
    """For callers that do not watch."""


def selection(options: ExportOptions) -> Filter:
    """The entries an export with these options has."""
    wanted: list[Filter] = [
        Compare(Field.DELETED, Op.EQ, False),
        Compare(Field.STATUS, Op.EQ, options.status.value),
    ]
    if options.start is not None:
        wanted.append(Compare(Field.POSTING_DATE, Op.GE, options.start))
    if options.end is not None:
        wanted.append(Compare(Field.POSTING_DATE, Op.LE, options.end))
    return And(tuple(wanted))


def export_journal(
    reader: Reader,
    out: TextIO,
    options: ExportOptions,
    progress: Callable[[int], None] = _no_progress,
) -> int:
    """Write the entries of one snapshot as CSV (open `out` with `newline=""`); answers how many.

    `progress` gets the number of entries written so far, of `reader.count_entries(selection)`.
    """
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([column.value for column in COLUMNS])
    names = _Names(reader)
    count = 0
    for page in _pages(reader, selection(options)):
        for entry in page:
            writer.writerows(_rows(entry, names))
        count += len(page)
        progress(count)
    return count


def _pages(reader: Reader, wanted: Filter) -> Iterator[list[JournalEntry]]:
    after = None
    while True:
        page = reader.entries(Query(wanted, _ORDER, Keyset(EXPORT_PAGE_ENTRIES, after)))
        if page:
            yield page
        if len(page) < EXPORT_PAGE_ENTRIES:
            return
        after = sort_key(page[-1], _ORDER)


class _Names:
    """Full names of what lines refer to, remembered: a journal names the same ones again."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[tuple[str, int], str] = {}

    def of(self, entity: str, record_id: int) -> str:
        """The full name of a record an entry refers to; the store keeps it as long as that."""
        key = entity, record_id
        name = self._known.get(key)
        if name is None:
            record = self._reader.reference(entity, record_id)
            assert isinstance(record, Account | Contact | Dimension)
            name = self._known[key] = record.full_name
        return name


def _rows(entry: JournalEntry, names: _Names) -> Iterator[list[str]]:
    exponent = currencies.exponent(entry.currency)
    key = str(entry.id)
    head = [
        key,
        entry.doc_number or "",
        entry.posting_date.isoformat(),
        entry.memo or "",
    ]
    tail = [
        entry.currency,
        "" if entry.rate is None else format(entry.rate, "f"),
        "yes" if entry.adjustment else "",
    ]
    for line in entry.sequence:
        if isinstance(line, Note):
            yield [*head, "", "", "", line.description or "", "", "", "", "", "", *tail]
        else:
            yield [*head, *_cells(line, exponent, names), *tail]


def _cells(line: Line, exponent: int, names: _Names) -> list[str]:
    amount = amount_text(line.amount, exponent)
    contact = "" if line.contact_id is None else names.of(CONTACT, line.contact_id)
    account = names.of(ACCOUNT, line.account_id)
    debit, credit = (amount, "") if line.side is Side.DEBIT else ("", amount)
    if not line.dimensions:
        tags = ["", "", "", ""]
    else:
        named = {axis: names.of(dimension_entity(axis), id) for axis, id in line.dimensions}
        tags = [named.pop(axis, "") for axis in (DEPARTMENT, CLASS, PROJECT)]
        tags.append(
            tracking_text(
                (axis.removeprefix(TRACKING_PREFIX), name) for axis, name in named.items()
            )
        )
    return [account, debit, credit, line.description or "", contact, *tags]
