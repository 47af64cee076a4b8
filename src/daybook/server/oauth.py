"""OAuth 2 and OpenID over HTTP: discovery, the pages of consent, tokens, and who somebody is.

Clients come from `daybook client create --redirect`, from `daybook token create --refresh`, which
needs no page, or are the demo's. The pages themselves are `auth.consent`.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Final

from daybook.app.access import Rejection
from daybook.app.credentials import ACCESS_SECONDS, SECOND
from daybook.app.ledger import refusal_of
from daybook.app.ports import Clock, StoreFailure
from daybook.auth import consent
from daybook.auth.applications import Applications
from daybook.auth.consent import ConsentPages, Look
from daybook.auth.demo import DemoCredentials
from daybook.auth.keys import SigningKeys
from daybook.auth.oauth import (
    Granted,
    GrantRefusal,
    Grants,
    Identity,
    discovery,
    profile_of,
)
from daybook.auth.scopes import OPENID
from daybook.protocols.kit import cursor, http, json
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
from daybook.web import static_files
from daybook.web.addresses import APPLICATIONS

ISSUER_SETTING: Final = "issuer"
"""The member of `Services.settings` that says who identity tokens come from."""

_WELL_KNOWN: Final = "/.well-known/openid_configuration"
_WELL_KNOWN_SANDBOX: Final = "/.well-known/openid_sandbox_configuration"
_TOKEN: Final = "/oauth2/v1/tokens/bearer"
_REVOKE: Final = "/v2/oauth2/tokens/revoke"
_USERINFO: Final = "/v1/openid_connect/userinfo"
_JWKS: Final = "/op/v1/jwks"

_METHODS: Final[dict[str, tuple[str, ...]]] = {
    _WELL_KNOWN: ("GET",),
    _WELL_KNOWN_SANDBOX: ("GET",),
    _TOKEN: ("POST",),
    _REVOKE: ("POST",),
    _USERINFO: ("GET", "POST"),
    _JWKS: ("GET",),
    **consent.PATHS,
}
_OPERATIONS: Final = {
    _WELL_KNOWN: "discovery",
    _WELL_KNOWN_SANDBOX: "discovery",
    _TOKEN: "token",
    _REVOKE: "revoke",
    _USERINFO: "userinfo",
    _JWKS: "jwks",
    consent.AUTHORIZE: "authorize",
    consent.SIGN_IN: "sign-in",
    consent.SIGN_OUT: "sign-out",
}

_BODY_BYTES_MAX: Final = 64 * 1024
"""A token request is a form of few short fields; a form of ours holds a query besides."""

_CODE_GRANT: Final = "authorization_code"
_WANTED: Final[dict[str, tuple[str, ...]]] = {
    _CODE_GRANT: ("code", "redirect_uri"),
    "refresh_token": ("refresh_token",),
}
"""What is exchanged for tokens, and the fields that have to come with it; the first is secret."""

_JWKS_SECONDS: Final = 3_600
"""Seconds for which clients may keep the published keys; one that meets a key it does not know asks
again."""

_BEARER: Final = ("www-authenticate", 'Bearer realm="Intuit", error="invalid_token"')

_PRINTABLE: Final = re.compile(r"[\x21-\x7e]{1,4096}")
"""What a token can look like; the bound is that of the original's access tokens."""


def create(services: Services) -> Plugin:
    """The OAuth endpoints over the credentials of the ledger's store."""
    directory = services.ledger.store.directory
    demo = DemoCredentials.of(directory) if services.demo else None
    grants = Grants(directory, services.clock, demo)
    applications = Applications(directory, demo)
    styles = tuple(map(static_files.address, ("daybook.css", "books.css")))
    look = Look(styles, static_files.address("icon.svg"), APPLICATIONS)
    pages = ConsentPages(services.ledger, services.sessions, applications, grants.codes, look)
    server_key = bytes.fromhex(services.settings.get(cursor.KEY_SETTING, ""))
    keys = SigningKeys(directory, services.clock, server_key)
    issuer = services.settings.get(ISSUER_SETTING, "")
    return OAuth(grants, pages, keys, services.clock, services.runtime, issuer)


class OAuth:
    """The OAuth endpoints, mounted like a wire."""

    name: Final = "oauth"
    prefixes: Final = ("/connect", *(path for path in _METHODS if path not in consent.PATHS))
    limits: Final = Limits(_BODY_BYTES_MAX)
    operations: Final = tuple(
        Operation(_OPERATIONS[path], method, path, None)
        for path, methods in _METHODS.items()
        for method in methods
    )

    def __init__(
        self,
        grants: Grants,
        pages: ConsentPages,
        keys: SigningKeys,
        clock: Clock,
        runtime: Runtime,
        issuer: str = "",
    ) -> None:
        """`issuer` is who identity tokens come from; empty: the server by its origin."""
        self._issuer = issuer
        self._grants = grants
        self._pages = pages
        self._keys = keys
        self._clock = clock
        self._runtime = runtime

    def admit(self, request: Request) -> Response | None:
        """The refusal of what is not offered; who asks stands in the body."""
        methods = _METHODS.get(request.path.rstrip("/"))
        if methods is None:
            return _refusal(request, 404, "invalid_request", "nothing answers at this path")
        if request.method not in methods:
            text = f"{' or '.join(methods)} is wanted here"
            refusal = _refusal(request, 405, "invalid_request", text)
            return replace(refusal, headers=(*refusal.headers, ("allow", ", ".join(methods))))
        return None

    def handle(self, request: Request) -> Response | Awaitable[Response]:
        """The answer to a request; see the module's text for what is offered."""
        refusal = self.admit(request)
        if refusal is not None:
            return refusal
        path = request.path.rstrip("/")
        handler: Callable[[Request], Response] | None = {
            _TOKEN: self._token,
            _REVOKE: self._revoke,
            _USERINFO: self._userinfo,
            _JWKS: self._jwks,
            **dict.fromkeys(consent.PATHS, self._pages.handle),
        }.get(path)
        if handler is not None:
            return self._aside(handler, request)
        return _answer(request, 200, discovery(request.origin, self._issuer))

    async def _aside(self, handler: Callable[[Request], Response], request: Request) -> Response:
        """The answer of a handler on a thread, or that the store cannot keep what it has to."""
        try:
            return await self._runtime.in_thread(partial(handler, request))
        except StoreFailure as failure:
            text = refusal_of(failure).refusals[0].message  # raises again what is a fault
            if request.path.rstrip("/") in consent.PATHS:
                return self._pages.unavailable(request, text)
            return _refusal(request, 503, "temporarily_unavailable", text)

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
        wanted = _WANTED.get(grant_type)
        if wanted is None:
            text = f"only {' and '.join(_WANTED)} are offered, not {grant_type}"
            return _refusal(request, 400, "unsupported_grant_type", text)
        lacking = next((name for name in wanted if not fields.get(name)), None)
        if lacking is not None:
            return _refusal(request, 400, "invalid_request", f"{lacking} is missing")
        granted: Granted | GrantRefusal = GrantRefusal.INVALID
        if _PRINTABLE.fullmatch(fields[wanted[0]]):
            if grant_type == _CODE_GRANT:
                verifier = fields.get("code_verifier", "")
                granted = self._grants.exchange(
                    client_id, fields["code"], fields["redirect_uri"], verifier, request.peer
                )
            else:
                granted = self._grants.refresh(client_id, fields["refresh_token"], request.peer)
        if isinstance(granted, GrantRefusal):
            return _refusal(request, 400, "invalid_grant", granted.value)
        return self._granted(request, client_id, granted)

    def _granted(self, request: Request, client_id: str, granted: Granted) -> Response:
        answer: dict[str, object] = {
            "token_type": "bearer",
            "access_token": granted.access_token,
            "expires_in": granted.access_seconds,
            "refresh_token": granted.refresh_token,
            "x_refresh_token_expires_in": granted.refresh_seconds,
        }
        if request.headers.get("x-include-refresh-token-hard-expires-in", "").lower() == "true":
            answer["x_refresh_token_hard_expires_in"] = granted.refresh_seconds
        if granted.identity is not None:
            claims = self._claims(request, client_id, granted.identity)
            answer["id_token"] = self._keys.sign(claims)
        return _answer(request, 200, answer)

    def _claims(self, request: Request, client_id: str, identity: Identity) -> dict[str, object]:
        """What an identity token says."""
        now = self._clock() // SECOND
        claims: dict[str, object] = {
            "iss": discovery(request.origin, self._issuer)["issuer"],
            "sub": identity.subject,
            "aud": [client_id],
            "auth_time": identity.signed_in_at // SECOND,
            "iat": now,
            "exp": now + ACCESS_SECONDS,
        }
        if identity.realm is not None:
            claims["realmid"] = identity.realm
        if identity.nonce:
            claims["nonce"] = identity.nonce
        return claims

    def _userinfo(self, request: Request) -> Response:
        text = http.bearer(request.headers) or ""
        known = self._grants.who(text) if _PRINTABLE.fullmatch(text) else Rejection.MALFORMED
        if isinstance(known, Rejection):
            refusal = _refusal(request, 401, "invalid_token", f"the token is {known.value}")
            return replace(refusal, headers=(*refusal.headers, _BEARER))
        if OPENID not in known.words:
            text = "the token does not allow openid"
            return _refusal(request, 403, "insufficient_scope", text)
        return _answer(request, 200, profile_of(known))

    def _jwks(self, request: Request) -> Response:
        answer = _answer(request, 200, {"keys": self._keys.published()})
        kept = ("cache-control", f"max-age={_JWKS_SECONDS}")
        others = (pair for pair in answer.headers if pair[0] not in ("cache-control", "pragma"))
        return replace(answer, headers=(*others, kept))

    def _revoke(self, request: Request) -> Response:
        fields = _fields(request)
        if isinstance(fields, str):
            return _refusal(request, 400, "invalid_request", fields)
        client_id = self._client(request, fields)
        if client_id is None:
            return _unknown_client(request)
        text = fields.get("token", "")
        if not _PRINTABLE.fullmatch(text) or not self._grants.revoke(client_id, text, request.peer):
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
