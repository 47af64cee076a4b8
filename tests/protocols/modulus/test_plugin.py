"""Paths, methods, the envelope, and what the server cannot hand over."""

import pytest
from tests.support.modulus import APP, Wire, rent

from daybook.app.ledger import Books, Context, Outcome
from daybook.app.ports import Overloaded
from daybook.domain.commands import Command
from daybook.protocols.kit.plugin import Problem, Request
from daybook.protocols.modulus.plugin import METHODS

KEYS = ["result", "title", "message", "object"]


def request(path: str) -> Request:
    return Request("GET", path, "token=demo", {}, b"", "0" * 32, "http://127.0.0.1:8080")


@pytest.mark.parametrize("path", METHODS)
def test_another_method(path: str) -> None:
    wire = Wire()
    for method in {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} - {METHODS[path]}:
        answer = wire.send(method, path)
        assert answer.status == 405
        assert list(answer.json) == KEYS
        assert answer.json["title"] == "Method Not Allowed"
        assert answer.object is None
        assert answer.headers["allow"].split(",")[0] == METHODS[path]


@pytest.mark.parametrize(
    "path",
    [
        "/api/bk/v1/Nothing",
        "/api/bk/v1/createjournal",
        "/api/bk/v1/CreateJournal/",
        "/api/bk/v1/CreateJournal?token=x",
        "/api/bk/v2/CreateJournal",
        "/api/bk",
        "/api/cmn/authenticate",
        "/api/cmn",
    ],
)
def test_another_name(path: str) -> None:
    answer = Wire().send("POST", path, f"token={APP}")
    assert answer.status == 404
    assert list(answer.json) == KEYS
    assert answer.json["title"] == "Not Found"


def test_the_path_is_judged_before_the_token_and_that_before_the_body() -> None:
    wire = Wire()
    assert wire.send("POST", "/api/bk/v1/Nothing").status == 404
    assert wire.send("GET", "/api/bk/v1/CreateJournal").status == 405
    assert wire.call("CreateJournal", b"{", token="x").status == 401
    assert wire.call("CreateJournal", b"{").code == 1232


def test_every_answer_keeps_its_address_to_itself() -> None:
    wire = Wire()
    for answer in (
        wire.call("CreateJournal", rent()),
        wire.call("CreateJournal", {}),
        wire.call("GetJournal", token="x"),
        wire.send("POST", "/api/bk/v1/Nothing"),
        wire.send("POST", "/api/cmn/Authenticate"),
    ):
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["content-type"] == "application/json; charset=utf-8"
        assert list(answer.json) == KEYS


@pytest.mark.parametrize(
    ("media_type", "status"),
    [
        ("application/json", 200),
        ("Application/JSON; charset=utf-8", 200),
        ("", 200),
        ("text/xml", 415),
        ("application/x-www-form-urlencoded", 415),
    ],
)
def test_media_types(media_type: str, status: int) -> None:
    wire = Wire()
    body = b'{"date":"2026-01-14","journal_entries":[%b,%b]}' % (
        b'{"account_code":"5100","base_currency_debit_amount":1}',
        b'{"account_code":"1010","base_currency_credit_amount":1}',
    )
    headers = {"content-type": media_type}
    path, query = "/api/bk/v1/CreateJournal", f"token={APP}"
    answer = wire.send("POST", path, query, body, headers)
    assert answer.status == status
    if status == 415:
        assert answer.object is None


def test_delete_looks_neither_at_a_body_nor_at_its_type() -> None:
    wire = Wire()
    journal_id = wire.create(rent())
    path, query = "/api/bk/v1/DeleteJournal", f"token={APP}"
    body = b'{"journal_id": %d}' % journal_id
    headers = {"content-type": "text/xml"}
    assert wire.send("DELETE", path, query, body, headers).code == 1236
    query += f"&journal_id={journal_id}"
    assert wire.send("DELETE", path, query, b"\xff", headers).status == 200


def test_too_many_parameters() -> None:
    answer = Wire().send("GET", "/api/bk/v1/GetJournal", "&".join(["x=1"] * 2_000))
    assert (answer.status, answer.code) == (400, 1232)


@pytest.mark.parametrize("problem", Problem)
@pytest.mark.parametrize("path", ["/api/bk/v1/CreateJournal", "/api/cmn/Authenticate"])
def test_what_the_server_could_not_hand_over(problem: Problem, path: str) -> None:
    import json

    response = Wire().plugin.refuse(request(path), problem)
    envelope = json.loads(response.body)
    assert list(envelope) == KEYS
    assert envelope["result"] is False
    assert response.status >= 400
    coded = problem is Problem.INTERNAL and "bk" in path
    assert envelope["object"] == ({"error_code": 1299} if coded else None)


def test_overload_is_no_fault_of_the_server() -> None:
    """A writer that takes no more, and threads that are all busy."""
    wire = Wire()

    class Busy:
        async def execute(self, books: Books, command: Command, context: Context) -> Outcome:
            raise Overloaded("busy")

        async def in_thread(self, work: object) -> object:
            raise Overloaded("busy")

    wire.plugin = type(wire.plugin)(
        type(wire.plugin._authentication._services)(
            wire.ledger,
            wire.tokens,
            Busy(),  # type: ignore[arg-type]
            wire.clock,
        )
    )
    for answer in (wire.call("CreateJournal", rent()), wire.call("ListJournals")):
        assert (answer.status, answer.json["title"]) == (429, "Too Many Requests")
        assert answer.headers["retry-after"] == "1"


def test_operations_have_short_names() -> None:
    plugin = Wire().plugin
    assert plugin.operation(request("/api/bk/v1/DeleteJournal")) == "DeleteJournal"
    assert plugin.operation(request("/api/bk/v1/6eeed540c8cf01b8")) == "other"
    assert plugin.operation(request("/api/bk/v1/DeleteJournal?token=6eee")) == "other"
