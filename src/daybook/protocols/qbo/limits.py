"""Bounds of this wire alone; those of the books stand in `domain.limits`."""

from typing import Final

BODY_BYTES_MAX: Final = 8 * 1024 * 1024
"""Bytes of a request body: an entry of 10,000 lines with 800 bytes a line, twice what clients
write for a line with a description, class, location and name."""

DOC_NUMBER_LENGTH_MAX: Final = 21
"""Characters of a document number, as the original's manual and its fault text say."""

TEXT_LENGTH_MAX: Final = 4_000
"""Characters of a private note, and of the description of a line."""

NAME_LENGTH_MAX: Final = 100
"""Characters of the name of an account, class or location, and of a part of a person's name."""

DISPLAY_NAME_LENGTH_MAX: Final = 500
"""Characters of the display name of a customer, vendor or employee."""

AMOUNT_WHOLE_DIGITS_MAX: Final = 10
AMOUNT_DECIMALS_MAX: Final = 5
"""Digits of an amount before and after the point, as the original's number type has it."""

REFERENCE_LENGTH_MAX: Final = 50
"""Characters of an id that is kept as it was sent, such as that of a tax code."""

REQUEST_ID_LENGTH_MAX: Final = 50
"""Characters of a `requestid`."""

ERRORS_MAX: Final = 1_000
"""Errors listed in one fault. A caller whose thousand lines all lack an account has seen enough."""

ASIDE_BYTES_MIN: Final = 256 * 1024
"""Bytes of a body from which on it is read on another thread: on the event loop it would hold up
everybody else for more than some ten milliseconds."""

ASIDE_LINES_MIN: Final = 1_000
"""Lines of an entry from which on it is shown on another thread: on the event loop the largest
would hold up everybody else for some thirty milliseconds."""

BATCH_LINES_MAX: Final = 30_000
"""Lines of all entries of a batch: three of the largest entries, or a thousand for each item."""

PAGE_BYTES_MAX: Final = 32 * 1024 * 1024
"""Bytes of the rows of one answer, or of all queries of a batch: a thousand entries of a hundred
lines or more. Entries of 10,000 lines would otherwise make it gigabytes."""

SEARCH_SECONDS_MAX: Final = 30
"""Seconds a statement may search, in the store or row by row: clients have given up by then, and
one of the few threads for searches is theirs no longer."""

ID_DIGITS_MAX: Final = 19
"""Digits of an id or a realm: what fits into 64 bits."""

ATTEMPTS_MAX: Final = 8
"""Times a command that is built on what was just read is tried (a delete whose token names a later
version, a tax code with the next free ids); each failure means that somebody else was quicker."""

STORED_BYTES_MAX: Final = 48 * 1024
"""Bytes of members of one record that only this wire understands. Leaves room below
`domain.limits.ANNEX_BYTES_MAX` for the other wires' share of the same record."""
