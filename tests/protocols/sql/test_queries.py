"""SELECT where it differs from plain PostgreSQL: names, pseudo-columns, conditions on lines."""

import pytest
from tests.support.sql import Sql

from daybook.domain.commands import (
    CreateEntry,
    CreateReference,
    EntryContent,
    LineDraft,
    ListItemContent,
)
from daybook.domain.ids import ById
from daybook.domain.model import ListKind, Side, TaxMark
from daybook.protocols.sql import ids, statements
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.limits import LINES_AT_ONCE
from daybook.protocols.sql.literals import canonical
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.results import Lengthy


def test_names_match_without_regard_to_case(shared: Sql) -> None:
    plan = shared.session.planner.make(
        shared.session,
        _one(
            'SELECT id, "Id", [Date], d.MEMO AS "m", 1, lower(Memo), count(*) OVER ()'
            " FROM [JournalEntries] AS d LIMIT 1"
        ),
        (),
    )
    assert plan.columns is not None
    assert [column.name for column in plan.columns] == [
        "ID",
        "ID",
        "Date",
        "m",
        "?column?",
        "lower",
        "count",
    ]


def _one(text: str):  # type: ignore[no-untyped-def]
    from daybook.protocols.sql import statements

    return statements.split(text)[0]


@pytest.mark.parametrize(
    ("query", "labels"),
    [
        ("SELECT t.*, 1 AS n FROM (SELECT 2 AS a, 3 AS b) t", ["a", "b", "n"]),
        ("SELECT 1 AS n, t.*, 4 AS m FROM (SELECT 2 AS a, 3 AS b) t", ["n", "a", "b", "m"]),
        (
            "SELECT t.*, 1 AS n, u.* FROM (SELECT 2 AS a, 3 AS b) t, (SELECT 5 AS c) u",
            ["a", "b", "n", "c"],
        ),
        ("SELECT * FROM (SELECT 1 + 1) t", ["?column?"]),
        ("SELECT * FROM (SELECT max(1), max(2), 5, 6) t", ["max", "max", "?column?", "?column?"]),
        ("WITH t(x) AS (SELECT 1, 2 AS b) SELECT *, 1 AS n FROM t", ["x", "b", "n"]),
        ("SELECT u.*, t.a FROM (SELECT 1 AS a) t, (SELECT 2 AS a UNION SELECT 3) u", ["a", "a"]),
        ("VALUES (1, 'a')", ["column1", "column2"]),
        ("SELECT * FROM (VALUES (1)) t", ["column1"]),
        ("SELECT current_date", ["current_date"]),
        (
            "SELECT ltrim(' a'), rtrim('a '), trim(' a '), lpad('a', 2), rpad('a', 2), to_hex(1)",
            ["ltrim", "rtrim", "btrim", "lpad", "rpad", "to_hex"],
        ),
        ("SELECT unnest(ARRAY[1]), generate_series(1, 2)", ["unnest", "generate_series"]),
        ("SELECT * FROM sys_sqlinfo", ["NAME", "VALUE"]),
        ("SELECT n.*, 1 AS one FROM pg_am n", ["oid", "amname", "amhandler", "amtype", "one"]),
        ("SELECT mod(5, 3), 5 % 3, power(2, 3), 2 ^ 3", ["mod", "?column?", "power", "?column?"]),
        (
            "SELECT strpos('a', 'a'), position('a' in 'a'), char_length('a')",
            ["strpos", "position", "char_length"],
        ),
        ("SELECT date_part('day', now()), div(7, 2), ceiling(1)", ["date_part", "div", "ceiling"]),
        (
            "SELECT CASE 1 WHEN 1 THEN 1 ELSE lower('a')::int END, CASE 1 WHEN 1 THEN 2 END",
            ["lower", "case"],
        ),
        (
            "SELECT true::int, 'a'::text::varchar, lower('a')::varchar, 1::oid, NOT true",
            ["int4", "varchar", "lower", "oid", "?column?"],
        ),
        (
            "SELECT (SELECT 1), (SELECT max(ID) FROM Accounts), (SELECT 1 AS one)::text",
            ["?column?", "max", "one"],
        ),
    ],
)
def test_columns_have_postgresqls_labels(shared: Sql, query: str, labels: list[str]) -> None:
    columns = shared.session.planner.make(shared.session, _one(query), ()).columns
    assert columns is not None
    assert [column.name for column in columns] == labels


TYPED = [
    ("length('a'), strpos('a', 'a'), octet_length('a'), cardinality(ARRAY[1])", [pg.INT4] * 4),
    ("round(5), trunc(5), sign(5), ceil(5)", [pg.FLOAT8] * 4),
    ("date_part('year', now()), extract(year FROM now())", [pg.FLOAT8, pg.NUMERIC]),
    ("'a'::varchar, 'a'::name, 'a'::text", [pg.VARCHAR, pg.NAME, pg.TEXT]),
    ("upper('a'::varchar), min('a'::varchar)", [pg.TEXT, pg.TEXT]),
    ("sum(1) OVER (), ntile(2) OVER (), avg(1::float8)", [pg.INT8, pg.INT4, pg.FLOAT8]),
    ("1::smallint + 1::smallint, 1 + 1::bigint, nullif(1, 2.5)", [pg.INT2, pg.INT8, pg.NUMERIC]),
    ("current_user, 1::oid, generate_series(1, 2)", [pg.NAME, pg.OID, pg.INT4]),
    ("ARRAY[[1], [2]], ARRAY[1, 2.5], ARRAY['a']", [1007, 1231, 1009]),
]


@pytest.mark.parametrize(("expressions", "expected"), TYPED)
def test_columns_have_postgresqls_types(shared: Sql, expressions: str, expected: list[int]) -> None:
    (statement,) = statements.split(f"SELECT {expressions}")
    columns = shared.session.planner.make(shared.session, statement, ()).columns
    assert columns is not None
    assert [column.oid for column in columns] == expected


def test_columns_of_several_queries_have_the_type_of_all(shared: Sql) -> None:
    for query in (
        "SELECT length('a') UNION ALL SELECT 2",
        "VALUES (1), (length('a'))",
        "SELECT * FROM (SELECT length('a') AS n UNION ALL SELECT 2) t",
        "WITH t AS (SELECT length('a'), 5 LIMIT 1) SELECT * FROM (SELECT length FROM t) u",
        "SELECT s.n FROM generate_series(1, 2) AS s(n)",
    ):
        (statement,) = statements.split(query)
        columns = shared.session.planner.make(shared.session, statement, ()).columns
        assert columns is not None
        assert [column.oid for column in columns] == [pg.INT4], query


def test_types_stay_with_their_columns_behind_a_star(shared: Sql) -> None:
    query = "SELECT t.*, c.oid, c.relname FROM (SELECT 1 AS a, 2 AS b) t, pg_class c"
    columns = shared.session.planner.make(shared.session, _one(query), ()).columns
    assert columns is not None
    assert [column.oid for column in columns] == [pg.INT4, pg.INT4, pg.OID, pg.NAME]


@pytest.mark.parametrize("text", ["2015-12-15 +00", "2015-12-15 -05:30"])
def test_a_date_may_name_a_zone_as_drivers_do(shared: Sql, text: str) -> None:
    query = "SELECT count(*) FROM JournalEntries WHERE Date = "
    expected = shared.value(f"{query}'2015-12-15'")
    assert expected != "0"
    assert canonical(pg.DATE, text) == "2015-12-15"
    assert shared.value(f"{query}('{text}')") == expected


SAME = [
    ("[Date] = '12/15/2015'", "Date = DATE '2015-12-15'"),
    (
        "Date='2015-12-15' AND StartTxnDate='2014-01-01' AND EndTxnDate='2016-01-01'",
        "Date='2015-12-15'",
    ),
    ("Date='2015-12-15' AND StartTxnDate='2020-01-01'", "Date='2015-12-15'"),
    (
        "StartTxnDate='2025-03-01' AND EndTxnDate='2025-03-31'",
        "Date BETWEEN '2025-03-01' AND '2025-03-31'",
    ),
    (
        "StartModifiedDate='2025-03-07' AND EndModifiedDate='2025-03-07'",
        "TimeModified >= '2025-03-07' AND TimeModified < '2025-03-08'",
    ),
    ("StartTxnDate=NULL AND Date > '2025-06-01'", "Date > '2025-06-01'"),
    ("Date = {d '2015-12-15'}", "Date='2015-12-15'"),
    (
        "LineAccount='Rent'",
        "ID IN (SELECT JournalEntryID FROM JournalEntryLines WHERE LineAccount='Rent')",
    ),
    (
        "LineAccount='Barclays' AND LineType='Debit' AND LineAmount > 1000",
        "ID IN (SELECT JournalEntryID FROM JournalEntryLines WHERE LineAccount='Barclays'"
        " AND LineType='Debit' AND LineAmount > 1000)",
    ),
    (
        "LineEntityName IS NOT NULL AND Memo LIKE 'Rent%'",
        "ID IN (SELECT JournalEntryID FROM JournalEntryLines WHERE LineEntityName IS NOT NULL)"
        " AND Memo LIKE 'Rent%'",
    ),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_conditions_that_mean_the_same(shared: Sql, one: str, other: str) -> None:
    query = "SELECT ID FROM JournalEntries WHERE {} ORDER BY ID"
    found = shared.rows(query.format(one))
    assert found == shared.rows(query.format(other))
    assert found


def test_top_is_a_limit(shared: Sql) -> None:
    assert len(shared.rows("SELECT TOP 3 ID FROM JournalEntries")) == 3


def test_debits_equal_credits_exactly(shared: Sql) -> None:
    signed = "sum(CASE LineType WHEN 'Debit' THEN LineAmount ELSE -LineAmount END)"
    assert shared.value(f"SELECT {signed} FROM JournalEntryLines") == "0.00"
    each = shared.rows(f"SELECT {signed} FROM JournalEntryLines GROUP BY JournalEntryID")
    assert set(each) == {("0.00",)}


def test_totals_are_the_ledgers(shared: Sql) -> None:
    with shared.books.read() as reader:
        totals = {total.id: total.balance for total in reader.account_totals()}
    rows = shared.rows("SELECT ID, Balance FROM Accounts")
    found = {int(key.partition("-")[0], 16) - 0x80000000: balance for key, balance in rows if key}
    for number, balance in totals.items():
        assert found[number] == f"{balance / 100:.2f}"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT nope FROM JournalEntries", "42703"),
        ("SELECT 1 FROM Nothing", "42P01"),
        ("SELECT 1 FROM other.JournalEntries", "42P01"),
        ("SELECT nope(1)", "42883"),
        ("SELECT StartTxnDate FROM JournalEntries", "42703"),
        ("SELECT ID FROM JournalEntries ORDER BY EndTxnDate", "42703"),
        ("SELECT ID FROM JournalEntries WHERE StartTxnDate > '2020-01-01'", "0A000"),
        ("SELECT ID FROM JournalEntries WHERE LineAccount='a' OR Memo='b'", "0A000"),
        (
            "SELECT ID FROM JournalEntries WHERE StartTxnDate='2025-01-02'"
            " AND EndTxnDate='2025-01-01'",
            "22023",
        ),
        ("SELECT ID FROM JournalEntries WHERE Date='yesterday'", "22007"),
        ("SELECT 1/0", "22012"),
        ("SELECT ID FROM JournalEntries WHERE ID = ?", "42601"),
        ("SELECT FROM WHERE", "42601"),
        ("SELECT 'a", "42601"),
        ("CREATE TABLE x (a int)", "0A000"),
        ("DROP TABLE JournalEntries", "0A000"),
        ("TRUNCATE JournalEntries", "0A000"),
        ("COPY JournalEntries FROM STDIN", "0A000"),
        ("GRANT ALL ON JournalEntries TO demo", "0A000"),
        ("SELECT 1 INTO x", "0A000"),
        ("LISTEN x", "0A000"),
        ("DO 'x'", "0A000"),
        ("FROB", "42601"),
    ],
)
def test_what_is_refused(shared: Sql, query: str, code: str) -> None:
    fault = shared.fault(query)
    assert fault.code == code, fault.message


def test_catalogs_agree(shared: Sql) -> None:
    tables = {
        row[0]
        for row in shared.rows(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        )
    }
    assert {"JournalEntries", "JournalEntryLines", "Accounts"} <= tables
    assert shared.rows(
        "SELECT a.attname FROM pg_catalog.pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid"
        " AND a.attnum = ANY (i.indkey) WHERE i.indrelid = 'journalentries'::regclass"
    ) == [("ID",)]
    assert (
        shared.value(
            "SELECT count(*) FROM sys_tablecolumns WHERE TableName = 'JournalEntries' AND IsHidden"
        )
        == "4"
    )


def test_explain_says_which_way(shared: Sql) -> None:
    assert "store" in str(shared.rows("EXPLAIN SELECT ID FROM JournalEntries WHERE ID='x'"))
    assert "copy" in str(shared.rows("EXPLAIN SELECT count(*) FROM JournalEntries"))


def test_a_plan_does_not_lend_its_right_to_read(sql: Sql) -> None:
    from daybook.app.access import Scope

    writer = Sql(scopes=frozenset({Scope.WRITE}))
    for query in (
        "SELECT count(*) FROM JournalEntries",
        "SELECT Memo FROM JournalEntries WHERE ID = 'none-1'",
    ):
        plan = sql.session.planner.make(sql.session, _one(query), ())
        with pytest.raises(SqlFault) as caught:
            plan.run(writer.session, ())
        assert caught.value.code == "42501"


def test_a_look_up_of_many_lines_leaves_the_event_loop(sql: Sql) -> None:
    lines = [("Debit", "Meals", "0.01")] * LINES_AT_ONCE
    lines.append(("Credit", "Checking", f"{LINES_AT_ONCE / 100:.2f}"))
    values = ", ".join(f"('long', {side!r}, {name!r}, {each!r})" for side, name, each in lines)
    sql.run(
        "INSERT INTO JournalEntryLines (ReferenceNumber, LineType, LineAccount, LineAmount)"
        f" VALUES {values}"
    )
    long, short = sql.rows("SELECT SCOPE_IDENTITY()")[0][0], sql.make()
    number = str(long).partition("-")[0]
    for where, is_long in (
        (f"ID = '{long}'", True),
        (f"ID IN ('{short}', '{long}')", True),
        (f"TxnNumber = '{int(number, 16)}'", True),
        (f"ID = '{short}'", False),
    ):
        query = f"SELECT * FROM JournalEntries WHERE {where}"
        plan = sql.session.planner.make(sql.session, _one(query), ())
        assert plan.quick
        sql.session.hurried = True
        if is_long:
            with pytest.raises(Lengthy):
                plan.run(sql.session, ())
        else:
            plan.run(sql.session, ())
        sql.session.hurried = False
        assert sql.rows(query)


def test_a_reference_of_very_many_entries_is_read_from_the_copy(
    sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daybook.protocols.sql.simple.LOOKED_UP_MAX", 3)
    query = "SELECT ID FROM JournalEntries WHERE ReferenceNumber = 'shared'"
    made = [sql.make("shared") for _ in range(5)]
    plan = sql.session.planner.make(sql.session, _one(query), ())
    assert (plan.path, plan.quick) == ("lookup", False)
    assert [row[0] for row in sql.rows(query)] == made
    assert sql.rows(query.replace("'shared'", "$1") + " LIMIT 2", "shared") == [
        (made[0],),
        (made[1],),
    ]


@pytest.mark.parametrize("code", ["²", "٢", "1.5", " 2", "NON", "9" * 19, "9" * 20])
def test_a_tax_code_that_is_no_number_of_a_list_is_shown_as_it_is(sql: Sql, code: str) -> None:
    """From the store and from the copy; other interfaces take any text for a code."""
    for name in ("first", "second"):
        sql.execute(CreateReference(ListItemContent(ListKind.TAX_CODE, name)))
    accounts = _numbers(sql, "Meals", "Checking")
    lines = tuple(
        LineDraft(side, 500, ById(account), tax=TaxMark(code_id=code))
        for side, account in zip((Side.DEBIT, Side.CREDIT), accounts, strict=True)
    )
    sql.execute(CreateEntry(EntryContent(lines, doc_number="taxed")))
    query = (
        "SELECT LineTaxItem, LineTaxItemId FROM JournalEntryLines WHERE ReferenceNumber = 'taxed'"
    )
    assert sql.rows(query) == [(None, code)] * 2
    sql.session.fast_path = False
    assert sql.rows(query) == [(None, code)] * 2


def _numbers(sql: Sql, *names: str) -> list[int]:
    """The numbers of accounts."""
    keys = {str(row[0]): str(row[1]) for row in sql.rows("SELECT FullName, ID FROM Accounts")}
    found = [ids.parse_list_id(keys[name]) for name in names]
    return [number for number in found if number is not None]


@pytest.mark.parametrize("fast", [True, False])
@pytest.mark.parametrize(
    ("limit", "code"),
    [
        ("FETCH FIRST 2 ROWS WITH TIES", "0A000"),
        ("FETCH FIRST 10 PERCENT ROWS ONLY", "42601"),
        ("LIMIT 10 PERCENT", "42601"),
    ],
)
def test_limits_that_are_no_number_of_rows(sql: Sql, limit: str, code: str, fast: bool) -> None:
    sql.session.fast_path = fast
    query = "SELECT ID FROM JournalEntries WHERE TxnNumber = '80'"
    assert sql.fault(f"{query} {limit}").code == code
    assert sql.fault(f"{query} ORDER BY Date {limit}").code == code
    assert sql.fault(f"SELECT 1 FROM ({query} ORDER BY Date {limit}) AS few").code == code
    assert len(sql.rows(f"{query} FETCH FIRST ROW ONLY")) == 1
