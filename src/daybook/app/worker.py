"""The worker: carries out operations, in order within a company.

It asks the store which companies have pending operations, and hands each that is due to the
store's writer as a unit of work of its own, in the order of their numbers; so many of them share
one commit. A unit brings its operation to the end state in the transaction that changes the
books (`Books.end_operation`); wherever the program is stopped, the operation is then either
ended and applied, or still pending and not applied, and whoever starts next finds it.

    worker = OperationWorker(ledger)
    worker.start()          # a thread of its own; or run_once() where there is none
    ...
    worker.close()

It is woken when something is submitted here, and looks by itself every `POLL_SECONDS` for what
other processes have submitted.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Final, cast

from daybook.app.access import OPERATOR
from daybook.app.ledger import Books, Ledger, Refused, refusal_of
from daybook.app.operations import Operation, OperationStatus
from daybook.app.ports import LimitPassed, Overloaded, StoreFailure, Tx
from daybook.domain.ids import CompanyId
from daybook.domain.refusals import RETRYABLE, Refusal

IN_FLIGHT_MAX: Final = 256
"""Operations handed to the writer and not yet ended: four group commits, a quarter of its queue,
so that callers who wait for an answer are not crowded out."""

COMPANY_BATCH_MIN: Final = 16
"""Operations of one company taken in a round even where many companies have some."""

POLL_SECONDS: Final = 1.0
"""How long an operation that another process submitted may go unnoticed."""

PENDING_POLL_SECONDS: Final = 0.05
"""How often to look while some are pending and not due: they come due to within this."""

_log: Final = logging.getLogger(__name__)

Verdict = tuple[Refusal, ...] | None
"""Refusals to fail an operation with, or None to let the ledger judge."""


class OperationWorker:
    """Works off operations. One at a time may run on a store."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._letters: SimpleQueue[tuple[object, object]] = SimpleQueue()
        self._last = CompanyId(0)
        self._wanted = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.ended = {status: 0 for status in OperationStatus if status.value != "pending"}
        """How many operations it has brought to each end state."""
        ledger.hooks.on_work(self.wake)

    def wake(self) -> None:
        """Have a look soon. On any thread."""
        self._wanted.set()

    def start(self) -> None:
        """Run on a thread of its own until closed."""
        assert self._thread is None, "a worker is started once"
        self._thread = threading.Thread(
            target=self.run, args=(self._stopping,), name="operations", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Finish what was begun, and end. What is still pending waits for the next start."""
        self._stopping.set()
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def run(self, stop: threading.Event) -> None:
        """Work off operations as they come, until `stop` is set and `wake` called."""
        while not stop.is_set():
            self._wanted.clear()
            try:
                ended = self.run_once(stop)
                pending = bool(ended) or bool(self._ledger.store.directory.count_pending())
            except StoreFailure as failure:
                _log.warning("operations wait: %s", failure)
                ended, pending = 0, False
            except Exception:  # a fault must not end the thread that acknowledged pushes rely on
                _log.exception("operations wait after a fault")
                ended, pending = 0, False
            if not ended:
                self._wanted.wait(PENDING_POLL_SECONDS if pending else POLL_SECONDS)

    def run_once(self, stop: threading.Event | None = None) -> int:
        """Bring to their end all operations that are due; answers with how many it were.

        Returns early once `stop` is set. Raises `StoreFailure` where the store takes nothing.
        """
        total = 0
        while stop is None or not stop.is_set():
            ended = self._round()
            total += ended
            if not ended:
                break
        if total:
            self._ledger.hooks.wake()
        return total

    def deliver(self, letters: Sequence[tuple[object, object]]) -> None:
        """Take results of the writer: what it was about, and how it ended."""
        for letter in letters:
            self._letters.put(letter)

    def _round(self) -> int:
        """One batch of each company, as far as there is room; how many operations ended."""
        companies = self._ledger.store.directory.companies_with_pending()
        companies.sort(key=lambda company_id: (company_id <= self._last, company_id))
        share = max(COMPANY_BATCH_MIN, IN_FLIGHT_MAX // max(len(companies), 1))
        handed = 0
        try:
            for company_id in companies:
                if handed + share > IN_FLIGHT_MAX:
                    break
                self._last = company_id
                books = Books(self._ledger, company_id, OPERATOR)
                with self._ledger.store.read(company_id) as reader:
                    due = reader.due_operations(self._ledger.clock(), share)
                for operation in due:
                    self._hand_over(books, operation.id, None)
                    handed += 1
        except Overloaded:
            _log.info("operations wait: too many commands are waiting for the writer")
        finally:
            # whatever ended the round: what was handed over comes back, and belongs to this one
            letters = [self._letters.get() for _ in range(handed)]
        return self._collect(letters)

    def _hand_over(self, books: Books, operation_id: str, verdict: Verdict) -> None:
        work = _ending(books, operation_id, verdict)
        ticket = (books, operation_id)
        self._ledger.store.write_soon(books.company_id, work, ticket, self)

    def _collect(self, letters: Sequence[tuple[object, object]]) -> int:
        ended = 0
        for ticket, result in letters:
            books, operation_id = cast("tuple[Books, str]", ticket)
            if isinstance(result, BaseException):
                result = self._failed(books, operation_id, result)
            ended += self._counted(cast("Operation | None", result))
        return ended

    def _counted(self, operation: Operation | None) -> int:
        if operation is None or operation.status is OperationStatus.PENDING:
            return 0
        self.ended[operation.status] += 1
        return 1

    def _failed(self, books: Books, operation_id: str, failure: BaseException) -> Operation | None:
        """What to do about an operation whose transaction was undone; None: try again later."""
        verdict: Verdict = ()
        if isinstance(failure, LimitPassed):
            verdict = refusal_of(failure).refusals
        elif isinstance(failure, StoreFailure) and _may_pass(failure):
            return None
        else:
            _log.error("operation %s met a fault", operation_id, exc_info=failure)
        store = self._ledger.store
        try:
            return store.write(books.company_id, _ending(books, operation_id, verdict))
        except StoreFailure as again:
            if _may_pass(again):
                return None
            _log.exception("operation %s could not be concluded", operation_id)
        except Exception:
            _log.exception("the end of operation %s could not be told", operation_id)
        work = _ending(books, operation_id, verdict, silently=True)
        return store.write(books.company_id, work)


def _ending(
    books: Books, operation_id: str, verdict: Verdict, *, silently: bool = False
) -> Callable[[Tx], Operation | None]:
    """The unit of work that brings an operation to its end."""
    return lambda tx: books.end_operation(tx, operation_id, verdict, silently=silently)


def _may_pass(failure: StoreFailure) -> bool:
    """Whether the same unit of work may succeed later."""
    try:
        refused: Refused = refusal_of(failure)
    except StoreFailure:
        return False
    return all(refusal.code in RETRYABLE for refusal in refused.refusals)
