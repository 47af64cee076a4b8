"""Administration over HTTP: people, roles, applications, tokens, sessions and the trail, as JSON.

    GET  POST         /admin/v1/users
    GET  DELETE       /admin/v1/users/{name}
    PUT               /admin/v1/users/{name}/password
    PUT  DELETE       /admin/v1/users/{name}/roles/{company}
    DELETE            /admin/v1/users/{name}/sessions
    GET  POST         /admin/v1/clients
    GET  DELETE       /admin/v1/clients/{id}
    POST              /admin/v1/clients/{id}/secret
    GET  POST         /admin/v1/tokens
    DELETE            /admin/v1/tokens/{number}
    GET               /admin/v1/sessions
    DELETE            /admin/v1/sessions/{id}
    GET               /admin/v1/trail

Callers prove themselves by a bearer token with the scope `admin`. Companies are named by their
slug, `*` is every one that is not named. What may be done is decided in `app.administration`; here
are shapes. Lists come in pages: `after` is what the last page ended with.
"""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, TypeVar

from daybook.app.access import Authenticator, Principal, Rejection, Scope
from daybook.app.administration import SUBJECT, Administration, Fault, Secret, Why
from daybook.app.credentials import NewToken, digest, fault
from daybook.app.ledger import refusal_of
from daybook.app.ports import Client, Clock, Directory, StoreFailure, Token, User
from daybook.app.powers import of_token
from daybook.app.roles import EVERY_COMPANY, Role
from daybook.app.trail import Trail
from daybook.domain.ids import CompanyId, Timestamp
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
from daybook.server.administration_document import SUMMARIES, document

T = TypeVar("T")

PREFIX: Final = "/admin/v1"

PAGE_DEFAULT: Final = 100
PAGE_MAX: Final = 1_000
"""Members of one page of a list."""

LIFETIME_DAYS_MAX: Final = 36_500
"""Longest life of a token that is to expire: a century."""

_BODY_BYTES_MAX: Final = 64 * 1024
"""A person, an application or a token with a few names and addresses."""

_DAY: Final = 86_400 * 1_000_000
_DIGITS: Final = re.compile(r"[0-9]{1,15}", re.ASCII).fullmatch
_STATUS: Final = {Why.NOT_FOUND: 404, Why.TAKEN: 409, Why.INVALID: 400, Why.FORBIDDEN: 403}
_PROBLEMS: Final = {
    Problem.TOO_LARGE: (413, f"more than {_BODY_BYTES_MAX} bytes"),
    Problem.BAD_ENCODING: (415, "the content encoding cannot be undone"),
    Problem.TIMEOUT: (408, "the body did not arrive in time"),
    Problem.INTERNAL: (500, "a fault of the server"),
    Problem.SHUTTING_DOWN: (503, "the server is stopping"),
    Problem.OVERLOADED: (503, "too many bodies are under way"),
}


class _Bad(Exception):
    """What is wrong with a request, and the status that says so."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class _Call:
    """A request by an administrator: what stands in the path, and what may be done."""

    request: Request
    principal: Principal
    names: tuple[str, ...]
    does: Administration
    directory: Directory
    now: Timestamp

    def body(self, *members: str) -> dict[str, Any]:
        """The body, an object that has no other members."""
        try:
            found = json.decode(self.request.body)
        except (json.NotTaken, json.JsonError) as error:
            raise _Bad(f"the body is not JSON that is taken: {error}") from None
        if not isinstance(found, dict):
            raise _Bad("the body has to be an object")
        strange = sorted(set(found) - set(members))
        if strange:
            raise _Bad(f"only {', '.join(members)} are taken here")
        return found

    def company(self, name: object) -> CompanyId:
        """The company of a slug, or `EVERY_COMPANY`."""
        if name == "*":
            return EVERY_COMPANY
        found = self.directory.by_slug(name) if isinstance(name, str) else None
        if found is None or not (self.does.is_of_all or self.principal.may_open(found)):
            raise _Bad("there is no such company")
        return found

    def slug(self, company_id: CompanyId) -> str:
        """How a company is called here."""
        names = self.directory.names(company_id)
        return "*" if names is None else names.slug

    def slugs(self, company_ids: frozenset[CompanyId]) -> list[str]:
        """How companies are called; none of them means all."""
        return [self.slug(each) for each in sorted(company_ids)] or ["*"]


def create(services: Services) -> Plugin:
    """The administration interface over the credentials of the ledger's store."""
    directory = services.ledger.store.directory
    return AdministrationInterface(
        directory, services.clock, services.authenticator, services.runtime
    )


class AdministrationInterface:
    """The administration interface, mounted like a wire."""

    name: Final = "admin"
    prefixes: Final = (PREFIX,)
    limits: Final = Limits(_BODY_BYTES_MAX)

    def __init__(
        self,
        directory: Directory,
        clock: Clock,
        authenticator: Authenticator,
        runtime: Runtime,
    ) -> None:
        self._directory = directory
        self._clock = clock
        self._authenticator = authenticator
        self._runtime = runtime
        self._trail = Trail(directory, clock)

    def admit(self, request: Request) -> Response | None:
        """The refusal of who may not ask, or for what nobody may."""
        believed = self._believed(request)
        if isinstance(believed, Response):
            return believed
        route = _route(request)
        return _refusal(route.status, str(route)) if isinstance(route, _Bad) else None

    def handle(self, request: Request) -> Response | Awaitable[Response]:
        """The answer to a request."""
        believed = self._believed(request)
        if isinstance(believed, Response):
            return believed
        route = _route(request)
        if isinstance(route, _Bad):
            return _refusal(route.status, str(route))
        work, names = route
        sent = digest(http.bearer(request.headers) or "")
        does = Administration(
            self._directory,
            self._clock,
            believed,
            request.peer,
            self._trail,
            of_token(believed, sent, self._clock),
        )
        call = _Call(request, believed, names, does, self._directory, self._clock())
        return self._runtime.in_thread(partial(_answered, work, call))

    @property
    def operations(self) -> Sequence[Operation]:
        """All that can be asked; whoever asks administers."""
        return [
            Operation(
                pattern[0],
                method,
                f"{PREFIX}/{_address(pattern)}",
                frozenset({Scope.ADMIN}),
                SUMMARIES[method, _address(pattern)],
            )
            for pattern, works in _ROUTES.items()
            for method in works
        ]

    def openapi(self) -> dict[str, Any]:
        """What is asked and answered, as OpenAPI has it."""
        return document(self.operations, PREFIX, PAGE_DEFAULT, PAGE_MAX)

    def refuse(self, request: Request, problem: Problem) -> Response:
        """The answer where the server could not hand a request over."""
        status, text = _PROBLEMS[problem]
        return _refusal(status, text)

    def operation(self, request: Request) -> str:
        """What is asked, for metrics."""
        parts = request.path.split("/")
        return parts[3] if len(parts) > 3 and parts[3] in _KINDS else "other"

    def _believed(self, request: Request) -> Principal | Response:
        token = http.bearer(request.headers)
        believed = self._authenticator.authenticate(token or "")
        if isinstance(believed, Rejection):
            refusal = _refusal(401, f"the token is {believed.value}")
            return Response(401, refusal.body, (*refusal.headers, _CHALLENGE), refusal.diagnosis)
        if Scope.ADMIN not in believed.scopes:
            return _refusal(403, "the token does not allow administration")
        return believed


_CHALLENGE: Final = ("www-authenticate", 'Bearer realm="daybook"')


def _answered(work: "_Work", call: _Call) -> Response:
    try:
        found = work(call)
    except _Bad as bad:
        return _refusal(bad.status, str(bad))
    except StoreFailure as failure:
        return _refusal(503, refusal_of(failure).refusals[0].message)
    if isinstance(found, Fault):
        return _refusal(_STATUS[found.why], found.message)
    if isinstance(found, Response):
        return found
    status = 201 if call.request.method == "POST" else 200
    return Response(status, json.encode(found), _HEADERS)


_HEADERS: Final = (
    ("content-type", "application/json"),
    ("cache-control", "no-store"),
    ("x-content-type-options", "nosniff"),
)


def _refusal(status: int, message: str) -> Response:
    return Response(status, json.encode({"error": message}), _HEADERS, message)


def _nothing() -> Response:
    return Response(204, b"", _HEADERS[1:])


# People


def _users(call: _Call) -> object:
    return _page(call, call.does.users(), lambda user: user.name, partial(_user_json, call))


def _user(call: _Call) -> object:
    user = call.does.user(call.names[0])
    if user is None:
        return Fault(Why.NOT_FOUND, f"there is no user {call.names[0]!r}")
    return _user_json(call, user)


def _make_user(call: _Call) -> object:
    body = call.body("name", "password", "roles", "profile")
    roles = body.get("roles", {})
    profile = body.get("profile", {})
    if not isinstance(roles, dict) or not roles:
        raise _Bad("roles: an object of companies and roles is wanted")
    if not isinstance(profile, dict) or not all(isinstance(x, str) for x in profile.values()):
        raise _Bad("profile: an object of texts is wanted")
    held = {call.company(name): _role(role) for name, role in roles.items()}
    made = call.does.make_user(_text(body, "name"), _text(body, "password"), held, profile)
    return made if isinstance(made, Fault) else _user_json(call, made)


def _withdraw_user(call: _Call) -> object:
    found = call.does.withdraw_user(call.names[0])
    return found if isinstance(found, Fault) else _nothing()


def _password(call: _Call) -> object:
    password = _text(call.body("password"), "password")
    found = call.does.set_password(call.names[0], password)
    return found if isinstance(found, Fault) else _nothing()


def _set_role(call: _Call) -> object:
    name, company = call.names
    role = _role(call.body("role").get("role"))
    found = call.does.set_role(name, call.company(company), role)
    return found if isinstance(found, Fault) else _user_json(call, found)


def _drop_role(call: _Call) -> object:
    name, company = call.names
    found = call.does.set_role(name, call.company(company), None)
    return found if isinstance(found, Fault) else _nothing()


def _end_sessions(call: _Call) -> object:
    found = call.does.end_sessions(call.names[0])
    return found if isinstance(found, Fault) else {"ended": found}


def _user_json(call: _Call, user: User) -> dict[str, object]:
    """A person, with what concerns the administrator."""
    return {
        "name": user.name,
        "roles": {
            call.slug(company_id): role
            for company_id, role in user.roles
            if call.does.is_of_all or call.principal.may_open(company_id)
        },
        "scopes": {
            call.slug(company_id): sorted(user.scopes)
            for company_id in ([] if user.roles else user.company_ids or [EVERY_COMPANY])
            if user.scopes and (call.does.is_of_all or call.principal.may_open(company_id))
        },
        "profile": {name: text for name, text in user.profile if name != SUBJECT},
        "made": _moment(user.created_at),
        "withdrawn": _moment(user.revoked_at),
    }


# Applications


def _clients(call: _Call) -> object:
    return _page(call, call.does.clients(), lambda each: each.id, partial(_client_json, call))


def _client(call: _Call) -> object:
    client = call.does.client(call.names[0])
    if client is None:
        return Fault(Why.NOT_FOUND, f"there is no client {call.names[0]!r}")
    return _client_json(call, client)


def _make_client(call: _Call) -> object:
    body = call.body("id", "companies", "scopes", "options", "redirects")
    made = call.does.make_client(
        _text(body, "id"),
        _companies(call, body),
        _scopes(body, call.principal),
        _texts(body, "options"),
        _texts(body, "redirects"),
    )
    return made if isinstance(made, Fault) else {"id": made.name, "secret": made.text}


def _new_secret(call: _Call) -> object:
    made = call.does.new_secret(call.names[0])
    return made if isinstance(made, Fault) else {"id": made.name, "secret": made.text}


def _withdraw_client(call: _Call) -> object:
    found = call.does.withdraw_client(call.names[0])
    return found if isinstance(found, Fault) else _nothing()


def _client_json(call: _Call, client: Client) -> dict[str, object]:
    return {
        "id": client.id,
        "companies": _known(call, client.company_ids),
        "scopes": sorted(client.scopes),
        "options": sorted(client.options),
        "redirects": list(client.redirects),
        "made": _moment(client.created_at),
        "withdrawn": _moment(client.revoked_at),
    }


def _known(call: _Call, company_ids: frozenset[CompanyId]) -> list[str]:
    """How those of some companies are called that the administrator may know of."""
    if call.does.is_of_all:
        return call.slugs(company_ids)
    return [call.slug(each) for each in sorted(company_ids) if call.principal.may_open(each)]


# Tokens


def _tokens(call: _Call) -> object:
    found = call.does.tokens()
    return _page(call, found, lambda token: f"{token.number:015}", partial(_token_json, call))


def _make_token(call: _Call) -> object:
    body = call.body("client", "companies", "scopes", "label", "expires_in_days")
    days = body.get("expires_in_days")
    if days is not None and (type(days) is not int or not 0 < days <= LIFETIME_DAYS_MAX):
        raise _Bad(f"expires_in_days: 1 to {LIFETIME_DAYS_MAX}")
    made = call.does.make_token(
        NewToken(
            client=_text(body, "client"),
            company_ids=_companies(call, body),
            scopes=_scopes(body, call.principal),
            label=_text(body, "label", ""),
            user=call.principal.user,
            lifetime_us=None if days is None else days * _DAY,
        )
    )
    if not isinstance(made, Secret):
        return made
    return {"number": made.number, "client": made.name, "token": made.text}


def _withdraw_token(call: _Call) -> object:
    if not _DIGITS(call.names[0]):
        return Fault(Why.NOT_FOUND, f"there is no token {call.names[0]}")
    found = call.does.withdraw_token(int(call.names[0]))
    if isinstance(found, Fault):
        return found
    return {"withdrawn": [token.number for token in found]}


def _token_json(call: _Call, token: Token) -> dict[str, object]:
    rejection = fault(token, call.now)
    return {
        "number": token.number,
        "kind": token.kind,
        "client": token.client,
        "user": token.user,
        "companies": call.slugs(token.company_ids),
        "scopes": sorted(token.scopes),
        "label": token.label,
        "made": _moment(token.created_at),
        "expires": _moment(token.expires_at),
        "state": "valid" if rejection is None else rejection.value,
    }


# Sessions and the trail


def _sessions(call: _Call) -> object:
    return _page(
        call,
        call.does.sessions(),
        lambda each: each.id,
        lambda each: {
            "id": each.id,
            "user": each.user,
            "began": _moment(each.began_at),
            "seen": _moment(each.seen_at),
            "ends": _moment(each.ends_at),
        },
    )


def _end_session(call: _Call) -> object:
    found = call.does.end_session(call.names[0])
    return found if isinstance(found, Fault) else _nothing()


def _trail(call: _Call) -> object:
    """The records that concern the administrator's companies, and for one of all everything."""
    after, limit = _after(call)
    number = int(after) if _DIGITS(after) else 0
    page = Trail(call.directory, lambda: call.now).records(number, limit)
    told = [
        {
            "number": record.number,
            "at": _moment(record.time),
            "what": record.what,
            "subject": record.subject,
            "client": record.client,
            "user": record.user,
            "peer": record.peer,
            "companies": [call.slug(CompanyId(each)) for each in record.companies],
            "note": record.note,
        }
        for record in page
        if call.does.is_of_all or _concerns(call, record.companies)
    ]
    return {"results": told, "after": str(page[-1].number) if len(page) == limit else None}


def _concerns(call: _Call, companies: Sequence[int]) -> bool:
    return bool(companies) and all(call.principal.may_open(CompanyId(c)) for c in companies)


# Reading and writing JSON


def _page(
    call: _Call,
    members: Sequence[T],
    key: Callable[[T], str],
    shown: Callable[[T], dict[str, object]],
) -> dict[str, object]:
    after, limit = _after(call)
    left = sorted((each for each in members if key(each) > after), key=key)
    page = left[:limit]
    more = key(page[-1]) if len(left) > limit else None
    return {"results": [shown(each) for each in page], "after": more}


def _after(call: _Call) -> tuple[str, int]:
    try:
        parameters = http.query_map(call.request.query)
    except http.TooManyParameters as error:
        raise _Bad(str(error)) from None
    text = parameters.get("limit", str(PAGE_DEFAULT))
    limit = int(text) if _DIGITS(text) else 0
    if not 0 < limit <= PAGE_MAX:
        raise _Bad(f"limit: 1 to {PAGE_MAX}")
    return parameters.get("after", ""), limit


def _text(body: Mapping[str, Any], member: str, otherwise: str | None = None) -> str:
    found = body.get(member, otherwise)
    if not isinstance(found, str):
        raise _Bad(f"{member}: a text is wanted")
    return found


def _texts(body: Mapping[str, Any], member: str) -> list[str]:
    found = body.get(member, [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise _Bad(f"{member}: a list of texts is wanted")
    return found


def _companies(call: _Call, body: Mapping[str, Any]) -> frozenset[CompanyId]:
    """The companies a credential is to open; they have to be named, if only as `*`."""
    named = _texts(body, "companies")
    if not named:
        raise _Bad('companies: a list of slugs is wanted, or ["*"]')
    found = frozenset(call.company(name) for name in named)
    return frozenset() if EVERY_COMPANY in found else found


def _scopes(body: Mapping[str, Any], principal: Principal) -> frozenset[Scope]:
    """The scopes a credential is to have: by default those of whoever makes it, but `admin`."""
    if "scopes" not in body:
        return principal.scopes - {Scope.ADMIN}
    found = _texts(body, "scopes")
    if not set(found) <= set(Scope):
        raise _Bad(f"scopes: only {', '.join(Scope)} are known")
    return frozenset(map(Scope, found))


def _role(text: object) -> Role:
    if not isinstance(text, str) or text not in set(Role):
        raise _Bad(f"role: one of {', '.join(Role)} is wanted")
    return Role(text)


def _moment(moment: Timestamp | None) -> str | None:
    if moment is None:
        return None
    return datetime.fromtimestamp(moment // 1_000_000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


_Work = Callable[[_Call], object]

_ROUTES: Final[Mapping[tuple[str, ...], Mapping[str, _Work]]] = {
    ("users",): {"GET": _users, "POST": _make_user},
    ("users", "*"): {"GET": _user, "DELETE": _withdraw_user},
    ("users", "*", "password"): {"PUT": _password},
    ("users", "*", "sessions"): {"DELETE": _end_sessions},
    ("users", "*", "roles", "*"): {"PUT": _set_role, "DELETE": _drop_role},
    ("clients",): {"GET": _clients, "POST": _make_client},
    ("clients", "*"): {"GET": _client, "DELETE": _withdraw_client},
    ("clients", "*", "secret"): {"POST": _new_secret},
    ("tokens",): {"GET": _tokens, "POST": _make_token},
    ("tokens", "*"): {"DELETE": _withdraw_token},
    ("sessions",): {"GET": _sessions},
    ("sessions", "*"): {"DELETE": _end_session},
    ("trail",): {"GET": _trail},
}
_KINDS: Final = frozenset(pattern[0] for pattern in _ROUTES)


def _address(pattern: tuple[str, ...]) -> str:
    """A pattern as an address below `PREFIX`, with a name in braces for each star."""
    names = iter(("id", "company"))
    return "/".join(f"{{{next(names)}}}" if x == "*" else x for x in pattern)


def _route(request: Request) -> tuple[_Work, tuple[str, ...]] | _Bad:
    """What a request asks for, and the names in its path; or what is wrong with it."""
    parts = tuple(request.path.removeprefix(PREFIX).strip("/").split("/"))
    for pattern, works in _ROUTES.items():
        if len(pattern) != len(parts):
            continue
        pairs = list(zip(pattern, parts, strict=True))
        if all(each in ("*", part) for each, part in pairs):
            work = works.get(request.method)
            if work is None:
                return _Bad(f"{' or '.join(works)} is wanted here", 405)
            return work, tuple(part for each, part in pairs if each == "*")
    return _Bad("nothing answers at this path", 404)
