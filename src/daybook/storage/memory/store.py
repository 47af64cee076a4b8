"""The memory store: opening, reading, writing, closing.

One lock lets one unit of work run at a time; readers take none (see `versions`). A unit runs on
the thread that brings it, `write_soon` included, whose result is in the mailbox before it returns.
Nothing waits in a queue, so nothing is ever refused for being too much.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Final, TypeVar

from daybook.app.ports import (
    CompanyNames,
    DeadlinePassed,
    Mailbox,
    Reader,
    StoreFailure,
    Tx,
    UnknownCompany,
    Work,
)
from daybook.domain.ids import CompanyId, Timestamp
from daybook.storage.memory import checks
from daybook.storage.memory.books import Books
from daybook.storage.memory.directory import MemoryDirectory
from daybook.storage.memory.reader import Snapshot
from daybook.storage.memory.tx import Transaction

T = TypeVar("T")

SCHEMES: Final = ("memory",)
"""Schemes of the addresses this engine answers to."""

_URL: Final = "memory://"


def open_store(url: str = _URL) -> "MemoryStore":
    """A new, empty store. Raises `StoreFailure` for an address that names a place."""
    if url.removeprefix(f"{SCHEMES[0]}:").strip("/"):
        raise StoreFailure(f"nothing can follow {_URL}: what is in memory has no name")
    return MemoryStore()


class MemoryStore:
    """Implements `ports.Store`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._books: dict[CompanyId, Books] = {}
        self._directory = MemoryDirectory(self._pending)
        self._closed = False

    @property
    def url(self) -> str:
        """The address of every memory store."""
        return _URL

    @property
    def directory(self) -> MemoryDirectory:
        """What is kept across companies."""
        return self._directory

    def found_company(self, names: CompanyNames, work: Callable[[CompanyId, Tx], T]) -> T:
        """Register a company and run its first unit of work, in one transaction.

        Raises `NameTaken`, and `StoreFailure` for work that does not append the company.
        """
        with self._lock:
            self._check_open()
            self._directory.check_free(names)
            books = Books(CompanyId(len(self._books) + 1))

            def first(tx: Tx) -> T:
                result = work(books.company_id, tx)
                if not tx.head().seq:
                    raise StoreFailure("a company is founded by appending it")
                return result

            result = self._run(books, first)
            self._books[books.company_id] = books
            self._directory.register(books.company_id, names)
            return result

    def write(self, company_id: CompanyId, work: Work[T], deadline: float | None = None) -> T:
        """Run a unit of work. What it raises undoes what it wrote and is raised here."""
        with self._lock:
            self._check_open()
            if deadline is not None and time.monotonic() > deadline:
                raise DeadlinePassed("the deadline passed while the command was waiting")
            return self._run(self._of(company_id), work)

    def write_soon(
        self,
        company_id: CompanyId,
        work: Work[T],
        ticket: object,
        mailbox: Mailbox,
        deadline: float | None = None,
    ) -> None:
        """Run a unit of work, and deliver its result or failure before returning."""
        self._check_open()
        result: object
        try:
            result = self.write(company_id, work, deadline)
        except Exception as failure:
            result = failure
        mailbox.deliver([(ticket, result)])

    def read(
        self, company_id: CompanyId, deadline: float | None = None
    ) -> AbstractContextManager[Reader]:
        """A snapshot of a company's books as of the last commit."""
        self._check_open()
        return nullcontext(Snapshot(self._of(company_id), deadline))

    def writing_since(self) -> Timestamp | None:
        """Never: what is written is visible at once."""
        return None

    def totals_mismatches(self, company_id: CompanyId) -> Iterator[str]:
        """Kept totals and counters that differ from what the entries say, one text each."""
        self._check_open()
        return checks.mismatches(self._of(company_id))

    def table_fingerprints(self, company_id: CompanyId) -> dict[str, str]:
        """SHA-256 of each table's rows, to compare with those of books rebuilt from events."""
        self._check_open()
        return checks.fingerprints(self._of(company_id))

    def describe(self) -> Mapping[str, str]:
        """Engine and settings in force, for people."""
        return {"engine": "memory", "durability": "none: ends with the process"}

    def claim_server(self) -> None:
        """Does nothing: no other process can see this store."""

    def close(self) -> None:
        """Refuse further use. A unit of work under way is finished first."""
        with self._lock:
            self._closed = True

    def _of(self, company_id: CompanyId) -> Books:
        books = self._books.get(company_id)
        if books is None:
            raise UnknownCompany(f"no company {company_id}")
        return books

    def _check_open(self) -> None:
        if self._closed:
            raise StoreFailure("the store is closed")

    def _run(self, books: Books, work: Work[T]) -> T:
        tx = Transaction(books)
        try:
            result = work(tx)
            tx.commit()
        except BaseException:
            tx.undo()
            raise
        for messages, at in tx.messages:
            self._directory.publish_of(books.company_id, messages, at)
        return result

    def _pending(self) -> dict[CompanyId, int]:
        """How many operations are pending, by company."""
        with self._lock:
            return {id: len(books.pending) for id, books in self._books.items() if books.pending}
