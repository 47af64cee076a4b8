"""The outbox: messages to programs elsewhere that want to be told.

A `Consumer` is an address that asked for messages of some types. A `Message` is what a wire says
has happened; it is kept as one `Delivery` for each consumer that wants it, in the transaction
of what it tells of, so that neither is there without the other. The sender (`server/sender.py`)
posts deliveries at least once: first attempts in order for each consumer and subject, then, after
failures, again and again by `RETRY_DELAYS_SECONDS`. What has failed for good is `dead`: it is
listed, and sent again when a person asks for it.

What a message says, and how it is signed, is the wire's; see `hooks`.
"""

import re
from collections.abc import Iterable
from dataclasses import field, replace
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

from daybook.domain.ids import CompanyId, Timestamp
from daybook.domain.model import NEVER
from daybook.domain.values import value

PAYLOAD_BYTES_MAX: Final = 256 * 1024
"""Bytes of a message: the most that receivers of webhooks commonly take."""

CONSUMERS_MAX: Final = 1_000
"""Consumers in a store, all wires together: each message is held against every one."""

EVENT_TYPES_MAX: Final = 200
LABELS_MAX: Final = 100
"""Event types and labels of a consumer."""

URL_LENGTH_MAX: Final = 2_048
"""Characters of a consumer's address."""

RETRY_DELAYS_SECONDS: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 36_000)
"""Seconds from a failed attempt to the next: the schedule receivers know from Svix and the
Standard Webhooks recommendation. With the first, at once, these make eight attempts in a day."""

JITTER_FRACTION: Final = 0.1
"""By how much of itself a delay is drawn out at random, so that failures do not return together."""

DISABLE_AFTER_SECONDS: Final = 5 * 86_400
"""A consumer every attempt at which has failed for this long is disabled."""

FAILURE_LENGTH_MAX: Final = 300
"""Characters kept of why an attempt failed."""

SETTLED_KEPT_SECONDS: Final = 30 * 86_400
"""How long a delivery is kept that arrived or was given up, for whoever asks what became of it, and
one to a consumer that is disabled, for whoever enables it."""


@value
class Consumer:
    """An address that wants to be told.

    `wire` is the interface it was registered with, whose messages alone it gets. `event_types`
    are those it wants; `subjects` and `labels` narrow them to messages about one of these and
    with at least one of those (empty: any). `secret` is what the wire signs with; `annex` and
    `headers` are the wire's own. `failing_since` is when attempts began to fail, None while they
    do not. `owner` is on whose behalf it was registered: several of one owner share what the
    sender can do at a time.
    """

    id: str
    wire: str
    url: str
    event_types: frozenset[str]
    secret: bytes = b""
    subjects: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()
    headers: tuple[tuple[str, str], ...] = ()
    annex: bytes = b""
    disabled: bool = False
    created_at: Timestamp = NEVER
    failing_since: Timestamp | None = None
    owner: str = ""


@value
class Message:
    """What a wire says has happened. `id` is unique and the same in every attempt.

    `subject` is what it is about in the wire's words (a company): first attempts keep their
    order among messages of one subject. Consumers' `subjects` are held against it and against
    `about`, which is not kept; their `labels` against `labels`.
    """

    wire: str
    id: str
    event_type: str
    payload: bytes
    subject: str = ""
    labels: frozenset[str] = frozenset()
    about: frozenset[str] = field(default=frozenset(), compare=False)


class DeliveryState(StrEnum):
    """How far a delivery has come."""

    PENDING = "pending"
    DELIVERED = "delivered"
    DEAD = "dead"


FIRST: Final = NEVER
"""The `next_attempt_at` of a delivery that has not been attempted: first attempts go first."""


@value
class Delivery:
    """A message on its way to one consumer.

    `number` counts all deliveries of the store in the order they were kept. `company_id` is
    that of the books it was written with, None for none. `failure` says why the last attempt
    failed.
    """

    number: int
    consumer_id: str
    message: Message
    company_id: CompanyId | None
    created_at: Timestamp
    state: DeliveryState = DeliveryState.PENDING
    attempts: int = 0
    next_attempt_at: Timestamp = FIRST
    attempted_at: Timestamp | None = None
    failure: str | None = None


@value
class DeliveryCounts:
    """Deliveries by state, for metrics."""

    pending: int
    dead: int


def wants(consumer: Consumer, message: Message) -> bool:
    """Whether a message is for a consumer."""
    return (
        not consumer.disabled
        and consumer.wire == message.wire
        and message.event_type in consumer.event_types
        and (
            not consumer.subjects
            or message.subject in consumer.subjects
            or not consumer.subjects.isdisjoint(message.about)
        )
        and (not consumer.labels or not consumer.labels.isdisjoint(message.labels))
    )


class Audience:
    """Consumers, found by what they want to be told of: made once, asked for every message."""

    def __init__(self, consumers: Iterable[Consumer]) -> None:
        self._waiting: dict[tuple[str, str], list[Consumer]] = {}
        for consumer in consumers:
            for event_type in () if consumer.disabled else consumer.event_types:
                self._waiting.setdefault((consumer.wire, event_type), []).append(consumer)

    def deliveries_of(self, messages: Iterable[Message]) -> list[tuple[str, Message]]:
        """Which consumer gets which message, in the order of the messages."""
        return [
            (consumer.id, message)
            for message in messages
            for consumer in self._waiting.get((message.wire, message.event_type), ())
            if wants(consumer, message)
        ]

    def event_types(self, wire: str) -> frozenset[str]:
        """The types of messages of a wire that anybody wants."""
        return frozenset(each for known, each in self._waiting if known == wire)


def retry_at(attempts: int, now: Timestamp, draw: float) -> Timestamp | None:
    """When to try again after `attempts` failures, or None if that was the last.

    `draw` is a random number from 0 up to 1.
    """
    if attempts > len(RETRY_DELAYS_SECONDS):
        return None
    delay_us = RETRY_DELAYS_SECONDS[attempts - 1] * 1_000_000
    return Timestamp(now + delay_us + int(delay_us * JITTER_FRACTION * draw))


def after_success(delivery: Delivery, now: Timestamp) -> Delivery:
    """A delivery that has arrived."""
    return replace(
        delivery,
        state=DeliveryState.DELIVERED,
        attempts=delivery.attempts + 1,
        attempted_at=now,
        failure=None,
    )


def after_failure(delivery: Delivery, failure: str, now: Timestamp, draw: float) -> Delivery:
    """A delivery whose attempt failed: to be tried again, or dead. `draw` as for `retry_at`."""
    attempts = delivery.attempts + 1
    again = retry_at(attempts, now, draw)
    return replace(
        delivery,
        state=DeliveryState.DEAD if again is None else DeliveryState.PENDING,
        attempts=attempts,
        next_attempt_at=delivery.next_attempt_at if again is None else again,
        attempted_at=now,
        failure=failure[:FAILURE_LENGTH_MAX],
    )


def withheld(delivery: Delivery, reason: str, now: Timestamp) -> Delivery:
    """A delivery whose consumer may not be told any more: given up without an attempt."""
    return replace(
        delivery,
        state=DeliveryState.DEAD,
        attempted_at=now,
        failure=f"withheld: {reason}"[:FAILURE_LENGTH_MAX],
    )


def judged(consumer: Consumer, now: Timestamp, *, failed: bool) -> Consumer | None:
    """A consumer after an attempt, or None where nothing changes for it."""
    if not failed:
        return None if consumer.failing_since is None else replace(consumer, failing_since=None)
    if consumer.failing_since is None:
        return replace(consumer, failing_since=now)
    if now - consumer.failing_since < DISABLE_AFTER_SECONDS * 1_000_000:
        return None
    return replace(consumer, disabled=True)


def revived(delivery: Delivery, now: Timestamp) -> Delivery:
    """A delivery to be attempted once more, now."""
    return replace(delivery, state=DeliveryState.PENDING, next_attempt_at=now)


def url_fault(url: str) -> str | None:
    """What is wrong with a consumer's address, or None. Where it leads is the sender's to ask."""
    if len(url) > URL_LENGTH_MAX:
        return f"more than {URL_LENGTH_MAX} characters"
    if not re.fullmatch(r"[!-~]+", url):
        return "characters that an address cannot have"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "not an address"
    if parts.scheme.lower() not in ("http", "https"):
        return "neither http nor https"
    if not parts.hostname or port == 0:
        return "no host or no port"
    if parts.username is not None or parts.password is not None:
        return "a user name or password in it"
    return None
