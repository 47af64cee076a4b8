"""What belongs to a client: profile, settings of syncing; and the list of platforms."""

from dataclasses import replace
from typing import Any

import pytest
from tests.support.codat import COMPANY, OTHER_KEY, Wire

from daybook.app.access import Principal


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


def test_what_a_client_keeps_stays_with_the_companies_of_its_key() -> None:
    """Two administrators may name their programs alike; their settings are no less their own."""
    wire = Wire()
    wire.add_other()
    rival = wire.tokens.known[OTHER_KEY]
    assert isinstance(rival, Principal)
    wire.tokens.known[OTHER_KEY] = replace(rival, client="app")
    profile = {"name": "Lender", "redirectUrl": "https://x", "alertAuthHeader": "Bearer top"}
    assert wire.send("PUT", "/profile", profile).status == 200
    assert "alertAuthHeader" not in wire.send("GET", "/profile", key=OTHER_KEY).json
    setting = {"syncSettings": [{"dataType": "journalEntries"}]}
    assert wire.send("POST", "/profile/syncSettings", setting).status == 204
    theirs = wire.send("GET", "/profile/syncSettings", key=OTHER_KEY).json
    assert theirs["overridesDefaults"] is False

    body = {"url": "https://hook.example/?key=x", "eventTypes": ["company.created"]}
    made = wire.send("POST", "/webhooks", body).json
    assert wire.send("GET", "/webhooks", key=OTHER_KEY).json["results"] == []
    assert wire.send("DELETE", f"/webhooks/{made['id']}", key=OTHER_KEY).status == 404
    assert [each["id"] for each in wire.send("GET", "/webhooks").json["results"]] == [made["id"]]
    wire.tokens.known[OTHER_KEY] = replace(rival, client="app", company_ids=None)
    assert len(wire.send("GET", "/webhooks", key=OTHER_KEY).json["results"]) == 1


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
