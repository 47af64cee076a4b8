"""Page cursors that callers can neither forge nor carry from one company or query to another.

A cursor is a JSON value (the sort key of the last row shown) with an HMAC-SHA256 over it, the
company and a digest of the query it continues, in URL-safe letters. A cursor that does not fit
opens as None, whatever the reason: the caller starts again from the first page.

The key is the server's own, see `daybook.server.secret`; wires find it as the setting
`KEY_SETTING` of their services, in hexadecimal.
"""

import base64
import binascii
import hmac
from hashlib import sha256
from typing import Any, Final

from daybook.domain.ids import CompanyId
from daybook.protocols.kit import json

KEY_SETTING: Final = "cursor_key"

_SEAL_BYTES: Final = 16
"""Half of a SHA-256: 128 bits cannot be guessed, and addresses stay short."""

CURSOR_LENGTH_MAX: Final = 4_096
"""Characters of a cursor that is looked at: a sort key is an id, a date and one text."""


class CursorSeal:
    """Seals and opens cursors under one key."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, company_id: CompanyId, query_digest: bytes, position: object) -> str:
        """A cursor for a position in the rows of a query. `position` must be JSON."""
        body = json.encode(position)
        seal = self._seal(company_id, query_digest, body)
        return base64.urlsafe_b64encode(seal + body).rstrip(b"=").decode()

    def open(
        self,
        company_id: CompanyId,
        query_digest: bytes,
        cursor: str,
        length_max: int = CURSOR_LENGTH_MAX,
    ) -> Any | None:
        """The position a cursor stands for, or None if it is not one of this company and query.

        `length_max` bounds the characters that are looked at, where more than a key was sealed.
        """
        if len(cursor) > length_max:
            return None
        try:
            sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True)
        except (binascii.Error, ValueError):
            return None
        seal, body = sealed[:_SEAL_BYTES], sealed[_SEAL_BYTES:]
        if not hmac.compare_digest(seal, self._seal(company_id, query_digest, body)):
            return None
        return json.decode(body)

    def _seal(self, company_id: CompanyId, query_digest: bytes, body: bytes) -> bytes:
        subject = b"%d:%d:%b%b" % (company_id, len(query_digest), query_digest, body)
        return hmac.digest(self._key, subject, sha256)[:_SEAL_BYTES]
