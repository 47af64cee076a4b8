"""Bearer credentials: made, listed, withdrawn.

A token is 256 random bits behind a prefix that says what it is, so that a leaked one is found by
secret scanners. It is shown once, when it is made; the store keeps its SHA-256 alone. A plain
hash is enough because nobody can guess 256 bits; a password would need a slow one.

    issued = issue(store.directory, system_clock, NewToken(client="billing", label="nightly job"))
    print(issued.text)

A client that refreshes its tokens has an id and a secret besides (`register`), and gets an access
and a refresh token that belong together (`authorize`).
"""

import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import replace
from hashlib import sha256
from typing import Final

from daybook.app.access import ALL_SCOPES, Principal, Rejection, Scope
from daybook.app.ports import (
    TOKENS_PRUNED_MAX,
    Client,
    Clock,
    Directory,
    Token,
    TokensOf,
    TokenTable,
)
from daybook.domain.ids import CompanyId, Timestamp
from daybook.domain.values import value

ACCESS: Final = "access"
"""The kind of token that opens books."""
REFRESH: Final = "refresh"
"""The kind of token that gets new access tokens."""

TOKEN_BYTES: Final = 32
"""Random bytes of a token: beyond guessing, whatever the number of tokens."""

NO_COMPANY: Final = CompanyId(0)
"""An id that no company has, for tokens that open no books."""

ACCESS_SECONDS: Final = 3_600
"""Life of an access token that can be refreshed."""

REFRESH_SECONDS: Final = 8_726_400
"""Life of a refresh token, 101 days, counted from when it was issued."""

ACCESS_KEPT_SECONDS: Final = 3 * 86_400
"""Seconds for which an access token that could be refreshed is remembered after its end: a program
that slept over a weekend is told that it has expired, not that there never was one."""

REFRESH_KEPT_SECONDS: Final = REFRESH_SECONDS
"""The same of a refresh token. One that comes again after its successor was used is in two hands,
and ends what the authorization has made: this is noticed for as long as it could have lived."""

SECOND: Final = 1_000_000
"""A second in the microseconds of timestamps."""

_PREFIXES: Final = {ACCESS: "dba_", REFRESH: "dbr_"}
_OTHER_PREFIX: Final = "dbk_"
_SECRET_PREFIX: Final = "dbs_"

_GRANT_PREFIX: Final = "grant "
_GRANT: Final = re.compile(r"grant ([0-9a-f]{32})(?: after ([0-9a-f]{64}))?").fullmatch

_CLIENT_ID: Final = re.compile(r"[\x21-\x39\x3b-\x7e]{1,100}").fullmatch
"""Printable ASCII without blanks, and without the colon that ends an id in HTTP's Basic scheme."""


@value
class NewToken:
    """What a token is to allow.

    `client` names the application that uses it; `company_ids` are the books it opens (empty:
    all, also those made later; `NO_COMPANY` alone: none). `words` are kept beside the scopes for
    whoever understands them. `lifetime_us` is in microseconds; None means until revoked. `parent`
    is the hash of a token it is made with, and is not to outlive.
    """

    client: str
    kind: str = ACCESS
    company_ids: frozenset[CompanyId] = frozenset()
    scopes: frozenset[Scope] = ALL_SCOPES
    label: str = ""
    user: str | None = None
    lifetime_us: int | None = None
    parent: bytes | None = None
    words: frozenset[str] = frozenset()


@value
class Issued:
    """A token that was just made: its text, never to be had again, and what is kept of it."""

    text: str
    token: Token


def digest(text: str) -> bytes:
    """What is kept of a token: SHA-256 of its UTF-8 text."""
    return sha256(text.encode()).digest()


def issue(
    directory: TokenTable,
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
        scopes=frozenset(scope.value for scope in wanted.scopes) | wanted.words,
        created_at=now,
        label=wanted.label,
        user=wanted.user,
        expires_at=expires_at,
        parent=wanted.parent,
    )
    return Issued(text, directory.put_token(token))


def is_client_id(text: str) -> bool:
    """Whether a text can be the id of a client that proves itself with a secret."""
    return _CLIENT_ID(text) is not None


def new_secret(random_text: Callable[[int], str] = secrets.token_urlsafe) -> str:
    """A secret for a client, to be shown once; its `digest` is kept."""
    return _SECRET_PREFIX + random_text(TOKEN_BYTES)


@value
class Registered:
    """A client that is known now: its secret where it was given one, and what has changed of it.

    `made` is whether it was unknown before, `widened` whether it is for more companies now.
    """

    secret: str | None
    made: bool
    widened: bool


def register(
    directory: Directory,
    clock: Clock,
    client_id: str,
    company_ids: frozenset[CompanyId] = frozenset(),
    *,
    anew: bool = False,
) -> Registered:
    """Make a client known for some companies (none: all), or a known one for these too.

    A known one keeps its secret, unless it is to get one `anew`. Its tokens go on.
    """
    assert is_client_id(client_id)
    secret = new_secret()

    def work(table: TokenTable) -> Registered:
        kept = table.client(client_id)
        made = kept is None or kept.revoked_at is not None
        if kept is None or made:
            client = Client(client_id, client_id, digest(secret), clock(), company_ids=company_ids)
        else:
            both = kept.company_ids | company_ids
            wider = both if kept.company_ids and company_ids else frozenset[CompanyId]()
            kept_hash = digest(secret) if anew else kept.secret_hash
            client = replace(kept, secret_hash=kept_hash, company_ids=wider)
        replaced = table.replace_client(kept, client)
        assert replaced, "nobody else writes meanwhile"
        widened = kept is not None and not made and client.company_ids != kept.company_ids
        return Registered(secret if made or anew else None, made, widened)

    return directory.change_tokens(work)


@value
class Authorization:
    """A refresh token, and an access token made with it; revoking either by OAuth ends both."""

    refresh: Issued
    access: Issued


def authorize(
    directory: TokenTable,
    clock: Clock,
    wanted: NewToken,
    random_text: Callable[[int], str] = secrets.token_urlsafe,
) -> Authorization:
    """Make a refresh token and its first access token; kind and lifetime are not `wanted`'s."""
    lifetime_us = REFRESH_SECONDS * SECOND
    wanted = replace(wanted, kind=REFRESH, lifetime_us=lifetime_us)
    refresh = issue(directory, clock, wanted, random_text)
    wanted = replace(
        wanted,
        kind=ACCESS,
        lifetime_us=ACCESS_SECONDS * SECOND,
        label=grant_label(family_of(refresh.token)),
    )
    return Authorization(refresh, issue(directory, clock, wanted, random_text))


def family_of(token: Token) -> str:
    """The name of the family of tokens that a token belongs to: what one authorization has made.

    It stands in the label of all but the first, which begins a family named after its hash.
    """
    found = _GRANT(token.label)
    return token.hash.hex()[:32] if found is None else found[1]


def predecessor_of(token: Token) -> bytes | None:
    """The hash of the refresh token that a refresh token succeeds, or None."""
    found = _GRANT(token.label)
    return None if found is None or not found[2] else bytes.fromhex(found[2])


def grant_label(family: str, predecessor: Token | None = None) -> str:
    """The label by which a token is known to belong to a family, and to succeed another."""
    after = "" if predecessor is None else f" after {predecessor.hash.hex()}"
    return f"{_GRANT_PREFIX}{family}{after}"


def prune(directory: Directory, now: Timestamp) -> bool:
    """Forget what authorizations made and nobody asks for any more; whether that was all of it.

    An application in daily use makes a token an hour. Keys made one by one stay, expired or not:
    their client's name is not to become free for others.
    """
    counts = [
        directory.prune_tokens(kind, Timestamp(now - seconds * SECOND), label)
        for kind, seconds, label in (
            (ACCESS, ACCESS_KEPT_SECONDS, _GRANT_PREFIX),
            (REFRESH, REFRESH_KEPT_SECONDS, ""),
        )
    ]
    return max(counts) < TOKENS_PRUNED_MAX


def revoke_family(directory: Directory, clock: Clock, token: Token) -> list[Token]:
    """Withdraw a token with all that belong to the same authorization; answers with them.

    A refresh at the same moment comes before it, and what it made is withdrawn too, or after it,
    and is refused.
    """
    family = family_of(token)
    return revoke_those(directory, clock, lambda table: family_members(table, token.client, family))


def family_members(table: TokenTable, client: str, family: str) -> list[Token]:
    """The tokens of a family of a client, in the order they were made."""
    found = table.tokens(TokensOf(hash=bytes.fromhex(family)))
    found += table.tokens(TokensOf(label=grant_label(family)))
    return [each for each in found if each.client == client and family_of(each) == family]


def revoke_those(
    directory: Directory, clock: Clock, find: Callable[[TokenTable], Iterable[Token]]
) -> list[Token]:
    """Withdraw all tokens that `find` finds, in one transaction; answers with them.

    Whatever was made with one of them goes too.
    """
    now = clock()
    return directory.change_tokens(lambda table: revoke_within(table, now, find(table)))


def revoke_within(table: TokenTable, now: Timestamp, chosen: Iterable[Token]) -> list[Token]:
    """See `revoke_those`; inside a transaction that does more than that."""
    return [withdrawn(table, now, token) for token in with_descendants(table, chosen)]


def with_descendants(table: TokenTable, chosen: Iterable[Token]) -> list[Token]:
    """Tokens, those made with them, and so on; each once, in the order they were made."""
    gone = {token.hash: token for token in chosen}
    for token in table.tokens(TokensOf(derived=True)):  # each younger than what it was made with
        if token.parent in gone:
            gone[token.hash] = token
    return sorted(gone.values(), key=lambda token: token.number)


def withdrawn(table: TokenTable, now: Timestamp, token: Token) -> Token:
    """A token as it is kept once it is withdrawn; one that was keeps its first time of that."""
    if token.revoked_at is not None:
        return token
    return table.put_token(replace(token, revoked_at=now))


def revoke(directory: Directory, clock: Clock, token_hash: bytes) -> Token | None:
    """Withdraw a token by its hash, and what was made with it.

    Answers with it as it is kept now, None if there is none. A token that was revoked before keeps
    its first time of revocation.
    """
    gone = revoke_those(directory, clock, lambda table: table.tokens(TokensOf(hash=token_hash)))
    return gone[0] if gone else None


def revoke_number(directory: Directory, clock: Clock, number: int) -> list[Token]:
    """Withdraw a token by the number people know it by, with its family; see `revoke_family`.

    Empty if there is no such token.
    """
    for token in directory.tokens():
        if token.number == number:
            return revoke_family(directory, clock, token)
    return []


def fault(token: Token | None, now: Timestamp) -> Rejection | None:
    """Why a token is not to be believed at a time, or None if it is."""
    if token is None:
        return Rejection.UNKNOWN
    if token.revoked_at is not None:
        return Rejection.REVOKED
    if token.expires_at is not None and now >= token.expires_at:
        return Rejection.EXPIRED
    return None


def words(token: Token) -> frozenset[str]:
    """What a token carries beside the scopes that this version knows."""
    return token.scopes - set(Scope)


def principal(token: Token) -> Principal:
    """Whom a token stands for; scopes that this version does not know are left out."""
    known = frozenset(Scope(scope) for scope in token.scopes if scope in set(Scope))
    return Principal(token.client, token.company_ids or None, known, token.user)
