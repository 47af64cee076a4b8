"""The one door: what is committed is logged and chained, what is refused leaves no trace."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from queue import SimpleQueue

import pytest

from daybook.app import bodies
from daybook.app.access import OPERATOR, Principal, Scope
from daybook.app.ledger import (
    Answered,
    Books,
    Committed,
    Context,
    Idempotency,
    Keeping,
    Ledger,
    Refused,
    Repetition,
    Streamed,
)
from daybook.app.ports import IdempotencyKey, Reader
from daybook.domain import chain
from daybook.domain.commands import (
    AccountContent,
    ChangeCompany,
    Command,
    CreateEntry,
    CreateReference,
    DeleteEntry,
    EntryContent,
    LineDraft,
    MoveEntry,
    PatchEntry,
    ReplaceReference,
)
from daybook.domain.events import ACCOUNT, Actor
from daybook.domain.ids import AccountId, ById, ByName, CompanyId, EntryId, Timestamp
from daybook.domain.model import (
    Account,
    AccountKind,
    Company,
    JournalEntry,
    Side,
    Status,
)
from daybook.domain.refusals import RefusalCode
from daybook.storage import open_store

ACTOR = Actor("app", "test", request_id="r-1")
CONTEXT = Context(ACTOR)
DRAFT = Company(CompanyId(0), "demo", "Demo", "9130", "c0c4", "GBP")


class Ticking:
    """A clock that can be set, and set back."""

    def __init__(self) -> None:
        self.now = 1_790_000_000_000_000

    def __call__(self) -> Timestamp:
        return Timestamp(self.now)


@pytest.fixture
def clock() -> Ticking:
    return Ticking()


@pytest.fixture(params=["memory", "sqlite"])
def ledger(request: pytest.FixtureRequest, clock: Ticking, tmp_path: Path) -> Iterator[Ledger]:
    url = "memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/books.db"
    store = open_store(url)
    yield Ledger(store, clock)
    store.close()


@pytest.fixture
def books(ledger: Ledger) -> Books:
    founded = ledger.found(DRAFT, ACTOR)
    assert isinstance(founded, Company)
    opened = ledger.books(founded.id, OPERATOR)
    assert opened is not None
    for name, kind in (("Bank", AccountKind.BANK), ("Rent", AccountKind.EXPENSE)):
        committed(opened.execute(CreateReference(AccountContent(name, kind)), CONTEXT))
    return opened


def committed(outcome: object) -> Committed:
    assert isinstance(outcome, Committed), outcome
    return outcome


def entry_of(outcome: object) -> JournalEntry:
    record = committed(outcome).records[0]
    assert isinstance(record, JournalEntry)
    return record


def refused(outcome: object) -> RefusalCode:
    assert isinstance(outcome, Refused), outcome
    return outcome.refusals[0].code


def create(amount: int = 100, other: int | None = None) -> CreateEntry:
    lines = (
        LineDraft(Side.DEBIT, amount, ByName("Rent")),
        LineDraft(Side.CREDIT, amount if other is None else other, ById(1)),
    )
    return CreateEntry(EntryContent(lines, date(2026, 3, 4), memo=f"rent {amount}"))


def state(books: Books) -> object:
    with books.read() as reader:
        return reader.head(), reader.account_totals(), reader.events(0, 1_000)


def test_an_entry_is_logged_and_chained(books: Books) -> None:
    entry = entry_of(books.execute(create(), CONTEXT))
    with books.read() as reader:
        assert reader.entry(entry.id) == entry
        events = reader.events(0, 100)
        assert chain.verify(events) is None
        assert bodies.decode(events[-1].entity, events[-1].body) == entry
        assert (events[-1].actor, events[-1].at) == (ACTOR, entry.created_at)
        assert sum(total.balance for total in reader.account_totals()) == 0


def test_a_refusal_leaves_no_trace(books: Books) -> None:
    before = state(books)
    assert refused(books.execute(create(100, 99), CONTEXT)) is RefusalCode.UNBALANCED
    assert refused(books.execute(DeleteEntry(EntryId(5), 0), CONTEXT)) is RefusalCode.NOT_FOUND
    assert state(books) == before


def test_all_or_none_of_several(books: Books) -> None:
    before = state(books)
    outcome = books.execute_all([create(), create(5), create(1, 2)], CONTEXT)
    assert isinstance(outcome, Refused)
    assert outcome.index == 2
    assert state(books) == before
    done = committed(books.execute_all([create(), create(5)], CONTEXT))
    assert [record.id for record in done.records] == [1, 2]


def test_later_commands_see_earlier_ones(books: Books) -> None:
    account = CreateReference(AccountContent("New", AccountKind.EXPENSE))
    lines = (
        LineDraft(Side.DEBIT, 1, ByName("New")),
        LineDraft(Side.CREDIT, 1, ById(1)),
    )
    entry = CreateEntry(EntryContent(lines, date(2026, 3, 4)))
    delete = DeleteEntry(EntryId(1), 0)
    done = committed(books.execute_all([account, entry, delete], CONTEXT))
    assert isinstance(done.records[2], JournalEntry)
    assert done.records[2].deleted_at is not None


def test_renaming_inside_a_transaction_is_seen_by_names(books: Books) -> None:
    rename = ReplaceReference(2, 0, AccountContent("Hire", AccountKind.EXPENSE))
    outcome = books.execute_all([create(), rename, create(7)], CONTEXT)
    assert refused(outcome) is RefusalCode.REFERENCE_NOT_FOUND


def test_what_cannot_be_shown_is_not_kept(books: Books) -> None:
    """`show` runs inside the transaction: if it fails, the caller has no answer, so no entry."""

    def fail(reader: Reader, outcome: Committed) -> object:
        raise LookupError("cannot be shown")

    before = state(books)
    with pytest.raises(LookupError, match="cannot be shown"):
        books.execute(create(), replace(CONTEXT, show=fail))
    assert state(books) == before
    assert entry_of(books.execute(create(), CONTEXT)).total == 100


def test_a_dry_run_judges_and_keeps_nothing(books: Books) -> None:
    before = state(books)
    dry = replace(CONTEXT, dry_run=True)
    assert entry_of(books.execute(create(), dry)).total == 100
    assert refused(books.execute(create(1, 2), dry)) is RefusalCode.UNBALANCED
    outcome = books.execute_all([create(), create(1, 2)], dry)
    assert refused(outcome) is RefusalCode.UNBALANCED
    assert state(books) == before


def test_times_never_go_back(books: Books, clock: Ticking) -> None:
    first = entry_of(books.execute(create(), CONTEXT))
    clock.now -= 3_600_000_000
    second = entry_of(books.execute(create(), CONTEXT))
    assert second.modified_at == first.modified_at + 1


def keyed(key: str, repetition: Repetition = Repetition.REFUSE_OTHER) -> Context:
    return Context(ACTOR, Idempotency(IdempotencyKey("test", "app", key), repetition))


def test_a_key_is_carried_out_once(books: Books) -> None:
    first = committed(books.execute(create(), keyed("k")))
    entry_of(books.execute(PatchEntry(EntryId(1), 0, memo="changed since"), CONTEXT))
    again = committed(books.execute(create(), keyed("k")))
    assert again.replayed
    assert (again.records, again.events) == (first.records, first.events)
    assert refused(books.execute(create(5), keyed("k"))) is RefusalCode.IDEMPOTENCY_MISMATCH
    assert entry_of(books.execute(create(), keyed("other"))).id == 2


def test_a_key_may_answer_whatever_is_asked(books: Books) -> None:
    first = committed(books.execute(create(), keyed("k")))
    again = books.execute(create(1, 2), keyed("k", Repetition.ANSWER_FIRST))
    assert committed(again).records == first.records


def test_a_key_of_a_change_that_changed_nothing(books: Books) -> None:
    entry = entry_of(books.execute(create(), CONTEXT))
    nothing = PatchEntry(entry.id, 0, memo=entry.memo)
    assert committed(books.execute(nothing, keyed("k"))).records == (entry,)
    books.execute(PatchEntry(entry.id, 0, memo="changed since"), CONTEXT)
    again = committed(books.execute(nothing, keyed("k")))
    assert (again.records, again.replayed) == ((entry,), True)


def test_a_key_of_several_commands(books: Books) -> None:
    """Some change nothing, some change more than what they name; each has its own record."""
    committed(books.execute(create(), CONTEXT))
    child = CreateReference(AccountContent("Office", AccountKind.EXPENSE, parent=ById(2)))
    rename = ReplaceReference(2, 0, AccountContent("Hire", AccountKind.EXPENSE))
    nothing = PatchEntry(EntryId(1), 0, memo="rent 100")
    commands: list[Command] = [child, nothing, rename, PatchEntry(EntryId(1), 0, memo="new")]
    first = committed(books.execute_all(commands, keyed("k")))
    again = committed(books.execute_all(commands, keyed("k")))
    assert (again.records, again.events) == (first.records, first.events)
    assert [record.version for record in first.records] == [0, 0, 1, 1]


def test_a_refused_key_may_be_used_again_unless_it_is_remembered(books: Books) -> None:
    key = keyed("k", Repetition.ANSWER_FIRST)
    assert key.idempotency is not None
    assert refused(books.execute(create(1, 2), key)) is RefusalCode.UNBALANCED
    assert books.recall(key.idempotency.key) is None
    assert books.remember(key.idempotency.key, b"first fault") == Answered(b"first fault")
    assert books.remember(key.idempotency.key, b"second fault") == Answered(b"first fault")
    assert books.execute(create(), key) == Answered(b"first fault")
    assert books.recall(key.idempotency.key) == Answered(b"first fault")


def test_what_a_credential_allows(ledger: Ledger, books: Books) -> None:
    reading = Principal("app", frozenset({books.company_id}), frozenset({Scope.READ}))
    limited = ledger.books(books.company_id, reading)
    assert limited is not None
    assert refused(limited.execute(create(), CONTEXT)) is RefusalCode.FORBIDDEN
    stream = limited.execute_stream(lambda: iter([create()]), CONTEXT)
    assert refused(stream) is RefusalCode.FORBIDDEN
    with limited.read() as reader:
        company = reader.company
    writing = replace(reading, scopes=frozenset({Scope.WRITE}))
    writer = ledger.books(books.company_id, writing)
    assert writer is not None
    with pytest.raises(PermissionError):
        writer.read()
    for command in (ChangeCompany(0, company), MoveEntry(EntryId(1), 0, Status.POSTED)):
        assert refused(writer.execute(command, CONTEXT)) is RefusalCode.FORBIDDEN
    assert entry_of(writer.execute(create(), CONTEXT)).id == 1


def test_books_that_are_not_the_callers_look_like_none(ledger: Ledger, books: Books) -> None:
    stranger = Principal("app", frozenset({CompanyId(99)}), frozenset(Scope))
    assert ledger.books(books.company_id, stranger) is None
    assert ledger.books(CompanyId(99), stranger) is None


def test_founding_twice_is_refused(ledger: Ledger, books: Books) -> None:
    assert refused(ledger.found(DRAFT, ACTOR)) is RefusalCode.DUPLICATE_NAME
    nowhere = replace(DRAFT, slug="x", realm="1", codat_id="x", time_zone="Nowhere/City")
    assert refused(ledger.found(nowhere, ACTOR)) is RefusalCode.INVALID_VALUE


class Letters:
    """A mailbox that a test can wait on."""

    def __init__(self) -> None:
        self.queue: SimpleQueue[tuple[object, object]] = SimpleQueue()

    def deliver(self, letters: Sequence[tuple[object, object]]) -> None:
        for letter in letters:
            self.queue.put(letter)


def test_without_waiting_the_outcome_comes_by_mail(books: Books) -> None:
    mailbox = Letters()
    for ticket in range(20):
        assert books.execute_soon(create(ticket + 1), CONTEXT, ticket, mailbox) is None
    arrived = dict(mailbox.queue.get(timeout=10) for _ in range(20))
    assert sorted(arrived) == list(range(20))  # type: ignore[type-var]
    ids = [entry_of(arrived[ticket]).id for ticket in range(20)]
    assert ids == list(range(1, 21))


def stream(*commands: Command) -> Callable[[], Iterator[Command]]:
    return lambda: iter(commands)


def test_a_stream_reports_every_refusal_and_keeps_all_or_nothing(books: Books) -> None:
    before = state(books)
    run = stream(create(1), create(1, 2), create(3), create(3, 4))
    streamed = books.execute_stream(run, CONTEXT)
    assert isinstance(streamed, Streamed)
    assert streamed.carried_out == 2
    assert [index for index, _ in streamed.refused] == [1, 3]
    assert state(books) == before
    streamed = books.execute_stream(run, CONTEXT, Keeping.THE_OTHERS)
    assert isinstance(streamed, Streamed)
    with books.read() as reader:
        assert reader.head().entries_live == 2
        assert chain.verify(reader.events(0, 100)) is None


def test_a_dry_stream_keeps_nothing(books: Books) -> None:
    before = state(books)
    dry = replace(CONTEXT, dry_run=True)
    assert books.execute_stream(stream(create(1), create(2)), dry) == Streamed(2, ())
    assert state(books) == before


def test_renaming_a_parent_renames_what_is_below(books: Books) -> None:
    child = CreateReference(AccountContent("Office", AccountKind.EXPENSE, parent=ById(2)))
    grandchild = CreateReference(
        AccountContent("Desk", AccountKind.EXPENSE, parent=ByName("Rent:Office"))
    )
    committed(books.execute_all([child, grandchild], CONTEXT))
    committed(
        books.execute(ReplaceReference(2, 0, AccountContent("Hire", AccountKind.EXPENSE)), CONTEXT)
    )
    with books.read() as reader:
        desk = reader.reference(ACCOUNT, AccountId(4))
    assert isinstance(desk, Account)
    assert (desk.full_name, desk.version) == ("Hire:Office:Desk", 1)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (AccountContent("Rent", AccountKind.EXPENSE), RefusalCode.DUPLICATE_NAME),
        (AccountContent("rENT", AccountKind.EXPENSE), RefusalCode.DUPLICATE_NAME),
        (AccountContent(" ", AccountKind.EXPENSE), RefusalCode.REQUIRED_MISSING),
        (AccountContent("a:b", AccountKind.EXPENSE), RefusalCode.INVALID_VALUE),
        (AccountContent("a", AccountKind.EXPENSE, currency="XXX"), RefusalCode.INVALID_VALUE),
        (AccountContent("a", AccountKind.EXPENSE, parent=ById(1)), RefusalCode.INVALID_VALUE),
        (AccountContent("a", AccountKind.BANK, parent=ById(9)), RefusalCode.REFERENCE_NOT_FOUND),
        (AccountContent("a" * 501, AccountKind.BANK), RefusalCode.INVALID_VALUE),
    ],
)
def test_what_is_wrong_with_an_account(
    books: Books, content: AccountContent, code: RefusalCode
) -> None:
    assert refused(books.execute(CreateReference(content), CONTEXT)) is code


def test_a_tree_has_no_loops_and_an_end(books: Books) -> None:
    expense = AccountKind.EXPENSE
    parents: list[Command] = [
        CreateReference(AccountContent(f"L{level}", expense, parent=ById(level)))
        for level in (2, 3, 4, 5)
    ]
    committed(books.execute_all(parents, CONTEXT))
    deeper = CreateReference(AccountContent("L6", expense, parent=ById(6)))
    assert refused(books.execute(deeper, CONTEXT)) is RefusalCode.LIMIT_EXCEEDED
    loop = ReplaceReference(2, 0, AccountContent("Rent", expense, parent=ById(5)))
    assert refused(books.execute(loop, CONTEXT)) is RefusalCode.INVALID_VALUE


def test_an_account_that_is_posted_to_keeps_what_its_lines_rest_on(books: Books) -> None:
    committed(books.execute(create(), CONTEXT))
    receivable = ReplaceReference(2, 0, AccountContent("Rent", AccountKind.RECEIVABLE))
    assert refused(books.execute(receivable, CONTEXT)) is RefusalCode.IN_USE
    other = ReplaceReference(2, 0, AccountContent("Rent", AccountKind.OTHER_EXPENSE))
    assert committed(books.execute(other, CONTEXT)).records[0].version == 1


def test_keys_are_not_for_callers_without_the_right(ledger: Ledger, books: Books) -> None:
    """Who may only read cannot put an answer in the way of the owner's command."""
    key = IdempotencyKey("test", "", "k-1")
    reading = Principal("reader", frozenset({books.company_id}), frozenset({Scope.READ}))
    writing = Principal("writer", frozenset({books.company_id}), frozenset({Scope.WRITE}))
    reader = ledger.books(books.company_id, reading)
    writer = ledger.books(books.company_id, writing)
    assert reader is not None
    assert writer is not None
    assert refused(reader.remember(key, b"evil")) is RefusalCode.FORBIDDEN
    with pytest.raises(PermissionError):
        writer.recall(key)
    assert books.recall(key) is None
