"""Bounds of the server itself, each with the reason for its figure."""

from typing import Final

HEAD_BYTES_MAX: Final = 64 * 1024
"""Bytes of a request's line and headers; beyond it the answer is a plain 431. A query that lists a
thousand ids takes 20 KiB."""

HEAD_SECONDS_MAX: Final = 20
"""Seconds a request's line and headers may take to arrive, so that slow senders hold nothing."""

CONNECTIONS_MAX: Final = 4_096
"""Connections at a time; more are answered with 503. Each costs some kilobytes and a file."""

FILES_WANTED: Final = 2 * CONNECTIONS_MAX
"""Open files the process asks the system for at its start."""

BACKLOG: Final = 2_048
"""Connections that the system keeps waiting for the server to accept them."""

BODIES_BYTES_MAX: Final = 64 * 1024 * 1024
"""Bytes of bodies under way at a time, of all connections: eight of the largest. Those that come
together with their head are not counted: the system hands over less than 256 KiB at once."""

INFLATED_INLINE_BYTES_MAX: Final = 256 * 1024
"""Bytes that a body's encoding is undone to on the event loop, in well below a millisecond; larger
ones go to a thread."""

DIAGNOSIS_LENGTH_MAX: Final = 1_000
"""Characters of a diagnosis header; common clients read headers of up to 8 KiB in all."""

LOGGED_PATH_LENGTH_MAX: Final = 200
"""Characters of a path in the log."""

COLLECTOR_THRESHOLDS: Final = (50_000, 20, 20)
"""Thresholds of the garbage collector once the server runs. Collections were most of the slowest
percent of requests at the interpreter's defaults; requests make hardly any cycles."""

SWITCH_INTERVAL_S: Final = 0.001
"""Seconds for which one thread may hold the interpreter while another wants it. The writer comes
back from the database a dozen times for each commit; at the usual 0.005 it waits that long each
time for a busy event loop, at less than 0.001 switching itself costs more than it gains."""
