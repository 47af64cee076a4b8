"""A store in memory with the two demo companies, and a clock that stands still until moved."""

from dataclasses import dataclass

import pytest

from daybook.app.founding import NewCompany, found
from daybook.app.ledger import Ledger, Refused
from daybook.app.ports import Directory
from daybook.domain.events import Actor
from daybook.domain.ids import Timestamp
from daybook.storage import open_store

SECOND = 1_000_000
DAY = 86_400 * SECOND


@dataclass
class HandClock:
    now: int = 1_700_000_000 * SECOND

    def __call__(self) -> Timestamp:
        return Timestamp(self.now)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def ledger(clock: HandClock) -> Ledger:
    made = Ledger(open_store("memory://"), clock)
    for slug in ("demo", "demo2"):
        company = found(made, NewCompany(slug, slug, "GBP"), Actor("test", "test"))
        assert not isinstance(company, Refused)
    return made


@pytest.fixture
def directory(ledger: Ledger) -> Directory:
    return ledger.store.directory
