"""Companies and connections: made, shown, changed, linked, removed."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from tests.support.codat import COMPANY, KEY, OTHER_KEY, UNKNOWN, Wire, two_lines

from daybook.protocols.codat import limits


def make(wire: Wire, **body: Any) -> dict[str, Any]:
    answer = wire.send("POST", "/companies", {"name": "Anvil Works", **body})
    assert answer.status == 200, answer.json
    made: dict[str, Any] = answer.json
    return made


def connect(wire: Wire, company: str) -> dict[str, Any]:
    answer = wire.send("POST", f"/companies/{company}/connections", {"platformKey": "qhyg"})
    assert answer.status == 200, answer.json
    made: dict[str, Any] = answer.json
    return made


def link(wire: Wire, connection: dict[str, Any], **fields: str) -> Any:
    path = connection["linkUrl"].removeprefix("http://127.0.0.1:8080")
    headers = {"content-type": "application/json"}
    return wire.send("POST", path, fields, headers=headers, key=None)


def test_a_company_is_shown_whole() -> None:
    wire = Wire()
    made = make(wire, description="smiths", tags={"region": "uk"})
    assert list(made) == [
        *("id", "name", "description", "platform", "redirect", "dataConnections", "created"),
        *("createdByUserName", "products", "tags", "ownerUserIds", "referenceSubsidiaryCompanies"),
    ]
    assert made["tags"] == {"region": "uk"}
    assert wire.send("GET", f"/companies/{made['id']}").json == made
    own = wire.get("").json
    assert (own["id"], own["name"]) == (COMPANY, "Books")
    assert own["dataConnections"][0]["status"] == "Linked"
    assert "lastSync" in own


@pytest.mark.parametrize(
    "body",
    [
        *({}, {"name": None}, {"name": 5}, {"name": ""}, {"name": "£€"}, {"name": "x" * 501}),
        *({"name": "x", "tags": []}, {"name": "x", "tags": {"": "y"}}),
        *({"name": "x", "tags": {"k" * 28: "y"}}, {"name": "x", "tags": {"k": "y" * 101}}),
        {"name": "x", "tags": {"k": 1}},
        {"name": "x", "tags": {str(at): "y" for at in range(11)}},
        {"name": "x", "description": 5},
        b"[]",
        b"",
    ],
)
def test_companies_that_are_refused(body: object) -> None:
    assert Wire().send("POST", "/companies", body).status == 400


def test_put_replaces_and_patch_changes() -> None:
    wire = Wire()
    made = make(wire, description="smiths", tags={"a": "b"})
    path = f"/companies/{made['id']}"
    changed = wire.send("PATCH", path, {"description": None, "name": "New (name)"}).json
    assert (changed["name"], changed["description"]) == ("New name", "smiths")
    assert changed["tags"] == {"a": "b"}
    assert wire.send("PATCH", path, {"tags": None}).json["tags"] == {}
    replaced = wire.send("PUT", path, {"name": "Other"}).json
    assert "description" not in replaced
    assert wire.send("PUT", path, {}).status == 400


def test_books_that_were_there_can_be_renamed_here() -> None:
    wire = Wire()
    wire.send("PATCH", f"/companies/{COMPANY}", {"tags": {"a": "b"}, "name": "Renamed"})
    assert wire.get("").json["name"] == "Renamed"
    assert wire.get("/data/info").json["companyName"] == "Books"
    assert wire.get("").json["dataConnections"][0]["status"] == "Linked"


def test_the_list_is_searched() -> None:
    wire = Wire()
    first = make(wire, name="Anvil", tags={"region": "uk", "team": "a"})
    second = make(wire, name="Bellows", tags={"region": "us"})
    connect(wire, second["id"])

    def found(query: str = "", tags: str = "", order: str = "") -> list[str]:
        asked = f"query={quote(query)}&tags={quote(tags)}&orderBy={order}"
        answer = wire.send("GET", "/companies", query=asked)
        assert answer.status == 200, answer.json
        return [each["name"] for each in answer.json["results"]]

    assert found() == ["Bellows", "Anvil", "Books"]
    assert found(order="name") == ["Anvil", "Bellows", "Books"]
    assert found("name~ELL") == ["Bellows"]
    assert found(f"id={first['id']}") == ["Anvil"]
    assert found("dataConnections.status=PendingAuth") == ["Bellows"]
    assert found("dataConnections.status!=Linked") == ["Bellows", "Anvil"]
    assert found("dataConnections.status!=Linked&&dataConnections.status!=PendingAuth") == ["Anvil"]
    assert found("created>2020-01-01&&{name=Anvil||name=Books}") == ["Anvil", "Books"]
    assert found(tags="region=uk && team=a") == ["Anvil"]
    assert found(tags="region=uk||region=us") == ["Bellows", "Anvil"]
    assert found(tags="region!=uk") == ["Bellows", "Books"]
    assert found(tags="region~u") == ["Bellows", "Anvil"]
    for bad in ("query=nothing%3D1", "query=tags.region%3Duk", "tags=x", "tags==", "orderBy=x"):
        assert wire.send("GET", "/companies", query=bad).status == 400, bad


def test_a_deleted_company_is_gone_and_its_books_are_not() -> None:
    wire = Wire()
    made = wire.create(two_lines())
    assert wire.send("DELETE", f"/companies/{COMPANY}").status == 204
    assert wire.get("").status == 404
    assert wire.get(f"/data/journalEntries/{made}").status == 404
    assert wire.send("DELETE", f"/companies/{COMPANY}").status == 404
    with wire.books.read() as reader:
        assert reader.head().entries_live == 1


def test_products_are_noted() -> None:
    wire = Wire()
    path = f"/companies/{COMPANY}/products/lending"
    assert wire.send("PUT", path).status == wire.send("PUT", path).status == 204
    assert wire.get("").json["products"] == ["lending"]
    assert wire.send("DELETE", path).status == 204
    assert wire.get("").json["products"] == []


def test_a_company_has_no_books_until_a_connection_is_linked() -> None:
    wire = Wire()
    company = make(wire)
    here = f"/companies/{company['id']}"
    connection = connect(wire, company["id"])
    assert connection["status"] == "PendingAuth"
    assert "lastSync" not in connection
    answer = wire.send("GET", f"{here}/data/journalEntries")
    assert (answer.status, answer.json["error"]) == (409, "The data set has not been requested.")
    assert wire.send("GET", f"{here}/push").json["results"] == []
    assert wire.send("GET", f"{here}/dataStatus").json == {}
    push = f"{here}/connections/{connection['id']}/push/journalEntries"
    assert wire.send("POST", push, two_lines()).status == 400

    linked = link(wire, connection, books="new", currency="EUR", country="DE")
    assert (linked.status, linked.json["status"]) == (200, "Linked")
    assert wire.send("GET", f"{here}/data/info").json["baseCurrency"] == "EUR"
    assert wire.send("GET", f"{here}/data/journalEntries").json["results"] == []
    assert wire.send("GET", f"{here}/data/accounts").json["totalResults"] > 0
    status = wire.send("GET", f"{here}/dataStatus").json
    assert status["journalEntries"]["currentStatus"] == "Complete"
    assert wire.send("POST", push, two_lines()).json["status"] == "Pending"
    again = link(wire, connection, books="new")
    assert again.status == 400


def test_books_that_exist_are_attached_by_who_has_a_key_to_them() -> None:
    wire = Wire()
    made = wire.create(two_lines())
    company = make(wire)
    connection = connect(wire, company["id"])
    assert link(wire, connection, books="books-1").status == 403
    assert link(wire, connection, books="books-1", key="wrong").status == 403
    assert link(wire, connection, books="books-9", key=KEY).status == 403
    wire.add_other()
    assert link(wire, connection, books="books-1", key=OTHER_KEY).status == 403
    assert link(wire, connection, books="books-1", key=KEY).status == 200
    path = f"/companies/{company['id']}"
    assert wire.send("GET", f"{path}/data/journalEntries/{made}").status == 200
    # the two companies that stand for the same books have each its own pushes
    assert wire.send("GET", f"{path}/push").json["results"] == []
    assert wire.get("/push").json["totalResults"] == 1
    second = connect(wire, company["id"])
    assert link(wire, second, books="books-1", key=KEY).status == 400


def test_a_connection_is_unlinked_and_linked_again() -> None:
    wire = Wire()
    path = f"/companies/{COMPANY}/connections/{wire.connection}"
    assert wire.send("PATCH", path, {"status": "Linked"}).status == 400
    assert wire.send("PATCH", path, {"status": "Unlinked"}).json["status"] == "Unlinked"
    assert wire.send("PATCH", path, {"status": "Unlinked"}).status == 400
    assert wire.get("/data/journalEntries").status == 200
    queued = wire.send("POST", f"/companies/{COMPANY}/data/queue/journalEntries").json
    assert (queued["status"], queued["isErrored"]) == ("AuthError", True)
    shown = wire.get(f"/connections/{wire.connection}").json
    assert link(wire, shown).status == 403
    assert link(wire, shown, key=KEY).json["status"] == "Linked"
    assert wire.push(two_lines()).status == 200


def test_a_connection_is_deleted_with_status_200() -> None:
    wire = Wire()
    accepted = wire.push(two_lines())
    path = f"/companies/{COMPANY}/connections/{wire.connection}"
    gone = wire.send("DELETE", path)
    assert (gone.status, gone.response.body) == (200, b"")
    assert wire.send("GET", path).status == wire.send("DELETE", path).status == 404
    assert wire.get("/connections").json["results"] == []
    assert wire.operation(accepted.json)["dataConnectionKey"], "the history stays"


def test_connections_that_are_refused() -> None:
    wire = Wire()
    path = f"/companies/{COMPANY}/connections"
    for body in (b'"qhyg"', {}, {"platformKey": "gbol"}, {"platformKey": 5}, b""):
        assert wire.send("POST", path, body).status == 400
    answer = wire.send("POST", path, b'"qhyg"')
    assert answer.json["error"] == "Push object DataConnectionArgs must be provided"
    for _ in range(limits.CONNECTIONS_MAX - 1):
        connect(wire, COMPANY)
    assert wire.send("POST", path, {"platformKey": "qhyg"}).status == 400
    listed = wire.get("/connections", "query=status%3DLinked").json
    assert listed["totalResults"] == 1


def test_the_pages_for_linking() -> None:
    wire = Wire()
    company = make(wire, name="Tom & Co")
    connection = connect(wire, company["id"])
    page = wire.send("GET", f"/companies/{company['id']}/start", key=None)
    assert page.status == 200
    assert b"Tom &amp; Co" in page.response.body
    assert connection["id"].encode() in page.response.body
    path = connection["linkUrl"].removeprefix("http://127.0.0.1:8080")
    form = wire.send("GET", path, key=None)
    assert b"<form" in form.response.body
    done = wire.send("POST", path, b"books=new&currency=GBP&country=GB", key=None)
    assert (done.status, b"is linked" in done.response.body) == (200, True)
    assert b"is linked" in wire.send("GET", path, key=None).response.body
    assert b"Nothing waits" in wire.send("GET", page_of(company), key=None).response.body
    assert wire.send("GET", f"/companies/{UNKNOWN}/start", key=None).status == 404


def page_of(company: dict[str, Any]) -> str:
    return f"/companies/{company['id']}/start"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"[]", 400),
        (b"{", 400),
        (json.dumps({"currency": "QQQ"}).encode(), 400),
        (json.dumps({"country": "Germany"}).encode(), 400),
        (json.dumps({"books": 5}).encode(), 400),
        (json.dumps({"books": "x" * 5_000}).encode(), 400),
    ],
)
def test_links_that_are_refused(body: bytes, status: int) -> None:
    wire = Wire()
    connection = connect(wire, make(wire)["id"])
    path = connection["linkUrl"].removeprefix("http://127.0.0.1:8080")
    headers = {"content-type": "application/json"}
    assert wire.send("POST", path, body, headers=headers, key=None).status == status


def test_credentials_of_a_platform_are_taken_and_not_needed() -> None:
    wire = Wire()
    path = f"/companies/{COMPANY}/connections/{wire.connection}/authorization"
    assert wire.send("PUT", path, {"token": "x"}).json["status"] == "Linked"
    assert wire.send("PUT", path, {"token": 5}).status == 400
