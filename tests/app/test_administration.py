"""Who may administer what: nobody reaches into another company, or gives away what they lack."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from tests.support.clock import TestClock

from daybook.app import credentials
from daybook.app.access import ALL_SCOPES, OPERATOR, Principal, Scope
from daybook.app.administration import SUBJECT, Administration, Fault, Secret, Why
from daybook.app.credentials import NewToken
from daybook.app.ports import Directory, User
from daybook.app.roles import EVERY_COMPANY, Role, principal_of
from daybook.app.trail import Trail
from daybook.domain.ids import CompanyId

ONE, TWO = CompanyId(1), CompanyId(2)
PASSWORD = "correct horse"
READ = frozenset({Scope.READ})
ADDRESS = "https://app.example/back"


@pytest.fixture
def all_of_it(directory: Directory, clock: TestClock) -> Administration:
    return Administration(directory, clock, OPERATOR)


@pytest.fixture
def of_one(directory: Directory, clock: TestClock) -> Administration:
    principal = Principal("app", frozenset({ONE}), ALL_SCOPES, "ada")
    return Administration(directory, clock, principal, "192.0.2.1")


def why(found: object) -> Why:
    assert isinstance(found, Fault), found
    assert found.message
    return found.why


def made(found: object) -> Secret:
    assert isinstance(found, Secret), found
    return found


def user(found: object) -> User:
    assert isinstance(found, User), found
    return found


def test_people_are_made_and_withdrawn(of_one: Administration, directory: Directory) -> None:
    ada = user(of_one.make_user("ada", PASSWORD, {ONE: Role.OWNER}, {"email": "a@b.example"}))
    assert directory.user("ada") == ada
    assert PASSWORD not in repr(ada)
    assert of_one.users() == [ada]
    assert why(of_one.make_user("ada", PASSWORD, {ONE: Role.OWNER})) is Why.TAKEN
    token = credentials.issue(directory, TestClock(), NewToken("app", user="ada")).token
    assert user(of_one.withdraw_user("ada")).revoked_at is not None
    kept = directory.token(token.hash)
    assert kept is not None
    assert kept.revoked_at is not None
    assert user(of_one.make_user("ada", PASSWORD, {ONE: Role.VIEWER})).revoked_at is None


@pytest.mark.parametrize(
    ("name", "password", "profile"),
    [
        ("Ada", PASSWORD, {}),
        ("", PASSWORD, {}),
        ("ada", "short", {}),
        ("ada", "x" * 1_000, {}),
        ("ada", PASSWORD, {"shoe_size": "38"}),
        ("ada", PASSWORD, {"email": ""}),
        ("ada", PASSWORD, {"email": "a\nb"}),
    ],
)
def test_people_that_cannot_be(
    all_of_it: Administration, name: str, password: str, profile: dict[str, str]
) -> None:
    refused = all_of_it.make_user(name, password, {ONE: Role.VIEWER}, profile)
    assert why(refused) is Why.INVALID
    assert all_of_it.users() == []


def test_roles_change_and_end_the_tokens_that_relied_on_them(
    all_of_it: Administration, directory: Directory
) -> None:
    all_of_it.make_user("ada", PASSWORD, {ONE: Role.OWNER, TWO: Role.VIEWER})
    tokens = [
        credentials.issue(
            directory, TestClock(), NewToken("app", user="ada", company_ids=frozenset({each}))
        ).token.hash
        for each in (ONE, TWO)
    ]
    changed = user(all_of_it.set_role("ada", ONE, Role.APPROVER))
    assert dict(changed.roles) == {ONE: "approver", TWO: "viewer"}
    revoked = [token is not None and token.revoked_at for token in map(directory.token, tokens)]
    assert (bool(revoked[0]), revoked[1]) == (True, None)
    assert dict(user(all_of_it.set_role("ada", ONE, None)).roles) == {TWO: "viewer"}
    assert user(all_of_it.set_role("ada", TWO, None)).roles == ()
    last = directory.user("ada")
    assert last is not None
    assert (last.company_ids, last.scopes) == (frozenset(), frozenset())


def test_a_last_role_is_taken_by_who_can_give_another(
    of_one: Administration, all_of_it: Administration, directory: Directory
) -> None:
    all_of_it.make_user("ada", PASSWORD, {ONE: Role.OWNER})
    before = directory.user("ada")
    assert why(of_one.set_role("ada", ONE, None)) is Why.FORBIDDEN
    assert directory.user("ada") == before
    left = user(all_of_it.set_role("ada", ONE, None))
    assert not any(map(principal_of(left).may_open, (ONE, TWO)))
    ada = Administration(directory, TestClock(), principal_of(left))
    assert not ada.is_of_all
    assert not ada.users()
    assert of_one.user("ada") is None
    assert dict(user(all_of_it.set_role("ada", ONE, Role.VIEWER)).roles) == {ONE: "viewer"}
    all_of_it.set_role("ada", TWO, Role.VIEWER)
    assert dict(user(of_one.set_role("ada", ONE, None)).roles) == {TWO: "viewer"}


def test_scopes_of_an_earlier_version_become_the_role_that_they_are(
    all_of_it: Administration, directory: Directory
) -> None:
    old = User("old", "x", TestClock()(), frozenset({TWO}), frozenset({"read", "write"}))
    directory.put_user(old)
    changed = user(all_of_it.set_role("old", ONE, Role.VIEWER))
    assert dict(changed.roles) == {ONE: "viewer", TWO: "accountant"}
    directory.put_user(replace(old, scopes=frozenset({"write"})))
    assert why(all_of_it.set_role("old", ONE, Role.VIEWER)) is Why.INVALID


def test_who_administers_one_company_does_not_reach_another(
    of_one: Administration, all_of_it: Administration, directory: Directory
) -> None:
    all_of_it.make_user("bob", PASSWORD, {TWO: Role.OWNER})
    all_of_it.make_user("both", PASSWORD, {ONE: Role.VIEWER, TWO: Role.OWNER})
    all_of_it.make_user("every", PASSWORD, {EVERY_COMPANY: Role.VIEWER})
    other = made(all_of_it.make_client("other", frozenset({TWO}), READ))
    number = made(all_of_it.make_token(NewToken("other", company_ids=frozenset({TWO})))).number
    before = directory.credentials_version()

    assert [each.name for each in of_one.users()] == ["both"]
    assert of_one.user("bob") is of_one.user("every") is None
    assert of_one.client("other") is None
    assert not of_one.clients()
    assert not of_one.tokens()
    assert not of_one.sessions()
    for name in ("bob", "every", "nobody"):
        assert why(of_one.withdraw_user(name)) is Why.NOT_FOUND
        assert why(of_one.set_password(name, PASSWORD)) is Why.NOT_FOUND
        assert why(of_one.end_sessions(name)) is Why.NOT_FOUND
    assert why(of_one.withdraw_user("both")) is Why.FORBIDDEN
    assert why(of_one.set_password("both", PASSWORD)) is Why.FORBIDDEN
    assert why(of_one.withdraw_client("other")) is Why.NOT_FOUND
    assert why(of_one.new_secret(other.name)) is Why.NOT_FOUND
    assert why(of_one.withdraw_token(number)) is Why.NOT_FOUND
    assert why(of_one.set_role("both", TWO, Role.VIEWER)) is Why.FORBIDDEN
    assert why(of_one.set_role("both", EVERY_COMPANY, None)) is Why.FORBIDDEN
    assert why(of_one.make_user("eve", PASSWORD, {TWO: Role.VIEWER})) is Why.FORBIDDEN
    assert why(of_one.make_user("eve", PASSWORD, {EVERY_COMPANY: Role.VIEWER})) is Why.FORBIDDEN
    for companies in (frozenset({TWO}), frozenset({ONE, TWO}), frozenset[CompanyId]()):
        assert why(of_one.make_client("app", companies, READ)) is Why.FORBIDDEN
        assert why(of_one.make_token(NewToken("app", company_ids=companies))) is Why.FORBIDDEN
    assert directory.credentials_version() == before
    assert dict(user(of_one.set_role("both", ONE, Role.OWNER)).roles)[TWO] == "owner"


def test_nobody_gives_away_what_they_lack(directory: Directory, clock: TestClock) -> None:
    scopes = frozenset({Scope.READ, Scope.ADMIN})
    reader = Administration(directory, clock, Principal("app", frozenset({ONE}), scopes))
    assert why(reader.make_user("ada", PASSWORD, {ONE: Role.ACCOUNTANT})) is Why.FORBIDDEN
    assert why(reader.make_client("app", frozenset({ONE}), ALL_SCOPES)) is Why.FORBIDDEN
    wanted = NewToken("app", company_ids=frozenset({ONE}))
    assert why(reader.make_token(wanted)) is Why.FORBIDDEN
    assert made(reader.make_token(replace(wanted, scopes=READ))).number == 1


def test_roles_are_given_to_those_alone_who_concern_the_administrator(
    of_one: Administration, all_of_it: Administration, directory: Directory
) -> None:
    """A role is no way to get to know a stranger, or to end what they do elsewhere."""
    email = {"email": "c@b.example"}
    all_of_it.make_user("carol", PASSWORD, {TWO: Role.OWNER}, email)
    all_of_it.make_user("every", PASSWORD, {EVERY_COMPANY: Role.OWNER})
    before = directory.credentials_version()
    for name in ("carol", "every", "nobody"):
        refused = of_one.set_role(name, ONE, Role.VIEWER)
        assert refused == Fault(Why.NOT_FOUND, f"there is no user {name!r}")
        assert why(of_one.set_role(name, ONE, None)) is Why.NOT_FOUND
    assert directory.credentials_version() == before

    both = {ONE: Role.OWNER, TWO: Role.OWNER}
    assert user(all_of_it.make_user("both", PASSWORD, both, email)).profile
    opened = [frozenset({ONE}), frozenset({ONE, TWO}), frozenset({TWO}), frozenset[CompanyId]()]
    tokens = [
        credentials.issue(directory, TestClock(), NewToken("x", user="both", company_ids=each))
        for each in opened
    ]
    changed = user(of_one.set_role("both", ONE, Role.VIEWER))
    assert changed.profile == ()
    assert of_one.user("both") == changed
    assert of_one.users() == [changed]
    assert dict(user(all_of_it.user("both")).profile).items() >= email.items()
    kept = [directory.token(each.token.hash) for each in tokens]
    assert [each is not None and each.revoked_at is None for each in kept] == [
        False, True, True, True,
    ]  # fmt: skip
    assert [each.company_ids for each in kept[1:] if each is not None] == [
        {TWO}, {TWO}, frozenset(),
    ]  # fmt: skip


@pytest.mark.parametrize("change", ["role", "password", "secret", "user", "client"])
def test_a_change_does_not_bring_back_who_is_withdrawn_meanwhile(
    all_of_it: Administration, directory: Directory, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    all_of_it.make_user("mole", PASSWORD, {ONE: Role.OWNER})
    all_of_it.make_client("app", frozenset({ONE}), READ)
    read_user, read_client = directory.user, directory.client
    mole, app = read_user("mole"), read_client("app")
    all_of_it.withdraw_user("mole")
    all_of_it.withdraw_client("app")
    monkeypatch.setattr(directory, "user", lambda _: mole)
    monkeypatch.setattr(directory, "client", lambda _: app)
    changes: dict[str, Callable[[], object]] = {
        "role": lambda: all_of_it.set_role("mole", TWO, Role.VIEWER),
        "password": lambda: all_of_it.set_password("mole", PASSWORD * 2),
        "secret": lambda: all_of_it.new_secret("app"),
        "user": lambda: all_of_it.withdraw_user("mole"),
        "client": lambda: all_of_it.withdraw_client("app"),
    }
    assert why(changes[change]()) is Why.TAKEN
    for left in (read_user("mole"), read_client("app")):
        assert left is not None
        assert left.revoked_at is not None


@pytest.mark.parametrize("which", ["user", "client"])
def test_of_two_who_make_the_same_at_once_one_is_told(
    all_of_it: Administration, directory: Directory, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    """Both have looked before either has made it; neither has a password or secret of the other."""
    with monkeypatch.context() as patched:
        patched.setattr(directory, "user", lambda _: None)
        patched.setattr(directory, "client", lambda _: None)
        makes: dict[str, Callable[[str], object]] = {
            "user": lambda word: all_of_it.make_user("ada", word, {ONE: Role.OWNER}),
            "client": lambda _: all_of_it.make_client("app", frozenset({ONE}), READ),
        }
        first = makes[which](PASSWORD)
        kept = directory.users(), directory.clients()
        assert why(makes[which](PASSWORD * 2)) is Why.TAKEN
    assert not isinstance(first, Fault)
    assert (directory.users(), directory.clients()) == kept


def test_nobody_makes_tokens_for_who_is_withdrawn(all_of_it: Administration) -> None:
    """They would outlive the end of all others."""
    all_of_it.make_user("mole", PASSWORD, {ONE: Role.OWNER})
    wanted = NewToken("app", company_ids=frozenset({ONE}), user="mole")
    made(all_of_it.make_token(wanted))
    all_of_it.withdraw_user("mole")
    assert why(all_of_it.make_token(wanted)) is Why.FORBIDDEN
    assert all(token.revoked_at is not None for token in all_of_it.tokens())


def test_nobody_becomes_who_may_do_more(
    all_of_it: Administration, directory: Directory, clock: TestClock
) -> None:
    """Whoever sets a password can sign in with it, and use what a secret opens."""
    all_of_it.make_user("owner", PASSWORD, {ONE: Role.OWNER})
    all_of_it.make_user("viewer", PASSWORD, {ONE: Role.VIEWER})
    all_of_it.make_client("writer", frozenset({ONE}), ALL_SCOPES)
    all_of_it.make_client("reader", frozenset({ONE}), READ)
    scopes = frozenset({Scope.READ, Scope.ADMIN})
    reader = Administration(directory, clock, Principal("app", frozenset({ONE}), scopes))
    assert why(reader.set_password("owner", PASSWORD * 2)) is Why.FORBIDDEN
    assert why(reader.new_secret("writer")) is Why.FORBIDDEN
    for role in (Role.VIEWER, None):
        assert why(reader.set_role("owner", ONE, role)) is Why.FORBIDDEN
    assert why(reader.withdraw_user("owner")) is Why.FORBIDDEN
    assert user(reader.set_password("viewer", PASSWORD * 2)).name == "viewer"
    assert made(reader.new_secret("reader")).name == "reader"
    assert made(reader.new_secret("reader")).text.startswith("dbs_")
    everywhere = Administration(directory, clock, Principal("app", None, scopes))
    all_of_it.make_user("every", PASSWORD, {EVERY_COMPANY: Role.VIEWER, ONE: Role.OWNER})
    assert why(everywhere.set_password("every", PASSWORD * 2)) is Why.FORBIDDEN
    assert why(everywhere.withdraw_user("every")) is Why.FORBIDDEN
    assert why(everywhere.set_role("every", ONE, Role.VIEWER)) is Why.FORBIDDEN
    assert dict(user(everywhere.set_role("every", TWO, Role.VIEWER)).roles)[TWO] == "viewer"
    assert dict(user(all_of_it.set_role("every", EVERY_COMPANY, Role.OWNER)).roles)
    assert why(everywhere.set_role("every", EVERY_COMPANY, None)) is Why.FORBIDDEN
    old = User("old", "$", clock(), frozenset({TWO}), frozenset(ALL_SCOPES))
    directory.put_user(old)
    assert why(everywhere.set_role("old", TWO, Role.VIEWER)) is Why.FORBIDDEN
    assert dict(user(everywhere.set_role("old", ONE, Role.VIEWER)).roles)[TWO] == "owner"
    assert user(reader.withdraw_user("viewer")).revoked_at is not None


def test_a_company_that_does_not_exist(all_of_it: Administration) -> None:
    nowhere = frozenset({CompanyId(99)})
    assert why(all_of_it.make_client("app", nowhere, READ)) is Why.INVALID
    assert why(all_of_it.make_token(NewToken("app", company_ids=nowhere))) is Why.INVALID


def test_applications_and_their_secrets(of_one: Administration, directory: Directory) -> None:
    one = frozenset({ONE})
    first = made(of_one.make_client("app", one, READ, ["posts-at-once"], [ADDRESS, ADDRESS]))
    client = directory.client("app")
    assert client is not None
    assert (client.secret_hash, client.redirects) == (credentials.digest(first.text), (ADDRESS,))
    assert why(of_one.make_client("app", one, READ)) is Why.TAKEN
    second = made(of_one.new_secret("app"))
    assert second.text != first.text
    kept = of_one.client("app")
    assert kept is not None
    assert (kept.secret_hash, kept.redirects) == (credentials.digest(second.text), (ADDRESS,))
    token = credentials.issue(directory, TestClock(), NewToken("app", company_ids=one)).token
    of_one.withdraw_client("app")
    revoked = directory.token(token.hash)
    assert revoked is not None
    assert revoked.revoked_at is not None
    assert why(of_one.new_secret("app")) is Why.NOT_FOUND
    assert made(of_one.make_client("app", one, READ)).text != second.text


def test_a_client_is_of_those_who_have_it(
    of_one: Administration, all_of_it: Administration, directory: Directory
) -> None:
    """Interfaces believe the name of a client, so nobody takes one that others use."""
    one, two = frozenset({ONE}), frozenset({TWO})
    token = made(all_of_it.make_token(NewToken("nightly", company_ids=two)))
    made(all_of_it.make_token(NewToken("everywhere")))
    made(all_of_it.make_client("other", two, READ))
    before = directory.credentials_version()
    for name in ("nightly", "everywhere", "other"):
        assert why(of_one.make_token(NewToken(name, company_ids=one))) is Why.TAKEN
        assert why(of_one.make_client(name, one, READ)) is Why.TAKEN
    all_of_it.withdraw_token(token.number)
    assert why(of_one.make_token(NewToken("nightly", company_ids=one))) is Why.TAKEN
    assert directory.credentials_version() == before + 1
    assert made(of_one.make_client("mine", one, READ)).text
    assert made(of_one.make_token(NewToken("mine", company_ids=one))).text


def test_withdrawing_a_client_leaves_the_tokens_of_others(
    of_one: Administration, directory: Directory
) -> None:
    of_one.make_client("app", frozenset({ONE}), READ)
    made_for = [frozenset({ONE}), frozenset({credentials.NO_COMPANY}), frozenset({TWO})]
    tokens = [
        credentials.issue(directory, TestClock(), NewToken("app", company_ids=each)).token.hash
        for each in (*made_for, frozenset[CompanyId]())
    ]
    of_one.withdraw_client("app")
    kept = [
        token is not None and token.revoked_at is None for token in map(directory.token, tokens)
    ]
    assert kept == [False, False, True, True]


def test_applications_that_cannot_be(all_of_it: Administration) -> None:
    for options, redirects in (
        (["flies"], []),
        ([], ["http://app.example/"]),
        ([], ["https://app.example/#x"]),
        ([], [f"{ADDRESS}/{at}" for at in range(26)]),
    ):
        refused = all_of_it.make_client("app", frozenset(), READ, options, redirects)
        assert why(refused) is Why.INVALID


def test_everything_is_in_the_trail_and_no_secret_is(
    of_one: Administration, directory: Directory
) -> None:
    of_one.make_user("ada", PASSWORD, {ONE: Role.OWNER})
    of_one.set_password("ada", PASSWORD * 2)
    of_one.set_role("ada", ONE, Role.VIEWER)
    one = frozenset({ONE})
    texts = [PASSWORD, made(of_one.make_client("app", one, READ)).text]
    texts.append(made(of_one.new_secret("app")).text)
    token = made(of_one.make_token(NewToken("app", company_ids=one)))
    texts.append(token.text)
    of_one.withdraw_token(token.number)
    of_one.withdraw_client("app")
    of_one.end_sessions("ada")
    of_one.withdraw_user("ada")
    trail = Trail(directory, TestClock())
    founded = len(directory.company_ids())
    records = trail.records(founded)
    assert [record.what for record in records] == [
        "user-made", "user-changed", "user-changed", "client-made", "client-changed",
        "token-made", "token-withdrawn", "client-withdrawn", "session-ended", "user-withdrawn",
    ]  # fmt: skip
    assert {(each.client, each.user, each.peer) for each in records} == {
        ("app", "ada", "192.0.2.1")
    }
    assert list(trail.verify()) == []
    for text in texts:
        assert text not in repr(records)
        assert credentials.digest(text).hex() not in repr(records)


def test_a_new_password_ends_the_tokens_of_its_person_alone(
    all_of_it: Administration, directory: Directory, clock: TestClock
) -> None:
    for name in ("ada", "bob"):
        all_of_it.make_user(name, PASSWORD, {ONE: Role.OWNER})
    one = frozenset({ONE})
    for whose in ("ada", "bob", None):
        credentials.authorize(directory, clock, NewToken("app", company_ids=one, user=whose))
    user(all_of_it.set_password("ada", PASSWORD * 2))
    assert {token.user for token in directory.tokens() if token.revoked_at is None} == {
        "bob",
        None,
    }
    assert sum(token.user == "ada" for token in directory.tokens()) == 2


def test_the_next_person_of_a_name_is_another_to_programs(all_of_it: Administration) -> None:
    def subject() -> str:
        return dict(user(all_of_it.user("ada")).profile)[SUBJECT]

    roles = {ONE: Role.OWNER}
    all_of_it.make_user("ada", PASSWORD, roles, {"email": "ada@example.com"})
    first = subject()
    all_of_it.set_password("ada", PASSWORD * 2)
    all_of_it.set_role("ada", ONE, Role.VIEWER)
    assert subject() == first
    all_of_it.withdraw_user("ada")
    all_of_it.make_user("ada", PASSWORD, roles)
    assert subject() != first
    assert why(all_of_it.make_user("eve", PASSWORD, roles, {SUBJECT: first})) is Why.INVALID
