"""Tokens: who gets one, and what one opens.

A token is 128 random bits as 32 hexadecimal digits. It lives fifteen minutes from when it was
made, opens one company for one application, and is kept as a hash: in the store, or, where the
demo's credentials got it, in the memory of this server alone, as those are. A person's token acts
as an application of its own, `user:<name>`, so that what one person enters no other application
changes. Credentials of the program at large are taken too: access tokens, and the demo's.

The company is the one the credential opens. Where it opens several, the first label of the host
name has to say which. Under the vendor's own domain that label is the company's in any case, and a
credential that does not open it is not believed.
"""

import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypeVar

from daybook.app import credentials
from daybook.app.access import Principal, Rejection
from daybook.app.ledger import Books, refusal_of
from daybook.app.ports import (
    TOKENS_PRUNED_MAX,
    Client,
    Overloaded,
    StoreFailure,
    Token,
    TokenTable,
    User,
)
from daybook.domain.ids import CompanyId, Timestamp
from daybook.protocols.kit import json
from daybook.protocols.kit.http import TooManyParameters, bearer, content_type, form_map
from daybook.protocols.kit.plugin import Request, Response, Services
from daybook.protocols.modulus.attempts import Attempts
from daybook.protocols.modulus.errors import bare, success, unauthorized, unavailable
from daybook.protocols.modulus.limits import (
    CREDENTIAL_LENGTH_MAX,
    PASSING_TOKENS_MAX,
    PRUNE_SECONDS,
    TOKEN_LENGTH_MAX,
    TOKEN_SECONDS,
)
from daybook.protocols.modulus.render import WIRE

K = TypeVar("K")

KIND: Final = "modulus"
"""The kind of this wire's tokens: they open nothing else."""

BOUND: Final = "address-bound"
"""The option of an application whose tokens count only from the address they were made for."""

_SECOND: Final = 1_000_000
_TOKEN_BYTES: Final = 16
_OWN: Final = re.compile(r"[0-9a-f]{32}", re.ASCII).fullmatch
_SUCCEEDED: Final = "Authentication succeeded."
_APPLICATION_FIELDS: Final = "Missing one or more of parameters account, app, secret."
_PERSON_FIELDS: Final = "Missing one or more of parameters username and password."
_APPLICATION: Final = "application "
"""Stands before an application's name where it is told from a person's, which has no blank."""

_DOMAIN: Final = ".modulus.biz"
"""Where the vendor's documents have a host name for each account: the first label is one there."""

_FROM: Final = "from "
_ONLY_FROM: Final = "only from "


class _Passing:
    """Tokens that nothing is to be kept of once the server ends. Used on the loop."""

    def __init__(self) -> None:
        self._tokens: OrderedDict[bytes, Token] = OrderedDict()

    def keep(self, token: Token, now: Timestamp) -> None:
        """Remember a token, and forget those that have expired: they do in the order they came."""
        self._tokens[token.hash] = token
        while len(self._tokens) > PASSING_TOKENS_MAX or self._has_expired(now):
            self._tokens.popitem(last=False)

    def token(self, token_hash: bytes) -> Token | None:
        """A token by its hash, or None."""
        return self._tokens.get(token_hash)

    def _has_expired(self, now: Timestamp) -> bool:
        first = next(iter(self._tokens.values()))
        return credentials.fault(first, now) is not None


class Authentication:
    """Gives out tokens and believes them."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._directory = services.ledger.store.directory
        self._clock = services.clock
        self._attempts = Attempts(services.clock, services.peers, services.guard, self._is_somebody)
        self._pruned_at = Timestamp(0)
        self._passing = _Passing()

    # Getting a token

    async def authenticate(self, request: Request) -> Response:
        """A token for an application that knows its secret. Raises a fault."""
        fields = _fields(request)
        name, secret = _text(fields, "app"), _text(fields, "secret")
        if not name or not secret:
            raise bare(400, _APPLICATION_FIELDS, "app or secret is missing or no text")

        def sign_in() -> tuple[Principal | None, Client | None]:
            kept = self._directory.client(name)
            return self._services.sign_in.application(name, secret), kept

        counted = _APPLICATION + name
        principal, kept = await self._believed(request, counted, secret, sign_in)
        company_id = self._company(request, principal)
        if company_id is None:
            plain = "the application opens several companies: the host name has to begin with one"
            raise bare(400, _APPLICATION_FIELDS, plain)
        scopes = principal.within(company_id).scopes
        application = Principal(principal.client, frozenset({company_id}), scopes, principal.user)
        token = await self._issue(
            application, request.peer, lambda table: table.client(name) == kept
        )
        found = {"token": token, "app_id": principal.client, "ip": request.peer}
        return success(_SUCCEEDED, found)

    async def authenticate_person(self, request: Request) -> Response:
        """A token for a person who knows their password. Raises a fault."""
        fields = _fields(request)
        name = _text(fields, "username") or _text(fields, "Username")
        password = _text(fields, "password") or _text(fields, "Password")
        if not name or not password:
            raise bare(400, _PERSON_FIELDS, "username or password is missing or no text")

        def sign_in() -> tuple[Principal | None, User | None]:
            kept = self._directory.user(name)
            return self._services.sign_in.person(name, password), kept

        principal, kept = await self._believed(request, name, password, sign_in)
        company_id = self._company(request, principal)
        if company_id is None:
            raise unauthorized(
                "the user opens several companies: the host name has to begin with one"
            )
        scopes = principal.within(company_id).scopes
        person = Principal(
            f"user:{principal.client}", frozenset({company_id}), scopes, principal.user
        )
        token = await self._issue(
            person, request.peer, lambda table: _is_same(table.user(name), kept)
        )
        return success(_SUCCEEDED, token)

    def _is_somebody(self, name: str) -> bool:
        """Whether there is an application or person of a name as it is counted."""
        application = name.removeprefix(_APPLICATION)
        if application != name:
            return self._directory.client(application) is not None
        return self._directory.user(name) is not None

    async def _believed(
        self, request: Request, name: str, proof: str, sign_in: Callable[[], tuple[Any, K]]
    ) -> tuple[Principal, K]:
        """Who proves to be whom, and what was kept of them when they did; raises 401 or 429."""
        if max(len(name), len(proof)) > CREDENTIAL_LENGTH_MAX:
            raise unauthorized("the name or what proves it is longer than any that is kept")
        guard, in_thread = self._services.guard, self._services.runtime.in_thread
        async with self._attempts.one(name, request.peer) as attempt:
            principal, kept = await in_thread(sign_in)
            attempt.failed = principal is None
        if principal is None:
            known = None if kept is None else name
            await in_thread(partial(guard.fail, WIRE, known, request.peer))
            raise unauthorized("the name is unknown, or its secret or password is another")
        enter = partial(guard.enter, WIRE, name, request.peer, principal.user)
        await in_thread(enter)
        return principal, kept

    async def _issue(
        self, principal: Principal, peer: str, is_still: Callable[[TokenTable], bool]
    ) -> str:
        """Make a token, unless who was believed is not the same any more: raises 401; and 503
        where the store cannot keep it.

        Writes, so it is done on a pool thread.
        """
        client = self._directory.client(principal.client)
        person = None if principal.user is None else self._directory.user(principal.user)
        bound = client is not None and BOUND in client.options
        text, now = secrets.token_hex(_TOKEN_BYTES), self._clock()
        token = Token(
            hash=credentials.digest(text),
            kind=KIND,
            client=principal.client,
            company_ids=principal.company_ids or frozenset(),
            scopes=frozenset(scope.value for scope in principal.scopes),
            created_at=now,
            label=(_ONLY_FROM if bound else _FROM) + peer,
            user=principal.user,
            expires_at=Timestamp(now + TOKEN_SECONDS * _SECOND),
        )
        prune = now - self._pruned_at >= PRUNE_SECONDS * _SECOND
        if prune:
            self._pruned_at = now

        if client is None and person is None:
            self._passing.keep(token, now)
            return text

        def keep() -> None:
            if prune and self._directory.prune_tokens(KIND, now) == TOKENS_PRUNED_MAX:
                self._pruned_at = Timestamp(0)  # there may be more
            if not self._directory.change_tokens(kept_if_same):
                raise unauthorized("the name was withdrawn or given another secret at this moment")

        def kept_if_same(table: TokenTable) -> bool:
            same = is_still(table)
            if same:
                table.put_token(token)
            return same

        try:
            await self._services.runtime.in_thread(keep)
        except Overloaded:
            raise
        except StoreFailure as failure:
            refused = refusal_of(failure)  # raises again what is a fault
            raise unavailable(refused.refusals[0].message) from failure
        return text

    # Believing one

    def books(self, request: Request, parameters: Mapping[str, str]) -> Books:
        """The books that a request's token opens. Raises 401."""
        principal = self._principal(request, _token_of(request, parameters))
        company_id = self._company(request, principal)
        books = None
        if company_id is not None:
            books = self._services.ledger.books(company_id, principal)
        if books is None:
            raise unauthorized(
                "the token opens no company, or several: the host name has to begin with one"
            )
        return books

    def _principal(self, request: Request, text: str) -> Principal:
        if _OWN(text):
            token_hash = credentials.digest(text)
            token = self._passing.token(token_hash) or self._directory.token(token_hash)
            if token is not None and token.kind == KIND:
                if credentials.fault(token, self._clock()) is not None:
                    raise unauthorized("the token has expired or was revoked; get another")
                if token.label.startswith(_ONLY_FROM) and token.label != _ONLY_FROM + request.peer:
                    raise unauthorized("the token was made for another address")
                return credentials.principal(token)
        found = self._services.authenticator.authenticate(text)
        if isinstance(found, Rejection):
            raise unauthorized(f"the token is {found.value}")
        return found

    def _company(self, request: Request, principal: Principal) -> CompanyId | None:
        """The company a caller means, if that is plain.

        A host name that begins with the slug of another company is treated as one that begins
        with none: otherwise callers could find out which companies there are.
        """
        host = request.headers.get("host", "").lower()
        named = self._named_by_host(host)
        if named is not None and principal.may_open(named):
            return named
        if host.partition(":")[0].endswith(_DOMAIN):
            return None
        opened = principal.company_ids
        if opened is None:
            opened = frozenset(self._directory.company_ids())
        return next(iter(opened)) if len(opened) == 1 else None

    def _named_by_host(self, host: str) -> CompanyId | None:
        """The company whose slug is the first label of a host name that has several."""
        label, dot, _ = host.partition(".")
        return self._directory.by_slug(label) if dot and label else None


def _token_of(request: Request, parameters: Mapping[str, str]) -> str:
    """The token of a request: the parameter, or the header, or both if they are equal."""
    header, text = bearer(request.headers), parameters.get("token")
    if header and text and not hmac.compare_digest(header.encode(), text.encode()):
        raise unauthorized("the token in the address is not the one in the header")
    text = text or header
    if not text:
        raise unauthorized("there is no token, neither as a parameter nor as a Bearer header")
    if len(text) > TOKEN_LENGTH_MAX or not text.isascii():
        raise unauthorized("the token has not the form of one")
    return text


def _is_same(now: User | None, then: User | None) -> bool:
    """Whether somebody has the password and rights they had; it may be hashed anew meanwhile."""
    if now is None or then is None:
        return now is then
    return replace(now, password_hash=then.password_hash) == then


def _fields(request: Request) -> Mapping[str, Any]:
    """The fields of a form or of a JSON object; empty for what is neither."""
    media_type, _ = content_type(request.headers)
    if media_type == "application/json" or request.body.lstrip()[:1] == b"{":
        try:
            value = json.decode(request.body)
        except json.JsonError:
            return {}
        return value if isinstance(value, dict) else {}
    try:
        return form_map(request.body)
    except TooManyParameters:
        return {}


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) else None
