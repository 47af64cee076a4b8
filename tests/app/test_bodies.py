"""Bodies: a record has exactly one, and it leads back to the record."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.records import REFERENCES, RICH, account, company, entry
from tests.support.strategies import entries, records

from daybook.app import bodies
from daybook.domain.events import ACCOUNT, ENTRY, entity_of
from daybook.domain.ids import AccountId
from daybook.domain.model import AccountKind, JournalEntry, Record


@given(records)
def test_a_body_leads_back_to_its_record(record: Record) -> None:
    body = bodies.encode(record)
    again = bodies.decode(entity_of(record), body)
    assert again == record
    assert type(again) is type(record)
    assert bodies.encode(again) == body


@given(records, records)
def test_different_records_have_different_bodies(one: Record, other: Record) -> None:
    same = entity_of(one) == entity_of(other) and one == other
    if entity_of(one) == entity_of(other):
        assert (bodies.encode(one) == bodies.encode(other)) is same


@given(records)
def test_a_body_is_canonical(record: Record) -> None:
    """Sorted keys, no white space, no floating point and no null, UTF-8 unescaped."""
    body = bodies.encode(record)

    def refuse(text: str) -> float:
        raise AssertionError(f"{text} is no integer")

    plain = json.loads(body, parse_float=refuse, parse_constant=refuse)
    written = json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert written.encode() == body
    assert b"\n" not in body
    assert None not in set(_leaves(plain))


def _leaves(plain: object) -> Iterator[object]:
    if isinstance(plain, dict):
        for each in plain.values():
            yield from _leaves(each)
    elif isinstance(plain, list):
        for each in plain:
            yield from _leaves(each)
    else:
        yield plain


PLAINLY = msgspec.json.Decoder(JournalEntry)
"""How an entry is decoded without a shorter way."""


@given(entries())
def test_the_short_way_to_an_entry_is_the_same(made: JournalEntry) -> None:
    body = bodies.encode(made)
    short, plain = bodies.decode_entry(body), PLAINLY.decode(body)
    assert short == plain == made
    assert repr(short) == repr(plain)  # in which types show, down to the last member's


@given(entries(), st.data())
def test_the_short_way_refuses_the_same(made: JournalEntry, data: st.DataObject) -> None:
    body = bytearray(bodies.encode(made))
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] = data.draw(st.sampled_from(b'0a"{}[],:x'))

    def outcome(decode: Callable[[bytes], JournalEntry]) -> str:
        try:
            return repr(decode(bytes(body)))
        except (msgspec.MsgspecError, UnicodeError) as error:
            return repr(error)

    assert outcome(bodies.decode_entry) == outcome(PLAINLY.decode)


@pytest.mark.parametrize("record", [*REFERENCES, company(3), RICH, entry(1)], ids=entity_of)
def test_records_with_every_member_survive(record: Record) -> None:
    assert bodies.decode(entity_of(record), bodies.encode(record)) == record


def test_a_body_written_out() -> None:
    """Once by hand, because these bytes are kept for good."""
    made = replace(entry(7, day=date(2026, 1, 2)), memo="é", rate=Decimal("0.850"), version=2)
    lines = (
        '{"account_id":2,"amount":100,"home_amount":100,"id":0,"side":"D"},'
        '{"account_id":1,"amount":100,"home_amount":100,"id":1,"side":"C"}'
    )
    expected = (
        '{"created_at":1790000000000000,"currency":"GBP","id":7,"lines":[' + lines + "],"
        '"memo":"é","modified_at":1790000000000000,"next_line_id":2,'
        '"origin":{"client":"app","protocol":"test"},"posting_date":"2026-01-02",'
        '"rate":"0.850","version":2}'
    )
    assert bodies.encode(made).decode() == expected


def test_members_at_their_default_are_left_out_and_others_are_not() -> None:
    plain = json.loads(bodies.encode(account(1)))
    assert plain == {
        "created_at": 1790000000000000,
        "full_name": "Account 1",
        "id": 1,
        "kind": "expense",
        "modified_at": 1790000000000000,
        "name": "Account 1",
    }
    other = replace(account(1), active=False, code="", parent_id=AccountId(0))
    more = json.loads(bodies.encode(other))
    assert (more["active"], more["code"], more["parent_id"]) == (False, "", 0)
    assert other.kind is AccountKind.EXPENSE


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"null", b'{"id":"1"}', b"\xff", b'{"id":1.5}', bodies.encode(account(1))],
)
def test_what_is_no_entry_is_refused(body: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        bodies.decode(ENTRY, body)


@given(st.binary(max_size=60))
def test_random_bytes_are_refused_in_the_one_way(body: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, UnicodeDecodeError)):
        bodies.decode(ACCOUNT, body)
