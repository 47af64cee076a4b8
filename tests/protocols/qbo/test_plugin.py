"""The entrance: tokens, realms, addresses, headers, and what the gateway says."""

import re
from typing import Any

import pytest
from tests.support.qbo import REALM, TOKEN, Answer, Wire, two_lines

from daybook.app.access import Rejection, Scope
from daybook.app.ports import Overloaded
from daybook.domain.model import CompanyStatus
from daybook.protocols.kit import json as exact
from daybook.protocols.kit.plugin import Problem, Request
from daybook.protocols.qbo.limits import ASIDE_BYTES_MIN, ASIDE_LINES_MIN, BODY_BYTES_MAX
from daybook.protocols.qbo.operations import NAMES

OTHER_REALM = "9130357766900002"


@pytest.fixture
def wire() -> Wire:
    return Wire()


def path(rest: str, realm: str = REALM) -> str:
    return f"/v3/company/{realm}/{rest}"


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


# Headers and envelopes


def test_headers_of_answers_and_faults(wire: Wire) -> None:
    answer = wire.get("preferences")
    assert answer.headers["Content-Type"] == "application/json;charset=utf-8"
    assert answer.headers["Cache-Control"] == (
        "max-age=0, no-cache, no-store, must-revalidate, private"
    )
    assert answer.headers["Expires"] == "0"
    assert re.fullmatch(r"\d+\.\d+", answer.headers["QBO-Version"])
    assert re.fullmatch(r"1-[0-9a-f]{8}-[0-9a-f]{24}", answer.headers["intuit_tid"])
    fault = wire.get("journalentry/9")
    assert fault.headers["Content-Type"] == "application/json"
    assert fault.headers["intuit_tid"] != answer.headers["intuit_tid"]


def test_time_is_in_the_companys_zone(wire: Wire) -> None:
    """Milliseconds and a numeric offset, on answers and faults; none on faults about an id."""
    written = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}-07:00"
    assert re.fullmatch(written, wire.get("preferences").json["time"])
    assert re.fullmatch(written, wire.get("journalentry/9").json["time"])
    bad_id = wire.get("journalentry/1.5")
    assert "time" not in bad_id.json
    assert bad_id.errors == [
        {
            "Message": "Invalid ID",
            "Detail": "Id should be a valid number. Supplied value:1.5",
            "code": "2030",
            "element": "Id",
        }
    ]


# Who


def gateway(answer: Answer) -> dict[str, Any]:
    """The one error of a gateway fault, whose other members are checked."""
    body = answer.json
    assert list(body) == [
        "warnings",
        "intuitObject",
        "fault",
        "report",
        "queryResponse",
        "batchItemResponse",
        "attachableResponse",
        "syncErrorResponse",
        "requestId",
        "time",
        "status",
        "cdcresponse",
    ]
    assert isinstance(body["time"], int)
    (error,) = body["fault"]["error"]
    return {**error, "type": body["fault"]["type"], "status": answer.status}


@pytest.mark.parametrize(
    ("headers", "detail"),
    [
        ({}, None),
        ({"authorization": "Basic eDp5"}, None),
        ({"authorization": "Bearer"}, None),
        (bearer("unheard-of"), None),
        (bearer("old"), "Token expired"),
        (bearer("gone"), "Token revoked"),
        (bearer("x" * 9), "Malformed bearer token: too short or too long"),
    ],
)
def test_tokens_that_are_not_believed(
    wire: Wire, headers: dict[str, str], detail: str | None
) -> None:
    wire.tokens.known |= {
        "old": Rejection.EXPIRED,
        "gone": Rejection.REVOKED,
        "x" * 9: Rejection.MALFORMED,
    }
    answer = wire.send("GET", path("preferences"), headers=headers)
    assert gateway(answer) == {
        "message": "message=AuthenticationFailed; errorCode=003200; statusCode=401",
        "detail": detail,
        "code": "3200",
        "element": None,
        "type": "AUTHENTICATION",
        "status": 401,
    }
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="Intuit", error="invalid_token"'


def test_the_scheme_is_in_any_case(wire: Wire) -> None:
    headers = {"authorization": f"bearer  {TOKEN} "}
    assert wire.send("GET", path("preferences"), headers=headers).status == 200


@pytest.mark.parametrize("realm", [OTHER_REALM, "1", "x", "0" * 19, "9" * 30, "%00"])
def test_realms_that_the_token_does_not_open(wire: Wire, realm: str) -> None:
    """A company of somebody else and one that is not there give the same answer."""
    wire.found(OTHER_REALM)
    answer = wire.send("GET", path("preferences", realm))
    assert gateway(answer) == {
        "message": "message=AuthorizationFailed; errorCode=003100; statusCode=403",
        "detail": None,
        "code": "3100",
        "element": None,
        "type": "SERVICE",
        "status": 403,
    }


def test_companies_do_not_see_one_another(wire: Wire) -> None:
    other = wire.found(OTHER_REALM)
    wire.tokens.known["other"] = wire.principal(company=other)
    entry = wire.create("JournalEntry", two_lines())
    elsewhere = path(f"journalentry/{entry['Id']}", OTHER_REALM)
    assert wire.send("GET", elsewhere, headers=bearer("other")).codes == ["610"]
    assert wire.send("GET", path("preferences"), headers=bearer("other")).status == 403


def test_scopes(wire: Wire) -> None:
    """Writing takes reading too, since its answer shows the record; settings take more."""
    body = b'{"Line":[]}'
    for scopes, read, write, settings in (
        ({Scope.READ}, 200, 403, 403),
        ({Scope.WRITE}, 403, 403, 403),
        ({Scope.READ, Scope.WRITE}, 200, 400, 403),
    ):
        wire.tokens.known["t"] = wire.principal(frozenset(scopes))
        headers = bearer("t")
        assert wire.send("GET", path("preferences"), headers=headers).status == read
        statement = b"select * from Account"
        assert wire.send("POST", path("query"), statement, headers=headers).status == read
        answer = wire.send("POST", path("journalentry"), body, headers=headers)
        assert answer.status == write
        change = b'{"Id":"1","SyncToken":"0","sparse":true,"TaxPrefs":{"UsingSalesTax":true}}'
        answer = wire.send("POST", path("preferences"), change, headers=headers)
        assert answer.status == settings


def test_a_company_whose_books_are_closed_for_good(wire: Wire) -> None:
    wire.configure(status=CompanyStatus.INACTIVE)
    answer = wire.post("journalentry", two_lines())
    assert answer.codes == ["6190"]
    assert wire.get("preferences").status == 200


# What


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("GET", "foo"),
        ("POST", "foo"),
        ("PUT", "journalentry"),
        ("DELETE", "journalentry/1"),
        ("PATCH", "journalentry"),
        ("GET", "journalentry"),
        ("GET", "journalentry/1/pdf"),
        ("POST", "journalentry/1"),
        ("POST", "cdc"),
        ("GET", "batch"),
        ("GET", ""),
        ("POST", "taxservice"),
        ("GET", "reports/TrialBalance"),
    ],
)
def test_addresses_behind_which_there_is_nothing(wire: Wire, method: str, rest: str) -> None:
    answer = wire.send(method, path(rest), b"{}")
    assert answer.status == 400
    assert answer.codes == ["500"]
    assert answer.errors[0]["Detail"] == (
        f"Operation Could not find resource for relative : {path(rest)} of full path: URL is not"
        " supported."
    )
    assert "element" not in answer.errors[0]


@pytest.mark.parametrize("whole", ["/v3", "/v3/", "/v3/company", f"/v3/company/{REALM}"])
def test_short_paths(wire: Wire, whole: str) -> None:
    assert wire.send("GET", whole).codes == ["500"]


def test_resources_are_named_in_any_case(wire: Wire) -> None:
    assert wire.get("Account/1").status == 200
    assert wire.get("ACCOUNT/1/").status == 200
    assert wire.get("companyInfo/1").status == 200
    assert wire.post("journalEntry", two_lines()).status == 200


def test_parameters_are_read_tolerantly(wire: Wire) -> None:
    query = "&&minorversion=banana&format=json&include=&foo=bar+baz&&"
    assert wire.get("account/1", query).status == 200
    assert wire.post("journalentry", two_lines(), query).status == 200
    assert wire.get("account/1", "a&" * 2_000).codes == ["2010"]


def test_every_entity_can_be_read_and_asked_for(wire: Wire) -> None:
    """No route is left without a handler that answers in this wire's shape."""
    for name in NAMES:
        answer = wire.get(f"{name}/999")
        assert answer.status == 400
        assert answer.codes in (["610"], ["2020"])
        assert wire.post(name, {"BadJson": 1}).codes in (["2010"], ["5030"])


# Bodies


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b'<?xml version="1.0"?><JournalEntry/>', ""),
        (b"  <JournalEntry/>", "text/plain"),
        (b"{}", "application/xml;charset=UTF-8"),
        (b"{}", "text/xml"),
    ],
)
def test_xml_bodies_are_refused_and_say_so(wire: Wire, body: bytes, media_type: str) -> None:
    headers = {**bearer(TOKEN), "content-type": media_type}
    answer = wire.send("POST", path("journalentry"), body, headers=headers)
    assert answer.status == 400
    assert answer.codes == ["500"]
    assert "XML" in answer.errors[0]["Detail"]
    assert "JSON" in (answer.response.diagnosis or "")


def test_json_is_read_whatever_its_media_type(wire: Wire) -> None:
    headers = {**bearer(TOKEN), "content-type": "text/plain"}
    answer = wire.send("POST", path("department"), b' {"Name":"Rome"}', headers=headers)
    assert answer.status == 200


def test_bytes_that_are_no_text(wire: Wire) -> None:
    answer = wire.post("journalentry", b'{"DocNumber":"\xff"}')
    assert answer.codes == ["500"]
    assert answer.errors[0]["Message"] == "Unsupported Operation"


def test_hostile_json_ends_early(wire: Wire) -> None:
    amount = b'{"Line":[{"DetailType":"JournalEntryLineDetail","Amount":'
    for body in (
        b'{"Line":' + b"[" * 100_000,
        amount + b"[" * 100_000,
        amount + b"[" * 100_000 + b"]" * 100_000 + b"}]}",
        amount + b'{"a":' * 100_000,
        b'{"ExchangeRate":1e1000000}',
        b'{"Id":"\\ud800"}',
    ):
        assert wire.post("journalentry", body).codes == ["2010"]


# The server's own


@pytest.mark.parametrize(
    ("problem", "status", "code"),
    [
        (Problem.TOO_LARGE, 413, "6000"),
        (Problem.BAD_ENCODING, 400, "500"),
        (Problem.TIMEOUT, 408, "10000"),
        (Problem.INTERNAL, 500, "10000"),
        (Problem.SHUTTING_DOWN, 503, "10000"),
    ],
)
def test_what_never_reached_the_wire(wire: Wire, problem: Problem, status: int, code: str) -> None:
    request = Request("POST", path("journalentry"), "", {}, b"", "0" * 32, "http://x")
    answer = Answer(wire.plugin.refuse(request, problem))
    assert answer.status == status
    assert answer.codes == [code]
    if code == "10000":
        assert answer.json["Fault"]["type"] == "SystemFault"
        assert answer.errors[0]["Detail"].startswith("System Failure Error: ")


def test_too_many_bodies_under_way_are_throttling(wire: Wire) -> None:
    request = Request("POST", path("journalentry"), "", {}, b"", "0" * 32, "http://x")
    error = gateway(Answer(wire.plugin.refuse(request, Problem.OVERLOADED)))
    assert (error["status"], error["code"]) == (429, "3001")


def test_callers_are_judged_before_their_body_is_read(wire: Wire) -> None:
    """In the same words as with it."""

    def admitted(rest: str, headers: dict[str, str]) -> Answer | None:
        request = Request("POST", rest, "", headers, b"", "0" * 32, "http://x")
        response = wire.plugin.admit(request)
        return None if response is None else Answer(response)

    assert admitted(path("journalentry"), bearer(TOKEN)) is None
    for rest, headers in (
        (path("journalentry"), {}),
        (path("journalentry"), bearer("unknown")),
        (path("journalentry", OTHER_REALM), bearer(TOKEN)),
        ("/v3/journalentry", bearer(TOKEN)),
    ):
        refused = admitted(rest, headers)
        assert refused is not None
        handled = wire.send("POST", rest, b"{}", headers=headers)
        assert refused.status == handled.status
        assert refused.response.diagnosis == handled.response.diagnosis


def test_bodies_of_the_largest_entries_fit(wire: Wire) -> None:
    assert wire.plugin.limits.body_bytes_max == BODY_BYTES_MAX
    assert BODY_BYTES_MAX >= 10_000 * 800


def test_metrics_have_a_closed_set_of_names(wire: Wire) -> None:
    def name(method: str, rest: str) -> str:
        request = Request(method, rest, "", {}, b"", "0" * 32, "http://x")
        return wire.plugin.operation(request)

    assert name("GET", path("journalentry/17")) == "get journalentry"
    assert name("POST", path("JournalEntry")) == "post journalentry"
    assert name("GET", path("batch")) == "other"
    assert name("PUT", path("foo")) == "other"
    assert name("GET", "/v3") == "other"


def test_a_list_is_asked_for_by_a_query(wire: Wire) -> None:
    answer = wire.get("journalentry")
    assert answer.codes == ["500"]
    assert (answer.response.diagnosis or "").endswith(
        "; GET names one record; select * from journalentry by /query lists them"
    )
    assert "/query" not in (wire.get("journalentry/1/2").response.diagnosis or "")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'{"Line": [null]}', "Line[0] is not an object"),
        (b'{"Amount": 1e1000000}', "the body is not taken: a number is out of range"),
        (b'{"A": "\\u0000"}', "the body is not taken: a text contains the NUL character"),
        (b'{"A"', "the body is not JSON: the text ends early"),
    ],
)
def test_what_is_wrong_with_a_body_is_said_plainly(wire: Wire, body: bytes, told: str) -> None:
    assert wire.post("journalentry", body).response.diagnosis == told


def test_long_entries_are_shown_aside(wire: Wire) -> None:
    """On the event loop they would hold up everybody else."""
    for lines, goes in ((ASIDE_LINES_MIN - 2, False), (ASIDE_LINES_MIN, True)):
        made = wire.create("JournalEntry", two_lines(Line=two_lines()["Line"] * (lines // 2)))
        before = wire.runtime.aside
        answer = wire.get(f"journalentry/{made['Id']}")
        assert answer.json["JournalEntry"] == made
        assert (wire.runtime.aside > before) is goes


def test_a_long_entry_is_refused_where_too_many_wait(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = wire.create("JournalEntry", two_lines(Line=two_lines()["Line"] * ASIDE_LINES_MIN))

    def full(work: object) -> object:
        raise Overloaded("too many scans are waiting for a thread")

    monkeypatch.setattr(wire.runtime, "in_thread", full)
    assert wire.get(f"journalentry/{made['Id']}").status == 429


def test_large_bodies_are_read_aside(wire: Wire) -> None:
    """On the event loop they would hold up everybody else."""
    filling = b" " * ASIDE_BYTES_MIN
    for entity, body in (
        ("journalentry", two_lines()),
        ("journalentry", two_lines(Adjustment=True)),
        ("customer", {"DisplayName": "Nova"}),
    ):
        sent = exact.encode(body)
        before = wire.runtime.aside
        assert wire.post(entity, sent[:-1] + filling + b"}").status == 200
        assert wire.runtime.aside > before
    before = wire.runtime.aside
    assert wire.post("journalentry", two_lines()).status == 200
    assert wire.runtime.aside == before
