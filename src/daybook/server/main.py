"""The program's entry: hands the command line what only this layer may know."""

import os
import platform
import sys
from argparse import Namespace
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from daybook import __version__
from daybook.app.ports import Store
from daybook.cli.environment import Environment, Steps
from daybook.server.config import ConfigError, add_options, in_force, read_config

_LIBRARIES: Final = ("apsw", "msgspec", "uvicorn", "uvloop", "httptools")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; answers with the process's exit code."""
    from daybook.cli.main import run

    return run(list(sys.argv[1:] if arguments is None else arguments), environment())


def environment() -> Environment:
    """The world as it is, for the commands."""
    return Environment(
        open_store=_open_store,
        serve=serve,
        add_serve_options=add_options,
        backup=_backup,
        restore=_restore,
        settings=lambda: in_force(os.environ),
        versions=versions,
        variables=os.environ,
    )


def serve(arguments: Namespace) -> int:
    """The command `serve`."""
    try:
        config = read_config(os.environ, vars(arguments))
    except ConfigError as error:
        sys.stderr.write(f"daybook serve: {error}\n")
        return 2
    from daybook.server import run

    return run.serve(config)


def versions() -> Mapping[str, str]:
    """What the program runs on."""
    found = {"daybook": __version__, "python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            found[library] = "not installed"
    return found


def _open_store(url: str) -> Store:
    from daybook.storage import open_store

    return open_store(url)


def _backup(url: str, file: Path, steps: Steps) -> None:
    from daybook.storage.sqlite.backup import backup
    from daybook.storage.sqlite.store import path_of

    backup(path_of(url), file, steps)


def _restore(file: Path, url: str, replace: bool, steps: Steps) -> None:
    from daybook.storage.sqlite.backup import Existing, restore
    from daybook.storage.sqlite.store import path_of

    existing = Existing.REPLACE if replace else Existing.REFUSE
    restore(file, path_of(url), steps, existing)
