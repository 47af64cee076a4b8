"""Messages on the command line: who gets them, what was given up, and once more."""

from dataclasses import replace

from tests.cli.conftest import Terminal

from daybook.app.outbox import Consumer, DeliveryState, Message
from daybook.domain.ids import Timestamp


def fill(terminal: Terminal, dead: int = 2) -> None:
    """A consumer, some messages given up, one pending."""
    store = terminal.open_store("sqlite:///daybook.db")
    directory = store.directory
    directory.put_consumer(
        Consumer("c-1", "wire", "https://example.com/hook", frozenset({"made", "gone"}))
    )
    messages = [Message("wire", f"m-{number}", "made", b"{}") for number in range(dead + 1)]
    directory.publish(messages, Timestamp(terminal.clock.now))
    for delivery in directory.deliveries(limit=dead):
        given_up = replace(delivery, state=DeliveryState.DEAD, attempts=8, failure="status 500")
        directory.settle_delivery(given_up)
    store.close()


def states(terminal: Terminal) -> list[str]:
    store = terminal.open_store("sqlite:///daybook.db")
    found = [each.state.value for each in store.directory.deliveries()]
    store.close()
    return found


def test_consumers_are_listed(shop: Terminal) -> None:
    fill(shop)
    _, row = shop.ok("webhook", "consumers").splitlines()
    assert row.split() == ["c-1", "wire", "enabled", "https://example.com/hook", "gone,", "made"]


def test_what_was_given_up_is_listed(shop: Terminal) -> None:
    fill(shop)
    header, *rows = shop.ok("webhook", "list").splitlines()
    assert header.split()[:4] == ["NUMBER", "STATE", "TYPE", "TO"]
    assert [row.split()[0] for row in rows] == ["1", "2"]
    assert rows[0].endswith("8         -     status 500")
    [_, row] = shop.ok("webhook", "list", "--state", "pending").splitlines()
    assert row.split()[:2] == ["3", "pending"]
    assert "now" in row
    assert len(shop.ok("webhook", "list", "--after", "1").splitlines()) == 2


def test_messages_are_sent_once_more(shop: Terminal) -> None:
    fill(shop)
    assert shop.ok("webhook", "retry", "2") == "1 message to be sent again\n"
    assert states(shop) == ["dead", "pending", "pending"]
    assert shop.fails("webhook", "retry", "3") == "message 3 is not among those given up"
    assert shop.ok("webhook", "retry", "--all") == "1 message to be sent again\n"
    assert states(shop) == ["pending"] * 3
    assert shop.ok("webhook", "retry", "--all") == "0 messages to be sent again\n"


def test_a_consumer_is_enabled(shop: Terminal) -> None:
    fill(shop)
    store = shop.open_store("sqlite:///daybook.db")
    [consumer] = store.directory.consumers()
    store.directory.put_consumer(
        replace(consumer, disabled=True, failing_since=Timestamp(shop.clock.now))
    )
    store.close()
    assert " disabled " in shop.ok("webhook", "consumers")
    assert shop.ok("webhook", "enable", "c-1").startswith("messages to https://example.com/hook")
    assert " enabled " in shop.ok("webhook", "consumers")
    assert shop.fails("webhook", "enable", "c-2") == "there is no consumer 'c-2'"
