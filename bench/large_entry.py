"""An entry of 10,000 lines, posted and read over HTTP."""

import time
import urllib.request

import msgspec

from bench import books, servers
from bench.report import Report

LINES = 10_000


def run(report: Report) -> None:
    """The median of five posts and of five reads."""
    store = books.new_store("large.db")
    opened = books.demo_books(store)
    choices = books.accounts(opened)
    opened.ledger.store.close()
    lines = [
        {
            "Description": f"line {number} of many",
            "Amount": 1 + number // 2,
            "DetailType": "JournalEntryLineDetail",
            "JournalEntryLineDetail": {
                "PostingType": ("Debit", "Credit")[number % 2],
                "AccountRef": {"value": str(choices[number % len(choices)])},
            },
        }
        for number in range(LINES)
    ]
    body = msgspec.json.encode({"TxnDate": "2025-05-05", "Line": lines})
    with servers.daybook(store) as server:
        url = f"http://127.0.0.1:{server.port}/v3/company/{servers.REALM}/journalentry"
        headers = {"Authorization": "Bearer demo", "Content-Type": "application/json"}
        posted, read = [], []
        for _ in range(5):
            started = time.perf_counter()
            with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as answer:
                entry = msgspec.json.decode(answer.read())["JournalEntry"]
            posted.append(time.perf_counter() - started)
            started = time.perf_counter()
            again = urllib.request.Request(f"{url}/{entry['Id']}", headers=headers)
            with urllib.request.urlopen(again) as answer:
                assert len(msgspec.json.decode(answer.read())["JournalEntry"]["Line"]) == LINES
            read.append(time.perf_counter() - started)
    report.add("entry of 10,000 lines posted", f"{sorted(posted)[2] * 1e3:.0f} ms")
    report.add("entry of 10,000 lines read", f"{sorted(read)[2] * 1e3:.0f} ms")
