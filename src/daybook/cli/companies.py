"""`daybook init` and `daybook company`: stores and the companies in them."""

import argparse
import re
import unicodedata
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Final

from daybook.app.access import OPERATOR
from daybook.app.charts import CHARTS
from daybook.app.founding import SLUG_LENGTH_MAX, NewCompany, found
from daybook.app.ledger import Context, Ledger, Refused
from daybook.cli.environment import Environment
from daybook.cli.kit import (
    ACTOR,
    Failure,
    add_command,
    add_company_option,
    add_store_option,
    counted,
    opened_store,
    print_line,
    print_table,
    sentence,
    store_url,
    the_company,
    whole_number,
)
from daybook.domain.commands import ChangeCompany

if TYPE_CHECKING:
    from daybook.cli.kit import Commands

NEVER_CLOSED: Final = date.min
"""What stands for books that are not closed at all, where a setting is given."""


def add_parsers(commands: "Commands") -> None:
    """The commands of this module."""
    parser = add_command(commands, "init", "make an empty store", init)
    add_store_option(parser)
    group = commands.add_parser("company", help="create or list companies").add_subparsers(
        title="commands", metavar="COMMAND", required=True
    )
    _add_create(group)
    parser = add_command(group, "list", "list the companies of a store", list_companies)
    add_store_option(parser)
    parser = add_command(group, "settings", "show or change the settings of a company", settings)
    add_company_option(parser, "the only one")
    parser.add_argument(
        "--four-eyes",
        choices=("on", "off"),
        help="whether whoever made or changed an entry that waits may not approve it",
    )
    parser.add_argument(
        "--unique-numbers",
        choices=("on", "off"),
        help="whether two live entries may not have one document number",
    )
    parser.add_argument(
        "--closed-through",
        type=_closing_day,
        metavar="DATE",
        help="last day on which the books are closed, such as 2025-12-31, or none",
    )
    add_store_option(parser)


def _closing_day(text: str) -> date:
    """A day, or the first one there is for none."""
    try:
        return NEVER_CLOSED if text == "none" else date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a date such as 2025-12-31 is wanted, or none") from None


def _add_create(group: "Commands") -> None:
    parser = add_command(group, "create", "found a company, with its first accounts", create)
    parser.add_argument("name", metavar="NAME", help="name of the company, as people write it")
    parser.add_argument(
        "--slug",
        help="short name for commands and for the SQL database: small letters, digits, - and _"
        " (default: made from NAME)",
    )
    parser.add_argument(
        "--currency", required=True, metavar="CODE", help="home currency, such as GBP; fixed"
    )
    parser.add_argument(
        "--time-zone",
        default="UTC",
        metavar="ZONE",
        help="such as Europe/London; days and times of answers go by it (default: UTC, whatever"
        " the country)",
    )
    parser.add_argument(
        "--country",
        default="US",
        metavar="CODE",
        help="of ISO 3166, such as GB; tax and some texts go by it (default: US, whatever the"
        " currency)",
    )
    parser.add_argument(
        "--fiscal-year-start",
        type=whole_number,
        default=1,
        choices=range(1, 13),
        metavar="MONTH",
        help="first month of the fiscal year, 1 to 12 (default: 1)",
    )
    parser.add_argument(
        "--multicurrency", action="store_true", help="allow entries in other currencies"
    )
    parser.add_argument(
        "--chart",
        choices=sorted(CHARTS),
        default="standard",
        help="accounts to begin with (default: standard)",
    )
    parser.add_argument(
        "--realm", metavar="DIGITS", help="QuickBooks realm number (default: drawn at random)"
    )
    parser.add_argument("--codat-id", metavar="UUID", help="Codat id (default: drawn at random)")
    add_store_option(parser)


def init(arguments: argparse.Namespace, environment: Environment) -> int:
    """Make a store, or say that it is there."""
    url = store_url(arguments, environment)
    if url.startswith("memory:"):
        raise Failure(f"{url} is gone when its process ends; there is nothing to make")
    store = environment.open_store(url)
    try:
        count = len(store.directory.company_ids())
    finally:
        store.close()
    print_line(f"The store {url} is ready; it has {counted(count, 'company', 'companies')}.")
    if not count:
        where = f" --store {arguments.store}" if arguments.store else ""
        print_line(f"Next: daybook company create NAME --currency CODE{where}")
    return 0


def create(arguments: argparse.Namespace, environment: Environment) -> int:
    """Found a company."""
    if not arguments.name.strip():
        raise Failure("a company needs a name")
    slug = slug_from(arguments.name) if arguments.slug is None else arguments.slug
    if not slug and arguments.slug is None:
        raise Failure(
            f"no slug can be made from the name {arguments.name!r}, which has no letter from a to"
            " z; give one with --slug"
        )
    wanted = NewCompany(
        name=arguments.name,
        slug=slug,
        home_currency=arguments.currency.upper(),
        time_zone=arguments.time_zone,
        country=arguments.country.upper(),
        fiscal_year_start=arguments.fiscal_year_start,
        multicurrency=arguments.multicurrency,
        chart=arguments.chart,
        realm=arguments.realm,
        codat_id=arguments.codat_id,
    )
    with opened_store(arguments, environment) as store:
        company = found(Ledger(store, environment.clock), wanted, ACTOR)
    if isinstance(company, Refused):
        raise Failure(sentence(company.refusals))
    for label, value in (
        ("name", company.name),
        ("slug", company.slug),
        ("realm", company.realm),
        ("codat id", company.codat_id),
        ("currency", company.home_currency),
        ("country", company.country),
        ("time zone", company.time_zone),
        ("accounts", str(len(CHARTS[wanted.chart]))),
    ):
        print_line(f"{label:<9} {value}")
    return 0


def settings(arguments: argparse.Namespace, environment: Environment) -> int:
    """Change what was named, then show the settings in force."""
    changes: dict[str, object] = {}
    if arguments.four_eyes is not None:
        changes["four_eyes"] = arguments.four_eyes == "on"
    if arguments.unique_numbers is not None:
        changes["doc_number_unique"] = arguments.unique_numbers == "on"
    if arguments.closed_through is not None:
        day = arguments.closed_through
        changes["books_closed_through"] = None if day == NEVER_CLOSED else day
    with opened_store(arguments, environment) as store:
        books = Ledger(store, environment.clock).books(
            the_company(store, arguments.company), OPERATOR
        )
        assert books is not None
        with books.read() as reader:
            company = reader.company
        if changes:
            wanted = replace(company, **changes)  # type: ignore[arg-type]
            outcome = books.execute(ChangeCompany(company.version, wanted), Context(ACTOR))
            if isinstance(outcome, Refused):
                raise Failure(sentence(outcome.refusals))
            with books.read() as reader:
                company = reader.company
    for label, value in (
        ("four eyes", "on" if company.four_eyes else "off"),
        ("unique numbers", "on" if company.doc_number_unique else "off"),
        ("closed through", str(company.books_closed_through or "none")),
    ):
        print_line(f"{label:<15} {value}")
    return 0


def slug_from(name: str) -> str:
    """A slug made from a company's name, empty if it has no letter to begin with."""
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    slug = re.sub("[^a-z0-9]+", "-", plain).strip("-").lstrip("0123456789-")
    return slug[:SLUG_LENGTH_MAX].rstrip("-")


def list_companies(arguments: argparse.Namespace, environment: Environment) -> int:
    """List the companies of a store."""
    rows = []
    with opened_store(arguments, environment) as store:
        for company_id in store.directory.company_ids():
            with store.read(company_id) as reader:
                company, head = reader.company, reader.head()
            rows.append(
                (
                    company.slug,
                    company.name,
                    company.home_currency,
                    company.realm,
                    company.codat_id,
                    str(head.entries_live),
                )
            )
    print_table(("SLUG", "NAME", "CURRENCY", "REALM", "CODAT ID", "ENTRIES"), rows)
    return 0
