"""Believing bearer tokens that the store knows by their hash.

The way of a token on the hot path: one SHA-256, one look-up in a dictionary, one comparison of
times. The dictionary holds what was believed before and is emptied whenever any credential of
the store changes, so a revoked token is refused on its next use, whichever process revoked it.
Unknown tokens are never remembered: a stranger cannot fill the memory.
"""

from hashlib import sha256
from typing import Final

from daybook.app.access import Principal, Rejection
from daybook.app.credentials import ACCESS, fault, principal
from daybook.app.ports import Clock, Directory
from daybook.domain.ids import Timestamp

TOKEN_LENGTH_MAX: Final = 4_096
"""Characters of a token that are looked at: the longest any of the originals issues."""

CACHED_MAX: Final = 10_000
"""Tokens remembered as believed: a few hundred bytes each."""

_Believed = dict[bytes, tuple[Principal, Timestamp | None]]


class StoreAuthenticator:
    """The `Authenticator` over the tokens of a store."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._kept: tuple[int, _Believed] = (-1, {})
        """A version of the store's credentials, and what was believed as long as it stood."""

    def authenticate(self, token: str) -> Principal | Rejection:
        """Who a bearer token stands for, or why it is not believed.

        Only access tokens open anything; another kind is answered like an unknown one.
        """
        if not token:
            return Rejection.MISSING
        if len(token) > TOKEN_LENGTH_MAX or not token.isascii():
            return Rejection.MALFORMED
        return self.holder(sha256(token.encode()).digest())

    def holder(self, token_hash: bytes) -> Principal | Rejection:
        """Who a token known by its hash stands for, or why it is not believed."""
        version, believed = self._kept
        now = self._directory.credentials_version()
        if version != now:
            # another one, not the same emptied: a thread that still looks up adds to the old one
            believed = {}
            self._kept = (now, believed)
        known = believed.get(token_hash)
        if known is None:
            return self._look_up(token_hash, believed)
        expires_at = known[1]
        if expires_at is not None and self._clock() >= expires_at:
            return Rejection.EXPIRED
        return known[0]

    def _look_up(self, token_hash: bytes, believed: _Believed) -> Principal | Rejection:
        token = self._directory.token(token_hash)
        if token is None or token.kind != ACCESS:
            return Rejection.UNKNOWN
        rejection = fault(token, self._clock())
        if rejection is not None:
            return rejection
        if len(believed) >= CACHED_MAX:
            believed.clear()
        found = principal(token)
        believed[token_hash] = (found, token.expires_at)
        return found
