"""`daybook backup` and `daybook restore`: copies of a store."""

import argparse
from collections.abc import Mapping
from typing import TYPE_CHECKING

from daybook.app import credentials
from daybook.app.ports import StoreFailure, Token
from daybook.cli.environment import Environment
from daybook.cli.kit import (
    Failure,
    add_command,
    add_store_option,
    counted,
    file_name,
    file_of,
    is_empty,
    print_aside,
    print_line,
    store_url,
    the_store,
)
from daybook.cli.progress import Progress

if TYPE_CHECKING:
    from daybook.cli.kit import Commands


def add_parsers(commands: "Commands") -> None:
    """The commands of this module."""
    parser = add_command(
        commands, "backup", "copy a store into a file, also while a server uses it", backup
    )
    parser.add_argument(
        "file", metavar="FILE", type=file_name, help="the file to write; it must be new"
    )
    add_store_option(parser)
    parser = add_command(
        commands, "restore", "make a store from a backup, while no server uses it", restore
    )
    parser.add_argument("file", metavar="FILE", type=file_name, help="a file that `backup` wrote")
    parser.add_argument(
        "--replace", action="store_true", help="put it in the place of a store that is there"
    )
    parser.add_argument(
        "--revoke-tokens",
        action="store_true",
        help="revoke every token that the backup holds (default: they count as they did then, also"
        " those revoked since, and a warning says how many)",
    )
    add_store_option(parser)


def backup(arguments: argparse.Namespace, environment: Environment) -> int:
    """Copy a store."""
    url = the_store(arguments, environment)
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
        raise Failure(
            f"there is a store at {url} already; with --replace the backup takes its place, and"
            " what it holds is lost"
        )
    before = _valid_tokens(url, environment)
    with Progress("restore", "pages") as progress:
        environment.restore(arguments.file, url, arguments.replace, progress.steps)
    print_line(f"{url} is restored from {arguments.file}, checked.")
    valid = _valid_tokens(url, environment) or {}
    if not valid:
        return 0
    if arguments.revoke_tokens:
        _revoke(valid, url, environment)
    else:
        _warn(valid, before)
    return 0


def _valid_tokens(url: str, environment: Environment) -> dict[bytes, Token] | None:
    """The tokens of a store that are believed now, by hash; None where it cannot be looked into."""
    kept = file_of(url)
    if kept is None or not kept.is_file() or is_empty(kept):
        return None
    try:
        store = environment.open_store(url)
    except (StoreFailure, OSError):  # what is replaced is often what is broken
        return None
    try:
        now = environment.clock()
        tokens = store.directory.tokens()
        return {token.hash: token for token in tokens if credentials.fault(token, now) is None}
    except StoreFailure:
        return None
    finally:
        store.close()


def _revoke(valid: Mapping[bytes, Token], url: str, environment: Environment) -> None:
    store = environment.open_store(url)
    try:
        revoked = credentials.revoke_those(
            store.directory,
            environment.clock,
            lambda table: [token for token in table.tokens() if token.hash in valid],
        )
    finally:
        store.close()
    print_line(f"{counted(len(revoked), 'token is', 'tokens are')} revoked.")


def _warn(valid: Mapping[bytes, Token], before: Mapping[bytes, Token] | None) -> None:
    """Tokens and secrets are those of the backup: what was withdrawn since is back."""
    again = "" if before is None else f", {len(valid.keys() - before.keys())} of them anew"
    print_aside(
        f"warning: {counted(len(valid), 'token', 'tokens')} of the backup will be believed{again},"
        " even if revoked since it was made; `daybook token list` shows them, `daybook token"
        " revoke` withdraws one, `restore --revoke-tokens` all"
    )
