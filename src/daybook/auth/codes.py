"""Authorization codes: what an application gets when somebody lets it in.

A code counts once, for five minutes, for the application and the address it was made for, and
with a challenge for whoever knows what it was made of. A used code is remembered for a day: when it
comes again, somebody has it who should not, and all that was made with it is withdrawn.

Of each person so many codes are kept, and the oldest makes room for the next: who lets programs in
without end is in nobody's way but their own.
"""

import hmac
import re
import secrets
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Final

import msgspec

from daybook.app.access import Scope
from daybook.app.credentials import TOKEN_BYTES, digest
from daybook.app.documents import Document, DocumentChange
from daybook.app.ports import Clock, Directory, DocumentChanged
from daybook.auth.wishes import Wish
from daybook.domain.ids import CompanyId, Timestamp

WIRE: Final = "auth"
KIND: Final = "code"
"""Where codes stand among the documents of a store."""
KIND_OF: Final = "codes-of"
"""Where the keys of each person's codes stand."""

CODE_SECONDS: Final = 5 * 60
"""Life of a code: minutes, for a machine that fetches its tokens at once."""

REMEMBERED_SECONDS: Final = 86_400
"""Seconds for which it is remembered that a code was used."""

CODES_OF_ONE_MAX: Final = 100
"""Codes of one person that are kept: more than anybody lets programs in on a day."""

ATTEMPTS_MAX: Final = 10
"""Times that a code is tried to be kept while others of the same person are made."""

CODE_LENGTH_MAX: Final = 512
"""Characters of a code that are looked at: the longest the original issues."""

PRUNE_SECONDS: Final = 600
"""Seconds between two times that old codes are forgotten."""

_PAGE: Final = 100
_SECOND: Final = 1_000_000
_PREFIX: Final = "dbc_"
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII).fullmatch


class Code(msgspec.Struct):
    """What is kept of a code. `company` is 0 where none was chosen; `family` names the tokens that
    were made with it, once there are any.
    """

    client: str
    redirect: str
    user: str
    company: int
    asked: list[str]
    allowed: list[str]
    challenge: str
    nonce: str
    signed_in_at: int
    made: int
    family: str = ""

    @property
    def scopes(self) -> frozenset[Scope]:
        """What may be done in the books."""
        return frozenset(map(Scope, self.allowed))


class Held(msgspec.Struct):
    """The codes of a person, the oldest first: when each was made, and its key."""

    codes: list[tuple[int, str]]


class TooManyCodes(Exception):
    """One person had too many made at the same moment. Nothing was done."""


class Codes:
    """The codes of a store. Used on pool threads."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._pruned_at = Timestamp(0)

    def make(
        self,
        wish: Wish,
        user: str,
        signed_in_at: Timestamp,
        company_id: CompanyId,
        scopes: frozenset[Scope],
    ) -> str:
        """A code for what somebody has allowed. Raises `TooManyCodes`."""
        now = self._clock()
        if now - self._pruned_at >= PRUNE_SECONDS * _SECOND:
            self._prune(now)
        text = _PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
        code = Code(
            wish.application.id,
            wish.redirect,
            user,
            company_id,
            list(wish.scopes),
            sorted(scope.value for scope in scopes),
            wish.challenge,
            wish.nonce,
            signed_in_at,
            now,
        )
        for _ in range(ATTEMPTS_MAX):
            if self._keep(_key(text), code):
                return text
        raise TooManyCodes

    def _keep(self, key: str, code: Code) -> bool:
        """Keep a code, in place of its person's oldest where they have enough.

        False if another of the same person was made or forgotten at this moment.
        """
        owner = _key(code.user)
        kept = self._directory.document(WIRE, KIND_OF, owner)
        held = [] if kept is None else msgspec.json.decode(kept.body, type=Held).codes
        held.append((code.made, key))
        changes = [DocumentChange(WIRE, KIND, key, msgspec.json.encode(code), 0)]
        for _, old in held[:-CODES_OF_ONE_MAX]:
            found = self._directory.document(WIRE, KIND, old)
            if found is not None:
                changes.append(DocumentChange(WIRE, KIND, old, None, found.version))
        body = msgspec.json.encode(Held(held[-CODES_OF_ONE_MAX:]))
        version = 0 if kept is None else kept.version
        changes.append(DocumentChange(WIRE, KIND_OF, owner, body, version))
        try:
            self._directory.change_documents(changes)
        except DocumentChanged:
            return False
        return True

    def find(self, text: str) -> tuple[Code, Document] | None:
        """A code that is remembered, used or not, and its document; or None."""
        if not text.isascii() or len(text) > CODE_LENGTH_MAX:
            return None
        document = self._directory.document(WIRE, KIND, _key(text))
        return None if document is None else (_read(document), document)

    def counts(self, code: Code, client: str, redirect: str, verifier: str) -> bool:
        """Whether a code that was not used before gets tokens."""
        in_time = self._clock() - code.made < CODE_SECONDS * _SECOND
        meant = code.client == client and code.redirect == redirect
        return in_time and meant and _is_verifier(verifier, code.challenge)

    def use(self, document: Document, family: str) -> str:
        """Write down that a code was used; answers with the family that counts.

        That is another one where somebody else was first.
        """
        code = _read(document)
        code.family = family
        try:
            self._directory.put_document(_document(document.key, code), document.version)
        except DocumentChanged:
            first = self._directory.document(WIRE, KIND, document.key)
            return "" if first is None else _read(first).family
        return family

    def _prune(self, now: Timestamp) -> None:
        self._pruned_at = now
        after = ""
        while page := self._directory.documents(WIRE, KIND, after, _PAGE):
            after = page[-1].key
            for document in page:
                code = _read(document)
                kept = REMEMBERED_SECONDS if code.family else CODE_SECONDS
                if now - code.made >= kept * _SECOND:
                    self._forget(document)

    def _forget(self, document: Document) -> None:
        change = DocumentChange(WIRE, KIND, document.key, None, document.version)
        try:
            self._directory.change_documents([change])
        except DocumentChanged:
            return  # used at this moment, or forgotten by another process


def _is_verifier(verifier: str, challenge: str) -> bool:
    """Whether a challenge was made of a verifier; without a challenge there must be none."""
    if not challenge:
        return not verifier
    if _VERIFIER(verifier) is None:
        return False
    made = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    return hmac.compare_digest(made, challenge)


def _key(text: str) -> str:
    return digest(text).hex()


def _document(key: str, code: Code) -> Document:
    return Document(WIRE, KIND, key, msgspec.json.encode(code))


def _read(document: Document) -> Code:
    return msgspec.json.decode(document.body, type=Code)
