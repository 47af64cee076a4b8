"""Which period a form asks for: a name, or days that somebody has changed."""

import re
from datetime import date
from html import unescape

import pytest
from tests.support.web import CHECKING, RENT, Pages

from daybook.web.periods import CUSTOM, AskedPeriod, read_period

TODAY = date(2026, 11, 21)


def asked(**query: str) -> AskedPeriod:
    return read_period(query, TODAY, 1, "year-to-date")


def test_a_name_counts_where_the_days_are_those_that_were_shown() -> None:
    shown = asked().shown
    assert shown == "2026-01-01 2026-11-21"
    again = asked(period="last-year", **{"from": "2026-01-01", "to": "2026-11-21"}, shown=shown)
    assert (again.name, again.first, again.last) == (
        "last-year",
        date(2025, 1, 1),
        date(2025, 12, 31),
    )


@pytest.mark.parametrize("name", ["year-to-date", "last-year", "custom"])
def test_days_that_were_changed_count_whatever_is_chosen(name: str) -> None:
    days = {"from": "2025-02-01", "to": "2025-03-31"}
    found = asked(period=name, **days, shown="2026-01-01 2026-11-21")
    assert (found.name, found.first, found.last) == (CUSTOM, date(2025, 2, 1), date(2025, 3, 31))


def test_one_day_that_was_changed_counts() -> None:
    found = asked(period="year-to-date", to="2025-12-31", shown="2026-01-01 2026-11-21")
    assert (found.name, found.last) == (CUSTOM, date(2025, 12, 31))


def test_an_address_without_what_was_shown_goes_by_its_name() -> None:
    found = asked(period="last-year", **{"from": "2026-01-01", "to": "2026-11-21"})
    assert found.name == "last-year"


def test_nonsense_in_place_of_what_was_shown_does_no_harm() -> None:
    found = asked(period="last-year", to="2026-11-21", shown="x y z")
    assert (found.name, found.last) == (CUSTOM, date(2026, 11, 21))


@pytest.fixture(scope="module")
def site() -> Pages:
    site = Pages()
    site.post(1_000, posting_date=date(2025, 3, 5))
    return site


REPORTS = "/app/c/shop/reports"
BACKWARDS = "from=2025-12-31&to=2025-01-01"


@pytest.mark.parametrize(
    ("query", "said", "kept"),
    [
        (BACKWARDS, "before the first one", ("2025-12-31", "2025-01-01")),
        ("from=2025-02-30&to=2025-12-31", "A date is wanted", ("2025-02-30", "2025-12-31")),
        ("to=soon", "A date is wanted", (None, "soon")),
    ],
)
@pytest.mark.parametrize("place", ["profit-and-loss", "general-ledger", "account"])
def test_days_that_cannot_be_read_stay_as_typed_and_give_no_figures(
    site: Pages, place: str, query: str, said: str, kept: tuple[str | None, str]
) -> None:
    visitor = site.visitor("vera")
    address = f"/app/c/shop/accounts/{CHECKING}" if place == "account" else f"{REPORTS}/{place}"
    page = visitor.get(f"{address}?period=custom&{query}")
    assert page.has(said)
    assert page.field("to") == kept[1]
    assert kept[0] is None or page.field("from") == kept[0]
    assert "10.00" not in page.text
    assert "0.00" not in page.text
    file = visitor.get(f"{address}/csv?period=custom&{query}")
    assert (file.status, file.has(said)) == (400, True)


def test_a_day_that_does_not_exist_is_shown_in_a_field_that_can_show_it(site: Pages) -> None:
    """A date field would be empty."""
    page = site.visitor("vera").get(f"{REPORTS}/profit-and-loss?from=2025-02-30&to=2025-03-01")
    assert 'name="from" type="text"' in page.text
    assert 'name="to" type="date"' in page.text


def test_a_period_chosen_after_a_fault_counts(site: Pages) -> None:
    page = site.visitor("vera").get(f"{REPORTS}/profit-and-loss?period=custom&{BACKWARDS}")
    days = f"{BACKWARDS}&shown={page.field('shown').replace(' ', '+')}"
    again = site.visitor("vera").get(f"{REPORTS}/profit-and-loss?period=last-year&{days}")
    assert again.has("from 1 Jan 2025 to 31 Dec 2025")


def test_a_day_that_a_form_does_not_have_is_no_fault_of_it(site: Pages) -> None:
    """A balance sheet is of one day."""
    page = site.visitor("vera").get(f"{REPORTS}/balance-sheet?{BACKWARDS}")
    assert page.has("at the end of 1 Jan 2025")


@pytest.mark.parametrize("name", ["profit-and-loss", "general-ledger"])
def test_a_period_without_entries_offers_the_last_fiscal_year_that_has_some(
    site: Pages, name: str
) -> None:
    visitor = site.visitor("vera")
    page = visitor.get(f"{REPORTS}/{name}")
    assert page.has("The last entry is of 5 Mar 2025: show that fiscal year")
    link = re.search(r'href="([^"]*)">show that fiscal year', page.text)
    assert link is not None
    there = visitor.get(unescape(link[1]))
    assert there.has("from 1 Jan 2025 to 31 Dec 2025")
    assert there.has("10.00")
    assert not there.has("The last entry is of")


def test_an_account_without_lines_in_its_days_offers_those_that_have_some(site: Pages) -> None:
    visitor = site.visitor("vera")
    page = visitor.get(f"/app/c/shop/accounts/{RENT}?to=2026-09-01")
    link = re.search(r'href="([^"]*)">show that fiscal year', page.text)
    assert link is not None
    assert visitor.get(unescape(link[1])).has("5 Mar 2025")


def test_books_without_entries_offer_none() -> None:
    page = Pages().visitor("vera").get(f"{REPORTS}/profit-and-loss")
    assert page.status == 200
    assert not page.has("The last entry is of")


def test_each_period_to_choose_says_its_days(site: Pages) -> None:
    """A script puts them into the fields."""
    page = site.visitor("vera").get(f"{REPORTS}/profit-and-loss")
    assert 'value="last-year" data-from="2025-01-01" data-to="2025-12-31"' in page.text
