"""The four documents of the vendor's page on journal entries, with their variables, as printed.

They are sent to demo books over HTTP, and the answers looked at field by field. What the page's own
answers show that cannot be (a side that is lost, a key that was not asked for) is not expected.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.support.server import RawResponse, RunningServer

SAMPLES = json.loads((Path(__file__).parent / "samples" / "journal_entry.json").read_text())
TRANSACTION = "djQuMTo5MTMwMzU1MjAyMDI4NDY2OjgwMjcxZWRkOGE:"
ACCOUNT = "djQuMTo5MTMwMzU1MjAyMDI4NDY2OjUxY2VkODUzNmM:"
CONTACT = "djQuMTo5MTMwMzU1MjAyMDI4NDY2OjlkNjk5ZTk2MDg:"
NO_TAX = {"taxAmount": None, "taxable": False, "taxGroup": None}


def send(server: RunningServer, name: str, path: str = "/2020-04/graphql") -> RawResponse:
    sample = SAMPLES[name]
    body = json.dumps({"query": sample["document"], "variables": sample["variables"]}).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {server.host}\r\nContent-type: application/json\r\n"
        f"Authorization: Bearer {server.token}\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    )
    return server.exchange(head.encode() + body)


def shown(response: RawResponse) -> Any:
    assert response.status == 200, response.body
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    assert response.headers["intuit_tid"]
    answer = json.loads(response.body, parse_float=Decimal)
    assert list(answer) == ["data"], answer
    return answer["data"]


def line(side: str, sequence: str, text: str, amount: str, account: tuple[str, str]) -> Any:
    return {
        "entryLineType": side,
        "sequence": sequence,
        "description": text,
        "amount": Decimal(amount),
        "account": {"id": ACCOUNT + account[0], "name": account[1]},
        "billable": None,
        "billableAmount": None,
        "class": None,
        "markup": None,
        "tax": NO_TAX,
    }


def test_read(server: RunningServer) -> None:
    response = send(server, "read")
    entries = shown(response)["company"]["journalEntries"]
    page = entries["pageInfo"]
    assert (page["hasNextPage"], page["hasPreviousPage"]) == (False, False)
    assert page["startCursor"] == page["endCursor"] is not None
    payee = {"__typename": "Customer"}
    first = {"id": CONTACT + "13", "displayName": "New project - demo3", **payee}
    second = {"id": CONTACT + "9", "displayName": "New project - demo", **payee}
    debit = line("DEBIT", "0", "test debit", "45.00", ("35", "Depreciation"))
    credit = line("CREDIT", "1", "test credit", "45.00", ("44", "Meals"))
    assert entries["nodes"] == [
        {
            "id": TRANSACTION + "96",
            "__typename": "JournalEntry",
            "metadata": {"entityVersion": "0"},
            "memo": None,
            "referenceNumber": "SomeJENumber13",
            "transactionDate": "2021-09-22",
            "entryLines": [
                {**debit, "payee": first, "project": None},
                {**credit, "payee": second, "project": None},
            ],
        }
    ]
    assert response.body.count(b'"amount":45.00,') == 2


def test_create(server: RunningServer) -> None:
    entry = shown(send(server, "create"))["createJournalEntry"]
    assert entry["id"].startswith(TRANSACTION)
    assert entry["metadata"] == {"entityVersion": "0"}
    assert entry["memo"] == "some memo for journal entry"
    assert (entry["referenceNumber"], entry["transactionDate"]) == ("11", "2021-09-09")
    debit = line("DEBIT", "0", "test debit", "200.00", ("26", "Sales of Product Income"))
    credit = line("CREDIT", "1", "test credit", "200.00", ("31", "Business licences"))
    payee = {"id": CONTACT + "35", "displayName": "Ata Bi Pro"}
    assert entry["entryLines"] == [{**debit, "payee": None}, {**credit, "payee": payee}]


def test_update_then_stale(fresh_server: RunningServer) -> None:
    entry = shown(send(fresh_server, "update"))["updateJournalEntry"]
    assert entry["id"] == TRANSACTION + "82"
    assert entry["metadata"] == {"entityVersion": "1"}
    assert entry["privateMemo"] == "add test memo"
    assert "memo" not in entry
    debit = line("DEBIT", "2", "test debit", "35.00", ("35", "Depreciation"))
    credit = line("CREDIT", "3", "test credit", "35.00", ("13", "Inventory Asset"))
    assert entry["entryLines"] == [{**debit, "payee": None}, {**credit, "payee": None}]
    again = json.loads(send(fresh_server, "update").body)
    assert again["data"] == {"updateJournalEntry": None}
    assert again["errors"][0]["extensions"]["code"] == "VAL-9006"
    assert again["errors"][0]["extensions"]["currentEntityVersion"] == "1"


def test_delete_then_gone(fresh_server: RunningServer) -> None:
    deleted = shown(send(fresh_server, "delete"))["deleteJournalEntry"]
    assert deleted == {"id": TRANSACTION + "80", "success": True}
    again = json.loads(send(fresh_server, "delete").body)
    assert again["data"] == {"deleteJournalEntry": None}
    assert again["errors"][0]["extensions"]["code"] == "VAL-9007"


@pytest.mark.parametrize("path", ["/graphql", "/2020-04/graphql"])
def test_both_addresses(server: RunningServer, path: str) -> None:
    assert shown(send(server, "read", path))["company"]["journalEntries"]["nodes"]
