"""The other server processes of the same server, and what they tell one another.

Processes share the books through the store. The little besides that a request in one of them may
mean for another goes by datagrams: a statement to be cancelled, an attempt at a password to be
counted, work to be looked for, figures to be shown together. Nothing rests on them that must not
get lost: a process that reads too slowly misses some, and one that was just started has missed
them all.

The sockets are made before the processes are, one for each place, and stay while processes come
and go (see `supervisor`).
"""

import asyncio
import logging
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import msgspec

from daybook.protocols.kit.plugin import Hear

MESSAGE_BYTES_MAX: Final = 200 * 1024
"""Largest datagram: what the system sends at once by default. Figures take some 20 KiB."""

READ_AT_ONCE_MAX: Final = 64
"""Datagrams read before requests have their turn again."""

_log: Final = logging.getLogger(__name__)


class _Told(msgspec.Struct, array_like=True, gc=False):
    """A datagram. `question` is the number of a question, 0 where nothing is asked."""

    sender: int
    subject: str
    message: bytes
    question: int = 0
    is_answer: bool = False


_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder(_Told).decode

Inbox = tuple[socket.socket, socket.socket]
"""The ends of a place's socket: the one its process reads, and the one all others write."""


def inboxes(count: int) -> list[Inbox]:
    """The sockets of so many places. Raises OSError."""
    found = []
    for _ in range(count):
        pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        for end in pair:
            end.setblocking(False)
        found.append(pair)
    return found


class ServerPeers:
    """The `Peers` of a server process. Made and heard on its event loop; `tell` on any thread."""

    def __init__(self, place: int, all_inboxes: Sequence[Inbox]) -> None:
        self.place = place
        """This process's number among them, from 0."""
        self._reading = all_inboxes[place][0]
        self._others = {at: pair[1] for at, pair in enumerate(all_inboxes) if at != place}
        self._hearers: dict[str, Hear] = {}
        self._answerers: dict[str, Callable[[bytes], bytes]] = {}
        self._questions = 0
        self._waiting: dict[int, tuple[dict[int, bytes], asyncio.Future[None]]] = {}
        asyncio.get_running_loop().add_reader(self._reading.fileno(), self._read)

    def tell(self, subject: str, message: bytes) -> None:
        """Tell all others something; who does not read misses it."""
        self._send(_Told(self.place, subject, message))

    def hear(self, subject: str, hearer: Hear) -> None:
        """Have what others tell of a subject told to `hearer`, on the loop."""
        self._hearers[subject] = hearer

    def answer(self, subject: str, answerer: Callable[[bytes], bytes]) -> None:
        """Answer what others ask about a subject; `answerer` gets the message they ask with."""
        self._answerers[subject] = answerer

    async def ask(self, subject: str, wait_s: float, message: bytes = b"") -> Mapping[int, bytes]:
        """The answers of all others by their place, as far as they come in so many seconds."""
        self._questions += 1
        number, found = self._questions, dict[int, bytes]()
        complete = asyncio.get_running_loop().create_future()
        self._waiting[number] = (found, complete)
        try:
            self._send(_Told(self.place, subject, message, number))
            async with asyncio.timeout(wait_s):
                await complete
        except TimeoutError:
            pass
        finally:
            del self._waiting[number]
        return found

    def _send(self, told: _Told) -> None:
        data = _encode(told)
        for other in self._others.values():
            with suppress(OSError):  # it is full, or this is too large: see the module's text
                other.send(data)

    def _read(self) -> None:
        for _ in range(READ_AT_ONCE_MAX):
            try:
                data = self._reading.recv(MESSAGE_BYTES_MAX)
            except BlockingIOError:
                return
            try:
                self._take(_decode(data))
            except Exception:
                _log.exception("what another process told could not be taken")

    def _take(self, told: _Told) -> None:
        if told.is_answer:
            self._take_answer(told)
        elif told.question:
            answerer = self._answerers.get(told.subject)
            if answerer is not None:
                message = answerer(told.message)
                answer = _Told(self.place, told.subject, message, told.question, is_answer=True)
                with suppress(OSError):
                    self._others[told.sender].send(_encode(answer))
        else:
            hearer = self._hearers.get(told.subject)
            if hearer is not None:
                hearer(told.message)

    def _take_answer(self, told: _Told) -> None:
        waiting: Any = self._waiting.get(told.question)
        if waiting is None:
            return
        found, complete = waiting
        found[told.sender] = told.message
        if len(found) == len(self._others) and not complete.done():
            complete.set_result(None)
