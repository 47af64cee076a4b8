"""Verify and replay from the command line."""

from collections.abc import Iterator

import pytest
from tests.cli.conftest import Terminal

from daybook.app.ports import Store
from daybook.domain.ids import CompanyId
from daybook.storage import open_store


def test_books_that_are_in_order(shop: Terminal) -> None:
    shop.ok("company", "create", "Other", "--currency", "GBP")
    lines = shop.ok("verify").splitlines()
    assert [line.split(":")[0] for line in lines] == ["mill", "other"]
    assert all(line.endswith(": all is well") for line in lines)
    assert len(shop.ok("verify", "--company", "mill").splitlines()) == 1


def test_findings_are_told_and_the_exit_code_is_1(
    shop: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(url: str) -> Store:
        store = open_store(url)

        def mismatches(company_id: CompanyId) -> Iterator[str]:
            yield "account 1 is kept otherwise"

        monkeypatch.setattr(store, "totals_mismatches", mismatches)
        return store

    shop.open_store = wrong
    assert shop.fails("verify") == "the books are not in order: 1 finding, told above"
    assert "mill: totals: account 1 is kept otherwise\n" in shop.out


def test_replay_compares_each_company(shop: Terminal) -> None:
    shop.ok("company", "create", "Other", "--currency", "GBP")
    assert shop.ok("replay").splitlines() == [
        "mill: the events rebuild every table as it is",
        "other: the events rebuild every table as it is",
    ]


def test_replay_may_keep_what_it_rebuilt(shop: Terminal) -> None:
    shop.ok("replay", "--into", "sqlite:///again.db")
    assert shop.ok("verify", "--store", "sqlite:///again.db").endswith("all is well\n")
    assert "not empty" in shop.fails("replay", "--into", "sqlite:///again.db")
    shop.ok("company", "create", "Other", "--currency", "GBP")
    assert "one company" in shop.fails("replay", "--into", "sqlite:///more.db")


def test_replay_tells_what_differs(shop: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(url: str) -> Store:
        store = open_store(url)
        if "replay.db" in url:
            monkeypatch.setattr(store, "table_fingerprints", lambda company_id: {})
        return store

    shop.open_store = other
    assert "the events rebuild other books" in shop.fails("replay")
    assert "the events rebuild nothing" in shop.out


def test_a_store_without_companies_is_in_order_and_says_so(terminal: Terminal) -> None:
    terminal.ok("init")
    for name in ("verify", "replay"):
        assert "sqlite:///daybook.db: 0 companies" in terminal.ok(name)


@pytest.mark.parametrize(
    "command",
    [
        "verify",
        "replay",
        "backup copy.db",
        "company list",
        "company create X --currency GBP",
        "token list",
        "export -",
    ],
)
def test_an_empty_file_is_no_store(terminal: Terminal, command: str) -> None:
    (terminal.folder / "zero.db").touch()
    message = terminal.fails(*command.split(), "--store", "sqlite:///zero.db")
    assert message.startswith("zero.db is an empty file, not a Daybook store")
    assert not (terminal.folder / "zero.db").stat().st_size


def test_the_doctor_leaves_an_empty_file_alone(terminal: Terminal) -> None:
    (terminal.folder / "daybook.db").touch()
    assert terminal.fails("doctor") == "1 thing to look at"
    assert not (terminal.folder / "daybook.db").stat().st_size
    terminal.ok("init")
