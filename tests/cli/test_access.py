"""The trail of access and the sessions, from the command line."""

import io

import pytest
from tests.cli.conftest import Terminal

from daybook.app.documents import Document
from daybook.app.session_records import KIND, WIRE, Kept


@pytest.fixture
def ada(shop: Terminal, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse\n" * 3))
    shop.ok("user", "create", "ada", "--password-stdin", "--role", "mill=owner")
    return shop


def words(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()[1:]]


def begin(shop: Terminal, user: str, key: str) -> None:
    store = shop.open_store("sqlite:///daybook.db")
    now = shop.clock()
    body = b'{"user":"%b","began":%d,"seen":%d,"ends":%d}' % (user.encode(), now, now, now * 2)
    store.directory.put_document(Document(WIRE, KIND, key * 64, body), 0)
    store.close()
    assert Kept.__struct_fields__ == ("user", "began", "seen", "ends")


def test_what_was_done_is_listed(ada: Terminal) -> None:
    ada.ok("client", "create", "billing", "--company", "mill")
    ada.ok("token", "create", "--client", "job")
    ada.ok("token", "revoke", "1")
    ada.ok("client", "revoke", "billing")
    ada.ok("user", "role", "ada", "mill", "viewer")
    ada.ok("user", "revoke", "ada")
    rows = words(ada.ok("audit", "list"))
    assert [row[2:5] for row in rows] == [
        ["company-made", "mill", "operator"],
        ["user-made", "ada", "operator"],
        ["client-made", "billing", "operator"],
        ["token-made", "1", "operator"],
        ["token-withdrawn", "1", "operator"],
        ["client-withdrawn", "billing", "operator"],
        ["user-changed", "ada", "operator"],
        ["user-withdrawn", "ada", "operator"],
    ]
    assert [row[0] for row in words(ada.ok("audit", "list", "--lines", "2"))] == ["7", "8"]
    assert len(words(ada.ok("audit", "list", "--lines", "0"))) == 8
    assert [row[0] for row in words(ada.ok("audit", "list", "--company", "mill"))] == [
        "1",
        "2",
        "3",
        "6",
        "7",
        "8",
    ]


def test_what_an_oauth_client_gets_is_told_whole(shop: Terminal) -> None:
    command = ("token", "create", "--client", "ref", "--refresh", "--company")
    shop.ok("company", "create", "Shop", "--currency", "GBP")
    shop.ok(*command, "mill")
    shop.ok(*command, "shop", "--new-secret")
    rows = words(shop.ok("audit", "list"))
    assert [[row[2], row[3], *row[5:]] for row in rows] == [
        ["company-made", "mill", "mill", "Mill", "Road"],
        ["company-made", "shop", "shop", "Shop"],
        ["client-made", "ref", "mill"],
        ["token-made", "1", "mill", "for", "ref"],
        ["token-made", "2", "mill", "for", "ref"],
        ["client-changed", "ref", "shop", "companies"],
        ["client-changed", "ref", "shop", "secret"],
        ["token-made", "3", "shop", "for", "ref"],
        ["token-made", "4", "shop", "for", "ref"],
    ]


def test_a_trail_that_was_changed_shows(ada: Terminal) -> None:
    ada.ok("client", "create", "billing")
    assert "3 records, whole and unchanged" in ada.ok("audit", "verify")
    store = ada.open_store("sqlite:///daybook.db")
    document = store.directory.documents("auth", "trail")[1]
    body = document.body.replace(b'"ada"', b'"eve"')
    store.directory.put_document(Document("auth", "trail", document.key, body), 1)
    store.close()
    assert "not what was written" in ada.fails("audit", "verify")


def test_roles_are_changed(ada: Terminal) -> None:
    assert "ada has mill=approver" in ada.ok("user", "role", "ada", "mill", "approver")
    assert "ada has *=viewer mill=approver" in ada.ok("user", "role", "ada", "*", "viewer")
    ada.ok("user", "role", "ada", "*", "none")
    assert "ada has no role" in ada.ok("user", "role", "ada", "mill", "none")
    assert "no user 'eve'" in ada.fails("user", "role", "eve", "mill", "viewer")
    assert "no company 'x'" in ada.fails("user", "role", "ada", "x", "viewer")


def test_sessions_are_listed_and_ended(ada: Terminal) -> None:
    begin(ada, "ada", "a")
    begin(ada, "ada", "b")
    begin(ada, "bob", "c")
    rows = words(ada.ok("session", "list"))
    assert [row[:2] for row in rows] == [
        ["a" * 16, "ada"],
        ["b" * 16, "ada"],
        ["c" * 16, "bob"],
    ]
    ada.ok("session", "end", "a" * 16)
    assert "no session" in ada.fails("session", "end", "a" * 16)
    assert "no session" in ada.fails("session", "end", "b")
    ada.ok("session", "end", "--user", "ada")
    assert [row[1] for row in words(ada.ok("session", "list"))] == ["bob"]
    assert ada.run("session", "end") == 2


def test_a_revoked_user_is_signed_out(ada: Terminal) -> None:
    begin(ada, "ada", "a")
    ada.ok("user", "revoke", "ada")
    assert words(ada.ok("session", "list")) == []
