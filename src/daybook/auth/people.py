"""People: those of a store, and the demo's, by the name they sign in with."""

from typing import Final

from daybook.app.access import Principal
from daybook.app.ports import TokenTable
from daybook.app.roles import principal_of
from daybook.auth.demo import DemoCredentials
from daybook.domain.ids import Timestamp
from daybook.domain.values import value

NAME_LENGTH_MAX: Final = 255
"""Characters of a client id or user name that are looked at."""


@value
class Person:
    """Somebody who can sign in. `since` is when they got their password, 0 in the demo."""

    principal: Principal
    since: Timestamp
    profile: tuple[tuple[str, str], ...] = ()


class People:
    """Who there is. What is kept is read at each look-up, since another process may change it."""

    def __init__(self, directory: TokenTable, demo: DemoCredentials | None = None) -> None:
        """`directory` is that of a store, or what a transaction sees of it. With `demo`, its people
        count too.
        """
        self._directory = directory
        self._demo = demo or DemoCredentials({})

    def find(self, name: str) -> Person | None:
        """A person who has not been withdrawn, or None."""
        demo = self._demo.principal(name)
        if demo is not None:
            return Person(demo, Timestamp(0), self._demo.profile(name))
        user = self._directory.user(name) if len(name) <= NAME_LENGTH_MAX else None
        if user is None or user.revoked_at is not None:
            return None
        return Person(principal_of(user), user.created_at, user.profile)

    def has(self, name: str) -> bool:
        """Whether there is a person of a name."""
        return self.find(name) is not None
