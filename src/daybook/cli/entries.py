"""`daybook entry`: entries that wait for approval.

Whoever may run the command line may act on their own behalf (`operator`), or with `--user` on that
of a user the store knows, who then has to have the right to it. Where a company asks for four eyes,
approving needs such a user.
"""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from daybook.app import bodies
from daybook.app.access import OPERATOR, Principal
from daybook.app.ledger import Books, Context, Ledger, Refused
from daybook.app.ports import Store
from daybook.app.roles import principal_of
from daybook.cli.environment import Environment
from daybook.cli.kit import (
    ACTOR,
    Failure,
    add_command,
    add_company_option,
    add_store_option,
    by,
    opened_store,
    print_line,
    print_table,
    sentence,
    the_company,
)
from daybook.domain.commands import Guard, MoveEntry
from daybook.domain.currencies import exponent
from daybook.domain.events import ENTRY, Actor
from daybook.domain.ids import CompanyId, EntryId, Timestamp
from daybook.domain.limits import PAGE_ROWS_MAX
from daybook.domain.model import JournalEntry, Status
from daybook.domain.money import amount_text
from daybook.domain.query import And, Compare, Field, Filter, Keyset, OneOf, Op, Query

if TYPE_CHECKING:
    from daybook.cli.kit import Commands

_WAITING: Final = "waiting"
_STATUSES: Final = {
    _WAITING: (Status.PENDING, Status.REVIEW),
    **{status.value: (status,) for status in Status},
}
_HEADER: Final = (
    "ENTRY",
    "STATUS",
    "DATE",
    "AMOUNT",
    "CURRENCY",
    "NUMBER",
    "MADE BY",
    "INTERFACE",
    "MEMO",
)
_EVENTS: Final = ("EVENT", "TIME", "WHAT", "STATUS", "BY", "INTERFACE")
_MEMO_SHOWN: Final = 40
"""Characters of a memo in the list: a line of a terminal holds no more beside the rest."""

_MOVES: Final = (
    ("submit", "hand pending entries in for review", Status.REVIEW, (Status.PENDING,), "in review"),
    ("return", "give entries in review back", Status.PENDING, (Status.REVIEW,), "pending again"),
    (
        "approve",
        "post entries that wait",
        Status.POSTED,
        (Status.PENDING, Status.REVIEW),
        "posted",
    ),
)


def add_parsers(commands: "Commands") -> None:
    """The commands of this module."""
    group = commands.add_parser(
        "entry", help="list entries that wait, and approve them"
    ).add_subparsers(title="commands", metavar="COMMAND", required=True)
    parser = add_command(group, "list", "list entries of a status", list_entries)
    parser.add_argument(
        "--status",
        choices=list(_STATUSES),
        default=_WAITING,
        help="which ones (default: waiting, which is pending or in review)",
    )
    parser.add_argument(
        "--limit",
        type=_limit,
        default=100,
        metavar="COUNT",
        help=f"how many at most, up to {PAGE_ROWS_MAX} (default: 100)",
    )
    add_company_option(parser, "the only one")
    add_store_option(parser)
    parser = add_command(group, "history", "show who did what to an entry, and when", history)
    parser.add_argument("number", type=int, metavar="NUMBER", help="number of the entry")
    add_company_option(parser, "the only one")
    add_store_option(parser)
    for name, summary, status, allowed, now in _MOVES:
        parser = add_command(group, name, summary, _move(status, frozenset(allowed), now))
        parser.add_argument(
            "number", type=int, nargs="+", metavar="NUMBER", help="numbers of the entries"
        )
        parser.add_argument(
            "--user", metavar="NAME", help="on whose behalf (default: that of the operator)"
        )
        add_company_option(parser, "the only one")
        add_store_option(parser)


def _limit(text: str) -> int:
    count = int(text)
    if not 1 <= count <= PAGE_ROWS_MAX:
        raise argparse.ArgumentTypeError(f"1 to {PAGE_ROWS_MAX} are possible")
    return count


@contextmanager
def _books(
    arguments: argparse.Namespace, environment: Environment, user: str | None = None
) -> Iterator[Books]:
    """The company's books, for the operator or a user."""
    with opened_store(arguments, environment) as store:
        company_id = the_company(store, arguments.company)
        principal = OPERATOR if user is None else _user(store, user, company_id)
        books = Ledger(store, environment.clock).books(company_id, principal)
        assert books is not None
        yield books


def _user(store: Store, name: str, company_id: CompanyId) -> Principal:
    """A user of the store. Raises `Failure` for one who is unknown or has no right to be here."""
    user = store.directory.user(name)
    if user is None or user.revoked_at is not None:
        raise Failure(f"there is no user {name!r}; `daybook user create` makes one")
    principal = principal_of(user).within(company_id).through(ACTOR.client)
    if not principal.may_open(company_id):
        raise Failure(f"the company is not open to user {name!r}")
    return principal


def list_entries(arguments: argparse.Namespace, environment: Environment) -> int:
    """List entries, those with the lowest numbers first."""
    statuses = tuple(status.value for status in _STATUSES[arguments.status])
    where: Filter = And(
        (OneOf(Field.STATUS, statuses), Compare(Field.DELETED, Op.EQ, False)),
    )
    with _books(arguments, environment) as books, books.read() as reader:
        found = reader.entries(Query(where, page=Keyset(arguments.limit)))
        left = reader.count_entries(where) - len(found)
        rows = [_row(entry, reader.history(ENTRY, entry.id)[0].actor) for entry in found]
    print_table(_HEADER, rows)
    if left:
        print_line(f"and {left} more")
    return 0


def _row(entry: JournalEntry, maker: Actor) -> tuple[str, ...]:
    return (
        str(entry.id),
        entry.status.value,
        entry.posting_date.isoformat(),
        amount_text(entry.total, exponent(entry.currency)),
        entry.currency,
        entry.doc_number or "",
        by(maker.client, maker.user),
        maker.protocol,
        " ".join((entry.memo or "").split())[:_MEMO_SHOWN],
    )


def history(arguments: argparse.Namespace, environment: Environment) -> int:
    """Show the events of an entry."""
    with _books(arguments, environment) as books, books.read() as reader:
        events = reader.history(ENTRY, arguments.number)
    if not events:
        raise Failure(f"no entry {arguments.number}")
    rows = [
        (
            str(event.seq),
            _time(event.at),
            event.kind.value,
            bodies.decode_entry(event.body).status.value,
            by(event.actor.client, event.actor.user),
            event.actor.protocol,
        )
        for event in events
    ]
    print_table(_EVENTS, rows)
    return 0


def _time(moment: Timestamp) -> str:
    return datetime.fromtimestamp(moment // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _move(
    status: Status, allowed: frozenset[Status], now: str
) -> Callable[[argparse.Namespace, Environment], int]:
    """The command that moves entries to a status, all of them or none."""

    def run(arguments: argparse.Namespace, environment: Environment) -> int:
        guard = Guard(allowed)
        numbers: list[int] = arguments.number
        commands = [MoveEntry(EntryId(number), None, status, guard) for number in numbers]
        actor = Actor(ACTOR.client, ACTOR.protocol, arguments.user)
        with _books(arguments, environment, arguments.user) as books:
            outcome = books.execute_all(commands, Context(actor))
        if isinstance(outcome, Refused):
            refused = numbers[outcome.index]
            raise Failure(f"entry {refused}: {sentence(outcome.refusals)}")
        for number in numbers:
            print_line(f"Entry {number} is {now}.")
        return 0

    return run
