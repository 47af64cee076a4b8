"""The doctor shows what is in force, and advises."""

from tests.cli.conftest import Terminal

from daybook.app.ports import Store, StoreFailure


def test_all_is_well(shop: Terminal) -> None:
    out = shop.ok("doctor")
    assert "daybook      1.2.3" in out
    assert "store   sqlite:///daybook.db  default" in out
    assert "company mill" in out
    assert out.endswith("All is well.\n")


def test_the_store_of_the_option_is_told_as_such(shop: Terminal) -> None:
    out = shop.ok("doctor", "--store", "sqlite:///./daybook.db")
    assert "store   sqlite:///./daybook.db  --store" in out
    assert "sqlite:///daybook.db  default" not in out


def test_a_store_that_is_not_there(terminal: Terminal) -> None:
    assert terminal.fails("doctor") == "1 thing to look at"
    assert "`daybook init` makes one" in terminal.out


def test_a_store_without_companies(terminal: Terminal) -> None:
    terminal.ok("init")
    terminal.fails("doctor")
    assert "`daybook company create` makes one" in terminal.out


def test_a_store_that_cannot_be_opened(shop: Terminal) -> None:
    def fail(url: str) -> Store:
        raise StoreFailure("made by a later version")

    shop.open_store = fail
    shop.fails("doctor")
    assert "- the store cannot be opened: made by a later version\n" in shop.out


def test_misspelt_variables_and_open_files(shop: Terminal) -> None:
    shop.variables["DAYBOOK_STROE"] = "x"
    shop.variables["DAYBOOK_TEST_SLOW"] = "1"
    (shop.folder / "daybook.db").chmod(0o666)
    assert shop.fails("doctor") == "2 things to look at"
    assert "DAYBOOK_STROE means nothing" in shop.out
    assert "chmod o-w" in shop.out
