"""Pages of accounts and names: what they need is read for the page, not for each row."""

import json
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest
from tests.support.qbo import CHECKING, CUSTOMER, RECEIVABLE, SALES, Wire, line

from daybook.app.ports import Reader
from daybook.protocols.kit import json as exact
from daybook.protocols.qbo import query


class CountingReader:
    """Hands everything on, and counts what is asked."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.asked: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        self.asked[name] += 1
        return getattr(self._reader, name)


def page(wire: Wire, entity: str) -> tuple[list[dict[str, Any]], int]:
    """All rows of an entity, and how many reads of the books beside cached ones they took."""
    with wire.books.read() as reader:
        counting = CountingReader(reader)
        statement = f"select * from {entity} maxresults 1000"
        found = query.run(statement, counting, wire.clock())
    for cached in ("company", "reference"):
        del counting.asked[cached]
    rows = json.loads(exact.encode(found[entity]), parse_float=Decimal)
    return rows, sum(counting.asked.values())


@pytest.mark.parametrize(
    ("entity", "more"),
    [
        ("Account", {"AccountType": "Bank"}),
        ("Customer", {"BillWithParent": True}),
        ("Vendor", {}),
    ],
)
def test_a_longer_page_takes_no_more_reads(entity: str, more: dict[str, Any]) -> None:
    wire = Wire()
    flag, name = ("SubAccount", "Name") if entity == "Account" else ("Job", "DisplayName")
    nested = entity != "Vendor"
    parent = wire.create(entity, {name: "Top", **more})["Id"]
    below = {flag: True, "ParentRef": {"value": parent}} if nested else {}
    wire.create(entity, {name: "First", **more, **below})
    short, reads = page(wire, entity)
    for number in range(30):
        wire.create(entity, {name: f"More {number}", **more, **below})
    long, more_reads = page(wire, entity)
    assert len(long) == len(short) + 30
    assert more_reads == reads


def test_balances_of_a_page_are_those_of_single_reads() -> None:
    """Accounts and customers three levels deep, with something on each of them."""
    wire = Wire()
    parent_account, parent_customer = str(CHECKING), str(CUSTOMER)
    for number in range(1, 4):
        account = {"Name": f"Till {number}", "AccountType": "Bank", "SubAccount": True}
        made = wire.create("Account", {**account, "ParentRef": {"value": parent_account}})
        parent_account = made["Id"]
        customer = {"DisplayName": f"Job {number}", "Job": True, "BillWithParent": True}
        job = wire.create("Customer", {**customer, "ParentRef": {"value": parent_customer}})
        parent_customer = job["Id"]
        entity = {"Entity": {"Type": "Customer", "EntityRef": {"value": parent_customer}}}
        cents = 10**number
        wire.create(
            "JournalEntry",
            {"Line": [line("Debit", cents, int(parent_account)), line("Credit", cents, SALES)]},
        )
        wire.create(
            "JournalEntry",
            {"Line": [line("Debit", cents, RECEIVABLE, **entity), line("Credit", cents, SALES)]},
        )
    for entity_name, whole in (
        ("Account", "CurrentBalanceWithSubAccounts"),
        ("Customer", "BalanceWithJobs"),
    ):
        rows, _ = page(wire, entity_name)
        assert rows == [
            wire.get(f"{entity_name.lower()}/{row['Id']}").json[entity_name] for row in rows
        ]
        (top,) = [
            row
            for row in rows
            if row["Id"] == str(CHECKING if entity_name == "Account" else CUSTOMER)
        ]
        assert top[whole] == 1_110
