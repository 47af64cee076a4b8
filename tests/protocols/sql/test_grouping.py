"""Sums in two steps: the same rows as in one, and only where that is certain."""

import pytest
from tests.support.sql import Sql

from daybook.protocols.sql import rewrite, statements
from daybook.protocols.sql.rewrite import Rewriter

SPLIT = [
    "SELECT LineAccount, sum(LineDebit), sum(LineCredit) FROM {} GROUP BY 1 ORDER BY 1",
    "SELECT date_trunc('month', Date), LineAccount, sum(LineAmount), count(*) FROM {}"
    " GROUP BY 1, 2 ORDER BY 1, 2",
    "SELECT l.LineAccountId AS a, count(l.LineMemo), min(l.LineMemo), max(l.Date) FROM {} l"
    " GROUP BY a ORDER BY a",
    "SELECT LineType, avg(LineAmount), sum(LineAmount * 3 + 0.001) FROM {} GROUP BY LineType"
    " HAVING count(*) > 1 ORDER BY sum(LineAmount) DESC, LineType",
    "SELECT extract(year FROM Date), sum(CASE WHEN LineType = 'Debit' THEN LineAmount"
    " ELSE -LineAmount END) FROM {} WHERE Memo IS NULL OR Memo <> 'x' GROUP BY 1 ORDER BY 1",
    "SELECT LineClass, LineDepartment, LineProjectId, count(LineEntityName) FROM {}"
    " WHERE LineNumber < 3 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3 LIMIT 7",
    "SELECT LineAccount || '!', round(sum(LineDebit) / count(*), 2) FROM {} GROUP BY LineAccount"
    " ORDER BY 1",
    "SELECT sum(n) FROM (SELECT LineAccount, count(*) AS n FROM {} GROUP BY 1) AS x",
    "WITH m AS (SELECT Date, max(LineAmount) AS most FROM {} GROUP BY Date)"
    " SELECT count(*), max(most) FROM m",
]
WHOLE = [
    "SELECT sum(LineAmount) FROM {}",
    "SELECT LineMemo, sum(LineAmount) FROM {} GROUP BY 1 ORDER BY 1",
    "SELECT LineEntityName, sum(LineAmount) FROM {} GROUP BY 1 ORDER BY 1",
    "SELECT LineAccount, sum(LineNumber) FROM {} GROUP BY 1 ORDER BY 1",
    "SELECT LineAccount, sum(LineAmount::float8) FROM {} GROUP BY 1 ORDER BY 1",
    "SELECT LineAccount, count(DISTINCT Date) FROM {} GROUP BY 1 ORDER BY 1",
    "SELECT LineAccount, sum(LineAmount) FILTER (WHERE LineType = 'Debit') FROM {}"
    " GROUP BY 1 ORDER BY 1",
    "SELECT LineAccount, LineType, sum(LineAmount) FROM {} GROUP BY ROLLUP (1, 2) ORDER BY 1, 2, 3",
    "SELECT LineAccount, bool_and(LineType = 'Debit') FROM {} GROUP BY 1 ORDER BY 1",
    "SELECT LineAccount, sum(sum(LineAmount)) OVER () FROM {} GROUP BY 1 ORDER BY 1",
    "SELECT LineAccount, sum(LineAmount) FROM {} WHERE LineAccount IN (SELECT FullName FROM"
    " Accounts) GROUP BY 1 ORDER BY 1",
    "SELECT LineAccount FROM {} GROUP BY 1 ORDER BY 1",
    "SELECT (SELECT max(l.LineAmount) FROM {} l WHERE l.Memo = e.Memo GROUP BY l.LineType LIMIT 1)"
    " FROM JournalEntries e",
]


def engine_text(query: str) -> str:
    (statement,) = statements.split(query.format("JournalEntryLines"))
    return Rewriter(statements.parse(statement), (), 2).run().sql


@pytest.mark.parametrize("query", SPLIT)
def test_two_steps_give_the_rows_of_one(
    shared: Sql, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    assert "_sum0" in engine_text(query)
    found = shared.rows(query.format("JournalEntryLines"))
    monkeypatch.setattr(rewrite, "in_two_steps", lambda *_: False)
    assert "_sum0" not in engine_text(query)
    assert found == shared.rows(query.format("JournalEntryLines")) != []


@pytest.mark.parametrize("query", WHOLE)
def test_what_is_summed_in_one(query: str) -> None:
    assert "_sum0" not in engine_text(query)


def test_two_steps_see_parameters_and_what_is_staged(sql: Sql) -> None:
    query = (
        "SELECT LineAccount, sum(LineAmount), count(*) FROM JournalEntryLines"
        " WHERE ReferenceNumber = $1 GROUP BY LineAccount HAVING sum(LineAmount) >= $2 ORDER BY 1"
    )
    sql.run("BEGIN")
    sql.make("two steps", "3")
    sql.make("two steps", "4")
    expected = [("Checking", "7.00", "2"), ("Meals", "7.00", "2")]
    assert sql.rows(query, "two steps", "7") == expected
    assert sql.rows(query, "two steps", "8") == []
    sql.run("ROLLBACK")
    assert sql.rows(query, "two steps", "7") == []


def test_a_column_that_is_not_grouped_is_refused_as_before(shared: Sql) -> None:
    query = "SELECT LineAccount, Date, sum(LineAmount) FROM JournalEntryLines GROUP BY 1"
    assert shared.fault(query).code == "42803"


def test_the_books_of_another_database_are_not_summed(shared: Sql) -> None:
    query = "SELECT LineAccount, sum(LineAmount) FROM {}.public.JournalEntryLines GROUP BY 1"
    fault = shared.fault(query.format("otherdb"))
    assert (fault.code, fault.message) == (
        "0A000",
        "cross-database references are not implemented",
    )
    assert shared.rows(query.format(shared.session.database)) != []
