"""Passwords, kept as scrypt hashes that name their own parameters.

    scrypt$16384$8$1$<salt>$<hash>      salt and hash in hexadecimal

A hash takes some fifty milliseconds and 16 MB on purpose, so it is made on a pool thread. The
parameters can rise later: an older hash is checked with its own.
"""

import hashlib
import hmac
import secrets
from typing import Final

PASSWORD_LENGTH_MIN: Final = 8
"""Characters of a new password, at least: what guidance for user-chosen secrets asks for."""

PASSWORD_LENGTH_MAX: Final = 256
"""Characters of a password that are looked at; a longer one is not believed."""

_COST: Final = 2**14
_BLOCK: Final = 8
_PARALLEL: Final = 1
_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32
_MEMORY_MAX: Final = 64 * 1024 * 1024
"""Bytes scrypt may use: four times what the parameters above need."""

UNKNOWN: Final = f"scrypt${_COST}${_BLOCK}${_PARALLEL}${'00' * _SALT_BYTES}${'00' * _HASH_BYTES}"
"""A hash that no password has, to check for users who do not exist: as slow as any other."""


def hashed(password: str) -> str:
    """What is kept of a password."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = _scrypt(password, salt, _COST, _BLOCK, _PARALLEL)
    return f"scrypt${_COST}${_BLOCK}${_PARALLEL}${salt.hex()}${digest.hex()}"


def is_password(password: str, kept: str) -> bool:
    """Whether a password is the one that is kept. Raises ValueError for what is no hash."""
    kind, cost, block, parallel, salt, digest = kept.split("$")
    if kind != "scrypt":
        raise ValueError(f"no password hash of this program: {kind}")
    if len(password) > PASSWORD_LENGTH_MAX:
        password = ""
    found = _scrypt(password, bytes.fromhex(salt), int(cost), int(block), int(parallel))
    return hmac.compare_digest(found, bytes.fromhex(digest))


def _scrypt(password: str, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    return hashlib.scrypt(
        password.encode("utf-8", "surrogatepass"),
        salt=salt,
        n=cost,
        r=block,
        p=parallel,
        maxmem=_MEMORY_MAX,
        dklen=_HASH_BYTES,
    )
