"""Several server processes on the same ports and books, and the one that looks after them.

One process of Python does about one processor's work. With `--workers N` the process that was
started binds the sockets, prepares the books and then answers nobody: it starts N processes that
accept from the same sockets, and does no more than

- start one anew that has ended by itself, at once the first time and later each time a run was
  short; the others go on meanwhile, and background work that it did is taken over by another;
- hand on a signal to stop, and end, with code 0, once all have drained in good order;
- on SIGHUP, replace them one after the other, each drained before the next, so that certificates
  are read again and no connection is refused; none where a certificate cannot be used.

They are forked after everything is loaded, which costs memory once and starts one in a blink. No
connection to the books and no thread is open at that time. If the first process is killed, the
others see it and stop in good order; until the last has, its claim on the books stands.
"""

import gc
import os
import selectors
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType
from typing import Final, NoReturn

from daybook.app.ledger import Ledger
from daybook.app.ports import StoreFailure
from daybook.server.bootstrap import open_books, preload
from daybook.server.certificate import Certificate
from daybook.server.config import Config
from daybook.server.observe import Logger
from daybook.server.peers import Inbox, inboxes
from daybook.server.process import Bound, Seat, failed, serve_here, write_greeting
from daybook.server.secret import server_key

STEADY_SECONDS: Final = 10.0
"""How long a process runs before its end is taken for an accident and not for a habit."""

PAUSE_SECONDS: Final = 0.1
"""The pause before a process is started after its second short run; it doubles with each more."""

PAUSE_SECONDS_MAX: Final = 10.0
"""The longest pause: a fault of the machine may pass."""

PATIENCE_SECONDS: Final = 15.0
"""What a process is given beyond drain delay and time-out before it is killed: its store has to
finish what it took."""

GREETING_BYTES_MAX: Final = 64 * 1024
"""Bytes of what a process says once it is ready."""

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)


def serve(config: Config, ledger: Ledger, log: Logger, bound: Bound, began: float) -> int:
    """Run the processes until told to stop. Answers with the exit code.

    `ledger` is over the opened store, which is closed here; its claim is kept.
    """
    release = getattr(ledger.store, "hand_over_claim", lambda: None)
    claim: int | None = release()
    ledger.store.close()
    try:
        shared = replace(config, server_key=server_key(config.secret_file))
        preload()  # for all processes at once
        gc.collect()
        gc.freeze()
        return _Supervisor(shared, log, bound, began).run()
    except (OSError, ValueError) as error:
        return failed(str(error))
    finally:
        gc.unfreeze()
        bound.close()
        if claim is not None:
            os.close(claim)


@dataclass(slots=True)
class _Place:
    """One of the processes, whichever it is at the time."""

    number: int
    pid: int | None = None
    started_at: float = 0.0
    ready: bool = False
    short_runs: int = 0
    due_at: float = 0.0
    """When it is to be started, by the monotonic clock; nothing while it runs."""


class _Supervisor:
    def __init__(self, config: Config, log: Logger, bound: Bound, began: float) -> None:
        self._config = config
        self._log = log
        self._bound = bound
        self._began = began
        self._places = [_Place(number) for number in range(config.workers)]
        self._inboxes: list[Inbox] = inboxes(config.workers)
        self._reports, self._report = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._reports.setblocking(False)
        self._life, self._own_life = socket.socketpair()
        self._woken, self._wake = socket.socketpair()
        for end in (self._woken, self._wake):
            end.setblocking(False)
        self._greeted = False
        self._stopping = False
        self._kill_at = float("inf")
        self._renewing: list[_Place] = []
        self._code = 0

    def run(self) -> int:
        """Look after the processes until none is left."""
        before = {number: signal.signal(number, self._signalled) for number in _SIGNALS}
        wakeup = signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        try:
            with selectors.DefaultSelector() as selector:
                selector.register(self._woken, selectors.EVENT_READ, self._take_signals)
                selector.register(self._reports, selectors.EVENT_READ, self._take_reports)
                while not self._stopping or any(place.pid for place in self._places):
                    self._start_due()
                    for key, _ in selector.select(self._wait()):
                        key.data()
                    self._reap()
                    self._kill_late()
        finally:
            signal.set_wakeup_fd(wakeup)
            for number, handler in before.items():
                signal.signal(number, handler)
            self._close()
        return self._code

    # Signals: handlers only note that there was one, the loop acts on it.

    def _signalled(self, number: int, frame: FrameType | None) -> None:
        """Its number has been written to the wake-up socket; see `_take_signals`."""

    def _take_signals(self) -> None:
        with suppress(BlockingIOError):
            for number in self._woken.recv(4_096):
                if number in (signal.SIGTERM, signal.SIGINT):
                    self._stop()
                elif number == signal.SIGHUP and not self._stopping and not self._renewing:
                    self._renew()

    def _stop(self) -> None:
        """Hand on a signal to stop; a further one tells the processes to make haste."""
        if not self._stopping:
            self._stopping = True
            self._renewing = []
            self._bound.close()  # whoever still accepts has the sockets too
            wait = self._config.drain_delay + self._config.drain_timeout + PATIENCE_SECONDS
            self._kill_at = time.monotonic() + wait
        for place in self._places:
            self._send(place, signal.SIGTERM)

    def _send(self, place: _Place, number: signal.Signals) -> None:
        if place.pid is not None:
            with suppress(ProcessLookupError):
                os.kill(place.pid, number)

    def _renew(self) -> None:
        """Replace all processes, unless the next ones could not use their certificates."""
        try:
            _try_certificates(self._config)
        except (OSError, ValueError) as error:
            self._log.error("certificate", renewed=False, error=str(error))
            return
        self._log.warning("the server processes are replaced one after the other")
        self._renewing = list(self._places)
        self._renew_next()

    def _renew_next(self) -> None:
        """End the next process that is to be replaced; it is started anew when it has ended."""
        if self._renewing:
            self._send(self._renewing[0], signal.SIGTERM)

    # Processes.

    def _start_due(self) -> None:
        now = time.monotonic()
        for place in self._places:
            if place.pid is None and not self._stopping and now >= place.due_at:
                self._start(place)

    def _start(self, place: _Place) -> None:
        place.ready, place.started_at = False, time.monotonic()
        # A signal to the new process must not be told to this one by what both still share.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            pid = os.fork()
            if not pid:
                self._become(place)
            place.pid = pid
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    def _become(self, place: _Place) -> NoReturn:
        """What the forked process does, and nothing after it."""
        code = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
            os.setpgid(0, 0)  # a terminal's signals come by way of the first process
            for end in (self._life, self._reports, self._woken, self._wake):
                end.close()
            code = self._serve(place)
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)

    def _serve(self, place: _Place) -> int:
        config = _own_config(self._config, place.number)
        try:
            ledger = open_books(config, claim_server=False)
        except (StoreFailure, OSError, ValueError) as error:
            return failed(str(error))
        announce = _announcer(self._report, place.number)
        log = self._log.bind(worker=place.number)
        seat = Seat(place.number, self._inboxes, self._own_life)
        return serve_here(config, ledger, log, self._bound, announce, seat)

    def _take_reports(self) -> None:
        with suppress(BlockingIOError):
            while True:
                number, _, greeting = self._reports.recv(GREETING_BYTES_MAX).partition(b"\n")
                self._places[int(number)].ready = True
                self._all_ready(greeting.decode())
                if self._renewing and self._renewing[0].number == int(number):
                    self._renewing.pop(0)
                    self._renew_next()

    def _all_ready(self, greeting: str) -> None:
        if not self._greeted and all(place.ready for place in self._places):
            self._greeted = True
            count = f"  {'server processes':<28} {len(self._places)}\n"
            write_greeting(greeting + count, self._began)

    def _reap(self) -> None:
        """Take note of processes that have ended."""
        for place in self._places:
            if place.pid is None:
                continue
            pid, status = os.waitpid(place.pid, os.WNOHANG)
            if pid:
                place.pid = None
                self._ended(place, os.waitstatus_to_exitcode(status))

    def _ended(self, place: _Place, code: int) -> None:
        now = time.monotonic()
        if self._stopping:
            begun = place.ready or code != -signal.SIGTERM  # before, a signal just ends it
            self._code = self._code or int(begun and code != 0)
            return
        if place in self._renewing and not code:
            place.due_at = now
            return
        if not self._greeted:  # it has said why, and would again
            self._code = 1
            self._stop()
            return
        place.short_runs = 0 if now - place.started_at >= STEADY_SECONDS else place.short_runs + 1
        pause = _pause(place.short_runs)
        place.due_at = now + pause
        self._log.error(
            "a server process has ended and is started anew",
            worker=place.number,
            code=code,
            pause_seconds=pause,
        )

    def _kill_late(self) -> None:
        if time.monotonic() >= self._kill_at:
            self._kill_at = float("inf")
            for place in self._places:
                self._send(place, signal.SIGKILL)

    def _wait(self) -> float | None:
        """Seconds until something is due, None if nothing is."""
        now = time.monotonic()
        due = [place.due_at for place in self._places if place.pid is None and not self._stopping]
        until = min([*due, self._kill_at])
        return None if until == float("inf") else max(0.0, until - now)

    def _close(self) -> None:
        ends = [self._reports, self._report, self._life, self._own_life, self._woken, self._wake]
        for end in (*ends, *(each for pair in self._inboxes for each in pair)):
            end.close()


def _try_certificates(config: Config) -> None:
    """Read the certificates of both ports. Raises OSError and ValueError."""
    if config.certificate is not None:
        Certificate(config.certificate, config.key)
    chain, key = (config.sql_settings.get(name) for name in ("sql-certificate", "sql-key"))
    if config.sql is not None and chain:
        Certificate(Path(chain), Path(key) if key else None)


def _own_config(config: Config, number: int) -> Config:
    """The settings of one process. A copy on disk is one process's, so each has a folder."""
    copies = config.sql_settings.get("sql-copies")
    if not copies or not number:
        return config
    folder = str(Path(copies) / f"worker-{number}")
    return replace(config, sql_settings={**config.sql_settings, "sql-copies": folder})


def _announcer(report: socket.socket, number: int) -> Callable[[str], None]:
    """What tells the first process that this one is ready."""
    return lambda greeting: report.sendall(b"%d\n%b" % (number, greeting.encode()))


def _pause(short_runs: int) -> float:
    """Seconds before a process is started that has had so many short runs, one after the other."""
    if short_runs < 2:
        return 0.0
    return min(PAUSE_SECONDS * 2.0 ** min(short_runs - 2, 20), PAUSE_SECONDS_MAX)
