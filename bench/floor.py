"""The floor: the least a durable journal over HTTP can do, with none of the rules.

A bare ASGI application that decodes a body of JSON, hands it to one writer thread that commits
in groups, and answers when the commit is durable. It writes the rows a real entry needs: the
entry, two lines on random accounts, an event with its hash chained to the one before, an
idempotency key, a total for each account; and checks nothing at all. `/read` answers a fixed
body, for reads.

Run by `bench.servers` as `python -m bench.floor PORT DATABASE`.
"""

import asyncio
import hashlib
import queue
import random
import sys
import threading
from typing import Any

import apsw
import msgspec
import uvicorn

SCHEMA = """
PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=20000;
CREATE TABLE event(seq INTEGER PRIMARY KEY, at INT, body BLOB, previous BLOB, hash BLOB);
CREATE TABLE entry(id INTEGER PRIMARY KEY, posting_date TEXT, doc_number TEXT, version INT,
                   created INT, event_seq INT);
CREATE INDEX entry_date ON entry(posting_date, id);
CREATE TABLE line(entry_id INT, line_id INT, account_id INT, amount INT, description TEXT,
                  PRIMARY KEY(entry_id, line_id)) WITHOUT ROWID;
CREATE INDEX line_account ON line(account_id, entry_id);
CREATE TABLE idempotency(key TEXT PRIMARY KEY, seq INT) WITHOUT ROWID;
CREATE TABLE total(account_id INTEGER PRIMARY KEY, debit INT, credit INT);
CREATE TABLE outbox(seq INTEGER PRIMARY KEY, state INT);
"""
_decode = msgspec.json.Decoder().decode
_Job = tuple[dict[str, Any], str, asyncio.Future[int]]


class Writer(threading.Thread):
    """Takes what is waiting, writes it in one transaction, then answers all of it."""

    def __init__(self, path: str) -> None:
        super().__init__(daemon=True)
        self.jobs: queue.SimpleQueue[_Job] = queue.SimpleQueue()
        self.db = apsw.Connection(path)
        list(self.db.execute(SCHEMA))  # every statement runs as its rows are read
        self.seq = 0
        self.hash = bytes(32)
        self.loop: asyncio.AbstractEventLoop | None = None

    def run(self) -> None:
        while True:
            batch = [self.jobs.get()]
            while len(batch) < 64 and not self.jobs.empty():
                batch.append(self.jobs.get())
            self.db.execute("BEGIN IMMEDIATE")
            numbers = [self.write(body, key) for body, key, _ in batch]
            self.db.execute("COMMIT")
            futures = [job[2] for job in batch]
            assert self.loop is not None
            self.loop.call_soon_threadsafe(_resolve, futures, numbers)

    def write(self, body: dict[str, Any], key: str) -> int:
        self.seq += 1
        seq, run = self.seq, self.db.execute
        text = msgspec.json.encode(body)
        previous, self.hash = self.hash, hashlib.sha256(self.hash + text).digest()
        run("INSERT INTO event VALUES(?,?,?,?,?)", (seq, seq, text, previous, self.hash))
        run(
            "INSERT INTO entry VALUES(?,?,?,0,?,?)",
            (seq, body.get("TxnDate"), body.get("DocNumber"), seq, seq),
        )
        for number, line in enumerate(body["Line"]):
            account, cents = random.randrange(100), round(line["Amount"] * 100)
            run("INSERT INTO line VALUES(?,?,?,?,?)", (seq, number, account, cents, "text"))
            run(
                "INSERT INTO total VALUES(?,?,0) ON CONFLICT DO UPDATE SET debit=debit+?2",
                (account, cents),
            )
        run("INSERT OR IGNORE INTO idempotency VALUES(?,?)", (key, seq))
        run("INSERT INTO outbox VALUES(?,0)", (seq,))
        return seq


def _resolve(futures: list[asyncio.Future[int]], numbers: list[int]) -> None:
    for future, number in zip(futures, numbers, strict=True):
        future.set_result(number)


def application(path: str) -> Any:
    """The ASGI application over a fresh database."""
    writer = Writer(path)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        if scope["path"] == "/read":
            await answer(send, READ)
            return
        message = await receive()
        future = asyncio.get_running_loop().create_future()
        if writer.loop is None:
            writer.loop = asyncio.get_running_loop()
            writer.start()
        body = _decode(message["body"])
        writer.jobs.put((body, scope["query_string"].decode(), future))
        number = await future
        await answer(send, msgspec.json.encode({"JournalEntry": body, "Id": str(number)}))

    async def answer(send: Any, body: bytes) -> None:
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return app


READ = msgspec.json.encode({"JournalEntry": {"Line": ["x" * 300] * 2, "Id": "1"}})

if __name__ == "__main__":
    uvicorn.run(
        application(sys.argv[2]),
        port=int(sys.argv[1]),
        log_level="warning",
        access_log=False,
        loop="uvloop",
        http="httptools",
        lifespan="off",
    )
