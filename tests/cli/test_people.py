"""Applications and users from the command line, and the settings of a company."""

import getpass
import io

import pytest
from tests.cli.conftest import Terminal

from daybook.app import passwords
from daybook.app.administration import SUBJECT
from daybook.app.credentials import NewToken, digest, issue
from daybook.app.ports import Client, User
from daybook.domain.ids import Timestamp


def client(shop: Terminal, name: str) -> Client | None:
    store = shop.open_store("sqlite:///daybook.db")
    found = store.directory.client(name)
    store.close()
    return found


def user(shop: Terminal, name: str) -> User | None:
    store = shop.open_store("sqlite:///daybook.db")
    found = store.directory.user(name)
    store.close()
    return found


def test_an_application_and_its_secret(shop: Terminal) -> None:
    options = ("--company", "mill", "--scope", "write", "--option", "posts-at-once")
    secret = shop.ok("client", "create", "billing", *options).strip()
    assert "not shown again" in shop.err
    kept = client(shop, "billing")
    assert kept is not None
    assert kept.secret_hash == digest(secret)
    assert (kept.scopes, kept.options) == (frozenset({"write"}), frozenset({"posts-at-once"}))
    _, row = shop.ok("client", "list").splitlines()
    assert row.split() == ["billing", "mill", "write", "posts-at-once", "valid"]
    assert "revoke it first" in shop.fails("client", "create", "billing")


def test_an_application_is_revoked_with_its_tokens(shop: Terminal) -> None:
    shop.ok("client", "create", "billing")
    store = shop.open_store("sqlite:///daybook.db")
    issue(store.directory, shop.clock, NewToken("billing"))
    issue(store.directory, shop.clock, NewToken("other"))
    store.close()
    shop.ok("client", "revoke", "billing")
    assert shop.ok("client", "list").split()[-1] == "revoked"
    states = [line.split()[-1] for line in shop.ok("token", "list").splitlines()[1:]]
    assert states == ["revoked", "valid"]
    shop.ok("client", "revoke", "billing")
    assert "no client 'x'" in shop.fails("client", "revoke", "x")
    again = shop.ok("client", "create", "billing").strip()
    kept = client(shop, "billing")
    assert kept is not None
    assert (kept.secret_hash, kept.revoked_at) == (digest(again), None)


@pytest.mark.parametrize("name", ["", "Ada", "user:ada", "a b", "x" * 64, "-x"])
def test_names_that_cannot_be(shop: Terminal, name: str) -> None:
    assert shop.run("client", "create", f"{name}") == 2
    assert shop.run("user", "create", f"{name}") == 2


def test_a_user_with_a_password(shop: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda: "correct horse")
    shop.ok("user", "create", "ada", "--company", "mill", "--scope", "approve")
    kept = user(shop, "ada")
    assert kept is not None
    assert passwords.is_password("correct horse", kept.password_hash)
    assert shop.ok("user", "list").splitlines()[1].split() == ["ada", "mill", "approve", "valid"]
    monkeypatch.setattr("sys.stdin", io.StringIO("battery staple\n"))
    shop.ok("user", "create", "ada", "--password-stdin")
    assert shop.ok("user", "list").splitlines()[1].split()[:3] == ["ada", "all", "companies"]
    for short in ("short\n", "\n", "x" * 257 + "\n"):
        monkeypatch.setattr("sys.stdin", io.StringIO(short))
        assert "8 to 256" in shop.fails("user", "create", "bob", "--password-stdin")


def test_tokens_end_with_the_password_they_were_given_under(
    shop: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda: "correct horse")
    shop.ok("user", "create", "ada")
    store = shop.open_store("sqlite:///daybook.db")
    for name in ("ada", "bob"):
        issue(store.directory, lambda: Timestamp(1), NewToken("app", user=name))
    store.close()
    shop.ok("user", "create", "ada")
    store = shop.open_store("sqlite:///daybook.db")
    assert [each.user for each in store.directory.tokens() if each.revoked_at is None] == ["bob"]
    store.close()


def test_a_user_stands_for_the_same_person_until_revoked(
    shop: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda: "correct horse")
    profiles = []
    for then in ("create", "revoke"):
        shop.ok("user", "create", "ada")
        kept = user(shop, "ada")
        assert kept is not None
        profiles.append(dict(kept.profile))
        if then == "revoke":
            shop.ok("user", "revoke", "ada")
    shop.ok("user", "create", "ada")
    another = user(shop, "ada")
    assert another is not None
    assert profiles[0] == profiles[1]
    assert dict(another.profile)[SUBJECT] != profiles[0][SUBJECT]


def test_of_two_who_make_the_same_user_at_once_one_is_told(
    shop: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other one is done while this one hashes the password."""

    def hashed(_: str) -> str:
        store = shop.open_store("sqlite:///daybook.db")
        store.directory.put_user(User("ada", "first", Timestamp(1)))
        store.close()
        return "second"

    monkeypatch.setattr(getpass, "getpass", lambda: "correct horse")
    monkeypatch.setattr(passwords, "hashed", hashed)
    assert "at the same time" in shop.fails("user", "create", "ada")
    kept = user(shop, "ada")
    assert kept is not None
    assert kept.password_hash == "first"


def test_a_password_that_nobody_can_be_asked_for(
    shop: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody() -> str:
        raise EOFError

    monkeypatch.setattr(getpass, "getpass", nobody)
    assert "--password-stdin" in shop.fails("user", "create", "ada")
    assert user(shop, "ada") is None


def test_a_user_is_revoked_with_their_tokens(
    shop: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getpass", lambda: "correct horse")
    shop.ok("user", "create", "ada")
    store = shop.open_store("sqlite:///daybook.db")
    issue(store.directory, shop.clock, NewToken("user:ada", user="ada"))
    store.close()
    shop.ok("user", "revoke", "ada")
    shop.ok("user", "revoke", "ada")
    assert shop.ok("user", "list").split()[-1] == "revoked"
    assert "revoked" in shop.ok("token", "list")
    assert "no user 'x'" in shop.fails("user", "revoke", "x")


def test_settings_of_a_company(shop: Terminal) -> None:
    before = shop.ok("company", "settings")
    assert before.splitlines() == [
        "four eyes       off",
        "unique numbers  off",
        "closed through  none",
    ]
    options = ("--four-eyes", "on", "--unique-numbers", "on", "--closed-through", "2025-12-31")
    assert shop.ok("company", "settings", *options).splitlines() == [
        "four eyes       on",
        "unique numbers  on",
        "closed through  2025-12-31",
    ]
    shop.ok("company", "settings", "--four-eyes", "off", "--unique-numbers", "off")
    assert shop.ok("company", "settings", "--closed-through", "none") == before
    assert shop.run("company", "settings", "--closed-through", "soon") == 2


def test_a_user_with_roles(shop: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n"))
    roles = ("--role", "mill=viewer", "--role", "*=approver", "--email", "ada@example.com")
    shop.ok("user", "create", "ada", "--password-stdin", *roles)
    kept = user(shop, "ada")
    assert kept is not None
    assert [role for _, role in kept.roles] == ["approver", "viewer"]
    assert kept.roles[0][0] == 0
    assert set(dict(kept.profile)) == {"email", SUBJECT}
    assert dict(kept.profile)["email"] == "ada@example.com"
    assert shop.ok("user", "list").splitlines()[1].split() == [
        "ada",
        "*=approver",
        "mill=viewer",
        "valid",
    ]


def test_roles_that_cannot_be(shop: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n" * 2))
    both = ("--role", "mill=viewer", "--scope", "read")
    assert "goes without" in shop.fails("user", "create", "ada", "--password-stdin", *both)
    unknown = ("--role", "x=viewer")
    assert "no company 'x'" in shop.fails("user", "create", "ada", "--password-stdin", *unknown)
    for role in ("viewer", "mill=emperor"):
        assert shop.run("user", "create", "ada", "--role", role) == 2
        assert "COMPANY=ROLE" in shop.err
