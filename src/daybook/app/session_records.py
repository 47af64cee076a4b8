"""What a store keeps of browser sessions, for whoever lists or ends them.

A session is a document under the SHA-256 of its secret. Its id is the beginning of that hash, which
tells nothing of the secret.
"""

from typing import Final

import msgspec

from daybook.app.documents import Document, DocumentChange
from daybook.app.ports import Directory, DocumentChanged
from daybook.app.sessions import IDLE_SECONDS
from daybook.domain.ids import Timestamp
from daybook.domain.values import value

WIRE: Final = "auth"
KIND: Final = "session"
"""Where sessions stand among the documents of a store."""

ID_LENGTH: Final = 16
"""Characters of a session's id: beyond mistaking one for another."""

_PAGE: Final = 100
_SECOND: Final = 1_000_000


class Kept(msgspec.Struct):
    """What is kept of a session: whose it is, and when it began, was last used, and ends."""

    user: str
    began: int
    seen: int
    ends: int

    def has_ended(self, now: Timestamp) -> bool:
        """Whether it counts no more."""
        return now >= self.ends or now - self.seen >= IDLE_SECONDS * _SECOND


@value
class SessionRecord:
    """A session for people to look at."""

    id: str
    user: str
    began_at: Timestamp
    seen_at: Timestamp
    ends_at: Timestamp


def read(document: Document) -> Kept:
    """The session that a document keeps."""
    return msgspec.json.decode(document.body, type=Kept)


def documents(directory: Directory) -> list[Document]:
    """The documents of all sessions, ended ones included."""
    found: list[Document] = []
    after = ""
    while page := directory.documents(WIRE, KIND, after, _PAGE):
        found += page
        after = page[-1].key
    return found


def sessions(directory: Directory, now: Timestamp) -> list[SessionRecord]:
    """The sessions that have not ended, by person and time."""
    living = [(each.key, read(each)) for each in documents(directory)]
    found = [
        SessionRecord(
            key[:ID_LENGTH],
            kept.user,
            Timestamp(kept.began),
            Timestamp(kept.seen),
            Timestamp(kept.ends),
        )
        for key, kept in living
        if not kept.has_ended(now)
    ]
    return sorted(found, key=lambda each: (each.user, each.began_at, each.id))


def end(directory: Directory, session_id: str) -> str | None:
    """End a session; answers with whose it was, None if there is no such session."""
    if len(session_id) != ID_LENGTH:
        return None
    for document in directory.documents(WIRE, KIND, limit=1, prefix=session_id):
        user = read(document).user
        return user if remove(directory, document) else None
    return None


def end_of(directory: Directory, user: str) -> int:
    """End all sessions of a person; answers how many."""
    found = [document for document in documents(directory) if read(document).user == user]
    return sum(remove(directory, document) for document in found)


def remove(directory: Directory, document: Document) -> bool:
    """Remove a session, in whatever version it has come to; whether it was there."""
    found: Document | None = document
    while found is not None:
        change = DocumentChange(WIRE, KIND, found.key, None, found.version)
        try:
            directory.change_documents([change])
        except DocumentChanged:
            found = directory.document(WIRE, KIND, found.key)
        else:
            return True
    return False
