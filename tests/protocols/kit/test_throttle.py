"""Rates: how they are written, and that they hold."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daybook.protocols.kit import throttle as module
from daybook.protocols.kit.throttle import Per, Rate, Throttle, rates_of


@dataclass
class Time:
    now: float = 1_000.0

    def __call__(self) -> float:
        return self.now


def test_rates_are_read() -> None:
    assert rates_of("") == rates_of(" off ") == ()
    assert rates_of("company=500/60, pair=10/1,client=800/60") == (
        Rate(Per.COMPANY, 500, 60),
        Rate(Per.PAIR, 10, 1),
        Rate(Per.CLIENT, 800, 60),
    )


@pytest.mark.parametrize(
    "text",
    ["x", "client", "client=1", "client=0/1", "client=1/0", "client=1/99999", "key=1/1", ",",
     "client=9999999/1", "client=-1/1", "client=1/1,", "client=1.5/1"],
)  # fmt: skip
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"wanted|at most"):
        rates_of(text)


def test_a_burst_up_to_the_count_and_then_one_by_one() -> None:
    time = Time()
    throttle = Throttle([Rate(Per.CLIENT, 10, 60)], time)
    assert [throttle.wait("qbo", "app") for _ in range(12)] == [0] * 10 + [6, 6]
    time.now += 6
    assert [throttle.wait("qbo", "app") for _ in range(2)] == [0, 6]
    time.now += 600
    assert [throttle.wait("qbo", "app") for _ in range(11)] == [0] * 10 + [6]


def test_clients_companies_pairs_and_wires_count_by_themselves() -> None:
    pair = Throttle([Rate(Per.PAIR, 1, 60)], Time())
    assert pair.wait("qbo", "app", 1) == pair.wait("qbo", "app", 2) == 0
    assert pair.wait("qbo", "other", 1) == pair.wait("codat", "app", 1) == 0
    assert pair.wait("qbo", "app", 1) > 0
    assert pair.wait("qbo", "app") == pair.wait("qbo", "app") == 0
    company = Throttle([Rate(Per.COMPANY, 1, 60)], Time())
    assert company.wait("qbo", "app", 1) == 0
    assert company.wait("qbo", "other", 1) > 0
    assert company.wait("qbo", "other", 2) == 0


def test_a_request_that_waits_counts_for_no_rate() -> None:
    throttle = Throttle([Rate(Per.CLIENT, 5, 60), Rate(Per.COMPANY, 1, 60)], Time())
    assert throttle.wait("qbo", "app", 1) == 0
    for _ in range(20):
        assert throttle.wait("qbo", "app", 1) > 0
    assert [throttle.wait("qbo", "app", company) for company in range(2, 7)] == [0] * 4 + [12]


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BUCKETS_MAX", 10)
    throttle = Throttle([Rate(Per.CLIENT, 1, 60)], Time())
    for at in range(100):
        throttle.wait("qbo", f"app {at}")
    assert len(throttle._buckets) == 10


def test_without_rates_nobody_waits() -> None:
    throttle = Throttle()
    assert {throttle.wait("qbo", "app", 1) for _ in range(1_000)} == {0}


@given(
    st.integers(1, 20),
    st.integers(1, 100),
    st.lists(st.floats(0, 30), min_size=1, max_size=60),
)
def test_never_more_than_the_count_and_what_has_filled_since(
    count: int, seconds: int, pauses: list[float]
) -> None:
    time = Time()
    began = time.now
    throttle = Throttle([Rate(Per.CLIENT, count, seconds)], time)
    taken = 0
    for pause in pauses:
        time.now += pause
        taken += throttle.wait("qbo", "app") == 0
        assert taken <= count + (time.now - began) * count / seconds + 1e-6
