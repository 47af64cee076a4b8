"""The company's record and settings: two views of one thing."""

from typing import Any

import pytest
from tests.support.qbo import REALM, Wire, two_lines


@pytest.fixture
def wire() -> Wire:
    return Wire()


def settings(wire: Wire) -> dict[str, Any]:
    shown: dict[str, Any] = wire.get("preferences").json["Preferences"]
    return shown


def test_the_record(wire: Wire) -> None:
    shown = wire.get(f"companyinfo/{REALM}").json["CompanyInfo"]
    assert shown["Id"] == "1"
    assert shown["CompanyName"] == "Books"
    assert shown["DefaultTimeZone"] == "America/Los_Angeles"
    assert shown["FiscalYearStartMonth"] == "January"
    assert wire.get("companyinfo/1").json["CompanyInfo"] == shown
    assert wire.get("companyinfo/2").codes == ["610"]


def test_the_record_can_be_changed(wire: Wire) -> None:
    body = {
        "Id": "1",
        "SyncToken": "0",
        "sparse": True,
        "CompanyName": "Newer Books",
        "CompanyAddr": {"City": "Bern"},
        "FiscalYearStartMonth": "april",
    }
    shown = wire.create("CompanyInfo", body)
    assert shown["CompanyName"] == "Newer Books"
    assert shown["CompanyAddr"] == {"City": "Bern"}
    assert shown["FiscalYearStartMonth"] == "April"
    assert shown["SyncToken"] == "1"
    assert settings(wire)["AccountingInfoPrefs"]["FirstMonthOfFiscalYear"] == "April"
    assert wire.create("CompanyInfo", shown) == shown
    full = {"Id": "1", "SyncToken": "1", "CompanyName": "Books"}
    assert "CompanyAddr" not in wire.create("CompanyInfo", full)
    assert wire.post("companyinfo", {**full, "SyncToken": "0"}).codes == ["5010"]
    assert wire.post("companyinfo", {"Id": "1", "SyncToken": "2"}).codes == ["2020"]
    assert wire.post("companyinfo", {"CompanyName": "X"}).codes == ["2020"]


def test_settings_show_what_clients_read(wire: Wire) -> None:
    shown = settings(wire)
    assert list(shown)[-5:] == ["domain", "sparse", "Id", "SyncToken", "MetaData"]
    assert shown["CurrencyPrefs"] == {
        "MultiCurrencyEnabled": False,
        "HomeCurrency": {"value": "USD"},
    }
    assert shown["TaxPrefs"]["UsingSalesTax"] is False
    assert "BookCloseDate" not in shown["AccountingInfoPrefs"]
    pairs = {pair["Name"]: pair["Value"] for pair in shown["OtherPrefs"]["NameValue"]}
    assert next(iter(pairs)) == "SalesFormsPrefs.DefaultCustomerMessage"
    assert pairs["WarnDuplicateJournalNumber"] == "false"


def test_settings_come_back_as_they_were_sent(wire: Wire) -> None:
    """Reading, changing and sending the whole object, as client libraries do."""
    shown = settings(wire)
    assert wire.create("Preferences", shown) == shown
    shown["AccountingInfoPrefs"]["BookCloseDate"] = "2025-12-31"
    shown["AccountingInfoPrefs"]["DepartmentTerminology"] = "Store"
    shown["TaxPrefs"]["UsingSalesTax"] = True
    shown["CurrencyPrefs"]["MultiCurrencyEnabled"] = True
    for pair in shown["OtherPrefs"]["NameValue"]:
        if pair["Name"] == "WarnDuplicateJournalNumber":
            pair["Value"] = "true"
    changed = wire.create("Preferences", shown)
    assert changed["SyncToken"] == "1"
    assert changed["AccountingInfoPrefs"] == shown["AccountingInfoPrefs"]
    assert changed["OtherPrefs"] == shown["OtherPrefs"]
    assert changed["CurrencyPrefs"]["MultiCurrencyEnabled"] is False
    assert wire.create("Preferences", changed) == changed
    with wire.books.read() as reader:
        company = reader.company
    assert str(company.books_closed_through) == "2025-12-31"
    assert company.doc_number_unique
    assert company.sales_tax


def test_sparse_settings_leave_the_rest_alone(wire: Wire) -> None:
    close = {"AccountingInfoPrefs": {"BookCloseDate": "2025-12-31", "TrackDepartments": False}}
    body = {"Id": "1", "SyncToken": "0", "sparse": True, **close}
    wire.create("Preferences", body)
    body = {"SyncToken": "1", "sparse": True, "ReportPrefs": {"ReportBasis": "Cash"}}
    shown = wire.create("Preferences", body)
    assert shown["AccountingInfoPrefs"]["BookCloseDate"] == "2025-12-31"
    assert shown["AccountingInfoPrefs"]["TrackDepartments"] is False
    assert shown["ReportPrefs"]["ReportBasis"] == "Cash"
    open_again = {"AccountingInfoPrefs": {"BookCloseDate": ""}}
    shown = wire.create("Preferences", {"SyncToken": "2", "sparse": True, **open_again})
    assert "BookCloseDate" not in shown["AccountingInfoPrefs"]


def test_duplicate_numbers_follow_the_setting(wire: Wire) -> None:
    wire.create("JournalEntry", two_lines(DocNumber="A"))
    pairs = [{"Name": "WarnDuplicateJournalNumber", "Value": "true"}]
    body = {"SyncToken": "0", "sparse": True, "OtherPrefs": {"NameValue": pairs}}
    wire.create("Preferences", body)
    assert wire.post("journalentry", two_lines(DocNumber="a")).codes == ["6140"]


@pytest.mark.parametrize(
    ("section", "codes"),
    [
        ({"AccountingInfoPrefs": {"BookCloseDate": "soon"}}, ["2060"]),
        ({"AccountingInfoPrefs": {"FirstMonthOfFiscalYear": "Brumaire"}}, ["2170"]),
        ({"OtherPrefs": {"NameValue": "x"}}, ["2010"]),
        ({"AccountingInfoPrefs": []}, ["2010"]),
        ({"SecretPrefs": {}}, ["2010"]),
    ],
)
def test_settings_that_are_refused(wire: Wire, section: dict[str, Any], codes: list[str]) -> None:
    body = {"Id": "1", "SyncToken": "0", "sparse": True, **section}
    assert wire.post("preferences", body).codes == codes


def test_too_much_to_keep(wire: Wire) -> None:
    body = {"SyncToken": "0", "sparse": True, "ReportPrefs": {"X": "x" * 60_000}}
    assert wire.post("preferences", body).codes == ["6000"]
