"""The sample requests of the vendor's reference page on journal entries, sent as printed.

Host and credentials apart, the bytes are those that axios 1.x makes of the printed calls: its
header lines, its order of parameters, a blank written as `+`, an asterisk left as it is.
"""

import json
import uuid
from typing import Any

from tests.support.server import RawResponse, RunningServer

PRINTED_BODY = """{
  "Id": "value",
  "SyncToken": "value",
  "MetaData": "value",
  "CustomField": "value",
  "AttachableRef": {
    "value": "123"
  }
}"""
"""The page's example of a body: names of members, with placeholders for values."""


def send(server: RunningServer, method: str, rest: str, data: object = None) -> RawResponse:
    """What axios 1.x sends for one of the page's calls."""
    body = b"" if data is None else json.dumps(data, separators=(",", ":")).encode()
    lines = [f"{method} /v3/company/{server.realm}/{rest} HTTP/1.1", "Accept: application/json"]
    if body:
        lines.append("Content-Type: application/json")
    lines += [f"Authorization: Bearer {server.token}", "User-Agent: axios/1.6.0"]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    lines += ["Accept-Encoding: gzip, compress, deflate, br", f"Host: {server.host}:{server.port}"]
    head = "\r\n".join([*lines, "Connection: close", "", ""])
    return server.exchange(head.encode() + body)


def shown(response: RawResponse) -> Any:
    assert response.status == 200, response.body
    assert response.headers["content-type"] == "application/json;charset=utf-8"
    assert response.headers.get("content-encoding") is None
    return json.loads(response.body)


def test_create_and_read_by_id(server: RunningServer) -> None:
    number = uuid.uuid4().hex[:20]
    data = {
        "DocNumber": number,
        "Line": [
            {
                "Amount": 100,
                "DetailType": "JournalEntryLineDetail",
                "JournalEntryLineDetail": {"PostingType": side, "AccountRef": {"value": account}},
            }
            for side, account in (("Debit", "35"), ("Credit", "44"))
        ],
    }
    made = shown(send(server, "POST", "journalentry?minorversion=65", data))
    assert list(made) == ["JournalEntry", "time"]
    entry = made["JournalEntry"]
    assert entry["DocNumber"] == number
    read = shown(send(server, "GET", f"journalentry/{entry['Id']}?minorversion=65"))
    assert read["JournalEntry"] == entry


def test_query(server: RunningServer) -> None:
    """`Journalentry` with a small e is how the page spells it."""
    statement = "SELECT+*+FROM+Journalentry+MAXRESULTS+100"
    found = shown(send(server, "GET", f"query?query={statement}&minorversion=65"))["QueryResponse"]
    assert found["startPosition"] == 1
    assert found["maxResults"] == len(found["JournalEntry"]) == 100
    assert {entry["domain"] for entry in found["JournalEntry"]} == {"QBO"}


def test_the_printed_body_is_refused_and_told_why(server: RunningServer) -> None:
    """Its placeholders are no values. The answer says so, and in plain words beside it."""
    response = send(server, "POST", "journalentry?minorversion=65", json.loads(PRINTED_BODY))
    assert response.status == 400
    fault = json.loads(response.body)["Fault"]
    assert (fault["type"], fault["Error"][0]["code"]) == ("ValidationFault", "2010")
    assert response.headers["daybook-diagnosis"] == "MetaData is not an object"
