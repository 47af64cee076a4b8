"""What the store keeps across companies: their names, clients and tokens.

Everything is read from the tables each time: a look-up by a unique index takes some microseconds,
and another process may have changed it.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from daybook.app.ports import Client, CompanyNames, Token
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
_CHANGED: Final = "UPDATE credentials SET version = version + 1"


class SqliteDirectory:
    """Names of companies, clients and tokens."""

    def __init__(self, fetch: Fetch, write: Callable[[Job], object]) -> None:
        self._fetch = fetch
        self._write = write

    def company_ids(self) -> list[CompanyId]:
        """All companies, in the order they were made."""
        return [row[0] for row in self._fetch("SELECT id FROM company ORDER BY id", ())]

    def names(self, company_id: CompanyId) -> CompanyNames | None:
        """The names of a company, or None."""
        if not can_be_number(company_id):
            return None
        rows = self._fetch("SELECT slug, realm, codat_id FROM company WHERE id = ?", (company_id,))
        return CompanyNames(*rows[0]) if rows else None

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
        assert isinstance(kept, Token)
        return kept

    def tokens(self) -> list[Token]:
        """All tokens, in the order they were made."""
        return [_token(row) for row in self._fetch(f"{_TOKEN} ORDER BY number", ())]

    def credentials_version(self) -> int:
        """A number that rises whenever a client or token changes: one row of one page."""
        version: int = self._fetch("SELECT version FROM credentials", ())[0][0]
        return version

    def _company(self, statement: str, name: str) -> CompanyId | None:
        try:
            rows = self._fetch(statement, (name,))
        except UnicodeEncodeError:
            return None  # a lone surrogate, which no stored name has
        return rows[0][0] if rows else None


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
