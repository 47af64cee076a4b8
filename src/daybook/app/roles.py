"""What people may do with a company's books: a role for each company.

A role stands for scopes, which is what everything below looks at. A person has one role in each
company; `EVERY_COMPANY` stands for those that are not named, also ones made later.

People of earlier versions have no roles but companies and scopes, which count for all of those
companies alike; `role_of` finds the role that comes nearest.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from daybook.app.access import ALL_SCOPES, Principal, Scope
from daybook.app.ports import User
from daybook.domain.ids import CompanyId

EVERY_COMPANY: Final = CompanyId(0)
"""In place of a company's id: every company that is not named."""

ROLES_MAX: Final = 1_000
"""Companies in which one person has a role of their own: more people than that are served by
`EVERY_COMPANY`."""


class Role(StrEnum):
    """What somebody is to a company."""

    OWNER = "owner"
    """Everything: settings, people and credentials too."""
    ACCOUNTANT = "accountant"
    """Reads, and makes, changes and deletes records."""
    APPROVER = "approver"
    """Reads, and posts entries that wait."""
    VIEWER = "viewer"
    """Reads."""


SCOPES: Final[Mapping[Role, frozenset[Scope]]] = {
    Role.OWNER: ALL_SCOPES,
    Role.ACCOUNTANT: frozenset({Scope.READ, Scope.WRITE}),
    Role.APPROVER: frozenset({Scope.READ, Scope.APPROVE}),
    Role.VIEWER: frozenset({Scope.READ}),
}
"""What each role allows."""


def role_of(scopes: frozenset[Scope]) -> Role | None:
    """The role that comes nearest to some scopes without allowing more; None for no reading."""
    for role in (Role.OWNER, Role.ACCOUNTANT, Role.APPROVER, Role.VIEWER):
        if scopes >= SCOPES[role]:
            return role
    return None


def principal_of(user: User) -> Principal:
    """Whom a user stands for. Roles and scopes that this version does not know are left out."""
    if not user.roles:
        scopes = known_scopes(user.scopes)
        if not scopes:  # their last role was taken: no company is not every company
            return Principal(user.name, frozenset(), frozenset(), user.name)
        return Principal(user.name, user.company_ids or None, scopes, user.name)
    held = {company_id: SCOPES[Role(role)] for company_id, role in user.roles if role in set(Role)}
    everywhere = held.pop(EVERY_COMPANY, None)
    company_ids = frozenset(held) if everywhere is None else None
    shared = frozenset.intersection(*held.values(), everywhere or ALL_SCOPES)
    if not held and everywhere is None:
        shared = frozenset()
    return Principal(user.name, company_ids, shared, user.name, _by_company(held, everywhere))


def _by_company(
    held: Mapping[CompanyId, frozenset[Scope]], everywhere: frozenset[Scope] | None
) -> tuple[tuple[CompanyId, frozenset[Scope]], ...]:
    rights = sorted(held.items())
    return tuple(rights if everywhere is None else [(EVERY_COMPANY, everywhere), *rights])


def known_scopes(kept: frozenset[str]) -> frozenset[Scope]:
    """The scopes that this version knows."""
    return frozenset(Scope(scope) for scope in kept if scope in set(Scope))
