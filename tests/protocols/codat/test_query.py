"""The query language: what parses, and into which tree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.protocols.codat.errors import CodatError
from daybook.protocols.codat.limits import BRACES_DEPTH_MAX, QUERY_LENGTH_MAX
from daybook.protocols.codat.query import Both, Clause, Either, Tree, parse

A, B, C = Clause("a", "=", "1"), Clause("b", "=", "2"), Clause("c", "=", "3")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a=1", A),
        ("  a  =  1  ", A),
        ("{a=1}", A),
        ("{ { a=1 } }", A),
        ("a=1&&b=2", Both((A, B))),
        ("a=1||b=2", Either((A, B))),
        ("a=1||b=2&&c=3", Either((A, Both((B, C))))),
        ("{a=1||b=2}&&c=3", Both((Either((A, B)), C))),
        ("a=1 && {b=2 || {c=3}}", Both((A, Either((B, C))))),
        ("a!=1", Clause("a", "!=", "1")),
        ("a!~1", Clause("a", "!~", "1")),
        ("a>=1", Clause("a", ">=", "1")),
        ("a<=1", Clause("a", "<=", "1")),
        ("a>1", Clause("a", ">", "1")),
        ("a<1", Clause("a", "<", "1")),
        ("a~1", Clause("a", "~", "1")),
        ("description~[PO-123]", Clause("description", "~", "[PO-123]")),
        ("name=Online customer (x)", Clause("name", "=", "Online customer (x)")),
        ("name=A&B|C", Clause("name", "=", "A&B|C")),
        ("name=a=b~c<d>e!f", Clause("name", "=", "a=b~c<d>e!f")),
        ("metadata.isDeleted!=true", Clause("metadata.isDeleted", "!=", "true")),
        ("name='a b'", Clause("name", "=", "a b")),
        ('name="a b"', Clause("name", "=", "a b")),
        ("name='a\"", Clause("name", "=", "'a\"")),
        ("name=", Clause("name", "=", "")),
    ],
)
def test_queries_and_their_trees(text: str, tree: Tree) -> None:
    assert parse(text) == tree


@pytest.mark.parametrize("text", ["", "   ", "\t"])
def test_a_blank_query_asks_for_everything(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("a", "=1", "a=1&&", "&&a=1", "a=1&&&&b=2", "a=1||", "||", "{", "}", "{}", "{a=1", "a=1}"),
        *("a=1{b=2}", "{a=1}{b=2}", "{a=1}b=2", "a=1||&&b=2", "{a=1&&}"),
    ],
)
def test_what_does_not_parse(text: str) -> None:
    with pytest.raises(CodatError, match="Malformed query") as caught:
        parse(text)
    assert caught.value.status == 400


def test_the_bounds_on_length_and_depth() -> None:
    parse("a=" + "x" * (QUERY_LENGTH_MAX - 2))
    with pytest.raises(CodatError):
        parse("a=" + "x" * (QUERY_LENGTH_MAX - 1))
    deepest = "{" * BRACES_DEPTH_MAX + "a=1" + "}" * BRACES_DEPTH_MAX
    assert parse(deepest) == A
    with pytest.raises(CodatError):
        parse("{" + deepest + "}")
    with pytest.raises(CodatError):
        parse("{" * QUERY_LENGTH_MAX)


@given(st.text(alphabet="ab=!~<>&|{} '1", max_size=40))
def test_any_text_parses_or_is_malformed(text: str) -> None:
    status = 200
    try:
        parse(text)
    except CodatError as error:
        status = error.status
    assert status in (200, 400)
