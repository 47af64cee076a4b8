"""Bodies of events: records as canonical JSON, and back.

Canonical means: keys sorted, no white space, members at their default left out, nothing but
objects, arrays, strings, integers and booleans, UTF-8. A record has exactly one body, so bodies
can be hashed and compared.
"""

from collections.abc import Callable
from dataclasses import MISSING, fields
from datetime import date
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final

import msgspec

from daybook.domain.events import ACCOUNT, COMPANY, CONTACT, ENTRY, RATE
from daybook.domain.model import (
    Account,
    BillMark,
    Company,
    Contact,
    Dimension,
    ExchangeRate,
    JournalEntry,
    Line,
    ListItem,
    Note,
    Origin,
    Record,
    Status,
    TaxMark,
)

_MEMBERS: Final[dict[type, tuple[tuple[str, Any], ...]]] = {
    kind: tuple(
        sorted(((member.name, member.default) for member in fields(kind)), key=itemgetter(0))
    )
    for kind in (
        JournalEntry,
        Line,
        Note,
        Origin,
        TaxMark,
        BillMark,
        Account,
        Contact,
        Dimension,
        ListItem,
        ExchangeRate,
        Company,
    )
}


def _plain(value: object) -> object:
    """A record as what JSON knows, members sorted, those at their default left out."""
    members = _MEMBERS.get(type(value))
    if members is not None:
        plain = {}
        for name, default in members:
            member = getattr(value, name)
            if member is not default and (default is MISSING or member != default):
                plain[name] = _plain(member)
        return plain
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value


def _plain_entry(entry: JournalEntry) -> dict[str, object]:
    """The same as `_plain`, written out for the record that is written most."""
    plain: dict[str, object] = {}
    if entry.adjustment:
        plain["adjustment"] = True
    if entry.annex:
        plain["annex"] = entry.annex
    plain["created_at"] = entry.created_at
    plain["currency"] = entry.currency
    if entry.deleted_at is not None:
        plain["deleted_at"] = entry.deleted_at
    if entry.doc_number is not None:
        plain["doc_number"] = entry.doc_number
    plain["id"] = entry.id
    plain["lines"] = [_plain_line(line) for line in entry.lines]
    if entry.memo is not None:
        plain["memo"] = entry.memo
    plain["modified_at"] = entry.modified_at
    if entry.next_line_id:
        plain["next_line_id"] = entry.next_line_id
    if entry.notes:
        plain["notes"] = _plain(entry.notes)
    plain["origin"] = {"client": entry.origin.client, "protocol": entry.origin.protocol}
    plain["posting_date"] = entry.posting_date.isoformat()
    if entry.rate is not None:
        plain["rate"] = format(entry.rate, "f")
    if entry.status is not Status.POSTED:
        plain["status"] = entry.status
    if entry.version:
        plain["version"] = entry.version
    return plain


def _plain_line(line: Line) -> dict[str, object]:
    plain: dict[str, object] = {"account_id": line.account_id, "amount": line.amount}
    if line.annex:
        plain["annex"] = line.annex
    if line.billing is not None:
        plain["billing"] = _plain(line.billing)
    if line.contact_id is not None:
        plain["contact_id"] = line.contact_id
    if line.description is not None:
        plain["description"] = line.description
    if line.dimensions:
        plain["dimensions"] = line.dimensions
    plain["home_amount"] = line.home_amount
    plain["id"] = line.id
    plain["side"] = line.side
    if line.tax is not None:
        plain["tax"] = _plain(line.tax)
    return plain


_encode: Final = msgspec.json.Encoder().encode


def _struct_of(kind: type, **others: Any) -> type[msgspec.Struct]:
    """A structure with the members of a record, in their order; `others` have another type there.

    msgspec fills one several times as fast as it fills a dataclass.
    """
    members: list[Any] = []
    for member in fields(kind):
        typed = others.get(member.name, member.type)
        default = () if member.default is MISSING else (member.default,)
        members.append((member.name, typed, *default))
    return msgspec.defstruct(kind.__name__, members, gc=False)


_LineStruct: Final = _struct_of(Line)
_EntryStruct: Final = _struct_of(JournalEntry, lines=tuple[_LineStruct, ...])  # type: ignore[valid-type]
_decode_struct: Final[Callable[[bytes], Any]] = msgspec.json.Decoder(_EntryStruct).decode
_members_of: Final = msgspec.structs.astuple


def decode_entry(body: bytes) -> JournalEntry:
    """A journal entry from its body: the record that is read most, a page of a thousand at a time.

    Raises as `decode` does.
    """
    struct = _decode_struct(body)
    struct.lines = tuple([Line(*_members_of(line)) for line in struct.lines])
    return JournalEntry(*_members_of(struct))


_DECODERS: Final[dict[str, Callable[[bytes], Record]]] = {
    ENTRY: decode_entry,
    ACCOUNT: msgspec.json.Decoder(Account).decode,
    CONTACT: msgspec.json.Decoder(Contact).decode,
    RATE: msgspec.json.Decoder(ExchangeRate).decode,
    COMPANY: msgspec.json.Decoder(Company).decode,
    "dimension": msgspec.json.Decoder(Dimension).decode,
    "list": msgspec.json.Decoder(ListItem).decode,
}


def encode(record: Record) -> bytes:
    """The canonical body of a record."""
    return _encode(_plain_entry(record) if isinstance(record, JournalEntry) else _plain(record))


def encode_plainly(record: Record) -> bytes:
    """The same as `encode`, by the general way alone: what `encode` is tested against."""
    return _encode(_plain(record))


def decode(entity: str, body: bytes) -> Record:
    """The record an event of `entity` holds. Raises `msgspec.MsgspecError` or UnicodeError
    on other bytes.
    """
    return _DECODERS[entity.partition(":")[0]](body)
