"""Idempotency-Key: the first answer again for the same request, and only for the same."""

import base64
import json
from typing import Any
from uuid import uuid4

import pytest
from tests.support.codat import COMPANY, Wire, two_lines
from tests.support.qbo import Answer


def keyed(key: str) -> dict[str, str]:
    return {"idempotency-key": key}


def test_a_push_is_taken_once() -> None:
    wire = Wire()
    headers = keyed(str(uuid4()))
    first = wire.push(two_lines(), headers=headers)
    wire.work()
    again = wire.push(two_lines(), headers=keyed(headers["idempotency-key"].upper()))
    assert again.response.body == first.response.body
    assert again.status == 200
    wire.work()
    assert len(wire.entries()) == 1
    other = wire.push(two_lines(5), headers=headers)
    assert other.status == 422


def test_the_books_remember_a_push_beyond_the_answer() -> None:
    """As after a crash between taking the operation and keeping the answer, or hours later."""
    wire = Wire()
    headers = keyed(str(uuid4()))
    first = wire.push(two_lines(), headers=headers)
    wire.work()
    wire.clock.now += 91 * 60 * 1_000_000
    again = wire.push(two_lines(), headers=headers)
    assert again.json == first.json
    assert wire.push(two_lines(description="x"), headers=headers).status == 422
    wire.work()
    assert len(wire.entries()) == 1


def test_other_posts_are_answered_again_too() -> None:
    wire = Wire()
    headers = keyed(str(uuid4()))
    first = wire.send("POST", "/companies", {"name": "Anvil"}, headers=headers)
    again = wire.send("POST", "/companies", {"name": "Anvil"}, headers=headers)
    assert again.response.body == first.response.body
    assert wire.send("POST", "/companies", {"name": "Other"}, headers=headers).status == 422
    path = f"/companies/{COMPANY}"
    assert wire.send("PATCH", path, {"name": "Anvil"}, headers=headers).status == 422
    assert wire.send("GET", "/companies", headers=headers).json["totalResults"] == 2


def test_errors_are_answered_again() -> None:
    wire = Wire()
    headers = keyed(str(uuid4()))
    first = wire.send("POST", "/companies", {}, headers=headers)
    assert first.status == 400
    again = wire.send("POST", "/companies", {}, headers=headers)
    assert again.response.body == first.response.body


def test_answers_are_kept_for_ninety_minutes() -> None:
    wire = Wire()
    headers = keyed(str(uuid4()))
    first = wire.send("POST", "/companies", {"name": "Anvil"}, headers=headers).json
    wire.clock.now += 90 * 60 * 1_000_000
    second = wire.send("POST", "/companies", {"name": "Anvil"}, headers=headers).json
    assert first["id"] != second["id"]


def test_old_answers_are_swept_out() -> None:
    wire = Wire()
    directory = wire.ledger.store.directory
    for _ in range(30):
        wire.send("POST", "/companies", {}, headers=keyed(str(uuid4())))
    assert directory.count_documents("codat", "answer") == 30
    wire.clock.now += 91 * 60 * 1_000_000
    for _ in range(5):
        wire.send("POST", "/companies", {}, headers=keyed(str(uuid4())))
    assert directory.count_documents("codat", "answer") <= 8


@pytest.mark.parametrize("key", ["x", "", "123", "24c5ab7b-dbdc-4d1c-8ad1-5891e330236"])
def test_a_key_must_be_a_guid(key: str) -> None:
    answer: Answer = Wire().push(two_lines(), headers=keyed(key))
    assert (answer.status, "GUID" in answer.json["error"]) == (400, True)


def test_a_key_in_use_is_refused_for_the_moment() -> None:
    wire = Wire()
    idempotency: Any = wire.plugin._idempotency
    key = str(uuid4())
    idempotency.begin(f"app/{key}")
    assert wire.send("POST", "/companies", {"name": "x"}, headers=keyed(key)).status == 409
    idempotency.end(f"app/{key}")
    assert wire.send("POST", "/companies", {"name": "x"}, headers=keyed(key)).status == 200


def test_keys_of_other_clients_are_others() -> None:
    wire = Wire()
    wire.add_other()
    key = keyed(str(uuid4()))
    first = wire.send("POST", "/companies", {"name": "x"}, headers=key).json
    second = wire.send("POST", "/companies", {"name": "x"}, headers=key, key="other").json
    assert first["id"] != second["id"]


@pytest.mark.parametrize(
    ("path", "body", "member"),
    [
        ("/apiKeys", {"name": "nightly"}, "apiKey"),
        ("/webhooks", {"url": "https://a.example", "eventTypes": ["company.created"]}, "secret"),
    ],
)
def test_a_secret_is_not_kept_with_the_answer_that_showed_it(
    path: str, body: dict[str, Any], member: str
) -> None:
    wire = Wire()
    headers = keyed(str(uuid4()))
    first = wire.send("POST", path, body, headers=headers)
    again = wire.send("POST", path, body, headers=headers)
    assert (first.status, again.status) == (201, 201)
    assert again.json == {**first.json, member: "shown once, when it was made"}
    (kept,) = wire.ledger.store.directory.documents("codat", "answer", "", 10)
    sealed = json.loads(kept.body)["body"]
    assert first.json[member].encode() not in base64.b64decode(sealed)
