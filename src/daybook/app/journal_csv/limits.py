"""Bounds on reading a journal file, each with the reason for its figure.

What an entry may hold is bounded by the ledger itself, whichever way it comes in.
"""

from typing import Final

from daybook.domain.limits import LINES_MAX, STREAM_REFUSALS_MAX

LINE_CHARACTERS_MAX: Final = 1024 * 1024
"""Characters of one line of a file; a file without line ends must not fill the memory."""

PREVIEW_CHARACTERS: Final = 64 * 1024
"""Characters in which the header has to be found."""

AMOUNT_CHARACTERS_MAX: Final = 64
"""Characters of an amount that are looked at: three times what the largest one takes."""

SEEN_MAX: Final = 100_000
"""Distinct texts of one kind that are remembered with what they mean: some 20 MB at most."""

ENTRY_FAULTS_MAX: Final = 20
"""Faults of one entry that are told: the reader of the report has seen enough by then."""

FAULTS_MAX: Final = STREAM_REFUSALS_MAX
"""Faults a report tells; a file with more has one cause that the first ones show."""

EXPORT_PAGE_ENTRIES: Final = 500
"""Entries an export reads at a time: few enough that pages of long entries stay small."""

WINDOW_ENTRIES: Final = 200
"""Entries of a file that are looked for in the books at a time: one search for all of them."""

WINDOW_ROWS: Final = LINES_MAX
"""Rows after which a window ends however few its entries: as many as one entry may have."""

EXISTING_TOLD_MAX: Final = 25
"""Entries that are there already which a report names, as many as a page shows of a file; their
number says the rest."""
