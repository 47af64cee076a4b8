"""Whatever is sent, the wire answers in one of its shapes; nothing becomes a fault of ours."""

import json
import os
import random

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.protocols.intuit_graphql.test_writing import CREATE, UPDATE
from tests.support.graphql import JSON, GraphqlWire, entry_id, two_lines

SLOW = os.environ.get("DAYBOOK_TEST_SLOW") == "1"
DOCUMENT = """query q($id: String, $n: Int) { company { ...C journalEntries(first: $n, filter:
  {id: {equals: $id}, or: [{memo: {contains: "x"}}, {amount: {equals: 1.5}}]}, orderBy: [ID_ASC])
  { nodes { id entryLines { amount payee { ... on Vendor { id } } } } pageInfo { endCursor } } } }
  fragment C on Company { id @skip(if: false) name: companyName }"""
PIECES = ["{", "}", "(", ")", "[", "]", '"', '"""', "$", ":", "...", "@", "!", "null", "-1", "1e9"]
PIECES += ["fragment", "query", "on", "#", "\\u0000", "\ufeff", "\U0001f600", "\ud800", "__schema"]
WIRE = GraphqlWire()


def check(body: bytes) -> None:
    answer = WIRE.send("POST", body, headers={"content-type": JSON})
    assert answer.status in (200, 400), answer.response.body
    shown = answer.json
    assert ("data" in shown) is (answer.status == 200)
    for error in shown.get("errors", ()):
        assert error["message"]
        assert error["extensions"]["code"] not in ("OTH-9000", "SYS-9001"), error


@settings(max_examples=5_000 if SLOW else 200, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_documents_with_a_few_changes(seed: int) -> None:
    chance = random.Random(seed)
    text = DOCUMENT
    for _ in range(chance.randrange(1, 4)):
        at, length = chance.randrange(len(text)), chance.randrange(0, 12)
        text = text[:at] + chance.choice([*PIECES, text[at : at + 30]]) + text[at + length :]
    body = json.dumps({"query": text, "variables": {"id": "96", "n": 2}})
    check(body.encode())


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(["DEBIT", "45.00", "2026-02-03", entry_id(82), "0", "44"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=3_000 if SLOW else 150, deadline=None)
@given(data=st.data(), value=values)
def test_inputs_with_one_value_changed(data: st.DataObject, value: object) -> None:
    entry = two_lines("5")
    entry["entryLines"][0] |= {
        "payee": {"id": "34"},
        "class": {"id": "1"},
        "markup": {"percent": "3%", "amount": 1, "account": {"id": "44"}},
        "tax": {"taxAmount": 1},
        "billable": True,
    }
    text = CREATE
    if data.draw(st.booleans()):
        text = UPDATE
        entry |= {"id": entry_id(82), "metadata": {"entityVersion": "0"}}
        entry["entryLines"][0]["sequence"] = "0"
    place: object = entry
    while True:
        assert isinstance(place, dict | list)
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or data.draw(st.integers(0, 3)) == 0:
            place[key] = value
            break
        place = inner
    check(json.dumps({"query": text, "variables": {"i": entry}}).encode())


@settings(max_examples=300, deadline=None)
@given(body=st.binary(max_size=60) | values.map(lambda value: json.dumps(value).encode()))
def test_bodies(body: bytes) -> None:
    check(body)
