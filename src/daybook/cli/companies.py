"""`daybook init` and `daybook company`: stores and the companies in them."""

import argparse
import re
import unicodedata
from typing import TYPE_CHECKING

from daybook.app.charts import CHARTS
from daybook.app.founding import SLUG_LENGTH_MAX, NewCompany, found
from daybook.app.ledger import Ledger, Refused
from daybook.cli.environment import Environment
from daybook.cli.kit import (
    ACTOR,
    Failure,
    add_command,
    add_store_option,
    counted,
    opened_store,
    print_line,
    print_table,
    sentence,
    store_url,
    whole_number,
)

if TYPE_CHECKING:
    from daybook.cli.kit import Commands


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
