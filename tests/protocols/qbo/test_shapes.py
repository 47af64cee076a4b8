"""Values as clients write them: what each reader takes, and what it makes of it."""

from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.protocols.qbo import errors, shapes
from daybook.protocols.qbo.codec import JOURNAL_ENTRY, LINE
from daybook.protocols.qbo.errors import QboFault
from daybook.protocols.qbo.limits import ERRORS_MAX
from daybook.protocols.qbo.shapes import Findings, Shape, read

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.decimals(allow_nan=False),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def one(reader: shapes.Reader, value: Any) -> tuple[Any, list[str]]:
    """What a reader makes of a value, and the codes of what it found wrong."""
    findings = Findings()
    result = reader(value, "Member", findings)
    return result, [error.code for error in findings.errors]


@pytest.mark.parametrize(
    ("reader", "value", "result"),
    [
        (shapes.boolean, True, True),
        (shapes.boolean, "False", False),
        (shapes.number, 5, 5),
        (shapes.number, "-1.50", Decimal("-1.50")),
        (shapes.amount, Decimal("1.2500000000"), Decimal("1.25")),
        (shapes.day, "2026-02-03", date(2026, 2, 3)),
        (shapes.day, "2026-02-03Z", date(2026, 2, 3)),
        (shapes.day, "2026-02-03-08:00", date(2026, 2, 3)),
        (shapes.day, "2026-02-03T09:14:07.512-0800", date(2026, 2, 3)),
        (shapes.day, "2026-02-03 09:14", date(2026, 2, 3)),
        (shapes.reference, {"value": "3", "name": "", "type": ""}, "3"),
        (shapes.reference, {"value": 3}, "3"),
        (shapes.reference, {"value": ""}, None),
        (shapes.reference, {"name": "x"}, None),
        (shapes.choice("Debit", "Credit"), "DEBIT", "Debit"),
        (shapes.text(3), "abc", "abc"),
        (shapes.text(3), " a ", " a "),
        (shapes.text(9), 12, "12"),
        (shapes.text(9), True, "true"),
        (shapes.record_id, "12", 12),
        (shapes.ignored, "x", shapes.IGNORED),
        (shapes.ignored_object, {}, shapes.IGNORED),
        (shapes.ignored_array, [1], shapes.IGNORED),
    ],
)
def test_taken(reader: shapes.Reader, value: Any, result: Any) -> None:
    assert one(reader, value) == (result, [])


@pytest.mark.parametrize(
    ("reader", "value", "code"),
    [
        (shapes.boolean, "maybe", "2230"),
        (shapes.boolean, 1, "2230"),
        (shapes.number, "1,5", "2080"),
        (shapes.number, "1e5", "2080"),
        (shapes.number, "١", "2080"),
        (shapes.amount, 10**10, "2140"),
        (shapes.amount, Decimal("1e20"), "2140"),
        (shapes.amount, Decimal("1.000001"), "2110"),
        (shapes.day, "2026-2-3", "2060"),
        (shapes.day, "2026-13-01", "2070"),
        (shapes.day, "0000-01-01", "2070"),
        (shapes.choice("A"), "B", "2170"),
        (shapes.text(3), "abcd", "2050"),
        (shapes.text(9, ":"), "a:b", "2040"),
        (shapes.record_id, "x", "2030"),
    ],
)
def test_found_wrong(reader: shapes.Reader, value: Any, code: str) -> None:
    assert one(reader, value)[1] == [code]


@pytest.mark.parametrize(
    ("reader", "value"),
    [
        (shapes.boolean, {}),
        (shapes.number, True),
        (shapes.number, []),
        (shapes.day, {}),
        (shapes.reference, "3"),
        (shapes.reference, {"id": "3"}),
        (shapes.reference, {"value": {}}),
        (shapes.text(3), []),
        (shapes.ignored, {}),
        (shapes.ignored_object, []),
        (shapes.ignored_array, {}),
        (shapes.as_sent, []),
        (shapes.inside(Shape("X", {})), 1),
        (shapes.listing(Shape("X", {}), 3), {}),
        (shapes.listing(Shape("X", {}), 3), [1]),
    ],
)
def test_the_wrong_kind_ends_the_request(reader: shapes.Reader, value: Any) -> None:
    with pytest.raises(QboFault) as caught:
        one(reader, value)
    assert caught.value.errors[0].code == "2010"
    assert "Member" in caught.value.diagnosis or "ReferenceType" in caught.value.diagnosis


def test_absent_and_sent_empty_are_told_apart() -> None:
    shape = Shape("X", {"A": shapes.text(3), "B": shapes.text(3), "C": shapes.reference})
    members = read(shape, {"A": "", "B": None, "C": {"value": None}}, Findings())
    assert members == {"A": None, "B": None, "C": None}
    assert read(shape, {}, Findings()) == {}


def test_echoed_objects_lose_what_stands_for_nothing() -> None:
    inner = Shape("Y", {"City": shapes.text(9), "Line1": shapes.text(9)})
    reader = shapes.echoed(Shape("X", {"Addr": shapes.inside(inner), "Tag": shapes.text(9)}))
    sent = {"Addr": {"City": "Bern", "Line1": ""}, "Tag": None}
    assert one(reader, sent) == ({"Addr": {"City": "Bern"}}, [])
    assert one(reader, {"Tag": ""}) == (None, [])


def test_lists_are_bounded() -> None:
    reader = shapes.listing(Shape("X", {"A": shapes.ignored}), 2)
    assert one(reader, [{}, {}, {}])[1] == ["2050"]


@given(JSON, st.sampled_from([JOURNAL_ENTRY, LINE]))
def test_any_value_is_read_or_refused(value: Any, shape: Shape) -> None:
    """Whatever a member holds, the only exception is the fault."""
    for name in shape.members:
        findings = Findings()
        with suppress(QboFault):
            read(shape, {name: value}, findings)
        assert all(error.code in errors.MESSAGES for error in findings.errors)


def test_what_is_missing_is_found_in_no_time_however_much_is_wrong() -> None:
    """Each missing member was once looked for among all errors before it."""
    findings = Findings()
    for at in range(200_000):
        findings.where = f"Line[{at}]."
        findings.require("Amount")
    assert findings.full
    assert len(findings.errors) == ERRORS_MAX


def test_a_member_is_not_missing_that_was_sent_wrongly() -> None:
    findings = Findings()
    findings.where = "Line[0]."
    findings.invalid("2110", "Amount", "x: y", "is no number")
    findings.require("Amount")
    findings.require("DetailType")
    assert [error.code for error in findings.errors] == ["2110", "2020"]
