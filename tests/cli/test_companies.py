"""Stores and companies from the command line."""

import pytest
from tests.cli.conftest import Terminal

from daybook.cli.companies import slug_from


def test_a_store_is_made_once_and_found_again(terminal: Terminal) -> None:
    assert "0 companies" in terminal.ok("init")
    terminal.ok("company", "create", "Mill Road", "--currency", "GBP")
    assert "1 company" in terminal.ok("init")


def test_the_hint_names_the_store_that_was_named(terminal: Terminal) -> None:
    out = terminal.ok("init", "--store", "sqlite:///books.db")
    assert out.endswith("company create NAME --currency CODE --store sqlite:///books.db\n")
    assert terminal.ok("init").endswith("company create NAME --currency CODE\n")


def test_what_is_in_memory_cannot_be_made_ready(terminal: Terminal) -> None:
    assert "there is nothing to make" in terminal.fails("init", "--store", "memory://")


def test_a_number_is_asked_for_by_its_name(terminal: Terminal) -> None:
    create = ("company", "create", "X", "--currency", "GBP", "--fiscal-year-start", "x")
    assert terminal.run(*create) == 2
    assert "'x' is not a whole number" in terminal.err


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
    assert "currency  USD\ncountry   US\ntime zone UTC\n" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("X", "--currency", "XXX"), "no currency XXX"),
        (("X", "--currency", "GBP", "--time-zone", "Mars"), "no time zone 'Mars'"),
        (("X", "--currency", "GBP", "--slug", "A b"), "a slug has small letters"),
        (("X", "--currency", "GBP", "--slug", ""), "a slug has small letters"),
        (("12", "--currency", "GBP"), "no slug can be made from the name '12'"),
        (("日本", "--currency", "GBP"), "give one with --slug"),
        (("", "--currency", "GBP"), "a company needs a name"),
        ((" ", "--currency", "GBP", "--slug", "x"), "a company needs a name"),
        (("X", "--currency", "GBP", "--country", "XX"), "no country 'XX' in ISO 3166"),
        (("X", "--currency", "GBP", "--store", "memory://"), "memory:// is gone when its process"),
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
