"""Idempotency-Key: the first answer again for the same request, and only for the same."""

from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from tests.support.codat import COMPANY, KEY, Wire, line, two_lines
from tests.support.qbo import Answer

from daybook.app.access import Principal, Scope
from daybook.app.documents import DocumentChange
from daybook.domain.commands import CreateReference, DimensionContent
from daybook.domain.model import CLASS
from daybook.protocols.codat.views import place_of


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


def forget_answers(wire: Wire) -> None:
    """As if the server had been killed between taking the operation and keeping its answer."""
    directory = wire.ledger.store.directory
    for each in directory.documents("codat", "answer"):
        change = DocumentChange(each.wire, each.kind, each.key, None, each.version)
        directory.change_documents([change])


def test_the_books_remember_a_push_by_themselves() -> None:
    wire = Wire()
    headers = keyed(str(uuid4()))
    first = wire.push(two_lines(), headers=headers)
    wire.work()
    forget_answers(wire)
    wire.clock.now += 89 * 60 * 1_000_000
    again = wire.push(two_lines(), headers=headers)
    assert again.json == first.json
    forget_answers(wire)
    assert wire.push(two_lines(description="x"), headers=headers).status == 422
    forget_answers(wire)
    assert wire.push(two_lines(), "timeoutInMinutes=5", headers).status == 422
    wire.work()
    assert len(wire.entries()) == 1


def test_a_key_is_free_after_ninety_minutes() -> None:
    wire = Wire()
    headers = keyed(str(uuid4()))
    first = wire.push(two_lines(), headers=headers).json
    wire.clock.now += 91 * 60 * 1_000_000
    second = wire.push(two_lines(5), headers=headers).json
    assert second["pushOperationKey"] != first["pushOperationKey"]
    forget_answers(wire)
    assert wire.push(two_lines(5), headers=headers).json == second
    wire.work()
    assert len(wire.entries()) == 2


def test_a_push_is_the_same_though_what_it_names_has_come_to_be() -> None:
    """Its answer is too large to be kept; what it comes to is another command the second time."""
    wire = Wire()
    headers = keyed(str(uuid4()))
    tracking = {"recordRefs": [{"id": "CLASS_3", "dataType": "trackingCategories"}]}
    texts = ("x" * 3_000, "y" * 3_000)
    lines = [
        line(amount, description=text, tracking=tracking)
        for text in texts
        for amount in (1, -1) * 10
    ]
    body = two_lines(journalLines=lines)
    first = wire.push(body, headers=headers)
    assert first.status == 200
    assert wire.ledger.store.directory.count_documents("codat", "answer") == 0
    wire.execute(CreateReference(DimensionContent(CLASS, "South")))
    again = wire.push(body, headers=headers)
    assert (again.status, again.json) == (200, first.json)


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
    believed = wire.tokens.known[KEY]
    assert isinstance(believed, Principal)
    place = place_of(believed)
    idempotency.begin(f"{place}/{key}")
    assert wire.send("POST", "/companies", {"name": "x"}, headers=keyed(key)).status == 409
    idempotency.end(f"{place}/{key}")
    assert wire.send("POST", "/companies", {"name": "x"}, headers=keyed(key)).status == 200


def test_keys_of_other_clients_are_others() -> None:
    wire = Wire()
    wire.add_other()
    key = keyed(str(uuid4()))
    first = wire.send("POST", "/companies", {"name": "x"}, headers=key).json
    second = wire.send("POST", "/companies", {"name": "x"}, headers=key, key="other").json
    assert first["id"] != second["id"]
    other = wire.tokens.known["other"]
    assert isinstance(other, Principal)
    wire.tokens.known["other"] = replace(other, client="app")
    third = wire.send("POST", "/companies", {"name": "x"}, headers=key, key="other").json
    assert third["id"] not in (first["id"], second["id"]), "of one name, and strangers"


def test_a_kept_answer_is_for_those_who_could_get_it_anew() -> None:
    wire = Wire()
    wire.add_other()
    key = keyed(str(uuid4()))
    assert wire.push(two_lines(), headers=key).status == 200
    connection = wire.connection
    path = f"/companies/{COMPANY}/connections/{connection}/push/journalEntries"
    wire.allow(Scope.READ)
    assert wire.send("POST", path, two_lines(), headers=key).status == 403
    believed = wire.tokens.known["other"]
    assert isinstance(believed, Principal)
    wire.tokens.known["other"] = replace(believed, client="app")
    gone = wire.send("POST", path, two_lines(), headers=key, key="other")
    assert (gone.status, gone.json["error"][:10]) == (404, "No company")
    patched, patch = keyed(str(uuid4())), {"name": "Anvil"}
    wire.allow(*Scope)
    assert wire.send("PATCH", f"/companies/{COMPANY}", patch, headers=patched).status == 200
    wire.allow(Scope.READ, Scope.WRITE)
    assert wire.send("PATCH", f"/companies/{COMPANY}", patch, headers=patched).status == 403


def test_secrets_are_not_kept_with_answers() -> None:
    wire = Wire()
    wire.keep_key()
    hook = {"url": "https://example.com", "eventTypes": ["read.completed"]}
    for path, body, member in (
        ("/apiKeys", {"name": "x"}, "apiKey"),
        ("/webhooks", hook, "secret"),
    ):
        key = keyed(str(uuid4()))
        first = wire.send("POST", path, body, headers=key)
        again = wire.send("POST", path, body, headers=key)
        assert (first.status, again.status) == (201, 201)
        secret = first.json[member]
        assert {**again.json, member: secret} == first.json
        assert member not in again.json
    assert len(wire.ledger.store.directory.tokens()) == 2


def test_whoever_may_not_hear_gets_no_answer_about_a_webhook_either() -> None:
    wire = Wire()
    key, body = keyed(str(uuid4())), {"url": "https://x.example", "eventTypes": ["read.completed"]}
    assert wire.send("POST", "/webhooks", body, headers=key).status == 201
    wire.allow(Scope.WRITE)
    assert wire.send("POST", "/webhooks", body, headers=key).status == 403
