"""What the command line is given by whoever starts it.

Commands know the application, not the engines or the server: those are handed in here by
`daybook.server.main`, which may import everything. Tests hand in others.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from daybook.app.ledger import system_clock
from daybook.app.ports import Clock, Store

Steps = Callable[[int, int], None]
"""Called with what is done and what there is in all, in the same unit."""


@dataclass(frozen=True, slots=True)
class SettingInForce:
    """A setting as it applies now, and where its value comes from (`default`, `environment`)."""

    name: str
    value: str
    source: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Environment:
    """The outside world of a command.

    `open_store` raises `StoreFailure` or `OSError` with a message for people, as do `backup` and
    `restore`. `restore` overwrites an existing store only if `replace` says so.
    `add_serve_options` adds the flags of `serve`, whose parsed values `serve` gets; its result is
    the exit code. `versions` names what the program runs on.
    """

    open_store: Callable[[str], Store]
    serve: Callable[[Namespace], int]
    add_serve_options: Callable[[ArgumentParser], None]
    backup: Callable[[str, Path, Steps], None]
    """Copies the store at a URL into a file, while it may be in use."""
    restore: Callable[[Path, str, bool, Steps], None]
    """Makes the store at a URL from a backup file: file, URL, whether to replace, progress."""
    settings: Callable[[], Sequence[SettingInForce]]
    versions: Callable[[], Mapping[str, str]]
    variables: Mapping[str, str] = field(default_factory=dict)
    """Environment variables."""
    clock: Clock = system_clock
