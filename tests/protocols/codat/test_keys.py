"""API keys: who may make them, what they allow, and what they go with."""

import json
from dataclasses import replace

import pytest
from tests.support.codat import COMPANY, KEY, OTHER, Wire

from daybook.app import credentials
from daybook.app.access import Principal, Rejection, Scope
from daybook.app.trail import Trail
from daybook.auth.tokens import StoreAuthenticator
from daybook.protocols.codat import limits


@pytest.fixture
def wire() -> Wire:
    """A wire that believes what its store does, its own key included."""
    wire = Wire()
    wire.keep_key()
    wire.tokens.authenticate = authenticator(wire).authenticate  # type: ignore[method-assign]
    return wire


def authenticator(wire: Wire) -> StoreAuthenticator:
    return StoreAuthenticator(wire.ledger.store.directory, wire.clock)


def made_key(wire: Wire, key: str = KEY) -> tuple[str, str]:
    """Id and text of a new key."""
    made = wire.send("POST", "/apiKeys", {"name": "nightly"}, key=key)
    assert made.status == 201, made.json
    return made.json["id"], made.json["apiKey"]


def test_keys_are_made_used_listed_and_withdrawn(wire: Wire) -> None:
    key_id, key = made_key(wire)
    assert wire.send("GET", f"/companies/{COMPANY}", key=key).status == 200
    listed = wire.send("GET", "/apiKeys").json["results"][-1]
    assert (listed["id"], listed["name"]) == (key_id, "nightly")
    assert key not in json.dumps(listed)
    assert wire.send("DELETE", f"/apiKeys/{key_id}").status == 204
    assert wire.send("GET", f"/companies/{COMPANY}", key=key).status == 401
    assert wire.send("DELETE", f"/apiKeys/{key_id}").status == 404
    nameless = wire.send("POST", "/apiKeys").json
    assert "name" not in nameless
    records = Trail(wire.ledger.store.directory, wire.clock).records()
    assert [(record.what, record.subject) for record in records] == [
        ("token-made", "2"),
        ("token-withdrawn", "2"),
        ("token-made", "3"),
    ]
    assert key not in repr(records)


def test_a_key_goes_with_the_one_it_was_made_with(wire: Wire) -> None:
    _, child = made_key(wire)
    _, grandchild = made_key(wire, child)
    directory = wire.ledger.store.directory
    assert credentials.revoke(directory, wire.clock, credentials.digest(child)) is not None
    for key in (child, grandchild):
        assert wire.send("GET", "/companies", key=key).status == 401
    assert wire.send("GET", "/companies").status == 200


def test_the_last_key_stays_with_all_that_were_made_with_it(wire: Wire) -> None:
    made_key(wire)
    [root, _] = wire.send("GET", "/apiKeys").json["results"]
    refused = wire.send("DELETE", f"/apiKeys/{root['id']}")
    assert (refused.status, refused.json["error"][:18]) == (403, "The last API key c")
    assert wire.send("GET", "/companies").status == 200


def test_a_key_allows_no_more_than_the_one_it_was_made_with() -> None:
    wire = Wire()
    wire.allow(Scope.READ, Scope.ADMIN)
    wire.keep_key()
    _, key = made_key(wire)
    believed = authenticator(wire).authenticate(key)
    scopes = frozenset({Scope.READ, Scope.ADMIN})
    assert believed == Principal("app", frozenset({wire.company_id}), scopes, "ada")
    wire.allow(Scope.READ, Scope.WRITE)
    assert wire.send("POST", "/apiKeys").status == 403, "it takes the right to administer"


def test_keys_of_the_same_client_for_other_companies_are_out_of_reach(wire: Wire) -> None:
    """A client's name may be shared; what opens other books is not there for this key."""
    other = wire.found(OTHER, "2")
    directory = wire.ledger.store.directory
    theirs = credentials.NewToken("app", company_ids=frozenset({other}), label="theirs")
    credentials.issue(directory, wire.clock, theirs)
    wide = replace(theirs, company_ids=frozenset())
    every = credentials.issue(directory, wire.clock, wide).text
    key_id, _ = made_key(wire)
    listed = wire.send("GET", "/apiKeys").json["results"]
    assert [each.get("name") for each in listed] == [None, "nightly"]
    everything = wire.send("GET", "/apiKeys", key=every).json["results"]
    assert len(everything) == 4
    for each in everything:
        if each.get("name") == "theirs":
            assert wire.send("DELETE", f"/apiKeys/{each['id']}").status == 404
    assert all(token.revoked_at is None for token in directory.tokens())
    assert wire.send("DELETE", f"/apiKeys/{key_id}", key=every).status == 204


def test_what_does_not_last_makes_no_keys() -> None:
    """The demo's words are in no store; whatever is made with one would outlive it."""
    wire = Wire()
    refused = wire.send("POST", "/apiKeys", {"name": "x"})
    assert (refused.status, refused.json["canBeRetried"]) == (403, "False")
    wire.keep_key(wire.clock.now + 3_600_000_000)
    assert wire.send("POST", "/apiKeys", {"name": "x"}).status == 403
    assert len(wire.ledger.store.directory.tokens()) == 1


def test_a_key_that_was_revoked_meanwhile_makes_none() -> None:
    wire = Wire()
    wire.keep_key()
    directory = wire.ledger.store.directory
    credentials.revoke(directory, wire.clock, credentials.digest(KEY))
    assert wire.send("POST", "/apiKeys").status == 401
    assert authenticator(wire).authenticate(KEY) is Rejection.REVOKED


def test_the_bounds_on_keys(wire: Wire) -> None:
    for body in ({"name": "x" * 51}, {"name": 5}, b"[]"):
        assert wire.send("POST", "/apiKeys", body).status == 400
    for _ in range(limits.API_KEYS_MAX - 1):
        assert wire.send("POST", "/apiKeys", {"name": "x"}).status == 201
    refused = wire.send("POST", "/apiKeys", {"name": "x"})
    assert (refused.status, refused.json["error"][:34]) == (
        409,
        "Maximum number of API keys reached",
    )
