"""Webhooks: what is told, in which envelope, and how it is signed.

Signatures are those of Standard Webhooks (as Svix makes them): base64 of HMAC-SHA256 over
`{id}.{seconds}.{body}`, with the bytes behind `whsec_` of the consumer's secret as the key.
"""

import base64
import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, Final
from uuid import uuid4

from daybook.app.outbox import Consumer, Message
from daybook.domain.ids import Timestamp
from daybook.protocols.codat import times
from daybook.protocols.codat.entries import WIRE
from daybook.protocols.codat.platforms import DATA_TYPES
from daybook.protocols.codat.views import View
from daybook.protocols.kit import json

SECRET_PREFIX: Final = "whsec_"

COMPANY_CREATED: Final = "company.created"
COMPANY_DELETED: Final = "company.deleted"
PRODUCT_ADDED: Final = "company.product.added"
PRODUCT_REMOVED: Final = "company.product.removed"
CONNECTION_CREATED: Final = "connection.created"
CONNECTION_CONNECTED: Final = "connection.connected"
CONNECTION_DISCONNECTED: Final = "connection.disconnected"
CONNECTION_RECONNECTED: Final = "connection.reconnected"
CONNECTION_DELETED: Final = "connection.deleted"
READ_COMPLETED: Final = "read.completed"
READ_COMPLETED_INITIAL: Final = "read.completed.initial"

QUOTA_REACHED: Final = "client.rateLimit.reached"
QUOTA_RESET: Final = "client.rateLimit.reset"

SUCCESSFUL: Final = "write.successful"
UNSUCCESSFUL: Final = "write.unsuccessful"

EVENT_TYPES: Final = frozenset(
    {
        COMPANY_CREATED,
        COMPANY_DELETED,
        PRODUCT_ADDED,
        PRODUCT_REMOVED,
        CONNECTION_CREATED,
        CONNECTION_CONNECTED,
        CONNECTION_DISCONNECTED,
        CONNECTION_RECONNECTED,
        CONNECTION_DELETED,
        "connection.failed",
        READ_COMPLETED,
        READ_COMPLETED_INITIAL,
        QUOTA_REACHED,
        QUOTA_RESET,
        *(f"{name}.{end}" for name in DATA_TYPES for end in (SUCCESSFUL, UNSUCCESSFUL)),
        # names of the service before; registered by old programs, and nothing is sent for them
        "DataConnectionStatusChanged",
        "NewCompanySynchronized",
        "DataSyncCompleted",
        "DatasetDataChanged",
        "DataSyncStatusChangedToError",
        "PushOperationStatusChanged",
        "PushOperationTimedOut",
        "AccountCategoriesUpdated",
        "ClientRateLimitReached",
        "ClientRateLimitReset",
    }
)
"""What a consumer may ask for."""


def message(event_type: str, payload: Mapping[str, Any], view: View, at: Timestamp) -> Message:
    """A message about a company."""
    return addressed(event_type, payload, at, subject=view.id, about=view.about, labels=view.labels)


def addressed(
    event_type: str,
    payload: Mapping[str, Any],
    at: Timestamp,
    *,
    subject: str,
    about: frozenset[str],
    labels: frozenset[str] = frozenset(),
) -> Message:
    """A message to those whose `subjects` are among what it is `about`."""
    event_id = str(uuid4())
    envelope = {
        "id": event_id,
        "eventType": event_type,
        "generatedDate": times.milliseconds(at),
        "payload": payload,
    }
    return Message(
        WIRE,
        f"msg_{event_id.replace('-', '')}",
        event_type,
        json.encode(envelope),
        subject,
        labels,
        about,
    )


def reference(view: View) -> dict[str, Any]:
    """A company as events refer to it."""
    shown: dict[str, Any] = {"id": view.id, "name": view.name}
    if view.description is not None:
        shown["description"] = view.description
    if view.tags:
        shown["tags"] = dict(view.tags)
    return shown


def read_completed(
    view: View, connection_id: str, data_types: Sequence[str], at: Timestamp, *, initial: bool
) -> Message:
    """Data of some types was read."""
    payload = {
        "referenceCompany": reference(view),
        "dataTypes": [
            {
                "connectionId": connection_id,
                "dataType": name,
                "recordsModified": True,
                "status": "Complete",
                "issues": [],
            }
            for name in data_types
        ],
    }
    return message(READ_COMPLETED_INITIAL if initial else READ_COMPLETED, payload, view, at)


def sign(message: Message, consumer: Consumer, now: Timestamp) -> Mapping[str, str]:
    """The headers of an attempt at delivering a message."""
    stamp = str(now // times.SECOND)
    signed = b".".join((message.id.encode(), stamp.encode(), message.payload))
    digest = hmac.new(consumer.secret, signed, sha256).digest()
    return {
        "content-type": "application/json",
        "webhook-id": message.id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
