"""Every bound of the ledger, each with the reason for its figure.

A bound of one wire alone (a body size, a page size of its query language) stays in that wire's
folder; what bounds the books stands here.
"""

from typing import Final

AMOUNT_MAX: Final = 10**15 - 1
"""Largest amount of a line, in minor units of its currency, transaction and home side alike.

One side of an entry of `LINES_MAX` lines then stays within a signed 64-bit integer, and every
amount is exact in the doubles that JavaScript clients compute with."""

AMOUNT_DIGITS_MAX: Final = 15
"""Digits an amount may have before the point in text; checked before any number is built,
because `int(Decimal("1e1000000"))` keeps a processor busy for twenty seconds."""

AMOUNT_DECIMALS_MAX: Final = 9
"""Digits an amount may have after the point in text. No currency has more than four."""

TOTAL_MAX: Final = 2**63 - 1
"""Largest total of an account. Beyond it SQLite's `+` silently turns to floating point, so a
write that would pass it is refused."""

LINES_MIN: Final = 2
"""Fewest posting lines of an entry: with one, debits cannot equal credits (zero apart)."""

LINES_MAX: Final = 10_000
"""Most lines of an entry. Larger ones are split by their authors; see `AMOUNT_MAX`."""

RATE_INTEGER_DIGITS_MAX: Final = 10
RATE_DECIMALS_MAX: Final = 10
"""Digits of an exchange rate before and after the point: enough for any pair of currencies."""

NAME_LENGTH_MAX: Final = 500
"""Characters of a name of an account, contact or dimension: the longest any wire allows."""

CODE_LENGTH_MAX: Final = 20
"""Characters of an account code: the longest any wire allows."""

DOC_NUMBER_LENGTH_MAX: Final = 255
"""Characters of a document number. Wires are stricter: QuickBooks takes 21."""

MEMO_LENGTH_MAX: Final = 4_000
"""Characters of an entry's memo, and of a line's description."""

ANNEX_BYTES_MAX: Final = 64 * 1024
"""UTF-8 bytes of what one wire keeps beside a record that the core does not understand."""

ENTRY_ANNEX_BYTES_MAX: Final = 4 * 1024 * 1024
"""The same of an entry and all its lines together: 400 bytes for each line of the largest, and no
more than that for what nobody here can judge."""

MARK_LENGTH_MAX: Final = 50
"""Characters of each text of a line's tax and billing marks: an id, a word or a percentage."""

RECORD_ID_MAX: Final = 2**53
"""Largest number of a record: exact in the doubles of JavaScript clients, and no record ever made
can use up what comes after it."""

TREE_DEPTH_MAX: Final = 5
"""Levels of sub-accounts, sub-classes and so on, the top one included."""

DESCENDANTS_MAX: Final = 1_000
"""Records below one that is renamed or moved: each gets a revision of its own."""

DIMENSIONS_PER_LINE_MAX: Final = 16
"""Axes a line may be tagged on."""

COMMANDS_PER_TRANSACTION_MAX: Final = 1_000_000
"""Commands that are committed as one: an import is all or nothing."""

STREAM_REFUSALS_MAX: Final = 1_000
"""Refused commands of a stream that are reported before the rest is left unread."""

FILTER_NODES_MAX: Final = 1_000
FILTER_DEPTH_MAX: Final = 50
"""Size and nesting of a filter; a person writes ten nodes, a program a few hundred."""

FILTER_LIST_MAX: Final = 1_000
"""Members of one IN list, as many as a page has rows."""

PAGE_ROWS_MAX: Final = 1_000
"""Rows of one page, whatever the wire calls it."""

OFFSET_MAX: Final = 10**9
"""Largest offset of an offset page; more records than one company ever has."""

IDEMPOTENCY_KEY_LENGTH_MAX: Final = 255
"""Characters of an idempotency key."""

IDEMPOTENCY_KEPT_DAYS: Final = 35
"""Days an answer is kept for repetition; at least thirty are promised."""

WRITER_QUEUE_MAX: Final = 1_024
"""Commands that wait for the writer before it refuses more instead of growing."""

GROUP_COMMIT_MAX: Final = 64
"""Commands in one group commit: beyond it the shared sync is no longer what costs."""
