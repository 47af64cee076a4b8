"""Ids: the canonical form comes back, and garbage is refused without an exception."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.protocols.qbo import ids


@given(st.integers(0, 2**63 - 1))
def test_what_is_written_is_read_again(number: int) -> None:
    assert ids.parse(ids.text(number)) == number
    assert ids.parse(number) == number


@given(st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.floats(), st.binary()))
def test_only_the_canonical_form_is_read(value: object) -> None:
    number = ids.parse(value)
    if number is not None:
        assert ids.text(number) == str(value)
        assert 0 <= number < 2**63


@pytest.mark.parametrize(
    "value", ["", "007", "-1", "+1", "1.5", " 1", "1_0", "١", "²", "9" * 20, str(2**63), True, [1]]
)
def test_look_alikes_are_refused(value: object) -> None:
    assert ids.parse(value) is None
