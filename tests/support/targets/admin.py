"""Places for ids of the administration interface: every name in a path, companies in bodies.

Our administrator administers our company alone. People of the other may be given a role in ours,
by their name, so that one that is taken is no secret; nothing else is told of them.
"""

from collections.abc import Iterator
from typing import Any

from tests.support.people import Browser
from tests.support.premises import Answer, Premises, Tenant, path_of
from tests.support.targets import Target

from daybook.protocols.kit.plugin import Operation

KINDS = {
    "users": "user",
    "clients": "application",
    "tokens": "token number",
    "sessions": "session id",
}
"""What the name after each word in a path is of."""


def body_of(house: Premises, operation: Operation, company: str = "") -> object:
    """A body that the operation takes."""
    name = company or house.ours.slug
    roles = {name: "viewer"}
    bodies: dict[tuple[str, str], Any] = {
        ("POST", "users"): {"name": "probe", "password": "x", "roles": roles},
        ("PUT", "password"): {"password": "x"},
        ("PUT", "{company}"): {"role": "viewer"},
        ("POST", "clients"): {"id": "PROBE", "companies": [name]},
        ("POST", "tokens"): {"client": "probe", "companies": [name], "scopes": ["read"]},
    }
    return bodies.get((operation.method, operation.path.rpartition("/")[2]))


def targets(house: Premises) -> Iterator[Target]:
    """Every place for an id."""
    for tenant in (house.ours, house.theirs):
        sign_in(house, tenant)
    for wire, operation in house.operations():
        if wire == "admin":
            yield from _paths(house, operation)
            if operation.method == "POST" and "{" not in operation.path:
                companies = lambda value, o=operation: _ask(house, o, body_of(house, o, value))
                yield Target("admin", operation.name, "companies", "slug", companies)


def filled(house: Premises, operation: Operation, **given: str) -> str:
    """The path with our own ids in it, but where others are given."""
    kind = KINDS.get(operation.name, "")
    usual = {"id": house.ours.names.get(kind, house.ours.word), "company": house.ours.slug}
    return path_of(operation, **{**usual, **given})


def _paths(house: Premises, operation: Operation) -> Iterator[Target]:
    field = f"{operation.method} {operation.path}"
    if "{company}" in operation.path:
        there = lambda value: _ask(
            house, operation, body_of(house, operation), id="nobody", company=value
        )
        yield Target("admin", operation.name, f"{field} company", "slug", there)
    if "{id}" in operation.path:
        kind = KINDS[operation.name]
        if operation.method == "PUT" and "{company}" in operation.path:
            kind = "no user"
        here = lambda value: _ask(house, operation, body_of(house, operation), id=value)
        yield Target("admin", operation.name, field, kind, here)


def _ask(house: Premises, operation: Operation, body: object, **given: str) -> Answer:
    path = filled(house, operation, **given)
    return house.ask(operation.method, path, body=body, headers=house.ours.bearer)


def sign_in(house: Premises, tenant: Tenant) -> None:
    """A session, and what is known of the company's credentials."""
    names = tenant.names
    if "session cookie" in names:
        return
    browser = Browser(house, tenant).sign_in()
    names["session cookie"] = browser.cookies["daybook_session"]
    names["form token"] = browser.token
    listed = house.ask("GET", "/admin/v1/sessions", headers=tenant.bearer).json["results"]
    names["session id"] = listed[-1]["id"]
    listed = house.ask("GET", "/admin/v1/tokens", headers=tenant.bearer).json["results"]
    names["token number"] = str(listed[0]["number"])
    names["user"] = names["application"] = tenant.word


def names_of(house: Premises, kind: str) -> Iterator[tuple[str, str]]:
    """Names of the other's people, applications, tokens and sessions; ours of other kinds."""
    if kind == "no user":
        names = {**house.theirs.names, **house.ours.names, "user": "wombat-client"}
        others = {name: text for name, text in names.items() if text not in _PEOPLE}
        yield from others.items()
        return
    if kind == "token number":
        for token in house.directory.tokens():
            if house.theirs.id in token.company_ids:
                yield "the other company's token", str(token.number)
    numbers = {tenant.names["token number"] for tenant in (house.ours, house.theirs)}
    for name, text in house.theirs.names.items():
        if text not in numbers:  # one digit, which would stand in every answer
            yield f"the other company's {name}", text
    apart = {house.ours.names[kind], house.ours.word, *numbers}
    for name, text in house.ours.names.items():
        if text not in apart:
            yield f"our {name}", text
    yield "a company", house.theirs.slug


_PEOPLE = frozenset({"quokka", "wombat"})


def slugs(house: Premises) -> Iterator[tuple[str, str]]:
    """Names of the other company, and what is none."""
    theirs = house.theirs
    yield "the other company's slug", theirs.slug
    yield "the other company's slug, in capitals", theirs.slug.upper()
    yield "the other company's realm", theirs.realm
    yield "the other company's Codat id", theirs.codat_id
    for forged in ("nowhere", f"{house.ours.slug}/../{theirs.slug}", f"{house.ours.slug} "):
        yield "a forged slug", forged
