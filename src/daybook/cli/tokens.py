"""`daybook token`: credentials for programs."""

import argparse
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from daybook.app import credentials
from daybook.app.access import ALL_SCOPES, Rejection, Scope
from daybook.app.ports import Store, Token
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
    whole_number,
)
from daybook.domain.ids import Timestamp

if TYPE_CHECKING:
    from daybook.cli.kit import Commands

_DAY_US: Final = 86_400 * 1_000_000

_HEADER: Final = (
    "NUMBER",
    "KIND",
    "CLIENT",
    "COMPANIES",
    "SCOPES",
    "MADE",
    "EXPIRES",
    "STATE",
    "LABEL",
)

DAYS_MAX: Final = 36_500
"""Longest life of a token that is to expire: a century."""


def add_parsers(commands: "Commands") -> None:
    """The commands of this module."""
    group = commands.add_parser("token", help="create, list or revoke tokens").add_subparsers(
        title="commands", metavar="COMMAND", required=True
    )
    parser = add_command(
        group,
        "create",
        "make a bearer token, or what OAuth 2 clients need, and print it once",
        create,
    )
    parser.add_argument(
        "--client", required=True, metavar="NAME", help="the application that will use it"
    )
    parser.add_argument(
        "--company",
        action="append",
        default=[],
        metavar="NAME",
        help="slug, realm number or Codat id of a company it opens; may be repeated (default:"
        " all companies, also those made later)",
    )
    parser.add_argument(
        "--scope",
        action="append",
        choices=[scope.value for scope in Scope],
        help="what it allows; may be repeated (default: everything)",
    )
    parser.add_argument("--label", default="", help="what it is for, to tell it from others")
    life = parser.add_mutually_exclusive_group()
    life.add_argument(
        "--expires-in-days", type=_days, metavar="DAYS", help="(default: until it is revoked)"
    )
    life.add_argument(
        "--refresh",
        action="store_true",
        help="make what an OAuth 2 client needs that refreshes its own tokens: client id, which is"
        " NAME, and secret, an access token for an hour and a refresh token",
    )
    parser.add_argument(
        "--new-secret",
        action="store_true",
        help="with --refresh, for a client that has a secret already: give it another",
    )
    add_store_option(parser)
    parser = add_command(group, "list", "list tokens; their text is not kept", list_tokens)
    add_store_option(parser)
    parser = add_command(
        group, "revoke", "withdraw a token, and all tokens of the same authorization", revoke
    )
    parser.add_argument(
        "number", type=whole_number, metavar="NUMBER", help="its number in the list"
    )
    add_store_option(parser)


def _days(text: str) -> int:
    days = whole_number(text)
    if not 1 <= days <= DAYS_MAX:
        raise argparse.ArgumentTypeError(f"1 to {DAYS_MAX} are possible")
    return days


def create(arguments: argparse.Namespace, environment: Environment) -> int:
    """Make a token; its text alone goes to standard output. Or make what `--refresh` names."""
    if arguments.new_secret and not arguments.refresh:
        raise Failure("--new-secret goes with --refresh")
    if arguments.refresh and not credentials.is_client_id(arguments.client):
        raise Failure(
            "--client: an OAuth client's id has up to 100 ASCII characters, no blanks and no colon"
        )
    days: int | None = arguments.expires_in_days
    with opened_store(arguments, environment) as store:
        companies = frozenset(find_company(store, name) for name in arguments.company)
        wanted = credentials.NewToken(
            client=arguments.client,
            company_ids=companies,
            scopes=frozenset(map(Scope, arguments.scope)) if arguments.scope else ALL_SCOPES,
            label=arguments.label,
            lifetime_us=None if days is None else days * _DAY_US,
        )
        if arguments.refresh:
            _authorize(store, environment, wanted, anew=arguments.new_secret)
            return 0
        issued = credentials.issue(store.directory, environment.clock, wanted)
        _note_token(store, environment, issued)
        opens = companies_shown(store, issued.token.company_ids)
    print_aside(f"Token {issued.token.number} opens {opens}. It is shown only now:")
    print_line(issued.text)
    return 0


def _note_token(store: Store, environment: Environment, issued: credentials.Issued) -> None:
    token = issued.token
    told = f"for {token.client}"
    note(store, environment, What.TOKEN_MADE, str(token.number), token.company_ids, told)


def _authorize(
    store: Store, environment: Environment, wanted: credentials.NewToken, *, anew: bool
) -> None:
    """Make a client, unless it is known, and its tokens; names and values, one pair a line."""
    directory, clock = store.directory, environment.clock
    client, opened = wanted.client, wanted.company_ids
    rows = [("client id", client)]
    known = credentials.register(directory, clock, client, opened, anew=anew)
    if known.made:
        note(store, environment, What.CLIENT_MADE, client, opened)
    elif known.widened:
        note(store, environment, What.CLIENT_CHANGED, client, opened, "companies")
    if known.secret is None:
        print_aside(f"{client} keeps the secret it has; --new-secret gives it another.")
    else:
        rows.append(("client secret", known.secret))
        if not known.made:
            note(store, environment, What.CLIENT_CHANGED, client, opened, "secret")
    made = credentials.authorize(directory, clock, wanted)
    _note_token(store, environment, made.refresh)
    _note_token(store, environment, made.access)
    rows += [("access token", made.access.text), ("refresh token", made.refresh.text)]
    companies = opened or directory.company_ids()
    realms = [names.realm for each in sorted(companies) if (names := directory.names(each))]
    if len(realms) == 1:
        rows.append(("realm", realms[0]))
    numbers = f"{made.refresh.token.number} and {made.access.token.number}"
    opens = companies_shown(store, made.refresh.token.company_ids)
    print_aside(f"Tokens {numbers} open {opens}. They are shown only now:")
    for label, value in rows:
        print_line(f"{label:<14} {value}")


def list_tokens(arguments: argparse.Namespace, environment: Environment) -> int:
    """List tokens, without their text."""
    with opened_store(arguments, environment) as store:
        now = environment.clock()
        rows = [
            (
                str(token.number),
                token.kind,
                token.client,
                companies_shown(store, token.company_ids),
                " ".join(sorted(token.scopes)),
                _day(token.created_at),
                "never" if token.expires_at is None else _day(token.expires_at),
                _state(token, now),
                token.label,
            )
            for token in store.directory.tokens()
        ]
    print_table(_HEADER, rows)
    return 0


def revoke(arguments: argparse.Namespace, environment: Environment) -> int:
    """Withdraw a token."""
    with opened_store(arguments, environment) as store:
        number = arguments.number
        revoked = credentials.revoke_number(store.directory, environment.clock, number)
        if revoked:
            opened = revoked[0].company_ids
            note(store, environment, What.TOKEN_WITHDRAWN, str(number), opened)
    if not revoked:
        raise Failure(f"there is no token {number}")
    others = " ".join(str(token.number) for token in revoked if token.number != number)
    more = f", and with it what the same authorization made: {others}" if others else ""
    print_line(f"Token {number} is revoked{more}.")
    return 0


def _day(moment: Timestamp) -> str:
    return datetime.fromtimestamp(moment / 1_000_000, UTC).date().isoformat()


def _state(token: Token, now: Timestamp) -> str:
    match credentials.fault(token, now):
        case Rejection.REVOKED:
            return "revoked"
        case Rejection.EXPIRED:
            return "expired"
        case _:
            return "valid"
