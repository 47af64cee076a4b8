"""Exchange rates, addressed by currency and day."""

from decimal import Decimal
from typing import Any

import pytest
from tests.support.qbo import Wire


@pytest.fixture
def wire() -> Wire:
    return Wire(multicurrency=True)


def test_the_latest_rate_that_is_not_later_counts(wire: Wire) -> None:
    for day, rate in (("2026-01-10", 1.1), ("2026-02-10", "1.25")):
        body = {"SourceCurrencyCode": "EUR", "Rate": rate, "AsOfDate": day}
        wire.create("ExchangeRate", body)

    def on(day: str) -> dict[str, Any]:
        query = f"sourcecurrencycode=EUR&asofdate={day}"
        found: dict[str, Any] = wire.get("exchangerate", query).json["ExchangeRate"]
        return found

    assert on("2026-02-09")["Rate"] == Decimal("1.1")
    later = on("2026-02-10")
    assert list(later) == [
        "SourceCurrencyCode",
        "TargetCurrencyCode",
        "Rate",
        "AsOfDate",
        "domain",
        "sparse",
        "SyncToken",
        "MetaData",
    ]
    assert later["Rate"] == Decimal("1.25")
    assert later["TargetCurrencyCode"] == "USD"
    newest = wire.get("exchangerate", "sourcecurrencycode=eur").json["ExchangeRate"]
    assert newest["AsOfDate"] == "2026-02-10"
    query = "sourcecurrencycode=EUR&asofdate=2026-01-01"
    assert wire.get("exchangerate", query).codes == ["610"]


def test_a_rate_can_be_corrected(wire: Wire) -> None:
    body = {"SourceCurrencyCode": "EUR", "Rate": 1.1, "AsOfDate": "2026-01-10"}
    assert wire.create("ExchangeRate", body)["SyncToken"] == "0"
    corrected = {**body, "Rate": 1.2, "sparse": True, "TargetCurrencyCode": "USD"}
    assert wire.create("ExchangeRate", corrected, "operation=update")["SyncToken"] == "1"


def test_the_home_currency_is_worth_one(wire: Wire) -> None:
    assert wire.get("exchangerate", "sourcecurrencycode=USD").json["ExchangeRate"]["Rate"] == 1


def test_a_rate_without_a_day_is_of_today(wire: Wire) -> None:
    shown = wire.create("ExchangeRate", {"SourceCurrencyCode": "EUR", "Rate": 1})
    assert shown["AsOfDate"] == shown["MetaData"]["LastUpdatedTime"][:10]


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({}, ["2020", "2020"]),
        ({"SourceCurrencyCode": "USD", "Rate": 1}, ["2220"]),
        ({"SourceCurrencyCode": "XYZ", "Rate": 1}, ["2220"]),
        ({"SourceCurrencyCode": "EUR", "Rate": 0}, ["2110"]),
        ({"SourceCurrencyCode": "EUR", "Rate": "1.12345678901"}, ["2110"]),
        ({"SourceCurrencyCode": "EUR", "Rate": 1, "TargetCurrencyCode": "GBP"}, ["2220"]),
    ],
)
def test_refused(wire: Wire, body: dict[str, Any], codes: list[str]) -> None:
    assert wire.post("exchangerate", body).codes == codes


def test_questions_that_name_no_currency(wire: Wire) -> None:
    assert wire.get("exchangerate").codes == ["2020"]
    assert wire.get("exchangerate", "sourcecurrencycode=XYZ").codes == ["2220"]
    assert wire.get("exchangerate", "sourcecurrencycode=EUR&asofdate=soon").codes == ["2060"]


def test_a_company_with_one_currency_has_none() -> None:
    body = {"SourceCurrencyCode": "EUR", "Rate": 1}
    assert Wire().post("exchangerate", body).codes == ["5030"]
