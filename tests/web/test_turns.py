"""One piece of work at a time for each person, and so many in all."""

import pytest

from daybook.web.turns import Turns


def test_one_at_a_time_for_each() -> None:
    turns = Turns(2)
    with turns.taken("ada") as first, turns.taken("ada") as second, turns.taken("bob") as third:
        assert (first, second, third) == (True, False, True)
        with turns.taken("cyd") as fourth:
            assert not fourth, "there are two in all"
    with turns.taken("ada") as again:
        assert again


def test_a_turn_ends_with_a_fault() -> None:
    turns = Turns(1)
    with pytest.raises(LookupError), turns.taken("ada"):
        raise LookupError
    with turns.taken("ada") as again:
        assert again
