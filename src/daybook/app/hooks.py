"""What wires are asked while a write goes on: to conclude, to publish, to sign.

A wire registers its hooks when it is made, before anything is served or worked off:

    services.ledger.hooks.conclude("wire", concluder)   # add code and message to an operation's end
    services.ledger.hooks.publish("wire", publisher)    # say what is to be told to whom
    services.ledger.hooks.sign("wire", signer)          # make the headers of a delivery
    services.ledger.hooks.guard("wire", guard)          # say who may not be told any more

Concluders and publishers run inside the transaction they are about, on the writer's thread and
perhaps again: they read the books as of that moment, are quick, and change nothing. What they read
of the store's directory is as of the last commit. If one raises, nothing is kept.
"""

from collections.abc import Callable, Mapping, Sequence

from daybook.app.operations import Conclusion, Operation
from daybook.app.outbox import Consumer, Message
from daybook.app.ports import Reader
from daybook.domain.events import Event
from daybook.domain.ids import Timestamp
from daybook.domain.values import value


@value
class Happened:
    """What is about to be committed: the events of a command, or an operation's end, or both.

    `operation` is None for a command that was carried out at once. An operation that failed or
    timed out has no events. An import (`Books.execute_stream`) is not published.
    """

    events: tuple[Event, ...]
    operation: Operation | None = None


Concluder = Callable[[Reader, Operation], Conclusion]
"""What a wire adds to an operation of its own that has come to its end state."""

Publisher = Callable[[Reader, Happened], Sequence[Message]]
"""The messages that tell of what happened; called for whatever wire it came through."""

Signer = Callable[[Message, Consumer, Timestamp], Mapping[str, str]]
"""The headers of an attempt at delivering a message, at a time."""


Guard = Callable[[Consumer, Message], str | None]
"""Why a consumer may not be told of a message any more, in words for people, or None if it may.
Asked before every attempt, on the sender's threads: rights may have ended in the meantime."""


class Hooks:
    """The hooks of all wires."""

    def __init__(self) -> None:
        self.concluders: dict[str, Concluder] = {}
        self.publishers: dict[str, Publisher] = {}
        self.signers: dict[str, Signer] = {}
        self.guards: dict[str, Guard] = {}
        self._wakers: list[Callable[[], None]] = []

    def conclude(self, wire: str, concluder: Concluder) -> None:
        """Register what concludes the operations that came through a wire."""
        self.concluders[wire] = concluder

    def publish(self, wire: str, publisher: Publisher) -> None:
        """Register what a wire tells its consumers."""
        self.publishers[wire] = publisher

    def sign(self, wire: str, signer: Signer) -> None:
        """Register what signs the messages to a wire's consumers."""
        self.signers[wire] = signer

    def guard(self, wire: str, guard: Guard) -> None:
        """Register what is asked before a wire's consumers are told of anything."""
        self.guards[wire] = guard

    def on_work(self, waker: Callable[[], None]) -> None:
        """Register what is to be called when there is something to work off or to send."""
        self._wakers.append(waker)

    def wake(self) -> None:
        """Say that there may be something to work off or to send. Cheap; on any thread."""
        for waker in self._wakers:
            waker()
