"""Believing applications by their secret and people by their password.

Applications have random secrets, for which a plain hash is enough; people choose passwords, which
need a slow one. An unknown name costs as much as a wrong secret, so that time tells nothing.
"""

import hmac
import logging
from dataclasses import replace
from typing import Final

from daybook.app import passwords
from daybook.app.access import Principal
from daybook.app.credentials import digest
from daybook.app.ports import Directory, StoreFailure, User
from daybook.app.roles import known_scopes, principal_of
from daybook.auth.demo import DemoCredentials
from daybook.auth.people import NAME_LENGTH_MAX

_NO_SECRET: Final = bytes(32)
_log: Final = logging.getLogger(__name__)


class StoreSignIn:
    """The `SignIn` over the clients and users of a store."""

    def __init__(self, directory: Directory, demo: DemoCredentials | None = None) -> None:
        """With `demo`, its application and person count too, each its own secret."""
        self._directory = directory
        self._demo = demo or DemoCredentials({})

    def application(self, client_id: str, secret: str) -> Principal | None:
        """Who an application is, or None."""
        demo = self._demo.principal(client_id)
        if demo is not None:
            return demo if _equal(secret, client_id) else None
        client = self._directory.client(client_id) if len(client_id) <= NAME_LENGTH_MAX else None
        kept = _NO_SECRET if client is None else client.secret_hash
        right = hmac.compare_digest(_digest(secret), kept)
        if client is None or client.revoked_at is not None or not right:
            return None
        return Principal(client.id, client.company_ids or None, known_scopes(client.scopes))

    def person(self, name: str, password: str) -> Principal | None:
        """Who a person is, or None."""
        demo = self._demo.principal(name)
        if demo is not None:
            return demo if _equal(password, name) else None
        user = self._directory.user(name) if len(name) <= NAME_LENGTH_MAX else None
        kept = passwords.UNKNOWN if user is None else user.password_hash
        right = passwords.is_password(password, kept)
        if user is None or user.revoked_at is not None or not right:
            return None
        if passwords.is_outdated(kept):
            self._hash_anew(user, password)
        return principal_of(user)

    def _hash_anew(self, user: User, password: str) -> None:
        """Keep a better hash of a password that was just right, unless it has been changed.

        Where the store takes no writes the old one still counts.
        """
        better = replace(user, password_hash=passwords.hashed(password))
        try:
            self._directory.replace_user(user, better)
        except StoreFailure as failure:
            _log.warning("the password of %r is not hashed anew: %s", user.name, failure)


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(_digest(given), _digest(expected))


def _digest(text: str) -> bytes:
    return digest(text.encode("utf-8", "replace").decode())
