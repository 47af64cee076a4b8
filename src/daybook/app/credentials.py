"""Bearer credentials: made, listed, withdrawn.

A token is 256 random bits behind a prefix that says what it is, so that a leaked one is found by
secret scanners. It is shown once, when it is made; the store keeps its SHA-256 alone. A plain
hash is enough because nobody can guess 256 bits; a password would need a slow one.

    issued = issue(store.directory, system_clock, NewToken(client="billing", label="nightly job"))
    print(issued.text)
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from typing import Final

from daybook.app.access import ALL_SCOPES, Principal, Rejection, Scope
from daybook.app.ports import Clock, Directory, Token
from daybook.domain.ids import CompanyId, Timestamp
from daybook.domain.values import value

ACCESS: Final = "access"
"""The kind of token that opens books."""
REFRESH: Final = "refresh"
"""The kind of token that gets new access tokens."""

TOKEN_BYTES: Final = 32
"""Random bytes of a token: beyond guessing, whatever the number of tokens."""

_PREFIXES: Final = {ACCESS: "dba_", REFRESH: "dbr_"}
_OTHER_PREFIX: Final = "dbk_"


@value
class NewToken:
    """What a token is to allow.

    `client` names the application that uses it; `company_ids` are the books it opens (empty:
    all, also those made later). `lifetime_us` is in microseconds; None means until revoked.
    """

    client: str
    kind: str = ACCESS
    company_ids: frozenset[CompanyId] = frozenset()
    scopes: frozenset[Scope] = ALL_SCOPES
    label: str = ""
    user: str | None = None
    lifetime_us: int | None = None


@value
class Issued:
    """A token that was just made: its text, never to be had again, and what is kept of it."""

    text: str
    token: Token


def digest(text: str) -> bytes:
    """What is kept of a token: SHA-256 of its UTF-8 text."""
    return sha256(text.encode()).digest()


def issue(
    directory: Directory,
    clock: Clock,
    wanted: NewToken,
    random_text: Callable[[int], str] = secrets.token_urlsafe,
) -> Issued:
    """Make a token and keep its hash."""
    text = _PREFIXES.get(wanted.kind, _OTHER_PREFIX) + random_text(TOKEN_BYTES)
    now = clock()
    expires_at = None if wanted.lifetime_us is None else Timestamp(now + wanted.lifetime_us)
    token = Token(
        hash=digest(text),
        kind=wanted.kind,
        client=wanted.client,
        company_ids=wanted.company_ids,
        scopes=frozenset(scope.value for scope in wanted.scopes),
        created_at=now,
        label=wanted.label,
        user=wanted.user,
        expires_at=expires_at,
    )
    return Issued(text, directory.put_token(token))


def revoke(directory: Directory, clock: Clock, token_hash: bytes) -> Token | None:
    """Withdraw a token by its hash. Answers with it as it is kept now, None if there is none.

    A token that was revoked before keeps its first time of revocation.
    """
    token = directory.token(token_hash)
    if token is None or token.revoked_at is not None:
        return token
    return directory.put_token(replace(token, revoked_at=clock()))


def revoke_number(directory: Directory, clock: Clock, number: int) -> Token | None:
    """Withdraw a token by the number people know it by; see `revoke`."""
    for token in directory.tokens():
        if token.number == number:
            return revoke(directory, clock, token.hash)
    return None


def fault(token: Token | None, now: Timestamp) -> Rejection | None:
    """Why a token is not to be believed at a time, or None if it is."""
    if token is None:
        return Rejection.UNKNOWN
    if token.revoked_at is not None:
        return Rejection.REVOKED
    if token.expires_at is not None and now >= token.expires_at:
        return Rejection.EXPIRED
    return None


def principal(token: Token) -> Principal:
    """Whom a token stands for; scopes that this version does not know are left out."""
    known = frozenset(Scope(scope) for scope in token.scopes if scope in set(Scope))
    return Principal(token.client, token.company_ids or None, known, token.user)
