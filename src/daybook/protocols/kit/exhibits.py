"""How one entry looks over the interfaces: what a program sends, and what it gets.

A wire that can show an entry has a module `exhibit` with a function

    question(names: CompanyNames, entry: JournalEntry) -> Question

and a listener a method `exhibit(books, entry) -> Awaitable[Exhibit]`. The server asks the wires as
a program would, in process, and hands what came of it to whoever shows it to people.
"""

from collections.abc import Awaitable, Sequence
from enum import StrEnum
from typing import Protocol

from daybook.app.ledger import Books
from daybook.domain.model import JournalEntry
from daybook.domain.values import value


class Credential(StrEnum):
    """How a program proves who it is."""

    BEARER = "bearer"
    """A token in a Bearer header."""
    BASIC = "basic"
    """A key as the name of Basic authentication, without a password."""


@value
class Question:
    """A request that asks for an entry, its credential left out.

    `path` and `query` are as sent, percent-encoded. `of_origin` says that only the application
    that made the entry is told of it.
    """

    method: str
    path: str
    credential: Credential
    query: str = ""
    body: str = ""
    of_origin: bool = False


@value
class Exhibit:
    """What a program sends and gets over one interface, as texts to be copied."""

    wire: str
    request: str
    answer: str


class Exhibits(Protocol):
    """Shows entries over all interfaces there are."""

    def show(self, books: Books, entry: JournalEntry, origin: str) -> Awaitable[Sequence[Exhibit]]:
        """The entry over each interface. `origin` begins the addresses in requests.

        Called on the event loop. Tells of nothing that the books' caller may not read.
        """


class NoExhibits:
    """`Exhibits` without an interface."""

    async def show(self, books: Books, entry: JournalEntry, origin: str) -> Sequence[Exhibit]:
        """None."""
        return ()
