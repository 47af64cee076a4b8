"""The ways through the pages, in the order in which they are offered.

A section stands here by the name of its first page's route, and is offered where that route is.
"""

from typing import Final

from daybook.app.access import Scope
from daybook.domain.values import value


@value
class Section:
    """A part of the pages. `route` names its first page, `scope` what it takes to see it."""

    title: str
    route: str
    scope: Scope = Scope.READ


SECTIONS: Final = (
    Section("Journal", "journal"),
    Section("Approvals", "approvals"),
    Section("Accounts", "accounts"),
    Section("Reports", "reports"),
    Section("Import", "import", Scope.WRITE),
    Section("Operations", "operations"),
    Section("Activity", "activity"),
    Section("Keys", "keys", Scope.ADMIN),
    Section("Audit", "audit"),
)
