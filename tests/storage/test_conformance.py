"""What every storage engine promises, by the words of the port. An engine passes it unchanged.

Records are appended as they are, past the ledger, so that an engine is judged by the port alone.
Here: companies, the log, entries, idempotency, credentials, the store as a whole. The suites
beside this one are about writing and snapshots, totals, reference records and pages; random
filters are left to `test_query_equivalence`.
"""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from operator import methodcaller
from pathlib import Path
from typing import Any

import pytest
from tests.support.clock import START
from tests.support.engines import Engine, engine_schemes
from tests.support.records import (
    ADA,
    BANK,
    DAY,
    DIMENSIONS,
    RECEIVABLE,
    REFERENCES,
    RENT,
    RICH,
    SALES,
    UNBALANCED,
    account,
    chart,
    company,
    created,
    deletion,
    entry,
    found,
    keep,
    line,
    log,
    make_event,
    names_of,
    revision,
    transfer,
)
from tests.support.stores import KEY, LIVE, Mail, Oops, append_next, balances, totals, write_failing

from daybook.app import bodies
from daybook.app.ports import (
    Client,
    IdempotencyKey,
    LoggedBody,
    NameTaken,
    Remembered,
    Store,
    StoreFailure,
    Token,
    TokensOf,
    TokenTable,
    Total,
    Tx,
    UnknownCompany,
    User,
)
from daybook.domain import chain
from daybook.domain.events import (
    ACCOUNT,
    COMPANY,
    ENTRY,
    RATE,
    Actor,
    Change,
    EventKind,
)
from daybook.domain.ids import (
    AccountId,
    ByCode,
    ById,
    ByName,
    CompanyId,
    ContactId,
    DimensionId,
    EntryId,
    Timestamp,
)
from daybook.domain.model import (
    CLASS,
    PROJECT,
    ExchangeRate,
    Origin,
    Side,
    Status,
)
from daybook.domain.query import (
    ALWAYS,
    AnyLine,
    Compare,
    Field,
    IsNull,
    Not,
    Op,
    Query,
)

FIRST = EntryId(1)


# Companies and their names


def test_a_company_is_found_by_each_of_its_names(store: Store) -> None:
    first, second = found(store, 1), found(store, 2)
    directory = store.directory
    assert directory.company_ids() == [first, second]
    assert first != second
    assert directory.names(second) == names_of(company(2))
    assert directory.by_slug("slug-2") == second
    assert directory.by_realm("912") == second
    assert directory.by_codat_id("c-2") == second
    with store.read(second) as reader:
        assert reader.company.id == second
        assert reader.company.name == "Company 2"


def test_unknown_names_lead_nowhere(store: Store) -> None:
    found(store)
    directory = store.directory
    for nobody in ("", "SLUG-1", "slug-1 ", "912", "\ud800"):
        assert directory.by_slug(nobody) is None
        assert directory.by_realm(nobody) is None
        assert directory.by_codat_id(nobody) is None
    for number in (0, -1, 99, 2**80):
        assert directory.names(CompanyId(number)) is None


@pytest.mark.parametrize("member", ["slug", "realm", "codat_id"])
def test_no_two_companies_share_a_name(store: Store, member: str) -> None:
    first = found(store, 1)
    taken: dict[str, str] = {member: getattr(names_of(company(1)), member)}
    names = replace(names_of(company(2)), **taken)
    with pytest.raises(NameTaken):
        store.found_company(names, lambda company_id, tx: company_id)
    assert store.directory.company_ids() == [first]
    assert found(store, 2) not in (first, None)


def test_a_founding_that_fails_leaves_nothing(store: Store) -> None:
    def work(company_id: CompanyId, tx: Tx) -> None:
        log(tx, company_id, created(replace(company(1), id=company_id)))
        raise Oops

    with pytest.raises(Oops):
        store.found_company(names_of(company(1)), work)
    assert store.directory.company_ids() == []
    assert store.directory.by_slug("slug-1") is None
    company_id = found(store, 1)
    with store.read(company_id) as reader:
        assert reader.head().seq == 1


def test_the_log_of_a_company_that_is_founded_is_empty(store: Store) -> None:
    def work(company_id: CompanyId, tx: Tx) -> None:
        head = tx.head()
        assert (head.seq, head.hash, head.modified_at) == (0, chain.GENESIS, 0)
        assert (head.reference_seq, head.entries_live, head.entries_deleted) == (0, 0, 0)
        assert tx.next_id(ENTRY) == tx.next_id(ACCOUNT) == 1
        log(tx, company_id, created(replace(company(1), id=company_id)), *chart())
        assert tx.company.slug == "slug-1"

    store.found_company(names_of(company(1)), work)


@pytest.mark.parametrize("number", [0, -1, 2, 2**80])
def test_there_is_nothing_at_an_unknown_company(store: Store, number: int) -> None:
    found(store)
    nobody = CompanyId(number)
    with pytest.raises(UnknownCompany), store.read(nobody) as reader:
        reader.head()
    with pytest.raises(UnknownCompany):
        store.write(nobody, lambda tx: tx.head())
    mail = Mail()
    store.write_soon(nobody, lambda tx: tx.head(), "t", mail)
    assert isinstance(mail.take(1)["t"], UnknownCompany)


def test_companies_do_not_see_each_other(store: Store) -> None:
    """The same numbers everywhere; then every question is asked of the company without answers."""
    rate = ExchangeRate(1, "EUR", DAY, Decimal("0.85"))
    coded = replace(account(9, name="Ours"), code="9000", parent_id=AccountId(BANK))
    ours = found(store, 1, [*chart(), created(coded), created(rate)])
    theirs = found(store, 2)
    keep(store, ours, created(entry(1, doc_number="77")))
    store.write(ours, lambda tx: tx.remember(KEY, Remembered(START, b"d", 1, 2)))
    with store.read(theirs) as reader:
        assert reader.company.slug == "slug-2"
        assert reader.head().seq == 1
        assert reader.head().entries_live == 0
        assert reader.entry(FIRST) is None
        assert reader.entries(Query()) == []
        assert reader.count_entries(ALWAYS) == reader.count_entries(LIVE) == 0
        assert reader.count_entries(Compare(Field.LINE_ACCOUNT, Op.EQ, BANK)) == 0
        assert reader.reference(ACCOUNT, BANK) is None
        assert reader.references(ACCOUNT, Query()) == []
        assert reader.count_references(ACCOUNT, ALWAYS) == 0
        assert reader.account_totals() == reader.account_totals(DAY) == []
        assert reader.account_total(AccountId(BANK)) == Total(BANK, 0, 0)
        assert reader.contact_total(ContactId(ADA)) == Total(ADA, 0, 0)
        assert reader.event(2) is None
        assert len(reader.events(0, 100)) == 1
        assert reader.history(ACCOUNT, BANK) == []
        assert reader.recall(KEY) is None

    def work(tx: Tx) -> None:
        assert tx.next_id(ENTRY) == tx.next_id(ACCOUNT) == tx.next_id(RATE) == 1
        for ref in (ById(9), ByName("Ours"), ByCode("9000")):
            assert list(tx.find(ACCOUNT, ref)) == []
        assert list(tx.children(ACCOUNT, BANK)) == []
        assert tx.doc_number_holder("77") is None
        assert tx.highest_doc_number() == 0
        assert tx.rate("EUR", DAY) is None
        assert not tx.is_posted_to(AccountId(BANK))

    store.write(theirs, work)
    keep(store, theirs, *chart(), created(entry(1, transfer(5))))
    assert balances(store, ours) == {BANK: -100, RENT: 100}
    assert balances(store, theirs) == {BANK: -5, RENT: 5}


# The log


def test_the_head_follows_the_log(store: Store, books: CompanyId) -> None:
    with store.read(books) as reader:
        before = reader.head()
    assert before.seq == before.reference_seq == 1 + len(chart())
    [event] = keep(store, books, created(entry(1)))
    with store.read(books) as reader:
        head = reader.head()
    assert (head.seq, head.hash, head.modified_at) == (event.seq, event.hash, event.at)
    assert event.previous_hash == before.hash
    assert head.reference_seq == before.reference_seq
    assert (head.entries_live, head.entries_deleted) == (1, 0)
    keep(store, books, created(account(9)))
    keep(store, books, deletion(entry(1)))
    with store.read(books) as reader:
        head = reader.head()
    assert head.seq == head.reference_seq + 1
    assert (head.entries_live, head.entries_deleted) == (0, 1)


def test_a_change_of_the_company_counts_as_one_of_reference_records(
    store: Store, books: CompanyId
) -> None:
    with store.read(books) as reader:
        before = reader.company
    after = replace(before, name="Renamed", books_closed_through=DAY, annex=(("qbo", "{}"),))
    [event] = keep(store, books, revision(before, after))
    with store.read(books) as reader:
        assert reader.company == replace(after, version=1)
        assert reader.head().reference_seq == event.seq
        assert [each.version for each in reader.history(COMPANY, books)] == [0, 1]


def test_events_are_read_back_as_they_were_written(store: Store, books: CompanyId) -> None:
    made = keep(store, books, created(entry(1)), created(entry(2)))
    made += keep(store, books, deletion(entry(1)))
    with store.read(books) as reader:
        start = made[0].seq - 1
        assert reader.events(start, 100) == made
        assert reader.events(start, 2) == made[:2]
        assert reader.events(start + 1, 1) == made[1:2]
        assert reader.events(made[-1].seq, 10) == reader.events(start, 0) == []
        assert reader.event(made[1].seq) == made[1]
        assert reader.event(0) is reader.event(-1) is reader.event(made[-1].seq + 1) is None
        assert reader.history(ENTRY, 1) == [made[0], made[2]]
        assert reader.history(ENTRY, 3) == reader.history(ACCOUNT, 99) == []
        assert reader.history("nothing", 1) == []
        everything = reader.events(0, 1_000)
        assert [event.seq for event in everything] == list(range(1, len(everything) + 1))
        assert chain.verify(everything) is None


def test_bodies_of_the_log_are_read_within_bounds(store: Store, books: CompanyId) -> None:
    made = keep(store, books, created(entry(1)), created(entry(2)))
    made += keep(store, books, deletion(entry(1)))
    bodied = [
        LoggedBody(event.seq, event.entity, event.record_id, event.version, event.body)
        for event in made
    ]
    sizes = [len(event.body) for event in made]
    with store.read(books) as reader:
        start, much = made[0].seq - 1, sum(sizes)
        assert reader.logged_bodies(start, 100, much) == bodied
        assert reader.logged_bodies(start, 2, much) == bodied[:2]
        assert reader.logged_bodies(start, 100, much - 1) == bodied[:2]
        assert reader.logged_bodies(start, 100, sizes[0]) == bodied[:1]
        assert reader.logged_bodies(start, 100, 0) == bodied[:1], "one is read, however long"
        assert reader.logged_bodies(start + 1, 1, much) == bodied[1:2]
        assert reader.logged_bodies(made[-1].seq, 10, much) == []
        assert [each.seq for each in reader.logged_bodies(-5, 3, much)] == [1, 2, 3]


@pytest.mark.parametrize("seq_offset", [0, 2, 100])
def test_an_event_out_of_order_is_refused(store: Store, books: CompanyId, seq_offset: int) -> None:
    change = created(entry(1))

    def work(tx: Tx) -> None:
        head = tx.head()
        tx.append(make_event(books, head.seq + seq_offset, head.hash, change), change)

    with pytest.raises(StoreFailure):
        store.write(books, work)
    with store.read(books) as reader:
        assert reader.entry(FIRST) is None


def test_an_event_that_breaks_the_chain_is_refused(store: Store, books: CompanyId) -> None:
    change = created(entry(1))

    def work(tx: Tx) -> None:
        tx.append(make_event(books, tx.head().seq + 1, b"\1" * 32, change), change)

    with pytest.raises(StoreFailure):
        store.write(books, work)
    with store.read(books) as reader:
        assert reader.entry(FIRST) is None


# Entries


def test_an_entry_comes_back_with_every_member(store: Store, books: CompanyId) -> None:
    keep(store, books, *DIMENSIONS, created(RICH))
    with store.read(books) as reader:
        assert reader.entry(RICH.id) == RICH
        assert reader.entries(Query()) == [RICH]
        [event] = reader.history(ENTRY, RICH.id)
    assert event.body == bodies.encode(RICH)
    assert event.kind is EventKind.CREATED


def test_an_entry_that_is_not_there_is_none(store: Store, books: CompanyId) -> None:
    keep(store, books, created(entry(7)))
    with store.read(books) as reader:
        for number in (0, -1, 6, 8, 2**63, 2**80):
            assert reader.entry(EntryId(number)) is None


def test_a_revision_replaces_lines_and_keeps_the_others(store: Store, books: CompanyId) -> None:
    before = replace(RICH, id=FIRST)
    lines = (
        line(8, Side.DEBIT, 5, SALES),
        replace(line(9, Side.CREDIT, 5, BANK), dimensions=((CLASS, DimensionId(2)),)),
    )
    after = replace(before, lines=lines, notes=(), memo=None, rate=None, next_line_id=10)
    other = entry(2)
    keep(store, books, *DIMENSIONS, created(before), created(other))
    keep(store, books, revision(before, after))
    tagged = Compare(Field.LINE_DIMENSION, Op.EQ, 2, axis=CLASS)
    with store.read(books) as reader:
        assert reader.entry(FIRST) == replace(after, version=1)
        assert reader.entry(EntryId(2)) == other
        assert reader.count_entries(Compare(Field.LINE_ACCOUNT, Op.EQ, RECEIVABLE)) == 0
        assert reader.count_entries(Compare(Field.LINE_ACCOUNT, Op.EQ, SALES)) == 1
        assert reader.count_entries(tagged) == 1
        assert reader.count_entries(Compare(Field.LINE_DIMENSION, Op.EQ, 1, axis=PROJECT)) == 0
        assert reader.count_entries(IsNull(Field.MEMO)) == 2


def test_tombstones_stay_and_keep_their_content(store: Store, books: CompanyId) -> None:
    keep(store, books, created(entry(1, doc_number="5")), created(entry(2)))
    change = deletion(entry(1, doc_number="5"))
    keep(store, books, change)
    with store.read(books) as reader:
        assert reader.entry(FIRST) == change.after
        assert [each.id for each in reader.entries(Query())] == [1, 2]
        assert [each.id for each in reader.entries(Query(LIVE))] == [2]
        assert reader.count_entries(ALWAYS) == 2
        assert reader.count_entries(LIVE) == reader.count_entries(Not(LIVE)) == 1
        assert reader.count_entries(AnyLine(Compare(Field.LINE_ACCOUNT, Op.EQ, BANK))) == 2


@pytest.mark.parametrize("fault", UNBALANCED)
def test_the_store_itself_refuses_what_does_not_balance(
    store: Store, books: CompanyId, fault: str
) -> None:
    wrong = entry(2, UNBALANCED[fault])
    with pytest.raises(StoreFailure):
        keep(store, books, created(entry(1)), created(wrong))
    keep(store, books, created(entry(1)))
    with pytest.raises(StoreFailure):
        keep(store, books, revision(entry(1), replace(entry(1), lines=wrong.lines)))
    with store.read(books) as reader:
        assert reader.entries(Query()) == [entry(1)]


def test_swallowing_the_refusal_does_not_help(store: Store, books: CompanyId) -> None:
    def work(tx: Tx) -> None:
        with suppress(StoreFailure):
            log(tx, books, created(entry(1, UNBALANCED["amounts"])))

    with pytest.raises(StoreFailure):
        store.write(books, work)
    with store.read(books) as reader:
        assert reader.count_entries(ALWAYS) == 0


def test_the_largest_entry_is_kept(store: Store, books: CompanyId) -> None:
    lines = tuple(
        line(at, Side.DEBIT if at % 2 else Side.CREDIT, 10**15 - 1, RENT if at % 2 else BANK)
        for at in range(10_000)
    )
    keep(store, books, created(entry(1, lines)))
    with store.read(books) as reader:
        kept = reader.entry(FIRST)
        assert kept is not None
        assert kept.lines == lines
        assert reader.account_total(AccountId(RENT)).debit == 5_000 * (10**15 - 1)
        assert reader.count_entries(Compare(Field.TOTAL, Op.EQ, kept.total)) == 1


# Idempotency


@pytest.mark.parametrize(
    "remembered",
    [
        Remembered(START),
        Remembered(START, b"digest \0", 3, 5),
        Remembered(START, answer=b""),
        Remembered(START, b"d", None, None, b"\0\xff<xml/>"),
    ],
    ids=["nothing", "events", "empty answer", "answer"],
)
def test_what_is_remembered_is_recalled(
    store: Store, books: CompanyId, remembered: Remembered
) -> None:
    store.write(books, lambda tx: tx.remember(KEY, remembered))
    with store.read(books) as reader:
        assert reader.recall(KEY) == remembered
    assert store.write(books, lambda tx: tx.recall(KEY)) == remembered


def test_a_key_is_of_one_wire_and_one_scope(store: Store, books: CompanyId) -> None:
    keys = [
        IdempotencyKey("test", "app", "k"),
        IdempotencyKey("test", "", "k"),
        IdempotencyKey("other", "app", "k"),
        IdempotencyKey("test", "app", "K"),
    ]

    def work(tx: Tx) -> None:
        for at, key in enumerate(keys):
            tx.remember(key, Remembered(Timestamp(START + at)))

    store.write(books, work)
    with store.read(books) as reader:
        for at, key in enumerate(keys):
            assert reader.recall(key) == Remembered(Timestamp(START + at))
        assert reader.recall(IdempotencyKey("test", "app", "k2")) is None


def test_a_key_is_renewed(store: Store, books: CompanyId) -> None:
    def renewed(digest: bytes) -> None:
        store.write(books, lambda tx: tx.renew(KEY, Remembered(START, digest)))
        with store.read(books) as reader:
            assert reader.recall(KEY) == Remembered(START, digest)

    renewed(b"new")
    renewed(b"again")

    def twice(tx: Tx) -> None:
        tx.renew(KEY, Remembered(START, b"third"))
        tx.renew(KEY, Remembered(START, b"fourth"))
        assert tx.recall(KEY) == Remembered(START, b"fourth")

    store.write(books, twice)
    with pytest.raises(StoreFailure):
        store.write(books, lambda tx: tx.remember(KEY, Remembered(START)))
    with store.read(books) as reader:
        assert reader.recall(KEY) == Remembered(START, b"fourth")


def test_whether_an_entry_is_long(store: Store, books: CompanyId) -> None:
    keep(store, books, created(entry(1)), created(entry(2)), deletion(entry(2)))
    lines = len(entry(1).lines)
    with store.read(books) as reader:
        for entry_id in (1, 2):
            assert reader.has_more_lines(EntryId(entry_id), lines - 1)
            assert not reader.has_more_lines(EntryId(entry_id), lines)
        assert not reader.has_more_lines(EntryId(3), 0)
        assert not reader.has_more_lines(EntryId(2**80), 0)


def test_a_used_key_cannot_be_used_again(store: Store, books: CompanyId) -> None:
    def twice(tx: Tx) -> None:
        tx.remember(KEY, Remembered(START))
        tx.remember(KEY, Remembered(START, b"other"))

    with pytest.raises(StoreFailure):
        store.write(books, twice)
    with store.read(books) as reader:
        assert reader.recall(KEY) is None
    store.write(books, lambda tx: tx.remember(KEY, Remembered(START, b"first")))
    with pytest.raises(StoreFailure):
        store.write(books, lambda tx: tx.remember(KEY, Remembered(START, b"second")))
    with store.read(books) as reader:
        assert reader.recall(KEY) == Remembered(START, b"first")


# Credentials


def token(number: int) -> Token:
    return Token(
        hash=bytes([number]) * 32,
        kind="access",
        client="app",
        company_ids=frozenset({CompanyId(2), CompanyId(10)}),
        scopes=frozenset({"read", "write"}),
        created_at=START,
        label="Ωmega",
        user="ada",
        expires_at=Timestamp(START + 1),
        revoked_at=Timestamp(START + 2),
    )


def test_clients_are_kept_and_replaced(store: Store) -> None:
    directory = store.directory
    client = Client("app", "The app", b"\0" * 32, START)
    assert directory.client("app") is None
    before = directory.credentials_version()
    directory.put_client(client)
    assert directory.client("app") == client
    middle = directory.credentials_version()
    revoked = replace(client, name="Gone", revoked_at=START)
    assert not directory.replace_client(revoked, client)
    version = directory.credentials_version()
    assert directory.replace_client(client, revoked)
    assert directory.credentials_version() > version
    assert not directory.replace_client(client, client)
    assert directory.client("app") == revoked
    assert not directory.replace_client(None, client), "there is one"
    other = replace(client, id="other")
    assert not directory.replace_client(other, other), "there is none"
    assert directory.replace_client(None, other)
    assert directory.client("other") == other
    assert directory.client("APP") is None
    assert before < middle < directory.credentials_version()


def test_tokens_are_kept_replaced_and_numbered(store: Store) -> None:
    directory = store.directory
    assert directory.token(token(1).hash) is None
    assert directory.tokens() == []
    before = directory.credentials_version()
    first = directory.put_token(token(1))
    second = directory.put_token(replace(token(2), parent=first.hash))
    assert second == directory.token(second.hash)
    assert second.parent == first.hash
    assert first == replace(token(1), number=first.number)
    assert second.number > first.number > 0
    assert directory.token(token(1).hash) == first
    bare = Token(token(1).hash, "refresh", "other", frozenset(), frozenset(), START)
    again = directory.put_token(bare)
    assert again == replace(bare, number=first.number)
    assert directory.tokens() == [again, second]
    version = directory.credentials_version()
    assert version > before
    assert directory.credentials_version() == version
    directory.put_token(replace(second, revoked_at=START))
    assert directory.credentials_version() > version


def test_clients_have_rights_and_are_listed(store: Store) -> None:
    directory = store.directory
    assert directory.clients() == []
    full = Client(
        "b",
        "Full",
        b"\1" * 32,
        START,
        None,
        frozenset({CompanyId(2), CompanyId(10)}),
        frozenset({"read", "write"}),
        frozenset({"posts-at-once"}),
        ("https://app.example/back?to=1", "http://127.0.0.1:8000/back"),
    )
    plain = Client("a", "Plain", b"\2" * 32, START)
    for client in (full, plain):
        directory.put_client(client)
    assert directory.clients() == [plain, full]
    assert directory.client("\ud800") is None


def test_users_are_kept_and_replaced(store: Store) -> None:
    directory = store.directory
    assert directory.users() == []
    assert directory.user("ada") is directory.user("\udfff") is None
    before = directory.credentials_version()
    companies, scopes = frozenset({CompanyId(3)}), frozenset({"approve", "read"})
    ada = User("ada", "scrypt$…", START, companies, scopes, verifier="SCRAM…")
    ada = replace(ada, roles=((CompanyId(0), "viewer"), (CompanyId(3), "owner")))
    ada = replace(ada, profile=(("email", "ada@example.com"), ("given_name", "Ada ♥")))
    bob = User("Bob", "x", START, revoked_at=Timestamp(START + 1))
    for user in (ada, bob):
        directory.put_user(user)
    assert directory.users() == [bob, ada]
    assert (directory.user("ada"), directory.user("Bob")) == (ada, bob)
    assert directory.user("bob") is None
    middle = directory.credentials_version()
    other = replace(ada, password_hash="z")
    assert not directory.replace_user(other, ada)
    assert directory.replace_user(ada, other)
    assert not directory.replace_user(ada, ada)
    assert directory.user(ada.name) == other
    assert not directory.replace_user(None, ada), "there is one"
    cyd = replace(ada, name="cyd")
    assert not directory.replace_user(cyd, cyd), "there is none"
    assert directory.replace_user(None, cyd)
    assert directory.user("cyd") == cyd
    directory.put_user(replace(ada, password_hash="y", scopes=frozenset()))
    kept = directory.user("ada")
    assert kept is not None
    assert (kept.password_hash, kept.scopes) == ("y", frozenset())
    assert before < middle < directory.credentials_version()


def test_people_and_clients_change_together_with_tokens(store: Store) -> None:
    """All of it or nothing, and each step sees the ones before it."""
    directory = store.directory
    ada, app = User("ada", "x", START), Client("app", "App", b"\0" * 32, START)

    def work(table: TokenTable) -> None:
        assert table.user("ada") is table.user("\ud800") is None
        assert table.client("app") is None
        assert table.replace_user(None, ada)
        assert table.replace_client(None, app)
        assert (table.user("ada"), table.client("app")) == (ada, app)
        assert not table.replace_user(None, ada)
        assert not table.replace_client(None, app)
        table.put_token(token(1))

    def broken(table: TokenTable) -> None:
        work(table)
        raise LookupError

    with pytest.raises(LookupError):
        directory.change_tokens(broken)
    assert directory.user("ada") is None
    assert directory.client("app") is None
    assert directory.tokens() == []
    directory.change_tokens(work)
    assert (directory.user("ada"), directory.client("app")) == (ada, app)
    assert len(directory.tokens()) == 1


def test_only_one_of_two_at_once_makes_a_user(store: Store) -> None:
    directory, both = store.directory, threading.Barrier(2)

    def make(hashed: str) -> bool:
        both.wait(20)
        return directory.replace_user(None, User("ada", hashed, START))

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(make, ("x", "y")))
    assert sorted(made) == [False, True]
    kept = directory.user("ada")
    assert kept is not None
    assert kept.password_hash == ("x" if made[0] else "y")


def test_tokens_are_found_by_whose_and_of_what_they_are(store: Store) -> None:
    """As the table sees them and as a transaction does; `_` and `%` mean themselves."""
    directory = store.directory
    changes: list[dict[str, Any]] = [
        {"client": "app", "user": "ada", "label": "grant_1"},
        {"client": "app", "user": "bob", "label": "grant_1 after"},
        {"client": "APP", "user": "ada", "label": "grantX1", "parent": token(0).hash},
        {"client": "other", "user": None, "label": "", "parent": token(2).hash},
        {"client": "other", "user": None, "label": "grant_2", "hash": token(0).hash[:1] * 31},
    ]
    for number, change in enumerate(changes):
        directory.put_token(replace(token(number), **change))
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({}, [1, 2, 3, 4, 5]),
        ({"client": "app"}, [1, 2]),
        ({"user": "ada"}, [1, 3]),
        ({"user": "ada", "client": "app"}, [1]),
        ({"label": "grant_1"}, [1, 2]),
        ({"label": "grant_"}, [1, 2, 5]),
        ({"label": "%"}, []),
        ({"hash": token(0).hash[:16]}, [1, 5]),
        ({"hash": token(0).hash}, [1]),
        ({"derived": True}, [3, 4]),
        ({"derived": True, "user": "ada"}, [3]),
        ({"client": "\ud800"}, []),
        ({"user": "\udfff"}, []),
    ]
    for wanted, numbers in cases:
        of = TokensOf(**wanted)
        found = directory.tokens(of)
        assert [each.number for each in found] == numbers, wanted
        assert directory.change_tokens(methodcaller("tokens", of)) == found


def test_expired_tokens_of_a_kind_are_forgotten(store: Store) -> None:
    """The others stay, no cache is emptied, and no number is given twice."""
    directory = store.directory
    kept = [
        directory.put_token(replace(token(number), kind=kind, expires_at=expires))
        for number, (kind, expires) in enumerate(
            [
                ("short", Timestamp(START + 10)),
                ("short", Timestamp(START + 11)),
                ("short", None),
                ("access", Timestamp(START + 10)),
                ("short", Timestamp(START + 9)),
            ]
        )
    ]
    version = directory.credentials_version()
    assert directory.prune_tokens("short", Timestamp(START + 10)) == 2
    assert directory.tokens() == kept[1:4]
    assert directory.token(kept[0].hash) is None
    assert directory.prune_tokens("short", Timestamp(START + 10)) == 0
    assert directory.credentials_version() == version
    assert directory.put_token(token(9)).number > kept[-1].number


def test_expired_tokens_are_forgotten_by_label_and_number(store: Store) -> None:
    """The first to expire go first; `_` and `%` mean themselves."""
    directory = store.directory
    labels = ("grant_1", "grant_2", "other", "grantX3", "grant_4")
    for number, label in enumerate(labels):
        expires = Timestamp(START + 10 - number)
        directory.put_token(replace(token(number), label=label, expires_at=expires))
    by = Timestamp(START + 10)
    assert directory.prune_tokens("access", by, "grant_", 2) == 2
    assert [each.label for each in directory.tokens()] == ["grant_1", "other", "grantX3"]
    assert directory.prune_tokens("access", by, "grant_", 2) == 1
    assert directory.prune_tokens("access", by, "%", 2) == 0
    assert directory.prune_tokens("access", by, limit=1) == 1
    assert [each.label for each in directory.tokens()] == ["other"]


def test_authors_are_those_who_made_and_revised(store: Store, books: CompanyId) -> None:
    """Each once, whatever the request; moving and deleting make nobody an author."""
    ada = Actor("app", "wire", "ada", "request-1")
    bob, machine = Actor("app", "wire", "bob"), Actor("machine", "other")
    first = entry(1)
    second = replace(first, version=1, memo="a")
    third = replace(first, version=2, memo="b")
    fourth = replace(first, version=3, memo="c")
    reviewed = replace(fourth, version=4, status=Status.REVIEW)
    gone = replace(reviewed, version=5, deleted_at=START)
    steps: list[tuple[Actor, Change]] = [
        (ada, Change(EventKind.CREATED, None, first)),
        (bob, Change(EventKind.REVISED, first, second)),
        (replace(ada, request_id="request-2"), Change(EventKind.REVISED, second, third)),
        (machine, Change(EventKind.REVISED, third, fourth)),
        (Actor("eve", "web", "eve"), Change(EventKind.MOVED, fourth, reviewed)),
        (Actor("tom", "web", "tom"), Change(EventKind.DELETED, reviewed, gone)),
    ]
    for actor, change in steps:
        keep(store, books, change, actor=actor)
    expected = [replace(ada, request_id=None), bob, machine]

    def work(tx: Tx) -> None:
        assert list(tx.authors(ENTRY, 1)) == expected
        assert list(tx.authors(ENTRY, 2)) == list(tx.authors(ENTRY, 2**80)) == []

    store.write(books, work)


def test_entries_are_found_by_where_they_came_from(store: Store, books: CompanyId) -> None:
    here = replace(entry(1), origin=Origin("app", "one"))
    there = replace(entry(2), origin=Origin("app", "two"))
    keep(store, books, created(here), created(there))
    with store.read(books) as reader:
        where = Compare(Field.ORIGIN_PROTOCOL, Op.EQ, "two")
        assert reader.entries(Query(where)) == [there]
        assert reader.count_entries(where) == 1


def test_credentials_are_of_the_store_and_not_of_a_company(store: Store) -> None:
    company_id = found(store)
    kept = store.directory.put_token(token(1))
    write_failing(store, company_id, *chart())
    assert store.directory.token(kept.hash) == kept


# The store as a whole


def test_fingerprints_are_the_books_and_not_their_history_of_writing(
    store: Store, books: CompanyId, engine: Engine
) -> None:
    """Equal for equal logs, however they were grouped, and different after any change."""
    changes = [*DIMENSIONS, created(RICH), created(entry(1)), deletion(entry(1))]
    before = store.table_fingerprints(books)
    events = keep(store, books, *changes)
    for event, change in zip(events, changes, strict=True):
        assert event.record_id == change.after.id
    after = store.table_fingerprints(books)
    assert before.keys() == after.keys()
    changed = {table for table in after if after[table] != before[table]}
    assert changed >= {"entry", "line", "line_dimension", "reference", "head"}
    assert all(len(digest) == 64 for digest in after.values())


def test_engines_have_the_same_fingerprints(tmp_path: Path) -> None:
    found_by: dict[str, Mapping[str, str]] = {}
    invoice = (line(0, Side.DEBIT, 120, RECEIVABLE, ADA), line(1, Side.CREDIT, 120, SALES))
    gone = replace(RICH, id=EntryId(5), status=Status.POSTED)
    for scheme in engine_schemes():
        store = Engine.of(scheme, tmp_path).open()
        company_id = found(store, 1, [*chart(), *DIMENSIONS, *map(created, REFERENCES)])
        keep(store, company_id, created(RICH), created(entry(1)), created(entry(2, invoice)))
        keep(store, company_id, created(gone), deletion(gone))
        keep(store, company_id, revision(entry(1), entry(1, transfer(7), doc_number="Ω")))
        found_by[scheme] = store.table_fingerprints(company_id)
        assert list(store.totals_mismatches(company_id)) == []
        store.close()
    assert found_by == dict.fromkeys(found_by, found_by["memory"])


def test_books_are_the_same_after_reopening(engine: Engine) -> None:
    """And there are none after reopening a store that has no place to keep them."""
    store = engine.open()
    books = found(store, 1, [*chart(), *DIMENSIONS])
    keep(store, books, created(RICH), created(entry(1)), created(entry(2)), deletion(entry(2)))
    store.write(books, lambda tx: tx.remember(KEY, Remembered(START, b"d", 1, 2)))
    kept = store.directory.put_token(token(1))
    before = store.table_fingerprints(books)
    store.close()
    store = engine.open()
    try:
        if not engine.lasts:
            assert store.directory.company_ids() == []
            assert store.directory.tokens() == []
            return
        assert store.directory.company_ids() == [books]
        assert store.directory.token(kept.hash) == kept
        assert store.table_fingerprints(books) == before
        with store.read(books) as reader:
            assert reader.entry(RICH.id) == RICH
            assert reader.recall(KEY) == Remembered(START, b"d", 1, 2)
            assert chain.verify(reader.events(0, 1_000)) is None
            assert totals(reader) == totals(reader, DAY) == {BANK: -100, RENT: 100}
        assert store.write(books, lambda tx: tx.next_id(ENTRY)) == RICH.id + 1
        keep(store, books, created(entry(42)))
        assert list(store.totals_mismatches(books)) == []
    finally:
        store.close()


def test_a_store_describes_itself(store: Store, engine: Engine) -> None:
    described = store.describe()
    assert "engine" in described
    assert all(isinstance(name, str) and isinstance(each, str) for name, each in described.items())
    assert store.url.partition(":")[0] == engine.scheme


def test_a_closed_store_takes_nothing(engine: Engine) -> None:
    store = engine.open()
    books = found(store, 1, chart())
    mail = Mail()
    store.write_soon(books, append_next(books), "taken", mail)
    store.close()
    assert mail.take(1) == {"taken": 1}
    store.close()
    with pytest.raises(StoreFailure), store.read(books) as reader:
        reader.head()
    with pytest.raises(StoreFailure):
        keep(store, books, created(entry(2)))
    with pytest.raises(StoreFailure):
        store.write_soon(books, append_next(books), "late", mail)
    with pytest.raises(StoreFailure):
        found(store, 2)
    assert mail.empty
