"""A change that is under way: a poller that goes by times must not miss it."""

import threading
import time
from dataclasses import replace
from pathlib import Path

from tests.support.shop import ACTOR, credit, debit, shop

from daybook.app.ledger import Committed, Context, Ledger
from daybook.app.ports import Reader
from daybook.domain.commands import CreateEntry, EntryContent
from daybook.domain.model import JournalEntry
from daybook.storage.sqlite.store import SqliteStore

PATIENCE_SECONDS = 20.0


def test_a_poll_by_time_does_not_miss_a_change_under_way(path: Path) -> None:
    """The change has its time already and is not yet visible when the poller asks."""
    store = SqliteStore(path, "sqlite:///books.db")
    books = replace(shop(store), ledger=Ledger(store))  # by the machine's clock
    stamped, go_on = threading.Event(), threading.Event()
    made: list[Committed] = []

    def show(reader: Reader, outcome: Committed) -> None:
        stamped.set()
        assert go_on.wait(PATIENCE_SECONDS)

    def post() -> None:
        content = EntryContent((debit("Bank", 5), credit("Sales", 5)))
        outcome = books.execute(CreateEntry(content), Context(ACTOR, show=show))
        assert isinstance(outcome, Committed)
        made.append(outcome)

    poster = threading.Thread(target=post)
    poster.start()
    try:
        assert stamped.wait(PATIENCE_SECONDS)
        time.sleep(0.01)  # the poller comes later
        answered_at = books.ledger.settled_at()
        with books.read() as reader:
            before = reader.head().entries_live
    finally:
        go_on.set()
        poster.join()
    assert before == 0
    (entry,) = made[0].records
    assert isinstance(entry, JournalEntry)
    assert answered_at <= entry.modified_at
    assert books.ledger.settled_at() > answered_at, "nothing is under way any more"
    store.close()
