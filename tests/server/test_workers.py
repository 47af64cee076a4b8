"""Several server processes: real ones, killed, asked and stopped while others write."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import requests
from tests.support.server import (
    RawResponse,
    RunningServer,
    command,
    read_response,
    signed_in,
    start,
    variables,
)

from daybook.app.access import OPERATOR
from daybook.app.credentials import NewToken, issue, revoke
from daybook.app.ledger import Books, Context, Ledger
from daybook.app.operations import OperationStatus, Submission, Submitted
from daybook.domain.commands import CreateEntry, EntryContent, LineDraft
from daybook.domain.events import Actor
from daybook.domain.ids import ById
from daybook.domain.model import Side
from daybook.domain.query import Keyset, Query
from daybook.server.workers import PAUSE_SECONDS_MAX, _pause
from daybook.storage import open_store
from daybook.storage.sqlite.turns import CAN_SHARE

pytestmark = pytest.mark.skipif(not CAN_SHARE, reason="several server processes need Linux")

WORKERS = 2
PATIENCE_SECONDS = 30.0
SLOW = (
    "SELECT count(*) FROM generate_series(1,100000) a, generate_series(1,100000) b,"
    " generate_series(1,100000) c"
)
REALM_PATH = "/v3/company/9130355202028466"


def children(pid: int) -> list[int]:
    """The processes that a process has started and that still run, in that order."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(each) for each in text.split()]


def until(condition: Callable[[], object]) -> None:
    ends = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.02)


class Caller:
    """A connection that is kept, and so belongs to one server process."""

    def __init__(self, running: RunningServer, token: str = "demo") -> None:
        self._socket = socket.create_connection((running.host, running.port), PATIENCE_SECONDS)
        self._token = token
        self.worker = ""
        """What the ids of requests say of the process, once there was one."""

    def ask(self, method: str, target: str, body: object = None) -> RawResponse:
        data = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {self._token}\r\n"
            f"accept: application/json\r\ncontent-type: application/json\r\n"
            f"content-length: {len(data)}\r\n\r\n"
        )
        self._socket.sendall(head.encode() + data)
        response = read_response(self._socket)
        self.worker = response.headers["request-id"][8:24]
        return response

    def post(self, key: str | None = None) -> RawResponse:
        """Post an entry of two lines."""
        suffix = "" if key is None else f"?requestid={key}"
        return self.ask("POST", f"{REALM_PATH}/journalentry{suffix}", entry())

    def close(self) -> None:
        self._socket.close()


def entry() -> object:
    return {
        "TxnDate": "2026-03-14",
        "Line": [
            {
                "Amount": 5,
                "DetailType": "JournalEntryLineDetail",
                "JournalEntryLineDetail": {"PostingType": side, "AccountRef": {"value": account}},
            }
            for side, account in (("Debit", "35"), ("Credit", "44"))
        ],
    }


def id_of(response: RawResponse) -> str:
    assert response.status == 200, response
    return str(json.loads(response.body)["JournalEntry"]["Id"])


@contextlib.contextmanager
def callers_of_each(running: RunningServer, token: str = "demo") -> Iterator[list[Caller]]:
    """One caller for each server process: connections are opened until all have one."""
    found: dict[str, Caller] = {}
    opened: list[Caller] = []
    ends = time.monotonic() + PATIENCE_SECONDS
    while len(found) < WORKERS:
        assert time.monotonic() < ends
        _add_caller(running, token, found, opened)
    yield list(found.values())
    for caller in opened:
        caller.close()


def _add_caller(
    running: RunningServer, token: str, found: dict[str, Caller], opened: list[Caller]
) -> None:
    caller = Caller(running, token)
    opened.append(caller)
    caller.ask("GET", f"{REALM_PATH}/journalentry/80")
    found.setdefault(caller.worker, caller)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[RunningServer]:
    server = start(tmp_path, "--workers", str(WORKERS))
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for what leaves its processes as they are."""
    folder = tmp_path_factory.mktemp("workers")
    server = start(folder, "--workers", str(WORKERS), "--sql", "127.0.0.1:0")
    yield server
    assert server.stop() == 0


@pytest.fixture
def books(shared: RunningServer) -> Iterator[Books]:
    """The books of the shared server, opened by this process."""
    ledger = Ledger(open_store(shared.store))
    yield opened(ledger)
    ledger.store.close()


def opened(ledger: Ledger) -> Books:
    found = ledger.books(ledger.store.directory.company_ids()[0], OPERATOR)
    assert found is not None
    return found


@dataclass
class Load:
    """Threads that post as fast as they are answered, each over a connection of its own."""

    running: RunningServer
    acknowledged: list[str] = field(default_factory=list)
    refused: list[RawResponse] = field(default_factory=list)
    broken: int = 0
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self, count: int = 4) -> None:
        for _ in range(count):
            thread = threading.Thread(target=self._post)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _post(self) -> None:
        while not self._stop.is_set():
            try:
                with contextlib.closing(Caller(self.running)) as caller:
                    self._post_over(caller)
            except (OSError, ValueError, IndexError, KeyError):  # the process went away
                self.broken += 1
                time.sleep(0.02)

    def _post_over(self, caller: Caller) -> None:
        while not self._stop.is_set():
            response = caller.post()
            if response.status == 200:
                self.acknowledged.append(id_of(response))
            else:
                self.refused.append(response)


def test_a_killed_process_loses_nothing_and_comes_back(running: RunningServer) -> None:
    load = Load(running)
    load.start()
    known = set(children(running.process.pid))
    assert len(known) == WORKERS
    for _ in range(3):
        count = len(load.acknowledged)
        until(lambda count=count: len(load.acknowledged) > count + 30)  # type: ignore[misc]
        victim = children(running.process.pid)[0]
        os.kill(victim, signal.SIGKILL)
        until(lambda: len(set(children(running.process.pid)) - {victim}) == WORKERS)  # noqa: B023
    load.stop()
    assert load.broken > 0, "the victims had callers"
    assert load.refused == []
    assert requests.get(running.url + "/readyz", timeout=20).status_code == 200
    assert running.stop() == 0
    ledger = Ledger(open_store(running.store))
    with opened(ledger).read() as reader:
        kept = {str(each.id) for each in reader.entries(Query(page=Keyset(100_000)))}
    assert set(load.acknowledged) <= kept
    assert len(set(load.acknowledged)) == len(load.acknowledged)
    company_id = ledger.store.directory.company_ids()[0]
    assert list(ledger.store.totals_mismatches(company_id)) == []
    ledger.store.close()
    verified = subprocess.run(
        command("verify", "--store", running.store),
        env=variables(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert verified.returncode == 0, verified.stderr
    assert "is started anew" in running.log.read_text()


def test_a_key_is_carried_out_once_whichever_process_gets_it(shared: RunningServer) -> None:
    with callers_of_each(shared) as callers, ThreadPoolExecutor(WORKERS) as pool:
        for number in range(20):
            key = f"once-{number}"
            answers = list(pool.map(Caller.post, callers, [key] * WORKERS))
            assert len({id_of(answer) for answer in answers}) == 1


def test_each_process_sees_what_another_has_answered(shared: RunningServer) -> None:
    with callers_of_each(shared) as callers:
        for number in range(50):
            writer = callers[number % WORKERS]
            made = id_of(writer.post())
            for caller in callers:
                assert id_of(caller.ask("GET", f"{REALM_PATH}/journalentry/{made}")) == made


def test_following_changes_over_all_processes_misses_none(shared: RunningServer) -> None:
    """Each poll goes to the next process and asks from the time of the last answer on."""
    load = Load(shared)
    since = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    seen: set[str] = set()
    with callers_of_each(shared) as callers:

        def poll(number: int, since: str) -> str:
            target = f"{REALM_PATH}/cdc?entities=JournalEntry&changedSince="
            response = callers[number % WORKERS].ask("GET", target + since.replace("+", "%2B"))
            assert response.status == 200, response
            answer = json.loads(response.body)
            for each in answer["CDCResponse"][0]["QueryResponse"]:
                seen.update(found["Id"] for found in each.get("JournalEntry", ()))
            time_of_answer: str = answer["time"]
            return time_of_answer

        load.start()
        ends, patience = time.monotonic() + 3, time.monotonic() + 60
        number = 0
        while time.monotonic() < ends or (
            len(load.acknowledged) <= 50 and time.monotonic() < patience
        ):
            since = poll(number, since)
            number += 1
        load.stop()
        poll(number, since)
    assert len(load.acknowledged) > 50
    assert load.refused == []
    assert set(load.acknowledged) <= seen


def test_a_withdrawn_token_is_refused_by_all_at_once(shared: RunningServer, books: Books) -> None:
    directory, clock = books.ledger.store.directory, books.ledger.clock
    wanted = NewToken("tester", company_ids=frozenset({books.company_id}))
    for _ in range(5):
        issued = issue(directory, clock, wanted)
        with callers_of_each(shared, issued.text) as callers:
            path = f"{REALM_PATH}/journalentry/80"
            assert {caller.ask("GET", path).status for caller in callers} == {200}
            revoke(directory, clock, issued.token.hash)
            assert {caller.ask("GET", path).status for caller in callers} == {401}


def test_a_statement_is_cancelled_in_whichever_process_it_runs(shared: RunningServer) -> None:
    found = re.search(r"postgresql://demo:demo@\S+", shared.greeting)
    assert found is not None
    for _ in range(4):
        with psycopg.connect(found[0], autocommit=True) as connection:
            over = threading.Event()
            canceller = threading.Thread(target=_cancel, args=(connection, over))
            canceller.start()
            with pytest.raises(psycopg.errors.QueryCanceled):
                connection.execute(SLOW)
            over.set()
            canceller.join()


def _cancel(connection: psycopg.Connection, over: threading.Event) -> None:
    """Again and again: a request that comes before the statement does is for nothing."""
    while not over.wait(0.2):
        connection.cancel()


def test_figures_of_all_processes_are_shown(shared: RunningServer) -> None:
    with callers_of_each(shared) as callers:
        for caller in callers:
            shown = caller.ask("GET", "/metrics").body.decode()
            pattern = r'^daybook_requests_total\{[^}]*worker="(\d+)"[^}]*\} '
            assert set(re.findall(pattern, shown, re.M)) == {str(each) for each in range(WORKERS)}
            assert len(re.findall(r"^daybook_operations_pending ", shown, re.M)) == 1


def test_requests_that_any_process_answered_are_shown(shared: RunningServer) -> None:
    with callers_of_each(shared) as callers:
        for number, caller in enumerate(callers):
            caller.ask("GET", f"{REALM_PATH}/journalentry/7770{number}")
    page = signed_in(shared.url).get(f"{shared.url}/app/c/demo/activity?failed=on", timeout=20)
    assert len(callers) == WORKERS
    for number in range(WORKERS):
        assert f"journalentry/7770{number}" in page.text


def test_background_work_is_done_by_one_and_taken_over(running: RunningServer) -> None:
    ledger = Ledger(open_store(running.store))
    done = [_worker_of_operations(running, opened(ledger)) for _ in range(2)]
    assert len(set(done)) == 1
    os.kill(children(running.process.pid)[done[0]], signal.SIGKILL)
    assert _worker_of_operations(running, opened(ledger)) in range(WORKERS)
    ledger.store.close()


def _worker_of_operations(running: RunningServer, books: Books) -> int:
    """Submit some operations; the number of the process that has carried out all of them."""
    before = _operations(running)
    lines = (LineDraft(Side.DEBIT, 5, ById(35)), LineDraft(Side.CREDIT, 5, ById(44)))
    for _ in range(2):
        submitted = books.submit_operation(
            CreateEntry(EntryContent(lines)), Context(Actor("app", "test")), Submission()
        )
        assert isinstance(submitted, Submitted)
        id = submitted.operation.id
        until(lambda id=id: _status(books, id) is OperationStatus.SUCCESS)  # type: ignore[misc]
    after = _operations(running)
    (worker,) = (each for each in after if after[each] > before.get(each, 0))
    return worker


def _status(books: Books, operation_id: str) -> OperationStatus | None:
    operation = books.operation(operation_id)
    return None if operation is None else operation.status


def _operations(running: RunningServer) -> dict[int, float]:
    shown = requests.get(running.url + "/metrics", timeout=20).text
    found = re.findall(r'^daybook_operations_success_total\{worker="(\d+)"\} (\S+)$', shown, re.M)
    return {int(worker): float(count) for worker, count in found}


def test_a_signal_drains_all_and_ends_with_code_0(running: RunningServer) -> None:
    pids = children(running.process.pid)
    load = Load(running)
    load.start()
    until(lambda: len(load.acknowledged) > 20)
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(timeout=30) == 0
    load.stop()
    assert not any(Path(f"/proc/{pid}").exists() for pid in pids)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((running.host, running.port), timeout=5)
    assert "Traceback" not in running.log.read_text()


def test_a_hangup_replaces_them_one_after_the_other(running: RunningServer) -> None:
    before = children(running.process.pid)
    load = Load(running)
    load.start(2)
    until(lambda: len(load.acknowledged) > 20)
    running.process.send_signal(signal.SIGHUP)
    until(lambda: not set(before) & set(children(running.process.pid)))
    until(lambda: len(children(running.process.pid)) == WORKERS)
    count = len(load.acknowledged)
    until(lambda: len(load.acknowledged) > count + 20)
    load.stop()
    assert "is started anew" not in running.log.read_text(), "none of them has failed"
    assert running.stop() == 0


def test_a_second_server_is_refused_while_any_process_runs(running: RunningServer) -> None:
    """Also by those that are left when the first process is killed; they stop by themselves."""
    folder, pids = running.log.parent, children(running.process.pid)
    assert _refusal(folder, running.store) == f"daybook: a server runs on {folder / 'books.db'}\n"
    running.process.kill()
    until(lambda: not any(_runs(pid) for pid in pids))
    again = start(folder, "--workers", str(WORKERS))
    assert again.stop() == 0


def _runs(pid: int) -> bool:
    """Whether a process is there and has not ended; one that nobody waits for stays listed."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def _refusal(folder: Path, store: str) -> str:
    words = ("serve", "--store", store, "--http", "127.0.0.1:0", "--sql", "off", "--workers", "2")
    done = subprocess.run(
        command(*words),
        cwd=folder,
        env=variables(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 1
    return done.stderr


def test_a_start_that_fails_is_code_1(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("nonsense")
    words = ("serve", "--demo", "--http", "127.0.0.1:0", "--sql", "off", "--workers", "2")
    done = subprocess.run(
        command(*words, "--secret-file", "key"),
        cwd=tmp_path,
        env=variables(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr


def test_pauses_grow_with_short_runs_and_have_an_end() -> None:
    pauses = [_pause(count) for count in range(30)]
    assert pauses[:3] == [0.0, 0.0, 0.1]
    assert pauses == sorted(pauses)
    assert pauses[-1] == PAUSE_SECONDS_MAX
