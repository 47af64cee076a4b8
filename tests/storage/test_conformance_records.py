"""What every storage engine promises about reference records, look-ups, orders and pages."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from tests.support.clock import START
from tests.support.records import (
    BANK,
    DAY,
    PAYABLE,
    REFERENCES,
    RENT,
    SALES,
    account,
    chart,
    created,
    deletion,
    dimension,
    entry,
    found,
    keep,
    revision,
    transfer,
)
from tests.support.stores import append_next, write_failing

from daybook.app import bodies
from daybook.app.ports import (
    DeadlinePassed,
    Store,
    Tx,
)
from daybook.domain.events import (
    ACCOUNT,
    CONTACT,
    ENTRY,
    Change,
    dimension_entity,
    entity_of,
    list_entity,
)
from daybook.domain.ids import (
    AccountId,
    ByCode,
    ById,
    ByName,
    CompanyId,
    EntryId,
    Timestamp,
)
from daybook.domain.model import (
    CLASS,
    PROJECT,
    AccountKind,
    ExchangeRate,
    ListKind,
    Record,
    Reference,
    Status,
)
from daybook.domain.query import (
    ALWAYS,
    ENTRY_SORTS,
    REFERENCE_SORTS,
    AnyLine,
    Compare,
    Exact,
    Field,
    Filter,
    IsNull,
    Keyset,
    Like,
    Not,
    Offset,
    Op,
    Or,
    Query,
    Sort,
    select,
    sort_key,
)

FIRST = EntryId(1)


# Reference records


@pytest.mark.parametrize("record", REFERENCES, ids=entity_of)
def test_a_reference_record_comes_back_with_every_member(
    store: Store, books: CompanyId, record: Reference
) -> None:
    entity = entity_of(record)
    keep(store, books, created(record))
    with store.read(books) as reader:
        assert reader.reference(entity, 7) == record
        assert record in reader.references(entity, Query())
        assert reader.count_references(entity, Compare(Field.ID, Op.EQ, 7)) == 1
        assert reader.reference(entity, 8) is reader.reference(entity, 2**80) is None
        assert reader.references_by_id(entity, [7, 8, 2**80]) == {7: record}
        assert [event.body for event in reader.history(entity, 7)] == [bodies.encode(record)]
    store.write(books, lambda tx: _check_next_id(tx, entity, 8))


def test_reference_records_are_found_by_their_ids(store: Store, books: CompanyId) -> None:
    """Fresh and from whatever is kept, and none of another entity."""
    keep(store, books, created(account(50)), created(account(51)), created(dimension(CLASS, 52)))
    wanted = {50: account(50), 51: account(51)}
    for _ in range(2):
        with store.read(books) as reader:
            shown = reader.references_by_id(ACCOUNT, [51, 50, 52, 53, 50])
            assert {id: record.id for id, record in shown.items()} == {id: id for id in wanted}
            assert reader.references_by_id(ACCOUNT, ()) == {}


def _check_next_id(tx: Tx, entity: str, expected: int) -> None:
    assert tx.next_id(entity) == expected


def test_there_is_nothing_of_an_unknown_entity(store: Store, books: CompanyId) -> None:
    nothing = dimension_entity("NOTHING")

    def work(tx: Tx) -> None:
        assert tx.reference(nothing, 1) is None
        assert tx.references(nothing, Query()) == []
        assert tx.count_references(nothing, ALWAYS) == 0
        assert tx.next_id(nothing) == 1
        assert list(tx.children(nothing, 1)) == list(tx.find(nothing, ByName("x"))) == []

    store.write(books, work)


def test_next_id_is_above_the_highest_ever_used(store: Store, books: CompanyId) -> None:
    keep(store, books, created(entry(50)), created(account(100)), created(dimension(CLASS, 5)))
    keep(store, books, deletion(entry(50)), created(entry(3)))

    def work(tx: Tx) -> None:
        assert tx.next_id(ENTRY) == 51
        assert tx.next_id(ACCOUNT) == 101
        assert tx.next_id(CONTACT) == 3
        assert tx.next_id(dimension_entity(CLASS)) == 6
        assert tx.next_id(dimension_entity(PROJECT)) == 1
        assert tx.next_id(list_entity(ListKind.TERM)) == 1

    store.write(books, work)


def test_reserved_ids_are_given_to_nobody(store: Store, books: CompanyId) -> None:
    first = store.write(books, lambda tx: tx.reserve_ids(ENTRY, 5))
    again = store.write(books, lambda tx: tx.reserve_ids(ENTRY, 2))
    assert again == first + 5
    assert store.write(books, append_next(books)) == first + 7
    with pytest.raises(ZeroDivisionError):
        store.write(books, lambda tx: tx.reserve_ids(ENTRY, 5) // 0)
    assert store.write(books, lambda tx: tx.next_id(ENTRY)) == first + 8
    assert store.write(books, lambda tx: tx.next_id("account")) < 1_000


NAMED = (
    account(10, name="Rent"),
    replace(account(11, name="Rent"), full_name="Office:Rent", code="A-1"),
    replace(account(12, name="Rent"), full_name="Shop:Rent", active=False),
    replace(account(13, name="Post"), active=False, code="a-1"),
    replace(account(14, name="Desk"), full_name="Office:Desk", active=False),
    replace(account(15, name="Desk"), full_name="Shop:Desk"),
    replace(account(16, name="Étage"), code="Z"),
    replace(account(17, name="Tea"), full_name="Office:Tea"),
    replace(account(18, name="Tea"), full_name="Shop:Tea"),
    replace(account(19, name="Tea"), full_name="Home:Tea"),
    replace(account(20, name="Twin"), code="tw"),
    replace(account(21, name="TWIN"), code="TW"),
    replace(account(22, name="Shut"), active=False),
    replace(account(23, name="Shut"), full_name="Office:Shut"),
)


@pytest.mark.parametrize(
    ("ref", "ids"),
    [
        (ById(12), [12]),
        (ById(99), []),
        (ById(0), []),
        (ById(-1), []),
        (ById(2**80), []),
        (ByName("Rent"), [10]),
        (ByName("rENT"), [10]),
        (ByName("office:rent"), [11]),
        (ByName("Shop:Rent"), [12]),
        (ByName("Post"), [13]),
        (ByName("Desk"), [15]),
        (ByName("Étage"), [16]),
        (ByName("étage"), []),
        (ByName("Tea"), [17, 18]),
        (ByName("twin"), [20, 21]),
        (ByName("Shut"), [22]),
        (ByName(""), []),
        (ByName("Ren"), []),
        (ByName("%"), []),
        (ByCode("A-1"), [11]),
        (ByCode("a-1"), [11]),
        (ByCode("z"), [16]),
        (ByCode("TW"), [20, 21]),
        (ByCode("Rent"), []),
    ],
    ids=str,
)
def test_a_reference_finds_what_it_means(
    store: Store, books: CompanyId, ref: ById | ByName | ByCode, ids: list[int]
) -> None:
    """By full name, else by own name; active records hide inactive ones; two at most."""
    keep(store, books, *map(created, NAMED))
    found_ids = store.write(books, lambda tx: [each.id for each in tx.find(ACCOUNT, ref)])
    assert found_ids == ids


def test_finding_follows_renames(store: Store, books: CompanyId) -> None:
    def ids(name: str) -> list[int]:
        return store.write(books, lambda tx: [each.id for each in tx.find(ACCOUNT, ByName(name))])

    before = account(10, name="Rent")
    keep(store, books, created(before))
    assert ids("Rent") == [10]
    change = revision(before, replace(before, name="Rates", full_name="Rates", code="R"))
    keep(store, books, change)
    assert ids("Rent") == []
    assert ids("Rates") == [10]
    write_failing(store, books, created(account(11, name="Rates")))
    assert ids("Rates") == [10]


def test_children_are_those_directly_below(store: Store, books: CompanyId) -> None:
    def below(id: int, parent: int, active: bool) -> Change:
        return created(replace(account(id), parent_id=AccountId(parent), active=active))

    changes = [below(12, BANK, True), below(11, BANK, False), below(13, 11, True)]
    keep(store, books, *changes)

    def work(tx: Tx) -> list[list[int]]:
        return [[each.id for each in tx.children(ACCOUNT, id)] for id in (BANK, 11, 13, 99)]

    assert store.write(books, work) == [[11, 12], [13], [], []]


def test_the_rate_in_force_is_the_latest_not_after_the_day(store: Store, books: CompanyId) -> None:
    rates = (
        ExchangeRate(1, "EUR", date(2026, 1, 1), Decimal("0.8")),
        ExchangeRate(2, "EUR", date(2026, 3, 1), Decimal("0.9")),
        ExchangeRate(3, "EUR", date(2026, 2, 1), Decimal("0.7")),
        ExchangeRate(4, "USD", date(2026, 1, 15), Decimal("0.75")),
    )
    keep(store, books, *map(created, rates))
    asked = [
        ("EUR", date(2025, 12, 31), None),
        ("EUR", date(2026, 1, 1), Decimal("0.8")),
        ("EUR", date(2026, 1, 31), Decimal("0.8")),
        ("EUR", date(2026, 2, 1), Decimal("0.7")),
        ("EUR", date.max, Decimal("0.9")),
        ("USD", date(2026, 2, 1), Decimal("0.75")),
        ("JPY", date(2026, 2, 1), None),
    ]

    def ask(tx: Tx) -> list[Decimal | None]:
        return [tx.rate(currency, day) for currency, day, _ in asked]

    assert store.write(books, ask) == [expected for *_, expected in asked]
    keep(store, books, revision(rates[0], replace(rates[0], rate=Decimal("0.81"))))
    assert store.write(books, lambda tx: tx.rate("EUR", date(2026, 1, 5))) == Decimal("0.81")


def test_document_numbers_of_live_entries(store: Store, books: CompanyId) -> None:
    numbers = ["12", "INV-7", "inv-7", "0099", "9a", "", None, "12", "٣٣٣", "1" * 255]
    changes = [created(entry(at, doc_number=number)) for at, number in enumerate(numbers, start=1)]
    keep(store, books, *changes)

    def ask(tx: Tx) -> list[object]:
        asked = ("12", "Inv-7", "99", "0099", "9A", "", "nobody", "1" * 255)
        return [tx.highest_doc_number(), *(tx.doc_number_holder(each) for each in asked)]

    assert store.write(books, ask) == [int("1" * 255), 1, 2, None, 4, 5, 6, None, 10]
    keep(store, books, deletion(entry(10, doc_number="1" * 255)))
    keep(store, books, deletion(entry(1, doc_number="12")))
    keep(store, books, deletion(entry(2, doc_number="INV-7")))
    assert store.write(books, ask) == [99, 8, 3, None, 4, 5, 6, None, None]
    keep(store, books, revision(entry(4, doc_number="0099"), entry(4, doc_number="7")))
    assert store.write(books, ask)[:5] == [12, 8, 3, None, None]


def test_an_account_is_posted_to_while_a_live_entry_has_a_line_on_it(
    store: Store, books: CompanyId
) -> None:
    def posted_to() -> list[int]:
        return store.write(
            books, lambda tx: [id for id in range(1, 7) if tx.is_posted_to(AccountId(id))]
        )

    assert posted_to() == []
    first, second = entry(1, status=Status.PENDING), entry(2, transfer(5, SALES, BANK))
    keep(store, books, created(first), created(second))
    assert posted_to() == [BANK, RENT, SALES]
    keep(store, books, deletion(first))
    assert posted_to() == [BANK, SALES]
    keep(store, books, revision(second, replace(second, lines=transfer(5, RENT, PAYABLE))))
    assert posted_to() == [RENT, PAYABLE]


# Queries


TIES = tuple(
    replace(
        entry(id, transfer(total), day, status, doc_number),
        currency=currency,
        version=version,
        created_at=Timestamp(START + created_at),
        modified_at=Timestamp(START + created_at * 2),
    )
    for id, total, day, status, doc_number, currency, version, created_at in (
        (1, 5, DAY, Status.POSTED, None, "GBP", 0, 3),
        (2, 5, DAY, Status.PENDING, "b", "EUR", 0, 3),
        (3, 9, date(2025, 1, 1), Status.POSTED, "B", "GBP", 2, 1),
        (4, 0, DAY, Status.REVIEW, "", "eur", 1, 2),
        (5, 5, date(2027, 1, 1), Status.POSTED, "a", "GBP", 0, 3),
        (6, 7, DAY, Status.POSTED, None, "USD", 0, 0),
        (7, 5, DAY, Status.POSTED, "é", "GBP", 0, 3),
        (8, 5, DAY, Status.POSTED, "_", "GBP", 0, 3),
        (9, 5, DAY, Status.POSTED, "\U0001f9fe", "GBP", 0, 3),
        (10, 5, DAY, Status.POSTED, "\uffee", "GBP", 0, 3),
    )
)
TIED_ACCOUNTS = tuple(
    replace(account(id, kind, name), code=code, subtype=subtype, active=active)
    for id, kind, name, code, subtype, active in (
        (1, AccountKind.BANK, "b", None, None, True),
        (2, AccountKind.BANK, "B", "7", "x", False),
        (3, AccountKind.EXPENSE, "a", "7", None, True),
        (4, AccountKind.EQUITY, "ä", "10", "X", True),
        (5, AccountKind.BANK, "Z", "", "w", False),
    )
)


@pytest.mark.parametrize("descending", [False, True], ids=["ascending", "descending"])
@pytest.mark.parametrize("field", sorted(ENTRY_SORTS))
def test_entries_are_sorted_with_absent_values_first_and_the_id_last(
    store: Store, field: Field, descending: bool
) -> None:
    books = found(store, 1, [*chart(), *map(created, TIES)])
    for second in (None, Field.TOTAL, Field.DOC_NUMBER):
        sort = (Sort(field, descending), *([Sort(second)] if second else []))
        expected = select(TIES, Query(sort=sort))
        with store.read(books) as reader:
            assert_pages(reader.entries, expected, sort)


@pytest.mark.parametrize("descending", [False, True], ids=["ascending", "descending"])
@pytest.mark.parametrize("field", sorted(REFERENCE_SORTS))
def test_reference_records_are_sorted_likewise(
    store: Store, field: Field, descending: bool
) -> None:
    books = found(store, 1, list(map(created, TIED_ACCOUNTS)))
    sort = (Sort(field, descending), Sort(Field.CODE))
    expected = select(TIED_ACCOUNTS, Query(sort=sort))
    with store.read(books) as reader:
        assert_pages(lambda query: reader.references(ACCOUNT, query), expected, sort)


def assert_pages(
    read: Callable[[Query], Sequence[Record]], expected: Sequence[Record], sort: tuple[Sort, ...]
) -> None:
    """Pages by key, and by offset, put together give the whole sorted list."""
    for limit in (1, 3, 100):
        by_offset: list[Record] = []
        by_key: list[Record] = []
        after: tuple[object, ...] | None = None
        while page := read(Query(ALWAYS, sort, Keyset(limit, after))):
            assert len(page) <= limit
            by_offset.extend(read(Query(ALWAYS, sort, Offset(len(by_key), limit))))
            by_key.extend(page)
            after = sort_key(page[-1], sort)
        assert [each.id for each in by_key] == [each.id for each in expected]
        assert by_key == by_offset == list(expected)
    assert list(read(Query(ALWAYS, sort, Offset(len(expected), 5)))) == []
    assert list(read(Query(ALWAYS, sort, Offset(0, 0)))) == []


@pytest.mark.parametrize(
    ("filter", "ids"),
    [
        (ALWAYS, [1, 2, 3]),
        (Compare(Field.MEMO, Op.NE, "x"), [2]),
        (Not(Compare(Field.MEMO, Op.EQ, "x")), [2, 3]),
        (IsNull(Field.MEMO), [3]),
        (Like(Field.MEMO, ("100%", "")), [2]),
        (Like(Field.MEMO, ("", "_", "")), [2]),
        (Like(Field.POSTING_DATE, ("2026-03", "")), [1, 3]),
        (Like(Field.POSTING_DATE, ("", "-04-", "5")), [2]),
        (Like(Field.POSTING_DATE, ("2", "6-0", "-1", "")), [1, 2, 3]),
        (Like(Field.POSTING_DATE, ("2026-04-15",)), [2]),
        (Like(Field.POSTING_DATE, ("20260415",)), []),
        (Like(Field.TOTAL, ("", "")), []),
        (Exact(Field.MEMO, ("X", "100%_")), [1, 2]),
        (Exact(Field.MEMO, ("x", "100%_\0", "\ud800")), []),
        (Exact(Field.MEMO, ()), []),
        (Not(Exact(Field.MEMO, ("x",))), [1, 2, 3]),
        (Exact(Field.STATUS, ("posted",)), [1, 2, 3]),
        (Exact(Field.STATUS, ("Posted",)), []),
        (Exact(Field.ID_TEXT, ("2",)), [2]),
        (Exact(Field.TOTAL, ("100",)), []),
        (Exact(Field.POSTING_DATE, ("2026-04-15",)), []),
        (AnyLine(Exact(Field.LINE_DIMENSION, ("1",), axis=CLASS)), []),
        (Compare(Field.LINE_AMOUNT, Op.NE, 100), [2]),
        (
            AnyLine(Compare(Field.LINE_ACCOUNT, Op.EQ, BANK)),
            [1, 2, 3],
        ),
    ],
    ids=str,
)
def test_a_filter_means_what_the_read_model_says(
    store: Store, books: CompanyId, filter: Filter, ids: list[int]
) -> None:
    keep(
        store,
        books,
        created(replace(entry(1), memo="X")),
        created(replace(entry(2, transfer(5)), memo="100%_", posting_date=date(2026, 4, 15))),
        created(entry(3)),
    )
    with store.read(books) as reader:
        assert [each.id for each in reader.entries(Query(filter))] == ids
        assert reader.count_entries(filter) == len(ids)


def test_a_page_is_bounded_in_bytes_too(store: Store, books: CompanyId) -> None:
    """It ends before the body that would be too much; a first record always comes."""
    entries = [entry(number) for number in range(1, 6)]
    entries[2] = replace(entries[2], memo="x" * 1_000)
    keep(store, books, *map(created, entries))
    sizes = [len(bodies.encode(each)) for each in entries]
    sort = (Sort(Field.ID),)
    with store.read(books) as reader:

        def page(bytes_max: int | None, after: int = 0) -> list[int]:
            query = Query(ALWAYS, sort, Keyset(100, (after, after)), bytes_max)
            return [each.id for each in reader.entries(query)]

        assert page(None) == page(sum(sizes)) == [1, 2, 3, 4, 5]
        assert page(sum(sizes) - 1) == [1, 2, 3, 4]
        assert page(sum(sizes[:3]) - 1) == page(sum(sizes[:2])) == [1, 2]
        assert page(0) == page(sizes[0]) == [1]
        assert page(sizes[2] - 1, after=2) == [3]
        assert page(0, after=5) == []
        offset = Query(ALWAYS, (Sort(Field.ID, descending=True),), Offset(1, 3), sizes[3])
        assert [each.id for each in reader.entries(offset)] == [4]
        chosen = reader.references(ACCOUNT, Query(ALWAYS, sort, Offset(0, 9), 1))
        assert len(chosen) == 1


def test_a_search_is_broken_off_at_its_deadline(store: Store, books: CompanyId) -> None:
    """One that would find nothing in texts that no index helps with, however long it looks."""
    keep(store, books, *(created(replace(entry(id), memo="x" * 50)) for id in range(1, 201)))
    long = Or(tuple(Like(Field.MEMO, ("", f"{number}", "")) for number in range(900)))
    with store.read(books, time.monotonic() - 1) as reader:
        with pytest.raises(DeadlinePassed):
            reader.entries(Query(long))
        with pytest.raises(DeadlinePassed):
            reader.count_entries(long)
    for deadline in (None, time.monotonic() + 3_600):
        with store.read(books, deadline) as reader:
            assert reader.count_entries(long) == 0
            assert len(reader.entries(Query())) == 100
