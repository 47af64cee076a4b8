"""The fence in the database itself, and rows that are gathered before they are written."""

from dataclasses import replace
from datetime import date

import apsw
import pytest
from tests.support import records

from daybook.app.ports import LimitPassed, StoreCorrupt, StoreFailure, Tx
from daybook.domain.ids import AccountId, CompanyId, EntryId
from daybook.domain.limits import TOTAL_MAX
from daybook.domain.model import JournalEntry, Side
from daybook.storage.sqlite import totals, tx
from daybook.storage.sqlite.store import SqliteStore

UNSEAL = "UPDATE entry SET sealed = 0 WHERE id = 1"
SEAL = "UPDATE entry SET sealed = 1 WHERE id = 1"


@pytest.fixture
def fenced(store: SqliteStore, books: CompanyId, file: apsw.Connection) -> apsw.Connection:
    """A file with one entry, foreign keys on."""
    records.keep(store, books, records.created(records.entry(1)))
    file.pragma("foreign_keys", True)
    return file


@pytest.mark.parametrize(
    "statements",
    [
        ["DELETE FROM line WHERE line_id = 1"],
        ["UPDATE line SET amount = 7"],
        ["INSERT INTO line VALUES (1, 1, 9, 1, NULL, 'D', 5, 5, NULL)"],
        ["INSERT INTO line VALUES (1, 9, 0, 1, NULL, 'D', 5, 5, NULL)"],
        [UNSEAL],
        [UNSEAL, "DELETE FROM line WHERE line_id = 1", SEAL],
        [UNSEAL, "INSERT INTO line VALUES (1, 1, 9, 1, NULL, 'D', 5, 5, NULL)", SEAL],
        [UNSEAL, "INSERT INTO line VALUES (1, 1, 9, 1, NULL, 'D', 0, 5, NULL)", SEAL],
        [UNSEAL, "DELETE FROM line", SEAL],
        [UNSEAL, "INSERT INTO line VALUES (1, 1, 9, 1, NULL, 'D', -1, 0, NULL)"],
        [UNSEAL, "INSERT INTO line VALUES (1, 1, 9, 1, NULL, 'X', 1, 1, NULL)"],
        ["DELETE FROM entry"],
        ["UPDATE event SET body = 'x'"],
        ["DELETE FROM event"],
    ],
)
def test_the_database_itself_keeps_books_balanced(
    fenced: apsw.Connection, store: SqliteStore, books: CompanyId, statements: list[str]
) -> None:
    """Whatever program writes, with no line of ours in between."""

    def run() -> None:
        for statement in ("BEGIN", *statements, "COMMIT"):
            fenced.execute(statement)

    with pytest.raises(apsw.ConstraintError):
        run()
    if fenced.in_transaction:
        fenced.execute("ROLLBACK")
    assert list(store.totals_mismatches(books)) == []


def test_lines_may_be_replaced_by_lines_that_balance(
    fenced: apsw.Connection, store: SqliteStore, books: CompanyId
) -> None:
    fenced.execute("BEGIN")
    fenced.execute(UNSEAL)
    fenced.execute("DELETE FROM line")
    fenced.execute(
        "INSERT INTO line VALUES (1, 1, 0, 1, NULL, 'D', 5, 5, NULL),"
        " (1, 1, 1, 2, NULL, 'C', 5, 5, NULL)"
    )
    fenced.execute(SEAL)
    fenced.execute("COMMIT")
    assert any("lines differ" in found for found in store.totals_mismatches(books))


def test_what_was_gathered_is_seen_at_every_size(
    store: SqliteStore, books: CompanyId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries made, revised and deleted again in one transaction, written in any portions."""
    for most, days in ((1, 1), (2, 10_000), (3, 2), (1_000, 10_000)):
        monkeypatch.setattr(tx, "GATHERED_MAX", most)
        monkeypatch.setattr(totals, "LAZY_SUMS_MAX", days)
        store.write(books, lambda tx: _much(tx, books))
        assert list(store.totals_mismatches(books)) == []
    with store.read(books) as reader:
        assert (reader.head().entries_live, reader.head().entries_deleted) == (28, 4)


def _much(tx: Tx, books: CompanyId) -> None:
    first = tx.next_id("entry")
    made: dict[int, JournalEntry] = {}
    for number in range(first, first + 8):
        day = date(2026, 1 + number % 12, 1 + number % 28)
        made[number] = records.entry(number, records.transfer(number), day, doc_number=str(number))
        records.log(tx, books, records.created(made[number]))
        assert tx.next_id("entry") == number + 1
        assert tx.entry(EntryId(number)) == made[number]
        if number % 3 == 0:
            lines = records.transfer(number + 100, records.SALES)
            _revise(tx, books, made, number, lines)
            assert tx.is_posted_to(AccountId(records.SALES))
        if number % 4 == 0:
            _revise(tx, books, made, number - 1, records.transfer(5))
            assert tx.highest_doc_number() == number
    records.log(tx, books, records.deletion(made[first]))
    deleted = tx.entry(EntryId(first))
    assert deleted is not None
    assert deleted.deleted_at is not None
    assert [event.version for event in tx.history("entry", first)] == list(
        range(deleted.version + 1)
    )


def _revise(
    tx: Tx, books: CompanyId, made: dict[int, JournalEntry], number: int, lines: object
) -> None:
    if number in made:
        before = made[number]
        records.log(tx, books, records.revision(before, replace(before, lines=lines)))  # type: ignore[arg-type]
        made[number] = replace(before, lines=lines, version=before.version + 1)  # type: ignore[arg-type]


def test_entry_ids_with_gaps_are_sealed_one_by_one(store: SqliteStore, books: CompanyId) -> None:
    records.keep(store, books, *(records.created(records.entry(id)) for id in (3, 500, 4, 10**12)))
    assert list(store.totals_mismatches(books)) == []
    assert store.write(books, lambda tx: tx.next_id("entry")) == 10**12 + 1


def test_a_revision_of_nothing_is_refused(store: SqliteStore, books: CompanyId) -> None:
    before = records.entry(1)
    with pytest.raises(StoreCorrupt):
        records.keep(store, books, records.revision(before, before))


def test_an_entry_cannot_be_made_twice(store: SqliteStore, books: CompanyId) -> None:
    records.keep(store, books, records.created(records.entry(1)))
    with pytest.raises(StoreFailure, match="UNIQUE"):
        records.keep(store, books, records.created(records.entry(1)))


def test_a_total_that_would_not_be_an_integer_is_refused(
    store: SqliteStore, books: CompanyId, file: apsw.Connection
) -> None:
    """At the very edge: the last unit fits, the next one does not."""
    records.keep(store, books, records.created(records.entry(1, records.transfer(100))))
    file.execute(
        "UPDATE account_total SET debit = ? WHERE account_id = ?", (TOTAL_MAX - 1, records.RENT)
    )
    records.keep(store, books, records.created(records.entry(2, records.transfer(1))))
    with pytest.raises(LimitPassed):
        records.keep(store, books, records.created(records.entry(3, records.transfer(1))))
    with store.read(books) as reader:
        assert reader.account_total(AccountId(records.RENT)).debit == TOTAL_MAX
        assert reader.head().entries_live == 2


def test_the_highest_number_may_have_more_digits_than_an_integer(
    store: SqliteStore, books: CompanyId
) -> None:
    numbers = ["9" * 200, "0" * 20 + "7", "1" + "0" * 199, "12a", "", "-5", "٣٣", "5\x00"]
    for id, number in enumerate(numbers, start=1):
        records.keep(store, books, records.created(records.entry(id, doc_number=number)))
    assert store.write(books, lambda tx: tx.highest_doc_number()) == int("9" * 200)
    first = records.entry(1, doc_number=numbers[0])
    records.keep(store, books, records.deletion(first))
    assert store.write(books, lambda tx: tx.highest_doc_number()) == 10**199


def test_lines_that_stay_are_not_written_again(
    store: SqliteStore, books: CompanyId, file: apsw.Connection
) -> None:
    """A new memo leaves the lines sealed: no row of theirs is touched."""
    entry = records.entry(1)
    records.keep(store, books, records.created(entry))
    file.execute(
        "CREATE TRIGGER touched BEFORE DELETE ON line BEGIN SELECT raise(ABORT, 'touched'); END"
    )
    records.keep(store, books, records.revision(entry, replace(entry, memo="new")))
    with pytest.raises(StoreFailure, match="touched"):
        records.keep(
            store,
            books,
            records.revision(
                replace(entry, version=1),
                replace(
                    entry,
                    version=1,
                    lines=(records.line(0, Side.DEBIT, 5, 1), records.line(1, Side.CREDIT, 5, 2)),
                ),
            ),
        )
