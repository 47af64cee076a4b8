"""The short way of reading a new entry: what it takes, it takes as the long way does."""

from typing import Any

import msgspec
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.support.qbo import CUSTOMER, RECEIVABLE, SALES, Wire, line, two_lines

from daybook.app.access import OPERATOR
from daybook.domain.commands import CreateEntry
from daybook.protocols.kit import json
from daybook.protocols.qbo import codec, plain
from daybook.protocols.qbo.errors import QboFault
from daybook.protocols.qbo.identity import SAVE

WIRE = Wire()
BOOKS = WIRE.ledger.books(WIRE.company_id, OPERATOR)
assert BOOKS is not None


def the_long_way(body: bytes) -> CreateEntry | None:
    """The command by way of `codec`, or None where it is a fault or not only a new entry."""
    assert BOOKS is not None
    with BOOKS.read() as reader:
        try:
            decoded = codec.decode(json.decode(body), SAVE, frozenset(), reader)
        except (QboFault, json.JsonError):
            return None
    command = decoded.command
    return command if isinstance(command, CreateEntry) and not decoded.later else None


def mostly(usual: str, *odd: str) -> st.SearchStrategy[str]:
    """JSON text that is odd one time in thirty."""
    return st.integers(0, 29).flatmap(
        lambda chance: st.just(usual) if chance else st.sampled_from(odd)
    )


_ODD_NUMBERS = "0 1 12.5 0.01 12.345 007 -1 1e2 1E400 null NaN true [1] 0.10000 9999999999.99"
AMOUNT = mostly("12.50", *_ODD_NUMBERS.split(), '"12.50"', "10000000000", "9" * 20)
_LONG = [f'"{"x" * length}"' for length in (21, 22, 4_000, 4_001)]
_STRANGE = ['"é\U0001f4b6"', r'"\u0000"', r'"\\\\u0000"', r'"\ud800"']
TEXT = mostly('"rent"', '""', "null", "1", *_STRANGE, *_LONG)
ID = mostly('"2"', '"0"', '"007"', '""', "1", '"x"', '"9999999999999999999"', "null")
SIDE = mostly('"Debit"', '"Credit"', '"debit"', '""', "null", "1")
DAY = mostly('"2026-02-03"', '"2026-02-30"', '"2026-2-3"', '""', "null", '"2026-02-03T10:00:00Z"')
KIND = mostly('"Customer"', '"Vendor"', '"Employee"', '"vendor"', '"Job"', "null", '""')
DETAIL_TYPE = mostly('"JournalEntryLineDetail"', '"DescriptionOnly"', "null", '"x"')


@st.composite
def object_of(
    draw: st.DrawFn,
    needed: dict[str, st.SearchStrategy[str]],
    optional: dict[str, st.SearchStrategy[str]],
) -> str:
    """An object that lacks a needed member only now and then."""
    names = draw(st.lists(st.sampled_from([*optional, "-"]), unique=True))
    names += [name for name in needed if draw(st.integers(0, 60))]
    every = {**needed, **optional}
    return "{" + ",".join(f'"{name}":{draw(every[name])}' for name in names if name != "-") + "}"


REFERENCE = object_of({"value": ID}, {"name": TEXT})
ENTITY = object_of({"EntityRef": REFERENCE}, {"Type": KIND})
DETAIL = object_of({"PostingType": SIDE, "AccountRef": REFERENCE}, {"Entity": ENTITY}) | object_of(
    {"PostingType": SIDE, "AccountRef": REFERENCE}, {"ClassRef": REFERENCE}
)
LINE = object_of(
    {"Amount": AMOUNT, "DetailType": DETAIL_TYPE, "JournalEntryLineDetail": DETAIL},
    {"Description": TEXT, "Id": ID},
)
LINES = st.lists(LINE, max_size=3).map(lambda lines: f"[{','.join(lines)}]")
BODY = object_of({"Line": LINES}, {"TxnDate": DAY, "DocNumber": TEXT, "PrivateNote": TEXT}) | (
    object_of({"Line": LINES}, {"sparse": st.just("false"), "txnDate": DAY, "TxnDate": DAY})
)


@settings(max_examples=1_000)
@given(BODY)
def test_the_short_way_agrees_with_the_long_one(text: str) -> None:
    """Bodies near the usual ones, most of them with something odd."""
    body = text.encode()
    command = plain.read(body, 2)
    event("taken" if command is not None else "left")
    if command is not None:
        assert command == the_long_way(body)


@given(st.binary(max_size=200))
def test_any_bytes_are_taken_or_left(body: bytes) -> None:
    command = plain.read(body, 2)
    assert command is None or command == the_long_way(body)


def usual() -> dict[str, Any]:
    """A body that has every member the short way knows."""
    customer = {"Entity": {"Type": "Customer", "EntityRef": {"value": str(CUSTOMER), "name": "n"}}}
    return {
        "TxnDate": "2026-02-03",
        "DocNumber": "7",
        "PrivateNote": "note",
        "Line": [
            {**line("Debit", 12.5, account=RECEIVABLE, **customer), "Description": "d", "Id": "4"},
            line("Credit", 12.5, account=SALES),
        ],
    }


def test_a_usual_body_goes_the_short_way() -> None:
    body = msgspec.json.encode(usual())
    command = plain.read(body, 2)
    assert command is not None
    assert command == the_long_way(body)


@pytest.mark.parametrize(
    "member", ["Id", "SyncToken", "sparse", "CurrencyRef", "TxnTaxDetail", "DepartmentRef", "x"]
)
def test_a_body_with_another_member_goes_the_long_way(member: str) -> None:
    assert plain.read(msgspec.json.encode({**usual(), member: None}), 2) is None


def test_a_currency_without_decimals_counts_whole_units() -> None:
    """More decimals than the currency has are rounded, which is for the long way."""
    body = msgspec.json.encode(two_lines(12))
    command = plain.read(body, 0)
    assert command is not None
    assert [line.amount for line in command.content.lines] == [12, 12]  # type: ignore[union-attr]
    assert plain.read(body.replace(b"12", b"12.5"), 0) is None
