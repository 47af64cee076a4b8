"""What credentials allow and what they are, in words for people."""

from collections.abc import Mapping
from typing import Final

from daybook.app.access import Scope

GRANTS: Final[Mapping[Scope, str]] = {
    Scope.READ: "See everything",
    Scope.WRITE: "Make, change and delete",
    Scope.APPROVE: "Approve entries",
    Scope.ADMIN: "Administer",
}
