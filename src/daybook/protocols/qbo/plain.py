"""New entries with nothing unusual in them, read straight from the bytes of a body.

    {"TxnDate": "2026-02-03", "DocNumber": "7", "PrivateNote": "…", "Line": [
        {"Description": "…", "Amount": 12.5, "DetailType": "JournalEntryLineDetail",
         "JournalEntryLineDetail": {"PostingType": "Debit", "AccountRef": {"value": "13"},
             "Entity": {"Type": "Customer", "EntityRef": {"value": "9"}}}}, …]}

That is what nearly every new entry looks like, and one pass of a typed decoder both parses and
checks it, at a fifth of the cost of looking at each member in turn. Whatever else a body holds,
right or wrong, is not judged here: `read` then answers None and `codec`, which knows every
member and every fault, reads the body anew. What both take, both turn into the same command.
"""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Final, Literal

import msgspec

from daybook.domain.commands import CreateEntry, DocNumberPolicy, EntryContent, LineDraft
from daybook.domain.ids import ById
from daybook.domain.limits import LINES_MAX
from daybook.domain.model import ContactKind, Side
from daybook.protocols.qbo import ids
from daybook.protocols.qbo.limits import (
    AMOUNT_WHOLE_DIGITS_MAX,
    DOC_NUMBER_LENGTH_MAX,
    TEXT_LENGTH_MAX,
)

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_LENGTH_MAX)]
_Number = Annotated[str, msgspec.Meta(min_length=1, max_length=DOC_NUMBER_LENGTH_MAX)]


class _Reference(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    value: str
    name: str = ""


class _Entity(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    EntityRef: _Reference
    Type: Literal["Customer", "Vendor", "Employee"] | None = None


class _Detail(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    PostingType: Literal["Debit", "Credit"]
    AccountRef: _Reference
    Entity: _Entity | None = None


class _Line(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    DetailType: Literal["JournalEntryLineDetail"]
    JournalEntryLineDetail: _Detail
    Amount: msgspec.Raw
    Description: _Text | None = None
    Id: str = ""


class _Entry(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    Line: Annotated[list[_Line], msgspec.Meta(min_length=1, max_length=LINES_MAX)]
    TxnDate: date | None = None
    DocNumber: _Number | None = None
    PrivateNote: _Text | None = None


_decode: Final = msgspec.json.Decoder(_Entry).decode
_amount: Final = re.compile(
    rb"(0|[1-9][0-9]{0,%d})(?:\.([0-9]{1,4}))?" % (AMOUNT_WHOLE_DIGITS_MAX - 1)
).fullmatch
_SIDES: Final = {"Debit": Side.DEBIT, "Credit": Side.CREDIT}
_KINDS: Final[dict[str | None, ContactKind]] = {
    "Customer": ContactKind.CUSTOMER,
    "Vendor": ContactKind.VENDOR,
    "Employee": ContactKind.EMPLOYEE,
}
_ONE: Final = Decimal(1)


def read(body: bytes, exponent: int) -> CreateEntry | None:
    """The command that makes the entry, or None for a body that `codec` has to look at.

    `exponent` is that of the company's home currency, which such an entry is in. The command's
    document number is subject to the company's own rule.
    """
    if b"\\u0000" in body:
        return None
    try:
        sent = _decode(body)
        lines = tuple([_draft(line, exponent) for line in sent.Line])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, _Unusual):
        return None
    content = EntryContent(
        lines=lines,
        posting_date=sent.TxnDate,
        doc_number=sent.DocNumber,
        memo=sent.PrivateNote,
        fallback_rate=_ONE,
    )
    return CreateEntry(content, doc_numbers=DocNumberPolicy.COMPANY)


class _Unusual(Exception):
    """Something that is for `codec` to judge."""


def _draft(line: _Line, exponent: int) -> LineDraft:
    detail = line.JournalEntryLineDetail
    entity = detail.Entity
    return LineDraft(
        side=_SIDES[detail.PostingType],
        amount=_minor(bytes(line.Amount), exponent),
        account=_by_id(detail.AccountRef.value),
        contact=None if entity is None else _by_id(entity.EntityRef.value),
        contact_kind=None if entity is None else _KINDS.get(entity.Type),
        description=line.Description,
    )


def _by_id(value: str) -> ById:
    number = ids.parse(value)
    if number is None:
        raise _Unusual
    return ById(number)


def _minor(literal: bytes, exponent: int) -> int:
    """Minor units of a number that has no more decimals than the currency."""
    match = _amount(literal)
    if match is None:
        raise _Unusual
    whole, decimals = match.groups(b"")
    if len(decimals) > exponent:
        raise _Unusual
    return int(whole + decimals.ljust(exponent, b"0"))
