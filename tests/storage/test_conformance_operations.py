"""What every storage engine promises about operations, documents, consumers and deliveries."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.support.clock import START
from tests.support.records import ACTOR, chart, created, entry, found, log
from tests.support.stores import Mail, Oops

from daybook.app import outbox
from daybook.app.documents import DOCUMENT_BYTES_MAX, Document, DocumentChange
from daybook.app.operations import (
    HELD,
    Affected,
    Operation,
    OperationStatus,
    is_due,
)
from daybook.app.outbox import Consumer, Delivery, DeliveryState, Message
from daybook.app.ports import (
    ConsumerTable,
    DeadlinePassed,
    DocumentChanged,
    LimitPassed,
    Store,
    StoreFailure,
    Tx,
)
from daybook.domain.events import ENTRY
from daybook.domain.ids import CompanyId, EntryId, Timestamp
from daybook.domain.query import (
    ALWAYS,
    OPERATION_SORTS,
    And,
    Compare,
    Exact,
    Field,
    Filter,
    IsNull,
    Keyset,
    Like,
    Not,
    Offset,
    OneOf,
    Op,
    Or,
    Query,
    Sort,
    select,
    sort_key,
)
from daybook.domain.refusals import Refusal, RefusalCode

SECOND = 1_000_000


def operation(name: str = "a", at: int = START, **members: object) -> Operation:
    """An operation that has not been kept yet."""
    fresh = Operation(
        CompanyId(1),
        0,
        f"00000000-0000-4000-8000-00000000000{name}",
        ACTOR,
        "things",
        "wire-1",
        "make",
        b'{"_":"DeleteEntry"}',
        Timestamp(at),
        Timestamp(at),
    )
    return replace(fresh, **members)  # type: ignore[arg-type]


def submit(store: Store, books: CompanyId, *fresh: Operation) -> list[Operation]:
    return store.write(books, lambda tx: [tx.add_operation(each) for each in fresh])


def end(store: Store, books: CompanyId, ended: Operation) -> None:
    store.write(books, lambda tx: tx.end_operation(ended))


ENDED = {
    "status": OperationStatus.SUCCESS,
    "completed_at": Timestamp(START + 5),
    "affected": Affected(ENTRY, 1, 0, 9),
}


# Operations


def test_an_operation_is_kept_with_everything_it_has(store: Store, books: CompanyId) -> None:
    full = operation(timeout_seconds=60, annex=b"\x00\xff", due_at=HELD)
    [kept] = submit(store, books, full)
    assert kept == replace(full, number=1)
    with store.read(books) as reader:
        assert reader.operation(full.id) == kept
        assert reader.operation("nobody") is None
        assert reader.operation("\ud800") is None
    failed = replace(
        kept,
        status=OperationStatus.FAILED,
        completed_at=Timestamp(START + 1),
        annex=b"",
        refusals=(Refusal(RefusalCode.UNBALANCED, "no", "lines", 3, {"debits": 10**18}),),
        result_code=400,
        message="näh",
        warnings=("look", "out"),
    )
    end(store, books, failed)
    with store.read(books) as reader:
        found_again = reader.operation(full.id)
        assert found_again == failed
        assert found_again is not None
        assert found_again.refusals[0].values == {"debits": 10**18}


def test_numbers_follow_each_other_and_times_never_fall(store: Store, books: CompanyId) -> None:
    first, second = submit(store, books, operation("a"), operation("b", START - SECOND))
    [third] = submit(store, books, operation("c", START + SECOND))
    assert [each.number for each in (first, second, third)] == [1, 2, 3]
    assert [each.requested_at - START for each in (first, second, third)] == [0, 0, SECOND]


def test_an_id_is_used_once(store: Store, books: CompanyId) -> None:
    submit(store, books, operation())
    for again in ((operation(),), (operation("b"), operation("b"))):
        with pytest.raises(StoreFailure):
            submit(store, books, *again)
    with store.read(books) as reader:
        assert reader.count_operations(ALWAYS) == 1


def test_an_end_is_final(store: Store, books: CompanyId) -> None:
    [kept] = submit(store, books, operation())
    end(store, books, replace(kept, **ENDED))  # type: ignore[arg-type]
    for again in (kept, replace(kept, status=OperationStatus.TIMED_OUT)):
        with pytest.raises(StoreFailure):
            end(store, books, again)
    with pytest.raises(StoreFailure):
        end(store, books, operation("b", number=7))
    with store.read(books) as reader:
        assert reader.operation(kept.id) == replace(kept, **ENDED)  # type: ignore[arg-type]


def test_an_end_and_the_books_are_one(store: Store, books: CompanyId) -> None:
    """What undoes the transaction leaves the operation pending and the books as they were."""
    [kept] = submit(store, books, operation())

    def work(tx: Tx) -> None:
        log(tx, books, created(entry(1)))
        tx.end_operation(replace(kept, **ENDED))  # type: ignore[arg-type]
        ended = tx.operation(kept.id)
        assert ended is not None
        assert ended.status is OperationStatus.SUCCESS
        assert tx.due_operations(Timestamp(START), 9) == []
        tx.add_operation(operation("b"))
        tx.publish([message("m")], Timestamp(START))
        raise Oops

    store.directory.put_consumer(consumer())
    with pytest.raises(Oops):
        store.write(books, work)
    with store.read(books) as reader:
        assert reader.entry(EntryId(1)) is None
        assert reader.operations(Query()) == [kept]
        assert reader.due_operations(Timestamp(START), 9) == [kept]
    assert store.directory.count_pending() == 1
    assert store.directory.deliveries() == []
    submit(store, books, operation("b"))


def test_units_that_fail_beside_others_take_nothing_along(store: Store, books: CompanyId) -> None:
    """In one group commit: ends that stay, one that is undone, and deliveries that go with them."""
    kept = submit(store, books, *(operation(name) for name in "abcd"))
    store.directory.put_consumer(consumer())
    mail = Mail()

    def ending(each: Operation, number: int) -> None:
        def work(tx: Tx) -> None:
            tx.end_operation(replace(each, **ENDED))  # type: ignore[arg-type]
            tx.publish([message(each.id)], Timestamp(START))
            if number == 2:
                raise Oops

        store.write_soon(books, work, number, mail)

    for number, each in enumerate(kept):
        ending(each, number)
    assert isinstance(mail.take(4)[2], Oops)
    with store.read(books) as reader:
        assert reader.due_operations(Timestamp(START), 9) == [kept[2]]
    told = [delivery.message.id for delivery in store.directory.deliveries()]
    assert told == [kept[0].id, kept[1].id, kept[3].id]


def test_due_are_those_whose_time_has_come_or_run_out(store: Store, books: CompanyId) -> None:
    submit(
        store,
        books,
        operation("a", due_at=HELD),
        operation("b", due_at=HELD, timeout_seconds=2),
        operation("c", due_at=Timestamp(START + SECOND)),
        operation("d"),
    )

    def due(after_us: int, limit: int = 9) -> str:
        with store.read(books) as reader:
            at = Timestamp(START + after_us)
            found = reader.due_operations(at, limit)
            assert all(is_due(each, at) for each in found)
        return "".join(each.id[-1] for each in found)

    assert due(-1) == ""
    assert due(0) == "d"
    assert due(SECOND) == "cd"
    assert due(2 * SECOND - 1) == "cd"
    assert due(2 * SECOND) == "bcd"
    assert due(2 * SECOND, 2) == "bc"


def test_companies_with_pending_operations_are_known(store: Store, books: CompanyId) -> None:
    other = found(store, 2, chart())
    directory = store.directory
    assert (directory.companies_with_pending(), directory.count_pending()) == ([], 0)
    [kept] = submit(store, other, replace(operation(), company_id=other))
    submit(store, other, replace(operation("b"), company_id=other))
    assert (directory.companies_with_pending(), directory.count_pending()) == ([other], 2)
    end(store, other, replace(kept, **ENDED))  # type: ignore[arg-type]
    assert (directory.companies_with_pending(), directory.count_pending()) == ([other], 1)
    with store.read(books) as reader:
        assert reader.operation(kept.id) is None
        assert reader.operations(Query()) == []


def test_a_snapshot_does_not_see_later_ends(store: Store, books: CompanyId) -> None:
    [kept] = submit(store, books, operation())
    with store.read(books) as reader:
        assert reader.operation(kept.id) == kept
        end(store, books, replace(kept, **ENDED))  # type: ignore[arg-type]
        assert reader.operation(kept.id) == kept
        assert reader.operations(Query()) == [kept]


def test_a_page_is_bounded_in_bytes(store: Store, books: CompanyId) -> None:
    """It ends before the operation that would be too much; a first one always comes."""
    large = operation("large", command=b"{" + b" " * 100 + b"}", annex=b"x" * 100)
    kept = submit(store, books, operation("a"), large, operation("b"))
    sizes = [each.size for each in kept]
    assert sizes == [len(kept[0].command), 202, len(kept[2].command)]
    with store.read(books) as reader:

        def page(bytes_max: int | None, *sort: Sort) -> list[int]:
            query = Query(ALWAYS, sort, Offset(0, 9), bytes_max)
            return [each.number for each in reader.operations(query)]

        newest = Sort(Field.NUMBER, descending=True)
        assert page(None, newest) == page(sum(sizes), newest) == [3, 2, 1]
        assert page(sum(sizes) - 1, newest) == [3, 2]
        assert page(201, newest) == page(0, newest) == [3]
        rest = Query(ALWAYS, (newest,), Keyset(9, (3, kept[2].id)), 1)
        assert reader.operations(rest) == [kept[1]]


def test_a_search_is_broken_off_at_its_deadline(store: Store, books: CompanyId) -> None:
    """One that would find nothing, however long it looks."""
    submit(store, books, *(operation(f"{number}", message="x" * 50) for number in range(200)))
    long = Or(tuple(Like(Field.MESSAGE, ("", f"{number}", "")) for number in range(900)))
    with store.read(books, time.monotonic() - 1) as reader:
        with pytest.raises(DeadlinePassed):
            reader.operations(Query(long))
        with pytest.raises(DeadlinePassed):
            reader.count_operations(long)
    for deadline in (None, time.monotonic() + 3_600):
        with store.read(books, deadline) as reader:
            assert reader.count_operations(long) == 0
            assert len(reader.operations(Query())) == 100


STATUSES = [status.value for status in OperationStatus]
leaves = st.one_of(
    st.builds(
        Compare, st.just(Field.NUMBER), st.sampled_from(Op), st.integers(-1, 8) | st.just(2**70)
    ),
    st.builds(
        Compare, st.just(Field.STATUS), st.sampled_from([Op.EQ, Op.NE]), st.sampled_from(STATUSES)
    ),
    st.builds(
        Compare,
        st.sampled_from([Field.TOPIC, Field.CHANNEL, Field.MESSAGE, Field.ID]),
        st.sampled_from(Op),
        st.sampled_from(["Things", "wire-1", "b", "ERR", "", "\ud800"]),
    ),
    st.builds(
        Compare,
        st.sampled_from([Field.REQUESTED_AT, Field.COMPLETED_AT, Field.RESULT_CODE]),
        st.sampled_from(Op),
        st.sampled_from([START, START + 5, 400]),
    ),
    st.builds(
        IsNull, st.sampled_from([Field.COMPLETED_AT, Field.RESULT_CODE, Field.MESSAGE, Field.TOPIC])
    ),
    st.builds(Like, st.just(Field.MESSAGE), st.sampled_from([("", "r", ""), ("e", ""), ("x",)])),
    st.builds(
        Exact,
        st.sampled_from([Field.TOPIC, Field.MESSAGE, Field.ID, Field.STATUS, Field.RESULT_CODE]),
        st.tuples(st.sampled_from(["Things", "things", "err", "b", "pending", "400"])),
    ),
    st.builds(OneOf, st.just(Field.STATUS), st.tuples(*[st.sampled_from(STATUSES)] * 2)),
)
filters: st.SearchStrategy[Filter] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(And, st.tuples(inner, inner)),
        st.builds(Or, st.tuples(inner, inner)),
        st.builds(Not, inner),
    ),
    max_leaves=4,
)
sorts = st.lists(
    st.builds(Sort, st.sampled_from(sorted(OPERATION_SORTS)), st.booleans()),
    max_size=2,
    unique_by=lambda each: each.field,
).map(tuple)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(filters, sorts, st.integers(0, 4))
@example(Or((Compare(Field.NUMBER, Op.EQ, 0), Compare(Field.STATUS, Op.EQ, "pending"))), (), 0).via(
    "an error of SQLite's planner where an index has the condition status = 'pending'"
)
def test_queries_find_what_the_evaluator_finds(
    searched: tuple[Store, CompanyId, list[Operation]],
    item: Filter,
    sort: tuple[Sort, ...],
    start: int,
) -> None:
    store, books, operations = searched
    everything = Query(item, sort, Offset(0, 100))
    expected = select(operations, everything)
    with store.read(books) as reader:
        assert reader.operations(everything) == expected
        assert reader.count_operations(item) == len(expected)
        page = Query(item, sort, Offset(start, 2))
        assert reader.operations(page) == expected[start : start + 2]
        if expected[start:]:
            after = sort_key(expected[start], sort)
            rest = reader.operations(Query(item, sort, Keyset(100, after)))
            assert rest == expected[start + 1 :]


@pytest.fixture
def searched(store: Store, books: CompanyId) -> tuple[Store, CompanyId, list[Operation]]:
    """Operations in every state."""
    kept = submit(
        store,
        books,
        operation("a"),
        operation("b", topic="Things"),
        operation("c", channel="wire-2", at=START + 5),
        operation("d", topic="others"),
        operation("e", at=START + 7),
    )
    ends = [
        replace(kept[1], **ENDED, result_code=200),  # type: ignore[arg-type]
        replace(
            kept[2],
            status=OperationStatus.FAILED,
            completed_at=Timestamp(START + 6),
            message="Error",
            result_code=400,
        ),
        replace(
            kept[3],
            status=OperationStatus.TIMED_OUT,
            completed_at=Timestamp(START + 9),
            message="err",
        ),
    ]
    for each in ends:
        end(store, books, each)
    return store, books, [kept[0], *ends, kept[4]]


# Documents


def test_a_document_has_versions(store: Store) -> None:
    directory = store.directory
    draft = Document("wire", "company", "k", b"\x00one")
    assert directory.document("wire", "company", "k") is None
    assert directory.put_document(draft, 0) == replace(draft, version=1)
    for stale in (0, 2):
        with pytest.raises(DocumentChanged):
            directory.put_document(draft, stale)
    second = directory.put_document(replace(draft, body=b"two"), 1)
    assert (second.body, second.version) == (b"two", 2)
    assert directory.document("wire", "company", "k") == second
    assert directory.document("other", "company", "k") is None
    assert directory.document("wire", "company", "\ud800") is None


def test_documents_are_listed_by_key(store: Store) -> None:
    directory = store.directory
    for key in ("b/2", "a/1", "b/10", "c", "B", "é"):
        directory.put_document(Document("wire", "link", key, b""), 0)
    directory.put_document(Document("wire", "other", "a/1", b""), 0)

    def keys(after: str = "", limit: int = 9, prefix: str = "") -> list[str]:
        found = directory.documents("wire", "link", after, limit, prefix)
        return [each.key for each in found]

    assert keys() == ["B", "a/1", "b/10", "b/2", "c", "é"]
    assert keys(limit=2) == ["B", "a/1"]
    assert keys(after="a/1", limit=2) == ["b/10", "b/2"]
    assert keys(prefix="b/") == ["b/10", "b/2"]
    assert keys(prefix="b/", after="b/10") == ["b/2"]
    assert keys(prefix="d") == []
    assert directory.count_documents("wire", "link") == 6
    assert directory.count_documents("wire", "link", "b/") == 2


def test_documents_change_together_or_not_at_all(store: Store) -> None:
    directory = store.directory
    directory.put_consumer(consumer())
    directory.put_document(Document("wire", "k", "a", b"a"), 0)
    changes = [
        DocumentChange("wire", "k", "b", b"b", 0),
        DocumentChange("wire", "k", "a", None, 1),
    ]
    with pytest.raises(DocumentChanged):
        directory.change_documents([*changes, DocumentChange("wire", "k", "c", b"", 4)])
    large = DocumentChange("wire", "k", "c", bytes(DOCUMENT_BYTES_MAX + 1), 0)
    with pytest.raises(LimitPassed):
        directory.change_documents([*changes, large])
    assert [each.key for each in directory.documents("wire", "k")] == ["a"]
    kept = directory.change_documents(changes, [message("m")], Timestamp(START))
    assert kept == [Document("wire", "k", "b", b"b", 1), None]
    assert [each.key for each in directory.documents("wire", "k")] == ["b"]
    [delivery] = directory.deliveries()
    assert delivery == Delivery(1, "c-1", message("m"), None, Timestamp(START))
    assert directory.put_document(Document("wire", "k", "a", b"again"), 0).version == 1


# Consumers and deliveries


def consumer(name: str = "c-1", **members: object) -> Consumer:
    plain = Consumer(name, "wire", "https://example.com/hook", frozenset({"made"}))
    return replace(plain, **members)  # type: ignore[arg-type]


def message(name: str, **members: object) -> Message:
    plain = Message("wire", name, "made", b"\x00{}", "company-1")
    return replace(plain, **members)  # type: ignore[arg-type]


def publish(store: Store, books: CompanyId, *messages: Message) -> None:
    store.write(books, lambda tx: tx.publish(messages, Timestamp(START)))


def test_a_consumer_is_kept_with_everything_it_has(store: Store) -> None:
    directory = store.directory
    full = consumer(
        owner="app",
        secret=b"\xff",
        subjects=frozenset({"a", "b"}),
        labels=frozenset({"x:y"}),
        headers=(("b", "2"), ("a", "1")),
        annex=b"{}",
        created_at=Timestamp(START),
        failing_since=Timestamp(START + 1),
        disabled=True,
    )
    directory.put_consumer(full)
    directory.put_consumer(consumer("c-0", wire="other"))
    assert directory.consumer("c-1") == full
    assert directory.consumer("nobody") is None
    assert directory.consumer("\ud800") is None
    assert [each.id for each in directory.consumers()] == ["c-1", "c-0"]
    assert directory.consumers("wire") == directory.consumers("wire", "app") == [full]
    assert directory.consumers(owner="other") == directory.consumers("other", "app") == []
    directory.put_consumer(consumer())
    assert directory.consumers("wire") == [consumer()]
    assert [each.id for each in directory.consumers()] == ["c-1", "c-0"]


def test_there_is_a_bound_on_consumers(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with bounded_consumers(monkeypatch, 2):
        for name in ("a", "b", "a"):
            store.directory.put_consumer(consumer(name))
        with pytest.raises(LimitPassed):
            store.directory.put_consumer(consumer("c"))
    assert [each.id for each in store.directory.consumers()] == ["a", "b"]


@contextmanager
def bounded_consumers(monkeypatch: pytest.MonkeyPatch, most: int) -> Iterator[None]:
    """Every engine's own name for the bound, made small."""
    import sys

    for name, module in list(sys.modules.items()):
        if name.startswith("daybook.storage.") and hasattr(module, "CONSUMERS_MAX"):
            monkeypatch.setattr(module, "CONSUMERS_MAX", most)
    yield


def test_a_message_goes_to_those_that_want_it(store: Store, books: CompanyId) -> None:
    for each in (
        consumer("all"),
        consumer("other", wire="other"),
        consumer("types", event_types=frozenset({"gone"})),
        consumer("off", disabled=True),
        consumer("subject", subjects=frozenset({"company-1"})),
        consumer("labels", labels=frozenset({"a:1", "b:2"})),
    ):
        store.directory.put_consumer(each)
    publish(
        store, books, message("m"), message("n", subject="company-2", labels=frozenset({"b:2"}))
    )
    told = [(each.consumer_id, each.message.id) for each in store.directory.deliveries()]
    assert told == [("all", "m"), ("subject", "m"), ("all", "n"), ("labels", "n")]
    [first, *_] = store.directory.deliveries()
    assert first == Delivery(1, "all", message("m"), books, Timestamp(START))


def test_a_message_goes_to_those_that_want_what_it_is_about(store: Store) -> None:
    directory = store.directory
    for name, subject in (("a", "of ada"), ("b", "of bob"), ("c", "books 1")):
        directory.put_consumer(consumer(name, subjects=frozenset({subject})))
    told = message("m", about=frozenset({"of ada", "books 1"}))
    directory.publish([told], Timestamp(START))
    kept = directory.deliveries()
    assert [each.consumer_id for each in kept] == ["a", "c"]
    assert kept[0].message.about == frozenset() or kept[0].message == told


def test_consumers_are_changed_as_one(store: Store) -> None:
    directory = store.directory
    directory.put_consumer(consumer("a"))

    def full(table: ConsumerTable) -> None:
        table.put_consumer(consumer("b", owner="app"))
        assert [each.id for each in table.consumers("wire")] == ["a", "b"]
        assert [each.id for each in table.consumers(owner="app")] == ["b"]
        assert table.remove_consumer("a")
        raise LookupError

    with pytest.raises(LookupError):
        directory.change_consumers(full)
    assert directory.consumers() == [consumer("a")]
    directory.publish([message("m")], Timestamp(START))
    assert [each.consumer_id for each in directory.deliveries()] == ["a"]
    assert directory.change_consumers(lambda table: table.remove_consumer("a"))
    assert directory.consumers() == []


def test_what_anybody_wants_to_be_told(store: Store) -> None:
    directory = store.directory
    assert directory.wanted_events("wire") == frozenset()
    directory.put_consumer(consumer("a", event_types=frozenset({"made", "gone"})))
    directory.put_consumer(consumer("b", wire="other", event_types=frozenset({"moved"})))
    assert directory.wanted_events("wire") == {"made", "gone"}
    directory.put_consumer(consumer("a", disabled=True))
    assert directory.wanted_events("wire") == frozenset()
    assert directory.wanted_events("other") == {"moved"}


def test_consumers_with_something_due(store: Store) -> None:
    directory, now = store.directory, Timestamp(START)
    for name in "abc":
        directory.put_consumer(consumer(name))
    directory.publish([message("m")], now)
    first, *_ = directory.deliveries()
    directory.settle_delivery(outbox.after_failure(first, "no", now, 0.0))
    directory.put_consumer(consumer("b", disabled=True))
    assert [each.id for each in directory.due_consumers(now)] == ["c"]
    later = Timestamp(now + 5 * SECOND)
    assert [each.id for each in directory.due_consumers(later)] == ["a", "c"]


def test_what_waits_for_a_disabled_consumer_is_dropped_in_the_end(store: Store) -> None:
    directory = store.directory
    directory.put_consumer(consumer("a"))
    directory.put_consumer(consumer("b"))
    directory.publish([message("m")], Timestamp(START))
    directory.put_consumer(consumer("a", disabled=True))
    assert directory.prune_deliveries(Timestamp(START), 9) == 0
    assert directory.prune_deliveries(Timestamp(START + 1), 9) == 1
    assert [each.consumer_id for each in directory.deliveries()] == ["b"]


def test_a_message_that_is_too_large_undoes_what_it_tells_of(
    store: Store, books: CompanyId
) -> None:
    store.directory.put_consumer(consumer())
    large = message("m", payload=bytes(outbox.PAYLOAD_BYTES_MAX + 1))

    def work(tx: Tx) -> None:
        tx.add_operation(operation())
        tx.publish([large], Timestamp(START))

    with pytest.raises(LimitPassed):
        store.write(books, work)
    with store.read(books) as reader:
        assert reader.operations(Query()) == []
    with pytest.raises(LimitPassed):
        store.directory.publish([large], Timestamp(START))


def test_first_attempts_come_first_then_what_is_due(store: Store, books: CompanyId) -> None:
    directory = store.directory
    directory.put_consumer(consumer())
    directory.put_consumer(consumer("c-2"))
    publish(store, books, *(message(name) for name in "abcd"))
    mine = [each for each in directory.deliveries() if each.consumer_id == "c-1"]
    now = Timestamp(START)
    directory.settle_delivery(outbox.after_failure(mine[0], "no", now, 0.0))
    directory.settle_delivery(outbox.after_success(mine[1], now))

    def due(after_us: int) -> str:
        found = directory.due_deliveries("c-1", Timestamp(START + after_us), 9)
        return "".join(each.message.id for each in found)

    assert due(0) == "cd"
    assert due(5 * SECOND) == "cda"
    assert directory.due_deliveries("c-1", now, 1) == [mine[2]]
    assert directory.next_attempt() == outbox.FIRST
    for each in directory.due_deliveries("c-2", now, 9) + mine[2:]:
        directory.settle_delivery(outbox.after_success(each, now))
    assert directory.next_attempt() == START + 5 * SECOND
    directory.put_consumer(consumer(disabled=True))
    assert directory.next_attempt() is None


def test_what_became_of_a_delivery_is_kept(store: Store, books: CompanyId) -> None:
    directory = store.directory
    directory.put_consumer(consumer())
    publish(store, books, message("a"), message("b"), message("c"))
    a, b, c = directory.deliveries()
    dead = replace(a, state=DeliveryState.DEAD, attempts=8, failure="no", attempted_at=START)
    directory.settle_delivery(dead, consumer(disabled=True, failing_since=Timestamp(START)))
    directory.settle_delivery(outbox.after_success(b, Timestamp(START)))
    assert directory.delivery(a.number) == dead
    assert directory.delivery(99) is None
    assert directory.deliveries(DeliveryState.DEAD) == [dead]
    assert directory.deliveries(DeliveryState.PENDING) == [c]
    assert directory.deliveries(after=a.number, limit=1) == [
        outbox.after_success(b, Timestamp(START))
    ]
    counts = directory.delivery_counts()
    assert (counts.pending, counts.dead) == (1, 1)
    assert directory.consumer("c-1") == consumer(disabled=True, failing_since=Timestamp(START))
    assert directory.prune_deliveries(Timestamp(START), 9) == 0
    assert directory.deliveries(DeliveryState.PENDING) == [c], "its consumer may be enabled again"
    assert directory.prune_deliveries(Timestamp(START + 1), 9) == 3
    assert directory.deliveries() == []


def test_a_consumer_that_is_removed_takes_its_deliveries_along(
    store: Store, books: CompanyId
) -> None:
    directory = store.directory
    directory.put_consumer(consumer())
    directory.put_consumer(consumer("c-2"))
    publish(store, books, message("a"))
    first, second = directory.deliveries()
    assert directory.remove_consumer("c-1")
    assert not directory.remove_consumer("c-1")
    assert directory.deliveries() == [second]
    directory.settle_delivery(outbox.after_success(first, Timestamp(START)), consumer())
    assert directory.deliveries() == [second]
    assert directory.consumer("c-1") is None
    publish(store, books, message("b"))
    assert [each.number for each in directory.deliveries()] == [second.number, 3]


def test_a_company_sees_deliveries_about_its_own_books(store: Store, books: CompanyId) -> None:
    directory = store.directory
    other = found(store, 2, chart())
    directory.put_consumer(consumer())
    publish(store, books, message("a"), message("b"))
    publish(store, other, message("c"))
    directory.publish([message("d")], Timestamp(START))
    publish(store, books, message("e"))
    a, b, c, _, e = directory.deliveries()
    assert directory.company_deliveries(books) == [e, b, a]
    assert directory.company_deliveries(books, limit=1) == [e]
    assert directory.company_deliveries(books, before=e.number, limit=1) == [b]
    assert directory.company_deliveries(other) == [c]
    arrived = outbox.after_success(b, Timestamp(START))
    directory.settle_delivery(arrived)
    assert directory.company_deliveries(books, DeliveryState.DELIVERED) == [arrived]
    assert directory.company_deliveries(books, DeliveryState.DEAD) == []
