"""Work that takes seconds of a processor: one piece of it at a time for each person, few in all.

    with site.imports.taken(visit.user) as mine:
        if not mine: ...                         # say that they are to wait

Threads are shared by everybody. Whoever sends the same large file from ten windows would have ten
of them; so the second is told to wait for the first.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class Turns:
    """Who has work under way in this process. Used on any thread."""

    def __init__(self, at_once_max: int) -> None:
        self._at_once_max = at_once_max
        self._lock = Lock()
        self._users: set[str] = set()

    @contextmanager
    def taken(self, user: str) -> Iterator[bool]:
        """Have a turn, if there is one: whether it was had."""
        with self._lock:
            mine = user not in self._users and len(self._users) < self._at_once_max
            if mine:
                self._users.add(user)
        try:
            yield mine
        finally:
            if mine:
                with self._lock:
                    self._users.remove(user)
