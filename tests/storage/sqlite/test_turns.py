"""Turns at one store. The locks belong to open files: two `Turns` are as good as two processes."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import records
from tests.support.server import variables

from daybook.app.ports import StoreFailure, Tx
from daybook.domain.ids import CompanyId
from daybook.storage.sqlite.backup import lock_path
from daybook.storage.sqlite.store import SqliteStore
from daybook.storage.sqlite.turns import _QUEUED, CAN_SHARE, Turns

pytestmark = pytest.mark.skipif(not CAN_SHARE, reason="the locks are Linux's")

PATIENCE_SECONDS = 20.0


@pytest.fixture
def both(path: Path) -> Iterator[tuple[Turns, Turns]]:
    one, other = Turns(path), Turns(path)
    yield one, other
    one.close()
    other.close()


def test_one_writes_at_a_time(both: tuple[Turns, Turns]) -> None:
    one, other = both
    assert one.begin(0)
    assert not other.begin(0.01)
    one.end()
    assert other.begin(0)
    assert not one.begin(0)
    other.end()


def test_everybody_knows_since_when_somebody_writes(both: tuple[Turns, Turns]) -> None:
    one, other = both
    assert one.since() is None
    before = time.time_ns() // 1_000
    assert one.begin(0)
    since = one.since()
    assert since is not None
    assert since >= before
    assert other.since() == since
    one.end()
    assert one.since() is None
    assert other.since() is None


def test_giving_up_ends_nobody_elses_turn(both: tuple[Turns, Turns]) -> None:
    one, other = both
    assert one.begin(0)
    assert not other.begin(0.01)
    other.end()
    assert other.since() == one.since() is not None
    assert not other.begin(0)


def test_whoever_has_just_written_comes_behind_who_waits(both: tuple[Turns, Turns]) -> None:
    one, other = both
    order: list[str] = []
    assert one.begin(0)

    def wait() -> None:
        assert other.begin(PATIENCE_SECONDS)
        order.append("other")
        other.end()

    waiting = threading.Thread(target=wait)
    waiting.start()
    while not _is_queued(one):
        time.sleep(0.001)
    one.end()
    assert one.begin(PATIENCE_SECONDS)
    order.append("one")
    one.end()
    waiting.join()
    assert order == ["other", "one"]


def _is_queued(turns: Turns) -> bool:
    """Whether somebody is next, and has said so."""
    return turns._words[_QUEUED] != 0


def test_who_is_killed_while_it_is_next_keeps_nobody_out(both: tuple[Turns, Turns]) -> None:
    one, other = both
    one._words[_QUEUED] = 1
    for each in (one, other, one):
        assert each.begin(0)
        assert not _is_queued(each)
        each.end()


def test_who_is_killed_while_it_writes_leaves_nothing_behind(path: Path) -> None:
    killed = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os, sys; from pathlib import Path;"
            "from daybook.storage.sqlite.turns import Turns;"
            "assert Turns(Path(sys.argv[1])).begin(0); os.kill(os.getpid(), 9)",
            str(path),
        ],
        env=variables(),
        timeout=30,
        check=False,
    )
    assert killed.returncode == -9
    turns = Turns(path)
    assert turns.since() is None
    assert turns.begin(0)
    turns.end()
    turns.close()


def test_a_change_of_credentials_is_known_to_all(both: tuple[Turns, Turns]) -> None:
    one, other = both
    before = other.credentials
    assert one.begin(0)
    one.credentials_changed()
    one.end()
    assert other.credentials == before + 1


def test_without_a_file_it_is_a_process_of_its_own() -> None:
    turns = Turns(None)
    assert turns.begin(0)
    assert turns.since() is not None
    turns.end()
    assert turns.since() is None
    turns.close()


def test_two_stores_on_one_file_share_the_writing(
    store: SqliteStore, books: CompanyId, path: Path
) -> None:
    """Each posts as fast as it can; neither is kept out, and nothing is lost."""
    second = SqliteStore(path, store.url)
    each = 40
    failures: list[BaseException] = []

    def post(through: SqliteStore) -> None:
        def work(tx: Tx) -> None:
            records.log(tx, books, records.created(records.entry(tx.next_id("entry"))))

        try:
            for _ in range(each):
                through.write(books, work)
        except BaseException as error:
            failures.append(error)

    posters = [threading.Thread(target=post, args=(through,)) for through in (store, second)]
    for poster in posters:
        poster.start()
    for poster in posters:
        poster.join()
    assert failures == []
    with second.read(books) as reader:
        assert reader.head().entries_live == 2 * each
    assert list(second.totals_mismatches(books)) == []
    second.close()


def test_a_write_of_another_process_is_known_to_be_under_way(
    store: SqliteStore, books: CompanyId, path: Path
) -> None:
    second = SqliteStore(path, store.url)
    writing, go_on = threading.Event(), threading.Event()

    def work(tx: Tx) -> None:
        writing.set()
        assert go_on.wait(PATIENCE_SECONDS)

    poster = threading.Thread(target=second.write, args=(books, work))
    poster.start()
    assert writing.wait(PATIENCE_SECONDS)
    assert store.writing_since() == second.writing_since() is not None
    go_on.set()
    poster.join()
    assert store.writing_since() is None
    second.close()


def test_a_lock_file_that_cannot_be_used_is_one_clear_failure(path: Path) -> None:
    lock_path(path).mkdir()
    with pytest.raises(StoreFailure, match=r"books\.db\.lock: Is a directory"):
        SqliteStore(path, "sqlite:///books.db")
