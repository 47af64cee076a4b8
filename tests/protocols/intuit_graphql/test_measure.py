"""Hostile documents are refused before anything is carried out, and quickly."""

import time

import pytest
from graphql import get_introspection_query
from tests.support.graphql import GraphqlWire

from daybook.protocols.intuit_graphql import execution
from daybook.protocols.intuit_graphql.limits import ANSWERS_KEPT

SECONDS_MAX = 0.25
"""What a hostile document may cost, in processor time: the machine may do other things too."""

ALIASES = " ".join(f"a{at}: company {{ id }}" for at in range(2_000))
FIELDS = " ".join(["id"] * 3_000)
SPREADS = "".join(
    f"fragment F{at} on Account {{ parent {{ ...F{at + 1} ...F{at + 1} }}"
    f" x: parent {{ ...F{at + 1} }} }} "
    for at in range(60)
)
BLOCKS = '"""\\' * 30_000
SCHEMA = "types { name fields { name args { name type { name ofType { name } } } type { name } } }"

HOSTILE = {
    "aliases": f"{{ {ALIASES} }}",
    "few aliases": "{ " + " ".join(f"a{at}: company {{ id }}" for at in range(51)) + " }",
    "repeated fields": f"{{ company {{ {FIELDS} }} }}",
    "braces": "{a" * 100_000,
    "braces alone": "{" * 100_000,
    "closed braces": "{" * 50_000 + "}" * 50_000,
    "brackets": "{ a(x: " + "[" * 40_000,
    "objects": "{ a(x: " + "{a:" * 20_000,
    "long text": '{ node(id: "' + "x" * 1_000_000 + '") { id } }',
    "long name": "{ " + "x" * 1_000_000 + " }",
    "long comment": "#" + "x" * 1_000_000,
    "commas": "{ company " + "," * 200_000 + "{ id } }",
    "directives": "{ company { id " + "@skip(if: false) " * 2_000 + "} }",
    "unfinished blocks": "{ node(id: " + BLOCKS,
    "deep": "{ company { accounts { nodes {" + " parent {" * 30 + "id" + "}" * 34,
    "fragments in a circle": "{ company { ...A } } fragment A on Company { ...B }"
    " fragment B on Company { ...A }",
    "a circle through fields": "{ node(id: 1) { ...A } } fragment A on Account { parent { ...A } }",
    "fragments that double": "{ company { accounts { nodes { ...F0 } } } } "
    + SPREADS
    + "fragment F60 on Account { id }",
    "fragments with the same fields": "{ company { "
    + " ".join(f"...F{at}" for at in range(150))
    + " } } "
    + " ".join(f"fragment F{at} on Company {{ {' '.join(['id'] * 50)} }}" for at in range(150)),
    "pages of pages": "{ nodes(ids: "
    + str(["x"] * 900).replace("'", '"')
    + ") { ... on Company { journalEntries(first: 1000) { nodes { id } } } } }",
    "a large page of much": "{ company { journalEntries(first: 1000) { nodes { entryLines {"
    " tax { taxGroup { saleRates { taxRate { id } } purchaseRates { taxRate { id } } } } } } } } }",
    "deep introspection": "{ __schema { types { fields { type { fields { type { fields { type {"
    " fields { name } } } } } } } } } }",
    "the schema again and again": "{ "
    + " ".join(f"a{at}: __schema {{ {SCHEMA} }}" for at in range(50))
    + " }",
    "parts of the schema again and again": "{ __schema { "
    + " ".join(f"a{at}: {SCHEMA}" for at in range(50))
    + " } }",
    "variables that are not there": "{ company { id @skip(if: $x) } }",
    "unknown fields": "{ company { " + " ".join(f"f{at}" for at in range(3_000)) + " } }",
}


@pytest.fixture(scope="module")
def wire() -> GraphqlWire:
    made = GraphqlWire()
    made.post("{ __typename }")
    return made


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_documents(wire: GraphqlWire, name: str) -> None:
    best = 60.0
    for _ in range(2):
        started = time.thread_time()
        answer = wire.post(HOSTILE[name])
        best = min(best, time.thread_time() - started)
    assert answer.status == 400, answer.response.body[:300]
    assert set(answer.codes) <= {"VAL-9020", "VAL-0100"}
    assert best < SECONDS_MAX


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("50 aliases", "{ " + " ".join(f"a{at}: company {{ id }}" for at in range(50)) + " }"),
        ("ten parents", "{ company { accounts { nodes {" + " parent {" * 11 + "id" + "}" * 15),
        ("ten directives", "{ company { id " + "@include(if: true) " + "} }"),
        ("250 names", "{ company { accounts { nodes { " + "id name active " * 40 + "} } } }"),
        ("blocks", '{ node(id: """a \\""" "b" """) { id } }'),
        ("comments", "# one { {\n{ company { # two }\n id } }"),
    ],
)
def test_what_is_large_and_honest(wire: GraphqlWire, name: str, text: str) -> None:
    assert wire.post(text).data is not None, name


def test_what_tools_ask_of_the_schema(wire: GraphqlWire) -> None:
    """The usual query of tools with all that it can ask for; answered from memory after that."""
    text = get_introspection_query(
        specified_by_url=True,
        directive_is_repeatable=True,
        schema_description=True,
        input_value_deprecation=True,
    )
    first = wire.post(text)
    assert first.data["__schema"]["types"]
    started = time.thread_time()
    assert wire.post(text).response.body == first.response.body
    assert time.thread_time() - started < SECONDS_MAX / 5


def test_answers_about_the_schema_are_kept_with_a_bound(wire: GraphqlWire) -> None:
    for at in range(ANSWERS_KEPT + 5):
        wire.post(f'{{ __type(name: "Query") {{ name a{at}: name }} }}')
    assert len(execution._ANSWERS) == ANSWERS_KEPT


def test_page_sizes_in_variables_count(wire: GraphqlWire) -> None:
    text = (
        "query ($n: Int, $p: PaginationInput) { company { journalEntries(first: $n, pagination: $p)"
        " { nodes { entryLines { tax { taxGroup { saleRates { taxRate { id } } purchaseRates"
        " { taxRate { id } } } } } } } } }"
    )
    assert wire.post(text, {"n": 10}).data
    for variables in ({"n": 1000}, {"p": {"first": 1000}}, {"p": {"last": 1000}}):
        answer = wire.post(text, variables)
        assert (answer.status, answer.codes) == (400, ["VAL-9020"])


def test_documents_are_kept_with_a_bound() -> None:
    from daybook.protocols.intuit_graphql.documents import Documents
    from daybook.protocols.intuit_graphql.limits import DOCUMENTS_KEPT
    from daybook.protocols.intuit_graphql.schema import schema

    documents = Documents(schema())
    first = documents.read("{ a0: __typename }")
    assert documents.read("{ a0: __typename }") is first
    for at in range(DOCUMENTS_KEPT + 5):
        documents.read(f"{{ b{at}: __typename }}")
    assert len(documents) == DOCUMENTS_KEPT
    assert documents.read("{ a0: __typename }") is not first
