"""Browser sessions over the documents of a store.

A session is a document under the SHA-256 of its secret: whose it is and three times. The secret
has 256 random bits, so a plain hash is enough. The token against forged requests is made from the
secret, not kept. That a session is in use is written down once in `TOUCH_SECONDS`, so that
reading a page seldom writes.
"""

import hmac
import secrets
from typing import Final

import msgspec

from daybook.app.access import SignIn
from daybook.app.credentials import TOKEN_BYTES, digest
from daybook.app.documents import Document, DocumentChange
from daybook.app.ports import Clock, Directory, DocumentChanged
from daybook.app.sessions import (
    IDLE_SECONDS,
    SESSION_SECONDS,
    WEB,
    Denial,
    Entered,
    NotEntered,
    Session,
)
from daybook.auth.guesses import Guesses
from daybook.auth.people import People, Person
from daybook.domain.ids import Timestamp

WIRE: Final = "auth"
KIND: Final = "session"
"""Where sessions stand among the documents of a store."""

TOUCH_SECONDS: Final = 60
"""Seconds that may pass before it is written down that a session is in use."""

SESSIONS_MAX: Final = 20_000
"""Sessions at a time; beyond it those that have ended are removed, then the first to end."""

PRUNE_SECONDS: Final = 3_600
"""Seconds between two times that ended sessions are removed."""

SECRET_LENGTH_MAX: Final = 100
"""Characters of a secret that are looked at: twice what one has."""

_PAGE: Final = 100
_SECOND: Final = 1_000_000
_PREFIX: Final = "dbw_"


class _Kept(msgspec.Struct):
    """What is kept of a session."""

    user: str
    began: int
    seen: int
    ends: int


class StoreSessions:
    """The `Sessions` of a store."""

    def __init__(self, directory: Directory, clock: Clock, people: People, sign_in: SignIn) -> None:
        """`sign_in` believes people, `people` says what they may do."""
        self._directory = directory
        self._clock = clock
        self._people = people
        self._believe = sign_in.person
        self._guesses = Guesses(clock)
        self._pruned_at = clock()

    def sign_in(self, name: str, password: str, peer: str) -> Entered | NotEntered:
        """Begin a session, or say why not. See `Sessions`."""
        wait = self._guesses.begin(name, peer)
        if wait:
            return NotEntered(Denial.THROTTLED, wait)
        believed = self._believe(name, password)
        person = None if believed is None else self._people.find(name)
        if person is None:
            return NotEntered(Denial.WRONG)
        self._guesses.succeed(name, peer)
        now = self._clock()
        if now - self._pruned_at >= PRUNE_SECONDS * _SECOND:
            self._prune(now)
        if self._directory.count_documents(WIRE, KIND) >= SESSIONS_MAX:
            self._prune(now, spare=1)
        secret = _PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
        kept = _Kept(name, now, now, now + SESSION_SECONDS * _SECOND)
        self._directory.put_document(_document(_key(secret), kept), 0)
        return Entered(secret, _session(secret, kept, person))

    def find(self, secret: str) -> Session | None:
        """The session of a secret, or None. See `Sessions`."""
        if not secret.isascii() or len(secret) > SECRET_LENGTH_MAX:
            return None
        document = self._directory.document(WIRE, KIND, _key(secret))
        if document is None:
            return None
        kept, now = _read(document), self._clock()
        person = self._people.find(kept.user)
        if _has_ended(kept, now) or person is None or person.since > kept.began:
            self._remove(document)
            return None
        if now - kept.seen >= TOUCH_SECONDS * _SECOND:
            kept.seen = now
            try:
                self._directory.put_document(_document(document.key, kept), document.version)
            except DocumentChanged:
                return self.find(secret)  # another request was first, or the session was ended
        return _session(secret, kept, person)

    def sign_out(self, secret: str) -> bool:
        """End a session; whether there was one."""
        if not secret.isascii() or len(secret) > SECRET_LENGTH_MAX:
            return False
        document = self._directory.document(WIRE, KIND, _key(secret))
        return document is not None and self._remove(document)

    def sign_out_everywhere(self, user: str) -> int:
        """End all sessions of a person; answers how many."""
        found = [document for document in self._all() if _read(document).user == user]
        return sum(map(self._remove, found))

    def _all(self) -> list[Document]:
        found: list[Document] = []
        after = ""
        while page := self._directory.documents(WIRE, KIND, after, _PAGE):
            found += page
            after = page[-1].key
        return found

    def _prune(self, now: Timestamp, spare: int = 0) -> None:
        """Remove what has ended, and if there is no room then, as many as make it."""
        self._pruned_at = now
        living = []
        for document in self._all():
            if _has_ended(_read(document), now):
                self._remove(document)
            else:
                living.append(document)
        excess = len(living) + spare - SESSIONS_MAX
        for document in sorted(living, key=lambda each: _read(each).seen)[: max(excess, 0)]:
            self._remove(document)

    def _remove(self, document: Document) -> bool:
        """Remove a session, in whatever version it has come to; whether it was there."""
        found: Document | None = document
        while found is not None:
            change = DocumentChange(WIRE, KIND, found.key, None, found.version)
            try:
                self._directory.change_documents([change])
            except DocumentChanged:
                found = self._directory.document(WIRE, KIND, found.key)
            else:
                return True
        return False


def _key(secret: str) -> str:
    return digest(secret).hex()


def _document(key: str, kept: _Kept) -> Document:
    return Document(WIRE, KIND, key, msgspec.json.encode(kept))


def _read(document: Document) -> _Kept:
    return msgspec.json.decode(document.body, type=_Kept)


def _has_ended(kept: _Kept, now: Timestamp) -> bool:
    return now >= kept.ends or now - kept.seen >= IDLE_SECONDS * _SECOND


def _session(secret: str, kept: _Kept, person: Person) -> Session:
    principal = person.principal
    return Session(
        kept.user,
        hmac.new(secret.encode(), b"forms", "sha256").hexdigest(),
        Timestamp(kept.began),
        Timestamp(kept.ends),
        principal.through(WEB),
        person.profile,
    )
