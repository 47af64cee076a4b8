"""Rows become entries: grouping, sides, notes, and faults with their places."""

from datetime import date
from decimal import Decimal
from io import StringIO

import pytest

from daybook.app.journal_csv.cells import DateOrder, DecimalMark
from daybook.app.journal_csv.columns import read_header
from daybook.app.journal_csv.faults import Unreadable
from daybook.app.journal_csv.limits import LINE_CHARACTERS_MAX
from daybook.app.journal_csv.reading import (
    Group,
    JournalReader,
    Reading,
    bounded_lines,
)
from daybook.domain.commands import EntryContent, LineDraft, NoteDraft
from daybook.domain.ids import ByCode, ByName
from daybook.domain.limits import LINES_MAX
from daybook.domain.model import CLASS, DEPARTMENT, PROJECT, TRACKING_PREFIX, ContactKind, Side

HEAD = "Journal No.,Date,Account,Debits,Credits"
SIGNED = "Journal No.,Date,Account,Amount"


def read(
    text: str,
    *,
    order: DateOrder = DateOrder.YEAR_FIRST,
    decimal: DecimalMark | None = None,
    currency: str = "GBP",
) -> list[Group]:
    reading = Reading(read_header(text), order, decimal, currency)
    lines = bounded_lines(StringIO(text, newline="").readline)
    return list(JournalReader(reading).groups(lines))


def contents(text: str) -> list[EntryContent]:
    found = []
    for group in read(text):
        assert group.content is not None, group.faults
        found.append(group.content)
    return found


def faults(text: str, currency: str = "GBP") -> list[str]:
    return [str(fault) for group in read(text, currency=currency) for fault in group.faults]


def test_rows_with_one_number_are_one_entry() -> None:
    first, second = contents(
        f"{HEAD}\n1,2026-01-31,Rent,12.00,\n1,2026-01-31,Bank,,12.00\n"
        "2,2026-02-01,Rent,1,\n,,Bank,,1\n"
    )
    assert first == EntryContent(
        (
            LineDraft(Side.DEBIT, 1200, ByName("Rent")),
            LineDraft(Side.CREDIT, 1200, ByName("Bank")),
        ),
        date(2026, 1, 31),
        "1",
    )
    assert second.doc_number == "2"
    assert len(second.lines) == 2


def test_an_empty_row_ends_an_entry_and_entries_may_have_no_number() -> None:
    groups = read(
        f"{HEAD}\n,2026-01-31,Rent,1,\n,2026-01-31,Bank,,1\n,,,,\n"
        ",2026-02-01,Rent,2,\n,,Bank,,2\n\n\n"
    )
    assert [group.lines for group in groups] == [[2, 3], [5, 6]]
    assert [group.content and group.content.doc_number for group in groups] == [None, None]


def test_the_entry_column_holds_entries_together() -> None:
    """Neighbours with the same document number stay two entries."""
    text = (
        "Entry,Journal No.,Date,Account,Amount\n"
        "7,A,2026-01-31,Rent,1\n7,A,2026-01-31,Bank,-1\n"
        "8,A,2026-01-31,Rent,2\n8,A,2026-01-31,Bank,-2\n"
    )
    assert [content.doc_number for content in contents(text)] == ["A", "A"]


def test_lines_are_counted_with_line_ends_inside_cells() -> None:
    text = (
        f'{HEAD},Description\r\n1,2026-01-31,Rent,1,,"two\r\nlines"\r\n1,,Bank,,1,\r\n'
        "2,2026-01-31,Rent,x,,\r\n"
    )
    first, second = read(text)
    assert first.lines == [2, 4]
    assert first.content is not None
    assert first.content.lines[0].description == "two\r\nlines"
    assert second.faults[0].line == 5


@pytest.mark.parametrize(
    ("cells", "side", "amount"),
    [
        ("5.00,", Side.DEBIT, 500),
        (",5.00", Side.CREDIT, 500),
        ("-5.00,", Side.CREDIT, 500),
        (",(5.00)", Side.DEBIT, 500),
        ("0.00,5.00", Side.CREDIT, 500),
        ("5.00,0", Side.DEBIT, 500),
        ("0.00,", Side.DEBIT, 0),
        (",0.00", Side.CREDIT, 0),
        ("0,0", Side.DEBIT, 0),
        (" - ,5", Side.CREDIT, 500),
        ('"1,234.50",', Side.DEBIT, 123450),
    ],
)
def test_the_side_of_a_line(cells: str, side: Side, amount: int) -> None:
    (content,) = contents(f"{HEAD}\n1,2026-01-31,Rent,{cells}\n")
    assert content.lines == (LineDraft(side, amount, ByName("Rent")),)


def test_signed_amounts() -> None:
    (content,) = contents(f"{SIGNED}\n1,2026-01-31,Rent,5\n1,,Bank,-5\n1,,Other,0\n")
    sides = [(line.side, line.amount) for line in content.lines if isinstance(line, LineDraft)]
    assert sides == [(Side.DEBIT, 500), (Side.CREDIT, 500), (Side.DEBIT, 0)]


def test_everything_an_entry_can_have() -> None:
    (content,) = contents(
        "Journal No.,Date,Memo,Account,Account Code,Amount,Description,Customer,Location,Class,"
        "Project,Tracking,Currency,Exchange Rate,Adjustment\n"
        "1,2026-01-31,Why,ignored,1100,5, text ,Ada,Leeds,Retail,Bridge,Region=North,USD,0.79,yes\n"
        ",,,,,,a note,,,,,,,,\n"
        "1,2026-01-31,Why,Bank,,-5,,,,,,,USD,0.79,yes\n"
    )
    line, note, last = content.lines
    assert isinstance(line, LineDraft)
    assert line.account == ByCode("1100")
    assert line.contact == ByName("Ada")
    assert line.contact_kind is ContactKind.CUSTOMER
    assert line.description == " text "
    assert dict(line.dimensions) == {
        DEPARTMENT: ByName("Leeds"),
        CLASS: ByName("Retail"),
        PROJECT: ByName("Bridge"),
        TRACKING_PREFIX + "Region": ByName("North"),
    }
    assert note == NoteDraft("a note")
    assert last.description is None
    assert content.memo == "Why"
    assert (content.currency, content.rate) == ("USD", Decimal("0.79"))
    assert content.adjustment


def test_a_currency_has_its_own_decimals() -> None:
    (content,) = contents("No,Date,Account,Amount,Currency\n1,2026-01-31,Rent,500,jpy\n")
    assert isinstance(content.lines[0], LineDraft)
    assert (content.currency, content.lines[0].amount) == ("JPY", 500)
    assert faults("No,Date,Account,Amount,Currency\n1,2026-01-31,Rent,5.1,JPY\n") == [
        "line 2, column Amount: more decimals than the currency has (here: '5.1')"
    ]


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ("1,,Rent,1,", "line 2, column Date: a date is needed (here: '')"),
        (
            "1,2026-13-01,Rent,1,",
            "line 2, column Date: no such day: year 2026, month 13, day 1 (here: '2026-13-01')",
        ),
        ("1,2026-01-31,,1,", "line 2, column Account: an account is needed (here: '')"),
        ("1,2026-01-31,Rent,,", "line 2, column Debits: an amount is needed (here: '')"),
        (
            "1,2026-01-31,Rent,1,2",
            "line 2, column Credits: a debit and a credit in one row (here: '1 / 2')",
        ),
        (
            "1,2026-01-31,Rent,1,\n1,2026-02-01,Bank,,1",
            "line 3, column Date: differs from '2026-01-31' in the first row of the entry"
            " (here: '2026-02-01')",
        ),
    ],
)
def test_faults_name_line_column_and_value(rows: str, told: str) -> None:
    assert faults(f"{HEAD}\n{rows}\n") == [told]


def test_all_faults_of_an_entry_are_told_and_the_next_one_is_read() -> None:
    bad, good = read(f"{HEAD}\n1,x,Rent,y,\n1,,Bank,,z\n2,2026-01-31,Rent,1,\n")
    assert [(fault.line, fault.column) for fault in bad.faults] == [
        (2, "Date"),
        (2, "Debits"),
        (3, "Credits"),
    ]
    assert good.content is not None


def test_thousands_that_may_be_decimals_are_refused() -> None:
    """With three decimals, as in dinars, 1,234 may mean either."""
    text = f'{SIGNED}\n1,2026-01-31,Rent,"1,234"\n'
    assert "thousands or decimals" in faults(text, "KWD")[0]
    (group,) = read(text, currency="KWD", decimal=DecimalMark.COMMA)
    assert group.content is not None
    assert isinstance(group.content.lines[0], LineDraft)
    assert group.content.lines[0].amount == 1234


def test_rows_may_be_short_but_not_long() -> None:
    assert len(contents(f"{HEAD}\n1,2026-01-31,Rent,1\n")) == 1
    assert len(contents(f"{HEAD}\n1,2026-01-31,Rent,1,,,\n")) == 1
    with pytest.raises(Unreadable, match=r"line 2: the row has 6 cells, the header 5"):
        read(f"{HEAD}\n1,2026-01-31,Rent,1,,7\n")


def test_what_is_not_csv_is_refused_at_its_line() -> None:
    with pytest.raises(Unreadable, match="line 3: not CSV"):
        read(f'{HEAD}\n1,2026-01-31,Rent,1,\n1,,"Bank"x,,1\n')


def test_an_entry_is_bounded() -> None:
    rows = "1,2026-01-31,Rent,1,\n" * (LINES_MAX + 5)
    (group,) = read(f"{HEAD}\n{rows}")
    assert f"{LINES_MAX + 5} rows" in group.faults[0].message
    assert len(group.rows) == LINES_MAX


def test_a_line_is_bounded() -> None:
    with pytest.raises(Unreadable, match="line 2: the line has more"):
        read(f"{HEAD}\n{'x' * LINE_CHARACTERS_MAX}\n")
