"""The recent requests of a company, whichever of the server's processes answered them."""

from typing import Final

import msgspec

from daybook.app.activity import Activity, ActivityLog, Asked, Look, together
from daybook.domain.ids import CompanyId
from daybook.server.peers import ServerPeers

ACTIVITIES_WAIT_S: Final = 1.0
"""Seconds the other processes have to tell of their requests; one that is being started is left
out."""

ANSWER_BYTES_MAX: Final = 150 * 1024
"""Bytes of what a process tells: with names and numbers within a datagram (`MESSAGE_BYTES_MAX`)."""

_SUBJECT: Final = "server.activity"
_encode: Final = msgspec.msgpack.Encoder().encode
_question: Final = msgspec.msgpack.Decoder(tuple[CompanyId, Asked]).decode
_look: Final = msgspec.msgpack.Decoder(Look).decode


class ActivitiesOfAll:
    """`Activities` of a server of several processes. Made on the event loop."""

    def __init__(self, own: ActivityLog, peers: ServerPeers) -> None:
        self._own = own
        self._peers = peers
        peers.answer(_SUBJECT, self._told)

    def note(self, company_id: CompanyId, activity: Activity) -> None:
        """Keep an answered request of this process."""
        self._own.note(company_id, activity)

    async def look(self, company_id: CompanyId, asked: Asked) -> Look:
        """What all processes keep of a company's requests."""
        question = _encode((company_id, asked))
        answers = await self._peers.ask(_SUBJECT, ACTIVITIES_WAIT_S, question)
        theirs = [_look(answer) for answer in answers.values()]
        return together([self._own.look_here(company_id, asked), *theirs], asked.limit)

    def _told(self, message: bytes) -> bytes:
        """What another process is told: as many of the latest requests as a datagram holds."""
        look = self._own.look_here(*_question(message))
        room, told = ANSWER_BYTES_MAX, 0
        for activity in look.found:
            room -= len(_encode(activity))
            if room < 0:
                break
            told += 1
        return _encode(Look(look.found[:told], look.counts))
