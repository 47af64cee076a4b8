"""Trial balances: columns that agree, fiscal years that start anew."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.shop import carry_out, credit, debit, post, shop

from daybook.app.reports import Carrying, TrialBalance, fiscal_year_start, trial_balance
from daybook.domain.commands import CreateEntry, EntryContent
from daybook.domain.ids import EntryId
from daybook.domain.model import Status


def shown(balance: TrialBalance) -> dict[str, int]:
    return {row.name: row.debit - row.credit for row in balance.rows}


def test_balances_stand_in_their_columns_by_class_and_name() -> None:
    books = shop()
    post(books, debit("Bank", 500), credit("Sales", 500))
    post(books, debit("Costs:Rent", 120), credit("Bank", 120))
    post(books, debit("Costs:Other", 5), credit("Costs:Other", 5))
    post(books, debit("Bank", 99), credit("Sales", 99), status=Status.PENDING)
    with books.read() as reader:
        balance = trial_balance(reader)
    rows = [(row.name, row.debit, row.credit) for row in balance.rows]
    assert rows == [("Bank", 380, 0), ("Sales", 0, 500), ("Costs:Rent", 120, 0)]
    assert balance.debit == balance.credit == 500
    assert (balance.currency, balance.as_of) == ("GBP", None)


def test_earlier_profit_is_carried_to_retained_earnings() -> None:
    books = shop()
    post(books, debit("Bank", 500), credit("Sales", 500), day=date(2024, 7, 1))
    post(books, debit("Bank", 300), credit("Sales", 300), day=date(2025, 7, 1))
    with books.read() as reader:
        assert shown(trial_balance(reader, date(2024, 12, 31))) == {"Bank": 500, "Sales": -500}
        assert shown(trial_balance(reader, date(2025, 1, 1))) == {"Bank": 500, "Retained": -500}
        later = trial_balance(reader, date(2025, 12, 31))
        assert shown(later) == {"Bank": 800, "Retained": -500, "Sales": -300}
        posted = trial_balance(reader, date(2025, 12, 31), Carrying.AS_POSTED)
        assert shown(posted) == {"Bank": 800, "Sales": -800}
        assert shown(trial_balance(reader)) == {"Bank": 800, "Sales": -800}


@pytest.mark.parametrize(
    ("month", "day", "start"),
    [
        (1, date(2026, 1, 1), date(2026, 1, 1)),
        (4, date(2026, 3, 31), date(2025, 4, 1)),
        (4, date(2026, 4, 1), date(2026, 4, 1)),
        (12, date(2026, 11, 30), date(2025, 12, 1)),
    ],
)
def test_fiscal_years_start_in_their_month(month: int, day: date, start: date) -> None:
    books = shop(fiscal_year_start=month)
    with books.read() as reader:
        assert fiscal_year_start(reader.company, day) == start


@given(
    st.lists(
        st.tuples(
            st.dates(date(2023, 1, 1), date(2027, 12, 31)),
            st.integers(1, 10**6),
            st.permutations(["Bank", "Sales", "Costs:Rent", "Retained"]),
        ),
        max_size=12,
    ),
    st.dates(date(2022, 1, 1), date(2028, 12, 31)),
    st.integers(1, 12),
    st.sampled_from(Carrying),
)
def test_columns_always_agree(
    posted: list[tuple[date, int, list[str]]], as_of: date, month: int, carrying: Carrying
) -> None:
    books = shop(fiscal_year_start=month)
    if posted:
        carry_out(
            books,
            [
                CreateEntry(
                    EntryContent((debit(names[0], amount), credit(names[1], amount)), day),
                    entry_id=EntryId(number),
                )
                for number, (day, amount, names) in enumerate(posted, start=1)
            ],
        )
    with books.read() as reader:
        balance = trial_balance(reader, as_of, carrying)
    assert balance.debit == balance.credit
    # The balance sheet side of it is what was posted, whatever is carried.
    bank = sum(
        amount * ((names[0] == "Bank") - (names[1] == "Bank"))
        for day, amount, names in posted
        if day <= as_of
    )
    assert shown(balance).get("Bank", 0) == bank
