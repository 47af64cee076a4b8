"""Tax agencies, and the service that makes codes with their rates in one step."""

from typing import Any

import pytest
from tests.support.qbo import ACTOR, InlineRuntime, Wire

from daybook.app.ledger import Context
from daybook.domain.commands import CreateReference, ListItemContent
from daybook.domain.model import ListKind


@pytest.fixture
def wire() -> Wire:
    wire = Wire()
    wire.create("TaxAgency", {"DisplayName": "Revenue Office"})
    return wire


def rate(name: str, **members: Any) -> dict[str, Any]:
    return {"TaxRateName": name, "RateValue": "10", "TaxAgencyId": "1", **members}


def test_agencies(wire: Wire) -> None:
    shown = wire.get("taxagency/1").json["TaxAgency"]
    assert shown["DisplayName"] == "Revenue Office"
    assert (shown["TaxTrackedOnSales"], shown["TaxTrackedOnPurchases"]) == (True, False)
    assert wire.post("taxagency", {"DisplayName": "revenue office"}).codes == ["6240"]
    answer = wire.post("taxagency", {"Id": "1", "SyncToken": "0", "DisplayName": "X"})
    assert answer.codes == ["500"]


def test_a_code_with_its_rates(wire: Wire) -> None:
    """The answer repeats the request with ids, bare; code and rates can then be read."""
    body = {
        "TaxCode": "VAT 10",
        "TaxRateDetails": [
            rate("VAT 10 S", TaxApplicableOn="Sales"),
            rate("VAT 10 P", TaxApplicableOn="Purchase"),
        ],
    }
    answer = wire.post("taxservice/taxcode", body)
    assert answer.status == 200
    assert answer.json == {
        "TaxCode": "VAT 10",
        "TaxCodeId": "1",
        "TaxRateDetails": [
            {
                "TaxRateId": "1",
                "TaxApplicableOn": "Sales",
                "TaxRateName": "VAT 10 S",
                "RateValue": 10,
                "TaxAgencyId": "1",
            },
            {
                "TaxRateId": "2",
                "TaxApplicableOn": "Purchase",
                "TaxRateName": "VAT 10 P",
                "RateValue": 10,
                "TaxAgencyId": "1",
            },
        ],
    }
    code = wire.get("taxcode/1").json["TaxCode"]
    assert code["SalesTaxRateList"] == {
        "TaxRateDetail": [
            {
                "TaxRateRef": {"value": "1", "name": "VAT 10 S"},
                "TaxTypeApplicable": "TaxOnAmount",
                "TaxOrder": 0,
            }
        ]
    }
    shown = wire.get("taxrate/2").json["TaxRate"]
    assert (shown["RateValue"], shown["AgencyRef"]) == (10, {"value": "1"})
    assert shown["SpecialTaxType"] == "NONE"
    again = {"TaxCode": "Reduced", "TaxRateDetails": [{"TaxRateId": "1"}]}
    assert wire.post("taxservice/taxcode", again).json["TaxRateDetails"][0]["TaxRateId"] == "1"


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({}, ["2020", "2020"]),
        ({"TaxCode": "V", "TaxRateDetails": []}, ["2020"]),
        ({"TaxCode": "V", "TaxRateDetails": [{}]}, ["2020", "2020", "2020"]),
        ({"TaxCode": "V", "TaxRateDetails": [rate("R", RateValue=101)]}, ["2110"]),
        ({"TaxCode": "V", "TaxRateDetails": [rate("R", TaxAgencyId="9")]}, ["2500"]),
        ({"TaxCode": "V", "TaxRateDetails": [{"TaxRateId": "9"}]}, ["2500"]),
        ({"TaxCode": "V", "TaxRateDetails": [rate("R", TaxApplicableOn="No")]}, ["2170"]),
        ({"TaxCode": "V", "Rates": []}, ["2010"]),
    ],
)
def test_refused(wire: Wire, body: dict[str, Any], codes: list[str]) -> None:
    assert wire.post("taxservice/taxcode", body).codes == codes


def test_all_or_nothing(wire: Wire) -> None:
    """A code whose name is taken leaves no rates behind."""
    body = {"TaxCode": "V", "TaxRateDetails": [rate("R1")]}
    assert wire.post("taxservice/taxcode", body).status == 200
    body["TaxRateDetails"] = [rate("R2")]
    assert wire.post("taxservice/taxcode", body).codes == ["6240"]
    assert wire.get("taxrate/2").codes == ["610"]


def test_a_repeated_request_makes_one_code(wire: Wire) -> None:
    body = {"TaxCode": "V", "TaxRateDetails": [rate("R")]}
    first = wire.post("taxservice/taxcode", body, "requestid=t")
    again = wire.post("taxservice/taxcode", body, "requestid=t")
    assert again.response.body == first.response.body
    assert wire.get("taxcode/2").codes == ["610"]


def test_ids_that_somebody_else_took_meanwhile(wire: Wire) -> None:
    class Racing(InlineRuntime):
        raced = False

        async def in_thread(self, work: Any) -> Any:
            if not self.raced:
                self.raced = True
                content = ListItemContent(ListKind.TAX_RATE, "Quicker")
                wire.books.execute(CreateReference(content), Context(ACTOR))
            return work()

    wire.plugin._operations._runtime = Racing()
    body = {"TaxCode": "V", "TaxRateDetails": [rate("R")]}
    answer = wire.post("taxservice/taxcode", body)
    assert answer.json["TaxRateDetails"][0]["TaxRateId"] == "2"


def test_rates_and_codes_are_not_written_directly(wire: Wire) -> None:
    for entity in ("taxrate", "taxcode"):
        assert wire.post(entity, {"sparse": False}).codes == ["500"]


def test_pseudo_codes_of_the_united_states(wire: Wire) -> None:
    shown = wire.get("taxcode/tax").json["TaxCode"]
    assert (shown["Id"], shown["Taxable"]) == ("TAX", True)
    assert wire.get("taxcode/NON").json["TaxCode"]["Taxable"] is False
    assert Wire(country="GB").get("taxcode/TAX").codes == ["2030"]
