"""The members of the entities, and how a request's values become ours.

A `Shape` is a table: member name to a `Reader`, a function that checks one value. `read` walks
over a body once and gives back the members worth having, under their names:

- a member that the shape does not have, or a value of the wrong JSON kind, ends the request
  (fault 2010, as the original's deserialiser does);
- a value of the right kind that cannot be taken becomes a finding; findings are collected, so
  that callers see all of them at once;
- `null` and `""` mean "absent" and come back as None, so that an update can tell a member that
  was sent empty from one that was not sent at all.

    >>> findings = Findings()
    >>> read(Shape("Term", {"Name": text(31), "Active": boolean}), {"Name": "Net 30"}, findings)
    {'Name': 'Net 30'}
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from daybook.protocols.qbo import errors, ids
from daybook.protocols.qbo.errors import Error, QboFault, Stage
from daybook.protocols.qbo.limits import (
    AMOUNT_DECIMALS_MAX,
    AMOUNT_WHOLE_DIGITS_MAX,
    ERRORS_MAX,
)

Members = dict[str, Any]
"""What `read` gives back: member names to texts, numbers, booleans, dates, dicts, lists."""


class Findings:
    """What is wrong with the values of a request, in the order found.

    `where` stands before the names of members in plain texts, such as `Line[3].`.
    """

    __slots__ = ("_judged", "errors", "later", "where")

    def __init__(self) -> None:
        self.errors: list[Error] = []
        self._judged: set[str] = set()
        """Paths of the values that something is wrong with."""
        self.later: list[tuple[Stage, Error]] = []
        self.where = ""

    @property
    def full(self) -> bool:
        """Whether further errors would not be listed, so that none need be looked for."""
        return len(self.errors) >= ERRORS_MAX

    def add(self, error: Error) -> None:
        """Note an error of the value stage."""
        if not self.full:
            self.errors.append(error)
            self._judged.add(error.plain.partition(": ")[0])

    def add_later(self, stage: Stage, error: Error) -> None:
        """Note an error that counts only if no earlier stage finds anything."""
        if len(self.later) < ERRORS_MAX:
            self.later.append((stage, error))

    def invalid(self, code: str, name: str, value: object, why: str) -> None:
        """Note a value that a member cannot have."""
        self.add(errors.invalid(code, name, value, why, self.where + name))

    def require(self, name: str) -> None:
        """Note a member that is missing, unless something is wrong with what was sent as it."""
        path = self.where + name
        if path not in self._judged:
            self.add(errors.required(name, path))

    def conclude(self) -> None:
        """Raise the fault for what was noted, if anything was."""
        if self.errors:
            raise QboFault(self.errors)


Reader = Callable[[Any, str, Findings], Any]
"""Checks the value of a member; the name and the findings are for what is wrong with it."""


class _Ignored:
    """The type of `IGNORED`."""


IGNORED: Final = _Ignored()
"""What a reader gives for a value that is accepted and not kept."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The members of an entity or of an object inside one. `name` is the original's class."""

    name: str
    members: Mapping[str, Reader]


def read(shape: Shape, body: object, findings: Findings) -> Members:
    """The members of an object, checked. Raises `QboFault` for what ends the request."""
    if not isinstance(body, dict):
        where = findings.where.removesuffix(".")
        raise errors.unreadable(f"{where or shape.name} is not an object")
    members = shape.members
    cleaned: Members = {}
    for name, value in body.items():
        reader = members.get(name)
        if reader is None:
            raise errors.unknown_member(shape.name, name, members)
        if value is None or value == "":
            cleaned[name] = None
            continue
        value = reader(value, name, findings)
        if value is not IGNORED:
            cleaned[name] = value
    return cleaned


def wrong_kind(name: str, expected: str, findings: Findings) -> QboFault:
    """The fault for a value of the wrong JSON kind."""
    return errors.unreadable(f"{findings.where}{name} is not {expected}")


def scalar(value: Any, name: str, findings: Findings) -> str:
    """A text; numbers and booleans are taken as what was written."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        raise wrong_kind(name, "a text", findings)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def text(length_max: int, forbidden: str = "") -> Reader:
    """A text of at most `length_max` characters, none of them in `forbidden`."""

    def reader(value: Any, name: str, findings: Findings) -> str:
        if not isinstance(value, str):
            value = scalar(value, name, findings)
        if len(value) > length_max:
            path = findings.where + name
            findings.add(errors.too_long(name, len(value), length_max, path))
        for character in forbidden:
            if character in value:
                findings.invalid("2040", name, value, f"contains {character!r}")
                break
        result: str = value
        return result

    return reader


def choice(*choices: str) -> Reader:
    """One of some words, case apart; comes back as it is written here."""
    by_folded = {each.lower(): each for each in choices}

    def reader(value: Any, name: str, findings: Findings) -> str | None:
        word = by_folded.get(scalar(value, name, findings).lower())
        if word is None:
            findings.invalid("2170", name, value, f"is none of {', '.join(choices)}")
        return word

    return reader


def boolean(value: Any, name: str, findings: Findings) -> bool | None:
    """True or false, also as text."""
    if isinstance(value, bool):
        return value
    word = scalar(value, name, findings).lower()
    if word in ("true", "false"):
        return word == "true"
    findings.invalid("2230", name, value, "is neither true nor false")
    return None


_NUMBER: Final = re.compile(r"-?[0-9]{1,40}(?:\.[0-9]{1,40})?", re.ASCII).fullmatch


def number(value: Any, name: str, findings: Findings) -> Decimal | int | None:
    """A number, also as text, with the digits that were written."""
    if isinstance(value, bool | dict | list):
        raise wrong_kind(name, "a number", findings)
    if not isinstance(value, str):
        result: Decimal | int = value
        return result
    if _NUMBER(value) is None:
        findings.invalid("2080", name, value, "is not a plain decimal number")
        return None
    return Decimal(value)


_WHOLE_END: Final = 10**AMOUNT_WHOLE_DIGITS_MAX


def amount(value: Any, name: str, findings: Findings) -> Decimal | int | None:
    """An amount: a number within the digits the original's amounts have."""
    if type(value) is int:
        if -_WHOLE_END < value < _WHOLE_END:
            return value
        findings.invalid("2140", name, value, _WHOLE_DIGITS)
        return None
    checked = number(value, name, findings)
    if checked is None:
        return None
    if not -_WHOLE_END < checked < _WHOLE_END:
        findings.invalid("2140", name, value, _WHOLE_DIGITS)
        return None
    if isinstance(checked, Decimal):
        power = checked.as_tuple().exponent
        assert isinstance(power, int)
        if -power > AMOUNT_DECIMALS_MAX:
            shortened = checked.normalize().as_tuple().exponent
            assert isinstance(shortened, int)
            if -shortened > AMOUNT_DECIMALS_MAX:
                why = f"has more than {AMOUNT_DECIMALS_MAX} decimals"
                findings.invalid("2110", name, value, why)
                return None
    return checked


_WHOLE_DIGITS: Final = f"has more than {AMOUNT_WHOLE_DIGITS_MAX} digits before the point"
_DATE: Final = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[Tt ][0-9:.]{2,20})?(?:Z|[+-][0-9]{2}:?[0-9]{2})?", re.ASCII
).fullmatch


def day(value: Any, name: str, findings: Findings) -> date | None:
    """A calendar date; a time or an offset after it is cut off, as the original does."""
    written = scalar(value, name, findings)
    match = _DATE(written)
    if match is None:
        findings.invalid("2060", name, value, "is not a date such as 2026-02-03")
        return None
    try:
        return date.fromisoformat(match[1])
    except ValueError:
        findings.invalid("2070", name, value, "is not a day of the calendar")
        return None


def reference(value: Any, name: str, findings: Findings) -> str | None:
    """The id in an object `{"value": …, "name": …}`, or None for one without an id."""
    if not isinstance(value, dict):
        raise wrong_kind(name, 'an object such as {"value": "1"}', findings)
    for key in value:
        if key not in _REFERENCE_MEMBERS:
            raise errors.unknown_member("ReferenceType", key, _REFERENCE_MEMBERS)
    target = value.get("value")
    if target is None or target == "":
        return None
    return target if isinstance(target, str) else scalar(target, name, findings)


def bounded_reference(length_max: int) -> Reader:
    """Like `reference`, for an id that is kept as text, of at most `length_max` characters."""

    def reader(value: Any, name: str, findings: Findings) -> str | None:
        target = reference(value, name, findings)
        if target is not None and len(target) > length_max:
            path = findings.where + name
            findings.add(errors.too_long(name, len(target), length_max, path))
        return target

    return reader


_REFERENCE_MEMBERS: Final = frozenset({"value", "name", "type"})


def record_id(value: Any, name: str, findings: Findings) -> int | None:
    """The number of a record."""
    found = ids.parse(value if isinstance(value, int) else scalar(value, name, findings))
    if found is None:
        findings.invalid("2030", name, value, "is not a number of a record")
    return found


def inside(shape: Shape) -> Reader:
    """An object with members of its own."""

    def reader(value: Any, name: str, findings: Findings) -> Members | None:
        if not isinstance(value, dict):
            raise wrong_kind(name, "an object", findings)
        before = findings.where
        findings.where = f"{before}{name}."
        members = read(shape, value, findings)
        findings.where = before
        return {key: each for key, each in members.items() if each is not None} or None

    return reader


def listing(shape: Shape, length_max: int) -> Reader:
    """An array of objects with members of their own."""
    item = inside(shape)

    def reader(value: Any, name: str, findings: Findings) -> list[Members]:
        if not isinstance(value, list):
            raise wrong_kind(name, "an array", findings)
        if len(value) > length_max:
            findings.add(errors.too_long(name, len(value), length_max, findings.where + name))
            return []
        return [item(each, f"{name}[{at}]", findings) or {} for at, each in enumerate(value)]

    return reader


def as_sent(value: Any, name: str, findings: Findings) -> Any:
    """An object that is looked at later."""
    if not isinstance(value, dict):
        raise wrong_kind(name, "an object", findings)
    return value


def echoed(shape: Shape) -> Reader:
    """An object that is checked like `inside`, kept as it was sent, and shown again.

    Members that were sent empty are left out; None where nothing is left.
    """
    check = inside(shape)

    def reader(value: Any, name: str, findings: Findings) -> Any:
        check(value, name, findings)
        return _pruned(value) or None

    return reader


def _pruned(value: Any) -> Any:
    """A value without the members that stand for nothing."""
    if isinstance(value, dict):
        pruned = {key: _pruned(each) for key, each in value.items()}
        return {key: each for key, each in pruned.items() if each not in (None, "", {}, [])}
    if isinstance(value, list):
        return [_pruned(each) for each in value]
    return value


def ignored(value: Any, name: str, findings: Findings) -> _Ignored:
    """A scalar that is accepted and not kept."""
    if isinstance(value, dict | list):
        raise wrong_kind(name, "a plain value", findings)
    return IGNORED


def ignored_object(value: Any, name: str, findings: Findings) -> _Ignored:
    """An object that is accepted and not kept."""
    if not isinstance(value, dict):
        raise wrong_kind(name, "an object", findings)
    return IGNORED


def ignored_array(value: Any, name: str, findings: Findings) -> _Ignored:
    """An array that is accepted and not kept."""
    if not isinstance(value, list):
        raise wrong_kind(name, "an array", findings)
    return IGNORED


COMMON: Final[Mapping[str, Reader]] = {
    "Id": scalar,
    "SyncToken": scalar,
    "sparse": boolean,
    "MetaData": ignored_object,
    "CustomField": ignored_array,
    "AttachableRef": ignored_array,
    "domain": ignored,
    "status": ignored,
    "time": ignored,
    "startPosition": ignored,
    "maxResults": ignored,
    "bId": ignored,
}
"""Members that every entity has."""
