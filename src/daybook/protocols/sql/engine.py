"""A session's side of the analytical copy: cursors, temporary tables, results as rows of text."""

import contextlib
import json
import re
import threading
from collections.abc import Callable, Sequence
from struct import Struct
from typing import Any, Final, TypeVar

import duckdb

from daybook.app.ledger import Books
from daybook.protocols.sql import errors
from daybook.protocols.sql.analytics import Copies, Copy
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.limits import BATCH_ROWS, CURSOR_ROWS_MAX
from daybook.protocols.sql.losses import PLAN, loses
from daybook.protocols.sql.macros import (
    BAD_BUCKETS,
    ESCAPES,
    FINE,
    MANY_DECIMALS,
    NO_DAY,
    NO_KEY,
    NO_NAME,
    TOO_LONG,
    UNSHOWN,
    for_planning,
)
from daybook.protocols.sql.pgwire import messages
from daybook.protocols.sql.pgwire import types as pg
from daybook.protocols.sql.query import Query
from daybook.protocols.sql.results import Row
from daybook.protocols.sql.sources import REVERSED
from daybook.protocols.sql.tables import Table, modifier

LOST: Final = (duckdb.FatalException, duckdb.InternalException)
"""After these the engine answers nothing any more, or may not be believed."""
LOST_TEXT: Final = "the copy of the books was lost and is made anew; run the statement again"

TOO_WIDE: Final = "numbers with so many digits cannot stand for one another without being rounded"
TOO_LARGE: Final = "numeric field overflow"
NARROWER: Final = "cast them to the same type, as in x::numeric(30,8)"

T = TypeVar("T")
CANCELLED_TEXT: Final = "canceling statement due to user request"

_OIDS: Final = {
    "BOOLEAN": pg.BOOL,
    "TINYINT": pg.INT2,
    "SMALLINT": pg.INT2,
    "INTEGER": pg.INT4,
    "BIGINT": pg.INT8,
    "UTINYINT": pg.INT2,
    "USMALLINT": pg.INT4,
    "UINTEGER": pg.OID,
    "UBIGINT": pg.NUMERIC,
    "HUGEINT": pg.NUMERIC,
    "UHUGEINT": pg.NUMERIC,
    "BIGNUM": pg.NUMERIC,
    "FLOAT": pg.FLOAT4,
    "DOUBLE": pg.FLOAT8,
    "VARCHAR": pg.TEXT,
    "DATE": pg.DATE,
    "TIME": pg.TIME,
    "TIMESTAMP": pg.TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": pg.TIMESTAMPTZ,
    "INTERVAL": pg.INTERVAL,
    "UUID": pg.UUID_,
    "BLOB": pg.BYTEA,
    "JSON": pg.JSON,
}


def oid_of(kind: str) -> int:
    """The type of a column as the engine names it."""
    if kind.endswith("[]"):  # of arrays too: PostgreSQL has one type for any number of dimensions
        return pg.ARRAY_OF.get(oid_of(kind.rstrip("[]")), 1009)
    if kind.startswith("DECIMAL"):
        return pg.NUMERIC
    if kind.startswith(("STRUCT", "MAP")):
        return pg.JSON
    return _OIDS.get(kind, pg.TEXT)


def _shown(column: str, kind: str) -> str:
    """An expression that gives a column as text in PostgreSQL's form, or nearly."""
    if kind == "VARCHAR" or kind in ("DOUBLE", "FLOAT"):
        return column
    if kind == "BOOLEAN":
        return f"CASE WHEN {column} THEN 't' WHEN NOT {column} THEN 'f' END"
    if kind.startswith("DECIMAL") and kind.endswith("[]"):
        texts = "VARCHAR" + kind.partition(")")[2]  # as numbers of JSON they would be rounded
        return f"CAST(to_json(CAST({column} AS {texts})) AS VARCHAR)"
    if kind == "INTERVAL[]":
        column = f"list_transform({column}, lambda item: pg_interval_text(item))"
    if kind.endswith("[]") or kind.startswith(("STRUCT", "MAP")):
        return f"CAST(to_json({column}) AS VARCHAR)"
    if kind == "BLOB":
        return f"'\\x' || lower(hex({column}))"
    if kind == "INTERVAL":
        return f"pg_interval_text({column})"
    if kind in _DAYS:
        return f"pg_day_text({column})"
    return f"CAST({column} AS VARCHAR)"


_DAYS: Final = frozenset(("DATE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE"))


def float_text(value: object) -> str | None:
    """A double as PostgreSQL writes it: the shortest that reads back the same."""
    return None if value is None else _number_text(repr(value), _DOUBLE_DIGITS)


def real_text(value: float | None) -> str | None:
    """A number of single precision, likewise."""
    if value is None:
        return None
    shortest = next(
        (
            text
            for digits in range(1, 9)
            if _REAL.unpack(_REAL.pack(float(text := f"{value:.{digits}g}")))[0] == value
        ),
        f"{value:.9g}",
    )
    return _number_text(repr(float(shortest)), _REAL_DIGITS)


_REAL: Final = Struct("f")
_DOUBLE_DIGITS, _REAL_DIGITS = 15, 6
"""Digits before the point from which on PostgreSQL writes an exponent."""


def _number_text(text: str, digits: int) -> str:
    if text in ("inf", "-inf"):
        return text.replace("inf", "Infinity")
    if text == "nan":
        return "NaN"
    plain = text.removesuffix(".0")
    whole = plain.partition(".")[0].lstrip("-")
    if "e" not in plain and len(whole) > digits:
        exponent = len(whole) - 1
        mantissa = (whole[0] + "." + whole[1:] + plain.partition(".")[2]).rstrip("0").rstrip(".")
        return f"{'-' if plain[0] == '-' else ''}{mantissa}e+{exponent:02}"
    return plain


def _finisher(kind: str, oid: int) -> Callable[[Any], str | None] | None:
    if kind == "DOUBLE":
        return float_text
    if kind == "FLOAT":
        return real_text
    if oid in pg.ARRAYS:
        element = pg.ARRAYS[oid]
        return lambda value: None if value is None else pg.array_of_json(value, element)
    if oid in (pg.INT2VECTOR, pg.OIDVECTOR):
        return lambda value: None if value is None else " ".join(map(str, json.loads(value)))
    return None


class Described:
    """A query with its columns: what is sent to the engine, and how its values become text."""

    def __init__(self, query: Query, kinds: Sequence[tuple[str, str]], scale: int) -> None:
        self.query = query
        self.columns: list[messages.Field] = []
        self.finishers: list[Callable[[Any], str | None] | None] = []
        parts = []
        origins: list[tuple[Table, int] | int | None] = _in_place(
            query.origins, query.stars, len(kinds)
        )
        labels = _in_place(query.labels, query.stars, len(kinds))
        for at, (name, kind) in enumerate(kinds):
            oid, change, table, number = oid_of(kind), -1, 0, 0
            origin = origins[at]
            if isinstance(origin, tuple):
                column = origin[0].columns[origin[1] - 1]
                oid, change = column.oid, modifier(column, scale)
                table, number = table_oid(origin[0].name), origin[1]
            elif origin is not None:
                oid = _told(kind, origin)
            label = labels[at]
            size = pg.SIZES.get(oid, -1)
            self.columns.append(
                messages.Field(
                    label if label is not None else name, oid, size, change, table, number
                )
            )
            self.finishers.append(_finisher(kind, oid))
            parts.append(_shown(f"c{at}", kind))
        names = ", ".join(f"c{at}" for at in range(len(kinds)))
        self.sql = f"SELECT {', '.join(parts)} FROM ({query.sql}) AS q({names})"
        self.finishing = any(self.finishers)


_TOLD: Final = {
    pg.TEXT: frozenset((pg.VARCHAR, pg.BPCHAR, pg.NAME, pg.CHAR)),
    pg.INT2: frozenset((pg.INT4, pg.INT8, pg.FLOAT8, pg.OID)),
    pg.INT4: frozenset((pg.INT2, pg.INT8, pg.FLOAT8, pg.OID, pg.NUMERIC)),
    pg.INT8: frozenset((pg.INT2, pg.INT4, pg.FLOAT8, pg.OID, pg.NUMERIC)),
    pg.OID: frozenset((pg.INT4, pg.INT8)),
    pg.JSON: frozenset((pg.JSONB,)),
}
"""By types that the engine tells, those that PostgreSQL may have where values are written alike."""


def _told(kind: str, wanted: int) -> int:
    """The type of a column, from the engine's and that of its expression."""
    found = oid_of(kind)
    whole = kind in ("HUGEINT", "UBIGINT") and wanted in (pg.INT4, pg.INT8, pg.FLOAT8)
    return wanted if whole or wanted in _TOLD.get(found, ()) else found


def _in_place(known: Sequence[T], stars: Sequence[int], width: int) -> list[T | None]:
    """What is known of columns at their places, where a `*` stands for some of them."""
    if not stars:
        return [*known, *[None] * (width - len(known))]
    head = known[: stars[0]]
    tail = known[stars[0] + 1 :] if len(stars) == 1 and known else []
    return [*head, *[None] * (width - len(head) - len(tail)), *tail]


def table_oid(name: str) -> int:
    """The object id of a table."""
    from daybook.protocols.sql.catalog import TABLE_OIDS

    return TABLE_OIDS[name.lower()]


class EngineRows:
    """Rows that the engine is still making."""

    blocking = True

    def __init__(
        self, engine: "Engine", copy: Copy | None, cursor: Any, described: Described
    ) -> None:
        self._engine = engine
        self.copy = copy
        self._cursor = cursor
        self._described = described
        self._kept: list[Row] | None = None
        self.exhausted = False

    def fetch(self, limit: int) -> list[Row]:
        """The next rows."""
        if self._kept is not None:
            found, self._kept = self._kept[:limit], self._kept[limit:]
            return found
        if self._cursor is None:
            return []
        found = self._fetch(limit)
        if len(found) < limit:
            self.exhausted = True
            self.close()
        return found

    def _fetch(self, limit: int) -> list[Row]:
        try:
            rows = self._cursor.fetchmany(limit)
        except duckdb.Error as fault:
            self.close()
            raise self._engine.fault_of(fault, self.copy) from fault
        if not self._described.finishing:
            return list(rows)
        finishers = self._described.finishers
        return [
            tuple(
                value if finish is None else finish(value)
                for value, finish in zip(row, finishers, strict=True)
            )
            for row in rows
        ]

    def detach(self) -> None:
        """Take what is left into memory: another statement needs the cursor."""
        if self._cursor is None or self._kept is not None:
            return
        kept: list[Row] = []
        while rows := self._fetch(BATCH_ROWS):
            kept.extend(rows)
            if len(kept) > CURSOR_ROWS_MAX:
                self.close()
                raise SqlFault(errors.MEMORY, "an open result has too many rows to be kept")
        self.close()
        self._kept = kept

    def close(self) -> None:
        """Give the cursor back."""
        if self._cursor is not None:
            cursor, self._cursor = self._cursor, None
            self._engine.release(cursor, self)


class Engine:
    """What one session has of a company's copy. Used on one thread at a time, but for `stop`."""

    def __init__(self, copies: Copies, books: Books, variables: dict[str, Any]) -> None:
        self._copies = copies
        self._books = books
        self._copy: Copy | None = None
        self._main: Any = None
        self._idle: list[Any] = []
        self._open: EngineRows | None = None
        self._running: Any = None
        self._lock = threading.Lock()
        self.variables = variables
        self._stopped = False
        self._staged_on: Copy | None = None

    @property
    def staged(self) -> bool:
        """Whether anything is staged on the copy: nothing is on one that was made anew."""
        return self._staged_on is not None and self._staged_on is self.copy

    @property
    def copy(self) -> Copy:
        """The company's copy, opened at first use."""
        found = self._copies.of(self._books)
        if found is not self._copy:
            self._drop()
            self._copy = found
        return found

    @property
    def main(self) -> Any:
        """The cursor that has the session's temporary tables."""
        copy = self.copy
        if self._main is None:
            self._main = copy.cursor()
        return self._main

    def refresh(self) -> None:
        """Bring the copy up to the last event of the log."""
        copy = self.copy
        try:
            copy.refresh(self._books, lambda: self._stopped)
        except duckdb.Error as fault:
            raise self.fault_of(fault, copy) from fault

    def fault_of(self, fault: duckdb.Error, copy: Copy | None) -> SqlFault:
        """What the engine says as a fault; a copy that is of no use after it is let go."""
        if isinstance(fault, LOST) and copy is not None:
            self._copies.lose(copy)
        if isinstance(fault, LOST) or (copy is not None and copy.closed):
            return SqlFault(errors.INTERNAL, LOST_TEXT)
        return fault_of(fault)

    def describe(self, query: Query) -> Described:
        """The columns of a query, found without running it."""
        sql = for_planning(query.sql)
        for at in range(len(query.used), 0, -1):
            sql = sql.replace(f"CAST(${at} AS", "CAST(NULL AS")
        cursor = self._ready_cursor(query)
        try:
            found = cursor.execute(f"DESCRIBE {sql}").fetchall()
            ((plan,),) = cursor.execute(PLAN, [sql]).fetchall()
        except duckdb.Error as fault:
            raise self.fault_of(fault, self._copy) from fault
        finally:
            self.release(cursor, None)
        if loses(plan, sql):
            raise SqlFault(errors.OUT_OF_RANGE, TOO_WIDE, hint=NARROWER)
        return Described(query, [(row[0], row[1]) for row in found], self.copy.scale)

    def run(self, described: Described, values: Sequence[str | None]) -> EngineRows:
        """Start a query over tables that are as new as the log."""
        query = described.query
        if query.uses_books:
            self.refresh()
        cursor = self._ready_cursor(query)
        given = [_given(query.parameters[at - 1], values[at - 1]) for at in query.used]
        with self._lock:
            self._running = cursor
        try:
            self.check()
            cursor.execute(described.sql, given)
        except duckdb.Error as fault:
            self.release(cursor, None)
            raise self.fault_of(fault, self._copy) from fault
        except BaseException:
            self.release(cursor, None)
            raise
        rows = EngineRows(self, self._copy, cursor, described)
        if cursor is self._main:
            self._open = rows
        return rows

    def _ready_cursor(self, query: Query) -> Any:
        try:
            return self._cursor(query)
        except duckdb.Error as fault:
            raise self.fault_of(fault, self._copy) from fault

    def _cursor(self, query: Query) -> Any:
        if self.staged or query.temps:
            main = self.main
            if self._open is not None:
                self._open.detach()
            cursor = main
        else:
            copy = self.copy
            cursor = self._idle.pop() if self._idle else copy.plain_cursor()
        if "pgf_" in query.sql.lower():
            settings: dict[str, str] = self.variables["settings"]
            cursor.execute(
                "SET VARIABLE settings = map($1::VARCHAR[], $2::VARCHAR[])",
                [list(settings), list(settings.values())],
            )
            for name in ("user", "pid", "identity"):
                cursor.execute(f"SET VARIABLE {name} = ?", [self.variables[name]])
        return cursor

    def release(self, cursor: Any, rows: EngineRows | None) -> None:
        """Take a cursor back that nobody reads from any more."""
        with self._lock:
            if self._running is cursor:
                self._running = None
        if rows is not None and self._open is rows:
            self._open = None
        if cursor is self._main or self._copy is None:
            return
        if rows is None or (rows.exhausted and rows.copy is self._copy):
            self._idle.append(cursor)
        else:
            with contextlib.suppress(duckdb.Error):  # of a copy that is lost
                cursor.close()  # with what it would still have made

    def begin(self) -> None:
        """A statement begins: what stopped an earlier one does not stop this one."""
        self._stopped = False

    def check(self) -> None:
        """Raises `SqlFault` where the statement was stopped before it began."""
        if self._stopped:
            raise SqlFault(errors.CANCELLED, CANCELLED_TEXT)

    def stop(self) -> None:
        """Interrupt what runs. May be called from any thread; once may not be enough."""
        self._stopped = True
        with self._lock:
            if self._running is not None:
                self._running.interrupt()

    def set_table(
        self, name: str, columns: Sequence[str], rows: Sequence[Sequence[str | None]]
    ) -> None:
        """Make a temporary table of text."""
        listed = ", ".join(f'"{column}" VARCHAR' for column in columns)
        quoted = name.replace('"', '""')
        if self._open is not None:
            self._open.detach()
        self.main.execute(f'CREATE OR REPLACE TEMP TABLE "{quoted}" ({listed})')
        if rows:
            values = [list(each) for each in zip(*rows, strict=True)]
            unnested = ", ".join(f"unnest(${at}::VARCHAR[])" for at in range(1, len(columns) + 1))
            self.main.execute(f'INSERT INTO "{quoted}" SELECT {unnested}', values)

    def stage(self, gone: Sequence[int], bodies: Sequence[bytes]) -> None:
        """Lay staged entries over the copy, for this session alone. None at all: as it was."""
        if self._open is not None:
            self._open.detach()
        main = self.main
        for table in ("staged_entry", "staged_line", "staged_gone"):
            main.execute(f"DELETE FROM {table}")
        self._staged_on = self.copy if gone or bodies else None
        if gone:
            main.execute("INSERT INTO staged_gone SELECT unnest($1::BIGINT[])", [list(gone)])
        if bodies:
            self.copy.shape.fill(main, "staged_entry", "staged_line", bodies)

    def _drop(self) -> None:
        for cursor in (*self._idle, *([] if self._main is None else [self._main])):
            with contextlib.suppress(duckdb.Error):  # of a copy that is lost
                cursor.close()
        self._idle, self._main, self._open, self._staged_on = [], None, None, None

    def close(self) -> None:
        """The session has ended."""
        self._drop()


def _given(oid: int, value: str | None) -> Any:
    if value is None:
        return None
    if oid in pg.ARRAYS:
        return pg.array_items(value)
    if oid == pg.NUMERIC and len(value.partition(".")[2].rstrip("0")) > 12:
        raise SqlFault(errors.OUT_OF_RANGE, f"{value[:60]} has more than 12 decimals")
    if oid == pg.BYTEA and value.startswith("\\x"):
        return bytes.fromhex(value[2:])
    return value


_MISSING = re.compile(
    r'column "?([^"\s]+?)"? not found|(?:does not have a column named|^.*?Column) "([^"]+)"'
    r"(?: referenced that exists|\s|$)"
)
_FUNCTION = re.compile(
    r"Function with name \"?([^\"\s]+)\"? (?:does not exist|is not)", re.IGNORECASE
)
_TEXTS: Final = (
    (FINE, errors.UNSUPPORTED, FINE),
    (MANY_DECIMALS, errors.UNSUPPORTED, MANY_DECIMALS),
    (TOO_LONG, errors.LIMIT, TOO_LONG),
    (ESCAPES, errors.UNSUPPORTED, ESCAPES),
    (UNSHOWN, errors.UNSUPPORTED, UNSHOWN),
    (NO_KEY, "22004", NO_KEY),
    *((text, "2201G", text) for text in BAD_BUCKETS),
    (NO_NAME, "22004", NO_NAME),
    ("cannot take square root", "2201F", "cannot take square root of a negative number"),
    ("cannot take logarithm of zero", "2201E", "cannot take logarithm of zero"),
    (
        "cannot take logarithm of a negative",
        "2201E",
        "cannot take logarithm of a negative number",
    ),
    (
        "yields a complex result",
        "2201F",
        "a negative number raised to a non-integer power yields a complex result",
    ),
    ("zero raised to a negative", "2201F", "zero raised to a negative power is undefined"),
    ("requested character", errors.LIMIT, "requested character not valid for encoding"),
    ("limit/offset cannot be negative", "2201W", "LIMIT and OFFSET must not be negative"),
    ("pattern must not end with", "22025", "LIKE pattern must not end with escape character"),
    ("division by zero", "22012", "division by zero"),
    (REVERSED, errors.BAD_PARAMETER, REVERSED),
    ("negative substring length", "22011", "negative substring length not allowed"),
    ("must appear in the group by", "42803", None),
    ("group by clause", "42803", None),
    ("ambiguous reference", "42702", None),
    ("no function matches", errors.NO_FUNCTION, None),
    ("cannot compare values", errors.NO_FUNCTION, None),
    ("bignum", errors.OUT_OF_RANGE, "a number has more digits than are kept"),
    ("to interval", errors.BAD_DATE, None),
    ("extract specifier", errors.BAD_DATE, "invalid input syntax for type interval"),
    ("could not convert", errors.BAD_TEXT, None),
    ("could not cast value", errors.OUT_OF_RANGE, TOO_LARGE),
    ("casting value", errors.OUT_OF_RANGE, TOO_LARGE),
    (NO_DAY, "22008", "date out of range"),
    ("out of range", errors.OUT_OF_RANGE, None),
    ("overflow", errors.OUT_OF_RANGE, None),
    ("more than one row returned by a subquery", "21000", None),
    ("max expression depth", errors.TOO_COMPLEX, "the statement is nested too deeply"),
)
_KINDS: Final[tuple[tuple[type[Exception], str], ...]] = (
    (duckdb.InterruptException, errors.CANCELLED),
    (duckdb.OutOfMemoryException, errors.MEMORY),
    (duckdb.ConversionException, errors.BAD_TEXT),
    (duckdb.OutOfRangeException, errors.OUT_OF_RANGE),
    (duckdb.BinderException, "42804"),
    (duckdb.InvalidInputException, errors.BAD_PARAMETER),
)


def fault_of(fault: Exception) -> SqlFault:
    """What the engine says, as a fault of this interface."""
    text = str(fault)
    first = text.split("\n", 1)[0].partition("Error: ")[2] or text.split("\n", 1)[0]
    if isinstance(fault, duckdb.InterruptException):
        return SqlFault(errors.CANCELLED, CANCELLED_TEXT)
    if isinstance(fault, duckdb.OutOfMemoryException):
        return SqlFault(
            errors.MEMORY,
            "the statement needs more memory than one may take",
            hint="books of many millions of lines want their copy on disk: --sql-copies",
        )
    missing = _MISSING.search(text)
    if missing is not None:
        return errors.no_column(missing[1] or missing[2])
    function = _FUNCTION.search(text)
    if function is not None:
        return SqlFault(errors.NO_FUNCTION, f"function {function[1]} does not exist")
    lowered = text.lower()
    for words, code, message in _TEXTS:
        if words.lower() in lowered:
            return SqlFault(code, message or first[:300])
    for kind, code in _KINDS:
        if isinstance(fault, kind):
            return SqlFault(code, first[:300])
    return errors.unsupported(f"the statement is not supported: {first[:300]}")
