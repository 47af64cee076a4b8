"""Page cursors: what is sealed opens again for the same query alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.domain.ids import CompanyId
from daybook.protocols.kit.cursor import CURSOR_LENGTH_MAX, CursorSeal

SEAL = CursorSeal(b"k" * 32)
ONE, TWO = CompanyId(1), CompanyId(2)


@given(st.lists(st.integers() | st.none() | st.booleans(), max_size=5))
def test_positions_come_back(position: list[object]) -> None:
    cursor = SEAL.seal(ONE, b"query", position)
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert SEAL.open(ONE, b"query", cursor) == position


def test_a_cursor_is_of_no_use_elsewhere() -> None:
    cursor = SEAL.seal(ONE, b"query", ["2024-01-31", 17])
    assert SEAL.open(TWO, b"query", cursor) is None
    assert SEAL.open(ONE, b"other", cursor) is None
    assert CursorSeal(b"K" * 32).open(ONE, b"query", cursor) is None
    assert SEAL.open(CompanyId(11), b"query", SEAL.seal(ONE, b"1query", 1)) is None


def test_every_change_of_a_letter_is_noticed() -> None:
    cursor = SEAL.seal(ONE, b"query", [1, 2])
    for index, letter in enumerate(cursor[:-1]):
        other = "A" if letter != "A" else "B"
        assert SEAL.open(ONE, b"query", cursor[:index] + other + cursor[index + 1 :]) is None
    for length in range(len(cursor)):
        assert SEAL.open(ONE, b"query", cursor[:length]) is None


@pytest.mark.parametrize("cursor", ["", "=", "äöü", "a b", "A" * (CURSOR_LENGTH_MAX + 1), "\0"])
def test_what_was_never_a_cursor_opens_as_nothing(cursor: str) -> None:
    assert SEAL.open(ONE, b"query", cursor) is None


@given(st.text(max_size=100))
def test_random_text_opens_as_nothing(cursor: str) -> None:
    assert SEAL.open(ONE, b"query", cursor) is None
