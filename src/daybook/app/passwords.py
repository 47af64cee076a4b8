"""Passwords, kept as Argon2id hashes that name their own parameters.

    $argon2id$v=19$m=32768,t=3,p=1$<salt>$<hash>

A hash takes some fifty milliseconds and 32 MiB on purpose, so it is made on a pool thread. The
parameters can rise later: an older hash is checked with its own, `is_outdated` tells which those
are, and whoever has just seen the password right makes a new one of it. Stores of earlier versions
hold scrypt hashes, which are checked the same way:

    scrypt$16384$8$1$<salt>$<hash>      salt and hash in hexadecimal
"""

import hashlib
import hmac
from base64 import b64encode
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

PASSWORD_LENGTH_MIN: Final = 8
"""Characters of a new password, at least: what guidance for user-chosen secrets asks for."""

PASSWORD_LENGTH_MAX: Final = 256
"""Characters of a password that are looked at; a longer one is not believed."""

_MEMORY_KIB: Final = 32 * 1024
_PASSES: Final = 3
_LANES: Final = 1
"""Beyond the least that guidance asks for (19 MiB, two passes), within what four threads may take
of a small machine."""

_SALT_BYTES: Final = 16
_HASH_BYTES: Final = 32
_SCRYPT_MEMORY_MAX: Final = 64 * 1024 * 1024
"""Bytes scrypt may use: four times what hashes of earlier versions need."""

_hasher: Final = PasswordHasher(_PASSES, _MEMORY_KIB, _LANES, _HASH_BYTES, _SALT_BYTES)


def _zeros(size: int) -> str:
    return b64encode(bytes(size)).decode().rstrip("=")


UNKNOWN: Final = (
    f"$argon2id$v=19$m={_MEMORY_KIB},t={_PASSES},p={_LANES}"
    f"${_zeros(_SALT_BYTES)}${_zeros(_HASH_BYTES)}"
)
"""A hash that no password has, to check for users who do not exist: as slow as any other."""


def hashed(password: str) -> str:
    """What is kept of a password."""
    return _hasher.hash(_octets(password))


def is_password(password: str, kept: str) -> bool:
    """Whether a password is the one that is kept. Raises ValueError for what is no hash."""
    if len(password) > PASSWORD_LENGTH_MAX:
        password = ""
    if not kept.startswith("$"):
        return _is_password_of_scrypt(password, kept)
    try:
        return _hasher.verify(kept, _octets(password))
    except VerifyMismatchError:
        return False
    except (InvalidHashError, VerificationError):
        raise ValueError("no password hash of this program") from None


def is_outdated(kept: str) -> bool:
    """Whether a hash was made in another way than new ones are."""
    return not kept.startswith("$") or _hasher.check_needs_rehash(kept)


def _octets(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")


def _is_password_of_scrypt(password: str, kept: str) -> bool:
    kind, cost, block, parallel, salt, digest = kept.split("$")
    if kind != "scrypt":
        raise ValueError(f"no password hash of this program: {kind}")
    found = hashlib.scrypt(
        _octets(password),
        salt=bytes.fromhex(salt),
        n=int(cost),
        r=int(block),
        p=int(parallel),
        maxmem=_SCRYPT_MEMORY_MAX,
        dklen=_HASH_BYTES,
    )
    return hmac.compare_digest(found, bytes.fromhex(digest))
