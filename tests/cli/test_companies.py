"""Stores and companies from the command line."""

import pytest
from tests.cli.conftest import Terminal

from daybook.cli.companies import slug_from


def test_a_store_is_made_once_and_found_again(terminal: Terminal) -> None:
    assert "0 companies" in terminal.ok("init")
    terminal.ok("company", "create", "Mill Road", "--currency", "GBP")
    assert "1 company" in terminal.ok("init")


def test_a_company_is_founded_and_listed(terminal: Terminal) -> None:
    terminal.ok("init")
    out = terminal.ok(
        "company",
        "create",
        "Mill Road",
        "--currency",
        "gbp",
        "--country",
        "gb",
        "--time-zone",
        "Europe/London",
        "--realm",
        "123456789",
        "--codat-id",
        "C0C4EF53-e70c-45d5-9af4-27aa486347d7",
        "--fiscal-year-start",
        "4",
    )
    assert "slug      mill-road\n" in out
    assert "realm     123456789\n" in out
    header, row = terminal.ok("company", "list").splitlines()
    assert header.split()[0] == "SLUG"
    assert "mill-road  Mill Road  GBP       123456789" in row
    assert "c0c4ef53-e70c-45d5-9af4-27aa486347d7" in row
    store = terminal.open_store("sqlite:///daybook.db")
    with store.read(store.directory.company_ids()[0]) as reader:
        company = reader.company
        assert reader.head().seq > 30  # the standard chart
    store.close()
    assert (company.country, company.time_zone) == ("GB", "Europe/London")
    assert company.fiscal_year_start == 4


def test_a_company_may_begin_without_accounts(shop: Terminal) -> None:
    out = shop.ok("company", "create", "Bare", "--currency", "USD", "--chart", "none")
    assert "accounts  0" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("X", "--currency", "XXX"), "no currency XXX"),
        (("X", "--currency", "GBP", "--time-zone", "Mars"), "no time zone 'Mars'"),
        (("X", "--currency", "GBP", "--slug", "A b"), "a slug has small letters"),
        (("12", "--currency", "GBP"), "a slug has small letters"),
        (("X", "--currency", "GBP", "--slug", "mill"), "mill"),
    ],
)
def test_what_is_refused(shop: Terminal, arguments: tuple[str, ...], message: str) -> None:
    assert message in shop.fails("company", "create", *arguments)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Mill Road Café Ltd.", "mill-road-cafe-ltd"),
        ("  3 Kings  ", "kings"),
        ("日本", ""),
        ("x" * 99, "x" * 63),
    ],
)
def test_slugs_are_made_from_names(name: str, slug: str) -> None:
    assert slug_from(name) == slug
