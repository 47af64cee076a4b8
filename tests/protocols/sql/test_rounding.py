"""Buckets are those of PostgreSQL; decimals that are not written out are refused."""

import random

import psycopg
import pytest
from tests.support.engines import SEED, SLOW
from tests.support.sql import Sql

from daybook.protocols.sql.errors import SqlFault

BUCKETS = 2_000 if SLOW else 150
KINDS = ("numeric(20,4)", "numeric(12,2)", "int", "bigint", "float8", "float4")


def call(chance: random.Random) -> str:
    """A call of `width_bucket`, often at one of its bounds."""
    bounds = [chance.randrange(-1000, 1000) / chance.choice((1, 10, 7)) for _ in range(2)]
    if chance.random() < 0.1:
        bounds[1] = bounds[0]
    value = chance.choice([*bounds, *(chance.randrange(-1500, 1500) / 100 for _ in range(4))])
    kinds = [chance.choice(KINDS)] * 3 if chance.random() < 0.6 else chance.choices(KINDS, k=3)
    whole = [
        f"{each:.4f}" if "int" not in kind else f"{each:.0f}"
        for each, kind in zip((value, *bounds), kinds, strict=True)
    ]
    given = [f"'{each}'::{kind}" for each, kind in zip(whole, kinds, strict=True)]
    if chance.random() < 0.05:
        given[chance.randrange(3)] = chance.choice(("'NaN'::float8", "'-Infinity'::float8"))
    count = chance.choice(("1", "3", "5", "10", "97", "2147483647", "0", "-1", "NULL::int"))
    return f"SELECT width_bucket({', '.join(given)}, {count})"


def ours(shared: Sql, query: str) -> str | None:
    try:
        return shared.value(query)
    except SqlFault as fault:
        return fault.code


def theirs(postgres: psycopg.Connection, query: str) -> str | None:
    try:
        found = postgres.execute(query.encode()).fetchone()
    except psycopg.Error as fault:
        return fault.sqlstate
    assert found is not None
    return None if found[0] is None else str(found[0])


def test_buckets_are_those_of_postgresql(shared: Sql, postgres: psycopg.Connection) -> None:
    for seed in range(SEED, SEED + BUCKETS):
        query = call(random.Random(seed))
        assert ours(shared, query) == theirs(postgres, query), (seed, query)


def test_lines_are_counted_by_buckets(shared: Sql) -> None:
    found = shared.rows(
        "SELECT width_bucket(LineAmount, 0, 1000, 4) AS b, count(*) FROM JournalEntryLines"
        " GROUP BY 1 HAVING width_bucket(LineAmount, 0, 1000, 4) < 5 ORDER BY b"
    )
    assert [row[0] for row in found] == ["1", "2", "3", "4"]
    counted = shared.value(
        "SELECT count(*) FROM JournalEntryLines WHERE LineAmount >= 250 AND LineAmount < 500"
    )
    assert found[1][1] == counted


def test_a_count_may_be_a_parameter(shared: Sql) -> None:
    assert shared.value("SELECT width_bucket(9.5, 0, 10, $1)", "20") == "20"


def test_whole_numbers_come_of_buckets(shared: Sql) -> None:
    """So that a quotient of them is a whole number too."""
    assert shared.value("SELECT width_bucket(9, 0, 10, 5) / 2") == "2"
    assert shared.value("SELECT to_char(width_bucket(9, 0, 10, 5), '990.0')") == "   5.0"


@pytest.mark.parametrize(
    ("expression", "code", "message"),
    [
        ("round(LineAmount, LineNumber)", "0A000", "round to decimals that are not written"),
        ("trunc(LineAmount, LineNumber)", "0A000", "trunc to decimals that are not written"),
        ("round(5, LineNumber)", "0A000", "round to decimals that are not written"),
        ("round(LineAmount, $1)", "0A000", "round to decimals that are not written"),
        ("round(sum(LineAmount), count(*))", "42883", "function round(numeric, bigint) does not"),
        ("width_bucket(5, 0, 10, 5::bigint)", "42883", "function width_bucket(integer, integer,"),
        ("width_bucket(5, ARRAY[1, 3])", "0A000", "width_bucket takes a value, two bounds and"),
        ("width_bucket(upper(ID), 0, 10, 5)", "0A000", "what width_bucket takes cannot be told"),
        ("width_bucket(5, 1, 1, 5)", "2201G", "lower bound cannot equal upper bound"),
        ("width_bucket(LineAmount, 0, 10, 0)", "2201G", "count must be greater than zero"),
    ],
)
def test_what_is_refused_says_so(shared: Sql, expression: str, code: str, message: str) -> None:
    values = ["2"] if "$1" in expression else []
    fault = shared.fault(f"SELECT {expression} FROM JournalEntryLines", *values)
    assert fault.code == code
    assert message in fault.message


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("round(1.2345, 1 + 1)", "1.23"),
        ("round(1250.5, -2)", "1300"),
        ("trunc(1.29::numeric, (1))", "1.2"),
        ("round(1.5, NULL)", None),
    ],
)
def test_constant_decimals_are_worked_out(
    shared: Sql, expression: str, expected: str | None
) -> None:
    assert shared.value(f"SELECT {expression}") == expected
