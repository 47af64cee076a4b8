"""Passwords: kept as hashes that tell nothing, and believed when they are right."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daybook.app import passwords


@settings(max_examples=5, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_a_password_is_itself_and_no_other(password: str, other: str) -> None:
    kept = passwords.hashed(password)
    assert passwords.is_password(password, kept)
    assert passwords.is_password(other, kept) == (other == password)
    assert kept != passwords.hashed(password)


def test_nobody_has_the_password_of_somebody_unknown() -> None:
    assert not passwords.is_password("", passwords.UNKNOWN)


def test_a_password_beyond_the_bound_is_not_believed() -> None:
    long = "x" * (passwords.PASSWORD_LENGTH_MAX + 1)
    assert not passwords.is_password(long, passwords.hashed(long))


def test_another_kind_of_hash_is_a_fault() -> None:
    with pytest.raises(ValueError, match="md5"):
        passwords.is_password("x", "md5$1$1$1$00$00")


SCRYPT = (  # of "correct horse", made by an earlier version
    "scrypt$16384$8$1$00112233445566778899aabbccddeeff$"
    "f5206d570fcd120bd1f23a8cd186bd87c04ac1db00e9ac1efca589774ae6ecb8"
)


def test_hashes_of_earlier_versions_are_believed_and_outdated() -> None:
    assert passwords.is_password("correct horse", SCRYPT)
    assert not passwords.is_password("correct", SCRYPT)
    assert passwords.is_outdated(SCRYPT)
    assert not passwords.is_outdated(passwords.hashed("correct horse"))
    assert passwords.is_outdated(passwords.UNKNOWN.replace("t=3", "t=2"))


def test_a_hash_with_other_parameters_than_its_text_is_a_fault() -> None:
    with pytest.raises(ValueError, match="no password hash"):
        passwords.is_password("x", "$argon2id$nothing")
