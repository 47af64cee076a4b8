"""What commands share: the store they work on, the company they mean, how they fail.

A command is a function from parsed arguments and the environment to an exit code. It raises
`Failure` for what goes wrong; `main` prints that as one line on standard error.
"""

import argparse
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

from daybook.app.access import OPERATOR
from daybook.app.ports import Store
from daybook.app.sessions import WEB
from daybook.app.trail import By, Happening, Trail, What
from daybook.cli.environment import Environment
from daybook.domain.events import Actor
from daybook.domain.ids import CompanyId
from daybook.domain.refusals import Refusal

if TYPE_CHECKING:
    # The type of what add_subparsers() returns is private to argparse at run time.
    Commands = argparse._SubParsersAction[ArgumentParser]

DEFAULT_STORE: Final = "sqlite:///daybook.db"
STORE_VARIABLE: Final = "DAYBOOK_STORE"

DIGITS_MAX: Final = 15
"""Digits of a number that is typed in; none that means something has more."""

ACTOR: Final = Actor("operator", "cli")
"""On whose behalf the command line acts: that of whoever may run it."""

Run = Callable[[argparse.Namespace, Environment], int]
"""Carries out a command; answers with the exit code."""


class Failure(Exception):
    """A command that failed; the message is one clear sentence."""


def add_command(commands: "Commands", name: str, summary: str, run: Run) -> ArgumentParser:
    """A command with its one-line summary, which ends its own help too."""
    parser = commands.add_parser(name, help=summary, description=f"{summary}.")
    parser.set_defaults(run=run)
    return parser


def add_store_option(parser: ArgumentParser) -> None:
    """The option that says which store a command works on."""
    parser.add_argument(
        "--store",
        metavar="URL",
        help="where the books are: sqlite:///relative/path or sqlite:////absolute/path"
        f" [{STORE_VARIABLE}; default: {DEFAULT_STORE}]",
    )


def add_company_option(parser: ArgumentParser, otherwise: str) -> None:
    """The option that says which company a command is about."""
    parser.add_argument(
        "--company",
        metavar="NAME",
        help=f"slug, realm number or Codat id of the company (default: {otherwise})",
    )


def store_url(arguments: argparse.Namespace, environment: Environment) -> str:
    """The address of the store: from the option, the environment variable or the default."""
    url: str | None = arguments.store
    return url or environment.variables.get(STORE_VARIABLE) or DEFAULT_STORE


def file_of(url: str) -> Path | None:
    """The file behind a store's address, or None for a store that is not one file."""
    prefix = "sqlite:///"
    return Path(url.removeprefix(prefix)) if url.startswith(prefix) else None


def file_name(text: str) -> Path:
    """The argument that names a file, for `type=`."""
    if not text:
        raise argparse.ArgumentTypeError("a file name is needed")
    return Path(text)


def whole_number(text: str) -> int:
    """The argument that is a count, for `type=`."""
    if not text.isascii() or not text.isdigit() or len(text) > DIGITS_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number")
    return int(text)


def day(text: str) -> date:
    """The argument that is a day, for `type=`."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is not a day of the calendar, written as in 2026-01-31"
        raise argparse.ArgumentTypeError(message) from None


def the_store(arguments: argparse.Namespace, environment: Environment) -> str:
    """The address of a store that is there. Raises `Failure`.

    Commands do not make stores, `init` does: a slip in the address would make an empty one.
    """
    url = store_url(arguments, environment)
    if url.startswith("memory:"):
        raise Failure(f"{url} is gone when its process ends; only `daybook serve` can use it")
    file = file_of(url)
    if file is not None and not file.exists():
        raise Failure(f"there is no store at {url}; `daybook init` makes one")
    if file is not None and is_empty(file):
        raise Failure(f"{file} is an empty file, not a Daybook store; `daybook init` makes it one")
    return url


def is_empty(file: Path) -> bool:
    """Whether a file has no bytes. An engine would take it for a store that is still to be made."""
    return file.is_file() and not file.stat().st_size


@contextmanager
def opened_store(arguments: argparse.Namespace, environment: Environment) -> Iterator[Store]:
    """The store a command works on, which must be there already. Raises `Failure`."""
    store = environment.open_store(the_store(arguments, environment))
    try:
        yield store
    finally:
        store.close()


def find_company(store: Store, name: str) -> CompanyId:
    """The company of a slug, realm number or Codat id. Raises `Failure`."""
    directory = store.directory
    for found in (
        directory.by_slug(name),
        directory.by_realm(name),
        directory.by_codat_id(name.lower()),
    ):
        if found is not None:
            return found
    raise Failure(f"there is no company {name!r} in {store.url}")


def the_company(store: Store, name: str | None) -> CompanyId:
    """The company that was named, or the only one there is. Raises `Failure`."""
    if name is not None:
        return find_company(store, name)
    companies = store.directory.company_ids()
    if len(companies) == 1:
        return companies[0]
    if not companies:
        raise Failure(f"there is no company in {store.url}; `daybook company create` makes one")
    slugs = ", ".join(slug_of(store, company) for company in companies)
    raise Failure(f"say with --company which one is meant: {slugs}")


def companies_of(store: Store, name: str | None) -> list[CompanyId]:
    """The company that was named, or all of them."""
    return store.directory.company_ids() if name is None else [find_company(store, name)]


def slug_of(store: Store, company_id: CompanyId) -> str:
    """How people call a company."""
    names = store.directory.names(company_id)
    return str(company_id) if names is None else names.slug


def companies_shown(store: Store, company_ids: frozenset[CompanyId]) -> str:
    """The companies that a credential opens; none of them means all."""
    if not company_ids:
        return "all companies"
    return " ".join(slug_of(store, company) for company in sorted(company_ids))


def note(
    store: Store,
    environment: Environment,
    what: What,
    subject: str,
    company_ids: frozenset[CompanyId],
    told: str = "",
) -> None:
    """Leave in the trail of access what somebody on the machine itself has done."""
    happening = Happening(what, subject, By(OPERATOR.client), company_ids, told)
    Trail(store.directory, environment.clock).note(happening)


def by(client: str, user: str | None) -> str:
    """Who did something: the person, and the application they did it through, other than the web
    pages; that alone where no person is known.
    """
    if user is None:
        return client
    return user if client in (user, WEB) else f"{user}, through {client}"


def sentence(refusals: Sequence[Refusal]) -> str:
    """Refusals as one line."""
    return "; ".join(refusal.message for refusal in refusals)


def counted(count: int, one: str, more: str) -> str:
    """A number with its noun."""
    return f"{count} {one if count == 1 else more}"


def print_line(text: str = "") -> None:
    """A line of result on standard output."""
    sys.stdout.write(f"{text}\n")


def print_aside(text: str) -> None:
    """A line that is not a result, on standard error."""
    sys.stderr.write(f"{text}\n")


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as their longest cell, parted by two blanks."""
    table = [header, *rows]
    widths = [max(len(row[at]) for row in table) for at in range(len(header))]
    for row in table:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print_line("  ".join(cells).rstrip())
