"""The grants of OAuth 2: what a client gets for a code or a refresh token, and how to take it back.

Values in, values out; how they look over HTTP is the server's matter. One authorization is a
family of tokens: a refresh token, its successors, and the access tokens made from any of them.
The family is written into the tokens' labels, so that revoking one member ends them all.

Refresh tokens roll. A client gets the one it sent back until that is `ROLLS_AFTER` old; then it
gets a successor, and the old one goes on for `OVERLAP` more or until the successor is first used,
whichever is sooner. A client that lost the answer can thus ask again, and gets another successor;
the first of them that is used is the one that counts, and withdraws the others. A refresh token
that comes once more after its successor was used, or a successor after another was, is in two
hands, one of them not the client's: all of its authorization is withdrawn.

What a person may do is looked at with every grant, so that a refresh never gives more than they
may do by then.
"""

import hmac
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import sha256
from typing import Final

from daybook.app import credentials
from daybook.app.access import Rejection, Scope
from daybook.app.administration import SUBJECT
from daybook.app.credentials import (
    ACCESS,
    ACCESS_SECONDS,
    NO_COMPANY,
    REFRESH,
    REFRESH_SECONDS,
    SECOND,
    Authorization,
    NewToken,
    family_of,
    grant_label,
    predecessor_of,
)
from daybook.app.ports import Clock, Directory, Token, TokensOf, TokenTable
from daybook.app.trail import By, Happening, Trail, What
from daybook.auth.applications import Applications
from daybook.auth.codes import Code, Codes
from daybook.auth.demo import DemoCredentials
from daybook.auth.people import People, Person
from daybook.auth.scopes import EMAIL, OPENID, PHONE, PLAIN, PROFILE
from daybook.domain.ids import CompanyId, Timestamp

_SUBJECTS: Final = uuid.UUID("5b0f7a3e-6a0e-4a58-9a57-6f8a4d1c2b90")
"""The space of names in which people without a subject of their own have theirs."""

ROLLS_AFTER: Final = 86_400 * SECOND
OVERLAP: Final = 86_400 * SECOND
"""A day each, in microseconds; see the module's text."""

PRUNE_SECONDS: Final = 600
"""Seconds between two times that tokens which ended long ago are forgotten."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What a client gets: two tokens and their remaining lives in seconds."""

    access_token: str
    refresh_token: str
    access_seconds: int
    refresh_seconds: int
    identity: "Identity | None" = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who has let a client in, for an identity token. `realm` is that of the company, if any."""

    subject: str
    realm: str | None
    signed_in_at: Timestamp
    nonce: str


@dataclass(frozen=True, slots=True)
class Known:
    """Whom a token tells about, and the scopes by which it may (see `scopes`)."""

    user: str
    words: frozenset[str]
    person: Person


class GrantRefusal(Enum):
    """Why a code or refresh token gets nothing."""

    INVALID = "Token invalid"
    """Unknown, expired or revoked."""
    NOT_ITS_CLIENTS = "Incorrect Token type or clientID"
    """Another client's, or not a refresh token."""


class Grants:
    """The authorizations of one store. Writes to it, so it is called from a pool thread."""

    def __init__(
        self,
        directory: Directory,
        clock: Clock,
        demo: DemoCredentials | None = None,
        trail: Trail | None = None,
    ) -> None:
        """With `demo`, its client ids and refresh tokens count too, and never end."""
        self._trail = trail or Trail(directory, clock)
        self._directory = directory
        self._clock = clock
        self._demo = demo or DemoCredentials({})
        self._people = People(directory, demo)
        self._pruned_at = Timestamp(0)
        self.codes = Codes(directory, clock)
        """The codes that are exchanged for tokens here."""

    def is_client(self, client_id: str, secret: str) -> bool:
        """Whether an application is who it says."""
        if client_id in self._demo.companies:
            return hmac.compare_digest(secret.encode(), client_id.encode())
        client = self._directory.client(client_id)
        digest = sha256(secret.encode()).digest()
        if client is None or client.revoked_at is not None:
            return False
        return hmac.compare_digest(digest, client.secret_hash)

    def refresh(self, client_id: str, text: str, peer: str = "") -> Granted | GrantRefusal:
        """New tokens for a refresh token that was issued to this client, asked for by `peer`.

        Judged and carried out as one: a revocation at the same moment is not undone.
        """
        if text in self._demo.companies:
            if client_id != text:
                return GrantRefusal.NOT_ITS_CLIENTS
            # nothing of the demo is kept, so the word is its own access token as well
            return Granted(text, text, ACCESS_SECONDS, REFRESH_SECONDS)
        token = self._directory.token(credentials.digest(text))
        if token is None:
            return GrantRefusal.INVALID
        self._prune()
        granted = self._directory.change_tokens(
            lambda table: self._refresh(table, client_id, token.hash, text)
        )
        if isinstance(granted, GrantRefusal) and token.revoked_at is not None:
            by = By(token.client, token.user, peer)
            self._note(What.REFRESH_REPEATED, by, token.company_ids)
        return granted

    def _refresh(
        self,
        table: TokenTable,
        client_id: str,
        token_hash: bytes,
        text: str,
    ) -> Granted | GrantRefusal:
        token = table.token(token_hash)
        now = self._clock()
        if token is None:
            return GrantRefusal.INVALID
        allowed = self._allowed(table, token)
        if credentials.fault(token, now) is not None or allowed is None:
            if token.revoked_at is not None and token.client == client_id:
                self._end_family(table, token, now)
            return GrantRefusal.INVALID
        if token.kind != REFRESH or token.client != client_id:
            return GrantRefusal.NOT_ITS_CLIENTS
        family, predecessor = family_of(token), predecessor_of(token)
        before = None if predecessor is None else table.token(predecessor)
        if before is not None and before.revoked_at is None:  # its first successor that is used
            self._settle(table, token, before, now)
        token = replace(token, scopes=token.scopes - set(Scope) | set(allowed))
        access = self._issue(table, token, ACCESS, grant_label(family), ACCESS_SECONDS)
        if now - token.created_at < ROLLS_AFTER:
            left = REFRESH_SECONDS
            if token.expires_at is not None:
                left = (token.expires_at - now) // SECOND
            return Granted(access, text, ACCESS_SECONDS, left)
        label = grant_label(family, token)
        successor = self._issue(table, token, REFRESH, label, REFRESH_SECONDS)
        ends = Timestamp(now + OVERLAP)
        if token.expires_at is None or token.expires_at > ends:
            table.put_token(replace(token, expires_at=ends))
        return Granted(access, successor, ACCESS_SECONDS, REFRESH_SECONDS)

    def revoke(self, client_id: str, text: str, peer: str = "") -> bool:
        """End the authorization that a token belongs to; False if the client has no such token.

        A demo credential is known and stays.
        """
        if text in self._demo.companies:
            return text == client_id
        token = self._directory.token(credentials.digest(text))
        if token is None or token.client != client_id:
            return False
        credentials.revoke_family(self._directory, self._clock, token)
        self._note(What.TOKEN_WITHDRAWN, By(client_id, token.user, peer), token.company_ids)
        return True

    def _issue(self, table: TokenTable, like: Token, kind: str, label: str, seconds: int) -> str:
        believed = credentials.principal(like)
        wanted = NewToken(
            client=like.client,
            kind=kind,
            company_ids=like.company_ids,
            scopes=believed.scopes,
            label=label,
            user=like.user,
            lifetime_us=seconds * SECOND,
            words=credentials.words(like),
        )
        return credentials.issue(table, self._clock, wanted).text

    def _allowed(self, table: TokenTable, token: Token) -> frozenset[Scope] | None:
        """What a refresh may give: what the token allows, and whoever consented may still do.

        None where that person is not there any more, or has got another password since.
        """
        scopes = credentials.principal(token).scopes
        if token.user is None or not credentials.words(token):
            return scopes
        person = People(table, self._demo).find(token.user)
        if person is None or token.created_at < person.since:
            return None
        for company_id in token.company_ids - {NO_COMPANY}:
            scopes &= person.principal.within(company_id).scopes
        return scopes

    def _settle(self, table: TokenTable, used: Token, before: Token, now: Timestamp) -> None:
        """Withdraw the predecessor of a token that is used, and its other successors.

        Several were made where an answer was lost, or the predecessor is in two hands. Only one
        goes on; whoever comes with another later shows that it was the second.
        """
        credentials.withdrawn(table, now, before)
        successors = TokensOf(label=grant_label(family_of(used), before))
        for member in table.tokens(successors):
            if member.hash != used.hash:
                credentials.withdrawn(table, now, member)

    def _end_family(self, table: TokenTable, token: Token, now: Timestamp) -> None:
        """Withdraw all tokens of an authorization, inside a transaction."""
        for member in credentials.family_members(table, token.client, family_of(token)):
            credentials.withdrawn(table, now, member)

    def exchange(
        self, client_id: str, text: str, redirect: str, verifier: str, peer: str = ""
    ) -> Granted | GrantRefusal:
        """Tokens for a code that was made for this client. A code that comes again ends them.

        Its person is looked at and the tokens are made as one: whoever gets another password, is
        withdrawn or loses a role at this moment either ends the tokens or comes first.
        """
        found = self.codes.find(text)
        if found is None:
            return GrantRefusal.INVALID
        code, document = found
        if code.client != client_id:
            return GrantRefusal.NOT_ITS_CLIENTS
        by = By(client_id, code.user, peer)
        if code.family:
            self._withdraw(client_id, code.family)
            self._note(What.CODE_REPEATED, by, {CompanyId(code.company)})
            return GrantRefusal.INVALID
        if not self.codes.counts(code, client_id, redirect, verifier):
            return GrantRefusal.INVALID
        self._prune()
        made = self._directory.change_tokens(lambda table: self._authorized(table, code))
        if made is None:
            return GrantRefusal.INVALID
        opened = made.refresh.token.company_ids
        family = family_of(made.refresh.token)
        first = self.codes.use(document, family)
        if first != family:
            self._withdraw(client_id, family)
            self._withdraw(client_id, first)
            self._note(What.CODE_REPEATED, by, opened)
            return GrantRefusal.INVALID
        self._note(What.TOKEN_MADE, by, opened)
        identity = None
        if OPENID in code.asked:
            names = self._directory.names(CompanyId(code.company))
            realm = None if names is None else names.realm
            person = self._people.find(code.user)
            stands = subject(code.user, () if person is None else person.profile)
            identity = Identity(stands, realm, Timestamp(code.signed_in_at), code.nonce)
        return Granted(
            made.access.text, made.refresh.text, ACCESS_SECONDS, REFRESH_SECONDS, identity
        )

    def _authorized(self, table: TokenTable, code: Code) -> Authorization | None:
        """What a code is worth by now: no more than its person and application may still do."""
        person = People(table, self._demo).find(code.user)
        application = Applications(table, self._demo).find(code.client)
        if person is None or application is None or person.since > code.signed_in_at:
            return None
        company_id = CompanyId(code.company)
        scopes = code.scopes & application.scopes
        if company_id != NO_COMPANY:
            scopes &= person.principal.within(company_id).scopes
            if not scopes or not person.principal.may_open(company_id):
                return None
        wanted = NewToken(
            client=code.client,
            company_ids=frozenset({company_id}),
            scopes=scopes,
            user=code.user,
            words=frozenset(code.asked),
        )
        return credentials.authorize(table, self._clock, wanted)

    def _withdraw(self, client_id: str, family: str) -> None:
        """Withdraw all tokens of a family."""
        credentials.revoke_those(
            self._directory,
            self._clock,
            lambda table: credentials.family_members(table, client_id, family),
        )

    def _prune(self) -> None:
        """Forget what ended long ago, now and then; soon again as long as there is more of it."""
        now = self._clock()
        due = now - self._pruned_at >= PRUNE_SECONDS * SECOND
        if due and credentials.prune(self._directory, now):
            self._pruned_at = now

    def _note(self, what: What, by: By, company_ids: Iterable[CompanyId]) -> None:
        opened = frozenset(company_ids) - {NO_COMPANY}
        self._trail.note(Happening(what, by.client, by, opened))

    def who(self, text: str) -> Known | Rejection:
        """Whom an access token tells about, or why it is not believed."""
        if text in self._demo.companies:
            user: str | None = text
            words = frozenset(PLAIN)
        else:
            token = self._directory.token(credentials.digest(text))
            rejection = credentials.fault(token, self._clock())
            if token is None or rejection is not None or token.kind != ACCESS:
                return rejection or Rejection.UNKNOWN
            words, user = credentials.words(token), token.user
        person = None if user is None else self._people.find(user)
        return Rejection.UNKNOWN if user is None or person is None else Known(user, words, person)


def subject(user: str, profile: Iterable[tuple[str, str]]) -> str:
    """What stands for a person at clients: always the same, and not their name.

    It was drawn when the person was made. Who has none is the demo's, or was made by an earlier
    version, and keeps the one made of the name.
    """
    return dict(profile).get(SUBJECT) or str(uuid.uuid5(_SUBJECTS, user))


def profile_of(known: Known) -> dict[str, object]:
    """What a client is told about a person, as far as its token allows."""
    kept = dict(known.person.profile)
    told: dict[str, object] = {"sub": subject(known.user, known.person.profile)}
    if EMAIL in known.words and kept.get("email"):
        told |= {"email": kept["email"], "emailVerified": False}
    if PROFILE in known.words:
        names = {"givenName": kept.get("given_name"), "familyName": kept.get("family_name")}
        told |= {name: text for name, text in names.items() if text}
    if PHONE in known.words and kept.get("phone_number"):
        told |= {"phoneNumber": kept["phone_number"], "phoneNumberVerified": False}
    return told


def discovery(origin: str, issuer: str = "") -> Mapping[str, object]:
    """The OpenID discovery document of a server at `origin`, which is the issuer by default."""
    return {
        "issuer": issuer or f"{origin}/op/v1",
        "authorization_endpoint": f"{origin}/connect/oauth2",
        "token_endpoint": f"{origin}/oauth2/v1/tokens/bearer",
        "userinfo_endpoint": f"{origin}/v1/openid_connect/userinfo",
        "revocation_endpoint": f"{origin}/v2/oauth2/tokens/revoke",
        "jwks_uri": f"{origin}/op/v1/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["openid", "email", "profile", "address", "phone"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": [
            "aud",
            "auth_time",
            "exp",
            "iat",
            "iss",
            "nonce",
            "realmid",
            "sub",
            "email",
            "emailVerified",
            "familyName",
            "givenName",
            "phoneNumber",
        ],
    }
