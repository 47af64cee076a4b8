"""What comes of operations is kept exactly; when they are due."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.support.clock import START

from daybook.app.operations import (
    HELD,
    Affected,
    Operation,
    OperationStatus,
    decode_outcome,
    encode_outcome,
    is_due,
)
from daybook.domain.events import Actor
from daybook.domain.ids import CompanyId, Timestamp
from daybook.domain.refusals import Refusal, RefusalCode

PENDING = Operation(
    CompanyId(1),
    1,
    "id",
    Actor("app", "test"),
    "",
    "",
    "",
    b"",
    Timestamp(START),
    Timestamp(START),
)
texts = st.text(st.characters(), max_size=9)
refusals = st.builds(
    Refusal,
    st.sampled_from(RefusalCode),
    texts,
    st.none() | texts,
    st.none() | st.integers(),
    st.dictionaries(texts, st.integers() | texts, max_size=3),
)
affected = st.builds(Affected, texts, st.integers(), st.integers(0), st.none() | st.integers(1))


@given(st.none() | affected, st.lists(refusals, max_size=3).map(tuple), st.lists(texts).map(tuple))
def test_an_outcome_is_the_same_after_reading(
    record: Affected | None, refused: tuple[Refusal, ...], warnings: tuple[str, ...]
) -> None:
    ended = replace(PENDING, affected=record, refusals=refused, warnings=warnings)
    text = encode_outcome(ended)
    assert decode_outcome(text) == (record, refused, warnings)
    assert encode_outcome(ended) == text


def test_an_operation_is_due_once_it_may_begin_or_may_wait_no_longer() -> None:
    later = Timestamp(START + 1)
    assert is_due(PENDING, Timestamp(START))
    assert not is_due(PENDING, Timestamp(START - 1))
    assert not is_due(replace(PENDING, due_at=HELD), later)
    waiting = replace(PENDING, due_at=HELD, timeout_seconds=2)
    assert not is_due(waiting, Timestamp(START + 1_999_999))
    assert is_due(waiting, Timestamp(START + 2_000_000))
    for status in OperationStatus:
        assert is_due(replace(PENDING, status=status), later) is (status is OperationStatus.PENDING)
