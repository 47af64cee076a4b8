"""A session: settings, transaction, prepared statements, cursors, #TEMP tables.

A transaction stages: each write is judged at once against the books and what was staged before,
kept here, and all are carried out as one by COMMIT. Until then nobody else sees any of it, and
nothing of it holds up the single writer.
"""

import random
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from typing import Any, Final, TypeVar

from daybook.app import bodies
from daybook.app.access import Principal, Scope
from daybook.app.ledger import Books, Committed, Context, Idempotency, Outcome, Refused
from daybook.app.ports import IdempotencyKey, Reader
from daybook.domain.commands import Command, CreateEntry
from daybook.domain.events import Actor
from daybook.domain.ids import EntryId
from daybook.domain.model import JournalEntry, annex_of
from daybook.protocols.kit.plugin import Services
from daybook.protocols.sql import conditions, errors, ids, literals, lookup
from daybook.protocols.sql.analytics import Copies
from daybook.protocols.sql.catalog_functions import SERVER_VERSION
from daybook.protocols.sql.cursors import Cursor
from daybook.protocols.sql.engine import Engine
from daybook.protocols.sql.errors import Notice, SqlFault
from daybook.protocols.sql.limits import (
    PREPARED_MAX,
    RESERVED_IDS,
    STAGED_MAX,
    STATEMENT_SECONDS,
)
from daybook.protocols.sql.render import Renderer, rows_of
from daybook.protocols.sql.results import Plan, Planner, Result, Row
from daybook.protocols.sql.statements import Statement
from daybook.protocols.sql.tables import ENTRIES, Table, amount_scale
from daybook.protocols.sql.temps import Temps

T = TypeVar("T")
REPORTED: Final = (
    "server_version",
    "server_encoding",
    "client_encoding",
    "DateStyle",
    "TimeZone",
    "IntervalStyle",
    "integer_datetimes",
    "standard_conforming_strings",
    "session_authorization",
    "is_superuser",
    "application_name",
    "in_hot_standby",
    "default_transaction_read_only",
)
"""Settings that are told to the client, at the start and when they change."""

_DEFAULTS: Final = {
    "server_version": SERVER_VERSION,
    "server_version_num": "150000",
    "server_encoding": "UTF8",
    "client_encoding": "UTF8",
    "DateStyle": "ISO, MDY",
    "TimeZone": "UTC",
    "IntervalStyle": "postgres",
    "integer_datetimes": "on",
    "standard_conforming_strings": "on",
    "session_authorization": "",
    "is_superuser": "off",
    "application_name": "",
    "in_hot_standby": "off",
    "default_transaction_read_only": "off",
    "transaction_read_only": "off",
    "transaction_isolation": "read committed",
    "default_transaction_isolation": "read committed",
    "search_path": '"$user", public',
    "statement_timeout": "0",
    "lock_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "extra_float_digits": "1",
    "client_min_messages": "notice",
    "bytea_output": "hex",
    "datestyle": "ISO, MDY",
    "max_identifier_length": "63",
    "lc_collate": "C",
    "lc_ctype": "C",
    "lc_monetary": "C",
    "row_security": "on",
    "max_index_keys": "32",
    "block_size": "8192",
    "wal_level": "replica",
    "max_connections": "500",
    "synchronous_commit": "on",
    "jit": "off",
    "escape_string_warning": "on",
    "backslash_quote": "safe_encoding",
    "ssl": "off",
    "default_table_access_method": "heap",
    "default_tablespace": "",
    "default_transaction_deferrable": "off",
    "edition": "desktop",
}
_FIXED: Final = frozenset(
    [
        "server_version",
        "server_version_num",
        "server_encoding",
        "integer_datetimes",
        "is_superuser",
        "in_hot_standby",
        "transaction_isolation",
        "max_identifier_length",
        "lc_collate",
        "lc_ctype",
        "edition",
        "block_size",
        "max_index_keys",
        "wal_level",
        "max_connections",
        "ssl",
    ]
)
_UNITS: Final = {"us": 0.000001, "ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(slots=True)
class Prepared:
    """A prepared statement; without a plan, an empty one."""

    statement: Statement | None
    plan: Plan | None
    declared: list[int]
    size: int = 0
    """Bytes of its text."""
    counted: bool = False
    """Whether it has been counted for rates since it was last bound to values."""


@dataclass(slots=True)
class _Stage:
    """What a transaction has staged."""

    commands: list[Command] = field(default_factory=list)
    overlay: dict[EntryId, JournalEntry | None] = field(default_factory=dict)

    def copy(self) -> "_Stage":
        return _Stage(list(self.commands), dict(self.overlay))


@dataclass(slots=True)
class _Mark:
    """A savepoint: what was staged, and how settings were and would have been after COMMIT.

    Settings are never changed in place, so they are not copied.
    """

    name: str
    stage: _Stage
    settings: dict[str, str]
    lasting: dict[str, str]


class Session:
    """One caller's session with one company's books. Its methods run one at a time."""

    def __init__(
        self,
        services: Services,
        books: Books,
        principal: Principal,
        copies: Copies,
        *,
        user: str,
        online: bool = False,
        plans: "dict[Any, Plan] | None" = None,
        planner: Planner,
    ) -> None:
        self.planner = planner
        self._services = services
        self.books = books
        self.principal = principal
        self.online = online
        self.settings = {**_DEFAULTS, "session_authorization": user}
        if online:
            self.settings["edition"] = "online"
        self.user = user
        self.pid = random.SystemRandom().randint(1, 2**31 - 1)
        self.engine = Engine(
            copies,
            books,
            {"user": user, "pid": self.pid, "identity": None, "settings": {}},
        )
        self.prepared: dict[str, Prepared] = {}
        self.cursors: dict[str, Cursor] = {}
        self.temps = Temps()
        self.notices: list[Notice] = []
        self.changed: list[str] = []
        self.in_block = False
        self.failed = False
        self.implicit = False
        self.read_only = False
        self.fast_path = True
        self.hurried = False
        """Whether what runs now holds up everybody: on the event loop."""
        self.staged_max = STAGED_MAX
        self.plans: dict[Any, Plan] = {} if plans is None else plans
        self._stage = _Stage()
        self._stage_fresh = True
        self._savepoints: list[_Mark] = []
        self._settings_before: dict[str, str] | None = None
        """Settings as this transaction found them; None where it has changed none."""
        self._settings_lasting: dict[str, str] = {}
        """As they will be after COMMIT: without what was SET LOCAL."""
        self._reserved: list[int] = []
        self._declared: set[str] = set()
        """Cursors that this transaction has declared: a rollback takes them along."""
        self._identity_rows: list[Row] = []
        self._last_inserted: list[Row] = []
        with books.ledger.store.read(books.company_id) as reader:
            self.scale = amount_scale(reader.company)
            self.database = reader.company.slug
        self._publish()

    # What is asked of whom

    def need_read(self) -> None:
        """Raises `SqlFault` unless the caller may read."""
        if not self.books.may(Scope.READ):
            raise SqlFault(errors.FORBIDDEN, "permission denied to read these books", status=3260)

    def need_write(self) -> None:
        """Raises `SqlFault` unless the caller may write, now."""
        if not self.books.may(Scope.WRITE):
            raise SqlFault(
                errors.FORBIDDEN, "permission denied to write to these books", status=3260
            )
        if self.read_only or self.settings["default_transaction_read_only"] == "on":
            message = "cannot execute a write in a read-only transaction"
            raise SqlFault(errors.READ_ONLY, message)

    def snapshot(self) -> AbstractContextManager[Reader]:
        """The books as they are, for what a write has to look up; shown to nobody."""
        return self.books.ledger.store.read(self.books.company_id)

    def notice(self, code: str, message: str) -> None:
        """Tell the client something beside the answer."""
        self.notices.append(Notice(code, message))

    def clock_second(self) -> int:
        """The second it is."""
        return self._services.clock() // 1_000_000

    @property
    def staging(self) -> bool:
        """Whether something is staged that reads have to show."""
        return bool(self._stage.overlay)

    @property
    def status(self) -> bytes:
        """The status of the transaction, as ReadyForQuery tells it."""
        return b"E" if self.failed else b"T" if self.in_block else b"I"

    @property
    def timeout_seconds(self) -> float:
        """Seconds a statement may take."""
        text = self.settings["statement_timeout"]
        number = _duration(text)
        return number if number else STATEMENT_SECONDS

    @property
    def idle_seconds(self) -> float | None:
        """Seconds an open transaction may wait for its client, or None."""
        return _duration(self.settings["idle_in_transaction_session_timeout"]) or None

    # Settings

    def _canonical(self, name: str) -> str | None:
        lowered = name.lower()
        return next((each for each in self.settings if each.lower() == lowered), None)

    def set(self, name: str, text: str, local: bool = False) -> None:
        """Change a setting; a parameter with a dot is kept whatever it is.

        A rollback takes it back; of one that is `local` any end of the transaction does.
        """
        known = self._canonical(name)
        if known is None:
            if "." not in name:
                message = f'unrecognized configuration parameter "{name[:100]}"'
                raise SqlFault("42704", message)
            known = name
        if known in _FIXED:
            if self.settings[known].lower() == text.lower():
                return
            if known == "transaction_isolation":
                return
            raise SqlFault("55P02", f'parameter "{known}" cannot be changed')
        if known == "client_encoding" and text.upper().replace("-", "") not in (
            "UTF8",
            "UNICODE",
            "SQL_ASCII",
        ):
            message = f'invalid value for parameter "client_encoding": "{text[:60]}"'
            raise SqlFault(errors.BAD_PARAMETER, message)
        if known == "client_encoding":
            text = "UTF8"
        if known in ("DateStyle", "datestyle"):
            if "iso" not in text.lower():
                self.notice("01000", "dates are shown in ISO form whatever DateStyle says")
            text = "ISO, MDY"
        if known.endswith("timeout"):
            _duration(text)
        if known in ("default_transaction_read_only", "transaction_read_only"):
            text = "on" if literals.read_boolean(text) else "off"
            if known == "transaction_read_only":
                self.read_only, local = text == "on", True
        if len(self.settings) > 1_000 or len(text) > 10_000:
            raise SqlFault(errors.LIMIT, "too many settings")
        self._put(known, text, local)

    def settle(self, change: Callable[[], T]) -> T:
        """Change settings, as a transaction of its own where none is open."""
        if self.in_block:
            return change()
        self.begin_implicit()
        try:
            found = change()
        except SqlFault:
            self.rollback()
            raise
        self.commit()
        return found

    def _put(self, name: str, text: str, local: bool) -> None:
        if self.in_block:
            self._keep_settings()
            if not local:
                self._settings_lasting = {**self._settings_lasting, name: text}
        self._adopt({**self.settings, name: text})

    def _keep_settings(self) -> None:
        if self._settings_before is None:
            self._settings_before = self._settings_lasting = self.settings

    def _adopt(self, settings: dict[str, str]) -> None:
        before, self.settings = self.settings, settings
        self.changed += [name for name in REPORTED if settings[name] != before[name]]
        self._publish()

    def _publish(self) -> None:
        shown = {name.lower(): value for name, value in self.settings.items()}
        self.engine.variables["settings"] = shown

    def reset(self, name: str, local: bool = False) -> None:
        """Put a setting back to its default."""
        known = self._canonical(name)
        if known is None:
            raise SqlFault("42704", f'unrecognized configuration parameter "{name[:100]}"')
        if known in _DEFAULTS and known != "session_authorization":
            self._put(known, _DEFAULTS[known], local)

    def reset_all(self) -> None:
        """Put all settings back."""
        for name in list(self.settings):
            if name not in _FIXED:
                self.reset(name)

    def show(self, name: str) -> str:
        """The value of a setting."""
        known = self._canonical(name)
        if known is None:
            raise SqlFault("42704", f'unrecognized configuration parameter "{name[:100]}"')
        return self.settings[known]

    def shown_name(self, name: str) -> str:
        """The name of a setting as it is written."""
        return self._canonical(name) or name

    def discard(self, what: str) -> None:
        """Forget what belongs to the session."""
        if what == "all":
            if self.in_block:
                raise SqlFault("25001", "DISCARD ALL cannot run inside a transaction block")
            self.prepared.clear()
            self.close_cursors()
            self.reset_all()
        if what in ("all", "temp", "temporary"):
            self.temps = Temps()
            self._last_inserted.clear()

    def deallocate(self, name: str) -> None:
        """Forget a prepared statement."""
        if self.prepared.pop(name, None) is None:
            message = f'prepared statement "{name[:100]}" does not exist'
            raise SqlFault(errors.NO_STATEMENT, message)

    # Transactions

    def begin(self, read_only: bool) -> None:
        """Open a transaction."""
        if self.in_block and not self.implicit:
            self.notice("25001", "there is already a transaction in progress")
            return
        self.in_block, self.implicit = True, False
        self.read_only = read_only

    def begin_implicit(self) -> None:
        """Open the transaction that several statements of one text are."""
        if not self.in_block:
            self.in_block = self.implicit = True

    def set_read_only(self, read_only: bool) -> None:
        """SET TRANSACTION READ ONLY, or READ WRITE."""
        if self.in_block:
            self.read_only = read_only

    def commit(self) -> str:
        """Carry out what was staged; answers with the tag. Raises `SqlFault` if it is refused."""
        if self.failed:
            self._end()
            self.temps.restore()
            return "ROLLBACK"
        if not self.in_block:
            self.notice("25P01", "there is no transaction in progress")
            return "COMMIT"
        commands = self._stage.commands
        try:
            if commands:
                self._execute(commands)
        except SqlFault:
            self._end()
            self.temps.restore()
            raise
        self.temps.wiped.clear()
        self._end(committed=True)
        return "COMMIT"

    def rollback(self) -> None:
        """Forget what was staged."""
        if not self.in_block and not self.failed:
            self.notice("25P01", "there is no transaction in progress")
        self.temps.restore()
        for name in self._declared & self.cursors.keys():
            self.cursors.pop(name).rows.close()
        self._end()

    def _end(self, committed: bool = False) -> None:
        if self._settings_before is not None:
            self._adopt(self._settings_lasting if committed else self._settings_before)
            self._settings_before = None
        self._stage = _Stage()
        self._stage_fresh = not self.engine.staged
        self._savepoints.clear()
        self._declared.clear()
        self.in_block = self.failed = self.implicit = self.read_only = False
        for name in [name for name, cursor in self.cursors.items() if not cursor.hold]:
            self.cursors.pop(name).rows.close()

    def fail(self) -> None:
        """A statement has failed: inside a transaction nothing more is done until it ends."""
        if self.in_block:
            self.failed = True

    def savepoint(self, name: str) -> None:
        """Note where to come back to."""
        if not self.in_block or self.implicit:
            message = "SAVEPOINT can only be used in transaction blocks"
            raise SqlFault("25P01", message)
        if len(self._savepoints) >= PREPARED_MAX:
            raise SqlFault(errors.LIMIT, f"more than {PREPARED_MAX} savepoints")
        self._keep_settings()
        kept = self.settings, self._settings_lasting
        self._savepoints.append(_Mark(name, self._stage.copy(), *kept))

    def _savepoint_index(self, name: str) -> int:
        for at in range(len(self._savepoints) - 1, -1, -1):
            if self._savepoints[at].name == name:
                return at
        raise SqlFault("3B001", f'savepoint "{name[:100]}" does not exist')

    def release(self, name: str) -> None:
        """Forget a savepoint, keeping what was done since."""
        del self._savepoints[self._savepoint_index(name) :]

    def rollback_to(self, name: str) -> None:
        """Forget what was staged since a savepoint."""
        if not self.in_block:
            raise SqlFault("25P01", "ROLLBACK TO SAVEPOINT can only be used in transaction blocks")
        at = self._savepoint_index(name)
        del self._savepoints[at + 1 :]
        mark = self._savepoints[at]
        self._stage = mark.stage.copy()
        self._settings_lasting = mark.lasting
        self._adopt(mark.settings)
        self._stage_fresh = False
        self.failed = False

    # Writing

    def write(self, commands: Sequence[Command]) -> list[JournalEntry]:
        """Carry out commands, or stage them inside a transaction. The entries as they then are."""
        if not self.in_block:
            return self._execute(commands)
        return self._stage_commands(commands)

    def _actor(self) -> Actor:
        return Actor(self.principal.client, ids.WIRE, self.principal.user, None)

    def _context(self, commands: Sequence[Command], dry_run: bool = False) -> Context:
        key = None if dry_run or len(commands) != 1 else _guid_of(commands[0])
        idempotency = None
        if key is not None:
            idempotency = Idempotency(IdempotencyKey(ids.WIRE, "", f"guid:{key}"[:255]))
        deadline = time.monotonic() + self.timeout_seconds
        return Context(self._actor(), idempotency, deadline, dry_run)

    def _execute(self, commands: Sequence[Command]) -> list[JournalEntry]:
        outcome = self.books.execute_all(tuple(commands), self._context(commands))
        if isinstance(outcome, Committed) and outcome.replayed:
            guid = _guid_of(commands[0])
            message = f'ExternalGUID "{guid}" is used'
            raise SqlFault(errors.UNIQUE, message, status=3100, column="ExternalGUID")
        return _entries(outcome)

    def _stage_commands(self, commands: Sequence[Command]) -> list[JournalEntry]:
        stage = self._stage
        if len(stage.commands) + len(commands) > STAGED_MAX:
            raise SqlFault(errors.LIMIT, f"a transaction holds {STAGED_MAX} writes at most")
        numbered = [self._numbered(command) for command in commands]
        touched = {_entry_of(command) for command in numbered}
        before = [command for command in stage.commands if _entry_of(command) in touched]
        tried = (*before, *numbered)
        outcome = self.books.execute_all(tried, self._context(tried, dry_run=True))
        entries = _entries(outcome)[len(before) :]
        # A version that was seen in this transaction may be another one by the time of COMMIT.
        stage.commands.extend(numbered)
        for entry in entries:
            stage.overlay[entry.id] = entry if entry.counts else None
        self._stage_fresh = False
        return entries

    def _numbered(self, command: Command) -> Command:
        if isinstance(command, CreateEntry) and command.entry_id is None:
            if not self._reserved:
                first = self.books.reserve_entry_ids(RESERVED_IDS)
                if isinstance(first, Refused):
                    raise errors.refused(first)
                self._reserved = list(range(first, first + RESERVED_IDS))
            return replace(command, entry_id=EntryId(self._reserved.pop(0)))
        return command

    def settle_stage(self) -> None:
        """Lay what is staged over the copy before a query looks at it."""
        overlay = self._stage.overlay
        if self._stage_fresh and self.engine.staged == bool(overlay):
            return
        live = [bodies.encode(entry) for entry in overlay.values() if entry is not None]
        self.engine.stage(list(overlay), live)
        self._stage_fresh = True

    # Looking up what is to be written

    def matching(self, table: Table, bound: Sequence[conditions.Bound]) -> list[JournalEntry]:
        """Entries that satisfy a keyed condition, as this transaction sees them."""
        with self.snapshot() as reader:
            return [
                entry
                for entry in self._seen(reader, bound)
                if _holds(Renderer(reader), table, entry, bound)
            ]

    def matching_lines(
        self, bound: Sequence[conditions.Bound]
    ) -> dict[EntryId, tuple[JournalEntry, frozenset[int]]]:
        """Entries with the ids of those of their lines that satisfy a keyed condition."""
        from daybook.protocols.sql.tables import LINES

        keys = [
            replace(
                each,
                texts=tuple(
                    None if text is None else text.partition("|")[0] for text in each.texts
                ),
            )
            for each in bound
            if each.column.name == "ID"
        ]
        found: dict[EntryId, tuple[JournalEntry, frozenset[int]]] = {}
        names = [each.column.name.lower() for each in bound]
        with self.snapshot() as reader:
            renderer = Renderer(reader)
            for entry in self._seen(reader, keys):
                rows = rows_of(renderer, LINES, entry, names)
                chosen = frozenset(
                    line.id
                    for line, row in zip(entry.lines, rows, strict=True)
                    if all(each.holds(value) for each, value in zip(bound, row, strict=True))
                )
                if chosen:
                    found[entry.id] = (entry, chosen)
        return found

    def _seen(self, reader: Reader, bound: Sequence[conditions.Bound]) -> list[JournalEntry]:
        wanted: list[str] = []
        for each in bound:
            if each.column.name == "ID":
                wanted.extend(text for text in each.texts if text is not None)
        for text in wanted:
            if ids.parse(text) is None and not any("|" in text for text in wanted):
                message = f'"{text[:60]}" is not an ID of an entry'
                raise SqlFault(errors.BAD_PARAMETER, message, status=3000, column="ID")
        overlay = self._stage.overlay
        found = {
            entry.id: entry for entry in lookup.by_ids(reader, wanted) if entry.id not in overlay
        }
        for number, staged in overlay.items():
            if staged is not None and ids.entry_id(staged) in wanted:
                found[number] = staged
        return [found[number] for number in sorted(found)]

    def rendered(
        self,
        table: Table,
        entries: Sequence[JournalEntry],
        names: Sequence[str],
        lines: Callable[[JournalEntry, int], bool] | None = None,
    ) -> list[Row]:
        """Columns of entries that were just written."""
        with self.snapshot() as reader:
            renderer = Renderer(reader)
            rows: list[Row] = []
            for entry in entries:
                made = rows_of(renderer, table, entry, names)
                if lines is not None and table is not ENTRIES:
                    made = [
                        row
                        for line, row in zip(entry.lines, made, strict=True)
                        if lines(entry, line.id)
                    ]
                rows.extend(made)
        return rows

    def inserted(self, entries: Sequence[JournalEntry]) -> None:
        """Note what was inserted, for SCOPE_IDENTITY() and LastResultInfo#TEMP."""
        self._last_inserted = [(ids.entry_id(entry), entry.doc_number) for entry in entries]
        self._identity_rows = [(ids.entry_id(entry), "1", "INSERT", "") for entry in entries]
        if entries:
            self.engine.variables["identity"] = ids.entry_id(entries[-1])

    def taken_guid(self, guids: Sequence[str]) -> str | None:
        """The first of some keys that an entry has already, as this transaction sees it."""
        if not guids:
            return None
        seen: set[str] = set()
        for guid in guids:
            if guid in seen:
                return guid
            seen.add(guid)
        for entry in self._stage.overlay.values():
            if entry is not None and ids.guid(entry) in seen:
                return ids.guid(entry)
        self.engine.refresh()
        found = self.engine.main.execute(
            "SELECT guid FROM entry WHERE guid IN (SELECT unnest($1::VARCHAR[])) LIMIT 1",
            [list(seen)],
        ).fetchall()
        return found[0][0] if found else None

    # Temporary tables and cursors

    def temp_columns(self) -> dict[str, list[str]]:
        """The temporary tables that can be read, with their columns."""
        found = {name: columns for name, (columns, _) in self.temps.tables.items()}
        found["lastresultinfo#temp"] = ["Id", "ReferenceNumber"]
        found["sys_identity_rows"] = ["Id", "Batch", "Operation", "Message"]
        return found

    def temp_rows(self, name: str) -> tuple[Sequence[str], Sequence[Sequence[str | None]]]:
        """Columns and rows of a temporary table."""
        if name == "lastresultinfo#temp":
            return ["Id", "ReferenceNumber"], self._last_inserted
        if name == "sys_identity_rows":
            return ["Id", "Batch", "Operation", "Message"], self._identity_rows
        found = self.temps.tables.get(name)
        if found is None:
            raise errors.no_table(name)
        return found

    def declare(
        self,
        name: str,
        plan: Plan,
        values: Sequence[str | None],
        *,
        hold: bool,
        scroll: bool,
        binary: bool,
    ) -> None:
        """Open a cursor."""
        if not self.in_block and not hold:
            raise SqlFault("25P01", "DECLARE CURSOR can only be used in transaction blocks")
        if name in self.cursors:
            raise SqlFault("42P03", f'cursor "{name[:100]}" already exists')
        if len(self.cursors) >= PREPARED_MAX:
            raise SqlFault(errors.LIMIT, f"a session holds {PREPARED_MAX} cursors")
        result = plan.run(self, values)
        assert isinstance(result, Result)
        assert result.rows is not None
        assert plan.columns is not None
        self._declared.add(name)
        self.cursors[name] = Cursor(name, plan.columns, result.rows, hold, scroll, binary)

    def cursor(self, name: str) -> Cursor:
        """An open cursor."""
        found = self.cursors.get(name)
        if found is None:
            raise SqlFault(errors.NO_CURSOR, f'cursor "{name[:100]}" does not exist')
        return found

    def close_cursor(self, name: str) -> None:
        """Close a cursor."""
        self.cursor(name).rows.close()
        del self.cursors[name]

    def close_cursors(self) -> None:
        """Close all cursors."""
        for cursor in self.cursors.values():
            cursor.rows.close()
        self.cursors.clear()

    def close(self) -> None:
        """The session has ended; what was staged is forgotten."""
        self.close_cursors()
        self.engine.close()


def _duration(text: str) -> float:
    """Seconds of a time-out as text; a bare number counts milliseconds."""
    plain = text.strip().strip("'").strip()
    digits = plain.rstrip("abcdefghijklmnopqrstuvwxyz ")
    unit = plain[len(digits) :].strip() or "ms"
    number = literals.natural(digits)
    if number is None or len(digits) > 10 or unit not in _UNITS:
        message = f'invalid value for parameter "statement_timeout": "{text[:60]}"'
        raise SqlFault(errors.BAD_PARAMETER, message)
    return number * _UNITS[unit]


def _entries(outcome: Outcome) -> list[JournalEntry]:
    if isinstance(outcome, Refused):
        raise errors.refused(outcome)
    assert isinstance(outcome, Committed)
    return [record for record in outcome.records if isinstance(record, JournalEntry)]


def _entry_of(command: Command) -> object:
    return getattr(command, "entry_id", None)


def _guid_of(command: Command) -> str | None:
    if not isinstance(command, CreateEntry):
        return None
    text = annex_of(command.content.annex, ids.WIRE)
    return None if text is None else literals.json_member(text, "guid")


def _holds(
    renderer: Renderer, table: Table, entry: JournalEntry, bound: Sequence[conditions.Bound]
) -> bool:
    names = [each.column.name.lower() for each in bound]
    row = rows_of(renderer, table, entry, names)[0]
    return all(each.holds(value) for each, value in zip(bound, row, strict=True))
