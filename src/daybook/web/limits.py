"""Bounds of the pages, each with the reason for its figure."""

from typing import Final

BODY_BYTES_MAX: Final = 4 * 1024 * 1024
"""Bytes of a form: an entry of `FORM_LINES_MAX` lines with long descriptions."""

FORM_LINES_MAX: Final = 100
"""Lines of an entry that is edited in a form: nine fields each stay within `PARAMETERS_MAX` of the
kit, and nobody types more. Larger entries are shown here and changed by import or by a program."""

REGISTER_ROWS: Final = 50
"""Entries on a page of the register: two screens, and read in a few milliseconds."""

SHORT_TEXT_LENGTH: Final = 2
"""Characters of a text that the index of texts cannot find, which goes by three."""

SHORT_TEXT_ENTRIES: Final = 5_000
"""Entries that are read through for such a text: some 50 ms. A million took twenty seconds."""

REGISTER_BYTES_MAX: Final = 8 * 1024 * 1024
"""Bytes of the entries of one page of the register: entries of ten thousand lines come a few at a
time."""

SEARCH_SECONDS_MAX: Final = 10
"""Seconds the register, or the suggestions under a field, are searched for: people have given up by
then, and one of the few threads for searches is theirs no longer."""

KEPT_LENGTH_MAX: Final = 1024 * 1024
"""Characters of a form, sealed, that is carried through the sign-in: entries that people type have
a few thousand, and the page that carries it stays well within `BODY_BYTES_MAX`."""

FLASH_LENGTH_MAX: Final = 300
"""Characters of a message kept for the next page: cookies stay small."""

FILTER_TEXT_LENGTH_MAX: Final = 200
"""Characters of one field of a filter; a person types a few words."""

SUGGESTIONS_MAX: Final = 12
"""Rows that a search for an account or contact shows under its field."""

VERSIONS_SHOWN_MAX: Final = 200
"""Versions of an entry whose changes are shown side by side; programs that rewrite an entry by the
hour would else make pages of megabytes."""

QUEUE_ROWS_MAX: Final = 100
"""Entries that wait, on the approval page: nobody approves more at one sitting."""

COMPANIES_MAX: Final = 200
"""Companies listed for a person who may open all."""

ACCOUNTS_MAX: Final = 1_000
"""Accounts on one page, those whose names are looked for first; larger charts are filtered."""

PDF_ROWS_MAX: Final = 20_000
"""Rows of a printed report: four hundred pages, and some seconds of drawing."""

CHART_MONTHS: Final = 12
"""Months that a chart of balances shows."""

IMPORT_BYTES_MAX: Final = 2 * 1024 * 1024
"""Bytes of a file that is taken in: some ten thousand entries, and with a third more for the form
that carries it still within `BODY_BYTES_MAX`. Larger ones go through the command line."""

IMPORT_ENTRIES_MAX: Final = 5_000
"""Entries of such a file: each takes about as long to judge however short it is, and the process
serves others too."""

IMPORTS_AT_ONCE_MAX: Final = 2
"""Files that a process judges at a time, each for a few seconds: the other threads are everybody's.
Of one person it is one."""

IMPORT_ENTRIES_SHOWN: Final = 25
IMPORT_LINES_SHOWN: Final = 20
IMPORT_FAULTS_SHOWN: Final = 100
"""Entries, lines of one and faults that a preview shows: enough to see that columns were read right
and to mend a file."""

OPERATIONS_SHOWN: Final = 50
DELIVERIES_SHOWN: Final = 50
ACTIVITY_SHOWN: Final = 100
KEYS_SHOWN: Final = 200
EVENTS_SHOWN: Final = 50
"""Rows of one page of each."""

VERIFIED_AT_ONCE: Final = 20_000
"""Events whose hashes are checked by one request: about a second's work."""
