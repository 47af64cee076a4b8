"""GraphQL over HTTP: what a request says, and in which media type the answer goes.

A request is a POST with a JSON object, or a GET with the same members in its query string. Which
of the two media types of answers is sent is decided by `Accept`, weights and all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from daybook.protocols.intuit_graphql.errors import Code, request_fault
from daybook.protocols.kit import json
from daybook.protocols.kit.http import TooManyParameters, query_map

JSON: Final = "application/json"
GRAPHQL: Final = "application/graphql-response+json"
HTML: Final = "text/html"

_RANGES_MAX: Final = 50
"""Media ranges of an Accept header that are looked at; browsers send eight."""


def _ranges(accept: str) -> list[tuple[str, float]]:
    """The media ranges of an Accept header with their weights."""
    found = []
    for piece in accept.lower().split(",")[:_RANGES_MAX]:
        essence, *parameters = (part.strip() for part in piece.split(";"))
        weight = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                try:
                    weight = min(max(float(value), 0.0), 1.0)
                except ValueError:
                    weight = 0.0
        if essence:
            found.append((essence, weight))
    return found


def response_type(accept: str | None) -> str | None:
    """The media type for an answer, or None if the caller takes neither.

    The more specific range counts for a type; at equal weight the GraphQL type is preferred where
    it is named. A caller that takes anything gets plain JSON.
    """
    if accept is None or not accept.strip():
        return JSON
    weights = dict(_ranges(accept))
    anything = max(weights.get("application/*", -1.0), weights.get("*/*", -1.0))
    graphql = weights.get(GRAPHQL, -1.0)
    plain = weights.get(JSON, anything)
    if graphql > 0 and graphql >= plain:
        return GRAPHQL
    if plain > 0:
        return JSON
    return None


def wants_page(accept: str | None) -> bool:
    """Whether the caller is a browser that asks for a page."""
    return any(name == HTML and weight > 0 for name, weight in _ranges(accept or ""))


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for."""

    text: str
    operation_name: str | None
    variables: Mapping[str, Any]


def from_body(body: bytes) -> Asked:
    """What the body of a POST asks for. Raises `RequestFault`."""
    try:
        members = json.decode(body)
    except json.JsonError as error:
        raise request_fault(
            Code.BAD_REQUEST, "The body is not JSON.", innerMessage=str(error)
        ) from None
    if isinstance(members, list):
        message = "Batches are not taken; send one request at a time."
        raise request_fault(Code.BAD_REQUEST, message)
    if not isinstance(members, dict):
        raise request_fault(Code.BAD_REQUEST, "The body is not a JSON object.")
    return _asked(members)


def from_query(query: str) -> Asked:
    """What the query string of a GET asks for. Raises `RequestFault`."""
    try:
        members: dict[str, Any] = dict(query_map(query))
    except TooManyParameters as error:
        raise request_fault(Code.BAD_REQUEST, f"The address has {error}.") from None
    for name in ("variables", "extensions"):
        text = members.get(name)
        if not text:
            members.pop(name, None)
            continue
        try:
            members[name] = json.decode(text.encode("utf-8", "replace"))
        except json.JsonError as error:
            message = f"{name} is not JSON."
            raise request_fault(Code.BAD_REQUEST, message, innerMessage=str(error)) from None
    return _asked(members)


def _asked(members: Mapping[str, Any]) -> Asked:
    text, name = members.get("query"), members.get("operationName")
    if not isinstance(text, str):
        raise request_fault(Code.BAD_REQUEST, "query has to be a text.")
    if not text.strip():
        raise request_fault(Code.BAD_REQUEST, "query is empty.")
    if name is not None and not isinstance(name, str):
        raise request_fault(Code.BAD_REQUEST, "operationName has to be a text.")
    for each in ("variables", "extensions"):
        if not isinstance(members.get(each), dict | None):
            raise request_fault(Code.BAD_REQUEST, f"{each} has to be an object.")
    return Asked(text, name or None, members.get("variables") or {})
