"""Which bearer tokens are believed, and that the cache never outlives a revocation."""

import dataclasses

import pytest
from tests.auth.conftest import SECOND, HandClock

from daybook.app import credentials
from daybook.app.access import Principal, Rejection, Scope
from daybook.app.credentials import REFRESH, NewToken
from daybook.app.ports import Directory
from daybook.auth import tokens
from daybook.auth.tokens import StoreAuthenticator
from daybook.domain.ids import CompanyId

READS_ONE = NewToken(
    "billing", company_ids=frozenset((CompanyId(1),)), scopes=frozenset((Scope.READ,))
)


@pytest.fixture
def authenticator(directory: Directory, clock: HandClock) -> StoreAuthenticator:
    return StoreAuthenticator(directory, clock)


def test_a_token_stands_for_what_it_was_issued_for(
    directory: Directory, clock: HandClock, authenticator: StoreAuthenticator
) -> None:
    issued = credentials.issue(directory, clock, READS_ONE)
    for _ in range(2):
        found = authenticator.authenticate(issued.text)
        assert found == Principal("billing", frozenset((CompanyId(1),)), frozenset((Scope.READ,)))


def test_a_token_without_companies_opens_all(
    directory: Directory, clock: HandClock, authenticator: StoreAuthenticator
) -> None:
    issued = credentials.issue(directory, clock, NewToken("office"))
    found = authenticator.authenticate(issued.text)
    assert isinstance(found, Principal)
    assert found.company_ids is None


def test_a_revoked_token_is_refused_at_once(
    directory: Directory, clock: HandClock, authenticator: StoreAuthenticator
) -> None:
    issued = credentials.issue(directory, clock, READS_ONE)
    assert isinstance(authenticator.authenticate(issued.text), Principal)
    credentials.revoke(directory, clock, issued.token.hash)
    assert authenticator.authenticate(issued.text) is Rejection.REVOKED


def test_a_token_expires_also_while_it_is_remembered(
    directory: Directory, clock: HandClock, authenticator: StoreAuthenticator
) -> None:
    wanted = dataclasses.replace(READS_ONE, lifetime_us=10 * SECOND)
    issued = credentials.issue(directory, clock, wanted)
    assert isinstance(authenticator.authenticate(issued.text), Principal)
    clock.now += 10 * SECOND - 1
    assert isinstance(authenticator.authenticate(issued.text), Principal)
    clock.now += 1
    assert authenticator.authenticate(issued.text) is Rejection.EXPIRED


def test_a_refresh_token_opens_nothing(
    directory: Directory, clock: HandClock, authenticator: StoreAuthenticator
) -> None:
    issued = credentials.issue(directory, clock, NewToken("billing", kind=REFRESH))
    assert authenticator.authenticate(issued.text) is Rejection.UNKNOWN


@pytest.mark.parametrize(
    ("text", "rejection"),
    [
        ("", Rejection.MISSING),
        ("nobody", Rejection.UNKNOWN),
        ("dba_ümlaut", Rejection.MALFORMED),
        ("x" * 4_096, Rejection.UNKNOWN),
        ("x" * 4_097, Rejection.MALFORMED),
    ],
)
def test_other_texts_are_refused(
    authenticator: StoreAuthenticator, text: str, rejection: Rejection
) -> None:
    assert authenticator.authenticate(text) is rejection


def test_the_store_is_asked_once_for_a_known_token_and_memory_is_bounded(
    directory: Directory, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Counting:
        asked = 0

        def __getattr__(self, name: str) -> object:
            self.asked += name == "token"
            return getattr(directory, name)

    counting = Counting()
    authenticator = StoreAuthenticator(counting, clock)  # type: ignore[arg-type]
    monkeypatch.setattr(tokens, "CACHED_MAX", 3)
    texts = [credentials.issue(directory, clock, READS_ONE).text for _ in range(3)]
    for text in texts * 2:
        authenticator.authenticate(text)
    assert counting.asked == 3
    for number in range(10):
        authenticator.authenticate(f"stranger {number}")
    authenticator.authenticate(texts[0])
    assert counting.asked == 13, "strangers must not drive out those who are known"
    extra = credentials.issue(directory, clock, READS_ONE).text
    for text in [*texts, extra]:
        authenticator.authenticate(text)
    _, believed = authenticator._kept
    assert len(believed) <= 3


def test_a_token_is_believed_by_its_hash_as_long_as_by_its_text(
    directory: Directory, clock: HandClock, authenticator: StoreAuthenticator
) -> None:
    issued = credentials.issue(directory, clock, READS_ONE)
    assert authenticator.holder(issued.token.hash) == authenticator.authenticate(issued.text)
    credentials.revoke(directory, clock, issued.token.hash)
    assert authenticator.holder(issued.token.hash) is Rejection.REVOKED
    assert authenticator.holder(credentials.digest("nobody's")) is Rejection.UNKNOWN
