"""The three answers of `decide`."""

from dataclasses import dataclass

from daybook.domain.events import Change
from daybook.domain.model import Record
from daybook.domain.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Accepted:
    """What changes, in order; the first change is of the record the command names."""

    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The command is fine, and the record already is as it asks."""

    record: Record


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why not, in order of precedence; never empty."""

    refusals: tuple[Refusal, ...]


Decision = Accepted | Unchanged | Rejected
