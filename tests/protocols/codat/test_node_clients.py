"""@codat/accounting and @codat/platform for Node, unmodified but for their addresses.

`tests/clients/node/codat.js` does it in one go and prints what came back; the tests look at it.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from tests.support.server import RunningServer

CLIENTS = Path(__file__).parents[2] / "clients" / "node"
INSTALL = "the Node clients are not installed: make test-clients"
COMPANY = "c0c4ef53-e70c-45d5-9af4-27aa486347d7"
CONNECTION = "5c9c8f2a-8c0e-4c55-9d3a-2f0f4f3c7a10"

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def shown(server: RunningServer) -> dict[str, Any]:
    """What the clients were shown, by the name of the step."""
    node = shutil.which("node")
    if node is None or not (CLIENTS / "node_modules" / "@codat").is_dir():
        if os.environ.get("DAYBOOK_TEST_CLIENTS") == "required":
            pytest.fail(INSTALL)
        pytest.skip(INSTALL)
    command = [node, "codat.js", server.url, COMPANY, CONNECTION]
    done = subprocess.run(command, cwd=CLIENTS, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


def test_a_company_is_made_and_linked(shown: dict[str, Any]) -> None:
    assert shown["made"]["name"] == "Node Works"
    assert [each["id"] for each in shown["listed"]] == [shown["made"]["id"]]
    assert shown["connection"]["status"] == "PendingAuth"
    assert shown["linked"]["status"] == "Linked"


def test_data_is_refreshed_and_platforms_are_read(shown: dict[str, Any]) -> None:
    assert shown["queued"]["status"] == "Queued"
    assert shown["status"]["journalEntries"]["currentStatus"] == "Complete"
    assert shown["integration"]["name"] == "QuickBooks Online"
    assert shown["hook"]["eventTypes"] == ["read.completed"]


def test_entries_are_made_found_and_deleted(shown: dict[str, Any]) -> None:
    assert (shown["created"]["status"], shown["created"]["statusCode"]) == ("Pending", 202)
    assert shown["createEnd"]["status"] == "Success"
    assert [line["netAmount"] for line in shown["entry"]["journalLines"]] == [12.34, -12.34]
    assert [each["id"] for each in shown["before"]["results"]] == [shown["entry"]["id"]]
    assert shown["deleteEnd"]["status"] == "Success"
    assert shown["after"]["results"] == []
    keys = [each["pushOperationKey"] for each in shown["operations"]["results"]]
    assert shown["created"]["pushOperationKey"] in keys
