"""The hash chain over a company's events: changing history shows.

Each event's hash covers the hash before it, so the last hash stands for the whole log. Print it,
mail it, sign it: whoever holds an old one can tell whether anything before it was altered.
"""

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Final

from daybook.domain.events import Actor, Event, EventKind
from daybook.domain.ids import CompanyId, Timestamp

GENESIS: Final = bytes(32)
"""What stands for the hash before the first event."""

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


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
    head = _encode(
        (
            company_id,
            seq,
            kind.value,
            entity,
            record_id,
            version,
            at,
            actor.client,
            actor.protocol,
            actor.user,
            actor.request_id,
        )
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
