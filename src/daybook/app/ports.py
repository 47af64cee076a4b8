"""What the application needs of the world, as protocols.

A store keeps the books of many companies. `Reader` and `Tx` are bound to one company when they
are made, and no method takes a company afterwards: above this line a forgotten condition cannot
show one company the data of another.

The port is synchronous: engines stay simple and deterministic, and asynchrony ends at the wires.
What a wire's event loop must not wait for goes through `write_soon`, whose results come back in
a mailbox, one delivery for each group commit.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from decimal import Decimal
from typing import Final, Protocol, TypeVar

from daybook.app.documents import Document, DocumentChange
from daybook.app.operations import Operation
from daybook.app.outbox import Consumer, Delivery, DeliveryCounts, DeliveryState, Message
from daybook.domain.events import Actor, Change, Event
from daybook.domain.ids import AccountId, CompanyId, ContactId, EntryId, Ref, Timestamp
from daybook.domain.model import NEVER, Company, JournalEntry, Reference
from daybook.domain.query import Filter, Query
from daybook.domain.values import value

T = TypeVar("T")


class StoreFailure(Exception):
    """The store could not do its part. Not the caller's mistake."""


class Overloaded(StoreFailure):
    """Too many commands are waiting for the writer. Nothing was done."""


class DeadlinePassed(StoreFailure):
    """The deadline passed: a command was still waiting, or a read going on. Nothing was done."""


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


class DocumentChanged(StoreFailure):
    """A document is not at the version its changer last saw. Nothing was done."""


class StoreCorrupt(StoreFailure):
    """What was read cannot have been written by this store."""


@value
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


@value
class LoggedBody:
    """What an event did to which record, without who did it and the hashes around it."""

    seq: int
    entity: str
    record_id: int
    version: int
    body: bytes


@value
class Total:
    """Sums of the home amounts of the posted lines of one account or contact, in minor units."""

    id: int
    debit: int
    credit: int

    @property
    def balance(self) -> int:
        """Debits less credits."""
        return self.debit - self.credit


@value
class IdempotencyKey:
    """Under what an answer is kept: the wire, whom it counts for, and the caller's key.

    `scope` is a client id, or empty where the wire's keys count for the whole company.
    """

    protocol: str
    scope: str
    key: str


@value
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

    def has_more_lines(self, entry_id: EntryId, than: int) -> bool:
        """Whether an entry has more than so many lines, without reading any: costs `than` steps.

        What decides whether the entry is to be read where others wait.
        """

    def entries(self, query: Query) -> list[JournalEntry]:
        """A page of entries, tombstones included unless the filter excludes them.

        A fixed number of reads, however long the page.
        """

    def count_entries(self, filter: Filter) -> int:
        """How many entries satisfy a filter, exactly."""

    def reference(self, entity: str, record_id: int) -> Reference | None:
        """A reference record by entity name (see `events.entity_of`) and id, or None."""

    def references_by_id(self, entity: str, ids: Collection[int]) -> dict[int, Reference]:
        """The records of one entity with some ids, by id; those that do not exist are left out.

        A fixed number of reads, however many ids.
        """

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

    def contact_totals(self, contact_ids: Sequence[ContactId]) -> list[Total]:
        """The totals of some contacts, in one read; in the order of the ids, each given once."""

    def event(self, seq: int) -> Event | None:
        """An event by its number, or None."""

    def events(self, after: int, limit: int) -> list[Event]:
        """Events numbered above `after`, in order."""

    def logged_bodies(self, after: int, limit: int, bytes_max: int) -> list[LoggedBody]:
        """The bodies of events numbered above `after`, in order: at most `limit` of them, and none
        beyond `bytes_max` but the first.

        For whoever follows the log from end to end; costs a fraction of `events`.
        """

    def history(self, entity: str, record_id: int) -> list[Event]:
        """All events of one record, in order."""

    def recall(self, key: IdempotencyKey) -> Remembered | None:
        """What is kept under an idempotency key, or None."""

    def operation(self, operation_id: str) -> Operation | None:
        """An operation by its id, or None."""

    def operations(self, query: Query) -> list[Operation]:
        """A page of operations; see `query.OPERATION_SORTS` for the orders there are.

        What `bytes_max` bounds is `Operation.size`.
        """

    def count_operations(self, filter: Filter) -> int:
        """How many operations satisfy a filter, exactly."""

    def due_operations(self, now: Timestamp, limit: int) -> list[Operation]:
        """Pending operations to be begun or timed out at a time, in the order of their numbers.

        On any but the latest snapshot, those that have ended since may be missing.
        """


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

    def renew(self, key: IdempotencyKey, remembered: Remembered) -> None:
        """Keep something under an idempotency key in place of what it stood for."""

    def add_operation(self, operation: Operation) -> Operation:
        """Keep a new operation; answers with its number set, and `requested_at` not before that
        of the operation before it. Raises `StoreFailure` if its id is used.
        """

    def end_operation(self, operation: Operation) -> None:
        """Replace a pending operation by what has become of it (also: a new `due_at`).

        Raises `StoreFailure` where it is not pending any more.
        """

    def publish(self, messages: Sequence[Message], at: Timestamp) -> None:
        """Keep a delivery of each message for each consumer that wants it."""

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

    def authors(self, entity: str, record_id: int) -> Sequence[Actor]:
        """On whose behalf a record was made and revised: each once, request ids left out."""

    def is_posted_to(self, account_id: AccountId) -> bool:
        """Whether a live entry has a line on the account."""


Work = Callable[[Tx], T]
"""A unit of work. Runs inside one transaction and may be run again if a group commit is undone
because of another unit, so it changes nothing but through its `Tx`."""


class Mailbox(Protocol):
    """Where results of `write_soon` go. Called from the writer's thread."""

    def deliver(self, letters: Sequence[tuple[object, object]]) -> None:
        """Take pairs of ticket and result. A result that is an exception is the failure."""


@value
class CompanyNames:
    """The names by which a company is addressed; each is unique in the store."""

    slug: str
    realm: str
    codat_id: str


@value
class Client:
    """An application that may ask for tokens. `secret_hash` is SHA-256 of a random secret.

    `company_ids` are the books its tokens open (empty: all), `scopes` what they allow (empty:
    nothing). `options` are words a wire understands, such as `posts-at-once`; `redirects` the
    addresses to which people who let it in are sent back.
    """

    id: str
    name: str
    secret_hash: bytes
    created_at: Timestamp
    revoked_at: Timestamp | None = None
    company_ids: frozenset[CompanyId] = frozenset()
    scopes: frozenset[str] = frozenset()
    options: frozenset[str] = frozenset()
    redirects: tuple[str, ...] = ()


@value
class User:
    """A person who proves with a password who they are.

    `password_hash` holds the parameters of the hash as well, and is opaque here; so is `verifier`,
    which proves the same password to wires that never get to see it (empty: not to them).
    `roles` says what the person is to which company, 0 standing for all that are not named (see
    `roles`). Without any, `company_ids` are the books the person may open (empty: all), `scopes`
    what they may do with them; without scopes they open none. `profile` holds what is known of
    the person besides, by the names of OpenID (`email`, `given_name`).
    """

    name: str
    password_hash: str
    created_at: Timestamp
    company_ids: frozenset[CompanyId] = frozenset()
    scopes: frozenset[str] = frozenset()
    revoked_at: Timestamp | None = None
    verifier: str = ""
    roles: tuple[tuple[CompanyId, str], ...] = ()
    profile: tuple[tuple[str, str], ...] = ()


@value
class Token:
    """A bearer credential. Only its SHA-256 is kept; the token itself is shown once.

    `kind` is `access`, `refresh` or what another wire calls its keys; `company_ids` are the books
    it opens (empty: all), `scopes` what may be done with them. Times as in the model; a token
    without `expires_at` does not expire. `number` identifies it to people. `parent` is the hash of
    the token it was made with, and goes with; None for one that stands for itself.
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
    parent: bytes | None = None


@value
class TokensOf:
    """Which tokens are meant: those that have everything named here; without any, all.

    `label` and `hash` are what theirs begins with; `derived` is for those with a parent.
    """

    client: str | None = None
    user: str | None = None
    label: str = ""
    hash: bytes = b""
    derived: bool = False


ALL_TOKENS: Final = TokensOf()


TOKENS_PRUNED_MAX: Final = 1_000
"""Tokens forgotten in one transaction: some tens of milliseconds, for which all writers wait."""


class TokenTable(Protocol):
    """The tokens of a store, and whom they are made for, as they are read and written."""

    def client(self, client_id: str) -> Client | None:
        """A client by its id, or None."""

    def replace_client(self, kept: Client | None, client: Client) -> bool:
        """Keep a client in place of exactly `kept`; see `replace_user`."""

    def user(self, name: str) -> User | None:
        """A user by name, or None."""

    def replace_user(self, kept: User | None, user: User) -> bool:
        """Keep a user in place of exactly `kept`; False where it is not there like that any more.

        None stands for nobody of that name. Whoever makes a user or changes a part of one does it
        through here: two at a time would undo one another, and bring back somebody who is
        withdrawn meanwhile.
        """

    def token(self, token_hash: bytes) -> Token | None:
        """A token by its hash, or None."""

    def put_token(self, token: Token) -> Token:
        """Keep a token, in place of one with the same hash; answers with its number set."""

    def tokens(self, of: TokensOf = ALL_TOKENS) -> list[Token]:
        """The tokens of somebody or something, in the order they were made. One look-up each,
        whatever other tokens there are.
        """


class ConsumerTable(Protocol):
    """The consumers of messages of a store, as they are read and written."""

    def consumers(self, wire: str | None = None, owner: str | None = None) -> list[Consumer]:
        """The consumers of a wire and an owner, or of all, in the order they were made."""

    def put_consumer(self, consumer: Consumer) -> None:
        """Keep a consumer, in place of one with the same id. Raises `LimitPassed`."""

    def remove_consumer(self, consumer_id: str) -> bool:
        """Remove a consumer and what was still on its way to it; whether there was one."""


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
        """Keep a client, in place of one with the same id, whatever has become of that."""

    def replace_client(self, kept: Client | None, client: Client) -> bool:
        """Keep a client in place of exactly `kept`; see `TokenTable.replace_user`."""

    def clients(self) -> list[Client]:
        """All clients, by id."""

    def user(self, name: str) -> User | None:
        """A user by name, or None."""

    def put_user(self, user: User) -> None:
        """Keep a user, in place of one with the same name, whatever has become of that."""

    def replace_user(self, kept: User | None, user: User) -> bool:
        """Keep a user in place of exactly `kept`; see `TokenTable.replace_user`."""

    def users(self) -> list[User]:
        """All users, by name."""

    def token(self, token_hash: bytes) -> Token | None:
        """A token by its hash, or None."""

    def put_token(self, token: Token) -> Token:
        """Keep a token, in place of one with the same hash; answers with its number set."""

    def tokens(self, of: TokensOf = ALL_TOKENS) -> list[Token]:
        """The tokens of somebody or something, in the order they were made."""

    def prune_tokens(
        self, kind: str, expired_by: Timestamp, label: str = "", limit: int = TOKENS_PRUNED_MAX
    ) -> int:
        """Forget tokens of a kind that expired at a time or before it; answers how many.

        Those alone whose label begins with `label`, and `limit` at most, the first to expire. For
        what lives shortly and is made by the thousand. Numbers are not given again.
        """

    def change_tokens(self, work: Callable[[TokenTable], T]) -> T:
        """Run `work` on the tokens as one transaction: nobody changes them, or any user or client,
        meanwhile.

        It may be run again if its transaction is undone because of another unit of work. What it
        raises undoes what it wrote and is raised here.
        """

    def credentials_version(self) -> int:
        """A number that rises whenever a client, user or token changes, for caches. Cheap."""

    def document(self, wire: str, kind: str, key: str) -> Document | None:
        """A wire's document, or None."""

    def documents(
        self, wire: str, kind: str, after: str = "", limit: int = 100, prefix: str = ""
    ) -> list[Document]:
        """Documents of one kind whose keys begin with `prefix` and come after `after`, by key."""

    def count_documents(self, wire: str, kind: str, prefix: str = "") -> int:
        """How many documents of one kind there are whose keys begin with `prefix`."""

    def put_document(self, document: Document, expected_version: int) -> Document:
        """Keep a document (0: a new one); answers with its version set.

        Raises `DocumentChanged` where what is kept has another version.
        """

    def change_documents(
        self,
        changes: Sequence[DocumentChange],
        messages: Sequence[Message] = (),
        at: Timestamp = NEVER,
    ) -> list[Document | None]:
        """Keep and remove documents and publish messages, all as one.

        Answers with each document as it is now, None for a removed one. Raises
        `DocumentChanged`, after which nothing was done.
        """

    def consumers(self, wire: str | None = None, owner: str | None = None) -> list[Consumer]:
        """The consumers of a wire and an owner, or of all, in the order they were made."""

    def change_consumers(self, work: Callable[[ConsumerTable], T]) -> T:
        """Run `work` on the consumers as one transaction; see `change_tokens`."""

    def wanted_events(self, wire: str) -> frozenset[str]:
        """The types of messages of a wire that any consumer wants. Cheap."""

    def consumer(self, consumer_id: str) -> Consumer | None:
        """A consumer by its id, or None."""

    def put_consumer(self, consumer: Consumer) -> None:
        """Keep a consumer, in place of one with the same id."""

    def remove_consumer(self, consumer_id: str) -> bool:
        """Remove a consumer and what was still on its way to it; whether there was one."""

    def publish(self, messages: Sequence[Message], at: Timestamp) -> None:
        """Keep deliveries of messages that tell of nothing in any books."""

    def due_consumers(self, now: Timestamp) -> list[Consumer]:
        """The enabled consumers with deliveries whose time has come. One read."""

    def due_deliveries(self, consumer_id: str, now: Timestamp, limit: int) -> list[Delivery]:
        """Pending deliveries to a consumer whose time has come, in the order to attempt them:
        those never attempted first, by number.
        """

    def next_attempt(self) -> Timestamp | None:
        """When the first attempt of all pending deliveries to enabled consumers is due."""

    def settle_delivery(self, delivery: Delivery, consumer: Consumer | None = None) -> None:
        """Keep what became of a delivery, and its consumer where that changes with it.

        Does nothing for a delivery that is not there any more.
        """

    def deliveries(
        self, state: DeliveryState | None = None, after: int = 0, limit: int = 100
    ) -> list[Delivery]:
        """Deliveries with numbers above `after`, in order."""

    def company_deliveries(
        self,
        company_id: CompanyId,
        state: DeliveryState | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Delivery]:
        """Deliveries of messages about a company's books with numbers below `before`, the latest
        first.
        """

    def delivery(self, number: int) -> Delivery | None:
        """A delivery by its number, or None."""

    def delivery_counts(self) -> DeliveryCounts:
        """How many deliveries are on their way, and how many dead."""

    def prune_deliveries(self, before: Timestamp, limit: int) -> int:
        """Drop deliveries settled before a time, and those made before it for consumers that are
        disabled; at most about `limit`. How many it were.
        """

    def companies_with_pending(self) -> list[CompanyId]:
        """Companies with pending operations. Cheap where there are none."""

    def count_pending(self) -> int:
        """How many operations are pending in all companies."""


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

    def read(
        self, company_id: CompanyId, deadline: float | None = None
    ) -> AbstractContextManager[Reader]:
        """A snapshot of a company's books that sees every write acknowledged before.

        May be used on any thread, by one at a time. Searches and counts still going on at
        `deadline`, a `time.monotonic()` time, are broken off soon after, with `DeadlinePassed`.
        Raises `UnknownCompany`.
        """

    def writing_since(self) -> Timestamp | None:
        """When the transaction now being written began, by this machine's clock; None if none is.

        Of any process that writes to the store, where the engine can tell, else of this one.
        Changes may carry any time from then on and not be visible yet.
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
