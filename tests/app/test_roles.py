"""Roles: what they allow, and where."""

from dataclasses import replace

import pytest
from tests.support.clock import START

from daybook.app.access import ALL_SCOPES, Principal, Scope
from daybook.app.ports import User
from daybook.app.roles import EVERY_COMPANY, SCOPES, Role, principal_of, role_of
from daybook.domain.ids import CompanyId

ONE, TWO, THREE = map(CompanyId, (1, 2, 3))
ADA = User("ada", "$", START)


def scopes_in(principal: Principal, company_id: CompanyId) -> frozenset[Scope]:
    return principal.within(company_id).scopes


@pytest.mark.parametrize("role", Role)
def test_the_role_of_its_scopes_is_itself(role: Role) -> None:
    assert role_of(SCOPES[role]) is role


def test_scopes_without_reading_are_no_role() -> None:
    assert role_of(frozenset({Scope.WRITE})) is role_of(frozenset()) is None


def test_a_role_in_each_company() -> None:
    roles = ((ONE, "viewer"), (TWO, "owner"))
    ada = principal_of(replace(ADA, roles=roles, scopes=frozenset({"admin"})))
    assert scopes_in(ada, ONE) == {Scope.READ}
    assert scopes_in(ada, TWO) == ALL_SCOPES
    assert scopes_in(ada, THREE) == frozenset()
    assert not ada.may_open(THREE)
    assert not ada.within(THREE).may_open(THREE)
    assert not ada.within(ONE).may_open(TWO)
    assert ada.scopes == {Scope.READ}  # what holds wherever no company is named


def test_a_role_in_every_company_gives_way_to_that_in_one() -> None:
    roles = ((EVERY_COMPANY, "accountant"), (TWO, "approver"))
    ada = principal_of(replace(ADA, roles=roles))
    assert ada.may_open(THREE)
    assert scopes_in(ada, THREE) == {Scope.READ, Scope.WRITE}
    assert scopes_in(ada, TWO) == {Scope.READ, Scope.APPROVE}
    assert ada.scopes == {Scope.READ}


def test_a_role_of_a_later_version_allows_nothing() -> None:
    ada = principal_of(replace(ADA, roles=((ONE, "emperor"),)))
    assert not ada.may_open(ONE)
    assert scopes_in(ada, ONE) == ada.scopes == frozenset()


@pytest.mark.parametrize("companies", [frozenset[CompanyId](), frozenset({ONE})])
def test_who_has_neither_role_nor_scopes_opens_nothing(companies: frozenset[CompanyId]) -> None:
    """No company is not every company."""
    for scopes in (frozenset[str](), frozenset({"x"})):
        ada = principal_of(replace(ADA, company_ids=companies, scopes=scopes))
        assert ada == Principal("ada", frozenset(), frozenset(), "ada")
        assert not ada.may_open(ONE)


def test_without_roles_companies_and_scopes_count() -> None:
    ada = principal_of(replace(ADA, company_ids=frozenset({ONE}), scopes=frozenset({"read", "x"})))
    assert ada == Principal("ada", frozenset({ONE}), frozenset({Scope.READ}), "ada")
    assert ada.within(ONE) is ada
    assert principal_of(replace(ADA, scopes=frozenset({"read"}))).company_ids is None
