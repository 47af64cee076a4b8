"""A journal that waits is nowhere over QuickBooks; once it is approved it is everywhere."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.support.modulus import APP, Wire, rent
from tests.support.qbo import InlineRuntime, finished

from daybook.app.ports import Total
from daybook.domain.commands import DeleteEntry
from daybook.domain.ids import EntryId
from daybook.domain.model import Status
from daybook.protocols.kit.plugin import Request, Services
from daybook.protocols.qbo.plugin import QboPlugin

RENT, CHECKING = 7, 1


class Both:
    """Two interfaces on the same books."""

    def __init__(self) -> None:
        self.modulus = Wire()
        services = Services(
            self.modulus.ledger, self.modulus.tokens, InlineRuntime(), self.modulus.clock
        )
        self.qbo = QboPlugin(services)

    def ask(self, method: str, path: str, body: object = None, **parameters: str) -> Any:
        names = self.modulus.ledger.store.directory.names(self.modulus.company_id)
        assert names is not None
        request = Request(
            method,
            f"/v3/company/{names.realm}/{path}",
            urlencode(parameters),
            {"authorization": f"Bearer {APP}"},
            b"" if body is None else json.dumps(body).encode(),
            "0" * 32,
            "http://127.0.0.1:8080",
        )
        response = finished(self.qbo.handle(request))
        shown = json.loads(response.body)
        shown.pop("time", None)
        return shown

    def everything(self) -> dict[str, Any]:
        """All ways to see an entry, or that there is one."""
        everywhere = "SELECT * FROM JournalEntry"
        item = {"bId": "1", "Query": everywhere}
        delete = {"Id": "1", "SyncToken": "0"}
        return {
            "query": self.ask("GET", "query", query=everywhere),
            "count": self.ask("GET", "query", query="SELECT COUNT(*) FROM JournalEntry"),
            "by id": self.ask("GET", "query", query=f"{everywhere} WHERE Id = '1'"),
            "cdc": self.ask(
                "GET", "cdc", entities="JournalEntry", changedSince="2020-01-01T00:00:00Z"
            ),
            "batch": self.ask("POST", "batch", {"BatchItemRequest": [item]}),
            "rent": self.ask("GET", f"account/{RENT}")["Account"]["CurrentBalance"],
            "bank": self.ask("GET", f"account/{CHECKING}")["Account"]["CurrentBalance"],
            "read": self.ask("GET", "journalentry/1"),
            "delete": self.ask("POST", "journalentry", delete, operation="delete"),
            "update": self.ask("POST", "journalentry", {**delete, "sparse": True}),
        }

    def totals(self) -> list[Total]:
        with self.modulus.books().read() as reader:
            return reader.account_totals()


@pytest.mark.parametrize("status", [Status.PENDING, Status.REVIEW])
def test_a_journal_that_waits_is_nowhere(status: Status) -> None:
    """Every answer is what it was before there was a journal."""
    both = Both()
    before = both.everything()
    assert both.modulus.create(rent()) == 1
    if status is Status.REVIEW:
        both.modulus.move(1, Status.REVIEW)
    assert both.everything() == before
    assert both.totals() == []
    both.modulus.execute(DeleteEntry(EntryId(1), None))
    assert both.everything() == before


def test_an_approved_journal_is_everywhere() -> None:
    both = Both()
    before = both.everything()
    journal_id = both.modulus.create(rent(reference_number="INV-7"))
    both.modulus.move(journal_id, Status.REVIEW, Status.POSTED)
    entry = both.ask("GET", f"journalentry/{journal_id}")["JournalEntry"]
    assert (entry["DocNumber"], entry["TxnDate"]) == ("INV-7", "2026-01-14")
    assert [line["Amount"] for line in entry["Line"]] == [1200, 1200]
    after = both.everything()
    # the first delete has deleted it; balances of expenses are not shown there
    assert {name for name in after if after[name] == before[name]} <= {"update", "rent"}
    assert after["bank"] == -1200
    assert after["count"]["QueryResponse"]["totalCount"] == 1
    assert after["cdc"]["CDCResponse"][0]["QueryResponse"][0]["JournalEntry"][0]["Id"] == "1"
