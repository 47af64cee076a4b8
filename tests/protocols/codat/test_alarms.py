"""What is told of quotas, and when."""

import json
import time
from typing import Any

import pytest
from tests.protocols.codat.test_publishing import register, told
from tests.support.codat import OTHER_KEY, Wire

from daybook.app.ports import ReadOnly
from daybook.protocols.codat import alarms, events
from daybook.protocols.codat.alarms import Alarms
from daybook.protocols.codat.quota import resets_at

QUOTA = 5
TYPES = (events.QUOTA_REACHED, events.QUOTA_RESET)


@pytest.fixture
def wire() -> Wire:
    wire = Wire({"requests_per_day": str(QUOTA)})
    wire.add_other()
    register(wire, *TYPES)
    register(wire, *TYPES, key=OTHER_KEY)
    return wire


def used_up(wire: Wire) -> None:
    for _ in range(QUOTA - 1):  # one was used for registering
        assert wire.send("GET", "/companies").status == 200
    assert wire.send("GET", "/companies").status == 429
    assert wire.send("GET", "/companies").status == 429


def test_the_last_request_of_a_day_is_told_of_once(wire: Wire) -> None:
    used_up(wire)
    [reached] = told(wire)
    assert reached["eventType"] == "client.rateLimit.reached"
    midnight = reached["payload"]["expiryDate"]
    assert reached["payload"] == {"dailyQuota": 5, "quotaRemaining": 0, "expiryDate": midnight}
    assert midnight.endswith("T00:00:00Z")


def test_a_last_request_that_leads_nowhere_is_told_of_too(wire: Wire) -> None:
    for _ in range(QUOTA - 1):
        assert wire.send("GET", "/companies/x/nowhere").status == 404
    assert len(told(wire)) == 1


def test_the_reset_is_told_to_those_who_wait_for_it(wire: Wire) -> None:
    used_up(wire)
    mine = wire.plugin._alarms
    mine.reset()
    assert len(told(wire)) == 1, "not before midnight"
    wire.clock.now = resets_at(wire.clock())
    mine.reset()
    mine.reset()
    _, reset = told(wire)
    assert reset["eventType"] == "client.rateLimit.reset"
    assert reset["payload"]["quotaRemaining"] == QUOTA
    assert wire.send("GET", "/companies").status == 200


def test_a_server_that_was_stopped_before_midnight_tells_it_after_its_start(wire: Wire) -> None:
    used_up(wire)
    wire.clock.now = resets_at(wire.clock())
    directory = wire.ledger.store.directory
    Alarms(directory, wire.clock, QUOTA).arm()
    ends = time.monotonic() + 20
    while len(told(wire)) < 2:
        assert time.monotonic() < ends
        time.sleep(0.01)
    assert directory.count_documents("codat", alarms.KIND) == 0


def test_a_store_that_takes_nothing_is_asked_again(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    used_up(wire)
    wire.clock.now = resets_at(wire.clock())
    monkeypatch.setattr(alarms, "AGAIN_SECONDS", 0.0)
    directory = wire.ledger.store.directory
    change, failures = directory.change_documents, [ReadOnly("for the moment")]

    def changing(*members: Any) -> Any:
        if failures:
            raise failures.pop()
        return change(*members)

    monkeypatch.setattr(directory, "change_documents", changing)
    wire.plugin._alarms._due()
    ends = time.monotonic() + 20
    while len(told(wire)) < 2:
        assert time.monotonic() < ends
        time.sleep(0.01)


def test_whoever_is_told_of_quotas_is_told_of_their_own(wire: Wire) -> None:
    used_up(wire)
    hooks = wire.send("GET", "/webhooks", key=OTHER_KEY).json["results"]
    mine = wire.ledger.store.directory.deliveries()
    assert {each.consumer_id for each in mine}.isdisjoint(each["id"] for each in hooks)
    assert [json.loads(each.message.payload)["eventType"] for each in mine] == [TYPES[0]]
