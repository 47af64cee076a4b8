"""How a program asks this interface for an entry."""

from daybook.app.ports import CompanyNames
from daybook.domain.model import JournalEntry
from daybook.protocols.kit.exhibits import Credential, Question


def question(names: CompanyNames, entry: JournalEntry) -> Question:
    """Read a journal entry by its id."""
    path = f"/v3/company/{names.realm}/journalentry/{entry.id}"
    return Question("GET", path, Credential.BEARER, "minorversion=75")
