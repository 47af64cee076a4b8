"""Requests that come in one turn of the event loop are asked together and read together."""

import asyncio
import io
from collections.abc import Awaitable, Callable

import pytest
from tests.server.conftest import BODY_SECONDS, Caller, plain_page
from tests.support import records
from tests.support.server import RawResponse

from daybook.app.access import OPERATOR
from daybook.app.activity import ActivityLog, Asked
from daybook.app.ledger import Books, Ledger
from daybook.app.ports import Reader
from daybook.domain.ids import CompanyId
from daybook.protocols.kit.plugin import (
    Answer,
    Limits,
    Operation,
    Problem,
    Reading,
    Request,
    Response,
)
from daybook.server import reads
from daybook.server.application import Application, Router
from daybook.server.connection import Exchange
from daybook.server.observe import Metrics, configure_log
from daybook.storage import open_store


class Archive:
    """A wire that reads in the books of the company its path names, `/archive/{company}/{what}`."""

    name = "archive"
    prefixes = ("/archive",)
    limits = Limits(1_000)
    operations: tuple[Operation, ...] = ()

    def __init__(self) -> None:
        self.ledger = Ledger(open_store("memory://"))
        for number in (1, 2):
            records.found(self.ledger.store, number, records.chart())
        self.steps: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None
        """Happens while the first is found."""

    def books(self, company: str) -> Books:
        books = self.ledger.books(CompanyId(int(company)), OPERATOR)
        assert books is not None
        return books

    def handle(self, request: Request) -> Answer:
        _, _, company, what = request.path.split("/")
        self.steps.append(f"asked {what}")
        if what == "stranger":
            return Response(401)
        if what == "coroutine":
            return self._later(company)
        if what == "cancelled":
            raise asyncio.CancelledError
        books = self.books(company)

        def find(reader: Reader) -> str:
            self.meanwhile()
            self.meanwhile = lambda: None
            if what == "fault":
                raise ValueError("a fault on purpose")
            self.steps.append(f"found {what}")
            return str(id(reader))

        def show(found: str, reader: Reader) -> Response | Awaitable[Response]:
            self.steps.append(f"shown {what}")
            return self._later(company) if what == "aside" else Response(200, found.encode())

        return Reading(books, find, show)

    async def _later(self, company: str) -> Response:
        await asyncio.sleep(0)
        self.books(company)
        return Response(200, b"later")

    def refuse(self, request: Request, problem: Problem) -> Response:
        return Response(500, problem.value.encode())

    def operation(self, request: Request) -> str:
        return request.path.rpartition("/")[2]


class House:
    """Callers of one server."""

    def __init__(self, callers: int) -> None:
        self.archive, self.metrics, self.log = Archive(), Metrics(), io.StringIO()
        self.activity = ActivityLog()
        application = Application(
            Router([self.archive]),
            plain_page,
            self.metrics,
            configure_log("warning", "json", self.log),
            body_timeout=BODY_SECONDS,
            activity=self.activity,
        )
        self.callers = [Caller(application) for _ in range(callers)]

    async def ask(self, *paths: str) -> list[RawResponse]:
        """Each caller asks for something in the same turn; their answers."""
        for caller, path in zip(self.callers, paths, strict=True):
            caller.connection.data_received(get(path))
        await self.callers[0].until(lambda: sum(self.metrics.requests.values()) == len(paths))
        return [RawResponse.parse(caller.sent[0]) for caller in self.callers if caller.sent]

    def noted(self, company: int) -> list[str]:
        """What was noted of a company's requests, in alphabetical order."""
        look = self.activity.look_here(CompanyId(company), Asked(100))
        return sorted(activity.path for activity in look.found)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """No turn is so long that something is left for the next."""
    monkeypatch.setattr(reads, "perf_counter", lambda: 0.0)


def get(path: str) -> bytes:
    return f"GET /archive/{path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()


def in_house(callers: int, scenario: Callable[[House], Awaitable[None]]) -> None:
    async def main() -> None:
        house = House(callers)
        await scenario(house)
        assert house.metrics.in_flight == 0
        for caller in house.callers:
            caller.hang_up()
        house.archive.ledger.store.close()

    asyncio.run(main())


def test_all_are_asked_before_any_is_read() -> None:
    async def scenario(house: House) -> None:
        answers = await house.ask("1/a", "1/b", "1/c")
        assert len({answer.body for answer in answers}) == 1  # one snapshot
        steps = [f"{step} {what}" for step in ("asked", "found", "shown") for what in "abc"]
        assert house.archive.steps == steps

    in_house(3, scenario)


def test_what_is_left_of_a_turn_is_read_in_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(1_000))
    monkeypatch.setattr(reads, "perf_counter", lambda: float(next(ticks)))
    monkeypatch.setattr(reads, "TURN_SECONDS_MAX", 1.5)
    monkeypatch.setattr(reads, "GROUP_MAX", 1)

    async def scenario(house: House) -> None:
        answers = await house.ask("1/a", "2/b", "1/c")
        assert [answer.status for answer in answers] == [200] * 3

    in_house(3, scenario)


def test_a_fault_is_the_answer_to_its_own_request_alone() -> None:
    async def scenario(house: House) -> None:
        answers = await house.ask("1/a", "1/fault", "1/c", "none/fault")
        assert [answer.status for answer in answers] == [200, 500, 200, 500]
        assert answers[1].body == b"internal"
        assert house.log.getvalue().count('"event":"fault"') == 2
        assert house.noted(1) == ["/archive/1/a", "/archive/1/c", "/archive/1/fault"]

    in_house(4, scenario)


def test_a_fault_of_the_server_itself_is_the_answer_to_its_own_request_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make = Application._request

    def fail_for_b(self: Application, exchange: Exchange, body: bytes) -> Request:
        if exchange.path.endswith("b"):
            raise ValueError("a fault on purpose")
        return make(self, exchange, body)

    monkeypatch.setattr(Application, "_request", fail_for_b)

    async def scenario(house: House) -> None:
        for caller, path in zip(house.callers, ("1/a", "1/b", "1/c"), strict=True):
            caller.connection.data_received(get(path))
        await house.callers[0].until(lambda: all(caller.sent for caller in house.callers))
        answers = [RawResponse.parse(caller.sent[0]) for caller in house.callers]
        assert [answer.status for answer in answers] == [200, 500, 200]
        assert house.callers[1].pipe.closed
        assert "a fault on purpose" in house.log.getvalue()

    in_house(3, scenario)


def test_whoever_goes_away_between_asking_and_reading_is_sent_nothing() -> None:
    async def scenario(house: House) -> None:
        house.archive.meanwhile = house.callers[1].hang_up
        (stays,) = await house.ask("1/a", "1/b")
        assert stays.status == 200
        assert not house.callers[1].sent
        assert house.noted(1) == ["/archive/1/a", "/archive/1/b"]

    in_house(2, scenario)


def test_pipelined_reads_are_answered_in_order() -> None:
    async def scenario(house: House) -> None:
        (caller,) = house.callers
        whats = ("a", "fault", "aside", "b", "coroutine", "c")
        caller.connection.data_received(b"".join(get(f"1/{what}") for what in whats))
        await asyncio.wait_for(caller.answered(len(whats)), 20)
        statuses = [RawResponse.parse(sent).status for sent in caller.sent]
        assert statuses == [200, 500, 200, 200, 200, 200]
        bodies = [RawResponse.parse(sent).body for sent in caller.sent]
        assert bodies[2] == bodies[4] == b"later"

    in_house(1, scenario)


def test_a_request_with_a_body_on_its_way_is_read_by_itself() -> None:
    async def scenario(house: House) -> None:
        (caller,) = house.callers
        request = get("1/a").replace(b"\r\n\r\n", b"\r\nContent-Length: 3\r\n\r\n")
        caller.connection.data_received(request)
        await asyncio.sleep(0)
        assert not house.archive.steps
        caller.connection.data_received(b"abc")
        await asyncio.wait_for(caller.answered(1), 20)
        assert RawResponse.parse(caller.sent[0]).status == 200

    in_house(1, scenario)


def test_each_request_is_noted_with_its_own_books() -> None:
    """Whether they are found at once, while it is read, or later; a stranger's are none."""

    async def scenario(house: House) -> None:
        paths = ("1/a", "2/b", "2/coroutine", "1/aside", "2/aside", "1/coroutine", "1/stranger")
        await house.ask(*paths)
        assert house.noted(1) == ["/archive/1/a", "/archive/1/aside", "/archive/1/coroutine"]
        assert house.noted(2) == ["/archive/2/aside", "/archive/2/b", "/archive/2/coroutine"]

    in_house(7, scenario)


def test_what_a_read_opens_is_not_taken_for_the_last_one_asked() -> None:
    async def scenario(house: House) -> None:
        def open_others() -> None:
            house.archive.books("2")

        house.archive.meanwhile = open_others
        await house.ask("1/a", "1/coroutine")
        assert house.noted(1) == ["/archive/1/a", "/archive/1/coroutine"]
        assert house.noted(2) == []

    in_house(2, scenario)


def test_a_wire_that_gives_up_ends_nobody_elses_request() -> None:
    async def scenario(house: House) -> None:
        answers = await house.ask("1/a", "1/cancelled", "2/b")
        assert [each.status for each in answers] == [200, 500, 200]

    in_house(3, scenario)
