"""What is told of quotas: that a client has used its requests of a day, and that it has new ones.

Clients that have used up theirs may well wait for the second message before they ask anything, so
it must not wait for a request. Who is to get it is kept as a document, so that a server which is
stopped before midnight tells it after its start; a timer looks when midnight comes.
"""

import logging
import threading
from typing import Final

from daybook.app.access import Principal
from daybook.app.documents import Document, DocumentChange
from daybook.app.outbox import Message
from daybook.app.ports import Clock, Directory, StoreFailure
from daybook.domain.ids import Timestamp
from daybook.protocols.codat import events, times
from daybook.protocols.codat.entries import WIRE
from daybook.protocols.codat.quota import resets_at
from daybook.protocols.codat.views import of_client, of_quota, place_of
from daybook.protocols.kit import json

KIND: Final = "quota"
"""Kind of documents, by the client's place (`place_of`): who has used up the requests of a day, and
until when."""

LOOK_SECONDS: Final = 3_600.0
"""The longest to wait for midnight at once: clocks are set, and machines sleep."""

AGAIN_SECONDS: Final = 60.0
"""How long to wait after the store has taken nothing."""

LOOKED_AT_MAX: Final = 100
"""Clients that are told of their reset at once."""

_log: Final = logging.getLogger(__name__)


class Alarms:
    """Tells clients of their quotas. On any thread."""

    def __init__(self, directory: Directory, clock: Clock, per_day: int) -> None:
        self._directory = directory
        self._clock = clock
        self._per_day = per_day
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def reached(self, caller: Principal) -> None:
        """Tell that a caller has made the last request of the day. Raises `StoreFailure`."""
        now = self._clock()
        place, client = place_of(caller), caller.client
        kept = self._directory.document(WIRE, KIND, place)
        version = 0 if kept is None else kept.version
        body = json.encode({"client": client, "ends": resets_at(now)})
        change = DocumentChange(WIRE, KIND, place, body, version)
        message = self._message(events.QUOTA_REACHED, place, client, now, remaining=0)
        self._directory.change_documents([change], [message], now)
        self.arm()

    def reset(self) -> None:
        """Tell all clients whose day is over that they have new requests. Raises `StoreFailure`."""
        after, now = "", self._clock()
        while page := self._directory.documents(WIRE, KIND, after, LOOKED_AT_MAX):
            after = page[-1].key
            over = [each for each in page if json.decode(each.body)["ends"] <= now]
            for each in over:
                change = DocumentChange(WIRE, KIND, each.key, None, each.version)
                self._directory.change_documents([change], [self._reset(each, now)], now)

    def _reset(self, kept: Document, now: Timestamp) -> Message:
        client = json.decode(kept.body).get("client", kept.key)  # once kept by the name alone
        return self._message(events.QUOTA_RESET, kept.key, client, now, remaining=self._per_day)

    def arm(self, seconds: float | None = None) -> None:
        """See to it that `reset` is called when it is due, if anybody waits for it."""
        if seconds is None:
            first = self._directory.documents(WIRE, KIND, "", 1)
            if not first:
                return
            left = (json.decode(first[0].body)["ends"] - self._clock()) / times.SECOND
            seconds = min(max(left, 0.0), LOOK_SECONDS)
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = threading.Timer(seconds, self._due)
            self._timer.daemon = True
            self._timer.start()

    def _due(self) -> None:
        try:
            self.reset()
            self.arm()
        except StoreFailure:
            _log.warning("that quotas are reset is told later")
            self.arm(AGAIN_SECONDS)

    def _message(
        self, event_type: str, place: str, client: str, now: Timestamp, *, remaining: int
    ) -> Message:
        payload = {
            "dailyQuota": self._per_day,
            "quotaRemaining": remaining,
            "expiryDate": times.seconds(resets_at(now)),
        }
        about = frozenset({of_client(client)})
        return events.addressed(event_type, payload, now, subject=of_quota(place), about=about)
