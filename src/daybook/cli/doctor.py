"""`daybook doctor`: what is in force, what it runs on, and whether the store is well."""

import argparse
import shutil
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from daybook.app.audit import quick_check
from daybook.app.ports import Store, StoreFailure
from daybook.cli.environment import Environment
from daybook.cli.kit import (
    Failure,
    add_command,
    add_store_option,
    counted,
    file_of,
    is_empty,
    print_line,
    print_table,
    slug_of,
    store_url,
)

if TYPE_CHECKING:
    from daybook.cli.kit import Commands

FREE_BYTES_MIN: Final = 512 * 1024 * 1024
"""Free space below which there is advice: a large import writes that much before it is done."""

_PREFIX: Final = "DAYBOOK_"
_TEST_PREFIX: Final = "DAYBOOK_TEST_"


def add_parsers(commands: "Commands") -> None:
    """The command of this module."""
    parser = add_command(
        commands, "doctor", "show settings and versions, and check the store quickly", examine
    )
    add_store_option(parser)


def examine(arguments: argparse.Namespace, environment: Environment) -> int:
    """Show what is in force and check the store."""
    print_line("Versions")
    for name, version in environment.versions().items():
        print_line(f"  {name:<12} {version}")
    print_line()
    print_line("Settings of the server")
    named = arguments.store is not None
    url = store_url(arguments, environment)
    settings = [
        replace(each, value=url, source="--store") if each.name == "store" and named else each
        for each in environment.settings()
    ]
    print_table(
        ("  NAME", "VALUE", "FROM"),
        [(f"  {each.name}", each.value or "-", each.source) for each in settings],
    )
    print_line()
    print_line(f"Store {url}")
    advice = [*_about_variables(environment), *_about_store(url, environment)]
    print_line()
    if not advice:
        print_line("All is well.")
        return 0
    for text in advice:
        print_line(f"- {text}")
    raise Failure(f"{counted(len(advice), 'thing', 'things')} to look at")


def _about_variables(environment: Environment) -> Iterator[str]:
    known = {_PREFIX + setting.name.upper().replace("-", "_") for setting in environment.settings()}
    for variable in sorted(environment.variables):
        ours = variable.startswith(_PREFIX) and not variable.startswith(_TEST_PREFIX)
        if ours and variable not in known:
            yield f"the environment variable {variable} means nothing; is it misspelt?"


def _about_store(url: str, environment: Environment) -> Iterator[str]:
    file = file_of(url)
    if file is not None and not file.exists():
        print_line("  is not there yet")
        yield "there is no store; `daybook init` makes one"
        return
    if file is not None and is_empty(file):
        print_line("  is an empty file")
        yield "the file is no store yet; `daybook init` makes it one"
        return
    try:
        store = environment.open_store(url)
    except (StoreFailure, OSError) as failure:
        yield f"the store cannot be opened: {failure}"
        return
    try:
        for name, value in store.describe().items():
            print_line(f"  {name:<20} {value}")
        yield from _about_companies(store)
    finally:
        store.close()
    if file is not None:
        yield from _about_file(file)


def _about_companies(store: Store) -> Iterator[str]:
    companies = store.directory.company_ids()
    if not companies:
        yield "there is no company yet; `daybook company create` makes one"
    for company_id in companies:
        slug = slug_of(store, company_id)
        with store.read(company_id) as reader:
            head = reader.head()
            findings = quick_check(reader)
        print_line(
            f"  company {slug:<12} {head.entries_live} entries, {head.entries_deleted} deleted,"
            f" {head.seq} events"
        )
        for finding in findings:
            yield f"{slug}: {finding}; `daybook verify` looks at everything"


def _about_file(file: Path) -> Iterator[str]:
    free = shutil.disk_usage(file.parent).free
    if free < FREE_BYTES_MIN:
        yield f"only {free // 1_000_000} MB are free where {file} is"
    if file.stat().st_mode & stat.S_IWOTH:
        yield f"every user of this machine may change {file}; `chmod o-w {file}` ends that"
