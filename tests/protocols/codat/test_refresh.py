"""Refreshes: asked for, listed, and what the status says of a ledger that is read live."""

from urllib.parse import quote

import pytest
from tests.support.codat import COMPANY, UNKNOWN, Wire, two_lines

from daybook.protocols.codat import limits
from daybook.protocols.codat.platforms import FEATURES


def test_books_have_been_read_from_the_start() -> None:
    wire = Wire()
    status = wire.get("/dataStatus").json
    assert set(status) == set(FEATURES)
    entry = status["customers"]
    assert entry["currentStatus"] == "Complete"
    assert entry["latestSyncId"] == entry["latestSuccessfulSyncId"]
    assert wire.get(f"/data/history/{entry['latestSyncId']}").json["status"] == "Complete"
    assert wire.get("/data/history").json["totalResults"] == len(FEATURES)


def test_what_was_read_stays_read_when_the_connection_is_unlinked() -> None:
    wire = Wire()
    before = wire.get("/dataStatus").json
    path = f"/companies/{COMPANY}/connections/{wire.connection}"
    wire.send("PATCH", path, {"status": "Unlinked"})
    assert wire.get("/dataStatus").json == before


def test_refreshing_everything() -> None:
    wire = Wire()
    answer = wire.send("POST", f"/companies/{COMPANY}/data/all")
    assert (answer.status, answer.response.body) == (204, b"")
    assert wire.get("/data/history").json["totalResults"] == 2 * len(FEATURES)
    assert wire.send("POST", f"/companies/{COMPANY}/data/queue/All").status == 204


@pytest.mark.parametrize("word", ["journalEntries", "JOURNALENTRIES"])
def test_refreshing_one_type(word: str) -> None:
    wire = Wire()
    path = f"/companies/{COMPANY}/data/queue/{word}"
    queued = wire.send("POST", path, query=f"connectionId={wire.connection}").json
    assert (queued["status"], queued["progress"], queued["isCompleted"]) == ("Queued", 0, False)
    assert "completed" not in queued
    done = wire.get(f"/data/history/{queued['id']}").json
    assert (done["status"], done["progress"], done["isCompleted"]) == ("Complete", 100, True)
    assert done["isErrored"] is False
    assert wire.get("/dataStatus").json["journalEntries"]["latestSyncId"] == queued["id"]
    validation = wire.get(f"/sync/{queued['id']}/validation").json
    assert validation == {"errors": [], "warnings": []}


def test_words_of_paths_and_types_that_are_not_offered() -> None:
    wire = Wire()
    path = f"/companies/{COMPANY}/data/queue"
    assert wire.send("POST", f"{path}/accounts").json["dataType"] == "chartOfAccounts"
    assert wire.send("POST", f"{path}/invoices").json["status"] == "NotSupported"
    assert wire.send("POST", f"/companies/{COMPANY}/data/info").json["dataType"] == "company"
    assert wire.get("/dataStatus").json["invoices"]["currentStatus"] == "NotSupported"
    query = f"connectionId={UNKNOWN}"
    assert wire.send("POST", f"{path}/company", query=query).status == 404


def test_the_last_sync_is_the_last_change() -> None:
    wire = Wire()
    before = wire.get("/dataStatus").json
    wire.create(two_lines())
    after = wire.get("/dataStatus").json
    for name in ("journalEntries", "chartOfAccounts"):
        assert after[name]["lastSuccessfulSync"] > before[name]["lastSuccessfulSync"]
    assert after["customers"] == before["customers"]
    assert wire.get("").json["lastSync"] == after["journalEntries"]["lastSuccessfulSync"]


def test_the_history_is_searched() -> None:
    wire = Wire()
    wire.send("POST", f"/companies/{COMPANY}/data/queue/journalEntries")

    def found(query: str, order: str = "") -> list[str]:
        answer = wire.get("/data/history", f"query={quote(query)}&orderBy={order}")
        assert answer.status == 200, answer.json
        return [each["dataType"] for each in answer.json["results"]]

    assert found("")[0] == "journalEntries"
    assert found("dataType=journalEntries&&status=complete") == ["journalEntries"] * 2
    assert found("progress<100") == []
    assert found("progress>=100&&requested>2020-01-01", "dataType") == sorted(
        [*FEATURES, "journalEntries"], key=str.lower
    )
    answer = wire.get("/data/history", "query=isCompleted%3Dtrue")
    text = "Error parsing query - Could not resolve property isCompleted on Dataset"
    assert (answer.status, answer.json["error"]) == (400, text)


def test_only_so_many_refreshes_are_remembered() -> None:
    wire = Wire()
    for _ in range(limits.DATASETS_MAX // len(FEATURES) + 3):
        wire.send("POST", f"/companies/{COMPANY}/data/all")
    kept = wire.get("/data/history").json["totalResults"]
    assert limits.DATASETS_MAX - len(FEATURES) <= kept <= limits.DATASETS_MAX + len(FEATURES)


def test_a_company_without_connections() -> None:
    wire = Wire()
    made = wire.send("POST", "/companies", {"name": "x"}).json["id"]
    assert wire.send("POST", f"/companies/{made}/data/all").status == 204
    assert wire.send("GET", f"/companies/{made}/data/history").json["results"] == []
    assert wire.send("POST", f"/companies/{made}/data/queue/company").status == 400
