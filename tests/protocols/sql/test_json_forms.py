"""Rows and groups as JSON, byte for byte as PostgreSQL writes them."""

import psycopg
import pytest
from psycopg.pq import ExecStatus
from tests.support.sql import Sql

from daybook.protocols.sql import statements
from daybook.protocols.sql.pgwire import types as pg

MIXED = (
    "(SELECT * FROM (VALUES (1, 1.50, 'a\"b\\c'::text, true, date '2024-01-31',"
    " timestamp '2024-01-31 10:00:00.5', timestamptz '2024-01-31 10:00:00Z', 0.1::float8,"
    " interval '1 month', ARRAY[1, NULL]), (2, -0.25, NULL, false, NULL, NULL, NULL, 'NaN', NULL,"
    " NULL), (3, NULL, E'\\x01\\té/\\n', NULL, date '0001-01-01' - 1, NULL, NULL, 1e20, NULL,"
    " ARRAY[2]), (4, 12.00, '', true, NULL, NULL, NULL, NULL, NULL, NULL))"
    " AS v(n, amount, label, done, day, moment, zoned, rate, span, keys)) AS t"
)
"""Values of all kinds, some of them null."""
NAMES = ["n", "amount", "label", "done", "day", "moment", "zoned", "rate", "span"]

QUERIES = [
    *(f"SELECT json_agg({name} ORDER BY n)::text FROM {MIXED}" for name in NAMES),
    *(f"SELECT json_build_object('x', {name})::text FROM {MIXED} ORDER BY n" for name in NAMES),
    *(f"SELECT to_json({name})::text FROM {MIXED} ORDER BY n" for name in [*NAMES, "keys"]),
    *(f"SELECT jsonb_agg({name} ORDER BY n DESC)::text FROM {MIXED}" for name in NAMES[:7]),
    f"SELECT json_agg(t ORDER BY n)::text FROM {MIXED}",
    f"SELECT json_agg(t.* ORDER BY t.n)::text FROM {MIXED}",
    f"SELECT json_agg(row_to_json(t) ORDER BY n)::text FROM {MIXED}",
    f"SELECT row_to_json(t)::text, to_json(t)::text FROM {MIXED} ORDER BY n",
    f"SELECT jsonb_agg(u ORDER BY n)::text FROM (SELECT n, label, day, done FROM {MIXED}) u",
    f"SELECT json_object_agg(n, amount ORDER BY n)::text FROM {MIXED}",
    f"SELECT json_object_agg(amount, label ORDER BY n)::text FROM {MIXED} WHERE amount > 0",
    f"SELECT json_object_agg(done, day ORDER BY n)::text FROM {MIXED} WHERE n IN (1, 2)",
    f"SELECT json_object_agg(day, moment)::text FROM {MIXED} WHERE n = 1",
    f"SELECT json_object_agg(label, json_build_object('n', n) ORDER BY n)::text FROM {MIXED}"
    " WHERE label IS NOT NULL",
    f"SELECT json_object_agg(label, n)::text FROM {MIXED}",
    f"SELECT json_agg(n ORDER BY n) FILTER (WHERE done)::text FROM {MIXED}",
    f"SELECT json_agg(n ORDER BY n) FILTER (WHERE n > 9) IS NULL FROM {MIXED}",
    f"SELECT json_agg(n) OVER (ORDER BY n)::text FROM {MIXED} ORDER BY n",
    f"SELECT done, json_agg(n ORDER BY amount DESC NULLS LAST)::text FROM {MIXED} GROUP BY done"
    " HAVING json_agg(n) IS NOT NULL ORDER BY done",
    f"SELECT coalesce(json_agg(n) FILTER (WHERE n > 9), to_json('none'::text))::text FROM {MIXED}",
    f"SELECT json_agg(upper(label) || '!' ORDER BY n)::text FROM {MIXED}",
    f"SELECT json_agg(to_char(amount, 'FM990.00') ORDER BY n)::text FROM {MIXED}",
    f"SELECT (SELECT json_agg(u ORDER BY b)::text FROM (SELECT t.n + a AS b"
    f" FROM (VALUES (1), (2)) AS w(a)) AS u) FROM {MIXED} ORDER BY n",
    "SELECT json_agg(v)::text FROM (VALUES (1, 'x'::text)) AS v",
    "SELECT json_agg(g)::text FROM generate_series(1, 3) AS g",
    "WITH w AS (SELECT 1 AS a, 'é'::text AS \"B c\") SELECT json_agg(w)::text FROM w",
    "SELECT json_agg(a)::text FROM (VALUES (1), (2)) AS a(a)",
    "SELECT json_agg(json_build_object('a', x, 'b', json_build_object('c', NULL)))::text"
    " FROM (VALUES (1), (2)) AS v(x)",
    "SELECT json_object('a': 1, 'b': 'x'::text)::text, json_build_object()::text",
    "SELECT json_build_object(1, 2, true, 3, date '2024-01-01', 4)::text",
    "SELECT json_build_object(NULL, 1)::text",
    "SELECT json_build_object('a')::text",
    "SELECT json_agg(x)::text FROM (VALUES (1)) AS v(x) UNION ALL SELECT json_agg(2)::text",
]


def theirs(postgres: psycopg.Connection, query: str) -> list[tuple[object, ...]] | str | None:
    try:
        return postgres.execute(query.encode()).fetchall()
    except psycopg.Error as fault:
        return fault.sqlstate


@pytest.mark.parametrize("query", QUERIES)
def test_json_is_what_postgresql_writes(
    shared: Sql, postgres: psycopg.Connection, query: str
) -> None:
    expected = theirs(postgres, query)
    if isinstance(expected, str):
        assert shared.fault(query).code == expected
        return
    assert expected is not None
    words: dict[object, object] = {True: "t", False: "f", None: None}
    shown = [tuple(words.get(value, value) for value in row) for row in expected]
    assert shared.rows(query) == shown


def test_json_has_its_types_and_names(shared: Sql, postgres: psycopg.Connection) -> None:
    query = (
        "SELECT json_agg(x), jsonb_agg(x), json_object_agg('a', x), row_to_json(v), to_json(x),"
        " json_agg(x) FILTER (WHERE x > 0), coalesce(json_agg(x), NULL) FROM (VALUES (1)) AS v(x)"
        " GROUP BY x, v"
    )
    (statement,) = statements.split(query.replace(" GROUP BY x, v", " GROUP BY x"))
    plan = shared.session.planner.make(shared.session, statement, ())
    assert postgres.pgconn.prepare(b"", query.encode()).status == ExecStatus.COMMAND_OK
    told = postgres.pgconn.describe_prepared(b"")
    assert plan.columns is not None
    assert [(column.name, column.oid) for column in plan.columns] == [
        ((told.fname(at) or b"").decode(), told.ftype(at)) for at in range(told.nfields)
    ]


def test_jsonb_is_sent_in_binary() -> None:
    assert pg.to_binary(pg.JSONB, "[1]") == b"\1[1]"
    assert pg.from_binary(pg.JSONB, b"\1[1]") == "[1]"


def test_rows_of_the_books_bear_the_names_of_their_columns(shared: Sql) -> None:
    found = shared.value("SELECT row_to_json(a) FROM Accounts AS a WHERE Name = 'Checking'")
    assert found is not None
    assert found.startswith('{"ID":"80000001-1448960700","Name":"Checking",')


def test_parameters_stand_in_json_as_texts(shared: Sql) -> None:
    found = shared.rows("SELECT json_build_object($1, $2), json_agg($2), json_agg($3::int)", *"ab1")
    assert found == [('{"a" : "b"}', '["b"]', "[1]")]


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ("SELECT json_agg(DISTINCT ID) FROM Accounts", "0A000", "DISTINCT in json_agg"),
        ("SELECT jsonb_object_agg(ID, Name) FROM Accounts", "0A000", "jsonb_object_agg"),
        ("SELECT json_objectagg(ID: Name) FROM Accounts", "0A000", "json_objectagg is not"),
        ("SELECT json_arrayagg(ID) FROM Accounts", "42883", "function json_arrayagg does"),
        ("SELECT jsonb_agg(1.5::float8)", "0A000", "jsonb_agg of values of this type"),
        ("SELECT jsonb_agg(json_build_object('a', 1))", "0A000", "jsonb_agg of values of this"),
        ("SELECT row_to_json(1)", "0A000", "row_to_json takes a row"),
        ("SELECT json_agg(ARRAY[1.50])", "0A000", "values of this type are not written as JSON"),
        (
            "SELECT json_agg(p) FROM Accounts a LEFT JOIN Accounts p ON p.ID = a.ParentId",
            *("0A000", "a row that an outer join may leave out"),
        ),
        ("SELECT json_agg(t) FROM Nothing AS t", "42P01", 'relation "Nothing" does not exist'),
        ("SELECT make_time(1, 2, 3)", "42883", "function make_time does not exist"),
        ("SELECT Regexp_Count('a', 'b')", "42883", "function regexp_count does not exist"),
        ("SELECT 1 FROM regexp_count('a', 'b')", "42883", "function regexp_count does"),
        ("SELECT 'a' SIMILAR TO 'b'", "0A000", "SIMILAR TO is not supported"),
    ],
)
def test_what_is_refused_bears_the_name_that_was_written(
    shared: Sql, query: str, code: str, message: str
) -> None:
    fault = shared.fault(query)
    assert fault.code == code
    assert message in fault.message
