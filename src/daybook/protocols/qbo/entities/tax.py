"""Tax agencies, rates and codes, and the service that makes codes with their rates.

The ledger keeps them as lists of names; rates, agencies and the pairing of codes with rates stand
in the annex. Companies in the United States also show the two pseudo codes `TAX` and `NON`, which
are no records.
"""

from decimal import Decimal
from typing import Any, Final

from daybook.app.ports import Reader
from daybook.domain.commands import CreateReference, ListItemContent, ReferenceContent
from daybook.domain.events import list_entity
from daybook.domain.model import Company, ListItem, ListKind, Record
from daybook.domain.query import Field, Keyset, Query, Sort
from daybook.protocols.qbo import errors, ids, stored
from daybook.protocols.qbo.entities.base import Draft, ListEntity, base_members, each, own_name
from daybook.protocols.qbo.entities.lists import item_members
from daybook.protocols.qbo.limits import NAME_LENGTH_MAX
from daybook.protocols.qbo.render import Json
from daybook.protocols.qbo.shapes import (
    COMMON,
    Findings,
    Shape,
    boolean,
    choice,
    day,
    ignored,
    ignored_object,
    listing,
    number,
    read,
    scalar,
    text,
)

AGENCY_LIST: Final = list_entity(ListKind.TAX_AGENCY)
RATE_LIST: Final = list_entity(ListKind.TAX_RATE)
CODE_LIST: Final = list_entity(ListKind.TAX_CODE)


def _agency_content(draft: Draft) -> ListItemContent:
    return ListItemContent(
        list=ListKind.TAX_AGENCY,
        name=draft.name("DisplayName"),
        annex=stored.dump((), {"TaxRegistrationNumber": draft.get("TaxRegistrationNumber")}),
    )


def _agency_render(item: ListItem, reader: Reader) -> Json:
    kept = stored.load(item.annex)
    shown: Json = {"DisplayName": own_name(item)}
    if "TaxRegistrationNumber" in kept:
        shown["TaxRegistrationNumber"] = kept["TaxRegistrationNumber"]
    shown |= {"TaxTrackedOnPurchases": False, "TaxTrackedOnSales": True}
    return {**shown, **base_members(item, reader)}


AGENCIES: Final = ListEntity(
    "TaxAgency",
    AGENCY_LIST,
    Shape(
        "TaxAgency",
        {
            **COMMON,
            "DisplayName": text(NAME_LENGTH_MAX),
            "TaxRegistrationNumber": text(30),
            "TaxTrackedOnSales": boolean,
            "TaxTrackedOnPurchases": boolean,
            "LastFileDate": day,
            "TaxAgencyConfig": ignored,
            "Active": boolean,
        },
    ),
    item_members("DisplayName"),
    _agency_content,
    each(_agency_render),
    operations=frozenset({"create"}),
)


def _not_written(draft: Draft) -> ReferenceContent:
    raise AssertionError("tax rates and codes are made through the tax service alone")


def _rate_render(item: ListItem, reader: Reader) -> Json:
    kept = stored.load(item.annex)
    shown: Json = {"Name": own_name(item)}
    if item.description is not None:
        shown["Description"] = item.description
    shown["Active"] = item.active
    shown["RateValue"] = kept.get("RateValue", 0)
    if "AgencyId" in kept:
        shown["AgencyRef"] = {"value": kept["AgencyId"]}
    shown |= {"SpecialTaxType": "NONE", "DisplayType": "ReadOnly"}
    return {**shown, **base_members(item, reader)}


RATES: Final = ListEntity(
    "TaxRate",
    RATE_LIST,
    Shape("TaxRate", COMMON),
    item_members("Name"),
    _not_written,
    each(_rate_render),
    operations=frozenset(),
)


def _code_render(item: ListItem, reader: Reader) -> Json:
    kept = stored.load(item.annex)
    shown: Json = {"Name": own_name(item)}
    if item.description is not None:
        shown["Description"] = item.description
    shown |= {"Active": item.active, "Hidden": False, "Taxable": True, "TaxGroup": True}
    for member in ("SalesTaxRateList", "PurchaseTaxRateList"):
        rates = [
            {
                "TaxRateRef": _rate_ref(rate_id, reader),
                "TaxTypeApplicable": "TaxOnAmount",
                "TaxOrder": order,
            }
            for order, rate_id in enumerate(kept.get(member, ()))
        ]
        shown[member] = {"TaxRateDetail": rates}
    return {**shown, **base_members(item, reader)}


def _rate_ref(rate_id: str, reader: Reader) -> Json:
    rate = reader.reference(RATE_LIST, int(rate_id))
    if not isinstance(rate, ListItem):
        return {"value": rate_id}
    return {"value": rate_id, "name": own_name(rate)}


CODES: Final = ListEntity(
    "TaxCode",
    CODE_LIST,
    Shape("TaxCode", COMMON),
    item_members("Name"),
    _not_written,
    each(_code_render),
    operations=frozenset(),
)


def pseudo_codes(company: Company) -> dict[str, Json]:
    """The pseudo tax codes of a company, by id; none outside the United States."""
    if company.country != "US":
        return {}
    return {
        code: {
            "Name": code,
            "Description": description,
            "Taxable": taxable,
            "TaxGroup": False,
            "domain": "QBO",
            "sparse": False,
            "Id": code,
        }
        for code, description, taxable in (
            ("TAX", "Taxable", True),
            ("NON", "Non-Taxable", False),
        )
    }


_RATES_PER_CODE_MAX: Final = 50
"""Rates of one code; group rates of the real world have fewer than ten."""

SERVICE: Final = Shape(
    "TaxService",
    {
        **COMMON,
        "TaxCode": text(NAME_LENGTH_MAX),
        "TaxCodeId": ignored,
        "TaxRateDetails": listing(
            Shape(
                "TaxRateDetails",
                {
                    "TaxRateName": text(NAME_LENGTH_MAX),
                    "TaxRateId": scalar,
                    "RateValue": number,
                    "TaxAgencyId": scalar,
                    "TaxApplicableOn": choice("Sales", "Purchase", "Other"),
                    "TaxServiceEx": ignored_object,
                },
            ),
            _RATES_PER_CODE_MAX,
        ),
    },
)
"""Members of a request to the tax service."""


def service_json(code: Record, reader: Reader) -> Json:
    """What the tax service answers: the code and its rates, with their ids."""
    assert isinstance(code, ListItem)
    kept = stored.load(code.annex)
    shown = []
    for member, applies_to in (("SalesTaxRateList", "Sales"), ("PurchaseTaxRateList", "Purchase")):
        for rate_id in kept.get(member, ()):
            rate = reader.reference(RATE_LIST, int(rate_id))
            each: Json = {"TaxRateId": rate_id, "TaxApplicableOn": applies_to}
            if isinstance(rate, ListItem):
                details = stored.load(rate.annex)
                each["TaxRateName"] = rate.name
                each["RateValue"] = details.get("RateValue", 0)
                if "AgencyId" in details:
                    each["TaxAgencyId"] = details["AgencyId"]
            shown.append(each)
    return {"TaxCode": code.name, "TaxCodeId": str(code.id), "TaxRateDetails": shown}


def commands(body: Any, reader: Reader) -> tuple[CreateReference, ...]:
    """What a request to the tax service comes down to: new rates, then the code that names them.

    The ids are those that are free at the moment of reading; where another request takes one of
    them meanwhile, the ledger refuses the commands. Raises `QboFault`.
    """
    findings = Findings()
    members = read(SERVICE, body, findings)
    name = members.get("TaxCode")
    if name is None:
        findings.require("TaxCode")
    details = members.get("TaxRateDetails") or []
    if not details:
        findings.require("TaxRateDetails")
    made: list[CreateReference] = []
    rate_ids: list[int] = []
    free = _highest(reader, RATE_LIST) + 1
    for at, detail in enumerate(details):
        findings.where = f"TaxRateDetails[{at}]."
        given = detail.get("TaxRateId")
        if given is not None:
            rate_ids.append(_existing(given, reader, findings))
            continue
        content = _rate_content(detail, reader, findings)
        rate_ids.append(free)
        made.append(CreateReference(content, free))
        free += 1
    findings.where = ""
    findings.conclude()
    code_id = _highest(reader, CODE_LIST) + 1
    pairs = list(zip(rate_ids, details, strict=True))
    kept = {
        "SalesTaxRateList": [str(i) for i, d in pairs if d.get("TaxApplicableOn") != "Purchase"],
        "PurchaseTaxRateList": [str(i) for i, d in pairs if d.get("TaxApplicableOn") == "Purchase"],
    }
    content = ListItemContent(
        ListKind.TAX_CODE, str(name), description=str(name), annex=stored.dump((), kept)
    )
    made.append(CreateReference(content, code_id))
    return tuple(made)


def _existing(given: str, reader: Reader, findings: Findings) -> int:
    number_ = ids.parse(given)
    if number_ is None or reader.reference(RATE_LIST, number_) is None:
        findings.add(errors.unknown_reference("TaxRates", given, findings.where + "TaxRateId"))
        return 0
    return number_


def _rate_content(detail: Any, reader: Reader, findings: Findings) -> ListItemContent:
    for member in ("TaxRateName", "RateValue", "TaxAgencyId"):
        if detail.get(member) is None:
            findings.require(member)
    value = detail.get("RateValue")
    if value is not None and not 0 <= value <= 100:
        findings.invalid("2110", "RateValue", value, "is not a percentage from 0 to 100")
    agency = detail.get("TaxAgencyId")
    if agency is not None:
        number_ = ids.parse(agency)
        if number_ is None or reader.reference(AGENCY_LIST, number_) is None:
            path = findings.where + "TaxAgencyId"
            findings.add(errors.unknown_reference("TaxAgencies", agency, path))
    kept = {"RateValue": Decimal(value or 0), "AgencyId": agency}
    name = detail.get("TaxRateName") or ""
    return ListItemContent(
        ListKind.TAX_RATE, name, description=name or None, annex=stored.dump((), kept)
    )


def _highest(reader: Reader, entity: str) -> int:
    """The highest id of a list, 0 if it is empty."""
    newest = reader.references(
        entity, Query(sort=(Sort(Field.ID, descending=True),), page=Keyset(1))
    )
    return newest[0].id if newest else 0
