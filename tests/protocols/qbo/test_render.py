"""Records as they are shown: exact amounts, any text, names of the moment."""

import json
from dataclasses import replace
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support import records, strategies
from tests.support.qbo import CHECKING, CUSTOMER, Wire

from daybook.domain.ids import AccountId, ContactId, EntryId, LineId, Timestamp
from daybook.domain.model import Annex, JournalEntry, Line, Note, Origin, Side
from daybook.protocols.kit import json as exact
from daybook.protocols.qbo import render

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
WIRE = Wire(multicurrency=True)
PLAIN = Wire()


def shown(entry: JournalEntry) -> dict[str, object]:
    """An entry as a caller reads it: bytes of an envelope, parsed."""
    with WIRE.books.read() as reader:
        value = render.entry_json(entry, reader)
        body = render.envelope("JournalEntry", value, Timestamp(0), reader.company)
    parsed: dict[str, object] = json.loads(body, parse_float=Decimal)["JournalEntry"]
    return parsed


@given(TEXTS, TEXTS, st.integers(0, 10**15 - 1), st.sampled_from(["USD", "JPY", "KWD"]))
@settings(suppress_health_check=list(HealthCheck))
def test_texts_and_amounts_arrive_unchanged(
    text: str, memo: str, minor: int, currency: str
) -> None:
    """Whatever characters a description holds, and to the last minor unit."""
    debit = replace(records.line(0, Side.DEBIT, minor, CHECKING), description=text)
    credit = records.line(2, Side.CREDIT, minor, CHECKING)
    note = Note(LineId(1), 1, text)
    entry = JournalEntry(
        EntryId(7),
        records.DAY,
        currency,
        (debit, credit),
        Origin("app", "test"),
        memo=memo,
        notes=(note,),
    )
    found = shown(entry)
    lines = found["Line"]
    assert isinstance(lines, list)
    assert found["PrivateNote"] == memo
    assert [line["Id"] for line in lines] == ["0", "1", "2"]
    assert [line.get("Description") for line in lines] == [text, text, None]
    decimals = {"USD": 2, "JPY": 0, "KWD": 3}[currency]
    for line in (lines[0], lines[2]):
        assert Decimal(line["Amount"]).scaleb(decimals) == minor


def test_names_are_those_of_the_moment() -> None:
    """Quotes in names and all; a record that is not there has no name."""
    wire = Wire()
    body = {"Id": str(CUSTOMER), "SyncToken": "0", "sparse": True, "DisplayName": 'Ada "Count" L'}
    wire.create("Customer", body)
    lines = (
        Line(LineId(0), Side.DEBIT, 1, 1, AccountId(CHECKING), ContactId(CUSTOMER)),
        Line(LineId(1), Side.CREDIT, 1, 1, AccountId(99), ContactId(99)),
    )
    entry = JournalEntry(EntryId(7), records.DAY, "USD", lines, Origin("app", "test"))
    with wire.books.read() as reader:
        value = render.entry_json(entry, reader)
        body_text = render.envelope("JournalEntry", value, Timestamp(0), reader.company)
    first, second = json.loads(body_text)["JournalEntry"]["Line"]
    assert first["JournalEntryLineDetail"]["Entity"]["EntityRef"] == {
        "value": str(CUSTOMER),
        "name": 'Ada "Count" L',
    }
    assert second["JournalEntryLineDetail"] == {
        "PostingType": "Credit",
        "Entity": {"EntityRef": {"value": "99"}},
        "AccountRef": {"value": "99"},
    }


def test_tombstones_say_when() -> None:
    gone = replace(records.entry(5), deleted_at=Timestamp(0), modified_at=Timestamp(0))
    with WIRE.books.read() as reader:
        tombstone = render.tombstone_json(gone, reader.company)
    assert tombstone == {
        "domain": "QBO",
        "status": "Deleted",
        "Id": "5",
        "MetaData": {"LastUpdatedTime": "1969-12-31T16:00:00-08:00"},
    }


def others_of(annex: Annex) -> Annex:
    """An annex without this wire's share, which is never any text but what the wire has kept."""
    return tuple((wire, text) for wire, text in annex if wire != "qbo")


@given(strategies.entries(), st.booleans())
@settings(suppress_health_check=list(HealthCheck))
def test_whole_entries_are_the_same_as_text(entry: JournalEntry, multicurrency: bool) -> None:
    """The short way of showing an entry, beside the one that puts members together."""
    entry = replace(
        entry,
        deleted_at=None,
        lines=tuple(replace(line, annex=others_of(line.annex)) for line in entry.lines),
        notes=tuple(replace(note, annex=others_of(note.annex)) for note in entry.notes),
        annex=others_of(entry.annex),
    )
    with (WIRE if multicurrency else PLAIN).books.read() as reader:
        whole = render.entry_whole(entry, reader)
        assert bytes(whole) == exact.encode(render.entry_json(entry, reader))
