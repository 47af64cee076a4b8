"""Requests counted by day, together with what other processes have counted."""

import pytest

from daybook.domain.ids import Timestamp
from daybook.protocols.codat import times
from daybook.protocols.codat.errors import CodatError
from daybook.protocols.codat.quota import Quota
from daybook.protocols.kit.plugin import Hear


class Twins:
    """The peers of two processes, who hear one another at once."""

    def __init__(self) -> None:
        self.other: Twins = self
        self.hearers: dict[str, Hear] = {}

    def tell(self, subject: str, message: bytes) -> None:
        self.other.hearers[subject](message)

    def hear(self, subject: str, hearer: Hear) -> None:
        self.hearers[subject] = hearer


def test_two_processes_count_together() -> None:
    one, other = Twins(), Twins()
    one.other, other.other = other, one
    quotas = [Quota(3, one), Quota(3, other)]
    now = Timestamp(5 * times.DAY)
    for number in range(3):
        quotas[number % 2].count("client", now)
    for quota in quotas:
        with pytest.raises(CodatError):
            quota.count("client", now)
        assert ("X-Rate-Limit-Remaining", "0") in quota.headers("client", now)
        quota.count("another", now)
    tomorrow = Timestamp(now + times.DAY)
    quotas[0].count("client", tomorrow)
    assert ("X-Rate-Limit-Remaining", "2") in quotas[1].headers("client", tomorrow)
