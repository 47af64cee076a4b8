"""What connections share, as one of them sees it; the listener is what has it."""

from collections.abc import Callable
from typing import Protocol, TypeVar

from daybook.app.access import Login, Principal
from daybook.protocols.sql.errors import SqlFault
from daybook.protocols.sql.opening import Entrance
from daybook.protocols.sql.session import Session

T = TypeVar("T")
C = TypeVar("C", contravariant=True)
"""A connection."""


class Hub(Entrance, Protocol[C]):
    """What connections share, as one of them sees it."""

    def admit(self, connection: C) -> SqlFault | None:
        """Count a connection; a fault where there are too many."""

    def leave(self, connection: C) -> None:
        """A connection has ended."""

    def open(self, connection: C, user: str, principal: Principal, name: str) -> Session:
        """A session with the books of a name. Raises `SqlFault`."""

    def credentials_version(self) -> int:
        """A number that rises whenever what is kept of any user changes. Cheap."""

    def believes(self, session: Session, login: Login) -> bool:
        """Whether a session's user still has the password and rights that it began with."""

    def wait(self, session: Session) -> int:
        """Count a statement; 0, or the seconds after which there is room for another one."""

    def too_often(self, session: Session) -> None:
        """A statement of a session was refused for its rate: the log is told once in a while."""

    async def in_thread(self, work: Callable[[], T], scans: Session | None = None) -> T:
        """Run something on a thread; `scans`: a session that reads through its books."""

    def count(self, path: str, state: str, seconds: float) -> None:
        """A statement is over."""

    def note(self, session: Session, kind: str, state: str, seconds: float, said: str) -> None:
        """Keep what kind of statement is over, and what its caller was told of a fault."""
