"""What refresh tokens are good for, day by day."""

import threading
from pathlib import Path

import pytest
from tests.auth.conftest import DAY, SECOND, HandClock

from daybook.app import credentials
from daybook.app.access import Principal, Rejection, Scope
from daybook.app.credentials import ACCESS_SECONDS, REFRESH, REFRESH_SECONDS, NewToken
from daybook.app.ledger import system_clock
from daybook.app.ports import TOKENS_PRUNED_MAX, Client, Directory, User
from daybook.auth.demo import DemoAuthenticator, DemoCredentials
from daybook.auth.oauth import Granted, GrantRefusal, Grants, discovery, subject
from daybook.auth.tokens import StoreAuthenticator
from daybook.domain.ids import CompanyId, Timestamp
from daybook.storage import open_store


@pytest.fixture
def grants(directory: Directory, clock: HandClock) -> Grants:
    return Grants(directory, clock)


@pytest.fixture
def first(directory: Directory, clock: HandClock) -> str:
    """A client's first refresh token."""
    wanted = NewToken(
        "app",
        kind=REFRESH,
        company_ids=frozenset((CompanyId(1),)),
        scopes=frozenset((Scope.READ, Scope.WRITE)),
        user="ann",
        lifetime_us=REFRESH_SECONDS * SECOND,
    )
    return credentials.issue(directory, clock, wanted).text


def granted(found: Granted | GrantRefusal) -> Granted:
    assert isinstance(found, Granted), found
    return found


def test_an_access_token_opens_what_the_refresh_token_stands_for(
    grants: Grants, first: str, directory: Directory, clock: HandClock
) -> None:
    access = granted(grants.refresh("app", first)).access_token
    found = StoreAuthenticator(directory, clock).authenticate(access)
    scopes = frozenset((Scope.READ, Scope.WRITE))
    assert found == Principal("app", frozenset((CompanyId(1),)), scopes, "ann")
    clock.now += ACCESS_SECONDS * SECOND
    assert StoreAuthenticator(directory, clock).authenticate(access) is Rejection.EXPIRED


def test_within_a_day_the_refresh_token_stays(grants: Grants, first: str, clock: HandClock) -> None:
    clock.now += DAY - SECOND
    again = granted(grants.refresh("app", first))
    assert again.refresh_token == first
    assert again.refresh_seconds == REFRESH_SECONDS - 86_399


def test_after_a_day_it_rolls_and_the_old_one_serves_until_the_new_is_used(
    grants: Grants, first: str, clock: HandClock
) -> None:
    clock.now += DAY
    second = granted(grants.refresh("app", first))
    assert second.refresh_token != first
    assert second.refresh_seconds == REFRESH_SECONDS
    retried = granted(grants.refresh("app", first))
    assert retried.refresh_token not in (first, second.refresh_token)
    assert granted(grants.refresh("app", retried.refresh_token)).refresh_token
    assert grants.refresh("app", first) is GrantRefusal.INVALID


def test_of_two_successors_one_goes_on_and_the_other_ends_the_authorization(
    grants: Grants, first: str, clock: HandClock
) -> None:
    clock.now += DAY
    ours, theirs = (granted(grants.refresh("app", first)).refresh_token for _ in range(2))
    assert ours != theirs
    granted(grants.refresh("app", ours))
    granted(grants.refresh("app", ours))
    assert grants.refresh("app", theirs) is GrantRefusal.INVALID
    assert grants.refresh("app", ours) is GrantRefusal.INVALID, "the theft was seen"


def test_a_successor_that_was_never_used_ends_nothing(
    grants: Grants, first: str, clock: HandClock
) -> None:
    clock.now += DAY
    granted(grants.refresh("app", first))
    text = granted(grants.refresh("app", first)).refresh_token
    for _ in range(3):
        text = granted(grants.refresh("app", text)).refresh_token
        clock.now += DAY


def test_the_old_one_ends_a_day_after_it_rolled(
    grants: Grants, first: str, clock: HandClock
) -> None:
    clock.now += 2 * DAY
    granted(grants.refresh("app", first))
    clock.now += DAY - SECOND
    granted(grants.refresh("app", first))
    clock.now += SECOND
    assert grants.refresh("app", first) is GrantRefusal.INVALID


def test_a_refresh_token_that_is_not_used_ends(
    grants: Grants, first: str, clock: HandClock
) -> None:
    clock.now += REFRESH_SECONDS * SECOND
    assert grants.refresh("app", first) is GrantRefusal.INVALID


def test_a_client_that_refreshes_every_day_never_loses_access(
    grants: Grants, first: str, clock: HandClock
) -> None:
    text = first
    for _ in range(250):
        clock.now += DAY
        text = granted(grants.refresh("app", text)).refresh_token


def test_tokens_of_others_and_of_other_kinds_get_nothing(grants: Grants, first: str) -> None:
    access = granted(grants.refresh("app", first)).access_token
    assert grants.refresh("other", first) is GrantRefusal.NOT_ITS_CLIENTS
    assert grants.refresh("app", access) is GrantRefusal.NOT_ITS_CLIENTS
    assert grants.refresh("app", "unknown") is GrantRefusal.INVALID


@pytest.mark.parametrize("which", ["access", "refresh", "first"])
def test_revoking_one_token_ends_the_whole_authorization(
    grants: Grants, first: str, directory: Directory, clock: HandClock, which: str
) -> None:
    bystander = credentials.issue(directory, clock, NewToken("app")).text
    clock.now += DAY
    found = granted(grants.refresh("app", first))
    text = {"access": found.access_token, "refresh": found.refresh_token, "first": first}[which]
    assert not grants.revoke("other", text)
    assert grants.revoke("app", text)
    authenticator = StoreAuthenticator(directory, clock)
    assert authenticator.authenticate(found.access_token) is Rejection.REVOKED
    assert isinstance(authenticator.authenticate(bystander), Principal)
    assert grants.refresh("app", first) is GrantRefusal.INVALID
    assert grants.refresh("app", found.refresh_token) is GrantRefusal.INVALID
    assert not grants.revoke("app", "unknown")


def test_clients_prove_themselves_by_their_secret(grants: Grants, directory: Directory) -> None:
    import dataclasses

    client = Client("app", "App", credentials.digest("secret"), directory_time := grants._clock())
    directory.put_client(client)
    assert grants.is_client("app", "secret")
    assert not grants.is_client("app", "Secret")
    assert not grants.is_client("nobody", "secret")
    assert not grants.is_client("", "")
    assert not grants.is_client("demo", "demo"), "the demo's client exists in the demo alone"
    directory.put_client(dataclasses.replace(client, revoked_at=directory_time))
    assert not grants.is_client("app", "secret")


def test_the_demos_refresh_token_works_for_ever(directory: Directory, clock: HandClock) -> None:
    grants = Grants(directory, clock, DemoCredentials.of(directory))
    assert grants.is_client("demo", "demo")
    assert not grants.is_client("demo", "demo2")
    for _ in range(3):
        found = granted(grants.refresh("demo", "demo"))
        assert found.refresh_token == "demo"
        behind = StoreAuthenticator(directory, clock)
        assert behind.authenticate(found.access_token) is Rejection.UNKNOWN
        demo = DemoCredentials.of(directory)
        principal = DemoAuthenticator(demo, behind).authenticate(found.access_token)
        assert principal == demo.principal("demo")
        assert directory.tokens() == [], "nothing of the demo outlives its switch"
        clock.now += 200 * DAY
    assert grants.refresh("demo2", "demo") is GrantRefusal.NOT_ITS_CLIENTS
    assert grants.revoke("demo", "demo")
    assert not grants.revoke("demo2", "demo")
    granted(grants.refresh("demo", "demo"))


def test_the_discovery_document_points_back() -> None:
    document = discovery("http://127.0.0.1:8080")
    for member in (
        "issuer",
        "authorization_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
        "revocation_endpoint",
        "jwks_uri",
    ):
        assert str(document[member]).startswith("http://127.0.0.1:8080/")
    for member in (
        "response_types_supported",
        "subject_types_supported",
        "id_token_signing_alg_values_supported",
        "scopes_supported",
        "token_endpoint_auth_methods_supported",
        "claims_supported",
    ):
        assert isinstance(document[member], list)


def test_what_an_operator_authorizes_is_refreshed_and_revoked_as_one(
    grants: Grants, directory: Directory, clock: HandClock
) -> None:
    secret = credentials.register(directory, clock, "billing").secret
    assert secret is not None
    made = credentials.authorize(directory, clock, NewToken("billing", label="of the shop"))
    assert grants.is_client("billing", secret)
    granted = grants.refresh("billing", made.refresh.text)
    assert isinstance(granted, Granted)
    assert granted.refresh_token == made.refresh.text
    assert grants.revoke("billing", granted.access_token)
    believed = StoreAuthenticator(directory, clock)
    assert believed.authenticate(made.access.text) is Rejection.REVOKED
    assert grants.refresh("billing", made.refresh.text) is GrantRefusal.INVALID


@pytest.mark.parametrize("url", ["memory://", "sqlite"])
def test_a_revocation_during_a_refresh_is_not_undone(url: str, tmp_path: Path) -> None:
    """Many of both at once: however they interleave, nothing of the family is good afterwards."""
    store = open_store(f"sqlite:///{tmp_path}/books.db" if url == "sqlite" else url)
    for _ in range(20):
        made = credentials.authorize(store.directory, system_clock, NewToken("app"))
        grants = Grants(store.directory, lambda: Timestamp(system_clock() + 2 * 86_400_000_000))
        threads = [
            threading.Thread(target=grants.refresh, args=("app", made.refresh.text)),
            threading.Thread(target=grants.revoke, args=("app", made.access.text)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        family = credentials.family_of(made.refresh.token)
        members = [
            token for token in store.directory.tokens() if credentials.family_of(token) == family
        ]
        assert len(members) >= 2
        assert all(token.revoked_at is not None for token in members)
    store.close()


def test_what_ended_long_ago_is_forgotten_and_what_tells_of_thieves_is_not(
    grants: Grants, first: str, directory: Directory, clock: HandClock
) -> None:
    """A program that refreshes each day for a year keeps a few tokens, and a stolen one shows."""
    key = credentials.issue(directory, clock, NewToken("app", lifetime_us=1)).token
    kept, texts = [], [first]
    for _ in range(365):
        clock.now += DAY
        texts.append(granted(grants.refresh("app", texts[-1])).refresh_token)
        kept.append(len(directory.tokens()))
    assert max(kept) == kept[-1] < 120
    assert directory.token(key.hash) is not None, "no part of an authorization"
    assert directory.token(credentials.digest(first)) is None
    assert grants.refresh("app", first) is GrantRefusal.INVALID
    assert isinstance(grants.refresh("app", texts[-1]), Granted)
    assert grants.refresh("app", texts[-100]) is GrantRefusal.INVALID
    assert grants.refresh("app", texts[-1]) is GrantRefusal.INVALID, "it is in two hands"


def test_an_access_token_is_known_as_expired_for_some_days(
    grants: Grants, first: str, directory: Directory, clock: HandClock
) -> None:
    access = granted(grants.refresh("app", first)).access_token
    believed = StoreAuthenticator(directory, clock)
    found = []
    for _ in range(4):
        clock.now += DAY
        first = granted(grants.refresh("app", first)).refresh_token
        found.append(believed.authenticate(access))
    assert found == [Rejection.EXPIRED] * 3 + [Rejection.UNKNOWN]


def test_much_that_has_ended_is_forgotten_a_part_at_a_time(
    grants: Grants, first: str, directory: Directory, clock: HandClock
) -> None:
    label = credentials.grant_label("0" * 32)
    for _ in range(TOKENS_PRUNED_MAX + 500):
        credentials.issue(directory, clock, NewToken("old", label=label, lifetime_us=1))
    clock.now += 4 * DAY
    left = []
    for _ in range(2):
        first = granted(grants.refresh("app", first)).refresh_token
        left.append(sum(token.client == "old" for token in directory.tokens()))
    assert left == [500, 0]


def test_a_refresh_token_of_before_a_password_gets_nothing(
    grants: Grants, directory: Directory, clock: HandClock
) -> None:
    directory.put_user(User("ann", "", clock()))
    wanted = NewToken("app", user="ann", words=frozenset({"openid"}))
    text = credentials.authorize(directory, clock, wanted).refresh.text
    granted(grants.refresh("app", text))
    clock.now += SECOND
    directory.put_user(User("ann", "other", clock()))
    assert grants.refresh("app", text) is GrantRefusal.INVALID
    later = credentials.authorize(directory, clock, wanted).refresh.text
    granted(grants.refresh("app", later))


def test_a_subject_is_the_persons_own_or_made_of_the_name() -> None:
    assert subject("ann", [("email", "a@example.com"), ("subject", "drawn")]) == "drawn"
    assert subject("ann", ()) == subject("ann", [("email", "a@example.com")]) != subject("bob", ())
