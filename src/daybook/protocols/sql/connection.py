"""A connection: from start-up over authentication to statements, message by message.

Bytes come in on the event loop and are cut into messages; one task works through them in order, so
a session never does two things at once. What takes time runs on a thread of the listener's pool.
"""

import asyncio
import contextlib
import logging
import secrets
import socket
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from time import monotonic
from typing import Final, TypeVar, cast

from daybook.app.access import Login
from daybook.protocols.sql import errors, statements
from daybook.protocols.sql.channel import Gone
from daybook.protocols.sql.encoding import (
    BINARY_END,
    BINARY_HEADER,
    encode_copy,
    encode_rows,
)
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.hub import Hub
from daybook.protocols.sql.limits import (
    BATCH_ROWS,
    KEPT_BYTES_MAX,
    MESSAGE_BYTES_MAX,
    PARAMETERS_MAX,
    PENDING_BYTES_MAX,
    PLAN_TEXT_MAX,
    PLANS_CACHED_MAX,
    PREPARED_MAX,
    QUICK_BYTES_MAX,
    RESULT_BYTES_MAX,
    STARTUP_SECONDS_MAX,
    STOP_AGAIN_SECONDS,
    WRITE_BYTES,
)
from daybook.protocols.sql.opening import Opening
from daybook.protocols.sql.pgwire import messages as wire
from daybook.protocols.sql.portals import (
    Portal,
    close,
    notice_bytes,
    options,
    read_value,
    spread,
    tag,
)
from daybook.protocols.sql.results import Lengthy, Plan, Result, Rows
from daybook.protocols.sql.session import REPORTED, Prepared, Session
from daybook.protocols.sql.statements import Statement

T = TypeVar("T")
STATEMENT_LOGGED_MAX: Final = 2_000
"""Characters of a statement in the log."""

_LOG = logging.getLogger("daybook.sql")
_SUCCESS: Final = "00000"
_TROUBLE: Final = frozenset(("53", "58", "XX"))
"""Classes of SQLSTATE that are not the caller's doing: resources, the system, faults of ours."""
SLOW_SECONDS: Final = 5.0
"""A statement that takes longer is logged."""
_SKIPPED_AFTER_ERROR: Final = frozenset((b"P", b"B", b"D", b"E", b"C", b"H", b"F"))


class Connection(Opening):
    """One client."""

    def __init__(self, listener: "Hub[Connection]") -> None:
        super().__init__(listener)
        self._listener: Hub[Connection] = listener
        self._portals: dict[str, Portal] = {}
        self._skipping = False
        self._timed_out = False
        self._cancelled = False
        self._stopping = False
        self._blocking = False
        self._stopper: asyncio.TimerHandle | None = None
        self._deadline = float("inf")
        self._path = "session"
        self._kind = statements.OTHER
        self.key = secrets.randbits(31)
        self.began = monotonic()
        self.session: Session | None = None
        self._login: Login | None = None
        self._believed_at = -1
        """The version of the credentials at which the user was last looked up."""
        self.busy = False

    # The transport's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come, or has come back encrypted."""
        self._transport = cast("asyncio.Transport", transport)
        if self._task is not None:
            return
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) else ""
        plain = transport.get_extra_info("socket")
        if plain is not None and plain.family in (socket.AF_INET, socket.AF_INET6):
            # a client that has vanished without a word is found out in the end
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        refusal = self._listener.admit(self)
        self._task = asyncio.get_running_loop().create_task(self._run(refusal))

    def connection_lost(self, _: Exception | None) -> None:
        """The client has gone."""
        self._closed = True
        self._arrived.set()
        self._writable.set()
        self._keep_stopping()

    def stop(self) -> None:
        """The server stops: say so to a client that waits, let a statement end."""
        self._stopping = True
        if not self.busy:
            self._send(
                self._fault_bytes(
                    SqlFault(
                        "57P01", "terminating connection due to administrator command", fatal=True
                    )
                )
            )
            self._flush_now()
            self._closed = True
            self._arrived.set()

    def cancel(self) -> None:
        """Stop the statement that runs, at the wish of a cancel request."""
        if self.busy:
            self._cancelled = True
            self._keep_stopping()

    def _keep_stopping(self) -> None:
        """Stop what runs, again and again until it is over.

        The engine forgets a stop that comes between two of its steps.
        """
        if self.session is not None:
            self.session.engine.stop()
            if self._blocking:
                loop = asyncio.get_running_loop()
                self._stopper = loop.call_later(STOP_AGAIN_SECONDS, self._keep_stopping)

    # The task

    async def _run(self, refusal: SqlFault | None) -> None:
        try:
            if refusal is not None:
                raise refusal
            if not await self._start():
                return
            while not self._closed and not self._stopping:
                kind, body = await self._next()
                if kind == b"X":
                    return
                self.busy = True
                try:
                    await self._handle(kind, body)
                finally:
                    self.busy = False
        except SqlFault as fault:
            fault.fatal = True
            _LOG.info("sql connection from %s ended: %s", self.address, fault.code)
            self._send(self._fault_bytes(fault))
        except wire.ProtocolError as fault:
            self._send(self._fault_bytes(SqlFault(errors.PROTOCOL, str(fault), fatal=True)))
        except (Gone, ConnectionError, TimeoutError):
            pass
        except Exception:
            _LOG.exception("a fault of the SQL interface")
            self._send(self._fault_bytes(SqlFault(errors.INTERNAL, "internal error", fatal=True)))
        finally:
            self._flush_now()
            self._listener.leave(self)
            if self.session is not None:
                session = self.session
                with contextlib.suppress(Exception):
                    await self._listener.in_thread(session.close)
            if self._transport is not None:
                self._transport.close()

    async def _next(self) -> tuple[bytes, bytes]:
        while True:
            found = self._inbox.next()
            if found is not None:
                return found
            if self._out:
                await self._flush()
            if self._closed:
                raise Gone
            if self._paused:
                self._paused = False
                self._transport.resume_reading()
            self._arrived.clear()
            session = self.session
            idle = None if session is None or not session.in_block else session.idle_seconds
            try:
                await asyncio.wait_for(self._arrived.wait(), idle)
            except TimeoutError:
                if session is None or idle is None:
                    raise
                message = "terminating connection due to idle-in-transaction timeout"
                raise SqlFault("25P03", message, fatal=True) from None

    async def _flush(self) -> None:
        self._flush_now()
        if not self._writable.is_set():
            try:
                async with asyncio.timeout_at(self._deadline if self.busy else None):
                    await self._writable.wait()
            except TimeoutError:
                if not self.busy:
                    raise
                # whoever does not take the rows may not hold what makes them
                self._deadline = float("inf")
                raise self._timed_out_fault() from None
        if self._closed:
            raise Gone

    def _fault_bytes(self, fault: SqlFault) -> bytes:
        return wire.fault(b"E", fault.members())

    # Start-up and authentication

    async def _start(self) -> bool:
        """Whether a session has begun."""
        async with asyncio.timeout(STARTUP_SECONDS_MAX):
            parameters = await self._startup_message()
            if parameters is None:
                return False
            user = parameters.get("user", "")
            if not user:
                raise SqlFault("28000", "no PostgreSQL user name specified in startup packet")
            login = await self._authenticate(user)
        self._begin_session(user, login, parameters)
        return True

    def _begin_session(self, user: str, login: Login, parameters: dict[str, str]) -> None:
        self._inbox.length_max = MESSAGE_BYTES_MAX
        self._pending_max = PENDING_BYTES_MAX
        name = parameters.get("database") or user
        self._login = login
        session = self.session = self._listener.open(self, user, login.principal, name)
        self._begin_statement()
        _LOG.info(
            "sql session: user %s, company %s, from %s, %s",
            user,
            session.books.company_id,
            self.address,
            "encrypted" if self.encrypted else "in the clear",
        )
        for key, value in parameters.items():
            if key not in ("user", "database", "options", "replication") and key[:5] != "_pq_.":
                with contextlib.suppress(SqlFault):
                    session.set(key, value)
        for key, value in options(parameters.get("options", "")):
            session.set(key, value)
        session.changed.clear()
        for key in REPORTED:
            self._send(wire.parameter_status(key, session.settings[key]))
        self._send(wire.backend_key(session.pid, self.key))
        self._send(wire.ready(session.status))

    # Messages of a session

    @property
    def _session(self) -> Session:
        assert self.session is not None, "messages are handled once a session is open"
        return self.session

    async def _handle(self, kind: bytes, body: bytes) -> None:
        if self._skipping and kind in _SKIPPED_AFTER_ERROR:
            return
        try:
            if kind == b"Q":
                await self._query(wire.Body(body).text())
            elif kind == b"S":
                await self._sync()
            else:
                handler = _HANDLERS.get(kind)
                if handler is None:
                    raise SqlFault(
                        errors.PROTOCOL, f"invalid frontend message type {kind[0]}", fatal=True
                    )
                await handler(self, wire.Body(body))
        except wire.ProtocolError as fault:
            self._failed(SqlFault(errors.PROTOCOL, str(fault)), kind)
        except SqlFault as fault:
            if fault.fatal:
                raise
            self._failed(fault, kind)
        except (Gone, ConnectionError):
            raise
        except Exception:
            _LOG.exception("a fault of the SQL interface")
            self._failed(SqlFault(errors.INTERNAL, "internal error"), kind)

    def _failed(self, fault: SqlFault, kind: bytes) -> None:
        session = self._session
        session.fail()
        self._over(fault.code, fault.message)
        self._tell_notices()
        self._send(self._fault_bytes(fault))
        self._skipping = kind != b"Q"
        if kind == b"Q":
            self._end_implicit(failed=True)
            self._send(wire.ready(session.status))

    def _over(self, code: str, said: str = "") -> None:
        """Count a statement that has ended, and log one that ended for the server's own reasons."""
        seconds = monotonic() - self.began
        self._listener.count(self._path, code[:2], seconds)
        self._listener.note(self._session, self._kind, code, seconds, said)
        if code == errors.TOO_OFTEN:
            self._listener.too_often(self._session)
        elif code[:2] in _TROUBLE or seconds > SLOW_SECONDS:
            session = self._session
            _LOG.warning(
                "sql statement: user %s, company %s, way %s, state %s, %.3f s",
                session.user,
                session.books.company_id,
                self._path,
                code,
                seconds,
            )

    def _tell_notices(self) -> None:
        session = self._session
        for notice in session.notices:
            self._send(notice_bytes(notice))
        session.notices.clear()
        for name in session.changed:
            self._send(wire.parameter_status(name, session.settings[name]))
        session.changed.clear()

    def _end_implicit(self, failed: bool) -> None:
        session = self._session
        if session.implicit:
            session.rollback() if failed else session.commit()

    async def _sync(self) -> None:
        session = self._session
        self._skipping = False
        if session.implicit:
            self._begin_statement()
            try:
                await self._run_blocking(session.commit)
            except SqlFault as fault:
                self._send(self._fault_bytes(fault))
        if not session.in_block:
            self._close_portals()
        self._tell_notices()
        self._send(wire.ready(session.status))

    def _close_portals(self) -> None:
        for portal in self._portals.values():
            close(portal)
        self._portals.clear()

    async def _query(self, text: str) -> None:
        session = self._session
        self._portals.pop("", None)
        found = await self._split(text)
        if not found:
            self._send(wire.EMPTY_QUERY)
        if len(found) > 1:
            session.begin_implicit()
        for statement in found:
            self._begin_statement()
            self._check_block(statement)
            if len(found) > 1 and not session.in_block:
                session.begin_implicit()
            self._check_rate(statement)
            plan = await self._plan(statement, ())
            if plan.parameters:
                raise SqlFault("42P02", "there is no parameter $1")
            columns = plan.columns or plan.copy_columns or ()
            portal = Portal(plan, [], [0] * len(columns), statement)
            if session.cursors and plan.columns and statement.keyword == "fetch":
                portal.formats = self._fetch_formats(statement, portal.formats)
            if plan.columns is not None:
                self._send(wire.row_description(plan.columns, portal.formats))
            await self._execute(portal, 0)
        if session.implicit:
            self._begin_statement()
            await self._run_blocking(session.commit)
        self._tell_notices()
        self._send(wire.ready(session.status))

    async def _split(self, text: str) -> list[Statement]:
        """The statements of a text; reading a long one is not the event loop's work."""
        if len(text) <= QUICK_BYTES_MAX:
            return statements.split(text)
        self._begin_statement()
        return await self._run_blocking(lambda: statements.split(text))

    def _fetch_formats(self, statement: Statement, formats: list[int]) -> list[int]:
        last = statement.tokens[-1]
        cursor = self._session.cursors.get(last.word or last.text)
        return [1] * len(formats) if cursor is not None and cursor.binary else formats

    def _check_block(self, statement: Statement) -> None:
        if self._session.failed and statement.keyword not in ("rollback", "abort", "commit", "end"):
            message = (
                "current transaction is aborted, commands ignored until end of transaction block"
            )
            raise SqlFault(errors.FAILED_BLOCK, message)

    async def _plan(self, statement: Statement, declared: Sequence[int]) -> Plan:
        session = self._session
        self._kind = statements.kind_of(statement)
        key = (statement.text, tuple(declared), session.online, session.staging, session.fast_path)
        keepable = len(statement.text) <= PLAN_TEXT_MAX
        known = session.plans.get(key) if keepable else None
        if known is not None and not session.staging:
            return known
        try:
            plan = await self._run_blocking(
                lambda: session.planner.make(session, statement, declared)
            )
        except SqlFault as fault:
            # each new client brings a few: whoever wants it answered finds the text here
            asks_catalog = "pg_" in statement.text or "information_schema" in statement.text
            if asks_catalog and fault.code in (errors.UNSUPPORTED, errors.NO_FUNCTION):
                shown = statement.text[:STATEMENT_LOGGED_MAX]
                _LOG.warning("a catalog query is not answered: %s: %s", fault.message, shown)
            raise
        if plan.cached and keepable and not session.staging:
            if len(session.plans) >= PLANS_CACHED_MAX:
                session.plans.clear()
            session.plans[key] = plan
        return plan

    def _begin_statement(self) -> None:
        """Count the time of a statement from now; what stopped earlier ones is forgotten.

        Raises `SqlFault` where the user is no longer who began the session.
        """
        self._check_login()
        session = self._session
        self.began = monotonic()
        self._deadline = asyncio.get_running_loop().time() + session.timeout_seconds
        self._timed_out = self._cancelled = False
        if self._stopper is not None:
            self._stopper.cancel()
        session.engine.begin()
        self._path, self._kind = "session", statements.OTHER

    def _timed_out_fault(self) -> SqlFault:
        return SqlFault(errors.CANCELLED, "canceling statement due to statement timeout")

    async def _run_blocking(self, work: Callable[[], T], scans: bool = False) -> T:
        """Work on another thread, within the statement's time."""
        loop = asyncio.get_running_loop()
        self._check_cancelled()
        if loop.time() >= self._deadline:
            raise self._timed_out_fault()
        timer = loop.call_at(self._deadline, self._time_out)
        self._blocking = True
        try:
            return await self._listener.in_thread(work, self._session if scans else None)
        except SqlFault as fault:
            if fault.code == errors.CANCELLED and self._timed_out:
                raise self._timed_out_fault() from None
            raise
        finally:
            self._blocking = False
            timer.cancel()

    def _time_out(self) -> None:
        self._timed_out = True
        self._keep_stopping()

    # Extended protocol

    async def _parse(self, body: wire.Body) -> None:
        session = self._session
        name, text = body.text(), body.text()
        declared = [body.int32() & 0xFFFFFFFF for _ in range(body.int16() & 0xFFFF)]
        if name and name in session.prepared:
            raise SqlFault("42P05", f'prepared statement "{name[:100]}" already exists')
        if len(session.prepared) >= PREPARED_MAX:
            raise SqlFault(errors.LIMIT, f"a session holds {PREPARED_MAX} prepared statements")
        self._need_room(len(text))
        found = await self._split(text)
        if len(found) > 1:
            message = "cannot insert multiple commands into a prepared statement"
            raise SqlFault(errors.SYNTAX, message)
        if not found:
            session.prepared[name] = Prepared(None, None, declared, len(text))
        else:
            self._check_block(found[0])
            self._begin_statement()
            self._check_rate(found[0])
            plan = await self._plan(found[0], declared)
            session.prepared[name] = Prepared(found[0], plan, declared, len(text), counted=True)
        self._send(wire.PARSE_COMPLETE)

    async def _bind(self, body: wire.Body) -> None:
        session = self._session
        portal_name, name = body.text(), body.text()
        prepared = session.prepared.get(name)
        if prepared is None:
            message = f'prepared statement "{name[:100]}" does not exist'
            raise SqlFault(errors.NO_STATEMENT, message)
        plan = prepared.plan
        if prepared.statement is not None:
            self._check_block(prepared.statement)
            if not prepared.counted:
                self._begin_statement()
                self._check_rate(prepared.statement)
            prepared.counted = False
            if plan is None or session.staging or not plan.cached:
                self._begin_statement()
                plan = await self._plan(prepared.statement, prepared.declared)
        kinds = [] if plan is None else plan.parameters
        formats, raw = body.codes(), []
        count = body.int16() & 0xFFFF
        if count > PARAMETERS_MAX or count != len(kinds):
            message = (
                f"bind message supplies {count} parameters, but prepared statement"
                f' "{name[:100]}" requires {len(kinds)}'
            )
            raise SqlFault(errors.PROTOCOL, message)
        raw = [body.value() for _ in range(count)]
        shown = body.codes()
        forms = spread(formats, count)

        def read() -> list[str | None]:
            return [
                read_value(value, kind, form)
                for value, kind, form in zip(raw, kinds, forms, strict=True)
            ]

        size = sum(len(value) for value in raw if value is not None)
        self._need_room(size)
        if size <= QUICK_BYTES_MAX:
            values = read()
        else:
            self._begin_statement()
            values = await self._run_blocking(read)
        columns = [] if plan is None else plan.columns or plan.copy_columns or []
        if portal_name and portal_name in self._portals:
            raise SqlFault("42P03", f'cursor "{portal_name[:100]}" already exists')
        if len(self._portals) >= PREPARED_MAX:
            raise SqlFault(errors.LIMIT, f"a session holds {PREPARED_MAX} portals")
        old = self._portals.pop(portal_name, None)
        if old is not None:
            close(old)
        made = Portal(plan, values, spread(shown, len(columns)), prepared.statement, size=size)
        self._portals[portal_name] = made
        self._send(wire.BIND_COMPLETE)

    def _need_room(self, size: int) -> None:
        """Raises `SqlFault` where statements and values kept for the session grow too large."""
        kept = sum(portal.size for portal in self._portals.values())
        kept += sum(each.size for each in self._session.prepared.values())
        if size + kept > KEPT_BYTES_MAX:
            message = f"prepared statements and their values have {KEPT_BYTES_MAX} bytes at most"
            raise SqlFault(errors.MEMORY, message)

    async def _describe(self, body: wire.Body) -> None:
        kind, name = body.byte(), body.text()
        if kind == b"S":
            prepared = self._session.prepared.get(name)
            if prepared is None:
                message = f'prepared statement "{name[:100]}" does not exist'
                raise SqlFault(errors.NO_STATEMENT, message)
            plan = prepared.plan
            self._send(wire.parameter_description([] if plan is None else plan.parameters))
            columns = None if plan is None else plan.columns
            formats = [0] * len(columns or ())
        else:
            portal = self._portals.get(name)
            if portal is None:
                cursor = self._session.cursors.get(name)
                if cursor is None:
                    raise SqlFault(errors.NO_CURSOR, f'portal "{name[:100]}" does not exist')
                columns, formats = list(cursor.columns), [int(cursor.binary)] * len(cursor.columns)
            else:
                columns = None if portal.plan is None else portal.plan.columns
                formats = portal.formats
        if columns is None:
            self._send(wire.NO_DATA)
        else:
            self._send(wire.row_description(columns, formats))

    async def _execute_portal(self, body: wire.Body) -> None:
        name, limit = body.text(), body.int32()
        portal = self._portals.get(name)
        if portal is None:
            raise SqlFault(errors.NO_CURSOR, f'portal "{name[:100]}" does not exist')
        if portal.plan is None:
            self._send(wire.EMPTY_QUERY)
            return
        session = self._session
        if session.failed and not portal.plan.ends_block:
            message = (
                "current transaction is aborted, commands ignored until end of transaction block"
            )
            raise SqlFault(errors.FAILED_BLOCK, message)
        self._begin_statement()
        plan = portal.plan
        alone = session.in_block or self._inbox.kind == b"S"
        if plan.writes and not plan.ends_block and not alone:
            # what is sent up to one Sync is one transaction
            session.begin_implicit()
        await self._execute(portal, limit)

    async def _execute(self, portal: Portal, limit: int) -> None:
        plan = portal.plan
        assert plan is not None
        self._path, self._kind = plan.path, statements.kind_of(portal.statement)
        if portal.done:
            if portal.result is not None:
                self._send(wire.command_complete(tag(portal.result, 0)))
            return
        if portal.result is None:
            portal.result = await self._run_plan(plan, portal.values)
        result = portal.result
        self._tell_notices()
        if result.rows is None:
            portal.done = True
            self._send(wire.command_complete(result.tag))
            self._over(_SUCCESS)
            return
        if result.copy is not None:
            await self._send_copy(portal, result)
            return
        count, more = await self._send_rows(portal, result.rows, limit)
        if more:
            self._send(wire.PORTAL_SUSPENDED)
        else:
            portal.done = True
            self._send(wire.command_complete(tag(result, count)))
            self._over(_SUCCESS)

    def _check_rate(self, statement: Statement) -> None:
        """Count a statement that asks for something. Raises `SqlFault` where there are too many.

        Before it is planned, which is most of the work of many. What ends a transaction is never
        too much: it lets go of what others may wait for.
        """
        self._kind = statements.kind_of(statement)
        if statement.keyword in statements.FREE:
            return
        wait = self._listener.wait(self._session)
        if wait:
            message = f"too many statements of this user or database; try again in {wait} s"
            raise SqlFault(errors.TOO_OFTEN, message)

    async def _run_plan(self, plan: Plan, values: list[str | None]) -> Result:
        """Run a plan: at once where it is quick, else on another thread."""
        session = self._session
        if plan.quick:
            session.hurried = True
            try:
                return plan.run(session, values)
            except Lengthy:
                pass
            finally:
                session.hurried = False
        return await self._run_blocking(
            lambda: plan.run(session, values), scans=plan.path == "scan"
        )

    async def _send_rows(self, portal: Portal, rows: Rows, limit: int) -> tuple[int, bool]:
        """Send rows up to a limit (0: all); their number, and whether there are more."""
        plan = portal.plan
        assert plan is not None
        assert plan.columns is not None
        columns, formats = plan.columns, portal.formats
        sent = size = 0
        while True:
            wanted = BATCH_ROWS if not limit else min(BATCH_ROWS, limit - sent)

            def batch(wanted: int = wanted) -> tuple[int, bytes]:
                found = portal.waiting or rows.fetch(wanted)
                portal.waiting = []
                return len(found), encode_rows(found, columns, formats)

            if rows.blocking:
                count, data = await self._run_blocking(batch, scans=True)
            else:
                count, data = batch()
            self._check_cancelled()
            self._check_login()
            sent, size = sent + count, size + len(data)
            if size > RESULT_BYTES_MAX:
                raise SqlFault(errors.MEMORY, "the result is larger than one may be")
            self._send(data)
            if count < wanted and len(self._out) < WRITE_BYTES:
                return sent, False  # what is left goes out with the end of the statement
            await self._flush()
            if count < wanted:
                return sent, False
            if limit and sent >= limit:
                # PostgreSQL says "suspended" without looking whether a row follows.
                return sent, True

    def _check_login(self) -> None:
        """Raises `SqlFault`, which ends the session, where its user has lost or changed rights.

        Rights are judged when plans are made and shared, so a session does not change them.
        """
        version = self._listener.credentials_version()
        if version == self._believed_at:
            return
        if self._login is None or not self._listener.believes(self._session, self._login):
            message = (
                "terminating connection: the user was withdrawn, or has another password or role"
            )
            raise SqlFault("57P01", message, fatal=True)
        self._believed_at = version

    def _check_cancelled(self) -> None:
        if self._cancelled:
            self._cancelled = False
            raise SqlFault(errors.CANCELLED, "canceling statement due to user request")

    async def _send_copy(self, portal: Portal, result: Result) -> None:
        plan = portal.plan
        assert plan is not None
        assert plan.copy_columns is not None
        assert result.rows is not None
        columns, form, rows = plan.copy_columns, result.copy or "text", result.rows
        self._send(wire.copy_out(len(columns), 1 if form == "binary" else 0))
        if form != "binary" and result.options.get("header"):
            names = tuple(column.name for column in columns)
            self._send(encode_copy([names], columns, form, result.options))
        total = 0

        def batch(head: bytes) -> tuple[int, bytes]:
            found = rows.fetch(BATCH_ROWS)
            return len(found), encode_copy(found, columns, form, result.options, head)

        head = BINARY_HEADER
        while True:
            count, data = await self._run_blocking(partial(batch, head), scans=True)
            head = b""
            self._check_cancelled()
            self._check_login()
            total += count
            self._send(data)
            await self._flush()
            if count < BATCH_ROWS:
                break
        if form == "binary":
            self._send(wire.copy_data(BINARY_END))
        portal.done = True
        self._send(wire.COPY_DONE)
        self._send(wire.command_complete(f"COPY {total}"))
        self._over(_SUCCESS)

    async def _close_named(self, body: wire.Body) -> None:
        kind, name = body.byte(), body.text()
        if kind == b"S":
            self._session.prepared.pop(name, None)
        else:
            portal = self._portals.pop(name, None)
            if portal is not None:
                close(portal)
        self._send(wire.CLOSE_COMPLETE)

    async def _flush_wanted(self, _: wire.Body) -> None:
        await self._flush()

    async def _function_call(self, _: wire.Body) -> None:
        raise errors.unsupported("function calls by message are not supported")

    async def _ignored(self, _: wire.Body) -> None:
        """COPY messages that arrive after an error."""


_HANDLERS: Final[dict[bytes, Callable[[Connection, wire.Body], Awaitable[None]]]] = {
    b"P": Connection._parse,
    b"B": Connection._bind,
    b"D": Connection._describe,
    b"E": Connection._execute_portal,
    b"C": Connection._close_named,
    b"H": Connection._flush_wanted,
    b"F": Connection._function_call,
    b"d": Connection._ignored,
    b"c": Connection._ignored,
    b"f": Connection._ignored,
}
