"""How a program asks this interface for an entry."""

from daybook.app.ports import CompanyNames
from daybook.domain.model import JournalEntry
from daybook.protocols.kit.exhibits import Credential, Question


def question(names: CompanyNames, entry: JournalEntry) -> Question:
    """Find a journal entry by its id among those that are not deleted."""
    path = f"/companies/{names.codat_id}/data/journalEntries"
    query = f"query=id%3D{entry.id}%26%26metadata.isDeleted!%3Dtrue"
    return Question("GET", path, Credential.BASIC, query)
