"""Bounds on guessing, and a trail, for wires that let people and applications in by a secret."""

from typing import Final

from daybook.app.ports import Clock, Directory
from daybook.app.trail import By, Trail
from daybook.auth.guesses import Guesses
from daybook.auth.people import NAME_LENGTH_MAX, People
from daybook.auth.places import Places
from daybook.auth.sign_ins import SignIns
from daybook.protocols.kit.plugin import Peers

DOOR: Final = "guard"
"""What the processes of a server call these bounds among one another."""


class StoreGuard:
    """The `Guard` that keeps its trail in a store."""

    def __init__(self, directory: Directory, clock: Clock, peers: Peers | None = None) -> None:
        self._places = Places(directory, clock)
        people = People(directory)
        self._guesses = Guesses(clock, self._places.knows, peers, DOOR, people.has)
        self._sign_ins = SignIns(Trail(directory, clock), clock)

    def begin(self, name: str, peer: str) -> int:
        """Count an attempt; answers with 0, or in how many seconds another one is looked at."""
        return self._guesses.begin(_counted(name), peer)

    def succeed(self, name: str, peer: str) -> None:
        """An attempt that was counted was right."""
        self._guesses.succeed(_counted(name), peer)

    def knows(self, name: str, peer: str) -> bool:
        """Whether somebody has come in by a name from the network of an address of late."""
        return self._places.knows(_counted(name), peer)

    def enter(self, wire: str, name: str, peer: str, user: str | None) -> None:
        """Note that somebody has come in, in the trail once a session."""
        self._places.note(name, peer)
        self._sign_ins.entered(name, By(wire, user, peer))

    def fail(self, wire: str, name: str | None, peer: str) -> None:
        """Note a wrong password."""
        self._sign_ins.failed(name, By(wire, None, peer))


def _counted(name: str) -> str:
    """A name as it is counted: one that nobody can have is not, and is not kept."""
    return name if len(name) <= NAME_LENGTH_MAX else ""
