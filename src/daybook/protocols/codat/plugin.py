"""The wire's entrance: who is asking, for what, and what an error looks like.

The API key is believed first. Reads and changes of the wire's own records run on pool threads;
writes to the books are handed to the group commit and wait on the loop.
"""

import base64
import binascii
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import replace
from typing import Final
from urllib.parse import quote

from daybook.app import credentials
from daybook.app.access import Principal, Scope
from daybook.app.ledger import refusal_of
from daybook.app.ports import StoreFailure
from daybook.domain.model import ContactKind
from daybook.protocols.codat import errors, events, openapi, push
from daybook.protocols.codat.alarms import Alarms
from daybook.protocols.codat.calls import Call, NotQuick
from daybook.protocols.codat.clients import Clients
from daybook.protocols.codat.companies import Companies
from daybook.protocols.codat.described import DESCRIBED
from daybook.protocols.codat.entries import WIRE
from daybook.protocols.codat.errors import CodatError
from daybook.protocols.codat.hearing import Hearing
from daybook.protocols.codat.idempotency import Idempotency, without_member
from daybook.protocols.codat.integrations import Platforms
from daybook.protocols.codat.keys import Keys
from daybook.protocols.codat.limits import BODY_BYTES_MAX, KEY_LENGTH_MAX
from daybook.protocols.codat.linking import Linking
from daybook.protocols.codat.publishing import Publishing
from daybook.protocols.codat.quota import Quota
from daybook.protocols.codat.reading import Reading
from daybook.protocols.codat.refresh import Refresh
from daybook.protocols.codat.routes import SEGMENTS_MAX, Found, Route, Routes
from daybook.protocols.codat.statements import Statements
from daybook.protocols.codat.views import Views, place_of
from daybook.protocols.codat.writing import Writing
from daybook.protocols.kit.http import TooManyParameters, query_map
from daybook.protocols.kit.openapi import Schema
from daybook.protocols.kit.plugin import (
    REQUESTS_PER_DAY_SETTING,
    Limits,
    Operation,
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
        views = Views(ledger, services.authenticator)
        per_day = services.settings.get(REQUESTS_PER_DAY_SETTING)
        self._quota = Quota(None if per_day is None else int(per_day), services.peers)
        self._alarms = Alarms(directory, services.clock, int(per_day or 0))
        if per_day is not None:
            self._alarms.arm()
        self._idempotency = Idempotency(directory)
        self._views = views
        routes = _routes(services, views)
        self._routes = Routes(routes)
        self.operations = tuple(_operation(route) for route in routes)
        publishing = Publishing(directory, views)
        ledger.hooks.conclude(WIRE, push.conclude)
        ledger.hooks.publish(WIRE, publishing.publish)
        ledger.hooks.sign(WIRE, events.sign)
        ledger.hooks.guard(WIRE, Hearing(services.authenticator, views).withhold)

    def admit(self, request: Request) -> Response | None:
        """The refusal of a caller whose key is not believed."""
        found = self._routes.find(request.method, _segments(request.path))
        if found is not None and found.route is not None and found.route.open:
            return None
        try:
            self._principal(_key_of(request))
        except CodatError as error:
            return self._error(request, error, None)
        return None

    def handle(self, request: Request) -> Response | Awaitable[Response]:
        """The answer to a request."""
        place: str | None = None
        reached: Principal | None = None
        answer: Response | Awaitable[Response]
        try:
            segments = _segments(request.path)
            found = self._routes.find(request.method, segments)
            anonymous = found is not None and found.route is not None and found.route.open
            key = "" if anonymous else _key_of(request)
            principal = _NOBODY if anonymous else self._principal(key)
            if not anonymous:
                place = place_of(principal)
                reached = principal if self._quota.count(place, self._clock()) else None
            call = self._call(request, principal, key, segments, found)
            if place is not None:
                self._quota.take(self._wait(call, place))
            assert found is not None
            assert found.route is not None
            answer = self._answer(call, found.route)
        except CodatError as error:
            answer = self._error(request, error, place)
        return answer if reached is None else self._last(reached, answer)

    async def _last(self, caller: Principal, answer: Response | Awaitable[Response]) -> Response:
        """The answer to the last request of a client's day, once that is told."""
        response = answer if isinstance(answer, Response) else await answer
        with suppress(StoreFailure):  # the answer is the caller's, told of it or not
            await self._runtime.in_thread(lambda: self._alarms.reached(caller))
        return response

    def refuse(self, request: Request, problem: Problem) -> Response:
        """The answer where the server could not hand the request over."""
        status, text = _PROBLEMS[problem]
        retried = "True" if status in (408, 503) else "False"
        return self._error(request, CodatError(status, text, can_be_retried=retried), None)

    def openapi(self) -> Schema:
        """The OpenAPI document of what is served here."""
        return openapi.document(self.operations)

    def operation(self, request: Request) -> str:
        """What is asked, such as `get companies/{companyId}/push`."""
        found = self._routes.find(request.method, _segments(request.path))
        if found is None or found.route is None:
            return "other"
        return _name(found.route)

    def _principal(self, key: str) -> Principal:
        """Who has the API key. Raises `CodatError`."""
        found = self._services.authenticator.authenticate(key)
        if not isinstance(found, Principal):
            raise errors.unauthorized(f"the API key is {found.value}")
        return found

    def _wait(self, call: Call, place: str) -> int:
        """Count a request by the rates that are set; answers as `Throttle.wait`.

        Only what is the caller's counts as a company: nobody else's requests are to keep its own
        callers waiting, and ids that are made up are to take no room.
        """
        throttle, company = self._services.throttle, None
        company_id = call.names.get("companyId")
        if company_id is not None and throttle.counts_companies:
            company = self._views.counted(call.principal, company_id)
        return throttle.wait(WIRE, place, company)

    def _call(
        self,
        request: Request,
        principal: Principal,
        key: str,
        segments: list[str],
        found: Found | None,
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
        names, now = found.names, self._clock()
        return Call(request, principal, path, names, parameters, now, credentials.digest(key))

    async def _answer(self, call: Call, route: Route) -> Response:
        place = None if route.open else place_of(call.principal)
        key: str | None = None
        try:
            key = None if route.open else self._idempotency.key_of(call)
            if key is None:
                response = await self._carry_out(call, route)
            else:
                response = await self._once(key, call, route)
        except CodatError as error:
            return self._error(call.request, error, place)
        except StoreFailure as failure:
            refused = refusal_of(failure)  # raises again what is a fault
            return self._error(call.request, errors.of_refusal(refused.refusals[0]), place)
        return self._with_quota(response, place)

    async def _once(self, key: str, call: Call, route: Route) -> Response:
        """Answer a request that has an Idempotency-Key."""
        self._idempotency.begin(key)
        try:
            known = await self._runtime.in_thread(lambda: self._known(key, call, route))
            if known is not None:
                return known
            try:
                response = await self._carry_out(call, route)
            except CodatError as error:
                response = _error_response(call.request, error)
            kept = without_member(response, route.shown_once)
            with suppress(StoreFailure):  # what was asked is done, whatever becomes of the note
                await self._runtime.in_thread(lambda: self._idempotency.remember(key, call, kept))
            return response
        finally:
            self._idempotency.end(key)

    def _known(self, key: str, call: Call, route: Route) -> Response | None:
        """The answer that a key stands for, for a caller who could be given it anew."""
        route.judge(call, self._views)
        return self._idempotency.recall(key, call)

    async def _carry_out(self, call: Call, route: Route) -> Response:
        if route.waiting is not None:
            return await route.waiting(call)
        handler = route.handler
        assert handler is not None, "a route has one handler or the other"
        if route.quick:
            with suppress(NotQuick):
                return handler(replace(call, hurried=True))
        return await self._runtime.in_thread(lambda: handler(call))

    def _error(self, request: Request, error: CodatError, place: str | None) -> Response:
        return self._with_quota(_error_response(request, error), place)

    def _with_quota(self, response: Response, place: str | None) -> Response:
        headers = (*response.headers, *self._quota.headers(place, self._clock()))
        return Response(response.status, response.body, headers, response.diagnosis)


def _name(route: Route) -> str:
    return f"{route.method.lower()} {route.pattern.lstrip('/')}"


def _operation(route: Route) -> Operation:
    _, _, scopes, summary = DESCRIBED[route.method, route.pattern]
    return Operation(_name(route), route.method, route.pattern, scopes, summary)


def _error_response(request: Request, error: CodatError) -> Response:
    headers = (("Content-Type", "application/json"), *error.headers)
    return Response(error.status, error.body(request.id), headers, error.diagnosis)


def _key_of(request: Request) -> str:
    """The API key: Basic authentication with the key alone, or with a colon after.

    Raises `CodatError` where there is none.
    """
    scheme, _, sealed = request.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() != "basic":
        raise errors.unauthorized("there is no API key: the Authorization header is to say Basic")
    if len(sealed) > 2 * KEY_LENGTH_MAX:
        raise errors.unauthorized("the API key is longer than any that is made")
    try:
        key = base64.b64decode(sealed.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise errors.unauthorized("the API key is not encoded by Base64") from None
    return key.removesuffix(":")


def _segments(path: str) -> list[str]:
    """The segments of a path below the interface's root, doubled slashes before it apart."""
    # bytes that were not UTF-8 name nothing here, and could not be written into an answer
    readable = path.encode(errors="replace").decode()
    segments = readable.lstrip("/").split("/", SEGMENTS_MAX)
    if segments and segments[0] == MOUNT:
        segments = "/".join(segments[1:]).lstrip("/").split("/", SEGMENTS_MAX)
    return segments


_ADMIN: Final = frozenset({Scope.ADMIN})
_HEARING: Final = frozenset({Scope.READ, Scope.WRITE})

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
    companies = Companies(views)
    refresh = Refresh(ledger, views)
    linking = Linking(ledger, services.authenticator, views, companies, refresh)
    reading = Reading(ledger, views)
    writing = Writing(services.runtime, reading)
    clients = Clients(ledger, views)
    keys = Keys(ledger)
    return [
        *_company_routes(companies, linking, clients),
        *_refresh_routes(refresh),
        *_data_routes(reading, Statements(reading)),
        *_push_routes(writing),
        *_client_routes(clients, keys, Platforms()),
    ]


def _company_routes(companies: Companies, linking: Linking, clients: Clients) -> list[Route]:
    company = "/companies/{companyId}"
    connection = f"{company}/connections/{{connectionId}}"
    return [
        Route("GET", "/companies", companies.list_companies),
        Route("POST", "/companies", companies.create),
        Route("GET", company, companies.show),
        Route("PUT", company, companies.replace),
        Route("PATCH", company, companies.update, changes=True),
        Route("DELETE", company, companies.delete),
        Route("GET", f"{company}/start", linking.company_page, open=True),
        Route("PUT", f"{company}/products/{{product}}", companies.set_product),
        Route("DELETE", f"{company}/products/{{product}}", companies.set_product),
        Route("GET", f"{company}/syncSettings", clients.show_sync),
        Route("POST", f"{company}/syncSettings", clients.set_sync, changes=True),
        Route("GET", f"{company}/connections", companies.list_connections),
        Route("POST", f"{company}/connections", companies.create_connection, changes=True),
        Route("GET", connection, companies.show_connection),
        Route("PATCH", connection, companies.unlink, changes=True),
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
        # not quick: what is kept with an operation may be as large as a body
        Route("GET", f"{company}/push/{{pushOperationKey}}", writing.operation),
        Route("GET", f"{connection}/options/{{dataType}}", writing.option),
        Route("GET", f"{connection}/dataTypes/{{dataType}}/options/POST", writing.option),
        Route("POST", f"{connection}/push/{{dataType}}", waiting=writing.create),
        # the same delete twice: as it was released, and as it was first described
        Route("DELETE", f"{connection}/push/{{dataType}}/{{recordId}}", waiting=writing.delete),
        Route("DELETE", f"{connection}/delete/{{dataType}}/{{recordId}}", waiting=writing.delete),
    ]


def _client_routes(clients: Clients, keys: Keys, integrations: Platforms) -> list[Route]:
    return [
        Route("GET", "/integrations", integrations.list_all),
        Route("GET", "/integrations/{platformKey}", integrations.show),
        Route("GET", "/integrations/{platformKey}/branding", integrations.branding),
        Route("GET", "/profile", clients.show_profile),
        Route("PUT", "/profile", clients.put_profile),
        Route("GET", "/profile/syncSettings", clients.show_sync),
        Route("POST", "/profile/syncSettings", clients.set_sync),
        Route("GET", "/apiKeys", keys.list_keys),
        Route("POST", "/apiKeys", keys.create, scopes=_ADMIN, shown_once="apiKey"),
        Route("DELETE", "/apiKeys/{apiKeyId}", keys.delete),
        Route("GET", "/webhooks", clients.list_consumers),
        Route("POST", "/webhooks", clients.create_consumer, scopes=_HEARING, shown_once="secret"),
        Route("POST", "/webhooks/integrationKeys/zapier", clients.zapier),
        Route("DELETE", "/webhooks/{webhookId}", clients.delete_consumer),
    ]
