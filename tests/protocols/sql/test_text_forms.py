"""Values as text, as JSON and in arrays have PostgreSQL's form; intervals are read in its forms.

The answers were taken from a PostgreSQL 16.
"""

import struct

import pytest
from tests.support.sql import Sql

from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.portals import read_value

EARLY = "(date '0001-01-01' - 1)"

TEXTS = [
    (f"{EARLY}::text", "0001-12-31 BC"),
    (f"'x' || {EARLY} || '!'", "x0001-12-31 BC!"),
    (f"({EARLY} + interval '1 hour')::varchar", "0001-12-31 01:00:00 BC"),
    (f"concat({EARLY}, true, 1.50, NULL, interval '1 month')", "0001-12-31 BCt1.501 mon"),
    ("concat_ws('-', true, NULL, timestamp '2024-01-01 10:00:00.50')", "t-2024-01-01 10:00:00.5"),
    ("true::text || (1 = 2)", "truefalse"),
    (
        "date '2024-01-01'::text || timestamptz '2024-01-01 10:00Z'::text",
        "2024-01-012024-01-01 10:00:00+00",
    ),
    ("date '2024-05-01'::varchar(7)", "2024-05"),
    ("interval '1 year -1 month'::text || interval '-1 day 3 hours'", "11 mons-1 days +03:00:00"),
    ("1::float8 || ' ' || 1e20::float8 || ' ' || -0.5::real", "1 1e+20 -0.5"),
    ("'-Infinity'::float8::text || 'NaN'::float8::text", "-InfinityNaN"),
    ("ARRAY[1, NULL, 3]::text", "{1,NULL,3}"),
    (
        r"""ARRAY['a', 'b c', 'd"e', NULL, '', 'null', 'x\y', '{']::text""",
        r'{a,"b c","d\"e",NULL,"","null","x\\y","{"}',
    ),
    ("ARRAY[true]::text || ARRAY[interval '1 month']::text", '{t}{"1 mon"}'),
    ("ARRAY[]::int[]::text", "{}"),
    ("NULL::int[]::text", None),
    (f"array_to_string(ARRAY[{EARLY}, NULL], ',', '*')", "0001-12-31 BC,*"),
    ("array_to_string(ARRAY[true, false], ',')", "t,f"),
    ("(SELECT array_agg(x)::text FROM (VALUES (1.50), (2.25)) v(x))", "{1.50,2.25}"),
    ("to_json(1.50)", "1.50"),
    ("to_json(NULL::numeric)", None),
    ("to_json(timestamp '2024-01-01 10:00:00.5')", '"2024-01-01T10:00:00.5"'),
    ("to_json('a\"b'::text)", r'"a\"b"'),
    (
        "json_build_object('a', 1.50, 'b', 'x\"y', 'c', true, 'd', NULL, 'e', date '2024-01-01')",
        r'{"a" : 1.50, "b" : "x\"y", "c" : true, "d" : null, "e" : "2024-01-01"}',
    ),
    ("json_build_object('n', 12345678901234567890.12)", '{"n" : 12345678901234567890.12}'),
    # arrays of arrays
    ("ARRAY[[1, 2], [3, 4]]", "{{1,2},{3,4}}"),
    ("ARRAY[['a b', 'c'], [NULL, 'd']]", '{{"a b",c},{NULL,d}}'),
    ("ARRAY[[[1], [2]]]", "{{{1},{2}}}"),
    ("ARRAY[interval '1 month', NULL]", '{"1 mon",NULL}'),
    ("ARRAY[1.5::float8, 1]", "{1.5,1}"),
]


@pytest.mark.parametrize(("expression", "expected"), TEXTS)
def test_values_have_postgresqls_form(shared: Sql, expression: str, expected: str | None) -> None:
    assert shared.value(f"SELECT {expression}") == expected


INTERVALS = [
    ("P1M", "1 mon"),
    ("P1Y2M3DT4H5M6S", "1 year 2 mons 3 days 04:05:06"),
    ("PT1.5S", "00:00:01.5"),
    ("P1W", "7 days"),
    ("P-1Y", "-1 years"),
    ("P0001-02-03T04:05:06", "1 year 2 mons 3 days 04:05:06"),
    ("PT36H", "36:00:00"),
    ("P1.5Y", "1 year 6 mons"),
    ("P1.5M", "1 mon 15 days"),
    ("P1.5W", "10 days 12:00:00"),
    ("PT-1.25M", "-00:01:15"),
    ("P1Y-2M", "10 mons"),
    ("P1DT-1H", "1 day -01:00:00"),
    ("P0.1M", "3 days"),
    ("PT", "00:00:00"),
    ("1-2", "1 year 2 mons"),
    ("-1-2", "-1 years -2 mons"),
    ("1-2 3 4:05:06", "1 year 2 mons 3 days 04:05:06"),
    ("-3 4:05:06", "-3 days +04:05:06"),
    ("1 decade", "10 years"),
]


@pytest.mark.parametrize(("text", "expected"), INTERVALS)
def test_intervals_are_read(shared: Sql, text: str, expected: str) -> None:
    assert shared.rows(f"SELECT interval '{text}', '{text}'::interval") == [(expected, expected)]
    given = read_value(text.encode(), pg.INTERVAL, 0)
    assert shared.rows("SELECT $1::interval", given) == [(expected,)]


@pytest.mark.parametrize("text", ["-P1M", "p1m", "P", "P1H", "P1,5Y", "xyz", "", "1 foo"])
def test_what_is_no_interval_is_refused(shared: Sql, text: str) -> None:
    assert shared.fault(f"SELECT interval '{text}'").code == "22007"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT ARRAY[[1], [2, 3]]", "2202E"),
        ("SELECT ARRAY[[1, 2]]::text", "0A000"),
        ("SELECT 1e15::float8::text", "0A000"),
    ],
)
def test_forms_that_are_not_offered_are_refused(shared: Sql, query: str, code: str) -> None:
    assert shared.fault(query).code == code


def test_arrays_of_arrays_have_a_binary_form() -> None:
    int4 = pg.ARRAY_OF[pg.INT4]
    head = struct.pack("!iiIiiii", 2, 1, pg.INT4, 2, 1, 3, 1)
    items = b"".join(struct.pack("!ii", 4, number) for number in range(1, 6)) + b"\xff\xff\xff\xff"
    assert pg.to_binary(int4, "{{1,2,3},{4,5,NULL}}") == head + items
    text = pg.to_binary(pg.ARRAY_OF[pg.TEXT], '{{"{"},{"a\\""}}')
    assert text.endswith(struct.pack("!i", 1) + b"{" + struct.pack("!i", 2) + b'a"')
