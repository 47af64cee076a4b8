"""What the application needs of the world, as protocols.

A store keeps the books of many companies. `Reader` and `Tx` are bound to one company when they
are made, and no method takes a company afterwards: above this line a forgotten condition cannot
show one company the data of another.

The port is synchronous: engines stay simple and deterministic, and asynchrony ends at the wires.
What a wire's event loop must not wait for goes through `write_soon`, whose results come back in
a mailbox, one delivery for each group commit.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol, TypeVar

from daybook.domain.events import Change, Event
from daybook.domain.ids import AccountId, CompanyId, ContactId, EntryId, Ref, Timestamp
from daybook.domain.model import Company, JournalEntry, Reference
from daybook.domain.query import Filter, Query

T = TypeVar("T")


class StoreFailure(Exception):
    """The store could not do its part. Not the caller's mistake."""


class Overloaded(StoreFailure):
    """Too many commands are waiting for the writer. Nothing was done."""


class DeadlinePassed(StoreFailure):
    """The deadline passed while the command was waiting. Nothing was done."""


class OutcomeUnknown(StoreFailure):
    """Committing failed: the command may or may not have been kept."""


class ReadOnly(StoreFailure):
    """The store takes no more writes until it is opened again."""


class UnknownCompany(StoreFailure):
    """No books with that id."""


class NameTaken(StoreFailure):
    """Another company has one of the names."""


class LimitPassed(StoreFailure):
    """A total would pass `limits.TOTAL_MAX`. Nothing was done."""


class StoreCorrupt(StoreFailure):
    """What was read cannot have been written by this store."""


@dataclass(frozen=True, slots=True)
class Head:
    """Where a company's log stands. Locked by whoever writes, so writes are serial.

    `reference_seq` is the number of the last event that changed the company itself or a reference
    record: what is cached of those is valid while it stays.
    """

    seq: int
    hash: bytes
    modified_at: Timestamp
    reference_seq: int
    entries_live: int
    entries_deleted: int


@dataclass(frozen=True, slots=True)
class Total:
    """Sums of the home amounts of the posted lines of one account or contact, in minor units."""

    id: int
    debit: int
    credit: int

    @property
    def balance(self) -> int:
        """Debits less credits."""
        return self.debit - self.credit


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """Under what an answer is kept: the wire, whom it counts for, and the caller's key.

    `scope` is a client id, or empty where the wire's keys count for the whole company.
    """

    protocol: str
    scope: str
    key: str


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is kept under an idempotency key.

    Either the numbers of the first and last event of what was committed, or the answer a wire
    asked to have remembered (a refusal, in the wire's own bytes). `digest` is that of the
    command, empty where the wire does not compare.
    """

    at: Timestamp
    digest: bytes = b""
    first_seq: int | None = None
    last_seq: int | None = None
    answer: bytes | None = None


class Reader(Protocol):
    """One company's books at one moment. Valid inside the `with` block it was made by."""

    @property
    def company(self) -> Company:
        """The company, with its settings."""

    def head(self) -> Head:
        """Where the log stands in this snapshot."""

    def entry(self, entry_id: EntryId) -> JournalEntry | None:
        """An entry, tombstones included, or None."""

    def entries(self, query: Query) -> list[JournalEntry]:
        """A page of entries, tombstones included unless the filter excludes them.

        A fixed number of reads, however long the page.
        """

    def count_entries(self, filter: Filter) -> int:
        """How many entries satisfy a filter, exactly."""

    def reference(self, entity: str, record_id: int) -> Reference | None:
        """A reference record by entity name (see `events.entity_of`) and id, or None."""

    def references(self, entity: str, query: Query) -> list[Reference]:
        """A page of reference records of one entity."""

    def count_references(self, entity: str, filter: Filter) -> int:
        """How many reference records of an entity satisfy a filter, exactly."""

    def account_totals(self, as_of: date | None = None) -> list[Total]:
        """Totals by account, of entries dated up to `as_of` (inclusive; None: all).

        Costs in proportion to accounts, not to entries. Accounts never posted to are left out;
        sorted by account id.
        """

    def account_total(self, account_id: AccountId) -> Total:
        """The total of one account over all entries."""

    def contact_total(self, contact_id: ContactId) -> Total:
        """The total of one contact over its lines on receivable and payable accounts."""

    def event(self, seq: int) -> Event | None:
        """An event by its number, or None."""

    def events(self, after: int, limit: int) -> list[Event]:
        """Events numbered above `after`, in order."""

    def history(self, entity: str, record_id: int) -> list[Event]:
        """All events of one record, in order."""

    def recall(self, key: IdempotencyKey) -> Remembered | None:
        """What is kept under an idempotency key, or None."""


class Tx(Reader, Protocol):
    """A reader that may also write, inside a company's write lock.

    Sees its own writes. Everything appended becomes visible and durable together or not at all.
    """

    def append(self, event: Event, change: Change) -> None:
        """Keep an event and bring tables, counters, totals and the head up to it.

        Refuses, by an exception that ends the transaction, an entry whose lines do not balance:
        the guard behind the ledger's own rule.
        """

    def remember(self, key: IdempotencyKey, remembered: Remembered) -> None:
        """Keep something under an idempotency key that is not yet used."""

    def next_id(self, entity: str) -> int:
        """The id the next record of an entity gets: one above the highest ever used."""

    def reserve_ids(self, entity: str, count: int) -> int:
        """Set aside ids that `next_id` gives to nobody from now on; answers with the first.

        Those that are never used stay unused: ids may have gaps, and are never given twice.
        """

    def find(self, entity: str, ref: Ref) -> Sequence[Reference]:
        """The records a reference may mean, at most two.

        By name: those whose full name equals it (ASCII case apart), else those whose own name
        does. Active records hide inactive ones.
        """

    def children(self, entity: str, record_id: int) -> Sequence[Reference]:
        """The records directly below one."""

    def doc_number_holder(self, doc_number: str) -> EntryId | None:
        """The lowest-numbered live entry with this document number (ASCII case apart), or None."""

    def highest_doc_number(self) -> int:
        """The highest document number among live entries that is digits only, or 0."""

    def rate(self, currency: str, on: date) -> Decimal | None:
        """The exchange rate in force on a day: the latest `as_of` not after it, or None."""

    def is_posted_to(self, account_id: AccountId) -> bool:
        """Whether a live entry has a line on the account."""


Work = Callable[[Tx], T]
"""A unit of work. Runs inside one transaction and may be run again if a group commit is undone
because of another unit, so it changes nothing but through its `Tx`."""


class Mailbox(Protocol):
    """Where results of `write_soon` go. Called from the writer's thread."""

    def deliver(self, letters: Sequence[tuple[object, object]]) -> None:
        """Take pairs of ticket and result. A result that is an exception is the failure."""


@dataclass(frozen=True, slots=True)
class CompanyNames:
    """The names by which a company is addressed; each is unique in the store."""

    slug: str
    realm: str
    codat_id: str


@dataclass(frozen=True, slots=True)
class Client:
    """An application that may ask for tokens. `secret_hash` is SHA-256 of a random secret."""

    id: str
    name: str
    secret_hash: bytes
    created_at: Timestamp
    revoked_at: Timestamp | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer credential. Only its SHA-256 is kept; the token itself is shown once.

    `kind` is `access`, `refresh` or what another wire calls its keys; `company_ids` are the books
    it opens (empty: all), `scopes` what may be done with them. Times as in the model; a token
    without `expires_at` does not expire. `number` identifies it to people.
    """

    hash: bytes
    kind: str
    client: str
    company_ids: frozenset[CompanyId]
    scopes: frozenset[str]
    created_at: Timestamp
    label: str = ""
    user: str | None = None
    expires_at: Timestamp | None = None
    revoked_at: Timestamp | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who signs in with a password, of which only a verifier is kept.

    `company_ids` are the books they open (empty: all), `scopes` what they may do with them.
    """

    name: str
    verifier: str
    company_ids: frozenset[CompanyId]
    scopes: frozenset[str]
    created_at: Timestamp
    revoked_at: Timestamp | None = None


class Directory(Protocol):
    """What a store keeps across companies: their names, and credentials."""

    def company_ids(self) -> list[CompanyId]:
        """All companies, in the order they were made."""

    def names(self, company_id: CompanyId) -> CompanyNames | None:
        """The names of a company, or None."""

    def by_realm(self, realm: str) -> CompanyId | None:
        """The company with that realm number, or None."""

    def by_slug(self, slug: str) -> CompanyId | None:
        """The company with that slug, or None."""

    def by_codat_id(self, codat_id: str) -> CompanyId | None:
        """The company with that Codat id, or None."""

    def client(self, client_id: str) -> Client | None:
        """A client by its id, or None."""

    def put_client(self, client: Client) -> None:
        """Keep a client, in place of one with the same id."""

    def token(self, token_hash: bytes) -> Token | None:
        """A token by its hash, or None."""

    def put_token(self, token: Token) -> Token:
        """Keep a token, in place of one with the same hash; answers with its number set."""

    def tokens(self) -> list[Token]:
        """All tokens, in the order they were made."""

    def user(self, name: str) -> User | None:
        """A user by name, or None."""

    def put_user(self, user: User) -> None:
        """Keep a user, in place of one with the same name."""

    def users(self) -> list[User]:
        """All users, by name."""

    def credentials_version(self) -> int:
        """A number that rises whenever a client or token changes, for caches. Cheap."""


class Store(Protocol):
    """Books of many companies, in one engine."""

    @property
    def url(self) -> str:
        """The address it was opened with, without credentials."""

    @property
    def directory(self) -> Directory:
        """What is kept across companies."""

    def found_company(self, names: CompanyNames, work: Callable[[CompanyId, Tx], T]) -> T:
        """Register a company and run its first unit of work, in one transaction.

        The `Tx` has an empty log; `company` may not be asked before the work has appended the
        company itself. Raises `NameTaken`.
        """

    def write(self, company_id: CompanyId, work: Work[T], deadline: float | None = None) -> T:
        """Run a unit of work and wait until it is durable.

        `deadline` is a `time.monotonic()` time after which the work is not begun. Raises
        `StoreFailure`; what `work` raises undoes its transaction and is raised here.
        """

    def write_soon(
        self,
        company_id: CompanyId,
        work: Work[T],
        ticket: object,
        mailbox: Mailbox,
        deadline: float | None = None,
    ) -> None:
        """Like `write`, but returns at once; the result goes to the mailbox once durable.

        Raises `Overloaded` or `ReadOnly` if it is not even taken.
        """

    def read(self, company_id: CompanyId) -> AbstractContextManager[Reader]:
        """A snapshot of a company's books that sees every write acknowledged before.

        May be used on any thread, by one at a time. Raises `UnknownCompany`.
        """

    def totals_mismatches(self, company_id: CompanyId) -> Iterator[str]:
        """Kept totals and counters that differ from what the lines say, one text each."""

    def table_fingerprints(self, company_id: CompanyId) -> Mapping[str, str]:
        """A digest of each kind of row a company has, equal between stores with equal books.

        For comparing a store with one rebuilt from its events; costs a scan of everything.
        """

    def describe(self) -> Mapping[str, str]:
        """Engine, version and settings in force, for people."""

    def close(self) -> None:
        """Finish what was taken, then let go of everything."""


class Clock(Protocol):
    """The time, passed in so that tests and simulations own it."""

    def __call__(self) -> Timestamp:
        """Now."""
