"""The columns of a journal file: which header means what, and which delimiter parts them.

Headers are those of QuickBooks Online's journal import and report, and their usual variants.
Case, blanks, dots, stars and hyphens do not count: `*JournalNo`, `Journal No.` and
`journal-no` are one.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from daybook.app.journal_csv.faults import Fault, Unreadable


class Column(Enum):
    """What a column can hold. The value is the header that an export writes."""

    ENTRY = "Entry"
    """What rows of one entry have in common, where document numbers do not tell."""
    NUMBER = "Journal No."
    DATE = "Journal Date"
    MEMO = "Memo"
    ACCOUNT = "Account Name"
    ACCOUNT_CODE = "Account Code"
    DEBIT = "Debits"
    CREDIT = "Credits"
    AMOUNT = "Amount"
    """Debits positive, credits negative."""
    DESCRIPTION = "Description"
    NAME = "Name"
    LOCATION = "Location"
    CLASS = "Class"
    PROJECT = "Project"
    TRACKING = "Tracking"
    """Values on other axes: `Region=North; Campaign=Spring`."""
    CURRENCY = "Currency"
    RATE = "Exchange Rate"
    ADJUSTMENT = "Adjustment"


_HEADERS: Final = {
    Column.ENTRY: "entry entryid transactionid",
    Column.NUMBER: (
        "journalno journalnumber journalnum journalentryno journalentrynumber entryno entrynumber"
        " docnumber docno documentnumber documentno referencenumber referenceno refno refnumber"
        " reference number num no"
    ),
    Column.DATE: "journaldate date txndate transactiondate postingdate entrydate",
    Column.MEMO: "memo journalmemo privatenote note notes",
    Column.ACCOUNT: "account accountname accountfullname fullaccountname distributionaccount",
    Column.ACCOUNT_CODE: "accountcode accountno accountnumber accountnum acctnum glcode",
    Column.DEBIT: "debit debits debitamount dr",
    Column.CREDIT: "credit credits creditamount cr",
    Column.AMOUNT: "amount netamount signedamount",
    Column.DESCRIPTION: "description linedescription linememo memodescription",
    Column.NAME: "name contact contactname payee entity customer vendor supplier employee",
    Column.LOCATION: "location locationname department departmentname",
    Column.CLASS: "class classname",
    Column.PROJECT: "project projectname",
    Column.TRACKING: "tracking",
    Column.CURRENCY: "currency currencycode",
    Column.RATE: "exchangerate rate fxrate",
    Column.ADJUSTMENT: "adjustment isadjustment adjustingentry adjustingjournalentry",
}
_MEANINGS: Final = {
    header: column for column, headers in _HEADERS.items() for header in headers.split()
}
_DELIMITERS: Final = (",", ";", "\t", "|")


@dataclass(frozen=True, slots=True)
class Header:
    """The first row of a file: its names as written, and where each known column is.

    `line` is the line of the file it ends on; `unread` are names that mean nothing here.
    """

    delimiter: str
    names: tuple[str, ...]
    at: Mapping[Column, int]
    line: int
    unread: tuple[str, ...]

    def name(self, column: Column) -> str | None:
        """A column's name as the file writes it, or None if it has none."""
        at = self.at.get(column)
        return None if at is None else self.names[at]


def meaning(name: str) -> Column | None:
    """What a column of this name holds, None if it is not one that is known."""
    return _MEANINGS.get("".join(char for char in name.casefold() if char.isalnum()))


def read_header(preview: str) -> Header:
    """The header of a file, from its first lines; blank ones before it are passed over.

    The delimiter is the one that makes the most known columns. Raises `Unreadable` for a file
    that has not all the columns an entry needs, or two for the same thing.
    """
    best: Header | None = None
    for delimiter in _DELIMITERS:
        found = _header_with(preview, delimiter)
        if found is not None and (best is None or len(found.at) > len(best.at)):
            best = found
    if best is None:
        raise Unreadable(Fault(1, None, "the file has no header row"))
    _check(best)
    return best


def _header_with(preview: str, delimiter: str) -> Header | None:
    rows = csv.reader(io.StringIO(preview, newline=""), delimiter=delimiter)
    try:
        names = next((row for row in rows if any(map(str.strip, row))), None)
    except csv.Error:
        return None
    if names is None:
        return None
    at: dict[Column, int] = {}
    unread = []
    for index, name in enumerate(names):
        column = meaning(name)
        if column is not None and column not in at:
            at[column] = index
        elif name.strip():
            unread.append(name.strip())
    stripped = tuple(name.strip() for name in names)
    return Header(delimiter, stripped, at, rows.line_num, tuple(unread))


_NEEDED: Final = (
    ((Column.ENTRY, Column.NUMBER), "that tells the entries apart"),
    ((Column.DATE,), "for the date"),
    ((Column.ACCOUNT, Column.ACCOUNT_CODE), "for the account"),
    ((Column.AMOUNT, Column.DEBIT), "for amounts"),
)


def _check(header: Header) -> None:
    for columns, purpose in _NEEDED:
        if not any(column in header.at for column in columns):
            wanted = " or ".join(repr(column.value) for column in columns)
            message = f"there is no column {purpose}, such as {wanted}"
            raise Unreadable(Fault(header.line, None, message))
    if Column.AMOUNT not in header.at and Column.CREDIT not in header.at:
        message = "there is a column for debits and none for credits"
        raise Unreadable(Fault(header.line, None, message))
    if Column.AMOUNT in header.at and Column.DEBIT in header.at:
        message = "there are columns for debits and for signed amounts; leave one of them out"
        raise Unreadable(Fault(header.line, None, message))
    for name in header.unread:
        column = meaning(name)
        if column is not None:
            message = f"the columns {header.name(column)!r} and {name!r} mean the same"
            raise Unreadable(Fault(header.line, name, message))
