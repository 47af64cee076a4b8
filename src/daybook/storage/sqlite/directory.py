"""What the store keeps across companies: their names, clients and tokens.

Each request asks here twice or more, so what cannot change is kept in memory, and whether
credentials have changed is looked up a few times a second. All else is read from the tables, since
another process may have changed it.
"""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from daybook.app.ports import Client, CompanyNames, Token, User
from daybook.domain.ids import CompanyId
from daybook.storage.sqlite.reader import can_be_number
from daybook.storage.sqlite.writer import Job, Session

Row = tuple[Any, ...]
Fetch = Callable[[str, tuple[Any, ...]], list[Row]]
"""Runs one statement on a reading connection."""

_TOKEN: Final = (
    "SELECT hash, kind, client, company_ids, scopes, created_at, label, user, expires_at,"
    " revoked_at, number FROM token"
)
_PUT_TOKEN: Final = (
    "INSERT INTO token (hash, kind, client, company_ids, scopes, created_at, label, user,"
    " expires_at, revoked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (hash) DO UPDATE SET kind = excluded.kind, client = excluded.client,"
    " company_ids = excluded.company_ids, scopes = excluded.scopes,"
    " created_at = excluded.created_at, label = excluded.label, user = excluded.user,"
    " expires_at = excluded.expires_at, revoked_at = excluded.revoked_at RETURNING number"
)
_PUT_CLIENT: Final = (
    "INSERT OR REPLACE INTO client (id, name, secret_hash, created_at, revoked_at)"
    " VALUES (?, ?, ?, ?, ?)"
)
_USER: Final = "SELECT name, verifier, company_ids, scopes, created_at, revoked_at FROM user"
_PUT_USER: Final = (
    "INSERT OR REPLACE INTO user (name, verifier, company_ids, scopes, created_at, revoked_at)"
    " VALUES (?, ?, ?, ?, ?, ?)"
)
_CHANGED: Final = "UPDATE credentials SET version = version + 1"


COMPANIES_KEPT: Final = 10_000
"""Companies whose names are kept in memory; the others are looked up each time."""

VERSION_KEPT_S: Final = 0.05
"""Seconds for which credentials another process has changed may still count: each request asks."""


class SqliteDirectory:
    """Names of companies, clients and tokens."""

    def __init__(self, fetch: Fetch, write: Callable[[Job], object]) -> None:
        self._fetch = fetch
        self._write = write
        # a company keeps its names for good, so what was found once need not be looked up again
        self._names: dict[CompanyId, CompanyNames] = {}
        self._companies: dict[tuple[str, str], CompanyId] = {}
        self._version = 0
        self._version_until = 0.0

    def company_ids(self) -> list[CompanyId]:
        """All companies, in the order they were made."""
        return [row[0] for row in self._fetch("SELECT id FROM company ORDER BY id", ())]

    def names(self, company_id: CompanyId) -> CompanyNames | None:
        """The names of a company, or None."""
        if not can_be_number(company_id):
            return None
        names = self._names.get(company_id)
        if names is None:
            statement = "SELECT slug, realm, codat_id FROM company WHERE id = ?"
            rows = self._fetch(statement, (company_id,))
            if not rows:
                return None
            names = CompanyNames(*rows[0])
            if len(self._names) < COMPANIES_KEPT:
                self._names[company_id] = names
        return names

    def by_realm(self, realm: str) -> CompanyId | None:
        """The company with that realm number, or None."""
        return self._company("SELECT id FROM company WHERE realm = ?", realm)

    def by_slug(self, slug: str) -> CompanyId | None:
        """The company with that slug, or None."""
        return self._company("SELECT id FROM company WHERE slug = ?", slug)

    def by_codat_id(self, codat_id: str) -> CompanyId | None:
        """The company with that Codat id, or None."""
        return self._company("SELECT id FROM company WHERE codat_id = ?", codat_id)

    def client(self, client_id: str) -> Client | None:
        """A client by its id, or None."""
        rows = self._fetch(
            "SELECT id, name, secret_hash, created_at, revoked_at FROM client WHERE id = ?",
            (client_id,),
        )
        return Client(*rows[0]) if rows else None

    def put_client(self, client: Client) -> None:
        """Keep a client, in place of one with the same id."""

        def job(session: Session) -> None:
            session.execute(
                _PUT_CLIENT,
                (
                    client.id,
                    client.name,
                    client.secret_hash,
                    client.created_at,
                    client.revoked_at,
                ),
            )
            session.execute(_CHANGED, ())

        self._write(job)
        self._version_until = 0.0

    def token(self, token_hash: bytes) -> Token | None:
        """A token by its hash, or None."""
        rows = self._fetch(f"{_TOKEN} WHERE hash = ?", (token_hash,))
        return _token(rows[0]) if rows else None

    def put_token(self, token: Token) -> Token:
        """Keep a token, in place of one with the same hash; answers with its number set."""

        def job(session: Session) -> Token:
            row = session.execute(
                _PUT_TOKEN,
                (
                    token.hash,
                    token.kind,
                    token.client,
                    json.dumps(sorted(token.company_ids)),
                    json.dumps(sorted(token.scopes)),
                    token.created_at,
                    token.label,
                    token.user,
                    token.expires_at,
                    token.revoked_at,
                ),
            ).fetchone()
            assert row is not None
            session.execute(_CHANGED, ())
            return replace(token, number=row[0])

        kept = self._write(job)
        self._version_until = 0.0
        assert isinstance(kept, Token)
        return kept

    def tokens(self) -> list[Token]:
        """All tokens, in the order they were made."""
        return [_token(row) for row in self._fetch(f"{_TOKEN} ORDER BY number", ())]

    def user(self, name: str) -> User | None:
        """A user by name, or None."""
        try:
            rows = self._fetch(f"{_USER} WHERE name = ?", (name,))
        except UnicodeEncodeError:
            return None  # a lone surrogate, which no stored name has
        return _user(rows[0]) if rows else None

    def put_user(self, user: User) -> None:
        """Keep a user, in place of one with the same name."""

        def job(session: Session) -> None:
            session.execute(
                _PUT_USER,
                (
                    user.name,
                    user.verifier,
                    json.dumps(sorted(user.company_ids)),
                    json.dumps(sorted(user.scopes)),
                    user.created_at,
                    user.revoked_at,
                ),
            )
            session.execute(_CHANGED, ())

        self._write(job)
        self._version_until = 0.0

    def users(self) -> list[User]:
        """All users, by name."""
        return [_user(row) for row in self._fetch(f"{_USER} ORDER BY name", ())]

    def credentials_version(self) -> int:
        """A number that rises whenever a client or token changes.

        At once for changes of this process, within `VERSION_KEPT_S` for those of another.
        """
        now = time.monotonic()
        if now >= self._version_until:
            self._version = self._fetch("SELECT version FROM credentials", ())[0][0]
            self._version_until = now + VERSION_KEPT_S
        return self._version

    def _company(self, statement: str, name: str) -> CompanyId | None:
        found = self._companies.get((statement, name))
        if found is None:
            try:
                rows = self._fetch(statement, (name,))
            except UnicodeEncodeError:
                return None  # a lone surrogate, which no stored name has
            if not rows:
                return None
            found = CompanyId(rows[0][0])
            if len(self._companies) < COMPANIES_KEPT:
                self._companies[statement, name] = found
        return found


def _user(row: Row) -> User:
    name, verifier, company_ids, scopes, *rest = row
    companies = frozenset(map(CompanyId, json.loads(company_ids)))
    return User(name, verifier, companies, frozenset(json.loads(scopes)), *rest)


def _token(row: Row) -> Token:
    hash, kind, client, company_ids, scopes, *rest = row
    return Token(
        hash,
        kind,
        client,
        frozenset(map(CompanyId, json.loads(company_ids))),
        frozenset(json.loads(scopes)),
        *rest,
    )
