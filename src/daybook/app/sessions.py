"""Sessions: people who have signed in with a browser.

Whoever signs in gets a secret, which their browser sends back with each request, in a cookie. The
store keeps its hash alone. A session ends when it was idle for `IDLE_SECONDS`, after
`SESSION_SECONDS` in any case, when it is signed out, and at once when its person is withdrawn or
their password changes. What the person may do is looked up anew with each request.

    entered = services.sessions.sign_in("ada", password, request.peer)
    if isinstance(entered, Entered): ...         # set the cookie to entered.secret
    session = services.sessions.find(secret)     # with the next request
    principal = session.within(company_id)       # for ledger.books, or None

Everything here may write to the store, so it is called from a pool thread.
"""

from enum import StrEnum
from typing import Final, Protocol

from daybook.app.access import Principal
from daybook.app.roles import Role, role_of
from daybook.domain.ids import CompanyId, Timestamp
from daybook.domain.values import value

WEB: Final = "web"
"""The application on whose behalf people act who use a browser."""

COOKIE: Final = "daybook_session"
COOKIE_PATHS: Final = ("/app", "/connect")
"""The cookie of a session, and the two parts of the server it is sent to: the pages, and those on
which applications are let in. There is one of the name for each, so that no interface gets it."""

IDLE_SECONDS: Final = 2 * 3_600
"""Seconds without a request after which a session ends: a long lunch."""

SESSION_SECONDS: Final = 12 * 3_600
"""Seconds after which a session ends in any case: a long working day."""


@value
class Session:
    """Somebody who has signed in, as they are at this request.

    `csrf_token` stands in every form of this session; a request that changes something and does
    not carry it came from another page. `principal` acts on all companies; see `within`.
    """

    user: str
    csrf_token: str
    signed_in_at: Timestamp
    expires_at: Timestamp
    principal: Principal
    profile: tuple[tuple[str, str], ...] = ()

    def within(self, company_id: CompanyId) -> Principal | None:
        """Whom the ledger is told of for one company; None where the person has no role there."""
        narrow = self.principal.within(company_id)
        if not narrow.scopes or not narrow.may_open(company_id):
            return None
        return Principal(narrow.client, frozenset({company_id}), narrow.scopes, narrow.user)

    def role(self, company_id: CompanyId) -> Role | None:
        """What the person is to a company, or None."""
        narrow = self.within(company_id)
        return None if narrow is None else role_of(narrow.scopes)


@value
class Entered:
    """A session that was just begun, and its secret, which is shown only now."""

    secret: str
    session: Session


class Denial(StrEnum):
    """Why somebody was not let in."""

    WRONG = "wrong"
    """Name or password is wrong; which one is not told."""
    THROTTLED = "throttled"
    """Too many failures of late, with this name or from this address."""


@value
class NotEntered:
    """Why nobody was let in. `retry_seconds` is after how long it makes sense to try again."""

    reason: Denial
    retry_seconds: int = 0

    @property
    def message(self) -> str:
        """The reason as a sentence for the person."""
        if self.reason is Denial.WRONG:
            return "The name or the password is wrong."
        minutes = -(-self.retry_seconds // 60)
        return f"Too many attempts have failed. Try again in {minutes} min."


class Sessions(Protocol):
    """Those who are signed in."""

    def sign_in(self, name: str, password: str, peer: str) -> Entered | NotEntered:
        """Begin a session. Takes as long as hashing a password, whether the name is known or not.

        `peer` is the address at the other end. Raises `StoreFailure` where nothing can be kept.
        """

    def find(self, secret: str) -> Session | None:
        """The session of a secret, or None if it has ended or never was. Counts as a request."""

    def sign_out(self, secret: str, peer: str = "") -> bool:
        """End a session, asked for by an address; whether there was one."""

    def sign_out_everywhere(self, user: str) -> int:
        """End all sessions of a person; answers how many."""


class NoSessions:
    """`Sessions` that let nobody in."""

    def sign_in(self, name: str, password: str, peer: str) -> Entered | NotEntered:
        """Refused."""
        return NotEntered(Denial.WRONG)

    def find(self, secret: str) -> Session | None:
        """None."""
        return None

    def sign_out(self, secret: str, peer: str = "") -> bool:
        """False."""
        return False

    def sign_out_everywhere(self, user: str) -> int:
        """None."""
        return 0
