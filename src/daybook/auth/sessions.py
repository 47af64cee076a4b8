"""Browser sessions over the documents of a store.

A session is a document under the SHA-256 of its secret: whose it is and three times. The secret
has 256 random bits, so a plain hash is enough. The token against forged requests is made from the
secret, not kept. That a session is in use is written down once in `TOUCH_SECONDS`, so that
reading a page seldom writes; where the store takes no writes, sessions there are go on without.
"""

import hmac
import logging
import secrets
from typing import Final

import msgspec

from daybook.app import session_records
from daybook.app.access import SignIn
from daybook.app.credentials import TOKEN_BYTES, digest
from daybook.app.documents import Document
from daybook.app.ports import Clock, Directory, DocumentChanged, StoreFailure
from daybook.app.session_records import KIND, WIRE, Kept, read
from daybook.app.sessions import (
    SESSION_SECONDS,
    WEB,
    Denial,
    Entered,
    NotEntered,
    Session,
)
from daybook.app.trail import By, Happening, Trail, What
from daybook.auth.guesses import Guesses
from daybook.auth.people import NAME_LENGTH_MAX, People, Person
from daybook.auth.places import Places
from daybook.auth.sign_ins import SignIns
from daybook.domain.ids import Timestamp
from daybook.protocols.kit.plugin import Peers

TOUCH_SECONDS: Final = 60
"""Seconds that may pass before it is written down that a session is in use."""

SESSIONS_MAX: Final = 20_000
"""Sessions at a time; beyond it those that have ended are removed, then the first to end."""

PRUNE_SECONDS: Final = 3_600
"""Seconds between two times that ended sessions are removed."""

SECRET_LENGTH_MAX: Final = 100
"""Characters of a secret that are looked at: twice what one has."""

DOOR: Final = "pages"
"""What the processes of a server call the bounds on guessing here among one another."""

_SECOND: Final = 1_000_000
_log: Final = logging.getLogger(__name__)
_PREFIX: Final = "dbw_"


class StoreSessions:
    """The `Sessions` of a store."""

    def __init__(
        self,
        directory: Directory,
        clock: Clock,
        people: People,
        sign_in: SignIn,
        trail: Trail | None = None,
        peers: Peers | None = None,
    ) -> None:
        """`sign_in` believes people, `people` says what they may do; the trail tells of them.

        `peers` are the other processes of the server, which count failures together.
        """
        self._trail = trail or Trail(directory, clock)
        self._sign_ins = SignIns(self._trail, clock)
        self._directory = directory
        self._clock = clock
        self._people = people
        self._believe = sign_in.person
        self._places = Places(directory, clock)
        self._guesses = Guesses(clock, self._places.knows, peers, DOOR, people.has)
        self._pruned_at = clock()

    def sign_in(self, name: str, password: str, peer: str) -> Entered | NotEntered:
        """Begin a session, or say why not. See `Sessions`."""
        # a longer name is nobody's: it is refused like any other, and counts for the address alone
        counted = name if len(name) <= NAME_LENGTH_MAX else ""
        wait = self._guesses.begin(counted, peer)
        if wait:
            return NotEntered(Denial.THROTTLED, wait)
        now = self._clock()  # before: a password that is changed meanwhile ends this session
        believed = self._believe(name, password)
        person = None if believed is None else self._people.find(name)
        if person is None:
            # a name that is nobody's may be a password in the wrong field
            known = name if self._people.find(name) is not None else None
            self._sign_ins.failed(known, By(WEB, None, peer))
            return NotEntered(Denial.WRONG)
        self._guesses.succeed(name, peer)
        self._places.note(name, peer)
        if now - self._pruned_at >= PRUNE_SECONDS * _SECOND:
            self._prune(now)
        if self._directory.count_documents(WIRE, KIND) >= SESSIONS_MAX:
            self._prune(now, spare=1)
        secret = _PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
        kept = Kept(name, now, now, now + SESSION_SECONDS * _SECOND)
        self._directory.put_document(_document(_key(secret), kept), 0)
        self._sign_ins.began(name, By(WEB, name, peer))
        return Entered(secret, _session(secret, kept, person))

    def find(self, secret: str) -> Session | None:
        """The session of a secret, or None. See `Sessions`."""
        if not secret.isascii() or len(secret) > SECRET_LENGTH_MAX:
            return None
        document = self._directory.document(WIRE, KIND, _key(secret))
        if document is None:
            return None
        kept, now = read(document), self._clock()
        person = self._people.find(kept.user)
        if kept.has_ended(now) or person is None or person.since > kept.began:
            self._remove_ended(document)
            return None
        if now - kept.seen >= TOUCH_SECONDS * _SECOND:
            kept.seen = now
            try:
                self._directory.put_document(_document(document.key, kept), document.version)
            except DocumentChanged:
                return self.find(secret)  # another request was first, or the session was ended
            except StoreFailure as failure:
                _log.warning("a session of %r goes on, unrecorded: %s", kept.user, failure)
        return _session(secret, kept, person)

    def sign_out(self, secret: str, peer: str = "") -> bool:
        """End a session, asked for by an address; whether there was one."""
        if not secret.isascii() or len(secret) > SECRET_LENGTH_MAX:
            return False
        document = self._directory.document(WIRE, KIND, _key(secret))
        if document is None or not session_records.remove(self._directory, document):
            return False
        user = read(document).user
        self._trail.note(Happening(What.SIGNED_OUT, user, By(WEB, user, peer)))
        return True

    def sign_out_everywhere(self, user: str) -> int:
        """End all sessions of a person; answers how many."""
        return session_records.end_of(self._directory, user)

    def _remove_ended(self, document: Document) -> None:
        """Remove what has ended, as far as the store takes writes: it counts no more anyway."""
        try:
            session_records.remove(self._directory, document)
        except StoreFailure as failure:
            _log.warning("a session that has ended is not removed: %s", failure)

    def _prune(self, now: Timestamp, spare: int = 0) -> None:
        """Remove what has ended, and if there is no room then, as many as make it."""
        self._pruned_at = now
        living = []
        for document in session_records.documents(self._directory):
            if read(document).has_ended(now):
                session_records.remove(self._directory, document)
            else:
                living.append(document)
        excess = len(living) + spare - SESSIONS_MAX
        for document in sorted(living, key=lambda each: read(each).seen)[: max(excess, 0)]:
            session_records.remove(self._directory, document)


def _key(secret: str) -> str:
    return digest(secret).hex()


def _document(key: str, kept: Kept) -> Document:
    return Document(WIRE, KIND, key, msgspec.json.encode(kept))


def _session(secret: str, kept: Kept, person: Person) -> Session:
    principal = person.principal
    return Session(
        kept.user,
        hmac.new(secret.encode(), b"forms", "sha256").hexdigest(),
        Timestamp(kept.began),
        Timestamp(kept.ends),
        principal.through(WEB),
        person.profile,
    )
