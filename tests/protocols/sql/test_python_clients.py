"""psycopg, asyncpg, SQLAlchemy and pandas keep books here, unmodified."""

import asyncio
import datetime
import threading
import time
from decimal import Decimal

import asyncpg
import pandas
import psycopg
import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.ext.automap import automap_base
from sqlalchemy.orm import Session
from tests.protocols.sql.conftest import SqlServer
from tests.support.sql import NUMBERED, two_lines

COUNT = "SELECT count(*) FROM JournalEntries WHERE ReferenceNumber = %s"
ENTRY = "60-1632320100"
"""The demo's entry 96."""
ENDLESS = (
    "SELECT count(*) FROM generate_series(1,100000) a, generate_series(1,100000) b,"
    " generate_series(1,100000) c"
)


@pytest.mark.parametrize("binary", [False, True])
def test_psycopg_types(sql_server: SqlServer, binary: bool) -> None:
    query = (
        "SELECT Date, LineAmount, LineNumber, TimeCreated, IsAdjustment, 1::bigint, 2.5::float8,"
        " ARRAY[1,2], ExchangeRate, ARRAY['a b', NULL], 1.50::numeric, LineMemo"
        " FROM JournalEntryLines WHERE JournalEntryID = %s AND LineAmount > %s AND Date >= %s"
        " AND IsAdjustment = %s ORDER BY LineNumber"
    )
    values = (ENTRY, Decimal("0.5"), datetime.date(2021, 1, 1), False)
    with psycopg.connect(sql_server.dsn()) as connection:
        row = connection.cursor(binary=binary).execute(query, values).fetchone()
    moment = datetime.datetime(2021, 9, 22, 14, 15)
    assert row == (
        datetime.date(2021, 9, 22),
        Decimal("45.00"),
        1,
        moment,
        False,
        1,
        2.5,
        [1, 2],
        None,
        ["a b", None],
        Decimal("1.50"),
        "test debit",
    )


def test_psycopg_pipeline(sql_server: SqlServer) -> None:
    with psycopg.connect(sql_server.dsn()) as connection:
        with connection.pipeline():
            cursors = [connection.execute("SELECT %s::int", (at,)) for at in range(20)]
        assert [cursor.fetchone() for cursor in cursors] == [(at,) for at in range(20)]


def test_an_error_in_a_pipeline_skips_to_its_end(sql_server: SqlServer) -> None:
    with psycopg.connect(sql_server.dsn(), autocommit=True) as connection:
        pipeline = connection.pipeline()
        pipeline.__enter__()
        connection.execute("SELECT 1/0")
        connection.execute("SELECT 2")
        with pytest.raises(psycopg.errors.DivisionByZero):
            pipeline.__exit__(None, None, None)
        assert connection.execute("SELECT 3").fetchone() == (3,)


def test_psycopg_named_cursors(sql_server: SqlServer) -> None:
    with (
        psycopg.connect(sql_server.dsn()) as connection,
        connection.cursor(name="c", scrollable=True) as cursor,
    ):
        cursor.itersize = 7
        cursor.execute("SELECT generate_series(1, 50)")
        assert [row[0] for row in cursor] == list(range(1, 51))
        cursor.scroll(0, mode="absolute")
        assert cursor.fetchmany(2) == [(1,), (2,)]


def test_psycopg_cancels(sql_server: SqlServer) -> None:
    with psycopg.connect(sql_server.dsn(), autocommit=True) as connection:
        timer = threading.Timer(0.3, connection.cancel)
        timer.start()
        began = time.monotonic()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(ENDLESS)
        assert time.monotonic() - began < 5
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_a_statement_time_out(sql_server: SqlServer) -> None:
    with psycopg.connect(sql_server.dsn(), autocommit=True) as connection:
        connection.execute("SET statement_timeout = 200")
        with pytest.raises(psycopg.errors.QueryCanceled, match="statement timeout"):
            connection.execute(ENDLESS)


def test_psycopg_transactions_and_executemany(sql_server: SqlServer) -> None:
    temp = "INSERT INTO JournalEntryLines#TEMP (ReferenceNumber, LineType, LineAccount, LineAmount)"
    with psycopg.connect(sql_server.dsn()) as connection:
        connection.cursor().executemany(
            f"{temp} VALUES (%s, %s, %s, %s)",
            [("many", "Debit", "Meals", "3"), ("many", "Credit", "Checking", "3")],
        )
        made = connection.execute(
            "INSERT INTO JournalEntryLines (ReferenceNumber, LineType, LineAccount, LineAmount)"
            " SELECT * FROM JournalEntryLines#TEMP"
        )
        assert made.rowcount == 2
        assert connection.execute(COUNT, ("many",)).fetchone() == (1,)
        connection.rollback()
        assert connection.execute(COUNT, ("many",)).fetchone() == (0,)


def test_psycopg_copies_out(sql_server: SqlServer) -> None:
    query = "COPY (SELECT 1 AS a, 'x,y' AS b, NULL AS c, 2.50 AS d) TO STDOUT"
    with psycopg.connect(sql_server.dsn()) as connection, connection.cursor() as cursor:
        with cursor.copy(query) as copy:
            assert list(copy.rows()) == [("1", "x,y", None, "2.50")]
        with cursor.copy(f"{query} (FORMAT csv, HEADER)") as copy:
            assert b"".join(bytes(each) for each in copy) == b'a,b,c,d\n1,"x,y",,2.50\n'
        with cursor.copy(f"{query} (FORMAT text, HEADER, DELIMITER '|')") as copy:
            assert b"".join(bytes(each) for each in copy) == b"a|b|c|d\n1|x,y|\\N|2.50\n"
        with cursor.copy(f"{query} (FORMAT binary)") as copy:
            copy.set_types(["int4", "text", "text", "numeric"])
            assert list(copy.rows()) == [(1, "x,y", None, Decimal("2.50"))]


def test_a_statement_that_is_prepared_and_reused(sql_server: SqlServer) -> None:
    with psycopg.connect(sql_server.dsn()) as connection:
        for _ in range(10):
            row = connection.execute(
                "SELECT ReferenceNumber FROM JournalEntries WHERE ID = %s", (ENTRY,), prepare=True
            ).fetchone()
            assert row == ("SomeJENumber13",)


def test_a_wrong_password_and_a_foreign_database(sql_server: SqlServer) -> None:
    for dsn, state in (
        (sql_server.dsn().replace(":demo@", ":wrong@"), "password authentication failed"),
        (sql_server.dsn().replace("//demo:", "//nobody:"), "password authentication failed"),
        (sql_server.dsn()[: -len("demo")] + "demo2", 'database "demo2" does not exist'),
        (sql_server.dsn()[: -len("demo")] + "none", 'database "none" does not exist'),
    ):
        with pytest.raises(psycopg.OperationalError, match=state):
            psycopg.connect(dsn)


async def _asyncpg(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    rows = await connection.fetch(
        "SELECT LineAmount, Date FROM JournalEntryLines WHERE Date = $1 AND LineAmount > $2",
        datetime.date(2021, 9, 22),
        Decimal("10"),
    )
    assert [tuple(row) for row in rows] == [(Decimal("45.00"), datetime.date(2021, 9, 22))] * 2
    async with connection.transaction():
        seen = [
            row[0] async for row in connection.cursor("SELECT generate_series(1, 99)", prefetch=10)
        ]
    assert seen == list(range(1, 100))
    made = await connection.fetchval(
        f"INSERT INTO JournalEntries (ReferenceNumber, Date, {NUMBERED})"
        " VALUES ($1, $2, 'Debit', 'Meals', $3, 'Credit', 'Checking', $3) RETURNING ID",
        "asyncpg",
        datetime.date(2026, 1, 2),
        Decimal("4.20"),
    )
    found = await connection.fetch("SELECT ID FROM JournalEntries WHERE ID = any($1)", [made, "x"])
    assert [row["ID"] for row in found] == [made]
    with pytest.raises(asyncpg.exceptions.CheckViolationError):
        await connection.execute(
            f"INSERT INTO JournalEntries ({NUMBERED})"
            " VALUES ('Debit', 'Meals', 1, 'Credit', 'Checking', 2)"
        )
    await connection.close()


@pytest.mark.parametrize("binary", [False, True])
def test_an_entry_of_many_lines_is_looked_up(sql_server: SqlServer, binary: bool) -> None:
    rows = [("long", "Debit", "Meals", "0.01")] * 300 + [("long", "Credit", "Checking", "3")]
    text = ", ".join(["(%s, %s, %s, %s)"] * len(rows))
    with psycopg.connect(sql_server.dsn(), autocommit=True) as connection:
        connection.execute(
            "INSERT INTO JournalEntryLines (ReferenceNumber, LineType, LineAccount, LineAmount)"
            f" VALUES {text}",
            [value for row in rows for value in row],
        )
        ((made,),) = connection.execute("SELECT SCOPE_IDENTITY()").fetchall()
        cursor = connection.cursor(binary=binary)
        cursor.execute("SELECT LineAmount FROM JournalEntryLines WHERE JournalEntryID = %s", [made])
        assert [row[0] for row in cursor] == [Decimal("0.01")] * 300 + [Decimal(3)]
        cursor.execute("SELECT DebitLineCount FROM JournalEntries WHERE ID = %s", [made])
        assert cursor.fetchall() == [(300,)]


async def _pooled(dsn: str) -> None:
    pool = await asyncpg.create_pool(dsn, min_size=1, max_size=1)
    for _ in range(2):
        async with pool.acquire() as connection:
            assert await connection.fetchval("SELECT array_agg(x) FROM (VALUES (1)) v(x)") == [1]
    await pool.close()


def test_asyncpgs_pool_takes_connections_back(sql_server: SqlServer) -> None:
    asyncio.run(_pooled(sql_server.dsn()))


async def _reflected(dsn: str) -> list[str]:
    engine = create_async_engine(dsn.replace("postgresql", "postgresql+asyncpg"))
    async with engine.connect() as connection:
        table = await connection.run_sync(
            lambda each: sqlalchemy.Table(
                "JournalEntryLines", sqlalchemy.MetaData(), autoload_with=each
            )
        )
    await engine.dispose()
    return [column.name for column in table.primary_key]


def test_sqlalchemy_reflects_by_asyncpg(sql_server: SqlServer) -> None:
    assert asyncio.run(_reflected(sql_server.dsn())) == ["ID"]


def test_asyncpg(sql_server: SqlServer) -> None:
    asyncio.run(_asyncpg(sql_server.dsn()))


@pytest.fixture(scope="module")
def engine(sql_server: SqlServer):  # type: ignore[no-untyped-def]
    made = sqlalchemy.create_engine(sql_server.dsn().replace("postgresql", "postgresql+psycopg"))
    yield made
    made.dispose()


def test_sqlalchemy_reflects(engine: sqlalchemy.Engine) -> None:
    inspector = sqlalchemy.inspect(engine)
    assert {"JournalEntries", "JournalEntryLines"} <= set(inspector.get_table_names())
    key = inspector.get_pk_constraint("JournalEntryLines")
    assert key["constrained_columns"] == ["ID"]
    (foreign,) = inspector.get_foreign_keys("JournalEntryLines")
    assert (foreign["constrained_columns"], foreign["referred_table"]) == (
        ["JournalEntryID"],
        "JournalEntries",
    )
    table = sqlalchemy.Table("JournalEntryLines", sqlalchemy.MetaData(), autoload_with=engine)
    kind = table.c.LineAmount.type
    assert isinstance(kind, sqlalchemy.Numeric)
    assert (kind.precision, kind.scale) == (20, 2)
    query = sqlalchemy.select(sqlalchemy.func.sum(table.c.LineAmount)).where(
        table.c.JournalEntryID == ENTRY
    )
    with engine.connect() as connection:
        assert connection.execute(query).scalar() == Decimal("90.00")


def test_sqlalchemys_orm(engine: sqlalchemy.Engine) -> None:
    base = automap_base()
    base.prepare(autoload_with=engine)
    entries = base.classes.JournalEntries
    with engine.begin() as connection:
        made = connection.execute(
            sqlalchemy.text(
                f"INSERT INTO JournalEntries ({NUMBERED}) VALUES ({two_lines()}) RETURNING ID"
            )
        ).scalar()
    with Session(engine) as session:
        entry = session.get(entries, made)
        assert entry is not None
        entry.Memo = "through the ORM"
        session.commit()
        assert session.get_one(entries, made).Memo == "through the ORM"
        session.execute(sqlalchemy.delete(entries).where(made == entries.ID))
        session.commit()
        assert session.get(entries, made) is None


def test_pandas(engine: sqlalchemy.Engine) -> None:
    accounts = pandas.read_sql_table("Accounts", engine)
    assert "Barclays" in set(accounts["Name"])
    frame = pandas.read_sql(
        "SELECT LineType, sum(LineAmount) AS total FROM JournalEntryLines"
        f" WHERE JournalEntryID = '{ENTRY}' GROUP BY 1 ORDER BY 1",
        engine,
    )
    assert frame["total"].tolist() == [45.0, 45.0]
