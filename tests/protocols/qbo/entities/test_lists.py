"""Classes, locations, terms and currencies."""

from typing import Any

import pytest
from tests.support.qbo import NORTH, Wire


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.mark.parametrize(
    ("entity", "flag"), [("Class", "SubClass"), ("Department", "SubDepartment")]
)
def test_trees_of_tags(wire: Wire, entity: str, flag: str) -> None:
    parent = wire.create(entity, {"Name": "Europe"})
    assert parent[flag] is False
    below = {"Name": "Italy", flag: True, "ParentRef": {"value": parent["Id"]}}
    child = wire.create(entity, below)
    assert child["FullyQualifiedName"] == "Europe:Italy"
    assert list(child) == [
        "Name",
        flag,
        "ParentRef",
        "FullyQualifiedName",
        "Active",
        "domain",
        "sparse",
        "Id",
        "SyncToken",
        "MetaData",
    ]
    assert wire.post(entity.lower(), below).codes == ["6240"]
    assert wire.create(entity, {"Name": "Italy"})["FullyQualifiedName"] == "Italy"
    renamed = {"Id": parent["Id"], "SyncToken": "0", "sparse": True, "Name": "EU"}
    wire.create(entity, renamed)
    shown = wire.get(f"{entity}/{child['Id']}").json[entity]
    assert shown["FullyQualifiedName"] == "EU:Italy"
    gone = {"Id": child["Id"], "SyncToken": "1", "sparse": True, "Active": False}
    assert wire.create(entity, gone)["FullyQualifiedName"] == "EU:Italy (deleted)"
    assert wire.post(entity.lower(), {}).codes == ["2020"]
    assert wire.post(entity.lower(), {"Name": "a:b"}).codes == ["2040"]
    assert wire.post(entity.lower(), {"Name": "x", flag: True}).codes == ["2020"]


def test_the_unknown_parent_of_a_class(wire: Wire) -> None:
    answer = wire.post("class", {"Name": "X", "ParentRef": {"value": "99"}})
    assert answer.codes == ["2500"]
    assert "Klasses element id 99 not found" in answer.errors[0]["Detail"]


def test_inactive_parents(wire: Wire) -> None:
    off = {"Id": str(NORTH), "SyncToken": "0", "sparse": True, "Active": False}
    wire.create("Class", off)
    answer = wire.post("class", {"Name": "West", "ParentRef": {"value": str(NORTH)}})
    assert answer.codes == ["2500"]


def test_terms(wire: Wire) -> None:
    term = wire.create("Term", {"Name": "Net 30", "DueDays": 30, "DiscountPercent": 2})
    assert (term["Type"], term["DueDays"], term["DiscountPercent"]) == ("STANDARD", 30, 2)
    by_date = wire.create("Term", {"Name": "10th", "DayOfMonthDue": 10})
    assert by_date["Type"] == "DATE_DRIVEN"
    assert "DueDays" not in by_date
    sparse = {"Id": term["Id"], "SyncToken": "0", "sparse": True, "Name": "Net thirty"}
    changed = wire.create("Term", sparse)
    assert (changed["Name"], changed["DueDays"]) == ("Net thirty", 30)
    assert wire.create("Term", changed) == changed
    assert wire.post("term", {"Name": "net THIRTY"}).codes == ["6240"]


def test_currencies_need_a_company_with_several(wire: Wire) -> None:
    answer = wire.post("companycurrency", {"Code": "EUR"})
    assert answer.codes == ["5030"]


def test_currencies() -> None:
    wire = Wire(multicurrency=True)
    euro = wire.create("CompanyCurrency", {"Code": "EUR"})
    assert (euro["Code"], euro["Name"], euro["Active"]) == ("EUR", "Euro", True)
    assert wire.post("companycurrency", {"Code": "EUR"}).codes == ["6240"]
    refused: list[tuple[dict[str, Any], str]] = [
        ({"Code": "XYZ"}, "2220"),
        ({"Name": "Euro"}, "2020"),
        ({"Id": euro["Id"], "SyncToken": "0", "Code": "CHF"}, "2220"),
    ]
    for body, code in refused:
        assert wire.post("companycurrency", body).codes == [code]
    named = {"Id": euro["Id"], "SyncToken": "0", "sparse": True, "Name": "Euros"}
    assert wire.create("CompanyCurrency", named)["Name"] == "Euros"
