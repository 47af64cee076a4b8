"""Journal lines a second through `daybook import`, every rule on, the process started included."""

import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import books
from bench.report import Report
from daybook.domain.events import ACCOUNT
from daybook.domain.model import Account
from daybook.domain.query import Keyset, Query

LINES = 400_000


def run(report: Report) -> None:
    """Entries of four lines, accounts by name, as exported by QuickBooks Online."""
    store = books.new_store("importing.db")
    opened = books.demo_books(store)
    wanted = set(books.accounts(opened))
    with opened.read() as reader:
        found = reader.references(ACCOUNT, Query(page=Keyset(1_000)))
    names = [each.full_name for each in found if isinstance(each, Account) and each.id in wanted]
    opened.ledger.store.close()
    chance = random.Random(7)
    with tempfile.TemporaryDirectory(dir=".") as folder:
        path = Path(folder) / "journal.csv"
        with path.open("w") as out:
            out.write("Journal No.,Journal Date,Memo,Account,Debits,Credits,Description\n")
            for number in range(LINES // 4):
                day = f"2025-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}"
                for _ in range(2):
                    amount = f"{chance.randrange(1, 100_000) / 100:.2f}"
                    for columns in (f"{amount},", f",{amount}"):
                        name = chance.choice(names)
                        out.write(f'I-{number},{day},memo,"{name}",{columns},some text\n')
        command = [sys.executable, "-m", "daybook", "import", "--store", store]
        command += ["--company", "demo", str(path)]
        started, used = time.perf_counter(), _children_seconds()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        took, used = time.perf_counter() - started, _children_seconds() - used
    report.add(
        "journal lines imported from CSV",
        f"{LINES / took:,.0f}/s",
        f"{LINES / used:,.0f} for each second of processor time",
    )


def _children_seconds() -> float:
    """Processor time of all processes that were started and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
