"""The entrance: keys, addresses, verbs, errors, headers; and whatever else may be sent."""

from base64 import b64encode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.codat import (
    COMPANY,
    KEY,
    OTHER,
    OTHER_KEY,
    UNKNOWN,
    Wire,
    basic,
    two_lines,
)

from daybook.app.access import Scope
from daybook.app.activity import begin
from daybook.protocols.kit.plugin import REQUESTS_PER_DAY_SETTING, Problem, Request

ENTRIES = f"/companies/{COMPANY}/data/journalEntries"


@pytest.fixture(scope="module")
def wire() -> Wire:
    return Wire()


@pytest.mark.parametrize(
    "header",
    [
        *("", "Basic", "Basic ", "Bearer secret", "Basic !!!", "Basic c2VjcmV", "secret"),
        *(basic("wrong"), basic("secret:password"), "Basic /w==", "Basic " + "A" * 10_000),
    ],
)
def test_keys_that_are_not_believed(wire: Wire, header: str) -> None:
    answer = wire.send("GET", ENTRIES, headers={"authorization": header}, key=None)
    assert answer.status == 401
    assert answer.json["error"] == "Unauthorized"
    assert answer.json["statusCode"] == 401
    assert list(answer.json) == [
        *("statusCode", "service", "error", "correlationId", "canBeRetried", "detailedErrorCode")
    ]
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


@pytest.mark.parametrize("header", ["Basic {}", "basic {}", "BASIC  {}", " Basic {} "])
@pytest.mark.parametrize("key", ["secret", "secret:"])
def test_keys_that_are_believed(wire: Wire, header: str, key: str) -> None:
    sealed = header.format(b64encode(key.encode()).decode())
    assert wire.send("GET", ENTRIES, headers={"authorization": sealed}, key=None).status == 200


@pytest.mark.parametrize(
    "path", ["", "/", "//companies", "/codat/companies", "/codat//companies", "/Companies"]
)
def test_prefixes(wire: Wire, path: str) -> None:
    answer = wire.send("GET", path)
    if path in ("", "/"):
        assert answer.status == 404
    else:
        assert answer.json["_links"]["self"]["href"].lower() == "/companies"


def test_words_match_in_any_case_and_ids_do_too(wire: Wire) -> None:
    path = f"/companies/{COMPANY.upper()}/DATA/journalentries"
    assert wire.send("GET", path).status == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", f"/companies/{COMPANY}/nothing", 404),
        ("GET", f"/companies/{COMPANY}/data/journalEntries/1/2/3/4/5/6/7/8/9/10/11/12/13/14", 404),
        ("PUT", "/companies", 405),
        ("PATCH", ENTRIES, 405),
        ("TRACE", ENTRIES, 405),
        ("DELETE", f"/companies/{COMPANY}/push", 405),
        ("GET", "/companies/x", 404),
        ("GET", f"/companies/{UNKNOWN}", 404),
        ("GET", f"/companies/{UNKNOWN}/data/journalEntries", 404),
        ("GET", f"{ENTRIES}/x", 404),
        ("GET", f"{ENTRIES}/99999999999999999999999", 404),
        ("GET", f"{ENTRIES}/\ud800", 404),
        ("GET", f"/companies/{COMPANY}/connections/x", 404),
        ("GET", f"/companies/{COMPANY}/connections/{UNKNOWN}", 404),
        ("GET", f"/companies/{COMPANY}/data/invoices", 404),
        ("GET", f"/companies/{COMPANY}/data/nonsense/1", 404),
        ("POST", f"/companies/{COMPANY}/data/queue/nonsense", 404),
        ("GET", f"/companies/{COMPANY}/data/history/x", 404),
        ("GET", f"/companies/{COMPANY}/data/accounts/x", 404),
        ("GET", f"/companies/{COMPANY}/data/accounts/77", 404),
        ("GET", f"/companies/{COMPANY}/data/customers/2", 404),
        ("GET", f"/companies/{COMPANY}/data/journals/1", 404),
        ("GET", f"/companies/{COMPANY}/data/trackingCategories/CLASS_9", 404),
        ("GET", f"/companies/{COMPANY}/data/trackingCategories/x", 404),
        ("GET", "/integrations/gbol", 404),
        ("DELETE", "/webhooks/x", 404),
        ("DELETE", "/apiKeys/x", 404),
    ],
)
def test_addresses_that_lead_nowhere(wire: Wire, method: str, path: str, status: int) -> None:
    answer = wire.send(method, path)
    assert answer.status == answer.json["statusCode"] == status
    assert answer.headers["Content-Type"] == "application/json"


def test_another_client_s_company_looks_unknown() -> None:
    wire = Wire()
    wire.add_other()
    connection = wire.connection
    paths = ["", "/connections", "/data/journalEntries", "/push", "/dataStatus"]
    for path in paths:
        theirs = wire.send("GET", f"/companies/{COMPANY}{path}", key=OTHER_KEY)
        assert theirs.status == 404
        assert theirs.json["error"] == f"No company was found with ID {COMPANY}"
        assert theirs.json["service"] == "ClientsApi"
    # and their own company does not have our connection
    path = f"/companies/{OTHER}/connections/{connection}/push/journalEntries"
    answer = wire.send("POST", path, two_lines(), key=OTHER_KEY)
    assert answer.json["error"] == f"Data connection {connection} not found"
    listed = wire.send("GET", "/companies", key=OTHER_KEY).json
    assert [each["id"] for each in listed["results"]] == [OTHER]


@pytest.mark.parametrize(
    "query",
    [
        *("page=0", "page=-1", "page=x", "page=1.5", "page=99999999999", "page=٣", "pageSize=0"),
        *("pageSize=5001", "pageSize=x", "query=" + "a" * 3_000, "query=" + "{" * 1_000),
        *("query=a", "orderBy=nothing", "&".join("a=1" for _ in range(1_001))),
    ],
)
def test_lists_that_are_refused(wire: Wire, query: str) -> None:
    for path in (
        *("/data/journalEntries", "/push", "/connections", "/data/history", "/data/accounts"),
        *("/data/customers", "/data/suppliers", "/data/journals", "/data/trackingCategories"),
    ):
        assert wire.get(path, query).status == 400, path


def test_pages_and_their_links(wire: Wire) -> None:
    for _ in range(5):
        wire.create(two_lines())
    asked = "PAGE=2&PageSize=2&orderby=-postedOn&query=description!%3d'x'+%26%26+id~1||id!=7"
    shown = wire.send("GET", ENTRIES, query=asked.replace("||", "%7C%7C")).json
    tail = "orderBy=-postedOn&query=description!%3D'x'%20%26%26%20id~1%7C%7Cid!%3D7"
    assert shown["_links"] == {
        "current": {"href": f"{ENTRIES}?page=2&pageSize=2&{tail}"},
        "self": {"href": ENTRIES},
        "next": {"href": f"{ENTRIES}?page=3&pageSize=2&{tail}"},
        "previous": {"href": f"{ENTRIES}?page=1&pageSize=2&{tail}"},
    }
    past = wire.send("GET", ENTRIES, query="page=9&pageSize=2").json
    assert (past["results"], past["totalResults"]) == ([], shown["totalResults"])
    assert set(past["_links"]) == {"current", "self", "previous"}


def test_following_next_visits_everything_once(wire: Wire) -> None:
    seen: list[str] = []
    href = f"{ENTRIES}?page=1&pageSize=2"
    while href:
        path, _, query = href.partition("?")
        shown = wire.send("GET", path, query=query).json
        seen += [each["id"] for each in shown["results"]]
        href = shown["_links"].get("next", {}).get("href", "")
        if len(seen) == 2:
            wire.create(two_lines())
    assert len(seen) == len(set(seen)) == len(wire.entries())


def test_a_large_page_is_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page here may have more rows than one of the store."""
    wire = Wire()
    made = [wire.create(two_lines()) for _ in range(5)]
    monkeypatch.setattr("daybook.protocols.codat.reading.PAGE_ROWS_MAX", 2)
    monkeypatch.setattr("daybook.protocols.codat.writing.PAGE_ROWS_MAX", 2)
    assert wire.entries() == made
    assert len(wire.get("/push").json["results"]) == 5


def test_what_a_key_does_not_allow() -> None:
    wire = Wire()
    wire.allow(Scope.WRITE)
    for path in ("", "/data/journalEntries", "/push", "/dataStatus", "/data/info"):
        answer = wire.get(path)
        assert answer.status == 403
        assert answer.json["error"].startswith("You are using an outdated API key")
    wire.allow(Scope.READ)
    assert wire.send("POST", "/companies", {"name": "x"}).status == 403
    assert wire.send("POST", f"/companies/{COMPANY}/data/all").status == 403
    assert wire.send("GET", "/apiKeys").status == 403
    assert wire.send("PUT", "/profile", {}).status == 403
    assert wire.send("POST", "/webhooks", {}).status == 403


@pytest.mark.parametrize("problem", list(Problem))
def test_refusals_of_the_server(wire: Wire, problem: Problem) -> None:
    request = Request("GET", "/companies", "", {}, b"", "f" * 32, "http://x")
    answer = wire.plugin.refuse(request, problem)
    assert answer.status >= 400
    assert b'"correlationId":"' + b"f" * 32 in answer.body


def test_a_caller_is_judged_before_the_body(wire: Wire) -> None:
    def admitted(**headers: str) -> int | None:
        request = Request("POST", "/companies", "", headers, b"", "f" * 32, "http://x")
        response = wire.plugin.admit(request)
        return None if response is None else response.status

    assert admitted() == 401
    assert admitted(authorization="Basic eDp5") == 401
    assert admitted(authorization=basic(KEY)) is None


def test_operations_are_named_without_ids(wire: Wire) -> None:
    request = Request("GET", f"{ENTRIES}/5", "", {}, b"", "f" * 32, "http://x")
    named = wire.plugin.operation(request)
    assert named == "get companies/{companyId}/data/journalEntries/{recordId}"
    assert wire.plugin.operation(Request("GET", "/x", "", {}, b"", "", "")) == "other"


def test_the_headers_of_the_quota() -> None:
    wire = Wire()
    for answer in (wire.get("/push"), wire.send("GET", "/nothing", key=None)):
        assert answer.headers["X-Rate-Limit-Limit"] == "1000000"
        assert answer.headers["X-Rate-Limit-Remaining"] == "1000000"
        assert answer.headers["X-Rate-Limit-Reset"].endswith("T00:00:00Z")


def test_a_quota_is_used_up_and_comes_back() -> None:
    wire = Wire({REQUESTS_PER_DAY_SETTING: "2"})
    assert wire.get("/push").headers["X-Rate-Limit-Remaining"] == "1"
    assert wire.get("/push").headers["X-Rate-Limit-Remaining"] == "0"
    refused = wire.get("/push")
    assert (refused.status, refused.json["canBeRetried"]) == (429, "True")
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400
    wire.clock.now += 86_400 * 1_000_000
    assert wire.get("/push").status == 200


paths = st.lists(
    st.sampled_from(
        [
            *("companies", COMPANY, "connections", "push", "data", "journalEntries", "start", "x"),
            *("dataStatus", "history", "queue", "all", "options", "webhooks", "profile", "", "%"),
            *("financials", "profitAndLoss", "integrations", "qhyg", "apiKeys", "..", "\ud800"),
        ]
    )
    | st.text(max_size=8),
    max_size=7,
)
bodies = st.sampled_from([b"", b"{}", b"[]", b"null", b"{", b'{"name":1}', b"\xff" * 20])


@settings(deadline=None, max_examples=300)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]),
    segments=paths,
    query=st.text(max_size=60) | st.builds("query={}&orderBy={}".format, st.text(), st.text()),
    body=bodies | st.binary(max_size=40),
)
def test_nothing_that_is_sent_is_a_fault_of_ours(
    method: str, segments: list[str], query: str, body: bytes
) -> None:
    wire = SHARED
    answer = wire.send(method, "/" + "/".join(segments), body, query)
    assert answer.status < 500
    if answer.status >= 400:
        assert answer.json["statusCode"] == answer.status


SHARED = Wire()


@pytest.mark.parametrize(
    "path",
    [
        *("", "/connections", "/dataStatus", "/data/history", "/data/info", "/data/accounts/none"),
        *("/push", "/push/none", "/connections/none", "/syncSettings"),
    ],
)
def test_every_request_about_a_company_is_found_to_be_about_its_books(path: str) -> None:
    wire = Wire()
    trace = begin()
    wire.get(path)
    assert (trace.company_id, trace.client, trace.user) == (wire.company_id, "app", "ada")


def test_a_request_about_the_books_of_others_or_of_none_is_about_no_books() -> None:
    wire = Wire()
    wire.add_other()
    for path in ("/companies", f"/companies/{OTHER}", "/webhooks"):
        trace = begin()
        wire.send("GET", path)
        assert trace.company_id is None, path
