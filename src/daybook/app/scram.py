"""Passwords: what is kept of one, so that nobody can have it back.

The form is a SCRAM-SHA-256 verifier (RFC 5802) as PostgreSQL writes it, which proves a password
without the server ever seeing it.

    kept = scram_verifier("open sesame")
    # SCRAM-SHA-256$4096:<salt>$<stored key>:<server key>
"""

import hmac
import secrets
import stringprep
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from hashlib import pbkdf2_hmac, sha256
from typing import Final

ROUNDS: Final = 4_096
"""Rounds of the key derivation: what the RFC asks for at least and every client expects."""
SALT_BYTES: Final = 16


def scram_verifier(password: str, salt: bytes | None = None, rounds: int = ROUNDS) -> str:
    """The verifier of a password, with a random salt unless one is given."""
    salt = secrets.token_bytes(SALT_BYTES) if salt is None else salt
    salted = pbkdf2_hmac("sha256", prepared(password).encode(), salt, rounds)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    parts = (salt, sha256(client_key).digest(), hmac.digest(salted, b"Server Key", "sha256"))
    salt_text, stored, server = (b64encode(part).decode() for part in parts)
    return f"SCRAM-SHA-256${rounds}:{salt_text}${stored}:{server}"


_PROHIBITED: Final[tuple[Callable[[str], bool], ...]] = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
    stringprep.in_table_a1,
)


def prepared(password: str) -> str:
    """A password in the one form of RFC 4013; as it is, where that does not allow it."""
    mapped = "".join(
        " " if stringprep.in_table_c12(char) else char
        for char in password
        if not stringprep.in_table_b1(char)
    )
    normal = unicodedata.normalize("NFKC", mapped)
    if not normal or any(table(char) for char in normal for table in _PROHIBITED):
        return password
    return normal
