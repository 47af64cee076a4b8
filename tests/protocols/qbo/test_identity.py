"""Which record a body is about: create or update by the Id, whatever the operation says."""

from typing import Any

import pytest

from daybook.protocols.qbo.identity import CREATE, DELETE, SAVE, UPDATE, Identity, identify
from daybook.protocols.qbo.shapes import Findings


@pytest.mark.parametrize(
    ("operation", "body", "identity"),
    [
        (SAVE, {}, Identity(CREATE)),
        (SAVE, {"Id": "", "SyncToken": "x"}, Identity(CREATE)),
        (SAVE, {"Id": None, "SyncToken": 0}, Identity(CREATE)),
        (SAVE, {"Id": "7", "SyncToken": "0"}, Identity(UPDATE, 7, 0)),
        (CREATE, {"Id": 7, "SyncToken": 2}, Identity(UPDATE, 7, 2)),
        (UPDATE, {"Id": "7", "SyncToken": "2"}, Identity(UPDATE, 7, 2)),
        (DELETE, {"Id": "7", "SyncToken": "2"}, Identity(DELETE, 7, 2)),
    ],
)
def test_identities(operation: str, body: dict[str, Any], identity: Identity) -> None:
    findings = Findings()
    assert identify(operation, body, findings) == identity
    assert findings.errors == []


@pytest.mark.parametrize(
    ("operation", "body", "codes"),
    [
        (UPDATE, {}, ["2020", "2020"]),
        (DELETE, {"SyncToken": "0"}, ["2020"]),
        (SAVE, {"Id": "7"}, ["2020"]),
        (SAVE, {"Id": "x", "SyncToken": "0"}, ["2030"]),
        (SAVE, {"Id": "7", "SyncToken": "-1"}, ["2080"]),
        (SAVE, {"Id": {}, "SyncToken": []}, ["2030", "2080"]),
    ],
)
def test_what_is_wrong_with_them(operation: str, body: dict[str, Any], codes: list[str]) -> None:
    findings = Findings()
    identify(operation, body, findings)
    assert [error.code for error in findings.errors] == codes
