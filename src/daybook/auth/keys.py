"""The keys that sign identity tokens: made, kept, rotated.

A key is a document of the store: its public half as it is published, its private half sealed with
the server's own key, so that a copy of the store signs nothing. A new one is made every
`ROTATION_DAYS`, and when the server's key has become another; the public half of the one before
stays published for as long as anybody may still hold a token that it signed.
"""

from collections.abc import Mapping
from hashlib import sha256
from threading import Lock
from typing import Any, Final

import msgspec
from joserfc import jwe, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeyParameters, OctKey, RSAKey

from daybook.app.documents import Document, DocumentChange
from daybook.app.ports import Clock, Directory, DocumentChanged
from daybook.domain.ids import Timestamp

WIRE: Final = "auth"
KIND: Final = "signing-key"
"""Where keys stand among the documents of a store."""

ALGORITHM: Final = "RS256"
KEY_BITS: Final = 2_048
"""What guidance asks of RSA until 2030, and the originals use."""

ROTATION_DAYS: Final = 90
"""Days for which one key signs."""

PUBLISHED_DAYS: Final = ROTATION_DAYS + 7
"""Days for which a key is published: a week beyond its last signature, for clients that keep
identity tokens longer than their hour."""

KEYS_MAX: Final = 16
"""Keys published at a time; a server without a key file makes one with each start."""

_DAY: Final = 86_400 * 1_000_000
_SEALED: Final = {"alg": "dir", "enc": "A256GCM"}


class _Kept(msgspec.Struct):
    """What is kept of a key."""

    made: int
    public: dict[str, str]
    sealed: str


class SigningKeys:
    """The keys of a store. Used on pool threads: making a key takes long."""

    def __init__(self, directory: Directory, clock: Clock, server_key: bytes) -> None:
        """`server_key` seals what is kept."""
        self._directory = directory
        self._clock = clock
        self._seal = OctKey.import_key(
            sha256(b"signing keys of identities\0" + server_key).digest()
        )
        self._lock = Lock()
        self._current: tuple[RSAKey, Timestamp] | None = None

    def sign(self, claims: Mapping[str, object]) -> str:
        """An identity token with these claims."""
        key = self._signing_key()
        header = {"alg": ALGORITHM, "kid": key.kid or "", "typ": "JWT"}
        return jwt.encode(header, dict(claims), key)

    def published(self) -> list[dict[str, str]]:
        """The public halves of all keys that tokens may be signed with, as JWKs, newest first."""
        self._signing_key()
        return [kept.public for kept in self._kept()]

    def _kept(self) -> list[_Kept]:
        documents = self._directory.documents(WIRE, KIND, limit=KEYS_MAX * 2)
        found = [msgspec.json.decode(document.body, type=_Kept) for document in documents]
        return sorted(found, key=lambda kept: -kept.made)

    def _signing_key(self) -> RSAKey:
        with self._lock:
            now = self._clock()
            if self._current is None or now - self._current[1] >= ROTATION_DAYS * _DAY:
                self._current = self._newest(now) or self._made(now)
            return self._current[0]

    def _newest(self, now: Timestamp) -> tuple[RSAKey, Timestamp] | None:
        """The newest key that is kept, can be opened and may still sign."""
        for kept in self._kept():
            if now - kept.made >= ROTATION_DAYS * _DAY:
                return None
            try:
                opened = jwe.decrypt_compact(kept.sealed, self._seal).plaintext
            except JoseError:
                continue  # sealed with another server's key
            if opened is not None:
                private: dict[str, Any] = msgspec.json.decode(opened)
                return RSAKey.import_key(private), Timestamp(kept.made)
        return None

    def _made(self, now: Timestamp) -> tuple[RSAKey, Timestamp]:
        """A new key, kept; those that nobody needs any more are forgotten."""
        parameters: KeyParameters = {"use": "sig", "alg": ALGORITHM}
        key = RSAKey.generate_key(KEY_BITS, parameters, private=True, auto_kid=True)
        sealed = jwe.encrypt_compact(
            _SEALED, msgspec.json.encode(key.as_dict(private=True)), self._seal
        )
        public = {name: str(text) for name, text in key.as_dict(private=False).items()}
        body = msgspec.json.encode(_Kept(now, public, sealed))
        documents = self._directory.documents(WIRE, KIND, limit=KEYS_MAX * 2)
        self._directory.put_document(Document(WIRE, KIND, public["kid"], body), 0)
        made = {each.key: msgspec.json.decode(each.body, type=_Kept).made for each in documents}
        oldest_first = sorted(documents, key=lambda each: made[each.key])
        for at, document in enumerate(oldest_first):
            beyond = len(oldest_first) - at >= KEYS_MAX
            if beyond or now - made[document.key] >= PUBLISHED_DAYS * _DAY:
                self._forget(document)
        return key, now

    def _forget(self, document: Document) -> None:
        change = DocumentChange(WIRE, KIND, document.key, None, document.version)
        try:
            self._directory.change_documents([change])
        except DocumentChanged:
            return  # another process was first
