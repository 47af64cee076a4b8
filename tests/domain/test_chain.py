"""The hash chain: whatever is altered, left out, added or moved shows, at the first such event."""

import json
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.strategies import texts, times

from daybook.domain import chain
from daybook.domain.events import Actor, Event, EventKind
from daybook.domain.ids import CompanyId, Timestamp

ACTOR = Actor("app", "qbo")


def make(
    previous: bytes,
    seq: int,
    body: bytes = b"{}",
    actor: Actor = ACTOR,
    at: Timestamp = Timestamp(7),  # noqa: B008
) -> Event:
    head = (CompanyId(1), seq, EventKind.CREATED, "entry", 5, 0, at, actor, body)
    return Event(*head, previous, chain.event_hash(previous, *head))


def run(count: int) -> list[Event]:
    events: list[Event] = []
    previous = chain.GENESIS
    for seq in range(1, count + 1):
        events.append(make(previous, seq, b'{"id":%d}' % seq))
        previous = events[-1].hash
    return events


def test_the_hash_is_over_the_canonical_form() -> None:
    """Written out by hand once, so that the form cannot change unnoticed."""
    event = make(chain.GENESIS, 1, '{"memo":"é"}'.encode(), Actor("app", "qbo", None, 'r"1'))
    head = '[1,1,"created","entry",5,0,7,"app","qbo",null,"r\\"1"]'
    expected = bytes(32) + head.encode() + b"\n" + '{"memo":"é"}'.encode()
    assert event.hash == sha256(expected).digest()
    assert json.loads(head)[10] == 'r"1'


def test_an_unbroken_chain_is_verified_from_any_point() -> None:
    events = run(6)
    assert chain.verify(events) is None
    assert chain.verify(iter(events)) is None
    assert chain.verify([]) is None
    assert chain.verify(events[3:], events[2].hash, events[2].seq) is None


@pytest.mark.parametrize(
    "change",
    [
        {"company_id": CompanyId(2)},
        {"kind": EventKind.REVISED},
        {"entity": "account"},
        {"record_id": 6},
        {"version": 1},
        {"at": Timestamp(8)},
        {"actor": Actor("app", "codat")},
        {"actor": Actor("app", "qbo", "ada")},
        {"actor": Actor("app", "qbo", None, "r")},
        {"body": b'{"id":30}'},
        {"body": b""},
        {"previous_hash": bytes(32)},
        {"hash": bytes(32)},
        {"seq": 4},
    ],
    ids=str,
)
def test_any_altered_member_shows(change: dict[str, object]) -> None:
    events = run(5)
    events[2] = replace(events[2], **change)  # type: ignore[arg-type]
    assert chain.verify(events) == events[2].seq


def test_events_left_out_added_or_moved_show() -> None:
    events = run(5)
    assert chain.verify(events[1:]) == 2
    assert chain.verify([*events[:2], *events[3:]]) == 4
    assert chain.verify([events[0], events[0]]) == 1
    assert chain.verify([events[0], events[2], events[1]]) == 3
    again = make(events[1].hash, 3, b'{"id":"other"}')
    assert chain.verify([*events[:2], again, *events[3:]]) == 4
    assert chain.verify(events, previous_hash=b"\1" * 32) == 1
    assert chain.verify(events[2:], events[1].hash, seq=3) == 3


def test_a_verified_beginning_says_nothing_of_a_missing_end() -> None:
    """That is what a head kept elsewhere is for."""
    events = run(5)
    assert chain.verify(events[:3]) is None
    assert events[2].hash != events[4].hash


@given(texts, texts, st.none() | texts, st.none() | texts, st.binary(max_size=30), times)
def test_no_two_actors_share_a_form(
    client: str,
    protocol: str,
    user: str | None,
    request_id: str | None,
    body: bytes,
    at: Timestamp,
) -> None:
    """Texts cannot slip from one member into the next."""
    event = make(chain.GENESIS, 1, body, Actor(client, protocol, user, request_id), at)
    assert chain.verify([event]) is None
    others = [
        Actor(protocol, client, user, request_id),
        Actor(client + protocol, "", user, request_id),
        Actor(client, protocol, request_id, user),
        Actor(client, protocol, user or "", request_id or ""),
    ]
    for actor in others:
        if actor != event.actor:
            assert make(chain.GENESIS, 1, body, actor, at).hash != event.hash
