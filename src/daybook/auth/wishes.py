"""What an application asks for when it sends somebody here, read and judged.

The order matters. Until application and address are known to belong together, nobody is sent
anywhere: what is wrong is shown on a page of ours. From then on errors go back to the application,
as OAuth 2 has it.
"""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlencode

from daybook.auth.applications import Application, Applications
from daybook.auth.scopes import OF_BOOKS, PLAIN
from daybook.domain.values import value

STATE_LENGTH_MAX: Final = 2_000
"""Characters of a state or nonce: what a client may want to know again, and the address still fits
every browser."""

_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII).fullmatch
_SCOPE_SEPARATOR: Final = re.compile(r"[ ,]+")
"""Blanks by the standard; some clients send commas, which no scope has."""


@value
class Wish:
    """What an application asks for. `scopes` are in the order they were asked for."""

    application: Application
    redirect: str
    scopes: tuple[str, ...]
    state: str | None
    challenge: str = ""
    nonce: str = ""

    @property
    def is_about_books(self) -> bool:
        """Whether a company has to be chosen."""
        return not OF_BOOKS.isdisjoint(self.scopes)


@value
class Unanswerable:
    """A request from nowhere in particular: what is wrong is told to the person alone."""

    message: str


@value
class Returned:
    """A request that goes back to its application with an error."""

    redirect: str
    state: str | None
    error: str
    message: str

    @property
    def address(self) -> str:
        """Where the person is sent."""
        pairs = [("error", self.error), ("error_description", self.message)]
        return sent_back(self.redirect, pairs, self.state)


def sent_back(redirect: str, pairs: Sequence[tuple[str, str]], state: str | None) -> str:
    """An address with parameters behind those it has of its own."""
    pairs = [*pairs, *(() if state is None else [("state", state)])]
    joint = "&" if "?" in redirect else "?"
    return f"{redirect}{joint}{urlencode(pairs)}"


def read_wish(
    pairs: Sequence[tuple[str, str]], applications: Applications
) -> Wish | Unanswerable | Returned:
    """What the parameters of an authorization request ask for, or what is wrong with them."""
    given, times = dict(pairs), Counter(name for name, _ in pairs)
    application = applications.find(given.get("client_id", ""))
    if application is None or times["client_id"] > 1:
        return Unanswerable("The application that sent you here is not known to this server.")
    redirect = given.get("redirect_uri", "")
    if times["redirect_uri"] > 1 or not application.may_return_to(redirect):
        return Unanswerable(
            f"{application.name} wants you sent back to an address that is not registered for it."
            " The redirect_uri has to be the same, letter for letter."
        )
    state = given.get("state")
    if state is not None and (times["state"] > 1 or len(state) > STATE_LENGTH_MAX):
        message = f"state: given once, {STATE_LENGTH_MAX} characters at most"
        return Returned(redirect, None, "invalid_request", message)
    fault = _fault(given, times)
    if fault is not None:
        return Returned(redirect, state, *fault)
    scopes = tuple(dict.fromkeys(filter(None, _SCOPE_SEPARATOR.split(given["scope"]))))
    return Wish(
        application,
        redirect,
        scopes,
        state,
        given.get("code_challenge", ""),
        given.get("nonce", ""),
    )


def _fault(given: dict[str, str], times: Counter[str]) -> tuple[str, str] | None:
    """What is wrong with a request that can go back to its application: error and message."""
    twice = next((name for name, count in times.items() if count > 1), None)
    if twice is not None:
        return "invalid_request", "a parameter is given twice"
    for name in ("request", "request_uri"):
        if given.get(name):
            return f"{name}_not_supported", f"{name} is not offered"
    kind = given.get("response_type", "")
    if not kind:
        return "invalid_request", "response_type is missing"
    if kind != "code":
        return "unsupported_response_type", "response_type: only code is offered"
    if given.get("response_mode", "query") != "query":
        return "invalid_request", "response_mode: only query is offered"
    if len(given.get("nonce", "")) > STATE_LENGTH_MAX:
        return "invalid_request", f"nonce: {STATE_LENGTH_MAX} characters at most"
    return _scope_fault(given.get("scope", "")) or _challenge_fault(given)


def _scope_fault(text: str) -> tuple[str, str] | None:
    scopes = set(filter(None, _SCOPE_SEPARATOR.split(text)))
    if not scopes:
        return "invalid_scope", "scope is missing"
    if not scopes <= set(PLAIN):
        return "invalid_scope", f"scope: only {' '.join(PLAIN)} are offered"
    return None


def _challenge_fault(given: dict[str, str]) -> tuple[str, str] | None:
    challenge = given.get("code_challenge", "")
    method = given.get("code_challenge_method", "")
    if not challenge and not method:
        return None
    if method != "S256":
        return "invalid_request", "code_challenge_method: only S256 is offered"
    if _CHALLENGE(challenge) is None:
        return "invalid_request", "code_challenge: 43 characters of base64url are wanted"
    return None
