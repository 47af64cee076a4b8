"""Consumers, deliveries and documents: what is kept for wires beside the books."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from daybook.app.documents import (
    DOCUMENT_BYTES_MAX,
    DOCUMENT_CHANGES_MAX,
    Document,
    DocumentChange,
)
from daybook.app.outbox import (
    CONSUMERS_MAX,
    PAYLOAD_BYTES_MAX,
    Audience,
    Consumer,
    Delivery,
    DeliveryCounts,
    DeliveryState,
    Message,
)
from daybook.app.ports import ConsumerTable, DocumentChanged, LimitPassed
from daybook.domain.ids import CompanyId, Timestamp
from daybook.domain.model import NEVER

T = TypeVar("T")

Place = tuple[str, str, str]
"""Wire, kind and key of a document."""


class MemoryOutbox:
    """Implements the part of `ports.Directory` about documents, consumers and deliveries."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._documents: dict[Place, Document] = {}
        self._consumers: dict[str, Consumer] = {}
        self._audience: Audience | None = None
        """What is made of the consumers when it is asked for; None once they have changed."""
        self._deliveries: dict[int, Delivery] = {}
        self._last_delivery = 0

    def document(self, wire: str, kind: str, key: str) -> Document | None:
        """A wire's document, or None."""
        return self._documents.get((wire, kind, key))

    def documents(
        self, wire: str, kind: str, after: str = "", limit: int = 100, prefix: str = ""
    ) -> list[Document]:
        """Documents of one kind, by key."""
        found = [each for each in self._of_kind(wire, kind, prefix) if each.key > after]
        return sorted(found, key=lambda each: each.key)[:limit]

    def count_documents(self, wire: str, kind: str, prefix: str = "") -> int:
        """How many documents of one kind there are."""
        return len(self._of_kind(wire, kind, prefix))

    def put_document(self, document: Document, expected_version: int) -> Document:
        """Keep a document; answers with its version set."""
        change = DocumentChange(
            document.wire, document.kind, document.key, document.body, expected_version
        )
        [kept] = self.change_documents((change,))
        assert kept is not None
        return kept

    def change_documents(
        self,
        changes: Sequence[DocumentChange],
        messages: Sequence[Message] = (),
        at: Timestamp = NEVER,
    ) -> list[Document | None]:
        """Keep and remove documents and publish messages, all as one."""
        if len(changes) > DOCUMENT_CHANGES_MAX:
            raise LimitPassed(f"more than {DOCUMENT_CHANGES_MAX} documents at once")
        with self._lock:
            documents = dict(self._documents)
            kept = [_apply(documents, change) for change in changes]
            check_messages(messages)
            self._documents = documents
            self._keep(messages, None, at)
        return kept

    def consumers(self, wire: str | None = None, owner: str | None = None) -> list[Consumer]:
        """The consumers of a wire and an owner, or of all, in the order they were made."""
        return [
            each
            for each in list(self._consumers.values())
            if wire in (None, each.wire) and owner in (None, each.owner)
        ]

    def change_consumers(self, work: Callable[[ConsumerTable], T]) -> T:
        """Run `work` on the consumers while nobody else changes any."""
        with self._lock:
            before = dict(self._consumers), dict(self._deliveries)
            try:
                return work(self)
            except BaseException:
                self._consumers, self._deliveries = before
                self._audience = None
                raise

    def wanted_events(self, wire: str) -> frozenset[str]:
        """The types of messages of a wire that any consumer wants."""
        with self._lock:
            return self._hearing().event_types(wire)

    def consumer(self, consumer_id: str) -> Consumer | None:
        """A consumer by its id, or None."""
        return self._consumers.get(consumer_id)

    def put_consumer(self, consumer: Consumer) -> None:
        """Keep a consumer, in place of one with the same id."""
        with self._lock:
            if consumer.id not in self._consumers and len(self._consumers) >= CONSUMERS_MAX:
                raise LimitPassed(f"there are {CONSUMERS_MAX} consumers already")
            self._consumers[consumer.id] = consumer
            self._audience = None

    def remove_consumer(self, consumer_id: str) -> bool:
        """Remove a consumer and its deliveries; whether there was one."""
        with self._lock:
            for delivery in list(self._deliveries.values()):
                if delivery.consumer_id == consumer_id:
                    del self._deliveries[delivery.number]
            self._audience = None
            return self._consumers.pop(consumer_id, None) is not None

    def publish(self, messages: Sequence[Message], at: Timestamp) -> None:
        """Keep deliveries of messages that tell of nothing in any books."""
        check_messages(messages)
        self.publish_of(None, messages, at)

    def publish_of(
        self, company_id: CompanyId | None, messages: Sequence[Message], at: Timestamp
    ) -> None:
        """Keep deliveries of messages about a company's books."""
        with self._lock:
            self._keep(messages, company_id, at)

    def due_consumers(self, now: Timestamp) -> list[Consumer]:
        """The enabled consumers with deliveries whose time has come."""
        with self._lock:
            due = {each.consumer_id for each in self._pending() if each.next_attempt_at <= now}
            return [
                each for each in self._consumers.values() if each.id in due and not each.disabled
            ]

    def due_deliveries(self, consumer_id: str, now: Timestamp, limit: int) -> list[Delivery]:
        """Pending deliveries to a consumer whose time has come."""
        found = [
            each
            for each in self._pending()
            if each.consumer_id == consumer_id and each.next_attempt_at <= now
        ]
        return sorted(found, key=lambda each: (each.next_attempt_at, each.number))[:limit]

    def next_attempt(self) -> Timestamp | None:
        """When the first attempt of all pending deliveries to enabled consumers is due."""
        return min(
            (
                each.next_attempt_at
                for each in self._pending()
                if not self._consumers[each.consumer_id].disabled
            ),
            default=None,
        )

    def settle_delivery(self, delivery: Delivery, consumer: Consumer | None = None) -> None:
        """Keep what became of a delivery, and its consumer where that changes with it."""
        with self._lock:
            if delivery.number in self._deliveries:
                self._deliveries[delivery.number] = delivery
            if consumer is not None and consumer.id in self._consumers:
                self._consumers[consumer.id] = replace(
                    self._consumers[consumer.id],
                    disabled=consumer.disabled,
                    failing_since=consumer.failing_since,
                )
                self._audience = None

    def deliveries(
        self, state: DeliveryState | None = None, after: int = 0, limit: int = 100
    ) -> list[Delivery]:
        """Deliveries with numbers above `after`, in order."""
        found = [
            each
            for each in list(self._deliveries.values())
            if each.number > after and state in (None, each.state)
        ]
        return found[:limit]

    def company_deliveries(
        self,
        company_id: CompanyId,
        state: DeliveryState | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Delivery]:
        """Deliveries of messages about a company's books, the latest first."""
        found = [
            each
            for each in list(self._deliveries.values())
            if each.company_id == company_id
            and (before is None or each.number < before)
            and state in (None, each.state)
        ]
        return found[::-1][:limit]

    def delivery(self, number: int) -> Delivery | None:
        """A delivery by its number, or None."""
        return self._deliveries.get(number)

    def delivery_counts(self) -> DeliveryCounts:
        """How many deliveries are on their way, and how many dead."""
        states = [each.state for each in list(self._deliveries.values())]
        return DeliveryCounts(states.count(DeliveryState.PENDING), states.count(DeliveryState.DEAD))

    def prune_deliveries(self, before: Timestamp, limit: int) -> int:
        """Drop deliveries settled before a time, and those to consumers that are disabled."""
        with self._lock:
            old = [each for each in self._deliveries.values() if self._is_old(each, before)]
            for delivery in old[:limit]:
                del self._deliveries[delivery.number]
            return len(old[:limit])

    def _is_old(self, delivery: Delivery, before: Timestamp) -> bool:
        if delivery.state is DeliveryState.PENDING:
            return delivery.created_at < before and self._consumers[delivery.consumer_id].disabled
        return delivery.attempted_at is not None and delivery.attempted_at < before

    def _hearing(self) -> Audience:
        if self._audience is None:
            self._audience = Audience(self._consumers.values())
        return self._audience

    def _of_kind(self, wire: str, kind: str, prefix: str) -> list[Document]:
        return [
            each
            for each in self._documents.values()
            if (each.wire, each.kind) == (wire, kind) and each.key.startswith(prefix)
        ]

    def _pending(self) -> list[Delivery]:
        kept = list(self._deliveries.values())
        return [each for each in kept if each.state is DeliveryState.PENDING]

    def _keep(
        self, messages: Sequence[Message], company_id: CompanyId | None, at: Timestamp
    ) -> None:
        for consumer_id, message in self._hearing().deliveries_of(messages):
            self._last_delivery += 1
            number = self._last_delivery
            self._deliveries[number] = Delivery(number, consumer_id, message, company_id, at)


def check_messages(messages: Sequence[Message]) -> None:
    """Raises `LimitPassed` for a message that is too large."""
    for message in messages:
        if len(message.payload) > PAYLOAD_BYTES_MAX:
            raise LimitPassed(f"a message would have more than {PAYLOAD_BYTES_MAX} bytes")


def _apply(documents: dict[Place, Document], change: DocumentChange) -> Document | None:
    place = (change.wire, change.kind, change.key)
    kept = documents.get(place)
    version = 0 if kept is None else kept.version
    if version != change.expected_version:
        raise DocumentChanged(
            f"{change.kind} {change.key} has version {version}, not {change.expected_version}"
        )
    if change.body is None:
        documents.pop(place, None)
        return None
    if len(change.body) > DOCUMENT_BYTES_MAX:
        raise LimitPassed(f"a document would have more than {DOCUMENT_BYTES_MAX} bytes")
    documents[place] = Document(*place, change.body, version + 1)
    return documents[place]
