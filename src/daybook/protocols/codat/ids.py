"""Ids as this wire writes them: UUIDs of its own records, numbers of the ledger's, prefixes."""

import re
from typing import Final

from daybook.domain.model import CLASS, DEPARTMENT

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_TRACKING: Final = re.compile(r"(CLASS|DEPARTMENT)_(0|[1-9][0-9]{0,18})", re.ASCII)

PARENTS: Final = {"CLASSES": CLASS, "DEPARTMENTS": DEPARTMENT}
"""The categories that all values of an axis are below."""


def uuid(text: str) -> str | None:
    """A UUID in its lower-case form, or None for a text that is none."""
    folded = text.lower()
    return folded if _UUID.fullmatch(folded) else None


def number(text: str) -> int | None:
    """The number of a ledger record, or None for a text that is none."""
    return int(text) if _NUMBER.fullmatch(text) else None


def tracking(text: str) -> tuple[str, int] | None:
    """Axis and number of a tracking category such as `DEPARTMENT_1`, or None."""
    found = _TRACKING.fullmatch(text)
    return None if found is None else (found[1], int(found[2]))


def tracking_id(axis: str, dimension_id: int) -> str | None:
    """The id of a dimension value as a tracking category; None on an axis that is none."""
    return f"{axis}_{dimension_id}" if axis in (CLASS, DEPARTMENT) else None
