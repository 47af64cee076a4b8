"""A clock in the test's hand, and a directory with two companies."""

import pytest
from tests.support.clock import TestClock

from daybook.app.founding import NewCompany, found
from daybook.app.ledger import Ledger
from daybook.app.ports import Directory
from daybook.domain.events import Actor
from daybook.storage import open_store


@pytest.fixture
def clock() -> TestClock:
    return TestClock(step=1)


@pytest.fixture
def directory(clock: TestClock) -> Directory:
    ledger = Ledger(open_store("memory://"), clock)
    for slug in ("one", "two"):
        found(ledger, NewCompany(slug, slug, "GBP"), Actor("t", "t"))
    return ledger.store.directory
