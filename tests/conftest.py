"""Fixtures that any test may ask for: a demo server as a real process."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from tests.support.browser import browser as browser
from tests.support.server import RunningServer, start

# A busy machine is no fault of an example's; a failure prints what repeats it.
settings.register_profile("daybook", deadline=None, print_blob=True)
settings.load_profile("daybook")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A demo server shared by all tests of a run: add to its books, but rely on no count."""
    running = start(tmp_path_factory.mktemp("server"))
    yield running
    assert running.stop() == 0, running.log.read_text()


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[RunningServer]:
    """A demo server with books that nobody else has touched."""
    running = start(tmp_path)
    yield running
    assert running.stop() == 0, running.log.read_text()
