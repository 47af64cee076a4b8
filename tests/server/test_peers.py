"""What server processes tell one another; two ends in one process stand for them."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from daybook.server.observe import Metrics
from daybook.server.peers import MESSAGE_BYTES_MAX, Inbox, ServerPeers, inboxes


@pytest.fixture
def three() -> Iterator[list[Inbox]]:
    found = inboxes(3)
    yield found
    for pair in found:
        for end in pair:
            end.close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.001)


def test_all_others_are_told(three: list[Inbox]) -> None:
    async def main() -> None:
        peers = [ServerPeers(place, three) for place in range(3)]
        heard: list[tuple[int, bytes]] = []
        for each in peers:
            each.hear("matter", lambda message, each=each: heard.append((each.place, message)))  # type: ignore[misc]
        peers[1].tell("matter", b"x")
        peers[1].tell("nobody asked", b"y")
        await until(lambda: len(heard) == 2)
        assert sorted(heard) == [(0, b"x"), (2, b"x")]

    asyncio.run(main())


def test_questions_are_answered_to_who_asked(three: list[Inbox]) -> None:
    async def main() -> None:
        peers = [ServerPeers(place, three) for place in range(3)]
        for each in peers:
            each.answer("name", lambda asked, each=each: asked + b"%d" % each.place)  # type: ignore[misc]
        first, second = await asyncio.gather(
            peers[0].ask("name", 20, b"no. "), peers[1].ask("name", 20)
        )
        assert first == {1: b"no. 1", 2: b"no. 2"}
        assert second == {0: b"0", 2: b"2"}

    asyncio.run(main())


def test_who_does_not_answer_is_not_waited_for(three: list[Inbox]) -> None:
    async def main() -> None:
        asking, answering = ServerPeers(0, three), ServerPeers(2, three)
        answering.answer("name", lambda _: b"here")
        assert await asking.ask("name", 0.2) == {2: b"here"}

    asyncio.run(main())


def test_nobody_waits_for_who_does_not_read_and_nonsense_is_survived(three: list[Inbox]) -> None:
    async def main() -> None:
        peers = [ServerPeers(0, three), ServerPeers(1, three)]
        heard: list[bytes] = []
        peers[1].hear("matter", heard.append)
        for _ in range(2_000):  # more than fits; nobody reads the third's
            peers[0].tell("matter", b"x")
        await until(lambda: heard)
        await asyncio.sleep(0.05)
        heard.clear()
        peers[0].tell("matter", bytes(4 * MESSAGE_BYTES_MAX))
        three[1][1].send(b"nonsense")
        peers[0].tell("matter", b"after")
        await until(lambda: heard)
        assert heard == [b"after"]

    asyncio.run(main())


def test_figures_of_several_are_told_apart() -> None:
    metrics = [Metrics(), Metrics()]
    for number, each in enumerate(metrics):
        for _ in range(number + 1):
            each.count("wire", "read", 200, 0.002)
        each.show("waiting", "The same for all.", lambda: 7.0, shared=True)
    shown = metrics[1].exposition_of_all({0: metrics[0].figures(), 1: metrics[1].figures()}, 1)
    lines = shown.decode().splitlines()
    for number in (0, 1):
        labels = f'operation="read",status="200",wire="wire",worker="{number}"'
        assert f"daybook_requests_total{{{labels}}} {number + 1}.0" in lines
        assert any(
            line.startswith(
                f'daybook_request_seconds_bucket{{le="0.0025",wire="wire",worker="{number}"}} '
            )
            for line in lines
        )
    assert lines.count("waiting 7.0") == 1
    assert sum(line.startswith("# TYPE daybook_requests_total ") for line in lines) == 1
