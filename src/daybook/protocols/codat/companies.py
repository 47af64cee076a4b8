"""Companies and their connections: make, show, change, remove."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote
from uuid import uuid4

from daybook.app.access import Scope
from daybook.domain.ids import Timestamp
from daybook.protocols.codat import errors, events, matching, times
from daybook.protocols.codat.calls import Call, answer, nothing
from daybook.protocols.codat.limits import (
    COMPANIES_MAX,
    COMPANY_LEFT_MAX,
    CONNECTIONS_MAX,
    NAME_LENGTH_MAX,
    PRODUCT_LENGTH_MAX,
    PRODUCTS_MAX,
    TAG_KEY_LENGTH_MAX,
    TAG_VALUE_LENGTH_MAX,
    TAGS_MAX,
)
from daybook.protocols.codat.platforms import PLATFORMS, SOURCE_TYPE, Platform
from daybook.protocols.codat.properties import Properties, Property, Type
from daybook.protocols.codat.query import parse
from daybook.protocols.codat.tags import tagged
from daybook.protocols.codat.views import (
    LINKED,
    PENDING,
    UNLINKED,
    Connection,
    View,
    Views,
    is_administrator,
    of_client,
    owns,
    place_of,
)
from daybook.protocols.kit.plugin import Response

Json = dict[str, Any]

_CONNECTION_PROPERTIES: Final = (
    ("id", Type.TEXT),
    ("integrationId", Type.TEXT),
    ("integrationKey", Type.TEXT),
    ("sourceId", Type.TEXT),
    ("sourceType", Type.TEXT),
    ("platformName", Type.TEXT),
    ("linkUrl", Type.TEXT),
    ("status", Type.TEXT),
    ("lastSync", Type.DATE),
    ("created", Type.DATE),
)
CONNECTION_PROPERTIES: Final = Properties(
    "DataConnection", tuple(Property(path, kind) for path, kind in _CONNECTION_PROPERTIES)
)
COMPANY_PROPERTIES: Final = Properties(
    "Company",
    (
        Property("id", Type.TEXT),
        Property("name", Type.TEXT),
        Property("description", Type.TEXT),
        Property("platform", Type.TEXT),
        Property("redirect", Type.TEXT),
        Property("lastSync", Type.DATE),
        Property("created", Type.DATE),
        Property("createdByUserName", Type.TEXT),
        *(Property(f"dataConnections.{path}", kind) for path, kind in _CONNECTION_PROPERTIES),
    ),
)
"""Companies may be searched by their connections, the one array that paths may go through."""

_NAME_EXTRA: Final = frozenset(" \t\n\r\f\v-',&@.,?!")


class Companies:
    """Answers what is asked of companies and connections."""

    def __init__(self, views: Views) -> None:
        self._views = views

    # Companies

    def list_companies(self, call: Call) -> Response:
        """`GET /companies`."""
        call.require(Scope.READ)
        page = call.page()
        tree = parse(page.query)
        matching.check(tree, COMPANY_PROPERTIES)
        keep = tagged(call.parameters.get("tags", ""))
        found = [
            shown
            for view in self._views.companies(call.principal)
            if keep(dict(view.tags))
            and matching.matches(
                tree, COMPANY_PROPERTIES, shown := self.company_json(view, call.root)
            )
        ]
        rows = matching.ordered(found, page.order, COMPANY_PROPERTIES, "-created")
        return answer(page.envelope(rows[page.start : page.start + page.size], len(rows)))

    def show(self, call: Call) -> Response:
        """`GET /companies/{companyId}`."""
        call.require(Scope.READ)
        view = self._views.company(call.principal, call.names["companyId"])
        return answer(self.company_json(view, call.root))

    def create(self, call: Call) -> Response:
        """`POST /companies`: 200, not 201."""
        call.require(Scope.WRITE)
        body = call.body("CompanyRequestBody")
        if self._views.owned(call.principal) >= COMPANIES_MAX:
            item = ("Company", "Company limit exceeded", "CreateCompany")
            error = "CompanyValidationException: Company limit exceeded"
            raise errors.CodatError(402, error, validation=(item,))
        view = View(
            str(uuid4()),
            _name(body),
            call.now,
            owner=call.principal.client,
            within=call.principal.company_ids,
            description=_description(body.get("description")),
            tags=_tags(body.get("tags")),
            created_by=call.principal.user,
        )
        created = events.message(
            events.COMPANY_CREATED, self.details_json(view, call.root), view, call.now
        )
        self._views.save(call.now, view, messages=(created,))
        return answer(self.company_json(view, call.root))

    def replace(self, call: Call) -> Response:
        """`PUT /companies/{companyId}`: name, description and tags; what is not sent is cleared."""
        call.require(Scope.WRITE)
        view = self._views.changeable(call.principal, call.names["companyId"])
        body = call.body("CompanyRequestBody")
        changed = replace(
            view,
            name=_name(body),
            description=_description(body.get("description")),
            tags=_tags(body.get("tags")),
        )
        return self._saved(call, changed)

    def update(self, call: Call) -> Response:
        """`PATCH /companies/{companyId}`: what is sent; tags may be emptied."""
        call.require(Scope.WRITE)
        view = self._views.changeable(call.principal, call.names["companyId"])
        body = call.body("CompanyUpdateRequest")
        if body.get("name") is not None:
            view = replace(view, name=_name(body))
        if body.get("description") is not None:
            view = replace(view, description=_description(body["description"]))
        if "tags" in body:
            view = replace(view, tags=_tags(body["tags"]))
        return self._saved(call, view)

    def delete(self, call: Call) -> Response:
        """`DELETE /companies/{companyId}`: 204. The books stay as they are, and where they are.

        What no client has made, a client deletes for itself alone.
        """
        call.require(Scope.WRITE)
        principal = call.principal
        view = self._views.company(principal, call.names["companyId"])
        everywhere = owns(principal, view) or (
            principal.company_ids is None and is_administrator(principal, view)
        )
        details = self.details_json(view, call.root)
        deleted = events.message(events.COMPANY_DELETED, details, view, call.now)
        if everywhere:
            gone = replace(view, deleted=True)
        elif view.owner is not None or len(view.left) >= COMPANY_LEFT_MAX:
            raise errors.forbidden()
        else:
            gone = replace(view, left=(*view.left, place_of(principal)))
            deleted = replace(deleted, about=frozenset({of_client(principal.client)}))
        self._views.save(call.now, gone, messages=(deleted,))
        return nothing(204)

    def set_product(self, call: Call) -> Response:
        """`PUT` and `DELETE /companies/{companyId}/products/{product}`: which are enabled."""
        call.require(Scope.WRITE)
        view = self._views.changeable(call.principal, call.names["companyId"])
        product = call.names["product"]
        if len(product) > PRODUCT_LENGTH_MAX:
            text = f"A product has an identifier of at most {PRODUCT_LENGTH_MAX} characters."
            raise errors.not_valid("product", text)
        others = tuple(each for each in view.products if each != product)
        adding = call.request.method == "PUT"
        products = (*others, product) if adding else others
        if len(products) > PRODUCTS_MAX:
            raise errors.bad_request("A company has too many products.")
        if products != view.products:
            kind = events.PRODUCT_ADDED if adding else events.PRODUCT_REMOVED
            payload = {
                "referenceCompany": events.reference(view),
                "product": {"identifier": product},
            }
            told = events.message(kind, payload, view, call.now)
            self._views.save(call.now, replace(view, products=products), messages=(told,))
        return nothing(204)

    def _saved(self, call: Call, view: View) -> Response:
        self._views.save(call.now, view)
        return answer(self.company_json(view, call.root))

    # Connections

    def list_connections(self, call: Call) -> Response:
        """`GET /companies/{companyId}/connections`."""
        call.require(Scope.READ)
        view = self._views.company(call.principal, call.names["companyId"])
        page = call.page()
        tree = parse(page.query)
        matching.check(tree, CONNECTION_PROPERTIES)
        shown = self.connections_json(view, call.root)
        found = [each for each in shown if matching.matches(tree, CONNECTION_PROPERTIES, each)]
        rows = matching.ordered(found, page.order, CONNECTION_PROPERTIES, "-created")
        return answer(page.envelope(rows[page.start : page.start + page.size], len(rows)))

    def show_connection(self, call: Call) -> Response:
        """`GET /companies/{companyId}/connections/{connectionId}`."""
        call.require(Scope.READ)
        view = self._views.company(call.principal, call.names["companyId"])
        return self._connection_answer(call, view, view.connection(call.names["connectionId"]))

    def create_connection(self, call: Call) -> Response:
        """`POST /companies/{companyId}/connections`: waits for somebody to link it."""
        call.require(Scope.WRITE)
        view = self._views.changeable(call.principal, call.names["companyId"])
        key = call.body("DataConnectionArgs").get("platformKey")
        if not isinstance(key, str) or key.lower() not in PLATFORMS:
            item = ("platformKey", "There is no such platform here.", "DataConnectionArgs")
            raise errors.bad_request("Error processing request - not valid.", item)
        if len(view.channels) >= CONNECTIONS_MAX:
            raise errors.bad_request(f"A company has at most {CONNECTIONS_MAX} connections.")
        connection = Connection(str(uuid4()), view.id, key.lower(), PENDING, call.now)
        self._save_connection(call, view, connection, events.CONNECTION_CREATED)
        return self._connection_answer(call, view, connection)

    def unlink(self, call: Call) -> Response:
        """`PATCH /companies/{companyId}/connections/{connectionId}`: `{"status":"Unlinked"}`."""
        call.require(Scope.WRITE)
        view = self._views.changeable(call.principal, call.names["companyId"])
        connection = view.connection(call.names["connectionId"])
        if call.body("UpdateConnectionStatus").get("status") != UNLINKED:
            raise errors.not_valid("status", "A connection can be set to Unlinked only.")
        if connection.status != LINKED:
            raise errors.bad_request(f"The connection is {connection.status}, not {LINKED}.")
        connection = replace(connection, status=UNLINKED)
        self._save_connection(call, view, connection, events.CONNECTION_DISCONNECTED)
        return self._connection_answer(call, view, connection)

    def delete_connection(self, call: Call) -> Response:
        """`DELETE /companies/{companyId}/connections/{connectionId}`: 200, not 204."""
        call.require(Scope.WRITE)
        view = self._views.changeable(call.principal, call.names["companyId"])
        connection = view.connection(call.names["connectionId"])
        gone = replace(connection, deleted=True)
        self._save_connection(call, view, gone, events.CONNECTION_DELETED)
        return nothing(200)

    def authorize(self, call: Call) -> Response:
        """`PUT .../authorization`: credentials of a platform, of which there are none here."""
        call.require(Scope.WRITE)
        view = self._views.changeable(call.principal, call.names["companyId"])
        connection = view.connection(call.names["connectionId"])
        body = call.body("UpdateConnectionAuthorization")
        if not all(isinstance(value, str) for value in body.values()):
            raise errors.not_valid("authorization", "Every member is a text.")
        return self._connection_answer(call, view, connection)

    def _save_connection(
        self, call: Call, view: View, connection: Connection, event_type: str
    ) -> None:
        payload = {
            "referenceCompany": events.reference(view),
            "connection": self.connection_json(connection, call.root, None),
        }
        told = events.message(event_type, payload, view, call.now)
        self._views.save(call.now, connection, messages=(told,))

    def _connection_answer(self, call: Call, view: View, connection: Connection) -> Response:
        synced = self.synced(view)
        return answer(self.connection_json(connection, call.root, synced))

    # Shown

    def company_json(self, view: View, root: str) -> Json:
        """A company, whole; `root` is the address the caller reached us by."""
        connections = self.connections_json(view, root)
        shown: Json = {"id": view.id, "name": view.name}
        if view.description is not None:
            shown["description"] = view.description
        shown["platform"] = ""
        shown["redirect"] = f"{root}/companies/{view.id}/start"
        synced = [each["lastSync"] for each in connections if "lastSync" in each]
        if synced:
            shown["lastSync"] = max(synced)
        shown["dataConnections"] = connections
        shown["created"] = times.seconds(view.created)
        if view.created_by is not None:
            shown["createdByUserName"] = view.created_by
        shown["products"] = list(view.products)
        shown["tags"] = dict(view.tags)
        shown["ownerUserIds"] = []
        shown["referenceSubsidiaryCompanies"] = []
        return shown

    def details_json(self, view: View, root: str) -> Json:
        """A company without its connections, as events have it."""
        shown = self.company_json(view, root)
        del shown["dataConnections"]
        return shown

    def connections_json(self, view: View, root: str) -> list[Json]:
        """The connections of a company."""
        synced = self.synced(view) if view.connections else None
        return [self.connection_json(each, root, synced) for each in view.connections]

    def connection_json(self, connection: Connection, root: str, synced: Timestamp | None) -> Json:
        """A connection; `synced` is when its company's books last changed."""
        platform: Platform = PLATFORMS[connection.platform]
        shown: Json = {
            "id": connection.id,
            "integrationId": platform.integration_id,
            "integrationKey": platform.key,
            "sourceId": platform.source_id,
            "sourceType": SOURCE_TYPE,
            "platformName": platform.name,
            "linkUrl": link_url(connection, root),
            "status": connection.status,
        }
        known = [at for at in (connection.last_sync, synced) if at is not None]
        if known and connection.status != PENDING:
            shown["lastSync"] = times.utc(max(known))
        shown["created"] = times.seconds(connection.created)
        return shown

    def synced(self, view: View) -> Timestamp | None:
        """When the books of a company last changed: reads are live, so that is the last sync."""
        return self._views.moved_at(view)


def link_url(connection: Connection, root: str) -> str:
    """Where a person links a connection."""
    path = f"/companies/{connection.company_id}/connections/{connection.id}/start"
    return root + quote(path)


def _name(body: Mapping[str, Any]) -> str:
    """The name of a company, without the characters that the original takes out."""
    name = body.get("name")
    if not isinstance(name, str):
        raise errors.not_valid("name", "A name must be provided.")
    kept = "".join(
        each for each in name if (each.isascii() and each.isalnum()) or each in _NAME_EXTRA
    ).strip()
    if not kept or len(kept) > NAME_LENGTH_MAX:
        raise errors.not_valid("name", f"A name has 1 to {NAME_LENGTH_MAX} characters.")
    return kept


def _description(value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > NAME_LENGTH_MAX:
        text = f"A description is a text of at most {NAME_LENGTH_MAX} characters."
        raise errors.not_valid("description", text)
    return value


def _tags(value: Any) -> tuple[tuple[str, str], ...]:
    if value is None:
        return ()
    if not isinstance(value, dict) or len(value) > TAGS_MAX:
        raise errors.not_valid("tags", f"Tags are an object of at most {TAGS_MAX} texts.")
    for key, text in value.items():
        good = 0 < len(key) <= TAG_KEY_LENGTH_MAX and isinstance(text, str)
        if not good or len(text) > TAG_VALUE_LENGTH_MAX:
            message = (
                f"A tag has a key of 1 to {TAG_KEY_LENGTH_MAX} characters and a text of at most"
                f" {TAG_VALUE_LENGTH_MAX}."
            )
            raise errors.not_valid("tags", message)
    return tuple(value.items())
