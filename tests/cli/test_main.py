"""Exit codes, and one clear line for what went wrong."""

import pytest
from tests.cli.conftest import Terminal

from daybook.app.ports import Store, StoreFailure


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("frobnicate",),
        ("verify", "--frobnicate"),
        ("company",),
        ("company", "create", "X"),
        ("import",),
        ("import", "x.csv", "--date-format", "ydm"),
        ("export", "x.csv", "--from", "yesterday"),
        ("token", "revoke", "first"),
        ("token", "create", "--client", "x", "--expires-in-days", "0"),
        ("token", "create", "--client", "x", "--scope", "everything"),
    ],
)
def test_wrong_usage_is_2(terminal: Terminal, arguments: tuple[str, ...]) -> None:
    assert terminal.run(*arguments) == 2
    assert "usage: daybook" in terminal.err
    assert terminal.out == ""


def test_help_and_version_are_0(terminal: Terminal) -> None:
    assert "commands:" in terminal.ok("--help")
    assert "--keep-good" in terminal.ok("import", "--help")
    assert terminal.ok("--version") == "daybook 1.2.3\n"


def test_serve_is_the_server_s(terminal: Terminal) -> None:
    assert terminal.run("serve", "--http", "127.0.0.1:9") == 7
    assert terminal.served[0].http == "127.0.0.1:9"


@pytest.mark.parametrize(
    ("failure", "line"),
    [
        (StoreFailure("no engine\nfor it"), "no engine for it"),
        (PermissionError(13, "Permission denied", "books.db"), "books.db: Permission denied"),
        (OSError("odd"), "odd"),
    ],
)
def test_failures_are_one_line(terminal: Terminal, failure: Exception, line: str) -> None:
    def fail(url: str) -> Store:
        raise failure

    terminal.open_store = fail
    assert terminal.fails("init") == line
    assert terminal.err.count("\n") == 1


def test_an_interrupt_is_130(terminal: Terminal) -> None:
    def interrupt(url: str) -> Store:
        raise KeyboardInterrupt

    terminal.open_store = interrupt
    assert terminal.run("init") == 130
    assert terminal.err == "daybook: interrupted\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("company", "list"),
        ("token", "list"),
        ("verify",),
        ("replay",),
        ("export", "x.csv"),
        ("backup", "x.db"),
    ],
)
def test_a_store_that_is_not_there_is_not_made(
    terminal: Terminal, arguments: tuple[str, ...]
) -> None:
    assert "there is no store" in terminal.fails(*arguments, "--store", "sqlite:///nowhere.db")
    assert not (terminal.folder / "nowhere.db").exists()


def test_the_store_is_that_of_the_option_then_of_the_environment(terminal: Terminal) -> None:
    terminal.variables["DAYBOOK_STORE"] = "sqlite:///variable.db"
    terminal.ok("init")
    terminal.ok("init", "--store", "sqlite:///option.db")
    assert (terminal.folder / "variable.db").exists()
    assert (terminal.folder / "option.db").exists()
    assert not (terminal.folder / "daybook.db").exists()
