"""A good request for each operation over HTTP, our company's: what permissions are tried with."""

from typing import Any

from tests.support.people import Browser
from tests.support.premises import Answer, Premises, basic
from tests.support.targets import admin, codat, graphql, modulus, web

from daybook.protocols.kit.plugin import Operation


def send(house: Premises, wire: str, operation: Operation, token: str | None = None) -> Answer:
    """Send a good request for an operation, with a token of ours, or another."""
    path, query, body = good(house, wire, operation)
    token = house.ours.token if token is None else token
    headers = {"authorization": basic(token) if wire == "codat" else f"Bearer {token}"}
    if not token:
        headers = {}
    return house.ask(operation.method, path, query=query, body=body, headers=headers)


def visit(browser: Browser, operation: Operation) -> Answer:
    """Open a page of our company, or send its form, and look at what that leads to."""
    path = web.filled(browser.house, operation)
    fields = web.fields_of(browser.house, operation)
    query = "q=0" if operation.name == "find" else ""
    return browser.follow(browser.send(operation.method, path, query, fields))


def good(house: Premises, wire: str, operation: Operation) -> tuple[str, str, Any]:
    """Path, query and body of a good request."""
    if wire == "codat":
        return codat.filled(house, operation), "", codat.body_of(house, operation)
    if wire == "admin":
        return admin.filled(house, operation), "", admin.body_of(house, operation)
    if wire == "web":
        return web.filled(house, operation), "", None
    if wire == "modulus":
        journal = house.ours.numbers["journal"][0]
        query = f"journal_id={journal}" if operation.method in ("GET", "DELETE") else ""
        body: Any = {**modulus.journal(), "journal_id": journal}
        return operation.path, query, None if query else body
    path = operation.path.replace("{realmId}", house.ours.realm).replace("{id}", "11000")
    queries = {
        "get cdc": "entities=JournalEntry,Account,Customer&changedSince=2020-01-01",
        "get query": "query=select%20*%20from%20Customer",
        "get graphql": "query=%7B%20company%20%7B%20companyName%20%7D%20%7D",
    }
    body = None if operation.method == "GET" else {}
    if operation.name == "post query":
        body = b"select * from Account"
    if operation.name == "post graphql":
        lists = " ".join(f"{name} {{ nodes {{ id }} }}" for name in graphql.LISTS)
        body = {"query": f"{{ company {{ companyName {lists} }} }}"}
    return path, queries.get(operation.name, ""), body
