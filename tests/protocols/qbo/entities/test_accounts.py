"""Accounts: types and subtypes, trees, names, balances, and the way back from inactive."""

from decimal import Decimal
from typing import Any

import pytest
from tests.support.qbo import CHECKING, CONSULTING, PAYABLE, VENDOR, Wire, line, two_lines

from daybook.domain.model import AccountKind
from daybook.protocols.qbo.entities.accounts import TYPES
from daybook.protocols.qbo.entities.subtypes import SINGULAR, SUBTYPES


@pytest.fixture
def wire() -> Wire:
    return Wire()


def test_every_kind_has_a_type() -> None:
    assert set(TYPES.values()) == set(AccountKind)
    assert set(SUBTYPES) == set(TYPES)
    assert set().union(*SUBTYPES.values()) >= SINGULAR


def test_create_fills_in_defaults(wire: Wire) -> None:
    shown = wire.create("Account", {"Name": "Rent", "AccountType": "Expense", "AcctNum": "6100"})
    assert list(shown) == [
        "Name",
        "SubAccount",
        "FullyQualifiedName",
        "Active",
        "Classification",
        "AccountType",
        "AccountSubType",
        "AcctNum",
        "CurrentBalance",
        "CurrentBalanceWithSubAccounts",
        "CurrencyRef",
        "domain",
        "sparse",
        "Id",
        "SyncToken",
        "MetaData",
    ]
    assert shown["AccountSubType"] == "Travel"
    assert shown["Classification"] == "Expense"
    assert shown["CurrencyRef"] == {"value": "USD", "name": "United States Dollar"}
    assert wire.get(f"account/{shown['Id']}").json["Account"] == shown


@pytest.mark.parametrize(
    ("sent", "type_name", "subtype"),
    [
        ({"AccountSubType": "Savings"}, "Bank", "Savings"),
        ({"AccountType": "Bank"}, "Bank", "CashOnHand"),
        ({"AccountType": "Bank", "AccountSubType": "Checking"}, "Bank", "Checking"),
        ({"AccountType": "Expense", "AccountSubType": "LocalThing"}, "Expense", "LocalThing"),
        ({"AccountType": "accounts receivable"}, "Accounts Receivable", "AccountsReceivable"),
        ({"AccountType": "Non-Posting"}, "Non-Posting", None),
    ],
)
def test_types_and_subtypes(
    wire: Wire, sent: dict[str, str], type_name: str, subtype: str | None
) -> None:
    shown = wire.create("Account", {"Name": "New", **sent})
    assert shown["AccountType"] == type_name
    assert shown.get("AccountSubType") == subtype
    if type_name == "Non-Posting":
        assert "Classification" not in shown


REFUSED: list[tuple[str, dict[str, Any], list[str]]] = [
    ("no name", {"AccountType": "Bank"}, ["2020"]),
    ("no type", {"Name": "X"}, ["2020"]),
    ("unknown type", {"Name": "X", "AccountType": "Cash"}, ["2170"]),
    ("unknown subtype alone", {"Name": "X", "AccountSubType": "LocalThing"}, ["2170"]),
    (
        "pair that does not belong together",
        {"Name": "X", "AccountType": "Bank", "AccountSubType": "Travel"},
        ["6010"],
    ),
    ("colon in the name", {"Name": "A:B", "AccountType": "Bank"}, ["2040"]),
    ("quote in the name", {"Name": 'A"B', "AccountType": "Bank"}, ["2040"]),
    ("long name", {"Name": "N" * 101, "AccountType": "Bank"}, ["2050"]),
    ("name that is taken", {"Name": "checking", "AccountType": "Bank"}, ["6240"]),
    ("sub-account of nothing", {"Name": "X", "AccountType": "Bank", "SubAccount": True}, ["2020"]),
    (
        "unknown parent",
        {"Name": "X", "AccountType": "Bank", "ParentRef": {"value": "99"}},
        ["2500"],
    ),
    (
        "parent that is no number",
        {"Name": "X", "AccountType": "Bank", "ParentRef": {"value": "x"}},
        ["2500"],
    ),
    (
        "parent of another type",
        {"Name": "X", "AccountType": "Expense", "ParentRef": {"value": "1"}},
        ["6000"],
    ),
    (
        "opening balance",
        {"Name": "X", "AccountType": "Bank", "OpeningBalance": 5},
        ["5030"],
    ),
    (
        "foreign currency",
        {"Name": "X", "AccountType": "Bank", "CurrencyRef": {"value": "EUR"}},
        ["6000"],
    ),
    ("no currency", {"Name": "X", "AccountType": "Bank", "CurrencyRef": {"value": "?"}}, ["2220"]),
    ("unknown member", {"Nmae": "X"}, ["2010"]),
    ("unknown id", {"Id": "99", "SyncToken": "0", "Name": "X", "AccountType": "Bank"}, ["610"]),
    ("no token", {"Id": "1", "Name": "X", "AccountType": "Bank"}, ["2020"]),
    ("stale", {"Id": "1", "SyncToken": "7", "Name": "X", "AccountType": "Bank"}, ["5010"]),
]


@pytest.mark.parametrize(
    ("body", "codes"), [each[1:] for each in REFUSED], ids=[each[0] for each in REFUSED]
)
def test_refused(wire: Wire, body: dict[str, Any], codes: list[str]) -> None:
    answer = wire.post("account", body)
    assert answer.status == 400
    assert answer.codes == codes
    assert answer.response.diagnosis


def test_some_subtypes_exist_once(wire: Wire) -> None:
    body = {"AccountType": "Equity", "AccountSubType": "RetainedEarnings"}
    first = wire.create("Account", {"Name": "Retained Earnings", **body})
    answer = wire.post("account", {"Name": "Another", **body})
    assert answer.codes == ["6000"]
    assert "singular detail type RetainedEarnings" in answer.errors[0]["Detail"]
    assert wire.create("Account", {**first, "Description": "own"})["SyncToken"] == "1"
    below = {"Name": "Below", "AccountType": "Equity", "ParentRef": {"value": first["Id"]}}
    assert wire.post("account", {**below, **body}).codes == ["6000", "6000"]


def test_trees(wire: Wire) -> None:
    """Names follow their parents, five levels at most, and no account is below itself."""
    parent = wire.create("Account", {"Name": "Office", "AccountType": "Expense"})
    above = parent
    for level in range(4):
        body = {"Name": f"L{level}", "AccountType": "Expense", "SubAccount": True}
        above = wire.create("Account", {**body, "ParentRef": {"value": above["Id"]}})
    assert above["FullyQualifiedName"] == "Office:L0:L1:L2:L3"
    assert above["SubAccount"] is True
    body = {"Name": "L4", "AccountType": "Expense", "ParentRef": {"value": above["Id"]}}
    assert wire.post("account", body).codes == ["6180"]
    looped = {**parent, "ParentRef": {"value": above["Id"]}, "SubAccount": True}
    assert "900" in wire.post("account", looped).codes
    wire.create("Account", {"Id": parent["Id"], "SyncToken": "0", "sparse": True, "Name": "Desk"})
    shown = wire.get(f"account/{above['Id']}").json["Account"]
    assert shown["FullyQualifiedName"] == "Desk:L0:L1:L2:L3"
    free = {"Id": above["Id"], "SyncToken": "1", "sparse": True, "SubAccount": False}
    shown = wire.create("Account", free)
    assert shown["FullyQualifiedName"] == "L3"
    assert "ParentRef" not in shown


def test_sparse_and_full_updates(wire: Wire) -> None:
    body = {
        "Name": "Till",
        "AccountType": "Bank",
        "AccountSubType": "CashOnHand",
        "AcctNum": "1100",
        "Description": "front desk",
        "TaxCodeRef": {"value": "2"},
    }
    account = wire.create("Account", body)
    sparse = {"Id": account["Id"], "SyncToken": "0", "sparse": True, "Description": "back office"}
    changed = wire.create("Account", sparse)
    assert changed["AcctNum"] == "1100"
    assert changed["TaxCodeRef"] == {"value": "2"}
    assert changed["Description"] == "back office"
    assert wire.create("Account", changed) == changed
    cleared = {**sparse, "SyncToken": "1", "Description": None, "AcctNum": ""}
    changed = wire.create("Account", cleared)
    assert "AcctNum" not in changed
    assert "Description" not in changed
    moved = {"Id": account["Id"], "SyncToken": "2", "sparse": True, "AccountSubType": "Travel"}
    assert wire.create("Account", moved)["AccountType"] == "Expense"
    typed = {"Id": account["Id"], "SyncToken": "3", "sparse": True, "AccountType": "Equity"}
    assert wire.create("Account", typed)["AccountSubType"] == "OpeningBalanceEquity"
    full = {"Id": account["Id"], "SyncToken": "4", "Name": "Till", "AccountType": "Bank"}
    assert "TaxCodeRef" not in wire.create("Account", full)


def test_codes_are_unique(wire: Wire) -> None:
    body = {"AccountType": "Bank", "AcctNum": "1100"}
    wire.create("Account", {"Name": "A", **body})
    assert wire.post("account", {"Name": "B", **body}).codes == ["6240"]


def test_inactive_accounts(wire: Wire) -> None:
    """Shown with a suffix, readable, their name free for others; sending back what was read
    brings the account back under its own name."""
    shown = wire.get(f"account/{CONSULTING}").json["Account"]
    entry = wire.create("JournalEntry", two_lines())
    off = {"Id": shown["Id"], "SyncToken": "0", "sparse": True, "Active": False}
    gone = wire.create("Account", off)
    assert gone["Name"] == "Consulting (deleted)"
    assert gone["FullyQualifiedName"] == "Consulting (deleted)"
    detail = wire.get(f"journalentry/{entry['Id']}").json["JournalEntry"]["Line"][0]
    name = detail["JournalEntryLineDetail"]["AccountRef"]["name"]
    assert name == "Consulting (deleted)"
    assert wire.post("journalentry", two_lines()).codes == ["2500"]
    back = wire.create("Account", {**gone, "Active": True})
    assert back["Name"] == "Consulting"
    gone = wire.create("Account", {**back, "Active": False})
    assert wire.create("Account", {"Name": "Consulting", "AccountType": "Expense"})["Id"] == "8"
    assert wire.post("account", {**gone, "Active": True}).codes == ["6240"]
    answer = wire.post("account", off, "operation=delete")
    assert answer.codes == ["500"]
    assert answer.errors[0]["Detail"] == "Operation delete is not supported."


def test_balances(wire: Wire) -> None:
    """Debit-positive on the balance sheet, with the accounts below; none elsewhere."""
    name = {"Entity": {"Type": "Vendor", "EntityRef": {"value": str(VENDOR)}}}
    child = wire.create(
        "Account", {"Name": "Till", "AccountType": "Bank", "ParentRef": {"value": str(CHECKING)}}
    )
    lines = [
        line("Debit", 700),
        line("Credit", 500, PAYABLE, **name),
        line("Credit", 150, CHECKING),
        line("Credit", 50, int(child["Id"])),
    ]
    wire.create("JournalEntry", {"Line": lines})

    def balances(account: int) -> tuple[Any, Any]:
        shown = wire.get(f"account/{account}").json["Account"]
        return shown["CurrentBalance"], shown["CurrentBalanceWithSubAccounts"]

    assert balances(PAYABLE) == (Decimal(-500), Decimal(-500))
    assert balances(CHECKING) == (Decimal(-150), Decimal(-200))
    assert balances(CONSULTING) == (0, 0)
    assert b'"CurrentBalance":-500.00,' in wire.get(f"account/{PAYABLE}").response.body


def test_accounts_in_foreign_currency() -> None:
    wire = Wire(multicurrency=True)
    body = {"Name": "Euro", "AccountType": "Bank", "CurrencyRef": {"value": "EUR"}}
    shown = wire.create("Account", body)
    assert shown["CurrencyRef"] == {"value": "EUR", "name": "Euro"}
    sparse = {"Id": shown["Id"], "SyncToken": "0", "sparse": True, "Name": "Euros"}
    assert wire.create("Account", sparse)["CurrencyRef"]["value"] == "EUR"
