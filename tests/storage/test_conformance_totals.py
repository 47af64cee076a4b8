"""What every storage engine promises about totals: now, as of any day, and at their bound."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from tests.support.records import (
    ADA,
    BANK,
    DAY,
    PAYABLE,
    RECEIVABLE,
    RENT,
    SALES,
    VERA,
    account,
    created,
    deletion,
    entry,
    keep,
    line,
    move,
    revision,
    transfer,
)
from tests.support.stores import balances

from daybook.app.ports import (
    LimitPassed,
    Store,
    Total,
)
from daybook.domain.events import (
    Change,
)
from daybook.domain.ids import (
    AccountId,
    CompanyId,
    ContactId,
    EntryId,
)
from daybook.domain.limits import TOTAL_MAX
from daybook.domain.model import (
    AccountKind,
    JournalEntry,
    Side,
    Status,
)

FIRST = EntryId(1)


def test_only_posted_live_entries_count(store: Store, books: CompanyId) -> None:
    pending = entry(1, transfer(5), status=Status.PENDING)
    review = entry(2, transfer(50), status=Status.REVIEW)
    posted = entry(3, transfer(500))
    keep(store, books, created(pending), created(review), created(posted))
    assert balances(store, books) == balances(store, books, DAY) == {BANK: -500, RENT: 500}
    change = move(pending, Status.POSTED)
    keep(store, books, change)
    assert balances(store, books) == balances(store, books, DAY) == {BANK: -505, RENT: 505}
    assert isinstance(change.after, JournalEntry)
    keep(store, books, deletion(change.after), deletion(review))
    assert balances(store, books) == balances(store, books, DAY) == {BANK: -500, RENT: 500}
    keep(store, books, deletion(posted))
    assert balances(store, books) == balances(store, books, DAY) == {}
    with store.read(books) as reader:
        assert reader.account_total(AccountId(RENT)) == Total(RENT, 0, 0)


def test_a_revision_moves_totals(store: Store, books: CompanyId) -> None:
    before = entry(1, transfer(100, RENT, BANK), date(2025, 12, 31))
    after = replace(before, lines=transfer(70, SALES, BANK), posting_date=date(2026, 1, 1))
    keep(store, books, created(before))
    assert balances(store, books, date(2025, 12, 31)) == {BANK: -100, RENT: 100}
    keep(store, books, revision(before, after))
    assert balances(store, books, date(2025, 12, 31)) == {}
    assert balances(store, books, date(2026, 1, 1)) == {BANK: -70, SALES: 70}
    assert balances(store, books) == {BANK: -70, SALES: 70}
    with store.read(books) as reader:
        assert reader.account_totals() == [Total(BANK, 0, 70), Total(SALES, 70, 0)]
        assert reader.account_total(AccountId(RENT)) == Total(RENT, 0, 0)


def test_totals_are_of_home_amounts_debits_and_credits_apart(
    store: Store, books: CompanyId
) -> None:
    foreign = tuple(replace(one, home_amount=85) for one in transfer(100))
    back = transfer(30, BANK, RENT)
    keep(store, books, created(entry(1, foreign)), created(entry(2, back)))
    with store.read(books) as reader:
        assert reader.account_totals() == [Total(BANK, 30, 85), Total(RENT, 85, 30)]
        assert reader.account_totals(DAY) == reader.account_totals()
        assert reader.account_total(AccountId(BANK)) == Total(BANK, 30, 85)


def test_an_account_with_lines_of_nothing_has_a_total_of_nothing(
    store: Store, books: CompanyId
) -> None:
    keep(store, books, created(entry(1, transfer(0))))
    with store.read(books) as reader:
        assert reader.account_totals() == [Total(BANK, 0, 0), Total(RENT, 0, 0)]
        assert reader.account_totals(DAY) == reader.account_totals()
        assert reader.account_totals(DAY - timedelta(1)) == []


def test_a_contact_is_owed_or_owes_on_open_items_alone(store: Store, books: CompanyId) -> None:
    invoice = (line(0, Side.DEBIT, 120, RECEIVABLE, ADA), line(1, Side.CREDIT, 120, SALES, ADA))
    payment = (line(0, Side.DEBIT, 50, BANK, ADA), line(1, Side.CREDIT, 50, RECEIVABLE, ADA))
    bill = (line(0, Side.DEBIT, 9, RENT, VERA), line(1, Side.CREDIT, 9, PAYABLE, VERA))
    keep(store, books, created(entry(1, invoice)), created(entry(2, payment)))
    keep(store, books, created(entry(3, bill, status=Status.PENDING)))
    with store.read(books) as reader:
        assert reader.contact_total(ContactId(ADA)) == Total(ADA, 120, 50)
        assert reader.contact_total(ContactId(VERA)) == Total(VERA, 0, 0)
    keep(store, books, move(entry(3, bill, status=Status.PENDING), Status.POSTED))
    keep(store, books, deletion(entry(2, payment)))
    with store.read(books) as reader:
        assert reader.contact_total(ContactId(ADA)) == Total(ADA, 120, 0)
        assert reader.contact_total(ContactId(VERA)) == Total(VERA, 0, 9)
        assert reader.contact_total(ContactId(99)) == Total(99, 0, 0)
        asked = [ContactId(VERA), ContactId(99), ContactId(2**70), ContactId(ADA)]
        assert reader.contact_totals(asked) == [reader.contact_total(id) for id in asked]
        assert reader.contact_totals([]) == []


BOUNDARIES = (
    date.min,
    date(999, 12, 31),
    date(1999, 12, 31),
    date(2000, 1, 1),
    date(2024, 2, 28),
    date(2024, 2, 29),
    date(2024, 3, 1),
    date(2025, 11, 30),
    date(2025, 12, 1),
    date(2025, 12, 30),
    date(2025, 12, 31),
    date(2026, 1, 1),
    date(2026, 1, 31),
    date(2026, 2, 1),
    date(2026, 10, 10),
    date(2030, 6, 15),
    date.max,
)


def test_totals_as_of_a_day_include_that_day_and_none_after(store: Store, books: CompanyId) -> None:
    """One entry on each day; each amount shows in a digit of its own."""
    amounts = {day: 2**at for at, day in enumerate(BOUNDARIES)}
    changes = [
        created(entry(at, transfer(amount), day))
        for at, (day, amount) in enumerate(amounts.items(), start=1)
    ]
    keep(store, books, *reversed(changes))
    for day in BOUNDARIES:
        for as_of in {day, _shifted(day, -1), _shifted(day, 1)}:
            amount = sum(each for posted, each in amounts.items() if posted <= as_of)
            expected = {BANK: -amount, RENT: amount} if amount else {}
            assert balances(store, books, as_of) == expected, as_of
    assert balances(store, books) == balances(store, books, date.max)


def _shifted(day: date, days: int) -> date:
    try:
        return day + timedelta(days)
    except OverflowError:
        return day


def test_totals_as_of_a_day_hold_through_thousands_of_events(
    store: Store, books: CompanyId
) -> None:
    """Long enough for engines that gather period totals to have to bring them up to date."""
    start = date(2023, 1, 1)
    expected: dict[date, int] = {}
    for batch in range(4):
        changes: list[Change] = []
        for number in range(batch * 600 + 1, batch * 600 + 601):
            day = start + timedelta(number * 7919 % 1_300)
            made = entry(number, transfer(number), day)
            changes.append(created(made))
            if number % 5 == 0:
                changes.append(deletion(made))
                continue
            if number % 7 == 0:
                later = replace(made, posting_date=day + timedelta(31))
                changes.append(revision(made, later))
                day = later.posting_date
            expected[day] = expected.get(day, 0) + number
        keep(store, books, *changes)
        for as_of in (start, date(2023, 12, 31), date(2024, 2, 29), date(2025, 7, 4), date.max):
            amount = sum(each for day, each in expected.items() if day <= as_of)
            wanted = {BANK: -amount, RENT: amount} if amount else {}
            assert balances(store, books, as_of) == wanted


@pytest.mark.parametrize("times", [1, 2])
def test_no_total_passes_its_bound(store: Store, books: CompanyId, times: int) -> None:
    """Exactly the bound is kept; the smallest amount more is refused, and nothing else."""
    most = TOTAL_MAX // times
    for number in range(1, times + 1):
        amount = most if number < times else TOTAL_MAX - most * (times - 1)
        keep(store, books, created(entry(number, transfer(amount))))
    with store.read(books) as reader:
        assert reader.account_total(AccountId(RENT)) == Total(RENT, TOTAL_MAX, 0)
        before = reader.head()
    with pytest.raises(LimitPassed):
        keep(store, books, created(entry(9, transfer(1))))
    with pytest.raises(LimitPassed):
        keep(store, books, created(entry(9, transfer(1, SALES, BANK))))
    with store.read(books) as reader:
        assert reader.head() == before
        assert reader.account_totals() == [Total(BANK, 0, TOTAL_MAX), Total(RENT, TOTAL_MAX, 0)]
        assert reader.account_totals(DAY) == reader.account_totals()
    keep(store, books, created(entry(9, transfer(1, SALES, RENT))))
    keep(store, books, deletion(entry(9, transfer(1, SALES, RENT))))


def test_no_total_of_a_contact_passes_its_bound(store: Store, books: CompanyId) -> None:
    """Two receivable accounts, each within the bound; the contact on both is not."""
    keep(store, books, created(account(6, AccountKind.RECEIVABLE)))
    first = (line(0, Side.DEBIT, TOTAL_MAX, RECEIVABLE, ADA), line(1, Side.CREDIT, TOTAL_MAX, BANK))
    second = (line(0, Side.DEBIT, 1, 6, ADA), line(1, Side.CREDIT, 1, SALES))
    keep(store, books, created(entry(1, first)))
    with pytest.raises(LimitPassed):
        keep(store, books, created(entry(2, second)))
    with store.read(books) as reader:
        assert reader.contact_total(ContactId(ADA)) == Total(ADA, TOTAL_MAX, 0)
        assert reader.account_total(AccountId(6)) == Total(6, 0, 0)
