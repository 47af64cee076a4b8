"""The OpenAPI document of the administration interface: see `daybook.protocols.kit.openapi`."""

from collections.abc import Mapping, Sequence
from typing import Final

from daybook.app.access import Rejection, Scope
from daybook.app.administration import OPTIONS, PROFILE
from daybook.app.roles import Role
from daybook.app.trail import What
from daybook.protocols.kit import openapi as kit
from daybook.protocols.kit.openapi import (
    INTEGER,
    TEXT,
    About,
    Described,
    Schema,
    content,
    listing,
    or_null,
    parameter,
    record,
    ref,
    words,
)
from daybook.protocols.kit.plugin import Operation

SUMMARIES: Final[Mapping[tuple[str, str], str]] = {
    ("GET", "users"): "Lists people",
    ("POST", "users"): "Makes a person, who can sign in at once",
    ("GET", "users/{id}"): "Shows a person",
    ("DELETE", "users/{id}"): "Withdraws a person, their sessions and tokens",
    ("PUT", "users/{id}/password"): "Gives a person another password",
    ("DELETE", "users/{id}/sessions"): "Signs a person out everywhere",
    ("PUT", "users/{id}/roles/{company}"): "Makes a person something to a company",
    ("DELETE", "users/{id}/roles/{company}"): "Makes a person nothing to a company",
    ("GET", "clients"): "Lists applications",
    ("POST", "clients"): "Makes an application, and shows its secret once",
    ("GET", "clients/{id}"): "Shows an application",
    ("DELETE", "clients/{id}"): "Withdraws an application and its tokens",
    ("POST", "clients/{id}/secret"): "Gives an application another secret, and shows it once",
    ("GET", "tokens"): "Lists tokens",
    ("POST", "tokens"): "Makes a token, and shows it once",
    ("DELETE", "tokens/{id}"): "Withdraws a token, with all of the same authorization",
    ("GET", "sessions"): "Lists who is signed in with a browser",
    ("DELETE", "sessions/{id}"): "Ends a session",
    ("GET", "trail"): "Lists the trail of access",
}
"""What each operation does, by its method and its address below the interface's own."""

_MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
_COMPANIES: Final[Schema] = {
    "type": "array",
    "items": TEXT,
    "description": "Slugs of companies; * is every one.",
}
_ROLES: Final[Schema] = {"type": "object", "additionalProperties": words(Role)}
_PROFILE: Final = record({}, dict.fromkeys(PROFILE, TEXT))
_STATES: Final = ("valid", *(each.value for each in Rejection))
_SCHEMAS: Final[dict[str, Schema]] = {
    "User": record(
        {
            "name": TEXT,
            "roles": {"type": "object", "additionalProperties": TEXT},
            "scopes": {"type": "object", "additionalProperties": listing(TEXT)},
            "profile": _PROFILE,
            "made": _MOMENT,
            "withdrawn": or_null(_MOMENT),
        }
    ),
    "NewUser": record({"name": TEXT, "password": TEXT, "roles": _ROLES}, {"profile": _PROFILE}),
    "Client": record(
        {
            "id": TEXT,
            "companies": _COMPANIES,
            "scopes": listing(TEXT),
            "options": listing(words(OPTIONS)),
            "redirects": listing(TEXT),
            "made": _MOMENT,
            "withdrawn": or_null(_MOMENT),
        }
    ),
    "NewClient": record(
        {"id": TEXT, "companies": _COMPANIES},
        {
            "scopes": listing(words(Scope)),
            "options": listing(words(OPTIONS)),
            "redirects": listing(TEXT),
        },
    ),
    "ClientSecret": record({"id": TEXT, "secret": TEXT}),
    "Token": record(
        {
            "number": INTEGER,
            "kind": TEXT,
            "client": TEXT,
            "user": or_null(TEXT),
            "companies": _COMPANIES,
            "scopes": listing(TEXT),
            "label": TEXT,
            "made": _MOMENT,
            "expires": or_null(_MOMENT),
            "state": words(_STATES),
        }
    ),
    "NewToken": record(
        {"client": TEXT, "companies": _COMPANIES},
        {"scopes": listing(words(Scope)), "label": TEXT, "expires_in_days": or_null(INTEGER)},
    ),
    "TokenSecret": record({"number": INTEGER, "client": TEXT, "token": TEXT}),
    "Session": record(
        {"id": TEXT, "user": TEXT, "began": _MOMENT, "seen": _MOMENT, "ends": _MOMENT}
    ),
    "Record": record(
        {
            "number": INTEGER,
            "at": _MOMENT,
            "what": words(What),
            "subject": TEXT,
            "client": TEXT,
            "user": or_null(TEXT),
            "peer": TEXT,
            "companies": _COMPANIES,
            "note": TEXT,
        }
    ),
    "Refusal": record({"error": TEXT}),
}


def _list(name: str, page_default: int, page_max: int) -> Described:
    """A list in pages."""
    limit: Schema = {
        "type": "integer",
        "minimum": 1,
        "maximum": page_max,
        "default": page_default,
    }
    asked = (parameter("limit", limit), parameter("after", TEXT, "What the last page ended with."))
    page = record({"results": listing(ref(name)), "after": or_null(TEXT)})
    return Described(asked, None, {200: content(page)})


_NOTHING: Final = Described((), None, {204: {}})


def _described(page_default: int, page_max: int) -> Mapping[tuple[str, str], Described]:
    lists = {"users": "User", "clients": "Client", "tokens": "Token"}
    lists |= {"sessions": "Session", "trail": "Record"}
    gone = record({"withdrawn": listing(INTEGER)})
    return {
        **{("GET", each): _list(name, page_default, page_max) for each, name in lists.items()},
        ("POST", "users"): _made("NewUser", "User"),
        ("GET", "users/{id}"): Described((), None, {200: content(ref("User"))}),
        ("DELETE", "users/{id}"): _NOTHING,
        ("PUT", "users/{id}/password"): Described(
            (), content(record({"password": TEXT})), {204: {}}
        ),
        ("DELETE", "users/{id}/sessions"): Described(
            (), None, {200: content(record({"ended": INTEGER}))}
        ),
        ("PUT", "users/{id}/roles/{company}"): Described(
            (), content(record({"role": words(Role)})), {200: content(ref("User"))}
        ),
        ("DELETE", "users/{id}/roles/{company}"): _NOTHING,
        ("POST", "clients"): _made("NewClient", "ClientSecret"),
        ("GET", "clients/{id}"): Described((), None, {200: content(ref("Client"))}),
        ("DELETE", "clients/{id}"): _NOTHING,
        ("POST", "clients/{id}/secret"): Described((), None, {201: content(ref("ClientSecret"))}),
        ("POST", "tokens"): _made("NewToken", "TokenSecret"),
        ("DELETE", "tokens/{id}"): Described((), None, {200: content(gone)}),
        ("DELETE", "sessions/{id}"): _NOTHING,
    }


def _made(wanted: str, answered: str) -> Described:
    return Described((), content(ref(wanted)), {201: content(ref(answered))})


_STATUSES: Final = (400, 401, 403, 404, 405, 408, 409, 413, 415, 500, 503)
_ABOUT: Final = About(
    "Administration",
    "People, roles, applications, tokens, sessions and the trail of access. Whatever is made is"
    " answered with its secret once.",
    {"type": "http", "scheme": "bearer"},
    {"id": TEXT, "company": TEXT},
    dict.fromkeys(_STATUSES, content(ref("Refusal"))),
    _SCHEMAS,
)


def document(
    operations: Sequence[Operation], prefix: str, page_default: int, page_max: int
) -> Schema:
    """The document of the operations that are served below a path."""
    said = _described(page_default, page_max)

    def describe(operation: Operation) -> Described:
        return said[operation.method, operation.path.removeprefix(f"{prefix}/")]

    return kit.document(_ABOUT, operations, describe)
