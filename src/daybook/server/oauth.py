"""OAuth 2 and OpenID over HTTP: discovery, refreshing and revoking tokens.

This version has no authorization page: clients and refresh tokens come from
`daybook token create --refresh`, or are the demo's. What needs such a page (authorization codes,
identity tokens, the user's profile) answers 501 and says so; the discovery document names those
addresses all the same, because clients read them before they know which they will need.
"""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from daybook.auth.demo import DemoCredentials
from daybook.auth.oauth import Granted, GrantRefusal, Grants, discovery
from daybook.protocols.kit import http, json
from daybook.protocols.kit.plugin import (
    Limits,
    Operation,
    Plugin,
    Problem,
    Request,
    Response,
    Runtime,
    Services,
)

_WELL_KNOWN: Final = "/.well-known/openid_configuration"
_WELL_KNOWN_SANDBOX: Final = "/.well-known/openid_sandbox_configuration"
_TOKEN: Final = "/oauth2/v1/tokens/bearer"
_REVOKE: Final = "/v2/oauth2/tokens/revoke"
_ABSENT: Final = ("/connect/oauth2", "/v1/openid_connect/userinfo", "/op/v1/jwks")

_OPERATIONS: Final = {
    _WELL_KNOWN: "discovery",
    _WELL_KNOWN_SANDBOX: "discovery",
    _TOKEN: "token",
    _REVOKE: "revoke",
    "/connect/oauth2": "authorize",
    "/v1/openid_connect/userinfo": "userinfo",
    "/op/v1/jwks": "jwks",
}

_POSTED: Final = (_TOKEN, _REVOKE)
"""Addresses that are asked by POST; all others are read."""

_BODY_BYTES_MAX: Final = 64 * 1024
"""A token request is a form of three short fields."""

_PRINTABLE: Final = re.compile(r"[\x21-\x7e]{1,4096}")
"""What a token can look like; the bound is that of the original's access tokens."""


def create(services: Services) -> Plugin:
    """The OAuth endpoints over the credentials of the ledger's store."""
    directory = services.ledger.store.directory
    demo = DemoCredentials.of(directory) if services.demo else None
    return OAuth(Grants(directory, services.clock, demo), services.runtime)


class OAuth:
    """The OAuth endpoints, mounted like a wire."""

    name: Final = "oauth"
    prefixes: Final = tuple(_OPERATIONS)
    limits: Final = Limits(_BODY_BYTES_MAX)
    operations: Final = tuple(
        Operation(name, "POST" if path in _POSTED else "GET", path, None)
        for path, name in _OPERATIONS.items()
    )

    def __init__(self, grants: Grants, runtime: Runtime) -> None:
        self._grants = grants
        self._runtime = runtime

    def admit(self, request: Request) -> Response | None:
        """The refusal of what is not offered; who asks stands in the body."""
        path = request.path.rstrip("/")
        if path in _ABSENT:
            return _refusal(request, 501, "not_implemented", "this version has no sign-in page")
        if path not in _OPERATIONS:
            return _refusal(request, 404, "invalid_request", "nothing answers at this path")
        method = "POST" if path in _POSTED else "GET"
        if request.method != method:
            return _refusal(request, 405, "invalid_request", f"{method} is wanted here")
        return None

    def handle(self, request: Request) -> Response | Awaitable[Response]:
        """The answer to a request; see the module's text for what is offered."""
        refusal = self.admit(request)
        if refusal is not None:
            return refusal
        handler: Callable[[Request], Response] | None = {
            _TOKEN: self._token,
            _REVOKE: self._revoke,
        }.get(request.path.rstrip("/"))
        if handler is not None:
            return self._runtime.in_thread(partial(handler, request))
        return _answer(request, 200, discovery(request.origin))

    def refuse(self, request: Request, problem: Problem) -> Response:
        """The answer where the server could not hand a request over."""
        status, error, text = _PROBLEMS[problem]
        return _refusal(request, status, error, text)

    def operation(self, request: Request) -> str:
        """What is asked, for metrics."""
        return _OPERATIONS.get(request.path.rstrip("/"), "other")

    def _token(self, request: Request) -> Response:
        fields = _fields(request)
        if isinstance(fields, str):
            return _refusal(request, 400, "invalid_request", fields)
        client_id = self._client(request, fields)
        if client_id is None:
            return _unknown_client(request)
        grant_type = fields.get("grant_type", "")
        if not grant_type:
            return _refusal(request, 400, "invalid_request", "grant_type is missing")
        if grant_type != "refresh_token":
            text = f"only refresh_token is offered, not {grant_type}"
            return _refusal(request, 400, "unsupported_grant_type", text)
        text = fields.get("refresh_token", "")
        if not text:
            return _refusal(request, 400, "invalid_request", "refresh_token is missing")
        granted: Granted | GrantRefusal = GrantRefusal.INVALID
        if _PRINTABLE.fullmatch(text):
            granted = self._grants.refresh(client_id, text)
        if isinstance(granted, GrantRefusal):
            return _refusal(request, 400, "invalid_grant", granted.value)
        answer: dict[str, object] = {
            "token_type": "bearer",
            "access_token": granted.access_token,
            "expires_in": granted.access_seconds,
            "refresh_token": granted.refresh_token,
            "x_refresh_token_expires_in": granted.refresh_seconds,
        }
        if request.headers.get("x-include-refresh-token-hard-expires-in", "").lower() == "true":
            answer["x_refresh_token_hard_expires_in"] = granted.refresh_seconds
        return _answer(request, 200, answer)

    def _revoke(self, request: Request) -> Response:
        fields = _fields(request)
        if isinstance(fields, str):
            return _refusal(request, 400, "invalid_request", fields)
        client_id = self._client(request, fields)
        if client_id is None:
            return _unknown_client(request)
        text = fields.get("token", "")
        if not _PRINTABLE.fullmatch(text) or not self._grants.revoke(client_id, text):
            return _refusal(request, 400, "invalid_request", "the client has no such token")
        return Response(200, b"", _headers(request))

    def _client(self, request: Request, fields: dict[str, str]) -> str | None:
        """The client that a request proves to come from; a header counts more than the form."""
        given = http.basic(request.headers)
        if given is None:
            given = (fields.get("client_id", ""), fields.get("client_secret", ""))
        return given[0] if self._grants.is_client(*given) else None


_PROBLEMS: Final = {
    Problem.TOO_LARGE: (413, "invalid_request", f"more than {_BODY_BYTES_MAX} bytes"),
    Problem.BAD_ENCODING: (415, "invalid_request", "the content encoding cannot be undone"),
    Problem.TIMEOUT: (408, "invalid_request", "the body did not arrive in time"),
    Problem.INTERNAL: (500, "server_error", "a fault of the server"),
    Problem.SHUTTING_DOWN: (503, "temporarily_unavailable", "the server is stopping"),
    Problem.OVERLOADED: (503, "temporarily_unavailable", "too many bodies are under way"),
}


def _fields(request: Request) -> dict[str, str] | str:
    """The fields of a form or of a JSON object of texts, or what is wrong with the body.

    The revocation endpoint is documented with both; clients send either to either.
    """
    if request.body.lstrip()[:1] == b"{":
        try:
            value = json.decode(request.body)
        except json.NotTaken as error:
            return f"the body is not taken: {error}"
        except json.JsonError as error:
            return f"the body is not JSON: {error}"
        return {name: text for name, text in value.items() if isinstance(text, str)}
    try:
        return http.form_map(request.body)
    except http.TooManyParameters as error:
        return str(error)


def _unknown_client(request: Request) -> Response:
    refusal = _refusal(request, 401, "invalid_client", "the client id or its secret is wrong")
    headers = (*refusal.headers, ("www-authenticate", 'Basic realm="daybook"'))
    return Response(401, refusal.body, headers, refusal.diagnosis)


def _refusal(request: Request, status: int, error: str, text: str) -> Response:
    body = json.encode({"error": error, "error_description": text})
    return Response(status, body, _headers(request), text)


def _answer(request: Request, status: int, value: object) -> Response:
    return Response(status, json.encode(value), _headers(request))


def _headers(request: Request) -> tuple[tuple[str, str], ...]:
    return (
        ("content-type", "application/json;charset=UTF-8"),
        ("cache-control", "no-store"),
        ("pragma", "no-cache"),
        ("intuit_tid", f"1-{request.id[:8]}-{request.id[8:]}"),
    )
