"""What `decide` has to know: everything a command depends on, read beforehand.

Facts are read inside the same transaction that will keep the decision, under the company's lock,
so they cannot have changed in between.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field
from decimal import Decimal

from daybook.domain.commands import EntryContent
from daybook.domain.events import Actor
from daybook.domain.ids import EntryId, Ref
from daybook.domain.model import Company, JournalEntry, Reference
from daybook.domain.values import value


@value
class Facts:
    """The state a command is judged by.

    `found` maps entity and reference to the records it may mean, two at most. `content` is the
    whole content an entry command results in (a patch laid over the entry). `current` is the
    reference record a command names; `ancestors` are the ids above the parent it asks for, the
    parent included; `descendants` the records below it, nearest first. `same_name` and
    `same_code` are active records other than `current` that have the asked name or code.
    `below_same_name` are active records elsewhere that have a name which a record below the one
    that is renamed or moved would get.
    `authors` made or changed the entry; read only where a second person is asked for.
    """

    company: Company
    actor: Actor
    next_id: int = 0
    entry: JournalEntry | None = None
    content: EntryContent | None = None
    found: Mapping[tuple[str, Ref], Sequence[Reference]] = field(default_factory=dict)
    rate: Decimal | None = None
    doc_number_holder: EntryId | None = None
    highest_doc_number: int = 0
    current: Reference | None = None
    ancestors: Sequence[int] = ()
    descendants: Sequence[Reference] = ()
    same_name: Sequence[Reference] = ()
    below_same_name: Sequence[Reference] = ()
    same_code: Sequence[Reference] = ()
    posted_to: bool = False
    authors: Sequence[Actor] = ()
