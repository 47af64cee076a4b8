"""What belongs to a client: profile, settings of syncing, API keys; and the list of platforms."""

from typing import Any

import pytest
from tests.support.codat import COMPANY, KEY, Wire

from daybook.app.trail import Trail
from daybook.auth.tokens import StoreAuthenticator
from daybook.protocols.codat import limits


class Believing:
    """Believes the key of the tests, and what the store knows."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._store = StoreAuthenticator(wire.ledger.store.directory, wire.clock)
        self._known = wire.tokens.authenticate

    def authenticate(self, token: str) -> Any:
        return self._known(token) if token == KEY else self._store.authenticate(token)


def with_store() -> Wire:
    """A wire that believes the keys it makes."""
    wire = Wire()
    wire.tokens.authenticate = Believing(wire).authenticate  # type: ignore[method-assign]
    return wire


def test_keys_are_made_used_listed_and_withdrawn() -> None:
    wire = with_store()
    made = wire.send("POST", "/apiKeys", {"name": "nightly"})
    assert made.status == 201
    key = made.json["apiKey"]
    assert wire.send("GET", f"/companies/{COMPANY}", key=key).status == 200
    [listed] = wire.send("GET", "/apiKeys").json["results"]
    assert (listed["id"], listed["name"]) == (made.json["id"], "nightly")
    assert key not in listed["apiKey"]
    assert wire.send("DELETE", f"/apiKeys/{listed['id']}").status == 403, "the last one stays"
    second = wire.send("POST", "/apiKeys").json
    assert "name" not in second
    assert wire.send("DELETE", f"/apiKeys/{listed['id']}").status == 204
    assert wire.send("GET", f"/companies/{COMPANY}", key=key).status == 401
    assert wire.send("DELETE", f"/apiKeys/{listed['id']}").status == 404
    records = Trail(wire.ledger.store.directory, wire.clock).records()
    assert [(record.what, record.subject) for record in records] == [
        ("token-made", "1"),
        ("token-made", "2"),
        ("token-withdrawn", "1"),
    ]
    assert key not in repr(records)


def test_the_bounds_on_keys() -> None:
    wire = with_store()
    for body in ({"name": "x" * 51}, {"name": 5}, b"[]"):
        assert wire.send("POST", "/apiKeys", body).status == 400
    for _ in range(limits.API_KEYS_MAX):
        assert wire.send("POST", "/apiKeys", {"name": "x"}).status == 201
    refused = wire.send("POST", "/apiKeys", {"name": "x"})
    assert (refused.status, refused.json["error"][:34]) == (
        409,
        "Maximum number of API keys reached",
    )


def test_the_profile() -> None:
    wire = Wire()
    assert wire.send("GET", "/profile").json["name"] == "app"
    profile = {
        "name": "Lender",
        "redirectUrl": "https://x/{companyId}",
        "whiteListUrls": ["https://x"],
    }
    assert wire.send("PUT", "/profile", profile).json == profile
    assert wire.send("GET", "/profile").json == profile
    for body in ({"name": "x"}, {**profile, "name": 5}, {**profile, "whiteListUrls": [5]}, b"x"):
        assert wire.send("PUT", "/profile", body).status == 400


@pytest.mark.parametrize(
    ("path", "name"), [("/profile", "clientId"), (f"/companies/{COMPANY}", "companyId")]
)
def test_settings_of_syncing_are_kept(path: str, name: str) -> None:
    wire = Wire()
    before = wire.send("GET", f"{path}/syncSettings").json
    assert before[name]
    assert before["overridesDefaults"] is False
    setting = {"dataType": "journalEntries", "fetchOnFirstLink": True, "syncSchedule": 24}
    body = {"clientId": "x", "syncSettings": [{**setting, "syncOrder": 0, "syncFromUtc": None}]}
    assert wire.send("POST", f"{path}/syncSettings", body).status == 204
    after = wire.send("GET", f"{path}/syncSettings").json
    assert after["settings"] == [{**setting, "syncOrder": 0}]
    assert after["overridesDefaults"] is True
    worse: list[dict[str, Any]] = [{}, {"syncSettings": [{}]}]
    for bad in (*worse, {"syncSettings": [{**setting, "syncSchedule": "x"}]}):
        assert wire.send("POST", f"{path}/syncSettings", bad).status == 400


def test_platforms_say_what_they_offer() -> None:
    wire = Wire()
    listed = wire.send("GET", "/integrations", query="query=name~sandbox").json
    assert [each["key"] for each in listed["results"]] == ["ndsk"]
    shown = wire.send("GET", "/integrations/QHYG").json
    features = {
        each["datatype"]: [feature["featureType"] for feature in each["supportedFeatures"]]
        for each in shown["datatypeFeatures"]
    }
    assert features["journalEntries"] == ["Get", "Post", "Delete"]
    assert all(each["dataType"] == each["datatype"] for each in shown["datatypeFeatures"])
    assert wire.send("GET", "/integrations/qhyg/branding").json["sourceId"] == shown["sourceId"]


@pytest.mark.parametrize("data_type", [[], {}, 1, None, True])
def test_a_setting_of_an_odd_kind_is_refused(data_type: object) -> None:
    body = {"clientId": "x", "syncSettings": [{"dataType": data_type}]}
    assert Wire().send("POST", "/profile/syncSettings", body).status == 400
