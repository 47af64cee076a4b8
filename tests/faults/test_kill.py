"""Killed processes: a store whose writer is killed at any moment loses nothing it acknowledged.

The writer is a process of its own that prints the number of each event it was told is kept. It is
killed under load; what it printed must be there afterwards. A failure names the seed, and
`DAYBOOK_TEST_SEED=<seed>` begins with it.
"""

import itertools
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from queue import SimpleQueue

import pytest
from tests.support import records
from tests.support.engines import SEED, SLOW

from daybook.app.ports import Tx
from daybook.domain import chain
from daybook.domain.events import Event
from daybook.domain.ids import CompanyId, EntryId
from daybook.storage.sqlite.store import SqliteStore

KILLS = 100 if SLOW else 5
ROOT = Path(__file__).parents[2]
COMPANY = CompanyId(1)
WAITING = 16
"""Commands the victim keeps in the queue."""


class Printer:
    """The victim's mailbox: prints what is durable, and brings the next commands."""

    def __init__(self, store: SqliteStore) -> None:
        self._store = store
        self._failures: SimpleQueue[Exception] = SimpleQueue()
        for _ in range(WAITING):
            self._next()

    def _next(self) -> None:
        self._store.write_soon(COMPANY, _write, None, self)

    def deliver(self, letters: object) -> None:
        events: list[Event] = []
        for _, result in letters:  # type: ignore[attr-defined]
            if isinstance(result, Exception):
                self._failures.put(result)
            else:
                events.extend(result)
        os.write(1, "".join(f"{event.seq} {event.hash.hex()}\n" for event in events).encode())
        for _ in letters:  # type: ignore[attr-defined]
            self._next()

    def wait(self) -> None:
        """Go on until something fails, which is raised."""
        raise self._failures.get()


def _write(tx: Tx) -> list[Event]:
    """A new entry, and every third time a revision of an earlier one."""
    number = tx.next_id("entry")
    changes = [records.created(records.entry(number, records.transfer(number)))]
    earlier = tx.entry(EntryId(number // 2))
    if number % 3 == 0 and earlier is not None:
        changes.append(records.revision(earlier, earlier))
    return records.log(tx, COMPANY, *changes)


def victim(path: Path) -> None:
    """What the killed process does."""
    store = SqliteStore(path, "sqlite:///victim")
    if not store.directory.company_ids():
        records.found(store, 1, records.chart())
    Printer(store).wait()


def _kill(path: Path, after_s: float) -> dict[int, str]:
    """Run a victim and kill it; answers with the events it said are kept."""
    process = subprocess.Popen(
        [sys.executable, "-c", f"from {__name__} import victim, Path; victim(Path({str(path)!r}))"],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
    )
    assert process.stdout is not None
    with process, process.stdout:
        lines = [process.stdout.readline()]
        assert lines[0], "the victim ended by itself"
        os.set_blocking(process.stdout.fileno(), False)
        until = time.monotonic() + after_s
        while time.monotonic() < until:
            lines.extend(process.stdout.readlines())
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
        os.set_blocking(process.stdout.fileno(), True)
        lines.extend(process.stdout.readlines())
    text = b"".join(lines).decode()
    pairs = (line.split() for line in text.splitlines(keepends=True) if line.endswith("\n"))
    return {int(seq): digest for seq, digest in pairs}


def test_what_was_acknowledged_survives_kills(tmp_path: Path) -> None:
    """One store, killed again and again; each life goes on from where the last one ended."""
    path = tmp_path / "books.db"
    chance = random.Random(SEED)
    acknowledged: dict[int, str] = {}
    for number in range(KILLS):
        said = _kill(path, chance.uniform(0.05, 0.4))
        acknowledged.update(said)
        store = SqliteStore(path, "sqlite:///books.db")
        with store.read(COMPANY) as reader:
            events = reader.events(0, 10**7)
        assert chain.verify(events) is None
        found = {event.seq: event.hash.hex() for event in events}
        lost = [seq for seq, digest in acknowledged.items() if found.get(seq) != digest]
        assert not lost, f"kill {number}, seed {SEED}: {len(lost)} acknowledged events are lost"
        if number in (0, KILLS - 1):
            assert list(store.totals_mismatches(COMPANY)) == []
        store.close()
    assert len(acknowledged) > KILLS * WAITING


@pytest.mark.parametrize("after_s", [0.02, 0.1, 0.3])
def test_a_killed_import_leaves_nothing(tmp_path: Path, after_s: float) -> None:
    """One transaction of very many entries, killed on the way, is as if it had not begun."""
    path = tmp_path / "books.db"
    store = SqliteStore(path, "sqlite:///books.db")
    records.found(store, 1, records.chart())
    store.close()
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"from {__name__} import endless, Path; endless(Path({str(path)!r}))",
        ],
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
    )
    assert process.stdout is not None
    with process, process.stdout:
        assert process.stdout.readline() == b"begun\n"
        time.sleep(after_s)
        process.send_signal(signal.SIGKILL)
    store = SqliteStore(path, "sqlite:///books.db")
    with store.read(COMPANY) as reader:
        assert reader.head().entries_live == 0
        assert reader.entry(EntryId(1)) is None
    assert list(store.totals_mismatches(COMPANY)) == []
    records.keep(store, COMPANY, records.created(records.entry(1)))
    store.close()


def endless(path: Path) -> None:
    """What the killed import does."""

    def work(tx: Tx) -> None:
        for number in itertools.count(1):
            records.log(tx, COMPANY, records.created(records.entry(number)))
            if number == 2_000:
                os.write(1, b"begun\n")

    SqliteStore(path, "sqlite:///victim").write(COMPANY, work)
