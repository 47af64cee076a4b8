"""Who asks is judged by the moment at which something is kept, not by that at which they asked."""

from collections.abc import Callable

import pytest
from tests.support.clock import TestClock

from daybook.app import credentials
from daybook.app.access import ALL_SCOPES, OPERATOR, Principal, Scope
from daybook.app.administration import Administration, Fault, Why
from daybook.app.credentials import NewToken
from daybook.app.ports import Directory, Token, User
from daybook.app.powers import Powers, Standing, of_session, of_token
from daybook.app.roles import EVERY_COMPANY, Role, principal_of
from daybook.domain.ids import CompanyId

ONE, TWO = CompanyId(1), CompanyId(2)
ONLY_ONE = frozenset({ONE})
PASSWORD = "correct horse"
READ = frozenset({Scope.READ})

ACTS: dict[str, Callable[[Administration], object]] = {
    "token": lambda does: does.make_token(NewToken("job", company_ids=ONLY_ONE)),
    "client": lambda does: does.make_client("job", ONLY_ONE, ALL_SCOPES),
    "secret": lambda does: does.new_secret("app"),
    "user": lambda does: does.make_user("eve", PASSWORD, {ONE: Role.OWNER}),
    "role": lambda does: does.set_role("vera", ONE, Role.OWNER),
    "password": lambda does: does.set_password("vera", PASSWORD * 2),
    "withdrawal": lambda does: does.withdraw_user("vera"),
    "end": lambda does: does.withdraw_client("app"),
}
ENDS: dict[str, Callable[[Administration], object]] = {
    "withdrawn": lambda does: does.withdraw_user("ada"),
    "another password": lambda does: does.set_password("ada", PASSWORD * 2),
    "another role": lambda does: does.set_role("ada", ONE, Role.ACCOUNTANT),
    "no role": lambda does: does.set_role("ada", ONE, None),
}


@pytest.fixture
def operator(directory: Directory, clock: TestClock) -> Administration:
    """Who has made an owner, a viewer and an application of the first company."""
    operator = Administration(directory, clock, OPERATOR)
    for name, role in (("ada", Role.OWNER), ("vera", Role.VIEWER)):
        directory.put_user(User(name, "$", clock(), roles=((ONE, role.value),)))
    operator.make_client("app", ONLY_ONE, READ)
    return operator


def session_of_ada(directory: Directory, clock: TestClock) -> tuple[Principal, Standing]:
    ada = directory.user("ada")
    assert ada is not None
    principal = principal_of(ada).through("web")
    return principal, of_session(principal, clock())


def token_of_ada(directory: Directory, clock: TestClock) -> tuple[Principal, Standing]:
    wanted = NewToken("job", company_ids=ONLY_ONE, user="ada")
    token = credentials.issue(directory, clock, wanted).token
    principal = credentials.principal(token)
    return principal, of_token(principal, token.hash, clock)


@pytest.mark.parametrize("began", [session_of_ada, token_of_ada])
@pytest.mark.parametrize("end", ENDS)
def test_who_is_ended_while_a_request_is_under_way_does_nothing_any_more(
    operator: Administration,
    directory: Directory,
    clock: TestClock,
    began: Callable[[Directory, TestClock], tuple[Principal, Standing]],
    end: str,
) -> None:
    principal, standing = began(directory, clock)
    ada = Administration(directory, clock, principal, standing=standing)
    assert not isinstance(ENDS[end](operator), Fault)
    before = directory.users(), directory.clients(), directory.tokens()
    for act in ACTS.values():
        refused = act(ada)
        assert isinstance(refused, Fault)
        assert refused.why is Why.FORBIDDEN
    assert (directory.users(), directory.clients(), directory.tokens()) == before


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("began", [session_of_ada, token_of_ada])
def test_who_is_still_the_same_goes_on(
    operator: Administration,
    directory: Directory,
    clock: TestClock,
    began: Callable[[Directory, TestClock], tuple[Principal, Standing]],
    act: str,
) -> None:
    operator.set_role("ada", TWO, Role.VIEWER)
    principal, standing = began(directory, clock)
    ada = Administration(directory, clock, principal, standing=standing)
    assert not isinstance(ACTS[act](ada), Fault)


def test_who_is_not_kept_stays_who_they_are(directory: Directory, clock: TestClock) -> None:
    """The demo's people and words are in the memory of the server alone."""
    demo = Principal("demo", ONLY_ONE, ALL_SCOPES, "demo")
    for standing in (of_session(demo, clock()), of_token(demo, bytes(32), clock)):
        assert standing(directory) == demo


def test_a_token_that_expires_meanwhile_ends_its_caller(
    directory: Directory, clock: TestClock
) -> None:
    token: Token = credentials.issue(directory, clock, NewToken("job", lifetime_us=60)).token
    standing = of_token(OPERATOR, token.hash, clock)
    assert standing(directory) == credentials.principal(token)
    clock.now += 60
    assert standing(directory) is None


def test_powers_over_all_companies_take_the_scope_for_it() -> None:
    assert Powers(OPERATOR).are_of_all
    assert not Powers(Principal("app", None, READ)).owns(ONLY_ONE)
    every = Principal("app", None, READ, "ada", ((EVERY_COMPANY, ALL_SCOPES), (TWO, READ)))
    assert [Powers(every).owns(frozenset({each})) for each in (ONE, TWO)] == [True, False]
    assert not Powers(every).are_of_all
