"""`Idempotency-Key`: the first answer to a POST or PATCH is given again to the same request.

Answers are kept as documents for ninety minutes, by client (`place_of`) and key. The key of a
create by push is kept in the books as well, in the transaction that takes the operation, so that a
server that is killed before it has answered does not take it twice.

Whoever repeats a request has to be one who could make it: that is judged before anything is
recalled. Secrets that an answer shows once are not kept, and are missing from the second.
"""

import base64
from hashlib import sha256
from typing import Final

from daybook.app.documents import DOCUMENT_BYTES_MAX, DocumentChange
from daybook.app.ports import Directory, DocumentChanged
from daybook.domain.ids import Timestamp
from daybook.protocols.codat import errors, ids
from daybook.protocols.codat.calls import Call
from daybook.protocols.codat.entries import WIRE
from daybook.protocols.codat.limits import IDEMPOTENCY_KEPT_SECONDS, IDEMPOTENCY_SWEPT
from daybook.protocols.codat.views import place_of
from daybook.protocols.kit import json
from daybook.protocols.kit.plugin import Response

KIND: Final = "answer"
"""Kind of documents."""

HEADER: Final = "idempotency-key"
_METHODS: Final = ("POST", "PATCH")
_NOT_KEPT: Final = (401, 409, 429, 503)
"""Answers that say nothing about the request: the key stays free."""


class Idempotency:
    """Remembers answers. Asked on the server's loop and its threads."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        self._running: set[str] = set()
        self._swept = ""

    def key_of(self, call: Call) -> str | None:
        """The key that a request's answer is kept under, or None. Raises `CodatError`."""
        sent = call.request.headers.get(HEADER)
        if sent is None or call.request.method not in _METHODS:
            return None
        key = ids.uuid(sent.strip())
        if key is None:
            raise errors.bad_request("The Idempotency-Key is not a GUID.")
        return f"{place_of(call.principal)}/{key}"

    def begin(self, key: str) -> None:
        """Note that a request with a key is under way. Raises `CodatError` where one is."""
        if key in self._running:
            text = "A request with this Idempotency-Key is still being processed."
            raise errors.CodatError(409, text, can_be_retried="True")
        self._running.add(key)

    def end(self, key: str) -> None:
        """Note that it is not any more."""
        self._running.discard(key)

    def recall(self, key: str, call: Call) -> Response | None:
        """The answer that was given to a key, None for a new one.

        Raises `CodatError` where the key was used for another request.
        """
        kept = self._directory.document(WIRE, KIND, key)
        if kept is None:
            return None
        first = json.decode(kept.body)
        if _expired(first["at"], call.now):
            return None
        if first["digest"] != digest(call):
            text = "The Idempotency-Key was used before, for another request."
            raise errors.CodatError(422, text, can_be_retried="False")
        headers = tuple((name, value) for name, value in first["headers"])
        return Response(first["status"], base64.b64decode(first["body"]), headers)

    def remember(self, key: str, call: Call, response: Response) -> None:
        """Keep an answer, unless it is one that says nothing about the request or too large."""
        if response.status in _NOT_KEPT:
            return
        body = json.encode(
            {
                "at": call.now,
                "digest": digest(call),
                "status": response.status,
                "headers": [list(each) for each in response.headers],
                "body": base64.b64encode(response.body).decode(),
            }
        )
        if len(body) > DOCUMENT_BYTES_MAX:
            return  # of a create by push, which the books remember by themselves
        before = self._directory.document(WIRE, KIND, key)
        version = 0 if before is None else before.version
        changes = [DocumentChange(WIRE, KIND, key, body, version), *self._old(key, call.now)]
        try:
            self._directory.change_documents(changes)
        except DocumentChanged:
            return  # another process has answered the same key; either answer will do

    def _old(self, key: str, now: Timestamp) -> list[DocumentChange]:
        """The next few kept answers, as far as their time is over."""
        page = self._directory.documents(WIRE, KIND, self._swept, IDEMPOTENCY_SWEPT)
        self._swept = page[-1].key if len(page) == IDEMPOTENCY_SWEPT else ""
        return [
            DocumentChange(WIRE, KIND, each.key, None, each.version)
            for each in page
            if each.key != key and _expired(json.decode(each.body)["at"], now)
        ]


def without_member(response: Response, name: str) -> Response:
    """An answer without a member that is shown once; the same where there is none."""
    if not name or response.status >= 400:
        return response
    body = {key: each for key, each in json.decode(response.body).items() if key != name}
    return Response(response.status, json.encode(body), response.headers, response.diagnosis)


def _expired(at: int, now: Timestamp) -> bool:
    return now - at > IDEMPOTENCY_KEPT_SECONDS * 1_000_000


def digest(call: Call) -> str:
    """What two requests have in common that are the same."""
    request = call.request
    head = f"{request.method} {call.path}?{request.query}\n".encode(errors="surrogatepass")
    return sha256(head + request.body).hexdigest()
