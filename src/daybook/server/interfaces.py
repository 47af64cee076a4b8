"""The interfaces of the program, for people: what each is called and where it answers.

The start-up message and the first page are made from this table and the wires that are there, so
neither can name one that is not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from daybook.protocols.kit.plugin import Plugin


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface the program has or is to have.

    `path` may hold `{realm}` and `{codat}`, a company's names; `credentials` may hold `{word}`,
    the word that is every credential of a demo company. `name` is the wire's, `called` what people
    say in passing.
    """

    name: str
    title: str
    called: str
    path: str
    credentials: str


INTERFACES: Final = (
    Interface(
        "qbo",
        "QuickBooks Online v3",
        "QuickBooks",
        "/v3/company/{realm}",
        "Authorization: Bearer {word}",
    ),
    Interface(
        "oauth",
        "OAuth 2",
        "OAuth",
        "/.well-known/openid_configuration",
        "client id, secret and refresh token {word}",
    ),
    Interface(
        "intuit_graphql",
        "Intuit GraphQL",
        "GraphQL",
        "/2020-04/graphql",
        "Authorization: Bearer {word}",
    ),
    Interface("codat", "Codat", "Codat", "/companies/{codat}", "API key {word}"),
    Interface("modulus", "Modulus", "Modulus", "/api/bk/v1", "token {word}"),
    Interface("sql", "SQL (PostgreSQL protocol)", "SQL", "", "user, password and database {word}"),
    Interface("web", "Web pages", "Pages", "/app", "user and password {word}"),
    Interface(
        "admin",
        "Administration",
        "Administration",
        "/admin/v1",
        "Authorization: Bearer {word}",
    ),
)

TITLES: Final = {
    **{interface.name: interface.called for interface in INTERFACES},
    "cli": "Command line",
    "seed": "Demo books",
}
"""What people call the ways into the books, by the name under which the books have them."""


def present(plugins: Iterable[Plugin]) -> list[Interface]:
    """The interfaces that answer, wires from other packages included."""
    known = {interface.name: interface for interface in INTERFACES}
    found = []
    for plugin in plugins:
        foreign = Interface(plugin.name, plugin.name, plugin.name, plugin.prefixes[0], "")
        found.append(known.get(plugin.name, foreign))
    order = [interface.name for interface in INTERFACES]
    return sorted(
        found,
        key=lambda interface: (
            order.index(interface.name) if interface in INTERFACES else len(order)
        ),
    )


def absent(plugins: Sequence[Plugin]) -> list[Interface]:
    """The interfaces that this version does not have."""
    names = {plugin.name for plugin in plugins}
    return [interface for interface in INTERFACES if interface.name not in names]
