"""Users from the command line: the password is printed once, and proves itself over SQL."""

from tests.cli.conftest import Terminal

from daybook.app.access import Scope
from daybook.auth.logins import StoreLogins


def test_the_password_alone_is_on_standard_output(shop: Terminal) -> None:
    password = shop.ok("user", "create", "ada", "--company", "mill", "--scope", "read").strip()
    assert "shown only now" in shop.err
    assert len(password) == 24
    store = shop.open_store("sqlite:///daybook.db")
    login = StoreLogins(store.directory).login("ada")
    store.close()
    assert login is not None
    assert login.verifier.startswith("SCRAM-SHA-256$4096:")
    assert password not in login.verifier
    assert (login.principal.user, login.principal.scopes) == ("ada", frozenset({Scope.READ}))
    _, row = shop.ok("user", "list").splitlines()
    assert row.split()[:3] == ["ada", "mill", "read"]


def test_a_user_is_revoked(shop: Terminal) -> None:
    shop.ok("user", "create", "ada")
    assert shop.ok("user", "revoke", "ada") == "User ada is revoked.\n"
    assert "revoked" in shop.ok("user", "list")
    store = shop.open_store("sqlite:///daybook.db")
    assert StoreLogins(store.directory).login("ada") is None
    store.close()
    assert shop.fails("user", "revoke", "bob") == "there is no user bob"


def test_a_name_is_plain(shop: Terminal) -> None:
    assert shop.fails("user", "create", "a b").startswith("a name has")
