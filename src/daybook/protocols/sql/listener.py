"""The SQL interface as the server sees it: admits connections, opens sessions, stops them."""

import asyncio
import hmac
import logging
import secrets
import ssl
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic
from typing import Any, Final, TypeVar

from daybook.app.access import Login, Principal, Scope
from daybook.app.activity import Activity, scrubbed
from daybook.app.ledger import Books
from daybook.domain.ids import CompanyId
from daybook.domain.model import JournalEntry
from daybook.protocols.kit.cursor import KEY_SETTING
from daybook.protocols.kit.exhibits import Exhibit
from daybook.protocols.kit.plugin import Services
from daybook.protocols.sql.analytics import Copies
from daybook.protocols.sql.connection import Connection
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.exhibit import exhibit
from daybook.protocols.sql.limits import (
    COMPANY_THREADS,
    CONNECTIONS_MAX,
    CONNECTIONS_PER_ADDRESS_MAX,
    QUICK_THREADS,
    RATE_LOGGED_SECONDS,
    STOP_AGAIN_SECONDS,
    STRANGERS_MAX,
    THREADS,
    WAITING_MAX,
)
from daybook.protocols.sql.plans import PLANNER
from daybook.protocols.sql.results import Plan
from daybook.protocols.sql.session import Session

T = TypeVar("T")

EDITION: Final = "sql-edition"
COPIES: Final = "sql-copies"
CERTIFICATE: Final = "sql-certificate"
KEY: Final = "sql-key"
"""Settings of this interface, by name."""

_CANCEL: Final = "sql.cancel"
_LOG = logging.getLogger("daybook.sql")


def create(services: Services) -> "SqlListener":
    """The interface, for the server."""
    return SqlListener(services)


class SqlListener:
    """Everything that connections share. See `Listener`."""

    name = "sql"

    def __init__(self, services: Services) -> None:
        self._services = services
        settings = services.settings
        self._online = settings.get(EDITION) == "online"
        folder = settings.get(COPIES)
        self._copies = Copies(Path(folder) if folder else None)
        self.renew_certificate()
        self.secret = _secret(settings.get(KEY_SETTING))
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="daybook-sql")
        self._quick = ThreadPoolExecutor(QUICK_THREADS, thread_name_prefix="daybook-sql-quick")
        self._waiting = 0
        self._taken = 0
        self._refused = 0
        self._too_many = 0
        self._told_from = 0.0
        self._turns: dict[CompanyId, asyncio.Semaphore] = {}
        self._strangers: dict[Connection, None] = {}
        self._sessions: dict[int, Connection] = {}
        self._addresses: Counter[str] = Counter()
        self._plans: dict[tuple[CompanyId, frozenset[Scope]], dict[Any, Plan]] = {}
        """By books and by what callers may do with them: that is judged when a plan is made."""
        services.peers.hear(_CANCEL, self._heard_cancel)
        self._show()

    def renew_certificate(self) -> None:
        """Read the certificate again, for the next connections. Raises OSError and ValueError."""
        settings = self._services.settings
        self.tls = _context(settings.get(CERTIFICATE), settings.get(KEY))

    def _show(self) -> None:
        show = self._services.meter.show
        show("daybook_sql_sessions", "SQL sessions that are open.", lambda: len(self._sessions))
        show(
            "daybook_sql_strangers",
            "SQL connections whose caller is not known yet.",
            lambda: len(self._strangers),
        )
        show("daybook_sql_connections", "SQL connections taken.", lambda: self._taken, counter=True)
        show(
            "daybook_sql_refused",
            "SQL connections that ended before a session began.",
            lambda: self._refused,
            counter=True,
        )
        show("daybook_sql_waiting", "SQL statements on a thread, or waiting for one.", self._wait)
        show("daybook_sql_copies", "Analytical copies in use.", lambda: len(self._copies))

    def _wait(self) -> int:
        return self._waiting

    def count(self, path: str, state: str, seconds: float) -> None:
        """A statement is over: where it went, and the class of its SQLSTATE (00: it succeeded)."""
        self._services.meter.count(self.name, path, state, seconds)

    def note(self, session: Session, kind: str, state: str, seconds: float, said: str) -> None:
        """Keep what kind of statement is over among the recent requests of its books."""
        principal = session.principal
        activity = Activity(
            self._services.clock(),
            self.name,
            kind,
            kind.upper(),
            "",
            state,
            round(seconds * 1_000_000),
            "",
            scrubbed(said.encode()),
            client=principal.client,
            user=principal.user,
        )
        self._services.activities.note(session.books.company_id, activity)

    def connection(self) -> asyncio.Protocol:
        """What speaks on a connection that was just accepted."""
        return Connection(self)

    def admit(self, connection: Connection) -> SqlFault | None:
        """Count a connection; a fault where there are too many."""
        self._addresses[connection.address] += 1
        self._taken += 1
        if self._addresses[connection.address] > CONNECTIONS_PER_ADDRESS_MAX:
            return SqlFault("53300", "too many connections from this address")
        if len(self._sessions) >= CONNECTIONS_MAX:
            return SqlFault("53300", "sorry, too many clients already")
        if len(self._strangers) >= STRANGERS_MAX:
            oldest = next(iter(self._strangers))
            del self._strangers[oldest]
            oldest.abort()
        self._strangers[connection] = None
        return None

    def leave(self, connection: Connection) -> None:
        """A connection has ended."""
        self._strangers.pop(connection, None)
        self._addresses[connection.address] -= 1
        if not self._addresses[connection.address]:
            del self._addresses[connection.address]
        if connection.session is None:
            self._refused += 1
        else:
            self._sessions.pop(connection.session.pid, None)

    def login(self, user: str) -> Login | None:
        """What is kept of a user, or None."""
        logins = self._services.logins
        return None if logins is None else logins.login(user)

    def begin_attempt(self, user: str, address: str) -> int:
        """Count an attempt at a password; seconds until one is judged again, or 0."""
        return self._services.guard.begin(user, address)

    async def proved(self, user: str, address: str) -> None:
        """The attempt that was counted was right."""
        self._services.guard.succeed(user, address)
        await self.in_thread(lambda: self._services.guard.enter(self.name, user, address, user))

    async def failed(self, user: str | None, address: str) -> None:
        """Note an attempt that was wrong."""
        await self.in_thread(lambda: self._services.guard.fail(self.name, user, address))

    def credentials_version(self) -> int:
        """A number that rises whenever what is kept of any user changes."""
        return self._services.ledger.store.directory.credentials_version()

    def believes(self, session: Session, login: Login) -> bool:
        """Whether a session's user still has the password and rights that it began with.

        Rights in other companies are nothing to it.
        """
        kept = self.login(session.user)
        company_id = session.books.company_id
        return (
            kept is not None
            and kept.verifier == login.verifier
            and kept.principal.may_open(company_id)
            and kept.principal.within(company_id).scopes == session.books.principal.scopes
        )

    def open(self, connection: Connection, user: str, principal: Principal, name: str) -> Session:
        """A session with the books of a name. Raises `SqlFault` where they are not the caller's."""
        ledger = self._services.ledger
        company_id = ledger.store.directory.by_slug(name)
        books = None if company_id is None else ledger.books(company_id, principal)
        if books is None or company_id is None:
            raise SqlFault("3D000", f'database "{name[:100]}" does not exist', fatal=True)
        wait = self._wait_of(principal, company_id)
        if wait:
            message = f"too many connections of this user or database; try again in {wait} s"
            raise SqlFault("53300", message, fatal=True)
        session = Session(
            self._services,
            books,
            principal,
            self._copies,
            user=user,
            online=self._online,
            plans=self._plans.setdefault((company_id, books.principal.scopes), {}),
            planner=PLANNER,
        )
        while session.pid in self._sessions:
            session.pid += 1
        self._strangers.pop(connection, None)
        self._sessions[session.pid] = connection
        return session

    def wait(self, session: Session) -> int:
        """Count a statement; 0, or the seconds after which there is room for another one."""
        return self._wait_of(session.principal, session.books.company_id)

    def too_often(self, session: Session) -> None:
        """A statement of a session was refused for its rate: the log is told once in a while."""
        self._too_many += 1
        now = monotonic()
        if now < self._told_from:
            return
        self._told_from = now + RATE_LOGGED_SECONDS
        _LOG.warning(
            "sql statements refused for their rate since it was last said: %d, now of user %s,"
            " company %s",
            self._too_many,
            session.user,
            session.books.company_id,
        )
        self._too_many = 0

    def _wait_of(self, principal: Principal, company_id: CompanyId) -> int:
        return self._services.throttle.wait(self.name, principal.client, company_id)

    async def exhibit(self, books: Books, entry: JournalEntry) -> Exhibit:
        """How an entry looks to a program that asks here."""

        def work() -> Exhibit:
            session = Session(
                self._services,
                books,
                books.principal,
                self._copies,
                user=books.principal.user or "",
                online=self._online,
                planner=PLANNER,
            )
            try:
                return exhibit(session, entry)
            finally:
                session.close()

        return await self.in_thread(work)

    def cancel(self, pid: int, key: int) -> None:
        """A cancel request. One that does not name a session and its key is ignored.

        The session may be another process's, since the request comes over a connection of its own.
        """
        if pid in self._sessions:
            self._cancel(pid, key)
        else:
            self._services.peers.tell(_CANCEL, b"%d %d" % (pid, key))

    def _heard_cancel(self, message: bytes) -> None:
        pid, key = map(int, message.split())
        self._cancel(pid, key)

    def _cancel(self, pid: int, key: int) -> None:
        connection = self._sessions.get(pid)
        if connection is not None and secrets.compare_digest(
            connection.key.to_bytes(4, "big"), (key & 0xFFFFFFFF).to_bytes(4, "big")
        ):
            connection.cancel()

    async def in_thread(self, work: Callable[[], T], scans: Session | None = None) -> T:
        """Run something on a thread. Raises `SqlFault` when too much is waiting, or on a stop.

        What scans a company's books waits for one of the threads that the company may have;
        everything else has threads of its own, so that nobody's reports hold up a small question.
        """
        if self._waiting >= WAITING_MAX:
            raise SqlFault("53300", "too many statements are waiting")
        self._waiting += 1
        loop = asyncio.get_running_loop()
        try:
            if scans is None:
                return await loop.run_in_executor(self._quick, work)
            company_id = scans.books.company_id
            turn = self._turns.setdefault(company_id, asyncio.Semaphore(COMPANY_THREADS))
            await _acquire(turn, scans)
            try:
                return await loop.run_in_executor(self._pool, work)
            finally:
                turn.release()
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Let statements under way end, for a while, then every connection."""
        everybody = [*self._strangers, *self._sessions.values()]
        for connection in everybody:
            connection.stop()
        await asyncio.gather(*(connection.drain() for connection in everybody))
        for connection in everybody:
            connection.cancel()
            connection.abort()
        await asyncio.gather(*(connection.drain() for connection in everybody))
        for pool in (self._pool, self._quick):
            pool.shutdown(wait=False, cancel_futures=True)
        self._copies.close()


def _secret(key: str | None) -> bytes:
    """What the stand-ins of unknown users are made from: the same in all processes of a server."""
    if key is None:
        return secrets.token_bytes(32)
    return hmac.digest(bytes.fromhex(key), b"sql sign-in", "sha256")


async def _acquire(turn: asyncio.Semaphore, session: Session) -> None:
    """Wait for a turn as long as the statement is wanted. Raises `SqlFault`."""
    while True:
        try:
            await asyncio.wait_for(turn.acquire(), STOP_AGAIN_SECONDS)
        except TimeoutError:
            session.engine.check()
        else:
            return


def _context(certificate: str | None, key: str | None) -> ssl.SSLContext | None:
    """What encrypts connections, if a certificate is given. Raises OSError and ValueError."""
    if not certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key or None)
    return context
