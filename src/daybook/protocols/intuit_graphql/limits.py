"""Bounds of this wire alone; those of the books stand in `domain.limits`.

What concerns the document is checked before it is parsed or carried out, so that a hostile one
costs no more than the look at it.
"""

from typing import Final

BODY_BYTES_MAX: Final = 1024 * 1024
"""Bytes of a request body: an update of 4,000 lines with 250 bytes a line."""

DOCUMENT_LENGTH_MAX: Final = 128 * 1024
"""Characters of a document. The longest of the published ones has 2,000."""

TOKENS_MAX: Final = 10_000
"""Lexical tokens of a document: fifty times the longest published one."""

NESTING_MAX: Final = 64
"""Brackets within brackets in the text of a document, before it is parsed: the parser recurses.
Selections of `DEPTH_MAX` levels with arguments and objects within them stay far below."""

DEPTH_MAX: Final = 15
"""Levels of selections. The published documents have nine."""

INTROSPECTION_DEPTH_MAX: Final = 20
"""The same below `__schema` and `__type`: the usual query of tools has thirteen."""

ALIASES_MAX: Final = 50
"""Times one field may be asked for in one place, under whatever names."""

ROOT_FIELDS_MAX: Final = 50
"""Fields at the top of an operation; each field of a mutation is a transaction."""

DIRECTIVES_MAX: Final = 10
"""Directives at one place."""

VISITS_MAX: Final = 20_000
"""Selections looked at while a document is measured, those of fragments once for each use: twice
what `TOKENS_MAX` allows to write down without fragments."""

NODES_MAX: Final = 250_000
"""Objects that an operation may come to, by estimate: page sizes multiplied down the tree."""

INTROSPECTION_NODES_MAX: Final = 75_000
"""The same for what is asked of the schema itself: twice what the usual query of tools comes to,
and less than a quarter of a second."""

INTROSPECTION_ESTIMATES: Final = {
    "types": 80,
    "fields": 8,
    "inputFields": 6,
    "args": 3,
    "enumValues": 6,
    "possibleTypes": 3,
    "directives": 6,
}
"""Members that lists of the schema are taken to have in that estimate: about what they have."""

ANSWERS_KEPT: Final = 16
"""Answers about the schema kept for the next time. A tool asks one or two questions; an answer has
less than half a megabyte."""

LIST_ESTIMATE: Final = 10
"""Members that a list without a page size is taken to have, in that estimate."""

PAGE_ROWS_DEFAULT: Final = 100
PAGE_ROWS_MAX: Final = 1_000
"""Rows of a page where none are asked for, and at most; also the ids of `nodes`."""

PAGE_BYTES_MAX: Final = 16 * 1024 * 1024
"""Bytes of stored records read for one page, which ends early above it (a first row always comes).
1,000 entries of four lines have less than a twentieth of it."""

ANSWER_LINES_MAX: Final = 250_000
"""Lines of entries in one answer: what `NODES_MAX` estimates, counted once they are read."""

LINE_FIELDS_USUAL: Final = 50
"""Fields that lines are asked for, at most, to count once in that: twice those of the published
documents. With more, under aliases, a line counts as many times as they hold this number."""

MUTATION_LINE_SHARE: Final = 10
"""Times a line counts in the answer of a mutation, which the library walks field by field."""

ANSWER_CHARACTERS_MAX: Final = 64 * 1024 * 1024
"""Characters of an answer before its next list is refused: twenty times a page of 1,000 entries
with the published fields."""

VALIDATION_ERRORS_MAX: Final = 50
"""Errors reported for one document or one set of variables."""

FILTER_MEMBERS_MAX: Final = 5_000
"""Members of all lists of one filter together, ids of projects that stand for their customers among
them: five of the longest lists there are, and milliseconds of a store."""

EXECUTION_SECONDS: Final = 10.0
"""Time an operation may take before what is left of it is refused."""

DOCUMENTS_KEPT: Final = 512
DOCUMENT_CHARACTERS_KEPT: Final = 4 * 1024 * 1024
"""Checked documents kept for the next request, by number and by the length of their texts: a
program sends the same few dozens all day, and a tree takes some thirty times its text."""

PLANS_KEPT: Final = 16
"""Plans kept for one operation: one for each way its `@skip` and `@include` have come out."""

REFERENCE_NUMBER_LENGTH_MAX: Final = 100
"""Characters of a reference number."""

ID_LENGTH_MAX: Final = 200
"""Characters of an id that is looked at: a canonical one has up to 65."""

AMOUNT_LENGTH_MAX: Final = 64
"""Characters of an amount that is looked at."""

CURSOR_LENGTH_MAX: Final = 4_096
"""Characters of a cursor that is looked at."""

PROJECTS_SCANNED_MAX: Final = 10_000
"""Projects looked at to find those of a customer; real companies have hundreds."""
