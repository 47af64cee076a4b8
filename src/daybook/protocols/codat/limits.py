"""Bounds of this wire alone; those of the books stand in `domain.limits`."""

from typing import Final

BODY_BYTES_MAX: Final = 8 * 1024 * 1024
"""Bytes of a request body: an entry of 10,000 lines with 800 bytes a line, twice what clients
write for a line with a description, tracking and names."""

INLINE_BODY_BYTES_MAX: Final = 8 * 1024
INLINE_LINES_MAX: Final = 200
"""Bytes of a body, and lines of an entry, that are read on the server's loop: a few milliseconds.
What is larger goes to a thread, so that it holds up nobody else."""

RECORD_REFS_MAX: Final = 100
"""Tracking categories named by one line. One of each kind counts; clients send all they know."""

QUERY_LENGTH_MAX: Final = 2_048
"""Characters of a `query` parameter, as the original documents it."""

BRACES_DEPTH_MAX: Final = 20
"""Nesting of braces. People write two levels; a filter may have fifty."""

PAGE_SIZE_MAX: Final = 5_000
"""Rows of a page, as the original documents it."""

PAGE_SIZE: Final = 100
"""Rows of a page where the caller names no number."""

PAGE_LINES_MAX: Final = 250_000
"""Lines of the entries of one page, some 75 MB as JSON: 5,000 entries of fifty lines each."""

PAGE_BYTES_MAX: Final = 32 * 1024 * 1024
"""Bytes of entries read at once for a page, so that lines are counted before all are there."""

SEARCH_SECONDS_MAX: Final = 10
"""Seconds a query may search: clients have given up after five, unless they were told otherwise."""

PAGE_MAX: Final = 100_000
"""Highest page: with the largest pages, more records than one company ever has."""

DESCRIPTION_LENGTH_MAX: Final = 4_000
"""Characters of the description of an entry or a line, as the original's model says."""

NAME_LENGTH_MAX: Final = 500
"""Characters of a company's name or description."""

TAGS_MAX: Final = 10
TAG_KEY_LENGTH_MAX: Final = 27
TAG_VALUE_LENGTH_MAX: Final = 100
"""Tags of a company, as the original documents them."""

PRODUCTS_MAX: Final = 50
PRODUCT_LENGTH_MAX: Final = 100
"""Products of a company, and characters of their identifiers: the original has a dozen of words."""

COMPANY_LEFT_MAX: Final = 100
"""Clients that have deleted a shared company for themselves; what more there are stay with it."""

CONNECTIONS_MAX: Final = 50
"""Connections of a company, deleted ones included: a history that a person can still read."""

COMPANIES_MAX: Final = 10_000
"""Companies one client may make here; a list of them is filtered in memory."""

DATASETS_MAX: Final = 500
"""Refreshes of a company that are remembered; older ones fall out of the history."""

CONSUMERS_MAX: Final = 50
"""Webhook consumers of a client, as the original documents it."""

COMPANY_TAGS_MAX: Final = 10
COMPANY_TAG_LENGTH_MAX: Final = 128
"""Tags by which a webhook consumer narrows its companies, as the original documents them."""

API_KEYS_MAX: Final = 10
API_KEY_NAME_LENGTH_MAX: Final = 50
"""API keys of a client and the length of their names, as the original documents them."""

TIMEOUT_MINUTES_MAX: Final = 527_040
"""Longest a push may wait: a year. Longer than anybody waits, and far below any overflow."""

IDEMPOTENCY_KEPT_SECONDS: Final = 90 * 60
"""How long an answer is kept for its Idempotency-Key, as the original documents it."""

IDEMPOTENCY_SWEPT: Final = 20
"""Kept answers looked at for their age whenever one is added, so that they do not pile up."""

ACCOUNTS_SCANNED_MAX: Final = 10_000
"""Accounts, categories or contacts that a search goes through in memory."""

MONTHS_MAX: Final = 120
"""Months that financial statements reach back over all their periods: ten years."""

COUNTS_KEPT: Final = 256
"""Results of counting that are kept until the books change: a client that pages asks again."""

ERRORS_MAX: Final = 100
"""Validation errors listed for one operation: who has seen a hundred has seen enough."""

VALIDATION_BYTES_MAX: Final = 48 * 1024
"""Bytes of a validation that are kept with an operation."""

KEY_LENGTH_MAX: Final = 4_096
"""Characters of an API key, the longest any interface here issues."""
