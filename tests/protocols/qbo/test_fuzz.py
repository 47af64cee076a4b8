"""Whatever a caller sends, the answer has this wire's shape, and nothing is raised."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.qbo import REALM, Wire

from daybook.protocols.qbo import entities
from daybook.protocols.qbo.codec import DETAIL, JOURNAL_ENTRY, LINE
from daybook.protocols.qbo.entities import company, rates
from daybook.protocols.qbo.shapes import Shape

TEXTS = st.sampled_from(
    ["", " ", "x", "1", "0", "-1", "1.5", "USD", "EUR", "true", "Debit", "2026-02-03", "Bank", ":"]
) | st.text(max_size=8)
SCALARS = st.none() | st.booleans() | st.integers(-5, 20) | st.decimals(allow_nan=False) | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["value", "name", "Name", "Value", "NameValue", "Type", "EntityRef"])
            | st.text(max_size=3),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
SHAPES = {
    "CompanyInfo": company.INFO,
    "Preferences": company.PREFERENCES,
    "ExchangeRate": rates.SHAPE,
    **{each.name: each.shape for each in entities.LISTS},
}


def bodies(shape: Shape) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with members of a shape, and anything in them."""
    return st.dictionaries(st.sampled_from(sorted(shape.members)), VALUES, max_size=6)


LINES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(LINE.members, VALUES),
        "DetailType": st.sampled_from(["JournalEntryLineDetail", "DescriptionOnly"]),
        "JournalEntryLineDetail": bodies(DETAIL),
    },
)
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(JOURNAL_ENTRY.members, VALUES),
        "Line": st.lists(LINES, max_size=3),
    },
)
QUERIES = st.sampled_from(
    ["", "operation=update", "operation=delete", "include=allowautodocnum", "operation=x"]
)
FEW = settings(max_examples=60, suppress_health_check=list(HealthCheck))


@pytest.fixture(scope="module")
def wire() -> Wire:
    return Wire(multicurrency=True, sales_tax=True, country="GB")


def check(wire: Wire, entity: str, body: object, query: str) -> None:
    answer = wire.post(entity.lower(), body, query)
    assert answer.status in (200, 400)
    assert ("Fault" in answer.json) == (answer.status == 400)
    if answer.status == 400:
        assert answer.response.diagnosis


@pytest.mark.parametrize("entity", SHAPES)
@FEW
@given(st.data())
def test_list_entities(wire: Wire, entity: str, data: st.DataObject) -> None:
    body = data.draw(bodies(SHAPES[entity]))
    check(wire, entity, body, data.draw(QUERIES))


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(ENTRIES, QUERIES)
def test_entries(wire: Wire, body: dict[str, Any], query: str) -> None:
    check(wire, "JournalEntry", body, query)


@FEW
@given(st.binary(max_size=60), st.sampled_from(["journalentry", "account", "taxservice/taxcode"]))
def test_bytes(wire: Wire, body: bytes, resource: str) -> None:
    assert wire.post(resource, body).status in (200, 400)


@FEW
@given(st.text(max_size=30), st.text(max_size=20), st.sampled_from(["GET", "POST", "PUT"]))
def test_addresses(wire: Wire, rest: str, query: str, method: str) -> None:
    answer = wire.send(method, f"/v3/company/{REALM}/{rest}", b"{}", query)
    assert answer.status in (200, 400)
