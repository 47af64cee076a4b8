"""The three answers of `decide`."""

from daybook.domain.events import Change
from daybook.domain.model import Record
from daybook.domain.refusals import Refusal
from daybook.domain.values import value


@value
class Accepted:
    """What changes, in order; the first change is of the record the command names."""

    changes: tuple[Change, ...]


@value
class Unchanged:
    """The command is fine, and the record already is as it asks."""

    record: Record


@value
class Rejected:
    """Why not, in order of precedence; never empty."""

    refusals: tuple[Refusal, ...]


Decision = Accepted | Unchanged | Rejected
