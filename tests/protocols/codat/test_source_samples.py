"""The requests of the published page on deleting journal entries, as printed, answered as printed.

The page has them against the demo company, whose books hold the entry it shows.
"""

import json
import time
from typing import Any

from tests.support.server import RunningServer

COMPANY = "c0c4ef53-e70c-45d5-9af4-27aa486347d7"
CONNECTION = "5c9c8f2a-8c0e-4c55-9d3a-2f0f4f3c7a10"
QUERY = (
    "page=1&pageSize=20&orderBy=-createdOn&query=%7Bid~8484%7C%7CrecordRef.dataType~8484%7C%7C"
    "createdOn%3D8484%7C%7CpostedOn%3D8484%7D%26%26metadata.isDeleted!%3Dtrue"
)


def tracked(amount: float, account: str, name: str) -> dict[str, Any]:
    return {
        "description": "",
        "netAmount": amount,
        "currency": "GBP",
        "accountRef": {"id": account, "name": name},
        "tracking": {"recordRefs": [{"id": "DEPARTMENT_1", "dataType": "trackingCategories"}]},
    }


ENTRY = {
    "id": "8484",
    "postedOn": "2023-03-15T00:00:00",
    "createdOn": "2023-03-15T00:00:00",
    "journalLines": [tracked(-22.3, "139", "Barclays"), tracked(22.3, "70", "Debtors")],
    "modifiedDate": "2023-03-15T11:14:37Z",
    "sourceModifiedDate": "2023-03-15T11:13:27Z",
    "recordRef": {"id": "8484", "dataType": "payments"},
    "metadata": {"isDeleted": False},
}
LIST = {
    "results": [ENTRY],
    "pageNumber": 1,
    "pageSize": 20,
    "totalResults": 1,
    "_links": {
        "current": {"href": f"/companies/{COMPANY}/data/journalEntries?{QUERY}"},
        "self": {"href": f"/companies/{COMPANY}/data/journalEntries"},
    },
}


def ask(server: RunningServer, method: str, path: str) -> Any:
    request = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic ZGVtbw==\r\n"
        "Connection: close\r\n\r\n"
    )
    response = server.exchange(request.encode())
    assert response.status == 200, response.body
    assert response.headers["content-type"] == "application/json"
    return json.loads(response.body)


def ended(server: RunningServer, key: str) -> Any:
    """A push operation, once it is not pending any more."""
    for _ in range(200):
        operation = ask(server, "GET", f"/companies/{COMPANY}/push/{key}")
        if operation["status"] != "Pending":
            return operation
        time.sleep(0.05)
    raise AssertionError("the operation is still pending")


def test_the_page_s_requests_get_the_page_s_answers(fresh_server: RunningServer) -> None:
    listed = f"/companies/{COMPANY}/data/journalEntries?{QUERY}"
    before = ask(fresh_server, "GET", listed)
    assert before == LIST
    assert list(before) == list(LIST)
    assert list(before["results"][0]) == list(ENTRY)

    path = f"/companies/{COMPANY}/connections/{CONNECTION}/delete/journalEntries/8484"
    accepted = ask(fresh_server, "DELETE", path)
    assert accepted["status"] == "Pending"
    assert accepted["statusCode"] == 202
    record = {"id": "8484", "dataType": "journalEntries"}
    assert accepted["changes"] == [{"type": "Deleted", "recordRef": record}]
    assert accepted["dataType"] == "journalEntries"
    assert accepted["companyId"] == COMPANY
    assert accepted["dataConnectionKey"] == CONNECTION
    assert "completedOnUtc" not in accepted
    assert "validation" not in accepted

    done = ended(fresh_server, accepted["pushOperationKey"])
    assert (done["status"], done["statusCode"]) == ("Success", 200)
    assert done["changes"] == accepted["changes"]
    assert done["requestedOnUtc"] == accepted["requestedOnUtc"]
    [warning] = done["validation"]["warnings"]
    assert warning["itemId"] == "8484"
    assert "payments" in warning["message"]
    assert done["validation"]["errors"] == []

    history = ask(
        fresh_server,
        "GET",
        f"/companies/{COMPANY}/push?page=1&pageSize=20&orderBy=-requestedOnUtc"
        "&query=dataType%3DjournalEntries",
    )
    assert history["results"] == [done]

    after = ask(fresh_server, "GET", listed)
    assert after == {**LIST, "results": [], "totalResults": 0}
    entry = ask(fresh_server, "GET", f"/companies/{COMPANY}/data/journalEntries/8484")
    assert entry["metadata"] == {"isDeleted": True}
    assert entry["modifiedDate"] > ENTRY["modifiedDate"]
    same = {"metadata", "modifiedDate", "sourceModifiedDate"}
    assert {k: v for k, v in entry.items() if k not in same} == {
        k: v for k, v in ENTRY.items() if k not in same
    }

    again = ask(fresh_server, "DELETE", path.replace("/delete/", "/push/"))
    failed = ended(fresh_server, again["pushOperationKey"])
    assert (failed["status"], failed["statusCode"]) == ("Failed", 404)
    assert "8484" in failed["errorMessage"]
    other = (
        f"GET /v3/company/{fresh_server.realm}/journalentry/8484 HTTP/1.1\r\nHost: localhost\r\n"
        "Authorization: Bearer demo\r\nConnection: close\r\n\r\n"
    )
    assert fresh_server.exchange(other.encode()).status != 200
