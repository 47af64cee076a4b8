"""The log is the books: rebuilt from events alone, every table is the same."""

import pytest
from tests.support.engines import Engine, engine_schemes
from tests.support.shop import ACTOR, carry_out, credit, debit, post, shop

from daybook.app.ledger import Context, Ledger
from daybook.app.operations import Submission
from daybook.app.ports import Store
from daybook.app.replay import Difference, ReplayFailed, replay
from daybook.app.seed import seed_demo
from daybook.app.worker import OperationWorker
from daybook.domain.commands import CreateEntry, DeleteEntry, EntryContent, MoveEntry, PatchEntry
from daybook.domain.ids import CompanyId
from daybook.domain.model import Status
from daybook.domain.query import ALWAYS
from daybook.storage import open_store

SCHEMES = engine_schemes()


def opened(scheme: str, factory: pytest.TempPathFactory) -> Store:
    return open_store(Engine.of(scheme, factory.mktemp(scheme)).url)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_books_are_rebuilt_as_they_are(
    scheme: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    source, target = (opened(scheme, tmp_path_factory) for _ in range(2))
    books = shop(source)
    first = post(books, debit("Costs:Rent", 100), credit("Bank", 100))
    second = post(books, debit("Bank", 50), credit("Sales", 50), status=Status.PENDING)
    carry_out(
        books,
        [
            PatchEntry(first.id, 0, memo="changed"),
            MoveEntry(second.id, 0, Status.POSTED),
            DeleteEntry(second.id, 1),
        ],
    )
    seen: list[tuple[int, int]] = []
    progress = lambda done, all: seen.append((done, all))  # noqa: E731
    assert replay(source, books.company_id, target, progress) == ()
    assert seen[-1][0] == seen[-1][1]
    with source.read(books.company_id) as one, target.read(books.company_id) as other:
        assert one.head() == other.head()
        assert one.account_totals() == other.account_totals()
    source.close()
    target.close()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_operations_are_rebuilt_as_what_they_changed(
    scheme: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Receipts are no part of the log: the books are the same, and nothing waits in them."""
    source, target = (opened(scheme, tmp_path_factory) for _ in range(2))
    books = shop(source)
    for amount in (5, 6):
        content = EntryContent((debit("Bank", amount), credit("Sales", amount)))
        books.submit_operation(CreateEntry(content), Context(ACTOR), Submission())
        if amount == 5:
            OperationWorker(books.ledger).run_once()
    assert replay(source, books.company_id, target) == ()
    with target.read(books.company_id) as reader:
        assert reader.head().entries_live == 1
        assert reader.count_operations(ALWAYS) == 0
    assert source.directory.count_pending() == 1
    source.close()
    target.close()


def test_a_later_company_keeps_its_number() -> None:
    source, target = open_store("memory://"), open_store("memory://")
    _, second = seed_demo(Ledger(source))
    assert replay(source, second, target) == ()
    assert target.directory.by_slug("demo2") == second


def test_a_store_with_books_is_not_written_to() -> None:
    source, target = open_store("memory://"), open_store("memory://")
    books = shop(source)
    shop(target)
    with pytest.raises(ReplayFailed, match="not empty"):
        replay(source, books.company_id, target)


def test_differences_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = open_store("memory://"), open_store("memory://")
    books = shop(source)
    rebuilt = dict(source.table_fingerprints(books.company_id))
    table = sorted(rebuilt)[0]
    rebuilt[table] = "otherwise"

    def fingerprints(company_id: CompanyId) -> dict[str, str]:
        return rebuilt

    monkeypatch.setattr(target, "table_fingerprints", fingerprints)
    (difference,) = replay(source, books.company_id, target)
    assert difference.table == table
    assert table in str(difference)
    assert "otherwise"[:12] in str(difference)


def test_a_difference_reads_well() -> None:
    assert str(Difference("line", "a" * 64, None)) == (
        "table line: the books have aaaaaaaaaaaa, the events rebuild nothing"
    )
