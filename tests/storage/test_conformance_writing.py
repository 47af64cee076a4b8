"""What every storage engine promises about transactions, results by mail, and snapshots."""

import threading
import time
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from queue import SimpleQueue

import pytest
from tests.support.clock import START
from tests.support.records import (
    BANK,
    DAY,
    RENT,
    SALES,
    UNBALANCED,
    account,
    chart,
    contact,
    created,
    deletion,
    entry,
    found,
    keep,
    log,
    revision,
    transfer,
)
from tests.support.stores import KEY, LIVE, Mail, Oops, append_next, balances, totals, write_failing

from daybook.app.ports import (
    DeadlinePassed,
    Remembered,
    Store,
    StoreFailure,
    Total,
    Tx,
)
from daybook.domain.events import (
    ACCOUNT,
    CONTACT,
    ENTRY,
    RATE,
)
from daybook.domain.ids import (
    AccountId,
    ByName,
    CompanyId,
    EntryId,
)
from daybook.domain.model import (
    ExchangeRate,
    JournalEntry,
)
from daybook.domain.query import (
    ALWAYS,
    Compare,
    Field,
    Offset,
    Op,
    Query,
)

FIRST = EntryId(1)


# Transactions


def test_a_transaction_sees_what_it_wrote(store: Store, books: CompanyId) -> None:
    rate = ExchangeRate(1, "EUR", DAY, Decimal("0.85"))

    def work(tx: Tx) -> None:
        first = entry(1, doc_number="41")
        events = log(tx, books, created(first), created(account(9, name="New")), created(rate))
        assert tx.head().seq == events[-1].seq
        assert tx.head().entries_live == 1
        assert tx.entry(FIRST) == first
        assert tx.entries(Query(Compare(Field.LINE_ACCOUNT, Op.EQ, RENT))) == [first]
        assert tx.count_entries(LIVE) == 1
        assert tx.reference(ACCOUNT, 9) == account(9, name="New")
        assert tx.count_references(ACCOUNT, ALWAYS) == 6
        assert [each.id for each in tx.references(RATE, Query())] == [1]
        assert totals(tx) == totals(tx, DAY) == {BANK: -100, RENT: 100}
        assert tx.account_total(AccountId(RENT)) == Total(RENT, 100, 0)
        assert tx.event(events[0].seq) == events[0]
        assert tx.events(events[0].seq - 1, 9) == events
        assert tx.history(ENTRY, 1) == events[:1]
        assert tx.next_id(ENTRY) == 2
        assert tx.next_id(ACCOUNT) == 10
        assert [each.id for each in tx.find(ACCOUNT, ByName("new"))] == [9]
        assert tx.doc_number_holder("41") == 1
        assert tx.highest_doc_number() == 41
        assert tx.rate("EUR", DAY) == Decimal("0.85")
        assert tx.is_posted_to(AccountId(BANK))
        assert not tx.is_posted_to(AccountId(9))
        tx.remember(KEY, Remembered(START, b"x", 1, 1))
        assert tx.recall(KEY) == Remembered(START, b"x", 1, 1)
        log(tx, books, deletion(first))
        assert totals(tx) == totals(tx, DAY) == {}
        assert tx.count_entries(LIVE) == 0
        assert tx.doc_number_holder("41") is None
        assert tx.highest_doc_number() == 0
        assert not tx.is_posted_to(AccountId(BANK))

    store.write(books, work)


def test_what_a_unit_answers_is_what_write_answers(store: Store, books: CompanyId) -> None:
    answer = object()
    assert store.write(books, lambda tx: answer) is answer


def test_an_exception_undoes_everything_and_comes_out(store: Store, books: CompanyId) -> None:
    keep(store, books, created(entry(1, doc_number="5")))
    with store.read(books) as reader:
        before = reader.head()
    renamed = revision(account(RENT), account(RENT, name="Rates"))
    write_failing(
        store,
        books,
        revision(entry(1, doc_number="5"), entry(1, transfer(7, SALES), doc_number="900")),
        created(entry(2, doc_number="901")),
        created(account(9, name="New")),
        renamed,
        created(ExchangeRate(1, "EUR", DAY, Decimal(2))),
        created(contact(8)),
    )
    with store.read(books) as reader:
        assert reader.head() == before
        assert reader.entry(FIRST) == entry(1, doc_number="5")
        assert reader.entry(EntryId(2)) is None
        assert reader.entries(Query()) == [entry(1, doc_number="5")]
        assert totals(reader) == totals(reader, DAY) == {BANK: -100, RENT: 100}
        assert reader.account_total(AccountId(SALES)) == Total(SALES, 0, 0)
        assert reader.event(before.seq + 1) is None
        assert len(reader.history(ENTRY, 1)) == 1
        assert reader.recall(KEY) is None
        assert reader.count_references(CONTACT, ALWAYS) == 2

    def work(tx: Tx) -> None:
        assert tx.next_id(ENTRY) == 2
        assert tx.next_id(ACCOUNT) == 6
        assert tx.next_id(RATE) == 1
        assert (
            list(tx.find(ACCOUNT, ByName("New"))) == list(tx.find(ACCOUNT, ByName("Rates"))) == []
        )
        assert [each.id for each in tx.find(ACCOUNT, ByName(f"Account {RENT}"))] == [RENT]
        assert tx.doc_number_holder("5") == 1
        assert tx.doc_number_holder("900") is tx.doc_number_holder("901") is None
        assert tx.highest_doc_number() == 5
        assert tx.rate("EUR", DAY) is None
        assert tx.is_posted_to(AccountId(RENT))
        assert not tx.is_posted_to(AccountId(SALES))

    store.write(books, work)


def test_a_unit_that_reads_and_fails_disturbs_nobody(store: Store, books: CompanyId) -> None:
    def work(tx: Tx) -> None:
        tx.head()
        raise Oops

    with pytest.raises(Oops):
        store.write(books, work)
    keep(store, books, created(entry(1)))
    assert balances(store, books) == {BANK: -100, RENT: 100}


def test_a_deadline_that_passed_keeps_work_from_beginning(store: Store, books: CompanyId) -> None:
    begun: list[str] = []
    with pytest.raises(DeadlinePassed):
        store.write(books, lambda tx: begun.append("late"), time.monotonic() - 1)
    mail = Mail()
    late = time.monotonic() - 1
    store.write_soon(books, lambda tx: begun.append("late, too"), "late", mail, late)
    assert isinstance(mail.take(1)["late"], DeadlinePassed)
    store.write(books, lambda tx: begun.append("in time"), time.monotonic() + 60)
    assert begun == ["in time"]


def test_results_come_by_mail_once_each(store: Store, books: CompanyId) -> None:
    mail = Mail()
    for ticket in range(200):
        store.write_soon(books, append_next(books), ticket, mail)
    results = mail.take(200)
    assert set(results) == set(range(200))
    assert [results[ticket] for ticket in range(200)] == list(range(1, 201))
    with store.read(books) as reader:
        assert reader.count_entries(LIVE) == reader.head().entries_live == 200
        assert totals(reader) == {BANK: -20_000, RENT: 20_000}
    assert mail.empty


def test_a_unit_that_fails_in_a_group_takes_no_other_with_it(
    store: Store, books: CompanyId
) -> None:
    """Some fail after writing, some before, some by the store's own guard."""
    other = found(store, 2, chart())

    def failing(tx: Tx) -> None:
        append_next(books)(tx)
        log(tx, books, created(account(tx.next_id(ACCOUNT), name="Lost")))
        raise Oops

    def failing_at_once(tx: Tx) -> None:
        raise Oops

    def unbalanced(tx: Tx) -> None:
        log(tx, books, created(entry(tx.next_id(ENTRY), UNBALANCED["amounts"])))

    mail = Mail()
    kinds: list[tuple[CompanyId, Callable[[Tx], object]]] = [
        (books, append_next(books)),
        (books, failing),
        (other, append_next(other)),
        (books, unbalanced),
        (books, failing_at_once),
    ]
    for ticket in range(100):
        company_id, work = kinds[ticket % len(kinds)]
        store.write_soon(company_id, work, ticket, mail)
    results = mail.take(100)
    assert [results[ticket] for ticket in range(0, 100, 5)] == list(range(1, 21))
    assert [results[ticket] for ticket in range(2, 100, 5)] == list(range(1, 21))
    assert all(isinstance(results[ticket], Oops) for ticket in range(1, 100, 5))
    assert all(isinstance(results[ticket], StoreFailure) for ticket in range(3, 100, 5))
    assert all(isinstance(results[ticket], Oops) for ticket in range(4, 100, 5))
    assert mail.empty
    for company_id in (books, other):
        with store.read(company_id) as reader:
            assert reader.head().entries_live == 20
            assert totals(reader) == totals(reader, DAY) == {BANK: -2_000, RENT: 2_000}
            assert reader.count_references(ACCOUNT, ALWAYS) == 5


def test_each_mailbox_gets_its_own(store: Store, books: CompanyId) -> None:
    boxes = [Mail(), Mail(), Mail()]
    for ticket in range(60):
        store.write_soon(books, append_next(books), ticket, boxes[ticket % 3])
    for at, box in enumerate(boxes):
        assert sorted(map(str, box.take(20))) == sorted(str(each) for each in range(at, 60, 3))
        assert box.empty


def test_what_came_by_mail_is_seen_by_readers(store: Store, books: CompanyId) -> None:
    mail = Mail()
    for _ in range(20):
        store.write_soon(books, append_next(books), "t", mail)
        entry_id = mail.take(1)["t"]
        assert isinstance(entry_id, int)
        with store.read(books) as reader:
            assert reader.entry(EntryId(entry_id)) is not None
            assert reader.head().entries_live == entry_id


def test_writers_on_many_threads_are_served_one_after_the_other(
    store: Store, books: CompanyId
) -> None:
    ids: SimpleQueue[int] = SimpleQueue()

    def run() -> None:
        for _ in range(25):
            ids.put(store.write(books, append_next(books)))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(ids.get() for _ in range(100)) == list(range(1, 101))
    assert balances(store, books) == {BANK: -10_000, RENT: 10_000}


# Snapshots


def test_a_reader_stays_at_its_moment(store: Store, books: CompanyId) -> None:
    keep(store, books, created(entry(1, doc_number="5")))
    with store.read(books) as old:
        before = old.head()
        keep(store, books, revision(entry(1, doc_number="5"), entry(1, transfer(7, SALES))))
        keep(store, books, created(entry(2)), created(account(9)))
        keep(store, books, revision(account(RENT), account(RENT, name="Rates")))
        store.write(books, lambda tx: tx.remember(KEY, Remembered(START)))
        assert old.head() == before
        assert old.entry(FIRST) == entry(1, doc_number="5")
        assert old.entry(EntryId(2)) is None
        assert old.entries(Query()) == [entry(1, doc_number="5")]
        assert old.count_entries(ALWAYS) == old.count_entries(LIVE) == 1
        assert old.count_entries(Compare(Field.LINE_ACCOUNT, Op.EQ, SALES)) == 0
        assert old.reference(ACCOUNT, 9) is None
        assert old.reference(ACCOUNT, RENT) == account(RENT)
        assert old.count_references(ACCOUNT, ALWAYS) == 5
        assert old.count_references(ACCOUNT, Compare(Field.NAME, Op.EQ, "Rates")) == 0
        assert totals(old) == totals(old, DAY) == {BANK: -100, RENT: 100}
        assert old.account_total(AccountId(SALES)) == Total(SALES, 0, 0)
        assert old.events(before.seq, 100) == []
        assert old.event(before.seq + 1) is None
        assert len(old.history(ENTRY, 1)) == 1
        assert old.recall(KEY) is None
        with store.read(books) as new:
            assert new.head().seq == before.seq + 4
            assert totals(new) == {BANK: -107, RENT: 100, SALES: 7}
            assert new.recall(KEY) == Remembered(START)


def test_a_reader_sees_nothing_of_a_transaction_under_way(store: Store, books: CompanyId) -> None:
    written, looked = threading.Event(), threading.Event()

    def work(tx: Tx) -> None:
        log(tx, books, created(entry(1)), created(account(9)))
        assert tx.count_entries(ALWAYS) == 1
        written.set()
        assert looked.wait(30)
        raise Oops

    def run() -> None:
        with pytest.raises(Oops):
            store.write(books, work)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        assert written.wait(30)
        with store.read(books) as reader:
            seq = reader.head().seq
            assert reader.entries(Query()) == []
            assert totals(reader) == {}
            assert reader.reference(ACCOUNT, 9) is None
            assert reader.event(seq + 1) is None
            looked.set()
            thread.join()
            assert reader.count_entries(ALWAYS) == 0
            assert reader.history(ENTRY, 1) == []
    finally:
        looked.set()
        thread.join()


def test_every_snapshot_balances_while_others_write(store: Store, books: CompanyId) -> None:
    """A writer makes, moves and deletes entries; each snapshot must agree with itself."""
    done = threading.Event()

    def run() -> None:
        try:
            for number in range(1, 121):
                made = entry(number, transfer(number))
                keep(store, books, created(made))
                after = entry(number, transfer(2 * number, SALES, BANK), DAY + timedelta(number))
                change = revision(made, after)
                keep(store, books, change)
                if number % 3 == 0:
                    assert isinstance(change.after, JournalEntry)
                    keep(store, books, deletion(change.after))
        finally:
            done.set()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        looks = 0
        while not done.is_set() or looks == 0:
            looks += 1
            with store.read(books) as reader:
                head = reader.head()
                entries = reader.entries(Query(page=Offset(0, 1_000)))
                live = [each for each in entries if each.deleted_at is None]
                assert head.entries_live == len(live)
                assert head.entries_deleted == len(entries) - len(live)
                sums: dict[int, int] = {}
                for each in live:
                    for one in each.lines:
                        sums[one.account_id] = sums.get(one.account_id, 0) + one.signed_home
                assert totals(reader) == totals(reader, date.max) == sums
                assert len(reader.events(0, 10_000)) == head.seq
    finally:
        thread.join()


def test_readers_may_be_nested_and_handed_to_another_thread(store: Store, books: CompanyId) -> None:
    keep(store, books, created(entry(1)))
    results: SimpleQueue[object] = SimpleQueue()
    with store.read(books) as outer, store.read(books) as inner:
        assert outer.head() == inner.head()
        thread = threading.Thread(target=lambda: results.put(outer.entry(FIRST)))
        thread.start()
        thread.join()
        assert results.get(timeout=1) == inner.entry(FIRST) == entry(1)
