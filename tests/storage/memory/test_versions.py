"""Tables that remember: what a key led to at any moment, also while others write."""

import threading
from random import Random

from daybook.storage.memory.versions import Versions


def test_a_key_leads_to_what_it_led_to_then() -> None:
    table: Versions[str, int] = Versions()
    table.put("a", 2, 20)
    table.put("a", 5, 50)
    table.put("b", 5, 55)
    assert [table.at("a", moment) for moment in (0, 1, 2, 4, 5, 9)] == [None, None, 20, 20, 50, 50]
    assert table.at("nothing", 9) is None
    assert dict(table.all_at(1)) == {}
    assert dict(table.all_at(4)) == {"a": 20}
    assert dict(table.all_at(5)) == {"a": 50, "b": 55}


def test_the_last_value_of_a_moment_stays_and_is_undone_once() -> None:
    table: Versions[str, int] = Versions()
    assert table.put("a", 1, 10)
    assert table.put("a", 2, 20)
    assert not table.put("a", 2, 21)
    assert (table.at("a", 1), table.at("a", 2)) == (10, 21)
    table.undo("a")
    assert (table.at("a", 1), table.at("a", 2)) == (10, 10)
    table.undo("a")
    assert table.at("a", 2) is None
    assert dict(table.all_at(2)) == {}


def test_a_table_is_what_a_copy_of_it_would_be() -> None:
    """Random writes and undone ones, against a dict that is copied at every moment."""
    random = Random(7)
    table: Versions[int, int] = Versions()
    copies: list[dict[int, int]] = [{}]
    for moment in range(1, 300):
        now = dict(copies[-1])
        written = [random.randrange(20) for _ in range(random.randrange(6))]
        firsts = []
        for key in written:
            value = random.random()
            now[key] = int(value * 1_000)
            if table.put(key, moment, now[key]):
                firsts.append(key)
        if random.random() < 0.3:
            now = dict(copies[-1])
            for key in firsts:
                table.undo(key)
        copies.append(now)
    for moment, copy in enumerate(copies):
        assert dict(table.all_at(moment)) == copy
        assert {key: table.at(key, moment) for key in copy} == copy


def test_readers_are_not_disturbed_by_a_writer_that_changes_its_mind() -> None:
    table: Versions[int, int] = Versions()
    for key in range(50):
        table.put(key, 1, key)
    expected = {key: key for key in range(50)}
    done = threading.Event()

    def write() -> None:
        for round in range(3_000):
            keys = (round % 50, 50 + round % 7)
            for key in keys:
                table.put(key, 2, -1)
            for key in keys:
                table.undo(key)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    looks = 0
    while not done.is_set() or looks == 0:
        looks += 1
        assert dict(table.all_at(1)) == expected
    writer.join()


def test_a_key_with_a_long_past_goes_away_without_a_trace() -> None:
    """Dropping a chain of versions must not recurse through all of them."""
    table: Versions[str, int] = Versions()
    for moment in range(1, 300_001):
        table.put("a", moment, moment)
    assert table.at("a", 1) == 1
    del table
