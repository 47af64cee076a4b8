"""How a program asks this interface for an entry."""

from daybook.app.ports import CompanyNames
from daybook.domain.model import JournalEntry
from daybook.protocols.kit.exhibits import Credential, Question


def question(names: CompanyNames, entry: JournalEntry) -> Question:
    """Get a journal, as the application that made it: others are not told of it."""
    path, query = "/api/bk/v1/GetJournal", f"journal_id={entry.id}"
    return Question("GET", path, Credential.BEARER, query, of_origin=True)
