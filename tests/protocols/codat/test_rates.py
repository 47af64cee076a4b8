"""Requests count for the company they are about, where it is the caller's, and for no other."""

from dataclasses import replace

import pytest
from tests.support.codat import COMPANY, KEY, OTHER, OTHER_KEY, UNKNOWN, Wire

from daybook.app.access import ALL_SCOPES, Principal
from daybook.protocols.kit import throttle as module
from daybook.protocols.kit.throttle import Throttle, rates_of

LETTERS = "abcdefab-2222-4333-8444-555555555555"
"""The id of a third company."""


def limited(rates: str) -> Wire:
    """The interface with rates, at one moment."""
    wire = Wire(throttle=Throttle(rates_of(rates), now=lambda: 0.0))
    wire.add_other()
    return wire


def ask(wire: Wire, company: str = COMPANY, key: str = KEY) -> int:
    return wire.send("GET", f"/companies/{company}", key=key).status


def test_strangers_use_up_nothing_of_a_company() -> None:
    wire = limited("company=3/60")
    assert {ask(wire, COMPANY, OTHER_KEY) for _ in range(10)} == {404}
    assert [ask(wire) for _ in range(4)] == [200, 200, 200, 429]
    assert ask(wire, OTHER, OTHER_KEY) == 200


def test_a_company_counts_however_its_id_is_spelled() -> None:
    wire = limited("company=3/60")
    wire.tokens.known[KEY] = Principal("app", None, ALL_SCOPES)
    wire.found(LETTERS, "3")
    spelled = (LETTERS, LETTERS.upper(), LETTERS.title(), LETTERS.replace("a", "A"))
    assert [ask(wire, each) for each in spelled] == [200, 200, 200, 429]


def test_a_company_without_books_counts_by_itself() -> None:
    wire = limited("company=9/60")
    wire.tokens.known[KEY] = Principal("app", None, ALL_SCOPES)
    made = wire.send("POST", "/companies", {"name": "Mine"}).json["id"]
    assert [ask(wire, made) for _ in range(10)] == [200] * 9 + [429]
    assert ask(wire) == 200


def test_ids_that_are_made_up_push_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUCKETS_MAX", 5)
    wire = limited("company=3/60")
    assert [ask(wire) for _ in range(3)] == [200] * 3
    assert {ask(wire, UNKNOWN[:-2] + f"{each:02}", OTHER_KEY) for each in range(20)} == {404}
    assert ask(wire) == 429


def test_clients_of_one_name_that_open_other_books_are_strangers() -> None:
    wire = limited("client=3/60")
    other = wire.tokens.known[OTHER_KEY]
    assert isinstance(other, Principal)
    wire.tokens.known[OTHER_KEY] = replace(other, client="app")
    assert [ask(wire) for _ in range(4)] == [200, 200, 200, 429]
    assert ask(wire, OTHER, OTHER_KEY) == 200
    assert {ask(wire, UNKNOWN) for _ in range(2)} == {429}, "what is not there counts for a client"
