"""`daybook webhook`: who wants to be told, and what could not be delivered."""

import argparse
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from daybook.app.outbox import DeliveryState, revived
from daybook.app.ports import Directory
from daybook.cli.environment import Environment
from daybook.cli.kit import (
    Failure,
    add_command,
    add_store_option,
    counted,
    opened_store,
    print_line,
    print_table,
)
from daybook.domain.ids import Timestamp

if TYPE_CHECKING:
    from daybook.cli.kit import Commands

LISTED_MAX: Final = 1_000
"""Deliveries shown at once; `--after` shows the next ones."""

_DELIVERIES: Final = ("NUMBER", "STATE", "TYPE", "TO", "MADE", "ATTEMPTS", "NEXT", "FAILURE")
_CONSUMERS: Final = ("ID", "INTERFACE", "STATE", "ADDRESS", "TYPES")


def add_parsers(commands: "Commands") -> None:
    """The commands of this module."""
    group = commands.add_parser(
        "webhook", help="see and repeat messages to other programs"
    ).add_subparsers(title="commands", metavar="COMMAND", required=True)
    parser = add_command(group, "consumers", "list the addresses that messages go to", consumers)
    add_store_option(parser)
    parser = add_command(group, "list", "list messages that were given up", list_deliveries)
    parser.add_argument(
        "--state",
        choices=[state.value for state in DeliveryState],
        default=DeliveryState.DEAD.value,
        help="list those in another state instead (default: dead)",
    )
    parser.add_argument(
        "--after",
        type=int,
        default=0,
        metavar="NUMBER",
        help=f"begin after this one; {LISTED_MAX} are shown at once",
    )
    add_store_option(parser)
    parser = add_command(
        group, "retry", "send messages that were given up once more, by a running server", retry
    )
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument(
        "numbers", nargs="*", type=int, default=[], metavar="NUMBER", help="its number in the list"
    )
    which.add_argument("--all", action="store_true", help="all that were given up")
    add_store_option(parser)
    parser = add_command(
        group, "enable", "send to an address again that was disabled for failing", enable
    )
    parser.add_argument("consumer", metavar="ID", help="its id in the list of consumers")
    add_store_option(parser)


def consumers(arguments: argparse.Namespace, environment: Environment) -> int:
    """List consumers."""
    with opened_store(arguments, environment) as store:
        rows = [
            (
                each.id,
                each.wire,
                "disabled" if each.disabled else "failing" if each.failing_since else "enabled",
                each.url,
                ", ".join(sorted(each.event_types)),
            )
            for each in store.directory.consumers()
        ]
    print_table(_CONSUMERS, rows)
    return 0


def list_deliveries(arguments: argparse.Namespace, environment: Environment) -> int:
    """List deliveries in one state."""
    with opened_store(arguments, environment) as store:
        directory = store.directory
        addresses = {each.id: each.url for each in directory.consumers()}
        state = DeliveryState(arguments.state)
        rows = [
            (
                str(each.number),
                each.state.value,
                each.message.event_type,
                addresses.get(each.consumer_id, each.consumer_id),
                _time(each.created_at),
                str(each.attempts),
                _time(each.next_attempt_at) if each.state is DeliveryState.PENDING else "-",
                each.failure or "-",
            )
            for each in directory.deliveries(state, arguments.after, LISTED_MAX)
        ]
    print_table(_DELIVERIES, rows)
    return 0


def retry(arguments: argparse.Namespace, environment: Environment) -> int:
    """Make dead deliveries pending again."""
    with opened_store(arguments, environment) as store:
        if arguments.all:
            revived_count = _revive_all(store.directory, environment)
        else:
            for number in arguments.numbers:
                _revive(store.directory, number, environment)
            revived_count = len(arguments.numbers)
    print_line(f"{counted(revived_count, 'message', 'messages')} to be sent again")
    return 0


def enable(arguments: argparse.Namespace, environment: Environment) -> int:
    """Send to a consumer again."""
    with opened_store(arguments, environment) as store:
        consumer = store.directory.consumer(arguments.consumer)
        if consumer is None:
            raise Failure(f"there is no consumer {arguments.consumer!r}")
        store.directory.put_consumer(replace(consumer, disabled=False, failing_since=None))
    print_line(f"messages to {consumer.url} are sent again")
    return 0


def _revive(directory: Directory, number: int, environment: Environment) -> None:
    delivery = directory.delivery(number)
    if delivery is None or delivery.state is not DeliveryState.DEAD:
        raise Failure(f"message {number} is not among those given up")
    directory.settle_delivery(revived(delivery, environment.clock()))


def _revive_all(directory: Directory, environment: Environment) -> int:
    count, after = 0, 0
    while page := directory.deliveries(DeliveryState.DEAD, after, LISTED_MAX):
        for delivery in page:
            directory.settle_delivery(revived(delivery, environment.clock()))
        count, after = count + len(page), page[-1].number
    return count


def _time(at: Timestamp) -> str:
    if not at:
        return "now"
    return datetime.fromtimestamp(at // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
