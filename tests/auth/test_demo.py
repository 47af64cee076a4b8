"""The demo's credentials open the demo's companies, and are nowhere in the store."""

from tests.auth.conftest import HandClock

from daybook.app.access import ALL_SCOPES, Principal, Rejection
from daybook.app.credentials import digest
from daybook.app.ports import Directory
from daybook.auth.demo import DemoAuthenticator, DemoCredentials
from daybook.auth.tokens import StoreAuthenticator
from daybook.storage import open_store


def test_each_word_opens_its_company_alone(directory: Directory, clock: HandClock) -> None:
    behind = StoreAuthenticator(directory, clock)
    authenticator = DemoAuthenticator(DemoCredentials.of(directory), behind)
    for word in ("demo", "demo2"):
        company_id = directory.by_slug(word)
        assert company_id is not None
        expected = Principal(word, frozenset((company_id,)), ALL_SCOPES, word)
        assert authenticator.authenticate(word) == expected
        assert authenticator.holder(digest(word)) == expected
        assert behind.authenticate(word) is Rejection.UNKNOWN
    assert authenticator.holder(digest("demo3")) is Rejection.UNKNOWN
    assert authenticator.authenticate("demo3") is Rejection.UNKNOWN
    assert authenticator.authenticate("") is Rejection.MISSING
    assert directory.tokens() == []


def test_a_store_without_the_demo_has_no_demo_credentials() -> None:
    assert DemoCredentials.of(open_store("memory://").directory).companies == {}
