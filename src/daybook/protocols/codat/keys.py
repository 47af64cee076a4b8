"""API keys: credentials of the ledger like any other, made by keys that are there already.

The text of a key is shown once, when it is made; only its hash is kept. A key allows no more than
the one it was made with, and goes when that one goes. So one that does not last makes none: the
demo's words, which are not kept at all, and tokens that expire.
"""

from typing import Any, Final

from daybook.app import credentials
from daybook.app.access import Principal, Scope
from daybook.app.credentials import ACCESS, Issued, NewToken
from daybook.app.ledger import Ledger
from daybook.app.ports import Token, TokensOf, TokenTable
from daybook.app.trail import By, Happening, Trail, What
from daybook.protocols.codat import errors, times
from daybook.protocols.codat.calls import Call, answer, nothing
from daybook.protocols.codat.limits import API_KEY_NAME_LENGTH_MAX, API_KEYS_MAX
from daybook.protocols.codat.views import derived
from daybook.protocols.kit.plugin import Response

SHOWN_ONCE: Final = "shown once, when it was made"
"""What stands in place of the text of a key."""


class Keys:
    """Answers what is asked of API keys."""

    def __init__(self, ledger: Ledger) -> None:
        self._directory = ledger.store.directory
        self._clock = ledger.clock

    def list_keys(self, call: Call) -> Response:
        """`GET /apiKeys`: the client's in the caller's companies, without their text."""
        call.require(Scope.ADMIN)
        found = _keys(self._directory, call.principal)
        return answer({"results": [_key_json(token, SHOWN_ONCE) for token in found]})

    def create(self, call: Call) -> Response:
        """`POST /apiKeys`: 201, with the text of the key, which is never shown again."""
        call.require(Scope.ADMIN)
        name = call.body("CreateApiKey").get("name") if call.request.body.strip() else None
        if name is not None and (not isinstance(name, str) or len(name) > API_KEY_NAME_LENGTH_MAX):
            text = f"A name has at most {API_KEY_NAME_LENGTH_MAX} characters."
            raise errors.not_valid("name", text)

        def work(table: TokenTable) -> Issued:
            maker = table.token(call.credential)
            if maker is None or maker.expires_at is not None:
                raise errors.CodatError(403, _PASSING, can_be_retried="False")
            if credentials.fault(maker, self._clock()) is not None:
                raise errors.unauthorized("the API key was revoked at this moment")
            allowed = credentials.principal(maker)
            if len(_keys(table, allowed)) >= API_KEYS_MAX:
                text = f"Maximum number of API keys reached. A client has at most {API_KEYS_MAX}."
                raise errors.CodatError(409, text)
            wanted = NewToken(
                maker.client,
                ACCESS,
                maker.company_ids,
                allowed.scopes,
                name or "",
                maker.user,
                parent=maker.hash,
            )
            return credentials.issue(table, self._clock, wanted)

        issued = self._directory.change_tokens(work)
        self._note(call, What.TOKEN_MADE, issued.token)
        return answer(_key_json(issued.token, issued.text), 201)

    def delete(self, call: Call) -> Response:
        """`DELETE /apiKeys/{apiKeyId}`: 204, with all keys made with it; the last one stays."""
        call.require(Scope.ADMIN)
        wanted = call.names["apiKeyId"].lower()
        now = self._clock()

        def work(table: TokenTable) -> list[Token]:
            keys = _keys(table, call.principal)
            found = [each for each in keys if _key_id(each) == wanted]
            if not found:
                text = f"No API key was found with ID {errors.short(call.names['apiKeyId'])}"
                raise errors.not_found(text)
            gone = credentials.with_descendants(table, found)
            if {each.hash for each in keys} <= {each.hash for each in gone}:
                raise errors.CodatError(403, _LAST, can_be_retried="False")
            return [credentials.withdrawn(table, now, token) for token in gone]

        for token in self._directory.change_tokens(work):
            self._note(call, What.TOKEN_WITHDRAWN, token)
        return nothing(204)

    def _note(self, call: Call, what: What, token: Token) -> None:
        """Leave in the trail of access what became of a key."""
        by = By(call.principal.client, call.principal.user, call.request.peer)
        happening = Happening(what, str(token.number), by, token.company_ids, "API key")
        Trail(self._directory, self._clock).note(happening)


_PASSING: Final = (
    "This key makes no others: it is the demo's, or expires. Make a lasting one on the server, with"
    " daybook token create."
)
_LAST: Final = (
    "The last API key cannot be deleted. A key that others were made with takes them along."
)


def _keys(table: TokenTable, principal: Principal) -> list[Token]:
    """The keys of a client that still open something and do not expire.

    A client may have keys of several companies' administrators: who has one of them does not get
    to know those that open other companies.
    """
    opened = principal.company_ids
    return [
        token
        for token in table.tokens(TokensOf(client=principal.client))
        if (opened is None or (token.company_ids and token.company_ids <= opened))
        and token.kind == ACCESS
        and token.revoked_at is None
        and token.expires_at is None
    ]


def _key_id(token: Token) -> str:
    return derived("key", str(token.number))


def _key_json(token: Token, text: str) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": _key_id(token)}
    if token.label:
        shown["name"] = token.label
    shown["apiKey"] = text
    shown["createdDate"] = times.utc(token.created_at)
    return shown
