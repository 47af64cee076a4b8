"""The analytical copy: a company's tables in an engine for scans, brought up to date before use.

The copy follows the event log: it remembers the number of the last event it holds and takes the
later ones, whose bodies the engine reads as JSON by itself. It holds one company, can open no
file and no connection, and its configuration is locked, so a statement that got past every check
could still reach nothing but what its author may read anyway.

    copy = copies.of(books)          # opened at first use
    cursor = copy.cursor()           # one for each session
    copy.refresh(books)              # before each statement that reads the tables
"""

import contextlib
import logging
import shutil
import threading
import weakref
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Final

import duckdb

from daybook.app.ledger import Books
from daybook.app.ports import LoggedBody, Reader
from daybook.domain import currencies
from daybook.domain.events import ACCOUNT, CONTACT, ENTRY, dimension_entity, list_entity
from daybook.domain.ids import CompanyId
from daybook.domain.model import CLASS, DEPARTMENT, PROJECT, Company, ListKind
from daybook.protocols.sql.catalog import catalog_statements
from daybook.protocols.sql.errors import CANCELLED, SqlFault
from daybook.protocols.sql.limits import (
    COPIES_MAX,
    COPY_MEMORY,
    COPY_SPILL,
    COPY_THREADS,
    REFRESH_BYTES,
    REFRESH_EVENTS,
)
from daybook.protocols.sql.macros import MACROS
from daybook.protocols.sql.tables import amount_scale

Config = dict[str, str | bool | int | float | list[str]]
"""Settings of the engine."""

_LOG = logging.getLogger("daybook.sql")

FORMAT: Final = 5
"""Version of the copy's own tables and functions: a copy on disk of another one is made anew."""

_HEADER_SHAPE: Final = (
    '"id":"BIGINT","version":"INTEGER","posting_date":"DATE","currency":"VARCHAR",'
    '"doc_number":"VARCHAR","memo":"VARCHAR","rate":"DECIMAL(20,10)","adjustment":"BOOLEAN",'
    '"status":"VARCHAR","deleted_at":"BIGINT","created_at":"BIGINT","modified_at":"BIGINT",'
    '"annex":"VARCHAR[][]"'
)
_ENTRY_SHAPE: Final = f'{{{_HEADER_SHAPE},"lines":[{{"side":"VARCHAR"}}]}}'
_LINES_SHAPE: Final = (
    f'{{{_HEADER_SHAPE},"lines":[{{"id":"INTEGER","side":"VARCHAR","amount":"BIGINT",'
    '"home_amount":"BIGINT","account_id":"BIGINT","contact_id":"BIGINT","description":"VARCHAR",'
    '"dimensions":"VARCHAR[][]","tax":{"code_id":"VARCHAR"},"billing":{"status":"VARCHAR"}}]}'
)
"""What is read of the bodies of events: for a table no more than it holds, which is what costs."""
_ENTRY_COLUMNS: Final = (
    "id BIGINT, second BIGINT, version INTEGER, doc VARCHAR, date DATE, credits INTEGER,"
    " debits INTEGER, modified TIMESTAMP, created TIMESTAMP, adjustment BOOLEAN, currency VARCHAR,"
    " rate DECIMAL(20,10), guid VARCHAR, memo VARCHAR"
)
_REFERENCE_SHAPE: Final = (
    '{"id":"BIGINT","name":"VARCHAR","full_name":"VARCHAR","kind":"VARCHAR","currency":"VARCHAR",'
    '"parent_id":"BIGINT","active":"BOOLEAN","created_at":"BIGINT","axis":"VARCHAR"}'
)
_REFERENCE_COLUMNS: Final = (
    "entity VARCHAR, id BIGINT, key VARCHAR, name VARCHAR, full_name VARCHAR, kind VARCHAR,"
    " currency VARCHAR, parent_id BIGINT, active BOOLEAN"
)
_REFERENCES: Final = frozenset(
    (
        ACCOUNT,
        CONTACT,
        list_entity(ListKind.TAX_CODE),
        *tuple(dimension_entity(axis) for axis in (CLASS, DEPARTMENT, PROJECT)),
    )
)


def line_columns(scale: int, home_scale: int, foreign: bool) -> str:
    """Columns of the table of lines. Amounts of books in one currency fit 18 digits.

    The amount is there a second time by its side: sums of one side read it as it is, which takes
    half of what telling the sides apart takes.
    """
    digits = 20 if foreign else 18
    return (
        "entry BIGINT, second BIGINT, version INTEGER, number INTEGER, line INTEGER,"
        f" debit BOOLEAN, account BIGINT, amount DECIMAL({digits},{scale}),"
        f" home DECIMAL(18,{home_scale}), memo VARCHAR, contact BIGINT, class BIGINT,"
        " department BIGINT, project BIGINT, tax VARCHAR, billing VARCHAR, doc VARCHAR, date DATE,"
        f" debited DECIMAL({digits},{scale}), credited DECIMAL({digits},{scale})"
    )


def _dimension(axis: str) -> str:
    return (
        f"CAST(list_filter(l.dimensions, lambda d: d[1] = '{axis}')[1][2] AS BIGINT)"
        f" AS {axis.lower()}"
    )


def _minor(expression: str, scale: int, digits: int) -> str:
    """A whole number of smallest units as an exact decimal."""
    if not scale:
        return f"CAST({expression} AS DECIMAL({digits},0))"
    unit = "0." + "0" * (scale - 1) + "1"
    return f"CAST(CAST({expression} AS DECIMAL(19,0)) * {unit} AS DECIMAL({digits},{scale}))"


def _factor(scale: int, home: str) -> str:
    """By what a currency's smallest units are multiplied to have the column's decimals."""
    cases: dict[int, list[str]] = {}
    for code in currencies.codes():
        cases.setdefault(currencies.exponent(code), []).append(code)
    home_exponent = currencies.exponent(home)
    parts = [
        f"WHEN e.currency IN ({', '.join(repr(code) for code in codes)})"
        f" THEN {10 ** (scale - exponent)}"
        for exponent, codes in sorted(cases.items())
        if exponent != home_exponent
    ]
    return f"CASE {' '.join(parts)} ELSE {10 ** (scale - home_exponent)} END"


PROGRESS_EVENTS: Final = 100_000
"""Events to be taken from which on the log tells how far a copy is: they take a second or two."""

LOCK_SECONDS: Final = 0.05
"""Seconds between looks at whether a statement that waits for the copy is still wanted."""


class Shape:
    """The statements that fill the tables, for a company's currency."""

    def __init__(self, company: Company) -> None:
        self.scale = amount_scale(company)
        self.home_scale = currencies.exponent(company.home_currency)
        self.foreign = company.multicurrency
        self.lines = line_columns(self.scale, self.home_scale, self.foreign)
        amount = "l.amount"
        if self.foreign:
            amount = f"l.amount * {_factor(self.scale, company.home_currency)}"
        digits = 20 if self.foreign else 18
        minor = _minor(amount, self.scale, digits)
        second = (
            "coalesce(CAST(json_extract(annex, '$.second') AS BIGINT), e.created_at // 1000000)"
        )
        self._entry_rows = (
            f"{_source(_ENTRY_SHAPE)}"
            f" SELECT e.id, {second} AS second, coalesce(e.version, 0) AS version, e.doc_number,"
            " e.posting_date, len(list_filter(e.lines, lambda l: l.side = 'C')),"
            " len(list_filter(e.lines, lambda l: l.side = 'D')), make_timestamp(e.modified_at),"
            " make_timestamp(e.created_at), coalesce(e.adjustment, false), e.currency, e.rate,"
            " json_extract_string(annex, '$.guid'), e.memo FROM src ORDER BY e.id"
        )
        self._line_rows = (
            f"{_source(_LINES_SHAPE)}"
            " SELECT e.id, second, version, number, l.id, l.side = 'D', l.account_id,"
            f" {minor},"
            f" {_minor('l.home_amount', self.home_scale, 18)}, l.description, l.contact_id,"
            f" {_dimension(CLASS)}, {_dimension(DEPARTMENT)}, {_dimension(PROJECT)},"
            " l.tax.code_id, l.billing.status, e.doc_number, e.posting_date,"
            f" CASE WHEN l.side = 'D' THEN {minor} END, CASE WHEN l.side = 'C' THEN {minor} END"
            " FROM ("
            f"SELECT e, {second} AS second, coalesce(e.version, 0) AS version,"
            " unnest(e.lines) AS l, unnest(generate_series(1, len(e.lines))) AS number FROM src)"
            " ORDER BY e.id, number"
        )

    def fill(self, cursor: Any, entry: str, line: str, found: Sequence[bytes]) -> None:
        """Add rows for entries to two tables, from the bodies of their events."""
        rows = [(body.decode(),) for body in found]
        _append(cursor, f"INSERT INTO {entry} {self._entry_rows}", rows)
        _append(cursor, f"INSERT INTO {line} {self._line_rows}", rows)


def _source(shape: str) -> str:
    """The entries that count, read from bodies in the appender's table.

    Kept by itself, or the engine would read each body for the condition and again for each use.
    """
    return (
        f"WITH read AS MATERIALIZED (SELECT from_json(body, '{shape}') AS e FROM appender_data),"
        " src AS (SELECT e, CASE WHEN e.annex IS NULL THEN NULL ELSE"
        " list_filter(e.annex, lambda a: a[1] = 'sql')[1][2] END AS annex FROM read"
        " WHERE e.deleted_at IS NULL AND coalesce(e.status, 'posted') = 'posted')"
    )


def _append(cursor: Any, statement: str, rows: Sequence[tuple[str]]) -> None:
    """Run a statement over many rows: a list given as a parameter would be planned as a constant,
    which took longer than anything done with it.
    """
    appender = cursor.query_appender(statement, {"body": "VARCHAR"})
    try:
        appender.append_rows(rows)
        appender.flush()
    except BaseException:
        appender.clear()
        raise


class Copy:
    """The tables of one company."""

    def __init__(self, company_id: CompanyId, reader: Reader, path: Path | None) -> None:
        self.company_id = company_id
        self.company = reader.company
        self.path = path
        self.closed = False
        self.shape = Shape(self.company)
        self._lock = threading.Lock()
        self._seq = 0
        self._spill = mkdtemp(prefix="daybook-sql-")
        self._clean = weakref.finalize(self, shutil.rmtree, self._spill, ignore_errors=True)
        self._database = self._open(path, reader)
        self.scale = self.shape.scale

    def _open(self, path: Path | None, reader: Reader) -> Any:
        config: Config = {
            "enable_external_access": "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "allow_persistent_secrets": "false",
            "python_enable_replacements": "false",
            "memory_limit": COPY_MEMORY,
            "threads": str(COPY_THREADS),
            # what the rewritten statements leave out where they mean it
            "default_null_order": "nulls_last",
            "temp_directory": self._spill,
            "max_temp_directory_size": COPY_SPILL,
        }
        database = None if path is None else self._kept(path, config, reader)
        if database is None:
            database = duckdb.connect(":memory:" if path is None else str(path), config=config)
            self._found(database)
        database.execute("SET GLOBAL TimeZone = 'UTC'")
        database.execute("SET lock_configuration = true")
        return database

    def _kept(self, path: Path, config: Config, reader: Reader) -> Any:
        """A copy from disk that belongs to this log, or None; one that does not is removed."""
        if not path.exists():
            return None
        try:
            database = duckdb.connect(str(path), config=config)
            form, seq, digest, scale, foreign = database.execute(
                "SELECT format, seq, hash, scale, multicurrency FROM copy_state"
            ).fetchall()[0]
            event = reader.event(seq) if seq else None
            known = seq == 0 or (event is not None and event.hash.hex() == digest)
            if (
                form == FORMAT
                and known
                and (scale, foreign) == (self.shape.scale, self.shape.foreign)
            ):
                self._seq = seq
                return database
            database.close()
        except (duckdb.Error, IndexError):
            _LOG.warning("the copy in %s cannot be used and is made anew", path)
        _remove(path)
        return None

    def _found(self, database: Any) -> None:
        database.execute("BEGIN")
        database.execute(f"CREATE TABLE entry ({_ENTRY_COLUMNS})")
        database.execute(f"CREATE TABLE line ({self.shape.lines})")
        database.execute(f"CREATE TABLE reference ({_REFERENCE_COLUMNS})")
        database.execute(
            "CREATE TABLE copy_state (format INTEGER, seq BIGINT, hash VARCHAR, scale INTEGER,"
            " multicurrency BOOLEAN)"
        )
        database.execute(
            "INSERT INTO copy_state VALUES (?, 0, '', ?, ?)",
            [FORMAT, self.shape.scale, self.shape.foreign],
        )
        for statement in MACROS:
            database.execute(statement)
        for statement, rows in catalog_statements(self.company):
            if rows is None:
                database.execute(statement)
            elif rows:
                database.execute(statement, [rows])
        database.execute("COMMIT")

    def cursor(self) -> Any:
        """A connection of a session: sees every committed refresh, has tables of its own."""
        cursor = self._database.cursor()
        cursor.execute(f"CREATE TEMP TABLE staged_entry ({_ENTRY_COLUMNS})")
        cursor.execute(f"CREATE TEMP TABLE staged_line ({self.shape.lines})")
        cursor.execute("CREATE TEMP TABLE staged_gone (id BIGINT)")
        return cursor

    def plain_cursor(self) -> Any:
        """A connection without tables of its own."""
        return self._database.cursor()

    def refresh(self, books: Books, stopped: Callable[[], bool] = lambda: False) -> None:
        """Bring the tables up to the last event of the log, on one thread at a time.

        Raises `SqlFault` once `stopped` says so; what was taken until then stays.
        """
        while not self._lock.acquire(timeout=LOCK_SECONDS):
            _check(stopped)
        try:
            with books.ledger.store.read(books.company_id) as reader:
                self._follow(reader, stopped)
        finally:
            self._lock.release()

    def _follow(self, reader: Reader, stopped: Callable[[], bool]) -> None:
        last = reader.head().seq
        first, behind, told = self._seq, last - self._seq, 0
        while self._seq < last:
            _check(stopped)
            events = reader.logged_bodies(self._seq, REFRESH_EVENTS, REFRESH_BYTES)
            ended = None if not events else reader.event(events[-1].seq)
            if ended is None:
                break
            self._take(events, ended.hash.hex())
            done = (self._seq - first) * 10 // behind
            if behind > PROGRESS_EVENTS and done > told:
                told = done
                _LOG.info("copy of company %s: %s %%", self.company_id, 10 * done)

    def _take(self, events: Sequence[LoggedBody], digest: str) -> None:
        """Take some events; `digest` is the hash of the last of them."""
        entries: dict[int, LoggedBody] = {}
        records: dict[tuple[str, int], LoggedBody] = {}
        for event in events:
            if event.entity == ENTRY:
                entries[event.record_id] = event
            elif event.entity in _REFERENCES:
                records[event.entity, event.record_id] = event
        connection = self._database.cursor()
        connection.execute("BEGIN")
        try:
            revised = [number for number, event in entries.items() if event.version]
            if revised:
                for statement in (
                    "DELETE FROM entry WHERE id IN (SELECT unnest($1::BIGINT[]))",
                    "DELETE FROM line WHERE entry IN (SELECT unnest($1::BIGINT[]))",
                ):
                    connection.execute(statement, [revised])
            if entries:
                found = [each.body for each in entries.values()]
                self.shape.fill(connection, "entry", "line", found)
            if records:
                _take_references(connection, list(records.values()))
            # A file can be open twice for a moment, where copies are dropped and opened again.
            followed = connection.execute(
                "UPDATE copy_state SET seq = ?, hash = ? WHERE seq = ?",
                [events[-1].seq, digest, self._seq],
            ).fetchall()
            if followed != [(1,)]:
                connection.execute("ROLLBACK")
                self._seq = connection.execute("SELECT seq FROM copy_state").fetchall()[0][0]
                return
            connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(duckdb.Error):
                connection.execute("ROLLBACK")
            raise
        finally:
            connection.close()
        self._seq = events[-1].seq

    def is_of(self, company: Company) -> bool:
        """Whether the copy still fits a company's settings."""
        return amount_scale(company) == self.scale and company.multicurrency == self.shape.foreign

    def close(self) -> None:
        """Let the engine go, and with it what sessions were still reading."""
        self.closed = True
        with contextlib.suppress(duckdb.Error):  # a statement that could not be stopped in time
            self._database.close()
        self._clean()


def _remove(path: Path) -> None:
    """Remove the file of a copy, with its log."""
    for leftover in (path, path.with_name(path.name + ".wal")):
        with contextlib.suppress(PermissionError):  # of one that is open, where that is a hindrance
            leftover.unlink(missing_ok=True)


def _check(stopped: Callable[[], bool]) -> None:
    if stopped():
        raise SqlFault(CANCELLED, "canceling statement due to user request")


def _take_references(connection: Any, events: Sequence[LoggedBody]) -> None:
    connection.execute(
        "DELETE FROM reference WHERE (entity, id) IN"
        " (SELECT unnest($1::VARCHAR[]), unnest($2::BIGINT[]))",
        [[event.entity for event in events], [event.record_id for event in events]],
    )
    connection.execute(
        f"INSERT INTO reference SELECT entity, r.id,"
        " format('{:X}-{}', 2147483648 + r.id, r.created_at // 1000000), r.name,"
        " coalesce(r.full_name, r.name), r.kind, r.currency, r.parent_id, coalesce(r.active, true)"
        f" FROM (SELECT unnest($1::VARCHAR[]) AS entity, from_json(unnest($2::VARCHAR[]),"
        f" '{_REFERENCE_SHAPE}') AS r)",
        [[event.entity for event in events], [event.body.decode() for event in events]],
    )


class Copies:
    """The copies of the companies that are being asked about."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._open: OrderedDict[CompanyId, Copy] = OrderedDict()
        self._lost: Counter[CompanyId] = Counter()
        self._lock = threading.Lock()
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def __len__(self) -> int:
        return len(self._open)

    def of(self, books: Books) -> Copy:
        """The copy of a company, made if there is none."""
        with self._lock:
            copy = self._open.get(books.company_id)
            with books.ledger.store.read(books.company_id) as reader:
                company = reader.company
                if copy is not None and copy.is_of(company):
                    self._open.move_to_end(books.company_id)
                    return copy
                path = None
                if self._folder is not None:
                    path = self._path(self._folder, company)
                    if copy is not None:
                        copy.close()
                copy = Copy(books.company_id, reader, path)
            self._open[books.company_id] = copy
            if len(self._open) > COPIES_MAX:
                self._open.popitem(last=False)
            return copy

    def _path(self, folder: Path, company: Company) -> Path:
        """Where a copy is kept. After a lost one, whose file may be open still, by another name,
        under which no later process would look for it.
        """
        name, lost = f"{company.slug}-{company.realm}", self._lost[company.id]
        if not lost:
            for leftover in folder.glob(f"{name}~*.duckdb"):
                _remove(leftover)
        return folder / (f"{name}~{lost}.duckdb" if lost else f"{name}.duckdb")

    def lose(self, copy: Copy) -> None:
        """Let go of a copy whose engine has failed: whoever asks next gets a new one."""
        with self._lock:
            if self._open.get(copy.company_id) is not copy:
                return  # somebody else was told before
            del self._open[copy.company_id]
            self._lost[copy.company_id] += 1
        _LOG.error("the copy of company %s is lost and will be made anew", copy.company_id)
        copy.close()
        if copy.path is not None:
            _remove(copy.path)

    def close(self) -> None:
        """Let all copies go."""
        with self._lock:
            for copy in self._open.values():
                copy.close()
            self._open.clear()
