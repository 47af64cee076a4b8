"""Sessions begin with a password, end in every way they should, and leave no secret behind."""

from dataclasses import replace

import pytest
from tests.app.test_passwords import SCRYPT
from tests.auth.conftest import SECOND, HandClock
from tests.support.peers import joined

from daybook.app import passwords, session_records
from daybook.app.access import ALL_SCOPES, Scope
from daybook.app.ports import Directory, User
from daybook.app.roles import Role
from daybook.app.session_records import KIND, WIRE
from daybook.app.sessions import (
    IDLE_SECONDS,
    SESSION_SECONDS,
    Denial,
    Entered,
    NoSessions,
    NotEntered,
    Session,
)
from daybook.auth import sessions as module
from daybook.auth.demo import DemoCredentials
from daybook.auth.guesses import OF_NAME_MAX, OF_PAIR_MAX
from daybook.auth.people import People
from daybook.auth.sessions import StoreSessions
from daybook.auth.sign_in import StoreSignIn
from daybook.domain.ids import CompanyId

PASSWORD = "correct horse"
ONE, TWO, THREE = map(CompanyId, (1, 2, 3))
ROLES = ((ONE, "accountant"), (TWO, "viewer"))


def opened(directory: Directory, clock: HandClock, *, demo: bool = False) -> StoreSessions:
    words = DemoCredentials.of(directory) if demo else None
    return StoreSessions(directory, clock, People(directory, words), StoreSignIn(directory, words))


@pytest.fixture
def sessions(directory: Directory, clock: HandClock) -> StoreSessions:
    profile = (("email", "ada@example.com"),)
    ada = User("ada", passwords.hashed(PASSWORD), clock(), roles=ROLES, profile=profile)
    directory.put_user(ada)
    return opened(directory, clock)


def enter(sessions: StoreSessions, name: str = "ada", password: str = PASSWORD) -> Entered:
    entered = sessions.sign_in(name, password, "192.0.2.1")
    assert isinstance(entered, Entered)
    return entered


def found(sessions: StoreSessions, secret: str) -> Session:
    session = sessions.find(secret)
    assert session is not None
    return session


def test_a_session_stands_for_its_person(sessions: StoreSessions, clock: HandClock) -> None:
    entered = enter(sessions)
    session = found(sessions, entered.secret)
    assert session == entered.session
    assert (session.user, session.signed_in_at) == ("ada", clock.now)
    assert session.expires_at == clock.now + SESSION_SECONDS * SECOND
    assert dict(session.profile) == {"email": "ada@example.com"}
    assert [session.role(each) for each in (ONE, TWO, THREE)] == [
        Role.ACCOUNTANT,
        Role.VIEWER,
        None,
    ]
    principal = session.within(ONE)
    assert principal is not None
    assert (principal.client, principal.user) == ("web", "ada")
    assert principal.company_ids == frozenset({ONE})
    assert principal.scopes == {Scope.READ, Scope.WRITE}
    assert session.within(THREE) is None


def test_every_session_has_secrets_of_its_own(sessions: StoreSessions) -> None:
    first, second = enter(sessions), enter(sessions)
    assert first.secret != second.secret
    assert first.session.csrf_token != second.session.csrf_token
    assert found(sessions, first.secret).csrf_token == first.session.csrf_token


def test_only_hashes_are_kept(sessions: StoreSessions, directory: Directory) -> None:
    entered = enter(sessions)
    (document,) = directory.documents(WIRE, KIND)
    for secret in (entered.secret, entered.session.csrf_token, PASSWORD):
        assert secret not in document.key
        assert secret.encode() not in document.body


@pytest.mark.parametrize(
    ("name", "password"), [("ada", "wrong"), ("ada", ""), ("eve", PASSWORD), ("", "")]
)
def test_the_wrong_ones_are_not_let_in(sessions: StoreSessions, name: str, password: str) -> None:
    denied = sessions.sign_in(name, password, "192.0.2.1")
    assert denied == NotEntered(Denial.WRONG)
    assert "wrong" in denied.message


def test_guessing_ends(sessions: StoreSessions) -> None:
    for _ in range(OF_PAIR_MAX):
        assert sessions.sign_in("ada", "guess", "192.0.2.1") == NotEntered(Denial.WRONG)
    denied = sessions.sign_in("ada", PASSWORD, "192.0.2.1")
    assert isinstance(denied, NotEntered)
    assert denied.reason is Denial.THROTTLED
    assert denied.message == "Too many attempts have failed. Try again in 15 min."


def test_guessing_from_everywhere_shuts_nobody_out(sessions: StoreSessions) -> None:
    enter(sessions)
    for at in range(OF_NAME_MAX):
        assert sessions.sign_in("ada", "guess", f"198.51.100.{at}") == NotEntered(Denial.WRONG)
    denied = sessions.sign_in("ada", PASSWORD, "203.0.113.1")
    assert isinstance(denied, NotEntered)
    assert denied.reason is Denial.THROTTLED
    enter(sessions)


def test_processes_count_guesses_together(
    sessions: StoreSessions, directory: Directory, clock: HandClock
) -> None:
    people, believed = People(directory), StoreSignIn(directory)
    first, second = (
        StoreSessions(directory, clock, people, believed, peers=peers) for peers in joined()
    )
    for at in range(OF_PAIR_MAX):
        (first, second)[at % 2].sign_in("ada", "guess", "192.0.2.1")
    for each in (first, second):
        denied = each.sign_in("ada", PASSWORD, "192.0.2.1")
        assert isinstance(denied, NotEntered)
        assert denied.reason is Denial.THROTTLED


def test_signing_out(sessions: StoreSessions) -> None:
    entered, other = enter(sessions), enter(sessions)
    assert sessions.sign_out(entered.secret)
    assert not sessions.sign_out(entered.secret)
    assert sessions.find(entered.secret) is None
    found(sessions, other.secret)


def test_signing_out_everywhere(
    sessions: StoreSessions, directory: Directory, clock: HandClock
) -> None:
    directory.put_user(User("bob", passwords.hashed(PASSWORD), clock(), roles=ROLES))
    mine = [enter(sessions).secret for _ in range(3)]
    bobs = enter(sessions, "bob").secret
    assert sessions.sign_out_everywhere("ada") == 3
    assert [sessions.find(secret) for secret in mine] == [None] * 3
    found(sessions, bobs)


def test_an_idle_session_ends_and_a_used_one_ends_in_the_evening(
    sessions: StoreSessions, directory: Directory, clock: HandClock
) -> None:
    idle, used = enter(sessions).secret, enter(sessions).secret
    began = clock.now
    while clock.now < began + (SESSION_SECONDS - 1) * SECOND:
        clock.now += IDLE_SECONDS // 2 * SECOND
        if clock.now < began + SESSION_SECONDS * SECOND:
            found(sessions, used)
    assert sessions.find(idle) is None
    assert sessions.find(used) is None
    assert directory.count_documents(WIRE, KIND) == 0


def test_use_is_written_down_now_and_then(
    sessions: StoreSessions, directory: Directory, clock: HandClock
) -> None:
    secret = enter(sessions).secret
    for _ in range(10):
        clock.now += 10 * SECOND
        found(sessions, secret)
    (document,) = directory.documents(WIRE, KIND)
    assert document.version == 2


def test_a_withdrawn_person_is_out_at_once(
    sessions: StoreSessions, directory: Directory, clock: HandClock
) -> None:
    secret = enter(sessions).secret
    user = directory.user("ada")
    assert user is not None
    directory.put_user(replace(user, revoked_at=clock()))
    assert sessions.find(secret) is None


def test_another_password_ends_sessions_and_another_role_counts_at_once(
    sessions: StoreSessions, directory: Directory, clock: HandClock
) -> None:
    secret = enter(sessions).secret
    user = directory.user("ada")
    assert user is not None
    directory.put_user(replace(user, roles=((TWO, "owner"),)))
    session = found(sessions, secret)
    assert session.role(ONE) is None
    assert session.role(TWO) is Role.OWNER
    clock.now += SECOND
    directory.put_user(replace(user, created_at=clock()))
    assert sessions.find(secret) is None


def test_a_hash_of_an_earlier_version_is_made_anew(
    sessions: StoreSessions, directory: Directory
) -> None:
    user = directory.user("ada")
    assert user is not None
    directory.put_user(replace(user, password_hash=SCRYPT))
    secret = enter(sessions).secret
    kept = directory.user("ada")
    assert kept is not None
    assert not passwords.is_outdated(kept.password_hash)
    found(sessions, secret)
    enter(sessions)


def test_what_is_no_secret_finds_nothing(sessions: StoreSessions) -> None:
    for text in ("", "x", "\udcff", "x" * 10_000, "ü"):
        assert sessions.find(text) is None
        assert not sessions.sign_out(text)


def test_ended_sessions_are_removed_and_their_number_is_bounded(
    sessions: StoreSessions,
    directory: Directory,
    clock: HandClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "SESSIONS_MAX", 3)
    monkeypatch.setattr(session_records, "_PAGE", 2)
    secrets = []
    for _ in range(5):
        clock.now += SECOND
        secrets.append(enter(sessions).secret)
    assert directory.count_documents(WIRE, KIND) == 3
    alive = [sessions.find(secret) is not None for secret in secrets]
    assert alive == [False, False, True, True, True]
    clock.now += IDLE_SECONDS * SECOND
    enter(sessions)
    assert directory.count_documents(WIRE, KIND) == 1


def test_the_people_of_the_demo_own_their_company(directory: Directory, clock: HandClock) -> None:
    sessions = opened(directory, clock, demo=True)
    company, other = directory.by_slug("demo"), directory.by_slug("demo2")
    assert company is not None
    assert other is not None
    secret = enter(sessions, "demo", "demo").secret
    session = found(sessions, secret)
    principal = session.within(company)
    assert principal is not None
    assert principal.scopes == ALL_SCOPES
    assert (session.role(company), session.role(other)) == (Role.OWNER, None)
    assert opened(directory, clock).find(secret) is None  # served without the demo


def test_a_session_that_ends_while_it_is_looked_at(
    sessions: StoreSessions, directory: Directory, clock: HandClock
) -> None:
    """Another request is first: the use cannot be written down, and the session has ended."""
    secret = enter(sessions).secret
    clock.now += 100 * SECOND
    people, look = sessions._people, sessions._people.find

    class Late:
        def find(self, name: str) -> object:
            sessions._people = people
            opened(directory, clock).sign_out(secret)
            return look(name)

    sessions._people = Late()  # type: ignore[assignment]
    assert sessions.find(secret) is None


def test_no_sessions_let_nobody_in() -> None:
    nobody = NoSessions()
    assert nobody.sign_in("demo", "demo", "") == NotEntered(Denial.WRONG)
    assert nobody.find("x") is None
    assert not nobody.sign_out("x")
    assert nobody.sign_out_everywhere("demo") == 0


def test_a_name_longer_than_any_is_not_remembered_but_its_address_is(
    sessions: StoreSessions,
) -> None:
    for at in range(3):
        denied = sessions.sign_in(f"{at}" * 1_000, PASSWORD, "192.0.2.9")
        assert isinstance(denied, NotEntered)
        assert denied.reason is Denial.WRONG
    assert sum(map(len, sessions._guesses._failures)) == 1
