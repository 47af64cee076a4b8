"""node-quickbooks and intuit-oauth for Node, unmodified but for their addresses, keep books here.

`tests/clients/node/journal.js` does it in one go and prints what came back; the tests look at it.
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


@pytest.fixture(scope="module")
def shown(server: RunningServer) -> dict[str, Any]:
    """What the clients were shown, by the name of the step."""
    node = shutil.which("node")
    if node is None or not (CLIENTS / "node_modules" / "node-quickbooks").is_dir():
        if os.environ.get("DAYBOOK_TEST_CLIENTS") == "required":
            pytest.fail(INSTALL)
        pytest.skip(INSTALL)
    command = [node, "journal.js", server.url, server.realm]
    done = subprocess.run(command, cwd=CLIENTS, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    answers: dict[str, Any] = json.loads(done.stdout)
    return answers


def code(answer: Any) -> str:
    found: str = answer["error"]["Error"][0]["code"]
    return found


def test_tokens_are_refreshed_and_used(shown: dict[str, Any]) -> None:
    assert shown["refreshed"] == {"type": "bearer", "lives": 3600}
    assert shown["called"] == "SomeJENumber13"
    assert shown["refreshedAgain"] == "bearer"


def test_an_entry_is_made_and_read(shown: dict[str, Any]) -> None:
    made, read = shown["made"], shown["read"]
    assert made == read
    assert (made["SyncToken"], made["TxnDate"]) == ("0", "2026-02-03")
    assert [line["Amount"] for line in made["Line"]] == [12.34, 12.34]


def test_an_entry_is_updated(shown: dict[str, Any]) -> None:
    sparse, full = shown["sparse"], shown["full"]
    assert (sparse["SyncToken"], sparse["PrivateNote"]) == ("1", "only this")
    assert sparse["Line"] == shown["made"]["Line"]
    assert full["SyncToken"] == "2"
    assert "PrivateNote" not in full
    assert [line["Amount"] for line in full["Line"]] == [99.5, 99.5]
    assert code(shown["stale"]) == "5010"


def test_a_request_id_posts_once(shown: dict[str, Any]) -> None:
    first, second, same_time = shown["once"]
    assert (first, same_time) == (second, True)


def test_what_is_wrong_is_said(shown: dict[str, Any]) -> None:
    assert code(shown["unbalanced"]) == "6000"
    assert code(shown["customerless"]) == "6000"
    assert code(shown["wrong"]) == "4001"
    assert code(shown["report"]) == "500"


def test_a_batch_goes_item_by_item(shown: dict[str, Any]) -> None:
    answers = shown["batch"]
    assert [answer["bId"] for answer in answers] == ["1", "2", "3", "q", "x"]
    assert [answer["JournalEntry"]["Line"][0]["Amount"] for answer in answers[:3]] == [1, 2, 3]
    assert len(answers[3]["QueryResponse"]["JournalEntry"]) == 1
    assert answers[4]["Fault"]["Error"][0]["code"] == "610"


def test_queries_find(shown: dict[str, Any]) -> None:
    def tails(name: str) -> list[str]:
        return [number.partition(" ")[2] for number in shown[name]]

    assert tails("quoted") == ["O'Neil"]
    assert tails("liked") == ["b3", "b2", "b1"]
    assert tails("within") == ["b1", "b3"]
    assert shown["counted"] == 3
    assert tails("fetched") == ["b1", "b2", "b3", "O'Neil", "once"]
    assert shown["nothing"] == {}


def test_a_deleted_entry_is_gone_and_leaves_a_tombstone(shown: dict[str, Any]) -> None:
    removed = shown["removed"]["JournalEntry"]
    assert removed == {"domain": "QBO", "status": "Deleted", "Id": shown["made"]["Id"]}
    assert code(shown["gone"]) == "610"
    assert shown["changes"] == {"parts": 2, "tombstone": ["Deleted"], "live": True}


def test_lists_and_the_company(shown: dict[str, Any]) -> None:
    name, classification = shown["account"]
    assert name.startswith("Node ")
    assert classification == "Expense"
    assert (shown["customer"], shown["vendor"], shown["klass"]) == ([True], True, True)
    assert shown["company"] == "GB"
    assert shown["preferences"]["MultiCurrencyEnabled"] is False


def test_revoking_is_answered_and_an_unknown_token_refused(shown: dict[str, Any]) -> None:
    assert shown["revoked"] == 200
    assert shown["refused"]["error"]["error"][0]["code"] == "3200"
