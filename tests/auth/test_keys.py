"""Keys are kept sealed, rotated, and published for as long as they are needed."""

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.auth.conftest import DAY, HandClock

from daybook.app.ports import Directory
from daybook.auth import keys as module
from daybook.auth.keys import KIND, PUBLISHED_DAYS, ROTATION_DAYS, WIRE, SigningKeys

SERVER_KEY = b"k" * 32


def kid(keys: SigningKeys) -> str:
    """The key that signs, once what it signed has been checked against what is published."""
    text = keys.sign({"sub": "x"})
    found = jwt.decode(text, KeySet.import_key_set({"keys": keys.published()}), ["RS256"])  # type: ignore[typeddict-item]
    assert found.claims == {"sub": "x"}
    return str(found.header["kid"])


def test_a_key_outlives_a_restart(directory: Directory, clock: HandClock) -> None:
    first = kid(SigningKeys(directory, clock, SERVER_KEY))
    assert kid(SigningKeys(directory, clock, SERVER_KEY)) == first
    assert directory.count_documents(WIRE, KIND) == 1


def test_what_is_kept_does_not_sign_without_the_servers_key(
    directory: Directory, clock: HandClock
) -> None:
    first = SigningKeys(directory, clock, SERVER_KEY)
    kid(first)
    assert first._current is not None
    private = first._current[0].as_dict(private=True)
    (document,) = directory.documents(WIRE, KIND)
    for part in ("d", "p", "q"):
        assert str(private[part]).encode() not in document.body
    clock.now += 1
    another = SigningKeys(directory, clock, b"another".ljust(32))
    assert kid(another) != kid(first)
    assert len(another.published()) == 2


def test_keys_are_rotated_and_the_old_one_stays_published_for_a_while(
    directory: Directory, clock: HandClock
) -> None:
    keys = SigningKeys(directory, clock, SERVER_KEY)
    first = kid(keys)
    clock.now += ROTATION_DAYS * DAY - 1
    assert kid(keys) == first
    clock.now += 1
    second = kid(keys)
    assert [each["kid"] for each in keys.published()] == [second, first]
    assert kid(SigningKeys(directory, clock, SERVER_KEY)) == second
    clock.now += (PUBLISHED_DAYS - ROTATION_DAYS) * DAY
    clock.now += (2 * ROTATION_DAYS - PUBLISHED_DAYS) * DAY
    third = kid(keys)
    assert [each["kid"] for each in keys.published()] == [third, second]


def test_their_number_is_bounded(
    directory: Directory, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEYS_MAX", 3)
    for start in range(5):
        clock.now += 1
        kid(SigningKeys(directory, clock, bytes([start]) * 32))
    assert directory.count_documents(WIRE, KIND) == 3
