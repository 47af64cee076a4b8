"""Credentials for these books: tokens for programs, logins for people and SQL.

Whoever administers a company makes tokens for this company alone, and withdraws those that open
no books but ones they administer. A token carries the name of who made it: what a program does with
it is theirs where four eyes are asked for, and it goes with them.

A login is a person with a role in this company. Here it gets a password that nobody has chosen,
shown once; those that open other companies too are their administrators' to withdraw.
"""

import secrets
from typing import Final

from daybook.app import credentials
from daybook.app.access import Scope
from daybook.app.administration import Administration, Fault
from daybook.app.ports import Token, User
from daybook.app.powers import of_session
from daybook.app.roles import Role
from daybook.domain.ids import CompanyId
from daybook.domain.values import value
from daybook.protocols.kit.plugin import Response
from daybook.web.addresses import COMPANY_PREFIX
from daybook.web.grants import GRANTS, KINDS, ROLES, granted
from daybook.web.limits import KEYS_SHOWN
from daybook.web.routing import Route
from daybook.web.visit import Visit

_DAY_US: Final = 86_400 * 1_000_000
LIVES: Final = {"": "Until withdrawn", "30": "30 days", "90": "90 days", "365": "A year"}
"""How long a token may live, in days."""

CLIENT_LENGTH_MAX: Final = 100
LABEL_LENGTH_MAX: Final = 200
"""Characters of an application's name and of what a token is for."""


PASSWORD_BYTES: Final = 18
"""Random bytes of a password: beyond guessing, and still typed in a minute."""

ENDED: Final = {"revoked": "withdrawn", "expired": "ended"}
"""What is said of tokens that open nothing any more."""


@value
class Row:
    """A token in the list. `grants` and `kind` are in words."""

    token: Token
    state: str
    kind: str
    grants: str


@value
class LoginRow:
    """A person with a role in the company, or in place of one with scopes, which are told in words;
    `mine` where the visitor may withdraw them.
    """

    name: str
    role: str
    mine: bool


def keys(visit: Visit) -> Response:
    """The list, and the form for another one."""
    return _page(visit)


def make(visit: Visit) -> Response:
    """Make a token; the page that answers is the only place where it is ever shown."""
    client = visit.form.get("client", "").strip()
    label = visit.form.get("label", "").strip()
    wanted = frozenset(scope for scope in Scope if visit.form.get(f"scope-{scope.value}") == "on")
    faults = {}
    if not client or len(client) > CLIENT_LENGTH_MAX or not client.isprintable():
        faults["client"] = f"A name of up to {CLIENT_LENGTH_MAX} characters is wanted."
    elif _is_foreign(visit, client):
        faults["client"] = "Programs of other companies use this name. Choose another."
    if len(label) > LABEL_LENGTH_MAX or not (label.isprintable() or not label):
        faults["label"] = f"Up to {LABEL_LENGTH_MAX} characters are possible."
    if not wanted:
        faults["scopes"] = "Choose at least one thing that the token allows."
    elif not wanted <= visit.opened.principal.scopes:
        faults["scopes"] = "A token cannot allow more than your own role does."
    days = visit.form.get("days", "")
    if days not in LIVES:
        faults["days"] = "Choose one of the list."
    if faults:
        return _page(visit, faults=faults)
    made = _administration(visit).make_token(
        credentials.NewToken(
            client,
            company_ids=frozenset({visit.home.id}),
            scopes=wanted,
            label=label,
            user=visit.user,
            lifetime_us=int(days) * _DAY_US if days else None,
        )
    )
    if isinstance(made, Fault):
        return _page(visit, faults={"client": made.message})
    return _page(visit, secret=made.text, number=made.number)


def withdraw(visit: Visit) -> Response:
    """Withdraw a token, and with it what the same authorization has made."""
    directory = visit.site.ledger.store.directory
    number = visit.form.get("number", "")
    found = next((each for each in directory.tokens() if str(each.number) == number), None)
    if found is None or not _is_mine(visit, found):
        return visit.not_found()
    if isinstance(_administration(visit).withdraw_token(found.number), Fault):
        return visit.not_found()
    return visit.redirect(visit.address("keys"), f"Token {number} opens nothing any more.")


def make_login(visit: Visit) -> Response:
    """Make a login; the page that answers is the only place where its password is ever shown."""
    name, role = visit.form.get("name", "").strip(), visit.form.get("role", "")
    if role not in set(Role):
        return _page(visit, faults={"role": "Choose one of the list."})
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    made = _administration(visit).make_user(name, password, {visit.home.id: Role(role)})
    if isinstance(made, Fault):
        return _page(visit, faults={"name": _sentence(made.message)})
    return _page(visit, secret=password, login=name)


def withdraw_login(visit: Visit) -> Response:
    """Withdraw somebody who has a role in no other company."""
    name = visit.form.get("name", "")
    if name == visit.user:
        told = "Somebody else has to withdraw you."
        return visit.redirect(visit.address("keys"), told, "bad")
    if all(row.name != name for row in _logins(visit)):
        return visit.not_found()
    withdrawn = _administration(visit).withdraw_user(name)
    if isinstance(withdrawn, Fault):
        return visit.redirect(visit.address("keys"), _sentence(withdrawn.message), "bad")
    return visit.redirect(visit.address("keys"), f"{name} signs in nowhere any more.")


def _sentence(message: str) -> str:
    return f"{message[:1].upper()}{message[1:]}."


def _administration(visit: Visit) -> Administration:
    """What the visitor may administer, in this company and others; it leaves a trail."""
    session = visit.session
    assert session is not None
    site = visit.site
    peer = visit.request.peer
    standing = of_session(session.principal, session.signed_in_at)
    directory = site.ledger.store.directory
    return Administration(directory, site.clock, session.principal, peer, standing=standing)


def _page(
    visit: Visit,
    *,
    faults: dict[str, str] | None = None,
    secret: str = "",
    number: int = 0,
    login: str = "",
) -> Response:
    tokens = visit.site.ledger.store.directory.tokens()
    about = [_row(visit, each) for each in reversed(tokens) if _is_mine(visit, each)]
    with_ended = visit.query.get("ended") == "on"
    shown = [row for row in about if with_ended or row.state == "valid"]
    return visit.page(
        "keys.html",
        status=422 if faults else 200,
        title="Keys",
        rows=shown[:KEYS_SHOWN],
        more=len(shown) > KEYS_SHOWN,
        with_ended=with_ended,
        ended=sum(row.state != "valid" for row in about),
        logins=_logins(visit),
        roles=ROLES,
        faults=faults or {},
        given=visit.form if faults else {},
        scopes=[(each, GRANTS[each]) for each in Scope if visit.may(each)],
        lives=LIVES,
        secret=secret,
        number=number,
        login=login,
    )


def _is_foreign(visit: Visit, client: str) -> bool:
    """Whether a name stands for a program of companies that the visitor does not administer."""
    session = visit.session
    assert session is not None
    directory = visit.site.ledger.store.directory
    return Administration(directory, visit.site.clock, session.principal).is_foreign(client)


def _is_mine(visit: Visit, token: Token) -> bool:
    """Whether the visitor administers every company that a token opens."""
    session = visit.session
    assert session is not None
    if not token.company_ids or visit.home.id not in token.company_ids:
        return False
    held = (session.within(company_id) for company_id in token.company_ids)
    return all(each is not None and Scope.ADMIN in each.scopes for each in held)


def _row(visit: Visit, token: Token) -> Row:
    fault = credentials.fault(token, visit.now())
    state = "valid" if fault is None else ENDED.get(fault.value, fault.value)
    grants = granted(token.scopes) or "No books"
    return Row(token, state, KINDS.get(token.kind, token.kind), grants)


def _logins(visit: Visit) -> list[LoginRow]:
    """The people to whom this company is open by name; not those to whom all are."""
    found = []
    for user in _administration(visit).users():
        role = _role_of(user, visit.home.id)
        if role is not None and user.revoked_at is None:
            mine = len(user.roles or user.company_ids) == 1 and user.name != visit.user
            found.append(LoginRow(user.name, role, mine))
    return found[:KEYS_SHOWN]


def _role_of(user: User, company_id: CompanyId) -> str | None:
    """What somebody is to a company: their role, or what their scopes allow; None for nothing."""
    if user.roles or company_id not in user.company_ids:
        return dict(user.roles).get(company_id)
    return f"no role, only: {granted(user.scopes) or 'nothing'}"


_KEYS: Final = f"{COMPANY_PREFIX}/keys"

ROUTES: Final = (
    Route("keys", "GET", _KEYS, keys, Scope.ADMIN, "keys"),
    Route("keys", "POST", _KEYS, make, Scope.ADMIN, "keys"),
    Route("key-withdraw", "POST", f"{_KEYS}/withdraw", withdraw, Scope.ADMIN, "keys"),
    Route("login", "POST", f"{_KEYS}/login", make_login, Scope.ADMIN, "keys"),
    Route("login-withdraw", "POST", f"{_KEYS}/login/withdraw", withdraw_login, Scope.ADMIN, "keys"),
)
