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
    Consumer,
    Delivery,
    DeliveryState,
    Message,
    deliveries_of,
)
from daybook.app.ports import LimitPassed
from daybook.domain.ids import CompanyId, Timestamp

Row = tuple[Any, ...]

CONSUMER: Final = (
    "SELECT id, wire, url, event_types, secret, subjects, labels, headers, annex, disabled,"
    " created_at, failing_since FROM consumer"
)
_ADD_DELIVERY: Final = (
    "INSERT INTO delivery (consumer_id, company_id, wire, message_id, event_type, subject, labels,"
    " payload, created_at, state, attempts, next_attempt_at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending', 0, 0)"
)


def publish(
    connection: apsw.Connection,
    messages: Sequence[Message],
    consumers: Sequence[Consumer],
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
        for consumer_id, message in deliveries_of(messages, consumers)
    ]
    if rows:
        connection.executemany(_ADD_DELIVERY, rows)


def read_consumers(connection: apsw.Connection) -> list[Consumer]:
    """Every consumer, as a transaction sees them."""
    return [consumer_of(row) for row in connection.execute(f"{CONSUMER} ORDER BY number")]


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
