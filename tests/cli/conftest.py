"""A command line with a store of its own and no server behind it."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from tests.support.clock import TestClock

from daybook.app.ports import Store, StoreFailure
from daybook.cli.environment import Environment, SettingInForce, Steps
from daybook.cli.main import run
from daybook.storage import open_store
from daybook.storage.sqlite.backup import Existing, backup, restore
from daybook.storage.sqlite.store import path_of


@dataclass
class Terminal:
    """Runs commands in a folder of its own; says what they printed and how they ended."""

    capture: pytest.CaptureFixture[str]
    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    served: list[Namespace] = field(default_factory=list)
    copied: list[tuple[object, ...]] = field(default_factory=list)
    open_store: Callable[[str], Store] = open_store
    clock: TestClock = field(default_factory=TestClock)
    copies: bool = False
    """Whether backup and restore are the real ones, and not only noted."""
    out: str = ""
    err: str = ""

    def environment(self) -> Environment:
        return Environment(
            open_store=self.open_store,
            serve=self._serve,
            add_serve_options=_serve_options,
            backup=self._backup,
            restore=self._restore,
            settings=lambda: [
                SettingInForce("store", "sqlite:///daybook.db", "default", "where the books are"),
                SettingInForce("origin", "", "default", "how callers reach it"),
            ],
            versions=lambda: {"daybook": "1.2.3", "python": "3"},
            variables=self.variables,
            clock=self.clock,
        )

    def run(self, *arguments: str) -> int:
        code = run(arguments, self.environment())
        self.out, self.err = self.capture.readouterr()
        return code

    def ok(self, *arguments: str) -> str:
        assert self.run(*arguments) == 0, self.err
        return self.out

    def fails(self, *arguments: str) -> str:
        """A failure: exit code 1, and one line at the end of standard error, which is answered."""
        assert self.run(*arguments) == 1, self.out
        last = self.err.splitlines()[-1]
        assert last.startswith("daybook: ")
        assert "Traceback" not in self.err
        return last.removeprefix("daybook: ")

    def _serve(self, arguments: Namespace) -> int:
        self.served.append(arguments)
        return 7

    def _backup(self, url: str, file: Path, steps: Steps) -> None:
        if self.copies:
            backup(path_of(url), file, steps)
            return
        steps(1, 1)
        self.copied.append((url, file))
        if file.name == "full.db":
            raise StoreFailure("the disk is full")

    def _restore(self, file: Path, url: str, replace: bool, steps: Steps) -> None:
        if self.copies:
            restore(file, path_of(url), steps, Existing.REPLACE if replace else Existing.REFUSE)
            return
        steps(1, 1)
        self.copied.append((file, url, replace))


def _serve_options(parser: ArgumentParser) -> None:
    parser.add_argument("--http")


@pytest.fixture
def terminal(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Terminal:
    monkeypatch.chdir(tmp_path)
    return Terminal(capfd, tmp_path)


@pytest.fixture
def shop(terminal: Terminal) -> Terminal:
    """A terminal in whose folder there is a store with one company, `mill`."""
    terminal.ok("init")
    terminal.ok("company", "create", "Mill Road", "--slug", "mill", "--currency", "GBP")
    return terminal
