"""Every answer against the published OpenAPI documents, nulls forbidden.

The documents are read from the folder that DAYBOOK_CODAT_OPENAPI names, since nothing allows them
to be shipped; without it these tests are skipped.
"""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012
from tests.support.codat import (
    CHECKING,
    COMPANY,
    RECEIVABLE,
    UNKNOWN,
    Wire,
    line,
    two_lines,
)
from tests.support.qbo import Answer

FOLDER = os.environ.get("DAYBOOK_CODAT_OPENAPI")
PLATFORM = "codat-platform-3.0.0.json"
PAYROLL = "codat-sync-payroll-3.0.0.json"
LENDING = "codat-lending-3.0.0-accounting-subset.json"
WEBHOOKS = "codat-webhooks-3.0.0.json"

pytestmark = pytest.mark.skipif(
    FOLDER is None, reason="DAYBOOK_CODAT_OPENAPI names no folder with Codat's OpenAPI documents"
)


@cache
def document(name: str) -> dict[str, Any]:
    assert FOLDER is not None
    contents: dict[str, Any] = json.loads((Path(FOLDER) / name).read_text())
    return contents


@cache
def registry(name: str) -> Registry[Any]:
    resource = DRAFT202012.create_resource(document(name))
    empty: Registry[Any] = Registry()
    known: Registry[Any] = empty.with_resource(f"urn:{name}", resource)
    return known


def pointer(*parts: str) -> str:
    return "/".join(part.replace("~", "~0").replace("/", "~1") for part in parts)


def check(name: str, place: str, instance: Any) -> None:
    """Raise where an instance is not what the schema at a place of a document says."""
    schema = {"$ref": f"urn:{name}#/{place}"}
    validator = Draft202012Validator(schema, registry=registry(name))
    errors = [
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
        for error in validator.iter_errors(instance)
    ]
    assert not errors, errors[:5]
    assert not nulls(instance)


def nulls(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(nulls, value.values()))
    if isinstance(value, list):
        return any(map(nulls, value))
    return value is None


def conforms(name: str, method: str, template: str, answer: Answer) -> None:
    """An answer against what a document says of its operation: the status, then the body."""
    operation = document(name)["paths"][template][method.lower()]
    status = str(answer.status)
    assert status in operation["responses"], (template, status, answer.response.body[:300])
    response = operation["responses"][status]
    place = ["paths", template, method.lower(), "responses", status]
    if "$ref" in response:
        place = response["$ref"].removeprefix("#/").split("/")
        response = document(name)
        for part in place:
            response = response[part]
    content = response.get("content", {}).get("application/json")
    if content is None or answer.status == 204:
        assert answer.response.body == b"" or content is None
        return
    body = json.loads(answer.response.body)
    check(
        name,
        pointer(*place, "content", "application/json", "schema")
        .replace("{", "%7B")
        .replace("}", "%7D"),
        body,
    )


@pytest.fixture(scope="module")
def wire() -> Wire:
    """Books with an entry of each sort, operations in each state, and what else there is."""
    wire = Wire()
    made = wire.create(two_lines(description="Fees"))
    marks = {"recordRefs": [{"id": "CLASS_1", "dataType": "trackingCategories"}]}
    reference = {"id": "1", "dataType": "customers"}
    lines = [line(1, RECEIVABLE, contactRef=reference), line(-1, CHECKING, tracking=marks)]
    wire.create(two_lines(journalLines=lines))
    wire.push(two_lines(journalLines=[]))
    wire.push(two_lines(), "timeoutInMinutes=1")
    wire.delete(made)
    wire.clock.now += 61 * 1_000_000
    wire.work()
    wire.push(two_lines())
    company = wire.send("POST", "/companies", {"name": "Anvil", "tags": {"a": "b"}}).json["id"]
    wire.send("POST", f"/companies/{company}/connections", {"platformKey": "qhyg"})
    return wire


def test_reads(wire: Wire) -> None:
    connection = wire.connection
    here, there = "/companies/{companyId}", f"/companies/{COMPANY}"
    operation = wire.get("/push").json["results"][0]["pushOperationKey"]
    dataset = wire.get("/data/history").json["results"][0]["id"]
    months = "periodLength=1&periodsToCompare=3"
    for names, template, path, query in (
        ((PLATFORM,), "/companies", "/companies", ""),
        ((PLATFORM,), here, there, ""),
        ((PLATFORM,), f"{here}/connections", f"{there}/connections", "pageSize=1"),
        (
            (PLATFORM,),
            f"{here}/connections/{{connectionId}}",
            f"{there}/connections/{connection}",
            "",
        ),
        ((PLATFORM,), f"{here}/syncSettings", f"{there}/syncSettings", ""),
        ((PLATFORM, PAYROLL, LENDING), f"{here}/dataStatus", f"{there}/dataStatus", ""),
        ((PLATFORM, PAYROLL, LENDING), f"{here}/data/history", f"{there}/data/history", ""),
        (
            (PLATFORM, PAYROLL, LENDING),
            f"{here}/data/history/{{datasetId}}",
            f"{there}/data/history/{dataset}",
            "",
        ),
        (
            (PLATFORM,),
            f"{here}/sync/{{datasetId}}/validation",
            f"{there}/sync/{dataset}/validation",
            "",
        ),
        ((PLATFORM, PAYROLL, LENDING), f"{here}/push", f"{there}/push", "orderBy=requestedOnUtc"),
        (
            (PLATFORM, PAYROLL, LENDING),
            f"{here}/push/{{pushOperationKey}}",
            f"{there}/push/{operation}",
            "",
        ),
        (
            (PLATFORM,),
            f"{here}/connections/{{connectionId}}/options/{{dataType}}",
            f"{there}/connections/{connection}/options/journalEntries",
            "",
        ),
        (
            (PAYROLL,),
            f"{here}/connections/{{connectionId}}/options/journalEntries",
            f"{there}/connections/{connection}/options/journalEntries",
            "",
        ),
        ((PLATFORM,), "/integrations", "/integrations", ""),
        ((PLATFORM,), "/integrations/{platformKey}", "/integrations/qhyg", ""),
        ((PLATFORM,), "/integrations/{platformKey}/branding", "/integrations/qhyg/branding", ""),
        ((PLATFORM,), "/profile", "/profile", ""),
        ((PLATFORM,), "/profile/syncSettings", "/profile/syncSettings", ""),
        ((PLATFORM,), "/apiKeys", "/apiKeys", ""),
        ((PLATFORM,), "/webhooks", "/webhooks", ""),
        ((PAYROLL, LENDING), f"{here}/data/journalEntries", f"{there}/data/journalEntries", ""),
        (
            (PAYROLL, LENDING),
            f"{here}/data/journalEntries/{{journalEntryId}}",
            f"{there}/data/journalEntries/1",
            "",
        ),
        ((PAYROLL, LENDING), f"{here}/data/accounts", f"{there}/data/accounts", ""),
        (
            (PAYROLL, LENDING),
            f"{here}/data/accounts/{{accountId}}",
            f"{there}/data/accounts/1",
            "",
        ),
        ((PAYROLL, LENDING), f"{here}/data/journals", f"{there}/data/journals", ""),
        ((PAYROLL,), f"{here}/data/trackingCategories", f"{there}/data/trackingCategories", ""),
        (
            (PAYROLL,),
            f"{here}/data/trackingCategories/{{trackingCategoryId}}",
            f"{there}/data/trackingCategories/CLASSES",
            "",
        ),
        ((PAYROLL, LENDING), f"{here}/data/info", f"{there}/data/info", ""),
        ((LENDING,), f"{here}/data/customers", f"{there}/data/customers", ""),
        (
            (LENDING,),
            f"{here}/data/customers/{{customerId}}",
            f"{there}/data/customers/1",
            "",
        ),
        ((LENDING,), f"{here}/data/suppliers", f"{there}/data/suppliers", ""),
        (
            (LENDING,),
            f"{here}/data/suppliers/{{supplierId}}",
            f"{there}/data/suppliers/2",
            "",
        ),
        (
            (LENDING,),
            f"{here}/data/financials/profitAndLoss",
            f"{there}/data/financials/profitAndLoss",
            months,
        ),
        (
            (LENDING,),
            f"{here}/data/financials/balanceSheet",
            f"{there}/data/financials/balanceSheet",
            months,
        ),
    ):
        answer = wire.send("GET", path, query=query)
        assert answer.status == 200, (path, answer.json)
        for name in names:
            conforms(name, "GET", template, answer)


def test_writes(wire: Wire) -> None:
    here, there = "/companies/{companyId}", f"/companies/{COMPANY}"
    connection = wire.connection
    company = wire.send("POST", "/companies", {"name": "Bellows", "description": "x"})
    conforms(PLATFORM, "POST", "/companies", company)
    own = f"/companies/{company.json['id']}"
    for method, body in (("PUT", {"name": "B"}), ("PATCH", {"tags": {"a": "b"}})):
        conforms(PLATFORM, method, here, wire.send(method, own, body))
    made = wire.send("POST", f"{own}/connections", {"platformKey": "qhyg"})
    conforms(PLATFORM, "POST", f"{here}/connections", made)
    gone = wire.send("DELETE", f"{own}/connections/{made.json['id']}")
    conforms(PLATFORM, "DELETE", f"{here}/connections/{{connectionId}}", gone)
    conforms(PLATFORM, "DELETE", here, wire.send("DELETE", own))
    everything = wire.send("POST", f"{there}/data/all")
    conforms(PLATFORM, "POST", f"{here}/data/all", everything)
    queued = wire.send("POST", f"{there}/data/queue/journalEntries")
    conforms(PLATFORM, "POST", f"{here}/data/queue/{{dataType}}", queued)
    wire.keep_key()
    key = wire.send("POST", "/apiKeys", {"name": "x"})
    conforms(PLATFORM, "POST", "/apiKeys", key)
    wanted = {"url": "https://example.com/", "eventTypes": ["read.completed"]}
    hook = wire.send("POST", "/webhooks", wanted)
    conforms(PLATFORM, "POST", "/webhooks", hook)
    removed = wire.send("DELETE", f"/webhooks/{hook.json['id']}")
    conforms(PLATFORM, "DELETE", "/webhooks/{webhookId}", removed)
    path = f"{here}/connections/{{connectionId}}/push/journalEntries"
    own_path = f"{there}/connections/{connection}/push/journalEntries"
    conforms(PAYROLL, "POST", path, wire.send("POST", own_path, two_lines()))
    conforms(PAYROLL, "POST", path, wire.send("POST", own_path, b""))
    accepted = wire.send("DELETE", f"{own_path}/1")
    conforms(PAYROLL, "DELETE", f"{path}/{{journalEntryId}}", accepted)


@pytest.mark.parametrize(
    ("template", "path", "query"),
    [
        ("/companies", "/companies", "query=x"),
        ("/companies/{companyId}", f"/companies/{UNKNOWN}", ""),
        ("/companies/{companyId}/push", f"/companies/{COMPANY}/push", "query=nothing%3D1"),
        ("/companies/{companyId}/data/history", f"/companies/{COMPANY}/data/history", "page=0"),
        ("/integrations/{platformKey}", "/integrations/none", ""),
    ],
)
def test_errors(wire: Wire, template: str, path: str, query: str) -> None:
    conforms(PLATFORM, "GET", template, wire.send("GET", path, query=query))
    conforms(PLATFORM, "GET", template, wire.send("GET", path, key="wrong"))


def test_events() -> None:
    wire = Wire()
    kinds = [
        *("company.created", "company.deleted", "connection.created", "connection.disconnected"),
        *("journalEntries.write.successful", "journalEntries.write.unsuccessful"),
        "read.completed",
    ]
    body = {"url": "https://example.com/", "eventTypes": kinds}
    assert wire.send("POST", "/webhooks", body).status == 201
    made = wire.create(two_lines())
    wire.delete(made)
    wire.push(two_lines(journalLines=[]))
    wire.work()
    company = wire.send("POST", "/companies", {"name": "Anvil", "tags": {"a": "b"}}).json["id"]
    wire.send("POST", f"/companies/{company}/connections", {"platformKey": "qhyg"})
    wire.send("DELETE", f"/companies/{company}")
    path = f"/companies/{COMPANY}/connections/{wire.connection}"
    wire.send("PATCH", path, {"status": "Unlinked"})
    seen = set()
    for delivery in wire.ledger.store.directory.deliveries():
        kind = delivery.message.event_type
        seen.add(kind)
        check(WEBHOOKS, place_of(kind), json.loads(delivery.message.payload))
    assert seen == set(kinds)


def place_of(kind: str) -> str:
    """Where the document keeps the schema of an event."""
    found = document(WEBHOOKS)["webhooks"]
    wanted = kind.replace("journalEntries.", "{dataType}.")
    name = wanted if wanted in found else kind
    return (
        pointer(*("webhooks", name, "post", "requestBody", "content", "application/json", "schema"))
        .replace("{", "%7B")
        .replace("}", "%7D")
    )
