"""The grammar of the query language: what parses to what, and where the rest does not."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from daybook.domain.limits import FILTER_LIST_MAX
from daybook.domain.query import Op
from daybook.protocols.qbo.errors import QboFault
from daybook.protocols.qbo.statement import (
    CONDITIONS_MAX,
    STATEMENT_LENGTH_MAX,
    TOKENS_MAX,
    Kind,
    Order,
    Statement,
    parse,
)


def refused(text: str) -> tuple[str, str]:
    """Code and detail of the one error a statement is refused with."""
    with pytest.raises(QboFault) as caught:
        parse(text)
    (error,) = caught.value.errors
    assert caught.value.status == 400
    assert error.element is None
    return error.code, error.detail


def conditions(text: str) -> list[tuple[str, Op | None, list[tuple[Kind, str]]]]:
    """The conditions of a statement: path, operator (None: LIKE), kinds and texts of values."""
    statement = parse(f"select * from JournalEntry where {text}")
    return [
        (each.path, each.op, [(value.kind, value.text) for value in each.values])
        for each in statement.conditions
    ]


# What parses


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("select * from JournalEntry", Statement("JournalEntry")),
        ("SELECT * FROM JOURNALENTRY", Statement("JOURNALENTRY")),
        ("  Select  *\r\n\tFrom Account \n", Statement("Account")),
        ("select*from Account", Statement("Account")),
        ("select Id, TxnDate from JournalEntry", Statement("JournalEntry", ("Id", "TxnDate"))),
        ("select MetaData.CreateTime from Account", Statement("Account", ("MetaData.CreateTime",))),
        ("select Line.* from JournalEntry", Statement("JournalEntry", ("Line.*",))),
        ("select *, Sku from Account", Statement("Account")),
        ("select Sku, * from Account", Statement("Account")),
        ("select count(*) from Account", Statement("Account", counting=True)),
        ("select COUNT ( * ) from Account", Statement("Account", counting=True)),
        ("select count from Account", Statement("Account", ("count",))),
        ("select * from A startposition 5 maxresults 3", Statement("A", start=5, limit=3)),
        ("select * from A maxresults 3 startposition 5", Statement("A", start=5, limit=3)),
        ("select * from A MAXRESULTS -1", Statement("A", limit=-1)),
    ],
)
def test_statements(text: str, meaning: Statement) -> None:
    assert parse(text) == meaning


@pytest.mark.parametrize("spelling", ["orderby", "ORDER BY", "order\n by", "OrderBy"])
def test_both_spellings_of_the_order(spelling: str) -> None:
    statement = parse(f"select * from A {spelling} TxnDate desc, Id ASC, DocNumber")
    found = [(each.path, each.descending) for each in statement.orders]
    assert found == [("TxnDate", True), ("Id", False), ("DocNumber", False)]


@pytest.mark.parametrize(
    "clauses",
    [
        "orderby Id startposition 2 maxresults 9",
        "startposition 2 orderby Id maxresults 9",
        "maxresults 9 startposition 2 order by Id",
    ],
)
def test_the_last_three_clauses_come_in_any_order(clauses: str) -> None:
    statement = parse(f"select * from A where Id = '1' {clauses}")
    assert (statement.start, statement.limit) == (2, 9)
    assert isinstance(statement.orders[0], Order)
    assert statement.orders[0].path == "Id"


def test_conditions() -> None:
    assert conditions(
        "Id in ('1', 2) AND TxnDate>='2026-01-01' and DocNumber LIKE '%x%' and Active = true"
    ) == [
        ("Id", Op.EQ, [(Kind.STRING, "1"), (Kind.NUMBER, "2")]),
        ("TxnDate", Op.GE, [(Kind.STRING, "2026-01-01")]),
        ("DocNumber", None, [(Kind.STRING, "%x%")]),
        ("Active", Op.EQ, [(Kind.WORD, "true")]),
    ]


@pytest.mark.parametrize("op", ["=", "<", ">", "<=", ">="])
def test_operators_need_no_blanks(op: str) -> None:
    for text in (f"a{op}'x'", f"a {op}'x'", f"a{op} 'x'"):
        assert conditions(text) == [("a", Op(op), [(Kind.STRING, "x")])]


@pytest.mark.parametrize(
    ("literal", "kind", "text"),
    [
        ("'plain'", Kind.STRING, "plain"),
        ("''", Kind.STRING, ""),
        (r"'O\'Neil'", Kind.STRING, "O'Neil"),
        (r"'back\\slash'", Kind.STRING, "back\\slash"),
        (r"'C:\new'", Kind.STRING, r"C:\new"),
        (r"'\\\''", Kind.STRING, "\\'"),
        ("'two\nlines'", Kind.STRING, "two\nlines"),
        ("'select, from; (where)'", Kind.STRING, "select, from; (where)"),
        ("'é🧾'", Kind.STRING, "é🧾"),
        ("12", Kind.NUMBER, "12"),
        ("-1.50", Kind.NUMBER, "-1.50"),
        ("2026-01-31", Kind.DATE, "2026-01-31"),
        ("2026-01-31T10:00:00-08:00", Kind.DATE, "2026-01-31T10:00:00-08:00"),
        ("TRUE", Kind.WORD, "TRUE"),
        ("current_date", Kind.WORD, "current_date"),
    ],
)
def test_literals(literal: str, kind: Kind, text: str) -> None:
    assert conditions(f"a = {literal}") == [("a", Op.EQ, [(kind, text)])]


@given(st.text())
@example("\\")
@example("'")
@example("\\'")
def test_any_text_can_be_quoted(text: str) -> None:
    """A backslash before each quote and backslash is all that quoting takes."""
    quoted = text.replace("\\", "\\\\").replace("'", "\\'")
    assert conditions(f"a = '{quoted}'") == [("a", Op.EQ, [(Kind.STRING, text)])]


# What does not


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("", 'Encountered "<EOF>" at line 0, column 0.\nWas expecting:\n    "select" ...'),
        (" \n ", 'Encountered "<EOF>" at line 0, column 0.\nWas expecting:\n    "select" ...'),
        (
            "update Account",
            'Encountered " <IDENTIFIER> "update "" at line 1, column 1.\n'
            'Was expecting:\n    "select" ...',
        ),
        (
            "select from Account",
            'Encountered " "from" "from "" at line 1, column 8.\n'
            'Was expecting one of:\n    "*" ...\n    <IDENTIFIER> ...',
        ),
        (
            "select *\n  form Account",
            'Encountered " <IDENTIFIER> "form "" at line 2, column 3.\n'
            'Was expecting:\n    "from" ...',
        ),
        (
            "select * from where",
            'Encountered " "where" "where "" at line 1, column 15.\n'
            "Was expecting:\n    <IDENTIFIER> ...",
        ),
        (
            "select * from Account where Name = 'O''Neil'",
            'Encountered " <STRING_LITERAL> "Neil "" at line 1, column 39.\n'
            'Was expecting one of:\n    "and" ...\n    <EOF> \n    "orderby" ...\n'
            '    "startposition" ...\n    "maxresults" ...',
        ),
        (
            "select * from Account wher Name = 'x'",
            'Encountered " <IDENTIFIER> "wher "" at line 1, column 23.\n'
            'Was expecting one of:\n    "where" ...\n    <EOF> \n    "orderby" ...\n'
            '    "startposition" ...\n    "maxresults" ...',
        ),
        (
            "select * from Account where",
            'Encountered "<EOF>" at line 1, column 28.\nWas expecting:\n    <IDENTIFIER> ...',
        ),
        (
            "select * from A where a = 'x' % ",
            "Invalid content. Lexical error at line 1, column 31.  "
            'Encountered: "%" (37), after : ""',
        ),
        (
            "select *\nfrom A where\n a = 'open",
            "Invalid content. Lexical error at line 3, column 6.  "
            'Encountered: "\'" (39), after : ""',
        ),
        (
            "select *\u00a0from A",
            "Invalid content. Lexical error at line 1, column 9.  "
            'Encountered: "\u00a0" (160), after : ""',
        ),
    ],
)
def test_where_it_does_not_parse(text: str, detail: str) -> None:
    assert refused(text) == ("4000", f"QueryParserError: {detail}")


@pytest.mark.parametrize(
    "tail",
    [
        "where a = 'x' or b = 'y'",
        "where not a = 'x'",
        "where (a = 'x')",
        "where a != 'x'",
        "where a <> 'x'",
        "where a = b",
        "where a = ",
        "where a in 'x'",
        "where a in ()",
        "where a in ('x'",
        "where a in ('x',)",
        "where a like 5",
        "where a like true",
        "where 'x' = a",
        "where a = 'x' and",
        "where a = 'x' where b = 'y'",
        "where a is null",
        "where upper(a) = 'x'",
        "orderby",
        "order Id",
        "orderby Id,",
        "orderby Id orderby Id",
        "startposition",
        "startposition '1'",
        "startposition 1.5",
        "startposition 1 startposition 2",
        "maxresults ten",
        "maxresults 1 maxresults 1",
        "group by a",
        "; drop table x",
        "where a = '\\'",
        ", Customer",
    ],
)
def test_tails_that_do_not_parse(tail: str) -> None:
    code, detail = refused(f"select * from A {tail}")
    assert code == "4000"
    assert detail.startswith("QueryParserError: ")


@pytest.mark.parametrize("head", ["select", "select count(*", "select count(Id) from A", "from A"])
def test_heads_that_do_not_parse(head: str) -> None:
    assert refused(head)[0] == "4000"


# Bounds


def test_bounds_are_said() -> None:
    """Each bound is reached without a fault, and passed with one that names it."""
    head = "select * from A where "
    filled = head + f"a = '{'x' * (STATEMENT_LENGTH_MAX - len(head) - 6)}'"
    assert len(filled) == STATEMENT_LENGTH_MAX
    assert parse(filled)
    assert refused(filled + " ") == (
        "4001",
        f"QueryValidationError: statement is longer than {STATEMENT_LENGTH_MAX} characters",
    )
    assert len(parse(head + " and ".join(["a=1"] * CONDITIONS_MAX)).conditions) == CONDITIONS_MAX
    assert refused(head + " and ".join(["a=1"] * (CONDITIONS_MAX + 1))) == (
        "4001",
        f"QueryValidationError: statement has more than {CONDITIONS_MAX} conditions",
    )
    values = ",".join(["1"] * FILTER_LIST_MAX)
    assert len(parse(f"{head} a in ({values})").conditions[0].values) == FILTER_LIST_MAX
    assert refused(f"{head} a in ({values},1)") == (
        "4001",
        f"QueryValidationError: a list has more than {FILTER_LIST_MAX} values",
    )
    assert refused("* " * (TOKENS_MAX + 1)) == (
        "4001",
        f"QueryValidationError: statement has more than {TOKENS_MAX} words and signs",
    )


def test_positions_beyond_any_books() -> None:
    """Numbers of any length are read, and bounded."""
    statement = parse(f"select * from A startposition {'9' * 5_000} maxresults 99999999999")
    assert statement.start == statement.limit == 10**10


@pytest.mark.parametrize(
    "text",
    [
        "x" * 1_000_000,
        "'" * 60_000,
        "select * from A where a = '" + "\\" * 60_000,
        "select " + "a," * 30_000,
        "select * from A where a in (" + "1," * 30_000,
        "select * from A where " + "a=1 and " * 8_000,
        "(" * 60_000,
        "select * from A orderby " + "a," * 30_000,
    ],
)
def test_long_junk_ends_soon(text: str) -> None:
    assert refused(text)[0] in ("4000", "4001")


PIECES = st.sampled_from(
    [
        *("select", "from", "where", "and", "in", "like", "order", "by", "orderby", "asc", "desc"),
        *("startposition", "maxresults", "count", "*", "(", ")", ",", "=", "<", ">=", "true"),
        *("Id", "Line.*", "JournalEntry", "'x'", "'", "\\", "5", "-1", "2026-01-01", "%", "\n"),
        *("CURRENT_DATE", "\u00a0", "\u0000", "é", ".", "''", '"'),
    ]
)


@given(st.one_of(st.text(), st.lists(PIECES).map(" ".join), st.lists(PIECES).map("".join)))
def test_any_text_parses_or_is_refused(text: str) -> None:
    """Nothing but `QboFault` comes out, with one error."""
    code, entity = "", ""
    try:
        entity = parse(text).entity
    except QboFault as fault:
        (error,) = fault.errors
        code = error.code
    assert code in ("4000", "4001") if code else entity and entity in text
