"""The search index: complete however far behind it is, and what a search costs with it."""

import time
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from tests.storage.sqlite.test_reader import plans
from tests.support import records

from daybook.app.ports import Tx
from daybook.domain.ids import CompanyId
from daybook.domain.model import JournalEntry, Status
from daybook.domain.query import (
    And,
    AnyLine,
    Compare,
    Exact,
    Field,
    Filter,
    Keyset,
    Like,
    Not,
    Op,
    Or,
    Query,
    Sort,
    select,
)
from daybook.storage.sqlite import search
from daybook.storage.sqlite.connection import Role, connect
from daybook.storage.sqlite.store import SqliteStore

WORDS = (
    "Rent of March",
    'say "rent"',
    "100% _off_",
    "Ünïcode ÅNGSTRÖM",
    "a\0bcd",
    "日本語の請求書",
    "ab",
)
PIECES = ("ent", "RENT", '"re', "% _", "ünï", "Ünï", "NGST", "bcd", "\0bc", "本語の", "ab", "none")


def _filters(random: Random) -> Filter:
    """A filter about text or amounts, alone or with others."""
    field = random.choice((Field.MEMO, Field.DOC_NUMBER, Field.LINE_DESCRIPTION))
    low = random.randrange(400)
    choice: list[Filter] = [
        Like(field, ("", random.choice(PIECES), "")),
        Like(field, (random.choice(PIECES), random.choice(PIECES), "")),
        Compare(field, Op.EQ, random.choice(WORDS)),
        Exact(
            field, tuple(random.choices((*WORDS, "RENT OF MARCH", "x"), k=random.choice((1, 2))))
        ),
        Compare(Field.TOTAL, random.choice(tuple(Op)), low),
        And((Compare(Field.TOTAL, Op.GE, low), Compare(Field.TOTAL, Op.LT, low + 20))),
        And((Compare(Field.LINE_AMOUNT, Op.GE, low), Compare(Field.LINE_AMOUNT, Op.LT, low - 9))),
        AnyLine(
            And((Compare(Field.LINE_AMOUNT, Op.GT, low), Compare(Field.LINE_AMOUNT, Op.LE, 2**80)))
        ),
        Compare(Field.STATUS, Op.EQ, random.choice(("pending", "REVIEW", "posted"))),
        Compare(Field.DELETED, Op.EQ, random.choice((True, False))),
        Compare(Field.LINE_ACCOUNT, Op.EQ, records.BANK),
        Compare(Field.ID, Op.EQ, random.choice((3, 60, 2**70, -(2**70)))),
    ]
    found = random.choice(choice)
    match random.randrange(5):
        case 0:
            return Or((found, _filters(random)))
        case 1:
            return And((found, _filters(random)))
        case 2:
            return Not(found)
        case _:
            return found


def _entry(random: Random, number: int) -> JournalEntry:
    lines = tuple(
        replace(line, description=random.choice((None, *WORDS)))
        for line in records.transfer(random.randrange(400))
    )
    return replace(
        records.entry(number, lines),
        memo=random.choice((None, *WORDS)),
        doc_number=random.choice((None, *WORDS)),
        status=random.choice(tuple(Status)),
    )


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """The writer leaves the index alone: the test brings it on by itself."""
    monkeypatch.setattr(search, "behind", lambda connection: set())
    monkeypatch.setattr("daybook.storage.sqlite.writer.Writer._index", lambda self: None)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(("rare", "leading"), [(10_000, 5_000), (12, 5_000), (12, 5)])
@pytest.mark.parametrize("included", [0, 30, 75, 1_000])
def test_finds_what_the_read_model_finds_however_far_behind(
    store: SqliteStore,
    books: CompanyId,
    path: Path,
    included: int,
    rare: int,
    leading: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Half the entries are revised, some deleted; another company has the same texts.

    Whether all trigrams are looked up, the rare ones alone, or these and then all of them.
    """
    monkeypatch.setattr(search, "RARE_MAX", rare)
    monkeypatch.setattr("daybook.storage.sqlite.reader.PAGE_LEAD_MAX", leading)
    random = Random(included)
    other = records.found(store, 2, records.chart())
    kept: dict[int, JournalEntry] = {}

    def work(tx: Tx) -> None:
        for number in range(1, 61):
            kept[number] = _entry(random, number)
            records.log(tx, books, records.created(kept[number]))
        for number in range(1, 61, 2):
            revised = _entry(random, number)
            change = records.revision(kept[number], replace(revised, version=1))
            records.log(tx, books, change)
            assert isinstance(change.after, JournalEntry)
            kept[number] = change.after
        for number in range(5, 60, 9):
            change = records.deletion(kept[number])
            records.log(tx, books, change)
            assert isinstance(change.after, JournalEntry)
            kept[number] = change.after

    def elsewhere(tx: Tx) -> None:
        for number in range(1, 61):
            records.log(tx, other, records.created(_entry(random, number)))

    store.write(books, work)
    store.write(other, elsewhere)
    monkeypatch.setattr(search, "SLICE_EVENTS", 15)
    connection = connect(path, Role.WRITER)
    while included > 0 and search.advance(connection, books):
        included -= 15
    while search.advance(connection, other):
        pass
    connection.close()
    for seed in range(400):
        item = _filters(Random(seed))
        query = Query(item, (Sort(Field.POSTING_DATE, True),), Keyset(100))
        with store.read(books) as reader:
            found = [entry.id for entry in reader.entries(query)]
            assert reader.count_entries(item) == len(found), (seed, item)
        expected = [entry.id for entry in select(kept.values(), query)]
        assert found == expected, (seed, item)


def _wait_until_searchable(store: SqliteStore) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with store.snapshot() as connection:
            if not search.behind(connection):
                return
        time.sleep(0.01)
    raise AssertionError("the index was not brought up to date")


def test_the_writer_brings_the_index_up_to_date_by_itself(
    store: SqliteStore, books: CompanyId
) -> None:
    entry = replace(records.entry(1), memo="Opening balances")
    store.write(books, lambda tx: records.log(tx, books, records.created(entry)))
    _wait_until_searchable(store)
    with store.snapshot() as connection:
        row = connection.execute("SELECT entry_id FROM search_document").fetchall()
        assert row == [(1,)]
    with store.read(books) as reader:
        item = Like(Field.MEMO, ("", "ning bal", ""))
        assert [found.id for found in reader.entries(Query(item))] == [1]


def test_an_older_store_becomes_searchable_after_it_was_opened(
    store: SqliteStore, books: CompanyId, path: Path
) -> None:
    entry = replace(records.entry(1), memo="Opening balances")
    store.write(books, lambda tx: records.log(tx, books, records.created(entry)))
    store.close()
    connection = connect(path, Role.WRITER)
    connection.execute("DELETE FROM search_progress")
    connection.execute("INSERT INTO search_text (search_text) VALUES ('delete-all')")
    connection.execute("DELETE FROM search_document; DELETE FROM search_amount")
    connection.close()
    again = SqliteStore(path, "sqlite:///x")
    _wait_until_searchable(again)
    again.close()


@pytest.mark.usefixtures("quiet")
def test_a_change_that_says_nothing_new_adds_nothing(
    store: SqliteStore, books: CompanyId, path: Path
) -> None:
    entry = replace(records.entry(1), memo="Opening balances")
    gone = records.deletion(entry)

    def work(tx: Tx) -> None:
        records.log(tx, books, records.created(entry))
        records.log(tx, books, gone)

    store.write(books, work)
    connection = connect(path, Role.WRITER)
    search.advance(connection, books)
    assert connection.execute("SELECT count(*) FROM search_document").get == 1
    assert search.behind(connection) == set()
    connection.close()


def test_a_large_entry_ends_its_slice(
    store: SqliteStore, books: CompanyId, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("daybook.storage.sqlite.writer.Writer._index", lambda self: None)
    monkeypatch.setattr(search, "SLICE_BYTES", 1)
    store.write(books, lambda tx: records.log(tx, books, records.created(records.entry(1))))
    connection = connect(path, Role.WRITER)
    while search.advance(connection, books):
        pass
    assert search.behind(connection) == set()
    connection.close()


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (Like(Field.MEMO, ("", "opening", "")), "SCAN t VIRTUAL TABLE"),
        (
            Or((Like(Field.MEMO, ("", "ening", "")), Compare(Field.TOTAL, Op.EQ, 5))),
            "SEARCH a USING PRIMARY KEY (company_id=? AND amount>?",
        ),
        (
            Or((Like(Field.MEMO, ("", "734", "")), Compare(Field.ID, Op.EQ, 734))),
            "entry USING PRIMARY KEY (company_id=? AND id=?)",
        ),
        (Exact(Field.MEMO, ("Opening balances", "Rent")), "SCAN t VIRTUAL TABLE"),
        (Exact(Field.DOC_NUMBER, ("A-1", "a-1")), "entry_by_doc_number"),
        (Compare(Field.STATUS, Op.EQ, "review"), "entry_waiting"),
        (Compare(Field.DELETED, Op.EQ, True), "entry_deleted"),
        (Compare(Field.TOTAL, Op.EQ, 500), "SEARCH a USING PRIMARY KEY (company_id=? AND amount>?"),
    ],
)
def test_searches_are_led_by_an_index(
    store: SqliteStore, books: CompanyId, item: Filter, expected: str
) -> None:
    entry = replace(records.entry(1), memo="Opening balances")
    store.write(books, lambda tx: records.log(tx, books, records.created(entry)))
    with store.read(books) as reader:
        plan = plans(reader, lambda reader: reader.entries(Query(item)))
    assert expected in plan
    assert "SCAN e" not in plan
