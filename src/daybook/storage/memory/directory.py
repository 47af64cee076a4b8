"""What is kept across companies: their names, clients and tokens."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from daybook.app.ports import (
    ALL_TOKENS,
    TOKENS_PRUNED_MAX,
    Client,
    CompanyNames,
    NameTaken,
    Token,
    TokensOf,
    TokenTable,
    User,
)
from daybook.domain.ids import CompanyId, Timestamp
from daybook.storage.memory.outbox import MemoryOutbox

T = TypeVar("T")


class MemoryDirectory(MemoryOutbox):
    """Implements `ports.Directory`; may be used on any thread."""

    def __init__(self, pending: Callable[[], Mapping[CompanyId, int]]) -> None:
        """`pending` counts the pending operations of each company that has some."""
        super().__init__()
        self._pending_operations = pending
        self._names: dict[CompanyId, CompanyNames] = {}
        self._clients: dict[str, Client] = {}
        self._tokens: dict[bytes, Token] = {}
        self._numbered = 0
        self._users: dict[str, User] = {}
        self._version = 0

    def company_ids(self) -> list[CompanyId]:
        """All companies, in the order they were made."""
        return list(self._names)

    def names(self, company_id: CompanyId) -> CompanyNames | None:
        """The names of a company, or None."""
        return self._names.get(company_id)

    def by_realm(self, realm: str) -> CompanyId | None:
        """The company with that realm number, or None."""
        return next((id for id, names in self._all_names() if names.realm == realm), None)

    def by_slug(self, slug: str) -> CompanyId | None:
        """The company with that slug, or None."""
        return next((id for id, names in self._all_names() if names.slug == slug), None)

    def by_codat_id(self, codat_id: str) -> CompanyId | None:
        """The company with that Codat id, or None."""
        return next((id for id, names in self._all_names() if names.codat_id == codat_id), None)

    def check_free(self, names: CompanyNames) -> None:
        """Raises `NameTaken` if a company has one of these names."""
        for member, holder in (
            ("slug", self.by_slug(names.slug)),
            ("realm", self.by_realm(names.realm)),
            ("codat_id", self.by_codat_id(names.codat_id)),
        ):
            if holder is not None:
                raise NameTaken(f"the {member} {getattr(names, member)!r} is taken")

    def register(self, company_id: CompanyId, names: CompanyNames) -> None:
        """Let a company be found by its names."""
        with self._lock:
            self._names[company_id] = names

    def client(self, client_id: str) -> Client | None:
        """A client by its id, or None."""
        return self._clients.get(client_id)

    def put_client(self, client: Client) -> None:
        """Keep a client, in place of one with the same id."""
        with self._lock:
            self._clients[client.id] = client
            self._version += 1

    def replace_client(self, kept: Client | None, client: Client) -> bool:
        """Keep a client in place of exactly `kept`; whether it was there like that."""
        with self._lock:
            same = self._clients.get(client.id) == kept
            if same:
                self.put_client(client)
            return same

    def clients(self) -> list[Client]:
        """All clients, by id."""
        return sorted(self._clients.values(), key=lambda client: client.id)

    def user(self, name: str) -> User | None:
        """A user by name, or None."""
        return self._users.get(name)

    def put_user(self, user: User) -> None:
        """Keep a user, in place of one with the same name."""
        with self._lock:
            self._users[user.name] = user
            self._version += 1

    def replace_user(self, kept: User | None, user: User) -> bool:
        """Keep a user in place of exactly `kept`; whether it was there like that."""
        with self._lock:
            same = self._users.get(user.name) == kept
            if same:
                self.put_user(user)
            return same

    def users(self) -> list[User]:
        """All users, by name."""
        return sorted(self._users.values(), key=lambda user: user.name)

    def token(self, token_hash: bytes) -> Token | None:
        """A token by its hash, or None."""
        return self._tokens.get(token_hash)

    def put_token(self, token: Token) -> Token:
        """Keep a token, in place of one with the same hash; answers with its number set."""
        with self._lock:
            kept = self._tokens.get(token.hash)
            self._numbered += kept is None
            number = self._numbered if kept is None else kept.number
            numbered = replace(token, number=number)
            self._tokens[token.hash] = numbered
            self._version += 1
            return numbered

    def tokens(self, of: TokensOf = ALL_TOKENS) -> list[Token]:
        """The tokens of somebody or something, in the order they were made."""
        with self._lock:
            return [token for token in self._tokens.values() if _is_of(token, of)]

    def change_tokens(self, work: Callable[[TokenTable], T]) -> T:
        """Run `work` on the tokens while nobody else changes any, nor users and clients."""
        with self._lock:
            before = dict(self._tokens), self._numbered, dict(self._users), dict(self._clients)
            try:
                return work(self)
            except BaseException:
                self._tokens, self._numbered, self._users, self._clients = before
                raise

    def prune_tokens(
        self, kind: str, expired_by: Timestamp, label: str = "", limit: int = TOKENS_PRUNED_MAX
    ) -> int:
        """Forget tokens of a kind that expired at a time or before it; answers how many."""
        with self._lock:
            found = [
                (token.expires_at, token.hash)
                for token in self._tokens.values()
                if token.kind == kind
                and token.expires_at is not None
                and token.expires_at <= expired_by
                and token.label.startswith(label)
            ]
            gone = sorted(found)[:limit]
            for _, token_hash in gone:
                del self._tokens[token_hash]
            return len(gone)

    def credentials_version(self) -> int:
        """A number that rises whenever a client, user or token changes."""
        return self._version

    def companies_with_pending(self) -> list[CompanyId]:
        """Companies with pending operations."""
        return list(self._pending_operations())

    def count_pending(self) -> int:
        """How many operations are pending in all companies."""
        return sum(self._pending_operations().values())

    def _all_names(self) -> list[tuple[CompanyId, CompanyNames]]:
        return list(self._names.items())


def _is_of(token: Token, of: TokensOf) -> bool:
    return (
        of.client in (None, token.client)
        and of.user in (None, token.user)
        and token.label.startswith(of.label)
        and token.hash.startswith(of.hash)
        and not (of.derived and token.parent is None)
    )
