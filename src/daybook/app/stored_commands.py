"""Commands as text that can be kept: canonical JSON, and back.

A value of one of our classes is an object with its class under `_` and the members that are not
at their default; dates, decimals, enumerations and sets are such objects with their text under
`=`. Integers are exact whatever their size; there are no other numbers. Equal commands have equal
text, so that digests of it tell whether two commands are the same.

    encode(DeleteEntry(EntryId(7), None)) == b'{"_":"DeleteEntry","entry_id":7,...}'
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, Final

from daybook.domain import commands, ids, model
from daybook.domain.commands import Command

_CLASS: Final = "_"
_VALUE: Final = "="

_RECORDS: Final[Mapping[str, type]] = {
    each.__name__: each
    for each in (
        commands.CreateEntry,
        commands.ReplaceEntry,
        commands.PatchEntry,
        commands.DeleteEntry,
        commands.MoveEntry,
        commands.CreateReference,
        commands.ReplaceReference,
        commands.SetExchangeRate,
        commands.ChangeCompany,
        commands.EntryContent,
        commands.LineDraft,
        commands.NoteDraft,
        commands.Guard,
        commands.AccountContent,
        commands.ContactContent,
        commands.DimensionContent,
        commands.ListItemContent,
        ids.ById,
        ids.ByName,
        ids.ByCode,
        model.TaxMark,
        model.BillMark,
        model.Company,
    )
}
_SCALARS: Final[Mapping[str, Callable[[Any], object]]] = {
    "date": date.fromisoformat,
    "Decimal": Decimal,
    "frozenset": lambda items: frozenset(map(_value, items)),
    **{
        each.__name__: each
        for each in (
            commands.Unset,
            commands.DocNumberPolicy,
            commands.NoChange,
            model.Side,
            model.Status,
            model.AccountKind,
            model.ContactKind,
            model.ListKind,
            model.CompanyStatus,
        )
    },
}
_MEMBERS: Final = {
    kind: tuple((member.name, member.default) for member in fields(kind))
    for kind in _RECORDS.values()
}


def encode(command: Command) -> bytes:
    """The canonical text of a command."""
    return json.dumps(_plain(command), sort_keys=True, separators=(",", ":")).encode()


def decode(text: bytes) -> Command:
    """The command of a text. Raises `ValueError` for what `encode` cannot have written."""
    try:
        command: Command = _value(json.loads(text))  # type: ignore[assignment]
    except (KeyError, TypeError, RecursionError, ArithmeticError) as error:
        raise ValueError("not a stored command") from error
    if not isinstance(command, Command):
        raise ValueError("not a stored command")
    return command


def _plain(value: object) -> object:
    """A value as what JSON knows."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    members = _MEMBERS.get(type(value))
    if members is not None:
        plain: dict[str, object] = {_CLASS: type(value).__name__}
        for name, default in members:
            member = getattr(value, name)
            if default is MISSING or (member is not default and member != default):
                plain[name] = _plain(member)
        return plain
    if isinstance(value, Enum):
        return {_CLASS: type(value).__name__, _VALUE: value.value}
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, date):
        return {_CLASS: "date", _VALUE: value.isoformat()}
    if isinstance(value, Decimal):
        return {_CLASS: "Decimal", _VALUE: str(value)}
    assert isinstance(value, frozenset), f"commands do not hold {type(value).__name__}"
    items = sorted((_plain(item) for item in value), key=json.dumps)
    return {_CLASS: "frozenset", _VALUE: items}


def _value(plain: Any) -> object:
    """The value that `_plain` wrote."""
    if isinstance(plain, list):
        return tuple(map(_value, plain))
    if not isinstance(plain, dict):
        return plain
    name = plain[_CLASS]
    scalar = _SCALARS.get(name)
    if scalar is not None:
        return scalar(plain[_VALUE])
    members = {member: _value(item) for member, item in plain.items() if member != _CLASS}
    return _RECORDS[name](**members)
