"""`daybook verify` and `daybook replay`: proofs that the books are right."""

import argparse
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from daybook.app.audit import audit
from daybook.app.ports import Store
from daybook.app.replay import ReplayFailed, replay
from daybook.cli.environment import Environment
from daybook.cli.kit import (
    Failure,
    add_command,
    add_company_option,
    add_store_option,
    companies_of,
    counted,
    opened_store,
    print_line,
    slug_of,
)
from daybook.cli.progress import Progress

if TYPE_CHECKING:
    from daybook.cli.kit import Commands


def add_parsers(commands: "Commands") -> None:
    """The commands of this module."""
    parser = add_command(
        commands, "verify", "check the hash chain, balances, totals and references", verify
    )
    add_company_option(parser, "all companies")
    add_store_option(parser)
    parser = add_command(
        commands,
        "replay",
        "rebuild companies from their events elsewhere and compare with the books",
        rebuild,
    )
    add_company_option(parser, "all companies, one after the other")
    parser.add_argument(
        "--into",
        metavar="URL",
        help="an empty store to rebuild in and keep; with it name one company (default: a"
        " temporary store for each)",
    )
    add_store_option(parser)


def verify(arguments: argparse.Namespace, environment: Environment) -> int:
    """Audit companies; findings go to standard output."""
    findings = 0
    with opened_store(arguments, environment) as store:
        companies = companies_of(store, arguments.company)
        if not companies:
            print_line(f"{store.url}: 0 companies, nothing to check")
        for company_id in companies:
            slug = slug_of(store, company_id)
            with Progress(f"verify {slug}", "events") as progress:
                found = audit(store, company_id, progress.steps)
            for finding in found.findings:
                print_line(f"{slug}: {finding}")
            if not found.complete:
                print_line(f"{slug}: there are more findings, which were not looked for")
            findings += len(found.findings)
            wrong = counted(len(found.findings), "finding", "findings")
            verdict = wrong if found.findings else "all is well"
            print_line(
                f"{slug}: {found.events} events, {found.entries} entries,"
                f" chain {found.hash.hex()}: {verdict}"
            )
    if findings:
        wrong = counted(findings, "finding", "findings")
        raise Failure(f"the books are not in order: {wrong}, told above")
    return 0


def rebuild(arguments: argparse.Namespace, environment: Environment) -> int:
    """Replay companies and compare."""
    differing = 0
    with opened_store(arguments, environment) as store:
        companies = companies_of(store, arguments.company)
        if not companies:
            print_line(f"{store.url}: 0 companies, nothing to rebuild")
            return 0
        if arguments.into is not None and len(companies) != 1:
            raise Failure("--into takes one company; name it with --company")
        for company_id in companies:
            slug = slug_of(store, company_id)
            with (
                _store_for_rebuilding(arguments.into, environment) as target,
                Progress(f"replay {slug}", "events") as progress,
            ):
                try:
                    differences = replay(store, company_id, target, progress.steps)
                except ReplayFailed as failed:
                    raise Failure(f"{slug}: {failed}") from failed
            for difference in differences:
                print_line(f"{slug}: {difference}")
            differing += len(differences)
            if not differences:
                print_line(f"{slug}: the events rebuild every table as it is")
    if differing:
        tables = counted(differing, "table differs", "tables differ")
        raise Failure(f"the events rebuild other books: {tables}, told above")
    return 0


@contextmanager
def _store_for_rebuilding(url: str | None, environment: Environment) -> Iterator[Store]:
    with tempfile.TemporaryDirectory(prefix="daybook-replay-") as folder:
        store = environment.open_store(url or f"sqlite:///{Path(folder) / 'replay.db'}")
        try:
            yield store
        finally:
            store.close()
