"""A store that has failed closed is read on: who has a session, a password or a token goes on.

What has to be kept before it counts, such as a new session or token, is answered with 503.
"""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from tests.faults.vfs import Disk, io_error
from tests.server.test_administration import Office
from tests.support.modulus import PEER, Wire
from tests.support.oauth import World
from tests.support.web import Pages

from daybook.app import passwords
from daybook.app.documents import Document
from daybook.app.ports import OutcomeUnknown, ReadOnly, Store
from daybook.app.trail import Trail
from daybook.auth.guard import StoreGuard
from daybook.auth.sessions import TOUCH_SECONDS
from daybook.auth.sign_in import StoreSignIn
from daybook.storage.sqlite.store import SqliteStore

SECOND = 1_000_000


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    with Disk(tmp_path) as disk:
        yield disk


@pytest.fixture
def store(disk: Disk, tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "books.db", "sqlite:///books.db", vfs=disk.name)
    yield store
    disk.fault = lambda operation, name: None
    store.close()


def fail(store: Store, disk: Disk) -> None:
    """Let a commit fail, after which the store takes no more writes."""

    def fault(operation: str, name: str) -> apsw.Error | None:
        return io_error() if operation == "sync" and name.endswith("-wal") else None

    disk.fault = fault
    for failure in (OutcomeUnknown, ReadOnly):
        with pytest.raises(failure):
            store.directory.put_document(Document("test", "test", "", b""), 0)


def test_who_proves_who_they_are_goes_on(
    store: SqliteStore, disk: Disk, caplog: pytest.LogCaptureFixture
) -> None:
    """As the SQL port does it, which keeps nothing else of a sign-in."""
    wire = Wire(store)
    guard = StoreGuard(store.directory, wire.clock)
    fail(store, disk)
    with caplog.at_level(logging.WARNING):
        guard.enter("sql", "ada", PEER, "ada")
        guard.fail("sql", "ada", PEER)
    told = [record.getMessage() for record in caplog.records]
    assert any("signed-in" in each and "'ada'" in each and PEER in each for each in told)
    assert any("sign-in-failed" in each for each in told)


def test_a_sign_in_that_the_trail_did_not_take_is_told_with_the_next(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = Wire(store)
    guard, trail = StoreGuard(store.directory, wire.clock), Trail(store.directory, wire.clock)

    def full(directory: object, changes: object) -> None:
        raise ReadOnly("the disk is full; nothing was done")

    with monkeypatch.context() as patched:
        patched.setattr(type(store.directory), "change_documents", full)
        guard.enter("sql", "ada", PEER, "ada")
    assert trail.last() == 0
    guard.enter("sql", "ada", PEER, "ada")
    assert [each.what for each in trail.records()] == ["signed-in"]


def test_an_outdated_hash_stays_and_counts(
    store: SqliteStore, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    wire = Wire(store)
    wire.user("ada", "open sesame", wire.company_id)
    fail(store, disk)
    monkeypatch.setattr(passwords, "is_outdated", lambda hashed: True)
    assert StoreSignIn(store.directory).person("ada", "open sesame") is not None


def test_modulus_takes_tokens_and_makes_none(store: SqliteStore, disk: Disk) -> None:
    wire = Wire(store)
    wire.client("till", "sesame", wire.company_id)
    form = b"account=shop&app=till&secret="
    made = wire.send("POST", "/api/cmn/Authenticate", body=form + b"sesame")
    token = made.object["token"]
    fail(store, disk)
    right = wire.send("POST", "/api/cmn/Authenticate", body=form + b"sesame")
    wrong = wire.send("POST", "/api/cmn/Authenticate", body=form + b"wrong")
    assert (right.status, right.json["title"]) == (503, "Service Unavailable")
    assert wrong.status == 401
    assert wire.call("ListJournals", token=token).status == 200


def test_sessions_of_the_pages_go_on_and_none_begins(store: SqliteStore, disk: Disk) -> None:
    site = Pages(store)
    ada, new = site.visitor("ada"), site.visitor()
    fail(store, disk)
    site.clock.now += 2 * TOUCH_SECONDS * SECOND
    for _ in range(2):
        assert ada.get("/app/c/shop/journal").status == 200
    refused = new.sign_in("ben")
    assert refused.status == 503
    assert refused.has("the store takes no writes until restarted")
    assert new.sign_in("ben", "wrong").status == 403
    assert ada.submit("/app/sign-out").status == 503, "it would go on, whatever was said"


def test_a_session_that_has_ended_is_over_where_it_cannot_be_removed(
    store: SqliteStore, disk: Disk
) -> None:
    site = Pages(store)
    ada = site.visitor("ada")
    fail(store, disk)
    site.clock.now += 100 * 3_600 * SECOND
    answer = ada.get("/app/c/shop/journal")
    assert answer.status == 303
    assert "sign-in" in answer.location


def test_consent_and_tokens_wait(store: SqliteStore, disk: Disk) -> None:
    world = World(store=store)
    tokens = world.tokens()
    fail(store, disk)
    page = world.consent()
    assert page.status == 503
    assert b"takes no writes" in page.body
    again = world.post(
        "/oauth2/v1/tokens/bearer",
        grant_type="refresh_token",
        **{"refresh_token": tokens["refresh_token"]},
    )
    assert again.status == 503
    assert json.loads(again.body)["error"] == "temporarily_unavailable"
    headers = {"authorization": f"Bearer {tokens['access_token']}"}
    assert world.ask("GET", "/v1/openid_connect/userinfo", headers=headers).status == 200


def test_administration_waits(store: SqliteStore, disk: Disk) -> None:
    office = Office(world=World(store=store))
    fail(store, disk)
    status, answer = office.ask("POST", "tokens", {"client": "till", "companies": ["mill"]})
    assert status == 503
    assert "takes no writes" in answer["error"]
    assert office.ask("GET", "tokens")[0] == 200
