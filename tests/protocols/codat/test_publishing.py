"""Webhooks: who is told what, and whether receivers believe the signature."""

import json
from base64 import b64decode
from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from tests.support.codat import COMPANY, KEY, OTHER_KEY, Wire, two_lines
from tests.support.qbo import Answer

from daybook.app.outbox import Delivery
from daybook.domain.ids import Timestamp
from daybook.protocols.codat import events, limits
from daybook.protocols.codat.platforms import DATA_TYPES

WRITES = ["journalEntries.write.successful", "journalEntries.write.unsuccessful"]


def register(wire: Wire, *types: str, key: str = KEY, **members: Any) -> dict[str, Any]:
    body = {"url": "https://example.com/hook", "eventTypes": list(types or WRITES), **members}
    answer = wire.send("POST", "/webhooks", body, key=key)
    assert answer.status == 201, answer.json
    made: dict[str, Any] = answer.json
    return made


def deliveries(wire: Wire) -> list[Delivery]:
    return wire.ledger.store.directory.deliveries()


def told(wire: Wire) -> list[dict[str, Any]]:
    return [json.loads(each.message.payload) for each in deliveries(wire)]


def test_a_write_is_told_of() -> None:
    wire = Wire()
    register(wire)
    made = wire.create(two_lines())
    gone = wire.delete(made)
    wire.work()
    created, deleted = told(wire)
    assert created["eventType"] == deleted["eventType"] == WRITES[0]
    payload = deleted["payload"]
    assert list(deleted) == ["id", "eventType", "generatedDate", "payload"]
    assert payload == {
        "id": gone.json["pushOperationKey"],
        "type": "Delete",
        "referenceCompany": {"id": COMPANY, "name": "Books"},
        "connectionId": wire.connection,
        "requestedOnDate": payload["requestedOnDate"],
        "completedOnDate": payload["completedOnDate"],
        "status": "Success",
        "record": {"id": made},
    }
    assert payload["completedOnDate"].endswith("Z")


def test_a_failure_and_a_time_out_are_told_of() -> None:
    wire = Wire()
    register(wire)
    wire.push(two_lines(journalLines=[]))
    wire.push(two_lines(), "timeoutInMinutes=1")
    wire.clock.now += 61 * 1_000_000
    wire.work()
    statuses = [(each["eventType"], each["payload"]["status"]) for each in told(wire)]
    assert statuses == [(WRITES[1], "Failed"), (WRITES[1], "TimedOut")]
    assert all("record" not in each["payload"] for each in told(wire))


@pytest.mark.parametrize("allowed", ["true", "false"])
def test_a_write_is_followed_by_a_read_if_that_is_allowed(allowed: str) -> None:
    wire = Wire()
    register(wire, "read.completed")
    wire.push(two_lines(), f"allowSyncOnPushComplete={allowed}")
    wire.work()
    types = [[each["dataType"] for each in event["payload"]["dataTypes"]] for event in told(wire)]
    assert types == ([["journalEntries", "chartOfAccounts"]] if allowed == "true" else [])


def test_consumers_are_told_of_their_own_companies_alone() -> None:
    wire = Wire()
    wire.add_other()
    own, theirs = register(wire), register(wire, key=OTHER_KEY)
    wire.create(two_lines())
    assert [each.consumer_id for each in deliveries(wire)] == [own["id"]]
    listed = wire.send("GET", "/webhooks", key=OTHER_KEY).json["results"]
    assert [each["id"] for each in listed] == [theirs["id"]]
    assert wire.send("DELETE", f"/webhooks/{own['id']}", key=OTHER_KEY).status == 404


def test_companies_made_later_are_told_of_too() -> None:
    wire = Wire()
    register(wire, "company.created", "connection.created", "company.deleted")
    company = wire.send("POST", "/companies", {"name": "Anvil"}).json
    path = f"/companies/{company['id']}"
    connection = wire.send("POST", f"{path}/connections", {"platformKey": "qhyg"}).json
    wire.send("DELETE", path)
    created, connected, deleted = told(wire)
    del company["dataConnections"]
    assert created["payload"] == deleted["payload"] == company
    assert connected["payload"]["connection"] == connection
    assert connected["payload"]["referenceCompany"]["id"] == company["id"]


def test_the_life_of_a_connection_is_told_of() -> None:
    wire = Wire()
    kinds = [f"connection.{each}" for each in ("disconnected", "reconnected", "deleted")]
    register(wire, *kinds, "read.completed.initial", "read.completed")
    path = f"/companies/{COMPANY}/connections/{wire.connection}"
    wire.send("PATCH", path, {"status": "Unlinked"})
    wire.send("POST", f"{path}/start", {"key": KEY}, headers={"content-type": "application/json"})
    wire.send("POST", f"/companies/{COMPANY}/data/queue/company")
    wire.send("DELETE", path)
    assert [each["eventType"] for each in told(wire)] == [
        "connection.disconnected",
        "connection.reconnected",
        "read.completed",
        "read.completed",
        "connection.deleted",
    ]


def test_tags_narrow_what_is_told() -> None:
    wire = Wire()
    register(wire, companyTags=["region:uk"])
    wire.create(two_lines())
    assert told(wire) == []
    wire.send("PATCH", f"/companies/{COMPANY}", {"tags": {"region": "uk", "team": "a"}})
    wire.create(two_lines())
    [event] = told(wire)
    assert event["payload"]["referenceCompany"]["tags"] == {"region": "uk", "team": "a"}


def test_disabled_and_removed_consumers_are_not_told() -> None:
    wire = Wire()
    register(wire, disabled=True)
    removed = register(wire)
    assert wire.send("DELETE", f"/webhooks/{removed['id']}").status == 204
    wire.create(two_lines())
    assert told(wire) == []


def test_receivers_believe_the_signature() -> None:
    wire = Wire()
    consumer = register(wire)
    wire.create(two_lines())
    [delivery] = deliveries(wire)
    kept = wire.ledger.store.directory.consumer(consumer["id"])
    assert kept is not None
    assert kept.secret == b64decode(consumer["secret"].removeprefix("whsec_"))
    now = Timestamp(int(datetime.now(UTC).timestamp()) * 1_000_000)
    headers = dict(events.sign(delivery.message, kept, now))
    assert headers["webhook-id"].startswith("msg_")
    body = delivery.message.payload
    assert Webhook(consumer["secret"]).verify(body, headers) == json.loads(body)
    with pytest.raises(WebhookVerificationError):
        Webhook(consumer["secret"]).verify(body + b" ", headers)
    late = dict(events.sign(delivery.message, kept, Timestamp(now - 600 * 1_000_000)))
    with pytest.raises(WebhookVerificationError):
        Webhook(consumer["secret"]).verify(body, late)


def test_consumers_are_listed_without_their_secret() -> None:
    wire = Wire()
    made = register(wire, companyTags=["a:b"])
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert wire.send("GET", "/webhooks").json == {"results": [made]}
    assert made["disabled"] is False


@pytest.mark.parametrize(
    "members",
    [
        *({"url": None}, {"url": "example.com"}, {"url": "ftp://example.com"}, {"url": 5}),
        *({"url": "https://"}, {"url": "https://x/" + "y" * 2_048}, {"url": "http://[::1"}),
        *({"eventTypes": []}, {"eventTypes": "read.completed"}, {"eventTypes": ["nonsense"]}),
        *({"eventTypes": [5]}, {"eventTypes": None}, {"disabled": "yes"}, {"companyTags": "a:b"}),
        *({"companyTags": ["a"]}, {"companyTags": [5]}, {"companyTags": ["a:b"] * 11}),
        {"companyTags": ["a:" + "b" * 127]},
    ],
)
def test_consumers_that_are_refused(members: dict[str, Any]) -> None:
    body = {"url": "https://example.com", "eventTypes": WRITES, **members}
    assert Wire().send("POST", "/webhooks", body).status == 400


def test_there_are_only_so_many_consumers() -> None:
    wire = Wire()
    for _ in range(limits.CONSUMERS_MAX):
        register(wire)
    body = {"url": "https://example.com", "eventTypes": WRITES}
    assert wire.send("POST", "/webhooks", body).status == 400


def test_every_type_of_data_has_its_events() -> None:
    assert {f"{name}.write.successful" for name in DATA_TYPES} <= events.EVENT_TYPES
    assert "read.completed" in events.EVENT_TYPES


def test_zapier_is_not_offered() -> None:
    answer: Answer = Wire().send("POST", "/webhooks/integrationKeys/zapier")
    assert answer.status == 403
