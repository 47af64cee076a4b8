"""Hostile statements are refused or cut off, and none reaches the store or another company."""

import random
import threading

import pytest
from tests.support.engines import SEED, SLOW
from tests.support.sql import Sql

from daybook.protocols.sql import sizes, statements
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.limits import COLUMNS_MAX
from daybook.protocols.sql.macros import MACROS

STATEMENTS = 5_000 if SLOW else 700

FUNCTIONS = (
    "read_csv",
    "read_text",
    "read_blob",
    "read_parquet",
    "read_json",
    "glob",
    "getenv",
    "duckdb_settings",
    "duckdb_tables",
    "pg_read_file",
    "pg_ls_dir",
    "lo_import",
    "dblink",
    "query",
    "query_table",
    "sniff_csv",
    "parquet_scan",
    "pragma_table_info",
    "set_config",
    "pg_sleep",
    "currval",
    "system",
    "copy_database",
    "load_extension",
    "shell",
    "getvariable",
    "error",
    "checkpoint",
    "duckdb_secrets",
    "which_secret",
    "json_execute_serialized_sql",
    "install_extension",
    "arrow_scan",
    "pandas_scan",
    "write_log",
    "current_query",
    "sql_auto_complete",
)
PAIRS = (
    "ATTACH '/etc/passwd' AS x",
    "COPY JournalEntries TO '/tmp/x'",
    "LOAD httpfs",
    "PRAGMA database_list",
    "INSTALL httpfs",
    "EXPORT DATABASE '/tmp/x'",
    "SET enable_external_access = true",
    "USE memory",
    "CREATE TABLE t AS SELECT 1",
    "DROP SCHEMA pgc CASCADE",
    "ALTER TABLE line ADD x INT",
    "CALL pragma_version()",
    "VACUUM",
    "CHECKPOINT",
    "DETACH memory",
    "IMPORT DATABASE '/tmp'",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "CREATE SECRET (TYPE s3)",
    "SET lock_configuration = false",
)
TABLES = (
    "line",
    "entry",
    "reference",
    "copy_state",
    "memory.main.line",
    "main.entry",
    "staged_line",
    "demo2.public.JournalEntries",
    "demo2.JournalEntries",
    "duckdb_columns()",
    "sqlite_master",
    "pgc.pg_class",
    "sysc.sys_tables",
    "system.information_schema.tables",
    "'/etc/passwd'",
    '"/etc/passwd"',
    "read_csv('/etc/passwd')",
    "event",
    "token",
    "company",
    "temp.staged_gone",
)
ENDLESS = (
    "WITH RECURSIVE x(n) AS (SELECT 1 UNION ALL SELECT n FROM x) SELECT count(*) FROM x",
    "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b,"
    " generate_series(1, 1000000) c",
    "SELECT count(*) FROM generate_series(1, 100000000000) a, generate_series(1, 100) b",
)


def hostile(random: random.Random) -> str:
    """A statement nobody should send."""
    function, table = random.choice(FUNCTIONS), random.choice(TABLES)
    depth = random.choice((30, 200, 3_000))
    many = random.choice((50, 5_000))
    choices = (
        lambda: f"SELECT {function}('/etc/passwd')",
        lambda: f"SELECT * FROM {function}('/etc/passwd')",
        lambda: f"SELECT ID FROM JournalEntries WHERE Memo = {function}('x')",
        lambda: f"SELECT * FROM {table}",
        lambda: f"SELECT 1 FROM JournalEntries JOIN {table} ON true",
        lambda: f"SELECT (SELECT count(*) FROM {table})",
        lambda: f"WITH x AS (SELECT * FROM {table}) SELECT * FROM x",
        lambda: random.choice(PAIRS),
        lambda: f"SELECT 1; {random.choice(PAIRS)}",
        lambda: f"WITH x AS ({random.choice(PAIRS)}) SELECT 1",
        lambda: f"SELECT {'(' * depth}1{')' * depth}",
        lambda: f"SELECT {'NOT ' * depth} true AND nope",
        lambda: f"SELECT {'-' * 2}{depth}",
        lambda: "SELECT nope OR " + " OR ".join(["ID = 'x'"] * many),
        lambda: f"SELECT {'1+' * many}nope",
        lambda: f"SELECT {'CASE WHEN true THEN ' * 90}nope",
        lambda: f"DELETE FROM {table} WHERE ID = '1'",
        lambda: f"UPDATE {table} SET Memo = '1' WHERE ID = '1'",
        lambda: f"INSERT INTO {table} (Memo) VALUES ('1')",
        lambda: f"INSERT INTO JournalEntries (Memo) SELECT {function}('/etc/passwd')",
        lambda: f"INSERT INTO JournalEntries (Memo, LineAggregate) SELECT * FROM {table}",
        lambda: f"COPY (SELECT * FROM {table}) TO STDOUT",
        lambda: f"COPY (SELECT {function}('x')) TO STDOUT",
        lambda: f"DECLARE c CURSOR FOR SELECT * FROM {table}",
        lambda: f"EXPLAIN {random.choice(PAIRS)}",
        lambda: "DELETE FROM JournalEntries WHERE ID = '' OR true",
        lambda: "SELECT * FROM JournalEntries WHERE ID = '1' UNION SELECT * FROM token",
        lambda: (
            "INSERT INTO JournalEntries (LineAggregate) VALUES ('<!DOCTYPE x [<!ENTITY a"
            ' "aaaa">]><JournalEntryLines><Row><LineMemo>&a;</LineMemo></Row>'
            "</JournalEntryLines>')"
        ),
        lambda: f"INSERT INTO JournalEntries (LineAggregate) VALUES ('{'<a>' * depth}')",
        lambda: f"INSERT INTO JournalEntries (LineAggregate) VALUES ('{'[' * depth}')",
        lambda: "".join(random.choice("SELECT'\"$();[]{}#--/*\\ \n,*1aZ\0é") for _ in range(40)),
    )
    return random.choice(choices)()


def test_hostile_statements_reach_nothing(sql: Sql) -> None:
    before = sql.ledger.store.table_fingerprints(sql.company_id)
    others = sql.ledger.store.table_fingerprints(sql.other_company_id)
    for seed in range(SEED, SEED + STATEMENTS):
        statement = hostile(random.Random(seed))
        try:
            sql.run(statement)
            said = ""
        except SqlFault as fault:
            said = f"{fault.code} {fault.message}"
        assert said or _harmless(statement), (seed, statement[:200])
        assert not said.startswith("XX000"), (seed, statement[:200], said)
        assert "root:" not in said
    assert sql.ledger.store.table_fingerprints(sql.company_id) == before
    assert sql.ledger.store.table_fingerprints(sql.other_company_id) == others


def _harmless(statement: str) -> bool:
    """What is no attack after all: a comment, a name of a catalog table, few parentheses."""
    word = statement.split("\n", 1)[0]
    return (
        "--" in word
        or statement.startswith("SELECT (((")
        or "generate" in word
        or (not any(each in statement for each in (*FUNCTIONS, *PAIRS, *TABLES)))
    )


@pytest.mark.parametrize("statement", ENDLESS)
def test_endless_statements_are_cut_off(sql: Sql, statement: str) -> None:
    over = threading.Event()

    def stop() -> None:
        while not over.wait(0.2):
            sql.session.engine.stop()

    stopper = threading.Thread(target=stop)
    stopper.start()
    try:
        assert sql.fault(statement).code in ("57014", "53200", "22003", "22023")
    finally:
        over.set()
        stopper.join()
    assert sql.value("SELECT 1") == "1"


def test_a_stop_that_comes_first_stops(sql: Sql) -> None:
    plan = sql.session.planner.make(sql.session, statements.split(ENDLESS[0])[0], ())
    sql.session.engine.begin()
    sql.session.engine.stop()
    with pytest.raises(SqlFault) as caught:
        plan.run(sql.session, ())
    assert caught.value.code == "57014"


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT repeat('a', 1000000000)",
        "SELECT lpad('a', 2000000000)",
        "SELECT rpad('a', 2000000000)",
        "SELECT replace(repeat('a', 8000000), 'a', repeat('b', 8000000))",
        "SELECT string_agg(repeat('a', 8000000), '') FROM generate_series(1, 1000)",
        "WITH RECURSIVE r(s) AS (SELECT 'a' UNION ALL SELECT s || s FROM r) SELECT max(s) FROM r",
    ],
)
def test_texts_do_not_grow_without_end(sql: Sql, statement: str) -> None:
    assert sql.fault(statement).code in ("54000", "53200")


@pytest.mark.parametrize("name", ["line", "entry", "reference", "duckdb_databases", "copy_state"])
@pytest.mark.parametrize("recursive", ["", "RECURSIVE "])
def test_a_with_query_does_not_open_what_it_is_called(sql: Sql, name: str, recursive: str) -> None:
    inner = f"WITH {recursive}{name} AS (SELECT * FROM {name}) SELECT * FROM {name}"
    assert sql.fault(inner).code in ("42P01", "42804")
    outside = f"SELECT * FROM (WITH {name} AS (SELECT 1 AS a) SELECT a FROM {name}) x, {name}"
    assert sql.fault(outside).code == "42P01"


def test_a_with_query_does_not_stand_in_for_the_books(sql: Sql) -> None:
    expected = sql.rows("SELECT count(LineMemo), count(Memo) FROM JournalEntryLines")
    assert expected == sql.rows(
        "WITH line AS (SELECT 'x' AS memo), entry AS (SELECT 'x' AS memo), reference AS (SELECT 1)"
        " SELECT count(LineMemo), count(Memo) FROM JournalEntryLines"
    )
    assert sql.rows(
        "WITH JournalEntries AS (SELECT ID FROM JournalEntries ORDER BY ID LIMIT 3)"
        " SELECT count(*) FROM JournalEntries"
    ) == [("3",)]


def test_no_other_companys_rows(sql: Sql) -> None:
    names = {row[0] for row in sql.rows("SELECT Name FROM Customers")}
    assert "Marlow Gardens" not in names
    assert sql.rows("SELECT datname FROM pg_database") == [("demo",)]


def test_the_engines_own_tables_have_no_names(sql: Sql) -> None:
    for table in TABLES:
        assert sql.fault(f"SELECT * FROM {table}").code in (
            "42P01",
            "0A000",
            "42883",
            "42601",
            "42703",
        )


MANY = "9" * 5_000
ENTRY = "SELECT TxnNumber FROM JournalEntries WHERE TxnNumber = '80'"
ODD = [
    (f"{ENTRY} LIMIT '²'", "22P02"),
    (f"{ENTRY} LIMIT {MANY}", "22003"),
    ("SELECT TxnNumber FROM JournalEntries LIMIT '²'", "22P02"),
    ("SET statement_timeout = '²'", "22023"),
    ("SELECT set_config('statement_timeout', '²', false)", "22023"),
    ("SELECT generate_series(1, '²')", "22P02"),
    (f"SELECT generate_series(1, {MANY})", "42883"),
    ("SELECT '²'::regclass", "42P01"),
    (f"SELECT '{MANY}'::regclass", "42P01"),
    (f"SELECT left('abc', {MANY})", "42883"),
    (f"INSERT INTO JournalEntries (Date, LineType#{MANY}) VALUES ('2024-01-01', 'D')", "42703"),
    (f"EXEC ReverseJournalEntry ID = ${MANY}", "42P02"),
    ("EXEC ReverseJournalEntry ID = $999999999999", "42P02"),
    ("SELECT date '2024-01-01' - 5000000", "22008"),
]


@pytest.mark.parametrize(("query", "code"), ODD)
def test_what_looks_like_a_number_and_is_none_is_the_callers_mistake(
    shared: Sql, query: str, code: str
) -> None:
    assert shared.fault(query).code == code


@pytest.mark.parametrize("text", ["²", "٨٠", MANY, "9" * 20, "-1", " 80"])
def test_no_entry_has_a_number_that_is_none(shared: Sql, text: str) -> None:
    query = "SELECT ID FROM JournalEntries WHERE TxnNumber "
    assert shared.rows(f"{query} = '{text}'") == []
    assert shared.rows(f"{query} = $1", text) == []
    assert len(shared.rows(f"{query} IN ('{text}', '80')")) == 1


@pytest.mark.parametrize(("text", "code"), [("²", "22P02"), ("x", "22P02"), (MANY, "22003")])
def test_a_limit_that_is_no_number(shared: Sql, text: str, code: str) -> None:
    assert shared.fault(f"{ENTRY} LIMIT $1", text).code == code
    assert shared.fault(f"{ENTRY} LIMIT 1 OFFSET $1", text).code == code


def test_a_number_of_very_many_digits_is_a_number(shared: Sql) -> None:
    assert shared.rows(f"SELECT 1 WHERE 1 < {MANY}") == [("1",)]


@pytest.mark.parametrize(("ends", "code"), [("nope", "42703"), ("a.*", "54011")])
def test_queries_of_queries_are_bounded(shared: Sql, ends: str, code: str) -> None:
    """Each reads the one before it twice: 2^60 ways to a column, or as many columns."""
    star = "*" if ends == "a.*" else "a.Name"
    queries = ["q0 AS (SELECT * FROM Accounts)"]
    queries += [
        f"q{at} AS (SELECT {star} FROM q{at - 1} AS a, q{at - 1} AS b)" for at in range(60)[1:]
    ]
    query = f"WITH {', '.join(queries)} SELECT {ends} FROM q59 AS a"
    assert shared.fault(query).code == code


def test_a_query_has_as_many_columns_as_postgresqls(shared: Sql) -> None:
    ones = ", ".join(["1"] * COLUMNS_MAX)
    assert len(shared.rows(f"SELECT {ones}")[0]) == COLUMNS_MAX
    assert shared.fault(f"SELECT {ones}, 1").code == "54011"
    assert shared.fault(f"SELECT * FROM (SELECT {ones}) t, (SELECT 1) u").code == "54011"


def nested(inner: str, around: str, depth: int) -> str:
    for _ in range(depth):
        inner = around.format(inner)
    return inner


@pytest.mark.parametrize(
    "expression",
    [
        nested("(LineNumber, 2) < (2, 3)", "(({}), true) < (true, true)", 30),
        nested(
            "1 = ANY (ARRAY[max(LineNumber), min(LineNumber)])",
            "({}) = ANY (ARRAY[bool_and(LineNumber > 0), bool_or(LineNumber > 0)])",
            25,
        ),
        nested("(LineNumber, 2) IN ((1, 2), (3, 4))", "(({}), true) IN ((true, true), (1, 1))", 25),
        nested("max(LineAmount)", "div({}, 1.5)", 40),
        nested("Date", "{}::text::date", 40),
        nested("LineAmount::float8", "{}::text::float8", 40),
        nested("Memo", "{}::numeric::text", 40),
        nested("ARRAY[LineNumber]", "{}::text::int[]", 40),
    ],
)
def test_what_grows_each_time_it_is_nested_is_bounded(shared: Sql, expression: str) -> None:
    """Before the engine sees it, where nothing could interrupt it."""
    assert shared.fault(f"SELECT {expression} FROM JournalEntryLines").code == "54001"


def test_quotients_in_having_grow_too(shared: Sql) -> None:
    """They are made without the names that keep others small."""
    expression = nested("sum(LineAmount)", "(({} + 1) / 3)", 20)
    fault = shared.fault(f"SELECT 1 FROM JournalEntryLines HAVING {expression} > 0")
    assert fault.code == "54001"


def test_a_long_list_of_rows_is_no_reason_to_copy_what_is_looked_for(shared: Sql) -> None:
    looked_for = " + ".join(["LineNumber"] * 200)
    rows = ", ".join(["(1, 2)"] * 500)
    statement = f"SELECT 1 FROM JournalEntryLines WHERE ({looked_for}, 2) IN ({rows})"
    assert shared.fault(statement).code == "54001"


@pytest.mark.parametrize(
    "expression",
    [
        "((sum(LineDebit) / 12 - sum(LineCredit) / 12) / 3 + 1) / 2",
        "div(div(sum(LineAmount), 1.5), 1.5)",
        nested("sum(LineAmount)", "(({} + 1) / 3)", 20),
        nested("sum(LineAmount)", "(1 / ({} + 1.5))", 20),
        "max(Date)::text::date::text",
    ],
)
def test_what_people_nest_is_answered(shared: Sql, expression: str) -> None:
    assert len(shared.rows(f"SELECT {expression} FROM JournalEntryLines")) == 1


def test_how_often_macros_name_their_arguments_is_known() -> None:
    """Also by way of another macro, and of all that there are."""
    uses = sizes.macro_uses()
    names = {text.split("(")[0].removeprefix("CREATE MACRO ") for text in MACROS}
    assert set(uses) == names
    assert uses["pg_rounds"] == (5, 2)
    assert uses["pg_day_text"][1:] == (5,)
    assert uses["pg_double_decimals"][1:] == (2, 2)
    assert uses["pg_div"] >= uses["pg_exact"]
