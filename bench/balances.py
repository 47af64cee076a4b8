"""Trial balance now and at a past date, and memory and start-up, as the books grow."""

import time
from collections.abc import Callable
from datetime import date

from bench import books, servers
from bench.report import Report
from daybook.app.reports import trial_balance

SIZES = (100_000, 1_000_000)
LOADED_AFTER_S = 3.0
"""When all interfaces are loaded, those too that are left for later."""


def _median(work: Callable[[], object]) -> float:
    times = []
    for _ in range(9):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return sorted(times)[4]


def run(report: Report) -> None:
    """The same store at both sizes."""
    store, stored = books.new_store("balances.db"), 0
    for size in SIZES:
        opened = books.demo_books(store)
        books.fill(opened, size - stored)
        stored = size
        for label, day in (("now", None), ("at a past date", date(2024, 10, 17))):

            def balance(day: date | None = day) -> None:
                with opened.read() as reader:  # noqa: B023
                    found = trial_balance(reader, day)
                    assert found.debit == found.credit

            took = _median(balance)
            report.add(f"trial balance {label}, {size:,} entries", f"{took * 1e3:.2f} ms")
        books.wait_until_searchable(opened)
        opened.ledger.store.close()
        with servers.daybook(store, more=("--sql", "127.0.0.1:0")) as server:
            used = f"{server.cpu_seconds() * 1e3:.0f} ms of processor time"
            report.add(f"ready after, {size:,} entries", f"{server.ready_after * 1e3:.0f} ms", used)
            time.sleep(LOADED_AFTER_S)
            report.add(f"memory, {size:,} entries", f"{server.memory_mib():.0f} MiB")
