"""How a program asks this interface for an entry."""

from typing import Final

from daybook.app.ports import CompanyNames
from daybook.domain.model import JournalEntry
from daybook.protocols.kit import json
from daybook.protocols.kit.exhibits import Credential, Question

_QUERY: Final = (
    "query ($id: String) { company { journalEntries(filter: {id: {equals: $id}}) { nodes {"
    " id entryLines { entryLineType amount account { name } } } } } }"
)


def question(names: CompanyNames, entry: JournalEntry) -> Question:
    """A query for one entry."""
    body = json.encode({"query": _QUERY, "variables": {"id": str(entry.id)}}).decode()
    return Question("POST", "/2020-04/graphql", Credential.BEARER, body=body)
