"""What a query or an order may name of each type of record.

A property has a type, which says what its comparisons mean, and for records that the store
searches a source: where it comes from there. Records of the wire's own (companies, refreshes) and
those that are put together in memory (accounts) have none and are searched as they are shown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as member
from enum import Enum
from typing import Final

from daybook.domain.model import Status
from daybook.domain.query import Compare, Field, Filter, Not, Op
from daybook.protocols.codat.errors import unresolved


class Type(Enum):
    """How a property compares."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOL = "bool"


@dataclass(frozen=True, slots=True)
class TextIn:
    """A text field of the store."""

    field: Field


@dataclass(frozen=True, slots=True)
class NumberIn:
    """An integer field of the store. `instead` are filters for values the store does not keep."""

    field: Field
    instead: Mapping[int, Filter] = member(default_factory=dict)


@dataclass(frozen=True, slots=True)
class IdIn:
    """The number of a record, shown as text."""


@dataclass(frozen=True, slots=True)
class DayIn:
    """A calendar date of the store, shown as its midnight."""

    field: Field


@dataclass(frozen=True, slots=True)
class LocalDayIn:
    """A moment of the store, shown as the midnight of its day in the company's zone."""

    field: Field


@dataclass(frozen=True, slots=True)
class MomentIn:
    """A moment of the store."""

    field: Field


@dataclass(frozen=True, slots=True)
class OneOfThese:
    """A property with few values, and which records show each of them."""

    values: Sequence[tuple[str, Filter]]


@dataclass(frozen=True, slots=True)
class Nowhere:
    """A property that no record has here."""


Source = TextIn | NumberIn | IdIn | DayIn | LocalDayIn | MomentIn | OneOfThese | Nowhere


@dataclass(frozen=True, slots=True)
class Property:
    """A property by its path. `sort` is the field that orders by it, None where none does."""

    path: str
    type: Type
    source: Source | None = None
    sort: Field | None = None


class Properties:
    """The properties of a type, found without regard to case."""

    def __init__(self, type_name: str, properties: Sequence[Property]) -> None:
        self.type_name = type_name
        self._by_path = {each.path.lower(): each for each in properties}

    def find(self, path: str) -> Property:
        """The property a path names. Raises `CodatError`."""
        found = self._by_path.get(path.lower())
        if found is None and path.lower().startswith(_SUPPLEMENTAL):
            found = self._by_path.get(_SUPPLEMENTAL)
        if found is None:
            raise unresolved(path, self.type_name)
        return found


_SUPPLEMENTAL: Final = "supplementaldata.content."
"""What a client has configured to be added; nothing is added here, so it is absent."""

DELETED: Final = Compare(Field.DELETED, Op.EQ, True)
POSTED: Final = Compare(Field.STATUS, Op.EQ, Status.POSTED.value)
"""The entries that this wire shows: an entry that waits for approval is not posted."""


def flag(path: str, holds: Filter, sort: Field | None = None) -> Property:
    """A boolean that is true for the records a filter finds."""
    return Property(path, Type.BOOL, OneOfThese((("true", holds), ("false", Not(holds)))), sort)
