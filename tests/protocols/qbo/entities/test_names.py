"""Customers, vendors and employees: names, what is kept beside them, balances, trees."""

from decimal import Decimal
from typing import Any

import pytest
from tests.support.qbo import CHECKING, CUSTOMER, PAYABLE, RECEIVABLE, VENDOR, Wire, line

from daybook.domain.model import Contact
from daybook.protocols.qbo import stored


@pytest.fixture
def wire() -> Wire:
    return Wire()


ADDRESS = {"Line1": "1 Main St", "City": "Bern", "PostalCode": "3000", "Line2": ""}
FULL = {
    "Title": "Dr",
    "GivenName": "Nora",
    "FamilyName": "Quist",
    "CompanyName": "Quist & Co",
    "DisplayName": "Quist",
    "PrimaryPhone": {"FreeFormNumber": "555-1000"},
    "PrimaryEmailAddr": {"Address": "nora@example.com"},
    "WebAddr": {"URI": "https://example.com"},
    "BillAddr": ADDRESS,
    "Notes": "pays late",
}


def test_customers_show_what_they_were_given(wire: Wire) -> None:
    shown = wire.create("Customer", FULL)
    assert list(shown) == [
        "Title",
        "GivenName",
        "FamilyName",
        "FullyQualifiedName",
        "CompanyName",
        "DisplayName",
        "PrintOnCheckName",
        "Active",
        "PrimaryPhone",
        "PrimaryEmailAddr",
        "WebAddr",
        "Taxable",
        "BillAddr",
        "Notes",
        "Job",
        "BillWithParent",
        "Balance",
        "BalanceWithJobs",
        "CurrencyRef",
        "PreferredDeliveryMethod",
        "IsProject",
        "domain",
        "sparse",
        "Id",
        "SyncToken",
        "MetaData",
    ]
    assert shown["BillAddr"] == {"Line1": "1 Main St", "City": "Bern", "PostalCode": "3000"}
    assert shown["PrintOnCheckName"] == "Quist"
    assert wire.get(f"customer/{shown['Id']}").json["Customer"] == shown
    assert wire.create("Customer", shown) == shown
    sparse = {"Id": shown["Id"], "SyncToken": "0", "sparse": True, "Notes": "", "Title": "Prof"}
    changed = wire.create("Customer", sparse)
    assert "Notes" not in changed
    assert changed["Title"] == "Prof"
    assert changed["BillAddr"] == shown["BillAddr"]


def test_names_are_put_together(wire: Wire) -> None:
    body: dict[str, Any] = {"Title": "Mr", "GivenName": "Jo", "FamilyName": "Bloggs"}
    assert wire.create("Customer", body)["DisplayName"] == "Mr Jo Bloggs"
    assert wire.create("Vendor", {"CompanyName": "A:B Ltd"})["DisplayName"] == "A B Ltd"
    body = {"GivenName": "Emma", "FamilyName": "Stone", "SSN": "123-45-6789"}
    employee = wire.create("Employee", body)
    assert employee["DisplayName"] == "Emma Stone"
    assert employee["SSN"] == "XXXXXXX6789"
    changed = wire.create("Employee", {**employee, "Title": "Dr"})
    assert changed["DisplayName"] == "Emma Stone"
    with wire.books.read() as reader:
        contact = reader.reference("contact", int(employee["Id"]))
    assert isinstance(contact, Contact)
    assert stored.load(contact.annex)["SSN"] == "123-45-6789"
    assert (
        wire.create("Vendor", {"DisplayName": "V", "TaxIdentifier": "12"})["TaxIdentifier"] == "XX"
    )


def test_the_three_share_ids_and_names(wire: Wire) -> None:
    vendor = wire.create("Vendor", {"DisplayName": "Nova"})
    answer = wire.post("customer", {"DisplayName": "NOVA"})
    assert answer.codes == ["6240"]
    assert answer.errors[0]["Detail"] == (
        "The name supplied already exists. : Another customer, vendor or employee is already using"
        " this name. Please use a different name."
    )
    customer = wire.create("Customer", {"DisplayName": "Other"})
    assert int(customer["Id"]) == int(vendor["Id"]) + 1
    assert wire.get(f"customer/{vendor['Id']}").codes == ["610"]
    assert wire.post("customer", {**vendor, "DisplayName": "N"}).codes == ["2010"]
    stolen = {"Id": vendor["Id"], "SyncToken": "0", "DisplayName": "N"}
    assert wire.post("customer", stolen).codes == ["610"]


@pytest.mark.parametrize(
    ("entity", "body", "codes"),
    [
        ("customer", {}, ["6080"]),
        ("vendor", {"DisplayName": "  "}, ["2020"]),
        ("employee", {"DisplayName": "X"}, ["2020"]),
        ("customer", {"DisplayName": "A:B"}, ["2040"]),
        ("customer", {"DisplayName": "A\tB"}, ["2040"]),
        ("customer", {"DisplayName": "N" * 501}, ["2050"]),
        ("customer", {"DisplayName": "N", "Title": "T" * 17}, ["2050"]),
        ("customer", {"DisplayName": "N", "PrimaryEmailAddr": {"Address": "n"}}, ["2210"]),
        ("customer", {"DisplayName": "N", "PrimaryPhone": {"Number": "1"}}, ["2010"]),
        ("customer", {"DisplayName": "N", "BillAddr": "Bern"}, ["2010"]),
        ("customer", {"DisplayName": "N", "ParentRef": {"value": "99"}}, ["2500"]),
        ("customer", {"DisplayName": "N", "CurrencyRef": {"value": "EUR"}}, ["6000"]),
        ("customer", {"DisplayName": "N", "CurrencyRef": {"value": "?"}}, ["2220"]),
        ("customer", {"DisplayName": "N", "Vendor1099": True}, ["2010"]),
    ],
)
def test_refused(wire: Wire, entity: str, body: dict[str, Any], codes: list[str]) -> None:
    answer = wire.post(entity, body)
    assert answer.codes == codes
    assert answer.response.diagnosis


def test_inactive_names_are_free(wire: Wire) -> None:
    """The suffix is shown on the name and not on what is printed on cheques."""
    shown = wire.get(f"vendor/{VENDOR}").json["Vendor"]
    off = {"Id": shown["Id"], "SyncToken": "0", "sparse": True, "Active": False}
    gone = wire.create("Vendor", off)
    assert gone["DisplayName"] == "Hale Advisors (deleted)"
    assert gone["PrintOnCheckName"] == "Hale Advisors"
    assert wire.get(f"vendor/{VENDOR}").json["Vendor"] == gone
    wire.create("Vendor", {"DisplayName": "Hale Advisors"})
    assert wire.post("vendor", {**gone, "Active": True}).codes == ["6240"]
    back = wire.create("Vendor", {**gone, "Active": True, "DisplayName": "Hale"})
    assert back["DisplayName"] == "Hale"


def test_sub_customers_and_balances(wire: Wire) -> None:
    parent = {"value": str(CUSTOMER)}
    job = wire.create("Customer", {"DisplayName": "Kitchen", "Job": True, "ParentRef": parent})
    assert job["FullyQualifiedName"] == "Ada Lovelace:Kitchen"
    assert (job["Job"], job["Level"], job["ParentRef"]) == (True, 1, parent)

    def owes(contact: object, kind: str) -> dict[str, Any]:
        return {"Entity": {"Type": kind, "EntityRef": {"value": str(contact)}}}

    lines = [
        line("Debit", 30, RECEIVABLE, **owes(CUSTOMER, "Customer")),
        line("Debit", 12, RECEIVABLE, **owes(job["Id"], "Job")),
        line("Credit", 25, PAYABLE, **owes(VENDOR, "Vendor")),
        line("Credit", 17, CHECKING),
    ]
    wire.create("JournalEntry", {"Line": lines})
    shown = wire.get(f"customer/{CUSTOMER}").json["Customer"]
    assert (shown["Balance"], shown["BalanceWithJobs"]) == (Decimal(30), Decimal(42))
    assert wire.get(f"vendor/{VENDOR}").json["Vendor"]["Balance"] == Decimal(25)
    alone = {"Id": job["Id"], "SyncToken": "0", "sparse": True, "Job": False}
    shown = wire.create("Customer", alone)
    assert shown["FullyQualifiedName"] == "Kitchen"
    assert "Level" not in shown


def test_the_currency_of_a_name_is_fixed() -> None:
    wire = Wire(multicurrency=True)
    body = {"DisplayName": "Paris", "CurrencyRef": {"value": "EUR"}}
    shown = wire.create("Vendor", body)
    assert shown["CurrencyRef"]["value"] == "EUR"
    other = {"Id": shown["Id"], "SyncToken": "0", "sparse": True, "CurrencyRef": {"value": "CHF"}}
    assert wire.post("vendor", other).codes == ["6000"]
    same = {"Id": shown["Id"], "SyncToken": "0", "DisplayName": "Paris SA"}
    assert wire.create("Vendor", same)["CurrencyRef"]["value"] == "EUR"
