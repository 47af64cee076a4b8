"""Appends to a company's log inside one transaction: numbered, stamped, chained."""

from daybook.app import bodies
from daybook.app.ports import Head, Tx
from daybook.domain import chain
from daybook.domain.events import Actor, Change, Event, entity_of
from daybook.domain.ids import CompanyId, Timestamp


class EventLog:
    """Appends changes to a company's log inside one transaction, keeping the chain."""

    __slots__ = ("_company_id", "_hash", "_now", "_seq", "_tx")

    def __init__(self, tx: Tx, company_id: CompanyId, head: Head, now: Timestamp) -> None:
        self._tx = tx
        self._company_id = company_id
        self._seq = head.seq
        self._hash = head.hash
        self._now = now

    def append(self, change: Change, actor: Actor) -> Event:
        """Keep a change as the next event; answers with it."""
        record = change.after
        body = bodies.encode(record)
        entity = entity_of(record)
        seq = self._seq + 1
        digest = chain.event_hash(
            self._hash,
            self._company_id,
            seq,
            change.kind,
            entity,
            record.id,
            record.version,
            self._now,
            actor,
            body,
        )
        event = Event(
            self._company_id,
            seq,
            change.kind,
            entity,
            record.id,
            record.version,
            self._now,
            actor,
            body,
            self._hash,
            digest,
        )
        self._tx.append(event, change)
        self._seq, self._hash = seq, digest
        return event
