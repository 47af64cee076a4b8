"""Consumers, deliveries and documents: what the store keeps for wires beside the books."""

import json
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar, cast

from daybook.app.documents import (
    DOCUMENT_BYTES_MAX,
    DOCUMENT_CHANGES_MAX,
    Document,
    DocumentChange,
)
from daybook.app.outbox import (
    CONSUMERS_MAX,
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
from daybook.storage.sqlite.deliveries import (
    CONSUMER,
    VERSION,
    Row,
    array_of,
    consumer_of,
    delivery_of,
)
from daybook.storage.sqlite.writer import Job, Session

T = TypeVar("T")

Fetch = Callable[[str, tuple[Any, ...]], list[Row]]
"""Runs one statement on a reading connection."""

_PUT_CONSUMER: Final = (
    "INSERT INTO consumer (id, wire, url, event_types, secret, subjects, labels, headers, annex,"
    " disabled, created_at, failing_since, owner) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (id) DO UPDATE SET wire = excluded.wire, url = excluded.url,"
    " event_types = excluded.event_types, secret = excluded.secret,"
    " subjects = excluded.subjects, labels = excluded.labels, headers = excluded.headers,"
    " annex = excluded.annex, disabled = excluded.disabled, created_at = excluded.created_at,"
    " failing_since = excluded.failing_since, owner = excluded.owner"
)
_DELIVERY: Final = (
    "SELECT d.number, d.consumer_id, d.wire, d.message_id, d.event_type, d.payload, d.subject,"
    " d.labels, d.company_id, d.created_at, d.state, d.attempts, d.next_attempt_at,"
    " d.attempted_at, d.failure FROM delivery d"
)
_SETTLE: Final = (
    "UPDATE delivery SET state = ?, attempts = ?, next_attempt_at = ?, attempted_at = ?,"
    " failure = ? WHERE number = ?"
)
_SETTLE_CONSUMER: Final = "UPDATE consumer SET disabled = ?, failing_since = ? WHERE id = ?"
_NEXT_ATTEMPT: Final = (
    "SELECT min((SELECT min(d.next_attempt_at) FROM delivery d WHERE d.consumer_id = c.id"
    " AND d.state = 'pending')) FROM consumer c WHERE c.disabled = 0"
)
_DUE: Final = (
    "SELECT c.id FROM consumer c WHERE c.disabled = 0 AND EXISTS (SELECT 1 FROM delivery d"
    " WHERE d.consumer_id = c.id AND d.state = 'pending' AND d.next_attempt_at <= ?)"
)
_PRUNES: Final = tuple(
    f"DELETE FROM delivery WHERE number IN (SELECT number FROM delivery WHERE {old} LIMIT ?)"
    for old in (
        "state = 'delivered' AND attempted_at < ?",
        "state = 'dead' AND attempted_at < ?",
        "consumer_id IN (SELECT id FROM consumer WHERE disabled = 1)"
        " AND state = 'pending' AND created_at < ?",
    )
)
_DOCUMENT: Final = "SELECT wire, kind, key, body, version FROM document"
_PUT_DOCUMENT: Final = (
    "INSERT OR REPLACE INTO document (wire, kind, key, body, version) VALUES (?, ?, ?, ?, ?)"
)
_LAST: Final = "\U0010ffff"
"""Comes after every text that a key holds; bounds the keys with a beginning."""


class SqliteOutbox:
    """Implements the part of `ports.Directory` about documents, consumers and deliveries."""

    def __init__(self, fetch: Fetch, write: Callable[[Job], object]) -> None:
        self._fetch = fetch
        self._write = write
        self._known: tuple[int, list[Consumer], Audience] | None = None

    def document(self, wire: str, kind: str, key: str) -> Document | None:
        """A wire's document, or None."""
        try:
            rows = self._fetch(
                f"{_DOCUMENT} WHERE wire = ? AND kind = ? AND key = ?", (wire, kind, key)
            )
        except UnicodeEncodeError:
            return None  # a lone surrogate, which no stored key has
        return Document(*rows[0]) if rows else None

    def documents(
        self, wire: str, kind: str, after: str = "", limit: int = 100, prefix: str = ""
    ) -> list[Document]:
        """Documents of one kind, by key."""
        statement = (
            f"{_DOCUMENT} WHERE wire = ? AND kind = ? AND key > ? AND key >= ? AND key < ?"
            " ORDER BY key LIMIT ?"
        )
        rows = self._fetch(statement, (wire, kind, after, prefix, prefix + _LAST, limit))
        return [Document(*row) for row in rows]

    def count_documents(self, wire: str, kind: str, prefix: str = "") -> int:
        """How many documents of one kind there are."""
        statement = (
            "SELECT count(*) FROM document WHERE wire = ? AND kind = ? AND key >= ? AND key < ?"
        )
        count: int = self._fetch(statement, (wire, kind, prefix, prefix + _LAST))[0][0]
        return count

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
        for change in changes:
            if change.body is not None and len(change.body) > DOCUMENT_BYTES_MAX:
                raise LimitPassed(f"a document would have more than {DOCUMENT_BYTES_MAX} bytes")

        def job(session: Session) -> list[Document | None]:
            versions: dict[tuple[str, str, str], int] = {}
            for change in changes:
                place = (change.wire, change.kind, change.key)
                version = versions.get(place, _version(session, place))
                if version != change.expected_version:
                    raise DocumentChanged(
                        f"{change.kind} {change.key} has version {version},"
                        f" not {change.expected_version}"
                    )
                versions[place] = 0 if change.body is None else version + 1
            kept = [_apply(session, change) for change in changes]
            session.publish(messages, None, at)
            return kept

        kept: list[Document | None] = self._write(job)  # type: ignore[assignment]
        return kept

    def consumers(self, wire: str | None = None, owner: str | None = None) -> list[Consumer]:
        """The consumers of a wire and an owner, or of all, in the order they were made."""
        return _narrowed(self._consumers()[0], wire, owner)

    def change_consumers(self, work: Callable[[ConsumerTable], T]) -> T:
        """Run `work` on the consumers inside the writer's transaction."""
        return cast(T, self._write(lambda session: work(_Consumers(session))))

    def wanted_events(self, wire: str) -> frozenset[str]:
        """The types of messages of a wire that any consumer wants."""
        return self._consumers()[1].event_types(wire)

    def _consumers(self) -> tuple[list[Consumer], Audience]:
        """All consumers, read again once any has changed."""
        known = self._known
        [(version,)] = self._fetch(VERSION, ())
        if known is None or known[0] != version:
            # the version first: what changes in between is read twice, and never missed
            found = [consumer_of(row) for row in self._fetch(f"{CONSUMER} ORDER BY number", ())]
            known = self._known = (version, found, Audience(found))
        return known[1], known[2]

    def consumer(self, consumer_id: str) -> Consumer | None:
        """A consumer by its id, or None."""
        try:
            rows = self._fetch(f"{CONSUMER} WHERE id = ?", (consumer_id,))
        except UnicodeEncodeError:
            return None  # a lone surrogate, which no stored id has
        return consumer_of(rows[0]) if rows else None

    def put_consumer(self, consumer: Consumer) -> None:
        """Keep a consumer, in place of one with the same id."""
        self.change_consumers(lambda table: table.put_consumer(consumer))

    def remove_consumer(self, consumer_id: str) -> bool:
        """Remove a consumer and its deliveries; whether there was one."""
        return self.change_consumers(lambda table: table.remove_consumer(consumer_id))

    def publish(self, messages: Sequence[Message], at: Timestamp) -> None:
        """Keep deliveries of messages that tell of nothing in any books."""
        if messages:
            self._write(lambda session: session.publish(messages, None, at))

    def due_consumers(self, now: Timestamp) -> list[Consumer]:
        """The enabled consumers with deliveries whose time has come."""
        due = {row[0] for row in self._fetch(_DUE, (now,))}
        return [each for each in self._consumers()[0] if each.id in due]

    def due_deliveries(self, consumer_id: str, now: Timestamp, limit: int) -> list[Delivery]:
        """Pending deliveries to a consumer whose time has come."""
        statement = (
            f"{_DELIVERY} WHERE d.consumer_id = ? AND d.state = 'pending'"
            " AND d.next_attempt_at <= ? ORDER BY d.next_attempt_at, d.number LIMIT ?"
        )
        return [delivery_of(row) for row in self._fetch(statement, (consumer_id, now, limit))]

    def next_attempt(self) -> Timestamp | None:
        """When the first attempt of all pending deliveries to enabled consumers is due."""
        [(at,)] = self._fetch(_NEXT_ATTEMPT, ())
        return None if at is None else Timestamp(at)

    def settle_delivery(self, delivery: Delivery, consumer: Consumer | None = None) -> None:
        """Keep what became of a delivery, and its consumer where that changes with it."""

        def job(session: Session) -> None:
            session.execute(
                _SETTLE,
                (
                    delivery.state.value,
                    delivery.attempts,
                    delivery.next_attempt_at,
                    delivery.attempted_at,
                    delivery.failure,
                    delivery.number,
                ),
            )
            if consumer is not None:
                session.execute(
                    _SETTLE_CONSUMER, (consumer.disabled, consumer.failing_since, consumer.id)
                )
                session.forget_consumers()

        self._write(job)

    def deliveries(
        self, state: DeliveryState | None = None, after: int = 0, limit: int = 100
    ) -> list[Delivery]:
        """Deliveries with numbers above `after`, in order."""
        # A literal, not a parameter: only then can an index on one state alone be used.
        where = "" if state is None else f" AND d.state = '{state.value}'"
        statement = f"{_DELIVERY} WHERE d.number > ?{where} ORDER BY d.number LIMIT ?"
        return [delivery_of(row) for row in self._fetch(statement, (after, limit))]

    def company_deliveries(
        self,
        company_id: CompanyId,
        state: DeliveryState | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[Delivery]:
        """Deliveries of messages about a company's books, the latest first."""
        where = "" if state is None else f" AND d.state = '{state.value}'"
        statement = (
            f"{_DELIVERY} INDEXED BY delivery_by_company WHERE d.company_id = ?"
            f" AND d.number < ?{where} ORDER BY d.number DESC LIMIT ?"
        )
        bound = 2**63 - 1 if before is None else before
        return [delivery_of(row) for row in self._fetch(statement, (company_id, bound, limit))]

    def delivery(self, number: int) -> Delivery | None:
        """A delivery by its number, or None."""
        found = self.deliveries(None, number - 1, 1)
        return found[0] if found and found[0].number == number else None

    def delivery_counts(self) -> DeliveryCounts:
        """How many deliveries are on their way, and how many dead."""
        [(pending, dead)] = self._fetch(
            "SELECT (SELECT count(*) FROM delivery WHERE state = 'pending'),"
            " (SELECT count(*) FROM delivery WHERE state = 'dead')",
            (),
        )
        return DeliveryCounts(pending, dead)

    def prune_deliveries(self, before: Timestamp, limit: int) -> int:
        """Drop deliveries settled before a time, and those to consumers that are disabled."""

        def job(session: Session) -> int:
            dropped = 0
            for statement in _PRUNES:
                session.execute(statement, (before, limit))
                dropped += session.connection.changes()
            return dropped

        dropped = self._write(job)
        assert isinstance(dropped, int)
        return dropped

    def companies_with_pending(self) -> list[CompanyId]:
        """Companies with pending operations."""
        statement = (
            "SELECT DISTINCT company_id FROM operation WHERE completed_at IS NULL"
            " ORDER BY company_id"
        )
        return [CompanyId(row[0]) for row in self._fetch(statement, ())]

    def count_pending(self) -> int:
        """How many operations are pending in all companies."""
        statement = "SELECT count(*) FROM operation WHERE completed_at IS NULL"
        count: int = self._fetch(statement, ())[0][0]
        return count


class _Consumers:
    """The consumers inside a transaction of the writer."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def consumers(self, wire: str | None = None, owner: str | None = None) -> list[Consumer]:
        rows = self._session.connection.execute(f"{CONSUMER} ORDER BY number")
        return _narrowed([consumer_of(row) for row in rows], wire, owner)

    def put_consumer(self, consumer: Consumer) -> None:
        session = self._session
        session.execute(
            _PUT_CONSUMER,
            (
                consumer.id,
                consumer.wire,
                consumer.url,
                array_of(consumer.event_types),
                consumer.secret,
                array_of(consumer.subjects),
                array_of(consumer.labels),
                json.dumps(consumer.headers),
                consumer.annex,
                consumer.disabled,
                consumer.created_at,
                consumer.failing_since,
                consumer.owner,
            ),
        )
        session.forget_consumers()
        counted = session.connection.execute("SELECT count(*) FROM consumer").get
        if counted > CONSUMERS_MAX:
            raise LimitPassed(f"there are {CONSUMERS_MAX} consumers already")

    def remove_consumer(self, consumer_id: str) -> bool:
        session = self._session
        session.execute("DELETE FROM delivery WHERE consumer_id = ?", (consumer_id,))
        gone = session.execute(
            "DELETE FROM consumer WHERE id = ? RETURNING number", (consumer_id,)
        ).fetchall()
        session.forget_consumers()
        return bool(gone)


def _narrowed(found: list[Consumer], wire: str | None, owner: str | None) -> list[Consumer]:
    return [each for each in found if wire in (None, each.wire) and owner in (None, each.owner)]


def _version(session: Session, place: tuple[str, str, str]) -> int:
    statement = "SELECT version FROM document WHERE wire = ? AND kind = ? AND key = ?"
    row = session.connection.execute(statement, place).fetchone()
    return 0 if row is None else int(row[0])


def _apply(session: Session, change: DocumentChange) -> Document | None:
    place = (change.wire, change.kind, change.key)
    if change.body is None:
        session.execute("DELETE FROM document WHERE wire = ? AND kind = ? AND key = ?", place)
        return None
    version = change.expected_version + 1
    session.execute(_PUT_DOCUMENT, (*place, change.body, version))
    return Document(*place, change.body, version)
