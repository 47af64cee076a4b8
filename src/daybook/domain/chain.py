"""The hash chain over a company's events: changing history shows.

Each event's hash covers the hash before it, so the last hash stands for the whole log. Print it,
mail it, sign it: whoever holds an old one can tell whether anything before it was altered.
"""

from collections.abc import Iterable
from hashlib import sha256
from json.encoder import encode_basestring
from typing import Final

from daybook.domain.events import Actor, Event, EventKind
from daybook.domain.ids import CompanyId, Timestamp

GENESIS: Final = bytes(32)
"""What stands for the hash before the first event."""

_quote: Final = encode_basestring
"""A string as JSON, beyond ASCII as itself."""


def event_hash(
    previous_hash: bytes,
    company_id: CompanyId,
    seq: int,
    kind: EventKind,
    entity: str,
    record_id: int,
    version: int,
    at: Timestamp,
    actor: Actor,
    body: bytes,
) -> bytes:
    """SHA-256 over the previous hash, the canonical head of an event and its body.

    The head is a JSON array of integers, strings and nulls; a newline parts it from the body,
    which holds none unescaped, so no two events share a canonical form.
    """
    user = "null" if actor.user is None else _quote(actor.user)
    request_id = "null" if actor.request_id is None else _quote(actor.request_id)
    head = (
        f'[{company_id},{seq},"{kind}",{_quote(entity)},{record_id},{version},{at},'
        f"{_quote(actor.client)},{_quote(actor.protocol)},{user},{request_id}]"
    )
    return sha256(b"%b%b\n%b" % (previous_hash, head.encode(), body)).digest()


def verify(events: Iterable[Event], previous_hash: bytes = GENESIS, seq: int = 0) -> int | None:
    """The number of the first event that does not fit the chain, or None if all do.

    `previous_hash` and `seq` are those of the event before the first one given.
    """
    for event in events:
        expected = event_hash(
            previous_hash,
            event.company_id,
            event.seq,
            event.kind,
            event.entity,
            event.record_id,
            event.version,
            event.at,
            event.actor,
            event.body,
        )
        if event.seq != seq + 1 or event.previous_hash != previous_hash or event.hash != expected:
            return event.seq
        previous_hash, seq = event.hash, event.seq
    return None
