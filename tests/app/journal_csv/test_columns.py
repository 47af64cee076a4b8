"""Headers: which column means what, and what is missing."""

import pytest

from daybook.app.journal_csv.columns import Column, read_header
from daybook.app.journal_csv.faults import Unreadable


@pytest.mark.parametrize(
    "line",
    [
        "Journal No.,Journal Date,Account Name,Debits,Credits",
        "*JournalNo,*JournalDate,*AccountName,*Debits,*Credits",
        "JOURNAL-NO;journal date;account;Debit;Credit",
        "Num\tDate\tAccount\tDebit Amount\tCredit Amount",
        'Doc Number|"Txn Date"|Account Full Name|DR|CR',
    ],
)
def test_the_usual_headers_are_known(line: str) -> None:
    header = read_header(f"{line}\n")
    columns = (Column.NUMBER, Column.DATE, Column.ACCOUNT, Column.DEBIT, Column.CREDIT)
    assert [header.at[column] for column in columns] == [0, 1, 2, 3, 4]
    assert header.unread == ()
    assert header.line == 1


def test_blank_lines_may_come_first_and_a_name_may_have_two_lines() -> None:
    header = read_header('\n,,\n"Journal\nNo.",Date,Account,Amount\n')
    assert header.line == 4
    assert header.at[Column.AMOUNT] == 3


def test_columns_that_mean_nothing_are_told() -> None:
    header = read_header("Journal No.,Date,Account,Amount,Tax Code,,Colour\n")
    assert header.unread == ("Tax Code", "Colour")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "no header"),
        ("Date,Account,Amount", "tells the entries apart"),
        ("Journal No.,Account,Amount", "for the date"),
        ("Journal No.,Date,Amount", "for the account"),
        ("Journal No.,Date,Account", "for amounts"),
        ("Journal No.,Date,Account,Debit", "none for credits"),
        ("Journal No.,Date,Account,Debit,Credit,Amount", "leave one of them out"),
        ("Journal No.,Date,Account,Amount,Posting Date", "mean the same"),
    ],
)
def test_headers_that_are_refused(line: str, message: str) -> None:
    with pytest.raises(Unreadable, match=message):
        read_header(line)
