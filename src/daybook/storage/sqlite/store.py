"""The store over one SQLite file.

Reads take a connection from a pool, each in a transaction of its own, on whatever thread asks;
writes go to the one writer (see `writer`). Other processes may write too, so nothing is believed
of what is in memory beyond the head that a transaction has read.

    store = open_store("sqlite:///books.db")     # three slashes: relative; four: absolute
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, TypeVar, cast

import apsw

from daybook.app.ports import (
    CompanyNames,
    DeadlinePassed,
    Mailbox,
    NameTaken,
    Reader,
    StoreFailure,
    Tx,
    UnknownCompany,
    Work,
)
from daybook.domain.chain import GENESIS
from daybook.domain.ids import CompanyId, Timestamp
from daybook.storage.sqlite import checks, schema
from daybook.storage.sqlite.backup import lock_path, take_lock
from daybook.storage.sqlite.connection import Role, check_version, connect, failure_of
from daybook.storage.sqlite.directory import SqliteDirectory
from daybook.storage.sqlite.reader import HEAD, HeadRow, SqliteReader
from daybook.storage.sqlite.references import ReferenceCaches
from daybook.storage.sqlite.turns import Turns
from daybook.storage.sqlite.writer import Session, Writer, in_company

SCHEMES: Final = ("sqlite",)

READERS_KEPT: Final = 8
"""Reading connections kept open. More are opened when needed, and closed after use."""

STEPS_BETWEEN_LOOKS: Final = 250_000
"""Steps of SQLite's between two looks at the deadline of a read, some twenty milliseconds: each
look waits for the interpreter, which others may hold for five."""

T = TypeVar("T")

_ADD_COMPANY: Final = "INSERT INTO company (slug, realm, codat_id) VALUES (?, ?, ?) RETURNING id"
_ADD_HEAD: Final = (
    "INSERT INTO head (company_id, seq, hash, modified_at, reference_seq, totals_seq,"
    " live_pending, live_review, live_posted, deleted_pending, deleted_review, deleted_posted)"
    " VALUES (?, 0, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0)"
)


def path_of(url: str) -> Path:
    """The file a `sqlite:///…` address names. Raises `StoreFailure`."""
    _, slashes, path = url.partition(":///")
    if not slashes or not path:
        raise StoreFailure("a SQLite store's address is sqlite:///file or sqlite:////folder/file")
    return Path(path)


def open_store(url: str) -> "SqliteStore":
    """Open the store at an address, making file and folders if they are not there.

    Raises `StoreFailure` where the file is not a store, or is one of a later version.
    """
    return SqliteStore(path_of(url), url)


class SqliteStore:
    """Books of many companies in one SQLite file."""

    def __init__(self, path: Path, url: str, vfs: str | None = None) -> None:
        """`vfs` names the layer below SQLite, for tests that make it fail."""
        check_version()
        self._path = path
        self._url = url
        self._vfs = vfs
        self._readers: deque[apsw.Connection] = deque()
        self._known: set[CompanyId] = set()
        self._caches = ReferenceCaches()
        self._claim: int | None = None
        self._closed = False
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._turns = Turns(path if vfs is None else None)
        except OSError as error:
            raise StoreFailure(f"{lock_path(path)}: {error.strerror or error}") from error
        try:
            self._connection = connect(path, Role.WRITER, vfs)
            try:
                schema.migrate(self._connection)
            except BaseException:
                self._connection.close()
                raise
        except BaseException as error:
            self._turns.close()
            if isinstance(error, apsw.Error):
                raise failure_of(error, self._path) from error
            raise
        self._writer = Writer(self._connection, self._caches, self._turns)
        self._directory = SqliteDirectory(self._fetch, self._writer.run, self._turns)

    @property
    def url(self) -> str:
        """The address it was opened with."""
        return self._url

    @property
    def path(self) -> Path:
        """The database file."""
        return self._path

    @property
    def directory(self) -> SqliteDirectory:
        """What is kept across companies."""
        return self._directory

    def found_company(self, names: CompanyNames, work: Callable[[CompanyId, Tx], T]) -> T:
        """Register a company and run its first unit of work, in one transaction."""

        def job(session: Session) -> T:
            company_id = _register(session, names)
            tx = session.tx(company_id)
            result = work(company_id, tx)
            if not tx.head().seq:
                raise StoreFailure("a company is founded by appending it")
            return result

        return cast(T, self._writer.run(job))

    def write(self, company_id: CompanyId, work: Work[T], deadline: float | None = None) -> T:
        """Run a unit of work and wait until it is durable."""
        return cast(T, self._writer.run(in_company(company_id, work), deadline))

    def write_soon(
        self,
        company_id: CompanyId,
        work: Work[T],
        ticket: object,
        mailbox: Mailbox,
        deadline: float | None = None,
    ) -> None:
        """Queue a unit of work; the result goes to the mailbox once it is durable."""
        self._writer.submit(in_company(company_id, work), ticket, mailbox, deadline)

    def read(
        self, company_id: CompanyId, deadline: float | None = None
    ) -> AbstractContextManager[Reader]:
        """A snapshot of a company's books. Raises `UnknownCompany`."""
        if company_id not in self._known:
            if self._directory.names(company_id) is None:
                raise UnknownCompany(f"there is no company {company_id}")
            self._known.add(company_id)
        return _Snapshot(self, company_id, deadline)

    def writing_since(self) -> Timestamp | None:
        """When the transaction now being written began, or None."""
        return self._writer.since

    def totals_mismatches(self, company_id: CompanyId) -> Iterator[str]:
        """Kept totals and counters that differ from what lines and events say."""
        with self.snapshot() as connection:
            yield from checks.mismatches(connection, company_id)

    def table_fingerprints(self, company_id: CompanyId) -> dict[str, str]:
        """SHA-256 of a company's rows in each table, in the order of their keys.

        Two stores hold the same books exactly where these are equal: what a rebuild from the
        events is compared by.
        """
        with self.snapshot() as connection:
            return checks.fingerprints(connection, company_id)

    def claim_server(self) -> None:
        """Say that a server runs on this store; raises `StoreFailure` where one does already.

        Holds until the store is closed or the process ends, however it ends.
        """
        self._claim = take_lock(self._path)

    def hand_over_claim(self) -> int | None:
        """The claim as an open file that is the caller's to close: it outlives the store."""
        claim, self._claim = self._claim, None
        return claim

    def claim_background(self) -> bool:
        """Whether this store is the one of all on the file that background work is done through.

        Once it is, it stays so until it is closed or the process ends; then another may be.
        """
        return self._turns.claim_background()

    def describe(self) -> Mapping[str, str]:
        """Engine, version and settings in force, for people."""
        with self.snapshot() as connection:
            settings = {
                name: str(connection.pragma(name))
                for name in ("journal_mode", "page_size", "foreign_keys", "trusted_schema")
            }
        return {
            "engine": "SQLite",
            "version": apsw.sqlite_lib_version(),
            "file": str(self._path),
            "schema": str(schema.VERSION),
            "synchronous": "FULL",
            **settings,
            "writes": self._writer.read_only or "taken",
        }

    def close(self) -> None:
        """Finish what was taken, then let go of everything."""
        if self._closed:
            return
        self._writer.close()
        self._closed = True
        while self._readers:
            self._readers.pop().close()
        with suppress(apsw.Error):
            self._connection.close()
        self._turns.close()
        if self._claim is not None:
            os.close(self._claim)

    def snapshot(self) -> "_Borrowed":
        """A reading connection inside a transaction, for what looks at all companies."""
        return _Borrowed(self)

    def borrow(self) -> apsw.Connection:
        """A reading connection that nobody else uses until it is given back."""
        if self._closed:
            raise StoreFailure("the store is closed")
        try:
            return self._readers.pop()
        except IndexError:
            pass
        try:
            return connect(self._path, Role.READER, self._vfs)
        except apsw.Error as error:
            raise failure_of(error, self._path) from error

    def give_back(self, connection: apsw.Connection) -> None:
        """Take back a connection: ends its transaction, if any.

        One whose snapshot does not end, because somebody holds a statement open, is not kept.
        """
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            stays = connection.txn_state() == apsw.SQLITE_TXN_NONE
        except apsw.Error:
            connection.close()
            return
        if not stays or self._closed or len(self._readers) >= READERS_KEPT:
            connection.close()
        else:
            self._readers.append(connection)

    def _fetch(self, statement: str, parameters: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        connection = self.borrow()
        try:
            return connection.execute(statement, parameters).fetchall()
        except apsw.Error as error:
            raise failure_of(error, self._path) from error
        finally:
            self.give_back(connection)

    @property
    def caches(self) -> ReferenceCaches:
        """Decoded reference records, shared by all who read."""
        return self._caches


class _Borrowed:
    """A reading connection in a transaction, which the first statement's snapshot fixes."""

    __slots__ = ("_connection", "_store")

    def __init__(self, store: SqliteStore) -> None:
        self._store = store

    def __enter__(self) -> apsw.Connection:
        self._connection = self._store.borrow()
        self._connection.execute("BEGIN")
        return self._connection

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._store.give_back(self._connection)
        if isinstance(error, apsw.Error):
            raise failure_of(error, self._store.path) from error


def _until(deadline: float) -> Callable[[], bool]:
    """What SQLite asks now and then; what it raises ends the statement, and is raised by it."""

    def look() -> bool:
        if time.monotonic() > deadline:
            raise DeadlinePassed("the deadline passed while the books were searched")
        return False

    return look


class _Snapshot:
    """`Store.read`: a reader over a borrowed connection.

    The statement that reads the head is left open, and holds the snapshot for those that follow, as
    SQLite does while any statement is: BEGIN and ROLLBACK would be two more for each read.
    """

    __slots__ = ("_company_id", "_connection", "_deadline", "_head", "_reader", "_store")

    def __init__(self, store: SqliteStore, company_id: CompanyId, deadline: float | None) -> None:
        self._store = store
        self._company_id = company_id
        self._deadline = deadline

    def __enter__(self) -> SqliteReader:
        store = self._store
        connection = self._connection = store.borrow()
        try:
            self._head = connection.execute(HEAD, (self._company_id,))
            row = self._head.fetchone()
            if row is None:
                raise UnknownCompany(f"there is no company {self._company_id}")
        except BaseException as error:
            store.give_back(connection)
            if isinstance(error, apsw.Error):
                raise failure_of(error, store.path) from error
            raise
        if self._deadline is not None:
            connection.set_progress_handler(_until(self._deadline), STEPS_BETWEEN_LOOKS)
        reader = SqliteReader(connection, self._company_id, store.caches, HeadRow.of(row))
        self._reader = reader
        return reader

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._reader.end()
        if self._deadline is not None:
            self._connection.set_progress_handler(None)
        self._head.close(True)
        self._store.give_back(self._connection)
        if isinstance(error, apsw.Error):
            raise failure_of(error, self._store.path) from error


def _register(session: Session, names: CompanyNames) -> CompanyId:
    """A row in the directory and an empty log. Raises `NameTaken`."""
    for column, name in (
        ("slug", names.slug),
        ("realm", names.realm),
        ("codat_id", names.codat_id),
    ):
        statement = f"SELECT 1 FROM company WHERE {column} = ?"
        if session.connection.execute(statement, (name,)).fetchone() is not None:
            raise NameTaken(f"another company has the {column} {name!r}")
    row = (names.slug, names.realm, names.codat_id)
    added = session.execute(_ADD_COMPANY, row).fetchone()
    assert added is not None
    company_id = CompanyId(added[0])
    session.execute(_ADD_HEAD, (company_id, GENESIS))
    return company_id
