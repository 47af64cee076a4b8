"""OpenAPI 3.1 documents, made from the operations of a wire and what it says of their bodies.

A wire describes what it takes and gives in JSON Schema, by these few helpers, and `document` puts
that together with its table of operations: every address, the names in it, the scopes it wants and
the errors it may answer. An operation that nothing is said of cannot be left out unnoticed, since
the table is the one the wire answers by.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Any, Final

from daybook.domain.values import value
from daybook.protocols.kit.plugin import Operation

Schema = dict[str, Any]
"""A JSON Schema, or another part of a document."""

TEXT: Final[Schema] = {"type": "string"}
NUMBER: Final[Schema] = {"type": "number"}
INTEGER: Final[Schema] = {"type": "integer"}
BOOLEAN: Final[Schema] = {"type": "boolean"}
ANYTHING: Final[Schema] = {}
DAY: Final[Schema] = {"type": "string", "format": "date"}
UUID: Final[Schema] = {"type": "string", "format": "uuid"}

JSON_TYPE: Final = "application/json"
_NAME: Final = re.compile(r"\{(\w+)\}")


def record(required: Mapping[str, Schema], more: Mapping[str, Schema] | None = None) -> Schema:
    """An object with members that are always there, and perhaps others."""
    shown: Schema = {"type": "object", "properties": {**required, **(more or {})}}
    if required:
        shown["required"] = sorted(required)
    return shown


def listing(item: Schema) -> Schema:
    """An array."""
    return {"type": "array", "items": item}


def ref(name: str) -> Schema:
    """One of the document's own schemas, by name."""
    return {"$ref": f"#/components/schemas/{name}"}


def or_null(schema: Schema) -> Schema:
    """What may also be null."""
    return {"anyOf": [schema, {"type": "null"}]}


def words(choices: Iterable[str]) -> Schema:
    """One of some words."""
    return {"type": "string", "enum": list(choices)}


def parameter(
    name: str, schema: Schema, what: str = "", *, place: str = "query", required: bool = False
) -> Schema:
    """A parameter of a request; those in the path are always required."""
    shown: Schema = {"name": name, "in": place, "schema": schema, "required": required}
    if what:
        shown["description"] = what
    return shown


def content(schema: Schema, media_type: str = JSON_TYPE) -> Schema:
    """A body of one media type."""
    return {media_type: {"schema": schema}}


@value
class Described:
    """What is said of an operation: parameters outside the path, bodies by media type.

    `answers` are its own by status: an empty one has no body. `body` None says that none is read.
    """

    parameters: tuple[Schema, ...] = ()
    body: Schema | None = None
    answers: Mapping[int, Schema] = field(default_factory=dict)


@value
class About:
    """A wire as its document introduces it. `security` is the scheme of its credential."""

    title: str
    description: str
    security: Schema
    names: Mapping[str, Schema]
    """Schemas of the names in paths."""
    errors: Mapping[int, Schema]
    """Bodies of the errors that any operation may answer, by status."""
    schemas: Mapping[str, Schema]


def document(
    about: About, operations: Sequence[Operation], describe: Callable[[Operation], Described]
) -> Schema:
    """The OpenAPI document of a wire; its version is the program's, and the server's to add."""
    paths: dict[str, Schema] = {}
    for operation in operations:
        shown = _operation(about, operation, describe(operation))
        paths.setdefault(operation.path, {})[operation.method.lower()] = shown
    return {
        "openapi": "3.1.0",
        "info": {"title": about.title, "description": about.description},
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": dict(about.schemas),
            "responses": {
                str(status): _answer(status, body) for status, body in about.errors.items()
            },
            "securitySchemes": {"credential": about.security},
        },
    }


def _operation(about: About, operation: Operation, said: Described) -> Schema:
    named = [
        parameter(name, about.names[name], place="path", required=True)
        for name in _NAME.findall(operation.path)
    ]
    shown: Schema = {
        "operationId": _identifier(operation),
        "summary": operation.summary,
        "responses": _responses(about, said),
        "security": [] if operation.scopes is None else [{"credential": []}],
    }
    if operation.scopes:
        allowed = " and ".join(sorted(operation.scopes))
        shown["description"] = f"The credential must allow: {allowed}."
    if named or said.parameters:
        shown["parameters"] = [*named, *said.parameters]
    if said.body is not None:
        shown["requestBody"] = {"content": said.body, "required": True}
    return shown


def _identifier(operation: Operation) -> str:
    """A name that no other operation has: its method and its path."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", operation.path).strip("_")
    return f"{operation.method.lower()}_{plain}"


def _responses(about: About, said: Described) -> Schema:
    """Its own answers, and the errors that all operations share."""
    shown = {str(status): _answer(status, body) for status, body in said.answers.items()}
    for status in about.errors:
        shown.setdefault(str(status), {"$ref": f"#/components/responses/{status}"})
    return dict(sorted(shown.items()))


def _answer(status: int, body: Schema) -> Schema:
    shown: Schema = {"description": _REASONS.get(status, "An answer.")}
    if body:
        shown["content"] = body
    return shown


_REASONS: Final = {
    200: "It was done, or here it is.",
    201: "It was made.",
    204: "It was done.",
    400: "The request cannot be carried out as it stands.",
    401: "The credential is missing, unknown, expired or revoked.",
    402: "A limit of the account is reached.",
    403: "The credential does not allow this.",
    404: "There is no such thing, or none that the credential opens.",
    405: "The address takes other methods.",
    406: "No such media type is answered.",
    408: "The body did not arrive in time.",
    409: "Something else is in the way; try again.",
    413: "The body is too large.",
    415: "The media type or the content encoding is not taken.",
    422: "The idempotency key was used for another request.",
    429: "Too much is asked; try again later.",
    500: "A fault of the server.",
    501: "This is not offered.",
    503: "The server is stopping or overloaded; try again.",
}
