"""`daybook audit` and `daybook session`: who was let in, and who is in."""

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from daybook.app.access import OPERATOR
from daybook.app.administration import Administration, Fault
from daybook.app.trail import PAGE_MAX, Record, Trail
from daybook.cli.environment import Environment
from daybook.cli.kit import (
    Failure,
    add_command,
    add_company_option,
    add_store_option,
    by,
    companies_shown,
    counted,
    find_company,
    opened_store,
    print_line,
    print_table,
    whole_number,
)
from daybook.domain.ids import CompanyId, Timestamp

if TYPE_CHECKING:
    from daybook.cli.kit import Commands

_HEADER: Final = ("NUMBER", "TIME", "WHAT", "SUBJECT", "BY", "FROM", "COMPANIES", "NOTE")
_LINES_DEFAULT: Final = "50"


def add_parsers(commands: "Commands") -> None:
    """The commands of this module."""
    group = commands.add_parser(
        "audit", help="see who signed in, and what was let in, made and withdrawn"
    ).add_subparsers(title="commands", metavar="COMMAND", required=True)
    parser = add_command(group, "list", "list the trail of access, the latest last", list_trail)
    add_company_option(parser, "all, and what concerns none")
    parser.add_argument(
        "--lines",
        type=whole_number,
        default=_LINES_DEFAULT,
        metavar="N",
        help=f"records to look back (default: {_LINES_DEFAULT}; 0: all)",
    )
    add_store_option(parser)
    parser = add_command(group, "verify", "check that the trail is whole and unchanged", verify)
    add_store_option(parser)
    group = commands.add_parser("session", help="list or end sessions of browsers").add_subparsers(
        title="commands", metavar="COMMAND", required=True
    )
    parser = add_command(group, "list", "list who is signed in", list_sessions)
    add_store_option(parser)
    parser = add_command(group, "end", "sign out one session, or everything of a user", end)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("id", nargs="?", metavar="ID", help="the session's id in the list")
    which.add_argument("--user", metavar="NAME", help="the user who is signed out everywhere")
    add_store_option(parser)


def list_trail(arguments: argparse.Namespace, environment: Environment) -> int:
    """List the trail of access."""
    with opened_store(arguments, environment) as store:
        wanted = None if arguments.company is None else find_company(store, arguments.company)
        trail = Trail(store.directory, environment.clock)
        after = max(trail.last() - arguments.lines, 0) if arguments.lines else 0
        rows = []
        while page := trail.records(after, PAGE_MAX):
            after = page[-1].number
            for record in page:
                if wanted is None or wanted in record.companies:
                    opened = frozenset(map(CompanyId, record.companies))
                    shown = companies_shown(store, opened) if opened else ""
                    rows.append(_row(record, shown))
    print_table(_HEADER, rows)
    return 0


def _row(record: Record, companies: str) -> tuple[str, ...]:
    return (
        str(record.number),
        _moment(record.time),
        record.what,
        record.subject,
        by(record.client, record.user),
        record.peer,
        companies,
        record.note,
    )


def verify(arguments: argparse.Namespace, environment: Environment) -> int:
    """Check the trail's chain."""
    with opened_store(arguments, environment) as store:
        trail = Trail(store.directory, environment.clock)
        faults = list(trail.verify())
        count = trail.last()
    for fault in faults:
        print_line(fault)
    if faults:
        raise Failure("the trail of access is not what was written")
    print_line(f"{counted(count, 'record', 'records')}, whole and unchanged.")
    return 0


def list_sessions(arguments: argparse.Namespace, environment: Environment) -> int:
    """List who is signed in."""
    with opened_store(arguments, environment) as store:
        found = Administration(store.directory, environment.clock, OPERATOR).sessions()
    rows = [
        (each.id, each.user, *map(_moment, (each.began_at, each.seen_at, each.ends_at)))
        for each in found
    ]
    print_table(("ID", "USER", "BEGAN", "LAST USED", "ENDS"), rows)
    return 0


def end(arguments: argparse.Namespace, environment: Environment) -> int:
    """End one session, or all of a user."""
    with opened_store(arguments, environment) as store:
        administration = Administration(store.directory, environment.clock, OPERATOR)
        ended: int | str | Fault
        if arguments.user is not None:
            ended = administration.end_sessions(arguments.user)
            text = f"User {arguments.user} is signed out everywhere."
        else:
            ended = administration.end_session(arguments.id)
            text = f"Session {arguments.id} has ended."
    if isinstance(ended, Fault):
        raise Failure(ended.message)
    print_line(text)
    return 0


def _moment(moment: Timestamp) -> str:
    return datetime.fromtimestamp(moment // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
