"""What credentials allow and what they are, in words for people."""

from collections.abc import Mapping
from typing import Final

from daybook.app.access import Scope
from daybook.app.credentials import ACCESS, REFRESH
from daybook.app.roles import Role

GRANTS: Final[Mapping[Scope, str]] = {
    Scope.READ: "See everything",
    Scope.WRITE: "Make, change and delete",
    Scope.APPROVE: "Approve entries",
    Scope.ADMIN: "Administer",
}


def granted(scopes: frozenset[str]) -> str:
    """What some scopes allow, in words; empty for nothing that is known here."""
    return ", ".join(text for scope, text in GRANTS.items() if scope in scopes)


KINDS: Final[Mapping[str, str]] = {
    ACCESS: "Token",
    REFRESH: "Refresh token, gets new tokens",
    "modulus": "Token of Modulus, lives minutes",
}
"""What kinds of tokens are called; an interface's own stand under its name."""

ROLES: Final[Mapping[Role, str]] = {
    Role.VIEWER: "Viewer: see everything",
    Role.ACCOUNTANT: "Accountant: make, change and delete too",
    Role.APPROVER: "Approver: see, and approve entries",
    Role.OWNER: "Owner: all that, settings and keys",
}
