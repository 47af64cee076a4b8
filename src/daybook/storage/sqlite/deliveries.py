"""Messages on their way, and who wants them: rows and records of each other.

Used inside the writer's transactions, where deliveries are kept, and by the directory, where they
are looked up.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

import apsw

from daybook.app.outbox import (
    PAYLOAD_BYTES_MAX,
    Audience,
    Consumer,
    Delivery,
    DeliveryState,
    Message,
)
from daybook.app.ports import LimitPassed
from daybook.domain.ids import CompanyId, Timestamp

Row = tuple[Any, ...]

CONSUMER: Final = (
    "SELECT id, wire, url, event_types, secret, subjects, labels, headers, annex, disabled,"
    " created_at, failing_since, owner FROM consumer"
)
VERSION: Final = "SELECT version FROM consumers"
"""What has changed if any consumer has."""

_ADD_DELIVERY: Final = (
    "INSERT INTO delivery (consumer_id, company_id, wire, message_id, event_type, subject, labels,"
    " payload, created_at, state, attempts, next_attempt_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', 0, 0)"
)


def publish(
    connection: apsw.Connection,
    messages: Sequence[Message],
    audience: Audience,
    company_id: CompanyId | None,
    at: Timestamp,
) -> None:
    """Keep deliveries of messages. Raises `LimitPassed` for one that is too large."""
    for message in messages:
        if len(message.payload) > PAYLOAD_BYTES_MAX:
            raise LimitPassed(f"a message would have more than {PAYLOAD_BYTES_MAX} bytes")
    rows = [
        (
            consumer_id,
            company_id,
            message.wire,
            message.id,
            message.event_type,
            message.subject,
            array_of(message.labels),
            message.payload,
            at,
        )
        for consumer_id, message in audience.deliveries_of(messages)
    ]
    if rows:
        connection.executemany(_ADD_DELIVERY, rows)


class Audiences:
    """What the writer remembers of the consumers from one transaction to the next."""

    def __init__(self) -> None:
        self._kept: tuple[int, Audience] | None = None

    def read(self, connection: apsw.Connection, *, changed: bool) -> Audience:
        """The consumers as a transaction sees them; `changed` if it has changed some itself.

        What it has changed is not remembered: the transaction may still be undone.
        """
        version = connection.execute(VERSION).get
        if not changed and self._kept is not None and self._kept[0] == version:
            return self._kept[1]
        rows = connection.execute(f"{CONSUMER} ORDER BY number")
        audience = Audience(consumer_of(row) for row in rows)
        if not changed:
            self._kept = (version, audience)
        return audience


def array_of(texts: frozenset[str]) -> str:
    """A set of texts as it is kept."""
    return json.dumps(sorted(texts))


def _set(text: str) -> frozenset[str]:
    return frozenset(json.loads(text))


def consumer_of(row: Row) -> Consumer:
    """A consumer of its row, `CONSUMER`."""
    id, wire, url, event_types, secret, subjects, labels, headers, annex, disabled, *times = row
    return Consumer(
        id,
        wire,
        url,
        _set(event_types),
        secret,
        _set(subjects),
        _set(labels),
        tuple((name, value) for name, value in json.loads(headers)),
        annex,
        bool(disabled),
        *times,
    )


def delivery_of(row: Row) -> Delivery:
    """A delivery of its row, the message before the rest."""
    number, consumer_id, wire, id, event_type, payload, subject, labels = row[:8]
    message = Message(wire, id, event_type, payload, subject, _set(labels))
    company_id, created_at, state, *rest = row[8:]
    return Delivery(
        number, consumer_id, message, company_id, created_at, DeliveryState(state), *rest
    )
