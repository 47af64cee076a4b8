"""A request whose caller is known, as the parts of this wire get it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from daybook.app.access import Principal, Scope
from daybook.domain.ids import Timestamp
from daybook.protocols.codat import errors, pages
from daybook.protocols.codat.pages import Page
from daybook.protocols.kit import json
from daybook.protocols.kit.plugin import Request, Response


class NotQuick(Exception):
    """A call turns out to take long; it is to be made again where nobody waits."""


@dataclass(frozen=True, slots=True)
class Call:
    """A request: who makes it, the ids in its path, its parameters by name in small letters.

    `path` is that below the root of the interface, as links are to name it.
    """

    request: Request
    principal: Principal
    path: str
    names: Mapping[str, str]
    parameters: Mapping[str, str]
    now: Timestamp
    credential: bytes = b""
    """The hash of the key it came with, by which rights that it hands on are kept."""
    hurried: bool = False
    """Whether others wait meanwhile: what may take long raises `NotQuick` instead."""

    def page(self) -> Page:
        """The page that a list is asked for. Raises `CodatError`."""
        return pages.page_of(self.path, self.parameters)

    def require(self, scope: Scope) -> None:
        """Raise the error for a key that does not allow something."""
        if scope not in self.principal.scopes:
            raise errors.forbidden()

    def body(self, model: str) -> dict[str, Any]:
        """The body, which must be an object. Raises `CodatError`."""
        try:
            value = json.decode(self.request.body) if self.request.body.strip() else None
        except json.JsonError as fault:
            raise errors.not_valid(model, f"The body is not JSON: {fault}.") from None
        if not isinstance(value, dict):
            raise errors.bad_request(f"Push object {model} must be provided")
        return value

    @property
    def root(self) -> str:
        """Scheme and authority by which the caller reached us."""
        return self.request.origin


def answer(value: object, status: int = 200) -> Response:
    """A value as the body of an answer."""
    return Response(status, json.encode(value), (("Content-Type", "application/json"),))


def nothing(status: int) -> Response:
    """An answer without a body."""
    return Response(status)
