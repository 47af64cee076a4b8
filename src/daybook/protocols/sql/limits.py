"""Bounds of the SQL interface, each with the reason for its figure."""

from typing import Final

STARTUP_BYTES_MAX: Final = 10_000
"""Bytes of a message before the caller is known; a start-up message has some hundred."""

STARTUP_SECONDS_MAX: Final = 10.0
"""Seconds from accepting a connection to its being believed, so that strangers hold nothing."""

STRANGERS_MAX: Final = 512
"""Connections at a time that are not believed yet; the oldest goes when one more comes."""

CONNECTIONS_MAX: Final = 500
"""Sessions at a time; pools of analysts' tools open ten or twenty each."""

CONNECTIONS_PER_ADDRESS_MAX: Final = 400
"""Connections from one address: a person's tools, or all of an office behind one gateway."""

MESSAGE_BYTES_MAX: Final = 64 * 1024 * 1024
"""Bytes of a message of a session: a statement with several of the largest aggregates."""

PENDING_BYTES_MAX: Final = 1024 * 1024
"""Bytes of pipelined messages that wait before reading from the socket is paused."""

STATEMENT_LENGTH_MAX: Final = 64 * 1024
"""Characters of a statement, the content of string literals apart. Tools write a few thousand."""

TOKENS_MAX: Final = 4_096
"""Tokens of a statement: parsing takes time in proportion, some 20 µs each."""

DEPTH_MAX: Final = 100
"""Open parentheses, or operators that nest: the parser recurses and would end in a fault."""

WRITTEN_MAX: Final = 50_000
"""Parts of expressions written anew for the engine, which name some of what they stand for more
than once: half a second's worth."""

EXPANDED_MAX: Final = 300_000
"""Words of a statement once the engine has put in what macros stand for: some three seconds' worth,
which nothing interrupts. A statement may have some four hundred quotients, in one another or not;
one of a sum of quotients in HAVING has a third of them."""

FORMAT_STEPS_MAX: Final = 300
"""Steps that the format of a number is worked out in, a few for each digit: some 20 µs a row."""

COLUMNS_MAX: Final = 1_664
"""Columns of a query: as many as PostgreSQL has. Queries of `*` can double them each time."""

LITERAL_LENGTH_MAX: Final = 8 * 1024 * 1024
"""Characters of a string literal; the largest useful one is a LineAggregate."""

STATEMENTS_MAX: Final = 1_000
"""Statements in one simple query."""

PREPARED_MAX: Final = 1_000
"""Prepared statements, portals or cursors of a session."""

KEPT_BYTES_MAX: Final = 128 * 1024 * 1024
"""Bytes of prepared statements and bound values of a session: two of the largest messages."""

QUICK_BYTES_MAX: Final = 64 * 1024
"""Bytes of a text or of values that are read on the event loop; longer ones go to a thread."""

STOP_AGAIN_SECONDS: Final = 0.05
"""Seconds between attempts to stop a statement: the engine can miss one."""

ARRAY_ITEMS_MAX: Final = 100_000
"""Members of an array: keys to look up, sent as one parameter."""

CURSOR_ROWS_MAX: Final = 1_000_000
"""Rows that are kept in memory for a cursor that may go back, or while another statement needs
what makes them: some hundred megabytes. Others are streamed."""

LOOKED_UP_MAX: Final = 1_000
"""Entries that a look-up reads before it leaves the question to the copy."""

LOOKED_UP_AT_ONCE: Final = 20
"""Keys of a look-up that is answered on the event loop: some 30 µs each."""

LINES_AT_ONCE: Final = 100
"""Lines of all entries of such a look-up, and rows that are encoded there: some 20 µs each."""

COMPANY_THREADS: Final = 6
"""Statements of one company that run at a time, so that others find a thread."""

QUICK_THREADS: Final = 4
"""Statements that are planned, or write, at a time: they do not wait behind long scans."""

PLANS_CACHED_MAX: Final = 500
"""Plans kept by text for all sessions of a company."""

PLAN_TEXT_MAX: Final = 16 * 1024
"""Characters of a statement whose plan is kept: longer ones hold data and do not come again."""

PARAMETERS_MAX: Final = 65_535
"""Parameters of a statement: what the protocol can count."""

BATCH_ROWS: Final = 2_000
"""Rows encoded in one go, so that a large result does not hold the interpreter for long."""

WRITE_BYTES: Final = 64 * 1024
"""Bytes of a result's last rows that wait for what ends the statement, so that a short answer is
one write: as many as a socket takes at once."""

RESULT_BYTES_MAX: Final = 16 * 1024**3
"""Bytes of one result. It is streamed, so this stops runaway joins and nothing a person reads."""

STATEMENT_SECONDS: Final = 300.0
"""Seconds a statement may take where the session sets no other time-out."""

AGGREGATE_LENGTH_MAX: Final = 8 * 1024 * 1024
"""Characters of a LineAggregate."""

AGGREGATE_DEPTH_MAX: Final = 3
"""Nesting of a LineAggregate: the table, the row, the column."""

TEMP_ROWS_MAX: Final = 100_000
"""Rows of the #TEMP tables of a session."""

STAGED_MAX: Final = 100_000
"""Writes of one open transaction; they are kept in memory until it is committed."""

REFRESH_EVENTS: Final = 10_000
"""Events that the analytical copy takes in one batch: a tenth of a second, of which a few
milliseconds in a row keep others from the interpreter. A batch has costs of its own, so that one
of 2,000 events took a half longer for each."""

REFRESH_BYTES: Final = 16 * 1024 * 1024
"""Bytes of bodies in one batch: those of ten thousand ordinary entries, or of ten that have ten
thousand lines each. The engine takes several times as much while it reads them."""

COPY_MEMORY: Final = "1GB"
"""Memory of the engine behind a company's analytical copy."""

COPY_SPILL: Final = "8GB"
"""Disk that a company's statements may take where sorting needs more than that memory."""

COPY_THREADS: Final = 2
"""Threads of that engine: reports should not take every core from the writers."""

COPIES_MAX: Final = 16
"""Analytical copies kept open; the one longest unused is dropped for another."""

THREADS: Final = 8
"""Statements that run at a time; most of their time is spent outside the interpreter."""

WAITING_MAX: Final = 512
"""Statements that run or wait for a thread before more are refused."""

PAGE_ROWS: Final = 1_000
"""Entries read at a time by a look-up that the store answers."""

RESERVED_IDS: Final = 16
"""Entry ids a session sets aside when a transaction makes its first entry; unused ones are
never given to anybody."""

RATE_LOGGED_SECONDS: Final = 60.0
"""Between two lines of the log about statements that were too many: who sends them sends on."""
