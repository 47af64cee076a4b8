"""What a server does beside requests: operations that others submitted, and figures about it."""

import re
import time
from datetime import date
from pathlib import Path

import requests
from tests.support.server import start

from daybook.app.access import OPERATOR
from daybook.app.ledger import Context, Ledger
from daybook.app.operations import HELD, OperationStatus, Submission, Submitted
from daybook.app.outbox import Consumer, Message
from daybook.domain.commands import CreateEntry, EntryContent, LineDraft
from daybook.domain.events import Actor
from daybook.domain.ids import ById, Timestamp
from daybook.domain.model import Side
from daybook.storage import open_store


def test_a_server_works_off_what_another_process_submits(tmp_path: Path) -> None:
    running = start(tmp_path)
    ledger = Ledger(open_store(running.store))
    books = ledger.books(ledger.store.directory.company_ids()[0], OPERATOR)
    assert books is not None
    lines = (LineDraft(Side.DEBIT, 5, ById(1)), LineDraft(Side.CREDIT, 5, ById(1)))
    command = CreateEntry(EntryContent(lines, date(2026, 3, 14)))
    submitted = [
        books.submit_operation(command, Context(Actor("app", "test")), submission)
        for submission in (Submission(), Submission(due_at=HELD))
    ]
    first, held = (each.operation for each in submitted if isinstance(each, Submitted))
    ends = time.monotonic() + 20
    while (ended := books.operation(first.id)) == first:
        assert time.monotonic() < ends
        time.sleep(0.02)
    assert ended is not None
    assert ended.status is OperationStatus.SUCCESS
    assert books.operation(held.id) == held
    # Where nothing listens and nothing is public: an attempt that fails at once.
    directory = ledger.store.directory
    directory.put_consumer(Consumer("c", "test", "http://127.0.0.1:9/", frozenset({"made"})))
    directory.publish([Message("test", "m", "made", b"{}")], Timestamp(1))
    while directory.deliveries()[0].attempts == 0:
        assert time.monotonic() < ends
        time.sleep(0.02)
    failure = directory.deliveries()[0].failure
    assert failure is not None
    assert "not a public address" in failure
    shown = requests.get(running.url + "/metrics", timeout=20).text
    figures = dict(re.findall(r"^(daybook_(?:operations|deliveries)\w+) (\S+)$", shown, re.M))
    assert figures["daybook_operations_pending"] == "1.0"
    assert figures["daybook_operations_success_total"] == "1.0"
    assert figures["daybook_deliveries_pending"] == "1.0"
    assert figures["daybook_deliveries_failed_total"] == "1.0"
    ledger.store.close()
    assert running.stop() == 0
