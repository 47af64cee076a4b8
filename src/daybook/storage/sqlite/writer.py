"""The writer: one thread, one connection, group commits.

Units of work wait in a queue. The writer takes what is there, runs it in one transaction, commits
once and only then answers: however many callers wait, the disk is synced once for them all.

Answering wakes threads that want the interpreter just when the next group wants it, and two that
get in each other's way cost a fifth of the processor time of an entry. So while other units wait,
answers are held back until the next COMMIT, which leaves the interpreter to whoever is woken: for
`HELD_BACK_S` and one unit at most, and never for another process's turn or a chore.

There are no savepoints; it is assumed that units do not fail after they have written, and put
right when they do. A unit's verdict must rest on what is committed with it or before it, so:

- A unit that fails before it wrote anything has simply failed.
- If it had written, the transaction is undone. Where it was alone in writing, that is all.
  Otherwise those before it are run again and committed, and it is run again after them.
- If the gathered rows or the commit are refused (an entry that does not balance, a total beyond
  its bound), each unit is run again in a transaction of its own: only the culprit fails.

After an I/O error nothing is known of the pages that were being written, so the store stops
taking writes until it is opened again.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Any, Final, Protocol

import apsw

from daybook.app.outbox import Audience, Message
from daybook.app.ports import (
    DeadlinePassed,
    LimitPassed,
    Mailbox,
    OutcomeUnknown,
    Overloaded,
    ReadOnly,
    StoreCorrupt,
    StoreFailure,
    Tx,
)
from daybook.domain.ids import CompanyId, Timestamp
from daybook.domain.limits import GROUP_COMMIT_MAX, IDEMPOTENCY_KEPT_DAYS, WRITER_QUEUE_MAX
from daybook.storage.sqlite import deliveries, search
from daybook.storage.sqlite.connection import WAIT_FOR_LOCK_MS
from daybook.storage.sqlite.references import ReferenceCaches
from daybook.storage.sqlite.standings import Standings
from daybook.storage.sqlite.turns import Turns
from daybook.storage.sqlite.tx import SqliteTx, Writes

CHECKPOINT_PAGES: Final = 20_000
"""Pages of the write-ahead log that are copied back even while commands wait: 80 MB."""

CHECKPOINT_IDLE_PAGES: Final = 1_000
"""Pages that are copied back as soon as no command waits."""

IDLE_AFTER_S: Final = 0.25
"""How long the queue is empty before the writer tidies up."""

INDEX_AFTER_S: Final = 0.02
"""Between two slices of the search index while nobody waits for the writer: it has two thirds of
the time for whoever comes."""

TIDY_AFTER_COMMITS: Final = 250
"""Group commits after which the writer tidies up although commands wait."""

HELD_BACK_S: Final = 0.01
"""How long answers are held back before a further unit is run: the largest group of small ones."""

PRUNED_MAX: Final = 512
"""Idempotency keys dropped at once beside as many as were added since, so that nobody waits for
it and yet they do not grow without end."""

_KEPT: Final = IDEMPOTENCY_KEPT_DAYS * 86_400_000_000
_FATAL: Final = (apsw.IOError, apsw.CorruptError, apsw.NotADBError, apsw.ReadOnlyError)
"""Errors after which nothing the engine says of later writes can be trusted."""

_log: Final = logging.getLogger(__name__)

_PRUNE: Final = (
    "DELETE FROM idempotency WHERE (company_id, protocol, scope, key) IN ("
    " SELECT company_id, protocol, scope, key FROM idempotency WHERE company_id = ?1 AND at <"
    " (SELECT max(at) FROM idempotency WHERE company_id = ?1) - ?2 ORDER BY at LIMIT ?3)"
)


class Job(Protocol):
    """Something to be done in a transaction."""

    def __call__(self, session: "Session") -> object:
        """Do it, perhaps again. What it returns is the result, what it raises the failure."""


class Session:
    """One transaction of the writer, with the view of each company it is about."""

    def __init__(
        self,
        connection: apsw.Connection,
        caches: ReferenceCaches,
        audiences: deliveries.Audiences,
        standings: Standings,
        make_way: Callable[[], None],
    ) -> None:
        """`make_way` is called where many rows are about to be written."""
        self.connection = connection
        self.writes = Writes()
        self.companies: dict[CompanyId, SqliteTx] = {}
        self.credentials_changed = False
        """Whether clients, users or tokens are not what they were."""
        self.alone = False
        """Whether nobody but the writer has written since its last transaction."""
        self._caches = caches
        self._audiences = audiences
        self._standings = standings
        self._make_way = make_way
        self._audience: Audience | None = None
        self._changed_consumers = False

    def tx(self, company_id: CompanyId) -> SqliteTx:
        """The view of a company. Raises `UnknownCompany`."""
        tx = self.companies.get(company_id)
        if tx is None:
            tx = SqliteTx(
                self.connection,
                company_id,
                self._caches,
                self.writes,
                self.publish,
                self._standings.take(self.connection, company_id, alone=self.alone),
                self._make_way,
            )
            self.companies[company_id] = tx
        return tx

    def execute(self, statement: str, parameters: Sequence[Any]) -> apsw.Cursor:
        """Write to tables that belong to no company."""
        self.writes.count += 1
        return self.connection.execute(statement, parameters)

    def publish(
        self, messages: Sequence[Message], company_id: CompanyId | None, at: Timestamp
    ) -> None:
        """Keep a delivery of each message for each consumer that wants it."""
        if messages:
            if self._audience is None:
                changed = self._changed_consumers
                self._audience = self._audiences.read(self.connection, changed=changed)
            self.writes.count += 1
            deliveries.publish(self.connection, messages, self._audience, company_id, at)

    def forget_consumers(self) -> None:
        """Called when consumers have changed in this transaction."""
        self._audience = None
        self._changed_consumers = True

    def finish(self) -> None:
        """Write out everything gathered."""
        for tx in self.companies.values():
            if tx.written:
                tx.finish()

    def committed(self) -> None:
        """Share what was learnt."""
        for company_id, tx in self.companies.items():
            tx.committed()
            self._standings.keep(company_id, tx.standing())

    def end(self) -> None:
        """Let go of the views. They hold the session, so that neither would be let go otherwise
        before the garbage collector looks for such things, which takes long.
        """
        self.companies.clear()


def in_company(company_id: CompanyId, work: Callable[[Tx], object]) -> Job:
    """A unit of work of the port as a job."""
    return lambda session: work(session.tx(company_id))


class _Waiting:
    """A job in the queue, and where its result goes."""

    __slots__ = ("begun", "deadline", "job", "mailbox", "result", "ticket")

    def __init__(self, job: Job, ticket: object, mailbox: Mailbox, deadline: float | None) -> None:
        self.job = job
        self.ticket = ticket
        self.mailbox = mailbox
        self.deadline = deadline
        self.begun = False
        self.result: object = None


class _Answer:
    """The mailbox of a caller that waits."""

    __slots__ = ("_lock", "result")

    def __init__(self) -> None:
        self.result: object = None
        self._lock = threading.Lock()
        self._lock.acquire()

    def deliver(self, letters: Sequence[tuple[object, object]]) -> None:
        [(_, self.result)] = letters
        self._lock.release()

    def wait(self) -> object:
        self._lock.acquire()
        if isinstance(self.result, BaseException):
            raise self.result
        return self.result


class _Refused(Exception):
    """The database refused rows of a transaction; whose they are is not known."""


class Writer:
    """Owns the writing connection from the moment it is started."""

    def __init__(
        self, connection: apsw.Connection, caches: ReferenceCaches, turns: Turns | None = None
    ) -> None:
        self._connection = connection
        self._caches = caches
        self._audiences = deliveries.Audiences()
        self._standings = Standings()
        self._version: int | None = None
        """The number of the file's contents after the last transaction that ran units."""
        self._turns = turns or Turns(None)
        self._queue: SimpleQueue[_Waiting | None] = SimpleQueue()
        self._read_only: str | None = None
        self._closing = False
        self._log_pages = 0
        self._held_back: list[_Waiting] = []
        self._held_back_until = 0.0
        self._untidy: set[CompanyId] = set()
        self._unsearchable = search.behind(connection)
        self._commits_untidy = 0
        self._units_untidy = 0
        self._gate = threading.Lock()
        """Held while a job is queued, and while the end of the queue is declared."""
        connection.set_wal_hook(self._logged)
        self._thread = threading.Thread(target=self._run, name="sqlite-writer", daemon=True)
        self._thread.start()

    @property
    def read_only(self) -> str | None:
        """Why no more writes are taken, or None."""
        return self._read_only

    @property
    def since(self) -> Timestamp | None:
        """When the transaction under way began, whichever process's it is, or None."""
        return self._turns.since()

    def submit(
        self, job: Job, ticket: object, mailbox: Mailbox, deadline: float | None = None
    ) -> None:
        """Queue a job. Raises `Overloaded` or `ReadOnly` if it is not taken."""
        with self._gate:
            if self._read_only is not None:
                raise ReadOnly(self._read_only)
            if self._queue.qsize() >= WRITER_QUEUE_MAX:
                raise Overloaded(f"{WRITER_QUEUE_MAX} commands are waiting")
            self._queue.put(_Waiting(job, ticket, mailbox, deadline))

    def run(self, job: Job, deadline: float | None = None) -> object:
        """Queue a job and wait until it is durable."""
        assert threading.current_thread() is not self._thread, "a unit of work cannot wait"
        answer = _Answer()
        self.submit(job, None, answer, deadline)
        return answer.wait()

    def close(self) -> None:
        """Finish what was taken, and end the thread. The connection is left to the caller."""
        if self._thread.is_alive():
            self._queue.put(None)
            self._thread.join()

    # The thread.

    def _run(self) -> None:
        while not self._closing:
            taken = self._take()
            if taken:
                self._carry_out(taken)
            if not taken or self._commits_untidy >= TIDY_AFTER_COMMITS:
                self._answer()
                self._tidy()
        self._answer()
        with self._gate:  # whatever is queued was queued before, and is answered below
            self._read_only = self._read_only or "the store is closed"
        while not self._queue.empty():
            late = self._queue.get()
            if late is not None:
                late.result = ReadOnly(self._read_only)
                _deliver([late])

    def _take(self) -> list[_Waiting]:
        """What waits, up to a group; nothing if there was time to tidy up."""
        chores = self._untidy or self._log_pages >= CHECKPOINT_IDLE_PAGES
        taken: list[_Waiting] = []
        wait = IDLE_AFTER_S if chores else INDEX_AFTER_S if self._unsearchable else None
        if self._queue.empty():
            self._answer()
        try:
            first = self._queue.get(timeout=wait)
            while first is not None:
                taken.append(first)
                if len(taken) == GROUP_COMMIT_MAX:
                    return taken
                first = self._queue.get_nowait()
            self._closing = True
        except Empty:
            pass
        return taken

    def _carry_out(self, waiting: list[_Waiting]) -> None:
        """Run and answer everything taken, in as few transactions as it allows."""
        limit = len(waiting)
        while waiting:
            if self._read_only is not None:
                for unit in waiting:
                    unit.result = ReadOnly(self._read_only)
                self._hold_back(waiting)
                self._answer()
                return
            answered, limit = self._attempt(waiting[:limit])
            self._hold_back(waiting[:answered])
            waiting = waiting[answered:]
            limit = limit or len(waiting)
            if self._log_pages >= CHECKPOINT_PAGES:
                self._answer()
                self._checkpoint()

    def _hold_back(self, units: list[_Waiting]) -> None:
        """Keep units that have their results, to be answered soon."""
        if not self._held_back:
            self._held_back_until = time.monotonic() + HELD_BACK_S
        self._held_back += units

    def _answer(self) -> None:
        """Hand out the results that were held back."""
        if self._held_back:
            answered, self._held_back = self._held_back, []
            _deliver(answered)

    def _attempt(self, units: list[_Waiting]) -> tuple[int, int]:
        """Run units in one transaction.

        Answers with how many of them have their result, and how many of the next ones to run
        together (0: all).
        """
        session = self._session()
        committing = False
        try:
            self._begin()
            session.alone = self._connection.data_version() == self._version
            for index, unit in enumerate(units):
                before = session.writes.count
                self._run_unit(unit, session)
                if isinstance(unit.result, BaseException) and session.writes.count != before:
                    self._rollback()
                    return (0, index) if before else (index + 1, 0)
            _finish(session)
            committing = True
            self._commit(session)
        except _Refused as refused:
            self._rollback()
            if len(units) > 1:
                return 0, len(units) // 2
            units[0].result = _refusal(refused.__cause__)
        except Exception as error:
            failure = self._fault(error, committing=committing)
            for unit in units:
                unit.result = failure
        else:
            if session.credentials_changed:
                self._turns.credentials_changed()
            session.committed()
            self._version = self._connection.data_version()
            self._untidy.update(id for id, tx in session.companies.items() if tx.written)
            self._commits_untidy += 1
            self._units_untidy += len(units)
        finally:
            session.end()
            self._turns.end()
        return len(units), 0

    def _session(self) -> Session:
        return Session(
            self._connection, self._caches, self._audiences, self._standings, self._answer
        )

    def _begin(self) -> None:
        """Open a transaction once it is this process's turn."""
        if not self._turns.begin(0):
            self._answer()
            if not self._turns.begin(WAIT_FOR_LOCK_MS / 1_000):
                raise apsw.BusyError("it is another process's turn")
        if self._held_back and self._begin_at_once():
            return
        self._answer()
        self._connection.execute("BEGIN IMMEDIATE")

    def _begin_at_once(self) -> bool:
        """Open a transaction unless somebody writes who knows of no turns."""
        self._connection.set_busy_timeout(0)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except apsw.BusyError:
            return False
        finally:
            self._connection.set_busy_timeout(WAIT_FOR_LOCK_MS)
        return True

    def _commit(self, session: Session) -> None:
        self._answer()
        try:
            self._connection.execute("COMMIT" if session.writes.count else "ROLLBACK")
        except apsw.ConstraintError as error:
            raise _Refused from error

    def _run_unit(self, unit: _Waiting, session: Session) -> None:
        now = time.monotonic()
        if now >= self._held_back_until:
            self._answer()
        if not unit.begun and unit.deadline is not None and now > unit.deadline:
            unit.result = DeadlinePassed("the deadline passed while the command was waiting")
            return
        unit.begun = True
        try:
            unit.result = unit.job(session)
        except (apsw.ConstraintError, LimitPassed) as error:
            raise _Refused from error
        except apsw.Error:
            raise
        except BaseException as error:
            unit.result = error
        if not self._connection.in_transaction:
            raise _Refused from StoreFailure("the transaction was undone while it went on")

    def _fault(self, error: Exception, *, committing: bool) -> StoreFailure:
        """End a transaction that failed for no unit's reason; answers with what callers get."""
        undone = self._rollback()
        if not undone or not isinstance(error, apsw.Error) or isinstance(error, _FATAL):
            self._read_only = f"the store failed and must be opened again: {error}"
            _log.error("no more writes are taken", exc_info=error)
        if committing:
            return OutcomeUnknown(f"committing failed: {error}")
        if isinstance(error, apsw.BusyError):
            return Overloaded("another process is writing; nothing was done")
        if isinstance(error, (apsw.CorruptError, apsw.NotADBError)):
            return StoreCorrupt(f"the database file is damaged: {error}")
        if isinstance(error, apsw.FullError):
            return ReadOnly("the disk is full; nothing was done")
        if self._read_only is not None:
            return ReadOnly(f"nothing was done; {self._read_only}")
        return StoreFailure(f"nothing was done: {error}")

    def _rollback(self) -> bool:
        """Undo the transaction if there still is one; whether none is left."""
        try:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        except apsw.Error:
            _log.exception("a transaction could not be undone")
        return not self._connection.in_transaction

    # Chores.

    def _logged(self, connection: apsw.Connection, name: str, pages: int) -> int:
        self._log_pages = pages
        return apsw.SQLITE_OK

    def _tidy(self) -> None:
        """Bring day totals up to date, drop old idempotency keys, copy the log back."""
        companies, self._untidy, self._commits_untidy = self._untidy, set(), 0
        pruned_max, self._units_untidy = PRUNED_MAX + self._units_untidy, 0
        unpruned: set[CompanyId] = set()
        if self._read_only is None and companies:
            session = self._session()
            committing = False
            try:
                self._begin()
                for company_id in companies:
                    tx = session.tx(company_id)
                    if tx.has_tail:
                        tx.write_periods()
                        tx.finish()
                    self._connection.execute(_PRUNE, (company_id, _KEPT, pruned_max))
                    if self._connection.changes() >= pruned_max:
                        unpruned.add(company_id)
                committing = True
                self._connection.execute("COMMIT")
                self._untidy |= unpruned
            except apsw.BusyError:
                self._untidy |= companies
            except Exception as error:
                self._fault(error, committing=committing)
            finally:
                session.end()
                self._turns.end()
            self._unsearchable |= companies
        self._index()
        if self._log_pages >= CHECKPOINT_IDLE_PAGES:
            self._checkpoint()

    def _index(self) -> None:
        """Take a slice of what was written into the search index; more the next time."""
        if self._read_only is not None or not self._unsearchable:
            return
        company_id = next(iter(self._unsearchable))
        committing = False
        try:
            self._begin()
            more = search.advance(self._connection, company_id)
            committing = True
            self._connection.execute("COMMIT")
            if not more:
                self._unsearchable.discard(company_id)
        except apsw.BusyError:
            self._rollback()
        except Exception as error:
            self._fault(error, committing=committing)
        finally:
            self._turns.end()

    def _checkpoint(self) -> None:
        """Copy the log back into the database as far as readers let it."""
        if self._read_only is not None:
            return
        try:
            logged, copied = self._connection.wal_checkpoint()
        except apsw.BusyError:
            return
        except apsw.Error as error:
            self._fault(error, committing=False)
        else:
            self._log_pages = logged - copied


def _finish(session: Session) -> None:
    """Write out what was gathered. What cannot even be bound to a statement is refused too."""
    try:
        session.finish()
    except apsw.ConstraintError as error:
        raise _Refused from error
    except apsw.Error:
        raise
    except Exception as error:
        raise _Refused from error


def _refusal(cause: BaseException | None) -> StoreFailure:
    if isinstance(cause, StoreFailure):
        return cause
    return StoreFailure(f"the database refused it: {cause}")


def _deliver(units: Sequence[_Waiting]) -> None:
    """Hand out results, each mailbox all of its own at once."""
    mail: dict[int, tuple[Mailbox, list[tuple[object, object]]]] = {}
    for unit in units:
        _, letters = mail.setdefault(id(unit.mailbox), (unit.mailbox, []))
        letters.append((unit.ticket, unit.result))
    for mailbox, letters in mail.values():
        try:
            mailbox.deliver(letters)
        except Exception:
            _log.exception("a mailbox did not take its results")
