"""The judgement: a command and its facts become changes, or refusals that say why not.

    decide(command, facts, now) -> Accepted(changes) | Unchanged(record) | Rejected(refusals)

A pure function: no clock, no store, no randomness. Whatever it answers can be repeated, replayed
and tested by properties. The rules for entries are in `entries`, those for what entries refer to
in `references`.
"""

from daybook.domain import entries, references
from daybook.domain.commands import (
    ChangeCompany,
    Command,
    CreateEntry,
    CreateReference,
    DeleteEntry,
    MoveEntry,
    PatchEntry,
    ReplaceEntry,
    ReplaceReference,
    SetExchangeRate,
)
from daybook.domain.decision import Accepted, Decision, Rejected, Unchanged
from daybook.domain.facts import Facts
from daybook.domain.ids import Timestamp
from daybook.domain.model import CompanyStatus
from daybook.domain.refusals import Refusal, RefusalCode

__all__ = ["Accepted", "Decision", "Rejected", "Unchanged", "decide"]


def decide(command: Command, facts: Facts, now: Timestamp) -> Decision:
    """Judge a command. `now` becomes the time of what changes; it never goes backwards."""
    if facts.company.status is not CompanyStatus.ACTIVE and not isinstance(command, ChangeCompany):
        message = "the company's books are not active"
        return Rejected((Refusal(RefusalCode.COMPANY_INACTIVE, message),))
    match command:
        case CreateEntry():
            return entries.create(command, facts, now)
        case ReplaceEntry() | PatchEntry():
            return entries.revise(command, facts, now)
        case DeleteEntry():
            return entries.delete(command, facts, now)
        case MoveEntry():
            return entries.move(command, facts, now)
        case CreateReference():
            return references.create(command, facts, now)
        case ReplaceReference():
            return references.revise(command, facts, now)
        case SetExchangeRate():
            return references.set_rate(command, facts, now)
        case ChangeCompany():
            return references.change_company(command, facts, now)
