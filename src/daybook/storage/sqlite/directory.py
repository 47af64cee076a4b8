"""What the store keeps across companies: their names, clients and tokens.

Each request asks here twice or more, so what cannot change is kept in memory, and whether
credentials have changed is told by whoever changes them. All else is read from the tables, since
another process may have changed it.
"""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final, TypeVar, cast

from daybook.app.ports import (
    ALL_TOKENS,
    TOKENS_PRUNED_MAX,
    Client,
    CompanyNames,
    Token,
    TokensOf,
    TokenTable,
    User,
)
from daybook.domain.ids import CompanyId, Timestamp
from daybook.storage.sqlite.deliveries import Row
from daybook.storage.sqlite.outbox import Fetch, SqliteOutbox
from daybook.storage.sqlite.reader import can_be_number
from daybook.storage.sqlite.turns import Turns
from daybook.storage.sqlite.writer import Job, Session

T = TypeVar("T")

_TOKEN: Final = (
    "SELECT hash, kind, client, company_ids, scopes, created_at, label, user, expires_at,"
    " revoked_at, number, parent FROM token"
)
_PUT_TOKEN: Final = (
    "INSERT INTO token (hash, kind, client, company_ids, scopes, created_at, label, user,"
    " expires_at, revoked_at, parent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (hash) DO UPDATE SET kind = excluded.kind, client = excluded.client,"
    " company_ids = excluded.company_ids, scopes = excluded.scopes,"
    " created_at = excluded.created_at, label = excluded.label, user = excluded.user,"
    " expires_at = excluded.expires_at, revoked_at = excluded.revoked_at,"
    " parent = excluded.parent RETURNING number"
)
_PUT_CLIENT: Final = (
    "INSERT OR REPLACE INTO client (id, name, secret_hash, created_at, revoked_at, company_ids,"
    " scopes, options, redirects) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_CLIENT: Final = (
    "SELECT id, name, secret_hash, created_at, revoked_at, company_ids, scopes, options, redirects"
    " FROM client"
)
_PUT_USER: Final = (
    "INSERT OR REPLACE INTO user (name, password_hash, created_at, company_ids, scopes,"
    " revoked_at, verifier, roles, profile) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_USER: Final = (
    "SELECT name, password_hash, created_at, company_ids, scopes, revoked_at, verifier, roles,"
    " profile FROM user"
)
_PRUNE: Final = (
    "DELETE FROM token WHERE number IN (SELECT number FROM token WHERE kind = ? AND expires_at <= ?"
    " AND substr(label, 1, length(?)) = ? ORDER BY expires_at LIMIT ?) RETURNING number"
)
_AFTER_ALL_TEXT: Final = "\U0010ffff"
_AFTER_ALL_HASHES: Final = b"\xff" * 32
"""What sorts after whatever a text or a hash goes on with."""
_CHANGED: Final = "UPDATE credentials SET version = version + 1"


COMPANIES_KEPT: Final = 10_000
"""Companies whose names are kept in memory; the others are looked up each time."""

VERSION_KEPT_S: Final = 0.05
"""Seconds for which credentials another process has changed may still count: each request asks."""


class SqliteDirectory(SqliteOutbox):
    """Names of companies, clients and tokens; the rest is in `outbox`."""

    def __init__(
        self, fetch: Fetch, write: Callable[[Job], object], turns: Turns | None = None
    ) -> None:
        super().__init__(fetch, write)
        self._turns = turns or Turns(None)
        # a company keeps its names for good, so what was found once need not be looked up again
        self._names: dict[CompanyId, CompanyNames] = {}
        self._companies: dict[tuple[str, str], CompanyId] = {}
        self._version = 0
        self._version_until = 0.0
        self._version_at = -1

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
        rows = self._fetch_named(f"{_CLIENT} WHERE id = ?", client_id)
        return _client(rows[0]) if rows else None

    def put_client(self, client: Client) -> None:
        """Keep a client, in place of one with the same id."""
        self._write(lambda session: _put_client(session, client))
        self._version_until = 0.0

    def replace_client(self, kept: Client | None, client: Client) -> bool:
        """Keep a client in place of exactly `kept`; whether it was there like that."""
        return self.change_tokens(lambda table: table.replace_client(kept, client))

    def clients(self) -> list[Client]:
        """All clients, by id."""
        return [_client(row) for row in self._fetch(f"{_CLIENT} ORDER BY id", ())]

    def user(self, name: str) -> User | None:
        """A user by name, or None."""
        rows = self._fetch_named(f"{_USER} WHERE name = ?", name)
        return _user(rows[0]) if rows else None

    def put_user(self, user: User) -> None:
        """Keep a user, in place of one with the same name."""
        self._write(lambda session: _put_user(session, user))
        self._version_until = 0.0

    def replace_user(self, kept: User | None, user: User) -> bool:
        """Keep a user in place of exactly `kept`; whether it was there like that."""
        return self.change_tokens(lambda table: table.replace_user(kept, user))

    def users(self) -> list[User]:
        """All users, by name."""
        return [_user(row) for row in self._fetch(f"{_USER} ORDER BY name", ())]

    def token(self, token_hash: bytes) -> Token | None:
        """A token by its hash, or None."""
        rows = self._fetch(f"{_TOKEN} WHERE hash = ?", (token_hash,))
        return _token(rows[0]) if rows else None

    def put_token(self, token: Token) -> Token:
        """Keep a token, in place of one with the same hash; answers with its number set."""
        return self.change_tokens(lambda table: table.put_token(token))

    def change_tokens(self, work: Callable[[TokenTable], T]) -> T:
        """Run `work` on the tokens inside the writer's transaction."""
        result = self._write(lambda session: work(_Tokens(session)))
        self._version_until = 0.0
        return cast(T, result)

    def tokens(self, of: TokensOf = ALL_TOKENS) -> list[Token]:
        """The tokens of somebody or something, in the order they were made."""
        statement, values = tokens_statement(of)
        try:
            return [_token(row) for row in self._fetch(statement, values)]
        except UnicodeEncodeError:
            return []  # a lone surrogate, which no stored name has

    def prune_tokens(
        self, kind: str, expired_by: Timestamp, label: str = "", limit: int = TOKENS_PRUNED_MAX
    ) -> int:
        """Forget tokens of a kind that expired at a time or before it; answers how many.

        Nobody believes them any more, so the version stays and no cache is emptied.
        """

        def job(session: Session) -> int:
            return len(session.execute(_PRUNE, (kind, expired_by, label, label, limit)).fetchall())

        pruned = self._write(job)
        assert isinstance(pruned, int)
        return pruned

    def credentials_version(self) -> int:
        """A number that rises whenever a client, user or token changes.

        At once where the processes share their turns (see `turns`), else at once for changes of
        this process and within `VERSION_KEPT_S` for those of another.
        """
        now, changes = time.monotonic(), self._turns.credentials
        if now >= self._version_until or changes != self._version_at:
            self._version_at = changes
            self._version = self._fetch("SELECT version FROM credentials", ())[0][0]
            self._version_until = now + VERSION_KEPT_S
        return self._version

    def _fetch_named(self, statement: str, name: str) -> list[Row]:
        try:
            return self._fetch(statement, (name,))
        except UnicodeEncodeError:
            return []  # a lone surrogate, which no stored name has

    def _company(self, statement: str, name: str) -> CompanyId | None:
        found = self._companies.get((statement, name))
        if found is None:
            rows = self._fetch_named(statement, name)
            if not rows:
                return None
            found = CompanyId(rows[0][0])
            if len(self._companies) < COMPANIES_KEPT:
                self._companies[statement, name] = found
        return found


class _Tokens:
    """Tokens, users and clients inside a transaction of the writer."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def client(self, client_id: str) -> Client | None:
        row = self._named(f"{_CLIENT} WHERE id = ?", client_id)
        return None if row is None else _client(row)

    def replace_client(self, kept: Client | None, client: Client) -> bool:
        same = self.client(client.id) == kept
        if same:
            _put_client(self._session, client)
        return same

    def user(self, name: str) -> User | None:
        row = self._named(f"{_USER} WHERE name = ?", name)
        return None if row is None else _user(row)

    def replace_user(self, kept: User | None, user: User) -> bool:
        same = self.user(user.name) == kept
        if same:
            _put_user(self._session, user)
        return same

    def token(self, token_hash: bytes) -> Token | None:
        statement = f"{_TOKEN} WHERE hash = ?"
        row = self._session.connection.execute(statement, (token_hash,)).fetchone()
        return None if row is None else _token(row)

    def put_token(self, token: Token) -> Token:
        row = self._session.execute(
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
                token.parent,
            ),
        ).fetchone()
        assert row is not None
        _changed(self._session)
        return replace(token, number=row[0])

    def tokens(self, of: TokensOf = ALL_TOKENS) -> list[Token]:
        statement, values = tokens_statement(of)
        try:
            return [_token(row) for row in self._session.connection.execute(statement, values)]
        except UnicodeEncodeError:
            return []  # a lone surrogate, which no stored name has

    def _named(self, statement: str, name: str) -> Row | None:
        try:
            return self._session.connection.execute(statement, (name,)).fetchone()
        except UnicodeEncodeError:
            return None  # a lone surrogate, which no stored name has


def tokens_statement(of: TokensOf) -> tuple[str, tuple[str | bytes, ...]]:
    """The statement that finds some tokens, and its values. Beginnings are ranges of an index."""
    conditions: list[str] = []
    values: list[str | bytes] = []
    for column, name in (("client", of.client), ("user", of.user)):
        if name is not None:
            conditions.append(f"{column} = ?")
            values.append(name)
    if of.label:
        conditions.append("label >= ? AND label < ?")
        values += [of.label, of.label + _AFTER_ALL_TEXT]
    if of.hash:
        conditions.append("hash >= ? AND hash <= ?")
        values += [of.hash, of.hash + _AFTER_ALL_HASHES]
    if of.derived:
        conditions.append("parent IS NOT NULL")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"{_TOKEN}{where} ORDER BY number", tuple(values)


def _changed(session: Session) -> None:
    """Note that credentials have changed, in the tables and for who is told once it is durable."""
    session.execute(_CHANGED, ())
    session.credentials_changed = True


def _put_client(session: Session, client: Client) -> None:
    session.execute(
        _PUT_CLIENT,
        (
            client.id,
            client.name,
            client.secret_hash,
            client.created_at,
            client.revoked_at,
            json.dumps(sorted(client.company_ids)),
            json.dumps(sorted(client.scopes)),
            json.dumps(sorted(client.options)),
            json.dumps(client.redirects),
        ),
    )
    _changed(session)


def _put_user(session: Session, user: User) -> None:
    session.execute(
        _PUT_USER,
        (
            user.name,
            user.password_hash,
            user.created_at,
            json.dumps(sorted(user.company_ids)),
            json.dumps(sorted(user.scopes)),
            user.revoked_at,
            user.verifier,
            json.dumps(user.roles),
            json.dumps(user.profile),
        ),
    )
    _changed(session)


def _client(row: Row) -> Client:
    client_id, name, secret_hash, created_at, revoked_at, company_ids, scopes, *more = row
    options, redirects = more
    return Client(
        client_id,
        name,
        secret_hash,
        created_at,
        revoked_at,
        frozenset(map(CompanyId, json.loads(company_ids))),
        frozenset(json.loads(scopes)),
        frozenset(json.loads(options)),
        tuple(json.loads(redirects)),
    )


def _user(row: Row) -> User:
    name, password_hash, created_at, company_ids, scopes, revoked_at, *more = row
    verifier, roles, profile = more
    return User(
        name,
        password_hash,
        created_at,
        frozenset(map(CompanyId, json.loads(company_ids))),
        frozenset(json.loads(scopes)),
        revoked_at,
        verifier,
        tuple((CompanyId(company_id), role) for company_id, role in json.loads(roles)),
        tuple((name, text) for name, text in json.loads(profile)),
    )


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
