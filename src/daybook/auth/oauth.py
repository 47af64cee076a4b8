"""The grants of OAuth 2: what a client gets for a refresh token, and how to take it back.

Values in, values out; how they look over HTTP is the server's matter. One authorization is a
family of tokens: a refresh token, its successors, and the access tokens made from any of them.
The family is written into the tokens' labels, so that revoking one member ends them all.

Refresh tokens roll. A client gets the one it sent back until that is `ROLLS_AFTER` old; then it
gets a successor, and the old one goes on for `OVERLAP` more or until the successor is first used,
whichever is sooner. A client that lost the answer can thus ask again.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from hashlib import sha256
from typing import Final

from daybook.app import credentials
from daybook.app.credentials import (
    ACCESS,
    ACCESS_SECONDS,
    REFRESH,
    REFRESH_SECONDS,
    SECOND,
    NewToken,
    family_of,
    grant_label,
    predecessor_of,
)
from daybook.app.ports import Clock, Directory, Token, TokenTable
from daybook.auth.demo import DemoCredentials
from daybook.domain.ids import Timestamp

ROLLS_AFTER: Final = 86_400 * SECOND
OVERLAP: Final = 86_400 * SECOND
"""A day each, in microseconds; see the module's text."""


@dataclass(frozen=True, slots=True)
class Granted:
    """What a client gets: two tokens and their remaining lives in seconds."""

    access_token: str
    refresh_token: str
    access_seconds: int
    refresh_seconds: int


class GrantRefusal(Enum):
    """Why a refresh token gets nothing."""

    INVALID = "Token invalid"
    """Unknown, expired or revoked."""
    NOT_ITS_CLIENTS = "Incorrect Token type or clientID"
    """Another client's, or not a refresh token."""


class Grants:
    """The authorizations of one store. Writes to it, so it is called from a pool thread."""

    def __init__(
        self, directory: Directory, clock: Clock, demo: DemoCredentials | None = None
    ) -> None:
        """With `demo`, its client ids and refresh tokens count too, and never end."""
        self._directory = directory
        self._clock = clock
        self._demo = demo or DemoCredentials({})

    def is_client(self, client_id: str, secret: str) -> bool:
        """Whether an application is who it says."""
        if client_id in self._demo.companies:
            return hmac.compare_digest(secret.encode(), client_id.encode())
        client = self._directory.client(client_id)
        digest = sha256(secret.encode()).digest()
        if client is None or client.revoked_at is not None:
            return False
        return hmac.compare_digest(digest, client.secret_hash)

    def refresh(self, client_id: str, text: str) -> Granted | GrantRefusal:
        """New tokens for a refresh token that was issued to this client.

        Judged and carried out as one: a revocation at the same moment is not undone.
        """
        if text in self._demo.companies:
            if client_id != text:
                return GrantRefusal.NOT_ITS_CLIENTS
            # nothing of the demo is kept, so the word is its own access token as well
            return Granted(text, text, ACCESS_SECONDS, REFRESH_SECONDS)
        return self._directory.change_tokens(
            lambda table: self._refresh(table, client_id, credentials.digest(text), text)
        )

    def _refresh(
        self, table: TokenTable, client_id: str, token_hash: bytes, text: str
    ) -> Granted | GrantRefusal:
        token = table.token(token_hash)
        now = self._clock()
        if token is None or credentials.fault(token, now) is not None:
            return GrantRefusal.INVALID
        if token.kind != REFRESH or token.client != client_id:
            return GrantRefusal.NOT_ITS_CLIENTS
        family, predecessor = family_of(token), predecessor_of(token)
        before = None if predecessor is None else table.token(predecessor)
        if before is not None:
            credentials.withdrawn(table, now, before)
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

    def revoke(self, client_id: str, text: str) -> bool:
        """End the authorization that a token belongs to; False if the client has no such token.

        A demo credential is known and stays.
        """
        if text in self._demo.companies:
            return text == client_id
        token = self._directory.token(credentials.digest(text))
        if token is None or token.client != client_id:
            return False
        credentials.revoke_family(self._directory, self._clock, token)
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
        )
        return credentials.issue(table, self._clock, wanted).text


def discovery(origin: str) -> Mapping[str, object]:
    """The OpenID discovery document of a server at `origin`."""
    return {
        "issuer": f"{origin}/op/v1",
        "authorization_endpoint": f"{origin}/connect/oauth2",
        "token_endpoint": f"{origin}/oauth2/v1/tokens/bearer",
        "userinfo_endpoint": f"{origin}/v1/openid_connect/userinfo",
        "revocation_endpoint": f"{origin}/v2/oauth2/tokens/revoke",
        "jwks_uri": f"{origin}/op/v1/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile", "address", "phone"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
    }
