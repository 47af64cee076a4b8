"""The sender: once at least, in order at first, by the schedule afterwards."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import pytest
from tests.support.clock import START, TestClock

from daybook.app.ledger import Ledger
from daybook.app.outbox import DISABLE_AFTER_SECONDS, Consumer, DeliveryState, Message
from daybook.app.ports import ReadOnly
from daybook.domain.ids import Timestamp
from daybook.server.delivering import Undelivered
from daybook.server.sender import PER_CONSUMER_MAX, THREADS, WebhookSender
from daybook.storage import open_store

SECOND = 1_000_000


class Receiver:
    """Takes posts, fails those it is told to fail, and holds those it is told to hold."""

    def __init__(self) -> None:
        self.got: list[tuple[str, bytes]] = []
        self.headers: list[Mapping[str, str]] = []
        self.failing: set[bytes] = set()
        self.gate = threading.Event()
        self.gate.set()
        self.waiting = 0

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        self.waiting += 1
        assert self.gate.wait(20)
        self.waiting -= 1
        self.got.append((url, body))
        self.headers.append(headers)
        if body in self.failing:
            raise Undelivered("no")

    @property
    def bodies(self) -> list[bytes]:
        return [body for _, body in self.got]


@pytest.fixture
def ledger() -> Ledger:
    return Ledger(open_store("memory://"), TestClock())


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def sender(ledger: Ledger, receiver: Receiver) -> Iterator[WebhookSender]:
    sender = WebhookSender(ledger, receiver.post, lambda: 0.0)
    yield sender
    receiver.gate.set()
    sender.close()


def consumer(ledger: Ledger, name: str = "c", **members: object) -> Consumer:
    plain = Consumer(name, "wire", f"https://{name}.example", frozenset({"made"}))
    wanted = replace(plain, **members)  # type: ignore[arg-type]
    ledger.store.directory.put_consumer(wanted)
    return wanted


def publish(ledger: Ledger, *names: str, subject: str = "s") -> None:
    messages = [Message("wire", name, "made", name.encode(), subject) for name in names]
    ledger.store.directory.publish(messages, Timestamp(START))


def clock(ledger: Ledger) -> TestClock:
    assert isinstance(ledger.clock, TestClock)
    return ledger.clock


def until(holds: Callable[[], bool]) -> None:
    ends = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.002)


def send(sender: WebhookSender, ledger: Ledger) -> None:
    """Everything that may be attempted at this moment."""
    directory = ledger.store.directory

    def nothing_due() -> bool:
        sender.dispatch()
        return not any(
            directory.due_deliveries(each.id, ledger.clock(), 9)
            for each in directory.consumers()
            if not each.disabled
        )

    until(nothing_due)


def test_a_message_arrives_with_its_headers(
    ledger: Ledger, receiver: Receiver, sender: WebhookSender
) -> None:
    wanted = consumer(ledger, headers=(("x-own", "1"),), secret=b"key")
    ledger.hooks.sign(
        "wire",
        lambda message, consumer, at: {
            "x-sign": f"{message.id} {consumer.secret.decode()} {at}",
        },
    )
    publish(ledger, "m")
    send(sender, ledger)
    assert receiver.got == [(wanted.url, b"m")]
    headers = receiver.headers[0]
    assert headers["x-sign"] == f"m key {START}"
    assert (headers["x-own"], headers["content-type"]) == ("1", "application/json")
    assert headers["user-agent"].startswith("daybook/")
    [delivery] = ledger.store.directory.deliveries()
    assert (delivery.state, delivery.attempts) == (DeliveryState.DELIVERED, 1)
    assert (sender.delivered, sender.failed) == (1, 0)


def test_first_attempts_keep_their_order_within_a_subject(
    ledger: Ledger, receiver: Receiver, sender: WebhookSender
) -> None:
    consumer(ledger)
    receiver.failing = {b"a2", b"a4"}
    publish(ledger, *(f"a{number}" for number in range(9)))
    publish(ledger, *(f"b{number}" for number in range(9)), subject="t")
    send(sender, ledger)
    for letter in (b"a", b"b"):
        mine = [body for body in receiver.bodies if body.startswith(letter)]
        assert mine == sorted(mine)
        assert len(mine) == 9


def test_a_subject_has_one_first_attempt_under_way(
    ledger: Ledger, receiver: Receiver, sender: WebhookSender
) -> None:
    consumer(ledger)
    receiver.gate.clear()
    publish(ledger, "a1", "a2")
    publish(ledger, "b1", "b2", subject="t")
    assert sender.dispatch() == 2
    assert sender.dispatch() == 0
    receiver.gate.set()
    send(sender, ledger)
    assert sorted(receiver.bodies) == [b"a1", b"a2", b"b1", b"b2"]


def test_a_slow_consumer_leaves_room_for_others(
    ledger: Ledger, receiver: Receiver, sender: WebhookSender
) -> None:
    consumer(ledger, "slow", owner="ada")
    receiver.gate.clear()
    for number in range(9):
        publish(ledger, f"m{number}", subject=str(number))
    assert sender.dispatch() == PER_CONSUMER_MAX
    consumer(ledger, "quick", owner="bob")
    publish(ledger, "last")
    assert sender.dispatch() == 1
    receiver.gate.set()
    send(sender, ledger)
    assert len(receiver.got) == 11


def test_an_owner_with_many_slow_consumers_leaves_room_for_others(
    ledger: Ledger, receiver: Receiver, sender: WebhookSender
) -> None:
    receiver.gate.clear()
    for number in range(THREADS):
        consumer(ledger, f"slow{number}", owner="ada")
    publish(ledger, "m")
    assert sender.dispatch() == THREADS // 2
    for number, owner in enumerate(("bob", "cid")):
        consumer(ledger, f"quick{number}", owner=owner)
    publish(ledger, "last")
    assert sender.dispatch() == 2
    receiver.gate.set()
    send(sender, ledger)
    assert len(receiver.got) == 2 * THREADS + 2


def test_owners_take_turns(ledger: Ledger, receiver: Receiver, sender: WebhookSender) -> None:
    for owner in ("ada", "bob"):
        consumer(ledger, owner, owner=owner)
    for number in range(THREADS):
        publish(ledger, f"m{number}", subject=str(number))
    receiver.gate.clear()
    assert sender.dispatch() == 2 * PER_CONSUMER_MAX
    receiver.gate.set()
    send(sender, ledger)
    assert Counter(url for url, _ in receiver.got) == {
        "https://ada.example": THREADS,
        "https://bob.example": THREADS,
    }


def test_what_a_consumer_may_not_be_told_any_more_is_withheld(
    ledger: Ledger, receiver: Receiver, sender: WebhookSender
) -> None:
    consumer(ledger)
    secret: set[str] = {"b"}
    ledger.hooks.guard("wire", lambda _, message: "no" if message.id in secret else None)
    publish(ledger, "a", "b", "c")
    send(sender, ledger)
    assert receiver.bodies == [b"a", b"c"]
    [kept] = ledger.store.directory.deliveries(DeliveryState.DEAD)
    assert (kept.message.id, kept.attempts, kept.failure) == ("b", 0, "withheld: no")
    assert ledger.store.directory.consumers()[0].failing_since is None, "the next one arrived"


def test_what_failed_is_tried_again_by_the_schedule(
    ledger: Ledger, receiver: Receiver, sender: WebhookSender
) -> None:
    consumer(ledger)
    receiver.failing = {b"m"}
    publish(ledger, "m")
    waits = []
    while True:
        send(sender, ledger)
        [delivery] = ledger.store.directory.deliveries()
        if delivery.state is not DeliveryState.PENDING:
            break
        waits.append((delivery.next_attempt_at - clock(ledger).now) // SECOND)
        clock(ledger).now = delivery.next_attempt_at - 1
        assert sender.dispatch() == 0
        clock(ledger).now += 1
    assert waits == [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]
    assert (delivery.state, delivery.attempts) == (DeliveryState.DEAD, 8)
    assert delivery.failure == "no"
    assert (len(receiver.got), sender.failed) == (8, 8)


def test_a_consumer_that_failed_for_days_is_left_alone_until_enabled(
    ledger: Ledger, receiver: Receiver, sender: WebhookSender
) -> None:
    wanted = consumer(ledger)
    receiver.failing = {b"1", b"2"}
    publish(ledger, "1")
    send(sender, ledger)
    failing = ledger.store.directory.consumer("c")
    assert failing == replace(wanted, failing_since=Timestamp(START))
    clock(ledger).now += DISABLE_AFTER_SECONDS * SECOND
    publish(ledger, "2")
    sender.dispatch()
    until(lambda: sender.failed >= 2)
    until(lambda: ledger.store.directory.consumers()[0].disabled)
    publish(ledger, "3")
    assert sender.dispatch() == 0
    assert [each.message.id for each in ledger.store.directory.deliveries()] == ["1", "2"]


def test_an_answer_ends_a_row_of_failures(
    ledger: Ledger, receiver: Receiver, sender: WebhookSender
) -> None:
    wanted = consumer(ledger, failing_since=Timestamp(1))
    publish(ledger, "m")
    send(sender, ledger)
    until(lambda: sender.delivered == 1)
    assert ledger.store.directory.consumer("c") == replace(wanted, failing_since=None)


def test_a_signer_that_fails_is_a_failed_attempt(
    ledger: Ledger, receiver: Receiver, sender: WebhookSender
) -> None:
    def sign(message: Message, consumer: Consumer, at: Timestamp) -> Mapping[str, str]:
        raise RuntimeError("a fault on purpose")

    consumer(ledger)
    ledger.hooks.sign("wire", sign)
    publish(ledger, "m")
    send(sender, ledger)
    [delivery] = ledger.store.directory.deliveries()
    assert (receiver.got, delivery.attempts) == ([], 1)
    assert delivery.failure == "RuntimeError within this server"


def test_nothing_is_sent_while_its_end_cannot_be_noted(
    ledger: Ledger,
    receiver: Receiver,
    sender: WebhookSender,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object) -> None:
        raise ReadOnly("on purpose")

    consumer(ledger)
    publish(ledger, "m", "n")
    monkeypatch.setattr(ledger.store.directory, "settle_delivery", refuse)
    assert sender.dispatch() == 1
    until(lambda: sender.delivered == 1 and not sender._under_way)
    assert sender.dispatch() == 0
    monkeypatch.undo()
    monkeypatch.setattr(sender, "_held_until", 0.0)
    send(sender, ledger)
    assert receiver.bodies == [b"m", b"m", b"n"]


def test_the_thread_sends_what_is_there_and_what_comes(
    ledger: Ledger, receiver: Receiver, sender: WebhookSender
) -> None:
    consumer(ledger)
    publish(ledger, "before")
    sender.start()
    until(lambda: sender.delivered == 1)
    publish(ledger, "after")
    ledger.hooks.wake()
    until(lambda: sender.delivered == 2)
    sender.close()
    assert receiver.bodies == [b"before", b"after"]


def test_old_deliveries_are_dropped(ledger: Ledger, receiver: Receiver) -> None:
    consumer(ledger)
    publish(ledger, "m")
    first = WebhookSender(ledger, receiver.post)
    send(first, ledger)
    first.close()
    clock(ledger).now += 31 * 86_400 * SECOND
    second = WebhookSender(ledger, receiver.post)
    second.start()
    until(lambda: ledger.store.directory.deliveries() == [])
    second.close()
