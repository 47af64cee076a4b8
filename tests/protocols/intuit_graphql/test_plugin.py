"""GraphQL over HTTP as this wire speaks it: methods, media types, status codes, tokens."""

import json
import math
from typing import Any

import pytest
from tests.support.graphql import GRAPHQL, JSON, OTHER_REALM, REALM, TOKEN, GraphqlWire

from daybook.app.access import Rejection, Scope
from daybook.protocols.intuit_graphql.plugin import PATH
from daybook.protocols.kit.plugin import Problem, Request
from daybook.storage.memory import reader

NAME = "{ company { companyName } }"
DELETE = 'mutation { deleteJournalEntry(id: "80") { success } }'


@pytest.fixture(scope="module")
def wire() -> GraphqlWire:
    return GraphqlWire()


def test_get_and_post_answer_alike(wire: GraphqlWire) -> None:
    text = """query q($id: String) {
      company { journalEntries(filter: {id: {equals: $id}}) { totalCount } } }"""
    posted = wire.post(text, {"id": "96"}, "q")
    got = wire.get(text, {"id": "96"}, operationName="q")
    assert posted.response.body == got.response.body
    assert posted.data["company"]["journalEntries"]["totalCount"] == 1


def test_a_mutation_by_get_is_not_carried_out(wire: GraphqlWire) -> None:
    answer = wire.get(DELETE)
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert wire.get('{ node(id: "x") { id } }').data == {"node": None}
    assert wire.post(NAME).data


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "QUERY"])
def test_other_methods(wire: GraphqlWire, method: str) -> None:
    answer = wire.send(method)
    assert (answer.status, answer.json["code"]) == (405, "MethodNotAllowed")
    assert answer.headers["allow"] == "GET, POST, OPTIONS"


def test_options(wire: GraphqlWire) -> None:
    assert wire.send("OPTIONS", token=None).status == 204


@pytest.mark.parametrize(
    ("accept", "type"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, {JSON};q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.5, {JSON}", JSON),
        (f"{GRAPHQL}, {JSON}", GRAPHQL),
        (f"{GRAPHQL};q=0, */*", JSON),
        ("text/html, */*;q=0.1", JSON),
    ],
)
def test_media_types_of_answers(wire: GraphqlWire, accept: str, type: str) -> None:
    answer = wire.post(NAME, accept=accept)
    assert answer.headers["content-type"] == f"{type}; charset=utf-8"
    assert "Accept" in answer.headers["vary"]


@pytest.mark.parametrize("accept", ["text/plain", "image/png, text/*", f"{JSON};q=0"])
def test_an_answer_in_no_such_type(wire: GraphqlWire, accept: str) -> None:
    answer = wire.post(NAME, accept=accept)
    assert (answer.status, answer.json["code"]) == (406, "NotAcceptable")
    assert answer.headers["content-type"] == JSON


@pytest.mark.parametrize("type", ["", "text/plain", "application/x-www-form-urlencoded"])
def test_bodies_of_another_type(wire: GraphqlWire, type: str) -> None:
    answer = wire.send("POST", b"{}", headers={"content-type": type})
    assert (answer.status, answer.json["code"]) == (415, "UnsupportedMediaType")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b'"x"',
        b"[]",
        b'[{"query": "{ __typename }"}]',
        b"{}",
        b'{"query": 1}',
        b'{"query": ""}',
        b'{"query": "{ __typename }", "operationName": 1}',
        b'{"query": "{ __typename }", "variables": []}',
        b'{"query": "{ __typename }", "variables": "x"}',
        b'{"query": "{ __typename }", "extensions": 0}',
        b"\xff",
        b"[" * 100_000,
    ],
)
def test_what_is_no_request(wire: GraphqlWire, body: bytes) -> None:
    answer = wire.send("POST", body, headers={"content-type": JSON})
    assert answer.status == 400
    assert list(answer.json) == ["errors"]
    assert answer.errors[0]["extensions"]["innerCode"] == "BAD_REQUEST"


@pytest.mark.parametrize(
    ("text", "inner"),
    [
        ("{ company {", "GRAPHQL_PARSE_FAILED"),
        ("{ nothing }", "GRAPHQL_VALIDATION_FAILED"),
        ("query ($x: Int!) { company { accounts(first: $x) { totalCount } } }", "BAD_USER_INPUT"),
        ("query a { __typename } query b { __typename }", "OPERATION_RESOLUTION_FAILED"),
        ("fragment F on Company { id }", "GRAPHQL_VALIDATION_FAILED"),
    ],
)
def test_documents_that_are_refused(wire: GraphqlWire, text: str, inner: str) -> None:
    for accept in (JSON, GRAPHQL):
        answer = wire.post(text, accept=accept)
        assert answer.status == 400
        assert list(answer.json) == ["errors"], "a refused request has no data"
        shown = answer.errors[0]["extensions"]
        assert (shown["code"], shown["innerCode"]) == ("VAL-0100", inner)
        assert shown["classification"] == "VALIDATION_ERROR"


def test_a_syntax_error_says_where(wire: GraphqlWire) -> None:
    (error,) = wire.post("{\n  company {\n    id\n").errors
    assert error["message"] == "Syntax error. Unable to parse incoming request"
    assert error["locations"] == [{"line": 4, "column": 1}]
    assert error["extensions"]["innerMessage"].startswith("Syntax Error: ")


def test_an_unknown_operation(wire: GraphqlWire) -> None:
    answer = wire.post("query a { __typename }", operation="b")
    assert answer.errors[0]["extensions"]["innerCode"] == "OPERATION_RESOLUTION_FAILED"
    assert wire.post("query a { __typename }", operation="").data == {"__typename": "Query"}


def test_tokens(wire: GraphqlWire) -> None:
    wire.tokens.known["old"] = Rejection.EXPIRED
    for token in (None, "", "unknown", "old"):
        answer = wire.send("POST", b"{}", headers={"content-type": JSON}, token=token)
        assert (answer.status, answer.json["code"]) == (401, "AuthenticationFailed")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert set(answer.json) == {"code", "type", "message", "detail", "moreInfo"}


def test_a_token_without_the_scope(wire: GraphqlWire) -> None:
    wire.tokens.known["blind"] = wire.principal(frozenset())
    answer = wire.post("{ company { id } node(id: 1) { id } }", token="blind")
    assert answer.status == 200
    assert answer.json["data"] == {"company": None, "node": None}
    assert answer.codes == ["AHZ-0010", "AHZ-0010"]
    assert [error["path"] for error in answer.errors] == [["company"], ["node"]]
    wire.tokens.known["reader"] = wire.principal(frozenset({Scope.READ}))
    answer = wire.post(DELETE, token="reader")
    assert answer.json["data"] == {"deleteJournalEntry": None}
    assert answer.codes == ["AHZ-0010"]
    assert wire.post(NAME, token="reader").data


def test_which_company(wire: GraphqlWire) -> None:
    """That of the token; the header may say which, and may not say another."""
    both = wire.principal(frozenset(Scope), wire.company_id, wire.company(OTHER_REALM))
    wire.tokens.known["both"] = both
    sent = {"content-type": JSON}
    body = json.dumps({"query": NAME}).encode()

    def asked(realm: str | None, token: str) -> Any:
        more = {} if realm is None else {"intuit-realm-id": realm}
        answer = wire.send("POST", body, headers={**sent, **more}, token=token)
        if answer.status != 200:
            return answer.json["code"]
        return answer.data["company"]["companyName"]

    assert asked(None, TOKEN) == asked(REALM, TOKEN) == "Daybook Demo Ltd"
    assert asked(OTHER_REALM, "both") == "Second Demo Ltd"
    for header in ("\u00b2", "9" * 5_000):
        assert asked(header, TOKEN) == "AuthorizationFailed"
    for realm, token in ((OTHER_REALM, TOKEN), ("1", TOKEN), ("x", TOKEN), (None, "both")):
        assert asked(realm, token) == "AuthorizationFailed"


def test_introspection_can_be_switched_off() -> None:
    wire = GraphqlWire(settings={"graphql-introspection": "off"})
    answer = wire.post("{ __schema { types { name } } }")
    assert (answer.status, list(answer.json)) == (400, ["errors"])
    assert wire.post("{ __typename }").data == {"__typename": "Query"}


def test_sides_can_be_hidden() -> None:
    """As the published answers have them."""
    wire = GraphqlWire(settings={"graphql-null-line-type": "on"})
    text = "{ company { journalEntries(first: 1) { nodes { entryLines { entryLineType } } } } }"
    (entry,) = wire.post(text).data["company"]["journalEntries"]["nodes"]
    assert entry["entryLines"] == [{"entryLineType": None}] * 2


@pytest.mark.parametrize(
    ("problem", "status", "code"),
    [
        (Problem.TOO_LARGE, 413, "RequestTooLarge"),
        (Problem.BAD_ENCODING, 415, "UnsupportedMediaType"),
        (Problem.TIMEOUT, 408, "RequestTimeout"),
        (Problem.INTERNAL, 500, "InternalError"),
        (Problem.SHUTTING_DOWN, 503, "ServiceUnavailable"),
        (Problem.OVERLOADED, 503, "ServiceUnavailable"),
    ],
)
def test_problems_of_the_server(
    wire: GraphqlWire, problem: Problem, status: int, code: str
) -> None:
    request = Request("POST", PATH, "", {}, b"", "0" * 32, "http://x")
    response = wire.plugin.refuse(request, problem)
    body = json.loads(response.body)
    assert (response.status, body["code"]) == (status, code)
    assert body["type"] == ("INPUT" if status < 500 else "SYSTEM")


def test_a_caller_is_judged_before_the_body(wire: GraphqlWire) -> None:
    """By the head alone: what is wrong with it is said without waiting for anything."""

    def admitted(method: str = "POST", **headers: str) -> int | None:
        given = {name.replace("_", "-"): text for name, text in headers.items()}
        response = wire.plugin.admit(Request(method, PATH, "", given, b"", "0" * 32, "http://x"))
        return None if response is None else response.status

    assert admitted(content_type="application/json") == 401
    assert admitted(content_type="application/json", authorization="Bearer x") == 401
    assert admitted(content_type="text/plain") == 415
    assert admitted("GET") is None


def test_what_is_asked_has_few_names(wire: GraphqlWire) -> None:
    for method, name in (("POST", "post graphql"), ("GET", "get graphql"), ("PUT", "other")):
        request = Request(method, PATH, "", {}, b"", "0" * 32, "http://x")
        assert wire.plugin.operation(request) == name


def test_the_served_schema_is_the_file(wire: GraphqlWire) -> None:
    """Told back by introspection, it has the same types, fields and arguments."""
    from graphql import build_client_schema, build_schema, get_introspection_query
    from graphql.utilities import find_breaking_changes, find_dangerous_changes

    from daybook.protocols.intuit_graphql import schema

    text = get_introspection_query(specified_by_url=True)
    first, second = wire.post(text), wire.post(text)
    assert first.response.body == second.response.body
    served = build_client_schema(first.data)  # type: ignore[arg-type]
    written = build_schema(schema.text())
    for old, new in ((served, written), (written, served)):
        assert find_breaking_changes(old, new) == []
        assert find_dangerous_changes(old, new) == []


def test_every_field_shows_something(wire: GraphqlWire) -> None:
    """Each field of each type has a function, and no function is without its field."""
    from graphql import GraphQLObjectType

    from daybook.protocols.intuit_graphql import schema
    from daybook.protocols.intuit_graphql.fields import FIELDS
    from daybook.protocols.intuit_graphql.roots import LISTS, ROOTS
    from daybook.protocols.intuit_graphql.writing import MUTATIONS

    known = {name: set(fields) for name, fields in FIELDS.items()}
    known["Company"] |= set(LISTS)
    known |= {"Query": set(ROOTS), "Mutation": set(MUTATIONS)}
    types = schema.schema().type_map
    assert known == {
        name: set(type.fields)
        for name, type in types.items()
        if isinstance(type, GraphQLObjectType) and not name.startswith("__")
    }


def test_failures_are_errors_of_their_fields(
    wire: GraphqlWire, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What came before may have changed the books, so the rest of the answer stands."""
    from daybook.app.ports import StoreCorrupt
    from daybook.storage.memory.reader import Snapshot

    text = "{ node(id: 1) { id } company { companyName journalEntries { totalCount } } }"
    for failure, code in ((StoreCorrupt("broken"), "SYS-9001"), (KeyError("x"), "OTH-9000")):

        def fail(*_: object, failure: Exception = failure) -> None:
            raise failure

        monkeypatch.setattr(Snapshot, "entries", fail)
        answer = wire.post(text)
        assert answer.status == 200
        assert answer.json["data"]["company"] == {
            "companyName": "Daybook Demo Ltd",
            "journalEntries": None,
        }
        assert answer.codes == [code]
    assert "KeyError" in caplog.text
    assert "KeyError" not in str(answer.json)


def test_a_request_that_takes_too_long(wire: GraphqlWire, monkeypatch: pytest.MonkeyPatch) -> None:
    from daybook.protocols.intuit_graphql import plugin

    monkeypatch.setattr(plugin, "EXECUTION_SECONDS", -1.0)
    answer = wire.post("{ a: company { id } b: company { id } }")
    assert answer.json["data"] == {"a": None, "b": None}
    assert answer.codes == ["SYS-9001", "SYS-9001"]


def test_a_search_that_takes_too_long_is_broken_off(
    wire: GraphqlWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock is that of the store alone: time passes while it searches."""
    monkeypatch.setattr(reader, "monotonic", lambda: 0.0)
    search = '{ company { id journalEntries(filter: {memo: {contains: "x"}}) { totalCount } } }'
    assert "errors" not in wire.post(search).json
    monkeypatch.setattr(reader, "monotonic", lambda: math.inf)
    answer = wire.post(search)
    assert answer.status == 200
    assert answer.json["data"]["company"]["journalEntries"] is None
    assert answer.codes == ["SYS-9001"]
    [error] = answer.json["errors"]
    assert error["message"] == "The request takes too long; ask for less at a time."
