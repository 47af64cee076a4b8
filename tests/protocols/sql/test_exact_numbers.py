"""Exact numbers of many digits keep all of their decimals, or are refused: never one less.

The answers are those of a PostgreSQL 16, but for the number of zeros at the end.
"""

import duckdb
import pytest
from tests.support.sql import Sql

from daybook.protocols.sql import statements
from daybook.protocols.sql.losses import PLAN, loses
from daybook.protocols.sql.macros import for_planning
from daybook.protocols.sql.rewrite import Rewriter

WIDE = "(SELECT 5::numeric(38, 0) AS w, 5.4 AS d, 5.3333::numeric(38, 16) AS q) t"
"""A wide whole number beside others, which the engine takes for equal where it rounds."""
NUMBERS = "(VALUES (1.5), (2.25)) v(x)"

ANSWERS = [
    # of which an expression has one
    (f"SELECT greatest(w, d), least(d, w), coalesce(NULL, d, w) FROM {WIDE}", "5.4 5.0 5.4"),
    (f"SELECT CASE WHEN w > 9 THEN w ELSE d END, CASE w WHEN d THEN 1 END FROM {WIDE}", "5.4 None"),
    (f"SELECT least(w, q), greatest(q, 1 / 3.0) FROM {WIDE}", "5.0000000000000000 5.333300"),
    (f"SELECT greatest(ceil(sum(x)), 1.55), coalesce(round(sum(x)), 0.25) FROM {NUMBERS}", "4 4"),
    (f"SELECT CASE WHEN count(*) = 1 THEN floor(sum(x)) ELSE 0.125 END FROM {NUMBERS}", "0.125"),
    ("SELECT greatest(sum(n), 1.75) FROM (VALUES (1::bigint)) v(n)", "1.75"),
    (f"SELECT least((SELECT sum(x) FROM {NUMBERS}), 7 / 3.0)", "2.3333333333333333"),
    ("SELECT lag(n, 1, 2.5) OVER (ORDER BY n) FROM (VALUES (1), (2)) v(n)", "2.5 1"),
    ("SELECT coalesce(NULL, 1.5::numeric(4, 1), '0.005'), greatest(0.1, '0.15')", "1.5 0.15"),
    # columns of several queries or rows
    (f"SELECT w FROM {WIDE} UNION ALL SELECT d FROM {WIDE} ORDER BY 1", "5 5.4"),
    (f"SELECT d FROM {WIDE} EXCEPT SELECT w FROM {WIDE}", "5.4"),
    (f"SELECT count(*) FROM (SELECT w FROM {WIDE} INTERSECT SELECT d FROM {WIDE}) i", "0"),
    ("SELECT x FROM (VALUES (1.5), (5::numeric(38, 0)), ('0.25')) v(x) ORDER BY x", "0.25 1.5 5"),
    (
        f"WITH a AS (SELECT ceil(sum(x)) AS s FROM {NUMBERS}), b AS (TABLE a UNION SELECT 0.75)"
        " SELECT sum(s), min(s) FROM b",
        "4.75 0.75",
    ),
    (
        "SELECT sum(x) FROM (SELECT 1 AS x UNION ALL SELECT 2.5 UNION ALL"
        " (SELECT 5::numeric(38, 0) UNION SELECT 1 / 8.0)) t",
        "8.625",
    ),
    (
        "WITH RECURSIVE r(x, n) AS (SELECT 1.5, 1 UNION ALL SELECT x + 1000.25, n + 1 FROM r"
        " WHERE n < 3) SELECT x FROM r ORDER BY 1",
        "1.5 1001.75 2002",
    ),
    (
        "WITH RECURSIVE r(x, n) AS (SELECT 1.5, 1 UNION ALL SELECT x + 1, n + 1 FROM r"
        " WHERE n < 2) SELECT greatest(x, 7 / 3.0) FROM r ORDER BY 1",
        "2.3333333333333333 2.5",
    ),
    # comparisons
    (f"SELECT w = d, w < d, w BETWEEN d AND d, w IN (d, 7), w <> d FROM {WIDE}", "f t f f t"),
    (f"SELECT w IN (SELECT 5.4), w = ANY (SELECT 5.4), w IN (VALUES (5.4)) FROM {WIDE}", "f f f"),
    (f"SELECT w = ANY (ARRAY[d, 7]), w < ALL (ARRAY[d]), w = ANY ('{{5.4}}') FROM {WIDE}", "f t f"),
    (f"SELECT (w, 1) = (d, 1), (w, 1) IN ((d, 1)), (w, 1) IN (SELECT 5.4, 1) FROM {WIDE}", "f f f"),
    (f"SELECT count(*) FROM {WIDE} JOIN (SELECT 5.4 AS w) u USING (w)", "0"),
    (f"SELECT w FROM {WIDE} FULL JOIN (SELECT 5.4 AS w) u USING (w) ORDER BY 1", "5 5.4"),
    (f"SELECT d = ANY (array_agg(w)), 5.4 = ANY (array_agg(d)) FROM {WIDE} GROUP BY d", "f t"),
    # arrays and texts of them
    (f"SELECT ARRAY[max(w), max(d)], array_agg(greatest(w, d)) FROM {WIDE}", "{5.0,5.4} {5.4}"),
    (f"SELECT concat(greatest(w, d), '!'), greatest(w, d)::text FROM {WIDE}", "5.4! 5.4"),
    # remainders, which the engine makes of doubles
    (
        f"SELECT w % d, mod(q, 2), d % w, div(w, 0.4), div(-7.5, 2) FROM {WIDE}",
        "5 1.3333 0.4 12 -3",
    ),
    ("SELECT sum(n) % 2.5 FROM (VALUES (9007199254740993::bigint)) v(n)", "0.5"),
    (
        "SELECT 123456789.123456789 * 1000, 123456789.123456789 * 1.5",
        "123456789123.456789 185185183.6851851835",
    ),
    (
        "SELECT x * 1.123456789 FROM (SELECT 90000000.25::numeric(18, 2) AS x) t",
        "101111111.29086419725",
    ),
    ("SELECT x * x FROM (SELECT 30000000.25::numeric(18, 2) AS x) t", "900000015000000.0625"),
    ("SELECT ARRAY[nullif(count(*), 0.5), -3], lead(round(1), 1, 44.14) OVER ()", "{1,-3} 44.14"),
    # rounded, with as many decimals as were asked for
    ("SELECT round(2, 2)::text, trunc(1.5, 3)::text, round(7.125, 2)::text", "2.00 1.500 7.13"),
    (
        "SELECT ceil(sum(n)) FROM (VALUES (9007199254740993::bigint), (9007199254740994)) v(n)",
        "18014398509481987",
    ),
    # made of floating point numbers and texts
    (
        "SELECT 0.1::float8::numeric, 1.005::float8::numeric(10, 2), 0.1::real::numeric",
        "0.1 1.01 0.1",
    ),
    (
        "SELECT x::numeric, x::numeric(4, 2) FROM (SELECT '1.234567890123' AS x) t",
        "1.234567890123 1.23",
    ),
    (f"SELECT sum(x)::numeric(38, 0), (1 / 3.0)::numeric(38, 2) FROM {NUMBERS}", "4 0.33"),
    ("SELECT avg(x::float8), avg(x) FROM (VALUES (1), (2)) v(x)", "1.5 1.5"),
]


def plain(value: str | None) -> str:
    """A value without the zeros that its type has at the end."""
    text = str(value)
    number = text.replace(".", "").replace("-", "").isdecimal()
    return text.rstrip("0").rstrip(".") if number and "." in text else text


@pytest.mark.parametrize(("query", "expected"), ANSWERS)
def test_no_decimal_is_lost(shared: Sql, query: str, expected: str) -> None:
    found = [plain(value) for row in shared.rows(query) for value in row]
    assert found == [plain(value) for value in expected.split()]


def test_rounded_numbers_show_the_decimals_they_were_rounded_to(shared: Sql) -> None:
    query = "SELECT round(2, 2)::text, trunc(1.5, 3), round(sum(x), 3), round(-0.5) FROM {}"
    assert shared.rows(query.format(NUMBERS)) == [("2.00", "1.500", "3.750", "-1")]


FINE = "(VALUES (1::numeric, 10.25), (1, 20.10), (1, 31.00), (2, 7.77)) v(g, x)"
"""Averages of these have all the decimals that there are."""

QUOTIENTS = [
    # deviations from an average: both have 16 decimals
    (
        f"SELECT (x - avg(x) OVER ()) / avg(x) OVER () FROM {FINE} ORDER BY x",
        "-0.5503472222222222 -0.4068287037037037 0.1631944444444444 0.7939814814814815",
    ),
    (
        f"SELECT (sum(x) - avg(sum(x)) OVER ()) / avg(sum(x)) OVER () FROM {FINE} GROUP BY g"
        " ORDER BY g",
        "0.7751736111111111 -0.7751736111111111",
    ),
    # one of them, small and large divisors
    (f"SELECT (avg(x) - 17) / 0.35, -1 / (avg(x) - 17) FROM {FINE}", "0.8 -3.5714285714285714"),
    (
        "SELECT (1 / 4.0 - 1) / 0.000001, (1 / 4.0 - 1) / 7999999.99, 1 / (1 / 80000000000.0)",
        "-750000 -0.0000000937500001 80000000000",
    ),
    # in one another
    (
        f"SELECT ((avg(x) / 2 + 1) / (avg(x) / 4 + 1) - 1) / (avg(x) / 4) FROM {FINE}",
        "0.1879699248120301",
    ),
    (f"SELECT count(*) FROM {FINE} GROUP BY g HAVING (sum(x) - 1.5) / avg(x) > 1", "3"),
    (
        f"SELECT div(avg(x), 2.5) / 8, g / 4.0 * 3 FROM {FINE} GROUP BY g, g / 4.0"
        " HAVING avg(x) > 0 AND g / 4.0 < 0.5",
        "1 0.75",
    ),
]


@pytest.mark.parametrize(("query", "expected"), QUOTIENTS)
def test_quotients_of_quotients_are_exact(shared: Sql, query: str, expected: str) -> None:
    found = [plain(value) for row in shared.rows(query) for value in row]
    assert found == [plain(value) for value in expected.split()]


@pytest.mark.parametrize(
    "double",
    [
        "stddev_samp(x)",
        "stddev_pop(x)",
        "var_pop(x)",
        "corr(x::float8, g::float8)",
        "covar_pop(x::float8, g::float8)",
        "covar_samp(x::float8, g::float8)",
        "regr_slope(x::float8, g::float8)",
        "regr_intercept(x::float8, g::float8)",
        "regr_r2(x::float8, g::float8)",
        "percentile_cont(0.5) WITHIN GROUP (ORDER BY x)",
        "log(sum(x))",
        "cbrt(sum(x))",
        "radians(sum(x))",
        "degrees(sum(x))",
        "sin(1)",
        "cos(1)",
        "tan(1)",
        "cot(1)",
        "pi()",
    ],
)
def test_a_quotient_of_double_precision_is_of_double_precision(shared: Sql, double: str) -> None:
    query = (
        f"SELECT d::text, abs(n / d - q) < 1e-9 FROM (SELECT {double} AS d,"
        f" sum(x) / nullif({double}, 0) AS q, sum(x)::float8 AS n FROM {FINE}) t"
    )
    ((value, same),) = shared.rows(query)
    assert float(value or 0) != 0
    assert same == "t"


REFUSALS = [
    # more digits than there are: before the point, or altogether
    ("SELECT greatest(99999999999999999999999999999999999999, 0.5)", "22003"),
    (f"SELECT coalesce(sum(x) * 10000000000000000000000, 1 / 3.0) FROM {NUMBERS}", "22003"),
    ("SELECT 1.23456789012345678901234567890123456789", "22003"),
    ("SELECT greatest(1e40, 0.5)", "22003"),
    ("SELECT '1.23456789012345678901234567890123456789'::numeric", "22003"),
    # where the engine would round, and what does is not to be cast beforehand
    ("SELECT greatest(x, 5::numeric(38, 0)) FROM unnest(ARRAY[1.5]) u(x)", "22003"),
    (
        "WITH RECURSIVE r(x, n) AS (SELECT 1.5, 1 UNION ALL SELECT x * 1.1, n + 1 FROM r"
        " WHERE n < 9) SELECT x FROM r",
        "22003",
    ),
    ("SELECT x::numeric FROM (SELECT '1.2345678901234' AS x) t", "0A000"),
    ("SELECT x::numeric FROM (SELECT '1e-9' AS x) t", "0A000"),
    ("SELECT 1e-17::float8::numeric", "0A000"),
    # as PostgreSQL
    ("SELECT round(1.5::float8, 1)", "42883"),
    ("SELECT 7.5 % 0", "22012"),
    ("SELECT div(7, 0)", "22012"),
    (
        "WITH RECURSIVE r(x) AS (SELECT 1 UNION ALL SELECT x + 0.5 FROM r WHERE x < 3)"
        " SELECT x FROM r",
        "42804",
    ),
]


@pytest.mark.parametrize(("query", "code"), REFUSALS)
def test_what_would_be_rounded_is_refused(shared: Sql, query: str, code: str) -> None:
    assert shared.fault(query).code == code


@pytest.mark.parametrize(
    ("condition", "expected"), [("{} = ANY ($1::numeric[])", "f"), ("{} = $1::numeric", "f")]
)
def test_parameters_keep_their_decimals(shared: Sql, condition: str, expected: str) -> None:
    given = "{5.4}" if "[]" in condition else "5.4"
    query = f"SELECT {condition.format('w')}, greatest(w, $2::numeric) FROM {WIDE}"
    assert shared.rows(query, given, "5.25") == [(expected, "5.250000000000")]


PLANS = [
    ("SELECT greatest(w, d) FROM t", True),
    ("SELECT greatest(CAST(w AS DECIMAL(38,2)), d) FROM t", False),
    ("SELECT CAST(d AS DECIMAL(10,1)), CAST(d AS INTEGER) FROM t", False),
    ("SELECT CAST(d AS DECIMAL(38,1)) FROM t", True),
    ("SELECT round(d, 1), trunc(d) FROM t", False),
    ("SELECT w IN (SELECT d FROM t) FROM t", True),
    ("SELECT w = d, w IN (d) FROM t", False),
    ("SELECT lag(n, 1, d) OVER () FROM t", True),
    ("SELECT [w] = [d] FROM t", True),
    ("SELECT {'x': w} = {'x': d} FROM t", True),
    ("SELECT w % d FROM t", True),
    ("SELECT d = '1.555' FROM t", True),
    ("SELECT d = '1.55', d = CAST('1.555' AS DECIMAL(10,3)) FROM t", False),
    ("SELECT d = s FROM t", True),
    ("SELECT n + 1, s || 'x', power(-8, 0.5) FROM t", False),
    ("SELECT nothing FROM t", True),
]


@pytest.mark.parametrize(("query", "expected"), PLANS)
def test_plans_tell_what_is_lost(query: str, expected: bool) -> None:
    database = duckdb.connect()
    database.execute(
        "CREATE TABLE t AS SELECT 5::DECIMAL(38,0) AS w, 5.4::DECIMAL(18,2) AS d, 1 AS n, '' AS s"
    )
    ((plan,),) = database.execute(PLAN, [query]).fetchall()
    assert loses(plan, query) is expected


@pytest.mark.parametrize("having", ["", " HAVING avg(x) / 7 > 0"])
def test_quotients_are_described_with_the_type_they_have(shared: Sql, having: str) -> None:
    (statement,) = statements.split(f"SELECT avg(x), sum(x) / 7, 1 / 3.0 FROM {NUMBERS}{having}")
    query = Rewriter(statements.parse(statement), (), 2).run()
    planned = for_planning(query.sql)
    assert planned != query.sql
    cursor = shared.copies.of(shared.books).plain_cursor()
    kinds = [cursor.execute(f"DESCRIBE {sql}").fetchall() for sql in (query.sql, planned)]
    assert kinds[0] == kinds[1]
