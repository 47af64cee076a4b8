"""What belongs to a client: profile, settings of syncing; and the list of platforms."""

from typing import Any

import pytest
from tests.support.codat import COMPANY, Wire


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
