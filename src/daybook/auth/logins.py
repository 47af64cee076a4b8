"""Users who sign in with a password: those of a store, and the demo's."""

from daybook.app.access import Login, Logins, Principal
from daybook.app.ports import Directory
from daybook.app.roles import principal_of
from daybook.app.scram import scram_verifier
from daybook.auth.demo import DemoCredentials


class StoreLogins:
    """The `Logins` over the users of a store, as it is at each look-up."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory

    def login(self, user: str) -> Login | None:
        """What is kept of a user, or None; one who was withdrawn is not known."""
        found = self._directory.user(user)
        if found is None or found.revoked_at is not None or not found.verifier:
            return None
        return Login(found.verifier, principal_of(found))


class DemoLogins:
    """The demo's logins, each word user and password of its company, and those behind them."""

    def __init__(self, credentials: DemoCredentials, behind: Logins) -> None:
        self._behind = behind
        self._known: dict[str, Login] = {}
        for word in credentials.companies:
            principal: Principal | None = credentials.principal(word)
            if principal is not None:
                self._known[word] = Login(scram_verifier(word), principal)

    def login(self, user: str) -> Login | None:
        """What is kept of a user, or None."""
        return self._known.get(user) or self._behind.login(user)
