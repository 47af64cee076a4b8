"""Places for ids of Codat: every name in a path, parameters, queries, bodies, keys."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from tests.support.premises import Answer, Premises
from tests.support.targets import Target

from daybook.protocols.kit.plugin import Operation

NAMES = {
    "companyId": "company",
    "connectionId": "connection",
    "datasetId": "dataset",
    "pushOperationKey": "push",
    "apiKeyId": "api key",
    "webhookId": "webhook",
}
"""What the names in paths are ids of."""

WORDS = {"dataType": "journalEntries", "product": "probe", "platformKey": "qhyg"}
"""Names in paths that are no ids of anybody's, with what is sent in their place."""

CONTACTS = frozenset({"customer", "vendor", "employee"})
"""A contact of the caller's own that is of another kind is said to be that."""

BY_BOOKS = frozenset({"data", "push", "delete", "start"})
"""In paths of operations for whoever may write in the books. Other changes are for the owner of a
company alone, so that they are tried with one that the asking application made.
"""

BY_LINK = frozenset({"the other company's company", "the other company's made company"})
"""Whoever has the link of a company or a connection may open its page, with no key at all."""

RECORDS = {
    "accounts": "account",
    "customers": "customer",
    "suppliers": "vendor",
    "journals": "journal of none",
    "trackingCategories": "category",
    "journalEntries": "entry",
}


def record_kind(operation: Operation) -> str:
    """What a `recordId` is of."""
    before = operation.path.partition("/{recordId}")[0].rpartition("/")[2]
    return RECORDS.get(before, "entry")


def body_of(house: Premises, operation: Operation) -> object:
    """A body that the operation takes."""
    account = str(house.ours.numbers["account"][0])
    lines = [{"netAmount": each, "accountRef": {"id": account}} for each in (5, -5)]
    entry = {"postedOn": "2026-02-03", "journalLines": lines}
    end = operation.path.rpartition("/")[2]
    bodies: dict[str, object] = {
        "companies": {"name": "probe"},
        "{companyId}": {"name": "probe"},
        "connections": {"platformKey": "qhyg"},
        "{connectionId}": {"status": "Unlinked"},
        "authorization": {"a": "b"},
        "start": {"books": "new"},
        "syncSettings": {"syncSettings": []},
        "{dataType}": entry,
        "profile": {"name": "probe", "redirectUrl": "https://probe.example"},
        "apiKeys": {"name": "probe"},
        "webhooks": {"url": "https://probe.example", "eventTypes": ["company.created"]},
    }
    if operation.method in ("GET", "DELETE"):
        return None
    return bodies.get(end, {})


def targets(house: Premises) -> Iterator[Target]:
    """Every place for an id."""
    for wire, operation in house.operations():
        if wire == "codat":
            yield from _paths(house, operation)
    yield from _queries(house)
    yield from _bodies(house)


def filled(house: Premises, operation: Operation, **given: str) -> str:
    """An operation's path with our own ids, or those that are given."""
    names = {**house.ours.names, "company": house.ours.codat_id}
    if operation.method != "GET" and not BY_BOOKS & set(operation.path.split("/")):
        names["company"] = names["made company"]
        names["connection"] = names["made connection"]
    path = operation.path
    for name in [part[1:-1] for part in path.split("/") if part.startswith("{")]:
        own = WORDS.get(name) or names.get(NAMES.get(name, ""), "31000")
        path = path.replace(f"{{{name}}}", quote(given.get(name, own), safe=""), 1)
    return path


def _paths(house: Premises, operation: Operation) -> Iterator[Target]:
    # `connectionId` is of the second connection where an id that is ours would do harm
    for name in [part[1:-1] for part in operation.path.split("/") if part.startswith("{")]:
        if name in WORDS:
            continue
        kind = record_kind(operation) if name == "recordId" else NAMES[name]

        def ask(value: str, o: Operation = operation, n: str = name) -> Answer:
            path = filled(house, o, **{n: value})
            body = body_of(house, o)
            answer = house.ask(o.method, path, body=body, headers=house.ours.basic)
            return _ended(house, answer) if n == "recordId" and o.method == "DELETE" else answer

        apart = frozenset({"deleted", "journal"}) if kind == "entry" else frozenset()
        if operation.scopes is None and name == "companyId":
            apart = BY_LINK
        yield Target("codat", operation.name, name, kind, ask, apart)


def _ended(house: Premises, answer: Answer) -> Answer:
    """What a write that was accepted comes to."""
    if answer.status != 200:
        return answer
    house.work()
    key = answer.json["pushOperationKey"]
    path = f"/companies/{house.ours.codat_id}/push/{key}"
    return house.ask("GET", path, headers=house.ours.basic)


def _queries(house: Premises) -> Iterator[Target]:
    company = f"/companies/{house.ours.codat_id}"
    for path, field, kind in (
        ("/companies", "id", "company"),
        ("/companies", "dataConnections.id", "connection"),
        (f"{company}/connections", "id", "connection"),
        (f"{company}/data/journalEntries", "id", "entry"),
        (f"{company}/data/journalEntries", "recordRef.id", "entry"),
        (f"{company}/data/accounts", "id", "account"),
        (f"{company}/data/trackingCategories", "id", "category"),
        (f"{company}/data/customers", "id", "customer"),
        (f"{company}/data/suppliers", "id", "vendor"),
        (f"{company}/data/history", "id", "dataset"),
        (f"{company}/data/history", "connectionId", "no connection"),
        (f"{company}/push", "pushOperationKey", "push"),
        (f"{company}/push", "dataConnectionKey", "no connection"),
    ):
        operation = "get " + path.replace(company, "companies/{companyId}").lstrip("/")

        def ask(value: str, p: str = path, f: str = field) -> Answer:
            query = "query=" + quote(f"{f}={value}", safe="")
            return house.ask("GET", p, query=query, headers=house.ours.basic)

        apart = frozenset({"deleted", "journal"}) if kind == "entry" else frozenset()
        yield Target("codat", operation, f"query {field}", kind, ask, apart)


def _bodies(house: Premises) -> Iterator[Target]:
    connection = f"/companies/{house.ours.codat_id}/connections/{house.ours.names['connection']}"
    path = f"{connection}/push/journalEntries"
    account = str(house.ours.numbers["account"][0])

    def push(line: dict[str, Any], key: str | None = None) -> Answer:
        lines = [
            {"netAmount": 5, "accountRef": {"id": account}, **line},
            {"netAmount": -5, "accountRef": {"id": account}},
        ]
        body = {"postedOn": "2026-02-03", "journalLines": lines}
        headers = house.ours.basic if key is None else {**house.ours.basic, "idempotency-key": key}
        return _ended(house, house.ask("POST", path, body=body, headers=headers))

    operation = "post companies/{companyId}/connections/{connectionId}/push/{dataType}"
    accounts = lambda value: push({"accountRef": {"id": value}})
    yield Target("codat", operation, "accountRef.id", "account", accounts)
    for word, kind in (("customers", "customer"), ("suppliers", "vendor")):
        contacts = lambda value, w=word: push({"contactRef": {"id": value, "dataType": w}})
        yield Target("codat", operation, f"contactRef.id {word}", kind, contacts, CONTACTS)
    marks = lambda value: push(
        {"tracking": {"recordRefs": [{"id": value, "dataType": "trackingCategories"}]}}
    )
    yield Target("codat", operation, "tracking.recordRefs.id", "category", marks)

    def refreshed(value: str) -> Answer:
        path = f"/companies/{house.ours.codat_id}/data/queue/accounts"
        query = f"connectionId={quote(value, safe='')}"
        return house.ask("POST", path, query=query, headers=house.ours.basic)

    queue = "post companies/{companyId}/data/queue/{dataType}"
    yield Target("codat", queue, "connectionId", "connection", refreshed)

    def linked(field: str) -> Any:
        waiting = house.ours.names["waiting connection"]
        path = f"/companies/{house.ours.codat_id}/connections/{waiting}/start"

        def ask(value: str) -> Answer:
            fields = {"books": "quokka", "key": "no key", field: value}
            return house.ask("POST", path, body=fields)

        return ask

    link = "post companies/{companyId}/connections/{connectionId}/start"
    for field in ("books", "key"):
        yield Target("codat", link, field, "code", linked(field))
