"""Totals by account, contact and period of the posting date.

Totals by account and contact are kept in the transaction of the entry they come from. Totals by
period would touch a page for each account and day, so they are kept lazily: `period_total`
includes the events up to `head.totals_seq`, and whoever reads adds what the few events after it
say. What an event says is the lines of its body, less those of the record's event before it.

A total as of a date is then a sum of whole years, whole months of its year and days of its month:
its cost grows with the accounts, not with the entries.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Final

import apsw
import msgspec

from daybook.app.ports import LimitPassed, Total
from daybook.domain.events import ENTRY
from daybook.domain.ids import CompanyId, ContactId
from daybook.domain.limits import TOTAL_MAX
from daybook.domain.model import Line, Side, Status

Sums = list[int]
"""Debits, credits and number of lines; differences while they are on their way."""

Periods = dict[tuple[str, int], Sums]
"""Sums by posting date (ISO text) and account."""

LAZY_EVENTS: Final = 1_536
"""Events a reader may have to add by itself: some milliseconds' worth."""

LAZY_SUMS_MAX: Final = 50_000
"""Sums of days a long transaction holds in memory before it writes them out: some 15 MB."""

TAIL_SUMS_MAX: Final = 4 * LAZY_EVENTS
"""Sums of days the writer holds of a company between transactions: some 2 MB."""

_READ: Final = "SELECT {id}, debit, credit, lines FROM {table} WHERE company_id = ? AND {id} = ?"
_GRAINS: Final = (("Y", 4), ("M", 7), ("D", 10))
"""Each grain with how much of an ISO date names its period."""


class _PostedLine(msgspec.Struct):
    account_id: int
    side: str
    home_amount: int


class _Posted(msgspec.Struct):
    """What totals need of an entry's body; the decoder skips the rest."""

    posting_date: str
    lines: list[_PostedLine]
    status: str = Status.POSTED.value
    deleted_at: int | None = None


_decode: Final = msgspec.json.Decoder(_Posted).decode


def add_lines(
    days: Periods, accounts: dict[int, Sums], day: str, lines: Iterable[Line], sign: int
) -> None:
    """Add the lines of an entry that counts (`sign` 1), or take them away again (-1).

    Both to the sums of days and to those of accounts.
    """
    debit = Side.DEBIT
    for line in lines:
        account_id = line.account_id
        at, amount = (0 if line.side is debit else 1), sign * line.home_amount
        key = (day, account_id)
        sums = days.get(key)
        if sums is None:
            sums = days[key] = [0, 0, 0]
        sums[at] += amount
        sums[2] += sign
        sums = accounts.get(account_id)
        if sums is None:
            sums = accounts[account_id] = [0, 0, 0]
        sums[at] += amount
        sums[2] += sign


def tail(connection: apsw.Connection, company_id: CompanyId, after: int, last: int) -> Periods:
    """What the events numbered above `after`, up to `last`, change in the sums of days."""
    periods: Periods = {}
    rows = connection.execute(
        "SELECT v.body, p.body FROM event v LEFT JOIN event p"
        " ON p.company_id = v.company_id AND p.seq = v.previous_seq"
        " WHERE v.company_id = ? AND v.seq > ? AND v.seq <= ? AND v.entity = ?",
        (company_id, after, last, ENTRY),
    )
    for body, previous in rows:
        _add_body(periods, body, 1)
        if previous is not None:
            _add_body(periods, previous, -1)
    return periods


def _add_body(periods: Periods, body: bytes, sign: int) -> None:
    posted = _decode(body)
    if posted.status != Status.POSTED.value or posted.deleted_at is not None:
        return
    for line in posted.lines:
        sums = periods.setdefault((posted.posting_date, line.account_id), [0, 0, 0])
        sums[line.side != Side.DEBIT.value] += sign * line.home_amount
        sums[2] += sign


def merge(into: Periods, other: Periods) -> None:
    """Add one set of sums to another."""
    for key, (debit, credit, lines) in other.items():
        sums = into.get(key)
        if sums is None:
            into[key] = [debit, credit, lines]
        else:
            sums[0] += debit
            sums[1] += credit
            sums[2] += lines


def write_kept(
    connection: apsw.Connection,
    company_id: CompanyId,
    table: str,
    changes: Mapping[int, Sums],
) -> None:
    """Bring `account_total` or `contact_total` up to date. Raises `LimitPassed`."""
    column = table.replace("_total", "_id")
    _upsert(
        connection,
        f"INSERT INTO {table} (company_id, {column}, debit, credit, lines)"
        f" VALUES (?, ?, ?, ?, ?) ON CONFLICT (company_id, {column}) DO UPDATE SET"
        " debit = debit + excluded.debit, credit = credit + excluded.credit,"
        " lines = lines + excluded.lines",
        [(company_id, id, *sums) for id, sums in changes.items() if any(sums)],
    )


def write_periods(connection: apsw.Connection, company_id: CompanyId, periods: Periods) -> None:
    """Bring `period_total` up to date; the caller moves `head.totals_seq`."""
    rows: dict[tuple[str, str, int], Sums] = {}
    for (day, account_id), (debit, credit, lines) in periods.items():
        if not (debit or credit or lines):
            continue
        for grain, length in _GRAINS:
            sums = rows.setdefault((grain, day[:length], account_id), [0, 0, 0])
            sums[0] += debit
            sums[1] += credit
            sums[2] += lines
    _upsert(
        connection,
        "INSERT INTO period_total (company_id, grain, period, account_id, debit, credit, lines)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (company_id, grain, period, account_id) DO UPDATE SET"
        " debit = debit + excluded.debit, credit = credit + excluded.credit,"
        " lines = lines + excluded.lines",
        [(company_id, *key, *sums) for key, sums in sorted(rows.items())],
    )


def _upsert(connection: apsw.Connection, statement: str, rows: list[tuple[int | str, ...]]) -> None:
    """Beyond the integers a sum becomes floating point, which the tables refuse."""
    if not rows:
        return
    try:
        connection.executemany(statement, rows)
    except (apsw.ConstraintError, OverflowError) as error:
        raise LimitPassed(f"a total would pass {TOTAL_MAX}") from error


def kept_total(
    connection: apsw.Connection, company_id: CompanyId, table: str, record_id: int
) -> Total:
    """One row of `account_total` or `contact_total`."""
    statement = _READ.format(table=table, id=table.replace("_total", "_id"))
    row = None
    if 0 <= record_id < 2**63:
        row = connection.execute(statement, (company_id, record_id)).fetchone()
    return Total(record_id, 0, 0) if row is None else Total(record_id, row[1], row[2])


def contact_totals(
    connection: apsw.Connection, company_id: CompanyId, contact_ids: Sequence[ContactId]
) -> list[Total]:
    """Rows of `contact_total`, in the order of the ids."""
    wanted = json.dumps([id for id in contact_ids if 0 <= id < 2**63])
    rows = connection.execute(
        "SELECT t.contact_id, t.debit, t.credit FROM json_each(?) j CROSS JOIN contact_total t"
        " WHERE t.company_id = ? AND t.contact_id = j.value",
        (wanted, company_id),
    )
    found = {id: Total(id, debit, credit) for id, debit, credit in rows}
    return [found.get(id) or Total(id, 0, 0) for id in contact_ids]


def account_totals(connection: apsw.Connection, company_id: CompanyId) -> list[Total]:
    """Totals over all entries, by account, of the accounts that any counting line is on."""
    rows = connection.execute(
        "SELECT account_id, debit, credit FROM account_total"
        " WHERE company_id = ? AND lines > 0 ORDER BY account_id",
        (company_id,),
    )
    return [Total(*row) for row in rows]


def account_totals_as_of(
    connection: apsw.Connection, company_id: CompanyId, as_of: date, after: int, last: int
) -> list[Total]:
    """Totals of entries dated up to `as_of`; `period_total` includes the events up to `after`."""
    day = as_of.isoformat()
    rows = connection.execute(
        "SELECT account_id, sum(debit), sum(credit), sum(lines) FROM ("
        " SELECT account_id, debit, credit, lines FROM period_total"
        " WHERE company_id = ?1 AND grain = 'Y' AND period < ?2"
        " UNION ALL SELECT account_id, debit, credit, lines FROM period_total"
        " WHERE company_id = ?1 AND grain = 'M' AND period >= ?3 AND period < ?4"
        " UNION ALL SELECT account_id, debit, credit, lines FROM period_total"
        " WHERE company_id = ?1 AND grain = 'D' AND period >= ?5 AND period <= ?6"
        ") GROUP BY account_id",
        (company_id, day[:4], f"{day[:4]}-01", day[:7], f"{day[:7]}-01", day),
    )
    accounts: dict[int, Sums] = {row[0]: list(row[1:]) for row in rows}
    for (posted, account_id), (debit, credit, lines) in tail(
        connection, company_id, after, last
    ).items():
        if posted <= day:
            sums = accounts.setdefault(account_id, [0, 0, 0])
            sums[0] += debit
            sums[1] += credit
            sums[2] += lines
    return [
        Total(account_id, debit, credit)
        for account_id, (debit, credit, lines) in sorted(accounts.items())
        if lines > 0
    ]
