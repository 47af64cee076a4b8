"""`daybook client` and `daybook user`: applications with secrets, people with passwords."""

import argparse
import getpass
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from daybook.app import credentials, passwords, session_records
from daybook.app.access import ALL_SCOPES, OPERATOR, Scope
from daybook.app.administration import (
    OPTIONS,
    SUBJECT,
    Administration,
    Fault,
    name_fault,
    new_subject,
    password_fault,
)
from daybook.app.ports import Clock, Store, TokensOf, TokenTable, User
from daybook.app.redirects import redirect_fault
from daybook.app.roles import EVERY_COMPANY, Role
from daybook.app.scram import scram_verifier
from daybook.app.trail import What
from daybook.cli.environment import Environment
from daybook.cli.kit import (
    Failure,
    add_command,
    add_store_option,
    companies_shown,
    find_company,
    note,
    opened_store,
    print_aside,
    print_line,
    print_table,
    slug_of,
)
from daybook.domain.ids import CompanyId

if TYPE_CHECKING:
    from daybook.cli.kit import Commands


def add_parsers(commands: "Commands") -> None:
    """The commands of this module."""
    group = commands.add_parser(
        "client", help="create, list or revoke applications that ask for tokens"
    ).add_subparsers(title="commands", metavar="COMMAND", required=True)
    parser = add_command(
        group, "create", "make an application and print its secret, once", create_client
    )
    parser.add_argument("name", type=_name, metavar="NAME", help="what it calls itself")
    _add_rights(parser)
    parser.add_argument(
        "--option",
        action="append",
        default=[],
        choices=list(OPTIONS),
        help="; ".join(f"{option}: {meaning}" for option, meaning in OPTIONS.items())
        + "; may be repeated",
    )
    parser.add_argument(
        "--redirect",
        action="append",
        type=_redirect,
        default=[],
        metavar="URL",
        help="address to which people who let it in are sent back, compared letter for letter:"
        " https, or http to localhost; may be repeated",
    )
    add_store_option(parser)
    parser = add_command(group, "list", "list applications", list_clients)
    add_store_option(parser)
    parser = add_command(
        group, "revoke", "withdraw an application's secret and tokens", revoke_client
    )
    parser.add_argument("name", metavar="NAME", help="its name")
    add_store_option(parser)
    _add_user_parsers(commands)


def _add_user_parsers(commands: "Commands") -> None:
    group = commands.add_parser("user", help="create, list or revoke users").add_subparsers(
        title="commands", metavar="COMMAND", required=True
    )
    parser = add_command(
        group,
        "create",
        "make a user, or give one another password and other rights",
        create_user,
    )
    parser.add_argument("name", type=_name, metavar="NAME", help="name to sign in with")
    _add_rights(parser)
    parser.add_argument(
        "--role",
        action="append",
        type=_role,
        default=[],
        metavar="COMPANY=ROLE",
        help="what they are to a company, or to * for all that are not named: "
        + ", ".join(Role)
        + "; may be repeated; goes without --company and --scope",
    )
    parser.add_argument("--email", default="", help="their address, for programs they let in")
    parser.add_argument(
        "--password-stdin",
        action="store_true",
        help="read the password as a line of standard input (default: ask for it)",
    )
    add_store_option(parser)
    parser = add_command(group, "list", "list users", list_users)
    add_store_option(parser)
    parser = add_command(
        group, "role", "make a user something to a company, or nothing any more", set_role
    )
    parser.add_argument("name", metavar="NAME", help="their name")
    parser.add_argument(
        "company", metavar="COMPANY", help="slug, realm number or Codat id; * for all not named"
    )
    parser.add_argument("role", choices=[*Role, "none"], help="what they are to be")
    add_store_option(parser)
    parser = add_command(
        group, "revoke", "withdraw a user's password, sessions and tokens", revoke_user
    )
    parser.add_argument("name", metavar="NAME", help="their name")
    add_store_option(parser)


def _name(text: str) -> str:
    fault = name_fault(text)
    if fault is not None:
        raise argparse.ArgumentTypeError(fault)
    return text


def _redirect(text: str) -> str:
    fault = redirect_fault(text)
    if fault is not None:
        raise argparse.ArgumentTypeError(fault)
    return text


def _role(text: str) -> tuple[str, Role]:
    company, equals, role = text.rpartition("=")
    if not equals or role not in set(Role):
        message = f"COMPANY=ROLE is wanted, with one of {', '.join(Role)}"
        raise argparse.ArgumentTypeError(message)
    return company, Role(role)


def _add_rights(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--company",
        action="append",
        default=[],
        metavar="NAME",
        help="slug, realm number or Codat id of a company to open; may be repeated (default:"
        " all companies, also those made later)",
    )
    parser.add_argument(
        "--scope",
        action="append",
        choices=[scope.value for scope in Scope],
        help="what is allowed; may be repeated (default: everything)",
    )


def _rights(
    arguments: argparse.Namespace, store: Store
) -> tuple[frozenset[CompanyId], frozenset[str]]:
    companies = frozenset(find_company(store, name) for name in arguments.company)
    return companies, frozenset(arguments.scope or [scope.value for scope in ALL_SCOPES])


def _roles(given: list[tuple[str, Role]], store: Store) -> tuple[tuple[CompanyId, str], ...]:
    """Roles as they are kept; of one company the last that was given."""
    found = {
        EVERY_COMPANY if name == "*" else find_company(store, name): role.value
        for name, role in given
    }
    return tuple(sorted(found.items()))


def _roles_shown(store: Store, user: User) -> str:
    pairs = [
        f"{'*' if company == EVERY_COMPANY else slug_of(store, company)}={role}"
        for company, role in user.roles
    ]
    return " ".join(pairs)


def create_client(arguments: argparse.Namespace, environment: Environment) -> int:
    """Make an application; its secret alone goes to standard output."""
    with opened_store(arguments, environment) as store:
        companies, scopes = _rights(arguments, store)
        made = Administration(store.directory, environment.clock, OPERATOR).make_client(
            arguments.name,
            companies,
            frozenset(map(Scope, scopes)),
            arguments.option,
            arguments.redirect,
        )
    if isinstance(made, Fault):
        raise Failure(made.message)
    print_aside(f"Client {arguments.name}. This is its secret, which is not shown again:")
    print_line(made.text)
    return 0


def list_clients(arguments: argparse.Namespace, environment: Environment) -> int:
    """List the applications of a store."""
    with opened_store(arguments, environment) as store:
        rows = [
            (
                client.id,
                companies_shown(store, client.company_ids),
                " ".join(sorted(client.scopes)),
                " ".join(sorted(client.options)),
                " ".join(client.redirects),
                "valid" if client.revoked_at is None else "revoked",
            )
            for client in store.directory.clients()
        ]
    print_table(("NAME", "COMPANIES", "SCOPES", "OPTIONS", "REDIRECTS", "STATE"), rows)
    return 0


def revoke_client(arguments: argparse.Namespace, environment: Environment) -> int:
    """Withdraw an application's secret, and every token it has."""
    with opened_store(arguments, environment) as store:
        administration = Administration(store.directory, environment.clock, OPERATOR)
        withdrawn = administration.withdraw_client(arguments.name)
    if isinstance(withdrawn, Fault):
        raise Failure(withdrawn.message)
    print_line(f"Client {arguments.name} is revoked.")
    return 0


def create_user(arguments: argparse.Namespace, environment: Environment) -> int:
    """Make a user, or replace one of the same name; sessions and tokens of that one end."""
    try:
        password = sys.stdin.readline() if arguments.password_stdin else getpass.getpass()
    except EOFError:
        message = "nobody is there to be asked for the password; use --password-stdin"
        raise Failure(message) from None
    password = password.rstrip("\r\n")
    fault = password_fault(password)
    if fault is not None:
        raise Failure(fault)
    if arguments.role and (arguments.company or arguments.scope):
        raise Failure("--role goes without --company and --scope")
    profile = {"email": arguments.email} if arguments.email else {}
    with opened_store(arguments, environment) as store:
        earlier = store.directory.user(arguments.name)
        profile |= _subject(earlier)
        roles = _roles(arguments.role, store)
        companies, scopes = (frozenset(), frozenset()) if roles else _rights(arguments, store)
        user = User(
            arguments.name,
            passwords.hashed(password),
            environment.clock(),
            companies,
            scopes,
            verifier=scram_verifier(password),
            roles=roles,
            profile=tuple(sorted(profile.items())),
        )
        _keep(store, environment.clock, earlier, user)
        opened = companies or frozenset(company for company, _ in roles)
        note(store, environment, What.USER_MADE, arguments.name, opened)
    print_line(f"User {arguments.name} is ready.")
    return 0


def _keep(store: Store, clock: Clock, earlier: User | None, user: User) -> None:
    """Keep a user as one with the end of what an earlier one had. Raises `Failure`."""

    def work(table: TokenTable) -> bool:
        now = clock()  # no earlier than the last moment at which the earlier one was believed
        if not table.replace_user(earlier, replace(user, created_at=now)):
            return False
        credentials.revoke_within(table, now, table.tokens(TokensOf(user=user.name)))
        return True

    if not store.directory.change_tokens(work):
        raise Failure("somebody else changed the user at the same time; look and try again")
    session_records.end_of(store.directory, user.name)


def _subject(earlier: User | None) -> dict[str, str]:
    """What stands for a person at programs: as before for the same one, new for another."""
    if earlier is None or earlier.revoked_at is not None:
        return {SUBJECT: new_subject()}
    return {name: text for name, text in earlier.profile if name == SUBJECT}


def set_role(arguments: argparse.Namespace, environment: Environment) -> int:
    """Make a user something to a company; tokens they gave for it end."""
    role = None if arguments.role == "none" else Role(arguments.role)
    with opened_store(arguments, environment) as store:
        everywhere = arguments.company == "*"
        company = EVERY_COMPANY if everywhere else find_company(store, arguments.company)
        administration = Administration(store.directory, environment.clock, OPERATOR)
        changed = administration.set_role(arguments.name, company, role)
        if isinstance(changed, Fault):
            raise Failure(changed.message)
        shown = _roles_shown(store, changed) or "no role"
    print_line(f"User {arguments.name} has {shown}.")
    return 0


def list_users(arguments: argparse.Namespace, environment: Environment) -> int:
    """List the users of a store."""
    with opened_store(arguments, environment) as store:
        rows = [
            (
                user.name,
                _roles_shown(store, user) or companies_shown(store, user.company_ids),
                " ".join(sorted(user.scopes)),
                "valid" if user.revoked_at is None else "revoked",
            )
            for user in store.directory.users()
        ]
    print_table(("NAME", "COMPANIES OR ROLES", "SCOPES", "STATE"), rows)
    return 0


def revoke_user(arguments: argparse.Namespace, environment: Environment) -> int:
    """Withdraw a user's password, and every token made for them."""
    with opened_store(arguments, environment) as store:
        administration = Administration(store.directory, environment.clock, OPERATOR)
        withdrawn = administration.withdraw_user(arguments.name)
    if isinstance(withdrawn, Fault):
        raise Failure(withdrawn.message)
    print_line(f"User {arguments.name} is revoked.")
    return 0
