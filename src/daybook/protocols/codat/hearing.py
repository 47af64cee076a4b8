"""Who is told: what a webhook consumer asks for when it is registered, and what it may still hear.

A consumer is registered with a key, and hears what that key could read. Which companies those are
changes: clients make some, books are linked, keys are revoked. So two things decide. What a
consumer is kept with, `subjects_of`, never changes and says which messages are made for it at all;
and before each is sent, `Hearing.withhold` asks the key, by its hash, whether it may read them.
"""

from typing import Final

from daybook.app.access import Authenticator, Principal, Scope
from daybook.app.outbox import Consumer, Message
from daybook.protocols.codat import events
from daybook.protocols.codat.errors import CodatError
from daybook.protocols.codat.views import (
    ANY_BOOKS,
    Views,
    may_see,
    of_books,
    of_client,
    of_quota,
    place_of,
)


def subjects_of(principal: Principal) -> frozenset[str]:
    """What messages have to be about for a consumer: its client, or books that its key opens."""
    own = of_client(principal.client)
    if principal.company_ids is None:
        return frozenset({own, ANY_BOOKS})
    return frozenset({own, *map(of_books, principal.company_ids)})


class Hearing:
    """Judges messages that are about to be sent. On any thread."""

    def __init__(self, authenticator: Authenticator, views: Views) -> None:
        self._authenticator = authenticator
        self._views = views

    def withhold(self, consumer: Consumer, message: Message) -> str | None:
        """Why a consumer may not be told. See `hooks.Guard`."""
        believed = self._authenticator.holder(consumer.annex)
        if not isinstance(believed, Principal) or believed.client != consumer.owner:
            return "the key it was registered with counts no more"
        if Scope.READ not in believed.scopes:
            return "the key it was registered with may not read"
        if message.event_type.startswith(_OF_QUOTAS):
            own = message.subject == of_quota(place_of(believed))
            return None if own else "the quota is that of another client of the same name"
        view = self._views.kept(message.subject)
        if view is not None and place_of(believed) in view.left:
            parting = message.event_type == events.COMPANY_DELETED
            return None if parting else "its client has deleted the company"
        if view is None or not may_see(believed, view):
            return "the key it was registered with does not open the company"
        if message.event_type.startswith(_OF_COMPANIES):
            return None
        try:
            self._views.books(believed, view)
        except CodatError:
            return "the books are not open to the company any more"
        return None


_OF_COMPANIES: Final = ("company.", "connection.")
"""What types of messages begin with that tell nothing of books."""

_OF_QUOTAS: Final = "client.rateLimit."
"""What types of messages begin with that tell of quotas."""
