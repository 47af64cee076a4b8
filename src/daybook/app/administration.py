"""People, applications, tokens and sessions: made, listed, changed and withdrawn.

The command line and the administration interface do it through here, so that both follow the same
rules and leave the same trail. Secrets are answered once, when they are made; stores keep hashes.

Whoever administers all companies may do everything. Who administers some sees and changes what
concerns none but those: tokens and applications for them alone, roles in them, and people who have
no other. Nobody gives away what they may not do themselves.
"""

import re
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Final, TypeVar

from daybook.app import credentials, passwords, session_records
from daybook.app.access import Principal, Scope
from daybook.app.credentials import REFRESH, Issued, NewToken
from daybook.app.ports import Client, Clock, Directory, Token, TokensOf, TokenTable, User
from daybook.app.powers import Powers, Standing, opened_by
from daybook.app.redirects import REDIRECTS_MAX, redirect_fault
from daybook.app.roles import (
    EVERY_COMPANY,
    SCOPES,
    Role,
    known_scopes,
    principal_of,
    role_of,
)
from daybook.app.scram import scram_verifier
from daybook.app.session_records import SessionRecord
from daybook.app.trail import By, Happening, Trail, What
from daybook.domain.ids import CompanyId, Timestamp
from daybook.domain.values import value

T = TypeVar("T")

OPTIONS: Final[Mapping[str, str]] = {
    "posts-at-once": "its entries need no approval, unless the company asks for four eyes",
    "repeats-numbers": "it may use a document number twice",
    "address-bound": "its tokens count only from the address they were made for",
}
"""What an application can be given beyond the usual, and what it means."""

PROFILE: Final = ("email", "given_name", "family_name", "phone_number")
"""What may be known of a person, by the names of OpenID."""

SUBJECT: Final = "subject"
"""What stands for a person at programs. Kept in the profile beside what is known of them."""

PROFILE_LENGTH_MAX: Final = 320
"""Characters of each: the longest e-mail address."""

LABEL_LENGTH_MAX: Final = 255
"""Characters of what a token is said to be for."""

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._@-]{0,62}", re.ASCII).fullmatch


class Why(StrEnum):
    """Why something was not done."""

    NOT_FOUND = "not-found"
    """There is none, or none that the caller may know of."""
    TAKEN = "taken"
    INVALID = "invalid"
    FORBIDDEN = "forbidden"


@value
class Fault:
    """What was not done, and why, as a sentence."""

    why: Why
    message: str


_MEANWHILE: Final = Fault(
    Why.TAKEN, "somebody else changed it at the same time; look and try again"
)


_ENDED: Final = Fault(Why.FORBIDDEN, "what you sign in with has ended meanwhile")


@value
class Secret:
    """What was made, and its secret, which is answered only now."""

    name: str
    text: str
    number: int = 0


def name_fault(name: str) -> str | None:
    """What is wrong with a name for a person or an application, or None."""
    if _NAME(name) is None:
        return "small letters, digits and . _ @ - are possible, 63 at most"
    return None


def new_subject() -> str:
    """A subject for somebody new: whoever had the name before was another person."""
    return str(uuid.uuid4())


def password_fault(password: str) -> str | None:
    """What is wrong with a new password, or None."""
    if passwords.PASSWORD_LENGTH_MIN <= len(password) <= passwords.PASSWORD_LENGTH_MAX:
        return None
    return (
        f"a password has {passwords.PASSWORD_LENGTH_MIN} to"
        f" {passwords.PASSWORD_LENGTH_MAX} characters"
    )


class Administration:
    """What one administrator may do. Hashes passwords and writes: for pool threads."""

    def __init__(
        self,
        directory: Directory,
        clock: Clock,
        principal: Principal,
        peer: str = "",
        trail: Trail | None = None,
        standing: Standing | None = None,
    ) -> None:
        """`principal` has to have the scope `admin`; the caller has looked.

        `standing` says who that is by the time something is done; without it nothing ends them.
        """
        self._directory = directory
        self._clock = clock
        self._powers = Powers(principal)
        self._standing = standing or (lambda _: principal)
        self._by = By(principal.client, principal.user, peer)
        self._trail = trail or Trail(directory, clock)

    # People

    def users(self) -> list[User]:
        """The people who concern the administrator, by name, withdrawn ones included.

        The profile is shown of those who concern no other.
        """
        found = self._directory.users()
        return [self._shown(user) for user in found if self._powers.sees(_companies_of(user))]

    def user(self, name: str) -> User | None:
        """A person who concerns the administrator, or None; see `users`."""
        user = self._directory.user(name)
        seen = user is not None and self._powers.sees(_companies_of(user))
        return self._shown(user) if user is not None and seen else None

    def make_user(
        self,
        name: str,
        password: str,
        roles: Mapping[CompanyId, Role],
        profile: Mapping[str, str] | None = None,
    ) -> User | Fault:
        """Make a person, who can sign in at once. One who was withdrawn may be made anew."""
        kept = self._directory.user(name)
        if kept is not None and kept.revoked_at is None:
            return Fault(Why.TAKEN, f"there is a user {name!r}")
        if kept is not None and not self._powers.owns(_companies_of(kept)):
            return Fault(Why.TAKEN, f"there was a user {name!r}")
        fault = name_fault(name) or password_fault(password) or _profile_fault(profile or {})
        if fault is not None:
            return Fault(Why.INVALID, fault)
        refused = self._unknown_fault(roles) or _roles_fault(self._powers, roles)
        if refused is not None:
            return refused
        user = User(
            name,
            passwords.hashed(password),
            self._clock(),
            verifier=scram_verifier(password),
            roles=tuple(sorted((company, role.value) for company, role in roles.items())),
            profile=tuple(sorted({**(profile or {}), SUBJECT: new_subject()}.items())),
        )
        found = self._do(
            lambda powers: _roles_fault(powers, roles),
            lambda table: user if table.replace_user(kept, user) else _MEANWHILE,
        )
        if isinstance(found, User):
            self._note(What.USER_MADE, name, roles, _told(roles))
        return found

    def set_password(self, name: str, password: str) -> User | Fault:
        """Give a person another password; their sessions end, and every token made for them.

        Whoever knew the earlier one may have let programs in. Refused for one who may do more than
        the administrator, who could sign in as them.
        """
        user = self._owned_user(name)
        if isinstance(user, Fault):
            return user

        def judge(powers: Powers) -> Fault | None:
            return _power_fault(powers, user)

        refused = judge(self._powers)
        if refused is not None:
            return refused
        fault = password_fault(password)
        if fault is not None:
            return Fault(Why.INVALID, fault)
        other = replace(
            user, password_hash=passwords.hashed(password), verifier=scram_verifier(password)
        )
        changed = self._replace_and_end(
            user,
            lambda now: replace(other, created_at=now),
            judge,
        )
        if isinstance(changed, User):
            self._note(What.USER_CHANGED, name, _companies_of(user), "password")
        return changed

    def set_role(self, name: str, company_id: CompanyId, role: Role | None) -> User | Fault:
        """Make a person something to a company, or with None nothing.

        Tokens that they have given applications for it open it no more; a refresh gives new ones.
        Refused for one who may do more there than the administrator. A person who does not concern
        the administrator is as unknown as one who is not there. Only
        who administers all companies takes a last role: to anybody else the person would be
        unknown from then on, and nobody could undo it.
        """
        user = self._directory.user(name)
        if (
            user is None
            or user.revoked_at is not None
            or not self._powers.sees(_companies_of(user))
        ):
            return Fault(Why.NOT_FOUND, f"there is no user {name!r}")
        given = {company_id: role or Role.VIEWER}

        def judge(powers: Powers) -> Fault | None:
            return _roles_fault(powers, given) or _forbidden(powers.role_fault(user, company_id))

        refused = self._unknown_fault(given) or judge(self._powers)
        if refused is not None:
            return refused
        had = self._is_of(user, company_id)
        if role is None and not had:
            return Fault(Why.NOT_FOUND, f"there is no user {name!r}")
        roles = _roles_of(user)
        if roles is None:
            message = f"{name!r} has scopes and no role; make the user anew"
            return Fault(Why.INVALID, message)
        if role is None:
            roles.pop(company_id, None)
        else:
            roles[company_id] = role.value
        if not roles:  # without any the company list of earlier versions would count
            changed = replace(user, roles=(), company_ids=frozenset(), scopes=frozenset())
        else:
            changed = replace(user, roles=tuple(sorted(roles.items())))
        if not self.is_of_all and principal_of(changed).company_ids == frozenset():
            return Fault(Why.FORBIDDEN, f"it is the last role of {name!r}; withdraw them instead")

        def work(table: TokenTable) -> User | Fault:
            if not table.replace_user(user, changed):
                return _MEANWHILE
            if had:  # what serves somebody in other companies is not to be ended from here
                self._withdraw_tokens_of(table, name, company_id)
            return changed

        found = self._do(judge, work)
        if isinstance(found, Fault):
            return found
        told = "none" if role is None else role.value
        self._note(What.USER_CHANGED, name, {company_id}, f"role {told}")
        return self._shown(found)

    def withdraw_user(self, name: str) -> User | Fault:
        """Withdraw a person, their sessions and every token made for them.

        Refused for one who may do more than the administrator.
        """
        user = self._owned_user(name)
        if isinstance(user, Fault):
            return user

        def judge(powers: Powers) -> Fault | None:
            return _power_fault(powers, user)

        withdrawn = self._replace_and_end(
            user,
            lambda now: user if user.revoked_at is not None else replace(user, revoked_at=now),
            judge,
        )
        if isinstance(withdrawn, User) and user.revoked_at is None:
            self._note(What.USER_WITHDRAWN, name, _companies_of(user))
        return withdrawn

    # Applications

    def clients(self) -> list[Client]:
        """The applications that concern the administrator, by id, withdrawn ones included."""
        return [each for each in self._directory.clients() if self._powers.sees(each.company_ids)]

    def client(self, client_id: str) -> Client | None:
        """An application that concerns the administrator, or None."""
        client = self._directory.client(client_id)
        return client if client is not None and self._powers.sees(client.company_ids) else None

    def make_client(
        self,
        client_id: str,
        company_ids: frozenset[CompanyId],
        scopes: frozenset[Scope],
        options: Iterable[str] = (),
        redirects: Iterable[str] = (),
    ) -> Secret | Fault:
        """Make an application. `company_ids` empty: for all companies."""
        kept = self._directory.client(client_id)
        if kept is not None and (
            kept.revoked_at is None or not self._powers.owns(kept.company_ids)
        ):
            return Fault(Why.TAKEN, f"there is a client {client_id!r}; revoke it first")
        kinds, back = frozenset(options), tuple(dict.fromkeys(redirects))
        fault = name_fault(client_id) or _client_fault(kinds, back)
        if fault is not None:
            return Fault(Why.INVALID, fault)
        refused = self._unknown_fault(company_ids) or _grant_fault(
            self._powers, company_ids, scopes
        )
        if refused is not None:
            return refused
        text = credentials.new_secret()
        client = Client(
            client_id,
            client_id,
            credentials.digest(text),
            self._clock(),
            company_ids=company_ids,
            scopes=frozenset(scope.value for scope in scopes),
            options=kinds,
            redirects=back,
        )

        def work(table: TokenTable) -> Client | Fault:
            if self._is_foreign(client_id, table):
                return Fault(Why.TAKEN, f"others have tokens of a client {client_id!r}")
            return client if table.replace_client(kept, client) else _MEANWHILE

        found = self._do(lambda powers: _grant_fault(powers, company_ids, scopes), work)
        if isinstance(found, Fault):
            return found
        self._note(What.CLIENT_MADE, client_id, company_ids, " ".join(sorted(client.scopes)))
        return Secret(client_id, text)

    def new_secret(self, client_id: str) -> Secret | Fault:
        """Give an application another secret; the earlier one counts no more.

        Refused for one that may do more than the administrator.
        """
        client = self._owned_client(client_id)
        if isinstance(client, Fault):
            return client
        if client.revoked_at is not None:
            return Fault(Why.NOT_FOUND, f"the client {client_id!r} was withdrawn")
        text = credentials.new_secret()
        changed = replace(client, secret_hash=credentials.digest(text))
        found = self._do(
            lambda powers: _grant_fault(powers, client.company_ids, known_scopes(client.scopes)),
            lambda table: changed if table.replace_client(client, changed) else _MEANWHILE,
        )
        if isinstance(found, Fault):
            return found
        self._note(What.CLIENT_CHANGED, client_id, client.company_ids, "secret")
        return Secret(client_id, text)

    def withdraw_client(self, client_id: str) -> Client | Fault:
        """Withdraw an application's secret, and every token it has in the caller's companies."""
        client = self._owned_client(client_id)
        if isinstance(client, Fault):
            return client
        now = self._clock()
        withdrawn = client if client.revoked_at is not None else replace(client, revoked_at=now)

        def work(table: TokenTable) -> Client | Fault:
            if not table.replace_client(client, withdrawn):
                return _MEANWHILE
            found = table.tokens(TokensOf(client=client_id))
            own = filter(self._powers.owns_token, found)
            credentials.revoke_within(table, now, own)
            return withdrawn

        found = self._do(lambda powers: _owned_fault(powers, client_id, client.company_ids), work)
        if isinstance(found, Client) and client.revoked_at is None:
            self._note(What.CLIENT_WITHDRAWN, client_id, client.company_ids)
        return found

    # Tokens

    def tokens(self) -> list[Token]:
        """The tokens that concern the administrator, in the order they were made."""
        return [token for token in self._directory.tokens() if self._powers.owns(token.company_ids)]

    def make_token(self, wanted: NewToken) -> Secret | Fault:
        """Make a token.

        Refused for scopes or companies that are not the administrator's, for somebody who is
        withdrawn, be it at this moment, and for a client that is another's too: interfaces take
        callers with one client's name for one client.
        """
        if not wanted.client or len(wanted.client) > LABEL_LENGTH_MAX:
            message = f"client: 1 to {LABEL_LENGTH_MAX} characters"
            return Fault(Why.INVALID, message)
        if len(wanted.label) > LABEL_LENGTH_MAX:
            return Fault(Why.INVALID, f"label: {LABEL_LENGTH_MAX} characters at most")
        refused = self._unknown_fault(wanted.company_ids)
        if refused is not None:
            return refused

        def work(table: TokenTable) -> Issued | Fault:
            user = None if wanted.user is None else table.user(wanted.user)
            if user is not None and user.revoked_at is not None:
                return Fault(Why.FORBIDDEN, f"{user.name!r} was withdrawn")
            if self._is_foreign(wanted.client, table):
                return Fault(Why.TAKEN, f"the client {wanted.client!r} is not only yours")
            return credentials.issue(table, self._clock, wanted)

        issued = self._do(
            lambda powers: _grant_fault(powers, wanted.company_ids, wanted.scopes), work
        )
        if isinstance(issued, Fault):
            return issued
        number = issued.token.number
        self._note(What.TOKEN_MADE, str(number), wanted.company_ids, f"for {wanted.client}")
        return Secret(wanted.client, issued.text, number)

    def withdraw_token(self, number: int) -> list[Token] | Fault:
        """Withdraw a token and all of the same authorization."""
        if all(token.number != number for token in self.tokens()):
            return Fault(Why.NOT_FOUND, f"there is no token {number}")
        found = credentials.revoke_number(self._directory, self._clock, number)
        companies = found[0].company_ids if found else frozenset[CompanyId]()
        self._note(What.TOKEN_WITHDRAWN, str(number), companies)
        return found

    # Sessions

    def sessions(self) -> list[SessionRecord]:
        """The sessions of people that are the administrator's to withdraw, or all."""
        found = session_records.sessions(self._directory, self._clock())
        return [each for each in found if self._may_end(each.user)]

    def end_session(self, session_id: str) -> str | Fault:
        """End a session; answers with whose it was."""
        if all(each.id != session_id for each in self.sessions()):
            return Fault(Why.NOT_FOUND, f"there is no session {session_id!r}")
        user = session_records.end(self._directory, session_id)
        if user is None:
            return Fault(Why.NOT_FOUND, f"there is no session {session_id!r}")
        self._note(What.SESSION_ENDED, user, ())
        return user

    def end_sessions(self, name: str) -> int | Fault:
        """End all sessions of a person; answers how many."""
        if not self._may_end(name):
            return Fault(Why.NOT_FOUND, f"there is no user {name!r}")
        count = session_records.end_of(self._directory, name)
        self._note(What.SESSION_ENDED, name, (), f"{count} sessions")
        return count

    def _do(
        self,
        judge: Callable[[Powers], Fault | None],
        work: Callable[[TokenTable], T | Fault],
    ) -> T | Fault:
        """Run `work` as one transaction, if the administrator may still do it by then."""

        def judged(table: TokenTable) -> T | Fault:
            principal = self._standing(table)
            if principal is None:
                return _ENDED
            return judge(Powers(principal)) or work(table)

        return self._directory.change_tokens(judged)

    def _replace_and_end(
        self,
        user: User,
        change: Callable[[Timestamp], User],
        judge: Callable[[Powers], Fault | None],
    ) -> User | Fault:
        """Keep a person as `change` says, and withdraw every token made for them, as one.

        So no program that is let in at this moment keeps what it gets; `change` is told a time
        after which nobody is believed by what was kept before. Their sessions end too.
        """

        def work(table: TokenTable) -> User | Fault:
            now = self._clock()
            changed = change(now)
            if not table.replace_user(user, changed):
                return _MEANWHILE
            credentials.revoke_within(table, now, table.tokens(TokensOf(user=user.name)))
            return changed

        changed = self._do(judge, work)
        if isinstance(changed, User):
            session_records.end_of(self._directory, user.name)
        return changed

    # Rules

    @property
    def is_of_all(self) -> bool:
        """Whether the administrator administers all companies."""
        return self._powers.are_of_all

    def is_foreign(self, client: str) -> bool:
        """Whether a client's name is in use where the administrator has no say.

        Also by what was withdrawn: settings that stand under the name are there still.
        """
        return self._is_foreign(client, self._directory)

    def _is_foreign(self, client: str, table: TokenTable) -> bool:
        kept = table.client(client)
        if kept is not None and not self._powers.owns(kept.company_ids):
            return True
        return not all(map(self._powers.owns_token, table.tokens(TokensOf(client=client))))

    def _is_of(self, user: User, company_id: CompanyId) -> bool:
        """Whether somebody is known to concern a company: they may open it already."""
        return self.is_of_all or principal_of(user).may_open(company_id)

    def _may_end(self, name: str) -> bool:
        if self.is_of_all:
            return True
        user = self._directory.user(name)
        return user is not None and self._powers.owns(_companies_of(user))

    def _owned_user(self, name: str) -> User | Fault:
        user = self.user(name)
        if user is None:
            return Fault(Why.NOT_FOUND, f"there is no user {name!r}")
        return _owned_fault(self._powers, name, _companies_of(user)) or user

    def _owned_client(self, client_id: str) -> Client | Fault:
        client = self.client(client_id)
        if client is None:
            return Fault(Why.NOT_FOUND, f"there is no client {client_id!r}")
        return _owned_fault(self._powers, client_id, client.company_ids) or client

    def _unknown_fault(self, company_ids: Iterable[CompanyId]) -> Fault | None:
        if opened_by(company_ids) <= frozenset(self._directory.company_ids()):
            return None
        return Fault(Why.INVALID, "there is no such company")

    def _shown(self, user: User) -> User:
        return user if self._powers.owns(_companies_of(user)) else replace(user, profile=())

    def _withdraw_tokens_of(self, table: TokenTable, name: str, company_id: CompanyId) -> None:
        """Withdraw what lets programs do in a company what a person might.

        What opens others' companies too goes on for those; what opens all was made by who
        administers all, and is theirs to withdraw.
        """
        now = self._clock()

        def concerned(token: Token) -> bool:
            there = company_id in (*token.company_ids, EVERY_COMPANY) or not token.company_ids
            return there and token.kind != REFRESH

        found = list(filter(concerned, table.tokens(TokensOf(user=name))))
        credentials.revoke_within(table, now, filter(self._powers.owns_token, found))
        for token in found:
            left = token.company_ids - {company_id}
            if left and not self._powers.owns_token(token):
                table.put_token(replace(token, company_ids=left))

    def _note(
        self, what: What, subject: str, company_ids: Iterable[CompanyId], note: str = ""
    ) -> None:
        self._trail.note(Happening(what, subject, self._by, frozenset(company_ids), note))


def _forbidden(message: str | None) -> Fault | None:
    return None if message is None else Fault(Why.FORBIDDEN, message)


def _grant_fault(
    powers: Powers, company_ids: frozenset[CompanyId], scopes: frozenset[Scope]
) -> Fault | None:
    return _forbidden(powers.grant_fault(company_ids, scopes))


def _roles_fault(powers: Powers, roles: Mapping[CompanyId, Role]) -> Fault | None:
    return _forbidden(powers.roles_fault(roles))


def _power_fault(powers: Powers, user: User) -> Fault | None:
    """Why a person is not an administrator's to withdraw or to give a password, or None."""
    return _owned_fault(powers, user.name, _companies_of(user)) or _forbidden(
        powers.person_fault(user)
    )


def _owned_fault(powers: Powers, name: str, company_ids: frozenset[CompanyId]) -> Fault | None:
    if powers.owns(company_ids):
        return None
    return Fault(Why.FORBIDDEN, f"{name!r} belongs to other companies too")


def _companies_of(user: User) -> frozenset[CompanyId]:
    """The companies that a person concerns: one alone may see and change them who administers
    those. None stands for all, and for none: both are for who administers all companies.
    """
    opened = principal_of(user).company_ids
    return frozenset() if opened is None else opened


def _roles_of(user: User) -> dict[CompanyId, str] | None:
    """The roles of a person; None where scopes of an earlier version are no role."""
    if user.roles or not user.scopes:
        return dict(user.roles)
    scopes = known_scopes(user.scopes)
    role = role_of(scopes)
    if role is None or scopes != SCOPES[role]:
        return None
    return dict.fromkeys(user.company_ids or {EVERY_COMPANY}, role.value)


def _told(roles: Mapping[CompanyId, Role]) -> str:
    return " ".join(f"{company}={role.value}" for company, role in sorted(roles.items()))


def _profile_fault(profile: Mapping[str, str]) -> str | None:
    for name, text in profile.items():
        if name not in PROFILE:
            return f"{name}: only {', '.join(PROFILE)} are kept of a person"
        if not text.isprintable() or not 0 < len(text) <= PROFILE_LENGTH_MAX:
            return f"{name}: 1 to {PROFILE_LENGTH_MAX} printable characters"
    return None


def _client_fault(options: frozenset[str], redirects: tuple[str, ...]) -> str | None:
    if not options <= set(OPTIONS):
        return f"options: only {', '.join(OPTIONS)} are known"
    if len(redirects) > REDIRECTS_MAX:
        return f"redirects: {REDIRECTS_MAX} at most"
    return next(filter(None, map(redirect_fault, redirects)), None)
