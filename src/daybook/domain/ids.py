"""Identifiers and references.

An id is a plain integer whose type says what it numbers. A reference is what a caller brings:
an id, a name or a code. References are resolved inside the write transaction, never before it,
so that a rename in between cannot misdirect a posting.
"""

from typing import NewType

from daybook.domain.values import value

CompanyId = NewType("CompanyId", int)
EntryId = NewType("EntryId", int)
"""Number of a journal entry within its company. Starts above 0 and is never used twice."""
LineId = NewType("LineId", int)
"""Number of a line within its entry, from 0. A counter that only grows: not a position."""
AccountId = NewType("AccountId", int)
ContactId = NewType("ContactId", int)
"""Number of a customer, vendor, employee or other contact; the kinds share one sequence."""
DimensionId = NewType("DimensionId", int)
"""Number of a dimension value within its axis."""

Timestamp = NewType("Timestamp", int)
"""Microseconds since 1970-01-01T00:00Z."""


@value
class ById:
    """A record by its number."""

    id: int


@value
class ByName:
    """A record by its full name (`Parent:Child`) or, failing that, its own name."""

    name: str


@value
class ByCode:
    """An account by its code."""

    code: str


Ref = ById | ByName | ByCode
