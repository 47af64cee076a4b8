"""Bounds of this wire alone; those of the books stand in `domain.limits`."""

from typing import Final

BODY_BYTES_MAX: Final = 8 * 1024 * 1024
"""Bytes of a request body: a journal of 10,000 entries with 800 bytes an entry, twice what callers
write for one with a note and a foreign amount."""

INLINE_BODY_BYTES_MAX: Final = 8 * 1024
INLINE_LINES_MAX: Final = 200
"""Bytes of a body, and entries of a journal, that are read on the server's loop: a few
milliseconds. What is larger goes to a thread, so that it holds up nobody else."""

TOKEN_SECONDS: Final = 15 * 60
"""Life of a token, counted from when it was made, as documented."""

TOKEN_LENGTH_MAX: Final = 4_096
"""Characters of a token that are looked at: the longest that other wires issue."""

PASSING_TOKENS_MAX: Final = 10_000
"""Tokens of the demo that are remembered at a time; beyond it the oldest is forgotten."""

PRUNE_SECONDS: Final = 60
"""Seconds between two times that expired tokens are forgotten."""

FAILED_ATTEMPTS_MAX: Final = 10
"""Failed attempts of one name from one address before the next is answered with 429: a person
mistypes a few times, a program that guesses gets ten guesses a minute."""

FAILED_ADDRESS_MAX: Final = 50
"""The same of all names from one address: an office behind one mistypes more often; who tries many
names gets no further."""

FAILED_BLOCK_MAX: Final = 200
"""The same of one block of IPv6 networks, of which one customer may have them all. A telephone
company may have more customers in one, so it does not hold where the name has proved itself."""

FAILED_NAME_MAX: Final = 100
"""The same of one name from all addresses, in a longer window: who comes from many places gets no
further. It does not hold where the name has proved itself of late, so strangers lock nobody out."""

WAITING_ATTEMPTS_MAX: Final = 256
"""Attempts that wait until others have their verdict, as many as may wait for a thread."""

FAILED_WINDOW_SECONDS: Final = 60
"""Seconds after which failed attempts count no more."""

FAILED_NAME_WINDOW_SECONDS: Final = 15 * 60
"""The same of those of one name from all addresses: ten thousand guesses a day."""

FAILED_KEPT_MAX: Final = 10_000
"""Names that there are, others, addresses, blocks and pairs whose failures are remembered, of each
as many; beyond it the one of its kind that failed longest ago is forgotten. One block of addresses
alone fills at most a fiftieth of it in a minute."""

CREDENTIAL_LENGTH_MAX: Final = 256
"""Characters of an application name, secret, user name or password; more is simply wrong."""

PAGE_SIZE_DEFAULT: Final = 50
PAGE_SIZE_MAX: Final = 500
"""Journals of one page of the list."""

ID_DIGITS_MAX: Final = 4_000
"""Digits of a journal id that are looked at, leading zeros included: what a query string holds of
one within reason. Building a number of more digits would take long."""

YEAR_MIN: Final = 1900
YEAR_MAX: Final = 2199
"""Fiscal years that are opened when a journal is first dated in them: what is beyond is a slip."""
