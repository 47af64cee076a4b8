"""Commands that are kept: the same after reading, one text for each, nothing but exact numbers."""

import json
import os
import subprocess
import sys
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.strategies import contents, refs

from daybook.app import stored_commands
from daybook.domain.commands import (
    AccountContent,
    ChangeCompany,
    Command,
    ContactContent,
    CreateEntry,
    CreateReference,
    DeleteEntry,
    DimensionContent,
    DocNumberPolicy,
    EntryContent,
    Guard,
    LineDraft,
    ListItemContent,
    MoveEntry,
    NoChange,
    NoteDraft,
    PatchEntry,
    ReplaceEntry,
    ReplaceReference,
    SetExchangeRate,
)
from daybook.domain.ids import ByCode, ById, ByName, CompanyId, ContactId, EntryId, LineId
from daybook.domain.model import (
    AccountKind,
    BillMark,
    Company,
    ContactKind,
    ListKind,
    Side,
    Status,
    TaxMark,
)

LINE = LineDraft(
    Side.DEBIT,
    10**15 - 1,
    ByCode("6000"),
    ByName("Ada \ud800"),
    ContactKind.CUSTOMER,
    (("CLASS", ById(2**70)), ("a=b", ByName("x"))),
    "näh\0",
    TaxMark("1", amount=-5),
    BillMark("Billable", "1.50"),
    (("wire", "{}"),),
    LineId(0),
    0,
)
CONTENT = EntryContent(
    (LINE, NoteDraft("so", (), LineId(3)), LineDraft(Side.CREDIT, 1, ById(1))),
    date(2024, 2, 29),
    "",
    "memo",
    "EUR",
    Decimal("0.85010"),
    Decimal("1E+2"),
    True,
    (("wire", "[1]"),),
)
GUARD = Guard(frozenset({Status.REVIEW, Status.PENDING}), "app")
COMMANDS: tuple[Command, ...] = (
    CreateEntry(CONTENT, Status.PENDING, DocNumberPolicy.ASSIGN, EntryId(0)),
    CreateEntry(EntryContent(())),
    ReplaceEntry(EntryId(7), None, CONTENT, no_change=NoChange.COUNT_VERSION, guard=GUARD),
    PatchEntry(EntryId(7), 0, memo=None, adjustment=False, rate=Decimal(1), lines=()),
    PatchEntry(EntryId(7), None),
    DeleteEntry(EntryId(8_484), 2**70, GUARD),
    DeleteEntry(EntryId(8_484), 1, second_person=True),
    MoveEntry(EntryId(1), 1, Status.POSTED),
    CreateReference(AccountContent("A", AccountKind.BANK, parent=ById(1), active=False), 9),
    CreateReference(ContactContent(ContactKind.VENDOR, "V")),
    ReplaceReference(1, None, DimensionContent("CLASS", "N", contact_id=ContactId(4))),
    ReplaceReference(1, None, ListItemContent(ListKind.TERM, "Net 30")),
    SetExchangeRate("EUR", date(2026, 1, 1), Decimal("0.1")),
    ChangeCompany(3, Company(CompanyId(1), "s", "n", "r", "c", "GBP", books_closed_through=None)),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_is_the_same_after_reading(command: Command) -> None:
    text = stored_commands.encode(command)
    again = stored_commands.decode(text)
    assert again == command
    assert repr(again) == repr(command)  # equality alone does not tell 1 from True
    assert stored_commands.encode(again) == text


@given(contents(refs(9)))
def test_any_content_is_the_same_after_reading(content: EntryContent) -> None:
    command = CreateEntry(content)
    text = stored_commands.encode(command)
    assert repr(stored_commands.decode(text)) == repr(command)
    assert json.dumps(json.loads(text), sort_keys=True, separators=(",", ":")).encode() == text


def test_there_are_no_floats() -> None:
    def refuse(text: str) -> None:
        raise AssertionError(text)

    for command in COMMANDS:
        json.loads(stored_commands.encode(command), parse_float=refuse)


@given(
    st.binary(max_size=40) | st.sampled_from([b"1", b"[]", b'{"_":"Side","=":"D"}', b"[" * 9**5])
)
def test_other_bytes_are_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        stored_commands.decode(text)


@pytest.mark.parametrize(
    "text",
    [
        b'{"_":"Nobody"}',
        b'{"_":"DeleteEntry"}',
        b'{"_":"DeleteEntry","entry_id":1,"expected_version":null,"more":1}',
        b'{"_":"MoveEntry","entry_id":1,"expected_version":1,"status":{"_":"Status","=":"x"}}',
        b'{"_":"SetExchangeRate","currency":"EUR","as_of":1,"rate":{"_":"Decimal","=":"x"}}',
        b'{"entry_id":1}',
    ],
)
def test_what_no_release_wrote_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError):
        stored_commands.decode(text)


@pytest.mark.parametrize("seed", range(4))
def test_the_text_that_repeated_keys_are_compared_by_has_one_order(seed: int) -> None:
    """Also in another process, where sets have another one."""
    code = (
        "from daybook.domain.commands import *; from daybook.domain.model import Status;"
        "print(repr(DeleteEntry(1, 2, guard=Guard(frozenset(Status)))))"
    )
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    told = subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True
    )
    command = DeleteEntry(EntryId(1), 2, guard=Guard(frozenset(Status)))
    assert told.stdout.strip() == repr(command)
