"""The demo's credentials, which everyone knows.

They exist in the memory of a server that was started as a demo and nowhere else: nothing of them
is in the store, so the same books served without the switch do not know them. Each demo company
has credentials spelled like its slug, which open that company alone.
"""

from dataclasses import dataclass
from typing import Final

from daybook.app.access import ALL_SCOPES, Authenticator, Principal, Rejection
from daybook.app.ports import Directory
from daybook.domain.ids import CompanyId

DEMO_SLUGS: Final = ("demo", "demo2")
"""The slugs of the demo companies."""


@dataclass(frozen=True, slots=True)
class DemoCredentials:
    """The demo companies of a store, by the word that is every one of their credentials."""

    companies: dict[str, CompanyId]

    @classmethod
    def of(cls, directory: Directory) -> "DemoCredentials":
        """The credentials for those demo companies that a store has."""
        found = ((slug, directory.by_slug(slug)) for slug in DEMO_SLUGS)
        return cls({slug: company_id for slug, company_id in found if company_id is not None})

    def principal(self, word: str) -> Principal | None:
        """Whom a credential stands for, or None if it is not one of the demo's."""
        company_id = self.companies.get(word)
        if company_id is None:
            return None
        return Principal(word, frozenset((company_id,)), ALL_SCOPES, word)

    def profile(self, word: str) -> tuple[tuple[str, str], ...]:
        """What is known of the person who is called like a credential."""
        return (("email", f"{word}@example.com"), ("given_name", word.title()))


class DemoAuthenticator:
    """Believes the demo's tokens, and whatever the authenticator behind it believes."""

    def __init__(self, credentials: DemoCredentials, behind: Authenticator) -> None:
        self._believed = {word: credentials.principal(word) for word in credentials.companies}
        self._behind = behind

    def authenticate(self, token: str) -> Principal | Rejection:
        """Who a bearer token stands for, or why it is not believed."""
        return self._believed.get(token) or self._behind.authenticate(token)
