"""Asks the wires for an entry as programs do, in process, to show people how it looks there.

The credential of such a request is a pass: a random text that stands for its caller for as long as
the request takes, in the memory of this process alone. What is shown has a place-holder instead.
"""

import asyncio
import base64
import secrets
from collections.abc import Awaitable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Final, Protocol, cast

import msgspec

from daybook import protocols
from daybook.app.access import Authenticator, Principal, Rejection, Scope
from daybook.app.ledger import Books
from daybook.app.ports import CompanyNames
from daybook.domain.model import JournalEntry
from daybook.protocols.kit.exhibits import Credential, Exhibit, Question
from daybook.protocols.kit.plugin import Listener, Plugin, Request, Response, response_of

ANSWER_LENGTH_MAX: Final = 20_000
"""Characters of an answer that are shown: more than any entry that a person would read."""

SECONDS_MAX: Final = 10.0
"""Seconds that one interface has for its answer."""

_PLACE_HOLDERS: Final = {Credential.BEARER: "YOUR-TOKEN", Credential.BASIC: "YOUR-API-KEY"}


class Passes:
    """An `Authenticator` that also believes passes."""

    def __init__(self, authenticator: Authenticator) -> None:
        self._believe = authenticator.authenticate
        self._holder = authenticator.holder
        self._passes: dict[str, Principal] = {}

    def authenticate(self, token: str) -> Principal | Rejection:
        """Who a token or pass stands for. See `Authenticator`."""
        if self._passes:
            found = self._passes.get(token)
            if found is not None:
                return found
        return self._believe(token)

    def holder(self, token_hash: bytes) -> Principal | Rejection:
        """Who a token known by its hash stands for. See `Authenticator`."""
        return self._holder(token_hash)

    @contextmanager
    def held(self, principal: Principal) -> Iterator[str]:
        """A pass for as long as the block runs."""
        text = secrets.token_urlsafe(32)
        self._passes[text] = principal
        try:
            yield text
        finally:
            del self._passes[text]


class _Showing(Protocol):
    """A listener that can show an entry."""

    def exhibit(self, books: Books, entry: JournalEntry) -> Awaitable[Exhibit]:
        """The entry over this listener."""


class InterfaceExhibits:
    """The `Exhibits` over the wires of a server."""

    def __init__(self, passes: Passes) -> None:
        self._passes = passes
        self._plugins: dict[str, Plugin] = {}
        self._listeners: list[_Showing] = []

    def over(self, plugins: Sequence[Plugin]) -> None:
        """Take up the wires, which are made after this was handed to them."""
        self._plugins = {plugin.name: plugin for plugin in plugins if _module(plugin.name)}

    def add(self, listener: Listener) -> None:
        """Take up a wire with a port of its own, once it is loaded; on any thread."""
        if hasattr(listener, "exhibit"):
            self._listeners.append(cast("_Showing", listener))

    async def show(self, books: Books, entry: JournalEntry, origin: str) -> Sequence[Exhibit]:
        """The entry over each interface. See `Exhibits`."""
        names = books.ledger.store.directory.names(books.company_id)
        if names is None or not books.may(Scope.READ):
            return ()
        shown: list[Awaitable[Exhibit]] = [
            self._over_http(each, books, names, entry, origin) for each in self._plugins
        ]
        shown += [listener.exhibit(books, entry) for listener in self._listeners]
        return [await each for each in shown]

    async def _over_http(
        self, wire: str, books: Books, names: CompanyNames, entry: JournalEntry, origin: str
    ) -> Exhibit:
        ask = cast("_Ask", import_module(f"{protocols.__name__}.{wire}.exhibit").question)
        question = ask(names, entry)
        client = entry.origin.client if question.of_origin else books.principal.client
        company = frozenset({books.company_id})
        reader = Principal(client, company, frozenset({Scope.READ}), books.principal.user)
        with self._passes.held(reader) as text:
            request = Request(
                question.method,
                question.path,
                question.query,
                _headers(question, text, origin),
                question.body.encode(),
                secrets.token_hex(16),
                origin,
            )
            async with asyncio.timeout(SECONDS_MAX):
                answer = await response_of(self._plugins[wire].handle(request))
        return Exhibit(wire, _curl(question, origin), _readable(answer).replace(text, "…"))


class _Ask(Protocol):
    def __call__(self, names: CompanyNames, entry: JournalEntry) -> Question: ...


def _module(wire: str) -> bool:
    """Whether a wire of ours says how it is asked for an entry."""
    return (
        find_spec(f"{protocols.__name__}.{wire}") is not None
        and find_spec(f"{protocols.__name__}.{wire}.exhibit") is not None
    )


def _headers(question: Question, text: str, origin: str) -> Mapping[str, str]:
    sealed = f"Bearer {text}"
    if question.credential is Credential.BASIC:
        sealed = "Basic " + base64.b64encode(text.encode()).decode()
    headers = {
        "authorization": sealed,
        "accept": "application/json",
        "host": origin.partition("://")[2] or "localhost",
    }
    if question.body:
        headers["content-type"] = "application/json"
        headers["content-length"] = str(len(question.body.encode()))
    return headers


def _curl(question: Question, origin: str) -> str:
    """The request as a command that can be pasted into a shell."""
    query = f"?{question.query}" if question.query else ""
    place_holder = _PLACE_HOLDERS[question.credential]
    who = f"-H 'Authorization: Bearer {place_holder}'"
    if question.credential is Credential.BASIC:
        who = f"-u '{place_holder}:'"
    parts = [f"curl '{origin}{question.path}{query}'", who, "-H 'Accept: application/json'"]
    if question.body:
        body = question.body.replace("'", "'\\''")
        parts += ["-H 'Content-Type: application/json'", f"-d '{body}'"]
    return " \\\n  ".join(parts)


def _readable(response: Response) -> str:
    """An answer with its status, its JSON set out in lines."""
    kind = next((text for name, text in response.headers if name.lower() == "content-type"), "")
    body = response.body
    if "json" in kind:
        body = msgspec.json.format(body, indent=2)
    text = body.decode("utf-8", "replace")
    if len(text) > ANSWER_LENGTH_MAX:
        text = text[:ANSWER_LENGTH_MAX] + "\n… (the rest is not shown here)"
    return f"HTTP {response.status}\n{kind}\n\n{text}"
