"""The documentation that the server has of itself."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.people import Browser
from tests.support.premises import Premises

from daybook import __version__
from daybook.protocols.sql.tables import TABLES

WIRES = ("qbo", "codat", "modulus", "admin")


@pytest.fixture(scope="module")
def house() -> Iterator[Premises]:
    with Premises() as premises:
        yield premises


@pytest.fixture(scope="module", params=WIRES)
def document(request: pytest.FixtureRequest, house: Premises) -> Any:
    answer = house.ask("GET", f"/openapi/{request.param}.json")
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    return {**answer.json, "wire": request.param}


def test_a_document_has_every_operation_and_no_other(house: Premises, document: Any) -> None:
    served = {
        (operation.method.lower(), operation.path)
        for operation in house.plugin(document["wire"]).operations
    }
    told = {(method, path) for path, methods in document["paths"].items() for method in methods}
    assert told == served
    assert document["openapi"] == "3.1.0"
    assert document["info"]["version"] == __version__


def test_operations_have_names_of_their_own_and_say_what_they_want(
    house: Premises, document: Any
) -> None:
    shown = {
        (method, path): operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }
    names = [operation["operationId"] for operation in shown.values()]
    assert len(names) == len(set(names))
    for operation in house.plugin(document["wire"]).operations:
        told = shown[operation.method.lower(), operation.path]
        assert told["summary"] == operation.summary != ""
        assert (told["security"] == []) is (operation.scopes is None)
        for scope in operation.scopes or ():
            assert scope in told["description"]


def test_references_lead_somewhere_and_every_schema_is_used(document: Any) -> None:
    text = json.dumps({key: each for key, each in document.items() if key != "wire"})
    named = set(re.findall(r'"#/components/(\w+)/(\w+)"', text))
    components = document["components"]
    for kind, name in named:
        assert name in components[kind], f"{name} is not there"
    for kind in ("schemas", "responses"):
        unused = set(components[kind]) - {name for of, name in named if of == kind}
        assert not unused, f"{unused} is told and not used"


def test_bodies_of_quickbooks_are_described_to_the_last_member(house: Premises) -> None:
    """Members are read off the shapes; one whose reader is not understood would stay empty."""
    schemas = house.ask("GET", "/openapi/qbo.json").json["components"]["schemas"]
    empty = [
        f"{name}.{member}"
        for name, schema in schemas.items()
        if name.startswith("New")
        for member, each in schema["properties"].items()
        if each == {}
    ]
    assert empty == []


def test_the_page_shows_every_operation_and_table_and_asks_nobody(house: Premises) -> None:
    answer = house.ask("GET", "/docs")
    assert answer.status == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "script-src" not in policy
    page = answer.text
    for name in WIRES:
        assert f'href="/openapi/{name}.json"' in page
        for operation in house.plugin(name).operations:
            assert f"<code>{operation.path}</code>" in page
    for table in TABLES.values():
        assert f"<code>{table.name}</code>" in page
    assert '<a href="/2020-04/graphql">' in page
    assert '<a href="/">' in page
    assert re.findall(r'<h2 id="([^"]+)">', page) == [*WIRES, "sql"]
    assert "<script" not in page
    assert re.findall(r'(?:src|href)="(?:https?:)?//', page) == []


def test_links_of_the_page_lead_to_its_parts(house: Premises) -> None:
    page = house.ask("GET", "/docs").text
    parts = set(re.findall(r'id="([^"]+)"', page))
    for target in re.findall(r'href="#([^"]+)"', page):
        assert target in parts, target


def test_the_first_page_leads_to_the_documentation(house: Premises) -> None:
    """From where whoever comes without an address ends up: the form to sign in, and every page."""
    browser = Browser(house, house.ours)
    assert 'href="/docs"' in browser.follow(house.ask("GET", "/")).text
    browser.sign_in()
    assert 'href="/docs"' in browser.get("/app/companies").text


def test_a_document_is_only_read(house: Premises) -> None:
    assert house.ask("POST", "/docs", body={}).status == 405
    assert house.ask("GET", "/openapi/sql.json").status == 404
