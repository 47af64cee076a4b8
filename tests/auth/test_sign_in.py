"""Applications and people who prove who they are."""

from dataclasses import replace

import pytest
from tests.auth.conftest import HandClock

from daybook.app import passwords
from daybook.app.access import ALL_SCOPES, Nobody, Principal, Scope
from daybook.app.credentials import digest
from daybook.app.ports import Client, Directory, User
from daybook.auth.demo import DemoCredentials
from daybook.auth.sign_in import StoreSignIn
from daybook.domain.ids import CompanyId

SCOPES = frozenset({"read", "approve", "of-a-later-version"})
COMPANIES = frozenset({CompanyId(1)})


@pytest.fixture
def kept(directory: Directory, clock: HandClock) -> Directory:
    client = Client("app", "App", digest("s3cret"), clock(), None, COMPANIES, SCOPES)
    user = User("ada", passwords.hashed("correct horse"), clock(), COMPANIES, SCOPES)
    directory.put_client(client)
    directory.put_client(replace(client, id="gone", revoked_at=clock()))
    directory.put_user(user)
    directory.put_user(replace(user, name="gone", revoked_at=clock()))
    return directory


def test_an_application(kept: Directory) -> None:
    sign_in = StoreSignIn(kept)
    expected = Principal("app", COMPANIES, frozenset({Scope.READ, Scope.APPROVE}))
    assert sign_in.application("app", "s3cret") == expected
    for name, secret in (("app", "S3cret"), ("app", ""), ("gone", "s3cret"), ("x", "s3cret")):
        assert sign_in.application(name, secret) is None
    assert sign_in.application("app" * 1_000, "s3cret") is None


def test_a_person(kept: Directory) -> None:
    sign_in = StoreSignIn(kept)
    expected = Principal("ada", COMPANIES, frozenset({Scope.READ, Scope.APPROVE}), "ada")
    assert sign_in.person("ada", "correct horse") == expected
    for name, password in (("ada", "x"), ("ada", ""), ("gone", "correct horse"), ("x", "")):
        assert sign_in.person(name, password) is None
    assert sign_in.person("ada" * 1_000, "correct horse") is None


def test_the_demo_is_its_own_secret_and_password(directory: Directory) -> None:
    sign_in = StoreSignIn(directory, DemoCredentials.of(directory))
    company_id = directory.by_slug("demo2")
    assert company_id is not None
    expected = Principal("demo2", frozenset({company_id}), ALL_SCOPES, "demo2")
    assert sign_in.application("demo2", "demo2") == expected
    assert sign_in.person("demo2", "demo2") == expected
    assert sign_in.application("demo2", "demo") is sign_in.person("demo", "demo2") is None
    assert StoreSignIn(directory).application("demo", "demo") is None


def test_an_application_without_named_companies_opens_all(
    directory: Directory, clock: HandClock
) -> None:
    directory.put_client(Client("app", "App", digest("s"), clock(), scopes=SCOPES))
    found = StoreSignIn(directory).application("app", "s")
    assert found is not None
    assert found.company_ids is None


def test_nobody_believes_nobody() -> None:
    assert Nobody().application("demo", "demo") is Nobody().person("demo", "demo") is None
