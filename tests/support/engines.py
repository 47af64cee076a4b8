"""Every storage engine there is, and addresses under which tests may open it.

An engine is covered as soon as its package is there. One that keeps files is opened in a folder of
the test's; one that needs a server elsewhere takes its address from `DAYBOOK_TEST_<SCHEME>_URL`.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from daybook.app.ports import Store
from daybook.storage import engines, open_store

SLOW = os.environ.get("DAYBOOK_TEST_SLOW") == "1"
"""Whether campaigns run with their full figures."""

SEED = int(os.environ.get("DAYBOOK_TEST_SEED", "0"))
"""Where the seeds of random campaigns start: a failure names the one that repeats it."""


def engine_schemes() -> list[str]:
    """One scheme of each engine."""
    first = {engine: scheme for scheme, engine in reversed(engines().items())}
    return sorted(first.values())


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine, and where it keeps the books of one test."""

    scheme: str
    url: str

    @staticmethod
    def of(scheme: str, folder: Path) -> "Engine":
        """The engine of a scheme, with nothing in it yet."""
        if scheme == "memory":
            return Engine(scheme, "memory://")
        elsewhere = os.environ.get(f"DAYBOOK_TEST_{scheme.upper()}_URL")
        return Engine(scheme, elsewhere or f"{scheme}:///{folder / 'books.db'}")

    @property
    def lasts(self) -> bool:
        """Whether books are still there when they are opened again."""
        return bool(self.url.partition("://")[2])

    def open(self) -> Store:
        """Open the store, again if need be."""
        return open_store(self.url)
