"""The trail of access: who signed in, what was let in, made and withdrawn, and by whom.

It belongs to no company, since most of it concerns several or none: a failed sign-in has no
company. So it is a log of its own beside those of the books, chained the same way: each record
holds the hash of the one before, and changing or dropping one shows. Records are documents of the
store under their number; `verify` looks at all of them.

    trail.note(Happening("user-made", "ada", by=By("operator"), company_ids=frozenset({1})))

What is secret is never in it, hashes included.
"""

from collections.abc import Iterator
from enum import StrEnum
from hashlib import sha256
from threading import Lock
from typing import Final

import msgspec

from daybook.app.documents import Document, DocumentChange
from daybook.app.ports import Clock, Directory, DocumentChanged
from daybook.domain.ids import CompanyId, Timestamp
from daybook.domain.values import value

WIRE: Final = "auth"
KIND: Final = "trail"
HEAD_KIND: Final = "trail-head"
"""Where records stand among the documents of a store, and where the number of the last one does."""

TEXT_LENGTH_MAX: Final = 255
"""Characters of a name in a record: strangers choose the names with which they fail to sign in."""

ATTEMPTS_MAX: Final = 50
"""Times that a record is tried to be kept when other processes keep some at the same moment."""

PAGE_MAX: Final = 1_000
"""Records read at once."""

_DIGITS: Final = 16
_GENESIS: Final = "00" * 32


class What(StrEnum):
    """What can happen."""

    SIGNED_IN = "signed-in"
    SIGN_IN_FAILED = "sign-in-failed"
    SIGNED_OUT = "signed-out"
    LET_IN = "application-let-in"
    CODE_REPEATED = "code-repeated"
    REFRESH_REPEATED = "refresh-repeated"
    COMPANY_MADE = "company-made"
    USER_MADE = "user-made"
    USER_CHANGED = "user-changed"
    USER_WITHDRAWN = "user-withdrawn"
    CLIENT_MADE = "client-made"
    CLIENT_CHANGED = "client-changed"
    CLIENT_WITHDRAWN = "client-withdrawn"
    TOKEN_MADE = "token-made"
    TOKEN_WITHDRAWN = "token-withdrawn"
    SESSION_ENDED = "session-ended"


@value
class By:
    """Who did it: an application, the person behind it, and the address it came from."""

    client: str
    user: str | None = None
    peer: str = ""


@value
class Happening:
    """Something to be noted. `subject` is the name or number of what it happened to."""

    what: What
    subject: str
    by: By
    company_ids: frozenset[CompanyId] = frozenset()
    note: str = ""


class Record(msgspec.Struct, frozen=True):
    """A happening as it is kept. `hash` is SHA-256 over all the rest, in this order, as JSON."""

    number: int
    at: int
    what: str
    subject: str
    client: str
    user: str | None
    peer: str
    companies: list[int]
    note: str
    previous_hash: str
    hash: str

    @property
    def time(self) -> Timestamp:
        """When it happened."""
        return Timestamp(self.at)


class _Head(msgspec.Struct):
    number: int = 0
    hash: str = _GENESIS


class Trail:
    """The trail of a store. Used on any thread; writes, so not on an event loop."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._lock = Lock()

    def note(self, happening: Happening) -> Record:
        """Keep what has happened. Raises `DocumentChanged` if other processes never pause."""
        with self._lock:
            for _ in range(ATTEMPTS_MAX - 1):
                try:
                    return self._keep(happening)
                except DocumentChanged:
                    continue
            return self._keep(happening)

    def records(self, after: int = 0, limit: int = 100) -> list[Record]:
        """Records numbered above `after`, in order."""
        found = self._directory.documents(WIRE, KIND, _key(after), min(limit, PAGE_MAX))
        return [msgspec.json.decode(document.body, type=Record) for document in found]

    def last(self) -> int:
        """The number of the last record, 0 if there is none."""
        return self._head()[0].number

    def verify(self) -> Iterator[str]:
        """What is wrong with the chain, one sentence each."""
        number, previous = 0, _GENESIS
        while page := self.records(number, PAGE_MAX):
            for record in page:
                if record.number != number + 1:
                    yield f"record {number + 1} is missing"
                elif record.previous_hash != previous:
                    yield f"record {record.number} does not follow the one before it"
                if record.hash != _hash(record):
                    yield f"record {record.number} has been changed"
                number, previous = record.number, record.hash
        head, _ = self._head()
        if (head.number, head.hash) != (number, previous):
            yield f"the trail ends at record {number}, and should at {head.number}"

    def _head(self) -> tuple[_Head, int]:
        document = self._directory.document(WIRE, HEAD_KIND, "")
        if document is None:
            return _Head(), 0
        return msgspec.json.decode(document.body, type=_Head), document.version

    def _keep(self, happening: Happening) -> Record:
        head, version = self._head()
        record = Record(
            head.number + 1,
            self._clock(),
            happening.what.value,
            _short(happening.subject),
            _short(happening.by.client),
            None if happening.by.user is None else _short(happening.by.user),
            _short(happening.by.peer),
            sorted(happening.company_ids),
            _short(happening.note),
            head.hash,
            "",
        )
        record = msgspec.structs.replace(record, hash=_hash(record))
        self._directory.change_documents(
            [
                _change(HEAD_KIND, "", _Head(record.number, record.hash), version),
                _change(KIND, _key(record.number), record, 0),
            ]
        )
        return record


def _change(kind: str, key: str, body: msgspec.Struct, version: int) -> DocumentChange:
    document = Document(WIRE, kind, key, msgspec.json.encode(body))
    return DocumentChange(document.wire, document.kind, document.key, document.body, version)


def _key(number: int) -> str:
    return f"{number:0{_DIGITS}}"


def _short(text: str) -> str:
    """A text as it is kept: bounded, on one line, and encodable."""
    line = " ".join(text[:TEXT_LENGTH_MAX].split())
    return line.encode("utf-8", "replace").decode()


def _hash(record: Record) -> str:
    return sha256(msgspec.json.encode(msgspec.structs.replace(record, hash=""))).hexdigest()
