"""Members kept beside a record: exact, beside those of other wires, and bounded."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.protocols.qbo import stored
from daybook.protocols.qbo.errors import QboFault

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=9)
MEMBERS = st.dictionaries(TEXTS, st.booleans() | st.integers(-(2**53), 2**53) | TEXTS, max_size=5)


@given(MEMBERS)
def test_what_is_kept_comes_back(members: dict[str, Any]) -> None:
    annex = stored.dump((("other", "{}"),), members)
    assert stored.load(annex) == members
    assert ("other", "{}") in annex


def test_numbers_keep_their_digits_and_dates_become_text() -> None:
    annex = stored.dump((), {"a": Decimal("10.10"), "b": date(2026, 2, 3), "c": None})
    assert annex == (("qbo", '{"a":10.10,"b":"2026-02-03"}'),)
    assert str(stored.load(annex)["a"]) == "10.10"


def test_nothing_to_keep_leaves_no_trace() -> None:
    assert stored.dump((("qbo", "{}"),), {"a": None}) == ()
    assert stored.load(()) == {}


def test_what_is_loaded_may_be_changed() -> None:
    annex = stored.dump((), {"a": 1})
    stored.load(annex)["a"] = 2
    assert stored.load(annex) == {"a": 1}


def test_too_much_is_refused() -> None:
    with pytest.raises(QboFault) as caught:
        stored.dump((), {"a": "x" * 50_000})
    assert caught.value.errors[0].code == "6000"


def test_large_texts_are_not_kept_in_memory() -> None:
    before = stored._parse_once.cache_info().currsize
    annex = stored.dump((), {"a": "x" * stored.KEPT_LENGTH_MAX})
    assert stored.load(annex)["a"] == "x" * stored.KEPT_LENGTH_MAX
    assert stored._parse_once.cache_info().currsize == before
