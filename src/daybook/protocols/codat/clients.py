"""What belongs to a client of the interface: profile, API keys, webhooks, settings of syncing.

API keys are credentials of the ledger like any other: their text is shown once, when they are
made, and only their hash is kept.
"""

import base64
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import uuid4

from daybook.app import credentials
from daybook.app.access import Scope
from daybook.app.credentials import ACCESS, NewToken
from daybook.app.documents import Document
from daybook.app.ledger import Ledger
from daybook.app.outbox import EVENT_TYPES_MAX, URL_LENGTH_MAX, Consumer
from daybook.app.ports import DocumentChanged, Token
from daybook.app.trail import By, Happening, Trail, What
from daybook.domain.ids import Timestamp
from daybook.protocols.codat import errors, events, ids, times
from daybook.protocols.codat.calls import Call, answer, nothing
from daybook.protocols.codat.companies import owner_of
from daybook.protocols.codat.entries import WIRE
from daybook.protocols.codat.limits import (
    API_KEY_NAME_LENGTH_MAX,
    API_KEYS_MAX,
    COMPANY_TAG_LENGTH_MAX,
    COMPANY_TAGS_MAX,
    CONSUMERS_MAX,
)
from daybook.protocols.codat.platforms import DATA_TYPES, FEATURES
from daybook.protocols.codat.views import Views, derived
from daybook.protocols.kit import json
from daybook.protocols.kit.plugin import Response

Json = dict[str, Any]

PROFILE: Final = "profile"
SYNC: Final = "sync"
"""Kinds of documents."""

_TEXTS: Final = ("name", "redirectUrl", "logoUrl", "iconUrl", "alertAuthHeader")
_SECRET_BYTES: Final = 24
_ABSOLUTE: Final = re.compile(r"https?://[^\s/?#]+[^\s]*", re.IGNORECASE)
_SHOWN_KEY: Final = "shown once, when it was made"


class Clients:
    """Answers what is asked of a client's own settings."""

    def __init__(self, ledger: Ledger, views: Views, *, demo: bool) -> None:
        self._ledger = ledger
        self._directory = ledger.store.directory
        self._views = views
        self._demo = demo

    # Profile

    def show_profile(self, call: Call) -> Response:
        """`GET /profile`."""
        call.require(Scope.READ)
        return answer(self._profile(call)[0])

    def put_profile(self, call: Call) -> Response:
        """`PUT /profile`."""
        call.require(Scope.ADMIN)
        body = call.body("Profile")
        profile: Json = {}
        for name in _TEXTS:
            value = body.get(name)
            required = name in ("name", "redirectUrl")
            if (value is None and required) or not isinstance(value, str | None):
                raise errors.not_valid(name, f"{name} must be a text.")
            if value is not None:
                profile[name] = value[:URL_LENGTH_MAX]
        urls = body.get("whiteListUrls")
        if not isinstance(urls, list | None) or not all(
            isinstance(each, str) for each in urls or ()
        ):
            raise errors.not_valid("whiteListUrls", "whiteListUrls must be an array of texts.")
        if urls is not None:
            profile["whiteListUrls"] = urls[:EVENT_TYPES_MAX]
        self._put(PROFILE, call.principal.client, profile, self._profile(call)[1])
        return answer(profile)

    def _profile(self, call: Call) -> tuple[Json, int]:
        kept = self._directory.document(WIRE, PROFILE, call.principal.client)
        if kept is not None:
            return json.decode(kept.body), kept.version
        return {
            "name": call.principal.client,
            "redirectUrl": f"{call.root}/",
            "whiteListUrls": [],
        }, 0

    def _put(self, kind: str, key: str, body: Json, version: int) -> None:
        try:
            self._directory.put_document(Document(WIRE, kind, key, json.encode(body)), version)
        except DocumentChanged:
            text = "The record was changed by another request at the same time."
            raise errors.CodatError(409, text, can_be_retried="True") from None

    # Settings of syncing: kept and shown; reads are live, so nothing waits for a schedule

    def show_sync(self, call: Call) -> Response:
        """`GET /profile/syncSettings` and `GET /companies/{companyId}/syncSettings`."""
        call.require(Scope.READ)
        name, key = self._sync_place(call)
        kept = self._directory.document(WIRE, SYNC, key)
        shown: Json = {name: key}
        if kept is None:
            shown.update(settings=_default_settings(), overridesDefaults=False)
        else:
            shown.update(json.decode(kept.body))
        return answer(shown)

    def set_sync(self, call: Call) -> Response:
        """`POST` to the same: 204."""
        call.require(Scope.WRITE)
        _, key = self._sync_place(call)
        body = call.body("SyncSettings")
        settings = body.get("syncSettings", body.get("settings"))
        if not isinstance(settings, list) or len(settings) > len(DATA_TYPES):
            raise errors.not_valid("syncSettings", "syncSettings must be an array.")
        kept = self._directory.document(WIRE, SYNC, key)
        shown = {"settings": [_setting(each) for each in settings], "overridesDefaults": True}
        self._put(SYNC, key, shown, 0 if kept is None else kept.version)
        return nothing(204)

    def _sync_place(self, call: Call) -> tuple[str, str]:
        if "companyId" in call.names:
            view = self._views.company(call.principal, call.names["companyId"])
            return "companyId", view.id
        return "clientId", derived("client", call.principal.client)

    # API keys

    def list_keys(self, call: Call) -> Response:
        """`GET /apiKeys`: the client's, without their text."""
        call.require(Scope.ADMIN)
        return answer({"results": [_key_json(token, _SHOWN_KEY) for token in self._keys(call)]})

    def create_key(self, call: Call) -> Response:
        """`POST /apiKeys`: 201, with the text of the key, which is never shown again."""
        call.require(Scope.ADMIN)
        name = call.body("CreateApiKey").get("name") if call.request.body.strip() else None
        if name is not None and (not isinstance(name, str) or len(name) > API_KEY_NAME_LENGTH_MAX):
            text = f"A name has at most {API_KEY_NAME_LENGTH_MAX} characters."
            raise errors.not_valid("name", text)
        if len(self._keys(call)) >= API_KEYS_MAX:
            text = f"Maximum number of API keys reached. A client has at most {API_KEYS_MAX}."
            raise errors.CodatError(409, text)
        principal = call.principal
        wanted = NewToken(
            principal.client,
            ACCESS,
            principal.company_ids or frozenset(),
            principal.scopes,
            name or "",
            principal.user,
        )
        issued = credentials.issue(self._directory, self._ledger.clock, wanted)
        self._note(call, What.TOKEN_MADE, issued.token)
        return answer(_key_json(issued.token, issued.text), 201)

    def delete_key(self, call: Call) -> Response:
        """`DELETE /apiKeys/{apiKeyId}`: 204; the last one stays."""
        call.require(Scope.ADMIN)
        keys = self._keys(call)
        wanted = call.names["apiKeyId"].lower()
        found = next((each for each in keys if _key_id(each) == wanted), None)
        if found is None:
            text = f"No API key was found with ID {errors.short(call.names['apiKeyId'])}"
            raise errors.not_found(text)
        if len(keys) == 1 and not self._demo:
            raise errors.CodatError(403, "The last API key cannot be deleted.")
        credentials.revoke(self._directory, self._ledger.clock, found.hash)
        self._note(call, What.TOKEN_WITHDRAWN, found)
        return nothing(204)

    def _note(self, call: Call, what: What, token: Token) -> None:
        """Leave in the trail of access what became of a key."""
        by = By(call.principal.client, call.principal.user, call.request.peer)
        happening = Happening(what, str(token.number), by, token.company_ids, "API key")
        Trail(self._directory, self._ledger.clock).note(happening)

    def _keys(self, call: Call) -> list[Token]:
        """The keys of the caller's client that still open something and do not expire."""
        return [
            token
            for token in self._directory.tokens()
            if token.client == call.principal.client
            and token.kind == ACCESS
            and token.revoked_at is None
            and token.expires_at is None
        ]

    # Webhooks

    def list_consumers(self, call: Call) -> Response:
        """`GET /webhooks`: the client's, not paged."""
        call.require(Scope.READ)
        return answer({"results": [_consumer_json(each) for each in self._consumers(call)]})

    def create_consumer(self, call: Call) -> Response:
        """`POST /webhooks`: 201. The signing secret is shown here and nowhere else."""
        call.require(Scope.WRITE)
        body = call.body("WebhookConsumer")
        if len(self._consumers(call)) >= CONSUMERS_MAX:
            raise errors.bad_request(f"A client has at most {CONSUMERS_MAX} webhook consumers.")
        disabled = body.get("disabled")
        if not isinstance(disabled, bool | None):
            raise errors.not_valid("disabled", "disabled must be true or false.")
        consumer = Consumer(
            str(uuid4()),
            WIRE,
            _url(body.get("url")),
            _event_types(body.get("eventTypes")),
            secrets.token_bytes(_SECRET_BYTES),
            self._subjects(call),
            _company_tags(body.get("companyTags")),
            annex=call.principal.client.encode(),
            disabled=bool(disabled),
            created_at=Timestamp(call.now),
        )
        self._directory.put_consumer(consumer)
        secret = events.SECRET_PREFIX + base64.b64encode(consumer.secret).decode()
        return answer({**_consumer_json(consumer), "secret": secret}, 201)

    def delete_consumer(self, call: Call) -> Response:
        """`DELETE /webhooks/{webhookId}`: 204. What was on its way is not sent any more."""
        call.require(Scope.WRITE)
        wanted = ids.uuid(call.names["webhookId"])
        if wanted not in {each.id for each in self._consumers(call)} or wanted is None:
            text = f"No webhook consumer was found with ID {errors.short(call.names['webhookId'])}"
            raise errors.not_found(text)
        self._directory.remove_consumer(wanted)
        return nothing(204)

    def zapier(self, call: Call) -> Response:
        """`POST /webhooks/integrationKeys/zapier`: not offered."""
        call.require(Scope.ADMIN)
        raise errors.forbidden()

    def _consumers(self, call: Call) -> list[Consumer]:
        client = call.principal.client
        return [each for each in self._directory.consumers(WIRE) if owner_of(each) == client]

    def _subjects(self, call: Call) -> frozenset[str]:
        """The companies a consumer hears of: all, or those its client's key opens.

        Where they are narrowed there is always one, that no company has: none would mean any.
        """
        if call.principal.company_ids is None:
            return frozenset()
        own = {view.id for view in self._views.companies(call.principal)}
        return frozenset({f"client {call.principal.client}", *own})


def _key_id(token: Token) -> str:
    return derived("key", str(token.number))


def _key_json(token: Token, text: str) -> Json:
    shown: Json = {"id": _key_id(token)}
    if token.label:
        shown["name"] = token.label
    shown["apiKey"] = text
    shown["createdDate"] = times.utc(token.created_at)
    return shown


def _consumer_json(consumer: Consumer) -> Json:
    return {
        "id": consumer.id,
        "url": consumer.url,
        "disabled": consumer.disabled,
        "eventTypes": sorted(consumer.event_types),
        "companyTags": sorted(consumer.labels),
    }


def _url(value: Any) -> str:
    """An absolute address. Whether it may be delivered to is found out where it is sent."""
    if isinstance(value, str) and len(value) <= URL_LENGTH_MAX and _ABSOLUTE.fullmatch(value):
        try:
            if urlsplit(value).hostname:
                return value
        except ValueError:
            pass  # a port or an address that is none
    raise errors.not_valid("url", "url must be an absolute http or https address.")


def _event_types(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not value or len(value) > EVENT_TYPES_MAX:
        text = f"eventTypes must be an array of 1 to {EVENT_TYPES_MAX} event types."
        raise errors.not_valid("eventTypes", text)
    for each in value:
        if not isinstance(each, str) or each not in events.EVENT_TYPES:
            raise errors.not_valid("eventTypes", f"{errors.short(str(each))} is not an event type.")
    return frozenset(value)


def _company_tags(value: Any) -> frozenset[str]:
    if value is None:
        return frozenset()
    if not isinstance(value, list) or len(value) > COMPANY_TAGS_MAX:
        text = f"companyTags must be an array of at most {COMPANY_TAGS_MAX} tags."
        raise errors.not_valid("companyTags", text)
    for each in value:
        good = isinstance(each, str) and len(each) <= COMPANY_TAG_LENGTH_MAX and ":" in each
        if not good:
            raise errors.not_valid("companyTags", "A company tag is written key:value.")
    return frozenset(value)


def _default_settings() -> list[Json]:
    return [_setting({"dataType": name}) for name in FEATURES]


_MEMBERS: Final = {
    "fetchOnFirstLink": (bool, True),
    "syncSchedule": (int, 0),
    "syncOrder": (int, 0),
    "syncFromUtc": (str, None),
    "syncFromWindow": (int, None),
    "monthsToSync": (int, None),
    "isLocked": (bool, None),
}


def _setting(value: Any) -> Json:
    named = value.get("dataType") if isinstance(value, Mapping) else None
    if not isinstance(named, str) or named not in DATA_TYPES:
        raise errors.not_valid("syncSettings", "A setting names a data type.")
    shown: Json = {"dataType": value["dataType"]}
    for name, (kind, default) in _MEMBERS.items():
        member = value.get(name)
        member = default if member is None else member
        if member is None:
            continue
        if not isinstance(member, kind) or (kind is int and isinstance(member, bool)):
            raise errors.not_valid(name, f"{name} has a value of a wrong kind.")
        shown[name] = member[:URL_LENGTH_MAX] if isinstance(member, str) else member
    return shown
