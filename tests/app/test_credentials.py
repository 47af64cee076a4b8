"""Tokens: shown once, kept as a hash, believed until revoked or expired."""

import threading
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from tests.support.clock import START, TestClock

from daybook.app import credentials
from daybook.app.access import ALL_SCOPES, Rejection, Scope
from daybook.app.credentials import NewToken, issue, revoke, revoke_number
from daybook.app.ports import Store
from daybook.domain.ids import CompanyId, Timestamp
from daybook.storage import open_store


@pytest.fixture
def store() -> Store:
    return open_store("memory://")


def test_only_the_hash_is_kept(store: Store) -> None:
    issued = issue(store.directory, TestClock(), NewToken("app", label="nightly"))
    assert issued.text.startswith("dba_")
    assert len(issued.text) > 40
    assert issued.token.hash == sha256(issued.text.encode()).digest()
    assert store.directory.token(credentials.digest(issued.text)) == issued.token
    assert issued.text not in repr(store.directory.tokens())


def test_tokens_differ_and_are_numbered(store: Store) -> None:
    issued = [issue(store.directory, TestClock(), NewToken("app")) for _ in range(3)]
    assert len({each.text for each in issued}) == 3
    assert [each.token.number for each in issued] == [1, 2, 3]


def test_a_token_stands_for_what_was_wanted(store: Store) -> None:
    wanted = NewToken(
        "app", company_ids=frozenset({CompanyId(7)}), scopes=frozenset({Scope.READ}), user="ada"
    )
    principal = credentials.principal(issue(store.directory, TestClock(), wanted).token)
    assert (principal.client, principal.user) == ("app", "ada")
    assert principal.may_open(CompanyId(7))
    assert not principal.may_open(CompanyId(8))
    assert principal.scopes == {Scope.READ}


def test_a_token_without_companies_opens_all(store: Store) -> None:
    principal = credentials.principal(issue(store.directory, TestClock(), NewToken("a")).token)
    assert principal.may_open(CompanyId(99))
    assert principal.scopes == ALL_SCOPES


def test_when_a_token_is_not_believed(store: Store) -> None:
    wanted = NewToken("app", lifetime_us=1_000)
    token = issue(store.directory, TestClock(), wanted).token
    assert credentials.fault(token, Timestamp(START + 999)) is None
    assert credentials.fault(token, Timestamp(START + 1_000)) is Rejection.EXPIRED
    assert credentials.fault(None, START) is Rejection.UNKNOWN
    revoked = revoke(store.directory, TestClock(), token.hash)
    assert credentials.fault(revoked, START) is Rejection.REVOKED


def test_a_token_goes_with_the_one_it_was_made_with(store: Store) -> None:
    directory, clock = store.directory, TestClock()
    first = issue(directory, clock, NewToken("app")).token
    second = issue(directory, clock, NewToken("app", parent=first.hash)).token
    third = issue(directory, clock, NewToken("other", parent=second.hash)).token
    beside = issue(directory, clock, NewToken("app")).token
    gone = revoke_number(directory, clock, second.number)
    assert [each.number for each in gone] == [second.number, third.number]
    assert directory.token(first.hash) == first
    assert directory.token(beside.hash) == beside
    assert revoke(directory, clock, b"nobody's") is None


def test_the_first_time_of_revocation_stays(store: Store) -> None:
    token = issue(store.directory, TestClock(), NewToken("app")).token
    (first,) = revoke_number(store.directory, TestClock(START + 5), token.number)
    (again,) = revoke_number(store.directory, TestClock(START + 9), token.number)
    assert first.revoked_at == START + 5
    assert again == first
    assert revoke_number(store.directory, TestClock(), 99) == []
    assert revoke(store.directory, TestClock(), b"unknown") is None


def test_a_client_gets_a_secret_and_may_get_another(store: Store) -> None:
    first = credentials.register(store.directory, TestClock(), "billing").secret
    assert credentials.register(store.directory, TestClock(), "billing").secret is None
    second = credentials.register(store.directory, TestClock(), "billing", anew=True).secret
    client = store.directory.client("billing")
    assert client is not None
    assert first is not None
    assert second is not None
    assert first.startswith("dbs_")
    assert first != second
    assert client.secret_hash == credentials.digest(second)


def test_a_secret_that_is_made_twice_at_once_is_one_of_both(store: Store) -> None:
    together = threading.Barrier(2)

    def register(_: int) -> str:
        together.wait(20)
        made = credentials.register(store.directory, TestClock(), "billing", anew=True)
        assert made.secret is not None
        return made.secret

    with ThreadPoolExecutor(2) as pool:
        secrets = set(pool.map(register, range(2)))
    client = store.directory.client("billing")
    assert client is not None
    assert client.secret_hash in {credentials.digest(secret) for secret in secrets}


def test_an_authorization_is_two_tokens_with_lives_of_their_own(store: Store) -> None:
    wanted = NewToken("billing", label="shop", scopes=frozenset({Scope.READ}))
    made = credentials.authorize(store.directory, TestClock(), wanted)
    refresh, access = made.refresh.token, made.access.token
    assert (refresh.kind, access.kind) == ("refresh", "access")
    assert (refresh.label, access.label) == ("shop", f"grant {refresh.hash.hex()[:32]}")
    assert refresh.scopes == access.scopes == {"read"}
    lives = [(each.expires_at or 0) - each.created_at for each in (refresh, access)]
    assert lives == [101 * 86_400 * 1_000_000, 3_600 * 1_000_000]


@pytest.mark.parametrize("text", ["", "a b", "a:b", "caf\u00e9", "x" * 101])
def test_some_texts_are_no_client_ids(text: str) -> None:
    assert not credentials.is_client_id(text)
    assert credentials.is_client_id("billing")
