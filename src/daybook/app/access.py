"""Who is asking, and what they may do."""

from enum import StrEnum
from typing import Final, Protocol

from daybook.domain.commands import ChangeCompany, Command, DeleteEntry, MoveEntry
from daybook.domain.ids import CompanyId
from daybook.domain.model import Status
from daybook.domain.values import value


class Scope(StrEnum):
    """What a credential allows with the books it opens."""

    READ = "read"
    """See everything in the books."""
    WRITE = "write"
    """Make, change and delete records."""
    APPROVE = "approve"
    """Post entries that wait."""
    ADMIN = "admin"
    """Change the company's settings; issue and revoke credentials."""


ALL_SCOPES: Final = frozenset(Scope)


def scope_for(command: Command) -> Scope:
    """What a credential has to allow for a command.

    Handing an entry in for review is its author's; giving it back or posting it is not, and nor is
    deleting it as a second person.
    """
    if isinstance(command, MoveEntry) and command.status is not Status.REVIEW:
        return Scope.APPROVE
    if isinstance(command, DeleteEntry) and command.second_person:
        return Scope.APPROVE
    return Scope.ADMIN if isinstance(command, ChangeCompany) else Scope.WRITE


@value
class Principal:
    """A caller whose credential was believed.

    `company_ids` are the books it opens; None opens all of them (the command line's own). Where
    `rights` says what is allowed in single companies (0: in all that are not named), `scopes` is
    what is allowed in every one of them.
    """

    client: str
    company_ids: frozenset[CompanyId] | None
    scopes: frozenset[Scope]
    user: str | None = None
    rights: tuple[tuple[CompanyId, frozenset[Scope]], ...] = ()

    def may_open(self, company_id: CompanyId) -> bool:
        """Whether the credential opens these books at all."""
        return self.company_ids is None or company_id in self.company_ids

    def through(self, client: str) -> "Principal":
        """The same person using an application."""
        return Principal(client, self.company_ids, self.scopes, self.user, self.rights)

    def within(self, company_id: CompanyId) -> "Principal":
        """The same caller with what is allowed in one company; what is not opened stays shut."""
        if not self.rights:
            return self  # the way of every token: nothing to be made
        rights = dict(self.rights)
        scopes = rights.get(company_id, rights.get(CompanyId(0), frozenset()))
        opened = frozenset({company_id}) if self.may_open(company_id) else frozenset()
        return Principal(self.client, opened, scopes if opened else frozenset(), self.user)


OPERATOR: Final = Principal("operator", None, ALL_SCOPES)
"""Whoever runs the program on the machine itself: the command line and the embedded library."""


class Rejection(StrEnum):
    """Why a credential was not believed."""

    MISSING = "missing"
    MALFORMED = "malformed"
    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"


class SignIn(Protocol):
    """Believes an application's secret or a person's password. May take long: see each."""

    def application(self, client_id: str, secret: str) -> Principal | None:
        """Who an application is, or None. A quick look-up."""

    def person(self, name: str, password: str) -> Principal | None:
        """Who a person is, or None. Takes as long as hashing a password, known or not."""


class Nobody:
    """A `SignIn` that believes nobody."""

    def application(self, client_id: str, secret: str) -> Principal | None:
        """None."""
        return None

    def person(self, name: str, password: str) -> Principal | None:
        """None."""
        return None


class Authenticator(Protocol):
    """Believes a bearer credential, or says why not."""

    def authenticate(self, token: str) -> Principal | Rejection:
        """Who a bearer token stands for. Constant work for unknown ones."""

    def holder(self, token_hash: bytes) -> Principal | Rejection:
        """The same of a token that is known by its SHA-256 alone. On any thread.

        A right that somebody hands on is kept with the hash of the token that gave it, and asked
        for anew whenever it is used: so it ends with the token, and never says more.
        """


@value
class Login:
    """A user who signs in with a password. `verifier` proves the password without holding it."""

    verifier: str
    principal: Principal


class Guard(Protocol):
    """What stands before the secrets that a wire asks for: bounds on guessing, a trail."""

    def begin(self, name: str, peer: str) -> int:
        """Count an attempt; answers with 0, or in how many seconds another one is looked at.

        It counts as failed until `succeed` is called, at once where many are made together.
        """

    def succeed(self, name: str, peer: str) -> None:
        """An attempt that was counted was right: what failed from there with it is forgotten."""

    def knows(self, name: str, peer: str) -> bool:
        """Whether somebody has come in by a name from the network of an address of late.

        A bound on a name from everywhere is not to hold for them: strangers could lock them out.
        """

    def enter(self, wire: str, name: str, peer: str, user: str | None) -> None:
        """Note that somebody has come in and from where; `user` is the person's name. May write."""

    def fail(self, wire: str, name: str | None, peer: str) -> None:
        """Note a wrong password in the trail; None for a name that nobody has. Writes."""


class Unguarded:
    """A `Guard` that counts and notes nothing."""

    def begin(self, name: str, peer: str) -> int:
        """0."""
        return 0

    def succeed(self, name: str, peer: str) -> None:
        """Nothing."""

    def knows(self, name: str, peer: str) -> bool:
        """Nobody is known."""
        return False

    def enter(self, wire: str, name: str, peer: str, user: str | None) -> None:
        """Nothing."""

    def fail(self, wire: str, name: str | None, peer: str) -> None:
        """Nothing."""


class Logins(Protocol):
    """The users who sign in with a password, where a wire asks for one."""

    def login(self, user: str) -> Login | None:
        """What is kept of a user, or None."""
