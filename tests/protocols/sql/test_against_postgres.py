"""The same SELECTs, made up at random, give the same rows as PostgreSQL with the same data.

On both paths: where a look-up may be answered by the store, it is asked with and without.
"""

import datetime
import os
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

import psycopg
import pytest
from psycopg.pq import ExecStatus
from tests.support.engines import SEED, SLOW
from tests.support.postgres import postgres_url
from tests.support.selects import Maker
from tests.support.sql import Sql

from daybook.protocols.sql import statements
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.results import Row
from daybook.protocols.sql.tables import TABLES

QUERIES = 3_000 if SLOW else 220
TYPES = {
    pg.TEXT: 'text COLLATE "C"',
    pg.DATE: "date",
    pg.TIMESTAMP: "timestamp",
    pg.INT4: "integer",
    pg.BOOL: "boolean",
    pg.NUMERIC: "numeric(20,2)",
}


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory, shared: Sql) -> Iterator[psycopg.Connection]:
    """PostgreSQL with the demo's tables."""
    shared.run(
        "UPDATE JournalEntries SET ExternalGUID = 'g-1', Memo = 'a_b%c' WHERE ID = '50-1617877800'"
    )
    with (
        postgres_url(tmp_path_factory.mktemp("postgres")) as url,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        connection.execute("DROP SCHEMA IF EXISTS daybook_oracle CASCADE")
        connection.execute("CREATE SCHEMA daybook_oracle")
        connection.execute("SET search_path = daybook_oracle")
        connection.execute("SET TIME ZONE 'UTC'")
        for table in TABLES.values():
            columns = ", ".join(
                f"{column.name} "
                + ("numeric(20,10)" if column.name == "ExchangeRate" else TYPES[column.oid])
                for column in table.columns
            )
            connection.execute(f"CREATE TABLE {table.name} ({columns})".encode())
            places = ", ".join(["%s"] * len(table.columns))
            with connection.cursor() as cursor:
                cursor.executemany(
                    f"INSERT INTO {table.name} VALUES ({places})".encode(),
                    shared.rows(f"SELECT * FROM {table.name}"),
                )
        yield connection


def same(ours: str | None, theirs: object) -> bool:
    """Whether a value is PostgreSQL's; a quotient may have more or fewer decimals than its."""
    if ours is None or theirs is None:
        return ours is theirs
    if isinstance(theirs, bool):
        return ours == ("t" if theirs else "f")
    if isinstance(theirs, (int, Decimal)):
        try:
            mine, other = Decimal(ours), Decimal(theirs)
        except InvalidOperation:
            return False
        places = min(12, max(0, -int(other.as_tuple().exponent)))
        room = max(Decimal(1).scaleb(-places), abs(other) * Decimal("1e-15"))
        return abs(mine - other) <= room if places > 9 else mine == other
    if isinstance(theirs, float):
        return abs(float(ours) - theirs) <= 1e-9 * max(1.0, abs(theirs))
    if isinstance(theirs, datetime.datetime):
        zone = "+00" if theirs.tzinfo else ""
        return ours.removesuffix(".000000") == str(theirs.replace(tzinfo=None)) + zone
    if isinstance(theirs, list):
        items = pg.array_items(ours)
        return len(items) == len(theirs) and all(map(same, items, theirs))
    return ours == str(theirs)


def same_rows(ours: list[Row], theirs: list[tuple[object, ...]]) -> bool:
    return len(ours) == len(theirs) and all(
        all(same(mine, other) for mine, other in zip(row, expected, strict=True))
        for row, expected in zip(ours, theirs, strict=True)
    )


def answered(shared: Sql, query: str, fast: bool) -> list[Row] | SqlFault:
    session = shared.connect()
    session.fast_path = fast
    try:
        return shared.rows(query, session=session)
    except SqlFault as fault:
        return fault
    finally:
        session.close()


def theirs(oracle: psycopg.Connection, query: str) -> list[tuple[object, ...]] | psycopg.Error:
    try:
        return oracle.execute(query.encode()).fetchall()
    except psycopg.Error as fault:
        return fault


UNSUPPORTED = ("0A000", "42883", "22003", "42804")
"""What a statement may be refused with that PostgreSQL answers: never a wrong answer instead."""


def test_random_selects_have_postgresqls_rows(shared: Sql, oracle: psycopg.Connection) -> None:
    refused = 0
    for seed in range(SEED, SEED + QUERIES):
        query = Maker(seed).query()
        expected = theirs(oracle, query)
        for fast in (True, False):
            found = answered(shared, query, fast)
            if isinstance(expected, psycopg.Error):
                assert isinstance(found, SqlFault) or _lenient(expected), (seed, query, expected)
                continue
            if isinstance(found, SqlFault):
                assert found.code in UNSUPPORTED, (seed, query, found.message)
                refused += 1
                continue
            assert same_rows(found, expected), (
                f"seed {seed}, fast path {fast}\n{query}\nours   {found[:3]}\n"
                f"theirs {expected[:3]}\n{len(found)} and {len(expected)} rows"
            )
    if os.environ.get("DAYBOOK_TEST_SHOW"):
        print(f"{refused} of {2 * QUERIES} refused")
    assert refused < QUERIES // 4, "most statements are answered"


def test_random_selects_are_described_as_by_postgresql(
    shared: Sql, oracle: psycopg.Connection
) -> None:
    """By the names and types of their columns; names of columns keep their capitals here."""
    for seed in range(SEED, SEED + QUERIES):
        query = Maker(seed).query()
        if seed % 3 == 0:  # as tools send what they are given
            query = f"SELECT * FROM ({query}) AS given"
        try:
            (statement,) = statements.split(query)
            columns = shared.session.planner.make(shared.session, statement, ()).columns
        except SqlFault:
            continue
        if oracle.pgconn.prepare(b"", query.encode()).status != ExecStatus.COMMAND_OK:
            continue
        told = oracle.pgconn.describe_prepared(b"")
        names = [(told.fname(at) or b"").decode() for at in range(told.nfields)]
        assert columns is not None
        assert [column.name.lower() for column in columns] == names, (seed, query)
        expected = [told.ftype(at) for at in range(told.nfields)]
        assert [column.oid for column in columns] == expected, (seed, query)


def _lenient(fault: psycopg.Error) -> bool:
    """What PostgreSQL refuses for types alone, and the engine behind this interface answers."""
    return fault.sqlstate in ("42883", "42804", "42803", "42725")


def test_pages_without_an_order_go_by_number(shared: Sql, oracle: psycopg.Connection) -> None:
    for seed in range(20):
        query = Maker(seed).paged()
        ordered = query.replace(" LIMIT", " ORDER BY TxnNumber::int, LineNumber LIMIT")
        expected = theirs(oracle, ordered)
        assert isinstance(expected, list)
        for fast in (True, False):
            found = answered(shared, query, fast)
            assert isinstance(found, list)
            assert same_rows(found, expected), query
