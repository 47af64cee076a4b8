"""Schedules and judgements of the outbox: pure values."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.clock import START

from daybook.app.outbox import (
    DISABLE_AFTER_SECONDS,
    FAILURE_LENGTH_MAX,
    RETRY_DELAYS_SECONDS,
    Consumer,
    Delivery,
    DeliveryState,
    Message,
    after_failure,
    after_success,
    judged,
    retry_at,
    revived,
    url_fault,
)
from daybook.domain.ids import Timestamp

NOW = Timestamp(START)
SECOND = 1_000_000
CONSUMER = Consumer("c", "wire", "https://example.com", frozenset({"made"}))
DELIVERY = Delivery(1, "c", Message("wire", "m", "made", b"{}"), None, NOW)


def test_failures_are_repeated_by_the_schedule_and_then_given_up() -> None:
    delivery, waited = DELIVERY, []
    while delivery.state is DeliveryState.PENDING:
        delivery = after_failure(delivery, "no", NOW, 0.0)
        if delivery.state is DeliveryState.PENDING:
            waited.append((delivery.next_attempt_at - NOW) // SECOND)
    assert tuple(waited) == RETRY_DELAYS_SECONDS == (5, 300, 1800, 7200, 18000, 36000, 36000)
    assert (delivery.state, delivery.attempts, delivery.failure) == (DeliveryState.DEAD, 8, "no")


@given(st.integers(1, len(RETRY_DELAYS_SECONDS)), st.floats(0, 1, exclude_max=True))
def test_a_delay_is_drawn_out_by_a_tenth_at_most(attempts: int, draw: float) -> None:
    at = retry_at(attempts, NOW, draw)
    assert at is not None
    delay = RETRY_DELAYS_SECONDS[attempts - 1] * SECOND
    assert delay <= at - NOW <= delay + delay // 10


def test_a_delivery_given_up_is_tried_once_when_somebody_asks() -> None:
    dead = replace(DELIVERY, state=DeliveryState.DEAD, attempts=8, failure="no")
    again = revived(dead, NOW)
    assert (again.state, again.next_attempt_at) == (DeliveryState.PENDING, NOW)
    assert after_failure(again, "x" * 999, NOW, 0.0).state is DeliveryState.DEAD
    assert len(after_failure(again, "x" * 999, NOW, 0.0).failure or "") == FAILURE_LENGTH_MAX
    arrived = after_success(again, NOW)
    assert (arrived.state, arrived.attempts, arrived.failure) == (DeliveryState.DELIVERED, 9, None)


def test_a_consumer_that_fails_for_days_is_disabled() -> None:
    failing = judged(CONSUMER, NOW, failed=True)
    assert failing == replace(CONSUMER, failing_since=NOW)
    almost = Timestamp(NOW + DISABLE_AFTER_SECONDS * SECOND - 1)
    assert judged(failing, almost, failed=True) is None
    assert judged(failing, almost, failed=False) == CONSUMER
    assert judged(CONSUMER, almost, failed=False) is None
    disabled = judged(failing, Timestamp(almost + 1), failed=True)
    assert disabled is not None
    assert disabled.disabled


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "HTTP://example.com:8080/a?b=c#d",
        "http://[::1]/",
        "https://xn--bcher-kva.example/",
    ],
)
def test_addresses_that_can_be_posted_to(url: str) -> None:
    assert url_fault(url) is None


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "ftp://example.com",
        "file:///etc/passwd",
        "http://",
        "http://:80/",
        "http://example.com:0/",
        "http://example.com:99999/",
        "http://example.com:x/",
        "http://user@example.com/",
        "http://user:secret@example.com/",
        "http://example.com/\r\nx: y",
        "http://example.com/ä",
        "http://exa mple.com/",
        "http://[::1/",
        "http://example.com/" + "x" * 2_048,
    ],
)
def test_addresses_that_cannot(url: str) -> None:
    assert url_fault(url) is not None
