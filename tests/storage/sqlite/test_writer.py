"""Group commits: who is answered when, and what one unit's failure does to the others."""

import gc
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import pytest
from tests.support import records
from tests.support.stores import Mail, Oops

from daybook.app.ports import (
    DeadlinePassed,
    IdempotencyKey,
    Overloaded,
    ReadOnly,
    Remembered,
    StoreFailure,
    Tx,
)
from daybook.domain.ids import CompanyId, EntryId, Timestamp
from daybook.domain.model import Side
from daybook.storage.sqlite import connection as settings
from daybook.storage.sqlite import tx, writer
from daybook.storage.sqlite.store import SqliteStore
from daybook.storage.sqlite.turns import Turns
from daybook.storage.sqlite.tx import SqliteTx

UNBALANCED = (records.line(0, Side.DEBIT, 5, 1), records.line(1, Side.CREDIT, 6, 2))


class Deliveries(Mail):
    """A mailbox that notes how many letters came at once."""

    def __init__(self) -> None:
        super().__init__()
        self.sizes: list[int] = []

    def deliver(self, letters: Sequence[tuple[object, object]]) -> None:
        self.sizes.append(len(letters))
        super().deliver(letters)


@contextmanager
def held(store: SqliteStore, company_id: CompanyId) -> Iterator[None]:
    """Keeps the writer busy, so that what is queued inside the block makes one group."""
    begun, gate = threading.Event(), threading.Event()

    def work(tx: Tx) -> None:
        begun.set()
        gate.wait(30)

    store.write_soon(company_id, work, None, Mail())
    assert begun.wait(30)
    yield
    gate.set()


def posting(company_id: CompanyId, number: int) -> Callable[[Tx], int]:
    """A unit that makes an entry and answers with its number."""

    def work(tx: Tx) -> int:
        records.log(tx, company_id, records.created(records.entry(number)))
        return number

    return work


def failing(company_id: CompanyId, number: int) -> Callable[[Tx], int]:
    """A unit that makes an entry and then raises."""

    def work(tx: Tx) -> int:
        posting(company_id, number)(tx)
        raise Oops(number)

    return work


def unbalanced(company_id: CompanyId, number: int) -> Callable[[Tx], int]:
    """A unit that makes an entry the fence refuses."""

    def work(tx: Tx) -> int:
        entry = records.entry(number, UNBALANCED)
        records.log(tx, company_id, records.created(entry))
        return number

    return work


def numbers(store: SqliteStore, company_id: CompanyId) -> list[int]:
    """The entries that are kept."""
    with store.read(company_id) as reader:
        count = reader.head().entries_live
        found = [number for number in range(1, 40) if reader.entry(EntryId(number))]
    assert len(found) == count
    return found


def test_a_group_is_committed_once_and_answered_once(
    store: SqliteStore, books: CompanyId, file: apsw.Connection
) -> None:
    one, other = Deliveries(), Deliveries()
    with held(store, books):
        before = file.data_version()
        for number in range(1, 6):
            store.write_soon(books, posting(books, number), number, one if number < 4 else other)
    assert one.take(3) == {1: 1, 2: 2, 3: 3}
    assert other.take(2) == {4: 4, 5: 5}
    assert (one.sizes, other.sizes) == ([3], [2])
    assert file.execute("SELECT count(*) FROM entry").get == 5
    assert file.data_version() == before + 1


def test_a_unit_that_fails_after_writing_takes_nobody_along(
    store: SqliteStore, books: CompanyId
) -> None:
    """The same entry number twice: whoever runs after a failure finds it free."""
    mail = Mail()
    with held(store, books):
        store.write_soon(books, failing(books, 1), "first", mail)
        store.write_soon(books, posting(books, 1), "second", mail)
        store.write_soon(books, failing(books, 2), "third", mail)
        store.write_soon(books, posting(books, 2), "fourth", mail)
    results = mail.take(4)
    assert isinstance(results["first"], Oops)
    assert isinstance(results["third"], Oops)
    assert (results["second"], results["fourth"]) == (1, 2)
    assert numbers(store, books) == [1, 2]


def test_a_failure_rests_on_what_is_kept(store: SqliteStore, books: CompanyId) -> None:
    """A unit that fails because of an earlier one is judged with that one committed."""
    mail, seen = Mail(), []

    def judge(tx: Tx) -> None:
        seen.append(tx.head().entries_live)
        failing(books, 9)(tx)

    with held(store, books):
        store.write_soon(books, posting(books, 1), 1, mail)
        store.write_soon(books, judge, 2, mail)
    results = mail.take(2)
    assert isinstance(results[2], Oops)
    assert seen[-1] == 1
    assert numbers(store, books) == [1]


@pytest.mark.parametrize("culprit", range(1, 8))
def test_only_the_culprit_is_refused(store: SqliteStore, books: CompanyId, culprit: int) -> None:
    """The database refuses the rows of a whole group; the units are parted until it is found."""
    mail = Mail()
    with held(store, books):
        for number in range(1, 8):
            make = unbalanced if number == culprit else posting
            store.write_soon(books, make(books, number), number, mail)
    results = mail.take(7)
    assert isinstance(results.pop(culprit), StoreFailure)
    assert results == {number: number for number in range(1, 8) if number != culprit}
    assert numbers(store, books) == sorted(results)  # type: ignore[type-var]


def test_a_refusal_that_is_met_while_reading_is_the_culprits(
    store: SqliteStore, books: CompanyId
) -> None:
    """A unit's read writes out what units before it gathered."""
    mail = Mail()
    with held(store, books):
        store.write_soon(books, unbalanced(books, 1), 1, mail)
        store.write_soon(books, lambda tx: tx.highest_doc_number(), 2, mail)
    results = mail.take(2)
    assert isinstance(results[1], StoreFailure)
    assert results[2] == 0


def test_a_unit_that_swallows_a_refusal_writes_nothing_afterwards(
    store: SqliteStore, books: CompanyId
) -> None:
    """The refusal ended the transaction; nothing may happen outside of one."""

    def work(tx: Tx) -> str:
        unbalanced(books, 1)(tx)
        try:
            tx.highest_doc_number()
        except apsw.Error:
            posting(books, 2)(tx)
            with pytest.raises(AttributeError):
                tx.highest_doc_number()
        return "fine"

    with pytest.raises(StoreFailure):
        store.write(books, work)
    assert numbers(store, books) == []
    records.keep(store, books, records.created(records.entry(3)))
    assert numbers(store, books) == [3]


def test_a_unit_that_asks_for_the_end_of_the_program_does_not_get_it(
    store: SqliteStore, books: CompanyId
) -> None:
    def work(tx: Tx) -> None:
        raise SystemExit(1)

    with pytest.raises(SystemExit):
        store.write(books, work)
    assert store.write(books, posting(books, 1)) == 1


def test_what_cannot_be_written_at_all_is_the_culprits_alone(
    store: SqliteStore, books: CompanyId
) -> None:
    """A lone surrogate has no UTF-8, a larger integer no column: faults of one caller."""
    mail = Mail()
    for key, at in (("\ud800", 1), ("large", 2**70)):

        def remember(tx: Tx, key: str = key, at: int = at) -> None:
            posting(books, tx.next_id("entry"))(tx)
            tx.remember(IdempotencyKey("test", "", key), Remembered(Timestamp(at)))

        number = 1 if at == 1 else 2
        with held(store, books):
            store.write_soon(books, posting(books, number), "before", mail)
            store.write_soon(books, remember, "culprit", mail)
            store.write_soon(books, lambda tx: tx.highest_doc_number(), "after", mail)
        results = mail.take(3)
        assert isinstance(results["culprit"], StoreFailure)
        assert (results["before"], results["after"]) == (number, 0)
    assert numbers(store, books) == [1, 2]


def test_a_deadline_that_passes_in_the_queue(store: SqliteStore, books: CompanyId) -> None:
    mail = Mail()
    with held(store, books):
        soon = time.monotonic() + 0.01
        store.write_soon(books, posting(books, 1), 1, mail, soon)
        store.write_soon(books, posting(books, 2), 2, mail, soon + 600)
        time.sleep(0.03)
    results = mail.take(2)
    assert isinstance(results[1], DeadlinePassed)
    assert results[2] == 2


def test_a_full_queue_refuses(
    store: SqliteStore, books: CompanyId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "WRITER_QUEUE_MAX", 3)
    mail = Mail()
    with held(store, books):
        for number in range(1, 4):
            store.write_soon(books, posting(books, number), number, mail)
        with pytest.raises(Overloaded):
            store.write_soon(books, posting(books, 4), 4, mail)
    mail.take(3)
    assert numbers(store, books) == [1, 2, 3]


def test_closing_finishes_what_was_taken(store: SqliteStore, books: CompanyId) -> None:
    mail = Mail()
    closing = threading.Thread(target=store.close)
    with held(store, books):
        for number in range(1, 101):
            store.write_soon(books, posting(books, number), number, mail)
        closing.start()
    assert len(mail.take(100)) == 100
    closing.join(30)
    with pytest.raises(ReadOnly):
        store.write_soon(books, posting(books, 101), 101, mail)


class Diary:
    """A mailbox that writes down what it gets among what others write down."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.whole = threading.Event()

    def deliver(self, letters: Sequence[tuple[object, object]]) -> None:
        self.lines += [f"answer {ticket}" for ticket, _ in letters]
        if "answer last" in self.lines:
            self.whole.set()

    def noting(self, line: str, work: Callable[[Tx], object] = lambda tx: None) -> Any:
        """A unit of work that is written down once it is done."""

        def noted(tx: Tx) -> None:
            work(tx)
            self.lines.append(line)

        return noted


@contextmanager
def answered(store: SqliteStore, company_id: CompanyId) -> Iterator[Diary]:
    """A group that is committed just before what is queued inside the block makes another."""
    diary = Diary()
    begun, gate = threading.Event(), threading.Event()

    def first(tx: Tx) -> None:
        begun.set()
        gate.wait(30)

    store.write_soon(company_id, first, "first", diary)
    assert begun.wait(30)
    yield diary
    gate.set()
    assert diary.whole.wait(30)


def test_answers_wait_for_the_commit_of_those_who_wait(
    store: SqliteStore, books: CompanyId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "HELD_BACK_S", 600)
    with answered(store, books) as diary:
        for number in (1, 2):
            work = diary.noting(f"run {number}", posting(books, number))
            store.write_soon(books, work, number, diary)
        store.write_soon(books, diary.noting("run last"), "last", diary)
    ran = ["run 1", "run 2", "run last"]
    assert diary.lines == [*ran, "answer first", "answer 1", "answer 2", "answer last"]


def test_answers_do_not_wait_long(
    store: SqliteStore, books: CompanyId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "HELD_BACK_S", 0)
    with answered(store, books) as diary:
        store.write_soon(books, diary.noting("run 1"), 1, diary)
        store.write_soon(books, diary.noting("run last"), "last", diary)
    assert diary.lines[:3] == ["answer first", "run 1", "run last"]


def test_answers_do_not_wait_for_many_rows(
    store: SqliteStore, books: CompanyId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One unit may be a whole import."""
    monkeypatch.setattr(writer, "HELD_BACK_S", 600)
    monkeypatch.setattr(tx, "GATHERED_MAX", 2)

    def many(tx: Tx) -> None:
        for number in range(1, 4):
            posting(books, number)(tx)

    with answered(store, books) as diary:
        store.write_soon(books, diary.noting("run last", many), "last", diary)
    assert diary.lines == ["answer first", "run last", "answer last"]


def test_answers_do_not_wait_for_another_processs_turn(
    store: SqliteStore, books: CompanyId, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "HELD_BACK_S", 600)
    begin = Turns.begin
    with answered(store, books) as diary:

        def not_at_once(turns: Turns, wait_s: float) -> bool:
            diary.lines.append("wait" if wait_s else "look")
            return wait_s > 0 and begin(turns, wait_s)

        monkeypatch.setattr(Turns, "begin", not_at_once)
        store.write_soon(books, diary.noting("run last"), "last", diary)
    assert diary.lines == ["look", "answer first", "wait", "run last", "answer last"]


def test_answers_do_not_wait_for_who_knows_no_turns(
    store: SqliteStore, books: CompanyId, file: apsw.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as a shell on the file, or another process where turns cannot be shared."""
    monkeypatch.setattr(writer, "HELD_BACK_S", 600)
    begin = Turns.begin
    with answered(store, books) as diary:
        deliver = diary.deliver

        def begin_behind(turns: Turns, wait_s: float) -> bool:
            monkeypatch.setattr(Turns, "begin", begin)
            file.execute("BEGIN IMMEDIATE")
            diary.lines.append("locked")
            return begin(turns, wait_s)

        def let_go(letters: Sequence[tuple[object, object]]) -> None:
            deliver(letters)
            if file.in_transaction:
                file.execute("ROLLBACK")

        monkeypatch.setattr(Turns, "begin", begin_behind)
        monkeypatch.setattr(diary, "deliver", let_go)
        store.write_soon(books, diary.noting("run last"), "last", diary)
    assert diary.lines == ["locked", "answer first", "run last", "answer last"]


def test_a_mailbox_that_fails_stops_nobody(store: SqliteStore, books: CompanyId) -> None:
    class Broken:
        def deliver(self, letters: Sequence[tuple[object, object]]) -> None:
            raise Oops

    store.write_soon(books, posting(books, 1), 1, Broken())
    assert store.write(books, posting(books, 2)) == 2


def test_another_process_that_keeps_the_lock(
    store: SqliteStore,
    books: CompanyId,
    file: apsw.Connection,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(settings, "WAIT_FOR_LOCK_MS", 20)
    beside = SqliteStore(tmp_path / "books.db", "sqlite:///beside")
    file.execute("BEGIN IMMEDIATE")
    with pytest.raises(Overloaded):
        beside.write(books, posting(books, 1))
    file.execute("ROLLBACK")
    assert beside.write(books, posting(books, 1)) == 1
    beside.close()


def test_an_idle_writer_brings_day_totals_up(
    store: SqliteStore,
    books: CompanyId,
    file: apsw.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "IDLE_AFTER_S", 0.01)
    records.keep(store, books, records.created(records.entry(1)))
    _wait(lambda: file.execute("SELECT seq = totals_seq FROM head").get == 1)
    assert file.execute("SELECT count(*) FROM period_total").get == 6


def test_a_busy_writer_tidies_up_too(
    store: SqliteStore,
    books: CompanyId,
    file: apsw.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(writer, "IDLE_AFTER_S", 600)
    monkeypatch.setattr(writer, "TIDY_AFTER_COMMITS", 2)
    for number in range(1, 5):
        store.write(books, posting(books, number))
    _wait(lambda: (file.execute("SELECT totals_seq FROM head").get or 0) > 8)


def test_old_idempotency_keys_are_dropped(
    store: SqliteStore,
    books: CompanyId,
    file: apsw.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Older than thirty-five days before the newest; younger ones stay."""
    monkeypatch.setattr(writer, "IDLE_AFTER_S", 0.01)
    day = 86_400_000_000

    def remember(tx: Tx) -> None:
        for age in (0, 30, 34, 36, 400):
            key = IdempotencyKey("test", "", f"{age} days")
            tx.remember(key, Remembered(Timestamp(1_000 * day - age * day), answer=b"x"))

    store.write(books, remember)
    _wait(lambda: file.execute("SELECT count(*) FROM idempotency").get == 3)
    with store.read(books) as reader:
        assert reader.recall(IdempotencyKey("test", "", "34 days")) is not None
        assert reader.recall(IdempotencyKey("test", "", "36 days")) is None


def test_the_log_is_copied_back_while_commands_wait(
    store: SqliteStore, books: CompanyId, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write-ahead log begins anew instead of growing."""
    monkeypatch.setattr(writer, "CHECKPOINT_PAGES", 50)
    monkeypatch.setattr(writer, "IDLE_AFTER_S", 600)
    for number in range(1, 200):
        store.write(books, posting(books, number))
    assert path.with_name("books.db-wal").stat().st_size < 120 * 4_120


def _wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not until():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_many_old_keys_are_dropped_though_nothing_more_is_written(
    store: SqliteStore,
    books: CompanyId,
    file: apsw.Connection,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A tidying up drops a bounded number; it goes on until none are left."""
    monkeypatch.setattr(writer, "IDLE_AFTER_S", 0.01)
    day = 86_400_000_000

    def remember(tx: Tx) -> None:
        for number in range(3 * writer.PRUNED_MAX):
            key = IdempotencyKey("test", "", f"old {number}")
            tx.remember(key, Remembered(Timestamp(number), answer=b"x"))
        new = IdempotencyKey("test", "", "new")
        tx.remember(new, Remembered(Timestamp(1_000 * day), answer=b"x"))

    store.write(books, remember)
    _wait(lambda: file.execute("SELECT count(*) FROM idempotency").get == 1)


def test_whatever_is_taken_while_the_store_closes_is_answered(
    store: SqliteStore, books: CompanyId
) -> None:
    """Each caller is either refused or served; none waits for an answer that never comes."""
    answered: list[object] = []
    go = threading.Event()

    def call() -> None:
        go.wait(10)
        for _ in range(50):
            try:
                answered.append(store.write(books, lambda tx: tx.head().seq))
            except StoreFailure as failure:
                answered.append(failure)

    callers = [threading.Thread(target=call, daemon=True) for _ in range(4)]
    for caller in callers:
        caller.start()
    go.set()
    store.close()
    for caller in callers:
        caller.join(20)
    assert not any(caller.is_alive() for caller in callers)
    assert len(answered) == 200


def test_a_transaction_leaves_nothing_for_the_garbage_collector(
    store: SqliteStore, books: CompanyId
) -> None:
    """Its view of the company is gone without a search for what holds itself."""
    gc.collect()
    gc.disable()
    try:
        for number in range(1, 11):
            store.write(books, posting(books, number))
        views = [each for each in gc.get_objects() if isinstance(each, SqliteTx)]
    finally:
        gc.enable()
    assert len(views) <= 1  # the last one may be on its way out
