"""Which record a body is about: the operation asked for, `Id` and `SyncToken`.

A POST that names no operation is an update if the body has an Id and a create if not; so is one
that names `create`, as on the original.
"""

from dataclasses import dataclass
from typing import Any, Final

from daybook.protocols.qbo import ids
from daybook.protocols.qbo.shapes import Findings, Members

SAVE: Final = ""
"""A POST that names no operation."""
CREATE: Final = "create"
UPDATE: Final = "update"
DELETE: Final = "delete"


@dataclass(frozen=True, slots=True)
class Identity:
    """The record and the version the caller saw; both None for a create.

    Where something is wrong with either it was noted, and the values are of no use.
    """

    operation: str
    record_id: int | None = None
    version: int | None = None


def identify(operation: str, body: Members, findings: Findings) -> Identity:
    """What a body is about; what is wrong with its Id or SyncToken is noted."""
    sent = body.get("Id")
    if sent is None or sent == "":
        if operation in (UPDATE, DELETE):
            findings.require("Id")
            _version(body, findings)
            return Identity(operation)
        return Identity(CREATE)
    record_id = ids.parse(sent)
    if record_id is None:
        findings.invalid("2030", "Id", sent, "is not a number of a record")
    version = _version(body, findings)
    return Identity(DELETE if operation == DELETE else UPDATE, record_id, version)


def _version(body: Members, findings: Findings) -> int | None:
    sent: Any = body.get("SyncToken")
    if sent is None or sent == "":
        findings.require("SyncToken")
        return None
    version = ids.parse(sent)
    if version is None:
        findings.invalid("2080", "SyncToken", sent, "is not a version")
    return version
