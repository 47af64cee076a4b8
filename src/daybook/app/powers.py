"""What somebody may administer and give away, and whether they still may at the moment it is done.

A request is judged when it comes and keeps what it makes a little later: meanwhile a password is
hashed, and other writers have their turn. Somebody may lose a role, be withdrawn or get another
password in between, which ends what was made before; what is made after must not be made at all. So
whoever asks is looked at once more inside the transaction, by their `Standing`.
"""

from collections.abc import Callable, Iterable, Mapping

from daybook.app import credentials
from daybook.app.access import Principal, Scope
from daybook.app.credentials import NO_COMPANY
from daybook.app.ports import Clock, Token, TokenTable, User
from daybook.app.roles import EVERY_COMPANY, SCOPES, Role, principal_of
from daybook.domain.ids import CompanyId, Timestamp
from daybook.domain.values import value

Standing = Callable[[TokenTable], Principal | None]
"""Who asks, as a transaction finds them; None for who is not to be believed any more."""


def of_session(principal: Principal, signed_in_at: Timestamp) -> Standing:
    """The standing of a person who signed in at a time. Who is not kept, as the demo's, stays."""

    def now(table: TokenTable) -> Principal | None:
        user = None if principal.user is None else table.user(principal.user)
        if user is None:
            return principal
        if user.revoked_at is not None or user.created_at > signed_in_at:
            return None
        return principal_of(user).through(principal.client)

    return now


def of_token(principal: Principal, token_hash: bytes, clock: Clock) -> Standing:
    """The standing of who sent a token. What is not kept, as the demo's words, stays."""

    def now(table: TokenTable) -> Principal | None:
        token = table.token(token_hash)
        if token is None:
            return principal
        return None if credentials.fault(token, clock()) else credentials.principal(token)

    return now


@value
class Powers:
    """What an administrator may do. Faults are sentences, None where there is none."""

    principal: Principal

    @property
    def are_of_all(self) -> bool:
        """Whether they are those of who administers all companies."""
        principal = self.principal
        of_all = principal.company_ids is None and not principal.rights
        return of_all and Scope.ADMIN in principal.scopes

    def administers(self, company_id: CompanyId) -> bool:
        """Whether a company is theirs to administer."""
        principal = self.principal.within(company_id)
        return principal.may_open(company_id) and Scope.ADMIN in principal.scopes

    def owns(self, company_ids: frozenset[CompanyId]) -> bool:
        """Whether what concerns these companies (none: all) concerns no other administrator."""
        if self.are_of_all:
            return True
        return bool(company_ids) and all(map(self.administers, company_ids))

    def sees(self, company_ids: frozenset[CompanyId]) -> bool:
        """Whether what concerns these companies (none: all) concerns this administrator."""
        return self.are_of_all or any(map(self.administers, company_ids))

    def owns_token(self, token: Token) -> bool:
        """Whether what a token opens is all theirs to administer."""
        return token.company_ids == {NO_COMPANY} or self.owns(token.company_ids)

    def grant_fault(
        self, company_ids: frozenset[CompanyId], scopes: frozenset[Scope]
    ) -> str | None:
        """Why something may not be given away, or None."""
        if not self.owns(company_ids):
            return "not all of these companies are yours to administer"
        for each in company_ids or {EVERY_COMPANY}:
            if not scopes <= self.principal.within(each).scopes:
                return "nobody gives away what they may not do themselves"
        return None

    def roles_fault(self, roles: Mapping[CompanyId, Role]) -> str | None:
        """Why roles may not be given, or None."""
        granted = (
            self.grant_fault(opened_by({each}), SCOPES[role]) for each, role in roles.items()
        )
        return next(filter(None, granted), None)

    def person_fault(self, user: User) -> str | None:
        """Why one may not become a person, as who sets their password can, or None."""
        person = principal_of(user)
        rights = dict(person.rights)
        if not rights:
            rights = dict.fromkeys(person.company_ids or {EVERY_COMPANY}, person.scopes)
        for company_id, scopes in rights.items():
            if not scopes <= self.principal.within(company_id).scopes:
                return f"{user.name!r} may do more than you"
        return None

    def role_fault(self, user: User, company_id: CompanyId) -> str | None:
        """Why what a person is to a company may not be changed or taken, or None."""
        person = principal_of(user)
        held = person.within(company_id).scopes if person.may_open(company_id) else frozenset()
        if held <= self.principal.within(company_id).scopes:
            return None
        return f"{user.name!r} may do more than you"


def opened_by(company_ids: Iterable[CompanyId]) -> frozenset[CompanyId]:
    """Companies as credentials name them, which have none for all of them."""
    found = frozenset(company_ids)
    return frozenset() if EVERY_COMPANY in found else found
