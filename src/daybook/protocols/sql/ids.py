"""Identifiers as this interface shows them.

An entry is `<hex of its number>-<second it was made in>`, as QuickBooks' TxnID; a line
`<hex>-<second>` likewise; a list record `<hex of 80000000 + number>-<second>`, as QuickBooks'
ListID. They are made of what is stored, never stored themselves, and compared byte for byte.

EditSequence is the second of creation plus the version: it looks like QuickBooks', grows with
every change, and tells the version it stands for.
"""

import json
import re
from typing import Final

from daybook.domain.ids import EntryId
from daybook.domain.model import JournalEntry, annex_of
from daybook.protocols.sql.literals import natural

WIRE: Final = "sql"
"""The name of this interface in annexes, in events and as a protocol."""

ID_LENGTH_MAX: Final = 36
_FORM = re.compile(r"([0-9A-F]{1,16})-([0-9]{1,12})")
_LIST_BASE: Final = 0x80000000
_SECOND: Final = 1_000_000


def created_second(entry: JournalEntry) -> int:
    """The second in an entry's id: of its creation, or of the staging it was first shown in."""
    kept = annex_of(entry.annex, WIRE)
    if kept is not None:
        second = json.loads(kept).get("second")
        if isinstance(second, int):
            return second
    return entry.created_at // _SECOND


def guid(entry: JournalEntry) -> str | None:
    """The caller's own key of an entry."""
    kept = annex_of(entry.annex, WIRE)
    found = None if kept is None else json.loads(kept).get("guid")
    return found if isinstance(found, str) else None


def annex_text(second: int | None, guid: str | None) -> str | None:
    """What this interface keeps beside an entry."""
    members: dict[str, object] = {}
    if guid is not None:
        members["guid"] = guid
    if second is not None:
        members["second"] = second
    return json.dumps(members, sort_keys=True, separators=(",", ":")) if members else None


def entry_id(entry: JournalEntry) -> str:
    """The ID of an entry."""
    return f"{entry.id:X}-{created_second(entry)}"


def parse(text: str) -> tuple[EntryId, int] | None:
    """Number and second of an ID, or None if it has not the form of one."""
    found = _FORM.fullmatch(text) if len(text) <= ID_LENGTH_MAX else None
    if found is None or (found[1][0] == "0" and len(found[1]) > 1):
        return None
    number = int(found[1], 16)
    return (EntryId(number), int(found[2])) if number < 2**63 else None


def line_id(line: int, second: int) -> str:
    """The LineId of a line of an entry."""
    return f"{line + 1:X}-{second}"


def edit_sequence(version: int, second: int) -> str:
    """The EditSequence of an entry."""
    return str(second + version)


def list_id(number: int, created_at: int) -> str:
    """The identifier of an account, contact or dimension value."""
    return f"{_LIST_BASE + number:X}-{created_at // _SECOND}"


def parse_list_id(text: str) -> int | None:
    """The number of a list record: from its identifier, or as it stands in decimal."""
    plain = natural(text)
    if plain is not None:
        return plain
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    number = int(found[1], 16) - _LIST_BASE
    return number if number >= 0 else None
