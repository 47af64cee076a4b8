"""Applications that send people here to be let in, and the addresses they are sent back to.

An address is registered beforehand and compared as text, letter for letter: no pattern, no
default, no free port. In the demo, whose secrets everyone knows, any address on the machine itself
will do.
"""

from daybook.app.access import ALL_SCOPES, Scope
from daybook.app.ports import TokenTable
from daybook.app.redirects import is_loopback, redirect_fault
from daybook.app.roles import known_scopes
from daybook.auth.demo import DemoCredentials
from daybook.auth.people import NAME_LENGTH_MAX
from daybook.domain.ids import CompanyId
from daybook.domain.values import value


@value
class Application:
    """An application as people meet it. `company_ids` are those it may be let into; None: all."""

    id: str
    name: str
    redirects: tuple[str, ...]
    scopes: frozenset[Scope]
    company_ids: frozenset[CompanyId] | None
    any_loopback: bool = False

    def may_return_to(self, redirect: str) -> bool:
        """Whether people may be sent back to an address."""
        if redirect in self.redirects:
            return True
        return self.any_loopback and redirect_fault(redirect) is None and is_loopback(redirect)


class Applications:
    """The applications of a store, and the demo's."""

    def __init__(self, directory: TokenTable, demo: DemoCredentials | None = None) -> None:
        """See `People`."""
        self._directory = directory
        self._demo = demo or DemoCredentials({})

    def find(self, client_id: str) -> Application | None:
        """An application that has not been withdrawn, or None."""
        demo = self._demo.principal(client_id)
        if demo is not None:
            return Application(client_id, client_id, (), ALL_SCOPES, demo.company_ids, True)
        if len(client_id) > NAME_LENGTH_MAX:
            return None
        client = self._directory.client(client_id)
        if client is None or client.revoked_at is not None:
            return None
        scopes = known_scopes(client.scopes)
        companies = client.company_ids or None
        return Application(client.id, client.name, client.redirects, scopes, companies)
