"""The wire's entrance: who is asking, for what, and what an error looks like.

The API key is believed first. Reads and changes of the wire's own records run on pool threads;
writes to the books are handed to the group commit and wait on the loop.
"""

import base64
import binascii
from collections.abc import Awaitable
from contextlib import suppress
from typing import Final
from urllib.parse import quote

from daybook.app.access import Principal
from daybook.app.ledger import refusal_of
from daybook.app.ports import StoreFailure
from daybook.domain.model import ContactKind
from daybook.protocols.codat import errors, events, push
from daybook.protocols.codat.calls import Call
from daybook.protocols.codat.clients import Clients
from daybook.protocols.codat.companies import Companies
from daybook.protocols.codat.entries import WIRE
from daybook.protocols.codat.errors import CodatError
from daybook.protocols.codat.idempotency import Idempotency
from daybook.protocols.codat.integrations import Platforms
from daybook.protocols.codat.limits import BODY_BYTES_MAX, KEY_LENGTH_MAX
from daybook.protocols.codat.linking import Linking
from daybook.protocols.codat.publishing import Publishing
from daybook.protocols.codat.quota import Quota
from daybook.protocols.codat.reading import Reading
from daybook.protocols.codat.refresh import Refresh
from daybook.protocols.codat.routes import SEGMENTS_MAX, Found, Route, Routes
from daybook.protocols.codat.statements import Statements
from daybook.protocols.codat.views import Views
from daybook.protocols.codat.writing import Writing
from daybook.protocols.kit.http import TooManyParameters, query_map
from daybook.protocols.kit.plugin import (
    REQUESTS_PER_DAY_SETTING,
    Limits,
    Plugin,
    Problem,
    Request,
    Response,
    Services,
)

_ROOTS: Final = ("companies", "integrations", "webhooks", "profile", "apiKeys")
MOUNT: Final = "codat"
"""The prefix under which everything answers as well."""


def create(services: Services) -> Plugin:
    """The wire, for the server."""
    return CodatPlugin(services)


class CodatPlugin:
    """Codat over HTTP. See `Plugin`."""

    name = WIRE
    # a client whose address ends in a slash asks for two of them
    prefixes = (*(f"/{root}" for root in _ROOTS), *(f"//{root}" for root in _ROOTS), f"/{MOUNT}")
    limits = Limits(BODY_BYTES_MAX)

    def __init__(self, services: Services) -> None:
        self._services = services
        self._runtime = services.runtime
        self._clock = services.clock
        ledger = services.ledger
        directory = ledger.store.directory
        views = Views(ledger)
        per_day = services.settings.get(REQUESTS_PER_DAY_SETTING)
        self._quota = Quota(None if per_day is None else int(per_day))
        self._idempotency = Idempotency(directory)
        self._routes = Routes(_routes(services, views))
        publishing = Publishing(directory, views)
        ledger.hooks.conclude(WIRE, push.conclude)
        ledger.hooks.publish(WIRE, publishing.publish)
        ledger.hooks.sign(WIRE, events.sign)

    def admit(self, request: Request) -> Response | None:
        """The refusal of a caller whose key is not believed."""
        found = self._routes.find(request.method, _segments(request.path))
        if found is not None and found.route is not None and found.route.open:
            return None
        try:
            self._principal(request)
        except CodatError as error:
            return self._error(request, error, None)
        return None

    def handle(self, request: Request) -> Response | Awaitable[Response]:
        """The answer to a request."""
        client: str | None = None
        try:
            segments = _segments(request.path)
            found = self._routes.find(request.method, segments)
            anonymous = found is not None and found.route is not None and found.route.open
            principal = _NOBODY if anonymous else self._principal(request)
            client = principal.client
            if not anonymous:
                self._quota.count(client, self._clock())
            call = self._call(request, principal, segments, found)
            if not anonymous:
                company = call.names.get("companyId")
                self._quota.take(self._services.throttle.wait("codat", client, company))
            assert found is not None
            assert found.route is not None
            return self._answer(call, found.route)
        except CodatError as error:
            return self._error(request, error, client)

    def refuse(self, request: Request, problem: Problem) -> Response:
        """The answer where the server could not hand the request over."""
        status, text = _PROBLEMS[problem]
        retried = "True" if status in (408, 503) else "False"
        return self._error(request, CodatError(status, text, can_be_retried=retried), None)

    def operation(self, request: Request) -> str:
        """What is asked, such as `get companies/{companyId}/push`."""
        found = self._routes.find(request.method, _segments(request.path))
        if found is None or found.route is None:
            return "other"
        return f"{found.route.method.lower()} {found.route.pattern.lstrip('/')}"

    def _principal(self, request: Request) -> Principal:
        """Who has the API key. Basic authentication with the key alone, or with a colon after."""
        scheme, _, sealed = request.headers.get("authorization", "").strip().partition(" ")
        if scheme.lower() != "basic" or len(sealed) > 2 * KEY_LENGTH_MAX:
            raise errors.unauthorized()
        try:
            key = base64.b64decode(sealed.strip(), validate=True).decode()
        except (binascii.Error, ValueError):
            raise errors.unauthorized() from None
        found = self._services.authenticator.authenticate(key.removesuffix(":"))
        if not isinstance(found, Principal):
            raise errors.unauthorized()
        return found

    def _call(
        self, request: Request, principal: Principal, segments: list[str], found: Found | None
    ) -> Call:
        if found is None:
            raise errors.not_found()
        if found.route is None:
            headers = (("Allow", ", ".join(found.methods)),)
            raise CodatError(405, "Method Not Allowed", headers=headers)
        try:
            parameters = {name.lower(): value for name, value in query_map(request.query).items()}
        except TooManyParameters as fault:
            raise errors.bad_request(errors.sentence(str(fault))) from None
        path = "/" + "/".join(quote(each, safe="") for each in segments)
        return Call(request, principal, path, found.names, parameters, self._clock())

    async def _answer(self, call: Call, route: Route) -> Response:
        client = None if route.open else call.principal.client
        key: str | None = None
        try:
            key = None if route.open else self._idempotency.key_of(call)
            if key is None:
                response = await self._carry_out(call, route)
            else:
                response = await self._once(key, call, route)
        except CodatError as error:
            return self._error(call.request, error, client)
        except StoreFailure as failure:
            refused = refusal_of(failure)  # raises again what is a fault
            return self._error(call.request, errors.of_refusal(refused.refusals[0]), client)
        return self._with_quota(response, client)

    async def _once(self, key: str, call: Call, route: Route) -> Response:
        """Answer a request that has an Idempotency-Key."""
        self._idempotency.begin(key)
        try:
            known = await self._runtime.in_thread(lambda: self._idempotency.recall(key, call))
            if known is not None:
                return known
            try:
                response = await self._carry_out(call, route)
            except CodatError as error:
                response = _error_response(call.request, error)
            with suppress(StoreFailure):  # what was asked is done, whatever becomes of the note
                await self._runtime.in_thread(
                    lambda: self._idempotency.remember(key, call, response)
                )
            return response
        finally:
            self._idempotency.end(key)

    async def _carry_out(self, call: Call, route: Route) -> Response:
        if route.waiting is not None:
            return await route.waiting(call)
        handler = route.handler
        assert handler is not None, "a route has one handler or the other"
        if route.quick:
            return handler(call)
        return await self._runtime.in_thread(lambda: handler(call))

    def _error(self, request: Request, error: CodatError, client: str | None) -> Response:
        return self._with_quota(_error_response(request, error), client)

    def _with_quota(self, response: Response, client: str | None) -> Response:
        headers = (*response.headers, *self._quota.headers(client, self._clock()))
        return Response(response.status, response.body, headers, response.diagnosis)


def _error_response(request: Request, error: CodatError) -> Response:
    headers = (("Content-Type", "application/json"), *error.headers)
    return Response(error.status, error.body(request.id), headers, error.error)


def _segments(path: str) -> list[str]:
    """The segments of a path below the interface's root, doubled slashes before it apart."""
    # bytes that were not UTF-8 name nothing here, and could not be written into an answer
    readable = path.encode(errors="replace").decode()
    segments = readable.lstrip("/").split("/", SEGMENTS_MAX)
    if segments and segments[0] == MOUNT:
        segments = "/".join(segments[1:]).lstrip("/").split("/", SEGMENTS_MAX)
    return segments


_NOBODY: Final = Principal("", frozenset(), frozenset())
"""Who asks for a page that needs no key."""

_PROBLEMS: Final = {
    Problem.TOO_LARGE: (413, f"The body has more than {BODY_BYTES_MAX} bytes."),
    Problem.BAD_ENCODING: (415, "The content encoding of the body cannot be undone."),
    Problem.TIMEOUT: (408, "The body did not arrive in time."),
    Problem.INTERNAL: (500, "An unexpected error occurred."),
    Problem.SHUTTING_DOWN: (503, "The server is shutting down."),
    Problem.OVERLOADED: (503, "Too many large bodies are under way; try again."),
}


def _routes(services: Services, views: Views) -> list[Route]:
    ledger = services.ledger
    companies = Companies(ledger, views)
    refresh = Refresh(ledger, views)
    linking = Linking(ledger, services.authenticator, views, companies, refresh)
    reading = Reading(ledger, views)
    writing = Writing(services.runtime, reading)
    clients = Clients(ledger, views, demo=services.demo)
    return [
        *_company_routes(companies, linking, clients),
        *_refresh_routes(refresh),
        *_data_routes(reading, Statements(reading)),
        *_push_routes(writing),
        *_client_routes(clients, Platforms()),
    ]


def _company_routes(companies: Companies, linking: Linking, clients: Clients) -> list[Route]:
    company = "/companies/{companyId}"
    connection = f"{company}/connections/{{connectionId}}"
    return [
        Route("GET", "/companies", companies.list_companies),
        Route("POST", "/companies", companies.create),
        Route("GET", company, companies.show),
        Route("PUT", company, companies.replace),
        Route("PATCH", company, companies.update),
        Route("DELETE", company, companies.delete),
        Route("GET", f"{company}/start", linking.company_page, open=True),
        Route("PUT", f"{company}/products/{{product}}", companies.set_product),
        Route("DELETE", f"{company}/products/{{product}}", companies.set_product),
        Route("GET", f"{company}/syncSettings", clients.show_sync),
        Route("POST", f"{company}/syncSettings", clients.set_sync),
        Route("GET", f"{company}/connections", companies.list_connections),
        Route("POST", f"{company}/connections", companies.create_connection),
        Route("GET", connection, companies.show_connection),
        Route("PATCH", connection, companies.unlink),
        Route("DELETE", connection, companies.delete_connection),
        Route("PUT", f"{connection}/authorization", companies.authorize),
        Route("GET", f"{connection}/start", linking.page, open=True),
        Route("POST", f"{connection}/start", linking.link, open=True),
    ]


def _refresh_routes(refresh: Refresh) -> list[Route]:
    company = "/companies/{companyId}"
    return [
        Route("POST", f"{company}/data/all", refresh.all),
        Route("POST", f"{company}/data/queue/{{dataType}}", refresh.one),
        Route("POST", f"{company}/data/info", refresh.info),
        Route("GET", f"{company}/dataStatus", refresh.status),
        Route("GET", f"{company}/data/history", refresh.history),
        Route("GET", f"{company}/data/history/{{datasetId}}", refresh.show),
        Route("GET", f"{company}/sync/{{datasetId}}/validation", refresh.validation),
    ]


def _data_routes(reading: Reading, statements: Statements) -> list[Route]:
    data = "/companies/{companyId}/data"
    return [
        Route("GET", f"{data}/journalEntries", reading.entries),
        Route("GET", f"{data}/journalEntries/{{recordId}}", reading.entry, quick=True),
        Route("GET", f"{data}/accounts", reading.accounts),
        Route("GET", f"{data}/accounts/{{recordId}}", reading.account),
        Route("GET", f"{data}/journals", reading.journals),
        Route("GET", f"{data}/journals/{{recordId}}", reading.journal),
        Route("GET", f"{data}/trackingCategories", reading.tracking),
        Route("GET", f"{data}/trackingCategories/{{recordId}}", reading.tracking_category),
        Route("GET", f"{data}/customers", reading.contacts(ContactKind.CUSTOMER)),
        Route(
            "GET",
            f"{data}/customers/{{recordId}}",
            reading.contact(ContactKind.CUSTOMER, "customers"),
        ),
        Route("GET", f"{data}/suppliers", reading.contacts(ContactKind.VENDOR)),
        Route(
            "GET",
            f"{data}/suppliers/{{recordId}}",
            reading.contact(ContactKind.VENDOR, "suppliers"),
        ),
        Route("GET", f"{data}/info", reading.info),
        Route("GET", f"{data}/financials/profitAndLoss", statements.profit_and_loss),
        Route("GET", f"{data}/financials/balanceSheet", statements.balance_sheet),
        # types that are not offered: the last of these, so that all others are found before
        Route("GET", f"{data}/{{dataType}}", reading.unsupported),
        Route("GET", f"{data}/{{dataType}}/{{recordId}}", reading.unsupported),
    ]


def _push_routes(writing: Writing) -> list[Route]:
    company = "/companies/{companyId}"
    connection = f"{company}/connections/{{connectionId}}"
    return [
        Route("GET", f"{company}/push", writing.operations),
        Route("GET", f"{company}/push/{{pushOperationKey}}", writing.operation, quick=True),
        Route("GET", f"{connection}/options/{{dataType}}", writing.option),
        Route("GET", f"{connection}/dataTypes/{{dataType}}/options/POST", writing.option),
        Route("POST", f"{connection}/push/{{dataType}}", waiting=writing.create),
        # the same delete twice: as it was released, and as it was first described
        Route("DELETE", f"{connection}/push/{{dataType}}/{{recordId}}", waiting=writing.delete),
        Route("DELETE", f"{connection}/delete/{{dataType}}/{{recordId}}", waiting=writing.delete),
    ]


def _client_routes(clients: Clients, integrations: Platforms) -> list[Route]:
    return [
        Route("GET", "/integrations", integrations.list_all),
        Route("GET", "/integrations/{platformKey}", integrations.show),
        Route("GET", "/integrations/{platformKey}/branding", integrations.branding),
        Route("GET", "/profile", clients.show_profile),
        Route("PUT", "/profile", clients.put_profile),
        Route("GET", "/profile/syncSettings", clients.show_sync),
        Route("POST", "/profile/syncSettings", clients.set_sync),
        Route("GET", "/apiKeys", clients.list_keys),
        Route("POST", "/apiKeys", clients.create_key),
        Route("DELETE", "/apiKeys/{apiKeyId}", clients.delete_key),
        Route("GET", "/webhooks", clients.list_consumers),
        Route("POST", "/webhooks", clients.create_consumer),
        Route("POST", "/webhooks/integrationKeys/zapier", clients.zapier),
        Route("DELETE", "/webhooks/{webhookId}", clients.delete_consumer),
    ]
