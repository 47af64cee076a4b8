"""The sender: takes deliveries from the outbox and posts them, at least once each.

One thread looks which deliveries are due and hands them to a few others, which post and keep the
result. First attempts of messages about one subject go to a consumer one after the other, in the
order in which things happened; what has failed is tried again by its own schedule and holds
nothing up. A consumer that answers slowly takes at most a share of the threads, and so do all that
one owner has: never more than half of what the others leave.

Whether a consumer may still be told is asked of its wire before every attempt.

If the program ends between an answer and the note of it, the message is sent again with the same
id: receivers that must not see it twice compare ids.
"""

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from daybook import __version__
from daybook.app.ledger import Ledger
from daybook.app.outbox import (
    SETTLED_KEPT_SECONDS,
    Consumer,
    Delivery,
    after_failure,
    after_success,
    judged,
    withheld,
)
from daybook.app.ports import StoreFailure
from daybook.domain.ids import Timestamp
from daybook.server.delivering import Undelivered

THREADS: Final = 16
"""Deliveries under way at a time: each waits for the network, hardly any works. An owner who is
alone gets half of them, the next a quarter: some are left for whoever comes."""

PER_CONSUMER_MAX: Final = 4
"""Deliveries under way to one consumer, so that a slow one leaves threads to others."""

LOOKED_AT_MAX: Final = 64
"""Due deliveries of a consumer that are looked at for some that may go now."""

POLL_SECONDS: Final = 1.0
"""How long a message that another process, or a write without a hook, has left may wait."""

HOLD_SECONDS: Final = 60.0
"""How long nothing is sent after the store could not note what became of a delivery: it would be
sent again and again."""

PRUNE_SECONDS: Final = 600.0
PRUNED_MAX: Final = 1_000
"""How often old deliveries are dropped, and how many at once."""

_log: Final = logging.getLogger(__name__)

Post = Callable[[str, bytes, Mapping[str, str]], None]
"""Posts a body to an address with headers. Raises `Undelivered`."""

Lane = tuple[str, str]
"""A consumer and a subject: first attempts within it keep their order."""


class WebhookSender:
    """Sends what is in the outbox of a store. One at a time may run on it."""

    def __init__(
        self, ledger: Ledger, post: Post, draw: Callable[[], float] = random.random
    ) -> None:
        """`draw` answers with random numbers from 0 up to 1, for the schedule's jitter."""
        self._ledger = ledger
        self._post = post
        self._draw = draw
        self._lock = threading.Lock()
        self._under_way: set[int] = set()
        self._lanes: set[Lane] = set()
        self._busy: Counter[str] = Counter()
        """Attempts under way by consumer."""
        self._shares: Counter[str] = Counter()
        """Attempts under way by owner."""
        self._wanted = threading.Event()
        self._stopping = False
        self._held_until = 0.0
        self._pruned_at = Timestamp(0)
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="webhooks")
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)
        self.delivered = 0
        """How many attempts have arrived."""
        self.failed = 0
        """How many attempts have failed."""
        ledger.hooks.on_work(self.wake)

    def wake(self) -> None:
        """Have a look soon. On any thread."""
        self._wanted.set()

    def start(self) -> None:
        """Send on threads of its own until closed."""
        self._thread.start()

    def close(self) -> None:
        """Begin nothing more, and wait for what is under way."""
        self._stopping = True
        self._wanted.set()
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown(wait=True)

    def _run(self) -> None:
        while not self._stopping:
            self._wanted.clear()
            pause = POLL_SECONDS
            try:
                self.dispatch()
                self._prune()
                pause = self._pause()
            except StoreFailure as failure:
                _log.warning("webhooks wait: %s", failure)
            except Exception:
                _log.exception("the sender met a fault")
            self._wanted.wait(pause)

    def dispatch(self) -> int:
        """Begin every attempt that may begin now; answers with how many it were.

        Owners take turns, those with the least under way first, so that nobody waits for all that
        somebody else has to be told.
        """
        now, begun = self._ledger.clock(), 0
        directory = self._ledger.store.directory
        queues: dict[str, list[tuple[Consumer, Delivery]]] = {}
        for consumer in directory.due_consumers(now):
            if self._busy[consumer.id] < PER_CONSUMER_MAX:
                due = directory.due_deliveries(consumer.id, now, LOOKED_AT_MAX)
                queues.setdefault(consumer.owner, []).extend((consumer, each) for each in due)
        while queues:
            for owner in sorted(queues, key=lambda each: self._shares[each]):
                queue = queues[owner]
                while queue and not self._take(*queue[0]):
                    queue.pop(0)
                if not queue:
                    del queues[owner]
                    continue
                begun += 1
                self._pool.submit(self._attempt, *queue.pop(0))
        return begun

    def _take(self, consumer: Consumer, delivery: Delivery) -> bool:
        """Mark a delivery as under way, unless it has to wait."""
        lane = (consumer.id, delivery.message.subject)
        with self._lock:
            full = self._busy[consumer.id] >= PER_CONSUMER_MAX
            others = self._shares.total() - self._shares[consumer.owner]
            full = full or self._shares[consumer.owner] >= (THREADS - others + 1) // 2
            if time.monotonic() < self._held_until:
                return False
            if full or delivery.number in self._under_way:
                return False
            if not delivery.attempts:
                if lane in self._lanes:
                    return False
                self._lanes.add(lane)
            self._under_way.add(delivery.number)
            self._busy[consumer.id] += 1
            self._shares[consumer.owner] += 1
        return True

    def _attempt(self, consumer: Consumer, delivery: Delivery) -> None:
        try:
            # What was read before it was taken may have been settled in between.
            latest = self._ledger.store.directory.delivery(delivery.number)
            if latest == delivery:
                self._deliver(consumer, delivery)
        except StoreFailure as failure:
            self._held_until = time.monotonic() + HOLD_SECONDS
            _log.warning("the end of delivery %s is not kept: %s", delivery.number, failure)
        except Exception:
            _log.exception("delivery %s met a fault", delivery.number)
        finally:
            with self._lock:
                self._under_way.discard(delivery.number)
                self._busy[consumer.id] -= 1
                self._shares[consumer.owner] -= 1
                self._busy, self._shares = +self._busy, +self._shares  # forget what is 0
                if not delivery.attempts:
                    self._lanes.discard((consumer.id, delivery.message.subject))
            self._wanted.set()

    def _deliver(self, consumer: Consumer, delivery: Delivery) -> None:
        directory = self._ledger.store.directory
        guard = self._ledger.hooks.guards.get(consumer.wire)
        reason = None if guard is None else guard(consumer, delivery.message)
        if reason is not None:
            now = self._ledger.clock()
            _log.info("delivery %s to %s is withheld: %s", delivery.number, consumer.id, reason)
            changed = judged(directory.consumer(consumer.id) or consumer, now, failed=True)
            directory.settle_delivery(withheld(delivery, reason, now), changed)
            return
        failure: str | None = None
        try:
            headers = self._headers(consumer, delivery)
            self._post(consumer.url, delivery.message.payload, headers)
        except Undelivered as undelivered:
            failure = str(undelivered)
        except Exception as fault:
            _log.exception("delivery %s met a fault", delivery.number)
            failure = f"{type(fault).__name__} within this server"
        now = self._ledger.clock()
        if failure is None:
            self.delivered += 1
            settled = after_success(delivery, now)
        else:
            self.failed += 1
            settled = after_failure(delivery, failure, now, self._draw())
            _log.info("delivery %s to %s failed: %s", delivery.number, consumer.id, failure)
        known = directory.consumer(consumer.id)
        changed = None if known is None else judged(known, now, failed=failure is not None)
        directory.settle_delivery(settled, changed)

    def _headers(self, consumer: Consumer, delivery: Delivery) -> dict[str, str]:
        headers = {
            "content-type": "application/json",
            "user-agent": f"daybook/{__version__}",
            **dict(consumer.headers),
        }
        signer = self._ledger.hooks.signers.get(consumer.wire)
        if signer is not None:
            headers.update(signer(delivery.message, consumer, self._ledger.clock()))
        return headers

    def _pause(self) -> float:
        """Seconds until the next attempt is due, as far as nothing wakes the sender before."""
        at = self._ledger.store.directory.next_attempt()
        if at is None:
            return POLL_SECONDS
        wait = (at - self._ledger.clock()) / 1_000_000
        # What is due and not begun waits for one under way, whose end is told.
        return POLL_SECONDS if wait <= 0 else min(POLL_SECONDS, wait)

    def _prune(self) -> None:
        now = self._ledger.clock()
        if now - self._pruned_at < PRUNE_SECONDS * 1_000_000:
            return
        before = Timestamp(now - SETTLED_KEPT_SECONDS * 1_000_000)
        if self._ledger.store.directory.prune_deliveries(before, PRUNED_MAX) < PRUNED_MAX:
            self._pruned_at = now
