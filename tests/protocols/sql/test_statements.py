"""The scanner: what is cut, what is rewritten, what is left alone."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.protocols.sql import statements
from daybook.protocols.sql.errors import SqlFault


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1; ; SELECT ';' -- ;\n;", ["SELECT 1", "SELECT ';'"]),
        ("SELECT [Date], a[1], x.[ID] FROM [T]", ['SELECT "Date", a[1], x."ID" FROM "T"']),
        (
            "INSERT INTO T#TEMP (A#2) VALUES ($1,$2)",
            ['INSERT INTO "T#TEMP" ("A#2") VALUES ($1 ,$2 )'],
        ),
        ("SELECT TOP 5 a FROM t", ["SELECT TOP 5 a FROM t LIMIT 5"]),
        ("SELECT {d '2015-12-15'}", ["SELECT  DATE  '2015-12-15'"]),
        ("SELECT {fn upper(a)}", ["SELECT  upper(a)"]),
        ("SELECT /* a /* b */ ; */ 1", ["SELECT   1"]),
        ("SELECT $$a;'b$$, E'a\\'b\\n', 'it''s'", ["SELECT 'a;''b', 'a''b\n', 'it''s'"]),
        ("SELECT ARRAY[1,2]", ["SELECT ARRAY[1,2]"]),
        ("", []),
    ],
)
def test_texts(text: str, expected: list[str]) -> None:
    assert [each.text for each in statements.split(text)] == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT 'a", "42601"),
        ('SELECT "a', "42601"),
        ("SELECT ?", "42601"),
        ("SELECT (1", "42601"),
        ("SELECT 1)", "42601"),
        ("SELECT /* a", "42601"),
        ("SELECT {x 'a'}", "42601"),
        ("SELECT " + "(" * 101, "54001"),
        ("SELECT " + "a " * 40_000, "54001"),
        ("SELECT " + "1," * 3_000, "54001"),
    ],
)
def test_what_is_refused_before_parsing(text: str, code: str) -> None:
    with pytest.raises(SqlFault) as caught:
        statements.split(text)
    assert caught.value.code == code


@given(st.text(max_size=60))
def test_literals_pass_unchanged(value: str) -> None:
    quoted = value.replace("'", "''").replace("\0", "")
    (found,) = statements.split(f"SELECT '{quoted}'")
    assert found.tokens[1].text == value.replace("\0", "")


@given(st.text(max_size=60))
def test_any_text_is_cut_or_refused(text: str) -> None:
    with contextlib.suppress(SqlFault):
        for each in statements.split(text):
            statements.parse(each)


@pytest.mark.parametrize("unit", ["day", "hour", "DAY TO SECOND", "minutes"])
def test_an_interval_with_units_within_and_behind_is_refused(unit: str) -> None:
    """The parser would keep its first unit alone."""
    with pytest.raises(SqlFault) as caught:
        statements.split(f"SELECT interval '1 day 12:00:00' {unit}")
    assert caught.value.code == "0A000"
