"""Journal ids: every text and number gets 1237 unless it is a journal's, an empty one 1236."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.modulus import APP, Wire, rent

from daybook.protocols.modulus import ids

WIRE = Wire()
for _ in range(4):
    WIRE.create(rent())
ODD = [
    "3434453456",
    "abc",
    "12.5",
    "-1",
    "0",
    "00",
    "+5",
    "9" * 40,
    str(10**30),
    str(-(10**30)),
    str(2**63),
    str(2**63 - 1),
    str(2**31),
    "1e3",
    "0x10",
    "1_0",
    " 1",
    "1 ",
    "٣",
    "１",
    "null",
    "true",
    "1;2",
    "1,2",
    "1\x002",
    "9" * 5_000,
]


def asked(operation: str, text: str) -> int | None:
    path = f"/api/bk/v1/{operation}"
    method = "DELETE" if operation == "DeleteJournal" else "GET"
    return WIRE.send(method, path, f"token={APP}&journal_id={quote(text)}").code


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize("operation", ["DeleteJournal", "GetJournal"])
def test_what_is_no_journals(operation: str, text: str) -> None:
    assert asked(operation, text) == 1237


def test_a_plus_in_an_address_is_a_blank() -> None:
    query = f"token={APP}&journal_id=+4"
    assert WIRE.send("GET", "/api/bk/v1/GetJournal", query).code == 1237


def test_leading_zeros_count_for_nothing() -> None:
    assert WIRE.call("GetJournal", journal_id="0004").object["journal_id"] == 4
    assert WIRE.call("GetJournal", journal_id="0" * 3_000 + "4").object["journal_id"] == 4


def test_an_id_that_is_missing() -> None:
    for operation in ("DeleteJournal", "GetJournal"):
        assert WIRE.call(operation).code == 1236
        assert WIRE.call(operation, journal_id="").code == 1236
    for body in ({"x": 1}, {"journal_id": None}, {"journal_id": ""}):
        assert WIRE.call("UpdateJournal", body).code == 1236


@pytest.mark.parametrize(
    "value", [*ODD, 0, -1, 3434453456, 10**30, -(10**30), 2.5, True, False, [], {}, [1], {"id": 1}]
)
def test_ids_in_a_body(value: object) -> None:
    import json

    body = json.dumps({"journal_id": value}).encode()
    code = WIRE.call("UpdateJournal", body).code
    # JSON cannot hold the NUL character here: the body as a whole is refused
    assert code == (1232 if isinstance(value, str) and "\x00" in value else 1237)


@given(st.text(min_size=1) | st.from_regex("[0-9]{5,60}", fullmatch=True))
def test_any_text(text: str) -> None:
    expected = 1237 if ids.parse(text) is None or ids.parse(text) not in (1, 2, 3, 4) else None
    assert asked("GetJournal", text) == expected


@given(st.integers())
def test_any_number(number: int) -> None:
    parsed = ids.parse(str(number))
    assert parsed == (number if 0 < number < 2**63 else None)
    assert ids.parse(number) == parsed
