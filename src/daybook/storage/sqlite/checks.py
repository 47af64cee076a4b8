"""Kept figures against what lines and events say, and fingerprints of tables.

Everything kept for speed is worked out again by another route: totals and counters from the
lines, rows from the bodies of events. Every check reads within one snapshot.
"""

import json
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import groupby
from operator import itemgetter
from typing import Any, Final

import apsw

from daybook.app import bodies
from daybook.domain.chain import GENESIS
from daybook.domain.events import ACCOUNT, CONTACT, ENTRY
from daybook.domain.ids import CompanyId
from daybook.domain.model import AccountKind
from daybook.storage.sqlite import totals
from daybook.storage.sqlite.reader import STATES, HeadRow, decode_reference
from daybook.storage.sqlite.rows import (
    DIMENSION_COLUMNS,
    ENTRY_COLUMNS,
    LINE_COLUMNS,
    REFERENCE_COLUMNS,
    dimension_rows,
    entry_row,
    line_rows,
    reference_row,
)

_POSTED_LINES: Final = (
    " FROM entry e JOIN line l ON l.company_id = e.company_id AND l.entry_id = e.id"
    " WHERE e.company_id = ? AND e.status = 'posted' AND e.deleted_at IS NULL"
)
_SUMS: Final = (
    "sum(CASE l.side WHEN 'D' THEN l.home_amount ELSE 0 END),"
    " sum(CASE l.side WHEN 'C' THEN l.home_amount ELSE 0 END), count(*)"
)
_BY_CONTACT: Final = (
    f"SELECT l.contact_id, {_SUMS} FROM entry e"
    " JOIN line l ON l.company_id = e.company_id AND l.entry_id = e.id"
    " JOIN reference r ON r.company_id = l.company_id AND r.entity = ? AND r.id = l.account_id"
    " WHERE e.company_id = ? AND e.status = 'posted' AND e.deleted_at IS NULL"
    " AND l.contact_id IS NOT NULL AND r.kind IN (?, ?) GROUP BY 1"
)
_STRAYS: Final = (
    (
        "a line without an entry",
        "SELECT l.entry_id, l.line_id FROM line l LEFT JOIN entry e"
        " ON e.company_id = l.company_id AND e.id = l.entry_id"
        " WHERE l.company_id = ? AND e.id IS NULL",
    ),
    (
        "a tag without a line",
        "SELECT d.entry_id, d.line_id, d.axis FROM line_dimension d LEFT JOIN line l"
        " ON l.company_id = d.company_id AND l.entry_id = d.entry_id AND l.line_id = d.line_id"
        " WHERE d.company_id = ? AND l.line_id IS NULL",
    ),
    (
        "a line on an account that does not exist",
        "SELECT l.entry_id, l.line_id, l.account_id FROM line l LEFT JOIN reference r"
        f" ON r.company_id = l.company_id AND r.entity = '{ACCOUNT}' AND r.id = l.account_id"
        " WHERE l.company_id = ? AND r.id IS NULL",
    ),
    (
        "a line with a contact that does not exist",
        "SELECT l.entry_id, l.line_id, l.contact_id FROM line l LEFT JOIN reference r"
        f" ON r.company_id = l.company_id AND r.entity = '{CONTACT}' AND r.id = l.contact_id"
        " WHERE l.company_id = ? AND l.contact_id IS NOT NULL AND r.id IS NULL",
    ),
    (
        "a tag of a dimension value that does not exist",
        "SELECT d.entry_id, d.line_id, d.axis, d.dimension_id FROM line_dimension d"
        " LEFT JOIN reference r ON r.company_id = d.company_id"
        " AND r.entity = 'dimension:' || d.axis AND r.id = d.dimension_id"
        " WHERE d.company_id = ? AND r.id IS NULL",
    ),
    (
        "an event of an entry that is newer than the entry, or has none",
        "SELECT v.seq, v.record_id FROM event v LEFT JOIN entry e"
        " ON e.company_id = v.company_id AND e.id = v.record_id"
        f" WHERE v.company_id = ? AND v.entity = '{ENTRY}'"
        " AND (e.id IS NULL OR e.event_seq < v.seq)",
    ),
    (
        "an event of a record that is newer than the record, or has none",
        "SELECT v.seq, v.entity, v.record_id FROM event v LEFT JOIN reference r"
        " ON r.company_id = v.company_id AND r.entity = v.entity AND r.id = v.record_id"
        " WHERE v.company_id = ? AND v.entity NOT IN ('entry', 'company')"
        " AND (r.id IS NULL OR r.event_seq < v.seq)",
    ),
)

Sums = tuple[int, int, int]


def mismatches(connection: apsw.Connection, company_id: CompanyId) -> Iterator[str]:
    """One text for each kept figure or row that differs from what it should be.

    Raises `UnknownCompany`.
    """
    row = HeadRow.read(connection, company_id)
    yield from _head(connection, company_id, row)
    yield from _counters(connection, company_id, row)
    yield from _kept_totals(connection, company_id)
    yield from _periods(connection, company_id, row)
    for what, statement in _STRAYS:
        for key in connection.execute(statement, (company_id,)):
            yield f"{what}: {'/'.join(map(str, key))}"
    yield from _entries(connection, company_id)
    yield from _references(connection, company_id)


def _head(connection: apsw.Connection, company_id: CompanyId, row: HeadRow) -> Iterator[str]:
    statement = (
        "SELECT count(*), ifnull(max(seq), 0), ifnull(max(CASE WHEN entity <> ? THEN seq END), 0)"
        " FROM event WHERE company_id = ?"
    )
    [(count, last, reference)] = connection.execute(statement, (ENTRY, company_id)).fetchall()
    if not count == last == row.seq:
        yield f"head: seq is {row.seq}, of {count} events the last is {last}"
    if reference != row.reference_seq:
        yield f"head: reference_seq is {row.reference_seq}, should be {reference}"
    if row.totals_seq > row.seq:
        yield f"head: totals_seq is {row.totals_seq}, beyond the log's {row.seq}"
    statement = "SELECT hash, at FROM event WHERE company_id = ? AND seq = ?"
    found = connection.execute(statement, (company_id, row.seq)).fetchone()
    if (row.hash, row.modified_at) != (found or (GENESIS, 0)):
        yield "head: hash or time differ from those of the last event"


def _counters(connection: apsw.Connection, company_id: CompanyId, row: HeadRow) -> Iterator[str]:
    statement = (
        "SELECT deleted_at IS NOT NULL, status, count(*) FROM entry WHERE company_id = ?"
        " GROUP BY 1, 2"
    )
    found = {
        (bool(deleted), status): count
        for deleted, status, count in connection.execute(statement, (company_id,))
    }
    for (deleted, status), kept in zip(STATES, row.counts, strict=True):
        count = found.get((deleted, status.value), 0)
        if kept != count:
            state = "deleted" if deleted else "live"
            yield f"head: counts {kept} {state} {status.value} entries, there are {count}"


def _kept_totals(connection: apsw.Connection, company_id: CompanyId) -> Iterator[str]:
    by_account = f"SELECT l.account_id, {_SUMS} {_POSTED_LINES} GROUP BY 1"
    by_contact = (ACCOUNT, company_id, AccountKind.RECEIVABLE, AccountKind.PAYABLE)
    for name, statement, parameters in (
        ("account", by_account, (company_id,)),
        ("contact", _BY_CONTACT, by_contact),
    ):
        summed = {id: tuple(sums) for id, *sums in connection.execute(statement, parameters)}
        kept = {
            id: tuple(sums)
            for id, *sums in connection.execute(
                f"SELECT {name}_id, debit, credit, lines FROM {name}_total WHERE company_id = ?",
                (company_id,),
            )
        }
        yield from _differences(f"{name}_total", kept, summed)


def _periods(connection: apsw.Connection, company_id: CompanyId, row: HeadRow) -> Iterator[str]:
    """Day totals with the events they do not include yet; months and years without."""
    kept: dict[str, dict[Any, Sums]] = {"Y": {}, "M": {}, "D": {}}
    for grain, period, account_id, *sums in connection.execute(
        "SELECT grain, period, account_id, debit, credit, lines FROM period_total"
        " WHERE company_id = ?",
        (company_id,),
    ):
        kept[grain][period, account_id] = tuple(sums)
    for grain, length in (("M", 7), ("Y", 4)):
        summed: dict[Any, Sums] = {}
        for (day, account_id), sums in kept["D"].items():
            key = (day[:length], account_id)
            summed[key] = _plus(summed.get(key), sums)
        yield from _differences(f"period_total {grain}", kept[grain], summed)
    days = kept["D"]
    for key, tail in totals.tail(connection, company_id, row.totals_seq, row.seq).items():
        days[key] = _plus(days.get(key), (tail[0], tail[1], tail[2]))
    statement = f"SELECT e.posting_date, l.account_id, {_SUMS} {_POSTED_LINES} GROUP BY 1, 2"
    lines = {
        (day, account_id): tuple(sums)
        for day, account_id, *sums in connection.execute(statement, (company_id,))
    }
    yield from _differences("period_total D", days, lines)


def _plus(left: Sums | None, right: Sums) -> Sums:
    if left is None:
        return right
    return left[0] + right[0], left[1] + right[1], left[2] + right[2]


def _differences(name: str, kept: dict[Any, Any], summed: dict[Any, Any]) -> Iterator[str]:
    """Rows of zeros are what is left of entries that no longer count, and count for nothing."""
    nothing = (0, 0, 0)
    for key in sorted(kept.keys() | summed.keys()):
        if kept.get(key, nothing) != summed.get(key, nothing):
            yield (
                f"{name} {key}: kept {kept.get(key, nothing)},"
                f" the lines say {summed.get(key, nothing)}"
            )


def _entries(connection: apsw.Connection, company_id: CompanyId) -> Iterator[str]:
    """Rows of entries, lines and tags against the body of the entry's event."""
    columns = ", ".join(f"e.{name.strip()}" for name in ENTRY_COLUMNS.split(","))
    entries = connection.execute(
        f"SELECT v.body, v.entity, v.record_id, {columns} FROM entry e LEFT JOIN event v"
        " ON v.company_id = e.company_id AND v.seq = e.event_seq"
        " WHERE e.company_id = ? ORDER BY e.id",
        (company_id,),
    )
    lines = _Grouped(
        connection.execute(
            f"SELECT {LINE_COLUMNS} FROM line WHERE company_id = ? ORDER BY entry_id, line_id",
            (company_id,),
        )
    )
    tags = _Grouped(
        connection.execute(
            f"SELECT {DIMENSION_COLUMNS} FROM line_dimension WHERE company_id = ?"
            " ORDER BY entry_id, line_id, axis",
            (company_id,),
        )
    )
    for body, entity, record_id, *row in entries:
        event_seq, entry_id = row[-3], row[-1]
        if body is None or (entity, record_id) != (ENTRY, entry_id):
            yield f"entry {entry_id}: event {event_seq} is not one of its own"
            continue
        entry = bodies.decode_entry(body)
        if tuple(row) != entry_row(company_id, entry, event_seq):
            yield f"entry {entry_id}: the row differs from event {event_seq}"
        if lines.of(entry_id) != sorted(line_rows(company_id, entry), key=itemgetter(2)):
            yield f"entry {entry_id}: the lines differ from event {event_seq}"
        if tags.of(entry_id) != sorted(dimension_rows(company_id, entry), key=itemgetter(2, 3)):
            yield f"entry {entry_id}: the tags differ from event {event_seq}"


class _Grouped:
    """The rows of a table by entry, asked for in the order of the entries."""

    def __init__(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self._groups = groupby(rows, key=itemgetter(1))
        self._next = next(self._groups, None)

    def of(self, entry_id: int) -> list[tuple[Any, ...]]:
        """The rows of an entry; those of entries before it that were not asked for are skipped."""
        while self._next is not None and self._next[0] < entry_id:
            self._next = next(self._groups, None)
        if self._next is None or self._next[0] != entry_id:
            return []
        found = list(self._next[1])
        self._next = next(self._groups, None)
        return found


def _references(connection: apsw.Connection, company_id: CompanyId) -> Iterator[str]:
    columns = ", ".join(f"r.{name.strip()}" for name in REFERENCE_COLUMNS.split(","))
    for body, *row in connection.execute(
        f"SELECT v.body, {columns} FROM reference r LEFT JOIN event v"
        " ON v.company_id = r.company_id AND v.seq = r.event_seq AND v.entity = r.entity"
        " AND v.record_id = r.id WHERE r.company_id = ?",
        (company_id,),
    ):
        entity, record_id, event_seq = row[1], row[2], row[-1]
        if body is None:
            yield f"{entity} {record_id}: event {event_seq} is not one of its own"
            continue
        record = decode_reference(entity, body)
        if tuple(row) != reference_row(company_id, entity, record, event_seq):
            yield f"{entity} {record_id}: the row differs from event {event_seq}"


_ENTRY_FINGERPRINT: Final = (
    "SELECT id, version, status, deleted_at, posting_date, doc_number, memo, currency, total,"
    " adjustment, origin_client, origin_protocol, created_at, modified_at, event_seq FROM entry"
    " WHERE company_id = ? ORDER BY id"
)
_REFERENCE_FINGERPRINT: Final = (
    f"SELECT {REFERENCE_COLUMNS.removeprefix('company_id, ')} FROM reference"
    " WHERE company_id = ? ORDER BY entity, id"
)
_FINGERPRINTS: Final[dict[str, tuple[str, int | None]]] = {
    "account_total": (
        "SELECT account_id, debit, credit, lines FROM account_total"
        " WHERE company_id = ? AND lines <> 0 ORDER BY account_id",
        None,
    ),
    "contact_total": (
        "SELECT contact_id, debit, credit, lines FROM contact_total"
        " WHERE company_id = ? AND lines <> 0 ORDER BY contact_id",
        None,
    ),
    "entry": (_ENTRY_FINGERPRINT, 9),
    "head": (
        "SELECT seq, lower(hex(hash)), modified_at, reference_seq FROM head WHERE company_id = ?",
        None,
    ),
    "line": (
        f"SELECT {LINE_COLUMNS.removeprefix('company_id, ')} FROM line"
        " WHERE company_id = ? ORDER BY entry_id, line_id",
        None,
    ),
    "line_dimension": (
        "SELECT entry_id, line_id, axis, dimension_id FROM line_dimension"
        " WHERE company_id = ? ORDER BY entry_id, line_id, axis",
        None,
    ),
    "reference": (_REFERENCE_FINGERPRINT, 12),
}
"""What a rebuild must reproduce, each with the place of a column that is true or false."""


def fingerprints(connection: apsw.Connection, company_id: CompanyId) -> dict[str, str]:
    """SHA-256 over a company's rows of each table, in the order of their keys.

    Rows are lines of JSON, so that another engine can come to the same figures.
    """
    found = {}
    for table, (statement, flag) in _FINGERPRINTS.items():
        digest = sha256()
        for row in connection.execute(statement, (company_id,)):
            values: list[Any] = list(row)
            if flag is not None:
                values[flag] = bool(values[flag])
            digest.update(json.dumps(values, separators=(",", ":")).encode())
            digest.update(b"\n")
        found[table] = digest.hexdigest()
    return found
