"""Clients that other people wrote, unmodified: `gql` for Python, Apollo Client for Node, and the
public audit of GraphQL servers.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from gql import Client, gql
from gql.transport.exceptions import TransportQueryError
from gql.transport.requests import RequestsHTTPTransport
from tests.support.graphql import account_id, line, two_lines
from tests.support.server import RunningServer

NODE = Path(__file__).parents[2] / "clients" / "node_graphql"
INSTALL = "the GraphQL clients for Node are not installed: make test-clients"
CHOSEN_WARNINGS = {"572B", "FDE2", "7B9B"}
"""The audit would have 200 for a refused document where a client takes plain JSON alone; the
vendor's rule is 400, and so is what the specification has said since."""


def node(script: str, server: RunningServer) -> Any:
    """What a script of the Node clients prints."""
    program = shutil.which("node")
    if program is None or not (NODE / "node_modules" / "graphql").is_dir():
        if os.environ.get("DAYBOOK_TEST_CLIENTS") == "required":
            pytest.fail(INSTALL)
        pytest.skip(INSTALL)
    command = [program, script, f"{server.url}/2020-04/graphql", server.token]
    done = subprocess.run(command, cwd=NODE, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_public_audit(server: RunningServer) -> None:
    """No error and no notice, and only the warnings that were chosen."""
    audit = node("audit.js", server)
    assert audit["checks"] > 50
    assert {(each["status"], each["id"]) for each in audit["found"]} == {
        ("warn", number) for number in CHOSEN_WARNINGS
    }, audit["found"]


def test_apollo_keeps_objects_by_their_ids(server: RunningServer) -> None:
    """An update's answer changes what the list in its cache shows."""
    shown = node("apollo.js", server)
    made = shown["made"]
    assert shown["listed"] == [made]
    assert made["entryLines"][0]["payee"]["__typename"] == "Customer"
    assert (shown["changed"], shown["fromCache"]) == ("changed", "changed")
    assert f"JournalEntry:{made['id']}" in shown["keys"]
    assert f"Account:{account_id(44)}" in shown["keys"]
    assert any(key.startswith("Customer:") for key in shown["keys"])
    assert any(key.startswith("Company:") for key in shown["keys"])
    assert shown["account"]["name"] == "Meals"
    assert shown["stale"]["code"] == "VAL-9006"
    assert shown["deleted"]["success"] is True
    assert shown["after"] == []


@pytest.fixture
def session(server: RunningServer) -> Iterator[Any]:
    transport = RequestsHTTPTransport(
        f"{server.url}/2020-04/graphql",
        headers={"Authorization": f"Bearer {server.token}"},
        json_deserialize=lambda text: json.loads(text, parse_float=Decimal),
    )
    with Client(transport=transport, fetch_schema_from_transport=True) as session:
        yield session


def test_gql_checks_documents_against_the_served_schema(session: Any) -> None:
    schema = session.client.schema
    assert schema.type_map["JournalEntryLine"].fields["customer"].deprecation_reason
    with pytest.raises(Exception, match="Cannot query field"):
        session.execute(gql("{ company { nothing } }"))


def test_gql_makes_changes_and_deletes_an_entry(session: Any) -> None:
    shown = "{ id memo metadata { entityVersion } entryLines { sequence amount } }"
    create = gql(
        "mutation ($i: CreateJournalEntryInput!)"
        f" {{ createJournalEntry(journalEntry: $i) {shown} }}"
    )
    update = gql(
        "mutation ($i: UpdateJournalEntryInput!)"
        f" {{ updateJournalEntry(journalEntry: $i) {shown} }}"
    )
    delete = gql("mutation ($id: ID!) { deleteJournalEntry(id: $id) { id success } }")
    create.variable_values = {"i": two_lines("0.10", memo="from gql")}
    made = session.execute(create)["createJournalEntry"]
    assert [each["amount"] for each in made["entryLines"]] == [Decimal("0.10")] * 2
    lines = [{"sequence": "0", "amount": "0.30"}, line("CREDIT", "0.30", 139)]
    update.variable_values = {
        "i": {"id": made["id"], "metadata": made["metadata"], "entryLines": lines}
    }
    changed = session.execute(update)["updateJournalEntry"]
    assert changed["metadata"] == {"entityVersion": "1"}
    assert [each["sequence"] for each in changed["entryLines"]] == ["0", "2"]
    with pytest.raises(TransportQueryError) as stale:
        session.execute(update)
    assert stale.value.errors is not None
    assert stale.value.errors[0]["extensions"]["code"] == "VAL-9006"
    delete.variable_values = {"id": made["id"]}
    assert session.execute(delete)["deleteJournalEntry"] == {"id": made["id"], "success": True}


def test_gql_walks_pages(session: Any) -> None:
    page = gql(
        """query ($after: String) { company { journalEntries(first: 50, after: $after)
        { nodes { id } pageInfo { hasNextPage endCursor } totalCount } } }"""
    )
    walked, after = [], None
    while True:
        page.variable_values = {"after": after}
        found = session.execute(page)["company"]["journalEntries"]
        walked += [each["id"] for each in found["nodes"]]
        after = found["pageInfo"]["endCursor"]
        if not found["pageInfo"]["hasNextPage"]:
            break
    assert len(set(walked)) == len(walked) >= found["totalCount"] - 50
