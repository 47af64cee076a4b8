"""One journal, five interfaces: what is done over one is seen in the others and means the same."""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import psycopg
import pytest
import requests
from tests.support.server import RunningServer, command, start, variables

COMPANY = "c0c4ef53-e70c-45d5-9af4-27aa486347d7"
CONNECTION = "5c9c8f2a-8c0e-4c55-9d3a-2f0f4f3c7a10"
PUSH_SECONDS_MAX = 20.0

ACCOUNT_ID = "djQuMTo5MTMwMzU1MjAyMDI4NDY2OjUxY2VkODUzNmM"
ENTRY_ID = "djQuMTo5MTMwMzU1MjAyMDI4NDY2OjgwMjcxZWRkOGE"
"""What GraphQL's ids of the demo's accounts and entries begin with."""

MEALS, BARCLAYS = "44", "139"
"""Accounts of the demo by their numbers: an expense and the bank."""
LINES = [("debit", "Meals", Decimal("12.50")), ("credit", "Barclays", Decimal("12.50"))]
"""What every entry made here says, whoever is asked."""


class Journal:
    """The demo company's journal, spoken to over each interface."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        found = re.search(r"postgresql://demo:demo@\S+/demo\b", server.greeting)
        assert found is not None, server.greeting
        self.sql = psycopg.connect(found[0], autocommit=True)
        self.http = requests.Session()

    def _json(self, method: str, path: str, body: object = None, **headers: str) -> Any:
        answer = self.http.request(
            method,
            self.server.url + path,
            data=None if body is None else json.dumps(body),
            headers={"Content-Type": "application/json", **headers},
            timeout=20,
        )
        assert answer.status_code < 500, answer.text
        return json.loads(answer.content, parse_float=Decimal) if answer.content else None

    def qbo(self, method: str, path: str, body: object = None) -> Any:
        path = f"/v3/company/{self.server.realm}/{path}"
        return self._json(method, path, body, Authorization="Bearer demo")

    def graphql(self, query: str, **variables: object) -> Any:
        body = {"query": query, "variables": variables}
        return self._json("POST", "/2020-04/graphql", body, Authorization="Bearer demo")["data"]

    def codat(self, method: str, path: str, body: object = None) -> Any:
        path = f"/companies/{COMPANY}/{path}"
        return self._json(method, path, body, Authorization="Basic ZGVtbw==")

    def modulus(self, method: str, name: str, body: object = None, **query: object) -> Any:
        more = "".join(f"&{key}={value}" for key, value in query.items())
        return self._json(method, f"/api/bk/v1/{name}?token=demo{more}", body)

    def pushed(self, receipt: Any) -> Any:
        """A push operation once it has ended."""
        ends = time.monotonic() + PUSH_SECONDS_MAX
        while receipt["status"] == "Pending" and time.monotonic() < ends:
            time.sleep(0.05)
            receipt = self.codat("GET", f"push/{receipt['pushOperationKey']}")
        assert receipt["status"] == "Success", receipt
        return receipt

    # What each interface says of an entry: its lines, or None if it does not have it.

    def over_qbo(self, number: int) -> list[tuple[str, str, Decimal]] | None:
        shown = self.qbo("GET", f"journalentry/{number}")
        if "Fault" in shown:
            return None
        return [
            (detail["PostingType"].lower(), detail["AccountRef"]["name"], line["Amount"])
            for line in shown["JournalEntry"]["Line"]
            for detail in [line["JournalEntryLineDetail"]]
        ]

    def over_graphql(self, number: int) -> list[tuple[str, str, Decimal]] | None:
        found = self.graphql(
            "query ($id: String) { company { journalEntries(filter: {id: {equals: $id}}) { nodes {"
            " entryLines { entryLineType amount account { name } } } } } }",
            id=str(number),
        )["company"]["journalEntries"]["nodes"]
        if not found:
            return None
        return [
            (line["entryLineType"].lower(), line["account"]["name"], Decimal(line["amount"]))
            for line in found[0]["entryLines"]
        ]

    def over_codat(self, number: int) -> list[tuple[str, str, Decimal]] | None:
        query = f"query=id%3D{number}%26%26metadata.isDeleted!%3Dtrue"
        found = self.codat("GET", f"data/journalEntries?{query}")["results"]
        if not found:
            return None
        return [
            (
                "debit" if line["netAmount"] > 0 else "credit",
                line["accountRef"]["name"],
                Decimal(abs(line["netAmount"])),
            )
            for line in found[0]["journalLines"]
        ]

    def over_sql(self, number: int) -> list[tuple[str, str, Decimal]] | None:
        rows = self.sql.execute(
            "SELECT LineType, LineAccount, LineAmount FROM JournalEntryLines"
            " WHERE JournalEntryID LIKE %s ORDER BY ID",
            (f"{number:X}-%",),
        ).fetchall()
        return [(side.lower(), account, amount) for side, account, amount in rows] or None

    def everywhere(self, number: int) -> list[list[tuple[str, str, Decimal]] | None]:
        """What the four interfaces say that know no waiting."""
        asked = (self.over_qbo, self.over_graphql, self.over_codat, self.over_sql)
        return [ask(number) for ask in asked]

    # Ways to make an entry; each answers with its number.

    def post_by_qbo(self) -> int:
        lines = [
            {
                "Amount": 12.5,
                "DetailType": "JournalEntryLineDetail",
                "JournalEntryLineDetail": {"PostingType": side, "AccountRef": {"value": account}},
            }
            for side, account in (("Debit", MEALS), ("Credit", BARCLAYS))
        ]
        return int(self.qbo("POST", "journalentry", {"Line": lines})["JournalEntry"]["Id"])

    def post_by_graphql(self) -> int:
        lines = [
            {"entryLineType": side, "amount": "12.50", "account": {"id": f"{ACCOUNT_ID}:{account}"}}
            for side, account in (("DEBIT", MEALS), ("CREDIT", BARCLAYS))
        ]
        made = self.graphql(
            "mutation ($entry: CreateJournalEntryInput!) {"
            " createJournalEntry(journalEntry: $entry) { id } }",
            entry={"entryLines": lines},
        )
        return int(made["createJournalEntry"]["id"].rpartition(":")[2])

    def post_by_codat(self) -> int:
        lines = [
            {"netAmount": amount, "accountRef": {"id": account}, "currency": "GBP"}
            for amount, account in ((12.5, MEALS), (-12.5, BARCLAYS))
        ]
        body = {"postedOn": "2026-03-01T00:00:00", "journalLines": lines}
        path = f"connections/{CONNECTION}/push/journalEntries"
        return int(self.pushed(self.codat("POST", path, body))["changes"][0]["recordRef"]["id"])

    def post_by_sql(self) -> int:
        rows = "".join(
            f"<Row><LineType>{side}</LineType><LineAccount>{escape(account)}</LineAccount>"
            "<LineAmount>12.50</LineAmount></Row>"
            for side, account in (("Debit", "Meals"), ("Credit", "Barclays"))
        )
        aggregate = f"<JournalEntryLines>{rows}</JournalEntryLines>"
        made = self.sql.execute(
            "INSERT INTO JournalEntries (LineAggregate) VALUES (%s) RETURNING ID", (aggregate,)
        ).fetchone()
        assert made is not None
        return int(made[0].partition("-")[0], 16)

    def post_by_modulus(self) -> int:
        """Pending first, and then approved by the command line."""
        number = self.pending()
        run(self.server, "entry", "approve", str(number), "--company", "demo")
        return number

    def pending(self) -> int:
        body = {
            "date": "2026-03-01",
            "journal_entries": [
                {"account_code": "6400", "base_currency_debit_amount": "12.50"},
                {"account_code": "1200", "base_currency_credit_amount": "12.50"},
            ],
        }
        codes = {
            account["Name"]: account["AcctNum"]
            for account in self.qbo("GET", "query?query=select%20*%20from%20Account")[
                "QueryResponse"
            ]["Account"]
        }
        for entry, name in zip(body["journal_entries"], ("Meals", "Barclays"), strict=True):
            entry["account_code"] = codes[name]  # type: ignore[index]
        made = self.modulus("POST", "CreateJournal", body)
        assert made["result"] is True, made
        return int(made["object"]["created_journal_id"])

    # Ways to delete one.

    def delete_by_qbo(self, number: int) -> None:
        body = {"Id": str(number), "SyncToken": "9"}
        self.qbo("POST", "journalentry?operation=delete", body)

    def delete_by_graphql(self, number: int) -> None:
        query = "mutation ($id: ID!) { deleteJournalEntry(id: $id) { id } }"
        assert self.graphql(query, id=f"{ENTRY_ID}:{number}")["deleteJournalEntry"] is not None

    def delete_by_codat(self, number: int) -> None:
        path = f"connections/{CONNECTION}/push/journalEntries/{number}"
        self.pushed(self.codat("DELETE", path))

    def delete_by_sql(self, number: int) -> None:
        found = self.sql.execute(
            "SELECT ID FROM JournalEntries WHERE ID LIKE %s", (f"{number:X}-%",)
        ).fetchone()
        assert found is not None
        self.sql.execute("DELETE FROM JournalEntries WHERE ID = %s", found)


def run(server: RunningServer, *arguments: str) -> str:
    """A command of `daybook` on the server's store, beside it."""
    done = subprocess.run(
        command(*arguments, "--store", server.store),
        capture_output=True,
        text=True,
        env=variables(),
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journal]:
    folder: Path = tmp_path_factory.mktemp("wires")
    running = start(folder, "--sql", "127.0.0.1:0")
    opened = Journal(running)
    yield opened
    opened.sql.close()
    opened.http.close()
    assert running.stop() == 0, running.log.read_text()
    assert "Traceback" not in running.log.read_text()


@pytest.mark.parametrize(
    "post",
    [
        Journal.post_by_qbo,
        Journal.post_by_graphql,
        Journal.post_by_codat,
        Journal.post_by_sql,
        Journal.post_by_modulus,
    ],
)
@pytest.mark.parametrize(
    "delete",
    [
        Journal.delete_by_qbo,
        Journal.delete_by_graphql,
        Journal.delete_by_codat,
        Journal.delete_by_sql,
    ],
)
def test_an_entry_is_seen_everywhere_until_it_is_deleted_anywhere(
    journal: Journal,
    post: Callable[[Journal], int],
    delete: Callable[[Journal, int], None],
) -> None:
    number = post(journal)
    assert journal.everywhere(number) == [LINES] * 4
    delete(journal, number)
    assert journal.everywhere(number) == [None] * 4
    tombstone = journal.codat("GET", f"data/journalEntries/{number}")
    assert tombstone["metadata"]["isDeleted"] is True


def test_a_pending_entry_is_seen_where_status_is_known_alone(journal: Journal) -> None:
    number = journal.pending()
    assert journal.everywhere(number) == [None] * 4
    shown = journal.modulus("GET", "GetJournal", journal_id=number)
    assert shown["object"]["status"] == "pending"
    run(journal.server, "entry", "approve", str(number), "--company", "demo")
    assert journal.everywhere(number) == [LINES] * 4
    shown = journal.modulus("GET", "GetJournal", journal_id=number)
    assert shown["object"]["status"] == "approved"
