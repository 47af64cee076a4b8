"""`daybook backup` and `daybook restore`: copies of a store."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from daybook.cli.environment import Environment
from daybook.cli.kit import (
    Failure,
    add_command,
    add_store_option,
    file_of,
    print_line,
    store_url,
)
from daybook.cli.progress import Progress

if TYPE_CHECKING:
    from daybook.cli.kit import Commands


def add_parsers(commands: "Commands") -> None:
    """The commands of this module."""
    parser = add_command(
        commands, "backup", "copy a store into a file, also while a server uses it", backup
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="the file to write; it must be new")
    add_store_option(parser)
    parser = add_command(
        commands, "restore", "make a store from a backup, while no server uses it", restore
    )
    parser.add_argument("file", metavar="FILE", type=Path, help="a file that `backup` wrote")
    parser.add_argument(
        "--replace", action="store_true", help="put it in the place of a store that is there"
    )
    add_store_option(parser)


def backup(arguments: argparse.Namespace, environment: Environment) -> int:
    """Copy a store."""
    url = store_url(arguments, environment)
    kept = file_of(url)
    if kept is not None and not kept.exists():
        raise Failure(f"there is no store at {url}")
    if arguments.file.exists():
        raise Failure(f"{arguments.file} is there already; a backup is a new file")
    with Progress("backup", "pages") as progress:
        environment.backup(url, arguments.file, progress.steps)
    print_line(f"{url} is backed up in {arguments.file}, checked.")
    return 0


def restore(arguments: argparse.Namespace, environment: Environment) -> int:
    """Make a store from a backup."""
    url = store_url(arguments, environment)
    if not arguments.file.exists():
        raise Failure(f"there is no file {arguments.file}")
    kept = file_of(url)
    if kept is not None and kept.exists() and not kept.is_file():
        raise Failure(f"{kept} is no file")
    if kept is not None and kept.exists() and not arguments.replace:
        raise Failure(f"there is a store at {url} already; --replace gives it up")
    with Progress("restore", "pages") as progress:
        environment.restore(arguments.file, url, arguments.replace, progress.steps)
    print_line(f"{url} is restored from {arguments.file}, checked.")
    return 0
