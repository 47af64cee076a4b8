"""Tables that remember what they held at every moment.

Every write to a company's books happens at a moment, a number that only grows. A key leads to the
newest version of its value, which leads to the one before it, and so on. A reader that keeps to a
moment walks past what is newer: it needs no lock, nothing is copied for it, and writers never
wait. Versions are never changed; undoing a write takes the newest away again, which no reader has
looked at, since their moments are older.

Concurrent readers rely on single steps of a dict being atomic, which Python promises.
"""

from collections.abc import Hashable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class _Version(Generic[V]):
    """A value, since when it has been there, and what was there before."""

    __slots__ = ("moment", "older", "value")

    def __init__(self, moment: int, value: V, older: "_Version[V] | None") -> None:
        self.moment = moment
        self.value = value
        self.older = older


class Versions(Generic[K, V]):
    """A table whose keys are never removed, with all it ever held."""

    __slots__ = ("_newest",)

    def __init__(self) -> None:
        self._newest: dict[K, _Version[V]] = {}

    def at(self, key: K, moment: int) -> V | None:
        """What a key led to at a moment, or None."""
        version = self._newest.get(key)
        while version is not None and version.moment > moment:
            version = version.older
        return None if version is None else version.value

    def all_at(self, moment: int) -> Iterator[tuple[K, V]]:
        """Every key there was at a moment, with its value, in no particular order."""
        for key, newest in list(self._newest.items()):
            version: _Version[V] | None = newest
            while version is not None and version.moment > moment:
                version = version.older
            if version is not None:
                yield key, version.value

    def put(self, key: K, moment: int, value: V) -> bool:
        """Keep a value from a moment on, none older than those kept before.

        True if it is the key's first at that moment: the one `undo` is to be called for.
        """
        older = self._newest.get(key)
        first = older is None or older.moment < moment
        if older is not None and not first:
            older = older.older
        self._newest[key] = _Version(moment, value, older)
        return first

    def undo(self, key: K) -> None:
        """Take the newest version of a key away."""
        older = self._newest[key].older
        if older is None:
            del self._newest[key]
        else:
            self._newest[key] = older
