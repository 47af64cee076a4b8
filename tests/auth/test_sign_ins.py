"""The trail tells of sign-ins once a session, and of failures as many as anybody will read."""

import pytest
from tests.auth.conftest import SECOND, HandClock

from daybook.app.trail import By, Trail
from daybook.auth import sign_ins as module
from daybook.auth.sign_ins import SESSION_SECONDS, UNKNOWN_NAME, WINDOW_SECONDS, SignIns
from daybook.storage import open_store

HERE = By("sql", "ada", "192.0.2.1")


@pytest.fixture
def trail(clock: HandClock) -> Trail:
    """A trail of sign-ins alone, of a store in which nothing was founded."""
    return Trail(open_store("memory://").directory, clock)


@pytest.fixture
def sign_ins(trail: Trail, clock: HandClock) -> SignIns:
    return SignIns(trail, clock)


def test_a_session_is_told_once(sign_ins: SignIns, trail: Trail, clock: HandClock) -> None:
    for _ in range(3):
        sign_ins.entered("ada", HERE)
    for by in (By("modulus", "ada", "192.0.2.1"), By("sql", "ada", "192.0.2.2")):
        sign_ins.entered("ada", by)
    sign_ins.entered("bob", HERE)
    clock.now += (SESSION_SECONDS - 1) * SECOND
    sign_ins.entered("ada", HERE)
    assert trail.last() == 4
    clock.now += SECOND
    sign_ins.entered("ada", HERE)
    assert [each.subject for each in trail.records()] == ["ada", "ada", "ada", "bob", "ada"]


def test_only_so_many_sessions_are_remembered(
    sign_ins: SignIns, trail: Trail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SESSIONS_MAX", 3)
    for at in range(10):
        sign_ins.entered(f"name {at}", HERE)
    assert len(sign_ins._sessions) == 3
    sign_ins.entered("name 9", HERE)
    assert trail.last() == 10
    sign_ins.entered("name 0", HERE)
    assert trail.last() == 11


def test_failures_beyond_a_bound_are_told_by_their_number(
    sign_ins: SignIns, trail: Trail, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FAILED_MAX", 5)
    by = By("sql", None, "192.0.2.1")
    for _ in range(8):
        sign_ins.failed("ada", by)
    assert trail.last() == 5
    clock.now += WINDOW_SECONDS * SECOND
    for name in ("ada", None):
        sign_ins.failed(name, by)
    told = [(each.what, each.subject, each.note) for each in trail.records(after=4)]
    assert told == [
        ("sign-in-failed", "ada", ""),
        ("sign-in-failed", "ada", "3 more before it"),
        ("sign-in-failed", UNKNOWN_NAME, ""),
    ]
