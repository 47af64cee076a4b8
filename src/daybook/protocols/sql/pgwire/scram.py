"""SCRAM-SHA-256 (RFC 5802, RFC 7677), the server's half, and the verifiers it works with.

A verifier is what is kept of a password: neither the password nor anything that logs in elsewhere
can be had from it. Its text form is PostgreSQL's, `SCRAM-SHA-256$<rounds>:<salt>$<keys>`.
"""

import hmac
import re
import secrets
from base64 import b64decode, b64encode
from binascii import Error
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

MECHANISM: Final = "SCRAM-SHA-256"
ROUNDS: Final = 4_096
"""Rounds of a new verifier: what the RFC asks for at least and every client expects."""
ROUNDS_MAX: Final = 1_000_000
_SALT_BYTES: Final = 16
_NONCE_BYTES: Final = 18
_FIRST = re.compile(
    r"(?:n|y),(?:a=[^,]*)?,((?:m=[^,]*,)?n=([^,]*),r=([\x21-\x2b\x2d-\x7e]+)(?:,.*)?)"
)
_FINAL = re.compile(r"(c=([A-Za-z0-9+/=]+),r=([\x21-\x2b\x2d-\x7e]+)),p=([A-Za-z0-9+/=]+)")
_TEXT = re.compile(
    r"SCRAM-SHA-256\$([0-9]{1,7}):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]+):([A-Za-z0-9+/=]+)"
)


class ScramError(Exception):
    """The exchange cannot go on. `failed` tells a wrong password from a malformed message."""

    def __init__(self, message: str, failed: bool = False) -> None:
        super().__init__(message)
        self.failed = failed


@dataclass(frozen=True, slots=True)
class Verifier:
    """What a server keeps of a password."""

    rounds: int
    salt: bytes
    stored_key: bytes
    server_key: bytes

    @staticmethod
    def parse(text: str) -> "Verifier | None":
        """A verifier from its text form, or None."""
        found = _TEXT.fullmatch(text)
        if found is None or not 0 < int(found[1]) <= ROUNDS_MAX:
            return None
        try:
            salt, stored, server = (b64decode(found[at], validate=True) for at in (2, 3, 4))
        except Error:
            return None
        return Verifier(int(found[1]), salt, stored, server)


def stand_in(user: str, secret: bytes) -> Verifier:
    """A verifier nobody can satisfy, for a user that does not exist: the same at every attempt."""
    salt = hmac.digest(secret, b"salt" + user.encode(), "sha256")[:_SALT_BYTES]
    return Verifier(ROUNDS, salt, hmac.digest(secret, b"stored" + user.encode(), "sha256"), secret)


class Exchange:
    """One attempt: `first` answers the client's first message, `final` its last one."""

    def __init__(self, verifier: Verifier, nonce: str | None = None) -> None:
        self._verifier = verifier
        self._own = nonce or b64encode(secrets.token_bytes(_NONCE_BYTES)).decode()
        self._nonce = ""
        self._bare = ""
        self._challenge = ""
        self._header = ""

    def first(self, data: bytes) -> bytes:
        """The challenge. Raises `ScramError`."""
        message = _ascii(data)
        found = _FIRST.fullmatch(message)
        if found is None:
            raise ScramError("malformed SCRAM message")
        if found[1].startswith("m="):
            raise ScramError("client requires an unsupported SCRAM extension")
        self._bare, self._nonce = found[1], found[3] + self._own
        self._header = message[: found.start(1)]
        salt = b64encode(self._verifier.salt).decode()
        self._challenge = f"r={self._nonce},s={salt},i={self._verifier.rounds}"
        return self._challenge.encode()

    def final(self, data: bytes) -> bytes:
        """The server's signature. Raises `ScramError` where the client did not prove itself."""
        found = _FINAL.fullmatch(_ascii(data))
        if found is None:
            raise ScramError("malformed SCRAM message")
        try:
            header, proof = b64decode(found[2], validate=True), b64decode(found[4], validate=True)
        except Error:
            raise ScramError("malformed SCRAM message") from None
        if header != self._header.encode() or found[3] != self._nonce:
            raise ScramError("SCRAM channel binding or nonce does not match")
        whole = f"{self._bare},{self._challenge},{found[1]}".encode()
        signature = _hmac(self._verifier.stored_key, whole)
        key = bytes(a ^ b for a, b in zip(proof, signature, strict=False))
        proven = hmac.compare_digest(sha256(key).digest(), self._verifier.stored_key)
        if not proven or len(proof) != len(signature):
            raise ScramError("the password is wrong", failed=True)
        return b"v=" + b64encode(_hmac(self._verifier.server_key, whole))


def _hmac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


def _ascii(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ScramError("malformed SCRAM message") from None
