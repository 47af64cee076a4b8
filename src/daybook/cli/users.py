"""`daybook user`: people who sign in with a password."""

import argparse
import re
import secrets
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from daybook.app.access import ALL_SCOPES, Scope
from daybook.app.passwords import scram_verifier
from daybook.app.ports import User
from daybook.cli.environment import Environment
from daybook.cli.kit import (
    Failure,
    add_command,
    add_store_option,
    find_company,
    opened_store,
    print_aside,
    print_line,
    print_table,
    slug_of,
)

if TYPE_CHECKING:
    from daybook.cli.kit import Commands

PASSWORD_BYTES: Final = 18
"""Random bytes of a password: beyond guessing, and still something to type once."""

_NAME = re.compile(r"[A-Za-z0-9_.@-]{1,63}", re.ASCII)
_HEADER: Final = ("NAME", "COMPANIES", "SCOPES", "MADE", "STATE")


def add_parsers(commands: "Commands") -> None:
    """The commands of this module."""
    group = commands.add_parser("user", help="create, list or revoke users").add_subparsers(
        title="commands", metavar="COMMAND", required=True
    )
    parser = add_command(
        group, "create", "make a user, or give one a new password, and print it, once", create
    )
    parser.add_argument("name", metavar="NAME", help="what they sign in as")
    parser.add_argument(
        "--company",
        action="append",
        default=[],
        metavar="NAME",
        help="slug, realm number or Codat id of a company they open; may be repeated (default:"
        " all companies, also those made later)",
    )
    parser.add_argument(
        "--scope",
        action="append",
        choices=[scope.value for scope in Scope],
        help="what they may do; may be repeated (default: everything)",
    )
    add_store_option(parser)
    parser = add_command(group, "list", "list users", list_users)
    add_store_option(parser)
    parser = add_command(group, "revoke", "let a user sign in no more", revoke)
    parser.add_argument("name", metavar="NAME", help="what they sign in as")
    add_store_option(parser)


def create(arguments: argparse.Namespace, environment: Environment) -> int:
    """Make a user; the password alone goes to standard output."""
    if _NAME.fullmatch(arguments.name) is None:
        raise Failure("a name has 1 to 63 letters, digits or the signs _ . @ -")
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    with opened_store(arguments, environment) as store:
        companies = frozenset(find_company(store, name) for name in arguments.company)
        scopes = frozenset(arguments.scope or (scope.value for scope in ALL_SCOPES))
        verifier = scram_verifier(password)
        store.directory.put_user(
            User(arguments.name, verifier, companies, scopes, environment.clock())
        )
    print_aside(f"User {arguments.name} signs in with this password. It is shown only now:")
    print_line(password)
    return 0


def list_users(arguments: argparse.Namespace, environment: Environment) -> int:
    """List users."""
    with opened_store(arguments, environment) as store:
        rows = [
            (
                user.name,
                " ".join(slug_of(store, each) for each in sorted(user.company_ids))
                or "all companies",
                " ".join(sorted(user.scopes)),
                datetime.fromtimestamp(user.created_at / 1_000_000, UTC).date().isoformat(),
                "valid" if user.revoked_at is None else "revoked",
            )
            for user in store.directory.users()
        ]
    print_table(_HEADER, rows)
    return 0


def revoke(arguments: argparse.Namespace, environment: Environment) -> int:
    """Let a user sign in no more; a session that is open stays open."""
    with opened_store(arguments, environment) as store:
        user = store.directory.user(arguments.name)
        if user is None:
            raise Failure(f"there is no user {arguments.name}")
        if user.revoked_at is None:
            store.directory.put_user(replace(user, revoked_at=environment.clock()))
    print_line(f"User {arguments.name} is revoked.")
    return 0
