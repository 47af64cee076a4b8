"""Engines and stores for the suites that every engine passes.

When a test ends, the books it leaves behind must agree with themselves: the chain holds, and kept
figures are what the entries say.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support import records
from tests.support.engines import Engine, engine_schemes

from daybook.app.ports import Store
from daybook.domain import chain
from daybook.domain.ids import CompanyId


@pytest.fixture(params=engine_schemes())
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    return Engine.of(request.param, tmp_path)


@pytest.fixture
def store(engine: Engine) -> Iterator[Store]:
    store = engine.open()
    yield store
    for company_id in store.directory.company_ids():
        assert list(store.totals_mismatches(company_id)) == []
        with store.read(company_id) as reader:
            events = reader.events(0, 1_000_000)
            assert len(events) == reader.head().seq
            assert chain.verify(events) is None
    store.close()


@pytest.fixture
def books(store: Store) -> CompanyId:
    """A company with a small chart: see `records.chart`."""
    return records.found(store, 1, records.chart())
